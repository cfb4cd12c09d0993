/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $(names) become values. Plain text takes a value as it is; in a command for sh each value is one
 * single-quoted word, and a place where quotes would not protect it is refused. Values are never
 * looked into for names again. Pure.
 */
#ifndef SLUICE_INVENTORY_RENDER_H
#define SLUICE_INVENTORY_RENDER_H

#include "orchestrator/inventory/inventory.h"

/* What names mean at one place. NULL = has no value here. */
struct scope {
	const struct playbook *playbook;
	const struct rs_label *vars; /* of the host */
	size_t var_count;
	const char *service, *version, *host, *address, *port, *instance, *release, *run;
	/* $(run) becomes the environment variable SLUICE_RUN: commands only */
	bool run_later;
};

/* Yours to free; NULL and *e when a name is unknown or has no value here. */
char *render_text(const struct scope *s, const char *text, struct sl_error *e);
char *render_shell(const struct scope *s, const char *text, struct sl_error *e);
/* A command string, or an argument vector as one line of quoted words. */
char *render_command(const struct scope *s, const struct pb_command *c, struct sl_error *e);

#endif
