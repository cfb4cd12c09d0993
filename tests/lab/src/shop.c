// SPDX-License-Identifier: Apache-2.0
/*
 * The service that the lab releases: gateway -> orders -> stock, one program, its role given by
 * SHOP_ROLE or the first argument, the next one in the chain by SHOP_CALL=ADDRESS:PORT, or the name
 * of a service that the registry knows; /PAGE may follow either. HTTP/1.1 with keep-alive on
 * HOST:PORT. It says its version (the file VERSION beside it, or SHOP_VERSION) in the header
 * x-version and in the JSON of / and of SHOP_PAGE (as /checkout), and passes on x-lane and
 * x-load-test.
 *
 * With SHOP_REGISTRY (see registry.h) it registers as SHOP_SERVICE (the role) on SHOP_HOST, with
 * SHOP_ZONE and SHOP_LANE as labels, for SHOP_TTL seconds at a time, and looks for its callee every
 * SHOP_REFRESH ms. With SHOP_CONFIG (see setting.h) it reads SHOP_SETTING and reports it in the
 * JSON of /; with SHOP_TRACES=ADDRESS:PORT Zipkin is told of SHOP_SAMPLE percent of the traces that
 * begin here, and of those that come with a request. /metrics is for Prometheus. SHOP_WORK is how
 * many ms its work takes on average.
 *
 * On TERM it leaves the registry, stops accepting, answers what is under way and what still comes
 * on open connections with "connection: close", and exits 0 when the last one is gone or SHOP_GRACE
 * ms are over.
 *
 * It can be told to misbehave, by the file SHOP_MODE beside it, by SHOP_MODE, or while it runs by
 * GET /told/MODE: slow:MS, fail:PERCENT, crash, crash-after:MS, crash-on:SUFFIX (of HOST: bad on
 * one host only), never-ready, ignore-term, noise (hostile bytes on its log, then a crash), fine.
 */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "metrics.h"
#include "registry.h"
#include "setting.h"
#include "spans.h"

#define CALL_TIMEOUT 3000

enum kind { KIND_LISTENER, KIND_SIGNAL, KIND_CLIENT, KIND_CALL };

struct peer {
	enum kind kind;
	int fd;
	struct lab_buf in, out;
	bool waiting;      /* client: a request is being answered; call: an answer is awaited */
	bool closing;      /* gone after what is in `out` */
	bool dead;         /* to be freed at the end of the turn */
	bool reused;       /* call: this connection has served before */
	int64_t due;       /* client: answer not before; call: give up at; 0 = none */
	struct peer *pair; /* client <-> call */
	char to[64];       /* call: whom */
	int64_t began_us;  /* when the request in hand came or went out */
	struct lab_trace trace;
	char lane[64], mark[64], path[256];
	struct peer *next;
};

static struct shop {
	const char *role, *page;
	char call[64], call_page[64]; /* "" = calls nobody */
	char version[64], mode[64];
	long slow, fail, work;
	bool never_ready, ignore_term, stopping;
	int64_t crash_at, stop_at;
	int epoll, listener;
	unsigned long served;
	struct peer *peers;
	struct lab_instance self;
	struct lab_metrics metrics;
	struct lab_member member;
	struct lab_setting setting;
	struct lab_spans spans;
} shop;

/* --- being told --- */

static long number_of(const char *name, long fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 10) : fallback;
}

static void text_of(const char *name, const char *fallback, char *to, size_t size)
{
	const char *text = getenv(name);

	snprintf(to, size, "%s", text && *text ? text : fallback);
}

static void make_noise(void)
{
	static char line[300000];

	memset(line, 'x', sizeof(line));
	fputs("\033]0;owned\007\033[2J\033[31mred \x9b"
	      "31m \302\233 \r over\b\b\b\b\n",
	      stderr);
	fwrite(line, 1, sizeof(line), stderr);
}

