/* SPDX-License-Identifier: Apache-2.0 */
/* The kie plugin through the plugin host, against the lab's fake, and, with SLUICE_KIE=URL, what
 * needs no misbehaviour against a server that someone has. */
#include "plugins/sdk/units.h"
#include "tests/unit/plugins-host/fakes.h"

#define TIMEOUT 8000

struct found {
	char key[64], value[200], type[20], revision[24], labels[100];
	bool enabled;
	int64_t changed;
};

struct seen {
	bool done, starting, fired_inside;
	int calls;
	struct sl_error error;
	char revision[64];
	bool not_modified;
	size_t count;
	struct found keys[128];
};

static struct bench bench;
static struct fake_proc fake;
static struct plugin_backend *backend;
static const struct sl_config_ops *ops;
static void *instance;
static struct seen seen;
static char project[64];

static const struct sl_label labels[] = {{"environment", "production"}, {"app", "shop"}};

/* --- sink --- */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "(null)");
}

static void on_key(void *arg, const struct sl_key *k)
{
	struct seen *x = arg;
	struct found *f = &x->keys[x->count < 128 ? x->count : 127];
	size_t n = 0;

	copy(f->key, sizeof f->key, k->key);
	copy(f->value, sizeof f->value, k->value);
	copy(f->type, sizeof f->type, k->type);
	copy(f->revision, sizeof f->revision, k->revision);
	for (size_t i = 0; i < k->label_count; i++)
		n += (size_t)snprintf(f->labels + n, sizeof f->labels - n, "%s=%s ",
				      k->labels[i].name, k->labels[i].value);
	assert_int_equal(k->value_len, strlen(k->value));
	f->enabled = k->enabled;
	f->changed = k->changed;
	x->count++;
}

static void on_end(void *arg, const struct sl_read_end *end)
{
	struct seen *x = arg;

	x->fired_inside = x->fired_inside || x->starting;
	x->calls++;
	x->error = end->error;
	copy(x->revision, sizeof x->revision, end->revision);
	x->not_modified = end->not_modified;
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

static const struct sl_config_sink sink = {.key = on_key, .done = on_end};

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

static enum sl_err read_key(const char *key, size_t label_count)
{
	seen = (struct seen){.starting = true};
	ops->read(instance, key, labels, label_count, TIMEOUT, &sink, &seen);
	finish();
	return seen.error.code;
}

static enum sl_err history(const char *key)
{
	seen = (struct seen){.starting = true};
	ops->history(instance, key, labels, 2, TIMEOUT, &sink, &seen);
	finish();
	return seen.error.code;
}

static enum sl_err publish(const char *key, const char *expect, const char *value, const char *type,
			   bool enabled)
{
	const struct sl_key_change c = {.key = key,
					.labels = labels,
					.label_count = 2,
					.expect_revision = expect,
					.value = value,
					.value_len = value ? strlen(value) : 0,
					.type = type,
					.enabled = enabled};

	seen = (struct seen){.starting = true};
	ops->write(instance, &c, TIMEOUT, on_done, &seen);
	finish();
	return seen.error.code;
}

static bool says(const char *words)
{
	if (strstr(seen.error.msg, words))
		return true;
	print_message("message: %s\n", seen.error.msg);
	return false;
}

/* Past the plugin. */
static void put(const char *method, const char *tail, const char *body, char *id)
{
	char path[300];
	cJSON *json;

	snprintf(path, sizeof path, "/v1/%s/kie/kv%s", project, tail);
	json = fake_ask(method, fake.url, path, body, NULL);
	if (id)
		copy(id, 80, cJSON_GetStringValue(cJSON_GetObjectItem(json, "id")));
	cJSON_Delete(json);
}

static void make(const char *key, const char *value, char *id)
{
	char body[400];

	snprintf(body, sizeof body,
		 "{\"key\":\"%s\",\"value\":\"%s\",\"status\":\"enabled\",\"labels\":{\"app\":"
		 "\"shop\",\"environment\":\"production\"}}",
		 key, value);
	put("POST", "", body, id);
}

/* --- bench --- */

static void open_with(const char *token, const struct sl_setting_value *more)
{
	struct sl_setting_value v[5] = {{.name = "url", .text = fake.url},
					{.name = "project", .text = project}};
	size_t n = 2;

	if (!token)
		token = getenv("SLUICE_TEST_TOKEN");
	if (token)
		v[n++] = (struct sl_setting_value){.name = "token", .text = token};
	if (getenv("SLUICE_TEST_CA"))
		v[n++] = (struct sl_setting_value){.name = "ca", .text = getenv("SLUICE_TEST_CA")};
	if (more)
		v[n++] = *more;
	backend = fake_open(&bench, "kie", v, n);
	ops = plugin_backend_plugin(backend)->config;
	instance = plugin_backend_instance(backend);
}

static int setup(void **state)
{
	const char *given = getenv("SLUICE_KIE");

	(void)state;
	bench_init(&bench);
	fake_project(project, sizeof project);
	fake = (struct fake_proc){0};
	if (given)
		snprintf(fake.url, sizeof fake.url, "%s", given);
	else
		fake_start(&fake, "fakekie", NULL, NULL);
	open_with(NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	char path[300];
	cJSON *json;
	const cJSON *item;

	(void)state;
	fake_close(&bench, backend);
	snprintf(path, sizeof path, "/v1/%s/kie/kv", project);
	json = fake.pid ? NULL : fake_ask("GET", fake.url, path, NULL, NULL);
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "data"))
	{
		char tail[120];

		snprintf(tail, sizeof tail, "/%.100s",
			 cJSON_GetStringValue(cJSON_GetObjectItem(item, "id")));
		put("DELETE", tail, NULL, NULL);
	}
	cJSON_Delete(json);
	fake_stop(&fake);
	bench_release(&bench);
	return 0;
}

