/* SPDX-License-Identifier: Apache-2.0 */
/* The etcd plugin through the plugin host, against a real etcd, and against fakes that
 * misbehave. */
#include <inttypes.h>
#include <math.h>

#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"
#include "tests/unit/plugins-host/certs.h"
#include "tests/unit/plugins-host/peer.h"

static struct bench bench;
static pid_t server;
static unsigned port;
static struct plugin_backend *backend;
static const struct sl_registry_ops *registry;
static const struct sl_config_ops *config;
static void *instance;

/* --- the backend --- */

struct given {
	const char *name, *text;
};

static void open_given(const struct given *given, size_t count)
{
	struct sl_setting_value values[8] = {0};
	const struct sl_settings settings = {.backend = "city", .values = values, .count = count};
	const struct sl_plugin *p = plugin_host_find(bench.host, "etcd");
	struct sl_error e = {0};

	assert_non_null(p);
	for (size_t i = 0; i < count; i++)
		values[i] = (struct sl_setting_value){.name = given[i].name, .text = given[i].text};
	backend = plugin_backend_open(bench.host, p, &settings, &e);
	assert_string_equal(e.msg, "");
	registry = plugin_backend_plugin(backend)->registry;
	config = plugin_backend_plugin(backend)->config;
	instance = plugin_backend_instance(backend);
}

static void open_ports(unsigned first, unsigned second)
{
	char text[200];
	const struct given given[] = {{"endpoints", text}, {"requestTimeout", "3s"}};

	snprintf(text, sizeof text, "http://127.0.0.1:%u, http://127.0.0.1:%u/", first, second);
	open_given(given, 2);
}

static void open_port(unsigned at)
{
	char text[100];
	const struct given given[] = {{"url", text}};

	snprintf(text, sizeof text, "http://127.0.0.1:%u", at);
	open_given(given, 1);
}

static void close_backend(void)
{
	bool closed = false;

	plugin_backend_close(backend, bench_flag, &closed);
	assert_false(closed);
	bench_wait(&bench, &closed);
}

/* --- etcd itself --- */

static struct peer_answer *ask_etcd(const char *path, const char *body)
{
	struct peer_answer *a = peer_ask(&bench, port, path, body);

	if (a->status != 200)
		fail_msg("%s %s: %s", path, body, a->body);
	return a;
}

static void put_bytes(const char *key, size_t key_len, const char *value, const char *lease)
{
	char *k = sl_text_base64(key, key_len), *v = sl_text_base64(value, strlen(value));
	char *body =
		sl_asprintf("{\"key\":\"%s\",\"value\":\"%s\"%s%s%s}", k, v,
			    lease ? ",\"lease\":\"" : "", lease ? lease : "", lease ? "\"" : "");

	ask_etcd("/v3/kv/put", body);
	free(k);
	free(v);
	free(body);
}

static void put(const char *key, const char *value)
{
	put_bytes(key, strlen(key), value, NULL);
}

static void drop(const char *key)
{
	char *k = sl_text_base64(key, strlen(key));
	char *body = sl_asprintf("{\"key\":\"%s\"}", k);

	ask_etcd("/v3/kv/deleterange", body);
	free(k);
	free(body);
}

static void wipe(void)
{
	ask_etcd("/v3/kv/deleterange", "{\"key\":\"AA==\",\"range_end\":\"AA==\"}");
}

/* --- what was read --- */

#define SEEN_MAX 12

struct seen {
	bool done, starting, fired_inside;
	int calls;
	struct sl_error error;
	char revision[64];
	bool same, changes;
	size_t instances, services, keys, up;
	char line[SEEN_MAX][400];
	struct sl_call *call;
	size_t cancel_at; /* instances; 0 = never */
	int64_t changed;
	char by[64], first_revision[32];
};

static void on_instance(void *arg, const struct sl_instance *i)
{
	struct seen *s = arg;
	char *line = s->instances < SEEN_MAX ? s->line[s->instances] : NULL;

	s->up += i->state == SL_INSTANCE_UP;
	if (line)
		snprintf(line, sizeof s->line[0],
			 "%s/%s/%s %s %s:%u v=%s state=%d w=%d labels=%zu %s%s",
			 i->environment ? i->environment : "-", i->service, i->id,
			 i->host ? i->host : "-", i->address ? i->address : "-", i->port,
			 i->version ? i->version : "-", i->state, i->weight, i->label_count,
			 i->app ? i->app : "", i->note ? i->note : "");
	s->instances++;
	if (s->instances == s->cancel_at)
		registry->cancel(instance, s->call);
}

static void on_service(void *arg, const struct sl_service *service)
{
	struct seen *s = arg;

	assert_non_null(service->service);
	s->services++;
}

static void on_key(void *arg, const struct sl_key *k)
{
	struct seen *s = arg;
	size_t at = s->keys;

	if (at < SEEN_MAX) {
		int n = snprintf(s->line[at], sizeof s->line[0], "%s=%.*s type=%s", k->key,
				 (int)k->value_len, k->value, k->type ? k->type : "-");

		for (size_t i = 0; i < k->label_count; i++)
			n += snprintf(s->line[at] + n, sizeof s->line[0] - (size_t)n, " %s:%s",
				      k->labels[i].name, k->labels[i].value);
	}
	if (!at)
		snprintf(s->first_revision, sizeof s->first_revision, "%s", k->revision);
	s->changed = k->changed;
	snprintf(s->by, sizeof s->by, "%s", k->by ? k->by : "");
	assert_true(k->enabled);
	s->keys++;
}

static void on_read(void *arg, const struct sl_read_end *end)
{
	struct seen *s = arg;

	s->fired_inside = s->starting;
	s->error = end->error;
	s->same = end->not_modified;
	s->changes = end->changes;
	snprintf(s->revision, sizeof s->revision, "%s", end->revision);
	s->calls++;
	s->done = true;
}

static void on_written(void *arg, const struct sl_error *e)
{
	on_read(arg, &(struct sl_read_end){.error = *e, .revision = ""});
}

static const struct sl_registry_sink registry_sink = {
	.service = on_service, .instance = on_instance, .done = on_read};
static const struct sl_config_sink config_sink = {.key = on_key, .done = on_read};

static int seen_wait(struct seen *s)
{
	s->starting = false;
	bench_wait(&bench, &s->done);
	assert_false(s->fired_inside);
	assert_int_equal(s->calls, 1);
	return s->error.code;
}

static int do_list(struct seen *s, const char *revision, int64_t timeout_ms)
{
	char known[64]; /* it may be the one in *s */

	snprintf(known, sizeof known, "%s", revision ? revision : "");
	*s = (struct seen){.starting = true};
	registry->list(instance, revision ? known : NULL, timeout_ms, &registry_sink, s);
	return seen_wait(s);
}

static int do_find(struct seen *s, const char *service, const char *environment)
{
	*s = (struct seen){.starting = true};
	registry->find(instance, service, environment, NULL, 5000, &registry_sink, s);
	return seen_wait(s);
}

static int do_change(struct seen *s, const struct sl_instance_change *change)
{
	*s = (struct seen){.starting = true};
	registry->write(instance, change, 5000, on_written, s);
	return seen_wait(s);
}

static int do_keys(struct seen *s, const char *revision)
{
	*s = (struct seen){.starting = true};
	config->list(instance, revision, 5000, &config_sink, s);
	return seen_wait(s);
}

static const struct sl_label of_orders[] = {{"environment", "prod"}, {"service", "orders"}};

static int do_read_key(struct seen *s, const char *key, bool history)
{
	*s = (struct seen){.starting = true};
	(history ? config->history : config->read)(instance, key, of_orders, 2, 5000, &config_sink,
						   s);
	return seen_wait(s);
}

static int do_publish(struct seen *s, const char *key, const char *expect, const char *value,
		      const char *type)
{
	const struct sl_key_change change = {
		.key = key,
		.labels = of_orders,
		.label_count = 2,
		.expect_revision = expect,
		.value = value,
		.value_len = value ? strlen(value) : 0,
		.type = type,
		.enabled = true,
	};

	*s = (struct seen){.starting = true};
	config->write(instance, &change, 5000, on_written, s);
	return seen_wait(s);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' lacks '%s'", text, part);
}

