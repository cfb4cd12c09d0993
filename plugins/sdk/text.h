/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside is hostile: cleaning, display width, quoting, near matches. Pure. */
#ifndef SLUICE_SDK_TEXT_H
#define SLUICE_SDK_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy at most size-1 bytes of src (len bytes, need not be terminated) into dst as valid UTF-8
 * without anything that could steer a terminal: C0, DEL, C1, bidi controls and invalid bytes each
 * become '?'; tabs become a space; newlines are kept only if keep_newlines. Returns bytes written.
 * Never splits a character.
 */
size_t sl_text_clean(char *dst, size_t size, const char *src, size_t len, bool keep_newlines);
char *sl_text_clean_dup(const char *src, size_t len, bool keep_newlines); /* yours to free */

/* Cells that cleaned UTF-8 text takes on a terminal (ambiguous width counted as 1). */
size_t sl_text_width(const char *utf8);
/* Bytes of the longest prefix that fits into `cells`; marks stay with what they stand upon. */
size_t sl_text_fit(const char *utf8, size_t cells);
/* At most len bytes of s, less where that would cut a character. */
size_t sl_text_whole(const char *s, size_t len);
/* The next and the last place where a cursor may stand: before a character and the marks upon it.
 * at is such a place, and not the end, or the start. */
size_t sl_text_after(const char *utf8, size_t at);
size_t sl_text_before(const char *utf8, size_t at);

/* True if s is valid UTF-8 without control bytes (and without newlines). */
bool sl_text_is_clean(const char *s, size_t len);

/* Edits between two words (insert, delete, replace, swap neighbours: optimal string alignment),
 * capped: returns cap+1 when larger. */
size_t sl_text_distance(const char *a, const char *b, size_t cap);
/* The nearest of names[0..n) to `name`, or NULL when none is near enough to suggest. Borrowed. */
const char *sl_text_nearest(const char *name, const char *const *names, size_t n);
/* To put behind "there is no NAME": " (did you mean 'x'?)", or "; there are: x, y". Yours to free.
 */
char *sl_text_hint(const char *name, const char *const *names, size_t n);

/* POSIX sh single quoting: abc -> 'abc', it's -> 'it'\''s'. Yours to free. */
char *sl_text_quote_sh(const char *s);

/* Percent encoding of everything but [A-Za-z0-9._+:/@,-]; and back. Yours to free; decode returns
 * NULL when the text is malformed. */
char *sl_text_percent(const char *s);
char *sl_text_unpercent(const char *s);

bool sl_text_starts(const char *s, const char *prefix);
/* [A-Za-z0-9._+-]{1,64} and neither "." nor "..": names that become file names. */
bool sl_text_is_name(const char *s);

/* Standard base64 with padding, one line. Yours to free. */
char *sl_text_base64(const void *bytes, size_t len);
/* And back: *len bytes with a NUL behind them, yours to free. NULL when the text is malformed. */
char *sl_text_unbase64(const char *text, size_t *len);

#endif
