/* SPDX-License-Identifier: Apache-2.0 */
/* Traces are not polled but asked for: the search behind `get traces`, and `get trace ID`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "orchestrator/commands/look.h"
#include "orchestrator/view/trace_json.h"
#include "orchestrator/view/trace_read.h"
#include "orchestrator/view/waterfall.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

enum { DEADLINE_MS = 10000, ASKED = 100, WIDTH_ELSE = 120 };
#define OUTPUT_MAX (512u << 20)

/* --- what of the filter the source can do --- */

/* NAME>VALUE or NAME>=VALUE; the value. */
static const char *term_value(const char *term, const char *name, char op)
{
	size_t len = strlen(name);

	if (strncmp(term, name, len) != 0 || term[len] != op)
		return NULL;
	return term + len + 1 + (term[len + 1] == '=');
}

static void narrow_by(struct sl_trace_query *q, const char *term)
{
	static const struct sl_label error = {.name = "error"};
	const char *longer = term_value(term, "duration", '>'), *since;
	int64_t ms;

	since = term_value(term, "start", '<');
	if (since && sl_duration_parse(since, &ms) && ms > 0)
		q->from_ms = sl_time_now() - ms;
	if (q->service) /* a source would ask this of that service's spans alone */
		return;
	if (longer && sl_duration_parse(longer, &ms) && ms > 0)
		q->min_us = ms * 1000;
	if (strcmp(term, "errors>0") == 0 || strcmp(term, "state:failed") == 0) {
		q->tags = &error;
		q->tag_count = 1;
	}
}

/* Only narrows what is asked for: the filter still sees every row. */
static void narrow(struct sl_trace_query *q, const char *filter)
{
	char *copy = sl_strdup(filter ? filter : ""), *rest = copy, *term;

	while (!strpbrk(copy, "\"/") && (term = strsep(&rest, " ")))
		narrow_by(q, term);
	free(copy);
}

/* --- asking --- */

static void on_read(void *arg, struct traces *found)
{
	*(struct traces **)arg = found;
}

static void wait_for(struct traces **found)
{
	while (!*found)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
}

void look_search(struct look *l, int64_t ms)
{
	struct sl_trace_query q = {.service = l->subject, .limit = ASKED};

	narrow(&q, l->c->filter);
	trace_read_search(uv_default_loop(), l->catalogue, &q, ms, on_read, &l->traces);
	wait_for(&l->traces);
	if (l->traces->count >= ASKED)
		fprintf(stderr,
			"These are of the newest %d traces: narrow by a service, start<15m or "
			"duration>500ms.\n",
			ASKED);
}

int look_search_verdict(const struct look *l)
{
	const struct traces *t = l->traces;
	enum sl_err code = SL_OK;

	for (size_t i = 0; i < t->source_count; i++) {
		const struct traces_source *s = &t->sources[i];

		if (!*s->error)
			continue;
		cli_error("tracing backend '%s' (%s): %s", s->name, s->type, s->error);
		code = s->code;
	}
	if (t->answered)
		return RUN_DONE;
	return code == SL_EINPUT ? RUN_INPUT : RUN_UNREACHABLE;
}

/* --- one trace --- */

static unsigned paper_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return WIDTH_ELSE;
}

static int print_lines(const struct trace *t)
{
	cJSON *doc = trace_json(t);
	const cJSON *item;
	int rc = RUN_DONE;

	cJSON_ArrayForEach(item, sl_json_get(doc, "items")) if (rc == RUN_DONE) rc =
		cli_print_json(item);
	cJSON_Delete(doc);
	return rc;
}

static int print_json(const struct trace *t)
{
	cJSON *doc = trace_json(t);
	int rc = cli_print_json(doc);

	cJSON_Delete(doc);
	return rc;
}

static int print_people(const struct trace *t, bool fold)
{
	struct sl_buf out;
	int rc;

	sl_buf_init(&out, OUTPUT_MAX);
	wf_print(t, paper_width(), fold, &out);
	rc = cli_write(sl_buf_str(&out), out.len);
	sl_buf_release(&out);
	return rc;
}

static int print_trace(const struct cli *c, const struct trace *t)
{
	if (c->output == OUTPUT_JSON)
		return print_json(t);
	if (c->output == OUTPUT_NDJSON)
		return print_lines(t);
	return print_people(t, c->output != OUTPUT_WIDE);
}

static int get_one(struct look *l, const char *id)
{
	int rc;

	trace_read_get(uv_default_loop(), l->catalogue, id, DEADLINE_MS, on_read, &l->traces);
	wait_for(&l->traces);
	rc = look_search_verdict(l);
	if (l->traces->count)
		return print_trace(l->c, l->traces->items[0]);
	if (rc)
		return rc;
	cli_error("no tracing backend has the trace '%.64s' (a wrong id, not sampled, or too old?)",
		  id);
	return RUN_INPUT;
}

int command_get_trace(struct cli *c)
{
	struct look l;
	const char *id;
	int rc;

	if (c->arg_count < 2 || c->output == OUTPUT_CSV) {
		cli_error(c->arg_count < 2 ? "get trace: which one? `sluice get traces` lists them"
					   : "a trace is a tree: -o table, wide, json or ndjson");
		return RUN_INPUT;
	}
	id = c->args[1];
	c->args[0] = "traces"; /* it stands on the same backends */
	rc = look_open(&l, c, false);
	if (!rc)
		rc = get_one(&l, id);
	look_close(&l);
	return rc;
}
