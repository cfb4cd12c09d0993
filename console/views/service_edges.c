/* SPDX-License-Identifier: Apache-2.0 */
/* The question who calls whom, asked when the pane of dependencies is opened or asks anew. */
#include "console/views/service_seen.h"
#include "orchestrator/view/edges.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static void on_read(void *arg, struct edges *found)
{
	question_answer(arg, found);
}

static void *start(struct site *s, void *about, struct question *q)
{
	(void)about;
	return edges_read(site_loop(s), site_catalogue(s), sl_time_now(), QUESTION_MS, on_read, q);
}

static void cancel(void *started)
{
	edges_read_cancel(started);
}

static bool is_good(const void *answer)
{
	const struct edges *e = answer;

	return e->answered > 0;
}

static void answer_free(void *answer)
{
	edges_free(answer);
}

static void about_free(void *about)
{
	(void)about; /* there is none */
}

static const struct question_kind kind = {.start = start,
					  .cancel = cancel,
					  .is_good = is_good,
					  .answer_free = answer_free,
					  .about_free = about_free};

struct question *edges_ask(struct site *s)
{
	const struct catalogue *c = site_catalogue(s);
	struct question *q;

	if (!edges_have_source(c))
		return NULL;
	q = question_new(s, &kind, NULL);
	question_ask(q);
	return q;
}

bool edges_say(const struct question *q, int64_t now, enum paint *paint, char *text, size_t size)
{
	struct question_state at = question_state(q);
	const struct edges *found = at.found, *newest = at.failed ? at.failed : at.found;

	return question_say(q,
			    !found ? 0
			    : now  ? now
				   : found->read_at,
			    newest ? newest->error : "", "the sources of dependencies", "", paint,
			    text, size);
}
