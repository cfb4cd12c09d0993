/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config: publish a key, or put back what was there. The value that stands is read, journaled and
 * expected by the write, so that a change of the same moment is never written over. A key that the
 * run had made is deleted by its undo; one that somebody changed since is left to them.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/key.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define WRITE_TIMEOUT_MS 15000

static bool same(const char *a, bool a_off, const char *b, bool b_off)
{
	if (!a || !b)
		return !a && !b;
	return strcmp(a, b) == 0 && a_off == b_off;
}

static bool stands(const struct act *a, const char *value, bool disabled)
{
	return same(a->key->value, !a->key->enabled, value, disabled);
}

static bool stands_as(const struct act *a, const cJSON *side)
{
	return stands(a, sl_json_str(side, "value", NULL), sl_json_bool(side, "disabled", false));
}

static bool is_target(const struct act *a)
{
	return stands(a, a->step->value, a->step->disabled);
}

static cJSON *side(const struct act *a, const char *value, bool disabled)
{
	cJSON *o = cJSON_CreateObject();
	sl_json_add_str(o, "value", value);
	plan_mark_secret(o, a->step->key);
	if (disabled)
		sl_json_add_bool(o, "disabled", true);
	return o;
}

static void config_read(struct act *a);

/* An earlier try may have written: what stood before it stays the prior. */
static cJSON *prior_of(const struct act *a)
{
	const cJSON *earlier = sl_json_get(a->seen->intent, "prior");
	if (earlier && is_target(a))
		return cJSON_Duplicate(earlier, true);
	return side(a, a->key->value, a->key->value && !a->key->enabled);
}

/* In an undo only what the run left may go. */
static bool is_somebody_elses(const struct act *a)
{
	return runner_is_undoing(a->r) && !is_target(a) &&
	       !stands(a, a->step->prior_value, a->step->prior_disabled);
}

static void config_looked(struct act *a)
{
	if (act_backend_failed(a, &a->key->error, config_read))
		return;
	if (is_somebody_elses(a)) {
		act_fail(a, SL_ECONFLICT,
			 "%s is not as this run left it: someone else changed it since, and it is "
			 "left to them; look, then put back what this run published, or set it as "
			 "it was, and `sluice retry`",
			 a->step->key);
		return;
	}
	a->prior = prior_of(a);
	a->target = side(a, a->step->value, a->step->disabled);
	act_intend(a);
}

static void config_read(struct act *a)
{
	key_read(a, config_looked);
}

/* --- writing --- */

static void config_again(struct act *a);

/* Which revision it became: for who asks later who wrote it. The plugin has read it back already.
 */
static void config_published(struct act *a)
{
	if (!a->key->error.code && a->key->value && is_target(a)) {
		cJSON *event = runner_event("key.set");
		runner_step_fields(event, a->step);
		sl_json_add_str(event, "source", a->r->world.configuring.name);
		sl_json_add_str(event, "key", a->step->key);
		sl_json_add_str(event, "revision", a->key->revision);
		runner_emit(a->r, event, NULL, NULL, NULL);
	}
	act_ok(a);
}

static void written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->ending || a->r->over)
		return;
	if (!e->code)
		key_read(a, config_published);
	else if (e->code == SL_ECONFLICT)
		act_end(a, e);
	else
		act_backend_failed(a, e, config_again); /* it may have been written: look */
}

static void assured(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	struct world *w = &a->r->world;
	if (a->ending || a->r->over)
		return;
	if (e->code) {
		act_end(a, e);
		return;
	}
	const struct sl_key_change change = {
		.key = a->step->key,
		.labels = w->labels,
		.label_count = w->label_count,
		.expect_revision = a->key->revision,
		.value = a->step->value,
		.value_len = a->step->value ? strlen(a->step->value) : 0,
		.enabled = !a->step->disabled,
	};
	w->config->write(w->configuring.instance, &change, act_left(a, WRITE_TIMEOUT_MS), written,
			 a);
}

static void config_write(struct act *a)
{
	if (is_target(a))
		act_ok(a);
	else
		keeper_assure(a->r, assured, a);
}

/* After a crash, or a write without an answer. */
static void config_settle_looked(struct act *a)
{
	if (act_backend_failed(a, &a->key->error, config_again))
		return;
	if (is_target(a))
		act_settled(a, SETTLED_DONE, NULL);
	else if (stands_as(a, a->prior))
		config_write(a);
	else
		act_settled(a, SETTLED_CHANGED, a->step->key);
}

static void config_again(struct act *a)
{
	key_read(a, config_settle_looked);
}

const struct step_ops step_config = {
	.prepare = config_read,
	.act = config_write,
	.settle = config_again,
};