static bool needs_fake(void)
{
	if (fake.pid)
		return true;
	print_message("skipped: needs the fake, not a server that someone has\n");
	return false;
}

/* --- reading --- */

static void test_list(void **state)
{
	char revision[64];

	(void)state;
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.count, 0);
	put("POST", "",
	    "{\"key\":\"notice\",\"value\":\"\\u53cc\\u5341\\u4e00\",\"value_type\":\"yaml\"}",
	    NULL);
	make("orders.timeout", "800ms", NULL);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.keys[0].key, "orders.timeout");
	assert_string_equal(seen.keys[0].labels, "app=shop environment=production ");
	assert_string_equal(seen.keys[0].type, "text");
	assert_true(seen.keys[0].enabled);
	assert_true(seen.keys[0].changed > 1700000000000);
	assert_string_equal(seen.keys[1].value, "\u53cc\u5341\u4e00");
	assert_string_equal(seen.keys[1].type, "yaml");
	assert_false(seen.keys[1].enabled); /* Kie's way when nobody says otherwise */
	copy(revision, sizeof revision, seen.revision);
	assert_int_equal(list(revision), SL_OK);
	assert_true(seen.not_modified);
	assert_string_equal(seen.revision, revision);
	make("orders.more", "1", NULL);
	assert_int_equal(list(revision), SL_OK);
	assert_false(seen.not_modified);
	assert_int_equal(seen.count, 3);
}

/* A change in somebody else's project brings the whole list again: it is the same one. */
static void test_others_changes(void **state)
{
	char revision[64];
	long long before;

	(void)state;
	if (!needs_fake())
		skip();
	make("orders.timeout", "800ms", NULL);
	list(NULL);
	copy(revision, sizeof revision, seen.revision);
	fake_tell(&fake, "bump=1", NULL);
	assert_int_equal(list(revision), SL_OK);
	assert_true(seen.not_modified);
	before = fake_tell(&fake, "", "notModified");
	assert_int_equal(list(revision), SL_OK); /* the newer revision was kept */
	assert_true(seen.not_modified);
	assert_int_equal(fake_tell(&fake, "", "notModified"), before + 1);
}

static void test_read(void **state)
{
	(void)state;
	make("orders.timeout", "800ms", NULL);
	put("POST", "", "{\"key\":\"orders.timeout\",\"value\":\"bare\"}", NULL);
	assert_int_equal(read_key("orders.timeout", 2), SL_OK);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.keys[0].value, "800ms");
	assert_int_equal(read_key("orders.timeout", 0), SL_OK);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.keys[0].value, "bare");
	assert_int_equal(read_key("orders.timeout", 1), SL_OK);
	assert_int_equal(seen.count, 0);
	assert_int_equal(read_key("Orders.Timeout", 2), SL_OK); /* to Kie it is the same key */
	assert_int_equal(seen.count, 0);
	assert_int_equal(read_key("beginWith(orders)", 2), SL_EINPUT);
}

