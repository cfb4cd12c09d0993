/* SPDX-License-Identifier: Apache-2.0 */
/* sluice help: from the tables. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define WIDTH 78

static void print_folded(FILE *to, const char *text)
{
	size_t at = 0, len;

	while (*text) {
		len = strcspn(text, " ");
		if (at && at + 1 + len > WIDTH) {
			fputc('\n', to);
			at = 0;
		}
		fprintf(to, "%s%.*s", at ? " " : "", (int)len, text);
		at += len + (at ? 1 : 0);
		text += len + strspn(text + len, " ");
	}
	fputc('\n', to);
}

static void print_option(FILE *to, const struct command *c, enum option_id id)
{
	const struct option_row *row = &option_rows[id];
	char left[64], letter = option_letter(c, id);

	if (!row->help)
		return;
	if (letter)
		snprintf(left, sizeof left, "-%c, --%s%s%s", letter, row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
	else
		snprintf(left, sizeof left, "    --%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
	fprintf(to, "  %-24s  %s\n", left, row->help);
}

static void print_command(FILE *to, const struct command *c)
{
	int id;

	fprintf(to, "usage: sluice %s %s%s[OPTIONS]\n\n", c->name, c->usage, *c->usage ? " " : "");
	fprintf(to, "%s: %s\n", c->name, c->summary);
	if (*c->about) {
		fputc('\n', to);
		print_folded(to, c->about);
	}
	fputs("\noptions:\n", to);
	for (id = 0; id < OPT_COUNT; id++)
		if (command_takes(c, (enum option_id)id))
			print_option(to, c, (enum option_id)id);
}

static void print_overview(FILE *to)
{
	size_t i;

	fputs("usage: sluice COMMAND [RUN or FILE] [OPTIONS]\n\n"
	      "Rolls releases out to hosts over SSH, gradually, with a way back.\n\n"
	      "commands:\n",
	      to);
	for (i = 0; i < command_count; i++)
		fprintf(to, "  %-9s %-14s%s%s\n", commands[i].name, commands[i].usage,
			strlen(commands[i].usage) > 14 ? "\n                           " : " ",
			commands[i].summary);
	fputs("\n`sluice help COMMAND` shows what a command takes. RUN is a number, or a "
	      "playbook's\n"
	      "name. Exit codes: 0 done, 1 internal error, 2 the input is wrong, 3 paused, 4 "
	      "rolled\n"
	      "back, 5 needs a human, 6 held by someone else, 7 unreachable, 8 hosts are owed,\n"
	      "130 interrupted.\n",
	      to);
}

void help_print(FILE *to, const struct command *command)
{
	if (command)
		print_command(to, command);
	else
		print_overview(to);
}

int command_help(struct cli *c)
{
	const struct command *about;
	const char *names[64], *near;
	size_t i;

	if (!c->arg_count) {
		help_print(stdout, NULL);
		return RUN_DONE;
	}
	about = command_find(c->args[0]);
	if (about) {
		help_print(stdout, about);
		return RUN_DONE;
	}
	for (i = 0; i < command_count && i < SL_COUNT(names); i++)
		names[i] = commands[i].name;
	near = sl_text_nearest(c->args[0], names, i);
	cli_error("there is no command '%s'%s%s%s", c->args[0], near ? " (did you mean '" : "",
		  near ? near : "", near ? "'?)" : "");
	return RUN_INPUT;
}
