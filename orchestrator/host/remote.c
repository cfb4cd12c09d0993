/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts on hosts: text out, answers in. A script's text is one brace group (a text that was cut
 * on its way does nothing) of quoted assignments, the shared library and the script itself. The
 * scripts that run a part of themselves detached get their text as a value, so that they can write
 * it down.
 */
#include "orchestrator/host/remote.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "host_scripts.inc"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

enum {
	ARGS_MAX = 24,
	NONCE_BYTES = 12,
	NONCE_SIZE = 2 * NONCE_BYTES + 3,
	TEXT_MAX = 64 << 20,
	OUT_MAX = 4 << 20,
	ANSWERS_MAX = 65536,
	TAIL_LINES = 3
};

struct script_def {
	const char *name;
	const char *text;
	bool detaches; /* needs its own text */
	const char *args[ARGS_MAX];
};

/* Every script knows these: a script that does not use one ignores it. */
static const char *const common_args[] = {"sluice", "dir",  "run",  "epoch",
					  "step",   "link", "port", "host"};

static const struct script_def scripts[REMOTE_SCRIPT_COUNT] = {
	[REMOTE_LOOK] = {"look", script_look, false, {"links", "ports_host", "need_kb", "agent"}},
	[REMOTE_CLAIM] = {"claim",
			  script_claim,
			  false,
			  {"number", "expect_epoch", "expect_run", "who", "from", "what", "since"}},
	[REMOTE_RENEW] = {"renew", script_renew, false, {"parked"}},
	[REMOTE_UNCLAIM] = {"unclaim", script_unclaim, false, {NULL}},
	[REMOTE_STAGE_BEGIN] = {"stage_begin",
				script_stage_begin,
				false,
				{"release", "digest", "need_kb"}},
	[REMOTE_STAGE_FINISH] = {"stage_finish",
				 script_stage_finish,
				 false,
				 {"release", "digest", "kind", "name", "shared", "files"}},
	[REMOTE_UNSTAGE] = {"unstage", script_unstage, false, {"release"}},
	[REMOTE_SWAP] = {"swap",
			 script_swap,
			 true,
			 {"release", "spec", "runtime", "command", "start", "stop", "status", "env",
			  "stop_signal", "stop_timeout", "log", "liveness", "prior_release",
			  "prior_spec"}},
	[REMOTE_INSTANCE] = {"instance", script_instance, false, {NULL}},
	[REMOTE_COMMAND] = {"command",
			    script_command,
			    true,
			    {"cwd", "command", "env", "timeout", "again"}},
	[REMOTE_COMMAND_PROBE] = {"command_probe", script_command_probe, false, {NULL}},
	[REMOTE_TAIL] = {"tail", script_tail, false, {"lines"}},
	[REMOTE_PRUNE] = {"prune", script_prune, false, {"keep", "spare"}},
	[REMOTE_HOST] = {"host", script_host, false, {"dirs"}},
};

const char *remote_script_name(enum remote_script script)
{
	return (unsigned)script < REMOTE_SCRIPT_COUNT ? scripts[script].name : "?";
}

/* --- text out --- */

static const char *arg_value(const struct remote_arg *args, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(args[i].name, name) == 0)
			return args[i].value ? args[i].value : "";
	return "";
}

static void put_assignment(struct sl_buf *b, const char *name, const char *value)
{
	char *quoted = sl_text_quote_sh(value);

	sl_buf_printf(b, "a_%s=", name);
	sl_buf_puts(b, quoted);
	sl_buf_puts(b, "\n");
	free(quoted);
}

/* All arguments are set, given or not: an inherited variable cannot stand in for a missing one. */
static void put_args(struct sl_buf *b, const struct script_def *def, const struct remote_arg *args,
		     size_t count)
{
	for (size_t i = 0; i < SL_COUNT(common_args); i++)
		put_assignment(b, common_args[i], arg_value(args, count, common_args[i]));
	for (size_t i = 0; i < ARGS_MAX && def->args[i]; i++)
		put_assignment(b, def->args[i], arg_value(args, count, def->args[i]));
}

static void put_self(struct sl_buf *b, const struct script_def *def)
{
	char *whole = sl_asprintf("%s%s", script_lib, def->text);
	char *quoted = sl_text_quote_sh(whole);

	sl_buf_puts(b, "sl_self=");
	sl_buf_puts(b, quoted);
	sl_buf_puts(b, "\neval \"$sl_self\"\n");
	free(quoted);
	free(whole);
}

