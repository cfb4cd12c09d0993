/* SPDX-License-Identifier: Apache-2.0 */
/* The local driver, and with it everything that is common to all drivers: queues, slots, deadlines,
 * cancelling, output limits, sending files, streams, tunnels. */
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>

static struct transport *local(struct rig *r, struct transport_target *target)
{
	*target = (struct transport_target){
		.name = "here",
		.driver = TRANSPORT_LOCAL,
		.local_root = r->folder,
	};
	return transport_new(r->pool, target);
}

static void test_commands(void **state)
{
	static const struct {
		const char *command, *input, *out, *err;
		int rc;
	} table[] = {
		{"true", NULL, "", "", 0},
		{"echo out; echo err >&2; exit 7", NULL, "out\n", "err\n", 7},
		{"cat", "a\nb", "a\nb", "", 0},
		{"exec /bin/sh -s", "echo $((6 * 7))\n", "42\n", "", 0},
		{"kill -9 $$", NULL, "", "", 137},
		{"kill -TERM $$", NULL, "", "", 143},
		{"exit 255", NULL, "", "", 255},
		{"true", "input that nobody reads", "", "", 0},
	};
	struct transport_target target;
	struct rig r;
	struct transport *t;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	assert_int_equal(transport_driver_used(t), TRANSPORT_AUTO);
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct outcome o;

		run_command(&r, t, table[i].command, table[i].input, 5000, &o);
		assert_int_equal(o.error.code, SL_OK);
		assert_int_equal(o.rc, table[i].rc);
		assert_string_equal(sl_buf_str(&o.out), table[i].out);
		assert_string_equal(sl_buf_str(&o.err), table[i].err);
		outcome_release(&o);
	}
	assert_int_equal(transport_driver_used(t), TRANSPORT_LOCAL);
	rig_close(&r);
}

static void test_home(void **state)
{
	struct transport_target target;
	struct rig r;
	struct outcome o;
	struct transport *t;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	run_command(&r, t, "printf %s \"$HOME\"; test \"$(pwd -P)\" = \"$(cd ~ && pwd -P)\"", NULL,
		    5000, &o);
	assert_int_equal(o.rc, 0);
	assert_string_equal(sl_buf_str(&o.out), r.folder);
	outcome_release(&o);
	rig_close(&r);
}

static void test_newest_output_is_kept(void **state)
{
	struct transport_target target;
	struct transport_exec exec = {
		.command = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i + 1)); done",
		.max_out = 1000,
	};
	struct rig r;
	struct outcome o;
	struct transport *t;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	outcome_init(&o, &r);
	transport_run(t, &exec, on_done, &o);
	wait_for(&r, &o.fired, 1);
	assert_true(o.out.len <= 1000 && o.out.len > 100);
	assert_string_equal(o.out.data + o.out.len - 10, "line 1999\n");
	outcome_release(&o);
	rig_close(&r);
}

static void test_timeout_kills_the_group(void **state)
{
	struct transport_target target;
	struct rig r;
	struct outcome o;
	struct transport *t;
	char path[128], *pid;
	size_t len;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	/* The inner sleep is another process of the same group. */
	run_command(&r, t, "sleep 1000 & echo $! > pid; trap '' TERM; wait; sleep 1000", NULL, 300,
		    &o);
	assert_int_equal(o.error.code, SL_ETIMEOUT);
	assert_string_equal(o.error.msg, "here: the command took longer than 300ms");
	outcome_release(&o);
	snprintf(path, sizeof path, "%s/pid", r.folder);
	pid = read_file(path, &len);
	transport_pool_close(r.pool, on_pool_closed, &r.pool_closed);
	while (!r.pool_closed)
		uv_run(&r.loop, UV_RUN_ONCE);
	/* Its parent is gone: init reaps it, some time. */
	for (int i = 0; i < 500 && kill(atoi(pid), 0) == 0; i++) {
		char stat[64], *text, *end;

		snprintf(stat, sizeof stat, "/proc/%d/stat", atoi(pid));
		if (access(stat, R_OK) != 0)
			break;
		text = read_file(stat, &len);
		end = strrchr(text, ')');
		i = end && end[2] == 'Z' ? 1000 : i;
		free(text);
		usleep(1000);
		assert_int_not_equal(i, 499);
	}
	free(pid);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r.loop), 0);
	nftw(r.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_cancel(void **state)
{
	struct transport_target target;
	struct transport_exec exec = {.command = "sleep 1000"};
	struct rig r;
	struct outcome running, waiting;
	struct transport_call *a, *b;
	struct transport *t;

	(void)state;
	rig_open(&r, 1);
	t = local(&r, &target);
	outcome_init(&running, &r);
	outcome_init(&waiting, &r);
	a = transport_run(t, &exec, on_done, &running);
	b = transport_run(t, &exec, on_done, &waiting);
	transport_cancel(b); /* before it could start */
	assert_int_equal(waiting.fired, 0);
	wait_for(&r, &waiting.fired, 1);
	assert_int_equal(waiting.error.code, SL_ECANCELED);
	assert_int_equal(running.fired, 0);
	transport_cancel(a);
	assert_int_equal(running.fired, 0);
	wait_for(&r, &running.fired, 1);
	assert_int_equal(running.error.code, SL_ECANCELED);
	outcome_release(&running);
	outcome_release(&waiting);
	rig_close(&r);
	assert_int_equal(running.fired, 1);
}

static void test_pool_close_cancels(void **state)
{
	struct transport_target target;
	struct transport_exec exec = {.command = "sleep 1000"};
	struct rig r;
	struct outcome o[3];
	struct transport *t;

	(void)state;
	rig_open(&r, 1);
	t = local(&r, &target);
	for (size_t i = 0; i < 3; i++) {
		outcome_init(&o[i], &r);
		transport_run(t, &exec, on_done, &o[i]);
	}
	rig_close(&r);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(o[i].fired, 1);
		assert_int_equal(o[i].error.code, SL_ECANCELED);
		outcome_release(&o[i]);
	}
}

