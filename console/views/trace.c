/* SPDX-License-Identifier: Apache-2.0 */
/* One trace: its waterfall, and all that is known of the span under the cursor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/ask.h"
#include "console/views/trace_seen.h"
#include "console/views/views.h"
#include "orchestrator/view/host_look.h"
#include "orchestrator/view/trace_json.h"
#include "plugins/sdk/mem.h"

enum {
	FOOT = 4,      /* an empty line, where the time went, two lines of the span */
	FOOT_FROM = 10 /* rows of a body that has room for them */
};

static const enum action hints[] = {ACT_ENTER,   ACT_FOLD, ACT_NEXT, ACT_INSTANCE,
				    ACT_REFETCH, ACT_COPY, ACT_BACK, ACT_NONE};
static const enum action offers[] = {
	ACT_DOWN,      ACT_UP,       ACT_TOP,  ACT_BOTTOM, ACT_PAGE_DOWN, ACT_PAGE_UP,
	ACT_HALF_DOWN, ACT_HALF_UP,  ACT_LEFT, ACT_RIGHT,  ACT_NEXT,      ACT_PREVIOUS,
	ACT_FOLD,      ACT_INSTANCE, ACT_LOG,  ACT_NONE,
};

struct own {
	struct ask *ask; /* NULL = there is nobody to ask, or nothing */
	struct trace_seen seen;
};

static void open_own(struct app *a, struct screen *s)
{
	struct own *o = s->own;

	if (!s->subject || !traces_have_source(a))
		return;
	o->ask = ask_new(a->site, true, s->subject);
	ask_again(o->ask);
}

static void close_own(struct screen *s)
{
	struct own *o = s->own;

	trace_seen_release(&o->seen);
	ask_free(o->ask);
}

static void refresh(struct app *a, struct screen *s)
{
	struct own *o = s->own;
	const struct traces *found;

	(void)a;
	if (!o->ask || !ask_take(o->ask))
		return;
	found = ask_state(o->ask).found;
	if (found && (!found->count || !found->items[0]->count))
		found = NULL;
	if (!found || found->items[0] != o->seen.w.trace) /* an old one may stay */
		trace_seen_set(&o->seen, found ? found->items[0] : NULL);
}

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct own *o = s->own;
	struct ask_state now;

	if (!o->ask)
		return false;
	now = ask_state(o->ask);
	if (now.under_way || now.failed || o->seen.w.trace ||
	    now.found->answered < now.found->source_count)
		return ask_say(o->ask, a->fixed_now, paint, text, size);
	*paint = PAINT_WARN;
	snprintf(text, size,
		 "no tracing source has this trace: a wrong id, not sampled, or too old");
	return true;
}

/* --- keys --- */

static bool move(struct trace_seen *t, enum action what)
{
	long page = t->page > 1 ? (long)t->page - 1 : 1, half = page > 1 ? page / 2 : 1;
	long all = (long)t->w.count;

	switch (what) {
	case ACT_DOWN:
	case ACT_UP:
		trace_seen_move(t, what == ACT_DOWN ? 1 : -1);
		return true;
	case ACT_TOP:
	case ACT_BOTTOM:
		trace_seen_move(t, what == ACT_BOTTOM ? all : -all);
		return true;
	case ACT_PAGE_DOWN:
	case ACT_PAGE_UP:
		trace_seen_move(t, what == ACT_PAGE_DOWN ? page : -page);
		return true;
	case ACT_HALF_DOWN:
	case ACT_HALF_UP:
		trace_seen_move(t, what == ACT_HALF_DOWN ? half : -half);
		return true;
	case ACT_LEFT:
		t->w.indent -= t->w.indent > 1 ? 2 : 0;
		return true;
	case ACT_RIGHT:
		t->w.indent += t->w.indent < 2000 ? 2 : 0;
		return true;
	default:
		return false;
	}
}

static void copy(struct app *a, const char *text)
{
	size_t n = strlen(text);

	if (term_copy(a->term, text, n))
		app_say(a, PAINT_OK, "copied %zu bytes to the terminal's clipboard", n);
	else
		app_say(a, PAINT_WARN, "%zu bytes are too much for this terminal's clipboard", n);
}

static void copy_trace(struct app *a, const struct trace *t, bool json)
{
	cJSON *doc;
	char *text;

	if (!json) {
		copy(a, t->id);
		return;
	}
	doc = trace_json(t);
	text = sl_json_print(doc);
	copy(a, text);
	free(text);
	cJSON_Delete(doc);
}

/* The row of that address; a span may not know its port, nor a registry its. */
static const char *find_instance(const struct table *t, const char *address, unsigned port)
{
	const char *id = NULL;
	size_t i;

	for (i = 0; i < t->count; i++) {
		const struct vw_row *row = table_shown(t, i);
		const struct vw_cell *at = table_cell(t, row, "address"),
				     *host = table_cell(t, row, "host");
		const struct vw_cell *here = table_cell(t, row, "port");
		bool same = (at && !strcmp(at->text, address)) ||
			    (host && !strcmp(host->text, address));

		if (!same || (port && here && here->number != port))
			continue;
		if (id) /* two instances there: which one is not known */
			return NULL;
		id = row->id;
	}
	return id;
}

static void go_to_instance(struct app *a, const struct trace_node *n)
{
	char *service = sl_strdup(n->service), *address = sl_strdup(n->address), port[16] = "";
	const char *id;

	if (n->port)
		snprintf(port, sizeof port, ":%u", n->port);
	app_jump(a, 1, NULL);
	app_open(a, "instances", service);
	id = *address ? find_instance(&app_screen(a)->table, address, n->port) : NULL;
	if (!id || !table_go_id(&app_screen(a)->table, id))
		app_say(a, PAINT_WARN, "no one instance of %s is known to stand at %s%s", service,
			*address ? address : "an address that the span does not say", port);
	free(service);
	free(address);
}

