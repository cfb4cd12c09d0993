/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/find_instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

/* In ambiguous names. */
#define LISTED_MAX 20

static void print_choice(const struct found_instance *i, bool with_service)
{
	const char *environment = i->is.environment, *host = i->is.host;
	char line[800], clean[800], at[300] = "";

	if (!host || !*host)
		host = i->is.address ? i->is.address : "";
	if (*host && i->is.port)
		snprintf(at, sizeof at, " (%s:%u)", host, i->is.port);
	else if (*host)
		snprintf(at, sizeof at, " (%s)", host);
	snprintf(line, sizeof line, "%s%s%.200s/%.200s%s", with_service ? i->is.service : "",
		 with_service ? " " : "", environment && *environment ? environment : i->source,
		 i->is.id, at);
	sl_text_clean(clean, sizeof clean, line, strlen(line), false);
	fprintf(stderr, "  %s\n", clean);
}

/* What a person may have meant: ids, hosts, host:port. */
static char *near_instance(const struct found_instances *f, const char *name)
{
	char **names = sl_alloc_n(3 * f->count + 1, sizeof *names);
	const char *near;
	char *copy;
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct sl_instance *is = &f->items[i].is;
		const char *host = is->host ? is->host : is->address;

		names[n++] = sl_text_clean_dup(is->id, strlen(is->id), false);
		if (host)
			names[n++] = sl_text_clean_dup(host, strlen(host), false);
		if (host && is->port) {
			char *at = sl_asprintf("%s:%u", host, is->port);

			names[n++] = sl_text_clean_dup(at, strlen(at), false);
			free(at);
		}
	}
	near = sl_text_nearest(name, (const char *const *)names, n);
	copy = sl_strdup(near);
	while (n)
		free(names[--n]);
	free(names);
	return copy;
}

int cli_unknown_service(struct backends *b, const char *service)
{
	const char *inventory = backends_inventory(b)->path;
	char **names, clean[128];
	size_t n = instances_services(b, &names);
	const char *near = sl_text_nearest(service, (const char *const *)names, n);

	sl_text_clean(clean, sizeof clean, service, strlen(service), false);
	if (near)
		cli_error("service '%s' has no instances in any registry of %s (did you mean "
			  "'%s'?)",
			  clean, inventory, near);
	else
		cli_error("service '%s' has no instances in any registry of %s", clean, inventory);
	while (n)
		free(names[--n]);
	free(names);
	return RUN_INPUT;
}

static int unknown(const struct backends *b, const struct found_instances *f, const char *service,
		   const char *name)
{
	const char *inventory = backends_inventory(b)->path;
	char *near = near_instance(f, name), clean[200], who[300], hint[300] = "";

	sl_text_clean(clean, sizeof clean, name, strlen(name), false);
	if (service)
		snprintf(who, sizeof who, "service '%s' has no instance '%s'", service, clean);
	else
		snprintf(who, sizeof who, "%s has no host '%s', and its registries no instance",
			 inventory, clean);
	if (near)
		snprintf(hint, sizeof hint, " (did you mean '%s'?)", near);
	else
		snprintf(hint, sizeof hint, "; `sluice get instances%s%s -i %s` lists %s%zu",
			 service ? " " : "", service ? service : "", inventory,
			 service ? "its " : "", f->count);
	cli_error("%s%s", who, hint);
	free(near);
	return RUN_INPUT;
}

static int ambiguous(const struct found_instances *f, const char *service, const char *name)
{
	char clean[200];
	size_t listed = 0;

	sl_text_clean(clean, sizeof clean, name, strlen(name), false);
	if (service)
		cli_error("'%s' means several instances of '%s'; say which one by its id, or with "
			  "its environment or registry before it:",
			  clean, service);
	else
		cli_error("'%s' means several instances; say which one with its service before "
			  "it:",
			  clean);
	for (size_t i = 0; i < f->count && listed < LISTED_MAX; i++) {
		if (!instance_answers_to(&f->items[i], name))
			continue;
		print_choice(&f->items[i], !service);
		listed++;
	}
	return RUN_INPUT;
}

int cli_find_instance(const struct backends *b, const struct found_instances *f,
		      const char *service, const char *name, size_t *at)
{
	size_t hits = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (!instance_answers_to(&f->items[i], name))
			continue;
		hits++;
		*at = i;
	}
	if (!hits)
		return unknown(b, f, service, name);
	return hits > 1 ? ambiguous(f, service, name) : RUN_DONE;
}

int cli_all_answered(const struct found_instances *f)
{
	if (f->answered == f->asked)
		return RUN_DONE;
	cli_error("%s", f->error.msg);
	return RUN_UNREACHABLE;
}
