/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as JSON and back: plan files, the journal. Reading trusts nothing: a plan file may have
 * been edited by hand.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/plan.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define STEPS_MAX 1000000
#define WAVES_MAX 100000

static const char *const wave_names[] = {
	[WAVE_CLAIM] = "claim",     [WAVE_STAGE] = "stage",   [WAVE_UPGRADE] = "upgrade",
	[WAVE_TRAFFIC] = "traffic", [WAVE_PAUSE] = "pause",   [WAVE_RUN] = "run",
	[WAVE_FINISH] = "finish",   [WAVE_CONFIG] = "config", [WAVE_PRUNE] = "prune",
	[WAVE_RELEASE] = "release", [WAVE_CHANGE] = "change",
};

enum field_type { F_STRING, F_BOOL, F_DURATION, F_SHARE };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
};

/* Fields that are read and written alike; absent = NULL, false, 0; a share: -1. */
static const struct field step_fields[] = {
	{"service", F_STRING, offsetof(struct plan_step, service)},
	{"host", F_STRING, offsetof(struct plan_step, host)},
	{"deadline", F_DURATION, offsetof(struct plan_step, deadline_ms)},
	{"claim", F_STRING, offsetof(struct plan_step, claim)},
	{"router", F_STRING, offsetof(struct plan_step, router_claim)},
	{"release", F_STRING, offsetof(struct plan_step, release)},
	{"digest", F_STRING, offsetof(struct plan_step, digest)},
	{"spec", F_STRING, offsetof(struct plan_step, spec)},
	{"priorRelease", F_STRING, offsetof(struct plan_step, prior_release)},
	{"priorSpec", F_STRING, offsetof(struct plan_step, prior_spec)},
	{"firstInstall", F_BOOL, offsetof(struct plan_step, first_install)},
	{"priorDead", F_BOOL, offsetof(struct plan_step, prior_dead)},
	{"share", F_SHARE, offsetof(struct plan_step, share)},
	{"pause", F_DURATION, offsetof(struct plan_step, pause_ms)},
	{"name", F_STRING, offsetof(struct plan_step, name)},
	{"command", F_STRING, offsetof(struct plan_step, command)},
	{"undo", F_STRING, offsetof(struct plan_step, undo)},
	{"check", F_STRING, offsetof(struct plan_step, check)},
	{"repeatable", F_BOOL, offsetof(struct plan_step, repeatable)},
	{"cwd", F_STRING, offsetof(struct plan_step, cwd)},
	{"registryOnly", F_BOOL, offsetof(struct plan_step, registry_only)},
	{"registered", F_BOOL, offsetof(struct plan_step, registered)},
	{"registeredVersion", F_STRING, offsetof(struct plan_step, registered_version)},
	{"config", F_STRING, offsetof(struct plan_step, config)},
	{"key", F_STRING, offsetof(struct plan_step, key)},
	{"value", F_STRING, offsetof(struct plan_step, value)},
	{"priorValue", F_STRING, offsetof(struct plan_step, prior_value)},
	{"disabled", F_BOOL, offsetof(struct plan_step, disabled)},
	{"priorDisabled", F_BOOL, offsetof(struct plan_step, prior_disabled)},
};

static const struct field plan_fields[] = {
	{"undo", F_BOOL, offsetof(struct plan, undo)},
	{"action", F_STRING, offsetof(struct plan, action)},
	{"service", F_STRING, offsetof(struct plan, service)},
	{"version", F_STRING, offsetof(struct plan, version)},
	{"oldVersion", F_STRING, offsetof(struct plan, old_version)},
	{"release", F_STRING, offsetof(struct plan, release)},
	{"digest", F_STRING, offsetof(struct plan, digest)},
	{"artifact", F_STRING, offsetof(struct plan, artifact)},
};

