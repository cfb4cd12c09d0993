/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue on a backend that the test plays: what it says, when, and how badly. */
#include <math.h>

#include "tests/unit/plugins-host/harness.h"

#include "plugins/host/catalogue.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define MANY     10000
#define INTERVAL 3600000 /* nothing is polled twice unless the test makes it */

enum manner { ANSWERS, FAILS_HALFWAY, UNCHANGED, SILENT };

struct fake {
	const struct sl_host_services *services;
	enum manner manner;
	struct sl_instance *instances;
	size_t count;
	struct sl_key *keys;
	size_t key_count;
	const char *revision;
	bool changes;      /* what it says is what is new */
	const char *named; /* a service that it names before; NULL = none */
	char asked[64];    /* the revision that was given; "none" */
	int reads, cancels;
	bool done; /* a read has ended */
	sl_changed changed;
	void *changed_arg;
	double p99;
	const char *refused;   /* a query with this word in it fails */
	int past, ranges;      /* points before the newest of a range, all halved; ranges asked */
	const char *no_ranges; /* those with this word in their query fail; NULL = none */
};

/* One call of any role; its timer stands for the network. */
struct sl_call {
	struct fake *fake;
	struct sl_timer *timer;
	const struct sl_registry_sink *registry;
	const struct sl_config_sink *config;
	const struct sl_metrics_sink *metrics;
	char expression[4096];
	int64_t to, step; /* of a range */
	bool canceled;
	void *arg;
};

static struct bench bench;
static struct fake fake;

/* --- the plugin --- */

static struct sl_read_end end_of(const struct fake *f, bool canceled)
{
	struct sl_read_end end = {.revision = f->revision ? f->revision : "",
				  .not_modified = f->manner == UNCHANGED,
				  .changes = f->changes};

	if (canceled)
		sl_fail(&end.error, SL_ECANCELED, "canceled");
	else if (f->manner == FAILS_HALFWAY)
		sl_fail(&end.error, SL_EPROTO, "the answer ends in the middle");
	return end;
}

static void say_registry(struct sl_call *call, bool all)
{
	struct fake *f = call->fake;
	const struct sl_service named = {.service = f->named};

	if (f->named)
		call->registry->service(call->arg, &named);
	for (size_t i = 0; i < (all ? f->count : f->count / 2); i++)
		call->registry->instance(call->arg, &f->instances[i]);
}

static void say_config(struct sl_call *call)
{
	for (size_t i = 0; i < call->fake->key_count; i++)
		call->config->key(call->arg, &call->fake->keys[i]);
}

static void say_series(struct sl_call *call, struct sl_sample *s, double value)
{
	for (int i = call->step ? call->fake->past : 0; i > 0; i--) {
		s->time = call->to - i * call->step;
		s->value = value / 2;
		call->metrics->sample(call->arg, s);
	}
	s->time = call->to;
	s->value = value;
	call->metrics->sample(call->arg, s);
}

/* rate 200, errors 2, quantiles as set; in two series of one service. */
static void say_metrics(struct sl_call *call)
{
	const struct sl_label one[] = {{"job", "wrong"}, {"service", "orders"}};
	const struct sl_label two[] = {{"job", "other"}, {"service", "orders"}};
	bool quantile = strstr(call->expression, "quantile") != NULL;
	bool errors = strstr(call->expression, "5..") != NULL;
	double value = quantile ? call->fake->p99 : errors ? 1 : 100;
	struct sl_sample s = {.labels = one, .label_count = 2};

	say_series(call, &s, value);
	s.labels = two;
	say_series(call, &s, value);
}

static void answer(void *arg)
{
	struct sl_call *call = arg;
	struct fake *f = call->fake;
	struct sl_read_end end = end_of(f, call->canceled);
	const struct sl_registry_sink *registry = call->registry;
	bool says = !call->canceled && f->manner != UNCHANGED;

	if (registry && says)
		say_registry(call, f->manner == ANSWERS);
	if (call->config && says)
		say_config(call);
	if (call->metrics && f->refused && strstr(call->expression, f->refused))
		sl_fail(&end.error, SL_EINPUT, "parse error in %s", f->refused);
	else if (call->metrics && call->step && f->no_ranges &&
		 strstr(call->expression, f->no_ranges))
		sl_fail(&end.error, SL_EUNSUPPORTED, "no ranges here");
	else if (call->metrics && says)
		say_metrics(call);
	if (registry)
		registry->done(call->arg, &end);
	else if (call->config)
		call->config->done(call->arg, &end);
	else
		call->metrics->done(call->arg, &end);
	f->done = true;
	free(call);
}

