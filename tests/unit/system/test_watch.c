/* SPDX-License-Identifier: BSD-2-Clause */
/* What decides where a path leads to.  That changes are told, the functional tests see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/watch.h"
#include "system/watch_path.h"
#include "support/scratch.h"

#define TOLD_MAX 4096

struct told {
	const char *base; /* of the directories, which is left out */
	char text[TOLD_MAX];
};

static void tell(void *arg, const char *dir, const char *name)
{
	struct told *told = arg;
	size_t len = strlen(told->text);
	size_t base = strlen(told->base);

	if (strncmp(dir, told->base, base) == 0)
		dir += base;
	snprintf(told->text + len, sizeof(told->text) - len, "%s:%s ", dir, name);
}

/* The directory may be reached by a link itself. */
static void real_path(const struct scratch *s, char buf[PATH_MAX])
{
	assert_non_null(realpath(s->path, buf));
}

static void test_walk(void **state)
{
	static const struct {
		const char *path;
		const char *told;
	} rows[] = {
		{"file", ":file "},
		{"./dir//deep/../deep/file", "/dir/deep:file "},
		{"absent", ":absent "},
		{"dir/absent/deeper/file", "/dir:absent "},
		{"link", ":link :file "},
		{"away/file", ":away /dir/deep:file "},
		{"dir/up", "/dir:up :link :file "},
		{"volume/one", "/volume:one /volume:data /volume/1:one "},
		{"dangling", ":dangling /dir:gone "},
		{"file/below", ":file "},
	};
	struct scratch *s = *state;
	char base[PATH_MAX];
	char path[PATH_MAX + 64];

	assert_int_equal(mkdir(scratch_path(s, "dir"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(s, "dir/deep"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(s, "volume"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(s, "volume/1"), 0700), 0);
	scratch_write(s, "file", "");
	scratch_write(s, "volume/1/one", "");
	assert_int_equal(symlink("file", scratch_path(s, "link")), 0);
	assert_int_equal(symlink("dir/deep", scratch_path(s, "away")), 0);
	assert_int_equal(symlink("../link", scratch_path(s, "dir/up")), 0);
	assert_int_equal(symlink("1", scratch_path(s, "volume/data")), 0);
	assert_int_equal(symlink("data/one", scratch_path(s, "volume/one")), 0);
	assert_int_equal(symlink("dir/gone", scratch_path(s, "dangling")), 0);
	real_path(s, base);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct told told = {.base = base};

		snprintf(path, sizeof(path), "%s/%s", base, rows[i].path);
		watch_path_walk(path, tell, &told);
		assert_string_equal(told.text, rows[i].told);
	}
}

static void test_absolute_link(void **state)
{
	struct scratch *s = *state;
	struct told told;
	char path[PATH_MAX + 64];
	char base[PATH_MAX];

	real_path(s, base);
	told = (struct told){.base = base};
	snprintf(path, sizeof(path), "%s/target", base);
	assert_int_equal(symlink(path, scratch_path(s, "absolute")), 0);
	snprintf(path, sizeof(path), "%s/absolute", base);
	watch_path_walk(path, tell, &told);
	assert_string_equal(told.text, ":absolute :target ");
}

/* Links that lead round end. */
static void test_round(void **state)
{
	struct scratch *s = *state;
	struct told told;
	char path[PATH_MAX + 64];
	char base[PATH_MAX];

	real_path(s, base);
	told = (struct told){.base = base};
	assert_int_equal(symlink("b", scratch_path(s, "a")), 0);
	assert_int_equal(symlink("a", scratch_path(s, "b")), 0);
	snprintf(path, sizeof(path), "%s/a", base);
	watch_path_walk(path, tell, &told);
	assert_memory_equal(told.text, ":a :b :a ", 9);
	assert_true(strlen(told.text) < 41 * 3 + 1);
}

static void test_relative(void **state)
{
	struct told told = {.base = "/"};
	char cwd[PATH_MAX];
	char expected[PATH_MAX + 16];

	watch_path_walk("absent", tell, &told);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(expected, sizeof(expected), "%s:absent ", cwd + 1);
	assert_string_equal(told.text, expected);
}

/* ---- the watch itself */

static void count_changed(void *arg, const char *path)
{
	(void)path;
	++*(unsigned int *)arg;
}

/* A change is told once, a second after the last one; what was looked at is not told. */
static void test_settles(void **state)
{
	struct scratch *s = *state;
	char one[PATH_MAX];
	char absent[PATH_MAX];
	const char *const paths[] = {one, absent};
	struct event_base *base = event_base_new();
	const struct timeval three = {.tv_sec = 3};
	unsigned int changed = 0;
	struct watch *watch;

	snprintf(one, sizeof(one), "%s", scratch_write(s, "one", "1"));
	snprintf(absent, sizeof(absent), "%s", scratch_path(s, "absent"));
	assert_int_equal(watch_create(base, count_changed, &changed, &watch), ERR_OK);
	assert_int_equal(watch_set(watch, paths, 2), ERR_OK);
	scratch_write(s, "one", "12");
	scratch_write(s, "absent", "1");
	event_base_loopexit(base, &three);
	event_base_dispatch(base);
	assert_int_equal(changed, 1);
	scratch_write(s, "one", "123");
	watch_look(watch);
	event_base_loopexit(base, &three);
	event_base_dispatch(base);
	assert_int_equal(changed, 1);
	/* what has changed while it was not watched is told, and what is watched anew is not */
	scratch_write(s, "one", "1234");
	assert_int_equal(watch_set(watch, paths, 1), ERR_OK);
	assert_int_equal(watch_set(watch, paths, 2), ERR_OK);
	event_base_loopexit(base, &three);
	event_base_dispatch(base);
	assert_int_equal(changed, 2);
	watch_free(watch);
	watch_free(NULL);
	event_base_free(base);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_set_up, scratch_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_walk),     TEST(test_absolute_link), TEST(test_round),
		TEST(test_relative), TEST(test_settles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
