/* SPDX-License-Identifier: Apache-2.0 */
/* The zipkin plugin through the plugin host, against a real Zipkin (make peers), and against fakes
 * that misbehave. */
#include <inttypes.h>

#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"
#include "tests/unit/plugins-host/peer.h"

static struct bench bench;
static pid_t server;
static unsigned port; /* 0 = there is no real one */
static struct plugin_backend *backend;
static const struct sl_tracing_ops *tracing;
static void *instance;
static struct fake fake;

/* --- the backend --- */

static void open_url(const char *url)
{
	const struct sl_setting_value values[] = {{.name = "url", .text = url}};
	const struct sl_settings settings = {.backend = "spans", .values = values, .count = 1};
	const struct sl_plugin *p = plugin_host_find(bench.host, "zipkin");
	struct sl_error e = {0};

	assert_non_null(p);
	backend = plugin_backend_open(bench.host, p, &settings, &e);
	assert_string_equal(e.msg, "");
	tracing = plugin_backend_plugin(backend)->tracing;
	instance = plugin_backend_instance(backend);
}

static void open_port(unsigned at)
{
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/", at);
	open_url(url);
}

static void close_backend(void)
{
	bool closed = false;

	plugin_backend_close(backend, bench_flag, &closed);
	assert_false(closed);
	bench_wait(&bench, &closed);
}

/* --- what was read --- */

#define SEEN_MAX 16

struct seen {
	bool done, starting, fired_inside;
	int calls;
	struct sl_error error;
	size_t spans, names, edges, traces, errors, tags, notes, cancel_at;
	struct sl_call *call;
	char line[SEEN_MAX][300]; /* spans, names or edges */
	char last_trace[64];
};

static size_t turns, turn_seen, in_turn, most_in_turn; /* of the loop; spans */

static void on_turn(uv_check_t *check)
{
	(void)check;
	turns++;
}

static void on_span(void *arg, const struct sl_span *s)
{
	struct seen *seen = arg;

	in_turn = turns == turn_seen ? in_turn + 1 : 1;
	turn_seen = turns;
	most_in_turn = in_turn > most_in_turn ? in_turn : most_in_turn;
	if (seen->cancel_at && seen->spans + 1 == seen->cancel_at)
		tracing->cancel(instance, seen->call);

	if (strcmp(seen->last_trace, s->trace) != 0)
		seen->traces++;
	snprintf(seen->last_trace, sizeof seen->last_trace, "%s", s->trace);
	if (seen->spans < SEEN_MAX)
		snprintf(seen->line[seen->spans], sizeof seen->line[0],
			 "%s/%s<%s %s %s %s:%u peer=%s kind=%d %" PRId64 "+%" PRId64 "%s%s",
			 s->trace, s->id, s->parent ? s->parent : "-",
			 s->service ? s->service : "-", s->name ? s->name : "-",
			 s->address ? s->address : "-", s->port, s->peer ? s->peer : "-",
			 (int)s->kind, s->start_us, s->duration_us, s->error ? " error" : "",
			 s->shared ? " shared" : "");
	seen->spans++;
	seen->errors += s->error;
	seen->tags += s->tag_count;
	seen->notes += s->note_count;
}

static void on_name(void *arg, const char *name)
{
	struct seen *seen = arg;

	if (seen->names < SEEN_MAX)
		snprintf(seen->line[seen->names], sizeof seen->line[0], "%s", name);
	seen->names++;
}

static void on_edge(void *arg, const struct sl_edge *e)
{
	struct seen *seen = arg;

	if (seen->edges < SEEN_MAX)
		snprintf(seen->line[seen->edges], sizeof seen->line[0],
			 "%s>%s %" PRId64 " %" PRId64, e->consumer, e->provider, e->calls,
			 e->errors);
	seen->edges++;
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct seen *seen = arg;

	seen->fired_inside = seen->starting;
	seen->calls++;
	seen->error = end->error;
	assert_string_equal(end->revision, "");
	seen->done = true;
}

static const struct sl_tracing_sink sink = {
	.span = on_span, .name = on_name, .edge = on_edge, .done = on_done};

static void seen_wait(struct seen *seen)
{
	seen->starting = false;
	bench_wait(&bench, &seen->done);
	assert_false(seen->fired_inside);
	assert_int_equal(seen->calls, 1);
}

