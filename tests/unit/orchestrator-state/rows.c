/* SPDX-License-Identifier: Apache-2.0 */
/* The synchronous half of the store: rows, texts, control, claims, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

struct place {
	char *folder;
	struct store *store;
};

static int setup(void **state)
{
	struct place *p = sl_alloc(sizeof *p);
	const char *tmp = getenv("TMPDIR");
	char *top = sl_asprintf("%s/sluice-state-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	struct sl_error e = {0};

	assert_non_null(mkdtemp(top));
	p->folder = top;
	assert_int_equal(store_open(top, &p->store, &e), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char *rm = sl_asprintf("rm -rf '%s'", p->folder);

	store_close(p->store);
	assert_int_equal(system(rm), 0);
	free(rm);
	free(p->folder);
	free(p);
	return 0;
}

static struct store_run make_run(struct store *s, const char *uuid, const char *name)
{
	struct store_run r = {.name = sl_strdup(name),
			      .kind = sl_strdup("rollout"),
			      .who = sl_strdup("ann"),
			      .from = sl_strdup("ops1")};
	cJSON *texts = cJSON_CreateObject();
	struct sl_error e = {0};

	snprintf(r.uuid, sizeof r.uuid, "%s", uuid);
	sl_json_add_str(texts, "plan", "{\"kind\":\"plan\"}");
	sl_json_add_str(texts, "playbook", "sluice: 1\n");
	assert_int_equal(store_run_create(s, &r, texts, &e), 0);
	cJSON_Delete(texts);
	return r;
}

#define UUID_A "00000000-0000-4000-8000-00000000000a"
#define UUID_B "00000000-0000-4000-8000-00000000000b"

static void run_row_comes_back(void **state)
{
	struct store *s = ((struct place *)*state)->store;
	struct store_run made = make_run(s, UUID_A, "orders"), got, *runs;
	struct store_controller self;
	struct sl_error e = {0};
	char *text;
	size_t n;

	store_controller_self(&self);
	assert_int_equal(made.number, 1);
	assert_int_equal(made.epoch, 1);
	assert_int_equal(store_run_get(s, 1, &got, &e), 0);
	assert_string_equal(got.uuid, UUID_A);
	assert_string_equal(got.name, "orders");
	assert_string_equal(got.state, "running");
	assert_string_equal(got.outcome, "");
	assert_string_equal(got.who, "ann");
	assert_string_equal(got.from, "ops1");
	assert_string_equal(got.waiting, "");
	assert_int_equal(got.controller.pid, self.pid);
	assert_true(store_controller_alive(&got.controller));
	store_run_release(&got);
	assert_int_equal(store_run_by_uuid(s, UUID_A, &got, &e), 0);
	assert_int_equal(got.number, 1);
	store_run_release(&got);
	assert_int_equal(store_text_get(s, 1, "playbook", &text, &e), 0);
	assert_string_equal(text, "sluice: 1\n");
	free(text);
	assert_int_equal(store_text_get(s, 1, "nothing", &text, &e), SL_ENOTFOUND);
	assert_int_equal(store_run_get(s, 99, &got, &e), SL_ENOTFOUND);
	store_run_release(&made);

	made = make_run(s, UUID_B, "stock");
	assert_int_equal(store_runs_list(s, NULL, 0, &runs, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(runs[0].name, "stock");
	store_runs_free(runs, n);
	assert_int_equal(store_runs_list(s, "orders", 1, &runs, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(runs[0].number, 1);
	store_runs_free(runs, n);
	store_run_release(&made);
}

static void uuid_twice_is_refused_whole(void **state)
{
	struct store *s = ((struct place *)*state)->store;
	struct store_run made = make_run(s, UUID_A, "orders"), *runs;
	struct sl_error e = {0};
	int64_t number = made.number;
	size_t n;

	assert_int_equal(store_run_create(s, &made, NULL, &e), SL_EIO);
	assert_int_equal(made.number, number);
	assert_int_equal(store_runs_list(s, NULL, 0, &runs, &n, &e), 0);
	assert_int_equal(n, 1);
	store_runs_free(runs, n);
	store_run_release(&made);
}

static int sql(struct store *s, const char *text)
{
	struct sl_error e = {0};

	return db_run(s, &e, text, "");
}

/* Write the row's controller as another process would have. */
static void set_controller(struct place *p, const char *boot, int64_t pid, int64_t start)
{
	struct sl_error e = {0};

	assert_int_equal(db_run(p->store, &e, "UPDATE run SET boot=?, pid=?, start=?", "sii", boot,
				pid, start),
			 0);
}

