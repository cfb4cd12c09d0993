/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a registry for `make bench`, or keeps changing what is in it until killed:
 *
 *     feed fill   etcd|sc URL SERVICES INSTANCES
 *     feed change etcd|sc URL SERVICES INSTANCES RATE [AMONG]
 *
 * Instance n belongs to service n % SERVICES. A change marks the next instance down, or up again;
 * RATE a second, spread evenly, in the first AMONG services (all unless told). One connection.
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define BATCH 100 /* etcd takes 128 operations in a transaction */

struct feed {
	CURL *easy;
	const char *url;
	bool sc;
	size_t services, instances;
	bool *down;
	struct sl_buf answer;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "feed: %s: %s\n", what, why);
	exit(1);
}

/* --- one question --- */

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	sl_buf_append(&((struct feed *)arg)->answer, bytes, size * n);
	return size * n;
}

static void ask(struct feed *f, const char *method, const char *path, const char *body)
{
	char *url = sl_asprintf("%s%s", f->url, path);
	long status = 0;
	CURLcode rc;

	sl_buf_clear(&f->answer);
	curl_easy_setopt(f->easy, CURLOPT_URL, url);
	curl_easy_setopt(f->easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, body);
	rc = curl_easy_perform(f->easy);
	if (rc != CURLE_OK)
		die(url, curl_easy_strerror(rc));
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		die(url, sl_buf_str(&f->answer));
	free(url);
}

/* --- what is registered --- */

/* What real registrants say of themselves: some 800 bytes, so that ten thousand of them make an
 * answer of 10 MB in etcd's base64. */
static void put_labels(struct sl_buf *to, size_t n)
{
	sl_buf_printf(
		to,
		"{\"zone\":\"az%zu\",\"region\":\"north\",\"lane\":\"base\",\"unit\":\"u%zu\","
		"\"cell\":\"c%02zu\",\"rack\":\"r%03zu\",\"commit\":\"%040zx\","
		"\"image\":\"registry.example/shop/svc-%04zu@sha256:%064zx\","
		"\"owner\":\"team-%02zu@example.com\",\"runtime\":\"systemd\","
		"\"protocol\":\"http/1.1,h2c\",\"deployed\":\"by sluice, run 318, wave 3 of 5; "
		"previous release kept; drained for 30 s before the switch; artifact verified on "
		"the host\",\"started\":\"2026-01-02T03:04:05Z\"}",
		n % 3 + 1, n % 7, n % 40, n % 200, n % 50 * 0x9e3779b97f4a7c15u, n % 1000,
		n % 50 * 0xbf58476d1ce4e5b9u, n % 60);
}

static void etcd_put(struct sl_buf *to, const struct feed *f, size_t n)
{
	char *key = sl_asprintf("/sluice/services/prod/svc-%04zu/host%05zu:8080", n % f->services,
				n),
	     *k, *v;
	struct sl_buf value;

	sl_buf_init(&value, 4096);
	sl_buf_printf(&value,
		      "{\"host\":\"host%05zu\",\"address\":\"10.%zu.%zu.%zu\",\"port\":8080,"
		      "\"version\":\"1.4.%zu\",\"state\":\"%s\",\"weight\":100,\"app\":\"shop\","
		      "\"labels\":",
		      n, n >> 16, n >> 8 & 255, n & 255, n % f->services % 5,
		      f->down[n] ? "DOWN" : "UP");
	put_labels(&value, n);
	sl_buf_puts(&value, "}");
	k = sl_text_base64(key, strlen(key));
	v = sl_text_base64(value.data, value.len);
	sl_buf_printf(to, "\"key\":\"%s\",\"value\":\"%s\"", k, v);
	free(key);
	free(k);
	free(v);
	sl_buf_release(&value);
}

static void etcd_fill(struct feed *f)
{
	struct sl_buf body;

	sl_buf_init(&body, 1 << 20);
	for (size_t n = 0; n < f->instances;) {
		sl_buf_clear(&body);
		sl_buf_puts(&body, "{\"success\":[");
		for (size_t i = 0; i < BATCH && n < f->instances; i++, n++) {
			sl_buf_printf(&body, "%s{\"request_put\":{", i ? "," : "");
			etcd_put(&body, f, n);
			sl_buf_puts(&body, "}}");
		}
		sl_buf_puts(&body, "]}");
		ask(f, "POST", "/v3/kv/txn", sl_buf_str(&body));
	}
	sl_buf_release(&body);
}

