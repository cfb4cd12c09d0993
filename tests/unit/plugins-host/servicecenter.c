/* SPDX-License-Identifier: Apache-2.0 */
/* The serviceCenter plugin through the plugin host, against the lab's fake, and, with
 * SLUICE_SERVICE_CENTER=URL, what needs no misbehaviour against a server that someone has. */
#include "plugins/sdk/units.h"
#include "tests/unit/plugins-host/certs.h"
#include "tests/unit/plugins-host/fakes.h"

#define TIMEOUT 8000

struct row {
	char service[64], environment[64], app[64], id[64], host[64], address[64], version[32];
	char lane[32], zone[32], note[120];
	unsigned port;
	int state, weight;
	int64_t since;
};

struct seen {
	bool done, starting, fired_inside;
	int calls;
	struct sl_error error;
	char revision[64];
	bool not_modified, changes;
	size_t services, instances, edges;
	struct row rows[64];
	char versions[64][64];
	char pairs[16][64];
};

static struct bench bench;
static struct fake_proc fake;
static struct plugin_backend *backend;
static const struct sl_registry_ops *ops;
static void *instance;
static struct seen seen;
static const char *watch_as; /* NULL = the setting is not given */
static char project[64], orders1[80], orders2[80], gateway[80], id1[80], id2[80];

/* --- sink --- */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "(null)");
}

static const char *label(const struct sl_label *labels, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(labels[i].name, name) == 0)
			return labels[i].value;
	return "";
}

static void on_service(void *arg, const struct sl_service *s)
{
	struct seen *x = arg;

	if (x->services < 64)
		snprintf(x->versions[x->services], 64, "%s %s %s", s->service, s->version,
			 label(s->labels, s->label_count, "owner"));
	x->services++;
}

static void on_instance(void *arg, const struct sl_instance *i)
{
	struct seen *x = arg;
	struct row *r = &x->rows[x->instances < 64 ? x->instances : 63];

	copy(r->service, sizeof r->service, i->service);
	copy(r->environment, sizeof r->environment, i->environment);
	copy(r->app, sizeof r->app, i->app);
	copy(r->id, sizeof r->id, i->id);
	copy(r->host, sizeof r->host, i->host);
	copy(r->address, sizeof r->address, i->address);
	copy(r->version, sizeof r->version, i->version);
	copy(r->lane, sizeof r->lane, label(i->labels, i->label_count, "lane"));
	copy(r->zone, sizeof r->zone, label(i->labels, i->label_count, "zone"));
	copy(r->note, sizeof r->note, i->note);
	r->port = i->port;
	r->state = i->state;
	r->weight = i->weight;
	r->since = i->since;
	x->instances++;
}

static void on_edge(void *arg, const struct sl_edge *e)
{
	struct seen *x = arg;

	assert_int_equal(e->calls, -1);
	if (x->edges < 16)
		snprintf(x->pairs[x->edges], 64, "%s>%s", e->consumer, e->provider);
	x->edges++;
}

static void on_end(void *arg, const struct sl_read_end *end)
{
	struct seen *x = arg;

	x->fired_inside = x->fired_inside || x->starting;
	x->calls++;
	x->error = end->error;
	copy(x->revision, sizeof x->revision, end->revision);
	x->not_modified = end->not_modified;
	x->changes = end->changes;
	x->done = true;
}

static void on_done(void *arg, const struct sl_error *e)
{
	struct seen *x = arg;

	x->fired_inside = x->fired_inside || x->starting;
	x->calls++;
	x->error = *e;
	x->done = true;
}

static const struct sl_registry_sink sink = {
	.service = on_service, .instance = on_instance, .edge = on_edge, .done = on_end};

static void finish(void)
{
	seen.starting = false;
	bench_wait(&bench, &seen.done);
	assert_false(seen.fired_inside);
	assert_int_equal(seen.calls, 1);
}

static enum sl_err list(const char *revision)
{
	char keep[64];

	copy(keep, sizeof keep, revision);
	seen = (struct seen){.starting = true};
	ops->list(instance, revision ? keep : NULL, TIMEOUT, &sink, &seen);
	finish();
	return seen.error.code;
}

static enum sl_err find(const char *service, const char *environment)
{
	seen = (struct seen){.starting = true};
	ops->find(instance, service, environment, NULL, TIMEOUT, &sink, &seen);
	finish();
	return seen.error.code;
}

static enum sl_err change(const char *id, int expect, int state, int expect_weight, int weight)
{
	const struct sl_instance_change c = {.service = "orders",
					     .environment = "production",
					     .app = "shop",
					     .id = id,
					     .expect_state = expect,
					     .state = state,
					     .expect_weight = expect_weight,
					     .weight = weight};

	seen = (struct seen){.starting = true};
	ops->write(instance, &c, TIMEOUT, on_done, &seen);
	finish();
	return seen.error.code;
}

static const struct row *row_of(const char *id)
{
	for (size_t i = 0; i < seen.instances && i < 64; i++)
		if (strcmp(seen.rows[i].id, id) == 0)
			return &seen.rows[i];
	fail_msg("no instance %s", id);
	return NULL;
}

