// SPDX-License-Identifier: Apache-2.0
// The table: strategies, their steps, analyses, lanes, and the kind `rollout` itself.
#include "orchestrator/playbook/schema_parts.h"

/* --- steps --- */

static const struct schema_row run_rows[] = {
	{.key = "name", .type = SCHEMA_NAME, .flags = REQUIRED, .help = "A name for the reports."},
	{.key = "command",
	 .type = SCHEMA_COMMAND,
	 .flags = REQUIRED,
	 .scope = SCOPE_HOST,
	 .help = "A string for sh, or a list executed without a shell."},
	{.key = "hosts",
	 .type = SCHEMA_TEXTS,
	 .flags = NONEMPTY,
	 .scope = SCOPE_VARS,
	 .fallback = "all",
	 .help = "local, one, all, a group, a host, or a list."},
	{.key = "undo",
	 .type = SCHEMA_COMMAND,
	 .scope = SCOPE_HOST,
	 .help = "Takes it back; without one the step is not undoable."},
	{.key = "check",
	 .type = SCHEMA_COMMAND,
	 .scope = SCOPE_HOST,
	 .help = "After a crash: exit 0 = it took effect."},
	{.key = "repeatable",
	 .type = SCHEMA_BOOL,
	 .scope = SCOPE_VARS,
	 .fallback = "false",
	 .help = "May be run again when its outcome is unknown."},
	{.key = "timeout",
	 .type = SCHEMA_DURATION,
	 .scope = SCOPE_VARS,
	 .fallback = "5m",
	 .help = "The longest it may take."},
	{.key = "become",
	 .type = SCHEMA_MAP,
	 .shape = &schema_become,
	 .later = "become",
	 .help = "Run as another user on the hosts."},
};
const struct schema_shape schema_run = SCHEMA_SHAPE(run_rows);

static const struct schema_row run_item_rows[] = {
	{.key = "run", .type = SCHEMA_MAP, .shape = &schema_run, .help = "A command."},
};
const struct schema_shape schema_run_item = SCHEMA_ONE_OF(run_item_rows);

static const struct schema_row pause_rows[] = {
	{.key = "duration",
	 .type = SCHEMA_DURATION,
	 .scope = SCOPE_VARS,
	 .help = "Go on by itself after this long; without it, wait for promote."},
	{.key = "approvers",
	 .type = SCHEMA_TEXTS,
	 .later = "pause.approvers",
	 .help = "Who may promote."},
	{.key = "timeout",
	 .type = SCHEMA_DURATION,
	 .scope = SCOPE_VARS,
	 .later = "pause.timeout",
	 .help = "The longest wait for promote."},
	{.key = "onTimeout",
	 .type = SCHEMA_ENUM,
	 .words = "rollback pause promote",
	 .later = "pause.onTimeout",
	 .help = "What happens then."},
};
const struct schema_shape schema_pause = SCHEMA_SHAPE(pause_rows);

static const struct schema_row match_rows[] = {
	{.key = "header", .type = SCHEMA_TEXT, .flags = REQUIRED, .help = "A request header."},
	{.key = "exact", .type = SCHEMA_TEXT, .scope = SCOPE_VARS, .help = "Its whole value."},
	{.key = "prefix", .type = SCHEMA_TEXT, .scope = SCOPE_VARS, .help = "How it begins."},
	{.key = "regex", .type = SCHEMA_TEXT, .scope = SCOPE_VARS, .help = "What it matches."},
};
const struct schema_shape schema_match = SCHEMA_SHAPE(match_rows);

static const struct schema_row route_rows[] = {
	{.key = "match",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &schema_match,
	 .help = "Which requests; any of these."},
	{.key = "to",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "new old",
	 .help = "Where they go."},
};
static const struct schema_shape route = SCHEMA_SHAPE(route_rows);

