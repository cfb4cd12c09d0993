/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fake Service Center knows. Every instance has two faces: the stored one, which noCache
 * reads see, and the cached one, which follows it after `lag` (changes) or `removal_lag`
 * (removals), and later still when most instances vanish at once. An instance's JSON is rendered
 * when it changes, so that reading ten thousand of them is only copying.
 */
#ifndef SLUICE_LAB_SC_STORE_H
#define SLUICE_LAB_SC_STORE_H

#include "fake.h"

struct sc_face {
	bool present;
	char *text;
	uint64_t hash;
};

struct sc_service;

struct sc_instance {
	struct sc_service *of;
	char id[65], status[16];
	cJSON *doc;        /* as registered, without what is below */
	cJSON *properties; /* NULL = none */
	long long since, modified;
	int64_t lease_ms, expires; /* INT64_MAX = never */
	struct sc_face stored, cached;
	int64_t due;    /* when the cached face follows; 0 = it is the same */
	bool preserved; /* self-preservation has given it one more lease */
};

struct sc_service {
	char id[65];
	char *project, *environment, *app, *name, *version;
	uint64_t names[2];           /* hashes of the name and the alias */
	cJSON *doc, *tags, *schemas; /* schemas: the list with texts, or NULL */
	struct sc_instance **instances;
	size_t count, cap;
	bool shared, dead;
};

struct sc_edge {
	struct sc_service *consumer;
	char *environment, *app, *name;
};

static struct sc_store {
	struct sc_service **services;
	size_t count, cap;
	struct sc_edge *edges;
	size_t edge_count, edge_cap;
	long lag, removal_lag, ttl; /* ms, ms, s (0 = as registered) */
	size_t dirty;               /* instances whose cached face is due */
	unsigned long long serial;
	int64_t next; /* no instance has anything to do before */
	/* Something was stored, and the cache will follow at `due`. */
	void (*moved)(const struct sc_instance *i, const char *action, int64_t due);
} sc = {.lag = 300, .removal_lag = 2300};

#define SC_GROW(items, count, cap)                                            \
	do {                                                                  \
		if ((count) == (cap)) {                                       \
			(cap) = (cap) ? (cap)*2 : 8;                          \
			(items) = realloc((items), (cap) * sizeof(*(items))); \
			if (!(items))                                         \
				lab_die("out of memory");                     \
		}                                                             \
	} while (0)

static inline char *sc_dup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		lab_die("out of memory");
	return copy;
}

static inline void *sc_new(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		lab_die("out of memory");
	return p;
}

static inline void sc_make_id(char *dst, size_t digits)
{
	char seed[80];

	snprintf(seed, sizeof(seed), "%d/%lld/%llu", (int)getpid(), (long long)lab_now(),
		 ++sc.serial);
	fake_digest(dst, digits, seed);
}

/* --- JSON pieces --- */

static inline void sc_copy(cJSON *to, const cJSON *from, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(from, key);

	if (v && !(cJSON_IsString(v) && !v->valuestring[0]) &&
	    !((cJSON_IsArray(v) || cJSON_IsObject(v)) && !v->child))
		cJSON_AddItemToObject(to, key, cJSON_Duplicate(v, true));
}

static inline void sc_add_time(cJSON *to, const char *key, long long t)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", t);
	cJSON_AddStringToObject(to, key, text);
}

static inline cJSON *sc_instance_json(const struct sc_instance *i, bool properties)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddStringToObject(out, "instanceId", i->id);
	cJSON_AddStringToObject(out, "serviceId", i->of->id);
	sc_copy(out, i->doc, "endpoints");
	sc_copy(out, i->doc, "hostName");
	if (i->status[0])
		cJSON_AddStringToObject(out, "status", i->status);
	if (properties && i->properties && i->properties->child)
		cJSON_AddItemToObject(out, "properties", cJSON_Duplicate(i->properties, true));
	sc_copy(out, i->doc, "healthCheck");
	sc_add_time(out, "timestamp", i->since);
	sc_copy(out, i->doc, "dataCenterInfo");
	sc_add_time(out, "modTimestamp", i->modified);
	cJSON_AddStringToObject(out, "version", i->of->version);
	return out;
}

