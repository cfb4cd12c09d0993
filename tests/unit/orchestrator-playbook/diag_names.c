// SPDX-License-Identifier: Apache-2.0
// Diagnostics about $(names): one change to a good file, and every word of the answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const struct row name_rows[] = {
	{"version: $(version)", "version: $(vesion)",
	 "p.yaml:8:14: error: unknown name $(vesion) (did you mean 'version'?)\n"
	 "    8 |     version: $(vesion)\n"
	 "      |              ^~~~~~~~~\n"},
	{"version: $(version)", "version: $(version",
	 "p.yaml:8:14: error: '$(' begins a name like $(version); write '$$(' for a plain one\n"
	 "    8 |     version: $(version\n"
	 "      |              ^~\n"},
	{"version: $(version)", "version: $(service)",
	 "p.yaml:8:14: error: $(service) has no value in 'version'\n"
	 "    8 |     version: $(service)\n"
	 "      |              ^~~~~~~~~~\n"},
	{"version: $(version)", "version: a/b",
	 "p.yaml:8:14: error: 'a/b' cannot be a version: letters, digits, '.', '_', '+' and '-', "
	 "at most 64\n"
	 "    8 |     version: a/b\n"
	 "      |              ^~~\n"},
	{"version: $(version)", "version: \"2.0 beta\"",
	 "p.yaml:8:14: error: '2.0 beta' cannot be a version: letters, digits, '.', '_', '+' and "
	 "'-', at most 64\n"
	 "    8 |     version: \"2.0 beta\"\n"
	 "      |              ^~~~~~~~~~\n"},
	{"command: ./shop", "command: ./shop --port $(prot)",
	 "p.yaml:11:50: error: unknown name $(prot) (did you mean 'port'?)\n"
	 "   11 |     runtime: { process: { command: ./shop --port $(prot) } }\n"
	 "      |                                                  ^~~~~~~\n"},
	{"command: ./shop", "command: ./shop --root \"$(root)\"",
	 "p.yaml:11:51: error: $(root) stands inside quotes; it is put in as one quoted word, so "
	 "write it without\n"
	 "   11 |     runtime: { process: { command: ./shop --root \"$(root)\" } }\n"
	 "      |                                                   ^~~~~~~\n"},
	{"command: ./shop", "command: ./shop '$(port)' `$(host)`",
	 "p.yaml:11:44: error: $(port) stands inside quotes; it is put in as one quoted word, so "
	 "write it without\n"
	 "   11 |     runtime: { process: { command: ./shop '$(port)' `$(host)` } }\n"
	 "      |                                            ^~~~~~~\n"
	 "p.yaml:11:54: error: $(host) stands inside quotes; it is put in as one quoted word, so "
	 "write it without\n"
	 "   11 |     runtime: { process: { command: ./shop '$(port)' `$(host)` } }\n"
	 "      |                                                      ^~~~~~~\n"},
	{"command: ./shop", "command: ./shop $(date)",
	 "p.yaml:11:43: error: unknown name $(date)\n"
	 "   11 |     runtime: { process: { command: ./shop $(date) } }\n"
	 "      |                                           ^~~~~~~\n"},
	{"command: ./shop", "command: ./shop $$(date) $(root) # don't",
	 "p.yaml:12:5: error: wrongly indented flow mapping\n"
	 "   12 |     ready: { http: /health }\n"
	 "      |     ^\n"},
	{"command: ./shop", "command: [./shop, \"$(port)\", $(nope)]",
	 "p.yaml:11:56: error: unknown name $(nope)\n"
	 "   11 |     runtime: { process: { command: [./shop, \"$(port)\", $(nope)] } }\n"
	 "      |                                                        ^~~~~~~\n"},
	{"command: ./shop", "command: ./shop $(new)",
	 "p.yaml:11:43: error: $(new) has no value in 'command'\n"
	 "   11 |     runtime: { process: { command: ./shop $(new) } }\n"
	 "      |                                           ^~~~~~\n"},
	{"artifact: shop.tgz", "artifact: shop-$(host).tgz",
	 "p.yaml:10:31: error: $(host) has no value in 'artifact'\n"
	 "   10 |     release: { artifact: shop-$(host).tgz, dir: /srv/shop }\n"
	 "      |                               ^~~~~~~\n"},
	{"name: shop", "name: $(pool)",
	 "p.yaml:3:7: error: 'name' must be plain: no $(names) here\n"
	 "    3 | name: $(pool)\n"
	 "      |       ^~~~~~~\n"},
	{"vars: { version: required, pool: 80 }", "vars: { version: required, host: x }",
	 "p.yaml:4:28: error: 'host' is a built-in name; choose another\n"
	 "    4 | vars: { version: required, host: x }\n"
	 "      |                            ^~~~\n"},
	{"vars: { version: required, pool: 80 }", "vars: { version: required, 9x: x }",
	 "p.yaml:4:28: error: '9x' cannot be the name of a var: letters, digits, '_', '-' and '.', "
	 "a letter first\n"
	 "    4 | vars: { version: required, 9x: x }\n"
	 "      |                            ^~\n"},
	{"vars: { version: required, pool: 80 }", "vars: { version: required, user: required }",
	 "p.yaml:4:28: error: var 'user' has no value; give it with --set user=...\n"
	 "    4 | vars: { version: required, user: required }\n"
	 "      |                            ^~~~\n"},
	{"vars: { version: required, pool: 80 }", "vars: { vers: 1 }",
	 "p.yaml: error: --set: no var is named 'version'\n"
	 "p.yaml:8:14: error: $(version) has no value in 'version'\n"
	 "    8 |     version: $(version)\n"
	 "      |              ^~~~~~~~~~\n"},
};

static void test_name(void **state)
{
	(void)state;
	harness_rows(name_rows, SL_COUNT(name_rows), harness_playbook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
