/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write, over all nodes at once, round by round:
 *
 *     read -> expected everywhere? -> change -> read back -> done
 *                                        \         \
 *                                         put back -> read back -> done with the error
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/haproxy/call.h"
#include "plugins/haproxy/change.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct hap_write_call {
	struct sl_call base;
	struct sl_router_change *changes; /* server names are ours */
	size_t count;
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
	struct sl_error failure; /* why things are put back */
};

static void write_finish(struct sl_call *call, const struct sl_error *e)
{
	struct hap_write_call *w = (struct hap_write_call *)call;

	for (size_t i = 0; i < w->count; i++)
		free((char *)w->changes[i].server);
	free(w->changes);
	w->done(w->arg, e);
}

static void turn_prefix(struct hap_turn *turn)
{
	sl_error_prefix(&turn->error, "%s: %s", turn->call->hap->name, turn->node->label);
}

/* --- putting back --- */

/* Does a turn that was touched read as it did before? */
static void turn_check_back(const struct hap_write_call *w, struct hap_turn *turn)
{
	struct sl_router_change *back;

	if (turn->error.code != SL_OK)
		return;
	back = hap_changes_invert(&turn->prior, w->changes, w->count);
	if (hap_changes_verify(&turn->now, back, w->count, &turn->error) != SL_OK)
		turn_prefix(turn);
	free(back);
}

static void on_back_read(struct sl_call *call)
{
	struct hap_write_call *w = (struct hap_write_call *)call;
	struct sl_buf back, lost;
	struct sl_error e = w->failure;

	sl_buf_init(&back, 256);
	sl_buf_init(&lost, 600);
	for (size_t i = 0; i < call->hap->node_count; i++) {
		struct hap_turn *turn = &call->turns[i];

		if (!turn->touched)
			continue;
		turn_check_back(w, turn);
		if (turn->error.code == SL_OK)
			sl_buf_printf(&back, "%s%s", back.len ? ", " : "", turn->node->label);
		else
			sl_buf_printf(&lost, "%s%s", lost.len ? "; " : "", turn->error.msg);
	}
	if (back.len)
		sl_fail(&e, e.code, "%.500s; put back on %s", w->failure.msg, back.data);
	if (lost.len)
		sl_fail(&e, e.code, "%.500s; COULD NOT BE PUT BACK: %s", e.msg, lost.data);
	sl_buf_release(&back);
	sl_buf_release(&lost);
	hap_call_end(call, &e);
}

static void on_back_answer(struct hap_turn *turn, const char *bytes, size_t len)
{
	(void)turn; /* what counts is what is read back */
	(void)bytes;
	(void)len;
}

static void on_back_sent(struct sl_call *call)
{
	char *line = hap_view_line(call->backend);

	for (size_t i = 0; i < call->hap->node_count; i++) {
		struct hap_turn *turn = &call->turns[i];

		sl_error_clear(&turn->error);
		sl_buf_clear(&turn->line);
		if (turn->touched)
			sl_buf_puts(&turn->line, line);
	}
	free(line);
	hap_call_round(call, hap_turn_read_now, on_back_read);
}

/* What is known of the node is what it was before, so everything the changes touch is sent. */
static void turn_line_back(const struct hap_write_call *w, struct hap_turn *turn)
{
	struct sl_router_change *back = hap_changes_invert(&turn->prior, w->changes, w->count);
	struct hap_view changed = {0};

	changed.servers = sl_alloc_n(turn->prior.count + 1, sizeof *changed.servers);
	changed.count = turn->prior.count;
	for (size_t i = 0; i < changed.count; i++) {
		changed.servers[i] = turn->prior.servers[i]; /* names are borrowed */
		changed.servers[i].weight = -2;
		changed.servers[i].admin = (enum sl_admin)(SL_ADMIN_MAINT + 1);
	}
	sl_buf_clear(&turn->line);
	hap_changes_line(&turn->line, w->base.backend, &changed, back, w->count, &turn->commands,
			 NULL);
	free(changed.servers);
	free(back);
}

static void write_put_back(struct hap_write_call *w)
{
	struct sl_call *call = &w->base;

	for (size_t i = 0; i < call->hap->node_count; i++) {
		struct hap_turn *turn = &call->turns[i];

		sl_error_clear(&turn->error);
		sl_buf_clear(&turn->line);
		if (turn->touched)
			turn_line_back(w, turn);
	}
	hap_call_round(call, on_back_answer, on_back_sent);
}

