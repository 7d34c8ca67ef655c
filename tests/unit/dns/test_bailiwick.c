/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies in the text of zone files, of which a minus marks the records that must not be handed
 * on: what reply_parse leaves is what a message of the others holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "dns/bailiwick.h"
#include "dns/reply.h"
#include "support/message.h"
#include "support/render.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIG(type) "RRSIG " type " 8 3 60 20300101000000 20200101000000 1 a.test. AAAA\n"
#define HASH "4rhnvl8h2e3t4vt2d5nbl2tmvskl2mva"
#define NSEC3 " 60 IN NSEC3 1 0 0 - " HASH " A\n"

static const struct reply_ttl_limits wide = {.max_s = 604800, .max_negative_s = 86400};

static const struct {
	const char *what;
	const char *qname;
	const char *an;
	const char *ns;
	const char *ar;
} rows[] = {
	{"its own", "w.a.test", "w.a.test. 60 IN A 192.0.2.1\n", "", ""},
	{"its own, and another's", "w.a.test",
	 "w.a.test. 60 IN A 192.0.2.1\n-w.b.test. 60 IN A 192.0.2.2\n", "", ""},
	{"above and below are other names", "w.a.test",
	 "-a.test. 60 IN A 192.0.2.1\n-x.w.a.test. 60 IN A 192.0.2.2\nw.a.test. 60 IN A "
	 "192.0.2.3\n",
	 "", ""},
	{"letters", "w.a.test", "W.A.tEST. 60 IN A 192.0.2.1\n", "", ""},
	{"another class", "w.a.test", "w.a.test. 60 IN A 192.0.2.1\n-w.a.test. 60 CH TXT x\n", "",
	 ""},
	{"signed", "w.a.test",
	 "w.a.test. 60 IN A 192.0.2.1\nw.a.test. 60 IN " SIG("A") "-v.a.test. 60 IN " SIG("A"), "",
	 ""},
	{"a chain", "w.a.test",
	 "w.a.test. 60 IN CNAME x.b.test.\nx.b.test. 60 IN CNAME y.c.test.\n"
	 "y.c.test. 60 IN A 192.0.2.1\n-z.c.test. 60 IN A 192.0.2.2\n",
	 "", ""},
	{"a chain the other way round", "w.a.test",
	 "-z.c.test. 60 IN A 192.0.2.2\ny.c.test. 60 IN A 192.0.2.1\n"
	 "x.b.test. 60 IN CNAME y.c.test.\nw.a.test. 60 IN CNAME x.b.test.\n",
	 "", ""},
	{"a chain the other way round, no more", "w.a.test",
	 "y.c.test. 60 IN A 192.0.2.1\n"
	 "x.b.test. 60 IN CNAME y.c.test.\nw.a.test. 60 IN CNAME x.b.test.\n",
	 "", ""},
	{"a loop", "w.a.test",
	 "w.a.test. 60 IN CNAME x.b.test.\nx.b.test. 60 IN CNAME w.a.test.\n"
	 "-y.b.test. 60 IN CNAME w.a.test.\n",
	 "", ""},
	{"a CNAME of another name leads nowhere", "w.a.test",
	 "w.a.test. 60 IN A 192.0.2.1\n-v.a.test. 60 IN CNAME x.b.test.\n"
	 "-x.b.test. 60 IN A 192.0.2.1\n",
	 "", ""},
	{"a DNAME and what it makes", "w.a.test",
	 "a.test. 60 IN DNAME b.test.\na.test. 60 IN " SIG(
		 "DNAME") "w.a.test. 60 IN CNAME w.b.test.\nw.b.test. 60 IN A 192.0.2.1\n"
			  "-a.test. 60 IN A 192.0.2.1\n-a.test. 60 IN " SIG(
				  "A") "-v.b.test. 60 IN A 192.0.2.1\n",
	 "", ""},
	{"a DNAME alone", "w.a.test",
	 "a.test. 60 IN DNAME b.test.\nw.b.test. 60 IN A 192.0.2.1\n-b.test. 60 IN A 192.0.2.1\n",
	 "", ""},
	{"DNAMEs the other way round", "w.a.test",
	 "x.w.c.test. 60 IN A 192.0.2.1\n-w.c.test. 60 IN A 192.0.2.1\n"
	 "b.test. 60 IN DNAME c.test.\na.test. 60 IN DNAME x.b.test.\n"
	 "w.x.c.test. 60 IN CNAME x.w.c.test.\n",
	 "", ""},
	{"a DNAME at the name is a record of it", "a.test",
	 "a.test. 60 IN DNAME b.test.\n-b.test. 60 IN A 192.0.2.1\n", "", ""},
	{"a DNAME of another name", "w.a.test",
	 "w.a.test. 60 IN A 192.0.2.1\n-v.a.test. 60 IN DNAME b.test.\n"
	 "-v.a.test. 60 IN " SIG("DNAME") "-w.b.test. 60 IN A 192.0.2.1\n",
	 "", ""},
	{"names that share octets, not labels", "w.a.test",
	 "w.a.test. 60 IN A 192.0.2.1\n-ww.a.test. 60 IN A 192.0.2.2\n", "", ""},
	{"the zone's servers", "w.a.test", "w.a.test. 60 IN A 192.0.2.1\n",
	 "a.test. 60 IN NS ns.a.test.\na.test. 60 IN " SIG(
		 "NS") "-b.test. 60 IN NS ns.a.test.\n-x.w.a.test. 60 IN NS ns.a.test.\n"
		       "-w.a.test. 60 IN A 192.0.2.1\n",
	 "-ns.a.test. 60 IN A 192.0.2.1\n-ns.a.test. 60 IN " SIG(
		 "A") "-ns.b.test. 60 IN A 192.0.2.1\n"},
	{"additional, of what the answer leads to", "w.a.test",
	 "w.a.test. 60 IN MX 1 m.b.test.\nw.a.test. 60 IN SRV 1 2 3 s.c.test.\n"
	 "w.a.test. 60 IN NS n.d.test.\nw.a.test. 60 IN HTTPS 1 h.e.test.\n"
	 "w.a.test. 60 IN SVCB 1 .\n",
	 "",
	 "m.b.test. 60 IN A 192.0.2.1\ns.c.test. 60 IN A 192.0.2.1\n"
	 "-x.s.c.test. 60 IN A 192.0.2.1\nn.d.test. 60 IN A 192.0.2.1\n"
	 "h.e.test. 60 IN AAAA 2001:db8::1\nw.a.test. 60 IN A 192.0.2.1\n"
	 "-a.test. 60 IN A 192.0.2.1\n"},
	{"a zone of the same ending", "w.a.test", "w.a.test. 60 IN A 192.0.2.1\n",
	 "-aa.test. 60 IN NS ns.a.test.\n-w.aa.test. 60 IN SOA a. b. 1 2 3 4 5\n", ""},
	{"additional, and no zone is told", "w.a.test", "w.a.test. 60 IN MX 1 m.w.a.test.\n", "",
	 "m.w.a.test. 60 IN A 192.0.2.1\n-m.a.test. 60 IN A 192.0.2.1\n"
	 "-w.b.test. 60 IN A 192.0.2.1\n"},
	{"no such data", "w.a.test", "",
	 "a.test. 60 IN SOA ns.a.test. h.a.test. 1 2 3 4 60\na.test. 60 IN " SIG(
		 "SOA") "w.a.test. 60 IN NSEC z.a.test. TXT\nw.a.test. 60 IN " SIG("NSEC") "-w.b."
											   "test. "
											   "60 IN "
											   "NSEC "
											   "z.b."
											   "test. "
											   "TXT\n-"
											   "b.test."
											   " 60 IN "
											   "SOA a. "
											   "b. 1 2 "
											   "3 4 "
											   "5\n",
	 ""},
	{"no such data, a proof before its zone", "w.a.test", "",
	 HASH ".a.test." NSEC3 HASH
	      ".a.test. 60 IN " SIG("NSEC3") "-" HASH ".b.test." NSEC3
					     "a.test. 60 IN SOA ns.a.test. h.a.test. 1 2 3 4 60\n",
	 ""},
	{"a wildcard's answer", "w.a.test",
	 "w.a.test. 60 IN A 192.0.2.1\nw.a.test. 60 IN " SIG("A"),
	 HASH ".a.test." NSEC3 HASH ".a.test. 60 IN " SIG("NSEC3") "-" HASH ".a.other." NSEC3, ""},
	{"a wildcard's alias of what is not in another zone", "w.a.test",
	 "w.a.test. 60 IN CNAME x.b.other.\nw.a.test. 60 IN " SIG("CNAME"),
	 "b.other. 60 IN SOA ns.a.test. h.a.test. 1 2 3 4 60\n"
	 "v.a.test. 60 IN NSEC z.a.test. TXT\nv.a.test. 60 IN " SIG(
		 "NSEC") "b.other. 60 IN NSEC z.b.other. TXT\n-c.other. 60 IN NSEC z.c.other. "
			 "TXT\n",
	 ""},
	{"an insecure delegation", "a.test", "",
	 "test. 60 IN SOA ns.test. h.test. 1 2 3 4 60\n" HASH ".test." NSEC3 "-" HASH
	 ".other." NSEC3,
	 ""},
	{"the root", ".", ". 60 IN NS m.root-servers.net.\n-net. 60 IN NS m.root-servers.net.\n",
	 "", ""},
	{"the root denies", "nosuch", "",
	 ". 60 IN SOA ns.test. h.test. 1 2 3 4 60\nnorton. 60 IN NSEC now. NS\n"
	 ". 60 IN NSEC aaa. NS\n-w.test. 60 IN A 192.0.2.1\n",
	 ""},
	{"names in rdata that stood in what has gone", "w.a.test",
	 "-x.y.z.b.test. 60 IN TXT 0123456789\n"
	 "w.a.test. 60 IN MX 1 z.b.test.\nw.a.test. 60 IN SRV 1 2 3 y.z.b.test.\n"
	 "w.a.test. 60 IN MX 2 x.y.z.b.test.\nw.a.test. 60 IN PX 1 v.x.y.z.b.test. y.z.b.test.\n",
	 "a.test. 60 IN SOA x.y.z.b.test. h.a.test. 1 2 3 4 60\n", ""},
};

