/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

static void test_parse(void **state)
{
	static const char *const good[] = {"{}", "[]",   " {\"a\":1} \n",           "\"x\"",
					   "1",  "null", "{\"a\":\"[[[[{{{{\\\"\"}"};
	static const char *const bad[] = {"",    " ",    "{",  "{}{}", "{} x",
					  "nul", "[1,]", "\"", "{a:1}"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(good); i++) {
		cJSON *v = sl_json_parse(good[i], strlen(good[i]), NULL);

		assert_non_null(v);
		cJSON_Delete(v);
	}
	for (size_t i = 0; i < SL_COUNT(bad); i++) {
		struct sl_error e = {0};

		assert_null(sl_json_parse(bad[i], strlen(bad[i]), &e));
		assert_int_equal(e.code, SL_EPROTO);
		assert_non_null(strstr(e.msg, "byte"));
	}
}

/* Halves of pairs, in any place: what stands alone is replaced, all else is kept. */
static void test_halves(void **state)
{
	static const struct {
		const char *text, *reads;
	} rows[] = {
		{"\"a\\ud800b\"", "a\xef\xbf\xbd"
				  "b"},
		{"\"\\uDFFF\"", "\xef\xbf\xbd"},
		{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
		{"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
		{"\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\"\\ud83d\\n\"", "\xef\xbf\xbd\n"},
		{"\"\\\\ud800\"", "\\ud800"},
		{"\"\\ud7ff\"", "\xed\x9f\xbf"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		size_t len = strlen(rows[i].text);
		char *exact = malloc(len); /* the sanitizer watches the byte after */
		struct sl_error e = {0};
		cJSON *v;

		memcpy(exact, rows[i].text, len);
		v = sl_json_parse(exact, len, &e);
		assert_string_equal(cJSON_GetStringValue(v), rows[i].reads);
		cJSON_Delete(v);
		free(exact);
	}
	assert_null(sl_json_parse("\"\\ud8", 5, NULL));
}

static void test_bounds(void **state)
{
	char deep[200], *cut, *many;
	struct sl_error e = {0};
	cJSON *v;

	(void)state;
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	assert_null(sl_json_parse(deep, 130, &e));
	assert_non_null(strstr(e.msg, "deep at byte 64"));
	v = sl_json_parse(deep + 1, 128, &e);
	assert_non_null(v);
	cJSON_Delete(v);
	/* Eight million values in sixteen million bytes would take most of a gigabyte. */
	many = malloc(16000001);
	for (size_t i = 0; i < 16000000; i += 2)
		memcpy(many + i, i ? ",1" : "[1", 2);
	many[16000000] = ']';
	assert_null(sl_json_parse(many, 16000001, &e));
	assert_non_null(strstr(e.msg, "more than 4000000 values"));
	free(many);
	/* Not terminated, and exactly as long as said: the sanitizer watches the byte after. */
	cut = malloc(4);
	memcpy(cut, "[1,2", 4);
	assert_null(sl_json_parse(cut, 4, &e));
	free(cut);
}

static void test_get(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"n\":42,\"f\":1.5,\"b\":true,\"z\":null,"
				   "\"big\":9007199254740993e3,\"o\":{\"k\":\"v\"}}";
	cJSON *v = sl_json_parse(text, strlen(text), NULL);

	(void)state;
	assert_string_equal(sl_json_str(v, "s", "?"), "x");
	assert_string_equal(sl_json_str(v, "n", "?"), "?");
	assert_string_equal(sl_json_str(v, "S", "?"), "?");
	assert_null(sl_json_str(v, "z", NULL));
	assert_int_equal(sl_json_int(v, "n", -1), 42);
	assert_int_equal(sl_json_int(v, "f", -1), -1);
	assert_int_equal(sl_json_int(v, "big", -1), -1);
	assert_int_equal(sl_json_int(v, "s", -1), -1);
	assert_true(sl_json_num(v, "f", 0) == 1.5);
	assert_true(sl_json_bool(v, "b", false));
	assert_false(sl_json_bool(v, "n", false));
	assert_string_equal(sl_json_str(sl_json_get(v, "o"), "k", "?"), "v");
	assert_null(sl_json_get(v, "none"));
	assert_int_equal(sl_json_code(v, "n"), 42);
	assert_int_equal(sl_json_code(v, "s"), 0);
	assert_int_equal(sl_json_code(v, "big"), 0);
	assert_int_equal(sl_json_code(v, "none"), 0);
	assert_string_equal(sl_json_str(NULL, "k", "?"), "?");
	cJSON_Delete(v);
}

static void test_print(void **state)
{
	cJSON *v = cJSON_CreateObject();
	char *text;

	(void)state;
	sl_json_add_str(v, "s", "a\"\n");
	sl_json_add_str(v, "none", NULL);
	sl_json_add_int(v, "n", 1767323045678);
	sl_json_add_num(v, "f", 0.25);
	sl_json_add_bool(v, "b", true);
	sl_json_add_str(sl_json_add_object(v, "o"), "k", "v");
	assert_non_null(sl_json_add_array(v, "a"));
	text = sl_json_print(v);
	assert_string_equal(text, "{\"s\":\"a\\\"\\n\",\"none\":null,\"n\":1767323045678,"
				  "\"f\":0.25,\"b\":true,\"o\":{\"k\":\"v\"},\"a\":[]}");
	free(text);
	cJSON_Delete(v);
}

static void test_splice(void **state)
{
	static const struct {
		const char *text, *value, *is; /* value NULL = away with w; is NULL = no object */
	} cases[] = {
		{"{}", "5", "{\"w\":5}"},
		{" { } ", "5", " {\"w\":5 } "},
		{"{\"a\":1}", "5", "{\"a\":1,\"w\":5}"},
		{"{\n  \"a\" : 1.0 ,\n  \"b\":2\n}\n", "5",
		 "{\n  \"a\" : 1.0 ,\n  \"b\":2,\"w\":5\n}\n"},
		{"{\"w\":1}", "\"OUT\"", "{\"w\":\"OUT\"}"},
		{"{\"b\":1e3,\"w\" : 1 ,\"a\":9007199254740993}", "5",
		 "{\"b\":1e3,\"w\" : 5 ,\"a\":9007199254740993}"},
		{"{\"w\":{\"w\":[1,{\"w\":\"}\"}]},\"a\":{\"w\":1}}", "5",
		 "{\"w\":5,\"a\":{\"w\":1}}"},
		{"{\"a\":\"\\\"w\\\":1,\",\"w\":[\"]\",\"\\\\\"]}", "5",
		 "{\"a\":\"\\\"w\\\":1,\",\"w\":5}"},
		{"{\"\\u0077\":null,\"W\":1,\"ww\":2}", "5", "{\"\\u0077\":5,\"W\":1,\"ww\":2}"},
		{"{\"w\":1,\"a\":true,\"w\":2}", "5", "{\"w\":5,\"a\":true,\"w\":5}"},
		{"\xef\xbb\xbf{\"a\":-0}", "5", "\xef\xbb\xbf{\"a\":-0,\"w\":5}"},
		{"{\"a\":1}", NULL, "{\"a\":1}"},
		{"{\"w\":1}", NULL, "{}"},
		{"{ \"w\":1 }", NULL, "{ }"},
		{"{\"w\":1, \"a\":1.50}", NULL, "{\"a\":1.50}"},
		{"{\"a\":1.50, \"w\":[1,2] }", NULL, "{\"a\":1.50 }"},
		{"{\"a\":1, \"w\":2, \"b\":\"\\/\"}", NULL, "{\"a\":1, \"b\":\"\\/\"}"},
		{"{\"a\":1,\"w\":2,\"w\":3}", NULL, "{\"a\":1}"},
		{"{\"w\":2,\"w\":3}", NULL, "{}"},
		{"[1]", "5", NULL},
		{"\"{\"", "5", NULL},
		{"", "5", NULL},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		size_t len = strlen(cases[i].text);
		char *text = sl_json_splice(cases[i].text, len, "w", cases[i].value);
		cJSON *json = text ? sl_json_parse(text, strlen(text), NULL) : NULL;
		char *is = cases[i].value && json ? sl_json_print(sl_json_get(json, "w")) : NULL;

		if (!cases[i].is) {
			assert_null(text);
			continue;
		}
		assert_string_equal(text, cases[i].is);
		assert_non_null(json);
		if (cases[i].value)
			assert_string_equal(is, cases[i].value);
		else
			assert_null(sl_json_get(json, "w"));
		cJSON_Delete(json);
		free(is);
		free(text);
	}
}

/* Every text that begins as an object does: nothing is read or written beside it. */
static void test_splice_of_anything(void **state)
{
	static const char pieces[][8] = {"{", "}", "\"w\"", "\"", ":", ",",
					 "[", "]", " ",     "1",  "\\"};
	unsigned dice = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char *text = sl_alloc_n(200, 1), *exact, *out;
		size_t len;

		strcpy(text, "{");
		for (int n = 0; n < i % 24; n++) {
			dice = dice * 1103515245 + 12345;
			strcat(text, pieces[(dice >> 16) % SL_COUNT(pieces)]);
		}
		len = strlen(text);
		exact = sl_alloc_n(len, 1); /* the sanitizer sees who reads on */
		memcpy(exact, text, len);
		out = sl_json_splice(exact, len, "w", i % 2 ? "5" : NULL);
		assert_non_null(out);
		free(out);
		free(exact);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_splice_of_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