static void test_history(void **state)
{
	(void)state;
	assert_int_equal(publish("orders.pool", "", "40", NULL, true), SL_OK);
	assert_int_equal(publish("orders.pool", NULL, "60", NULL, true), SL_OK);
	assert_int_equal(publish("orders.pool", NULL, "80", NULL, false), SL_OK);
	assert_int_equal(history("orders.pool"), SL_OK);
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.keys[0].value, "80");
	assert_false(seen.keys[0].enabled);
	assert_string_equal(seen.keys[2].value, "40");
	assert_true(seen.keys[2].enabled);
	assert_int_equal(history("orders.nothing"), SL_OK);
	assert_int_equal(seen.count, 0);
}

/* --- writing --- */

static void test_write(void **state)
{
	char revision[24];

	(void)state;
	assert_int_equal(publish("orders.pool", "", "40", "yaml", true), SL_OK);
	assert_int_equal(read_key("orders.pool", 2), SL_OK);
	assert_true(seen.keys[0].enabled);
	assert_string_equal(seen.keys[0].type, "yaml");
	copy(revision, sizeof revision, seen.keys[0].revision);
	/* What is so already is not written again: that would wake every client. */
	assert_int_equal(publish("orders.pool", revision, "40", NULL, true), SL_OK);
	read_key("orders.pool", 2);
	assert_string_equal(seen.keys[0].revision, revision);
	assert_int_equal(publish("orders.pool", revision, "\u4e0a\u6d77\n\"80\"", "yaml", false),
			 SL_OK);
	read_key("orders.pool", 2);
	assert_string_equal(seen.keys[0].value, "\u4e0a\u6d77\n\"80\"");
	assert_false(seen.keys[0].enabled);
	copy(revision, sizeof revision, seen.keys[0].revision);
	assert_int_equal(publish("orders.pool", revision, NULL, NULL, false), SL_OK);
	read_key("orders.pool", 2);
	assert_int_equal(seen.count, 0);
	assert_int_equal(publish("orders.pool", "", NULL, NULL, false), SL_OK); /* gone is gone */
	assert_int_equal(publish("orders.pool", "", "", NULL, true), SL_OK); /* empty can be made */
}

static void test_write_refused(void **state)
{
	char big[131100];

	(void)state;
	make("orders.pool", "40", NULL);
	assert_int_equal(publish("orders.pool", "", "41", NULL, true), SL_ECONFLICT);
	assert_true(says("is there already"));
	assert_true(says("nothing was changed"));
	assert_int_equal(publish("orders.pool", "1", "41", NULL, true), SL_ECONFLICT);
	assert_true(says("not 1 as expected"));
	assert_int_equal(publish("orders.none", "7", "41", NULL, true), SL_ECONFLICT);
	assert_true(says("is not there"));
	assert_int_equal(publish("orders.pool", NULL, "", NULL, true), SL_EUNSUPPORTED);
	assert_int_equal(publish("orders.pool", NULL, "a: 1", "yaml", true), SL_EUNSUPPORTED);
	assert_int_equal(publish("a b", NULL, "1", NULL, true), SL_EINPUT);
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	assert_int_equal(publish("orders.pool", NULL, big, NULL, true), SL_EINPUT);
	read_key("orders.pool", 2);
	assert_string_equal(seen.keys[0].value, "40");
}

/* Theirs is read before ours and stored between our reading and our writing: Kie says 200 to both,
 * the history tells. The fake holds every update for a while after it was read. */
static void write_theirs(void *arg)
{
	put("PUT", arg, "{\"value\":\"theirs\"}", NULL);
}

static void test_conflict_detected(void **state)
{
	char id[80], tail[100];
	uv_thread_t thread;

	(void)state;
	if (!needs_fake())
		skip();
	make("orders.pool", "40", id);
	snprintf(tail, sizeof tail, "/%s", id);
	fake_tell(&fake, "race=400", NULL);
	assert_int_equal(uv_thread_create(&thread, write_theirs, tail), 0);
	/* Let theirs be read first; it is stored when its 400 ms are over. */
	while (fake_tell(&fake, "", "late") == 0) {
	}
	assert_int_equal(publish("orders.pool", NULL, "ours", NULL, true), SL_ECONFLICT);
	assert_true(says("someone else wrote 'orders.pool' at revision"));
	uv_thread_join(&thread);
	read_key("orders.pool", 2);
	assert_string_equal(seen.keys[0].value, "ours");
}

/* --- watching --- */

static bool hinted;

static void on_hint(void *arg)
{
	(*(int *)arg)++;
	hinted = true;
}