static void search(struct seen *seen, const struct sl_trace_query *q, int64_t timeout_ms)
{
	*seen = (struct seen){.starting = true};
	tracing->search(instance, q, timeout_ms, &sink, seen);
	seen_wait(seen);
}

static void get(struct seen *seen, const char *id)
{
	*seen = (struct seen){.starting = true};
	tracing->trace(instance, id, 20000, &sink, seen);
	seen_wait(seen);
}

static void names(struct seen *seen, const char *service)
{
	*seen = (struct seen){.starting = true};
	tracing->names(instance, service, 20000, &sink, seen);
	seen_wait(seen);
}

static void edges(struct seen *seen, int64_t from, int64_t to)
{
	*seen = (struct seen){.starting = true};
	tracing->edges(instance, from, to, 20000, &sink, seen);
	seen_wait(seen);
}

static void assert_good(const struct seen *seen)
{
	if (seen->error.code != SL_OK)
		fail_msg("%s", seen->error.msg);
}

static void assert_bad(const struct seen *seen, enum sl_err code, const char *words)
{
	if (seen->error.code != code || !strstr(seen->error.msg, words))
		fail_msg("expected %s with \"%s\", but got %s: %s", sl_err_name(code), words,
			 sl_err_name(seen->error.code), seen->error.msg);
	assert_int_equal(seen->spans + seen->names + seen->edges, 0);
}

/* --- a real Zipkin --- */

static bool have_zipkin(void)
{
	if (!port)
		print_message("SKIP: no Zipkin to test against (make peers)\n");
	return port != 0;
}

static void load(const char *json)
{
	struct peer_answer *a = peer_ask(&bench, port, "/api/v2/spans", json);

	if (a->status != 202)
		fail_msg("loading spans: %ld %s", a->status, a->body);
}

/* Microseconds, somewhat before now: a search looks back a day. */
static int64_t base_us(void)
{
	return (sl_time_now() - 60000) * 1000;
}

#define PLACE(name, ip) \
	"\"localEndpoint\":{\"serviceName\":\"" name "\",\"ipv4\":\"" ip "\",\"port\":8080}"

static void load_checkout(int64_t us)
{
	char *json = sl_asprintf(
		"[{\"traceId\":\"00000000000000000000000000c0ffee\",\"id\":\"0000000000000001\","
		"\"kind\":\"CLIENT\",\"name\":\"POST /Pay\",\"timestamp\":%" PRId64
		",\"duration\":100000," PLACE(
			"Checkout",
			"10.0.0.1") ","
				    "\"remoteEndpoint\":{\"serviceName\":\"Payments\"},"
				    "\"annotations\":[{\"timestamp\":%" PRId64
				    ",\"value\":\"retrying\"}]},"
				    "{\"traceId\":\"c0ffee\",\"id\":\"1\",\"kind\":\"SERVER\","
				    "\"shared\":true,"
				    "\"name\":\"post /pay\",\"timestamp\":%" PRId64
				    ",\"duration\":60000," PLACE(
					    "payments",
					    "10.0.0.2") ","
							"\"tags\":{\"error\":\"\",\"lane\":"
							"\"green\",\"http.path\":\"/pay?a=1+2\"}},"
							"{\"traceId\":\"c0ffee\",\"id\":\"2\","
							"\"parentId\":\"99\"," PLACE(
								"ledger", "10.0.0.3") "}]",
		us, us + 5000, us + 10000);

	load(json);
	free(json);
}

