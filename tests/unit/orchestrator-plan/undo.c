/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undo from everywhere: each way forward is cut at each step, in each state that the journal can
 * show, with each thing that may really have happened on the host. A small model of hosts, servers
 * and claims is moved by the forward prefix and then by the undo plan; it must end as it began, and
 * on the way never have more out of service, or more traffic on a side, than is allowed.
 */
#include <math.h>

#include "tests/unit/orchestrator-plan/world.h"

struct box {                    /* one instance */
	char release;           /* 'o' old, 'n' new, '-' none */
	bool alive, out, began; /* out: marked out at the router */
	bool unlisted;          /* marked out in the registry */
	bool unsure;            /* started, and no return has said yet that it may have calls */
	bool moved;             /* the forward plan moves it at the router */
};

struct field {
	struct box box[WORLD_MAX], start[WORLD_MAX];
	size_t count;
	bool router, registry;
	bool renews;          /* whoever starts registers itself anew, and up */
	const char *value[4]; /* of the config keys */
	bool staged[WORLD_MAX];
	int claims; /* held */
};

static void field_init(struct field *f, const struct world *w)
{
	*f = (struct field){.count = w->resolved.instance_count,
			    .router = w->in.router != NULL,
			    .registry = w->in.registry != NULL};
	for (size_t i = 0; i < w->config.count; i++)
		f->value[i] = w->keys[i].prior;
	for (size_t i = 0; i < f->count; i++) {
		const struct plan_seen *s = &w->seen[i];
		bool new = s->release &&strcmp(s->release, NEW_NAME) == 0;
		f->box[i] = (struct box){.release = s->link == SEEN_NONE ? '-'
						    : new                ? 'n'
									 : 'o',
					 .alive = s->alive || w->limited[i]};
	}
	memcpy(f->start, f->box, sizeof f->start);
}

/* With a router it is the router that says so. */
static bool in_service(const struct field *f, const struct box *b)
{
	return b->alive && !b->out && (f->router || (!b->unlisted && !b->unsure));
}

static const char **value_of(struct field *f, const struct world *w, const char *key)
{
	for (size_t i = 0; i < w->config.count; i++)
		if (strcmp(w->keys[i].key, key) == 0)
			return &f->value[i];
	fail_msg("no key %s", key);
	return NULL;
}

static size_t count_in(const struct field *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->count; i++)
		n += in_service(f, &f->box[i]);
	return n;
}

/* --- forward --- */

static void forward_step(struct field *f, const struct world *w, const struct plan_step *s,
			 enum plan_progress_state state, bool effect)
{
	struct box *b = s->instance >= 0 ? &f->box[s->instance] : NULL;
	bool ok = state == PROGRESS_OK || (state != PROGRESS_FAILED && effect);
	switch (s->what) {
	case DO_CLAIM:
		f->claims += ok;
		break;
	case DO_RELEASE:
		f->claims -= ok;
		break;
	case DO_STAGE:
		f->staged[s->instance] = ok || effect;
		break;
	case DO_DRAIN:
		b->out = (f->router && !s->registry_only) ? ok || effect : b->out;
		b->unlisted = f->registry && (ok || effect);
		break;
	case DO_SWAP:
		b->began = true;
		/* Failed: the script went back; with the other "effect" not even that worked. */
		if (ok)
			b->release = 'n';
		b->alive = ok || (b->alive && !(state == PROGRESS_FAILED && effect));
		b->unlisted = b->unlisted && !f->renews;
		b->unsure = f->registry;
		break;
	case DO_RETURN:
		if (ok || effect)
			b->unlisted = b->unsure = false;
		if ((ok || effect) && !s->registry_only)
			b->out = false;
		break;
	case DO_CONFIG:
		if (ok || effect)
			*value_of(f, w, s->key) = s->value;
		break;
	default:
		break;
	}
}

/* --- back --- */

struct limits {
	size_t most_out; /* at once, by rollback.maxUnavailable or because it was so before */
	double min_capacity;
	const char *name;
	size_t cut;
};

