/* SPDX-License-Identifier: Apache-2.0 */
/* From strategies to steps: as words (what is done where, at which share), and as people see it. */
#include "tests/unit/orchestrator-plan/world.h"

static void assert_words(struct world *w, const char *name, const char *expected)
{
	struct plan p;
	struct sl_error e = {0};
	if (plan_make(&w->in, &p, &e))
		fail_msg("%s: refused: %s", name, e.msg);
	char *words = world_words(&p);
	if (strcmp(words, expected) != 0)
		fail_msg("%s:\n     got: %s\nexpected: %s", name, words, expected);
	free(words);
	plan_release(&p);
	free(w);
}

/* --- set-ups, each with its steps --- */

static struct world *rolling(void)
{
	return world_new(3, PB_ROLLING, true);
}

static struct world *rolling_by_two(void)
{
	struct world *w = world_new(3, PB_ROLLING, false);
	w->playbook.strategy.max_unavailable.count = 2;
	return w;
}

static struct world *dead_and_converged(void)
{
	struct world *w = world_new(4, PB_ROLLING, true);
	w->seen[3].alive = false;
	world_converge(w, 1);
	return w;
}

static struct world *other_spec(void)
{
	struct world *w = world_new(2, PB_ROLLING, false);
	world_converge(w, 0);
	world_converge(w, 1);
	w->seen[1].spec = TEXT("another");
	return w;
}

static struct world *canary(void)
{
	struct world *w = world_new(4, PB_CANARY, true);
	world_upgrade(w, 1);
	world_weight(w, 0.05);
	world_pause(w, 900000);
	world_weight(w, 0.5);
	world_pause(w, 0);
	return w;
}

static struct world *canary_down(void)
{
	struct world *w = world_new(2, PB_CANARY, true);
	world_weight(w, 0.5);
	world_weight(w, 0.1);
	return w;
}

static struct world *canary_limited(void)
{
	struct world *w = world_new(4, PB_CANARY, true);
	w->limited[0] = w->limited[2] = w->limited[3] = true;
	memset(&w->seen[0], 0, sizeof w->seen[0]); /* nobody looked */
	world_weight(w, 0.5);
	return w;
}

static struct world *canary_converged_counts(void)
{
	struct world *w = world_new(4, PB_CANARY, true);
	world_converge(w, 2);
	world_upgrade(w, 1);
	world_upgrade(w, 2);
	return w;
}

static struct world *no_router(void)
{
	struct world *w = world_new(3, PB_CANARY, false);
	world_weight(w, 0.05);
	world_pause(w, 1000);
	return w;
}

static struct world *drain_command(void)
{
	struct world *w = world_new(2, PB_ROLLING, false);
	w->instances[0].drain_command = w->instances[1].drain_command = TEXT("./drain");
	w->seen[1].alive = false;
	return w;
}

static struct world *first_install(void)
{
	struct world *w = world_new(2, PB_ROLLING, true);
	memset(w->seen, 0, sizeof w->seen);
	return w;
}

static struct world *one_first_install(void)
{
	struct world *w = world_new(3, PB_ROLLING, true);
	memset(&w->seen[2], 0, sizeof w->seen[2]);
	return w;
}

static struct world *kept_out(void)
{
	struct world *w = world_new(3, PB_ROLLING, true);
	w->servers[0].admin = SL_ADMIN_MAINT; /* oa01, on one node */
	return w;
}

static struct world *left_behind(void)
{
	struct world *w = world_new(2, PB_ROLLING, true);
	w->servers[1].admin = w->servers[3].admin = SL_ADMIN_DRAIN;
	w->seen[1].alive = false;
	return w;
}

static struct world *stage_by_wave(void)
{
	struct world *w = world_new(2, PB_ROLLING, false);
	w->service.release.stage_wave = true;
	return w;
}

static struct world *two_ports(void)
{
	struct world *w = world_new(3, PB_ROLLING, false);
	w->instances[1].host = &w->hosts[0];
	w->instances[1].port = 8081;
	return w;
}

static struct world *two_at_most_one(void)
{
	struct world *w = world_new(2, PB_ROLLING, false);
	w->playbook.strategy.max_unavailable.count = 2;
	return w;
}

static struct world *lone(void)
{
	struct world *w = world_new(1, PB_ROLLING, false);
	w->playbook.strategy.min_capacity = 0;
	return w;
}

