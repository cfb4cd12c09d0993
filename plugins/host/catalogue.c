/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/host/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"
#include "plugins/sdk/units.h"

#define INTERVAL_MS     5000
#define TIMEOUT_MS      8000
#define STALE_INTERVALS 3

/* --- telling --- */

static void on_tell(uv_timer_t *timer)
{
	struct catalogue *c = timer->data;
	unsigned roles = c->dirty;

	c->dirty = 0;
	if (c->changed && roles)
		c->changed(c->changed_arg, roles);
}

void cat_dirty(struct catalogue *c, unsigned roles)
{
	c->generation++;
	if (!c->dirty && !c->closing)
		uv_timer_start(&c->tell, on_tell, 0, 0);
	c->dirty |= roles;
}

void catalogue_on_change(struct catalogue *c, void (*changed)(void *arg, unsigned roles), void *arg)
{
	c->changed = changed;
	c->changed_arg = arg;
}

uint64_t catalogue_generation(const struct catalogue *c)
{
	return c->generation;
}

/* --- what was seen to change --- */

static void change_release(struct cat_change *change)
{
	free((void *)(uintptr_t)change->service); /* one block holds the texts */
	*change = (struct cat_change){0};
}

void cat_note(struct cat_source_node *s, int64_t time, const char *what, const char *service,
	      const char *subject, const char *text)
{
	struct catalogue *c = s->c;
	size_t a = strlen(service) + 1, b = strlen(subject) + 1, d = strlen(text) + 1;
	char *block = sl_alloc(a + b + d);
	struct cat_change *change;

	if (!c->changes)
		c->changes = sl_alloc_n(CAT_CHANGES_MAX, sizeof *c->changes);
	change = &c->changes[c->change_next];
	c->change_next = (c->change_next + 1) % CAT_CHANGES_MAX;
	if (c->change_count < CAT_CHANGES_MAX)
		c->change_count++;
	change_release(change);
	*change = (struct cat_change){
		.number = ++c->change_number,
		.time = time,
		.role = s->role,
		.source = s->name,
		.what = what,
		.service = memcpy(block, service, a),
		.subject = memcpy(block + a, subject, b),
		.text = memcpy(block + a + b, text, d),
	};
}

size_t catalogue_change_count(const struct catalogue *c)
{
	return c->change_count;
}

const struct cat_change *catalogue_change(const struct catalogue *c, size_t i)
{
	return &c->changes[(c->change_next + 2 * CAT_CHANGES_MAX - 1 - i) % CAT_CHANGES_MAX];
}

/* --- life --- */

struct catalogue *catalogue_new(uv_loop_t *loop)
{
	struct catalogue *c = sl_alloc(sizeof *c);

	c->loop = loop;
	c->timeout_ms = TIMEOUT_MS;
	uv_timer_init(loop, &c->tell);
	c->tell.data = c;
	c->handles = 1;
	return c;
}

void catalogue_set_timeout(struct catalogue *c, int64_t ms)
{
	c->timeout_ms = ms;
}

static void source_free(struct cat_source_node *s)
{
	cat_registry_release(s);
	cat_keys_release(s);
	cat_measures_release(s);
	cat_stage_release(&s->stage);
	free(s->name);
	free(s->type);
	free(s->revision);
	free(s);
}

static void catalogue_free(struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		source_free(c->sources[i]);
	for (size_t i = 0; i < c->change_count; i++)
		change_release(&c->changes[i]);
	free(c->changes);
	free(c->sources);
	free(c->services);
	free(c->keys);
	free(c);
}

static void on_closed(struct catalogue *c)
{
	void (*closed)(void *) = c->closed;
	void *arg = c->closed_arg;

	if (--c->handles)
		return;
	catalogue_free(c);
	if (closed)
		closed(arg);
}

static void on_source_handle(uv_handle_t *handle)
{
	on_closed(((struct cat_source_node *)handle->data)->c);
}

static void on_own_handle(uv_handle_t *handle)
{
	on_closed(handle->data);
}

/* Calls end first, each in its own time; then the timers go. */
static void on_wait(uv_timer_t *timer)
{
	struct catalogue *c = timer->data;

	for (size_t i = 0; i < c->count; i++)
		if (c->sources[i]->busy)
			return;
	for (size_t i = 0; i < c->count; i++) {
		uv_close((uv_handle_t *)&c->sources[i]->poll, on_source_handle);
		uv_close((uv_handle_t *)&c->sources[i]->guard, on_source_handle);
		uv_close((uv_handle_t *)&c->sources[i]->turn, on_source_handle);
	}
	uv_close((uv_handle_t *)&c->tell, on_own_handle);
}

void catalogue_close(struct catalogue *c, void (*closed)(void *arg), void *arg)
{
	c->closing = true;
	c->closed = closed;
	c->closed_arg = arg;
	for (size_t i = 0; i < c->count; i++)
		cat_source_stop(c->sources[i]);
	uv_timer_start(&c->tell, on_wait, 0, 5);
}

/* --- sources --- */

static struct cat_source_node *source_new(struct catalogue *c, const char *name, const char *type,
					  enum cat_role role, int64_t interval_ms)
{
	struct cat_source_node *s = sl_alloc(sizeof *s);

