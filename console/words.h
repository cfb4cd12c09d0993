/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a command line: quotes and backslashes as in a shell, and nothing else of it. */
#ifndef SLUICE_CONSOLE_WORDS_H
#define SLUICE_CONSOLE_WORDS_H

#include <stddef.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/error.h"

/* At most max words, each yours (words_free). SL_EINPUT: a quote that does not end, or too many;
 * then there are none. */
int words_split(const char *text, char **words, size_t max, size_t *count, struct sl_error *e);
void words_free(char **words, size_t count);

/* text with its last word gone on as the path of a folder or of a file with one of these endings
 * (NULL-terminated); NULL = there is none. What there is to choose from goes to `all`, empty when
 * there was one way only. Reads one folder. */
char *words_complete_path(const char *text, const char *const *endings, struct sl_buf *all);

#endif
