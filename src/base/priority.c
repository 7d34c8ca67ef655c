/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/priority.h"

#include <linux/sched.h>
#include <linux/sched/types.h> /* which does not go along with sched.h */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE_AS_IT_IS (-20) /* the least there is */
#define NICE_LOAD 10
#define SERVE_SLICE_NS 100000U /* the shortest that the kernel knows */
#define LOAD_SLICE_NS 200000U  /* longer: threads that serve come first */

/* Sets the slice, and nice if it is to rise.  Where that is not allowed, all have to share alike;
 * a thread that the operator gave another scheduling policy keeps that. */
static void set(int nice, unsigned int slice_ns)
{
	struct sched_attr attr = {.size = sizeof(attr)};

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0 ||
	    attr.sched_policy != SCHED_NORMAL)
		return;
	if (attr.sched_nice < nice)
		attr.sched_nice = nice;
	attr.sched_flags = 0;
	attr.sched_runtime = slice_ns;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) !=
	    0) /* a sandbox may know the older one only */
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), attr.sched_nice);
}

void priority_serve(void)
{
	set(NICE_AS_IT_IS, SERVE_SLICE_NS);
}

void priority_share(void)
{
	set(NICE_AS_IT_IS, LOAD_SLICE_NS);
}

void priority_step_back(void)
{
	set(NICE_LOAD, LOAD_SLICE_NS);
}

void priority_give_way(void)
{
	(void)syscall(SYS_sched_yield);
}
