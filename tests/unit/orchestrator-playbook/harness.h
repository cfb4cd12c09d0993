/* SPDX-License-Identifier: Apache-2.0 */
/* A good playbook and a good inventory, one change to either, and what is said about it. */
#ifndef TESTS_PLAYBOOK_HARNESS_H
#define TESTS_PLAYBOOK_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/playbook/playbook.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

struct row {
	const char *find, *replace; /* in the base, exactly once */
	const char *expect;         /* all diagnostics as printed */
};

static const char harness_playbook[] = "sluice: 1\n"
				       "kind: rollout\n"
				       "name: shop\n"
				       "vars: { version: required, pool: 80 }\n"
				       "services:\n"
				       "  shop:\n"
				       "    hosts: shop\n"
				       "    version: $(version)\n"
				       "    port: 8080\n"
				       "    release: { artifact: shop.tgz, dir: /srv/shop }\n"
				       "    runtime: { process: { command: ./shop } }\n"
				       "    ready: { http: /health }\n"
				       "    drain: { timeout: 10s }\n"
				       "strategy:\n"
				       "  canary:\n"
				       "    router: { use: edge, backend: be_shop }\n"
				       "    maxUnavailable: 1\n"
				       "    steps:\n"
				       "      - upgrade: 1\n"
				       "      - setWeight: 25%\n"
				       "      - pause: {}\n";

static const char harness_inventory[] =
	"sluice: 1\n"
	"kind: inventory\n"
	"registries: { names: { type: static }, city: { type: serviceCenter } }\n"
	"routers: { edge: { type: haproxy } }\n"
	"metrics: { prom: { type: prometheus } }\n"
	"groups:\n"
	"  shop: { hosts: [\"s[1:4]\"], vars: { root: /srv } }\n"
	"  one-box: { hosts: [s1] }\n"
	"  cloud: { fromRegistry: city, service: shop }\n"
	"  a: { hosts: [s1, s2, s3] }\n"
	"  b: { hosts: [s4] }\n"
	"hosts:\n"
	"  s1: { address: 10.0.0.1 }\n";

static inline char *harness_replace(const char *text, const struct row *r)
{
	const char *at = strstr(text, r->find);

	assert_non_null(at);
	assert_null(strstr(at + 1, r->find));
	return sl_asprintf("%.*s%s%s", (int)(at - text), text, r->replace, at + strlen(r->find));
}

static inline bool harness_known(void *arg, const char *type)
{
	(void)arg;
	return strcmp(type, "serviceCenter") != 0 && strcmp(type, "prometheus") != 0;
}

/* Everything that is said about the two texts; yours to free. */
static inline char *harness_say(const char *playbook, const char *inventory)
{
	const struct pb_set set = {"version", "2.0", "--set"};
	struct diags *d = diags_new();
	cJSON *texts = cJSON_CreateObject();
	struct inventory_file *f;
	struct playbook *p;
	char *said;

	sl_json_add_str(texts, "p.yaml", playbook);
	p = playbook_load_texts("p.yaml", texts, &set, 1, d);
	f = inventory_load_text("inventory.yaml", inventory, d);
	if (p && f)
		playbook_check_references(p, f, harness_known, NULL, d);
	said = diags_text(d);
	playbook_free(p);
	inventory_free(f);
	diags_free(d);
	cJSON_Delete(texts);
	return said;
}

/* base NULL = the rows change the inventory. */
static inline void harness_rows(const struct row *rows, size_t count, const char *base)
{
	for (size_t i = 0; i < count; i++) {
		char *changed = harness_replace(base ? base : harness_inventory, &rows[i]);
		char *said = base ? harness_say(changed, harness_inventory)
				  : harness_say(harness_playbook, changed);

		if (strcmp(said, rows[i].expect))
			print_error("row %zu: %s -> %s\n", i, rows[i].find, rows[i].replace);
		assert_string_equal(said, rows[i].expect);
		free(said);
		free(changed);
	}
}

#endif
