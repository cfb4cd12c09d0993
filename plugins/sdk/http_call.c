/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/http_call.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define HTTP_BODY_MAX     (1024 * 1024)
#define HTTP_FED_MAX      (256 * 1024) /* bytes that wait to be given to data */
#define HTTP_HEADER_MAX   (64 * 1024)  /* bytes of all headers of an answer */
#define HTTP_HEADER_COUNT 256
#define HTTP_KEEPALIVE_S  20L

/* --- what arrives --- */

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct sl_http_call *call = arg;

	if (call->data && call->body.len + size * n > call->body.max) {
		call->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (call->data)
		http_call_feed(call);
	if (sl_buf_append(&call->body, bytes, size * n) == SL_OK)
		return size * n;
	call->oversize = true;
	return 0;
}

static void headers_clear(struct sl_http_call *call)
{
	for (size_t i = 0; i < call->header_count; i++) {
		free((char *)call->headers[i].name);
		free((char *)call->headers[i].value);
	}
	call->header_count = call->header_bytes = 0;
}

static void header_add(struct sl_http_call *call, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	const char *value, *end = line + len;
	char *name;

	if (!colon || colon == line)
		return;
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && isspace((unsigned char)end[-1]))
		end--;
	name = sl_text_clean_dup(line, (size_t)(colon - line), false);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	SL_GROW(call->headers, call->header_count, call->header_cap);
	call->headers[call->header_count++] = (struct sl_http_header){
		.name = name,
		.value = sl_text_clean_dup(value, (size_t)(end - value), false),
	};
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct sl_http_call *call = arg;
	size_t len = size * n;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		headers_clear(call); /* after a 100 Continue the real answer follows */
	call->header_bytes += len;
	if (call->header_bytes > HTTP_HEADER_MAX || call->header_count >= HTTP_HEADER_COUNT) {
		call->oversize = true;
		return 0;
	}
	header_add(call, line, len);
	return len;
}

/* libcurl 7.88 creates sockets that children would inherit. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)arg;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- what is asked --- */

static bool is_token(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 128 &&
	       strspn(s, "!#$%&'*+-.^_`|~0123456789"
			 "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static bool is_header_value(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static void slist_add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = sl_curl()->slist_append(*list, line);

	if (!longer)
		sl_alloc_failed();
	*list = longer;
}

static int set_headers(struct sl_http_call *call, const struct sl_http_request *request,
		       struct sl_error *e)
{
	bool has_type = false;

	for (size_t i = 0; i < request->header_count; i++) {
		const struct sl_http_header *h = &request->headers[i];
		char *line;

		if (!is_token(h->name) || !is_header_value(h->value))
			return sl_fail(e, SL_EINPUT, "%s: the header '%.64s' cannot be sent",
				       call->label, h->name);
		has_type = has_type || strcasecmp(h->name, "content-type") == 0;
		/* curl's spelling of a header without a value ends with a semicolon. */
		line = *h->value ? sl_asprintf("%s: %s", h->name, h->value)
				 : sl_asprintf("%s;", h->name);
		slist_add(&call->send_headers, line);
		free(line);
	}
	slist_add(&call->send_headers, "Expect:");
	if (!has_type)
		slist_add(&call->send_headers, "Content-Type:");
	sl_curl()->easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->send_headers);
	return SL_OK;
}

static char *url_part(CURLU *u, CURLUPart part, unsigned flags)
{
	char *value = NULL, *copy;

	if (sl_curl()->url_get(u, part, &value, flags) != CURLUE_OK)
		return NULL;
	copy = sl_strdup(value);
	sl_curl()->free(value);
	return copy;
}

static bool is_address(const char *host)
{
	unsigned char any[sizeof(struct in6_addr)];

	return host[0] == '[' || inet_pton(AF_INET, host, any) == 1 ||
	       inet_pton(AF_INET6, host, any) == 1;
}

/* The label may be shown and logged: user, password, query and fragment stay out of it. */
static char *url_label(CURLU *u, const char *method)
{
	static const CURLUPart secret[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
					   CURLUPART_FRAGMENT};
	char *url, *label;

	for (size_t i = 0; i < SL_COUNT(secret); i++)
		sl_curl()->url_set(u, secret[i], NULL, 0);
	url = url_part(u, CURLUPART_URL, 0);
	label = sl_asprintf("%s %s", method, url ? url : "?");
	free(url);
	return label;
}

static int set_url(struct sl_http_call *call, const struct sl_http_request *request,
		   struct sl_error *e)
{
	/* What is no URL may still hold a password. */
	const char *shown = strchr(request->url, '@') ? "(with user)" : request->url;
	CURLU *u;
	char *host, *port;
	CURLUcode rc;

