// SPDX-License-Identifier: Apache-2.0
/*
 * A fake of HAProxy 2.6's runtime API, for tests that need a thousand router changes and no
 * traffic:
 *
 *     fakerouter [-a ALGORITHM] [-c CONTROL] [-l LOG] SOCKET BACKEND NAME=ADDRESS:PORT[:WEIGHT] ...
 *
 * Servers are always UP, nothing is ever in flight. It answers show cli level, show info, show
 * backend, show stat, show servers state, get weight, set weight, set server ... state|weight,
 * enable and disable server; several commands a line, one line a connection unless `prompt` came
 * first. Every change is appended to LOG. The first word of the file CONTROL, read at every
 * connection, makes it misbehave: refuse (changes are not allowed), hang, garbage, gone (closes at
 * once), lie (says yes and does nothing).
 */
#include <poll.h>
#include <signal.h>

#include "lab.h"

#define SERVERS 64
#define CONNS   64

enum admin { ADMIN_READY = 0, ADMIN_MAINT = 1, ADMIN_DRAIN = 8 }; /* bits of srv_admin_state */

struct server {
	char name[64], address[48];
	int port, weight, initial;
	enum admin admin;
};

struct conn {
	int fd;
	bool prompt;
	struct lab_buf in;
};

static struct fake {
	const char *backend, *algorithm, *control, *log;
	char mood[16];
	struct server servers[SERVERS];
	size_t count;
	struct conn conns[CONNS];
} fake = {.algorithm = "roundrobin"};

/* --- answers --- */

static const char *status_word(const struct server *s)
{
	return s->admin == ADMIN_READY ? "UP" : s->admin == ADMIN_DRAIN ? "DRAIN" : "MAINT";
}

static void say_stat(struct lab_buf *out, char **words)
{
	int sum = 0, up = 0;
	long types = words[2] && words[3] ? strtol(words[3], NULL, 10) : 7;

	if (words[2] && strcmp(words[2], "-1") != 0 && strcmp(words[2], fake.backend) != 0) {
		lab_buf_addf(out, "No such proxy.\n\n");
		return;
	}
	lab_buf_addf(out, "# pxname,svname,qcur,scur,status,weight,act,bck,iid,sid,type,"
			  "check_status,addr,cookie,mode,algo,uweight,tracked,\n");
	if (types & 1)
		lab_buf_addf(out, "fe,FRONTEND,,0,OPEN,,,,2,0,0,,,,http,,,,\n");
	for (size_t i = 0; i < fake.count; i++) {
		const struct server *s = &fake.servers[i];
		int weight = s->admin == ADMIN_READY ? s->weight : 0;

		lab_buf_addf(out, "%s,%s,0,0,%s,%d,1,0,3,%zu,2,L7OK,%s:%d,,http,,%d,,\n",
			     fake.backend, s->name, status_word(s), s->weight, i + 1, s->address,
			     s->port, s->weight);
		sum += weight;
		up += weight > 0;
	}
	lab_buf_addf(out, "%s,BACKEND,0,0,%s,%d,%d,0,3,0,1,,,,http,%s,%d,,\n\n", fake.backend,
		     up ? "UP" : "DOWN", sum, up, fake.algorithm, sum);
}

static void say_servers(struct lab_buf *out, char **words)
{
	if (words[3] && strcmp(words[3], fake.backend) != 0) {
		lab_buf_addf(out, "Can't find backend.\n");
		return;
	}
	lab_buf_addf(out, "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state "
			  "srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
			  "srv_check_status srv_check_result srv_check_health srv_check_state "
			  "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port "
			  "srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "
			  "srv_agent_port\n");
	for (size_t i = 0; i < fake.count; i++) {
		const struct server *s = &fake.servers[i];

		lab_buf_addf(out, "3 %s %zu %s %s %d %d %d %d 3 15 3 2 6 0 0 0 - %d - 0 0 - - 0\n",
			     fake.backend, i + 1, s->name, s->address,
			     s->admin == ADMIN_MAINT ? 0 : 2, (int)s->admin, s->weight, s->initial,
			     s->port);
	}
	lab_buf_addf(out, "\n");
}

static void say_table(struct lab_buf *out, char **words)
{
	(void)words;
	lab_buf_addf(out, "No such table\n\n");
}

static void say_level(struct lab_buf *out, char **words)
{
	(void)words;
	lab_buf_addf(out, "%s\n\n", strcmp(fake.mood, "refuse") == 0 ? "operator" : "admin");
}

static void say_info(struct lab_buf *out, char **words)
{
	(void)words;
	lab_buf_addf(out, "Name: HAProxy\nVersion: 2.6.12-fake\nPid: %d\n\n", (int)getpid());
}

static void say_backend(struct lab_buf *out, char **words)
{
	(void)words;
	lab_buf_addf(out, "# name\n%s\n\n", fake.backend);
}

