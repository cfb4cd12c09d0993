/* SPDX-License-Identifier: Apache-2.0 */
/* What a process costs, from /proc. */
#ifndef SLUICE_BENCH_PROC_H
#define SLUICE_BENCH_PROC_H

#include <stdint.h>
#include <sys/types.h>

struct proc_cpu {
	int64_t main_ns, all_ns; /* the first thread's time on a core; all threads' */
};

int64_t proc_now_ns(void); /* CLOCK_MONOTONIC */
struct proc_cpu proc_cpu(pid_t pid);
long proc_peak_kib(pid_t pid); /* the most memory that it ever held */

#endif
