/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make bench: the console beside public tools, on one machine, in one run.
 *
 *     driver FOLDER CONSOLE FEED ETCD_URL SC_URL SERVICES INSTANCES ROUNDS JSON
 *
 * FOLDER holds etcd.yaml, sc.yaml and silent.yaml. The registries are filled and the sleepers
 * asleep. Tools take turns in every round, and what is compared are medians over rounds, so that
 * other load meets all of them. Ends badly only when something could not be measured.
 */
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugins/sdk/mem.h"
#include "tests/bench/counts.h"
#include "tests/bench/proc.h"
#include "tests/bench/table.h"
#include "tests/bench/tools.h"

#define ROUNDS_MAX  20
#define STARTS      5 /* a round: one may meet a page that the kernel has to fetch */
#define SETTLE_MS   3000
#define WINDOW_MS   10000
#define PRESSES     150 /* a round */
#define RELOAD_MS   400 /* between two orders to read everything again */
#define CHANGE_RATE 50  /* a second, in each registry */
#define FRAME_MS    16
#define LOST_MAX    0.5 /* share of presses that may show nothing: more, and it is no measurement */

enum { CONSOLE_ETCD, CONSOLE_SC, BTOP, HTOP, TOOL_COUNT };

struct bench {
	const char *folder, *console, *feed, *etcd, *sc, *services, *instances, *json;
	unsigned rounds;
	struct tool tools[TOOL_COUNT];
	struct tool silent;
	pid_t changing[2];
	struct table table;
	bool failed;
};

/* Of one tool, a value a round; latencies of all presses together. */
struct samples {
	double first[ROUNDS_MAX * STARTS], data[ROUNDS_MAX * STARTS]; /* a value a start */
	double bytes[ROUNDS_MAX], loop[ROUNDS_MAX], cpu[ROUNDS_MAX], peak[ROUNDS_MAX];
	size_t rounds;
	double press[ROUNDS_MAX * PRESSES];
	size_t presses, lost;
	double requests, not_modified, received; /* a second */
};

static double median(double *values, size_t count)
{
	return stat_quantile(values, count, 0.5);
}

/* --- the ones that change the registries --- */

