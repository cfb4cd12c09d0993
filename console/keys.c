/* SPDX-License-Identifier: Apache-2.0 */
#include "console/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/input.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define T KEY_NEEDS_TABLE
#define S KEY_NEEDS_SELECTION
#define W (KEY_MUTATES | KEY_DANGEROUS | KEY_NEEDS_OFFER)

#define VIEW_ROW(n, view) [ACT_VIEW_1 + (n)-1] = {"view-" #n, {#n}, NULL, "go to " view, 0}

const struct key_row key_rows[ACT_COUNT] = {
	[ACT_NONE] = {"none", {NULL}, NULL, "nothing", 0},
	VIEW_ROW(1, "Services"),
	VIEW_ROW(2, "Topology"),
	VIEW_ROW(3, "Traces"),
	VIEW_ROW(4, "Config"),
	VIEW_ROW(5, "Runs"),
	VIEW_ROW(6, "Load"),
	VIEW_ROW(7, "Hosts"),
	VIEW_ROW(8, "Events"),
	[ACT_PANE] = {"pane", {"tab"}, "pane", "go to the next pane of this view", KEY_NEEDS_OFFER},
	[ACT_ENTER] = {"enter", {"enter"}, "open", "open what is under the cursor", S},
	[ACT_BACK] = {"back",
		      {"esc"},
		      "back",
		      "clear the filter, else go back one view; never quits",
		      0},
	[ACT_UP_OUT] = {"up", {"q"}, NULL, "go back one view; at the top leave the console", 0},
	[ACT_HISTORY_BACK] = {"history-back",
			      {"["},
			      NULL,
			      "back to what was shown before: the view, and what it was about",
			      0},
	[ACT_HISTORY_FORWARD] = {"history-forward", {"]"}, NULL, "and forward again", 0},
	[ACT_ALERTS] = {"alerts",
			{"!"},
			NULL,
			"all that is failed or without contact, as the first row counts it",
			0},
	[ACT_DOWN] = {"down", {"j", "down"}, NULL, "one row down", T},
	[ACT_UP] = {"row-up", {"k", "up"}, NULL, "one row up", T},
	[ACT_TOP] = {"top", {"g", "home"}, NULL, "to the first row", T},
	[ACT_BOTTOM] = {"bottom", {"G", "end"}, NULL, "to the last row", T},
	[ACT_PAGE_DOWN] = {"page-down", {"ctrl-f", "pgdn"}, NULL, "one page down", T},
	[ACT_PAGE_UP] = {"page-up", {"ctrl-b", "pgup"}, NULL, "one page up", T},
	[ACT_HALF_DOWN] = {"half-down", {"ctrl-d"}, NULL, "half a page down", T},
	[ACT_HALF_UP] = {"half-up", {"ctrl-u"}, NULL, "half a page up", T},
	[ACT_LEFT] = {"left", {"left"}, NULL, "scroll the columns to the left", T},
	[ACT_RIGHT] = {"right", {"right"}, NULL, "scroll the columns to the right", T},
	[ACT_FILTER] = {"filter",
			{"/"},
			"filter",
			"filter this view: words, col:val, col>n, !term, /re/, tag=v",
			T},
	[ACT_NEXT] = {"next", {"n"}, "next bad", "the next row that is not well", T},
	[ACT_PREVIOUS] = {"previous", {"N"}, NULL, "the row before that is not well", T},
	[ACT_NAMED] = {"named-filter",
		       {"@"},
		       NULL,
		       "filter by a name that the configuration gives to a filter",
		       T},
	[ACT_FILTERS_OFF] = {"filters-off", {"f2"}, NULL, "all filters off, and on again", 0},
	[ACT_PIN] = {"pin", {"&"}, NULL, "pin this filter across views, and unpin it", T},
	[ACT_SORT] = {"sort",
		      {"s"},
		      "sort",
		      "turn the order of the sort round; < and > choose its column",
		      T},
	[ACT_SORT_LEFT] = {"sort-left", {"<"}, NULL, "sort by the column to the left", T},
	[ACT_SORT_RIGHT] = {"sort-right", {">"}, NULL, "sort by the column to the right", T},
	[ACT_MARK] = {"mark", {"m"}, "mark", "mark the row, or take its mark away", T | S},
	[ACT_MARK_RANGE] = {"mark-range", {"M"}, NULL, "mark from the last mark to here", T | S},
	[ACT_PREVIEW] = {"preview", {"space"}, NULL, "show all of the row below the list", S},
	[ACT_FOLD] = {"fold",
		      {"z"},
		      "fold",
		      "show all columns, or only the usual ones; of a trace each span",
		      T},
	[ACT_REPEATS] = {"repeats",
			 {"f"},
			 "repeats",
			 "make one row of what repeats, or show each again",
			 T | KEY_NEEDS_OFFER},
	[ACT_FOLLOW] = {"follow", {"F"}, "follow", "stay on the newest row as rows come", T},
	[ACT_TRACES] = {"service-traces",
			{"t"},
			"traces",
			"go to the traces of the service under the cursor",
			S | KEY_NEEDS_OFFER},
	[ACT_DEPENDENCIES] = {"dependencies",
			      {"o"},
			      "topology",
			      "who calls the service under the cursor, and whom it calls",
			      S | KEY_NEEDS_OFFER},
	[ACT_CONFIG] = {"service-config",
			{"c"},
			"config",
			"the config keys of the service under the cursor",
			S | KEY_NEEDS_OFFER},
	[ACT_INSTANCE] = {"instance",
			  {"i"},
			  "instance",
			  "go to the instance that the span under the cursor ran on",
			  S | KEY_NEEDS_OFFER},
	[ACT_KEY_OTHER] = {"compare-other",
			   {"v"},
			   "elsewhere",
			   "compare with the same key in another environment or with other labels",
			   KEY_NEEDS_OFFER},
	[ACT_KEY_UNCHANGED] = {"unchanged",
			       {"u"},
			       "unchanged",
			       "show the unchanged lines too, or hide them",
			       KEY_NEEDS_OFFER},
	[ACT_LOG] = {"log",
		     {"l"},
		     "log",
		     "follow the log of the instance, host or service under the cursor",
		     S | KEY_NEEDS_OFFER},
	[ACT_TIME] = {"time",
		      {"i"},
		      "time",
		      "in a log, go to a time: 10:31 or 10:31:02",
		      KEY_NEEDS_OFFER},
	[ACT_SHELL] = {"shell",
		       {"S"},
		       "shell",
		       "a shell on the host, in this terminal; its end comes back",
		       KEY_MUTATES | KEY_NEEDS_OFFER | KEY_NEEDS_TERMINAL | S},
	[ACT_PAUSE] = {"pause", {"p"}, NULL, "hold the screen still; data is read on", 0},
	[ACT_REFETCH] = {"refetch", {"r"}, "ask again", "ask every source again now", 0},
	[ACT_COPY] = {"copy",
		      {"y"},
		      "copy",
		      "copy the name to the terminal's clipboard",
		      S | KEY_NEEDS_TERMINAL},
	[ACT_COPY_JSON] =
		{"copy-json", {"Y"}, NULL, "copy the row as JSON", S | KEY_NEEDS_TERMINAL},
	[ACT_EXPORT] =
		{"export", {"e"}, "export", "write what is shown as JSON, as `sluice get` does", T},
	[ACT_COMMAND] = {"command", {":"}, NULL, "type a command", 0},
	[ACT_HELP] = {"help", {"?"}, "all keys", "all keys, and why one is off", 0},
	[ACT_WRITE] = {"write",
		       {"w"},
		       "write mode",
		       "write mode for 15 minutes, with a reason; again ends it",
		       0},
	[ACT_REPAINT] = {"repaint", {"ctrl-l"}, NULL, "draw the whole screen again", 0},
	[ACT_SUSPEND] = {"suspend", {"ctrl-z"}, NULL, "stop; `fg` comes back", KEY_NEEDS_TERMINAL},
	[ACT_QUIT] = {"quit", {"ctrl-c"}, NULL, "leave the console; runs go on", 0},
	[ACT_RUN_START] = {"start-run",
			   {"L"},
			   "start run",
			   "start a run of a playbook; its plan is shown first (:run PLAYBOOK)",
			   W},
	[ACT_DRAIN] = {"drain",
		       {"D"},
		       "drain",
		       "take the instance, or the marked ones, out of service in the registry",
		       S | W},
	[ACT_ENABLE] = {"enable", {"E"}, "enable", "put them back into service", S | W},
	[ACT_WEIGHT] = {"weight", {"W"}, "weight", "give them a weight in the registry", S | W},
	[ACT_RUN_PROMOTE] = {"promote", {"P"}, "promote", "let the run pass its pause", W},
	[ACT_RUN_HOLD] = {"hold", {"H"}, "hold", "pause the run after the step in hand", W},
	[ACT_RUN_RESUME] = {"resume", {"R"}, "resume", "let a run that stands still go on", W},
	[ACT_RUN_RETRY] = {"retry", {"T"}, "retry", "try failed steps of a run again", W},
	[ACT_RUN_ABORT] = {"abort", {"A"}, "abort", "stop the run and take it back", W},
	[ACT_KEY_EDIT] = {"edit-key",
			  {"E"},
			  "edit",
			  "edit a draft of the config key in $VISUAL or $EDITOR; publishes nothing",
			  KEY_MUTATES | KEY_NEEDS_OFFER | KEY_NEEDS_TERMINAL},
	[ACT_KEY_PUBLISH] = {"publish-key", {"P"}, "publish", "publish the draft", W},
	[ACT_KEY_ROLLBACK] = {"rollback-key",
			      {"B"},
			      "roll back",
			      "publish the value of the revision under the cursor again",
			      W},
	[ACT_RUN_UNDO] = {"undo", {"U"}, "undo", "take the whole run back", W},
};

