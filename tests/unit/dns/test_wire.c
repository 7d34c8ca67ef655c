/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/wire.h"
#include "support/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t cookie[40] = "01234567890123456789012345678901234567";

/* In memory of exactly its size, so that a read past its end is seen. */
static enum wire_verdict parse(const uint8_t *octets, size_t len, struct wire_query *q)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum wire_verdict verdict;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	memset(q, 0xa5, sizeof(*q));
	verdict = wire_parse_query(copy, len, q);
	free(copy);
	return verdict;
}

static void make_plain(struct message *m)
{
	message_query(m, "WWW.Example.com", TYPE_A);
}

static void make_root(struct message *m)
{
	message_begin(m, 0xffff, 0);
	message_question(m, ".", TYPE_NS, CLASS_IN);
}

static void make_edns(struct message *m)
{
	make_plain(m);
	message_opt(m, 1400, MESSAGE_DO);
}

static void make_cookie(struct message *m)
{
	make_plain(m);
	message_opt_begin(m, 512, 0);
	message_option(m, 3, "", 0); /* NSID */
	message_option(m, OPTION_COOKIE, cookie, 8);
	message_end(m);
}

static void make_options(struct message *m)
{
	make_plain(m);
	message_opt_begin(m, 65535, MESSAGE_DO);
	message_option(m, 65001, "unknown", 7);
	message_option(m, OPTION_COOKIE, cookie, 24);
	message_option(m, OPTION_EDE, "\0\17text", 6);
	message_option(m, OPTION_COOKIE, cookie + 1, 16);
	message_option(m, OPTION_EDE, "\0\20", 2);
	message_option(m, 12, "\0\0\0\0", 4); /* padding */
	message_end(m);
}

/* What IXFR and signed queries have: records that mean nothing to us. */
static void make_records(struct message *m)
{
	make_plain(m);
	message_soa(m, NULL, 0, 60);
	message_opt(m, 4096, 0);
	message_rr(m, MESSAGE_AR, "key.example", 250, 0, "tsig", 4);
}