/* Adds the lines' records, or only those that have no minus. */
static void add_records(ldns_pkt *pkt, ldns_pkt_section section, const char *lines, bool all)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		size_t goes = *lines == '-';
		char *line = strndup(lines + goes, len - goes);
		ldns_rr *rr = NULL;

		assert_int_equal(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
		if (all || goes == 0)
			assert_true(ldns_pkt_push_rr(pkt, section, rr));
		else
			ldns_rr_free(rr);
		free(line);
		lines += len + 1;
	}
}

/* The message of a row, names compressed. */
static void make(size_t i, bool all, struct message *m)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(rows[i].qname), LDNS_RR_TYPE_ANY,
					   LDNS_RR_CLASS_IN, LDNS_QR | LDNS_RD | LDNS_RA);
	uint8_t *octets;

	add_records(pkt, LDNS_SECTION_ANSWER, rows[i].an, all);
	add_records(pkt, LDNS_SECTION_AUTHORITY, rows[i].ns, all);
	add_records(pkt, LDNS_SECTION_ADDITIONAL, rows[i].ar, all);
	assert_int_equal(ldns_pkt2wire(&octets, pkt, &m->len), LDNS_STATUS_OK);
	memcpy(m->octets, octets, m->len);
	free(octets);
	ldns_pkt_free(pkt);
}