static struct sl_call *start(struct fake *f, void *arg)
{
	struct sl_call *call = sl_alloc(sizeof *call);

	call->fake = f;
	call->arg = arg;
	f->reads++;
	if (f->manner != SILENT)
		call->timer = f->services->timer(f->services->ctx, 0, answer, call);
	return call;
}

static void fake_cancel(void *instance, struct sl_call *call)
{
	struct fake *f = instance;

	f->cancels++;
	if (!call->arg) { /* a watch */
		free(call);
		return;
	}
	if (call->canceled)
		return;
	call->canceled = true;
	if (call->timer)
		f->services->timer_cancel(f->services->ctx, call->timer);
	call->timer = f->services->timer(f->services->ctx, 0, answer, call);
}

static void note_asked(struct fake *f, const char *revision)
{
	snprintf(f->asked, sizeof f->asked, "%s", revision ? revision : "none");
}

static struct sl_call *fake_list(void *instance, const char *revision, int64_t timeout_ms,
				 const struct sl_registry_sink *sink, void *arg)
{
	struct sl_call *call = start(instance, arg);

	assert_true(timeout_ms > 0);
	note_asked(instance, revision);
	call->registry = sink;
	return call;
}

static struct sl_call *fake_keys(void *instance, const char *revision, int64_t timeout_ms,
				 const struct sl_config_sink *sink, void *arg)
{
	struct sl_call *call = start(instance, arg);

	(void)timeout_ms;
	note_asked(instance, revision);
	call->config = sink;
	return call;
}

static struct sl_call *fake_instant(void *instance, const char *expression, int64_t time,
				    int64_t timeout_ms, const struct sl_metrics_sink *sink,
				    void *arg)
{
	struct sl_call *call = start(instance, arg);

	(void)time;
	(void)timeout_ms;
	call->metrics = sink;
	snprintf(call->expression, sizeof call->expression, "%s", expression);
	return call;
}

static struct sl_call *fake_range(void *instance, const char *expression, int64_t from, int64_t to,
				  int64_t step_ms, int64_t timeout_ms,
				  const struct sl_metrics_sink *sink, void *arg)
{
	struct sl_call *call = fake_instant(instance, expression, to, timeout_ms, sink, arg);

	assert_int_equal((to - from) % step_ms, 0);
	call->to = to;
	call->step = step_ms;
	fake.ranges++;
	return call;
}

static struct sl_call *fake_watch(void *instance, sl_changed changed, void *arg)
{
	struct fake *f = instance;
	struct sl_call *call = sl_alloc(sizeof *call);

	call->fake = f;
	f->changed = changed;
	f->changed_arg = arg;
	return call;
}

static void *fake_open(const struct sl_settings *settings, const struct sl_host_services *services,
		       struct sl_error *e)
{
	(void)settings;
	(void)e;
	fake.services = services;
	return &fake;
}

struct closing {
	void (*closed)(void *arg);
	void *arg;
};

static void on_close(void *arg)
{
	struct closing c = *(struct closing *)arg;

	free(arg);
	c.closed(c.arg);
}

static void fake_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct fake *f = instance;
	struct closing *c = sl_alloc(sizeof *c);

	*c = (struct closing){closed, arg};
	f->services->timer(f->services->ctx, 0, on_close, c);
}

static const struct sl_registry_ops registry_ops = {
	.size = sizeof registry_ops, .list = fake_list, .watch = fake_watch, .cancel = fake_cancel};
static const struct sl_config_ops config_ops = {
	.size = sizeof config_ops, .list = fake_keys, .cancel = fake_cancel};
static const struct sl_metrics_ops metrics_ops = {.size = sizeof metrics_ops,
						  .instant = fake_instant,
						  .range = fake_range,
						  .cancel = fake_cancel};
static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "fake",
	.summary = "what the test says",
	.licence = "Apache-2.0",
	.registry = &registry_ops,
	.config = &config_ops,
	.metrics = &metrics_ops,
	.open = fake_open,
	.close = fake_close,
};

/* --- the bench --- */

static struct catalogue *catalogue;
static struct plugin_backend *backend;
static bool told;
static unsigned told_roles;

static void on_change(void *arg, unsigned roles)
{
	(void)arg;
	told = true;
	told_roles |= roles;
}

