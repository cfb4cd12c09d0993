/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of instances: drain, enable, weight. The console changes nothing itself: once
 * the person has said yes to the exact targets, `sluice VERB` does it as an action, audited with
 * who, why and what stood there before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/service_seen.h"
#include "console/views/views.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define TYPE_ABOVE  10 /* targets: above, the service's name must be typed */
#define TARGETS_MAX 50 /* at a time */
#define WEIGHT_MAX  1000000

const enum action instance_actions[] = {ACT_DRAIN, ACT_ENABLE, ACT_WEIGHT, ACT_NONE};

static const struct verb {
	const char *verb, *title;
} verbs[ACT_COUNT] = {
	[ACT_DRAIN] = {"drain", "Drain: out of service, in the registry"},
	[ACT_ENABLE] = {"enable", "Enable: back into service, in the registry"},
	[ACT_WEIGHT] = {"weight", "Weight, in the registry"},
};

bool instance_is_action(enum action what)
{
	return verbs[what].verb != NULL;
}

/* --- which --- */

struct target {
	char *name;  /* as `sluice` is told: unmistakable, with the environment or registry */
	char *shown; /* for the person */
};

struct order {
	char *service;
	enum action what;
	char weight[16];
	struct target targets[TARGETS_MAX];
	size_t count;
};

/* free() alone lets an order go: prompts and dialogs do. Its texts follow it in one block. */
struct packed {
	struct order order; /* first */
	char texts[];
};

static const struct cat_instance *instance_of(const struct catalogue *c, const char *service,
					      const char *id, const struct cat_service **of)
{
	for (size_t k = 0; c && k < catalogue_service_count(c); k++) {
		const struct cat_service *s = catalogue_service(c, k);

		if (strcmp(s->service, service) != 0)
			continue;
		for (size_t i = 0; i < s->count; i++) {
			if (strcmp(s->instances[i].path, id) != 0)
				continue;
			*of = s;
			return &s->instances[i];
		}
	}
	return NULL;
}

struct texts {
	struct sl_buf buf;
	size_t names[TARGETS_MAX], shown[TARGETS_MAX];
	size_t count, left_out;
};

static size_t put_text(struct sl_buf *b, const char *text)
{
	size_t at = b->len;

	sl_buf_append(b, text, strlen(text) + 1);
	return at;
}

static void add_target(struct texts *t, const struct catalogue *c, const char *service,
		       const char *id)
{
	const struct cat_service *of;
	const struct cat_instance *i = instance_of(c, service, id, &of);
	char name[1024], shown[512];

	if (!i)
		return; /* gone meanwhile */
	if (t->count == TARGETS_MAX) {
		t->left_out++;
		return;
	}
	snprintf(name, sizeof name, "%s/%s", *of->environment ? of->environment : of->source,
		 i->id);
	snprintf(shown, sizeof shown, "%s  %s  %s", i->id, i->host, catalogue_state_word(i->state));
	t->names[t->count] = put_text(&t->buf, name);
	t->shown[t->count++] = put_text(&t->buf, shown);
}

static struct order *pack(const struct texts *t, const char *service, enum action what)
{
	size_t base = t->buf.len + strlen(service) + 1;
	struct packed *p = sl_alloc(sizeof *p + base);
	struct order *o = &p->order;

	if (t->buf.len)
		memcpy(p->texts, t->buf.data, t->buf.len);
	strcpy(p->texts + t->buf.len, service);
	o->service = p->texts + t->buf.len;
	o->what = what;
	o->count = t->count;
	for (size_t i = 0; i < t->count; i++)
		o->targets[i] = (struct target){p->texts + t->names[i], p->texts + t->shown[i]};
	return o;
}

/* The marked rows, else the one under the cursor. */
static struct order *order_new(struct app *a, struct screen *s, enum action what, size_t *left_out)
{
	const struct catalogue *c = site_catalogue(a->site);
	const struct table *table = &s->table;
	const struct vw_row *row = table_row(table);
	struct texts t = {.count = 0};
	struct order *o;

	sl_buf_init(&t.buf, 1u << 18);
	for (size_t i = 0; i < table->mark_count; i++)
		add_target(&t, c, s->subject, table->marks[i]);
	if (!table->mark_count && row)
		add_target(&t, c, s->subject, row->id);
	o = pack(&t, s->subject, what);
	*left_out = t.left_out;
	sl_buf_release(&t.buf);
	return o;
}

/* --- doing it --- */

static bool go(struct app *a, void *arg)
{
	const struct order *o = arg;
	const char *args[TARGETS_MAX + 16], *inventory = site_inventory(a->site);
	size_t n = 0;

	args[n++] = verbs[o->what].verb;
	args[n++] = "--inventory";
	args[n++] = inventory ? inventory : "";
	args[n++] = "--reason";
	args[n++] = a->write_reason;
	args[n++] = "--yes";
	if (o->what == ACT_WEIGHT) {
		args[n++] = "--weight";
		args[n++] = o->weight;
	}
	args[n++] = "--";
	args[n++] = o->service;
	for (size_t i = 0; i < o->count; i++)
		args[n++] = o->targets[i].name;
	args[n] = NULL;
	return carry(a, args, sl_asprintf("%s %s", verbs[o->what].verb, o->service), NULL);
}

/* --- asking --- */

static void confirm(struct app *a, struct order *o)
{
	bool heavy = o->count > TYPE_ABOVE || site_production(a->site);
	struct sl_buf targets;
	char title[256];

	sl_buf_init(&targets, 1u << 18);
	for (size_t i = 0; i < o->count; i++)
		sl_buf_printf(&targets, "%s\n", o->targets[i].shown);
	snprintf(title, sizeof title, "%s%s%s (%zu instance%s of %.80s)",
		 o->what == ACT_WEIGHT ? "Weight " : verbs[o->what].title,
		 o->what == ACT_WEIGHT ? o->weight : "",
		 o->what == ACT_WEIGHT ? ", in the registry" : "", o->count,
		 o->count == 1 ? "" : "s", o->service);
	dialog_confirm(a, title, sl_buf_str(&targets), o->count, heavy ? o->service : NULL, go, o);
	sl_buf_release(&targets);
}

/* The prompt lets its own go when it is asked anew: the dialog gets a copy. */
static void weight_told(struct app *a, void *arg, const char *text)
{
	struct order *o = arg;
	int64_t weight;

	if (!sl_count_parse(text, 0, WEIGHT_MAX, &weight)) {
		app_say(a, PAINT_WARN, "a weight is a whole number from 0 to %d", WEIGHT_MAX);
		return;
	}
	snprintf(o->weight, sizeof o->weight, "%lld", (long long)weight);
	a->prompt.arg = NULL; /* it is the dialog's from here on */
	confirm(a, o);
}

void instance_ask(struct app *a, struct screen *s, enum action what)
{
	size_t left_out;
	struct order *o = order_new(a, s, what, &left_out);

	if (left_out || !o->count) {
		app_say(a, PAINT_WARN,
			left_out ? "at most %d at a time: nothing was asked for"
				 : "they are not registered any more",
			TARGETS_MAX);
		free(o);
	} else if (what == ACT_WEIGHT) {
		prompt_ask(a, "weight: ", "a whole number; esc leaves it", weight_told, o);
	} else {
		confirm(a, o);
	}
}

const char *instance_why(struct app *a, struct screen *s, enum action what)
{
	(void)what;
	if (!site_inventory(a->site))
		return "there is no inventory";
	return s->table.mark_count || table_row(&s->table) ? NULL : "nothing is under the cursor";
}
