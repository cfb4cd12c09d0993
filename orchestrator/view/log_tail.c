/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/log_tail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

enum {
	ASK_MS = 15000,
	OPEN_MS = 60000,  /* from asking for a log to its first byte, connecting among it */
	FRESH_MS = 30000, /* so old may be what is known of where the log is */
	RETRY_MS = 1000,
	RETRY_MAX_MS = 15000,
	AGAIN_LINES = 500, /* read once more after a lost connection */
	SETTLE_MS = 500    /* in which they come */
};

struct log_tail {
	struct host_looks *hosts;
	const struct rs_host *host;
	unsigned port, lines;
	bool once, closed, begun, settling, late;
	char *file, *unit; /* one of them, once known */
	enum log_phase phase;
	struct log_lines *all;
	struct transport_call *asking;
	struct remote_follow *follow;
	uv_timer_t timer; /* of the next try; of opening; while following: of settling */
	bool timer_closed;
	int64_t retry_ms, next;
	struct sl_error error;
	void (*changed)(void *arg);
	void *arg;
};

static void start(struct log_tail *t);

/* Frees it when nothing can call back any more. */
static void maybe_free(struct log_tail *t)
{
	if (!t->closed || t->asking || t->follow || !t->timer_closed)
		return;
	log_lines_free(t->all);
	free(t->file);
	free(t->unit);
	free(t);
}

static void tell(struct log_tail *t)
{
	if (!t->closed && t->changed)
		t->changed(t->arg);
}

/* --- trying again --- */

static void on_timer(uv_timer_t *timer)
{
	struct log_tail *t = timer->data;

	if (t->phase == LOG_OPENING) {
		t->late = true;
		remote_follow_cancel(t->follow);
		return;
	}
	if (t->settling) {
		t->settling = false;
		log_lines_settle(t->all);
		tell(t);
		return;
	}
	start(t);
}

static void retry(struct log_tail *t)
{
	t->retry_ms = t->retry_ms ? t->retry_ms * 2 : RETRY_MS;
	if (t->retry_ms > RETRY_MAX_MS)
		t->retry_ms = RETRY_MAX_MS;
	t->next = sl_time_now() + t->retry_ms;
	uv_timer_start(&t->timer, on_timer, (uint64_t)t->retry_ms, 0);
}

static void say_lost(struct log_tail *t)
{
	char text[SL_ERROR_MAX + 64];

	snprintf(text, sizeof text, "-- %s; trying again --",
		 t->error.code ? t->error.msg : "the log's reader ended");
	log_lines_note(t->all, text);
}

static void failed(struct log_tail *t)
{
	if (t->phase == LOG_FOLLOWING)
		say_lost(t);
	t->settling = false;
	t->phase = t->once ? LOG_ENDED : LOG_LOST;
	if (!t->once)
		retry(t);
	tell(t);
}

/* --- following --- */

static void take_words(struct log_tail *t, const char *bytes, size_t len)
{
	char text[400];

	while (len && bytes[len - 1] == '\n')
		len--;
	sl_text_clean(text, sizeof text, bytes, len, false);
	if (*text)
		log_lines_note(t->all, text);
}

static void on_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct log_tail *t = arg;

	if (t->closed)
		return;
	if (t->phase != LOG_FOLLOWING) {
		t->phase = LOG_FOLLOWING;
		t->error = (struct sl_error){0};
		t->retry_ms = 0;
		t->begun = true;
		uv_timer_stop(&t->timer);
		if (t->settling)
			uv_timer_start(&t->timer, on_timer, SETTLE_MS, 0);
	}
	if (fd == 2)
		take_words(t, bytes, len);
	else
		log_lines_feed(t->all, bytes, len);
	tell(t);
}

static void on_follow_done(void *arg, const struct sl_error *e)
{
	struct log_tail *t = arg;

	t->follow = NULL;
	if (t->closed) {
		maybe_free(t);
		return;
	}
	t->error = *e;
	if (t->late)
		sl_fail(&t->error, SL_ETIMEOUT, "%s: the log is not opened within %d s",
			t->host->name, OPEN_MS / 1000);
	t->late = false;
	uv_timer_stop(&t->timer);
	if (t->once && !e->code) {
		log_lines_end(t->all);
		t->phase = LOG_ENDED;
		tell(t);
	} else {
		failed(t);
	}
}

static void follow(struct log_tail *t)
{
	const struct remote_log log = {.file = t->file,
				       .unit = t->unit,
				       .lines = t->begun ? AGAIN_LINES : t->lines,
				       .once = t->once};

	t->phase = LOG_OPENING;
	if (t->begun) {
		log_lines_again(t->all);
		t->settling = true;
	}
	uv_timer_start(&t->timer, on_timer, OPEN_MS, 0);
	t->follow = remote_follow(host_looks_transport(t->hosts, t->host->name), &log, on_data,
				  on_follow_done, t);
}

/* --- finding it --- */

/* Without a port the one that is not well is meant, else the first. */
static const struct host_running *choose(const struct host_facts *f, unsigned port)
{
	const struct host_running *found = NULL;

	for (size_t i = 0; i < f->running_count; i++) {
		const struct host_running *r = &f->running[i];

		if (port && r->port == port)
			return r;
		if (!port && (!found || (found->state == VW_OK && r->state != VW_OK)))
			found = r;
	}
	return found;
}

