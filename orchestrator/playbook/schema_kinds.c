// SPDX-License-Identifier: Apache-2.0
// The table: analyses, and the kinds without versions, loadTest and faultDrill.
#include "orchestrator/playbook/schema_parts.h"

/* --- analyses --- */

static const struct schema_row query_rows[] = {
	{.key = "use",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "A metrics backend of the inventory."},
	{.key = "expr",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_QUERY,
	 .help = "The query, in the backend's language."},
	{.key = "samples",
	 .type = SCHEMA_TEXT,
	 .scope = SCOPE_QUERY,
	 .help = "A second one, that counts samples."},
};
static const struct schema_shape query = SCHEMA_SHAPE(query_rows);

static const struct schema_row traces_rows[] = {
	{.key = "use",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "A tracing backend of the inventory."},
	{.key = "quantile",
	 .type = SCHEMA_SHARE,
	 .scope = SCOPE_VARS,
	 .help = "This quantile of the spans' durations."},
	{.key = "errors", .type = SCHEMA_BOOL, .help = "The share of spans with an error."},
};
static const struct schema_shape traces = SCHEMA_SHAPE(traces_rows);

static const struct schema_row compare_rows[] = {
	{.key = "to",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "stable",
	 .help = "The old version's instances."},
	{.key = "worse",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "higher lower either",
	 .help = "Which way is worse."},
	{.key = "tolerance",
	 .type = SCHEMA_SHARE,
	 .scope = SCOPE_VARS,
	 .fallback = "25%",
	 .help = "How much worse is still fine."},
	{.key = "confidence",
	 .type = SCHEMA_SHARE,
	 .scope = SCOPE_VARS,
	 .fallback = "98%",
	 .help = "How sure the test must be."},
};
static const struct schema_shape compare = SCHEMA_SHAPE(compare_rows);

static const struct schema_row metric_rows[] = {
	{.key = "name", .type = SCHEMA_NAME, .flags = REQUIRED, .help = "A name for the reports."},
	{.key = "query", .type = SCHEMA_MAP, .shape = &query, .help = "Measured by a query."},
	{.key = "traces", .type = SCHEMA_MAP, .shape = &traces, .help = "Measured from traces."},
	{.key = "max",
	 .type = SCHEMA_LIMIT,
	 .scope = SCOPE_VARS,
	 .help = "Bad above this: a number, a share or a duration."},
	{.key = "min", .type = SCHEMA_LIMIT, .scope = SCOPE_VARS, .help = "Bad below this."},
	{.key = "compare",
	 .type = SCHEMA_MAP,
	 .shape = &compare,
	 .help = "Against the old version, by a Mann-Whitney U test."},
	{.key = "minSamples",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .help = "Fewer are inconclusive."},
	{.key = "noData",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "fail inconclusive pass",
	 .help = "What silence means; there is no default."},
	{.key = "critical",
	 .type = SCHEMA_BOOL,
	 .fallback = "false",
	 .help = "Bad once fails the analysis at once."},
};
const struct schema_shape schema_metric = SCHEMA_SHAPE(metric_rows);

static const struct schema_row analysis_rows[] = {
	{.key = "interval",
	 .type = SCHEMA_DURATION,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "Time between measurements."},
	{.key = "count",
	 .type = SCHEMA_COUNT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .help = "How many."},
	{.key = "failureLimit",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .fallback = "0",
	 .help = "Failed when more are bad."},
	{.key = "inconclusiveLimit",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .fallback = "0",
	 .help = "Paused when more are inconclusive."},
	{.key = "errorLimit",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .fallback = "4",
	 .help = "Paused when the backend fails more often in a row."},
	{.key = "metrics",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &schema_metric,
	 .help = "What is measured."},
};
const struct schema_shape schema_analysis = SCHEMA_SHAPE(analysis_rows);

