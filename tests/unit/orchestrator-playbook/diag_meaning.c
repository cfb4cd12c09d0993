// SPDX-License-Identifier: Apache-2.0
// Diagnostics about deadlines, paths, drain, references: one change to a good file, and every word
// of the answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const struct row meaning_rows[] = {
	{"{ http: /health }", "{ http: /health, minHealthyTime: 5m, healthyDeadline: 1m }",
	 "p.yaml:12:66: error: 'healthyDeadline' (1m) must be longer than 'minHealthyTime' (5m)\n"
	 "   12 |     ready: { http: /health, minHealthyTime: 5m, healthyDeadline: 1m }\n"
	 "      |                                                                  ^~\n"
	 "p.yaml:12:45: note: 'minHealthyTime' is here\n"},
	{"{ http: /health }", "{ http: /health, minHealthyTime: 6m }",
	 "p.yaml:12:45: error: 'healthyDeadline' (5m by default) must be longer than "
	 "'minHealthyTime' (6m)\n"
	 "   12 |     ready: { http: /health, minHealthyTime: 6m }\n"
	 "      |                                             ^~\n"},
	{"{ http: /health }", "{ http: /health, healthyDeadline: 15m }",
	 "p.yaml:12:46: error: 'progressDeadline' (10m by default) must be longer than "
	 "'healthyDeadline' (15m)\n"
	 "   12 |     ready: { http: /health, healthyDeadline: 15m }\n"
	 "      |                                              ^~~\n"},
	{"maxUnavailable: 1", "progressDeadline: 2m",
	 "p.yaml:17:23: error: 'progressDeadline' (2m) must be longer than 'healthyDeadline' (5m "
	 "by default)\n"
	 "   17 |     progressDeadline: 2m\n"
	 "      |                       ^~\n"},
	{"    router: { use: edge, backend: be_shop }\n"
	 "    maxUnavailable",
	 "    maxUnavailable", ""},
	{"    port: 8080\n", "",
	 "p.yaml:11:5: error: shop has no port, so 'ready' needs a command\n"
	 "   11 |     ready: { http: /health }\n"
	 "      |     ^~~~~\n"
	 "p.yaml:11:5: error: shop has no port to be probed\n"
	 "   11 |     ready: { http: /health }\n"
	 "      |     ^~~~~\n"
	 "p.yaml:12:5: error: shop has no port, so 'drain' needs 'until: { command: ... }'\n"
	 "   12 |     drain: { timeout: 10s }\n"
	 "      |     ^~~~~\n"
	 "p.yaml:15:5: error: shop has no port, so it cannot have a router\n"
	 "   15 |     router: { use: edge, backend: be_shop }\n"
	 "      |     ^~~~~~\n"},
	{"{ timeout: 10s }", "{ propagation: 35s }",
	 "p.yaml:13:27: warning: 'propagation' has no effect on shop without a registry\n"
	 "   13 |     drain: { propagation: 35s }\n"
	 "      |                           ^~~\n"},
	{"artifact: shop.tgz", "artifact: https://repo.example/shop.tgz",
	 "p.yaml:6:3: error: 'sha256' is missing in services.shop: a remote artifact needs it\n"
	 "    6 |   shop:\n"
	 "      |   ^~~~\n"},
	{"artifact: shop.tgz", "artifact: ftp://repo.example/shop.tgz",
	 "p.yaml:10:26: error: 'artifact' takes a local path, or an http or https address, not "
	 "'ftp://repo.example/shop.tgz'\n"
	 "   10 |     release: { artifact: ftp://repo.example/shop.tgz, dir: /srv/shop }\n"
	 "      |                          ^~~~~~~~~~~~~~~~~~~~~~~~~~~\n"},
	{"dir: /srv/shop", "dir: srv/shop",
	 "p.yaml:10:41: error: 'dir' takes an absolute path, not 'srv/shop'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: srv/shop }\n"
	 "      |                                         ^~~~~~~~\n"},
	{"dir: /srv/shop", "dir: /srv/../etc",
	 "p.yaml:10:41: error: 'dir' must not contain '..'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: /srv/../etc }\n"
	 "      |                                         ^~~~~~~~~~~\n"},
	{"dir: /srv/shop", "dir: /",
	 "p.yaml:10:41: error: 'dir' cannot be '/'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: / }\n"
	 "      |                                         ^\n"},
	{"dir: /srv/shop", "dir: \"/srv/a\\nb\"",
	 "p.yaml:10:41: error: 'dir' must be one line, without control characters\n"
	 "   10 |     release: { artifact: shop.tgz, dir: \"/srv/a\\nb\" }\n"
	 "      |                                         ^~~~~~~~~~~\n"},
	{"dir: /srv/shop", "dir: /srv/shop, shared: [/log, ../x, -r]",
	 "p.yaml:10:61: error: 'shared' takes a relative path, not '/log'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: /srv/shop, shared: [/log, ../x, -r] }\n"
	 "      |                                                             ^~~~\n"
	 "p.yaml:10:67: error: 'shared' must not contain '..'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: /srv/shop, shared: [/log, ../x, -r] }\n"
	 "      |                                                                   ^~~~\n"
	 "p.yaml:10:73: error: 'shared' must not begin with '-'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: /srv/shop, shared: [/log, ../x, -r] }\n"
	 "      |                                                                         ^~\n"},
	{"dir: /srv/shop", "dir: /srv/shop, files: [{ from: a, to: /etc/passwd, mode: 0999 }]",
	 "p.yaml:10:75: error: 'to' takes a relative path, not '/etc/passwd'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: /srv/shop, files: [{ from: a, to: "
	 "/etc/passwd, mode: 0999 }] }\n"
	 "      |                                                                           "
	 "^~~~~~~~~~~\n"
	 "p.yaml:10:94: error: 'mode' takes an octal file mode, like 0644, not '0999'\n"
	 "   10 |     release: { artifact: shop.tgz, dir: /srv/shop, files: [{ from: a, to: "
	 "/etc/passwd, mode: 0999 }] }\n"
	 "      |                                                                                  "
	 "            ^~~~\n"},
	{"./shop }", "./shop, env: { A-B: x, OK: \"a\\nb\" } }",
	 "p.yaml:11:56: error: 'A-B' is no name of an environment variable\n"
	 "   11 |     runtime: { process: { command: ./shop, env: { A-B: x, OK: \"a\\nb\" } } }\n"
	 "      |                                                        ^\n"
	 "p.yaml:11:63: error: 'OK' takes one line\n"
	 "   11 |     runtime: { process: { command: ./shop, env: { A-B: x, OK: \"a\\nb\" } } }\n"
	 "      |                                                               ^~~~~~\n"},
	{"- setWeight: 25%",
	 "- upgrade: 50%\n"
	 "      - upgrade: 25%",
	 "p.yaml:21:18: error: 'upgrade' never goes down: 25% after 50% (it counts all upgraded so "
	 "far)\n"
	 "   21 |       - upgrade: 25%\n"
	 "      |                  ^~~\n"
	 "p.yaml:20:9: note: 50% were upgraded here\n"},
	{"- setWeight: 25%",
	 "- upgrade: 3\n"
	 "      - upgrade: 2",
	 "p.yaml:21:18: error: 'upgrade' never goes down: 2 after 3 (it counts all upgraded so "
	 "far)\n"
	 "   21 |       - upgrade: 2\n"
	 "      |                  ^\n"
	 "p.yaml:20:9: note: 3 were upgraded here\n"},
	{"- setWeight: 25%",
	 "- setWeight: 75%\n"
	 "      - upgrade: 2",
	 "p.yaml:21:18: error: 'upgrade' never goes down: 2 after 75% (it counts all upgraded so "
	 "far)\n"
	 "   21 |       - upgrade: 2\n"
	 "      |                  ^\n"
	 "p.yaml:20:9: note: 75% were upgraded here\n"},
	{"- setWeight: 25%",
	 "- setWeight: 75%\n"
	 "      - setWeight: 10%",
	 ""},
	{"- upgrade: 1", "- upgrade: 9",
	 "p.yaml:19:18: error: there are only 4 instances\n"
	 "   19 |       - upgrade: 9\n"
	 "      |                  ^\n"},
	{"- setWeight: 25%", "- setWeight: 25",
	 "p.yaml:20:20: error: 'setWeight' takes a share with its sign, like 25%, not '25'\n"
	 "   20 |       - setWeight: 25\n"
	 "      |                    ^~\n"},
	{"- upgrade: 1",
	 "- run: { name: smoke, command: \"./smoke.sh $(instance)\", hosts: local }",
	 "p.yaml:19:9: warning: no instance runs the new version here, so $(instance) names none\n"
	 "   19 |       - run: { name: smoke, command: \"./smoke.sh $(instance)\", hosts: local }\n"
	 "      |         ^~~\n"},
	{"- upgrade: 1",
	 "- run: { name: smoke, command: ./smoke.sh, hosts: [-rf, shop, sh0p, \"s[3:5]\"] }",
	 "p.yaml:19:58: error: '-rf' is no host name: it must not begin with '-'\n"
	 "   19 |       - run: { name: smoke, command: ./smoke.sh, hosts: [-rf, shop, sh0p, "
	 "\"s[3:5]\"] }\n"
	 "      |                                                          ^~~\n"},
	{"hosts: shop\n", "hosts: one-box\n",
	 "p.yaml:7:12: error: shop has a single instance, so changing it is an outage; "
	 "'minCapacity: 0%' accepts that\n"
	 "    7 |     hosts: one-box\n"
	 "      |            ^~~~~~~\n"},
	{"hosts: shop\n", "hosts: shopp\n",
	 "p.yaml:7:12: error: the inventory has no group or host 'shopp' (did you mean 'shop'?)\n"
	 "    7 |     hosts: shopp\n"
	 "      |            ^~~~~\n"},
	{"hosts: shop\n", "hosts: [s1, s9]\n",
	 "p.yaml:7:17: error: the inventory has no group or host 's9' (did you mean 's1'?)\n"
	 "    7 |     hosts: [s1, s9]\n"
	 "      |                 ^~\n"},
	{"hosts: shop\n", "hosts: \"s[1:2\"\n",
	 "p.yaml:7:12: error: the inventory has no group or host 's[1:2'\n"
	 "    7 |     hosts: \"s[1:2\"\n"
	 "      |            ^~~~~~~\n"},
	{"maxUnavailable: 1", "maxUnavailable: 4",
	 "p.yaml:17:21: error: 'maxUnavailable' would take all 4 instances of shop out of service "
	 "at once; 'minCapacity: 0%' accepts that\n"
	 "   17 |     maxUnavailable: 4\n"
	 "      |                     ^\n"},
	{"use: edge", "use: egde",
	 "p.yaml:16:20: error: the inventory has no router 'egde' (did you mean 'edge'?)\n"
	 "   16 |     router: { use: egde, backend: be_shop }\n"
	 "      |                    ^~~~\n"},
	{"use: edge, ", "",
	 "p.yaml:16:5: error: 'use' is missing in strategy.canary.router\n"
	 "   16 |     router: { backend: be_shop }\n"
	 "      |     ^~~~~~\n"},
	{"port: 8080",
	 "port: 8080\n"
	 "    registry: city",
	 "inventory.yaml:3:54: warning: there is no plugin for type 'serviceCenter' yet\n"
	 "    3 | registries: { names: { type: static }, city: { type: serviceCenter } }\n"
	 "      |                                                      ^~~~~~~~~~~~~\n"},
	{"port: 8080",
	 "port: 8080\n"
	 "    registry: cty",
	 "p.yaml:10:15: error: the inventory has no registry 'cty' (did you mean 'city'?)\n"
	 "   10 |     registry: cty\n"
	 "      |               ^~~\n"},
	{"- pause: {}", "- route: { match: [{ header: x, exact: a, prefix: b }], to: new }",
	 "p.yaml:21:49: error: only one of exact, prefix and regex\n"
	 "   21 |       - route: { match: [{ header: x, exact: a, prefix: b }], to: new }\n"
	 "      |                                                 ^~~~~~\n"},
};

