/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: the one thread that owns the database after store_start.
 *
 * Jobs stand in one queue and are done in order: appends that wait together share a commit, calls
 * are the synchronous functions of another thread that waits, watches are new things to look for.
 * Results stand in a second queue; the bell (uv_async) fetches the loop to it. The bell is memory
 * of its own, since it must outlive the store until the loop has closed it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/mem.h"

#define POLL_MS       50
#define APPENDS_SHARE 256

enum job_kind { JOB_APPEND, JOB_CALL, JOB_WATCH };

struct job {
	struct job *next;
	enum job_kind kind;
	/* append */
	struct store_record record;
	void (*done)(void *arg, const struct sl_error *e, int64_t seq, const cJSON *event);
	void *arg;
	struct sl_error error;
	int64_t seq;
	cJSON *stored;
	/* call: lives on the caller's stack */
	int (*fn)(struct store *s, void *arg, struct sl_error *e);
	int rc;
	bool finished;
	/* watch */
	struct watch *watch;
};

/* One thing to tell the loop, in order. */
struct result {
	struct result *next;
	struct job *append; /* or */
	struct news *news;
};

struct bell {
	uv_async_t async;
	struct store *store; /* NULL once the store is closed */
};

struct store_writer {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, answered;
	struct job *jobs, **jobs_tail;
	struct result *results, **results_tail;
	bool stop;
	struct bell *bell;
	size_t pending; /* appends whose callback is to come; loop thread only */
	/* the thread's own */
	struct watch **watches;
	size_t watch_count, watch_cap;
	int64_t version;
	bool look_again;
};

/* --- results, towards the loop --- */

static void results_push(struct store_writer *w, struct result *first)
{
	struct result *last = first;

	if (!first)
		return;
	while (last->next)
		last = last->next;
	pthread_mutex_lock(&w->lock);
	*w->results_tail = first;
	w->results_tail = &last->next;
	pthread_mutex_unlock(&w->lock);
	uv_async_send(&w->bell->async);
}

static struct result *results_take(struct store_writer *w)
{
	struct result *r;

