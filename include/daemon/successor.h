/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The new process of a hand-over (daemon/handover.h), from its beginning until it serves.  In a
 * process that succeeds nobody all of it does nothing.  The main thread alone.
 */
#ifndef DAEMON_SUCCESSOR_H
#define DAEMON_SUCCESSOR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "cache/cache.h"
#include "manual/manual.h"
#include "net/inherited.h"
#include "query/snapshot.h"
#include "system/succession.h"

struct successor {
	int channel;			  /* -1: succeeds nobody */
	char state[SUCCESSION_STATE_MAX]; /* state directory of the process before; "": not known */
	bool has_manual;
	struct manual manual; /* what was said to it by command, if that is known; the caller's */
};

/* Inherits sockets, the secret of cookies and what was said by command, where there is a process
 * before.  ERR_SYS, ERR_SYNTAX, ERR_NOMEM with `text`. */
enum err successor_begin(struct successor *ret_successor, struct inherited *inherited,
			 struct hash_key *secret, struct err_text *text) MUST_CHECK;

bool successor_is_one(const struct successor *successor);

/* What was said to the process before; NULL: that is not known, but by the state directory. */
const struct manual *successor_manual(const struct successor *successor);

/*
 * All is loaded: waits for the process before to say so, and reads its cache.  When that process is
 * gone, this one goes on without.  ERR_SYS: it does not speak.
 */
enum err successor_take_cache(const struct successor *successor, const struct snapshot *snapshot,
			      struct cache *cache, const struct hash_key *name_key) MUST_CHECK;

/* The workers serve: the process before may end.  Returns once the service manager knows. */
void successor_serves(const struct successor *successor);

/* What operators ask is answered: nothing follows. */
void successor_answers(struct successor *successor);

#endif
