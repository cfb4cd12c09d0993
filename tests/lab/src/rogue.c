/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that no client deserves: etcd, Prometheus, Zipkin, Service Center and Kie at once, as
 * far as reads go, with names and values that attack the reader's terminal:
 *
 *     rogue ADDRESS:PORT
 *
 * It misbehaves by fake.h's moods, and by some of its own: denied (401), stall (half an answer,
 * then nothing), drip (a byte now and then, for ever), flood (100 MB without a length), many (JSON
 * of ten million little values), deep (nested 100,000 times). PUT /_fake?to=URL is where redirect
 * leads. GET /_fake counts requests, and those with credentials.
 */
#include "fake.h"

#define DRIP_MS 50
#define BIG     ((size_t)100 << 20)

static char redirect_to[300] = "http://elsewhere.example/";
static long long with_credentials;

/* --- names: as they stand in JSON --- */

#define TEN(x)      x x x x x x x x x x
#define THOUSAND(x) TEN(TEN(TEN(x)))

static const char *const names[] = {
	"csi-\\u001b[2J\\u001b[5i\\u001b[6n\\u001b[?1003h-end",
	"osc-\\u001b]0;pwned\\u0007\\u001b]52;c;cHduZWQ=\\u001b\\\\-end",
	"dcs-\\u001bPq\\u001b\\\\\\u001b_x\\u001b\\\\\\u001bc-end",
	"c1-\\u009b6n\\u009d0;pwned\\u009c\\u0090q\\u009c-end",
	"c0-\\u0007\\b\\u000e\\u000f\\u0005\\u007f\\r\\n\\tx-end",
	"raw-c1-\x9b"
	"5i\xff\xfe\xc0\xaf-end",
	"bidi-\\u202egnp.exe\\u202c\\u2066x\\u2069\\u200f\\u061c-end",
	"lines-\\u2028\\u2029\\u0085\\ufeff-end",
	"zero-\\u200b\\u200d\\u2060\\udb40\\udc41\\u00ad-end",
	"marks-e\\u0301\\u0302\\u0303\\u0304\\u0305\\u0306-end",
	"wide-\\ud83d\\ude00\\ud83d\\udc69\\u200d\\ud83d\\udcbb\\u3164\\u1160\\uffa0-end",
	"\\u5e93\\u5b58\\u00b7\\u5a92\\u4f53\\u7f16\\u7801",
	"\\u7ed3\\u7b97\\u4e2d\\u5fc3",
	"long-" THOUSAND("\\u9577"),
	"long-" THOUSAND("xxxxxxxxxx") "1",
	"long-" THOUSAND("xxxxxxxxxx") "2",
	"zalgo-o" THOUSAND("\\u0334"),
	"fmt-%s%n%d-end",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* JSON text to bytes: etcd gives its keys in base64. */
static char *plain_name(const char *name)
{
	char *quoted, *plain;
	cJSON *json;

	if (asprintf(&quoted, "\"%s\"", name) < 0)
		lab_die("out of memory");
	json = cJSON_Parse(quoted);
	plain = strdup(cJSON_IsString(json) ? json->valuestring : name);
	cJSON_Delete(json);
	free(quoted);
	return plain;
}

static void add_base64(struct lab_buf *to, const char *text)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)(unsigned char)text[i] << 16;
		char four[4];

		v |= i + 1 < len ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		v |= i + 2 < len ? (unsigned)(unsigned char)text[i + 2] : 0;
		four[0] = set[v >> 18];
		four[1] = set[v >> 12 & 63];
		four[2] = i + 1 < len ? set[v >> 6 & 63] : '=';
		four[3] = i + 2 < len ? set[v & 63] : '=';
		lab_buf_add(to, four, 4);
	}
}

/* --- answers --- */

__attribute__((format(printf, 2, 3))) static void add(struct lab_buf *to, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		lab_die("out of memory");
	lab_buf_add(to, text, (size_t)n);
	free(text);
}

static void say(struct fake_request *q, const char *headers, struct lab_buf *text)
{
	fake_say(q->conn, 200, "application/json", headers, text->data, text->len);
	lab_buf_release(text);
}

/* What was asked for tells the tree; only the registry's and the config's are answered. */
static void etcd_range(struct fake_request *q)
{
	char *asked = q->json ? strdup(fake_str(q->json, "key")) : strdup("");
	struct lab_buf text = {0}, prefix = {0};
	bool keys;

	add_base64(&prefix, "/sluice/config/");
	keys = strncmp(asked, prefix.data, 18) == 0;
	add(&text, "{\"header\":{\"revision\":\"7\"},\"kvs\":[");
	for (size_t i = 0; i < NAMES; i++) {
		char *name = plain_name(names[i]), *path, *value;

		if (asprintf(&path, "/sluice/%s/prod/%s/%zu", keys ? "config" : "services", name,
			     i) < 0 ||
		    asprintf(&value,
			     "{\"host\":\"%s\",\"address\":\"%s\",\"port\":80,\"version\":"
			     "\"%s\",\"note\":\"%s\",\"labels\":{\"zone\":\"%s\"}}",
			     names[i], names[i], names[i], names[i], names[i]) < 0)
			lab_die("out of memory");
		add(&text, "%s{\"mod_revision\":\"7\",\"create_revision\":\"7\",\"key\":\"",
		    i ? "," : "");
		add_base64(&text, path);
		add(&text, "\",\"value\":\"");
		add_base64(&text, value);
		add(&text, "\"}");
		free(name);
		free(path);
		free(value);
	}
	add(&text, "],\"count\":\"%zu\"}", NAMES);
	say(q, "", &text);
	lab_buf_release(&prefix);
	free(asked);
}