enum action action_find(const char *name)
{
	int a;

	for (a = ACT_NONE + 1; a < ACT_COUNT; a++)
		if (key_rows[a].name && !strcmp(key_rows[a].name, name))
			return (enum action)a;
	return ACT_NONE;
}

/* --- bindings --- */

#define KEYS_EACH 4

struct bindings {
	uint32_t keys[ACT_COUNT][KEYS_EACH];
};

struct bindings *bindings_new(void)
{
	struct bindings *b = sl_alloc(sizeof *b);
	size_t a, i;

	for (a = 0; a < ACT_COUNT; a++)
		for (i = 0; i < SL_COUNT(key_rows[a].keys) && key_rows[a].keys[i]; i++)
			b->keys[a][i] = input_key_parse(key_rows[a].keys[i]);
	return b;
}

void bindings_free(struct bindings *b)
{
	free(b);
}

static bool has_key(const struct bindings *b, size_t a, uint32_t key)
{
	size_t i;

	for (i = 0; key && i < KEYS_EACH; i++)
		if (b->keys[a][i] == key)
			return true;
	return false;
}

enum action bindings_find(const struct bindings *b, uint32_t key,
			  bool (*fits)(void *arg, enum action a), void *arg)
{
	enum action first = ACT_NONE;
	size_t a;

	for (a = ACT_NONE + 1; a < ACT_COUNT; a++) {
		if (!has_key(b, a, key))
			continue;
		if (!fits || fits(arg, (enum action)a))
			return (enum action)a;
		first = first == ACT_NONE ? (enum action)a : first;
	}
	return first;
}

