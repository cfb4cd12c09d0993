/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both SSH drivers against a private sshd on a loopback address: the same tests, the same codes.
 * Commands that must end a connection kill their own sshd ($PPID), so no process is looked for by
 * name.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "orchestrator/host/known_hosts.h"
#include "orchestrator/host/slurp.h"

#define ADDRESS "127.0.9.1"
#define JUMP    "127.0.9.2"

struct server {
	pid_t pid;
	unsigned port;
};

static struct {
	char folder[64];
	char user[64];
	struct server modern;       /* only what libssh2 does not know */
	struct server open, strict; /* strict forwards nothing and gives no session */
	char host_key[KNOWN_FINGERPRINT], other_key[KNOWN_FINGERPRINT];
} lab;

/* --- the lab --- */

static void lab_path(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", lab.folder, name);
}

static int lab_sh(const char *format, ...)
{
	char *command;
	va_list ap;
	int rc;

	va_start(ap, format);
	assert_true(vasprintf(&command, format, ap) > 0);
	va_end(ap);
	rc = system(command);
	free(command);
	return rc;
}

static unsigned free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, ADDRESS, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	close(fd);
	return ntohs(a.sin_port);
}

/* A retry on connect is bounded; sshd gives no other sign that it listens. */
static bool accepts(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, ADDRESS, &a.sin_addr);
	for (int i = 0; i < 1000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc = connect(fd, (struct sockaddr *)&a, sizeof a);

		close(fd);
		if (rc == 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void server_start(struct server *s, const char *name, const char *more)
{
	char config[128], log[128], text[1024];
	char *argv[] = {(char *)"/usr/sbin/sshd",
			(char *)"-D",
			(char *)"-f",
			config,
			(char *)"-E",
			log,
			NULL};

	if (!s->port)
		s->port = free_port();
	lab_path(config, name);
	snprintf(log, sizeof log, "%.100s.log", config);
	snprintf(text, sizeof text,
		 "Port %u\nListenAddress " ADDRESS "\nHostKey %s/hk\nAuthorizedKeysFile %s/ak\n"
		 "StrictModes no\nUsePAM no\nMaxStartups 1000\nPidFile none\n"
		 "PasswordAuthentication no\nKbdInteractiveAuthentication no\n%s",
		 s->port, lab.folder, lab.folder, more);
	write_file(config, text, strlen(text), 0600);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		execv(argv[0], argv);
		_exit(127);
	}
	assert_true(accepts(s->port));
}

static void server_stop(struct server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static void known_line(const char *file, const char *pub, unsigned port)
{
	lab_sh("cd %s && printf '[" ADDRESS "]:%u %%s\\n' \"$(cut -d' ' -f1,2 %s)\" >> %s",
	       lab.folder, port, pub, file);
}

static void fingerprint_of(const char *pub, char fingerprint[KNOWN_FINGERPRINT])
{
	char path[128], line[128];
	size_t len;
	char *text, *known;

	lab_path(path, pub);
	text = slurp(path, 65536, &len);
	assert_non_null(text);
	known = sl_asprintf("x %s", text);
	lab_path(path, "line");
	write_file(path, known, strlen(known), 0600);
	assert_true(known_hosts_line(path, 1, fingerprint));
	snprintf(line, sizeof line, "%s", fingerprint);
	free(known);
	free(text);
}

static int lab_up(void **state)
{
	const struct passwd *pw = getpwuid(getuid());

	(void)state;
	if (access("/usr/sbin/sshd", X_OK) != 0 || lab_sh("command -v ssh-keygen >/dev/null") != 0)
		return 0; /* each test says that it skips */
	snprintf(lab.folder, sizeof lab.folder, "/tmp/sl-trssh-XXXXXX");
	assert_non_null(mkdtemp(lab.folder));
	snprintf(lab.user, sizeof lab.user, "%s", pw->pw_name);
	setenv("HOME", lab.folder, 1);
	setenv("TMPDIR", lab.folder, 1); /* also the folders of those that die go with the lab */
	unsetenv("SSH_AUTH_SOCK");
	if (getuid() == 0)
		mkdir("/run/sshd", 0755);
	assert_int_equal(lab_sh("cd %s && : > none && : > ak && for k in hk hk2 id wrong forced "
				"agentkey; do "
				"ssh-keygen -q -t ed25519 -N '' -C $k -f $k || exit 1; done && "
				"ssh-keygen -q -t ecdsa -N '' -f idec && "
				"ssh-keygen -q -t ecdsa -m PEM -N '' -f idpem && "
				"ssh-keygen -q -t rsa -b 2048 -N '' -f idrsa && "
				"cat id.pub idec.pub idpem.pub idrsa.pub agentkey.pub > ak && "
				"printf 'command=\"/bin/false\" ' >> ak && cat forced.pub >> ak",
				lab.folder),
			 0);
	server_start(&lab.open, "open", "ListenAddress " JUMP "\n");
	server_start(&lab.strict, "strict",
		     "MaxSessions 0\nAllowTcpForwarding no\nAllowStreamLocalForwarding no\n");
	known_line("known", "hk.pub", lab.open.port);
	known_line("known", "hk.pub", lab.strict.port);
	known_line("changed", "hk2.pub", lab.open.port);
	fingerprint_of("hk.pub", lab.host_key);
	fingerprint_of("hk2.pub", lab.other_key);
	return 0;
}

static int lab_down(void **state)
{
	(void)state;
	server_stop(&lab.open);
	server_stop(&lab.strict);
	server_stop(&lab.modern);
	if (*lab.folder && !getenv("KEEP"))
		nftw(lab.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* --- one test's rig: a host as the target says --- */

struct ssh_rig {
	struct rig base;
	struct transport_target target;
	char key[128], known[128], config[128];
	const char *identities[2];
	struct transport *t;
};

static void ssh_open(struct ssh_rig *r, void **state, const char *key, const char *known,
		     const struct server *server)
{
	if (!*lab.folder) {
		print_message("skipped: no /usr/sbin/sshd or ssh-keygen (openssh-server)\n");
		skip();
	}
	memset(r, 0, sizeof *r);
	rig_open(&r->base, 8);
	lab_path(r->key, key ? key : "id");
	lab_path(r->known, known ? known : "known");
	lab_path(r->config, "none");
	r->identities[0] = r->key;
	r->target = (struct transport_target){
		.name = "web1",
		.address = ADDRESS,
		.port = server ? server->port : lab.open.port,
		.user = lab.user,
		.identities = r->identities,
		.known_hosts = r->known,
		.config = r->config,
		.driver = *(const enum transport_driver *)*state,
		.connect_timeout_ms = 20000,
	};
	r->t = transport_new(r->base.pool, &r->target);
}

static void ssh_close(struct ssh_rig *r)
{
	rig_close(&r->base);
}

static void ssh_connect(struct ssh_rig *r, struct outcome *o)
{
	outcome_init(o, &r->base);
	transport_connect(r->t, on_done, o);
	assert_int_equal(o->fired, 0);
	wait_for(&r->base, &o->fired, 1);
}

static void expect(const struct outcome *o, enum sl_err code, const char *words)
{
	if (o->error.code != code || !strstr(o->error.msg, words))
		print_message("wanted %s and \"%s\", got %s: %s\n", sl_err_name(code), words,
			      sl_err_name(o->error.code), o->error.msg);
	assert_int_equal(o->error.code, code);
	assert_non_null(strstr(o->error.msg, words));
}

static void connect_expect(struct ssh_rig *r, enum sl_err code, const char *words)
{
	struct outcome o;

	ssh_connect(r, &o);
	expect(&o, code, words);
	outcome_release(&o);
}

/* --- commands --- */

/* A login shell's rc file may say things of its own before. */
static void assert_ends_with(const char *text, const char *end)
{
	assert_true(strlen(text) >= strlen(end));
	assert_string_equal(text + strlen(text) - strlen(end), end);
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
		{"exit 255", NULL, "", "", 255},
		{"true", "input that nobody reads", "", "", 0},
	};
	struct ssh_rig r;

	ssh_open(&r, state, NULL, NULL, NULL);
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct outcome o;

		run_command(&r.base, r.t, table[i].command, table[i].input, 20000, &o);
		expect(&o, SL_OK, "");
		assert_int_equal(o.rc, table[i].rc);
		assert_string_equal(sl_buf_str(&o.out), table[i].out);
		assert_ends_with(sl_buf_str(&o.err), table[i].err);
		outcome_release(&o);
	}
	assert_int_equal(transport_driver_used(r.t), r.target.driver);
	ssh_close(&r);
}

static void test_a_megabyte_each_way(void **state)
{
	struct ssh_rig r;
	struct outcome o;
	size_t len = 1024 * 1024;
	char *text = sl_alloc(len + 1);

	ssh_open(&r, state, NULL, NULL, NULL);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + (i * 7 + i / 1000) % 26);
	run_command(&r.base, r.t, "cat", text, 20000, &o);
	expect(&o, SL_OK, "");
	assert_int_equal(o.out.len, len);
	assert_memory_equal(o.out.data, text, len);
	outcome_release(&o);
	free(text);
	ssh_close(&r);
}

/* More calls than a connection takes at once: the rest wait. */
static void test_many_calls(void **state)
{
	struct transport_exec exec = {.command = "cat; echo err >&2", .input_len = 2};
	struct ssh_rig r;
	struct outcome o[24];
	char input[3];

	ssh_open(&r, state, NULL, NULL, NULL);
	for (size_t i = 0; i < SL_COUNT(o); i++) {
		outcome_init(&o[i], &r.base);
		snprintf(input, sizeof input, "%02zu", i);
		exec.input = input;
		transport_run(r.t, &exec, on_done, &o[i]);
	}
	for (size_t i = 0; i < SL_COUNT(o); i++) {
		wait_for(&r.base, &o[i].fired, 1);
		expect(&o[i], SL_OK, "");
		snprintf(input, sizeof input, "%02zu", i);
		assert_string_equal(sl_buf_str(&o[i].out), input);
		assert_ends_with(sl_buf_str(&o[i].err), "err\n");
		outcome_release(&o[i]);
	}
	ssh_close(&r);
}

static void test_timeout_and_cancel(void **state)
{
	struct transport_exec exec = {.command = "sleep 60"};
	struct ssh_rig r;
	struct outcome o;
	struct transport_call *c;

	ssh_open(&r, state, NULL, NULL, NULL);
	run_command(&r.base, r.t, "sleep 60", NULL, 700, &o);
	expect(&o, SL_ETIMEOUT, "web1: the command took longer than 700ms");
	outcome_release(&o);
	outcome_init(&o, &r.base);
	c = transport_run(r.t, &exec, on_done, &o);
	transport_cancel(c);
	assert_int_equal(o.fired, 0);
	wait_for(&r.base, &o.fired, 1);
	expect(&o, SL_ECANCELED, "web1");
	outcome_release(&o);
	/* The connection is as good as before. */
	run_command(&r.base, r.t, "echo still here", NULL, 20000, &o);
	expect(&o, SL_OK, "");
	assert_string_equal(sl_buf_str(&o.out), "still here\n");
	outcome_release(&o);
	ssh_close(&r);
}

static void test_lost_and_back(void **state)
{
	struct ssh_rig r;
	struct outcome o;

	ssh_open(&r, state, NULL, NULL, NULL);
	run_command(&r.base, r.t, "echo before; kill -9 $PPID; sleep 20", NULL, 20000, &o);
	expect(&o, SL_ELOST, "web1: the connection was lost");
	outcome_release(&o);
	run_command(&r.base, r.t, "echo again", NULL, 20000, &o);
	expect(&o, SL_OK, "");
	assert_string_equal(sl_buf_str(&o.out), "again\n");
	outcome_release(&o);
	ssh_close(&r);
}

static void test_signal(void **state)
{
	struct ssh_rig r;
	struct outcome o;

	ssh_open(&r, state, NULL, NULL, NULL);
	run_command(&r.base, r.t, "kill -TERM $$; sleep 5", NULL, 20000, &o);
	expect(&o, SL_OK, "");
	/* The ssh program does not tell of signals: 255. */
	assert_int_equal(o.rc, r.target.driver == TRANSPORT_LIBSSH2 ? 143 : 255);
	outcome_release(&o);
	ssh_close(&r);
}

/* --- files --- */

static void put(struct ssh_rig *r, const char *from, const char *to, struct outcome *o)
{
	outcome_init(o, &r->base);
	transport_put(r->t, from, to, 0640, 20000, on_done, o);
	wait_for(&r->base, &o->fired, 1);
}

static void test_put(void **state)
{
	struct ssh_rig r;
	struct outcome o;
	struct stat st;
	size_t size = 5 * 1024 * 1024 + 3, len;
	char *sent = sl_alloc(size), *got, from[128], to[160];

	ssh_open(&r, state, NULL, NULL, NULL);
	for (size_t i = 0; i < size; i++)
		sent[i] = (char)(i * 31 + i / 256);
	snprintf(from, sizeof from, "%s/from", r.base.folder);
	snprintf(to, sizeof to, "%s/it's \"$a\" file; x", r.base.folder);
	write_file(from, sent, size, 0600);
	put(&r, from, to, &o);
	expect(&o, SL_OK, "");
	outcome_release(&o);
	got = read_file(to, &len);
	assert_int_equal(len, size);
	assert_memory_equal(got, sent, size);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	put(&r, from, "/dev/full", &o);
	expect(&o, SL_ENOSPACE, "/dev/full");
	outcome_release(&o);
	put(&r, from, "/nonexistent/x", &o);
	expect(&o, SL_ECOMMAND, "web1: writing /nonexistent/x failed");
	outcome_release(&o);
	free(got);
	free(sent);
	ssh_close(&r);
}

/* --- streams --- */

static void test_streams(void **state)
{
	struct ssh_rig r;
	struct echo tcp, unix;
	char path[128];

	ssh_open(&r, state, NULL, NULL, NULL);
	snprintf(path, sizeof path, "%s/echo", r.base.folder);
	echo_open(&tcp, &r.base, NULL);
	echo_open(&unix, &r.base, path);
	for (int i = 0; i < 2; i++) {
		talk_through(&r.base, r.t,
			     &(struct sl_endpoint){.address = "127.0.0.1", .port = tcp.port});
		talk_through(&r.base, r.t, &(struct sl_endpoint){.unix_path = path});
	}
	echo_close(&tcp);
	echo_close(&unix);
	ssh_close(&r);
}

/* What came of a stream that cannot be: the openssh driver knows it of a unix socket only once it
 * has ended. */
static void stream_expect(struct ssh_rig *r, const struct sl_endpoint *to, enum sl_err code,
			  const char *words)
{
	struct talk talk = {0};
	struct sl_stream *s = transport_stream(r->t, to, 20000, &talk_events, &talk);

	wait_for(&r->base, &talk.opened, 1);
	if (talk.error.code == SL_OK && to->unix_path && r->target.driver == TRANSPORT_OPENSSH)
		wait_for(&r->base, &talk.ended, 1);
	if (talk.error.code != code || !strstr(talk.error.msg, words))
		print_message("got %s\n", talk.error.msg);
	assert_int_equal(talk.error.code, code);
	assert_non_null(strstr(talk.error.msg, words));
	sl_stream_close(s);
	wait_for(&r->base, &talk.closed, 1);
}

static void test_stream_errors(void **state)
{
	const struct sl_endpoint tcp = {.address = "127.0.0.1", .port = 1};
	const struct sl_endpoint unix = {.unix_path = "/nonexistent/socket"};
	struct ssh_rig r;

	ssh_open(&r, state, NULL, NULL, NULL);
	stream_expect(&r, &tcp, SL_EREFUSED, "web1: connection on the host to 127.0.0.1 port 1");
	stream_expect(&r, &unix, SL_EREFUSED,
		      "web1: connection on the host to /nonexistent/socket");
	ssh_close(&r);
	ssh_open(&r, state, NULL, NULL, &lab.strict);
	stream_expect(&r, &tcp, SL_EUNSUPPORTED, "AllowTcpForwarding");
	stream_expect(&r, &unix, SL_EREFUSED, "AllowStreamLocalForwarding");
	ssh_close(&r);
}

/* A stream ends with its connection. */
static void test_stream_lost(void **state)
{
	struct ssh_rig r;
	struct echo tcp;
	struct talk talk = {0};
	struct outcome o;
	struct sl_stream *s;

	ssh_open(&r, state, NULL, NULL, NULL);
	echo_open(&tcp, &r.base, NULL);
	s = transport_stream(r.t, &(struct sl_endpoint){.address = "127.0.0.1", .port = tcp.port},
			     20000, &talk_events, &talk);
	wait_for(&r.base, &talk.opened, 1);
	assert_int_equal(talk.error.code, SL_OK);
	run_command(&r.base, r.t, "kill -9 $PPID; sleep 20", NULL, 20000, &o);
	expect(&o, SL_ELOST, "web1");
	outcome_release(&o);
	wait_for(&r.base, &talk.ended, 1);
	assert_int_equal(talk.error.code, SL_ELOST);
	assert_int_equal(sl_stream_write(s, "x", 1, NULL), SL_ELOST);
	sl_stream_close(s);
	wait_for(&r.base, &talk.closed, 1);
	echo_close(&tcp);
	ssh_close(&r);
}

/* The tunnel, entered by a local transport; megabytes both ways past the flow control. */
static void test_tunnel(void **state)
{
	struct transport_target here = {.name = "here", .driver = TRANSPORT_LOCAL};
	struct ssh_rig r;
	struct echo tcp;
	struct talk talk = {0};
	struct tunnel *tn;
	struct sl_stream *s;
	struct sl_error e;
	size_t len = 3 * 1024 * 1024;
	char *text = sl_alloc(len);

	ssh_open(&r, state, NULL, NULL, NULL);
	echo_open(&tcp, &r.base, NULL);
	tn = tunnel_open(r.t, &(struct sl_endpoint){.address = "127.0.0.1", .port = tcp.port}, &e);
	assert_non_null(tn);
	s = transport_stream(transport_new(r.base.pool, &here),
			     &(struct sl_endpoint){.unix_path = tunnel_path(tn)}, 20000,
			     &talk_events, &talk);
	sl_buf_init(&talk.in, 2 * len);
	wait_for(&r.base, &talk.opened, 1);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('A' + (i * 7 + i / 1000) % 26);
	assert_int_equal(sl_stream_write(s, text, len, NULL), SL_OK);
	sl_stream_finish(s);
	wait_for(&r.base, &talk.ended, 1);
	assert_int_equal(talk.error.code, SL_OK);
	assert_int_equal(talk.in.len, len);
	assert_memory_equal(talk.in.data, text, len);
	sl_stream_close(s);
	wait_for(&r.base, &talk.closed, 1);
	tunnel_close(tn);
	echo_close(&tcp);
	sl_buf_release(&talk.in);
	free(text);
	ssh_close(&r);
}

/* --- what can be wrong with a host --- */

static void test_host_keys(void **state)
{
	struct ssh_rig r;
	char place[160];

	ssh_open(&r, state, NULL, "none", NULL);
	connect_expect(&r, SL_EHOSTKEY, "is unknown");
	connect_expect(&r, SL_EHOSTKEY, lab.host_key);
	ssh_close(&r);
	ssh_open(&r, state, NULL, "changed", NULL);
	snprintf(place, sizeof place, "%s:1", r.known);
	connect_expect(&r, SL_EHOSTKEY, "has CHANGED");
	connect_expect(&r, SL_EHOSTKEY, lab.host_key);
	connect_expect(&r, SL_EHOSTKEY, lab.other_key);
	connect_expect(&r, SL_EHOSTKEY, place);
	ssh_close(&r);
}

struct asked {
	unsigned times;
	bool answer;
	char fingerprint[KNOWN_FINGERPRINT];
};

static void on_ask(void *arg, struct transport *t, const char *host, const char *type,
		   const char *fingerprint)
{
	struct asked *a = arg;

	assert_non_null(strstr(host, "[" ADDRESS "]:"));
	assert_string_equal(type, "ssh-ed25519");
	a->times++;
	snprintf(a->fingerprint, sizeof a->fingerprint, "%s", fingerprint);
	transport_hostkey_answer(t, a->answer);
}

static void test_unknown_key_is_asked_for(void **state)
{
	struct asked asked = {0};
	struct ssh_rig r;

	ssh_open(&r, state, NULL, "new", NULL);
	unlink(r.known);
	transport_pool_on_unknown_key(r.base.pool, on_ask, &asked);
	connect_expect(&r, SL_EHOSTKEY, "is unknown");
	assert_int_equal(asked.times, 1);
	assert_string_equal(asked.fingerprint, lab.host_key);
	asked.answer = true;
	connect_expect(&r, SL_OK, "");
	assert_int_equal(asked.times, 2);
	ssh_close(&r);
	/* It was written down. */
	ssh_open(&r, state, NULL, "new", NULL);
	connect_expect(&r, SL_OK, "");
	ssh_close(&r);
}

/* --- a connection that is reset, not closed --- */

struct relay {
	struct server server; /* as if it were one */
	int cut;              /* closed: reset it */
};

static int relay_far(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, ADDRESS, &a.sin_addr);
	return connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? fd : -1;
}