static void back_track(struct field *f, const struct plan_step *s, enum plan_do what)
{
	struct box *b = s->instance >= 0 ? &f->box[s->instance] : NULL;
	if (s->what != what || !b)
		return;
	if (what == DO_DRAIN) {
		b->out = b->out || (f->router && !s->registry_only);
		b->unlisted = f->registry;
	}
	if (what == DO_SWAP) {
		assert_true(b->began);
		b->release = s->release ? 'o' : '-';
		b->alive = s->release != NULL;
		b->unlisted = b->unlisted && !f->renews;
		b->unsure = f->registry;
		if (s->release)
			assert_string_equal(s->release, OLD_NAME);
	}
	if (what == DO_RETURN && !s->registry_only)
		b->out = false;
	if (what == DO_RETURN)
		b->unlisted = b->unsure = false;
}

/* What the run left is named, and what stood before is put back. */
static void back_key(struct field *f, const struct world *w, const struct plan_step *s)
{
	const char **value = value_of(f, w, s->key);
	size_t i = (size_t)(value - f->value);
	assert_string_equal(s->prior_value, w->keys[i].value);
	if (w->keys[i].prior)
		assert_string_equal(s->value, w->keys[i].prior);
	else
		assert_null(s->value);
	*value = w->keys[i].prior;
}

static void check_share(const struct field *f, const struct limits *l, double want)
{
	struct plan_weight_server servers[WORLD_MAX];
	int weights[WORLD_MAX];
	double real, need = l->min_capacity * (double)f->count;
	size_t n_old = 0, n_new = 0;
	for (size_t i = 0; i < f->count; i++) {
		servers[i] = (struct plan_weight_server){.in_service = in_service(f, &f->box[i]),
							 .is_new = f->box[i].release == 'n',
							 .configured = 1};
		n_old += servers[i].in_service && !servers[i].is_new;
		n_new += servers[i].in_service && servers[i].is_new;
	}
	plan_weights(servers, f->count, want, l->min_capacity, f->count, weights, &real);
	if (need <= 0 || (double)(n_old + n_new) < need || !n_old || !n_new)
		return;
	if (1 - real > (double)n_old / need + 0.01 || real > (double)n_new / need + 0.01)
		fail_msg("%s cut at %zu: %zu old, %zu new, %g to new", l->name, l->cut, n_old,
			 n_new, real);
}

/* All tracks of a wave at their worst: every drain first, then every stop, then the returns. */
static void back_wave(struct field *f, const struct world *world, const struct plan *p,
		      const struct plan_wave *w, const struct limits *l)
{
	static const enum plan_do order[] = {DO_DRAIN, DO_SWAP, DO_RETURN};
	const struct plan_step *s = p->steps + w->first;
	size_t before = count_in(f), stopped = 0;
	for (size_t k = 0; k < SL_COUNT(order); k++) {
		for (size_t i = 0; i < w->count; i++) {
			if (order[k] == DO_SWAP && s[i].what == DO_SWAP)
				stopped += in_service(f, &f->box[s[i].instance]) ||
					   f->box[s[i].instance].out ||
					   f->box[s[i].instance].unlisted;
			back_track(f, &s[i], order[k]);
		}
		if (order[k] == DO_DRAIN && f->count - count_in(f) > l->most_out)
			fail_msg("%s cut at %zu: wave '%s': %zu of %zu in service, %zu may be out",
				 l->name, l->cut, w->title, count_in(f), f->count, l->most_out);
	}
	if (before > 1 && l->min_capacity > 0 && w->kind == WAVE_UPGRADE)
		assert_true(w->in_service_min > 0 || stopped == 0 || count_in(f) > 0);
	for (size_t i = 0; i < w->count; i++) {
		if (s[i].share >= 0)
			check_share(f, l, s[i].share);
		f->claims += s[i].what == DO_CLAIM;
		f->claims -= s[i].what == DO_RELEASE;
		if (s[i].what == DO_CONFIG)
			back_key(f, world, &s[i]);
		if (s[i].what == DO_UNSTAGE)
			f->staged[s[i].instance] = false;
		if (s[i].what == DO_RESTORE)
			for (size_t k = 0; k < f->count; k++)
				f->box[k].out = false;
	}
}

