/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs each test of a program with each of its allocations failing in turn (see alloc_fail.h). */
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

#include "base/digest.h"
#include "support/alloc_fail.h"

#define ENDS_IN_S 300
#define OUTPUT_MAX 65536
#define OWN_ASSERTION "/support/lists.h:" /* what lists_require says */
#define COUNT_MAX 1000000UL

/* What a child ends with. */
enum outcome {
	WITHOUT_FAILURE = 80, /* there are not so many allocations */
	WITH_FAILURE = 81,
	ALREADY = 82 /* the test has allocations fail itself */
};

static struct {
	CMUnitTestFunction test;
	unsigned long nth;
	bool failed;
	bool already; /* the last run has had allocations fail by itself */
} sweep;

int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
				   CMFixtureFunction set_up, CMFixtureFunction tear_down);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
				   CMFixtureFunction set_up, CMFixtureFunction tear_down);

/* The test as it is, but for one allocation. */
static void sweep_test(void **state)
{
	alloc_sweep_start(sweep.nth);
	sweep.test(state);
	sweep.failed = alloc_sweep_stop();
}

/* In a process of its own: the test leaves when what it expects is not so. */
static void run_child(const struct CMUnitTest *test, CMFixtureFunction set_up,
		      CMFixtureFunction tear_down, FILE *output)
{
	struct CMUnitTest one = *test;
	int failed;

	alarm(ENDS_IN_S);
	dup2(fileno(output), STDOUT_FILENO);
	dup2(fileno(output), STDERR_FILENO);
	sweep.test = test->test_func;
	one.test_func = sweep_test;
	failed = __real__cmocka_run_group_tests("one", &one, 1, set_up, tear_down);
	fflush(NULL);
	if (alloc_fail_is_used())
		_exit(ALREADY);
	_exit(failed || alloc_sweep_stop() || sweep.failed ? WITH_FAILURE : WITHOUT_FAILURE);
}

/* cmocka catches the signal of a crash, and calls that a failure. */
static bool has_crashed(FILE *output, int status)
{
	static char text[OUTPUT_MAX];
	size_t len;

	rewind(output);
	len = fread(text, 1, sizeof(text) - 1, output);
	text[len] = '\0';
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, OWN_ASSERTION))
		return false;
	if (WIFEXITED(status) && !strstr(text, "failed with exception") &&
	    WEXITSTATUS(status) >= WITHOUT_FAILURE && WEXITSTATUS(status) <= ALREADY)
		return false;
	print_message("with allocation %lu failing, status %#x:\n", sweep.nth,
		      (unsigned int)status);
	fwrite(text, 1, len, stdout);
	return true;
}

/* Runs the test once; false when it has crashed.  `ret_more`: there may be more allocations. */
static bool run_once(const struct CMUnitTest *test, CMFixtureFunction set_up,
		     CMFixtureFunction tear_down, bool *ret_more)
{
	FILE *output = tmpfile();
	int status = 0;
	bool crashed;
	pid_t pid;

	fflush(NULL);
	pid = output ? fork() : -1;
	if (pid == 0)
		run_child(test, set_up, tear_down, output);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	crashed = has_crashed(output, status);
	fclose(output);
	sweep.already = WIFEXITED(status) && WEXITSTATUS(status) == ALREADY;
	*ret_more = WIFEXITED(status) && WEXITSTATUS(status) == WITH_FAILURE;
	return !crashed;
}

/* How far it is from one allocation to the next, for about `most` of them. */
static unsigned long find_step(const struct CMUnitTest *test, CMFixtureFunction set_up,
			       CMFixtureFunction tear_down, unsigned long most)
{
	unsigned long step = 1;
	bool more = most > 0;

	while (more && step < COUNT_MAX / most) {
		sweep.nth = step * most;
		if (!run_once(test, set_up, tear_down, &more))
			return step;
		step += more ? (step + 1) / 2 : 0;
	}
	return step;
}

static bool run_all(const struct CMUnitTest *test, CMFixtureFunction set_up,
		    CMFixtureFunction tear_down, unsigned long most)
{
	unsigned long step;
	unsigned long runs = 0;
	bool more = true;

	sweep.nth = COUNT_MAX; /* as it is, to see whether it does this itself */
	if (!run_once(test, set_up, tear_down, &more))
		return false;
	if (sweep.already)
		return true;
	step = find_step(test, set_up, tear_down, most);
	more = true;

	for (sweep.nth = 0; more && sweep.nth < COUNT_MAX; sweep.nth += step, runs++)
		if (!run_once(test, set_up, tear_down, &more))
			return false;
	print_message("%lu runs, each %lu. of %lu allocations\n", runs, step, sweep.nth);
	return true;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
				   CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
	const char *most = getenv("ALLOCATIONS");
	struct digest *digest;
	int failed = 0;

	if (!most)
		return __real__cmocka_run_group_tests(name, tests, count, set_up, tear_down);
	/* OpenSSL crashes when there is no memory the first time it is used */
	if (digest_create(&digest) == ERR_OK)
		digest_free(digest);
	for (size_t i = 0; i < count; i++) {
		bool well;

		print_message("[ RUN      ] %s\n", tests[i].name);
		well = run_all(&tests[i], set_up, tear_down, strtoul(most, NULL, 10));
		print_message("[ %s ] %s\n", well ? "      OK" : " FAILED ", tests[i].name);
		failed += !well;
	}
	return failed;
}