static const struct schema_row check_traces_rows[] = {
	{.key = "use",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "A tracing backend of the inventory."},
	{.key = "for",
	 .type = SCHEMA_DURATION,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .help = "How long to look."},
	{.key = "minTraces",
	 .type = SCHEMA_COUNT,
	 .flags = REQUIRED,
	 .scope = SCOPE_VARS,
	 .min = 1,
	 .help = "Fewer are inconclusive."},
	{.key = "expect",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "inLane",
	 .help = "What every trace must show."},
};
static const struct schema_shape check_traces = SCHEMA_SHAPE(check_traces_rows);

#define STEP_RUN                                                                       \
	{                                                                              \
		.key = "run", .type = SCHEMA_MAP, .shape = &schema_run,                \
		.help = "Run a command; with $(instance), once for each new instance." \
	}
#define STEP_PAUSE                                                          \
	{                                                                   \
		.key = "pause", .type = SCHEMA_MAP, .shape = &schema_pause, \
		.help = "Wait: a duration, or until promote."               \
	}
#define STEP_ANALYSIS                                                        \
	{                                                                    \
		.key = "analysis", .type = SCHEMA_NAME, .later = "analysis", \
		.help = "Go on only when this analysis passes."              \
	}
#define STEP_CHECK_TRACES                                                                        \
	{                                                                                        \
		.key = "checkTraces", .type = SCHEMA_MAP, .shape = &check_traces,                \
		.later = "checkTraces", .help = "Look at traces: does the lane hold everywhere?" \
	}
#define STEP_UPGRADE                                                                 \
	{                                                                            \
		.key = "upgrade", .type = SCHEMA_AMOUNT, .scope = SCOPE_VARS,        \
		.help = "Bring this many instances, all in all, to the new version." \
	}
#define STEP_SET_WEIGHT                                                                       \
	{                                                                                     \
		.key = "setWeight", .type = SCHEMA_SHARE, .scope = SCOPE_VARS,                \
		.help = "Upgrade enough instances, then give them this share of the traffic." \
	}

static const struct schema_row rolling_step_rows[] = {
	STEP_UPGRADE,
	STEP_PAUSE,
	STEP_RUN,
	STEP_ANALYSIS,
};
static const struct schema_shape rolling_step = SCHEMA_ONE_OF(rolling_step_rows);

static const struct schema_row canary_step_rows[] = {
	STEP_UPGRADE,
	STEP_SET_WEIGHT,
	STEP_PAUSE,
	STEP_RUN,
	STEP_ANALYSIS,
	{.key = "route",
	 .type = SCHEMA_MAP,
	 .shape = &route,
	 .later = "route",
	 .help = "Send matching requests to one version."},
	STEP_CHECK_TRACES,
};
static const struct schema_shape canary_step = SCHEMA_ONE_OF(canary_step_rows);

static const struct schema_row blue_green_step_rows[] = {
	{.key = "setTraffic",
	 .type = SCHEMA_SHARES,
	 .flags = NONEMPTY,
	 .scope = SCOPE_VARS,
	 .later = "setTraffic",
	 .help = "The share of each set; they sum to 100%."},
	{.key = "upgrade",
	 .type = SCHEMA_NAME,
	 .scope = SCOPE_VARS,
	 .help = "Bring a set without traffic to the new version."},
	STEP_PAUSE,
	STEP_RUN,
	STEP_ANALYSIS,
	STEP_CHECK_TRACES,
};
static const struct schema_shape blue_green_step = SCHEMA_ONE_OF(blue_green_step_rows);

static const struct schema_row full_link_step_rows[] = {
	STEP_UPGRADE, STEP_SET_WEIGHT, STEP_PAUSE, STEP_RUN, STEP_ANALYSIS, STEP_CHECK_TRACES,
};
static const struct schema_shape full_link_step = SCHEMA_ONE_OF(full_link_step_rows);

/* --- strategies --- */

