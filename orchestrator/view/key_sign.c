/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote the versions of a key, where sluice did: config centres know at most an account. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/key_read.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct signing {
	struct key_history *history;
	const struct key_ref *ref;
};

static void replace(char **slot, const char *text)
{
	free(*slot);
	*slot = sl_text_clean_dup(text, strlen(text), false);
}

static int sign(void *arg, const struct store_run *run, const cJSON *event)
{
	const struct signing *s = arg;
	const char *revision = sl_json_str(event, "revision", "");

	if (!*revision || strcmp(sl_json_str(event, "source", ""), s->ref->source) != 0 ||
	    strcmp(sl_json_str(event, "key", ""), s->ref->key) != 0)
		return 0;
	for (size_t i = 0; i < s->history->count; i++) {
		struct key_version *v = &s->history->items[i];

		if (v->run || strcmp(v->revision, revision) != 0)
			continue;
		replace(&v->by, run->who);
		replace(&v->reason, run->reason);
		v->run = run->number;
	}
	return 0;
}

void key_history_sign(struct key_history *h, const struct key_ref *ref, struct store *store)
{
	struct signing s = {h, ref};

	if (store && h->count)
		store_keys_set(store, sign, &s, NULL); /* without it less is told */
}
