/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host of one folder for the tests of the scripts: every script can be run to its end by
 * one of several shells, exactly as a transport would send it.
 */
#ifndef SLUICE_TEST_SCRIPTS_H
#define SLUICE_TEST_SCRIPTS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "orchestrator/host/remote.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define RUN   "0b5e1c9e-run-a"
#define NONCE "sl0123"

struct host {
	char root[64];
	char home[128];
	char dir[160]; /* release.dir: a name that wants quoting */
	char sluice[192];
	char path[512];    /* PATH of its scripts */
	const char *shell; /* a folder with `sh` in it, made by host_open */
	const char *run, *epoch;
	char step[32];
};

struct reply {
	int rc; /* -1 = no end line */
	struct sl_buf out;
	size_t count;
	char *keys[512], *values[512];
};

struct args {
	struct remote_arg all[32];
	size_t count;
};
#define ARGS(...)                     \
	((struct args){{__VA_ARGS__}, \
		       sizeof((struct remote_arg[]){__VA_ARGS__}) / sizeof(struct remote_arg)})

/* The shells that scripts must work with; a missing one is printed by whoever wants it. */
static const char *const shell_paths[][2] = {
	{"dash", "/bin/dash"}, {"busybox", "/bin/busybox"}, {"bash", "/bin/bash"}};

