/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/ssh_config.h"

#include <ctype.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "orchestrator/host/known_hosts.h"
#include "orchestrator/host/slurp.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define MAX_FILE  (4 * 1024 * 1024)
#define MAX_DEPTH 16
#define MAX_WORDS 64

enum directive {
	BEYOND, /* matters, and is not ours */
	IGNORED,
	HOST,
	MATCH,
	INCLUDE,
	HOSTNAME,
	PORT,
	USER,
	IDENTITY_FILE,
	IDENTITIES_ONLY,
	USER_KNOWN_HOSTS,
	CONNECT_TIMEOUT,
	BEYOND_UNLESS_NONE,
};

/* Ignored are those that cannot change whom we reach, as whom, or whether: they concern sessions
 * with a terminal, forwarding, multiplexing, or are stricter here anyway. */
static const struct {
	const char *name;
	enum directive what;
} directives[] = {
	{"addkeystoagent", IGNORED},
	{"batchmode", IGNORED},
	{"checkhostip", IGNORED},
	{"clearallforwardings", IGNORED},
	{"compression", IGNORED},
	{"connectionattempts", IGNORED},
	{"connecttimeout", CONNECT_TIMEOUT},
	{"controlmaster", IGNORED},
	{"controlpath", IGNORED},
	{"controlpersist", IGNORED},
	{"dynamicforward", IGNORED},
	{"enableescapecommandline", IGNORED},
	{"escapechar", IGNORED},
	{"exitonforwardfailure", IGNORED},
	{"fingerprinthash", IGNORED},
	{"forkafterauthentication", IGNORED},
	{"forwardagent", IGNORED},
	{"forwardx11", IGNORED},
	{"forwardx11timeout", IGNORED},
	{"forwardx11trusted", IGNORED},
	{"gssapiauthentication", IGNORED},
	{"gssapidelegatecredentials", IGNORED},
	{"hashknownhosts", IGNORED},
	{"host", HOST},
	{"hostname", HOSTNAME},
	{"identitiesonly", IDENTITIES_ONLY},
	{"identityfile", IDENTITY_FILE},
	{"include", INCLUDE},
	{"ipqos", IGNORED},
	{"kbdinteractiveauthentication", IGNORED},
	{"localcommand", IGNORED},
	{"localforward", IGNORED},
	{"loglevel", IGNORED},
	{"logverbose", IGNORED},
	{"match", MATCH},
	{"nohostauthenticationforlocalhost", IGNORED},
	{"numberofpasswordprompts", IGNORED},
	{"passwordauthentication", IGNORED},
	{"permitlocalcommand", IGNORED},
	{"port", PORT},
	{"proxycommand", BEYOND_UNLESS_NONE},
	{"proxyjump", BEYOND_UNLESS_NONE},
	{"rekeylimit", IGNORED},
	{"remotecommand", IGNORED},
	{"remoteforward", IGNORED},
	{"requesttty", IGNORED},
	{"sendenv", IGNORED},
	{"serveralivecountmax", IGNORED},
	{"serveraliveinterval", IGNORED},
	{"sessiontype", IGNORED},
	{"stdinnull", IGNORED},
	{"streamlocalbindmask", IGNORED},
	{"streamlocalbindunlink", IGNORED},
	{"stricthostkeychecking", IGNORED},
	{"syslogfacility", IGNORED},
	{"tcpkeepalive", IGNORED},
	{"updatehostkeys", IGNORED},
	{"user", USER},
	{"userknownhostsfile", USER_KNOWN_HOSTS},
	{"visualhostkey", IGNORED},
	{"xauthlocation", IGNORED},
};

struct parser {
	struct ssh_config *c;
	const char *host, *file, *folder, *home;
	unsigned line, depth;
	bool active; /* the block we are in concerns the host */
	char *words[MAX_WORDS];
	size_t count;
};

void ssh_list_add(struct ssh_list *l, const char *item)
{
	if (l->count + 1 >= l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->items = sl_realloc_n(l->items, l->cap, sizeof *l->items);
	}
	l->items[l->count++] = sl_strdup(item);
	l->items[l->count] = NULL;
}

static void list_release(struct ssh_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct ssh_list){0};
}

void ssh_config_init(struct ssh_config *c)
{
	*c = (struct ssh_config){0};
}

void ssh_config_release(struct ssh_config *c)
{
	free(c->hostname);
	free(c->user);
	free(c->beyond);
	list_release(&c->identities);
	list_release(&c->known_hosts);
	*c = (struct ssh_config){0};
}

const char *ssh_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home && *home == '/')
		return home;
	pw = getpwuid(getuid());
	return pw && pw->pw_dir ? pw->pw_dir : "/";
}

const char *ssh_local_user(void)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *user = pw ? pw->pw_name : getenv("USER");

	return user ? user : "nobody";
}