static void assert_line(const struct seen *s, size_t i, const char *text)
{
	assert_true(i < SEEN_MAX);
	assert_string_equal(s->line[i], text);
}

/* --- set-up --- */

static void server_start(void)
{
	char client[64], peer[64], cluster[80], data[400];
	const char *const argv[] = {"etcd",  "--name",
				    "t",     "--data-dir",
				    data,    "--listen-client-urls",
				    client,  "--advertise-client-urls",
				    client,  "--listen-peer-urls",
				    peer,    "--initial-advertise-peer-urls",
				    peer,    "--initial-cluster",
				    cluster, "--unsafe-no-fsync",
				    NULL};

	port = peer_port();
	snprintf(client, sizeof client, "http://127.0.0.1:%u", port);
	snprintf(peer, sizeof peer, "http://127.0.0.1:%u", peer_port());
	snprintf(cluster, sizeof cluster, "t=%s", peer);
	snprintf(data, sizeof data, "%s", bench_path(&bench, "data"));
	server = peer_spawn(argv, bench_path(&bench, "etcd.log"));
	assert_true(peer_ready(&bench, server, port, "/health"));
}

static int group_setup(void **state)
{
	struct sl_error e = {0};
	char plugins[400];

	(void)state;
	bench_init(&bench);
	snprintf(plugins, sizeof plugins, "%s/plugins", bench_build());
	assert_int_equal(plugin_host_load_folder(bench.host, plugins, &e), SL_OK);
	if (peer_installed("etcd"))
		server_start();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	peer_kill(server);
	bench_release(&bench);
	return 0;
}

static void need_etcd(void)
{
	if (server <= 0)
		skip();
	wipe();
	open_port(port);
}

/* --- the registry, for real --- */

static void put_orders(void)
{
	put("/sluice/services/prod/orders/oa01:8080",
	    "{\"host\":\"oa01\",\"address\":\"10.0.0.1\",\"port\":8080,\"version\":\"1.0\","
	    "\"state\":"
	    "\"UP\",\"weight\":100,\"labels\":{\"zone\":\"az1\"},\"since\":1700000000000,"
	    "\"app\":\"shop\",\"own\":{\"kept\":true}}");
	put("/sluice/services/prod/orders/oa02:8080",
	    "{\"host\":\"oa02\",\"port\":8080,\"labels\":{\"version\":\"0.9\",\"odd\":7},\"state\":"
	    "\"out\",\"note\":\"!\"}");
	put("/sluice/services/prod/orders", "{\"app\":\"shop\"}");
	put("/sluice/services/test/orders/x", "not JSON");
	put("/sluice/services/_/stock/s1/with/slashes", "[1]");
	put("/sluice/services/lonely", "{}");
	put("/other/key", "x");
}

static void test_list(void **state)
{
	struct seen s;
	char revision[64];

	(void)state;
	need_etcd();
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(s.instances, 0);
	assert_false(s.same);
	put_orders();
	put_bytes("/sluice/services/a/b/nul\0c", 26, "{}", NULL);
	assert_int_equal(do_list(&s, s.revision, 5000), SL_OK);
	assert_false(s.same);
	assert_int_equal(s.instances, 4);
	assert_int_equal(s.services, 1);
	assert_line(&s, 0,
		    "-/stock/s1/with/slashes - -:0 v=- state=5 w=-1 labels=0 what it registered is "
		    "not a JSON object");
	assert_line(&s, 1,
		    "prod/orders/oa01:8080 oa01 10.0.0.1:8080 v=1.0 state=0 w=100 labels=1 shop");
	assert_line(&s, 2, "prod/orders/oa02:8080 oa02 -:8080 v=0.9 state=4 w=-1 labels=1 !");
	snprintf(revision, sizeof revision, "%s", s.revision);

	/* Nothing here changed, elsewhere or not: one small answer. */
	assert_int_equal(do_list(&s, revision, 5000), SL_OK);
	assert_true(s.same);
	assert_int_equal(s.instances + s.services, 0);
	put("/other/key", "y");
	assert_int_equal(do_list(&s, revision, 5000), SL_OK);
	assert_true(s.same);
	assert_string_not_equal(s.revision, revision);

	/* What is new is told alone, whether it changed or came; but not what is said of a service.
	 */
	put("/sluice/services/test/orders/x", "{}");
	put("/sluice/services/prod/orders/oa01:8080", "{\"host\":\"oa09\"}");
	assert_int_equal(do_list(&s, revision, 5000), SL_OK);
	assert_false(s.same);
	assert_true(s.changes);
	assert_int_equal(s.instances, 2);
	assert_line(&s, 0, "prod/orders/oa01:8080 oa09 -:0 v=- state=0 w=-1 labels=0 ");
	put("/sluice/services/test/orders", "{}");
	assert_int_equal(do_list(&s, s.revision, 5000), SL_OK);
	assert_false(s.changes);
	assert_int_equal(s.instances, 4);
	drop("/sluice/services/test/orders");
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);

	/* A deletion, and one made up for in number: all is read. */
	snprintf(revision, sizeof revision, "%s", s.revision);
	drop("/sluice/services/test/orders/x");
	assert_int_equal(do_list(&s, revision, 5000), SL_OK);
	assert_false(s.same);
	assert_false(s.changes);
	assert_int_equal(s.instances, 3);
	snprintf(revision, sizeof revision, "%s", s.revision);
	drop("/sluice/services/_/stock/s1/with/slashes");
	put("/sluice/services/test/orders/y", "{}");
	assert_int_equal(do_list(&s, revision, 5000), SL_OK);
	assert_false(s.same);
	assert_false(s.changes);
	assert_int_equal(s.instances, 3);

	/* A revision of another etcd, and none at all. */
	assert_int_equal(do_list(&s, "999999.4", 5000), SL_OK);
	assert_false(s.same);
	assert_int_equal(do_list(&s, "'); drop", 5000), SL_OK);
	assert_false(s.same);
	close_backend();
}

static void test_find(void **state)
{
	struct seen s;

	(void)state;
	need_etcd();
	put_orders();
	put("/sluice/services/prod/orders-api/z", "{}");
	assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	assert_int_equal(s.instances, 2);
	assert_int_equal(do_find(&s, "orders", NULL), SL_OK);
	assert_int_equal(s.instances, 3);
	assert_int_equal(do_find(&s, "nothing", "prod"), SL_OK);
	assert_int_equal(s.instances, 0);
	assert_int_equal(do_find(&s, "a/b", "prod"), SL_EINPUT);
	assert_has(s.error.msg, "city: 'a/b' cannot be a name here");
	close_backend();
}

/* As many as it takes for several pages. They come in transactions of a hundred. */
static void put_many(size_t count)
{
	for (size_t n = 0; n < count;) {
		struct sl_buf body;

		sl_buf_init(&body, 1 << 20);
		sl_buf_puts(&body, "{\"success\":[");
		for (size_t i = 0; i < 100 && n < count; i++, n++) {
			char *key = sl_asprintf("/sluice/services/prod/s%02zu/host%05zu:8080",
						n % 40, n);
			char *value = sl_asprintf(
				"{\"host\":\"host%05zu\",\"address\":\"10.1.2.3\",\"port\":8080,"
				"\"version\":\"1.4.%zu\",\"state\":\"UP\",\"weight\":100,"
				"\"labels\":{\"zone\":\"az1\",\"lane\":\"base\",\"unit\":\"u%zu\"}"
				"}",
				n, n % 3, n % 7);
			char *k = sl_text_base64(key, strlen(key));
			char *v = sl_text_base64(value, strlen(value));

			sl_buf_printf(&body,
				      "%s{\"request_put\":{\"key\":\"%s\",\"value\":\"%s\"}}",
				      i ? "," : "", k, v);
			free(key);
			free(value);
			free(k);
			free(v);
		}
		sl_buf_puts(&body, "]}");
		ask_etcd("/v3/kv/txn", sl_buf_str(&body));
		sl_buf_release(&body);
	}
}

