/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading many names: the list of services, then batch finds, some thousand names a question. Each
 * name known carries its revision; what has not changed is taken from the last read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/serviceCenter/sc.h"

#define NAMES_MAX   2000 /* in one batch find */
#define UNKNOWN_MAX 100  /* of them without a revision: all of their instances come */
#define FIRST_MAX   30   /* in the very first one: something is there soon */

void sc_read_release(struct sc_read *r)
{
	for (size_t i = 0; i < r->group_count; i++) {
		sc_group_unref(r->groups[i]);
		sc_group_unref(r->fresh[i]);
	}
	free(r->groups);
	free(r->fresh);
	free(r->answered);
	sl_arena_release(&r->view.arena);
	free(r->service);
	free(r->environment);
	free(r->app);
	sc_call_release(&r->call);
}

/* --- batch find: the answer. On the pool, so only what is the read's own is touched. --- */

/* The group that an index of this answer means, or SIZE_MAX. */
static size_t group_at(const struct sc_read *r, const cJSON *index)
{
	double n = cJSON_IsNumber(index) ? index->valuedouble : -1;

	return n >= 0 && n < (double)(r->until - r->asked) ? r->asked + (size_t)n : SIZE_MAX;
}

static int fail_index(struct sl_error *e)
{
	return sl_fail(e, SL_EPROTO, "a batch find answers what was not asked");
}

static int take_updated(struct sc_read *r, const cJSON *item, struct sl_error *e)
{
	size_t at = group_at(r, sl_json_get(item, "index"));
	const char *rev = sl_json_str(item, "rev", "");
	struct sc_group *g;

	if (at == SIZE_MAX || r->answered[at])
		return fail_index(e);
	g = sc_group_new(r->groups[at]->environment, r->groups[at]->app, r->groups[at]->name);
	if (strlen(rev) < sizeof g->rev) /* another could not be sent back */
		memcpy(g->rev, rev, strlen(rev) + 1);
	sc_group_parse(g, sl_json_get(item, "instances"), r->call.sc->weight);
	r->fresh[at] = g;
	r->answered[at] = true;
	return SL_OK;
}

static int take_same(struct sc_read *r, const cJSON *index, struct sl_error *e)
{
	size_t at = group_at(r, index);

	if (at == SIZE_MAX || r->answered[at] || !r->groups[at]->rev[0])
		return fail_index(e);
	r->answered[at] = true;
	return SL_OK;
}

/* One name that the server fails at must not cost the others; but whoever decides on what stands in
 * storage now gets no older rows. */
static int take_unread(struct sc_read *r, size_t at, const char *words, int code,
		       struct sl_error *e)
{
	char why[300];

	snprintf(why, sizeof why, "cannot be read: %.200s (%d)", words, code);
	if (r->fresh_only)
		return sl_fail(e, SL_EPROTO, "'%.128s' %s", r->groups[at]->name, why);
	if (!r->unread++)
		sl_fail(&r->unread_error, SL_EPROTO, "'%.128s' %s", r->groups[at]->name, why);
	r->fresh[at] = sc_group_unread(r->groups[at], why);
	return SL_OK;
}

/* A name that went away since the list was read has no instances. */
static int take_failed(struct sc_read *r, const cJSON *item, struct sl_error *e)
{
	const cJSON *error = sl_json_get(item, "error"), *index;
	int code = sl_json_code(error, "errorCode");

	cJSON_ArrayForEach(index, sl_json_get(item, "indexes"))
	{
		size_t at = group_at(r, index);
		struct sc_group *g;

		if (at == SIZE_MAX || r->answered[at])
			return fail_index(e);
		g = r->groups[at];
		r->answered[at] = true;
		if (code == 400012)
			r->fresh[at] = sc_group_new(g->environment, g->app, g->name);
		else if (take_unread(r, at, sl_json_str(error, "errorMessage", ""), code, e) !=
			 SL_OK)
			return e->code;
	}
	return SL_OK;
}