static int setup(void **state)
{
	const struct sl_settings none = {.backend = "city"};

	(void)state;
	bench_init(&bench);
	fake = (struct fake){.revision = "r1", .p99 = 0.25};
	backend = plugin_backend_open(bench.host, &plugin, &none, NULL);
	assert_non_null(backend);
	catalogue = catalogue_new(&bench.loop);
	catalogue_on_change(catalogue, on_change, NULL);
	told = false;
	told_roles = 0;
	return 0;
}

static int teardown(void **state)
{
	bool closed = false;

	(void)state;
	catalogue_close(catalogue, bench_flag, &closed);
	bench_wait(&bench, &closed);
	closed = false;
	plugin_backend_close(backend, bench_flag, &closed);
	bench_wait(&bench, &closed);
	free(fake.instances);
	free(fake.keys);
	bench_release(&bench);
	return 0;
}

/* Reads that are over, in the model as well. */
static int64_t reads_over(void)
{
	struct cat_source s = catalogue_source(catalogue, 0);

	return s.reads + s.failures;
}

/* How many turns of the loop it takes until one more is. */
static size_t turns_until_over(int64_t before)
{
	size_t turns = 0;

	for (; reads_over() == before; turns++)
		uv_run(&bench.loop, UV_RUN_ONCE);
	return turns;
}

static void read_once(void)
{
	int64_t before = reads_over();

	fake.done = false;
	catalogue_refetch(catalogue);
	bench_wait(&bench, &fake.done);
	turns_until_over(before);
}

static void begin(enum cat_role role)
{
	catalogue_add(catalogue, "city", "fake", backend, role, INTERVAL);
	fake.done = false;
	assert_true(catalogue_settled(catalogue));
	catalogue_want(catalogue, role);
	assert_false(catalogue_settled(catalogue));
	if (fake.manner == SILENT)
		return;
	bench_wait(&bench, &fake.done);
	if (role == CAT_REGISTRY)
		turns_until_over(0);
	assert_true(catalogue_settled(catalogue) || role == CAT_METRICS);
}

/* count instances over services of 10: orders-0000/i-00000 ... */
static void give_instances(size_t count)
{
	static char services[MANY][40], ids[MANY][40];

	fake.instances = sl_alloc_n(count + 1, sizeof *fake.instances);
	fake.count = count;
	for (size_t i = 0; i < count; i++) {
		snprintf(services[i], sizeof services[i], "orders-%04zu", i / 10);
		snprintf(ids[i], sizeof ids[i], "i-%05zu", (i * 7919) % count);
		fake.instances[i] = (struct sl_instance){.service = services[i],
							 .id = ids[i],
							 .host = "oa01",
							 .address = "10.0.0.1",
							 .port = 8080,
							 .version = "4.12.1",
							 .state = SL_INSTANCE_UP,
							 .weight = 100};
	}
}

/* --- merging --- */

static void test_unchanged_keeps_identity(void **state)
{
	const struct cat_service *s;
	const struct cat_instance *before;
	uint64_t generation;

	(void)state;
	give_instances(20);
	begin(CAT_REGISTRY);
	assert_int_equal(catalogue_service_count(catalogue), 2);
	s = catalogue_service(catalogue, 0);
	assert_string_equal(s->service, "orders-0000");
	assert_int_equal(s->count, 10);
	assert_int_equal(s->up, 10);
	assert_int_equal(s->changed, 0);
	for (size_t i = 1; i < s->count; i++)
		assert_true(strcmp(s->instances[i - 1].id, s->instances[i].id) < 0);
	before = s->instances;
	generation = catalogue_generation(catalogue);
	read_once();
	assert_ptr_equal(catalogue_service(catalogue, 0)->instances, before);
	assert_int_equal(catalogue_generation(catalogue), generation);
	assert_int_equal(catalogue_change_count(catalogue), 0);
}

