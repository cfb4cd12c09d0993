/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of keys: everything that a key can do is a row with a name, a default key, a sentence
 * and what it needs. Bindings, help, hints, the manual and the refusals all come from it.
 */
#ifndef SLUICE_CONSOLE_KEYS_H
#define SLUICE_CONSOLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/error.h"

enum action {
	ACT_NONE,
	/* going about */
	ACT_VIEW_1, /* to ACT_VIEW_1 + 7 */
	ACT_VIEW_8 = ACT_VIEW_1 + 7,
	ACT_PANE,
	ACT_ENTER,
	ACT_BACK,
	ACT_UP_OUT,
	ACT_HISTORY_BACK,
	ACT_HISTORY_FORWARD,
	ACT_ALERTS,
	/* moving */
	ACT_DOWN,
	ACT_UP,
	ACT_TOP,
	ACT_BOTTOM,
	ACT_PAGE_DOWN,
	ACT_PAGE_UP,
	ACT_HALF_DOWN,
	ACT_HALF_UP,
	ACT_LEFT,
	ACT_RIGHT,
	/* the list */
	ACT_FILTER,
	ACT_NEXT,
	ACT_PREVIOUS,
	ACT_NAMED,
	ACT_FILTERS_OFF,
	ACT_PIN,
	ACT_SORT,
	ACT_SORT_LEFT,
	ACT_SORT_RIGHT,
	ACT_MARK,
	ACT_MARK_RANGE,
	ACT_PREVIEW,
	ACT_FOLD,
	ACT_REPEATS,
	ACT_FOLLOW,
	ACT_TRACES,
	ACT_DEPENDENCIES,
	ACT_CONFIG,
	ACT_LOG,
	ACT_TIME,
	ACT_INSTANCE,
	/* a config key */
	ACT_KEY_OTHER,
	ACT_KEY_UNCHANGED,
	/* data */
	ACT_PAUSE,
	ACT_REFETCH,
	ACT_COPY,
	ACT_COPY_JSON,
	ACT_EXPORT,
	/* the console */
	ACT_COMMAND,
	ACT_HELP,
	ACT_WRITE,
	ACT_REPAINT,
	ACT_SUSPEND,
	ACT_QUIT,
	/* instances; these change the world, and so do the next */
	ACT_DRAIN,
	ACT_ENABLE,
	ACT_WEIGHT,
	/* these change the world */
	ACT_SHELL,
	/* runs */
	ACT_RUN_START,
	ACT_RUN_PROMOTE,
	ACT_RUN_HOLD,
	ACT_RUN_RESUME,
	ACT_RUN_RETRY,
	ACT_RUN_ABORT,
	ACT_RUN_UNDO,
	/* a config key */
	ACT_KEY_EDIT,
	ACT_KEY_PUBLISH,
	ACT_KEY_ROLLBACK,
	ACT_COUNT
};

enum key_needs {
	KEY_MUTATES = 1,   /* refused outside write mode */
	KEY_DANGEROUS = 2, /* asks first, with the exact targets */
	KEY_NEEDS_SELECTION = 4,
	KEY_NEEDS_TABLE = 8,
	KEY_NEEDS_TERMINAL = 16,
	KEY_NEEDS_OFFER = 32 /* only in views that offer it */
};

struct key_row {
	const char *name;    /* in the configuration and as a command: "filter" */
	const char *keys[3]; /* by default */
	const char *hint;    /* a word for the bottom line; NULL = never there */
	const char *help;    /* one sentence */
	unsigned needs;
};
extern const struct key_row key_rows[ACT_COUNT];

/* --- what keys are bound to now --- */
struct bindings;
struct bindings *bindings_new(void); /* the defaults */
void bindings_free(struct bindings *b);
/* keys: names, separated by spaces; "none" or "" unbinds. SL_EINPUT: unknown names, a capital that
 * mutates nothing is fine, a small letter or control key on what mutates is refused. */
int bindings_set(struct bindings *b, const char *action, const char *keys, struct sl_error *e);
/* A key may stand for one thing in one view and for another in another one: the first of its
 * actions that fits, else the first of all. fits NULL = all do. */
enum action bindings_find(const struct bindings *b, uint32_t key,
			  bool (*fits)(void *arg, enum action a), void *arg);
/* Its keys for people: "j down"; "" = unbound. Returns dst. */
const char *bindings_text(const struct bindings *b, enum action a, char *dst, size_t size);
/* The first of them: "j". */
const char *bindings_first(const struct bindings *b, enum action a, char *dst, size_t size);

enum action action_find(const char *name); /* ACT_NONE = unknown */
/* The table of keys as mdoc, for the manual. */
void keys_print_mdoc(struct sl_buf *out);

#endif
