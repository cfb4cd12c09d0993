/* SPDX-License-Identifier: Apache-2.0 */
/* The host's WebSockets against the pushes of the lab's fake Service Center, plain and by TLS. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/host/internal.h"
#include "tests/unit/plugins-host/certs.h"
#include "tests/unit/plugins-host/fakes.h"

struct heard {
	bool opened, ended, spoken, starting;
	size_t messages, ends;
	enum sl_err code;
	char why[SL_ERROR_MAX], text[600];
	struct sl_websocket *close_me; /* in message */
};

static struct bench bench;
static struct fake_proc fake;
static struct heard heard;
static char service_id[80], watcher[500];

static void on_opened(void *arg)
{
	struct heard *h = arg;

	assert_false(h->starting || h->opened || h->ended);
	h->opened = true;
}

static void on_message(void *arg, const char *bytes, size_t len)
{
	struct heard *h = arg;

	assert_true(h->opened && !h->ended);
	assert_int_equal(bytes[len], 0);
	h->messages++;
	h->spoken = true;
	snprintf(h->text, sizeof h->text, "%s", bytes);
	if (h->close_me)
		websocket_close(h->close_me);
	h->close_me = NULL;
}

static void on_ended(void *arg, const struct sl_error *e)
{
	struct heard *h = arg;

	assert_false(h->starting);
	h->ends++;
	h->code = e->code;
	snprintf(h->why, sizeof h->why, "%s", e->msg);
	h->ended = true;
}

static const struct sl_websocket_events events = {
	.opened = on_opened, .message = on_message, .ended = on_ended};

static struct sl_websocket *start(struct sl_websocket_request r)
{
	struct sl_websocket *ws;

	heard = (struct heard){.starting = true};
	if (!r.url)
		r.url = watcher;
	if (!r.timeout_ms)
		r.timeout_ms = 20000;
	ws = websocket_start(bench.host->websockets, &r, &events, &heard);
	heard.starting = false;
	return ws;
}

static bool says(const char *words)
{
	if (strstr(heard.why, words))
		return true;
	print_message("ended: %s: %s\n", sl_err_name(heard.code), heard.why);
	return false;
}

static void expect_end(enum sl_err code, const char *words)
{
	bench_wait(&bench, &heard.ended);
	assert_int_equal(heard.ends, 1);
	assert_true(says(words));
	assert_int_equal(heard.code, code);
}

static int setup(void **state)
{
	static const char service[] = "{\"service\":{\"appId\":\"shop\",\"serviceName\":\"orders\","
				      "\"version\":\"1.0.0\"}}";
	cJSON *json;

	(void)state;
	bench_init(&bench);
	fake_start(&fake, "fakesc", NULL, NULL);
	json = fake_ask("POST", fake.url, "/v4/p/registry/microservices", service, NULL);
	snprintf(service_id, sizeof service_id, "%s",
		 cJSON_GetStringValue(cJSON_GetObjectItem(json, "serviceId")));
	cJSON_Delete(json);
	snprintf(watcher, sizeof watcher, "%s/v4/p/registry/microservices/%s/watcher", fake.url,
		 service_id);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_stop(&fake);
	bench_release(&bench);
	return 0;
}

/* --- */

static void test_hears(void **state)
{
	struct sl_websocket *ws;

	(void)state;
	fake_tell(&fake, "watch=lie", NULL);
	ws = start((struct sl_websocket_request){0});
	bench_wait(&bench, &heard.spoken);
	assert_true(heard.opened);
	assert_int_equal(heard.messages, 1);
	assert_non_null(strstr(heard.text, "\"UPDATE\""));
	assert_int_equal(fake_tell(&fake, "", "watchers"), 1);
	websocket_close(ws);
	websocket_close(ws);
	expect_end(SL_ECANCELED, "canceled");
	assert_true(says("WebSocket ws://127.0.0.1:"));
}

static void test_close_inside(void **state)
{
	(void)state;
	fake_tell(&fake, "watch=lie", NULL);
	heard.close_me = start((struct sl_websocket_request){0});
	expect_end(SL_ECANCELED, "canceled");
	assert_int_equal(heard.messages, 1);
	/* At once after start, too. */
	websocket_close(start((struct sl_websocket_request){0}));
	expect_end(SL_ECANCELED, "canceled");
	assert_false(heard.opened);
}

