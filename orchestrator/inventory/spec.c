/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spec digest: what an instance is besides its release. A canonical text, one "key=value" line
 * each with the value percent-encoded, names sorted, so that the order in a playbook does not count
 * and no value can look like two. Secrets take part as keyed hashes.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/private.h"
#include "orchestrator/inventory/secrets.h"
#include "orchestrator/release/artifact.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SPEC_MAX     ((size_t)8 * 1024 * 1024)
#define FILE_MAX_LEN ((size_t)1024 * 1024)

/* What was read in this call: the same reference and the same file are the same everywhere. */
struct known {
	char *name, *data;
	size_t len;
};

struct reading {
	struct resolved *r;
	const char *salt;
	struct known *secrets, *files;
	size_t secret_count, secret_cap, file_count, file_cap;
};

static struct known *known_find(struct known *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

static void reading_release(struct reading *rd)
{
	for (size_t i = 0; i < rd->secret_count; i++) {
		free(rd->secrets[i].name);
		secret_wipe(rd->secrets[i].data);
	}
	for (size_t i = 0; i < rd->file_count; i++) {
		free(rd->files[i].name);
		free(rd->files[i].data);
	}
	free(rd->secrets);
	free(rd->files);
}

/* --- env --- */

static const char *read_reference(struct reading *rd, const char *reference, struct sl_error *e)
{
	struct known *known = known_find(rd->secrets, rd->secret_count, reference);
	char *value;

	if (known)
		return known->data;
	value = inventory_secret(reference, rd->r->playbook->folder, e);
	if (!value)
		return NULL;
	SL_GROW(rd->secrets, rd->secret_count, rd->secret_cap);
	rd->secrets[rd->secret_count++] =
		(struct known){.name = sl_strdup(reference), .data = value};
	return value;
}

static void env_forget(struct rs_instance *i)
{
	for (size_t k = 0; i->env_clear && k < i->env_count; k++)
		secret_wipe(i->env_clear[k]);
	free(i->env_clear);
	i->env_clear = NULL;
}

static int env_read(struct reading *rd, struct rs_instance *i, struct sl_error *e)
{
	env_forget(i);
	i->env_clear = sl_alloc_n(i->env_count + 1, sizeof *i->env_clear);
	for (size_t k = 0; k < i->env_count; k++) {
		const char *value =
			i->env_secret[k] ? read_reference(rd, i->env[k].value, e) : i->env[k].value;

		if (!value) {
			sl_error_prefix(e, "env %s of %s", i->env[k].name, i->service->name);
			return e ? (int)e->code : SL_EINPUT;
		}
		if (strchr(value, '\n'))
			return sl_fail(e, SL_EINPUT,
				       "env %s of %s: the value has several lines; env takes one",
				       i->env[k].name, i->service->name);
		i->env_clear[k] = sl_strdup(value);
	}
	return SL_OK;
}

/* --- files --- */

static struct known *read_file(struct reading *rd, const char *path, struct sl_error *e)
{
	struct known *known = known_find(rd->files, rd->file_count, path);
	char *data;
	size_t len;

	if (known)
		return known;
	data = file_read(path, FILE_MAX_LEN, &len, e);
	if (!data)
		return NULL;
	SL_GROW(rd->files, rd->file_count, rd->file_cap);
	known = &rd->files[rd->file_count++];
	*known = (struct known){sl_strdup(path), data, len};
	return known;
}

static int file_substitute(struct reading *rd, const struct rs_instance *i, struct rs_file *f,
			   const struct known *known, struct sl_error *e)
{
	struct scope scope = scope_of_files((const struct resolution *)rd->r, i);

	if (strlen(known->data) != known->len)
		return sl_fail(e, SL_EINPUT,
			       "%s: substitute: true needs a text, this has NUL bytes",
			       f->content_path);
	f->content = render_text(&scope, known->data, e);
	if (!f->content) {
		sl_error_prefix(e, "%s", f->content_path);
		return SL_EINPUT;
	}
	f->content_len = strlen(f->content);
	return SL_OK;
}

static int file_fill(struct reading *rd, const struct rs_instance *i, struct rs_file *f,
		     struct sl_error *e)
{
	const struct known *known = read_file(rd, f->content_path, e);

	free(f->content);
	f->content = NULL;
	if (!known) {
		sl_error_prefix(e, "files of %s", i->service->name);
		return e ? (int)e->code : SL_EINPUT;
	}
	if (f->substitute)
		return file_substitute(rd, i, f, known, e);
	f->content = sl_alloc(known->len + 1);
	memcpy(f->content, known->data, known->len);
	f->content_len = known->len;
	return SL_OK;
}

/* --- the canonical text --- */

static void spec_line(struct sl_buf *b, const char *kind, const char *name, const char *value)
{
	char *n = sl_text_percent(name), *v = sl_text_percent(value ? value : "");

	sl_buf_printf(b, "%s %s=%s%s\n", kind, n, value ? "=" : "-", v);
	free(n);
	free(v);
}

static void spec_number(struct sl_buf *b, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	spec_line(b, "runtime", name, text);
}

static void spec_runtime(struct sl_buf *b, const struct rs_instance *i)
{
	const struct pb_runtime *rt = &i->service->runtime;

	spec_number(b, "kind", rt->kind);
	spec_line(b, "runtime", "link", i->link);
	spec_number(b, "port", i->port);
	spec_line(b, "runtime", "command", i->command);
	spec_line(b, "runtime", "start", i->start);
	spec_line(b, "runtime", "stop", i->stop);
	spec_line(b, "runtime", "status", i->status);
	spec_line(b, "runtime", "log", i->log);
	spec_line(b, "runtime", "stopSignal", rt->stop_signal);
	spec_number(b, "stopTimeout", rt->stop_timeout.ms);
}

/* The name is hashed along: one value under two names does not show as such. */
static void keyed_hash(const char *salt, const char *name, const char *value, char out[65])
{
	size_t nlen = strlen(name), vlen = strlen(value);
	unsigned char raw[EVP_MAX_MD_SIZE], *text = sl_alloc(nlen + vlen + 1);
	unsigned int len = 0;

	memcpy(text, name, nlen + 1);
	memcpy(text + nlen + 1, value, vlen);
	if (!HMAC(EVP_sha256(), salt, (int)strlen(salt), text, nlen + vlen + 1, raw, &len))
		abort(); /* only without memory, or without any crypto */
	explicit_bzero(text, nlen + vlen + 1);
	free(text);
	for (unsigned k = 0; k < 32; k++)
		snprintf(out + 2 * k, 3, "%02x", raw[k]);
}

struct row {
	const char *name;
	size_t at;
};

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : x->at < y->at ? -1 : x->at > y->at;
}

