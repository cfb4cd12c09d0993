/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/progress_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define TAIL_LINES 50
#define BAR_MAX    50

static const char *or_dash(const char *s)
{
	return s ? s : "-";
}

/* Whole seconds, rounded up: a countdown that ends at 1, not at 0.2. */
static const char *seconds_left(char *dst, size_t size, int64_t now, int64_t until)
{
	int64_t left = until > now ? (until - now + 999) / 1000 * 1000 : 0;

	return left ? sl_duration_human(dst, size, left) : "0 s";
}

static void glyph(struct row *r, enum mark mark)
{
	row_put(r, mark_looks[mark].style, "%c", mark_looks[mark].glyph);
}

void layout_title(const struct run_view *v, const struct caps *caps, const char *by,
		  struct sl_buf *out)
{
	struct row r = row_begin(out, caps);
	char change[200];

	row_put(&r, STYLE_DIM, "run ");
	row_put(&r, STYLE_BOLD, "%lld", (long long)v->number);
	row_put(&r, STYLE_BOLD, "  %s", or_dash(v->plan.service));
	if (v->plan.action) {
		row_put(&r, STYLE_PLAIN, "  %s%s", v->plan.undo ? "undo of " : "", v->plan.action);
		row_put(&r, STYLE_DIM, "   %zu change%s%s%s", v->plan.step_count,
			v->plan.step_count == 1 ? "" : "s", by && *by ? ", " : "", by ? by : "");
		row_end(&r);
		return;
	}
	row_put(&r, STYLE_PLAIN, "  %s", change_text(&v->plan, change, sizeof change));
	row_put(&r, STYLE_DIM, "   %zu of %zu instances%s%s", v->plan.touched, v->plan.total,
		by && *by ? ", " : "", by ? by : "");
	row_end(&r);
}

/* --- one wave --- */

static void wave_names(struct row *r, const struct side *s, const struct plan_wave *w,
		       const struct wave_state *state)
{
	char name[160];
	size_t i, named = 0;
	const char *last = NULL;

	if (w->kind != WAVE_UPGRADE) {
		if (state->total > 1)
			row_put(r, STYLE_DIM, "%zu of %zu", state->done, state->total);
		return;
	}
	for (i = w->first; i < w->first + w->count && named < 4; i++) {
		if (!s->plan->steps[i].host)
			continue;
		step_target(&s->plan->steps[i], name, sizeof name);
		if (last && !strcmp(last, s->plan->steps[i].host) &&
		    s->plan->steps[i].track == s->plan->steps[i - 1].track)
			continue;
		last = s->plan->steps[i].host;
		row_put(r, STYLE_DIM, "%s%s", named++ ? " " : "", name);
	}
}

static void wave_pause(struct row *r, const struct run_view *v, const struct view_step *step,
		       const struct plan_step *plan, int64_t now)
{
	char at[16], left[32];

	if (plan->pause_ms < 0) {
		row_put(r, STYLE_WARN, "until `sluice promote %lld`", (long long)v->number);
		return;
	}
	int64_t until = step->until ? step->until : step->started + plan->pause_ms;
	row_put(r, STYLE_DIM, "until %s, ", sl_time_clock(at, sizeof at, until));
	row_put(r, STYLE_WORK, "%s left", seconds_left(left, sizeof left, now, until));
}

static void wave_detail(struct row *r, const struct run_view *v, const struct side *s, size_t wave,
			const struct wave_state *state, int64_t now)
{
	const struct plan_wave *w = &s->plan->waves[wave];
	char share[16];

	if (state->mark == MARK_WAITING || state->mark == MARK_OFF)
		return;
	if (w->kind == WAVE_PAUSE && w->count && state->mark == MARK_WORKING)
		wave_pause(r, v, &s->steps[w->first], &s->plan->steps[w->first], now);
	else if (w->kind == WAVE_TRAFFIC && state->mark == MARK_OK && w->share_after >= 0)
		row_put(r, STYLE_DIM, "real %s",
			sl_share_format(share, sizeof share, w->share_after));
	else
		wave_names(r, s, w, state);
}

static unsigned detail_column(const struct caps *caps)
{
	return caps->width >= 100 ? 42 : caps->width >= 70 ? 34 : 26;
}

