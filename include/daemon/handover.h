/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An upgrade while running: the program is started anew, from the file that it was started from,
 * and serves the same sockets once it has loaded all; then it is for this process to end.  What
 * goes wrong before changes nothing.  See system/succession.h for what the two say to each other.
 * The main thread alone.
 */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "cache/cache.h"
#include "daemon/inforce.h"
#include "landing/landing.h"
#include "net/worker.h"
#include "system/statelock.h"

struct handover;

struct handover_config {
	char *const *argv; /* of this process, for the next one */
	struct workers *workers;
	struct cache *cache;
	struct hash_key name_key;
	const struct landing *landing; /* NULL: there is none */
	struct inforce *inforce;       /* what was said by command: the next one has it said */
	struct hash_key cookie_secret; /* the next one's as well: it takes the cookies given out */
	struct statelock **lock; /* let go, and NULL, when the next one takes it; NULL: none */
};

/* The hand-over is over: the new process serves, or nothing has changed. */
typedef void handover_done_fn(void *arg, bool serves);

/* What `config` points to has to last.  ERR_NOMEM. */
enum err handover_create(struct event_base *base, const struct handover_config *config,
			 handover_done_fn *done, void *arg,
			 struct handover **ret_handover) MUST_CHECK;

/* Begins one, unless one is under way; how it goes is logged. */
void handover_start(struct handover *handover);

bool handover_is_busy(const struct handover *handover);

/* Sends the signal to the process that serves now. */
void handover_signal_next(const struct handover *handover, int number);

/* Once it serves: waits until it answers what operators ask, too, for some seconds at most. */
void handover_wait(struct handover *handover);

/* Ends the hand-over under way, if there is one, and the new process; does not call `done`. */
void handover_give_up(struct handover *handover);

/* NULL is fine. */
void handover_free(struct handover *handover);

#endif
