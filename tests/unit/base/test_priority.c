/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/priority.h"

/* A user's process that was begun under nice(1) has no way to be less nice. */
static void need_choice(void)
{
	if (setpriority(PRIO_PROCESS, 0, 0) != 0)
		skip();
}

/* What becomes of a process of that policy and nice value that takes the step. */
static struct sched_attr after(void (*step)(void), uint32_t policy, int nice)
{
	struct sched_attr attr = {.size = sizeof(attr), .sched_policy = policy, .sched_nice = nice};
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0)
			_exit(1);
		step();
		priority_give_way();
		if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0)
			_exit(2);
		_exit(write(fds[1], &attr, sizeof(attr)) != sizeof(attr));
	}
	assert_true(child > 0);
	close(fds[1]);
	assert_int_equal(read(fds[0], &attr, sizeof(attr)), sizeof(attr));
	close(fds[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return attr;
}

/* Slices of a thread's own came with Linux 6.12; what was asked for is told back. */
static bool kernel_has_slices(void)
{
	struct utsname name;
	unsigned int major = 0;
	unsigned int minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 12);
}

static void test_load_comes_after_service(void **state)
{
	struct sched_attr serves;
	struct sched_attr loads;

	need_choice();
	serves = after(priority_serve, SCHED_NORMAL, 0);
	loads = after(priority_step_back, SCHED_NORMAL, 0);
	assert_int_equal(serves.sched_nice, 0);
	assert_int_equal(loads.sched_nice, 10);
	assert_int_equal(serves.sched_policy, SCHED_NORMAL);
	assert_int_equal(loads.sched_policy, SCHED_NORMAL);
	if (!kernel_has_slices())
		return;
	assert_true(serves.sched_runtime > 0);
	assert_true(serves.sched_runtime < loads.sched_runtime);
}

/* What the operator chose for the process stays: it never comes before more than it did. */
static void test_operators_choice_stays(void **state)
{
	need_choice();
	assert_int_equal(after(priority_serve, SCHED_NORMAL, 5).sched_nice, 5);
	assert_int_equal(after(priority_step_back, SCHED_NORMAL, 15).sched_nice, 15);
	assert_int_equal(after(priority_step_back, SCHED_IDLE, 0).sched_policy, SCHED_IDLE);
	assert_int_equal(after(priority_serve, SCHED_BATCH, 0).sched_policy, SCHED_BATCH);
}

/* Steps back where sched_setattr is not allowed, as in some sandboxes. */
static void step_back_confined(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(3);
	priority_step_back();
}

static void test_nice_at_least(void **state)
{
	need_choice();
	assert_int_equal(after(step_back_confined, SCHED_NORMAL, 0).sched_nice, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_comes_after_service),
		cmocka_unit_test(test_operators_choice_stays),
		cmocka_unit_test(test_nice_at_least),
	};

	return cmocka_run_group_tests_name("priority", tests, NULL, NULL);
}
