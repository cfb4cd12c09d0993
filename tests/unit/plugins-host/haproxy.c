/* SPDX-License-Identifier: Apache-2.0 */
/* The haproxy plugin through the plugin host, against two real HAProxy nodes and against fakes
 * that misbehave. Hosts are reached by an opener that leads each name to a socket here. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "plugins/host/internal.h"
#include "plugins/sdk/buf.h"
#include "tests/unit/plugins-host/harness.h"

static const char config[] =
	"global\n"
	"  stats socket %s/%s.sock mode 600 level admin\n"
	"  stats socket %s/%s-low.sock mode 600 level operator\n"
	"  stats socket ipv4@127.0.0.1:%u level admin\n"
	"defaults\n"
	"  mode http\n"
	"  timeout connect 1s\n"
	"  timeout client 5s\n"
	"  timeout server 5s\n"
	"backend be_orders\n"
	"  balance roundrobin\n"
	"  server oa01 127.0.0.1:1 weight 10\n"
	"  server oa02 127.0.0.1:2 weight 20 check inter 100ms fastinter 100ms\n"
	"  server oa03 127.0.0.1:3 weight 30 disabled\n"
	"  server spare 127.0.0.1:4 backup\n"
	"backend be_sticky\n"
	"  mode tcp\n"
	"  balance leastconn\n"
	"  stick-table type ip size 1k\n"
	"  stick on src\n"
	"  server s1 127.0.0.1:1\n"
	"backend be_cookie\n"
	"  balance source\n"
	"  cookie SRV insert\n"
	"  server s1 127.0.0.1:1 cookie s1\n"
	"backend be_mixed\n"
	"  balance %s\n"
	"  server m1 127.0.0.1:1 weight 10\n"
	"  server m2 127.0.0.1:2 weight 10\n";

/* --- the bench --- */

struct seen {
	bool done, fired_inside, starting;
	int calls;
	struct sl_error error;
	size_t backends, servers;
	struct sl_router_backend backend[4];
	struct sl_router_server server[32];
	char names[32][32];
};

struct fake {
	struct bench *bench;
	uv_pipe_t listener;
	enum { GARBAGE, SILENCE, ENDLESS, CUT, REFUSES, DROPS, HANGS, LIES } how;
	size_t connections, changes;
	char change[1000]; /* the last line that changes something */
	size_t open;
};

struct fake_conn {
	uv_pipe_t pipe;
	struct fake *fake;
	char line[4096];
	size_t len;
	char in[4096];
};

static struct bench bench;
static struct plugin_backend *backend;
static const struct sl_router_ops *router;
static void *instance;
static pid_t nodes[2];
static unsigned tcp_port[2];

/* Every host leads to FOLDER/HOST.sock. */
static struct sl_stream *open_remote(void *ctx, const struct sl_endpoint *to, int64_t timeout_ms,
				     const struct sl_stream_events *events, void *arg)
{
	struct sl_endpoint here = {.unix_path = NULL};
	char path[400];

	(void)ctx;
	assert_string_equal(to->unix_path, "/run/haproxy/admin.sock");
	snprintf(path, sizeof path, "%s/%s.sock", bench.folder, to->host);
	here.unix_path = path;
	return plugin_stream_open(&bench.loop, &here, timeout_ms, events, arg);
}

static void backend_open(const char *const *hosts, size_t count, const char *socket)
{
	const struct sl_setting_value values[] = {
		{.name = "socket", .text = socket},
		{.name = "hosts", .items = hosts, .count = count},
	};
	const struct sl_settings settings = {
		.backend = "edge", .values = values, .count = count ? 2 : 1};
	const struct sl_plugin *p = plugin_host_find(bench.host, "haproxy");
	struct sl_error e = {0};

	assert_non_null(p);
	backend = plugin_backend_open(bench.host, p, &settings, &e);
	assert_string_equal(e.msg, "");
	assert_non_null(backend);
	router = plugin_backend_plugin(backend)->router;
	instance = plugin_backend_instance(backend);
}

