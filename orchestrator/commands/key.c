/* SPDX-License-Identifier: Apache-2.0 */
/* One config key: finding it, its history, what differs between its versions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/look.h"
#include "orchestrator/view/diff_print.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define DEADLINE_MS 10000
#define OUTPUT_MAX  (512u << 20)
#define LISTED_MAX  12 /* keys of one name that an error lists */

/* --- which key --- */

static bool has_label(const struct cat_key *k, const char *label)
{
	size_t len = strcspn(label, "=");

	for (size_t i = 0; i < k->label_count; i++)
		if (strlen(k->labels[i].name) == len &&
		    strncmp(k->labels[i].name, label, len) == 0 &&
		    strcmp(k->labels[i].value, label + len + 1) == 0)
			return true;
	return false;
}

static bool is_meant(const struct cli *c, const struct cat_key *k, const char *name)
{
	char *id;
	bool same;

	if (c->source && strcmp(k->source, c->source) != 0)
		return false;
	for (size_t i = 0; i < c->label_count; i++)
		if (!has_label(k, c->labels[i]))
			return false;
	if (strcmp(k->key, name) == 0)
		return true;
	id = key_id(k);
	same = strcmp(id, name) == 0;
	free(id);
	return same;
}

static int no_key(const struct look *l, const char *name)
{
	size_t count = catalogue_key_count(l->catalogue);
	const char **names = sl_alloc_n(count + 1, sizeof *names), *near;
	char clean[128];

	for (size_t i = 0; i < count; i++)
		names[i] = catalogue_key(l->catalogue, i)->key;
	near = sl_text_nearest(name, names, count);
	sl_text_clean(clean, sizeof clean, name, strlen(name), false);
	cli_error("no config centre has the key '%s'%s%s%s%s", clean,
		  l->c->label_count ? " with these labels" : "", near ? " (did you mean '" : "",
		  near ? near : "", near ? "'?)" : "");
	free(names);
	return RUN_INPUT;
}

static void list_meant(const struct look *l, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < catalogue_key_count(l->catalogue); i++) {
		const struct cat_key *k = catalogue_key(l->catalogue, i);
		char *id;

		if (!is_meant(l->c, k, name) || n++ >= LISTED_MAX)
			continue;
		id = key_id(k);
		fprintf(stderr, "  %s\n", id);
		free(id);
	}
	if (n > LISTED_MAX)
		fprintf(stderr, "  and %zu more\n", n - LISTED_MAX);
}

int look_find_key(const struct look *l, const char *name, struct key_ref *ref)
{
	const struct cat_key *found = NULL;
	size_t count = 0;

	*ref = (struct key_ref){0};
	for (size_t i = 0; i < catalogue_key_count(l->catalogue); i++) {
		const struct cat_key *k = catalogue_key(l->catalogue, i);

		if (!is_meant(l->c, k, name))
			continue;
		found = k;
		count++;
	}
	if (!count)
		return no_key(l, name);
	if (count > 1) {
		cli_error("%zu keys are called '%s': say which by --label or --source", count,
			  found->key);
		list_meant(l, name);
		return RUN_INPUT;
	}
	*ref = key_ref_make(found->source, found->key, found->labels, found->label_count);
	return RUN_DONE;
}

/* --- reading one --- */

static void on_read(void *arg, struct key_history *found)
{
	*(struct key_history **)arg = found;
}

struct key_history *look_read_key(const struct look *l, const struct key_ref *ref, int *rc)
{
	struct key_history *h = NULL;

	key_read_start(uv_default_loop(), l->catalogue, ref, DEADLINE_MS, on_read, &h);
	while (!h)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	*rc = RUN_DONE;
	if (!*h->error) {
		key_history_sign(h, ref, l->c->store);
		return h;
	}
	cli_error("config centre '%s': %s", ref->source, h->error);
	*rc = h->code == SL_EINPUT ? RUN_INPUT : RUN_UNREACHABLE;
	key_history_free(h);
	return NULL;
}

