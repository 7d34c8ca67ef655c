/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/hints.h"
#include "support/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define QNAME "www.example"
#define QUESTION_LEN (13U + 4U)
#define BOTH (HINTS_IPV4 | HINTS_IPV6)

#define ALPN "\0\1\0\3\2h2"
#define IPV4 "\0\4\0\4\300\0\2\1"
#define IPV6 "\0\6\0\20\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define ECH "\0\5\0\2xx"
#define LATER "\0\7\0\1y"
#define SELF "\0\1\0"
#define OTHER "\0\1\1x\7example\0"

struct octets {
	const char *octets;
	size_t len;
};
#define OCTETS(text)                                                                               \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* The rdata of a record, and what is left of it; NULL: it stays as it was. */
static const struct {
	unsigned int which;
	struct octets rdata;
	struct octets left;
} rows[] = {
	{HINTS_IPV6, OCTETS(SELF ALPN IPV4 IPV6), OCTETS(SELF ALPN IPV4)},
	{HINTS_IPV4, OCTETS(SELF ALPN IPV4 IPV6), OCTETS(SELF ALPN IPV6)},
	{BOTH, OCTETS(SELF ALPN IPV4 ECH IPV6 LATER), OCTETS(SELF ALPN ECH LATER)},
	{BOTH, OCTETS(OTHER IPV6), OCTETS(OTHER)},
	{HINTS_IPV4, OCTETS(SELF ALPN IPV6), {NULL, 0}},
	{BOTH, OCTETS("\0\0\0"), {NULL, 0}},
	/* who takes the record has to know the hint */
	{BOTH, OCTETS(SELF "\0\0\0\2\0\6" IPV6), {NULL, 0}},
	{HINTS_IPV4, OCTETS(SELF "\0\0\0\2\0\6" IPV4 IPV6), OCTETS(SELF "\0\0\0\2\0\6" IPV6)},
	/* not well made */
	{BOTH, OCTETS(SELF IPV4 "\0\6\0\20\1"), {NULL, 0}},
	{BOTH, OCTETS(SELF IPV4 "\0\6\0"), {NULL, 0}},
};

static void parse(struct message *m, struct reply *reply)
{
	const struct reply_ttl_limits wide = {.max_s = 604800, .max_negative_s = 86400};

	assert_int_equal(reply_parse(m->octets, m->len, QUESTION_LEN, &wide, reply), ERR_OK);
	reply->ad = true;
}

/* The record at `pos`, which is moved behind it. */
static struct wire_rr next(const struct message *m, const struct reply *reply, size_t *pos)
{
	struct wire_rr rr;

	assert_int_equal(
		wire_next_rr(m->octets, reply->question_end + (size_t)reply->body_len, pos, &rr),
		ERR_OK);
	return rr;
}

static void test_hints(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct octets *left = rows[i].left.octets ? &rows[i].left : &rows[i].rdata;
		const bool changes = rows[i].left.octets != NULL;
		static struct message m;
		struct reply reply;
		struct wire_rr rr;
		struct name owner;
		size_t pos;

		message_reply(&m, QNAME, TYPE_HTTPS, RCODE_NOERROR);
		message_rr(&m, MESSAGE_AN, NULL, TYPE_HTTPS, 300, rows[i].rdata.octets,
			   (unsigned int)rows[i].rdata.len);
		message_rr(&m, MESSAGE_AN, NULL, TYPE_HTTPS, 300, "\0\2\1y\7example", 13);
		message_rr(&m, MESSAGE_AR, "y.example", TYPE_A, 300, "\1\2\3\4", 4);
		parse(&m, &reply);
		assert_int_equal(hints_remove(m.octets, &reply, rows[i].which), changes);
		assert_int_equal(reply.ad, !changes);
		pos = reply.question_end;
		rr = next(&m, &reply, &pos);
		assert_int_equal(rr.rdlen, left->len);
		assert_memory_equal(m.octets + rr.rdata, left->octets, left->len);
		rr = next(&m, &reply, &pos);
		assert_int_equal(rr.rdlen, 13);
		rr = next(&m, &reply, &pos);
		pos = rr.owner;
		assert_int_equal(name_unpack(m.octets, rr.end, &pos, &owner), ERR_OK);
		assert_int_equal(owner.len, 11);
		assert_memory_equal(m.octets + rr.rdata, "\1\2\3\4", 4);
		assert_int_equal(rr.end, reply.question_end + reply.body_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hints)};

	return cmocka_run_group_tests_name("hints", tests, NULL, NULL);
}
