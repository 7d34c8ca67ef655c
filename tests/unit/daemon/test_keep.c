/* SPDX-License-Identifier: BSD-2-Clause */
/* The kept versions of lists: written whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/keep.h"
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

/* ---- versions */

static void test_same_version(void **state)
{
	const struct stat version = {
		.st_dev = 1,
		.st_ino = 2,
		.st_size = 3,
		.st_mtim = {.tv_sec = 4, .tv_nsec = 5},
		.st_ctim = {.tv_sec = 6, .tv_nsec = 7},
	};
	struct stat other[8];

	for (size_t i = 0; i < 8; i++)
		other[i] = version;
	assert_true(keep_same_version(&version, &other[0]));
	other[0].st_atim.tv_sec = 9; /* it was read */
	assert_true(keep_same_version(&version, &other[0]));
	other[1].st_dev++;
	other[2].st_ino++;
	other[3].st_size++;
	other[4].st_mtim.tv_sec++;
	other[5].st_mtim.tv_nsec++;
	other[6].st_ctim.tv_sec++;
	other[7].st_ctim.tv_nsec++;
	for (size_t i = 1; i < 8; i++)
		assert_false(keep_same_version(&version, &other[i]));
}

/* ---- stored */

/* Where the version of list "x" is kept, in the directory itself. */
static const char *kept(const struct scratch *s)
{
	return scratch_path(s, "x.list");
}

static enum err store(const struct scratch *s, const char *file, const struct stat *seen)
{
	struct err_text text = {""};
	enum err err = keep_store(s->path, "x", file, seen, &text);

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
	const struct timespec times[2] = {{.tv_sec = NEXT_YEAR_S}, {.tv_sec = NEXT_YEAR_S}};
	const char *file = scratch_write(s, "source", "a.example\nb.example\n");
	struct stat seen;
	struct stat st;

	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
	seen = stat_of(file);
	assert_int_equal(store(s, file, &seen), ERR_OK);
	expect_kept(s, "a.example\nb.example\n");
	expect_no_temporary(s);
	st = stat_of(kept(s));
	assert_int_equal(st.st_mode & MODE_BITS, 0600);
	assert_int_equal(st.st_mtim.tv_sec, seen.st_mtim.tv_sec);
	assert_int_equal(st.st_mtim.tv_nsec, seen.st_mtim.tv_nsec);
	assert_int_equal(scratch_count(s->path), 2);
}

/* What is kept already is not written again, at the next start neither. */
static void test_store_again(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");
	struct stat seen = stat_of(file);
	struct stat first;
	struct stat second;

	assert_int_equal(store(s, file, &seen), ERR_OK);
	first = stat_of(kept(s));
	assert_int_equal(store(s, file, &seen), ERR_OK);
	second = stat_of(kept(s));
	assert_true(keep_same_version(&first, &second));
}

/* Another version takes its place at once; who reads the old one reads it to its end. */
static void test_store_another(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");
	struct stat seen = stat_of(file);
	char buf[SMALL] = "";
	struct stat first;
	struct stat second;
	int reader;

	assert_int_equal(store(s, file, &seen), ERR_OK);
	first = stat_of(kept(s));
	reader = open(kept(s), O_RDONLY | O_CLOEXEC);
	file = scratch_write(s, "source", "a.example\nb.example\n");
	seen = stat_of(file);
	assert_int_equal(store(s, file, &seen), ERR_OK);
	expect_kept(s, "a.example\nb.example\n");
	expect_no_temporary(s);
	second = stat_of(kept(s));
	assert_int_not_equal(first.st_ino, second.st_ino);
	assert_int_equal(read(reader, buf, sizeof(buf)), 10);
	assert_string_equal(buf, "a.example\n");
	close(reader);
}

/* Of the same size, but not of the same time. */
static void test_store_same_size(void **state)
{
	struct scratch *s = *state;
	const struct timespec times[2] = {{.tv_sec = NEXT_YEAR_S}, {.tv_sec = NEXT_YEAR_S}};
	const char *file = scratch_write(s, "source", "a.example\n");
	struct stat seen = stat_of(file);

	assert_int_equal(store(s, file, &seen), ERR_OK);
	file = scratch_write(s, "source", "b.example\n");
	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
	seen = stat_of(file);
	assert_int_equal(store(s, file, &seen), ERR_OK);
	expect_kept(s, "b.example\n");
}

