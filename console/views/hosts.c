/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts of the inventory, asked over SSH while somebody looks. */
#include <stdio.h>
#include <string.h>

#include "console/views/views.h"
#include "orchestrator/view/host_look.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

enum { ZONES_SHOWN = 16, HEAD_ROWS = 2, TABLE_LEAST = 12, CARRIED_SHOWN = 4 };

static const enum action hints[] = {ACT_ENTER,   ACT_LOG,   ACT_FILTER, ACT_NEXT,
				    ACT_SORT,    ACT_MARK,  ACT_COPY,   ACT_EXPORT,
				    ACT_REFETCH, ACT_SHELL, ACT_NONE};

/* How many have not answered yet, or do not answer. */
static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct host_looks *h = site_hosts(a->site);
	size_t all = h ? host_looks_count(h) : 0, waiting = 0, lost = 0;

	(void)s;
	for (size_t i = 0; i < all; i++) {
		const struct host_seen *seen = host_looks_at(h, i);

		waiting += !seen->tried_at;
		lost += seen->tried_at && seen->error.code;
	}
	if (!waiting && !lost)
		return false;
	*paint = waiting ? PAINT_DIM : PAINT_WARN;
	if (waiting)
		snprintf(text, size, "asking %zu of %zu hosts", waiting, all);
	else
		snprintf(text, size, "%zu of %zu hosts do not answer; they are tried again", lost,
			 all);
	return true;
}

/* --- a line of zones above the table: how many hosts of each are well, and what the others are ---
 */

struct zone {
	const char *name; /* "" = hosts without one */
	size_t all, states[VW_STATE_COUNT];
};

static size_t count_zones(const struct table *t, struct zone *zones)
{
	const struct vw_table *data = t->data;
	size_t n = 0;

	for (size_t i = 0; i < data->count; i++) {
		const struct vw_cell *cell = table_cell(t, &data->rows[i], "zone");
		const char *name = cell ? cell->text : "";
		size_t k = 0;

		while (k < n && strcmp(zones[k].name, name) != 0)
			k++;
		if (k == ZONES_SHOWN)
			continue;
		if (k == n)
			zones[n++] = (struct zone){.name = name};
		zones[k].all++;
		zones[k].states[data->rows[i].state]++;
	}
	return n;
}

/* As long as hosts answer for the first time, the worst one is under the cursor of a person who has
 * not moved it. */
struct own {
	bool settled;
};

static void refresh(struct app *a, struct screen *s)
{
	const struct host_looks *h = site_hosts(a->site);
	const struct vw_row *worst = s->table.data ? table_shown(&s->table, 0) : NULL;
	struct own *o = s->own;

	if (worst && !s->table.moved && !o->settled)
		table_go_id(&s->table, worst->id);
	o->settled = h && host_looks_settled(h);
}

static unsigned draw_zone(struct canvas *c, unsigned x, unsigned y, unsigned end,
			  const struct zone *z)
{
	size_t well = z->states[VW_OK] + z->states[VW_WORKING];
	bool good = well == z->all;

	x += canvas_text(c, x, y, end - x, look(PAINT_TEXT), *z->name ? z->name : "no zone");
	if (x + 1 < end)
		x += 1 + canvas_printf(c, x + 1, y, end - x - 1,
				       good ? look(PAINT_OK) : look_bold(PAINT_BRIGHT),
				       "%zu of %zu", well, z->all);
	for (int s = 0; s < VW_STATE_COUNT && x + 1 < end; s++)
		if (s != VW_OK && s != VW_WORKING && z->states[s])
			x += 1 + canvas_printf(c, x + 1, y, end - x - 1,
					       look(table_state_paint((enum vw_state)s)), "%c%zu",
					       vw_state_glyph((enum vw_state)s), z->states[s]);
	return x + 3;
}

/* The zones in the order of their names. */
static const struct zone *next_zone(const struct zone *zones, size_t count, const struct zone *last)
{
	const struct zone *next = NULL;

	for (size_t i = 0; i < count; i++)
		if ((!last || strcmp(zones[i].name, last->name) > 0) &&
		    (!next || strcmp(zones[i].name, next->name) < 0))
			next = &zones[i];
	return next;
}