static void write_fields(cJSON *o, const void *base, const struct field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const void *at = (const char *)base + f[i].offset;
		switch (f[i].type) {
		case F_STRING:
			if (*(char *const *)at)
				sl_json_add_str(o, f[i].name, *(char *const *)at);
			break;
		case F_BOOL:
			if (*(const bool *)at)
				sl_json_add_bool(o, f[i].name, true);
			break;
		case F_DURATION:
			if (*(const int64_t *)at)
				sl_json_add_int(o, f[i].name, *(const int64_t *)at);
			break;
		case F_SHARE:
			if (*(const double *)at >= 0)
				sl_json_add_num(o, f[i].name, *(const double *)at);
			break;
		}
	}
}

static void read_fields(const cJSON *o, void *base, const struct field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)base + f[i].offset;
		double share;
		switch (f[i].type) {
		case F_STRING:
			*(char **)at = sl_strdup(sl_json_str(o, f[i].name, NULL));
			break;
		case F_BOOL:
			*(bool *)at = sl_json_bool(o, f[i].name, false);
			break;
		case F_DURATION:
			*(int64_t *)at = sl_json_int(o, f[i].name, 0);
			break;
		case F_SHARE:
			share = sl_json_num(o, f[i].name, -1);
			*(double *)at = share >= 0 && share <= 1 ? share : -1;
			break;
		}
	}
}

/* --- writing --- */

static cJSON *add_item(cJSON *array)
{
	cJSON *o = cJSON_CreateObject();
	if (!o || !cJSON_AddItemToArray(array, o))
		abort();
	return o;
}

static void write_wave(cJSON *o, const struct plan_wave *w)
{
	sl_json_add_str(o, "kind", wave_names[w->kind]);
	sl_json_add_str(o, "title", w->title);
	sl_json_add_int(o, "first", (int64_t)w->first);
	sl_json_add_int(o, "count", (int64_t)w->count);
	sl_json_add_int(o, "newAfter", (int64_t)w->new_after);
	if (w->share_after >= 0)
		sl_json_add_num(o, "shareAfter", w->share_after);
	sl_json_add_int(o, "inServiceMin", (int64_t)w->in_service_min);
}

static void write_step(cJSON *o, const struct plan_step *s)
{
	sl_json_add_str(o, "id", s->id);
	sl_json_add_str(o, "do", plan_do_name(s->what));
	sl_json_add_int(o, "wave", (int64_t)s->wave);
	sl_json_add_int(o, "track", (int64_t)s->track);
	sl_json_add_int(o, "instance", s->instance);
	if (s->port)
		sl_json_add_int(o, "port", s->port);
	write_fields(o, s, step_fields, SL_COUNT(step_fields));
	plan_mark_secret(o, s->key);
}

void plan_mark_secret(cJSON *holder, const char *key)
{
	if (key && plan_key_is_secret(key))
		sl_json_add_bool(holder, "hidden", true);
}

void plan_hide(cJSON *o)
{
	static const char *const values[] = {"value", "base64", "priorValue"};
	cJSON *item;
	if (sl_json_bool(o, "hidden", false))
		for (size_t i = 0; i < SL_COUNT(values); i++)
			cJSON_DeleteItemFromObjectCaseSensitive(o, values[i]);
	cJSON_ArrayForEach(item, o)
	{
		if (item->child)
			plan_hide(item);
	}
}

cJSON *plan_json(const struct plan *p)
{
	cJSON *o = cJSON_CreateObject();
	if (!o)
		abort();
	write_fields(o, p, plan_fields, SL_COUNT(plan_fields));
	sl_json_add_int(o, "total", (int64_t)p->total);
	sl_json_add_int(o, "touched", (int64_t)p->touched);
	sl_json_add_int(o, "rollback", p->rollback_ms);
	sl_json_add_str(o, "observed", p->observed);
	cJSON *waves = sl_json_add_array(o, "waves");
	for (size_t i = 0; i < p->wave_count; i++)
		write_wave(add_item(waves), &p->waves[i]);
	cJSON *steps = sl_json_add_array(o, "steps");
	for (size_t i = 0; i < p->step_count; i++)
		write_step(add_item(steps), &p->steps[i]);
	cJSON *notes = sl_json_add_array(o, "notes");
	for (size_t i = 0; i < p->note_count; i++) {
		cJSON *text = cJSON_CreateString(p->notes[i]);
		if (!text || !cJSON_AddItemToArray(notes, text))
			abort();
	}
	return o;
}

