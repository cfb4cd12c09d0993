/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list engine: what a person did to a table (cursor, sort, filter, marks, scrolling), kept
 * over changing data, and how the table looks. The cursor and the marks stand on things, by id, not
 * on rows. Pure: no terminal, no clock.
 */
#ifndef SLUICE_CONSOLE_TABLE_H
#define SLUICE_CONSOLE_TABLE_H

#include "console/canvas.h"
#include "orchestrator/view/view.h"

#define TABLE_COLUMNS_MAX 40
#define TABLE_HOLD_MS     5000 /* order is frozen so long after the cursor moved */

struct table {
	struct vw_table *data; /* rows in the order of the sort; owned */
	size_t *shown;         /* indices of the rows that pass the filter */
	size_t count;
	char *cursor;   /* id of the row under the cursor; NULL = none */
	size_t at, top; /* among the shown ones: the cursor, the first on the screen */
	char *sort;     /* column key, "-" before it = descending */
	char *filter;   /* as typed; "" = none */
	struct vw_filter *match;
	bool filter_off; /* F2 */
	char **marks;    /* ids, in no order */
	size_t mark_count, mark_cap;
	char *mark_from; /* id of what was marked last: the start of a range; NULL = none */
	bool follow;     /* the cursor stays where rows come: the last, or the first one */
	bool held;       /* the order was kept although the data would sort otherwise */
	bool wide;
	bool about_one; /* the first column says the same in every row: it is left out */
	int64_t moved;  /* Unix ms of the last move; 0 = never */
	unsigned skip;  /* columns scrolled out at the left, behind the frozen ones */
	unsigned y;     /* where the first row stood at the last drawing */
	unsigned page;  /* rows on the screen at the last drawing */
	unsigned widths[TABLE_COLUMNS_MAX]; /* seen so far: columns only grow while one looks */
};

void table_init(struct table *t, const struct vw_view *view);
void table_release(struct table *t);
/* New data, taken over. hold: a dialog is open, so that order must not change. */
void table_set(struct table *t, struct vw_table *data, int64_t now, bool hold);

const struct vw_row *table_row(const struct table *t); /* under the cursor, or NULL */
const struct vw_row *table_shown(const struct table *t, size_t i);
/* A cell of a row by its column's key; NULL = unknown. */
const struct vw_cell *table_cell(const struct table *t, const struct vw_row *row, const char *key);
size_t table_index(const struct table *t, size_t i); /* row in data of a shown one */
void table_move(struct table *t, long delta, int64_t now);
void table_go(struct table *t, size_t to, int64_t now); /* cut to what there is */
void table_follow(struct table *t, bool follow, int64_t now);
bool table_go_id(struct table *t, const char *id);

/* SL_EINPUT with the reason, and nothing changed, when the text cannot be read. */
int table_filter(struct table *t, const char *text, struct sl_error *e);
void table_filters_off(struct table *t, bool off);
const char *table_sort_key(const struct table *t); /* without the sign; "" = none */
/* By a column key; again flips. */
void table_sort(struct table *t, const char *key);
void table_sort_step(struct table *t, int by); /* the next or previous column that is shown */

bool table_is_marked(const struct table *t, const char *id);
void table_mark(struct table *t); /* or unmark, what is under the cursor */
/* From what was marked last to the cursor. False = that is not shown any more, or nothing was. */
bool table_mark_range(struct table *t);
void table_marks_clear(struct table *t);

/* Columns and rows into r: one row of titles, then data. */
void table_draw(struct table *t, struct canvas *c, struct rect r, int64_t now);
/* "bad" in the theme's words. */
enum paint table_state_paint(enum vw_state s);
/* A row as one line of text, for --plain. */
void table_row_text(const struct table *t, size_t shown, int64_t now, struct sl_buf *out);

#endif
