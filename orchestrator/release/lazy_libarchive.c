/* SPDX-License-Identifier: Apache-2.0 */
/* What of libarchive is called. */
#include <archive.h>
#include <archive_entry.h>
#include <stdarg.h>
#include <stdio.h>

#include "plugins/sdk/lazy.h"

SL_LAZY("archive", const char *, archive_entry_hardlink, (struct archive_entry * entry), (entry))
SL_LAZY("archive", mode_t, archive_entry_mode, (struct archive_entry * entry), (entry))
SL_LAZY("archive", const char *, archive_entry_pathname, (struct archive_entry * entry), (entry))
SL_LAZY("archive", la_int64_t, archive_entry_size, (struct archive_entry * entry), (entry))
SL_LAZY("archive", int, archive_entry_size_is_set, (struct archive_entry * entry), (entry))
SL_LAZY("archive", const char *, archive_entry_symlink, (struct archive_entry * entry), (entry))
SL_LAZY("archive", const char *, archive_error_string, (struct archive * a), (a))
SL_LAZY("archive", int, archive_filter_code, (struct archive * a, int b), (a, b))
SL_LAZY("archive", int, archive_read_free, (struct archive * a), (a))
SL_LAZY("archive", struct archive *, archive_read_new, (void), ())
SL_LAZY("archive", int, archive_read_next_header,
	(struct archive * a, struct archive_entry **entry), (a, entry))
SL_LAZY("archive", int, archive_read_open,
	(struct archive * a, void *b, archive_open_callback *c, archive_read_callback *d,
	 archive_close_callback *e),
	(a, b, c, d, e))
SL_LAZY("archive", int, archive_read_support_filter_gzip, (struct archive * a), (a))
SL_LAZY("archive", int, archive_read_support_format_tar, (struct archive * a), (a))

/* Its words are made here: what is variable cannot be passed on. */
void archive_set_error(struct archive *a, int code, const char *format, ...)
{
	void *symbol = sl_lazy_symbol("archive", "archive_set_error");
	void (*call)(struct archive *, int, const char *, ...);
	char words[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(words, sizeof words, format, ap);
	va_end(ap);
	memcpy(&call, &symbol, sizeof call);
	call(a, code, "%s", words);
}