static void test_real_trace(void **state)
{
	struct seen seen;
	int64_t us = base_us();
	char want[300];

	(void)state;
	if (!have_zipkin())
		return;
	load_checkout(us);
	open_port(port);
	get(&seen, "C0FFEE"); /* upper case and short: 400 if it were passed on */
	assert_good(&seen);
	assert_int_equal(seen.spans, 3);
	assert_int_equal(seen.traces, 1);
	assert_int_equal(seen.errors, 1);
	assert_int_equal(seen.tags, 3);
	assert_int_equal(seen.notes, 1);
	snprintf(want, sizeof want,
		 "0000000000c0ffee/0000000000000001<- checkout post /pay 10.0.0.1:8080 "
		 "peer=payments kind=1 %" PRId64 "+100000",
		 us);
	assert_string_equal(seen.line[0], want);
	snprintf(want, sizeof want,
		 "0000000000c0ffee/0000000000000001<- payments post /pay 10.0.0.2:8080 peer=- "
		 "kind=2 %" PRId64 "+60000 error shared",
		 us + 10000);
	assert_string_equal(seen.line[1], want);
	assert_string_equal(seen.line[2], "0000000000c0ffee/0000000000000002<0000000000000099 "
					  "ledger - 10.0.0.3:8080 peer=- kind=0 0+-1");
	get(&seen, "00000000000000000000000000c0ffee");
	assert_int_equal(seen.spans, 3);
	get(&seen, "beef");
	assert_bad(&seen, SL_ENOTFOUND, "spans has no trace beef");
	close_backend();
}

struct search_case {
	const char *what;
	struct sl_trace_query q;
	size_t traces;
};

static void test_real_search(void **state)
{
	const struct sl_label green[] = {{"lane", "green"}}, bare[] = {{"error", NULL}},
			      both[] = {{"error", ""}, {"http.path", "/pay?a=1+2"}},
			      blue[] = {{"lane", "blue"}};
	const struct search_case cases[] = {
		{"by service, whatever its case", {.service = "CheckOut"}, 1},
		{"the called side too", {.service = "payments"}, 1},
		{"another", {.service = "nobody"}, 0},
		{"operation", {.service = "checkout", .operation = "Post /Pay"}, 1},
		{"another operation", {.service = "checkout", .operation = "get"}, 0},
		{"tag", {.service = "payments", .tags = green, .tag_count = 1}, 1},
		{"another value", {.service = "payments", .tags = blue, .tag_count = 1}, 0},
		{"bare tag", {.service = "payments", .tags = bare, .tag_count = 1}, 1},
		{"two tags", {.service = "payments", .tags = both, .tag_count = 2}, 1},
		{"long enough", {.service = "checkout", .min_us = 100000}, 1},
		{"not long enough", {.service = "checkout", .min_us = 100001}, 0},
		{"short enough, without a least", {.service = "checkout", .max_us = 100000}, 1},
		{"too long", {.service = "checkout", .max_us = 99999}, 0},
		{"before it", {.service = "checkout", .to_ms = sl_time_now() - 3600000}, 0},
		{"since a while", {.service = "checkout", .from_ms = sl_time_now() - 3600000}, 1},
		{"too new", {.service = "checkout", .from_ms = sl_time_now() - 1000}, 0},
	};
	struct seen seen;

	(void)state;
	if (!have_zipkin())
		return;
	load_checkout(base_us());
	open_port(port);
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		search(&seen, &cases[i].q, 20000);
		assert_good(&seen);
		if (seen.traces != cases[i].traces)
			fail_msg("%s: %zu traces instead of %zu", cases[i].what, seen.traces,
				 cases[i].traces);
	}
	close_backend();
}

static void test_real_order(void **state)
{
	int64_t us = base_us();
	struct seen seen;

	(void)state;
	if (!have_zipkin())
		return;
	for (int i = 0; i < 30; i++) {
		char *json = sl_asprintf("[{\"traceId\":\"%x\",\"id\":\"1\",\"timestamp\":%" PRId64
					 ",\"duration\":5," PLACE("order", "10.0.0.1") "}]",
					 0xa000 + i, us + (i * 7 % 30) * 1000);

		load(json);
		free(json);
	}
	open_port(port);
	search(&seen, &(struct sl_trace_query){.service = "order"}, 20000);
	assert_int_equal(seen.traces, 20);
	search(&seen, &(struct sl_trace_query){.service = "order", .limit = 50}, 20000);
	assert_int_equal(seen.traces, 30);
	for (size_t i = 1; i < SEEN_MAX; i++)
		assert_true(strcmp(strstr(seen.line[i - 1], "kind="),
				   strstr(seen.line[i], "kind=")) > 0);
	close_backend();
}