static const struct schema_row background_rows[] = {
	{.key = "analysis",
	 .type = SCHEMA_NAME,
	 .flags = REQUIRED,
	 .help = "The analysis that runs beside the steps."},
	{.key = "fromStep",
	 .type = SCHEMA_COUNT,
	 .scope = SCOPE_VARS,
	 .fallback = "1",
	 .min = 1,
	 .help = "It starts as this step begins; steps count from 1."},
};
static const struct schema_shape background = SCHEMA_SHAPE(background_rows);

static const struct schema_row rollback_rows[] = {
	{.key = "maxUnavailable",
	 .type = SCHEMA_AMOUNT,
	 .scope = SCOPE_VARS,
	 .help = "The speed of a rollback; as the strategy's when not given."},
};
static const struct schema_shape rollback = SCHEMA_SHAPE(rollback_rows);

#define STRATEGY_KEYS                                                                             \
	{.key = "router",                                                                         \
	 .type = SCHEMA_MAP,                                                                      \
	 .shape = &schema_router,                                                                 \
	 .help = "What moves the traffic."},                                                      \
		{.key = "maxUnavailable",                                                         \
		 .type = SCHEMA_AMOUNT,                                                           \
		 .scope = SCOPE_VARS,                                                             \
		 .fallback = "1",                                                                 \
		 .help = "Instances out of service at once; a share rounds down, at least 1."},   \
		{.key = "maxFailures",                                                            \
		 .type = SCHEMA_COUNT,                                                            \
		 .scope = SCOPE_VARS,                                                             \
		 .fallback = "0",                                                                 \
		 .help = "Failed or unreachable hosts in the whole run before it is a failure."}, \
		{.key = "minCapacity",                                                            \
		 .type = SCHEMA_SHARE,                                                            \
		 .scope = SCOPE_VARS,                                                             \
		 .fallback = "75%",                                                               \
		 .help = "The share of the instances that can carry all traffic."},               \
		{.key = "progressDeadline",                                                       \
		 .type = SCHEMA_DURATION,                                                         \
		 .scope = SCOPE_VARS,                                                             \
		 .fallback = "10m",                                                               \
		 .help = "Failed when nothing moved on for this long; pauses do not count."},     \
		{.key = "onFailure",                                                              \
		 .type = SCHEMA_ENUM,                                                             \
		 .words = "rollback pause",                                                       \
		 .fallback = "rollback",                                                          \
		 .help = "What a failure does."},                                                 \
		{.key = "rollback",                                                               \
		 .type = SCHEMA_MAP,                                                              \
		 .shape = &rollback,                                                              \
		 .help = "How a rollback goes."},                                                 \
		{.key = "background",                                                             \
		 .type = SCHEMA_MAP,                                                              \
		 .shape = &background,                                                            \
		 .later = "background",                                                           \
		 .help = "An analysis beside the steps."},                                        \
		{.key = "before",                                                                 \
		 .type = SCHEMA_LIST,                                                             \
		 .shape = &schema_run_item,                                                       \
		 .later = "before",                                                               \
		 .help = "Commands after staging everywhere, before the first switch."},          \
		{.key = "after",                                                                  \
		 .type = SCHEMA_LIST,                                                             \
		 .shape = &schema_run_item,                                                       \
		 .later = "after",                                                                \
		 .help = "Commands when all is done."},                                           \
	{                                                                                         \
		.key = "onUndo", .type = SCHEMA_LIST, .shape = &schema_run_item,                  \
		.later = "onUndo", .help = "Commands when it is taken back."                      \
	}

static const struct schema_row common_rows[] = {STRATEGY_KEYS};
const struct schema_shape schema_strategy_any = SCHEMA_SHAPE(common_rows);

static const struct schema_row rolling_rows[] = {
	STRATEGY_KEYS,
	{.key = "steps",
	 .type = SCHEMA_LIST,
	 .shape = &rolling_step,
	 .help = "Stops on the way; the rest follows after the last."},
};
static const struct schema_shape rolling = SCHEMA_SHAPE(rolling_rows);

