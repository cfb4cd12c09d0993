// SPDX-License-Identifier: Apache-2.0
// Diagnostics about steps walked with traffic and capacity: one change to a good file, and every
// word of the answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const char playbook_analysis[] =
	"sluice: 1\n"
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
	"    router: { use: edge, backend: be_shop }\n"
	"    maxUnavailable: 1\n"
	"    steps:\n"
	"      - upgrade: 1\n"
	"      - setWeight: 25%\n"
	"      - pause: {}\n"
	"analyses:\n"
	"  golden:\n"
	"    interval: 1m\n"
	"    count: 3\n"
	"    metrics:\n"
	"      - { name: errors, query: { use: prom, expr: x }, max: 1%, compare: { to: stable, "
	"worse: higher }, noData: fail }\n";

static const struct row analysis_rows[] = {
	{"- pause: {}", "- analysis: golden",
	 "inventory.yaml:5:26: warning: there is no plugin for type 'prometheus' yet\n"
	 "    5 | metrics: { prom: { type: prometheus } }\n"
	 "      |                          ^~~~~~~~~~\n"},
	{"- upgrade: 1", "- analysis: golden",
	 "p.yaml:19:19: error: no traffic on the new version here\n"
	 "   19 |       - analysis: golden\n"
	 "      |                   ^~~~~~\n"},
	{"- upgrade: 1\n"
	 "      - setWeight: 25%",
	 "- setWeight: 25%\n"
	 "      - setWeight: 0%\n"
	 "      - analysis: golden",
	 "p.yaml:21:19: error: no traffic on the new version here\n"
	 "   21 |       - analysis: golden\n"
	 "      |                   ^~~~~~\n"
	 "p.yaml:20:9: note: traffic was last set here\n"},
	{"- setWeight: 25%",
	 "- setWeight: 100%\n"
	 "      - analysis: golden",
	 "p.yaml:21:19: error: no traffic on the old version here, and 'golden' compares with it\n"
	 "   21 |       - analysis: golden\n"
	 "      |                   ^~~~~~\n"
	 "p.yaml:20:9: note: traffic was last set here\n"},
	{"- pause: {}", "- analysis: gloden",
	 "p.yaml:21:19: error: no analysis is named 'gloden' (did you mean 'golden'?)\n"
	 "   21 |       - analysis: gloden\n"
	 "      |                   ^~~~~~\n"},
	{"maxUnavailable: 1", "background: { analysis: golden, fromStep: 2 }",
	 "inventory.yaml:5:26: warning: there is no plugin for type 'prometheus' yet\n"
	 "    5 | metrics: { prom: { type: prometheus } }\n"
	 "      |                          ^~~~~~~~~~\n"},
	{"maxUnavailable: 1", "background: { analysis: golden, fromStep: 1 }",
	 "p.yaml:17:47: error: no traffic on the new version here\n"
	 "   17 |     background: { analysis: golden, fromStep: 1 }\n"
	 "      |                                               ^\n"},
	{"maxUnavailable: 1", "background: { analysis: golden, fromStep: 4 }",
	 "p.yaml:17:47: error: 'fromStep' is 4, but there are 3 steps\n"
	 "   17 |     background: { analysis: golden, fromStep: 4 }\n"
	 "      |                                               ^\n"},
	{"noData: fail", "noData: ignore",
	 "p.yaml:27:113: error: 'noData' takes fail, inconclusive or pass, not 'ignore'\n"
	 "   27 | e: errors, query: { use: prom, expr: x }, max: 1%, compare: { to: stable, worse: "
	 "higher }, noData: ignore }\n"
	 "      |                                                                                  "
	 "                  ^~~~~~\n"},
	{", noData: fail", "",
	 "p.yaml:27:9: error: 'noData' is missing in analyses.golden.metrics\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: x }, max: 1%, compare: { to: "
	 "stable, worse: higher } }\n"
	 "      |         ^\n"},
	{"max: 1%, compare: { to: stable, worse: higher }, ", "",
	 "p.yaml:27:9: error: nothing to judge by: 'max', 'min' or 'compare' is needed\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: x }, noData: fail }\n"
	 "      |         ^\n"},
	{"query: { use: prom, expr: x }, ", "",
	 "p.yaml:27:9: error: one of query and traces is needed here\n"
	 "   27 |       - { name: errors, max: 1%, compare: { to: stable, worse: higher }, noData: "
	 "fail }\n"
	 "      |         ^\n"},
	{"expr: x }", "expr: x }, traces: { use: zip }",
	 "p.yaml:27:56: error: only one of query and traces\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: x }, traces: { use: zip }, "
	 "max: 1%, compare: { to: stable, worse: higher }, noData: fail }\n"
	 "      |                                                        ^~~~~~\n"
	 "p.yaml:27:56: error: one of quantile and errors is needed here\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: x }, traces: { use: zip }, "
	 "max: 1%, compare: { to: stable, worse: higher }, noData: fail }\n"
	 "      |                                                        ^~~~~~\n"},
	{"expr: x }", "expr: x }, minSamples: 5",
	 "p.yaml:27:56: error: 'minSamples' needs 'samples' in the query, which counts them\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: x }, minSamples: 5, max: 1%, "
	 "compare: { to: stable, worse: higher }, noData: fail }\n"
	 "      |                                                        ^~~~~~~~~~\n"},
	{"expr: x }", "expr: \"x{v=\\\"$(host)\\\"}\" }",
	 "p.yaml:27:51: error: $(host) has no value in 'expr'\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: \"x{v=\\\"$(host)\\\"}\" }, "
	 "max: 1%, compare: { to: stable, worse: higher }, noData: fail }\n"
	 "      |                                                   ^~~~~~~~~~~~~~~~~~\n"},
	{"max: 1%", "max: 1q",
	 "p.yaml:27:61: error: 'max' takes a number, a share or a duration, like 5, 1% or 800ms, "
	 "not '1q'\n"
	 "   27 |       - { name: errors, query: { use: prom, expr: x }, max: 1q, compare: { to: "
	 "stable, worse: higher }, noData: fail }\n"
	 "      |                                                             ^~\n"},
};

