// SPDX-License-Identifier: Apache-2.0
// $(name) in texts; "$$(" is a literal "$(".
#include <ctype.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "plugins/sdk/text.h"

static bool is_name_char(char c, bool first)
{
	if (isalpha((unsigned char)c) || c == '_')
		return true;
	return !first && (isdigit((unsigned char)c) || strchr("-.:", c)) && c;
}

/* Length of the name after "$(", or 0 when it is malformed. */
static size_t name_length(const char *s)
{
	size_t n = 0;

	while (is_name_char(s[n], n == 0))
		n++;
	return s[n] == ')' ? n : 0;
}

bool pb_names_visit(const char *text,
		    int (*visit)(void *arg, const char *name, size_t len, size_t offset), void *arg,
		    size_t *bad_offset)
{
	const char *p = text;

	while ((p = strchr(p, '$'))) {
		size_t len;

		if (p[1] == '$' && p[2] == '(') {
			p += 3;
			continue;
		}
		if (p[1] != '(') {
			p++;
			continue;
		}
		len = name_length(p + 2);
		if (!len) {
			if (bad_offset)
				*bad_offset = (size_t)(p - text);
			return false;
		}
		if (visit && visit(arg, p + 2, len, (size_t)(p - text)))
			return true;
		p += 2 + len + 1;
	}
	return true;
}

const char *pb_near(const char *given, const char *const *names, size_t count)
{
	return strlen(given) > 1 ? sl_text_nearest(given, names, count) : NULL;
}