static struct world *store_claim(void)
{
	struct world *w = world_new(2, PB_ROLLING, true);
	w->router.has_hosts = false;
	world_converge(w, 0);
	return w;
}

static struct world *nothing(void)
{
	struct world *w = world_new(2, PB_CANARY, true);
	world_converge(w, 0);
	world_converge(w, 1);
	world_weight(w, 0.5);
	return w;
}

#define CLAIMED_ROUTER ", claim lb1, claim lb2 | "
#define ROUTER_FREE    "release lb2, release lb1, "

struct words {
	const char *name;
	struct world *(*make)(void);
	const char *words;
};

static void assert_rows(const struct words *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_words(rows[i].make(), rows[i].name, rows[i].words);
}

/* Who goes first, and how many at a time. */
static const struct words order_rows[] = {
	{"rolling", rolling,
	 "claim oa01, claim oa02, claim oa03" CLAIMED_ROUTER "stage oa01, stage oa02, stage oa03 | "
	 "drain oa01, swap oa01, ready oa01, return oa01 | "
	 "drain oa02, swap oa02, ready oa02, return oa02 | "
	 "drain oa03, swap oa03, ready oa03, return oa03 | "
	 "prune oa01, prune oa02, prune oa03 | " ROUTER_FREE
	 "release oa03, release oa02, release oa01"},
	{"batches of two", rolling_by_two,
	 "claim oa01, claim oa02, claim oa03 | stage oa01, stage oa02, stage oa03 | "
	 "swap oa01, ready oa01, swap oa02, ready oa02 | swap oa03, ready oa03 | "
	 "prune oa01, prune oa02, prune oa03 | release oa03, release oa02, release oa01"},
	{"down goes first, converged stays", dead_and_converged,
	 "claim oa01, claim oa03, claim oa04" CLAIMED_ROUTER "stage oa01, stage oa03, stage oa04 | "
	 "drain oa04, swap oa04, ready oa04, return oa04 | "
	 "drain oa01, swap oa01, ready oa01, return oa01 | "
	 "drain oa03, swap oa03, ready oa03, return oa03 | "
	 "prune oa01, prune oa03, prune oa04 | " ROUTER_FREE
	 "release oa04, release oa03, release oa01"},
	{"other spec = restart", other_spec,
	 "claim oa02 | stage oa02 | swap oa02, ready oa02 | prune oa02 | release oa02"},
	{"stage: wave", stage_by_wave,
	 "claim oa01, claim oa02 | stage oa01 | swap oa01, ready oa01 | stage oa02 | "
	 "swap oa02, ready oa02 | prune oa01, prune oa02 | release oa02, release oa01"},
	{"two ports on a host: one claim", two_ports,
	 "claim oa01, claim oa03 | stage oa01, stage oa03 | swap oa01, ready oa01 | "
	 "swap oa01, ready oa01 | swap oa03, ready oa03 | prune oa01, prune oa03 | "
	 "release oa03, release oa01"},
	{"one stays up", two_at_most_one,
	 "claim oa01, claim oa02 | stage oa01, stage oa02 | swap oa01, ready oa01 | "
	 "swap oa02, ready oa02 | prune oa01, prune oa02 | release oa02, release oa01"},
	{"a lone instance with minCapacity 0%", lone,
	 "claim oa01 | stage oa01 | swap oa01, ready oa01 | prune oa01 | release oa01"},
	{"nothing to change", nothing, ""},
};

static void test_order(void **state)
{
	(void)state;
	assert_rows(order_rows, SL_COUNT(order_rows));
}

