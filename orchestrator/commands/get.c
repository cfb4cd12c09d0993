/* SPDX-License-Identifier: Apache-2.0 */
/* sluice get: a view as it is now. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/commands/look.h"
#include "plugins/sdk/units.h"

#define DEADLINE_MS       10000
#define HOSTS_DEADLINE_MS 27000 /* connecting 10 s and the script 15 s, if they must */
#define OUTPUT_MAX        (512u << 20)

static const enum vw_format formats[] = {
	[OUTPUT_TABLE] = VW_AS_TABLE, [OUTPUT_WIDE] = VW_AS_WIDE,     [OUTPUT_JSON] = VW_AS_JSON,
	[OUTPUT_CSV] = VW_AS_CSV,     [OUTPUT_NDJSON] = VW_AS_NDJSON,
};

static int write_out(const struct sl_buf *out)
{
	if (out->truncated) {
		cli_error("the answer is larger than %u MiB: filter it", OUTPUT_MAX >> 20);
		return RUN_INPUT;
	}
	return cli_write(sl_buf_str(out), out->len);
}

int look_print(const struct look *l)
{
	struct cli *c = l->c;
	bool people = c->output == OUTPUT_TABLE || c->output == OUTPUT_WIDE;
	/* what programs read comes sorted by key, so that two answers can be compared */
	struct vw_table *t = look_table(l, !people);
	struct sl_buf out;
	int rc;

	sl_buf_init(&out, OUTPUT_MAX);
	vw_print(t, l->filter, l->catalogue, formats[c->output], sl_time_now(), c->colour, &out);
	if (people && !out.len)
		fprintf(stderr, t->count ? "No %s pass the filter.\n" : "No %s.\n", l->view->name);
	rc = write_out(&out);
	sl_buf_release(&out);
	vw_table_free(t);
	return rc;
}

/* What the view would say of hosts is said where to find, not left out in silence. */
static void say_unasked(const struct look *l)
{
	bool people = l->c->output == OUTPUT_TABLE || l->c->output == OUTPUT_WIDE;

	if (l->view->may_hosts && people && l->inventory && inventory_names_hosts(l->inventory))
		fprintf(stderr,
			"Hosts are not among these: `sluice get hosts -f state:bad -i %s` asks "
			"them over SSH.\n",
			l->c->inventory);
}

int command_get(struct cli *c)
{
	struct look l;
	int rc, verdict;

	if (strcmp(c->args[0], "trace") == 0)
		return command_get_trace(c);
	if (strcmp(c->args[0], "history") == 0)
		return command_get_history(c);
	rc = look_open(&l, c, false);
	if (!rc) {
		look_settle(&l, l.hosts ? HOSTS_DEADLINE_MS : DEADLINE_MS);
		rc = look_print(&l);
		say_unasked(&l);
		verdict = look_verdict(&l);
		rc = rc ? rc : verdict;
	}
	look_close(&l);
	return rc;
}
