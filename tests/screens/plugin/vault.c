/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A config centre with keys that are always the same, for looking at screens: one with a history
 * and a twin in another environment, one in Chinese, a disabled one, one that is no text, one of
 * one endless line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/plugin.h"

#define NOW INT64_C(1771500000000) /* data.h */
#define DAY INT64_C(86400000)

static const struct sl_label prod[] = {{"environment", "prod-cn1"}, {"service", "payments.charge"}},
			     staging[] = {{"environment", "staging"},
					  {"service", "payments.charge"}},
			     stock[] = {{"environment", "prod-cn1"}, {"service", "库存·媒体编码"}};

/* Values of pool.yaml are made: size, wait, and the lines around them. */
struct version {
	const char *revision, *by, *value; /* value NULL = a pool of `size` and `wait` */
	int64_t ago;
	int size, wait;
};

static const struct version pools[] = {
	{"41", "lin", NULL, 1284000, 40, 800},       {"40", "wang", NULL, 12 * DAY, 40, 300},
	{"39", "wang", NULL, 31 * DAY, 32, 300},     {"38", "chen", NULL, 31 * DAY + 9, 32, 800},
	{"37", "chen", NULL, 90 * DAY + 9, 16, 800},
};
static const struct version pools_staging[] = {{"40", "wang", NULL, 2 * DAY, 4, 800}};
static const struct version limits[] = {
	{"7", "陈静", "# 限流规则\n每秒请求: 1200\n降级: 关闭\n说明: 大促期间提高限额\n", DAY, 0,
	 0},
	{"6", "王磊", "# 限流规则\n每秒请求: 800\n降级: 关闭\n", 5 * DAY, 0, 0},
};
static const struct version flags[] = {
	{"3", "", "{\"newCheckout\": false}", 3 * DAY, 0, 0},
	{"2", "", "{\"newCheckout\": true}", 4 * DAY, 0, 0},
};
static const struct version blob[] = {{"12", "ci", "\x7f\x45\x4c\x46\xff\xfe", DAY, 0, 0},
				      {"11", "ci", "\x7f\x45\x4c\x46", 2 * DAY, 0, 0}};
static const struct version lines[] = {{"2", "ci", "x", DAY, 0, 0},
				       {"1", "ci", "y", 2 * DAY, 0, 0}};

static const struct key {
	const char *name, *type;
	const struct sl_label *labels;
	size_t label_count;
	const struct version *versions;
	size_t count;
	bool disabled;
} keys[] = {
	{"certs.bin", "text", prod, 2, blob, SL_COUNT(blob), false},
	{"feature.flags", "json", NULL, 0, flags, SL_COUNT(flags), true},
	{"one.line", "text", NULL, 0, lines, SL_COUNT(lines), false},
	{"pool.yaml", "yaml", prod, 2, pools, SL_COUNT(pools), false},
	{"pool.yaml", "yaml", staging, 2, pools_staging, 1, false},
	{"限流.yaml", "yaml", stock, 2, limits, SL_COUNT(limits), false},
};

static void make_pool(struct sl_buf *out, const struct version *v)
{
	int i;

	sl_buf_puts(out, "# connections to the payment database\n");
	for (i = 0; i < 10; i++)
		sl_buf_printf(out, "shard%02d: { host: pay-main-%02d, port: 5432 }\n", i, i);
	sl_buf_printf(out, "pool:\n  size: %d\n  max_wait_ms: %d\n  validate: true\n", v->size,
		      v->wait);
	for (i = 0; i < 32; i++)
		sl_buf_printf(out, "retry%02d: { code: %d, times: 2 }\n", i, 500 + i);
}

static void make_line(struct sl_buf *out, const struct version *v)
{
	int i;

	for (i = 0; i < 4000; i++)
		sl_buf_printf(out, "item%d,", i == 3000 && *v->value == 'y' ? 0 : i);
}

static void make_value(struct sl_buf *out, const struct version *v)
{
	sl_buf_clear(out);
	if (!v->value)
		make_pool(out, v);
	else if (v->value[1])
		sl_buf_puts(out, v->value);
	else
		make_line(out, v);
}

struct vault {
	const struct sl_host_services *services;
	void (*closed)(void *arg);
	void *arg;
};

struct sl_call {
	struct vault *vault;
	struct sl_timer *timer;
	const struct sl_config_sink *sink;
	const struct key *key; /* NULL = list all */
	bool nothing, history, canceled;
	void (*written)(void *arg, const struct sl_error *e); /* a write; else NULL */
	void *arg;
};