static void backend_close(void)
{
	bool closed = false;

	plugin_backend_close(backend, bench_flag, &closed);
	assert_false(closed);
	bench_wait(&bench, &closed);
	backend = NULL;
}

static void backend_open_nodes(void)
{
	static const char *const hosts[] = {"lb1", "lb2"};

	backend_open(hosts, 2, "/run/haproxy/admin.sock");
}

/* --- calls that wait --- */

static void on_backend(void *arg, const struct sl_router_backend *b)
{
	struct seen *s = arg;

	assert_true(s->backends < 4);
	s->backend[s->backends] = *b;
	s->backend[s->backends].algorithm = strcmp(b->algorithm, "roundrobin") ? "other" : "rr";
	s->backend[s->backends++].node = NULL;
}

static void on_server(void *arg, const struct sl_router_server *server)
{
	struct seen *s = arg;

	assert_true(s->servers < 32);
	snprintf(s->names[s->servers], sizeof s->names[0], "%s/%s %s:%u", server->node,
		 server->server, server->address, server->port);
	s->server[s->servers++] = *server;
}

static void on_done(void *arg, const struct sl_error *e)
{
	struct seen *s = arg;

	s->fired_inside = s->starting;
	s->error = *e;
	s->calls++;
	s->done = true;
}

static const struct sl_router_sink sink = {on_backend, on_server, on_done};

static int do_read(struct seen *s, const char *name, int64_t timeout_ms)
{
	*s = (struct seen){.starting = true};
	router->read(instance, name, timeout_ms, &sink, s);
	s->starting = false;
	bench_wait(&bench, &s->done);
	assert_false(s->fired_inside);
	return s->error.code;
}

static int do_write(struct seen *s, const char *name, const struct sl_router_change *changes,
		    size_t count, int64_t timeout_ms)
{
	*s = (struct seen){.starting = true};
	router->write(instance, name, changes, count, timeout_ms, on_done, s);
	s->starting = false;
	bench_wait(&bench, &s->done);
	assert_false(s->fired_inside);
	return s->error.code;
}

static const struct sl_router_server *find(const struct seen *s, const char *name)
{
	for (size_t i = 0; i < s->servers; i++)
		if (strncmp(s->names[i], name, strlen(name)) == 0)
			return &s->server[i];
	fail_msg("no server %s", name);
	return NULL;
}

static struct sl_router_change weigh(const char *server, int expect, int weight)
{
	return (struct sl_router_change){.server = server,
					 .expect_weight = expect,
					 .expect_admin = SL_KEEP,
					 .weight = weight,
					 .admin = SL_KEEP};
}

static struct sl_router_change turn(const char *server, int expect, int admin)
{
	return (struct sl_router_change){.server = server,
					 .expect_weight = SL_KEEP,
					 .expect_admin = expect,
					 .weight = SL_KEEP,
					 .admin = admin};
}

static void assert_weights(const char *name, const char *a, int wa, const char *b, int wb)
{
	struct seen s;

	assert_int_equal(do_read(&s, name, 5000), SL_OK);
	assert_int_equal(find(&s, a)->weight, wa);
	assert_int_equal(find(&s, b)->weight, wb);
}

/* --- real nodes --- */

static unsigned free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof at;

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void node_start(int i, const char *name, const char *algorithm)
{
	char text[4000];

	tcp_port[i] = free_port();
	snprintf(text, sizeof text, config, bench.folder, name, bench.folder, name, tcp_port[i],
		 algorithm);
	bench_write(&bench, name, text);
	nodes[i] = fork();
	assert_true(nodes[i] >= 0);
	if (nodes[i] == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("haproxy", "haproxy", "-q", "-db", "-f", bench_path(&bench, name), NULL);
		_exit(127);
	}
}

