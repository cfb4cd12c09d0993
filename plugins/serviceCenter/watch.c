/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry pushes to a service what changes in the services that it depends on, and to nobody
 * else; a dependency comes from that service's own finds. To listen without leaving a trace, we
 * register nothing and find nothing: we open the watcher of services that are there already, and
 * hear what they would. So what nobody calls is heard of by polling alone.
 *
 * Every message is only a hint: read again. Connections are lost, silent and lie: each comes back
 * after a pause that grows, and who the listened-as are is looked up anew now and then.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"
#include "plugins/serviceCenter/sc.h"

#define EARS_MAX  16
#define ID_MAX    64
#define LOOK_MS   (5 * 60 * 1000)
#define RETRY_MS  1000
#define RETRY_MAX (60 * 1000)
#define OPEN_MS   10000
#define EVENT_MAX (64 * 1024)

struct watch {
	struct sl_call call; /* first: looks who there is, and pauses */
	sl_changed changed;
	void *arg;
	struct ear *ears;
	char ids[EARS_MAX][ID_MAX + 1]; /* as last looked up */
	size_t id_count;
	int64_t retry_ms;
	bool told; /* the trouble was logged */
};

struct ear {                 /* one connection */
	struct sl_call call; /* first */
	struct watch *watch; /* NULL = not wanted any more */
	struct ear *next;
	char id[ID_MAX + 1]; /* of the service that it listens as */
	int64_t retry_ms, opened;
};

/* A third more or less, so that many consoles do not come back as one. */
static int64_t jittered(int64_t ms, const void *who)
{
	uint64_t dice = sc_hash((uint64_t)sl_time_boottime() ^ (uintptr_t)who, "jitter");

	return ms - ms / 3 + (int64_t)(dice % (uint64_t)(ms * 2 / 3 + 1));
}

static int64_t grown(int64_t ms)
{
	return ms * 2 < RETRY_MAX ? ms * 2 : RETRY_MAX;
}

static void say_trouble(struct watch *w, const char *why)
{
	const struct sl_host_services *services = w->call.sc->all.services;
	char *text = sl_asprintf("changes are not pushed at the moment: %s", why);

	services->log(services->ctx, w->told ? SL_LOG_DEBUG : SL_LOG_WARN, text);
	free(text);
	w->told = true;
}

/* --- an ear --- */

static void ear_listen(struct sl_chain *c);

/* When the backend closes, an ear may end before its watch. */
static void ear_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct ear *ear = (struct ear *)c, **at = ear->watch ? &ear->watch->ears : NULL;

	(void)e;
	while (at && *at != ear)
		at = &(*at)->next;
	if (at)
		*at = ear->next;
	sc_call_release(&ear->call);
}

/* What was pushed while nobody listened is lost: look. */
static void on_opened(struct sl_chain *c)
{
	struct ear *ear = (struct ear *)c;

	ear->opened = sl_time_boottime();
	if (ear->watch)
		ear->watch->changed(ear->watch->arg);
}

static void on_heard(struct sl_chain *c, const char *bytes, size_t len)
{
	struct ear *ear = (struct ear *)c;
	cJSON *event = sl_json_parse(bytes, len, NULL);
	bool hint = sl_json_str(event, "action", "")[0] != '\0';

	cJSON_Delete(event);
	if (!hint) { /* a refusal in words, or no Service Center */
		sl_chain_hang_up(c);
		return;
	}
	ear->retry_ms = RETRY_MS;
	if (!ear->watch)
		return;
	ear->watch->told = false;
	ear->watch->changed(ear->watch->arg);
}

static void ear_pause(struct ear *ear)
{
	sl_chain_pause(&ear->call.chain, jittered(ear->retry_ms, ear), ear_listen);
	ear->retry_ms = grown(ear->retry_ms);
}

static void on_lost(struct sl_chain *c, const struct sl_error *e)
{
	struct ear *ear = (struct ear *)c;
	bool held = ear->opened && sl_time_boottime() - ear->opened > RETRY_MAX;

	if (held)
		ear->retry_ms = RETRY_MS;
	ear->opened = 0;
	if (ear->watch)
		say_trouble(ear->watch,
			    e->code == SL_ECANCELED ? "what comes is no event" : e->msg);
	ear_pause(ear);
}

static void ear_listen(struct sl_chain *c)
{
	struct ear *ear = (struct ear *)c;
	const struct sc *sc = ear->call.sc;
	struct sl_http_header headers[2];
	char *path, *url, *bearer;
	struct sl_websocket_request request = {
		.headers = headers,
		.timeout_ms = OPEN_MS,
		.max_message = EVENT_MAX,
		.tls = &sc->tls,
	};

	if (sc->account && sc->login != SC_LOGIN_DONE) { /* the next poll sees to it */
		ear_pause(ear);
		return;
	}
	path = sc_path(sc, "/registry/microservices/%s/watcher", ear->id);
	url = sl_asprintf("%s%s", sc->url, path);
	request.url = url;
	request.header_count = sc_headers(sc, headers, &bearer);
	sl_chain_listen(c, &request, on_opened, on_heard, on_lost);
	free(path);
	free(url);
	free(bearer);
}

