/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/screens/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/plan.h"
#include "orchestrator/state/store.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define HOSTS 12

/* --- a plan: claim, stage, then upgrades in three waves with traffic and a pause between --- */

/* What the rows are made of. */
static const struct words {
	const char *service, *host, *exhausted, *died;
} english = {"cart", "ca", "answered 503 for 60 s: db pool exhausted",
	     "the process died at once: exit status 78"},
  chinese = {"支付·扣款", "支付主机", "连续 60 秒返回 503：数据库连接池已满，拒绝新连接",
	     "进程启动后立即退出：退出码 78"};

static struct plan_step *add_step(struct plan *p, enum plan_do what, size_t track, int host)
{
	struct plan_step *s;
	char name[40];

	p->steps = sl_realloc_n(p->steps, p->step_count + 1, sizeof *p->steps);
	s = &p->steps[p->step_count++];
	*s = (struct plan_step){.wave = p->wave_count - 1,
				.what = what,
				.track = track,
				.instance = -1,
				.share = -1};
	snprintf(s->id, sizeof s->id, "%zu", p->step_count);
	s->service = sl_strdup(p->service);
	if (host) {
		snprintf(name, sizeof name, "%s%02d",
			 strcmp(p->service, english.service) != 0 ? chinese.host : english.host,
			 host);
		s->host = sl_strdup(name);
		s->port = 8080;
		s->claim = sl_strdup("/srv/cart/.sluice");
	}
	p->waves[p->wave_count - 1].count++;
	return s;
}

static void add_wave(struct plan *p, enum plan_wave_kind kind, const char *title)
{
	p->waves = sl_realloc_n(p->waves, p->wave_count + 1, sizeof *p->waves);
	p->waves[p->wave_count++] = (struct plan_wave){
		.kind = kind, .title = sl_strdup(title), .first = p->step_count, .share_after = -1};
}

static void add_upgrade(struct plan *p, const char *title, int from, int to)
{
	static const enum plan_do what[] = {DO_DRAIN, DO_SWAP, DO_READY, DO_RETURN};
	int host;
	size_t i;

	add_wave(p, WAVE_UPGRADE, title);
	for (host = from; host <= to; host++) {
		for (i = 0; i < SL_COUNT(what); i++) {
			struct plan_step *s = add_step(p, what[i], (size_t)host, host);

			s->release = sl_strdup("3.3.8-9c1e03d2");
			s->digest = sl_strdup("9c1e03d2");
			s->spec = sl_strdup("0");
		}
	}
}

static char *make_document(const struct words *words)
{
	struct plan p = {.service = sl_strdup(words->service),
			 .version = sl_strdup("3.3.8"),
			 .old_version = sl_strdup("3.3.7"),
			 .release = sl_strdup("3.3.8-9c1e03d2"),
			 .digest = sl_strdup("9c1e03d2"),
			 .artifact = sl_strdup("cart.tar.gz"),
			 .total = HOSTS,
			 .touched = HOSTS,
			 .rollback_ms = 110000};
	cJSON *doc;
	char *text;
	int host;

	add_wave(&p, WAVE_STAGE, "stage 3.3.8-9c1e03d2");
	for (host = 1; host <= HOSTS; host++)
		add_step(&p, DO_STAGE, (size_t)host, host)->release = sl_strdup("3.3.8-9c1e03d2");
	add_upgrade(&p, "upgrade 3 of 12 (25%)", 1, 3);
	add_wave(&p, WAVE_TRAFFIC, "traffic 25%");
	add_step(&p, DO_WEIGHT, 0, 0)->share = .25;
	add_wave(&p, WAVE_PAUSE, "pause until promoted");
	add_step(&p, DO_PAUSE, 0, 0)->pause_ms = -1;
	add_upgrade(&p, "upgrade 6 of 12 (50%)", 4, 6);
	add_upgrade(&p, "upgrade 12 of 12 (100%)", 7, 12);
	doc = plan_json(&p);
	text = sl_json_print(doc);
	cJSON_Delete(doc);
	plan_release(&p);
	return text;
}

/* --- rows --- */

struct maker {
	sqlite3 *db;
	int64_t run, seq, time;
};

