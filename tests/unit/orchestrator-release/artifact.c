/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/release/artifact.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

/* Rows say what matters in them; the rest is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct made {
	const char *name;
	mode_t mode; /* 0 = a plain file, 0644 */
	const char *symlink, *hardlink;
	const char *content;
};

struct temp {
	char folder[256];
	char path[300];
};

static void temp_make(struct temp *t, const char *file)
{
	const char *base = getenv("TMPDIR");

	snprintf(t->folder, sizeof t->folder, "%s/sluice-artifact-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(t->folder));
	snprintf(t->path, sizeof t->path, "%s/%s", t->folder, file);
}

static void temp_drop(struct temp *t)
{
	unlink(t->path);
	assert_int_equal(rmdir(t->folder), 0);
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void add_member(struct archive *a, const struct made *m)
{
	struct archive_entry *entry = archive_entry_new();
	mode_t mode = m->mode ? m->mode : (S_IFREG | 0644);
	const char *content = m->content ? m->content : "";

	archive_entry_set_pathname(entry, m->name);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, S_ISREG(mode) ? (la_int64_t)strlen(content) : 0);
	if (m->symlink)
		archive_entry_set_symlink(entry, m->symlink);
	if (m->hardlink) {
		archive_entry_set_hardlink(entry, m->hardlink);
		archive_entry_set_size(entry, 0);
	}
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	if (S_ISREG(mode) && *content && !m->hardlink)
		assert_int_equal(archive_write_data(a, content, strlen(content)), strlen(content));
	archive_entry_free(entry);
}

static void write_archive(const char *path, bool gzip, const struct made *members, size_t n)
{
	struct archive *a = archive_write_new();
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = uselocale(utf8);

	archive_write_set_format_pax_restricted(a);
	if (gzip)
		archive_write_add_filter_gzip(a);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		add_member(a, &members[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	uselocale(before);
	freelocale(utf8);
}

#define D (S_IFDIR | 0755)
#define L (S_IFLNK | 0777)
#define F (S_IFREG | 0644)

struct row {
	const char *what;
	struct made members[6];
	const char *says; /* NULL = accepted; else these words are in the message */
	size_t count;     /* accepted: members */
};

static const struct row rows[] = {
	{"plain", {{"bin/", D}, {"bin/run", S_IFREG | 0755, .content = "x"}}, NULL, 2},
	{"dot slash", {{"./", D}, {"./a", F}, {"./b/c", F}}, NULL, 3},
	{"folder twice", {{"a/", D}, {"./a", D}, {"a/b", F}}, NULL, 3},
	{"inner link", {{"v1/", D}, {"v1/x", F}, {"cur", L, "v1"}, {"v1/y", L, "./x"}}, NULL, 4},
	{"link up and in", {{"a/b/", D}, {"a/b/l", L, "../../c/d"}, {"c/", D}}, NULL, 3},
	{"dangling but inside", {{"l", L, "not/there"}}, NULL, 1},
	{"link to its own folder", {{"a/l", L, ".."}}, NULL, 1},
	{"hard link", {{"a", F, .content = "x"}, {"b/c", F, NULL, "./a"}}, NULL, 2},
	{"unicode", {{"\xe8\xae\xa2\xe5\x8d\x95/\xe6\x96\x87\xe4\xbb\xb6", F}}, NULL, 1},
	{"spaces and quotes", {{"a b/'c' \"d\" $(e) `f`", F}}, NULL, 1},
	{"setgid folder", {{"a/", S_IFDIR | S_ISGID | 0755}}, NULL, 1},

	{"absolute", {{"ok", F}, {"/etc/passwd", F}}, "'/etc/passwd' has an absolute path"},
	{"climbs", {{"../x", F}}, "'../x' has '..' in its path"},
	{"climbs inside", {{"a/../../x", F}}, "has '..'"},
	{"climbs at the end", {{"a/..", D}}, "has '..'"},
	{"link absolute", {{"l", L, "/etc"}}, "member 'l' is a symbolic link to '/etc'"},
	{"link out", {{"l", L, "../x"}}, "leads outside"},
	{"link out deeper", {{"a/", D}, {"a/l", L, "../../x"}}, "leads outside"},
	{"link out through a link", {{"a/l", L, ".."}, {"m", L, "a/l/../x"}}, "'m' is a symbolic"},
	{"link out through a later link",
	 {{"m", L, "a/l/../x"}, {"a/l", L, ".."}},
	 "'m' is a symbolic"},
	{"link in circles", {{"a", L, "b"}, {"b", L, "a"}}, "in circles"},
	{"file through a link", {{"l", L, "a"}, {"l/x", F}}, "lies below 'l', which is a symbolic"},
	{"file through a later link", {{"l/x", F}, {"l", L, "a"}}, "lies below 'l'"},
	{"file below a file", {{"f", F}, {"f/x", F}}, "lies below 'f', which is a file"},
	{"hard link out", {{"h", F, NULL, "/etc/passwd"}}, "hard link to '/etc/passwd'"},
	{"hard link up", {{"h", F, NULL, "../x"}}, "leads outside"},
	{"hard link to a symlink", {{"a/l", L, "../x"}, {"h", F, NULL, "a/l"}}, "is no file"},
	{"hard link to what comes later", {{"h", F, NULL, "x"}, {"x", F}}, "is no file"},
	{"device", {{"d", S_IFCHR | 0600}}, "is a device"},
	{"block device", {{"d", S_IFBLK | 0600}}, "is a device"},
	{"fifo", {{"p", S_IFIFO | 0600}}, "is a FIFO"},
	{"setuid", {{"s", S_IFREG | S_ISUID | 0755}}, "setuid"},
	{"setgid", {{"s", S_IFREG | S_ISGID | 0755}}, "setgid"},
	{"newline", {{"a\nb", F}}, "control bytes"},
	{"escape", {{"a\033[2Jb", F}}, "control bytes"},
	{"escape in a target", {{"l", L, "a\033[2Jb"}}, "control bytes"},
	{"newline in a hard target", {{"l", F, NULL, "a\nb"}}, "control bytes"},
	{"twice", {{"a", F}, {"./a", F}}, "'./a' is in the archive twice"},
	{"folder then link", {{"a/", D}, {"a", L, "b"}}, "twice"},
	{"marker", {{".sluice-release", F}}, "marker"},
	{"root is a link", {{".", L, "x"}}, "would replace"},
};

static void check_row(const struct row *row, bool gzip)
{
	struct temp t;
	struct artifact got;
	struct sl_error e = {.code = SL_OK};
	size_t n = 0;
	int rc;

	while (n < SL_COUNT(row->members) && row->members[n].name)
		n++;
	temp_make(&t, gzip ? "app-1.0.tgz" : "app-1.0.tar");
	write_archive(t.path, gzip, row->members, n);
	rc = artifact_check(t.path, NULL, &got, &e);
	if (row->says) {
		if (rc != SL_EINPUT || !strstr(e.msg, row->says))
			fail_msg("%s: rc %d, message '%s'", row->what, rc, e.msg);
		assert_non_null(strstr(e.msg, t.path));
		if (!sl_text_is_clean(e.msg, strlen(e.msg)))
			fail_msg("%s: unclean message: %s", row->what, e.msg);
	} else {
		if (rc)
			fail_msg("%s: refused: %s", row->what, e.msg);
		assert_int_equal(got.members, row->count);
		assert_int_equal(got.kind, gzip ? ARTIFACT_TGZ : ARTIFACT_TAR);
	}
	temp_drop(&t);
}

static void test_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		check_row(&rows[i], true);
		check_row(&rows[i], false);
	}
}

/* The digest is of the whole file, padding and trailing bytes included, as sha256sum says it. */
static void test_digest(void **state)
{
	static const struct made one[] = {{"a", F, .content = "hello"}};
	struct temp t;
	struct artifact got;
	struct sl_error e;
	char command[400], line[80] = "";
	FILE *p;

	(void)state;
	temp_make(&t, "x.tgz");
	write_archive(t.path, true, one, 1);
	p = fopen(t.path, "ae");
	assert_non_null(p);
	fputs("after the end", p);
	fclose(p);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_OK);
	snprintf(command, sizeof command, "sha256sum < '%s'", t.path);
	p = popen(command, "re");
	assert_non_null(p);
	assert_non_null(fgets(line, sizeof line, p));
	pclose(p);
	assert_memory_equal(line, got.sha256, 64);
	assert_int_equal(got.unpacked, 5);
	for (char *c = line; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
	line[64] = '\0';
	assert_int_equal(artifact_check(t.path, line, &got, &e), SL_OK);
	line[0] = line[0] == '0' ? '1' : '0';
	assert_int_equal(artifact_check(t.path, line, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, line));
	assert_non_null(strstr(e.msg, got.sha256));
	temp_drop(&t);
}

static void test_single_file(void **state)
{
	struct temp t;
	struct artifact got;
	struct sl_error e;

	(void)state;
	temp_make(&t, "tool");
	write_file(t.path, "abc", 3);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_OK);
	assert_int_equal(got.kind, ARTIFACT_FILE);
	assert_string_equal(artifact_kind_name(got.kind), "file");
	assert_int_equal(got.size, 3);
	assert_int_equal(got.unpacked, 3);
	assert_int_equal(got.members, 1);
	assert_string_equal(got.sha256,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	temp_drop(&t);
}

struct broken {
	const char *what, *file, *says;
	const char *content;
	size_t len;
};

static void test_not_an_archive(void **state)
{
	static const struct broken table[] = {
		{"text", "a.tgz", "no readable", "hello, this is no archive at all", 32},
		{"empty", "a.tgz", "no readable", "", 0},
		{"empty tar", "a.tar", "no readable", "", 0},
		{"gzip head only", "a.tgz", "", "\x1f\x8b\x08\0\0\0\0\0\0\3", 10},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct temp t;
		struct artifact got;
		struct sl_error e;

		temp_make(&t, table[i].file);
		write_file(t.path, table[i].content, table[i].len);
		if (artifact_check(t.path, NULL, &got, &e) != SL_EINPUT ||
		    !strstr(e.msg, table[i].says))
			fail_msg("%s: '%s'", table[i].what, e.msg);
		temp_drop(&t);
	}
}

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *data = sl_alloc(1 << 20);

	assert_non_null(f);
	*len = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

/* Cut or damaged anywhere: refused, never half accepted. */
static void test_damage(void **state)
{
	static const struct made two[] = {{"a", F, .content = "hello"}, {"b", F, .content = "x"}};
	struct temp t;
	struct artifact got;
	struct sl_error e;
	size_t len;
	char *data;

	(void)state;
	temp_make(&t, "x.tar");
	write_archive(t.path, false, two, 2);
	data = slurp(t.path, &len);
	data[1024 + 20] ^= 1; /* inside the second header's name */
	write_file(t.path, data, len);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "damaged after 1 members"));
	data[1024 + 20] ^= 1;
	write_file(t.path, data, 1024 + 100);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "damaged"));
	write_file(t.path, data, len);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_OK);
	free(data);
	temp_drop(&t);
}