static void test_one_change(void **state)
{
	const struct cat_service *s;
	const char *same;

	(void)state;
	give_instances(20);
	begin(CAT_REGISTRY);
	s = catalogue_find(catalogue, "orders-0001", "");
	assert_non_null(s);
	same = s->instances[9].host;
	for (size_t i = 0; i < fake.count; i++)
		if (strcmp(fake.instances[i].id, s->instances[0].id) == 0)
			fake.instances[i].state = SL_INSTANCE_DOWN;
	told = false;
	read_once();
	bench_wait(&bench, &told);
	assert_int_equal(told_roles, CAT_REGISTRY);
	s = catalogue_find(catalogue, "orders-0001", NULL);
	assert_int_equal(s->up, 9);
	assert_true(s->changed > 0 && s->instances[0].changed == s->changed);
	assert_int_equal(s->instances[9].changed, 0);
	assert_ptr_equal(s->instances[9].host, same);
	assert_int_equal(catalogue_find(catalogue, "orders-0000", "")->changed, 0);
	assert_int_equal(catalogue_change_count(catalogue), 1);
	assert_string_equal(catalogue_change(catalogue, 0)->what, "instance.changed");
	assert_string_equal(catalogue_change(catalogue, 0)->text, "UP -> DOWN");
	assert_string_equal(catalogue_change(catalogue, 0)->service, "orders-0001");
}

static void test_come_and_go(void **state)
{
	(void)state;
	give_instances(30);
	fake.count = 20;
	begin(CAT_REGISTRY);
	fake.count = 30; /* a third service comes */
	fake.instances++;
	fake.count--; /* and the first instance of the first goes */
	read_once();
	assert_int_equal(catalogue_service_count(catalogue), 3);
	assert_int_equal(catalogue_service(catalogue, 0)->count, 9);
	assert_int_equal(catalogue_service(catalogue, 2)->count, 10);
	assert_int_equal(catalogue_change_count(catalogue), 12);
	fake.instances--;
	fake.count = 10; /* two services go with all they have */
	read_once();
	assert_int_equal(catalogue_service_count(catalogue), 1);
	assert_int_equal(catalogue_service(catalogue, 0)->count, 10);
	assert_null(catalogue_find(catalogue, "orders-0002", NULL));
	assert_string_equal(catalogue_change(catalogue, 0)->what, "service.removed");
	assert_true(catalogue_change(catalogue, 0)->number >
		    catalogue_change(catalogue, 1)->number);
}

/* Half an answer is no answer: nothing moves, and the source says why. */
static void test_half_an_answer(void **state)
{
	struct cat_source s;

	(void)state;
	give_instances(20);
	begin(CAT_REGISTRY);
	fake.manner = FAILS_HALFWAY;
	fake.instances[0].state = SL_INSTANCE_DOWN;
	read_once();
	s = catalogue_source(catalogue, 0);
	assert_string_equal(s.error, "the answer ends in the middle");
	assert_int_equal(s.failures, 1);
	assert_int_equal(s.reads, 1);
	assert_true(s.read_at > 0);
	assert_int_equal(catalogue_service_count(catalogue), 2);
	assert_int_equal(catalogue_service(catalogue, 0)->up, 10);
	fake.manner = ANSWERS;
	read_once();
	assert_string_equal(catalogue_source(catalogue, 0).error, "");
	assert_int_equal(catalogue_service(catalogue, 0)->up, 9);
}

static void test_same_id_twice(void **state)
{
	(void)state;
	give_instances(2);
	fake.instances[1].id = fake.instances[0].id;
	fake.instances[1].state = SL_INSTANCE_DOWN;
	begin(CAT_REGISTRY);
	assert_int_equal(catalogue_service(catalogue, 0)->count, 1);
}

/* --- asking --- */

static void test_revision(void **state)
{
	(void)state;
	give_instances(10);
	begin(CAT_REGISTRY);
	assert_string_equal(fake.asked, "none");
	assert_string_equal(catalogue_source(catalogue, 0).revision, "r1");
	fake.manner = UNCHANGED;
	fake.done = false;
	fake.changed(fake.changed_arg); /* a hint: the read comes an hour early */
	bench_wait(&bench, &fake.done);
	assert_string_equal(fake.asked, "r1");
	assert_int_equal(catalogue_source(catalogue, 0).not_modified, 1);
	assert_int_equal(catalogue_service(catalogue, 0)->count, 10);
	read_once();
	assert_string_equal(fake.asked, "none"); /* refetch asks for everything */
}

/* A short interval here, so that hints are not held back for long. */
static void test_hints_are_gathered(void **state)
{
	int before;

	(void)state;
	give_instances(10);
	catalogue_add(catalogue, "city", "fake", backend, CAT_REGISTRY, 500);
	fake.done = false;
	catalogue_want(catalogue, CAT_REGISTRY);
	bench_wait(&bench, &fake.done);
	before = fake.reads;
	fake.done = false;
	for (int i = 0; i < 1000; i++)
		fake.changed(fake.changed_arg);
	bench_wait(&bench, &fake.done);
	assert_int_equal(fake.reads, before + 1);
}

