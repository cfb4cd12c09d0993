/* SPDX-License-Identifier: Apache-2.0 */
/* What ssh says, and what we make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/host/openssh_words.h"
#include "plugins/sdk/mem.h"

static const struct {
	const char *said;
	enum sl_err code;
	const char *message;
} table[] = {
	{"ssh: Could not resolve hostname nowhere: Name or service not known\r\n", SL_ERESOLVE,
	 "web1: name lookup of \"nowhere\" failed: Name or service not known"},
	{"debug1: Connecting to h\nssh: connect to host 10.0.0.1 port 22: Connection refused\n",
	 SL_EREFUSED, "web1: connection to 10.0.0.1 port 22 refused: nothing listens there"},
	{"ssh: connect to host h port 22: No route to host\n", SL_EREFUSED,
	 "web1: cannot connect to h port 22: No route to host"},
	{"ssh: connect to host h port 22: Connection timed out\n", SL_ETIMEOUT,
	 "web1: connecting to h port 22: no answer"},
	{"Connection timed out during banner exchange\n", SL_ETIMEOUT, "no answer"},
	{"debug1: Server host key: ssh-ed25519 SHA256:abc\n"
	 "No ED25519 host key is known for [h]:2222 and you have requested strict checking.\n"
	 "Host key verification failed.\n",
	 SL_EHOSTKEY, "web1: the host key of [h]:2222 is unknown (ssh-ed25519 SHA256:abc)"},
	{"debug1: Server host key: ssh-ed25519 SHA256:abc\n"
	 "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
	 "SHA256:abc.\nOffending ED25519 key in /home/u/.ssh/known hosts:12\n"
	 "Host key for h has changed and you have requested strict checking.\n"
	 "Host key verification failed.\n",
	 SL_EHOSTKEY,
	 "web1: the host key of h has CHANGED: it shows ssh-ed25519 SHA256:abc, but "
	 "/home/u/.ssh/known hosts:12 says SHA256:old"},
	{"debug1: Server host key: ssh-ed25519 SHA256:abc\n"
	 "@       WARNING: REVOKED HOST KEY DETECTED!               @\n"
	 "Host key verification failed.\n",
	 SL_EHOSTKEY, "is revoked"},
	{"debug1: Offering public key: /home/u/.ssh/my key ED25519 SHA256:a explicit\n"
	 "debug1: Offering public key: me@desk RSA SHA256:b agent\n"
	 "deploy@h: Permission denied (publickey).\n",
	 SL_EAUTH,
	 "web1: authentication as deploy failed; keys tried: ED25519 /home/u/.ssh/my key, RSA "
	 "me@desk"},
	{"deploy@h: Permission denied (publickey).\n", SL_EAUTH, "no key to try"},
	{"Unable to negotiate with 10.0.0.1 port 22: no matching cipher found. Their offer: x\n",
	 SL_EUNSUPPORTED, "no matching cipher found"},
	{"/home/u/.ssh/config: line 3: Bad configuration option: bogus\n"
	 "/home/u/.ssh/config: terminating, 1 bad configuration options\n",
	 SL_EINPUT, "bad configuration"},
	{"kex_exchange_identification: Connection closed by remote host\n", SL_ELOST,
	 "web1: the connection was lost"},
	{"ssh_dispatch_run_fatal: Connection to 10.0.0.1 port 22: Broken pipe\n", SL_ELOST,
	 "web1: the connection was lost"},
	{"something \033[31mnew\n", SL_EPROTO, "something ?[31mnew"},
	{"", SL_EPROTO, "it said nothing"},
};

static void test_table(void **state)
{
	(void)state;
	/* In one piece, and byte by byte. */
	for (size_t i = 0; i < 2 * SL_COUNT(table); i++) {
		const char *said = table[i / 2].said;
		size_t step = i % 2 ? 1 : strlen(said), len = strlen(said);
		struct ssh_words w;
		struct sl_error e;

		ssh_words_init(&w);
		for (size_t at = 0; at < len; at += step)
			ssh_words_feed(&w, said + at, step);
		assert_int_equal(ssh_words_error(&w, "web1", "SHA256:old", &e), table[i / 2].code);
		if (!strstr(e.msg, table[i / 2].message))
			fail_msg("wanted \"%s\", got \"%s\"", table[i / 2].message, e.msg);
		ssh_words_release(&w);
	}
}

static void test_streams(void **state)
{
	static const char said[] =
		"channel 3: open failed: connect failed: Connection refused\n"
		"debug1: channel 3: free\n"
		"channel 4: open failed: administratively prohibited: open failed\n";
	static const char opened[] = "debug1: mux_client_request_stdio_fwd: master session id: 2\n";
	struct ssh_words w;

	(void)state;
	ssh_words_init(&w);
	ssh_words_feed(&w, said, strlen(said));
	assert_int_equal(w.open_failures, 2);
	assert_string_equal(w.open_reason, "administratively prohibited: open failed");
	assert_false(w.forwarded);
	ssh_words_feed(&w, opened, strlen(opened));
	assert_true(w.forwarded);
	ssh_words_release(&w);
}

/* A line without end, and then a sensible one. */
static void test_endless_line(void **state)
{
	struct ssh_words w;
	struct sl_error e;
	char noise[1000];

	(void)state;
	memset(noise, 'x', sizeof noise);
	ssh_words_init(&w);
	for (int i = 0; i < 1000; i++)
		ssh_words_feed(&w, noise, sizeof noise);
	ssh_words_feed(&w, "\nssh: Could not resolve hostname h: no\n", 39);
	assert_int_equal(ssh_words_error(&w, "web1", "", &e), SL_ERESOLVE);
	assert_true(w.line.cap < 65536);
	ssh_words_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_endless_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