/* Weights, and what an instance gets on its return. */
static const struct words shares_rows[] = {
	{"canary", canary,
	 "claim oa01, claim oa02, claim oa03, claim oa04" CLAIMED_ROUTER
	 "stage oa01, stage oa02, stage oa03, stage oa04 | "
	 "drain oa01 0, swap oa01, ready oa01, return oa01 0 | weight 0.05 | pause | "
	 "drain oa02 0.05, swap oa02, ready oa02, return oa02 0.05 | weight 0.5 | pause | "
	 "drain oa03 0.5, swap oa03, ready oa03, return oa03 0.75 | "
	 "drain oa04 0.75, swap oa04, ready oa04, return oa04 1 | restore 1 | "
	 "prune oa01, prune oa02, prune oa03, prune oa04 | " ROUTER_FREE
	 "release oa04, release oa03, release oa02, release oa01"},
	{"a weight that goes down", canary_down,
	 "claim oa01, claim oa02" CLAIMED_ROUTER "stage oa01, stage oa02 | "
	 "drain oa01 0, swap oa01, ready oa01, return oa01 0 | weight 0.5 | weight 0.1 | "
	 "drain oa02 0.5, swap oa02, ready oa02, return oa02 1 | restore 1 | "
	 "prune oa01, prune oa02 | " ROUTER_FREE "release oa02, release oa01"},
	{"--limit: percents of all", canary_limited,
	 "claim oa02" CLAIMED_ROUTER "stage oa02 | "
	 "drain oa02 0, swap oa02, ready oa02, return oa02 0 | weight 0.5 | restore 0.25 | "
	 "prune oa02 | " ROUTER_FREE "release oa02"},
	{"converged counts as upgraded", canary_converged_counts,
	 "claim oa01, claim oa02, claim oa04" CLAIMED_ROUTER "stage oa01, stage oa02, stage oa04 | "
	 "drain oa01 0, swap oa01, ready oa01, return oa01 0 | "
	 "drain oa02 0.5, swap oa02, ready oa02, return oa02 0.75 | "
	 "drain oa04 0.75, swap oa04, ready oa04, return oa04 1 | restore 1 | "
	 "prune oa01, prune oa02, prune oa04 | " ROUTER_FREE
	 "release oa04, release oa02, release oa01"},
	{"weights without a router", no_router,
	 "claim oa01, claim oa02, claim oa03 | stage oa01, stage oa02, stage oa03 | "
	 "swap oa01, ready oa01 | pause | swap oa02, ready oa02 | swap oa03, ready oa03 | "
	 "prune oa01, prune oa02, prune oa03 | release oa03, release oa02, release oa01"},
};

static void test_shares(void **state)
{
	(void)state;
	assert_rows(shares_rows, SL_COUNT(shares_rows));
}

/* What is drained, what comes back, and what a human has marked. */
static const struct words marks_rows[] = {
	{"a drain command needs something alive", drain_command,
	 "claim oa01, claim oa02 | stage oa01, stage oa02 | swap oa02, ready oa02 | "
	 "drain oa01, swap oa01, ready oa01 | prune oa01, prune oa02 | "
	 "release oa02, release oa01"},
	{"first install", first_install,
	 "claim oa01, claim oa02" CLAIMED_ROUTER "stage oa01, stage oa02 | "
	 "swap oa01, ready oa01, return oa01 | swap oa02, ready oa02, return oa02 | "
	 "prune oa01, prune oa02 | " ROUTER_FREE "release oa02, release oa01"},
	{"first install beside others: marked out", one_first_install,
	 "claim oa01, claim oa02, claim oa03" CLAIMED_ROUTER "stage oa01, stage oa02, stage oa03 | "
	 "drain oa03, swap oa03, ready oa03, return oa03 | "
	 "drain oa01, swap oa01, ready oa01, return oa01 | "
	 "drain oa02, swap oa02, ready oa02, return oa02 | "
	 "prune oa01, prune oa02, prune oa03 | " ROUTER_FREE
	 "release oa03, release oa02, release oa01"},
	{"out by hand stays out, and goes last", kept_out,
	 "claim oa01, claim oa02, claim oa03" CLAIMED_ROUTER "stage oa01, stage oa02, stage oa03 | "
	 "drain oa02, swap oa02, ready oa02, return oa02 | "
	 "drain oa03, swap oa03, ready oa03, return oa03 | swap oa01, ready oa01 | "
	 "prune oa01, prune oa02, prune oa03 | " ROUTER_FREE
	 "release oa03, release oa02, release oa01"},
	{"down and marked out comes back", left_behind,
	 "claim oa01, claim oa02" CLAIMED_ROUTER "stage oa01, stage oa02 | "
	 "swap oa02, ready oa02, return oa02 | "
	 "drain oa01, swap oa01, ready oa01, return oa01 | "
	 "prune oa01, prune oa02 | " ROUTER_FREE "release oa02, release oa01"},
	{"a router without hosts", store_claim,
	 "claim oa02, claim | stage oa02 | drain oa02, swap oa02, ready oa02, return oa02 "
	 "| "
	 "prune oa02 | release, release oa02"},
};

static void test_marks(void **state)
{
	(void)state;
	assert_rows(marks_rows, SL_COUNT(marks_rows));
}