/* HAProxy says in no other way that it listens than by listening. */
static bool node_ready(int i, const char *socket_name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct timespec pause = {.tv_nsec = 5000000};

	snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", bench.folder, socket_name);
	for (int tries = 0; tries < 4000; tries++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

		close(fd);
		if (ok)
			return true;
		if (waitpid(nodes[i], NULL, WNOHANG) != 0)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool have_haproxy(void)
{
	if (nodes[0] > 0)
		return true;
	print_message("SKIP: haproxy is not installed (make deps)\n");
	return false;
}

static int group_setup(void **state)
{
	struct sl_error e = {0};
	char plugins[400];

	(void)state;
	bench_init(&bench);
	snprintf(plugins, sizeof plugins, "%s/plugins", bench_build());
	assert_int_equal(plugin_host_load_folder(bench.host, plugins, &e), SL_OK);
	plugin_host_set_remote(bench.host, open_remote, NULL);
	if (system("command -v haproxy >/dev/null") != 0)
		return 0;
	node_start(0, "lb1", "roundrobin");
	node_start(1, "lb2", "static-rr");
	assert_true(node_ready(0, "lb1.sock"));
	assert_true(node_ready(1, "lb2.sock"));
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		if (nodes[i] <= 0)
			continue;
		kill(nodes[i], SIGKILL);
		waitpid(nodes[i], NULL, 0);
	}
	bench_release(&bench);
	return 0;
}

/* --- fakes --- */

/* What a node with m1 and m2 at weight 10 says to a read. */
static const char fake_view[] =
	"admin\n\n"
	"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
	"srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
	"srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port\n"
	"3 be_mixed 1 m1 127.0.0.1 2 0 10 10 2 1 0 2 0 0 0 0 - 1\n"
	"3 be_mixed 2 m2 127.0.0.1 2 0 10 10 2 1 0 2 0 0 0 0 - 2\n\n"
	"# pxname,svname,qcur,scur,bck,type,tracked,cookie,mode,algo,\n"
	"be_mixed,m1,0,0,0,2,,,http,,\n"
	"be_mixed,m2,0,0,0,2,,,http,,\n"
	"be_mixed,BACKEND,0,0,0,1,,,http,roundrobin,\n\n"
	"No such table\n\n"
	"# name\nbe_mixed\n\n"
	"admin\n\n";

static void on_conn_closed(uv_handle_t *handle)
{
	struct fake_conn *c = handle->data;

	c->fake->open--;
	free(c);
}

static void conn_close(struct fake_conn *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->pipe))
		uv_close((uv_handle_t *)&c->pipe, on_conn_closed);
}

static void on_fake_written(uv_write_t *req, int status)
{
	struct fake_conn *c = req->handle->data;

	(void)status;
	free(req);
	conn_close(c);
}

static void conn_say(struct fake_conn *c, const char *text, size_t len)
{
	uv_write_t *req = sl_alloc(sizeof *req);
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned)len);

	uv_write(req, (uv_stream_t *)&c->pipe, &buf, 1, on_fake_written);
}

static char flood[65536];

static void on_flood_written(uv_write_t *req, int status)
{
	struct fake_conn *c = req->handle->data;
	uv_buf_t buf = uv_buf_init(flood, sizeof flood);

	if (status == 0 && uv_write(req, req->handle, &buf, 1, on_flood_written) == 0)
		return;
	free(req);
	conn_close(c);
}

static void conn_flood(struct fake_conn *c)
{
	uv_write_t *req = sl_alloc(sizeof *req);
	uv_buf_t buf = uv_buf_init(flood, sizeof flood);

	memset(flood, 'x', sizeof flood);
	uv_write(req, (uv_stream_t *)&c->pipe, &buf, 1, on_flood_written);
}

static void conn_change(struct fake_conn *c)
{
	struct fake *f = c->fake;

	f->changes++;
	snprintf(f->change, sizeof f->change, "%.900s", c->line);
	if (f->how == REFUSES)
		conn_say(c, "No such server.\n\n", 17);
	else if (f->how == LIES)
		conn_say(c, "\n\n\n\n", 4);
	else if (f->how == HANGS && f->changes == 1)
		return;
	else
		conn_close(c);
}