static const struct schema_row include_rows[] = {
	{.key = "defaults",
	 .type = SCHEMA_MAP,
	 .shape = &schema_service,
	 .help = "Keys for every service."},
	{.key = "analyses",
	 .type = SCHEMA_NAMED,
	 .shape = &schema_analysis,
	 .help = "Named sets of measurements."},
};
const struct schema_shape schema_include = SCHEMA_SHAPE(include_rows);

/* --- loadTest --- */

static const struct schema_row mark_rows[] = {
	{.key = "header", .type = SCHEMA_TEXT, .flags = REQUIRED, .help = "The marking header."},
	{.key = "value",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "Its value."},
};
static const struct schema_shape mark = SCHEMA_SHAPE(mark_rows);

static const struct schema_row load_lane_rows[] = {
	{.key = "name", .type = SCHEMA_NAME, .flags = REQUIRED, .help = "The lane's name."},
	{.key = "services",
	 .type = SCHEMA_NAMED,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &schema_service,
	 .help = "Instances of its own, made before and removed after."},
};
static const struct schema_shape load_lane = SCHEMA_SHAPE(load_lane_rows);

static const struct schema_row target_rows[] = {
	{.key = "service",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "A service, found through the registry."},
};
static const struct schema_shape target = SCHEMA_SHAPE(target_rows);

static const struct schema_row generator_rows[] = {
	{.key = "hosts",
	 .type = SCHEMA_TEXTS,
	 .flags = REQUIRED | NONEMPTY,
	 .scope = SCOPE_VARS,
	 .help = "Where the load comes from."},
	{.key = "connections",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .fallback = "100",
	 .min = 1,
	 .max = 100000,
	 .help = "Connections, all hosts together."},
	{.key = "command",
	 .type = SCHEMA_COMMAND,
	 .scope = SCOPE_HOST,
	 .help = "A generator of your own, for other protocols."},
};
static const struct schema_shape generator = SCHEMA_SHAPE(generator_rows);

static const struct schema_row diagnose_rows[] = {
	{.key = "requests",
	 .type = SCHEMA_COUNT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .help = "Trial requests."},
	{.key = "use",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "The tracing backend that shows where the mark is lost."},
};
static const struct schema_shape diagnose = SCHEMA_SHAPE(diagnose_rows);

static const struct schema_row expect_rows[] = {
	{.key = "status",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .min = 100,
	 .max = 599,
	 .help = "The status of a good answer."},
};
static const struct schema_shape expect = SCHEMA_SHAPE(expect_rows);

#define METHOD_ROW(name, verb)                                             \
	{                                                                  \
		.key = name, .type = SCHEMA_TEXT, .scope = SCOPE_SCENARIO, \
		.help = "Path of a " verb " request."                      \
	}

static const struct schema_row scenario_rows[] = {
	{.key = "name", .type = SCHEMA_NAME, .flags = REQUIRED, .help = "A name for the reports."},
	{.key = "share",
	 .type = SCHEMA_SHARE,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "Share of the requests; they sum to 100%."},
	METHOD_ROW("get", "GET"),
	METHOD_ROW("post", "POST"),
	METHOD_ROW("put", "PUT"),
	METHOD_ROW("patch", "PATCH"),
	METHOD_ROW("delete", "DELETE"),
	{.key = "headers", .type = SCHEMA_PAIRS, .scope = SCOPE_SCENARIO, .help = "More headers."},
	{.key = "body",
	 .type = SCHEMA_TEXT,
	 .scope = SCOPE_SCENARIO,
	 .help = "The body, or file:NAME."},
	{.key = "expect", .type = SCHEMA_MAP, .shape = &expect, .help = "What a good answer is."},
};
static const struct schema_shape scenario = SCHEMA_SHAPE(scenario_rows);

static const struct schema_row replay_rows[] = {
	{.key = "replay",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .help = "A file of requests, one JSON object a line."},
};
static const struct schema_shape replay = SCHEMA_SHAPE(replay_rows);