static bool says(const char *words)
{
	if (strstr(seen.error.msg, words))
		return true;
	print_message("message: %s\n", seen.error.msg);
	return false;
}

/* --- what is registered --- */

static void take_id(cJSON *json, const char *key, char *id)
{
	copy(id, 80, cJSON_GetStringValue(cJSON_GetObjectItem(json, key)));
	cJSON_Delete(json);
}

static void service(const char *name, const char *version, const char *more, char *id)
{
	char path[200], body[500];

	snprintf(path, sizeof path, "/v4/%s/registry/microservices", project);
	snprintf(body, sizeof body,
		 "{\"service\":{\"appId\":\"shop\",\"environment\":\"production\",\"serviceName\":"
		 "\"%s\",\"version\":\"%s\"%s}}",
		 name, version, more);
	take_id(fake_ask("POST", fake.url, path, body, NULL), "serviceId", id);
}

static void register_at(const char *of, int port, const char *properties, char *id)
{
	char path[300], body[700];

	snprintf(path, sizeof path, "/v4/%s/registry/microservices/%s/instances", project, of);
	snprintf(body, sizeof body,
		 "{\"instance\":{\"hostName\":\"h%d\",\"endpoints\":[\"grpc://127.0.0.1:1\","
		 "\"rest://127.0.0.1:%d?sslEnabled=true\"],\"status\":\"UP\",\"healthCheck\":{"
		 "\"mode\":\"push\",\"interval\":30,\"times\":3},\"dataCenterInfo\":{\"name\":"
		 "\"dc1\",\"region\":\"r1\",\"availableZone\":\"az1\"},\"properties\":%s}}",
		 port, port, properties);
	take_id(fake_ask("POST", fake.url, path, body, NULL), "instanceId", id);
}

/* Plain reads follow what is stored within 0.3 s: look until they have. */
static void until_listed(size_t instances)
{
	int64_t until = sl_time_boottime() + 10000;

	do
		list(NULL);
	while (seen.error.code == SL_OK && seen.instances != instances &&
	       sl_time_boottime() < until);
	assert_int_equal(seen.error.code, SL_OK);
	assert_int_equal(seen.instances, instances);
}

static void open_with(const char *account, const char *password, const char *token)
{
	const char *env = getenv("SLUICE_TEST_TOKEN");
	struct sl_setting_value v[8] = {{.name = "url", .text = fake.url},
					{.name = "project", .text = project}};
	size_t n = 2;

	if (account) {
		v[n++] = (struct sl_setting_value){.name = "account", .text = account};
		v[n++] = (struct sl_setting_value){.name = "password", .text = password};
	}
	if (token || env)
		v[n++] = (struct sl_setting_value){.name = "token", .text = token ? token : env};
	if (getenv("SLUICE_TEST_CA"))
		v[n++] = (struct sl_setting_value){.name = "ca", .text = getenv("SLUICE_TEST_CA")};
	if (watch_as)
		v[n++] = (struct sl_setting_value){.name = "watchAs", .text = watch_as};
	backend = fake_open(&bench, "serviceCenter", v, n);
	ops = plugin_backend_plugin(backend)->registry;
	instance = plugin_backend_instance(backend);
}

static int setup_bare(void **state, const char *option, const char *value)
{
	const char *given = getenv("SLUICE_SERVICE_CENTER");

	(void)state;
	bench_init(&bench);
	fake_project(project, sizeof project);
	fake = (struct fake_proc){0};
	if (given)
		snprintf(fake.url, sizeof fake.url, "%s", given);
	else
		fake_start(&fake, "fakesc", option, value);
	return 0;
}

