/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The openssh driver: one multiplexing master process a host (`ssh -M -N`), whose control socket
 * lies in the pool's private folder. The master runs at -v: the only way in which ssh tells which
 * keys it offered and what key the host showed. A command, a stream, a check: each is a small `ssh`
 * client of that socket (openssh_pipe.c).
 */
#include "orchestrator/host/openssh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "orchestrator/host/child.h"
#include "orchestrator/host/known_hosts.h"
#include "orchestrator/host/slurp.h"
#include "orchestrator/host/transport_errors.h"
#include "plugins/sdk/mem.h"

struct openssh {
	struct transport *t;
	struct openssh_link *link;
	uv_timer_t timer; /* tells an error that was known at once */
	struct sl_error error;
	char accepted[KNOWN_FINGERPRINT]; /* the host key that a person accepted */
};

/* --- the link's life --- */

void openssh_link_hold(struct openssh_link *l)
{
	l->holds++;
}

void openssh_link_drop(struct openssh_link *l)
{
	struct transport_pool *pool = l->pool;
	struct openssh_forward *f, *next;

	if (--l->holds)
		return;
	LL_FOREACH_SAFE(l->forwards, f, next)
	{
		unlink(f->local);
		free(f->local);
		free(f->remote);
		free(f);
	}
	unlink(l->socket);
	if (*l->keys)
		unlink(l->keys);
	ssh_words_release(&l->words);
	free(l);
	transport_pool_drop(pool);
}

/* --- the master --- */

static void master_out(struct openssh_link *l);

static void on_master_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct openssh_link *l = arg;

	if (fd == 2)
		ssh_words_feed(&l->words, bytes, len);
	else if (!l->up)
		master_out(l);
}

static void connect_failed(struct openssh_link *l)
{
	struct openssh *o = l->owner;
	struct ssh_words *w = &l->words;
	char fingerprint[KNOWN_FINGERPRINT] = "another key";
	struct sl_error e;

	if (w->word == WORD_KEY_CHANGED)
		known_hosts_line(w->file, w->file_line, fingerprint);
	if (w->word == WORD_KEY_UNKNOWN && *w->key_shown && !*o->accepted &&
	    transport_ask(o->t, *w->host ? w->host : l->name, w->key_type, w->key_shown))
		return;
	ssh_words_error(w, l->name, fingerprint, &e);
	transport_connected(o->t, &e);
}

void openssh_link_lost(struct openssh_link *l)
{
	struct sl_error e;

	host_error_lost(&e, l->name, l->words.last);
	if (l->owner)
		transport_lost(l->owner->t, &e);
	else
		openssh_pipes_end(l, &e);
}

static void on_master_ended(void *arg, int rc, const struct sl_error *start)
{
	struct openssh_link *l = arg;
	(void)rc;
	if (!l->owner)
		return;
	if (start->code)
		transport_connected(l->owner->t, start);
	else if (l->up)
		openssh_link_lost(l);
	else
		connect_failed(l);
}

static const struct transport_pipe_events master_events = {
	.data = on_master_data,
	.ended = on_master_ended,
};

/* A person accepted a fingerprint and ssh recorded the key that was really there. */
static bool accepted_key_is_it(struct openssh *o, const struct openssh_link *l, struct sl_error *e)
{
	char shown[KNOWN_FINGERPRINT] = "none";
	struct known_hosts k;
	size_t len;
	char *text;

	if (!*l->keys)
		return true;
	if (!known_hosts_line(l->keys, 1, shown) || strcmp(shown, o->accepted) != 0) {
		host_error_key_unknown(e, l->name, transport_reach(o->t)->host,
				       "another key than accepted:", shown);
		return false;
	}
	text = slurp(l->keys, 65536, &len);
	known_hosts_init(&k, transport_reach(o->t)->host, transport_reach(o->t)->port);
	if (text && transport_reach(o->t)->known.count)
		known_hosts_parse(&k, l->keys, text, len);
	if (k.count)
		known_hosts_add(&k, transport_reach(o->t)->known.items[0], k.entries[0].type,
				k.entries[0].blob, k.entries[0].blob_len, NULL);
	known_hosts_release(&k);
	free(text);
	return true;
}

