/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugins/sdk/mem.h"

/* Largest first: the same rows parse and print. */
static const struct unit {
	const char *name;
	int64_t ms;
} duration_units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s into *n; advances *s. False without digits or on overflow. */
static bool digits(const char **s, int64_t *n)
{
	const char *p = *s;

	*n = 0;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, *p - '0', n))
			return false;
	if (p == *s)
		return false;
	*s = p;
	return true;
}

/* The row of duration_units whose name stands at s, up to the next digit or the end. */
static size_t unit_at(const char *s)
{
	size_t len = strcspn(s, "0123456789");

	for (size_t i = 0; i < SL_COUNT(duration_units); i++)
		if (strlen(duration_units[i].name) == len &&
		    memcmp(s, duration_units[i].name, len) == 0)
			return i;
	return SL_COUNT(duration_units);
}

bool sl_duration_parse(const char *s, int64_t *ms)
{
	int64_t total = 0, n;
	size_t smallest = 0; /* units go down: 1m30s, never 30s1m */

	if (!*s)
		return false;
	while (*s) {
		size_t u;

		if (!digits(&s, &n))
			return false;
		u = unit_at(s);
		if (u < smallest || u == SL_COUNT(duration_units))
			return false;
		if (__builtin_mul_overflow(n, duration_units[u].ms, &n) ||
		    __builtin_add_overflow(total, n, &total))
			return false;
		smallest = u + 1;
		s += strlen(duration_units[u].name);
	}
	*ms = total;
	return true;
}

const char *sl_duration_format(char *dst, size_t size, int64_t ms)
{
	size_t used = 0;

	if (ms <= 0) {
		snprintf(dst, size, "0s");
		return dst;
	}
	for (size_t i = 0; i < SL_COUNT(duration_units) && used < size; i++) {
		int64_t n = ms / duration_units[i].ms;

		if (!n)
			continue;
		ms -= n * duration_units[i].ms;
		used += (size_t)snprintf(dst + used, size - used, "%" PRId64 "%s", n,
					 duration_units[i].name);
	}
	return dst;
}

/* "2 h 3 m", but "2 h": a zero second part is noise. */
static const char *two_parts(char *dst, size_t size, int64_t a, const char *ua, int64_t b,
			     const char *ub)
{
	if (b)
		snprintf(dst, size, "%" PRId64 " %s %" PRId64 " %s", a, ua, b, ub);
	else
		snprintf(dst, size, "%" PRId64 " %s", a, ua);
	return dst;
}

const char *sl_duration_human(char *dst, size_t size, int64_t ms)
{
	int64_t s, m;

	if (ms < 0)
		ms = 0;
	if (ms < 1000) {
		snprintf(dst, size, "%" PRId64 " ms", ms);
		return dst;
	}
	s = ms / 1000 + (ms % 1000 >= 500);
	m = s / 60 + (s % 60 >= 30);
	if (s < 60)
		snprintf(dst, size, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(dst, size, "%" PRId64 ":%02d", s / 60, (int)(s % 60));
	else if (m < 24 * 60)
		two_parts(dst, size, m / 60, "h", m % 60, "m");
	else
		two_parts(dst, size, m / 1440, "d", m % 1440 / 60, "h");
	return dst;
}

/* Digits with an optional fraction, no sign, no exponent, not locale dependent; advances *s. */
static bool decimal(const char **s, double *value)
{
	int64_t whole, part;
	const char *p = *s;
	double scale = 1;

	if (!digits(&p, &whole))
		return false;
	*value = (double)whole;
	if (*p == '.') {
		const char *from = ++p;

		if (!digits(&p, &part) || p - from > 9)
			return false;
		for (; from < p; from++)
			scale *= 10;
		*value += (double)part / scale;
	}
	*s = p;
	return true;
}

bool sl_share_parse(const char *s, double *share)
{
	double v;

	if (!decimal(&s, &v) || strcmp(s, "%") != 0 || v > 100)
		return false;
	*share = v / 100;
	return true;
}

const char *sl_share_format(char *dst, size_t size, double share)
{
	double tenths = round(share * 1000);

	if (fmod(tenths, 10) == 0)
		snprintf(dst, size, "%.0f%%", tenths / 10);
	else
		snprintf(dst, size, "%.0f.%.0f%%", floor(tenths / 10), fmod(tenths, 10));
	return dst;
}

bool sl_rate_parse(const char *s, double *per_second)
{
	static const struct {
		const char *suffix;
		double seconds;
	} per[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}};
	double v;

	if (!decimal(&s, &v))
		return false;
	for (size_t i = 0; i < SL_COUNT(per); i++) {
		if (strcmp(s, per[i].suffix) == 0) {
			*per_second = v / per[i].seconds;
			return true;
		}
	}
	return false;
}

