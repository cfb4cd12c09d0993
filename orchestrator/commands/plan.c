/* SPDX-License-Identifier: Apache-2.0 */
/* sluice plan: look, plan, print; with --out also save. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/commands/inputs.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define PRINT_MAX (16u << 20)

/* Whole or not at all: a half plan must never be found under its name. For its owner alone: it
 * holds the values of config keys. */
static int save(const char *path, const cJSON *doc)
{
	char *text = sl_json_print(doc), *tmp = sl_asprintf("%s.tmp-%ld", path, (long)getpid());
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool bad = f == NULL;
	int rc = RUN_DONE;

	if (f) {
		bad = fputs(text, f) < 0 || fputc('\n', f) == EOF || fflush(f) == EOF ||
		      fsync(fileno(f)) < 0;
		bad = fclose(f) == EOF || bad;
		bad = bad || rename(tmp, path) < 0;
	}
	if (bad) {
		cli_error("--out %s: %s", path, strerror(errno));
		if (f)
			unlink(tmp);
		rc = RUN_INPUT;
	}
	free(tmp);
	free(text);
	return rc;
}

static int print(struct cli *c, const struct plan *plan, const struct sl_buf *text)
{
	cJSON *doc;
	int rc;

	if (c->output == OUTPUT_JSON) {
		doc = plan_json(plan);
		plan_hide(doc);
		rc = cli_print_json(doc);
		cJSON_Delete(doc);
		return rc;
	}
	if (!plan->step_count)
		puts("Nothing to change.");
	fputs(sl_buf_str(text), stdout);
	return RUN_DONE;
}

int command_plan(struct cli *c)
{
	struct plan plan = {0};
	struct run_inputs in;
	struct sl_buf text;
	cJSON *doc;
	int rc;

	sl_buf_init(&text, PRINT_MAX);
	rc = inputs_from_playbook(c, c->args[0], &in);
	if (!rc)
		rc = inputs_plan(c, &in, &plan, &text, c->colour);
	if (!rc)
		rc = print(c, &plan, &text);
	if (!rc && c->out) {
		doc = run_plan_file(&in, &plan);
		rc = save(c->out, doc);
		cJSON_Delete(doc);
		if (!rc)
			fprintf(stderr, "Saved; carry it out with: sluice run %s\n", c->out);
	}
	plan_release(&plan);
	run_inputs_release(&in);
	sl_buf_release(&text);
	return rc;
}
