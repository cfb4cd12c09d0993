/* SPDX-License-Identifier: Apache-2.0 */
/* Without a prompt, HAProxy answers one line of commands and closes: the end of the stream is the
 * end of the answer. */
#include <stdlib.h>
#include <string.h>

#include "plugins/haproxy/call.h"
#include "plugins/sdk/mem.h"

#define ANSWER_MAX (8 * 1024 * 1024)

struct hap_ask {
	struct hap *hap;
	struct sl_stream *stream;
	char *line;
	struct sl_buf answer;
	hap_ask_done done; /* NULL when nobody listens any more */
	void *arg;
};

static void on_closed(void *arg)
{
	struct hap_ask *ask = arg;
	struct hap *hap = ask->hap;

	sl_buf_release(&ask->answer);
	free(ask->line);
	free(ask);
	hap->pending--;
	hap_maybe_free(hap);
}

/* The stream's memory goes later, and ours with it: done may read the answer. */
static void ask_finish(struct hap_ask *ask, const struct sl_error *e)
{
	hap_ask_done done = ask->done;

	ask->done = NULL;
	if (!done)
		return;
	sl_stream_close(ask->stream);
	done(ask->arg, e, sl_buf_str(&ask->answer), ask->answer.len);
}

static void on_opened(void *arg, struct sl_stream *stream, const struct sl_error *e)
{
	struct hap_ask *ask = arg;
	struct sl_error own = {0};

	if (e->code == SL_OK &&
	    sl_stream_write(stream, ask->line, strlen(ask->line), &own) == SL_OK)
		return;
	ask_finish(ask, e->code == SL_OK ? &own : e);
}

static void on_data(void *arg, struct sl_stream *stream, const char *bytes, size_t len)
{
	struct hap_ask *ask = arg;
	struct sl_error e = {0};

	(void)stream;
	if (sl_buf_append(&ask->answer, bytes, len) == SL_OK)
		return;
	sl_fail(&e, SL_EPROTO, "the answer does not end after %d MiB", ANSWER_MAX / (1024 * 1024));
	ask_finish(ask, &e);
}

static void on_ended(void *arg, struct sl_stream *stream, const struct sl_error *e)
{
	(void)stream;
	ask_finish(arg, e);
}

static const struct sl_stream_events events = {
	.opened = on_opened,
	.data = on_data,
	.ended = on_ended,
	.closed = on_closed,
};

struct hap_ask *hap_ask_start(struct hap *hap, const struct hap_node *node, const char *line,
			      int64_t timeout_ms, hap_ask_done done, void *arg)
{
	struct hap_ask *ask = sl_alloc(sizeof *ask);

	*ask = (struct hap_ask){.hap = hap, .line = sl_strdup(line), .done = done, .arg = arg};
	sl_buf_init(&ask->answer, ANSWER_MAX);
	hap->pending++;
	ask->stream =
		hap->services->stream(hap->services->ctx, &node->at, timeout_ms, &events, ask);
	return ask;
}

void hap_ask_cancel(struct hap_ask *ask)
{
	ask->done = NULL;
	sl_stream_close(ask->stream);
}
