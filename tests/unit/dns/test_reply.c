/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/reply.h"
#include "support/message.h"
#include "support/render.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define QNAME "www.example"
#define QUESTION_LEN (13U + 4U)

static const uint8_t ipv4[] = {192, 0, 2, 1};
static const struct reply_ttl_limits wide = {.max_s = 604800, .max_negative_s = 86400};
static const struct reply_ttl_limits narrow = {.min_s = 30, .max_s = 1000, .max_negative_s = 100};

/* In memory of exactly its size; `m` has the TTLs that were set. */
static enum err parse(struct message *m, const struct reply_ttl_limits *limits, struct reply *reply)
{
	uint8_t *copy = malloc(m->len);
	enum err err;

	assert_non_null(copy);
	memcpy(copy, m->octets, m->len);
	err = reply_parse(copy, m->len, QUESTION_LEN, limits, reply);
	memcpy(m->octets, copy, m->len);
	free(copy);
	if (err == ERR_OK)
		reply->body = m->octets + reply->question_end;
	return err;
}

static void make_empty(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, RCODE_NOERROR);
}

static void make_a(struct message *m)
{
	make_empty(m);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 300, ipv4, 4);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 60, ipv4, 4);
}

static void make_chain(struct message *m)
{
	make_empty(m);
	message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 600, "a.example");
	message_rr_name(m, MESSAGE_AN, "a.example", TYPE_CNAME, 500, "b.example");
	message_rr(m, MESSAGE_AN, "b.example", TYPE_A, 400, ipv4, 4);
	message_rr_name(m, MESSAGE_NS, "example", TYPE_NS, 200, "ns.example");
	message_rr(m, MESSAGE_AR, "ns.example", TYPE_A, 5, ipv4, 4);
	message_opt(m, 1232, 0);
}

static void make_nxdomain(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, RCODE_NXDOMAIN);
	message_soa(m, "example", 900, 300);
}

static void make_nodata(struct message *m)
{
	make_empty(m);
	message_soa(m, "example", 200, 300);
	message_opt(m, 1232, MESSAGE_DO);
}

static void make_nodata_without_soa(struct message *m)
{
	make_empty(m);
	message_rr_name(m, MESSAGE_NS, "example", TYPE_NS, 200, "ns.example");
}

/* Not where it says how long the name is not there. */
static void make_nodata_soa_elsewhere(struct message *m)
{
	make_empty(m);
	message_soa(m, "example", 200, 300);
	message_set16(m, MESSAGE_NS, 0);
	message_set16(m, MESSAGE_AR, 1);
}

static void make_chain_to_nothing(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, RCODE_NXDOMAIN);
	message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 50, "gone.example");
	message_soa(m, "example", 900, 300);
}

static void make_soa_as_answer(struct message *m)
{
	message_reply(m, QNAME, TYPE_SOA, RCODE_NOERROR);
	message_soa(m, NULL, 900, 5);
	message_set16(m, MESSAGE_AN, 1);
	message_set16(m, MESSAGE_NS, 0);
}

static void make_servfail(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, RCODE_SERVFAIL);
	message_opt_begin(m, 1232, 0);
	message_option(m, OPTION_EDE, "\0\6bogus", 7);
	message_end(m);
}

/* RFC 6672, 2.2: the DNAME would make a name that is too long. */
static void make_yxdomain(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, RCODE_YXDOMAIN);
	message_rr_name(m, MESSAGE_AN, "example", TYPE_DNAME, 70, "other");
}

static void make_yxdomain_alone(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, RCODE_YXDOMAIN);
}

static void make_badvers(struct message *m)
{
	make_empty(m);
	message_opt(m, 1232, 0x01000000);
}

static void make_rcode_of_both_parts(struct message *m)
{
	message_reply(m, QNAME, TYPE_A, 7);
	message_opt(m, 1232, 0x01000000);
}

/* Records behind the OPT are left out: what stands before it is the body. */
static void make_opt_in_the_middle(struct message *m)
{
	make_a(m);
	message_rr(m, MESSAGE_AR, "x.www.example", TYPE_A, 700, ipv4, 4);
	message_opt(m, 1232, 0);
	message_rr(m, MESSAGE_AR, "y.www.example", TYPE_A, 800, ipv4, 4);
}

