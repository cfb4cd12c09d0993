/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the registry. */
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/mem.h"

#define TREE "services"
#define PAGE 1000 /* instances: some hundred KiB of JSON */

struct reading {
	struct sl_call call; /* first: one is cast to the other */
	struct etcd_scan scan;
	char *known;   /* the revision that the caller has, or NULL */
	char *service; /* the only one wanted, or NULL */
	const struct sl_registry_sink *sink;
	void *arg;
	char revision[48];
	bool same, changes;
};

static void reading_finish(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;
	const struct sl_read_end end = {
		.error = *e,
		.revision = r->revision,
		.not_modified = e->code == SL_OK && r->same,
		.changes = e->code == SL_OK && r->changes,
	};

	r->sink->done(r->arg, &end);
	free(r->scan.prefix);
	free(r->known);
	free(r->service);
}

static bool on_row(struct sl_call *call, struct etcd_row *row)
{
	struct reading *r = (struct reading *)call;
	struct etcd_place place;

	if (!etcd_place_parse(call->etcd, TREE, row, &place))
		return true;
	if (!r->service || strcmp(place.service, r->service) == 0)
		etcd_instance_report(row, &place, r->sink, r->arg);
	free(place.memory);
	return true;
}

static void on_scanned(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;

	if (e->code == SL_OK)
		etcd_state_name(r->revision, sizeof r->revision, r->scan.revision, r->scan.count);
	etcd_call_end(call, e);
}

/* What is told of a service itself concerns all of its instances: then all is read. */
static bool is_instances(const struct sl_call *call)
{
	for (size_t i = 0; i < call->reply.row_count; i++) {
		struct etcd_place place;

		if (!etcd_place_parse(call->etcd, TREE, &call->reply.rows[i], &place))
			continue;
		free(place.memory);
		if (!place.name)
			return false;
	}
	return true;
}

static void tell_changes(struct reading *r)
{
	struct sl_call *call = &r->call;

	for (size_t i = 0; i < call->reply.row_count && !call->canceled; i++)
		on_row(call, &call->reply.rows[i]);
	r->changes = true;
}

static void on_checked(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;

	r->same = e->code == SL_OK && etcd_check_same(call, r->known);
	if (e->code == SL_OK && !r->same) {
		if (!etcd_check_whole(call, r->known) || !is_instances(call)) {
			etcd_scan_start(call, &r->scan);
			return;
		}
		tell_changes(r);
	}
	if (e->code == SL_OK)
		etcd_state_name(r->revision, sizeof r->revision, call->reply.revision,
				call->reply.count);
	etcd_call_end(call, e);
}

static struct reading *reading_new(struct etcd *etcd, int64_t timeout_ms,
				   const struct sl_registry_sink *sink, void *arg)
{
	struct reading *r = sl_alloc(sizeof *r);

	r->sink = sink;
	r->arg = arg;
	r->scan = (struct etcd_scan){.docs = true, .page = PAGE, .row = on_row, .then = on_scanned};
	etcd_call_init(&r->call, etcd, timeout_ms, reading_finish);
	return r;
}

static struct sl_call *etcd_list(void *instance, const char *revision, int64_t timeout_ms,
				 const struct sl_registry_sink *sink, void *arg)
{
	struct reading *r = reading_new(instance, timeout_ms, sink, arg);

	r->scan.prefix = etcd_path(instance, TREE, NULL, NULL, NULL);
	r->known = sl_strdup(revision);
	if (!etcd_check_start(&r->call, r->scan.prefix, revision, PAGE, on_checked))
		etcd_scan_start(&r->call, &r->scan);
	return &r->call;
}

/* An environment that is not named is any: then all are looked through. */
static struct sl_call *etcd_find(void *instance, const char *service, const char *environment,
				 const char *app, int64_t timeout_ms,
				 const struct sl_registry_sink *sink, void *arg)
{
	struct reading *r = reading_new(instance, timeout_ms, sink, arg);
	struct sl_error e = {0};

	(void)app; /* not a part of the key */
	if (!etcd_is_part(service) || (environment && !etcd_is_part(environment))) {
		sl_fail(&e, SL_EINPUT, "%s: '%.80s' cannot be a name here: no slashes",
			r->call.etcd->name, etcd_is_part(service) ? environment : service);
		etcd_call_end_later(&r->call, &e);
		return &r->call;
	}
	r->scan.prefix = etcd_path(instance, TREE, environment, environment ? service : NULL, NULL);
	r->service = sl_strdup(service);
	etcd_scan_start(&r->call, &r->scan);
	return &r->call;
}

static struct sl_call *registry_watch(void *instance, sl_changed changed, void *arg)
{
	return etcd_watch(instance, TREE, changed, arg);
}

const struct sl_registry_ops etcd_registry = {
	.size = sizeof etcd_registry,
	.list = etcd_list,
	.find = etcd_find,
	.write = etcd_instance_write,
	.watch = registry_watch,
	.cancel = etcd_cancel,
};