static void test_many(void **state)
{
	struct seen s;

	(void)state;
	need_etcd();
	put_many(10000);
	assert_int_equal(do_list(&s, NULL, 20000), SL_OK);
	assert_int_equal(s.instances, 10000);
	assert_int_equal(s.up, 10000);
	assert_int_equal(do_list(&s, s.revision, 5000), SL_OK);
	assert_true(s.same);

	/* A cancel in the middle of a report, and while the answer is awaited. */
	s = (struct seen){.starting = true, .cancel_at = 1500};
	s.call = registry->list(instance, NULL, 20000, &registry_sink, &s);
	assert_int_equal(seen_wait(&s), SL_ECANCELED);
	assert_int_equal(s.instances, 1500);
	s = (struct seen){.starting = true};
	s.call = registry->list(instance, NULL, 20000, &registry_sink, &s);
	registry->cancel(instance, s.call);
	assert_int_equal(seen_wait(&s), SL_ECANCELED);
	assert_int_equal(s.instances, 0);

	/* Closing ends what runs, first. */
	s = (struct seen){0};
	registry->list(instance, NULL, 20000, &registry_sink, &s);
	close_backend();
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.error.code, SL_ECANCELED);
}

static struct sl_instance_change change_of(const char *id, int expect_state, int state)
{
	return (struct sl_instance_change){
		.service = "orders",
		.environment = "prod",
		.id = id,
		.expect_state = expect_state,
		.state = state,
		.expect_weight = SL_KEEP,
		.weight = SL_KEEP,
	};
}

static void test_change(void **state)
{
	struct sl_instance_change change = change_of("oa01:8080", SL_INSTANCE_UP, SL_INSTANCE_OUT);
	struct seen s;

	(void)state;
	need_etcd();
	put_orders();
	assert_int_equal(do_change(&s, &change), SL_OK);
	assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	assert_line(&s, 0,
		    "prod/orders/oa01:8080 oa01 10.0.0.1:8080 v=1.0 state=4 w=100 labels=1 shop");
	/* Again: it is as wanted already. */
	assert_int_equal(do_change(&s, &change), SL_OK);

	change = change_of("oa01:8080", SL_INSTANCE_UP, SL_INSTANCE_DOWN);
	assert_int_equal(do_change(&s, &change), SL_ECONFLICT);
	assert_string_equal(s.error.msg,
			    "city: 'oa01:8080' of service 'orders' is OUT where UP was "
			    "expected: someone else changed it");
	change = change_of("oa01:8080", SL_INSTANCE_OUT, SL_INSTANCE_UP);
	change.expect_weight = 99;
	change.weight = 5;
	assert_int_equal(do_change(&s, &change), SL_ECONFLICT);
	assert_has(s.error.msg, "has weight 100 where weight 99 was expected");
	change.expect_weight = SL_NONE;
	assert_int_equal(do_change(&s, &change), SL_ECONFLICT);
	assert_has(s.error.msg, "has weight 100 where no weight was expected");
	close_backend();
}

/* What stands in etcd for oa01:8080 of orders in prod. Yours to free. */
static char *orders_text(void)
{
	const char *body =
		ask_etcd("/v3/kv/range", "{\"key\":\"L3NsdWljZS9zZXJ2aWNlcy9wcm9kL29yZGVycy9vYTAxOj"
					 "gwODA=\"}")
			->body;
	const char *coded = strstr(body, "\"value\":\"");
	char *value, *text;
	size_t len;

	assert_non_null(coded);
	coded += strlen("\"value\":\"");
	value = sl_strndup(coded, strcspn(coded, "\""));
	text = sl_text_unbase64(value, &len);
	free(value);
	return text;
}

/* What the registrant wrote besides stays. Its weight is taken away, and set where there is none.
 */
static void test_change_keeps(void **state)
{
	struct sl_instance_change change = change_of("oa01:8080", SL_INSTANCE_UP, SL_INSTANCE_OUT);
	struct seen s;
	char *text;

	(void)state;
	need_etcd();
	put_orders();
	change.expect_weight = 100;
	change.weight = 5;
	assert_int_equal(do_change(&s, &change), SL_OK);
	text = orders_text();
	assert_has(text, "\"own\":{\"kept\":true}");
	assert_has(text, "\"weight\":5,");
	assert_has(text, "\"since\":1700000000000,");
	free(text);

	change.expect_state = change.state = SL_KEEP;
	change.expect_weight = 5;
	change.weight = SL_NONE;
	assert_int_equal(do_change(&s, &change), SL_OK);
	text = orders_text();
	assert_null(strstr(text, "weight"));
	free(text);
	change.expect_weight = SL_NONE;
	change.weight = 5;
	assert_int_equal(do_change(&s, &change), SL_OK);
	close_backend();
}

/* What others wrote stays, byte for byte: numbers beyond a double, spellings, order, spaces. */
static void test_change_is_exact(void **state)
{
	struct sl_instance_change change = change_of("oa01:8080", SL_INSTANCE_UP, SL_INSTANCE_OUT);
	struct seen s;
	char *text;

	(void)state;
	need_etcd();
	put("/sluice/services/prod/orders/oa01:8080",
	    "{ \"id\":9007199254740993, \"state\" : \"up\",\"x\":[1.0,1e3,-0,1E+2],\n"
	    "\"weight\":10.0, \"big\":123456789012345678901234567890, \"s\":\"\\u0041\\/\" }\n");
	change.weight = 0;
	assert_int_equal(do_change(&s, &change), SL_OK);
	text = orders_text();
	assert_string_equal(
		text,
		"{ \"id\":9007199254740993, \"state\" : \"OUT\",\"x\":[1.0,1e3,-0,1E+2],\n"
		"\"weight\":0, \"big\":123456789012345678901234567890, \"s\":\"\\u0041\\/\" }\n");
	free(text);
	change = change_of("oa01:8080", SL_INSTANCE_OUT, SL_INSTANCE_UP);
	change.weight = SL_NONE;
	assert_int_equal(do_change(&s, &change), SL_OK);
	text = orders_text();
	assert_string_equal(
		text, "{ \"id\":9007199254740993, \"state\" : \"UP\",\"x\":[1.0,1e3,-0,1E+2],\n"
		      "\"big\":123456789012345678901234567890, \"s\":\"\\u0041\\/\" }\n");
	free(text);
	close_backend();
}

static void test_change_of_whom(void **state)
{
	struct sl_instance_change change = change_of("oa09", SL_KEEP, SL_INSTANCE_OUT);
	struct seen s;

	(void)state;
	need_etcd();
	put_orders();
	assert_int_equal(do_change(&s, &change), SL_ENOTFOUND);
	change = change_of("oa01:8080", SL_KEEP, SL_INSTANCE_OUT);
	change.environment = NULL;
	assert_int_equal(do_change(&s, &change), SL_OK);
	put("/sluice/services/test/orders/oa01:8080", "{}");
	change.state = SL_INSTANCE_UP;
	assert_int_equal(do_change(&s, &change), SL_EINPUT);
	assert_has(s.error.msg, "several environments");
	change = change_of("x", SL_KEEP, SL_INSTANCE_OUT);
	change.environment = "test";
	assert_int_equal(do_change(&s, &change), SL_EPROTO);
	change.environment = "a/b";
	assert_int_equal(do_change(&s, &change), SL_EINPUT);
	close_backend();
}