static _Noreturn void relay_run(int listening, int cut)
{
	const struct linger reset = {.l_onoff = 1};
	int near = accept(listening, NULL, NULL), far = relay_far(lab.open.port);
	struct pollfd p[] = {{near, POLLIN, 0}, {far, POLLIN, 0}, {cut, POLLIN, 0}};
	char bytes[16384];

	while (poll(p, 3, -1) > 0 && !p[2].revents) {
		for (int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents ? read(p[i].fd, bytes, sizeof bytes) : 0;

			if (n > 0 && write(p[!i].fd, bytes, (size_t)n) != n)
				_exit(1);
		}
	}
	setsockopt(near, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	_exit(0);
}

static void relay_start(struct relay *y)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];

	inet_pton(AF_INET, ADDRESS, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	y->server.port = ntohs(a.sin_port);
	y->cut = ends[1];
	y->server.pid = fork();
	assert_true(y->server.pid >= 0);
	if (y->server.pid == 0) {
		close(ends[1]);
		relay_run(fd, ends[0]);
	}
	close(ends[0]);
	close(fd);
}

static void relay_cut(struct relay *y)
{
	int status;

	close(y->cut);
	assert_int_equal(waitpid(y->server.pid, &status, 0), y->server.pid);
	assert_int_equal(status, 0);
}

