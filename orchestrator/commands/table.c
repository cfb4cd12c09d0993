/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands and the table of options. */
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"

const struct option_row option_rows[OPT_COUNT] = {
	[OPT_INVENTORY] = {'i', "inventory", "FILE", "use this inventory, not the playbook's"},
	[OPT_SET] = {0, "set", "NAME=TEXT", "set a variable of the playbook; may be given again"},
	[OPT_VARS_FILE] = {0, "vars-file", "FILE", "set variables from a YAML or JSON map"},
	[OPT_LIMIT] = {0, "limit", "HOSTS",
		       "touch only these hosts, groups or ranges (a comma list)"},
	[OPT_YES] = {'y', "yes", NULL, "ask nothing"},
	[OPT_OUTPUT] = {'o', "output", "FORMAT", "table, wide or json; get also csv, ndjson"},
	[OPT_OUT] = {0, "out", "FILE", "save the plan, for `sluice run FILE`"},
	[OPT_REASON] = {0, "reason", "TEXT", "why; kept in the journal"},
	[OPT_DETACH] = {0, "detach", NULL, "run in the background; means --wait"},
	[OPT_WAIT] = {0, "wait", NULL, "wait at pauses without a terminal too"},
	[OPT_TAKE_OVER] = {0, "take-over", NULL,
			   "take hosts that another run holds (needs --reason)"},
	[OPT_KEEP] = {0, "keep", NULL, "stop there, take nothing back"},
	[OPT_VERBOSE] = {'v', "verbose", NULL, "say more; -vv for everything"},
	[OPT_NO_COLOR] = {0, "no-color", NULL, "no colour, no drawing in place"},
	[OPT_HELP] = {'h', "help", NULL, "show this help"},
	[OPT_VERSION] = {0, "version", NULL, "show the version"},
	[OPT_STARTED_FD] = {0, "started-fd", "FD", NULL},
	[OPT_FILTER] = {'f', "filter", "TERMS", "only these rows: 'state:bad p99>200 !test'"},
	[OPT_SORT] = {0, "sort", "COLUMN", "order by a column; -COLUMN for the other way round"},
	[OPT_FOLLOW] = {0, "follow", NULL, "go on with what is written"},
	[OPT_LINES] = {0, "lines", "N", "begin with the newest N (200; at most 10000)"},
	[OPT_WEIGHT] = {0, "weight", "N", "the weight that the instances shall have"},
	[OPT_FORCE] = {0, "force", NULL, "also when no instance stays in service"},
	[OPT_LABEL] = {0, "label", "NAME=VALUE", "the key that has this label; may be given again"},
	[OPT_SOURCE] = {0, "source", "NAME", "the config centre that holds the key"},
	[OPT_FROM] = {0, "from", "REV", "the older revision; else the one before"},
	[OPT_TO] = {0, "to", "REV", "the newer revision; else the live one"},
	[OPT_VALUE_FILE] = {0, "value-file", "FILE", "the value; - is standard input"},
	[OPT_REVISION] = {0, "revision", "REV", "the value that this older revision had"},
	[OPT_EXPECT] = {0, "expect", "REV", "only if this revision is still the live one"},
	[OPT_TYPE] = {0, "type", "TYPE", "make the key of this type: text, yaml, json ..."},
	[OPT_CREATE] = {0, "create", NULL, "make the key, which is not there yet"},
	[OPT_ENABLE] = {0, "enable", NULL, "switch the key on"},
	[OPT_DISABLE] = {0, "disable", NULL, "switch the key off: clients do not get it"},
	[OPT_NO_CHECK] = {0, "no-check", NULL, "whether or not the value fits its type"},
};

#define CHANGED_MAX 1001 /* a service and its instances */
#define O(id)       OPT_BIT(OPT_##id)
#define EVERYWHERE  (O(VERBOSE) | O(NO_COLOR) | O(HELP) | O(VERSION) | O(OUTPUT))
#define LOADS       (O(INVENTORY) | O(SET) | O(VARS_FILE) | O(LIMIT))
#define CHANGES     (O(INVENTORY) | O(YES) | O(REASON) | O(FORCE))
#define CARRIES     (O(YES) | O(REASON) | O(DETACH) | O(WAIT) | O(TAKE_OVER) | O(STARTED_FD))

