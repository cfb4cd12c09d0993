/* SPDX-License-Identifier: Apache-2.0 */
/* An instance in a registry: its state and its weight. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/action.h"
#include "orchestrator/run/action_kind.h"
#include "plugins/host/catalogue.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static int state_parse(const char *word)
{
	for (int i = 0; word && i < SL_INSTANCE_STATE_COUNT; i++)
		if (!strcmp(catalogue_state_word((enum sl_instance_state)i), word))
			return i;
	return SL_KEEP;
}

static cJSON *value_new(int state, int weight)
{
	cJSON *v = cJSON_CreateObject();

	sl_json_add_int(v, "v", 1);
	if (state != SL_KEEP)
		sl_json_add_str(v, "state", catalogue_state_word((enum sl_instance_state)state));
	if (weight == SL_NONE)
		sl_json_add_bool(v, "noWeight", true);
	else if (weight != SL_KEEP)
		sl_json_add_int(v, "weight", weight);
	return v;
}

static int value_state(const cJSON *v)
{
	return state_parse(sl_json_str(v, "state", NULL));
}

static int value_weight(const cJSON *v)
{
	int64_t n = sl_json_int(v, "weight", SL_KEEP);

	if (sl_json_bool(v, "noWeight", false))
		return SL_NONE;
	return n >= 0 && n <= INT32_MAX ? (int)n : SL_KEEP;
}

/* Of a reading, which says all there is: no weight in it is none. */
static int weight_found(const cJSON *found)
{
	int weight = value_weight(found);

	return weight == SL_KEEP ? SL_NONE : weight;
}

/* Parts that the product does not have are not asked for. */
static const char *part(const cJSON *subject, const char *key)
{
	const char *text = sl_json_str(subject, key, "");

	return *text ? text : NULL;
}

static const struct sl_registry_ops *ops_of(struct backends *b, const cJSON *subject,
					    void **instance, struct sl_error *e)
{
	const char *source = sl_json_str(subject, "source", "");
	struct plugin_backend *backend = backends_get(b, INV_REGISTRY, source, e);
	const struct sl_registry_ops *ops;

	if (!backend)
		return NULL;
	ops = plugin_backend_plugin(backend)->registry;
	if (!ops->find || !ops->write) {
		sl_fail(e, SL_EUNSUPPORTED, "registry '%s' cannot be written to", source);
		return NULL;
	}
	*instance = plugin_backend_instance(backend);
	return ops;
}

/* --- reading --- */

struct reading {
	struct backends_wait wait;
	const cJSON *subject;
	cJSON *found;
};

static void on_instance(void *arg, const struct sl_instance *i)
{
	struct reading *r = arg;

	if (!r->found && i->id && !strcmp(i->id, sl_json_str(r->subject, "id", "")))
		r->found = value_new(i->state, i->weight);
}

static void on_read(void *arg, const struct sl_read_end *end)
{
	struct reading *r = arg;

	r->wait.error = end->error;
	r->wait.done = true;
}

static int instance_read(struct backends *b, const cJSON *subject, const bool *leave, cJSON **found,
			 struct sl_error *e)
{
	static const struct sl_registry_sink sink = {.instance = on_instance, .done = on_read};
	struct reading r = {.subject = subject};
	const struct sl_registry_ops *ops;
	const char *service = sl_json_str(subject, "service", "");
	struct sl_call *call;
	void *instance;

	*found = NULL;
	ops = ops_of(b, subject, &instance, e);
	if (!ops)
		return (int)e->code;
	call = ops->find(instance, service, part(subject, "environment"), part(subject, "app"),
			 ACTION_TIMEOUT_MS, &sink, &r);
	backends_wait(b, &r.wait, call, ops->cancel, instance, leave);
	if (!r.wait.error.code && !r.found)
		sl_fail(&r.wait.error, SL_ENOTFOUND,
			"instance '%.80s' of service '%.80s' is not registered in '%.80s' any more",
			sl_json_str(subject, "id", ""), service,
			sl_json_str(subject, "source", ""));
	if (!r.wait.error.code) {
		*found = r.found;
		return SL_OK;
	}
	cJSON_Delete(r.found);
	*e = r.wait.error;
	return (int)e->code;
}

/* --- writing --- */

static void on_written(void *arg, const struct sl_error *e)
{
	struct backends_wait *w = arg;

	w->error = *e;
	w->done = true;
}