static void test_gzip_is_gzip(void **state)
{
	static const struct made one[] = {{"a", F}};
	struct temp t;
	struct artifact got;
	struct sl_error e;

	(void)state;
	temp_make(&t, "x.tgz");
	write_archive(t.path, false, one, 1);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "not compressed"));
	temp_drop(&t);
}

static void test_missing(void **state)
{
	struct artifact got;
	struct sl_error e;

	(void)state;
	assert_int_equal(artifact_check("/nowhere/app.tgz", NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "/nowhere/app.tgz"));
	assert_int_equal(artifact_check("/dev/null", NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "not a regular file"));
	assert_int_equal(artifact_check("/tmp", NULL, &got, &e), SL_EINPUT);
}

/* A header may claim any size: the sum is refused before a byte of it is looked at. */
static void test_too_large(void **state)
{
	struct temp t;
	struct artifact got;
	struct sl_error e;
	char header[512] = "huge";
	unsigned sum = 8 * ' ';

	(void)state;
	memcpy(header + 100, "0000644", 7);
	memcpy(header + 124, "210000000000", 12); /* 17 GiB */
	memcpy(header + 156, "0", 1);
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof header; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	temp_make(&t, "x.tar");
	write_file(t.path, header, sizeof header);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "16 GiB"));
	temp_drop(&t);
}

static void test_too_many(void **state)
{
	struct temp t;
	struct artifact got;
	struct sl_error e;
	struct archive *a = archive_write_new();
	char name[32];

	(void)state;
	temp_make(&t, "x.tgz");
	archive_write_set_format_ustar(a);
	archive_write_add_filter_gzip(a);
	archive_write_set_filter_option(a, NULL, "compression-level", "1");
	assert_int_equal(archive_write_open_filename(a, t.path), ARCHIVE_OK);
	for (int i = 0; i <= 100000; i++) {
		snprintf(name, sizeof name, "f%d", i);
		add_member(a, &(struct made){name, F});
	}
	archive_write_close(a);
	archive_write_free(a);
	assert_int_equal(artifact_check(t.path, NULL, &got, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "100000 members"));
	temp_drop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),     cmocka_unit_test(test_digest),
		cmocka_unit_test(test_single_file), cmocka_unit_test(test_not_an_archive),
		cmocka_unit_test(test_damage),      cmocka_unit_test(test_gzip_is_gzip),
		cmocka_unit_test(test_missing),     cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
