/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share about a resolution in the making, and keep of it afterwards. */
#ifndef SLUICE_INVENTORY_PRIVATE_H
#define SLUICE_INVENTORY_PRIVATE_H

#include "orchestrator/inventory/index.h"
#include "orchestrator/inventory/inventory.h"
#include "orchestrator/inventory/merge.h"
#include "orchestrator/inventory/render.h"
#include "orchestrator/playbook/arena.h"

struct host_vars {
	struct rs_label *items;
	size_t count;
};

/* struct resolved as others see it, and behind it what rendering needs later. Everything but
 * secrets lives in the arena. */
struct resolution {
	struct resolved resolved; /* first: one is cast to the other */
	struct pb_arena arena;
	struct host_vars *vars;   /* parallel to resolved.hosts */
	const char **versions;    /* parallel to playbook->services; rendered, NULL = wrong */
	const char *artifact_sha; /* resolved.sha256 */
};

struct maker {
	struct resolution *rs;
	const struct index *index;
	struct merge merge;
	struct diags *d;
	bool *service_hosts; /* services x index hosts */
	bool *touched;       /* index hosts */
	long *position;      /* index host -> resolved.hosts, -1 = not in it */
};

/* hosts.c: fills resolved.hosts and vars from touched. */
void make_hosts(struct maker *m);
/* instances.c: fills resolved.instances, in plan order, rendered. */
void make_instances(struct maker *m);
/* instance.c: everything rendered for one instance whose service, host and port are set. */
void render_instance(struct maker *m, struct rs_instance *i);

/* The names that have values for a host, or for an instance. */
struct scope scope_of_service(const struct resolution *rs, const struct pb_service *s);
struct scope scope_of_host(const struct resolution *rs, const struct pb_service *s,
			   const struct rs_host *h);
struct scope scope_of_instance(const struct resolution *rs, const struct rs_instance *i);
/* Files are a host's: all its instances share the release folder that they are put in. */
struct scope scope_of_files(const struct resolution *rs, const struct rs_instance *i);

/* Rendered into the arena; NULL when not given, or wrong (then it was said in d). */
char *text_at(struct maker *m, const struct scope *s, const struct pb_text *t);
char *command_at(struct maker *m, const struct scope *s, const struct pb_command *c);

/* The folder of the file that a text stands in: an include's, or the playbook's. */
const char *folder_at(struct maker *m, struct diag_at at);
/* Takes heap text into the arena. */
char *arena_take(struct pb_arena *a, char *heap);
/* "~/" is $HOME, other relative paths start at folder. */
char *path_from(struct pb_arena *a, const char *folder, const char *path);
/* True for clean text without ".." parts; absolute unless `relative`. */
bool path_is_sound(const char *path, bool relative);

#endif