static void assert_print(struct world *w, const char *expected)
{
	struct plan p;
	struct sl_error e = {0};
	struct sl_buf b;
	sl_buf_init(&b, 1 << 20);
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	plan_print(&p, &w->in, false, false, &b);
	if (strcmp(sl_buf_str(&b), expected) != 0)
		fail_msg("printed:\n%s", sl_buf_str(&b));
	sl_buf_release(&b);
	plan_release(&p);
	free(w);
}

static void test_print_canary(void **state)
{
	(void)state;
	assert_print(
		canary(),
		"orders  1.0.0 -> 2.0.0: 4 of 4 instances change, canary through be_orders of "
		"router "
		"edge\n"
		"release 2.0.0-11111111 from /art/orders-2.0.0.tgz (1.0 MiB)\n"
		"\n"
		"   1  claim                                       4 hosts, router edge be_orders\n"
		"   2  stage 2.0.0-11111111                        4 hosts\n"
		"   3  upgrade 1 of 4 (25%)                        new gets 0%, 3 of 4 in service "
		"meanwhile\n"
		"      oa01:8080  1.0.0 -> 2.0.0  drain, swap, ready, return\n"
		"   4  traffic 5% (really 5.1%)                    new gets 5.1%, 4 of 4 in "
		"service\n"
		"      weights    oa01 16  oa02 100  oa03 100  oa04 100\n"
		"   5  pause 15m\n"
		"   6  upgrade 2 of 4 (50%)                        new gets 33.3%, 3 of 4 in "
		"service "
		"meanwhile\n"
		"      oa02:8080  1.0.0 -> 2.0.0  drain, swap, ready, return\n"
		"   7  traffic 50%                                 new gets 50%, 4 of 4 in "
		"service\n"
		"      weights    oa01 1  oa02 1  oa03 1  oa04 1\n"
		"   8  pause until promote\n"
		"   9  upgrade 3 of 4 (75%)                        new gets 75%, 3 of 4 in service "
		"meanwhile\n"
		"      oa03:8080  1.0.0 -> 2.0.0  drain, swap, ready, return\n"
		"  10  upgrade 4 of 4 (100%)                       new gets 100%, 3 of 4 in "
		"service "
		"meanwhile\n"
		"      oa04:8080  1.0.0 -> 2.0.0  drain, swap, ready, return\n"
		"  11  configured weights come back                new gets 100%, 4 of 4 in "
		"service\n"
		"  12  prune to 5 releases                         4 hosts\n"
		"  13  release claims                              4 hosts, router edge be_orders\n"
		"\n"
		"  - Capacity: 4 of 4 instances are in service now, at worst 3; at most 1 is "
		"changed at "
		"a time\n"
		"    (maxUnavailable).\n"
		"  - minCapacity 75%: 3 of 4 instances carry all traffic; no side gets more than "
		"its "
		"instances can\n"
		"    carry.\n"
		"  - No failed request is promised through be_orders, for requests shorter than 1m "
		"(drain.timeout);\n"
		"    tunnels and streams are cut then.\n"
		"  - A rollback from the end would take about 1:20; traffic leaves first.\n");
}

static void test_print_no_router(void **state)
{
	(void)state;
	assert_print(
		no_router(),
		"orders  1.0.0 -> 2.0.0: 3 of 3 instances change, canary\n"
		"release 2.0.0-11111111 from /art/orders-2.0.0.tgz (1.0 MiB)\n"
		"\n"
		"   1  claim                                       oa01, oa02, oa03\n"
		"   2  stage 2.0.0-11111111                        oa01, oa02, oa03\n"
		"   3  upgrade 1 of 3 (33.3%)                      2 of 3 in service meanwhile\n"
		"      oa01:8080  1.0.0 -> 2.0.0  swap, ready\n"
		"   4  pause 1s\n"
		"   5  upgrade 2 of 3 (66.7%)                      2 of 3 in service meanwhile\n"
		"      oa02:8080  1.0.0 -> 2.0.0  swap, ready\n"
		"   6  upgrade 3 of 3 (100%)                       2 of 3 in service meanwhile\n"
		"      oa03:8080  1.0.0 -> 2.0.0  swap, ready\n"
		"   7  prune to 5 releases                         oa01, oa02, oa03\n"
		"   8  release claims                              oa03, oa02, oa01\n"
		"\n"
		"  - Capacity: 3 of 3 instances are in service now, at worst 2; at most 1 is "
		"changed at "
		"a time\n"
		"    (maxUnavailable).\n"
		"  - Without a router no promise about requests is made: clients that connect "
		"directly "
		"depend on\n"
		"    propagation and on a server that closes keep-alive connections on TERM.\n"
		"  - There is no router: a weight is a share of instances, the real figures are in "
		"the "
		"waves.\n"
		"  - A rollback from the end would take about 45 s.\n");
}

