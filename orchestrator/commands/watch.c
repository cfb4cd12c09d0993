/* SPDX-License-Identifier: Apache-2.0 */
/* sluice watch: the rows of a view as they change. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#include "orchestrator/commands/look.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define STORE_MS   500 /* how often the state store is looked at */
#define OUTPUT_MAX (512u << 20)

/* A row as it was printed last. */
struct printed {
	char *id, *json, *name;
	bool seen;
	UT_hash_handle hh;
};

struct watch {
	struct look look;
	struct printed *rows;
	uv_timer_t poll;
	uv_signal_t on_int, on_term;
	char *errors; /* of the sources, as they were said last */
	bool header, dirty;
	int handles, code; /* code -1 = it goes on */
};

static void handle_closed(uv_handle_t *handle)
{
	((struct watch *)handle->data)->handles--;
}

static void finish(struct watch *w, int code)
{
	if (w->code >= 0)
		return;
	w->code = code;
	uv_close((uv_handle_t *)&w->poll, handle_closed);
	uv_close((uv_handle_t *)&w->on_int, handle_closed);
	uv_close((uv_handle_t *)&w->on_term, handle_closed);
}

/* --- what changed --- */

/* A graph, and when a host was seen, move with every refresh: no change of the row. */
static char *row_text(const struct vw_table *t, size_t row, bool whole)
{
	cJSON *o = vw_row_json(t, row);
	char *text;

	for (size_t k = 0; !whole && k < t->view->column_count; k++)
		if (t->view->columns[k].kind == VW_SERIES ||
		    strcmp(t->view->columns[k].key, "seen") == 0)
			cJSON_DeleteItemFromObject(o, t->view->columns[k].key);
	text = sl_json_print(o);
	cJSON_Delete(o);
	return text;
}

/* Is this row new, or other than it was printed? */
static bool row_changed(struct watch *w, const struct vw_table *t, size_t row)
{
	const char *id = t->rows[row].id;
	char *json = row_text(t, row, false);
	struct printed *p;

	HASH_FIND_STR(w->rows, id, p);
	if (p && strcmp(p->json, json) == 0) {
		p->seen = true;
		free(json);
		return false;
	}
	if (!p) {
		p = sl_alloc(sizeof *p);
		p->id = sl_strdup(id);
		HASH_ADD_KEYPTR(hh, w->rows, p->id, strlen(p->id), p);
	}
	free(p->json);
	free(p->name);
	p->json = json;
	p->name = sl_strdup(t->rows[row].full);
	p->seen = true;
	return true;
}

static void printed_free(struct watch *w, struct printed *p)
{
	HASH_DEL(w->rows, p);
	free(p->id);
	free(p->json);
	free(p->name);
	free(p);
}

/* --- printing --- */

static bool is_json(const struct watch *w)
{
	return w->look.c->output == OUTPUT_JSON || w->look.c->output == OUTPUT_NDJSON;
}