static void sql(sqlite3 *db, const char *text)
{
	char *error = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", text, error);
}

static void event(struct maker *m, int64_t after_ms, const char *fmt, ...)
{
	char time[40], body[1024], *text;
	va_list ap;

	m->time += after_ms;
	m->seq++;
	va_start(ap, fmt);
	vsnprintf(body, sizeof body, fmt, ap);
	va_end(ap);
	text = sqlite3_mprintf("INSERT INTO event VALUES(%lld, %lld, %lld, 'e', "
			       "'{\"v\":1,\"seq\":%lld,\"run\":%lld,\"time\":\"%s\",%q}')",
			       (long long)m->run, (long long)m->seq, (long long)m->time,
			       (long long)m->seq, (long long)m->run,
			       sl_time_format(time, sizeof time, m->time), body);
	sql(m->db, text);
	sqlite3_free(text);
}

static void step(struct maker *m, int id, int64_t ms, const char *error)
{
	event(m, 10, "\"event\":\"step.started\",\"step\":\"%d\",\"do\":\"swap\"", id);
	if (!error)
		event(m, ms,
		      "\"event\":\"step.ended\",\"step\":\"%d\",\"do\":\"swap\",\"result\":\"ok\","
		      "\"ms\":%lld,\"error\":null",
		      id, (long long)ms);
	else if (*error)
		event(m, ms,
		      "\"event\":\"step.ended\",\"step\":\"%d\",\"do\":\"ready\",\"result\":"
		      "\"failed\",\"ms\":%lld,\"error\":{\"code\":\"timeout\",\"message\":\"%s\"}",
		      id, (long long)ms, error);
}

static void steps(struct maker *m, int from, int to, int64_t ms)
{
	for (; from <= to; from++)
		step(m, from, ms, NULL);
}

/* Stage, three upgraded, a quarter of the traffic. */
static void first_quarter(struct maker *m, const struct words *words)
{
	event(m, 0,
	      "\"event\":\"run.started\",\"name\":\"%s\",\"kind\":\"rollout\",\"service\":"
	      "\"%s\",\"version\":\"3.3.8\"",
	      words->service, words->service);
	steps(m, 1, 12, 400);
	steps(m, 13, 24, 900);
	step(m, 25, 15, NULL);
	event(m, 1, "\"event\":\"traffic.set\",\"want\":0.25,\"real\":0.25");
}

static struct maker make_run(const char *folder, const char *name, const char *kind,
			     const char *who, const char *document, int64_t ago)
{
	struct store_run r = {.name = sl_strdup(name),
			      .kind = sl_strdup(kind),
			      .who = sl_strdup(who),
			      .from = sl_strdup("ops-2"),
			      .reason = sl_strdup("OPS-5521")};
	struct maker m = {.time = DATA_NOW - ago};
	cJSON *texts = cJSON_CreateObject();
	struct sl_error e = {0};
	struct store *s;
	static int made;
	char *path, text[256];

	snprintf(r.uuid, sizeof r.uuid, "00000000-0000-4000-8000-%012d", ++made);
	sl_json_add_str(texts, "document", document);
	if (store_open(folder, &s, &e) || store_run_create(s, &r, texts, &e))
		fail_msg("%s", e.msg);
	store_close(s);
	cJSON_Delete(texts);
	m.run = r.number;
	store_run_release(&r);
	path = sl_asprintf("%s/runs.db", folder);
	assert_int_equal(sqlite3_open(path, &m.db), SQLITE_OK);
	free(path);
	snprintf(text, sizeof text, "UPDATE run SET started=%lld WHERE number=%lld",
		 (long long)m.time, (long long)m.run);
	sql(m.db, text);
	return m;
}

static void ended(struct maker *m, const char *outcome, int exit)
{
	char text[256];

	event(m, 5, "\"event\":\"run.ended\",\"outcome\":\"%s\",\"exit\":%d,\"owed\":[]", outcome,
	      exit);
	snprintf(text, sizeof text,
		 "UPDATE run SET state='ended', outcome='%s', exit=%d, ended=%lld, pid=0 "
		 "WHERE number=%lld",
		 outcome, exit, (long long)m->time, (long long)m->run);
	sql(m->db, text);
}