char *remote_script_text(enum remote_script script, const struct remote_arg *args, size_t count,
			 const char *nonce)
{
	assert((unsigned)script < REMOTE_SCRIPT_COUNT);
	const struct script_def *def = &scripts[script];
	struct sl_buf b;

	sl_buf_init(&b, TEXT_MAX);
	sl_buf_printf(&b, "{\nsl_nonce='%s'\n", nonce);
	put_args(&b, def, args, count);
	if (def->detaches) {
		put_self(&b, def);
	} else {
		sl_buf_puts(&b, script_lib);
		sl_buf_puts(&b, def->text);
	}
	sl_buf_puts(&b, "exit\n}\n");
	if (b.truncated) {
		/* Half a text is a syntax error on the host; say so in an orderly way. */
		sl_buf_clear(&b);
		sl_buf_printf(&b, "echo '%s error=input'\necho '%s end=1'\n", nonce, nonce);
	}
	return sl_buf_take(&b);
}

static bool arg_is_known(const struct script_def *def, const char *name)
{
	for (size_t i = 0; i < SL_COUNT(common_args); i++)
		if (strcmp(common_args[i], name) == 0)
			return true;
	for (size_t i = 0; i < ARGS_MAX && def->args[i]; i++)
		if (strcmp(def->args[i], name) == 0)
			return true;
	return false;
}

/* --- answers in --- */

static const struct {
	const char *word;
	enum sl_err code;
} words[] = {
	{"fenced", SL_EFENCED},     {"held", SL_EHELD},      {"space", SL_ENOSPACE},
	{"conflict", SL_ECONFLICT}, {"input", SL_EINPUT},    {"unsupported", SL_EUNSUPPORTED},
	{"missing", SL_ENOTFOUND},  {"failed", SL_ECOMMAND},
};

const char *remote_answer_get(const struct remote_answer *a, const char *key)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->keys[i], key) == 0)
			return a->values[i];
	return NULL;
}

struct pairs {
	char **keys, **values;
	size_t count, key_cap, value_cap;
	bool malformed;
};

static void pairs_release(struct pairs *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->keys[i]);
		free(p->values[i]);
	}
	free(p->keys);
	free(p->values);
}

/* `key=value` without its nonce. */
static void pairs_add(struct pairs *p, const char *line, size_t len)
{
	const char *eq = memchr(line, '=', len);
	char *encoded, *value;

	if (!eq || p->count == ANSWERS_MAX) {
		p->malformed = true;
		return;
	}
	encoded = sl_strndup(eq + 1, len - (size_t)(eq + 1 - line));
	value = sl_text_unpercent(encoded);
	free(encoded);
	if (!value) {
		p->malformed = true;
		return;
	}
	/* Two arrays of one length: each grows by its own capacity. */
	SL_GROW(p->keys, p->count, p->key_cap);
	SL_GROW(p->values, p->count, p->value_cap);
	p->keys[p->count] = sl_text_clean_dup(line, (size_t)(eq - line), false);
	p->values[p->count] = sl_text_clean_dup(value, strlen(value), true);
	p->count++;
	free(value);
}

/* Lines that carry our nonce; everything else is what an rc file printed. */
static void pairs_parse(struct pairs *p, const char *nonce, const char *out, size_t len)
{
	size_t nonce_len = strlen(nonce);

	for (const char *end = out + len; out < end;) {
		const char *nl = memchr(out, '\n', (size_t)(end - out));
		size_t n = nl ? (size_t)(nl - out) : 0;

		if (!nl)
			break; /* a line that was cut says nothing */
		if (n > nonce_len && memcmp(out, nonce, nonce_len) == 0 && out[nonce_len] == ' ') {
			size_t text = n - nonce_len - 1;

			if (text > 0 && out[n - 1] == '\r')
				text--;
			pairs_add(p, out + nonce_len + 1, text);
		}
		out = nl + 1;
	}
}

/* The last few lines of what a shell complained about. */
static const char *last_lines(const char *text, size_t len)
{
	const char *from = text + len;

	for (int lines = 0; from > text; from--)
		if (from[-1] == '\n' && from < text + len && ++lines == TAIL_LINES)
			break;
	return from;
}