static void make_ad(struct message *m)
{
	make_a(m);
	m->octets[3] |= FLAG_AD;
}

static void make_ttl_over_31_bits(struct message *m)
{
	make_empty(m);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 0x80000000U, ipv4, 4);
}

static const struct {
	void (*make)(struct message *m);
	enum reply_kind kind;
	uint16_t rcode;
	uint16_t counts[3];
	bool ad;
	bool has_soa;
	uint32_t ttl_s;	       /* under wide limits */
	uint32_t narrow_ttl_s; /* under narrow ones */
} rows[] = {
	{make_empty, REPLY_NODATA, 0, {0, 0, 0}, false, false, INT32_MAX, INT32_MAX},
	{make_a, REPLY_ANSWER, 0, {2, 0, 0}, false, false, 60, 60},
	{make_chain, REPLY_ANSWER, 0, {3, 1, 0}, false, false, 200, 200},
	{make_nxdomain, REPLY_NXDOMAIN, 3, {0, 1, 0}, false, true, 300, 100},
	{make_nodata, REPLY_NODATA, 0, {0, 1, 0}, false, true, 200, 100},
	{make_nodata_without_soa, REPLY_NODATA, 0, {0, 1, 0}, false, false, 200, 200},
	{make_nodata_soa_elsewhere, REPLY_NODATA, 0, {0, 0, 0}, false, false, INT32_MAX, INT32_MAX},
	{make_chain_to_nothing, REPLY_NXDOMAIN, 3, {1, 1, 0}, false, true, 50, 50},
	{make_soa_as_answer, REPLY_ANSWER, 0, {1, 0, 0}, false, false, 900, 900},
	{make_servfail, REPLY_FAILURE, 2, {0, 0, 0}, false, false, INT32_MAX, INT32_MAX},
	{make_yxdomain, REPLY_ANSWER, 6, {1, 0, 0}, false, false, 70, 70},
	{make_yxdomain_alone, REPLY_NODATA, 6, {0, 0, 0}, false, false, INT32_MAX, INT32_MAX},
	{make_badvers, REPLY_FAILURE, 16, {0, 0, 0}, false, false, INT32_MAX, INT32_MAX},
	{make_rcode_of_both_parts,
	 REPLY_FAILURE,
	 23,
	 {0, 0, 0},
	 false,
	 false,
	 INT32_MAX,
	 INT32_MAX},
	{make_opt_in_the_middle, REPLY_ANSWER, 0, {2, 0, 0}, false, false, 60, 60},
	{make_ad, REPLY_ANSWER, 0, {2, 0, 0}, true, false, 60, 60},
	{make_ttl_over_31_bits, REPLY_ANSWER, 0, {1, 0, 0}, false, false, 0, 30},
};

/* The records of the body, one by one: as many as are counted, and nothing behind them. */
static void body_holds(const struct message *m, const struct reply *reply)
{
	size_t end = (size_t)reply->question_end + reply->body_len;
	size_t pos = reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = 0; i < (unsigned int)reply->ancount + reply->nscount + reply->arcount;
	     i++) {
		assert_int_equal(wire_next_rr(m->octets, end, &pos, &rr), ERR_OK);
		assert_int_not_equal(rr.type, TYPE_OPT);
		assert_true(rr.ttl_s >= reply->ttl_s);
	}
	assert_int_equal(pos, end);
}

static void test_replies(void **state)
{
	struct message m;
	struct reply reply;

	for (size_t i = 0; i < COUNT(rows); i++) {
		rows[i].make(&m);
		assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
		assert_int_equal(reply.kind, rows[i].kind);
		assert_int_equal(reply.rcode, rows[i].rcode);
		assert_false(reply.tc);
		assert_int_equal(reply.ancount, rows[i].counts[0]);
		assert_int_equal(reply.nscount, rows[i].counts[1]);
		assert_int_equal(reply.arcount, rows[i].counts[2]);
		assert_int_equal(reply.ad, rows[i].ad);
		assert_int_equal(reply.has_soa, rows[i].has_soa);
		assert_int_equal(reply.ttl_s, rows[i].ttl_s);
		assert_int_equal(reply.question_end, WIRE_HEADER + QUESTION_LEN);
		body_holds(&m, &reply);
		rows[i].make(&m);
		assert_int_equal(parse(&m, &narrow, &reply), ERR_OK);
		assert_int_equal(reply.ttl_s, rows[i].narrow_ttl_s);
		body_holds(&m, &reply);
	}
}

