/* SPDX-License-Identifier: Apache-2.0 */
/* sluice show: a run as its journal tells it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "orchestrator/commands/command.h"
#include "orchestrator/commands/progress_lines.h"
#include "orchestrator/run/view_read.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

int run_view_load(const struct cli *c, const struct store_run *r, struct run_view *v)
{
	struct sl_error e = {0};

	return run_view_read(v, c->store, r->number, &e) ? cli_fail(&e) : RUN_DONE;
}

void run_next_command(const struct store_run *r, const struct run_view *v, char *dst, size_t size)
{
	long long n = r->number;

	*dst = '\0';
	if (!strcmp(r->state, "ended")) {
		if (!strcmp(r->outcome, "owed"))
			snprintf(dst, size, "sluice resume %lld", n);
		else if (!strcmp(r->outcome, "needsHuman"))
			snprintf(dst, size, "sluice retry %lld, or: sluice undo %lld", n, n);
		return;
	}
	if (v->pause_step && !v->paused_by_operator)
		snprintf(dst, size, "sluice promote %lld, or: sluice abort %lld", n, n);
	else if (v->state == VIEW_PAUSED && v->failure)
		snprintf(dst, size, "sluice retry %lld, or: sluice abort %lld", n, n);
	else if (v->state == VIEW_PAUSED || !store_controller_alive(&r->controller))
		snprintf(dst, size, "sluice resume %lld, or: sluice undo %lld", n, n);
}

/* --- JSON --- */

struct gather {
	cJSON *traffic;
	cJSON *owed; /* of the last run.ended; NULL = none */
};

static int gather_event(void *arg, int64_t seq, const cJSON *event)
{
	struct gather *g = arg;
	const char *name = sl_json_str(event, "event", "");
	cJSON *one;

	(void)seq;
	if (!strcmp(name, "traffic.set")) {
		one = cJSON_CreateObject();
		sl_json_add_str(one, "time", sl_json_str(event, "time", NULL));
		sl_json_add_num(one, "want", sl_json_num(event, "want", 0));
		sl_json_add_num(one, "real", sl_json_num(event, "real", 0));
		cJSON_AddItemToArray(g->traffic, one);
	} else if (!strcmp(name, "run.ended") && cJSON_IsArray(sl_json_get(event, "owed"))) {
		cJSON_Delete(g->owed);
		g->owed = cJSON_Duplicate(sl_json_get(event, "owed"), true);
	}
	return 0;
}

static void add_time(cJSON *doc, const char *key, int64_t ms)
{
	char text[40];

	sl_json_add_str(doc, key, ms ? sl_time_format(text, sizeof text, ms) : NULL);
}

static void add_wave(cJSON *list, const struct side *s, size_t i)
{
	struct wave_state state = wave_look(s, i);
	cJSON *one = cJSON_CreateObject();

	sl_json_add_int(one, "wave", (int64_t)i + 1);
	sl_json_add_str(one, "title", s->plan->waves[i].title);
	sl_json_add_bool(one, "undo", s->plan->undo);
	sl_json_add_str(one, "state", mark_looks[state.mark].word);
	sl_json_add_int(one, "done", (int64_t)state.done);
	sl_json_add_int(one, "total", (int64_t)state.total);
	add_time(one, "started", state.started);
	add_time(one, "ended", state.mark == MARK_WORKING ? 0 : state.ended);
	cJSON_AddItemToArray(list, one);
}

