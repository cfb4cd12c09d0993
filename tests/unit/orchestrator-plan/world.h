/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service to plan for, built by hand: N instances on N hosts (or on fewer, with several ports),
 * all on release 1.0.0 and alive, behind a router of two nodes.
 */
#ifndef TESTS_PLAN_WORLD_H
#define TESTS_PLAN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/plan/plan.h"
#include "plugins/sdk/mem.h"

#define TEXT(s)    ((char *)(s)) /* of a literal, for fields that own theirs elsewhere */
#define WORLD_MAX  16
#define OLD_DIGEST "0000000000000000000000000000000000000000000000000000000000000000"
#define NEW_DIGEST "1111111111111111111111111111111111111111111111111111111111111111"
#define OLD_NAME   "1.0.0-00000000"
#define NEW_NAME   "2.0.0-11111111"
#define OLD_SPEC   "oldspec"
#define NEW_SPEC   "newspec"

struct world {
	struct playbook playbook;
	struct pb_service service;
	struct pb_step steps[16];
	struct resolved resolved;
	struct rs_host hosts[WORLD_MAX + 2];
	struct rs_instance instances[WORLD_MAX];
	bool limited[WORLD_MAX];
	struct plan_seen seen[WORLD_MAX];
	struct plan_router router;
	struct plan_server servers[2 * WORLD_MAX + 4];
	char *nodes[2];
	struct plan_registry registry;
	struct plan_registered registered[WORLD_MAX + 4];
	struct plan_config config;
	struct plan_key keys[4];
	struct artifact artifact;
	struct plan_input in;
	char text[4 * WORLD_MAX + 8][64];
	size_t texts;
};

