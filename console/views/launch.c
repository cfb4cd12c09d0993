/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that may be started: `sluice plan` looks and saves its plan, which stands here to be read;
 * from here, and only from here, `sluice run --detach` carries out exactly that plan. The subject
 * is the command line, "PLAYBOOK --set NAME=TEXT ...".
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/views/views.h"
#include "console/words.h"
#include "orchestrator/commands/progress_model.h"
#include "orchestrator/playbook/playbook.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define PLAN_MAX   (64u << 20) /* bytes of a saved plan */
#define TEXT_MAX   (4u << 20)  /* bytes of it as text */
#define WORDS_MAX  60
#define TYPE_ABOVE 10 /* instances: above, the service's name must be typed */

static const enum action hints[] = {ACT_DOWN, ACT_REFETCH, ACT_BACK, ACT_RUN_START, ACT_NONE};
static const enum action offers[] = {
	ACT_DOWN,      ACT_UP,      ACT_TOP,  ACT_BOTTOM, ACT_PAGE_DOWN, ACT_PAGE_UP,
	ACT_HALF_DOWN, ACT_HALF_UP, ACT_LEFT, ACT_RIGHT,  ACT_RUN_START, ACT_NONE,
};

enum phase { PHASE_PLANNING, PHASE_READY, PHASE_FAILED, PHASE_STARTING };

/* What the plan says that the question must say too. */
struct gist {
	char *name, *targets; /* targets: one a line */
	size_t count;
	bool production;
};

/* Outlives its screen while `sluice` is under way. */
struct launch {
	struct app *app;
	struct screen *screen; /* NULL = it was left */
	struct spawned *child; /* NULL = nothing is under way */
	enum phase phase;
	char *folder, *file; /* ours; the plan is saved there */
	char *text;          /* the plan, or why there is none */
	size_t lines, top;
	unsigned left, page;
	int code;
	struct gist gist;
};

static void gist_release(struct gist *g)
{
	free(g->name);
	free(g->targets);
	*g = (struct gist){0};
}

static void folder_remove(struct launch *l)
{
	if (l->file)
		unlink(l->file);
	if (l->folder)
		rmdir(l->folder);
	free(l->file);
	free(l->folder);
	l->file = l->folder = NULL;
}

static void launch_free(struct launch *l)
{
	folder_remove(l);
	gist_release(&l->gist);
	free(l->text);
	free(l);
}

static bool folder_make(struct launch *l)
{
	const char *tmp = getenv("TMPDIR");

	l->folder = sl_asprintf("%s/sluice-plan-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(l->folder)) {
		free(l->folder);
		l->folder = NULL;
		return false;
	}
	l->file = sl_asprintf("%s/plan.json", l->folder);
	return true;
}

/* Without the line that says how to go on from a shell. */
static void set_text(struct launch *l, const char *said)
{
	const char *line, *end;
	struct sl_buf out;

	sl_buf_init(&out, TEXT_MAX + 1);
	l->lines = l->top = 0;
	l->left = 0;
	for (line = said; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (sl_text_starts(line, "Saved; carry it out"))
			continue;
		sl_buf_append(&out, line, (size_t)(end - line));
		sl_buf_puts(&out, "\n");
		l->lines++;
	}
	free(l->text);
	l->text = sl_strdup(sl_buf_str(&out));
	sl_buf_release(&out);
}

static void fail(struct launch *l, const char *why)
{
	l->phase = PHASE_FAILED;
	set_text(l, why);
	app_dirty(l->app);
}

/* --- the plan --- */

static cJSON *read_plan(const char *path, struct sl_error *e)
{
	FILE *f = fopen(path, "re");
	struct sl_buf text;
	char part[65536];
	cJSON *doc;
	size_t n;

	if (!f) {
		sl_fail(e, SL_EIO, "the plan was not saved");
		return NULL;
	}
	sl_buf_init(&text, PLAN_MAX);
	while ((n = fread(part, 1, sizeof part, f)) > 0 && !text.truncated)
		sl_buf_append(&text, part, n);
	fclose(f);
	doc = sl_json_parse(sl_buf_str(&text), text.len, e);
	sl_buf_release(&text);
	return doc;
}

