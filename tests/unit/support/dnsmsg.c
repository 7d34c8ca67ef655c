/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dns/ede.h"
#include "dns/edns.h"
#include "support/dnsmsg.h"

#define POINTER_TO_QNAME 0xc00cU

static uint8_t *append(struct dnsmsg *m, size_t octets)
{
	uint8_t *at = m->octets + m->len;

	assert_true(m->len + octets <= DNSMSG_MAX);
	memset(at, 0, octets);
	m->len += octets;
	return at;
}

static void count_one(struct dnsmsg *m, size_t at)
{
	wire_put16(m->octets + at, (uint16_t)(wire_get16(m->octets + at) + 1));
}

static uint8_t *append_opt(struct dnsmsg *m, bool dnssec_ok, size_t options_len)
{
	uint8_t *opt = append(m, 11 + options_len);

	wire_put16(opt + 1, TYPE_OPT);
	wire_put16(opt + 3, 1232);
	wire_put32(opt + 5, dnssec_ok ? 0x8000U : 0);
	wire_put16(opt + 9, (uint16_t)options_len);
	count_one(m, 10);
	return opt + 11;
}

void dnsmsg_query(struct dnsmsg *m, uint16_t id, const char *name, uint16_t qtype,
		  unsigned int options)
{
	struct name qname;
	uint8_t *question;

	assert_int_equal(name_from_text(name, strlen(name), &qname), ERR_OK);
	m->len = 0;
	append(m, WIRE_HEADER);
	wire_put16(m->octets, id);
	wire_put16(m->octets + 2, (uint16_t)(FLAG_RD | (options & DNSMSG_CD ? FLAG_CD : 0)));
	wire_put16(m->octets + 4, 1);
	question = append(m, qname.len + 4U);
	memcpy(question, qname.wire, qname.len);
	for (size_t i = 0; name[i] && i + 2 < qname.len; i++)
		if (name[i] != '.')
			question[i + 1] = (uint8_t)name[i]; /* in the letters' case as given */
	wire_put16(question + qname.len, qtype);
	wire_put16(question + qname.len + 2, CLASS_IN);
	if (options & (DNSMSG_EDNS | DNSMSG_DO))
		append_opt(m, (options & DNSMSG_DO) != 0, 0);
}

size_t dnsmsg_question_len(const uint8_t *msg, size_t len)
{
	size_t name_len = len > WIRE_HEADER ? name_check(msg + WIRE_HEADER, len - WIRE_HEADER) : 0;

	return name_len && WIRE_HEADER + name_len + 4 <= len ? name_len + 4 : 0;
}

void dnsmsg_reply(struct dnsmsg *m, const uint8_t *query, size_t len, unsigned int flags)
{
	size_t question_len = dnsmsg_question_len(query, len);

	assert_true(question_len > 0);
	m->len = 0;
	memcpy(append(m, WIRE_HEADER + question_len), query, WIRE_HEADER + question_len);
	wire_put16(m->octets + 2, (uint16_t)(FLAG_QR | FLAG_RA | FLAG_RD | flags));
	wire_put32(m->octets + 6, 0);
	wire_put16(m->octets + 10, 0);
}

static uint8_t *append_record(struct dnsmsg *m, uint16_t type, uint32_t ttl_s, size_t rdlen)
{
	uint8_t *record = append(m, 12 + rdlen);

	wire_put16(record, POINTER_TO_QNAME);
	wire_put16(record + 2, type);
	wire_put16(record + 4, CLASS_IN);
	wire_put32(record + 6, ttl_s);
	wire_put16(record + 10, (uint16_t)rdlen);
	count_one(m, 6);
	return record + 12;
}

void dnsmsg_add_a(struct dnsmsg *m, uint8_t last, uint32_t ttl_s)
{
	uint8_t *address = append_record(m, TYPE_A, ttl_s, 4);

	wire_put32(address, 0xc0000200U | last);
}

void dnsmsg_add_cname(struct dnsmsg *m, const char *target, uint32_t ttl_s)
{
	struct name name;

	assert_int_equal(name_from_text(target, strlen(target), &name), ERR_OK);
	memcpy(append_record(m, TYPE_CNAME, ttl_s, name.len), name.wire, name.len);
}

void dnsmsg_add_ede(struct dnsmsg *m, uint16_t code, const char *text)
{
	size_t text_len = strlen(text);
	uint8_t *option = append_opt(m, false, 6 + text_len);

	wire_put16(option, OPTION_EDE);
	wire_put16(option + 2, (uint16_t)(2 + text_len));
	wire_put16(option + 4, code);
	memcpy(option + 6, text, text_len);
}

void dnsmsg_add_cookie(struct dnsmsg *m, uint16_t rcode, const uint8_t *cookie, uint16_t len)
{
	uint8_t *option = append_opt(m, false, 4U + len);

	option[-6] = (uint8_t)(rcode >> 4); /* of the OPT's TTL */
	m->octets[3] = (uint8_t)((m->octets[3] & 0xf0) | (rcode & FLAG_RCODE));
	wire_put16(option, OPTION_COOKIE);
	wire_put16(option + 2, len);
	memcpy(option + 4, cookie, len);
}

uint16_t dnsmsg_rcode(const uint8_t *msg)
{
	return wire_get16(msg + 2) & FLAG_RCODE;
}

/* False: the message has no OPT. */
static bool find_opt(const uint8_t *msg, size_t len, struct wire_rr *rr)
{
	unsigned int count =
		(unsigned int)wire_get16(msg + 6) + wire_get16(msg + 8) + wire_get16(msg + 10);
	size_t pos = WIRE_HEADER + dnsmsg_question_len(msg, len);

	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(wire_next_rr(msg, len, &pos, rr), ERR_OK);
		if (rr->type == TYPE_OPT)
			return true;
	}
	return false;
}

/* False: the message has no OPT. */
static bool read_opt(const uint8_t *msg, size_t len, struct edns *edns)
{
	struct wire_rr rr;

	if (!find_opt(msg, len, &rr))
		return false;
	assert_int_equal(wire_read_opt(msg, &rr, edns), ERR_OK);
	return true;
}

int dnsmsg_ede(const uint8_t *msg, size_t len)
{
	struct edes edes = {.len = 0};
	struct wire_rr opt;

	if (!find_opt(msg, len, &opt))
		return -1;
	edes_read(&edes, msg + opt.rdata, opt.rdlen);
	return edes.len ? wire_get16(edes.data + WIRE_OPTION_FIXED) : -1;
}

const uint8_t *dnsmsg_cookie(const uint8_t *msg, size_t len, uint8_t *ret_len)
{
	struct edns edns;

	if (!read_opt(msg, len, &edns) || !edns.cookie)
		return NULL;
	*ret_len = edns.cookie_len;
	return msg + edns.cookie;
}

int dnsmsg_first_a(const uint8_t *msg, size_t len)
{
	size_t pos = WIRE_HEADER + dnsmsg_question_len(msg, len);
	struct wire_rr rr;

	if (wire_get16(msg + 6) == 0 || wire_next_rr(msg, len, &pos, &rr) != ERR_OK ||
	    rr.type != TYPE_A || rr.rdlen != 4)
		return -1;
	return msg[rr.rdata + 3];
}
