/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this shared object a plugin that fits? Asked first in a child, because loading runs foreign
 * code (constructors, the entry function) that may crash, print or hang, and only then here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/host/internal.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define PROBE_MS       10000
#define PROBE_SENTENCE 1000
#define SETTINGS_MAX   64

/* --- what a descriptor must hold --- */

static char *check_settings(const struct sl_plugin *p)
{
	if (p->setting_count > SETTINGS_MAX || (p->setting_count && !p->settings))
		return sl_asprintf("its table of settings is missing or too long");
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct sl_setting *s = &p->settings[i];

		if (!s->name || !sl_text_is_name(s->name) || !s->help ||
		    (unsigned)s->type > SL_SETTING_MAP)
			return sl_asprintf("setting %zu in its table lacks a name, a known type "
					   "or a help sentence",
					   i + 1);
	}
	return NULL;
}

struct operation {
	const char *name;
	bool there;
};

/* The sentence about a role whose struct is too old or that lacks one of its operations. */
static char *check_role(const char *role, size_t has, size_t needs, const struct operation *ops,
			size_t count)
{
	if (has < needs)
		return sl_asprintf("its %s operations are incomplete: build it again against "
				   "this version's plugin.h",
				   role);
	for (size_t i = 0; i < count; i++)
		if (!ops[i].there)
			return sl_asprintf("its %s lacks the operation '%s'", role, ops[i].name);
	return NULL;
}

/* An operation is looked at only if the plugin's struct reaches that far. */
#define HAS(role, op) (role)->size >= sizeof *(role) && (role)->op

static char *check_router(const struct sl_router_ops *r)
{
	const struct operation ops[] = {
		{"read", HAS(r, read)}, {"write", HAS(r, write)}, {"cancel", HAS(r, cancel)}};

	return check_role("router", r->size, sizeof *r, ops, SL_COUNT(ops));
}

static char *check_registry(const struct sl_registry_ops *r)
{
	const struct operation ops[] = {
		{"list", HAS(r, list)}, {"find", HAS(r, find)}, {"cancel", HAS(r, cancel)}};
	bool fixed = r->size >= sizeof *r && r->from_inventory;

	return check_role("registry", r->size, sizeof *r, ops, fixed ? 0 : SL_COUNT(ops));
}

static char *check_config(const struct sl_config_ops *c)
{
	const struct operation ops[] = {{"list", HAS(c, list)},
					{"read", HAS(c, read)},
					{"write", HAS(c, write)},
					{"cancel", HAS(c, cancel)}};

	return check_role("config", c->size, sizeof *c, ops, SL_COUNT(ops));
}

static char *check_metrics(const struct sl_metrics_ops *m)
{
	const struct operation ops[] = {
		{"instant", HAS(m, instant)}, {"range", HAS(m, range)}, {"cancel", HAS(m, cancel)}};

	return check_role("metrics", m->size, sizeof *m, ops, SL_COUNT(ops));
}

static char *check_tracing(const struct sl_tracing_ops *t)
{
	const struct operation ops[] = {{"search", HAS(t, search)},
					{"trace", HAS(t, trace)},
					{"names", HAS(t, names)},
					{"cancel", HAS(t, cancel)}};

	return check_role("tracing", t->size, sizeof *t, ops, SL_COUNT(ops));
}

static char *check_roles(const struct sl_plugin *p)
{
	char *why = NULL;

	if (!p->router && !p->registry && !p->config && !p->metrics && !p->tracing)
		return sl_asprintf("it plays no role: none of router, registry, config, metrics "
				   "and tracing is set");
	if (p->router)
		why = check_router(p->router);
	if (!why && p->registry)
		why = check_registry(p->registry);
	if (!why && p->config)
		why = check_config(p->config);
	if (!why && p->metrics)
		why = check_metrics(p->metrics);
	if (!why && p->tracing)
		why = check_tracing(p->tracing);
	return why;
}

static char *check_plugin(const struct sl_plugin *p)
{
	char *why;

	if (!p)
		return sl_asprintf("its function %s returned nothing", SL_PLUGIN_SYMBOL);
	if (p->abi != SL_PLUGIN_ABI)
		return sl_asprintf("it was built for plugin ABI %d and this sluice speaks %d: "
				   "build it again against this version's plugin.h",
				   p->abi, SL_PLUGIN_ABI);
	if (p->size < sizeof *p)
		return sl_asprintf("its descriptor has %zu bytes and %zu are needed: build it "
				   "again against this version's plugin.h",
				   p->size, sizeof *p);
	if (!p->name || !sl_text_is_name(p->name))
		return sl_asprintf("its name is not one (letters, digits and ._+-, at most 64)");
	if (!p->summary || !p->licence)
		return sl_asprintf("it names no summary or no licence");
	if (!p->open || !p->close)
		return sl_asprintf("it lacks the operation '%s'", p->open ? "close" : "open");
	why = check_settings(p);
	return why ? why : check_roles(p);
}

char *plugin_probe_here(const char *path, const struct sl_plugin **plugin)
{
	/* Never dlclose: a library that left threads or handlers behind would crash us later. */
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	sl_plugin_entry entry;
	const struct sl_plugin *p;
	char *why;

	if (!so)
		return sl_asprintf("it cannot be loaded: %s", dlerror());
	*(void **)&entry = dlsym(so, SL_PLUGIN_SYMBOL);
	if (!entry)
		return sl_asprintf("it exports no %s: it is not a sluice plugin", SL_PLUGIN_SYMBOL);
	p = entry();
	why = check_plugin(p);
	if (!why)
		*plugin = p;
	return why;
}

/* --- the child --- */

static _Noreturn void child_run(const char *path, int out)
{
	const struct rlimit none = {0, 0};
	const struct sl_plugin *plugin;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char *why;

	setrlimit(RLIMIT_CORE, &none);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	why = plugin_probe_here(path, &plugin);
	if (!why)
		why = sl_strdup("+");
	_exit(write(out, why, strlen(why)) > 0 ? 0 : 1);
}

/* What the child says until it ends, dies or its time is up (false). */
static bool child_read(int in, struct sl_buf *said)
{
	int64_t until = sl_time_boottime() + PROBE_MS, left;
	char piece[256];

	while ((left = until - sl_time_boottime()) > 0) {
		struct pollfd p = {.fd = in, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(in, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		sl_buf_append(said, piece, (size_t)n);
	}
	return false;
}

static char *child_verdict(int status, bool in_time, const struct sl_buf *said)
{
	if (!in_time)
		return sl_asprintf("loading it took more than %d s", PROBE_MS / 1000);
	if (WIFSIGNALED(status))
		return sl_asprintf("loading it crashes: %s", strsignal(WTERMSIG(status)));
	if (!said->len)
		return sl_asprintf("it ended the program while being loaded");
	if (strcmp(sl_buf_str(said), "+") == 0)
		return NULL;
	return sl_text_clean_dup(said->data, said->len, false);
}

char *plugin_probe(const char *path)
{
	struct sl_buf said;
	int fds[2], status = 0;
	bool in_time;
	char *why;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return sl_asprintf("it cannot be tried: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		child_run(path, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return sl_asprintf("it cannot be tried: %s", strerror(errno));
	}
	sl_buf_init(&said, PROBE_SENTENCE);
	in_time = child_read(fds[0], &said);
	close(fds[0]);
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	why = child_verdict(status, in_time, &said);
	sl_buf_release(&said);
	return why;
}
