/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/orchestrator-inventory/fixture.h"

#define INV   "sluice: 1\nkind: inventory\n"
#define HOSTS INV "groups:\n  orders: { hosts: [\"oa[1:3]\"] }\n"
#define BOOK                                                                                       \
	"sluice: 1\nkind: rollout\nname: grey\nvars: { version: \"1.0\", low: default, env: x }\n" \
	"services:\n  orders:\n"
#define PLAIN                                                          \
	"    hosts: orders\n    version: $(version)\n    port: 8080\n" \
	"    release: { artifact: a/$(service)-$(version).tgz, dir: /srv/$(service) }\n"
#define RUNTIME "    runtime: { process: { command: ./run } }\n"
#define READY   "    ready: { http: /health }\n"
#define ROLLING "strategy: { rolling: { maxUnavailable: 1 } }\n"
#define WHOLE   BOOK PLAIN RUNTIME READY ROLLING

static struct fixture resolve(const char *playbook, const char *inventory, const char *limit)
{
	return fixture_make(
		&(struct given){.playbook = playbook, .inventory = inventory, .limit = limit});
}

static void must(const struct fixture *f)
{
	if (!f->r)
		fail_msg("%s", f->said);
}

/* The ids of the instances, those outside --limit in brackets. */
static char *ids(const struct resolved *r)
{
	char *all = sl_strdup("");

	for (size_t i = 0; i < r->instance_count; i++) {
		bool out = r->limited[i];
		char *more = sl_asprintf("%s%s%s%s%s", all, i ? " " : "", out ? "(" : "",
					 r->instances[i].id, out ? ")" : "");

		assert_int_equal(r->instances[i].index, i);
		free(all);
		all = more;
	}
	return all;
}

static void check_ids(const char *playbook, const char *inventory, const char *limit,
		      const char *expect)
{
	struct fixture f = resolve(playbook, inventory, limit);
	char *got;

	must(&f);
	got = ids(f.r);
	assert_string_equal(got, expect);
	free(got);
	fixture_drop(&f);
}

static void test_plain(void **state)
{
	struct fixture f = resolve(WHOLE, HOSTS, NULL);
	const struct rs_instance *i;

	(void)state;
	must(&f);
	assert_string_equal(f.r->version, "1.0");
	assert_null(f.r->sha256);
	assert_string_equal(f.r->artifact, "/srv/books/a/orders-1.0.tgz");
	assert_int_equal(f.r->fanout, 30);
	assert_int_equal(f.r->host_count, 3);
	assert_int_equal(f.r->hosts[2].index, 2);
	i = resolved_instance(f.r, "oa2:8080");
	assert_non_null(i);
	assert_ptr_equal(i->host, resolved_host(f.r, "oa2"));
	assert_string_equal(i->address, "oa2:8080");
	assert_string_equal(i->dir, "/srv/orders");
	assert_string_equal(i->sluice, "/srv/orders/.sluice");
	assert_string_equal(i->link, "current");
	assert_string_equal(i->command, "./run");
	assert_null(i->start);
	assert_null(i->server_name);
	assert_string_equal(i->ready_http, "/health");
	assert_int_equal(i->ready_port, 8080);
	assert_null(resolved_instance(f.r, "oa9:8080"));
	assert_null(resolved_host(f.r, "oa9"));
	fixture_drop(&f);
}