static void test_silence(void **state)
{
	struct cat_source s;

	(void)state;
	catalogue_set_timeout(catalogue, 40);
	fake.manner = SILENT;
	begin(CAT_REGISTRY);
	bench_wait(&bench, &fake.done); /* after our own deadline, by cancel */
	s = catalogue_source(catalogue, 0);
	assert_true(catalogue_settled(catalogue));
	assert_string_equal(s.error, "no answer within 0.04 s");
	assert_int_equal(s.read_at, 0);
	assert_int_equal(fake.cancels, 1);
}

static void test_unwanted_is_not_asked(void **state)
{
	int reads;

	(void)state;
	give_instances(10);
	begin(CAT_REGISTRY);
	catalogue_want(catalogue, 0);
	assert_int_equal(fake.cancels, 1); /* the watch */
	reads = fake.reads;
	catalogue_refetch(catalogue);
	assert_int_equal(fake.reads, reads);
	fake.done = false;
	catalogue_want(catalogue, CAT_REGISTRY); /* wanted again: at once */
	assert_int_equal(fake.reads, reads + 1);
	bench_wait(&bench, &fake.done);
}

/* Teardown closes with the call under way. */
static void test_close_in_flight(void **state)
{
	(void)state;
	give_instances(10);
	catalogue_add(catalogue, "city", "fake", backend, CAT_REGISTRY, INTERVAL);
	catalogue_want(catalogue, CAT_REGISTRY);
	assert_int_equal(fake.reads, 1);
}

static void test_broken_and_given(void **state)
{
	const struct sl_instance i = {.service = "orders", .id = "oa01", .weight = SL_KEEP};

	(void)state;
	catalogue_add_broken(catalogue, "kie", "kie", CAT_CONFIG, "no plugin\033[31m of type kie");
	catalogue_give(catalogue, "fixed", "static", &i, 1);
	catalogue_want(catalogue, CAT_REGISTRY | CAT_CONFIG);
	assert_true(catalogue_settled(catalogue));
	assert_string_equal(catalogue_source(catalogue, 0).error, "no plugin?[31m of type kie");
	assert_true(catalogue_source(catalogue, 1).read_at > 0);
	assert_false(catalogue_source(catalogue, 1).stale);
	assert_int_equal(catalogue_find(catalogue, "orders", "")->count, 1);
}

/* --- hostile text --- */

static void check_text(const char *s, size_t max)
{
	assert_true(strlen(s) < max);
	assert_true(sl_text_is_clean(s, strlen(s)));
}

static void test_hostile_text(void **state)
{
	static char name[10001], id[] = "\033]0;owned\a\xc3(\xe2\x80\xae", chinese[3001] = "",
				 *labels_name[100];
	static struct sl_label labels[100];
	const struct cat_instance *got;

	(void)state;
	memset(name, 'n', sizeof name - 1);
	for (size_t i = 0; i < 1000; i++)
		memcpy(chinese + 3 * i, "订", 3);
	for (size_t i = 0; i < 100; i++) {
		labels_name[i] = sl_asprintf("l%02zu\n", 99 - i);
		labels[i] = (struct sl_label){labels_name[i], chinese};
	}
	give_instances(1);
	fake.instances[0].service = name;
	fake.instances[0].id = id;
	fake.instances[0].host = chinese;
	fake.instances[0].address = NULL;
	fake.instances[0].note = id;
	fake.instances[0].state = (enum sl_instance_state)77;
	fake.instances[0].labels = labels;
	fake.instances[0].label_count = 100;
	begin(CAT_REGISTRY);
	check_text(catalogue_service(catalogue, 0)->service, 257);
	got = &catalogue_service(catalogue, 0)->instances[0];
	check_text(got->id, 257);
	assert_string_equal(got->id, "?]0;owned?"
				     "?(?");
	check_text(got->host, 257);
	assert_int_equal(strlen(got->host), 255); /* whole characters */
	check_text(got->note, 257);
	assert_string_equal(got->address, "");
	assert_int_equal(got->state, SL_INSTANCE_UNKNOWN);
	assert_int_equal(got->label_count, 64);
	assert_string_equal(got->labels[0].name, "l36?");
	check_text(got->labels[0].value, 1025);
	for (size_t i = 0; i < 100; i++)
		free(labels_name[i]);
}

/* --- keys --- */

