/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "postgres/spool.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	char folder[128];
	struct spool spool;
	struct spool_load load;
	struct err_text text;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	snprintf(kit->folder, sizeof(kit->folder), "%s", scratch_path(&kit->scratch, "spool"));
	*state = kit;
	return spool_init(&kit->spool, kit->folder, 10000, &kit->text) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	spool_fini(&kit->spool);
	parcel_fini(&kit->load.octets);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

/* A batch of so many octets, and one finding. */
static enum err add(struct spool *spool, uint8_t what, size_t len)
{
	struct parcel p = {.findings = 1, .hits = 2};
	struct err_text text;
	enum err err;
	uint8_t *octets = malloc(len);

	memset(octets, what, len);
	assert_true(parcel_append(&p, octets, len));
	err = spool_add(spool, &p, &text);
	parcel_fini(&p);
	free(octets);
	return err;
}

/* The numbers and first octets of the batches of the next load, as "1a 2b". */
static const char *next(struct kit *kit, struct spool *spool, bool singly)
{
	static char said[256];
	struct spool_frame frame;
	const uint8_t *octets;
	size_t at = 0;

	said[0] = '\0';
	if (spool_load(spool, singly, &kit->load, &kit->text) != ERR_OK)
		return "none";
	while (spool_next(&kit->load, &at, &frame, &octets))
		snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%u%c",
			 *said ? " " : "", (unsigned int)frame.number, *octets);
	return said;
}

static void test_in_their_order(void **state)
{
	struct kit *kit = *state;
	struct spool *s = &kit->spool;

	assert_false(spool_has(s));
	assert_int_equal(add(s, 'a', 10), ERR_OK);
	assert_int_equal(add(s, 'b', 100), ERR_OK);
	assert_int_equal(s->waiting, 2);
	assert_string_equal(next(kit, s, true), "1a");
	assert_string_equal(next(kit, s, false), "1a 2b");
	assert_int_equal(add(s, 'c', 10), ERR_OK); /* meanwhile */
	spool_taken(s, &kit->load, 2);
	assert_string_equal(next(kit, s, false), "3c");
	spool_taken(s, &kit->load, 1);
	assert_false(spool_has(s));
	assert_int_equal(s->waiting, 0);
	assert_int_equal(s->end, 0); /* and the disk has its room again */
	assert_int_equal(add(s, 'd', 10), ERR_OK);
	assert_string_equal(next(kit, s, false), "4d");
}

static void test_its_bound(void **state)
{
	struct kit *kit = *state;
	struct spool *s = &kit->spool;

	assert_int_equal(add(s, 'a', 9000), ERR_OK);
	assert_int_equal(add(s, 'b', 2000), ERR_SYS);
	assert_int_equal(add(s, 'c', 500), ERR_OK);
	assert_string_equal(next(kit, s, false), "1a 2c");
	spool_taken(s, &kit->load, 2);
	assert_int_equal(add(s, 'd', 9000), ERR_OK);
}

