/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state lives, and whether that place can be trusted with a database. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define MAGIC_FUSE 0x65735546UL

/* WAL needs shared memory between processes, and locks that hold: neither crosses a network. */
static const struct {
	unsigned long magic;
	const char *name;
} network_magics[] = {
	{0x6969UL, "NFS"},          {0x517BUL, "SMB"},      {0xFF534D42UL, "CIFS"},
	{0xFE534D42UL, "SMB2"},     {0x00C36400UL, "Ceph"}, {0x5346414FUL, "AFS"},
	{0x6B414653UL, "AFS"},      {0x73757245UL, "Coda"}, {0x0BD00BD0UL, "Lustre"},
	{0x7461636FUL, "OCFS2"},    {0x01161970UL, "GFS2"}, {0x47504653UL, "GPFS"},
	{0x20030528UL, "OrangeFS"},
};

/* FUSE file systems that keep their files on this machine; any other may be remote. */
static const char *const local_fuse[] = {
	"fuseblk",       "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.encfs",   "fuse.cryfs",
	"fuse.securefs", "fuse.ntfs-3g",        "fuse.bindfs",    "fuse.unionfs", "fuse.mergerfs",
};

const char *store_folder_network(unsigned long magic, const char *type)
{
	size_t i;

	for (i = 0; i < SL_COUNT(network_magics); i++)
		if (network_magics[i].magic == magic)
			return network_magics[i].name;
	if (magic != MAGIC_FUSE)
		return NULL;
	for (i = 0; i < SL_COUNT(local_fuse); i++)
		if (type && !strcmp(local_fuse[i], type))
			return NULL;
	return type && sl_text_starts(type, "fuse.") ? type + 5 : "FUSE";
}

/* The file system type of a device as /proc/self/mountinfo has it. Yours to free, or NULL. */
static char *mount_type(dev_t dev)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *found = NULL;
	size_t cap = 0;

	if (!f)
		return NULL;
	while (!found && getline(&line, &cap, f) > 0) {
		unsigned major_no, minor_no;
		char type[64];
		const char *dash = strstr(line, " - ");

		if (dash && sscanf(line, "%*d %*d %u:%u", &major_no, &minor_no) == 2 &&
		    major_no == major(dev) && minor_no == minor(dev) &&
		    sscanf(dash, " - %63s", type) == 1)
			found = sl_strdup(type);
	}
	free(line);
	fclose(f);
	return found;
}

static int check_network(int fd, const struct stat *st, const char *folder, struct sl_error *e)
{
	struct statfs fs;
	const char *network;
	char *type;
	int rc = 0;

	if (fstatfs(fd, &fs) < 0)
		return sl_fail(e, SL_EIO, "state folder %s: statfs: %s", folder, strerror(errno));
	type = mount_type(st->st_dev);
	network = store_folder_network((unsigned long)fs.f_type, type);
	if (network)
		rc = sl_fail(
			e, SL_EINPUT,
			"state folder %s is on a network file system (%s), where a database "
			"cannot be locked safely; set SLUICE_STATE to a folder on a local disk",
			folder, network);
	free(type);
	return rc;
}

static int check_folder(const char *folder, struct sl_error *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	struct stat st;

	if (fd < 0)
		return sl_fail(e, SL_EIO, "state folder %s: %s", folder, strerror(errno));
	if (fstat(fd, &st) < 0)
		rc = sl_fail(e, SL_EIO, "state folder %s: %s", folder, strerror(errno));
	else if (st.st_uid != geteuid())
		rc = sl_fail(e, SL_EINPUT,
			     "state folder %s belongs to user %u, not to you; set SLUICE_STATE to "
			     "a folder of your own",
			     folder, (unsigned)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		rc = sl_fail(e, SL_EINPUT,
			     "state folder %s can be written to by others; chmod 700 it", folder);
	else
		rc = check_network(fd, &st, folder, e);
	close(fd);
	return rc;
}

static int make_folders(const char *folder, struct sl_error *e)
{
	char *path = sl_strdup(folder), *p;
	int rc = 0;

	for (p = path + 1; !rc; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			rc = sl_fail(e, SL_EIO, "state folder %s: cannot make %s: %s", folder, path,
				     strerror(errno));
		*p = was;
		if (was == '\0')
			break;
	}
	free(path);
	return rc;
}

static char *default_folder(void)
{
	const char *set = getenv("SLUICE_STATE"), *xdg = getenv("XDG_STATE_HOME"),
		   *home = getenv("HOME");
	const struct passwd *pw;

	if (set && *set)
		return sl_strdup(set);
	if (xdg && *xdg == '/')
		return sl_asprintf("%s/sluice", xdg);
	if (!home || *home != '/') {
		pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : "/";
	}
	return sl_asprintf("%s/.local/state/sluice", home);
}

int store_folder_prepare(const char *folder, char **out, struct sl_error *e)
{
	char *path = folder ? sl_strdup(folder) : default_folder();
	int rc;

	if (!*path) {
		free(path);
		return sl_fail(e, SL_EINPUT, "the state folder's name is empty");
	}
	rc = make_folders(path, e);
	if (!rc)
		rc = check_folder(path, e);
	if (rc) {
		free(path);
		return rc;
	}
	/* Absolute, so that a later chdir, or a detached child, means the same place. */
	*out = realpath(path, NULL);
	if (!*out)
		rc = sl_fail(e, SL_EIO, "state folder %s: %s", path, strerror(errno));
	free(path);
	return rc;
}
