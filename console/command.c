/* SPDX-License-Identifier: Apache-2.0 */
/* The `:` line: views by name, a few words that take text, and every key by its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "console/words.h"
#include "orchestrator/view/host_look.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define CHOICES_MAX (ACT_COUNT + 64)

static void set_filter(struct app *a, const char *text)
{
	struct screen *s = app_screen(a);
	struct sl_error e = {0};

	if (s->ops->filter && s->ops->filter(a, s, text, &e))
		app_say(a, PAINT_BAD, "%s", e.msg);
	else if (s->ops->filter)
		return;
	else if (!s->table.data)
		app_say(a, PAINT_WARN, "this view has no list");
	else if (table_filter(&s->table, text, &e))
		app_say(a, PAINT_BAD, "%s", e.msg);
}

static size_t column_names(const struct table *t, const char **names)
{
	size_t n = 0;

	for (size_t i = 0; t->data && i < t->data->view->column_count && n < TABLE_COLUMNS_MAX; i++)
		names[n++] = t->data->view->columns[i].key;
	return n;
}

static void set_sort(struct app *a, const char *text)
{
	struct table *t = &app_screen(a)->table;
	const char *name = *text == '-' ? text + 1 : text, *key, *names[TABLE_COLUMNS_MAX], *near;
	size_t n = column_names(t, names);

	if (!n) {
		app_say(a, PAINT_WARN, "this view has no list");
		return;
	}
	key = vw_column_key(t->data->view, name);
	if (key) {
		free(t->sort);
		t->sort = sl_strdup("");
		table_sort(t, key);
		if ((*text == '-') != (t->sort[0] == '-'))
			table_sort(t, key);
		return;
	}
	near = sl_text_nearest(name, names, n);
	app_say(a, PAINT_BAD, "no column '%s'%s%s%s", name, near ? " (did you mean '" : "",
		near ? near : "; tab shows them", near ? "'?)" : "");
}

static void set_theme(struct app *a, const char *text)
{
	const struct theme *theme = theme_find(text);

	if (!theme) {
		app_say(a, PAINT_BAD, "themes are dark, light and contrast");
		return;
	}
	a->theme = theme;
	if (a->term)
		term_theme(a->term, theme);
}

static void bind_key(struct app *a, const char *text)
{
	char name[64], shown[64];
	const char *keys = strchrnul(text, ' ');
	struct sl_error e = {0};

	snprintf(name, sizeof name, "%.*s", (int)(keys - text), text);
	while (*keys == ' ')
		keys++;
	if (!*name)
		app_say(a, PAINT_WARN, "which one: :bind NAME KEYS, none as the key unbinds it");
	else if (bindings_set(a->bindings, name, keys, &e))
		app_say(a, PAINT_BAD, "%s", e.msg);
	else
		app_say(a, PAINT_OK, "%s is on %s, until the console ends", name,
			*bindings_text(a->bindings, action_find(name), shown, sizeof shown)
				? shown
				: "no key");
}

static void export_to(struct app *a, const char *text)
{
	struct screen *s = app_screen(a);

	if (!s->table.data)
		app_say(a, PAINT_WARN, "this view has no list");
	else
		out_export(a, s, *text ? text : NULL);
}

static void go_time(struct app *a, const char *text)
{
	struct screen *s = app_screen(a);

	if (s->ops->go_time)
		s->ops->go_time(a, s, text);
	else
		app_say(a, PAINT_WARN, "this view has no times to go to");
}

static void leave(struct app *a, const char *text)
{
	(void)text;
	a->quit = true;
}

static void about(struct app *a, const char *text)
{
	(void)text;
	app_open(a, "about", NULL);
}

/* A number shows that run; a playbook is planned, and may then be started. */
static void run_or_plan(struct app *a, const char *text)
{
	bool number = *text && !text[strspn(text, "0123456789")];

	if (!*text)
		app_say(a, PAINT_WARN,
			"which one: :run NUMBER, or :run PLAYBOOK to plan a new one");
	else if (number)
		app_open(a, "run", text);
	else
		app_open(a, "plan", text);
}

