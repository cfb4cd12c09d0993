/* SPDX-License-Identifier: Apache-2.0 */
/* The prometheus plugin through the plugin host, against a real Prometheus that holds blocks made
 * for this test and scrapes a page that it serves, and against fakes that misbehave. */
#include <math.h>

#include "plugins/sdk/units.h"
#include "tests/unit/plugins-host/peer.h"

static struct bench bench;
static pid_t server;
static unsigned port;
static struct fake page; /* what Prometheus scrapes */
static struct plugin_backend *backend;
static const struct sl_metrics_ops *metrics;
static void *instance;
static int64_t start_ms; /* of the blocks: one sample a minute, 0 to 9 */

/* --- the backend --- */

struct given {
	const char *name, *text;
};

static void open_given(unsigned at, const char *path, const struct given *given, size_t count)
{
	char url[100];
	struct sl_setting_value values[4] = {{.name = "url", .text = url}};
	const struct sl_settings settings = {
		.backend = "prom", .values = values, .count = count + 1};
	const struct sl_plugin *p = plugin_host_find(bench.host, "prometheus");
	struct sl_error e = {0};

	assert_non_null(p);
	snprintf(url, sizeof url, "http://127.0.0.1:%u%s", at, path);
	for (size_t i = 0; i < count; i++)
		values[i + 1] =
			(struct sl_setting_value){.name = given[i].name, .text = given[i].text};
	backend = plugin_backend_open(bench.host, p, &settings, &e);
	assert_string_equal(e.msg, "");
	metrics = plugin_backend_plugin(backend)->metrics;
	instance = plugin_backend_instance(backend);
}

static void close_backend(void)
{
	bool closed = false;

	plugin_backend_close(backend, bench_flag, &closed);
	assert_false(closed);
	bench_wait(&bench, &closed);
}

/* --- calls --- */

#define SEEN_MAX 64

struct seen {
	bool done, starting, fired_inside;
	int calls;
	struct sl_error error;
	size_t samples, labels, cancel_at;
	struct sl_call *call;
	struct {
		int64_t time;
		double value;
		char label[64]; /* the first one but the name */
	} at[SEEN_MAX];
};

static size_t turns, turn_seen, in_turn, most_in_turn; /* of the loop; samples */

static void on_turn(uv_check_t *check)
{
	(void)check;
	turns++;
}

static void on_sample(void *arg, const struct sl_sample *sample)
{
	struct seen *s = arg;
	size_t n = s->samples++;

	in_turn = turns == turn_seen ? in_turn + 1 : 1;
	turn_seen = turns;
	most_in_turn = in_turn > most_in_turn ? in_turn : most_in_turn;

	s->labels = sample->label_count;
	if (n < SEEN_MAX) {
		s->at[n].time = sample->time;
		s->at[n].value = sample->value;
		for (size_t i = sample->label_count; i-- > 0;)
			if (strcmp(sample->labels[i].name, "__name__") != 0)
				snprintf(s->at[n].label, sizeof s->at[n].label, "%s=%s",
					 sample->labels[i].name, sample->labels[i].value);
	}
	if (s->samples == s->cancel_at)
		metrics->cancel(instance, s->call);
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct seen *s = arg;

	assert_false(end->not_modified);
	assert_non_null(end->revision);
	s->fired_inside = s->starting;
	s->error = end->error;
	s->calls++;
	s->done = true;
}

static const struct sl_metrics_sink sink = {on_sample, on_done};

static int seen_wait(struct seen *s)
{
	s->starting = false;
	bench_wait(&bench, &s->done);
	assert_false(s->fired_inside);
	assert_int_equal(s->calls, 1);
	return s->error.code;
}

static int do_instant(struct seen *s, const char *expression, int64_t time, int64_t timeout_ms)
{
	*s = (struct seen){.starting = true};
	metrics->instant(instance, expression, time, timeout_ms, &sink, s);
	return seen_wait(s);
}

static int do_range(struct seen *s, const char *expression, int64_t from, int64_t to, int64_t step)
{
	*s = (struct seen){.starting = true};
	metrics->range(instance, expression, from, to, step, 5000, &sink, s);
	return seen_wait(s);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' lacks '%s'", text, part);
}