int look_open_keys(struct look *l, struct cli *c, const char *name)
{
	const char *view[] = {"history", name};
	int rc;

	c->args = view; /* it stands on the same backends */
	c->arg_count = SL_COUNT(view);
	rc = look_open(l, c, false);
	c->args = NULL;
	c->arg_count = 0;
	l->subject = NULL;
	if (rc)
		return rc;
	look_settle(l, DEADLINE_MS);
	return look_verdict(l);
}

static int get_history(struct look *l, const char *name)
{
	struct key_ref ref;
	int rc = look_find_key(l, name, &ref);

	if (!rc)
		l->history = look_read_key(l, &ref, &rc);
	if (l->history) {
		rc = look_print(l);
		if (!l->history->kept)
			fprintf(stderr, "'%s' keeps no versions: this is the live one.\n",
				ref.source);
	}
	key_ref_release(&ref);
	return rc;
}

int command_get_history(struct cli *c)
{
	const char *name = c->arg_count > 1 ? c->args[1] : NULL;
	struct look l;
	int rc;

	if (!name) {
		cli_error("get history: of which key? `sluice get keys` lists them");
		return RUN_INPUT;
	}
	rc = look_open_keys(&l, c, name);
	if (!rc)
		rc = get_history(&l, name);
	look_close(&l);
	return rc;
}

/* --- diff --- */

struct side {
	struct key_ref ref;
	struct key_history *history;       /* NULL = the file's */
	const struct key_version *version; /* NULL = the file's */
	char *text;
	size_t len;
	char name[512];
};

static void side_release(struct side *s)
{
	key_ref_release(&s->ref);
	key_history_free(s->history);
	free(s->text);
}

int key_value_file(const char *path, char **value, size_t *len)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int rc = RUN_DONE;

	*value = NULL;
	if (!f) {
		cli_error("--value-file %s: %s", path, strerror(errno));
		return RUN_INPUT;
	}
	*value = sl_alloc(KEY_VALUE_MAX + 2);
	*len = fread(*value, 1, KEY_VALUE_MAX + 1, f);
	if (ferror(f) || *len > KEY_VALUE_MAX) {
		cli_error("--value-file %s: cannot be read, or is larger than 1 MiB", path);
		rc = RUN_INPUT;
	}
	if (f != stdin)
		fclose(f);
	return rc;
}

static int read_value_file(struct side *s, const char *path)
{
	snprintf(s->name, sizeof s->name, "%s", path);
	return key_value_file(path, &s->text, &s->len);
}

static int choose_version(struct side *s, const struct key_version *v, const char *revision)
{
	char *id;

	if (!v) {
		cli_error("the key '%s' has no %s%s", s->ref.key,
			  revision ? "revision " : "version before the live one",
			  revision ? revision : "");
		return RUN_INPUT;
	}
	if (v->cut) {
		cli_error("revision %s of '%s' is larger than 1 MiB: too large to be compared",
			  v->revision, s->ref.key);
		return RUN_INPUT;
	}
	s->version = v;
	id = key_ref_id(&s->ref);
	snprintf(s->name, sizeof s->name, "%s%srev %s%s", id, " ", v->revision,
		 v == s->history->items ? " (live)" : "");
	free(id);
	return RUN_DONE;
}

static const struct key_version *version_of(const struct key_history *h, const char *revision,
					    size_t usual)
{
	if (revision)
		return key_history_find(h, revision);
	return usual < h->count ? &h->items[usual] : NULL;
}

static int read_side(const struct look *l, struct side *s, const char *name, const char *revision,
		     size_t usual)
{
	int rc = look_find_key(l, name, &s->ref);

	if (!rc)
		s->history = look_read_key(l, &s->ref, &rc);
	if (rc)
		return rc;
	return choose_version(s, version_of(s->history, revision, usual), revision);
}

static struct diff *compare(const struct side *a, const struct side *b)
{
	const struct key_version *x = a->version, *y = b->version;