static void test_order(void **state)
{
	static const char book[] =
		BOOK "    hosts: [b, a]\n    version: \"1\"\n    ports: [1, 2]\n"
		     "    release: { artifact: a.tgz, dir: /srv/x }\n" RUNTIME READY ROLLING;

	(void)state;
	/* inventory order, whatever the playbook's list says; each host once */
	check_ids(book, INV "groups:\n  a: { hosts: [h2, h1] }\n  b: { hosts: [h1, h3] }\n", NULL,
		  "h2:1 h2:2 h1:1 h1:2 h3:1 h3:2");
	/* zones take turns in first-seen order; what has no zone is a zone of its own */
	check_ids(book,
		  INV "groups:\n  a: { hosts: [h1, h2], labels: { zone: z1 } }\n"
		      "  b: { hosts: [h3], labels: { zone: z2 } }\n",
		  NULL, "h1:1 h3:1 h1:2 h3:2 h2:1 h2:2");
	check_ids(book,
		  INV "groups:\n  a: { hosts: [h1] }\n  b: { hosts: [h2], labels: { zone: z } }\n",
		  NULL, "h1:1 h2:1 h1:2 h2:2");
	/* a host's own label over its group's */
	check_ids(book,
		  INV "groups:\n  a: { hosts: [h1, h2], labels: { zone: z1 } }\n"
		      "  b: { hosts: [h3], labels: { zone: z1 } }\n"
		      "hosts:\n  h3: { labels: { zone: z2 } }\n",
		  NULL, "h1:1 h3:1 h1:2 h3:2 h2:1 h2:2");
}

static void test_groups(void **state)
{
	static const char book[] =
		BOOK "    hosts: top\n    version: \"1\"\n    port: 1\n"
		     "    release: { artifact: a.tgz, dir: /srv/x }\n" RUNTIME READY ROLLING;
	struct fixture f;

	(void)state;
	check_ids(book,
		  INV "groups:\n  top: { groups: [mid, low] }\n  low: { hosts: [h1] }\n"
		      "  mid: { groups: [low], hosts: [h2] }\n",
		  NULL, "h1:1 h2:1");
	f = resolve(book,
		    INV "groups:\n  top: { groups: [a] }\n  a: { groups: [b] }\n"
			"  b: { groups: [a], hosts: [h1] }\n",
		    NULL);
	assert_null(f.r);
	assert_non_null(strstr(f.said, "'a'"));
	fixture_drop(&f);
}

static void test_limit(void **state)
{
	static const char inv[] = INV "groups:\n  orders: { groups: [a, b] }\n"
				      "  a: { hosts: [\"oa[1:3]\"] }\n  b: { hosts: [ob1] }\n"
				      "  other: { hosts: [zz] }\n";
	static const struct {
		const char *limit, *ids, *says;
	} rows[] = {
		{NULL, "oa1:8080 oa2:8080 oa3:8080 ob1:8080", NULL},
		{"all", "oa1:8080 oa2:8080 oa3:8080 ob1:8080", NULL},
		{"oa2", "(oa1:8080) oa2:8080 (oa3:8080) (ob1:8080)", NULL},
		{"b, oa[2:3]", "(oa1:8080) oa2:8080 oa3:8080 ob1:8080", NULL},
		{"a,other", "oa1:8080 oa2:8080 oa3:8080 (ob1:8080)", NULL},
		{"oa4", NULL, "no group or host 'oa4' (did you mean 'oa"},
		{"ordres", NULL, "did you mean 'orders'?"},
		{"oa[1:9]", NULL, "no group or host 'oa4'"},
		{"oa[", NULL, "not a range"},
		{"other", NULL, "leaves no instance of 'orders'"},
		{",", NULL, "an empty name"},
		{"-v", NULL, "no group or host '-v'"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct fixture f;

		if (rows[i].ids) {
			check_ids(WHOLE, inv, rows[i].limit, rows[i].ids);
			continue;
		}
		f = resolve(WHOLE, inv, rows[i].limit);
		if (f.r || !strstr(f.said, rows[i].says))
			fail_msg("--limit %s: %s", rows[i].limit, f.said);
		fixture_drop(&f);
	}
}

/* --set over host over nearer group over farther group over the playbook's default. */
static void test_precedence(void **state)
{
	static const struct {
		const char *inventory, *set, *command;
	} rows[] = {
		{INV "groups:\n  orders: { hosts: [h] }\n", NULL, "./run 'default'"},
		{INV "groups:\n  orders: { hosts: [h], vars: { low: group } }\n", NULL,
		 "./run 'group'"},
		{INV "groups:\n  orders: { hosts: [h], vars: { low: group } }\n"
		     "hosts:\n  h: { vars: { low: host } }\n",
		 NULL, "./run 'host'"},
		{INV "groups:\n  orders: { hosts: [h], vars: { low: group } }\n"
		     "hosts:\n  h: { vars: { low: host } }\n",
		 "set", "./run 'set'"},
		{INV "groups:\n  orders: { groups: [near], vars: { low: far } }\n"
		     "  near: { hosts: [h], vars: { low: near } }\n",
		 NULL, "./run 'near'"},
		{INV "groups:\n  orders: { groups: [near], vars: { low: far } }\n"
		     "  near: { hosts: [h] }\n",
		 NULL, "./run 'far'"},
		/* equally near and of one mind */
		{INV "groups:\n  orders: { hosts: [h], vars: { low: same } }\n"
		     "  b: { hosts: [h], vars: { low: same } }\n",
		 NULL, "./run 'same'"},
		/* a clash that something nearer settles is none */
		{INV "groups:\n  orders: { hosts: [h], vars: { low: one } }\n"
		     "  b: { hosts: [h], vars: { low: two } }\n"
		     "hosts:\n  h: { vars: { low: host } }\n",
		 NULL, "./run 'host'"},
	};
	static const char book[] =
		BOOK PLAIN "    runtime: { process: { command: ./run $(low) } }\n" READY ROLLING;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct given g = {.playbook = book, .inventory = rows[i].inventory};
		struct fixture f;

		if (rows[i].set) {
			g.sets[0] = (struct pb_set){"low", rows[i].set, "--set"};
			g.set_count = 1;
		}
		f = fixture_make(&g);
		must(&f);
		assert_string_equal(f.r->instances[0].command, rows[i].command);
		fixture_drop(&f);
	}
}

