/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/release/members.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define uthash_fatal(msg) abort() /* never exit: see mem.h */
#include <uthash.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define LINK_HOPS_MAX 40 /* as the kernel has it */
#define WALK_MAX      (4 * MEMBER_NAME_MAX)
#define MARKER_NAME   ".sluice-release"

enum member_type { MEMBER_FILE, MEMBER_FOLDER, MEMBER_SYMLINK };

struct entry {
	char *path; /* normal form: no "." and no empty parts; never empty */
	char *target;
	enum member_type type;
	UT_hash_handle hh;
};

struct members {
	struct entry *by_path;
	size_t count;
	uint64_t size;
};

struct members *members_new(void)
{
	return sl_alloc(sizeof(struct members));
}

void members_free(struct members *m)
{
	struct entry *it, *tmp;

	if (!m)
		return;
	HASH_ITER(hh, m->by_path, it, tmp)
	{
		HASH_DEL(m->by_path, it);
		free(it->path);
		free(it->target);
		free(it);
	}
	free(m);
}

size_t members_count(const struct members *m)
{
	return m->count;
}

uint64_t members_size(const struct members *m)
{
	return m->size;
}

static struct entry *entry_find(const struct members *m, const char *path, size_t len)
{
	struct entry *found = NULL;

	HASH_FIND(hh, m->by_path, path, len, found);
	return found;
}

static int refuse(struct sl_error *e, const char *name, const char *why)
{
	return sl_fail(e, SL_EINPUT, "member '%s' %s", name, why);
}

/* The member's name alone stays on one line of the message. */
static int refuse_unclean(struct sl_error *e, const char *name, const char *where)
{
	char shown[256];

	sl_text_clean(shown, sizeof shown, name, strlen(name), false);
	return sl_fail(e, SL_EINPUT,
		       "member '%s' has control bytes, or bytes that are no UTF-8, in its %s",
		       shown, where);
}

static bool part_is(const char *part, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(part, word, len);
}

/* The normal form of a member's name into out; "" is the archive's own folder. */
static int path_normal(const char *name, char out[MEMBER_NAME_MAX], struct sl_error *e)
{
	size_t used = 0;

	if (!*name)
		return sl_fail(e, SL_EINPUT, "a member has no name");
	if (strlen(name) >= MEMBER_NAME_MAX)
		return sl_fail(e, SL_EINPUT, "member '%.60s...' has a name of more than %d bytes",
			       name, MEMBER_NAME_MAX - 1);
	if (!sl_text_is_clean(name, strlen(name)))
		return refuse_unclean(e, name, "name");
	if (*name == '/')
		return refuse(e, name, "has an absolute path");
	for (const char *p = name; *p;) {
		size_t len = strcspn(p, "/");

		if (part_is(p, len, ".."))
			return refuse(e, name, "has '..' in its path");
		if (len && !part_is(p, len, ".")) {
			if (used)
				out[used++] = '/';
			memcpy(out + used, p, len);
			used += len;
		}
		p += len;
		p += *p == '/';
	}
	out[used] = '\0';
	return SL_OK;
}

static int check_hardlink(const struct members *m, const struct member *in, struct sl_error *e)
{
	char target[MEMBER_NAME_MAX];
	const struct entry *to;

	if (path_normal(in->hardlink, target, NULL))
		return sl_fail(
			e, SL_EINPUT,
			"member '%s' is a hard link to '%s', which leads outside the release",
			in->name, in->hardlink);
	to = entry_find(m, target, strlen(target));
	/* A hard link to a symbolic link would be that link again, seen from another folder. */
	if (!to || to->type != MEMBER_FILE)
		return sl_fail(e, SL_EINPUT,
			       "member '%s' is a hard link to '%s', which is no file before it in "
			       "the archive",
			       in->name, in->hardlink);
	return SL_OK;
}

/* A folder that is listed twice is harmless; anything else could replace what was checked. */
static int check_twice(const struct entry *before, const struct member *in, enum member_type type,
		       struct sl_error *e)
{
	if (before && !(before->type == MEMBER_FOLDER && type == MEMBER_FOLDER))
		return refuse(e, in->name, "is in the archive twice");
	return SL_OK;
}

static int check_type(const struct members *m, const struct member *in, enum member_type *type,
		      struct sl_error *e)
{
	mode_t kind = in->mode & S_IFMT;

	if (in->hardlink) {
		*type = MEMBER_FILE;
		if (!sl_text_is_clean(in->hardlink, strlen(in->hardlink)))
			return refuse_unclean(e, in->name, "link's target");
		return check_hardlink(m, in, e);
	}
	switch (kind) {
	case S_IFLNK:
		*type = MEMBER_SYMLINK;
		if (!in->symlink || !*in->symlink || strlen(in->symlink) >= MEMBER_NAME_MAX)
			return refuse(e, in->name, "is a symbolic link without a usable target");
		if (!sl_text_is_clean(in->symlink, strlen(in->symlink)))
			return refuse_unclean(e, in->name, "link's target");
		return SL_OK;
	case S_IFDIR:
		*type = MEMBER_FOLDER;
		return SL_OK;
	case S_IFREG:
		*type = MEMBER_FILE;
		return SL_OK;
	case S_IFCHR:
	case S_IFBLK:
		return refuse(e, in->name, "is a device");
	case S_IFIFO:
		return refuse(e, in->name, "is a FIFO");
	case S_IFSOCK:
		return refuse(e, in->name, "is a socket");
	}
	return refuse(e, in->name, "is neither a file, a folder nor a link");
}

