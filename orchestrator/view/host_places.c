/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/host_places.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "orchestrator/plan/plan.h"
#include "orchestrator/run/view_read.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define RUNS_MAX 100
#define DIRS_MAX (16u << 10) /* of one host */

struct service {
	char *key; /* "host dir" */
	char *service;
	UT_hash_handle hh;
};

struct place {
	char *host;
	struct sl_buf dirs;
	UT_hash_handle hh;
};

struct host_places {
	struct service *services;
	struct place *hosts;
};

static struct place *place_of(struct host_places *p, const char *host)
{
	struct place *at;

	HASH_FIND_STR(p->hosts, host, at);
	if (at)
		return at;
	at = sl_alloc(sizeof *at);
	at->host = sl_strdup(host);
	sl_buf_init(&at->dirs, DIRS_MAX);
	HASH_ADD_KEYPTR(hh, p->hosts, at->host, strlen(at->host), at);
	return at;
}

/* The newest run comes first: what stands stays. */
static void add_place(struct host_places *p, const struct plan_step *step, const char *dir)
{
	char *key = sl_asprintf("%s %s", step->host, dir);
	struct service *s;

	HASH_FIND_STR(p->services, key, s);
	if (s) {
		free(key);
		return;
	}
	s = sl_alloc(sizeof *s);
	s->key = key;
	s->service = sl_strdup(step->service);
	HASH_ADD_KEYPTR(hh, p->services, s->key, strlen(s->key), s);
	sl_buf_printf(&place_of(p, step->host)->dirs, "%s\n", dir);
}

/* An instance's claim stands in its release dir. */
static void add_step(struct host_places *p, const struct plan_step *step)
{
	static const char own[] = "/.sluice";
	size_t len = step->claim ? strlen(step->claim) : 0;
	char *dir;

	if (step->what != DO_SWAP || !step->host || !step->service || len < sizeof own ||
	    strcmp(step->claim + len - (sizeof own - 1), own) != 0)
		return;
	dir = sl_strndup(step->claim, len - (sizeof own - 1));
	add_place(p, step, dir);
	free(dir);
}

static void add_run(struct host_places *p, struct store *s, int64_t number)
{
	struct run_view v;

	if (run_view_open(&v, s, number, NULL))
		return; /* a lock has no plan */
	for (size_t i = 0; i < v.plan.step_count; i++)
		add_step(p, &v.plan.steps[i]);
	run_view_release(&v);
}

struct host_places *host_places_read(struct store *s)
{
	struct host_places *p = sl_alloc(sizeof *p);
	struct store_run *runs;
	size_t count;

	if (!s || store_runs_list(s, NULL, RUNS_MAX, &runs, &count, NULL))
		return p;
	for (size_t i = 0; i < count; i++)
		add_run(p, s, runs[i].number);
	store_runs_free(runs, count);
	return p;
}

void host_places_free(struct host_places *p)
{
	struct service *s, *next_service;
	struct place *at, *next_place;

	if (!p)
		return;
	for (s = p->services; s; s = next_service) {
		next_service = s->hh.next;
		HASH_DEL(p->services, s);
		free(s->key);
		free(s->service);
		free(s);
	}
	for (at = p->hosts; at; at = next_place) {
		next_place = at->hh.next;
		HASH_DEL(p->hosts, at);
		free(at->host);
		sl_buf_release(&at->dirs);
		free(at);
	}
	free(p);
}

const char *host_places_dirs(const struct host_places *p, const char *host)
{
	struct place *at;

	HASH_FIND_STR(p->hosts, host, at);
	return at ? sl_buf_str(&at->dirs) : "";
}

const char *host_places_service(const struct host_places *p, const char *host, const char *dir)
{
	char *key = sl_asprintf("%s %s", host, dir);
	struct service *s;

	HASH_FIND_STR(p->services, key, s);
	free(key);
	return s ? s->service : NULL;
}
