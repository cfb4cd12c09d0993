/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan for people: one line a wave, under it what it changes, then capacity, promises and the
 * way back.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define TITLE_CELLS   44
#define COMMAND_CELLS 60
#define NOTE_CELLS    96
#define VALUE_CELLS   40

enum paint { PLAIN, BOLD, DIM, GREEN, CYAN, YELLOW };

static const char *const codes[] = {
	[PLAIN] = "", [BOLD] = "1", [DIM] = "2", [GREEN] = "32", [CYAN] = "36", [YELLOW] = "33",
};

struct printer {
	const struct plan *p;
	const struct plan_input *in; /* may be NULL */
	struct plan_model model;     /* moved along; only with `in` */
	bool colour, wide;
	size_t id_cells;
	struct sl_buf *out;
};

/* --- pieces --- */

/* Cleaned text in a colour, padded to `cells` (0 = as it is). */
static void put(struct printer *pr, enum paint paint, size_t cells, const char *text)
{
	char *clean = sl_text_clean_dup(text ? text : "", text ? strlen(text) : 0, false);
	size_t width = sl_text_width(clean);
	if (pr->colour && paint != PLAIN)
		sl_buf_printf(pr->out, "\033[%sm%s\033[0m", codes[paint], clean);
	else
		sl_buf_puts(pr->out, clean);
	for (; width < cells; width++)
		sl_buf_puts(pr->out, " ");
	free(clean);
}

