/* SPDX-License-Identifier: Apache-2.0 */
#include "console/words.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define NAMES_MAX 1000 /* of a folder that are looked at */
#define WORD_MAX  4096

/* One word from *at on, without its quotes. False = a quote does not end. */
static bool take_word(const char **at, struct sl_buf *word)
{
	char quote = '\0';
	const char *s;

	for (s = *at; *s && (quote || *s != ' '); s++) {
		if (quote && *s == quote)
			quote = '\0';
		else if (!quote && (*s == '"' || *s == '\''))
			quote = *s;
		else if (*s == '\\' && quote != '\'' && s[1])
			sl_buf_append(word, ++s, 1);
		else
			sl_buf_append(word, s, 1);
	}
	*at = s;
	return !quote;
}

void words_free(char **words, size_t count)
{
	while (count)
		free(words[--count]);
}

int words_split(const char *text, char **words, size_t max, size_t *count, struct sl_error *e)
{
	const char *wrong = NULL;
	struct sl_buf word;
	size_t n = 0;

	sl_buf_init(&word, WORD_MAX);
	for (;;) {
		while (*text == ' ')
			text++;
		if (!*text || wrong)
			break;
		sl_buf_clear(&word);
		if (n == max)
			wrong = "too many words";
		else if (!take_word(&text, &word))
			wrong = "a quote does not end";
		else
			words[n++] = sl_strdup(sl_buf_str(&word));
	}
	sl_buf_release(&word);
	if (wrong) {
		words_free(words, n);
		n = 0;
	}
	*count = n;
	return wrong ? sl_fail(e, SL_EINPUT, "%s", wrong) : SL_OK;
}

/* --- completion --- */

static const char *last_word(const char *text)
{
	const char *s, *start = text;

	for (s = text; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == ' ')
			start = s + 1;
	}
	return start;
}

static void put_escaped(struct sl_buf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr(" \\\"'", text[i]))
			sl_buf_puts(out, "\\");
		sl_buf_append(out, text + i, 1);
	}
}

static bool is_folder(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool ends_in(const char *name, const char *const *endings)
{
	size_t len = strlen(name), n;

	for (; *endings; endings++) {
		n = strlen(*endings);
		if (len > n && !strcmp(name + len - n, *endings))
			return true;
	}
	return false;
}

static size_t read_names(const char *folder, const char *start, const char *const *endings,
			 char **names)
{
	DIR *dir = opendir(folder);
	const struct dirent *d;
	size_t n = 0;

	while (dir && n < NAMES_MAX && (d = readdir(dir))) {
		bool hidden = d->d_name[0] == '.' && *start != '.';

		if (hidden || !sl_text_starts(d->d_name, start) ||
		    !sl_text_is_clean(d->d_name, strlen(d->d_name)) || !strcmp(d->d_name, ".") ||
		    !strcmp(d->d_name, ".."))
			continue;
		if (is_folder(dirfd(dir), d->d_name))
			names[n++] = sl_asprintf("%s/", d->d_name);
		else if (ends_in(d->d_name, endings))
			names[n++] = sl_strdup(d->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* How much of the first one all have, in whole characters. */
static size_t in_common(char *const *names, size_t n)
{
	size_t len = strlen(names[0]), i, k;

	for (i = 1; i < n; i++) {
		for (k = 0; k < len && names[i][k] == names[0][k]; k++)
			;
		len = k;
	}
	while (len && ((unsigned char)names[0][len] & 0xc0) == 0x80)
		len--;
	return len;
}

static char *go_on(const char *text, size_t keep, const char *folder, char *const *names, size_t n)
{
	size_t common = in_common(names, n);
	struct sl_buf out;
	char *done;

	sl_buf_init(&out, 2 * WORD_MAX);
	sl_buf_append(&out, text, keep);
	put_escaped(&out, folder, strlen(folder));
	put_escaped(&out, names[0], common);
	if (n == 1 && names[0][common - 1] != '/')
		sl_buf_puts(&out, " ");
	done = sl_strdup(sl_buf_str(&out));
	sl_buf_release(&out);
	return done;
}

char *words_complete_path(const char *text, const char *const *endings, struct sl_buf *all)
{
	const char *from = last_word(text), *at = from, *start;
	char *names[NAMES_MAX], *folder, *done = NULL;
	struct sl_buf word;
	size_t n, i;

	sl_buf_init(&word, WORD_MAX);
	take_word(&at, &word);
	start = strrchr(sl_buf_str(&word), '/');
	start = start ? start + 1 : sl_buf_str(&word);
	folder = sl_strndup(sl_buf_str(&word), (size_t)(start - sl_buf_str(&word)));
	n = read_names(*folder ? folder : ".", start, endings, names);
	qsort(names, n, sizeof *names, compare);
	for (i = 0; n > 1 && i < n; i++)
		sl_buf_printf(all, "%s%s", i ? " " : "", names[i]);
	if (n)
		done = go_on(text, (size_t)(from - text), folder, names, n);
	words_free(names, n);
	free(folder);
	sl_buf_release(&word);
	return done;
}