/* The lease of the registrant survives a change by us: the instance still goes with it. */
static void test_lease(void **state)
{
	struct sl_instance_change change = change_of("l1", SL_INSTANCE_UP, SL_INSTANCE_OUT);
	char lease[64], body[100];
	const char *id;
	struct seen s;

	(void)state;
	need_etcd();
	id = strstr(ask_etcd("/v3/lease/grant", "{\"TTL\":600}")->body, "\"ID\":\"");
	assert_non_null(id);
	snprintf(lease, sizeof lease, "%.*s", (int)strcspn(id + 6, "\""), id + 6);
	put_bytes("/sluice/services/prod/orders/l1", strlen("/sluice/services/prod/orders/l1"),
		  "{\"state\":\"UP\"}", lease);
	assert_int_equal(do_change(&s, &change), SL_OK);
	snprintf(body, sizeof body, "{\"ID\":\"%s\"}", lease);
	ask_etcd("/v3/lease/revoke", body);
	assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	assert_int_equal(s.instances, 0);
	assert_int_equal(do_change(&s, &change), SL_ENOTFOUND);
	close_backend();
}

/* The lab's service registers in this layout, goes with its lease, and finds the others. */
static void test_registrant(void **state)
{
	char etcd[64], program[400];
	const char *const argv[] = {program,         etcd,    "prod", "orders", "oa01",
				    "10.0.0.1:8080", "1.2.3", "1",    NULL};
	struct sl_instance_change change = change_of("oa01:8080", SL_KEEP, SL_INSTANCE_OUT);
	struct seen s;
	char command[600];
	pid_t pid;

	(void)state;
	need_etcd();
	snprintf(etcd, sizeof etcd, "127.0.0.1:%u", port);
	snprintf(program, sizeof program, "%s/lab/registrar", bench_build());
	snprintf(command, sizeof command, "%s %s prod orders", program, etcd);
	pid = peer_spawn(argv, bench_path(&bench, "registrar.log"));
	do
		assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	while (!s.instances && waitpid(pid, NULL, WNOHANG) == 0);
	assert_line(&s, 0,
		    "prod/orders/oa01:8080 oa01 10.0.0.1:8080 v=1.2.3 state=0 w=100 labels=0 ");
	assert_int_equal(system(command), 0);
	assert_int_equal(do_change(&s, &change), SL_OK);
	assert_int_not_equal(system(command), 0); /* nobody is to get traffic */
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	assert_int_equal(s.instances, 0);

	/* One that dies is gone when its lease is over. */
	pid = peer_spawn(argv, bench_path(&bench, "registrar.log"));
	do
		assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	while (!s.instances && waitpid(pid, NULL, WNOHANG) == 0);
	assert_int_equal(s.instances, 1);
	peer_kill(pid);
	do
		assert_int_equal(do_find(&s, "orders", "prod"), SL_OK);
	while (s.instances);
	close_backend();
}

/* --- config, for real --- */

static void test_config(void **state)
{
	struct seen s;
	char revision[64], key_revision[32];

	(void)state;
	need_etcd();
	assert_int_equal(do_read_key(&s, "pool.size", false), SL_OK);
	assert_int_equal(s.keys, 0);
	assert_int_equal(do_publish(&s, "pool.size", "", "80", NULL), SL_OK);
	assert_int_equal(do_publish(&s, "pool.size", "", "81", NULL), SL_ECONFLICT);
	assert_string_equal(s.error.msg,
			    "city: the key /sluice/config/prod/orders/pool.size exists "
			    "already: someone else made it");
	assert_int_equal(do_read_key(&s, "pool.size", false), SL_OK);
	assert_line(&s, 0, "pool.size=80 type=- environment:prod service:orders");
	assert_true(s.changed > sl_time_now() - 60000);
	assert_string_equal(s.revision, s.first_revision);
	snprintf(key_revision, sizeof key_revision, "%s", s.first_revision);

	assert_int_equal(do_publish(&s, "pool.size", key_revision, "{\"a\":1}", "json"), SL_OK);
	assert_int_equal(do_publish(&s, "pool.size", key_revision, "90", NULL), SL_ECONFLICT);
	assert_has(s.error.msg, "has another revision than expected");
	assert_int_equal(do_publish(&s, "pool.size", NULL, "", NULL), SL_OK);
	assert_int_equal(do_publish(&s, "a/b", NULL, "\xe5\x80\xbc", "text"), SL_OK);
	put("/sluice/config/prod/orders/raw", "by hand");
	put("/sluice/config/_/_/everywhere", "1");

	assert_int_equal(do_keys(&s, NULL), SL_OK);
	assert_int_equal(s.keys, 4);
	assert_line(&s, 0, "everywhere=1 type=-");
	assert_line(&s, 1, "a/b=\xe5\x80\xbc type=text environment:prod service:orders");
	assert_line(&s, 2, "pool.size= type=json environment:prod service:orders");
	assert_line(&s, 3, "raw=by hand type=- environment:prod service:orders");
	assert_int_equal(s.changed, 0); /* nobody noted it */
	snprintf(revision, sizeof revision, "%s", s.revision);
	put("/other", "1");
	assert_int_equal(do_keys(&s, revision), SL_OK);
	assert_true(s.same);

	/* By hand over ours: the type is still known, when and by whom are not. */
	put("/sluice/config/prod/orders/pool.size", "7");
	assert_int_equal(do_keys(&s, revision), SL_OK);
	assert_false(s.same);
	assert_int_equal(do_read_key(&s, "pool.size", false), SL_OK);
	assert_line(&s, 0, "pool.size=7 type=json environment:prod service:orders");
	assert_int_equal(s.changed, 0);

	/* Deleted, with what was known about it. */
	assert_int_equal(do_publish(&s, "pool.size", key_revision, NULL, NULL), SL_ECONFLICT);
	assert_int_equal(do_publish(&s, "pool.size", NULL, NULL, NULL), SL_OK);
	assert_int_equal(do_publish(&s, "pool.size", key_revision, "1", NULL), SL_ECONFLICT);
	assert_has(s.error.msg, "is not there any more");
	assert_int_equal(do_publish(&s, "pool.size", "", "1", NULL), SL_OK);
	assert_int_equal(do_read_key(&s, "pool.size", false), SL_OK);
	assert_line(&s, 0, "pool.size=1 type=- environment:prod service:orders");
	close_backend();
}

static void test_config_refused(void **state)
{
	static const struct sl_label odd[] = {{"version", "1"}}, slash[] = {{"service", "a/b"}};
	struct sl_key_change change = {.key = "k", .value = "v", .value_len = 1, .enabled = true};
	struct seen s;

	(void)state;
	need_etcd();
	change.labels = odd;
	change.label_count = 1;
	s = (struct seen){.starting = true};
	config->write(instance, &change, 5000, on_written, &s);
	assert_int_equal(seen_wait(&s), SL_EINPUT);
	assert_has(s.error.msg, "not 'version'");
	change.labels = slash;
	s = (struct seen){.starting = true};
	config->write(instance, &change, 5000, on_written, &s);
	assert_int_equal(seen_wait(&s), SL_EINPUT);
	change.label_count = 0;
	change.enabled = false;
	s = (struct seen){.starting = true};
	config->write(instance, &change, 5000, on_written, &s);
	assert_int_equal(seen_wait(&s), SL_EUNSUPPORTED);
	close_backend();
}

static void test_history(void **state)
{
	struct seen s;
	char revision[64], body[100];

	(void)state;
	need_etcd();
	for (int i = 0; i < 5; i++) {
		char value[8];

		snprintf(value, sizeof value, "v%d", i);
		assert_int_equal(do_publish(&s, "k", NULL, value, i == 2 ? "yaml" : NULL), SL_OK);
		if (i == 1)
			assert_int_equal(do_read_key(&s, "k", false), SL_OK);
		if (i == 1)
			snprintf(revision, sizeof revision, "%s", s.revision);
	}
	assert_int_equal(do_read_key(&s, "k", true), SL_OK);
	assert_int_equal(s.keys, 5);
	assert_line(&s, 0, "k=v4 type=yaml environment:prod service:orders");
	assert_line(&s, 3, "k=v1 type=- environment:prod service:orders");
	assert_line(&s, 4, "k=v0 type=- environment:prod service:orders");
	assert_true(s.changed > 0);

	/* Compaction forgets what is older; what was then current stays. */
	snprintf(body, sizeof body, "{\"revision\":\"%" PRId64 "\"}",
		 (int64_t)strtoll(revision, NULL, 10) + 1);
	ask_etcd("/v3/kv/compaction", body);
	assert_int_equal(do_read_key(&s, "k", true), SL_OK);
	assert_int_equal(s.keys, 3);

	for (int i = 0; i < 110; i++)
		put("/sluice/config/prod/orders/long", "x");
	assert_int_equal(do_read_key(&s, "long", true), SL_OK);
	assert_int_equal(s.keys, 100);
	assert_int_equal(do_read_key(&s, "never", true), SL_OK);
	assert_int_equal(s.keys, 0);
	close_backend();
}

