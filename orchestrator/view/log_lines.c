/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/log_lines.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

enum {
	LEVEL_WITHIN = 160, /* bytes of a line in which its level stands */
	CLOCK_WITHIN = 64,
	AGAIN_MAX = 1000, /* lines that may repeat */
	SAME = 3          /* lines in a row that must agree to be the same place */
};

struct log_lines {
	struct log_line *ring; /* LOG_LINES_MAX of them */
	size_t first, held, bytes;
	uint64_t total; /* number of the line that comes next */
	char *partial;
	size_t partial_len, overlong; /* bytes of the line in hand that were cut */
	bool partial_any;

	struct vw_filter *filter;
	struct vw_table *probe; /* one row, for the filter */
	uint64_t *shown;        /* a ring as well: numbers of the lines that pass */
	size_t shown_first, shown_count;

	bool torn;  /* the newest line of the log was cut off: its rest never came */
	bool again; /* lines are gathered until it is clear which of them are new */
	struct log_line *gathered;
	size_t gathered_count, gathered_cap;
};

/* --- the filter's view of a line --- */

enum { COL_TIME, COL_LEVEL, COL_LINE, COL_COUNT };

static const struct vw_column columns[COL_COUNT] = {
	[COL_TIME] = {"time", "TIME", "Time of day, as the line says it.", VW_TEXT, 8, 8, 0, false},
	[COL_LEVEL] = {"level", "LEVEL", "error, warn or info.", VW_TEXT, 5, 5, 1, false},
	[COL_LINE] = {"line", "LINE", "The whole line.", VW_TEXT, 20, 0, 0, false},
};

static void fill(const struct vw_world *w, struct vw_table *t)
{
	(void)w;
	vw_row_add(t, "line", VW_OK, "", "");
}

const struct vw_view log_lines_view = {
	.name = "lines",
	.title = "Log",
	.summary = "lines of a log",
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "",
	.fill = fill,
};

static bool passes(struct log_lines *l, const struct log_line *line)
{
	struct vw_row *row = &l->probe->rows[0];
	struct vw_cell *cells = (struct vw_cell *)row->cells;
	char time[16];

	if (!l->filter || line->state == VW_WAITING)
		return true;
	row->state = line->state;
	row->full = line->text;
	cells[COL_LINE] = (struct vw_cell){.known = true, .text = line->text};
	cells[COL_LEVEL] = (struct vw_cell){.known = true,
					    .text = line->state == VW_FAILED     ? "error"
						    : line->state == VW_DEGRADED ? "warn"
										 : "info"};
	cells[COL_TIME] = (struct vw_cell){.known = line->clock >= 0, .text = time};
	snprintf(time, sizeof time, "%02d:%02d:%02d", line->clock / 3600 % 24,
		 line->clock / 60 % 60, line->clock % 60);
	return vw_filter_match(l->filter, l->probe, 0);
}

/* --- reading a line --- */

static bool two_digits(const char *s, int max, int *n)
{
	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return false;
	*n = (s[0] - '0') * 10 + s[1] - '0';
	return *n <= max;
}

/* "10:31" or "10:31:02" at s; how much of it, 0 = it is none. */
static size_t clock_at(const char *s, int32_t *clock)
{
	int h, m, sec = 0;
	size_t len = 5;

	if (!two_digits(s, 23, &h) || s[2] != ':' || !two_digits(s + 3, 59, &m))
		return 0;
	if (s[5] == ':' && two_digits(s + 6, 60, &sec))
		len = 8;
	*clock = h * 3600 + m * 60 + sec;
	return isdigit((unsigned char)s[len]) ? 0 : len;
}

int32_t log_clock_parse(const char *text)
{
	int32_t clock;
	size_t len = clock_at(text, &clock);

	return len && !text[len] ? clock : -1;
}

/* The first time with seconds near the line's begin: dates and levels may stand before it. */
static int32_t find_clock(const char *text)
{
	int32_t clock;

	for (size_t i = 0; i < CLOCK_WITHIN && text[i]; i++)
		if ((i == 0 || !isdigit((unsigned char)text[i - 1])) &&
		    clock_at(text + i, &clock) == 8)
			return clock;
	return -1;
}