static void test_server_goes(void **state)
{
	(void)state;
	start((struct sl_websocket_request){0});
	bench_wait(&bench, &heard.opened);
	fake_stop(&fake);
	expect_end(SL_ELOST, "closed by the server");
	start((struct sl_websocket_request){0});
	expect_end(SL_ELOST, "cannot be opened");
	fake_start(&fake, "fakesc", NULL, NULL);
}

/* The host is closed while it listens: bench_release finds nothing left on the loop. */
static void test_host_closes(void **state)
{
	bool closed = false;

	(void)state;
	start((struct sl_websocket_request){0});
	bench_wait(&bench, &heard.opened);
	plugin_host_close(bench.host, bench_flag, &closed);
	bench_wait(&bench, &closed);
	assert_true(heard.ended);
	assert_int_equal(heard.code, SL_ECANCELED);
	bench.host = plugin_host_new(&bench.loop);
	start((struct sl_websocket_request){.timeout_ms = 5000});
	closed = false;
	plugin_host_close(bench.host, bench_flag, &closed);
	bench_wait(&bench, &closed);
	assert_true(heard.ended && !heard.opened);
	bench.host = plugin_host_new(&bench.loop);
}

static const struct {
	const char *knobs;
	enum sl_err code;
	const char *words;
	bool opens;
} bad[] = {
	{"watch=shut", SL_ELOST, "closed by the server", true},
	{"watch=leave", SL_ELOST, "closed by the server with 1001 (going away): roll?[2Jing", true},
	{"watch=broken", SL_ELOST, "closed by the server", true},
	{"watch=big", SL_EPROTO, "a message is larger than 65536 bytes", true},
	{"mood=drop&match=watcher", SL_ELOST, "cannot be opened", false},
	{"mood=error&match=watcher", SL_EPROTO, "answers 500", false},
	{"mood=html&match=watcher", SL_EPROTO, "answers 200", false},
	{"mood=redirect&match=watcher", SL_EPROTO, "redirects (302): not followed", false},
	{"mood=silent&match=watcher", SL_ETIMEOUT, "not open in time", false},
	{"mood=garbage&match=watcher", SL_EPROTO, "answers 200", false},
};

static void test_bad_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(bad); i++) {
		fake_tell(&fake, "mood=good&watch=good", NULL);
		fake_tell(&fake, bad[i].knobs, NULL);
		start((struct sl_websocket_request){
			.timeout_ms = bad[i].code == SL_ETIMEOUT ? 300 : 20000});
		expect_end(bad[i].code, bad[i].words);
		assert_int_equal(heard.opened, bad[i].opens);
		assert_int_equal(heard.messages, 0);
	}
}

static void test_silence(void **state)
{
	(void)state;
	/* Pings keep it: the fake answers them. */
	start((struct sl_websocket_request){.silence_ms = 50});
	bench_wait(&bench, &heard.opened);
	while (fake_tell(&fake, "", "watchPings") < 3) {
		assert_false(heard.ended);
		uv_run(&bench.loop, UV_RUN_NOWAIT);
	}
	fake_tell(&fake, "watch=mute", NULL);
	expect_end(SL_ELOST, "a ping is not answered");
}

static void test_bad_requests(void **state)
{
	static const struct sl_http_header split[] = {{"X-A", "b\r\nX-C: d"}};

	(void)state;
	start((struct sl_websocket_request){.url = "ftp://127.0.0.1/"});
	expect_end(SL_EINPUT, "is no address of a WebSocket");
	start((struct sl_websocket_request){.url = "ws://"});
	expect_end(SL_EINPUT, "is no address of a WebSocket");
	start((struct sl_websocket_request){.headers = split, .header_count = 1});
	expect_end(SL_EINPUT, "the header 'X-A' cannot be sent");
	start((struct sl_websocket_request){.url = "ws://no-such-host.invalid/"});
	expect_end(SL_ERESOLVE, "no-such-host.invalid");
}

/* --- TLS --- */

