/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs: what makes a run, from files, from a saved plan, or from the journal. The saved plan and
 * the journal hold the same document, so resume reads what run wrote and no file again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/run/inputs.h"
#include "orchestrator/run/run.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define PLAN_FILE_MAX (64u << 20)

static bool type_known(void *arg, const char *type)
{
	return plugin_host_find(arg, type) != NULL;
}

/* What the language has and `run` cannot carry out yet is refused by name, before anything else. */
static void refuse_later(struct diags *d, const struct pb_later *later, size_t count)
{
	for (size_t i = 0; i < count; i++)
		diags_error(d, later[i].at,
			    "%s cannot be carried out by this version of sluice yet",
			    later[i].what);
}

static int failed(struct run_inputs *in, const char *what, struct sl_error *e)
{
	size_t n = diags_errors(in->diags);
	sl_fail(e, SL_EINPUT, "%s: %zu error%s", what, n, n == 1 ? "" : "s");
	return RUN_INPUT;
}

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The second half, the same for every origin: check, refuse, resolve. */
static int resolve(struct run_inputs *in, const struct plugin_host *plugins, const char *salt,
		   struct sl_error *e)
{
	const char *name = basename_of(in->playbook->path);
	playbook_check_references(in->playbook, in->inventory, type_known, (void *)plugins,
				  in->diags);
	refuse_later(in->diags, in->playbook->later, in->playbook->later_count);
	refuse_later(in->diags, in->inventory->later, in->inventory->later_count);
	if (diags_errors(in->diags))
		return failed(in, name, e);
	in->resolved = inventory_resolve(in->playbook, in->inventory, in->limit, in->diags);
	if (!in->resolved)
		return failed(in, name, e);
	in->salt = sl_strdup(salt);
	return inventory_resolve_secrets(in->resolved, salt, e) ? RUN_INPUT : RUN_DONE;
}

static int check_artifact(struct run_inputs *in, struct sl_error *e)
{
	return artifact_check(in->resolved->artifact, in->resolved->sha256, &in->artifact, e)
		       ? RUN_INPUT
		       : RUN_DONE;
}

static const char *inventory_path(const struct run_load *load, const struct playbook *p)
{
	if (load->inventory)
		return load->inventory;
	return p->inventory ? p->inventory : getenv("SLUICE_INVENTORY");
}

int run_inputs_load(const struct run_load *load, const struct plugin_host *plugins,
		    const char *salt, struct run_inputs *in, struct sl_error *e)
{
	*in = (struct run_inputs){.diags = diags_new(), .limit = sl_strdup(load->limit)};
	in->sets = cJSON_CreateObject();
	for (size_t i = 0; i < load->set_count; i++) {
		cJSON_DeleteItemFromObjectCaseSensitive(in->sets, load->sets[i].name);
		sl_json_add_str(in->sets, load->sets[i].name, load->sets[i].value);
	}
	in->playbook = playbook_load(load->playbook, load->sets, load->set_count, false, in->diags);
	if (!in->playbook)
		return failed(in, load->playbook, e);
	const char *path = inventory_path(load, in->playbook);
	if (!path) {
		sl_fail(e, SL_EINPUT,
			"%s names no inventory: add `inventory: FILE`, or give -i FILE",
			load->playbook);
		return RUN_INPUT;
	}
	in->inventory = inventory_load(path, in->diags);
	if (!in->inventory)
		return failed(in, path, e);
	int rc = resolve(in, plugins, salt, e);
	return rc ? rc : check_artifact(in, e);
}

void run_inputs_release(struct run_inputs *in)
{
	if (in->resolved)
		resolved_free(in->resolved);
	if (in->inventory)
		inventory_free(in->inventory);
	if (in->playbook)
		playbook_free(in->playbook);
	if (in->diags)
		diags_free(in->diags);
	cJSON_Delete(in->sets);
	free(in->limit);
	free(in->salt);
	free(in->folder);
	free(in->inventory_folder);
	*in = (struct run_inputs){0};
}

