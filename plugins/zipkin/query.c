/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as URLs. What the server would answer with 400 is refused here, in better words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"
#include "plugins/zipkin/zipkin.h"

#define URL_MAX    (16u << 10)
#define LIMIT_MAX  5000
#define LIMIT_ELSE 20
#define DAY_MS     INT64_C(86400000)

char *zipkin_lower(const char *s)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)s;
	size_t size = 2 * strlen(s) + 5, len = 0; /* no letter grows beyond that */
	char *lower = sl_alloc(size);
	utf8proc_int32_t ch;
	utf8proc_ssize_t n;

	while (*at && len + 4 < size) {
		n = utf8proc_iterate(at, -1, &ch);
		if (n <= 0) {
			lower[len++] = (char)*at++;
			continue;
		}
		at += n;
		len += (size_t)utf8proc_encode_char(utf8proc_tolower(ch),
						    (utf8proc_uint8_t *)lower + len);
	}
	return lower;
}

/* Percent encoding keeps what is plain in a path; '&', '=', '+' and ',' matter in a query. */
static void put(struct sl_buf *url, const char *name, const char *value)
{
	char first = strchr(sl_buf_str(url), '?') ? '&' : '?';
	const char *plus;
	char *text = sl_text_percent(value);

	sl_buf_printf(url, "%c%s=", first, name);
	for (const char *at = text; *at; at = plus) {
		plus = at + strcspn(at, "+");
		sl_buf_append(url, at, (size_t)(plus - at));
		if (*plus) { /* a bare plus would be a space */
			sl_buf_puts(url, "%2B");
			plus++;
		}
	}
	free(text);
}

static void put_lower(struct sl_buf *url, const char *name, const char *value)
{
	char *lower = zipkin_lower(value);

	put(url, name, lower);
	free(lower);
}

static void put_int(struct sl_buf *url, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	put(url, name, text);
}

static char *url_done(struct sl_buf *url, struct sl_error *e)
{
	if (!url->truncated)
		return sl_buf_take(url);
	sl_buf_release(url);
	sl_fail(e, SL_EINPUT, "the question is too long for a URL");
	return NULL;
}

static struct sl_buf url_begin(const struct zipkin *z, const char *path)
{
	struct sl_buf url;

	sl_buf_init(&url, URL_MAX);
	sl_buf_printf(&url, "%s%s", z->base, path);
	return url;
}

/* Terms are joined by " and ", the first '=' ends a tag's name: neither can be escaped. */
static int put_tags(struct sl_buf *url, const struct sl_trace_query *q, struct sl_error *e)
{
	struct sl_buf terms;

	if (!q->tag_count)
		return SL_OK;
	sl_buf_init(&terms, URL_MAX);
	for (size_t i = 0; i < q->tag_count; i++) {
		const char *name = q->tags[i].name, *value = q->tags[i].value;
		bool bare = !value || !*value;

		if (!*name || strchr(name, '=') || strstr(name, " and ") ||
		    (value && strstr(value, " and "))) {
			sl_buf_release(&terms);
			return sl_fail(e, SL_EINPUT,
				       "Zipkin cannot look for the tag '%.100s': '=' and ' and ' "
				       "have a meaning of their own there",
				       name);
		}
		sl_buf_printf(&terms, "%s%s%s%s", i ? " and " : "", name, bare ? "" : "=",
			      bare ? "" : value);
	}
	put(url, "annotationQuery", sl_buf_str(&terms));
	sl_buf_release(&terms);
	return SL_OK;
}

static int put_window(struct sl_buf *url, int64_t from_ms, int64_t to_ms, struct sl_error *e)
{
	int64_t end = to_ms ? to_ms : sl_time_now();

	if (from_ms < 0 || to_ms < 0 || from_ms >= end)
		return sl_fail(e, SL_EINPUT, "the time to look at ends before it begins");
	if (from_ms || to_ms) {
		put_int(url, "endTs", end);
		put_int(url, "lookback", from_ms ? end - from_ms : DAY_MS);
	}
	return SL_OK;
}

static int put_durations(struct sl_buf *url, const struct sl_trace_query *q, struct sl_error *e)
{
	if (q->min_us < 0 || q->max_us < 0 || (q->max_us && q->max_us < q->min_us))
		return sl_fail(e, SL_EINPUT, "the longest duration is below the shortest");
	if (q->min_us || q->max_us) /* the longest needs a shortest */
		put_int(url, "minDuration", q->min_us ? q->min_us : 1);
	if (q->max_us)
		put_int(url, "maxDuration", q->max_us);
	return SL_OK;
}

char *zipkin_search_url(const struct zipkin *z, const struct sl_trace_query *q, struct sl_error *e)
{
	struct sl_buf url = url_begin(z, "/traces");
	unsigned limit = q->limit ? q->limit : LIMIT_ELSE;

	if (q->service && *q->service)
		put_lower(&url, "serviceName", q->service);
	if (q->operation && *q->operation)
		put_lower(&url, "spanName", q->operation);
	if (put_tags(&url, q, e) != SL_OK || put_durations(&url, q, e) != SL_OK ||
	    put_window(&url, q->from_ms, q->to_ms, e) != SL_OK) {
		sl_buf_release(&url);
		return NULL;
	}
	put_int(&url, "limit", limit < LIMIT_MAX ? limit : LIMIT_MAX);
	return url_done(&url, e);
}

char *zipkin_trace_url(const struct zipkin *z, const char *id, struct sl_error *e)
{
	struct sl_buf url = url_begin(z, "/trace/");
	size_t len = strlen(id);
	char *lower;

	if (!len || len > 32 || strspn(id, "0123456789abcdefABCDEF") != len) {
		sl_buf_release(&url);
		sl_fail(e, SL_EINPUT, "'%.64s' is no trace id: up to 32 digits 0-9 and a-f", id);
		return NULL;
	}
	lower = zipkin_lower(id);
	sl_buf_puts(&url, lower);
	free(lower);
	return url_done(&url, e);
}

char *zipkin_names_url(const struct zipkin *z, const char *service, struct sl_error *e)
{
	struct sl_buf url = url_begin(z, service ? "/spans" : "/services");

	if (service)
		put_lower(&url, "serviceName", service);
	return url_done(&url, e);
}

char *zipkin_edges_url(const struct zipkin *z, int64_t from_ms, int64_t to_ms, struct sl_error *e)
{
	struct sl_buf url = url_begin(z, "/dependencies");

	if (put_window(&url, from_ms, to_ms ? to_ms : sl_time_now(), e) != SL_OK) {
		sl_buf_release(&url);
		return NULL;
	}
	return url_done(&url, e);
}
