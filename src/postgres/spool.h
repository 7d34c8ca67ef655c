/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the database has not taken yet: a file of a folder, to which batches are added, each behind
 * a frame with its number, and which is emptied when all of them are taken.  A process has a file
 * of its own, locked; the name of the file is the name of its stream of batches in the database.
 * What a process has left behind is taken by another one, under the old name.
 *
 * Where the disk is full one batch is kept in memory instead.  The caller sees to it that no two
 * threads use a spool at the same time, but for spool_load.
 */
#ifndef POSTGRES_SPOOL_H
#define POSTGRES_SPOOL_H

#include <limits.h>

#include "postgres/parcel.h"

#define SPOOL_NAME_LEN 32U
#define SPOOL_LOAD_MAX                                                                             \
	(8U * 1024 * 1024) /* octets that are sent together, unless a batch is longer */

struct spool_frame {
	uint32_t magic;
	uint32_t len; /* of the octets behind it */
	uint64_t number;
	uint64_t findings;
	uint64_t hits;
	uint64_t check; /* of what stands before it, and of the octets */
};

struct spool {
	char folder[PATH_MAX];
	char name[SPOOL_NAME_LEN + 1]; /* hexadecimal */
	int fd;			       /* -1: not made yet */
	uint64_t number;	       /* of the last batch */
	uint64_t sent;		       /* where the file has what is not taken yet */
	uint64_t freed;		       /* up to there the disk has its room again */
	uint64_t end;
	uint64_t waiting;   /* findings in it */
	uint64_t others;    /* octets of other files of the folder */
	uint64_t bytes_max; /* of all together */
	struct parcel held; /* in memory; `len` 0: none */
	struct spool_frame held_frame;
	bool disk_failing; /* told already */
};

/* Makes the folder, for its owner alone, and draws a name.  ERR_SYS. */
enum err spool_init(struct spool *spool, const char *folder, uint64_t bytes_max,
		    struct err_text *text) MUST_CHECK;

/* Ends it; the file is removed when all of it is taken. */
void spool_fini(struct spool *spool);

/* Adds a batch, which stays the caller's.  ERR_SYS: it is neither on the disk nor in memory, as
 * `text` says. */
enum err spool_add(struct spool *spool, const struct parcel *batch,
		   struct err_text *text) MUST_CHECK;

/* True when something waits. */
bool spool_has(const struct spool *spool);

/* A load: batches that are sent together. */
struct spool_load {
	struct parcel octets; /* their frames, each with its batch behind it */
	uint64_t from;	      /* where it begins and ends in the file */
	uint64_t to;
	bool held; /* it is the one in memory */
};

/* Reads the next load, at least a batch, and `singly` no more.  ERR_NOTFOUND: what stands there is
 * no batch, ERR_SYS, ERR_NOMEM. */
enum err spool_load(const struct spool *s, bool singly, struct spool_load *ret_load,
		    struct err_text *text) MUST_CHECK;

/* Walks over the batches of a load: `*at` begins at 0.  False: that was all. */
bool spool_next(const struct spool_load *load, size_t *at, struct spool_frame *ret_frame,
		const uint8_t **ret_octets);

/* The load is taken. */
void spool_taken(struct spool *spool, const struct spool_load *load, uint64_t findings);

/* What stands there cannot be read: it is given up as far as the next batch that can.  Returns how
 * many octets that are; 0: out of memory, to be tried again. */
uint64_t spool_skip(struct spool *spool);

/* The octets of the disk that all files of the folder take, about. */
uint64_t spool_octets(const struct spool *spool);

/* Takes a file that no process has any more, and counts the octets of the others.  False: there is
 * none. */
bool spool_adopt(struct spool *spool, struct spool *ret_other);

#endif
