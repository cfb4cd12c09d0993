/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a source is asked. One read at a time; the next one an interval after the last began, or a
 * little after a watch hinted. A read that passes its deadline is cancelled by us, whatever its
 * plugin thinks. Failures wait longer, up to four intervals.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define DEBOUNCE_MS  100
#define PAUSE_MAX_MS 1000 /* between reads that hints ask for */
#define BACKOFF_MAX  4
#define MERGE_PART   2000 /* instances a turn of the loop: some milliseconds */

static const struct sl_plugin *plugin_of(const struct cat_source_node *s)
{
	return plugin_backend_plugin(s->backend);
}

static void *instance_of(const struct cat_source_node *s)
{
	return plugin_backend_instance(s->backend);
}

/* --- the sinks --- */

static void on_service(void *arg, const struct sl_service *service)
{
	cat_stage_service(&((struct cat_source_node *)arg)->stage, service);
}

/* Until a source has answered for the first time there is nothing to keep whole: what came of it so
 * far is better than an empty screen. Its last service may miss instances for that moment. */
static void on_preview(uv_idle_t *turn)
{
	struct cat_source_node *s = turn->data;

	uv_idle_stop(turn);
	if (!s->busy || s->c->closing || s->late)
		return;
	if (cat_merge_registry(s, sl_time_now(), true))
		cat_dirty(s->c, s->role);
}

static void on_instance(void *arg, const struct sl_instance *instance)
{
	struct cat_source_node *s = arg;

	cat_stage_instance(&s->stage, instance);
	if (s->read_at || s->previewed)
		return;
	s->previewed = true;
	uv_idle_start(&s->turn, on_preview);
}

static void on_key(void *arg, const struct sl_key *key)
{
	cat_stage_key(&((struct cat_source_node *)arg)->stage, key);
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct cat_source_node *s = arg;

	s->call = NULL;
	cat_source_done(s, end);
}

static const struct sl_registry_sink registry_sink = {
	.service = on_service, .instance = on_instance, .done = on_done};
static const struct sl_config_sink config_sink = {.key = on_key, .done = on_done};

/* --- asking --- */

static void on_poll(uv_timer_t *timer)
{
	cat_source_read(timer->data, false);
}

static void poll_after(struct cat_source_node *s, int64_t ms)
{
	if (!s->wanted || s->c->closing)
		return;
	uv_update_time(s->c->loop);
	uv_timer_start(&s->poll, on_poll, ms > 0 ? (uint64_t)ms : 0, 0);
}

static void cancel(struct cat_source_node *s)
{
	if (s->role == CAT_METRICS)
		cat_measures_cancel(s);
	else if (s->call && s->role == CAT_REGISTRY)
		plugin_of(s)->registry->cancel(instance_of(s), s->call);
	else if (s->call && s->role == CAT_CONFIG)
		plugin_of(s)->config->cancel(instance_of(s), s->call);
}

static void on_guard(uv_timer_t *timer)
{
	struct cat_source_node *s = timer->data;

	s->late = true;
	cancel(s);
}

void cat_source_read(struct cat_source_node *s, bool unconditional)
{
	const char *revision = unconditional || !s->read_at || !*s->revision ? NULL : s->revision;

	if (s->fixed || s->announced || s->c->closing)
		return;
	if (s->busy) {
		s->again = true;
		return;
	}
	uv_timer_stop(&s->poll);
	s->busy = true;
	s->again = s->late = false;
	s->asked_at = sl_time_now();
	s->asked_boot = sl_time_boottime();
	uv_update_time(s->c->loop);
	/* an eighth more: a plugin that keeps its own deadline has better words */
	uv_timer_start(&s->guard, on_guard, (uint64_t)(s->c->timeout_ms * 9 / 8), 0);
	if (s->role == CAT_REGISTRY)
		s->call = plugin_of(s)->registry->list(instance_of(s), revision, s->c->timeout_ms,
						       &registry_sink, s);
	else if (s->role == CAT_CONFIG)
		s->call = plugin_of(s)->config->list(instance_of(s), revision, s->c->timeout_ms,
						     &config_sink, s);
	else
		cat_measures_read(s);
}

