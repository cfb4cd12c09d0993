/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/plan/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

static const char *const do_names[DO_COUNT] = {
	[DO_CLAIM] = "claim",     [DO_STAGE] = "stage",     [DO_DRAIN] = "drain",
	[DO_SWAP] = "swap",       [DO_READY] = "ready",     [DO_RETURN] = "return",
	[DO_WEIGHT] = "weight",   [DO_PAUSE] = "pause",     [DO_RUN] = "run",
	[DO_RESTORE] = "restore", [DO_CONFIG] = "config",   [DO_PRUNE] = "prune",
	[DO_UNSTAGE] = "unstage", [DO_RELEASE] = "release", [DO_CHANGE] = "change",
};

const char *plan_do_name(enum plan_do d)
{
	return (unsigned)d < DO_COUNT ? do_names[d] : "unknown";
}

const char *plan_registered_word(int state)
{
	static const char *const words[SL_INSTANCE_STATE_COUNT] = {
		[SL_INSTANCE_UP] = "UP",
		[SL_INSTANCE_DOWN] = "DOWN",
		[SL_INSTANCE_STARTING] = "STARTING",
		[SL_INSTANCE_TESTING] = "TESTING",
		[SL_INSTANCE_OUT] = "OUT",
		[SL_INSTANCE_UNKNOWN] = "UNKNOWN",
	};
	return state >= 0 && state < SL_INSTANCE_STATE_COUNT ? words[state] : "UNKNOWN";
}

bool plan_key_is_secret(const char *key)
{
	static const char *const words[] = {
		"password",    "passwd",      "secret", "token",   "credential", "privatekey",
		"private-key", "private_key", "apikey", "api-key", "api_key"};
	for (size_t i = 0; i < SL_COUNT(words); i++)
		if (strcasestr(key, words[i]))
			return true;
	return false;
}

const char *plan_step_place(const struct plan_step *s, char *dst, size_t size)
{
	if (s->config)
		snprintf(dst, size, "%s", s->config);
	else if (s->host && s->port)
		snprintf(dst, size, "%s:%u", s->host, s->port);
	else
		snprintf(dst, size, "%s", s->host ? s->host : "the router");
	return dst;
}

void draft_init(struct draft *d, const struct plan_input *in, struct plan *p)
{
	const struct playbook *pb = in->resolved->playbook;
	*p = (struct plan){.rollback_ms = -1};
	*d = (struct draft){
		.in = in,
		.service = &pb->services[0],
		.strategy = &pb->strategy,
		.p = p,
		.share = -1,
	};
	model_init(&d->model, in);
}

void draft_release(struct draft *d)
{
	for (size_t i = 0; i < d->claim_count; i++)
		free(d->claims[i].folder);
	free(d->claims);
	model_release(&d->model);
}

static void drop_empty_wave(struct plan *p)
{
	if (p->wave_count && p->waves[p->wave_count - 1].count == 0)
		free(p->waves[--p->wave_count].title);
}