static void test_keys(void **state)
{
	const struct sl_label orders = {"service", "orders"}, stock = {"service", "stock"};
	char *huge = sl_alloc(300000);

	(void)state;
	memset(huge, 'v', 299999);
	fake.keys = sl_alloc_n(3, sizeof *fake.keys);
	fake.key_count = 3;
	fake.keys[0] = (struct sl_key){.key = "timeout",
				       .value = "800",
				       .value_len = 3,
				       .revision = "7",
				       .enabled = true,
				       .labels = &stock,
				       .label_count = 1};
	fake.keys[1] = fake.keys[0];
	fake.keys[1].labels = &orders;
	fake.keys[2] = (struct sl_key){.key = "big", .value = huge, .value_len = 299999};
	begin(CAT_CONFIG);
	assert_int_equal(catalogue_key_count(catalogue), 3);
	assert_string_equal(catalogue_key(catalogue, 0)->key, "big");
	assert_true(catalogue_key(catalogue, 0)->value_len == (128u << 10));
	assert_string_equal(catalogue_key(catalogue, 1)->labels[0].value, "orders");
	fake.keys[1].revision = "8";
	fake.keys[1].value = "900";
	fake.key_count = 2;
	read_once();
	assert_int_equal(catalogue_key_count(catalogue), 2);
	assert_string_equal(catalogue_key(catalogue, 0)->value, "900");
	assert_string_equal(catalogue_key(catalogue, 1)->value, "800");
	assert_int_equal(catalogue_change_count(catalogue), 2);
	assert_string_equal(catalogue_change(catalogue, 0)->text, "revision 7 -> 8");
	assert_string_equal(catalogue_change(catalogue, 0)->service, "orders");
	assert_string_equal(catalogue_change(catalogue, 1)->what, "key.removed");
	free(huge);
}

/* --- measures --- */

static void refresh_measures(void)
{
	int64_t reads = catalogue_source(catalogue, 0).reads;

	while (catalogue_source(catalogue, 0).reads == reads) {
		fake.done = false;
		bench_wait(&bench, &fake.done);
	}
}

static void test_measures(void **state)
{
	struct cat_measures m;

	(void)state;
	assert_true(isnan(catalogue_measures(catalogue, "orders").rate));
	catalogue_add(catalogue, "city", "fake", backend, CAT_METRICS, INTERVAL);
	catalogue_want(catalogue, CAT_METRICS);
	refresh_measures();
	m = catalogue_measures(catalogue, "orders");
	assert_true(m.rate == 200 && m.error_share == 0.01); /* two series add up */
	assert_true(m.p99_ms == 250 && m.p50_ms == 250);     /* the worst of two */
	assert_int_equal(m.series_count, 1);
	assert_true(isnan(catalogue_measures(catalogue, "wrong").rate)); /* service before job */
	fake.p99 = NAN; /* no traffic: unknown, not zero */
	catalogue_refetch(catalogue);
	refresh_measures();
	m = catalogue_measures(catalogue, "orders");
	assert_true(isnan(m.p99_ms) && m.rate == 200);
	assert_int_equal(m.series_count, 2);
}

/* The first refresh brings the trend; the next ones a point each. */
static void test_past(void **state)
{
	struct cat_measures m;

	(void)state;
	fake.past = 9;
	catalogue_add(catalogue, "city", "fake", backend, CAT_METRICS, INTERVAL);
	catalogue_want(catalogue, CAT_METRICS);
	refresh_measures();
	m = catalogue_measures(catalogue, "orders");
	assert_int_equal(m.series_count, 10);
	assert_true(m.rate == 200 && m.rate_series[0] == 100 && m.rate_series[9] == 200);
	assert_true(m.p99_series[0] == 125 && m.p99_series[9] == 250 && m.p99_ms == 250);
	assert_true(m.error_series[0] == 0.01);
	assert_int_equal(fake.ranges, 4);
	catalogue_refetch(catalogue);
	refresh_measures();
	assert_int_equal(catalogue_measures(catalogue, "orders").series_count, 11);
	assert_int_equal(fake.ranges, 4);
}

/* What has no past to give is asked for the present, in the same refresh: who looks once sees it.
 */