static void until_held(void)
{
	bool never = false;
	int64_t until = sl_time_boottime() + 10000;

	bench.awaited = &never;
	while (fake_tell(&fake, "", "held") == 0 && sl_time_boottime() < until)
		uv_run(&bench.loop, UV_RUN_NOWAIT);
}

static void test_watch(void **state)
{
	int hints = 0;
	struct sl_call *call;

	(void)state;
	if (!needs_fake())
		skip();
	call = ops->watch(instance, on_hint, &hints);
	until_held();
	assert_int_equal(hints, 0);
	hinted = false;
	make("orders.pool", "40", NULL);
	bench_wait(&bench, &hinted);
	assert_int_equal(hints, 1);
	/* It is held again, and wakes for nothing: a hint is only a hint. */
	until_held();
	hinted = false;
	fake_tell(&fake, "wake=1", NULL);
	bench_wait(&bench, &hinted);
	ops->cancel(instance, call);
	/* One that is left is ended by close. */
	ops->watch(instance, on_hint, &hints);
	until_held();
}

/* A server that went away and came back is watched again. */
static void test_watch_recovers(void **state)
{
	int hints = 0;

	(void)state;
	if (!needs_fake())
		skip();
	fake_tell(&fake, "mood=error&times=1", NULL);
	ops->watch(instance, on_hint, &hints);
	until_held();
	hinted = false;
	make("orders.pool", "40", NULL);
	bench_wait(&bench, &hinted);
	assert_int_equal(hints, 1);
}

/* A proxy that says "unchanged" at once is not asked without an end. */
/* What changed while polls failed is told once they go well again. */
static void test_watch_missed(void **state)
{
	int hints = 0;

	(void)state;
	if (!needs_fake())
		skip();
	ops->watch(instance, on_hint, &hints);
	until_held();
	hinted = false;
	fake_tell(&fake, "mood=error&times=1&match=wait=", NULL); /* the poll after this one */
	fake_tell(&fake, "wake=1", NULL);
	bench_wait(&bench, &hinted);
	hinted = false;
	make("orders.pool", "40", NULL);
	bench_wait(&bench, &hinted);
	assert_int_equal(hints, 2);
	/* And no more than that. */
	until_held();
	assert_int_equal(hints, 2);
}

static void test_watch_of_the_hasty(void **state)
{
	int64_t began;
	int hints = 0;

	(void)state;
	if (!needs_fake())
		skip();
	make("orders.pool", "40", NULL);
	fake_tell(&fake, "hasty=1", NULL);
	began = sl_time_boottime();
	ops->watch(instance, on_hint, &hints);
	while (fake_tell(&fake, "", "polls") < 3)
		uv_run(&bench.loop, UV_RUN_NOWAIT);
	assert_true(sl_time_boottime() - began >= 1000);
	assert_int_equal(hints, 0);
}

/* --- bad answers --- */

static const struct {
	const char *mood;
	enum sl_err code;
	const char *words;
} moods[] = {
	{"mood=error", SL_EPROTO, "status 500 with a text"},
	{"mood=html", SL_EPROTO, "HTML page"},
	{"mood=garbage", SL_EPROTO, "city"},
	{"mood=short", SL_EPROTO, "no list of keys"},
	{"mood=truncated", SL_ELOST, "city"},
	{"mood=empty", SL_EPROTO, "empty"},
	{"mood=redirect", SL_EPROTO, "redirects to"},
	{"mood=drop", SL_ELOST, "city"},
	{"mood=huge&mb=70", SL_EPROTO, "city"},
	{"rate=1", SL_ELOST, "limits the rate"},
};

static void test_moods(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	make("orders.pool", "40", NULL);
	for (size_t i = 0; i < SL_COUNT(moods); i++) {
		fake_tell(&fake, moods[i].mood, NULL);
		do /* the limit is one a second */
			list(NULL);
		while (seen.error.code == SL_OK);
		if (seen.error.code != moods[i].code)
			print_message("%s: %s: %s\n", moods[i].mood, sl_err_name(seen.error.code),
				      seen.error.msg);
		assert_int_equal(seen.error.code, moods[i].code);
		assert_true(says(moods[i].words));
		assert_int_equal(seen.count, 0);
		fake_tell(&fake, "mood=good&rate=0", NULL);
		assert_int_equal(list(NULL), SL_OK);
		assert_int_equal(seen.count, 1);
	}
}

/* The write arrives, its answer does not, or is of a proxy that gave up: we say that it may have.
 * It is sent once. */
