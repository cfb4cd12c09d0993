/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/run_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"

void run_seen_init(struct run_seen *r, const char *id)
{
	*r = (struct run_seen){.number = strtoll(id, NULL, 10)};
}

void run_seen_release(struct run_seen *r)
{
	if (r->has_row)
		store_run_release(&r->row);
	if (r->loaded)
		run_view_release(&r->view);
	*r = (struct run_seen){0};
}

static int feed(void *arg, int64_t seq, const cJSON *event)
{
	struct run_seen *r = arg;

	run_view_feed(&r->view, event);
	r->last = seq;
	return 0;
}

/* The document of a run holds its plan, or is it. */
static int load(struct run_seen *r, struct store *store, struct sl_error *e)
{
	const cJSON *inner;
	cJSON *doc;
	char *text;
	int rc = store_text_get(store, r->number, "document", &text, e);

	if (rc)
		return rc;
	doc = sl_json_parse(text, strlen(text), e);
	free(text);
	if (!doc)
		return SL_EPROTO;
	inner = sl_json_get(doc, "plan");
	rc = run_view_init(&r->view, cJSON_IsObject(inner) ? inner : doc, e);
	cJSON_Delete(doc);
	r->loaded = rc == SL_OK;
	return rc;
}

void run_seen_read(struct run_seen *r, struct store *store)
{
	struct sl_error e = {0};
	int rc;

	if (r->has_row)
		store_run_release(&r->row);
	r->row = (struct store_run){0};
	rc = store_run_get(store, r->number, &r->row, &e);
	r->has_row = !rc;
	if (!rc && !r->loaded)
		rc = load(r, store, &e);
	if (!rc)
		rc = store_events_read(store, r->number, r->last, feed, r, &e);
	snprintf(r->error, sizeof r->error, "%.290s", rc ? e.msg : "");
}

bool run_seen_ended(const struct run_seen *r)
{
	return r->has_row && !strcmp(r->row.state, "ended");
}

bool run_seen_alive(const struct run_seen *r)
{
	return r->has_row && store_controller_alive(&r->row.controller);
}
