/* SPDX-License-Identifier: Apache-2.0 */
/* One host: how it is, its disks, and what runs there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "orchestrator/view/host_look.h"
#include "plugins/sdk/units.h"

enum { LABEL_WIDTH = 9, DISKS_SHOWN = 6, TABLE_LEAST = 4, WHY_LINES = 5 };

static const enum action hints[] = {ACT_LOG,     ACT_FILTER, ACT_SORT,  ACT_COPY, ACT_EXPORT,
				    ACT_REFETCH, ACT_BACK,   ACT_SHELL, ACT_NONE};

static const struct host_seen *seen_of(struct app *a, const struct screen *s)
{
	const struct host_looks *h = site_hosts(a->site);

	return h && s->subject ? host_looks_find(h, s->subject) : NULL;
}

/* --- the head: facts and disks --- */

struct pen {
	struct canvas *c;
	struct rect r;
	unsigned y;
};

static unsigned label(struct pen *p, const char *word)
{
	canvas_text(p->c, p->r.x + 2, p->y, LABEL_WIDTH, look(PAINT_DIM), word);
	return p->r.x + 2 + LABEL_WIDTH;
}

static unsigned left(const struct pen *p, unsigned x)
{
	unsigned end = p->r.x + p->r.width;

	return x < end ? end - x : 0;
}

/* "load 8.3": a figure that is known, with the word before it. */
static unsigned figure(struct pen *p, unsigned x, const char *name, double value, const char *unit,
		       enum paint paint)
{
	if (!isfinite(value))
		return x;
	x += canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_DIM), "%s ", name);
	x += canvas_printf(p->c, x, p->y, left(p, x), look_bold(paint), "%.*f",
			   value < 10 && !*unit ? 1 : 0, value);
	return x + canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_DIM), "%s", unit);
}

static enum paint share_paint(double share, double warn, double bad)
{
	return share >= bad ? PAINT_BAD : share >= warn ? PAINT_WARN : PAINT_TEXT;
}

static unsigned draw_load(struct pen *p, unsigned x, const struct host_facts *f)
{
	if (!isfinite(f->load))
		return x;
	x = figure(p, x, "load", f->load, "", f->load > 2 * f->cpus ? PAINT_WARN : PAINT_TEXT);
	if (isfinite(f->cpus))
		x += canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_DIM), " on %.0f CPU%s",
				   f->cpus, f->cpus == 1 ? "" : "s");
	return x + 3;
}

static unsigned draw_share(struct pen *p, unsigned x, const char *name, double share, double bad)
{
	return isfinite(share)
		       ? figure(p, x, name, share * 100, "%", share_paint(share, 0.9, bad)) + 3
		       : x;
}

/* What an answer took on its way is no skew: half a second is right. */
static unsigned draw_clock(struct pen *p, unsigned x, double skew_ms)
{
	bool right = fabs(skew_ms) < 500;
	char span[40];

	if (!isfinite(skew_ms))
		return x;
	x += canvas_text(p->c, x, p->y, left(p, x), look(PAINT_DIM), "clock ");
	if (right)
		return x + canvas_text(p->c, x, p->y, left(p, x), look(PAINT_TEXT), "right") + 3;
	return x +
	       canvas_printf(p->c, x, p->y, left(p, x),
			     look_bold(fabs(skew_ms) > 2000 ? PAINT_WARN : PAINT_TEXT), "%s %s",
			     sl_duration_human(span, sizeof span, (int64_t)fabs(skew_ms)),
			     skew_ms > 0 ? "ahead" : "behind") +
	       3;
}

static void draw_facts(struct pen *p, const struct host_facts *f)
{
	unsigned x = draw_load(p, label(p, "now"), f);

	x = draw_share(p, x, "busy", f->cpu, 2);
	x = draw_share(p, x, "memory", f->memory, 0.98);
	x = draw_clock(p, x, f->skew_ms);
	if (*f->claim)
		canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_WORK), "run %s is at work here",
			      f->claim);
	p->y++;
}

static void draw_identity(struct pen *p, const struct host_seen *s, int64_t now)
{
	char span[40];
	unsigned x = label(p, "host");

	x += canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_TEXT), "%s   ", s->host->address);
	for (size_t i = 0; i < s->host->label_count; i++)
		x += canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_DIM), "%s=%s   ",
				   s->host->labels[i].name, s->host->labels[i].value);
	if (s->read_at && *s->facts.kernel)
		x += canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_DIM), "Linux %s   ",
				   s->facts.kernel);
	if (s->read_at && s->facts.booted)
		canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_DIM), "up %s",
			      sl_duration_human(span, sizeof span, now - s->facts.booted));
	p->y++;
}