static int check_mode(const struct member *in, enum member_type type, struct sl_error *e)
{
	if (in->mode & S_ISUID)
		return refuse(e, in->name, "has the setuid bit");
	/* On a folder it only says which group new files get. */
	if (type == MEMBER_FILE && (in->mode & S_ISGID))
		return refuse(e, in->name, "has the setgid bit");
	return SL_OK;
}

static int count_size(struct members *m, const struct member *in, struct sl_error *e)
{
	if (++m->count > MEMBERS_MAX)
		return sl_fail(e, SL_EINPUT, "more than %d members", MEMBERS_MAX);
	if (in->size > MEMBERS_MAX_SIZE || m->size + in->size > MEMBERS_MAX_SIZE)
		return sl_fail(e, SL_EINPUT, "more than %llu GiB unpacked (at member '%s')",
			       MEMBERS_MAX_SIZE >> 30, in->name);
	m->size += in->size;
	return SL_OK;
}

int members_add(struct members *m, const struct member *in, struct sl_error *e)
{
	char path[MEMBER_NAME_MAX];
	enum member_type type = MEMBER_FILE;
	struct entry *entry;
	int rc;

	if ((rc = path_normal(in->name, path, e)) || (rc = check_type(m, in, &type, e)) ||
	    (rc = check_mode(in, type, e)) || (rc = count_size(m, in, e)))
		return rc;
	if (!*path)
		return type == MEMBER_FOLDER ? SL_OK
					     : refuse(e, in->name, "would replace the release");
	if (!strcmp(path, MARKER_NAME))
		return refuse(e, in->name, "has the name of sluice's own marker");
	entry = entry_find(m, path, strlen(path));
	if (entry)
		return check_twice(entry, in, type, e);
	entry = sl_alloc(sizeof *entry);
	entry->path = sl_strdup(path);
	entry->target = type == MEMBER_SYMLINK ? sl_strdup(in->symlink) : NULL;
	entry->type = type;
	HASH_ADD_KEYPTR(hh, m->by_path, entry->path, strlen(entry->path), entry);
	return SL_OK;
}

/* Every folder on the way to a member must be a folder: tar would unpack through a link. */
static int check_parents(const struct members *m, const struct entry *it, struct sl_error *e)
{
	for (const char *slash = strchr(it->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const struct entry *on_way = entry_find(m, it->path, (size_t)(slash - it->path));

		if (on_way && on_way->type != MEMBER_FOLDER)
			return sl_fail(e, SL_EINPUT,
				       "member '%s' lies below '%s', which is a %s in the archive",
				       it->path, on_way->path,
				       on_way->type == MEMBER_SYMLINK ? "symbolic link" : "file");
	}
	return SL_OK;
}

/* A walk as the kernel would do it: `at` is where we are, `todo` what is still to be walked. */
struct walk {
	char at[WALK_MAX], todo[WALK_MAX];
	unsigned hops;
};

static bool walk_up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	if (!*w->at)
		return false;
	*(slash ? slash : w->at) = '\0';
	return true;
}

static bool walk_down(struct walk *w, const char *part, size_t len)
{
	size_t used = strlen(w->at);

	if (used + len + 2 > sizeof w->at)
		return false;
	if (used)
		w->at[used++] = '/';
	memcpy(w->at + used, part, len);
	w->at[used + len] = '\0';
	return true;
}

/* Another link on the way: its target comes before what is left. */
static bool walk_follow(struct walk *w, const char *target, const char *rest)
{
	char joined[WALK_MAX];
	size_t tlen = strlen(target), rlen = strlen(rest);

	if (++w->hops > LINK_HOPS_MAX || *target == '/' || tlen + rlen + 2 > sizeof joined)
		return false;
	memcpy(joined, target, tlen);
	joined[tlen] = '/';
	memcpy(joined + tlen + 1, rest, rlen + 1);
	memcpy(w->todo, joined, tlen + rlen + 2);
	return walk_up(w);
}

/* True when walking `todo` from `at` stays inside the archive's folder. */
static bool walk_stays(const struct members *m, struct walk *w)
{
	while (*w->todo) {
		size_t len = strcspn(w->todo, "/");
		const char *rest = w->todo + len + (w->todo[len] == '/');
		const struct entry *here;

		if (part_is(w->todo, len, "..")) {
			if (!walk_up(w))
				return false;
		} else if (len && !part_is(w->todo, len, ".")) {
			if (!walk_down(w, w->todo, len))
				return false;
			here = entry_find(m, w->at, strlen(w->at));
			if (here && here->type == MEMBER_SYMLINK) {
				if (!walk_follow(w, here->target, rest))
					return false;
				continue;
			}
		}
		memmove(w->todo, rest, strlen(rest) + 1);
	}
	return true;
}

static int check_symlink(const struct members *m, const struct entry *it, struct sl_error *e)
{
	struct walk w = {.hops = 0};

	memcpy(w.at, it->path, strlen(it->path) + 1);
	walk_up(&w);
	memcpy(w.todo, it->target, strlen(it->target) + 1);
	if (*it->target == '/' || !walk_stays(m, &w))
		return sl_fail(e, SL_EINPUT,
			       "member '%s' is a symbolic link to '%s', which leads outside the "
			       "release or in circles",
			       it->path, it->target);
	return SL_OK;
}

int members_finish(const struct members *m, struct sl_error *e)
{
	int rc;

	for (const struct entry *it = m->by_path; it; it = it->hh.next) {
		if ((rc = check_parents(m, it, e)))
			return rc;
		if (it->type == MEMBER_SYMLINK && (rc = check_symlink(m, it, e)))
			return rc;
	}
	return SL_OK;
}