/* Parses in memory of exactly the message's size; `m` becomes what a client would be given. */
static enum err parse(struct message *m, struct reply *reply)
{
	size_t question_len = name_check(m->octets + WIRE_HEADER, m->len - WIRE_HEADER) + 4U;
	uint8_t *copy = malloc(m->len);
	enum err err;

	assert_non_null(copy);
	memcpy(copy, m->octets, m->len);
	err = reply_parse(copy, m->len, question_len, &wide, reply);
	if (err == ERR_OK) {
		m->len = reply->question_end + (size_t)reply->body_len;
		memcpy(m->octets, copy, m->len);
		message_set16(m, MESSAGE_AN, reply->ancount);
		message_set16(m, MESSAGE_NS, reply->nscount);
		message_set16(m, MESSAGE_AR, reply->arcount);
	}
	free(copy);
	return err;
}

static void test_rows(void **state)
{
	struct message whole;
	struct message rest;
	struct reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool goes =
			strchr(rows[i].an, '-') || strstr(rows[i].ns, "\n-") || *rows[i].ns == '-';
		bool none_goes = !goes && !strchr(rows[i].ar, '-');
		char *wanted;
		size_t len;

		make(i, false, &rest);
		wanted = strdup(render(rest.octets, rest.len));
		make(i, true, &whole);
		len = whole.len;
		assert_int_equal(parse(&whole, &reply), ERR_OK);
		if (strcmp(render(whole.octets, whole.len), wanted) != 0)
			fail_msg("%s:\n%s\nand not\n%s", rows[i].what,
				 render(whole.octets, whole.len), wanted);
		assert_true(reply.pruned || !goes); /* of additional ones alone: cut off */
		assert_false(reply.pruned && none_goes);
		if (none_goes)
			assert_int_equal(whole.len, len);
		free(wanted);
	}
}