static unsigned head(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	struct zone zones[ZONES_SHOWN];
	size_t n = s->table.data ? count_zones(&s->table, zones) : 0;
	unsigned x = r.x + 2, end = r.x + r.width;

	(void)a;
	if (r.height < HEAD_ROWS + TABLE_LEAST || !n || (n == 1 && !*zones[0].name))
		return 0;
	x += canvas_text(c, x, r.y, end - x, look(PAINT_DIM), "zones") + 3;
	for (const struct zone *z = next_zone(zones, n, NULL); z && x < end;
	     z = next_zone(zones, n, z))
		x = draw_zone(c, x, r.y, end, z);
	return HEAD_ROWS;
}

/* --- the selection line: how it is, when it is asked again, what it carries --- */

static void add(char *text, size_t size, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? "; " : "", more);
}

const char *host_span(const struct app *a, int64_t ms, char *dst, size_t size)
{
	int64_t s = a->fixed_now || ms < 0 ? 0 : (ms + 999) / 1000;

	if (s < 60)
		snprintf(dst, size, "%lld s", (long long)s);
	else
		sl_duration_human(dst, size, s * 1000);
	return dst;
}

static void add_contact(const struct app *a, const struct host_seen *seen, char *text, size_t size)
{
	int64_t now = sl_time_now();
	char part[160], ago[40], wait[40];

	if (!seen->tried_at || !seen->error.code)
		return;
	host_span(a, seen->next_at - sl_time_boottime(), wait, sizeof wait);
	if (seen->read_at)
		snprintf(part, sizeof part, "last answer %s ago",
			 host_span(a, now - seen->read_at, ago, sizeof ago));
	else
		snprintf(part, sizeof part, "never answered");
	add(text, size, part);
	snprintf(part, sizeof part, "%u tr%s, next in %s", seen->failures,
		 seen->failures == 1 ? "y" : "ies", wait);
	add(text, size, part);
}

static void add_carried(const struct host_looks *h, const struct host_seen *seen, char *text,
			size_t size)
{
	const struct host_facts *f = &seen->facts;
	const char *names[CARRIED_SHOWN];
	size_t counts[CARRIED_SHOWN], n = 0, more = 0, len;
	char part[400] = "carries";

	for (size_t i = 0; seen->read_at && i < f->running_count; i++) {
		const char *name = host_looks_service(h, seen->host->name, f->running[i].dir);
		size_t k = 0;

		while (k < n && strcmp(names[k], name) != 0)
			k++;
		if (k == CARRIED_SHOWN) {
			more++;
			continue;
		}
		if (k == n) {
			names[n] = name;
			counts[n++] = 0;
		}
		counts[k]++;
	}
	for (size_t k = 0; k < n; k++) {
		len = strlen(part);
		snprintf(part + len, sizeof part - len, "%s %.80s x%zu", k ? "," : "", names[k],
			 counts[k]);
	}
	len = strlen(part);
	if (more)
		snprintf(part + len, sizeof part - len, " and %zu more", more);
	if (n)
		add(text, size, part);
}

static bool contact_and_load(struct app *a, const char *host, char *name, char *text, size_t size)
{
	const struct host_looks *h = site_hosts(a->site);
	const struct host_seen *seen = h ? host_looks_find(h, host) : NULL;

	if (!seen)
		return false;
	snprintf(name, 256, "%s", host);
	add_contact(a, seen, text, size);
	add_carried(h, seen, text, size);
	return true;
}

static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct vw_row *row = table_row(&s->table);

	if (!row)
		return false;
	snprintf(text, size, "%s", *row->reason ? row->reason : vw_state_word(row->state));
	return contact_and_load(a, row->id, name, text, size);
}

/* What is lost is tried again, and the line says when. */
static bool ticks(struct app *a, struct screen *s)
{
	const struct host_looks *h = site_hosts(a->site);
	const struct vw_row *row = table_row(&s->table);
	const struct host_seen *seen = h && row ? host_looks_find(h, row->id) : NULL;

	return seen && seen->error.code;
}

const struct screen_ops view_hosts = {
	.name = "hosts",
	.title = "Hosts",
	.tab = 7,
	.data = "hosts",
	.enter = "host",
	.twin = "get hosts",
	.hints = hints,
	.offers = host_offers,
	.act = host_act,
	.empty = "no hosts: start with -i INVENTORY, which names them",
	.state = state,
	.own_size = sizeof(struct own),
	.refresh = refresh,
	.head = head,
	.selection = selection,
	.ticks = ticks,
};