/* With nothing going on, nobody reads: that the connection is gone is noticed all the same. */
static void test_reset_while_idle(void **state)
{
	struct relay relay;
	struct ssh_rig r;

	if (!*lab.folder)
		skip();
	relay_start(&relay);
	known_line("known", "hk.pub", relay.server.port);
	ssh_open(&r, state, NULL, NULL, &relay.server);
	connect_expect(&r, SL_OK, "");
	relay_cut(&relay);
	for (int turns = 0; transport_driver_used(r.t) != TRANSPORT_AUTO; turns++) {
		assert_true(turns < 1000);
		uv_run(&r.base.loop, UV_RUN_ONCE);
	}
	ssh_close(&r);
}

static void on_ask_later(void *arg, struct transport *t, const char *host, const char *type,
			 const char *fingerprint)
{
	(void)t, (void)host, (void)type, (void)fingerprint;
	++*(unsigned *)arg;
}

static void on_while(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
	uv_close((uv_handle_t *)timer, NULL);
}

/* A person thinks, and the server has enough: the loop stays quiet until the answer. */
static void test_reset_while_asked(void **state)
{
	unsigned asked = 0, turns = 0;
	bool over = false;
	struct relay relay;
	struct outcome o;
	struct ssh_rig r;
	uv_timer_t timer;

	if (!*lab.folder)
		skip();
	relay_start(&relay);
	ssh_open(&r, state, NULL, "none", &relay.server);
	transport_pool_on_unknown_key(r.base.pool, on_ask_later, &asked);
	outcome_init(&o, &r.base);
	transport_connect(r.t, on_done, &o);
	wait_for(&r.base, &asked, 1);
	relay_cut(&relay);
	uv_timer_init(&r.base.loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, on_while, 100, 0);
	for (; !over; turns++)
		uv_run(&r.base.loop, UV_RUN_ONCE);
	assert_true(turns < 50);
	assert_int_equal(o.fired, 0);
	transport_hostkey_answer(r.t, false);
	wait_for(&r.base, &o.fired, 1);
	expect(&o, SL_EHOSTKEY, "is unknown");
	outcome_release(&o);
	ssh_close(&r);
}