/* "be_shop/h1" -> its server; says what is wrong otherwise. */
static struct server *server_find(struct lab_buf *out, const char *path)
{
	const char *slash = path ? strchr(path, '/') : NULL;

	if (!slash) {
		lab_buf_addf(out, "Require 'backend/server'.\n");
		return NULL;
	}
	if (strlen(fake.backend) != (size_t)(slash - path) ||
	    strncmp(path, fake.backend, strlen(fake.backend)) != 0) {
		lab_buf_addf(out, "No such backend.\n");
		return NULL;
	}
	for (size_t i = 0; i < fake.count; i++)
		if (strcmp(fake.servers[i].name, slash + 1) == 0)
			return &fake.servers[i];
	lab_buf_addf(out, "No such server.\n");
	return NULL;
}

static void say_weight(struct lab_buf *out, char **words)
{
	struct server *s = server_find(out, words[2]);

	if (s)
		lab_buf_addf(out, "%d (initial %d)\n\n", s->weight, s->initial);
}

/* --- changes --- */

/* May this change be made? Says why not; notes it. */
static bool change_allowed(struct lab_buf *out, const char *what, const struct server *s)
{
	FILE *log;

	if (strcmp(fake.mood, "refuse") == 0) {
		lab_buf_addf(out, "Permission denied\n");
		return false;
	}
	if (strcmp(fake.mood, "lie") == 0)
		return false;
	log = fake.log ? fopen(fake.log, "ae") : NULL;
	if (log) {
		fprintf(log, "%lld %s %s\n", (long long)lab_now(), s->name, what);
		fclose(log);
	}
	return true;
}

static void change_weight(struct lab_buf *out, struct server *s, const char *text)
{
	char what[64], *end;
	long weight = text ? strtol(text, &end, 10) : -1;

	if (weight >= 0 && weight <= 100 && strcmp(end, "%") == 0)
		weight = weight * s->initial / 100;
	else if (weight < 0 || weight > 256 || *end) {
		lab_buf_addf(out, "Absolute weight can only be between 0 and 256 inclusive.\n");
		return;
	}
	snprintf(what, sizeof(what), "weight %ld", weight);
	if (change_allowed(out, what, s))
		s->weight = (int)weight;
}

static void change_state(struct lab_buf *out, struct server *s, const char *text)
{
	char what[64];
	int admin = !text                        ? -1
		    : strcmp(text, "ready") == 0 ? (int)ADMIN_READY
		    : strcmp(text, "drain") == 0 ? (int)ADMIN_DRAIN
		    : strcmp(text, "maint") == 0 ? (int)ADMIN_MAINT
						 : -1;

	if (admin < 0) {
		lab_buf_addf(out,
			     "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n");
		return;
	}
	snprintf(what, sizeof(what), "state %.20s", text);
	if (change_allowed(out, what, s))
		s->admin = (enum admin)admin;
}

static void do_set_weight(struct lab_buf *out, char **words)
{
	struct server *s = server_find(out, words[2]);

	if (s)
		change_weight(out, s, words[3]);
	lab_buf_addf(out, "\n");
}

static void do_set_server(struct lab_buf *out, char **words)
{
	struct server *s = server_find(out, words[2]);

	if (s && words[3] && strcmp(words[3], "weight") == 0)
		change_weight(out, s, words[4]);
	else if (s && words[3] && strcmp(words[3], "state") == 0)
		change_state(out, s, words[4]);
	else if (s)
		lab_buf_addf(out, "'set server <srv>' only supports 'agent', 'health', 'state', "
				  "'weight', 'addr', 'fqdn', 'check-addr', 'check-port', 'ssl'.\n");
	lab_buf_addf(out, "\n");
}

static void do_enable(struct lab_buf *out, char **words)
{
	struct server *s = server_find(out, words[2]);

	if (s)
		change_state(out, s, strcmp(words[0], "enable") == 0 ? "ready" : "maint");
	lab_buf_addf(out, "\n");
}

/* --- commands --- */

static const struct command {
	const char *first, *second, *third;
	void (*act)(struct lab_buf *out, char **words);
} commands[] = {
	{"show", "cli", "level", say_level},    {"show", "info", NULL, say_info},
	{"show", "backend", NULL, say_backend}, {"show", "stat", NULL, say_stat},
	{"show", "table", NULL, say_table},     {"show", "servers", "state", say_servers},
	{"get", "weight", NULL, say_weight},    {"set", "weight", NULL, do_set_weight},
	{"set", "server", NULL, do_set_server}, {"enable", "server", NULL, do_enable},
	{"disable", "server", NULL, do_enable},
};