static inline void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static inline void make_folder(const char *path)
{
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static inline char *text_at(const char *fmt, ...)
{
	static char ring[64][4096];
	static unsigned next;
	char *s = ring[next++ % 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof ring[0], fmt, ap);
	va_end(ap);
	return s;
}

static inline void put_text(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* The whole file, or NULL; free it. */
static inline char *get_text(const char *path)
{
	FILE *f = fopen(path, "r");
	struct sl_buf b;
	char piece[4096];
	size_t n;

	if (!f)
		return NULL;
	sl_buf_init(&b, 16 << 20);
	sl_buf_puts(&b, "");
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		sl_buf_append(&b, piece, n);
	fclose(f);
	return b.len ? sl_buf_take(&b) : sl_strdup("");
}

static inline bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* --- a host --- */

static inline void host_open(struct host *h, const char *shell)
{
	const char *base = getenv("TMPDIR");

	memset(h, 0, sizeof *h);
	snprintf(h->root, sizeof h->root, "%s/sl-XXXXXX",
		 base && strlen(base) < 40 ? base : "/tmp");
	assert_non_null(mkdtemp(h->root));
	snprintf(h->home, sizeof h->home, "%s/home", h->root);
	make_folder(h->home);
	make_folder(text_at("%s/bin", h->root));
	assert_int_equal(symlink(shell, text_at("%s/bin/sh", h->root)), 0);
	snprintf(h->path, sizeof h->path, "%s/bin:%s", h->root, getenv("PATH"));
	snprintf(h->dir, sizeof h->dir, "%s/-srv it's $x `y` \"\xc3\xbc\"", h->root);
	snprintf(h->sluice, sizeof h->sluice, "%s/.sluice", h->dir);
	h->run = RUN;
	h->epoch = "1";
	strcpy(h->step, "1");
}

static inline int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* Does a process of this group or session live? Zombies nobody reaps do not count. */
static inline bool group_lives(int group)
{
	DIR *proc = opendir("/proc");
	bool lives = false;

	assert_non_null(proc);
	for (struct dirent *e; !lives && (e = readdir(proc));) {
		char *text =
			atoi(e->d_name) > 0 ? get_text(text_at("/proc/%s/stat", e->d_name)) : NULL;
		char *end = text ? strrchr(text, ')') : NULL;
		char state;
		int pgrp, session;

		if (end && sscanf(end, ") %c %*d %d %d", &state, &pgrp, &session) == 3)
			lives = (pgrp == group || session == group) && state != 'Z' && state != 'X';
		free(text);
	}
	closedir(proc);
	return lives;
}

static inline bool start_time(int pid, char start[static 32])
{
	char *text = get_text(text_at("/proc/%d/stat", pid));
	char *end = text ? strrchr(text, ')') : NULL;

	for (int field = 2; end && field < 22; field++)
		end = strchr(end + 1, ' ');
	bool found = end && sscanf(end, " %31s", start) == 1;
	free(text);
	return found;
}

static inline bool is_reused(const char *proc, int pid)
{
	char start[32];

	return start_time(pid, start) && !strstr(proc, text_at("start=%s\n", start));
}

static inline void kill_named(const char *folder, const char *suffix)
{
	DIR *d = opendir(folder);
	const char *name;

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		name = strrchr(e->d_name, '.');
		char *text = name && strcmp(name, suffix) == 0
				     ? get_text(text_at("%s/%s", folder, e->d_name))
				     : NULL;
		char *pid = text ? strstr(text, "pid=") : NULL;

		/* A number that was given out again belongs to somebody else. */
		if (pid && atoi(pid + 4) > 1 && !is_reused(text, atoi(pid + 4)))
			kill(-atoi(pid + 4), SIGKILL);
		free(text);
	}
	closedir(d);
}

/* Kills what the host's instances and commands still run, then removes the host. */
static inline void host_close(struct host *h)
{
	kill_named(text_at("%s/instances", h->sluice), ".proc");
	kill_named(text_at("%s/steps", h->sluice), ".child");
	for (int i = 0; i < 100 && is_there(h->root); i++) {
		if (i > 0)
			nap_ms(10); /* a guard writes its last word */
		nftw(h->root, remove_entry, 32, FTW_DEPTH | FTW_PHYS);
	}
	assert_false(is_there(h->root));
}

/* --- calls --- */

struct call {
	pid_t pid;
	int out;
};

static inline char *call_text(struct host *h, enum remote_script script, const struct args *a)
{
	struct remote_arg all[40];
	size_t n = 0;

	for (; n < a->count; n++)
		all[n] = a->all[n];
	all[n++] = (struct remote_arg){"sluice", h->sluice};
	all[n++] = (struct remote_arg){"dir", h->dir};
	all[n++] = (struct remote_arg){"run", h->run};
	all[n++] = (struct remote_arg){"epoch", h->epoch};
	all[n++] = (struct remote_arg){"step", h->step};
	return remote_script_text(script, all, n, NONCE);
}

static inline void child_exec(struct host *h, int in, int out)
{
	setpgid(0, 0);
	dup2(in, 0);
	dup2(out, 1);
	setenv("PATH", h->path, 1);
	setenv("HOME", h->home, 1);
	execl(text_at("%s/bin/sh", h->root), "sh", "-s", (char *)NULL);
	_exit(127);
}

/* Start a script in a process group of its own, as a transport does. */
static inline struct call call_start(struct host *h, enum remote_script script, struct args a)
{
	char *text = call_text(h, script, &a);
	char *path = text_at("%s/text-XXXXXX", h->root);
	int in = mkostemp(path, O_CLOEXEC), out[2];
	struct call c;

	assert_true(in >= 0);
	assert_int_equal(write(in, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	unlink(path);
	free(text);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0)
		child_exec(h, in, out[1]);
	close(in);
	close(out[1]);
	c.out = out[0];
	return c;
}

static inline void reply_parse(struct reply *r)
{
	char *save = NULL;
	char *copy = sl_strdup(sl_buf_str(&r->out));

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *eq = strchr(l, '=');

		if (!sl_text_starts(l, NONCE " ") || !eq)
			continue;
		assert_true(r->count < SL_COUNT(r->keys));
		r->keys[r->count] =
			sl_strndup(l + strlen(NONCE " "), (size_t)(eq - l) - strlen(NONCE " "));
		r->values[r->count] = sl_text_unpercent(eq + 1);
		assert_non_null(r->values[r->count]);
		if (strcmp(r->keys[r->count], "end") == 0)
			r->rc = atoi(eq + 1);
		r->count++;
	}
	free(copy);
}

static inline void call_end(struct call *c, struct reply *r)
{
	char piece[4096];
	ssize_t n;
	int status;

	memset(r, 0, sizeof *r);
	r->rc = -1;
	sl_buf_init(&r->out, 4 << 20);
	while ((n = read(c->out, piece, sizeof piece)) > 0)
		sl_buf_append(&r->out, piece, (size_t)n);
	close(c->out);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	reply_parse(r);
}

static inline const char *get(const struct reply *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->keys[i], key) == 0)
			return r->values[i];
	return "(none)";
}