static void make_longest_name(struct message *m)
{
	static const char label[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk";
	char name[4 * 64];

	for (size_t i = 0; i < 4; i++)
		memcpy(name + i * 64, label, 64);
	memset(name + 63, '.', 1);
	memset(name + 127, '.', 1);
	memset(name + 191, '.', 1);
	name[192 + 61] = '\0';
	message_query(m, name, TYPE_TXT);
	message_opt(m, 1232, 0);
}

static const struct {
	void (*make)(struct message *m);
	uint16_t qtype;
	uint8_t qname_len;
	struct edns edns; /* offsets from the end of the question */
} queries[] = {
	{make_plain, TYPE_A, 17, {.present = false}},
	{make_root, TYPE_NS, 1, {.present = false}},
	{make_edns, TYPE_A, 17, {.present = true, .udp_size = 1400, .dnssec_ok = true}},
	{make_cookie,
	 TYPE_A,
	 17,
	 {.present = true, .udp_size = 512, .cookie = 19, .cookie_len = 8}},
	{make_options,
	 TYPE_A,
	 17,
	 {.present = true, .udp_size = 65535, .dnssec_ok = true, .cookie = 26, .cookie_len = 24}},
	{make_records, TYPE_A, 17, {.present = true, .udp_size = 4096}},
	{make_longest_name, TYPE_TXT, 255, {.present = true, .udp_size = 1232}},
};

static void test_queries(void **state)
{
	struct message m;

	for (size_t i = 0; i < COUNT(queries); i++) {
		const struct edns *edns = &queries[i].edns;
		struct wire_query q;
		size_t end = WIRE_HEADER + queries[i].qname_len + 4U;

		queries[i].make(&m);
		assert_int_equal(parse(m.octets, m.len, &q), WIRE_QUERY);
		assert_int_equal(q.id, message_get16(&m, 0));
		assert_int_equal(q.flags, message_get16(&m, 2));
		assert_int_equal(q.qtype, queries[i].qtype);
		assert_int_equal(q.qclass, CLASS_IN);
		assert_int_equal(q.qname_len, queries[i].qname_len);
		assert_int_equal(q.question_end, end);
		assert_int_equal(q.edns.present, edns->present);
		assert_int_equal(q.edns.dnssec_ok, edns->dnssec_ok);
		assert_int_equal(q.edns.udp_size, edns->udp_size);
		assert_int_equal(q.edns.version, 0);
		assert_int_equal(q.edns.ext_rcode, 0);
		assert_int_equal(q.edns.cookie, edns->cookie ? edns->cookie + end : 0);
		assert_int_equal(q.edns.cookie_len, edns->cookie_len);
	}
}

/* Cut off anywhere, a query is none: dropped without a header, a format error with one.  What
 * could be read of it is told. */
static void test_every_truncation(void **state)
{
	struct message m;

	for (size_t i = 0; i < COUNT(queries); i++) {
		size_t end = WIRE_HEADER + queries[i].qname_len + 4U;

		queries[i].make(&m);
		for (size_t len = 0; len < m.len; len++) {
			struct wire_query q;
			enum wire_verdict verdict = parse(m.octets, len, &q);

			assert_int_equal(verdict, len < WIRE_HEADER ? WIRE_DROP : WIRE_FORMERR);
			if (verdict == WIRE_DROP)
				continue;
			assert_int_equal(q.id, message_get16(&m, 0));
			assert_int_equal(q.qname_len, len < end ? 0 : queries[i].qname_len);
			assert_int_equal(q.question_end, len < end ? WIRE_HEADER : end);
		}
	}
}

/* They do not matter. */
static void test_octets_behind(void **state)
{
	struct message m;
	struct wire_query q;

	for (size_t i = 0; i < COUNT(queries); i++) {
		queries[i].make(&m);
		message_add8(&m, 0);
		assert_int_equal(parse(m.octets, m.len, &q), WIRE_QUERY);
	}
}

static void bad_response(struct message *m)
{
	make_plain(m);
	m->octets[2] |= 0x80;
}

static void bad_notify(struct message *m)
{
	make_plain(m);
	m->octets[2] |= 4 << 3;
}

static void bad_notify_edns(struct message *m)
{
	make_edns(m);
	m->octets[2] |= 4 << 3;
}

static void bad_update_garbage(struct message *m)
{
	message_begin(m, 7, 5U << 11);
	message_set16(m, MESSAGE_QD, 9);
	message_add(m, "garbage", 7);
}

static void bad_two_questions(struct message *m)
{
	make_plain(m);
	message_question(m, "second.example", TYPE_A, CLASS_IN);
}

static void bad_two_questions_opt(struct message *m)
{
	bad_two_questions(m);
	message_opt(m, 1232, 0);
}

static void bad_no_question(struct message *m)
{
	message_begin(m, 7, FLAG_RD);
}

static void bad_no_question_opt(struct message *m)
{
	message_begin(m, 7, FLAG_RD);
	message_opt(m, 1232, 0);
}

static void bad_no_question_cookie(struct message *m)
{
	message_begin(m, 7, FLAG_RD);
	message_opt_begin(m, 1232, 0);
	message_option(m, OPTION_COOKIE, cookie, 8);
	message_end(m);
}

static void bad_no_question_cookie_badvers(struct message *m)
{
	message_begin(m, 7, FLAG_RD);
	message_opt_begin(m, 1232, 0x00010000);
	message_option(m, OPTION_COOKIE, cookie, 8);
	message_end(m);
}

static void bad_two_opts(struct message *m)
{
	make_edns(m);
	message_opt(m, 4096, 0);
}

static void bad_opt_in_answer(struct message *m)
{
	make_plain(m);
	message_add8(m, 0);
	message_record(m, MESSAGE_AN, TYPE_OPT, 1232, 0);
}

static void bad_opt_in_authority(struct message *m)
{
	make_plain(m);
	message_add8(m, 0);
	message_record(m, MESSAGE_NS, TYPE_OPT, 1232, 0);
}

static void bad_opt_owner(struct message *m)
{
	make_plain(m);
	message_add_name(m, "x");
	message_record(m, MESSAGE_AR, TYPE_OPT, 1232, 0);
}

static void bad_opt_owner_pointer(struct message *m)
{
	make_plain(m);
	message_add16(m, MESSAGE_QNAME + 16); /* to a root label, but not one itself */
	message_record(m, MESSAGE_AR, TYPE_OPT, 1232, 0);
}

static void bad_version_1(struct message *m)
{
	make_plain(m);
	message_opt(m, 1232, 0x00010000);
}

/* The version comes first: nobody can tell what another one's options look like. */
static void bad_version_1_options(struct message *m)
{
	make_plain(m);
	message_opt_begin(m, 1232, 0x00010000);
	message_add(m, "\0\12\0\5x", 5);
	message_end(m);
}

static void bad_version_255(struct message *m)
{
	make_plain(m);
	message_opt(m, 1232, 0xffff8000);
}

static void bad_compressed_qname(struct message *m)
{
	message_begin(m, 7, FLAG_RD);
	message_set16(m, MESSAGE_QD, 1);
	message_add(m, "\3www\xc0\x0c", 6);
	message_add32(m, 0x00010001);
}

static void bad_long_qname(struct message *m)
{
	message_begin(m, 7, FLAG_RD);
	message_set16(m, MESSAGE_QD, 1);
	for (int i = 0; i < 128; i++)
		message_add(m, "\1a", 2);
	message_add8(m, 0);
	message_add32(m, 0x00010001);
}

static void bad_forward_pointer(struct message *m)
{
	make_plain(m);
	message_add16(m, 0xc000U | (unsigned int)(m->len + 2));
	message_record(m, MESSAGE_AR, TYPE_A, CLASS_IN, 0);
}

static void bad_pointer_loop(struct message *m)
{
	make_plain(m);
	message_add16(m, 0xc000U | (unsigned int)m->len);
	message_record(m, MESSAGE_AR, TYPE_A, CLASS_IN, 0);
}

static void bad_counts(struct message *m)
{
	make_plain(m);
	message_set16(m, MESSAGE_AN, 0xffff);
	message_set16(m, MESSAGE_NS, 0xffff);
	message_set16(m, MESSAGE_AR, 0xffff);
}

static const struct {
	void (*make)(struct message *m);
	enum wire_verdict verdict;
	bool question; /* it could be read */
	bool edns;
} others[] = {
	{bad_response, WIRE_DROP, false, false},
	{bad_notify, WIRE_NOTIMP, true, false},
	{bad_notify_edns, WIRE_NOTIMP, true, true},
	{bad_update_garbage, WIRE_NOTIMP, false, false},
	{bad_two_questions, WIRE_FORMERR, false, false},
	{bad_two_questions_opt, WIRE_FORMERR, false, true},
	{bad_no_question, WIRE_FORMERR, false, false},
	{bad_no_question_opt, WIRE_FORMERR, false, true},
	{bad_no_question_cookie, WIRE_COOKIE, false, true},
	{bad_no_question_cookie_badvers, WIRE_BADVERS, false, true},
	{bad_two_opts, WIRE_FORMERR, true, true},
	{bad_opt_in_answer, WIRE_FORMERR, true, false},
	{bad_opt_in_authority, WIRE_FORMERR, true, false},
	{bad_opt_owner, WIRE_FORMERR, true, false},
	{bad_opt_owner_pointer, WIRE_FORMERR, true, false},
	{bad_version_1, WIRE_BADVERS, true, true},
	{bad_version_1_options, WIRE_BADVERS, true, true},
	{bad_version_255, WIRE_BADVERS, true, true},
	{bad_compressed_qname, WIRE_FORMERR, false, false},
	{bad_long_qname, WIRE_FORMERR, false, false},
	{bad_forward_pointer, WIRE_FORMERR, true, false},
	{bad_pointer_loop, WIRE_FORMERR, true, false},
	{bad_counts, WIRE_FORMERR, true, false},
};

static void test_verdicts(void **state)
{
	struct message m;

	for (size_t i = 0; i < COUNT(others); i++) {
		struct wire_query q;

		others[i].make(&m);
		assert_int_equal(parse(m.octets, m.len, &q), others[i].verdict);
		if (others[i].verdict == WIRE_DROP)
			continue;
		assert_int_equal(q.id, message_get16(&m, 0));
		assert_int_equal(q.flags, message_get16(&m, 2));
		assert_int_equal(q.qname_len > 0, others[i].question);
		assert_int_equal(q.question_end > WIRE_HEADER, others[i].question);
		assert_int_equal(q.edns.present, others[i].edns);
	}
}

static void test_size_limits(void **state)
{
	static uint8_t octets[WIRE_MESSAGE_MAX + 1];
	struct wire_query q;
	struct message m;

	/* as long as a message can be: one option fills it */
	make_plain(&m);
	message_opt_begin(&m, 1232, 0);
	message_option(&m, 12, octets, WIRE_MESSAGE_MAX - m.len - 4);
	message_end(&m);
	assert_int_equal(m.len, WIRE_MESSAGE_MAX);
	assert_int_equal(parse(m.octets, m.len, &q), WIRE_QUERY);
	memcpy(octets, m.octets, m.len);
	assert_int_equal(parse(octets, sizeof(octets), &q), WIRE_DROP);
}

/* A cookie has 8 octets, or 16 to 40 (RFC 7873, 5.2.2). */
static void test_cookie_lengths(void **state)
{
	struct message m;

	for (size_t len = 0; len <= sizeof(cookie) + 1; len++) {
		bool valid = len == 8 || (len >= 16 && len <= 40);
		uint8_t data[sizeof(cookie) + 1] = {0};
		struct wire_query q;

		make_plain(&m);
		message_opt_begin(&m, 1232, 0);
		message_option(&m, OPTION_COOKIE, data, len);
		message_end(&m);
		assert_int_equal(parse(m.octets, m.len, &q), valid ? WIRE_QUERY : WIRE_FORMERR);
		assert_int_equal(q.edns.cookie_len, valid ? len : 0);
		assert_int_equal(q.edns.cookie, valid ? m.len - len : 0);
	}
}

static const struct {
	const char *options;
	size_t len;
	bool valid;
} option_rows[] = {
	{"", 0, true},
	{"\0", 1, false},
	{"\0\14\0", 3, false},
	{"\0\14\0\0", 4, true},
	{"\0\14\0\1", 4, false},
	{"\0\14\0\1x", 5, true},
	{"\0\14\0\1xy", 6, false},
	{"\0\14\xff\xffx", 5, false},
	{"\0\14\0\0\0\14\0\0", 8, true},
	{"\0\14\0\0\0\14\0", 7, false},
	{"\0\17\0\0", 4, true}, /* an EDE without a code is none, and no harm */
	{"\0\17\0\1x", 5, true},
	{"\0\17\0\2x", 5, false},
	{"\0\17\0\2xy", 6, true},
};

static void test_options(void **state)
{
	struct message m;

	for (size_t i = 0; i < COUNT(option_rows); i++) {
		struct wire_query q;

		make_plain(&m);
		message_opt_begin(&m, 1232, 0);
		message_add(&m, option_rows[i].options, option_rows[i].len);
		message_end(&m);
		assert_int_equal(parse(m.octets, m.len, &q),
				 option_rows[i].valid ? WIRE_QUERY : WIRE_FORMERR);
		/* the OPT is answered with one, whatever is in it */
		assert_true(q.edns.present);
		assert_int_equal(q.edns.udp_size, 1232);
	}
}

static bool has_option(const struct message *m, const struct wire_query *q, uint16_t code)
{
	uint16_t len;
	size_t data;

	return wire_find_option(m->octets, m->len, q, code, &data, &len);
}

/* An option is found among others, whatever they are; one that is another's data is not. */
static void test_has_option(void **state)
{
	struct message m;
	struct wire_query q;

	make_options(&m);
	assert_int_equal(parse(m.octets, m.len, &q), WIRE_QUERY);
	assert_true(q.edns.others && !q.edns.structured);
	assert_true(has_option(&m, &q, 65001));
	assert_true(has_option(&m, &q, OPTION_PADDING));
	assert_false(has_option(&m, &q, 65002));
	assert_false(has_option(&m, &q, 0x756e)); /* "un" */
	make_records(&m);
	assert_int_equal(parse(m.octets, m.len, &q), WIRE_QUERY);
	assert_false(q.edns.others);
	assert_false(has_option(&m, &q, 65001));
	make_plain(&m);
	assert_int_equal(parse(m.octets, m.len, &q), WIRE_QUERY);
	assert_false(has_option(&m, &q, 65001));
}

static void test_opt_fields(void **state)
{
	struct message m;
	struct wire_rr rr;
	struct edns edns;
	size_t pos;

	make_plain(&m);
	pos = m.len;
	message_opt(&m, 0, 0xab007fff);
	assert_int_equal(wire_next_rr(m.octets, m.len, &pos, &rr), ERR_OK);
	assert_int_equal(wire_read_opt(m.octets, &rr, &edns), ERR_OK);
	assert_true(edns.present);
	assert_int_equal(edns.ext_rcode, 0xab);
	assert_int_equal(edns.version, 0);
	assert_int_equal(edns.udp_size, 0);
	assert_false(edns.dnssec_ok); /* the other 15 bits are not ours to read */
}

static void test_next_rr(void **state)
{
	struct message m;
	struct wire_rr rr;
	size_t pos;
	size_t at;

	make_plain(&m);
	pos = m.len;
	message_rr(&m, MESSAGE_AN, NULL, TYPE_A, 0x80000001U, "\300\0\2\1", 4);
	message_rr(&m, MESSAGE_AN, "example", 65280, 60, "", 0);
	at = pos;
	assert_int_equal(wire_next_rr(m.octets, m.len, &pos, &rr), ERR_OK);
	assert_int_equal(rr.owner, at);
	assert_int_equal(rr.type, TYPE_A);
	assert_int_equal(rr.rrclass, CLASS_IN);
	assert_int_equal(rr.ttl_s, 0x80000001U);
	assert_int_equal(rr.ttl_at, at + 2 + 4);
	assert_int_equal(rr.rdata, at + 2 + 10);
	assert_int_equal(rr.rdlen, 4);
	assert_int_equal(rr.end, at + 16);
	assert_int_equal(pos, at + 16);
	assert_int_equal(wire_next_rr(m.octets, m.len, &pos, &rr), ERR_OK);
	assert_int_equal(rr.owner, at + 16);
	assert_int_equal(rr.type, 65280);
	assert_int_equal(rr.rdlen, 0);
	assert_int_equal(rr.end, m.len);
	assert_int_equal(pos, m.len);
	assert_int_equal(wire_next_rr(m.octets, m.len, &pos, &rr), ERR_TRUNCATED);
	assert_int_equal(pos, m.len);
}

/* A record that is cut off anywhere leaves everything as it was. */
static void test_next_rr_truncated(void **state)
{
	struct message m;
	size_t begin;

	make_plain(&m);
	begin = m.len;
	message_rr_name(&m, MESSAGE_AN, "owner.example", TYPE_CNAME, 60, "target.example");
	for (size_t len = begin; len < m.len; len++) {
		uint8_t *copy = malloc(len);
		struct wire_rr rr = {.rdlen = 99};
		size_t pos = begin;

		assert_non_null(copy);
		memcpy(copy, m.octets, len);
		assert_int_equal(wire_next_rr(copy, len, &pos, &rr), ERR_TRUNCATED);
		assert_int_equal(pos, begin);
		assert_int_equal(rr.rdlen, 99);
		free(copy);
	}
}

static void test_numbers(void **state)
{
	uint8_t octets[4];

	wire_put32(octets, 0xfedcba98U);
	assert_memory_equal(octets, "\xfe\xdc\xba\x98", 4);
	assert_true(wire_get32(octets) == 0xfedcba98U);
	assert_int_equal(wire_get16(octets), 0xfedc);
	wire_put16(octets + 2, 0x0102);
	assert_memory_equal(octets, "\xfe\xdc\x01\x02", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),	      cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_octets_behind), cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_size_limits),   cmocka_unit_test(test_cookie_lengths),
		cmocka_unit_test(test_options),	      cmocka_unit_test(test_opt_fields),
		cmocka_unit_test(test_next_rr),	      cmocka_unit_test(test_next_rr_truncated),
		cmocka_unit_test(test_numbers),	      cmocka_unit_test(test_has_option),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