static const struct schema_row canary_rows[] = {
	STRATEGY_KEYS,
	{.key = "steps",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &canary_step,
	 .help = "What happens, in order; the rest follows after the last."},
};
static const struct schema_shape canary = SCHEMA_SHAPE(canary_rows);

static const struct schema_row blue_green_rows[] = {
	STRATEGY_KEYS,
	{.key = "sets",
	 .type = SCHEMA_PAIRS,
	 .flags = REQUIRED | NONEMPTY,
	 .scope = SCOPE_VARS,
	 .help = "Names of sets, and the group of each."},
	{.key = "steadyTraffic",
	 .type = SCHEMA_SHARES,
	 .flags = REQUIRED | NONEMPTY,
	 .scope = SCOPE_VARS,
	 .help = "The shares before and after; they sum to 100%."},
	{.key = "steps",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &blue_green_step,
	 .help = "What happens, in order; steadyTraffic is restored at the end."},
};
static const struct schema_shape blue_green = SCHEMA_SHAPE(blue_green_rows);

static const struct schema_row full_link_rows[] = {
	STRATEGY_KEYS,
	{.key = "order",
	 .type = SCHEMA_TEXTS,
	 .flags = REQUIRED | NONEMPTY,
	 .help = "The services, callees first."},
	{.key = "steps",
	 .type = SCHEMA_LIST,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &full_link_step,
	 .help = "What happens, for each service in order."},
};
static const struct schema_shape full_link = SCHEMA_SHAPE(full_link_rows);

static const struct schema_row strategy_rows[] = {
	{.key = "rolling",
	 .type = SCHEMA_MAP,
	 .shape = &rolling,
	 .help = "Instance by instance, without weights."},
	{.key = "canary",
	 .type = SCHEMA_MAP,
	 .shape = &canary,
	 .help = "Grey release: a growing share of the traffic."},
	{.key = "blueGreen",
	 .type = SCHEMA_MAP,
	 .shape = &blue_green,
	 .later = "blueGreen",
	 .help = "Sets that take turns."},
	{.key = "fullLink",
	 .type = SCHEMA_MAP,
	 .shape = &full_link,
	 .later = "fullLink",
	 .help = "Several services in a lane."},
};
const struct schema_shape schema_strategy = SCHEMA_ONE_OF(strategy_rows);

/* --- lanes --- */

static const struct schema_row lane_rows[] = {
	{.key = "name",
	 .type = SCHEMA_NAME,
	 .flags = REQUIRED,
	 .help = "Written to the instances' metadata `lane`."},
	{.key = "header",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .help = "The header that the services pass on."},
	{.key = "entry",
	 .type = SCHEMA_TEXT,
	 .flags = REQUIRED,
	 .help = "The service at which the lane begins."},
	{.key = "match",
	 .type = SCHEMA_LIST,
	 .shape = &schema_match,
	 .help = "Requests that enter the lane."},
	{.key = "fallback",
	 .type = SCHEMA_ENUM,
	 .words = "baseline none",
	 .fallback = "baseline",
	 .help = "Where a call goes when a service has no instance in the lane."},
};
const struct schema_shape schema_lane = SCHEMA_SHAPE(lane_rows);

/* --- the kind --- */

static const struct schema_row rollout_rows[] = {
	SCHEMA_HEADER_KEYS,
	{.key = "services",
	 .type = SCHEMA_NAMED,
	 .flags = REQUIRED | NONEMPTY,
	 .shape = &schema_service,
	 .help = "What is released, and where."},
	{.key = "lane",
	 .type = SCHEMA_MAP,
	 .shape = &schema_lane,
	 .later = "lane",
	 .help = "The lane of a fullLink rollout."},
	{.key = "strategy",
	 .type = SCHEMA_MAP,
	 .flags = REQUIRED,
	 .shape = &schema_strategy,
	 .help = "How; exactly one."},
};
const struct schema_shape schema_rollout = SCHEMA_SHAPE(rollout_rows);
