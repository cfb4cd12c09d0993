/* SPDX-License-Identifier: Apache-2.0 */
#include "console/edit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct edit {
	char *folder, *path;
	size_t max;
	edit_done done;
	void *arg;
};

static const char *temporary_folder(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");

	if (runtime && *runtime == '/' && access(runtime, W_OK) == 0)
		return runtime;
	return tmp && *tmp == '/' ? tmp : "/tmp";
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

char *edit_private_file(const char *text, size_t len, struct sl_error *e)
{
	char *path = sl_asprintf("%s/sluice-value-XXXXXX", temporary_folder());
	int fd = mkostemp(path, O_CLOEXEC), error = 0;

	if (fd < 0 || write_all(fd, text, len))
		error = errno;
	if (fd >= 0 && close(fd) && !error)
		error = errno;
	if (!error)
		return path;
	sl_fail(e, SL_EIO, "%s: %s", path, strerror(error));
	if (fd >= 0)
		unlink(path);
	free(path);
	return NULL;
}

static int file_make(struct edit *x, const char *name, const char *text, size_t len,
		     struct sl_error *e)
{
	int fd, error = 0;

	x->folder = sl_asprintf("%s/sluice-draft-XXXXXX", temporary_folder());
	if (!mkdtemp(x->folder))
		return sl_fail(e, SL_EIO, "%s: %s", x->folder, strerror(errno));
	x->path = sl_asprintf("%s/%s", x->folder, sl_text_is_name(name) ? name : "value");
	fd = open(x->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, text, len))
		error = errno;
	if (fd >= 0 && close(fd) && !error)
		error = errno;
	return error ? sl_fail(e, SL_EIO, "%s: %s", x->path, strerror(error)) : SL_OK;
}

/* Editors leave copies and swap files there, never folders. */
static void folder_remove(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(folder);
}

static void edit_free(struct edit *x)
{
	if (x->folder)
		folder_remove(x->folder);
	free(x->folder);
	free(x->path);
	free(x);
}

static char *read_back(const struct edit *x, size_t *len, struct sl_error *e)
{
	int fd = open(x->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text;
	FILE *f;

	if (fd < 0) {
		sl_fail(e, SL_EIO, "the editor left no file: %s", strerror(errno));
		return NULL;
	}
	f = fdopen(fd, "r");
	if (!f)
		sl_alloc_failed();
	text = sl_alloc(x->max + 2);
	*len = fread(text, 1, x->max + 1, f);
	if (ferror(f) || *len > x->max) {
		sl_fail(e, SL_EINPUT, "what the editor left is larger than %zu KiB, or no file",
			x->max >> 10);
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static void editor_left(void *arg, int status)
{
	struct edit *x = arg;
	struct sl_error e = {0};
	char *text = NULL;
	size_t len = 0;

	if (status < 0)
		sl_fail(&e, SL_ECANCELED, "the console is being closed");
	else if (status)
		sl_fail(&e, SL_ECOMMAND, "the editor ended with %d: nothing was taken over",
			status);
	else
		text = read_back(x, &len, &e);
	x->done(x->arg, text, len, &e);
	edit_free(x);
}

int edit_start(struct term *t, const char *name, const char *text, size_t len, size_t max,
	       edit_done done, void *arg, struct sl_error *e)
{
	struct edit *x = sl_alloc(sizeof *x);
	/* $EDITOR may hold options; the shell takes it apart as everywhere else */
	const char *argv[] = {"/bin/sh", "-c", "exec ${VISUAL:-${EDITOR:-vi}} \"$1\"",
			      "sluice",  NULL, NULL};
	int rc;

	x->max = max;
	x->done = done;
	x->arg = arg;
	rc = file_make(x, name, text, len, e);
	argv[4] = x->path;
	if (!rc)
		rc = term_lend(t, argv, editor_left, x, e);
	if (rc)
		edit_free(x);
	return rc;
}