static char *world_text(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static char *world_text(struct world *w, const char *fmt, ...)
{
	char *at = w->text[w->texts++];
	va_list ap;
	assert_true(w->texts <= SL_COUNT(w->text));
	va_start(ap, fmt);
	vsnprintf(at, sizeof w->text[0], fmt, ap);
	va_end(ap);
	return at;
}

static inline void world_instance(struct world *w, size_t i, struct rs_host *h, unsigned port)
{
	w->instances[i] = (struct rs_instance){
		.index = i,
		.service = &w->service,
		.host = h,
		.port = port,
		.id = world_text(w, "%s:%u", h->name, port),
		.address = world_text(w, "%s:%u", h->address, port),
		.dir = TEXT("/srv/orders"),
		.sluice = TEXT("/srv/orders/.sluice"),
		.link = TEXT("current"),
		.spec = NEW_SPEC,
	};
	w->seen[i] = (struct plan_seen){
		.link = SEEN_RELEASE,
		.release = TEXT(OLD_NAME),
		.digest = TEXT(OLD_DIGEST),
		.spec = TEXT(OLD_SPEC),
		.version = TEXT("1.0.0"),
		.alive = true,
	};
}

static inline void world_router(struct world *w)
{
	w->nodes[0] = TEXT("lb1");
	w->nodes[1] = TEXT("lb2");
	w->router = (struct plan_router){
		.name = TEXT("edge"),
		.backend = TEXT("be_orders"),
		.algorithm = TEXT("roundrobin"),
		.weights_work = true,
		.exact = true,
		.http_mode = true,
		.has_hosts = true,
		.nodes = w->nodes,
		.node_count = 2,
		.servers = w->servers,
	};
	for (size_t n = 0; n < 2; n++)
		for (size_t i = 0; i < w->resolved.instance_count; i++)
			w->servers[w->router.server_count++] = (struct plan_server){
				.node = w->nodes[n],
				.server = (char *)w->instances[i].host->name,
				.instance = (long)i,
				.address = (char *)w->instances[i].host->address,
				.port = 8080,
				.weight = 1,
				.configured_weight = 1,
				.up = true,
			};
	w->in.router = &w->router;
}

/* kind PB_ROLLING or PB_CANARY; router or none. */
static inline struct world *world_new(size_t n, enum pb_strategy_kind kind, bool router)
{
	struct world *w = sl_alloc(sizeof *w);
	w->service = (struct pb_service){
		.name = "orders",
		.release = {.keep = 5},
		.runtime = {.kind = PB_RUNTIME_PROCESS, .stop_timeout = {.ms = 30000}},
		.ready = {.min_healthy_time = {.ms = 10000}, .healthy_deadline = {.ms = 300000}},
		.drain = {.until_idle = true, .timeout = {.given = true, .ms = 60000}},
	};
	w->playbook = (struct playbook){
		.name = "orders-grey",
		.folder = "/home/op",
		.services = &w->service,
		.service_count = 1,
		.strategy = {.kind = kind,
			     .max_unavailable = {.count = 1},
			     .min_capacity = 0.75,
			     .steps = w->steps},
	};
	for (size_t i = 0; i < n; i++) {
		w->hosts[i] = (struct rs_host){.name = world_text(w, "oa%02zu", i + 1),
					       .address = world_text(w, "10.0.0.%zu", i + 1),
					       .sluice_dir = "~/.sluice",
					       .index = i};
		world_instance(w, i, &w->hosts[i], 8080);
	}
	for (size_t i = 0; i < 2; i++)
		w->hosts[n + i] = (struct rs_host){.name = i ? "lb2" : "lb1",
						   .address = "10.0.1.1",
						   .sluice_dir = "~/.sluice",
						   .index = n + i};
	w->artifact = (struct artifact){.sha256 = NEW_DIGEST, .size = 1 << 20};
	w->resolved = (struct resolved){
		.playbook = &w->playbook,
		.hosts = w->hosts,
		.host_count = n + 2,
		.instances = w->instances,
		.instance_count = n,
		.limited = w->limited,
		.version = "2.0.0",
		.artifact = TEXT("/art/orders-2.0.0.tgz"),
	};
	w->in = (struct plan_input){
		.resolved = &w->resolved, .seen = w->seen, .artifact = &w->artifact};
	if (router)
		world_router(w);
	return w;
}

static inline void world_step(struct world *w, struct pb_step s)
{
	s.at.line = (unsigned)(20 + w->playbook.strategy.step_count);
	w->steps[w->playbook.strategy.step_count++] = s;
}

static inline void world_upgrade(struct world *w, int64_t count)
{
	world_step(w, (struct pb_step){.kind = PB_STEP_UPGRADE,
				       .amount = {.given = true, .count = count}});
}

static inline void world_weight(struct world *w, double share)
{
	world_step(w,
		   (struct pb_step){.kind = PB_STEP_SET_WEIGHT,
				    .amount = {.given = true, .is_share = true, .share = share}});
}

static inline void world_pause(struct world *w, int64_t ms)
{
	world_step(w,
		   (struct pb_step){.kind = PB_STEP_PAUSE, .pause = {.given = ms > 0, .ms = ms}});
}

/* All are registered, UP with 1.0.0, and ready asks for it. */
static inline void world_registry(struct world *w)
{
	w->registry = (struct plan_registry){.name = TEXT("city"), .at = w->registered};
	for (size_t i = 0; i < w->resolved.instance_count; i++)
		w->registered[w->registry.count++] = (struct plan_registered){
			.id = w->instances[i].id,
			.environment = TEXT("prod"),
			.version = TEXT("1.0.0"),
			.place = w->instances[i].address,
			.instance = (long)i,
			.state = SL_INSTANCE_UP,
		};
	w->service.ready.registered = true;
	w->service.drain.propagation.ms = 35000;
	w->in.registry = &w->registry;
}

/* One key that is to change, one that is not there, one that stands. */
static inline void world_config(struct world *w)
{
	w->keys[0] = (struct plan_key){TEXT("pool.size"), TEXT("80"), TEXT("40"), false};
	w->keys[1] = (struct plan_key){TEXT("db.password"), TEXT("new"), NULL, false};
	w->keys[2] = (struct plan_key){TEXT("same"), TEXT("x"), TEXT("x"), false};
	w->config = (struct plan_config){.name = TEXT("kie"), .keys = w->keys, .count = 3};
	w->in.config = &w->config;
}

/* On the target already. */
static inline void world_converge(struct world *w, size_t i)
{
	w->seen[i] = (struct plan_seen){.link = SEEN_RELEASE,
					.release = TEXT(NEW_NAME),
					.digest = TEXT(NEW_DIGEST),
					.spec = TEXT(NEW_SPEC),
					.version = TEXT("2.0.0"),
					.alive = true,
					.staged = true};
}

/* "claim oa01; stage oa01; ...": the steps as words, waves parted by " | ". Yours to free. */
static inline char *world_words(const struct plan *p)
{
	struct sl_buf b;
	sl_buf_init(&b, 1 << 20);
	for (size_t w = 0; w < p->wave_count; w++) {
		sl_buf_puts(&b, w ? " | " : "");
		for (size_t i = 0; i < p->waves[w].count; i++) {
			const struct plan_step *s = &p->steps[p->waves[w].first + i];
			sl_buf_printf(&b, "%s%s", i ? ", " : "", plan_do_name(s->what));
			if (s->host)
				sl_buf_printf(&b, " %s", s->host);
			if (s->key)
				sl_buf_printf(&b, " %s", s->key);
			if (s->registry_only)
				sl_buf_puts(&b, " (registry)");
			if (s->share >= 0)
				sl_buf_printf(&b, " %.3g", s->share);
		}
	}
	char *words = sl_strdup(sl_buf_str(&b));
	sl_buf_release(&b);
	return words;
}

#endif
