/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/ask_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/sdk/mem.h"

struct question {
	struct transport *transport;
	char *text;
	struct question *next;
};

struct ask_key {
	struct run_asker asker;
	uv_poll_t poll;
	int fd;                   /* /dev/tty, opened anew: a redirected input does not matter */
	struct question *waiting; /* the first one is on the screen */
	struct question **last;
	struct question *refused; /* not asked again while this plan is made */
};

/* A terminal that takes no more is one on which nobody answers. */
static void show(const struct ask_key *k, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(k->fd, text, left);

		if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
}

static struct question *take(struct ask_key *k)
{
	struct question *q = k->waiting;

	k->waiting = q->next;
	if (!k->waiting)
		k->last = &k->waiting;
	return q;
}

static void free_question(struct question *q)
{
	free(q->text);
	free(q);
}

static void answer(struct ask_key *k, bool yes)
{
	struct question *q = take(k);
	struct transport *t = q->transport;

	if (yes) {
		free_question(q);
	} else {
		q->next = k->refused;
		k->refused = q;
	}
	if (k->waiting)
		show(k, k->waiting->text);
	else
		uv_poll_stop(&k->poll);
	transport_hostkey_answer(t, yes);
}

/* The terminal gives whole lines. One that went away says no. */
static void on_line(uv_poll_t *poll, int status, int events)
{
	struct ask_key *k = poll->data;
	char line[256];
	ssize_t n = status < 0 ? 0 : read(k->fd, line, sizeof line - 1);

	(void)events;
	if ((n < 0 && (errno == EAGAIN || errno == EINTR)) || !k->waiting)
		return;
	if (n > 0) {
		line[n] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
	}
	if (n > 0 && strcmp(line, "yes") != 0 && strcmp(line, "no") != 0)
		show(k, "Please answer yes or no: ");
	else
		answer(k, n > 0 && !strcmp(line, "yes"));
}

static bool was_refused(const struct ask_key *k, const struct transport *t)
{
	const struct question *q = k->refused;

	while (q && q->transport != t)
		q = q->next;
	return q != NULL;
}

static void ask(void *arg, struct transport *t, const char *host, const char *type,
		const char *fingerprint)
{
	struct ask_key *k = arg;
	struct question *q;

	if (was_refused(k, t)) {
		transport_hostkey_answer(t, false);
		return;
	}
	q = sl_alloc(sizeof *q);
	q->transport = t;
	q->next = NULL;
	q->text = sl_asprintf("%s: nobody knows the host key of %s:\n  %s %s\n"
			      "Accept it and remember it (yes/no)? ",
			      transport_name(t), host, type, fingerprint);
	*k->last = q;
	k->last = &q->next;
	if (k->waiting != q)
		return;
	show(k, q->text);
	uv_poll_start(&k->poll, UV_READABLE, on_line);
}

static void over(void *arg)
{
	struct ask_key *k = arg;
	struct question *q;

	if (k->waiting)
		uv_poll_stop(&k->poll);
	while (k->waiting)
		free_question(take(k));
	while ((q = k->refused)) {
		k->refused = q->next;
		free_question(q);
	}
}

struct ask_key *ask_key_open(void)
{
	struct ask_key *k;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return NULL;
	k = sl_alloc(sizeof *k);
	*k = (struct ask_key){.asker = {.ask = ask, .over = over, .arg = k}, .fd = fd};
	k->last = &k->waiting;
	if (uv_poll_init(uv_default_loop(), &k->poll, fd)) {
		close(fd);
		free(k);
		return NULL;
	}
	k->poll.data = k;
	return k;
}

const struct run_asker *ask_key_asker(struct ask_key *k)
{
	return k ? &k->asker : NULL;
}

static void poll_closed(uv_handle_t *handle)
{
	struct ask_key *k = handle->data;

	close(k->fd);
	free(k);
}

void ask_key_close(struct ask_key *k)
{
	if (!k)
		return;
	over(k);
	uv_close((uv_handle_t *)&k->poll, poll_closed);
}