static void test_print_nothing(void **state)
{
	(void)state;
	assert_print(nothing(), "orders  2.0.0: nothing to change\n\n"
				"  - Nothing to change: all instances run 2.0.0-11111111.\n");
}

/* Names from hosts and plan files steer no terminal; colour and width come from us alone. */
static void test_print_hostile(void **state)
{
	(void)state;
	struct world *w = rolling();
	struct plan p;
	struct sl_error e = {0};
	struct sl_buf b;
	w->seen[0].release = TEXT("\033[2J\xe4\xb8\x80-evil");
	sl_buf_init(&b, 1 << 20);
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	plan_print(&p, NULL, false, true, &b);
	assert_null(strchr(sl_buf_str(&b), '\033'));
	assert_non_null(strstr(sl_buf_str(&b), "?[2J"));
	sl_buf_clear(&b);
	plan_print(&p, &w->in, true, false, &b);
	assert_non_null(strstr(sl_buf_str(&b), "\033[1m"));
	assert_null(strstr(sl_buf_str(&b), "\033[2J"));
	sl_buf_release(&b);
	plan_release(&p);
	free(w);
}

/* Everything that a step says, for one instance of a canary. */
static void test_fields(void **state)
{
	(void)state;
	struct world *w = canary();
	struct plan p;
	struct sl_error e = {0};
	w->seen[1].staged = true;
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	assert_string_equal(p.old_version, "1.0.0");
	assert_string_equal(p.release, NEW_NAME);
	assert_int_equal(p.total, 4);
	assert_int_equal(p.touched, 4);
	for (size_t i = 0; i < p.step_count; i++) {
		const struct plan_step *s = &p.steps[i];
		char id[24];
		snprintf(id, sizeof id, "%zu", i + 1);
		assert_string_equal(s->id, id);
		assert_in_range(i, p.waves[s->wave].first,
				p.waves[s->wave].first + p.waves[s->wave].count - 1);
		assert_true(s->deadline_ms > 0 || (s->what == DO_PAUSE && s->pause_ms == -1));
		if (s->what == DO_SWAP) {
			assert_string_equal(s->release, NEW_NAME);
			assert_string_equal(s->digest, NEW_DIGEST);
			assert_string_equal(s->spec, NEW_SPEC);
			assert_string_equal(s->prior_release, OLD_NAME);
			assert_string_equal(s->prior_spec, OLD_SPEC);
			assert_int_equal(s->deadline_ms, 120000);
			assert_int_equal(s->port, 8080);
		}
		if (s->what == DO_STAGE && strcmp(s->host, "oa02") == 0)
			assert_string_equal(s->prior_release, NEW_NAME);
		if (s->what == DO_STAGE && strcmp(s->host, "oa02") != 0)
			assert_null(s->prior_release);
		if (s->what == DO_CLAIM && s->router_claim)
			assert_string_equal(s->claim, "~/.sluice/router-edge-be_orders");
		if (s->what == DO_DRAIN)
			assert_int_equal(s->deadline_ms, 90000);
	}
	plan_release(&p);
	free(w);
}

/* --- refusals --- */

static void not_a_link(struct world *w)
{
	w->seen[1].link = SEEN_NOTLINK;
}

static void held(struct world *w)
{
	w->seen[1].held = true;
	w->seen[1].alive = false;
}

static void stranger(struct world *w)
{
	w->servers[w->router.server_count++] = (struct plan_server){.node = TEXT("lb2"),
								    .server = TEXT("web9"),
								    .instance = -1,
								    .address = TEXT("10.0.0.9"),
								    .port = 8080};
}

static void unknown_server(struct world *w)
{
	w->servers[3].backup = true; /* lb2 knows oa01 only as a backup: fine */
	w->servers[1].instance = -1;
	w->servers[1].backup = true; /* lb1 does not know oa02 */
}

static void static_weights(struct world *w)
{
	w->router.weights_work = false;
	w->router.algorithm = TEXT("source");
	w->playbook.strategy.kind = PB_CANARY;
	world_weight(w, 0.25);
}

