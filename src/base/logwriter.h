/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What writes the log, to stderr or to the journal: a thread of its own, behind a queue with a
 * bound, so that nobody who logs waits for whoever reads.
 */
#ifndef BASE_LOGWRITER_H
#define BASE_LOGWRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Starts the thread; until then, and after logwriter_stop, lines are written by their caller.
 * Main thread, which has to outlive the others.  ERR_SYS: there is no thread to be had. */
enum err logwriter_start(void) MUST_CHECK;

/* Writes what is queued, for at most `timeout_ms`, and ends the thread; one that hangs in the
 * kernel is left behind.  Main thread; without logwriter_start it does nothing. */
void logwriter_stop(uint32_t timeout_ms);

/* Hands over `len` octets: whole lines.  When the queue is full they are lost, and counted.  Any
 * thread; waits for nobody while the thread runs. */
void logwriter_put(const char *text, size_t len);

/* What is handed over are records (base/journal.h) from now on, each with a NUL at its end, and
 * goes to the socket at `path`; where that fails, their lines go to stderr.  Main thread, before
 * any other.  False: there is no socket to be had, and all stays as it is. */
bool logwriter_journal(const char *path);

/* Lines that were lost so far.  Any thread. */
uint64_t logwriter_lost(void);

#endif
