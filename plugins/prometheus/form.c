/* SPDX-License-Identifier: Apache-2.0 */
/* application/x-www-form-urlencoded: an expression may be longer than a URL may be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugins/prometheus/prometheus.h"

static bool is_plain(char c)
{
	return c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c);
}

void prom_form_add(struct sl_buf *form, const char *name, const char *value)
{
	sl_buf_printf(form, "%s%s=", form->len ? "&" : "", name);
	for (const char *p = value; *p; p++) {
		if (is_plain(*p))
			sl_buf_append(form, p, 1);
		else
			sl_buf_printf(form, "%%%02X", (unsigned)(unsigned char)*p);
	}
}

void prom_form_add_time(struct sl_buf *form, const char *name, int64_t unix_ms)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64 ".%03d", unix_ms / 1000, (int)(unix_ms % 1000));
	prom_form_add(form, name, text);
}

void prom_form_add_duration(struct sl_buf *form, const char *name, int64_t ms)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64 "ms", ms);
	prom_form_add(form, name, text);
}
