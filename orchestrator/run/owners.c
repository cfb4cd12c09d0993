/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns the hosts, and taking them over. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/life.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* Seconds of silence as a host told them: any number may come from there. */
static int64_t silent_s(const struct owner *o)
{
	int64_t s = strtoll(o->silent, NULL, 10);
	return s < 0 ? 0 : s > INT32_MAX ? INT32_MAX : s;
}

static const char *owner_health(const struct owner *o, char *out, size_t size)
{
	if (o->parked)
		return "parked";
	if (strcmp(o->silent, "reboot") == 0)
		return "silent since the host's reboot";
	if (silent_s(o) * 1000 <= claim_ttl())
		return "alive";
	snprintf(out, size, "silent for %" PRId64 " s", silent_s(o));
	return out;
}

void owner_say(struct sl_error *e, struct store *store, const struct owner *o)
{
	struct store_run r = {0};
	bool ours = store && store_run_by_uuid(store, o->run, &r, NULL) == 0;
	char silent[64];
	sl_fail(e, SL_EHELD,
		"%.80s%s%.80s is held by run %.20s (%.80s) of %.80s from %.80s since %.40s, %s. ",
		o->host, o->router ? ", router " : "", o->router ? o->router : "", o->number,
		o->what, o->who, o->from, o->since, owner_health(o, silent, sizeof silent));
	size_t len = strlen(e->msg);
	if (ours)
		snprintf(e->msg + len, sizeof e->msg - len,
			 "`sluice %s %" PRId64 "` goes on with it, `sluice undo %" PRId64
			 "` takes it back",
			 strcmp(r.outcome, "needsHuman") == 0 ? "retry"
							      : store_next_verb(r.waiting),
			 r.number, r.number);
	else
		snprintf(e->msg + len, sizeof e->msg - len,
			 "`--take-over --reason TEXT` takes it from there");
	store_run_release(&r);
}

/* A run of ours that has ended could not tell this host so: its claim means nothing any more. */
static bool is_left_over(struct store *store, const struct owner *o)
{
	struct store_run r = {0};
	bool ended = store && store_run_by_uuid(store, o->run, &r, NULL) == 0 &&
		     strcmp(r.state, "ended") == 0 && strcmp(r.outcome, "needsHuman") != 0;
	store_run_release(&r);
	return ended;
}

const struct owner *owner_foreign(const struct observed *seen, const char *uuid,
				  struct store *store)
{
	for (size_t i = 0; i < seen->owner_count; i++) {
		const struct owner *o = &seen->owners[i];
		if (o->run && *o->run && strcmp(o->run, uuid) != 0 && !is_left_over(store, o))
			return o;
	}
	return NULL;
}

const struct owner *owner_newer(const struct observed *seen, const char *uuid, int64_t epoch)
{
	for (size_t i = 0; epoch && i < seen->owner_count; i++) {
		const struct owner *o = &seen->owners[i];
		if (o->epoch > epoch && (!o->run || strcmp(o->run, uuid) != 0))
			return o;
	}
	return NULL;
}

int64_t owner_highest_epoch(const struct observed *seen)
{
	int64_t most = 0;
	for (size_t i = 0; i < seen->owner_count; i++)
		if (seen->owners[i].epoch > most)
			most = seen->owners[i].epoch;
	return most;
}

/* --- taking over --- */

/* The old owner's run, when it is in our store: its controller is fenced off from the journal too.
 */
static int64_t adopt(struct runner *r, const struct owner *o, struct store_run *old)
{
	if (store_run_by_uuid(r->store, o->run, old, NULL))
		return strcmp(o->silent, "reboot") == 0 ? 0 : claim_ttl() - silent_s(o) * 1000;
	bool alive = store_controller_alive(&old->controller);
	int64_t number = old->number;
	store_run_release(old);
	store_run_adopt(r->store, number, true, old, NULL);
	return alive ? claim_ttl() : 0;
}

static bool is_first_of_its_run(const struct observed *seen, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(seen->owners[i].run, seen->owners[index].run) == 0)
			return false;
	return true;
}

void owners_adopt(struct runner *r, const char *uuid)
{
	int64_t now = sl_time_boottime();
	const struct observed *seen = r->seen;
	r->taken = sl_alloc_n(seen->owner_count + 1, sizeof *r->taken);
	for (size_t i = 0; i < seen->owner_count; i++) {
		const struct owner *o = &seen->owners[i];
		if (!o->run || !*o->run || strcmp(o->run, uuid) == 0 ||
		    !is_first_of_its_run(seen, i))
			continue;
		int64_t until = now + adopt(r, o, &r->taken[r->taken_count++]);
		if (until > r->hold_until)
			r->hold_until = until;
	}
}

static void emit_taken(struct runner *r, const struct store_run *old)
{
	if (!old->number || !old->state || strcmp(old->state, "ended") == 0)
		return;
	cJSON *event = runner_event("run.ended");
	char *why = sl_asprintf("taken over by run %" PRId64, r->number);
	sl_json_add_str(event, "outcome", "needsHuman");
	sl_json_add_int(event, "exit", RUN_HELD);
	sl_json_add_str(event, "failure", why);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "ended");
	sl_json_add_str(row, "outcome", "needsHuman");
	sl_json_add_int(row, "exit", RUN_HELD);
	sl_json_add_int(row, "ended", sl_time_now());
	sl_json_add_str(row, "reason", why);
	cJSON_AddNullToObject(row, "controller");
	struct store_record record = {
		.run = old->number, .epoch = old->epoch, .event = event, .row = row};
	store_append(r->store, &record, NULL, NULL);
	free(why);
}

void owners_emit_taken(struct runner *r)
{
	for (size_t i = 0; i < r->taken_count; i++)
		emit_taken(r, &r->taken[i]);
}

void owners_release(struct runner *r)
{
	for (size_t i = 0; i < r->taken_count; i++)
		store_run_release(&r->taken[i]);
	free(r->taken);
	r->taken = NULL;
	r->taken_count = 0;
}
