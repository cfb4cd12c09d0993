/* SPDX-License-Identifier: Apache-2.0 */
/* Staging releases: verified, whole or not at all; pruned and taken back without harm. */
#include "tests/unit/orchestrator-host/scripts.h"

#include <sys/mount.h>

static struct host h;
static const char *shell;

static int set_up(void **state)
{
	(void)state;
	host_open(&h, shell);
	host_claim(&h);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	host_close(&h);
	reply_release(&last);
	return 0;
}

static void begin(const char *release, const char *digest)
{
	call(&h, REMOTE_STAGE_BEGIN,
	     ARGS({"release", release}, {"digest", digest}, {"need_kb", "1"}));
}

/* An archive with bin/run, log/old and conf; its digest. Lies at root/a.tgz and root/a.tar. */
static char *make_archive(const char *name, bool gzip)
{
	char *command = sl_asprintf("cd '%s' && mkdir -p t/bin t/log && echo run >t/bin/run && "
				    "echo old >t/log/old && echo shipped >t/conf && "
				    "tar -C t -c%sf '%s' . && rm -r t",
				    h.root, gzip ? "z" : "", name);
	assert_int_equal(system(command), 0);
	free(command);
	char *out = text_at("%s", "");
	FILE *p = popen(text_at("sha256sum <'%s/%s'", h.root, name), "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%64[0-9a-f]", out), 1);
	pclose(p);
	return out;
}

static void upload(const char *name)
{
	rename(text_at("%s/%s", h.root, name), get(&last, "upload"));
}

static void assert_file(const char *path, const char *want)
{
	char *text = get_text(path);

	if (!text)
		fail_msg("%s is not there", path);
	assert_string_equal(text, want);
	free(text);
}

static void test_archive_with_everything(void **state)
{
	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		const char *r = gzip ? "2.0 b$'" : "1.0";
		char *digest = make_archive("a", gzip);

		begin(r, digest);
		assert_ok();
		upload("a");
		for (int again = 0; again < 2; again++) {
			call(&h, REMOTE_STAGE_FINISH,
			     ARGS({"release", r}, {"digest", digest},
				  {"kind", gzip ? "tgz" : "tar"}, {"shared", "log\nvar/up loads*"},
				  {"files",
				   "640 conf bmV3Cg==\n755 bin/sub/it%27s%20%C3%BC eA==\n600 "
				   "empty "}));
			assert_ok();
			assert_answer("present", "yes");
		}
		char *base = text_at("%s/releases/%s", h.dir, r);
		assert_file(text_at("%s/bin/run", base), "run\n");
		assert_file(text_at("%s/conf", base), "new\n");
		assert_file(text_at("%s/empty", base), "");
		assert_file(text_at("%s/bin/sub/it's \xc3\xbc", base), "x");
		struct stat st;
		assert_int_equal(stat(text_at("%s/conf", base), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0640);
		put_text(text_at("%s/log/x", base), "kept", 0644);
		assert_file(text_at("%s/shared/log/x", h.dir), "kept");
		assert_true(is_there(text_at("%s/shared/var/up loads*", h.dir)));
		assert_false(is_there(text_at("%s/releases/.tmp-" RUN, h.dir)));
		begin(r, digest);
		assert_answer("present", "yes");
		call(&h, REMOTE_LOOK, ARGS({"links", "current:0"}));
		assert_answer("release", gzip ? "1.0" : r);
	}
}

static void test_single_file(void **state)
{
	(void)state;
	host_stage(&h, "1", "#!/bin/sh\n");
	struct stat st;
	assert_int_equal(stat(text_at("%s/releases/1/svc", h.dir), &st), 0);
	assert_true(st.st_mode & 0100);
	call(&h, REMOTE_LOOK, ARGS({"links", "current:0"}));
	assert_answer("release.1.digest", sha256_of("#!/bin/sh\n"));
}

static void test_what_arrived_is_another(void **state)
{
	(void)state;
	const char *digest = sha256_of("right");

	begin("1", digest);
	put_text(get(&last, "upload"), "wrong", 0600);
	struct args a = ARGS({"release", "1"}, {"digest", digest}, {"kind", "file"}, {"name", "f"});
	call(&h, REMOTE_STAGE_FINISH, a);
	assert_refused("failed");
	assert_non_null(strstr(get(&last, "message"), sha256_of("wrong")));
	assert_false(is_there(text_at("%s/releases/1", h.dir)));
	/* The right bytes later do. */
	begin("1", digest);
	put_text(get(&last, "upload"), "right", 0600);
	call(&h, REMOTE_STAGE_FINISH, a);
	assert_ok();
}

