/* SPDX-License-Identifier: Apache-2.0 */
/* Who controls a run: a process is known by boot id, pid and start time, since pids come again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/state/store.h"

static ssize_t read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static void read_boot(char boot[40])
{
	if (read_small("/proc/sys/kernel/random/boot_id", boot, 40) < 0)
		boot[0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

/* Field 22 of /proc/PID/stat, counted behind the last ')': a name may hold anything. -1 = no such
 * process, or one that is only waiting to be reaped. */
static int64_t start_time(int64_t pid)
{
	char path[64], buf[1024], *p, state;
	int64_t start = -1;
	int field;

	snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
	if (read_small(path, buf, sizeof buf) <= 0)
		return -1;
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ')
		return -1;
	state = p[2];
	if (state == 'Z' || state == 'X')
		return -1;
	for (p += 2, field = 3; p && field < 22; field++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (p)
		start = strtoll(p, NULL, 10);
	return start;
}

void store_controller_self(struct store_controller *c)
{
	memset(c, 0, sizeof *c);
	read_boot(c->boot);
	c->pid = getpid();
	c->start = start_time(c->pid);
}

bool store_controller_alive(const struct store_controller *c)
{
	char boot[40];

	if (c->pid <= 0)
		return false;
	read_boot(boot);
	return !strcmp(boot, c->boot) && start_time(c->pid) == c->start;
}
