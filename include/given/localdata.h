/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local data: sets of records that rules of a response policy zone give as answers.
 *
 * A set is made in a draft and put among the others, where it has a number and never changes; the
 * same set has the same number.  Filled by one thread, then only read.
 *
 * A set may have a note beside its records, or alone: what a row of a table says of its rule.  Who
 * reads records does not meet it.
 */
#ifndef GIVEN_LOCALDATA_H
#define GIVEN_LOCALDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LOCALDATA_SET_MAX 60000U /* octets of a set: what a message has room for */
#define LOCALDATA_RECORDS_MAX 256U
#define LOCALDATA_NOTE_MAX 64U /* octets of either of its texts */
/* Octets of all sets that have notes: where they are come to, sets are put without theirs. */
#define LOCALDATA_NOTES_BYTES_MAX (64U << 20)

struct localdata;

/* Texts that may be shown: UTF-8 without control characters; "": there is none. */
struct localdata_note {
	char family[LOCALDATA_NOTE_MAX + 1];
	char ticket[LOCALDATA_NOTE_MAX + 1];
};

/* A set in the making; the caller's memory. */
struct localdata_draft {
	uint32_t len;
	uint16_t count;
	struct localdata_note note;
	uint8_t octets[LOCALDATA_SET_MAX];
};

struct localdata_record {
	uint16_t type;
	uint16_t rdlen;
	uint32_t ttl_s;
	const uint8_t *rdata; /* names in it are not compressed */
};

/* Where a reading of a set has got to. */
struct localdata_iter {
	const uint8_t *at;
	uint16_t left;
};

/* ERR_NOMEM; ERR_SYS: there are no random numbers. */
enum err localdata_create(struct localdata **ret_data) MUST_CHECK;

/* NULL is fine. */
void localdata_free(struct localdata *data);

/* Empties a draft. */
void localdata_begin(struct localdata_draft *draft);

/* Makes a draft of set `number`, to be added to. */
void localdata_reopen(const struct localdata *data, uint32_t number, struct localdata_draft *draft);

/* True when the draft has the record, whatever its TTL (RFC 2181, 5). */
bool localdata_holds(const struct localdata_draft *draft, const struct localdata_record *record);

/* Adds a record that the draft does not hold.  ERR_RANGE: it has LOCALDATA_RECORDS_MAX records or
 * no room for it. */
enum err localdata_add(struct localdata_draft *draft,
		       const struct localdata_record *record) MUST_CHECK;

/* True when the draft has a record of the type. */
bool localdata_has(const struct localdata_draft *draft, uint16_t type);

/* Puts the draft's set among the others.  Its number is not 0.  ERR_NOMEM. */
enum err localdata_put(struct localdata *data, const struct localdata_draft *draft,
		       uint32_t *ret_number) MUST_CHECK;

/* Puts a set that has the note alone; number 0: the note says nothing, or there is no room for it.
 * ERR_NOMEM. */
enum err localdata_put_note(struct localdata *data, const struct localdata_note *note,
			    uint32_t *ret_number) MUST_CHECK;

/* Puts set `number` of `old` among the others; number 0 as of localdata_put_note.  ERR_NOMEM. */
enum err localdata_copy(struct localdata *data, const struct localdata *old, uint32_t number,
			uint32_t *ret_number) MUST_CHECK;

/* Where it stands, and back to that: sets put since then are as if never put. */
uint32_t localdata_mark(const struct localdata *data);
void localdata_rollback(struct localdata *data, uint32_t mark);

/* Gives back what is only needed while sets are put: 8 to 32 octets a set.  More may be put. */
void localdata_settle(struct localdata *data);

/* How many sets were put without their notes, for want of room. */
uint32_t localdata_without_note(const struct localdata *data);

/* False: no set has a note.  `data` may be NULL.  Any thread. */
bool localdata_has_notes(const struct localdata *data);

/* The note of set `number` (0: none); false: it has none.  `data` may be NULL.  Any thread. */
bool localdata_note_of(const struct localdata *data, uint32_t number,
		       struct localdata_note *ret_note);

/* Begins with the first record of set `number`.  Any thread. */
void localdata_iter_init(struct localdata_iter *iter, const struct localdata *data,
			 uint32_t number);

/* The next record; false: there is none. */
bool localdata_iter_next(struct localdata_iter *iter, struct localdata_record *ret_record);

/* The first record of the type in set `number`; false: there is none.  Any thread. */
bool localdata_find(const struct localdata *data, uint32_t number, uint16_t type,
		    struct localdata_record *ret_record);

#endif
