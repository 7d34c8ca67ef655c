/* SPDX-License-Identifier: BSD-2-Clause */
/* The kept versions of lists: written whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "keep/keep.h"
#include "support/scratch.h"

#define SOMEBODY 12345U /* an ID that is nobody's */
#define LARGE 300000U
#define SMALL 64
#define TEXT_MAX 4096
#define MODE_BITS 07777U
#define NEXT_YEAR_S 1900000000

static int set_up(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	scratch_make(s);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* ---- the directory */

static void test_prepare(void **state)
{
	static const char *const made[] = {"state", "state/of", "state/of/lists"};
	struct scratch *s = *state;
	uid_t uid = geteuid() == 0 ? SOMEBODY : geteuid();
	gid_t gid = geteuid() == 0 ? SOMEBODY : getegid();
	struct stat before = stat_of(s->path);
	struct err_text text;

	assert_int_equal(keep_prepare(scratch_path(s, "state/of/lists"), uid, gid, &text), ERR_OK);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		struct stat st = stat_of(scratch_path(s, made[i]));

		assert_true(S_ISDIR(st.st_mode));
		/* the last is the user's alone; the others are ours, and anybody may pass them */
		assert_int_equal(st.st_mode & MODE_BITS, i < 2 ? 0755 : 0700);
		assert_int_equal(st.st_uid, i < 2 ? geteuid() : uid);
		assert_int_equal(st.st_gid, i < 2 ? getegid() : gid);
	}
	assert_int_equal(stat_of(s->path).st_uid, before.st_uid); /* it was there */
	assert_int_equal(chmod(scratch_path(s, "state"), 0750), 0);
	assert_int_equal(keep_prepare(scratch_path(s, "state/of/lists"), uid, gid, &text), ERR_OK);
	assert_int_equal(stat_of(scratch_path(s, "state")).st_mode & MODE_BITS, 0750);
}

static void test_prepare_ways_to_write_it(void **state)
{
	static const struct {
		const char *written;
		const char *made;
	} rows[] = {
		{"slash/", "slash"},
		{"two//slashes", "two/slashes"},
		{"./dot/./dot", "dot/dot"},
	};
	struct scratch *s = *state;
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err_text text;

	assert_true(before >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			keep_prepare(scratch_path(s, rows[i].written), geteuid(), getegid(), &text),
			ERR_OK);
		assert_true(S_ISDIR(stat_of(scratch_path(s, rows[i].made)).st_mode));
	}
	assert_int_equal(chdir(s->path), 0);
	assert_int_equal(keep_prepare("relative/path", geteuid(), getegid(), &text), ERR_OK);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_true(S_ISDIR(stat_of(scratch_path(s, "relative/path")).st_mode));
}

static void expect_not_prepared(const char *directory, const char *why)
{
	struct err_text text = {""};

	assert_int_equal(keep_prepare(directory, geteuid(), getegid(), &text), ERR_SYS);
	assert_non_null(strstr(text.text, why));
}

static void test_prepare_fails(void **state)
{
	struct scratch *s = *state;
	char long_path[PATH_MAX + SMALL];

	scratch_write(s, "file", "not a directory\n");
	expect_not_prepared(scratch_path(s, "file"), "/file: Not a directory");
	expect_not_prepared(scratch_path(s, "file/state"), ": Not a directory");
	expect_not_prepared("/proc/sinkholed/state", "/proc/sinkholed: ");
	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	expect_not_prepared(long_path, "");
	assert_int_equal(symlink("nowhere", scratch_path(s, "dangling")), 0);
	expect_not_prepared(scratch_path(s, "dangling"), "/dangling: ");
}

static void test_path(void **state)
{
	char path[PATH_MAX];

	keep_path("/var/lib/sinkholed", "waledac", path);
	assert_string_equal(path, "/var/lib/sinkholed/waledac.list");
	keep_path("run/state", "a.list", path);
	assert_string_equal(path, "run/state/a.list.list");
}

/* ---- stored */

/* Where the version of list "x" is kept, in the directory itself. */
static const char *kept(const struct scratch *s)
{
	return scratch_path(s, "x.list");
}