static void putf(struct printer *pr, enum paint paint, size_t cells, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void putf(struct printer *pr, enum paint paint, size_t cells, const char *fmt, ...)
{
	struct sl_buf b;
	va_list ap;
	sl_buf_init(&b, 64 << 10);
	va_start(ap, fmt);
	sl_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	put(pr, paint, cells, sl_buf_str(&b));
	sl_buf_release(&b);
}

static void newline(struct printer *pr)
{
	while (pr->out->len && pr->out->data[pr->out->len - 1] == ' ')
		pr->out->data[--pr->out->len] = '\0';
	sl_buf_puts(pr->out, "\n");
}

static void indent(struct printer *pr)
{
	sl_buf_puts(pr->out, "      ");
}

static char *id_of(const struct plan_step *s)
{
	return s->port ? sl_asprintf("%s:%u", s->host, s->port) : sl_strdup(s->host);
}

/* "2.0.0-1a2b3c4d" -> "2.0.0"; other names stay. Yours to free. */
static char *version_of(const char *release)
{
	const char *dash = release ? strrchr(release, '-') : NULL;
	if (!release)
		return sl_strdup("nothing");
	if (!dash || strlen(dash + 1) != 8 || strspn(dash + 1, "0123456789abcdef") != 8)
		return sl_strdup(release);
	return sl_strndup(release, (size_t)(dash - release));
}

/* --- what a wave holds --- */

/* Hosts of a wave's steps, each once; at most three by name. */
static void put_hosts(struct printer *pr, const struct plan_wave *w)
{
	const struct plan_step *steps = pr->p->steps + w->first;
	const char *seen[4] = {0};
	const char *router = NULL;
	size_t hosts = 0;
	for (size_t i = 0; i < w->count; i++) {
		bool again = false;
		if (steps[i].router_claim) {
			router = steps[i].router_claim;
			continue;
		}
		for (size_t k = 0; k < i && !again; k++)
			again = !steps[k].router_claim && steps[k].host && steps[i].host &&
				strcmp(steps[k].host, steps[i].host) == 0;
		if (again)
			continue;
		if (hosts < SL_COUNT(seen))
			seen[hosts] = steps[i].host;
		hosts++;
	}
	if (hosts > 3)
		putf(pr, DIM, 0, "%zu hosts", hosts);
	for (size_t i = 0; hosts <= 3 && i < hosts; i++)
		putf(pr, DIM, 0, "%s%s", i ? ", " : "", seen[i] ? seen[i] : "?");
	if (router)
		putf(pr, DIM, 0, "%srouter %s", hosts ? ", " : "", router);
}

static void put_state(struct printer *pr, const struct plan_wave *w)
{
	char share[16];
	if (w->share_after >= 0)
		putf(pr, PLAIN, 0, "new gets %s, ",
		     sl_share_format(share, sizeof share, w->share_after));
	putf(pr, PLAIN, 0, "%zu of %zu in service", w->in_service_min, pr->p->total);
	if (w->kind == WAVE_UPGRADE)
		put(pr, PLAIN, 0, " meanwhile");
}

static bool is_same_place(const struct plan_step *a, const struct plan_step *b)
{
	return a->track == b->track && a->instance == b->instance;
}

/* The steps of one track on one instance, on one line. */
static size_t put_track(struct printer *pr, const struct plan_wave *w, size_t at)
{
	const struct plan_step *s = pr->p->steps + w->first;
	const struct plan_step *swap = NULL;
	size_t end = at;
	while (end < w->count && is_same_place(&s[end], &s[at])) {
		if (s[end].what == DO_SWAP)
			swap = &s[end];
		end++;
	}
	char *id = id_of(&s[at]);
	indent(pr);
	put(pr, BOLD, pr->id_cells + 2, id);
	free(id);
	if (swap) {
		char *from = version_of(swap->prior_release), *to = version_of(swap->release);
		bool same = swap->release && swap->prior_release &&
			    strcmp(swap->release, swap->prior_release) == 0;
		put(pr, DIM, 0, from);
		put(pr, PLAIN, 0, same ? " restarted: new settings  " : " -> ");
		if (!same)
			putf(pr, GREEN, 0, "%s  ", to);
		free(from);
		free(to);
	}
	for (size_t i = at; i < end; i++) {
		char limit[32];
		putf(pr, PLAIN, 0, "%s%s", i > at ? ", " : "", plan_do_name(s[i].what));
		if (pr->wide)
			putf(pr, DIM, 0, " (step %s, at most %s)", s[i].id,
			     sl_duration_format(limit, sizeof limit, s[i].deadline_ms));
	}
	if (swap && swap->prior_dead && !swap->first_install && !pr->p->undo)
		put(pr, YELLOW, 0, "  (is down now)");
	newline(pr);
	return end;
}

/* Weights that the router's servers get: each weight with its servers. */
static void put_weights(struct printer *pr, double share)
{
	/* How far the forward plan got is not known here. */
	if (!pr->in || !pr->model.router || share < 0 || pr->p->undo)
		return;
	struct plan_model *m = &pr->model;
	int *weights = sl_alloc_n(m->count + 1, sizeof *weights);
	model_share(m, share, weights);
	indent(pr);
	put(pr, DIM, pr->id_cells + 2, "weights");
	for (size_t i = 0; i < m->count; i++)
		if (m->at[i].server)
			putf(pr, m->at[i].is_new ? GREEN : PLAIN, 0, "%s %d  ", m->at[i].server,
			     weights[i]);
	newline(pr);
	free(weights);
}

static void put_command(struct printer *pr, const struct plan_step *s)
{
	char *clean = sl_text_clean_dup(s->command ? s->command : "",
					s->command ? strlen(s->command) : 0, false);
	if (!pr->wide && sl_text_width(clean) > COMMAND_CELLS) {
		clean[sl_text_fit(clean, COMMAND_CELLS - 3)] = '\0';
		putf(pr, PLAIN, 0, "%s...", clean);
	} else {
		put(pr, PLAIN, 0, clean);
	}
	free(clean);
}

static void put_run(struct printer *pr, const struct plan_step *s)
{
	char limit[32];
	indent(pr);
	put(pr, BOLD, pr->id_cells + 2, s->host);
	put_command(pr, s);
	if (pr->wide)
		putf(pr, DIM, 0, "  (step %s, in %s, at most %s)", s->id, s->cwd ? s->cwd : "?",
		     sl_duration_format(limit, sizeof limit, s->deadline_ms));
	newline(pr);
}

/* A value on one line; what a key's name says is secret is not shown. */
static void put_value(struct printer *pr, enum paint paint, const char *key, const char *value)
{
	if (!value) {
		put(pr, DIM, 0, "not there");
		return;
	}
	if (plan_key_is_secret(key)) {
		put(pr, DIM, 0, "(hidden)");
		return;
	}
	char *clean = sl_text_clean_dup(value, strlen(value), false);
	bool cut = !pr->wide && sl_text_width(clean) > VALUE_CELLS;
	if (cut)
		clean[sl_text_fit(clean, VALUE_CELLS - 3)] = '\0';
	putf(pr, paint, 0, "%s%s", *clean || cut ? clean : "\"\"", cut ? "..." : "");
	free(clean);
}

static void put_key(struct printer *pr, const struct plan_step *s)
{
	indent(pr);
	put(pr, BOLD, pr->id_cells + 2, s->key);
	put_value(pr, DIM, s->key, s->prior_value);
	putf(pr, PLAIN, 0, "%s -> ", s->prior_disabled ? " (disabled)" : "");
	put_value(pr, GREEN, s->key, s->value);
	if (s->disabled)
		put(pr, PLAIN, 0, " (disabled)");
	if (pr->wide)
		putf(pr, DIM, 0, "  (step %s)", s->id);
	newline(pr);
}

static void put_target(struct printer *pr, const struct plan_step *s)
{
	char limit[32];
	indent(pr);
	put(pr, BOLD, pr->id_cells + 2, s->host ? s->host : "here");
	putf(pr, PLAIN, 0, "%s", s->router_claim ? s->router_claim : s->release ? s->release : "");
	putf(pr, DIM, 0, "%s%s", s->router_claim || s->release ? "  " : "",
	     s->claim ? s->claim : "");
	putf(pr, DIM, 0, "  (step %s, at most %s)", s->id,
	     sl_duration_format(limit, sizeof limit, s->deadline_ms));
	newline(pr);
}

/* --- waves --- */

/* Printing follows the plan, so that weights are those of that moment. */
static void move_model(struct printer *pr, const struct plan_wave *w)
{
	for (size_t i = w->first; pr->in && i < w->first + w->count; i++) {
		const struct plan_step *s = &pr->p->steps[i];
		if (s->instance < 0 || (size_t)s->instance >= pr->model.count)
			continue;
		struct model_instance *x = &pr->model.at[s->instance];
		if (s->what == DO_SWAP) {
			x->is_new = !pr->p->undo;
			x->in_service = s->release && !x->kept_out;
		}
	}
}

static void put_wave_body(struct printer *pr, const struct plan_wave *w)
{
	const struct plan_step *s = pr->p->steps + w->first;
	switch (w->kind) {
	case WAVE_UPGRADE:
		for (size_t i = 0; i < w->count;)
			i = put_track(pr, w, i);
		break;
	case WAVE_TRAFFIC:
		put_weights(pr, s->share);
		break;
	case WAVE_RUN:
		for (size_t i = 0; i < w->count; i++)
			put_run(pr, &s[i]);
		break;
	case WAVE_CONFIG:
		for (size_t i = 0; i < w->count; i++)
			put_key(pr, &s[i]);
		break;
	case WAVE_PAUSE:
	case WAVE_FINISH:
		break;
	default:
		for (size_t i = 0; pr->wide && i < w->count; i++)
			put_target(pr, &s[i]);
		break;
	}
}

static void put_wave(struct printer *pr, size_t index)
{
	const struct plan_wave *w = &pr->p->waves[index];
	putf(pr, CYAN, 0, "%4zu", index + 1);
	sl_buf_puts(pr->out, "  ");
	put(pr, BOLD, TITLE_CELLS, w->title);
	switch (w->kind) {
	case WAVE_CLAIM:
	case WAVE_STAGE:
	case WAVE_PRUNE:
	case WAVE_RELEASE:
		put_hosts(pr, w);
		break;
	case WAVE_UPGRADE:
	case WAVE_TRAFFIC:
	case WAVE_FINISH:
		put_state(pr, w);
		break;
	default:
		break;
	}
	newline(pr);
	move_model(pr, w);
	put_wave_body(pr, w);
}

/* --- the whole --- */

static void put_kind(struct printer *pr)
{
	if (!pr->in)
		return;
	bool canary = pr->in->resolved->playbook->strategy.kind == PB_CANARY;
	putf(pr, PLAIN, 0, ", %s", canary ? "canary" : "rolling");
	if (pr->in->router)
		putf(pr, PLAIN, 0, " through %s of router %s", pr->in->router->backend,
		     pr->in->router->name);
	if (pr->in->registry)
		putf(pr, PLAIN, 0, ", registry %s", pr->in->registry->name);
}

static void put_head(struct printer *pr)
{
	const struct plan *p = pr->p;
	char size[32];
	put(pr, BOLD, 0, p->service);
	put(pr, PLAIN, 0, "  ");
	if (!p->touched && !p->undo) {
		put(pr, GREEN, 0, p->version);
		put(pr, PLAIN, 0, p->step_count ? ": no instance changes" : ": nothing to change");
		newline(pr);
		return;
	}
	put(pr, DIM, 0, p->undo ? p->version : p->old_version ? p->old_version : "not installed");
	put(pr, PLAIN, 0, " -> ");
	put(pr, GREEN, 0, !p->undo ? p->version : p->old_version ? p->old_version : "as it was");
	putf(pr, PLAIN, 0, "%s: %zu of %zu instances %s", p->undo ? "  undo" : "", p->touched,
	     p->total, p->touched == 1 && p->total == 1 ? "changes" : "change");
	put_kind(pr);
	newline(pr);
	if (p->undo || !p->release)
		return;
	put(pr, DIM, 0, "release ");
	put(pr, PLAIN, 0, p->release);
	putf(pr, DIM, 0, " from %s", p->artifact ? p->artifact : "?");
	if (pr->in && pr->in->artifact)
		putf(pr, DIM, 0, " (%s)",
		     sl_bytes_human(size, sizeof size, pr->in->artifact->size));
	newline(pr);
	if (pr->wide) {
		putf(pr, DIM, 0, "sha256 %s", p->digest ? p->digest : "?");
		newline(pr);
	}
}

/* Wrapped at NOTE_CELLS, behind a dash. */
static void put_note(struct printer *pr, const char *note)
{
	char *clean = sl_text_clean_dup(note, strlen(note), false), *at = clean;
	put(pr, YELLOW, 0, "  - ");
	while (sl_text_width(at) > NOTE_CELLS) {
		size_t cut = sl_text_fit(at, NOTE_CELLS);
		while (cut && at[cut] != ' ')
			cut--;
		if (!cut)
			break;
		at[cut] = '\0';
		put(pr, PLAIN, 0, at);
		newline(pr);
		sl_buf_puts(pr->out, "    ");
		at += cut + 1;
	}
	put(pr, PLAIN, 0, at);
	newline(pr);
	free(clean);
}

static void put_foot(struct printer *pr)
{
	char time[32];
	newline(pr);
	for (size_t i = 0; i < pr->p->note_count; i++)
		put_note(pr, pr->p->notes[i]);
	if (pr->p->rollback_ms < 0)
		return;
	struct sl_buf b;
	sl_buf_init(&b, 512);
	bool weights = false;
	for (size_t i = 0; i < pr->p->step_count; i++)
		weights = weights || pr->p->steps[i].what == DO_WEIGHT;
	sl_buf_printf(&b, "A rollback from the end would take about %s%s.",
		      sl_duration_human(time, sizeof time, pr->p->rollback_ms),
		      weights ? "; traffic leaves first" : "");
	put_note(pr, sl_buf_str(&b));
	sl_buf_release(&b);
}

static size_t widest_id(const struct plan *p)
{
	size_t most = 7;
	for (size_t i = 0; i < p->step_count; i++) {
		if (p->steps[i].key && sl_text_width(p->steps[i].key) > most)
			most = sl_text_width(p->steps[i].key);
		if (!p->steps[i].host)
			continue;
		char *id = p->steps[i].what == DO_RUN ? sl_strdup(p->steps[i].host)
						      : id_of(&p->steps[i]);
		size_t width = sl_text_width(id);
		most = width > most ? width : most;
		free(id);
	}
	return most > 40 ? 40 : most;
}

void plan_print(const struct plan *p, const struct plan_input *in, bool colour, bool wide,
		struct sl_buf *out)
{
	struct printer pr = {.p = p, .in = in, .colour = colour, .wide = wide, .out = out};
	if (in)
		model_init(&pr.model, in);
	pr.id_cells = widest_id(p);
	put_head(&pr);
	if (p->wave_count)
		newline(&pr);
	for (size_t i = 0; i < p->wave_count; i++)
		put_wave(&pr, i);
	put_foot(&pr);
	if (in)
		model_release(&pr.model);
}