/* --- reading --- */

/* A number within [0, max], or an error. */
static int read_size(const cJSON *o, const char *key, size_t max, size_t *out, struct sl_error *e)
{
	int64_t v = sl_json_int(o, key, -1);
	if (v < 0 || (uint64_t)v > max)
		return sl_fail(e, SL_EPROTO, "the plan is damaged: '%s' is missing or out of range",
			       key);
	*out = (size_t)v;
	return SL_OK;
}

static int name_index(const char *name, const char *(*nth)(size_t), size_t n)
{
	for (size_t i = 0; name && i < n; i++)
		if (strcmp(name, nth(i)) == 0)
			return (int)i;
	return -1;
}

static const char *nth_wave(size_t i)
{
	return wave_names[i];
}

static const char *nth_do(size_t i)
{
	return plan_do_name((enum plan_do)i);
}

static int read_wave(const cJSON *o, struct plan *p, struct plan_wave *w, struct sl_error *e)
{
	int kind = name_index(sl_json_str(o, "kind", NULL), nth_wave, SL_COUNT(wave_names));
	if (kind < 0)
		return sl_fail(e, SL_EPROTO, "the plan is damaged: a wave of unknown kind");
	w->kind = (enum plan_wave_kind)kind;
	w->title = sl_strdup(sl_json_str(o, "title", ""));
	w->share_after = sl_json_num(o, "shareAfter", -1);
	if (read_size(o, "first", STEPS_MAX, &w->first, e) ||
	    read_size(o, "count", STEPS_MAX, &w->count, e) ||
	    read_size(o, "newAfter", p->total, &w->new_after, e) ||
	    read_size(o, "inServiceMin", p->total, &w->in_service_min, e))
		return SL_EPROTO;
	return SL_OK;
}

static int read_step(const cJSON *o, const struct plan *p, struct plan_step *s, struct sl_error *e)
{
	int what = name_index(sl_json_str(o, "do", NULL), nth_do, DO_COUNT);
	const char *id = sl_json_str(o, "id", "");
	size_t port = 0;
	read_fields(o, s, step_fields, SL_COUNT(step_fields));
	if (what < 0 || strlen(id) == 0 || strlen(id) >= sizeof s->id)
		return sl_fail(e, SL_EPROTO,
			       "the plan is damaged: a step without a known id or "
			       "action");
	s->what = (enum plan_do)what;
	snprintf(s->id, sizeof s->id, "%s", id);
	int64_t instance = sl_json_int(o, "instance", -1);
	if (instance < -1 || instance >= (int64_t)p->total)
		return sl_fail(e, SL_EPROTO, "the plan is damaged: step %s names no instance", id);
	s->instance = (long)instance;
	if (read_size(o, "wave", p->wave_count - 1, &s->wave, e) ||
	    read_size(o, "track", STEPS_MAX, &s->track, e) ||
	    (sl_json_get(o, "port") && read_size(o, "port", 65535, &port, e)))
		return SL_EPROTO;
	s->port = (unsigned)port;
	if (s->deadline_ms < 0 || s->pause_ms < -1)
		return sl_fail(e, SL_EPROTO, "the plan is damaged: step %s has a negative time",
			       id);
	return SL_OK;
}

