/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/style.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

/* SGR parameters by depth. Plain text keeps the terminal's own colours: nobody knows its ground. */
static const struct {
	const char *sgr[4];
} looks[STYLE_COUNT] = {
	[STYLE_PLAIN] = {{"", "", "", ""}},
	[STYLE_DIM] = {{"", "90", "38;5;243", "38;2;110;118;129"}},
	[STYLE_FAINT] = {{"", "90", "38;5;239", "38;2;76;84;96"}},
	[STYLE_BOLD] = {{"", "1", "1", "1"}},
	[STYLE_OK] = {{"", "32", "38;5;114", "38;2;126;231;135"}},
	[STYLE_WARN] = {{"", "33", "38;5;179", "38;2;227;179;65"}},
	[STYLE_BAD] = {{"", "1;31", "1;38;5;210", "1;38;2;255;123;114"}},
	[STYLE_WORK] = {{"", "36", "38;5;117", "38;2;121;192;255"}},
	[STYLE_UNKNOWN] = {{"", "35", "38;5;183", "38;2;210;168;255"}},
	[STYLE_OFF] = {{"", "37", "38;5;245", "38;2;139;148;158"}},
	[STYLE_ACCENT] = {{"", "1;34", "1;38;5;75", "1;38;2;88;166;255"}},
};

const struct mark_look mark_looks[] = {
	[MARK_OK] = {'+', "ok", STYLE_OK},
	[MARK_DEGRADED] = {'!', "degraded", STYLE_WARN},
	[MARK_FAILED] = {'x', "failed", STYLE_BAD},
	[MARK_UNKNOWN] = {'?', "unknown", STYLE_UNKNOWN},
	[MARK_WORKING] = {'>', "working", STYLE_WORK},
	[MARK_WAITING] = {'.', "waiting", STYLE_FAINT},
	[MARK_OFF] = {'-', "off", STYLE_OFF},
};

static const char *locale_name(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	size_t i;

	for (i = 0; i < SL_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return "C";
}

/* Box drawing is two cells wide on many terminals of these languages. */
static bool is_wide_locale(const char *locale)
{
	return sl_text_starts(locale, "zh") || sl_text_starts(locale, "ja") ||
	       sl_text_starts(locale, "ko");
}

struct caps caps_from_environment(bool colour)
{
	const char *term = getenv("TERM"), *depth = getenv("COLORTERM"), *locale = locale_name();
	struct caps caps = {0};

	caps.utf8 = (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8")) &&
		    !is_wide_locale(locale);
	if (!colour)
		return caps;
	if (depth && (!strcmp(depth, "truecolor") || !strcmp(depth, "24bit")))
		caps.colours = COLOURS_TRUE;
	else if (term && strstr(term, "256color"))
		caps.colours = COLOURS_256;
	else
		caps.colours = COLOURS_16;
	return caps;
}

struct row row_begin(struct sl_buf *out, const struct caps *caps)
{
	return (struct row){.out = out, .caps = caps};
}

static void put_styled(struct row *r, enum style style, const char *text, size_t len)
{
	const char *sgr = looks[style].sgr[r->caps->colours];

	if (!len)
		return;
	if (*sgr)
		sl_buf_printf(r->out, "\033[%sm", sgr);
	sl_buf_append(r->out, text, len);
	if (*sgr)
		sl_buf_puts(r->out, "\033[0m");
}

static unsigned room(const struct row *r)
{
	return r->at < r->caps->width ? r->caps->width - r->at : 0;
}

void row_put(struct row *r, enum style style, const char *fmt, ...)
{
	struct sl_buf raw;
	char *clean;
	size_t len;
	va_list ap;

	sl_buf_init(&raw, 4096);
	va_start(ap, fmt);
	sl_buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	clean = sl_text_clean_dup(sl_buf_str(&raw), raw.len, false);
	len = sl_text_fit(clean, room(r));
	clean[len] = '\0';
	r->at += (unsigned)sl_text_width(clean);
	put_styled(r, style, clean, len);
	free(clean);
	sl_buf_release(&raw);
}

void row_to(struct row *r, unsigned column)
{
	unsigned n = column > r->at ? column - r->at : 1;

	if (n > room(r))
		n = room(r);
	sl_buf_printf(r->out, "%*s", (int)n, "");
	r->at += n;
}

void row_right(struct row *r, enum style style, const char *text)
{
	unsigned width = (unsigned)sl_text_width(text);

	if (!width || width + 2 > room(r))
		return;
	row_to(r, r->caps->width - width);
	row_put(r, style, "%s", text);
}

void row_bar(struct row *r, enum style style, double share, unsigned cells)
{
	unsigned halves, full, i;
	struct sl_buf done, rest;

	if (cells > room(r))
		cells = room(r);
	if (share < 0)
		share = 0;
	if (share > 1)
		share = 1;
	halves = (unsigned)(share * 2 * cells + 0.5);
	if (!halves && share > 0)
		halves = 1; /* a little is not nothing */
	if (!r->caps->utf8)
		halves = (halves + 1) / 2 * 2;
	full = halves / 2;
	sl_buf_init(&done, 4096);
	sl_buf_init(&rest, 4096);
	for (i = 0; i < full; i++)
		sl_buf_puts(&done, r->caps->utf8 ? "\u2501" : "=");
	if (halves % 2)
		sl_buf_puts(&done, "\u2578");
	for (i = full + halves % 2; i < cells; i++)
		sl_buf_puts(&rest, r->caps->utf8 ? "\u2500" : "-");
	put_styled(r, style, sl_buf_str(&done), done.len);
	put_styled(r, STYLE_FAINT, sl_buf_str(&rest), rest.len);
	sl_buf_release(&done);
	sl_buf_release(&rest);
	r->at += cells;
}

void row_end(struct row *r)
{
	sl_buf_puts(r->out, "\n");
}
