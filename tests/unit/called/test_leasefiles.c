/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of names, as they come, change, and are spoilt. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "called/leasefiles.h"
#include "support/bybuild.h"
#include "support/scratch.h"

#define PATIENCE_MS 60000U

struct kit {
	struct scratch scratch;
	struct stats stats;
	struct leasefiles *files;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	*state = kit;
	return leasefiles_create(&kit->stats, &kit->files) != ERR_OK ||
	       leasefiles_start(kit->files) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	leasefiles_free(kit->files);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static void set(struct kit *kit, const char *first, const char *second)
{
	char paths[2][512];
	char *const all[] = {paths[0], paths[1]};

	snprintf(paths[0], sizeof(paths[0]), "%s", scratch_path(&kit->scratch, first));
	snprintf(paths[1], sizeof(paths[1]), "%s",
		 second ? scratch_path(&kit->scratch, second) : "");
	assert_int_equal(leasefiles_set(kit->files, all, second ? 2 : 1), ERR_OK);
}

/* "": nobody. */
static const char *called(struct kit *kit, const char *address)
{
	static struct lease lease;
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	return leasefiles_find(kit->files, &ip, (uint32_t)clock_unix_s(), &lease) ? lease.name : "";
}

static void assert_becomes(struct kit *kit, const char *address, const char *name)
{
	uint64_t until_ms = clock_ms() + PATIENCE_MS;

	while (strcmp(called(kit, address), name) != 0 && clock_ms() < until_ms)
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	assert_string_equal(called(kit, address), name);
}

static uint64_t failed(struct kit *kit)
{
	const struct stats_row row = {.offset = offsetof(struct stats, names_failed)};

	return stats_value(&kit->stats, &row);
}

static void assert_fails(struct kit *kit, uint64_t times)
{
	uint64_t until_ms = clock_ms() + PATIENCE_MS;

	while (failed(kit) < times && clock_ms() < until_ms)
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	assert_int_equal(failed(kit), times);
}

/* By a rename, by what is added, by other names in the configuration. */
static void test_changes(void **state)
{
	struct kit *kit = *state;
	FILE *file;

	scratch_write(&kit->scratch, "hosts", "192.0.2.1 one.example\n");
	set(kit, "hosts", NULL);
	assert_becomes(kit, "192.0.2.1", "one.example");
	scratch_write(&kit->scratch, "new", "192.0.2.1 two.example\n");
	assert_int_equal(
		rename(scratch_path(&kit->scratch, "new"), scratch_path(&kit->scratch, "hosts")),
		0);
	assert_becomes(kit, "192.0.2.1", "two.example");
	file = fopen(scratch_path(&kit->scratch, "hosts"), "a");
	fputs("192.0.2.2 three.example\n", file);
	fclose(file);
	assert_becomes(kit, "192.0.2.2", "three.example");
	scratch_write(&kit->scratch, "others", "192.0.2.3 four.example\n");
	set(kit, "others", "hosts");
	assert_becomes(kit, "192.0.2.3", "four.example");
	assert_string_equal(called(kit, "192.0.2.1"), "two.example");
	set(kit, "others", NULL);
	assert_becomes(kit, "192.0.2.1", "");
	assert_int_equal(leasefiles_set(kit->files, NULL, 0), ERR_OK);
	assert_becomes(kit, "192.0.2.3", "");
	assert_int_equal(failed(kit), 0);
}

/* What was known stays; it is told once. */
static void test_spoilt(void **state)
{
	struct kit *kit = *state;

	set(kit, "hosts", NULL);
	assert_fails(kit, 1);
	scratch_write(&kit->scratch, "hosts", "192.0.2.1 one.example\n");
	assert_becomes(kit, "192.0.2.1", "one.example");
	assert_int_equal(unlink(scratch_path(&kit->scratch, "hosts")), 0);
	assert_fails(kit, 2);
	nanosleep(&(struct timespec){.tv_sec = 2}, NULL); /* two more looks */
	assert_int_equal(failed(kit), 2);
	assert_string_equal(called(kit, "192.0.2.1"), "one.example");
	scratch_write(&kit->scratch, "hosts", "192.0.2.1 again.example\n");
	assert_becomes(kit, "192.0.2.1", "again.example");
}

/* One with too many leaves what was known; a shorter one is taken again. */
static void test_too_many(void **state)
{
	struct kit *kit = *state;
	FILE *file;

	if (FOR_RACES) /* half a minute for nothing but the number of lines */
		skip();
	scratch_write(&kit->scratch, "leases", "0 00:11:22:33:44:55 192.0.2.1 first *\n");
	set(kit, "leases", NULL);
	assert_becomes(kit, "192.0.2.1", "first");
	file = fopen(scratch_path(&kit->scratch, "leases"), "w");
	for (unsigned int i = 0; i < 128 * 1024 + 1; i++)
		fprintf(file, "0 * 10.%u.%u.%u x *\n", i >> 16, i >> 8 & 255, i & 255);
	fclose(file);
	assert_fails(kit, 1);
	assert_string_equal(called(kit, "192.0.2.1"), "first");
	assert_string_equal(called(kit, "10.0.0.1"), "");
	scratch_write(&kit->scratch, "leases", "0 00:11:22:33:44:66 192.0.2.1 second *\n");
	assert_becomes(kit, "192.0.2.1", "second");
}

struct writer {
	pthread_t thread;
	atomic_bool ending;
	const char *path;
};

/* Has the file be another each millisecond, as a DHCP server does that adds leases by the thousand.
 */
static void *keep_changing(void *arg)
{
	struct writer *w = arg;
	FILE *file = fopen(w->path, "r+");

	while (!atomic_load(&w->ending)) {
		futimens(fileno(file), NULL);
		rewind(file);
		fputc('#', file);
		fflush(file);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* it lets others read */
	}
	fclose(file);
	return NULL;
}

static void test_never_the_same(void **state)
{
	struct kit *kit = *state;
	char path[512];
	struct writer w = {.path = path};
	FILE *file;

	snprintf(path, sizeof(path), "%s", scratch_path(&kit->scratch, "leases"));
	file = fopen(path, "w");
	for (unsigned int i = 0; i < BY_BUILD(60000, 60000, 20000); i++) /* many ticks to read */
		fprintf(file, "#%99s\n", "");
	fprintf(file, "0 00:11:22:33:44:55 192.0.2.1 one *\n");
	fclose(file);
	assert_int_equal(pthread_create(&w.thread, NULL, keep_changing, &w), 0);
	set(kit, "leases", NULL);
	assert_becomes(kit, "192.0.2.1", "one");
	atomic_store(&w.ending, true);
	pthread_join(w.thread, NULL);
	assert_int_equal(failed(kit), 0);
}

/* Neither a directory nor what never ends is read, nor what nobody writes into waited for. */
static void test_no_files(void **state)
{
	struct kit *kit = *state;
	char root[] = "/";
	char zeros[] = "/dev/zero";
	char pipe[512];
	char *const paths[] = {root, zeros, pipe};

	snprintf(pipe, sizeof(pipe), "%s", scratch_path(&kit->scratch, "pipe"));
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(leasefiles_set(kit->files, paths, 3), ERR_OK);
	assert_fails(kit, 3);
	leasefiles_stop(kit->files);
	leasefiles_stop(kit->files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spoilt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_files, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