/* One rule to remember: what changes the world is a capital letter, and no capital that is harmless
 * today may become one. */
static bool may_mutate(uint32_t key)
{
	return key >= 'A' && key <= 'Z' && !strchr("GNFMY", (int)key);
}

static bool is_default(size_t a, uint32_t key)
{
	size_t i;

	for (i = 0; i < SL_COUNT(key_rows[a].keys) && key_rows[a].keys[i]; i++)
		if (input_key_parse(key_rows[a].keys[i]) == key)
			return true;
	return false;
}

/* What shares a key by default does so in different views, and goes on. */
static void take_away(struct bindings *b, enum action from, uint32_t key)
{
	size_t a, i, k;

	for (a = 0; a < ACT_COUNT; a++) {
		if (is_default(from, key) && is_default(a, key))
			continue;
		for (i = k = 0; i < KEYS_EACH; i++)
			if (b->keys[a][i] && b->keys[a][i] != key)
				b->keys[a][k++] = b->keys[a][i];
		while (k < KEYS_EACH)
			b->keys[a][k++] = TKEY_NONE;
	}
}

static int read_keys(enum action a, const char *text, uint32_t *keys, struct sl_error *e)
{
	char copy[128], *save = NULL, *word;
	size_t n = 0;

	snprintf(copy, sizeof copy, "%s", text);
	if (!strcmp(copy, "none"))
		return SL_OK;
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		uint32_t key = input_key_parse(word);

		if (!key)
			return sl_fail(e, SL_EINPUT,
				       "'%s' is no key (they are written j, G, "
				       "ctrl-d, alt-x, f2, enter, space)",
				       word);
		if (n == KEYS_EACH)
			return sl_fail(e, SL_EINPUT, "more than %d keys for '%s'", KEYS_EACH,
				       key_rows[a].name);
		if ((key_rows[a].needs & KEY_MUTATES) && !may_mutate(key))
			return sl_fail(e, SL_EINPUT,
				       "'%s' changes the world: its key must be a capital letter, "
				       "other than G N F M Y",
				       key_rows[a].name);
		keys[n++] = key;
	}
	return SL_OK;
}