static void test_real_names_and_edges(void **state)
{
	struct seen seen;
	bool found = false;

	(void)state;
	if (!have_zipkin())
		return;
	load_checkout(base_us());
	open_port(port);
	names(&seen, NULL);
	assert_good(&seen);
	for (size_t i = 0; i < seen.names && i < SEEN_MAX; i++)
		found = found || !strcmp(seen.line[i], "checkout");
	assert_true(found);
	names(&seen, "CHECKOUT");
	assert_int_equal(seen.names, 1);
	assert_string_equal(seen.line[0], "post /pay");
	names(&seen, "nobody & co");
	assert_good(&seen);
	assert_int_equal(seen.names, 0);
	edges(&seen, 0, 0);
	assert_good(&seen);
	assert_int_equal(seen.edges, 1);
	assert_true(sl_text_starts(seen.line[0], "checkout>payments "));
	edges(&seen, 1000, 2000);
	assert_int_equal(seen.edges, 0);
	close_backend();
}

/* More than what is taken apart on the loop. */
static void test_real_large(void **state)
{
	struct sl_buf json;
	struct seen seen;
	int64_t us = base_us();

	(void)state;
	if (!have_zipkin())
		return;
	sl_buf_init(&json, 64u << 20);
	for (int i = 0; i < 10000; i++)
		sl_buf_printf(&json,
			      "%c{\"traceId\":\"b16\",\"id\":\"%x\",%s%x%s\"timestamp\":%" PRId64
			      ",\"duration\":5,\"name\":\"step\",\"tags\":{\"n\":\"%d\"}," PLACE(
				      "large", "10.0.0.9") "}",
			      i ? ',' : '[', i + 1,
			      i ? "\"parentId\":\"" : "\"debug\":false,\"x\":\"", (i - 1) / 10 + 1,
			      "\",", us + i, i);
	sl_buf_puts(&json, "]");
	load(sl_buf_str(&json));
	sl_buf_release(&json);
	open_port(port);
	get(&seen, "b16");
	assert_good(&seen);
	assert_int_equal(seen.spans, 10000);
	assert_int_equal(seen.tags, 10000);
	close_backend();
}

static void test_real_refused(void **state)
{
	struct seen seen;

	(void)state;
	if (!have_zipkin())
		return;
	open_url("http://127.0.0.1:1");
	names(&seen, NULL);
	assert_bad(&seen, SL_EREFUSED, "spans: ");
	close_backend();
	/* a path in front that is none */
	char url[100];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/elsewhere", port);
	open_url(url);
	names(&seen, NULL);
	assert_bad(&seen, SL_ENOTFOUND, "status 404");
	close_backend();
}

/* --- what is asked --- */

static const char *answer_text(struct fake *f, const char *request, size_t *len)
{
	(void)request;
	(void)len;
	return f->arg;
}

struct url_case {
	struct sl_trace_query q;
	const char *line; /* the request's first words */
};

static void test_urls(void **state)
{
	const struct sl_label tags[] = {{"http.path", "/a=b & c+d"}, {"error", NULL}};
	const struct url_case cases[] = {
		{{0}, "/traces?limit=20 "},
		{{.limit = 1000000}, "/traces?limit=5000 "},
		{{.service = "A&b=C?d#e+F g", .limit = 1},
		 "/traces?serviceName=a%26b%3Dc%3Fd%23e%2Bf%20g&limit=1 "},
		{{.service = "Ä\xe4\xb8\xad", .limit = 1},
		 "/traces?serviceName=%C3%A4%E4%B8%AD&limit=1 "},
		{{.tags = tags, .tag_count = 2, .limit = 1},
		 "/traces?annotationQuery=http.path%3D/a%3Db%20%26%20c%2Bd%20and%20error&limit=1 "},
		{{.max_us = 7, .limit = 1}, "/traces?minDuration=1&maxDuration=7&limit=1 "},
		{{.from_ms = 1000, .to_ms = 5000, .limit = 1},
		 "/traces?endTs=5000&lookback=4000&limit=1 "},
		{{.to_ms = 5000, .limit = 1}, "/traces?endTs=5000&lookback=86400000&limit=1 "},
	};
	static const char *const bases[] = {"", "/", "/zipkin/", "/api/v2", "/zipkin/api/v2/"};
	char *page = fake_page(200, "application/json", "[]"), url[100], want[300];
	struct seen seen;

	(void)state;
	fake_start(&fake, &bench, answer_text);
	fake.arg = page;
	for (size_t i = 0; i < SL_COUNT(cases) + SL_COUNT(bases); i++) {
		const struct url_case *c = i < SL_COUNT(cases) ? &cases[i] : &cases[0];

		snprintf(url, sizeof url, "http://127.0.0.1:%u%s", fake.port,
			 i < SL_COUNT(cases) ? "" : bases[i - SL_COUNT(cases)]);
		snprintf(want, sizeof want, "GET /api/v2%s", c->line);
		open_url(url);
		search(&seen, &c->q, 20000);
		assert_good(&seen);
		if (!sl_text_starts(fake.last, want))
			fail_msg("expected %s but asked %.300s", want, fake.last);
		close_backend();
	}
	fake_stop(&fake);
	free(page);
}

