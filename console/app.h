/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's state and its one way: events change the state and mark it dirty; at the end of the
 * turn there is one paint. Views are screens on a stack, one stack a tab. Prompts, questions and
 * help are states over it, never loops of their own, so that data keeps coming beneath them.
 */
#ifndef SLUICE_CONSOLE_APP_H
#define SLUICE_CONSOLE_APP_H

#include <uv.h>

#include "console/canvas.h"
#include "console/history.h"
#include "console/keys.h"
#include "console/layout.h"
#include "console/prompt.h"
#include "console/site.h"
#include "console/table.h"
#include "console/term.h"

#define TABS     8
#define WRITE_MS (15 * 60 * 1000)

struct app;
struct screen;

/* One kind of view. A plain one is a row of this and nothing else. */
struct screen_ops {
	const char *name, *title;
	unsigned tab;              /* 1 to 8; 0 = opened from others or by command */
	const char *data;          /* name of its vw_view; NULL = none */
	unsigned roles;            /* enum cat_role bits polled for it besides those of data */
	const char *enter;         /* what enter opens, about the row's id; NULL = nothing */
	const char *empty;         /* what stands there without rows */
	bool empty_is_well;        /* good news: only sources that ail are listed then */
	bool about_itself;         /* without a row, the keys it offers are about its subject */
	const char *twin;          /* the command that prints the same: "get services" */
	const enum action *hints;  /* ends with ACT_NONE */
	const enum action *offers; /* what it takes of KEY_NEEDS_OFFER; ends with ACT_NONE */
	size_t own_size;           /* memory of its own, zeroed; 0 = none */

	/* all may be NULL */
	void (*open)(struct app *a, struct screen *s);
	void (*close)(struct screen *s);
	/* New data, or a second has passed. */
	void (*refresh)(struct app *a, struct screen *s);
	/* The body; without it the table fills it. */
	void (*draw)(struct app *a, struct screen *s, struct canvas *c, struct rect r);
	/* Rows above the table; says how many it took. */
	unsigned (*head)(struct app *a, struct screen *s, struct canvas *c, struct rect r);
	/* True = taken; the rest goes the general way. */
	bool (*act)(struct app *a, struct screen *s, enum action what);
	/* Why an offered key is off here and now; NULL = it is on. */
	const char *(*why)(struct app *a, struct screen *s, enum action what);
	/* What the table is filled from besides the site. */
	void (*world)(struct app *a, struct screen *s, struct vw_world *w);
	/* How its data stands: said in place of rows, else when there is nothing else to say. False
	 * = nothing. */
	bool (*state)(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size);
	/* Row 3, behind the title; the selection line: a name and what is to be said about it. */
	void (*crumb)(struct app *a, struct screen *s, struct canvas *c, struct rect r);
	bool (*selection)(struct app *a, struct screen *s, char *name, char *text, size_t size);
	/* A filter of its own, in place of the table's; as table_filter. */
	int (*filter)(struct app *a, struct screen *s, const char *text, struct sl_error *e);
	/* Go to a time: `:time TEXT`. */
	void (*go_time)(struct app *a, struct screen *s, const char *text);
	/* Does something on it change with the clock alone? */
	bool (*ticks)(struct app *a, struct screen *s);
};

struct screen {
	const struct screen_ops *ops;
	char *subject; /* what it is about; NULL = all there is */
	struct table table;
	void *own;
	struct screen *below;
};

enum overlay { OVERLAY_NONE, OVERLAY_PROMPT, OVERLAY_CONFIRM, OVERLAY_HELP };

/* A question before something is changed. */
struct confirm {
	char *title, *targets; /* targets: one a line */
	char *must_type;       /* the name to type first; NULL = none */
	struct line typed;
	size_t count, shown; /* shown: lines at most; 0 = as many as targets usually are */
	size_t top, page;    /* of what scrolls: the first line, and how many stand there */
	bool scrolled;       /* by the person; else what differs is in sight */
	int choice;          /* 0 = Cancel */
	/* What has come in between, said while the question stands; NULL = nothing, or never. */
	const char *(*meanwhile)(struct app *a, const void *arg);
	bool (*yes)(struct app *a, void *arg);
	void *arg; /* free()d */
};

/* Filters that the configuration gives names to. */
struct named {
	char *name, *text;
};
struct named_list {
	struct named *items;
	size_t count, cap;
};

