/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who comes first on a core that a load and a worker share.  A load runs when nothing else does
 * (SCHED_IDLE): a query that comes takes the core from it at once.  On a server that is never idle
 * it would never end so; after a while it gets its small share (nice 10).
 */
#ifndef DAEMON_PRIORITY_H
#define DAEMON_PRIORITY_H

#include <sys/types.h>

#define PRIORITY_IDLE_MS 3000U /* how long a load may be kept waiting by queries */

/* Lets threads of ours come back from SCHED_IDLE later (RLIMIT_NICE); to be called while we may
 * still raise limits.  Where that is refused, loads get their small share from the start, unless
 * CAP_SYS_NICE is kept. */
void priority_prepare(void);

/* The calling thread steps back behind all others. */
void priority_step_back(void);

/* Gives thread `tid` of ours, which has stepped back, its small share. */
void priority_step_up(pid_t tid);

#endif