static void test_refusals(void **state)
{
	(void)state;
	const char *digest = sha256_of("x");
	static const char *const bad[] = {"", ".hidden", "..", "a/b", "a\nb"};
	for (size_t i = 0; i < SL_COUNT(bad); i++) {
		begin(bad[i], digest);
		assert_refused("input");
	}
	call(&h, REMOTE_STAGE_FINISH,
	     ARGS({"release", "1"}, {"digest", digest}, {"kind", "file"}, {"name", "f"}));
	assert_refused("missing");
	static const char *const files[] = {
		"644 ../x eA==", "644 /etc/x eA==", "9z9 x eA==", "644 a/../../x eA=="};
	for (size_t i = 0; i < SL_COUNT(files); i++) {
		begin("1", digest);
		put_text(get(&last, "upload"), "x", 0600);
		call(&h, REMOTE_STAGE_FINISH,
		     ARGS({"release", "1"}, {"digest", digest}, {"kind", "file"}, {"name", "f"},
			  {"files", files[i]}));
		assert_refused("input");
	}
	begin("1", digest);
	put_text(get(&last, "upload"), "x", 0600);
	call(&h, REMOTE_STAGE_FINISH, ARGS({"release", "1"}, {"digest", digest}, {"kind", "tgz"}));
	assert_refused("failed"); /* not an archive */
	assert_false(is_there(text_at("%s/releases/1", h.dir)));
}

static void test_other_content_is_a_conflict(void **state)
{
	(void)state;
	host_stage(&h, "1", "one");
	begin("1", sha256_of("two"));
	assert_refused("conflict");
	/* Without a marker it is what a broken copy left, unless it is live. */
	unlink(text_at("%s/releases/1/.sluice-release", h.dir));
	assert_int_equal(symlink("releases/1", text_at("%s/current", h.dir)), 0);
	begin("1", sha256_of("two"));
	assert_refused("conflict");
	unlink(text_at("%s/current", h.dir));
	host_stage(&h, "1", "two");
	assert_file(text_at("%s/releases/1/svc", h.dir), "two");
}

static void test_too_little_room_by_df(void **state)
{
	(void)state;
	call(&h, REMOTE_STAGE_BEGIN,
	     ARGS({"release", "1"}, {"digest", "d"}, {"need_kb", "999999999999"}));
	assert_refused("space");
	assert_false(is_there(text_at("%s/releases/.tmp-" RUN, h.dir)));
}

/* A real full disk needs a disk of our own. */
static bool mount_small(const char *path)
{
	if (mount("none", path, "tmpfs", 0, "size=256k") == 0)
		return true;
	printf("SKIP: a full disk needs the right to mount a tmpfs\n");
	return false;
}

static void test_full_disk(void **state)
{
	(void)state;
	char *big = sl_alloc(200001);

	memset(big, 'x', 200000);
	make_folder(text_at("%s/releases", h.dir));
	char *place = sl_strdup(text_at("%s/releases", h.dir));
	if (!mount_small(place)) {
		free(place);
		free(big);
		skip();
	}
	/* The upload fits, its unpacked copy with one more file does not. */
	const char *digest = sha256_of(big);
	begin("1", digest);
	assert_ok();
	put_text(get(&last, "upload"), big, 0600);
	char *half = sl_strndup(big, 133332); /* 100 kB in base64 */
	char *files = sl_asprintf("644 more %s", half);
	memset(files + 9, 'A', 133332);
	call(&h, REMOTE_STAGE_FINISH,
	     ARGS({"release", "1"}, {"digest", digest}, {"kind", "file"}, {"name", "f"},
		  {"files", files}));
	assert_refused("space");
	assert_false(is_there(text_at("%s/1", place)));
	call(&h, REMOTE_UNSTAGE, ARGS({"release", "1"}));
	assert_ok();
	assert_false(is_there(text_at("%s/.tmp-" RUN, place)));
	free(files);
	free(half);
	assert_int_equal(umount(place), 0);
	free(place);
	free(big);
}

/* A swap on a full disk is refused before it has stopped anything. */
static void test_swap_on_a_full_disk(void **state)
{
	(void)state;
	char filler[4096];

	host_close(&h);
	host_open(&h, shell);
	make_folder(h.dir);
	if (!mount_small(h.dir))
		skip();
	host_claim(&h);
	host_put_release(&h, "1", "#!/bin/sh\nexec sleep 1000\n");
	host_put_release(&h, "2", "#!/bin/sh\nexec sleep 1001\n");
	struct args a =
		ARGS({"link", "current"}, {"release", "1"}, {"spec", "s1"}, {"runtime", "process"},
		     {"command", "exec ./svc"}, {"liveness", "0.1"});
	call(&h, REMOTE_SWAP, a);
	assert_answer("rc", "0");
	memset(filler, 'x', sizeof filler);
	int fd = open(text_at("%s/filler", h.dir), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, filler, sizeof filler) > 0)
		;
	close(fd);
	strcpy(h.step, "2");
	call(&h, REMOTE_SWAP,
	     ARGS({"link", "current"}, {"release", "2"}, {"spec", "s2"}, {"runtime", "process"},
		  {"command", "exec ./svc"}, {"prior_release", "1"}, {"prior_spec", "s1"}));
	assert_refused("space");
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	assert_answer("running", "1");
	kill(-atoi(get(&last, "pid")), SIGKILL);
	for (int i = 0; i < 200 && umount(h.dir) != 0; i++)
		nap_ms(10);
	assert_int_equal(rmdir(h.dir), 0);
}

