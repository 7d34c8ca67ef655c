/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/wire.h"

#include <string.h>

#include "base/apart.h"
#include "who/proxy.h"

/* Most owners point to the question's name, and an OPT's is the root. */
static inline enum err skip_owner(const uint8_t *msg, size_t len, size_t *pos)
{
	size_t at = *pos;

	if (at < len && msg[at] == 0)
		*pos = at + 1;
	else if (at > WIRE_HEADER && at + 2 <= len && wire_get16(msg + at) == WIRE_QNAME_POINTER)
		*pos = at + 2;
	else
		return name_skip(msg, len, pos);
	return ERR_OK;
}

enum err wire_next_rr(const uint8_t *msg, size_t len, size_t *pos, struct wire_rr *ret_rr)
{
	size_t at = *pos;
	enum err err = skip_owner(msg, len, &at);
	uint16_t rdlen;

	if (err != ERR_OK)
		return err;
	if (len - at < WIRE_RR_FIXED)
		return ERR_TRUNCATED;
	rdlen = wire_get16(msg + at + 8);
	if (len - at - WIRE_RR_FIXED < rdlen)
		return ERR_TRUNCATED;
	ret_rr->owner = *pos;
	ret_rr->type = wire_get16(msg + at);
	ret_rr->rrclass = wire_get16(msg + at + 2);
	ret_rr->ttl_at = at + 4;
	ret_rr->ttl_s = wire_get32(msg + at + 4);
	ret_rr->rdlen = rdlen;
	ret_rr->rdata = at + WIRE_RR_FIXED;
	ret_rr->end = at + WIRE_RR_FIXED + rdlen;
	*pos = ret_rr->end;
	return ERR_OK;
}

static enum err read_option(size_t at, uint16_t code, uint16_t len, struct edns *edns)
{
	if (code == OPTION_COOKIE) {
		if (len != 8 && (len < 16 || len > 40))
			return ERR_SYNTAX;
		if (!edns->cookie) { /* RFC 7873, 5.2: only the first counts */
			edns->cookie = (uint16_t)at;
			edns->cookie_len = (uint8_t)len;
		}
	}
	if (code == OPTION_KEEPALIVE)
		edns->keepalive = true;
	if (code == OPTION_NSID)
		edns->nsid = true;
	if (code == OPTION_SUBNET)
		edns->subnet = true;
	edns->others |= code > OPTION_EDE;
	return ERR_OK;
}

/* A part of whoever calls it: a query's OPT is read on the hot path. */
static inline __attribute__((always_inline)) enum err
read_opt(const uint8_t *msg, const struct wire_rr *rr, struct edns *ret_edns)
{
	struct edns edns = {
		.present = true,
		.udp_size = rr->rrclass,
		.ext_rcode = (uint8_t)(rr->ttl_s >> 24),
		.version = (uint8_t)(rr->ttl_s >> 16),
		.dnssec_ok = (rr->ttl_s & 0x8000U) != 0,
	};
	size_t at = rr->rdata;

	if (msg[rr->owner] != 0)
		return ERR_SYNTAX;
	while (at < rr->end && edns.version == 0) { /* options of another version are unknown */
		uint16_t len;

		if (rr->end - at < WIRE_OPTION_FIXED)
			return ERR_SYNTAX;
		len = wire_get16(msg + at + 2);
		if (rr->end - at - WIRE_OPTION_FIXED < len)
			return ERR_SYNTAX;
		if (read_option(at + WIRE_OPTION_FIXED, wire_get16(msg + at), len, &edns) != ERR_OK)
			return ERR_SYNTAX;
		at += WIRE_OPTION_FIXED + len;
	}
	*ret_edns = edns;
	return ERR_OK;
}

enum err wire_read_opt(const uint8_t *msg, const struct wire_rr *rr, struct edns *ret_edns)
{
	return read_opt(msg, rr, ret_edns);
}