static const struct schema_row stage_rows[] = {
	{.key = "duration",
	 .type = SCHEMA_DURATION,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "How long."},
	{.key = "target",
	 .type = SCHEMA_RATE,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "The rate at its end; it moves there in a straight line."},
};
static const struct schema_shape stage = SCHEMA_SHAPE(stage_rows);

static const struct schema_row threshold_rows[] = {
	{.key = "latency",
	 .type = SCHEMA_SHARE,
	 .scope = SCOPE_VARS,
	 .help = "A quantile of the generator's own latencies."},
	{.key = "errors", .type = SCHEMA_BOOL, .help = "The share of failed requests."},
	{.key = "analysis", .type = SCHEMA_NAME, .help = "An analysis that must pass."},
	{.key = "max", .type = SCHEMA_LIMIT, .scope = SCOPE_VARS, .help = "Bad above this."},
	{.key = "traffic",
	 .type = SCHEMA_ENUM,
	 .words = "marked unmarked all",
	 .fallback = "all",
	 .help = "Whose traffic the analysis looks at."},
	{.key = "delayAbortEval",
	 .type = SCHEMA_DURATION,
	 .scope = SCOPE_VARS,
	 .fallback = "0s",
	 .help = "Not judged before this."},
	{.key = "abortOnFail",
	 .type = SCHEMA_BOOL,
	 .fallback = "false",
	 .help = "Stop the load at once."},
};
static const struct schema_shape threshold = SCHEMA_SHAPE(threshold_rows);

static const struct schema_row shadow_rows[] = {
	{.key = "tag",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .help = "The span tag that names a store."},
	{.key = "allow",
	 .type = SCHEMA_TEXTS,
	 .flags = REQUIRED | NONEMPTY,
	 .help = "Names of shadow stores; * matches anything."},
};
static const struct schema_shape shadow = SCHEMA_SHAPE(shadow_rows);

static const struct schema_row leak_rows[] = {
	{.key = "use",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "A tracing backend of the inventory."},
	{.key = "interval",
	 .type = SCHEMA_DURATION,
	 .scope = SCOPE_VARS,
	 .fallback = "30s",
	 .help = "Time between looks."},
	{.key = "minTraces",
	 .type = SCHEMA_COUNT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .help = "Fewer are inconclusive."},
	{.key = "shadow",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &shadow,
	 .help = "Which stores are shadows."},
	{.key = "expect",
	 .type = SCHEMA_TEXTS,
	 .flags = REQUIRED | NONEMPTY,
	 .words = "markedOnlyShadow unmarkedNeverShadow markOnEverySpan",
	 .help = "What must hold."},
	{.key = "abortOnFail",
	 .type = SCHEMA_BOOL,
	 .fallback = "false",
	 .help = "Stop the load at once."},
};
static const struct schema_shape leak = SCHEMA_SHAPE(leak_rows);

static const struct schema_row load_test_rows[] = {
	SCHEMA_HEADER_KEYS,
	{.key = "mark",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &mark,
	 .help = "What every generated request carries."},
	{.key = "lane",
	 .type = SCHEMA_MAP,
	 .shape = &load_lane,
	 .help = "Instances made for the test."},
	{.key = "target",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &target,
	 .scalar = SCHEMA_TEXT,
	 .scope = SCOPE_VARS,
	 .help = "Where the load goes."},
	{.key = "generator",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &generator,
	 .help = "Where it comes from."},
	{.key = "diagnose",
	 .type = SCHEMA_MAP,
	 .shape = &diagnose,
	 .help = "Trial requests before the load."},
	{.key = "scenario",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &scenario,
	 .map = &replay,
	 .help = "What is asked for."},
	{.key = "stages",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &stage,
	 .help = "How much, over time."},
	{.key = "thresholds",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &threshold,
	 .help = "When it is bad."},
	{.key = "leakCheck",
	 .type = SCHEMA_MAP,
	 .shape = &leak,
	 .help = "Marked traffic must stay in shadow stores."},
	{.key = "cleanup",
	 .type = SCHEMA_LIST,
	 .shape = &schema_run_item,
	 .help = "Commands at the end, whatever happened."},
};
const struct schema_shape schema_load_test = SCHEMA_SHAPE(load_test_rows);

