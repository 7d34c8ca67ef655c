/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which records of a reply belong to its question.  A server may put anything into a reply, and
 * one that was forged or is badly configured does; what does not belong is not handed on
 * (RFC 2181, 5.4.1; RFC 5452, 6).
 *
 * The names that count are the qname and those it leads to by the CNAMEs and DNAMEs of the answer
 * section, in whatever order they stand.  The zones that count are those with an SOA or NS in the
 * authority section, at one of these names or above it.  Then there belong, of the question's
 * class alone, to
 *
 *   answer      records at these names of the question's type, CNAMEs, and the DNAMEs that led on
 *               from them, which stand above
 *   authority   SOA and NS at these names or above; NSEC, NSEC3 and DS at or below the zones, or
 *               for a name of which the reply tells no zone (a positive answer by a wildcard),
 *               at or below its top-level domain
 *   additional  what is at the names that records of the answer section lead to: of mail
 *               exchangers, name servers, services; where it is wanted, also what is at those of
 *               NS of the authority section
 *
 * and the RRSIGs of records that would belong.  An NSEC says nothing without its RRSIG, which is
 * what a client checks it by, so that the wide rule for it does no harm.
 */
#ifndef DNS_BAILIWICK_H
#define DNS_BAILIWICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/answer.h"
#include "dns/name.h"
#include "dns/wire.h"

/* Resolvers follow far fewer CNAMEs; records beyond so many do not belong. */
#define BAILIWICK_NAMES_MAX 40U
#define BAILIWICK_TARGETS_MAX 32U /* names whose additional records belong */
/* CNAMEs and DNAMEs of a reply that are followed. */
#define BAILIWICK_LINKS_MAX 64U

/* A CNAME or a DNAME. */
struct bailiwick_link {
	uint16_t type;
	struct name owner;
	struct name target;
};

struct bailiwick {
	unsigned int count;
	unsigned int
		links; /* CNAMEs and DNAMEs shown; those beyond BAILIWICK_LINKS_MAX lead nowhere */
	bool followed; /* the names are known: no record adds one any more */
	unsigned int target_count;
	uint16_t qtype;
	uint16_t rrclass;
	bool circle;  /* a CNAME leads back to where it was reached from */
	bool settled; /* the names and the zones are known: none will come any more */
	bool servers; /* the names of the authority section's NS are targets too; set by the caller
		       */
	uint8_t zone[BAILIWICK_NAMES_MAX]; /* octets of the highest zone above the name; 0: none */
	uint8_t parent[BAILIWICK_NAMES_MAX]; /* the place of the name that led to it */
	struct name names[BAILIWICK_NAMES_MAX];
	struct name targets[BAILIWICK_TARGETS_MAX];
};

/* The records of a message's sections, but for an OPT and what stands behind it. */
struct bailiwick_body {
	size_t begin; /* behind the question */
	size_t end;
	uint16_t count[3];
};

/* Begins with the question at `question` of `len` octets: a checked name, type and class.  With
 * none (`len` 0) nothing belongs. */
void bailiwick_begin(struct bailiwick *b, const uint8_t *question, size_t len);

/*
 * True when the record belongs by what was seen before it.  Records are shown in their order; a
 * false is final only if the names and zones are settled.  `target` is the name in the rdata of
 * a CNAME, a DNAME or a type of which rdata_target tells, and not read for other types.
 */
bool bailiwick_take(struct bailiwick *b, enum section section, const uint8_t *msg,
		    const struct wire_rr *rr, const struct name *owner, const struct name *target);

/* The place of a name among those that count; BAILIWICK_NAMES_MAX: it is none. */
unsigned int bailiwick_find(const struct bailiwick *b, const struct name *name);

/* Adds all names that the question leads to by these links, in whatever order they stand.  From
 * then on records that are shown add no name.  Costs count times the names that are found. */
void bailiwick_follow(struct bailiwick *b, const struct bailiwick_link *links, unsigned int count);

/*
 * Removes the records that do not belong from a message whose records were all checked, names
 * with them, and shown.  The names of those that stay are written anew, so that none points to
 * what is gone; the rest of the message and its header stay as they are.  `body` is updated;
 * untouched when all belong.
 * ERR_TRUNCATED when the rest would not fit into the room that the whole took: no honest message
 * is so.
 */
enum err bailiwick_prune(struct bailiwick *b, uint8_t *msg, struct bailiwick_body *body) MUST_CHECK;

#endif
