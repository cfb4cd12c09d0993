/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "orchestrator/view/value_check.h"
#include "plugins/sdk/mem.h"

static const struct {
	const char *type, *value;
	const char *why; /* NULL = it fits; else a part of the sentence */
} rows[] = {
	{"json", "{\"a\": [1, 2]}\n", NULL},
	{"json", "{\"a\": ", "not JSON"},
	{"json", "", NULL},
	{"yaml", "pool:\n  size: 80\n", NULL},
	{"yaml", "- { weight: 10 }\n- { weight: 90 }\n", NULL},
	{"yaml", "# 大小\n大小: 80\n", NULL},
	{"yaml", "pool:\n\tsize: 80\n", "line 2"},
	{"yaml", "pool: [80\n", "not YAML"},
	{"yaml", "size: 40\nsize: 80\n", "given twice"},
	{"yaml", "a: \xff\n", "not UTF-8"},
	{"properties", "# note\n! note\n\na=1\nb : 2\nc 3\nd\ne=\\u00e9\n f=1\\\n  2\n", NULL},
	{"properties", "a=\\u12g4\n", "four hexadecimal digits"},
	{"properties", "a=\\\\u12g4\n", NULL},
	{"ini", "; note\n[a]\nb=1\r\n", NULL},
	{"ini", "[a\n", "lacks its"},
	{"ini", "[a]\nb\n", "line 2"},
	{"int", " 42\n", NULL},
	{"int", "4x", "not a whole number"},
	{"int", "99999999999999999999", "not a whole number"},
	{"number", "-1.5e3", NULL},
	{"number", "nan", "not a number"},
	{"number", "0x1p3", "not a number"},
	{"bool", "true\n", NULL},
	{"bool", "yes", "neither"},
	{"text", "\xff\x01 whatever", NULL},
	{"xml", "<a>", NULL},
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_error e = {0};
		int rc = value_check(rows[i].type, rows[i].value, strlen(rows[i].value), &e);

		if (!rows[i].why && rc)
			fail_msg("row %zu: %s", i, e.msg);
		if (rows[i].why && (rc != SL_EINPUT || !strstr(e.msg, rows[i].why)))
			fail_msg("row %zu: %d '%s'", i, rc, e.msg);
	}
	assert_true(value_is_checked("yaml"));
	assert_false(value_is_checked("text"));
}

static void test_nul(void **state)
{
	struct sl_error e;

	(void)state;
	assert_int_equal(value_check("int", "4\0002", 3, &e), SL_EINPUT);
	assert_int_equal(value_check("json", "1\0", 2, &e), SL_EINPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
