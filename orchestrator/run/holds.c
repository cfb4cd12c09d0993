/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/holds.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/plan.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define NAME_MAX_BYTES 65536

/* --- claims --- */

char *hold_service(const char *registry, const char *service)
{
	return sl_asprintf("service %s in %s", service, registry);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct sl_label *)a)->name, ((const struct sl_label *)b)->name);
}

/* Labels have no order. */
char *hold_key(const char *centre, const char *key, const struct sl_label *labels, size_t count)
{
	struct sl_label *sorted = sl_alloc_n(count + 1, sizeof *sorted);
	struct sl_buf name;

	for (size_t i = 0; i < count; i++)
		sorted[i] = labels[i];
	if (count > 1)
		qsort(sorted, count, sizeof *sorted, by_name);
	sl_buf_init(&name, NAME_MAX_BYTES);
	sl_buf_printf(&name, "key %s", key);
	for (size_t i = 0; i < count; i++)
		sl_buf_printf(&name, "%s%s=%s%s", i ? " " : " (", sorted[i].name, sorted[i].value,
			      i + 1 == count ? ")" : "");
	sl_buf_printf(&name, " in %s", centre);
	free(sorted);
	return sl_buf_take(&name);
}

/* --- runs, by what their plans touch --- */

static bool is_same(const char *a, const char *b)
{
	return a && b && *a && !strcmp(a, b);
}

static bool touches(const struct plan *p, const char *service, const char *host, unsigned port)
{
	if (is_same(p->service, service))
		return true;
	for (size_t i = 0; port && i < p->step_count; i++)
		if (p->steps[i].port == port && is_same(p->steps[i].host, host))
			return true;
	return false;
}

/* One whose plan cannot be read is nobody's obstacle: its own commands say what is wrong with it.
 */
static bool run_touches(struct store *s, int64_t number, const char *service, const char *host,
			unsigned port)
{
	char *text = NULL;
	struct plan p = {0};
	bool hit = false;
	cJSON *doc;

	if (store_text_get(s, number, "document", &text, NULL))
		return false;
	doc = sl_json_parse(text, strlen(text), NULL);
	free(text);
	if (doc && !plan_from_json(sl_json_get(doc, "plan"), &p, NULL)) {
		hit = touches(&p, service, host, port);
		plan_release(&p);
	}
	cJSON_Delete(doc);
	return hit;
}

static int say(const struct store_run *r, const char *what, struct sl_error *e)
{
	long long n = r->number;

	if (store_controller_alive(&r->controller))
		return sl_fail(e, SL_EHELD,
			       "%.200s is held by run %lld (%.100s, by %.60s from %.60s), which is "
			       "going on: `sluice attach %lld` follows it, `sluice abort %lld` "
			       "stops it",
			       what, n, r->name, r->who, r->from, n, n);
	return sl_fail(e, SL_EHELD,
		       "%.200s is held by run %lld (%.100s, by %.60s from %.60s), which is not "
		       "finished: `sluice %s %lld` goes on with it, `sluice undo %lld` takes it "
		       "back",
		       what, n, r->name, r->who, r->from, store_next_verb(r->waiting), n, n);
}

int run_holds(struct store *store, const char *service, const char *host, unsigned port,
	      int64_t except, struct sl_error *e)
{
	struct store_run *runs;
	size_t count;
	int rc = store_runs_list(store, NULL, 0, &runs, &count, e);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < count; i++) {
		if (!strcmp(runs[i].state, "ended") || runs[i].number == except)
			continue;
		if (run_touches(store, runs[i].number, service, host, port))
			rc = say(&runs[i], service && *service ? service : host, e);
	}
	store_runs_free(runs, count);
	return rc;
}