static void test_clash(void **state)
{
	static const struct {
		const char *inventory, *a, *b, *what;
	} rows[] = {
		{INV "groups:\n  orders: { hosts: [h], vars: { low: one } }\n"
		     "  b: { hosts: [h], vars: { low: two } }\n",
		 "'orders'", "'b'", "'low'"},
		{INV "groups:\n  orders: { hosts: [h], labels: { zone: one } }\n"
		     "  b: { hosts: [h], labels: { zone: two } }\n",
		 "'orders'", "'b'", "'zone'"},
		{INV "groups:\n  orders: { hosts: [h], user: one }\n"
		     "  b: { hosts: [h], user: two }\n",
		 "'orders'", "'b'", "'user'"},
		{INV "groups:\n  orders: { groups: [x, y] }\n"
		     "  x: { hosts: [h], vars: { low: one } }\n"
		     "  y: { hosts: [h], vars: { low: two } }\n",
		 "'x'", "'y'", "'low'"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct fixture f = resolve(WHOLE, rows[i].inventory, NULL);

		if (f.r || !strstr(f.said, rows[i].a) || !strstr(f.said, rows[i].b) ||
		    !strstr(f.said, rows[i].what))
			fail_msg("row %zu: %s", i, f.said);
		fixture_drop(&f);
	}
}

/* Two groups that share a hundred hosts clash once, not a hundred times. */
static void test_clash_once(void **state)
{
	struct fixture f =
		resolve(WHOLE,
			INV "groups:\n  orders: { hosts: [\"h[1:100]\"], vars: { low: one } }\n"
			    "  b: { hosts: [\"h[1:100]\"], vars: { low: two } }\n",
			NULL);

	(void)state;
	assert_null(f.r);
	assert_int_equal(diags_errors(f.d), 1);
	fixture_drop(&f);
}

static void test_ssh(void **state)
{
	static const char inv[] = INV
		"ssh: { user: deploy, jump: bastion, port: 22, fanout: 7, identities: [keys/id, "
		"~/id2], knownHosts: known, config: /etc/ssh_x, driver: openssh,\n"
		"       connectTimeout: 3s, commandTimeout: 1m }\n"
		"groups:\n"
		"  orders: { hosts: [h1, h2, bastion], user: app, port: 2200 }\n"
		"  far: { groups: [orders], user: nobody, driver: local }\n"
		"hosts:\n"
		"  h2: { address: 10.0.0.2, serviceAddress: 10.1.0.2, port: 2222, user: ops,\n"
		"        sluiceDir: /var/sluice }\n"
		"  bastion: { address: 10.0.0.9 }\n";
	struct fixture f;
	const struct transport_target *t;
	const char *home = getenv("HOME");
	char *home_id;

	(void)state;
	setenv("HOME", "/home/tester", 1);
	f = resolve(WHOLE, inv, NULL);
	must(&f);
	assert_int_equal(f.r->fanout, 7);
	t = &f.r->hosts[0].target;
	assert_string_equal(t->name, "h1");
	assert_string_equal(t->address, "h1");
	assert_string_equal(t->user, "app");
	assert_int_equal(t->port, 2200);
	assert_int_equal(t->driver, TRANSPORT_LOCAL);
	assert_string_equal(t->identities[0], "/srv/books/keys/id");
	home_id = sl_asprintf("%s/id2", "/home/tester");
	assert_string_equal(t->identities[1], home_id);
	assert_null(t->identities[2]);
	assert_string_equal(t->known_hosts, "/srv/books/known");
	assert_string_equal(t->config, "/etc/ssh_x");
	assert_int_equal(t->connect_timeout_ms, 3000);
	assert_int_equal(t->command_timeout_ms, 60000);
	/* the jump host is an inventory host: reached as the inventory says */
	assert_string_equal(t->jump, "app@10.0.0.9:2200");
	t = &f.r->hosts[1].target;
	assert_string_equal(t->address, "10.0.0.2");
	assert_string_equal(t->user, "ops");
	assert_int_equal(t->port, 2222);
	assert_string_equal(f.r->hosts[1].service_address, "10.1.0.2");
	assert_string_equal(f.r->hosts[1].sluice_dir, "/var/sluice");
	assert_string_equal(resolved_instance(f.r, "h2:8080")->address, "10.1.0.2:8080");
	/* and is not reached through itself */
	assert_null(f.r->hosts[2].target.jump);
	assert_string_equal(f.r->hosts[2].sluice_dir, "~/.sluice");
	free(home_id);
	fixture_drop(&f);
	if (home)
		setenv("HOME", home, 1);
}

static void test_drivers(void **state)
{
	static const char *const words[] = {"auto", "libssh2", "openssh", "local"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(words); i++) {
		char *inv = sl_asprintf(INV "ssh: { driver: %s }\n"
					    "groups:\n  orders: { hosts: [h] }\n",
					words[i]);
		struct fixture f = resolve(WHOLE, inv, NULL);

		must(&f);
		assert_int_equal(f.r->hosts[0].target.driver, i);
		assert_null(f.r->hosts[0].target.jump);
		assert_null(f.r->hosts[0].target.identities);
		assert_int_equal(f.r->hosts[0].target.port, 0);
		fixture_drop(&f);
		free(inv);
	}
}

/* Load balancers of used routers and targets of `run` are reached too; other hosts are not. */
static void test_touched(void **state)
{
	static const char book[] = BOOK PLAIN RUNTIME READY
		"    drain: { until: idle }\n"
		"strategy:\n  canary:\n    router: { use: edge, backend: be, serverName: $(host) "
		"}\n"
		"    steps:\n      - upgrade: 1\n"
		"      - run: { name: a, command: ./x, hosts: [tools] }\n"
		"      - run: { name: b, command: ./x $(instance), hosts: local }\n"
		"      - setWeight: 50%\n";
	static const char inv[] =
		INV "routers:\n  edge: { type: haproxy, hosts: [lb], socket: /run/s }\n"
		    "  unused: { type: haproxy, hosts: [idle], socket: /run/s }\n"
		    "groups:\n  lb: { hosts: [lb1, lb2] }\n  orders: { hosts: [oa] }\n"
		    "  tools: { hosts: [t1] }\n  idle: { hosts: [zz] }\n";
	struct fixture f = resolve(book, inv, NULL);

	(void)state;
	must(&f);
	assert_int_equal(f.r->host_count, 4);
	assert_string_equal(f.r->hosts[0].name, "lb1");
	assert_string_equal(f.r->hosts[2].name, "oa");
	assert_string_equal(f.r->hosts[3].name, "t1");
	assert_null(resolved_host(f.r, "zz"));
	assert_string_equal(f.r->instances[0].server_name, "oa");
	fixture_drop(&f);
}

/* What is refused, and which words say so. Each playbook is whole but for its one fault. */
static const struct {
	const char *what, *playbook, *inventory, *says;
} faults[] = {
	{"unknown group",
	 BOOK "    hosts: ordres\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: a, dir: /srv/x }\n" RUNTIME READY ROLLING,
	 HOSTS, "did you mean 'orders'?"},
	{"host with a dash", WHOLE, INV "groups:\n  orders: { hosts: [\"-oProxyCommand=x\"] }\n",
	 "'-oProxyCommand=x'"},
	{"host with a space", WHOLE, INV "groups:\n  orders: { hosts: [\"a b\"] }\n", "'a b'"},
	{"host with a quote", WHOLE, INV "groups:\n  orders: { hosts: [\"a'b\"] }\n", "a'b"},
	{"address with a dash", WHOLE,
	 INV "groups:\n  orders: { hosts: [h] }\nhosts:\n  h: { address: -x }\n", "'-x'"},
	{"jump with a dash", WHOLE,
	 INV "ssh: { jump: -oProxyCommand=x }\ngroups:\n  orders: { hosts: [h] }\n", "jump"},
	{"user with a dash", WHOLE, INV "ssh: { user: -x }\ngroups:\n  orders: { hosts: [h] }\n",
	 "user"},
	{"user that is more", WHOLE,
	 INV "ssh: { user: \"a b;c\" }\ngroups:\n  orders: { hosts: [h] }\n", "user"},
	{"driver", WHOLE, INV "ssh: { driver: opnssh }\ngroups:\n  orders: { hosts: [h] }\n",
	 "openssh"},
	{"bad range", WHOLE, INV "groups:\n  orders: { hosts: [\"h[3:1]\"] }\n", "h[3:1]"},
	{"empty group", WHOLE, INV "groups:\n  orders: { hosts: [] }\n  b: { hosts: [h] }\n",
	 "hosts"},
	{"sluiceDir", WHOLE,
	 INV "groups:\n  orders: { hosts: [h] }\nhosts:\n  h: { sluiceDir: var/x }\n", "sluiceDir"},
	{"one instance twice", WHOLE,
	 INV "groups:\n  orders: { hosts: [h1, h2] }\n"
	     "hosts:\n  h1: { address: 10.0.0.1 }\n  h2: { address: 10.0.0.1 }\n",
	 "h1:8080 of 'orders' and h2:8080 of 'orders' are the same: 10.0.0.1:8080"},
	{"relative dir",
	 BOOK "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: a, dir: srv/x }\n" RUNTIME READY ROLLING,
	 HOSTS, "dir"},
	{"dir that climbs",
	 BOOK "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: a, dir: /srv/$(disk) }\n" RUNTIME READY ROLLING,
	 INV "groups:\n  orders: { hosts: [h], vars: { disk: ../x } }\n",
	 "release.dir '/srv/../x'"},
	{"root as dir",
	 BOOK "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: a, dir: /$(disk) }\n" RUNTIME READY ROLLING,
	 INV "groups:\n  orders: { hosts: [h], vars: { disk: // } }\n", "release.dir '/'"},
	{"newline from a var in dir",
	 BOOK "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: a, dir: /srv/$(disk) }\n" RUNTIME READY ROLLING,
	 INV "groups:\n  orders: { hosts: [h], vars: { disk: \"a\\nb\" } }\n", "release.dir"},
	{"version",
	 BOOK "    hosts: orders\n    version: a/b\n    port: 1\n"
	      "    release: { artifact: a, dir: /srv/x }\n" RUNTIME READY ROLLING,
	 HOSTS, "a/b"},
	{"version that climbs",
	 BOOK "    hosts: orders\n    version: ..\n    port: 1\n"
	      "    release: { artifact: a, dir: /srv/x }\n" RUNTIME READY ROLLING,
	 HOSTS, "'..'"},
	{"sha256", BOOK PLAIN "    sha256: abc\n" RUNTIME READY ROLLING, HOSTS, "64"},
	{"remote without sha256",
	 BOOK "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: \"https://x/a.tgz\", dir: /srv/x }\n" RUNTIME READY ROLLING,
	 HOSTS, "sha256"},
	{"other scheme",
	 BOOK "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	      "    release: { artifact: \"ftp://x/a.tgz\", dir: /srv/x }\n" RUNTIME READY ROLLING,
	 HOSTS, "ftp://x/a.tgz"},
	{"a name in quotes",
	 BOOK PLAIN "    runtime: { process: { command: \"./run '$(port)'\" } }\n" READY ROLLING,
	 HOSTS, "quotes"},
	{"a name in a here-document",
	 BOOK PLAIN
	 "    runtime: { process: { command: \"cat <<E\\n$(port)\\nE\" } }\n" READY ROLLING,
	 HOSTS, "here-document"},
	{"undeclared",
	 BOOK PLAIN "    runtime: { process: { command: ./run $(prot) } }\n" READY ROLLING, HOSTS,
	 "prot"},
	{"ready path", BOOK PLAIN RUNTIME "    ready: { http: health }\n" ROLLING, HOSTS, "health"},
	{"ready port", BOOK PLAIN RUNTIME "    ready: { http: \":99999/x\" }\n" ROLLING, HOSTS,
	 "99999"},
	{"ready smuggles", BOOK PLAIN RUNTIME "    ready: { http: \"/$(disk)\" }\n" ROLLING,
	 INV "groups:\n  orders: { hosts: [h], vars: { disk: \"x HTTP/1.1\" } }\n",
	 "without spaces"},
	{"file that climbs",
	 BOOK
	 "    hosts: orders\n    version: \"1\"\n    port: 1\n"
	 "    release: { artifact: a, dir: /srv/x, files: [{ from: x, to: ../y }] }\n" RUNTIME READY
		 ROLLING,
	 HOSTS, "../y"},
	{"env name",
	 BOOK PLAIN
	 "    runtime: { process: { command: ./run, env: { \"A B\": x } } }\n" READY ROLLING,
	 HOSTS, "'A B'"},
	{"log that climbs",
	 BOOK PLAIN "    runtime: { process: { command: ./run, log: ../../x } }\n" READY ROLLING,
	 HOSTS, "log"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(faults); i++) {
		struct fixture f = resolve(faults[i].playbook, faults[i].inventory, NULL);

		if (f.r || !strstr(f.said, faults[i].says))
			fail_msg("%s: %s", faults[i].what, f.said);
		assert_non_null(strstr(f.said, ".yaml"));
		fixture_drop(&f);
	}
}

/* Everything at once, not one by one. */
static void test_all_at_once(void **state)
{
	struct fixture f = resolve(
		BOOK "    hosts: orders\n    version: a..b\n    port: 1\n"
		     "    release: { artifact: a, dir: /srv/$(disk) }\n" RUNTIME
		     "    ready: { http: \"/$(disk)\" }\n" ROLLING,
		INV "groups:\n  orders: { hosts: [h], user: one, vars: { disk: ../x } }\n"
		    "  b: { hosts: [h, i], user: two }\nhosts:\n  i: { vars: { disk: ok } }\n",
		"nobody");

	(void)state;
	assert_null(f.r);
	if (!strstr(f.said, "release.dir '/srv/../x'") ||
	    !strstr(f.said, "give 'user' different") ||
	    !strstr(f.said, "--limit: the inventory has no group or host 'nobody'"))
		fail_msg("%s", f.said);
	fixture_drop(&f);
}

static void test_instance_values(void **state)
{
	static const char book[] = BOOK
		"    hosts: orders\n    version: \"1\"\n    ports: [20880, 20881]\n"
		"    release: { artifact: /opt/a.tar, dir: \"/srv/it's $(service)/$(disk)/\",\n"
		"               files: [{ from: c/$(service).cfg, to: etc/app.cfg, mode: \"0640\" "
		"}] "
		"}\n"
		"    runtime:\n      commands:\n"
		"        start: [\"./ctl\", \"start\", \"$(port)\", \"$(release)\"]\n"
		"        stop: ./ctl stop $(port)\n"
		"        status: ./ctl status $(instance)\n"
		"        env: { A: $(host), B: env:SECRET, C: \"command:cat $(disk)\" }\n"
		"    ready: { http: \":9090/ready/$(port)\" }\n" ROLLING;
	struct fixture f = resolve(
		book, INV "groups:\n  orders: { hosts: [h1], vars: { disk: \"d 1\" } }\n", NULL);
	const struct rs_instance *i;

	(void)state;
	must(&f);
	assert_int_equal(f.r->instance_count, 2);
	i = &f.r->instances[1];
	assert_string_equal(i->id, "h1:20881");
	assert_string_equal(i->link, "current-20881");
	assert_string_equal(i->dir, "/srv/it's orders/d 1");
	assert_string_equal(i->start,
			    "'./ctl' 'start' '20881' '/srv/it'\\''s orders/d 1/current-20881'");
	assert_string_equal(i->stop, "./ctl stop '20881'");
	assert_string_equal(i->status, "./ctl status 'h1:20881'");
	assert_string_equal(i->ready_http, "/ready/20881");
	assert_int_equal(i->ready_port, 9090);
	assert_string_equal(f.r->artifact, "/opt/a.tar");
	assert_int_equal(i->file_count, 1);
	assert_string_equal(i->files[0].content_path, "/srv/books/c/orders.cfg");
	assert_string_equal(i->files[0].to, "etc/app.cfg");
	assert_int_equal(i->files[0].mode, 0640);
	assert_int_equal(i->env_count, 3);
	assert_string_equal(i->env[0].value, "h1");
	assert_false(i->env_secret[0]);
	assert_string_equal(i->env[1].value, "env:SECRET");
	assert_true(i->env_secret[1]);
	assert_string_equal(i->env[2].value, "command:cat 'd 1'");
	assert_null(i->env_clear);
	assert_null(inventory_env_lines(i));
	fixture_drop(&f);
}

/* A file name is relative to the file that it stands in. */
static void test_include_folder(void **state)
{
	struct given g = {
		.playbook = "sluice: 1\nkind: rollout\nname: x\ninclude: [common/base.yaml]\n"
			    "services:\n  orders: { hosts: orders, version: \"1\", port: 80,\n"
			    "    release: { dir: /srv/x } }\n" ROLLING,
		.inventory = HOSTS,
		.include = "common/base.yaml",
		.include_text =
			"defaults:\n  release: { artifact: a.tgz, files: [{ from: x.cfg, to: x }] "
			"}\n"
			"  runtime: { process: { command: ./run, env: { A: \"file:s/pw\" } } }\n"
			"  ready: { http: /h }\n",
	};
	struct fixture f = fixture_make(&g);

	(void)state;
	must(&f);
	assert_string_equal(f.r->artifact, "/srv/books/common/a.tgz");
	assert_string_equal(f.r->instances[0].files[0].content_path, "/srv/books/common/x.cfg");
	assert_string_equal(f.r->instances[0].env[0].value, "file:/srv/books/common/s/pw");
	fixture_drop(&f);
}

static void test_portless_and_v6(void **state)
{
	static const char book[] =
		BOOK "    hosts: orders\n    version: \"1\"\n"
		     "    release: { artifact: a, dir: /srv/x }\n" RUNTIME
		     "    ready: { command: ./check $(host) }\n"
		     "    drain: { until: { command: ./idle $(host) } }\n" ROLLING;
	struct fixture f = resolve(book, HOSTS, NULL);

	(void)state;
	must(&f);
	assert_string_equal(f.r->instances[0].id, "oa1");
	assert_string_equal(f.r->instances[0].address, "oa1");
	assert_int_equal(f.r->instances[0].ready_port, 0);
	assert_string_equal(f.r->instances[0].ready_command, "./check 'oa1'");
	assert_string_equal(f.r->instances[0].drain_command, "./idle 'oa1'");
	fixture_drop(&f);
	f = resolve(WHOLE,
		    INV "groups:\n  orders: { hosts: [h] }\nhosts:\n  h: { address: \"::1\" }\n",
		    NULL);
	must(&f);
	assert_string_equal(f.r->instances[0].address, "[::1]:8080");
	assert_string_equal(f.r->instances[0].id, "h:8080");
	fixture_drop(&f);
}

static void test_run_commands(void **state)
{
	struct fixture f = resolve(WHOLE, HOSTS, NULL);
	const char *argv[] = {"./smoke", "$(instance)", "$(low)", NULL};
	struct pb_command words = {.argv = argv};
	struct pb_command host = {.shell = "echo $(host) $(release) $(run)"};
	struct pb_command here = {.shell = "echo $(service) $(version)"};
	struct sl_error e;
	char *text;

	(void)state;
	must(&f);
	text = inventory_render_command(f.r, &words, &f.r->instances[1], NULL, NULL, 3, &e);
	assert_string_equal(text, "'./smoke' 'oa2:8080' 'default'");
	free(text);
	text = inventory_render_command(f.r, &host, NULL, &f.r->hosts[0], "/srv/x/releases/1", 3,
					&e);
	assert_string_equal(text, "echo 'oa1' '/srv/x/releases/1' '3'");
	free(text);
	text = inventory_render_command(f.r, &host, NULL, &f.r->hosts[0], "/r", 0, &e);
	assert_string_equal(text, "echo 'oa1' '/r' \"$SLUICE_RUN\"");
	free(text);
	text = inventory_render_command(f.r, &here, NULL, NULL, NULL, 3, &e);
	assert_string_equal(text, "echo 'orders' '1.0'");
	free(text);
	assert_null(inventory_render_command(f.r, &host, NULL, NULL, "/r", 3, &e));
	assert_int_equal(e.code, SL_EINPUT);
	assert_non_null(strstr(e.msg, "$(host) has no value here"));
	fixture_drop(&f);
}

static void test_expand(void **state)
{
	struct fixture f = resolve(WHOLE,
				   INV "groups:\n  orders: { hosts: [\"oa[1:3]\"] }\n"
				       "  b: { hosts: [ob] }\n",
				   NULL);
	const char *items[] = {"b", "oa[2:3]", "oa2"};
	struct diag_at at[3] = {{.line = 1}, {.line = 2}, {.line = 3}};
	struct pb_strings list = {items, at, 3};
	const char **names;
	size_t count;

	(void)state;
	must(&f);
	assert_int_equal(inventory_expand(f.inventory, &list, &names, &count, f.d), SL_OK);
	assert_int_equal(count, 3);
	assert_string_equal(names[0], "oa2");
	assert_string_equal(names[1], "oa3");
	assert_string_equal(names[2], "ob");
	free(names);
	items[2] = "oa4";
	assert_int_equal(inventory_expand(f.inventory, &list, &names, &count, f.d), SL_EINPUT);
	assert_int_equal(count, 0);
	assert_null(names);
	fixture_drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),           cmocka_unit_test(test_order),
		cmocka_unit_test(test_groups),          cmocka_unit_test(test_limit),
		cmocka_unit_test(test_precedence),      cmocka_unit_test(test_clash),
		cmocka_unit_test(test_clash_once),      cmocka_unit_test(test_ssh),
		cmocka_unit_test(test_drivers),         cmocka_unit_test(test_touched),
		cmocka_unit_test(test_faults),          cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_instance_values), cmocka_unit_test(test_portless_and_v6),
		cmocka_unit_test(test_run_commands),    cmocka_unit_test(test_expand),
		cmocka_unit_test(test_include_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