/* --- finding --- */

static inline struct sc_service *sc_service_by_id(const char *project, const char *id)
{
	for (size_t i = 0; i < sc.count; i++)
		if (!sc.services[i]->dead && strcmp(sc.services[i]->id, id) == 0 &&
		    strcmp(sc.services[i]->project, project) == 0)
			return sc.services[i];
	return NULL;
}

/* version NULL = the next of any version; alias counts as a name. start is moved on. */
static inline struct sc_service *sc_service_next(const char *project, const char *environment,
						 const char *app, const char *name,
						 const char *version, size_t *start)
{
	uint64_t hash = fake_hash(3, name);

	while (*start < sc.count) {
		struct sc_service *s = sc.services[(*start)++];

		if ((s->names[0] != hash && s->names[1] != hash) || s->dead ||
		    strcmp(s->project, project) != 0 || strcmp(s->environment, environment) != 0 ||
		    strcmp(s->app, app) != 0)
			continue;
		if (strcmp(s->name, name) != 0 && strcmp(fake_str(s->doc, "alias"), name) != 0)
			continue;
		if (!version || strcmp(s->version, version) == 0)
			return s;
	}
	return NULL;
}

static inline struct sc_instance *sc_instance_by_id(const struct sc_service *s, const char *id,
						    bool stored)
{
	for (size_t i = 0; s && i < s->count; i++)
		if (strcmp(s->instances[i]->id, id) == 0 &&
		    (stored ? s->instances[i]->stored : s->instances[i]->cached).present)
			return s->instances[i];
	return NULL;
}

/* --- changes --- */

static inline void sc_face_render(struct sc_face *f, const struct sc_instance *i)
{
	cJSON *json = sc_instance_json(i, true);

	free(f->text);
	f->text = cJSON_PrintUnformatted(json);
	f->hash = fake_hash(7, f->text);
	f->present = true;
	cJSON_Delete(json);
}

/* The stored face changed: the cached one follows later. */
static inline void sc_instance_touch(struct sc_instance *i, bool gone)
{
	const char *action = gone ? "DELETE" : i->stored.present ? "UPDATE" : "CREATE";

	if (gone)
		i->stored.present = false;
	else
		sc_face_render(&i->stored, i);
	if (sc.moved)
		sc.moved(i, action, lab_now() + (gone ? sc.removal_lag : sc.lag));
	if (!i->due)
		sc.dirty++;
	if (!i->due || gone)
		i->due = lab_now() + (gone ? sc.removal_lag : sc.lag);
	if (i->due < sc.next)
		sc.next = i->due;
}

static inline void sc_instance_release(struct sc_instance *i)
{
	struct sc_service *s = i->of;

	for (size_t n = 0; n < s->count; n++)
		if (s->instances[n] == i) {
			s->instances[n] = s->instances[--s->count];
			break;
		}
	cJSON_Delete(i->doc);
	cJSON_Delete(i->properties);
	free(i->stored.text);
	free(i->cached.text);
	free(i);
}

static inline void sc_instance_follow(struct sc_instance *i)
{
	i->due = 0;
	sc.dirty--;
	if (!i->stored.present) {
		sc_instance_release(i);
		return;
	}
	free(i->cached.text);
	i->cached = i->stored;
	i->cached.text = sc_dup(i->stored.text);
}

/* A write starts from what the cache says, not from what is stored: one that comes within the lag
 * after another undoes it. */
static inline void sc_instance_rebase(struct sc_instance *i)
{
	cJSON *base = i->cached.present ? cJSON_Parse(i->cached.text) : NULL;

	if (!base)
		return;
	snprintf(i->status, sizeof(i->status), "%s", fake_str(base, "status"));
	cJSON_Delete(i->properties);
	i->properties = cJSON_DetachItemFromObjectCaseSensitive(base, "properties");
	cJSON_Delete(base);
}

