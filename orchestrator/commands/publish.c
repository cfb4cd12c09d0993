/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice publish: the value of a config key, from a file or from an older revision, as an action.
 * What stands there is read, compared and asked about; it is written only if it is still that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/acting.h"
#include "orchestrator/commands/look.h"
#include "orchestrator/view/diff_print.h"
#include "orchestrator/view/value_check.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct job {
	struct cli *c;
	const char *name;
	struct look look;
	struct key_ref ref;
	char *id;                       /* of the key, as people see it */
	struct key_history *history;    /* NULL = it is to be created */
	const struct key_version *live; /* NULL = it is not there */
	char *value;
	size_t len;
	char from[160]; /* where the value comes from, in words */
	struct backends *backends;
	struct action *action;
	int64_t number;
	struct sl_error error;
	int code;
};

/* --- what is asked --- */

static int check_words(const struct cli *c)
{
	int rc = acting_check(c, "config centre");

	if (rc)
		return rc;
	if ((c->value_file != NULL) == (c->revision != NULL)) {
		cli_error("publish what? --value-file FILE, or --revision REV of an older version");
		return RUN_INPUT;
	}
	if (c->create && c->revision) {
		cli_error("a key that is not there has no older version");
		return RUN_INPUT;
	}
	return RUN_DONE;
}

/* The one config centre, or the one that is named. */
static const char *source_to_create_in(const struct job *j)
{
	const struct catalogue *c = j->look.catalogue;
	const char *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < catalogue_source_count(c); i++) {
		struct cat_source s = catalogue_source(c, i);

		if (s.role != CAT_CONFIG || (j->c->source && strcmp(s.name, j->c->source) != 0))
			continue;
		found = s.name;
		count++;
	}
	return count == 1 ? found : NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cat_label *)a)->name, ((const struct cat_label *)b)->name);
}

/* Its labels are all those that were given. */
static int name_new(struct job *j)
{
	const struct cli *c = j->c;
	const char *source = source_to_create_in(j);
	struct cat_label labels[SL_COUNT(c->labels)];
	char *names[SL_COUNT(c->labels)];

	if (!source) {
		cli_error("--create: say in which config centre by --source");
		return RUN_INPUT;
	}
	for (size_t i = 0; i < c->label_count; i++) {
		const char *equals = strchr(c->labels[i], '=');

		names[i] = sl_strndup(c->labels[i], (size_t)(equals - c->labels[i]));
		labels[i] = (struct cat_label){names[i], equals + 1};
	}
	if (c->label_count > 1)
		qsort(labels, c->label_count, sizeof *labels, by_name);
	j->ref = key_ref_make(source, j->name, labels, c->label_count);
	for (size_t i = 0; i < c->label_count; i++)
		free(names[i]);
	return RUN_DONE;
}

