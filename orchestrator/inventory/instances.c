/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts x ports, in plan order. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/private.h"
#include "plugins/sdk/mem.h"

/* Where an instance goes: zones take turns, each in its own order. */
struct seat {
	const struct rs_host *host;
	unsigned port;
	size_t zone, turn;
};

static const char *zone_of(const struct rs_host *h)
{
	for (size_t i = 0; i < h->label_count; i++)
		if (!strcmp(h->labels[i].name, "zone"))
			return h->labels[i].value;
	return "";
}

struct zones {
	const char **names;
	size_t *taken;
	size_t count, cap;
};

/* Zones are numbered in first-seen order; hosts without the label are a zone together. */
static void take_seat(struct zones *z, struct seat *s)
{
	const char *zone = zone_of(s->host);

	for (s->zone = 0; s->zone < z->count; s->zone++)
		if (!strcmp(z->names[s->zone], zone))
			break;
	if (s->zone == z->count) {
		SL_GROW(z->names, z->count, z->cap);
		z->taken = sl_realloc_n(z->taken, z->cap, sizeof *z->taken);
		z->names[z->count] = zone;
		z->taken[z->count++] = 0;
	}
	s->turn = z->taken[s->zone]++;
}

static int seat_cmp(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->zone < y->zone ? -1 : x->zone > y->zone;
}

static size_t seats_of_host(const struct pb_service *s)
{
	return s->port_count ? s->port_count : 1;
}

static struct seat *make_seats(struct maker *m, size_t service, size_t *count)
{
	const struct pb_service *s = &m->rs->resolved.playbook->services[service];
	size_t n = index_host_count(m->index), hosts = 0;
	const bool *marks = m->service_hosts + service * n;
	struct zones zones = {.count = 0};
	struct seat *seats;

	*count = 0;
	for (size_t h = 0; h < n; h++)
		hosts += marks[h];
	seats = sl_alloc_n(hosts * seats_of_host(s) + 1, sizeof *seats);
	for (size_t h = 0; h < n; h++) {
		for (size_t p = 0; marks[h] && p < seats_of_host(s); p++) {
			struct seat *seat = &seats[(*count)++];

			seat->host = &m->rs->resolved.hosts[m->position[h]];
			seat->port = s->port_count ? (unsigned)s->ports[p] : 0;
			take_seat(&zones, seat);
		}
	}
	qsort(seats, *count, sizeof *seats, seat_cmp);
	free(zones.names);
	free(zones.taken);
	return seats;
}

static char *instance_address(struct pb_arena *a, const char *address, unsigned port)
{
	bool v6 = strchr(address, ':') != NULL;

	if (!port)
		return pb_arena_strdup(a, address);
	return v6 ? pb_arena_printf(a, "[%s]:%u", address, port)
		  : pb_arena_printf(a, "%s:%u", address, port);
}

static void add_instance(struct maker *m, const struct pb_service *s, const struct seat *seat)
{
	struct resolved *r = &m->rs->resolved;
	struct pb_arena *a = &m->rs->arena;
	struct rs_instance *i = &r->instances[r->instance_count];

	i->index = r->instance_count++;
	i->service = s;
	i->host = seat->host;
	i->port = seat->port;
	i->id = seat->port ? pb_arena_printf(a, "%s:%u", seat->host->name, seat->port)
			   : pb_arena_strdup(a, seat->host->name);
	i->address = instance_address(a, seat->host->service_address, seat->port);
	render_instance(m, i);
}

static int by_address(const void *a, const void *b)
{
	const struct rs_instance *x = *(const struct rs_instance *const *)a,
				 *y = *(const struct rs_instance *const *)b;
	int rc = strcmp(x->address, y->address);

	if (rc)
		return rc;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Two hosts, or two services, behind one address and port would stop and start each other. */
static void check_twice(struct maker *m)
{
	const struct resolved *r = &m->rs->resolved;
	const struct rs_instance **sorted = sl_alloc_n(r->instance_count + 1, sizeof *sorted);

	for (size_t i = 0; i < r->instance_count; i++)
		sorted[i] = &r->instances[i];
	qsort(sorted, r->instance_count, sizeof *sorted, by_address);
	for (size_t i = 1; i < r->instance_count; i++) {
		const struct rs_instance *a = sorted[i - 1], *b = sorted[i];

		if (!a->port || !b->port || strcmp(a->address, b->address))
			continue;
		diags_error(m->d, b->service->at, "%s of '%s' and %s of '%s' are the same: %s",
			    a->id, a->service->name, b->id, b->service->name, a->address);
	}
	free(sorted);
}

void make_instances(struct maker *m)
{
	struct resolved *r = &m->rs->resolved;
	size_t services = r->playbook->service_count, total = 0, *counts;
	struct seat **seats;

	seats = sl_alloc_n(services + 1, sizeof *seats);
	counts = sl_alloc_n(services + 1, sizeof *counts);
	for (size_t s = 0; s < services; s++) {
		seats[s] = make_seats(m, s, &counts[s]);
		total += counts[s];
	}
	r->instances = pb_arena_array(&m->rs->arena, total + 1, sizeof *r->instances);
	for (size_t s = 0; s < services; s++) {
		for (size_t i = 0; m->rs->versions[s] && i < counts[s]; i++)
			add_instance(m, &r->playbook->services[s], &seats[s][i]);
		free(seats[s]);
	}
	free(seats);
	free(counts);
	check_twice(m);
}
