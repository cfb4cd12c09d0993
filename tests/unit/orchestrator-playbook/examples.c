// SPDX-License-Identifier: Apache-2.0
// The examples in the tree: each loads with its vars open, together with its inventory.
#include "tests/unit/orchestrator-playbook/harness.h"

#define FOLDER "playbooks/examples/"

static void check_example(const char *name, enum pb_kind kind, size_t services)
{
	char *path = sl_asprintf(FOLDER "%s", name);
	struct diags *d = diags_new();
	struct playbook *p = playbook_load(path, NULL, 0, true, d);
	struct inventory_file *f = p ? inventory_load(p->inventory, d) : NULL;
	char *said;

	if (p && f)
		playbook_check_references(p, f, NULL, NULL, d);
	said = diags_text(d);
	assert_string_equal(said, "");
	assert_non_null(p);
	assert_non_null(f);
	assert_int_equal(p->kind, kind);
	assert_int_equal(p->service_count, services);
	assert_true(p->later_count > 0); /* each shows something that is still to come */
	free(said);
	playbook_free(p);
	inventory_free(f);
	diags_free(d);
	free(path);
}

static void test_examples(void **state)
{
	(void)state;
	check_example("orders-grey.yaml", PB_KIND_ROLLOUT, 1);
	check_example("orders-city.yaml", PB_KIND_ROLLOUT, 1);
	check_example("checkout-lane.yaml", PB_KIND_ROLLOUT, 3);
	check_example("double11.yaml", PB_KIND_LOAD_TEST, 1);
	check_example("stock-slow.yaml", PB_KIND_FAULT_DRILL, 0);
}

static void test_inventory(void **state)
{
	struct diags *d = diags_new();
	struct inventory_file *f = inventory_load(FOLDER "prod.yaml", d);

	(void)state;
	assert_non_null(f);
	assert_int_equal(diags_errors(d) + diags_warnings(d), 0);
	assert_string_equal(f->ssh.user, "deploy");
	assert_string_equal(f->ssh.jump, "bastion.example");
	assert_int_equal(f->ssh.fanout, 30);
	assert_int_equal(f->group_count, 8);
	assert_string_equal(f->groups[1].name, "orders-a");
	assert_string_equal(f->groups[1].hosts.items[0], "oa[01:06]");
	assert_string_equal(f->groups[1].labels.items[0].name, "set");
	assert_string_equal(f->groups[1].labels.items[0].value.text, "SET_A");
	assert_string_equal(f->groups[3].groups.items[1], "orders-b");
	assert_true(f->groups[4].from_registry);
	assert_int_equal(f->host_count, 1);
	assert_string_equal(f->hosts[0].address, "10.0.0.11");
	assert_int_equal(f->hosts[0].ssh.port, 2222);
	assert_string_equal(f->hosts[0].ssh.user, "ops");
	assert_string_equal(f->hosts[0].vars.items[0].value.text, "/data1");
	assert_int_equal(f->backend_count, 5);
	assert_int_equal(f->backends[2].kind, INV_ROUTER);
	assert_string_equal(f->backends[2].type, "haproxy");
	assert_string_equal(pb_get(f->backends[2].settings, "socket")->text,
			    "/run/haproxy/admin.sock");
	assert_int_equal(f->later_count, 0); /* a group from a registry counts where it is used */
	inventory_free(f);
	diags_free(d);
}

/* The message of the language's page, word for word. */
static void test_page_message(void **state)
{
	struct diags *d = diags_new();
	struct diag_at at;
	char *said;
	static const char text[] = "a\n      - setTraffic: x\n      - upgrade: SET_B\n";

	(void)state;
	at = (struct diag_at){.file = diags_add_source(d, "orders-city.yaml", text, strlen(text)),
			      .line = 3,
			      .column = 18,
			      .length = 5};
	diags_error(d, at, "SET_B still receives 50%% of the traffic here");
	diags_note(d, (struct diag_at){.file = at.file, .line = 2, .column = 9},
		   "traffic was last set here");
	diags_error(d, at, "SET_B still receives 50%% of the traffic here");
	diags_note(d, at, "dropped with the one that was already said");
	said = diags_text(d);
	assert_string_equal(said, "orders-city.yaml:3:18: error: SET_B still receives 50% of the "
				  "traffic here\n"
				  "    3 |       - upgrade: SET_B\n"
				  "      |                  ^~~~~\n"
				  "orders-city.yaml:2:9: note: traffic was last set here\n");
	assert_int_equal(diags_errors(d), 1);
	free(said);
	diags_free(d);
}

static void test_order_and_limit(void **state)
{
	struct diags *d = diags_new();
	int file = diags_add_source(d, "a", "", 0);
	char *said;

	(void)state;
	for (unsigned i = 600; i-- > 0;)
		diags_error(d, (struct diag_at){.file = file, .line = i + 1, .column = 1}, "x");
	assert_int_equal(diags_errors(d), 600);
	said = diags_text(d);
	assert_int_equal(strncmp(said, "a:201:1: error: x\na:202:1:", 26), 0);
	assert_non_null(strstr(said, "a:300:1: error: x\nand 500 more errors\n"));
	free(said);
	diags_free(d);
}

static void test_schema(void **state)
{
	static const char *const kinds[] = {"rollout", "loadTest", "faultDrill", "inventory"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(kinds); i++) {
		char *text = playbook_schema_json(kinds[i]);
		cJSON *j = sl_json_parse(text, strlen(text), NULL);
		const cJSON *properties = sl_json_get(j, "properties");

		assert_non_null(j);
		assert_non_null(sl_json_get(properties, "kind"));
		assert_false(sl_json_bool(j, "additionalProperties", true));
		cJSON_Delete(j);
		free(text);
	}
	assert_null(playbook_schema_json("nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),     cmocka_unit_test(test_inventory),
		cmocka_unit_test(test_page_message), cmocka_unit_test(test_order_and_limit),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