static void check_end(const struct field *f, const struct world *w, const struct limits *l)
{
	for (size_t i = 0; i < w->config.count; i++)
		if (f->value[i] != w->keys[i].prior)
			fail_msg("%s cut at %zu: %s is left as '%s'", l->name, l->cut,
				 w->keys[i].key, f->value[i] ? f->value[i] : "-");
	for (size_t i = 0; i < f->count; i++) {
		const struct box *b = &f->box[i], *was = &f->start[i];
		if (b->release != was->release || b->out || (was->alive && !b->alive) ||
		    (b->release == '-' && b->alive) || f->staged[i] ||
		    (b->release != '-' && b->unlisted))
			fail_msg("%s cut at %zu: instance %zu ends as %c %s%s%s%s", l->name, l->cut,
				 i, b->release, b->alive ? "alive" : "dead",
				 b->out ? ", marked out" : "", b->unlisted ? ", unlisted" : "",
				 f->staged[i] ? ", staged" : "");
	}
	if (f->claims != 0)
		fail_msg("%s cut at %zu: %d claims are left", l->name, l->cut, f->claims);
}

/* Each instance is taken back at most once; steps are numbered; newest ones in service first. */
static void check_plan(const struct plan *u, const struct limits *l)
{
	bool seen[WORLD_MAX] = {false};
	for (size_t i = 0; i < u->step_count; i++) {
		char id[24];
		snprintf(id, sizeof id, "u%zu", i + 1);
		assert_string_equal(u->steps[i].id, id);
		assert_true(u->steps[i].deadline_ms > 0);
		if (u->steps[i].what != DO_SWAP)
			continue;
		if (seen[u->steps[i].instance])
			fail_msg("%s cut at %zu: taken back twice", l->name, l->cut);
		seen[u->steps[i].instance] = true;
	}
}

static void cut_at(struct world *w, const struct plan *p, const char *name, size_t cut,
		   enum plan_progress_state state, bool effect, bool renews)
{
	struct plan_progress *progress = sl_alloc_n(p->step_count + 1, sizeof *progress);
	struct limits l = {
		.name = name, .cut = cut, .min_capacity = w->playbook.strategy.min_capacity};
	struct field f;
	struct plan u;
	struct sl_error e = {0};
	bool finished = cut == p->step_count;
	field_init(&f, w);
	f.renews = renews;
	for (size_t i = 0; i < cut; i++) {
		progress[i].state = PROGRESS_OK;
		forward_step(&f, w, &p->steps[i], PROGRESS_OK, true);
	}
	if (!finished) {
		progress[cut].state = state;
		forward_step(&f, w, &p->steps[cut], state, effect);
	}
	const struct pb_amount *most = w->playbook.strategy.rollback_max_unavailable.given
					       ? &w->playbook.strategy.rollback_max_unavailable
					       : &w->playbook.strategy.max_unavailable;
	l.most_out = plan_amount_down(most, f.count);
	size_t out = f.count - count_in(&f);
	for (size_t i = 0; i < f.count; i++) /* never to be in service again: first installs */
		out += f.start[i].release == '-' && in_service(&f, &f.box[i]);
	l.most_out = out > l.most_out ? out : l.most_out;
	/* A cut claim or release may be ours or not: only its certain outcomes are counted here. */
	bool unsure =
		!finished && (p->steps[cut].what == DO_CLAIM || p->steps[cut].what == DO_RELEASE);
	assert_int_equal(plan_make_undo(p, progress, &w->in, finished, &u, &e), SL_OK);
	check_plan(&u, &l);
	for (size_t i = 0; i < u.wave_count; i++)
		back_wave(&f, w, &u, &u.waves[i], &l);
	if (unsure || (cut > 0 && p->steps[cut - 1].what == DO_RELEASE && !finished))
		f.claims = 0;
	check_end(&f, w, &l);
	plan_release(&u);
	free(progress);
}

static void cut_everywhere(struct world *w, const char *name)
{
	static const enum plan_progress_state states[] = {PROGRESS_STARTED, PROGRESS_FAILED,
							  PROGRESS_UNKNOWN};
	struct plan p;
	struct sl_error e = {0};
	if (plan_make(&w->in, &p, &e))
		fail_msg("%s: refused: %s", name, e.msg);
	for (size_t cut = 0; cut < p.step_count; cut++)
		for (size_t s = 0; s < SL_COUNT(states); s++)
			for (int effect = 0; effect < 2; effect++)
				for (int renews = 0; renews <= (w->in.registry != NULL); renews++)
					cut_at(w, &p, name, cut, states[s], effect, renews);
	for (int renews = 0; renews <= (w->in.registry != NULL); renews++)
		cut_at(w, &p, name, p.step_count, PROGRESS_OK, true, renews);
	plan_release(&p);
	free(w);
}