static int setup(void **state)
{
	setup_bare(state, NULL, NULL);
	service("orders", "1.0.0", ",\"properties\":{\"owner\":\"trade\"}", orders1);
	service("orders", "2.0.0", "", orders2);
	service("gateway", "1.0.0", "", gateway);
	register_at(orders1, 8101, "{\"lane\":\"base\",\"weight\":\"40\",\"zone\":\"z1\"}", id1);
	register_at(orders2, 8102, "{\"lane\":\"grey\"}", id2);
	open_with(NULL, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	const char *const ids[] = {orders1, orders2, gateway};
	char path[300];

	(void)state;
	fake_close(&bench, backend);
	for (size_t i = 0; i < 3 && !fake.pid; i++) {
		snprintf(path, sizeof path, "/v4/%s/registry/microservices/%s?force=1", project,
			 ids[i]);
		cJSON_Delete(fake_ask("DELETE", fake.url, path, NULL, NULL));
	}
	fake_stop(&fake);
	bench_release(&bench);
	return 0;
}

/* --- tests --- */

static void test_list(void **state)
{
	const struct row *r;

	(void)state;
	until_listed(2);
	assert_int_equal(seen.services, 3);
	assert_string_equal(seen.versions[0], "gateway 1.0.0 ");
	assert_string_equal(seen.versions[1], "orders 1.0.0 trade");
	r = row_of(id1);
	assert_string_equal(r->service, "orders");
	assert_string_equal(r->environment, "production");
	assert_string_equal(r->app, "shop");
	assert_string_equal(r->version, "1.0.0");
	assert_string_equal(r->host, "h8101");
	assert_string_equal(r->address, "127.0.0.1");
	assert_int_equal(r->port, 8101);
	assert_int_equal(r->state, SL_INSTANCE_UP);
	assert_int_equal(r->weight, 40);
	assert_string_equal(r->lane, "base");
	assert_string_equal(r->zone, "z1"); /* the property wins over the data centre's */
	assert_string_equal(r->note, "lease 120 s");
	assert_true(r->since > 1700000000000);
	r = row_of(id2);
	assert_string_equal(r->lane, "grey");
	assert_string_equal(r->zone, "az1");
	assert_int_equal(r->weight, SL_KEEP);
}

/* The order of the server's list changes from call to call, and the revision does not. */
static void test_unchanged(void **state)
{
	char revision[64];

	(void)state;
	until_listed(2);
	copy(revision, sizeof revision, seen.revision);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(list(revision), SL_OK);
		assert_true(seen.not_modified);
		assert_int_equal(seen.services + seen.instances, 0);
		assert_string_equal(seen.revision, revision);
	}
	assert_int_equal(list(NULL), SL_OK); /* unconditional, from what is known */
	assert_int_equal(seen.instances, 2);
	assert_false(seen.not_modified);
	assert_int_equal(change(id2, SL_INSTANCE_UP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP), SL_OK);
	assert_int_equal(list(revision), SL_OK);
	assert_false(seen.not_modified);
	assert_true(seen.changes); /* the name that changed, with all of its instances */
	assert_int_equal(seen.services, 1);
	assert_int_equal(seen.instances, 2);
	assert_int_equal(row_of(id2)->state, SL_INSTANCE_OUT);
	assert_int_equal(list(revision), SL_OK); /* not where the last read ended: all */
	assert_false(seen.changes);
	assert_int_equal(seen.services, 3);
	assert_int_equal(seen.instances, 2);
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_UP);
}

/* Past the cache: what was registered a moment ago is there, what left is not. */
static void test_find(void **state)
{
	char id3[80], path[300];

	(void)state;
	register_at(orders2, 8103, "{}", id3);
	assert_int_equal(find("orders", "production"), SL_OK);
	assert_int_equal(seen.instances, 3);
	assert_int_equal(seen.services, 2);
	snprintf(path, sizeof path, "/v4/%s/registry/microservices/%s/instances/%s", project,
		 orders2, id3);
	cJSON_Delete(fake_ask("DELETE", fake.url, path, NULL, NULL));
	assert_int_equal(find("orders", NULL), SL_OK);
	assert_int_equal(seen.instances, 2);
	assert_int_equal(find("orders", "testing"), SL_OK);
	assert_int_equal(seen.instances + seen.services, 0);
	assert_int_equal(find("nobody", NULL), SL_OK);
	assert_int_equal(seen.services, 0);
}

/* With its identity, as the framework in it would: now it depends on orders. */
static void gateway_finds_orders(void)
{
	const char *token = getenv("SLUICE_TEST_TOKEN");
	char path[500], line[700];
	CURL *easy = fake_curl();
	struct curl_slist *headers;
	struct sl_buf in;

	sl_buf_init(&in, 1 << 20);
	snprintf(path, sizeof path,
		 "%s/v4/%s/registry/instances?appId=shop&serviceName=orders&env=production",
		 fake.url, project);
	snprintf(line, sizeof line, "X-ConsumerId: %s", gateway);
	headers = curl_slist_append(NULL, line);
	snprintf(line, sizeof line, "Authorization: Bearer %s", token ? token : "");
	if (token)
		headers = curl_slist_append(headers, line);
	curl_easy_setopt(easy, CURLOPT_URL, path);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fake_on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &in);
	assert_int_equal(curl_easy_perform(easy), CURLE_OK);
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	sl_buf_release(&in);
}

static void until_edges(size_t edges)
{
	int64_t until = sl_time_boottime() + 10000;

	do {
		seen = (struct seen){.starting = true};
		ops->edges(instance, TIMEOUT, &sink, &seen);
		finish();
	} while (seen.error.code == SL_OK && seen.edges != edges && sl_time_boottime() < until);
	assert_int_equal(seen.error.code, SL_OK);
	assert_int_equal(seen.edges, edges);
}

static void test_edges(void **state)
{
	(void)state;
	gateway_finds_orders();
	until_edges(1); /* two versions, one name */
	assert_string_equal(seen.pairs[0], "gateway>orders");
}

