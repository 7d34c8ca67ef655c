/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/alloc_fail.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NO_TEXT ((char *)1)
#define NO_LEN ((size_t)77)

static void expect_failure(const char *path, size_t max, enum err err)
{
	char *text = NO_TEXT;
	size_t len = NO_LEN;

	assert_int_equal(file_read(path, max, &text, &len), err);
	assert_ptr_equal(text, NO_TEXT);
	assert_int_equal(len, NO_LEN);
}

static const struct {
	const char *octets;
	size_t len;
	size_t max;
	enum err err;
} files[] = {
	{"", 0, 0, ERR_OK},	    {"", 0, 9, ERR_OK},		{"a", 1, 0, ERR_RANGE},
	{"a\nb", 3, 2, ERR_RANGE},  {"a\nb", 3, 3, ERR_OK},	{"a\nb", 3, 4, ERR_OK},
	{"\0a\0b\0", 5, 5, ERR_OK}, {"\0a\0", 3, 2, ERR_RANGE},
};

static void test_files(void **state)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *path = scratch_path(*state, "file");
		FILE *f = fopen(path, "w");
		char *text = NULL;
		size_t len = NO_LEN;

		assert_non_null(f);
		assert_int_equal(fwrite(files[i].octets, 1, files[i].len, f), files[i].len);
		assert_int_equal(fclose(f), 0);
		if (files[i].err != ERR_OK) {
			expect_failure(path, files[i].max, files[i].err);
			continue;
		}
		assert_int_equal(file_read(path, files[i].max, &text, &len), ERR_OK);
		assert_int_equal(len, files[i].len);
		assert_memory_equal(text, files[i].octets, len + 1);
		free(text);
	}
}

/* Its size is told as 0. */
static void test_proc(void **state)
{
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(file_read("/proc/self/stat", 65536, &text, &len), ERR_OK);
	assert_true(len > 0);
	assert_int_equal(strlen(text), len);
	free(text);
	expect_failure("/proc/self/stat", 1, ERR_RANGE);
}

static void expect_errno(const char *path, int reason)
{
	expect_failure(path, 9, ERR_SYS);
	assert_int_equal(errno, reason);
}

static void test_cannot_be_read(void **state)
{
	const struct scratch *s = *state;
	const char *fifo = scratch_path(s, "fifo");

	assert_int_equal(mkfifo(fifo, 0600), 0);
	expect_errno(fifo, EINVAL);
	expect_errno("/dev/null", EINVAL);
	expect_errno(s->path, EISDIR);
	expect_errno(scratch_path(s, "nowhere"), ENOENT);
	expect_errno("/proc/self/mem", EIO); /* nothing is mapped at address 0 */
}

static void test_no_memory(void **state)
{
	const char *path = scratch_write(*state, "file", "a");

	alloc_fail_start(0, true);
	expect_failure(path, 9, ERR_NOMEM);
	assert_true(alloc_fail_stop());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

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
	assert_true(file_same_version(&version, &other[0]));
	other[0].st_atim.tv_sec = 9; /* it was read */
	assert_true(file_same_version(&version, &other[0]));
	other[1].st_dev++;
	other[2].st_ino++;
	other[3].st_size++;
	other[4].st_mtim.tv_sec++;
	other[5].st_mtim.tv_nsec++;
	other[6].st_ctim.tv_sec++;
	other[7].st_ctim.tv_nsec++;
	for (size_t i = 1; i < 8; i++)
		assert_false(file_same_version(&version, &other[i]));
}

/* Told to who owns the file, where the file system can. */
static void test_has_writer(void **state)
{
	const char *path = scratch_write(*state, "file", "");
	int writer = open(path, O_WRONLY | O_CLOEXEC);
	int reader = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(writer >= 0 && reader >= 0);
	assert_true(file_has_writer(reader));
	close(writer);
	assert_false(file_has_writer(reader));
	close(reader);
}

/* ---- in pieces */

static void count_octets(void *arg, const void *data, size_t len)
{
	size_t *count = arg;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(((const uint8_t *)data)[i], (*count + i) % 251);
	*count += len;
}

static void test_each(void **state)
{
	static uint8_t octets[300000];
	const char *path = scratch_write(*state, "file", "");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int folder = open(scratch_path(*state, "."), O_RDONLY | O_CLOEXEC);
	size_t count = 0;

	assert_true(fd >= 0 && folder >= 0);
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i % 251);
	assert_int_equal(file_write(fd, octets, sizeof(octets)), ERR_OK);
	assert_true(file_each(fd, count_octets, &count));
	assert_int_equal(count, 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_true(file_each(fd, count_octets, &count));
	assert_int_equal(count, sizeof(octets));
	assert_false(file_each(folder, count_octets, &count));
	assert_int_equal(file_write(folder, octets, 1), ERR_SYS);
	close(folder);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_version),
		TEST(test_has_writer),
		TEST(test_each),
		TEST(test_files),
		TEST(test_proc),
		TEST(test_cannot_be_read),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
