/* SPDX-License-Identifier: Apache-2.0 */
/* A quick no to a word in much text: a filter looks at all that is known of ten thousand rows with
 * each letter that is typed. Pure. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/view/filter.h"

#define BLOCK 64 /* bytes: compilers make few instructions of a loop of known length */

/* A byte as it is compared: letters without case. */
struct wanted {
	unsigned char also, is; /* (byte | also) == is */
};

static struct wanted want(char c)
{
	if (!c)
		return (struct wanted){0xff, 0xff}; /* any */
	return (struct wanted){islower((unsigned char)c) ? 0x20 : 0, (unsigned char)c};
}

static bool is(unsigned char c, struct wanted w)
{
	return (c | w.also) == w.is;
}

/* 0 = neither the pair nor a byte that is no ASCII; reads one byte behind. */
static unsigned char look(const unsigned char *s, size_t len, const struct wanted pair[2])
{
	struct wanted a = pair[0], b = pair[1];
	unsigned char found = 0;

	for (size_t i = 0; i < len; i++)
		found |= (unsigned char)((is(s[i], a) & is(s[i + 1], b)) | (s[i] & 0x80));
	return found;
}

/* What is no ASCII may be folded to anything. */
static bool look_closely(const unsigned char *s, size_t len, const struct wanted pair[2],
			 const char *needle)
{
	size_t needle_len = strlen(needle);

	for (size_t i = 0; i < len; i++)
		if (s[i] & 0x80 || (is(s[i], pair[0]) && is(s[i + 1], pair[1]) &&
				    strncasecmp((const char *)s + i, needle, needle_len) == 0))
			return true;
	return false;
}

bool vw_seek(const char *text, size_t len, const char *needle)
{
	const unsigned char *s = (const unsigned char *)text;
	const struct wanted pair[2] = {want(needle[0]), want(needle[0] ? needle[1] : '\0')};

	for (; len >= BLOCK; s += BLOCK, len -= BLOCK)
		if (look(s, BLOCK, pair) && look_closely(s, BLOCK, pair, needle))
			return true;
	return look(s, len, pair) && look_closely(s, len, pair, needle);
}
