/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/thread.h"

struct seen {
	int blocked, unblocked; /* of the signals that can be blocked */
	pthread_barrier_t named;
	char name[THREAD_NAME_MAX + 1];
};

/* The two signals that cannot be, and those that the C library keeps for itself. */
static int is_nobodys(int number)
{
	return number == SIGKILL || number == SIGSTOP || (number > SIGSYS && number < SIGRTMIN);
}

static void *look(void *arg)
{
	struct seen *seen = arg;
	sigset_t mask;

	pthread_barrier_wait(&seen->named);
	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < SIGRTMAX; i++) {
		if (!is_nobodys(i) && sigismember(&mask, i))
			seen->blocked++;
		else if (!is_nobodys(i))
			seen->unblocked++;
	}
	return arg;
}

static void start_and_join(const char *name, struct seen *seen)
{
	pthread_t thread;
	void *returned = NULL;

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(pthread_barrier_init(&seen->named, NULL, 2), 0);
	assert_int_equal(thread_start(name, look, seen, &thread), 0);
	pthread_barrier_wait(&seen->named);
	assert_int_equal(pthread_join(thread, &returned), 0);
	assert_ptr_equal(returned, seen);
	pthread_barrier_destroy(&seen->named);
}

static void test_signals_are_blocked_there_alone(void **state)
{
	struct seen seen;
	sigset_t before;
	sigset_t after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	start_and_join("one", &seen);
	assert_true(seen.blocked > 20);
	assert_int_equal(seen.unblocked, 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_true(sigismember(&after, SIGUSR2));
	assert_false(sigismember(&after, SIGHUP));
}

static void test_names(void **state)
{
	struct seen seen;

	start_and_join("ledger", &seen);
	assert_string_equal(seen.name, "ledger");
	start_and_join("a name that is too long", &seen);
	assert_string_equal(seen.name, "a name that is ");
}

static void *measure(void *arg)
{
	pthread_attr_t attr;

	assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
	assert_int_equal(pthread_attr_getstacksize(&attr, arg), 0);
	pthread_attr_destroy(&attr);
	return NULL;
}

/* As where the stack of the process has no limit. */
static void test_stack_does_not_depend_on_the_default(void **state)
{
	pthread_attr_t before;
	pthread_attr_t small;
	size_t octets = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_getattr_default_np(&before), 0);
	assert_int_equal(pthread_attr_init(&small), 0);
	assert_int_equal(pthread_attr_setstacksize(&small, (size_t)256 << 10), 0);
	assert_int_equal(pthread_setattr_default_np(&small), 0);
	assert_int_equal(thread_start("stack", measure, &octets, &thread), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_setattr_default_np(&before), 0);
	pthread_attr_destroy(&before);
	pthread_attr_destroy(&small);
	assert_true(octets >= (size_t)8 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals_are_blocked_there_alone),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stack_does_not_depend_on_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