	return diff_new(x ? x->value : a->text, x ? x->len : a->len, y ? y->value : b->text,
			y ? y->len : b->len);
}

static void add_side(cJSON *doc, const char *name, const struct side *s)
{
	cJSON *o = sl_json_add_object(doc, name), *labels;

	if (!s->version) {
		sl_json_add_str(o, "file", s->name);
		return;
	}
	sl_json_add_str(o, "key", s->ref.key);
	labels = sl_json_add_object(o, "labels");
	for (size_t i = 0; i < s->ref.label_count; i++)
		sl_json_add_str(labels, s->ref.labels[i].name, s->ref.labels[i].value);
	sl_json_add_str(o, "source", s->ref.source);
	sl_json_add_str(o, "revision", s->version->revision);
	sl_json_add_bool(o, "live", s->version == s->history->items);
}

static int print_json(const struct look *l, const struct side *a, const struct side *b,
		      const struct diff *d)
{
	struct vw_table *none = look_table(l, true);
	cJSON *doc = cJSON_CreateObject(), *sources = vw_json(none, NULL, l->catalogue);
	int rc;

	add_side(doc, "from", a);
	add_side(doc, "to", b);
	sl_json_add_bool(doc, "same", d->same);
	sl_json_add_bool(doc, "binary", d->binary);
	sl_json_add_int(doc, "added", (int64_t)d->added);
	sl_json_add_int(doc, "removed", (int64_t)d->removed);
	cJSON_AddItemToObject(doc, "items", diff_json(d, DIFF_CONTEXT));
	cJSON_AddItemToObject(doc, "sources",
			      cJSON_DetachItemFromObjectCaseSensitive(sources, "sources"));
	rc = cli_print_json(doc);
	cJSON_Delete(sources);
	cJSON_Delete(doc);
	vw_table_free(none);
	return rc;
}

static int print_text(const struct cli *c, const struct side *a, const struct side *b,
		      const struct diff *d)
{
	struct sl_buf out;
	int rc;

	sl_buf_init(&out, OUTPUT_MAX);
	sl_buf_printf(&out, "--- %s\n+++ %s\n", a->name, b->name);
	if (d->binary)
		sl_buf_puts(&out, d->same ? "no difference\n" : "they differ, and are no text\n");
	else if (d->same && c->output != OUTPUT_WIDE)
		sl_buf_puts(&out, "no difference\n");
	else
		diff_print(d, c->output == OUTPUT_WIDE ? SIZE_MAX : DIFF_CONTEXT, c->colour, &out);
	rc = cli_write(sl_buf_str(&out), out.len);
	sl_buf_release(&out);
	return rc;
}

static int diff_keys(const struct look *l, const char *name, const char *other)
{
	struct cli *c = l->c;
	struct side a = {0}, b = {0};
	size_t before = other || c->value_file ? 0 : 1;
	struct diff *d;
	int rc = read_side(l, &a, name, c->older, before);

	if (!rc && c->value_file)
		rc = read_value_file(&b, c->value_file);
	else if (!rc)
		rc = read_side(l, &b, other ? other : name, c->newer, 0);
	if (!rc) {
		d = compare(&a, &b);
		rc = c->output == OUTPUT_JSON ? print_json(l, &a, &b, d) : print_text(c, &a, &b, d);
		diff_free(d);
	}
	side_release(&a);
	side_release(&b);
	return rc;
}

int command_diff(struct cli *c)
{
	const char *name = c->args[0], *other = c->arg_count > 1 ? c->args[1] : NULL;
	struct look l;
	int rc;

	if ((other != NULL) + (c->value_file != NULL) + (c->newer != NULL) > 1) {
		cli_error("diff compares with one thing: another key, --to or --value-file");
		return RUN_INPUT;
	}
	rc = look_open_keys(&l, c, name);
	if (!rc)
		rc = diff_keys(&l, name, other);
	look_close(&l);
	return rc;
}