/* --- the document --- */

/* Where a file that was read stands on this machine, so that it can be compared later. */
static void add_real_path(cJSON *object, const char *key, const char *path)
{
	char *real = realpath(path, NULL);
	sl_json_add_str(object, key, real);
	free(real);
}

cJSON *run_plan_file(const struct run_inputs *in, const struct plan *plan)
{
	cJSON *doc = cJSON_CreateObject();
	sl_json_add_str(doc, "kind", "plan");
	sl_json_add_int(doc, "v", 1);
	sl_json_add_str(doc, "playbook", in->playbook->path);
	sl_json_add_str(doc, "folder", in->playbook->folder);
	sl_json_add_str(doc, "inventory", in->inventory->path);
	sl_json_add_str(doc, "inventoryFolder", in->inventory->folder);
	sl_json_add_str(doc, "limit", in->limit);
	cJSON_AddItemToObject(doc, "sets", cJSON_Duplicate(in->sets, true));
	cJSON *texts = sl_json_add_object(doc, "texts");
	cJSON *files = sl_json_add_object(doc, "files");
	for (size_t k = 0; k < in->playbook->source_count; k++) {
		const char *path = in->playbook->sources[k].path;
		sl_json_add_str(texts, path, in->playbook->sources[k].text);
		add_real_path(files, path, path);
	}
	add_real_path(doc, "inventoryFile", in->inventory->path);
	sl_json_add_str(doc, "inventoryText", in->inventory->text);
	cJSON *a = sl_json_add_object(doc, "artifact");
	sl_json_add_int(a, "kind", in->artifact.kind);
	sl_json_add_str(a, "sha256", in->artifact.sha256);
	sl_json_add_int(a, "size", (int64_t)in->artifact.size);
	sl_json_add_int(a, "unpacked", (int64_t)in->artifact.unpacked);
	sl_json_add_int(a, "members", (int64_t)in->artifact.members);
	cJSON_AddItemToObject(doc, "plan", plan_json(plan));
	return doc;
}

static void read_artifact(const cJSON *doc, struct artifact *out)
{
	const cJSON *a = sl_json_get(doc, "artifact");
	out->kind = (enum artifact_kind)sl_json_int(a, "kind", ARTIFACT_FILE);
	snprintf(out->sha256, sizeof out->sha256, "%s", sl_json_str(a, "sha256", ""));
	out->size = (uint64_t)sl_json_int(a, "size", 0);
	out->unpacked = (uint64_t)sl_json_int(a, "unpacked", 0);
	out->members = (size_t)sl_json_int(a, "members", 0);
}

static struct pb_set *read_sets(const cJSON *sets, size_t *count)
{
	struct pb_set *out = sl_alloc_n((size_t)cJSON_GetArraySize(sets) + 1, sizeof *out);
	const cJSON *item;
	*count = 0;
	cJSON_ArrayForEach(item, sets) if (cJSON_IsString(item)) out[(*count)++] =
		(struct pb_set){item->string, item->valuestring, "--set"};
	return out;
}

int run_inputs_from_document(const cJSON *doc, const struct plugin_host *plugins, const char *salt,
			     struct run_inputs *in, struct sl_error *e)
{
	*in = (struct run_inputs){
		.diags = diags_new(),
		.limit = sl_strdup(sl_json_str(doc, "limit", NULL)),
		.folder = sl_strdup(sl_json_str(doc, "folder", "/")),
		.inventory_folder = sl_strdup(sl_json_str(doc, "inventoryFolder", "/")),
		.sets = cJSON_Duplicate(sl_json_get(doc, "sets"), true),
	};
	const char *path = sl_json_str(doc, "playbook", "playbook");
	const char *inventory = sl_json_str(doc, "inventory", "inventory");
	size_t count;
	struct pb_set *sets = read_sets(in->sets, &count);
	in->playbook = playbook_load_texts(path, sl_json_get(doc, "texts"), sets, count, in->diags);
	free(sets);
	if (!in->playbook)
		return failed(in, path, e);
	in->inventory =
		inventory_load_text(inventory, sl_json_str(doc, "inventoryText", ""), in->diags);
	if (!in->inventory)
		return failed(in, inventory, e);
	/* Relative names in them mean what they meant where the document was made. */
	in->playbook->folder = in->folder;
	in->inventory->folder = in->inventory_folder;
	read_artifact(doc, &in->artifact);
	return resolve(in, plugins, salt, e);
}