static const char *state_word(const struct side *s, const struct view_step *seen)
{
	switch (seen->state) {
	case PROGRESS_NONE:
		return s->over ? "notRun" : "waiting";
	case PROGRESS_STARTED:
		return "started";
	case PROGRESS_OK:
		return "ok";
	case PROGRESS_FAILED:
		return "failed";
	case PROGRESS_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}

/* RUN, section 1: what takes a step back. */
static const char *undo_word(const struct plan_step *s)
{
	static const char *const words[DO_COUNT] = {
		[DO_CLAIM] = "release",      [DO_STAGE] = "drop what was staged",
		[DO_DRAIN] = "return",       [DO_SWAP] = "swap back",
		[DO_RETURN] = "drain",       [DO_WEIGHT] = "prior weights",
		[DO_CHANGE] = "prior value", [DO_CONFIG] = "prior value",
	};

	if (s->what == DO_RUN)
		return s->undo;
	return s->what < DO_COUNT ? words[s->what] : NULL;
}

static void add_change(cJSON *one, const struct plan_step *step, const struct view_step *seen)
{
	static const char *const keys[] = {"prior", "target"};

	sl_json_add_str(one, "subject", step->name);
	for (size_t i = 0; i < SL_COUNT(keys); i++) {
		const cJSON *value = sl_json_get(seen->intent, keys[i]);

		cJSON_AddItemToObject(one, keys[i],
				      value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
	}
}

static void add_step(cJSON *list, const struct side *s, size_t i)
{
	const struct plan_step *step = &s->plan->steps[i];
	const struct view_step *seen = &s->steps[i];
	cJSON *one = cJSON_CreateObject(), *error;

	sl_json_add_str(one, "id", step->id);
	sl_json_add_int(one, "wave", (int64_t)step->wave + 1);
	sl_json_add_str(one, "do", plan_do_name(step->what));
	sl_json_add_str(one, "service", step->service);
	sl_json_add_str(one, "host", step->host);
	if (step->port)
		sl_json_add_int(one, "port", step->port);
	else
		cJSON_AddNullToObject(one, "port");
	sl_json_add_str(one, "state", state_word(s, seen));
	add_time(one, "started", seen->started);
	add_time(one, "ended", seen->ended);
	sl_json_add_str(one, "undo", s->plan->undo ? NULL : undo_word(step));
	if (step->what == DO_CHANGE)
		add_change(one, step, seen);
	if (seen->error) {
		error = sl_json_add_object(one, "error");
		sl_json_add_str(error, "code", seen->error_code);
		sl_json_add_str(error, "message", seen->error);
	} else {
		cJSON_AddNullToObject(one, "error");
	}
	cJSON_AddItemToArray(list, one);
}

static int show_json(const struct cli *c, const struct store_run *r, const struct run_view *v)
{
	struct side sides[2] = {side_forward(v), side_undo(v)};
	cJSON *doc = cJSON_CreateObject(), *waves, *steps;
	struct gather g = {0};
	struct sl_error e = {0};
	size_t k, i;
	int rc;

	cJSON_AddItemToObject(doc, "run", run_row_json(r));
	waves = sl_json_add_array(doc, "waves");
	steps = sl_json_add_array(doc, "steps");
	for (k = 0; k < 2; k++) {
		for (i = 0; i < sides[k].plan->wave_count; i++)
			add_wave(waves, &sides[k], i);
		for (i = 0; i < sides[k].plan->step_count; i++)
			add_step(steps, &sides[k], i);
	}
	g.traffic = sl_json_add_array(doc, "traffic");
	rc = store_events_read(c->store, r->number, 0, gather_event, &g, &e);
	cJSON_AddItemToObject(doc, "owed", g.owed ? g.owed : cJSON_CreateArray());
	sl_json_add_str(doc, "failure", v->failure);
	plan_hide(doc);
	rc = rc ? cli_fail(&e) : cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}

/* --- for people --- */

static void put_head(const struct store_run *r, const struct run_view *v, const struct caps *caps,
		     struct sl_buf *out)
{
	char time[40], by[256];
	struct row row;

	snprintf(by, sizeof by, "%s by %s from %s", r->kind, r->who, r->from);
	layout_title(v, caps, by, out);
	row = row_begin(out, caps);
	row_put(&row, STYLE_DIM, "started %s", sl_time_format(time, sizeof time, r->started));
	if (r->ended)
		row_put(&row, STYLE_DIM, ", ended %s", sl_time_format(time, sizeof time, r->ended));
	if (r->parent)
		row_put(&row, STYLE_DIM, ", takes back run %lld", (long long)r->parent);
	if (*r->reason)
		row_put(&row, STYLE_DIM, ", reason: %s", r->reason);
	row_end(&row);
}

static void put_lost(const struct run_view *v, struct row *row)
{
	char since[32];

	for (size_t i = 0; i < v->lost_count; i++)
		row_put(row, STYLE_BAD, ", %s does not answer for %s", v->lost[i].host,
			sl_duration_human(since, sizeof since, sl_time_now() - v->lost[i].since));
}

static void put_state(const struct store_run *r, const struct run_view *v, const struct caps *caps,
		      struct sl_buf *out)
{
	struct row row = row_begin(out, caps);
	char words[200];
	bool alive = store_controller_alive(&r->controller);

	if (!strcmp(r->state, "ended")) {
		layout_result(v, words, sizeof words);
		row_put(&row, STYLE_BOLD, "%s", words);
		row_put(&row, STYLE_DIM, " (exit %d)", r->exit);
	} else {
		row_put(&row, STYLE_BOLD, "%s", r->state);
		if (alive)
			row_put(&row, STYLE_DIM, ", controlled by process %lld",
				(long long)r->controller.pid);
		else
			row_put(&row, STYLE_WARN, "%s: sluice %s %lld goes on",
				r->parked ? ", parked: no controller, nothing is watched meanwhile"
					  : ", its controller is gone",
				store_next_verb(r->waiting), (long long)r->number);
		put_lost(v, &row);
	}
	row_end(&row);
}

static void put_side(const struct run_view *v, const struct side *s, bool steps,
		     const struct caps *caps, struct sl_buf *out)
{
	char name[160], took[32];
	size_t i, k;

	for (i = 0; i < s->plan->wave_count; i++) {
		const struct plan_wave *w = &s->plan->waves[i];

		layout_wave(v, s, i, sl_time_now(), caps, out);
		for (k = w->first; steps && k < w->first + w->count; k++) {
			const struct plan_step *step = &s->plan->steps[k];
			const struct view_step *seen = &s->steps[k];
			struct row row = row_begin(out, caps);

			row_put(&row, STYLE_DIM, "       %-5s ", step->id);
			row_put(&row, STYLE_PLAIN, "%s %s", plan_do_name(step->what),
				step_target(step, name, sizeof name));
			row_to(&row, 46);
			if (step->what == DO_CHANGE)
				row_put(&row, STYLE_PLAIN, "%s  ",
					sl_json_str(seen->intent, "text", ""));
			row_put(&row, STYLE_DIM, "%s", state_word(s, seen));
			if (seen->ended && seen->started)
				row_put(&row, STYLE_DIM, " %s",
					took_text(took, sizeof took, seen->ended - seen->started));
			row_end(&row);
		}
	}
}

static void put_failures(const struct side *s, const struct caps *caps, struct sl_buf *out)
{
	size_t i;

	for (i = 0; i < s->plan->step_count; i++) {
		const struct view_step *seen = &s->steps[i];
		cJSON *event, *error;

		if (step_is_canceled(seen) ||
		    (seen->state != PROGRESS_FAILED && seen->state != PROGRESS_UNKNOWN))
			continue;
		event = cJSON_CreateObject();
		sl_json_add_str(event, "result",
				seen->state == PROGRESS_FAILED ? "failed" : "unknown");
		error = sl_json_add_object(event, "error");
		sl_json_add_str(error, "message",
				seen->error ? seen->error : "no reason was given");
		if (seen->detail)
			cJSON_AddItemToObject(event, "detail", cJSON_Duplicate(seen->detail, true));
		sl_buf_puts(out, "\n");
		layout_failure(&s->plan->steps[i], event, caps, out);
		cJSON_Delete(event);
	}
}

static void put_next(const struct store_run *r, const struct run_view *v, const struct caps *caps,
		     struct sl_buf *out)
{
	char next[120];
	struct row row;

	run_next_command(r, v, next, sizeof next);
	if (!*next)
		return;
	sl_buf_puts(out, "\n");
	row = row_begin(out, caps);
	row_put(&row, STYLE_PLAIN, "go on with: ");
	row_put(&row, STYLE_ACCENT, "%s", next);
	row_end(&row);
}

static struct caps caps_of_output(const struct cli *c)
{
	struct caps caps = caps_from_environment(c->colour);
	struct winsize size = {0};

	caps.width = 120;
	caps.height = 40;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		caps.width = size.ws_col;
	return caps;
}

static int show_text(const struct cli *c, const struct store_run *r, const struct run_view *v)
{
	struct caps caps = caps_of_output(c);
	struct side forward = side_forward(v), undo = side_undo(v);
	bool steps = c->output == OUTPUT_WIDE || v->plan.action;
	struct sl_buf out;

	sl_buf_init(&out, 16u << 20);
	put_head(r, v, &caps, &out);
	put_state(r, v, &caps, &out);
	sl_buf_puts(&out, "\n");
	put_side(v, &forward, steps, &caps, &out);
	if (undo.plan->wave_count) {
		sl_buf_puts(&out, "\ntaken back:\n");
		put_side(v, &undo, steps, &caps, &out);
	}
	if (v->share_real >= 0 && v->state != VIEW_ENDED) {
		sl_buf_puts(&out, "\n");
		layout_traffic(v, &caps, &out);
	}
	sl_buf_puts(&out, "\n");
	layout_instances(v, sl_time_now(), &caps, 1000, &out);
	put_failures(&forward, &caps, &out);
	put_failures(&undo, &caps, &out);
	put_next(r, v, &caps, &out);
	fputs(sl_buf_str(&out), stdout);
	sl_buf_release(&out);
	return RUN_DONE;
}

int command_show(struct cli *c)
{
	struct store_run r;
	struct run_view v;
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_LATEST, &r);

	if (!rc)
		rc = run_view_load(c, &r, &v);
	if (!rc) {
		rc = c->output == OUTPUT_JSON ? show_json(c, &r, &v) : show_text(c, &r, &v);
		run_view_release(&v);
	}
	store_run_release(&r);
	return rc;
}