static void test_unstage(void **state)
{
	(void)state;
	host_stage(&h, "1", "one");
	host_stage(&h, "2", "two");
	assert_int_equal(symlink("releases/1", text_at("%s/current-1", h.dir)), 0);
	static const char *const names[] = {"1", "2", "2", "never"};
	for (size_t i = 0; i < SL_COUNT(names); i++) {
		begin("x", "d");
		call(&h, REMOTE_UNSTAGE, ARGS({"release", names[i]}));
		assert_ok();
	}
	assert_true(is_there(text_at("%s/releases/1/svc", h.dir)));
	assert_false(is_there(text_at("%s/releases/2", h.dir)));
	assert_false(is_there(text_at("%s/releases/.tmp-" RUN, h.dir)));
}

static void set_age(const char *release, int age)
{
	struct timespec t[2] = {{time(NULL) - age, 0}, {time(NULL) - age, 0}};

	assert_int_equal(utimensat(AT_FDCWD,
				   text_at("%s/releases/%s/.sluice-release", h.dir, release), t, 0),
			 0);
}

static void test_prune(void **state)
{
	(void)state;
	static const char *const names[] = {"-6", "5", "4 four", "3", "2", "1"};
	for (size_t i = 0; i < SL_COUNT(names); i++) {
		host_put_release(&h, names[i], "x");
		set_age(names[i], (int)(10 - i) * 100);
	}
	make_folder(text_at("%s/releases/foreign", h.dir));
	assert_int_equal(symlink("releases/-6", text_at("%s/current-1", h.dir)), 0);
	put_text(text_at("%s/steps/old-run-1.rc", h.sluice), "rc=0\n", 0600);
	put_text(text_at("%s/steps/" RUN "-1.rc", h.sluice), "rc=0\n", 0600);
	put_text(text_at("%s/specs/current-s1", h.sluice), "", 0600);
	put_text(text_at("%s/specs/current-s1.of", h.sluice), "5\n3\n", 0600);
	put_text(text_at("%s/specs/current-s2", h.sluice), "", 0600);
	put_text(text_at("%s/specs/current-s2.of", h.sluice), "5\n1\n", 0600);
	call(&h, REMOTE_PRUNE, ARGS({"keep", "2"}, {"spare", "4 four\nunknown"}));
	assert_ok();
	assert_answer("removed", "3");
	static const char *const kept[] = {"-6", "4 four", "2", "1", "foreign"};
	for (size_t i = 0; i < SL_COUNT(kept); i++)
		if (!is_there(text_at("%s/releases/%s", h.dir, kept[i])))
			fail_msg("%s was pruned", kept[i]);
	assert_false(is_there(text_at("%s/releases/5", h.dir)));
	assert_false(is_there(text_at("%s/releases/3", h.dir)));
	assert_false(is_there(text_at("%s/steps/old-run-1.rc", h.sluice)));
	assert_true(is_there(text_at("%s/steps/" RUN "-1.rc", h.sluice)));
	assert_false(is_there(text_at("%s/specs/current-s1", h.sluice)));
	assert_true(is_there(text_at("%s/specs/current-s2", h.sluice)));
	assert_false(is_there(text_at("%s/releases/.tmp-" RUN, h.dir)));
	call(&h, REMOTE_PRUNE, ARGS({"keep", "2"}, {"spare", "4 four"}));
	assert_ok();
	assert_answer("removed", "(none)");
	call(&h, REMOTE_PRUNE, ARGS({"keep", "x"}));
	assert_refused("input");
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(test_archive_with_everything),
		TEST(test_single_file),
		TEST(test_what_arrived_is_another),
		TEST(test_refusals),
		TEST(test_other_content_is_a_conflict),
		TEST(test_too_little_room_by_df),
		TEST(test_full_disk),
		TEST(test_swap_on_a_full_disk),
		TEST(test_unstage),
		TEST(test_prune),
	};
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_on_shells(&shell, group);
}