static void test_cannot_ask(void **state)
{
	const struct sl_label equals[] = {{"a=b", "c"}}, and[] = {{"a", "b and c"}};
	const struct {
		struct sl_trace_query q;
		const char *words;
	} cases[] = {
		{{.tags = equals, .tag_count = 1}, "cannot look for the tag 'a=b'"},
		{{.tags = and, .tag_count = 1}, "cannot look for the tag 'a'"},
		{{.from_ms = 5000, .to_ms = 1000}, "ends before it begins"},
		{{.min_us = 5, .max_us = 4}, "below the shortest"},
	};
	static const char *const ids[] = {"", "xyz", "12 34", "../services",
					  "0123456789012345678901234567890123"};
	struct seen seen;

	(void)state;
	fake_start(&fake, &bench, answer_text);
	open_port(fake.port);
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		search(&seen, &cases[i].q, 20000);
		assert_bad(&seen, SL_EINPUT, cases[i].words);
	}
	for (size_t i = 0; i < SL_COUNT(ids); i++) {
		get(&seen, ids[i]);
		assert_bad(&seen, SL_EINPUT, "is no trace id");
	}
	assert_int_equal(fake.requests, 0);
	close_backend();
	fake_stop(&fake);
}

/* --- what comes back --- */

enum ask { SEARCH, TRACE, NAMES, EDGES };

static void ask(enum ask what, struct seen *seen, int64_t timeout_ms)
{
	*seen = (struct seen){.starting = true};
	if (what == SEARCH)
		tracing->search(instance, &(struct sl_trace_query){0}, timeout_ms, &sink, seen);
	else if (what == TRACE)
		tracing->trace(instance, "abc", timeout_ms, &sink, seen);
	else if (what == NAMES)
		tracing->names(instance, NULL, timeout_ms, &sink, seen);
	else
		tracing->edges(instance, 0, 0, timeout_ms, &sink, seen);
	seen_wait(seen);
}

struct answer_case {
	enum ask what;
	long status;
	const char *type, *body;
	enum sl_err code;
	const char *words;
};

static const struct answer_case answers[] = {
	{SEARCH, 200, "text/html", "<html>Sign in</html>", SL_EPROTO, "HTML page"},
	{SEARCH, 500, "text/plain", "storage \x1b[31mis down", SL_EPROTO, "storage ?[31mis down"},
	{SEARCH, 500, "application/json", "{\"error\":\"no storage\"}", SL_EPROTO,
	 "status 500: no storage"},
	{SEARCH, 503, "text/plain", "", SL_EPROTO, "empty answer"},
	{SEARCH, 400, "text/*", "limit <= 0", SL_EINPUT, "limit <= 0"},
	{SEARCH, 401, "text/plain", "who?", SL_EAUTH, "401"},
	{SEARCH, 302, "text/plain", "", SL_EPROTO, "redirects"},
	{SEARCH, 200, "application/json", "{}", SL_EPROTO, "no list"},
	{SEARCH, 200, "application/json", "[[{\"traceId\":\"1\",", SL_EPROTO, "spans: "},
	{SEARCH, 200, "application/json", "[{}]", SL_EPROTO, "no list of spans"},
	{SEARCH, 200, "application/json", "[[{\"id\":\"1\"}]]", SL_EPROTO, "no list of spans"},
	{SEARCH, 200, "application/json", "[[{\"traceId\":\"zz\",\"id\":\"1\"}]]", SL_EPROTO,
	 "no list of spans"},
	{SEARCH, 200, "application/json", "[[1]]", SL_EPROTO, "no list of spans"},
	{TRACE, 404, "text/*", "0000000000000abc not found", SL_ENOTFOUND, "has no trace abc"},
	{TRACE, 200, "application/json", "[[]]", SL_EPROTO, "no list of spans"},
	{NAMES, 200, "application/json", "[1]", SL_EPROTO, "no list of names"},
	{NAMES, 200, "application/json", "\"a\"", SL_EPROTO, "instead of JSON"},
	{EDGES, 200, "application/json", "[{\"parent\":\"a\"}]", SL_EPROTO,
	 "no list of dependencies"},
};

