/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/known_hosts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/host/slurp.h"
#include "plugins/sdk/mem.h"

#define MAX_FILE (16 * 1024 * 1024)

/* --- small parts --- */

unsigned char *known_base64(const char *text, size_t len, size_t *out_len)
{
	unsigned char *out;
	int n;

	if (len == 0 || len % 4 || len > MAX_FILE)
		return NULL;
	out = sl_alloc(len / 4 * 3 + 1);
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	if (n < 0) {
		free(out);
		return NULL;
	}
	/* The decoder counts the padding as bytes. */
	n -= (text[len - 1] == '=') + (text[len - 2] == '=');
	*out_len = (size_t)n;
	return out;
}

void known_fingerprint(char fingerprint[KNOWN_FINGERPRINT], const void *blob, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE], text[64];
	unsigned digest_len = 0;

	EVP_Digest(blob, len, digest, &digest_len, EVP_sha256(), NULL);
	EVP_EncodeBlock(text, digest, (int)digest_len);

	snprintf(fingerprint, KNOWN_FINGERPRINT, "SHA256:%.43s", (char *)text);
}

bool known_pattern(const char *pattern, size_t len, const char *name)
{
	const char *end = pattern + len, *star = NULL, *retry = NULL;

	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (pattern < end &&
			   (*pattern == '?' ||
			    tolower((unsigned char)*pattern) == tolower((unsigned char)*name))) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

/* "|1|salt|hash": HMAC-SHA1 of the name. */
static bool hashed_matches(const char *field, size_t len, const char *name)
{
	const char *bar = len > 3 ? memchr(field + 3, '|', len - 3) : NULL;
	unsigned char *salt, *want = NULL, got[EVP_MAX_MD_SIZE];
	size_t salt_len, want_len = 0;
	unsigned got_len = 0;
	bool same;

	if (!bar)
		return false;
	salt = known_base64(field + 3, (size_t)(bar - field - 3), &salt_len);
	want = known_base64(bar + 1, len - (size_t)(bar + 1 - field), &want_len);
	same = salt && want &&
	       HMAC(EVP_sha1(), salt, (int)salt_len, (const unsigned char *)name, strlen(name), got,
		    &got_len) &&
	       got_len == want_len && memcmp(got, want, want_len) == 0;
	free(salt);
	free(want);
	return same;
}

/* A list of patterns: a negated one that matches decides against it. */
static bool names_match(const char *field, size_t len, const char *name)
{
	bool found = false;
	const char *end = field + len, *comma;

	if (len > 3 && strncmp(field, "|1|", 3) == 0)
		return hashed_matches(field, len, name);
	for (; field < end; field = comma + 1) {
		bool negated = *field == '!';

		comma = memchr(field, ',', (size_t)(end - field));
		if (!comma)
			comma = end;
		field += negated;
		if (field > comma || !known_pattern(field, (size_t)(comma - field), name))
			continue;
		if (negated)
			return false;
		found = true;
	}
	return found;
}

/* --- lines --- */

struct field {
	const char *text;
	size_t len;
};

static struct field next_field(const char **p, const char *end)
{
	struct field f;

	while (*p < end && (**p == ' ' || **p == '\t'))
		++*p;
	f.text = *p;
	while (*p < end && **p != ' ' && **p != '\t' && **p != '\r')
		++*p;
	f.len = (size_t)(*p - f.text);
	return f;
}

static bool field_is(const struct field *f, const char *word)
{
	return f->len == strlen(word) && memcmp(f->text, word, f->len) == 0;
}

struct line {
	struct field names, type, key;
	bool revoked, authority;
};

static bool parse_line(const char *p, const char *end, struct line *l)
{
	*l = (struct line){0};
	l->names = next_field(&p, end);
	if (l->names.len && *l->names.text == '@') {
		l->revoked = field_is(&l->names, "@revoked");
		l->authority = field_is(&l->names, "@cert-authority");
		if (!l->revoked && !l->authority)
			return false;
		l->names = next_field(&p, end);
	}
	if (!l->names.len || *l->names.text == '#')
		return false;
	l->type = next_field(&p, end);
	l->key = next_field(&p, end);
	return l->key.len > 0;
}

/* The blob repeats its type: a line whose two types differ is none. */
static bool blob_is_of_type(const unsigned char *blob, size_t len, const struct field *type)
{
	size_t n;

	if (len < 4)
		return false;
	n = (size_t)blob[0] << 24 | (size_t)blob[1] << 16 | (size_t)blob[2] << 8 | blob[3];
	return n == type->len && n <= len - 4 && memcmp(blob + 4, type->text, n) == 0;
}

static void add_entry(struct known_hosts *k, const char *file, unsigned number,
		      const struct line *l, bool by_port)
{
	struct known_entry *n;
	unsigned char *blob;
	size_t len;

	blob = known_base64(l->key.text, l->key.len, &len);
	if (!blob)
		return;
	if (!blob_is_of_type(blob, len, &l->type)) {
		free(blob);
		return;
	}
	SL_GROW(k->entries, k->count, k->cap);
	n = &k->entries[k->count++];
	*n = (struct known_entry){
		.file = sl_strdup(file),
		.line = number,
		.type = sl_strndup(l->type.text, l->type.len),
		.blob = blob,
		.blob_len = len,
		.revoked = l->revoked,
		.by_port = by_port,
	};
}

void known_hosts_parse(struct known_hosts *k, const char *file, const char *text, size_t len)
{
	const char *end = text + len, *eol;
	unsigned number = 0;
	struct line l;

	for (; text < end; text = eol + 1) {
		bool by_port;

		eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol)
			eol = end;
		number++;
		if (!parse_line(text, eol, &l))
			continue;
		by_port = names_match(l.names.text, l.names.len, k->host);
		if (!by_port && !names_match(l.names.text, l.names.len, k->bare))
			continue;
		if (l.authority)
			k->authority = true;
		else
			add_entry(k, file, number, &l, by_port);
	}
}

