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
	return (struct wanted){islower((unsigned char)c) ? 0x20 : 0, (unsigned char)c};
}

static bool is(unsigned char c, struct wanted w)
{
	return (c | w.also) == w.is;
}

/* The first and the last byte of a word: two that stand so far apart are rarer than two that stand
 * together. */
struct ends {
	struct wanted first, last;
	size_t apart;
};

/* 0 = neither both ends nor a byte that is no ASCII; reads as far behind as they are apart. */
static unsigned char look(const unsigned char *s, size_t len, const struct ends *e)
{
	struct wanted a = e->first, b = e->last;
	const unsigned char *far = s + e->apart;
	unsigned char found = 0;

	for (size_t i = 0; i < len; i++)
		found |= (unsigned char)((is(s[i], a) & is(far[i], b)) | (s[i] & 0x80));
	return found;
}

/* What is no ASCII may be folded to anything. */
static bool look_closely(const unsigned char *s, size_t len, const struct ends *e,
			 const char *needle)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] & 0x80 || (is(s[i], e->first) && is(s[i + e->apart], e->last) &&
				    strncasecmp((const char *)s + i, needle, e->apart + 1) == 0))
			return true;
	return false;
}

static bool all_ascii(const unsigned char *s, size_t len)
{
	unsigned char all = 0;

	while (len)
		all |= s[--len];
	return !(all & 0x80);
}

bool vw_seek(const char *text, size_t len, const char *needle)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t apart = strlen(needle) - (*needle != 0), starts;
	const struct ends e = {want(needle[0]), want(needle[apart]), apart};

	if (!*needle)
		return true;
	for (; len >= BLOCK + apart; s += BLOCK, len -= BLOCK)
		if (look(s, BLOCK, &e) && look_closely(s, BLOCK, &e, needle))
			return true;
	starts = len > apart ? len - apart : 0;
	if (look(s, starts, &e) && look_closely(s, starts, &e, needle))
		return true;
	return !all_ascii(s + starts, len - starts);
}
