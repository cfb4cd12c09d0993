/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/sdk/text.h"

#define PREFIX    "sluice-ssh-"
#define LOCK_NAME "lock"
#define MAX_BASE  56

/* It holds nothing but sockets and small files. The lock goes last. */
static void empty(int dir)
{
	DIR *d = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 0));
	const struct dirent *n;

	if (!d)
		return;
	rewinddir(d);
	while ((n = readdir(d))) {
		if (strcmp(n->d_name, LOCK_NAME) != 0)
			unlinkat(dir, n->d_name, 0);
	}
	closedir(d);
	unlinkat(dir, LOCK_NAME, 0);
}

static void sweep_one(int base, const char *name)
{
	int dir = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), lock;
	struct stat st;

	if (dir < 0)
		return;
	lock = openat(dir, LOCK_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (lock >= 0 && fstat(dir, &st) == 0 && st.st_uid == getuid() &&
	    flock(lock, LOCK_EX | LOCK_NB) == 0) {
		empty(dir);
		unlinkat(base, name, AT_REMOVEDIR);
	}
	if (lock >= 0)
		close(lock);
	close(dir);
}

static void sweep(const char *base)
{
	DIR *d = opendir(base);
	const struct dirent *n;

	while (d && (n = readdir(d))) {
		if (sl_text_starts(n->d_name, PREFIX))
			sweep_one(dirfd(d), n->d_name);
	}
	if (d)
		closedir(d);
}

/* Another may sweep between our making the lock and taking it: then the folder is gone. */
static bool lock_it(struct private_folder *f)
{
	char lock[128];
	struct stat st;

	snprintf(lock, sizeof lock, "%s/" LOCK_NAME, f->path);
	f->lock = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->lock < 0)
		return errno != ENOENT; /* a full disk must not stop us */
	if (flock(f->lock, LOCK_EX | LOCK_NB) == 0 && fstat(f->lock, &st) == 0 && st.st_nlink)
		return true;
	close(f->lock);
	f->lock = -1;
	return false;
}

/* ssh expands tokens in a socket's path, and a shell sees it (LocalCommand). */
static bool is_plain(const char *path)
{
	return path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789/._+-")] == '\0';
}

int private_folder_make(struct private_folder *f, struct sl_error *e)
{
	const char *base = getenv("XDG_RUNTIME_DIR");

	if (!base || *base != '/' || strlen(base) > MAX_BASE || !is_plain(base) ||
	    access(base, W_OK) != 0)
		base = "/tmp";
	sweep(base);
	for (int i = 0; i < 10; i++) {
		snprintf(f->path, sizeof f->path, "%.60s/" PREFIX "XXXXXX", base);
		if (!mkdtemp(f->path))
			break;
		if (lock_it(f))
			return SL_OK;
	}
	*f->path = '\0';
	return sl_fail(e, SL_EIO, "cannot make a private folder in %s: %s", base, strerror(errno));
}

void private_folder_remove(struct private_folder *f)
{
	int dir;

	if (!*f->path)
		return;
	dir = open(f->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0) {
		empty(dir);
		close(dir);
	}
	rmdir(f->path);
	if (f->lock >= 0)
		close(f->lock);
	*f->path = '\0';
}
