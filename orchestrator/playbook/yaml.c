// SPDX-License-Identifier: Apache-2.0
// libfyaml's events become the marked tree. The parser is only trusted with syntax: text checks
// come before it (precheck.c), and depth, aliases, duplicates and size are counted here.
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/arena.h"
#include "orchestrator/playbook/node.h"
#include "orchestrator/playbook/precheck.h"
#include "plugins/sdk/mem.h"

#define DEPTH_MAX   32
#define ALIASES_MAX 64
#define NODES_MAX   100000 /* aliases expanded: they share memory, but each use is walked */

struct pb_tree {
	struct pb_arena arena;
	struct pb_node *root;
};

struct anchor {
	const char *name;
	const struct pb_node *node;
	size_t nodes;   /* values under it, itself included */
	unsigned depth; /* levels under it */
};

/* A mapping or list that is still open. */
struct frame {
	struct pb_node *node, **tail;
	const char *anchor;
	const char *key; /* read, its value not yet */
	struct diag_at key_at;
	size_t first_node;
	unsigned depth; /* deepest child */
};

struct builder {
	struct pb_tree *tree;
	struct diags *d;
	const char *text;
	size_t len;
	int file;
	struct frame stack[DEPTH_MAX + 1];
	unsigned depth;
	struct anchor anchors[ALIASES_MAX];
	size_t anchor_count, alias_count, nodes, documents;
	struct diag_at last; /* where empty values are said to be */
};

static unsigned count_chars(const char *s, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len && s[i] != '\n'; i++)
		n += ((unsigned char)s[i] & 0xC0) != 0x80;
	return n;
}

/* The place of an event. The parser's marks leave the quotes of a scalar out. */
static struct diag_at place_of(struct builder *b, struct fy_event *e, bool quoted)
{
	const struct fy_mark *from = fy_event_start_mark(e), *to = fy_event_end_mark(e);
	struct diag_at at = {.file = b->file};

	if (!from || from->line < 0)
		return b->last;
	at.line = (unsigned)from->line + 1;
	at.column = (unsigned)from->column + 1;
	at.length = 1;
	if (to && to->input_pos > from->input_pos && to->input_pos <= b->len)
		at.length = count_chars(b->text + from->input_pos, to->input_pos - from->input_pos);
	if (quoted && at.column > 1) {
		at.column--;
		at.length += to && to->line == from->line ? 2 : 1;
	}
	b->last = at;
	return at;
}

static bool fail(struct builder *b, struct diag_at at, const char *message)
{
	diags_error(b->d, at, "%s", message);
	return false;
}

static const char *token_text(struct builder *b, struct fy_token *t)
{
	size_t len = 0;
	const char *text = t ? fy_token_get_text(t, &len) : NULL;

	return text ? pb_arena_strndup(&b->tree->arena, text, len) : NULL;
}

static struct frame *top(struct builder *b)
{
	return b->depth ? &b->stack[b->depth - 1] : NULL;
}

static bool count_node(struct builder *b, struct diag_at at, size_t nodes, unsigned depth)
{
	struct frame *f = top(b);

	b->nodes += nodes;
	if (b->nodes > NODES_MAX)
		return fail(b, at, "too many values (more than 100000, with aliases expanded)");
	if (b->depth + depth > DEPTH_MAX)
		return fail(b, at, "nested deeper than 32 levels");
	if (f && f->depth < depth)
		f->depth = depth;
	return true;
}

/* Hang a finished or just opened value into what is open. */
static void attach(struct builder *b, struct pb_node *n)
{
	struct frame *f = top(b);

	if (!f) {
		b->tree->root = n;
		return;
	}
	n->key = f->key;
	n->key_at = f->key_at;
	*f->tail = n;
	f->tail = &n->next;
	f->key = NULL;
	f->key_at = (struct diag_at){0};
}

static bool anchor_add(struct builder *b, const char *name, const struct pb_node *n, size_t nodes,
		       unsigned depth)
{
	if (!name)
		return true;
	if (b->anchor_count == ALIASES_MAX)
		return fail(b, n->at, "more than 64 anchors");
	b->anchors[b->anchor_count++] = (struct anchor){name, n, nodes, depth};
	return true;
}

static bool expects_key(struct builder *b)
{
	struct frame *f = top(b);

	return f && f->node->type == PB_MAP && !f->key;
}

static bool take_key(struct builder *b, struct diag_at at, const char *text)
{
	struct frame *f = top(b);

	if (!text || !*text)
		return fail(b, at, "a key is empty");
	f->key = text;
	f->key_at = at;
	return true;
}

