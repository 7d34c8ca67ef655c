/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the hunt share.
 *
 *   hunt.c    made, started, ended
 *   record.c  what the workers tell, written down
 *   keep.c    the folder kept within its days and its size
 *   search.c  names of the lists, looked for
 *   tell.c    who has asked for them, found and told
 */
#ifndef HUNT_HUNTER_H
#define HUNT_HUNTER_H

#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "evidence/client.h"
#include "hunt/rows.h"
#include "hunt/thread.h"
#include "hunt/day.h"
#include "hunt/days.h"
#include "hunt/found.h"
#include "hunt/hash.h"
#include "hunt/hunt.h"

struct hunt {
	char folder[PATH_MAX];
	struct client_form form;
	struct hunt_hash hash;
	struct asked **asked;
	size_t workers;
	uint32_t days;
	struct stats stats; /* each counter is one thread's */
	_Atomic uint64_t size_bytes;
	_Atomic uint64_t retention_s;	/* of what was found */
	_Atomic uint64_t written_until; /* times that all had been written which was told */
	_Atomic uint64_t recoveries;	/* times that it was after failures */

	struct hunt_thread recorder;
	struct rows waiting;
	struct day *day;   /* NULL: not open */
	uint32_t day_open; /* which it is of */
	struct stat file;  /* of it */
	bool failing;	   /* the last try has failed */
	uint64_t try_again_ms;
	uint64_t lost; /* of the workers' feeds, as counted */
	bool over;     /* today's store alone is over the size */
	uint64_t next_keep_ms;
	uint64_t trust_ms; /* no day is removed for its age before */
	int64_t ahead_s;   /* how far the calendar was ahead of the monotonic clock; 0: unknown */

	struct hunt_thread searcher;
	hunt_lists_fn *lists;
	void *daemon;
	uint64_t searched; /* the generation of the lists whose names were looked for */
};

/* The threads; `arg` is the hunt. */
void *hunt_record(void *arg);
void *hunt_seek(void *arg);

/* Removes days that are too old or too much, when that is due. */
void hunt_keep(struct hunt *hunt, uint64_t now_ms, uint64_t unix_s);

/* A name of a list that somebody may have asked for. */
struct quarry {
	struct name name;
	uint8_t scope; /* enum domset_scope: what of the name the list has */
	char list[POLICY_LIST_NAME_MAX];
	uint64_t hash;
	uint64_t clients; /* found now, and which was the last */
	struct day_client last;
	uint64_t last_s;
};

/* Finds who has asked for them on these days, keeps and tells it.  Returns how many clients with
 * names and days are new. */
uint64_t hunt_tell(struct hunt *hunt, const uint32_t *days, size_t day_count, struct quarry *quarry,
		   size_t count);

#endif
