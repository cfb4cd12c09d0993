/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: tables of things, the same for `sluice get`, `sluice watch` and the console. A view is a
 * const row of columns and one function that fills a table from the catalogue and the state store.
 * Filter, sort and formats are pure and know nothing of any one view.
 */
#ifndef SLUICE_VIEW_VIEW_H
#define SLUICE_VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/state/store.h"
#include "plugins/host/catalogue.h"
#include "plugins/sdk/buf.h"

/* State is a glyph, a word and a colour, never colour alone. */
enum vw_state {
	VW_OK,         /* + */
	VW_DEGRADED,   /* ! */
	VW_FAILED,     /* x */
	VW_NO_CONTACT, /* ? */
	VW_OFF,        /* - */
	VW_WORKING,    /* > */
	VW_WAITING,    /* . */
	VW_STATE_COUNT
};
char vw_state_glyph(enum vw_state s);
const char *vw_state_word(enum vw_state s);
/* Worst first: the order of a column of states. */
int vw_state_rank(enum vw_state s); /* "ok", "degraded", "failed", ... as in JSON */

enum vw_kind {
	VW_TEXT,
	VW_NUMBER, /* number, right-aligned, thousands separated on the screen */
	VW_SHARE,  /* 0-1; "3.1%" */
	VW_MILLIS, /* duration in ms */
	VW_TIME,   /* Unix ms; an age on the screen, RFC 3339 in JSON */
	VW_STATE,
	VW_BOOL,
	VW_LABELS, /* name=value list; an object in JSON */
	VW_SHARES, /* name -> share, e.g. versions; an object in JSON */
	VW_SERIES  /* numbers over time: a sparkline on the screen, an array in JSON */
};

struct vw_column {
	const char *key;   /* camelCase: JSON key and filter field */
	const char *title; /* header, with its unit: "P99 ms" */
	const char *help;  /* one sentence */
	enum vw_kind kind;
	unsigned least, most; /* cells; most 0 = may take what is left */
	unsigned priority;    /* 0 = never dropped; the highest is dropped first */
	bool wide;            /* only with -o wide */
};

struct vw_pair {
	const char *name, *value; /* VW_LABELS */
	double share;             /* VW_SHARES */
};

struct vw_cell {
	bool known;       /* else "-" and null */
	const char *text; /* TEXT; for other kinds may be NULL */
	double number;    /* NUMBER, SHARE, MILLIS, TIME, BOOL (0, 1), STATE */
	const struct vw_pair *pairs;
	const double *series;
	size_t count; /* of pairs or series */
};

struct vw_row {
	const char *id; /* stable identity: the cursor and marks follow it */
	enum vw_state state;
	const char *full;            /* full name */
	const char *reason;          /* why it is in this state, what next; "" = nothing to say */
	const struct vw_cell *cells; /* one a column */
	/* Where most of its texts lie side by side, a NUL behind each; NULL = nowhere. */
	const char *texts;
	size_t texts_len;
};

struct vw_view;

/* A filled table. Everything in it lives in its arena and goes with vw_table_free. */
struct vw_table {
	const struct vw_view *view;
	struct vw_row *rows;
	size_t count;
	void *arena;
};

struct host_looks;  /* host_look.h */
struct run_marks;   /* run_marks.h */
struct traces;      /* trace_read.h */
struct edges;       /* edges.h */
struct key_history; /* key_read.h */
struct key_version;

/* What views are built from. Members that a caller lacks are NULL: such views are empty. */
struct vw_world {
	const struct catalogue *catalogue;
	struct store *store;     /* opened for reading */
	const char *environment; /* of the inventory, or "" */
	const char *subject;     /* drill-down: "orders" for instances of orders; NULL = all */
	int64_t now;             /* Unix ms */
	const struct host_looks *hosts;
	struct run_marks *marks;           /* kept between fills; NULL = journals are read anew */
	const struct traces *traces;       /* what a search found */
	bool fold;                         /* what repeats is one row, where a view can */
	const struct edges *edges;         /* who calls whom, as it was asked for */
	const struct key_history *history; /* of one key */
	const struct key_version *draft;   /* of that key, not published */
};