static void test_write(void **state)
{
	(void)state;
	/* Both at once: the server would undo the first by the second. */
	assert_int_equal(change(id1, SL_INSTANCE_UP, SL_INSTANCE_OUT, 40, 10), SL_OK);
	assert_int_equal(find("orders", "production"), SL_OK);
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_OUT);
	assert_int_equal(row_of(id1)->weight, 10);
	assert_string_equal(row_of(id1)->lane, "base"); /* merged, not replaced */
	assert_int_equal(row_of(id2)->state, SL_INSTANCE_UP);
	/* Plain readers have seen it too. */
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_OUT);
	/* Already so: no error, and nothing is written. */
	assert_int_equal(change(id1, SL_INSTANCE_UP, SL_INSTANCE_OUT, SL_KEEP, 10), SL_OK);
	assert_int_equal(change(id1, SL_INSTANCE_OUT, SL_INSTANCE_UP, 10, SL_KEEP), SL_OK);
	assert_int_equal(change(id2, SL_KEEP, SL_KEEP, SL_KEEP, 5), SL_OK); /* had none */
	assert_int_equal(find("orders", "production"), SL_OK);
	assert_int_equal(row_of(id2)->weight, 5);
	assert_string_equal(row_of(id2)->lane, "grey");
}

static void test_write_refused(void **state)
{
	(void)state;
	assert_int_equal(change(id1, SL_INSTANCE_DOWN, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP),
			 SL_ECONFLICT);
	assert_true(says("is UP, not DOWN as expected"));
	assert_true(says("nothing was changed"));
	assert_int_equal(change(id1, SL_KEEP, SL_KEEP, 99, 1), SL_ECONFLICT);
	assert_true(says("weight 40, not weight 99"));
	/* None at all: as expectation, and taken away; the other properties stay. */
	assert_int_equal(change(id1, SL_KEEP, SL_KEEP, SL_NONE, 1), SL_ECONFLICT);
	assert_true(says("weight 40, not no weight"));
	assert_int_equal(change(id2, SL_KEEP, SL_KEEP, 5, SL_NONE), SL_OK);
	assert_int_equal(find("orders", "production"), SL_OK);
	assert_int_equal(row_of(id2)->weight, SL_KEEP);
	assert_int_equal(change(id2, SL_KEEP, SL_KEEP, SL_NONE, 5), SL_OK);
	assert_int_equal(change("nobody", SL_KEEP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP),
			 SL_ENOTFOUND);
	assert_true(says("has no instance 'nobody'"));
	assert_int_equal(change(id1, SL_KEEP, SL_INSTANCE_UNKNOWN, SL_KEEP, SL_KEEP), SL_EINPUT);
	assert_int_equal(find("orders", "production"), SL_OK);
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_UP);
	assert_int_equal(row_of(id1)->weight, 40);
}

static bool needs_fake(void)
{
	if (fake.pid)
		return true;
	print_message("skipped: needs the fake, not a server that someone has\n");
	return false;
}

static void test_never_a_consumer(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	until_listed(2);
	find("orders", NULL);
	change(id1, SL_KEEP, SL_INSTANCE_OUT, SL_KEEP, 3);
	assert_int_equal(fake_tell(&fake, "", "consumerReads"), 0);
	assert_int_equal(fake_tell(&fake, "", "edges"), 0);
}

/* Somebody else's write that the cache does not show yet is not undone by ours. */
static void test_waits_for_cache(void **state)
{
	char path[300];

	(void)state;
	if (!needs_fake())
		skip();
	until_listed(2);
	fake_tell(&fake, "lag=1500", NULL);
	snprintf(path, sizeof path, "/v4/%s/registry/microservices/%s/instances/%s/properties",
		 project, orders1, id1);
	cJSON_Delete(
		fake_ask("PUT", fake.url, path, "{\"properties\":{\"lane\":\"theirs\"}}", NULL));
	assert_int_equal(change(id1, SL_INSTANCE_UP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP), SL_OK);
	assert_int_equal(find("orders", NULL), SL_OK);
	assert_string_equal(row_of(id1)->lane, "theirs");
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_OUT);
}

/* A registry whose cache shows the dead, and whose list keeps them for one more lease. */
static void test_mass_death(void **state)
{
	char id[80];

	(void)state;
	if (!needs_fake())
		skip();
	until_listed(2);
	fake_tell(&fake, "lag=0&removal=500&ttl=1", NULL);
	for (int i = 0; i < 10; i++)
		register_at(gateway, 8200 + i, "{}", id);
	do
		find("gateway", NULL);
	while (seen.error.code == SL_OK && seen.instances);
	assert_int_equal(seen.error.code, SL_OK);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.instances, 12);
	until_listed(2);
}

static const struct {
	const char *mood;
	enum sl_err code;
	const char *words;
} moods[] = {
	{"mood=error", SL_EPROTO, "status 500 with a text"},
	{"mood=html", SL_EPROTO, "HTML page"},
	{"mood=garbage", SL_EPROTO, "city"},
	{"mood=short", SL_EPROTO, "no list of services"},
	{"mood=truncated", SL_ELOST, "city"},
	{"mood=empty", SL_EPROTO, "empty"},
	{"mood=redirect", SL_EPROTO, "redirects to"},
	{"mood=drop", SL_ELOST, "city"},
	{"mood=huge&mb=70", SL_EPROTO, "city"},
	{"mood=short&match=type=query", SL_EPROTO, "says nothing of"},
	{"mood=error&match=type=query", SL_EPROTO, "500"},
};