static void test_bad_answers(void **state)
{
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(answers); i++) {
		const struct answer_case *c = &answers[i];
		char *page = fake_page(c->status, c->type, c->body);

		fake_start(&fake, &bench, answer_text);
		fake.arg = page;
		open_port(fake.port);
		ask(c->what, &seen, 20000);
		assert_bad(&seen, c->code, c->words);
		assert_int_equal(strncmp(seen.error.msg, "spans", 5), 0);
		close_backend();
		fake_stop(&fake);
		free(page);
	}
}

/* Odd, but no reason to refuse a trace. */
static void test_odd_spans(void **state)
{
	char *page = fake_page(200, "application/json",
			       "[{\"traceId\":\"AB\",\"id\":\"C\",\"parentId\":\"x\",\"name\":7,"
			       "\"timestamp\":-5,\"duration\":\"1\",\"kind\":\"WHO\",\"tags\":[1],"
			       "\"annotations\":[{\"value\":1},{\"value\":\"v\",\"timestamp\":-1}],"
			       "\"localEndpoint\":{\"port\":99999,\"ipv6\":\"::1\"},"
			       "\"shared\":\"yes\"}]");
	struct seen seen;

	(void)state;
	fake_start(&fake, &bench, answer_text);
	fake.arg = page;
	open_port(fake.port);
	ask(TRACE, &seen, 20000);
	assert_good(&seen);
	assert_int_equal(seen.spans, 1);
	assert_int_equal(seen.notes, 1);
	assert_string_equal(seen.line[0], "ab/c<- - - ::1:0 peer=- kind=0 0+-1");
	close_backend();
	fake_stop(&fake);
	free(page);
}

static void test_silence_and_cuts(void **state)
{
	static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				  "content-length: 5000\r\n\r\n[[{\"traceId\"";
	struct seen seen;

	(void)state;
	for (int silent = 0; silent < 2; silent++) {
		fake_start(&fake, &bench, answer_text);
		fake.arg = silent ? NULL : (void *)cut;
		open_port(fake.port);
		ask(SEARCH, &seen, silent ? 300 : 20000);
		if (silent)
			assert_bad(&seen, SL_ETIMEOUT, "spans: ");
		else
			assert_bad(&seen, SL_ELOST, "spans: ");
		close_backend();
		fake_stop(&fake);
	}
}

static void test_cancel_and_close(void **state)
{
	struct seen seen[4] = {{0}};
	struct sl_call *call;
	bool closed = false;

	(void)state;
	fake_start(&fake, &bench, answer_text);
	open_port(fake.port);
	seen[0].starting = seen[3].starting = true;
	call = tracing->names(instance, NULL, 20000, &sink, &seen[0]);
	tracing->cancel(instance, call);
	tracing->cancel(instance, call); /* twice is once */
	call = tracing->trace(instance, "no id", 20000, &sink, &seen[3]);
	tracing->cancel(instance, call);
	seen[0].starting = seen[3].starting = false;
	seen_wait(&seen[3]);
	assert_bad(&seen[3], SL_ECANCELED, "canceled");
	seen_wait(&seen[0]);
	assert_bad(&seen[0], SL_ECANCELED, "canceled");
	tracing->edges(instance, 0, 0, 20000, &sink, &seen[1]);
	tracing->trace(instance, "no id", 20000, &sink, &seen[2]);
	plugin_backend_close(backend, bench_flag, &closed);
	assert_int_equal(seen[1].calls + seen[2].calls, 0);
	bench_wait(&bench, &closed);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(seen[i].calls, 1);
		assert_int_equal(seen[i].error.code, SL_ECANCELED);
	}
	fake_stop(&fake);
}

