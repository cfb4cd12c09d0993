/* SPDX-License-Identifier: Apache-2.0 */
/* A plan in the making: waves and steps are appended, numbered at the end. */
#ifndef SLUICE_PLAN_DRAFT_H
#define SLUICE_PLAN_DRAFT_H

#include "orchestrator/plan/model.h"

/* A folder on a host that has to be claimed; releases are staged and pruned by claim. */
struct draft_claim {
	const struct rs_host *host;
	char *folder;
	long instance; /* the first one this plan changes there; -1 = only commands run there */
	bool staged;   /* its stage step is in the plan already */
};

struct draft {
	const struct plan_input *in;
	const struct pb_service *service;
	const struct pb_strategy *strategy;
	struct plan *p;
	size_t step_cap, wave_cap, note_cap;
	struct plan_model model;
	struct draft_claim *claims;
	size_t claim_count, claim_cap;
	double share;   /* asked for at present; -1 = weights are not ours */
	bool finishing; /* behind the last step: the share follows the instances */
};

void draft_init(struct draft *d, const struct plan_input *in, struct plan *p);
void draft_release(struct draft *d); /* not the plan */

/* Open a wave; the last one that got no steps is dropped by the next open and by number. */
struct plan_wave *draft_wave(struct draft *d, enum plan_wave_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Fill in what the open wave leaves behind, from the model and the share asked for. */
void draft_wave_state(struct draft *d);
/* The pointer is good until the next step. */
struct plan_step *draft_step(struct draft *d, enum plan_do what, size_t track);
struct plan_step *draft_step_at(struct draft *d, enum plan_do what, size_t track, size_t instance);
void draft_note(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The wave made last goes before the one that stands at `to`; nothing when it got no steps. */
void draft_move_last_wave(struct draft *d, size_t to);
/* Give waves and steps their numbers. */
void draft_number(struct draft *d, const char *prefix);

struct draft_claim *draft_need_claim(struct draft *d, const struct rs_host *host,
				     const char *folder, long instance);

/* Copy of a step with strings of its own, appended to the open wave. */
struct plan_step *draft_step_copy(struct draft *d, const struct plan_step *s, size_t track);

/* steps.c: the steps of one kind, as waves */
void steps_stage(struct draft *d, const size_t *batch, size_t count);
void steps_upgrade(struct draft *d, const size_t *batch, size_t count);
void steps_weight(struct draft *d, double share);
void steps_pause(struct draft *d, const struct pb_duration *pause);
void steps_restore(struct draft *d);
void steps_prune(struct draft *d);
void steps_claim(struct draft *d);
void steps_release(struct draft *d);
/* config.c: the keys that are to be published, before the first wave that can give the new version
 * traffic; and their way back. */
bool config_differs(const struct plan_input *in);
void steps_config(struct draft *d);
/* Deadlines of acts, from the playbook's own limits plus a margin. */
int64_t propagation_ms(const struct draft *d); /* 0 without consumers of a registry */
int64_t deadline_drain(const struct draft *d);
int64_t deadline_swap(const struct pb_service *s);
int64_t deadline_ready(const struct pb_service *s);
int64_t deadline_of(enum plan_do what);

/* commands.c: a `run` step */
int steps_run(struct draft *d, const struct pb_run *run, struct sl_error *e);

/* check.c: refusals that need no walk */
int plan_check(const struct draft *d, struct sl_error *e);
/* notes.c */
void plan_notes(struct draft *d);
int64_t plan_rollback_ms(const struct draft *d);
/* digest.c */
void plan_digest(const struct plan_input *in, char out[65]);

#endif
