// SPDX-License-Identifier: Apache-2.0
// The marked tree: places, quoting, limits, and what libfyaml would let pass.
#include "orchestrator/playbook/node.h"

#include "tests/unit/orchestrator-playbook/harness.h"

static char *said_of(const char *text, size_t len)
{
	struct diags *d = diags_new();
	struct pb_tree *t = pb_tree_parse("t", text, len, d);
	char *said = diags_text(d);

	assert_int_equal(t == NULL, diags_errors(d) > 0);
	pb_tree_free(t);
	diags_free(d);
	return said;
}

static const struct {
	const char *text;
	size_t len;        /* 0 = strlen */
	const char *first; /* line of what is said; "" = nothing */
} rows[] = {
	{"a: 1\n", 0, ""},
	{"{\"a\": [1, \"x\"], \"b\": {}}", 0, ""},
	{"\xEF\xBB\xBF"
	 "a: 1\n",
	 0, ""},
	{"a: 1\r\nb: 2\r\n", 0, ""},
	{"a: &x 1\nb: *x\n", 0, ""},
	{"", 0, "t: error: the file is empty"},
	{"# only words\n", 0, "t: error: the file is empty"},
	{"a: \xFF\n", 0, "t:1:4: error: byte 0xFF is not valid UTF-8 text"},
	{"a: \xC0\x80\n", 0, "t:1:4: error: byte 0xC0 is not valid UTF-8 text"},
	{"a: \xED\xA0\x80\n", 0, "t:1:4: error: byte 0xED is not valid UTF-8 text"},
	{"a: b\0c\n", 7, "t:1:5: error: control character U+0000; remove it"},
	{"a: \x1b[31m\n", 0, "t:1:4: error: control character U+001B; remove it"},
	{"a: b\rc\n", 0, "t:1:5: error: control character U+000D; remove it"},
	{"a: \xC2\x85\n", 0, "t:1:4: error: control character U+0085; remove it"},
	{"a: \xE2\x80\xAE\n", 0, "t:1:4: error: control character U+202E; remove it"},
	{"a: \"\\x1b\"\n", 0, "t:1:4: error: a control character in a value"},
	{"a: \"\\0\"\n", 0, "t:1:4: error: a control character in a value"},
	{"\"\\x07\": 1\n", 0, "t:1:1: error: a control character in a value"},
	{"a:\n\tb: 1\n", 0, "t:2:1: error: a tab in the indentation; use spaces"},
	{"a:\n  \tb: 1\n", 0, "t:2:3: error: a tab in the indentation; use spaces"},
	{"a: 1\n\t\nb: 2\n", 0, ""},
	{"a: 1 \t# x\n", 0, ""},
	{"a: 1\na: 2\n", 0, "t:2:1: error: key 'a' is given twice"},
	{"a: 1\n---\nb: 1\n", 0, "t:2:1: error: a second document; one file holds one"},
	{"? [a]\n: 1\n", 0, "t:1:3: error: a key must be a plain word"},
	{"? {a: 1}\n: 1\n", 0, "t:1:3: error: a key must be a plain word"},
	{": 1\n", 0, "t:1:1: error: a key is empty"},
	{"a: !x 1\n", 0, "t:1:7: error: tags such as !!str are not part of the language"},
	{"a: *x\n", 0, "t:1:5: error: alias '*x' has no anchor before it"},
	{"a: &x [*x]\n", 0, "t:1:9: error: alias '*x' has no anchor before it"},
	{"*a : 1\n", 0, "t:1:2: error: alias '*a' has no anchor before it"},
	{"a: [1\n", 0, "t:2:1: error: flow sequence without a closing bracket"},
	{"a: 1\n  b: 2\n", 0, "t:1:4: error: invalid multiline plain key"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		size_t len = rows[i].len ? rows[i].len : strlen(rows[i].text);
		char *said = said_of(rows[i].text, len);

		said[strcspn(said, "\n")] = '\0';
		assert_string_equal(said, rows[i].first);
		free(said);
	}
}

