// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/playbook/precheck.h"

#include <stdint.h>
#include <utf8proc.h>

/* Characters that steer a terminal or a reader's eye, or that some parsers take as line ends. */
static bool is_steering(int32_t c)
{
	if (c < 0x20 || (c >= 0x7F && c < 0xA0))
		return c != '\n' && c != '\t';
	if (c == 0x061C || (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E))
		return true;
	return (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || (c & 0xFFFE) == 0xFFFE;
}

/* The character at text and its bytes; a negative one is invalid, of one byte. */
static int32_t next_char(const char *text, size_t len, size_t *bytes)
{
	utf8proc_int32_t c = -1;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text,
					      len > 4 ? 4 : (utf8proc_ssize_t)len, &c);

	*bytes = n > 0 ? (size_t)n : 1;
	return n > 0 ? c : -1;
}

bool pb_has_controls(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n)
		if (is_steering(next_char(text + i, len - i, &n)))
			return true;
	return false;
}

struct scan {
	struct diag_at at;
	bool indent; /* nothing but white space so far on this line */
	struct diag_at tab;
	struct diags *d;
};

static bool scan_char(struct scan *s, int32_t c, unsigned char byte, bool before_newline)
{
	if (c < 0) {
		diags_error(s->d, s->at, "byte 0x%02X is not valid UTF-8 text", byte);
		return false;
	}
	if (c == '\r' && before_newline)
		return true;
	if (is_steering(c)) {
		diags_error(s->d, s->at, "control character U+%04X; remove it", (unsigned)c);
		return false;
	}
	if (s->indent && c == '\t' && !s->tab.line)
		s->tab = s->at;
	if (s->indent && c != ' ' && c != '\t') {
		s->indent = false;
		if (s->tab.line && c != '\n') {
			diags_error(s->d, s->tab, "a tab in the indentation; use spaces");
			return false;
		}
	}
	return true;
}

/* One report is enough: what comes after would be noise. */
bool pb_precheck(int file, const char *text, size_t len, struct diags *d)
{
	struct scan s = {
		.at = {.file = file, .line = 1, .column = 1, .length = 1}, .indent = true, .d = d};
	size_t n;

	if (len > PB_TEXT_MAX) {
		diags_error(d, (struct diag_at){.file = file}, "larger than 1 MiB");
		return false;
	}
	for (size_t i = 0; i < len; i += n) {
		int32_t c = next_char(text + i, len - i, &n);

		if (!scan_char(&s, c, (unsigned char)text[i], i + 1 < len && text[i + 1] == '\n'))
			return false;
		s.at.column++;
		if (c == '\n') {
			s.at.line++;
			s.at.column = 1;
			s.indent = true;
			s.tab.line = 0;
		}
	}
	return true;
}
