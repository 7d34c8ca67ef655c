/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands beside the workers: the ledger, hunts, the query log, and the landing.  Without any
 * of them the daemon serves all the same.  The main thread.
 */
#ifndef DAEMON_BESIDE_H
#define DAEMON_BESIDE_H

#include <pthread.h>

#include "called/called.h"
#include "daemon/inforce.h"
#include "evidence/ledger.h"
#include "hunt/hunt.h"
#include "landing/landing.h"
#include "net/inherited.h"
#include "net/worker.h"
#include "querylog/querylog.h"

struct beside {
	struct hash_key name_key;
	struct ledger *ledger; /* NULL: none is kept, and so on */
	struct hunt *hunt;
	struct querylog *querylog;
	struct called *called;
	struct landing *landing;
	pthread_mutex_t lock;	 /* of what follows, for whoever is not stopped before it ends */
	struct inforce *inforce; /* once it serves */
	bool ended;
};

/* Binds the landing's addresses, while any port may be; takes those of `inherited`.  ERR_NOMEM. */
enum err beside_open(struct beside *beside, const struct conf *conf,
		     struct inherited *inherited) MUST_CHECK;

/* Begins to keep what so many workers tell; they are told by `config`. */
void beside_begin(struct beside *beside, const struct conf *conf, size_t workers,
		  struct workers_config *config);

/* Has the landing serve, which says what `inforce` has of a name, and hunts begin, for what
 * `inforce` has. */
void beside_serve(struct beside *beside, struct inforce *inforce);

/* Takes on what a reload has changed. */
void beside_configure(struct beside *beside, const struct conf *conf);

/* The workers may go on: nobody comes to the landing any more, nor looks at what is in force. */
void beside_end_service(struct beside *beside);

/* The workers have stopped: what they have told is written. */
void beside_stop(struct beside *beside);

void beside_free(struct beside *beside);

/* Where the host of the ledger's database is, as an archive_host_fn; `arg` is a struct beside.  The
 * upstreams in force are asked, past all lists; before there are any they are waited for.  Any
 * thread. */
enum err beside_find_host(void *arg, const char *host, const atomic_bool *ending,
			  struct ip ret_ips[ARCHIVE_HOST_ADDRESSES], size_t *ret_count);

#endif
