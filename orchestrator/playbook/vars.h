/* SPDX-License-Identifier: Apache-2.0 */
/* The playbook's vars, and putting them into texts. */
#ifndef SLUICE_PLAYBOOK_VARS_H
#define SLUICE_PLAYBOOK_VARS_H

#include "orchestrator/playbook/arena.h"
#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/schema.h"

/* Read `vars` and the sets into doc->p.vars. */
void pb_vars_read(struct pb_doc *doc, const struct pb_set *sets, size_t set_count);

/* What texts are rendered with at this floor. service and version may be NULL. */
struct pb_values {
	const struct pb_var *vars;
	size_t var_count;
	const char *service, *version;
};

/* The text with its names put in; *open = one of them has no value (yet), the text is as it was. */
const char *pb_values_render(struct pb_arena *a, const struct pb_values *v, const char *text,
			     bool *open);

/* The built-in names of a scope, for checks and near matches; NULL-terminated. */
const char *const *pb_scope_names(enum schema_scope scope);
const struct pb_var *pb_var_find(const struct pb_var *vars, size_t count, const char *name,
				 size_t len);

#endif