/* A word of its own, in capitals or not: "error" yes, "errors" and "terror" no. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < LEVEL_WITHIN && text[i]; i++) {
		if (strncasecmp(text + i, word, len) != 0)
			continue;
		if ((i == 0 || !isalnum((unsigned char)text[i - 1])) &&
		    !isalnum((unsigned char)text[i + len]))
			return true;
	}
	return false;
}

static bool has_any(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (has_word(text, *words))
			return true;
	return false;
}

static enum vw_state level_of(const char *text)
{
	static const char *const errors[] = {"error", "fatal",  "panic",  "critical",
					     "crit",  "emerg",  "severe", "exception",
					     "err",   "failed", "alert",  NULL};
	static const char *const warnings[] = {"warn", "warning", NULL};
	static const char *const calm[] = {"info", "debug", "trace", "notice", NULL};

	if (has_any(text, errors))
		return has_any(text, calm) ? VW_DEGRADED : VW_FAILED;
	return has_any(text, warnings) ? VW_DEGRADED : VW_OK;
}

/* Colours and other orders to a terminal go as a whole: what they leave behind as text would only
 * be in the way. In place; returns the new length. */
static size_t strip_orders(char *s, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\033') {
			s[to++] = s[i];
		} else if (i + 1 < len && s[i + 1] == '[') {
			for (i += 2; i < len && (s[i] < '@' || s[i] > '~');)
				i++;
		} else if (i + 1 < len && strchr("]PX^_", s[i + 1])) {
			for (i += 2; i < len && s[i] != '\a' && s[i] != '\033';)
				i++;
			i += i + 1 < len && s[i] == '\033' && s[i + 1] == '\\';
		} else {
			i++; /* and the one byte behind it */
		}
	}
	return to;
}

/* --- the ring --- */

static struct log_line *slot(const struct log_lines *l, size_t i)
{
	return &l->ring[(l->first + i) % LOG_LINES_MAX];
}

static uint64_t first_number(const struct log_lines *l)
{
	return l->total - l->held;
}

static void drop_oldest(struct log_lines *l)
{
	struct log_line *line = slot(l, 0);

	if (l->shown_count && l->shown[l->shown_first] == first_number(l)) {
		l->shown_first = (l->shown_first + 1) % LOG_LINES_MAX;
		l->shown_count--;
	}
	l->bytes -= line->len;
	free(line->text);
	*line = (struct log_line){0};
	l->first = (l->first + 1) % LOG_LINES_MAX;
	l->held--;
}

static void show(struct log_lines *l, uint64_t number)
{
	l->shown[(l->shown_first + l->shown_count++) % LOG_LINES_MAX] = number;
}

/* Takes the line over. */
static void push(struct log_lines *l, struct log_line line)
{
	while (l->held == LOG_LINES_MAX || (l->held && l->bytes + line.len > LOG_BYTES_MAX))
		drop_oldest(l);
	*slot(l, l->held++) = line;
	l->bytes += line.len;
	if (passes(l, &line))
		show(l, l->total);
	l->total++;
}

/* --- lines that may repeat --- */

