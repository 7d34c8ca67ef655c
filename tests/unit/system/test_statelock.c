/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/scratch.h"
#include "system/statelock.h"

/* A process that has the lock until it is ended. */
static pid_t start_holder(const char *directory)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct statelock *lock;
		struct err_text text;

		if (statelock_take(directory, 0, &lock, &text) != ERR_OK ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_one_at_a_time(void **state)
{
	struct scratch s;
	struct statelock *lock;
	struct err_text text;
	char pid_text[24];
	pid_t pid;

	(void)state;
	scratch_make(&s);
	pid = start_holder(s.path);
	assert_int_equal(statelock_take(s.path, 60, &lock, &text), ERR_EXISTS);
	snprintf(pid_text, sizeof(pid_text), "process %d ", (int)pid);
	assert_non_null(strstr(text.text, pid_text));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(statelock_take(s.path, 0, &lock, &text), ERR_OK);
	statelock_free(lock);
	assert_int_equal(statelock_take(s.path, 0, &lock, &text), ERR_OK);
	statelock_free(lock);
	scratch_remove(&s);
}

static void test_no_directory(void **state)
{
	struct statelock *lock;
	struct err_text text;

	(void)state;
	assert_int_equal(statelock_take("/nonexistent", 0, &lock, &text), ERR_SYS);
	assert_non_null(strstr(text.text, "/nonexistent/" STATELOCK_FILE));
	statelock_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_no_directory),
	};

	return cmocka_run_group_tests_name("statelock", tests, NULL, NULL);
}