static void test_analysis(void **state)
{
	(void)state;
	harness_rows(analysis_rows, SL_COUNT(analysis_rows), playbook_analysis);
}

static const char playbook_sets[] = "sluice: 1\n"
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
				    "  blueGreen:\n"
				    "    router: { use: edge, backend: be_shop }\n"
				    "    sets: { A: a, B: b }\n"
				    "    steadyTraffic: { A: 50%, B: 50% }\n"
				    "    minCapacity: 25%\n"
				    "    steps:\n"
				    "      - setTraffic: { A: 100%, B: 0% }\n"
				    "      - upgrade: B\n"
				    "      - setTraffic: { A: 0%, B: 100% }\n"
				    "      - upgrade: A\n"
				    "analyses:\n"
				    "  golden:\n"
				    "    interval: 1m\n"
				    "    count: 3\n"
				    "    metrics:\n"
				    "      - { name: errors, query: { use: prom, expr: x }, max: "
				    "1%, compare: { to: stable, worse: higher }, noData: fail }\n";

static const struct row blue_green_rows[] = {
	{"minCapacity: 25%", "maxFailures: 0",
	 "p.yaml:18:33: error: B would get 50% of the traffic, but its 1 of 4 instances can carry "
	 "33.3% (minCapacity is 75%)\n"
	 "   18 |     steadyTraffic: { A: 50%, B: 50% }\n"
	 "      |                                 ^~~\n"
	 "p.yaml:23:33: error: B would get 100% of the traffic, but its 1 of 4 instances can carry "
	 "33.3% (minCapacity is 75%)\n"
	 "   23 |       - setTraffic: { A: 0%, B: 100% }\n"
	 "      |                                 ^~~~\n"},
	{"      - setTraffic: { A: 100%, B: 0% }\n", "",
	 "p.yaml:21:18: error: B still receives 50% of the traffic here\n"
	 "   21 |       - upgrade: B\n"
	 "      |                  ^\n"
	 "p.yaml:18:5: note: traffic was last set here\n"},
	{"{ A: 100%, B: 0% }", "{ A: 60%, B: 40% }",
	 "p.yaml:22:18: error: B still receives 40% of the traffic here\n"
	 "   22 |       - upgrade: B\n"
	 "      |                  ^\n"
	 "p.yaml:21:9: note: traffic was last set here\n"},
	{"{ A: 100%, B: 0% }", "{ A: 100%, C: 0% }",
	 "p.yaml:21:9: error: 'setTraffic' does not say the share of B\n"
	 "   21 |       - setTraffic: { A: 100%, C: 0% }\n"
	 "      |         ^~~~~~~~~~\n"
	 "p.yaml:21:32: error: no set is named 'C'\n"
	 "   21 |       - setTraffic: { A: 100%, C: 0% }\n"
	 "      |                                ^\n"
	 "p.yaml:22:18: error: B still receives 50% of the traffic here\n"
	 "   22 |       - upgrade: B\n"
	 "      |                  ^\n"
	 "p.yaml:21:9: note: traffic was last set here\n"},
	{"{ A: 100%, B: 0% }", "{ A: 100%, B: 10% }",
	 "p.yaml:21:9: error: the shares of 'setTraffic' sum to 110%, not 100%\n"
	 "   21 |       - setTraffic: { A: 100%, B: 10% }\n"
	 "      |         ^~~~~~~~~~\n"
	 "p.yaml:22:18: error: B still receives 10% of the traffic here\n"
	 "   22 |       - upgrade: B\n"
	 "      |                  ^\n"
	 "p.yaml:21:9: note: traffic was last set here\n"},
	{"{ A: 0%, B: 100% }", "{ A: 50%, B: 50% }",
	 "p.yaml:24:18: error: A still receives 50% of the traffic here\n"
	 "   24 |       - upgrade: A\n"
	 "      |                  ^\n"
	 "p.yaml:23:9: note: traffic was last set here\n"},
	{"- upgrade: B", "- upgrade: C",
	 "p.yaml:22:18: error: no set is named 'C'\n"
	 "   22 |       - upgrade: C\n"
	 "      |                  ^\n"},
	{"      - upgrade: A\n", "",
	 "p.yaml:15:3: error: no step upgrades A\n"
	 "   15 |   blueGreen:\n"
	 "      |   ^~~~~~~~~\n"},
	{"- upgrade: A",
	 "- upgrade: A\n"
	 "      - upgrade: B",
	 "p.yaml:25:18: error: B is already on the new version here\n"
	 "   25 |       - upgrade: B\n"
	 "      |                  ^\n"
	 "p.yaml:22:9: note: it was upgraded here\n"},
	{"- upgrade: B",
	 "- analysis: golden\n"
	 "      - upgrade: B",
	 "p.yaml:22:19: error: no traffic on the new version here\n"
	 "   22 |       - analysis: golden\n"
	 "      |                   ^~~~~~\n"
	 "p.yaml:21:9: note: traffic was last set here\n"},
	{"- upgrade: A",
	 "- analysis: golden\n"
	 "      - upgrade: A",
	 "p.yaml:24:19: error: no traffic on the old version here, and 'golden' compares with it\n"
	 "   24 |       - analysis: golden\n"
	 "      |                   ^~~~~~\n"
	 "p.yaml:23:9: note: traffic was last set here\n"},
	{"sets: { A: a, B: b }", "sets: { A: a }",
	 "p.yaml:17:5: error: a single set cannot take turns\n"
	 "   17 |     sets: { A: a }\n"
	 "      |     ^~~~\n"
	 "p.yaml:18:30: error: no set is named 'B'\n"
	 "   18 |     steadyTraffic: { A: 50%, B: 50% }\n"
	 "      |                              ^\n"
	 "p.yaml:21:32: error: no set is named 'B'\n"
	 "   21 |       - setTraffic: { A: 100%, B: 0% }\n"
	 "      |                                ^\n"
	 "p.yaml:22:18: error: no set is named 'B'\n"
	 "   22 |       - upgrade: B\n"
	 "      |                  ^\n"
	 "p.yaml:23:30: error: no set is named 'B'\n"
	 "   23 |       - setTraffic: { A: 0%, B: 100% }\n"
	 "      |                              ^\n"},
	{"sets: { A: a, B: b }", "sets: { A: a, B: bb }",
	 "p.yaml:17:22: error: the inventory has no group or host 'bb' (did you mean 'b'?)\n"
	 "   17 |     sets: { A: a, B: bb }\n"
	 "      |                      ^~\n"},
	{"    router: { use: edge, backend: be_shop }\n", "",
	 "p.yaml:15:3: error: 'router' is missing in strategy.blueGreen\n"
	 "   15 |   blueGreen:\n"
	 "      |   ^~~~~~~~~\n"},
	{"- upgrade: B",
	 "- setWeight: 5%\n"
	 "      - upgrade: B",
	 "p.yaml:22:9: error: unknown key 'setWeight' in strategy.blueGreen.steps\n"
	 "   22 |       - setWeight: 5%\n"
	 "      |         ^~~~~~~~~\n"},
};

static void test_blue_green(void **state)
{
	(void)state;
	harness_rows(blue_green_rows, SL_COUNT(blue_green_rows), playbook_sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_analysis),
		cmocka_unit_test(test_blue_green),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