static void draw_disk(struct pen *p, const struct host_disk *d, bool first)
{
	char total[32], room[32];
	unsigned x = label(p, first ? "disks" : "");

	x += canvas_printf(p->c, x, p->y, 5, look_bold(share_paint(d->used, 0.9, 0.98)), "%3.0f%%",
			   d->used * 100) +
	     2;
	canvas_printf(p->c, x, p->y, left(p, x), look(PAINT_TEXT), "%s   %s of %s left%s%s",
		      d->mount, sl_bytes_human(room, sizeof room, (uint64_t)d->free_kb * 1024),
		      sl_bytes_human(total, sizeof total, (uint64_t)d->total_kb * 1024),
		      strcmp(d->folder, d->mount) ? "   holds " : "",
		      strcmp(d->folder, d->mount) ? d->folder : "");
	p->y++;
}

static void draw_disks(struct pen *p, const struct host_facts *f)
{
	unsigned end = p->r.y + p->r.height;

	for (size_t i = 0; i < f->disk_count && i < DISKS_SHOWN; i++)
		if (p->y + TABLE_LEAST + 1 < end)
			draw_disk(p, &f->disks[i], i == 0);
}

/* Why it does not answer, all of it: what one has to compare, or to do, stands at the end. */
static void draw_why(struct pen *p, const struct sl_error *e)
{
	unsigned end = p->r.y + p->r.height, x = label(p, "lost");
	unsigned room = p->y + TABLE_LEAST + 1 < end ? end - p->y - TABLE_LEAST - 1 : 1;
	struct rect r = {x, p->y, left(p, x + 1), room < WHY_LINES ? room : WHY_LINES};

	p->y += canvas_wrap(p->c, r, look(PAINT_BAD), e->msg);
}

static unsigned head(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	const struct host_seen *seen = seen_of(a, s);
	struct pen p = {c, r, r.y};

	if (!seen || r.height <= TABLE_LEAST + 3)
		return 0;
	draw_identity(&p, seen, app_now(a));
	if (seen->error.code)
		draw_why(&p, &seen->error);
	if (seen->read_at) {
		draw_facts(&p, &seen->facts);
		draw_disks(&p, &seen->facts);
	}
	return p.y + 1 - r.y;
}

/* --- the chrome --- */

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct host_seen *seen = seen_of(a, s);
	char span[40], wait[40];

	if (!seen) {
		*paint = PAINT_WARN;
		snprintf(text, size, "the inventory has no such host");
		return true;
	}
	if (seen->tried_at && !seen->error.code)
		return false;
	*paint = seen->tried_at ? PAINT_BAD : PAINT_DIM;
	if (!seen->tried_at)
		snprintf(text, size, "asking %s", seen->host->name);
	else if (seen->read_at)
		snprintf(text, size, "what stands here it said %s ago; next try in %s",
			 host_span(a, sl_time_now() - seen->read_at, span, sizeof span),
			 host_span(a, seen->next_at - sl_time_boottime(), wait, sizeof wait));
	else
		snprintf(text, size, "it never answered; next try in %s",
			 host_span(a, seen->next_at - sl_time_boottime(), span, sizeof span));
	return true;
}

static bool ticks(struct app *a, struct screen *s)
{
	const struct host_seen *seen = seen_of(a, s);

	return seen && seen->error.code;
}

/* Why it is as it is, and where its log is: columns are too narrow for paths. */
static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct vw_row *row = table_row(&s->table);
	const struct vw_cell *log = row ? table_cell(&s->table, row, "log") : NULL;

	(void)a;
	if (!row)
		return false;
	snprintf(name, 256, "%s", row->full);
	snprintf(text, size, "%s%s%s", *row->reason ? row->reason : vw_state_word(row->state),
		 log ? "; log " : "", log ? log->text : "");
	return true;
}

const struct screen_ops view_host = {
	.name = "host",
	.title = "Host",
	.data = "processes",
	.twin = "get processes",
	.hints = hints,
	.head = head,
	.act = host_act,
	.about_itself = true,
	.offers = host_offers,
	.state = state,
	.selection = selection,
	.ticks = ticks,
	.empty = "sluice runs nothing there",
};
