/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/run_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/view_read.h"

void run_seen_init(struct run_seen *r, const char *id)
{
	*r = (struct run_seen){.number = strtoll(id, NULL, 10)};
}

void run_seen_release(struct run_seen *r)
{
	if (r->has_row)
		store_run_release(&r->row);
	if (r->loaded)
		run_view_release(&r->view);
	*r = (struct run_seen){0};
}

static int read_row(struct run_seen *r, struct store *store, struct sl_error *e)
{
	int rc;

	if (r->has_row)
		store_run_release(&r->row);
	r->row = (struct store_run){0};
	rc = store_run_get(store, r->number, &r->row, e);
	r->has_row = !rc;
	return rc;
}

void run_seen_read_row(struct run_seen *r, struct store *store)
{
	struct sl_error e = {0};

	snprintf(r->error, sizeof r->error, "%.290s", read_row(r, store, &e) ? e.msg : "");
}

void run_seen_read(struct run_seen *r, struct store *store)
{
	struct sl_error e = {0};
	int rc = read_row(r, store, &e);

	if (!rc && !r->loaded) {
		rc = run_view_open(&r->view, store, r->number, &e);
		r->loaded = !rc;
	}
	if (!rc)
		rc = run_view_catch_up(&r->view, store, &e);
	snprintf(r->error, sizeof r->error, "%.290s", rc ? e.msg : "");
}

void run_seen_forget(struct run_seen *r)
{
	if (r->loaded)
		run_view_release(&r->view);
	r->loaded = false;
}

bool run_seen_ended(const struct run_seen *r)
{
	return r->has_row && !strcmp(r->row.state, "ended");
}

bool run_seen_alive(const struct run_seen *r)
{
	return r->has_row && store_controller_alive(&r->row.controller);
}
