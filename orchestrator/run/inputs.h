/* SPDX-License-Identifier: Apache-2.0 */
/* Inside run: inputs back from the document that run_plan_file makes (saved plans, the journal). */
#ifndef SLUICE_RUN_INPUTS_H
#define SLUICE_RUN_INPUTS_H

#include "orchestrator/run/run.h"

/* Opens no playbook or inventory file; secrets are read anew, the artifact is not looked at. */
int run_inputs_from_document(const cJSON *doc, const struct plugin_host *plugins, const char *salt,
			     struct run_inputs *in, struct sl_error *e);

#endif
