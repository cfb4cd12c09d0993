/* SPDX-License-Identifier: Apache-2.0 */
/* What a run_view means to someone who watches: waves, instances, and how long it may take. Pure.
 */
#ifndef SLUICE_COMMANDS_PROGRESS_MODEL_H
#define SLUICE_COMMANDS_PROGRESS_MODEL_H

#include "orchestrator/commands/style.h"
#include "orchestrator/run/view.h"

/* One plan being walked: the forward one, or the undo. */
struct side {
	const struct plan *plan;
	const struct view_step *steps;
	bool over; /* nothing of it is in hand any more */
};
struct side side_forward(const struct run_view *v);
struct side side_undo(const struct run_view *v);
struct side side_now(const struct run_view *v); /* the one in hand */

struct wave_state {
	enum mark mark;
	size_t done, total;     /* steps */
	int64_t started, ended; /* Unix ms, 0 = not */
};
struct wave_state wave_look(const struct side *s, size_t wave);
/* The wave in hand, or the next one; wave_count when all are done. */
size_t wave_current(const struct side *s);

/* One instance that the run changes. */
struct instance_state {
	const char *service, *host;
	unsigned port;
	enum mark mark;
	bool is_new, busy;
	const struct plan_step *step; /* in hand, failed or unknown; NULL = none */
	const struct view_step *seen;
};
/* In plan order; yours to free. */
size_t instances_look(const struct run_view *v, struct instance_state **out);

/* Ended early because the run stopped: neither a failure nor a riddle. */
bool step_is_canceled(const struct view_step *seen);
/* "oa01:8080"; "oa01" without a port; the claimed or waited-for thing when there is no host. */
/* "1.0 -> 2.0"; of an undo the other way round. */
const char *change_text(const struct plan *p, char *dst, size_t size);
const char *step_target(const struct plan_step *s, char *dst, size_t size);
/* "draining", "getting ready": what is being done. */
const char *step_doing(const struct plan_step *s);

/* "85 ms", "5.2 s", "41 s", "1:05". Returns dst. */
const char *took_text(char *dst, size_t size, int64_t ms);

enum left { LEFT_UNKNOWN, LEFT_TO_END, LEFT_TO_PAUSE };
/* How long the rest may take, judged by how long such steps took so far. */
enum left time_left(const struct side *s, int64_t now, int64_t *ms);

#endif