static void test_places(void **state)
{
	static const char text[] = "a: 1\nlist: [x, \"y z\", 中 文]\nmap:\n  q: 'it''s'\n  e:\n"
				   "block: |\n  one\n  two\n";
	struct diags *d = diags_new();
	struct pb_tree *t = pb_tree_parse("t", text, strlen(text), d);
	const struct pb_node *root = pb_tree_root(t), *n;

	(void)state;
	n = pb_get(root, "list")->first->next;
	assert_string_equal(n->text, "y z");
	assert_true(n->quoted);
	assert_int_equal(n->at.line, 2);
	assert_int_equal(n->at.column, 11);
	assert_int_equal(n->at.length, 5);
	assert_string_equal(n->next->text, "中 文");
	assert_int_equal(n->next->at.length, 3);
	n = pb_get(pb_get(root, "map"), "q");
	assert_string_equal(n->text, "it's");
	assert_int_equal(n->key_at.column, 3);
	assert_int_equal(n->at.column, 6);
	assert_int_equal(n->at.length, 7);
	assert_null(n->next->text);
	assert_string_equal(pb_get(root, "block")->text, "one\ntwo\n");
	assert_int_equal(pb_count(root), 4);
	assert_null(pb_get(root, "nothing"));
	pb_tree_free(t);
	diags_free(d);
}

static void assert_first(const char *text, size_t len, const char *expect)
{
	char *said = said_of(text, len);

	said[strcspn(said, "\n")] = '\0';
	assert_string_equal(said, expect);
	free(said);
}

static void test_depth(void **state)
{
	char text[128];

	(void)state;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	assert_first(text, 64, "");
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_first(text, 66, "t:1:33: error: nested deeper than 32 levels");
	memset(text, '[', 128);
	assert_first(text, 128, "t:1:33: error: nested deeper than 32 levels");
}

static void test_size(void **state)
{
	size_t len = 1024 * 1024 + 1;
	char *text = sl_alloc(len + 1);

	(void)state;
	memset(text, ' ', len);
	memcpy(text, "a: 1\n#", 6);
	assert_first(text, len - 1, "");
	assert_first(text, len, "t: error: larger than 1 MiB");
	free(text);
}

static void test_aliases(void **state)
{
	char text[2048] = "a: &x 1\nb:\n";
	size_t used = strlen(text);

	(void)state;
	for (int i = 0; i < 64; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "- *x\n");
	assert_first(text, used, "");
	used += (size_t)snprintf(text + used, sizeof text - used, "- *x\n");
	assert_first(text, used, "t:67:4: error: more than 64 aliases");
}

/* Each level doubles: small to write, huge to walk. */
static void test_billion_laughs(void **state)
{
	char text[4096] = "l0: &l0 [x, x]\n";
	size_t used = strlen(text);
	char *said;

	(void)state;
	for (int i = 1; i < 30; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "l%d: &l%d [*l%d, *l%d]\n", i, i, i - 1, i - 1);
	said = said_of(text, used);
	assert_non_null(strstr(said, "error: too many values (more than 100000, with aliases "
				     "expanded)\n"));
	free(said);
}

static void test_alias_depth(void **state)
{
	char text[4096] = "l0: &l0 [x]\n";
	size_t used = strlen(text);
	char *said;

	(void)state;
	for (int i = 1; i < 40; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "l%d: &l%d [*l%d]\n", i,
					 i, i - 1);
	said = said_of(text, used);
	assert_non_null(strstr(said, "error: nested deeper than 32 levels\n"));
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),        cmocka_unit_test(test_places),
		cmocka_unit_test(test_depth),       cmocka_unit_test(test_size),
		cmocka_unit_test(test_aliases),     cmocka_unit_test(test_billion_laughs),
		cmocka_unit_test(test_alias_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
