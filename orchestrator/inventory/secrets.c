/* SPDX-License-Identifier: Apache-2.0 */
/* References become values. No message here ever holds a value, and what held one is wiped. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/inventory/secrets.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

void secret_wipe(char *value)
{
	if (!value)
		return;
	explicit_bzero(value, strlen(value));
	free(value);
}

/* The value as a person meant it: without the newline that editors and commands end a line with.
 */
static char *secret_from_bytes(char *data, size_t len, const char *reference, struct sl_error *e)
{
	char *value = NULL;

	while (len && (data[len - 1] == '\n' || data[len - 1] == '\r'))
		len--;
	if (memchr(data, '\0', len))
		sl_fail(e, SL_EINPUT, "%s: the value has a NUL byte in it", reference);
	else if (!len)
		sl_fail(e, SL_EINPUT, "%s: the value is empty", reference);
	else
		value = sl_strndup(data, len);
	return value;
}

static char *secret_from_env(const char *name, const char *reference, struct sl_error *e)
{
	const char *value = getenv(name);

	if (!value) {
		sl_fail(e, SL_EINPUT, "%s: the environment variable is not set", reference);
		return NULL;
	}
	return sl_strdup(value);
}

/* At most max bytes; -1 and *e otherwise. */
static ssize_t read_some(const char *path, char *data, size_t max, struct sl_error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), err;
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0) {
		err = errno;
		return sl_fail(e, SL_EINPUT, "%s: %s", path, strerror(err)), -1;
	}
	while (len < max && (n = read(fd, data + len, max - len))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		len += (size_t)n;
	}
	err = errno;
	close(fd);
	if (n < 0)
		return sl_fail(e, SL_EINPUT, "%s: %s", path, strerror(err)), -1;
	if (len == max)
		return sl_fail(e, SL_EINPUT, "%s: larger than %zu KiB", path, max / 1024), -1;
	return (ssize_t)len;
}

char *file_read(const char *path, size_t max, size_t *len, struct sl_error *e)
{
	char *data = sl_alloc(max + 1);
	ssize_t n = read_some(path, data, max + 1, e);

	if (n < 0) {
		explicit_bzero(data, max + 1);
		free(data);
		return NULL;
	}
	data[n] = '\0';
	*len = (size_t)n;
	return data;
}

static char *secret_from_file(const char *name, const char *folder, const char *reference,
			      struct sl_error *e)
{
	const char *home = getenv("HOME");
	char *path, *data, *value = NULL;
	size_t len;

	if (sl_text_starts(name, "~/") && home)
		path = sl_asprintf("%s/%s", home, name + 2);
	else
		path = *name == '/' ? sl_strdup(name) : sl_asprintf("%s/%s", folder, name);
	data = file_read(path, SECRET_MAX, &len, e);
	if (data) {
		value = secret_from_bytes(data, len, reference, e);
		explicit_bzero(data, len);
	}
	free(data);
	free(path);
	return value;
}

static char *secret_from_command(const char *command, const char *folder, const char *reference,
				 struct sl_error *e)
{
	char *data = sl_alloc(SECRET_MAX + 1), *value = NULL;
	size_t len = 0;

	if (secret_command(command, folder, data, SECRET_MAX + 1, &len, e))
		sl_error_prefix(e, "%s", reference);
	else
		value = secret_from_bytes(data, len, reference, e);
	explicit_bzero(data, SECRET_MAX + 1);
	free(data);
	return value;
}

bool secret_is_reference(const char *text)
{
	return sl_text_starts(text, "env:") || sl_text_starts(text, "file:") ||
	       sl_text_starts(text, "command:");
}

char *inventory_secret(const char *reference, const char *folder, struct sl_error *e)
{
	const char *rest = strchr(reference, ':');

	/* What is no reference may be the secret itself: it is not shown. */
	if (!secret_is_reference(reference) || !rest[1]) {
		sl_fail(e, SL_EINPUT,
			"a secret is given as a reference: env:NAME, file:PATH or command:TEXT");
		return NULL;
	}
	rest++;
	if (sl_text_starts(reference, "env:"))
		return secret_from_env(rest, reference, e);
	if (sl_text_starts(reference, "file:"))
		return secret_from_file(rest, folder, reference, e);
	return secret_from_command(rest, folder, reference, e);
}

char *inventory_env_lines(const struct rs_instance *i)
{
	size_t size = 1;
	char *lines, *at;

	for (size_t k = 0; k < i->env_count; k++) {
		const char *value = i->env_clear ? i->env_clear[k] : NULL;

		if (!value)
			return NULL;
		size += strlen(i->env[k].name) + strlen(value) + 2;
	}
	/* One piece of the right size: growing would leave copies behind. */
	at = lines = sl_alloc(size);
	for (size_t k = 0; k < i->env_count; k++)
		at += sprintf(at, "%s=%s\n", i->env[k].name, i->env_clear[k]);
	return lines;
}
