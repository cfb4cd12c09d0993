/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hostile/raw.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

/* Whole sequences that stand alone: modes of the console and of ncurses. */
static const char *const modes[] = {
	"\033[?1049h",  "\033[?1049l",  "\033[?2004h", "\033[?2004l", "\033[?2026h",
	"\033[?2026l",  "\033[?2026$p", "\033[?25h",   "\033[?25l",   "\033[?12l",
	"\033[?12;25h", "\033[?1h",     "\033[?1l",    "\033[?7h",    "\033[?7l",
	"\033[?1000h",  "\033[?1000l",  "\033[?1006h", "\033[?1006l", "\033[22;0;0t",
	"\033[23;0;0t", "\033[4l",      "\033[?3;4l",  "\033[!p",     "\033=",
	"\033>",        "\033(B",       "\033(0",      "\033)0",      "\0337",
	"\0338",        "\033M",        "\033[?0c",    "\033[?1c",    "\033[?8c",
	"\033[?1;0c",
};

/* Movement, erasing and colour: with numbers. */
static const char finals[] = "ABCDEFGHJKLMPSTXdfgmr@b";

static size_t mode_at(const char *s, size_t len)
{
	for (size_t i = 0; i < SL_COUNT(modes); i++) {
		size_t n = strlen(modes[i]);

		if (n <= len && memcmp(s, modes[i], n) == 0)
			return n;
	}
	return 0;
}

/* The length of a sequence of ours at an ESC, or 0. */
static size_t sequence_at(const char *s, size_t len)
{
	size_t n = mode_at(s, len);

	if (n)
		return n;
	if (len < 3 || s[1] != '[')
		return 0;
	for (n = 2; n < len && (strchr("0123456789;:", s[n]) && s[n]); n++) {
	}
	return n < len && s[n] && strchr(finals, s[n]) ? n + 1 : 0;
}

static bool blames(char *why, size_t size, const char *what, const char *bytes, size_t len,
		   size_t at)
{
	size_t from = at > 24 ? at - 24 : 0, n = len - from < 64 ? len - from : 64;
	size_t used = (size_t)snprintf(why, size, "%s at byte %zu:", what, at);

	for (size_t i = 0; i < n && used + 4 < size; i++)
		used += (size_t)snprintf(
			why + used, size - used,
			bytes[from + i] >= 0x20 && bytes[from + i] < 0x7f ? "%c" : "<%02x>",
			(unsigned char)bytes[from + i]);
	return false;
}

bool raw_is_ours(const char *bytes, size_t len, char *why, size_t size)
{
	size_t at = 0;

	while (at < len) {
		unsigned char c = (unsigned char)bytes[at];
		utf8proc_int32_t ch;
		utf8proc_ssize_t n;

		if (c == 0x1b) {
			size_t whole = sequence_at(bytes + at, len - at);

			if (!whole)
				return blames(why, size, "a sequence that is not ours", bytes, len,
					      at);
			at += whole;
			continue;
		}
		/* \016 and \017 switch vt100's line characters; \t is how it moves */
		if (c < 0x20 && !strchr("\r\n\b\t\016\017", c))
			return blames(why, size, "a control byte", bytes, len, at);
		if (c < 0x7f) {
			at++;
			continue;
		}
		n = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at,
				     (utf8proc_ssize_t)(len - at), &ch);
		if (n <= 0)
			return blames(why, size, "no UTF-8", bytes, len, at);
		if (!sl_text_is_clean(bytes + at, (size_t)n))
			return blames(why, size, "a character that steers", bytes, len, at);
		at += (size_t)n;
	}
	return true;
}
