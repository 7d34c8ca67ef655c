/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/answer.h"

#include <string.h>

#include "base/apart.h"

#define KEEPALIVE_OCTETS 2U

#define SOA_REFRESH_S 3600U
#define SOA_RETRY_S 1200U
#define SOA_EXPIRE_S 604800U

/* Those of what few clients ask for. */
static APART size_t more_octets(const struct answer_opt *opt)
{
	size_t octets = 0;

	if (opt->nsid)
		octets += WIRE_OPTION_FIXED + strlen(opt->nsid);
	if (opt->subnet)
		octets += (size_t)WIRE_OPTION_FIXED + opt->subnet->len;
	return octets;
}

/* Without its EDEs, which take what room is left. */
static size_t opt_octets(const struct wire_query *query, const struct answer_opt *opt)
{
	size_t octets = EDNS_OPT_FIXED;

	if (!query->edns.present)
		return 0;
	if (opt->cookie)
		octets += WIRE_OPTION_FIXED + EDNS_COOKIE_FULL;
	if (opt->keepalive)
		octets += WIRE_OPTION_FIXED + KEEPALIVE_OCTETS;
	if (opt->more)
		octets += more_octets(opt);
	return octets;
}

void answer_begin(struct answer *a, uint8_t *buf, size_t cap, const uint8_t *msg,
		  const struct wire_query *query, const struct answer_opt *opt)
{
	if (buf != msg)
		memcpy(buf, msg, query->question_end);
	a->buf = buf;
	a->len = query->question_end;
	a->cap = cap;
	a->query = query;
	a->opt = opt;
	a->opt_len = opt_octets(query, opt);
	memset(a->count, 0, sizeof(a->count));
	a->full = false;
}

/* True when `octets` more fit beside the OPT; otherwise the answer is marked. */
static bool fits(struct answer *a, size_t octets)
{
	if (a->full || a->len + octets + a->opt_len > a->cap)
		a->full = true;
	return !a->full;
}

void answer_add(struct answer *a, enum section section, uint16_t owner, uint16_t type,
		uint16_t rrclass, uint32_t ttl_s, const uint8_t *rdata, uint16_t rdlen)
{
	uint8_t *p = a->buf + a->len;

	if (!fits(a, 2U + WIRE_RR_FIXED + rdlen))
		return;
	wire_put16(p, owner);
	wire_put16(p + 2, type);
	wire_put16(p + 4, rrclass);
	wire_put32(p + 6, ttl_s);
	wire_put16(p + 10, rdlen);
	memcpy(p + 2 + WIRE_RR_FIXED, rdata, rdlen);
	a->len += 2U + WIRE_RR_FIXED + rdlen;
	a->count[section]++;
}

void answer_adopt_body(struct answer *a, size_t len, uint16_t ancount, uint16_t nscount,
		       uint16_t arcount)
{
	if (!fits(a, len))
		return;
	a->len += len;
	a->count[SECTION_ANSWER] = (uint16_t)(a->count[SECTION_ANSWER] + ancount);
	a->count[SECTION_AUTHORITY] = (uint16_t)(a->count[SECTION_AUTHORITY] + nscount);
	a->count[SECTION_ADDITIONAL] = (uint16_t)(a->count[SECTION_ADDITIONAL] + arcount);
}

void answer_add_body(struct answer *a, const uint8_t *body, size_t len, uint16_t ancount,
		     uint16_t nscount, uint16_t arcount)
{
	if (fits(a, len))
		memcpy(a->buf + a->len, body, len);
	answer_adopt_body(a, len, ancount, nscount, arcount);
}

/* MNAME the apex itself and RNAME nobody.invalid, as RFC 6303, 3 has it for locally served
 * zones. */
void answer_add_soa(struct answer *a, enum section section, uint16_t owner, uint32_t ttl_s)
{
	static const uint8_t rname[] = "\6nobody\7invalid";
	uint8_t rdata[2 + sizeof(rname) + 20];
	uint8_t *p = rdata + 2 + sizeof(rname);

	wire_put16(rdata, owner);
	memcpy(rdata + 2, rname, sizeof(rname));
	wire_put32(p, 1);
	wire_put32(p + 4, SOA_REFRESH_S);
	wire_put32(p + 8, SOA_RETRY_S);
	wire_put32(p + 12, SOA_EXPIRE_S);
	wire_put32(p + 16, ttl_s);
	answer_add(a, section, owner, TYPE_SOA, CLASS_IN, ttl_s, rdata, sizeof(rdata));
}

/* Puts an option of the OPT at `p`, and returns where the next one goes; without room it is left
 * out. */
static uint8_t *put_option(const struct answer *a, uint8_t *p, uint16_t code, const uint8_t *data,
			   uint16_t len)
{
	if ((size_t)(p - a->buf) + WIRE_OPTION_FIXED + len > a->cap)
		return p;
	wire_put16(p, code);
	wire_put16(p + 2, len);
	memcpy(p + WIRE_OPTION_FIXED, data, len);
	return p + WIRE_OPTION_FIXED + len;
}

