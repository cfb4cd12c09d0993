/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subcommand is one row of `commands` (table.c): parsing, help, the manual's synopsis and the
 * checks before a handler runs all come from it. A handler returns an exit code of DESIGN section 5
 * and prints its own errors with cli_error.
 */
#ifndef SLUICE_COMMANDS_COMMAND_H
#define SLUICE_COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "orchestrator/playbook/playbook.h"
#include "orchestrator/run/run.h"
#include "orchestrator/state/store.h"
#include "plugins/host/host.h"

enum cli_output { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_NDJSON };

enum option_id {
	OPT_INVENTORY,
	OPT_SET,
	OPT_VARS_FILE,
	OPT_LIMIT,
	OPT_YES,
	OPT_OUTPUT,
	OPT_OUT,
	OPT_REASON,
	OPT_DETACH,
	OPT_WAIT,
	OPT_TAKE_OVER,
	OPT_KEEP,
	OPT_VERBOSE,
	OPT_NO_COLOR,
	OPT_HELP,
	OPT_VERSION,
	OPT_STARTED_FD,
	OPT_FILTER,
	OPT_SORT,
	OPT_FOLLOW,
	OPT_LINES,
	OPT_WEIGHT,
	OPT_FORCE,
	OPT_LABEL,
	OPT_SOURCE,
	OPT_FROM,
	OPT_TO,
	OPT_VALUE_FILE,
	OPT_REVISION,
	OPT_EXPECT,
	OPT_TYPE,
	OPT_CREATE,
	OPT_ENABLE,
	OPT_DISABLE,
	OPT_NO_CHECK,
	OPT_COUNT
};

#define OPT_BIT(id) ((uint64_t)1 << (id))

struct option_row {
	char letter; /* 0 = long only */
	const char *name;
	const char *arg;  /* what it takes, for help; NULL = nothing */
	const char *help; /* NULL = not shown (between our own processes) */
};
extern const struct option_row option_rows[OPT_COUNT];

struct cli;

enum command_flags {
	CMD_NEEDS_STORE = 1, /* opened before the handler runs */
	CMD_MUTATES = 2      /* changes hosts, routers or runs */
};

struct command {
	const char *name, *summary;
	const char *usage; /* its arguments, for people */
	const char *about; /* sentences for `help NAME` */
	uint64_t options;  /* OPT_BIT(OPT_X); those of every command need not be named */
	unsigned flags;
	size_t min_args, max_args;
	int (*handler)(struct cli *c);
};
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);
bool command_takes(const struct command *c, enum option_id id);
/* Its letter with this command: -f is --follow where there is something to follow, else --filter.
 * 0 = none. */
char option_letter(const struct command *c, enum option_id id);

/* What was asked for, and by whom. */
struct cli {
	const struct command *command;
	const char **args;
	size_t arg_count;
	/* options */
	uint64_t given; /* OPT_BITs */
	const char *inventory, *limit, *reason, *out, *filter, *sort, *source, *older, *newer;
	const char *value_file, *revision, *expect, *type;
	const char *labels[8]; /* NAME=VALUE */
	size_t label_count;
	enum cli_output output;
	unsigned lines; /* 0 = not given */
	bool follow;
	bool yes, detach, wait, take_over, keep, no_color, force, create, enable, disable, no_check;
	int64_t weight;          /* -1 = not given */
	int verbose, started_fd; /* -1 = none */
	struct pb_set *sets;     /* vars files first, then --set */
	size_t set_count, set_cap;
	/* surroundings */
	char *who, *from;
	bool terminal;               /* standard input is one */
	bool colour, colour_err;     /* for standard output, standard error */
	struct store *store;         /* CMD_NEEDS_STORE; NULL once taken away for a child */
	struct plugin_host *plugins; /* after cli_plugins */
};

/* The whole program: parse, check, run the handler. */
int commands_main(int argc, char **argv);

/* --- cli.c --- */
/* RUN_DONE, or RUN_INPUT with the reason printed. Release in any case. */
int cli_parse(struct cli *c, int argc, char **argv);
void cli_release(struct cli *c);

/* --- context.c --- */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print *e; the exit code that its code stands for. */
int cli_fail(const struct sl_error *e);
void cli_who(struct cli *c);
int cli_open_store(struct cli *c);
/* The plugin host on the default loop, with the usual folders. */
int cli_plugins(struct cli *c);
void cli_close(struct cli *c);
/* All of it, on standard output. RUN_DONE also when the reader has left: it had enough. */
int cli_write(const char *data, size_t len);
bool cli_reader_left(void); /* does nobody read standard output any more? Cheap */
/* Print a JSON document and a newline on standard output. */
int cli_print_json(const cJSON *doc);
/* Ask on the terminal. RUN_DONE = yes; RUN_INPUT = no, or there is nobody to ask (printed). With -y
 * nobody is asked. */
int cli_confirm(const struct cli *c, const char *question);

/* --- find_run.c --- */
enum find_run { FIND_LATEST, FIND_UNFINISHED, FIND_UNDOABLE };
/* The run that the command's argument (NULL = none given) means. RUN_DONE, or an exit code with the
 * reason printed. r: yours to release. */
int cli_find_run(const struct cli *c, const char *arg, enum find_run kind, struct store_run *r);

/* --- runs.c, show.c --- */
cJSON *run_row_json(const struct store_run *r);
/* The run's plan (store) and journal as its present state. RUN_DONE or a printed failure. */
int run_view_load(const struct cli *c, const struct store_run *r, struct run_view *v);
/* What a person can do about a run that stands still: "sluice promote 12"; "" = nothing. */
void run_next_command(const struct store_run *r, const struct run_view *v, char *dst, size_t size);

/* --- control.c --- */
/* A verb on the run that the arguments mean: a control row when a controller lives, else this
 * process becomes the controller. */
int control_verb(struct cli *c, const char *verb, struct store_run *r);

/* --- carry.c: running in this process --- */
int carry_resume(struct cli *c, int64_t number, const char *verb);
int carry_undo_finished(struct cli *c, int64_t number);
int carry_start(struct cli *c, struct run_inputs *in, struct plan *plan);

/* --- detach.c --- */
/* Run `sluice ARGS...` as a session of its own; waits until it says that the run stands, or ends.
 * argv[0] is ignored. Prints how to attach. */
int detach_spawn(char **argv);
int detach_verb(struct cli *c, const char *verb, int64_t number);
/* In the child: the run stands; standard error is let go. */
void detach_started(struct cli *c, int64_t number);

/* --- console.c --- */
/* Become sluice-console with these arguments; returns only when it cannot be started. */
int console_become(char **argv);

/* --- handlers, one a file --- */
int command_console(struct cli *c);
int command_validate(struct cli *c);
int command_plan(struct cli *c);
int command_run(struct cli *c);
int command_resume(struct cli *c);
int command_retry(struct cli *c);
int command_promote(struct cli *c);
int command_pause(struct cli *c);
int command_abort(struct cli *c);
int command_undo(struct cli *c);
int command_attach(struct cli *c);
int command_runs(struct cli *c);
int command_show(struct cli *c);
int command_drain(struct cli *c); /* change.c, and the next two */
int command_enable(struct cli *c);
int command_weight(struct cli *c);
int command_get(struct cli *c);
int command_watch(struct cli *c);
int command_diff(struct cli *c);
int command_logs(struct cli *c);
int command_publish(struct cli *c);
int command_plugins(struct cli *c);
int command_schema(struct cli *c);
int command_version(struct cli *c);
int command_help(struct cli *c);
void help_print(FILE *to, const struct command *command); /* NULL = the overview */

#endif
