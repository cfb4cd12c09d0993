// SPDX-License-Identifier: Apache-2.0
// Diagnostics about loadTest and faultDrill: one change to a good file, and every word of the
// answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const char playbook_drill[] =
	"sluice: 1\n"
	"kind: faultDrill\n"
	"name: slow\n"
	"steadyState: { analysis: golden }\n"
	"blastRadius: { groups: [shop], maxHosts: 1, maxDuration: 10m }\n"
	"method:\n"
	"  - inject: { fault: networkDelay, hosts: shop, delay: 300ms, duration: 5m }\n"
	"analyses:\n"
	"  golden:\n"
	"    interval: 1m\n"
	"    count: 3\n"
	"    metrics:\n"
	"      - { name: errors, query: { use: prom, expr: x }, max: 1%, noData: fail }\n"
	"vars: { version: x }\n";

static const struct row drill_rows[] = {
	{"max: 1%", "compare: { to: stable, worse: higher }",
	 "p.yaml:13:56: error: 'compare' has no meaning here: this kind has no versions\n"
	 "   13 |       - { name: errors, query: { use: prom, expr: x }, compare: { to: stable, "
	 "worse: higher }, noData: fail }\n"
	 "      |                                                        ^~~~~~~\n"},
	{"expr: x", "expr: $(new)",
	 "p.yaml:13:51: error: $(new) has no value here: this kind has no versions\n"
	 "   13 |       - { name: errors, query: { use: prom, expr: $(new) }, max: 1%, noData: "
	 "fail }\n"
	 "      |                                                   ^~~~~~\n"},
	{"delay: 300ms, ", "",
	 "p.yaml:7:5: error: 'delay' is missing: networkDelay needs it\n"
	 "    7 |   - inject: { fault: networkDelay, hosts: shop, duration: 5m }\n"
	 "      |     ^~~~~~\n"},
	{"duration: 5m", "duration: 15m",
	 "p.yaml:7:73: error: longer than the blast radius allows (maxDuration)\n"
	 "    7 |   - inject: { fault: networkDelay, hosts: shop, delay: 300ms, duration: 15m }\n"
	 "      |                                                                         ^~~\n"
	 "p.yaml:5:58: note: it is set here\n"},
	{"hosts: shop,", "hosts: shpo,",
	 "p.yaml:7:43: error: the inventory has no group or host 'shpo' (did you mean 'shop'?)\n"
	 "    7 |   - inject: { fault: networkDelay, hosts: shpo, delay: 300ms, duration: 5m }\n"
	 "      |                                           ^~~~\n"
	 "inventory.yaml:5:26: warning: there is no plugin for type 'prometheus' yet\n"
	 "    5 | metrics: { prom: { type: prometheus } }\n"
	 "      |                          ^~~~~~~~~~\n"},
	{"fault: networkDelay", "fault: networkDelai",
	 "p.yaml:7:22: error: 'fault' takes networkDelay, networkLoss, networkPartition, cpuLoad, "
	 "memoryLoad, diskFill, processStop or processKill, not 'networkDelai' (did you mean "
	 "'networkDelay'?)\n"
	 "    7 |   - inject: { fault: networkDelai, hosts: shop, delay: 300ms, duration: 5m }\n"
	 "      |                      ^~~~~~~~~~~~\n"},
	{"steadyState: { analysis: golden }", "steadyState: { analysis: gold }",
	 "p.yaml:4:26: error: no analysis is named 'gold'\n"
	 "    4 | steadyState: { analysis: gold }\n"
	 "      |                          ^~~~\n"},
	{"use: prom", "use: prometheus",
	 "p.yaml:13:39: error: the inventory has no metrics backend 'prometheus'\n"
	 "   13 |       - { name: errors, query: { use: prometheus, expr: x }, max: 1%, noData: "
	 "fail }\n"
	 "      |                                       ^~~~~~~~~~\n"},
	{"blastRadius: { groups: [shop], maxHosts: 1, maxDuration: 10m }\n", "",
	 "p.yaml:1:1: error: 'blastRadius' is missing\n"
	 "    1 | sluice: 1\n"
	 "      | ^\n"},
};

static void test_drill(void **state)
{
	(void)state;
	harness_rows(drill_rows, SL_COUNT(drill_rows), playbook_drill);
}

static const char playbook_load_test[] =
	"sluice: 1\n"
	"kind: loadTest\n"
	"name: peak\n"
	"mark: { header: x-load, value: peak }\n"
	"target: http://edge.example\n"
	"generator: { hosts: shop }\n"
	"scenario:\n"
	"  - { name: browse, share: 70%, get: \"/items/$(random:1-5000)\" }\n"
	"  - { name: buy, share: 30%, post: /buy }\n"
	"stages: [{ duration: 5m, target: 500/s }]\n"
	"thresholds: [{ latency: 99%, max: 500ms }]\n"
	"vars: { version: x }\n";

static const struct row load_rows[] = {
	{"share: 30%", "share: 20%",
	 "p.yaml:7:1: error: the shares of 'scenario' sum to 90%, not 100%\n"
	 "    7 | scenario:\n"
	 "      | ^~~~~~~~\n"},
	{"post: /buy", "post: /buy, get: /x",
	 "p.yaml:9:30: error: only one of get, post, put, patch and delete\n"
	 "    9 |   - { name: buy, share: 30%, post: /buy, get: /x }\n"
	 "      |                              ^~~~\n"},
	{"target: 500/s", "target: 500",
	 "p.yaml:10:34: error: 'target' takes a rate with its unit, like 500/s, not '500'\n"
	 "   10 | stages: [{ duration: 5m, target: 500 }]\n"
	 "      |                                  ^~~\n"},
	{"max: 500ms", "abortOnFail: true",
	 "p.yaml:11:14: error: 'max' is missing in thresholds\n"
	 "   11 | thresholds: [{ latency: 99%, abortOnFail: true }]\n"
	 "      |              ^\n"},
	{"latency: 99%, ", "errors: true, latency: 99%, ",
	 "p.yaml:11:16: error: only one of latency, errors and analysis\n"
	 "   11 | thresholds: [{ errors: true, latency: 99%, max: 500ms }]\n"
	 "      |                ^~~~~~\n"},
	{"random:1-5000", "random:9-1",
	 "p.yaml:8:46: error: $(random:9-1) is not of the form $(random:1-100)\n"
	 "    8 |   - { name: browse, share: 70%, get: \"/items/$(random:9-1)\" }\n"
	 "      |                                              ^~~~~~~~~~~~~\n"},
	{"random:1-5000", "rnd:1-2",
	 "p.yaml:8:46: error: unknown name $(rnd:1-2)\n"
	 "    8 |   - { name: browse, share: 70%, get: \"/items/$(rnd:1-2)\" }\n"
	 "      |                                              ^~~~~~~~~~\n"},
	{"stages: [{ duration: 5m, target: 500/s }]\n", "",
	 "p.yaml:1:1: error: 'stages' is missing\n"
	 "    1 | sluice: 1\n"
	 "      | ^\n"},
};

static void test_load(void **state)
{
	(void)state;
	harness_rows(load_rows, SL_COUNT(load_rows), playbook_load_test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drill),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