static void test_no_past(void **state)
{
	struct cat_measures m;

	(void)state;
	fake.no_ranges = "";
	catalogue_add(catalogue, "city", "fake", backend, CAT_METRICS, INTERVAL);
	catalogue_want(catalogue, CAT_METRICS);
	refresh_measures();
	m = catalogue_measures(catalogue, "orders");
	assert_true(m.rate == 200 && m.p99_ms == 250);
	assert_int_equal(m.series_count, 1);
	assert_string_equal(catalogue_source(catalogue, 0).error, "");
	assert_int_equal(fake.ranges, 4);
	catalogue_refetch(catalogue);
	refresh_measures();
	assert_int_equal(catalogue_measures(catalogue, "orders").series_count, 2);
	assert_int_equal(fake.ranges, 4);
}

/* The past of one measure is too much to ask: the others keep theirs. */
static void test_half_a_past(void **state)
{
	struct cat_measures m;

	(void)state;
	fake.past = 9;
	fake.no_ranges = "0.99";
	catalogue_add(catalogue, "city", "fake", backend, CAT_METRICS, INTERVAL);
	catalogue_want(catalogue, CAT_METRICS);
	refresh_measures();
	m = catalogue_measures(catalogue, "orders");
	assert_int_equal(m.series_count, 10);
	assert_true(m.rate == 200 && m.rate_series[0] == 100 && m.rate_series[9] == 200);
	assert_true(m.p99_ms == 250 && isnan(m.p99_series[8]) && m.p99_series[9] == 250);
	assert_string_equal(catalogue_source(catalogue, 0).error, "");
}

static void test_own_queries(void **state)
{
	struct sl_error e = {0};

	(void)state;
	catalogue_add(catalogue, "city", "fake", backend, CAT_METRICS, INTERVAL);
	assert_int_equal(catalogue_query(catalogue, "city", "p98", NULL, "x", &e), SL_EINPUT);
	assert_int_equal(catalogue_query(catalogue, "town", "p99", NULL, "x", &e), SL_ENOTFOUND);
	assert_int_equal(catalogue_query(catalogue, "city", "p99", "stock", "my_quantile", &e), 0);
	assert_int_equal(catalogue_query(catalogue, "city", "rate", NULL, "broken", &e), 0);
	fake.refused = "broken";
	catalogue_want(catalogue, CAT_METRICS);
	refresh_measures();
	assert_true(catalogue_measures(catalogue, "stock").p99_ms == 250);
	assert_true(isnan(catalogue_measures(catalogue, "orders").rate));
	assert_true(catalogue_measures(catalogue, "orders").p99_ms == 250);
	assert_string_equal(catalogue_source(catalogue, 0).error,
			    "query rate: parse error in broken");
}

/* --- size --- */

static const struct cat_instance *instance_of(const struct cat_service *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->instances[i].id, id) == 0)
			return &s->instances[i];
	return NULL;
}

/* Listed before it is opened: it has not answered, and nobody asks it. */
static void test_announced(void **state)
{
	(void)state;
	give_instances(10);
	catalogue_announce(catalogue, "city", "fake", CAT_REGISTRY);
	catalogue_want(catalogue, CAT_REGISTRY);
	catalogue_refetch(catalogue);
	assert_int_equal(catalogue_source_count(catalogue), 1);
	assert_false(catalogue_settled(catalogue));
	assert_int_equal(fake.reads, 0);
	catalogue_add(catalogue, "city", "fake", backend, CAT_REGISTRY, INTERVAL);
	bench_wait(&bench, &fake.done);
	assert_true(catalogue_settled(catalogue));
	assert_int_equal(catalogue_source_count(catalogue), 1);
	assert_int_equal(catalogue_source(catalogue, 0).interval_ms, INTERVAL);
	catalogue_announce(catalogue, "kie", "kie", CAT_CONFIG);
	catalogue_add_broken(catalogue, "kie", "kie", CAT_CONFIG, "no such plugin");
	assert_int_equal(catalogue_source_count(catalogue), 2);
}

/* Texts that somebody holds stay, whatever becomes of the instance. */
static void test_hold(void **state)
{
	struct cat_instance i;
	const void *held;

	(void)state;
	give_instances(10);
	begin(CAT_REGISTRY);
	i = catalogue_service(catalogue, 0)->instances[0];
	held = catalogue_hold(&i);
	fake.count = 0;
	read_once();
	assert_int_equal(catalogue_service_count(catalogue), 0);
	assert_string_equal(i.path, "orders-0000//@city/i-00000");
	assert_string_equal(i.host, "oa01");
	catalogue_give_back(held);
}

