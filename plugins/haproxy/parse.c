/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command line asks for everything, so that one connection gives one consistent view:
 *
 *     show cli level            admin
 *     show servers state BE     states, weights, configured weights, addresses (by column name)
 *     show stat BE 6 -1         sessions, queues, backup flags; algorithm and mode (CSV)
 *     show table BE ...         does the backend keep clients by a stick table?
 *     show backend              the names, for near matches
 *     show cli level            the end mark: an answer without it was cut off
 *
 * Each answer ends with an empty line.
 */
#include "plugins/haproxy/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/haproxy/rows.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define SERVERS_MAX 4096
#define COLUMNS_MAX 256
#define NAMES_SHOWN 8

/* srv_admin_state and srv_check_state are bit sets; see the management guide. */
#define ADMIN_MAINT   0x63 /* forced, inherited, by resolution, by host name */
#define ADMIN_DRAIN   0x18 /* forced, inherited */
#define CHECK_ENABLED 0x04
#define OP_STARTING   1
#define OP_RUNNING    2

enum section { LEVEL, STATES, STATS, TABLE, BACKENDS, END_MARK, SECTIONS };

char *hap_view_line(const char *backend)
{
	/* No session has so large a server id: the filter only asks whether the table has a
	 * column for servers, as those of "stick on" do and those of rate limits do not. */
	return sl_asprintf("show cli level; show servers state %s; show stat %s 6 -1; "
			   "show table %s data.server_id gt 2000000000; show backend; "
			   "show cli level\n",
			   backend, backend, backend);
}

bool hap_is_name(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > 128)
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.:_-") == len;
}

/* --- algorithms --- */

/* HAProxy does not tell "hash-type consistent", which takes weights, from map-based, which does
 * not; so hashes count as not. 2.6 calls random "unknown". */
static const struct {
	const char *name;
	bool exact;
} weighted[] = {
	{"roundrobin", true},
	{"leastconn", false},
	{"random", false},
	{"unknown", false},
};

bool hap_weights_work(const char *algorithm)
{
	for (size_t i = 0; i < SL_COUNT(weighted); i++)
		if (strcmp(weighted[i].name, algorithm) == 0)
			return true;
	return false;
}

bool hap_weights_exact(const char *algorithm)
{
	for (size_t i = 0; i < SL_COUNT(weighted); i++)
		if (strcmp(weighted[i].name, algorithm) == 0)
			return weighted[i].exact;
	return false;
}

/* --- lines and columns --- */

/* Cut the answer at its empty lines. False when there are not exactly SECTIONS of them. */
static bool sections_cut(char *answer, size_t len, struct text out[SECTIONS])
{
	char *at = answer, *end = answer + len;

	for (int i = 0; i < SECTIONS; i++) {
		char *p = at;

		while (p < end && *p != '\n') {
			char *newline = memchr(p, '\n', (size_t)(end - p));

			p = newline ? newline + 1 : end;
		}
		if (p >= end)
			return false;
		out[i] = (struct text){.at = at, .end = p};
		at = p + 1;
	}
	return at == end;
}

static int fail_garbage(struct sl_error *e, const char *command, const char *line)
{
	return sl_fail(e, SL_EPROTO,
		       "'%s' was answered with something that is not HAProxy's: %.80s", command,
		       line ? line : "(nothing)");
}

/* Splitting ends a line at its first blank: keep the beginning for the message. */
static void line_keep(char shown[81], const char *line)
{
	snprintf(shown, 81, "%s", line);
}

static bool number(const char *s, int64_t max, int64_t *value)
{
	return sl_count_parse(s, 0, max, value);
}

/* --- show servers state --- */

enum { S_NAME, S_ADDR, S_OP, S_ADMIN, S_WEIGHT, S_INITIAL, S_CHECK, S_AGENT, S_PORT, S_COLUMNS };

static const struct column state_columns[S_COLUMNS] = {
	[S_NAME] = {"srv_name", 0},         [S_ADDR] = {"srv_addr", 0},
	[S_OP] = {"srv_op_state", 0},       [S_ADMIN] = {"srv_admin_state", 0},
	[S_WEIGHT] = {"srv_uweight", 0},    [S_INITIAL] = {"srv_iweight", 0},
	[S_CHECK] = {"srv_check_state", 0}, [S_AGENT] = {"srv_agent_state", 0},
	[S_PORT] = {"srv_port", 0},
};

static enum sl_admin admin_of(int64_t bits)
{
	if (bits & ADMIN_MAINT)
		return SL_ADMIN_MAINT;
	return bits & ADMIN_DRAIN ? SL_ADMIN_DRAIN : SL_ADMIN_READY;
}

