/* SPDX-License-Identifier: Apache-2.0 */
/* A runner's life: made, walked to its end, closed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/holds.h"
#include "orchestrator/run/life.h"
#include "orchestrator/run/registry.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct plan_input runner_plan_input(const struct run_inputs *in, const struct observed *seen)
{
	return (struct plan_input){
		.resolved = in->resolved,
		.seen = seen->seen,
		.router = seen->has_router ? &seen->router : NULL,
		.registry = seen->has_registry ? &seen->registry : NULL,
		.config = seen->has_config ? &seen->config : NULL,
		.artifact = &in->artifact,
	};
}

void runner_uuid(char out[37])
{
	unsigned char b[16];
	uv_random(NULL, NULL, b, sizeof b, 0, NULL);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

int runner_init(struct runner *r, struct store *store, struct run_inputs *in,
		struct plugin_host *plugins, const struct run_options *o, struct observed *seen,
		struct sl_error *e)
{
	*r = (struct runner){
		.loop = uv_default_loop(),
		.store = store,
		.in = in,
		.options = o,
		.error = e,
		.seen = seen,
		.wave = -1,
		.terminal = o->terminal,
		.wait = o->wait,
		.progress = sl_time_boottime(),
	};
	sl_error_clear(e);
	uv_timer_t *timers[] = {&r->keeper, &r->drift_timer, &r->hold};
	for (size_t i = 0; i < SL_COUNT(timers); i++) {
		uv_timer_init(r->loop, timers[i]);
		timers[i]->data = r;
	}
	r->is_new = sl_alloc_n(in->resolved->instance_count + 1, sizeof *r->is_new);
	return world_open(&r->world, r->loop, in->resolved, plugins, e) ? RUN_INPUT : RUN_DONE;
}

/* Which instances run what the plan brings, as observed. */
void runner_know_versions(struct runner *r)
{
	const struct plan *p = &r->view.plan;
	const struct resolved *rs = r->in->resolved;
	r->what = sl_asprintf("%s %s", p->service ? p->service : "?", p->version ? p->version : "");
	for (size_t i = 0; i < rs->instance_count; i++) {
		const struct plan_seen *s = &r->seen->seen[i];
		r->is_new[i] = s->release && s->spec && p->release && !rs->limited[i] &&
			       strcmp(s->release, p->release) == 0 &&
			       strcmp(s->spec, rs->instances[i].spec) == 0;
	}
}

static bool is_probing(const struct runner *r)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->http)
			return true;
	return false;
}

/* Probes and their tunnels go first: the hosts' connections do not close under them. */
static void cancel_probes(struct runner *r)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->http)
			sl_http_cancel(r->acts[i]->http);
	while (is_probing(r))
		uv_run(r->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < r->act_count; i++) {
		if (r->acts[i]->tunnel)
			tunnel_close(r->acts[i]->tunnel);
		r->acts[i]->tunnel = NULL;
	}
}

/* All loop handles and calls go; what was in hand stays without result in the journal. */
void runner_close(struct runner *r)
{
	r->over = true;
	cancel_probes(r);
	world_close(&r->world);
	while (r->act_count)
		act_free(r->acts[0]);
	if (r->drift.r)
		traffic_release(&r->drift);
	registry_forget(&r->marks);
	uv_close((uv_handle_t *)&r->keeper, NULL);
	uv_close((uv_handle_t *)&r->drift_timer, NULL);
	uv_close((uv_handle_t *)&r->hold, NULL);
	uv_run(r->loop, UV_RUN_NOWAIT);
	uv_run(r->loop, UV_RUN_NOWAIT);
	run_view_release(&r->view);
	for (size_t i = 0; i < r->claim_count; i++) {
		free(r->claims[i].host);
		free(r->claims[i].folder);
	}
	owners_release(r);
	free(r->claims);
	free(r->acts);
	free(r->is_new);
	free(r->what);
	free(r->stop_why);
	free(r->promote_by);
	free(r->promote_step);
}

int runner_drain(struct runner *r)
{
	while (!r->over || r->appends)
		uv_run(r->loop, UV_RUN_ONCE);
	return r->exit;
}

/* Walk until the run is over. The journal is flushed before this returns. */
int runner_go(struct runner *r)
{
	keeper_start(r);
	drift_start(r);
	control_start(r);
	walk(r);
	runner_drain(r);
	control_stop(r);
	return r->exit;
}

void runner_begin(struct runner *r)
{
	if (!r->options->sink.begin)
		return;
	cJSON *plan = plan_json(&r->view.plan);
	r->options->sink.begin(r->options->sink.arg, r->number, plan);
	cJSON_Delete(plan);
}