/* --- faultDrill --- */

static const struct schema_row steady_rows[] = {
	{.key = "analysis",
	 .type = SCHEMA_NAME,
	 .flags = REQUIRED,
	 .help = "Must pass before, during and after."},
};
static const struct schema_shape steady = SCHEMA_SHAPE(steady_rows);

static const struct schema_row blast_rows[] = {
	{.key = "groups",
	 .type = SCHEMA_TEXTS,
	 .flags = REQUIRED | NONEMPTY,
	 .scope = SCOPE_VARS,
	 .help = "Only hosts of these may be touched."},
	{.key = "maxHosts",
	 .type = SCHEMA_COUNT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .help = "At most this many at once."},
	{.key = "maxDuration",
	 .type = SCHEMA_DURATION,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "No fault lasts longer."},
};
static const struct schema_shape blast = SCHEMA_SHAPE(blast_rows);

static const struct schema_row inject_rows[] = {
	{.key = "fault",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "networkDelay networkLoss networkPartition cpuLoad memoryLoad diskFill "
		  "processStop processKill",
	 .help = "What goes wrong."},
	{.key = "hosts",
	 .type = SCHEMA_TEXTS,
	 .flags = REQUIRED | NONEMPTY,
	 .scope = SCOPE_VARS,
	 .help = "Where."},
	{.key = "pick", .type = SCHEMA_AMOUNT, .scope = SCOPE_VARS, .help = "On how many of them."},
	{.key = "port",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .max = 65535,
	 .help = "Network faults: only this port."},
	{.key = "delay", .type = SCHEMA_DURATION, .scope = SCOPE_VARS, .help = "networkDelay."},
	{.key = "loss", .type = SCHEMA_SHARE, .scope = SCOPE_VARS, .help = "networkLoss."},
	{.key = "load", .type = SCHEMA_SHARE, .scope = SCOPE_VARS, .help = "cpuLoad, memoryLoad."},
	{.key = "path", .type = SCHEMA_TEXT, .scope = SCOPE_HOST, .help = "diskFill: where."},
	{.key = "leave",
	 .type = SCHEMA_SHARE,
	 .scope = SCOPE_VARS,
	 .help = "diskFill: how much stays free."},
	{.key = "process",
	 .type = SCHEMA_TEXT,
	 .scope = SCOPE_HOST,
	 .help = "processStop, processKill: which service."},
	{.key = "duration",
	 .type = SCHEMA_DURATION,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "A timer on the host ends it then."},
};
static const struct schema_shape inject = SCHEMA_SHAPE(inject_rows);

static const struct schema_row method_rows[] = {
	{.key = "inject", .type = SCHEMA_MAP, .shape = &inject, .help = "A fault."},
	{.key = "pause", .type = SCHEMA_MAP, .shape = &schema_pause, .help = "Wait."},
	{.key = "run", .type = SCHEMA_MAP, .shape = &schema_run, .help = "A command."},
};
static const struct schema_shape method = SCHEMA_ONE_OF(method_rows);

static const struct schema_row fault_drill_rows[] = {
	SCHEMA_HEADER_KEYS,
	{.key = "hypothesis", .type = SCHEMA_TEXT, .help = "What is believed to hold."},
	{.key = "steadyState",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &steady,
	 .help = "How it is seen to hold."},
	{.key = "blastRadius",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &blast,
	 .help = "The most that may be touched."},
	{.key = "method",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &method,
	 .help = "What happens, in order."},
	{.key = "rollbacks",
	 .type = SCHEMA_LIST,
	 .shape = &schema_run_item,
	 .help = "Commands after the faults are undone."},
};
const struct schema_shape schema_fault_drill = SCHEMA_SHAPE(fault_drill_rows);
