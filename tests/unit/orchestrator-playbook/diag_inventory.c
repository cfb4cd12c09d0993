// SPDX-License-Identifier: Apache-2.0
// Diagnostics about the inventory: one change to a good file, and every word of the answer.
#include "tests/unit/orchestrator-playbook/harness.h"

static const struct row inventory_rows[] = {
	{"kind: inventory", "kind: rollout",
	 "inventory.yaml:2:7: error: this is a playbook, not an inventory\n"
	 "    2 | kind: rollout\n"
	 "      |       ^~~~~~~\n"},
	{"s1: { address: 10.0.0.1 }", "s1: { adress: 10.0.0.1 }",
	 "inventory.yaml:13:9: error: unknown key 'adress' in hosts.s1 (did you mean 'address'?)\n"
	 "   13 |   s1: { adress: 10.0.0.1 }\n"
	 "      |         ^~~~~~\n"},
	{"s1: { address: 10.0.0.1 }", "s1: { address: -oProxyCommand=x }",
	 "inventory.yaml:13:18: error: 'address' takes a host name or an IP address, not "
	 "'-oProxyCommand=x'\n"
	 "   13 |   s1: { address: -oProxyCommand=x }\n"
	 "      |                  ^~~~~~~~~~~~~~~~\n"},
	{"s1: { address: 10.0.0.1 }", "-s1: { port: 0 }",
	 "inventory.yaml:13:3: error: '-s1' is no host name: it must not begin with '-'\n"
	 "   13 |   -s1: { port: 0 }\n"
	 "      |   ^~~\n"
	 "inventory.yaml:13:16: error: 'port' takes a count from 1 to 65535, not '0'\n"
	 "   13 |   -s1: { port: 0 }\n"
	 "      |                ^\n"},
	{"s1: { address: 10.0.0.1 }", "s1: { user: -x, jump: \"a b\" }",
	 "inventory.yaml:13:15: error: '-x' is no user name\n"
	 "   13 |   s1: { user: -x, jump: \"a b\" }\n"
	 "      |               ^~\n"
	 "inventory.yaml:13:25: error: 'a b' is no jump host: [user@]host[:port]\n"
	 "   13 |   s1: { user: -x, jump: \"a b\" }\n"
	 "      |                         ^~~~~\n"},
	{"s1: { address: 10.0.0.1 }", "all: {}",
	 "inventory.yaml:13:3: error: 'all' has a meaning of its own; choose another name\n"
	 "   13 |   all: {}\n"
	 "      |   ^~~\n"},
	{"s1: { address: 10.0.0.1 }", "shop: {}",
	 "inventory.yaml:7:3: error: 'shop' is also a host; choose another name\n"
	 "    7 |   shop: { hosts: [\"s[1:4]\"], vars: { root: /srv } }\n"
	 "      |   ^~~~\n"},
	{"s1: { address: 10.0.0.1 }", "s1: { sluiceDir: x, vars: { \"a b\": c } }",
	 "inventory.yaml:13:20: error: 'sluiceDir' takes an absolute path, not 'x'\n"
	 "   13 |   s1: { sluiceDir: x, vars: { \"a b\": c } }\n"
	 "      |                    ^\n"
	 "inventory.yaml:13:31: error: 'a b' cannot be a name: letters, digits, '.', '_', '+' and "
	 "'-', at most 64\n"
	 "   13 |   s1: { sluiceDir: x, vars: { \"a b\": c } }\n"
	 "      |                               ^~~~~\n"},
	{"{ hosts: [s1] }", "{ groups: [shpo] }",
	 "inventory.yaml:8:23: error: no group is named 'shpo' (did you mean 'shop'?)\n"
	 "    8 |   one-box: { groups: [shpo] }\n"
	 "      |                       ^~~~\n"},
	{"{ hosts: [s1] }", "{ groups: [one-box] }",
	 "inventory.yaml:8:23: error: group 'one-box' contains itself\n"
	 "    8 |   one-box: { groups: [one-box] }\n"
	 "      |                       ^~~~~~~\n"},
	{"{ hosts: [s4] }",
	 "{ groups: [one-box] }\n"
	 "  local: {}",
	 "inventory.yaml:12:3: error: 'local' has a meaning of its own; choose another name\n"
	 "   12 |   local: {}\n"
	 "      |   ^~~~~\n"},
	{"\"s[1:4]\"", "\"s[4:1]\", \"s 1\", -x",
	 "inventory.yaml:7:19: error: 's[4:1]' is no host name: letters, digits, '.', '_', '-', "
	 "and ranges like oa[01:06]\n"
	 "    7 |   shop: { hosts: [\"s[4:1]\", \"s 1\", -x], vars: { root: /srv } }\n"
	 "      |                   ^~~~~~~~\n"
	 "inventory.yaml:7:29: error: 's 1' is no host name: letters, digits, '.', '_', '-', and "
	 "ranges like oa[01:06]\n"
	 "    7 |   shop: { hosts: [\"s[4:1]\", \"s 1\", -x], vars: { root: /srv } }\n"
	 "      |                             ^~~~~\n"
	 "inventory.yaml:7:36: error: '-x' is no host name: it must not begin with '-'\n"
	 "    7 |   shop: { hosts: [\"s[4:1]\", \"s 1\", -x], vars: { root: /srv } }\n"
	 "      |                                    ^~\n"},
	{"{ fromRegistry: city, service: shop }", "{ fromRegistry: citi, hosts: [x] }",
	 "inventory.yaml:9:12: error: 'service' is missing in groups.cloud\n"
	 "    9 |   cloud: { fromRegistry: citi, hosts: [x] }\n"
	 "      |            ^~~~~~~~~~~~\n"
	 "inventory.yaml:9:12: error: 'fromRegistry' beside hosts or groups in groups.cloud: only "
	 "one of them\n"
	 "    9 |   cloud: { fromRegistry: citi, hosts: [x] }\n"
	 "      |            ^~~~~~~~~~~~\n"
	 "inventory.yaml:9:26: error: no registry is named 'citi'\n"
	 "    9 |   cloud: { fromRegistry: citi, hosts: [x] }\n"
	 "      |                          ^~~~\n"},
	{"{ type: haproxy }", "{ tpye: haproxy }",
	 "inventory.yaml:4:12: error: 'type' is missing in routers.edge (is 'tpye' meant to "
	 "be it?)\n"
	 "    4 | routers: { edge: { tpye: haproxy } }\n"
	 "      |            ^~~~\n"},
	{"groups:",
	 "ssh: { driver: telnet, fanout: 0, become: { sudo: yes } }\n"
	 "groups:",
	 "inventory.yaml:6:16: error: 'driver' takes auto, libssh2, openssh or local, not "
	 "'telnet'\n"
	 "    6 | ssh: { driver: telnet, fanout: 0, become: { sudo: yes } }\n"
	 "      |                ^~~~~~\n"
	 "inventory.yaml:6:32: error: 'fanout' takes a count from 1 to 1000, not '0'\n"
	 "    6 | ssh: { driver: telnet, fanout: 0, become: { sudo: yes } }\n"
	 "      |                                ^\n"
	 "inventory.yaml:6:51: error: 'sudo' takes true or false, not 'yes'\n"
	 "    6 | ssh: { driver: telnet, fanout: 0, become: { sudo: yes } }\n"
	 "      |                                                   ^~~\n"},
	{"groups:",
	 "state: { sqlite: default, etcd: [x] }\n"
	 "groups:",
	 "inventory.yaml:6:27: error: 'etcd' beside 'sqlite' in state: exactly one of them\n"
	 "    6 | state: { sqlite: default, etcd: [x] }\n"
	 "      |                           ^~~~\n"},
};

static void test_inventory(void **state)
{
	(void)state;
	harness_rows(inventory_rows, SL_COUNT(inventory_rows), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inventory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
