/* SPDX-License-Identifier: Apache-2.0 */
/* A private folder for sockets that does not stay behind: it holds a lock for as long as its
 * process lives, and whoever makes the next one sweeps those whose lock is free. */
#ifndef SLUICE_HOST_FOLDER_H
#define SLUICE_HOST_FOLDER_H

#include <stddef.h>

#include "plugins/sdk/error.h"

struct private_folder {
	char path[96]; /* "" = not made */
	int lock;
};

/* 0700, in $XDG_RUNTIME_DIR or /tmp; short, because a socket's path has at most 107 bytes. */
int private_folder_make(struct private_folder *f, struct sl_error *e);
void private_folder_remove(struct private_folder *f); /* with what is in it */

#endif
