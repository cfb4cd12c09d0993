/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes that several files of the table share, and how the rows are written. */
#ifndef SLUICE_PLAYBOOK_SCHEMA_PARTS_H
#define SLUICE_PLAYBOOK_SCHEMA_PARTS_H

#include "orchestrator/playbook/schema.h"
#include "plugins/sdk/mem.h"

/* clang-format off */
#define SCHEMA_SHAPE(array)  {.rows = (array), .count = SL_COUNT(array)}
#define SCHEMA_ONE_OF(array) {.rows = (array), .count = SL_COUNT(array), .one = true}

#define REQUIRED SCHEMA_REQUIRED
#define NONEMPTY SCHEMA_NONEMPTY

/* The keys at the top of every playbook. */
#define SCHEMA_HEADER_KEYS                                                                    \
	{.key = "sluice", .type = SCHEMA_ENUM, .flags = REQUIRED, .words = "1",               \
	 .help = "The version of the language."},                                             \
	{.key = "kind", .type = SCHEMA_ENUM, .flags = REQUIRED,                               \
	 .words = "rollout loadTest faultDrill inventory", .help = "What this file is."},     \
	{.key = "name", .type = SCHEMA_NAME, .flags = REQUIRED,                               \
	 .help = "The name by which its runs are found; not only digits."},                   \
	{.key = "inventory", .type = SCHEMA_TEXT,                                             \
	 .help = "The inventory file, relative to this one."},                                \
	{.key = "include", .type = SCHEMA_TEXTS,                                              \
	 .help = "Files with `defaults` and `analyses`; they define, never override."},       \
	{.key = "vars", .type = SCHEMA_PAIRS,                                                 \
	 .help = "Names for $(name): a default, or `required`."},                             \
	{.key = "defaults", .type = SCHEMA_MAP, .shape = &schema_service,                     \
	 .help = "Keys for every service; mappings merge key by key."},                       \
	{.key = "analyses", .type = SCHEMA_NAMED, .shape = &schema_analysis,                  \
	 .help = "Named sets of measurements."}
/* clang-format on */

extern const struct schema_shape schema_match, schema_analysis, schema_run_item, schema_lane,
	schema_router, schema_become;

#endif