static int on_batch_work(struct sl_chain *c, struct sl_error *e)
{
	struct sc_read *r = (struct sc_read *)c;
	const cJSON *services = sl_json_get(c->json, "services"), *item;
	int rc = SL_OK;

	cJSON_ArrayForEach(item, sl_json_get(services, "updated")) rc =
		rc ? rc : take_updated(r, item, e);
	cJSON_ArrayForEach(item, sl_json_get(services, "notModified")) rc =
		rc ? rc : take_same(r, item, e);
	cJSON_ArrayForEach(item, sl_json_get(services, "failed")) rc =
		rc ? rc : take_failed(r, item, e);
	for (size_t i = r->asked; i < r->until && !rc; i++)
		if (!r->answered[i])
			rc = sl_fail(e, SL_EPROTO, "the batch find says nothing of '%.128s'",
				     r->groups[i]->name);
	return rc;
}

/* --- batch find: the question --- */

/* Of a thousand names fifty are others than a moment ago: what is said of the rest stands. */
static char *batch_body(const struct sc_read *r)
{
	struct sl_buf body;

	sl_buf_init(&body, SIZE_MAX);
	sl_buf_puts(&body, "{\"services\":[");
	for (size_t i = r->asked; i < r->until; i++) {
		sl_buf_puts(&body, i > r->asked ? "," : "");
		sl_buf_puts(&body, sc_group_question(r->groups[i]));
	}
	sl_buf_puts(&body, "]}");
	return sl_buf_take(&body);
}

static void batch_ask(struct sc_read *r);

static void on_batch(struct sl_call *call, const struct sl_error *e)
{
	struct sc_read *r = (struct sc_read *)call;

	call->chain.work = NULL;
	if (call->chain.oversize && r->until - r->asked > 1) {
		r->most = (r->until - r->asked) / 2;
		batch_ask(r);
		return;
	}
	if (e->code != SL_OK) {
		sl_chain_end(&call->chain, e);
		return;
	}
	for (size_t i = r->asked; i < r->until; i++) {
		if (!r->answered[i]) { /* nothing at all came */
			sl_chain_fail(&call->chain, SL_EPROTO, "a batch find has no answer");
			return;
		}
		if (!r->fresh[i])
			continue;
		sc_group_unref(r->groups[i]);
		r->groups[i] = r->fresh[i];
		r->fresh[i] = NULL;
	}
	r->asked = r->until;
	if (r->part && r->asked < r->group_count)
		r->part(r);
	else
		batch_ask(r);
}

/* Answers are bounded by how many names are asked for whose instances are not known; one that was
 * too large all the same halves what is asked for. */
static size_t batch_end(const struct sc_read *r)
{
	size_t unknown = 0, most = r->part && !r->asked ? FIRST_MAX : UNKNOWN_MAX, i;
	size_t names = r->most ? r->most : NAMES_MAX;

	for (i = r->asked; i < r->group_count && i - r->asked < names; i++) {
		unknown += !r->groups[i]->rev[0];
		if (unknown > most)
			break;
	}
	return i;
}

void sc_read_go_on(struct sc_read *r)
{
	batch_ask(r);
}

/* Once, until it is something else. */
static void unread_say(struct sc_read *r)
{
	const struct sl_host_services *services = r->call.chain.all->services;
	struct sc *sc = r->call.sc;
	char *text = NULL;

	if (r->unread)
		text = sl_asprintf("%zu of %zu services cannot be read; the first: %s", r->unread,
				   r->group_count, r->unread_error.msg);
	if (text && (!sc->unread_told || strcmp(sc->unread_told, text) != 0))
		services->log(services->ctx, SL_LOG_WARN, text);
	free(sc->unread_told);
	sc->unread_told = text;
}

static void batch_ask(struct sc_read *r)
{
	if (r->asked == r->group_count && r->unread && r->unread == r->group_count) {
		sl_chain_fail(&r->call.chain, r->unread_error.code, "%s", r->unread_error.msg);
		return;
	}
	if (r->asked == r->group_count) {
		if (!r->fresh_only)
			unread_say(r);
		r->ready(r);
		return;
	}
	r->until = batch_end(r);
	r->call.chain.work = on_batch_work;
	sc_ask_text(&r->call, "POST",
		    sc_path(r->call.sc, "/registry/instances/action?type=query%s",
			    r->fresh_only ? "&noCache=1" : ""),
		    batch_body(r), on_batch);
}