static void test_ttls_are_set_in_place(void **state)
{
	struct message m;
	struct reply reply;

	make_chain(&m);
	assert_int_equal(parse(&m, &narrow, &reply), ERR_OK);
	assert_string_equal(render(m.octets, m.len),
			    "NOERROR qr rd ra; www.example. IN A;"
			    " an www.example. 600 IN CNAME a.example.,"
			    " a.example. 500 IN CNAME b.example., b.example. 400 IN A 192.0.2.1;"
			    " ns example. 200 IN NS ns.example.;"
			    " ar ns.example. 30 IN A 192.0.2.1; opt 1232");
	make_nxdomain(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_string_equal(render(m.octets, m.len),
			    "NXDOMAIN qr rd ra; www.example. IN A; ns example. 300 IN SOA"
			    " ns.example. admin.example. 1 3600 600 86400 300");
}

static void test_truncated(void **state)
{
	struct message m;
	struct reply reply;

	make_chain(&m);
	m.octets[2] |= FLAG_TC >> 8;
	m.len -= 20; /* in the middle of a record */
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_true(reply.tc);
	assert_int_equal(reply.body_len, 0);
	/* no records: none are counted either */
	assert_int_equal(reply.ancount + reply.nscount + reply.arcount, 0);
}

static void test_ede(void **state)
{
	struct message m;
	struct reply reply;

	make_servfail(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_int_equal(reply.ede.len, 11);
	assert_memory_equal(reply.ede.data, "\0\17\0\7\0\6bogus", 11);
	make_a(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_int_equal(reply.ede.len, 0);

	make_a(&m);
	message_opt_begin(&m, 1232, 0);
	message_option(&m, OPTION_EDE, "\0\11no\033keys", 9);
	message_option(&m, OPTION_EDE, "\0\12", 2);
	message_end(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_int_equal(reply.ede.len, 19);
	assert_memory_equal(reply.ede.data, "\0\17\0\11\0\11no?keys\0\17\0\2\0\12", 19);
}

static void test_cookie(void **state)
{
	static const char octets[] = "0123456789abcdef0123456789abcdefghijklmnop";
	struct message m;
	struct reply reply;

	make_a(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_false(reply.has_opt);
	assert_int_equal(reply.cookie_len, 0);
	make_servfail(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_true(reply.has_opt);
	assert_int_equal(reply.cookie_len, 0);
	for (uint8_t len = 0; len <= 42; len++) {
		bool good = len == 8 || (len >= 16 && len <= EDNS_COOKIE_MAX);

		make_a(&m);
		message_opt_begin(&m, 1232, 0x01000000); /* BADCOOKIE is half of it */
		m.octets[3] |= RCODE_BADCOOKIE & 0x0f;
		message_option(&m, OPTION_EDE, "\0\6bogus", 7);
		message_option(&m, OPTION_COOKIE, octets, len);
		message_option(&m, OPTION_COOKIE, "01234567", 8); /* the first counts */
		message_end(&m);
		assert_int_equal(parse(&m, &wide, &reply) == ERR_OK, good);
		if (!good)
			continue;
		assert_int_equal(reply.cookie_len, len);
		assert_memory_equal(reply.cookie, octets, len);
		assert_int_equal(reply.rcode, RCODE_BADCOOKIE);
		assert_int_equal(reply.kind, REPLY_FAILURE);
		assert_int_equal(reply.ede.len, 11);
	}
}

/* A record of a type and an rdata, in the answer section. */
static const struct {
	uint16_t type;
	uint16_t rrclass;
	const char *rdata;
	size_t rdlen;
	bool valid;
} rdatas[] = {
	{TYPE_A, CLASS_IN, "\300\0\2\1", 4, true},
	{TYPE_A, CLASS_IN, "\300\0\2", 3, false},
	{TYPE_A, CLASS_IN, "\300\0\2\1\1", 5, false},
	{TYPE_A, CLASS_IN, "", 0, false},
	{TYPE_A, CLASS_CH, "\3com\0\1\2", 7, true},
	{TYPE_AAAA, CLASS_IN, "0123456789abcdef", 16, true},
	{TYPE_AAAA, CLASS_IN, "0123456789abcde", 15, false},
	{TYPE_CNAME, CLASS_IN, "\1a\0", 3, true},
	{TYPE_CNAME, CLASS_IN, "\xc0\x0c", 2, true},
	{TYPE_CNAME, CLASS_IN, "\1a\xc0\x10", 4, true},
	{TYPE_CNAME, CLASS_IN, "", 0, false},
	{TYPE_CNAME, CLASS_IN, "\1a", 2, false},
	{TYPE_CNAME, CLASS_IN, "\1a\0\0", 4, false},
	{TYPE_CNAME, CLASS_IN, "\1a\xc0", 3, false},
	{TYPE_CNAME, CLASS_IN, "\xc0\x0b", 2, false},	 /* into the header */
	{TYPE_CNAME, CLASS_IN, "\xc0\x29", 2, false},	 /* to itself */
	{TYPE_CNAME, CLASS_IN, "\xc0\xff", 2, false},	 /* forward */
	{TYPE_CNAME, CLASS_IN, "\1a\xc0\x29", 4, false}, /* to the label it ends */
	{TYPE_CNAME, CLASS_IN, "\x40\1a\0", 4, false},
	{TYPE_NS, CLASS_IN, "\xc0\x0c", 2, true},
	{TYPE_NS, CLASS_IN, "\xc0\x0c\0", 3, false},
	{TYPE_PTR, CLASS_IN, "\1a\0", 3, true},
	{TYPE_PTR, CLASS_IN, "\1a\1", 3, false},
	{TYPE_DNAME, CLASS_IN, "\1a\0", 3, true},
	{TYPE_DNAME, CLASS_IN, "\1", 1, false},
	{TYPE_MX, CLASS_IN, "\0\12\1a\0", 5, true},
	{TYPE_MX, CLASS_IN, "\0\12\xc0\x0c", 4, true},
	{TYPE_MX, CLASS_IN, "\0\12", 2, false},
	{TYPE_MX, CLASS_IN, "\0", 1, false},
	{TYPE_MX, CLASS_IN, "", 0, false},
	{TYPE_MX, CLASS_IN, "\0\12\1a\0\0", 6, false},
	{TYPE_SRV, CLASS_IN, "\0\1\0\2\0\3\1a\0", 9, true},
	{TYPE_SRV, CLASS_IN, "\0\1\0\2\0\3", 6, false},
	{TYPE_SRV, CLASS_IN, "\0\1\0\2", 4, false},
	{TYPE_SOA, CLASS_IN, "\0\0abcdefghijklmnopqrst", 22, true},
	{TYPE_SOA, CLASS_IN, "\xc0\x0c\1a\xc0\x0c@bcdefghijklmnopqrst", 26, true},
	{TYPE_SOA, CLASS_IN, "\0\0abcdefghijklmnopqrs", 21, false},
	{TYPE_SOA, CLASS_IN, "\0\0abcdefghijklmnopqrstu", 23, false},
	{TYPE_SOA, CLASS_IN, "\0", 1, false},
	{TYPE_SOA, CLASS_IN, "\0\xc0", 2, false},
	{TYPE_SOA, CLASS_IN, "", 0, false},
	{TYPE_MINFO, CLASS_IN, "\xc0\x0c\1a\0", 5, true},
	{TYPE_MINFO, CLASS_IN, "\1a\0", 3, false},
	{TYPE_MINFO, CLASS_IN, "\1a\0\0\0", 5, false},
	{TYPE_PX, CLASS_IN, "\0\1\xc0\x0c\1a\0", 7, true},
	{TYPE_PX, CLASS_IN, "\0\1\1a\0", 5, false},
	{TYPE_TXT, CLASS_IN, "", 0, true}, /* not ours to judge */
	{TYPE_TXT, CLASS_IN, "\377x", 2, true},
	{65280, CLASS_IN, "\xc0\xff", 2, true},
};

static void test_rdata(void **state)
{
	for (size_t i = 0; i < COUNT(rdatas); i++) {
		struct message m;
		struct reply reply = {.rcode = 99};

		make_empty(&m);
		message_set16(&m, WIRE_HEADER + QUESTION_LEN - 4, TYPE_ANY);
		message_add16(&m, MESSAGE_QNAME);
		message_record(&m, MESSAGE_AN, rdatas[i].type, rdatas[i].rrclass, 60);
		assert_int_equal(m.len, 0x29);
		message_add(&m, rdatas[i].rdata, rdatas[i].rdlen);
		message_end(&m);
		message_rr(&m, MESSAGE_AN, NULL, TYPE_A, 60, ipv4, 4);
		if (rdatas[i].valid) {
			assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
			body_holds(&m, &reply);
		} else {
			assert_int_not_equal(parse(&m, &wide, &reply), ERR_OK);
			assert_int_equal(reply.rcode, 99);
		}
	}
}

static void bad_two_opts(struct message *m)
{
	make_nodata(m);
	message_opt(m, 512, 0);
}

static void bad_opt_in_authority(struct message *m)
{
	make_empty(m);
	message_opt(m, 512, 0);
	message_set16(m, MESSAGE_NS, 1);
	message_set16(m, MESSAGE_AR, 0);
}

static void bad_opt_owner(struct message *m)
{
	make_a(m);
	message_rr(m, MESSAGE_AR, NULL, TYPE_OPT, 0, "", 0);
}

static void bad_options(struct message *m)
{
	make_a(m);
	message_opt_begin(m, 1232, 0);
	message_add(m, "\0\17\0\3xy", 6);
	message_end(m);
}

static void bad_octets_behind(struct message *m)
{
	make_a(m);
	message_add8(m, 0);
}

static void bad_count(struct message *m)
{
	make_a(m);
	message_set16(m, MESSAGE_AR, 1);
}

/* Backward, but to the middle of the question's name, where no label begins. */
static void bad_owner(struct message *m)
{
	make_a(m);
	message_add16(m, MESSAGE_QNAME + 2);
	message_record(m, MESSAGE_AN, TYPE_TXT, CLASS_IN, 60);
}

/* The target is the root, as long as the record's own TTL of 60 has a zero where it points. */
static void bad_name_in_ttl(struct message *m)
{
	size_t ttl_at;

	message_reply(m, QNAME, TYPE_A, 0);
	message_add16(m, MESSAGE_QNAME);
	ttl_at = m->len + 4;
	message_record(m, MESSAGE_AN, TYPE_CNAME, CLASS_IN, 60);
	message_add16(m, 0xc000U | (unsigned int)(ttl_at + 1));
	message_end(m);
}

static void bad_record_behind_opt(struct message *m)
{
	make_opt_in_the_middle(m);
	message_rr(m, MESSAGE_AR, "z.www.example", TYPE_A, 800, "\1\2\3", 3);
}

/* Each owner alone is within its limit; together they follow more pointers than there are octets.
 */
static void bad_pointers(struct message *m)
{
	size_t chain;

	message_reply(m, QNAME, TYPE_A, 0);
	message_add16(m, MESSAGE_QNAME);
	message_record(m, MESSAGE_AN, TYPE_TXT, CLASS_IN, 60);
	chain = m->len;
	for (unsigned int i = 0; i < 100; i++)
		message_add16(m, i == 0 ? MESSAGE_QNAME : 0xc000U | (unsigned int)(m->len - 2));
	message_end(m);
	for (unsigned int i = 0; i < 60; i++) {
		message_add16(m, 0xc000U | (unsigned int)(chain + 198));
		message_record(m, MESSAGE_AN, TYPE_TXT, CLASS_IN, 60);
		message_end(m);
	}
}

static void (*const bad[])(struct message *) = {
	bad_two_opts, bad_opt_in_authority, bad_opt_owner,
	bad_options,  bad_octets_behind,    bad_count,
	bad_owner,    bad_name_in_ttl,	    bad_record_behind_opt,
	bad_pointers,
};

static void test_malformed(void **state)
{
	struct message m;
	struct reply reply;

	for (size_t i = 0; i < COUNT(bad); i++) {
		bad[i](&m);
		assert_int_not_equal(parse(&m, &wide, &reply), ERR_OK);
	}
}

/* Cut off anywhere behind the question, and not marked so, a reply is refused. */
static void test_every_truncation(void **state)
{
	struct message whole;
	struct message m;
	struct reply reply;

	make_opt_in_the_middle(&whole);
	for (size_t len = WIRE_HEADER + QUESTION_LEN; len < whole.len; len++) {
		m = whole;
		m.len = len;
		assert_int_not_equal(parse(&m, &wide, &reply), ERR_OK);
	}
	assert_int_equal(parse(&whole, &wide, &reply), ERR_OK);
}

static const struct {
	size_t at;
	unsigned int value;
	bool matches;
} changes[] = {
	{0, 0xffff, true}, /* the ID is the caller's to compare */
	{2, FLAG_QR, true},
	{2, FLAG_QR | 0x07ff, true},
	{2, 0, false},			/* a query */
	{2, FLAG_QR | 4U << 11, false}, /* another opcode */
	{4, 0, false},
	{4, 2, false},
	{4, 0x0101, false},
	{12, 0x0357, true}, /* "W": the case is not compared */
	{12, 0x0358, false},
	{WIRE_HEADER + 13, TYPE_AAAA, false},
	{WIRE_HEADER + 15, CLASS_CH, false},
};

static void test_matches(void **state)
{
	struct message asked;
	struct message m;

	message_query(&asked, QNAME, TYPE_A);
	for (size_t i = 0; i < COUNT(changes); i++) {
		make_a(&m);
		message_set16(&m, changes[i].at, changes[i].value);
		assert_int_equal(reply_matches(m.octets, m.len, asked.octets + 12, QUESTION_LEN),
				 changes[i].matches);
	}
	make_a(&m);
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, m.octets, len);
		assert_int_equal(reply_matches(copy, len, asked.octets + 12, QUESTION_LEN),
				 len >= WIRE_HEADER + QUESTION_LEN);
		free(copy);
	}
}

/* An error may come without the question: a server that cannot read it has none to repeat. */
static void test_bare_errors(void **state)
{
	static const struct {
		uint16_t rcode;
		bool matches;
	} bare[] = {{RCODE_NOERROR, false},  {RCODE_FORMERR, true},
		    {RCODE_SERVFAIL, true},  {RCODE_NXDOMAIN, false},
		    {RCODE_NOTIMP, true},    {RCODE_REFUSED, true},
		    {RCODE_YXDOMAIN, false}, {9, false}};
	struct message asked;
	struct message m;
	struct reply reply;

	message_query(&asked, QNAME, TYPE_A);
	for (size_t i = 0; i < COUNT(bare); i++) {
		message_begin(&m, 0x1234, FLAG_QR | bare[i].rcode);
		assert_int_equal(reply_matches(m.octets, m.len, asked.octets + 12, QUESTION_LEN),
				 bare[i].matches);
		if (!bare[i].matches)
			continue;
		assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
		assert_int_equal(reply.kind, REPLY_FAILURE);
		assert_false(reply.has_opt);
		/* with a reason, and with records that are of no question */
		message_rr(&m, MESSAGE_AN, "www.example", TYPE_A, 60, ipv4, 4);
		message_opt_begin(&m, 1232, 0);
		message_option(&m, OPTION_EDE, "\0\6bogus", 7);
		message_end(&m);
		assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
		assert_int_equal(reply.kind, REPLY_FAILURE);
		assert_int_equal(reply.ancount, 0);
		assert_int_equal(reply.ede.len, 11);
		message_add8(&m, 0);
		assert_int_not_equal(parse(&m, &wide, &reply), ERR_OK);
	}
}

static void test_age(void **state)
{
	struct message m;
	struct reply reply;

	make_chain(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	reply_age(m.octets, m.len, reply.question_end, 5, 100);
	assert_string_equal(render(m.octets, m.len),
			    "NOERROR qr rd ra; www.example. IN A;"
			    " an www.example. 500 IN CNAME a.example.,"
			    " a.example. 400 IN CNAME b.example., b.example. 300 IN A 192.0.2.1;"
			    " ns example. 100 IN NS ns.example.;"
			    " ar ns.example. 0 IN A 192.0.2.1; opt 1232");
	reply_age(m.octets, m.len, reply.question_end, 1, UINT32_MAX);
	assert_non_null(strstr(render(m.octets, m.len), "an www.example. 0 IN CNAME"));
	assert_non_null(strstr(render(m.octets, m.len), "a.example. 400 IN CNAME"));
}

/* The body behind another header and the same question, in other letters, is the same reply. */
static void test_body_moves(void **state)
{
	struct message m;
	struct message other;
	struct reply reply;

	make_opt_in_the_middle(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	message_reply(&other, "wWw.eXample", TYPE_A, 0);
	message_add(&other, reply.body, reply.body_len);
	message_set16(&other, MESSAGE_AN, reply.ancount);
	message_set16(&other, MESSAGE_AR, reply.arcount);
	assert_string_equal(render(other.octets, other.len),
			    "NOERROR qr rd ra; wWw.eXample. IN A;"
			    " an wWw.eXample. 300 IN A 192.0.2.1, wWw.eXample. 60 IN A 192.0.2.1");
}

/* Records of a type with a limit of its own, wherever they stand; the least limit counts. */
static void test_type_limits(void **state)
{
	static const struct reply_ttl_limits limits = {
		.min_s = 90,
		.max_s = 450,
		.max_negative_s = 86400,
		.type_count = 3,
		.types = {{TYPE_TXT, 1}, {TYPE_NS, 20}, {TYPE_CNAME, 900}},
	};
	struct message m;
	struct reply reply;

	make_chain(&m);
	assert_int_equal(parse(&m, &limits, &reply), ERR_OK);
	assert_int_equal(reply.ttl_s, 20);
	assert_string_equal(render(m.octets, m.len),
			    "NOERROR qr rd ra; www.example. IN A;"
			    " an www.example. 450 IN CNAME a.example.,"
			    " a.example. 450 IN CNAME b.example., b.example. 400 IN A 192.0.2.1;"
			    " ns example. 20 IN NS ns.example.;"
			    " ar ns.example. 90 IN A 192.0.2.1; opt 1232");
}

static void test_cap_ttl(void **state)
{
	struct message m;
	struct reply reply;

	make_chain(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	reply_cap_ttl(m.octets, m.len, reply.question_end, 5, 30);
	assert_string_equal(render(m.octets, m.len),
			    "NOERROR qr rd ra; www.example. IN A;"
			    " an www.example. 30 IN CNAME a.example.,"
			    " a.example. 30 IN CNAME b.example., b.example. 30 IN A 192.0.2.1;"
			    " ns example. 30 IN NS ns.example.;"
			    " ar ns.example. 5 IN A 192.0.2.1; opt 1232");
	reply_cap_ttl(m.octets, m.len, reply.question_end, 5, UINT32_MAX); /* never raised */
	reply_cap_ttl(m.octets, m.len, reply.question_end, 1, 7);
	assert_non_null(strstr(render(m.octets, m.len), "an www.example. 7 IN CNAME"));
	assert_non_null(strstr(render(m.octets, m.len), "a.example. 30 IN CNAME"));
	reply_cap_ttl(m.octets, reply.question_end, reply.question_end, 5, 1); /* nothing there */
	assert_non_null(strstr(render(m.octets, m.len), "a.example. 30 IN CNAME"));
}

static void test_may_be_cached(void **state)
{
	static const struct {
		struct reply reply;
		bool may;
	} kinds[] = {
		{{.kind = REPLY_ANSWER}, true},
		{{.kind = REPLY_ANSWER, .has_soa = true}, true},
		{{.kind = REPLY_NXDOMAIN}, false},
		{{.kind = REPLY_NXDOMAIN, .has_soa = true}, true},
		{{.kind = REPLY_NODATA}, false},
		{{.kind = REPLY_NODATA, .has_soa = true}, true},
		{{.kind = REPLY_CNAME}, true},
		{{.kind = REPLY_FAILURE}, false},
		{{.kind = REPLY_FAILURE, .has_soa = true}, false},
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_int_equal(reply_may_be_cached(&kinds[i].reply), kinds[i].may);
}

/* CNAMEs that lead to a name of which nothing is said, and those that do not. */
static const struct {
	uint16_t qtype;
	bool address;
	bool soa;
	unsigned int rcode;
	enum reply_kind kind;
} leading[] = {
	{TYPE_A, false, false, RCODE_NOERROR, REPLY_CNAME},
	{TYPE_A, true, false, RCODE_NOERROR, REPLY_ANSWER},
	{TYPE_A, false, true, RCODE_NOERROR, REPLY_ANSWER},
	{TYPE_A, false, true, RCODE_NXDOMAIN, REPLY_NXDOMAIN},
	{TYPE_A, false, false, RCODE_NXDOMAIN, REPLY_NXDOMAIN},
	{TYPE_A, false, false, RCODE_SERVFAIL, REPLY_FAILURE},
	{TYPE_AAAA, false, false, RCODE_NOERROR, REPLY_CNAME},
	{TYPE_AAAA, true, false, RCODE_NOERROR, REPLY_CNAME}, /* the address is not handed on */
	{TYPE_CNAME, false, false, RCODE_NOERROR, REPLY_ANSWER},
	{TYPE_ANY, false, false, RCODE_NOERROR, REPLY_ANSWER},
};

static void test_kind_of_cnames(void **state)
{
	const struct reply_ttl_limits limits = {.max_s = 86400, .max_negative_s = 3600};
	struct reply reply;
	struct message m;

	for (size_t i = 0; i < COUNT(leading); i++) {
		size_t question_len;

		message_reply(&m, "www.example", leading[i].qtype, leading[i].rcode);
		question_len = m.len - WIRE_HEADER;
		message_rr_name(&m, MESSAGE_AN, NULL, TYPE_CNAME, 300, "far.example");
		if (leading[i].address)
			message_rr(&m, MESSAGE_AN, "far.example", TYPE_A, 300, ipv4, 4);
		if (leading[i].soa)
			message_soa(&m, "example", 300, 300);
		assert_int_equal(reply_parse(m.octets, m.len, question_len, &limits, &reply),
				 ERR_OK);
		assert_int_equal(reply.kind, leading[i].kind);
	}
}

/* What leads on, or is not for every client, makes a reply one that has to be looked at. */
static void test_simple(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t rdlen;
		bool simple;
	} kinds[] = {
		{TYPE_A, "\300\0\2\1", 4, true},
		{TYPE_AAAA, "0123456789abcdef", 16, true},
		{TYPE_SOA, "\0\0abcdefghijklmnopqrst", 22, true},
		{TYPE_CNAME, "\1a\0", 3, false},
		{TYPE_DNAME, "\1a\0", 3, false},
		{TYPE_NS, "\1a\0", 3, false},
		{TYPE_MX, "\0\12\1a\0", 5, false},
		{TYPE_SRV, "\0\1\0\2\0\3\1a\0", 9, false},
		{TYPE_SVCB, "\0\1\0", 3, false},
		{TYPE_HTTPS, "\0\1\0", 3, false},
		{TYPE_RRSIG, "\0\1", 2, false},
		{TYPE_NSEC, "\0", 1, false},
		{TYPE_NSEC3, "\0", 1, false},
		{TYPE_DS, "\0", 1, false},
		{TYPE_TXT, "", 0, false},
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct reply reply;
		struct message m;

		make_a(&m);
		message_set16(&m, WIRE_HEADER + QUESTION_LEN - 4, TYPE_ANY);
		message_rr(&m, MESSAGE_AN, NULL, kinds[i].type, 60, kinds[i].rdata, kinds[i].rdlen);
		assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
		assert_int_equal(reply.simple, kinds[i].simple);
	}
}

/* An additional record has to be looked at too, whatever it is; an OPT is none. */
static void test_simple_without_additional(void **state)
{
	struct reply reply;
	struct message m;

	make_a(&m);
	message_opt(&m, 1232, 0);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_true(reply.simple);
	make_chain(&m);
	assert_int_equal(parse(&m, &wide, &reply), ERR_OK);
	assert_false(reply.simple);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),	   cmocka_unit_test(test_ttls_are_set_in_place),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_ede),
		cmocka_unit_test(test_cookie),	   cmocka_unit_test(test_rdata),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_matches),	   cmocka_unit_test(test_bare_errors),
		cmocka_unit_test(test_age),	   cmocka_unit_test(test_type_limits),
		cmocka_unit_test(test_cap_ttl),	   cmocka_unit_test(test_may_be_cached),
		cmocka_unit_test(test_body_moves), cmocka_unit_test(test_kind_of_cnames),
		cmocka_unit_test(test_simple),	   cmocka_unit_test(test_simple_without_additional),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
