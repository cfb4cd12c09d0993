/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/host_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "orchestrator/view/host_places.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

enum {
	INTERVAL_MS = 5000,
	RETRY_MAX_MS = 40000,
	DEADLINE_MS = 15000, /* of the script; connecting has its own */
	TURN_MS = 500,
	TELL_MS = 250,   /* between two times that changes are told */
	ASKED_MAX = 100, /* hosts asked at once, where the inventory does not say */
	OTHERS = 64      /* places in the pool beside ours: logs */
};

struct entry {
	struct host_seen seen; /* first */
	struct host_looks *looks;
	struct transport *transport; /* NULL until first used */
	bool busy, left_out;
	int64_t began;
	UT_hash_handle hh;
};

struct host_looks {
	uv_loop_t *loop;
	struct resolved *resolved;
	struct store *store;
	struct host_places *places;
	int64_t places_run; /* the newest run that they know of */
	struct transport_pool *pool;
	struct entry *entries, *by_name;
	size_t count, busy, most;
	uv_timer_t turn, tell;
	bool wanted, closing, pending;
	int64_t told;
	void (*changed)(void *arg);
	void *changed_arg;
	void (*closed)(void *arg);
	void *closed_arg;
	unsigned handles; /* that still close */
};

static void start_due(struct host_looks *h);

/* --- telling --- */

static void tell(struct host_looks *h)
{
	h->pending = false;
	h->told = sl_time_boottime();
	if (h->changed)
		h->changed(h->changed_arg);
}

static void on_tell(uv_timer_t *timer)
{
	tell(timer->data);
}

static void learned(struct host_looks *h)
{
	int64_t since = sl_time_boottime() - h->told;

	if (h->pending || h->closing)
		return;
	if (since >= TELL_MS) {
		tell(h);
		return;
	}
	h->pending = true;
	uv_timer_start(&h->tell, on_tell, (uint64_t)(TELL_MS - since), 0);
}

/* --- asking --- */