static void put_gone(struct watch *w, const struct printed *p)
{
	cJSON *o;
	char *text;

	if (!is_json(w)) {
		printf("- %s is gone\n", p->name);
		return;
	}
	o = sl_json_parse(p->json, strlen(p->json), NULL);
	if (!o)
		return;
	sl_json_add_bool(o, "removed", true);
	text = sl_json_print(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static void put_gone_rows(struct watch *w)
{
	struct printed *p, *next;

	for (p = w->rows; p; p = next) {
		next = p->hh.next;
		if (!p->seen)
			put_gone(w, p);
		if (!p->seen)
			printed_free(w, p);
		else
			p->seen = false;
	}
}

/* The whole table is laid out, so that columns stand still; only its changed lines are printed. */
static void put_lines(struct watch *w, const struct vw_table *t, const bool *changed, size_t count)
{
	const struct cli *c = w->look.c;
	struct sl_buf out;
	const char *at;

	sl_buf_init(&out, OUTPUT_MAX);
	vw_print(t, w->look.filter, w->look.catalogue,
		 c->output == OUTPUT_WIDE ? VW_AS_WIDE : VW_AS_TABLE, sl_time_now(), c->colour,
		 &out);
	at = sl_buf_str(&out);
	for (size_t line = 0; *at && line <= count; line++) {
		const char *end = strchr(at, '\n');

		if (!end)
			break;
		if (line ? changed[line - 1] : !w->header)
			fwrite(at, 1, (size_t)(end - at) + 1, stdout);
		at = end + 1;
	}
	w->header |= count > 0;
	sl_buf_release(&out);
}

/* A source that fails, or fails otherwise than before, is said once. */
static void put_errors(struct watch *w)
{
	const struct catalogue *c = w->look.catalogue;
	struct sl_buf now;

	sl_buf_init(&now, 64u << 10);
	for (size_t i = 0; c && i < catalogue_source_count(c); i++)
		sl_buf_printf(&now, "%s\n", catalogue_source(c, i).error);
	if (!w->errors || strcmp(w->errors, sl_buf_str(&now)) != 0)
		look_verdict(&w->look);
	free(w->errors);
	w->errors = sl_buf_take(&now);
}

static void put_changes(struct watch *w)
{
	struct vw_table *t = look_table(&w->look, false);
	bool *changed = sl_alloc_n(t->count + 1, sizeof *changed), any = false;
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		char *text;

		if (!vw_filter_match(w->look.filter, t, i))
			continue;
		changed[count] = row_changed(w, t, i);
		any |= changed[count];
		if (changed[count] && is_json(w)) {
			text = row_text(t, i, true);
			puts(text);
			free(text);
		}
		count++;
	}
	if (any && !is_json(w))
		put_lines(w, t, changed, count);
	put_gone_rows(w);
	put_errors(w);
	free(changed);
	vw_table_free(t);
	if (fflush(stdout) == EOF) /* nobody reads any more */
		finish(w, RUN_DONE);
}

/* --- the loop --- */

static void on_poll(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	struct cli *c = w->look.c;

	if (c->store && store_changed(c->store))
		w->dirty = true;
	if (w->dirty)
		put_changes(w);
	w->dirty = false;
	if (cli_reader_left()) /* `watch runs | head -1` ends, though nothing changes any more */
		finish(w, RUN_DONE);
}

static void on_change(void *arg, unsigned roles)
{
	struct watch *w = arg;

	(void)roles;
	w->dirty = true;
}

static void on_host(void *arg)
{
	on_change(arg, 0);
}

static void interrupted(uv_signal_t *signal, int number)
{
	(void)number;
	finish(signal->data, RUN_INTERRUPTED);
}

static void watch_signal(struct watch *w, uv_signal_t *handle, int number)
{
	uv_signal_init(uv_default_loop(), handle);
	handle->data = w;
	uv_signal_start(handle, interrupted, number);
	w->handles++;
}

static int watch_view(struct watch *w)
{
	uv_loop_t *loop = uv_default_loop();

	w->code = -1;
	watch_signal(w, &w->on_int, SIGINT);
	watch_signal(w, &w->on_term, SIGTERM);
	uv_timer_init(loop, &w->poll);
	w->poll.data = w;
	w->handles++;
	look_settle(&w->look, 2000);
	put_changes(w);
	if (w->look.catalogue)
		catalogue_on_change(w->look.catalogue, on_change, w);
	if (w->look.hosts)
		host_looks_on_change(w->look.hosts, on_host, w);
	if (w->code < 0)
		uv_timer_start(&w->poll, on_poll, STORE_MS, STORE_MS);
	while (w->handles)
		uv_run(loop, UV_RUN_ONCE);
	return w->code;
}

static int follow_run(struct cli *c)
{
	int rc = cli_open_store(c);

	if (c->filter || c->sort || c->inventory) {
		cli_error("`sluice watch run` takes no --filter, --sort or --inventory");
		return RUN_INPUT;
	}
	c->args++;
	c->arg_count--;
	if (c->output == OUTPUT_NDJSON)
		c->output = OUTPUT_JSON;
	return rc ? rc : command_attach(c);
}

int command_watch(struct cli *c)
{
	struct watch *w;
	struct printed *p, *next;
	int rc;

	if (c->output == OUTPUT_CSV) {
		cli_error("`sluice watch -o` takes table, wide, json or ndjson");
		return RUN_INPUT;
	}
	if (strcmp(c->args[0], "run") == 0)
		return follow_run(c);
	w = sl_alloc(sizeof *w);
	rc = look_open(&w->look, c, true);
	if (!rc)
		rc = watch_view(w);
	look_close(&w->look);
	for (p = w->rows; p; p = next) {
		next = p->hh.next;
		printed_free(w, p);
	}
	free(w->errors);
	free(w);
	return rc;
}
