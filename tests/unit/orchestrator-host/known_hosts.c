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

#include "orchestrator/host/known_hosts.h"
#include "plugins/sdk/mem.h"

/* Three keys of two types: the type, then one byte that tells them apart. */
#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAUE="
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAUI="
#define KEY_C "ssh-rsa AAAAB3NzaC1yc2EAAAABQw=="

/* HMAC-SHA1 of "web1" and of "[web1]:2222" under a salt of five times "salt" */
#define HASHED_WEB1 "|1|c2FsdHNhbHRzYWx0c2FsdHNhbHQ=|auZxSkHKkwkEF/6WAlRAwhwHkwg="
#define HASHED_2222 "|1|c2FsdHNhbHRzYWx0c2FsdHNhbHQ=|KEk5OcPgdv4mtbl4v157xn2QtmE="

static const unsigned char blob_a[] = "\0\0\0\013ssh-ed25519\0\0\0\001A";
static const unsigned char blob_c[] = "\0\0\0\007ssh-rsa\0\0\0\001C";

static void test_pattern(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} table[] = {
		{"web1", "web1", true},
		{"web1", "web10", false},
		{"web1", "web", false},
		{"WEB1", "web1", true},
		{"web?", "web1", true},
		{"web?", "web", false},
		{"*", "", true},
		{"", "", true},
		{"", "x", false},
		{"*.example", "a.b.example", true},
		{"*.example", "example", false},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"a**b", "ab", true},
		{"[web1]:22*", "[web1]:2222", true},
		{"****************************************b",
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(table); i++)
		assert_int_equal(
			known_pattern(table[i].pattern, strlen(table[i].pattern), table[i].name),
			table[i].match);
}

static void test_check(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		enum known_verdict verdict; /* of key A */
		unsigned line;              /* that decided */
	} table[] = {
		{"", "web1", 22, KNOWN_UNKNOWN, 0},
		{"web1 " KEY_A "\n", "web1", 22, KNOWN_OK, 1},
		{"web1 " KEY_A " a comment", "web1", 22, KNOWN_OK, 1},
		{"# web1\n\n  web1   " KEY_A "\r\n", "WEB1", 22, KNOWN_OK, 3},
		{"web2,web1,10.0.0.1 " KEY_A "\n", "web1", 22, KNOWN_OK, 1},
		{"web2 " KEY_A "\n", "web1", 22, KNOWN_UNKNOWN, 0},
		{"web1 " KEY_B "\n", "web1", 22, KNOWN_CHANGED, 1},
		{"web1 " KEY_B "\nweb1 " KEY_A "\n", "web1", 22, KNOWN_OK, 2},
		{"web1 " KEY_C "\n", "web1", 22, KNOWN_UNKNOWN, 0}, /* another type only */
		{"web1 " KEY_C "\nweb1 " KEY_B "\n", "web1", 22, KNOWN_CHANGED, 2},
		{"[web1]:2222 " KEY_A "\n", "web1", 2222, KNOWN_OK, 1},
		{"[web1]:2222 " KEY_A "\n", "web1", 22, KNOWN_UNKNOWN, 0},
		{"[web1]:2222 " KEY_B "\n", "web1", 2222, KNOWN_CHANGED, 1},
		{"web1 " KEY_A "\n", "web1", 2222, KNOWN_OK, 1},      /* vouches ... */
		{"web1 " KEY_B "\n", "web1", 2222, KNOWN_UNKNOWN, 0}, /* ... never accuses */
		/* ... and never overrules what is known under the port */
		{"web1 " KEY_A "\n[web1]:2222 " KEY_B "\n", "web1", 2222, KNOWN_CHANGED, 2},
		{"web1 " KEY_A "\n[web1]:2222 " KEY_C "\n", "web1", 2222, KNOWN_OK, 1},
		{"web1 " KEY_B "\n[web1]:2222 " KEY_A "\n", "web1", 2222, KNOWN_OK, 2},
		{"*.example " KEY_A "\n", "a.example", 22, KNOWN_OK, 1},
		{"*.example,!b.example " KEY_A "\n", "b.example", 22, KNOWN_UNKNOWN, 0},
		{"!b.example,*.example " KEY_A "\n", "a.example", 22, KNOWN_OK, 1},
		{"@revoked * " KEY_A "\nweb1 " KEY_A "\n", "web1", 22, KNOWN_REVOKED, 1},
		{"web1 " KEY_A "\n@revoked * " KEY_A "\n", "web1", 22, KNOWN_REVOKED, 2},
		{"@revoked web2 " KEY_A "\nweb1 " KEY_A "\n", "web1", 22, KNOWN_OK, 2},
		{"@revoked web1 " KEY_B "\n", "web1", 22, KNOWN_UNKNOWN, 0},
		{"@cert-authority * " KEY_A "\n", "web1", 22, KNOWN_UNKNOWN, 0},
		{"@unheard-of web1 " KEY_A "\n", "web1", 22, KNOWN_UNKNOWN, 0},
		/* HMAC-SHA1 of "web1", and of "[web1]:2222", with the salt "salt" x 5 */
		{HASHED_WEB1 " " KEY_A "\n", "web1", 22, KNOWN_OK, 1},
		{HASHED_WEB1 " " KEY_A "\n", "Web1", 22, KNOWN_OK, 1},
		{HASHED_WEB1 " " KEY_A "\n", "web2", 22, KNOWN_UNKNOWN, 0},
		{HASHED_2222 " " KEY_A "\n", "web1", 2222, KNOWN_OK, 1},
		{HASHED_2222 " " KEY_B "\n", "web1", 2222, KNOWN_CHANGED, 1},
		{HASHED_2222 " " KEY_A "\n", "web1", 22, KNOWN_UNKNOWN, 0},
		{"|1|c2FsdA==| " KEY_A "\n|1|| " KEY_A "\n|1|x|y " KEY_A "\n", "web1", 22,
		 KNOWN_UNKNOWN, 0},
		/* what is no line is passed over */
		{"web1\nweb1 ssh-ed25519\nweb1 ssh-ed25519 !!!!\nweb1 ssh-ed25519 QUFB\n", "web1",
		 22, KNOWN_UNKNOWN, 0},
		{"web1 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAAUE=\n", "web1", 22, KNOWN_UNKNOWN, 0},
		{",,,!,web1 " KEY_A "\n", "web1", 22, KNOWN_OK, 1},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		const struct known_entry *which;
		struct known_hosts k;

		known_hosts_init(&k, table[i].host, table[i].port);
		known_hosts_parse(&k, "file", table[i].text, strlen(table[i].text));
		if (known_hosts_check(&k, "ssh-ed25519", blob_a, sizeof blob_a - 1, &which) !=
		    table[i].verdict)
			fail_msg("row %zu: %s", i, table[i].text);
		assert_int_equal(which ? which->line : 0, table[i].line);
		known_hosts_release(&k);
	}
}