static bool state_row(struct hap_view *v, char **f, const struct column *c)
{
	int64_t op, admin, weight, initial, check, agent, port;
	struct hap_server *s;

	if (!hap_is_name(f[c[S_NAME].at]) || !number(f[c[S_OP].at], 3, &op) ||
	    !number(f[c[S_ADMIN].at], 0xff, &admin) || !number(f[c[S_WEIGHT].at], 256, &weight) ||
	    !number(f[c[S_INITIAL].at], 256, &initial) ||
	    !number(f[c[S_CHECK].at], 0xffff, &check) ||
	    !number(f[c[S_AGENT].at], 0xffff, &agent) || !number(f[c[S_PORT].at], 65535, &port))
		return false;
	if (v->count >= SERVERS_MAX || hap_view_find(v, f[c[S_NAME].at]))
		return false;
	SL_GROW(v->servers, v->count, v->cap);
	s = &v->servers[v->count++];
	*s = (struct hap_server){
		.name = sl_strdup(f[c[S_NAME].at]),
		.address = sl_strdup(f[c[S_ADDR].at]),
		.port = (unsigned)port,
		.weight = (int)weight,
		.initial = (int)initial,
		.admin = admin_of(admin),
		.checked = (check & CHECK_ENABLED) || (agent & CHECK_ENABLED),
		.up = op == OP_STARTING || op == OP_RUNNING,
	};
	return true;
}

static int states_parse(struct hap_view *v, struct text t, struct sl_error *e)
{
	static const char command[] = "show servers state";
	struct column columns[S_COLUMNS];
	char *fields[COLUMNS_MAX], *line = hap_line_next(&t), shown[81];
	size_t n, last;

	memcpy(columns, state_columns, sizeof columns);
	if (!line || strcmp(line, "1") != 0)
		return fail_garbage(e, command, line);
	line = hap_line_next(&t);
	if (!line || !sl_text_starts(line, "# "))
		return fail_garbage(e, command, line);
	n = hap_fields_split(line + 2, fields, COLUMNS_MAX);
	if (!hap_columns_find(columns, S_COLUMNS, fields, n))
		return fail_garbage(e, command,
				    "a table without the columns of version 2.0 and "
				    "later");
	last = hap_columns_last(columns, S_COLUMNS);
	while ((line = hap_line_next(&t))) {
		line_keep(shown, line);
		n = hap_fields_split(line, fields, COLUMNS_MAX);
		if (n <= last || !state_row(v, fields, columns))
			return fail_garbage(e, command, shown);
	}
	return SL_OK;
}

/* --- show stat --- */

enum {
	T_SERVER,
	T_QUEUED,
	T_SESSIONS,
	T_BACKUP,
	T_TYPE,
	T_TRACKED,
	T_COOKIE,
	T_MODE,
	T_ALGO,
	T_COLUMNS
};

static const struct column stat_columns[T_COLUMNS] = {
	[T_SERVER] = {"svname", 0}, [T_QUEUED] = {"qcur", 0}, [T_SESSIONS] = {"scur", 0},
	[T_BACKUP] = {"bck", 0},    [T_TYPE] = {"type", 0},   [T_TRACKED] = {"tracked", 0},
	[T_COOKIE] = {"cookie", 0}, [T_MODE] = {"mode", 0},   [T_ALGO] = {"algo", 0},
};

static bool stat_server(struct hap_view *v, char **f, const struct column *c)
{
	struct hap_server *s = (struct hap_server *)hap_view_find(v, f[c[T_SERVER].at]);
	int64_t backup;

	if (!s || s->counted || !number(f[c[T_QUEUED].at], INT64_MAX, &s->queued) ||
	    !number(f[c[T_SESSIONS].at], INT64_MAX, &s->sessions) ||
	    !number(f[c[T_BACKUP].at], 1, &backup))
		return false;
	s->counted = true;
	s->backup = backup;
	/* Another server's checks are as good as its own. */
	s->checked = s->checked || *f[c[T_TRACKED].at];
	s->up = s->up || !s->checked;
	return true;
}

static bool stat_backend(struct hap_view *v, char **f, const struct column *c)
{
	const char *algorithm = f[c[T_ALGO].at];

	if (v->algorithm || !*algorithm || !sl_text_is_clean(algorithm, strlen(algorithm)))
		return false;
	v->algorithm = sl_strdup(strcmp(algorithm, "unknown") ? algorithm : "random");
	v->http = strcmp(f[c[T_MODE].at], "http") == 0;
	v->persistence = v->persistence || *f[c[T_COOKIE].at];
	return true;
}

static int stats_rows(struct hap_view *v, struct text *t, const struct column *columns,
		      struct sl_error *e)
{
	size_t last = hap_columns_last(columns, T_COLUMNS);
	char *fields[COLUMNS_MAX], *line, shown[81];

	while ((line = hap_line_next(t))) {
		bool server;
		size_t n;

		line_keep(shown, line);
		n = hap_csv_split(line, fields, COLUMNS_MAX);
		if (n <= last)
			return fail_garbage(e, "show stat", shown);
		server = strcmp(fields[columns[T_TYPE].at], "2") == 0;
		if (!server && strcmp(fields[columns[T_TYPE].at], "1") != 0)
			continue;
		if (!(server ? stat_server : stat_backend)(v, fields, columns))
			return fail_garbage(e, "show stat", shown);
	}
	return SL_OK;
}

