/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "orchestrator/commands/printer.h"
#include "orchestrator/commands/progress_lines.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define FRAME_MS   100  /* at most ten pictures a second */
#define LINE_CELLS 2000 /* of lines that go to a file: nothing is cut but the absurd */

enum mode { MODE_SILENT, MODE_JSON, MODE_LIVE, MODE_LINES };

struct progress {
	struct cli *c;
	enum mode mode;
	bool viewer, begun, resized, detach;
	struct printer *out, *err;
	struct caps caps;
	struct run_view view;
	size_t told, told_undo; /* waves told for good */
	bool titled;
	enum layout_hint hint;
	struct progress_menu *menu;
	uv_timer_t timer;
	uv_signal_t winch;
	int handles;
};

static void look_at_size(struct progress *p)
{
	struct winsize size = {0};

	p->caps.width = 80;
	p->caps.height = 24;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		p->caps.width = size.ws_col;
		p->caps.height = size.ws_row;
	}
}

static void draw(struct progress *p, bool redraw)
{
	struct sl_buf frame;

	if (p->mode != MODE_LIVE || !p->begun)
		return;
	sl_buf_init(&frame, 1u << 20);
	layout_frame(&p->view, p->view.undo.step_count ? p->told_undo : p->told, sl_time_now(),
		     p->hint, &p->caps, &frame);
	printer_frame(p->err, sl_buf_str(&frame), p->caps.width, redraw);
	sl_buf_release(&frame);
}

static void timer_fired(uv_timer_t *timer)
{
	struct progress *p = timer->data;
	bool redraw = p->resized;

	p->resized = false;
	draw(p, redraw);
}

static void winch_came(uv_signal_t *signal, int number)
{
	struct progress *p = signal->data;

	(void)number;
	look_at_size(p);
	p->resized = true;
}

static enum mode choose_mode(const struct cli *c)
{
	const char *term = getenv("TERM");

	if (c->started_fd >= 0)
		return MODE_SILENT;
	if (c->output == OUTPUT_JSON)
		return MODE_JSON;
	if (c->no_color || !isatty(STDERR_FILENO) || !term || !*term || !strcmp(term, "dumb"))
		return MODE_LINES;
	return MODE_LIVE;
}

/* The picture must not keep the loop alive. */
static void start_drawing(struct progress *p)
{
	uv_timer_init(uv_default_loop(), &p->timer);
	p->timer.data = p;
	uv_timer_start(&p->timer, timer_fired, FRAME_MS, FRAME_MS);
	uv_unref((uv_handle_t *)&p->timer);
	uv_signal_init(uv_default_loop(), &p->winch);
	p->winch.data = p;
	uv_signal_start(&p->winch, winch_came, SIGWINCH);
	uv_unref((uv_handle_t *)&p->winch);
	p->handles = 2;
}

struct progress *progress_new(struct cli *c, bool viewer)
{
	struct progress *p = sl_alloc(sizeof *p);

	p->c = c;
	p->viewer = viewer;
	p->mode = choose_mode(c);
	p->hint = viewer ? HINT_VIEWER : c->terminal ? HINT_CONTROLLER : HINT_NONE;
	p->caps = caps_from_environment(c->colour_err);
	p->caps.width = LINE_CELLS;
	if (p->mode == MODE_JSON)
		p->out = printer_new(STDOUT_FILENO, NULL);
	if (p->mode == MODE_LINES || p->mode == MODE_LIVE)
		p->err = printer_new(STDERR_FILENO,
				     "sluice: lines were left out here; `sluice show` has them\n");
	if (p->mode == MODE_LIVE) {
		look_at_size(p);
		start_drawing(p);
	}
	return p;
}

/* --- what comes in --- */

static int feed_history(void *arg, int64_t seq, const cJSON *event)
{
	struct run_view *view = arg;

	(void)seq;
	run_view_feed(view, event);
	return 0;
}

static void tell_title(struct progress *p)
{
	struct sl_buf out;

	if (p->mode != MODE_LIVE || p->titled)
		return;
	p->titled = true;
	sl_buf_init(&out, 1u << 16);
	layout_title(&p->view, &p->caps, NULL, &out);
	printer_lines(p->err, sl_buf_str(&out));
	sl_buf_release(&out);
}

int progress_begin(struct progress *p, int64_t number, const cJSON *plan, struct sl_error *e)
{
	const cJSON *inner = sl_json_get(plan, "plan");
	int rc = run_view_init(&p->view, cJSON_IsObject(inner) ? inner : plan, e);

	if (rc)
		return rc;
	p->view.number = number;
	p->begun = true;
	tell_title(p);
	return 0;
}

static void sink_begin(void *arg, int64_t number, const cJSON *plan)
{
	struct progress *p = arg;
	struct sl_error e = {0};

	detach_started(p->c, number);
	if (progress_begin(p, number, plan, &e) ||
	    /* A resumed run has a past: what was done before is told as done. */
	    store_events_read(p->c->store, number, 0, feed_history, &p->view, &e))
		sl_log(SL_LOG_WARN, "showing run %lld: %s", (long long)number, e.msg);
}

/* Waves that are over scroll up, in order. */
static void tell_waves(struct progress *p)
{
	struct side s = side_now(&p->view);
	size_t *told = p->view.undo.step_count ? &p->told_undo : &p->told;
	struct sl_buf out;

	sl_buf_init(&out, 1u << 20);
	while (*told < s.plan->wave_count && wave_look(&s, *told).mark == MARK_OK)
		layout_wave(&p->view, &s, (*told)++, sl_time_now(), &p->caps, &out);
	if (out.len)
		printer_lines(p->err, sl_buf_str(&out));
	sl_buf_release(&out);
}

