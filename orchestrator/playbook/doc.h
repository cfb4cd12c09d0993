/* SPDX-License-Identifier: Apache-2.0 */
/* A playbook with what it stands on: for the files of this room only. */
#ifndef SLUICE_PLAYBOOK_DOC_H
#define SLUICE_PLAYBOOK_DOC_H

#include "orchestrator/playbook/arena.h"
#include "orchestrator/playbook/playbook.h"

/* A $(name) that only hosts or groups of the inventory can explain. */
struct pb_open_name {
	const char *name;
	struct diag_at at;
};

struct pb_include {
	const char *path;
	struct pb_tree *tree;
	const struct pb_node *root; /* NULL when it could not be read */
};

struct pb_doc {
	struct playbook p; /* first: what the outside holds */
	struct pb_arena arena;
	struct diags *d; /* while loading */
	int file;        /* the playbook among the diagnostics' sources */
	bool leave_open;
	struct pb_tree *tree;
	struct pb_include *includes;
	size_t include_count;
	size_t later_cap;
	struct pb_open_name *open_names;
	size_t open_count, open_cap;
	const struct pb_node *defaults;       /* all of them together, or NULL */
	struct pb_node *analyses;             /* a mapping, also when empty */
	const struct pb_node **service_nodes; /* parallel to p.services: defaults merged in */
	const struct pb_node *strategy;       /* the chosen one's mapping, or NULL */
};

static inline struct diag_at pb_place(const struct pb_node *n)
{
	return n->key_at.line ? n->key_at : n->at;
}

/* names.c: the one of names that is probably meant, or NULL. Of a single letter nothing can be
 * said. */
const char *pb_near(const char *given, const char *const *names, size_t count);

/* source.c: texts NULL = the disk. Yours to free; NULL and a message in d. */
char *pb_source_read(const char *path, const cJSON *texts, size_t *len, struct diags *d,
		     struct diag_at at);
/* A file name as written in `from`, which is a file itself. Owned by the arena. */
char *pb_source_path(struct pb_arena *a, const char *from, const char *name);
/* The absolute folder of a file. */
char *pb_source_folder(struct pb_arena *a, const char *path);
/* Says so when a document is of another kind than wanted; root must be a mapping. */
bool pb_kind_is(const struct pb_node *root, const char *wanted, struct diags *d, int file);

/* merge.c: `over` with what it does not say itself from `under`; either may be NULL. */
const struct pb_node *pb_merge(struct pb_arena *a, const struct pb_node *over,
			       const struct pb_node *under);
/* Defaults and analyses of the playbook and its includes; defining twice is an error. */
void pb_doc_collect(struct pb_doc *doc);

/* read_service.c, read_strategy.c */
void pb_doc_read_services(struct pb_doc *doc);
void pb_doc_read_strategy(struct pb_doc *doc);
void pb_doc_later(struct pb_doc *doc, struct diag_at at, const char *what);

/* check_*.c */
void pb_doc_check_services(struct pb_doc *doc);
void pb_doc_check_strategy(struct pb_doc *doc);
void pb_doc_check_analyses(struct pb_doc *doc);
void pb_doc_check_kind(struct pb_doc *doc);

#endif
