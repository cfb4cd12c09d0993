/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/host_facts.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

/* From where on something is to be said. */
#define DISK_FULL      0.98
#define DISK_HIGH      0.90
#define MEMORY_HIGH    0.90
#define LOAD_PER_CPU   2.0
#define SKEW_HIGH_MS   2000
#define SLOW_MS        2000
#define BOOT_SLACK_MS  3000
#define NUMBER_MAX     1e15
#define DF_MAX         8192 /* bytes of a line of df: each space in it is tried */
#define INSTANCE_LINES 12

/* --- reading --- */

static double number_of(const char *text)
{
	char *end;
	double n = text && isdigit((unsigned char)*text) ? strtod(text, &end) : NAN;

	return n <= NUMBER_MAX ? n : NAN;
}

static double number_at(const struct remote_answer *a, const char *key)
{
	return number_of(remote_answer_get(a, key));
}

/* Splits a value in place into exactly count lines. */
static bool split_lines(char *text, char **lines, size_t count)
{
	size_t n = 0;

	while (text && n < count)
		lines[n++] = strsep(&text, "\n");
	return n == count && !text;
}

static bool is_size(double kb)
{
	return kb >= 0 && kb <= NUMBER_MAX;
}

/* "dev 1000 400 600 40% /mount": the device and the mount may have spaces in them. */
static bool read_df(char *line, struct host_disk *d)
{
	double total, used, left;
	int end = 0;

	if (strlen(line) > DF_MAX)
		return false;
	for (char *at = line; (at = strchr(at, ' ')); at++) {
		unsigned share;

		if (sscanf(at, " %lf %lf %lf %u%% %n", &total, &used, &left, &share, &end) == 4 &&
		    end && at[end] == '/' && is_size(total) && is_size(used) && is_size(left)) {
			d->mount = sl_strdup(at + end);
			d->total_kb = total;
			d->free_kb = left;
			d->used = used + left > 0 ? used / (used + left) : NAN;
			return true;
		}
	}
	return false;
}

static void disk_release(struct host_disk *d)
{
	free(d->folder);
	free(d->mount);
	*d = (struct host_disk){0};
}

static void read_disk(struct host_facts *f, char *value)
{
	struct host_disk d = {0};
	char *lines[2];

	if (f->disk_count == HOST_DISKS_MAX || !split_lines(value, lines, 2))
		return;
	d.folder = sl_strdup(lines[0]);
	if (!read_df(lines[1], &d)) {
		disk_release(&d);
		return;
	}
	f->disks = sl_realloc_n(f->disks, f->disk_count + 1, sizeof *f->disks);
	f->disks[f->disk_count++] = d;
}

static enum vw_state alive_state(const char *word)
{
	if (strcmp(word, "yes") == 0)
		return VW_OK;
	return strcmp(word, "no") == 0 ? VW_FAILED : VW_NO_CONTACT;
}

static void read_instance(struct host_facts *f, char *value)
{
	char *line[INSTANCE_LINES];
	struct host_running *r;
	double port, start;

	if (f->running_count == HOST_RUNNING_MAX || !split_lines(value, line, INSTANCE_LINES))
		return;
	f->running = sl_realloc_n(f->running, f->running_count + 1, sizeof *f->running);
	r = &f->running[f->running_count++];
	port = number_of(line[2]);
	start = number_of(line[7]);
	*r = (struct host_running){
		.dir = sl_strdup(line[0]),
		.link = sl_strdup(line[1]),
		.port = port >= 1 && port <= 65535 ? (unsigned)port : 0,
		.target = sl_strdup(line[3]),
		.state = alive_state(line[4]),
		.pid = sl_strdup(line[5]),
		.release = sl_strdup(line[6]),
		.since = f->booted && start < 1e12 ? f->booted + (int64_t)start * 10 : 0,
		.spec = sl_strdup(line[8]),
		.unit = sl_strdup(line[9]),
		.log = sl_strdup(line[10]),
		.message = sl_strdup(line[11]),
	};
}

static void read_claim(struct host_facts *f, char *value)
{
	char *lines[2];

	if (*f->claim || !split_lines(value, lines, 2) || !isdigit((unsigned char)*lines[1]))
		return;
	free(f->claim);
	f->claim = sl_strdup(lines[1]);
}

static void read_lists(struct host_facts *f, const struct remote_answer *a)
{
	for (size_t i = 0; i < a->count; i++) {
		char *value = sl_strdup(a->values[i]);

		if (strcmp(a->keys[i], "disk") == 0)
			read_disk(f, value);
		else if (strcmp(a->keys[i], "instance") == 0)
			read_instance(f, value);
		else if (strcmp(a->keys[i], "claim") == 0)
			read_claim(f, value);
		free(value);
	}
}

static void read_cpu(struct host_facts *f, const struct remote_answer *a,
		     const struct host_facts *before)
{
	const char *text = remote_answer_get(a, "cpu");
	const char *idle = text ? strchr(text, ' ') : NULL;
	double all;

	f->busy = number_of(text);
	f->idle = idle ? number_of(idle + 1) : NAN;
	all = before ? f->busy + f->idle - before->busy - before->idle : NAN;
	f->cpu = all > 0 && f->busy >= before->busy ? (f->busy - before->busy) / all : NAN;
	if (f->cpu > 1)
		f->cpu = 1;
}

/* It read its clock somewhere between the two. Busybox's says whole seconds only: what is missing
 * may be what lacks. */