/* As a load does, that reads `step` octets at a time. */
static enum err store_in(const char *directory, const char *file, size_t step,
			 struct err_text *text)
{
	static char content[LARGE + 1];
	long len = scratch_read(file, content, sizeof(content));
	struct keep_copy copy;
	bool is_new = false;
	enum err err;

	assert_true(len >= 0);
	keep_begin(directory, "x", &copy);
	for (size_t at = 0; at < (size_t)len; at += step)
		keep_take(&copy, content + at, (size_t)len - at < step ? (size_t)len - at : step);
	err = keep_end(&copy, true, &is_new, text);
	return err == ERR_OK && is_new ? keep_commit(directory, "x", text) : err;
}

static enum err store(const struct scratch *s, const char *file)
{
	struct err_text text = {""};
	enum err err = store_in(s->path, file, SMALL, &text);

	assert_int_equal(err == ERR_OK, text.text[0] == '\0');
	return err;
}

static void expect_kept(const struct scratch *s, const char *content)
{
	char buf[TEXT_MAX];

	if (!content) {
		assert_int_equal(scratch_read(kept(s), buf, sizeof(buf)), -1);
		return;
	}
	assert_true(scratch_read(kept(s), buf, sizeof(buf)) >= 0);
	assert_string_equal(buf, content);
}

static void expect_no_temporary(const struct scratch *s)
{
	assert_int_equal(access(scratch_path(s, "x.list.new"), F_OK), -1);
}

static void test_store(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\nb.example\n");
	struct stat st;

	assert_int_equal(store(s, file), ERR_OK);
	expect_kept(s, "a.example\nb.example\n");
	expect_no_temporary(s);
	st = stat_of(kept(s));
	assert_int_equal(st.st_mode & MODE_BITS, 0600);
	assert_int_equal(scratch_count(s->path), 2);
}

/* What is kept already is not written again, at the next start neither. */
static void test_store_again(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");
	struct stat first;
	struct stat second;

	assert_int_equal(store(s, file), ERR_OK);
	first = stat_of(kept(s));
	assert_int_equal(store(s, file), ERR_OK);
	second = stat_of(kept(s));
	assert_true(file_same_version(&first, &second));
}

/* Another version takes its place at once; who reads the old one reads it to its end. */
static void test_store_another(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");
	char buf[SMALL] = "";
	struct stat first;
	struct stat second;
	int reader;

	assert_int_equal(store(s, file), ERR_OK);
	first = stat_of(kept(s));
	reader = open(kept(s), O_RDONLY | O_CLOEXEC);
	file = scratch_write(s, "source", "a.example\nb.example\n");
	assert_int_equal(store(s, file), ERR_OK);
	expect_kept(s, "a.example\nb.example\n");
	expect_no_temporary(s);
	second = stat_of(kept(s));
	assert_int_not_equal(first.st_ino, second.st_ino);
	assert_int_equal(read(reader, buf, sizeof(buf)), 10);
	assert_string_equal(buf, "a.example\n");
	close(reader);
}

/* Wherever two versions begin to differ, and whatever is read at a time. */
static void test_store_differing(void **state)
{
	static const char *const versions[] = {
		"",
		"a.example\n",
		"b.example\n",
		"a.exbmple\n",
		"a.example\nb.example\n",
		"a.example\nb.example\nc",
		"a.example\nb.example\nc.example\n",
	};
	const size_t count = sizeof(versions) / sizeof(versions[0]);
	struct scratch *s = *state;
	struct err_text text;

	for (size_t i = 0; i < count * count; i++)
		for (size_t step = 1; step < SMALL; step += step) {
			scratch_write(s, "x.list", versions[i / count]);
			scratch_write(s, "source", versions[i % count]);
			assert_int_equal(store_in(s->path, scratch_path(s, "source"), step, &text),
					 ERR_OK);
			expect_kept(s, versions[i % count]);
			expect_no_temporary(s);
		}
}

/* Of the same size and the same times, as of files that were copied with them. */
static void test_store_same_times(void **state)
{
	struct scratch *s = *state;
	const struct timespec times[2] = {{.tv_sec = NEXT_YEAR_S}, {.tv_sec = NEXT_YEAR_S}};
	const char *file = scratch_write(s, "source", "a.example\n");

	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
	assert_int_equal(store(s, file), ERR_OK);
	file = scratch_write(s, "source", "b.example\n");
	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
	assert_int_equal(store(s, file), ERR_OK);
	expect_kept(s, "b.example\n");
}

