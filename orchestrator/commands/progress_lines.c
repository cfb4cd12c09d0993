/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/progress_lines.h"

#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct line {
	struct run_view *v;
	const cJSON *event;
	const struct caps *caps;
	bool stamped;
	struct row row;
};

static const char *text_of(const struct line *l, const char *key)
{
	return sl_json_str(l->event, key, "");
}

static void wave_place(struct line *l)
{
	const char *id = text_of(l, "step");
	bool undo = sl_json_bool(l->event, "undo", false) || *id == 'u';
	bool in_place = undo && l->v->undo.wave_count; /* else the whole run is an undo */
	size_t count = in_place ? l->v->undo.wave_count : l->v->plan.wave_count;
	long long wave = sl_json_int(l->event, "wave", 0);

	if (wave > 0)
		row_put(&l->row, STYLE_DIM, "%swave %lld/%zu ", undo ? "undo " : "", wave, count);
}

static void say_run_started(struct line *l)
{
	char change[200];

	row_put(&l->row, STYLE_BOLD, "run %lld", (long long)l->v->number);
	row_put(&l->row, STYLE_PLAIN, " %s", text_of(l, "name"));
	if (l->v->plan.version)
		row_put(&l->row, STYLE_PLAIN, ": %s %s, %zu of %zu instances",
			l->v->plan.service ? l->v->plan.service : "",
			change_text(&l->v->plan, change, sizeof change), l->v->plan.touched,
			l->v->plan.total);
	row_put(&l->row, STYLE_DIM, ", by %s from %s", text_of(l, "who"), text_of(l, "from"));
}

static void say_wave_started(struct line *l)
{
	wave_place(l);
	row_put(&l->row, STYLE_PLAIN, "%s", text_of(l, "title"));
}

static bool is_canceled(const struct line *l)
{
	return !strcmp(sl_json_str(sl_json_get(l->event, "error"), "code", ""), "canceled");
}

static void say_step_ended(struct line *l)
{
	const struct plan_step *step = NULL;
	const char *result = is_canceled(l) ? "stopped" : text_of(l, "result");
	char name[160], took[32];

	run_view_step(l->v, text_of(l, "step"), &step);
	wave_place(l);
	if (step && strcmp(step_target(step, name, sizeof name), text_of(l, "do")) != 0)
		row_put(&l->row, STYLE_PLAIN, "%s ", name);
	row_put(&l->row, STYLE_PLAIN, "%s ", text_of(l, "do"));
	row_put(&l->row,
		!strcmp(result, "ok")                                      ? STYLE_OK
		: !strcmp(result, "failed")                                ? STYLE_BAD
		: !strcmp(result, "skipped") || !strcmp(result, "stopped") ? STYLE_DIM
									   : STYLE_UNKNOWN,
		"%s", result);
	row_put(&l->row, STYLE_DIM, " %s",
		took_text(took, sizeof took, sl_json_int(l->event, "ms", 0)));
}

static void say_traffic(struct line *l)
{
	char want[16], real[16];

	row_put(&l->row, STYLE_PLAIN, "traffic: new %s (wanted %s)",
		sl_share_format(real, sizeof real, sl_json_num(l->event, "real", 0)),
		sl_share_format(want, sizeof want, sl_json_num(l->event, "want", 0)));
}

static void say_pause(struct line *l)
{
	int64_t until = sl_json_int(l->event, "until", 0);
	const char *by = text_of(l, "by"), *reason = text_of(l, "reason");
	bool failed = !strcmp(by, "failure");
	char at[16];

	if (!strcmp(by, "operator") && *reason) { /* it says who already */
		row_put(&l->row, STYLE_WARN, "%s%s", strncmp(reason, "paused", 6) ? "paused: " : "",
			reason);
		reason = "";
	} else {
		row_put(&l->row, STYLE_WARN, "paused");
	}
	if (strcmp(by, "playbook") != 0 && strcmp(by, "operator") != 0)
		row_put(&l->row, STYLE_PLAIN, " by %s", failed ? "a failure" : by);
	if (*reason)
		row_put(&l->row, STYLE_PLAIN, ": %s", reason);
	if (until)
		row_put(&l->row, STYLE_PLAIN, ", until %s", sl_time_clock(at, sizeof at, until));
	else
		row_put(&l->row, STYLE_PLAIN, "; go on with: sluice %s %lld",
			!strcmp(by, "playbook") ? "promote"
			: failed                ? "retry"
						: "resume",
			(long long)l->v->number);
}

static void say_pause_ended(struct line *l)
{
	row_put(&l->row, STYLE_PLAIN, "pause over: %s", text_of(l, "by"));
	if (*text_of(l, "who"))
		row_put(&l->row, STYLE_DIM, " by %s", text_of(l, "who"));
}

static void say_control(struct line *l)
{
	row_put(&l->row, STYLE_WARN, "%s", text_of(l, "verb"));
	row_put(&l->row, STYLE_PLAIN, " by %s", text_of(l, "who"));
	if (*text_of(l, "reason"))
		row_put(&l->row, STYLE_DIM, ": %s", text_of(l, "reason"));
}

