/* SPDX-License-Identifier: Apache-2.0 */
/* View: the hosts of the inventory, as they answer over SSH. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/view/host_look.h"
#include "orchestrator/view/internal.h"

enum {
	COL_HOST,
	COL_STATE,
	COL_ADDRESS,
	COL_ZONE,
	COL_LABELS,
	COL_SSH,
	COL_SERVICES,
	COL_KINDS,
	COL_INSTANCES,
	COL_LOAD,
	COL_CPUS,
	COL_CPU,
	COL_MEMORY,
	COL_DISK,
	COL_SKEW,
	COL_KERNEL,
	COL_BOOTED,
	COL_SEEN,
	COL_NOTE,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_HOST] = {"host", "HOST", "Its name in the inventory.", VW_TEXT, 10, 30, 0, false},
	[COL_STATE] = {"state", "STATE",
		       "ok, degraded, failed, working (a run is there), noContact or waiting.",
		       VW_STATE, 8, 9, 12, true},
	[COL_ADDRESS] = {"address", "ADDR", "Where it is reached.", VW_TEXT, 7, 39, 7, false},
	[COL_ZONE] = {"zone", "ZONE", "Its label of that name.", VW_TEXT, 4, 10, 6, false},
	[COL_LABELS] = {"labels", "LABELS", "All of its labels.", VW_LABELS, 8, 40, 12, true},
	[COL_SSH] = {"ssh", "SSH",
		     "ok, slow (over 2 s), lost, key! (its key is not as known) or -- not tried "
		     "yet.",
		     VW_TEXT, 4, 4, 2, false},
	[COL_SERVICES] = {"services", "RUNS",
			  "What sluice runs there: instance and version, or why it does not run.",
			  VW_LABELS, 20, 40, 11, false},
	[COL_KINDS] = {"serviceCount", "SVC", "Different services among its instances.", VW_NUMBER,
		       3, 5, 8, false},
	[COL_INSTANCES] = {"instances", "INST", "Instances that it should run.", VW_NUMBER, 4, 5, 8,
			   false},
	[COL_LOAD] = {"load", "LOAD", "Average of the last minute.", VW_NUMBER, 4, 6, 3, false},
	[COL_CPUS] = {"cpus", "CPUS", "Its processors.", VW_NUMBER, 4, 4, 10, false},
	[COL_CPU] = {"cpu", "CPU", "Share of their time in use since the look before.", VW_SHARE, 4,
		     6, 5, false},
	[COL_MEMORY] = {"memory", "MEM", "Share in use.", VW_SHARE, 4, 6, 3, false},
	[COL_DISK] = {"disk", "DISK", "Share in use of the fullest: / and the release folders'.",
		      VW_SHARE, 4, 6, 2, false},
	[COL_SKEW] = {"skew", "SKEW ms", "By how much its clock is ahead of ours.", VW_MILLIS, 7, 9,
		      10, true},
	[COL_KERNEL] = {"kernel", "KERNEL", "Its kernel.", VW_TEXT, 6, 16, 9, false},
	[COL_BOOTED] = {"booted", "UP", "When it was started.", VW_TIME, 4, 6, 10, false},
	[COL_SEEN] = {"seen", "SEEN", "When it answered last.", VW_TIME, 4, 6, 4, false},
	[COL_NOTE] = {"note", "NOTE", "Why it is not well.", VW_TEXT, 30, 0, 1, false},
};

/* Errors name the host first; here it stands in the row. */
static const char *without_name(const struct host_seen *s)
{
	size_t len = strlen(s->host->name);

	if (strncmp(s->error.msg, s->host->name, len) == 0 && s->error.msg[len] == ':')
		return s->error.msg + len + 1 + (s->error.msg[len + 1] == ' ');
	return s->error.msg;
}

static const char *ssh_word(const struct host_seen *s)
{
	if (!s->tried_at)
		return "--";
	if (s->error.code == SL_EHOSTKEY)
		return "key!";
	if (s->error.code)
		return "lost";
	return s->took_ms > 2000 ? "slow" : "ok";
}

static enum vw_state state_of(const struct host_seen *s, char *note, size_t size)
{
	*note = '\0';
	if (!s->tried_at)
		return VW_WAITING;
	if (!s->error.code)
		return host_facts_judge(&s->facts, s->took_ms, note, size);
	snprintf(note, size, "%s", without_name(s));
	return VW_NO_CONTACT;
}