/* --- set-up --- */

static const char *answer_page(struct fake *fake, const char *request, size_t *len)
{
	static char text[400];
	const char *body = "# TYPE lab_up gauge\nlab_up{service=\"orders\"} 1\n";

	(void)fake;
	(void)len;
	assert_has(request, "GET /metrics ");
	snprintf(text, sizeof text,
		 "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 strlen(body), body);
	return text;
}

static void blocks_make(void)
{
	struct sl_buf text;
	char command[600];

	sl_buf_init(&text, 100000);
	sl_buf_puts(&text, "# TYPE lab gauge\n");
	start_ms = (sl_time_now() / 60000 - 120) * 60000;
	for (int zone = 1; zone <= 2; zone++)
		for (int i = 0; i < 10; i++)
			sl_buf_printf(&text, "lab{zone=\"az%d\",service=\"orders\"} %d %lld\n",
				      zone, i * zone, (long long)start_ms / 1000 + 60 * i);
	for (int i = 0; i < 10; i++)
		sl_buf_printf(&text, "odd{sign=\"%s\"} %s %lld\n", "x",
			      i % 3 ? i % 3 == 1 ? "NaN" : "+Inf" : "-Inf",
			      (long long)start_ms / 1000 + 60 * i);
	sl_buf_puts(&text, "# EOF\n");
	bench_write(&bench, "blocks.txt", sl_buf_str(&text));
	sl_buf_release(&text);
	snprintf(command, sizeof command,
		 "promtool tsdb create-blocks-from openmetrics '%s/blocks.txt' '%s/data' "
		 ">'%s/promtool.log' "
		 "2>&1",
		 bench.folder, bench.folder, bench.folder);
	assert_int_equal(system(command), 0);
}

static void server_start(void)
{
	char config[400], file[400], data[400], listen[64];
	const char *const argv[] = {"prometheus", file, data, listen, "--log.level=warn", NULL};

	snprintf(config, sizeof config,
		 "global: { scrape_interval: 1s }\n"
		 "scrape_configs:\n"
		 "  - { job_name: lab, static_configs: [{ targets: ['127.0.0.1:%u'] }] }\n",
		 page.port);
	bench_write(&bench, "prometheus.yml", config);
	blocks_make();
	port = peer_port();
	snprintf(file, sizeof file, "--config.file=%s/prometheus.yml", bench.folder);
	snprintf(data, sizeof data, "--storage.tsdb.path=%s/data", bench.folder);
	snprintf(listen, sizeof listen, "--web.listen-address=127.0.0.1:%u", port);
	server = peer_spawn(argv, bench_path(&bench, "prometheus.log"));
	assert_true(peer_ready(&bench, server, port, "/-/ready"));
}

static int group_setup(void **state)
{
	struct sl_error e = {0};
	char plugins[400];

	(void)state;
	bench_init(&bench);
	snprintf(plugins, sizeof plugins, "%s/plugins", bench_build());
	assert_int_equal(plugin_host_load_folder(bench.host, plugins, &e), SL_OK);
	fake_start(&page, &bench, answer_page);
	if (peer_installed("prometheus") && peer_installed("promtool"))
		server_start();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	peer_kill(server);
	fake_stop(&page);
	bench_release(&bench);
	return 0;
}

static void need_prometheus(void)
{
	if (server <= 0)
		skip();
	open_given(port, "/", NULL, 0);
}

/* --- for real --- */

static void test_instant(void **state)
{
	struct seen s;

	(void)state;
	need_prometheus();
	assert_int_equal(do_instant(&s, "sort(lab)", start_ms + 5 * 60000, 5000), SL_OK);
	assert_int_equal(s.samples, 2);
	assert_int_equal(s.labels, 3);
	assert_string_equal(s.at[0].label, "service=orders");
	assert_true(s.at[0].value == 5 && s.at[1].value == 10);
	assert_int_equal(s.at[0].time, start_ms + 5 * 60000);
	/* Between two points of the clock, to the millisecond. */
	assert_int_equal(do_instant(&s, "time()", start_ms + 1234, 5000), SL_OK);
	assert_int_equal(s.samples, 1);
	assert_int_equal(s.labels, 0);
	assert_int_equal(s.at[0].time, start_ms + 1234);
	assert_true(fabs(s.at[0].value * 1000 - (double)(start_ms + 1234)) < 1);
	/* No data is no sample, never a zero. */
	assert_int_equal(do_instant(&s, "nothing_like_it", 0, 5000), SL_OK);
	assert_int_equal(s.samples, 0);
	assert_int_equal(do_instant(&s, "lab[10m]", start_ms + 9 * 60000, 5000), SL_OK);
	assert_int_equal(s.samples, 20);
	close_backend();
}

static void test_special(void **state)
{
	struct seen s;

	(void)state;
	need_prometheus();
	assert_int_equal(do_instant(&s, "odd", start_ms, 5000), SL_OK);
	assert_true(isinf(s.at[0].value) && s.at[0].value < 0);
	assert_int_equal(do_instant(&s, "odd", start_ms + 60000, 5000), SL_OK);
	assert_true(isnan(s.at[0].value));
	assert_int_equal(do_instant(&s, "odd", start_ms + 120000, 5000), SL_OK);
	assert_true(isinf(s.at[0].value) && s.at[0].value > 0);
	assert_int_equal(do_instant(&s, "scalar(nothing)", 0, 5000), SL_OK);
	assert_true(s.samples == 1 && isnan(s.at[0].value));
	assert_int_equal(do_instant(&s, "vector(1) / 0 + 1e-300 * 1e-9", 0, 5000), SL_OK);
	assert_true(isinf(s.at[0].value));
	close_backend();
}

static void test_range(void **state)
{
	struct seen s;

	(void)state;
	need_prometheus();
	assert_int_equal(
		do_range(&s, "lab{zone=\"az2\"} + 0", start_ms, start_ms + 9 * 60000, 60000),
		SL_OK);
	assert_int_equal(s.samples, 10);
	for (int i = 0; i < 10; i++) {
		assert_true(s.at[i].value == 2 * i);
		assert_int_equal(s.at[i].time, start_ms + 60000 * i);
		assert_string_equal(s.at[i].label, "service=orders");
	}
	/* Series by series, each oldest first. */
	assert_int_equal(do_range(&s, "lab", start_ms, start_ms + 60000, 500), SL_OK);
	assert_int_equal(s.samples, 2 * 121);
	assert_int_equal(do_range(&s, "nothing", start_ms, start_ms + 60000, 1000), SL_OK);
	assert_int_equal(s.samples, 0);
	assert_int_equal(do_range(&s, "lab", start_ms + 60000, start_ms, 1000), SL_EINPUT);
	assert_int_equal(do_range(&s, "lab", start_ms, start_ms + 60000, 0), SL_EINPUT);
	assert_int_equal(do_range(&s, "lab", start_ms, start_ms + 60000000, 1000), SL_EINPUT);
	assert_has(s.error.msg, "11,000");
	close_backend();
}

static void test_refused(void **state)
{
	struct seen s;
	char *expression;

	(void)state;
	need_prometheus();
	assert_int_equal(do_instant(&s, "sum(", 0, 5000), SL_EINPUT);
	assert_has(s.error.msg, "prom: the query is refused: invalid parameter \"query\"");
	assert_int_equal(do_instant(&s, "lab * on(service) lab", start_ms, 5000), SL_EINPUT);
	assert_has(s.error.msg, "prom: the query cannot be computed");
	assert_int_equal(do_instant(&s, "\"text\"", 0, 5000), SL_EINPUT);
	assert_has(s.error.msg, "gives a text");
	assert_int_equal(do_instant(&s, "1 +%2B&query=2", 0, 5000), SL_EINPUT);
	/* Longer than a URL may be; and every byte arrives. */
	expression = sl_alloc(200001);
	memset(expression, ' ', 200000);
	memcpy(expression, "vector(3) + ", 12);
	memcpy(expression + 199990, "vector(4)", 9);
	assert_int_equal(do_instant(&s, expression, 0, 5000), SL_OK);
	assert_true(s.at[0].value == 7);
	free(expression);
	assert_int_equal(do_instant(&s,
				    "count(label_replace(vector(1), \"z\", \"\xe5\x80\xbc+ &\", "
				    "\"\", \"\"))",
				    0, 5000),
			 SL_OK);
	close_backend();
	open_given(port, "/wrong/path", NULL, 0);
	assert_int_equal(do_instant(&s, "1", 0, 5000), SL_ENOTFOUND);
	assert_has(s.error.msg, "prom: status 404 with a text instead of JSON: 404 page not found");
	close_backend();
}

/* What is served here is scraped there and read here. */
static void test_scraped(void **state)
{
	struct seen s;

	(void)state;
	need_prometheus();
	do
		assert_int_equal(do_instant(&s, "lab_up{service=\"orders\"}", 0, 5000), SL_OK);
	while (!s.samples);
	assert_int_equal(s.samples, 1);
	assert_true(s.at[0].value == 1);
	assert_true(page.requests > 0);
	close_backend();
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
		const char *body;
		enum sl_err code;
		const char *says;
	} cases[] = {
		{200, "<html>proxy", SL_EPROTO, "prom: status 200 with an HTML page"},
		{503, "Service Unavailable", SL_EPROTO, "prom: status 503 with a text"},
		{401, "Unauthorized", SL_EAUTH, "credentials"},
		{403, "{\"message\":\"no\",\"error\":\"forbidden\"}", SL_EAUTH, "forbidden"},
		{200, "{\"status\":\"success\"", SL_EPROTO, "prom: status 200: not JSON"},
		{200, "{\"header\":{}}", SL_EPROTO, "not of Prometheus's query API"},
		{200, "{\"status\":\"success\"}", SL_EPROTO, "a result without a type"},
		{200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":7}}",
		 SL_EPROTO, "a vector that cannot be read"},
		{200,
		 "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{}]}}",
		 SL_EPROTO, "a vector that cannot be read"},
		{200,
		 "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
		 "\"metric\":{},\"value\":[1,\"1x\"]}]}}",
		 SL_EPROTO, "a vector that cannot be read"},
		{200,
		 "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{"
		 "\"metric\":{},\"values\":[[1,\"1\"],[1e300,\"1\"]]}]}}",
		 SL_EPROTO, "a matrix that cannot be read"},
		{200,
		 "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[\"1\","
		 "\"1\"]}}",
		 SL_EPROTO, "a scalar that cannot be read"},
		{503,
		 "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"too "
		 "\\u001b[1mslow\"}",
		 SL_ETIMEOUT, "prom: the query took too long there: too "},
		{500, "{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"boom\"}",
		 SL_EPROTO, "prom: it failed (status 500, internal): boom"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct fake fake;
		struct seen s;
		char *text = fake_page(cases[i].status, "application/json", cases[i].body);

		fake_start(&fake, &bench, answer_text);
		fake.arg = text;
		open_given(fake.port, "", NULL, 0);
		assert_int_equal(do_instant(&s, "1", 0, 5000), cases[i].code);
		assert_has(s.error.msg, cases[i].says);
		assert_null(strchr(s.error.msg, '\x1b'));
		assert_int_equal(s.samples, 0);
		close_backend();
		fake_stop(&fake);
		free(text);
	}
}

static void test_bad_transport(void **state)
{
	static const struct {
		const char *text;
		enum sl_err code;
		const char *says;
	} cases[] = {
		{NULL, SL_ETIMEOUT, "no complete answer within 300 ms"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", SL_ETIMEOUT, "no complete"},
		{"HTTP/1.1 301 X\r\nLocation: /login\r\n\r\n", SL_EPROTO, "redirects to '/login'"},
	};
	struct fake fake;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		fake_start(&fake, &bench, answer_text);
		fake.arg = (void *)(uintptr_t)cases[i].text;
		open_given(fake.port, "", NULL, 0);
		assert_int_equal(do_instant(&s, "1", 0, 300), cases[i].code);
		assert_has(s.error.msg, "prom: ");
		assert_has(s.error.msg, cases[i].says);
		close_backend();
		fake_stop(&fake);
	}
	/* Canceled, and closed, with a silent server. */
	fake_start(&fake, &bench, answer_text);
	open_given(fake.port, "", NULL, 0);
	s = (struct seen){.starting = true};
	s.call = metrics->instant(instance, "1", 0, 5000, &sink, &s);
	metrics->cancel(instance, s.call);
	assert_int_equal(seen_wait(&s), SL_ECANCELED);
	s = (struct seen){0};
	metrics->instant(instance, "1", 0, 5000, &sink, &s);
	close_backend();
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.error.code, SL_ECANCELED);
	fake_stop(&fake);
}

