/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/mem.h"

#define FIRST_PAGE 100
#define SLICE      200 /* rows a turn of the loop: about a millisecond */

static void scan_page(struct sl_call *call, const void *from, size_t len);
static void scan_slice(struct sl_call *call);

/* --- has anything changed? --- */

void etcd_state_name(char *dst, size_t size, int64_t revision, int64_t count)
{
	snprintf(dst, size, "%" PRId64 ".%" PRId64, revision, count);
}

static bool state_parse(const char *name, int64_t *revision, int64_t *count)
{
	char rest;

	return name && sscanf(name, "%" SCNd64 ".%" SCNd64 "%c", revision, count, &rest) == 2 &&
	       *revision > 0 && *count >= 0;
}

bool etcd_check_start(struct sl_call *call, const char *prefix, const char *revision, int rows,
		      void (*then)(struct sl_call *call, const struct sl_error *e))
{
	int64_t at, count;
	cJSON *body;

	if (!state_parse(revision, &at, &count))
		return false;
	body = etcd_range_prefix(prefix, NULL, 0);
	etcd_add_int(body, "min_mod_revision", at + 1);
	etcd_add_int(body, "limit", rows ? rows : 1);
	if (!rows)
		cJSON_AddTrueToObject(body, "keys_only");
	call->docs = rows > 0;
	etcd_ask(call, "/kv/range", body, true, then);
	return true;
}

/* Keys come only with a newer revision, and go only with a lower count. A revision that runs
 * backwards is another etcd, or a restored one. */
bool etcd_check_same(const struct sl_call *call, const char *revision)
{
	int64_t at, count;

	return state_parse(revision, &at, &count) && call->reply.revision >= at &&
	       call->reply.count == count && !call->reply.row_count;
}

/* Those that were created are more keys than before; fewer are there only if some were deleted, and
 * which ones nobody tells. */
bool etcd_check_whole(const struct sl_call *call, const char *revision)
{
	const struct etcd_reply *reply = &call->reply;
	int64_t at, count;

	if (!state_parse(revision, &at, &count) || reply->revision < at || reply->more)
		return false;
	for (size_t i = 0; i < reply->row_count; i++)
		count += reply->rows[i].created > at;
	return reply->count == count;
}

/* --- scans --- */

static void scan_end(struct sl_call *call, const struct sl_error *e)
{
	struct sl_error last = *e;

	if (call->reply.code == ETCD_COMPACTED)
		sl_fail(&last, SL_ECONFLICT,
			"%s: etcd was compacted in the middle of this reading: read again",
			call->etcd->name);
	call->scan->then(call, &last);
}

/* The first key after the last one: the same with a NUL behind it. */
static void scan_on(struct sl_call *call)
{
	const struct etcd_row *last = &call->reply.rows[call->reply.row_count - 1];
	char *next = sl_alloc(last->key_len + 1);

	memcpy(next, last->key, last->key_len);
	scan_page(call, next, last->key_len + 1);
	free(next);
}

static void on_slice(void *arg)
{
	struct sl_call *call = arg;

	call->timer = NULL;
	scan_slice(call);
}

static void scan_slice(struct sl_call *call)
{
	const struct sl_host_services *services = call->etcd->services;
	const struct sl_error none = {0};
	struct etcd_scan *scan = call->scan;
	struct etcd_reply *reply = &call->reply;
	size_t end = scan->at + SLICE;
	bool enough = false;

	while (scan->at < reply->row_count && scan->at < end && !enough && !call->canceled)
		enough = !scan->row(call, &reply->rows[scan->at++]);
	if (scan->at < reply->row_count && !enough && !call->canceled)
		call->timer = services->timer(services->ctx, 0, on_slice, call);
	else if (enough || !reply->more || !reply->row_count || scan->exact)
		scan->then(call, &none);
	else
		scan_on(call);
}

static void on_page(struct sl_call *call, const struct sl_error *e)
{
	struct etcd_scan *scan = call->scan;

	if (e->code != SL_OK) {
		scan_end(call, e);
		return;
	}
	if (!scan->begun)
		scan->count = call->reply.count;
	if (!scan->revision)
		scan->revision = call->reply.revision;
	scan->begun = true;
	scan->at = 0;
	scan_slice(call);
}

static void scan_page(struct sl_call *call, const void *from, size_t len)
{
	struct etcd_scan *scan = call->scan;
	cJSON *body;

	if (scan->exact)
		body = etcd_range(scan->prefix, strlen(scan->prefix));
	else
		body = etcd_range_prefix(scan->prefix, from, len);
	etcd_add_int(body, "limit", scan->begun ? scan->page : FIRST_PAGE);
	if (scan->revision)
		etcd_add_int(body, "revision", scan->revision);
	call->docs = scan->docs;
	etcd_ask(call, "/kv/range", body, true, on_page);
}

void etcd_scan_start(struct sl_call *call, struct etcd_scan *scan)
{
	call->scan = scan;
	scan->begun = false;
	scan_page(call, NULL, 0);
}