static void test_authority_is_seen(void **state)
{
	static const char text[] = "@cert-authority *.example " KEY_A "\n";
	struct known_hosts k;

	(void)state;
	known_hosts_init(&k, "a.example", 22);
	known_hosts_parse(&k, "file", text, strlen(text));
	assert_true(k.authority);
	assert_int_equal(k.count, 0);
	known_hosts_release(&k);
	known_hosts_init(&k, "elsewhere", 22);
	known_hosts_parse(&k, "file", text, strlen(text));
	assert_false(k.authority);
	known_hosts_release(&k);
}

static void test_fingerprint(void **state)
{
	char fingerprint[KNOWN_FINGERPRINT];

	(void)state;
	known_fingerprint(fingerprint, "", 0);
	assert_string_equal(fingerprint, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

static off_t size_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_size;
}

/* Written, read back; and hashed by ssh-keygen itself, where there is one. */
static void test_files(void **state)
{
	char folder[] = "/tmp/sl-tr-known-XXXXXX", file[64], command[512];
	char fingerprint[KNOWN_FINGERPRINT], same[KNOWN_FINGERPRINT];
	static const unsigned ports[] = {22, 2222};
	const struct known_entry *which;
	struct known_hosts k;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/.ssh/known_hosts", folder);
	for (size_t i = 0; i < 2; i++) {
		known_hosts_init(&k, "web1", ports[i]);
		known_hosts_load(&k, file);
		assert_int_equal(k.count, i); /* the bare one vouches for the other port */
		assert_int_equal(
			known_hosts_add(&k, file, "ssh-ed25519", blob_a, sizeof blob_a - 1, NULL),
			0);
		known_hosts_release(&k);
	}
	assert_true(known_hosts_line(file, 2, fingerprint));
	known_fingerprint(same, blob_a, sizeof blob_a - 1);
	assert_string_equal(fingerprint, same);
	assert_false(known_hosts_line(file, 3, fingerprint));
	assert_false(known_hosts_line("/nonexistent", 1, fingerprint));
	/* A last line without end stays a line of its own. */
	assert_int_equal(truncate(file, size_of(file) - 1), 0);
	known_hosts_init(&k, "web3", 22);
	assert_int_equal(known_hosts_add(&k, file, "ssh-rsa", blob_c, sizeof blob_c - 1, NULL), 0);
	known_hosts_load(&k, file);
	assert_int_equal(k.count, 1);
	assert_int_equal(k.entries[0].line, 3);
	known_hosts_release(&k);
	/* ssh-keygen wants real keys to hash their names. */
	snprintf(command, sizeof command,
		 "ssh-keygen -q -t ed25519 -N '' -f %s/k && { printf 'web1 '; cut -d' ' -f1,2 "
		 "%s/k.pub; printf '[web1]:2222 '; cut -d' ' -f1,2 %s/k.pub; } > %s && ssh-keygen "
		 "-q -H -f %s >/dev/null 2>&1",
		 folder, folder, folder, file, file);
	if (system(command) == 0) {
		for (size_t i = 0; i < 2; i++) {
			known_hosts_init(&k, "web1", ports[i]);
			known_hosts_load(&k, file);
			assert_int_equal(k.count, 1 + i);
			assert_string_equal(k.entries[0].type, "ssh-ed25519");
			known_hosts_release(&k);
		}
		known_hosts_init(&k, "web2", 22);
		known_hosts_load(&k, file);
		assert_int_equal(k.count, 0);
		assert_int_equal(
			known_hosts_check(&k, "ssh-rsa", blob_c, sizeof blob_c - 1, &which),
			KNOWN_UNKNOWN);
		known_hosts_release(&k);
	} else {
		print_message("skipped: hashed names (no ssh-keygen)\n");
	}
	snprintf(command, sizeof command, "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_authority_is_seen),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
