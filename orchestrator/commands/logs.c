/* SPDX-License-Identifier: Apache-2.0 */
/* sluice logs: the log of an instance, from its host. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "orchestrator/commands/find_instance.h"
#include "orchestrator/view/log_tail.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define LINES_DEFAULT 200

struct logs {
	struct cli *c;
	struct inventory_file *inventory;
	struct host_looks *hosts;
	struct log_tail *tail;
	struct vw_filter *filter; /* until the log has it */
	uv_signal_t on_int, on_term;
	bool signals;
	uint64_t printed; /* number of the line that is printed next */
	char said[SL_ERROR_MAX];
	int handles, code; /* code -1 = it goes on */
};

static void mark_closed(void *arg)
{
	*(bool *)arg = true;
}

static void finish(struct logs *l, int code)
{
	if (l->code < 0)
		l->code = code;
}

/* --- printing --- */

static void print_json(const struct log_line *line)
{
	cJSON *o = cJSON_CreateObject();
	char *text;

	sl_json_add_str(o, "line", line->text);
	sl_json_add_str(o, "level",
			line->state == VW_FAILED     ? "error"
			: line->state == VW_DEGRADED ? "warn"
						     : "info");
	text = sl_json_print(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static void print_line(const struct logs *l, const struct log_line *line)
{
	bool json = l->c->output == OUTPUT_JSON || l->c->output == OUTPUT_NDJSON;

	if (line->state == VW_WAITING)
		fprintf(stderr, "%s\n", line->text);
	else if (json)
		print_json(line);
	else
		puts(line->text);
}

static void print_new(struct logs *l)
{
	struct log_lines *lines = log_tail_lines(l->tail);
	uint64_t first = log_lines_dropped(lines);

	if (first > l->printed)
		fprintf(stderr, "-- %llu lines came too fast and are left out --\n",
			(unsigned long long)(first - l->printed));
	for (size_t i = log_lines_find(lines, l->printed); i < log_lines_count(lines); i++)
		print_line(l, log_lines_at(lines, i));
	l->printed = log_lines_total(lines);
	if (fflush(stdout) == EOF) /* nobody reads any more */
		finish(l, RUN_DONE);
}

static void say_once(struct logs *l)
{
	const char *error = log_tail_error(l->tail);

	if (*error && strcmp(error, l->said) != 0)
		fprintf(stderr, "sluice: %s; trying again\n", error);
	snprintf(l->said, sizeof l->said, "%s", error);
}

static int ended(const struct log_tail *t)
{
	struct sl_error e = {.code = log_tail_code(t)};

	if (!e.code)
		return RUN_DONE;
	snprintf(e.msg, sizeof e.msg, "%s", log_tail_error(t));
	if (e.code == SL_ENOTFOUND) {
		cli_error("%s", e.msg);
		return RUN_INPUT;
	}
	return cli_fail(&e);
}

static void on_change(void *arg)
{
	struct logs *l = arg;

	if (l->code >= 0)
		return;
	print_new(l);
	switch (log_tail_phase(l->tail)) {
	case LOG_UNKNOWN:
		cli_error("%s: say HOST:/FILE", log_tail_error(l->tail));
		finish(l, RUN_INPUT);
		break;
	case LOG_ENDED:
		finish(l, ended(l->tail));
		break;
	case LOG_LOST:
		say_once(l);
		break;
	default:
		break;
	}
}

/* --- the loop --- */

static void interrupted(uv_signal_t *signal, int number)
{
	(void)number;
	finish(signal->data, RUN_INTERRUPTED);
}

static void handle_closed(uv_handle_t *handle)
{
	((struct logs *)handle->data)->handles--;
}

static void signals_open(struct logs *l)
{
	uv_signal_init(uv_default_loop(), &l->on_int);
	uv_signal_init(uv_default_loop(), &l->on_term);
	l->on_int.data = l->on_term.data = l;
	uv_signal_start(&l->on_int, interrupted, SIGINT);
	uv_signal_start(&l->on_term, interrupted, SIGTERM);
	l->handles = 2;
	l->signals = true;
}

static int follow(struct logs *l, const char *subject)
{
	const struct log_ask ask = {.subject = subject,
				    .lines = l->c->lines ? l->c->lines : LINES_DEFAULT,
				    .once = !l->c->follow};
	struct sl_error e = {0};

	l->tail = log_tail_open(l->hosts, uv_default_loop(), &ask, on_change, l, &e);
	if (!l->tail)
		return cli_fail(&e);
	log_lines_filter(log_tail_lines(l->tail), l->filter);
	l->filter = NULL;
	signals_open(l);
	l->code = -1;
	while (l->code < 0)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	return l->code;
}

/* --- whose log --- */

static int place_of(const struct logs *l, const struct sl_instance *is, const char *name,
		    char **subject)
{
	char place[600];

	if (!host_looks_place(l->hosts, is->host, is->address, is->port, place, sizeof place)) {
		cli_error("its registry does not say on which host '%s' is", name);
		return RUN_INPUT;
	}
	*subject = sl_strdup(place);
	return RUN_DONE;
}

/* service NULL = of any; where no registry can be asked it is a host that is not known. One that
 * was found is read, though another registry is silent. */
static int choose(struct logs *l, struct backends *b, const char *service, const char *name,
		  char **subject)
{
	struct found_instances found;
	struct sl_error e = {0};
	size_t at = 0, hits = 0;
	int rc = RUN_DONE;

	if (instances_find(b, service, &found, &e)) {
		*subject = sl_strdup(name);
		return service ? cli_fail(&e) : RUN_DONE;
	}
	for (size_t i = 0; i < found.count; i++)
		hits += instance_answers_to(&found.items[i], name);
	if (!hits)
		rc = cli_all_answered(&found);
	if (!rc && service && !found.count)
		rc = cli_unknown_service(b, service);
	if (!rc)
		rc = cli_find_instance(b, &found, service, name, &at);
	if (!rc)
		rc = place_of(l, &found.items[at].is, name, subject);
	instances_release(&found);
	return rc;
}

static int find_instance(struct logs *l, const char *service, const char *name, char **subject)
{
	struct backends *b;
	int rc = cli_plugins(l->c);

	if (rc)
		return rc;
	b = backends_new(uv_default_loop(), l->inventory, l->c->plugins);
	rc = choose(l, b, service, name, subject);
	backends_free(b);
	return rc;
}

/* subject: yours to free in any case. */
static int find_subject(struct logs *l, char **subject)
{
	const char *first = l->c->args[0];

	if (l->c->arg_count == 2)
		return find_instance(l, first, l->c->args[1], subject);
	if (!strstr(first, ":/") && !log_tail_knows(l->hosts, first))
		return find_instance(l, NULL, first, subject);
	*subject = sl_strdup(first);
	return RUN_DONE;
}

static int open_hosts(struct logs *l)
{
	struct sl_error e = {0};
	struct diags *d;

	if (!l->c->inventory) {
		cli_error("logs are read on the hosts of an inventory: say -i INVENTORY");
		return RUN_INPUT;
	}
	l->filter = vw_filter_parse(&log_lines_view, l->c->filter ? l->c->filter : "", &e);
	if (!l->filter)
		return cli_fail(&e);
	d = diags_new();
	l->inventory = inventory_load(l->c->inventory, d);
	diags_print(d, stderr, l->c->colour_err);
	diags_free(d);
	if (!l->inventory)
		return RUN_INPUT;
	l->hosts = host_looks_open(uv_default_loop(), l->inventory, l->c->store, &e);
	return l->hosts ? RUN_DONE : cli_fail(&e);
}

/* The log first: its program on the host must have ended before the connection goes. */
static void close_all(struct logs *l)
{
	bool closed = l->hosts == NULL;

	log_tail_close(l->tail);
	if (l->signals) {
		uv_close((uv_handle_t *)&l->on_int, handle_closed);
		uv_close((uv_handle_t *)&l->on_term, handle_closed);
	}
	if (l->hosts)
		host_looks_close(l->hosts, mark_closed, &closed);
	while (!closed || l->handles)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	inventory_free(l->inventory);
	vw_filter_free(l->filter);
}

int command_logs(struct cli *c)
{
	struct logs l = {.c = c};
	char *subject = NULL;
	int rc;

	if (c->output == OUTPUT_CSV) {
		cli_error("`sluice logs -o` takes table, json or ndjson");
		return RUN_INPUT;
	}
	rc = open_hosts(&l);
	if (!rc)
		rc = find_subject(&l, &subject);
	if (!rc)
		rc = follow(&l, subject);
	close_all(&l);
	free(subject);
	return rc;
}
