/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the process before and its successor say to each other over a socket pair, in this order:
 *
 *   before  SOCKETS, ...  those that are listened on, some in each message (SCM_RIGHTS)
 *   before  SECRET        of the server cookies; no more sockets follow.  With it what was said by
 *                         command, as a file in memory: the disk may not have taken it
 *   after   LOADED        the lists are compiled, and all is there to serve
 *   before  GO            with the cache, as a file in memory, if there is one
 *   after   SERVING       it answers; both read of the same sockets now
 *   before  MAIN          the service manager has been told who is the main process
 *   after   (the end)     it answers what operators ask: the one before need not any more
 *
 * Whoever is to speak and ends instead has failed; the other one goes on as if nothing had
 * been.  The main thread alone.
 */
#ifndef SYSTEM_SUCCESSION_H
#define SYSTEM_SUCCESSION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/hash.h"
#include "net/inherited.h"

/* What the successor finds in its environment: the number of its socket and, behind a space, the
 * state directory of the process before. */
#define SUCCESSION_VARIABLE "SINKHOLED_HANDOVER"
#define SUCCESSION_STATE_MAX 4096U

enum succession_word {
	SUCCESSION_SOCKETS = 1,
	SUCCESSION_SECRET,
	SUCCESSION_LOADED,
	SUCCESSION_GO,
	SUCCESSION_SERVING,
	SUCCESSION_MAIN,
	SUCCESSION_END, /* the other one is gone; never sent */
};

/*
 * Starts `path` with `argv`, one end of a socket pair and the name of our state directory, "" where
 * there is none; `*ret_fd` is the other end.  SIGHUP,
 * SIGUSR1 and SIGUSR2 are blocked in it from the beginning: what it is sent before it is ready is
 * not lost.  ERR_SYS: errno says why there is none.
 */
enum err succession_spawn(const char *path, char *const argv[], const char *state, int *ret_fd,
			  pid_t *ret_pid) MUST_CHECK;

/* Says a word, with `fd` unless that is -1.  ERR_SYS.  Never blocks. */
enum err succession_say(int channel, enum succession_word word, int fd) MUST_CHECK;

/* Sends SOCKETS and SECRET, with `said` unless that is -1.  ERR_SYS. */
enum err succession_bequeath(int channel, const int *fds, size_t count,
			     const struct hash_key *secret, int said) MUST_CHECK;

/*
 * The next word, waited for `timeout_ms` at most (-1: for ever): SUCCESSION_END when the other one
 * is gone.  A descriptor that came with it is `*ret_fd`, which is -1 else; NULL: none is expected.
 * ERR_SYS: none came in time, or one that is not understood.
 */
enum err succession_hear(int channel, int timeout_ms, enum succession_word *ret_word,
			 int *ret_fd) MUST_CHECK;

/*
 * In the successor, at its beginning: the channel to the process before, -1 when there is none, and
 * what it bequeathes; `ret_state` is its state directory, "" where that is not known; `ret_said` is
 * -1 where nothing came with SECRET.  ERR_SYS: it has spoken of something else; ERR_NOMEM.
 */
enum err succession_begin(int *ret_channel, char ret_state[SUCCESSION_STATE_MAX],
			  struct inherited *inherited, struct hash_key *secret,
			  int *ret_said) MUST_CHECK;

#endif