bool sl_count_parse(const char *s, int64_t min, int64_t max, int64_t *value)
{
	int64_t n;

	if (!digits(&s, &n) || *s || n < min || n > max)
		return false;
	*value = n;
	return true;
}

const char *sl_bytes_human(char *dst, size_t size, uint64_t bytes)
{
	static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(dst, size, "%" PRIu64 " B", bytes);
		return dst;
	}
	/* 1023.95 would print as "1024.0" of the smaller unit. */
	for (; v >= 1023.95 && i + 1 < SL_COUNT(names); i++)
		v /= 1024;
	snprintf(dst, size, "%" PRIu64 ".%d %s", (uint64_t)(round(v * 10) / 10),
		 (int)((uint64_t)round(v * 10) % 10), names[i]);
	return dst;
}

const char *sl_weight_format(char *dst, size_t size, int weight)
{
	if (weight < 0)
		snprintf(dst, size, "no weight");
	else
		snprintf(dst, size, "weight %d", weight);
	return dst;
}

const char *sl_time_clock(char *dst, size_t size, int64_t unix_ms)
{
	time_t s = (time_t)(unix_ms / 1000);
	struct tm tm;

	if (!localtime_r(&s, &tm) || !strftime(dst, size, "%H:%M:%S", &tm))
		snprintf(dst, size, "?");
	return dst;
}

const char *sl_time_format(char *dst, size_t size, int64_t unix_ms)
{
	int64_t ms = unix_ms % 1000;
	time_t s = (time_t)(unix_ms / 1000);
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	if (!gmtime_r(&s, &tm) || tm.tm_year > 9999 - 1900) {
		snprintf(dst, size, "?");
		return dst;
	}
	snprintf(dst, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
	return dst;
}

/* Fixed-width digits at *s, followed by `after` (0 = nothing in particular); advances past both. */
static bool field(const char **s, int width, char after, int *value)
{
	const char *p = *s;

	*value = 0;
	for (int i = 0; i < width; i++, p++) {
		if (!is_digit(*p))
			return false;
		*value = *value * 10 + (*p - '0');
	}
	if (after && *p++ != after)
		return false;
	*s = p;
	return true;
}

/* ".678" -> 678; further digits are accepted and dropped; no fraction is 0. */
static bool fraction(const char **s, int *ms)
{
	const char *p = *s;
	int scale = 100;

	*ms = 0;
	if (*p != '.')
		return true;
	if (!is_digit(*++p))
		return false;
	for (; is_digit(*p); p++, scale /= 10)
		*ms += (*p - '0') * scale;
	*s = p;
	return true;
}

static bool calendar_valid(const struct tm *tm)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = tm->tm_year + 1900, last;

	if (tm->tm_mon < 0 || tm->tm_mon > 11)
		return false;
	last = days[tm->tm_mon];
	if (tm->tm_mon == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		last = 29;
	return tm->tm_mday >= 1 && tm->tm_mday <= last && tm->tm_hour <= 23 && tm->tm_min <= 59 &&
	       tm->tm_sec <= 59;
}

bool sl_time_parse(const char *s, int64_t *unix_ms)
{
	struct tm tm = {0};
	int ms;

	if (!field(&s, 4, '-', &tm.tm_year) || !field(&s, 2, '-', &tm.tm_mon) ||
	    !field(&s, 2, 'T', &tm.tm_mday) || !field(&s, 2, ':', &tm.tm_hour) ||
	    !field(&s, 2, ':', &tm.tm_min) || !field(&s, 2, 0, &tm.tm_sec) || !fraction(&s, &ms))
		return false;
	if (strcmp(s, "Z") != 0)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!calendar_valid(&tm))
		return false;
	*unix_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return true;
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		abort(); /* both clocks exist on every Linux that runs this */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t sl_time_now(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t sl_time_boottime(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}