static bool same_text(const struct log_line *a, const struct log_line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* The newest line of the log itself that lies n of them back; NULL = there is none. */
static const struct log_line *own_line(const struct log_lines *l, size_t n)
{
	for (size_t i = l->held; i-- > 0;) {
		const struct log_line *line = slot(l, i);

		if (line->state != VW_WAITING && n-- == 0)
			return line;
	}
	return NULL;
}

static bool begins_with(const struct log_line *whole, const struct log_line *part)
{
	return part->len <= whole->len && memcmp(whole->text, part->text, part->len) == 0;
}

/* Does the place behind gathered line `at` follow the end of what is held? */
static bool joins(const struct log_lines *l, size_t at)
{
	for (size_t n = 0; n < SAME && n <= at; n++) {
		const struct log_line *line = own_line(l, n), *other = &l->gathered[at - n];

		if (!line)
			return n > 0;
		if (!(n || !l->torn ? same_text(line, other) : begins_with(other, line)))
			return false;
	}
	return true;
}

void log_lines_settle(struct log_lines *l)
{
	size_t from = 0;

	if (!l->again)
		return;
	l->again = false;
	for (size_t i = l->gathered_count; i-- > 0 && !from;)
		if (joins(l, i))
			from = l->torn ? i : i + 1; /* what was torn comes once more, whole */
	l->torn = false;
	for (size_t i = 0; i < l->gathered_count; i++) {
		if (i < from)
			free(l->gathered[i].text);
		else
			push(l, l->gathered[i]);
	}
	l->gathered_count = 0;
}

void log_lines_again(struct log_lines *l)
{
	l->again = l->held > 0;
}

static void gather(struct log_lines *l, struct log_line line)
{
	SL_GROW(l->gathered, l->gathered_count, l->gathered_cap);
	l->gathered[l->gathered_count++] = line;
	if (l->gathered_count == AGAIN_MAX)
		log_lines_settle(l);
}

/* --- bytes in --- */

static struct log_line make_line(const char *text, size_t len)
{
	struct log_line line = {.text = sl_strndup(text, len), .len = (uint32_t)len};

	line.clock = find_clock(line.text);
	line.state = level_of(line.text);
	return line;
}

static void end_line(struct log_lines *l)
{
	size_t len = strip_orders(l->partial, l->partial_len);
	char *clean;
	struct log_line line;

	if (len && l->partial[len - 1] == '\r')
		len--;
	clean = sl_text_clean_dup(l->partial, len, false);
	if (l->overlong) {
		char *cut = sl_asprintf("%s ~ and %zu bytes more", clean, l->overlong);

		free(clean);
		clean = cut;
	}
	line = make_line(clean, strlen(clean));
	free(clean);
	l->partial_len = l->overlong = 0;
	l->partial_any = false;
	if (l->again) {
		gather(l, line);
	} else {
		push(l, line);
		l->torn = false;
	}
}

void log_lines_feed(struct log_lines *l, const char *bytes, size_t len)
{
	while (len) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;
		size_t room = LOG_LINE_MAX - l->partial_len, take = n < room ? n : room;

		memcpy(l->partial + l->partial_len, bytes, take);
		l->partial_len += take;
		l->overlong += n - take;
		l->partial_any = true;
		if (!nl)
			return;
		end_line(l);
		bytes = nl + 1;
		len -= n + 1;
	}
}

void log_lines_end(struct log_lines *l)
{
	log_lines_settle(l);
	if (l->partial_any)
		end_line(l);
}

void log_lines_note(struct log_lines *l, const char *text)
{
	char *clean = sl_text_clean_dup(text, strlen(text), false);
	struct log_line line;

	log_lines_settle(l);
	if (l->partial_any) {
		end_line(l);
		l->torn = true;
	}
	line = make_line(clean, strlen(clean));
	line.state = VW_WAITING;
	line.clock = -1;
	free(clean);
	push(l, line);
}

/* --- life --- */

struct log_lines *log_lines_new(void)
{
	static const struct vw_world nothing = {.environment = ""};
	struct log_lines *l = sl_alloc(sizeof *l);

	l->ring = sl_alloc_n(LOG_LINES_MAX, sizeof *l->ring);
	l->shown = sl_alloc_n(LOG_LINES_MAX, sizeof *l->shown);
	l->partial = sl_alloc(LOG_LINE_MAX);
	l->probe = vw_table_fill(&log_lines_view, &nothing);
	return l;
}

void log_lines_free(struct log_lines *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->held; i++)
		free(slot(l, i)->text);
	for (size_t i = 0; i < l->gathered_count; i++)
		free(l->gathered[i].text);
	vw_filter_free(l->filter);
	vw_table_free(l->probe);
	free(l->gathered);
	free(l->partial);
	free(l->shown);
	free(l->ring);
	free(l);
}

/* --- looking --- */

uint64_t log_lines_total(const struct log_lines *l)
{
	return l->total;
}

uint64_t log_lines_dropped(const struct log_lines *l)
{
	return l->total - l->held;
}

size_t log_lines_held(const struct log_lines *l)
{
	return l->held;
}

void log_lines_filter(struct log_lines *l, struct vw_filter *f)
{
	vw_filter_free(l->filter);
	l->filter = f;
	l->shown_first = l->shown_count = 0;
	for (size_t i = 0; i < l->held; i++)
		if (passes(l, slot(l, i)))
			show(l, first_number(l) + i);
}

size_t log_lines_count(const struct log_lines *l)
{
	return l->shown_count;
}

uint64_t log_lines_number(const struct log_lines *l, size_t i)
{
	return l->shown[(l->shown_first + i) % LOG_LINES_MAX];
}

const struct log_line *log_lines_at(const struct log_lines *l, size_t i)
{
	return slot(l, (size_t)(log_lines_number(l, i) - first_number(l)));
}

size_t log_lines_find(const struct log_lines *l, uint64_t number)
{
	size_t low = 0, high = l->shown_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log_lines_number(l, middle) < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