struct vw_view {
	const char *name;    /* "services": sluice get NAME */
	const char *title;   /* "Services" */
	const char *summary; /* one line */
	unsigned roles;      /* enum cat_role bits it needs polled */
	const struct vw_column *columns;
	size_t column_count;
	const char *sort; /* column key it is sorted by at first; "-" before it = descending */
	bool store;       /* it reads the state store */
	bool may_store;   /* it says more with the state store, and does without */
	bool edges;       /* it needs world.edges, which is asked for, not polled */
	bool hosts;       /* it looks at the inventory's hosts */
	bool may_hosts;   /* it says more where hosts were asked, and has none of them asked */
	const char *rows; /* what its rows are called; NULL = as name */
	const char *one;  /* what one of them is called */
	/* Fill the table with every row there is. */
	void (*fill)(const struct vw_world *w, struct vw_table *t);
};

const struct vw_view *vw_find(const char *name); /* NULL = unknown; near matches by vw_names */
size_t vw_views(const struct vw_view *const **views);
/* The key of a column that is called by its key, or by its title's first word; NULL = unknown. */
const char *vw_column_key(const struct vw_view *v, const char *name);

/* How many rows the view of alerts would have. */
size_t vw_alert_count(const struct vw_world *w);

/* The instance of a service that left its registry last, while it was up and none came for it; NULL
 * = nobody is missed. Borrowed from the catalogue. */
const char *vw_service_missed(const struct vw_world *w, const char *service);

struct vw_table *vw_table_fill(const struct vw_view *v, const struct vw_world *w);
/* Has the memory of a row brought near that is about to be looked at: rows lie far apart. */
void vw_row_fetch(const struct vw_table *t, size_t row);
void vw_table_free(struct vw_table *t);

/* --- for views that fill --- */
void *vw_alloc(struct vw_table *t, size_t size);
const char *vw_dup(struct vw_table *t, const char *s);
const char *vw_printf(struct vw_table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A new row with unknown cells; fill them through the pointer, by column index. */
struct vw_cell *vw_row_add(struct vw_table *t, const char *id, enum vw_state state,
			   const char *full, const char *reason);

/* --- filter: words AND; col:val  col>n  col<n  !term  /re/  tag=v (filter.c) --- */
struct vw_filter;
/* NULL and *e (with the place in the text) when it cannot be read. "" matches all. */
struct vw_filter *vw_filter_parse(const struct vw_view *v, const char *text, struct sl_error *e);
void vw_filter_free(struct vw_filter *f);
bool vw_filter_match(const struct vw_filter *f, const struct vw_table *t, size_t row);
/* Does f match, of any table, only rows that the other one matches too? False when in doubt. */
bool vw_filter_narrows(const struct vw_filter *f, const struct vw_filter *than);

/* Sort rows by a column key ("-p99" = descending; unknown cells last), ties by id, with numbers in
 * it by value. */
int vw_sort(struct vw_table *t, const char *by, struct sl_error *e);

/* --- cells as people read them, and as formats want them --- */
/* Text of a cell for a screen or a table: cleaned, not cut. Returns dst. */
const char *vw_cell_text(const struct vw_table *t, size_t row, size_t column, int64_t now,
			 char *dst, size_t size);
/* Of shares what so many columns of the screen hold, whole ones only: "4.12.1 67% +1". */
const char *vw_shares_fit(const struct vw_cell *c, size_t cells, char *dst, size_t size);
cJSON *vw_row_json(const struct vw_table *t, size_t row); /* yours */
/* {"items":[...],"sources":[...]}, items sorted by id, as vw_sort does. Yours. */
cJSON *vw_json(const struct vw_table *t, const struct vw_filter *f, const struct catalogue *c);
enum vw_format { VW_AS_TABLE, VW_AS_WIDE, VW_AS_CSV, VW_AS_JSON, VW_AS_NDJSON };
void vw_print(const struct vw_table *t, const struct vw_filter *f, const struct catalogue *c,
	      enum vw_format as, int64_t now, bool colour, struct sl_buf *out);

#endif
