/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/priority.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#define NICE 10
#define NICE_LIMIT ((rlim_t)(20 - NICE)) /* as RLIMIT_NICE counts it: setrlimit(2) */

void priority_prepare(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NICE, &limit) != 0 || limit.rlim_cur >= NICE_LIMIT)
		return;
	limit.rlim_cur = NICE_LIMIT;
	if (limit.rlim_max < NICE_LIMIT)
		limit.rlim_max = NICE_LIMIT;
	if (setrlimit(RLIMIT_NICE, &limit) != 0)
		log_debug("RLIMIT_NICE: %s: a load gets its share from the start", strerror(errno));
}

static bool may_set_priorities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, caps) == 0 && caps[0].effective & (1U << CAP_SYS_NICE);
}

/* Who may not come back from SCHED_IDLE had better not go there. */
static bool may_come_back(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NICE, &limit) == 0 && limit.rlim_cur >= NICE_LIMIT)
		return true;
	return may_set_priorities();
}

void priority_step_back(void)
{
	static const struct sched_param none;

	/* Where this is not allowed, they have to share. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	if (may_come_back())
		(void)sched_setscheduler(0, SCHED_IDLE, &none);
}

void priority_step_up(pid_t tid)
{
	static const struct sched_param none;

	if (sched_getscheduler(tid) == SCHED_IDLE &&
	    sched_setscheduler(tid, SCHED_OTHER, &none) != 0)
		log_warning("a load cannot be given more of the processor: %s", strerror(errno));
}
