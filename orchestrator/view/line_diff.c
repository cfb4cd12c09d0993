/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/line_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "plugins/sdk/mem.h"

#define WORK_MAX 4000000L /* steps: some tens of milliseconds */
#define OUTSIDE  (-1L)    /* no way leads to this diagonal */

struct line {
	const char *text;
	size_t len;  /* with its newline */
	size_t word; /* equal lines have equal words */
	bool changed;
};

struct side {
	struct line *lines;
	size_t count;
	size_t *kept; /* those that the other side has too */
	size_t kept_count;
};

struct work {
	struct side left, right;
	long *ahead, *back; /* how far each diagonal has come, from the middle on */
	long budget;        /* steps that may still be taken */
	bool rough;
};

bool diff_is_text(const char *value, size_t len)
{
	size_t at = 0;

	while (at < len) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)value + at,
						      (utf8proc_ssize_t)(len - at), &c);

		if (n <= 0 || c == 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* --- lines, and a word for each that stands for its text --- */

static void split(struct side *s, const char *text, size_t len)
{
	size_t cap = 0;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : len;

		SL_GROW(s->lines, s->count, cap);
		s->lines[s->count++] = (struct line){.text = text, .len = n};
		text += n;
		len -= n;
	}
}

struct words {
	const struct line **slots; /* the first line of that text */
	size_t size, count;
};

