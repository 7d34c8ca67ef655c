/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the ledger share.
 *
 *   ledger.c        made, started, ended; its thread
 *   ledger_write.c  batches, from the workers' tables to the store
 *   ledger_prune.c  what is too old or too much
 */
#ifndef EVIDENCE_WRITER_H
#define EVIDENCE_WRITER_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "evidence/client.h"
#include "evidence/ledger.h"
#include "evidence/lists.h"
#include "evidence/pending.h"
#include "evidence/archive.h"
#include "evidence/visits.h"

struct ledger {
	struct place place;
	archive_host_fn *find_host;
	void *find_arg;
	ledger_met_fn *met; /* NULL: nobody is told */
	void *met_arg;
	bool remote; /* the store is a database elsewhere */
	struct client_form form;
	struct findings **findings;
	size_t workers;
	int wake_fd;
	pthread_t thread;
	bool running;
	atomic_bool ending;
	struct stats stats; /* the thread's */
	struct visits *visits;
	_Atomic uint32_t waiting; /* findings, after the last batch */

	pthread_mutex_t lock; /* of what follows */
	struct lists *next_lists;
	struct archive_state state;
	_Atomic uint32_t retention_s;
	_Atomic uint64_t size_bytes;

	/* the thread's own */
	struct pending pending;
	struct findings_table *table; /* NULL: none is taken */
	struct findings *table_of;
	uint32_t absorbed;	   /* so many of its findings are among those that wait */
	const struct visit *batch; /* of visits that wait to be written */
	size_t batch_count;
	struct lists *lists;	 /* NULL: none is known yet */
	bool lists_written;	 /* they are in the store */
	struct archive *archive; /* NULL: not open */
	struct stat file;	 /* of the open store */
	bool failing;		 /* the last try has failed */
	uint64_t try_again_ms;	 /* not before, while failing */
	bool over;		 /* the store is far over its size: nothing unproven is taken */

	int64_t cursor; /* of the pass over the store; 0: none is under way */
	struct archive_limits limits;
	unsigned int pressure; /* passes in a row that were for the size */
	uint64_t next_age_ms;
	int64_t ahead_s; /* how far the calendar was ahead of the monotonic clock; 0: not looked at
			  */
	uint64_t next_size_ms;
};

/* Takes full tables of the workers, or all that they have. */
void ledger_collect(struct ledger *ledger, bool all);

/* Writes what waits, unless a failure was just now. */
void ledger_write(struct ledger *ledger);

/* At the end: counts as lost what could not be written. */
void ledger_lose(struct ledger *ledger);

/* Has nothing be removed for its age for a day when the calendar was set on by an hour or more: a
 * clock that is wrong must not end what is kept for years.  Called often, with what both clocks
 * say. */
void ledger_watch_clock(struct ledger *ledger, uint64_t unix_s, uint64_t now_ms);

/* The same at a start, when the store was last written (Unix time) a month or more before: a
 * machine may have started with a clock that is ahead, and is set right in a while. */
void ledger_judge_start(struct ledger *ledger, uint64_t written_s, uint64_t unix_s,
			uint64_t now_ms);

/* A step of what keeps the store within its age and size.  True: there is more to be done. */
bool ledger_prune(struct ledger *ledger);

#endif