static void adopt_respects_the_living(void **state)
{
	struct place *p = *state;
	struct store_run made = make_run(p->store, UUID_A, "orders"), got;
	struct store_controller self, parent;
	struct sl_error e = {0};
	pid_t child;
	int status, go[2];

	store_controller_self(&self);
	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0) {
		char c;

		close(go[1]);
		_exit(read(go[0], &c, 1) == 0 ? 0 : 1);
	}
	close(go[0]);
	/* The child has our start time or a later one: ask for it in the way the store does. */
	parent = self;
	parent.pid = child;
	for (parent.start = self.start; parent.start < self.start + 1000; parent.start++)
		if (store_controller_alive(&parent))
			break;
	assert_true(store_controller_alive(&parent));
	set_controller(p, parent.boot, parent.pid, parent.start);
	assert_int_equal(store_run_adopt(p->store, 1, false, &got, &e), SL_EHELD);
	assert_non_null(strstr(e.msg, "sluice attach 1"));
	store_run_release(&got);
	assert_int_equal(store_run_adopt(p->store, 1, true, &got, &e), 0);
	assert_int_equal(got.epoch, 2);
	assert_int_equal(got.controller.pid, self.pid);
	store_run_release(&got);

	assert_int_equal(store_run_leave(p->store, 1, &e), 0);
	assert_int_equal(store_run_get(p->store, 1, &got, &e), 0);
	assert_int_equal(got.controller.pid, 0);
	store_run_release(&got);

	set_controller(p, parent.boot, parent.pid, parent.start);
	assert_int_equal(store_run_leave(p->store, 1, &e), 0); /* another's: stays */
	assert_int_equal(store_run_get(p->store, 1, &got, &e), 0);
	assert_int_equal(got.controller.pid, parent.pid);
	store_run_release(&got);
	close(go[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_false(store_controller_alive(&parent));
	assert_int_equal(store_run_adopt(p->store, 1, false, &got, &e), 0);
	assert_int_equal(got.epoch, 3);
	store_run_release(&got);
	store_run_release(&made);
}

static void controllers_are_told_apart(void **state)
{
	struct store_controller self, other;

	(void)state;
	store_controller_self(&self);
	assert_true(store_controller_alive(&self));
	other = self;
	other.start++;
	assert_false(store_controller_alive(&other)); /* the pid came again */
	other = self;
	other.boot[0] = other.boot[0] == 'x' ? 'y' : 'x';
	assert_false(store_controller_alive(&other)); /* before the last boot, or elsewhere */
	memset(&other, 0, sizeof other);
	assert_false(store_controller_alive(&other));
}

static void claims_are_exclusive(void **state)
{
	struct place *p = *state;
	struct store_run a = make_run(p->store, UUID_A, "orders"),
			 b = make_run(p->store, UUID_B, "stock");
	struct sl_error e = {0};

	assert_int_equal(store_claim(p->store, "router edge be_orders", a.number, &e), 0);
	assert_int_equal(store_claim(p->store, "router edge be_orders", a.number, &e), 0);
	assert_int_equal(store_claim(p->store, "router edge be_orders", b.number, &e), SL_EHELD);
	assert_non_null(strstr(e.msg, "held by run 1 (orders, by ann from ops1)"));
	assert_int_equal(store_claim(p->store, "router edge be_stock", b.number, &e), 0);
	assert_int_equal(store_unclaim(p->store, "router edge be_orders", b.number, &e), 0);
	assert_int_equal(store_claim(p->store, "router edge be_orders", b.number, &e), SL_EHELD);
	assert_int_equal(store_unclaim(p->store, "router edge be_orders", a.number, &e), 0);
	assert_int_equal(store_claim(p->store, "router edge be_orders", b.number, &e), 0);
	/* What an ended run left behind holds nobody up. */
	assert_int_equal(sql(p->store, "UPDATE run SET state='ended' WHERE number=2"), 0);
	assert_int_equal(store_claim(p->store, "router edge be_orders", a.number, &e), 0);
	store_run_release(&a);
	store_run_release(&b);
}

static void the_key_stays(void **state)
{
	struct place *p = *state;
	struct store *second;
	struct sl_error e = {0};
	char one[65], two[65];

	assert_int_equal(store_key(p->store, one, &e), 0);
	assert_int_equal(strspn(one, "0123456789abcdef"), 64);
	assert_int_equal(store_open(p->folder, &second, &e), 0);
	assert_int_equal(store_key(second, two, &e), 0);
	assert_string_equal(one, two);
	store_close(second);
}

static void a_change_elsewhere_is_seen(void **state)
{
	struct place *p = *state;
	struct store *second;
	struct sl_error e = {0};
	struct store_run made;

	assert_int_equal(store_open(p->folder, &second, &e), 0);
	store_changed(p->store);
	assert_false(store_changed(p->store));
	made = make_run(second, UUID_A, "orders");
	assert_true(store_changed(p->store));
	assert_false(store_changed(p->store));
	assert_false(store_changed(second)); /* its own commit */
	assert_int_equal(
		store_control_put(p->store, 1, "promote", "ann", "looks good", NULL, NULL, &e), 0);
	assert_true(store_changed(second));
	assert_int_equal(store_control_put(p->store, 9, "promote", "ann", "", NULL, NULL, &e),
			 SL_ENOTFOUND);
	store_close(second);
	store_run_release(&made);
}

static void events_cannot_be_rewritten(void **state)
{
	struct place *p = *state;
	struct store_run made = make_run(p->store, UUID_A, "orders");

	assert_int_equal(sql(p->store, "INSERT INTO event VALUES(1, 1, 0, 'x', '{}')"), 0);
	assert_int_equal(sql(p->store, "UPDATE event SET json='[]'"), SL_EIO);
	assert_int_equal(sql(p->store, "DELETE FROM event"), SL_EIO);
	store_run_release(&made);
}

static void refusals(void **state)
{
	struct place *p = *state;
	char *folder = sl_asprintf("%s/shared", p->folder), *db, *deep;
	struct store *s;
	struct stat st;
	struct sl_error e = {0};
	FILE *f;

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(store_open(folder, &s, &e), SL_EINPUT);
	assert_null(s);
	assert_non_null(strstr(e.msg, "chmod 700"));
	assert_int_equal(chmod(folder, 0700), 0);

	db = sl_asprintf("%s/runs.db", folder);
	f = fopen(db, "w");
	assert_non_null(f);
	fputs("this is not a database, and long enough for its header to be looked at: "
	      "0123456789012345678901234567890123456789",
	      f);
	fclose(f);
	assert_int_equal(store_open(folder, &s, &e), SL_EIO);
	assert_non_null(strstr(e.msg, "runs.db"));
	free(db);
	free(folder);

	deep = sl_asprintf("%s/a/b c/d", p->folder);
	assert_int_equal(store_open(deep, &s, &e), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(sql(s, "UPDATE meta SET value='2' WHERE key='format'"), 0);
	store_close(s);
	assert_int_equal(store_open(deep, &s, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "format 2"));
	db = sl_asprintf("%s/runs.db", deep);
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(db);
	free(deep);
}

static void network_file_systems(void **state)
{
	static const struct {
		unsigned long magic;
		const char *type, *expect;
	} rows[] = {
		{0xEF53, "ext4", NULL},
		{0x01021994, "tmpfs", NULL},
		{0x6969, "nfs4", "NFS"},
		{0xFF534D42, "cifs", "CIFS"},
		{0x65735546, "fuse.sshfs", "sshfs"},
		{0x65735546, "fuse.fuse-overlayfs", NULL},
		{0x65735546, "fuseblk", NULL},
		{0x65735546, NULL, "FUSE"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(rows); i++) {
		const char *got = store_folder_network(rows[i].magic, rows[i].type);

		if (!rows[i].expect)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].expect);
	}
}

static void folder_from_the_environment(void **state)
{
	struct place *p = *state;
	char *xdg = sl_asprintf("%s/xdg", p->folder), *expect, *set;
	struct sl_error e = {0};
	struct store *s;

	unsetenv("SLUICE_STATE");
	setenv("XDG_STATE_HOME", xdg, 1);
	assert_int_equal(store_open(NULL, &s, &e), 0);
	expect = sl_asprintf("%s/sluice", xdg);
	assert_string_equal(store_folder(s), expect);
	store_close(s);
	set = sl_asprintf("%s/set", p->folder);
	setenv("SLUICE_STATE", set, 1);
	assert_int_equal(store_open(NULL, &s, &e), 0);
	assert_string_equal(store_folder(s), set);
	store_close(s);
	unsetenv("SLUICE_STATE");
	unsetenv("XDG_STATE_HOME");
	free(set);
	free(expect);
	free(xdg);
}

/* Commands that start together in a folder that none has used: all of them find a store. */
#define TOGETHER 6

static _Noreturn void open_when_told(const char *folder, int told)
{
	struct sl_error e = {0};
	struct store *s;
	char c;

	if (read(told, &c, 1) != 0)
		_exit(1);
	if (store_open(folder, &s, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		_exit(1);
	}
	store_close(s);
	_exit(0);
}

static void first_commands_at_once(void **state)
{
	struct place *p = *state;

	for (int round = 0; round < 50; round++) {
		char *folder = sl_asprintf("%s/%d", p->folder, round);
		pid_t all[TOGETHER];
		int go[2], status;

		assert_int_equal(pipe2(go, O_CLOEXEC), 0);
		for (size_t i = 0; i < TOGETHER; i++) {
			all[i] = fork();
			if (all[i] == 0) {
				close(go[1]);
				open_when_told(folder, go[0]);
			}
			assert_true(all[i] > 0);
		}
		close(go[1]);
		close(go[0]);
		for (size_t i = 0; i < TOGETHER; i++) {
			assert_int_equal(waitpid(all[i], &status, 0), all[i]);
			assert_int_equal(status, 0);
		}
		free(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(run_row_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(uuid_twice_is_refused_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(adopt_respects_the_living, setup, teardown),
		cmocka_unit_test(controllers_are_told_apart),
		cmocka_unit_test_setup_teardown(claims_are_exclusive, setup, teardown),
		cmocka_unit_test_setup_teardown(the_key_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_elsewhere_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(events_cannot_be_rewritten, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(first_commands_at_once, setup, teardown),
		cmocka_unit_test(network_file_systems),
		cmocka_unit_test_setup_teardown(folder_from_the_environment, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
