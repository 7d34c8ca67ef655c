/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that sleeps until it is time, or it is to end. */
#ifndef HUNT_THREAD_H
#define HUNT_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct hunt_thread {
	pthread_t thread;
	bool running;
	atomic_bool ending;
	int wake_fd; /* an eventfd of the caller's */
};

/* Starts `run` with `arg`, all signals blocked.  ERR_SYS. */
enum err hunt_thread_begin(struct hunt_thread *t, void *(*run)(void *), const char *name,
			   void *arg) MUST_CHECK;

/* Has it end, and waits for that; one that was never begun is none. */
void hunt_thread_end(struct hunt_thread *t);

/* Sleeps for so long, or until the thread is to end.  The thread's own. */
void hunt_thread_rest(const struct hunt_thread *t, uint64_t ms);

#endif