/* --- what came of a read --- */

const char *catalogue_words(const char *source, const struct sl_error *e)
{
	size_t len = strlen(source);

	if (!e->msg[0])
		return sl_err_name(e->code);
	return strncmp(e->msg, source, len) == 0 && strncmp(e->msg + len, ": ", 2) == 0
		       ? e->msg + len + 2
		       : e->msg;
}

static void set_error(struct cat_source_node *s, const struct sl_error *e)
{
	char text[sizeof s->error];
	const char *msg = catalogue_words(s->name, e);

	if (s->late)
		snprintf(text, sizeof text, "no answer within %g s",
			 (double)s->c->timeout_ms / 1000);
	else
		sl_text_clean(text, sizeof text, msg, strnlen(msg, sizeof e->msg), false);
	if (strcmp(text, s->error) != 0)
		cat_dirty(s->c, s->role);
	memcpy(s->error, text, sizeof text);
}

static void take_failure(struct cat_source_node *s, const struct sl_error *e)
{
	s->failures++;
	s->failing++;
	set_error(s, e);
}

static bool merge(struct cat_source_node *s, bool changes)
{
	int64_t now = sl_time_now();

	if (s->role == CAT_REGISTRY)
		return cat_merge_registry(s, now, changes);
	return s->role == CAT_CONFIG && cat_merge_keys(s, now);
}

/* An answer that is good but not whole: what is missing is said beside it. */
static void set_shortfall(struct cat_source_node *s)
{
	char text[sizeof s->error] = "";

	if (s->stage.full)
		snprintf(text, sizeof text,
			 "it has more than is kept here (%d instances, %d keys): the rest is not "
			 "shown",
			 CAT_INSTANCES_MAX, CAT_KEYS_MAX);
	else if (s->role == CAT_METRICS && s->last_failure.code)
		cat_text(text, sizeof text, catalogue_words(s->name, &s->last_failure));
	if (strcmp(text, s->error) != 0)
		cat_dirty(s->c, s->role);
	memcpy(s->error, text, sizeof text);
}

/* Hints shorten the wait, but a source that changes all the time is not read all the time. */
static int64_t hint_wait(const struct cat_source_node *s)
{
	int64_t pause = s->interval_ms / 5 < PAUSE_MAX_MS ? s->interval_ms / 5 : PAUSE_MAX_MS;
	int64_t left = s->asked_boot + pause - sl_time_boottime();

	return left > DEBOUNCE_MS ? left : DEBOUNCE_MS;
}

static void plan_next(struct cat_source_node *s)
{
	int64_t wait = s->interval_ms * (s->failing > BACKOFF_MAX ? BACKOFF_MAX
					 : s->failing             ? s->failing
								  : 1);
	int64_t spent = sl_time_boottime() - s->asked_boot;

	if (s->again)
		poll_after(s, hint_wait(s));
	else
		poll_after(s, wait > spent ? wait - spent : DEBOUNCE_MS);
}

static void read_over(struct cat_source_node *s)
{
	s->busy = false;
	if (!s->c->closing) {
		if (!s->answered)
			cat_dirty(s->c, s->role);
		s->answered = true;
	}
	cat_stage_release(&s->stage);
	plan_next(s);
}

static void answer_counts(struct cat_source_node *s)
{
	s->reads++;
	s->failing = 0;
	set_shortfall(s);
	s->read_at = sl_time_now();
	s->read_boot = sl_time_boottime();
}

static void revision_set(struct cat_source_node *s, const char *revision)
{
	char text[CAT_NAME_MAX];

	cat_text(text, sizeof text, revision);
	free(s->revision);
	s->revision = sl_strdup(text);
}

/* The first answer is news even when it is empty. */
static void answer_merged(struct cat_source_node *s, bool changed)
{
	if (changed || s->read_at == 0)
		cat_dirty(s->c, s->role);
}