/* Two fail alike, a third one otherwise, and all is taken back. */
static void failed(struct maker *m, const struct words *words)
{
	char alike[2][200];

	snprintf(alike[0], sizeof alike[0], "%s04:8080 %s", words->host, words->exhausted);
	snprintf(alike[1], sizeof alike[1], "%s05:8080 %s", words->host, words->exhausted);
	first_quarter(m, words);
	step(m, 26, 4000, NULL);
	steps(m, 27, 28, 800);
	step(m, 29, 60000, alike[0]);
	steps(m, 31, 32, 800);
	step(m, 33, 60000, alike[1]);
	steps(m, 35, 36, 800);
	step(m, 37, 9000, words->died);
	ended(m, "rolledBack", 4);
	sqlite3_close(m->db);
}

void data_make_chinese(const char *folder)
{
	char *document = make_document(&chinese);
	struct maker m =
		make_run(folder, "支付扣款灰度发布", "rollout", "陈静", document, 2 * 3600000LL);

	failed(&m, &chinese);
	m = make_run(folder, "支付扣款灰度发布", "rollout", "王磊", document, 120000);
	first_quarter(&m, &chinese);
	step(&m, 26, 4000, NULL);
	step(&m, 27, 0, "");
	sqlite3_close(m.db);
	free(document);
}

void data_make(const char *folder)
{
	char *document = make_document(&english);
	struct maker m = make_run(folder, "cart", "rollout", "lin", document, 26 * 3600000LL);

	first_quarter(&m, &english);
	steps(&m, 26, 62, 700);
	ended(&m, "done", 0);
	sqlite3_close(m.db);

	m = make_run(folder, "cart", "rollout", "wang", document, 2 * 3600000LL);
	failed(&m, &english);

	m = make_run(folder, "cart", "rollout", "oncall", document, 300000);
	first_quarter(&m, &english);
	event(&m, 10, "\"event\":\"step.started\",\"step\":\"26\",\"do\":\"pause\"");
	event(&m, 1,
	      "\"event\":\"pause.started\",\"step\":\"26\",\"until\":null,\"by\":"
	      "\"playbook\"");
	sql(m.db, "UPDATE run SET state='paused', waiting='{\"for\":\"promote\",\"step\":\"26\"}' "
		  "WHERE number=3");
	sqlite3_close(m.db);

	m = make_run(folder, "订单服务", "rollout", "chen", document, 120000);
	first_quarter(&m, &english);
	step(&m, 26, 4000, NULL);
	step(&m, 27, 0, "");
	sqlite3_close(m.db);
	free(document);
}

static sqlite3 *db_open(const char *folder)
{
	char *path = sl_asprintf("%s/runs.db", folder);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	free(path);
	return db;
}

void data_append(const char *folder, int64_t run, const char *json)
{
	struct maker m = {.db = db_open(folder), .run = run, .time = DATA_NOW};
	sqlite3_stmt *s;

	assert_int_equal(
		sqlite3_prepare_v2(m.db, "SELECT max(seq) FROM event WHERE run=?", -1, &s, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(s, 1, run);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	m.seq = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	event(&m, 0, "%s", json);
	sqlite3_close(m.db);
}

void data_row(const char *folder, int64_t run, const char *set)
{
	sqlite3 *db = db_open(folder);
	char text[256];

	snprintf(text, sizeof text, "UPDATE run SET %s WHERE number=%lld", set, (long long)run);
	sql(db, text);
	sqlite3_close(db);
}

int data_controls(const char *folder, int64_t run, char *verb, char *who, char *reason)
{
	sqlite3 *db = db_open(folder);
	sqlite3_stmt *s;
	int n = 0;

	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT verb, who, reason FROM control WHERE run=? "
					    "ORDER BY id",
					    -1, &s, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(s, 1, run);
	for (; sqlite3_step(s) == SQLITE_ROW; n++) {
		snprintf(verb, 64, "%s", (const char *)sqlite3_column_text(s, 0));
		snprintf(who, 64, "%s", (const char *)sqlite3_column_text(s, 1));
		snprintf(reason, 64, "%s", (const char *)sqlite3_column_text(s, 2));
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}
