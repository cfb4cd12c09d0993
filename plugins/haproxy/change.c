/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/haproxy/change.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const char *const admin_words[] = {
	[SL_ADMIN_READY] = "ready",
	[SL_ADMIN_DRAIN] = "drain",
	[SL_ADMIN_MAINT] = "maint",
};

int hap_changes_check(const struct sl_router_change *changes, size_t count, struct sl_error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct sl_router_change *c = &changes[i];

		if (!hap_is_name(c->server))
			return sl_fail(e, SL_EINPUT, "'%.80s' is not a server name of HAProxy",
				       c->server);
		if (c->weight < SL_KEEP || c->weight > 256 || c->admin < SL_KEEP ||
		    c->admin > SL_ADMIN_MAINT)
			return sl_fail(e, SL_EINTERNAL,
				       "server '%s': weight %d or state %d is out of range",
				       c->server, c->weight, c->admin);
	}
	return SL_OK;
}

static int fail_no_server(const struct hap_view *now, const char *server, struct sl_error *e)
{
	const char **names = sl_alloc_n(now->count + 1, sizeof *names), *near;

	for (size_t i = 0; i < now->count; i++)
		names[i] = now->servers[i].name;
	near = sl_text_nearest(server, names, now->count);
	sl_fail(e, SL_ENOTFOUND, "the backend has no server '%s'%s%s%s", server,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(names);
	return SL_ENOTFOUND;
}

static bool holds(int now, int wanted)
{
	return wanted == SL_KEEP || now == wanted;
}

static int server_expected(const struct hap_server *s, const struct sl_router_change *c,
			   struct sl_error *e)
{
	int admin = (int)s->admin;

	if (!holds(s->weight, c->expect_weight) && (c->weight == SL_KEEP || s->weight != c->weight))
		return sl_fail(e, SL_ECONFLICT,
			       "server '%s' has weight %d, not %d as read before: someone else "
			       "changed it",
			       s->name, s->weight, c->expect_weight);
	if (!holds(admin, c->expect_admin) && (c->admin == SL_KEEP || admin != c->admin))
		return sl_fail(e, SL_ECONFLICT,
			       "server '%s' is in state %s, not %s as read before: someone else "
			       "changed it",
			       s->name, admin_words[admin], admin_words[c->expect_admin]);
	return SL_OK;
}

int hap_changes_expected(const struct hap_view *now, const struct sl_router_change *changes,
			 size_t count, struct sl_error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct hap_server *s = hap_view_find(now, changes[i].server);

		if (!s)
			return fail_no_server(now, changes[i].server, e);
		if (server_expected(s, &changes[i], e) != SL_OK)
			return SL_ECONFLICT;
	}
	return SL_OK;
}

/* Past its maximum the buffer only notes that it was too small. */
static void line_add(struct sl_buf *line, size_t *commands, const char *text)
{
	if ((*commands)++)
		sl_buf_puts(line, "; ");
	sl_buf_puts(line, text);
}

int hap_changes_line(struct sl_buf *line, const char *backend, const struct hap_view *now,
		     const struct sl_router_change *changes, size_t count, size_t *commands,
		     struct sl_error *e)
{
	char command[400];

	*commands = 0;
	for (size_t i = 0; i < count; i++) {
		const struct hap_server *s = hap_view_find(now, changes[i].server);

		if (!s || holds(s->weight, changes[i].weight))
			continue;
		snprintf(command, sizeof command, "set weight %s/%s %d", backend, s->name,
			 changes[i].weight);
		line_add(line, commands, command);
	}
	for (size_t i = 0; i < count; i++) {
		const struct hap_server *s = hap_view_find(now, changes[i].server);

		if (!s || holds((int)s->admin, changes[i].admin))
			continue;
		snprintf(command, sizeof command, "set server %s/%s state %s", backend, s->name,
			 admin_words[changes[i].admin]);
		line_add(line, commands, command);
	}
	if (*commands)
		sl_buf_puts(line, "\n");
	if (line->truncated)
		return sl_fail(e, SL_EUNSUPPORTED,
			       "%zu changes do not fit into one command line of %d bytes",
			       *commands, HAP_LINE_MAX);
	return SL_OK;
}

int hap_changes_verify(const struct hap_view *now, const struct sl_router_change *changes,
		       size_t count, struct sl_error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct sl_router_change *c = &changes[i];
		const struct hap_server *s = hap_view_find(now, c->server);

		if (!s)
			return fail_no_server(now, c->server, e);
		if (!holds(s->weight, c->weight))
			return sl_fail(e, SL_ECONFLICT,
				       "server '%s' was set to weight %d and reads %d", s->name,
				       c->weight, s->weight);
		if (!holds((int)s->admin, c->admin))
			return sl_fail(e, SL_ECONFLICT,
				       "server '%s' was set to state %s and reads %s", s->name,
				       admin_words[c->admin], admin_words[s->admin]);
	}
	return SL_OK;
}

struct sl_router_change *hap_changes_invert(const struct hap_view *prior,
					    const struct sl_router_change *changes, size_t count)
{
	struct sl_router_change *back = sl_alloc_n(count + 1, sizeof *back);

	for (size_t i = 0; i < count; i++) {
		const struct hap_server *s = hap_view_find(prior, changes[i].server);

		back[i] = (struct sl_router_change){
			.server = changes[i].server,
			.expect_weight = SL_KEEP,
			.expect_admin = SL_KEEP,
			.weight = s && changes[i].weight != SL_KEEP ? s->weight : SL_KEEP,
			.admin = s && changes[i].admin != SL_KEEP ? (int)s->admin : SL_KEEP,
		};
	}
	return back;
}
