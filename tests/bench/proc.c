/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/proc.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t proc_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* In nanoseconds where the kernel counts them (schedstat), else in clock ticks. */
static int64_t thread_ns(pid_t pid, const char *tid)
{
	char path[64], line[1024], *at;
	uint64_t ns, user, sys;
	FILE *in;
	int got = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, tid);
	in = fopen(path, "r");
	if (in) {
		got = fscanf(in, "%" SCNu64, &ns);
		fclose(in);
	}
	if (got == 1)
		return (int64_t)ns;
	snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid, tid);
	in = fopen(path, "r");
	if (!in)
		return 0;
	at = fgets(line, sizeof line, in) ? strrchr(line, ')') : NULL;
	fclose(in);
	if (!at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
			  &user, &sys) != 2)
		return 0;
	return (int64_t)((user + sys) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK)));
}

struct proc_cpu proc_cpu(pid_t pid)
{
	struct proc_cpu cpu = {0};
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		int64_t ns = entry->d_name[0] == '.' ? 0 : thread_ns(pid, entry->d_name);

		cpu.all_ns += ns;
		if (strtol(entry->d_name, NULL, 10) == pid)
			cpu.main_ns = ns;
	}
	if (dir)
		closedir(dir);
	return cpu;
}

long proc_peak_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *in;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof line, in))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (in)
		fclose(in);
	return kib;
}