static void judge_silence(struct remote_answer *a, const char *host, const char *what,
			  const struct transport_result *r)
{
	const char *said = r->err_len > 0 ? last_lines(r->err, r->err_len) : "(it said nothing)";

	if (r->rc > 128)
		sl_fail(&a->error, SL_EPROTO, "%s: %s was killed by signal %d before it answered",
			host, what, r->rc - 128);
	else if (r->out_len == 0 && a->count == 0)
		sl_fail(&a->error, SL_ENOSHELL,
			"%s: the host runs no shell for us (%s, exit %d): %s", host, what, r->rc,
			said);
	else
		sl_fail(&a->error, SL_EPROTO, "%s: %s ended in the middle (exit %d): %s", host,
			what, r->rc, said);
}

static void judge(struct remote_answer *a, const char *host, const char *what, bool malformed,
		  const struct transport_result *r)
{
	const char *word = remote_answer_get(a, "error");
	const char *message = remote_answer_get(a, "message");

	if (r->error.code != SL_OK) {
		a->error = r->error;
	} else if (!remote_answer_get(a, "end")) {
		judge_silence(a, host, what, r);
	} else if (word) {
		enum sl_err code = SL_EPROTO;

		for (size_t i = 0; i < SL_COUNT(words); i++)
			if (strcmp(words[i].word, word) == 0)
				code = words[i].code;
		sl_fail(&a->error, code, "%s: %s", host, message ? message : word);
	} else if (malformed) {
		sl_fail(&a->error, SL_EPROTO, "%s: %s answered something that cannot be read", host,
			what);
	}
}

/* --- the call --- */

struct remote_call {
	struct transport *transport;
	enum remote_script script;
	char nonce[NONCE_SIZE];
	remote_done done;
	void *arg;
	char *unknown; /* an argument that the script does not have: a bug of the caller */
};

static void on_done(void *arg, const struct transport_result *result)
{
	struct remote_call *c = arg;
	const char *host = transport_name(c->transport);
	const char *what = remote_script_name(c->script);
	struct pairs p = {0};
	struct remote_answer a = {0};

	pairs_parse(&p, c->nonce, result->out ? result->out : "", result->out_len);
	a.keys = (const char *const *)p.keys;
	a.values = (const char *const *)p.values;
	a.count = p.count;
	judge(&a, host, what, p.malformed, result);
	if (c->unknown)
		sl_fail(&a.error, SL_EINTERNAL, "%s: the script %s has no argument '%s'", host,
			what, c->unknown);
	c->done(c->arg, &a);
	pairs_release(&p);
	free(c->unknown);
	free(c);
}

static void make_nonce(char nonce[NONCE_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[NONCE_BYTES];

	if (uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL) != 0)
		abort();
	nonce[0] = 's';
	nonce[1] = 'l';
	for (size_t i = 0; i < NONCE_BYTES; i++) {
		nonce[2 + 2 * i] = hex[bytes[i] >> 4];
		nonce[3 + 2 * i] = hex[bytes[i] & 15];
	}
	nonce[NONCE_SIZE - 1] = '\0';
}

struct transport_call *remote_run(struct transport *t, enum remote_script script,
				  const struct remote_arg *args, size_t count, int64_t timeout_ms,
				  remote_done done, void *arg)
{
	struct remote_call *c = sl_alloc(sizeof *c);
	struct transport_exec exec = {
		.command = "exec /bin/sh -s", .max_out = OUT_MAX, .timeout_ms = timeout_ms};
	struct transport_call *call;
	char *text;

	c->transport = t;
	c->script = script;
	c->done = done;
	c->arg = arg;
	make_nonce(c->nonce);
	for (size_t i = 0; i < count && !c->unknown; i++)
		if (!arg_is_known(&scripts[script], args[i].name))
			c->unknown = sl_strdup(args[i].name);
	text = c->unknown ? sl_strdup("exit 0\n")
			  : remote_script_text(script, args, count, c->nonce);
	exec.input = text;
	exec.input_len = strlen(text);
	call = transport_run(t, &exec, on_done, c);
	/* Secrets travel in it. */
	explicit_bzero(text, exec.input_len);
	free(text);
	return call;
}

/* --- following a log --- */

enum { BEGIN_MAX = 4096 }; /* of one line before the log begins */