int bindings_set(struct bindings *b, const char *name, const char *text, struct sl_error *e)
{
	uint32_t keys[KEYS_EACH] = {0};
	enum action a = action_find(name);
	const char *names[ACT_COUNT], *near;
	size_t i;

	if (a == ACT_NONE) {
		for (i = 0; i < ACT_COUNT; i++)
			names[i] = key_rows[i].name;
		near = sl_text_nearest(name, names, SL_COUNT(names));
		return sl_fail(e, SL_EINPUT, "no key is called '%s'%s%s%s", name,
			       near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	}
	if (read_keys(a, text, keys, e))
		return SL_EINPUT;
	for (i = 0; i < KEYS_EACH; i++)
		if (keys[i])
			take_away(b, a, keys[i]);
	memcpy(b->keys[a], keys, sizeof keys);
	return SL_OK;
}

const char *bindings_text(const struct bindings *b, enum action a, char *dst, size_t size)
{
	char name[32];
	size_t i, at = 0;

	*dst = '\0';
	for (i = 0; i < KEYS_EACH && b->keys[a][i]; i++) {
		int n = snprintf(dst + at, size - at, "%s%s", i ? " " : "",
				 input_key_name(name, sizeof name, b->keys[a][i]));

		if (n < 0 || (size_t)n >= size - at)
			break;
		at += (size_t)n;
	}
	return dst;
}

const char *bindings_first(const struct bindings *b, enum action a, char *dst, size_t size)
{
	*dst = '\0';
	return b->keys[a][0] ? input_key_name(dst, size, b->keys[a][0]) : dst;
}

/* --- the manual --- */

static void put_key(struct sl_buf *out, const char *key)
{
	/* a lone punctuation mark is a delimiter to mdoc, and "\&" keeps it a word */
	bool bare = strlen(key) == 1 && ispunct((unsigned char)*key);

	sl_buf_printf(out, " %s%s", bare ? "\\&" : "", key);
}

void keys_print_mdoc(struct sl_buf *out)
{
	size_t a, i;

	sl_buf_puts(out, ".Bl -tag -width Ds\n");
	for (a = ACT_NONE + 1; a < ACT_COUNT; a++) {
		const struct key_row *row = &key_rows[a];

		if (!row->name || !row->keys[0])
			continue;
		sl_buf_puts(out, ".It Ic");
		for (i = 0; i < SL_COUNT(row->keys) && row->keys[i]; i++)
			put_key(out, row->keys[i]);
		sl_buf_printf(out, " Pq %s\n", row->name);
		sl_buf_printf(out, "%c%s.", toupper((unsigned char)row->help[0]), row->help + 1);
		if (row->needs & KEY_MUTATES)
			sl_buf_puts(out, "\nNeeds write mode.");
		sl_buf_puts(out, "\n");
	}
	sl_buf_puts(out, ".El\n");
}
