/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long work in pieces: threads prepare them ahead, in any order, and whoever put them takes them in
 * the order they were put, so that what comes of it does not depend on the threads.
 */
#ifndef BASE_AHEAD_H
#define BASE_AHEAD_H

#include <stdbool.h>

#include "base/err.h"

#define AHEAD_PIECES 8U /* that may be put and not be taken yet */
#define AHEAD_THREADS_MAX 3U

struct ahead;

/* Prepares a piece; no other thread has it meanwhile. */
typedef void ahead_fn(void *piece);

/*
 * Begins as many threads as the process may use cores beside the caller's, AHEAD_THREADS_MAX at
 * most, with the caller's priority.  ERR_NOTFOUND: there is but one core.  ERR_SYS: no thread can
 * be begun.  ERR_NOMEM.  Whatever fails, the caller does without.
 */
enum err ahead_create(const char *name, ahead_fn *prepare, struct ahead **ret_ahead) MUST_CHECK;

/* Drops what was not taken, and ends the threads; none has a piece any more afterwards.  NULL is
 * fine. */
void ahead_free(struct ahead *ahead);

/* The pieces that were put and not taken. */
unsigned int ahead_count(const struct ahead *ahead);

/* Puts a piece, which stays the caller's memory; there are fewer than AHEAD_PIECES. */
void ahead_put(struct ahead *ahead, void *piece);

/* Takes the piece that was put first, prepared; there is one.  The caller prepares pieces itself
 * while threads are at this one, or have not come to it: on a busy machine all of them. */
void *ahead_take(struct ahead *ahead);

#endif