static void test_store_large(void **state)
{
	struct scratch *s = *state;
	char *content = malloc(LARGE + 1);
	char *copy = malloc(LARGE + 1);
	const char *file;

	assert_true(content && copy);
	for (size_t i = 0; i < LARGE; i++)
		content[i] = (char)('a' + i % 23);
	content[LARGE] = '\0';
	file = scratch_write(s, "source", content);
	assert_int_equal(store(s, file), ERR_OK);
	assert_int_equal(scratch_read(kept(s), copy, LARGE + 1), LARGE);
	assert_memory_equal(copy, content, LARGE);
	free(content);
	free(copy);
}

/* What a crash has left is no obstacle. */
static void test_store_after_crash(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");

	scratch_write(s, "x.list.new", "a half of something that is longer\n");
	assert_int_equal(store(s, file), ERR_OK);
	expect_kept(s, "a.example\n");
	expect_no_temporary(s);
}

static void test_ends_well(void **state)
{
	static const struct {
		const char *content;
		bool well;
	} rows[] = {{"a\nb\n", true}, {"a\nb", false}, {"", false}, {"\n", true}, {NULL, false}};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].content)
			scratch_write(s, "x.list", rows[i].content);
		else
			unlink(kept(s));
		assert_int_equal(keep_ends_well(s->path, "x"), rows[i].well);
	}
}

/* What is not wanted, or is dropped, leaves the version before. */
static void test_drop(void **state)
{
	struct scratch *s = *state;
	struct keep_copy copy;
	struct err_text text;
	bool is_new = true;

	scratch_write(s, "x.list", "a.example\n");
	for (int dropped = 0; dropped < 2; dropped++) {
		keep_begin(s->path, "x", &copy);
		keep_take(&copy, "b", 1);
		assert_int_equal(keep_end(&copy, dropped, &is_new, &text), ERR_OK);
		assert_int_equal(is_new, dropped);
		if (dropped)
			keep_drop(s->path, "x");
		expect_no_temporary(s);
		expect_kept(s, "a.example\n");
	}
	assert_int_equal(keep_commit(s->path, "x", &text), ERR_SYS);
	expect_kept(s, "a.example\n");
}

/* ---- not to be written, not to be read */

static void expect_not_stored(const char *directory, const char *file, const char *why)
{
	struct err_text text = {""};

	assert_int_equal(store_in(directory, file, SMALL, &text), ERR_SYS);
	assert_non_null(strstr(text.text, why));
}

static void test_store_fails(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");
	char content[SMALL];

	expect_not_stored(scratch_path(s, "missing"), file,
			  "/missing/x.list.new: No such file or directory");
	expect_not_stored("/proc", file, "/proc/x.list.new: ");
	assert_int_equal(mkdir(kept(s), 0700), 0);
	expect_not_stored(s->path, file, "/x.list: ");
	expect_no_temporary(s);
	assert_int_equal(rmdir(kept(s)), 0);
	scratch_write(s, "precious", "precious\n");
	assert_int_equal(symlink("precious", scratch_path(s, "x.list.new")), 0);
	expect_not_stored(s->path, file, "/x.list.new: ");
	assert_true(scratch_read(scratch_path(s, "precious"), content, sizeof(content)) > 0);
	assert_string_equal(content, "precious\n");
	expect_kept(s, NULL);
}

/* No room for all of it: nothing of it stays. */
static void test_store_without_room(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\nb.example\n");
	struct rlimit before;
	struct rlimit little;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	little.rlim_cur = 8;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	expect_not_stored(s->path, file, "File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	expect_kept(s, NULL);
	expect_no_temporary(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prepare),
		TEST(test_prepare_ways_to_write_it),
		TEST(test_prepare_fails),
		cmocka_unit_test(test_path),
		TEST(test_store),
		TEST(test_store_again),
		TEST(test_store_another),
		TEST(test_store_differing),
		TEST(test_store_same_times),
		TEST(test_store_large),
		TEST(test_store_after_crash),
		TEST(test_ends_well),
		TEST(test_drop),
		TEST(test_store_fails),
		TEST(test_store_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