void layout_wave(const struct run_view *v, const struct side *s, size_t wave, int64_t now,
		 const struct caps *caps, struct sl_buf *out)
{
	const struct plan_wave *w = &s->plan->waves[wave];
	struct wave_state state = wave_look(s, wave);
	struct row r = row_begin(out, caps);
	bool still = state.mark == MARK_WAITING || state.mark == MARK_OFF;
	char took[32] = "";

	glyph(&r, state.mark);
	row_put(&r, STYLE_DIM, " %s%2zu  ", s->plan->undo ? "u" : " ", wave + 1);
	row_put(&r,
		still                        ? STYLE_DIM
		: state.mark == MARK_OK      ? STYLE_PLAIN
		: state.mark == MARK_WORKING ? STYLE_BOLD
					     : mark_looks[state.mark].style,
		"%s", or_dash(w->title));
	if (!still) {
		row_to(&r, detail_column(caps));
		wave_detail(&r, v, s, wave, &state, now);
	}
	if (state.started && !still) {
		int64_t end = state.mark == MARK_WORKING || !state.ended ? now : state.ended;

		took_text(took, sizeof took, end > state.started ? end - state.started : 0);
	}
	row_right(&r, STYLE_DIM, took);
	row_end(&r);
}

/* --- failures --- */

/* The error often names its place already; once is enough. */
static const char *without_place(const char *message, const char *place)
{
	size_t len = strlen(place);

	if (!strncmp(message, place, len) && !strncmp(message + len, ": ", 2))
		return message + len + 2;
	return message;
}

static void failure_tail(const char *tail, const struct caps *caps, struct sl_buf *out)
{
	const char *line = tail;
	size_t lines = 0, len;

	for (; *line; lines++)
		line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0');
	for (line = tail; *line; lines--) {
		len = strcspn(line, "\n");
		if (lines <= TAIL_LINES) {
			struct row r = row_begin(out, caps);

			row_put(&r, STYLE_FAINT, "      | ");
			row_put(&r, STYLE_DIM, "%.*s", (int)len, line);
			row_end(&r);
		}
		line += len + (line[len] != '\0');
	}
}

static void failure_fact(const char *label, const char *text, const struct caps *caps,
			 struct sl_buf *out)
{
	struct row r = row_begin(out, caps);

	row_put(&r, STYLE_DIM, "      %s: ", label);
	row_put(&r, STYLE_PLAIN, "%s", text);
	row_end(&r);
}

void layout_failure(const struct plan_step *step, const cJSON *event, const struct caps *caps,
		    struct sl_buf *out)
{
	const cJSON *error = sl_json_get(event, "error"), *detail = sl_json_get(event, "detail");
	bool unknown = !strcmp(sl_json_str(event, "result", ""), "unknown");
	struct row r = row_begin(out, caps);
	char name[160], status[24];

	glyph(&r, unknown ? MARK_UNKNOWN : MARK_FAILED);
	row_put(&r, STYLE_PLAIN, "     %s ", step_target(step, name, sizeof name));
	row_put(&r, unknown ? STYLE_UNKNOWN : STYLE_BAD, "%s %s: ", plan_do_name(step->what),
		unknown ? "unknown" : "failed");
	row_put(&r, STYLE_PLAIN, "%s",
		without_place(sl_json_str(error, "message", "no reason was given"), name));
	row_end(&r);
	if (sl_json_get(detail, "status")) {
		snprintf(status, sizeof status, "%lld",
			 (long long)sl_json_int(detail, "status", 0));
		failure_fact("probe's status", status, caps, out);
	}
	if (sl_json_str(detail, "body", NULL))
		failure_fact("probe's answer", sl_json_str(detail, "body", ""), caps, out);
	if (sl_json_str(detail, "exit", NULL))
		failure_fact("exit", sl_json_str(detail, "exit", ""), caps, out);
	failure_tail(sl_json_str(detail, "tail", ""), caps, out);
}

/* --- traffic --- */

static void traffic_row(const char *side, const char *version, double share, enum style style,
			const struct caps *caps, unsigned bar, struct sl_buf *out)
{
	struct row r = row_begin(out, caps);

	row_put(&r, STYLE_DIM, "   %s ", side);
	row_put(&r, STYLE_PLAIN, "%s", or_dash(version));
	row_to(&r, 22);
	row_bar(&r, style, share, bar);
	row_put(&r, STYLE_BOLD, " %5.1f %%", share * 100);
	row_end(&r);
}

void layout_traffic(const struct run_view *v, const struct caps *caps, struct sl_buf *out)
{
	unsigned bar = caps->width > 22 + BAR_MAX + 12 ? BAR_MAX
		       : caps->width > 22 + 12 + 8     ? caps->width - 22 - 12
						       : 8;

	if (v->share_real < 0)
		return;
	traffic_row("new", v->plan.version, v->share_real, STYLE_WORK, caps, bar, out);
	traffic_row("old", v->plan.old_version, 1 - v->share_real, STYLE_OFF, caps, bar, out);
}

/* --- instances --- */

static void mark_strip(const struct instance_state *list, size_t n, const struct caps *caps,
		       struct sl_buf *out)
{
	size_t i, fresh = 0, per_row = caps->width > 30 ? caps->width - 24 : 8;
	struct row r;

