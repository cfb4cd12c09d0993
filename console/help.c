/* SPDX-License-Identifier: Apache-2.0 */
/* All keys, from their table: with the command's name, and why one is off here and now. Typing
 * searches. */
#include <stdio.h>
#include <string.h>

#include "console/app.h"
#include "console/input.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

void help_open(struct app *a)
{
	a->overlay = OVERLAY_HELP;
	a->help_top = 0;
	line_set(&a->help_search, "");
	app_dirty(a);
}

static bool wanted(const struct app *a, const struct key_row *row)
{
	const char *search = a->help_search.text;

	return row->name && row->help &&
	       (!*search || strcasestr(row->name, search) || strcasestr(row->help, search));
}

void help_key(struct app *a, uint32_t key)
{
	app_dirty(a);
	if (key == TKEY_ESC || key == TKEY_ENTER || key == (TKEY_CTRL | 'c') ||
	    (!a->help_search.len && (key == 'q' || key == '?')))
		a->overlay = OVERLAY_NONE;
	else if (key == TKEY_DOWN || key == (TKEY_CTRL | 'd') || key == TKEY_PGDN)
		a->help_top += key == TKEY_DOWN ? 1 : 10;
	else if (key == TKEY_UP || key == (TKEY_CTRL | 'u') || key == TKEY_PGUP)
		a->help_top -= a->help_top < 10 && key != TKEY_UP ? a->help_top
			       : key == TKEY_UP                   ? a->help_top > 0
								  : 10;
	else if (line_key(&a->help_search, key))
		a->help_top = 0;
}

static void draw_row(struct app *a, struct canvas *c, struct rect r, unsigned y, enum action what)
{
	const struct key_row *row = &key_rows[what];
	const char *why = app_why(a, what);
	bool mutates = (row->needs & KEY_MUTATES) != 0;
	char keys[64];
	unsigned x = r.x + 2, name = 16, help, room, reason = 0;

	bindings_text(a->bindings, what, keys, sizeof keys);
	canvas_text(c, x, y, 13,
		    look_bold(why       ? PAINT_OFF
			      : mutates ? PAINT_WARN
					: PAINT_ACCENT),
		    *keys ? keys : "-");
	canvas_text(c, x + 14, y, name, look(why ? PAINT_OFF : PAINT_TEXT), row->name);
	help = x + 14 + name;
	room = r.x + r.width - help - 1;
	if (why) /* the reason is said whole: the sentence gives way */
		reason = (unsigned)sl_text_width(why) + 4;
	help += canvas_text(c, help, y, room > reason ? room - reason : 0, look(PAINT_DIM),
			    row->help);
	if (why)
		canvas_printf(c, help + 2, y, r.x + r.width - help - 3, look(PAINT_WARN), "(%s)",
			      why);
}

/* What works comes first, then what write mode alone lacks, then what is of other views. */
static unsigned rank(struct app *a, enum action what)
{
	const char *why = app_why(a, what);

	return !why ? 0 : why == app_needs_write ? 1 : 2;
}

static unsigned list_rows(struct app *a, enum action *rows)
{
	unsigned n = 0, r;
	int what;

	for (r = 0; r <= 2; r++)
		for (what = ACT_NONE + 1; what < ACT_COUNT; what++)
			if (wanted(a, &key_rows[what]) && rank(a, (enum action)what) == r)
				rows[n++] = (enum action)what;
	return n;
}

void help_lines(struct app *a, struct sl_buf *out)
{
	enum action rows[ACT_COUNT];
	unsigned n = list_rows(a, rows), i;
	char keys[64];

	for (i = 0; i < n; i++) {
		const char *why = app_why(a, rows[i]);

		bindings_text(a->bindings, rows[i], keys, sizeof keys);
		sl_buf_printf(out, "%s, %s: %s%s%s%s\n", *keys ? keys : "no key",
			      key_rows[rows[i]].name, key_rows[rows[i]].help, why ? " (" : "",
			      why ? why : "", why ? ")" : "");
	}
}

void help_draw(struct app *a, struct canvas *c)
{
	struct rect r = {0, 3, c->width, c->height - 6};
	enum action rows[ACT_COUNT];
	unsigned n = list_rows(a, rows), y, room = r.height > 3 ? r.height - 3 : 1;

	if (a->help_top + room > n)
		a->help_top = n > room ? n - room : 0;
	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_DIALOG));
	canvas_text(c, r.x + 2, r.y, 60, look_bold(PAINT_BRIGHT), "Keys");
	canvas_text(c, r.x + 16, r.y, 8, look(PAINT_DIM), "search");
	line_draw(&a->help_search, c, r.x + 24, r.y, 30, look(PAINT_BRIGHT));
	canvas_printf(c, r.x + 56, r.y, r.width - 57, look(PAINT_DIM),
		      r.width < 96 ? "%u of them; esc, arrows"
				   : "%u of them; esc closes, arrows scroll",
		      n);
	for (y = 0; y < room && a->help_top + y < n; y++)
		draw_row(a, c, r, r.y + 2 + y, rows[a->help_top + y]);
	if (!n)
		canvas_text(c, r.x + 2, r.y + 2, r.width - 4, look(PAINT_DIM),
			    "no key is called that");
}