static void test_store_large(void **state)
{
	struct scratch *s = *state;
	char *content = malloc(LARGE + 1);
	char *copy = malloc(LARGE + 1);
	const char *file;
	struct stat seen;

	assert_true(content && copy);
	for (size_t i = 0; i < LARGE; i++)
		content[i] = (char)('a' + i % 23);
	content[LARGE] = '\0';
	file = scratch_write(s, "source", content);
	seen = stat_of(file);
	assert_int_equal(store(s, file, &seen), ERR_OK);
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
	struct stat seen = stat_of(file);

	scratch_write(s, "x.list.new", "a half of something that is longer\n");
	assert_int_equal(store(s, file, &seen), ERR_OK);
	expect_kept(s, "a.example\n");
	expect_no_temporary(s);
}

/* ---- changed while it was loaded */

static void append_to(const struct scratch *s, const char *file)
{
	FILE *f = fopen(file, "a");

	assert_non_null(f);
	assert_true(fputs("more.example\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void replace(const struct scratch *s, const char *file)
{
	struct stat st = stat_of(file);
	const struct timespec times[2] = {st.st_atim, st.st_mtim};

	scratch_write(s, "source", "c.example\n"); /* of the same size */
	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
}

static void make_pipe(const struct scratch *s, const char *file)
{
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
}

static void make_empty(const struct scratch *s, const char *file)
{
	assert_int_equal(truncate(file, 0), 0);
}

static void test_changed_while_loaded(void **state)
{
	static void (*const changes[])(const struct scratch *s, const char *file) = {
		append_to, replace, make_pipe, make_empty};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *file = scratch_write(s, "source", "a.example\n");
		struct stat seen = stat_of(file);
		const char *before = i == 0 ? NULL : "a.example\n";

		changes[i](s, file);
		assert_int_equal(store(s, file, &seen), ERR_REFUSED);
		expect_kept(s, before); /* what was kept stays */
		expect_no_temporary(s);
		unlink(kept(s));
		file = scratch_write(s, "source", "a.example\n");
		seen = stat_of(file);
		assert_int_equal(store(s, file, &seen), ERR_OK);
	}
}

/* ---- not to be written, not to be read */

static void expect_not_stored(const char *directory, const char *file, const struct stat *seen,
			      const char *why)
{
	struct err_text text = {""};

	assert_int_equal(keep_store(directory, "x", file, seen, &text), ERR_SYS);
	assert_non_null(strstr(text.text, why));
}

static void test_store_fails(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\n");
	struct stat seen = stat_of(file);
	char content[SMALL];

	expect_not_stored(scratch_path(s, "missing"), file, &seen,
			  "/missing/x.list.new: No such file or directory");
	expect_not_stored("/proc", file, &seen, "/proc/x.list.new: ");
	expect_not_stored(s->path, scratch_path(s, "nothing"), &seen,
			  "/nothing: No such file or directory");
	expect_not_stored(s->path, s->path, &seen, "Is a directory");
	expect_no_temporary(s);
	assert_int_equal(mkdir(kept(s), 0700), 0);
	expect_not_stored(s->path, file, &seen, "/x.list: ");
	expect_no_temporary(s);
	assert_int_equal(rmdir(kept(s)), 0);
	scratch_write(s, "precious", "precious\n");
	assert_int_equal(symlink("precious", scratch_path(s, "x.list.new")), 0);
	expect_not_stored(s->path, file, &seen, "/x.list.new: ");
	assert_true(scratch_read(scratch_path(s, "precious"), content, sizeof(content)) > 0);
	assert_string_equal(content, "precious\n");
	expect_kept(s, NULL);
}

/* No room for all of it: nothing of it stays. */
static void test_store_without_room(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_write(s, "source", "a.example\nb.example\n");
	struct stat seen = stat_of(file);
	struct rlimit before;
	struct rlimit little;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	little.rlim_cur = 8;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	expect_not_stored(s->path, file, &seen, "File too large");
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
		cmocka_unit_test(test_same_version),
		TEST(test_store),
		TEST(test_store_again),
		TEST(test_store_another),
		TEST(test_store_same_size),
		TEST(test_store_large),
		TEST(test_store_after_crash),
		TEST(test_changed_while_loaded),
		TEST(test_store_fails),
		TEST(test_store_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