/* --- the way there --- */

static void on_read_back(struct sl_call *call)
{
	struct hap_write_call *w = (struct hap_write_call *)call;

	for (size_t i = 0; i < call->hap->node_count; i++) {
		struct hap_turn *turn = &call->turns[i];

		if (turn->error.code == SL_OK &&
		    hap_changes_verify(&turn->now, w->changes, w->count, &turn->error) != SL_OK)
			turn_prefix(turn);
	}
	if (hap_call_first_error(call, &w->failure) == SL_OK)
		hap_call_end(call, &w->failure);
	else
		write_put_back(w);
}

/* HAProxy answers each accepted command with an empty line, and a refused one with a sentence. */
static void on_change_answer(struct hap_turn *turn, const char *bytes, size_t len)
{
	size_t lines = 0, begin;
	char sentence[300];

	for (size_t i = 0; i < len; i++)
		lines += bytes[i] == '\n';
	begin = strspn(bytes, "\n");
	snprintf(sentence, sizeof sentence, "%s", bytes + begin);
	sentence[strcspn(sentence, "\n")] = '\0';
	if (begin < len)
		sl_fail(&turn->error, SL_ECOMMAND, "HAProxy refuses: %s", sentence);
	else if (lines < turn->commands)
		sl_fail(&turn->error, SL_ELOST, "the connection ended after %zu of %zu commands",
			lines, turn->commands);
	else
		return;
	turn_prefix(turn);
}

/* Errors that come before the first byte could be sent. */
static bool never_arrived(enum sl_err code)
{
	return code == SL_EREFUSED || code == SL_ENOTFOUND || code == SL_ERESOLVE ||
	       code == SL_EHOSTKEY || code == SL_EAUTH || code == SL_EUNSUPPORTED;
}

static void on_changed(struct sl_call *call)
{
	struct hap_write_call *w = (struct hap_write_call *)call;

	for (size_t i = 0; i < call->hap->node_count; i++)
		if (never_arrived(call->turns[i].error.code))
			call->turns[i].touched = false;
	if (hap_call_first_error(call, &w->failure) != SL_OK) {
		write_put_back(w);
		return;
	}
	hap_call_lines_read(call);
	hap_call_round(call, hap_turn_read_now, on_read_back);
}

/* Is everything as expected on this node, and what has to be said to it? */
static void turn_prepare(const struct hap_write_call *w, struct hap_turn *turn)
{
	int rc;

	if (turn->error.code != SL_OK)
		return;
	sl_buf_clear(&turn->line);
	rc = hap_changes_expected(&turn->prior, w->changes, w->count, &turn->error);
	if (rc == SL_OK)
		rc = hap_changes_line(&turn->line, w->base.backend, &turn->prior, w->changes,
				      w->count, &turn->commands, &turn->error);
	if (rc != SL_OK)
		turn_prefix(turn);
}

static void on_prior(struct sl_call *call)
{
	struct hap_write_call *w = (struct hap_write_call *)call;
	struct sl_error e;

	for (size_t i = 0; i < call->hap->node_count; i++)
		turn_prepare(w, &call->turns[i]);
	if (hap_call_first_error(call, &e) != SL_OK) {
		sl_fail(&e, e.code, "%.900s; nothing was changed", e.msg);
		hap_call_end(call, &e);
		return;
	}
	for (size_t i = 0; i < call->hap->node_count; i++)
		call->turns[i].touched = call->turns[i].line.len > 0;
	hap_call_round(call, on_change_answer, on_changed);
}

struct sl_call *hap_write(void *instance, const char *backend,
			  const struct sl_router_change *changes, size_t count, int64_t timeout_ms,
			  void (*done)(void *arg, const struct sl_error *e), void *arg)
{
	struct hap_write_call *w = sl_alloc(sizeof *w);
	struct sl_error e = {0};

	w->changes = sl_alloc_n(count + 1, sizeof *w->changes);
	for (size_t i = 0; i < count; i++) {
		w->changes[i] = changes[i];
		w->changes[i].server = sl_strdup(changes[i].server);
	}
	w->count = count;
	w->done = done;
	w->arg = arg;
	hap_call_init(&w->base, instance, backend, timeout_ms, write_finish);
	if (hap_changes_check(changes, count, &e) != SL_OK)
		hap_call_end_later(&w->base, &e);
	hap_call_lines_read(&w->base);
	hap_call_round(&w->base, hap_turn_read_prior, on_prior);
	return &w->base;
}
