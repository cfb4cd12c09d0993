/* SPDX-License-Identifier: Apache-2.0 */
#include "console/trouble.h"

#include <stdio.h>
#include <string.h>

#include "plugins/sdk/text.h"

/* The sources of the view on top come first: what it shows depends on them. */
static unsigned roles_of(const struct screen *s)
{
	const struct vw_view *v = s && s->ops->data ? vw_find(s->ops->data) : NULL;

	return v ? v->roles : 0;
}

bool trouble_line(struct app *a, char *dst, size_t size)
{
	struct catalogue *cat = site_catalogue(a->site);
	unsigned roles = roles_of(app_screen(a));
	struct cat_source first = {0};
	size_t count = 0, i;
	char more[40] = "";

	for (i = 0; cat && i < catalogue_source_count(cat); i++) {
		struct cat_source source = catalogue_source(cat, i);

		if (!*source.error)
			continue;
		if (!count++ || (!(first.role & roles) && (source.role & roles)))
			first = source;
	}
	if (!count)
		return false;
	if (count > 1)
		snprintf(more, sizeof more, " (and %zu more)", count - 1);
	snprintf(dst, size, "%s%s: %s", first.name, more, first.error);
	return true;
}

/* rows: what it could list. Returns the rows that it takes. */
static unsigned source_draw(struct canvas *c, struct rect r, const struct cat_source *source,
			    const char *rows)
{
	enum paint paint = *source->error ? PAINT_BAD : PAINT_DIM;
	unsigned x = r.x;
	char none[80];

	x += canvas_text(c, x, r.y, r.width / 3, look_bold(paint), source->name) + 1;
	x += canvas_printf(c, x, r.y, r.x + r.width - x, look(PAINT_DIM), "(%s)", source->type) + 2;
	if (x >= r.x + r.width)
		return 1;
	snprintf(none, sizeof none, "answers, and has no %s", rows);
	return canvas_wrap(c, (struct rect){x, r.y, r.x + r.width - x, r.height}, look(paint),
			   *source->error    ? source->error
			   : source->read_at ? none
					     : "has not answered yet");
}

bool trouble_draw(struct app *a, const struct screen *s, struct canvas *c, struct rect r)
{
	struct catalogue *cat = site_catalogue(a->site);
	const struct vw_view *v = s->ops->data ? vw_find(s->ops->data) : NULL;
	const char *rows = !v ? "" : v->rows ? v->rows : v->name;
	unsigned roles = roles_of(s), y = r.y;
	bool any = false;
	size_t i;

	for (i = 0; cat && i < catalogue_source_count(cat) && y < r.y + r.height; i++) {
		struct cat_source source = catalogue_source(cat, i);

		if (!(source.role & roles))
			continue;
		if (s->ops->empty_is_well && source.read_at && !*source.error)
			continue;
		y += source_draw(c, (struct rect){r.x, y, r.width, r.y + r.height - y}, &source,
				 rows);
		any = true;
	}
	return any;
}
