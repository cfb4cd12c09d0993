/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ask_key.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/sdk/mem.h"

struct asking {
	struct site *site;
	struct question *q;
	const struct key_ref *ref; /* the question's */
	struct key_read *read;
};

static void on_read(void *arg, struct key_history *found)
{
	struct asking a = *(struct asking *)arg;

	free(arg);
	key_history_sign(found, a.ref, site_store(a.site));
	question_answer(a.q, found);
}

static void *start(struct site *s, void *about, struct question *q)
{
	struct asking *a = sl_alloc(sizeof *a);

	*a = (struct asking){.site = s, .q = q, .ref = about};
	a->read = key_read_start(site_loop(s), site_catalogue(s), about, QUESTION_MS, on_read, a);
	return a;
}

static void cancel(void *started)
{
	key_read_cancel(((struct asking *)started)->read);
}

static bool is_good(const void *answer)
{
	return !*((const struct key_history *)answer)->error;
}

static void answer_free(void *answer)
{
	key_history_free(answer);
}

static void about_free(void *about)
{
	key_ref_release(about);
	free(about);
}

static const struct question_kind kind = {.start = start,
					  .cancel = cancel,
					  .is_good = is_good,
					  .answer_free = answer_free,
					  .about_free = about_free};

struct question *ask_key_new(struct site *s, const struct key_ref *ref)
{
	struct key_ref *copy = sl_alloc(sizeof *copy);

	*copy = key_ref_dup(ref);
	return question_new(s, &kind, copy);
}

const struct key_history *ask_key_found(const struct question *q)
{
	return question_state(q).found;
}

bool ask_key_say(const struct question *q, int64_t now, enum paint *paint, char *text, size_t size)
{
	struct question_state at = question_state(q);
	const struct key_history *h = at.found, *failed = at.failed;
	const struct key_ref *ref = question_about(q);
	char error[600] = "", whom[128];

	snprintf(whom, sizeof whom, "%.100s", ref->source);
	if (failed)
		snprintf(error, sizeof error, "%.60s: %.500s", ref->source, failed->error);
	return question_say(q, !h ? 0 : now ? now : h->read_at, error, whom, "", paint, text, size);
}
