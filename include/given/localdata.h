/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local data: sets of records that rules of a response policy zone give as answers.
 *
 * A set is made in a draft and put among the others, where it has a number and never changes; the
 * same records have the same number mostly, since most rules of a zone give the same.  Filled by
 * one thread, then only read.
 */
#ifndef GIVEN_LOCALDATA_H
#define GIVEN_LOCALDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LOCALDATA_SET_MAX 60000U /* octets of a set: what a message has room for */
#define LOCALDATA_RECORDS_MAX 256U

struct localdata;

/* A set in the making; the caller's memory. */
struct localdata_draft {
	uint32_t len;
	uint16_t count;
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

/* ERR_NOMEM. */
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

/* Puts set `number` of `old` among the others.  ERR_NOMEM. */
enum err localdata_copy(struct localdata *data, const struct localdata *old, uint32_t number,
			uint32_t *ret_number) MUST_CHECK;

/* Where it stands, and back to that: sets put since then are as if never put. */
uint32_t localdata_mark(const struct localdata *data);
void localdata_rollback(struct localdata *data, uint32_t mark);

/* Begins with the first record of set `number`.  Any thread. */
void localdata_iter_init(struct localdata_iter *iter, const struct localdata *data,
			 uint32_t number);

/* The next record; false: there is none. */
bool localdata_iter_next(struct localdata_iter *iter, struct localdata_record *ret_record);

/* The first record of the type in set `number`; false: there is none.  Any thread. */
bool localdata_find(const struct localdata *data, uint32_t number, uint16_t type,
		    struct localdata_record *ret_record);

#endif
