/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers, built into the caller's buffer: the query's header and question, records, an OPT.
 *
 * The buffer may be the one that holds the query: header and question stay where they are, and
 * what followed them has been read by then.  A part that does not fit sets a mark instead; the
 * end then makes the answer an empty, truncated one (RFC 2181, 9).  Room for the OPT is kept
 * from the start.
 */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/ede.h"
#include "dns/edns.h"
#include "dns/wire.h"
#include "who/subnet.h"

#define ANSWER_QNAME_POINTER WIRE_QNAME_POINTER
#define ANSWER_UDP_MIN 512U /* the least size every client takes (RFC 1035, 4.2.1) */

enum section {
	SECTION_ANSWER,
	SECTION_AUTHORITY,
	SECTION_ADDITIONAL,
};

/* What the OPT of an answer carries. */
struct answer_opt {
	uint16_t udp_size;	     /* what we take over UDP */
	const struct edes *ede;	     /* left out before an answer is truncated; NULL: none */
	const uint8_t *cookie;	     /* EDNS_COOKIE_FULL octets; NULL: none */
	bool keepalive;		     /* the connection's idle timeout is told (RFC 7828) */
	uint16_t keepalive_ds;	     /* it, in tenths of a second */
	bool more;		     /* something of what follows is there */
	const char *nsid;	     /* to who asks for it, 255 octets at most; NULL: none */
	const struct subnet *subnet; /* given back (RFC 7871, 7.2.1); NULL: none */
	const uint8_t *last; /* a whole record, names in it not compressed, that ends the additional
				section where there is room for it; NULL: none */
	uint16_t last_len;
};

/* Gives the option back, if there is one. */
static inline void answer_opt_give(struct answer_opt *opt, const struct subnet *subnet)
{
	if (subnet->len == 0)
		return;
	opt->subnet = subnet;
	opt->more = true;
}

struct answer {
	uint8_t *buf;
	size_t len;
	size_t cap;
	const struct wire_query *query;
	const struct answer_opt *opt;
	size_t opt_len;	   /* octets kept free for the OPT */
	uint16_t count[3]; /* records per section */
	uint16_t rcode;
	bool full; /* something did not fit */
};

/*
 * Starts the answer to `query` in `buf` of `cap` octets (at least WIRE_HEADER + question; an
 * answer is never longer than `cap`).  `msg` is the message that holds the query; header and
 * question are copied from it unless it is `buf` itself.  `query` and `opt` must live, as they
 * are, until answer_end.
 */
void answer_begin(struct answer *a, uint8_t *buf, size_t cap, const uint8_t *msg,
		  const struct wire_query *query, const struct answer_opt *opt);

/* Appends a record whose owner is the compression pointer `owner` (e.g. ANSWER_QNAME_POINTER). */
void answer_add(struct answer *a, enum section section, uint16_t owner, uint16_t type,
		uint16_t rrclass, uint32_t ttl_s, const uint8_t *rdata, uint16_t rdlen);

/* Appends records as they stand: counts per section are the caller's to know. */
void answer_add_body(struct answer *a, const uint8_t *body, size_t len, uint16_t ancount,
		     uint16_t nscount, uint16_t arcount);

/* As answer_add_body, of records that stand in the answer's buffer, where they would be put. */
void answer_adopt_body(struct answer *a, size_t len, uint16_t ancount, uint16_t nscount,
		       uint16_t arcount);

/* Appends the SOA of a zone of ours, whose name the pointer `owner` leads to: to the authority
 * section for a negative answer, which it has kept for `ttl_s` seconds (RFC 2308, 3). */
void answer_add_soa(struct answer *a, enum section section, uint16_t owner, uint32_t ttl_s);

/*
 * Ends the answer: header (QR and the query's RD, of QUERY also RA and its CD; `extra_flags`, e.g.
 * FLAG_AD), counts,
 * and the OPT when the query had one.  An rcode that needs an OPT to be told becomes SERVFAIL
 * without one.  Returns its length.
 */
size_t answer_end(struct answer *a, uint16_t rcode, uint16_t extra_flags);

/* The size an answer over UDP may have: the lesser of the client's and ours (RFC 6891, 6.2.3). */
size_t answer_udp_limit(const struct wire_query *query, uint16_t our_size);

#endif