static char *target_lines(const struct run_view *v, size_t *count)
{
	struct instance_state *list;
	struct sl_buf out;
	char *text;
	size_t i;

	sl_buf_init(&out, 1u << 20);
	*count = instances_look(v, &list);
	for (i = 0; i < *count; i++) {
		sl_buf_puts(&out, list[i].host);
		if (list[i].port)
			sl_buf_printf(&out, ":%u", list[i].port);
		sl_buf_printf(&out, "  %s\n", list[i].service);
	}
	free(list);
	text = sl_strdup(sl_buf_str(&out));
	sl_buf_release(&out);
	return text;
}

/* The inventory that the plan was made with says whether this is production. */
static bool is_production(const cJSON *doc)
{
	struct diags *d = diags_new();
	struct inventory_file *f = inventory_load_text(sl_json_str(doc, "inventory", "inventory"),
						       sl_json_str(doc, "inventoryText", ""), d);
	bool yes = f && f->production;

	if (f)
		inventory_free(f);
	diags_free(d);
	return yes;
}

static int gist_read(struct launch *l, struct sl_error *e)
{
	cJSON *doc = read_plan(l->file, e);
	struct run_view v;
	int rc;

	gist_release(&l->gist);
	if (!doc)
		return e->code;
	rc = run_view_init(&v, sl_json_get(doc, "plan"), e);
	if (!rc) {
		l->gist.targets = target_lines(&v, &l->gist.count);
		l->gist.name = sl_strdup(v.plan.service ? v.plan.service : "start");
		l->gist.production = is_production(doc) || site_production(l->app->site);
		run_view_release(&v);
	}
	cJSON_Delete(doc);
	return rc;
}

static void planned(void *arg, int code, const char *said)
{
	struct launch *l = arg;
	struct sl_error e = {0};

	l->child = NULL;
	if (!l->screen) {
		launch_free(l);
		return;
	}
	l->code = code;
	set_text(l, said);
	l->phase = code ? PHASE_FAILED : PHASE_READY;
	if (!code && gist_read(l, &e))
		fail(l, e.msg);
	app_dirty(l->app);
}

static const char *const takes_value[] = {"--set", "--vars-file", "--limit", "-i", "--inventory"};

/* What else there is to say on a command line of `sluice plan` is not for here. */
static const char *words_wrong(char *const *words, size_t n)
{
	size_t i, k, plain = 0;

	for (i = 0; i < n; i++) {
		bool known = words[i][0] != '-';

		plain += known;
		for (k = 0; !known && k < SL_COUNT(takes_value); k++) {
			size_t len = strlen(takes_value[k]);

			known = sl_text_starts(words[i], takes_value[k]) &&
				(!words[i][len] || words[i][len] == '=');
			i += known && !words[i][len];
		}
		if (!known)
			return "only --set, --vars-file, --limit and -i can be given here";
	}
	return plain == 1 ? NULL : "give one playbook: :run PLAYBOOK [--set NAME=TEXT ...]";
}

static void plan_begin(struct launch *l)
{
	const char *args[WORDS_MAX + 6] = {"plan", "--no-color", "--out"};
	struct spawn_how how = {
		.args = args, .keep = TEXT_MAX, .ends_with_us = true, .done = planned, .arg = l};
	struct sl_error e = {0};
	char *words[WORDS_MAX];
	const char *wrong;
	size_t n, i;

	folder_remove(l);
	if (words_split(l->screen->subject, words, WORDS_MAX, &n, &e)) {
		fail(l, e.msg);
		return;
	}
	wrong = words_wrong(words, n);
	if (!wrong && !folder_make(l))
		wrong = "no folder can be made in $TMPDIR for the plan";
	l->phase = PHASE_PLANNING;
	set_text(l, "");
	args[3] = l->file;
	for (i = 0; i < n; i++)
		args[4 + i] = words[i];
	if (wrong)
		fail(l, wrong);
	else if (site_spawn(l->app->site, &how, &l->child, &e))
		fail(l, e.msg);
	words_free(words, n);
	app_dirty(l->app);
}

