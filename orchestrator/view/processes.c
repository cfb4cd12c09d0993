/* SPDX-License-Identifier: Apache-2.0 */
/* View: what sluice runs on the hosts, as they say it themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/host_look.h"
#include "orchestrator/view/internal.h"

enum {
	COL_INSTANCE,
	COL_SERVICE,
	COL_HOST,
	COL_PORT,
	COL_RELEASE,
	COL_VERSION,
	COL_STATE,
	COL_PID,
	COL_SINCE,
	COL_FOLDER,
	COL_LOG,
	COL_NOTE,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_INSTANCE] = {"instance", "INSTANCE", "host:port.", VW_TEXT, 8, 40, 0, false},
	[COL_SERVICE] = {"service", "SERVICE", "Service it belongs to.", VW_TEXT, 8, 30, 1, false},
	[COL_HOST] = {"host", "HOST", "Host of the inventory.", VW_TEXT, 6, 24, 8, true},
	[COL_PORT] = {"port", "PORT", "Port of the instance.", VW_NUMBER, 4, 5, 8, true},
	[COL_RELEASE] = {"release", "RELEASE", "Folder that it was started from.", VW_TEXT, 8, 40,
			 6, true},
	[COL_VERSION] = {"version", "VERSION", "Version of that release.", VW_TEXT, 7, 24, 2,
			 false},
	[COL_STATE] = {"state", "STATE", "ok, failed (does not run) or noContact (cannot be told).",
		       VW_STATE, 7, 9, 3, false},
	[COL_PID] = {"pid", "PID", "Its process.", VW_NUMBER, 5, 8, 5, false},
	[COL_SINCE] = {"since", "SINCE", "When it was started.", VW_TIME, 5, 8, 3, false},
	[COL_FOLDER] = {"folder", "FOLDER", "Release folder on the host.", VW_TEXT, 8, 40, 7, true},
	[COL_LOG] = {"log", "LOG", "Its log file there, or its systemd unit.", VW_TEXT, 8, 50, 4,
		     false},
	[COL_NOTE] = {"note", "NOTE", "Why it does not run.", VW_TEXT, 6, 0, 4, false},
};

static const char *reason_of(struct vw_table *t, const struct host_seen *s,
			     const struct host_running *r)
{
	if (s->error.code)
		return s->error.msg;
	if (*r->message)
		return vw_dup(t, r->message);
	return r->state == VW_FAILED ? "it does not run" : "";
}

static void add_running(struct vw_table *t, const struct host_looks *h, const struct host_seen *s,
			const struct host_running *r)
{
	const char *host = s->host->name;
	const char *service = host_looks_service(h, host, r->dir);
	const char *instance = r->port ? vw_printf(t, "%s:%u", host, r->port) : host;
	/* what a host that does not answer said last is no longer known */
	enum vw_state state = s->error.code ? VW_NO_CONTACT : r->state;
	const char *reason = reason_of(t, s, r);
	const char *id = vw_printf(t, "%s%s/%s", host, r->dir, r->link);
	struct vw_cell *cells = vw_row_add(t, id, state, instance, reason);

	vw_set_text(t, &cells[COL_SERVICE], service);
	vw_set_text(t, &cells[COL_INSTANCE], instance);
	vw_set_text(t, &cells[COL_HOST], host);
	vw_set_id(t, &cells[COL_PORT], r->port);
	vw_set_text(t, &cells[COL_RELEASE], r->release);
	vw_set_text(t, &cells[COL_VERSION], vw_release_version(t, r->release));
	vw_set_state(&cells[COL_STATE], state);
	if (r->state == VW_OK)
		vw_set_id(t, &cells[COL_PID], strtoll(r->pid, NULL, 10));
	vw_set_time(&cells[COL_SINCE], r->since);
	vw_set_text(t, &cells[COL_FOLDER], r->dir);
	vw_set_text(t, &cells[COL_LOG], *r->unit ? r->unit : r->log);
	vw_set_text(t, &cells[COL_NOTE], reason);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; w->hosts && i < host_looks_count(w->hosts); i++) {
		const struct host_seen *s = host_looks_at(w->hosts, i);

		if (w->subject && strcmp(w->subject, s->host->name) != 0)
			continue;
		for (size_t k = 0; k < s->facts.running_count; k++)
			add_running(t, w->hosts, s, &s->facts.running[k]);
	}
}

const struct vw_view vw_processes = {
	.name = "processes",
	.one = "process",
	.title = "Processes",
	.summary = "what sluice runs on the hosts, as they say it themselves; or on one",
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "state",
	.hosts = true,
	.fill = fill,
};