static inline bool sc_is_mass_death(void)
{
	size_t shown = 0, gone = 0;

	for (size_t n = 0; n < sc.count; n++)
		for (size_t k = 0; k < sc.services[n]->count; k++) {
			const struct sc_instance *i = sc.services[n]->instances[k];

			if (!i->cached.present || i->of->shared)
				continue;
			shown++;
			gone += !i->stored.present && !i->preserved;
		}
	return shown > 5 && gone * 5 >= shown * 4;
}

static inline void sc_preserve(void)
{
	for (size_t n = 0; n < sc.count; n++)
		for (size_t k = 0; k < sc.services[n]->count; k++) {
			struct sc_instance *i = sc.services[n]->instances[k];
			int64_t more = i->lease_ms < 600000 ? i->lease_ms : 600000;

			if (i->stored.present || !i->due || i->preserved)
				continue;
			i->preserved = true;
			i->due += more;
		}
}

/* Returns when the cached face is due, or INT64_MAX. The instance may be gone then. */
static inline int64_t sc_instance_turn(struct sc_instance *i, int64_t now)
{
	if (i->due && i->due <= now && !i->stored.present && i->cached.present && !i->preserved &&
	    sc_is_mass_death())
		sc_preserve();
	if (i->due && i->due <= now) {
		sc_instance_follow(i);
		return INT64_MAX;
	}
	return i->due ? i->due : INT64_MAX;
}

/* Leases end. Returns when the next does. */
static inline int64_t sc_expire(int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t n = 0; n < sc.count; n++)
		for (size_t k = 0; k < sc.services[n]->count; k++) {
			struct sc_instance *i = sc.services[n]->instances[k];

			if (!i->stored.present)
				continue;
			if (i->expires <= now)
				sc_instance_touch(i, true);
			else if (i->expires < next)
				next = i->expires;
		}
	return next;
}

/* Leases end, the cache follows. Returns when the next such thing is due. */
static inline int64_t sc_turn(int64_t now)
{
	int64_t next;

	if (now < sc.next)
		return sc.next;
	next = sc_expire(now);
	for (size_t n = 0; n < sc.count; n++)
		for (size_t k = sc.services[n]->count; k-- > 0;) {
			int64_t due = sc_instance_turn(sc.services[n]->instances[k], now);

			if (due < next)
				next = due;
		}
	return sc.next = next;
}

/* --- registering --- */

static inline struct sc_service *sc_service_add(const char *project, const cJSON *given)
{
	struct sc_service *s = sc_new(sizeof(*s));
	char key[1024];

	s->project = sc_dup(project);
	s->environment = sc_dup(fake_str(given, "environment"));
	s->app = sc_dup(fake_str(given, "appId")[0] ? fake_str(given, "appId") : "default");
	s->name = sc_dup(fake_str(given, "serviceName"));
	s->version = sc_dup(fake_str(given, "version")[0] ? fake_str(given, "version") : "0.0.1");
	snprintf(key, sizeof(key), "%s/%s/%s/%s/%s", project, s->environment, s->app, s->name,
		 s->version);
	if (fake_str(given, "serviceId")[0])
		snprintf(s->id, sizeof(s->id), "%s", fake_str(given, "serviceId"));
	else
		fake_digest(s->id, 40, key);
	s->doc = cJSON_CreateObject();
	cJSON_AddStringToObject(s->doc, "serviceId", s->id);
	cJSON_AddStringToObject(s->doc, "appId", s->app);
	cJSON_AddStringToObject(s->doc, "serviceName", s->name);
	cJSON_AddStringToObject(s->doc, "version", s->version);
	sc_copy(s->doc, given, "description");
	cJSON_AddStringToObject(s->doc, "level",
				fake_str(given, "level")[0] ? fake_str(given, "level") : "BACK");
	sc_copy(s->doc, given, "schemas");
	cJSON_AddStringToObject(s->doc, "status", "UP");
	sc_copy(s->doc, given, "properties");
	sc_add_time(s->doc, "timestamp", fake_time());
	sc_copy(s->doc, given, "alias");
	sc_add_time(s->doc, "modTimestamp", fake_time());
	sc_copy(s->doc, given, "environment");
	sc_copy(s->doc, given, "framework");
	s->names[0] = fake_hash(3, s->name);
	s->names[1] = fake_hash(3, fake_str(given, "alias"));
	SC_GROW(sc.services, sc.count, sc.cap);
	return sc.services[sc.count++] = s;
}