static void test_rolling(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 6; n++)
		for (int64_t most = 1; most <= 3; most++)
			for (int router = 0; router < 2; router++) {
				struct world *w = world_new(n, PB_ROLLING, router);
				w->playbook.strategy.max_unavailable.count = most;
				cut_everywhere(w, "rolling");
			}
}

static void test_canary(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 6; n++)
		for (int router = 0; router < 2; router++)
			for (int fast = 0; fast < 2; fast++) {
				struct world *w = world_new(n, PB_CANARY, router);
				w->playbook.strategy.rollback_max_unavailable = (struct pb_amount){
					.given = fast, .is_share = true, .share = 0.5};
				world_upgrade(w, 1);
				world_weight(w, 0.05);
				world_pause(w, 1000);
				world_weight(w, 0.5);
				world_pause(w, 0);
				cut_everywhere(w, "canary");
			}
}

static void test_special(void **state)
{
	(void)state;
	for (int router = 0; router < 2; router++) {
		struct world *w = world_new(4, PB_CANARY, router);
		w->seen[2].alive = false;
		world_weight(w, 0.25);
		cut_everywhere(w, "one was down");
		w = world_new(4, PB_CANARY, router);
		memset(&w->seen[3], 0, sizeof w->seen[3]);
		world_weight(w, 0.25);
		cut_everywhere(w, "one first install");
		w = world_new(3, PB_ROLLING, router);
		memset(w->seen, 0, sizeof w->seen);
		cut_everywhere(w, "first install");
		w = world_new(5, PB_ROLLING, router);
		world_converge(w, 1);
		w->limited[4] = true;
		w->playbook.strategy.max_unavailable.count = 2;
		cut_everywhere(w, "converged and limited");
		w = world_new(1, PB_ROLLING, router);
		w->playbook.strategy.min_capacity = 0;
		cut_everywhere(w, "a lone one");
	}
}

/* The same with a registry and keys, for whoever registers anew and whoever does not. */
static void test_backends(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 5; n++)
		for (int router = 0; router < 2; router++)
			for (int canary = 0; canary < 2; canary++) {
				struct world *w =
					world_new(n, canary ? PB_CANARY : PB_ROLLING, router);
				world_registry(w);
				world_config(w);
				if (canary) {
					world_upgrade(w, 1);
					world_weight(w, 0.25);
				}
				cut_everywhere(w, canary ? "registry, canary" : "registry");
			}
	for (int router = 0; router < 2; router++) {
		struct world *w = world_new(4, PB_CANARY, router);
		world_registry(w);
		w->seen[2].alive = false;
		world_weight(w, 0.25);
		cut_everywhere(w, "registry, one was down");
		w = world_new(4, PB_CANARY, router);
		world_registry(w);
		memset(&w->seen[3], 0, sizeof w->seen[3]);
		world_weight(w, 0.25);
		cut_everywhere(w, "registry, one first install");
		w = world_new(3, PB_ROLLING, router);
		world_registry(w);
		world_config(w);
		memset(w->seen, 0, sizeof w->seen);
		cut_everywhere(w, "registry, first install");
	}
}

/* --- the order, as words --- */

static char *undo_words(struct world *w, const char *last_word, enum plan_progress_state state,
			bool claim)
{
	struct plan p, u;
	struct sl_error e = {0};
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	struct plan_progress *progress = sl_alloc_n(p.step_count + 1, sizeof *progress);
	char word[64];
	for (size_t i = 0; i < p.step_count; i++) {
		snprintf(word, sizeof word, "%s %s", plan_do_name(p.steps[i].what),
			 p.steps[i].host ? p.steps[i].host : "-");
		bool last = strcmp(word, last_word) == 0;
		progress[i].state = last ? state : PROGRESS_OK;
		if (last)
			break;
	}
	assert_int_equal(plan_make_undo(&p, progress, &w->in, claim, &u, &e), SL_OK);
	char *words = world_words(&u);
	plan_release(&u);
	plan_release(&p);
	free(progress);
	free(w);
	return words;
}

