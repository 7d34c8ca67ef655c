/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch as it stands in the spool: entries, each of texts and numbers, so many as its kind has.
 * One thread at a time.
 */
#ifndef POSTGRES_PARCEL_H
#define POSTGRES_PARCEL_H

#include <stddef.h>

#include "postgres/columns.h"
#include "store/store.h"

#define PARCEL_MAX (64U * 1024 * 1024) /* octets */
#define PARCEL_TEXTS 10U
#define PARCEL_NUMBERS 16U

/* X(kind, texts, numbers) */
#define PARCEL_KINDS(X)                                                                            \
	X(PARCEL_LIST, 10, 0)			       /* as in struct archive_list */             \
	X(PARCEL_FINDING, 3, 1 + FINDING_COLUMN_COUNT) /* client, list, name; form, columns */     \
	X(PARCEL_VISIT, 6, 5) /* client, host, method, path, agent, ja4; form, port, first, last,  \
			       * count */                                                          \
	X(PARCEL_NOTED, 5, 1 + FINDING_COLUMN_COUNT) /* a finding; behind its name family, ticket  \
						      */

#define PARCEL_ENUMERATOR(kind, texts, numbers) kind,
enum parcel_kind { PARCEL_KINDS(PARCEL_ENUMERATOR) PARCEL_KIND_COUNT };
#undef PARCEL_ENUMERATOR

struct parcel {
	uint8_t *octets;
	size_t len;
	size_t size;
	bool full;	   /* something did not fit: nothing of it is to be used */
	uint64_t findings; /* entries */
	uint64_t hits;	   /* their counts together */
};

/* Empties it; what it has allocated stays. */
void parcel_clear(struct parcel *batch);
void parcel_fini(struct parcel *batch);

/* Appends octets as they are.  False: `full`, out of memory or too long. */
bool parcel_append(struct parcel *batch, const void *octets, size_t len);

/* Append an entry.  Texts that are no UTF-8 have their octets beyond ASCII written as \DDD (RFC
 * 1035, 5.1), and those that are too long for the database's indexes are cut. */
void parcel_put_list(struct parcel *batch, const struct archive_list *list);
void parcel_put_finding(struct parcel *batch, const struct archive_finding *f);
void parcel_put_visit(struct parcel *batch, const struct archive_visit *visit);

struct parcel_entry {
	enum parcel_kind kind;
	const char *texts[PARCEL_TEXTS]; /* in the octets read */
	uint64_t numbers[PARCEL_NUMBERS];
};

/* Reads the entry at `*at`, which it moves.  False: the end, or what is no entry, in which case
 * `*at` is not `end`. */
bool parcel_next(const uint8_t **at, const uint8_t *end, struct parcel_entry *ret_entry);

#endif