static void test_wrong_key(void **state)
{
	struct ssh_rig r;

	ssh_open(&r, state, "wrong", NULL, NULL);
	connect_expect(&r, SL_EAUTH, r.key);
	connect_expect(&r, SL_EAUTH, lab.user);
	connect_expect(&r, SL_EAUTH, "keys tried: ED25519 ");
	ssh_close(&r);
	ssh_open(&r, state, "no such file", NULL, NULL);
	connect_expect(&r, SL_EAUTH, "no key to try");
	ssh_close(&r);
}

static void test_key_kinds(void **state)
{
	static const char *const keys[] = {"id", "idec", "idpem"};
	struct ssh_rig r;

	for (size_t i = 0; i < SL_COUNT(keys); i++) {
		ssh_open(&r, state, keys[i], NULL, NULL);
		connect_expect(&r, SL_OK, "");
		ssh_close(&r);
	}
}

static void test_agent(void **state)
{
	char path[128], pid[64];
	struct ssh_rig r;

	ssh_open(&r, state, NULL, NULL, NULL);
	r.identities[0] = NULL;
	lab_path(path, "agent");
	assert_int_equal(lab_sh("cd %s && ssh-agent -a agent -s > agent.env && . ./agent.env "
				">/dev/null && echo $SSH_AGENT_PID > agent.pid && ssh-add -q wrong "
				"agentkey 2>/dev/null",
				lab.folder),
			 0);
	setenv("SSH_AUTH_SOCK", path, 1);
	connect_expect(&r, SL_OK, "");
	ssh_close(&r);
	/* A named key that only the agent holds: its .pub tells which. */
	ssh_open(&r, state, "onlypub", NULL, NULL);
	lab_sh("cd %s && cp agentkey.pub onlypub.pub", lab.folder);
	connect_expect(&r, SL_OK, "");
	ssh_close(&r);
	unsetenv("SSH_AUTH_SOCK");
	lab_path(path, "agent.pid");
	snprintf(pid, sizeof pid, "kill $(cat '%.40s')", path);
	lab_sh("%s", pid);
	unlink(path);
	lab_path(path, "agent");
	unlink(path);
}

