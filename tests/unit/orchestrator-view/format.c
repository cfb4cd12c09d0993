/* SPDX-License-Identifier: Apache-2.0 */
/* Cells and formats: golden text, and never a control byte from outside. */
#include <math.h>
#include <stdio.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "tests/unit/orchestrator-view/table.h"

static char *print(enum vw_format as, const char *filter, bool colour)
{
	struct vw_table *t = sample_table();
	struct vw_filter *f = vw_filter_parse(&sample_view, filter, NULL);
	struct sl_buf out;

	assert_non_null(f);
	assert_int_equal(vw_sort(t, "", NULL), 0);
	sl_buf_init(&out, 1 << 20);
	vw_print(t, f, NULL, as, NOW, colour, &out);
	vw_filter_free(f);
	vw_table_free(t);
	return sl_buf_take(&out);
}

static void expect(enum vw_format as, const char *filter, const char *want)
{
	char *got = print(as, filter, false);

	if (strcmp(got, want) != 0)
		fail_msg("got:\n%s\nwanted:\n%s", got, want);
	free(got);
}

static void test_table(void **state)
{
	(void)state;
	expect(VW_AS_TABLE, "",
	       "S  SERVICE       STATE          UP   ERR  P99 ms  CHANGED  VERSIONS  GRAPH\n"
	       "+  orders        ok         12,870  0.1%      41      30s  4.12.1    ...@\n"
	       "!  orders10      degraded        3  3.1%     912      60m  4.9.0     ...@\n"
	       "x  orders2       failed          0   50%       -      25h  4.12.0    -\n"
	       "+  订单服务      ok              8    0%     200        -  1.0.0     ...@\n"
	       "?  支付          noContact       -     -       -        -  -         -\n"
	       "-  evil?[31m? ~  off             1    0%     1.5       1s  ?2        .+@#\n");
}

/* Every line of the table is as wide as its header's columns say, in cells. */
static void test_table_columns_line_up(void **state)
{
	char *got = print(VW_AS_TABLE, "", false), *save = NULL;
	size_t at = 0;

	(void)state;
	for (char *line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *state_word = NULL;
		static const char *const words[] = {" STATE",  " ok",        " degraded",
						    " failed", " noContact", " off"};

		for (size_t i = 0; i < SL_COUNT(words) && !state_word; i++)
			state_word = strstr(line + 3, words[i]);
		assert_non_null(state_word);
		line[state_word - line] = '\0';
		if (!at)
			at = sl_text_width(line);
		assert_int_equal(sl_text_width(line), at);
		line[strlen(line)] = ' ';
	}
	free(got);
}

static void test_wide(void **state)
{
	(void)state;
	expect(VW_AS_WIDE, "service:evil",
	       "S  SERVICE          STATE  UP  ERR  P99 ms  CHANGED  LABELS    VERSIONS  "
	       "GRAPH  ON\n"
	       "-  evil?[31m? name  off     1   0%     1.5       1s  zone=z?1  ?2        "
	       ".+@#   no\n");
}

static void test_csv(void **state)
{
	(void)state;
	expect(VW_AS_CSV, "zone=z1",
	       "service,state,up,errorShare,p99,changed,labels,versions,p99Series,enabled\n"
	       "orders,ok,12870,0.001,41,2026-01-02T02:59:30.000Z,zone=z1,4.12.1=1,0 1 2 41,true\n"
	       "orders2,failed,0,0.5,,2026-01-01T02:00:00.000Z,zone=z1,4.12.0=1,,false\n");
	expect(VW_AS_CSV, "service:evil",
	       "service,state,up,errorShare,p99,changed,labels,versions,p99Series,enabled\n"
	       "\"evil?[31m?\nname\",off,1,0,1.5,2026-01-02T02:59:59.000Z,zone=z?1,?2=1,0 1 2 "
	       "1.5,false\n");
}

static void test_ndjson(void **state)
{
	(void)state;
	expect(VW_AS_NDJSON, "支付",
	       "{\"service\":\"支付\",\"state\":\"noContact\",\"up\":null,\"errorShare\":null,"
	       "\"p99\":null,\"changed\":null,\"labels\":{\"zone\":\"华北\"},\"versions\":null,"
	       "\"p99Series\":null,\"enabled\":false}\n");
}

static void test_json(void **state)
{
	char *got = print(VW_AS_JSON, "state:bad", false);
	cJSON *doc = sl_json_parse(got, strlen(got), NULL);
	const cJSON *items = sl_json_get(doc, "items");

	(void)state;
	assert_non_null(doc);
	assert_int_equal(cJSON_GetArraySize(items), 3);
	assert_int_equal(cJSON_GetArraySize(sl_json_get(doc, "sources")), 0);
	assert_string_equal(sl_json_str(cJSON_GetArrayItem(items, 0), "service", ""), "orders10");
	assert_true(sl_json_num(cJSON_GetArrayItem(items, 0), "errorShare", 0) == 0.031);
	assert_true(cJSON_IsNull(sl_json_get(cJSON_GetArrayItem(items, 1), "p99")));
	cJSON_Delete(doc);
	free(got);
}

/* Only our own colours, and they are closed again. */
static void test_no_control_bytes(void **state)
{
	static const enum vw_format all[] = {VW_AS_TABLE, VW_AS_WIDE, VW_AS_CSV, VW_AS_JSON,
					     VW_AS_NDJSON};
	char *got;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(all); i++) {
		got = print(all[i], "", false);
		for (char *p = got; *p; p++)
			if (*p == '\n')
				*p = ' ';
		assert_true(sl_text_is_clean(got, strlen(got)));
		free(got);
	}
	got = print(VW_AS_TABLE, "orders2", true);
	assert_string_equal(got, "\033[2mS  SERVICE  STATE   UP  ERR  P99 ms  CHANGED  VERSIONS  "
				 "GRAPH\033[0m\n"
				 "\033[1;31mx\033[0m  orders2  failed   0  50%       -      25h  "
				 "4.12.0    -\n");
	free(got);
}

static void test_empty(void **state)
{
	(void)state;
	expect(VW_AS_TABLE, "nowhere", "");
	expect(VW_AS_NDJSON, "nowhere", "");
	expect(VW_AS_JSON, "nowhere", "{\"items\":[],\"sources\":[]}\n");
}

static void test_cell_numbers(void **state)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{0, "0"},
		{0.04, "0.04"},
		{0.4, "0.4"},
		{9.96, "10.0"},
		{999, "999"},
		{1000, "1,000"},
		{-1234567, "-1,234,567"},
		{12.7, "13"},
		{1e18, "1e+18"},
	};
	struct vw_table *t = sample_table();
	char text[64];

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		((struct vw_cell *)(uintptr_t)t->rows[0].cells)[UP].number = rows[i].number;
		assert_string_equal(vw_cell_text(t, 0, UP, NOW, text, sizeof text), rows[i].text);
	}
	/* a small buffer holds whole characters only */
	assert_string_equal(vw_cell_text(t, 3, NAME, NOW, text, 8), "订单");
	assert_string_equal(vw_cell_text(t, 3, NAME, NOW, text, 1), "");
	vw_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_columns_line_up),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_ndjson),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_no_control_bytes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_cell_numbers),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