static void tell(struct sl_call *c, const struct key *k, const struct version *v)
{
	struct sl_buf value;
	struct sl_key key = {.key = k->name,
			     .type = k->type,
			     .revision = v->revision,
			     .changed = NOW - v->ago,
			     .by = v->by,
			     .enabled = !k->disabled,
			     .labels = k->labels,
			     .label_count = k->label_count};

	sl_buf_init(&value, 1u << 20);
	make_value(&value, v);
	key.value = sl_buf_str(&value);
	key.value_len = value.len;
	c->sink->key(c->arg, &key);
	sl_buf_release(&value);
}

static void answer(void *arg)
{
	struct sl_call *c = arg;
	struct sl_read_end end = {.revision = "1"};
	size_t i;

	if (c->written) {
		sl_fail(&end.error, SL_EUNSUPPORTED, "nothing can be written here");
		c->written(c->arg, &end.error);
		free(c);
		return;
	}
	for (i = 0; !c->canceled && !c->nothing && !c->key && i < SL_COUNT(keys); i++)
		tell(c, &keys[i], &keys[i].versions[0]);
	for (i = 0; !c->canceled && c->key && i < (c->history ? c->key->count : 1); i++)
		tell(c, c->key, &c->key->versions[i]);
	if (c->canceled)
		end.error.code = SL_ECANCELED;
	c->sink->done(c->arg, &end);
	free(c);
}

static struct sl_call *call_new(struct vault *v, const struct sl_config_sink *sink, void *arg)
{
	struct sl_call *c = sl_alloc(sizeof *c);

	c->vault = v;
	c->sink = sink;
	c->arg = arg;
	c->timer = v->services->timer(v->services->ctx, 0, answer, c);
	return c;
}

static struct sl_call *list(void *instance, const char *revision, int64_t timeout_ms,
			    const struct sl_config_sink *sink, void *arg)
{
	(void)revision;
	(void)timeout_ms;
	return call_new(instance, sink, arg);
}

static bool same_labels(const struct key *k, const struct sl_label *labels, size_t count)
{
	size_t i;

	for (i = 0; i < count && count == k->label_count; i++)
		if (strcmp(k->labels[i].value, labels[i].value) != 0)
			return false;
	return count == k->label_count;
}

static struct sl_call *ask(void *instance, const char *key, const struct sl_label *labels,
			   size_t count, bool history, const struct sl_config_sink *sink, void *arg)
{
	struct sl_call *c = call_new(instance, sink, arg);
	size_t i;

	c->history = history;
	for (i = 0; i < SL_COUNT(keys); i++)
		if (!strcmp(keys[i].name, key) && same_labels(&keys[i], labels, count))
			c->key = &keys[i];
	c->nothing = !c->key;
	return c;
}

static struct sl_call *read_one(void *instance, const char *key, const struct sl_label *labels,
				size_t count, int64_t timeout_ms, const struct sl_config_sink *sink,
				void *arg)
{
	(void)timeout_ms;
	return ask(instance, key, labels, count, false, sink, arg);
}

static struct sl_call *history(void *instance, const char *key, const struct sl_label *labels,
			       size_t count, int64_t timeout_ms, const struct sl_config_sink *sink,
			       void *arg)
{
	(void)timeout_ms;
	return ask(instance, key, labels, count, true, sink, arg);
}

static struct sl_call *write_one(void *instance, const struct sl_key_change *change,
				 int64_t timeout_ms,
				 void (*done)(void *arg, const struct sl_error *e), void *arg)
{
	struct sl_call *c = call_new(instance, NULL, arg);

	(void)change;
	(void)timeout_ms;
	c->written = done;
	return c;
}

static void cancel(void *instance, struct sl_call *c)
{
	(void)instance;
	c->canceled = true;
}

static void *vault_open(const struct sl_settings *settings, const struct sl_host_services *services,
			struct sl_error *e)
{
	struct vault *v = sl_alloc(sizeof *v);

	(void)settings;
	(void)e;
	v->services = services;
	return v;
}

static void close_now(void *arg)
{
	struct vault *v = arg;
	void (*closed)(void *) = v->closed;
	void *closed_arg = v->arg;

	free(v);
	closed(closed_arg);
}

static void vault_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct vault *v = instance;

	v->closed = closed;
	v->arg = arg;
	v->services->timer(v->services->ctx, 0, close_now, v);
}

static const struct sl_config_ops config = {
	.size = sizeof config,
	.list = list,
	.read = read_one,
	.history = history,
	.write = write_one,
	.cancel = cancel,
};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "vault",
	.summary = "made-up config keys, for tests of screens",
	.licence = "Apache-2.0",
	.config = &config,
	.open = vault_open,
	.close = vault_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
