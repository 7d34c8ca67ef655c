/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of a state directory: two daemons with one would each write what the other keeps of its
 * lists, ledger and commands.  It is a lock of an open file, which ends with the process, however
 * that ends.  At a hand-over the process before lets it go, and the next one takes it.
 */
#ifndef SYSTEM_STATELOCK_H
#define SYSTEM_STATELOCK_H

#include "base/err.h"

#define STATELOCK_FILE "state.lock"

struct statelock;

/*
 * Takes the lock of `directory`, for which it waits at most `wait_ms`: a process that ends may hold
 * it for a moment.  ERR_EXISTS with `text`: another process holds it, which is named.  ERR_SYS with
 * `text`: the file cannot be made or locked here.  Main thread.
 */
enum err statelock_take(const char *directory, unsigned int wait_ms, struct statelock **ret_lock,
			struct err_text *text) MUST_CHECK;

/* Lets it go; NULL is fine. */
void statelock_free(struct statelock *lock);

#endif
