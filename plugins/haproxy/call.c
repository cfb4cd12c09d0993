/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/haproxy/call.h"

#include <stdlib.h>

#include "plugins/sdk/mem.h"

/* --- life --- */

void hap_call_init(struct sl_call *call, struct hap *hap, const char *backend, int64_t timeout_ms,
		   void (*finish)(struct sl_call *call, const struct sl_error *e))
{
	struct sl_error e = {0};

	call->hap = hap;
	call->backend = sl_strdup(backend);
	call->timeout_ms = timeout_ms;
	call->finish = finish;
	call->turns = sl_alloc_n(hap->node_count, sizeof *call->turns);
	for (size_t i = 0; i < hap->node_count; i++) {
		call->turns[i].call = call;
		call->turns[i].node = &hap->nodes[i];
		sl_buf_init(&call->turns[i].line, 65536);
	}
	call->next = hap->calls;
	if (call->next)
		call->next->prev = call;
	hap->calls = call;
	if (hap->closing)
		sl_fail(&e, SL_ECANCELED, "%s: closing", hap->name);
	else if (!hap_is_name(backend))
		sl_fail(&e, SL_EINPUT, "%s: '%.80s' cannot be the name of an HAProxy backend",
			hap->name, backend);
	if (e.code != SL_OK)
		hap_call_end_later(call, &e);
}

static void call_stop(struct sl_call *call)
{
	struct hap *hap = call->hap;

	for (size_t i = 0; i < hap->node_count; i++) {
		if (call->turns[i].ask)
			hap_ask_cancel(call->turns[i].ask);
		call->turns[i].ask = NULL;
	}
	call->waiting = 0;
	if (call->timer)
		hap->services->timer_cancel(hap->services->ctx, call->timer);
	call->timer = NULL;
}

void hap_call_end(struct sl_call *call, const struct sl_error *e)
{
	struct sl_error last = *e; /* may live in a turn */
	struct hap *hap = call->hap;

	call_stop(call);
	if (call->prev)
		call->prev->next = call->next;
	else
		hap->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	call->finish(call, &last);
	for (size_t i = 0; i < hap->node_count; i++) {
		hap_view_release(&call->turns[i].prior);
		hap_view_release(&call->turns[i].now);
		sl_buf_release(&call->turns[i].line);
	}
	free(call->turns);
	free(call->backend);
	free(call);
	hap_maybe_free(hap);
}

static void on_end(void *arg)
{
	struct sl_call *call = arg;

	call->timer = NULL;
	hap_call_end(call, &call->error);
}

void hap_call_end_later(struct sl_call *call, const struct sl_error *e)
{
	struct hap *hap = call->hap;

	if (call->ending)
		return;
	call_stop(call);
	call->ending = true;
	call->error = *e;
	call->timer = hap->services->timer(hap->services->ctx, 0, on_end, call);
}

/* --- rounds --- */

static void turn_fail(struct hap_turn *turn, const struct sl_error *e)
{
	turn->error = *e;
	sl_error_prefix(&turn->error, "%s: %s", turn->call->hap->name, turn->node->label);
}

static void round_check(struct sl_call *call)
{
	if (call->waiting)
		return;
	if (call->timer)
		call->hap->services->timer_cancel(call->hap->services->ctx, call->timer);
	call->timer = NULL;
	call->then(call);
}

static void on_answer(void *arg, const struct sl_error *e, const char *bytes, size_t len)
{
	struct hap_turn *turn = arg;
	struct sl_call *call = turn->call;

	turn->ask = NULL;
	call->waiting--;
	if (e->code == SL_OK)
		call->answer(turn, bytes, len);
	else
		turn_fail(turn, e);
	round_check(call);
}

static void on_deadline(void *arg)
{
	struct sl_call *call = arg;
	struct sl_error e = {0};

	call->timer = NULL;
	sl_fail(&e, SL_ETIMEOUT, "no complete answer within %lld ms", (long long)call->timeout_ms);
	for (size_t i = 0; i < call->hap->node_count; i++) {
		struct hap_turn *turn = &call->turns[i];

		if (!turn->ask)
			continue;
		hap_ask_cancel(turn->ask);
		turn->ask = NULL;
		turn_fail(turn, &e);
	}
	call->waiting = 0;
	round_check(call);
}

void hap_call_round(struct sl_call *call,
		    void (*answer)(struct hap_turn *turn, const char *bytes, size_t len),
		    void (*then)(struct sl_call *call))
{
	const struct sl_host_services *services = call->hap->services;

	if (call->ending)
		return;
	call->answer = answer;
	call->then = then;
	for (size_t i = 0; i < call->hap->node_count; i++) {
		struct hap_turn *turn = &call->turns[i];

		if (!turn->line.len)
			continue;
		call->waiting++;
		turn->ask = hap_ask_start(call->hap, turn->node, sl_buf_str(&turn->line),
					  call->timeout_ms, on_answer, turn);
	}
	if (!call->waiting) {
		then(call);
		return;
	}
	call->timer = services->timer(services->ctx, call->timeout_ms, on_deadline, call);
}

void hap_call_lines_read(struct sl_call *call)
{
	char *line = hap_view_line(call->backend);

	for (size_t i = 0; i < call->hap->node_count; i++) {
		sl_buf_clear(&call->turns[i].line);
		sl_buf_puts(&call->turns[i].line, line);
	}
	free(line);
}

static void turn_read(struct hap_turn *turn, struct hap_view *v, const char *bytes, size_t len)
{
	struct sl_error e = {0};

	hap_view_release(v);
	if (hap_view_parse(v, turn->call->backend, bytes, len, &e) != SL_OK)
		turn_fail(turn, &e);
}

void hap_turn_read_prior(struct hap_turn *turn, const char *bytes, size_t len)
{
	turn_read(turn, &turn->prior, bytes, len);
}

void hap_turn_read_now(struct hap_turn *turn, const char *bytes, size_t len)
{
	turn_read(turn, &turn->now, bytes, len);
}

int hap_call_first_error(const struct sl_call *call, struct sl_error *e)
{
	const struct hap_turn *first = NULL;
	size_t failed = 0;

	for (size_t i = 0; i < call->hap->node_count; i++) {
		if (call->turns[i].error.code == SL_OK)
			continue;
		if (!first)
			first = &call->turns[i];
		failed++;
	}
	sl_error_clear(e);
	if (!first)
		return SL_OK;
	*e = first->error;
	if (failed > 1)
		sl_fail(e, e->code, "%s (%zu of %zu nodes failed)", first->error.msg, failed,
			call->hap->node_count);
	return e->code;
}
