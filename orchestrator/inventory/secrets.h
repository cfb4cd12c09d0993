/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what is outside the texts: secrets, files, commands that tell a secret. Blocking. */
#ifndef SLUICE_INVENTORY_SECRETS_H
#define SLUICE_INVENTORY_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/inventory/inventory.h"

#define SECRET_MAX ((size_t)64 * 1024)

bool secret_is_reference(const char *text);
void secret_wipe(char *value); /* overwrites, then frees */

/* What a command prints, at most size bytes; its end must be 0 within 30 s. Standard error is
 * ours. */
int secret_command(const char *command, const char *folder, char *out, size_t size, size_t *len,
		   struct sl_error *e);

/* A whole file, at most max bytes, NUL-terminated. Yours to free. */
char *file_read(const char *path, size_t max, size_t *len, struct sl_error *e);

#endif