/* An answer of changes alone: what it does not say stands. */
static void test_changes(void **state)
{
	struct sl_instance news[] = {
		{.service = "orders-0000", .id = "i-00000", .state = SL_INSTANCE_DOWN},
		{.service = "orders-0000", .id = "i-new", .state = SL_INSTANCE_UP},
	};
	const struct cat_service *s;
	uint64_t before;

	(void)state;
	give_instances(20);
	begin(CAT_REGISTRY);
	free(fake.instances);
	fake.changes = true;
	fake.instances = news;
	fake.count = 2;
	read_once();
	s = catalogue_find(catalogue, "orders-0000", NULL);
	assert_int_equal(s->count, 11);
	assert_int_equal(s->up, 10);
	assert_int_equal(instance_of(s, "i-00000")->state, SL_INSTANCE_DOWN);
	assert_true(instance_of(s, "i-new")->changed > 0);
	assert_int_equal(catalogue_find(catalogue, "orders-0001", NULL)->count, 10);
	assert_int_equal(catalogue_change_count(catalogue), 2);
	before = catalogue_generation(catalogue);
	read_once(); /* the same once more is no change */
	assert_int_equal(catalogue_generation(catalogue), before);

	fake.named = "orders-0001"; /* named: it has what follows, and no more */
	news[0].service = "orders-0001";
	fake.count = 1;
	read_once();
	assert_int_equal(catalogue_find(catalogue, "orders-0001", NULL)->count, 1);
	assert_int_equal(catalogue_find(catalogue, "orders-0000", NULL)->count, 11);

	fake.named = NULL; /* one that says another application has left the first */
	news[0].app = "shop";
	read_once();
	assert_int_equal(catalogue_service_count(catalogue), 2);
	assert_string_equal(catalogue_find(catalogue, "orders-0001", NULL)->app, "shop");
	fake.instances = NULL;
}

static void test_ten_thousand(void **state)
{
	int64_t from;

	(void)state;
	give_instances(MANY);
	from = (int64_t)uv_hrtime();
	begin(CAT_REGISTRY);
	print_message("first read of %d: %.1f ms\n", MANY,
		      (double)(uv_hrtime() - (uint64_t)from) / 1e6);
	assert_int_equal(catalogue_service_count(catalogue), MANY / 10);
	from = (int64_t)uv_hrtime();
	read_once();
	print_message("unchanged: %.1f ms\n", (double)(uv_hrtime() - (uint64_t)from) / 1e6);
	for (size_t i = 0; i < MANY; i++)
		fake.instances[i].weight = (int)i;
	from = (int64_t)uv_hrtime();
	read_once();
	print_message("all changed: %.1f ms\n", (double)(uv_hrtime() - (uint64_t)from) / 1e6);
	assert_int_equal(catalogue_change_count(catalogue), 1000); /* bounded */
}

static int weight_of(size_t service)
{
	return catalogue_service(catalogue, service)->instances[0].weight;
}

/* The loop turns while a long answer joins: services that it has not reached are as they were. */
static void test_long_answer_in_parts(void **state)
{
	size_t mixed = 0;

	(void)state;
	give_instances(MANY);
	begin(CAT_REGISTRY);
	for (size_t i = 0; i < MANY; i++)
		fake.instances[i].weight = 7;
	fake.done = false;
	catalogue_refetch(catalogue);
	bench_wait(&bench, &fake.done);
	catalogue_refetch(catalogue); /* it is not over: one more comes after it */
	assert_int_equal(fake.reads, 2);
	while (reads_over() == 1) {
		mixed += weight_of(0) == 7 && weight_of(MANY / 10 - 1) == 100;
		uv_run(&bench.loop, UV_RUN_ONCE);
	}
	assert_true(mixed > 1);
	assert_int_equal(weight_of(MANY / 10 - 1), 7);
	turns_until_over(2);
	assert_int_equal(fake.reads, 3);
}

/* Teardown closes while an answer joins. */
static void test_close_in_parts(void **state)
{
	(void)state;
	give_instances(MANY);
	catalogue_add(catalogue, "city", "fake", backend, CAT_REGISTRY, INTERVAL);
	catalogue_want(catalogue, CAT_REGISTRY);
	bench_wait(&bench, &fake.done);
	assert_int_equal(reads_over(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unchanged_keeps_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_an_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_id_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revision, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hints_are_gathered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwanted_is_not_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_in_flight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_and_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_measures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_past, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_past, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_a_past, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_queries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_announced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ten_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_answer_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_in_parts, setup, teardown),
	};

	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
