/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that brings batches from the spool to the database.  It connects, and connects again
 * after a while that doubles up to half a minute when it fails; a failure is told once, and so is
 * its end.  What it cannot bring stays in the spool.
 */
#ifndef POSTGRES_SENDER_H
#define POSTGRES_SENDER_H

#include <pthread.h>

#include "postgres/link.h"
#include "postgres/spool.h"

struct sender {
	char *store; /* the texts of `place` */
	char *password_file;
	char *resolver;
	struct archive_place place;
	pthread_t thread;
	bool running;
	atomic_bool ending;   /* nothing is waited for any more */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t woken; /* there is something to do */
	pthread_cond_t taken; /* or it is done */
	struct spool spool;
	struct archive_state state;
	struct archive_limits limits; /* what is to be removed; 0 both: nothing */
	uint64_t told_removed;
	uint64_t size; /* octets that the database says that findings have, about */

	/* the thread's own */
	struct link link;
	struct spool other; /* what another process has left */
	bool has_other;
	uint32_t singly;   /* so many are brought one at a time: several were too much, or one of
			    * them was refused; 0: as many at once as a load has */
	uint32_t slow;	   /* tries in a row for which one batch alone took too long */
	bool failing;	   /* told already */
	char failure[96];  /* how it began */
	uint64_t again_ms; /* no try before */
	uint32_t pause_ms; /* to be waited after the next failure */
	uint64_t look_ms;  /* when it is looked for what others have left */
	uint64_t size_ms;  /* when the size is asked for */
};

/* Begins it.  ERR_SYS, ERR_NOMEM. */
enum err sender_start(struct sender *sender, const struct archive_place *place,
		      struct err_text *text) MUST_CHECK;

/* Gives it a moment to bring what waits, and ends it. */
void sender_stop(struct sender *sender);

/* Adds a batch to the spool.  ERR_SYS: it is the caller's still. */
enum err sender_add(struct sender *sender, const struct parcel *batch,
		    struct err_text *text) MUST_CHECK;

/* Waits until nothing waits.  False: something does. */
bool sender_settle(struct sender *sender, uint32_t most_ms);

/* Has what is over the limits be removed, some time; adds to `*removed` what was since. */
void sender_prune(struct sender *sender, const struct archive_limits *limits, uint64_t *removed);

#endif
