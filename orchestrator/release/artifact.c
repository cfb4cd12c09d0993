/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the file: every byte that the archive reader takes is digested on its way. */
#include "orchestrator/release/artifact.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/release/members.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define BLOCK_SIZE 65536

struct source {
	const char *path;
	int fd;
	int saved_errno; /* of a failed read */
	uint64_t size;
	EVP_MD_CTX *digest;
	char block[BLOCK_SIZE];
};

const char *artifact_kind_name(enum artifact_kind kind)
{
	static const char *const names[] = {
		[ARTIFACT_TGZ] = "tgz", [ARTIFACT_TAR] = "tar", [ARTIFACT_FILE] = "file"};

	return (size_t)kind < SL_COUNT(names) ? names[kind] : "file";
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t slen = strlen(s), xlen = strlen(suffix);

	return slen > xlen && !strcasecmp(s + slen - xlen, suffix);
}

static enum artifact_kind kind_of(const char *path)
{
	if (ends_with(path, ".tgz") || ends_with(path, ".tar.gz"))
		return ARTIFACT_TGZ;
	return ends_with(path, ".tar") ? ARTIFACT_TAR : ARTIFACT_FILE;
}

static int source_open(struct source *s, const char *path, struct sl_error *e)
{
	struct stat st;
	int err;

	*s = (struct source){.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	if (s->fd < 0 || fstat(s->fd, &st)) {
		err = errno;
		return sl_fail(e, SL_EINPUT, "artifact %s: %s", path, strerror(err));
	}
	if (!S_ISREG(st.st_mode))
		return sl_fail(e, SL_EINPUT, "artifact %s: not a regular file", path);
	s->digest = EVP_MD_CTX_new();
	if (!s->digest || !EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL))
		return sl_fail(e, SL_EINTERNAL, "artifact %s: SHA-256 is not available", path);
	return SL_OK;
}

static void source_close(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	EVP_MD_CTX_free(s->digest);
}

static ssize_t source_read(struct source *s)
{
	ssize_t n;

	do
		n = read(s->fd, s->block, sizeof s->block);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		s->saved_errno = errno;
		return -1;
	}
	s->size += (uint64_t)n;
	EVP_DigestUpdate(s->digest, s->block, (size_t)n);
	return n;
}

/* What the archive reader did not want is still part of the digest. */
static int source_drain(struct source *s, struct sl_error *e)
{
	ssize_t n;

	while ((n = source_read(s)) > 0)
		;
	if (n < 0)
		return sl_fail(e, SL_EIO, "artifact %s: %s", s->path, strerror(s->saved_errno));
	return SL_OK;
}

static la_ssize_t on_read(struct archive *a, void *arg, const void **block)
{
	struct source *s = arg;
	ssize_t n = source_read(s);

	*block = s->block;
	if (n < 0)
		archive_set_error(a, s->saved_errno, "%s", strerror(s->saved_errno));
	return n;
}

static struct archive *reader_open(struct source *s, enum artifact_kind kind, struct sl_error *e)
{
	struct archive *a = archive_read_new();

	if (!a) {
		sl_fail(e, SL_EINTERNAL, "artifact %s: out of memory", s->path);
		return NULL;
	}
	archive_read_support_format_tar(a);
	if (kind == ARTIFACT_TGZ)
		archive_read_support_filter_gzip(a);
	if (archive_read_open(a, s, NULL, on_read, NULL) != ARCHIVE_OK) {
		sl_fail(e, SL_EINPUT, "artifact %s is no readable %s archive: %s", s->path,
			kind == ARTIFACT_TGZ ? "gzip-compressed tar" : "tar",
			archive_error_string(a));
		archive_read_free(a);
		return NULL;
	}
	return a;
}

static int add_entry(struct members *m, struct archive_entry *entry, struct sl_error *e)
{
	const char *name = archive_entry_pathname(entry);
	struct member in = {
		.name = name ? name : "",
		.mode = archive_entry_mode(entry),
		.symlink = archive_entry_symlink(entry),
		.hardlink = archive_entry_hardlink(entry),
	};

	if (archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0 && !in.hardlink)
		in.size = (uint64_t)archive_entry_size(entry);
	return members_add(m, &in, e);
}

/* A warning from the reader is a header it only half understood: the host's tar may understand the
 * other half. */
static int list_members(struct archive *a, struct members *m, struct sl_error *e)
{
	struct archive_entry *entry;
	int rc, err;

	while ((rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		err = add_entry(m, entry, e);
		if (err)
			return err;
	}
	if (rc != ARCHIVE_EOF)
		return sl_fail(e, SL_EINPUT, "damaged after %zu members: %s", members_count(m),
			       archive_error_string(a) ? archive_error_string(a)
						       : "a header cannot be read");
	if (!members_count(m))
		return sl_fail(e, SL_EINPUT, "the archive is empty");
	return members_finish(m, e);
}

static int check_archive(struct source *s, struct artifact *out, struct sl_error *e)
{
	struct archive *a = reader_open(s, out->kind, e);
	struct members *m;
	int rc;

	if (!a)
		return SL_EINPUT;
	m = members_new();
	rc = list_members(a, m, e);
	if (!rc && out->kind == ARTIFACT_TGZ && archive_filter_code(a, 0) != ARCHIVE_FILTER_GZIP)
		rc = sl_fail(e, SL_EINPUT, "it is called .tgz but is not compressed with gzip");
	if (rc)
		sl_error_prefix(e, "artifact %s", s->path);
	out->members = members_count(m);
	out->unpacked = members_size(m);
	members_free(m);
	archive_read_free(a);
	return rc;
}

static int check_digest(struct source *s, const char *expect, struct artifact *out,
			struct sl_error *e)
{
	unsigned char raw[EVP_MAX_MD_SIZE];

	if (!EVP_DigestFinal_ex(s->digest, raw, NULL))
		return sl_fail(e, SL_EINTERNAL, "artifact %s: SHA-256 failed", s->path);
	artifact_hex(raw, 32, out->sha256);
	if (expect && strcasecmp(expect, out->sha256))
		return sl_fail(e, SL_EINPUT,
			       "artifact %s has sha256 %s, but the playbook says %s; if the file "
			       "was rebuilt, give the new digest",
			       s->path, out->sha256, expect);
	return SL_OK;
}

/* Member names are read as UTF-8 whatever the process's locale is; per thread, so that a pool
 * thread may do it. */
static int check_in_locale(struct source *s, struct artifact *out, struct sl_error *e)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int rc = check_archive(s, out, e);

	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return rc;
}

int artifact_check(const char *path, const char *expect_sha256, struct artifact *out,
		   struct sl_error *e)
{
	struct source *s = sl_alloc(sizeof *s);
	struct sl_error listed = {.code = SL_OK};
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	int rc;

	*out = (struct artifact){.kind = kind_of(path)};
	rc = source_open(s, path, e);
	if (!rc && !sl_text_is_clean(base, strlen(base)))
		rc = sl_fail(e, SL_EINPUT, "artifact %s: control bytes in the file name", path);
	if (!rc) {
		if (out->kind != ARTIFACT_FILE)
			check_in_locale(s, out, &listed);
		rc = source_drain(s, e);
	}
	/* The wrong file is the better explanation of what is wrong in it. */
	if (!rc)
		rc = check_digest(s, expect_sha256, out, e);
	if (!rc && listed.code)
		rc = sl_fail(e, listed.code, "%s", listed.msg);
	if (out->kind == ARTIFACT_FILE) {
		out->members = 1;
		out->unpacked = s->size;
	}
	out->size = s->size;
	source_close(s);
	free(s);
	return rc;
}