static void spec_env(struct sl_buf *b, const struct rs_instance *i, const char *salt)
{
	struct row *rows = sl_alloc_n(i->env_count + 1, sizeof *rows);
	char hash[65];

	for (size_t k = 0; k < i->env_count; k++)
		rows[k] = (struct row){i->env[k].name, k};
	qsort(rows, i->env_count, sizeof *rows, by_name);
	for (size_t k = 0; k < i->env_count; k++) {
		size_t at = rows[k].at;

		if (!i->env_secret[at]) {
			spec_line(b, "env", rows[k].name, i->env_clear[at]);
			continue;
		}
		keyed_hash(salt, rows[k].name, i->env_clear[at], hash);
		spec_line(b, "secret", rows[k].name, hash);
	}
	free(rows);
}

static int spec_files(struct sl_buf *b, struct reading *rd, struct rs_instance *i,
		      struct sl_error *e)
{
	struct row *rows = sl_alloc_n(i->file_count + 1, sizeof *rows);
	char sha[65], text[80];
	int rc = SL_OK;

	for (size_t k = 0; k < i->file_count; k++)
		rows[k] = (struct row){i->files[k].to, k};
	qsort(rows, i->file_count, sizeof *rows, by_name);
	for (size_t k = 0; !rc && k < i->file_count; k++) {
		struct rs_file *f = &i->files[rows[k].at];

		rc = file_fill(rd, i, f, e);
		if (rc)
			break;
		artifact_sha256(f->content, f->content_len, sha);
		snprintf(text, sizeof text, "%o:%s", f->mode, sha);
		spec_line(b, "file", f->to, text);
	}
	free(rows);
	return rc;
}

static int spec_make(struct reading *rd, struct rs_instance *i, struct sl_error *e)
{
	struct sl_buf text;
	int rc = env_read(rd, i, e);

	if (rc)
		return rc;
	sl_buf_init(&text, SPEC_MAX);
	sl_buf_puts(&text, "spec 1\n");
	spec_runtime(&text, i);
	spec_env(&text, i, rd->salt);
	rc = spec_files(&text, rd, i, e);
	if (!rc && text.truncated)
		rc = sl_fail(e, SL_EINPUT, "the runtime of %s is larger than %zu MiB",
			     i->service->name, SPEC_MAX >> 20);
	if (!rc)
		artifact_sha256(text.data, text.len, i->spec);
	sl_buf_release(&text);
	return rc;
}

int inventory_resolve_secrets(struct resolved *r, const char *salt, struct sl_error *e)
{
	struct reading rd = {.r = r, .salt = salt};
	struct sl_error own;
	int rc = SL_OK;

	for (size_t i = 0; !rc && i < r->instance_count; i++)
		rc = spec_make(&rd, &r->instances[i], e ? e : &own);
	reading_release(&rd);
	return rc;
}

void resolved_free(struct resolved *r)
{
	struct resolution *rs = (struct resolution *)r;

	if (!r)
		return;
	for (size_t i = 0; i < r->instance_count; i++) {
		env_forget(&r->instances[i]);
		for (size_t k = 0; k < r->instances[i].file_count; k++)
			free(r->instances[i].files[k].content);
	}
	pb_arena_release(&rs->arena);
	free(rs);
}
