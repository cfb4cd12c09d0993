/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/agent.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/socket.h"
#include "orchestrator/host/wire.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define REQUEST_IDENTITIES 11
#define IDENTITIES_ANSWER  12
#define SIGN_RESPONSE      14
#define MAX_ANSWER         (256 * 1024)

struct agent_question {
	struct transport_pipe *pipe;
	struct sl_buf request, answer;
	agent_done done;
	void *arg;
};

const char *agent_socket(void)
{
	const char *path = getenv("SSH_AUTH_SOCK");

	return path && *path == '/' ? path : NULL;
}

static void answer(struct agent_question *q, const unsigned char *body, size_t len)
{
	agent_done done = q->done;

	q->done = NULL;
	if (done)
		done(q->arg, body, len);
}

static void on_opened(void *arg)
{
	struct agent_question *q = arg;

	q->pipe->ops->write(q->pipe, q->request.data, q->request.len);
}

static void on_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct agent_question *q = arg;
	struct wire w;
	uint32_t n;

	(void)fd;
	if (sl_buf_append(&q->answer, bytes, len) != 0) {
		answer(q, NULL, 0);
		return;
	}
	w = (struct wire){.p = (unsigned char *)q->answer.data, .left = q->answer.len};
	n = wire_u32(&w);
	if (!w.bad && n <= w.left)
		answer(q, w.p, n);
}

static void on_ended(void *arg, int rc, const struct sl_error *e)
{
	(void)rc;
	(void)e;
	answer(arg, NULL, 0);
}

static const struct transport_pipe_events events = {
	.opened = on_opened,
	.data = on_data,
	.ended = on_ended,
};

static struct agent_question *ask(struct transport_pool *pool, const struct sl_buf *body,
				  agent_done done, void *arg)
{
	struct agent_question *q = sl_alloc(sizeof *q);
	const struct sl_endpoint to = {.unix_path = agent_socket()};

	sl_buf_init(&q->request, MAX_ANSWER);
	sl_buf_init(&q->answer, MAX_ANSWER);
	wire_put_string(&q->request, body->data, body->len);
	q->done = done;
	q->arg = arg;
	q->pipe = socket_connect(pool, "ssh agent", &to, &events, q);
	return q;
}

struct agent_question *agent_list(struct transport_pool *pool, agent_done done, void *arg)
{
	char type = REQUEST_IDENTITIES;
	const struct sl_buf body = {.data = &type, .len = 1};

	return ask(pool, &body, done, arg);
}

struct agent_question *agent_sign(struct transport_pool *pool, const void *blob, size_t blob_len,
				  const void *data, size_t len, agent_done done, void *arg)
{
	struct agent_question *q;
	struct sl_buf b;

	sl_buf_init(&b, MAX_ANSWER - 4);
	sl_buf_append(&b, "\x0d", 1); /* SIGN_REQUEST */
	wire_put_string(&b, blob, blob_len);
	wire_put_string(&b, data, len);
	wire_put_u32(&b, 0);
	q = ask(pool, &b, done, arg);
	sl_buf_release(&b);
	return q;
}

void agent_free(struct agent_question *q)
{
	if (!q)
		return;
	q->pipe->ops->close(q->pipe);
	sl_buf_release(&q->request);
	sl_buf_release(&q->answer);
	free(q);
}

void agent_each_key(const unsigned char *body, size_t len,
		    void (*each)(void *arg, const unsigned char *blob, size_t blob_len,
				 const char *comment),
		    void *arg)
{
	struct wire w = {.p = body, .left = len}, blob, comment;
	uint32_t n;
	char *text;

	if (len < 5 || body[0] != IDENTITIES_ANSWER)
		return;
	w.p++;
	w.left--;
	for (n = wire_u32(&w); n > 0 && !w.bad; n--) {
		blob = wire_string(&w);
		comment = wire_string(&w);
		if (w.bad)
			return;
		text = sl_text_clean_dup((const char *)comment.p, comment.left, false);
		each(arg, blob.p, blob.left, text);
		free(text);
	}
}

unsigned char *agent_signature(const unsigned char *body, size_t len, size_t *sig_len)
{
	struct wire w = {.p = body, .left = len}, both, sig;
	unsigned char *out;

	if (len < 5 || body[0] != SIGN_RESPONSE)
		return NULL;
	w.p++;
	w.left--;
	both = wire_string(&w);
	wire_string(&both); /* the type */
	sig = wire_string(&both);
	if (w.bad || both.bad || sig.left == 0)
		return NULL;
	out = sl_alloc(sig.left);
	memcpy(out, sig.p, sig.left);
	*sig_len = sig.left;
	return out;
}