static int64_t retry_ms(unsigned failures)
{
	int64_t ms = INTERVAL_MS;

	while (--failures && ms < RETRY_MAX_MS)
		ms *= 2;
	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void take_facts(struct host_seen *s, const struct remote_answer *a, int64_t began)
{
	struct host_facts now;

	host_facts_read(&now, a, began, s->tried_at, s->read_at ? &s->facts : NULL);
	host_facts_release(&s->facts);
	s->facts = now;
	s->read_at = s->tried_at;
	s->took_ms = s->tried_at - began;
	s->failures = 0;
}

static void on_answer(void *arg, const struct remote_answer *a)
{
	struct entry *entry = arg;
	struct host_seen *s = &entry->seen;
	struct host_looks *h = entry->looks;

	entry->busy = false;
	h->busy--;
	if (h->closing)
		return;
	s->tried_at = sl_time_now();
	s->error = a->error;
	if (a->error.code)
		s->failures++;
	else
		take_facts(s, a, entry->began);
	s->next_at = sl_time_boottime() + (s->failures ? retry_ms(s->failures) : INTERVAL_MS);
	learned(h);
	start_due(h);
}

static struct transport *transport_of(struct host_looks *h, struct entry *entry)
{
	if (!entry->transport)
		entry->transport = transport_new(h->pool, &entry->seen.host->target);
	return entry->transport;
}

static void ask(struct host_looks *h, struct entry *entry)
{
	const char *name = entry->seen.host->name;
	const struct remote_arg args[] = {{"dirs", host_places_dirs(h->places, name)}};

	entry->busy = true;
	entry->began = sl_time_now();
	h->busy++;
	remote_run(transport_of(h, entry), REMOTE_HOST, args, SL_COUNT(args), DEADLINE_MS,
		   on_answer, entry);
}

/* Those that answered are not kept waiting by those that did not. */
static void start_due(struct host_looks *h)
{
	int64_t now = sl_time_boottime();

	for (int failed = 0; failed < 2 && h->wanted && !h->closing; failed++) {
		for (size_t i = 0; i < h->count && h->busy < h->most; i++) {
			struct entry *entry = &h->entries[i];

			if (!entry->busy && !entry->left_out &&
			    (entry->seen.failures > 0) == failed && entry->seen.next_at <= now)
				ask(h, entry);
		}
	}
}

static int64_t newest_run(struct store *s)
{
	struct store_run *runs;
	size_t count;
	int64_t number = 0;

	if (!s || store_runs_list(s, NULL, 1, &runs, &count, NULL))
		return 0;
	if (count)
		number = runs[0].number;
	store_runs_free(runs, count);
	return number;
}

static void read_places(struct host_looks *h)
{
	int64_t run = newest_run(h->store);

	if (h->places && run == h->places_run)
		return;
	host_places_free(h->places);
	h->places = host_places_read(h->store);
	h->places_run = run;
}

static void on_turn(uv_timer_t *timer)
{
	start_due(timer->data);
}

void host_looks_want(struct host_looks *h, bool on)
{
	if (h->wanted == on || h->closing)
		return;
	h->wanted = on;
	if (!on) {
		uv_timer_stop(&h->turn);
		return;
	}
	read_places(h);
	uv_timer_start(&h->turn, on_turn, TURN_MS, TURN_MS);
	start_due(h);
}

void host_looks_again(struct host_looks *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->entries[i].seen.next_at = 0;
	read_places(h);
	start_due(h);
}

void host_looks_on_change(struct host_looks *h, void (*changed)(void *arg), void *arg)
{
	h->changed = changed;
	h->changed_arg = arg;
}

/* --- opening and closing --- */

static void make_entries(struct host_looks *h)
{
	h->count = h->resolved->host_count;
	h->entries = sl_alloc_n(h->count + 1, sizeof *h->entries);
	for (size_t i = 0; i < h->count; i++) {
		struct entry *entry = &h->entries[i];

		entry->looks = h;
		entry->seen.host = &h->resolved->hosts[i];
		HASH_ADD_KEYPTR(hh, h->by_name, entry->seen.host->name,
				strlen(entry->seen.host->name), entry);
	}
}

static struct resolved *resolve(const struct inventory_file *f, struct sl_error *e)
{
	struct diags *d = diags_new();
	struct resolved *r = inventory_hosts(f, d);

	if (!r)
		sl_fail(e, SL_EINPUT, "%s: its hosts cannot be told: see `sluice validate`",
			f->path);
	diags_free(d);
	return r;
}

struct host_looks *host_looks_open(uv_loop_t *loop, const struct inventory_file *f,
				   struct store *store, struct sl_error *e)
{
	struct resolved *r = resolve(f, e);
	struct host_looks *h;

	if (!r)
		return NULL;
	h = sl_alloc(sizeof *h);
	h->loop = loop;
	h->resolved = r;
	h->store = store;
	h->most = f->ssh.fanout > 0 ? (size_t)f->ssh.fanout : ASKED_MAX;
	h->pool = transport_pool_new(loop, (unsigned)h->most + OTHERS);
	make_entries(h);
	uv_timer_init(loop, &h->turn);
	uv_timer_init(loop, &h->tell);
	h->turn.data = h->tell.data = h;
	read_places(h);
	return h;
}

static void finish(struct host_looks *h)
{
	void (*closed)(void *) = h->closed;
	void *arg = h->closed_arg;

	HASH_CLEAR(hh, h->by_name);
	for (size_t i = 0; i < h->count; i++)
		host_facts_release(&h->entries[i].seen.facts);
	host_places_free(h->places);
	resolved_free(h->resolved);
	free(h->entries);
	free(h);
	if (closed)
		closed(arg);
}

static void part_closed(struct host_looks *h)
{
	if (--h->handles == 0)
		finish(h);
}

static void on_pool_closed(void *arg)
{
	part_closed(arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

void host_looks_close(struct host_looks *h, void (*closed)(void *arg), void *arg)
{
	h->closing = true;
	h->wanted = false;
	h->closed = closed;
	h->closed_arg = arg;
	h->handles = 3;
	uv_close((uv_handle_t *)&h->turn, on_timer_closed);
	uv_close((uv_handle_t *)&h->tell, on_timer_closed);
	transport_pool_close(h->pool, on_pool_closed, h);
}

/* --- looking --- */

bool host_looks_settled(const struct host_looks *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (!h->entries[i].seen.tried_at && !h->entries[i].left_out)
			return false;
	return true;
}

bool host_looks_any(const struct host_looks *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->entries[i].seen.read_at && !h->entries[i].left_out)
			return true;
	return false;
}

size_t host_looks_count(const struct host_looks *h)
{
	return h->count;
}

const struct host_seen *host_looks_at(const struct host_looks *h, size_t i)
{
	return &h->entries[i].seen;
}

static struct entry *entry_find(const struct host_looks *h, const char *name)
{
	struct entry *entry;

	HASH_FIND_STR(h->by_name, name, entry);
	return entry;
}

bool host_looks_only(struct host_looks *h, const char *name)
{
	struct entry *only = entry_find(h, name);

	for (size_t i = 0; only && i < h->count; i++)
		h->entries[i].left_out = &h->entries[i] != only;
	return only != NULL;
}

const struct host_seen *host_looks_find(const struct host_looks *h, const char *name)
{
	struct entry *entry = entry_find(h, name);

	return entry ? &entry->seen : NULL;
}

const struct host_seen *host_looks_named(const struct host_looks *h, const char *name)
{
	const struct host_seen *seen = host_looks_find(h, name);

	for (size_t i = 0; !seen && i < h->count; i++) {
		const struct rs_host *host = h->entries[i].seen.host;

		if (strcmp(host->address, name) == 0 || strcmp(host->service_address, name) == 0)
			seen = &h->entries[i].seen;
	}
	return seen;
}

bool host_looks_place(const struct host_looks *h, const char *host, const char *address,
		      unsigned port, char *dst, size_t size)
{
	bool named = host && *host, at = address && *address;

	if (!named || (h && at && !host_looks_named(h, host) && host_looks_named(h, address)))
		host = address;
	if (!named && !at)
		return false;
	if (port)
		snprintf(dst, size, "%s:%u", host, port);
	else
		snprintf(dst, size, "%s", host);
	return true;
}

const char *host_looks_dirs(const struct host_looks *h, const char *name)
{
	return host_places_dirs(h->places, name);
}

const char *host_looks_service(const struct host_looks *h, const char *host, const char *dir)
{
	const char *service = host_places_service(h->places, host, dir);
	const char *slash = strrchr(dir, '/');

	return service ? service : slash ? slash + 1 : dir;
}

struct transport *host_looks_transport(struct host_looks *h, const char *name)
{
	struct entry *entry = entry_find(h, name);

	return entry ? transport_of(h, entry) : NULL;
}