static void command_run(struct conn *c, struct lab_buf *out, char *text)
{
	char *words[8] = {NULL}, *rest = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, " \t", &rest); w && n < 7; w = strtok_r(NULL, " \t", &rest))
		words[n++] = w;
	if (n == 0)
		return;
	if (strcmp(words[0], "prompt") == 0) {
		c->prompt = true;
		lab_buf_addf(out, "\n");
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *k = &commands[i];

		if (n < 2 || strcmp(words[0], k->first) != 0 || strcmp(words[1], k->second) != 0 ||
		    (k->third && (!words[2] || strcmp(words[2], k->third) != 0)))
			continue;
		k->act(out, words);
		return;
	}
	lab_buf_addf(out, "Unknown command: '%.100s'\n\n", words[0]);
}

/* --- connections --- */

static void mood_read(void)
{
	FILE *f = fake.control ? fopen(fake.control, "re") : NULL;

	fake.mood[0] = '\0';
	if (!f)
		return;
	if (!fgets(fake.mood, sizeof(fake.mood), f))
		fake.mood[0] = '\0';
	fake.mood[strcspn(fake.mood, " \r\n")] = '\0';
	fclose(f);
}

static void conn_close(struct conn *c)
{
	close(c->fd);
	lab_buf_release(&c->in);
	*c = (struct conn){.fd = -1};
}

static void conn_send(struct conn *c, struct lab_buf *out)
{
	struct pollfd p = {.fd = c->fd, .events = POLLOUT};

	while (out->len && lab_write(c->fd, out) == 0 && poll(&p, 1, 1000) == 1)
		;
}

static void conn_line(struct conn *c, char *line)
{
	struct lab_buf out = {0};
	char *rest = NULL;

	for (char *one = strtok_r(line, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
		command_run(c, &out, one);
	if (strcmp(fake.mood, "garbage") == 0) {
		out.len = 0;
		for (int i = 0; i < 2000; i++)
			lab_buf_addf(&out, "\033[31m%%s,,,\"\t%d,\xff,", i);
	}
	if (c->prompt)
		lab_buf_addf(&out, "> ");
	conn_send(c, &out);
	lab_buf_release(&out);
}

static void conn_readable(struct conn *c)
{
	int rc = lab_read(c->fd, &c->in);
	char *end;

	mood_read();
	if (strcmp(fake.mood, "hang") == 0 && rc > 0)
		return;
	while (c->in.len && (end = memchr(c->in.data, '\n', c->in.len)) != NULL) {
		size_t len = (size_t)(end - c->in.data);
		char *line = strndup(c->in.data, len);

		lab_buf_cut(&c->in, len + 1);
		conn_line(c, line);
		free(line);
		if (!c->prompt)
			rc = -1;
	}
	if (rc < 0)
		conn_close(c);
}

static void conn_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	mood_read();
	for (size_t i = 0; i < CONNS && strcmp(fake.mood, "gone") != 0; i++) {
		if (fake.conns[i].fd >= 0)
			continue;
		fake.conns[i].fd = fd;
		return;
	}
	close(fd);
}

static void serve(int listener)
{
	struct pollfd polls[CONNS + 1];

	for (;;) {
		polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
		for (size_t i = 0; i < CONNS; i++)
			polls[i + 1] = (struct pollfd){.fd = fake.conns[i].fd, .events = POLLIN};
		if (poll(polls, CONNS + 1, -1) < 0)
			continue;
		for (size_t i = 0; i < CONNS; i++)
			if (polls[i + 1].revents)
				conn_readable(&fake.conns[i]);
		if (polls[0].revents)
			conn_accept(listener);
	}
}

/* "h1-8080=127.0.0.1:8080:100" */
static void server_add(const char *text)
{
	struct server *s = &fake.servers[fake.count++];

	s->weight = 1;
	if (fake.count >= SERVERS ||
	    sscanf(text, "%63[^=]=%47[^:]:%d:%d", s->name, s->address, &s->port, &s->weight) < 3)
		lab_die("fakerouter: not NAME=ADDRESS:PORT[:WEIGHT]: %s", text);
	s->initial = s->weight;
}

int main(int argc, char **argv)
{
	int o, listener;

	while ((o = getopt(argc, argv, "a:c:l:")) != -1) {
		if (o == 'a')
			fake.algorithm = optarg;
		else if (o == 'c')
			fake.control = optarg;
		else if (o == 'l')
			fake.log = optarg;
		else
			return 2;
	}
	if (argc - optind < 3)
		lab_die("usage: fakerouter [-a ALGORITHM] [-c CONTROL] [-l LOG] SOCKET BACKEND "
			"NAME=ADDRESS:PORT[:WEIGHT] ...");
	signal(SIGPIPE, SIG_IGN);
	listener = lab_listen(argv[optind]);
	if (listener < 0)
		lab_die("fakerouter: %s: %s", argv[optind], strerror(errno));
	fake.backend = argv[optind + 1];
	for (int i = optind + 2; i < argc; i++)
		server_add(argv[i]);
	for (size_t i = 0; i < CONNS; i++)
		fake.conns[i].fd = -1;
	serve(listener);
}
