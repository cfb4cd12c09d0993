/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real console in a pseudo terminal, and `sluice get` beside it, against the lab's rogue: a
 * server that is every product at once and behaves badly. Whatever it does, the console stays live,
 * says what is wrong with which source, keeps its memory in bounds, and not one byte that steers a
 * terminal comes from outside.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "tests/hostile/raw.h"
#include "tests/screens/pty.h"

static char *top, *sluice, *console, *lab;
static const char *const *env;

struct server {
	pid_t pid;
	char url[100];
};

static struct server rogue, elsewhere;

/* --- servers --- */

static void server_start(struct server *s, const char *const argv[])
{
	char *program = sl_asprintf("%s/%s", lab, argv[0]);
	int out[2];
	FILE *from;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		execv(program, (char *const *)(const void *)argv);
		_exit(127);
	}
	close(out[1]);
	from = fdopen(out[0], "r");
	if (!from || !fgets(s->url, sizeof s->url, from))
		fail_msg("%s says no address: is it built?", program);
	s->url[strcspn(s->url, "\n")] = '\0';
	fclose(from);
	free(program);
}

static void server_stop(struct server *s)
{
	if (!s->pid)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* What a command prints, at most 8 MiB; its exit status. */
static int run(struct sl_buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int run(struct sl_buf *out, const char *fmt, ...)
{
	char *command, bytes[65536];
	va_list ap;
	FILE *f;
	size_t n;
	int status;

	va_start(ap, fmt);
	assert_true(vasprintf(&command, fmt, ap) > 0);
	va_end(ap);
	sl_buf_init(out, 8u << 20);
	f = popen(command, "re");
	assert_non_null(f);
	while ((n = fread(bytes, 1, sizeof bytes, f)))
		sl_buf_append(out, bytes, n);
	status = pclose(f);
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One of the counters that it answers with. */
static long tell(const struct server *s, const char *what, const char *counter)
{
	struct sl_buf out;
	const char *at;
	long n;

	assert_int_equal(run(&out, "curl -s -m 20 -X PUT '%s/_fake?%s'", s->url, what), 0);
	at = strstr(sl_buf_str(&out), counter);
	assert_non_null(at);
	n = strtol(at + strlen(counter) + 2, NULL, 10);
	sl_buf_release(&out);
	return n;
}

/* --- the site --- */

/* ca NULL = none. */
static void write_inventory(const char *name, const char *url, const char *ca)
{
	static const struct {
		const char *section, *backend, *type, *address, *ca;
		bool token;
	} rows[] = {
		{"registries", "reg-etcd", "etcd", "endpoints", "caFile", false},
		{NULL, "reg-sc", "serviceCenter", "url", "ca", true},
		{"configs", "cfg-kie", "kie", "url", "ca", true},
		{NULL, "cfg-etcd", "etcd", "endpoints", "caFile", false},
		{"metrics", "met-prom", "prometheus", "url", "caFile", true},
		{"tracing", "tra-zip", "zipkin", "url", "caFile", false},
	};
	char *path = sl_asprintf("%s/%s", top, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs("sluice: 1\nkind: inventory\nenvironment: { name: lab }\n", f);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		if (rows[i].section)
			fprintf(f, "%s:\n", rows[i].section);
		fprintf(f, "  %s: { type: %s, %s: \"%s\"", rows[i].backend, rows[i].type,
			rows[i].address, url);
		if (rows[i].token)
			fputs(", token: \"env:TOKEN\"", f);
		if (ca)
			fprintf(f, ", %s: \"%s\"", rows[i].ca, ca);
		fputs(" }\n", f);
	}
	assert_int_equal(fclose(f), 0);
	free(path);
}

static int make_site(void **state)
{
	static const char *list[4];
	static const char *const one[] = {"rogue", "127.0.0.1:0", NULL};
	const char *tmp = getenv("TMPDIR"), *build = getenv("SLUICE_BUILD");

	(void)state;
	if (!build) {
		fprintf(stderr, "SLUICE_BUILD must say where things are: make hostile\n");
		return -1;
	}
	top = sl_asprintf("%s/sluice-hostile-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(top))
		return -1;
	sluice = sl_asprintf("%s/sluice", build);
	console = sl_asprintf("%s/sluice-console", build);
	lab = sl_asprintf("%s/lab", build);
	setenv("TOKEN", "open-sesame", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	list[0] = sl_asprintf("XDG_CONFIG_HOME=%s/config", top);
	list[1] = sl_asprintf("HOME=%s", top);
	env = list;
	server_start(&rogue, one);
	server_start(&elsewhere, one);
	write_inventory("inventory.yaml", rogue.url, NULL);
	return 0;
}

static int remove_site(void **state)
{
	struct sl_buf out;

	(void)state;
	server_stop(&rogue);
	server_stop(&elsewhere);
	run(&out, "rm -rf '%s'", top);
	sl_buf_release(&out);
	return 0;
}

#define KEYS(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static struct pty *start_at(unsigned width, unsigned height, const char *term, const char *locale,
			    const char *inventory)
{
	char *folder = sl_asprintf("%s/state", top), *file = sl_asprintf("%s/%s", top, inventory);
	const char *const argv[] = {console, "--state",    folder, "-i",
				    file,    "--interval", "1s",   NULL};
	struct pty *p = pty_start(&(struct pty_how){.width = width,
						    .height = height,
						    .term = term,
						    .locale = locale,
						    .env = env,
						    .argv = argv});

	free(folder);
	free(file);
	return p;
}

/* A key press still paints. */
static void is_live(struct pty *p)
{
	pty_keys(p, KEYS("?", "wait:view-1", "esc", "gone:view-1"));
}

static void expect_clean(const char *what, const char *bytes, size_t len)
{
	char why[200];

	if (!raw_is_ours(bytes, len, why, sizeof why))
		fail_msg("%s: %s", what, why);
}

static void stop_clean(struct pty *p, const char *what)
{
	assert_int_equal(pty_stop(p), 0);
	expect_clean(what, pty_bytes(p)->data, pty_bytes(p)->len);
	pty_free(p);
}

/* Peak of what it held in memory, in MiB. The sanitizers' own memory would be counted too. */
static long peak_mib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		sscanf(line, "VmHWM: %ld", &kib);
	fclose(f);
#ifdef __SANITIZE_ADDRESS__
	return 0;
#else
	return kib / 1024;
#endif
}

/* --- bad servers --- */

static const char *const views[] = {"services", "keys", "traces"};

static const struct mood {
	const char *knobs;
	const char *says; /* of every source; NULL = nothing is wrong */
	const char *or_says;
} moods[] = {
	{"mood=error", "status 500", NULL},
	{"mood=empty", "empty", NULL},
	{"mood=garbage", "not JSON", NULL},
	{"mood=truncated", "transfer closed with", NULL},
	{"mood=short", "answer", NULL},
	{"mood=html", "HTML page", NULL},
	{"mood=redirect", "not followed", NULL},
	{"mood=away", "not followed", NULL},
	{"mood=drop", "http://127.0.0.1", NULL},
	{"mood=denied", "401", NULL},
	{"mood=deep", "nested more than", NULL},
	{"mood=slow&ms=1200", NULL, NULL},
	{"mood=huge&mb=48", "larger than", "no complete answer within"},
	{"mood=flood", "larger than", "no complete answer within"},
	{"mood=many", "values", "no complete answer within"},
	{"mood=stall", "no complete answer within", NULL},
	{"mood=drip", "no complete answer within", NULL},
	{"mood=silent", "no complete answer within", NULL},
};

/* All views at once, so that those that wait do it together. */
static void ask_all(const char *inventory, struct sl_buf out[3], int rc[3])
{
	struct sl_buf all;

	for (size_t i = 0; i < SL_COUNT(views); i++)
		sl_buf_init(&out[i], 8u << 20);
	run(&all,
	    "for v in services keys traces; do (timeout 60 '%s' get $v -i '%s/%s' >'%s/'$v.out "
	    "2>&1; "
	    "echo $? >'%s/'$v.rc) & done; wait",
	    sluice, top, inventory, top, top);
	sl_buf_release(&all);
	for (size_t i = 0; i < SL_COUNT(views); i++) {
		assert_int_equal(run(&all, "cat '%s/%s.rc'", top, views[i]), 0);
		rc[i] = atoi(sl_buf_str(&all));
		sl_buf_release(&all);
		sl_buf_release(&out[i]);
		assert_int_equal(run(&out[i], "cat '%s/%s.out'", top, views[i]), 0);
		expect_clean(views[i], out[i].data, out[i].len);
	}
}

static const struct {
	const char *name;
	size_t view;
} sources[] = {{"'reg-etcd' (etcd): ", 0},       {"'reg-sc' (serviceCenter): ", 0},
	       {"'met-prom' (prometheus): ", 0}, {"'cfg-kie' (kie): ", 1},
	       {"'cfg-etcd' (etcd): ", 1},       {"'tra-zip' (zipkin): ", 2}};

/* Each source is named, with what is wrong with it. */
static void expect_words(const struct mood *m, struct sl_buf out[3])
{
	for (size_t i = 0; i < SL_COUNT(sources); i++) {
		const char *text = sl_buf_str(&out[sources[i].view]);
		const char *at = strstr(text, sources[i].name);
		char line[1200] = "";

		if (at)
			snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		if (!m->says && at)
			fail_msg("%s: %s", m->knobs, line);
		if (!m->says)
			continue;
		if (!at || !(strstr(line, m->says) || (m->or_says && strstr(line, m->or_says))))
			fail_msg("%s: %s is said to be wrong by\n%s", m->knobs, sources[i].name,
				 text);
	}
}

static void play_mood(const struct mood *m)
{
	struct sl_buf out[3];
	struct pty *p;
	int rc[3];

	tell(&rogue, m->knobs, "requests");
	p = start_at(120, 36, NULL, NULL, "inventory.yaml");
	pty_keys(p, KEYS("wait:reg-sc"));
	is_live(p);
	ask_all("inventory.yaml", out, rc);
	for (size_t i = 0; i < SL_COUNT(views); i++) {
		if (rc[i] != (m->says ? 7 : 0))
			fail_msg("%s: get %s exits with %d:\n%s", m->knobs, views[i], rc[i],
				 sl_buf_str(&out[i]));
	}
	expect_words(m, out);
	if (m->says)
		pty_keys(p, KEYS("wait:reg-sc FAILED", "wait:reg-etcd ("));
	else
		pty_keys(p, KEYS("gone:..."));
	is_live(p);
	pty_keys(p, KEYS("4", "5", "3", "1"));
	is_live(p);
	assert_in_range(peak_mib(pty_pid(p)), 0, 400);
	stop_clean(p, m->knobs);
	for (size_t i = 0; i < SL_COUNT(views); i++)
		sl_buf_release(&out[i]);
}

static void test_in_time_moods(void **state)
{
	char knob[200];

	(void)state;
	snprintf(knob, sizeof knob, "to=%s/v3/kv/range", elsewhere.url);
	tell(&rogue, knob, "requests");
	for (size_t i = 0; i < SL_COUNT(moods); i++)
		play_mood(&moods[i]);
	tell(&rogue, "mood=good", "requests");
	/* There were credentials to lose, and where a redirect led nobody went. */
	assert_true(tell(&rogue, "", "withCredentials") > 0);
	assert_int_equal(tell(&elsewhere, "", "requests"), 0);
}

/* A source that was well goes bad: its rows stay, with their age, and come back to life. */
static void test_old_data_stays(void **state)
{
	struct pty *p;

	(void)state;
	tell(&rogue, "mood=good", "requests");
	p = start_at(120, 36, NULL, NULL, "inventory.yaml");
	pty_keys(p, KEYS("wait:marks-"));
	tell(&rogue, "mood=html", "requests");
	pty_keys(p, KEYS("wait:STALE", "wait:HTML page", "wait:marks-"));
	is_live(p);
	tell(&rogue, "mood=good", "requests");
	pty_keys(p, KEYS("gone:STALE", "gone:HTML page", "wait:marks-"));
	stop_clean(p, "old data");
}

/* 100 MB without a length from one source: refused at 32 MiB. */
static void test_memory(void **state)
{
	struct pty *p;

	(void)state;
	tell(&rogue, "mood=flood&match=/v4/", "requests");
	p = start_at(120, 36, NULL, NULL, "inventory.yaml");
	pty_keys(p, KEYS("wait:reg-sc FAILED"));
	is_live(p);
	assert_in_range(peak_mib(pty_pid(p)), 0, 150);
	stop_clean(p, "memory");
	tell(&rogue, "mood=good", "requests");
}

static void test_in_time_certificates(void **state)
{
	static const struct {
		const char *option, *value;
		bool ca;
		const char *says;
	} cases[] = {
		{NULL, NULL, false, "certificate"},
		{"-e", NULL, true, "certificate has expired"},
		{"-n", "elsewhere.example", true, "certificate"},
		{NULL, NULL, true, NULL},
	};

	(void)state;
	tell(&rogue, "mood=good", "requests");
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		char *ca = sl_asprintf("%s/ca%zu.pem", top, i);
		const char *argv[8] = {"tlsd"};
		struct mood m = {.knobs = "TLS", .says = cases[i].says};
		struct server tls;
		struct sl_buf out[3];
		size_t n = 1;
		int rc[3];

		if (cases[i].option)
			argv[n++] = cases[i].option;
		if (cases[i].value)
			argv[n++] = cases[i].value;
		argv[n++] = ca;
		argv[n++] = "127.0.0.1:0";
		argv[n++] = rogue.url + strlen("http://");
		server_start(&tls, argv);
		write_inventory("tls.yaml", tls.url, cases[i].ca ? ca : NULL);
		ask_all("tls.yaml", out, rc);
		expect_words(&m, out);
		assert_int_equal(rc[0], cases[i].says ? 7 : 0);
		if (cases[i].says) {
			struct pty *p = start_at(120, 36, NULL, NULL, "tls.yaml");

			pty_keys(p, KEYS("wait:reg-sc FAILED", "wait:certificate"));
			is_live(p);
			stop_clean(p, "TLS");
		}
		for (size_t k = 0; k < SL_COUNT(views); k++)
			sl_buf_release(&out[k]);
		server_stop(&tls);
		free(ca);
	}
}

/* Their clock an hour ahead, and one behind: nothing is younger than new. */
static void test_clocks(void **state)
{
	static const char *const skews[] = {"skew=3600", "skew=-3600"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(skews); i++) {
		struct sl_buf out[3];
		struct pty *p;
		int rc[3];

		tell(&rogue, "mood=good", "requests");
		tell(&rogue, skews[i], "requests");
		ask_all("inventory.yaml", out, rc);
		for (size_t k = 0; k < SL_COUNT(views); k++) {
			assert_int_equal(rc[k], 0);
			assert_null(strstr(sl_buf_str(&out[k]), "-1h"));
			assert_null(strstr(sl_buf_str(&out[k]), "-36"));
			sl_buf_release(&out[k]);
		}
		p = start_at(120, 36, NULL, NULL, "inventory.yaml");
		pty_keys(p, KEYS("wait:marks-"));
		is_live(p);
		assert_null(strstr(pty_text(p), "STALE"));
		assert_null(strstr(pty_text(p), "-1h"));
		stop_clean(p, skews[i]);
	}
	tell(&rogue, "skew=0", "requests");
}

/* --- hostile names, in every view --- */

static void tour(unsigned width, unsigned height, const char *term, const char *locale)
{
	struct pty *p = start_at(width, height, term, locale, "inventory.yaml");
	char what[100];

	snprintf(what, sizeof what, "names, %ux%u, %s, %s", width, height, term ? term : "xterm",
		 locale ? locale : "utf8");
	pty_keys(p, KEYS("wait:36 services", "G", "g", "j", "space", "j", "j", "space", "/",
			 "text:bidi", "enter", "wait:bidi-", "enter", "wait:instance", "esc",
			 "wait:3 of 36", "esc", "gone:3 of 36"));
	is_live(p);
	pty_keys(p, KEYS("4", "wait:Config", "G", "g", "enter"));
	is_live(p);
	pty_keys(p, KEYS("3", "wait:Traces", "wait:-end", "G", "g", "enter"));
	is_live(p);
	pty_keys(p, KEYS("5", "8", "1", "wait:Services"));
	is_live(p);
	stop_clean(p, what);
}

static void test_names(void **state)
{
	(void)state;
	tell(&rogue, "mood=good", "requests");
	tour(120, 36, NULL, NULL);
	tour(80, 24, NULL, NULL);
	tour(200, 60, NULL, NULL);
	tour(80, 24, "vt100", "C");
	tour(60, 12, "linux", NULL);
}

static void test_plain(void **state)
{
	struct sl_buf out;
	int rc;

	(void)state;
	tell(&rogue, "mood=good", "requests");
	rc = run(&out,
		 /* at the end of its input it leaves once every source has answered */
		 "TERM=dumb timeout 30 '%s' --plain --state '%s/state' -i '%s/inventory.yaml' "
		 "</dev/null 2>&1",
		 console, top, top);
	assert_int_equal(rc, 0);
	assert_non_null(strstr(sl_buf_str(&out), "marks-"));
	expect_clean("--plain", out.data, out.len);
	sl_buf_release(&out);
	for (size_t i = 0; i < SL_COUNT(views); i++) {
		static const char *const formats[] = {"wide", "csv", "json", "ndjson"};

		for (size_t k = 0; k < SL_COUNT(formats); k++) {
			rc = run(&out, "timeout 60 '%s' get %s -o %s -i '%s/inventory.yaml' 2>&1",
				 sluice, views[i], formats[k], top);
			assert_int_equal(rc, 0);
			expect_clean(formats[k], out.data, out.len);
			sl_buf_release(&out);
		}
	}
}

/* --- terminals --- */

static void test_small(void **state)
{
	struct pty *p = start_at(20, 5, NULL, NULL, "inventory.yaml");

	(void)state;
	pty_keys(p, KEYS("wait:20x5; needs", "j", "wait:needs"));
	pty_resize(p, 80, 24);
	pty_keys(p, KEYS("wait:marks-"));
	pty_resize(p, 1, 1);
	pty_resize(p, 20, 5);
	pty_keys(p, KEYS("wait:needs", "q"));
	assert_int_equal(pty_wait_exit(p), 0);
	expect_clean("small", pty_bytes(p)->data, pty_bytes(p)->len);
	pty_free(p);
}

/* Any process with our state folder among its arguments. */
static bool anybody_left(void)
{
	char *mark = sl_asprintf("%s/state", top);
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool left = false;

	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		char path[300], line[4096];
		size_t n;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		n = fread(line, 1, sizeof line, f);
		left = left || memmem(line, n, mark, strlen(mark));
		fclose(f);
	}
	closedir(proc);
	free(mark);
	return left;
}

/* Closed while it waits, and while it is busy painting. */
static void test_vanishes(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct pty *p;

		tell(&rogue, i == 1 ? "mood=silent" : "mood=good", "requests");
		p = start_at(120, 36, NULL, NULL, "inventory.yaml");
		pty_keys(p, i == 1 ? KEYS("wait:reg-sc") : KEYS("wait:marks-"));
		if (i == 2)
			pty_keys(p, KEYS("G", "g", "G", "g", "?"));
		pty_hang_up(p);
		pty_free(p);
		assert_false(anybody_left());
	}
	tell(&rogue, "mood=good", "requests");
}

/* Terminals that cannot place a cursor, or that nobody knows: a sentence, and what to do. */
static void test_no_terminal(void **state)
{
	static const char *const terms[] = {"dumb", "", "no-such-terminal", "../../etc/passwd"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(terms); i++) {
		struct pty *p = start_at(80, 24, terms[i], NULL, "inventory.yaml");
		int status = pty_wait_exit(p);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 2);
		assert_non_null(strstr(sl_buf_str(pty_bytes(p)), "--plain"));
		expect_clean(terms[i], pty_bytes(p)->data, pty_bytes(p)->len);
		pty_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_old_data_stays),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_in_time_certificates),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_vanishes),
		cmocka_unit_test(test_no_terminal),
		cmocka_unit_test(test_in_time_moods),
	};

	if (getenv("SKIP"))
		fprintf(stderr, "skip: %s, as asked\n", getenv("SKIP"));
	cmocka_set_test_filter(getenv("ONLY"));
	cmocka_set_skip_filter(getenv("SKIP"));
	return cmocka_run_group_tests(tests, make_site, remove_site);
}
