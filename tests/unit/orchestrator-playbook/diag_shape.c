// SPDX-License-Identifier: Apache-2.0
// Diagnostics about keys, types and words: one change to a good file, and every word of the answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const struct row shape_rows[] = {
	{"maxUnavailable: 1", "maxUnavailble: 1",
	 "p.yaml:17:5: error: unknown key 'maxUnavailble' in strategy.canary (did you mean "
	 "'maxUnavailable'?)\n"
	 "   17 |     maxUnavailble: 1\n"
	 "      |     ^~~~~~~~~~~~~\n"},
	{"maxUnavailable: 1", "maxUnavailable: 0",
	 "p.yaml:17:21: error: 'maxUnavailable' takes a count or a share, like 2 or 25%, not '0'\n"
	 "   17 |     maxUnavailable: 0\n"
	 "      |                     ^\n"},
	{"maxUnavailable: 1", "maxUnavailable: 1.5",
	 "p.yaml:17:21: error: 'maxUnavailable' takes a count or a share, like 2 or 25%, not "
	 "'1.5'\n"
	 "   17 |     maxUnavailable: 1.5\n"
	 "      |                     ^~~\n"},
	{"maxUnavailable: 1", "maxUnavailable: [1]",
	 "p.yaml:17:5: error: 'maxUnavailable' takes a count or a share, like 2 or 25%, not a "
	 "list\n"
	 "   17 |     maxUnavailable: [1]\n"
	 "      |     ^~~~~~~~~~~~~~\n"},
	{"maxUnavailable: 1",
	 "maxUnavailable: 1\n"
	 "    maxUnavailable: 2",
	 "p.yaml:18:5: error: key 'maxUnavailable' is given twice\n"
	 "   18 |     maxUnavailable: 2\n"
	 "      |     ^~~~~~~~~~~~~~\n"
	 "p.yaml:17:5: note: first given here\n"},
	{"maxUnavailable: 1", "minCapacity: 50",
	 "p.yaml:17:18: error: 'minCapacity' takes a share with its sign, like 25%, not '50'\n"
	 "   17 |     minCapacity: 50\n"
	 "      |                  ^~\n"},
	{"maxUnavailable: 1", "progressDeadline: 15",
	 "p.yaml:17:23: error: 'progressDeadline' takes a duration with its unit, like 30s or 5m, "
	 "not '15'\n"
	 "   17 |     progressDeadline: 15\n"
	 "      |                       ^~\n"},
	{"maxUnavailable: 1", "onFailure: rolback",
	 "p.yaml:17:16: error: 'onFailure' takes rollback or pause, not 'rolback' (did you mean "
	 "'rollback'?)\n"
	 "   17 |     onFailure: rolback\n"
	 "      |                ^~~~~~~\n"},
	{"maxUnavailable: 1", "maxFailures: 5%",
	 "p.yaml:17:18: error: 'maxFailures' takes a count, a bare number like 3, not '5%'\n"
	 "   17 |     maxFailures: 5%\n"
	 "      |                  ^~\n"},
	{"maxUnavailable: 1", "maxFailures:",
	 "p.yaml:17:5: error: 'maxFailures' is empty; it takes a count, a bare number like 3\n"
	 "   17 |     maxFailures:\n"
	 "      |     ^~~~~~~~~~~\n"},
	{"maxUnavailable: 1", "maxFailures: -1",
	 "p.yaml:17:18: error: 'maxFailures' takes a count, a bare number like 3, not '-1'\n"
	 "   17 |     maxFailures: -1\n"
	 "      |                  ^~\n"},
	{"maxUnavailable: 1", "progressDeadline: $(pool)",
	 "p.yaml:17:23: error: 'progressDeadline' takes a duration with its unit, like 30s or 5m, "
	 "not '80' (from $(pool))\n"
	 "   17 |     progressDeadline: $(pool)\n"
	 "      |                       ^~~~~~~\n"},
	{"maxUnavailable: 1", "minCapacity: $(pool)%", ""},
	{"maxUnavailable: 1", "rollback: 50%",
	 "p.yaml:17:15: error: 'rollback' takes a mapping, not '50%'\n"
	 "   17 |     rollback: 50%\n"
	 "      |               ^~~\n"},
	{"port: 8080", "port: 70000",
	 "p.yaml:9:11: error: 'port' takes a count from 1 to 65535, not '70000'\n"
	 "    9 |     port: 70000\n"
	 "      |           ^~~~~\n"},
	{"port: 8080", "ports: []",
	 "p.yaml:9:5: error: 'ports' is empty; it takes at least one entry\n"
	 "    9 |     ports: []\n"
	 "      |     ^~~~~\n"},
	{"port: 8080", "ports: [1, 1]",
	 "p.yaml:9:5: error: port 1 twice in services.shop\n"
	 "    9 |     ports: [1, 1]\n"
	 "      |     ^~~~~\n"},
	{"port: 8080",
	 "port: 8080\n"
	 "    ports: [8081]",
	 "p.yaml:10:5: error: 'ports' beside 'port' in services.shop\n"
	 "   10 |     ports: [8081]\n"
	 "      |     ^~~~~\n"},
	{"./shop }", "./shop, stopSignal: TREM }",
	 "p.yaml:11:56: error: 'stopSignal' takes TERM, INT, QUIT, HUP, USR1, USR2 or KILL, not "
	 "'TREM' (did you mean 'TERM'?)\n"
	 "   11 |     runtime: { process: { command: ./shop, stopSignal: TREM } }\n"
	 "      |                                                        ^~~~\n"},
	{"{ http: /health }", "{ tcp: yes }",
	 "p.yaml:12:19: error: 'tcp' takes true or false, not 'yes'\n"
	 "   12 |     ready: { tcp: yes }\n"
	 "      |                   ^~~\n"},
	{"{ http: /health }", "{ http: health }",
	 "p.yaml:12:20: error: 'http' takes a path like /health or :8081/health, not 'health'\n"
	 "   12 |     ready: { http: health }\n"
	 "      |                    ^~~~~~\n"},
	{"{ http: /health }", "{ http: \":0/x\" }",
	 "p.yaml:12:20: error: 'http' takes a path like /health or :8081/health, not ':0/x'\n"
	 "   12 |     ready: { http: \":0/x\" }\n"
	 "      |                    ^~~~~~\n"},
	{"{ http: /health }", "{ http: /health, version: {} }",
	 "p.yaml:12:29: error: nothing in services.shop.ready.version; it takes header or json\n"
	 "   12 |     ready: { http: /health, version: {} }\n"
	 "      |                             ^~~~~~~\n"},
	{"{ http: /health }", "{ http: /health, version: { header: a, json: b } }",
	 "p.yaml:12:51: error: 'json' beside 'header' in services.shop.ready.version: exactly one "
	 "of them\n"
	 "   12 |     ready: { http: /health, version: { header: a, json: b } }\n"
	 "      |                                                   ^~~~\n"},
	{"{ http: /health }", "{ tcp: true, version: { header: a } }",
	 "p.yaml:12:5: error: 'version' needs 'http' in services.shop.ready\n"
	 "   12 |     ready: { tcp: true, version: { header: a } }\n"
	 "      |     ^~~~~\n"},
	{"runtime: { process: { command: ./shop } }", "runtime: {}",
	 "p.yaml:11:5: error: nothing in services.shop.runtime; it takes process, commands or "
	 "systemd\n"
	 "   11 |     runtime: {}\n"
	 "      |     ^~~~~~~\n"},
	{"runtime: { process: { command: ./shop } }",
	 "runtime: { process: { command: ./shop }, systemd: x.service }",
	 "p.yaml:11:46: error: 'systemd' beside 'process' in services.shop.runtime: exactly one of "
	 "them\n"
	 "   11 |     runtime: { process: { command: ./shop }, systemd: x.service }\n"
	 "      |                                              ^~~~~~~\n"},
	{"    runtime: { process: { command: ./shop } }\n", "",
	 "p.yaml:6:3: error: 'runtime' is missing in services.shop\n"
	 "    6 |   shop:\n"
	 "      |   ^~~~\n"},
	{"    release: { artifact: shop.tgz, dir: /srv/shop }\n",
	 "    release: { artifact: shop.tgz }\n",
	 "p.yaml:10:5: error: 'dir' is missing in services.shop.release\n"
	 "   10 |     release: { artifact: shop.tgz }\n"
	 "      |     ^~~~~~~\n"},
	{"    hosts: shop\n", "",
	 "p.yaml:6:3: error: 'hosts' is missing in services.shop\n"
	 "    6 |   shop:\n"
	 "      |   ^~~~\n"},
	{"- pause: {}",
	 "- pause: {}\n"
	 "        run: {}",
	 "p.yaml:22:9: error: 'name' is missing in strategy.canary.steps.run\n"
	 "   22 |         run: {}\n"
	 "      |         ^~~\n"
	 "p.yaml:22:9: error: 'command' is missing in strategy.canary.steps.run\n"
	 "   22 |         run: {}\n"
	 "      |         ^~~\n"
	 "p.yaml:22:9: error: 'run' beside 'pause' in strategy.canary.steps: exactly one of them\n"
	 "   22 |         run: {}\n"
	 "      |         ^~~\n"},
	{"- pause: {}", "- {}",
	 "p.yaml:21:9: error: nothing in strategy.canary.steps; it takes upgrade, setWeight, "
	 "pause, run, analysis, route or checkTraces\n"
	 "   21 |       - {}\n"
	 "      |         ^\n"},
	{"- pause: {}", "- puse: {}",
	 "p.yaml:21:9: error: unknown key 'puse' in strategy.canary.steps (did you mean 'pause'?)\n"
	 "   21 |       - puse: {}\n"
	 "      |         ^~~~\n"},
	{"- pause: {}", "- run: { name: a b, command: [] }",
	 "p.yaml:21:22: error: 'name' takes a name (letters, digits, '.', '_', '+', '-'; at most "
	 "64), not 'a b'\n"
	 "   21 |       - run: { name: a b, command: [] }\n"
	 "      |                      ^~~\n"
	 "p.yaml:21:27: error: 'command' is empty; it takes a command: a string, or a list of "
	 "arguments\n"
	 "   21 |       - run: { name: a b, command: [] }\n"
	 "      |                           ^~~~~~~\n"},
	{"- pause: {}", "- run: { command: ./x, hosts: [] }",
	 "p.yaml:21:9: error: 'name' is missing in strategy.canary.steps.run\n"
	 "   21 |       - run: { command: ./x, hosts: [] }\n"
	 "      |         ^~~\n"
	 "p.yaml:21:30: error: 'hosts' is empty; it takes at least one entry\n"
	 "   21 |       - run: { command: ./x, hosts: [] }\n"
	 "      |                              ^~~~~\n"},
	{"- pause: {}", "- setTraffic: { A: 1% }",
	 "p.yaml:21:9: error: unknown key 'setTraffic' in strategy.canary.steps\n"
	 "   21 |       - setTraffic: { A: 1% }\n"
	 "      |         ^~~~~~~~~~\n"},
	{"kind: rollout", "kind: rolout",
	 "p.yaml:2:7: error: 'kind' takes rollout, loadTest or faultDrill, not 'rolout'\n"
	 "    2 | kind: rolout\n"
	 "      |       ^~~~~~\n"},
	{"kind: rollout\n", "",
	 "p.yaml: error: 'kind' is missing: rollout, loadTest or faultDrill\n"},
	{"kind: rollout", "kind: plan",
	 "p.yaml:2:7: error: this is a saved plan, not a playbook\n"
	 "    2 | kind: plan\n"
	 "      |       ^~~~\n"},
	{"sluice: 1", "sluice: 2",
	 "p.yaml:1:9: error: 'sluice' takes 1, not '2'\n"
	 "    1 | sluice: 2\n"
	 "      |         ^\n"},
	{"name: shop", "name: 2024",
	 "p.yaml:3:7: error: 'name' must not be only digits: numbers are runs\n"
	 "    3 | name: 2024\n"
	 "      |       ^~~~\n"},
	{"name: shop", "name: ../x",
	 "p.yaml:3:7: error: 'name' takes a name (letters, digits, '.', '_', '+', '-'; at most "
	 "64), not '../x'\n"
	 "    3 | name: ../x\n"
	 "      |       ^~~~\n"},
	{"name: shop",
	 "name: shop\n"
	 "nmae: shop",
	 "p.yaml:4:1: error: unknown key 'nmae' (did you mean 'name'?)\n"
	 "    4 | nmae: shop\n"
	 "      | ^~~~\n"},
	{"  shop:\n"
	 "    hosts",
	 "  sh op:\n"
	 "    hosts",
	 "p.yaml:6:3: error: 'sh op' cannot be a name: letters, digits, '.', '_', '+' and '-', at "
	 "most 64\n"
	 "    6 |   sh op:\n"
	 "      |   ^~~~~\n"},
	{"strategy:\n"
	 "  canary:",
	 "strategy:\n"
	 "  rolling: {}\n"
	 "  canary:",
	 "p.yaml:16:3: error: 'canary' beside 'rolling' in strategy: exactly one of them\n"
	 "   16 |   canary:\n"
	 "      |   ^~~~~~\n"},
	{"strategy:\n"
	 "  canary:",
	 "strategy:\n"
	 "  canari:",
	 "p.yaml:15:3: error: unknown key 'canari' in strategy (did you mean 'canary'?)\n"
	 "   15 |   canari:\n"
	 "      |   ^~~~~~\n"},
};

static void test_shape(void **state)
{
	(void)state;
	harness_rows(shape_rows, SL_COUNT(shape_rows), harness_playbook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
