/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/registered.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define REGISTERED_MAX 100000
#define NAME_MAX_BYTES 1024

static bool is_sound(const char *s)
{
	size_t len = s ? strnlen(s, NAME_MAX_BYTES + 1) : 0;
	return len <= NAME_MAX_BYTES && (!len || sl_text_is_clean(s, len));
}

static bool is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_host(const struct rs_host *h, const char *name)
{
	return name && *name &&
	       (strcmp(name, h->service_address) == 0 || strcmp(name, h->address) == 0 ||
		strcmp(name, h->name) == 0);
}

/* By port and by any name that the host goes by. */
static long match(const struct resolved *rs, const struct sl_instance *i)
{
	for (size_t k = 0; k < rs->instance_count; k++) {
		const struct rs_instance *x = &rs->instances[k];
		if (x->port == i->port &&
		    (is_host(x->host, i->address) || is_host(x->host, i->host)))
			return (long)k;
	}
	return -1;
}

static char *dup_if(const char *s)
{
	return s && *s ? sl_strdup(s) : NULL;
}

static char *place_of(const struct sl_instance *i)
{
	const char *at = i->address && *i->address ? i->address
			 : i->host && *i->host     ? i->host
						   : i->id;
	return i->port ? sl_asprintf("%s:%u", at, i->port) : sl_strdup(at);
}

void registered_add(struct plan_registry *r, const struct resolved *rs, const struct sl_instance *i)
{
	bool sound = i->id && *i->id && is_sound(i->id) && is_sound(i->environment) &&
		     is_sound(i->app) && is_sound(i->version) && is_sound(i->address) &&
		     is_sound(i->host);
	if (!sound || r->count == REGISTERED_MAX) {
		r->unreadable++;
		return;
	}
	r->at = sl_realloc_n(r->at, r->count + 1, sizeof *r->at);
	r->at[r->count++] = (struct plan_registered){
		.id = sl_strdup(i->id),
		.environment = dup_if(i->environment),
		.app = dup_if(i->app),
		.version = dup_if(i->version),
		.place = place_of(i),
		.instance = match(rs, i),
		.state = (int)i->state,
	};
}

const char *registered_environment(const struct plan_registry *r)
{
	const char *found = NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct plan_registered *x = &r->at[i];
		if (x->instance < 0)
			continue;
		if (!x->environment || (found && strcmp(found, x->environment) != 0))
			return NULL;
		found = x->environment;
	}
	return found;
}

static void one_release(struct plan_registered *x)
{
	free(x->id);
	free(x->environment);
	free(x->app);
	free(x->version);
	free(x->place);
}

static bool has_ours(const struct plan_registry *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].instance >= 0)
			return true;
	return false;
}

static bool is_beside_ours(const struct plan_registry *r, const struct plan_registered *x)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].instance >= 0 && is_same(r->at[i].environment, x->environment) &&
		    is_same(r->at[i].app, x->app))
			return true;
	return false;
}

void registered_keep_ours(struct plan_registry *r, const char *environment)
{
	bool ours = has_ours(r);
	size_t kept = 0;
	bool *keep = sl_alloc_n(r->count + 1, sizeof *keep);
	for (size_t i = 0; i < r->count; i++) {
		const struct plan_registered *x = &r->at[i];
		keep[i] = ours ? is_beside_ours(r, x)
			       : !environment || !x->environment ||
					  strcmp(environment, x->environment) == 0;
	}
	for (size_t i = 0; i < r->count; i++) {
		if (keep[i])
			r->at[kept++] = r->at[i];
		else
			one_release(&r->at[i]);
	}
	r->count = kept;
	free(keep);
}

void registered_release(struct plan_registry *r)
{
	for (size_t i = 0; i < r->count; i++)
		one_release(&r->at[i]);
	free(r->at);
	free(r->name);
	*r = (struct plan_registry){0};
}
