/* SPDX-License-Identifier: Apache-2.0 */
/* sluice-console: the terminal console. */
#include <getopt.h>
#include <locale.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/app.h"
#include "console/config.h"
#include "console/plain.h"
#include "console/script.h"
#include "plugins/sdk/http.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define INTERVAL_MIN_MS 1000

struct options {
	const char *inventory, *state, *keys, *dump, *theme, *view, *config;
	int64_t interval_ms; /* 0 = the usual */
	bool plain;
};

static const char usage[] =
	"usage: sluice console [-i INVENTORY] [VIEW]\n"
	"  -i, --inventory FILE   also show the registries, config centres and metrics it names\n"
	"      --interval TIME    between two polls of a backend; 5s\n"
	"      --state FOLDER     the state folder, instead of $SLUICE_STATE\n"
	"      --theme NAME       dark, light or contrast\n"
	"      --config FILE      instead of $XDG_CONFIG_HOME/sluice/config.yaml\n"
	"      --keys FILE        be driven from a script\n"
	"      --screen-dump FILE write the screen as text at the end; - = standard output\n"
	"      --plain            no screen: lines, as things change\n"
	"      --print-keys       the table of keys as mdoc, for the manual\n"
	"  -h, --help             this; --version\n"
	"? shows all keys.\n";

enum {
	O_INTERVAL = 256,
	O_STATE,
	O_THEME,
	O_CONFIG,
	O_KEYS,
	O_DUMP,
	O_PLAIN,
	O_PRINT_KEYS,
	O_VERSION
};

static const struct option longs[] = {
	{"inventory", required_argument, NULL, 'i'},
	{"interval", required_argument, NULL, O_INTERVAL},
	{"state", required_argument, NULL, O_STATE},
	{"theme", required_argument, NULL, O_THEME},
	{"config", required_argument, NULL, O_CONFIG},
	{"keys", required_argument, NULL, O_KEYS},
	{"screen-dump", required_argument, NULL, O_DUMP},
	{"plain", no_argument, NULL, O_PLAIN},
	{"print-keys", optional_argument, NULL, O_PRINT_KEYS},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, O_VERSION},
	{0},
};

static int print_keys(void)
{
	struct sl_buf out;

	sl_buf_init(&out, 1u << 20);
	keys_print_mdoc(&out);
	fputs(sl_buf_str(&out), stdout);
	sl_buf_release(&out);
	return 0;
}

static int take_interval(struct options *o, const char *text)
{
	if (sl_duration_parse(text, &o->interval_ms) && o->interval_ms >= INTERVAL_MIN_MS)
		return -1;
	fprintf(stderr, "sluice-console: --interval wants a time of at least 1s, not '%s'\n", text);
	return 2;
}

/* -1 = go on; else the exit code. */
static int take(struct options *o, int value)
{
	switch (value) {
	case 'i':
		o->inventory = optarg;
		return -1;
	case O_INTERVAL:
		return take_interval(o, optarg);
	case O_STATE:
		o->state = optarg;
		setenv("SLUICE_STATE", optarg, 1); /* for what is started from here */
		return -1;
	case O_THEME:
		o->theme = optarg;
		return -1;
	case O_CONFIG:
		o->config = optarg;
		return -1;
	case O_KEYS:
		o->keys = optarg;
		return -1;
	case O_DUMP:
		o->dump = optarg;
		return -1;
	case O_PLAIN:
		o->plain = true;
		return -1;
	case O_PRINT_KEYS:
		return print_keys();
	case O_VERSION:
		puts("sluice-console " SLUICE_VERSION);
		return 0;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default:
		fputs(usage, stderr);
		return 2;
	}
}