static uint64_t hash_line(const struct line *l)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < l->len; i++)
		h = (h ^ (unsigned char)l->text[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

static void name_lines(struct words *w, struct side *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct line *l = &s->lines[i];
		size_t at = hash_line(l) & (w->size - 1);
		const struct line *known;

		while ((known = w->slots[at]) &&
		       (known->len != l->len || memcmp(known->text, l->text, l->len) != 0))
			at = (at + 1) & (w->size - 1);
		if (!known) {
			w->slots[at] = l;
			l->word = w->count++;
		} else {
			l->word = known->word;
		}
	}
}

/* The others are changed, whatever the rest looks like. */
static void keep_common(struct side *s, const struct side *other, size_t words)
{
	bool *there = sl_alloc_n(words + 1, sizeof *there);

	for (size_t i = 0; i < other->count; i++)
		there[other->lines[i].word] = true;
	s->kept = sl_alloc_n(s->count + 1, sizeof *s->kept);
	for (size_t i = 0; i < s->count; i++) {
		if (there[s->lines[i].word])
			s->kept[s->kept_count++] = i;
		else
			s->lines[i].changed = true;
	}
	free(there);
}

static void name_all(struct work *w)
{
	struct words words = {.size = 16};

	while (words.size < 2 * (w->left.count + w->right.count))
		words.size *= 2;
	words.slots = sl_alloc_n(words.size, sizeof *words.slots);
	name_lines(&words, &w->left);
	name_lines(&words, &w->right);
	free(words.slots);
	keep_common(&w->left, &w->right, words.count);
	keep_common(&w->right, &w->left, words.count);
}

/* --- Myers: the middle of the shortest way, then the halves --- */

struct box { /* what is looked at: kept lines from..to of either side */
	size_t left, left_end, right, right_end;
};

static bool equal_at(const struct work *w, size_t left, size_t right)
{
	return w->left.lines[w->left.kept[left]].word == w->right.lines[w->right.kept[right]].word;
}

static void all_changed(struct work *w, const struct box *b)
{
	for (size_t i = b->left; i < b->left_end; i++)
		w->left.lines[w->left.kept[i]].changed = true;
	for (size_t i = b->right; i < b->right_end; i++)
		w->right.lines[w->right.kept[i]].changed = true;
}

/* How far diagonal k comes with one change more: from the better of its two neighbours, if the box
 * lets it. x counts lines of the left. */
static long step_on(const long *v, long k, long d, long n, long m)
{
	long at = OUTSIDE;

	if (!d)
		return 0;
	if (k > -d && v[k - 1] != OUTSIDE && v[k - 1] < n)
		at = v[k - 1] + 1;
	if (k < d && v[k + 1] > at && v[k + 1] - k <= m)
		at = v[k + 1];
	return at;
}

static long slide_ahead(struct work *w, const struct box *b, long at, long k)
{
	long n = (long)(b->left_end - b->left), m = (long)(b->right_end - b->right);

	while (at < n && at - k < m &&
	       equal_at(w, b->left + (size_t)at, b->right + (size_t)(at - k)) && w->budget-- > 0)
		at++;
	return at;
}

static long slide_back(struct work *w, const struct box *b, long at, long k)
{
	long n = (long)(b->left_end - b->left), m = (long)(b->right_end - b->right);

	while (at < n && at - k < m &&
	       equal_at(w, b->left_end - 1 - (size_t)at, b->right_end - 1 - (size_t)(at - k)) &&
	       w->budget-- > 0)
		at++;
	return at;
}

static bool meet(const long *other, long k, long at, long reach, long n)
{
	return k >= -reach && k <= reach && other[k] != OUTSIDE && at + other[k] >= n;
}

/* Ways of d changes from both ends. True = they meet at *x, *y, which lies on a shortest way. */
static bool search_step(struct work *w, const struct box *b, long d, long *x, long *y)
{
	long n = (long)(b->left_end - b->left), m = (long)(b->right_end - b->right);
	long delta = n - m, k, at;

	for (k = -d; k <= d; k += 2) {
		at = step_on(w->ahead, k, d, n, m);
		w->ahead[k] = at == OUTSIDE ? at : slide_ahead(w, b, at, k);
		if (at == OUTSIDE || !(delta & 1) ||
		    !meet(w->back, delta - k, w->ahead[k], d - 1, n))
			continue;
		*x = w->ahead[k];
		*y = *x - k;
		return true;
	}
	for (k = -d; k <= d; k += 2) {
		at = step_on(w->back, k, d, n, m);
		w->back[k] = at == OUTSIDE ? at : slide_back(w, b, at, k);
		if (at == OUTSIDE || (delta & 1) || !meet(w->ahead, delta - k, w->back[k], d, n))
			continue;
		*x = n - w->back[k];
		*y = m - (w->back[k] - k);
		return true;
	}
	return false;
}

static bool find_middle(struct work *w, const struct box *b, long *x, long *y)
{
	long most = (long)(b->left_end - b->left + b->right_end - b->right + 1) / 2;

	for (long d = 0; d <= most; d++) {
		w->budget -= 2 * (d + 1);
		if (w->budget <= 0)
			return false;
		if (search_step(w, b, d, x, y))
			return true;
	}
	return false;
}

static void compare(struct work *w, struct box b)
{
	long x = 0, y = 0;
	struct box first;

	while (b.left < b.left_end && b.right < b.right_end && equal_at(w, b.left, b.right)) {
		b.left++;
		b.right++;
	}
	while (b.left < b.left_end && b.right < b.right_end &&
	       equal_at(w, b.left_end - 1, b.right_end - 1)) {
		b.left_end--;
		b.right_end--;
	}
	if (b.left == b.left_end || b.right == b.right_end) {
		all_changed(w, &b);
		return;
	}
	if (!find_middle(w, &b, &x, &y)) {
		w->rough = true;
		all_changed(w, &b);
		return;
	}
	first = (struct box){b.left, b.left + (size_t)x, b.right, b.right + (size_t)y};
	compare(w, first); /* half of the changes: so deep as their number has bits */
	b.left = first.left_end;
	b.right = first.right_end;
	compare(w, b);
}

/* --- the result --- */

static void put(struct diff *d, enum diff_kind kind, const struct line *l, size_t left,
		size_t right)
{
	bool closed = l->text[l->len - 1] == '\n';

	d->lines[d->count++] = (struct diff_line){.kind = kind,
						  .left = left,
						  .right = right,
						  .text = l->text,
						  .len = l->len - closed,
						  .open = !closed};
	d->added += kind == DIFF_NEW;
	d->removed += kind == DIFF_GONE;
}

static void put_all(struct diff *d, const struct work *w)
{
	size_t i = 0, k = 0;

	d->lines = sl_alloc_n(w->left.count + w->right.count + 1, sizeof *d->lines);
	while (i < w->left.count || k < w->right.count) {
		for (; i < w->left.count && w->left.lines[i].changed; i++)
			put(d, DIFF_GONE, &w->left.lines[i], i + 1, 0);
		for (; k < w->right.count && w->right.lines[k].changed; k++)
			put(d, DIFF_NEW, &w->right.lines[k], 0, k + 1);
		if (i < w->left.count && k < w->right.count) {
			put(d, DIFF_SAME, &w->left.lines[i], i + 1, k + 1);
			i++;
			k++;
		}
	}
}

static void compare_all(struct diff *d, struct work *w)
{
	size_t most;
	long *memory;

	name_all(w);
	most = w->left.kept_count + w->right.kept_count + 3;
	memory = sl_alloc_n(4 * most, sizeof *memory);
	w->ahead = memory + most;
	w->back = memory + 3 * most;
	w->budget = WORK_MAX;
	compare(w, (struct box){0, w->left.kept_count, 0, w->right.kept_count});
	free(memory);
	put_all(d, w);
	d->rough = w->rough;
	free(w->left.kept);
	free(w->right.kept);
}

struct diff *diff_new(const char *left, size_t left_len, const char *right, size_t right_len)
{
	struct diff *d = sl_alloc(sizeof *d);
	struct work w = {0};

	d->same = left_len == right_len && (!left_len || memcmp(left, right, left_len) == 0);
	d->binary = !diff_is_text(left, left_len) || !diff_is_text(right, right_len);
	if (d->binary)
		return d;
	split(&w.left, left, left_len);
	split(&w.right, right, right_len);
	compare_all(d, &w);
	free(w.left.lines);
	free(w.right.lines);
	return d;
}

void diff_free(struct diff *d)
{
	if (!d)
		return;
	free(d->lines);
	free(d);
}

/* --- looking at it --- */

struct row_list {
	struct diff_row *rows;
	size_t count;
};

static void add_rows(struct row_list *l, const struct diff *d, size_t from, size_t to)
{
	for (; from < to; from++)
		l->rows[l->count++] =
			(struct diff_row){.kind = d->lines[from].kind, .line = from, .count = 1};
}

/* Lines from..to are the same; a change stands on either side, but at the ends of the text. */
static void add_same(struct row_list *l, const struct diff *d, size_t from, size_t to,
		     size_t context)
{
	size_t head = from ? context : 0, tail = to < d->count ? context : 0;

	if (context == SIZE_MAX || to - from <= head + tail + 1) { /* a fold takes a row too */
		add_rows(l, d, from, to);
		return;
	}
	add_rows(l, d, from, from + head);
	l->rows[l->count++] = (struct diff_row){
		.kind = DIFF_HIDDEN, .line = from + head, .count = to - from - head - tail};
	add_rows(l, d, to - tail, to);
}

struct diff_row *diff_rows(const struct diff *d, size_t context, size_t *count)
{
	struct row_list l = {.rows = sl_alloc_n(d->count + 1, sizeof *l.rows)};
	size_t i = 0, to;

	while (i < d->count) {
		for (to = i; to < d->count && d->lines[to].kind == DIFF_SAME; to++)
			;
		if (to > i)
			add_same(&l, d, i, to, context);
		for (i = to; to < d->count && d->lines[to].kind != DIFF_SAME; to++)
			;
		add_rows(&l, d, i, to);
		i = to;
	}
	*count = l.count;
	return l.rows;
}

static bool inside_character(const char *text, size_t at, size_t len)
{
	return at < len && ((unsigned char)text[at] & 0xc0) == 0x80;
}

void diff_within(const struct diff_line *a, const struct diff_line *b, size_t *from, size_t *tail)
{
	size_t least = a->len < b->len ? a->len : b->len, n = 0, k = 0;

	while (n < least && a->text[n] == b->text[n])
		n++;
	while (n && (inside_character(a->text, n, a->len) || inside_character(b->text, n, b->len)))
		n--;
	while (k < least - n && a->text[a->len - 1 - k] == b->text[b->len - 1 - k])
		k++;
	while (k && inside_character(a->text, a->len - k, a->len))
		k--;
	*from = n;
	*tail = k;
}