static const struct word {
	const char *name, *help;
	void (*run)(struct app *a, const char *text);
} words[] = {
	{"filter", "TEXT", set_filter},
	{"sort", "COLUMN or -COLUMN", set_sort},
	{"theme", "dark, light or contrast", set_theme},
	{"bind", "NAME KEYS", bind_key},
	{"export", "FILE", export_to},
	{"run", "NUMBER or PLAYBOOK [--set NAME=TEXT ...]", run_or_plan},
	{"time", "HH:MM or HH:MM:SS", go_time},
	{"about", "", about},
	{"quit", "", leave},
	{"q", "", leave},
};

static bool is_word(const char *name)
{
	size_t i;

	for (i = 0; i < SL_COUNT(words); i++)
		if (!strcmp(words[i].name, name))
			return true;
	return false;
}

static bool run_word(struct app *a, const char *name, const char *text)
{
	size_t i;

	for (i = 0; i < SL_COUNT(words); i++) {
		if (strcmp(words[i].name, name) != 0)
			continue;
		words[i].run(a, text);
		return true;
	}
	return false;
}

/* What a command may start with. */
static size_t choices(const char **list)
{
	size_t i, n = 0;

	for (i = 0; screens[i]; i++)
		list[n++] = screens[i]->name;
	for (i = 0; i < SL_COUNT(words); i++)
		if (!screen_find(words[i].name))
			list[n++] = words[i].name;
	for (i = ACT_NONE + 1; i < ACT_COUNT; i++)
		if (!is_word(key_rows[i].name) && !screen_find(key_rows[i].name) &&
		    !sl_text_starts(key_rows[i].name, "view-"))
			list[n++] = key_rows[i].name;
	return n;
}

static void unknown(struct app *a, const char *name)
{
	const char *list[CHOICES_MAX], *near = sl_text_nearest(name, list, choices(list));

	app_say(a, PAINT_BAD, "no command '%s'%s%s%s", name, near ? " (did you mean '" : "",
		near ? near : "", near ? "'?)" : "; tab shows them");
}

void command_run(struct app *a, const char *text)
{
	char name[64];
	const char *rest;
	size_t len;

	while (*text == ' ')
		text++;
	len = strcspn(text, " ");
	snprintf(name, sizeof name, "%.*s", (int)len, text);
	rest = text + len;
	while (*rest == ' ')
		rest++;
	if (!*name || run_word(a, name, rest))
		return;
	if (screen_find(name)) {
		if (screen_find(name)->data || *rest)
			app_open(a, name, *rest ? rest : NULL);
		else
			app_say(a, PAINT_WARN, "%s needs to know of which one: :%s ID", name, name);
	} else if (action_find(name) != ACT_NONE) {
		app_act(a, action_find(name));
	} else {
		unknown(a, name);
	}
}

/* --- completion --- */

struct list {
	const char **items;
	size_t count, cap;
};

static void list_add(struct list *l, const char *item)
{
	SL_GROW(l->items, l->count, l->cap);
	l->items[l->count++] = item;
}

/* The one of the list that text begins, with end behind it, or what all of those have in common. */
static char *complete(const char *const *list, size_t n, const char *text, const char *end,
		      struct sl_buf *all)
{
	const char *first = NULL;
	size_t i, found = 0, same = 0;

	for (i = 0; i < n; i++) {
		size_t k = 0;

		if (!sl_text_starts(list[i], text))
			continue;
		sl_buf_printf(all, "%s%s", found ? " " : "", list[i]);
		while (first && first[k] && first[k] == list[i][k])
			k++;
		same = first ? (k < same ? k : same) : strlen(list[i]);
		first = first ? first : list[i];
		found++;
	}
	if (found == 1) {
		sl_buf_clear(all);
		return sl_asprintf("%s%s", first, end);
	}
	return found ? sl_strndup(first, same) : NULL;
}

/* The same of the last word; what stands before it, and signs in front of it, stay. */
static char *complete_last(const struct list *l, const char *text, const char *signs,
			   const char *end, struct sl_buf *all)
{
	const char *last = strrchr(text, ' ');
	char *word, *whole;

	last = last ? last + 1 : text;
	last += strspn(last, signs);
	word = complete(l->items, l->count, last, end, all);
	if (!word)
		return NULL;
	whole = sl_asprintf("%.*s%s", (int)(last - text), text, word);
	free(word);
	return whole;
}