static pid_t feed_start(const struct bench *b, const char *kind, const char *url, const char *rate,
			const char *among)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(b->feed, b->feed, "change", kind, url, b->services, b->instances, rate, among,
		      (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void changes_start(struct bench *b, const char *rate, const char *among)
{
	b->changing[0] = feed_start(b, "etcd", b->etcd, rate, among);
	b->changing[1] = feed_start(b, "sc", b->sc, rate, among);
}

/* All up again. */
static void refill(struct bench *b)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(b->feed, b->feed, "fill", "etcd", b->etcd, b->services, b->instances,
		      (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		b->failed = true;
}

static void changes_stop(struct bench *b)
{
	for (size_t i = 0; i < SL_COUNT(b->changing); i++) {
		int status;

		if (waitpid(b->changing[i], &status, WNOHANG) == b->changing[i]) {
			fputs("bench: what changes a registry ended by itself\n", stderr);
			b->failed = true;
			continue;
		}
		kill(b->changing[i], SIGKILL);
		waitpid(b->changing[i], NULL, 0);
	}
}

/* --- start --- */

static bool show(struct bench *b, const struct tool *t, struct shown *s)
{
	if (tool_start(t, s))
		return true;
	fprintf(stderr, "bench: %s shows no data\n", t->name);
	tool_stop(s);
	b->failed = true;
	return false;
}

static void measure_start(struct bench *b, struct samples all[TOOL_COUNT], double *silent)
{
	for (unsigned r = 0; r < b->rounds * STARTS; r++) {
		struct shown s;

		for (size_t i = 0; i < TOOL_COUNT; i++) {
			if (!show(b, &b->tools[i], &s))
				return;
			all[i].first[r] = s.first_ms;
			all[i].data[r] = s.data_ms;
			tool_stop(&s);
		}
		b->failed = !tool_start_first(&b->silent, &s) || b->failed;
		silent[r] = s.first_ms;
		tool_stop(&s);
	}
}

/* --- a while of life --- */

static bool count(struct bench *b, size_t tool, struct counts *c)
{
	bool ok = true;

	*c = (struct counts){0};
	if (tool == CONSOLE_ETCD)
		ok = counts_etcd(b->etcd, c);
	else if (tool == CONSOLE_SC)
		ok = counts_sc(b->sc, c);
	b->failed = b->failed || !ok;
	return ok;
}

static void measure_window(struct bench *b, size_t tool, struct shown *s, struct samples *x)
{
	double seconds = WINDOW_MS / 1000.0;
	pid_t pid = pty_pid(s->pty);
	struct counts was, is;
	struct proc_cpu cpu, end;
	size_t bytes;

	tool_watch(s->pty, SETTLE_MS);
	count(b, tool, &was);
	bytes = pty_bytes(s->pty)->len;
	cpu = proc_cpu(pid);
	tool_watch(s->pty, WINDOW_MS);
	end = proc_cpu(pid);
	count(b, tool, &is);
	x->bytes[x->rounds] = (double)(pty_bytes(s->pty)->len - bytes) / seconds;
	x->loop[x->rounds] = (double)(end.main_ns - cpu.main_ns) / 1e7 / seconds;
	x->cpu[x->rounds] = (double)(end.all_ns - cpu.all_ns) / 1e7 / seconds;
	x->requests = (is.requests - was.requests) / seconds;
	x->not_modified = (is.not_modified - was.not_modified) / seconds;
	x->received = (is.bytes - was.bytes) / seconds;
}

/* Down and up again, at no rhythm that the tool could fall in with. The console is told to read all
 * of it again and again. */
static void measure_presses(struct bench *b, size_t tool, struct shown *s, struct samples *x)
{
	const struct tool *t = &b->tools[tool];
	int64_t reload = 0;

	for (unsigned i = 0; i < PRESSES; i++) {
		double ms;

		if (tool == CONSOLE_ETCD && proc_now_ns() - reload > (int64_t)RELOAD_MS * 1000000) {
			reload = proc_now_ns();
			pty_send(s->pty, "r", 1);
		}
		tool_watch(s->pty, 5 + rand() % 40);
		ms = tool_press(t, s->pty, i % 2 ? t->up : t->down);
		x->lost += isnan(ms);
		x->press[x->presses++] = isnan(ms) ? PRESS_MS : ms; /* it took longer */
	}
}

static void measure_life(struct bench *b, struct samples all[TOOL_COUNT])
{
	for (unsigned r = 0; r < b->rounds; r++)
		for (size_t i = 0; i < TOOL_COUNT; i++) {
			struct samples *x = &all[i];
			struct shown s;

			if (!show(b, &b->tools[i], &s))
				return;
			measure_window(b, i, &s, x);
			if (i != BTOP)
				measure_presses(b, i, &s, x);
			x->peak[x->rounds++] = (double)proc_peak_kib(pty_pid(s.pty)) / 1024;
			tool_stop(&s);
		}
}

/* --- nothing changes --- */

/* The header's clock shows minutes: one that begins in the window is a change. */
static void wait_for_a_minute_that_lasts(struct pty *p)
{
	time_t left = 60 - time(NULL) % 60;

	if (left * 1000 < SETTLE_MS + WINDOW_MS + 2000)
		tool_watch(p, (double)left * 1000 + 500);
}

static void measure_idle(struct bench *b, size_t tool, struct samples *x)
{
	struct shown s;

	if (!show(b, &b->tools[tool], &s))
		return;
	wait_for_a_minute_that_lasts(s.pty);
	measure_window(b, tool, &s, x);
	x->rounds++;
	tool_stop(&s);
}

/* --- so many rows change in a second --- */

#define PROPORTIONS 3
static const char *const proportion_rates[PROPORTIONS] = {"1", "5", "20"};

struct proportion {
	double rows[PROPORTIONS];    /* of the screen that change in a second */
	double per_row[PROPORTIONS]; /* bytes that one of them costs */
};

static size_t lines_that_differ(const char *a, const char *b)
{
	size_t n = 0;

	while (*a || *b) {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

		n += la != lb || memcmp(a, b, la) != 0;
		a += la + (a[la] == '\n');
		b += lb + (b[lb] == '\n');
	}
	return n;
}

/* Rows of the screen that changed over a while: those whose service did, and those on which an age
 * went on. */
static size_t rows_that_change(struct pty *p, double ms)
{
	int64_t start = proc_now_ns();
	char *before = sl_strdup(pty_text(p));
	size_t rows = 0;
	double left;

	while ((left = ms - (double)(proc_now_ns() - start) / 1e6) > 0) {
		if (!pty_pump(p, (int)ceil(left)))
			continue;
		pty_settle(p);
		rows += lines_that_differ(before, pty_text(p));
		free(before);
		before = sl_strdup(pty_text(p));
	}
	free(before);
	return rows;
}

/* The services that change all stand on the screen. */
static void measure_proportion(struct bench *b, struct proportion *x)
{
	struct shown s;

	if (!show(b, &b->tools[CONSOLE_ETCD], &s))
		return;
	pty_send(s.pty, ":sort service\r", 14);
	for (size_t i = 0; i < PROPORTIONS; i++) {
		size_t bytes, rows;

		refill(b);
		changes_start(b, proportion_rates[i], "20");
		tool_watch(s.pty, SETTLE_MS);
		bytes = pty_bytes(s.pty)->len;
		rows = rows_that_change(s.pty, WINDOW_MS);
		x->rows[i] = (double)rows / (WINDOW_MS / 1000.0);
		x->per_row[i] = (double)(pty_bytes(s.pty)->len - bytes) / (double)rows;
		changes_stop(b);
	}
	tool_stop(&s);
}

/* --- ten thousand rows under one's fingers --- */

static bool is_otherwise(struct pty *p, const void *before)
{
	return strcmp(pty_text(p), before) != 0;
}

static double press_seen(struct pty *p, const char *bytes)
{
	char *before = sl_strdup(pty_text(p));
	double ms = tool_press_until(p, bytes, is_otherwise, before);

	free(before);
	pty_settle(p);
	return ms;
}

static double resize_seen(struct pty *p, unsigned width, unsigned height)
{
	int64_t start = proc_now_ns();

	pty_resize(p, width, height);
	if (!pty_pump(p, 2000))
		return NAN;
	pty_settle(p);
	return (double)(pty_read_at(p) - start) / 1e6;
}

struct scale {
	double filter[ROUNDS_MAX * 16], move[ROUNDS_MAX * 8], sort[ROUNDS_MAX * 8],
		resize[ROUNDS_MAX * 4];
	size_t filters, moves, sorts, resizes;
};

static void scale_round(struct pty *p, struct scale *x)
{
	static const char *const typed[] = {"h", "o", "s", "t", "0", "0", "7"};
	static const char *const moves[] = {"G", "g", "\004", "G", "\025", "g"};

	pty_send(p, "/", 1);
	tool_watch(p, 100);
	for (size_t i = 0; i < SL_COUNT(typed); i++)
		x->filter[x->filters++] = press_seen(p, typed[i]);
	pty_send(p, "\r", 1);
	tool_watch(p, 100);
	x->filter[x->filters++] = press_seen(p, "\033OQ"); /* F2: off */
	x->filter[x->filters++] = press_seen(p, "\033OQ");
	pty_send(p, "\033", 1);
	tool_watch(p, 300);
	for (size_t i = 0; i < SL_COUNT(moves); i++)
		x->move[x->moves++] = press_seen(p, moves[i]);
	for (size_t i = 0; i < 4; i++)
		x->sort[x->sorts++] = press_seen(p, i % 2 ? "s" : ">");
	x->resize[x->resizes++] = resize_seen(p, 100, 30);
	x->resize[x->resizes++] = resize_seen(p, WIDTH, HEIGHT);
}

static void measure_scale(struct bench *b, struct scale *x)
{
	struct shown s;

	if (!show(b, &b->tools[CONSOLE_ETCD], &s))
		return;
	pty_send(s.pty, ":instances\r", 11);
	if (!tool_wait(s.pty, "host0", 5000))
		b->failed = true;
	tool_watch(s.pty, SETTLE_MS);
	for (unsigned r = 0; r < b->rounds && !b->failed; r++)
		scale_round(s.pty, x);
	tool_stop(&s);
}

/* --- the table --- */

static void add(struct bench *b, const char *measure, const char *unit, double ours, double limit)
{
	table_add(&b->table, (struct result){.measure = measure,
					     .unit = unit,
					     .ours = ours,
					     .theirs = NAN,
					     .limit = limit,
					     .ratio_limit = NAN});
}

static void against(struct bench *b, const char *measure, const char *unit, double ours,
		    size_t peer, double theirs, double ratio_limit)
{
	table_add(&b->table, (struct result){.measure = measure,
					     .unit = unit,
					     .ours = ours,
					     .theirs = theirs,
					     .peer = b->tools[peer].name,
					     .limit = NAN,
					     .ratio_limit = ratio_limit});
}

static void report_start(struct bench *b, struct samples *all, double *silent)
{
	size_t starts = b->rounds * STARTS;
	double first = median(all[BTOP].first, starts), data = median(all[BTOP].data, starts);

	against(b, "first frame, etcd", "ms", median(all[CONSOLE_ETCD].first, starts), BTOP, first,
		1);
	against(b, "first frame, Service Center", "ms", median(all[CONSOLE_SC].first, starts), BTOP,
		first, 1);
	against(b, "first frame, registry never answers", "ms", median(silent, starts), BTOP, first,
		1);
	against(b, "data on the screen, etcd", "ms", median(all[CONSOLE_ETCD].data, starts), BTOP,
		data, 0.5);
	against(b, "data on the screen, Service Center", "ms", median(all[CONSOLE_SC].data, starts),
		BTOP, data, 0.5);
}

static void report_presses(struct bench *b, struct samples *all)
{
	static const char *const names[] = {
		[CONSOLE_ETCD] = "key to paint p99, 10 MB answers, etcd",
		[CONSOLE_SC] = "key to paint p99, Service Center",
	};
	double theirs = stat_quantile(all[HTOP].press, all[HTOP].presses, 0.99);

	for (size_t i = CONSOLE_ETCD; i <= CONSOLE_SC; i++)
		table_add(&b->table,
			  (struct result){.measure = names[i],
					  .unit = "ms",
					  .ours = stat_quantile(all[i].press, all[i].presses, 0.99),
					  .theirs = theirs,
					  .peer = b->tools[HTOP].name,
					  .limit = FRAME_MS,
					  .ratio_limit = 1,
					  .below = true});
	against(b, "key to paint median, etcd", "ms",
		stat_quantile(all[CONSOLE_ETCD].press, all[CONSOLE_ETCD].presses, 0.5), HTOP,
		stat_quantile(all[HTOP].press, all[HTOP].presses, 0.5), NAN);
}

static void report_life(struct bench *b, struct samples *all)
{
	double bytes = median(all[BTOP].bytes, b->rounds), cpu = median(all[BTOP].cpu, b->rounds);

	add(b, "loop thread at 1 Hz, etcd", "% core", median(all[CONSOLE_ETCD].loop, b->rounds), 1);
	add(b, "loop thread at 1 Hz, Service Center", "% core",
	    median(all[CONSOLE_SC].loop, b->rounds), 1);
	against(b, "all threads at 1 Hz, etcd", "% core", median(all[CONSOLE_ETCD].cpu, b->rounds),
		BTOP, cpu, NAN);
	against(b, "all threads at 1 Hz, Service Center", "% core",
		median(all[CONSOLE_SC].cpu, b->rounds), BTOP, cpu, NAN);
	against(b, "all threads at 1 Hz, etcd", "% core", median(all[CONSOLE_ETCD].cpu, b->rounds),
		HTOP, median(all[HTOP].cpu, b->rounds), NAN);
	against(b, "written at 1 Hz, etcd", "bytes/s", median(all[CONSOLE_ETCD].bytes, b->rounds),
		BTOP, bytes, 0.15);
	against(b, "written at 1 Hz, Service Center", "bytes/s",
		median(all[CONSOLE_SC].bytes, b->rounds), BTOP, bytes, 0.15);
	against(b, "written at 1 Hz, etcd", "bytes/s", median(all[CONSOLE_ETCD].bytes, b->rounds),
		HTOP, median(all[HTOP].bytes, b->rounds), NAN);
	add(b, "peak memory, etcd", "MiB", median(all[CONSOLE_ETCD].peak, b->rounds), 60);
	add(b, "peak memory, Service Center", "MiB", median(all[CONSOLE_SC].peak, b->rounds), 60);
	add(b, "read, etcd", "requests/s", all[CONSOLE_ETCD].requests, NAN);
	add(b, "read, etcd", "KiB/s", all[CONSOLE_ETCD].received / 1024, NAN);
	add(b, "read, Service Center", "requests/s", all[CONSOLE_SC].requests, NAN);
	add(b, "read, Service Center", "KiB/s", all[CONSOLE_SC].received / 1024, NAN);
	add(b, "names not modified, Service Center", "names/s", all[CONSOLE_SC].not_modified, NAN);
}

static void report_idle(struct bench *b, const struct samples *etcd, const struct samples *sc)
{
	add(b, "written when nothing changes, etcd", "bytes/s", etcd->bytes[0], 0);
	add(b, "written when nothing changes, Service Center", "bytes/s", sc->bytes[0], 0);
	add(b, "all threads when nothing changes, etcd", "% core", etcd->cpu[0], NAN);
	add(b, "all threads when nothing changes, Service Center", "% core", sc->cpu[0], NAN);
	add(b, "read when nothing changes, etcd", "requests/s", etcd->requests, NAN);
	add(b, "read when nothing changes, etcd", "KiB/s", etcd->received / 1024, NAN);
	add(b, "read when nothing changes, Service Center", "requests/s", sc->requests, NAN);
	add(b, "read when nothing changes, Service Center", "KiB/s", sc->received / 1024, NAN);
	add(b, "not modified when nothing changes, Service Center", "names/s", sc->not_modified,
	    NAN);
}

static void report_proportion(struct bench *b, const struct proportion *x)
{
	add(b, "rows that change, 1 changes/s", "rows/s", x->rows[0], NAN);
	add(b, "written a row that changes, 1 changes/s", "bytes", x->per_row[0], 2 * WIDTH);
	add(b, "rows that change, 5 changes/s", "rows/s", x->rows[1], NAN);
	add(b, "written a row that changes, 5 changes/s", "bytes", x->per_row[1], 2 * WIDTH);
	add(b, "rows that change, 20 changes/s", "rows/s", x->rows[2], NAN);
	add(b, "written a row that changes, 20 changes/s", "bytes", x->per_row[2], 2 * WIDTH);
}

static void report_scale(struct bench *b, struct scale *x)
{
	add(b, "10,000 rows: a letter of a filter, p99", "ms",
	    stat_quantile(x->filter, x->filters, 0.99), FRAME_MS);
	add(b, "10,000 rows: g G ctrl-d ctrl-u, p99", "ms", stat_quantile(x->move, x->moves, 0.99),
	    FRAME_MS);
	add(b, "10,000 rows: sort, p99", "ms", stat_quantile(x->sort, x->sorts, 0.99), FRAME_MS);
	add(b, "10,000 rows: resize, p99", "ms", stat_quantile(x->resize, x->resizes, 0.99),
	    FRAME_MS);
}

static void check_presses(struct bench *b, const struct samples *all)
{
	for (size_t i = 0; i < TOOL_COUNT; i++)
		if (i != BTOP && (double)all[i].lost > LOST_MAX * (double)all[i].presses) {
			fprintf(stderr, "bench: %s: %zu of %zu presses moved nothing\n",
				b->tools[i].name, all[i].lost, all[i].presses);
			b->failed = true;
		}
}

static void measure_all(struct bench *b)
{
	struct samples *all = sl_alloc_n(TOOL_COUNT + 2, sizeof *all);
	struct scale *scale = sl_alloc(sizeof *scale);
	double silent[ROUNDS_MAX * STARTS] = {0};
	struct proportion proportion = {{NAN, NAN, NAN}, {NAN, NAN, NAN}};
	char rate[16];

	snprintf(rate, sizeof rate, "%d", CHANGE_RATE);
	changes_start(b, rate, b->services);
	fputs("bench: start\n", stderr);
	measure_start(b, all, silent);
	fputs("bench: refreshing, keys\n", stderr);
	measure_life(b, all);
	changes_stop(b);
	fputs("bench: at rest\n", stderr);
	measure_idle(b, CONSOLE_ETCD, &all[TOOL_COUNT]);
	measure_idle(b, CONSOLE_SC, &all[TOOL_COUNT + 1]);
	fputs("bench: ten thousand rows\n", stderr);
	measure_scale(b, scale);
	fputs("bench: proportion\n", stderr);
	measure_proportion(b, &proportion);
	check_presses(b, all);
	report_start(b, all, silent);
	report_presses(b, all);
	report_life(b, all);
	report_idle(b, &all[TOOL_COUNT], &all[TOOL_COUNT + 1]);
	report_proportion(b, &proportion);
	report_scale(b, scale);
	free(all);
	free(scale);
}

/* --- the tools --- */

static const char **list(const char *a, const char *b, const char *c, const char *d, const char *e,
			 const char *f)
{
	const char **all = sl_alloc_n(7, sizeof *all);

	memcpy(all, (const char *[]){a, b, c, d, e, f}, 6 * sizeof *all);
	return all;
}

static struct tool console_on(const struct bench *b, const char *name, const char *inventory,
			      const char *interval)
{
	return (struct tool){
		.name = name,
		/* etcd's watch has it read once a second, Service Center has none */
		.argv = list(b->console, "-i", sl_asprintf("%s/%s", b->folder, inventory),
			     "--interval", interval, "services"),
		.env = list(sl_asprintf("SLUICE_STATE=%s/state", b->folder),
			    sl_asprintf("XDG_CONFIG_HOME=%s", b->folder), NULL, NULL, NULL, NULL),
		.data = "svc-0",
		.down = "j",
		.up = "k",
		.cursor = cursor_of_console,
	};
}

static void tools_init(struct bench *b)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *user = pw ? pw->pw_name : "root";
	const char **home =
		list(sl_asprintf("XDG_CONFIG_HOME=%s", b->folder),
		     sl_asprintf("HTOPRC=%s/htoprc", b->folder), NULL, NULL, NULL, NULL);

	b->tools[CONSOLE_ETCD] = console_on(b, "console on etcd", "etcd.yaml", "5s");
	b->tools[CONSOLE_SC] = console_on(b, "console on Service Center", "sc.yaml", "1s");
	b->silent = console_on(b, "console on silence", "silent.yaml", "5s");
	b->tools[BTOP] = (struct tool){.name = "btop",
				       .argv = list("/usr/bin/btop", NULL, NULL, NULL, NULL, NULL),
				       .env = home,
				       .data = user}; /* a process's: its name may be any */
	b->tools[HTOP] = (struct tool){
		.name = "htop",
		.argv = list("/usr/bin/htop", "-d", "10", NULL, NULL, NULL),
		.env = home,
		.data = "F10Quit", /* it paints all at once */
		.down = "\033OB",
		.up = "\033OA",
		.cursor = cursor_of_htop,
	};
}

int main(int argc, char **argv)
{
	struct bench b = {0};

	if (argc != 10) {
		fputs("usage: driver FOLDER CONSOLE FEED ETCD_URL SC_URL SERVICES INSTANCES "
		      "ROUNDS JSON\n",
		      stderr);
		return 2;
	}
	b.folder = argv[1];
	b.console = argv[2];
	b.feed = argv[3];
	b.etcd = argv[4];
	b.sc = argv[5];
	b.services = argv[6];
	b.instances = argv[7];
	b.rounds = (unsigned)strtoul(argv[8], NULL, 10);
	b.json = argv[9];
	if (b.rounds < 1 || b.rounds > ROUNDS_MAX)
		b.rounds = 3;
	signal(SIGPIPE, SIG_IGN);
	tools_init(&b);
	measure_all(&b);
	table_print(&b.table);
	if (!table_write_json(&b.table, b.json)) {
		perror(b.json);
		b.failed = true;
	}
	return b.failed ? 1 : 0;
}