static void test_unreachable(void **state)
{
	struct ssh_rig r;
	struct server nobody = {.port = free_port()};
	char words[64];

	ssh_open(&r, state, NULL, NULL, &nobody);
	snprintf(words, sizeof words, "web1: connection to " ADDRESS " port %u refused",
		 nobody.port);
	connect_expect(&r, SL_EREFUSED, words);
	ssh_close(&r);
	ssh_open(&r, state, NULL, NULL, NULL);
	r.target.address = "no.such.host.invalid";
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_ERESOLVE, "web1: name lookup of \"no.such.host.invalid\" failed");
	r.target.address = "-oProxyCommand=touch /tmp/x";
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_EINPUT, "is not an address");
	r.target.address = ADDRESS;
	r.target.jump = "bastion,-oProxyCommand=x";
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_EINPUT, "is not a jump host");
	ssh_close(&r);
}

/* Named by hand, it does not go past what it cannot do. */
static void test_libssh2_goes_round_nothing(void **state)
{
	struct ssh_rig r;

	ssh_open(&r, state, NULL, NULL, NULL);
	r.target.jump = "bastion";
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_EUNSUPPORTED, "libssh2 cannot do a jump host");
	r.target.jump = NULL;
	lab_path(r.config, "proxied");
	write_file(r.config, "ProxyJump bastion\n", 18, 0600);
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_EUNSUPPORTED, "libssh2 cannot do ProxyJump");
	ssh_close(&r);
}