static void say_host(struct line *l)
{
	bool lost = !strcmp(text_of(l, "event"), "host.lost");
	const cJSON *error = sl_json_get(l->event, "error");

	row_put(&l->row, lost ? STYLE_BAD : STYLE_OK, "%s %s", text_of(l, "host"),
		lost ? "lost" : "is back");
	if (lost)
		row_put(&l->row, STYLE_PLAIN, ": %s",
			cJSON_IsString(error) ? error->valuestring
					      : sl_json_str(error, "message", "no answer"));
}

static void say_value(struct line *l, const char *key)
{
	const cJSON *value = sl_json_get(l->event, key);
	char *text = value ? cJSON_PrintUnformatted(value) : NULL;

	row_put(&l->row, STYLE_PLAIN, " %s %s", key, text ? text : "?");
	cJSON_free(text);
}

static void say_drift(struct line *l)
{
	bool router = *text_of(l, "server") != '\0';
	const char *where = text_of(l, router ? "node" : "registry");

	row_put(&l->row, STYLE_WARN, "%s drift", router ? "router" : "registry");
	row_put(&l->row, STYLE_PLAIN, ": %s%s%s", text_of(l, router ? "server" : "place"),
		*where ? " on " : "", where);
	say_value(l, "found");
	say_value(l, "wanted");
	row_put(&l->row, STYLE_PLAIN, "; set again");
}

static void say_undo(struct line *l)
{
	row_put(&l->row, STYLE_BAD, "taking it back");
	if (*text_of(l, "why"))
		row_put(&l->row, STYLE_PLAIN, ": %s", text_of(l, "why"));
}

static void say_resumed(struct line *l)
{
	row_put(&l->row, STYLE_PLAIN, "resumed by %s from %s", text_of(l, "who"),
		text_of(l, "from"));
}

static void say_parked(struct line *l)
{
	row_put(&l->row, STYLE_WARN, "parked");
	row_put(&l->row, STYLE_PLAIN, ": it keeps its claims and waits for a person");
}

static void say_ended(struct line *l)
{
	char words[200];

	layout_result(l->v, words, sizeof words);
	row_put(&l->row, STYLE_BOLD, "%s", words);
	if (l->v->failure && l->v->exit)
		row_put(&l->row, STYLE_PLAIN, ": %s", l->v->failure);
}

static const struct {
	const char *event;
	void (*say)(struct line *l);
	bool live; /* told beside a live picture too */
	enum mark mark;
} says[] = {
	{"run.started", say_run_started, false, MARK_OK},
	{"wave.started", say_wave_started, false, MARK_OK},
	{"step.ended", say_step_ended, false, MARK_OK},
	{"traffic.set", say_traffic, false, MARK_OK},
	{"pause.started", say_pause, false, MARK_OK},
	{"pause.ended", say_pause_ended, false, MARK_OK},
	{"control.taken", say_control, true, MARK_DEGRADED},
	{"host.lost", say_host, true, MARK_FAILED},
	{"host.back", say_host, true, MARK_OK},
	{"router.drift", say_drift, true, MARK_DEGRADED},
	{"registry.drift", say_drift, true, MARK_DEGRADED},
	{"undo.started", say_undo, true, MARK_DEGRADED},
	{"run.resumed", say_resumed, true, MARK_WORKING},
	{"run.parked", say_parked, true, MARK_DEGRADED},
	{"run.ended", say_ended, false, MARK_OK},
};

static void line_begin(struct line *l, enum mark mark, struct sl_buf *out)
{
	char at[16];
	int64_t time = 0;

	l->row = row_begin(out, l->caps);
	if (!l->stamped) {
		row_put(&l->row, mark_looks[mark].style, "%c     ", mark_looks[mark].glyph);
		return;
	}
	sl_time_parse(text_of(l, "time"), &time);
	row_put(&l->row, STYLE_DIM, "%s ", sl_time_clock(at, sizeof at, time));
}

static void line_failure(struct line *l, struct sl_buf *out)
{
	const struct plan_step *step = NULL;
	const char *result = text_of(l, "result");

	if (is_canceled(l) || (strcmp(result, "failed") != 0 && strcmp(result, "unknown") != 0))
		return;
	run_view_step(l->v, text_of(l, "step"), &step);
	if (step)
		layout_failure(step, l->event, l->caps, out);
}

void lines_event(struct run_view *v, const cJSON *event, bool stamped, const struct caps *caps,
		 struct sl_buf *out)
{
	struct line l = {.v = v, .event = event, .caps = caps, .stamped = stamped};
	const char *name = sl_json_str(event, "event", "");
	size_t i;

	for (i = 0; i < SL_COUNT(says); i++) {
		if (strcmp(says[i].event, name) != 0 || (!stamped && !says[i].live))
			continue;
		line_begin(&l, says[i].mark, out);
		says[i].say(&l);
		row_end(&l.row);
	}
	if (!strcmp(name, "step.ended"))
		line_failure(&l, out);
}