struct plan_wave *draft_wave(struct draft *d, enum plan_wave_kind kind, const char *fmt, ...)
{
	struct plan *p = d->p;
	char title[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(title, sizeof title, fmt, ap);
	va_end(ap);
	drop_empty_wave(p);
	SL_GROW(p->waves, p->wave_count, d->wave_cap);
	p->waves[p->wave_count++] = (struct plan_wave){
		.kind = kind,
		.title = sl_strdup(title),
		.first = p->step_count,
	};
	draft_wave_state(d);
	return &p->waves[p->wave_count - 1];
}

void draft_wave_state(struct draft *d)
{
	struct plan_wave *w = &d->p->waves[d->p->wave_count - 1];
	w->new_after = model_new(&d->model);
	w->share_after = model_share(&d->model, d->share, NULL);
	w->in_service_min = model_in_service(&d->model);
}

struct plan_step *draft_step(struct draft *d, enum plan_do what, size_t track)
{
	struct plan *p = d->p;
	SL_GROW(p->steps, p->step_count, d->step_cap);
	struct plan_step *s = &p->steps[p->step_count++];
	*s = (struct plan_step){
		.what = what,
		.track = track,
		.instance = -1,
		.deadline_ms = deadline_of(what),
		.share = -1,
	};
	p->waves[p->wave_count - 1].count++;
	return s;
}

struct plan_step *draft_step_at(struct draft *d, enum plan_do what, size_t track, size_t instance)
{
	const struct rs_instance *i = &d->in->resolved->instances[instance];
	struct plan_step *s = draft_step(d, what, track);
	s->instance = (long)instance;
	s->service = sl_strdup(d->service->name);
	s->host = sl_strdup(i->host->name);
	s->port = i->port;
	s->claim = sl_strdup(i->sluice);
	return s;
}

#define STEP_STRINGS 19

/* All that a step owns. */
static void step_strings(struct plan_step *s, char **all[STEP_STRINGS])
{
	char **const strings[STEP_STRINGS] = {
		&s->service,      &s->host,          &s->claim,
		&s->router_claim, &s->release,       &s->digest,
		&s->spec,         &s->prior_release, &s->name,
		&s->command,      &s->prior_spec,    &s->undo,
		&s->check,        &s->cwd,           &s->registered_version,
		&s->config,       &s->key,           &s->value,
		&s->prior_value,
	};
	memcpy(all, strings, sizeof strings);
}

struct plan_step *draft_step_copy(struct draft *d, const struct plan_step *from, size_t track)
{
	struct plan_step *s = draft_step(d, from->what, track);
	char **strings[STEP_STRINGS];
	*s = *from;
	s->track = track;
	step_strings(s, strings);
	for (size_t i = 0; i < SL_COUNT(strings); i++)
		*strings[i] = sl_strdup(*strings[i]);
	return s;
}

void draft_note(struct draft *d, const char *fmt, ...)
{
	struct plan *p = d->p;
	char text[600], *line = text;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	SL_GROW(p->notes, p->note_count, d->note_cap);
	p->notes[p->note_count++] = sl_strdup(line);
}

/* Some waves are known only when all else is: they are made last and go where they belong. */
void draft_move_last_wave(struct draft *d, size_t to)
{
	struct plan *p = d->p;
	drop_empty_wave(p);
	if (!p->wave_count || to + 1 >= p->wave_count)
		return;
	struct plan_wave last = p->waves[p->wave_count - 1];
	struct plan_step *moved = sl_alloc_n(last.count, sizeof *moved);
	size_t at = p->waves[to].first;
	memcpy(moved, p->steps + last.first, last.count * sizeof *moved);
	memmove(p->steps + at + last.count, p->steps + at, (last.first - at) * sizeof *moved);
	memcpy(p->steps + at, moved, last.count * sizeof *moved);
	memmove(p->waves + to + 1, p->waves + to, (p->wave_count - 1 - to) * sizeof *p->waves);
	p->waves[to] = last;
	for (size_t i = to, next = at; i < p->wave_count; next += p->waves[i++].count)
		p->waves[i].first = next;
	free(moved);
}

void draft_number(struct draft *d, const char *prefix)
{
	struct plan *p = d->p;
	drop_empty_wave(p);
	size_t next = 0;
	for (size_t w = 0; w < p->wave_count; w++) {
		p->waves[w].first = next;
		for (size_t i = 0; i < p->waves[w].count; i++, next++) {
			p->steps[next].wave = w;
			snprintf(p->steps[next].id, sizeof p->steps[next].id, "%s%zu", prefix,
				 next + 1);
		}
	}
}

struct draft_claim *draft_need_claim(struct draft *d, const struct rs_host *host,
				     const char *folder, long instance)
{
	for (size_t i = 0; i < d->claim_count; i++) {
		struct draft_claim *c = &d->claims[i];
		if (c->host != host || strcmp(c->folder, folder) != 0)
			continue;
		if (c->instance < 0)
			c->instance = instance;
		return c;
	}
	SL_GROW(d->claims, d->claim_count, d->claim_cap);
	d->claims[d->claim_count] = (struct draft_claim){
		.host = host,
		.folder = sl_strdup(folder),
		.instance = instance,
	};
	return &d->claims[d->claim_count++];
}

static void step_release(struct plan_step *s)
{
	char **strings[STEP_STRINGS];
	step_strings(s, strings);
	for (size_t i = 0; i < SL_COUNT(strings); i++)
		free(*strings[i]);
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->wave_count; i++)
		free(p->waves[i].title);
	for (size_t i = 0; i < p->step_count; i++)
		step_release(&p->steps[i]);
	for (size_t i = 0; i < p->note_count; i++)
		free(p->notes[i]);
	char *const strings[] = {p->action,  p->service, p->version, p->old_version,
				 p->release, p->digest,  p->artifact};
	for (size_t i = 0; i < SL_COUNT(strings); i++)
		free(strings[i]);
	free(p->waves);
	free(p->steps);
	free(p->notes);
	*p = (struct plan){0};
}