static void test_moods(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	until_listed(2);
	for (size_t i = 0; i < SL_COUNT(moods); i++) {
		fake_tell(&fake, moods[i].mood, NULL);
		list(NULL);
		if (seen.error.code != moods[i].code)
			print_message("%s: %s: %s\n", moods[i].mood, sl_err_name(seen.error.code),
				      seen.error.msg);
		assert_int_equal(seen.error.code, moods[i].code);
		assert_true(says(moods[i].words));
		assert_true(says("city"));
		assert_int_equal(seen.instances, 0);
		assert_null(strchr(seen.error.msg, '\x1b'));
		fake_tell(&fake, "mood=good", NULL);
		assert_int_equal(list(NULL), SL_OK);
		assert_int_equal(seen.instances, 2);
	}
}

/* Names whose instances are too much for one answer are asked for in smaller numbers. */
static void test_too_large(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	until_listed(2);
	fake_tell(&fake, "mood=huge&mb=40&match=type=query&times=1", NULL);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.instances, 2);
	fake_tell(&fake, "mood=huge&mb=40&match=type=query", NULL);
	assert_int_equal(find("orders", NULL), SL_EPROTO);
	assert_true(says("larger than"));
	fake_tell(&fake, "mood=good", NULL);
}

static void test_silence_and_cancel(void **state)
{
	struct sl_call *call;

	(void)state;
	if (!needs_fake())
		skip();
	fake_tell(&fake, "mood=silent", NULL);
	seen = (struct seen){.starting = true};
	ops->list(instance, NULL, 200, &sink, &seen);
	finish();
	assert_int_equal(seen.error.code, SL_ETIMEOUT);
	seen = (struct seen){.starting = true};
	call = ops->find(instance, "orders", NULL, NULL, TIMEOUT, &sink, &seen);
	ops->cancel(instance, call);
	ops->cancel(instance, call);
	finish();
	assert_int_equal(seen.error.code, SL_ECANCELED);
	/* One that is left is ended by close. */
	seen = (struct seen){.starting = false};
	ops->list(instance, NULL, TIMEOUT, &sink, &seen);
	fake_close(&bench, backend);
	assert_true(seen.done);
	assert_int_equal(seen.error.code, SL_ECANCELED);
	open_with(NULL, NULL, NULL);
}

/* The write arrives, its answer does not: we say that it may have. */
static void test_write_unanswered(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	fake_tell(&fake, "mood=deaf&match=status%3Fvalue&times=1", NULL);
	assert_int_not_equal(change(id1, SL_KEEP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP), SL_OK);
	assert_true(says("may have taken effect"));
	fake_tell(&fake, "mood=error&match=status%3Fvalue&times=1", NULL);
	assert_int_not_equal(change(id2, SL_KEEP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP), SL_OK);
	fake_tell(&fake, "mood=good", NULL);
	find("orders", NULL);
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_OUT);
	assert_int_equal(row_of(id2)->state, SL_INSTANCE_UP);
}

/* --- push --- */

struct hints {
	bool came;
	size_t count;
};

static struct hints hints;

static void on_hint(void *arg)
{
	struct hints *h = arg;

	h->came = true;
	h->count++;
}

static void reopen(const char *as)
{
	fake_close(&bench, backend);
	watch_as = as;
	open_with(NULL, NULL, NULL);
	watch_as = NULL;
	hints = (struct hints){0};
}

static void turn(void)
{
	uv_run(&bench.loop, UV_RUN_NOWAIT);
}

/* A change by somebody else is heard of, without a read. */
static void test_watch(void **state)
{
	static const char *const as[] = {"gateway", "nobody, gateway", "*"};
	struct sl_call *call;
	char id[80];

	(void)state;
	gateway_finds_orders();
	until_edges(1);
	for (size_t i = 0; i < SL_COUNT(as); i++) {
		reopen(as[i]);
		call = ops->watch(instance, on_hint, &hints);
		bench_wait(&bench, &hints.came); /* it is open: what came before may be lost */
		if (fake.pid)
			assert_int_equal(fake_tell(&fake, "", "watchers"), 1);
		hints.came = false;
		register_at(orders2, 8300 + (int)i, "{}", id);
		bench_wait(&bench, &hints.came);
		ops->cancel(instance, call);
	}
	/* Listening leaves no trace: the one dependency is the gateway's own. */
	until_edges(1);
	if (fake.pid)
		assert_int_equal(fake_tell(&fake, "", "consumerReads"), 1);
}

