/* SPDX-License-Identifier: Apache-2.0 */
/* The release on the host's disk: stage (try), unstage (cancel), prune (after the commit). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define STAGE_CALL_MS (30 * 60 * 1000)

static void stage_again(struct act *a);

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* "mode path base64" lines, as stage_finish takes them. */
static char *files_lines(const struct rs_instance *i)
{
	struct sl_buf b;
	sl_buf_init(&b, 64u << 20);
	for (size_t k = 0; k < i->file_count; k++) {
		const struct rs_file *f = &i->files[k];
		size_t len = f->content ? f->content_len : 0;
		char *path = sl_text_percent(f->to);
		char *coded = sl_text_base64(f->content ? f->content : "", len);
		sl_buf_printf(&b, "%04o %s %s\n", f->mode, path, coded);
		free(coded);
		free(path);
	}
	return sl_buf_take(&b);
}

static char *shared_lines(const struct pb_release *release)
{
	struct sl_buf b;
	sl_buf_init(&b, 1u << 20);
	for (size_t k = 0; k < release->shared.count; k++)
		sl_buf_printf(&b, "%s\n", release->shared.items[k]);
	return sl_buf_take(&b);
}

static void stage_finished(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, stage_again))
		return;
	act_end(a, &answer->error);
}

static void stage_finish(struct act *a)
{
	const struct run_inputs *in = a->r->in;
	char *files = files_lines(a->instance);
	char *shared = shared_lines(&in->playbook->services[0].release);
	const struct remote_arg args[] = {
		{"release", a->step->release},
		{"digest", a->step->digest},
		{"kind", artifact_kind_name(in->artifact.kind)},
		{"name", file_name(in->resolved->artifact)},
		{"shared", shared},
		{"files", files},
	};
	act_note(a, a->deadline, "verifying and unpacking");
	act_remote(a, REMOTE_STAGE_FINISH, args, SL_COUNT(args), act_left(a, STAGE_CALL_MS),
		   stage_finished);
	free(files);
	free(shared);
}

static void stage_uploaded(void *arg, const struct transport_result *result)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &result->error, stage_again))
		return;
	if (result->error.code)
		act_end(a, &result->error);
	else
		stage_finish(a);
}

static void stage_begun(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, stage_again))
		return;
	if (answer->error.code) {
		act_end(a, &answer->error);
		return;
	}
	const char *upload = remote_answer_get(answer, "upload");
	if (!upload) {
		sl_json_add_bool(act_detail(a), "present", true);
		act_ok(a);
		return;
	}
	act_note(a, a->deadline, "uploading");
	transport_put(a->host, a->r->in->resolved->artifact, upload, 0600,
		      act_left(a, STAGE_CALL_MS), stage_uploaded, a);
}

static void stage_again(struct act *a)
{
	const struct artifact *f = &a->r->in->artifact;
	char need[32];
	snprintf(need, sizeof need, "%" PRIu64, (f->size + f->unpacked) / 1024 + 1024);
	const struct remote_arg args[] = {
		{"release", a->step->release},
		{"digest", a->step->digest},
		{"need_kb", need},
	};
	act_remote(a, REMOTE_STAGE_BEGIN, args, SL_COUNT(args), act_left(a, 60000), stage_begun);
}

/* --- unstage --- */

static void unstage_again(struct act *a);

static void unstaged(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, unstage_again))
		return;
	act_end(a, &answer->error);
}

static void unstage_again(struct act *a)
{
	const struct remote_arg args[] = {{"release", a->step->release}};
	act_remote(a, REMOTE_UNSTAGE, args, SL_COUNT(args), act_left(a, 60000), unstaged);
}

/* --- prune --- */

/* Undo targets: what this run's swaps left behind must survive it. */
static char *spare_lines(const struct act *a)
{
	const struct plan *p = &a->r->view.plan;
	struct sl_buf b;
	sl_buf_init(&b, 1u << 20);
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].what == DO_SWAP && p->steps[i].prior_release)
			sl_buf_printf(&b, "%s\n", p->steps[i].prior_release);
	sl_buf_printf(&b, "%s\n", p->release ? p->release : "");
	return sl_buf_take(&b);
}

static void pruned(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	/* Old releases that stay cost disk, not the release: said, never a reason to undo it. */
	if (answer->error.code)
		sl_json_add_str(act_detail(a), "warning", answer->error.msg);
	act_ok(a);
}

static void prune_act(struct act *a)
{
	char keep[24];
	char *spare = spare_lines(a);
	snprintf(keep, sizeof keep, "%" PRId64, a->r->in->playbook->services[0].release.keep);
	const struct remote_arg args[] = {{"keep", keep}, {"spare", spare}};
	act_remote(a, REMOTE_PRUNE, args, SL_COUNT(args), act_left(a, 60000), pruned);
	free(spare);
}

const struct step_ops step_stage = {.act = stage_again};
const struct step_ops step_unstage = {.act = unstage_again};
const struct step_ops step_prune = {.act = prune_act};
