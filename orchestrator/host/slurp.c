/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/sdk/mem.h"

static int open_regular(const char *file, size_t max, size_t *size)
{
	struct stat st;
	/* Not to hang in opening a FIFO that somebody put there. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))) {
		errno = EINVAL;
	} else if ((unsigned long long)st.st_size > max) {
		errno = EFBIG;
	} else {
		*size = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

char *slurp(const char *file, size_t max, size_t *len)
{
	size_t size = 0;
	int fd = open_regular(file, max, &size);
	char *text;
	ssize_t n = 1;

	if (fd < 0)
		return NULL;
	text = sl_alloc(size + 1);
	*len = 0;
	while (*len < size && n != 0) {
		n = read(fd, text + *len, size - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			break;
	}
	close(fd);
	text[*len] = '\0';
	return text;
}