/* A server that wants to know who comes: reads and pushes alike show a certificate. */
static void test_client_certificate(void **state)
{
	char ca[100], client_ca[100], both[100];
	const char *const argv[] = {
		"tlsd", "-c", client_ca, ca, "127.0.0.1:0", fake.url + strlen("http://"), NULL};
	struct fake_proc tls;
	struct sl_setting_value v[] = {{.name = "url", .text = tls.url},
				       {.name = "project", .text = project},
				       {.name = "ca", .text = ca},
				       {.name = "watchAs", .text = "*"},
				       {.name = "cert", .text = both}};
	struct sl_call *call;
	char id[80];

	(void)state;
	if (!needs_fake())
		skip();
	certs_make(&bench);
	snprintf(ca, sizeof ca, "%s", bench_path(&bench, "tlsd.pem"));
	snprintf(client_ca, sizeof client_ca, "%s", bench_path(&bench, "ca.pem"));
	snprintf(both, sizeof both, "%s", bench_path(&bench, "client.both"));
	fake_spawn(&tls, argv);
	gateway_finds_orders();
	until_edges(1);
	fake_close(&bench, backend);
	backend = fake_open(&bench, "serviceCenter", v, SL_COUNT(v) - 1);
	instance = plugin_backend_instance(backend);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("city: GET https://127.0.0.1:"));
	assert_true(says("asks for a client certificate, and none is given: set cert and key"));
	fake_close(&bench, backend);
	backend = fake_open(&bench, "serviceCenter", v, SL_COUNT(v));
	instance = plugin_backend_instance(backend);
	assert_int_equal(list(NULL), SL_OK);
	hints = (struct hints){0};
	call = ops->watch(instance, on_hint, &hints);
	bench_wait(&bench, &hints.came); /* it is open */
	hints.came = false;
	register_at(orders2, 8400, "{}", id);
	bench_wait(&bench, &hints.came);
	ops->cancel(instance, call);
	fake_close(&bench, backend);
	fake_stop(&tls);
	open_with(NULL, NULL, NULL);
}

/* What some register: an endpoint without a scheme has an address all the same. */
static void test_bare_endpoint(void **state)
{
	static const char *const endpoints[] = {"10.9.8.7:8080", "[2001:db8::7]:8080"};
	char path[300], body[300], id[SL_COUNT(endpoints)][80];

	(void)state;
	snprintf(path, sizeof path, "/v4/%s/registry/microservices/%s/instances", project, gateway);
	for (size_t i = 0; i < SL_COUNT(endpoints); i++) {
		snprintf(body, sizeof body,
			 "{\"instance\":{\"hostName\":\"h\",\"endpoints\":[\"%s\"],"
			 "\"status\":\"UP\"}}",
			 endpoints[i]);
		take_id(fake_ask("POST", fake.url, path, body, NULL), "instanceId", id[i]);
	}
	until_listed(4);
	assert_string_equal(row_of(id[0])->address, "10.9.8.7");
	assert_int_equal(row_of(id[0])->port, 8080);
	assert_string_equal(row_of(id[1])->address, "2001:db8::7");
	assert_int_equal(row_of(id[1])->port, 8080);
}

/* One name at which the server fails costs the others nothing. */
static void test_broken_name(void **state)
{
	char revision[64], id[80];

	(void)state;
	if (!needs_fake())
		skip();
	register_at(gateway, 9000, "{}", id);
	until_listed(3);
	copy(revision, sizeof revision, seen.revision);
	fake_tell(&fake, "broken=orders", NULL);
	bench_log(&bench, true);
	assert_int_equal(list(revision), SL_OK);
	assert_true(seen.changes);
	assert_int_equal(seen.instances, 2); /* of the one that changed: as last read */
	assert_string_equal(row_of(id1)->note,
			    "as last read; now: cannot be read: Internal server error (500003)");
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_UP);
	copy(revision, sizeof revision, seen.revision);
	assert_int_equal(list(revision), SL_OK);
	assert_true(seen.not_modified);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.instances, 3);
	assert_int_equal(bench_logged(&bench), 1); /* not with every poll */
	/* Whoever decides does not get old rows. */
	assert_int_equal(find("orders", NULL), SL_EPROTO);
	assert_true(says("'orders' cannot be read: Internal server error (500003)"));
	assert_int_equal(change(id1, SL_INSTANCE_UP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP), SL_EPROTO);
	assert_int_equal(find("gateway", NULL), SL_OK);
	fake_tell(&fake, "broken=", NULL);
	assert_int_equal(list(revision), SL_OK);
	assert_int_equal(seen.instances, 2);
	assert_null(strstr(row_of(id1)->note, "cannot be read"));
	assert_int_equal(bench_logged(&bench), 0);
	bench_log(&bench, false);

	/* One of which nothing is known yet has a row that stands for it. */
	fake_tell(&fake, "broken=orders", NULL);
	reopen(NULL);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.instances, 2);
	assert_string_equal(row_of("(not read)")->service, "orders");
	assert_int_equal(row_of("(not read)")->state, SL_INSTANCE_UNKNOWN);
	assert_string_equal(row_of("(not read)")->note,
			    "cannot be read: Internal server error (500003)");
	copy(revision, sizeof revision, seen.revision);
	assert_int_equal(list(revision), SL_OK);
	assert_true(seen.not_modified);
	fake_tell(&fake, "broken=", NULL);
	assert_int_equal(list(revision), SL_OK);
	assert_int_equal(seen.instances, 2);
	assert_int_equal(row_of(id1)->state, SL_INSTANCE_UP);
}

