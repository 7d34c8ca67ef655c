/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An upstream's reply: checked against the question it answers, and reduced to what can be
 * handed on: its records as they stand, without the OPT, which belongs to one hop (RFC 6891, 6).
 */
#ifndef DNS_REPLY_H
#define DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/ede.h"
#include "dns/edns.h"
#include "dns/wire.h"

#define REPLY_TTL_TYPES_MAX 8U

/* What a reply says of its question. */
enum reply_kind {
	REPLY_ANSWER,	/* records that answer, or a CNAME chain, or a DNAME's YXDOMAIN */
	REPLY_NXDOMAIN, /* no such name */
	REPLY_NODATA,	/* the name has no such records */
	REPLY_CNAME,	/* CNAMEs lead to a name of which it says nothing */
	REPLY_FAILURE,	/* SERVFAIL, REFUSED and every other rcode */
};

/* Records of a reply, as struct reply has them. */
struct reply_records {
	uint16_t ancount;
	uint16_t nscount;
	uint16_t arcount;
	uint16_t body_len;
	const uint8_t *body; /* NULL: none are told of */
};

/*
 * The records of a reply.  `body` points behind the question of the message they were parsed
 * from; compression pointers in it count from the start of that message, so it may be put
 * behind any header and question of the same length.
 */
struct reply {
	enum reply_kind kind;
	uint16_t rcode; /* 12 bits */
	bool tc;
	bool ad;
	bool has_opt; /* the server knows EDNS */
	bool has_soa; /* a negative reply may be cached (RFC 2308, 5) */
	bool stale;   /* from the cache, past its TTL (RFC 8767); never of a reply just parsed */
	bool no_ra;   /* the server offers no recursion, nor is it authoritative */
	bool pruned;  /* records that do not belong to the question were removed */
	bool passed; /* by a rule for what it has: a client's own may be behind that (inspect_reply)
		      */
	bool simple; /* its records are addresses and SOAs, and none is additional: it leads to no
		      * other name, and is plain (dns/plain.h); false where nobody has looked */
	uint16_t ancount;
	uint16_t nscount;
	uint16_t arcount; /* without the OPT */
	uint16_t body_len;
	uint16_t question_end; /* where the body begins in its message */
	uint32_t ttl_s;	       /* the least TTL of its records; of a negative one by RFC 2308 */
	uint8_t cookie_len;    /* of the COOKIE option (RFC 7873); 0: none */
	uint8_t cookie[EDNS_COOKIE_MAX];
	const uint8_t *body;
	struct reply_records plain; /* what clients without DO are given of it (dns/plain.h) */
	struct edes ede;	    /* the upstream's */
};

/* The longest TTL of records of one type. */
struct reply_ttl_type {
	uint16_t type;
	uint32_t max_s;
};

/* Bounds on what is taken over from a reply, in seconds. */
struct reply_ttl_limits {
	bool servers; /* addresses of the servers of its zones are as well (bailiwick.servers) */
	uint32_t min_s;
	uint32_t max_s;
	uint32_t max_negative_s;
	size_t type_count;
	struct reply_ttl_type types[REPLY_TTL_TYPES_MAX];
};

/*
 * True when `msg` is a reply to the question (`question` is qname, qtype and qclass in wire
 * form and lower case, `question_len` octets): QR and QUERY, one question, the same but for the
 * letters' case; or none, and the server says that it failed: such a message may be as short as a
 * header.  The ID is the caller's to compare, as is the address it came from (RFC 5452, 9.1).
 */
bool reply_matches(const uint8_t *msg, size_t len, const uint8_t *question, size_t question_len);

/*
 * Parses a reply that matches, and sets its TTLs within `limits` where they stand (`msg` is
 * changed).  Records behind the OPT are left out; owners, and the names in the rdata of types
 * that may be compressed (RFC 3597, 4), are checked with all that they point to.  Records that do
 * not belong to the question (dns/bailiwick.h) are removed, the others moved together in `msg`.
 * Of a truncated reply (tc) the header alone is read: no records are counted; of one without a
 * question no record belongs.
 * ERR_SYNTAX and the errors of wire_next_rr when it is malformed, or answers but another question.
 */
enum err reply_parse(uint8_t *msg, size_t len, size_t question_len,
		     const struct reply_ttl_limits *limits, struct reply *ret_reply) MUST_CHECK;

/* True for what RFC 2308 has remembered: an answer, or a negative reply with an SOA.  CNAMEs that
 * lead away are no answer, but may be all that is needed to block one. */
static inline bool reply_may_be_cached(const struct reply *reply)
{
	return reply->kind == REPLY_ANSWER || reply->kind == REPLY_CNAME ||
	       (reply->kind != REPLY_FAILURE && reply->has_soa);
}

/*
 * True when the server that was asked says that the name is blocked: by an Extended DNS Error
 * (RFC 8914: Blocked, Censored, Filtered), or as Quad9 does, which leaves RA away in an NXDOMAIN
 * without SOA.
 */
static inline bool reply_is_blocked(const struct reply *reply)
{
	if (reply->ede.len > 0)
		return edes_block(&reply->ede);
	return reply->no_ra && reply->kind == REPLY_NXDOMAIN && !reply->has_soa &&
	       reply->ancount == 0;
}

/* True when it says that the name asked for does not exist, whatever the type (RFC 2308, 5):
 * without CNAMEs that lead to another name. */
static inline bool reply_is_for_all_types(const struct reply *reply)
{
	return reply->kind == REPLY_NXDOMAIN && reply->ancount == 0;
}

/* Lowers the TTLs of `count` records that begin at `pos` of a message of `len` octets to `ttl_s`
 * where they are higher.  The records were checked by reply_parse. */
void reply_cap_ttl(uint8_t *msg, size_t len, size_t pos, unsigned int count, uint32_t ttl_s);

#define REPLY_RDATA_MAX 536U /* of a type whose rdata may hold compressed names: an SOA's */

/*
 * The rdata of a record with its names in full: where it stands in the message or, of a type that
 * may hold compressed names, written into `buf`.  The record was checked by reply_parse; NULL when
 * it was not.
 */
const uint8_t *reply_rdata(const uint8_t *msg, size_t len, const struct wire_rr *rr,
			   uint8_t buf[REPLY_RDATA_MAX], uint16_t *ret_len);

/* True when the record `rr` of the message, whose owner is this, is not to be handed on. */
typedef bool reply_unwanted_fn(const void *arg, const struct name *owner, const uint8_t *msg,
			       const struct wire_rr *rr);

/*
 * Removes the additional records that are unwanted from a reply that reply_parse has taken, before
 * its plain form is found.  The names of those that stay are written anew, in `msg`.  False: there
 * is none, and nothing has changed.
 */
bool reply_drop_additional(uint8_t *msg, struct reply *reply, reply_unwanted_fn *unwanted,
			   const void *arg);

/*
 * Counts down the TTLs of `count` records that begin at `pos` of a message of `len` octets, not
 * below zero.  The records were checked by reply_parse.
 */
void reply_age(uint8_t *msg, size_t len, size_t pos, unsigned int count, uint32_t age_s);

#endif
