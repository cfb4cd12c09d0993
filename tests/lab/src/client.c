// SPDX-License-Identifier: Apache-2.0
/*
 * The client that never stops asking: keep-alive connections to one or two addresses, or to the
 * instances that a registry has of a service, requests at a given rate, everything counted. Prints
 * one JSON object at its end (TERM, INT, or when the stop file appears), and a line a second to a
 * timeline file while it runs:
 *
 *     <second> <requests> <failures> <version>=<count> ...
 *
 * It is honest: a request that got no whole 2xx answer is a failure, whatever the reason. A
 * connection closed while nothing was asked is none (HTTP allows it). With --retry-idle a request
 * on a connection that had served before, closed without one byte of answer, is asked once more, as
 * HTTP clients do; without it that is a failure too, which is right behind a balancer.
 *
 * With --registry (see registry.h) --service is found there, as services find each other: nothing
 * is asked of an instance that is not UP, once this is known here.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "registry.h"

#define VERSIONS 16
#define TARGETS  4

enum failure { FAIL_CONNECT, FAIL_CLOSED, FAIL_CUT, FAIL_STATUS, FAIL_TIMEOUT, FAIL_COUNT };

static const char *const failure_names[FAIL_COUNT] = {
	[FAIL_CONNECT] = "connect", [FAIL_CLOSED] = "closed",   [FAIL_CUT] = "cut",
	[FAIL_STATUS] = "status",   [FAIL_TIMEOUT] = "timeout",
};

struct conn {
	int fd; /* -1 = not open */
	bool asked, connected;
	bool again; /* the request in hand is a repetition */
	char target[64];
	unsigned served, lifetime;
	int64_t asked_at;
	struct lab_buf in, out;
};

struct tally {
	unsigned long requests, failed;
	unsigned long versions[VERSIONS];
};

static struct client {
	const char *targets[TARGETS], *path, *header, *timeline, *stop_file;
	size_t target_count, conn_count, next_target;
	long rate, timeout_ms;
	bool retry_idle;
	struct conn *conns;
	int epoll;
	char versions[VERSIONS][64];
	struct tally second, total;
	unsigned long failures[FAIL_COUNT], retried, late;
	char first[256];
	int64_t started, max_ms, slot; /* slot: the second being counted */
	uint64_t issued;
	FILE *out;
	struct lab_member member; /* with --registry */
} client = {.path = "/", .conn_count = 8, .rate = 200, .timeout_ms = 5000, .member.every_ms = 1000};

/* --- counting --- */

static size_t version_index(const char *version)
{
	size_t i;

	for (i = 0; i + 1 < VERSIONS && client.versions[i][0]; i++)
		if (strcmp(client.versions[i], version) == 0)
			return i;
	if (!client.versions[i][0])
		snprintf(client.versions[i], sizeof(client.versions[i]), "%s", version);
	return i;
}

static void second_print(void)
{
	if (client.out) {
		fprintf(client.out, "%lld %lu %lu", (long long)client.slot, client.second.requests,
			client.second.failed);
		for (size_t i = 0; i < VERSIONS && client.versions[i][0]; i++)
			fprintf(client.out, " %s=%lu", client.versions[i],
				client.second.versions[i]);
		fputc('\n', client.out);
		fflush(client.out);
	}
	client.second = (struct tally){0};
	client.slot++;
}

static void count_answer(struct conn *c, const char *version)
{
	int64_t took = lab_now() - c->asked_at;
	size_t i = version_index(version);

	client.second.requests++;
	client.total.requests++;
	client.second.versions[i]++;
	client.total.versions[i]++;
	if (took > client.max_ms)
		client.max_ms = took;
}

static void count_failure(struct conn *c, enum failure why, const char *what)
{
	client.second.requests++;
	client.second.failed++;
	client.total.requests++;
	client.total.failed++;
	client.failures[why]++;
	if (!client.first[0])
		snprintf(client.first, sizeof(client.first), "after %.1f s, %s: %s (%s)",
			 (double)(lab_now() - client.started) / 1000, c->target, failure_names[why],
			 what);
}

/* --- connections --- */

static void conn_close(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->asked = c->again = false;
	lab_buf_release(&c->in);
	lab_buf_release(&c->out);
}

static void target_pick(char *to, size_t size)
{
	if (!client.member.callee[0])
		snprintf(to, size, "%s",
			 client.targets[client.next_target++ % client.target_count]);
	else if (!lab_member_pick(&client.member, to, size))
		snprintf(to, size, "nobody");
}

