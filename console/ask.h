/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about traces: a search, or one trace by its id. */
#ifndef SLUICE_CONSOLE_ASK_H
#define SLUICE_CONSOLE_ASK_H

#include "console/question.h"
#include "orchestrator/view/trace_read.h"

#define ASK_TRACES 100 /* that a search looks for */

struct ask; /* is a question: about traces */

/* A question of a site, not yet asked. subject: the service whose traces are searched, NULL = all;
 * with `one` the id of a trace. */
struct ask *ask_new(struct site *s, bool one, const char *subject);
/* These five as those of question.h. */
void ask_again(struct ask *k);
void ask_free(struct ask *k);
bool ask_take(struct ask *k);
struct ask_state {
	bool under_way;
	const struct traces *found, *failed;
};
struct ask_state ask_state(const struct ask *k);
/* What is to be said of it: that it is under way, what failed, how old the answer is. False =
 * nothing. now: Unix ms that stands for the time of reading, 0 = as it was. */
bool ask_say(const struct ask *k, int64_t now, enum paint *paint, char *text, size_t size);

#endif