#define FREE_ALL "release lb2, release lb1, release oa04, release oa03, release oa02, release oa01"

static struct world *four(void)
{
	struct world *w = world_new(4, PB_CANARY, true);
	world_upgrade(w, 2);
	world_weight(w, 0.25);
	return w;
}

static void test_order(void **state)
{
	(void)state;
	static const struct {
		const char *last;
		enum plan_progress_state state;
		const char *words;
	} rows[] = {
		{"claim oa02", PROGRESS_FAILED, "release oa01"},
		{"claim oa02", PROGRESS_STARTED, "release oa02, release oa01"},
		{"stage oa01", PROGRESS_FAILED, "unstage oa01 | " FREE_ALL},
		{"drain oa01", PROGRESS_OK,
		 "weight 0 | return oa01 0 | restore 0 | "
		 "unstage oa01, unstage oa02, unstage oa03, unstage oa04 | " FREE_ALL},
		{"swap oa01", PROGRESS_FAILED,
		 "weight 0 | drain oa01 0, swap oa01, ready oa01, return oa01 0 | weight 0 | "
		 "restore 0 | unstage oa01, unstage oa02, unstage oa03, unstage oa04 | " FREE_ALL},
		{"weight -", PROGRESS_STARTED,
		 "weight 0 | drain oa02 0, swap oa02, ready oa02, return oa02 0 | weight 0 | "
		 "drain oa01 0, swap oa01, ready oa01, return oa01 0 | weight 0 | restore 0 | "
		 "unstage oa01, unstage oa02, unstage oa03, unstage oa04 | " FREE_ALL},
		/* oa03 is out already: it goes first, though oa02 would be next by age */
		{"ready oa03", PROGRESS_FAILED,
		 "weight 0 | drain oa03 0, swap oa03, ready oa03, return oa03 0 | weight 0 | "
		 "drain oa02 0, swap oa02, ready oa02, return oa02 0 | weight 0 | "
		 "drain oa01 0, swap oa01, ready oa01, return oa01 0 | weight 0 | restore 0 | "
		 "unstage oa01, unstage oa02, unstage oa03, unstage oa04 | " FREE_ALL},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char *words = undo_words(four(), rows[i].last, rows[i].state, false);
		if (strcmp(words, rows[i].words) != 0)
			fail_msg("%s:\n     got: %s\nexpected: %s", rows[i].last, words,
				 rows[i].words);
		free(words);
	}
}

static void test_finished_claims_first(void **state)
{
	(void)state;
	struct world *w = world_new(1, PB_ROLLING, false);
	w->playbook.strategy.min_capacity = 0;
	char *words = undo_words(w, "none", PROGRESS_OK, true);
	assert_string_equal(words,
			    "claim oa01 | swap oa01, ready oa01 | unstage oa01 | release oa01");
	free(words);
}

/* Restarted in place, or staged before: what was there stays there. */
static void test_keeps_what_was_there(void **state)
{
	(void)state;
	struct world *w = world_new(2, PB_ROLLING, false);
	world_converge(w, 0);
	w->seen[0].spec = TEXT("another");
	w->seen[0].staged = false; /* a marker that could not be read: the link says it all */
	w->seen[1].staged = true;
	char *words = undo_words(w, "none", PROGRESS_OK, true);
	assert_string_equal(words, "claim oa01, claim oa02 | swap oa02, ready oa02 | "
				   "swap oa01, ready oa01 | release oa02, release oa01");
	free(words);
}

static void test_undo_of_undo(void **state)
{
	(void)state;
	struct world *w = four();
	struct plan p = {.undo = true}, u;
	struct sl_error e = {0};
	assert_int_equal(plan_make_undo(&p, NULL, &w->in, true, &u, &e), SL_EUNSUPPORTED);
	p.undo = false;
	p.total = 9;
	assert_int_equal(plan_make_undo(&p, NULL, &w->in, true, &u, &e), SL_EINTERNAL);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rolling),
		cmocka_unit_test(test_canary),
		cmocka_unit_test(test_special),
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_finished_claims_first),
		cmocka_unit_test(test_keeps_what_was_there),
		cmocka_unit_test(test_undo_of_undo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
