/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/openssh_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/transport_errors.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define MAX_LINE 4096

void ssh_words_init(struct ssh_words *w)
{
	*w = (struct ssh_words){0};
	sl_buf_init(&w->line, MAX_LINE);
	sl_buf_init(&w->tried, 600);
}

void ssh_words_release(struct ssh_words *w)
{
	sl_buf_release(&w->line);
	sl_buf_release(&w->tried);
}

/* --- what a line carries besides its meaning --- */

static void copy(char *dst, size_t size, const char *from, const char *end)
{
	snprintf(dst, size, "%.*s", (int)(end - from), from);
}

/* "debug1: Server host key: ssh-ed25519 SHA256:..." */
static void take_host_key(struct ssh_words *w, const char *rest)
{
	sscanf(rest, "%63s %63s", w->key_type, w->key_shown);
}

/* "Offending ED25519 key in FILE:LINE" */
static void take_offending(struct ssh_words *w, const char *rest)
{
	const char *in = strstr(rest, " in "), *colon = strrchr(rest, ':');

	if (!in || !colon || colon < in + 4)
		return;
	copy(w->file, sizeof w->file, in + 4, colon);
	w->file_line = (unsigned)strtoul(colon + 1, NULL, 10);
}

/* "PATH TYPE SHA256:... [explicit] [agent]": the path may hold blanks. */
static void take_offered(struct ssh_words *w, const char *rest)
{
	const char *hash = strstr(rest, " SHA256:"), *type;

	if (!hash || w->tried.len > 400)
		return;
	for (type = hash; type > rest && type[-1] != ' ';)
		type--;
	if (type == rest)
		return;
	if (w->tried.len)
		sl_buf_puts(&w->tried, ", ");
	sl_buf_printf(&w->tried, "%.*s %.*s", (int)(hash - type), type, (int)(type - 1 - rest),
		      rest);
}

/* "No ED25519 host key is known for HOST and you ..."; "Host key for HOST has changed and ..." */
static void take_named(struct ssh_words *w, const char *rest)
{
	const char *name = strstr(rest, " for "), *end;

	if (!name)
		return;
	name += 5;
	end = strchr(name, ' ');
	copy(w->host, sizeof w->host, name, end ? end : name + strlen(name));
}

/* "connect to host ADDRESS port N: Connection refused" */
static void take_connect(struct ssh_words *w, const char *rest)
{
	static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH,
				     ETIMEDOUT,    ECONNRESET,   EADDRNOTAVAIL};
	const char *why = strrchr(rest, ':');

	sscanf(rest, "%299s port %u", w->address, &w->port);
	w->err = EIO;
	for (size_t i = 0; why && i < SL_COUNT(errors); i++) {
		if (strstr(why, strerror(errors[i])))
			w->err = errors[i];
	}
}

/* "Could not resolve hostname X: why" */
static void take_resolve(struct ssh_words *w, const char *rest)
{
	const char *colon = strchr(rest, ':');

	copy(w->address, sizeof w->address, rest, colon ? colon : rest + strlen(rest));
}

/* "user@host: Permission denied (...)" */
static void take_user(struct ssh_words *w, const char *rest)
{
	const char *at;

	(void)rest;
	at = strchr(w->last, '@');
	if (at)
		copy(w->user, sizeof w->user, w->last, at);
}

static void take_open_failed(struct ssh_words *w, const char *rest)
{
	w->open_failures++;
	snprintf(w->open_reason, sizeof w->open_reason, "%.200s", rest);
}

static void take_forwarded(struct ssh_words *w, const char *rest)
{
	(void)rest;
	w->forwarded = true;
}