/* What the server warns of at every poll is told once, until it is something else. */
static void test_warnings(void **state)
{
	static const char answer[] =
		"{\"status\":\"success\",\"warnings\":[\"%s\"],\"data\":{\"resultType\":"
		"\"vector\",\"result\":[]}}";
	char body[300], expression[20];
	struct fake fake;
	struct seen s;
	char *away, *slow, *quiet;

	(void)state;
	snprintf(body, sizeof body, answer, "one store is away");
	away = fake_page(200, "application/json", body);
	snprintf(body, sizeof body, answer, "one store is slow");
	slow = fake_page(200, "application/json", body);
	quiet = fake_page(200, "application/json",
			  "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
			  "\"result\":[]}}");
	bench_log(&bench, true);
	fake_start(&fake, &bench, answer_text);
	open_given(fake.port, "", NULL, 0);
	fake.arg = away;
	for (int i = 0; i < 3; i++)
		assert_int_equal(do_instant(&s, "x", 0, 5000), SL_OK);
	assert_int_equal(bench_logged(&bench), 1);
	assert_int_equal(do_instant(&s, "y", 0, 5000), SL_OK); /* of another expression */
	assert_int_equal(do_instant(&s, "x", 0, 5000), SL_OK);
	assert_int_equal(bench_logged(&bench), 1);
	fake.arg = slow;
	assert_int_equal(do_instant(&s, "x", 0, 5000), SL_OK);
	assert_int_equal(bench_logged(&bench), 1);
	fake.arg = quiet;
	assert_int_equal(do_instant(&s, "x", 0, 5000), SL_OK);
	assert_int_equal(bench_logged(&bench), 0);
	fake.arg = slow; /* it comes back */
	assert_int_equal(do_instant(&s, "x", 0, 5000), SL_OK);
	assert_int_equal(bench_logged(&bench), 1);
	for (int i = 0; i < 100; i++) { /* more than are kept */
		snprintf(expression, sizeof expression, "x%d", i);
		assert_int_equal(do_instant(&s, expression, 0, 5000), SL_OK);
		assert_int_equal(bench_logged(&bench), 1);
	}
	close_backend();
	fake_stop(&fake);
	bench_log(&bench, false);
	free(away);
	free(slow);
	free(quiet);
}

