/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "hunt/days.h"
#include "support/scratch.h"

static void put(const char *folder, const char *name, size_t size)
{
	static const char octets[4096];
	char path[PATH_MAX];

	assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < PATH_MAX);
	assert_int_equal(file_replace(path, octets, size), ERR_OK);
}

static void test_text(void **state)
{
	char text[DAYS_TEXT_MAX];
	char path[PATH_MAX];

	assert_string_equal(days_text(0, text), "1970-01-01");
	assert_string_equal(days_text(20785, text), "2026-11-28");
	assert_string_equal(days_path("/x/hunt", 20785, path), "/x/hunt/2026-11-28.db");
	assert_string_equal(days_folder("/x", path), "/x/hunt");
}

static void test_listed_and_removed(void **state)
{
	static const char *const strangers[] = {
		"key",		 "found.db",	   "2026-11-28.db-wal", "2026-1-2.db",
		"2026-13-01.db", "2026-02-31.db",  "1969-01-01.db",	"2026-11-28.db.broken",
		"9999-01-01.db", " 2026-11-28.db", "2026-11-28.dbx"};
	uint32_t days[DAYS_MAX];
	char folder[PATH_MAX];
	struct scratch scratch;
	struct err_text text;
	struct stat st;

	scratch_make(&scratch);
	assert_int_equal(days_list("/nowhere", days), 0);
	assert_int_equal(days_make(scratch.path, folder, &text), ERR_OK);
	assert_int_equal(days_make(scratch.path, folder, &text), ERR_OK);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		put(folder, strangers[i], 100);
	put(folder, "2026-11-28.db", 2000);
	put(folder, "2026-10-01.db", 4000);
	put(folder, "2026-10-01.db-wal", 30);
	put(folder, "2026-10-01.db-shm", 7);
	assert_int_equal(days_list(folder, days), 2);
	assert_int_equal(days[0], 20727);
	assert_int_equal(days[1], 20785);
	assert_int_equal(days_size(folder), 2000 + 100 + 4000 + 30 + 7);
	assert_int_equal(days_remove(folder, 20727), ERR_OK);
	assert_int_equal(days_remove(folder, 20727), ERR_OK);
	assert_int_equal(days_list(folder, days), 1);
	assert_int_equal(days_size(folder), 2100);
	assert_int_equal(days_make("/nowhere/at/all", folder, &text), ERR_SYS);
	assert_non_null(strstr(text.text, "/nowhere/at/all/hunt: No such file"));
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_listed_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
