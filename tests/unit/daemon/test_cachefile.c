/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache's file in the state directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cachefile.h"
#include "support/cachekit.h"
#include "support/lists.h"
#include "support/scratch.h"

#define MODE_BITS 07777U

struct life {
	struct scratch scratch;
	struct snapshot *snapshot;
	struct cache *cache;
	struct kit_key key;
};

static void set_text(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	assert_non_null(*field);
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int set_up(void **state)
{
	struct life *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	scratch_make(&l->scratch);
	l->snapshot = lists_snapshot(1, NULL, 0);
	set_text(&l->snapshot->conf->state.directory, l->scratch.path);
	assert_int_equal(cache_create(1U << 20, &l->cache), ERR_OK);
	kit_key(&l->key, "www.example");
	*state = l;
	return 0;
}

static int tear_down(void **state)
{
	struct life *l = *state;

	snapshot_free(l->snapshot);
	cache_free(l->cache);
	scratch_remove(&l->scratch);
	free(l);
	return 0;
}

static void put(struct life *l)
{
	kit_put(l->cache, &l->snapshot->conf->cache, &l->key, clock_ms(), 3600, 1);
}

/* As a start does, in a new process. */
static void load(struct life *l)
{
	const struct hash_key key = KIT_KEY;

	cache_free(l->cache);
	assert_int_equal(cache_create(1U << 20, &l->cache), ERR_OK);
	scratch_take_stderr(&l->scratch);
	cachefile_load(l->snapshot, l->cache, &key);
	scratch_give_stderr(&l->scratch);
}

static void store(struct life *l)
{
	const struct hash_key key = KIT_KEY;

	scratch_take_stderr(&l->scratch);
	cachefile_store(l->snapshot, l->cache, &key);
	scratch_give_stderr(&l->scratch);
}

static bool is_there(struct life *l)
{
	return strcmp(kit_get(l->cache, &l->snapshot->conf->cache, &l->key, clock_ms()), "live") ==
	       0;
}

static const char *path_of(struct life *l)
{
	return scratch_path(&l->scratch, "cache.dump");
}

static void test_kept(void **state)
{
	struct life *l = *state;
	struct stat st;

	put(l);
	scratch_write(&l->scratch, "cache.dump.new", "what a crash has left");
	store(l);
	assert_true(scratch_logged(&l->scratch, "1 entries written to"));
	assert_int_equal(stat(path_of(l), &st), 0);
	assert_int_equal(st.st_mode & MODE_BITS, 0600);
	assert_int_not_equal(access(scratch_path(&l->scratch, "cache.dump.new"), F_OK), 0);
	load(l);
	assert_true(scratch_logged(&l->scratch, "1 entries read in"));
	assert_true(is_there(l));
}

/* The first start of all. */
static void test_no_file(void **state)
{
	struct life *l = *state;

	load(l);
	assert_false(is_there(l));
	assert_false(scratch_logged(&l->scratch, "cache"));
}

/* One warning, that names the file and the reason; and the next end writes a good one. */
static void test_bad_file(void **state)
{
	struct life *l = *state;
	char warning[256];

	scratch_write(&l->scratch, "cache.dump", "Once upon a time, there was a cache.");
	load(l);
	snprintf(warning, sizeof(warning), "cache: %s: ignored: it is not a dump of the cache",
		 path_of(l));
	assert_true(scratch_logged(&l->scratch, warning));
	assert_int_equal(cache_stats(l->cache).entries, 0);
	put(l);
	store(l);
	load(l);
	assert_true(is_there(l));
}

/* Not by way of a link, which would be somebody else's file. */
static void test_link(void **state)
{
	struct life *l = *state;
	char buf[16];

	put(l);
	store(l);
	assert_int_equal(rename(path_of(l), scratch_path(&l->scratch, "elsewhere")), 0);
	assert_int_equal(symlink(scratch_path(&l->scratch, "elsewhere"), path_of(l)), 0);
	load(l);
	assert_false(is_there(l));
	assert_true(scratch_logged(&l->scratch, "ignored: Too many levels of symbolic links"));

	put(l);
	scratch_write(&l->scratch, "target", "untouched");
	assert_int_equal(symlink(scratch_path(&l->scratch, "target"),
				 scratch_path(&l->scratch, "cache.dump.new")),
			 0);
	store(l);
	assert_true(scratch_logged(&l->scratch, "1 entries written to"));
	assert_int_equal(scratch_read(scratch_path(&l->scratch, "target"), buf, sizeof(buf)), 9);
	assert_string_equal(buf, "untouched");
}

static void test_not_wanted(void **state)
{
	struct life *l = *state;

	put(l);
	l->snapshot->conf->cache.keep = false;
	store(l);
	assert_int_not_equal(access(path_of(l), F_OK), 0);
	l->snapshot->conf->cache.keep = true;
	store(l);
	l->snapshot->conf->cache.keep = false;
	load(l);
	assert_false(is_there(l));
	l->snapshot->conf->cache.keep = true;
	set_text(&l->snapshot->conf->state.directory, "");
	load(l);
	assert_false(is_there(l));
	store(l);
}

/* What cannot be written leaves what was there. */
static void test_no_directory(void **state)
{
	struct life *l = *state;

	put(l);
	set_text(&l->snapshot->conf->state.directory, scratch_path(&l->scratch, "none"));
	store(l);
	assert_true(
		scratch_logged(&l->scratch, "none/cache.dump: cannot be written: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_directory, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("cachefile", tests, NULL, NULL);
}
