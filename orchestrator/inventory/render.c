/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/inventory/render.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/shell_place.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define RENDER_MAX (1024 * 1024)
#define RUN_IN_SH  "\"$SLUICE_RUN\""

/* The names that need no declaration. offset of the value in struct scope; 0 = never has one in
 * what is rendered here. */
static const struct builtin {
	const char *name;
	size_t offset;
} builtins[] = {
	{"service", offsetof(struct scope, service)},
	{"version", offsetof(struct scope, version)},
	{"host", offsetof(struct scope, host)},
	{"address", offsetof(struct scope, address)},
	{"port", offsetof(struct scope, port)},
	{"instance", offsetof(struct scope, instance)},
	{"release", offsetof(struct scope, release)},
	{"run", offsetof(struct scope, run)},
	{"old", 0},
	{"new", 0},
};

enum { LOOKUP_FOUND, LOOKUP_RUN_LATER, LOOKUP_NO_VALUE, LOOKUP_NOT_SET, LOOKUP_UNKNOWN };

static bool name_is(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && !memcmp(name, s, len);
}

static const struct builtin *builtin_find(const char *name, size_t len)
{
	for (size_t i = 0; i < SL_COUNT(builtins); i++)
		if (name_is(builtins[i].name, name, len))
			return &builtins[i];
	return NULL;
}

static const struct pb_var *var_find(const struct playbook *p, const char *name, size_t len)
{
	for (size_t i = 0; p && i < p->var_count; i++)
		if (name_is(p->vars[i].name, name, len))
			return &p->vars[i];
	return NULL;
}

static int lookup(const struct scope *s, const char *name, size_t len, const char **value)
{
	const struct builtin *b = builtin_find(name, len);
	const struct pb_var *var = var_find(s->playbook, name, len);

	*value = b && b->offset ? *(const char *const *)((const char *)s + b->offset) : NULL;
	if (*value)
		return LOOKUP_FOUND;
	if (s->run_later && name_is("run", name, len))
		return LOOKUP_RUN_LATER;
	/* --set and vars files go over the inventory; a playbook's own default below it. */
	if (var && var->set) {
		*value = var->value;
		return LOOKUP_FOUND;
	}
	for (size_t i = 0; i < s->var_count; i++) {
		if (name_is(s->vars[i].name, name, len)) {
			*value = s->vars[i].value;
			return LOOKUP_FOUND;
		}
	}
	if (var) {
		*value = var->value;
		return *value ? LOOKUP_FOUND : LOOKUP_NOT_SET;
	}
	return b || (len > 7 && !memcmp(name, "random:", 7)) ? LOOKUP_NO_VALUE : LOOKUP_UNKNOWN;
}

/* The nearest name that would have a value here. */
static const char *near_name(const struct scope *s, const char *name)
{
	size_t n = 0, vars = s->playbook ? s->playbook->var_count : 0;
	const char **names = sl_alloc_n(SL_COUNT(builtins) + vars + s->var_count, sizeof *names);
	const char *near, *value;

	for (size_t i = 0; i < SL_COUNT(builtins); i++)
		if (lookup(s, builtins[i].name, strlen(builtins[i].name), &value) == LOOKUP_FOUND)
			names[n++] = builtins[i].name;
	for (size_t i = 0; i < vars; i++)
		names[n++] = s->playbook->vars[i].name;
	for (size_t i = 0; i < s->var_count; i++)
		names[n++] = s->vars[i].name;
	near = sl_text_nearest(name, names, n);
	free(names);
	return near;
}

static int say_missing(const struct scope *s, int why, const char *name, size_t len,
		       struct sl_error *e)
{
	char *copy = sl_strndup(name, len);
	const char *near = why == LOOKUP_UNKNOWN ? near_name(s, copy) : NULL;
	int rc;