/* "crash-on:.3": does our address end so? */
static bool told_to_crash(const char *mode)
{
	const char *host = getenv("HOST"), *suffix = mode + 9;

	if (strncmp(mode, "crash-on:", 9) != 0)
		return strcmp(mode, "noise") == 0 || strcmp(mode, "crash") == 0;
	return host && strlen(host) > strlen(suffix) &&
	       strcmp(host + strlen(host) - strlen(suffix), suffix) == 0;
}

static void mode_set(const char *mode)
{
	long n = strchr(mode, ':') ? strtol(strchr(mode, ':') + 1, NULL, 10) : 0;

	snprintf(shop.mode, sizeof(shop.mode), "%.*s", (int)strcspn(mode, "\r\n \""), mode);
	mode = shop.mode;
	shop.slow = strncmp(mode, "slow:", 5) == 0 ? n : 0;
	shop.fail = strncmp(mode, "fail:", 5) == 0 ? n : 0;
	shop.never_ready = strcmp(mode, "never-ready") == 0;
	shop.ignore_term = strcmp(mode, "ignore-term") == 0;
	shop.crash_at = strncmp(mode, "crash-after:", 12) == 0 ? lab_now() + n : 0;
	if (strcmp(mode, "noise") == 0)
		make_noise();
	if (told_to_crash(mode)) {
		fprintf(stderr, "shop: told to crash\n");
		exit(3);
	}
}

/* The first line of a file beside us, or of the environment. */
static void word_read(const char *file, const char *env, const char *fallback, char *to,
		      size_t size)
{
	FILE *f = fopen(file, "re");
	const char *given = getenv(env);

	snprintf(to, size, "%s", given ? given : fallback);
	if (!f)
		return;
	if (fgets(to, (int)size, f))
		to[strcspn(to, "\r\n")] = '\0';
	fclose(f);
}

/* --- peers --- */

static void peer_watch(struct peer *p)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};

	if (p->out.len)
		e.events |= EPOLLOUT;
	epoll_ctl(shop.epoll, EPOLL_CTL_MOD, p->fd, &e);
}

