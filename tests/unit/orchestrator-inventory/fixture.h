/* SPDX-License-Identifier: Apache-2.0 */
/* A playbook and an inventory as texts, resolved. Included by one test program each. */
#ifndef SLUICE_TEST_INVENTORY_FIXTURE_H
#define SLUICE_TEST_INVENTORY_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

struct fixture {
	struct diags *d;
	struct playbook *playbook;
	struct inventory_file *inventory;
	struct resolved *r;
	char *said; /* all diagnostics */
};

struct given {
	const char *playbook, *inventory, *limit, *folder;
	const char *include, *include_text; /* path from the folder; NULL = none */
	struct pb_set sets[2];
	size_t set_count;
};

static inline struct fixture fixture_make(const struct given *g)
{
	const char *folder = g->folder ? g->folder : "/srv/books";
	char *path = sl_asprintf("%s/book.yaml", folder);
	char *inv_path = sl_asprintf("%s/prod.yaml", folder);
	cJSON *texts = cJSON_CreateObject();
	struct fixture f = {.d = diags_new()};

	sl_json_add_str(texts, path, g->playbook);
	if (g->include) {
		char *include = sl_asprintf("%s/%s", folder, g->include);

		sl_json_add_str(texts, include, g->include_text);
		free(include);
	}
	f.playbook = playbook_load_texts(path, texts, g->sets, g->set_count, f.d);
	f.inventory = inventory_load_text(inv_path, g->inventory, f.d);
	if (f.playbook && f.inventory)
		f.r = inventory_resolve(f.playbook, f.inventory, g->limit, f.d);
	f.said = diags_text(f.d);
	cJSON_Delete(texts);
	free(path);
	free(inv_path);
	return f;
}

static inline void fixture_drop(struct fixture *f)
{
	resolved_free(f->r);
	playbook_free(f->playbook);
	inventory_free(f->inventory);
	diags_free(f->d);
	free(f->said);
}

#endif