	for (i = 0; i < n; i++)
		fresh += list[i].is_new;
	for (i = 0; i < n; i++) {
		if (i % per_row == 0) {
			r = row_begin(out, caps);
			row_put(&r, STYLE_DIM, "   ");
		}
		glyph(&r, list[i].mark);
		if (i == n - 1)
			row_put(&r, STYLE_DIM, "   %zu of %zu new", fresh, n);
		if (i % per_row == per_row - 1 || i == n - 1)
			row_end(&r);
	}
}

static void instance_row(const struct instance_state *at, int64_t now, const struct caps *caps,
			 struct sl_buf *out)
{
	struct row r = row_begin(out, caps);
	char name[160], left[32] = "";
	const struct view_step *seen = at->seen;

	row_put(&r, STYLE_PLAIN, "   ");
	glyph(&r, at->mark);
	snprintf(name, sizeof name, at->port ? "%s:%u" : "%s", at->host, at->port);
	row_put(&r, STYLE_PLAIN, " %s", name);
	row_to(&r, 24);
	row_put(&r, mark_looks[at->mark].style, "%s",
		at->step ? step_doing(at->step) : mark_looks[at->mark].word);
	if (seen && at->step && (seen->note || seen->error)) {
		row_to(&r, detail_column(caps) + 4);
		row_put(&r, STYLE_DIM, "%s", seen->error ? seen->error : seen->note);
	}
	if (seen && at->step && seen->until > now && at->mark == MARK_WORKING) {
		char human[24];

		snprintf(left, sizeof left, "%s left",
			 seconds_left(human, sizeof human, now, seen->until));
	}
	row_right(&r, STYLE_DIM, left);
	row_end(&r);
}

/* Those in work, worst first: a failure must not be pushed out by what goes well. */
static void busy_rows(const struct instance_state *list, size_t n, int64_t now,
		      const struct caps *caps, unsigned rows, struct sl_buf *out)
{
	static const enum mark order[] = {MARK_FAILED, MARK_UNKNOWN, MARK_WORKING};
	size_t i, k, left = 0;

	for (i = 0; i < n; i++)
		left += list[i].busy;
	for (k = 0; k < SL_COUNT(order); k++) {
		for (i = 0; i < n; i++) {
			if (list[i].mark != order[k] || !rows)
				continue;
			if (rows == 1 && left > 1) {
				struct row r = row_begin(out, caps);

				row_put(&r, STYLE_DIM, "     and %zu more", left);
				row_end(&r);
				return;
			}
			instance_row(&list[i], now, caps, out);
			rows--;
			left--;
		}
	}
}

static unsigned strip_rows(size_t n, const struct caps *caps)
{
	size_t per_row = caps->width > 30 ? caps->width - 24 : 8;

	return (unsigned)((n + per_row - 1) / per_row);
}

void layout_instances(const struct run_view *v, int64_t now, const struct caps *caps, unsigned rows,
		      struct sl_buf *out)
{
	struct instance_state *list;
	size_t n = instances_look(v, &list);
	unsigned strip = strip_rows(n, caps);

	if (n && strip <= rows) {
		mark_strip(list, n, caps, out);
		rows -= strip;
	}
	busy_rows(list, n, now, caps, rows, out);
	free(list);
}

/* --- the frame --- */

static void keys(struct row *r, const char *key, const char *word)
{
	row_put(r, STYLE_ACCENT, "%s", key);
	row_put(r, STYLE_DIM, " %s  ", word);
}

static void status_row(const struct run_view *v, int64_t now, enum layout_hint hint,
		       const struct caps *caps, struct sl_buf *out)
{
	struct side s = side_now(v);
	struct row r = row_begin(out, caps);
	char text[32];
	int64_t ms;
	enum left left = time_left(&s, now, &ms);

	if (hint == HINT_MENU) {
		row_put(&r, STYLE_WARN, "Interrupted: ");
		keys(&r, "c", "continue");
		keys(&r, "p", "pause");
		keys(&r, "d", "detach, go on in the background");
		keys(&r, "a", "abort and take back");
		row_end(&r);
		return;
	}
	row_put(&r, v->state == VIEW_PAUSED ? STYLE_WARN : STYLE_WORK, "%s",
		v->state == VIEW_PAUSED    ? "paused"
		: v->state == VIEW_UNDOING ? "taking it back"
		: hint == HINT_STOPPING    ? "stopping after the steps in hand"
					   : "running");
	row_put(&r, STYLE_DIM, "  %s",
		seconds_left(text, sizeof text, v->started ? v->started : now, now));
	if (v->state == VIEW_PAUSED && v->paused_by_operator)
		row_put(&r, STYLE_DIM, ", go on with: sluice %s %lld",
			v->failure ? "retry" : "resume", (long long)v->number);
	else if (left != LEFT_UNKNOWN && ms > 0)
		row_put(&r, STYLE_DIM, ", about %s %s", sl_duration_human(text, sizeof text, ms),
			left == LEFT_TO_PAUSE ? "to the next pause" : "left");
	row_right(&r, STYLE_FAINT,
		  hint == HINT_CONTROLLER ? "Ctrl-C: pause, detach, abort"
		  : hint == HINT_VIEWER   ? "Ctrl-C leaves, the run goes on"
					  : "");
	row_end(&r);
}