static void master_out(struct openssh_link *l)
{
	struct openssh *o = l->owner;
	struct sl_error e;

	if (!o)
		return;
	if (!accepted_key_is_it(o, l, &e)) {
		transport_connected(o->t, &e);
		return;
	}
	l->up = true;
	transport_connected(o->t, NULL);
}

static void on_error_turn(uv_timer_t *timer)
{
	struct openssh *o = timer->data;

	transport_connected(o->t, &o->error);
}

static void start_master(struct openssh *o, bool accept)
{
	struct transport_pool *pool = transport_pool_of(o->t);
	const struct transport_target *target = transport_target_of(o->t);
	const char *folder = transport_pool_folder(pool, &o->error);
	/* A jump host's ssh does not hear of BatchMode: no window may pop up for it. */
	static const char *const set[] = {"SSH_ASKPASS_REQUIRE=never", NULL};
	struct child_options options = {.name = target->name, .set = set};
	struct openssh_link *l;
	char **args;

	if (!folder || reach_check(target, &o->error) != SL_OK) {
		uv_timer_start(&o->timer, on_error_turn, 0, 0);
		return;
	}
	l = sl_alloc(sizeof *l);
	l->owner = o;
	l->pool = pool;
	l->name = target->name;
	l->holds = 1;
	transport_pool_hold(pool);
	ssh_words_init(&l->words);
	snprintf(l->socket, sizeof l->socket, "%s/m%u", folder, transport_pool_serial(pool));
	if (accept)
		snprintf(l->keys, sizeof l->keys, "%s.k", l->socket);
	args = openssh_master_args(target, transport_reach(o->t), l->socket,
				   accept ? l->keys : NULL);
	options.argv = (const char *const *)args;
	l->master = child_start(pool, &options, &master_events, l);
	openssh_args_free(args);
	o->link = l;
}

/* --- the driver --- */

static void *driver_make(struct transport *t)
{
	struct openssh *o = sl_alloc(sizeof *o);

	o->t = t;
	uv_timer_init(transport_pool_loop(transport_pool_of(t)), &o->timer);
	o->timer.data = o;
	transport_pool_hold(transport_pool_of(t));
	return o;
}

static void driver_connect(void *driver)
{
	struct openssh *o = driver;

	*o->accepted = '\0';
	start_master(o, false);
}

static void driver_drop(void *driver, const struct sl_error *e)
{
	struct openssh *o = driver;
	struct openssh_link *l = o->link;

	uv_timer_stop(&o->timer);
	o->link = NULL;
	if (!l)
		return;
	l->owner = NULL;
	openssh_pipes_end(l, e);
	l->master->ops->close(l->master);
	openssh_link_drop(l);
}

static void driver_hostkey_answer(void *driver, bool accept)
{
	struct openssh *o = driver;
	struct openssh_link *l = o->link;

	if (!accept) {
		ssh_words_error(&l->words, l->name, "", &o->error);
		uv_timer_start(&o->timer, on_error_turn, 0, 0);
		return;
	}
	snprintf(o->accepted, sizeof o->accepted, "%s", l->words.key_shown);
	driver_drop(o, &o->error);
	start_master(o, true);
}

static struct transport_pipe *driver_exec(void *driver, const char *command,
					  const struct transport_pipe_events *events, void *arg)
{
	return openssh_exec(((struct openssh *)driver)->link, command, events, arg);
}

static struct transport_pipe *driver_stream(void *driver, const struct sl_endpoint *to,
					    const struct transport_pipe_events *events, void *arg)
{
	return openssh_stream(((struct openssh *)driver)->link, to, events, arg);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct openssh *o = h->data;
	struct transport_pool *pool = transport_pool_of(o->t);

	free(o);
	transport_pool_drop(pool);
}

static void driver_destroy(void *driver)
{
	struct openssh *o = driver;

	uv_close((uv_handle_t *)&o->timer, on_timer_closed);
}

const struct transport_driver_ops driver_openssh = {
	.id = TRANSPORT_OPENSSH,
	.name = "openssh",
	.commands = 8, /* sshd's MaxSessions is 10 */
	.make = driver_make,
	.connect = driver_connect,
	.drop = driver_drop,
	.exec = driver_exec,
	.stream = driver_stream,
	.hostkey_answer = driver_hostkey_answer,
	.destroy = driver_destroy,
};
