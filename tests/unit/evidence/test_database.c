/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "evidence/database.h"
#include "support/scratch.h"

static void test_made_and_spoken_to(void **state)
{
	struct scratch scratch;
	struct err_text text;
	sqlite3_stmt *q;
	char path[512];
	struct stat st;
	sqlite3 *db;

	scratch_make(&scratch);
	snprintf(path, sizeof(path), "%s/what? is 100%%.db", scratch.path);
	assert_true(database_make(path));
	assert_true(database_make(path));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(database_open(path, false, &db), SQLITE_OK);
	assert_int_equal(database_version(db), 0);
	assert_int_equal(database_run(db, "CREATE TABLE t(a UNIQUE); PRAGMA user_version=3", &text),
			 ERR_OK);
	assert_int_equal(database_version(db), 3);
	assert_int_equal(database_run(db, "INSERT INTO u VALUES(1)", &text), ERR_SYS);
	assert_non_null(strstr(text.text, "no such table: u"));
	q = database_prepare(db, "INSERT INTO t VALUES(1)");
	assert_true(database_step(q));
	assert_false(database_step(q)); /* it is unique */
	assert_null(database_prepare(db, "INSERT INTO u VALUES(1)"));
	sqlite3_finalize(q);
	sqlite3_close(db);
	assert_int_equal(database_open(path, true, &db), SQLITE_OK);
	assert_int_equal(database_run(db, "INSERT INTO t VALUES(2)", &text), ERR_SYS);
	sqlite3_close(db);
	assert_false(database_make("/nowhere/at/all.db"));
	scratch_remove(&scratch);
}

/* Whether another process sees a lock of this one on the file. */
static bool is_locked(const char *path)
{
	const int wanted = 7;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR | O_CLOEXEC);

		_exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? wanted
											  : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == wanted;
}

/* A database with a log, and with what the statements write. */
static void make_with_log(const struct scratch *scratch, const char *statements, char path[512],
			  sqlite3 **ret_db)
{
	struct err_text text;

	snprintf(path, 512, "%s/a.db", scratch->path);
	assert_true(database_make(path));
	assert_int_equal(database_open(path, false, ret_db), SQLITE_OK);
	assert_int_equal(database_run(*ret_db, "PRAGMA journal_mode=WAL", &text), ERR_OK);
	assert_int_equal(database_run(*ret_db, statements, &text), ERR_OK);
}

/* What a thread has locked stays so when another one is about to write. */
static void test_made_beside_a_reader(void **state)
{
	struct scratch scratch;
	char path[512];
	sqlite3 *db;

	(void)state;
	scratch_make(&scratch);
	make_with_log(&scratch, "CREATE TABLE t(a)", path, &db);
	assert_true(is_locked(path));
	assert_true(database_make(path));
	assert_true(is_locked(path));
	sqlite3_close(db);
	assert_false(is_locked(path));
	scratch_remove(&scratch);
}

/* As on a full disk: SQLite needs files beside one that has a log by times. */
static void test_read_where_nothing_can_be_written(void **state)
{
	struct rlimit limit;
	struct rlimit none;
	struct scratch scratch;
	char path[512];
	sqlite3 *db;

	(void)state;
	scratch_make(&scratch);
	make_with_log(&scratch, "PRAGMA user_version=7", path, &db);
	sqlite3_close(db);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	for (int i = 0; i < 2; i++) { /* also beside what is left of the first time */
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		assert_int_equal(database_open(path, true, &db), SQLITE_OK);
		assert_int_equal(database_version(db), 7);
		sqlite3_close(db);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	}
	scratch_remove(&scratch);
}

static void test_not_made(void **state)
{
	struct scratch scratch;
	char path[512];
	char link[520];

	(void)state;
	scratch_make(&scratch);
	assert_false(database_make(scratch.path));
	assert_int_equal(errno, EISDIR);
	snprintf(path, sizeof(path), "%s/a.db", scratch.path);
	snprintf(link, sizeof(link), "%s/link", scratch.path);
	assert_int_equal(symlink(path, link), 0);
	assert_false(database_make(link));
	assert_int_equal(errno, ELOOP);
	assert_int_not_equal(access(path, F_OK), 0);
	scratch_remove(&scratch);
}

/* Another one takes the place of the first, but never that of the one set aside. */
static void test_set_aside(void **state)
{
	struct scratch scratch;
	struct err_text text;
	char path[512];
	char aside[520];
	char *octets;
	sqlite3 *db;
	size_t len;

	scratch_make(&scratch);
	scratch_take_stderr(&scratch);
	snprintf(path, sizeof(path), "%s/a.db", scratch.path);
	snprintf(aside, sizeof(aside), "%s.broken", path);
	assert_int_equal(file_replace(path, "no database at all", 18), ERR_OK);
	assert_int_equal(database_open(path, false, &db), SQLITE_OK);
	assert_int_equal(database_version(db), -1);
	assert_int_equal(database_fail(db, &text), ERR_SYNTAX);
	sqlite3_close(db);
	database_set_aside(path);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(file_replace(path, "another", 7), ERR_OK);
	database_set_aside(path);
	assert_int_equal(file_read(aside, 100, &octets, &len), ERR_OK);
	assert_string_equal(octets, "no database at all");
	free(octets);
	assert_int_equal(access(path, F_OK), 0);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_and_spoken_to),
		cmocka_unit_test(test_made_beside_a_reader),
		cmocka_unit_test(test_not_made),
		cmocka_unit_test(test_read_where_nothing_can_be_written),
		cmocka_unit_test(test_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