static void limit_files(rlim_t octets)
{
	const struct rlimit limit = {.rlim_cur = octets, .rlim_max = RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* One batch is kept in memory, and goes after what is on the disk. */
static void test_a_disk_that_takes_no_more(void **state)
{
	struct kit *kit = *state;
	struct spool *s = &kit->spool;

	scratch_take_stderr(&kit->scratch);
	assert_int_equal(add(s, 'a', 100), ERR_OK);
	limit_files(200);
	assert_int_equal(add(s, 'b', 100), ERR_OK);
	assert_int_equal(add(s, 'c', 1), ERR_SYS);
	limit_files(RLIM_INFINITY);
	assert_int_equal(add(s, 'c', 1), ERR_SYS); /* nor before that is taken */
	assert_string_equal(next(kit, s, false), "1a");
	spool_taken(s, &kit->load, 1);
	assert_true(spool_has(s));
	assert_string_equal(next(kit, s, false), "2b");
	spool_taken(s, &kit->load, 1);
	assert_false(spool_has(s));
	assert_int_equal(add(s, 'd', 1), ERR_OK);
	assert_string_equal(next(kit, s, false), "3d");
}

/* What a process has left behind is taken under its name; what one still has is not. */
static void test_what_is_left_behind(void **state)
{
	struct kit *kit = *state;
	struct spool other;
	struct spool found;
	char name[SPOOL_NAME_LEN + 1];

	assert_int_equal(spool_init(&other, kit->folder, 10000, &kit->text), ERR_OK);
	assert_int_equal(add(&other, 'a', 100), ERR_OK);
	assert_int_equal(add(&other, 'b', 100), ERR_OK);
	strcpy(name, other.name);
	assert_false(spool_adopt(&kit->spool, &found));
	assert_in_range(kit->spool.others, 200, 400);
	spool_fini(&other);
	assert_true(spool_adopt(&kit->spool, &found));
	assert_string_equal(found.name, name);
	assert_string_equal(next(kit, &found, false), "1a 2b");
	spool_taken(&found, &kit->load, 2);
	spool_fini(&found);
	assert_false(spool_adopt(&kit->spool, &found));
	assert_int_equal(kit->spool.others, 0);
}

/* A process was killed, or the power went, in the middle of a batch. */
static void test_a_tail_that_is_cut_off(void **state)
{
	struct kit *kit = *state;
	struct spool other;
	struct spool found;
	char path[300];

	assert_int_equal(spool_init(&other, kit->folder, 10000, &kit->text), ERR_OK);
	assert_int_equal(add(&other, 'a', 100), ERR_OK);
	assert_int_equal(add(&other, 'b', 100), ERR_OK);
	snprintf(path, sizeof(path), "%s/%s", kit->folder, other.name);
	assert_int_equal(truncate(path, (off_t)other.end - 1), 0);
	spool_fini(&other);
	assert_true(spool_adopt(&kit->spool, &found));
	assert_string_equal(next(kit, &found, false), "1a");
	spool_taken(&found, &kit->load, 1);
	assert_true(spool_has(&found));
	assert_int_equal(spool_load(&found, false, &kit->load, &kit->text), ERR_NOTFOUND);
	assert_int_equal(spool_skip(&found), sizeof(struct spool_frame) + 99);
	assert_false(spool_has(&found));
	spool_fini(&found);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* What is behind a batch that cannot be read is not lost with it. */
static void test_an_octet_that_has_changed(void **state)
{
	static const size_t ats[] = {0, 5, 30, 90};
	struct kit *kit = *state;
	struct spool *s = &kit->spool;

	for (size_t i = 0; i < sizeof(ats) / sizeof(ats[0]); i++) {
		char wanted[8];

		assert_int_equal(add(s, 'a', 100), ERR_OK);
		assert_int_equal(add(s, 'b', 100), ERR_OK);
		assert_int_equal(pwrite(s->fd, "x", 1, (off_t)ats[i]), 1);
		assert_string_equal(next(kit, s, false), "none");
		assert_int_equal(spool_skip(s), sizeof(struct spool_frame) + 100);
		snprintf(wanted, sizeof(wanted), "%ub", (unsigned int)(2 * i + 2));
		assert_string_equal(next(kit, s, false), wanted);
		spool_taken(s, &kit->load, 1);
		assert_false(spool_has(s));
		assert_int_equal(s->waiting, 0);
	}
	assert_int_equal(add(s, 'a', 100), ERR_OK);
	assert_int_equal(pwrite(s->fd, "skp1skp1", 8, 40), 8); /* no batch begins there */
	assert_string_equal(next(kit, s, false), "none");
	assert_int_equal(spool_skip(s), sizeof(struct spool_frame) + 100);
	assert_false(spool_has(s));
}

/* There may be no moment at which all is taken: the disk gets its room all the same, and whoever
 * finds the file begins where the other has ended. */
static void test_batches_that_come_as_fast_as_they_go(void **state)
{
	struct kit *kit = *state;
	struct spool other;
	struct spool found;

	assert_int_equal(spool_init(&other, kit->folder, 100000, &kit->text), ERR_OK);
	assert_int_equal(add(&other, 'a', 9000), ERR_OK);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(add(&other, 'b', 9000), ERR_OK);
		assert_int_equal(spool_load(&other, true, &kit->load, &kit->text), ERR_OK);
		spool_taken(&other, &kit->load, 1);
	}
	assert_in_range(spool_octets(&other), 9000, 10000);
	assert_false(spool_adopt(&kit->spool, &found));
	assert_in_range(kit->spool.others, 9000, 20000);
	spool_fini(&other);
	assert_true(spool_adopt(&kit->spool, &found));
	assert_string_equal(next(kit, &found, false), "101b");
	spool_taken(&found, &kit->load, 1);
	assert_false(spool_has(&found));
	spool_fini(&found);
}

/* Nor is a file that somebody else has removed written to. */
static void test_a_file_that_is_no_file(void **state)
{
	struct kit *kit = *state;
	struct spool found;
	char path[300];

	snprintf(path, sizeof(path), "%s/%032d", kit->folder, 1);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(spool_adopt(&kit->spool, &found));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_false(spool_adopt(&kit->spool, &found));
}

static void test_its_owner_alone_reads_it(void **state)
{
	struct kit *kit = *state;
	char path[300];
	struct stat st;

	assert_int_equal(add(&kit->spool, 'a', 1), ERR_OK);
	snprintf(path, sizeof(path), "%s/%s", kit->folder, kit->spool.name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(kit->folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_their_order),
		TEST(test_its_bound),
		TEST(test_a_disk_that_takes_no_more),
		TEST(test_what_is_left_behind),
		TEST(test_a_tail_that_is_cut_off),
		TEST(test_an_octet_that_has_changed),
		TEST(test_batches_that_come_as_fast_as_they_go),
		TEST(test_a_file_that_is_no_file),
		TEST(test_its_owner_alone_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
