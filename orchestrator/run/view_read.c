/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/view_read.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"

int run_view_open(struct run_view *v, struct store *s, int64_t number, struct sl_error *e)
{
	const cJSON *inner;
	cJSON *doc;
	char *text;
	int rc = store_text_get(s, number, "document", &text, e);

	if (rc)
		return rc;
	doc = sl_json_parse(text, strlen(text), e);
	free(text);
	if (!doc)
		return SL_EPROTO;
	inner = sl_json_get(doc, "plan"); /* the document holds the plan, or is it */
	rc = run_view_init(v, cJSON_IsObject(inner) ? inner : doc, e);
	cJSON_Delete(doc);
	if (!rc)
		v->number = number;
	return rc;
}

static int feed(void *arg, int64_t seq, const cJSON *event)
{
	(void)seq;
	run_view_feed(arg, event);
	return 0;
}

int run_view_catch_up(struct run_view *v, struct store *s, struct sl_error *e)
{
	return store_events_read(s, v->number, v->last_seq, feed, v, e);
}

int run_view_read(struct run_view *v, struct store *s, int64_t number, struct sl_error *e)
{
	int rc = run_view_open(v, s, number, e);

	if (rc)
		return rc;
	rc = run_view_catch_up(v, s, e);
	if (rc)
		run_view_release(v);
	return rc;
}