static int instance_write(struct backends *b, const cJSON *subject, const cJSON *prior,
			  const cJSON *target, const bool *leave, struct sl_error *e)
{
	struct backends_wait w = {0};
	int state = value_state(target), weight = value_weight(target);
	const struct sl_instance_change change = {
		.service = sl_json_str(subject, "service", ""),
		.environment = part(subject, "environment"),
		.app = part(subject, "app"),
		.id = sl_json_str(subject, "id", ""),
		.expect_state = state == SL_KEEP ? SL_KEEP : value_state(prior),
		.state = state,
		.expect_weight = weight == SL_KEEP ? SL_KEEP : weight_found(prior),
		.weight = weight,
	};
	const struct sl_registry_ops *ops;
	void *instance;

	ops = ops_of(b, subject, &instance, e);
	if (!ops)
		return (int)e->code;
	backends_wait(b, &w, ops->write(instance, &change, ACTION_TIMEOUT_MS, on_written, &w),
		      ops->cancel, instance, leave);
	*e = w.error;
	return (int)e->code;
}

/* --- values --- */

static bool instance_is(const cJSON *found, const cJSON *value)
{
	int state = value_state(value), weight = value_weight(value);

	return (state == SL_KEEP || value_state(found) == state) &&
	       (weight == SL_KEEP || weight_found(found) == weight);
}

static cJSON *instance_back(const cJSON *prior, const cJSON *target)
{
	return value_new(value_state(target) == SL_KEEP ? SL_KEEP : value_state(prior),
			 value_weight(target) == SL_KEEP ? SL_KEEP : weight_found(prior));
}

static const char *instance_say(const cJSON *value, char *dst, size_t size)
{
	const char *state = sl_json_str(value, "state", NULL);
	int weight = value_weight(value);

	if (state && weight >= 0)
		snprintf(dst, size, "%s, weight %d", state, weight);
	else if (state)
		snprintf(dst, size, "%s%s", state, weight == SL_NONE ? ", no weight" : "");
	else if (weight >= 0)
		snprintf(dst, size, "weight %d", weight);
	else
		snprintf(dst, size, "no weight");
	return dst;
}

static const char *instance_name(const cJSON *subject, char *dst, size_t size)
{
	const char *id = sl_json_str(subject, "id", ""), *host = sl_json_str(subject, "host", "");
	int64_t port = sl_json_int(subject, "port", 0);

	if (*host && port)
		snprintf(dst, size, "%s (%s:%d)", id, host, (int)port);
	else if (*host)
		snprintf(dst, size, "%s (%s)", id, host);
	else
		snprintf(dst, size, "%s", id);
	return dst;
}

static char *instance_claim(const cJSON *subject)
{
	return hold_service(sl_json_str(subject, "source", ""),
			    sl_json_str(subject, "service", ""));
}

static int instance_check(const cJSON *subject, const cJSON *value, struct sl_error *e)
{
	static const char *const names[] = {"source", "service", "id"};

	for (size_t i = 0; i < SL_COUNT(names); i++) {
		const char *text = sl_json_str(subject, names[i], "");

		if (!*text || !sl_text_is_clean(text, strlen(text)))
			return sl_fail(e, SL_EINPUT,
				       "an instance whose %s is empty or holds control characters "
				       "is left alone",
				       names[i]);
	}
	if (value_state(value) == SL_KEEP && value_weight(value) == SL_KEEP)
		return sl_fail(e, SL_EINPUT, "neither a state nor a weight is asked for");
	return SL_OK;
}

const struct action_kind action_instance = {
	.name = "instance",
	.read = instance_read,
	.write = instance_write,
	.is = instance_is,
	.back = instance_back,
	.say = instance_say,
	.name_of = instance_name,
	.claim = instance_claim,
	.check = instance_check,
};

cJSON *action_instance_change(const char *source, const struct sl_instance *i, int state,
			      int weight)
{
	cJSON *o = cJSON_CreateObject();

	sl_json_add_str(o, "kind", "instance");
	sl_json_add_str(o, "source", source);
	sl_json_add_str(o, "service", i->service ? i->service : "");
	sl_json_add_str(o, "environment", i->environment ? i->environment : "");
	sl_json_add_str(o, "app", i->app ? i->app : "");
	sl_json_add_str(o, "id", i->id ? i->id : "");
	sl_json_add_str(o, "host", i->host ? i->host : i->address ? i->address : "");
	sl_json_add_int(o, "port", i->port);
	cJSON_AddItemToObject(o, "target", value_new(state, weight));
	return o;
}