/* A listening socket that nobody answers at. */
static void test_hanging(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct server mute;
	struct ssh_rig r;

	inet_pton(AF_INET, ADDRESS, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	mute.port = ntohs(a.sin_port);
	ssh_open(&r, state, NULL, NULL, &mute);
	r.target.connect_timeout_ms = 500;
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_ETIMEOUT, "web1: connecting took longer than 500ms");
	ssh_close(&r);
	close(fd);
}

/* A host that takes the key and runs nothing of ours. */
static void test_no_shell(void **state)
{
	struct ssh_rig r;
	struct outcome o;
	char from[128];

	ssh_open(&r, state, "forced", NULL, NULL);
	snprintf(from, sizeof from, "%s/from", r.base.folder);
	write_file(from, "x", 1, 0600);
	run_command(&r.base, r.t, "echo hello", NULL, 20000, &o);
	expect(&o, SL_OK, "");
	assert_int_equal(o.rc, 1);
	assert_int_equal(o.out.len, 0);
	outcome_release(&o);
	put(&r, from, "/tmp/never", &o);
	expect(&o, SL_ENOSHELL, "web1: the host accepts the connection but runs no command");
	outcome_release(&o);
	ssh_close(&r);
	ssh_open(&r, state, NULL, NULL, &lab.strict);
	run_command(&r.base, r.t, "echo hello", NULL, 20000, &o);
	expect(&o, SL_EREFUSED, "MaxSessions");
	outcome_release(&o);
	ssh_close(&r);
}