static void conn_answer(struct fake_conn *c)
{
	static const char garbage[] = "SSH-2.0-OpenSSH_9.2\033[2J\r\n\xff\xff";

	switch (c->fake->how) {
	case GARBAGE:
		conn_say(c, garbage, sizeof garbage - 1);
		return;
	case SILENCE:
		return;
	case ENDLESS:
		conn_flood(c);
		return;
	case CUT:
		conn_say(c, fake_view, sizeof fake_view / 2);
		return;
	default:
		if (strncmp(c->line, "set ", 4) == 0)
			conn_change(c);
		else
			conn_say(c, fake_view, sizeof fake_view - 1);
	}
}

static void on_fake_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct fake_conn *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->in, sizeof c->in);
}

static void on_fake_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct fake_conn *c = stream->data;

	if (n < 0) {
		conn_close(c);
		return;
	}
	assert_true(c->len + (size_t)n < sizeof c->line);
	memcpy(c->line + c->len, buf->base, (size_t)n);
	c->len += (size_t)n;
	if (c->len && c->line[c->len - 1] == '\n')
		conn_answer(c);
}

static void on_fake_connection(uv_stream_t *server, int status)
{
	struct fake *f = server->data;
	struct fake_conn *c = sl_alloc(sizeof *c);

	assert_int_equal(status, 0);
	c->fake = f;
	f->connections++;
	f->open++;
	uv_pipe_init(&bench.loop, &c->pipe, 0);
	c->pipe.data = c;
	uv_accept(server, (uv_stream_t *)&c->pipe);
	uv_read_start((uv_stream_t *)&c->pipe, on_fake_alloc, on_fake_read);
}

static void fake_start(struct fake *f, const char *name, int how)
{
	*f = (struct fake){.how = how};
	uv_pipe_init(&bench.loop, &f->listener, 0);
	f->listener.data = f;
	assert_int_equal(uv_pipe_bind(&f->listener, bench_path(&bench, name)), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&f->listener, 8, on_fake_connection), 0);
}

static void on_fake_closed(uv_handle_t *handle)
{
	struct fake *f = handle->data;

	f->connections = SIZE_MAX;
}

static void fake_stop(struct fake *f)
{
	uv_close((uv_handle_t *)&f->listener, on_fake_closed);
	while (f->connections != SIZE_MAX || f->open)
		uv_run(&bench.loop, UV_RUN_ONCE);
}

/* --- tests against the real thing --- */

static void test_read(void **state)
{
	const struct sl_router_server *server;
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	assert_int_equal(do_read(&s, "be_orders", 5000), SL_OK);
	assert_int_equal(s.backends, 2);
	assert_int_equal(s.servers, 8);
	assert_string_equal(s.names[0], "lb1/oa01 127.0.0.1:1");
	assert_string_equal(s.names[7], "lb2/spare 127.0.0.1:4");
	assert_string_equal(s.backend[0].algorithm, "rr");
	assert_true(s.backend[0].weights_work && s.backend[0].exact && s.backend[0].http_mode);
	assert_false(s.backend[0].persistence);
	server = find(&s, "lb1/oa01");
	assert_true(server->up && !server->checked && !server->backup);
	assert_int_equal(server->weight, 10);
	assert_int_equal(server->configured_weight, 10);
	assert_int_equal(server->admin, SL_ADMIN_READY);
	assert_int_equal(server->sessions, 0);
	assert_true(find(&s, "lb2/oa02")->checked);
	assert_int_equal(find(&s, "lb2/oa03")->admin, SL_ADMIN_MAINT);
	assert_true(find(&s, "lb2/spare")->backup);
	backend_close();
}

/* Checked servers whose port nobody answers are told down once the checks have failed. */
static void test_down(void **state)
{
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	do
		assert_int_equal(do_read(&s, "be_orders", 5000), SL_OK);
	while (find(&s, "lb1/oa02")->up);
	assert_true(find(&s, "lb1/oa01")->up);
	backend_close();
}

