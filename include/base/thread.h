/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that have none of the process's signals, which are the main thread's. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

#include "base/err.h"

#define THREAD_NAME_MAX 15U /* octets that Linux keeps of a name */

/*
 * Begins a thread with all signals blocked, called `name` (a longer one is cut) in /proc and in
 * debuggers, and with a stack of 8 MiB.  The caller joins `*ret_thread`.  Returns 0, or why there
 * is no thread, as pthread_create(3) does; `*ret_thread` is untouched then.  Any thread.
 */
int thread_start(const char *name, void *(*run)(void *arg), void *arg,
		 pthread_t *ret_thread) MUST_CHECK;

/*
 * Sees to it that the main thread's stack may be as large, where its limit can be raised.
 * ERR_RANGE, with `text`: it cannot, and is too low for a load.  Main thread, early.
 */
enum err thread_raise_stack(struct err_text *text) MUST_CHECK;

#endif
