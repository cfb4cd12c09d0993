// SPDX-License-Identifier: Apache-2.0
// The files a document is made of: from the disk, or from the texts a journal kept.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/precheck.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

/* Up to one byte more than allowed, so that the parser can say "too large". */
static char *read_all(int fd, size_t *len)
{
	size_t max = PB_TEXT_MAX + 1;
	char *text = sl_alloc(max + 1);

	*len = 0;
	while (*len < max) {
		ssize_t n = read(fd, text + *len, max - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return NULL;
		}
		if (!n)
			break;
		*len += (size_t)n;
	}
	text[*len] = '\0';
	return text;
}

/* A named pipe or a device would hang or never end: only plain files are read. */
static char *read_file(const char *path, size_t *len, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *text = NULL;

	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	if (fstat(fd, &st))
		*why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why = S_ISDIR(st.st_mode) ? "it is a folder" : "it is not a plain file";
	else if (!(text = read_all(fd, len)))
		*why = strerror(errno);
	close(fd);
	return text;
}

char *pb_source_read(const char *path, const cJSON *texts, size_t *len, struct diags *d,
		     struct diag_at at)
{
	const char *why = "it was not kept with the run", *kept;
	char *text = NULL;

	if (!texts) {
		text = read_file(path, len, &why);
	} else if ((kept = sl_json_str(texts, path, NULL))) {
		*len = strlen(kept);
		text = sl_strdup(kept);
	}
	if (!text)
		diags_error(d, at, "cannot read %s: %s", path, why);
	return text;
}

char *pb_source_path(struct pb_arena *a, const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || !slash)
		return pb_arena_strdup(a, name);
	return pb_arena_printf(a, "%.*s/%s", (int)(slash - from), from, name);
}

char *pb_source_folder(struct pb_arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	char here[PATH_MAX];

	if (path[0] == '/')
		return len ? pb_arena_strndup(a, path, len) : pb_arena_strdup(a, "/");
	if (!getcwd(here, sizeof here))
		strcpy(here, ".");
	if (!slash || (len == 1 && path[0] == '.'))
		return pb_arena_strdup(a, here);
	return pb_arena_printf(a, "%s/%.*s", strcmp(here, "/") ? here : "", (int)len, path);
}

static const char *kind_words(const char *kind)
{
	if (!strcmp(kind, "inventory"))
		return "an inventory";
	if (!strcmp(kind, "plan"))
		return "a saved plan";
	return "a playbook";
}

static bool is_playbook_kind(const char *kind)
{
	return !strcmp(kind, "rollout") || !strcmp(kind, "loadTest") || !strcmp(kind, "faultDrill");
}

bool pb_kind_is(const struct pb_node *root, const char *wanted, struct diags *d, int file)
{
	const struct pb_node *kind = pb_get(root, "kind");
	bool want_playbook = !strcmp(wanted, "playbook");
	const char *text = kind && kind->type == PB_SCALAR ? kind->text : NULL;

	if (root->type != PB_MAP) {
		diags_error(d, root->at, "the file must be a mapping that begins with 'sluice: 1'");
		return false;
	}
	if (!text) {
		diags_error(d, kind ? pb_place(kind) : (struct diag_at){.file = file},
			    "'kind' is missing: %s",
			    want_playbook ? "rollout, loadTest or faultDrill" : "inventory");
		return false;
	}
	if (want_playbook ? is_playbook_kind(text) : !strcmp(text, wanted))
		return true;
	if (is_playbook_kind(text) || !strcmp(text, "inventory") || !strcmp(text, "plan"))
		diags_error(d, kind->at, "this is %s, not %s", kind_words(text),
			    want_playbook ? "a playbook" : kind_words(wanted));
	else
		diags_error(d, kind->at, "'kind' takes %s, not '%s'",
			    want_playbook ? "rollout, loadTest or faultDrill" : "inventory", text);
	return false;
}