static void ear_new(struct watch *w, const char *id)
{
	struct ear *ear = sl_alloc(sizeof *ear);

	ear->watch = w;
	ear->retry_ms = RETRY_MS;
	strcpy(ear->id, id);
	ear->next = w->ears;
	w->ears = ear;
	sc_call_init(&ear->call, w->call.sc, INT64_MAX, ear_finish);
	ear_listen(&ear->call.chain);
}

/* Its chain ends by itself. */
static void ear_drop(struct ear *ear)
{
	ear->watch = NULL;
	sl_chain_cancel(&ear->call.chain);
}

/* --- who there is --- */

static bool id_fits(const char *id)
{
	size_t len = strlen(id);

	return len && len <= ID_MAX &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") ==
		       len;
}

static bool id_known(const struct watch *w, const char *id)
{
	for (size_t i = 0; i < w->id_count; i++)
		if (strcmp(w->ids[i], id) == 0)
			return true;
	return false;
}

static void id_add(struct watch *w, const char *id)
{
	if (w->id_count < EARS_MAX && id_fits(id) && !id_known(w, id))
		strcpy(w->ids[w->id_count++], id);
}

/* Is this one of "a,b, c"? */
static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list) {
		size_t n;

		list += strspn(list, ", ");
		n = strcspn(list, ",");
		while (n && list[n - 1] == ' ')
			n--;
		if (n && n == len && memcmp(list, name, n) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static bool is_all(const struct sc *sc)
{
	return strcmp(sc->watch_as, "*") == 0;
}

static int on_look_work(struct sl_chain *c, struct sl_error *e)
{
	struct watch *w = (struct watch *)c;
	const struct sc *sc = w->call.sc;
	const cJSON *all = sl_json_get(c->json, is_all(sc) ? "lines" : "services"), *item;

	(void)e;
	w->id_count = 0;
	if (!cJSON_IsArray(all))
		return SL_OK; /* lists without anything are absent or null */
	cJSON_ArrayForEach(item, all)
	{
		if (is_all(sc))
			id_add(w, sl_json_str(sl_json_get(item, "from"), "id", ""));
		else if (list_has(sc->watch_as, sl_json_str(item, "serviceName", "")) &&
			 (!sc->environment ||
			  strcmp(sl_json_str(item, "environment", ""), sc->environment) == 0))
			id_add(w, sl_json_str(item, "serviceId", ""));
	}
	return SL_OK;
}

static void ears_fit(struct watch *w)
{
	struct ear **at = &w->ears;

	while (*at) {
		struct ear *ear = *at;

		if (id_known(w, ear->id)) {
			at = &ear->next;
			continue;
		}
		*at = ear->next;
		ear_drop(ear);
	}
	for (size_t i = 0; i < w->id_count; i++) {
		const struct ear *ear = w->ears;

		while (ear && strcmp(ear->id, w->ids[i]) != 0)
			ear = ear->next;
		if (!ear)
			ear_new(w, w->ids[i]);
	}
}

static void look(struct sl_chain *c);

static void on_looked(struct sl_call *call, const struct sl_error *e)
{
	struct watch *w = (struct watch *)call;

	if (e->code != SL_OK) {
		say_trouble(w, e->msg);
		sl_chain_pause(&call->chain, jittered(w->retry_ms, w), look);
		w->retry_ms = grown(w->retry_ms);
		return;
	}
	w->retry_ms = RETRY_MS;
	ears_fit(w);
	sl_chain_pause(&call->chain, jittered(w->ears ? LOOK_MS : RETRY_MAX, w), look);
}

static void look(struct sl_chain *c)
{
	struct watch *w = (struct watch *)c;
	const struct sc *sc = w->call.sc;

	if (!sc->watch_as) {
		sl_chain_pause(c, INT64_MAX / 2, look);
		return;
	}
	c->work = on_look_work;
	sc_ask(&w->call, "GET",
	       sc_path(sc, is_all(sc) ? "/govern/relations" : "/registry/microservices"), NULL,
	       on_looked);
}

/* Only ever ended by cancel: there is nobody to tell. */
static void watch_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct watch *w = (struct watch *)c;

	(void)e;
	while (w->ears) {
		struct ear *ear = w->ears;

		w->ears = ear->next;
		ear_drop(ear);
	}
	sc_call_release(&w->call);
}

struct sl_call *sc_watch(void *instance, sl_changed changed, void *arg)
{
	struct watch *w = sl_alloc(sizeof *w);

	w->changed = changed;
	w->arg = arg;
	w->retry_ms = RETRY_MS;
	sc_call_init(&w->call, instance, INT64_MAX, watch_finish);
	look(&w->call.chain);
	return &w->call;
}