/* --- watches, for real --- */

struct told {
	bool flag;
	size_t count;
};

static void on_changed(void *arg)
{
	struct told *t = arg;

	t->flag = true;
	t->count++;
}

static void told_wait(struct told *t)
{
	bench_wait(&bench, &t->flag);
	t->flag = false;
}

/* Until the stream stands, a write may come too early for it: write until it is told. */
static void told_begin(struct told *t, const char *key)
{
	for (int i = 0; i < 500 && !t->flag; i++)
		put(key, "{}");
	told_wait(t);
}

static void test_watch(void **state)
{
	struct told services = {0}, keys = {0};
	struct sl_call *one, *two;
	struct seen s;
	size_t before;
	char *value = sl_alloc(1000000);

	(void)state;
	need_etcd();
	one = registry->watch(instance, on_changed, &services);
	two = config->watch(instance, on_changed, &keys);
	told_begin(&services, "/sluice/services/prod/orders/w1");
	assert_int_equal(keys.count, 0);
	told_begin(&keys, "/sluice/config/prod/orders/w1");

	before = services.count;
	drop("/sluice/services/prod/orders/w1");
	while (services.count == before) /* an earlier write may be told late */
		told_wait(&services);
	/* A line far longer than what is looked at. */
	memset(value, 'x', 900000);
	assert_int_equal(do_publish(&s, "big", NULL, value, NULL), SL_OK);
	free(value);
	told_wait(&keys);

	registry->cancel(instance, one);
	before = services.count;
	put("/sluice/services/prod/orders/w2", "{}");
	assert_int_equal(do_publish(&s, "after", NULL, "x", NULL), SL_OK);
	keys.flag = false;
	put("/sluice/config/prod/orders/w3", "{}");
	told_wait(&keys);
	assert_int_equal(services.count, before);
	(void)two; /* closing ends it */
	close_backend();
}

/* --- logins, for real, and last: there is no way back --- */

static void open_user(const char *user, const char *password)
{
	char text[100];
	const struct given given[] = {{"url", text}, {"user", user}, {"password", password}};

	snprintf(text, sizeof text, "http://127.0.0.1:%u", port);
	open_given(given, 3);
}