static void test_read_kinds(void **state)
{
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	assert_int_equal(do_read(&s, "be_sticky", 5000), SL_OK);
	assert_true(s.backend[0].persistence && !s.backend[0].http_mode);
	assert_true(s.backend[0].weights_work && !s.backend[0].exact);
	assert_int_equal(do_read(&s, "be_cookie", 5000), SL_OK);
	assert_true(s.backend[0].persistence && s.backend[0].http_mode);
	assert_false(s.backend[0].weights_work);
	assert_int_equal(do_read(&s, "be_mixed", 5000), SL_OK);
	assert_true(s.backend[0].weights_work);
	assert_false(s.backend[1].weights_work);
	backend_close();
}

static void test_write(void **state)
{
	struct sl_router_change changes[] = {
		weigh("oa01", 10, 100),
		weigh("oa02", 20, 256),
		turn("oa03", SL_ADMIN_MAINT, SL_ADMIN_DRAIN),
	};
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	changes[0].admin = SL_ADMIN_DRAIN;
	assert_int_equal(do_write(&s, "be_orders", changes, 3, 5000), SL_OK);
	assert_int_equal(do_read(&s, "be_orders", 5000), SL_OK);
	for (int i = 0; i < 8; i += 4) {
		assert_int_equal(s.server[i].weight, 100);
		assert_int_equal(s.server[i].configured_weight, 10);
		assert_int_equal(s.server[i].admin, SL_ADMIN_DRAIN);
		assert_int_equal(s.server[i + 1].weight, 256);
		assert_int_equal(s.server[i + 2].admin, SL_ADMIN_DRAIN);
	}
	/* The same again: what is already in effect is no conflict with what was read before. */
	assert_int_equal(do_write(&s, "be_orders", changes, 3, 5000), SL_OK);
	changes[0] = weigh("oa01", 100, 10);
	changes[0].admin = SL_ADMIN_READY;
	changes[1] = weigh("oa02", 256, 20);
	changes[2] = turn("oa03", SL_ADMIN_DRAIN, SL_ADMIN_MAINT);
	assert_int_equal(do_write(&s, "be_orders", changes, 3, 5000), SL_OK);
	assert_weights("be_orders", "lb1/oa01", 10, "lb2/oa02", 20);
	assert_int_equal(do_write(&s, "be_orders", changes, 0, 5000), SL_OK);
	backend_close();
}

static void test_conflict(void **state)
{
	const struct sl_router_change changes[] = {weigh("oa01", 10, 50), weigh("oa02", 21, 60)};
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	assert_int_equal(do_write(&s, "be_orders", changes, 2, 5000), SL_ECONFLICT);
	assert_non_null(strstr(s.error.msg, "edge: lb1: server 'oa02' has weight 20, not 21"));
	assert_non_null(strstr(s.error.msg, "nothing was changed"));
	assert_weights("be_orders", "lb1/oa01", 10, "lb2/oa01", 10);
	backend_close();
}

static void test_names(void **state)
{
	const struct sl_router_change typo = weigh("oa1", SL_KEEP, 1);
	const struct sl_router_change evil = weigh("x 1;shutdown", SL_KEEP, 1);
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	assert_int_equal(do_read(&s, "be_ordrs", 5000), SL_ENOTFOUND);
	assert_non_null(strstr(s.error.msg, "did you mean 'be_orders'?"));
	assert_int_equal(do_read(&s, "zzz", 5000), SL_ENOTFOUND);
	assert_non_null(strstr(s.error.msg, "it has: be_orders, be_sticky"));
	assert_int_equal(do_read(&s, "be_orders; show env", 5000), SL_EINPUT);
	assert_int_equal(do_write(&s, "be_orders", &typo, 1, 5000), SL_ENOTFOUND);
	assert_non_null(strstr(s.error.msg, "did you mean 'oa01'?"));
	assert_int_equal(do_write(&s, "be_orders", &evil, 1, 5000), SL_EINPUT);
	backend_close();
}