const struct command commands[] = {
	{.name = "validate",
	 .summary = "check a playbook or an inventory",
	 .usage = "FILE",
	 .about = "Reads YAML files only: no host, no backend and no environment is touched. All "
		  "problems are printed at once, as FILE:LINE:COLUMN. Required variables may be "
		  "left "
		  "open.",
	 .options = O(INVENTORY) | O(SET) | O(VARS_FILE),
	 .min_args = 1,
	 .max_args = 1,
	 .handler = command_validate},
	{.name = "plan",
	 .summary = "show exactly what run would do",
	 .usage = "PLAYBOOK",
	 .about = "Looks at the hosts and routers, changes nothing. --out saves the plan; `sluice "
		  "run "
		  "FILE` then does that and nothing else, and refuses when the world has changed.",
	 .options = LOADS | O(OUT),
	 .flags = CMD_NEEDS_STORE,
	 .min_args = 1,
	 .max_args = 1,
	 .handler = command_plan},
	{.name = "run",
	 .summary = "carry out a playbook, or a saved plan",
	 .usage = "PLAYBOOK|PLAN",
	 .about =
		 "Plans, asks, and walks the plan, journaling every step before it is done. Ctrl-C "
		 "asks what to do; a hang-up detaches and goes on.",
	 .options = LOADS | CARRIES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .min_args = 1,
	 .max_args = 1,
	 .handler = command_run},
	{.name = "resume",
	 .summary = "go on after an operator's pause or a crash",
	 .usage = "[RUN]",
	 .about = "Settles steps whose outcome is unknown, then goes on. RUN is a number or a "
		  "playbook's name; without it, the only unfinished run.",
	 .options = CARRIES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .max_args = 1,
	 .handler = command_resume},
	{.name = "promote",
	 .summary = "pass the pause at which a run stands",
	 .usage = "[RUN]",
	 .about = "Says which pause it passes; a run that stands at none is left alone (exit 2).",
	 .options = CARRIES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .max_args = 1,
	 .handler = command_promote},
	{.name = "pause",
	 .summary = "stop a run after the steps in hand",
	 .usage = "[RUN]",
	 .about = "`sluice resume` goes on.",
	 .options = O(REASON) | O(YES),
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .max_args = 1,
	 .handler = command_pause},
	{.name = "retry",
	 .summary = "run a run's failed steps again",
	 .usage = "[RUN]",
	 .about = "For a run that stopped at a failure instead of taking everything back.",
	 .options = CARRIES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .max_args = 1,
	 .handler = command_retry},
	{.name = "abort",
	 .summary = "stop a run and take it back",
	 .usage = "[RUN]",
	 .about = "Traffic first, then the instances, newest first. --keep stops there instead.",
	 .options = CARRIES | O(KEEP),
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .max_args = 1,
	 .handler = command_abort},
	{.name = "undo",
	 .summary = "take a whole run back, finished or not",
	 .usage = "[RUN]",
	 .about = "Works while the old releases are kept on the hosts. The undo of a finished run "
		  "is a "
		  "run of its own; an undo is not undone: run the playbook again.",
	 .options = CARRIES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .max_args = 1,
	 .handler = command_undo},
	{.name = "attach",
	 .summary = "watch a run; exits with its code",
	 .usage = "[RUN]",
	 .about = "Ctrl-C leaves; the run goes on. -o json prints its events, one a line.",
	 .flags = CMD_NEEDS_STORE,
	 .max_args = 1,
	 .handler = command_attach},
	{.name = "runs",
	 .summary = "list runs, newest first",
	 .usage = "[RUN]",
	 .about = "With a playbook's name all of that name; with a number that one.",
	 .flags = CMD_NEEDS_STORE,
	 .max_args = 1,
	 .handler = command_runs},
	{.name = "show",
	 .summary = "show a run: waves, steps, traffic, why it failed",
	 .usage = "[RUN]",
	 .about = "Without RUN, the latest. -o wide lists every step.",
	 .flags = CMD_NEEDS_STORE,
	 .max_args = 1,
	 .handler = command_show},
	{.name = "drain",
	 .summary = "take instances out of service, in their registry",
	 .usage = "SERVICE INSTANCE...",
	 .about =
		 "Marks them OUT, so that callers stop choosing them; the processes go on. "
		 "INSTANCE "
		 "is an id, a host or host:port, as `sluice get instances` prints them. A run of "
		 "its own: `sluice undo` puts back what was. All or nothing: when one cannot be "
		 "marked, those before it are put back. Refused (2) when no instance would stay in "
		 "service, and (6) while an unfinished run is at work on the service.",
	 .options = CHANGES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .min_args = 2,
	 .max_args = CHANGED_MAX,
	 .handler = command_drain},
	{.name = "enable",
	 .summary = "put instances back into service, in their registry",
	 .usage = "SERVICE INSTANCE...",
	 .about = "Marks them UP. Everything else is as with `sluice drain`.",
	 .options = CHANGES,
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .min_args = 2,
	 .max_args = CHANGED_MAX,
	 .handler = command_enable},
	{.name = "weight",
	 .summary = "give instances a weight, in their registry",
	 .usage = "SERVICE INSTANCE... --weight N",
	 .about = "Only callers that look at weights care. Everything else is as with `sluice "
		  "drain`.",
	 .options = CHANGES | O(WEIGHT),
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .min_args = 2,
	 .max_args = CHANGED_MAX,
	 .handler = command_weight},
	{.name = "get",
	 .summary = "show services, instances, hosts, keys, runs, releases, events or traces",
	 .usage = "VIEW [SUBJECT] | trace ID | history KEY",
	 .about = "Asks every backend of the inventory that has to do with the view and waits 10 s "
		  "at most; `hosts` and `processes` ask the hosts over SSH. SUBJECT is a service, "
		  "of runs a playbook's name or a number, of hosts and processes a host. Traces "
		  "are the newest "
		  "100; `start<15m`, and without a service `duration>500ms` and `errors>0`, are "
		  "asked of the backend. `get trace ID` draws one. `get history KEY` lists the "
		  "versions of a config key. Exit 7 when no source answered.",
	 .options = O(INVENTORY) | O(FILTER) | O(SORT) | O(LABEL) | O(SOURCE),
	 .min_args = 1,
	 .max_args = 2,
	 .handler = command_get},
	{.name = "diff",
	 .summary = "show what differs between versions of a config key, or two keys",
	 .usage = "KEY [OTHER]",
	 .about =
		 "The live version against the one before it, or as --from and --to say; "
		 "--value-file "
		 "compares a file with the live version. KEY is a name, made unique by --label and "
		 "--source, or NAME/LABEL=VALUE@SOURCE as `get history` spells it; with OTHER two "
		 "keys "
		 "are compared as they are now. -o wide shows unchanged lines too.",
	 .options = O(INVENTORY) | O(LABEL) | O(SOURCE) | O(FROM) | O(TO) | O(VALUE_FILE),
	 .min_args = 1,
	 .max_args = 2,
	 .handler = command_diff},
	{.name = "publish",
	 .summary = "set a config key, or put an older revision back",
	 .usage = "KEY",
	 .about =
		 "The value comes from --value-file or from --revision. KEY as with `sluice diff`. "
		 "Shows the difference and asks; the value is checked against the key's type, and "
		 "written only while the key is what was shown: when someone else changes it, "
		 "nothing is (2). A run of its own: `sluice undo` puts back what was.",
	 .options = O(INVENTORY) | O(YES) | O(REASON) | O(LABEL) | O(SOURCE) | O(VALUE_FILE) |
		    O(REVISION) | O(EXPECT) | O(TYPE) | O(CREATE) | O(ENABLE) | O(DISABLE) |
		    O(NO_CHECK),
	 .flags = CMD_NEEDS_STORE | CMD_MUTATES,
	 .min_args = 1,
	 .max_args = 1,
	 .handler = command_publish},
	{.name = "watch",
	 .summary = "print the rows of a view as they change, or follow a run",
	 .usage = "VIEW [SUBJECT] | run [RUN]",
	 .about = "All rows first, then those that changed; -o json prints one object a line. "
		  "`watch "
		  "run` is attach and exits with the run's code. Ctrl-C leaves.",
	 .options = O(INVENTORY) | O(FILTER) | O(SORT),
	 .min_args = 1,
	 .max_args = 2,
	 .handler = command_watch},
	{.name = "logs",
	 .summary = "print the log of an instance, from its host",
	 .usage = "HOST[:PORT]|HOST:/FILE|[SERVICE] INSTANCE",
	 .about = "The file that the instance was started with, or its systemd unit's journal; "
		  "HOST is a name or an address of the inventory. Without a port, of the instance "
		  "there that is not well. INSTANCE is what a registry of the inventory calls it, "
		  "as `sluice get instances` prints it; after a SERVICE also its host or "
		  "host:port. With -f it goes on after a lost connection; Ctrl-C "
		  "leaves, and nothing is left running there. --filter takes words, !term, /re/, "
		  "level:error.",
	 .options = O(INVENTORY) | O(FILTER) | O(FOLLOW) | O(LINES),
	 .flags = CMD_NEEDS_STORE,
	 .min_args = 1,
	 .max_args = 2,
	 .handler = command_logs},
	{.name = "console",
	 .summary = "the terminal console: runs, services, config, events, live",
	 .usage = "[-i INVENTORY] [VIEW]",
	 .about = "Starts read-only; ? shows all keys. `sluice console --help` lists its options; "
		  "see "
		  "sluice-console(1).",
	 .max_args = 1,
	 .handler = command_console},
	{.name = "plugins",
	 .summary = "list plugins and the settings they take",
	 .usage = "[NAME]",
	 .about = "A plugin that was refused is listed with the reason.",
	 .max_args = 1,
	 .handler = command_plugins},
	{.name = "schema",
	 .summary = "print the JSON Schema of a kind, for editors",
	 .usage = "KIND",
	 .about = "KIND is rollout, loadTest, faultDrill or inventory.",
	 .min_args = 1,
	 .max_args = 1,
	 .handler = command_schema},
	{.name = "version",
	 .summary = "print the version",
	 .usage = "",
	 .about = "",
	 .handler = command_version},
	{.name = "help",
	 .summary = "show help, of one command with its name",
	 .usage = "[COMMAND]",
	 .about = "",
	 .max_args = 1,
	 .handler = command_help},
};
const size_t command_count = SL_COUNT(commands);

const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

bool command_takes(const struct command *c, enum option_id id)
{
	return ((c->options | EVERYWHERE) & OPT_BIT(id)) != 0;
}

char option_letter(const struct command *c, enum option_id id)
{
	bool follows = c && command_takes(c, OPT_FOLLOW);

	if (follows && (id == OPT_FILTER || id == OPT_FOLLOW))
		return id == OPT_FOLLOW ? 'f' : 0;
	return option_rows[id].letter;
}