static bool on_scalar(struct builder *b, struct fy_event *e)
{
	struct fy_token *value = e->scalar.value;
	enum fy_scalar_style style = value ? fy_token_scalar_style(value) : FYSS_PLAIN;
	bool quotes = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	struct diag_at at = place_of(b, e, quotes);
	struct pb_node *n;
	size_t len = 0;

	if (value &&
	    pb_has_controls(fy_token_get_text(value, &len), fy_token_get_text_length(value)))
		return fail(b, at, "a control character in a value");
	if (expects_key(b))
		return take_key(b, at, token_text(b, value));
	n = pb_arena_alloc(&b->tree->arena, sizeof *n);
	*n = (struct pb_node){.type = PB_SCALAR,
			      .at = at,
			      .text = token_text(b, value),
			      .quoted = style != FYSS_PLAIN};
	if (!count_node(b, at, 1, 0))
		return false;
	attach(b, n);
	return anchor_add(b, token_text(b, e->scalar.anchor), n, 1, 0);
}

static bool on_open(struct builder *b, struct fy_event *e, enum pb_node_type type)
{
	struct fy_token *anchor =
		type == PB_MAP ? e->mapping_start.anchor : e->sequence_start.anchor;
	struct diag_at at = place_of(b, e, false);
	struct pb_node *n;
	size_t first = b->nodes;

	if (expects_key(b))
		return fail(b, at, "a key must be a plain word");
	at.length = 1;
	if (!count_node(b, at, 1, 1))
		return false;
	n = pb_arena_alloc(&b->tree->arena, sizeof *n);
	*n = (struct pb_node){.type = type, .at = at};
	attach(b, n);
	b->stack[b->depth++] = (struct frame){
		.node = n, .tail = &n->first, .anchor = token_text(b, anchor), .first_node = first};
	return true;
}

static int key_compare(const void *a, const void *b)
{
	const struct pb_node *x = *(const struct pb_node *const *)a;
	const struct pb_node *y = *(const struct pb_node *const *)b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	if (x->key_at.line != y->key_at.line)
		return x->key_at.line < y->key_at.line ? -1 : 1;
	return x->key_at.column < y->key_at.column ? -1 : 1;
}

/* Sorting keeps a hostile mapping of 100,000 keys cheap. */
static bool check_duplicates(struct builder *b, const struct pb_node *map)
{
	size_t count = pb_count(map), i = 0;
	const struct pb_node **sorted = sl_alloc_n(count + 1, sizeof *sorted);
	bool ok = true;

	for (const struct pb_node *n = map->first; n; n = n->next)
		sorted[i++] = n;
	qsort(sorted, count, sizeof *sorted, key_compare);
	for (i = 1; i < count; i++) {
		if (strcmp(sorted[i]->key, sorted[i - 1]->key))
			continue;
		diags_error(b->d, sorted[i]->key_at, "key '%s' is given twice", sorted[i]->key);
		diags_note(b->d, sorted[i - 1]->key_at, "first given here");
		ok = false;
	}
	free(sorted);
	return ok;
}

/* Duplicates do not end the reading: all of them are wanted at once. */
static bool on_close(struct builder *b)
{
	struct frame f = b->stack[--b->depth];
	struct frame *parent = top(b);

	if (parent && parent->depth < f.depth + 1)
		parent->depth = f.depth + 1;
	if (f.node->type == PB_MAP)
		check_duplicates(b, f.node);
	return anchor_add(b, f.anchor, f.node, b->nodes - f.first_node, f.depth + 1);
}

static const struct anchor *anchor_find(struct builder *b, const char *name)
{
	for (size_t i = b->anchor_count; i-- > 0;)
		if (!strcmp(b->anchors[i].name, name))
			return &b->anchors[i];
	return NULL;
}

/* The copy shares the children of the original. */
static bool on_alias(struct builder *b, struct fy_event *e)
{
	const char *name = token_text(b, e->alias.anchor);
	const struct anchor *a = name ? anchor_find(b, name) : NULL;
	struct diag_at at = place_of(b, e, false);
	struct pb_node *n;

	if (++b->alias_count > ALIASES_MAX)
		return fail(b, at, "more than 64 aliases");
	if (!a) {
		diags_error(b->d, at, "alias '*%s' has no anchor before it", name ? name : "");
		return false;
	}
	if (expects_key(b))
		return fail(b, at, "a key must be a plain word");
	if (!count_node(b, at, a->nodes, a->depth))
		return false;
	n = pb_arena_alloc(&b->tree->arena, sizeof *n);
	*n = *a->node;
	n->next = NULL;
	n->at = at;
	attach(b, n);
	return true;
}

