/* SPDX-License-Identifier: Apache-2.0 */
/* A loop with a guard, a temporary folder, and a plugin host: what the tests here share. */
#ifndef SLUICE_TEST_PLUGINS_HOST_HARNESS_H
#define SLUICE_TEST_PLUGINS_HOST_HARNESS_H

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <setjmp.h>

#include <cmocka.h>

#include "plugins/host/host.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

#define GUARD_MS 30000

struct bench {
	uv_loop_t loop;
	uv_timer_t guard;
	uv_prepare_t prepare;
	const bool *awaited;
	struct plugin_host *host;
	char folder[64]; /* short: names of unix sockets are */
	int log[2];
};

static inline void bench_guard(uv_timer_t *timer)
{
	(void)timer;
	fprintf(stderr, "the test hangs: nothing it waits for happened in %d s\n", GUARD_MS / 1000);
	abort();
}

/* UV_RUN_ONCE would run the timers that are due and then still block: look between the two. */
static inline void bench_look(uv_prepare_t *prepare)
{
	struct bench *b = prepare->data;

	if (*b->awaited)
		uv_stop(&b->loop);
}

static inline const char *bench_build(void)
{
	const char *build = getenv("SLUICE_BUILD");

	return build ? build : "build";
}

/* A path inside the bench's folder; a few at a time. */
static inline const char *bench_path(const struct bench *b, const char *name)
{
	static char paths[8][400];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", b->folder, name);
	return path;
}

static inline void bench_write(const struct bench *b, const char *name, const char *text)
{
	FILE *f = fopen(bench_path(b, name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void bench_init(struct bench *b)
{
	const char *tmp = getenv("TMPDIR");

	signal(SIGPIPE, SIG_IGN);
	snprintf(b->folder, sizeof b->folder, "%s/sluice-test.XXXXXX",
		 tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(b->folder));
	assert_int_equal(uv_loop_init(&b->loop), 0);
	uv_timer_init(&b->loop, &b->guard);
	uv_timer_start(&b->guard, bench_guard, GUARD_MS, 0);
	uv_unref((uv_handle_t *)&b->guard);
	uv_prepare_init(&b->loop, &b->prepare);
	b->prepare.data = b;
	b->host = plugin_host_new(&b->loop);
}

static inline void bench_wait(struct bench *b, const bool *flag)
{
	uv_update_time(&b->loop);
	uv_timer_start(&b->guard, bench_guard, GUARD_MS, 0);
	uv_ref((uv_handle_t *)&b->guard);
	b->awaited = flag;
	uv_prepare_start(&b->prepare, bench_look);
	while (!*flag)
		uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_prepare_stop(&b->prepare);
	uv_unref((uv_handle_t *)&b->guard);
}

static inline void bench_flag(void *arg)
{
	*(bool *)arg = true;
}

/* From on to off, what is logged as a warning or worse is counted. */
static inline void bench_log(struct bench *b, bool on)
{
	if (on)
		assert_int_equal(pipe2(b->log, O_NONBLOCK | O_CLOEXEC), 0);
	sl_log_set_level(on ? SL_LOG_WARN : SL_LOG_ERROR);
	sl_log_set_fd(on ? b->log[1] : -1);
	if (on)
		return;
	close(b->log[0]);
	close(b->log[1]);
}

/* Lines since the last time. */
static inline size_t bench_logged(const struct bench *b)
{
	char got[4096];
	ssize_t n = read(b->log[0], got, sizeof got);
	size_t lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += got[i] == '\n';
	return lines;
}

/* Everything must be closed: a handle that is left is a bug of the code under test. */
static inline void bench_release(struct bench *b)
{
	bool closed = false;
	char command[400];

	plugin_host_close(b->host, bench_flag, &closed);
	bench_wait(b, &closed);
	uv_close((uv_handle_t *)&b->guard, NULL);
	uv_close((uv_handle_t *)&b->prepare, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
	assert_int_equal(system(command), 0);
}

#endif
