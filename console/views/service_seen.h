/* SPDX-License-Identifier: Apache-2.0 */
/* One service in its panes, and what can be asked of its instances. */
#ifndef SLUICE_CONSOLE_SERVICE_SEEN_H
#define SLUICE_CONSOLE_SERVICE_SEEN_H

#include "console/app.h"
#include "console/question.h"

enum pane {
	PANE_INSTANCES,
	PANE_DEPENDENCIES,
	PANE_CONFIG,
	PANE_VERSIONS,
	PANE_HISTORY,
	PANE_COUNT
};

/* --- service_draw.c: pure but for the catalogue that it reads --- */
struct service_head {
	const char *service;
	const struct catalogue *catalogue; /* NULL = none */
	enum pane pane;
	long counts[PANE_COUNT]; /* -1 = not known */
};
extern const char *const pane_words[PANE_COUNT];
/* Graphs as far as there is room, then the line of panes. Returns the rows used. */
unsigned service_draw_head(const struct service_head *h, struct canvas *c, struct rect r);

/* --- service_edges.c: who calls whom --- */
/* Asked at once; NULL = no source knows. Yours: question_free. Its answers are struct edges. */
struct question *edges_ask(struct site *s);
/* As ask_say of ask.h. */
bool edges_say(const struct question *q, int64_t now, enum paint *paint, char *text, size_t size);

/* --- service_acts.c: drain, enable, weight --- */
extern const enum action instance_actions[]; /* ends with ACT_NONE */
bool instance_is_action(enum action what);
/* Ask the person about the marked rows, or the one under the cursor, of a table of instances; then
 * `sluice VERB` does it in the background. */
void instance_ask(struct app *a, struct screen *s, enum action what);
/* Why it cannot be asked now; NULL = it can. */
const char *instance_why(struct app *a, struct screen *s, enum action what);

#endif