/* --- a long answer joins the model in parts: whoever types need not wait for the whole --- */

static bool is_long(const struct cat_source_node *s, const struct sl_read_end *end)
{
	return s->role == CAT_REGISTRY && !end->not_modified && !end->changes &&
	       s->stage.count > MERGE_PART;
}

static void on_part(uv_idle_t *turn)
{
	struct cat_source_node *s = turn->data;

	if (cat_merge_some(s, MERGE_PART))
		return;
	uv_idle_stop(turn);
	answer_merged(s, cat_merge_end(s));
	answer_counts(s);
	read_over(s);
}

static void merge_in_parts(struct cat_source_node *s, const struct sl_read_end *end)
{
	cat_merge_begin(s, sl_time_now(), end->changes);
	revision_set(s, end->revision);
	uv_idle_start(&s->turn, on_part);
}

static void merge_abandon(struct cat_source_node *s)
{
	if (!s->merge.items)
		return;
	uv_idle_stop(&s->turn);
	cat_merge_drop(s);
	read_over(s);
}

/* --- the end of a read --- */

static void take_answer(struct cat_source_node *s, const struct sl_read_end *end)
{
	if (end->not_modified) {
		s->not_modified++;
	} else {
		answer_merged(s, merge(s, end->changes));
		revision_set(s, end->revision);
	}
	answer_counts(s);
}

void cat_source_done(struct cat_source_node *s, const struct sl_read_end *end)
{
	uv_timer_stop(&s->guard);
	uv_idle_stop(&s->turn);
	if (!s->c->closing && end->error.code == SL_OK && is_long(s, end)) {
		merge_in_parts(s, end);
		return;
	}
	if (!s->c->closing && end->error.code != SL_OK)
		take_failure(s, &end->error);
	else if (!s->c->closing)
		take_answer(s, end);
	read_over(s);
}

/* --- watches --- */

/* A hint: many of them in a burst cost one read. */
static void on_hint(void *arg)
{
	struct cat_source_node *s = arg;

	int64_t wait = hint_wait(s);

	if (s->busy)
		s->again = true;
	else if (!uv_is_active((uv_handle_t *)&s->poll) ||
		 uv_timer_get_due_in(&s->poll) > (uint64_t)wait)
		poll_after(s, wait);
}

static void watch(struct cat_source_node *s)
{
	if (s->role == CAT_REGISTRY && plugin_of(s)->registry->watch)
		s->watch = plugin_of(s)->registry->watch(instance_of(s), on_hint, s);
	else if (s->role == CAT_CONFIG && plugin_of(s)->config->watch)
		s->watch = plugin_of(s)->config->watch(instance_of(s), on_hint, s);
}

static void unwatch(struct cat_source_node *s)
{
	if (s->watch && s->role == CAT_REGISTRY)
		plugin_of(s)->registry->cancel(instance_of(s), s->watch);
	else if (s->watch)
		plugin_of(s)->config->cancel(instance_of(s), s->watch);
	s->watch = NULL;
}

/* Read on the next turn: what the caller says of it besides, its queries, is known by then. */
void cat_source_begin(struct cat_source_node *s)
{
	s->wanted = true;
	if (s->fixed)
		return;
	watch(s);
	poll_after(s, 0);
}

void cat_source_want(struct cat_source_node *s, bool wanted)
{
	if (s->wanted == wanted)
		return;
	s->wanted = wanted;
	if (s->fixed || s->announced)
		return;
	if (!wanted) {
		uv_timer_stop(&s->poll);
		unwatch(s);
		return;
	}
	s->answered = false;
	watch(s);
	cat_source_read(s, false);
}

void cat_source_stop(struct cat_source_node *s)
{
	uv_timer_stop(&s->poll);
	uv_timer_stop(&s->guard);
	merge_abandon(s);
	if (s->fixed || s->announced)
		return;
	unwatch(s);
	cancel(s);
}
