/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/lazy.h"

#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>
#include <openssl/evp.h>

/* Through the definition that passes it on, to the library that is loaded by it. */
static void test_call_is_passed_on(void **state)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	(void)state;
	assert_int_equal(EVP_Digest("abc", 3, md, &n, EVP_sha1(), NULL), 1);
	assert_int_equal(n, 20);
	assert_int_equal(md[0], 0xa9);
	assert_int_equal(md[19], 0x9d);
}

/* What it writes before it ends; the signal that ends it. */
static int asked(const char *library, const char *function, char *said, size_t size)
{
	const struct rlimit none = {0};
	int out[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		dup2(out[1], STDERR_FILENO);
		sl_lazy_symbol(library, function);
		_exit(0);
	}
	close(out[1]);
	n = read(out[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_what_is_not_there_is_named(void **state)
{
	char said[512];

	(void)state;
	assert_int_equal(asked("crypto", "EVP_nothing", said, sizeof said), SIGABRT);
	assert_non_null(strstr(said, "EVP_nothing"));
	assert_non_null(strstr(said, "libcrypto.so"));
	assert_int_equal(asked("nothing", "EVP_sha1", said, sizeof said), SIGABRT);
	assert_non_null(strstr(said, "nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_is_passed_on),
		cmocka_unit_test(test_what_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