static void set_labels(struct vw_table *t, struct vw_cell *cells, const struct rs_host *host)
{
	struct vw_pair *pairs = vw_alloc(t, (host->label_count + 1) * sizeof *pairs);

	for (size_t i = 0; i < host->label_count; i++) {
		pairs[i] = (struct vw_pair){.name = vw_dup(t, host->labels[i].name),
					    .value = vw_dup(t, host->labels[i].value)};
		if (strcmp(host->labels[i].name, "zone") == 0)
			vw_set_text(t, &cells[COL_ZONE], host->labels[i].value);
	}
	cells[COL_LABELS].known = true;
	cells[COL_LABELS].pairs = pairs;
	cells[COL_LABELS].count = host->label_count;
}

static void set_services(struct vw_table *t, struct vw_cell *cell, const struct host_looks *h,
			 const struct host_seen *s)
{
	const struct host_facts *f = &s->facts;
	struct vw_pair *pairs = vw_alloc(t, (f->running_count + 1) * sizeof *pairs);

	for (size_t i = 0; i < f->running_count; i++) {
		const struct host_running *r = &f->running[i];
		const char *service = host_looks_service(h, s->host->name, r->dir);
		const char *version = vw_release_version(t, r->release);

		version = *version ? version : *r->release ? vw_dup(t, r->release) : "-";
		pairs[i].name =
			r->port ? vw_printf(t, "%s:%u", service, r->port) : vw_dup(t, service);
		pairs[i].value = r->state == VW_OK       ? version
				 : r->state == VW_FAILED ? vw_printf(t, "%s dead", version)
							 : vw_printf(t, "%s unknown", version);
	}
	cell->known = true;
	cell->pairs = pairs;
	cell->count = f->running_count;
}

/* Different ones: two instances of a service are one. */
static size_t count_services(const struct host_looks *h, const struct host_seen *s)
{
	const struct host_facts *f = &s->facts;
	size_t n = 0;

	for (size_t i = 0; i < f->running_count; i++) {
		const char *name = host_looks_service(h, s->host->name, f->running[i].dir);
		size_t k = 0;

		while (k < i &&
		       strcmp(name, host_looks_service(h, s->host->name, f->running[k].dir)) != 0)
			k++;
		n += k == i;
	}
	return n;
}

static void set_facts(struct vw_table *t, struct vw_cell *cells, const struct host_looks *h,
		      const struct host_seen *s)
{
	const struct host_facts *f = &s->facts;

	set_services(t, &cells[COL_SERVICES], h, s);
	vw_set_number(&cells[COL_KINDS], (double)count_services(h, s));
	vw_set_number(&cells[COL_INSTANCES], (double)f->running_count);
	vw_set_number(&cells[COL_LOAD], f->load);
	vw_set_number(&cells[COL_CPUS], f->cpus);
	vw_set_number(&cells[COL_CPU], f->cpu);
	vw_set_number(&cells[COL_MEMORY], f->memory);
	vw_set_number(&cells[COL_DISK], host_facts_disk(f));
	vw_set_number(&cells[COL_SKEW], f->skew_ms);
	vw_set_text(t, &cells[COL_KERNEL], f->kernel);
	vw_set_time(&cells[COL_BOOTED], f->booted);
	vw_set_time(&cells[COL_SEEN], s->read_at);
}

static void add_host(struct vw_table *t, const struct host_looks *h, const struct host_seen *s)
{
	char note[SL_ERROR_MAX];
	enum vw_state state = state_of(s, note, sizeof note);
	struct vw_cell *cells = vw_row_add(t, s->host->name, state, s->host->name, note);

	vw_set_text(t, &cells[COL_HOST], s->host->name);
	vw_set_state(&cells[COL_STATE], state);
	vw_set_text(t, &cells[COL_ADDRESS], s->host->address);
	set_labels(t, cells, s->host);
	vw_set_text(t, &cells[COL_SSH], ssh_word(s));
	if (s->read_at)
		set_facts(t, cells, h, s);
	vw_set_text(t, &cells[COL_NOTE], note);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; w->hosts && i < host_looks_count(w->hosts); i++) {
		const struct host_seen *s = host_looks_at(w->hosts, i);

		if (!w->subject || strcmp(w->subject, s->host->name) == 0)
			add_host(t, w->hosts, s);
	}
}

const struct vw_view vw_hosts = {
	.name = "hosts",
	.one = "host",
	.title = "Hosts",
	.summary = "load, memory, disk and what runs on every host of the inventory; or on one",
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "state",
	.hosts = true,
	.fill = fill,
};