static void test_pool_closes_in_the_middle(void **state)
{
	struct transport_exec exec = {.command = "sleep 60"};
	struct ssh_rig r;
	struct outcome o[3];

	ssh_open(&r, state, NULL, NULL, NULL);
	for (size_t i = 0; i < 3; i++)
		outcome_init(&o[i], &r.base);
	transport_run(r.t, &exec, on_done, &o[0]);
	transport_connect(r.t, on_done, &o[1]);
	wait_for(&r.base, &o[1].fired, 1);
	assert_int_equal(o[1].error.code, SL_OK);
	/* The second transport is still connecting when all closes. */
	transport_connect(transport_new(r.base.pool, &r.target), on_done, &o[2]);
	ssh_close(&r);
	assert_int_equal(o[0].error.code, SL_ECANCELED);
	assert_int_equal(o[2].error.code, SL_ECANCELED);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(o[i].fired, 1);
		outcome_release(&o[i]);
	}
}

/* `auto` takes libssh2 where it can, and goes over to the ssh program where it must. */
static void test_auto(void **state)
{
	static const enum transport_driver automatic = TRANSPORT_AUTO;
	static const struct {
		const char *key, *config;
		enum transport_driver used;
	} table[] = {
		{"id", "", TRANSPORT_LIBSSH2},
		{"idec", "SendEnv LANG\n", TRANSPORT_LIBSSH2},
		{"idrsa", "", TRANSPORT_OPENSSH},
		{"id", "ProxyCommand /bin/sh -c 'exec nc %h %p || exec socat - TCP:%h:%p'\n",
		 TRANSPORT_OPENSSH},
		{"id", "Match user nobody-of-this-name\nPort 1\n", TRANSPORT_OPENSSH},
		{"id", "Ciphers chacha20-poly1305@openssh.com\n", TRANSPORT_OPENSSH},
	};
	void *own_state = (void *)(uintptr_t)&automatic;
	struct ssh_rig r;
	char config[128];

	(void)state;
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		if (strstr(table[i].config, "nc %h") &&
		    lab_sh("command -v nc socat >/dev/null") != 0)
			continue;
		ssh_open(&r, &own_state, table[i].key, NULL, NULL);
		lab_path(config, "some config");
		write_file(config, table[i].config, strlen(table[i].config), 0600);
		r.target.config = config;
		r.t = transport_new(r.base.pool, &r.target);
		connect_expect(&r, SL_OK, "");
		assert_int_equal(transport_driver_used(r.t), table[i].used);
		ssh_close(&r);
	}
	/* Where neither can, the words are one driver's. */
	ssh_open(&r, &own_state, "wrong", NULL, NULL);
	connect_expect(&r, SL_EAUTH, "keys tried: ED25519 ");
	ssh_close(&r);
	/* A server that libssh2 cannot talk to. */
	server_start(&lab.modern, "modern", "Ciphers chacha20-poly1305@openssh.com\n");
	known_line("known", "hk.pub", lab.modern.port);
	ssh_open(&r, &own_state, NULL, NULL, &lab.modern);
	connect_expect(&r, SL_OK, "");
	assert_int_equal(transport_driver_used(r.t), TRANSPORT_OPENSSH);
	ssh_close(&r);
	ssh_open(&r, &own_state, NULL, NULL, &lab.modern);
	r.target.driver = TRANSPORT_LIBSSH2;
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_EUNSUPPORTED, "web1");
	ssh_close(&r);
	server_stop(&lab.modern);
}