/* --- lines --- */

/* Words in place: separated by blanks, the first also by one '='; double quotes keep blanks. */
static void split(struct parser *p, char *line)
{
	p->count = 0;
	while (p->count < MAX_WORDS) {
		char *out, quote = 0;

		while (*line == ' ' || *line == '\t' || *line == '\r' || *line == '\f' ||
		       (*line == '=' && p->count == 1))
			line++;
		if (!*line || *line == '#')
			return;
		p->words[p->count++] = out = line;
		for (; *line; line++) {
			if (*line == '"')
				quote = quote ? 0 : '"';
			else if (!quote &&
				 (strchr(" \t\r\f", *line) || (*line == '=' && p->count == 1)))
				break;
			else
				*out++ = *line;
		}
		if (*line)
			line++;
		*out = '\0';
	}
}

static void beyond(struct parser *p, const char *what)
{
	if (!p->c->beyond)
		p->c->beyond = sl_asprintf("%s (%s:%u)", what, p->file, p->line);
}

static void first_wins(char **field, const char *value)
{
	if (!*field)
		*field = sl_strdup(value);
}

static bool host_matches(const struct parser *p)
{
	bool found = false;

	for (size_t i = 1; i < p->count; i++) {
		const char *w = p->words[i];
		bool negated = *w == '!';

		w += negated;
		if (!known_pattern(w, strlen(w), p->host))
			continue;
		if (negated)
			return false;
		found = true;
	}
	return found;
}

static void parse_text(struct parser *p, char *text);

static void include_file(const struct parser *p, const char *path)
{
	struct parser sub = {
		.c = p->c,
		.host = p->host,
		.file = path,
		.folder = p->folder,
		.home = p->home,
		.depth = p->depth + 1,
		.active = p->active,
	};
	size_t len;
	char *text = slurp(path, MAX_FILE, &len);

	if (text)
		parse_text(&sub, text);
	free(text);
}

static void include(struct parser *p)
{
	if (p->depth >= MAX_DEPTH) {
		beyond(p, "Include nested too deep");
		return;
	}
	for (size_t i = 1; i < p->count; i++) {
		const char *w = p->words[i];
		glob_t found;
		char *pattern;

		if (*w == '~' && w[1] == '/')
			pattern = sl_asprintf("%s%s", p->home, w + 1);
		else if (*w == '/')
			pattern = sl_strdup(w);
		else
			pattern = sl_asprintf("%s/%s", p->folder, w);
		if (glob(pattern, 0, NULL, &found) == 0) {
			for (size_t n = 0; n < found.gl_pathc; n++)
				include_file(p, found.gl_pathv[n]);
			globfree(&found);
		}
		free(pattern);
	}
}

static void number(struct parser *p, const char *name, int64_t max, int64_t *value)
{
	if (!sl_count_parse(p->words[1], 0, max, value))
		beyond(p, name);
}

static void set_known_hosts(struct parser *p)
{
	if (p->c->known_hosts_set)
		return;
	p->c->known_hosts_set = true;
	for (size_t i = 1; i < p->count; i++) {
		if (strcasecmp(p->words[i], "none") != 0)
			ssh_list_add(&p->c->known_hosts, p->words[i]);
	}
}

static void set_identities_only(struct parser *p)
{
	if (p->c->identities_only_set)
		return;
	p->c->identities_only_set = true;
	p->c->identities_only =
		strcasecmp(p->words[1], "yes") == 0 || strcasecmp(p->words[1], "true") == 0;
}

static void set_timeout(struct parser *p)
{
	int64_t ms = 0, s = 0;

	if (p->c->connect_timeout_s || strcasecmp(p->words[1], "none") == 0)
		return;
	/* ssh writes 90, 90s or 1m30s. */
	if (sl_count_parse(p->words[1], 0, 86400, &s))
		p->c->connect_timeout_s = (int)s;
	else if (sl_duration_parse(p->words[1], &ms) && ms >= 1000 && ms <= 86400 * 1000)
		p->c->connect_timeout_s = (int)(ms / 1000);
	else
		beyond(p, "ConnectTimeout");
}

static void apply(struct parser *p, enum directive what)
{
	struct ssh_config *c = p->c;
	int64_t n = 0;

	switch (what) {
	case HOSTNAME:
		first_wins(&c->hostname, p->words[1]);
		break;
	case USER:
		first_wins(&c->user, p->words[1]);
		break;
	case PORT:
		number(p, "Port", 65535, &n);
		if (!c->port)
			c->port = (unsigned)n;
		break;
	case IDENTITY_FILE:
		ssh_list_add(&c->identities, p->words[1]);
		break;
	case IDENTITIES_ONLY:
		set_identities_only(p);
		break;
	case USER_KNOWN_HOSTS:
		set_known_hosts(p);
		break;
	case CONNECT_TIMEOUT:
		set_timeout(p);
		break;
	case INCLUDE:
		include(p);
		break;
	case BEYOND_UNLESS_NONE:
		if (strcasecmp(p->words[1], "none") == 0)
			break;
		/* fall through */
	default:
		beyond(p, p->words[0]);
		break;
	}
}