static void test_meaning(void **state)
{
	(void)state;
	harness_rows(meaning_rows, SL_COUNT(meaning_rows), harness_playbook);
}

static const char playbook_no_router[] = "sluice: 1\n"
					 "kind: rollout\n"
					 "name: shop\n"
					 "vars: { version: required, pool: 80 }\n"
					 "services:\n"
					 "  shop:\n"
					 "    hosts: shop\n"
					 "    version: $(version)\n"
					 "    port: 8080\n"
					 "    release: { artifact: shop.tgz, dir: /srv/shop }\n"
					 "    runtime: { process: { command: ./shop } }\n"
					 "    ready: { http: /health }\n"
					 "    drain: { timeout: 10s }\n"
					 "strategy:\n"
					 "  canary:\n"
					 "    maxUnavailable: 1\n"
					 "    steps:\n"
					 "      - upgrade: 1\n"
					 "      - setWeight: 25%\n"
					 "      - pause: {}\n";

static const struct row no_router_rows[] = {
	{"{ timeout: 10s }", "{ until: idle }",
	 "p.yaml:13:5: error: 'until: idle' in services.shop has nobody to ask: no router, no "
	 "registry; give { command: ... }\n"
	 "   13 |     drain: { until: idle }\n"
	 "      |     ^~~~~\n"},
	{"{ timeout: 10s }", "{ until: { command: ./idle } }", ""},
	{"{ timeout: 10s }", "{ until: quiet }",
	 "p.yaml:13:21: error: 'until' takes idle, not 'quiet'\n"
	 "   13 |     drain: { until: quiet }\n"
	 "      |                     ^~~~~\n"},
	{"    port: 8080\n", "    registry: names\n",
	 "p.yaml:9:15: error: shop has no port, so it cannot have a registry\n"
	 "    9 |     registry: names\n"
	 "      |               ^~~~~\n"
	 "p.yaml:12:5: error: shop has no port, so 'ready' needs a command\n"
	 "   12 |     ready: { http: /health }\n"
	 "      |     ^~~~~\n"
	 "p.yaml:12:5: error: shop has no port to be probed\n"
	 "   12 |     ready: { http: /health }\n"
	 "      |     ^~~~~\n"
	 "p.yaml:13:5: error: shop has no port, so 'drain' needs 'until: { command: ... }'\n"
	 "   13 |     drain: { timeout: 10s }\n"
	 "      |     ^~~~~\n"},
	{"- pause: {}", "- route: { match: [{ header: x, exact: a }], to: new }",
	 "p.yaml:20:9: error: 'route' needs a router\n"
	 "   20 |       - route: { match: [{ header: x, exact: a }], to: new }\n"
	 "      |         ^~~~~\n"},
};

static void test_no_router(void **state)
{
	(void)state;
	harness_rows(no_router_rows, SL_COUNT(no_router_rows), playbook_no_router);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_no_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