/* --- the run --- */

static void started(void *arg, int code, const char *said)
{
	struct launch *l = arg;
	struct app *a = l->app;
	long long number = 0;
	char id[32];

	l->child = NULL;
	folder_remove(l);
	if (code || sscanf(said, "run %lld ", &number) != 1) {
		app_say(a, PAINT_BAD, "the run was not started: %s", said);
		fail(l, *said ? said : "the run was not started");
	} else {
		snprintf(id, sizeof id, "%012lld", number);
		if (l->screen && app_screen(a) == l->screen && a->overlay == OVERLAY_NONE) {
			l->screen = NULL; /* what was read is done with, on whatever tab it stood */
			app_back(a);
			app_jump(a, 5, NULL);
			app_open(a, "run", id);
		}
		app_say(a, PAINT_OK, "run %lld has begun; it goes on without the console", number);
	}
	a->data_dirty = true;
	if (!l->screen)
		launch_free(l);
}

static struct launch *front(struct app *a)
{
	struct screen *s = app_screen(a);

	return s->ops == &view_launch ? *(struct launch **)s->own : NULL;
}

static bool go(struct app *a, void *arg)
{
	struct launch *l = front(a);
	const char *args[] = {"run",           "--detach",         "-y", "--reason",
			      a->write_reason, l ? l->file : NULL, NULL};
	struct spawn_how how = {.args = args, .keep = TEXT_MAX, .done = started, .arg = l};
	struct sl_error e = {0};

	(void)arg;
	if (!l || l->phase != PHASE_READY)
		return false;
	if (site_spawn(a->site, &how, &l->child, &e)) {
		app_say(a, PAINT_BAD, "%s", e.msg);
		return false;
	}
	l->phase = PHASE_STARTING;
	return true;
}

static void ask(struct app *a, struct launch *l)
{
	const struct gist *g = &l->gist;
	bool heavy = g->production || g->count > TYPE_ABOVE;
	char title[256];

	snprintf(title, sizeof title, "Start: this plan is carried out (%zu instance%s%s)",
		 g->count, g->count == 1 ? "" : "s", g->production ? ", PRODUCTION" : "");
	dialog_confirm(a, title, g->targets, g->count, heavy ? g->name : NULL, go, NULL);
}

/* --- the screen --- */

static void open_own(struct app *a, struct screen *s)
{
	struct launch *l = sl_alloc(sizeof *l);

	*(struct launch **)s->own = l;
	l->app = a;
	l->screen = s;
	if (s->subject)
		plan_begin(l);
	else
		fail(l, "which playbook? :run PLAYBOOK [--set NAME=TEXT ...]");
}

/* A plan that nobody will read is not made; a run that was asked for is started. */
static void close_own(struct screen *s)
{
	struct launch *l = *(struct launch **)s->own;

	if (!l->screen)
		return;
	l->screen = NULL;
	if (!l->child)
		launch_free(l);
	else if (l->phase == PHASE_PLANNING)
		spawned_end(l->child);
}

static void scroll(struct launch *l, long by)
{
	size_t last = l->lines > l->page ? l->lines - l->page : 0;
	long to = (long)l->top + by;

	l->top = to < 0 ? 0 : (size_t)to > last ? last : (size_t)to;
}

