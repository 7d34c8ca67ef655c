/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dns/plain.h"
#include "support/dnsmsg.h"

#define ROOM DNSMSG_MAX

/* A reply about www.example, with the records that are added to it. */
struct signed_reply {
	struct dnsmsg m;
	size_t question_len;
};

static void begin(struct signed_reply *r, uint16_t qtype)
{
	struct dnsmsg query;

	dnsmsg_query(&query, 7, "www.example", qtype, 0);
	dnsmsg_reply(&r->m, query.octets, query.len, 0);
	r->question_len = dnsmsg_question_len(r->m.octets, r->m.len);
}

/* Adds a record of the question's name to the section whose count stands at `count_at`. */
static void add(struct signed_reply *r, size_t count_at, uint16_t type, const uint8_t *rdata,
		uint16_t rdlen)
{
	uint8_t *at = r->m.octets + r->m.len;

	wire_put16(at, 0xc000U | WIRE_HEADER);
	wire_put16(at + 2, type);
	wire_put16(at + 4, CLASS_IN);
	wire_put32(at + 6, 300);
	wire_put16(at + 10, rdlen);
	memcpy(at + 12, rdata, rdlen);
	r->m.len += 12U + rdlen;
	wire_put16(r->m.octets + count_at, (uint16_t)(wire_get16(r->m.octets + count_at) + 1));
}

#define ANSWER 6
#define AUTHORITY 8

static void add_a(struct signed_reply *r, uint8_t last)
{
	const uint8_t rdata[] = {192, 0, 2, last};

	add(r, ANSWER, TYPE_A, rdata, sizeof(rdata));
}

static void add_rrsig(struct signed_reply *r, size_t section, uint8_t covered)
{
	/* covered, algorithm, labels, TTL, expiration, inception, tag, signer, signature */
	const uint8_t rdata[] = {0, covered, 13, 2, 0, 0, 1, 44, 0x70, 0,   0,
				 0, 0x60,    0,	 0, 0, 1, 2, 0,	 0xde, 0xad};

	add(r, section, TYPE_RRSIG, rdata, sizeof(rdata));
}

static void add_ns(struct signed_reply *r)
{
	const uint8_t rdata[] = {2, 'n', 's', 0xc0, WIRE_HEADER};

	add(r, AUTHORITY, TYPE_NS, rdata, sizeof(rdata));
}

static struct reply separated(struct signed_reply *r, size_t room)
{
	static const struct reply_ttl_limits limits = {.max_s = 86400, .max_negative_s = 3600};
	struct reply reply;

	assert_int_equal(reply_parse(r->m.octets, r->m.len, r->question_len, &limits, &reply),
			 ERR_OK);
	plain_separate(r->m.octets, room, &reply);
	return reply;
}

/* The types of the records of a form, as letters: A, N(S), S(RRSIG). */
static void types_of(const struct reply *reply, const uint8_t *body, char types[16])
{
	uint8_t msg[DNSMSG_MAX] = {0};
	size_t len = reply->question_end + (size_t)reply->body_len;
	size_t pos = reply->question_end;
	size_t count = 0;
	struct wire_rr rr;

	memcpy(msg + pos, body, reply->body_len);
	msg[WIRE_HEADER + 1] = 0;
	while (pos < len && count < 15) {
		assert_int_equal(wire_next_rr(msg, len, &pos, &rr), ERR_OK);
		types[count++] = rr.type == TYPE_A ? 'A' : rr.type == TYPE_NS ? 'N' : 'S';
	}
	types[count] = '\0';
}

static void assert_types(const struct reply *reply, const char *expected)
{
	char types[16];

	types_of(reply, reply->body, types);
	assert_string_equal(types, expected);
}

/* Within the last section the plain records come first, so that the plain form is the beginning. */
static void test_beginning_of_the_whole(void **state)
{
	struct signed_reply r;
	struct reply reply;

	(void)state;
	begin(&r, TYPE_A);
	add_rrsig(&r, ANSWER, TYPE_A);
	add_a(&r, 1);
	add_a(&r, 2);
	reply = separated(&r, ROOM);
	assert_types(&reply, "AAS");
	assert_ptr_equal(reply.plain.body, reply.body);
	assert_int_equal(reply.plain.ancount, 2);
	assert_int_equal(reply.ancount, 3);
	plain_use(&reply);
	assert_int_equal(reply.ancount, 2);
	assert_types(&reply, "AA");
}

/* Signatures stand between plain records of two sections: the plain form is a copy. */
static void test_behind_the_whole(void **state)
{
	struct signed_reply r;
	struct reply reply;

	(void)state;
	begin(&r, TYPE_A);
	add_a(&r, 1);
	add_rrsig(&r, ANSWER, TYPE_A);
	add_ns(&r);
	add_rrsig(&r, AUTHORITY, TYPE_NS);
	reply = separated(&r, ROOM);
	assert_int_equal(reply.ancount, 2);
	assert_int_equal(reply.nscount, 2);
	assert_non_null(reply.plain.body);
	assert_true(reply.plain.body >= reply.body + reply.body_len);
	assert_types(&reply, "ASNS");
	plain_use(&reply);
	assert_int_equal(reply.ancount, 1);
	assert_int_equal(reply.nscount, 1);
	assert_types(&reply, "AN");
}

/* Without room for the copy all are given the whole. */
static void test_no_room(void **state)
{
	struct signed_reply r;
	struct reply reply;

	(void)state;
	begin(&r, TYPE_A);
	add_a(&r, 1);
	add_rrsig(&r, ANSWER, TYPE_A);
	add_ns(&r);
	reply = separated(&r, r.m.len);
	assert_null(reply.plain.body);
	plain_use(&reply);
	assert_int_equal(reply.ancount, 2);
	assert_types(&reply, "ASN");
}

static void test_nothing_to_separate(void **state)
{
	struct signed_reply r;
	struct reply reply;

	(void)state;
	begin(&r, TYPE_A);
	add_a(&r, 1);
	reply = separated(&r, ROOM);
	assert_null(reply.plain.body);
	begin(&r, TYPE_RRSIG); /* signatures that were asked for are no extra */
	add_rrsig(&r, ANSWER, TYPE_A);
	reply = separated(&r, ROOM);
	assert_null(reply.plain.body);
	assert_types(&reply, "S");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beginning_of_the_whole),
		cmocka_unit_test(test_behind_the_whole),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_nothing_to_separate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
