/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One config key as somebody looks at it: its versions and a draft, which two of them are compared,
 * and how far one has scrolled in what differs. Pure: asks nobody, draws nothing.
 */
#ifndef SLUICE_CONSOLE_KEY_SEEN_H
#define SLUICE_CONSOLE_KEY_SEEN_H

#include "console/table.h"
#include "orchestrator/view/key_read.h"
#include "orchestrator/view/line_diff.h"

#define KEY_DRAFT "draft" /* the id of its row */

struct key_side {
	const struct key_version *version; /* NULL = nothing stands there */
	char name[160];                    /* "rev 41 (live)" */
};

struct key_seen {
	const struct key_history *history; /* borrowed; NULL = not read yet */
	struct key_version *draft;         /* NULL = none; owned */
	char *base;                        /* revision that the draft was made from */
	/* the same key elsewhere, to compare with */
	const struct key_version *other;
	char other_name[128]; /* "environment=staging"; "" = nothing is compared with */

	struct key_side left, right;
	struct diff *diff;
	struct diff_row *rows;
	size_t row_count, top;
	size_t hidden;  /* unchanged lines in folds */
	bool unchanged; /* all lines are shown */
	bool below;     /* the keys move in the diff */
	unsigned page, skip;
};

void key_seen_release(struct key_seen *k);
/* Another history, or another draft: what was compared goes. */
void key_seen_set(struct key_seen *k, const struct key_history *history);
/* name NULL = as before. */
void key_seen_other(struct key_seen *k, const char *name, const struct key_version *version);
void key_seen_draft(struct key_seen *k, struct key_version *draft, const char *base);
/* Of a row of the view history; NULL = none. */
const struct key_version *key_seen_version(const struct key_seen *k, const char *id);
const struct key_version *key_seen_live(const struct key_seen *k);
/* Two marked rows against each other, else the live version against the row under the cursor. */
void key_seen_compare(struct key_seen *k, const struct table *t);
void key_seen_unchanged(struct key_seen *k); /* show them, or hide them again */
void key_seen_scroll(struct key_seen *k, long by);

/* The line over the diff: which is which, how much differs. Returns dst. */
const char *key_seen_bar(const struct key_seen *k, char *dst, size_t size);

#endif