static bool conn_open(struct conn *c)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};

	target_pick(c->target, sizeof(c->target));
	c->fd = lab_connect(c->target);
	c->connected = false;
	c->served = 0;
	c->lifetime = 20 + (unsigned)rand() % 80;
	return c->fd >= 0 && epoll_ctl(client.epoll, EPOLL_CTL_ADD, c->fd, &e) == 0;
}

static void conn_watch(struct conn *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	if (c->out.len)
		e.events |= EPOLLOUT;
	epoll_ctl(client.epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void conn_ask(struct conn *c, int64_t asked_at)
{
	c->asked_at = asked_at;
	if (c->fd >= 0 && client.member.callee[0] && !lab_member_lists(&client.member, c->target))
		conn_close(c);
	if (c->fd < 0 && !conn_open(c)) {
		count_failure(c, FAIL_CONNECT, strerror(errno));
		conn_close(c);
		return;
	}
	c->asked = true;
	lab_buf_addf(&c->out, "GET %s HTTP/1.1\r\nhost: %s\r\n%s%s\r\n", client.path, c->target,
		     client.header ? client.header : "", client.header ? "\r\n" : "");
	conn_watch(c);
}

static void conn_failed(struct conn *c, int error)
{
	const char *what = error ? strerror(error) : "closed by the other side";
	bool reused = c->served > 0, again = c->again, nothing = c->in.len == 0;
	int64_t asked_at = c->asked_at;

	if (!c->asked) { /* closed while idle: allowed */
		conn_close(c);
		return;
	}
	if (client.retry_idle && reused && nothing && !again) {
		conn_close(c);
		client.retried++;
		c->again = true;
		conn_ask(c, asked_at);
		return;
	}
	count_failure(c, !c->connected ? FAIL_CONNECT : nothing ? FAIL_CLOSED : FAIL_CUT, what);
	conn_close(c);
}

static void conn_answered(struct conn *c, long head, long whole)
{
	char version[64] = "none", what[64];
	int status = lab_http_status(&c->in);

	lab_http_header(&c->in, head, "x-version", version, sizeof(version));
	if (status >= 200 && status < 300) {
		count_answer(c, version);
	} else {
		snprintf(what, sizeof(what), "%d from version %.32s", status, version);
		count_failure(c, FAIL_STATUS, what);
	}
	c->asked = c->again = false;
	c->served++;
	if (lab_http_close(&c->in, head) || c->served >= c->lifetime)
		conn_close(c);
	else
		lab_buf_cut(&c->in, (size_t)whole);
}

static void conn_event(struct conn *c, uint32_t events)
{
	long head, whole = 0;
	int rc;

	if (c->fd >= 0 && (events & EPOLLOUT)) {
		if (lab_write(c->fd, &c->out) < 0) {
			conn_failed(c, errno);
			return;
		}
		c->connected = true;
		conn_watch(c);
	}
	if (c->fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	rc = lab_read(c->fd, &c->in);
	if (c->asked && c->in.len)
		whole = lab_http_whole(&c->in, &head);
	if (whole > 0)
		conn_answered(c, head, whole);
	else if (rc < 0 || whole < 0)
		conn_failed(c, errno);
}

/* --- the loop --- */

static void ask_due(void)
{
	int64_t now = lab_now();
	uint64_t due = (uint64_t)(now - client.started) * (uint64_t)client.rate / 1000;
	size_t i = 0;

	for (; client.issued < due; client.issued++) {
		while (i < client.conn_count && client.conns[i].asked)
			i++;
		if (i == client.conn_count) { /* all wait for answers: this one comes late */
			client.late++;
			return;
		}
		conn_ask(&client.conns[i++], now);
	}
}

static void time_out(void)
{
	int64_t now = lab_now();

	for (size_t i = 0; i < client.conn_count; i++) {
		struct conn *c = &client.conns[i];

		if (!c->asked || now - c->asked_at < client.timeout_ms)
			continue;
		count_failure(c, FAIL_TIMEOUT, "no answer");
		conn_close(c);
	}
	while (now - client.started >= (client.slot + 1) * 1000)
		second_print();
}

static bool in_flight(void)
{
	for (size_t i = 0; i < client.conn_count; i++)
		if (client.conns[i].asked)
			return true;
	return false;
}

static void run(int signals)
{
	struct epoll_event events[64], e = {.events = EPOLLIN};
	struct signalfd_siginfo info;
	bool stopping = false;

	epoll_ctl(client.epoll, EPOLL_CTL_ADD, signals, &e);
	while (!stopping || in_flight()) {
		int n = epoll_wait(client.epoll, events, 64, 2);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				conn_event(events[i].data.ptr, events[i].events);
			else if (read(signals, &info, sizeof(info)) > 0)
				stopping = true;
		}
		if (client.stop_file && access(client.stop_file, F_OK) == 0)
			stopping = true;
		if (!stopping)
			ask_due();
		time_out();
	}
	second_print();
}

static void summary_print(void)
{
	const char *comma = "";

	printf("{\"requests\":%lu,\"ok\":%lu,\"failed\":%lu,\"failures\":{", client.total.requests,
	       client.total.requests - client.total.failed, client.total.failed);
	for (int i = 0; i < FAIL_COUNT; i++)
		printf("%s\"%s\":%lu", i ? "," : "", failure_names[i], client.failures[i]);
	printf("},\"retried\":%lu,\"late\":%lu,\"maxMs\":%lld,\"seconds\":%.1f,\"versions\":{",
	       client.retried, client.late, (long long)client.max_ms,
	       (double)(lab_now() - client.started) / 1000);
	for (size_t i = 0; i < VERSIONS && client.versions[i][0]; i++, comma = ",")
		printf("%s\"%s\":%lu", comma, client.versions[i], client.total.versions[i]);
	printf("},\"first\":\"%s\"}\n", client.first);
}

static int signals_open(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void options_read(int argc, char **argv)
{
	static const struct option options[] = {
		{"connections", required_argument, NULL, 'c'},
		{"rate", required_argument, NULL, 'r'},
		{"path", required_argument, NULL, 'p'},
		{"header", required_argument, NULL, 'H'},
		{"timeline", required_argument, NULL, 't'},
		{"stop", required_argument, NULL, 's'},
		{"timeout", required_argument, NULL, 'w'},
		{"retry-idle", no_argument, NULL, 'i'},
		{"registry", required_argument, NULL, 'R'},
		{"service", required_argument, NULL, 'S'},
		{"refresh", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	struct lab_member *m = &client.member;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			client.conn_count = (size_t)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			client.rate = strtol(optarg, NULL, 10);
			break;
		case 'p':
			client.path = optarg;
			break;
		case 'H':
			client.header = optarg;
			break;
		case 't':
			client.timeline = optarg;
			break;
		case 's':
			client.stop_file = optarg;
			break;
		case 'w':
			client.timeout_ms = strtol(optarg, NULL, 10);
			break;
		case 'i':
			client.retry_idle = true;
			break;
		case 'R':
			if (!lab_registry_parse(&m->registry, optarg))
				lab_die("client: --registry %s", optarg);
			break;
		case 'S':
			snprintf(m->callee, sizeof(m->callee), "%s", optarg);
			break;
		case 'f':
			m->every_ms = (int)strtol(optarg, NULL, 10);
			break;
		default:
			lab_die("usage: client [--connections N] [--rate N] [--path /] [--header "
				"'NAME: VALUE'] [--timeline FILE] [--stop FILE] [--timeout MS] "
				"[--retry-idle] ADDRESS:PORT ... | --registry URL --service NAME "
				"[--refresh MS]");
		}
	}
	for (; optind < argc && client.target_count < TARGETS; optind++)
		client.targets[client.target_count++] = argv[optind];
	if ((m->registry.kind == LAB_NO_REGISTRY) != !m->callee[0] ||
	    (m->callee[0] ? client.target_count > 0 : !client.target_count))
		lab_die("client: either addresses, or --registry and --service");
	if (client.conn_count < 1 || client.conn_count > 1000 || client.rate < 1)
		lab_die("client: 1 to 1000 connections and a rate are needed");
}

int main(int argc, char **argv)
{
	int signals;

	options_read(argc, argv);
	signals = signals_open();
	client.epoll = epoll_create1(EPOLL_CLOEXEC);
	client.conns = calloc(client.conn_count, sizeof(*client.conns));
	if (!client.conns || client.epoll < 0)
		lab_die("client: %s", strerror(errno));
	for (size_t i = 0; i < client.conn_count; i++)
		client.conns[i].fd = -1;
	if (client.timeline && !(client.out = fopen(client.timeline, "we")))
		lab_die("client: %s: %s", client.timeline, strerror(errno));
	srand((unsigned)getpid());
	if (client.member.callee[0])
		lab_member_start(&client.member);
	client.started = lab_now();
	run(signals);
	lab_ticker_stop(&client.member.ticker);
	summary_print();
	return client.total.failed ? 1 : 0;
}