struct remote_follow {
	struct transport_call *call;
	char nonce[NONCE_SIZE], host[256];
	struct sl_buf head; /* what came before the log: the line in hand */
	bool begun;
	char *refused;       /* why there is no log */
	struct sl_buf words; /* the last of standard error before it begins */
	transport_data data;
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
};

/* "<nonce> begin" or "<nonce> error=encoded"; anything else is noise of an rc file. */
static void head_line(struct remote_follow *f)
{
	size_t len = strlen(f->nonce);
	const char *line = sl_buf_str(&f->head), *said;
	char *plain;

	if (strncmp(line, f->nonce, len) != 0 || line[len] != ' ')
		return;
	said = line + len + 1;
	f->begun = strcmp(said, "begin") == 0;
	if (!sl_text_starts(said, "error=") || f->refused)
		return;
	plain = sl_text_unpercent(said + 6);
	f->refused = sl_text_clean_dup(plain ? plain : "", plain ? strlen(plain) : 0, false);
	free(plain);
}

static void on_follow_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct remote_follow *f = arg;
	bool begins = !f->begun;
	const char *nl;

	if (fd == 2 && !f->begun) {
		sl_buf_append_tail(&f->words, bytes, len);
		return;
	}
	while (fd == 1 && !f->begun && len) {
		nl = memchr(bytes, '\n', len);
		sl_buf_append(&f->head, bytes, nl ? (size_t)(nl - bytes) : len);
		if (!nl)
			return;
		head_line(f);
		sl_buf_clear(&f->head);
		f->head.truncated = false;
		len -= (size_t)(nl + 1 - bytes);
		bytes = nl + 1;
	}
	if (f->begun && (len || begins))
		f->data(f->arg, fd, bytes, len);
}

static void judge_follow(const struct remote_follow *f, const struct transport_result *r,
			 struct sl_error *e)
{
	char said[256];

	*e = r->error;
	if (e->code)
		return;
	if (f->refused) {
		sl_fail(e, SL_ENOTFOUND, "%s: %s", f->host, f->refused);
	} else if (!f->begun) {
		sl_text_clean(said, sizeof said, sl_buf_str(&f->words), f->words.len, false);
		sl_fail(e, SL_ENOSHELL, "%s: the host runs no shell for us (exit %d): %s", f->host,
			r->rc, *said ? said : "(it said nothing)");
	}
}

static void on_follow_done(void *arg, const struct transport_result *result)
{
	struct remote_follow *f = arg;
	struct sl_error e;

	judge_follow(f, result, &e);
	f->done(f->arg, &e);
	sl_buf_release(&f->head);
	sl_buf_release(&f->words);
	free(f->refused);
	free(f);
}

static char *follow_text(const struct remote_follow *f, const struct remote_log *log)
{
	struct sl_buf b;
	char lines[24];

	snprintf(lines, sizeof lines, "%u", log->lines);
	sl_buf_init(&b, TEXT_MAX);
	sl_buf_printf(&b, "{\nsl_nonce='%s'\n", f->nonce);
	put_assignment(&b, "file", log->file ? log->file : "");
	put_assignment(&b, "unit", log->unit ? log->unit : "");
	put_assignment(&b, "lines", lines);
	put_assignment(&b, "once", log->once ? "yes" : "");
	sl_buf_puts(&b, script_follow);
	sl_buf_puts(&b, "exit\n}\n");
	return sl_buf_take(&b);
}

struct remote_follow *remote_follow(struct transport *t, const struct remote_log *log,
				    transport_data data,
				    void (*done)(void *arg, const struct sl_error *e), void *arg)
{
	struct remote_follow *f = sl_alloc(sizeof *f);
	struct transport_exec exec = {.command = "exec /bin/sh -s"};
	char *text;

	f->data = data;
	f->done = done;
	f->arg = arg;
	snprintf(f->host, sizeof f->host, "%s", transport_name(t));
	sl_buf_init(&f->head, BEGIN_MAX);
	sl_buf_init(&f->words, BEGIN_MAX);
	make_nonce(f->nonce);
	text = follow_text(f, log);
	exec.input = text;
	exec.input_len = strlen(text);
	f->call = transport_follow(t, &exec, on_follow_data, on_follow_done, f);
	free(text);
	return f;
}

void remote_follow_cancel(struct remote_follow *f)
{
	transport_cancel(f->call);
}