static struct peer *peer_add(enum kind kind, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};

	if (!p || epoll_ctl(shop.epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		lab_die("shop: %s", strerror(errno));
	p->kind = kind;
	p->fd = fd;
	p->next = shop.peers;
	shop.peers = p;
	return p;
}

static void peer_kill(struct peer *p)
{
	if (p->dead)
		return;
	p->dead = true;
	close(p->fd);
	if (p->pair)
		p->pair->pair = NULL;
	p->pair = NULL;
}

static void peers_sweep(void)
{
	for (struct peer **at = &shop.peers; *at;) {
		struct peer *p = *at;

		if (!p->dead) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		lab_buf_release(&p->in);
		lab_buf_release(&p->out);
		free(p);
	}
}

static void call_lost(struct peer *call);

static void peer_flush(struct peer *p)
{
	int rc = lab_write(p->fd, &p->out);

	if (rc < 0 && p->kind == KIND_CALL)
		call_lost(p);
	else if (rc < 0 || (rc == 1 && p->closing && !p->waiting))
		peer_kill(p);
	else
		peer_watch(p);
}

/* --- being watched --- */

static bool is_work(const struct peer *c)
{
	return strcmp(c->path, "/") == 0 || (shop.page && strcmp(c->path, shop.page) == 0);
}

static void client_observe(struct peer *c, int status)
{
	struct lab_span span = {.trace = &c->trace,
				.kind = "SERVER",
				.path = c->path,
				.version = shop.version,
				.lane = c->lane,
				.began_us = c->began_us,
				.status = status};

	if (!is_work(c))
		return;
	lab_metrics_observe(&shop.metrics, status, (double)(lab_wall_us() - c->began_us) / 1e6);
	lab_span_end(&shop.spans, &span);
}

/* A call has ended, with an answer or (0) without. */
static void call_observe(const struct peer *call, int status)
{
	struct lab_span span = {.trace = &call->trace,
				.kind = "CLIENT",
				.path = shop.call_page,
				.version = shop.version,
				.lane = "",
				.remote = shop.member.callee,
				.began_us = call->began_us,
				.status = status};
	char ip[64];
	const char *colon = strrchr(call->to, ':');

	snprintf(ip, sizeof(ip), "%.*s", colon ? (int)(colon - call->to) : 0, call->to);
	span.remote_ip = ip;
	span.remote_port = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	lab_span_end(&shop.spans, &span);
}

/* --- answering --- */

static void client_next(struct peer *c);

static void client_answer_as(struct peer *c, int status, const char *type, const char *body)
{
	const char *word = status == 200 ? "OK" : status == 404 ? "Not Found" : "Unavailable";

	if (shop.stopping)
		c->closing = true;
	lab_buf_addf(&c->out,
		     "HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n"
		     "x-version: %s\r\nconnection: %s\r\n\r\n",
		     status, word, type, strlen(body), shop.version,
		     c->closing ? "close" : "keep-alive");
	lab_buf_add(&c->out, body, strlen(body));
	c->waiting = false;
	c->due = 0;
	shop.served++;
	client_observe(c, status);
	peer_flush(c);
	if (!c->dead && !c->closing)
		client_next(c);
}

static void client_answer(struct peer *c, int status, const char *body)
{
	client_answer_as(c, status, "application/json", body);
}

static void client_finish(struct peer *c, const char *callee)
{
	char body[2048], setting[512];

	if (shop.fail && rand() % 100 < shop.fail) {
		client_answer(c, 503, "{\"error\":\"told to fail\"}");
		return;
	}
	lab_setting_json(&shop.setting, setting, sizeof(setting));
	snprintf(body, sizeof(body),
		 "{\"role\":\"%s\",\"version\":\"%s\",\"pid\":%d,\"lane\":\"%s\",\"mark\":\"%s\"%s,"
		 "\"callee\":%s}\n",
		 shop.role, shop.version, (int)getpid(), c->lane, c->mark, setting, callee);
	client_answer(c, 200, body);
}

/* --- calling the next one --- */

static void call_start(struct peer *c, bool fresh);

static void call_lost(struct peer *call)
{
	struct peer *c = call->pair;
	bool again = call->reused && call->in.len == 0;

	if (c && !again)
		call_observe(call, 0);
	peer_kill(call);
	if (!c)
		return;
	/* An idle connection may be closed under us; nothing came back, a GET may be repeated. */
	if (again)
		call_start(c, true);
	else
		client_answer(c, 503, "{\"error\":\"callee lost\"}");
}

static void call_readable(struct peer *call)
{
	long head, whole;
	char callee[1024];
	struct peer *c = call->pair;
	int rc = lab_read(call->fd, &call->in);

	if (rc == 0)
		return;
	whole = call->in.len ? lab_http_whole(&call->in, &head) : 0;
	if (whole <= 0) {
		if (rc < 0 || whole < 0)
			call_lost(call);
		return;
	}
	snprintf(callee, sizeof(callee), "%.*s", (int)(whole - head), call->in.data + head);
	if (c)
		call_observe(call, lab_http_status(&call->in));
	if (!c || lab_http_status(&call->in) != 200)
		snprintf(callee, sizeof(callee), "{\"error\":\"callee failed\"}");
	call->pair = NULL;
	call->waiting = false;
	call->reused = true;
	call->due = 0;
	if (rc < 0 || lab_http_close(&call->in, head) || shop.stopping)
		peer_kill(call);
	else
		lab_buf_cut(&call->in, (size_t)whole);
	if (!c)
		return;
	c->pair = NULL;
	callee[strcspn(callee, "\n")] = '\0';
	client_finish(c, callee);
}

/* The address to ask: given, or one of those that the registry has. False = there is none. */
static bool call_where(char *to, size_t size)
{
	if (shop.member.callee[0])
		return lab_member_pick(&shop.member, to, size);
	snprintf(to, size, "%s", shop.call);
	return true;
}

static struct peer *call_idle(const char *to)
{
	for (struct peer *p = shop.peers; p; p = p->next)
		if (p->kind == KIND_CALL && !p->waiting && !p->dead && strcmp(p->to, to) == 0)
			return p;
	return NULL;
}

static void call_start(struct peer *c, bool fresh)
{
	char to[64] = "";
	struct peer *call = NULL;
	int fd;

	if (call_where(to, sizeof(to)) && !fresh)
		call = call_idle(to);
	if (!call) {
		fd = lab_connect(to);
		if (fd < 0) {
			client_answer(c, 503, "{\"error\":\"no callee\"}");
			return;
		}
		call = peer_add(KIND_CALL, fd);
		snprintf(call->to, sizeof(call->to), "%s", to);
	}
	call->pair = c;
	c->pair = call;
	call->waiting = true;
	call->due = lab_now() + CALL_TIMEOUT;
	call->began_us = lab_wall_us();
	lab_trace_child(&c->trace, &call->trace);
	lab_buf_addf(&call->out, "GET %s HTTP/1.1\r\nhost: %s\r\n", shop.call_page, to);
	if (c->lane[0])
		lab_buf_addf(&call->out, "x-lane: %s\r\n", c->lane);
	if (c->mark[0])
		lab_buf_addf(&call->out, "x-load-test: %s\r\n", c->mark);
	lab_trace_send(&shop.spans, &call->trace, &call->out);
	lab_buf_addf(&call->out, "\r\n");
	peer_watch(call); /* written when the connection stands */
}

/* --- requests --- */

static void metrics_answer(struct peer *c)
{
	struct lab_buf page = {0};

	lab_metrics_page(&shop.metrics, shop.self.service, shop.version, &page);
	client_answer_as(c, 200, "text/plain; version=0.0.4", page.data);
	lab_buf_release(&page);
}

static bool is_ready(void)
{
	return !shop.never_ready && (!shop.member.callee[0] || lab_member_knows(&shop.member));
}

/* The pair of a waiting client is its call; a slow one has none yet. */
static void client_serve(struct peer *c)
{
	c->due = 0;
	if (strcmp(c->path, "/health") == 0)
		client_answer(c, is_ready() ? 200 : 503,
			      is_ready() ? "{\"health\":\"ok\"}\n" : "{\"health\":\"not yet\"}\n");
	else if (strncmp(c->path, "/told/", 6) == 0) {
		mode_set(c->path + 6);
		client_answer(c, 200, "{}\n");
	} else if (strcmp(c->path, "/metrics") == 0)
		metrics_answer(c);
	else if (!is_work(c))
		client_answer(c, 404, "{\"error\":\"no such page\"}\n");
	else if (shop.call[0])
		call_start(c, false);
	else
		client_finish(c, "null");
}

/* Mostly short, now and then up to four times the average. */
static int64_t work_time(void)
{
	return (int64_t)(4.0 * (double)shop.work * rand() / RAND_MAX * rand() / RAND_MAX);
}

/* The next whole request, if there is one. One at a time: the rest of a pipeline waits. */
static void client_next(struct peer *c)
{
	long head, whole;

	if (c->waiting || !c->in.len)
		return;
	whole = lab_http_whole(&c->in, &head);
	if (whole < 0)
		peer_kill(c);
	if (whole <= 0)
		return;
	c->lane[0] = c->mark[0] = c->path[0] = '\0';
	lab_http_header(&c->in, head, "x-lane", c->lane, sizeof(c->lane));
	lab_http_header(&c->in, head, "x-load-test", c->mark, sizeof(c->mark));
	sscanf(c->in.data, "%*15s %255s", c->path);
	lab_trace_receive(&shop.spans, &c->in, head, &c->trace);
	c->began_us = lab_wall_us();
	c->closing = lab_http_close(&c->in, head);
	lab_buf_cut(&c->in, (size_t)whole);
	c->waiting = true;
	if ((shop.slow || shop.work) && is_work(c))
		c->due = lab_now() + shop.slow + work_time();
	else
		client_serve(c);
}

static void client_readable(struct peer *c)
{
	int rc = lab_read(c->fd, &c->in);

	if (rc < 0)
		peer_kill(c);
	else if (rc > 0)
		client_next(c);
}

static void accept_all(void)
{
	int fd;

	while ((fd = accept4(shop.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		lab_nodelay(fd);
		peer_add(KIND_CLIENT, fd);
	}
}

/* --- stopping --- */

static void stop(void)
{
	if (shop.ignore_term || shop.stopping)
		return;
	lab_ticker_end(&shop.member.ticker);
	accept_all(); /* who is in the queue already would get a reset */
	close(shop.listener);
	shop.stopping = true;
	shop.stop_at = lab_now() + number_of("SHOP_GRACE", 300);
	fprintf(stderr, "shop: stopping after %lu requests\n", shop.served);
}

static bool busy(bool any)
{
	for (struct peer *p = shop.peers; p; p = p->next)
		if (p->kind == KIND_CLIENT && !p->dead && (any || p->waiting || p->out.len))
			return true;
	return false;
}

static void signal_readable(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		stop();
}

/* --- the loop --- */

/* The ms until something is due. */
static int wait_time(void)
{
	int64_t now = lab_now(), wait = 10;

	for (struct peer *p = shop.peers; p; p = p->next)
		if (!p->dead && p->due && p->due - now < wait)
			wait = p->due > now ? p->due - now : 0;
	return (int)wait;
}

/* Idle, to somebody who is not to be called any more. */
static bool call_is_stale(const struct peer *p)
{
	return !p->waiting && shop.member.callee[0] && !lab_member_lists(&shop.member, p->to);
}

static void timers_run(void)
{
	int64_t now = lab_now();

	if (shop.crash_at && now >= shop.crash_at) {
		fprintf(stderr, "shop: told to crash later\n");
		exit(3);
	}
	for (struct peer *p = shop.peers; p; p = p->next) {
		if (!p->dead && p->kind == KIND_CALL && call_is_stale(p))
			peer_kill(p);
		if (p->dead || !p->due || now < p->due)
			continue;
		if (p->kind == KIND_CLIENT)
			client_serve(p);
		else if (p->kind == KIND_CALL)
			call_lost(p);
	}
}

static void peer_event(struct peer *p, uint32_t events)
{
	if (p->kind == KIND_LISTENER) {
		if (!shop.stopping)
			accept_all();
		return;
	}
	if (p->kind == KIND_SIGNAL) {
		signal_readable(p->fd);
		return;
	}
	if (!p->dead && (events & EPOLLOUT))
		peer_flush(p);
	if (p->dead || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (p->kind == KIND_CLIENT)
		client_readable(p);
	else
		call_readable(p);
}

static void serve(void)
{
	struct epoll_event events[64];

	for (;;) {
		int n = epoll_wait(shop.epoll, events, 64, wait_time());

		for (int i = 0; i < n; i++)
			peer_event(events[i].data.ptr, events[i].events);
		timers_run();
		peers_sweep();
		if (shop.stopping && (!busy(true) || (lab_now() >= shop.stop_at && !busy(false))))
			return;
	}
}

/* --- starting --- */

/* ADDRESS:PORT or a service's name, and perhaps a page. */
static void callee_read(void)
{
	char *page;

	text_of("SHOP_CALL", "", shop.call, sizeof(shop.call));
	page = strchrnul(shop.call, '/');
	snprintf(shop.call_page, sizeof(shop.call_page), "%s", *page ? page : "/");
	*page = '\0';
}

static void describe(struct lab_instance *i, const char *address)
{
	const char *colon = strrchr(address, ':');

	snprintf(i->address, sizeof(i->address), "%.*s", (int)(colon - address), address);
	i->port = (unsigned)strtoul(colon + 1, NULL, 10);
	snprintf(i->version, sizeof(i->version), "%s", shop.version);
	text_of("SHOP_HOST", i->address, i->host, sizeof(i->host));
	text_of("SHOP_ZONE", "", i->zone, sizeof(i->zone));
	text_of("SHOP_LANE", "", i->lane, sizeof(i->lane));
	text_of("SHOP_SERVICE", shop.role, i->service, sizeof(i->service));
}

/* One that never gets ready stays away from the registry. */
static void registry_join(void)
{
	struct lab_member *m = &shop.member;
	const char *registry = getenv("SHOP_REGISTRY");

	if (!registry || !*registry)
		return;
	if (!lab_registry_parse(&m->registry, registry))
		lab_die("shop: SHOP_REGISTRY: %s", registry);
	if (!shop.never_ready)
		m->instance = shop.self;
	if (shop.call[0] && !strchr(shop.call, ':'))
		snprintf(m->callee, sizeof(m->callee), "%s", shop.call);
	m->ttl = (int)number_of("SHOP_TTL", 10);
	m->every_ms = (int)number_of("SHOP_REFRESH", 1000);
	lab_member_start(m);
}

static void setting_read(void)
{
	struct lab_setting *s = &shop.setting;
	const char *config = getenv("SHOP_CONFIG");

	if (!config || !*config)
		return;
	if (!lab_setting_parse(s, config))
		lab_die("shop: SHOP_CONFIG: %s", config);
	text_of("SHOP_SETTING", "pool.size", s->key, sizeof(s->key));
	snprintf(s->service, sizeof(s->service), "%s", shop.self.service);
	lab_setting_start(s);
}

static void spans_tell(void)
{
	struct lab_spans *s = &shop.spans;

	text_of("SHOP_TRACES", "", s->address, sizeof(s->address));
	if (!s->address[0])
		return;
	snprintf(s->service, sizeof(s->service), "%s", shop.self.service);
	snprintf(s->ip, sizeof(s->ip), "%s", shop.self.address);
	s->port = shop.self.port;
	s->sample = number_of("SHOP_SAMPLE", 100);
	lab_spans_start(s);
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

int main(int argc, char **argv)
{
	const char *host = getenv("HOST"), *port = getenv("PORT");
	char address[128], mode[64];

	shop.role = argc > 1 ? argv[1] : getenv("SHOP_ROLE");
	shop.role = shop.role ? shop.role : "orders";
	shop.page = getenv("SHOP_PAGE");
	callee_read();
	srand((unsigned)getpid());
	word_read("VERSION", "SHOP_VERSION", "unknown", shop.version, sizeof(shop.version));
	word_read("SHOP_MODE", "SHOP_MODE", "fine", mode, sizeof(mode));
	mode_set(mode);
	shop.work = number_of("SHOP_WORK", 0);
	snprintf(address, sizeof(address), "%s:%s", host ? host : "127.0.0.1",
		 port ? port : "8080");
	shop.epoll = epoll_create1(EPOLL_CLOEXEC);
	shop.listener = lab_listen(address);
	if (shop.listener < 0)
		lab_die("shop: %s: %s", address, strerror(errno));
	peer_add(KIND_LISTENER, shop.listener);
	peer_add(KIND_SIGNAL, signals_open());
	fprintf(stderr, "shop: %s %s on %s, %s\n", shop.role, shop.version, address, shop.mode);
	describe(&shop.self, address);
	registry_join();
	setting_read();
	spans_tell();
	serve();
	lab_ticker_stop(&shop.member.ticker);
	lab_ticker_stop(&shop.setting.ticker);
	lab_ticker_stop(&shop.spans.ticker);
	return 0;
}