static void prometheus_series(struct fake_request *q, const char *type, const char *values,
			      const char *end)
{
	struct lab_buf text = {0};

	add(&text, "{\"status\":\"success\",\"data\":{\"resultType\":\"%s\",\"result\":[", type);
	for (size_t i = 0; i < NAMES; i++)
		add(&text, "%s{\"metric\":{\"service\":\"%s\"},%s[%lld,\"%zu\"]%s}", i ? "," : "",
		    names[i], values, fake_time(), i, end);
	add(&text, "]}}");
	say(q, "", &text);
}

static void prometheus_query(struct fake_request *q)
{
	prometheus_series(q, "vector", "\"value\":", "");
}

static void prometheus_range(struct fake_request *q)
{
	prometheus_series(q, "matrix", "\"values\":[", "]");
}

static void zipkin_names(struct fake_request *q)
{
	struct lab_buf text = {0};

	for (size_t i = 0; i < NAMES; i++)
		add(&text, "%s\"%s\"", i ? "," : "[", names[i]);
	add(&text, "]");
	say(q, "", &text);
}

static void zipkin_span(struct lab_buf *text, size_t i, const char *trace)
{
	const char *n = names[i];

	add(text,
	    "{\"traceId\":\"%s\",\"id\":\"%016zx\",\"name\":\"%s\",\"timestamp\":%lld,"
	    "\"duration\":%zu,\"localEndpoint\":{\"serviceName\":\"%s\",\"ipv4\":\"%s\"},"
	    "\"tags\":{\"%s\":\"%s\",\"error\":\"%s\"},\"annotations\":[{\"timestamp\":"
	    "%lld,\"value\":\"%s\"}]}",
	    trace, i + 1, n, fake_time() * 1000000, (i + 1) * 1000, n, n, n, n, n,
	    fake_time() * 1000000, n);
}

static void zipkin_traces(struct fake_request *q)
{
	struct lab_buf text = {0};
	char trace[17];

	add(&text, "[");
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(trace, sizeof(trace), "%016zx", i + 100);
		add(&text, i ? ",[" : "[");
		zipkin_span(&text, i, trace);
		add(&text, "]");
	}
	add(&text, "]");
	say(q, "", &text);
}

static void zipkin_trace(struct fake_request *q)
{
	struct lab_buf text = {0};

	add(&text, "[");
	for (size_t i = 0; i < NAMES; i++) {
		add(&text, i ? "," : "");
		zipkin_span(&text, i, q->segment[3]);
	}
	add(&text, "]");
	say(q, "", &text);
}

static void sc_services(struct fake_request *q)
{
	struct lab_buf text = {0};

	add(&text, "{\"allServicesDetail\":[");
	for (size_t i = 0; i < NAMES; i++)
		add(&text,
		    "%s{\"microService\":{\"serviceId\":\"s%zu\",\"serviceName\":\"%s\","
		    "\"appId\":\"%s\",\"version\":\"%s\"},\"tags\":{\"%s\":\"%s\"}}",
		    i ? "," : "", i, names[i], names[i], names[i], names[i], names[i]);
	add(&text, "]}");
	say(q, "", &text);
}

static void sc_batch(struct fake_request *q)
{
	const cJSON *services = cJSON_GetObjectItemCaseSensitive(q->json, "services");
	int n = cJSON_GetArraySize(services);
	struct lab_buf text = {0};

	add(&text, "{\"services\":{\"updated\":[");
	for (int i = 0; i < n; i++) {
		const char *name = names[(size_t)i % NAMES];

		add(&text,
		    "%s{\"index\":%d,\"rev\":\"r%d\",\"instances\":[{\"instanceId\":\"%s\","
		    "\"serviceId\":\"s\",\"hostName\":\"%s\",\"status\":\"%s\",\"endpoints\":["
		    "\"rest://127.0.0.1:80\"],\"version\":\"%s\",\"modTimestamp\":\"%lld\","
		    "\"properties\":{\"%s\":\"%s\"}}]}",
		    i ? "," : "", i, i, name, name, i % 2 ? "UP" : name, name, fake_time(), name,
		    name);
	}
	add(&text, "]}}");
	say(q, "", &text);
}