static void test_write_unanswered(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	make("orders.pool", "40", NULL);
	fake_tell(&fake, "mood=deaf&match=PUT", NULL);
	assert_int_not_equal(publish("orders.pool", NULL, "41", NULL, true), SL_OK);
	assert_true(says("may have taken effect"));
	fake_tell(&fake, "mood=gateway&match=PUT", NULL);
	assert_int_not_equal(publish("orders.pool", NULL, "42", NULL, true), SL_OK);
	assert_true(says("may have taken effect"));
	assert_null(strstr(seen.error.msg, "nothing was changed"));
	fake_tell(&fake, "mood=error&match=GET", NULL);
	assert_int_not_equal(publish("orders.pool", NULL, "43", NULL, true), SL_OK);
	assert_true(says("nothing was changed"));
	fake_tell(&fake, "mood=good", NULL);
	assert_int_equal(history("orders.pool"), SL_OK);
	assert_int_equal(seen.count, 3);
	fake_tell(&fake, "mood=gateway&match=DELETE", NULL);
	assert_int_not_equal(publish("orders.pool", NULL, NULL, NULL, true), SL_OK);
	assert_true(says("may have taken effect"));
	fake_tell(&fake, "mood=good", NULL);
	assert_int_equal(read_key("orders.pool", 2), SL_OK);
	assert_int_equal(seen.count, 0);
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
	call = ops->list(instance, NULL, TIMEOUT, &sink, &seen);
	ops->cancel(instance, call);
	finish();
	assert_int_equal(seen.error.code, SL_ECANCELED);
}

/* --- settings --- */

static void test_label_filter(void **state)
{
	const char *const keys[] = {"app"}, *const items[] = {"shop"};
	const struct sl_setting_value filter = {
		.name = "labels", .keys = keys, .items = items, .count = 1};

	(void)state;
	make("orders.pool", "40", NULL);
	put("POST", "", "{\"key\":\"other\",\"value\":\"1\"}", NULL);
	fake_close(&bench, backend);
	open_with(NULL, &filter);
	assert_int_equal(list(NULL), SL_OK);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.keys[0].key, "orders.pool");
}