/* A side is left for the undo, or for good: its unfinished waves are told as they stand. */
static void tell_rest(struct progress *p, const struct side *s, size_t *told)
{
	struct sl_buf out;

	sl_buf_init(&out, 1u << 20);
	for (; *told < s->plan->wave_count; (*told)++)
		if (wave_look(s, *told).started)
			layout_wave(&p->view, s, *told, sl_time_now(), &p->caps, &out);
	if (out.len)
		printer_lines(p->err, sl_buf_str(&out));
	sl_buf_release(&out);
}

/* What stood unfinished when the undo began is told before it. */
static void tell_before(struct progress *p, const cJSON *event)
{
	struct side forward = side_forward(&p->view);

	if (!strcmp(sl_json_str(event, "event", ""), "undo.started"))
		tell_rest(p, &forward, &p->told);
}

static void tell_lines(struct progress *p, const cJSON *event)
{
	struct caps caps = p->caps;
	struct sl_buf out;

	caps.width =
		LINE_CELLS; /* the terminal folds what is for good: nothing of a reason is cut */
	sl_buf_init(&out, 4u << 20);
	lines_event(&p->view, event, p->mode == MODE_LINES, &caps, &out);
	if (out.len)
		printer_lines(p->err, sl_buf_str(&out));
	sl_buf_release(&out);
}

static void tell_json(struct progress *p, const cJSON *event)
{
	cJSON *shown = cJSON_Duplicate(event, true);
	char *json;

	plan_hide(shown);
	json = sl_json_print(shown);
	printer_lines(p->out, json);
	printer_lines(p->out, "\n");
	free(json);
	cJSON_Delete(shown);
}

void progress_event(struct progress *p, const cJSON *event)
{
	if (!p->begun)
		return;
	run_view_feed(&p->view, event);
	if (p->mode == MODE_JSON)
		tell_json(p, event);
	if (!p->err)
		return;
	if (p->mode == MODE_LIVE)
		tell_before(p, event);
	tell_lines(p, event);
	if (p->mode == MODE_LIVE)
		tell_waves(p);
}

static void sink_event(void *arg, const cJSON *event)
{
	progress_event(arg, event);
}

static void sink_tick(void *arg, const cJSON *tick)
{
	struct progress *p = arg;

	if (p->begun)
		run_view_tick(&p->view, tick);
}

/* --- Ctrl-C --- */

static void menu_chosen(void *arg, enum run_interrupt answer)
{
	struct progress *p = arg;

	p->menu = NULL;
	p->detach = answer == RUN_INT_DETACH;
	p->hint = answer == RUN_INT_CONTINUE ? HINT_CONTROLLER : HINT_STOPPING;
	draw(p, true);
	run_interrupt_answer(answer);
}

static void sink_interrupted(void *arg)
{
	struct progress *p = arg;

	if (p->menu)
		return;
	p->menu = menu_open(p->mode != MODE_LIVE, menu_chosen, p);
	if (!p->menu) { /* nobody to ask: what INT does without a terminal */
		run_interrupt_answer(RUN_INT_PAUSE);
		return;
	}
	p->hint = HINT_MENU;
	draw(p, true);
}

struct run_sink progress_sink(struct progress *p)
{
	return (struct run_sink){.begin = sink_begin,
				 .event = sink_event,
				 .tick = sink_tick,
				 .interrupted = sink_interrupted,
				 .arg = p};
}

const struct run_view *progress_view(const struct progress *p)
{
	return p->begun ? &p->view : NULL;
}

bool progress_detach_wanted(const struct progress *p)
{
	return p->detach;
}

/* --- the end --- */

static void handle_closed(uv_handle_t *handle)
{
	struct progress *p = handle->data;

	p->handles--;
}

static void stop_drawing(struct progress *p)
{
	struct side s = side_now(&p->view);

	uv_close((uv_handle_t *)&p->timer, handle_closed);
	uv_close((uv_handle_t *)&p->winch, handle_closed);
	while (p->handles)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	if (!p->begun)
		return;
	if (p->view.state == VIEW_ENDED)
		tell_rest(p, &s, p->view.undo.step_count ? &p->told_undo : &p->told);
	printer_frame(p->err, "", p->caps.width, true);
}

static void print_result(struct progress *p, int code)
{
	char words[200];

	if (p->mode == MODE_JSON || p->mode == MODE_SILENT || !p->begun)
		return;
	if (p->view.state == VIEW_ENDED)
		layout_result(&p->view, words, sizeof words);
	else if (code == RUN_INTERRUPTED)
		snprintf(words, sizeof words, "%s",
			 p->viewer   ? "goes on"
			 : p->detach ? "detaching"
				     : "interrupted, can be resumed");
	else if (p->view.state == VIEW_PAUSED || code == RUN_PAUSED)
		snprintf(words, sizeof words, "paused; go on with: sluice %s %lld",
			 p->view.pause_step && !p->view.paused_by_operator ? "promote" : "resume",
			 (long long)p->view.number);
	else
		snprintf(words, sizeof words, "not finished; see `sluice show %lld`",
			 (long long)p->view.number);
	printf("run %lld (%s %s): %s\n", (long long)p->view.number,
	       p->view.plan.service ? p->view.plan.service : "-",
	       p->view.plan.version  ? p->view.plan.version
	       : p->view.plan.action ? p->view.plan.action
				     : "-",
	       words);
}

void progress_finish(struct progress *p, int code)
{
	menu_close(p->menu);
	if (p->mode == MODE_LIVE)
		stop_drawing(p);
	printer_close(p->err);
	printer_close(p->out);
	print_result(p, code);
	if (p->begun)
		run_view_release(&p->view);
	free(p);
}
