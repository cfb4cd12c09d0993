/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/error.h"

#include <stdio.h>
#include <string.h>

#include "plugins/sdk/text.h"

static const char *const err_names[SL_ERR_COUNT] = {
	[SL_OK] = "ok",
	[SL_EINTERNAL] = "internal",
	[SL_EINPUT] = "input",
	[SL_EIO] = "io",
	[SL_ECANCELED] = "canceled",
	[SL_ETIMEOUT] = "timeout",
	[SL_ERESOLVE] = "resolve",
	[SL_EREFUSED] = "refused",
	[SL_EHOSTKEY] = "hostKey",
	[SL_EAUTH] = "auth",
	[SL_ENOSHELL] = "noShell",
	[SL_ENOSPACE] = "noSpace",
	[SL_ECOMMAND] = "command",
	[SL_ELOST] = "lost",
	[SL_EPROTO] = "protocol",
	[SL_EHELD] = "held",
	[SL_EFENCED] = "fenced",
	[SL_ECONFLICT] = "conflict",
	[SL_ENOTFOUND] = "notFound",
	[SL_EUNSUPPORTED] = "unsupported",
};

const char *sl_err_name(enum sl_err code)
{
	return (unsigned)code < SL_ERR_COUNT ? err_names[code] : err_names[SL_EINTERNAL];
}

/* A precision such as %.64s counts bytes: the character that it cut becomes a '~'. */
static void mend_cuts(char *s)
{
	char *to = s;
	size_t n, whole;

	while (*s) {
		for (n = 1; ((unsigned char)s[n] & 0xc0) == 0x80; n++)
			;
		whole = sl_text_whole(s, n);
		if (whole) { /* or never was one: cleaned below */
			memmove(to, s, n);
			to += n;
		} else {
			*to++ = '~';
		}
		s += n;
	}
	*to = '\0';
}

/* Formatting goes through a second buffer: the arguments may point into e->msg itself. */
int sl_vfail(struct sl_error *e, enum sl_err code, const char *fmt, va_list ap)
{
	char raw[4 * SL_ERROR_MAX];

	if (!e)
		return code;
	if (vsnprintf(raw, sizeof raw, fmt, ap) < 0)
		snprintf(raw, sizeof raw, "%s", fmt);
	e->code = code;
	mend_cuts(raw);
	sl_text_clean(e->msg, sizeof e->msg, raw, strlen(raw), true);
	return code;
}

int sl_fail(struct sl_error *e, enum sl_err code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sl_vfail(e, code, fmt, ap);
	va_end(ap);
	return code;
}

void sl_error_prefix(struct sl_error *e, const char *fmt, ...)
{
	char prefix[SL_ERROR_MAX];
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	if (vsnprintf(prefix, sizeof prefix, fmt, ap) < 0)
		prefix[0] = '\0';
	va_end(ap);
	sl_fail(e, e->code, "%s: %s", prefix, e->msg);
}

void sl_error_clear(struct sl_error *e)
{
	if (!e)
		return;
	e->code = SL_OK;
	e->msg[0] = '\0';
}