static void take_place(struct log_tail *t, const struct host_facts *f)
{
	const struct host_running *r = choose(f, t->port);
	char at[16] = "";

	if (!r) {
		if (t->port)
			snprintf(at, sizeof at, ":%u", t->port);
		sl_fail(&t->error, SL_ENOTFOUND,
			"sluice runs nothing on %s%s, so it knows no log there", t->host->name, at);
		t->phase = LOG_UNKNOWN;
		return;
	}
	if (*r->unit)
		t->unit = sl_strdup(r->unit);
	else
		t->file = sl_strdup(r->log);
	follow(t);
}

static void on_facts(void *arg, const struct remote_answer *a)
{
	struct log_tail *t = arg;
	int64_t now = sl_time_now();
	struct host_facts f;

	t->asking = NULL;
	if (t->closed) {
		maybe_free(t);
		return;
	}
	t->error = a->error;
	if (a->error.code) {
		failed(t);
		return;
	}
	host_facts_read(&f, a, now, now, NULL);
	take_place(t, &f);
	host_facts_release(&f);
	tell(t);
}

static void ask(struct log_tail *t)
{
	const struct remote_arg args[] = {{"dirs", host_looks_dirs(t->hosts, t->host->name)}};

	t->phase = LOG_ASKING;
	t->asking = remote_run(host_looks_transport(t->hosts, t->host->name), REMOTE_HOST, args,
			       SL_COUNT(args), ASK_MS, on_facts, t);
}

static void start(struct log_tail *t)
{
	const struct host_seen *seen = host_looks_find(t->hosts, t->host->name);

	if (t->asking || t->follow)
		return;
	if (t->file || t->unit)
		follow(t);
	else if (seen && !seen->error.code && sl_time_now() - seen->read_at < FRESH_MS &&
		 choose(&seen->facts, t->port))
		take_place(t, &seen->facts);
	else
		ask(t);
}

/* --- life --- */

static bool is_port(const char *text)
{
	int64_t port;

	return sl_count_parse(text, 1, 65535, &port);
}

struct subject {
	char *host, *file; /* file NULL = not said */
	unsigned port;     /* 0 = not said */
};

static void subject_read(struct subject *s, const char *text)
{
	const char *slash = strstr(text, ":/"), *last = strrchr(text, ':'), *colon = slash;

	*s = (struct subject){0};
	if (slash) {
		s->file = sl_strdup(slash + 1);
	} else if (last && is_port(last + 1)) { /* an address may have colons of its own */
		s->port = (unsigned)strtoul(last + 1, NULL, 10);
		colon = last;
	}
	s->host = colon ? sl_strndup(text, (size_t)(colon - text)) : sl_strdup(text);
}

static void subject_release(struct subject *s)
{
	free(s->host);
	free(s->file);
}

bool log_tail_knows(const struct host_looks *hosts, const char *subject)
{
	struct subject s;
	bool knows;

	subject_read(&s, subject);
	knows = host_looks_named(hosts, s.host) != NULL;
	subject_release(&s);
	return knows;
}

static int take_subject(struct log_tail *t, const char *subject, struct sl_error *e)
{
	const struct host_seen *seen;
	struct subject s;

	subject_read(&s, subject);
	seen = host_looks_named(t->hosts, s.host);
	if (seen) {
		t->host = seen->host;
		t->port = s.port;
		t->file = s.file;
		s.file = NULL;
	} else {
		sl_fail(e, SL_EINPUT, "the inventory has no host '%.100s'", s.host);
	}
	subject_release(&s);
	return seen ? SL_OK : SL_EINPUT;
}

struct log_tail *log_tail_open(struct host_looks *hosts, uv_loop_t *loop, const struct log_ask *ask,
			       void (*changed)(void *arg), void *arg, struct sl_error *e)
{
	struct log_tail *t = sl_alloc(sizeof *t);

	t->hosts = hosts;
	if (take_subject(t, ask->subject, e)) {
		free(t);
		return NULL;
	}
	t->lines = ask->lines;
	t->once = ask->once;
	t->changed = changed;
	t->arg = arg;
	t->all = log_lines_new();
	uv_timer_init(loop, &t->timer);
	t->timer.data = t;
	start(t);
	return t;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct log_tail *t = handle->data;

	t->timer_closed = true;
	maybe_free(t);
}

void log_tail_close(struct log_tail *t)
{
	if (!t)
		return;
	t->closed = true;
	if (t->asking)
		transport_cancel(t->asking);
	if (t->follow)
		remote_follow_cancel(t->follow);
	uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}

void log_tail_again(struct log_tail *t)
{
	if (t->asking || t->follow)
		return;
	t->retry_ms = 0;
	uv_timer_stop(&t->timer);
	start(t);
	tell(t);
}

/* --- looking --- */

struct log_lines *log_tail_lines(struct log_tail *t)
{
	return t->all;
}

enum log_phase log_tail_phase(const struct log_tail *t)
{
	return t->phase;
}

const char *log_tail_host(const struct log_tail *t)
{
	return t->host->name;
}

const char *log_tail_where(const struct log_tail *t)
{
	return t->unit ? t->unit : t->file ? t->file : "";
}

const char *log_tail_error(const struct log_tail *t)
{
	return t->error.code ? t->error.msg : "";
}

enum sl_err log_tail_code(const struct log_tail *t)
{
	return t->error.code;
}

int64_t log_tail_next(const struct log_tail *t)
{
	return t->next;
}