/* Megabytes of samples, told in slices; warnings and histograms beside them; a cancel in a slice
 * and one between two; an end in the middle. */
static void test_large(void **state)
{
	struct sl_buf body;
	struct fake fake;
	struct seen s;
	uv_check_t check;
	char *text;

	(void)state;
	uv_check_init(&bench.loop, &check);
	uv_check_start(&check, on_turn);
	sl_buf_init(&body, 8 << 20);
	sl_buf_puts(&body, "{\"status\":\"success\",\"warnings\":[\"one store is away\"],\"data\":{"
			   "\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"h\":\"1\"},"
			   "\"histograms\":[]}");
	for (int i = 0; i < 20; i++) {
		sl_buf_printf(&body, ",{\"metric\":{\"b\":\"%d\",\"a\":\"x\"},\"values\":[", i);
		for (int k = 0; k < 5000; k++)
			sl_buf_printf(&body, "%s[%d.25,\"1e%d\"]", k ? "," : "", k, k % 9);
		sl_buf_puts(&body, "]}");
	}
	sl_buf_puts(&body, "]}}");
	assert_false(body.truncated);
	text = fake_page(200, "application/json", sl_buf_str(&body));
	fake_start(&fake, &bench, answer_text);
	fake.arg = text;
	open_given(fake.port, "", NULL, 0);
	assert_int_equal(do_range(&s, "x", 0, 5000000, 1000), SL_OK);
	assert_int_equal(s.samples, 100000);
	assert_in_range(most_in_turn, 1, 5000);
	assert_int_equal(s.at[3].time, 3250);
	assert_true(s.at[3].value == 1000);
	assert_string_equal(s.at[3].label, "a=x");
	s = (struct seen){.starting = true, .cancel_at = 7000};
	s.call = metrics->range(instance, "x", 0, 5000000, 1000, 5000, &sink, &s);
	assert_int_equal(seen_wait(&s), SL_ECANCELED);
	assert_int_equal(s.samples, 7000);
	for (int closing = 0; closing < 2; closing++) {
		s = (struct seen){0};
		s.call = metrics->range(instance, "x", 0, 5000000, 1000, 5000, &sink, &s);
		while (!s.samples)
			uv_run(&bench.loop, UV_RUN_ONCE);
		assert_false(s.done);
		if (closing)
			close_backend();
		else
			metrics->cancel(instance, s.call);
		assert_int_equal(seen_wait(&s), SL_ECANCELED);
		assert_in_range(s.samples, 1, 99999);
	}
	fake_stop(&fake);
	free(text);
	sl_buf_release(&body);
	uv_close((uv_handle_t *)&check, NULL);
	uv_run(&bench.loop, UV_RUN_NOWAIT);
}