	if (why == LOOKUP_NOT_SET)
		rc = sl_fail(e, SL_EINPUT, "variable '%s' is required and not set (--set %s=...)",
			     copy, copy);
	else if (why == LOOKUP_NO_VALUE)
		rc = sl_fail(e, SL_EINPUT, "$(%s) has no value here", copy);
	else
		rc = sl_fail(e, SL_EINPUT, "undeclared name $(%s)%s%s%s", copy,
			     near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	free(copy);
	return rc;
}

/* --- the walk over a text --- */

/* A text in pieces: literal, value, literal ... Values may come as "later" (NULL). */
struct piece_sink {
	int (*literal)(void *arg, const char *text, size_t len, struct sl_error *e);
	int (*value)(void *arg, const char *name, size_t len, const char *value,
		     struct sl_error *e);
};

struct walk {
	const struct scope *scope;
	const struct piece_sink *sink;
	void *arg;
	const char *at; /* what is not yet taken */
	struct sl_error *e;
	int rc;
};

/* "$$(" is the escape for "$(" and the only one. */
static int walk_literal(struct walk *w, const char *end)
{
	int rc = SL_OK;

	while (!rc && w->at < end) {
		const char *escape = memmem(w->at, (size_t)(end - w->at), "$$(", 3);
		const char *stop = escape ? escape : end;

		rc = w->sink->literal(w->arg, w->at, (size_t)(stop - w->at), w->e);
		if (!rc && escape)
			rc = w->sink->literal(w->arg, "$(", 2, w->e);
		w->at = escape ? escape + 3 : end;
	}
	return rc;
}

static int walk_name(void *arg, const char *name, size_t len, size_t offset)
{
	struct walk *w = arg;
	const char *value;
	int found;

	(void)offset;
	w->rc = walk_literal(w, name - 2);
	if (w->rc)
		return 1;
	w->at = name + len + 1;
	found = lookup(w->scope, name, len, &value);
	if (found == LOOKUP_FOUND || found == LOOKUP_RUN_LATER)
		w->rc = w->sink->value(w->arg, name, len, value, w->e);
	else
		w->rc = say_missing(w->scope, found, name, len, w->e);
	return w->rc != 0;
}

static int walk_text(const struct scope *s, const char *text, const struct piece_sink *sink,
		     void *arg, struct sl_error *e)
{
	struct walk w = {.scope = s, .sink = sink, .arg = arg, .at = text, .e = e};
	size_t bad = 0;

	if (!pb_names_visit(text, walk_name, &w, &bad))
		return sl_fail(e, SL_EINPUT, "'%.20s' is no $(name); write $$( for a literal $(",
			       text + bad);
	return w.rc ? w.rc : walk_literal(&w, w.at + strlen(w.at));
}

static int put(struct sl_buf *b, const char *text, size_t len, struct sl_error *e)
{
	if (sl_buf_append(b, text, len))
		return sl_fail(e, SL_EINPUT, "the text gets longer than 1 MiB");
	return SL_OK;
}

static int put_quoted(struct sl_buf *b, const char *text, struct sl_error *e)
{
	char *quoted = sl_text_quote_sh(text);
	int rc = put(b, quoted, strlen(quoted), e);

	free(quoted);
	return rc;
}

static char *finish(struct sl_buf *b, int rc)
{
	if (rc) {
		sl_buf_release(b);
		return NULL;
	}
	return b->data ? sl_buf_take(b) : sl_strdup("");
}

/* --- plain text --- */

static int plain_literal(void *arg, const char *text, size_t len, struct sl_error *e)
{
	return put(arg, text, len, e);
}

static int plain_value(void *arg, const char *name, size_t len, const char *value,
		       struct sl_error *e)
{
	if (!value)
		return sl_fail(e, SL_EINPUT, "$(%.*s) has no value here", (int)len, name);
	return put(arg, value, strlen(value), e);
}

char *render_text(const struct scope *s, const char *text, struct sl_error *e)
{
	static const struct piece_sink sink = {plain_literal, plain_value};
	struct sl_buf out;

	sl_buf_init(&out, RENDER_MAX);
	return finish(&out, walk_text(s, text, &sink, &out, e));
}

/* --- a command string --- */

struct shell_out {
	struct sl_buf buf;
	struct shell_place place;
	size_t read; /* so much of buf has gone through place */
};

static int shell_literal(void *arg, const char *text, size_t len, struct sl_error *e)
{
	struct shell_out *o = arg;

	return put(&o->buf, text, len, e);
}

static int shell_value(void *arg, const char *name, size_t len, const char *value,
		       struct sl_error *e)
{
	struct shell_out *o = arg;
	const char *why;
	int rc;

