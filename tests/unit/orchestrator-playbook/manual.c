// SPDX-License-Identifier: Apache-2.0
// The manual names every key of the table, with its default.
#include "tests/unit/orchestrator-playbook/harness.h"

#include "orchestrator/playbook/schema.h"

static char *page_read(const char *path)
{
	char *text = sl_alloc(1024 * 1024);
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	text[fread(text, 1, 1024 * 1024 - 1, in)] = '\0';
	fclose(in);
	return text;
}

static void check_row(const char *page, const struct schema_row *row)
{
	char *item = sl_asprintf("\n.It Cm %s : Ar ", row->key);
	char *fallback = sl_asprintf("\n.Ql %s .\n", row->fallback ? row->fallback : "");
	bool found = strstr(page, item) && (!row->fallback || strstr(page, fallback));

	if (!found)
		print_error("not in the manual: %s (default %s)\n", row->key, row->fallback);
	assert_true(found);
	free(fallback);
	free(item);
}

static size_t check_shape(const char *page, const struct schema_shape *shape)
{
	size_t rows = shape->count;

	for (size_t i = 0; i < shape->count; i++) {
		check_row(page, &shape->rows[i]);
		if (shape->rows[i].shape)
			rows += check_shape(page, shape->rows[i].shape);
		if (shape->rows[i].map)
			rows += check_shape(page, shape->rows[i].map);
	}
	return rows;
}

static void test_playbook_page(void **state)
{
	char *page = page_read("man/sluice-playbook.5");

	(void)state;
	assert_true(check_shape(page, &schema_rollout) > 100);
	assert_true(check_shape(page, &schema_load_test) > 50);
	assert_true(check_shape(page, &schema_fault_drill) > 50);
	free(page);
}

static void test_inventory_page(void **state)
{
	char *page = page_read("man/sluice-inventory.5");

	(void)state;
	assert_true(check_shape(page, &schema_inventory) > 30);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_playbook_page),
		cmocka_unit_test(test_inventory_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