	s->c = c;
	s->name = sl_strdup(name);
	s->type = sl_strdup(type);
	s->revision = sl_strdup("");
	s->role = role;
	s->interval_ms = interval_ms > 0 ? interval_ms : INTERVAL_MS;
	uv_timer_init(c->loop, &s->poll);
	uv_timer_init(c->loop, &s->guard);
	uv_idle_init(c->loop, &s->turn);
	s->poll.data = s->guard.data = s->turn.data = s;
	c->handles += 3;
	if (role == CAT_METRICS)
		cat_measures_init(s);
	SL_GROW(c->sources, c->count, c->cap);
	c->sources[c->count++] = s;
	return s;
}

void catalogue_announce(struct catalogue *c, const char *name, const char *type, enum cat_role role)
{
	source_new(c, name, type, role, 0)->announced = true;
	cat_dirty(c, role);
}

static struct cat_source_node *source_find(const struct catalogue *c, const char *name,
					   unsigned roles)
{
	for (size_t i = 0; i < c->count; i++)
		if ((c->sources[i]->role & roles) && strcmp(c->sources[i]->name, name) == 0)
			return c->sources[i];
	return NULL;
}

/* The announced one, or a new one. */
static struct cat_source_node *source_open(struct catalogue *c, const char *name, const char *type,
					   enum cat_role role, int64_t interval_ms)
{
	struct cat_source_node *s = source_find(c, name, role);

	if (!s || !s->announced)
		return source_new(c, name, type, role, interval_ms);
	s->announced = s->wanted = false;
	if (interval_ms > 0)
		s->interval_ms = interval_ms;
	return s;
}

void catalogue_add(struct catalogue *c, const char *name, const char *type,
		   struct plugin_backend *backend, enum cat_role role, int64_t interval_ms)
{
	struct cat_source_node *s = source_open(c, name, type, role, interval_ms);
	const struct sl_plugin *p = plugin_backend_plugin(backend);

	s->backend = backend;
	/* Traces are asked for, never polled; the static registry is given by hand. */
	s->fixed = role == CAT_TRACING || (role == CAT_REGISTRY && p->registry->from_inventory);
	s->answered = s->fixed;
	cat_dirty(c, role);
	if (c->wanted & role)
		cat_source_begin(s);
}

void catalogue_add_broken(struct catalogue *c, const char *name, const char *type,
			  enum cat_role role, const char *error)
{
	struct cat_source_node *s = source_open(c, name, type, role, 0);

	s->fixed = s->answered = true;
	s->failures = 1;
	cat_text(s->error, sizeof s->error, error);
	cat_dirty(c, role);
}

void catalogue_give(struct catalogue *c, const char *name, const char *type,
		    const struct sl_instance *instances, size_t count)
{
	struct cat_source_node *s = source_find(c, name, CAT_REGISTRY);

	if (!s || s->announced)
		s = source_open(c, name, type, CAT_REGISTRY, 0);
	s->fixed = s->answered = true;
	for (size_t i = 0; i < count; i++)
		cat_stage_instance(&s->stage, &instances[i]);
	cat_merge_registry(s, sl_time_now(), false);
	cat_stage_release(&s->stage);
	s->reads++;
	s->read_at = s->asked_at = sl_time_now();
	cat_dirty(c, CAT_REGISTRY);
}

void catalogue_want(struct catalogue *c, unsigned roles)
{
	c->wanted = roles;
	for (size_t i = 0; i < c->count; i++)
		cat_source_want(c->sources[i], (c->sources[i]->role & roles) != 0);
}

void catalogue_refetch(struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->sources[i]->wanted)
			cat_source_read(c->sources[i], true);
}

bool catalogue_settled(const struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		if ((c->wanted & c->sources[i]->role) && !c->sources[i]->answered)
			return false;
	return true;
}

size_t catalogue_source_count(const struct catalogue *c)
{
	return c->count;
}

struct cat_source catalogue_source(const struct catalogue *c, size_t i)
{
	const struct cat_source_node *s = c->sources[i];
	/* by the clock that no one sets: the wall's may be an hour off */
	int64_t age = sl_time_boottime() - s->read_boot;

	return (struct cat_source){
		.name = s->name,
		.type = s->type,
		.role = s->role,
		.read_at = s->read_at,
		.asked_at = s->asked_at,
		.revision = s->revision,
		.error = s->error,
		.interval_ms = s->interval_ms,
		.reads = s->reads,
		.not_modified = s->not_modified,
		.failures = s->failures,
		.polled = s->wanted || s->fixed,
		.stale = !s->fixed && s->read_at && age > STALE_INTERVALS * s->interval_ms,
	};
}

struct plugin_backend *catalogue_backend(const struct catalogue *c, const char *source)
{
	const struct cat_source_node *s = source_find(c, source, ~0u);

	return s ? s->backend : NULL;
}

struct plugin_backend *catalogue_backend_as(const struct catalogue *c, const char *source,
					    enum cat_role role)
{
	const struct cat_source_node *s = source_find(c, source, role);

	return s ? s->backend : NULL;
}