static void make_w(struct message *m, unsigned int rcode)
{
	message_reply(m, "w.a.test", TYPE_A, rcode);
}

/* What is told of the reply is told of what is left of it. */
static void test_what_is_told(void **state)
{
	struct message m;
	struct reply reply;

	(void)state;
	make_w(&m, RCODE_NXDOMAIN);
	message_soa(&m, "b.test", 900, 300);
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_false(reply.has_soa); /* another zone's: it says nothing of this name */
	assert_int_equal(reply.kind, REPLY_NXDOMAIN);

	make_w(&m, RCODE_NOERROR);
	message_rr(&m, MESSAGE_AN, "w.b.test", TYPE_A, 5, "\1\2\3\4", 4);
	message_rr(&m, MESSAGE_AN, NULL, TYPE_A, 50, "\1\2\3\4", 4);
	message_opt_begin(&m, 1232, 0);
	message_option(&m, OPTION_EDE, "\0\6bogus", 7);
	message_end(&m);
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_int_equal(reply.ttl_s, 50);
	assert_int_equal(reply.ancount, 1);
	assert_true(reply.has_opt);
	assert_int_equal(reply.ede.len, 11);
}

/* NODATA would be a lie of ours, not the server's. */
static void test_answer_of_foreign_records_alone(void **state)
{
	struct message m;
	struct reply reply;

	(void)state;
	make_w(&m, RCODE_NOERROR);
	message_rr(&m, MESSAGE_AN, "w.b.test", TYPE_A, 5, "\1\2\3\4", 4);
	assert_int_equal(parse(&m, &reply), ERR_SYNTAX);
	make_w(&m, RCODE_NXDOMAIN);
	message_rr(&m, MESSAGE_AN, "w.b.test", TYPE_A, 5, "\1\2\3\4", 4);
	message_soa(&m, "a.test", 900, 300);
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_int_equal(reply.ancount, 0);
	assert_true(reply.has_soa);
}

/* A chain has an end: the names are counted, and what comes after the last does not belong. */
static void test_long_chain(void **state)
{
	struct message m;
	struct reply reply;
	char owner[32] = "w.a.test";

	(void)state;
	make_w(&m, RCODE_NOERROR);
	for (unsigned int i = 0; i < 2 * BAILIWICK_NAMES_MAX; i++) {
		char target[32];

		snprintf(target, sizeof(target), "n%u.test", i);
		message_rr_name(&m, MESSAGE_AN, owner, TYPE_CNAME, 60, target);
		memcpy(owner, target, sizeof(owner));
	}
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_int_equal(reply.ancount, BAILIWICK_NAMES_MAX);
}