/* lb2 balances be_mixed with static-rr and refuses; lb1 has already taken its weights. */
static void test_refused(void **state)
{
	const struct sl_router_change changes[] = {weigh("m1", 10, 77), weigh("m2", 10, 33)};
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open_nodes();
	assert_int_equal(do_write(&s, "be_mixed", changes, 2, 5000), SL_ECOMMAND);
	assert_non_null(strstr(s.error.msg, "lb2: HAProxy refuses: Backend is using a static"));
	assert_non_null(strstr(s.error.msg, "put back on lb1"));
	assert_weights("be_mixed", "lb1/m1", 10, "lb1/m2", 10);
	backend_close();
}

static void test_level(void **state)
{
	struct seen s;

	(void)state;
	if (!have_haproxy())
		skip();
	backend_open(NULL, 0, bench_path(&bench, "lb1-low.sock"));
	assert_int_equal(do_read(&s, "be_orders", 5000), SL_EAUTH);
	assert_non_null(strstr(s.error.msg, "'operator'"));
	assert_non_null(strstr(s.error.msg, "level admin"));
	backend_close();
}

static void test_tcp(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	struct seen s;
	char socket[64];

	(void)state;
	if (!have_haproxy())
		skip();
	for (size_t i = 0; i < SL_COUNT(hosts); i++) {
		snprintf(socket, sizeof socket, "tcp://%s:%u", hosts[i], tcp_port[0]);
		backend_open(NULL, 0, socket);
		assert_int_equal(do_read(&s, "be_orders", 5000), SL_OK);
		assert_int_equal(s.servers, 4);
		assert_non_null(strstr(s.names[0], socket));
		backend_close();
	}
}

/* --- tests against fakes --- */

static void test_misbehaving(void **state)
{
	static const struct {
		int how;
		int64_t timeout_ms;
		enum sl_err code;
		const char *says;
	} rows[] = {
		{GARBAGE, 5000, SL_EPROTO, "SSH-2.0-OpenSSH_9.2?[2J"},
		{SILENCE, 50, SL_ETIMEOUT, "within 50 ms"},
		{ENDLESS, 20000, SL_EPROTO, "does not end after 8 MiB"},
		{CUT, 5000, SL_EPROTO, "cut off"},
	};
	struct fake f;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		fake_start(&f, "odd.sock", rows[i].how);
		backend_open(NULL, 0, bench_path(&bench, "odd.sock"));
		assert_int_equal(do_read(&s, "be_mixed", rows[i].timeout_ms), rows[i].code);
		assert_non_null(strstr(s.error.msg, rows[i].says));
		assert_int_equal(s.servers, 0);
		backend_close();
		fake_stop(&f);
	}
}

static void test_nobody(void **state)
{
	struct seen s;

	(void)state;
	backend_open(NULL, 0, bench_path(&bench, "nobody.sock"));
	assert_int_equal(do_read(&s, "be_mixed", 5000), SL_ENOTFOUND);
	assert_non_null(strstr(s.error.msg, "nobody.sock"));
	backend_close();
	backend_open(NULL, 0, "tcp://127.0.0.1:1");
	assert_int_equal(do_read(&s, "be_mixed", 5000), SL_EREFUSED);
	assert_non_null(strstr(s.error.msg, "127.0.0.1:1"));
	backend_close();
}

/* One honest fake and one that fails in mid-change: the honest one's weights come back in one line
 * of their own, and the message names both. */