/* With two slots, two hosts meet at a barrier of files that no third has passed. */
static void test_fanout(void **state)
{
	struct transport_target targets[5];
	struct transport_exec exec = {
		.command = "mkdir run.$$ && set -- run.* && echo $# >> seen; n=0; "
			   "while [ $# -lt 2 ] && [ $n -lt 30 ]; do n=$((n+1)); sleep 0.01; "
			   "set -- run.*; done; sleep 0.02; rmdir run.$$",
	};
	struct rig r;
	struct outcome o[5];
	char path[128], *seen;
	size_t len;

	(void)state;
	rig_open(&r, 2);
	for (size_t i = 0; i < 5; i++) {
		struct transport *t = local(&r, &targets[i]);

		outcome_init(&o[i], &r);
		transport_run(t, &exec, on_done, &o[i]);
	}
	for (size_t i = 0; i < 5; i++) {
		wait_for(&r, &o[i].fired, 1);
		assert_int_equal(o[i].rc, 0);
		outcome_release(&o[i]);
	}
	snprintf(path, sizeof path, "%s/seen", r.folder);
	seen = read_file(path, &len);
	assert_int_equal(len, 10); /* five lines, each "1" or "2" */
	assert_null(strpbrk(seen, "345"));
	free(seen);
	rig_close(&r);
}

static void put_file(struct rig *r, struct transport *t, const char *from, const char *to,
		     struct outcome *o)
{
	outcome_init(o, r);
	transport_put(t, from, to, 0640, 10000, on_done, o);
	assert_int_equal(o->fired, 0);
	wait_for(r, &o->fired, 1);
}

static void test_put(void **state)
{
	struct transport_target target;
	struct rig r;
	struct outcome o;
	struct transport *t;
	char from[128], to[160], *sent = sl_alloc(3000001), *got;
	struct stat st;
	size_t len;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	for (size_t i = 0; i < 3000001; i++)
		sent[i] = (char)(i * 31 + i / 256);
	snprintf(from, sizeof from, "%s/from", r.folder);
	snprintf(to, sizeof to, "%s/it's a \"$name\" ; x", r.folder);
	write_file(from, sent, 3000001, 0600);
	put_file(&r, t, from, to, &o);
	assert_string_equal(o.error.msg, "");
	got = read_file(to, &len);
	assert_int_equal(len, 3000001);
	assert_memory_equal(got, sent, len);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	outcome_release(&o);
	free(got);
	free(sent);
	write_file(from, "", 0, 0600);
	put_file(&r, t, from, to, &o);
	assert_int_equal(o.error.code, SL_OK);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, 0);
	outcome_release(&o);
	rig_close(&r);
}

static void test_put_errors(void **state)
{
	struct transport_target target;
	struct rig r;
	struct outcome o;
	struct transport *t;
	char from[128];

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	snprintf(from, sizeof from, "%s/from", r.folder);
	put_file(&r, t, from, "/x", &o);
	assert_int_equal(o.error.code, SL_EIO);
	outcome_release(&o);
	write_file(from, "content", 7, 0600);
	put_file(&r, t, from, "/nonexistent folder/x", &o);
	assert_int_equal(o.error.code, SL_ECOMMAND);
	assert_non_null(strstr(o.error.msg, "here: writing /nonexistent folder/x failed"));
	outcome_release(&o);
	put_file(&r, t, from, "two\nlines", &o);
	assert_int_equal(o.error.code, SL_EINPUT);
	outcome_release(&o);
	put_file(&r, t, from, "/dev/full", &o);
	assert_int_equal(o.error.code, SL_ENOSPACE);
	outcome_release(&o);
	rig_close(&r);
}