/* Polling alone: nobody listens. */
static void test_watch_off(void **state)
{
	static const char *const as[] = {NULL, "nobody"};

	(void)state;
	if (!needs_fake())
		skip();
	gateway_finds_orders();
	for (size_t i = 0; i < SL_COUNT(as); i++) {
		long long before = fake_tell(&fake, "", "watchesOpened");

		reopen(as[i]);
		ops->watch(instance, on_hint, &hints);
		for (int n = 0; n < 20; n++)
			assert_int_equal(list(NULL), SL_OK);
		assert_int_equal(hints.count, 0);
		assert_int_equal(fake_tell(&fake, "", "watchesOpened"), before);
	}
}

static const struct {
	const char *knobs;
	bool reaches; /* the upgrade is agreed to */
} bad_watches[] = {
	{"watch=shut", true},
	{"watch=garbage", true},
	{"watch=broken", true},
	{"watch=big", true},
	{"mood=drop&match=watcher", false},
	{"mood=error&match=watcher", false},
	{"mood=html&match=watcher", false},
	{"mood=redirect&match=watcher", false},
};

/* Whatever a watch does, reads go on; and once the server is well, changes are heard of again. */
static void test_watch_bad(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	gateway_finds_orders();
	until_edges(1);
	until_listed(2); /* reads lag behind what was registered */
	for (size_t i = 0; i < SL_COUNT(bad_watches); i++) {
		long long opened = fake_tell(&fake, bad_watches[i].knobs, "watchesOpened");

		reopen("gateway");
		ops->watch(instance, on_hint, &hints);
		while (bad_watches[i].reaches && fake_tell(&fake, "", "watchesOpened") == opened)
			turn();
		assert_int_equal(list(NULL), SL_OK);
		assert_int_equal(seen.instances, 2);
		assert_in_range(hints.count, 0, 1);
		fake_tell(&fake, "mood=good&watch=good", NULL);
		/* Back after its pause: the fake keeps this one. */
		while (fake_tell(&fake, "", "watchers") < 1)
			turn();
		hints.came = false;
		change(id1, SL_KEEP, i % 2 ? SL_INSTANCE_UP : SL_INSTANCE_OUT, SL_KEEP, SL_KEEP);
		bench_wait(&bench, &hints.came);
	}
}

/* Lost events, one that never opens, lies: only the hints differ. */
static void test_watch_lies(void **state)
{
	struct sl_call *call;

	(void)state;
	if (!needs_fake())
		skip();
	gateway_finds_orders();
	until_edges(1);
	until_listed(2); /* reads lag behind what was registered */
	fake_tell(&fake, "watch=lie", NULL);
	reopen("gateway");
	ops->watch(instance, on_hint, &hints);
	while (hints.count < 2) /* opened, and the lie */
		turn();
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.instances, 2);
	fake_tell(&fake, "watch=good&lose=1000", NULL);
	hints.came = false;
	assert_int_equal(change(id1, SL_KEEP, SL_INSTANCE_OUT, SL_KEEP, SL_KEEP), SL_OK);
	do
		assert_int_equal(list(NULL), SL_OK);
	while (row_of(id1)->state != SL_INSTANCE_OUT);
	assert_false(hints.came);
	/* Never answered: canceled in flight, and ended by close. */
	fake_tell(&fake, "mood=silent&match=watcher&lose=0", NULL);
	reopen("gateway");
	call = ops->watch(instance, on_hint, &hints);
	assert_int_equal(list(NULL), SL_OK);
	ops->cancel(instance, call);
	ops->cancel(instance, call);
	ops->watch(instance, on_hint, &hints);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(hints.count, 0);
}

/* --- accounts --- */

static int setup_rbac(void **state)
{
	return setup_bare(state, "-r", "Root-pass-1");
}

static int teardown_rbac(void **state)
{
	(void)state;
	fake_stop(&fake);
	bench_release(&bench);
	return 0;
}

/* Three calls at once log in once. */
static void test_login(void **state)
{
	static struct seen three[3];

	(void)state;
	if (!needs_fake())
		skip();
	open_with("root", "Root-pass-1", NULL);
	memset(three, 0, sizeof three);
	for (int i = 0; i < 3; i++)
		ops->list(instance, NULL, TIMEOUT, &sink, &three[i]);
	for (int i = 0; i < 3; i++) {
		bench_wait(&bench, &three[i].done);
		assert_int_equal(three[i].error.code, SL_OK);
	}
	assert_int_equal(fake_tell(&fake, "", "logins"), 1);
	/* A token that has ended fails the call that found out; the next logs in anew. */
	fake_tell(&fake, "expireTokens=1", NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("401205"));
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&fake, "", "logins"), 2);
	fake_close(&bench, backend);
}

