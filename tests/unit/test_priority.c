/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/priority.h"

/* What became of a thread that stepped back and was called up. */
struct course {
	int back;
	int up;
	int nice;
};

static void *thread(void *arg)
{
	struct course *course = arg;

	priority_step_back();
	course->back = sched_getscheduler(0);
	course->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	priority_step_up(gettid());
	course->up = sched_getscheduler(0);
	return NULL;
}

static struct course run(void)
{
	struct course course;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, thread, &course), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	return course;
}

/* Behind all others, and back among them. */
static void test_back_and_up(void **state)
{
	struct course course;

	priority_prepare();
	course = run();
	if (course.back == SCHED_OTHER)
		skip(); /* we may not come back: neither raise the limit, nor have the capability */
	assert_int_equal(course.back, SCHED_IDLE);
	assert_int_equal(course.up, SCHED_OTHER);
	assert_int_equal(course.nice, 10);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER); /* the others stay what they are */
}

/* Where there is no way back, it does not go so far. */
static void test_no_way_back(void **state)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	const struct rlimit least = {.rlim_cur = 0, .rlim_max = 0};
	struct course course;

	assert_int_equal(setrlimit(RLIMIT_NICE, &least), 0);
	assert_int_equal(syscall(SYS_capset, &header, none), 0);
	course = run();
	assert_int_equal(course.back, SCHED_OTHER);
	assert_int_equal(course.nice, 10);
	assert_int_equal(course.up, SCHED_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_and_up),
		cmocka_unit_test(test_no_way_back), /* the last: limits do not rise again */
	};

	return cmocka_run_group_tests_name("priority", tests, NULL, NULL);
}
