/* SPDX-License-Identifier: Apache-2.0 */
/* What every command stands on: who asks, the store, plugins, errors, questions. */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

void cli_error(const char *fmt, ...)
{
	struct sl_error e = {0};
	va_list ap;

	va_start(ap, fmt);
	sl_vfail(&e, SL_EINPUT, fmt, ap);
	va_end(ap);
	fprintf(stderr, "sluice: %s\n", e.msg);
}

int cli_fail(const struct sl_error *e)
{
	cli_error("%s", e->msg[0] ? e->msg : sl_err_name(e->code));
	switch (e->code) {
	case SL_EINPUT:
	case SL_ENOTFOUND:
	case SL_EUNSUPPORTED:
	case SL_ECONFLICT:
		return RUN_INPUT;
	case SL_EHELD:
	case SL_EFENCED:
		return RUN_HELD;
	case SL_ERESOLVE:
	case SL_EREFUSED:
	case SL_EHOSTKEY:
	case SL_EAUTH:
	case SL_ENOSHELL:
		return RUN_UNREACHABLE;
	default:
		return RUN_INTERNAL;
	}
}

void cli_who(struct cli *c)
{
	const struct passwd *pw = getpwuid(geteuid());
	char host[256] = "";

	if (gethostname(host, sizeof host - 1) < 0 || !host[0])
		snprintf(host, sizeof host, "localhost");
	c->who = pw ? sl_text_clean_dup(pw->pw_name, strlen(pw->pw_name), false)
		    : sl_asprintf("uid%u", (unsigned)geteuid());
	c->from = sl_text_clean_dup(host, strlen(host), false);
}

int cli_open_store(struct cli *c)
{
	struct sl_error e = {0};

	return store_open(NULL, &c->store, &e) ? cli_fail(&e) : RUN_DONE;
}

int cli_plugins(struct cli *c)
{
	struct sl_error e = {0};

	c->plugins = plugin_host_new(uv_default_loop());
	if (plugin_host_load_default(c->plugins, &e))
		return cli_fail(&e);
	return RUN_DONE;
}

static void plugins_closed(void *arg)
{
	bool *closed = arg;

	*closed = true;
}

/* The loop turns until every handle has said goodbye. */
void cli_close(struct cli *c)
{
	bool closed = c->plugins == NULL;

	if (c->store)
		store_close(c->store);
	c->store = NULL;
	if (c->plugins)
		plugin_host_close(c->plugins, plugins_closed, &closed);
	c->plugins = NULL;
	while (!closed && uv_run(uv_default_loop(), UV_RUN_ONCE))
		;
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	uv_loop_close(uv_default_loop());
}

int cli_write(const char *data, size_t len)
{
	errno = 0;
	if (fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0)
		return RUN_DONE;
	if (errno == EPIPE)
		return RUN_DONE;
	cli_error("standard output: %s", strerror(errno));
	return RUN_INTERNAL;
}

int cli_print_json(const cJSON *doc)
{
	char *text = sl_json_print(doc);
	size_t len = strlen(text);
	int rc;

	text[len] = '\n'; /* in place of its end */
	rc = cli_write(text, len + 1);
	free(text);
	return rc;
}

bool cli_reader_left(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP));
}

/* What short commands said by printf. Full disks are told; a reader that had enough is none's
 * failure. */
static int flush_rest(int rc)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	failed |= fflush(stdout) == EOF;
	if (!failed || errno == EPIPE || cli_reader_left())
		return rc;
	if (!rc)
		cli_error("standard output: %s", errno ? strerror(errno) : "it took not all");
	return rc ? rc : RUN_INTERNAL;
}

int cli_confirm(const struct cli *c, const char *question)
{
	char line[64];
	bool yes;

	if (c->yes)
		return RUN_DONE;
	if (!c->terminal) {
		cli_error("%s There is no terminal to ask on: say -y (--yes) to go on", question);
		return RUN_INPUT;
	}
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	yes = fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
	/* The loop slept while the person thought: what starts now shall not be late already. */
	uv_update_time(uv_default_loop());
	if (yes)
		return RUN_DONE;
	fputs("Nothing was done.\n", stderr);
	return RUN_INPUT;
}

static bool no_color_wanted(void)
{
	const char *set = getenv("NO_COLOR"), *term = getenv("TERM");

	return (set && *set) || (term && !strcmp(term, "dumb"));
}

static void look_around(struct cli *c)
{
	bool plain = c->no_color || no_color_wanted();

	c->terminal = isatty(STDIN_FILENO) == 1;
	c->colour = !plain && isatty(STDOUT_FILENO) == 1;
	c->colour_err = !plain && isatty(STDERR_FILENO) == 1;
	if (c->verbose)
		sl_log_set_level(c->verbose > 1 ? SL_LOG_DEBUG : SL_LOG_INFO);
}

static int run_command(struct cli *c)
{
	int rc;

	if (c->given & OPT_BIT(OPT_HELP)) {
		help_print(stdout, c->command == command_find("help") ? NULL : c->command);
		return RUN_DONE;
	}
	cli_who(c);
	if (c->command->flags & CMD_NEEDS_STORE) {
		rc = cli_open_store(c);
		if (rc)
			return rc;
	}
	return c->command->handler(c);
}

int commands_main(int argc, char **argv)
{
	struct cli c = {.started_fd = -1, .weight = -1};
	int rc;

	if (argc > 1 && !strcmp(argv[1], "console"))
		return console_become(argv + 1);
	signal(SIGPIPE, SIG_IGN);
	look_around(&c);
	rc = cli_parse(&c, argc, argv);
	look_around(&c);
	if (!rc)
		rc = run_command(&c);
	cli_close(&c);
	cli_release(&c);
	return flush_rest(rc);
}