/* Through a jump host, which is the same sshd at another address. */
static void test_jump(void **state)
{
	static const enum transport_driver automatic = TRANSPORT_AUTO;
	void *own_state = (void *)(uintptr_t)&automatic;
	struct ssh_rig r;
	char config[128], text[700], jump[128];

	(void)state;
	ssh_open(&r, &own_state, NULL, NULL, NULL);
	lab_sh("cd %s && sed 's/" ADDRESS "/" JUMP "/' known > more && cat more >> known",
	       lab.folder);
	lab_path(config, "jump-config");
	snprintf(text, sizeof text,
		 "Host *\nUserKnownHostsFile %.100s\nIdentityFile %.100s\nIdentitiesOnly yes\n",
		 r.known, r.key);
	write_file(config, text, strlen(text), 0600);
	snprintf(jump, sizeof jump, "%s@" JUMP ":%u", lab.user, lab.open.port);
	r.target.config = config;
	r.target.jump = jump;
	r.t = transport_new(r.base.pool, &r.target);
	connect_expect(&r, SL_OK, "");
	assert_int_equal(transport_driver_used(r.t), TRANSPORT_OPENSSH);
	ssh_close(&r);
}

/* A controller that dies without a word leaves no connection behind. */
static void test_controller_dies(void **state)
{
	struct ssh_rig r;
	struct outcome o;
	char path[128], command[200], *text;
	size_t len;
	pid_t child, remote;
	int status;

	lab_path(path, "remote.pid");
	unlink(path);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		ssh_open(&r, state, NULL, NULL, NULL);
		snprintf(command, sizeof command, "echo $PPID > '%s'", path);
		run_command(&r.base, r.t, command, NULL, 20000, &o);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	text = read_file(path, &len);
	remote = atoi(text);
	free(text);
	assert_true(remote > 1);
	for (int i = 0; i < 1000 && kill(remote, 0) == 0; i++)
		usleep(10000);
	assert_int_equal(kill(remote, 0), -1);
}

#define FOR_DRIVER(test, driver)                                                     \
	{                                                                            \
#test " (" #driver ")", test, NULL, NULL, (void *)(uintptr_t)&driver \
	}
#define BOTH(test) FOR_DRIVER(test, openssh), FOR_DRIVER(test, libssh2)

static const enum transport_driver openssh = TRANSPORT_OPENSSH, libssh2 = TRANSPORT_LIBSSH2;

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_commands),
		BOTH(test_a_megabyte_each_way),
		BOTH(test_many_calls),
		BOTH(test_timeout_and_cancel),
		BOTH(test_lost_and_back),
		BOTH(test_signal),
		BOTH(test_put),
		BOTH(test_streams),
		BOTH(test_stream_errors),
		BOTH(test_stream_lost),
		BOTH(test_tunnel),
		BOTH(test_host_keys),
		BOTH(test_unknown_key_is_asked_for),
		FOR_DRIVER(test_libssh2_goes_round_nothing, libssh2),
		FOR_DRIVER(test_reset_while_idle, libssh2),
		BOTH(test_reset_while_asked),
		BOTH(test_wrong_key),
		BOTH(test_key_kinds),
		BOTH(test_agent),
		BOTH(test_unreachable),
		BOTH(test_hanging),
		BOTH(test_no_shell),
		BOTH(test_pool_closes_in_the_middle),
		BOTH(test_controller_dies),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_jump),
	};
	const char *only = getenv("ONLY");

	alarm(300);
	signal(SIGPIPE, SIG_IGN);
	if (only)
		cmocka_set_test_filter(only);
	return cmocka_run_group_tests(tests, lab_up, lab_down);
}