/* CNAMEs in the wrong order are followed too, but no more of them than a resolver would need. */
static void test_reversed_chain(void **state)
{
	static const unsigned int lengths[] = {2, BAILIWICK_NAMES_MAX - 1, BAILIWICK_LINKS_MAX};
	struct message m;
	struct reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		make_w(&m, RCODE_NOERROR);
		for (unsigned int n = lengths[i]; n-- > 0;) {
			char owner[32] = "w.a.test";
			char target[32];

			if (n > 0)
				snprintf(owner, sizeof(owner), "n%u.test", n);
			snprintf(target, sizeof(target), "n%u.test", n + 1);
			message_rr_name(&m, MESSAGE_AN, owner, TYPE_CNAME, 60, target);
		}
		assert_int_equal(parse(&m, &reply), ERR_OK);
		assert_int_equal(reply.ancount, lengths[i] < BAILIWICK_NAMES_MAX
							? lengths[i]
							: BAILIWICK_NAMES_MAX);
	}
}

/* What stands behind more CNAMEs than are followed leads nowhere. */
static void test_links_beyond_the_limit(void **state)
{
	struct message m;
	struct reply reply;

	(void)state;
	make_w(&m, RCODE_NOERROR);
	for (unsigned int i = 0; i < BAILIWICK_LINKS_MAX; i++)
		message_rr_name(&m, MESSAGE_AN, "other.test", TYPE_CNAME, 60, "w.a.test");
	message_rr_name(&m, MESSAGE_AN, "w.a.test", TYPE_CNAME, 60, "x.a.test");
	message_rr(&m, MESSAGE_AN, "x.a.test", TYPE_A, 60, "\1\2\3\4", 4);
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_int_equal(reply.ancount, 1);
}

/* Below a DNAME whose target is below itself, names only grow, until they are too long. */
static void test_dname_into_itself(void **state)
{
	struct message m;
	struct reply reply;

	(void)state;
	make_w(&m, RCODE_NOERROR);
	message_rr_name(&m, MESSAGE_AN, "a.test", TYPE_DNAME, 60,
			"01234567890123456789012345678901234567890.a.test");
	message_rr(&m, MESSAGE_AN, "b.test", TYPE_A, 5, "\1\2\3\4", 4);
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_int_equal(reply.ancount, 1);
}

/* Twice as many octets as could be pointed to: names are written out, where they must. */
static void test_beyond_the_reach_of_pointers(void **state)
{
	static uint8_t filling[0x3ffe];
	struct message m;
	struct reply reply;

	(void)state;
	make_w(&m, RCODE_NOERROR);
	message_set16(&m, WIRE_HEADER + sizeof("\1w\1a\4test"), TYPE_ANY);
	message_rr(&m, MESSAGE_AN, "w.b.test", TYPE_A, 5, "\1\2\3\4", 4);
	message_rr(&m, MESSAGE_AN, NULL, TYPE_TXT, 60, filling, sizeof(filling));
	message_rr_name(&m, MESSAGE_AN, NULL, TYPE_NS, 60, "ns.other");
	message_rr_name(&m, MESSAGE_AN, NULL, TYPE_NS, 60, "x.ns.other");
	assert_int_equal(parse(&m, &reply), ERR_OK);
	assert_int_equal(reply.ancount, 3);
	assert_non_null(strstr(render(m.octets, m.len), "IN NS x.ns.other."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_answer_of_foreign_records_alone),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_reversed_chain),
		cmocka_unit_test(test_links_beyond_the_limit),
		cmocka_unit_test(test_dname_into_itself),
		cmocka_unit_test(test_beyond_the_reach_of_pointers),
	};

	return cmocka_run_group_tests_name("bailiwick", tests, NULL, NULL);
}