static inline void reply_release(struct reply *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->keys[i]);
		free(r->values[i]);
	}
	sl_buf_release(&r->out);
	memset(r, 0, sizeof *r);
}

/* One reply at a time is looked at: the last one, released by the next call. */
static struct reply last;

static inline struct reply *call(struct host *h, enum remote_script script, struct args a)
{
	struct call c = call_start(h, script, a);

	reply_release(&last);
	call_end(&c, &last);
	if (last.rc < 0)
		fail_msg("%s did not end: %s", remote_script_name(script), sl_buf_str(&last.out));
	return &last;
}

#define assert_answer(key, value) assert_string_equal(get(&last, key), value)
#define assert_ok()                                                                              \
	do {                                                                                     \
		if (last.rc != 0)                                                                \
			fail_msg("refused: %s: %s", get(&last, "error"), get(&last, "message")); \
	} while (0)
#define assert_refused(word)                                    \
	do {                                                    \
		assert_string_equal(get(&last, "error"), word); \
		assert_int_equal(last.rc, 1);                   \
	} while (0)

/* --- what most tests begin with --- */

static inline void host_claim(struct host *h)
{
	call(h, REMOTE_CLAIM,
	     ARGS({"number", "7"}, {"who", "ann"}, {"from", "desk"}, {"what", "orders 1 -> 2"},
		  {"since", "2026-01-02T03:04:05Z"}));
	assert_ok();
}

static inline char *sha256_of(const char *text)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *hex = text_at("%s", "");

	assert_int_equal(EVP_Digest(text, strlen(text), md, &len, EVP_sha256(), NULL), 1);
	for (unsigned i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", md[i]);
	return hex;
}

/* A release that is one shell script, staged. */
static inline void host_stage(struct host *h, const char *release, const char *program)
{
	char *digest = sha256_of(program);

	call(h, REMOTE_STAGE_BEGIN,
	     ARGS({"release", release}, {"digest", digest}, {"need_kb", "1"}));
	assert_ok();
	if (strcmp(get(&last, "present"), "yes") == 0)
		return;
	put_text(get(&last, "upload"), program, 0600);
	call(h, REMOTE_STAGE_FINISH,
	     ARGS({"release", release}, {"digest", digest}, {"kind", "file"}, {"name", "svc"}));
	assert_ok();
	assert_answer("present", "yes");
}

/* The same without the scripts, for tests of something else. */
static inline void host_put_release(struct host *h, const char *release, const char *program)
{
	make_folder(text_at("%s/releases", h->dir));
	make_folder(text_at("%s/releases/%s", h->dir, release));
	put_text(text_at("%s/releases/%s/svc", h->dir, release), program, 0755);
	put_text(text_at("%s/releases/%s/.sluice-release", h->dir, release),
		 text_at("digest=%s\nrelease=%s\n", sha256_of(program), release), 0644);
}

/* Run a program's tests once for each shell, side by side: they mostly wait. */
static inline int run_on_shells(const char **shell, int (*group)(const char *name))
{
	pid_t pids[SL_COUNT(shell_paths)] = {0};
	int failed = 0, status;

	for (size_t i = 0; i < SL_COUNT(shell_paths); i++) {
		*shell = shell_paths[i][1];
		if (access(*shell, X_OK) != 0) {
			printf("SKIP: %s is not installed\n", shell_paths[i][0]);
			continue;
		}
		fflush(NULL);
		pids[i] = fork();
		if (pids[i] == 0) {
			status = group(shell_paths[i][0]);
			fflush(NULL);
			_exit(status > 100 ? 100 : status);
		}
	}
	for (size_t i = 0; i < SL_COUNT(shell_paths); i++)
		if (pids[i] > 0)
			failed += waitpid(pids[i], &status, 0) != pids[i] || status != 0;
	return failed;
}

#endif