/* NULL = the step is about nothing that is claimed there. */
static char *store_claim_of(const struct runner *r, const struct plan_step *s)
{
	const struct world *w = &r->world;
	if (s->what == DO_CLAIM && s->router_claim && !(s->claim && *s->claim))
		return sl_asprintf("router %s", s->router_claim);
	if (s->what == DO_CONFIG && w->config)
		return hold_key(w->configuring.name, s->key, w->labels, w->label_count);
	return NULL;
}

static int claim(struct runner *r, char *what)
{
	int rc = what ? store_claim(r->store, what, r->number, r->error) : SL_OK;
	free(what);
	return rc ? RUN_HELD : RUN_DONE;
}

/* Routers without hosts, services in a registry and keys have no owner file: the state store holds
 * their claims. One of an ended run is none. */
int runner_claim_store(struct runner *r)
{
	const struct plan *p = &r->view.plan;
	int rc = RUN_DONE;
	if (r->world.registry)
		rc = claim(r, hold_service(r->world.registering.name,
					   r->in->playbook->services[0].name));
	for (size_t i = 0; i < p->step_count && !rc; i++)
		rc = claim(r, store_claim_of(r, &p->steps[i]));
	return rc;
}

static void emit_started(struct runner *r, const struct store_run *row)
{
	const struct plan *p = &r->view.plan;
	cJSON *event = runner_event("run.started");
	sl_json_add_str(event, "name", row->name);
	sl_json_add_str(event, "kind", row->kind);
	if (row->parent)
		sl_json_add_int(event, "parent", row->parent);
	else
		cJSON_AddNullToObject(event, "parent");
	sl_json_add_str(event, "who", row->who);
	sl_json_add_str(event, "from", row->from);
	sl_json_add_str(event, "service", p->service);
	sl_json_add_str(event, "version", p->version);
	sl_json_add_int(event, "total", (int64_t)p->total);
	sl_json_add_int(event, "touched", (int64_t)p->touched);
	sl_json_add_int(event, "epoch", r->claim_epoch);
	runner_emit(r, event, NULL, NULL, NULL);
}

static cJSON *texts_of(struct runner *r, const struct plan *plan)
{
	cJSON *texts = cJSON_CreateObject();
	cJSON *document = run_plan_file(r->in, plan);
	char *text = sl_json_print(document);
	sl_json_add_str(texts, "document", text);
	free(text);
	cJSON_Delete(document);
	return texts;
}

static int create_row(struct runner *r, const char *kind, int64_t parent, const struct plan *plan,
		      struct store_run *row)
{
	const struct run_options *o = r->options;
	runner_uuid(r->uuid);
	*row = (struct store_run){
		.name = sl_strdup(r->in->playbook->name),
		.kind = sl_strdup(kind),
		.parent = parent,
		.who = sl_strdup(o->who),
		.from = sl_strdup(o->from),
		.reason = sl_strdup(o->reason ? o->reason : ""),
	};
	memcpy(row->uuid, r->uuid, sizeof row->uuid);
	cJSON *texts = texts_of(r, plan);
	int rc = store_run_create(r->store, row, texts, r->error);
	cJSON_Delete(texts);
	r->number = row->number;
	r->epoch = 1;
	return rc ? RUN_INTERNAL : RUN_DONE;
}

static int view_of(struct runner *r, const struct plan *plan)
{
	cJSON *j = plan_json(plan);
	int rc = run_view_init(&r->view, j, r->error);
	cJSON_Delete(j);
	return rc ? RUN_INTERNAL : RUN_DONE;
}

/* What is claimed in the store is another run's: this one ends before it began. */
static int refuse(struct runner *r)
{
	finish_end(r, "refused", RUN_HELD);
	return runner_drain(r);
}

/* A new run from a plan: row, claims of the store, then the loop. */
int runner_start(struct runner *r, const char *kind, int64_t parent, const struct plan *plan)
{
	struct store_run row = {0};
	int rc = view_of(r, plan);
	if (rc)
		return rc;
	runner_know_versions(r);
	r->claim_epoch = owner_highest_epoch(r->seen) + 1;
	rc = create_row(r, kind, parent, plan, &row);
	if (!rc)
		owners_adopt(r, "");
	if (!rc && store_start(r->store, r->loop, r->error))
		rc = RUN_INTERNAL;
	if (rc) {
		store_run_release(&row);
		return rc;
	}
	owners_emit_taken(r);
	runner_begin(r);
	emit_started(r, &row);
	store_run_release(&row);
	return runner_claim_store(r) ? refuse(r) : runner_go(r);
}