	if (!sl_text_starts(request->url, "http://") && !sl_text_starts(request->url, "https://"))
		return sl_fail(e, SL_EINPUT,
			       "the URL '%.200s' does not start with http:// or "
			       "https://",
			       shown);
	u = sl_curl()->url();
	if (!u)
		sl_alloc_failed();
	rc = sl_curl()->url_set(u, CURLUPART_URL, request->url, 0);
	if (rc != CURLUE_OK) {
		sl_curl()->url_cleanup(u);
		return sl_fail(e, SL_EINPUT, "the URL '%.200s' is not one: %s", shown,
			       sl_curl()->url_strerror(rc));
	}
	host = url_part(u, CURLUPART_HOST, 0);
	port = url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (host && port && !request->unix_socket && !is_address(host)) {
		call->host = host;
		call->port = (unsigned)strtoul(port, NULL, 10);
		host = NULL;
	}
	call->label = url_label(u, request->method ? request->method : "GET");
	free(host);
	free(port);
	sl_curl()->url_cleanup(u);
	sl_curl()->easy_setopt(call->easy, CURLOPT_URL, request->url);
	return SL_OK;
}

static int set_method(struct sl_http_call *call, const struct sl_http_request *request,
		      struct sl_error *e)
{
	const char *method = request->method ? request->method : "GET";
	const void *body = request->body;

	if (!is_token(method))
		return sl_fail(e, SL_EINPUT, "'%.64s' is not an HTTP method", method);
	if (strcmp(method, "HEAD") == 0) {
		sl_curl()->easy_setopt(call->easy, CURLOPT_NOBODY, 1L);
		return SL_OK;
	}
	if (!body && (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0))
		body = ""; /* servers want to see Content-Length: 0 */
	if (body) {
		sl_curl()->easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)request->body_len);
		sl_curl()->easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, body);
	}
	sl_curl()->easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, method);
	return SL_OK;
}

static int set_route(struct sl_http_call *call, const struct sl_http_request *request,
		     struct sl_error *e)
{
	struct sockaddr_un sun;

