/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/host/reach.h"
#include "orchestrator/host/ssh_config.h"
#include "plugins/sdk/mem.h"

static void parse(struct ssh_config *c, const char *host, const char *text)
{
	ssh_config_init(c);
	ssh_config_parse(c, host, "F", "/nonexistent", "/home/u", text, strlen(text));
}

static void test_very_many_words(void **state)
{
	char text[512] = "Host *";
	struct ssh_config c;

	(void)state;
	for (int i = 0; i < 70; i++)
		strcat(text, " a");
	strcat(text, " !web1\nUser u\n");
	parse(&c, "web1", text);
	assert_string_equal(c.beyond, "a line of very many words (F:1)");
	ssh_config_release(&c);
	/* A span that no number of milliseconds holds as an int. */
	parse(&c, "web1", "ConnectTimeout 9999d\n");
	assert_string_equal(c.beyond, "ConnectTimeout (F:1)");
	assert_int_equal(c.connect_timeout_s, 0);
	ssh_config_release(&c);
}

/* What one host gets: hostname, user, port, first identity, what is beyond us. */
static void test_table(void **state)
{
	static const struct {
		const char *host, *text;
		const char *hostname, *user;
		unsigned port;
		const char *identity, *beyond;
	} table[] = {
		{"web1", "", NULL, NULL, 0, NULL, NULL},
		{"web1", "User deploy\n", NULL, "deploy", 0, NULL, NULL},
		{"web1", "Host web1\n  HostName 10.0.0.1\n\tPort=2222\n", "10.0.0.1", NULL, 2222,
		 NULL, NULL},
		{"web1", "Host web2\nUser a\nHost web*\nUser b\nHost *\nUser c\n", NULL, "b", 0,
		 NULL, NULL},
		{"web1", "Host * !web1\nUser a\nHost web? x\nUser b\n", NULL, "b", 0, NULL, NULL},
		{"web1", "USER = \"with space\" # comment\n", NULL, "with space", 0, NULL, NULL},
		{"web1", "# User x\n\n   # more\nuser y", NULL, "y", 0, NULL, NULL},
		{"web1", "IdentityFile ~/k1\nIdentityFile k2\n", NULL, NULL, 0, "/home/u/k1", NULL},
		{"web1", "IdentityFile %d/%h-%r-%p-%%\n", NULL, NULL, 0, "/home/u/web1-me-22-%",
		 NULL},
		{"web1", "HostName %h.example\n", "web1.example", NULL, 0, NULL, NULL},
		{"web1", "IdentityFile %C\n", NULL, NULL, 0, "%C", "IdentityFile %C"},
		{"web1", "IdentityFile ${X}/k\n", NULL, NULL, 0, "${X}/k", "IdentityFile ${X}/k"},
		{"web1", "\nProxyJump bastion\n", NULL, NULL, 0, NULL, "ProxyJump (F:2)"},
		{"web1", "Host web2\nProxyJump bastion\n", NULL, NULL, 0, NULL, NULL},
		{"web1", "ProxyCommand none\nProxyJump NONE\n", NULL, NULL, 0, NULL, NULL},
		{"web1", "Match all\nUser a\n", NULL, "a", 0, NULL, NULL},
		{"web1", "Match host web1\nUser a\nMatch all\nUser b", NULL, "b", 0, NULL,
		 "Match (F:1)"},
		{"web1", "Match exec \"touch /tmp/x\"\n", NULL, NULL, 0, NULL, "Match (F:1)"},
		{"web1", "NoSuchThing yes\n", NULL, NULL, 0, NULL, "NoSuchThing (F:1)"},
		{"web1", "Port many\n", NULL, NULL, 0, NULL, "Port (F:1)"},
		{"web1", "Port\n", NULL, NULL, 0, NULL, "Port (F:1)"},
		{"web1",
		 "SendEnv LANG LC_*\nHashKnownHosts yes\nGSSAPIAuthentication yes\n"
		 "ControlMaster auto\nServerAliveInterval 5\n",
		 NULL, NULL, 0, NULL, NULL},
		{"web1", "User first\nUser second\nPort 1\nPort 2\n", NULL, "first", 1, NULL, NULL},
		{"web1", "Include /nonexistent/*.conf\n", NULL, NULL, 0, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct ssh_config c;

		parse(&c, table[i].host, table[i].text);
		ssh_config_expand(&c, table[i].host, 22, "me", "/home/u");
		if (table[i].hostname)
			assert_string_equal(c.hostname, table[i].hostname);
		else
			assert_null(c.hostname);
		if (table[i].user)
			assert_string_equal(c.user, table[i].user);
		else
			assert_null(c.user);
		assert_int_equal(c.port, table[i].port);
		if (table[i].identity)
			assert_string_equal(c.identities.items[0], table[i].identity);
		else
			assert_int_equal(c.identities.count, 0);
		if (table[i].beyond)
			assert_string_equal(c.beyond, table[i].beyond);
		else
			assert_null(c.beyond);
		ssh_config_release(&c);
	}
}

static void test_timeout_and_lists(void **state)
{
	struct ssh_config c;

	(void)state;
	parse(&c, "web1",
	      "ConnectTimeout 1m30s\nUserKnownHostsFile ~/a \"/b c\"\nUserKnownHostsFile /d\n"
	      "IdentitiesOnly yes\nIdentitiesOnly no\n");
	ssh_config_expand(&c, "web1", 22, "me", "/home/u");
	assert_int_equal(c.connect_timeout_s, 90);
	assert_int_equal(c.known_hosts.count, 2);
	assert_string_equal(c.known_hosts.items[0], "/home/u/a");
	assert_string_equal(c.known_hosts.items[1], "/b c");
	assert_true(c.identities_only);
	ssh_config_release(&c);
	parse(&c, "web1", "UserKnownHostsFile none\nConnectTimeout 7\n");
	assert_true(c.known_hosts_set);
	assert_int_equal(c.known_hosts.count, 0);
	assert_int_equal(c.connect_timeout_s, 7);
	ssh_config_release(&c);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Includes follow their block, find several files, and end where they turn in a circle. */
static void test_include(void **state)
{
	char folder[] = "/tmp/sl-tr-config-XXXXXX", path[64], text[256];
	struct ssh_config c;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/1.conf", folder);
	write_text(path, "Host web1\nUser included\nHost web2\nPort 99\n");
	snprintf(path, sizeof path, "%s/2.conf", folder);
	write_text(path, "Port 77\n");
	snprintf(text, sizeof text, "Include %s/*.conf\nUser late\n", folder);
	parse(&c, "web1", text);
	assert_string_equal(c.user, "included");
	assert_int_equal(c.port, 77);
	assert_null(c.beyond);
	ssh_config_release(&c);
	snprintf(text, sizeof text, "Host web9\nInclude %s/*.conf\nHost web1\nUser late\n", folder);
	parse(&c, "web1", text);
	assert_string_equal(c.user, "late");
	assert_int_equal(c.port, 0);
	ssh_config_release(&c);
	snprintf(text, sizeof text, "Include %s/1.conf\n", folder);
	write_text(path, text);
	snprintf(path, sizeof path, "%s/1.conf", folder);
	write_text(path, text);
	parse(&c, "web1", text);
	assert_non_null(strstr(c.beyond, "Include nested too deep"));
	ssh_config_release(&c);
	unlink(path);
	snprintf(path, sizeof path, "%s/2.conf", folder);
	unlink(path);
	rmdir(folder);
}

static void test_reach(void **state)
{
	char folder[] = "/tmp/sl-tr-reach-XXXXXX", path[64];
	const char *identities[] = {"~/mine", NULL};
	struct transport_target target = {.name = "web1", .address = "web1"};
	struct reach r;

	(void)state;
	assert_non_null(mkdtemp(folder));
	setenv("HOME", folder, 1);
	snprintf(path, sizeof path, "%s/config", folder);
	write_text(path, "Host web1\nHostName h\nPort 1\nUser u\nIdentityFile ~/theirs\n"
			 "ConnectTimeout 3\n");
	target.config = path;
	reach_load(&r, &target);
	assert_string_equal(r.host, "h");
	assert_string_equal(r.user, "u");
	assert_int_equal(r.port, 1);
	assert_int_equal(r.connect_timeout_ms, 3000);
	assert_int_equal(r.identities.count, 1);
	assert_false(r.identities_only);
	assert_non_null(strstr(r.known.items[0], "/.ssh/known_hosts"));
	assert_null(r.config.beyond);
	reach_release(&r);
	target.port = 2;
	target.user = "v";
	target.identities = identities;
	target.connect_timeout_ms = 5;
	target.jump = "bastion";
	target.known_hosts = "/k";
	reach_load(&r, &target);
	assert_string_equal(r.user, "v");
	assert_int_equal(r.port, 2);
	assert_int_equal(r.connect_timeout_ms, 5);
	assert_true(r.identities_only);
	assert_true(strncmp(r.identities.items[0], folder, strlen(folder)) == 0);
	assert_int_equal(r.known.count, 1);
	assert_string_equal(r.config.beyond, "a jump host");
	reach_release(&r);
	unlink(path);
	rmdir(folder);
}

static void test_names_that_could_be_options(void **state)
{
	static const struct {
		const char *address, *user, *jump;
		bool ok;
	} table[] = {
		{"web1.example", "deploy", NULL, true},
		{"::1", NULL, "me@bastion:22", true},
		{"fe80::1%eth0", NULL, NULL, true},
		{"-oProxyCommand=x", NULL, NULL, false},
		{"", NULL, NULL, false},
		{"a b", NULL, NULL, false},
		{"$(x)", NULL, NULL, false},
		{"a\nb", NULL, NULL, false},
		{"a", "-l", NULL, false},
		{"a", "u'", NULL, false},
		{"a", NULL, "-J", false},
		{"a", NULL, "`x`", false},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct transport_target t = {
			.name = "n",
			.address = table[i].address,
			.user = table[i].user,
			.jump = table[i].jump,
		};

		assert_int_equal(reach_check(&t, NULL) == SL_OK, table[i].ok);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_very_many_words),
		cmocka_unit_test(test_timeout_and_lists),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_names_that_could_be_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