static void etcd_change(struct feed *f, size_t n)
{
	struct sl_buf body;

	sl_buf_init(&body, 1 << 16);
	sl_buf_puts(&body, "{");
	etcd_put(&body, f, n);
	sl_buf_puts(&body, "}");
	ask(f, "POST", "/v3/kv/put", sl_buf_str(&body));
	sl_buf_release(&body);
}

#define SC "/v4/default/registry/microservices"

static void sc_fill(struct feed *f)
{
	struct sl_buf body;

	sl_buf_init(&body, 1 << 16);
	ask(f, "PUT", "/_fake?ttl=86400", ""); /* nobody beats here */
	for (size_t s = 0; s < f->services; s++) {
		sl_buf_clear(&body);
		sl_buf_printf(&body,
			      "{\"service\":{\"serviceId\":\"s%04zu\",\"appId\":\"shop\","
			      "\"serviceName\":\"svc-%04zu\",\"version\":\"1.4.%zu\"}}",
			      s, s, s % 5);
		ask(f, "POST", SC, sl_buf_str(&body));
	}
	for (size_t n = 0; n < f->instances; n++) {
		char *path = sl_asprintf(SC "/s%04zu/instances", n % f->services);

		sl_buf_clear(&body);
		sl_buf_printf(&body,
			      "{\"instance\":{\"instanceId\":\"i%05zu\",\"hostName\":\"host%05zu\","
			      "\"endpoints\":[\"rest://10.%zu.%zu.%zu:8080\"],\"properties\":",
			      n, n, n >> 16, n >> 8 & 255, n & 255);
		put_labels(&body, n);
		sl_buf_puts(&body, "}}");
		ask(f, "POST", path, sl_buf_str(&body));
		free(path);
	}
	sl_buf_release(&body);
}

static void sc_change(struct feed *f, size_t n)
{
	char *path = sl_asprintf(SC "/s%04zu/instances/i%05zu/status?value=%s", n % f->services, n,
				 f->down[n] ? "DOWN" : "UP");

	ask(f, "PUT", path, "");
	free(path);
}

/* --- changing --- */

/* Services in turn, though not side by side, every instance once before one comes again. */
static size_t nth(const struct feed *f, size_t step, size_t among)
{
	return step * 617 % among + step / among % (f->instances / f->services) * f->services;
}

static void change(struct feed *f, long rate, size_t among)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	for (size_t step = 0;; step++) {
		size_t n = nth(f, step, among);

		f->down[n] = !f->down[n];
		(f->sc ? sc_change : etcd_change)(f, n);
		at.tv_nsec += 1000000000L / rate;
		at.tv_sec += at.tv_nsec / 1000000000L;
		at.tv_nsec %= 1000000000L;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
}

int main(int argc, char **argv)
{
	struct feed f = {.url = argc > 3 ? argv[3] : ""};
	bool fill = argc == 6 && strcmp(argv[1], "fill") == 0;
	bool changes = (argc == 7 || argc == 8) && strcmp(argv[1], "change") == 0;
	long rate = changes ? strtol(argv[6], NULL, 10) : 1;

	if (!fill && !changes)
		die("usage", "feed fill|change etcd|sc URL SERVICES INSTANCES [RATE [AMONG]]");
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing goes on when the bench ended */
	f.sc = strcmp(argv[2], "sc") == 0;
	f.services = strtoul(argv[4], NULL, 10);
	f.instances = strtoul(argv[5], NULL, 10);
	if (!f.services || f.instances < f.services || rate < 1 || rate > 1000)
		die("usage", "at least one service, one instance each, 1 to 1000 changes a second");
	f.down = sl_alloc_n(f.instances, sizeof *f.down);
	sl_buf_init(&f.answer, 1 << 20);
	f.easy = curl_easy_init();
	curl_easy_setopt(f.easy, CURLOPT_TIMEOUT_MS, 20000L);
	curl_easy_setopt(f.easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(f.easy, CURLOPT_WRITEDATA, &f);
	if (fill)
		(f.sc ? sc_fill : etcd_fill)(&f);
	else
		change(&f, rate, argc == 8 ? strtoul(argv[7], NULL, 10) : f.services);
	curl_easy_cleanup(f.easy);
	sl_buf_release(&f.answer);
	free(f.down);
	return 0;
}