	/* Straight to the named host: through a proxy a probe would test the proxy. */
	sl_curl()->easy_setopt(call->easy, CURLOPT_PROXY, "");
	if (request->unix_socket) {
		if (strlen(request->unix_socket) >= sizeof sun.sun_path)
			return sl_fail(e, SL_EINPUT, "%s: the socket path '%.200s' is too long",
				       call->label, request->unix_socket);
		sl_curl()->easy_setopt(call->easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	}
	if (request->once)
		sl_curl()->easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
	return SL_OK;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *ear)
{
	(void)easy;
	sl_tls_listen(ctx, ear);
	return CURLE_OK;
}

static void set_tls(struct sl_http_call *call, const struct sl_tls *tls,
		    const struct sl_tls_ear *ear)
{
	call->tls = sl_tls_copy(tls);
	sl_curl()->easy_setopt(call->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	sl_curl()->easy_setopt(call->easy, CURLOPT_SSL_CTX_DATA, ear);
	if (!tls)
		return;
	/* The system's folder of anchors stays in force beside this file. */
	if (tls->ca_file)
		sl_curl()->easy_setopt(call->easy, CURLOPT_CAINFO, tls->ca_file);
	if (tls->cert_file) {
		sl_curl()->easy_setopt(call->easy, CURLOPT_SSLCERT, tls->cert_file);
		if (tls->key_file)
			sl_curl()->easy_setopt(call->easy, CURLOPT_SSLKEY, tls->key_file);
		/* Else a locked key is asked for on the terminal. */
		sl_curl()->easy_setopt(call->easy, CURLOPT_KEYPASSWD, "");
	}
	if (tls->insecure) {
		sl_curl()->easy_setopt(call->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		sl_curl()->easy_setopt(call->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_common(struct sl_http_call *call)
{
	sl_curl()->easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	sl_curl()->easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	sl_curl()->easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	sl_curl()->easy_setopt(call->easy, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
	sl_curl()->easy_setopt(call->easy, CURLOPT_FOLLOWLOCATION, 0L);
	sl_curl()->easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->why);
	sl_curl()->easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	sl_curl()->easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
	sl_curl()->easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	sl_curl()->easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
	sl_curl()->easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
}

int http_call_prepare(struct sl_http_call *call, const struct sl_http_request *request,
		      const struct sl_tls_ear *ear, struct sl_error *e)
{
	int rc;

	call->easy = sl_curl()->easy_init();
	if (!call->easy)
		sl_alloc_failed();
	if (request->data)
		sl_buf_init(&call->body, HTTP_FED_MAX);
	else
		sl_buf_init(&call->body, request->max_body ? request->max_body : HTTP_BODY_MAX);
	set_common(call);
	set_tls(call, request->tls, ear);
	if (!request->data) /* one that says so beforehand is not even begun */
		sl_curl()->easy_setopt(call->easy, CURLOPT_MAXFILESIZE_LARGE,
				       (curl_off_t)call->body.max);
	if (request->data) {
		sl_curl()->easy_setopt(call->easy, CURLOPT_TCP_KEEPALIVE, 1L);
		sl_curl()->easy_setopt(call->easy, CURLOPT_TCP_KEEPIDLE, HTTP_KEEPALIVE_S);
		sl_curl()->easy_setopt(call->easy, CURLOPT_TCP_KEEPINTVL, HTTP_KEEPALIVE_S);
	}
	rc = set_url(call, request, e);
	if (rc == SL_OK)
		rc = set_method(call, request, e);
	if (rc == SL_OK)
		rc = set_headers(call, request, e);
	if (rc == SL_OK)
		rc = set_route(call, request, e);
	return rc;
}

/* HOST:PORT:ADDRESS,ADDRESS... so that curl never starts its own resolver thread, whose end it
 * would wait for in a cancel. */
void http_call_addresses(struct sl_http_call *call, const struct addrinfo *found)
{
	char text[NI_MAXHOST];
	struct sl_buf entry;
	const char *comma = "";

	sl_buf_init(&entry, 8192);
	sl_buf_printf(&entry, "%s:%u:", call->host, call->port);
	for (; found; found = found->ai_next) {
		if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		sl_buf_printf(&entry, found->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", comma,
			      text);
		comma = ",";
	}
	slist_add(&call->addresses, sl_buf_str(&entry));
	sl_buf_release(&entry);
	sl_curl()->easy_setopt(call->easy, CURLOPT_RESOLVE, call->addresses);
}

/* --- how it ended --- */

static const struct {
	CURLcode code;
	enum sl_err err;
} results[] = {
	{CURLE_COULDNT_RESOLVE_HOST, SL_ERESOLVE},
	{CURLE_COULDNT_CONNECT, SL_EREFUSED},
	{CURLE_OPERATION_TIMEDOUT, SL_ETIMEOUT},
	{CURLE_URL_MALFORMAT, SL_EINPUT},
	{CURLE_UNSUPPORTED_PROTOCOL, SL_EPROTO}, /* what curl calls HTTP/0.9 */
	{CURLE_SSL_CACERT_BADFILE, SL_EIO},
	{CURLE_SSL_CERTPROBLEM, SL_EIO},
	{CURLE_PEER_FAILED_VERIFICATION, SL_EAUTH},
	{CURLE_SSL_CONNECT_ERROR, SL_EPROTO},
	{CURLE_SEND_ERROR, SL_ELOST},
	{CURLE_RECV_ERROR, SL_ELOST},
	{CURLE_GOT_NOTHING, SL_ELOST},
	{CURLE_PARTIAL_FILE, SL_ELOST},
	{CURLE_WEIRD_SERVER_REPLY, SL_EPROTO},
	{CURLE_BAD_CONTENT_ENCODING, SL_EPROTO},
};

/* Is it about who we are? Then the call's error says so. */
static bool is_refused(struct sl_http_call *call, CURLcode code)
{
	struct sl_error e = {0};

	if (code == CURLE_SSL_CERTPROBLEM && call->tls.cert_file)
		sl_tls_check(&call->tls, &e);
	else if (code != CURLE_PEER_FAILED_VERIFICATION && !call->header_bytes)
		sl_tls_refusal(&call->tls, &call->heard, &e);
	if (e.code == SL_OK)
		return false;
	call->error = e;
	sl_error_prefix(&call->error, "%s", call->label);
	return true;
}

void http_call_result(struct sl_http_call *call, CURLcode code)
{
	enum sl_err err = SL_EPROTO;

	if (code == CURLE_OK) {
		sl_curl()->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->status);
		return;
	}
	call->oversize = call->oversize || code == CURLE_FILESIZE_EXCEEDED;
	if (call->oversize) {
		sl_fail(&call->error, SL_EPROTO, "%s: the answer is larger than %zu bytes",
			call->label, call->body.max);
		return;
	}
	if (is_refused(call, code))
		return;
	for (size_t i = 0; i < SL_COUNT(results); i++)
		if (results[i].code == code)
			err = results[i].err;
	sl_fail(&call->error, err, "%s: %s", call->label,
		call->why[0] ? call->why : sl_curl()->easy_strerror(code));
}

void http_call_release(struct sl_http_call *call)
{
	if (call->easy) {
		sl_curl()->easy_cleanup(call->easy);
		sl_curl()->slist_free_all(call->send_headers);
		sl_curl()->slist_free_all(call->addresses);
	}
	headers_clear(call);
	free(call->headers);
	sl_buf_release(&call->body);
	sl_tls_release(&call->tls);
	free(call->label);
	free(call->host);
}
