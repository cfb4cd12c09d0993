/* SPDX-License-Identifier: Apache-2.0 */
/* sleepers N: N processes that sleep, for btop and htop to show. Says "asleep" when all are there;
 * they end with it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	pid_t parent = getpid();

	if (n < 1 || n > 20000) {
		fputs("usage: sleepers N\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("sleepers: fork");
			return 1;
		}
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, "sleeper");
			while (getppid() == parent)
				pause();
			_exit(0);
		}
	}
	puts("asleep");
	fflush(stdout);
	for (;;)
		pause();
}