static bool move(struct launch *l, enum action what)
{
	long page = l->page > 1 ? (long)l->page - 1 : 1, half = page > 1 ? page / 2 : 1;

	switch (what) {
	case ACT_DOWN:
	case ACT_UP:
		scroll(l, what == ACT_DOWN ? 1 : -1);
		return true;
	case ACT_TOP:
	case ACT_BOTTOM:
		scroll(l, what == ACT_TOP ? -(long)l->lines : (long)l->lines);
		return true;
	case ACT_PAGE_DOWN:
	case ACT_PAGE_UP:
		scroll(l, what == ACT_PAGE_DOWN ? page : -page);
		return true;
	case ACT_HALF_DOWN:
	case ACT_HALF_UP:
		scroll(l, what == ACT_HALF_DOWN ? half : -half);
		return true;
	case ACT_LEFT:
		l->left -= l->left > 8 ? 8 : l->left;
		return true;
	case ACT_RIGHT:
		l->left += l->left < 2000 ? 8 : 0;
		return true;
	default:
		return false;
	}
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct launch *l = *(struct launch **)s->own;

	if (what == ACT_RUN_START)
		ask(a, l);
	else if (what == ACT_REFETCH)
		plan_begin(l);
	else
		return move(l, what);
	return true;
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	const struct launch *l = *(struct launch **)s->own;

	(void)a;
	if (what == ACT_PREVIEW || what == ACT_ENTER || what == ACT_COPY || what == ACT_COPY_JSON)
		return "this is a text";
	if (l->child && (what == ACT_REFETCH || what == ACT_RUN_START))
		return l->phase == PHASE_PLANNING ? "the plan is being made"
						  : "the run is being started";
	if (what == ACT_REFETCH && !s->subject)
		return "there is no playbook";
	if (what == ACT_RUN_START && l->phase != PHASE_READY)
		return "there is no plan that could be carried out";
	if (what == ACT_RUN_START && !l->gist.count)
		return "the plan changes no instance";
	return NULL;
}

/* Headings stand at the margin; what goes wrong is named in its first words. */
static struct look line_look(const struct launch *l, const char *line)
{
	if (l->phase == PHASE_FAILED)
		return look(strstr(line, "error") || sl_text_starts(line, "sluice:") ? PAINT_BAD
										     : PAINT_TEXT);
	if (strstr(line, "warning"))
		return look(PAINT_WARN);
	return isspace((unsigned char)*line) ? look(PAINT_TEXT) : look_bold(PAINT_BRIGHT);
}

static void draw(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	struct launch *l = *(struct launch **)s->own;
	const char *line = l->text, *end;
	char text[2048];
	size_t i;

	(void)a;
	l->page = r.height;
	scroll(l, 0);
	if (l->phase == PHASE_PLANNING)
		canvas_text(c, r.x + 5, r.y + 2, r.width - 6, look(PAINT_WORK),
			    "planning: hosts and routers are looked at, nothing is changed");
	for (i = 0; line && *line && i < l->top + r.height; i++) {
		end = strchrnul(line, '\n');
		snprintf(text, sizeof text, "%.*s", (int)(end - line), line);
		if (i >= l->top)
			canvas_text(c, r.x + 1, r.y + (unsigned)(i - l->top), r.width - 2,
				    line_look(l, line), text + sl_text_fit(text, l->left));
		line = *end ? end + 1 : end;
	}
}

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct launch *l = *(struct launch **)s->own;

	(void)a;
	*paint = PAINT_DIM;
	if (l->lines > l->page)
		snprintf(text, size, "lines %zu to %zu of %zu", l->top + 1, l->top + l->page,
			 l->lines);
	return l->lines > l->page;
}

static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct launch *l = *(struct launch **)s->own;
	char key[32];

	snprintf(name, 256, "plan");
	switch (l->phase) {
	case PHASE_PLANNING:
		snprintf(text, size, "is being made");
		break;
	case PHASE_READY:
		snprintf(text, size, "of %zu instance%s; nothing is changed yet, %s starts it",
			 l->gist.count, l->gist.count == 1 ? "" : "s",
			 bindings_first(a->bindings, ACT_RUN_START, key, sizeof key));
		break;
	case PHASE_FAILED:
		snprintf(text, size, "cannot be carried out; %s plans again",
			 bindings_first(a->bindings, ACT_REFETCH, key, sizeof key));
		break;
	case PHASE_STARTING:
		snprintf(text, size, "is handed to a controller in the background");
		break;
	}
	return true;
}

const struct screen_ops view_launch = {
	.name = "plan",
	.title = "Plan",
	.twin = "plan PLAYBOOK",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct launch *),
	.open = open_own,
	.close = close_own,
	.draw = draw,
	.act = act,
	.why = why,
	.state = state,
	.selection = selection,
};