static void list_columns(struct app *a, struct list *l)
{
	const struct table *t = &app_screen(a)->table;
	size_t i;

	for (i = 0; t->data && i < t->data->view->column_count; i++)
		list_add(l, t->data->view->columns[i].key);
}

static void list_services(struct app *a, struct list *l)
{
	const struct catalogue *c = site_catalogue(a->site);
	size_t i;

	for (i = 0; c && i < catalogue_service_count(c); i++)
		list_add(l, catalogue_service(c, i)->service);
}

static void list_hosts(struct app *a, struct list *l)
{
	const struct host_looks *h = site_hosts(a->site);
	size_t i;

	for (i = 0; h && i < host_looks_count(h); i++)
		list_add(l, host_looks_at(h, i)->host->name);
}

static void list_themes(struct app *a, struct list *l)
{
	(void)a;
	list_add(l, "dark");
	list_add(l, "light");
	list_add(l, "contrast");
}

static void list_keys(struct app *a, struct list *l)
{
	int i;

	(void)a;
	for (i = ACT_NONE + 1; i < ACT_COUNT; i++)
		list_add(l, key_rows[i].name);
}

static const struct {
	const char *command, *signs;
	void (*list)(struct app *a, struct list *l);
} arguments[] = {
	{"sort ", "-", list_columns},    {"filter ", "!", list_columns},
	{"theme ", "", list_themes},     {"bind ", "", list_keys},
	{"service ", "", list_services}, {"instances ", "", list_services},
	{"traces ", "", list_services},  {"keys ", "", list_services},
	{"host ", "", list_hosts},       {"log ", "", list_hosts},
};

static char *complete_argument(struct app *a, const char *text, struct sl_buf *all)
{
	struct list l = {0};
	char *whole = NULL;
	size_t i;

	for (i = 0; i < SL_COUNT(arguments); i++) {
		if (!sl_text_starts(text, arguments[i].command))
			continue;
		arguments[i].list(a, &l);
		whole = complete_last(&l, text, arguments[i].signs, "", all);
	}
	free(l.items);
	return whole;
}

static const char *const playbooks[] = {".yaml", ".yml", ".json", NULL};

char *command_complete(struct app *a, const char *text, struct sl_buf *all)
{
	const char *list[CHOICES_MAX];

	if (sl_text_starts(text, "run ") || sl_text_starts(text, "plan "))
		return words_complete_path(text, playbooks, all);
	if (strchr(text, ' '))
		return complete_argument(a, text, all);
	return complete(list, choices(list), text, " ", all);
}

char *filter_complete(struct app *a, const char *text, struct sl_buf *all)
{
	struct list l = {0};
	char *whole;

	list_columns(a, &l);
	whole = complete_last(&l, text, "!", ":", all);
	free(l.items);
	return whole;
}

/* --- filters by name --- */

static size_t names(const struct app *a, const char **list)
{
	size_t i, n = 0;

	for (i = 0; i < a->named.count && n < CHOICES_MAX; i++)
		list[n++] = a->named.items[i].name;
	return n;
}

char *named_complete(struct app *a, const char *text, struct sl_buf *all)
{
	const char *list[CHOICES_MAX];

	return complete(list, names(a, list), text, " ", all);
}

void named_use(struct app *a, const char *text)
{
	const char *list[CHOICES_MAX], *near;
	char name[64];
	size_t i, n = names(a, list);

	snprintf(name, sizeof name, "%.*s", (int)strcspn(text, " "), text);
	for (i = 0; i < n; i++) {
		if (strcmp(list[i], name) != 0)
			continue;
		set_filter(a, a->named.items[i].text);
		return;
	}
	near = n ? sl_text_nearest(name, list, n) : NULL;
	app_say(a, PAINT_BAD, "no filter is named '%s'%s%s%s", name, near ? " (did you mean '" : "",
		near ? near : "", near ? "'?)" : "");
}
