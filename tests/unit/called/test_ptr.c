/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "called/ptr.h"

#define OWNER "7.2.0.192.in-addr.arpa"

static struct name owner_name(void)
{
	struct name name;

	assert_int_equal(name_from_text(OWNER, strlen(OWNER), &name), ERR_OK);
	return name;
}

/* ---- what can be a name */

static void test_hosts(void **state)
{
	static const struct {
		const char *text;
		const char *wanted; /* NULL: it is none */
	} cases[] = {
		{"laptop.example", "laptop.example"},
		{"Laptop.EXAMPLE.", "laptop.example"},
		{"nas", "nas"},
		{"a-b_c.xn--bcher-kva.example", "a-b_c.xn--bcher-kva.example"},
		{"9to5.example", "9to5.example"},
		{"1.2.example", "1.2.example"},
		{".", NULL},
		{"192.0.2.1", NULL},
		{"host.1", NULL},
		{"127.0x1", NULL},
		{"-rf.example", NULL},
		{"rf-.example", NULL},
		{"=cmd.example", NULL},
		{"a b.example", NULL},
		{"a\\.b.example", NULL},
		{"a\\000b.example", NULL},
		{"a\\010b.example", NULL},
		{"a\\027b.example", NULL},
		{"\\195\\164.example", NULL},
		{"<script>.example", NULL},
		{"a/b.example", NULL},
		{"a\\\"b.example", NULL},
		{"a,b.example", NULL},
		{"*.example", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[LEASE_NAME_MAX] = "as it was";
		struct name wire;

		assert_int_equal(name_from_text(cases[i].text, strlen(cases[i].text), &wire),
				 ERR_OK);
		assert_int_equal(ptr_host(wire.wire, name), cases[i].wanted != NULL);
		assert_string_equal(name, cases[i].wanted ? cases[i].wanted : "as it was");
	}
}

/* The longest name there is has room. */
static void test_the_longest(void **state)
{
	char text[NAME_TEXT_MAX] = "";
	char name[LEASE_NAME_MAX];
	struct name wire;

	memset(text, 'a', 253);
	for (size_t i = 63; i < 253; i += 64)
		text[i] = '.';
	assert_int_equal(name_from_text(text, 253, &wire), ERR_OK);
	assert_int_equal(wire.len, NAME_WIRE_MAX);
	assert_true(ptr_host(wire.wire, name));
	assert_string_equal(name, text);
}

/* ---- replies */

static ldns_pkt *reply_to(ldns_pkt_rcode rcode)
{
	ldns_pkt *reply = ldns_pkt_query_new(ldns_dname_new_frm_str(OWNER), LDNS_RR_TYPE_PTR,
					     LDNS_RR_CLASS_IN, LDNS_RD);

	ldns_pkt_set_qr(reply, true);
	ldns_pkt_set_rcode(reply, (uint8_t)rcode);
	return reply;
}

static void put(ldns_pkt *reply, ldns_pkt_section section, const char *record)
{
	ldns_rr *rr = NULL;

	assert_int_equal(ldns_rr_new_frm_str(&rr, record, 0, NULL, NULL), LDNS_STATUS_OK);
	assert_true(ldns_pkt_push_rr(reply, section, rr));
}

static struct ptr read_back(ldns_pkt *reply)
{
	const struct name owner = owner_name();
	struct ptr ptr = {.ttl_s = 99};
	uint8_t *octets;
	size_t len;

	assert_int_equal(ldns_pkt2wire(&octets, reply, &len), LDNS_STATUS_OK);
	assert_int_equal(ptr_read(octets, len, &owner, "", &ptr), ERR_OK);
	ldns_pkt_free(reply);
	free(octets);
	return ptr;
}

#define RECORDS_MAX 5

static void test_replies(void **state)
{
	static const struct {
		const char *records[RECORDS_MAX];
		const char *name;
		uint32_t ttl_s;
	} cases[] = {
		{{OWNER ". 300 IN PTR laptop.example."}, "laptop.example", 300},
		{{"7.2.0.192.IN-ADDR.arpa. 300 IN PTR laptop.example."}, "laptop.example", 300},
		{{OWNER ". 0 IN PTR laptop.example."}, "laptop.example", 1},
		{{"8.2.0.192.in-addr.arpa. 300 IN PTR laptop.example."}, "", 0},
		{{OWNER ". 300 CH PTR laptop.example."}, "", 0},
		{{OWNER ". 300 IN NS laptop.example."}, "", 0},
		{{OWNER ". 300 IN PTR 10.0.0.1."}, "", 300},
		{{OWNER ". 300 IN PTR \\001.example.", OWNER ". 200 IN PTR good.example."},
		 "good.example",
		 200},
		{{OWNER ". 300 IN PTR b.example.", OWNER ". 300 IN PTR a.example.",
		  OWNER ". 300 IN PTR c.example."},
		 "a.example",
		 300},
		{{OWNER ". 60 IN CNAME 7.0-15.2.0.192.in-addr.arpa.",
		  "7.0-15.2.0.192.in-addr.arpa. 300 IN PTR laptop.example."},
		 "laptop.example",
		 60},
		{{OWNER ". 300 IN CNAME other.example.", OWNER ". 300 IN PTR beside.example."},
		 "",
		 300},
		{{OWNER ". 300 IN CNAME " OWNER "."}, "", 300},
		{{OWNER ". 300 IN CNAME x.example.", "x.example. 300 IN CNAME " OWNER "."},
		 "",
		 300},
		{{OWNER ". 300 IN CNAME x.example.", "x.example. 300 IN CNAME " OWNER ".",
		  OWNER ". 300 IN PTR round.example.", "x.example. 300 IN PTR round.example."},
		 "",
		 300},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ldns_pkt *reply = reply_to(LDNS_RCODE_NOERROR);
		struct ptr ptr;

		for (size_t k = 0; k < RECORDS_MAX && cases[i].records[k]; k++)
			put(reply, LDNS_SECTION_ANSWER, cases[i].records[k]);
		ptr = read_back(reply);
		assert_string_equal(ptr.name, cases[i].name);
		assert_int_equal(ptr.ttl_s, cases[i].ttl_s);
	}
}

/* One name after the other. */
static void test_the_next(void **state)
{
	static const char *const names[] = {"a.example", "b.example", "c.example", "", ""};
	const struct name owner = owner_name();
	ldns_pkt *reply = reply_to(LDNS_RCODE_NOERROR);
	const char *after = "";
	uint8_t *octets;
	size_t len;

	put(reply, LDNS_SECTION_ANSWER, OWNER ". 300 IN PTR c.example.");
	put(reply, LDNS_SECTION_ANSWER, OWNER ". 300 IN PTR a.example.");
	put(reply, LDNS_SECTION_ANSWER, OWNER ". 300 IN PTR b.example.");
	assert_int_equal(ldns_pkt2wire(&octets, reply, &len), LDNS_STATUS_OK);
	for (size_t i = 0; i < 4; i++) {
		struct ptr ptr;

		assert_int_equal(ptr_read(octets, len, &owner, after, &ptr), ERR_OK);
		assert_string_equal(ptr.name, names[i]);
		after = *names[i] ? names[i] : after;
	}
	ldns_pkt_free(reply);
	free(octets);
}

/* A name leads back to the address that is said to have it, or not. */
static void test_back(void **state)
{
	static const struct {
		const char *records[RECORDS_MAX];
		ldns_pkt_rcode rcode;
		bool leads4; /* to 192.0.2.7 */
		bool leads6; /* to 2001:db8::7 */
		uint32_t ttl_s;
	} cases[] = {
		{{OWNER ". 300 IN A 192.0.2.7"}, LDNS_RCODE_NOERROR, true, false, 300},
		{{OWNER ". 300 IN A 192.0.2.8", OWNER ". 200 IN A 192.0.2.7"},
		 LDNS_RCODE_NOERROR,
		 true,
		 false,
		 200},
		{{OWNER ". 300 IN AAAA 2001:db8::7"}, LDNS_RCODE_NOERROR, false, true, 300},
		{{OWNER ". 300 IN AAAA ::ffff:192.0.2.7"}, LDNS_RCODE_NOERROR, false, false, 0},
		{{OWNER ". 300 IN A 192.0.2.8"}, LDNS_RCODE_NOERROR, false, false, 0},
		{{"x.example. 300 IN A 192.0.2.7"}, LDNS_RCODE_NOERROR, false, false, 0},
		{{OWNER ". 300 CH A 192.0.2.7"}, LDNS_RCODE_NOERROR, false, false, 0},
		{{OWNER ". 300 IN A 192.0.2.7"}, LDNS_RCODE_NXDOMAIN, false, false, 0},
		{{OWNER ". 60 IN CNAME x.example.", "x.example. 300 IN A 192.0.2.7"},
		 LDNS_RCODE_NOERROR,
		 true,
		 false,
		 60},
		{{OWNER ". 60 IN CNAME x.example.", OWNER ". 300 IN A 192.0.2.7"},
		 LDNS_RCODE_NOERROR,
		 false,
		 false,
		 60},
		{{OWNER ". 60 IN CNAME " OWNER "."}, LDNS_RCODE_NOERROR, false, false, 60},
	};
	const struct name owner = owner_name();
	struct ip four;
	struct ip six;

	assert_int_equal(ip_parse("192.0.2.7", &four), ERR_OK);
	assert_int_equal(ip_parse("2001:db8::7", &six), ERR_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ldns_pkt *reply = reply_to(cases[i].rcode);
		bool leads4 = !cases[i].leads4;
		bool leads6 = !cases[i].leads6;
		struct ptr ptr;
		uint8_t *octets;
		size_t len;

		for (size_t k = 0; k < RECORDS_MAX && cases[i].records[k]; k++)
			put(reply, LDNS_SECTION_ANSWER, cases[i].records[k]);
		assert_int_equal(ldns_pkt2wire(&octets, reply, &len), LDNS_STATUS_OK);
		assert_int_equal(ptr_leads_to(octets, len, &owner, &six, &leads6, &ptr), ERR_OK);
		assert_int_equal(leads6, cases[i].leads6);
		if (leads6)
			assert_int_equal(ptr.ttl_s, cases[i].ttl_s);
		assert_int_equal(ptr_leads_to(octets, len, &owner, &four, &leads4, &ptr), ERR_OK);
		assert_int_equal(leads4, cases[i].leads4);
		if (!leads6)
			assert_int_equal(ptr.ttl_s, cases[i].ttl_s);
		for (size_t cut = 0; cut < len; cut++)
			if (ptr_leads_to(octets, cut, &owner, &four, &leads4, &ptr) == ERR_OK)
				assert_true(!leads4 || cases[i].leads4);
		ldns_pkt_free(reply);
		free(octets);
	}
}

/* A name in the answer of a name that does not exist is none. */
static void test_there_is_none(void **state)
{
	static const char soa[] =
		"2.0.192.in-addr.arpa. 900 IN SOA ns.example. root.example. 1 2 3 4 120";
	ldns_pkt *reply = reply_to(LDNS_RCODE_NXDOMAIN);
	struct ptr ptr;

	put(reply, LDNS_SECTION_ANSWER, OWNER ". 300 IN PTR laptop.example.");
	put(reply, LDNS_SECTION_AUTHORITY, soa);
	ptr = read_back(reply);
	assert_string_equal(ptr.name, "");
	assert_int_equal(ptr.ttl_s, 120);
	reply = reply_to(LDNS_RCODE_NOERROR);
	ptr = read_back(reply);
	assert_string_equal(ptr.name, "");
	assert_int_equal(ptr.ttl_s, 0);
}

/* A chain that is longer than any needs to be leads nowhere. */
static void test_a_long_chain(void **state)
{
	ldns_pkt *reply = reply_to(LDNS_RCODE_NOERROR);
	char record[128];

	put(reply, LDNS_SECTION_ANSWER, OWNER ". 300 IN CNAME c0.example.");
	for (int i = 0; i < 200; i++) {
		snprintf(record, sizeof(record), "c%d.example. 300 IN CNAME c%d.example.", i,
			 i + 1);
		put(reply, LDNS_SECTION_ANSWER, record);
	}
	put(reply, LDNS_SECTION_ANSWER, "c200.example. 300 IN PTR laptop.example.");
	assert_string_equal(read_back(reply).name, "");
}

/* Cut off anywhere, and with any octet changed, it is no message, or one without a bad name. */
static void test_broken(void **state)
{
	ldns_pkt *reply = reply_to(LDNS_RCODE_NOERROR);
	const struct name owner = owner_name();
	uint8_t *octets;
	size_t len;

	put(reply, LDNS_SECTION_ANSWER, OWNER ". 300 IN PTR laptop.example.");
	assert_int_equal(ldns_pkt2wire(&octets, reply, &len), LDNS_STATUS_OK);
	for (size_t i = 0; i < len; i++) {
		struct ptr ptr = {.ttl_s = 99};

		if (ptr_read(octets, i, &owner, "", &ptr) == ERR_OK)
			assert_string_equal(ptr.name, "");
		for (unsigned int bit = 0; bit < 8; bit++) {
			octets[i] ^= (uint8_t)(1U << bit);
			if (ptr_read(octets, len, &owner, "", &ptr) == ERR_OK)
				assert_int_equal(strspn(ptr.name, "abcdefghijklmnopqrstuvwxyz"
								  "0123456789-_."),
						 strlen(ptr.name));
			octets[i] ^= (uint8_t)(1U << bit);
		}
	}
	ldns_pkt_free(reply);
	free(octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),	     cmocka_unit_test(test_the_longest),
		cmocka_unit_test(test_replies),	     cmocka_unit_test(test_the_next),
		cmocka_unit_test(test_back),	     cmocka_unit_test(test_there_is_none),
		cmocka_unit_test(test_a_long_chain), cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("ptr", tests, NULL, NULL);
}