/* Long traces do not hold up the loop; a cancel in a slice, one between two, an end in the middle.
 */
static void test_told_in_slices(void **state)
{
	const size_t count = 3000;
	struct sl_buf body;
	struct seen seen;
	uv_check_t check;
	char *text;

	(void)state;
	uv_check_init(&bench.loop, &check);
	uv_check_start(&check, on_turn);
	sl_buf_init(&body, 1 << 20);
	for (size_t i = 0; i < count; i++)
		sl_buf_printf(&body, "%s{\"traceId\":\"1\",\"id\":\"%zx\"}", i ? "," : "[", i + 1);
	sl_buf_puts(&body, "]");
	text = fake_page(200, "application/json", sl_buf_str(&body));
	fake_start(&fake, &bench, answer_text);
	fake.arg = text;
	open_port(fake.port);
	most_in_turn = 0;
	get(&seen, "1");
	assert_int_equal(seen.error.code, SL_OK);
	assert_int_equal(seen.spans, count);
	assert_in_range(most_in_turn, 1, count / 2);
	seen = (struct seen){.cancel_at = 700};
	seen.call = tracing->trace(instance, "1", 20000, &sink, &seen);
	seen_wait(&seen);
	assert_int_equal(seen.error.code, SL_ECANCELED);
	assert_int_equal(seen.spans, 700);
	for (int closing = 0; closing < 2; closing++) {
		seen = (struct seen){0};
		seen.call = tracing->trace(instance, "1", 20000, &sink, &seen);
		while (!seen.spans)
			uv_run(&bench.loop, UV_RUN_ONCE);
		assert_false(seen.done);
		if (closing)
			close_backend();
		else
			tracing->cancel(instance, seen.call);
		seen_wait(&seen);
		assert_int_equal(seen.error.code, SL_ECANCELED);
		assert_in_range(seen.spans, 1, count - 1);
	}
	fake_stop(&fake);
	free(text);
	sl_buf_release(&body);
	uv_close((uv_handle_t *)&check, NULL);
	uv_run(&bench.loop, UV_RUN_NOWAIT);
}

static void test_settings(void **state)
{
	static const char *const urls[] = {"ftp://x", "http://u:p@x", "http://x?y", "http://x#y"};
	const struct sl_plugin *p = plugin_host_find(bench.host, "zipkin");

	(void)state;
	for (size_t i = 0; i < SL_COUNT(urls); i++) {
		const struct sl_setting_value values[] = {{.name = "url", .text = urls[i]}};
		const struct sl_settings settings = {
			.backend = "spans", .values = values, .count = 1};
		struct sl_error e = {0};

		assert_null(plugin_backend_open(bench.host, p, &settings, &e));
		assert_int_equal(e.code, SL_EINPUT);
		assert_null(strstr(e.msg, "u:p"));
	}
}

/* --- begin and end --- */

static void start_server(void)
{
	char at[16];
	const char *const argv[] = {"tests/peers/start", "-f", "zipkin", at, bench.folder, NULL};

	if (system("tests/peers/start -t zipkin") != 0)
		return;
	port = peer_port();
	snprintf(at, sizeof at, "%u", port);
	server = peer_spawn(argv, bench_path(&bench, "zipkin.log"));
	if (!peer_ready(&bench, server, port, "/health")) {
		print_message("SKIP: Zipkin does not start here\n");
		port = 0;
	}
}

static int setup(void **state)
{
	char folder[300];
	struct sl_error e = {0};

	(void)state;
	bench_init(&bench);
	snprintf(folder, sizeof folder, "%s/plugins", bench_build());
	plugin_host_load_folder(bench.host, folder, &e);
	assert_non_null(plugin_host_find(bench.host, "zipkin"));
	start_server();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_kill(server);
	bench_release(&bench);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_trace),
		cmocka_unit_test(test_real_search),
		cmocka_unit_test(test_real_order),
		cmocka_unit_test(test_real_names_and_edges),
		cmocka_unit_test(test_real_large),
		cmocka_unit_test(test_real_refused),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_cannot_ask),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_odd_spans),
		cmocka_unit_test(test_silence_and_cuts),
		cmocka_unit_test(test_cancel_and_close),
		cmocka_unit_test(test_told_in_slices),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
