/* SPDX-License-Identifier: Apache-2.0 */
/* A shell on a host, in the console's own terminal; every one is a line of the log of shells. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/views/views.h"
#include "orchestrator/view/host_look.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

struct visit {
	struct app *a;
	char *host;
};

static const char *text_of(const struct table *t, const char *key)
{
	const struct vw_cell *cell = table_cell(t, table_row(t), key);

	return cell ? cell->text : NULL;
}

bool host_of_row(struct app *a, const struct table *t, bool with_port, char *dst, size_t size)
{
	const struct vw_cell *port;
	const char *host;

	if (!table_row(t))
		return false;
	host = text_of(t, "host");
	if (!host)
		host = text_of(t, "target"); /* of a step: with its port */
	port = with_port ? table_cell(t, table_row(t), "port") : NULL;
	return host_looks_place(site_hosts(a->site), host, text_of(t, "address"),
				port && port->number >= 1 ? (unsigned)port->number : 0, dst, size);
}

/* --- who was where: shells.log in the state folder, a line each --- */

static void audit(struct app *a, const char *host, const char *what)
{
	char *path = sl_asprintf("%s/shells.log", store_folder(site_store(a->site)));
	char time[40], line[1024], reason[256];
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t len;

	sl_text_clean(reason, sizeof reason, a->write_reason ? a->write_reason : "",
		      a->write_reason ? strlen(a->write_reason) : 0, false);
	sl_time_format(time, sizeof time, sl_time_now());
	len = (size_t)snprintf(line, sizeof line - 1, "%s %s %s %s: %s", time, a->who, host, what,
			       reason);
	len = len < sizeof line - 1 ? len : sizeof line - 2;
	line[len++] = '\n';
	if (fd < 0 || write(fd, line, len) != (ssize_t)len)
		app_say(a, PAINT_WARN, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
}

static void ended(void *arg, int code)
{
	struct visit *v = arg;
	char what[40];

	if (code < 0) { /* the console has ended */
		free(v->host);
		free(v);
		return;
	}
	snprintf(what, sizeof what, "left, exit %d", code);
	app_say(v->a, code ? PAINT_WARN : PAINT_OK, "the shell on %s has ended%s%s", v->host,
		code == 255   ? ": ssh could not connect, or lost the connection"
		: code == 127 ? ": there is no ssh program here"
			      : "",
		"");
	audit(v->a, v->host, what);
	free(v->host);
	free(v);
}

void shell_open(struct app *a, const char *host)
{
	struct host_looks *h = site_hosts(a->site);
	const struct host_seen *seen = h ? host_looks_named(h, host) : NULL;
	struct sl_error e = {0};
	struct visit *v;
	char **words;

	if (!seen) {
		app_say(a, PAINT_WARN, "the inventory has no host '%s'", host);
		return;
	}
	words = transport_shell_args(&seen->host->target);
	if (!words) {
		app_say(a, PAINT_BAD, "%s: its address is not usable", host);
		return;
	}
	v = sl_alloc(sizeof *v);
	v->a = a;
	v->host = sl_strdup(seen->host->name);
	audit(a, v->host, "entered");
	if (term_lend(a->term, (const char *const *)words, ended, v, &e)) {
		app_say(a, PAINT_BAD, "no shell on %s: %s", v->host, e.msg);
		free(v->host);
		free(v);
	}
	transport_shell_args_free(words);
}

bool shell_act(struct app *a, struct screen *s, enum action what)
{
	char host[256];

	if (what != ACT_SHELL)
		return false;
	if (s->ops == &view_host && s->subject)
		shell_open(a, s->subject);
	else if (host_of_row(a, &s->table, false, host, sizeof host))
		shell_open(a, host);
	else
		app_say(a, PAINT_WARN, "this row belongs to no host");
	return true;
}