static int find(struct job *j)
{
	int rc = j->c->create ? name_new(j) : look_find_key(&j->look, j->name, &j->ref);

	if (rc)
		return rc;
	j->id = key_ref_id(&j->ref);
	j->history = look_read_key(&j->look, &j->ref, &rc);
	if (rc)
		return rc;
	j->live = j->history->count ? &j->history->items[0] : NULL;
	if (!j->live && !j->c->create) {
		cli_error("'%s' is not there any more", j->id);
		return RUN_INPUT;
	}
	if (j->live && j->c->create) {
		cli_error("'%s' is there already: leave out --create", j->id);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

/* --- the value --- */

static int value_of_revision(struct job *j, const char *revision)
{
	const struct key_version *v = key_history_find(j->history, revision);

	if (!v || v->cut) {
		cli_error(v ? "revision %.64s of '%s' is larger than 1 MiB"
			    : "there is no revision %.64s of '%s'; `sluice get history` lists them",
			  revision, j->id);
		return RUN_INPUT;
	}
	j->value = sl_alloc(v->len + 1);
	memcpy(j->value, v->value, v->len);
	j->len = v->len;
	snprintf(j->from, sizeof j->from, "the value of revision %.64s", v->revision);
	return RUN_DONE;
}

static int check_value(const struct job *j)
{
	const char *type = j->c->type ? j->c->type : j->live ? j->live->type : "text";
	struct sl_error e = {0};

	if (j->c->no_check || !value_check(type, j->value, j->len, &e))
		return RUN_DONE;
	cli_error("the value does not fit the type %s of '%s': %s (--no-check publishes it "
		  "nevertheless)",
		  type, j->id, e.msg);
	return RUN_INPUT;
}

static int take_value(struct job *j)
{
	struct cli *c = j->c;
	int rc;

	if (c->revision) {
		rc = value_of_revision(j, c->revision);
	} else {
		rc = key_value_file(c->value_file, &j->value, &j->len);
		snprintf(j->from, sizeof j->from, "%.100s",
			 strcmp(c->value_file, "-") ? c->value_file : "standard input");
	}
	return rc ? rc : check_value(j);
}

/* What the caller saw is what stands there, or nothing is done. */
static int check_expected(const struct job *j)
{
	const char *is = j->live ? j->live->revision : "", *want = j->c->expect;

	if (!want || strcmp(want, is) == 0)
		return RUN_DONE;
	cli_error("'%s' is at revision %s, not %.64s as expected: someone else changed it; nothing "
		  "was changed",
		  j->id, *is ? is : "(none)", want);
	return RUN_INPUT;
}

/* --- asking --- */

static bool will_be_enabled(const struct job *j)
{
	if (j->c->enable || j->c->disable)
		return j->c->enable;
	return j->live ? j->live->enabled : true;
}

static int open_action(struct job *j)
{
	const struct sl_key_change change = {
		.key = j->ref.key,
		.labels = j->ref.labels,
		.label_count = j->ref.label_count,
		.expect_revision = j->live ? j->live->revision : "",
		.value = j->value,
		.value_len = j->len,
		.type = j->c->type,
		.enabled = will_be_enabled(j),
	};
	const char *verb = j->c->revision ? "rollback" : "publish";
	char *title = sl_asprintf("%s %s", verb, j->ref.key);
	cJSON *changes = cJSON_CreateArray();
	const char *service = NULL;
	int rc;

	for (size_t i = 0; i < j->ref.label_count; i++)
		if (strcmp(j->ref.labels[i].name, "service") == 0)
			service = j->ref.labels[i].value;
	cJSON_AddItemToArray(changes, action_key_change(j->ref.source, &change));
	rc = acting_open(j->backends, &(struct action_ask){verb, title, service, changes},
			 &j->action, &j->error);
	cJSON_Delete(changes);
	free(title);
	return rc;
}

static void print_diff(const struct job *j, FILE *to, bool colour)
{
	const struct key_version *v = j->live;
	struct diff *d = diff_new(v ? v->value : "", v ? v->len : 0, j->value, j->len);
	struct sl_buf out;

	sl_buf_init(&out, 64u << 20);
	sl_buf_printf(&out, "--- %s %s%s\n+++ %s\n", j->id, v ? "rev " : "(not there)",
		      v ? v->revision : "", j->from);
	if (d->binary)
		sl_buf_puts(&out, d->same ? "no difference\n" : "they differ, and are no text\n");
	else
		diff_print(d, DIFF_CONTEXT, colour, &out);
	if (v && v->enabled != will_be_enabled(j))
		sl_buf_printf(&out, "%s -> %s\n", v->enabled ? "enabled" : "disabled",
			      v->enabled ? "disabled" : "enabled");
	fwrite(sl_buf_str(&out), 1, out.len, to);
	sl_buf_release(&out);
	diff_free(d);
}

static int ask(const struct job *j)
{
	char question[512];

	snprintf(question, sizeof question, "Publish %s as %.200s%s?", j->from, j->id,
		 j->look.inventory->production ? ", in production" : "");
	if (!j->c->yes)
		print_diff(j, stderr, j->c->colour_err);
	return cli_confirm(j->c, question);
}

/* --- the result --- */

/* The revision that stands now; NULL = it cannot be read. Yours to free. */
static char *revision_now(const struct job *j)
{
	struct key_history *h;
	char *revision = NULL;
	int rc;

	h = look_read_key(&j->look, &j->ref, &rc);
	if (h && h->count)
		revision = sl_strdup(h->items[0].revision);
	key_history_free(h);
	return revision;
}

static int print_json(const struct job *j, const char *now)
{
	cJSON *doc = cJSON_CreateObject(), *labels;
	int rc;

	acting_add_run(doc, j->action, j->c->revision ? "rollback" : "publish");
	sl_json_add_str(doc, "key", j->ref.key);
	labels = sl_json_add_object(doc, "labels");
	for (size_t i = 0; i < j->ref.label_count; i++)
		sl_json_add_str(labels, j->ref.labels[i].name, j->ref.labels[i].value);
	sl_json_add_str(doc, "source", j->ref.source);
	sl_json_add_str(doc, "prior", j->live ? j->live->revision : NULL);
	sl_json_add_str(doc, "revision", now);
	acting_add_outcome(doc, j->action, j->code);
	rc = cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}

static int tell(struct job *j)
{
	char *now = j->code ? NULL : revision_now(j);
	int rc = RUN_DONE;

	if (j->c->output == OUTPUT_JSON)
		rc = print_json(j, now);
	else if (!j->code && !j->number)
		printf("nothing to do: '%s' is so already\n", j->id);
	else if (!j->code)
		printf("run %lld: published %s as revision %s; `sluice undo %lld` takes it back\n",
		       (long long)j->number, j->id, now ? now : "?", (long long)j->number);
	free(now);
	return j->code ? j->code : rc;
}

static int carry_out(struct job *j)
{
	j->code = acting_start(j->c, j->action, &j->error);
	j->number = action_number(j->action);
	return tell(j);
}

static int open_keys(struct job *j)
{
	int rc = look_open_keys(&j->look, j->c, j->name);

	if (!rc)
		j->backends = backends_new(uv_default_loop(), j->look.inventory, j->c->plugins);
	return rc;
}

int command_publish(struct cli *c)
{
	struct job j = {.c = c, .name = c->args[0]};
	int rc = check_words(c);

	if (rc)
		return rc;
	rc = open_keys(&j);
	if (!rc)
		rc = find(&j);
	if (!rc)
		rc = check_expected(&j);
	if (!rc)
		rc = take_value(&j);
	if (!rc)
		rc = open_action(&j);
	if (!rc && action_todo(j.action))
		rc = ask(&j);
	if (!rc)
		rc = carry_out(&j);
	action_free(j.action);
	backends_free(j.backends);
	key_history_free(j.history);
	key_ref_release(&j.ref);
	free(j.value);
	free(j.id);
	look_close(&j.look);
	return rc;
}