struct app {
	uv_loop_t *loop;
	struct term *term; /* NULL = no terminal: only the canvas */
	struct canvas canvas;
	const struct theme *theme;
	struct bindings *bindings;
	struct site *site;
	struct screen *stacks[TABS + 1]; /* tops; [0] is not used */
	unsigned tab;
	struct places places; /* for [ and ] */

	enum overlay overlay;
	struct prompt prompt;
	struct confirm confirm;
	unsigned help_top;
	struct line help_search;

	char message[512];
	enum paint message_paint;
	char *pinned; /* a filter for all views; NULL = none */
	struct named_list named;
	bool filters_off, preview, paused, dirty, quit, mouse;
	int64_t write_until; /* Unix ms; 0 = read-only */
	char *write_reason;
	char *who;
	size_t alerts;     /* what is failed or without contact, by the view of them */
	uint64_t painted;  /* paints so far */
	bool data_dirty;   /* something was read: tables are filled anew before the paint */
	int64_t fixed_now; /* SLUICE_TEST_NOW; 0 = the clock */
	uv_timer_t tick;
	struct script *script;
	struct config *config;
	int exit;
};

int64_t app_now(const struct app *a);
struct screen *app_screen(struct app *a); /* the one on top */
void app_dirty(struct app *a);
void app_say(struct app *a, enum paint paint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* --- app.c --- */
void app_init(struct app *a, uv_loop_t *loop);
void app_close_screens(struct app *a); /* before the site that they look at */
void app_release(struct app *a);
void app_go_tab(struct app *a, unsigned tab);
/* Go to a tab, and there to its view about that. */
void app_jump(struct app *a, unsigned tab, const char *subject);
/* Push a view; subject NULL = all. False (and said why) when there is none of that name. */
bool app_open(struct app *a, const char *name, const char *subject);
bool app_back(struct app *a); /* false = it is the last one */
/* Show what was shown there; views that still stand are left as they are. */
void app_go_place(struct app *a, const struct place *p);
void app_count_alerts(struct app *a);
void app_data_changed(struct app *a, unsigned what); /* enum site_change */
void app_key(struct app *a, uint32_t key);
void app_act(struct app *a, enum action what);
/* NULL = the key is on; else why it is not. */
const char *app_why(struct app *a, enum action what);
/* What app_why says, this very string, when write mode is all that lacks. */
extern const char app_needs_write[];
/* The end of a turn: fill what changed, draw, paint. */
void app_turn(struct app *a);
void app_resized(struct app *a, unsigned width, unsigned height);
bool app_writes(const struct app *a);
void app_fill(struct app *a, struct screen *s);
void app_pin(struct app *a, struct screen *s); /* a list that is new: the pinned filter, if any */

/* --- act.c: what every view can do --- */
void act_general(struct app *a, struct screen *s, enum action what);
void act_mouse(struct app *a, uint32_t key);

/* --- chrome.c --- */
void chrome_draw(struct app *a, const struct layout *l);

/* --- dialog.c --- */
void dialog_confirm(struct app *a, const char *title, const char *targets, size_t count,
		    const char *must_type, bool (*yes)(struct app *a, void *arg), void *arg);
void dialog_key(struct app *a, uint32_t key);
void dialog_draw(struct app *a, struct canvas *c);

/* --- help.c --- */
void help_open(struct app *a);
void help_key(struct app *a, uint32_t key);
void help_draw(struct app *a, struct canvas *c);
void help_lines(struct app *a, struct sl_buf *out); /* all of it as text, a line each */

/* --- command.c --- */
void command_run(struct app *a, const char *text);
/* The one completion of text, or NULL and *all what there is to choose from. */
char *command_complete(struct app *a, const char *text, struct sl_buf *all);
/* The same for a column's name as the last word of a filter. */
char *filter_complete(struct app *a, const char *text, struct sl_buf *all);
/* The same for filters that have names, and one of them put on. */
char *named_complete(struct app *a, const char *text, struct sl_buf *all);
void named_use(struct app *a, const char *text);

/* --- config.c --- */
void named_release(struct named_list *l);

/* --- out.c: copying and exporting --- */
void out_copy(struct app *a, struct screen *s, bool json);
void out_export(struct app *a, struct screen *s, const char *path);

/* --- the views, one table --- */
extern const struct screen_ops *const screens[];
/* By its name, or as its tab says; NULL = there is none. */
const struct screen_ops *screen_find(const char *name);
const struct screen_ops *screen_of_tab(unsigned tab);

#endif