static void test_login(void **state)
{
	struct told told = {0};
	struct seen s;

	(void)state;
	need_etcd();
	close_backend();
	open_user("root", "pw");
	assert_int_equal(do_list(&s, NULL, 5000), SL_EAUTH);
	assert_has(s.error.msg,
		   "city: etcdserver: authentication is not enabled: it knows no users");
	close_backend();
	put_orders();
	ask_etcd("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"pw\"}");
	ask_etcd("/v3/auth/role/add", "{\"name\":\"root\"}");
	ask_etcd("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
	ask_etcd("/v3/auth/user/add", "{\"name\":\"guest\",\"password\":\"pw\"}");
	ask_etcd("/v3/auth/enable", "{}");

	open_port(port);
	assert_int_equal(do_list(&s, NULL, 5000), SL_EAUTH);
	assert_has(s.error.msg, "set user and password");
	close_backend();
	open_user("root", "wrong-secret");
	assert_int_equal(do_list(&s, NULL, 5000), SL_EAUTH);
	assert_has(s.error.msg, "check user and password");
	assert_null(strstr(s.error.msg, "wrong-secret"));
	close_backend();
	open_user("guest", "pw");
	assert_int_equal(do_list(&s, NULL, 5000), SL_EAUTH);
	assert_has(s.error.msg, "permission denied");
	close_backend();
	open_user("root", "pw");
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(s.instances, 4);
	assert_int_equal(do_publish(&s, "k", "", "v", NULL), SL_OK);
	registry->watch(instance, on_changed, &told);
	while (!told.flag) {
		struct sl_instance_change change = change_of("oa01:8080", SL_KEEP, SL_INSTANCE_OUT);

		change.weight = (int)(told.count + (size_t)rand() % 1000);
		assert_int_equal(do_change(&s, &change), SL_OK);
	}
	close_backend();
}

/* --- TLS, for real --- */

/* An etcd with a certificate that it made itself. */
static void test_tls(void **state)
{
	char client[64], peer[64], cluster[80], data[400], cert[500];
	const char *const argv[] = {"etcd",
				    "--name",
				    "t",
				    "--auto-tls",
				    "--data-dir",
				    data,
				    "--listen-client-urls",
				    client,
				    "--advertise-client-urls",
				    client,
				    "--listen-peer-urls",
				    peer,
				    "--initial-advertise-peer-urls",
				    peer,
				    "--initial-cluster",
				    cluster,
				    "--unsafe-no-fsync",
				    NULL};
	const struct given given[] = {{"url", client}, {"insecure", "true"}};
	const struct given with_ca[] = {{"url", client}, {"caFile", cert}};
	struct told told = {0};
	struct seen s;
	pid_t pid;

	(void)state;
	if (server <= 0)
		skip();
	snprintf(client, sizeof client, "https://127.0.0.1:%u", peer_port());
	snprintf(peer, sizeof peer, "http://127.0.0.1:%u", peer_port());
	snprintf(cluster, sizeof cluster, "t=%s", peer);
	snprintf(data, sizeof data, "%s", bench_path(&bench, "tls"));
	snprintf(cert, sizeof cert, "%s/fixtures/client/cert.pem", data);
	pid = peer_spawn(argv, bench_path(&bench, "tls.log"));
	open_given(given, 2);
	do {
		do_list(&s, NULL, 5000);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	} while (s.error.code == SL_EREFUSED || s.error.code == SL_ETIMEOUT);
	assert_string_equal(s.error.msg, "");
	registry->watch(instance, on_changed, &told);
	close_backend();
	open_given(given, 1);
	assert_int_equal(do_list(&s, NULL, 5000), SL_EAUTH);
	assert_has(s.error.msg, "city: POST https://127.0.0.1:");
	assert_has(s.error.msg, "self-signed certificate");
	close_backend();
	open_given(with_ca, 2);
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	close_backend();
	snprintf(cert, sizeof cert, "%s/none.pem", data);
	open_given(with_ca, 2);
	assert_int_equal(do_list(&s, NULL, 5000), SL_EIO);
	assert_has(s.error.msg, "none.pem");
	close_backend();
	peer_kill(pid);
}

/* --- TLS both ways, and with logins --- */

static char secure_url[64], ca[100], cert[100], key[100];

static void open_shown(const char *with_cert, const char *with_key, const char *user)
{
	const struct given given[] = {{"url", secure_url}, {"caFile", ca}, {"cert", with_cert},
				      {"key", with_key},   {"user", user}, {"password", "pw"}};
	struct given used[SL_COUNT(given)];
	size_t count = 0;

	for (size_t i = 0; i < SL_COUNT(given); i++)
		if (given[i].text && (user || i < 4))
			used[count++] = given[i];
	open_given(used, count);
}

static void need_list(enum sl_err code, const char *words)
{
	struct seen s;

	do_list(&s, NULL, 5000);
	assert_has(s.error.msg, words);
	assert_int_equal(s.error.code, code);
	close_backend();
}

static pid_t secure_etcd(void)
{
	char peer[64], cluster[80], server_cert[100], server_key[100];
	const char *const argv[] = {"etcd",
				    "--name",
				    "t",
				    "--client-cert-auth",
				    "--trusted-ca-file",
				    ca,
				    "--cert-file",
				    server_cert,
				    "--key-file",
				    server_key,
				    "--data-dir",
				    bench_path(&bench, "secure"),
				    "--listen-client-urls",
				    secure_url,
				    "--advertise-client-urls",
				    secure_url,
				    "--listen-peer-urls",
				    peer,
				    "--initial-advertise-peer-urls",
				    peer,
				    "--initial-cluster",
				    cluster,
				    "--unsafe-no-fsync",
				    NULL};

	snprintf(secure_url, sizeof secure_url, "https://127.0.0.1:%u", peer_port());
	snprintf(peer, sizeof peer, "http://127.0.0.1:%u", peer_port());
	snprintf(cluster, sizeof cluster, "t=%s", peer);
	snprintf(server_cert, sizeof server_cert, "%s", bench_path(&bench, "server.pem"));
	snprintf(server_key, sizeof server_key, "%s", bench_path(&bench, "server.key"));
	return peer_spawn(argv, bench_path(&bench, "secure.log"));
}

static void ask_secure(const char *path, const char *body)
{
	const struct sl_tls tls = {.ca_file = ca, .cert_file = cert, .key_file = key};
	static struct peer_answer answer;
	char url[200];

	snprintf(url, sizeof url, "%s%s", secure_url, path);
	answer.done = false;
	sl_http_start(plugin_host_http(bench.host),
		      &(struct sl_http_request){.method = "POST",
						.url = url,
						.body = body,
						.body_len = strlen(body),
						.timeout_ms = 10000,
						.tls = &tls},
		      peer_on_done, &answer);
	bench_wait(&bench, &answer.done);
	if (answer.status != 200)
		fail_msg("%s %s: %s", path, body, answer.body);
}

static void test_client_certificate(void **state)
{
	struct told told = {0};
	struct seen s;
	char other[100], both[100];
	pid_t pid;

	(void)state;
	if (server <= 0)
		skip();
	certs_make(&bench);
	snprintf(ca, sizeof ca, "%s", bench_path(&bench, "ca.pem"));
	snprintf(cert, sizeof cert, "%s", bench_path(&bench, "client.pem"));
	snprintf(key, sizeof key, "%s", bench_path(&bench, "client.key"));
	pid = secure_etcd();
	/* First what fails: later, connections are there that this certificate has opened. */
	snprintf(other, sizeof other, "%s", bench_path(&bench, "stranger.key"));
	open_shown(cert, other, NULL);
	do {
		do_list(&s, NULL, 5000);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	} while (s.error.code == SL_EREFUSED || s.error.code == SL_ETIMEOUT);
	assert_int_equal(s.error.code, SL_EIO);
	assert_has(s.error.msg, "city: POST https://127.0.0.1:");
	assert_has(s.error.msg, "stranger.key' does not belong to the certificate in '");
	close_backend();
	snprintf(other, sizeof other, "%s", bench_path(&bench, "client.locked"));
	open_shown(cert, other, NULL);
	need_list(SL_EIO, "client.locked' is locked with a pass phrase");
	open_shown(cert, "/none.key", NULL);
	need_list(SL_EIO, "the client key '/none.key' cannot be read: No such file");
	open_shown("/none.pem", NULL, NULL);
	need_list(SL_EIO, "the client certificate '/none.pem' cannot be read: No such file");

	open_shown(cert, key, NULL);
	do_list(&s, NULL, 5000);
	assert_string_equal(s.error.msg, "");
	assert_int_equal(do_publish(&s, "k", "", "v", NULL), SL_OK);
	registry->watch(instance, on_changed, &told);
	while (!told.flag) {
		ask_secure("/v3/kv/put", "{\"key\":\"L3NsdWljZS9zZXJ2aWNlcy9wL28vYQ==\","
					 "\"value\":\"e30=\"}");
		assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	}
	assert_int_equal(s.instances, 1);
	close_backend();

	snprintf(both, sizeof both, "%s", bench_path(&bench, "client.both"));
	open_shown(both, NULL, NULL);
	need_list(SL_OK, "");
	open_shown(NULL, NULL, NULL);
	need_list(SL_EAUTH, "the server asks for a client certificate, and none is given");
	snprintf(other, sizeof other, "%s", bench_path(&bench, "stranger.both"));
	open_shown(other, NULL, NULL);
	need_list(SL_EAUTH, "the server does not accept the client certificate '");

	/* By certificate we are nobody for etcd's gateway: there is a login too, and a certificate
	 * that says who we are is refused. */
	ask_secure("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"pw\"}");
	ask_secure("/v3/auth/role/add", "{\"name\":\"root\"}");
	ask_secure("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
	ask_secure("/v3/auth/enable", "{}");
	open_shown(both, NULL, "root");
	need_list(SL_EAUTH, "takes no client certificate that has a CommonName: set cert to one");
	open_shown(NULL, NULL, "root");
	need_list(SL_EAUTH, "none is given");
	snprintf(both, sizeof both, "%s", bench_path(&bench, "nameless.both"));
	open_shown(both, NULL, NULL);
	need_list(SL_EAUTH, "set user and password");
	open_shown(both, NULL, "root");
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(s.instances, 1);
	assert_int_equal(do_publish(&s, "k2", "", "v", NULL), SL_OK);
	close_backend();
	peer_kill(pid);
}

static void test_key_needs_certificate(void **state)
{
	const struct sl_setting_value values[] = {{.name = "url", .text = "https://127.0.0.1:1"},
						  {.name = "key", .text = "k.pem"}};
	const struct sl_settings settings = {.backend = "city", .values = values, .count = 2};
	struct sl_error e = {0};

	(void)state;
	assert_null(plugin_backend_open(bench.host, plugin_host_find(bench.host, "etcd"), &settings,
					&e));
	assert_has(e.msg, "'key' needs 'cert'");
}

/* --- fakes --- */

static const char *answer_text(struct fake *fake, const char *request, size_t *len)
{
	(void)request;
	(void)len;
	return fake->arg;
}

static void test_wrong_answers(void **state)
{
	static const struct {
		long status;
		const char *type, *body;
		enum sl_err code;
		const char *says;
	} cases[] = {
		{200, "text/html", "<html><title>Login</title>", SL_EPROTO,
		 "city: status 200 with an HTML page instead of JSON: a proxy, or the wrong "
		 "address? It begins: <html><title>Login"},
		{502, "text/html", "<h1>Bad \x1b[31mGateway</h1>", SL_EPROTO, "Bad ?[31mGateway"},
		{404, "text/plain", "404 page not found", SL_ENOTFOUND,
		 "status 404 with a text instead of JSON: 404 page not found"},
		{401, "text/plain", "", SL_EAUTH, "credentials are missing or not accepted"},
		{200, "application/json", "", SL_EPROTO, "an empty answer"},
		{200, "application/json", "{\"header\":", SL_EPROTO, "not JSON"},
		{200, "application/json", "{} {}", SL_EPROTO, "more text after the document"},
		{200, "application/json", "{}", SL_EPROTO, "no header with a revision"},
		{200, "application/json", "[1,2]", SL_EPROTO, "no header with a revision"},
		{200, "application/json", "{\"header\":{\"revision\":\"0\"}}", SL_EPROTO,
		 "no header"},
		{200, "application/json", "{\"header\":{\"revision\":\"7\"},\"kvs\":{\"a\":1}}",
		 SL_EPROTO, "'kvs' is no list"},
		{200, "application/json",
		 "{\"header\":{\"revision\":\"7\"},\"kvs\":[{\"key\":\"?\"}]}", SL_EPROTO,
		 "not base64"},
		{200, "application/json", "{\"header\":{\"revision\":\"7\"},\"kvs\":[1,null]}",
		 SL_EPROTO, "not base64"},
		{500, "application/json", "{\"error\":\"boom\",\"code\":13}", SL_EINTERNAL,
		 "etcd refuses (status 500): boom"},
		{503, "application/json",
		 "{\"error\":\"x\",\"message\":\"etcdserver: no leader\",\"code\":14}", SL_ETIMEOUT,
		 "lost its majority"},
		{429, "application/json", "{\"error\":{\"a\":1}}", SL_EPROTO, "gives no reason"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct fake fake;
		struct seen s;
		char *page = fake_page(cases[i].status, cases[i].type, cases[i].body);

		fake_start(&fake, &bench, answer_text);
		fake.arg = page;
		open_port(fake.port);
		assert_int_equal(do_list(&s, NULL, 5000), cases[i].code);
		assert_has(s.error.msg, cases[i].says);
		assert_has(s.error.msg, "city: ");
		assert_int_equal(s.instances, 0);
		close_backend();
		fake_stop(&fake);
		free(page);
	}
}

/* What is no whole answer at all: each with the source's name, within its time. */
static void test_bad_transport(void **state)
{
	static const struct {
		const char *text;
		enum sl_err code;
		const char *says;
	} cases[] = {
		{NULL, SL_ETIMEOUT, "no complete answer within 300 ms"},
		{"garbage\r\n\r\n", SL_EPROTO, "HTTP/0.9"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"header\":", SL_ETIMEOUT,
		 "no complete answer"},
		{"HTTP/1.1 200 OK\r\n\r\n{\"header\":", SL_EPROTO, "not JSON"},
		{"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\n\r\n", SL_EPROTO,
		 "status 302 redirects to 'https://login.example/', which is not followed"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{", SL_EPROTO,
		 "larger than 33554432 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct fake fake;
		struct seen s;

		fake_start(&fake, &bench, answer_text);
		fake.arg = (void *)(uintptr_t)cases[i].text;
		open_port(fake.port);
		assert_int_equal(do_list(&s, NULL, cases[i].code == SL_ETIMEOUT ? 300 : 5000),
				 cases[i].code);
		assert_has(s.error.msg, "city: ");
		assert_has(s.error.msg, cases[i].says);
		close_backend();
		fake_stop(&fake);
	}
}

/* 100 MB: stopped at the bound; and the largest allowed is taken apart beside the loop. */
static void test_large(void **state)
{
	const size_t huge = 100 * 1000 * 1000, large = 30 * 1000 * 1000;
	const char *head = "HTTP/1.1 200 OK\r\n\r\n{\"header\":{\"revision\":\"7\"},\"pad\":\"";
	char *text = sl_alloc_n(huge, 1);
	struct fake fake;
	struct seen s;
	size_t n = (size_t)sprintf(text, "%s", head);

	(void)state;
	memset(text + n, 'x', huge - n - 1);
	fake_start(&fake, &bench, answer_text);
	fake.arg = text;
	open_port(fake.port);
	assert_int_equal(do_list(&s, NULL, 20000), SL_EPROTO);
	assert_has(s.error.msg, "larger than 33554432 bytes");
	snprintf(text + large, 4, "\"}");
	assert_int_equal(do_list(&s, NULL, 20000), SL_OK);
	assert_int_equal(s.instances, 0);

	/* Canceled while the pool works on it: the end waits for the pool. */
	s = (struct seen){.starting = true};
	registry->list(instance, NULL, 20000, &registry_sink, &s);
	close_backend();
	assert_int_equal(s.error.code, SL_ECANCELED);
	fake_stop(&fake);
	free(text);
}

static const char *answer_empty(struct fake *fake, const char *request, size_t *len)
{
	(void)fake;
	(void)request;
	(void)len;
	return "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"header\":{\"revision\":\"7\"}}";
}

static const char *answer_unavailable(struct fake *fake, const char *request, size_t *len)
{
	(void)fake;
	(void)request;
	(void)len;
	return "HTTP/1.1 503 X\r\nContent-Length: 29\r\n\r\n{\"error\":\"gone\",  \"code\":14 }";
}

/* One endpoint out of order: the next one is asked, and stays the one to ask. */
static void test_failover(void **state)
{
	const char *(*const broken[])(struct fake *, const char *, size_t *) = {answer_text,
										answer_unavailable};
	const struct sl_instance_change change = change_of("x", SL_KEEP, SL_INSTANCE_OUT);
	struct seen s;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(broken); i++) {
		struct fake bad, good;

		fake_start(&bad, &bench, broken[i]); /* the first is silent */
		fake_start(&good, &bench, answer_empty);
		open_ports(bad.port, good.port);
		assert_int_equal(do_list(&s, NULL, 1000), SL_OK);
		assert_int_equal(bad.requests, 1);
		assert_int_equal(do_list(&s, NULL, 1000), SL_OK);
		assert_int_equal(bad.requests, 1);
		assert_int_equal(good.requests, 2);
		close_backend();
		fake_stop(&bad);
		fake_stop(&good);
	}
	open_ports(peer_port(), peer_port());
	assert_int_equal(do_list(&s, NULL, 1000), SL_EREFUSED);
	assert_has(s.error.msg, "(and 1 other endpoints failed)");
	assert_int_equal(do_change(&s, &change), SL_EREFUSED);
	close_backend();
}

/* A stale token is changed once for a new one; a second refusal is the answer. */
static const char *answer_stale(struct fake *fake, const char *request, size_t *len)
{
	static char text[300];
	size_t *logins = fake->arg;
	int status = 200;
	char body[200];

	if (strstr(request, "/v3/auth/authenticate")) {
		assert_non_null(strstr(request, "{\"name\":\"root\",\"password\":\"p\\\"w\"}"));
		snprintf(body, sizeof body,
			 "{\"header\":{\"revision\":\"7\"},\"token\":\"tok%zu\"}", ++*logins);
	} else if (*logins == 2 && strstr(request, "Authorization: tok2")) {
		return answer_empty(fake, request, len);
	} else {
		snprintf(body, sizeof body,
			 "{\"message\":\"etcdserver: invalid auth "
			 "token\",\"code\":16,\"error\":\"\"}");
		status = 401;
	}
	snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status,
		 strlen(body), body);
	return text;
}

static void test_stale_token(void **state)
{
	char text[100];
	const struct given given[] = {{"url", text}, {"user", "root"}, {"password", "p\"w"}};
	struct fake fake;
	struct seen s;
	size_t logins = 0;

	(void)state;
	fake_start(&fake, &bench, answer_stale);
	fake.arg = &logins;
	snprintf(text, sizeof text, "http://127.0.0.1:%u", fake.port);
	open_given(given, 3);
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(logins, 2);
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(logins, 2);
	close_backend();
	logins = 7;
	open_given(given, 3);
	assert_int_equal(do_list(&s, NULL, 5000), SL_EAUTH);
	assert_int_equal(logins, 9);
	close_backend();
	fake_stop(&fake);
}

/* Version 3.3 has the gateway at another path, also for the login and the watch. */
static const char *answer_beta(struct fake *fake, const char *request, size_t *len)
{
	if (strstr(request, "POST /v3beta/watch"))
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "1c\r\n{\"result\":{\"created\":true}}\n\r\n"
		       "1c\r\n{\"result\":{\"events\":[{}]}}\n\r\n";
	if (strstr(request, "POST /v3beta/auth/authenticate"))
		return "HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n"
		       "{\"header\":{\"revision\":\"7\"},\"token\":\"tok\"}";
	if (strstr(request, "POST /v3beta/"))
		return answer_empty(fake, request, len);
	return "HTTP/1.1 404 X\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n404 page "
	       "not found\n";
}

static void test_beta(void **state)
{
	char text[100];
	const struct given given[] = {{"url", text}, {"user", "root"}, {"password", "p"}};
	struct told told = {0};
	struct fake fake;
	struct seen s;

	(void)state;
	fake_start(&fake, &bench, answer_beta);
	snprintf(text, sizeof text, "http://127.0.0.1:%u", fake.port);
	open_given(given, 3);
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(fake.requests, 3);
	assert_int_equal(do_list(&s, NULL, 5000), SL_OK);
	assert_int_equal(fake.requests, 4);
	registry->watch(instance, on_changed, &told);
	told_wait(&told);
	close_backend();
	fake_stop(&fake);
}

/* A login that is answered without a token is not tried for ever. */
static void test_no_token(void **state)
{
	char text[100];
	const struct given given[] = {{"url", text}, {"user", "root"}, {"password", "p"}};
	struct fake fake;
	struct seen s;

	(void)state;
	fake_start(&fake, &bench, answer_empty);
	snprintf(text, sizeof text, "http://127.0.0.1:%u", fake.port);
	open_given(given, 3);
	assert_int_equal(do_list(&s, NULL, 5000), SL_EPROTO);
	assert_has(s.error.msg, "the login's answer holds no token");
	assert_int_equal(fake.requests, 1);
	close_backend();
	fake_stop(&fake);
}

/* Someone else is faster between our look and our write, or right after it. */
struct race {
	size_t asked;
	bool lose;
	const char *broken; /* what a transaction is answered with; NULL = as lose says */
};

static const char *answer_race(struct fake *fake, const char *request, size_t *len)
{
	static char text[600];
	struct race *race = fake->arg;
	/* /sluice/services/prod/orders/x = {"state":"UP"} */
	const char *row = "{\"header\":{\"revision\":\"9\"},\"count\":\"1\",\"kvs\":[{\"key\":"
			  "\"L3NsdWljZS9zZXJ2aWNlcy9wcm9kL29yZGVycy94\",\"mod_revision\":\"7\","
			  "\"value\":\"eyJzdGF0ZSI6IlVQIn0=\"}]}";
	const char *body = row;

	(void)len;
	race->asked++;
	if (strstr(request, "/v3/kv/txn")) {
		assert_non_null(strstr(request, "\"target\":\"MOD\""));
		assert_non_null(strstr(request, "\"mod_revision\":\"7\""));
		assert_non_null(strstr(request, "\"ignore_lease\":true"));
		if (race->broken)
			return race->broken;
		body = race->lose ? "{\"header\":{\"revision\":\"9\"}}"
				  : "{\"header\":{\"revision\":\"9\"},\"succeeded\":true}";
	}
	snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(body), body);
	return text;
}

/* A write that one endpoint took and has no answer for is not sent to the next: it may be done. */
static void test_unclear_write(void **state)
{
	static const char *const answers[] = {
		"{\"error\":\"etcdserver: request timed out\",\"code\":14}",
		"{\"message\":\"context deadline exceeded\",\"code\":4}", "<html>504</html>"};
	const struct sl_instance_change change = change_of("x", SL_INSTANCE_UP, SL_INSTANCE_OUT);

	(void)state;
	for (size_t i = 0; i < SL_COUNT(answers); i++) {
		char *page = fake_page(503, "application/json", answers[i]);
		struct race first = {.broken = page}, second = {0};
		struct fake bad, good;
		struct seen s;

		fake_start(&bad, &bench, answer_race);
		fake_start(&good, &bench, answer_race);
		bad.arg = &first;
		good.arg = &second;
		open_ports(bad.port, good.port);
		assert_int_not_equal(do_change(&s, &change), SL_OK);
		assert_int_not_equal(s.error.code, SL_ECONFLICT);
		assert_has(s.error.msg, "may have taken effect");
		assert_int_equal(first.asked, 2);
		assert_int_equal(second.asked, 0);
		close_backend();
		fake_stop(&bad);
		fake_stop(&good);
		free(page);
	}
}

static void test_races(void **state)
{
	const struct sl_instance_change change = change_of("x", SL_INSTANCE_UP, SL_INSTANCE_OUT);
	struct race race = {.lose = true};
	struct fake fake;
	struct seen s;

	(void)state;
	fake_start(&fake, &bench, answer_race);
	fake.arg = &race;
	open_port(fake.port);
	assert_int_equal(do_change(&s, &change), SL_ECONFLICT);
	assert_has(s.error.msg, "in this moment; nothing was written");
	assert_int_equal(race.asked, 2);
	race = (struct race){0};
	assert_int_equal(do_change(&s, &change), SL_ECONFLICT);
	assert_has(s.error.msg, "and then changed again by someone else");
	assert_int_equal(race.asked, 3);
	close_backend();
	fake_stop(&fake);
}

/* Streams that are refused, canceled, cut, or never begin are opened again; what may have been
 * missed in between is told. */
struct streams {
	size_t looks, opened;
};

static const char *answer_streams(struct fake *fake, const char *request, size_t *len)
{
	static char text[300];
	struct streams *st = fake->arg;

	(void)len;
	if (!strstr(request, "/v3/watch")) {
		st->looks++;
		snprintf(text, sizeof text,
			 "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"
			 "{\"header\":{\"revision\":\"%zu\"}}",
			 st->looks);
		return text;
	}
	switch (st->opened++) {
	case 0: /* compacted: then open and silent */
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "5a\r\n{\"result\":{\"header\":{\"revision\":\"1\"},\"created\":true}}\n"
		       "{\"result\":{\"canceled\":true,\"x\":1}}\n\n\r\n";
	case 1: /* a line in pieces, two in one, and the end of the stream */
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "a\r\n{\"result\":\r\n"
		       "1c\r\n{\"created\":true}}\n{\"result\":\r\n"
		       "13\r\n{\"events\":[{}]}}\n\n\n\r\n0\r\n\r\n";
	default:
		return NULL;
	}
}

static void test_watch_traps(void **state)
{
	struct streams st = {0};
	struct told told = {0};
	struct fake fake;

	(void)state;
	fake_start(&fake, &bench, answer_streams);
	fake.arg = &st;
	open_port(fake.port);
	registry->watch(instance, on_changed, &told);
	told_wait(&told); /* the second look saw a newer revision */
	assert_int_equal(st.looks, 2);
	told_wait(&told); /* the event */
	assert_int_equal(st.opened, 2);
	told_wait(&told); /* the third look */
	assert_int_equal(st.looks, 3);
	close_backend(); /* with a stream that never began */
	fake_stop(&fake);
}

static void test_settings(void **state)
{
	static const struct {
		struct given given[3];
		size_t count;
		const char *says;
	} cases[] = {
		{{{0}}, 0, "give one of 'url' and 'endpoints'"},
		{{{"url", "http://a:1"}, {"endpoints", "http://b:1"}}, 2, "give one of"},
		{{{"endpoints", "http://a:1,b:2"}}, 1, "an endpoint must be http://HOST:PORT"},
		{{{"endpoints", "http://a:1,"}}, 1, "an endpoint must be"},
		{{{"url", "http://u:secret@a:1"}}, 1, "without user"},
		{{{"url", "http://a:1"}, {"user", "u"}}, 2, "need each other"},
		{{{"url", "http://a:1"}, {"prefix", "sluice"}}, 2, "begin with a slash"},
		{{{"url", "http://a:1"}, {"prefix", "/"}}, 2, "begin with a slash"},
		{{{"url", "http://a:1"}, {"requestTimeout", "0s"}}, 2, "requestTimeout"},
		{{{"url", "http://a:1"}, {"urls", "x"}}, 2, "did you mean 'url'?"},
	};
	const struct sl_plugin *p = plugin_host_find(bench.host, "etcd");

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct sl_setting_value values[3] = {0};
		const struct sl_settings settings = {
			.backend = "city", .values = values, .count = cases[i].count};
		struct sl_error e = {0};

		for (size_t k = 0; k < cases[i].count; k++)
			values[k] = (struct sl_setting_value){.name = cases[i].given[k].name,
							      .text = cases[i].given[k].text};
		assert_null(plugin_backend_open(bench.host, p, &settings, &e));
		assert_int_equal(e.code, SL_EINPUT);
		assert_has(e.msg, "'city' (type etcd)");
		assert_has(e.msg, cases[i].says);
		assert_null(strstr(e.msg, "secret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_change_keeps),
		cmocka_unit_test(test_change_is_exact),
		cmocka_unit_test(test_change_of_whom),
		cmocka_unit_test(test_registrant),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_refused),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_client_certificate),
		cmocka_unit_test(test_key_needs_certificate),
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_bad_transport),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_stale_token),
		cmocka_unit_test(test_races),
		cmocka_unit_test(test_watch_traps),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_beta),
		cmocka_unit_test(test_no_token),
		cmocka_unit_test(test_unclear_write),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