static void go_to_log(struct app *a, const struct trace_node *n)
{
	char subject[300];

	if (host_looks_place(site_hosts(a->site), NULL, n->address, n->port, subject,
			     sizeof subject))
		app_open(a, "log", subject);
	else
		app_say(a, PAINT_WARN, "the span does not say its address");
}

static bool act_trace(struct app *a, struct trace_seen *t, enum action what)
{
	switch (what) {
	case ACT_ENTER:
		if (!trace_seen_fold(t))
			app_say(a, PAINT_DIM, "nothing hangs below this span");
		return true;
	case ACT_FOLD:
		trace_seen_spread(t);
		app_say(a, PAINT_DIM,
			t->spread ? "each span has a row of its own"
				  : "spans alike stand in one row");
		return true;
	case ACT_NEXT:
	case ACT_PREVIOUS:
		if (!trace_seen_next_error(t, what == ACT_PREVIOUS))
			app_say(a, PAINT_OK, "no span has an error");
		return true;
	case ACT_INSTANCE:
		go_to_instance(a, &t->w.trace->nodes[t->rows[t->w.cursor].node]);
		return true;
	case ACT_LOG:
		go_to_log(a, &t->w.trace->nodes[t->rows[t->w.cursor].node]);
		return true;
	case ACT_COPY:
	case ACT_COPY_JSON:
		copy_trace(a, t->w.trace, what == ACT_COPY_JSON);
		return true;
	default:
		return move(t, what);
	}
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct own *o = s->own;

	if (what == ACT_REFETCH && o->ask) {
		ask_again(o->ask);
		return true;
	}
	return o->seen.w.trace && act_trace(a, &o->seen, what);
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	const struct own *o = s->own;

	(void)a;
	if (what == ACT_PREVIEW)
		return "what is known of the span stands below";
	if (what == ACT_INSTANCE && o->seen.w.count &&
	    !*o->seen.w.trace->nodes[o->seen.rows[o->seen.w.cursor].node].service)
		return "the span does not say its service";
	if (!o->seen.w.trace && (key_rows[what].needs & (KEY_NEEDS_TABLE | KEY_NEEDS_SELECTION)))
		return "there is no trace";
	return NULL;
}

/* --- the screen --- */

static void draw_foot(const struct waterfall *w, struct canvas *c, struct rect r)
{
	static const enum paint paints[] = {PAINT_TEXT, PAINT_DIM};
	char text[1024];
	unsigned i;

	canvas_text(c, r.x + 2, r.y + 1, r.width - 3, look(PAINT_WARN),
		    wf_summary(text, sizeof text, w->trace));
	for (i = 0; i < 2; i++)
		canvas_text(c, r.x + 2, r.y + 2 + i, r.width - 3, look(paints[i]),
			    waterfall_detail(w, i, text, sizeof text));
}

static void draw(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	struct own *o = s->own;
	struct waterfall *w = &o->seen.w;
	struct rect foot = {r.x, r.y + r.height - FOOT, r.width, FOOT};
	enum paint paint = PAINT_DIM;
	char text[512];

	if (!w->trace) {
		if (!state(a, s, &paint, text, sizeof text))
			snprintf(text, sizeof text, "%s", s->ops->empty);
		canvas_text(c, r.x + 5, r.y + 2, r.width - 6, look(paint), text);
		return;
	}
	if (r.height >= FOOT_FROM) {
		r.height -= FOOT;
		draw_foot(w, c, foot);
	}
	o->seen.page = r.height > 1 ? r.height - 1 : 1;
	w->top = waterfall_scroll(w, r.height);
	waterfall_draw(c, r, w);
}

static void crumb(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	const struct trace *t = ((struct own *)s->own)->seen.w.trace;
	char took[24];
	unsigned x = r.x;

	(void)a;
	if (!t || !r.width)
		return;
	x += canvas_printf(c, x, r.y, r.x + r.width - x, look(PAINT_DIM), "%s   %zu services",
			   wf_duration(took, sizeof took, t->duration_us), t->service_count);
	if (t->errors && x < r.x + r.width)
		canvas_printf(c, x, r.y, r.x + r.width - x, look(PAINT_BAD), "   %zu with an error",
			      t->errors);
}

static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct waterfall *w = &((struct own *)s->own)->seen.w;
	const struct trace_node *n;
	const struct wf_row *row;
	char took[24];

	(void)a;
	if (!w->trace || w->cursor >= w->count)
		return false;
	row = &w->rows[w->cursor];
	n = &w->trace->nodes[row->node];
	wf_label(name, 256, w->trace, row);
	snprintf(text, size, "%s, %s%s%s, row %zu of %zu",
		 wf_duration(took, sizeof took, row->duration_us), trace_kind_word(n->kind),
		 row->critical ? ", on the critical path" : "", row->error ? ", with an error" : "",
		 w->cursor + 1, w->count);
	return true;
}

const struct screen_ops view_trace = {
	.name = "trace",
	.title = "Trace",
	.twin = "get trace ID",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct own),
	.empty = "which trace? The inventory (-i INVENTORY) names no tracing source",
	.open = open_own,
	.close = close_own,
	.refresh = refresh,
	.draw = draw,
	.act = act,
	.why = why,
	.crumb = crumb,
	.selection = selection,
	.state = state,
};