static void test_put_back(void **state)
{
	static const char *const hosts[] = {"good", "bad"};
	static const struct {
		int how;
		int64_t timeout_ms;
		enum sl_err code;
		const char *says;
	} rows[] = {
		{REFUSES, 5000, SL_ECOMMAND, "bad: HAProxy refuses: No such server."},
		{DROPS, 5000, SL_ELOST, "bad: the connection ended after 0 of 2 commands"},
		{HANGS, 500, SL_ETIMEOUT, "bad: no complete answer within"},
	};
	const struct sl_router_change changes[] = {weigh("m1", 10, 77), weigh("m2", 10, 33)};
	struct fake good, bad;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		fake_start(&good, "good.sock", LIES);
		fake_start(&bad, "bad.sock", rows[i].how);
		backend_open(hosts, 2, "/run/haproxy/admin.sock");
		assert_int_equal(do_write(&s, "be_mixed", changes, 2, rows[i].timeout_ms),
				 rows[i].code);
		assert_non_null(strstr(s.error.msg, rows[i].says));
		assert_non_null(strstr(s.error.msg, "put back on good"));
		assert_int_equal(good.changes, 2);
		assert_string_equal(good.change, "set weight be_mixed/m1 10; "
						 "set weight be_mixed/m2 10\n");
		backend_close();
		fake_stop(&good);
		fake_stop(&bad);
	}
}

/* It says yes and does nothing: reading back finds out. */
static void test_liar(void **state)
{
	struct sl_router_change changes[] = {weigh("m1", 10, 77), weigh("m2", 10, 33)};
	struct fake f;
	struct seen s;

	(void)state;
	changes[1].admin = SL_ADMIN_DRAIN;
	fake_start(&f, "liar.sock", LIES);
	backend_open(NULL, 0, bench_path(&bench, "liar.sock"));
	assert_int_equal(do_write(&s, "be_mixed", changes, 2, 5000), SL_ECONFLICT);
	assert_non_null(strstr(s.error.msg, "'m1' was set to weight 77 and reads 10"));
	/* Prior, change, read back, put back, read back: one line of weights, states last. */
	assert_int_equal(f.connections, 5);
	assert_int_equal(f.changes, 2);
	assert_string_equal(f.change, "set weight be_mixed/m1 10; set weight be_mixed/m2 10; "
				      "set server be_mixed/m2 state ready\n");
	backend_close();
	fake_stop(&f);
}

static void test_cancel(void **state)
{
	struct seen s = {0}, t = {0};
	struct sl_call *call;
	struct fake f;

	(void)state;
	fake_start(&f, "mute.sock", SILENCE);
	backend_open(NULL, 0, bench_path(&bench, "mute.sock"));
	call = router->read(instance, "be_mixed", 20000, &sink, &s);
	router->cancel(instance, call);
	assert_false(s.done);
	bench_wait(&bench, &s.done);
	assert_int_equal(s.error.code, SL_ECANCELED);
	/* Closing cancels what runs, and the callback comes before closed. */
	router->read(instance, "be_mixed", 20000, &sink, &t);
	while (f.connections < 1)
		uv_run(&bench.loop, UV_RUN_ONCE);
	backend_close();
	assert_true(t.done);
	assert_int_equal(t.error.code, SL_ECANCELED);
	assert_int_equal(s.calls + t.calls, 2);
	fake_stop(&f);
}

static void test_settings(void **state)
{
	static const char *const bad[] = {"relative.sock", "tcp://host",    "tcp://:80",
					  "tcp://h:0",     "tcp://h:70000", "udp://h:1"};
	const struct sl_plugin *p = plugin_host_find(bench.host, "haproxy");

	(void)state;
	for (size_t i = 0; i < SL_COUNT(bad); i++) {
		const struct sl_setting_value v = {.name = "socket", .text = bad[i]};
		const struct sl_settings s = {.backend = "edge", .values = &v, .count = 1};
		struct sl_error e = {0};

		assert_null(plugin_backend_open(bench.host, p, &s, &e));
		assert_int_equal(e.code, SL_EINPUT);
		assert_non_null(strstr(e.msg, "'edge' (type haproxy): 'socket'"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),        cmocka_unit_test(test_down),
		cmocka_unit_test(test_read_kinds),  cmocka_unit_test(test_write),
		cmocka_unit_test(test_conflict),    cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),     cmocka_unit_test(test_level),
		cmocka_unit_test(test_misbehaving), cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_put_back),    cmocka_unit_test(test_liar),
		cmocka_unit_test(test_tcp),         cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