static double skew_of(const char *text, double began, double ended)
{
	const char *point = text ? strchr(text, '.') : NULL;
	double first = number_of(text) * 1000;
	double last = point && isdigit((unsigned char)point[1]) ? first : first + 999;

	if (last < began)
		return first - began;
	return first > ended ? first - ended : first * 0;
}

void host_facts_read(struct host_facts *f, const struct remote_answer *a, int64_t began,
		     int64_t ended, const struct host_facts *before)
{
	const char *kernel = remote_answer_get(a, "kernel");
	double up = number_at(a, "uptime");
	double total = number_at(a, "memory_kb"), left = number_at(a, "available_kb");

	*f = (struct host_facts){.kernel = sl_strdup(kernel ? kernel : ""), .claim = sl_strdup("")};
	f->load = number_at(a, "load");
	f->cpus = number_at(a, "cpus");
	f->memory = total > 0 && left <= total ? 1 - left / total : NAN;
	f->skew_ms = skew_of(remote_answer_get(a, "now"), (double)began, (double)ended);
	f->booted = isfinite(up) && up < 1e10 ? ended - (int64_t)(up * 1000) : 0;
	if (before && llabs(f->booted - before->booted) < BOOT_SLACK_MS)
		f->booted = before->booted; /* it does not move because an answer took longer */
	read_cpu(f, a, before);
	read_lists(f, a);
}

void host_facts_release(struct host_facts *f)
{
	for (size_t i = 0; i < f->disk_count; i++)
		disk_release(&f->disks[i]);
	for (size_t i = 0; i < f->running_count; i++) {
		struct host_running *r = &f->running[i];
		char *all[] = {r->dir,  r->link, r->target, r->pid,    r->release,
			       r->spec, r->unit, r->log,    r->message};

		for (size_t k = 0; k < SL_COUNT(all); k++)
			free(all[k]);
	}
	free(f->disks);
	free(f->running);
	free(f->kernel);
	free(f->claim);
	*f = (struct host_facts){0};
}

/* --- judging --- */

static const struct host_disk *fullest(const struct host_facts *f)
{
	const struct host_disk *worst = NULL;

	for (size_t i = 0; i < f->disk_count; i++)
		if (isfinite(f->disks[i].used) && (!worst || f->disks[i].used > worst->used))
			worst = &f->disks[i];
	return worst;
}

double host_facts_disk(const struct host_facts *f)
{
	const struct host_disk *worst = fullest(f);

	return worst ? worst->used : NAN;
}

static const struct host_running *first_of(const struct host_facts *f, enum vw_state state)
{
	for (size_t i = 0; i < f->running_count; i++)
		if (f->running[i].state == state)
			return &f->running[i];
	return NULL;
}

static size_t count_of(const struct host_facts *f, enum vw_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < f->running_count; i++)
		n += f->running[i].state == state;
	return n;
}

static void say_running(const struct host_facts *f, enum vw_state state, char *note, size_t size)
{
	const struct host_running *r = first_of(f, state);
	size_t count = count_of(f, state);
	char more[40] = "";

	if (count > 1)
		snprintf(more, sizeof more, " (and %zu more)", count - 1);
	snprintf(note, size, "%s %s%s%s%s", r->dir, state == VW_FAILED ? "does not run" : "?",
		 *r->message ? ": " : "", r->message, more);
	if (r->port)
		snprintf(note, size, "%s:%u %s%s%s%s", r->dir, r->port,
			 state == VW_FAILED ? "does not run" : "cannot be told",
			 *r->message ? ": " : "", r->message, more);
}

static void say_skew(const struct host_facts *f, char *note, size_t size)
{
	char span[40];

	sl_duration_human(span, sizeof span, (int64_t)fabs(f->skew_ms));
	snprintf(note, size, "its clock is %s %s", span, f->skew_ms > 0 ? "ahead" : "behind");
}

static void say_disk(const struct host_disk *d, char *note, size_t size)
{
	char left[40];

	sl_bytes_human(left, sizeof left, (uint64_t)d->free_kb * 1024);
	snprintf(note, size, "disk %s %s: %.0f%%, %s left", d->mount,
		 d->used >= DISK_FULL ? "full" : "filling", d->used * 100, left);
}

enum vw_state host_facts_judge(const struct host_facts *f, int64_t took_ms, char *note, size_t size)
{
	const struct host_disk *disk = fullest(f);
	char span[40];

	*note = '\0';
	if (first_of(f, VW_FAILED)) {
		say_running(f, VW_FAILED, note, size);
		return VW_FAILED;
	}
	if (disk && disk->used >= DISK_FULL) {
		say_disk(disk, note, size);
		return VW_FAILED;
	}
	if (first_of(f, VW_NO_CONTACT))
		say_running(f, VW_NO_CONTACT, note, size);
	else if (disk && disk->used >= DISK_HIGH)
		say_disk(disk, note, size);
	else if (f->memory >= MEMORY_HIGH)
		snprintf(note, size, "memory %.0f%%", f->memory * 100);
	else if (f->load > LOAD_PER_CPU * f->cpus)
		snprintf(note, size, "load %.1f on %.0f CPU%s", f->load, f->cpus,
			 f->cpus == 1 ? "" : "s");
	else if (fabs(f->skew_ms) > SKEW_HIGH_MS)
		say_skew(f, note, size);
	else if (took_ms > SLOW_MS)
		snprintf(note, size, "slow: it took %s to answer",
			 sl_duration_human(span, sizeof span, took_ms));
	if (*note)
		return VW_DEGRADED;
	if (*f->claim)
		snprintf(note, size, "run %s is at work here", f->claim);
	return *f->claim ? VW_WORKING : VW_OK;
}