static uint8_t *put_keepalive(const struct answer *a, uint8_t *p)
{
	uint8_t data[KEEPALIVE_OCTETS];

	wire_put16(data, a->opt->keepalive_ds);
	return put_option(a, p, OPTION_KEEPALIVE, data, sizeof(data));
}

static APART uint8_t *put_more(const struct answer *a, uint8_t *p)
{
	const struct answer_opt *opt = a->opt;

	if (opt->nsid)
		p = put_option(a, p, OPTION_NSID, (const uint8_t *)opt->nsid,
			       (uint16_t)strlen(opt->nsid));
	if (opt->subnet)
		p = put_option(a, p, OPTION_SUBNET, opt->subnet->octets, opt->subnet->len);
	return p;
}

/* An EDE's text is left out, or all of it, before the answer would grow too long. */
static uint8_t *put_edes(const struct answer *a, uint8_t *p)
{
	const struct edes *ede = a->opt->ede;
	uint16_t len;

	if ((size_t)(p - a->buf) + ede->len <= a->cap) {
		memcpy(p, ede->data, ede->len);
		return p + ede->len;
	}
	for (size_t at = 0; at < ede->len; at += (size_t)WIRE_OPTION_FIXED + len) {
		const uint8_t *data = ede->data + at + WIRE_OPTION_FIXED;
		uint8_t *before = p;

		len = wire_get16(ede->data + at + 2);
		p = put_option(a, before, OPTION_EDE, data, len);
		if (p == before)
			p = put_option(a, before, OPTION_EDE, data, EDE_CODE);
	}
	return p;
}

/* What fits of the OPT. */
static void add_opt(struct answer *a)
{
	uint8_t *opt = a->buf + a->len;
	uint8_t *p = opt + EDNS_OPT_FIXED;

	if (!a->query->edns.present || a->len + EDNS_OPT_FIXED > a->cap)
		return;
	opt[0] = 0;
	wire_put16(opt + 1, TYPE_OPT);
	wire_put16(opt + 3, a->opt->udp_size);
	wire_put32(opt + 5,
		   (uint32_t)(a->rcode >> 4) << 24 | (a->query->edns.dnssec_ok ? 0x8000U : 0));
	if (a->opt->cookie)
		p = put_option(a, p, OPTION_COOKIE, a->opt->cookie, EDNS_COOKIE_FULL);
	if (a->opt->keepalive)
		p = put_keepalive(a, p);
	if (a->opt->more)
		p = put_more(a, p);
	if (a->opt->ede)
		p = put_edes(a, p);
	wire_put16(opt + 9, (uint16_t)(p - opt - EDNS_OPT_FIXED));
	a->len = (size_t)(p - a->buf);
	a->count[SECTION_ADDITIONAL]++;
}

/* Before the OPT's texts, which take what room is left then. */
static APART void add_last(struct answer *a)
{
	size_t len = a->opt->last_len;

	if (!a->full && a->len + len + a->opt_len <= a->cap)
		answer_add_body(a, a->opt->last, len, 0, 0, 1);
}

size_t answer_end(struct answer *a, uint16_t rcode, uint16_t extra_flags)
{
	uint16_t flags = (uint16_t)(FLAG_QR | extra_flags);

	if (rcode > FLAG_RCODE && !a->query->edns.present)
		rcode = RCODE_SERVFAIL; /* the rest of it would stand in an OPT (RFC 6891, 6.1.3) */
	flags |= (uint16_t)(rcode & FLAG_RCODE);
	flags |= (uint16_t)(a->query->flags & (FLAG_OPCODE | FLAG_RD));
	if (!(a->query->flags & FLAG_OPCODE)) /* what they say is of QUERY alone */
		flags |= (uint16_t)(FLAG_RA | (a->query->flags & FLAG_CD));
	a->rcode = rcode;
	if (a->opt->last)
		add_last(a);
	if (a->full) {
		a->len = a->query->question_end;
		memset(a->count, 0, sizeof(a->count));
		flags |= FLAG_TC;
	}
	add_opt(a);
	wire_put16(a->buf, a->query->id);
	wire_put16(a->buf + 2, flags);
	wire_put16(a->buf + 4, a->query->qname_len > 0);
	wire_put16(a->buf + 6, a->count[SECTION_ANSWER]);
	wire_put16(a->buf + 8, a->count[SECTION_AUTHORITY]);
	wire_put16(a->buf + 10, a->count[SECTION_ADDITIONAL]);
	return a->len;
}

size_t answer_udp_limit(const struct wire_query *query, uint16_t our_size)
{
	uint16_t size = query->edns.udp_size;

	if (!query->edns.present || size < ANSWER_UDP_MIN)
		return ANSWER_UDP_MIN;
	return size < our_size ? size : our_size;
}
