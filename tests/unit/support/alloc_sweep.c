/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs each test of a program with each of its allocations failing in turn (see alloc_fail.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "support/alloc_fail.h"
#include "support/onecore.h"

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

/* In a process of its own: the test leaves when what it expects is not so.  On one core nothing is
 * done by several threads, of whose allocations none is the third; one that fails while a thread
 * begins ends ASan. */
static void run_child(const struct CMUnitTest *test, CMFixtureFunction set_up,
		      CMFixtureFunction tear_down, FILE *output)
{
	struct CMUnitTest one = *test;
	int failed;

	alarm(ENDS_IN_S);
	(void)onecore_begin();
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

/* ---- of each way some */

/* Those of a way follow each other. */
struct come_to {
	uint32_t way;
	uint32_t nth;
};

static int compare(const void *a, const void *b)
{
	const struct come_to *one = a;
	const struct come_to *other = b;

	if (one->way != other->way)
		return one->way < other->way ? -1 : 1;
	return one->nth < other->nth ? -1 : one->nth > other->nth;
}

/* The allocations of the test, by way; the caller frees them.  They were noted by a child. */
static struct come_to *find_ways(const struct CMUnitTest *test, CMFixtureFunction set_up,
				 CMFixtureFunction tear_down, uint32_t *ret_count)
{
	struct alloc_ways *noted = mmap(NULL, sizeof(*noted), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct come_to *found;
	bool more;

	if (noted == MAP_FAILED)
		return NULL;
	alloc_sweep_note(noted);
	sweep.nth = COUNT_MAX;
	(void)run_once(test, set_up, tear_down, &more);
	alloc_sweep_note(NULL);
	*ret_count = noted->count;
	found = calloc(noted->count + 1U, sizeof(*found));
	for (uint32_t i = 0; found && i < noted->count; i++)
		found[i] = (struct come_to){noted->way[i], i};
	munmap(noted, sizeof(*noted));
	if (found)
		qsort(found, *ret_count, sizeof(*found), compare);
	return found;
}

static bool run_ways(const struct CMUnitTest *test, CMFixtureFunction set_up,
		     CMFixtureFunction tear_down)
{
	uint32_t count = 0;
	struct come_to *all = find_ways(test, set_up, tear_down, &count);
	unsigned long ways = 0;
	bool well = all != NULL;
	bool more;

	for (uint32_t first = 0, next; well && first < count; first = next, ways++) {
		for (next = first; next < count && all[next].way == all[first].way;)
			next++;
		const uint32_t chosen[] = {first, first + (next - first) / 2, next - 1};

		for (size_t i = 0; well && i < 3; i++) {
			if (i > 0 && chosen[i] == chosen[i - 1])
				continue;
			sweep.nth = all[chosen[i]].nth;
			well = run_once(test, set_up, tear_down, &more);
		}
	}
	free(all);
	print_message("%lu ways to %lu allocations\n", ways, (unsigned long)count);
	return well;
}

/* ---- all, or some of all */

static bool run_some(const struct CMUnitTest *test, CMFixtureFunction set_up,
		     CMFixtureFunction tear_down, unsigned long most)
{
	unsigned long step = find_step(test, set_up, tear_down, most);
	unsigned long runs = 0;
	bool more = true;

	for (sweep.nth = 0; more && sweep.nth < COUNT_MAX; sweep.nth += step, runs++)
		if (!run_once(test, set_up, tear_down, &more))
			return false;
	print_message("%lu runs, each %lu. of %lu allocations\n", runs, step, sweep.nth);
	return true;
}

static bool run_all(const struct CMUnitTest *test, CMFixtureFunction set_up,
		    CMFixtureFunction tear_down, const char *most)
{
	bool more;

	sweep.nth = COUNT_MAX; /* as it is, to see whether it does this itself */
	if (!run_once(test, set_up, tear_down, &more))
		return false;
	if (sweep.already)
		return true;
	return strcmp(most, "ways") == 0
		       ? run_ways(test, set_up, tear_down)
		       : run_some(test, set_up, tear_down, strtoul(most, NULL, 10));
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
				   CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
	const char *most = getenv("ALLOCATIONS");
	const char *only = getenv("TEST"); /* part of the names of those that run */
	struct digest *digest;
	void *calls[2];
	char pattern[128];
	int failed = 0;

	if (only) {
		snprintf(pattern, sizeof(pattern), "*%s*", only);
		cmocka_set_test_filter(pattern);
	}
	if (!most)
		return __real__cmocka_run_group_tests(name, tests, count, set_up, tear_down);
	(void)backtrace(calls, 2); /* the first time it loads a library */
	/* OpenSSL crashes when there is no memory the first time it is used */
	if (digest_create(&digest) == ERR_OK)
		digest_free(digest);
	for (size_t i = 0; i < count; i++) {
		bool well;

		if (only && !strstr(tests[i].name, only))
			continue;
		print_message("[ RUN      ] %s\n", tests[i].name);
		well = run_all(&tests[i], set_up, tear_down, most);
		print_message("[ %s ] %s\n", well ? "      OK" : " FAILED ", tests[i].name);
		failed += !well;
	}
	return failed;
}
