/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/sdk/mem.h"

static const struct {
	const char *text;
	const char *names; /* joined with spaces; NULL = refused */
	const char *says;
} rows[] = {
	{"oa", "oa", NULL},
	{"oa[01:03]", "oa01 oa02 oa03", NULL},
	{"gw[1:4]", "gw1 gw2 gw3 gw4", NULL},
	{"gw[8:11]", "gw8 gw9 gw10 gw11", NULL},
	{"gw[08:11]", "gw08 gw09 gw10 gw11", NULL},
	{"gw[0:1]", "gw0 gw1", NULL},
	{"gw[5:5].example", "gw5.example", NULL},
	{"a[1:2]-b[01:02]", "a1-b01 a1-b02 a2-b01 a2-b02", NULL},
	{"[1:2]", "1 2", NULL},
	{"10.0.[0:1].[9:10]", "10.0.0.9 10.0.0.10 10.0.1.9 10.0.1.10", NULL},
	{"", NULL, "an empty name"},
	{"a[", NULL, "not a range"},
	{"a[1]", NULL, "expected NAME[FIRST:LAST]"},
	{"a[1:]", NULL, "not a range"},
	{"a[:2]", NULL, "not a range"},
	{"a[a:c]", NULL, "not a range"},
	{"a[1:9:2]", NULL, "not a range"},
	{"a[1:2", NULL, "not a range"},
	{"a1:2]", NULL, "']' without '['"},
	{"a[-1:2]", NULL, "not a range"},
	{"a[ 1:2]", NULL, "not a range"},
	{"a[3:1]", NULL, "runs backwards"},
	{"a[01:100]", NULL, "same width"},
	{"a[001:02]", NULL, "same width"},
	{"a[1:02]", NULL, "only the end"},
	{"a[1:10001]", NULL, "more than 10000"},
	{"a[1:101][1:100]", NULL, "more than 10000"},
	{"a[1:9999999][1:9999999][1:9999999]", NULL, "more than 10000"},
	{"a[1:99999999]", NULL, "not a range"},
	{"a[1:2][1:1][1:1][1:1][1:1][1:1][1:1][1:1][1:1]", NULL, "more than 8 ranges"},
};

static char *join(char **names, size_t count)
{
	char *all = sl_strdup("");

	for (size_t i = 0; i < count; i++) {
		char *more = sl_asprintf("%s%s%s", all, i ? " " : "", names[i]);

		free(all);
		free(names[i]);
		all = more;
	}
	free(names);
	return all;
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_error e = {.code = SL_OK};
		char **names, *all;
		size_t count;
		int rc = inventory_range_expand(rows[i].text, &names, &count, &e);

		all = join(names, count);
		if (rows[i].names) {
			assert_int_equal(rc, SL_OK);
			assert_string_equal(all, rows[i].names);
		} else {
			assert_int_equal(count, 0);
			if (rc != SL_EINPUT || !strstr(e.msg, rows[i].says))
				fail_msg("%s: '%s'", rows[i].text, e.msg);
		}
		free(all);
	}
}

static void test_as_many_as_allowed(void **state)
{
	struct sl_error e;
	char **names;
	size_t count;

	(void)state;
	assert_int_equal(inventory_range_expand("h[0001:9999]x[1:1]", &names, &count, &e), SL_OK);
	assert_int_equal(count, 9999);
	assert_string_equal(names[9998], "h9999x1");
	free(join(names, count));
}

/* A long name with ranges in it stays within its buffer. */
static void test_long(void **state)
{
	char text[300];
	struct sl_error e;
	char **names;
	size_t count;

	(void)state;
	memset(text, 'a', sizeof text);
	strcpy(text + 248, "[1:2]");
	assert_int_equal(inventory_range_expand(text, &names, &count, &e), SL_OK);
	assert_int_equal(count, 2);
	free(join(names, count));
	strcpy(text + 250, "[1:2]");
	assert_int_equal(inventory_range_expand(text, &names, &count, &e), SL_EINPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_as_many_as_allowed),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