/* --- one host --- */

void known_hosts_init(struct known_hosts *k, const char *host, unsigned port)
{
	*k = (struct known_hosts){0};
	k->bare = sl_strdup(host);
	for (char *p = k->bare; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	k->host = port && port != 22 ? sl_asprintf("[%s]:%u", k->bare, port) : sl_strdup(k->bare);
}

void known_hosts_release(struct known_hosts *k)
{
	for (size_t i = 0; i < k->count; i++) {
		free(k->entries[i].file);
		free(k->entries[i].type);
		free(k->entries[i].blob);
	}
	free(k->entries);
	free(k->host);
	free(k->bare);
	*k = (struct known_hosts){0};
}

void known_hosts_load(struct known_hosts *k, const char *file)
{
	size_t len;
	char *text = slurp(file, MAX_FILE, &len);

	if (text)
		known_hosts_parse(k, file, text, len);
	free(text);
}

/* As ssh: a key of the same type under the host's own name (with port) that differs is a change.
 * An entry under the bare name may only vouch for a host at another port of which no key of the
 * type is known; it never accuses it, nor does it overrule what is known. */
enum known_verdict known_hosts_check(const struct known_hosts *k, const char *type,
				     const void *blob, size_t len, const struct known_entry **which)
{
	const struct known_entry *same = NULL, *other = NULL, *voucher = NULL;

	*which = NULL;
	for (size_t i = 0; i < k->count; i++) {
		const struct known_entry *n = &k->entries[i];

		if (n->blob_len == len && memcmp(n->blob, blob, len) == 0) {
			if (n->revoked) {
				*which = n;
				return KNOWN_REVOKED;
			}
			if (n->by_port)
				same = same ? same : n;
			else
				voucher = voucher ? voucher : n;
		} else if (!n->revoked && n->by_port && strcmp(n->type, type) == 0) {
			other = other ? other : n;
		}
	}
	*which = same ? same : other ? other : voucher;
	return same ? KNOWN_OK : other ? KNOWN_CHANGED : voucher ? KNOWN_OK : KNOWN_UNKNOWN;
}

static void make_folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *folder;

	if (!slash || slash == file)
		return;
	folder = sl_strndup(file, (size_t)(slash - file));
	mkdir(folder, 0700);
	free(folder);
}

/* Another's last line may lack its end: ours would become a part of its comment. */
static bool ends_in_a_line(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size <= 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

int known_hosts_add(const struct known_hosts *k, const char *file, const char *type,
		    const void *blob, size_t len, struct sl_error *e)
{
	unsigned char *text = sl_alloc(len / 3 * 4 + 8);
	char *line;
	size_t line_len;
	bool written;
	int fd, err;

	EVP_EncodeBlock(text, blob, (int)len);
	make_folder_of(file);
	fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	err = fd < 0 ? errno : 0;
	line = sl_asprintf("%s%s %s %s\n", fd < 0 || ends_in_a_line(fd) ? "" : "\n", k->host, type,
			   (char *)text);
	line_len = strlen(line);
	written = fd >= 0 && write(fd, line, line_len) == (ssize_t)line_len;
	if (!written && fd >= 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	free(line);
	free(text);
	if (!written)
		return sl_fail(e, SL_EIO, "cannot write %s: %s", file, strerror(err));
	return SL_OK;
}

bool known_hosts_line(const char *file, unsigned line, char fingerprint[KNOWN_FINGERPRINT])
{
	size_t len, blob_len;
	char *text = slurp(file, MAX_FILE, &len), *p = text, *eol;
	unsigned char *blob = NULL;
	struct line l;

	for (unsigned n = 1; p && n < line; n++) {
		p = memchr(p, '\n', (size_t)(text + len - p));
		p = p ? p + 1 : NULL;
	}
	if (p) {
		eol = memchr(p, '\n', (size_t)(text + len - p));
		if (parse_line(p, eol ? eol : text + len, &l))
			blob = known_base64(l.key.text, l.key.len, &blob_len);
	}
	if (blob)
		known_fingerprint(fingerprint, blob, blob_len);
	free(blob);
	free(text);
	return blob != NULL;
}