/* A server that starts with other keys knows no token any more, and does not call it expired. */
static void test_unknown_token(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	open_with("root", "Root-pass-1", NULL);
	assert_int_equal(list(NULL), SL_OK);
	fake_tell(&fake, "forgetTokens=1", NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("401201"));
	assert_true(says("logs in anew"));
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&fake, "", "logins"), 2);
	/* One that never worked: another login would bring no better one. */
	fake_close(&bench, backend);
	fake_tell(&fake, "forgetTokens=2", NULL);
	open_with("root", "Root-pass-1", NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(list(NULL), SL_EAUTH);
		assert_true(says("401201"));
		assert_null(strstr(seen.error.msg, "logs in anew"));
	}
	assert_int_equal(fake_tell(&fake, "", "logins"), 3);
	fake_close(&bench, backend);
}

/* An answer that comes late says that the old token has ended: the new one is kept. */
static void test_late_expiry(void **state)
{
	static struct seen late;

	(void)state;
	if (!needs_fake())
		skip();
	open_with("root", "Root-pass-1", NULL);
	assert_int_equal(list(NULL), SL_OK);
	fake_tell(&fake, "mood=slow&ms=1500&match=/govern/relations", NULL);
	memset(&late, 0, sizeof late);
	ops->edges(instance, TIMEOUT, &sink, &late);
	fake_tell(&fake, "expireTokens=1", NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&fake, "", "logins"), 2);
	assert_false(late.done);
	bench_wait(&bench, &late.done);
	assert_int_equal(late.error.code, SL_EAUTH);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&fake, "", "logins"), 2);
	fake_close(&bench, backend);
}

/* A watch logs in like everybody, and with what the others have. */
static void test_watch_login(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	watch_as = "*";
	open_with("root", "Root-pass-1", NULL);
	watch_as = NULL;
	hints = (struct hints){0};
	ops->watch(instance, on_hint, &hints);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&fake, "", "logins"), 1);
	fake_close(&bench, backend);
	watch_as = "*";
	open_with("root", "wrong", NULL);
	watch_as = NULL;
	ops->watch(instance, on_hint, &hints);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_int_equal(fake_tell(&fake, "", "loginsRefused"), 1);
	fake_close(&bench, backend);
}

static void test_login_refused(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	open_with("root", "wrong", NULL);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(list(NULL), SL_EAUTH);
		assert_true(says("is not tried again by itself"));
		assert_true(says("401202"));
		assert_null(strstr(seen.error.msg, "wrong\""));
	}
	assert_int_equal(fake_tell(&fake, "", "logins"), 1);
	fake_close(&bench, backend);
	/* An unclear end is an end too: nobody knows whether it was counted. */
	fake_tell(&fake, "mood=deaf&match=/v4/token", NULL);
	open_with("root", "Root-pass-1", NULL);
	assert_int_not_equal(list(NULL), SL_OK);
	fake_tell(&fake, "mood=good", NULL);
	assert_int_not_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&fake, "", "logins"), 2);
	fake_close(&bench, backend);
}

static void test_no_login(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	open_with(NULL, NULL, NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("401204"));
	fake_close(&bench, backend);
	open_with(NULL, NULL, "abc.def.ghi");
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("401201"));
	assert_int_equal(fake_tell(&fake, "", "logins"), 0);
	fake_close(&bench, backend);
}

static void test_settings(void **state)
{
	const struct sl_setting_value both[] = {{.name = "url", .text = "http://127.0.0.1:1"},
						{.name = "account", .text = "root"}};
	const struct sl_settings settings = {.backend = "city", .values = both, .count = 2};
	struct sl_error e = {0};

	(void)state;
	open_with(NULL, NULL, NULL);
	assert_null(plugin_backend_open(bench.host, plugin_backend_plugin(backend), &settings, &e));
	assert_int_equal(e.code, SL_EINPUT);
	assert_non_null(strstr(e.msg, "'account' and 'password' need each other"));
	fake_close(&bench, backend);
}

#define WITH_DATA(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITH_RBAC(test) cmocka_unit_test_setup_teardown(test, setup_rbac, teardown_rbac)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATA(test_list),
		WITH_DATA(test_unchanged),
		WITH_DATA(test_broken_name),
		WITH_DATA(test_bare_endpoint),
		WITH_DATA(test_find),
		WITH_DATA(test_edges),
		WITH_DATA(test_write),
		WITH_DATA(test_write_refused),
		WITH_DATA(test_never_a_consumer),
		WITH_DATA(test_waits_for_cache),
		WITH_DATA(test_mass_death),
		WITH_DATA(test_moods),
		WITH_DATA(test_too_large),
		WITH_DATA(test_silence_and_cancel),
		WITH_DATA(test_write_unanswered),
		WITH_DATA(test_watch),
		WITH_DATA(test_client_certificate),
		WITH_DATA(test_watch_off),
		WITH_DATA(test_watch_bad),
		WITH_DATA(test_watch_lies),
		WITH_RBAC(test_login),
		WITH_RBAC(test_unknown_token),
		WITH_RBAC(test_late_expiry),
		WITH_RBAC(test_watch_login),
		WITH_RBAC(test_login_refused),
		WITH_RBAC(test_no_login),
		WITH_RBAC(test_settings),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
