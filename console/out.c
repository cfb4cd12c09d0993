/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the console: to the clipboard, or into a file with the bytes that `sluice get -o
 * json` prints. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/app.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define OUT_MAX (256u << 20)

static void copy_names(const struct table *t, struct sl_buf *out)
{
	const struct vw_row *row = table_row(t);
	size_t i;

	if (!t->mark_count && row)
		sl_buf_puts(out, row->full);
	for (i = 0; t->mark_count && i < t->count; i++)
		if (table_is_marked(t, table_shown(t, i)->id))
			sl_buf_printf(out, "%s%s", out->len ? "\n" : "", table_shown(t, i)->full);
}

static void copy_json(const struct table *t, struct sl_buf *out)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		cJSON *doc;
		char *text;

		if (t->mark_count ? !table_is_marked(t, table_shown(t, i)->id) : i != t->at)
			continue;
		doc = vw_row_json(t->data, table_index(t, i));
		text = sl_json_print(doc);
		sl_buf_printf(out, "%s%s", out->len ? "\n" : "", text);
		free(text);
		cJSON_Delete(doc);
	}
}

void out_copy(struct app *a, struct screen *s, bool json)
{
	struct sl_buf out;

	sl_buf_init(&out, 1u << 20);
	if (json)
		copy_json(&s->table, &out);
	else
		copy_names(&s->table, &out);
	if (!out.len)
		app_say(a, PAINT_WARN, "there is nothing to copy");
	else if (term_copy(a->term, out.data, out.len))
		app_say(a, PAINT_OK, "copied %zu bytes to the terminal's clipboard", out.len);
	else
		app_say(a, PAINT_WARN,
			"%zu bytes are too much for this terminal's clipboard; e writes a file",
			out.len);
	sl_buf_release(&out);
}

static int write_file(const char *path, const struct sl_buf *out)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return errno;
	while (done < out->len) {
		n = write(fd, out->data + done, out->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = errno;

			close(fd);
			return error;
		}
		done += (size_t)n;
	}
	return close(fd) < 0 ? errno : 0;
}

/* Does the view make one row of what repeats? Then `get` has more of them. */
static bool is_folded(struct app *a, struct screen *s)
{
	struct vw_world w = {0};

	if (s->ops->world)
		s->ops->world(a, s, &w);
	return w.fold;
}

static char *word(const char *text)
{
	bool plain = *text && text[0] != '-' &&
		     !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789._:/@,+=-")];

	return plain ? sl_strdup(text) : sl_text_quote_sh(text);
}

/* The command that prints the same rows, as one would type it. */
static char *twin(const struct screen *s)
{
	const struct table *t = &s->table;
	bool filtered = *t->filter && !t->filter_off;
	char *subject, *filter, *text;

	if (!vw_find(t->data->view->name))
		return sl_asprintf("sluice %s -o json", s->ops->twin ? s->ops->twin : "get");
	subject = s->subject ? word(s->subject) : sl_strdup("");
	filter = filtered ? word(t->filter) : sl_strdup("");
	text = sl_asprintf("sluice get %s%s%s%s%s -o json", t->data->view->name,
			   *subject ? " " : "", subject, *filter ? " -f " : "", filter);
	free(subject);
	free(filter);
	return text;
}

void out_export(struct app *a, struct screen *s, const char *path)
{
	struct table *t = &s->table;
	struct sl_buf out;
	char name[512], *command = twin(s);
	int rc = EEXIST, i;

	sl_buf_init(&out, OUT_MAX);
	vw_print(t->data, t->filter_off ? NULL : t->match, site_catalogue(a->site), VW_AS_JSON,
		 app_now(a), false, &out);
	for (i = 1; i < 1000 && rc == EEXIST; i++) {
		if (path)
			snprintf(name, sizeof name, "%s", path);
		else
			snprintf(name, sizeof name, i > 1 ? "sluice-%s-%d.json" : "sluice-%s.json",
				 s->ops->name, i);
		rc = write_file(name, &out);
		if (path)
			break;
	}
	if (rc)
		app_say(a, PAINT_BAD, "%s: %s", name, strerror(rc));
	else if (is_folded(a, s))
		app_say(a, PAINT_OK, "written: %s (%zu rows, repeats folded as they stand here)",
			name, t->count);
	else
		app_say(a, PAINT_OK, "written: %s (%zu rows, as `%s` prints them)", name, t->count,
			command);
	free(command);
	sl_buf_release(&out);
}
