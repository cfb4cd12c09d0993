/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/key.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "orchestrator/run/runner.h"
#include "plugins/sdk/mem.h"

#define VALUE_MAX      (1u << 20)
#define KEY_TIMEOUT_MS 15000

/* Can it be kept in the journal and come back as it was? */
static bool is_text(const char *value, size_t len)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)value;
	if (len > VALUE_MAX || memchr(value, '\0', len))
		return false;
	for (size_t i = 0; i < len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(at + i, (utf8proc_ssize_t)(len - i), &c);
		if (n <= 0)
			return false;
		i += (size_t)n;
	}
	return true;
}

static void on_key(void *arg, const struct sl_key *key)
{
	struct key_look *k = arg;
	if (k->value || strcmp(key->key, k->key) != 0)
		return;
	const char *value = key->value ? key->value : "";
	k->bad = !is_text(value, key->value ? key->value_len : 0);
	k->value = k->bad ? sl_strdup("") : sl_strndup(value, key->value ? key->value_len : 0);
	k->enabled = key->enabled;
	free(k->revision);
	k->revision = sl_strdup(key->revision ? key->revision : "");
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct key_look *k = arg;
	k->error = end->error;
	if (k->error.code == SL_ENOTFOUND)
		sl_error_clear(&k->error);
	if (!k->error.code && k->bad)
		sl_fail(&k->error, SL_EUNSUPPORTED,
			"the value of %s is no text of at most 1 MiB: it could not be put back",
			k->key);
	k->then(k->arg);
}

static const struct sl_config_sink sink = {.key = on_key, .done = on_done};

void key_look(struct key_look *k, struct world *w, const char *key, int64_t timeout_ms,
	      void (*then)(void *arg), void *arg)
{
	*k = (struct key_look){
		.key = sl_strdup(key), .revision = sl_strdup(""), .then = then, .arg = arg};
	w->config->read(w->configuring.instance, key, w->labels, w->label_count, timeout_ms, &sink,
			k);
}

void key_release(struct key_look *k)
{
	free(k->key);
	free(k->value);
	free(k->revision);
	*k = (struct key_look){0};
}

static void act_read(void *arg)
{
	struct act *a = arg;
	void (*after)(struct act *) = a->after;
	if (!a->ending && !a->r->over)
		after(a);
}

void key_read(struct act *a, void (*then)(struct act *a))
{
	if (a->r->over)
		return;
	key_forget(a);
	a->key = sl_alloc(sizeof *a->key);
	a->after = then;
	key_look(a->key, &a->r->world, a->step->key, act_left(a, KEY_TIMEOUT_MS), act_read, a);
}

void key_forget(struct act *a)
{
	if (!a->key)
		return;
	key_release(a->key);
	free(a->key);
	a->key = NULL;
}