static void static_capacity(struct world *w)
{
	static_weights(w);
	w->steps[0].amount.share = 1;
}

static void last_one(struct world *w)
{
	w->limited[1] = w->limited[2] = true;
	w->servers[1].admin = w->servers[2].admin = SL_ADMIN_MAINT;
}

static void strategy(struct world *w)
{
	w->playbook.strategy.kind = PB_BLUE_GREEN;
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		void (*spoil)(struct world *w);
		const char *says[2];
	} rows[] = {
		{not_a_link, {"oa02:8080: /srv/orders/current is a folder", "sluice adopt orders"}},
		{held, {"oa02:8080: port 8080 is held", "sluice adopt orders"}},
		{stranger,
		 {"be_orders/web9 (10.0.0.9:8080) on lb2", "web9: { address: 10.0.0.9 }"}},
		{unknown_server,
		 {"oa02:8080 is not in backend be_orders on lb1",
		  "server oa02 10.0.0.2:8080 check"}},
		{static_weights,
		 {"line 20: setWeight: 25%", "`source`, which takes only 0% and 100%"}},
		{static_capacity, {"balances by `source`", "has to carry"}},
		{last_one, {"oa01:8080 is the last instance of orders", "minCapacity: 0%"}},
		{strategy, {"cannot be carried out yet", "rolling or canary"}},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct world *w = rolling();
		struct plan p;
		struct sl_error e = {0};
		rows[i].spoil(w);
		int rc = plan_make(&w->in, &p, &e);
		assert_true(rc == SL_EINPUT || rc == SL_EUNSUPPORTED);
		for (size_t k = 0; k < 2; k++)
			if (!strstr(e.msg, rows[i].says[k]))
				fail_msg("row %zu says: %s", i, e.msg);
		assert_int_equal(p.step_count, 0);
		free(w);
	}
}

/* What is not touched is not refused for. */
static void test_not_refused(void **state)
{
	(void)state;
	struct world *w = rolling();
	struct plan p;
	struct sl_error e = {0};
	not_a_link(w);
	w->limited[1] = true;
	stranger(w);
	w->servers[w->router.server_count - 1].backup = true;
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	plan_release(&p);
	w->router.weights_work = false; /* rolling moves no weights */
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	plan_release(&p);
	free(w);
}

static void test_many_reasons(void **state)
{
	(void)state;
	struct world *w = world_new(WORLD_MAX, PB_ROLLING, true);
	struct plan p;
	struct sl_error e = {0};
	for (size_t i = 0; i < WORLD_MAX; i++)
		w->seen[i].link = SEEN_NOTLINK;
	assert_int_equal(plan_make(&w->in, &p, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "oa01:8080"));
	assert_non_null(strstr(e.msg, "more reasons"));
	free(w);
}

static bool has_note(const struct plan *p, const char *part)
{
	for (size_t i = 0; i < p->note_count; i++)
		if (strstr(p->notes[i], part))
			return true;
	return false;
}

static void test_notes(void **state)
{
	(void)state;
	struct world *w = canary();
	struct plan p;
	struct sl_error e = {0};
	w->router.persistence = true;
	w->router.exact = false;
	w->router.has_hosts = false;
	w->router.algorithm = TEXT("leastconn");
	w->limited[3] = true;
	w->seen[0].alive = false;
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	assert_true(has_note(&p, "has persistence"));
	assert_true(has_note(&p, "leastconn: shares are approximate"));
	assert_true(has_note(&p, "in the state store only"));
	assert_true(has_note(&p, "1 of 4 instances are outside --limit"));
	assert_true(has_note(&p, "1 instance is down already"));
	assert_false(has_note(&p, "No failed request"));
	plan_release(&p);
	w->router.persistence = false;
	w->router.http_mode = false;
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	assert_true(has_note(&p, "TCP mode"));
	assert_false(has_note(&p, "No failed request"));
	plan_release(&p);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),           cmocka_unit_test(test_shares),
		cmocka_unit_test(test_marks),           cmocka_unit_test(test_print_canary),
		cmocka_unit_test(test_print_no_router), cmocka_unit_test(test_print_nothing),
		cmocka_unit_test(test_print_hostile),   cmocka_unit_test(test_fields),
		cmocka_unit_test(test_refusals),        cmocka_unit_test(test_not_refused),
		cmocka_unit_test(test_many_reasons),    cmocka_unit_test(test_notes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