static int stats_parse(struct hap_view *v, struct text t, struct sl_error *e)
{
	struct column columns[T_COLUMNS];
	char *fields[COLUMNS_MAX], *line = hap_line_next(&t);
	size_t n;

	memcpy(columns, stat_columns, sizeof columns);
	if (!line || !sl_text_starts(line, "# pxname,"))
		return fail_garbage(e, "show stat", line);
	n = hap_csv_split(line + 2, fields, COLUMNS_MAX);
	if (!hap_columns_find(columns, T_COLUMNS, fields, n))
		return fail_garbage(e, "show stat",
				    "a table without the columns of version 2.0 "
				    "and later");
	if (stats_rows(v, &t, columns, e) != SL_OK)
		return SL_EPROTO;
	if (!v->algorithm)
		return sl_fail(e, SL_EPROTO, "'show stat' has no row for the backend itself");
	for (size_t i = 0; i < v->count; i++)
		if (!v->servers[i].counted)
			return sl_fail(e, SL_EPROTO, "'show stat' has no row for server '%s'",
				       v->servers[i].name);
	return SL_OK;
}

/* --- the rest --- */

static int level_check(struct text t, struct sl_error *e)
{
	const char *line = hap_line_next(&t);

	if (line && strcmp(line, "admin") == 0)
		return SL_OK;
	if (line && (strcmp(line, "operator") == 0 || strcmp(line, "user") == 0))
		return sl_fail(e, SL_EAUTH,
			       "the socket's level is '%s' and changing weights needs 'admin': "
			       "write 'level admin' on its 'stats socket' line in the global "
			       "section of haproxy.cfg and reload",
			       line);
	return fail_garbage(e, "show cli level", line);
}

/* names[0] and on point into t. */
static size_t backend_names(struct text *t, const char **names, size_t max)
{
	const char *line;
	size_t n = 0;

	while (n < max && (line = hap_line_next(t)))
		if (hap_is_name(line))
			names[n++] = line;
	return n;
}

static int fail_unknown(const char *backend, struct text t, struct sl_error *e)
{
	const char *names[1024], *near;
	size_t n = backend_names(&t, names, SL_COUNT(names));
	struct sl_buf all;

	near = sl_text_nearest(backend, names, n);
	if (near)
		return sl_fail(e, SL_ENOTFOUND, "HAProxy has no backend '%s'; did you mean '%s'?",
			       backend, near);
	sl_buf_init(&all, 800);
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
		sl_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	if (n > NAMES_SHOWN)
		sl_buf_printf(&all, " and %zu more", n - NAMES_SHOWN);
	sl_fail(e, SL_ENOTFOUND, "HAProxy has no backend '%s'; it has: %s", backend,
		n ? sl_buf_str(&all) : "none");
	sl_buf_release(&all);
	return SL_ENOTFOUND;
}

static bool starts(struct text t, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(t.end - t.at) >= len && memcmp(t.at, prefix, len) == 0;
}

static int view_fill(struct hap_view *v, const char *backend, char *copy, size_t len,
		     struct sl_error *e)
{
	struct text part[SECTIONS];
	char *first = copy;

	if (!sections_cut(copy, len, part)) {
		struct text all = {copy, copy + len};

		first = hap_line_next(&all);
		return sl_fail(e, SL_EPROTO,
			       "the answer was cut off or is not HAProxy's; it begins: %.80s",
			       first && *first ? first : "(nothing)");
	}
	if (level_check(part[LEVEL], e) != SL_OK)
		return e ? (int)e->code : SL_EPROTO;
	if (level_check(part[END_MARK], e) != SL_OK)
		return SL_EPROTO;
	if (starts(part[STATES], "Can't find backend"))
		return fail_unknown(backend, part[BACKENDS], e);
	v->persistence = starts(part[TABLE], "# table: ");
	if (states_parse(v, part[STATES], e) != SL_OK)
		return SL_EPROTO;
	return stats_parse(v, part[STATS], e);
}

int hap_view_parse(struct hap_view *v, const char *backend, const char *answer, size_t len,
		   struct sl_error *e)
{
	struct sl_error own = {0};
	char *copy;
	int rc;

	e = e ? e : &own;
	if (memchr(answer, '\0', len))
		return sl_fail(e, SL_EPROTO, "the answer is not text");
	copy = sl_strndup(answer, len);
	rc = view_fill(v, backend, copy, len, e);
	free(copy);
	return rc;
}

void hap_view_release(struct hap_view *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->servers[i].name);
		free(v->servers[i].address);
	}
	free(v->servers);
	free(v->algorithm);
	*v = (struct hap_view){0};
}

const struct hap_server *hap_view_find(const struct hap_view *v, const char *server)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->servers[i].name, server) == 0)
			return &v->servers[i];
	return NULL;
}