static void blank(struct sl_buf *out)
{
	sl_buf_puts(out, "\n");
}

struct budget {
	unsigned waves, traffic, instances;
};

/* Rows by worth: the wave in hand and the state always, then who is at work, traffic, what comes.
 */
static struct budget share_rows(const struct run_view *v, size_t waves, unsigned height)
{
	struct budget b = {0};
	struct instance_state *list;
	size_t i, n = instances_look(v, &list), busy = 0;
	unsigned rows = height > 4 ? height - 4 : 0, wanted;

	for (i = 0; i < n; i++)
		busy += list[i].busy;
	free(list);
	b.waves = waves ? 1 : 0;
	wanted = 1 + 1 + (unsigned)busy + (unsigned)(n / 40);
	if (n && rows > 1) {
		b.instances = wanted < rows ? wanted : rows;
		rows -= b.instances;
	}
	if (v->share_real >= 0 && rows >= 3) {
		b.traffic = 3;
		rows -= 3;
	}
	while (b.waves < waves && rows > 0 && b.waves < 12) {
		b.waves++;
		rows--;
	}
	return b;
}

static void coming_waves(const struct run_view *v, const struct side *s, size_t from, unsigned rows,
			 int64_t now, const struct caps *caps, struct sl_buf *out)
{
	size_t left = s->plan->wave_count - from;
	struct row r;

	for (; rows && left; rows--, from++, left--) {
		if (rows == 1 && left > 1 && wave_look(s, from).mark == MARK_WAITING) {
			r = row_begin(out, caps);
			row_put(&r, STYLE_FAINT, ".     and %zu more", left);
			row_end(&r);
			return;
		}
		layout_wave(v, s, from, now, caps, out);
	}
}

void layout_frame(const struct run_view *v, size_t from, int64_t now, enum layout_hint hint,
		  const struct caps *caps, struct sl_buf *out)
{
	struct side s = side_now(v);
	size_t waves = from < s.plan->wave_count ? s.plan->wave_count - from : 0;
	struct budget b = share_rows(v, waves, caps->height);

	coming_waves(v, &s, from, b.waves, now, caps, out);
	if (b.traffic) {
		blank(out);
		layout_traffic(v, caps, out);
	}
	if (b.instances > 1) {
		blank(out);
		layout_instances(v, now, caps, b.instances - 1, out);
	}
	if (caps->height > 4)
		blank(out);
	status_row(v, now, hint, caps, out);
}

/* Of an action: how many of its changes stand. */
static size_t changes_standing(const struct run_view *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->plan.step_count; i++)
		n += v->steps[i].state == PROGRESS_OK;
	for (i = 0; i < v->undo.step_count; i++)
		n -= n && v->undo_steps[i].state == PROGRESS_OK;
	return n;
}

void layout_result(const struct run_view *v, char *dst, size_t size)
{
	static const struct {
		const char *outcome, *words;
	} words[] = {
		{"done", "done"},
		{"owed", "done, but hosts are owed"},
		{"rolledBack", "failed, rolled back"},
		{"undone", "taken back"},
		{"needsHuman", "failed, needs a human"},
		{"refused", "refused, nothing changed"},
	};
	const char *said = v->outcome ? v->outcome : v->state == VIEW_PAUSED ? "paused" : "left";
	struct instance_state *list;
	size_t i, n = instances_look(v, &list), fresh = 0;
	char took[32];

	for (i = 0; i < n; i++)
		fresh += list[i].is_new;
	free(list);
	for (i = 0; i < SL_COUNT(words); i++)
		if (v->outcome && !strcmp(v->outcome, words[i].outcome))
			said = words[i].words;
	sl_duration_human(took, sizeof took,
			  v->ended > v->started && v->started ? v->ended - v->started : 0);
	if (v->plan.action) {
		snprintf(dst, size, "%s%s%s, %zu of %zu %s", said, v->ended ? " in " : "",
			 v->ended ? took : "", changes_standing(v), v->plan.step_count,
			 v->plan.undo ? "as before" : "changed");
		return;
	}
	if (v->outcome && (!strcmp(v->outcome, "undone") || !strcmp(v->outcome, "rolledBack")))
		snprintf(dst, size, "%s in %s, %zu of %zu as before", said, took, n - fresh, n);
	else
		snprintf(dst, size, "%s%s%s, %zu of %zu on %s", said, v->ended ? " in " : "",
			 v->ended ? took : "", fresh, n, or_dash(v->plan.version));
}
