/* SPDX-License-Identifier: BSD-2-Clause */
/* Brings a load of batches into the database, in one transaction.  One thread. */
#ifndef POSTGRES_APPLY_H
#define POSTGRES_APPLY_H

#include "postgres/link.h"
#include "postgres/spool.h"

struct applied {
	uint64_t findings; /* that were in the load */
	uint64_t hits;
	uint64_t again; /* batches that the database had already: they are not counted twice */
};

/* Makes what a connection needs, once.  ERR_SYS. */
enum err apply_prepare(struct link *link, struct err_text *text) MUST_CHECK;

/*
 * Brings the load of the stream `name` of the resolver.  The database knows the number of the last
 * batch of each stream: what it has already is left out.  ERR_SYS: nothing of it is stored, or it
 * is not known whether all is; to be tried again, with the same numbers.
 */
enum err apply_load(struct link *link, const char *resolver, const char *name,
		    const struct spool_load *load, struct applied *ret_applied,
		    struct err_text *text) MUST_CHECK;

#endif
