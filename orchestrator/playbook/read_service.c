// SPDX-License-Identifier: Apache-2.0
// Services, with the defaults merged in.
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/read.h"
#include "orchestrator/playbook/schema_check.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static void read_ports(struct pb_reader *r, const struct pb_node *n, struct pb_service *s)
{
	struct pb_strings ports = read_strings(r, n, "ports");

	s->ports_form = pb_get(n, "ports") != NULL;
	if (!s->ports_form)
		ports = read_strings(r, n, "port");
	for (size_t i = 0; i < ports.count && s->port_count < SL_COUNT(s->ports); i++)
		if (sl_count_parse(ports.items[i], 1, 65535, &s->ports[s->port_count]))
			s->port_count++;
}

static void read_files(struct pb_reader *r, const struct pb_node *list, struct pb_release *out)
{
	if (!list || list->type != PB_LIST)
		return;
	out->files = pb_arena_array(r->arena, pb_count(list), sizeof *out->files);
	for (const struct pb_node *n = list->first; n; n = n->next)
		out->files[out->file_count++] = (struct pb_file){
			.from = read_text(n, "from"),
			.to = read_text(n, "to"),
			.mode = (unsigned)strtoul(read_word(r, n, &schema_file, "mode", NULL), NULL,
						  8),
			.substitute = read_bool(r, n, &schema_file, "substitute"),
		};
}

static void read_release(struct pb_reader *r, const struct pb_node *n, struct pb_release *out)
{
	if (n)
		out->at = pb_place(n);
	out->artifact = read_text(n, "artifact");
	out->dir = read_text(n, "dir");
	out->keep = read_count(r, n, &schema_release, "keep");
	out->stage_wave = !strcmp(read_word(r, n, &schema_release, "stage", NULL), "wave");
	out->shared = read_strings(r, n, "shared");
	read_files(r, pb_get(n, "files"), out);
}

static void read_process(struct pb_reader *r, const struct pb_node *n, struct pb_runtime *out)
{
	out->kind = PB_RUNTIME_PROCESS;
	out->command = read_command(r, n, "command");
	out->env = read_pairs(r, n, "env");
	out->stop_signal = read_word(r, n, &schema_process, "stopSignal", NULL);
	out->stop_timeout = read_duration(r, n, &schema_process, "stopTimeout");
	out->log = read_text(n, "log");
}

static void read_runtime(struct pb_reader *r, const struct pb_node *n, struct pb_runtime *out)
{
	const struct pb_node *process = pb_get(n, "process"), *commands = pb_get(n, "commands");

	if (n)
		out->at = pb_place(n);
	out->stop_signal = schema_fallback(&schema_process, "stopSignal");
	out->stop_timeout = read_duration(r, NULL, &schema_process, "stopTimeout");
	if (process) {
		read_process(r, process, out);
	} else if (commands) {
		out->kind = PB_RUNTIME_COMMANDS;
		out->start = read_command(r, commands, "start");
		out->stop = read_command(r, commands, "stop");
		out->status = read_command(r, commands, "status");
		out->env = read_pairs(r, commands, "env");
	} else if (pb_get(n, "systemd")) {
		out->kind = PB_RUNTIME_SYSTEMD;
	}
}

static void read_ready(struct pb_reader *r, const struct pb_node *n, struct pb_ready *out)
{
	const struct pb_node *version = pb_get(n, "version");

	if (n)
		out->at = pb_place(n);
	out->http = read_text(n, "http");
	out->tcp = read_bool(r, n, &schema_ready, "tcp");
	out->command = read_command(r, n, "command");
	out->from_controller = !strcmp(read_word(r, n, &schema_ready, "from", NULL), "controller");
	out->registered = read_word(r, n, &schema_ready, "registered", NULL) != NULL;
	out->version_header = read_word(r, version, NULL, "header", NULL);
	out->version_json = read_word(r, version, NULL, "json", NULL);
	out->interval = read_duration(r, n, &schema_ready, "interval");
	out->timeout = read_duration(r, n, &schema_ready, "timeout");
	out->min_healthy_time = read_duration(r, n, &schema_ready, "minHealthyTime");
	out->healthy_deadline = read_duration(r, n, &schema_ready, "healthyDeadline");
}