static void test_token(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	fake_close(&bench, backend);
	fake_stop(&fake);
	fake_start(&fake, "fakekie", "-t", "secret-token");
	open_with(NULL, NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("without a token"));
	fake_close(&bench, backend);
	open_with("other", NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	fake_close(&bench, backend);
	open_with("secret-token", NULL);
	assert_int_equal(list(NULL), SL_OK);
}

static void open_rows(const struct sl_setting_value *rows, size_t count)
{
	struct sl_setting_value v[6] = {{.name = "url", .text = fake.url},
					{.name = "project", .text = project}};

	memcpy(v + 2, rows, count * sizeof *rows);
	backend = fake_open(&bench, "kie", v, count + 2);
	instance = plugin_backend_instance(backend);
}

/* A file that someone else keeps fresh. */
static void test_token_file(void **state)
{
	char path[200];
	const struct sl_setting_value row = {.name = "tokenFile", .text = path};

	(void)state;
	if (!needs_fake())
		skip();
	fake_close(&bench, backend);
	fake_stop(&fake);
	fake_start(&fake, "fakekie", "-t", "one");
	snprintf(path, sizeof path, "%s", bench_path(&bench, "token"));
	bench_write(&bench, "token", "one\n");
	open_rows(&row, 1);
	assert_int_equal(list(NULL), SL_OK);
	fake_tell(&fake, "token=two", NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("/token' holds no other one"));
	bench_write(&bench, "token", "two\n");
	assert_int_equal(list(NULL), SL_OK); /* nobody notices */
	fake_tell(&fake, "token=three", NULL);
	bench_write(&bench, "token", "three\n");
	assert_int_equal(publish("k", "", "v", NULL, true), SL_OK); /* nor who writes */
	fake_tell(&fake, "token=four", NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("/token' cannot be read: No such file"));
	bench_write(&bench, "token", "four");
	assert_int_equal(list(NULL), SL_OK);
}

static struct fake_proc center;

static void open_login(const char *password)
{
	const struct sl_setting_value rows[] = {{.name = "loginUrl", .text = center.url},
						{.name = "account", .text = "root"},
						{.name = "password", .text = password}};

	open_rows(rows, SL_COUNT(rows));
}

static void with_center(void)
{
	fake_close(&bench, backend);
	fake_stop(&fake);
	fake_start(&center, "fakesc", "-r", "Root-pass-1");
	fake_spawn(&fake, (const char *const[]){"fakekie", "-s", "127.0.0.1:0", NULL});
}

/* Tokens end after half a day: there is another login, and nobody notices. */
static void test_login(void **state)
{
	static struct seen other;
	bool hint = false;

	(void)state;
	if (!needs_fake())
		skip();
	with_center();
	open_login("Root-pass-1");
	/* Two at once, and a watch: one login. */
	memset(&other, 0, sizeof other);
	ops->list(instance, NULL, TIMEOUT, &sink, &other);
	ops->watch(instance, bench_flag, &hint);
	assert_int_equal(list(NULL), SL_OK);
	bench_wait(&bench, &other.done);
	assert_int_equal(other.error.code, SL_OK);
	assert_int_equal(fake_tell(&center, "", "logins"), 1);
	fake_tell(&fake, "ended=1", NULL);
	assert_int_equal(publish("k", "", "v", NULL, true), SL_OK);
	assert_int_equal(fake_tell(&center, "", "logins"), 2);
	/* New ones that are no good either are not asked for again and again. */
	fake_tell(&fake, "ended=1000", NULL);
	assert_int_equal(list(NULL), SL_EAUTH);
	assert_true(says("that 'root' got at http://127.0.0.1:"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(list(NULL), SL_EAUTH);
	assert_int_equal(fake_tell(&center, "", "logins"), 3);
	fake_close(&bench, backend);
	fake_stop(&center);
	open_login("Root-pass-1"); /* nobody there: that is no try, and is told */
	assert_int_equal(list(NULL), SL_EREFUSED);
	assert_true(says("/v4/token"));
}

static void test_login_refused(void **state)
{
	(void)state;
	if (!needs_fake())
		skip();
	with_center();
	open_login("wrong");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(list(NULL), SL_EAUTH);
		assert_true(says("Service Center refuses the login of 'root' with 401202"));
		assert_true(says("is not tried again by itself"));
	}
	assert_int_equal(fake_tell(&center, "", "logins"), 1);
	assert_int_equal(fake_tell(&fake, "", "requests"), 0);
	fake_close(&bench, backend);
	/* Nobody knows how it went: it may have counted. */
	fake_tell(&center, "mood=deaf&match=/v4/token", NULL);
	open_login("Root-pass-1");
	assert_int_not_equal(list(NULL), SL_OK);
	fake_tell(&center, "mood=good", NULL);
	assert_int_not_equal(list(NULL), SL_OK);
	assert_int_equal(fake_tell(&center, "", "logins"), 2);
	fake_stop(&center);
}

static void test_token_settings(void **state)
{
	static const struct {
		const char *names[3], *words;
	} cases[] = {
		{{"account", "password"}, "'loginUrl', 'account' and 'password' need each other"},
		{{"loginUrl"}, "'loginUrl', 'account' and 'password' need each other"},
		{{"token", "tokenFile"}, "give one of 'token', 'tokenFile' and 'loginUrl'"},
		{{"tokenFile"}, "'http://127.0.0.1:1' cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct sl_setting_value v[4] = {{.name = "url", .text = "http://127.0.0.1:1"}};
		struct sl_settings settings = {.backend = "city", .values = v, .count = 1};
		struct sl_error e = {0};

		for (size_t n = 0; n < 3 && cases[i].names[n]; n++)
			v[settings.count++] = (struct sl_setting_value){
				.name = cases[i].names[n], .text = "http://127.0.0.1:1"};
		assert_null(plugin_backend_open(bench.host, plugin_host_find(bench.host, "kie"),
						&settings, &e));
		if (!strstr(e.msg, cases[i].words))
			fail_msg("%zu: %s", i, e.msg);
	}
}

#define WITH_FAKE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FAKE(test_list),
		WITH_FAKE(test_others_changes),
		WITH_FAKE(test_read),
		WITH_FAKE(test_history),
		WITH_FAKE(test_write),
		WITH_FAKE(test_write_refused),
		WITH_FAKE(test_conflict_detected),
		WITH_FAKE(test_watch),
		WITH_FAKE(test_watch_recovers),
		WITH_FAKE(test_watch_missed),
		WITH_FAKE(test_watch_of_the_hasty),
		WITH_FAKE(test_moods),
		WITH_FAKE(test_write_unanswered),
		WITH_FAKE(test_silence_and_cancel),
		WITH_FAKE(test_label_filter),
		WITH_FAKE(test_token),
		WITH_FAKE(test_token_file),
		WITH_FAKE(test_login),
		WITH_FAKE(test_login_refused),
		WITH_FAKE(test_token_settings),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