static int read_file(const char *path, struct sl_buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	char part[65536];
	ssize_t n;
	while ((n = read(fd, part, sizeof part)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			sl_buf_append(out, part, (size_t)n);
	int rc = n < 0 ? errno : out->truncated ? EFBIG : 0;
	close(fd);
	return rc;
}

/* A file that is still there must say what it said when the plan was made. */
static int same_text(const char *full, const char *text, struct sl_error *e)
{
	struct sl_buf now;
	sl_buf_init(&now, PLAN_FILE_MAX);
	int rc = full ? read_file(full, &now) : ENOENT;
	if (rc == 0 && strcmp(sl_buf_str(&now), text) != 0)
		rc = sl_fail(e, SL_EINPUT, "%s has changed since the plan was made: plan again",
			     full);
	else
		rc = 0;
	sl_buf_release(&now);
	return rc;
}

static int texts_unchanged(const cJSON *doc, struct sl_error *e)
{
	const cJSON *files = sl_json_get(doc, "files");
	const cJSON *item;
	cJSON_ArrayForEach(item, sl_json_get(doc, "texts"))
	{
		if (cJSON_IsString(item) &&
		    same_text(sl_json_str(files, item->string, NULL), item->valuestring, e))
			return RUN_INPUT;
	}
	return same_text(sl_json_str(doc, "inventoryFile", NULL),
			 sl_json_str(doc, "inventoryText", ""), e)
		       ? RUN_INPUT
		       : RUN_DONE;
}

static int same_artifact(struct run_inputs *in, struct sl_error *e)
{
	const struct artifact planned = in->artifact;
	return artifact_check(in->resolved->artifact, planned.sha256, &in->artifact, e) ? RUN_INPUT
											: RUN_DONE;
}

static cJSON *read_document(const char *path, struct sl_error *e)
{
	struct sl_buf text;
	sl_buf_init(&text, PLAN_FILE_MAX);
	int rc = read_file(path, &text);
	cJSON *doc = NULL;
	if (rc)
		sl_fail(e, SL_EINPUT, "%s: %s", path, strerror(rc));
	else
		doc = sl_json_parse(sl_buf_str(&text), text.len, e);
	sl_buf_release(&text);
	if (doc && strcmp(sl_json_str(doc, "kind", ""), "plan") != 0) {
		sl_fail(e, SL_EINPUT, "%s is no saved plan", path);
		cJSON_Delete(doc);
		doc = NULL;
	}
	return doc;
}

int run_plan_file_load(const char *path, const struct plugin_host *plugins, const char *salt,
		       struct run_inputs *in, struct plan *plan, struct sl_error *e)
{
	*in = (struct run_inputs){0};
	*plan = (struct plan){0};
	cJSON *doc = read_document(path, e);
	if (!doc)
		return RUN_INPUT;
	int rc = texts_unchanged(doc, e);
	if (!rc)
		rc = run_inputs_from_document(doc, plugins, salt, in, e);
	if (!rc)
		rc = same_artifact(in, e);
	if (!rc)
		rc = plan_from_json(sl_json_get(doc, "plan"), plan, e) ? RUN_INPUT : RUN_DONE;
	if (!rc && plan->action) {
		sl_fail(e, SL_EINPUT, "%s is no plan of a rollout", path);
		rc = RUN_INPUT;
	}
	cJSON_Delete(doc);
	return rc;
}
