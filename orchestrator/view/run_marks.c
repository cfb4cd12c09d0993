/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/run_marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "orchestrator/run/tally.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define MARKS_MAX 1000

/* What the last event that was read looked like: no other stands in its place in a journal that
 * only grew. */
struct stamp {
	char time[40], event[40], step[16];
};

struct mark {
	int64_t number, seq; /* seq: of the last event that was read, 0 = none */
	char uuid[37];       /* numbers come again in a new state store */
	bool open, whole, seen;
	struct stamp stamp;
	struct run_tally tally;
	UT_hash_handle hh;
};

struct run_marks {
	struct mark *all;
	size_t slice, left;
	bool behind;
};

struct run_marks *run_marks_new(size_t slice)
{
	struct run_marks *m = sl_alloc(sizeof *m);

	m->slice = slice;
	return m;
}

static void mark_free(struct run_marks *m, struct mark *k)
{
	HASH_DEL(m->all, k);
	run_tally_release(&k->tally);
	free(k);
}

void run_marks_free(struct run_marks *m)
{
	struct mark *k, *next;

	if (!m)
		return;
	for (k = m->all; k; k = next) {
		next = k->hh.next;
		mark_free(m, k);
	}
	free(m);
}

void run_marks_begin(struct run_marks *m)
{
	m->left = m->slice ? m->slice : SIZE_MAX;
	m->behind = false;
}

void run_marks_end(struct run_marks *m, bool whole)
{
	bool many = HASH_COUNT(m->all) > MARKS_MAX;
	struct mark *k, *next;

	for (k = m->all; k; k = next) {
		next = k->hh.next;
		if (!k->seen && (whole || many))
			mark_free(m, k);
		else
			k->seen = false;
	}
}

bool run_marks_behind(const struct run_marks *m)
{
	return m->behind;
}

static void spend(struct run_marks *m, size_t events)
{
	m->left -= events < m->left ? events : m->left;
}

static struct mark *find(struct run_marks *m, const struct store_run *r)
{
	struct mark *k;

	HASH_FIND(hh, m->all, &r->number, sizeof r->number, k);
	if (k && strcmp(k->uuid, r->uuid) != 0) {
		mark_free(m, k);
		k = NULL;
	}
	if (!k) {
		k = sl_alloc(sizeof *k);
		k->number = r->number;
		snprintf(k->uuid, sizeof k->uuid, "%s", r->uuid);
		HASH_ADD(hh, m->all, number, sizeof k->number, k);
	}
	k->seen = true;
	return k;
}

/* A lock has no plan: that is no steps. */
static void open_plan(struct run_marks *m, struct store *s, struct mark *k)
{
	char *text = NULL;
	const cJSON *plan;
	cJSON *doc;
	int rc = store_text_get(s, k->number, "document", &text, NULL);

	k->open = !rc || rc == SL_ENOTFOUND;
	if (rc)
		return;
	doc = sl_json_parse(text, strlen(text), NULL);
	free(text);
	plan = sl_json_get(doc, "plan"); /* the document holds the plan, or is it */
	run_tally_init(&k->tally, cJSON_IsObject(plan) ? plan : doc);
	cJSON_Delete(doc);
	spend(m, k->tally.plan.count);
}

static struct stamp stamp_of(const cJSON *event)
{
	struct stamp s = {0};

	snprintf(s.time, sizeof s.time, "%s", sl_json_str(event, "time", ""));
	snprintf(s.event, sizeof s.event, "%s", sl_json_str(event, "event", ""));
	snprintf(s.step, sizeof s.step, "%s", sl_json_str(event, "step", ""));
	return s;
}

static bool stamp_is(const struct stamp *a, const struct stamp *b)
{
	return !strcmp(a->time, b->time) && !strcmp(a->event, b->event) &&
	       !strcmp(a->step, b->step);
}

struct reading {
	struct run_marks *marks;
	struct mark *mark;
	bool known; /* the last event that was read stands where it stood */
};

static int read_event(void *arg, int64_t seq, const cJSON *event)
{
	struct reading *r = arg;
	struct mark *k = r->mark;
	struct stamp stamp = stamp_of(event);

	if (!r->known) {
		r->known = seq == k->seq && stamp_is(&stamp, &k->stamp);
		return !r->known;
	}
	if (!r->marks->left) {
		r->marks->behind = true;
		k->whole = false;
		return 1;
	}
	spend(r->marks, 1);
	run_tally_feed(&k->tally, event);
	k->seq = seq;
	k->stamp = stamp;
	return 0;
}

/* From the last event that is known, or from the first one. False = the journal is not the one
 * that was read. */
static bool read_on(struct run_marks *m, struct store *s, struct mark *k)
{
	struct reading r = {.marks = m, .mark = k, .known = !k->seq};

	k->whole = true;
	if (store_events_read(s, k->number, k->seq ? k->seq - 1 : 0, read_event, &r, NULL)) {
		k->whole = false;
		return true;
	}
	return r.known;
}

static void forget(struct mark *k)
{
	run_tally_release(&k->tally);
	k->open = k->whole = false;
	k->seq = 0;
}

static void catch_up(struct run_marks *m, struct store *s, struct mark *k)
{
	if (k->open && !read_on(m, s, k))
		forget(k);
	if (k->open)
		return;
	if (m->left <= m->slice / 2) { /* a long plan takes as long as many events */
		m->behind = true;
		return;
	}
	open_plan(m, s, k);
	if (k->open)
		read_on(m, s, k);
}

bool run_marks_share(struct run_marks *m, struct store *s, const struct store_run *r, double *share)
{
	struct mark *k = find(m, r);
	const struct tally_way *way;

	catch_up(m, s, k);
	way = run_tally_way(&k->tally);
	if (!k->whole || !way->count)
		return false;
	*share = (double)way->done / (double)way->count;
	return true;
}
