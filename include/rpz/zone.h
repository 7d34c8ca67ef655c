/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a response policy zone (draft-vixie-dnsop-dns-rpz) from its master file (RFC 1035, 5), line
 * by line, into rules and what these give.
 *
 * The zone's name is the owner of its SOA; without one it is the origin where its first record
 * stands.  An owner below that is a trigger: "x" the name itself, "*.x" the names below it; below
 * rpz-client-ip, rpz-ip and rpz-nsip an address with the length of its prefix, turned round, and
 * below rpz-nsdname a name server's.  The target of a CNAME says what is done: "." NXDOMAIN, "*."
 * no data, rpz-passthru., rpz-drop., rpz-tcp-only., or the owner itself, which passes as well; any
 * other record is what is answered.
 *
 * A record that cannot be taken costs itself, and is told in the report with its line.
 */
#ifndef RPZ_ZONE_H
#define RPZ_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "list/addrguard.h"
#include "list/guard.h"
#include "list/report.h"
#include "match/rules.h"

#define RPZ_CUTS_TOLD 8U

struct rpz_zone;

struct rpz_options {
	const char *path;	    /* of the file, for what is told */
	const struct hash_key *key; /* of the sets of names */
	struct rules *rules;	    /* to which all is added; they have begun the list */
	unsigned int list;
	const struct guard *guard;	   /* the entry gates; NULL lets all pass */
	const struct addrguard *addrguard; /* likewise */
	unsigned int allowed;		   /* GUARD_ALLOW_ */
	uint32_t ttl_s;			   /* of records, where the file does not say */
	uint32_t max_ttl_s;		   /* of all that is given; 0: as it says */
	const struct name *cname;	   /* what every rule gives; NULL: what it says */
	bool mandatory;	 /* rules but for names that do not block are passed over: they lift nothing
			  */
	bool overridden; /* every rule does what the list does, whatever it says */
	bool nearest;	 /* a wildcard covers all names below it that have no nearer rule */
};

/* A name below which a wildcard does not hold, since the zone has it (RFC 4592, 2.2.2). */
struct rpz_cut {
	struct name owner;
	struct name wildcard; /* its parent */
};

struct rpz_summary {
	bool has_soa;
	uint32_t serial;
	uint32_t negative_ttl_s; /* of the SOA (RFC 2308, 5) */
	uint32_t soa;		 /* data of the SOA (struct policy_list); 0: there is none */
	uint64_t loose;		 /* prefixes with bits behind them, which are as if not set */
	uint32_t loose_line;
	uint64_t cuts;
	struct rpz_cut told[RPZ_CUTS_TOLD]; /* the first ones */
};

/* Begins a zone.  What `options` points to, and the report, live as long as the zone.  ERR_NOMEM.
 */
enum err rpz_zone_create(const struct rpz_options *options, struct list_report *report,
			 struct rpz_zone **ret_zone) MUST_CHECK;

/*
 * Takes a line of the zone `zone_arg`, without its newline; the report's number of lines is its
 * own. ERR_REFUSED: $INCLUDE, or the set has too many kinds of rules.  ERR_NOMEM.  Both with
 * `text`. On failure the builder has part of the rules (the caller rolls back).
 */
enum err rpz_zone_line(void *zone_arg, const char *line, size_t len,
		       struct err_text *text) MUST_CHECK;

/*
 * What struct listfile_zone wants: looks at a piece of the zone's lines ahead, and takes it, with
 * the same outcome as rpz_zone_line of one line after the other, the report's number counted before
 * each.  Errors likewise.
 */
void rpz_zone_put(void *zone_arg, uint8_t *notes);
void rpz_zone_look(uint8_t *notes, const char *piece, const char *end);
enum err rpz_zone_take(void *zone_arg, const uint8_t *notes, const char *piece, const char *end,
		       struct err_text *text) MUST_CHECK;

/* Ends the zone after its last line.  Errors as of rpz_zone_line. */
enum err rpz_zone_end(struct rpz_zone *zone, struct err_text *text) MUST_CHECK;

/* What the zone was found to be. */
const struct rpz_summary *rpz_zone_summary(const struct rpz_zone *zone);

/* NULL is fine. */
void rpz_zone_free(struct rpz_zone *zone);

#endif