static void test_credentials(void **state)
{
	static const struct {
		struct given given[3];
		size_t count;
		const char *header;
	} cases[] = {
		{{{0}}, 0, NULL},
		{{{"token", "t0p"}}, 1, "Authorization: Bearer t0p\r\n"},
		{{{"user", "u"}, {"password", "p:w"}}, 2, "Authorization: Basic dTpwOnc=\r\n"},
	};
	char *text = fake_page(200, "application/json",
			       "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
			       "\"result\":[1.5,\"2\"]}}");

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct fake fake;
		struct seen s;

		fake_start(&fake, &bench, answer_text);
		fake.arg = text;
		open_given(fake.port, "/behind/", cases[i].given, cases[i].count);
		assert_int_equal(do_instant(&s, "a b", 1500, 5000), SL_OK);
		assert_has(fake.last, "POST /behind/api/v1/query HTTP/1.1");
		assert_has(fake.last, "query=a%20b&timeout=5000ms&time=1.500");
		if (cases[i].header)
			assert_has(fake.last, cases[i].header);
		else
			assert_null(strstr(fake.last, "Authorization"));
		assert_int_equal(s.at[0].time, 1500);
		close_backend();
		fake_stop(&fake);
	}
	free(text);
}

static void test_settings(void **state)
{
	static const struct {
		struct given given[3];
		const char *says;
	} cases[] = {
		{{{"token", "x"}}, "needs the setting 'url'"},
		{{{"url", "http://a"}, {"token", "hidden"}, {"user", "u"}}, "give either 'token'"},
		{{{"url", "http://a"}, {"user", "u"}}, "need each other"},
		{{{"url", "http://u:hidden@a"}}, "takes no user"},
	};
	const struct sl_plugin *p = plugin_host_find(bench.host, "prometheus");

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct sl_setting_value values[3] = {0};
		struct sl_settings settings = {.backend = "prom", .values = values};
		struct sl_error e = {0};

		for (; settings.count < 3 && cases[i].given[settings.count].name; settings.count++)
			values[settings.count] = (struct sl_setting_value){
				.name = cases[i].given[settings.count].name,
				.text = cases[i].given[settings.count].text};
		assert_null(plugin_backend_open(bench.host, p, &settings, &e));
		assert_int_equal(e.code, SL_EINPUT);
		assert_has(e.msg, cases[i].says);
		assert_null(strstr(e.msg, "hidden"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),      cmocka_unit_test(test_instant),
		cmocka_unit_test(test_special),       cmocka_unit_test(test_range),
		cmocka_unit_test(test_refused),       cmocka_unit_test(test_scraped),
		cmocka_unit_test(test_wrong_answers), cmocka_unit_test(test_bad_transport),
		cmocka_unit_test(test_warnings),      cmocka_unit_test(test_large),
		cmocka_unit_test(test_credentials),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