static bool on_event(struct builder *b, struct fy_event *e)
{
	if (fy_event_get_tag_token(e))
		return fail(b, place_of(b, e, false),
			    "tags such as !!str are not part of the language");
	switch (e->type) {
	case FYET_DOCUMENT_START:
		if (b->documents++)
			return fail(b, place_of(b, e, false),
				    "a second document; one file holds one");
		return true;
	case FYET_SCALAR:
		return on_scalar(b, e);
	case FYET_MAPPING_START:
		return on_open(b, e, PB_MAP);
	case FYET_SEQUENCE_START:
		return on_open(b, e, PB_LIST);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return on_close(b);
	case FYET_ALIAS:
		return on_alias(b, e);
	default:
		return true;
	}
}

/* The parser's own findings; its last ones are consequences of the first. */
static void take_findings(struct builder *b, struct fy_diag *diag)
{
	struct fy_diag_error *found;
	void *iter = NULL;

	found = fy_diag_errors_iterate(diag, &iter);
	if (found && found->msg && found->line > 0) {
		struct diag_at at = {.file = b->file,
				     .line = (unsigned)found->line,
				     .column = found->column > 0 ? (unsigned)found->column : 1,
				     .length = 1};
		diags_error(b->d, at, "%s", found->msg);
		return;
	}
	diags_error(b->d, b->last, "not readable as YAML from here on");
}

static bool run_parser(struct builder *b, struct fy_parser *p, struct fy_diag *diag)
{
	struct fy_event *e;
	bool ok = true, ended = false;

	if (fy_parser_set_string(p, b->text, b->len))
		return fail(b, b->last, "not readable as YAML");
	while (ok && (e = fy_parser_parse(p))) {
		ended = e->type == FYET_STREAM_END;
		ok = on_event(b, e);
		fy_parser_event_free(p, e);
	}
	if (ok && (!ended || fy_parser_get_stream_error(p))) {
		take_findings(b, diag);
		ok = false;
	}
	return ok;
}

static bool parse(struct builder *b)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
					    FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE};
	struct fy_diag *diag;
	struct fy_parser *p;
	bool ok;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	diag = fy_diag_create(&diag_cfg);
	if (!diag)
		abort();
	fy_diag_set_collect_errors(diag, true);
	cfg.diag = diag;
	p = fy_parser_create(&cfg);
	if (!p)
		abort();
	ok = run_parser(b, p, diag);
	fy_diag_reset_error(diag); /* what it collected is freed by nothing else */
	fy_parser_destroy(p);
	fy_diag_unref(diag);
	return ok;
}

struct pb_tree *pb_tree_parse(const char *path, const char *text, size_t len, struct diags *d)
{
	bool bom = len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3);
	struct builder *b = sl_alloc(sizeof *b);
	struct pb_tree *tree = sl_alloc(sizeof *tree);
	size_t before = diags_errors(d);

	*b = (struct builder){.tree = tree, .d = d, .text = bom ? text + 3 : text};
	b->len = bom ? len - 3 : len;
	b->file = diags_add_source(d, path, b->text, b->len > PB_TEXT_MAX ? 0 : b->len);
	b->last = (struct diag_at){.file = b->file, .line = 1, .column = 1, .length = 1};
	if (pb_precheck(b->file, b->text, b->len, d) && parse(b) && !tree->root)
		diags_error(d, (struct diag_at){.file = b->file}, "the file is empty");
	free(b);
	if (diags_errors(d) == before)
		return tree;
	pb_tree_free(tree);
	return NULL;
}

void pb_tree_free(struct pb_tree *t)
{
	if (!t)
		return;
	pb_arena_release(&t->arena);
	free(t);
}

const struct pb_node *pb_tree_root(const struct pb_tree *t)
{
	return t->root;
}

const struct pb_node *pb_get(const struct pb_node *map, const char *key)
{
	if (!map || map->type != PB_MAP)
		return NULL;
	for (const struct pb_node *n = map->first; n; n = n->next)
		if (!strcmp(n->key, key))
			return n;
	return NULL;
}

size_t pb_count(const struct pb_node *list_or_map)
{
	size_t count = 0;

	if (!list_or_map || list_or_map->type == PB_SCALAR)
		return 0;
	for (const struct pb_node *n = list_or_map->first; n; n = n->next)
		count++;
	return count;
}