static void read_drain(struct pb_reader *r, const struct pb_node *n, struct pb_drain *out)
{
	const struct pb_node *until = pb_get(n, "until");

	if (n)
		out->at = pb_place(n);
	out->until_idle =
		until && until->type == PB_SCALAR && until->text && !strcmp(until->text, "idle");
	out->until_command = read_command(r, until, "command");
	out->propagation = read_duration(r, n, &schema_drain, "propagation");
	out->timeout = read_duration(r, n, &schema_drain, "timeout");
	out->fail_on_timeout = !strcmp(read_word(r, n, &schema_drain, "onTimeout", NULL), "fail");
}

void read_router(struct pb_reader *r, const struct pb_node *n, struct pb_router_use *out)
{
	if (!n || n->type != PB_MAP)
		return;
	out->at = pb_place(n);
	out->use = read_word(r, n, NULL, "use", &out->use_at);
	out->backend = read_word(r, n, NULL, "backend", &out->backend_at);
	out->server_name = read_text(n, "serverName");
}

static void read_config(struct pb_reader *r, const struct pb_node *n, struct pb_config_use *out)
{
	if (!n || n->type != PB_MAP)
		return;
	out->at = pb_place(n);
	out->use = read_word(r, n, NULL, "use", NULL);
	out->set = read_pairs(r, n, "set");
}

/* In `version` itself, $(version) is the var; everywhere else it is this. */
static void set_version(struct pb_reader *r, struct pb_service *s)
{
	bool open;
	const char *text;

	if (!s->version.text)
		return;
	text = pb_values_render(r->arena, &r->values, s->version.text, &open);
	r->values.version = open ? NULL : text;
}

static void read_service(struct pb_doc *doc, const struct pb_node *n, struct pb_service *s)
{
	struct pb_reader r = {.arena = &doc->arena,
			      .values = {.vars = doc->p.vars, .var_count = doc->p.var_count}};

	s->name = n->key;
	s->at = n->key_at;
	s->version = read_text(n, "version");
	set_version(&r, s);
	r.values.service = s->name;
	s->hosts = read_strings(&r, n, "hosts");
	s->sha256 = read_text(n, "sha256");
	s->registry.text = read_word(&r, n, NULL, "registry", &s->registry.at);
	read_ports(&r, n, s);
	read_release(&r, pb_get(n, "release"), &s->release);
	read_runtime(&r, pb_get(n, "runtime"), &s->runtime);
	read_ready(&r, pb_get(n, "ready"), &s->ready);
	read_drain(&r, pb_get(n, "drain"), &s->drain);
	read_router(&r, pb_get(n, "router"), &s->router);
	read_config(&r, pb_get(n, "config"), &s->config);
}

static void visit_later(void *arg, struct diag_at at, const char *what)
{
	pb_doc_later(arg, at, what);
}

/* Where the services of this kind stand. */
static const struct pb_node *services_of(struct pb_doc *doc, const char **path)
{
	if (doc->p.kind == PB_KIND_LOAD_TEST) {
		*path = "lane.services";
		return pb_get(pb_get(doc->p.root, "lane"), "services");
	}
	*path = "services";
	return doc->p.kind == PB_KIND_ROLLOUT ? pb_get(doc->p.root, "services") : NULL;
}

void pb_doc_read_services(struct pb_doc *doc)
{
	const char *path;
	const struct pb_node *services = services_of(doc, &path);

	if (!services || services->type != PB_MAP)
		return;
	doc->p.services = pb_arena_array(&doc->arena, pb_count(services), sizeof *doc->p.services);
	doc->service_nodes =
		pb_arena_array(&doc->arena, pb_count(services), sizeof *doc->service_nodes);
	for (const struct pb_node *n = services->first; n; n = n->next) {
		struct schema_check c = {.d = doc->d, .arena = &doc->arena};
		const struct pb_node *merged;

		if (n->type != PB_MAP)
			continue;
		merged = pb_merge(&doc->arena, n, doc->defaults);
		snprintf(c.path, sizeof c.path, "%s.%s", path, n->key);
		schema_check_merged(&c, &schema_service, merged);
		schema_visit_later(&schema_service, merged, visit_later, doc);
		doc->service_nodes[doc->p.service_count] = merged;
		read_service(doc, merged, &doc->p.services[doc->p.service_count++]);
		if (doc->p.service_count == 2)
			pb_doc_later(doc, n->key_at, "several services");
	}
}
