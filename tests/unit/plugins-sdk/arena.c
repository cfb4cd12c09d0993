/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: pieces that are apart, aligned and zeroed, of whatever sizes; used again after release.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/sdk/arena.h"
#include "plugins/sdk/mem.h"

static void take(struct sl_arena *a, size_t size)
{
	static const char zeros[70000];
	char *at = sl_arena_alloc(a, size);

	assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
	assert_memory_equal(at, zeros, size);
	memset(at, 0xff, size); /* what comes next must not lie in it */
}

static void test_pieces(void **state)
{
	static const size_t chunks[] = {0, 64, 4096}, sizes[] = {1, 15, 16, 17, 63, 64, 65, 70000};

	(void)state;
	for (size_t c = 0; c < SL_COUNT(chunks); c++) {
		struct sl_arena a = {.chunk = chunks[c]};

		for (int again = 0; again < 2; again++) {
			size_t sum = 0;

			for (int round = 0; round < 20; round++)
				for (size_t i = 0; i < SL_COUNT(sizes); i++) {
					take(&a, sizes[i]);
					sum += sizes[i];
				}
			assert_true(a.used >= sum);
			sl_arena_release(&a);
			assert_int_equal(a.used, 0);
			assert_int_equal(a.chunk, chunks[c]);
		}
		sl_arena_release(&a); /* an empty one */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