static inline int64_t sc_lease_ms(const cJSON *doc)
{
	const cJSON *check = cJSON_GetObjectItemCaseSensitive(doc, "healthCheck");
	const cJSON *interval = cJSON_GetObjectItemCaseSensitive(check, "interval");
	const cJSON *times = cJSON_GetObjectItemCaseSensitive(check, "times");
	int64_t i = cJSON_IsNumber(interval) ? (int64_t)interval->valuedouble : 30;
	int64_t t = cJSON_IsNumber(times) ? (int64_t)times->valuedouble : 3;

	if (sc.ttl)
		return sc.ttl * 1000;
	if (strcmp(fake_str(check, "mode"), "pull") == 0)
		return 120000;
	return (i < 5 ? 5 : i) * ((t < 3 ? 3 : t) + 1) * 1000;
}

static inline struct sc_instance *sc_instance_add(struct sc_service *s, const cJSON *given)
{
	static const char health[] = "{\"mode\":\"push\",\"interval\":30,\"times\":3}";
	struct sc_instance *i = sc_new(sizeof(*i));
	const char *status = fake_str(given, "status");

	i->of = s;
	if (fake_str(given, "instanceId")[0])
		snprintf(i->id, sizeof(i->id), "%s", fake_str(given, "instanceId"));
	else
		sc_make_id(i->id, 32);
	snprintf(i->status, sizeof(i->status), "%s", status[0] ? status : "UP");
	i->doc = cJSON_Duplicate(given, true);
	if (!cJSON_GetObjectItemCaseSensitive(i->doc, "healthCheck"))
		cJSON_AddItemToObject(i->doc, "healthCheck", cJSON_Parse(health));
	i->properties = cJSON_DetachItemFromObjectCaseSensitive(i->doc, "properties");
	i->since = i->modified = fake_time();
	i->lease_ms = sc_lease_ms(i->doc);
	i->expires = lab_now() + i->lease_ms;
	if (i->expires < sc.next)
		sc.next = i->expires;
	SC_GROW(s->instances, s->count, s->cap);
	s->instances[s->count++] = i;
	sc_instance_touch(i, false);
	return i;
}

static inline bool sc_heartbeat(struct sc_instance *i)
{
	if (i && i->expires != INT64_MAX)
		i->expires = lab_now() + i->lease_ms;
	return i != NULL;
}

/* --- dependencies --- */

static inline void sc_edge_add(struct sc_service *consumer, const char *environment,
			       const char *app, const char *name)
{
	for (size_t i = 0; i < sc.edge_count; i++)
		if (sc.edges[i].consumer == consumer && strcmp(sc.edges[i].name, name) == 0 &&
		    strcmp(sc.edges[i].app, app) == 0 &&
		    strcmp(sc.edges[i].environment, environment) == 0)
			return;
	SC_GROW(sc.edges, sc.edge_count, sc.edge_cap);
	sc.edges[sc.edge_count++] = (struct sc_edge){.consumer = consumer,
						     .environment = sc_dup(environment),
						     .app = sc_dup(app),
						     .name = sc_dup(name)};
}

static inline bool sc_depends(const struct sc_service *consumer, const struct sc_service *provider)
{
	for (size_t i = 0; i < sc.edge_count; i++)
		if (sc.edges[i].consumer == consumer && !consumer->dead && !provider->dead &&
		    strcmp(consumer->project, provider->project) == 0 &&
		    strcmp(sc.edges[i].name, provider->name) == 0 &&
		    strcmp(sc.edges[i].app, provider->app) == 0 &&
		    strcmp(sc.edges[i].environment, provider->environment) == 0)
			return true;
	return false;
}

#endif