static int parse(struct options *o, int argc, char **argv)
{
	int value, rc = -1;

	while (rc < 0 && (value = getopt_long(argc, argv, "i:h", longs, NULL)) != -1)
		rc = take(o, value);
	if (rc < 0 && optind < argc)
		o->view = argv[optind++];
	if (rc < 0 && optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	return rc;
}

/* --- events --- */

static void key_in(void *arg, uint32_t key)
{
	app_key(arg, key);
}

static void resized(void *arg)
{
	struct app *a = arg;
	unsigned width, height;

	term_size(a->term, &width, &height);
	app_resized(a, width, height);
}

static void leave(void *arg)
{
	struct app *a = arg;

	a->quit = true;
}

static const struct term_events events = {
	.key = key_in, .resized = resized, .gone = leave, .asked = leave};

static void data_changed(void *arg, unsigned what)
{
	app_data_changed(arg, what);
}

static char *who_am_i(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw ? sl_text_clean_dup(pw->pw_name, strlen(pw->pw_name), false)
		  : sl_asprintf("uid%u", (unsigned)geteuid());
}

/* --- life --- */

static void size_from_environment(struct app *a)
{
	const char *columns = getenv("COLUMNS"), *lines = getenv("LINES");
	unsigned width = columns ? (unsigned)strtoul(columns, NULL, 10) : 0;
	unsigned height = lines ? (unsigned)strtoul(lines, NULL, 10) : 0;

	app_resized(a, width && width <= 1000 ? width : 120,
		    height && height <= 1000 ? height : 36);
}

/* With a script the terminal may be missing: then there is only the screen in memory. */
static int terminal_open(struct app *a, const struct options *o, struct sl_error *e)
{
	struct term_look looks = term_look_from_environment();
	int rc = term_open(a->loop, &events, a, a->mouse, &a->term, e);

	if (rc && !(o->keys || o->dump))
		return rc;
	if (!rc) {
		looks = term_looks(a->term);
		term_theme(a->term, a->theme);
		resized(a);
	} else {
		size_from_environment(a);
	}
	a->canvas.utf8 = looks.utf8;
	a->canvas.narrow = looks.narrow;
	a->canvas.colour = looks.depth != DEPTH_MONO;
	return SL_OK;
}

/* One turn: what happened, then one paint; a script does its next line between two paints. */
static void run(struct app *a, const struct options *o)
{
	bool again = true;

	app_turn(a);
	while (!a->quit) {
		uv_run(a->loop, again ? UV_RUN_NOWAIT : UV_RUN_ONCE);
		app_turn(a);
		again = a->script && script_step(a, a->script);
		if (o->dump && !a->script && !a->term && a->painted)
			a->quit = true;
	}
	app_turn(a);
}

static void closed(void *arg)
{
	unsigned *open = arg;

	(*open)--;
}

static void handle_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void close_all(struct app *a)
{
	unsigned open = 0;

	app_close_screens(a);
	if (a->term) {
		open++;
		term_close(a->term, closed, &open);
		a->term = NULL;
	}
	if (a->script) {
		open++;
		script_close(a->script, closed, &open);
	}
	if (a->config) {
		open++;
		config_close(a->config, closed, &open);
	}
	if (a->site) {
		open++;
		site_close(a->site, closed, &open);
	}
	uv_close((uv_handle_t *)&a->tick, handle_closed);
	while (open || uv_loop_alive(a->loop))
		uv_run(a->loop, UV_RUN_ONCE);
}

static int fail(const struct sl_error *e)
{
	fprintf(stderr, "sluice-console: %s\n", e->msg);
	return e->code == SL_EINPUT || e->code == SL_EUNSUPPORTED ? 2 : 1;
}

/* What can be looked at without being about something. */
static int unknown_view(const char *name, struct sl_error *e)
{
	const char *list[32];
	size_t n = 0;
	char *hint;

	for (size_t i = 0; screens[i] && n < SL_COUNT(list); i++)
		if (screens[i]->data && !strcmp(screens[i]->data, screens[i]->name))
			list[n++] = screens[i]->name;
	hint = sl_text_hint(name, list, n);
	sl_fail(e, SL_EINPUT, "no view '%.64s'%s", name, hint);
	free(hint);
	return SL_EINPUT;
}

static int begin(struct app *a, const struct options *o, struct sl_error *e)
{
	int rc = config_open(a, o->config, &a->config, e);

	if (!rc && o->theme && !theme_find(o->theme))
		rc = sl_fail(e, SL_EINPUT, "no theme '%s': dark, light or contrast", o->theme);
	if (!rc && o->theme)
		a->theme = theme_find(o->theme);
	if (!rc && o->view && !screen_find(o->view))
		rc = unknown_view(o->view, e);
	if (!rc && o->state && setenv("SLUICE_STATE", o->state, 1)) /* for what we start */
		rc = sl_fail(e, SL_EIO, "SLUICE_STATE cannot be set");
	if (!rc && o->keys)
		rc = script_open(a, o->keys, &a->script, e);
	if (!rc)
		rc = site_open(a->loop, o->state, o->inventory, o->interval_ms, data_changed, a,
			       &a->site, e);
	if (!rc && !o->plain)
		rc = terminal_open(a, o, e);
	return rc;
}

/* The first frame waits for no backend, but a view that asks them by itself does. */
static int first_view(struct app *a, const struct options *o, struct sl_error *e)
{
	const struct screen_ops *ops = screen_find(o->view        ? o->view
						   : o->inventory ? "services"
								  : "runs");

	int rc = ops->open ? site_connect(a->site, e) : SL_OK;

	app_go_tab(a, ops->tab ? ops->tab : 5);
	if (!ops->tab)
		app_open(a, ops->name, NULL);
	if (ops->open || rc)
		return rc;
	app_turn(a);
	return site_connect(a->site, e);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct sl_error e = {0};
	struct app a;
	int rc = parse(&o, argc, argv);

	if (rc >= 0)
		return rc;
	mallopt(M_ARENA_MAX, 1); /* else each thread that parses keeps memory of its own */
	mallopt(M_MXFAST, 0);    /* what those free is joined by them, not by the loop later */
	setlocale(LC_CTYPE, ""); /* characters alone: numbers in queries keep their point */
	signal(SIGPIPE, SIG_IGN);
	app_init(&a, uv_default_loop());
	a.who = who_am_i();
	rc = begin(&a, &o, &e);
	if (!rc)
		rc = first_view(&a, &o, &e);
	if (!rc) {
		if (o.plain)
			plain_run(&a);
		else
			run(&a, &o);
	}
	if (!rc && o.dump && screen_dump(&a.canvas, o.dump, &e))
		rc = e.code;
	rc = rc ? SL_OK + 1 : 0;
	close_all(&a);
	if (rc)
		rc = fail(&e);
	else
		rc = a.exit;
	app_release(&a);
	return rc;
}