static enum directive directive_find(const char *name)
{
	for (size_t i = 0; i < SL_COUNT(directives); i++) {
		if (strcasecmp(directives[i].name, name) == 0)
			return directives[i].what;
	}
	return BEYOND;
}

static void parse_line(struct parser *p, char *line)
{
	enum directive what;

	split(p, line);
	if (p->count == 0)
		return;
	/* What was cut off may be a negation. */
	if (p->count == MAX_WORDS)
		beyond(p, "a line of very many words");
	what = directive_find(p->words[0]);
	if (what == HOST) {
		p->active = host_matches(p);
	} else if (what == MATCH) {
		/* Other conditions are ssh's to judge: whether the block concerns us is not known.
		 */
		p->active = p->count == 2 && strcasecmp(p->words[1], "all") == 0;
		if (!p->active)
			beyond(p, "Match");
	} else if (p->active && what != IGNORED) {
		if (p->count < 2)
			beyond(p, p->words[0]);
		else
			apply(p, what);
	}
}

static void parse_text(struct parser *p, char *text)
{
	char *eol;

	for (; text; text = eol ? eol + 1 : NULL) {
		eol = strchr(text, '\n');
		if (eol)
			*eol = '\0';
		p->line++;
		parse_line(p, text);
	}
}

/* --- files --- */

void ssh_config_parse(struct ssh_config *c, const char *host, const char *file, const char *folder,
		      const char *home, const char *text, size_t len)
{
	struct parser p = {
		.c = c,
		.host = host,
		.file = file,
		.folder = folder,
		.home = home,
		.active = true,
	};
	char *copy = sl_strndup(text, len);

	parse_text(&p, copy);
	free(copy);
}

static void load_one(struct ssh_config *c, const char *host, const char *file, const char *folder,
		     const char *home)
{
	size_t len;
	char *text = slurp(file, MAX_FILE, &len);

	if (text)
		ssh_config_parse(c, host, file, folder, home, text, len);
	free(text);
}

void ssh_config_load(struct ssh_config *c, const char *host, const char *file, const char *home)
{
	char *folder = sl_asprintf("%s/.ssh", home);
	char *own = sl_asprintf("%s/config", folder);

	if (file) {
		load_one(c, host, file, folder, home);
	} else {
		load_one(c, host, own, folder, home);
		load_one(c, host, "/etc/ssh/ssh_config", "/etc/ssh", home);
	}
	free(own);
	free(folder);
}

/* --- % and ~ --- */

struct tokens {
	const char *host, *port, *user, *home;
};

/* NULL when it holds a token that is not ours. */
static char *expand(const char *s, const struct tokens *t)
{
	char *out = sl_strdup(""), *next;

	if (*s == '~' && (s[1] == '/' || !s[1])) {
		free(out);
		out = sl_strdup(t->home);
		s++;
	}
	for (; *s; s++) {
		const char *value = NULL;
		char one[2] = {*s, '\0'};

		if (*s == '%') {
			s++;
			value = *s == '%'   ? "%"
				: *s == 'h' ? t->host
				: *s == 'p' ? t->port
				: *s == 'r' ? t->user
				: *s == 'd' ? t->home
				: *s == 'u' ? ssh_local_user()
					    : NULL;
		} else if (*s != '$' || s[1] != '{') {
			value = one;
		}
		if (!value) {
			free(out);
			return NULL;
		}
		next = sl_asprintf("%s%s", out, value);
		free(out);
		out = next;
	}
	return out;
}

static void expand_field(struct ssh_config *c, char **field, const struct tokens *t,
			 const char *name)
{
	char *value = expand(*field, t);

	if (!value) {
		if (!c->beyond)
			c->beyond = sl_asprintf("%s %s", name, *field);
		return;
	}
	free(*field);
	*field = value;
}

void ssh_config_expand(struct ssh_config *c, const char *host, unsigned port, const char *user,
		       const char *home)
{
	char number_text[16];
	struct tokens t = {.host = host, .port = number_text, .user = user, .home = home};

	snprintf(number_text, sizeof number_text, "%u", port);
	if (c->hostname) {
		expand_field(c, &c->hostname, &t, "HostName");
		t.host = c->hostname;
	}
	for (size_t i = 0; i < c->identities.count; i++)
		expand_field(c, &c->identities.items[i], &t, "IdentityFile");
	for (size_t i = 0; i < c->known_hosts.count; i++)
		expand_field(c, &c->known_hosts.items[i], &t, "UserKnownHostsFile");
}