static void kie_keys(struct fake_request *q)
{
	struct lab_buf text = {0};

	add(&text, "{\"total\":%zu,\"data\":[", NAMES);
	for (size_t i = 0; i < NAMES; i++)
		add(&text,
		    "%s{\"id\":\"k%zu\",\"key\":\"%s\",\"value\":\"%s\",\"value_type\":\"%s\","
		    "\"status\":\"enabled\",\"update_revision\":%zu,\"update_time\":%lld,"
		    "\"labels\":{\"%s\":\"%s\",\"service\":\"%s\"}}",
		    i ? "," : "", i, names[i], names[i], names[i], i + 1, fake_time(), names[i],
		    names[i], names[i]);
	add(&text, "]}");
	say(q, "X-Kie-Revision: 7\r\n", &text);
}

static const struct {
	const char *path;
	void (*serve)(struct fake_request *q);
} routes[] = {
	{"/v3/kv/range", etcd_range},
	{"/api/v1/query", prometheus_query},
	{"/api/v1/query_range", prometheus_range},
	{"/api/v2/services", zipkin_names},
	{"/api/v2/spans", zipkin_names},
	{"/api/v2/traces", zipkin_traces},
	{"/api/v2/trace/*", zipkin_trace},
	{"/v4/*/govern/microservices", sc_services},
	{"/v4/*/registry/instances/action", sc_batch},
	{"/v1/*/kie/kv", kie_keys},
};

/* --- its own moods --- */

static struct fake_conn *dripping[FAKE_CONNS];

static void drip(struct fake_conn *c)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{";

	fake_put(c, head, sizeof(head) - 1);
	c->held = true;
	for (size_t i = 0; i < FAKE_CONNS; i++)
		if (!dripping[i]) {
			dripping[i] = c;
			return;
		}
}

/* `bytes` of body, all alike, between two texts; without a length, or with one that is not kept. */
static void pour(struct fake_conn *c, const char *head, const char *from, const char *unit,
		 size_t bytes)
{
	size_t len = strlen(unit);
	char *chunk = malloc(len * 65536);

	if (!chunk)
		lab_die("out of memory");
	for (size_t i = 0; i < 65536; i++)
		memcpy(chunk + i * len, unit, len);
	fake_put(c, head, strlen(head));
	fake_put(c, from, strlen(from));
	for (size_t n = 0; n < bytes; n += len * 65536)
		fake_put(c, chunk, len * 65536);
	free(chunk);
}

static bool is_mood(const char *word)
{
	return fake_server.moody && strcmp(fake_server.mood, word) == 0;
}

static bool misbehave(struct fake_request *q)
{
	static const char plain[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
	static const char denied[] = "{\"error\":\"bad token \\u001b[6n\",\"code\":16}";
	struct fake_conn *c = q->conn;

	if (is_mood("denied")) {
		fake_say(c, 401, "application/json", "", denied, sizeof(denied) - 1);
	} else if (is_mood("away")) {
		char header[400];

		snprintf(header, sizeof(header), "Location: %s\r\n", redirect_to);
		fake_say(c, 307, NULL, header, "", 0);
	} else if (is_mood("stall")) {
		static const char half[] =
			"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"a\":[";

		fake_put(c, half, sizeof(half) - 1);
		c->held = true;
	} else if (is_mood("drip")) {
		drip(c);
	} else if (is_mood("flood")) {
		pour(c, plain, "[\"", "xxxxxxxxxxxxxxxx", BIG);
		c->shut = true;
	} else if (is_mood("many")) {
		pour(c, plain, "{\"kvs\":[1", ",1", 20 << 20);
		fake_put(c, "]}", 2);
		c->shut = true;
	} else if (is_mood("deep")) {
		pour(c, plain, "[", "[", 100000);
		c->shut = true;
	} else {
		return false;
	}
	return true;
}

static void fake_serve(struct fake_request *q)
{
	char value[600];

	with_credentials += fake_header(q, "authorization", value, sizeof(value));
	if (misbehave(q))
		return;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (fake_path(q, routes[i].path)) {
			routes[i].serve(q);
			return;
		}
	fake_say(q->conn, 404, "application/json", "", "{}", 2);
}

static int64_t fake_tick(int64_t now)
{
	static int64_t due;
	bool any = false;

	for (size_t i = 0; i < FAKE_CONNS; i++) {
		any = any || dripping[i];
		if (dripping[i] && now >= due)
			fake_put(dripping[i], " ", 1);
	}
	if (now >= due)
		due = now + DRIP_MS;
	return any ? due : INT64_MAX;
}

static void fake_gone(struct fake_conn *c)
{
	for (size_t i = 0; i < FAKE_CONNS; i++)
		if (dripping[i] == c)
			dripping[i] = NULL;
}

static void fake_raw(struct fake_conn *c)
{
	(void)c;
}

static void fake_report(cJSON *out)
{
	cJSON_AddNumberToObject(out, "withCredentials", (double)with_credentials);
}

static bool fake_tune(const char *key, const char *value)
{
	if (strcmp(key, "to") != 0)
		return false;
	snprintf(redirect_to, sizeof(redirect_to), "%s", value);
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		lab_die("usage: rogue ADDRESS:PORT");
	fake_server.head = "";
	fake_run(argv[1]);
}