/* --- the list of services --- */

static int on_list_work(struct sl_chain *c, struct sl_error *e)
{
	struct sc_read *r = (struct sc_read *)c;
	const char *environment = r->environment ? r->environment : r->call.sc->environment;

	return sc_view_parse(&r->view, c->json, r->service, environment, r->app, e);
}

static int known_compare(const struct sc_version *v, const struct sc_group *k)
{
	return sc_key_compare(v->environment, v->app, v->name, k->environment, k->app, k->name);
}

/* Most often it stands where it stood: at `hint`. */
static struct sc_group *group_known(const struct sc *sc, const struct sc_version *v, size_t hint)
{
	size_t low = 0, high = sc->group_count;

	if (hint < high && known_compare(v, sc->groups[hint]) == 0)
		return sc->groups[hint];
	while (low < high) {
		size_t mid = (low + high) / 2;
		struct sc_group *k = sc->groups[mid];
		int order = known_compare(v, k);

		if (!order)
			return k;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Versions of one name stand together: one group for each. */
static void groups_fill(struct sc_read *r)
{
	const struct sc_version *last = NULL;

	r->groups = sl_alloc_n(r->view.version_count + 1, sizeof(struct sc_group *));
	r->fresh = sl_alloc_n(r->view.version_count + 1, sizeof(struct sc_group *));
	r->answered = sl_alloc_n(r->view.version_count + 1, sizeof *r->answered);
	for (size_t i = 0; i < r->view.version_count; i++) {
		const struct sc_version *v = &r->view.versions[i];
		struct sc_group *known;

		if (last && sc_key_compare(last->environment, last->app, last->name, v->environment,
					   v->app, v->name) == 0)
			continue;
		last = v;
		known = r->fresh_only ? NULL : group_known(r->call.sc, v, r->group_count);
		r->groups[r->group_count++] =
			known ? sc_group_ref(known) : sc_group_new(v->environment, v->app, v->name);
	}
}

static void on_list(struct sl_call *call, const struct sl_error *e)
{
	struct sc_read *r = (struct sc_read *)call;

	call->chain.work = NULL;
	if (e->code != SL_OK)
		sl_chain_end(&call->chain, e);
	else if (!r->view.versions)
		sl_chain_fail(&call->chain, SL_EPROTO, "the list of services is empty text");
	else {
		groups_fill(r);
		batch_ask(r);
	}
}

static char *filter(const char *name, const char *value)
{
	char *escaped = value && value[0] ? sl_text_percent(value) : NULL;
	char *out = escaped ? sl_asprintf("&%s=%s", name, escaped) : sl_strdup("");

	free(escaped);
	return out;
}

void sc_read_init(struct sc_read *r, struct sc *sc, const char *service, const char *environment,
		  const char *app, bool fresh_only, int64_t timeout_ms,
		  void (*finish)(struct sl_chain *c, const struct sl_error *e),
		  void (*ready)(struct sc_read *r))
{
	r->service = sl_strdup(service);
	r->environment = sl_strdup(environment);
	r->app = sl_strdup(app);
	r->fresh_only = fresh_only;
	r->ready = ready;
	sc_call_init(&r->call, sc, timeout_ms, finish);
}

void sc_read_start(struct sc_read *r)
{
	const struct sc *sc = r->call.sc;
	char *name = filter("serviceName", r->service), *app = filter("appId", r->app);
	char *environment = filter("env", r->environment ? r->environment : sc->environment);

	r->call.chain.work = on_list_work;
	sc_ask(&r->call, "GET",
	       sc_path(sc, "/govern/microservices?options=tags%s%s%s%s", name, app, environment,
		       r->fresh_only ? "&noCache=1" : ""),
	       NULL, on_list);
	free(name);
	free(app);
	free(environment);
}