	if (o->buf.len > o->read)
		shell_place_feed(&o->place, o->buf.data + o->read, o->buf.len - o->read);
	why = shell_place_refuses(&o->place);
	if (why)
		return sl_fail(e, SL_EINPUT,
			       "$(%.*s) cannot stand inside or behind %s: it is inserted as one "
			       "quoted word; move it out, or use command: [words]",
			       (int)len, name, why);
	rc = value ? put_quoted(&o->buf, value, e) : put(&o->buf, RUN_IN_SH, strlen(RUN_IN_SH), e);
	o->read = o->buf.len;
	return rc;
}

char *render_shell(const struct scope *s, const char *text, struct sl_error *e)
{
	static const struct piece_sink sink = {shell_literal, shell_value};
	struct shell_out out = {.read = 0};

	sl_buf_init(&out.buf, RENDER_MAX);
	shell_place_init(&out.place);
	return finish(&out.buf, walk_text(s, text, &sink, &out, e));
}

/* --- an argument vector --- */

struct word_out {
	struct sl_buf *line;
	struct sl_buf word; /* not yet quoted */
	bool empty;         /* nothing of this word is in line yet */
};

static int word_flush(struct word_out *o, struct sl_error *e)
{
	int rc = o->word.len || o->empty ? put_quoted(o->line, sl_buf_str(&o->word), e) : SL_OK;

	sl_buf_clear(&o->word);
	o->empty = false;
	return rc;
}

static int word_literal(void *arg, const char *text, size_t len, struct sl_error *e)
{
	return put(&((struct word_out *)arg)->word, text, len, e);
}

static int word_value(void *arg, const char *name, size_t len, const char *value,
		      struct sl_error *e)
{
	struct word_out *o = arg;
	int rc;

	(void)name;
	(void)len;
	if (value)
		return put(&o->word, value, strlen(value), e);
	rc = o->word.len ? word_flush(o, e) : SL_OK;
	o->empty = false;
	return rc ? rc : put(o->line, RUN_IN_SH, strlen(RUN_IN_SH), e);
}

static int render_word(const struct scope *s, const char *text, struct sl_buf *line,
		       struct sl_error *e)
{
	static const struct piece_sink sink = {word_literal, word_value};
	struct word_out out = {.line = line, .empty = true};
	int rc;

	sl_buf_init(&out.word, RENDER_MAX);
	rc = walk_text(s, text, &sink, &out, e);
	if (!rc)
		rc = word_flush(&out, e);
	sl_buf_release(&out.word);
	return rc;
}

char *render_command(const struct scope *s, const struct pb_command *c, struct sl_error *e)
{
	struct sl_buf line;
	int rc = SL_OK;

	if (c->shell)
		return render_shell(s, c->shell, e);
	sl_buf_init(&line, RENDER_MAX);
	for (size_t i = 0; !rc && c->argv && c->argv[i]; i++) {
		if (i)
			rc = put(&line, " ", 1, e);
		if (!rc)
			rc = render_word(s, c->argv[i], &line, e);
	}
	if (!rc && !line.len)
		rc = sl_fail(e, SL_EINPUT, "an empty command");
	return finish(&line, rc);
}
