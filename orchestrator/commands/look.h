/* SPDX-License-Identifier: Apache-2.0 */
/* What get and watch share: a view with everything that it is built from. */
#ifndef SLUICE_COMMANDS_LOOK_H
#define SLUICE_COMMANDS_LOOK_H

#include "orchestrator/commands/command.h"
#include "orchestrator/view/host_look.h"
#include "orchestrator/view/key_read.h"
#include "orchestrator/view/sources.h"
#include "orchestrator/view/view.h"

struct look {
	struct cli *c;
	const struct vw_view *view;
	const char *subject; /* NULL = all */
	struct vw_filter *filter;
	struct inventory_file *inventory;
	struct vw_sources *sources;
	struct run_marks *marks;     /* kept while it is followed, else NULL */
	struct host_looks *hosts;    /* of a view of hosts, else NULL */
	struct edges *edges;         /* of a view of dependencies; NULL = not yet asked */
	struct traces *traces;       /* of a view that is asked, not polled; NULL = not yet */
	struct key_history *history; /* the same */
	struct catalogue *catalogue; /* NULL: the view needs none, or there is no inventory */
};

/* The arguments are VIEW [SUBJECT]. RUN_DONE, or an exit code with the reason printed. live: the
 * backends are wanted even by a view that can do without. Close in any case. */
int look_open(struct look *l, struct cli *c, bool live);
void look_close(struct look *l);
/* As it is now, sorted as asked (or as the view says). Yours: vw_table_free. */
struct vw_table *look_table(const struct look *l, bool by_id);
/* Runs the loop until every source answered, or ms are over. */
void look_settle(struct look *l, int64_t ms);
/* What failed goes to standard error. RUN_UNREACHABLE when no source that the view stands on gave
 * anything. */
int look_verdict(const struct look *l);

/* Standard output, in the format that was asked for. */
int look_print(const struct look *l);

/* --- traces.c: a view of traces is searched for; look_settle and look_verdict call these --- */
void look_search(struct look *l, int64_t ms);
int look_search_verdict(const struct look *l);
int command_get_trace(struct cli *c); /* `get trace ID` */

/* --- key.c --- */
/* The one key that a name or an id, and --label and --source mean. RUN_DONE, or an exit code with
 * the reason printed. ref: yours to release in any case. */
int look_find_key(const struct look *l, const char *name, struct key_ref *ref);
/* The keys of all config centres, which say what a name means. name: what was asked for. As
 * look_open. */
int look_open_keys(struct look *l, struct cli *c, const char *name);
/* All of a file, - = standard input. RUN_DONE, or RUN_INPUT with the reason printed. *value is
 * yours to free in any case. */
int key_value_file(const char *path, char **value, size_t *len);
/* Runs the loop until its source has answered. NULL (and *rc, printed) when it has not. */
struct key_history *look_read_key(const struct look *l, const struct key_ref *ref, int *rc);
int command_get_history(struct cli *c); /* `get history KEY` */

#endif
