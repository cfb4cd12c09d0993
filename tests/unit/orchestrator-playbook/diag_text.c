// SPDX-License-Identifier: Apache-2.0
// Diagnostics about what is no readable text: one change to a good file, and every word of the
// answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const struct row text_rows[] = {
	{"name: shop",
	 "name: shop\n"
	 "\tx: 1",
	 "p.yaml:4:1: error: a tab in the indentation; use spaces\n"
	 "    4 |  x: 1\n"
	 "      | ^\n"},
	{"name: shop", "name: \"sh\\eop\"",
	 "p.yaml:3:7: error: a control character in a value\n"
	 "    3 | name: \"sh\\eop\"\n"
	 "      |       ^~~~~~~~\n"},
	{"name: shop", "name: \"shop",
	 "p.yaml:3:7: error: wrongly indented double-quoted scalar\n"
	 "    3 | name: \"shop\n"
	 "      |       ^\n"},
	{"name: shop", "name: [shop",
	 "p.yaml:5:1: error: wrongly indented flow sequence\n"
	 "    5 | services:\n"
	 "      | ^\n"},
	{"name: shop", "name: !!str shop",
	 "p.yaml:3:13: error: tags such as !!str are not part of the language\n"
	 "    3 | name: !!str shop\n"
	 "      |             ^~~~\n"},
	{"name: shop", "name: *x",
	 "p.yaml:3:8: error: alias '*x' has no anchor before it\n"
	 "    3 | name: *x\n"
	 "      |        ^\n"},
	{"name: shop",
	 "? [a]\n"
	 ": shop",
	 "p.yaml:3:3: error: a key must be a plain word\n"
	 "    3 | ? [a]\n"
	 "      |   ^\n"},
	{"  canary:",
	 "---\n"
	 "  canary:",
	 "p.yaml:15:1: error: a second document; one file holds one\n"
	 "   15 | ---\n"
	 "      | ^~~\n"},
	{"name: shop",
	 "name: shop # 中文\n"
	 "中文: { 好: 1 }",
	 "p.yaml:4:1: error: unknown key '中文'\n"
	 "    4 | 中文: { 好: 1 }\n"
	 "      | ^~~~\n"},
	{"strategy:",
	 "# 中文 "
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxxxxxxxxxxxxxx\n"
	 "\"中文中文\": "
	 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	 "yyyyyyyyyyyyyyyyyyyyyy\n"
	 "strategy:",
	 "p.yaml:15:1: error: unknown key '中文中文'\n"
	 "   15 | \"中文中文\": "
	 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n"
	 "      | ^~~~~~~~~~\n"},
};

static void test_text(void **state)
{
	(void)state;
	harness_rows(text_rows, SL_COUNT(text_rows), harness_playbook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