static bool has_six(void)
{
	const struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

static bool tls_old;  /* not 1.3 */
static bool tls_cuts; /* off whom it does not know */

static void tls_start(struct fake_proc *tls, const char *ca, const char *option, const char *value,
		      const char *at)
{
	const char *argv[8] = {"tlsd"};
	size_t n = 1;

	if (tls_old)
		argv[n++] = "-2";
	if (tls_cuts)
		argv[n++] = "-r";
	if (option)
		argv[n++] = option;
	if (value)
		argv[n++] = value;
	argv[n++] = ca;
	argv[n++] = at;
	argv[n++] = fake.url + strlen("http://");
	fake_spawn(tls, argv);
}

static void test_tls(void **state)
{
	static const struct {
		const char *option, *value;
		bool ca, insecure;
		const char *words; /* NULL = it opens */
		bool six;
	} cases[] = {
		{NULL, NULL, true, false, NULL, false},
		{NULL, NULL, false, false, "self", false},
		{NULL, NULL, false, true, NULL, false},
		{"-e", NULL, true, false, "expired", false},
		{"-e", NULL, false, true, NULL, false},
		{"-n", "elsewhere.example", true, false, "mismatch", false},
		{"-n", "elsewhere.example", false, true, NULL, false},
		{"-n", "::1", true, false, NULL, true},
		{"-n", "::1", false, true, NULL, true},
		{"-n", "::2", true, false, "mismatch", true},
		{"-n", "localhost", true, false, "mismatch", true},
		{"-n", "::1", false, false, "self", true},
	};
	static const struct sl_tls nowhere = {.ca_file = "/nowhere"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct fake_proc tls;
		char url[500], ca[100];
		const struct sl_tls tls_of_case = {.ca_file = cases[i].ca ? ca : NULL,
						   .insecure = cases[i].insecure};
		struct sl_websocket *ws;

		snprintf(ca, sizeof ca, "%s/ca%zu.pem", bench.folder, i); /* each is kept */
		if (cases[i].six && !has_six()) {
			print_message(
				"SKIPPED: no ::1 here, TLS to an IPv6 address is not tried\n");
			continue;
		}
		tls_start(&tls, ca, cases[i].option, cases[i].value,
			  cases[i].six ? "[::1]:0" : "127.0.0.1:0");
		snprintf(url, sizeof url, "%s/v4/p/registry/microservices/%s/watcher", tls.url,
			 service_id);
		ws = start((struct sl_websocket_request){.url = url, .tls = &tls_of_case});
		if (!cases[i].words) {
			bench_wait(&bench, &heard.opened);
			websocket_close(ws);
			expect_end(SL_ECANCELED, "canceled");
		} else {
			expect_end(SL_EAUTH, "the certificate is not trusted: ");
			assert_true(says(cases[i].words));
			assert_false(heard.opened);
		}
		fake_stop(&tls);
	}
	start((struct sl_websocket_request){.url = "wss://127.0.0.1:1/", .tls = &nowhere});
	expect_end(SL_EIO, "'/nowhere' holds no certificates");
}

/* A server that wants to know who comes. In TLS 1.3 it says so when we think that all is well. */
static void test_client_certificate(void **state)
{
	static const struct {
		const char *cert, *key;
		enum sl_err code;
		const char *words; /* NULL = it opens */
	} cases[] = {
		{"client.pem", "client.key", SL_OK, NULL},
		{"client.both", NULL, SL_OK, NULL},
		{NULL, NULL, SL_EAUTH,
		 "the server asks for a client certificate, and none is given: set cert and key"},
		{"stranger.pem", "stranger.key", SL_EAUTH,
		 "the server does not accept the client certificate '"},
		{"client.pem", "stranger.key", SL_EIO, "does not belong to the certificate in '"},
		{"client.pem", "client.locked", SL_EIO, "is locked with a pass phrase"},
		{"client.pem", NULL, SL_EIO, "client.pem' holds no private key"},
		{"client.key", NULL, SL_EIO, "client.key' holds no certificate"},
		{"none.pem", NULL, SL_EIO, "none.pem' cannot be read: No such file"},
		{"client.pem", "none.key", SL_EIO, "none.key' cannot be read: No such file"},
	};
	char ca[100], url[500], client_ca[100];

	(void)state;
	certs_make(&bench);
	snprintf(client_ca, sizeof client_ca, "%s", bench_path(&bench, "ca.pem"));
	for (size_t i = 0; i < 2 * SL_COUNT(cases); i++) {
		const char *cert = cases[i / 2].cert, *key = cases[i / 2].key;
		struct fake_proc tls;
		struct sl_websocket *ws;
		struct sl_tls show = {.ca_file = ca};

		tls_old = i % 2;
		snprintf(ca, sizeof ca, "%s/server%zu.pem", bench.folder, i);
		tls_start(&tls, ca, "-c", client_ca, "127.0.0.1:0");
		snprintf(url, sizeof url, "%s/v4/p/registry/microservices/%s/watcher", tls.url,
			 service_id);
		show.cert_file = cert ? bench_path(&bench, cert) : NULL;
		show.key_file = key ? bench_path(&bench, key) : NULL;
		ws = start((struct sl_websocket_request){.url = url, .tls = &show});
		if (cases[i / 2].words) {
			expect_end(cases[i / 2].code, cases[i / 2].words);
			assert_false(heard.opened);
		} else {
			bench_wait(&bench, &heard.opened);
			websocket_close(ws);
			expect_end(SL_ECANCELED, "canceled");
		}
		fake_stop(&tls);
	}
	tls_old = false;
}

/* The alert may be lost with the connection, and libwebsockets may drop that without a word. */
static void test_cut_off(void **state)
{
	char ca[100], url[500], client_ca[100];
	const struct sl_tls show = {.ca_file = ca};
	struct fake_proc tls;

	(void)state;
	certs_make(&bench);
	snprintf(ca, sizeof ca, "%s", bench_path(&bench, "tlsd.pem"));
	snprintf(client_ca, sizeof client_ca, "%s", bench_path(&bench, "ca.pem"));
	tls_cuts = true;
	tls_start(&tls, ca, "-c", client_ca, "127.0.0.1:0");
	tls_cuts = false;
	snprintf(url, sizeof url, "%s/v4/p/registry/microservices/%s/watcher", tls.url, service_id);
	for (int i = 0; i < 50; i++) {
		start((struct sl_websocket_request){.url = url, .tls = &show});
		expect_end(SL_EAUTH, "asks for a client certificate, and none is given");
	}
	fake_stop(&tls);
}

static void copy(const char *from, const char *to)
{
	char command[400];

	snprintf(command, sizeof command, "cp %s/%s %s/%s", bench.folder, from, bench.folder, to);
	assert_int_equal(system(command), 0);
}

/* The same files, other certificates in them: as of the next connection. */
static void test_client_certificate_replaced(void **state)
{
	char ca[100], url[500], client_ca[100];
	struct fake_proc tls;
	struct sl_websocket *ws;
	char mine[100];
	const struct sl_tls show = {.ca_file = ca, .cert_file = mine};

	(void)state;
	certs_make(&bench);
	snprintf(ca, sizeof ca, "%s", bench_path(&bench, "tlsd.pem"));
	snprintf(client_ca, sizeof client_ca, "%s", bench_path(&bench, "ca.pem"));
	tls_start(&tls, ca, "-c", client_ca, "127.0.0.1:0");
	snprintf(url, sizeof url, "%s/v4/p/registry/microservices/%s/watcher", tls.url, service_id);
	snprintf(mine, sizeof mine, "%s", bench_path(&bench, "mine.pem"));
	copy("stranger.both", "mine.pem");
	start((struct sl_websocket_request){.url = url, .tls = &show});
	expect_end(SL_EAUTH, "does not accept the client certificate");
	copy("client.both", "mine.pem");
	ws = start((struct sl_websocket_request){.url = url, .tls = &show});
	bench_wait(&bench, &heard.opened);
	websocket_close(ws);
	expect_end(SL_ECANCELED, "canceled");
	fake_stop(&tls);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hears),
		TEST(test_close_inside),
		TEST(test_server_goes),
		TEST(test_host_closes),
		TEST(test_bad_servers),
		TEST(test_silence),

		TEST(test_bad_requests),
		TEST(test_tls),
		TEST(test_client_certificate),
		TEST(test_cut_off),
		TEST(test_client_certificate_replaced),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