/* Rows in order: the first text found in a line is the line's meaning. */
static const struct {
	const char *text;
	enum ssh_word word;
	void (*take)(struct ssh_words *w, const char *rest);
} rows[] = {
	{"debug1: Server host key: ", WORD_NONE, take_host_key},
	{"debug1: Offering public key: ", WORD_NONE, take_offered},
	{"mux_client_request_stdio_fwd: master session id", WORD_NONE, take_forwarded},
	{": open failed: ", WORD_NONE, take_open_failed},
	{"debug", WORD_NONE, NULL},
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", WORD_KEY_CHANGED, NULL},
	{"REVOKED HOST KEY DETECTED", WORD_KEY_REVOKED, NULL},
	{"Offending ", WORD_NONE, take_offending},
	{"host key is known", WORD_KEY_UNKNOWN, take_named},
	{"Host key for ", WORD_NONE, take_named},
	{"Host key verification failed", WORD_KEY_UNKNOWN, NULL},
	{"Could not resolve hostname ", WORD_RESOLVE, take_resolve},
	{"connect to host ", WORD_CONNECT, take_connect},
	{"Permission denied (", WORD_AUTH, take_user},
	{"Too many authentication failures", WORD_AUTH, NULL},
	{"Unable to negotiate", WORD_NEGOTIATE, NULL},
	{"Bad configuration option", WORD_CONFIG, NULL},
	{"bad configuration options", WORD_CONFIG, NULL},
	{"timed out", WORD_TIMEOUT, NULL},
	{"onnection closed by", WORD_CLOSED, NULL},
	{"onnection reset by", WORD_CLOSED, NULL},
	{"Broken pipe", WORD_CLOSED, NULL},
};

static bool is_noise(const char *line)
{
	return sl_text_starts(line, "debug") || sl_text_starts(line, "Transferred: ") ||
	       sl_text_starts(line, "Bytes per second: ");
}

static void take_line(struct ssh_words *w, const char *line)
{
	if (*line && !is_noise(line))
		sl_text_clean(w->last, sizeof w->last, line, strlen(line), false);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const char *at = strstr(line, rows[i].text);

		if (!at)
			continue;
		if (rows[i].take)
			rows[i].take(w, at + (rows[i].word == WORD_KEY_UNKNOWN ||
							      rows[i].take == take_named
						      ? 0
						      : strlen(rows[i].text)));
		if (rows[i].word != WORD_NONE && w->word == WORD_NONE)
			w->word = rows[i].word;
		return;
	}
}

void ssh_words_feed(struct ssh_words *w, const char *bytes, size_t len)
{
	const char *end = bytes + len, *eol;

	for (; bytes < end; bytes = eol + 1) {
		eol = memchr(bytes, '\n', (size_t)(end - bytes));
		if (!eol) {
			sl_buf_append(&w->line, bytes, (size_t)(end - bytes));
			return;
		}
		sl_buf_append(&w->line, bytes, (size_t)(eol - bytes));
		while (w->line.len && w->line.data[w->line.len - 1] == '\r')
			w->line.data[--w->line.len] = '\0';
		take_line(w, sl_buf_str(&w->line));
		sl_buf_clear(&w->line);
		w->line.truncated = false;
	}
}

int ssh_words_error(const struct ssh_words *w, const char *name, const char *fingerprint,
		    struct sl_error *e)
{
	const char *host = *w->host ? w->host : name;
	const char *why = strrchr(w->last, ':');

	switch (w->word) {
	case WORD_RESOLVE:
		return host_error_resolve(e, name, w->address,
					  why && why[1] == ' ' ? why + 2 : "not found");
	case WORD_CONNECT:
		return host_error_connect(e, name, w->address, w->port, w->err);
	case WORD_TIMEOUT:
		return host_error_connect(e, name, host, 0, ETIMEDOUT);
	case WORD_KEY_UNKNOWN:
		return host_error_key_unknown(e, name, host, w->key_type, w->key_shown);
	case WORD_KEY_CHANGED:
		return host_error_key_changed(e, name, host, w->key_type, w->key_shown, fingerprint,
					      w->file, w->file_line);
	case WORD_KEY_REVOKED:
		return host_error_key_revoked(e, name, host, w->key_type, w->key_shown, w->file,
					      w->file_line);
	case WORD_AUTH:
		return host_error_auth(e, name, *w->user ? w->user : "the user",
				       sl_buf_str(&w->tried));
	case WORD_NEGOTIATE:
		return sl_fail(e, SL_EUNSUPPORTED, "%s: %s", name, w->last);
	case WORD_CONFIG:
		return sl_fail(e, SL_EINPUT, "%s: ssh: %s", name, w->last);
	case WORD_CLOSED:
		return host_error_lost(e, name, w->last);
	case WORD_NONE:
		break;
	}
	return sl_fail(e, SL_EPROTO, "%s: ssh ended without connecting: %s", name,
		       *w->last ? w->last : "it said nothing");
}