static void test_streams(void **state)
{
	struct transport_target target;
	struct rig r;
	struct echo tcp, unix;
	struct transport *t;
	char path[128];

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	snprintf(path, sizeof path, "%s/echo", r.folder);
	echo_open(&tcp, &r, NULL);
	echo_open(&unix, &r, path);
	talk_through(&r, t, &(struct sl_endpoint){.address = "127.0.0.1", .port = tcp.port});
	talk_through(&r, t, &(struct sl_endpoint){.address = "localhost", .port = tcp.port});
	talk_through(&r, t, &(struct sl_endpoint){.unix_path = path});
	echo_close(&tcp);
	echo_close(&unix);
	rig_close(&r);
}

static void test_stream_errors(void **state)
{
	static const struct {
		struct sl_endpoint to;
		enum sl_err code;
	} table[] = {
		{{.address = "127.0.0.1", .port = 1}, SL_EREFUSED},
		{{.unix_path = "/nonexistent"}, SL_EREFUSED},
		{{.address = "no.such.host.invalid", .port = 1}, SL_ERESOLVE},
	};
	struct transport_target target;
	struct rig r;
	struct transport *t;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct talk talk = {0};
		struct sl_stream *s;

		s = transport_stream(t, &table[i].to, 5000, &talk_events, &talk);
		wait_for(&r, &talk.opened, 1);
		assert_int_equal(talk.error.code, table[i].code);
		sl_stream_close(s);
		wait_for(&r, &talk.closed, 1);
		assert_int_equal(talk.ended, 0);
	}
	rig_close(&r);
}

static void test_stream_closed_while_opening(void **state)
{
	struct transport_target target;
	struct talk talk = {0};
	struct rig r;
	struct echo tcp;
	struct sl_stream *s;

	(void)state;
	rig_open(&r, 4);
	echo_open(&tcp, &r, NULL);
	s = transport_stream(local(&r, &target),
			     &(struct sl_endpoint){.address = "127.0.0.1", .port = tcp.port}, 5000,
			     &talk_events, &talk);
	sl_stream_close(s);
	wait_for(&r, &talk.closed, 1);
	assert_int_equal(talk.opened, 0);
	echo_close(&tcp);
	rig_close(&r);
}

static void test_tunnel(void **state)
{
	struct transport_target target, through;
	struct rig r;
	struct echo tcp;
	struct transport *t;
	struct tunnel *tn;
	struct sl_error e;

	(void)state;
	rig_open(&r, 4);
	t = local(&r, &target);
	echo_open(&tcp, &r, NULL);
	tn = tunnel_open(t, &(struct sl_endpoint){.address = "127.0.0.1", .port = tcp.port}, &e);
	assert_non_null(tn);
	/* In by the tunnel's own socket, twice, from a second transport. */
	t = local(&r, &through);
	talk_through(&r, t, &(struct sl_endpoint){.unix_path = tunnel_path(tn)});
	talk_through(&r, t, &(struct sl_endpoint){.unix_path = tunnel_path(tn)});
	tunnel_close(tn);
	echo_close(&tcp);
	rig_close(&r);
}

/* A killed controller's sockets stay until the next one makes its folder. */
static void test_a_dead_ones_folder_is_swept(void **state)
{
	const struct sl_endpoint to = {.address = "127.0.0.1", .port = 1};
	struct transport_target target;
	struct rig r;
	char path[128] = "", base[64];
	struct tunnel *tn;
	struct stat st;
	int fds[2];
	pid_t child;

	(void)state;
	rig_open(&r, 1);
	snprintf(base, sizeof base, "%s", r.folder);
	setenv("XDG_RUNTIME_DIR", base, 1);
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		tn = tunnel_open(local(&r, &target), &to, NULL);
		snprintf(path, sizeof path, "%s", tunnel_path(tn));
		if (write(fds[1], path, sizeof path) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(fds[0], path, sizeof path), sizeof path);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	tn = tunnel_open(local(&r, &target), &to, NULL);
	assert_int_equal(stat(path, &st), -1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &st), -1);
	snprintf(path, sizeof path, "%s", tunnel_path(tn));
	assert_int_equal(stat(path, &st), 0);
	tunnel_close(tn);
	rig_close(&r);
	unsetenv("XDG_RUNTIME_DIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_newest_output_is_kept),
		cmocka_unit_test(test_timeout_kills_the_group),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_pool_close_cancels),
		cmocka_unit_test(test_fanout),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_errors),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_stream_errors),
		cmocka_unit_test(test_stream_closed_while_opening),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_a_dead_ones_folder_is_swept),
	};

	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