	pthread_mutex_lock(&w->lock);
	r = w->results;
	if (r) {
		w->results = r->next;
		if (!w->results)
			w->results_tail = &w->results;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

static void job_free(struct job *j)
{
	journal_record_release(&j->record);
	cJSON_Delete(j->stored);
	if (j->watch)
		free(j->watch->last);
	free(j->watch);
	free(j);
}

static void result_free(struct result *r)
{
	if (r->append)
		job_free(r->append);
	if (r->news)
		news_free(r->news);
	free(r);
}

static void append_tell(struct store_writer *w, struct job *j)
{
	bool failed = j->error.code != SL_OK;

	if (--w->pending == 0)
		uv_unref((uv_handle_t *)&w->bell->async);
	if (j->done)
		j->done(j->arg, failed ? &j->error : NULL, failed ? 0 : j->seq,
			failed ? NULL : j->stored);
}

/* A callback may close the store: the bell says so, and nothing of the store is touched then. */
static void bell_rung(uv_async_t *async)
{
	struct bell *bell = async->data;
	struct result *r;

	while (bell->store && (r = results_take(bell->store->writer)) != NULL) {
		if (r->append)
			append_tell(bell->store->writer, r->append);
		else
			news_tell(r->news);
		result_free(r);
	}
}

static void bell_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* --- the thread --- */

static struct result *result_of_append(struct job *j)
{
	struct result *r = sl_alloc(sizeof *r);

	r->append = j;
	return r;
}

/* Write up to n appends in one transaction. Fenced records fail alone; a failing database fails
 * all of them, since none is durable. Returns how many were taken. */
static size_t write_batch(struct store *s, struct job *first, size_t n)
{
	struct sl_error e = {0};
	struct job *j = first;
	uint64_t room = journal_room(s, n);
	size_t taken = 0, good = 0;
	int rc = db_begin(s, &e);

	for (; j && taken < n && good < room && !rc; j = j->next, taken++) {
		rc = journal_write(s, &j->record, &j->seq, &j->stored, &j->error);
		if (rc == SL_EFENCED || rc == SL_ENOTFOUND || rc == SL_EINTERNAL)
			rc = 0; /* nothing was written for it */
		else if (rc)
			e = j->error;
		else
			good++;
	}
	rc = db_finish(s, rc, &e);
	if (!rc) {
		journal_count(s, good);
		return taken;
	}
	for (j = first; n > 0; j = j->next, n--)
		if (j->error.code == SL_OK)
			j->error = e;
	return 0;
}

static size_t appends_in_front(const struct job *j)
{
	size_t n = 0;

	for (; j && j->kind == JOB_APPEND && n < APPENDS_SHARE; j = j->next)
		n++;
	return n;
}

/* Do the appends at the front of *jobs; their results are pushed once they are durable. */
static void do_appends(struct store_writer *w, struct job **jobs)
{
	size_t n = appends_in_front(*jobs), taken = write_batch(w->store, *jobs, n);
	struct result *first = NULL, **tail = &first;

	if (!taken)
		taken = n; /* all failed */
	while (taken--) {
		struct job *j = *jobs;

		*jobs = j->next;
		j->next = NULL;
		*tail = result_of_append(j);
		tail = &(*tail)->next;
	}
	results_push(w, first);
}

static void do_call(struct store_writer *w, struct job *j)
{
	int rc = j->fn(w->store, j->arg, &j->error);

	pthread_mutex_lock(&w->lock);
	j->rc = rc;
	j->finished = true;
	pthread_cond_broadcast(&w->answered);
	pthread_mutex_unlock(&w->lock);
}

static void do_watch(struct store_writer *w, struct job *j)
{
	SL_GROW(w->watches, w->watch_count, w->watch_cap);
	w->watches[w->watch_count++] = j->watch;
	j->watch = NULL;
	w->look_again = true;
	job_free(j);
}

static void do_jobs(struct store_writer *w, struct job *jobs)
{
	struct job *j;

	while (jobs) {
		if (jobs->kind == JOB_APPEND) {
			do_appends(w, &jobs);
			continue;
		}
		j = jobs;
		jobs = j->next;
		if (j->kind == JOB_CALL)
			do_call(w, j);
		else
			do_watch(w, j);
	}
}

static void look(struct store_writer *w)
{
	int64_t version = db_version(w->store);
	struct result *first = NULL, **rtail = &first;
	struct news *news = NULL, **tail = &news;
	size_t i;

	if (version == w->version && !w->look_again)
		return;
	w->version = version;
	w->look_again = false;
	for (i = 0; i < w->watch_count; i++)
		if (watch_poll(w->store, w->watches[i], &tail))
			w->look_again = true;
	while (news) {
		struct result *r = sl_alloc(sizeof *r);

		r->news = news;
		news = news->next;
		*rtail = r;
		rtail = &r->next;
	}
	results_push(w, first);
}

/* Wait for jobs, for the end, or (with watches) for the next look. Returns the jobs. */
static struct job *wait_for_jobs(struct store_writer *w, bool *stop)
{
	struct timespec until;
	struct job *jobs;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += POLL_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&w->lock);
	while (!w->jobs && !w->stop) {
		if (!w->watch_count)
			pthread_cond_wait(&w->work, &w->lock);
		else if (pthread_cond_timedwait(&w->work, &w->lock, &until) == ETIMEDOUT)
			break;
	}
	jobs = w->jobs;
	w->jobs = NULL;
	w->jobs_tail = &w->jobs;
	*stop = w->stop && !jobs;
	pthread_mutex_unlock(&w->lock);
	return jobs;
}

static void *writer_main(void *arg)
{
	struct store_writer *w = arg;
	bool stop = false;

	while (!stop) {
		struct job *jobs = wait_for_jobs(w, &stop);

		do_jobs(w, jobs);
		if (w->watch_count && !stop)
			look(w);
	}
	return NULL;
}

/* --- the loop's side --- */

static void job_push(struct store_writer *w, struct job *j)
{
	pthread_mutex_lock(&w->lock);
	*w->jobs_tail = j;
	w->jobs_tail = &j->next;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

int writer_call(struct store *s, int (*fn)(struct store *s, void *arg, struct sl_error *e),
		void *arg, struct sl_error *e)
{
	struct job j = {.kind = JOB_CALL, .fn = fn, .arg = arg};
	struct store_writer *w = s->writer;

	if (!w) {
		j.rc = fn(s, arg, &j.error);
	} else {
		job_push(w, &j);
		pthread_mutex_lock(&w->lock);
		while (!j.finished)
			pthread_cond_wait(&w->answered, &w->lock);
		pthread_mutex_unlock(&w->lock);
	}
	if (j.rc && e)
		*e = j.error;
	return j.rc;
}

static int writer_init(struct store_writer *w, uv_loop_t *loop, struct sl_error *e)
{
	pthread_condattr_t attr;
	int rc;

	w->bell = sl_alloc(sizeof *w->bell);
	w->bell->async.data = w->bell;
	w->bell->store = w->store;
	rc = uv_async_init(loop, &w->bell->async, bell_rung);
	if (rc < 0) {
		free(w->bell);
		return sl_fail(e, SL_EIO, "state store: %s", uv_strerror(rc));
	}
	uv_unref((uv_handle_t *)&w->bell->async);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &attr);
	pthread_cond_init(&w->answered, &attr);
	pthread_condattr_destroy(&attr);
	w->jobs_tail = &w->jobs;
	w->results_tail = &w->results;
	w->version = -1;
	return 0;
}

static void writer_free(struct store_writer *w)
{
	struct result *r;
	size_t i;

	while ((r = results_take(w)) != NULL)
		result_free(r);
	for (i = 0; i < w->watch_count; i++) {
		free(w->watches[i]->last);
		free(w->watches[i]);
	}
	free(w->watches);
	w->bell->store = NULL;
	uv_close((uv_handle_t *)&w->bell->async, bell_closed);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->answered);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int store_start(struct store *s, uv_loop_t *loop, struct sl_error *e)
{
	struct store_writer *w;
	sigset_t all, before;
	int rc;

	if (s->writer)
		return sl_fail(e, SL_EINTERNAL, "the state store's writer runs already");
	w = sl_alloc(sizeof *w);
	w->store = s;
	rc = writer_init(w, loop, e);
	if (rc) {
		free(w);
		return rc;
	}
	s->writer = w;
	/* Signals are the loop's: the thread is born with all of them blocked. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc) {
		s->writer = NULL;
		writer_free(w);
		return sl_fail(e, SL_EIO, "state store: cannot start its thread: %s", strerror(rc));
	}
	return 0;
}

void writer_stop(struct store *s)
{
	struct store_writer *w = s->writer;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	s->writer = NULL;
	writer_free(w);
}

void store_append(struct store *s, struct store_record *record,
		  void (*done)(void *arg, const struct sl_error *e, int64_t seq,
			       const cJSON *event),
		  void *arg)
{
	struct job *j = sl_alloc(sizeof *j);

	j->kind = JOB_APPEND;
	j->record = *record;
	j->done = done;
	j->arg = arg;
	record->event = record->row = NULL;
	/* The loop stays alive for what is owed to it, not for the bell as such. */
	if (s->writer->pending++ == 0)
		uv_ref((uv_handle_t *)&s->writer->bell->async);
	job_push(s->writer, j);
}

static void watch_push(struct store *s, struct watch w)
{
	struct job *j = sl_alloc(sizeof *j);

	j->kind = JOB_WATCH;
	j->watch = sl_alloc(sizeof *j->watch);
	*j->watch = w;
	job_push(s->writer, j);
}

void store_watch_control(struct store *s, int64_t run,
			 void (*control)(void *arg, const struct store_control *c), void *arg)
{
	watch_push(s,
		   (struct watch){
			   .kind = WATCH_CONTROL, .run = run, .tell.control = control, .arg = arg});
}

void store_watch_events(struct store *s, int64_t run, int64_t after,
			void (*event)(void *arg, int64_t seq, const cJSON *event), void *arg)
{
	watch_push(s, (struct watch){.kind = WATCH_EVENTS,
				     .run = run,
				     .after = after,
				     .tell.event = event,
				     .arg = arg});
}

void store_watch_run(struct store *s, int64_t run,
		     void (*changed)(void *arg, const struct store_run *r), void *arg)
{
	watch_push(s, (struct watch){
			      .kind = WATCH_RUN, .run = run, .tell.changed = changed, .arg = arg});
}