/* An action holds changes and nothing else, a rollout none: neither is walked as the other. */
static int check_kind(const struct plan *p, struct sl_error *e)
{
	for (size_t i = 0; i < p->step_count; i++)
		if ((p->steps[i].what == DO_CHANGE) != (p->action != NULL))
			return sl_fail(e, SL_EPROTO,
				       "the plan is damaged: step %s is of another kind",
				       p->steps[i].id);
	for (size_t i = 0; i < p->wave_count; i++)
		if ((p->waves[i].kind == WAVE_CHANGE) != (p->action != NULL))
			return sl_fail(e, SL_EPROTO,
				       "the plan is damaged: wave %zu is of another kind", i + 1);
	return SL_OK;
}

/* Waves hold all steps, in order, each once. */
static int check_layout(const struct plan *p, struct sl_error *e)
{
	size_t next = 0;
	for (size_t w = 0; w < p->wave_count; w++) {
		const struct plan_wave *x = &p->waves[w];
		if (x->first != next || x->count > p->step_count - next)
			return sl_fail(e, SL_EPROTO, "the plan is damaged: wave %zu", w + 1);
		for (; next < x->first + x->count; next++)
			if (p->steps[next].wave != w)
				return sl_fail(e, SL_EPROTO, "the plan is damaged: step %s",
					       p->steps[next].id);
	}
	if (next != p->step_count)
		return sl_fail(e, SL_EPROTO, "the plan is damaged: steps outside waves");
	return SL_OK;
}

static int read_lists(const cJSON *j, struct plan *p, struct sl_error *e)
{
	const cJSON *waves = sl_json_get(j, "waves"), *steps = sl_json_get(j, "steps"), *item;
	int n_waves = cJSON_IsArray(waves) ? cJSON_GetArraySize(waves) : -1;
	int n_steps = cJSON_IsArray(steps) ? cJSON_GetArraySize(steps) : -1;
	if (n_waves < 0 || n_waves > WAVES_MAX || n_steps < 0 || n_steps > STEPS_MAX ||
	    (n_steps && !n_waves))
		return sl_fail(e, SL_EPROTO, "the plan is damaged: no waves or steps");
	p->waves = sl_alloc_n((size_t)n_waves + 1, sizeof *p->waves);
	p->steps = sl_alloc_n((size_t)n_steps + 1, sizeof *p->steps);
	cJSON_ArrayForEach(item, waves)
	{
		int rc = read_wave(item, p, &p->waves[p->wave_count++], e);
		if (rc)
			return rc;
	}
	cJSON_ArrayForEach(item, steps)
	{
		int rc = read_step(item, p, &p->steps[p->step_count++], e);
		if (rc)
			return rc;
	}
	return check_kind(p, e) ? SL_EPROTO : check_layout(p, e);
}

static void read_notes(const cJSON *j, struct plan *p)
{
	const cJSON *notes = sl_json_get(j, "notes"), *item;
	int n = cJSON_IsArray(notes) ? cJSON_GetArraySize(notes) : 0;
	p->notes = sl_alloc_n((size_t)n + 1, sizeof *p->notes);
	cJSON_ArrayForEach(item, notes)
	{
		if (cJSON_IsString(item))
			p->notes[p->note_count++] = sl_strdup(item->valuestring);
	}
}

int plan_from_json(const cJSON *j, struct plan *out, struct sl_error *e)
{
	*out = (struct plan){0};
	if (!cJSON_IsObject(j))
		return sl_fail(e, SL_EPROTO, "the plan is damaged: not an object");
	read_fields(j, out, plan_fields, SL_COUNT(plan_fields));
	out->rollback_ms = sl_json_int(j, "rollback", -1);
	snprintf(out->observed, sizeof out->observed, "%s", sl_json_str(j, "observed", ""));
	int rc = read_size(j, "total", 1000000, &out->total, e);
	if (!rc)
		rc = read_size(j, "touched", out->total, &out->touched, e);
	if (!rc)
		rc = read_lists(j, out, e);
	if (!rc)
		read_notes(j, out);
	else
		plan_release(out);
	return rc;
}