APART bool wire_find_option(const uint8_t *msg, size_t len, const struct wire_query *query,
			    uint16_t code, size_t *ret_data, uint16_t *ret_len)
{
	size_t pos = query->question_end;
	struct wire_rr rr;

	do {
		if (pos >= len || wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return false;
	} while (rr.type != TYPE_OPT);
	for (size_t at = rr.rdata; rr.end - at >= WIRE_OPTION_FIXED;) {
		uint16_t option_len = wire_get16(msg + at + 2);

		if (rr.end - at - WIRE_OPTION_FIXED < option_len)
			return false;
		if (wire_get16(msg + at) == code) {
			*ret_data = at + WIRE_OPTION_FIXED;
			*ret_len = option_len;
			return true;
		}
		at += (size_t)WIRE_OPTION_FIXED + option_len;
	}
	return false;
}

/* The question at WIRE_HEADER.  A qname cannot be compressed: nothing stands before it. */
static bool read_question(const uint8_t *msg, size_t len, struct wire_query *q)
{
	size_t qname_len = name_check(msg + WIRE_HEADER, len - WIRE_HEADER);
	size_t at = WIRE_HEADER + qname_len;

	if (qname_len == 0 || len - at < 4)
		return false;
	q->qname_len = (uint8_t)qname_len;
	q->qtype = wire_get16(msg + at);
	q->qclass = wire_get16(msg + at + 2);
	q->question_end = (uint16_t)(at + 4);
	return true;
}

/* What is answered with an OPT as well, though its options cannot be read (RFC 6891, 7). */
static struct edns bare_opt(const uint8_t *msg, const struct wire_rr *rr)
{
	if (msg[rr->owner] != 0)
		return (struct edns){.present = false};
	return (struct edns){.present = true, .udp_size = rr->rrclass};
}

/*
 * Walks what follows the question.  Answer and authority records have no meaning for us in a
 * query (IXFR puts an SOA there) and are skipped; one OPT may stand among the additional ones.
 */
static bool read_records(const uint8_t *msg, size_t len, size_t pos, struct wire_query *q)
{
	unsigned int skipped = (unsigned int)wire_get16(msg + 6) + wire_get16(msg + 8);
	unsigned int count = skipped + wire_get16(msg + 10);
	struct wire_rr rr;

	for (unsigned int i = 0; i < count; i++) {
		if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return false;
		if (rr.type != TYPE_OPT)
			continue;
		if (i < skipped || q->edns.present)
			return false; /* RFC 6891, 6.1.1 */
		if (read_opt(msg, &rr, &q->edns) != ERR_OK) {
			q->edns = bare_opt(msg, &rr);
			return false;
		}
	}
	return true; /* octets behind the last record do not matter */
}

/* More questions than one are not answered; the OPT behind them is (RFC 6891, 7). */
static APART void read_opt_behind(const uint8_t *msg, size_t len, unsigned int questions,
				  struct wire_query *q)
{
	size_t pos = WIRE_HEADER;

	while (questions-- > 0) {
		if (name_skip(msg, len, &pos) != ERR_OK || len - pos < 4)
			return;
		pos += 4;
	}
	(void)read_records(msg, len, pos, q);
}

enum wire_verdict wire_parse_query(const uint8_t *msg, size_t len, struct wire_query *ret_query)
{
	struct wire_query *q = ret_query;
	uint16_t qdcount;
	bool readable;

	if (len < WIRE_HEADER || len > WIRE_MESSAGE_MAX || (msg[2] & 0x80U))
		return WIRE_DROP;
	*q = (struct wire_query){
		.id = wire_get16(msg),
		.flags = wire_get16(msg + 2),
		.question_end = WIRE_HEADER,
	};
	qdcount = wire_get16(msg + 4);
	readable = qdcount <= 1 && (qdcount == 0 || read_question(msg, len, q)) &&
		   read_records(msg, len, q->question_end, q);
	if (qdcount > 1)
		read_opt_behind(msg, len, qdcount, q);
	if (q->flags & FLAG_OPCODE) /* or the header of a proxy, which has to be no query */
		return proxy_is_signed(msg) ? WIRE_DROP : WIRE_NOTIMP;
	if (!readable)
		return WIRE_FORMERR;
	if (q->edns.version > 0)
		return WIRE_BADVERS;
	if (qdcount == 0)
		return q->edns.cookie ? WIRE_COOKIE : WIRE_FORMERR;
	return WIRE_QUERY;
}
