/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/leases.h"
#include "support/scratch.h"

/* When all leases below are held. */
#define HELD 1790001000U

static const char hosts[] =
	"# machines\n192.0.2.1 router.example router\n\t2001:db8::1  v6.example. # here\r\n"
	"192.0.2.2\nnot an address\n192.0.2.3 <script>\n192.0.2.4 last";
static const char dnsmasq[] = "1790003600 00:11:22:AA:bb:cc 192.0.2.7 Laptop 01:00:11:22:aa:bb:cc\n"
			      "0 00:11:22:aa:bb:cd 192.0.2.8 * *\n"
			      "3600 00:11:22:aa:bb:ce 192.0.2.9 clockless *\n"
			      "1790000999 00:11:22:aa:bb:cf 192.0.2.10 ended *\n"
			      "1790003600 00:11:22:aa:bb:cf 192.0.2.11 short\n"
			      "duid 00:01:00:01\n1790003600 12345 2001:db8::7 phone 00:01\n"
			      "1790003600 00:11:22:aa:bb:cf 192.0.2.12 cut 01";
#define KEA_HEAD                                                                                   \
	"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,"     \
	"state,user_context,pool_id\n"
static const char kea[] =
	KEA_HEAD "192.0.2.9,00:11:22:33:44:55,,3600,1790003600,1,0,0,printer.example.,0,,0\n"
		 "192.0.2.9,66:11:22:33:44:55,,3600,1790004200,1,0,0,other,0,,0\n"
		 "192.0.2.10,,,x,y,1,0,0,strange,0,,0\n"
		 "192.0.2.11,,,3600,1790003600,1,0,0,cut,0\n"
		 "192.0.2.12,,,4294967295,6084967295,1,0,0,forever,0,,0\n"
		 "192.0.2.13,,,3600,1790003600,1,0,0,gone,0,,0\n"
		 "192.0.2.13,,,0,1790000000,1,0,0,gone,0,,0\n"
		 "192.0.2.14,,,3600,1790003600,1,0,0,declined,1,,0\n"
		 "192.0.2.15,,,3600,1790003600,1,0,0,unfinished,0,,0";
static const char isc[] =
	"server-duid \"\\000\\001\";\nlease 192.0.2.20 {\n  starts 1 2026/09/21 14:13:20;\n"
	"  ends 1 2026/09/21 15:13:20;\n  binding state active;\n  next binding state free;\n"
	"  hardware ethernet 00:aa:bb:cc:dd:ee;\n"
	"  uid \"a}#\";\n  client-hostname \"tablet\";\n}\n"
	"lease 192.0.2.21 {\n  binding state free;\n}\n"
	"lease 192.0.2.22 {\n  starts 1 2026/09/21 14:13:20;\n  ends 1 2026/09/21 14:20:00;\n"
	"  binding state free;\n  client-hostname \"before\";\n}\n"
	"lease 192.0.2.23 {\n  starts epoch 1790000000; # a date\n  ends never;\n"
	"  client-hostname \"for-ever\";\n}\n"
	"lease 192.0.2.24 {\n  starts 1 2026/02/31 14:13:20;\n  client-hostname \"never\";\n}\n"
	"lease 192.0.2.25 {\n  starts 1 2026/09/21 14:13:20;\n  client-hostname \"a # b\";\n}\n"
	"lease 192.0.2.26 {\n  starts 1 2026/09/21 14:13:20;\n  binding state abandoned;\n"
	"  client-hostname \"nobody\";\n}\n"
	"lease 192.0.2.27 {\n  starts 1 2026/09/21 14:13:20;\n  ends 1 2025/09/21 14:13:20;\n"
	"  client-hostname \"backward\";\n}\n"
	"lease 192.0.2.28 {\n  starts 1 2026/09/21 14:13:20;\n  client-hostname \"open\";\n";

static struct leases *made(const char *text, uint32_t stamp_s)
{
	struct leases *l;

	assert_int_equal(leases_create(LEASES_MAX, &l), ERR_OK);
	assert_int_equal(leases_add(l, text, strlen(text), stamp_s), ERR_OK);
	leases_settle(l);
	return l;
}

static const struct lease *find(const struct leases *l, const char *address, uint32_t at_s)
{
	static struct lease found;
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	return leases_find(&l, 1, &ip, at_s, &found) ? &found : NULL;
}

/* "": nobody. */
static const char *called(const struct leases *l, const char *address, uint32_t at_s)
{
	const struct lease *lease = find(l, address, at_s);

	return lease ? lease->name : "";
}

static void test_forms(void **state)
{
	static const struct {
		const char *text;
		const char *address;
		const char *name; /* NULL: nothing is known */
		const char *mac;
	} cases[] = {
		{hosts, "192.0.2.1", "router.example", ""},
		{hosts, "2001:db8::1", "v6.example", ""},
		{hosts, "192.0.2.2", NULL, NULL},
		{hosts, "192.0.2.3", NULL, NULL},
		{hosts, "192.0.2.4", "last", ""},
		{dnsmasq, "192.0.2.7", "laptop", "00:11:22:aa:bb:cc"},
		{dnsmasq, "192.0.2.8", "", "00:11:22:aa:bb:cd"},
		{dnsmasq, "192.0.2.9", "clockless", "00:11:22:aa:bb:ce"},
		{dnsmasq, "192.0.2.10", NULL, NULL},
		{dnsmasq, "192.0.2.11", NULL, NULL},
		{dnsmasq, "192.0.2.12", NULL, NULL},
		{dnsmasq, "2001:db8::7", "phone", ""},
		{kea, "192.0.2.9", "other", "66:11:22:33:44:55"},
		{kea, "192.0.2.10", NULL, NULL},
		{kea, "192.0.2.11", NULL, NULL},
		{kea, "192.0.2.12", "forever", ""},
		{kea, "192.0.2.13", NULL, NULL},
		{kea, "192.0.2.14", NULL, NULL},
		{kea, "192.0.2.15", NULL, NULL},
		{isc, "192.0.2.20", "tablet", "00:aa:bb:cc:dd:ee"},
		{isc, "192.0.2.21", NULL, NULL},
		{isc, "192.0.2.22", NULL, NULL},
		{isc, "192.0.2.23", "for-ever", ""},
		{isc, "192.0.2.24", NULL, NULL},
		{isc, "192.0.2.25", NULL, NULL},
		{isc, "192.0.2.26", NULL, NULL},
		{isc, "192.0.2.27", NULL, NULL},
		{isc, "192.0.2.28", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct leases *l = made(cases[i].text, 0);
		const struct lease *lease = find(l, cases[i].address, HELD);

		if ((lease == NULL) != (cases[i].name == NULL))
			fail_msg("%s: %s", cases[i].address, lease ? lease->name : "nobody");
		if (lease) {
			assert_string_equal(lease->name, cases[i].name);
			assert_string_equal(lease->mac, cases[i].mac);
		}
		leases_free(l);
	}
	leases_free(NULL);
}

/* Clients choose their names. */
static void test_names(void **state)
{
	static const struct {
		const char *given;
		const char *name; /* NULL: it is none */
	} cases[] = {
		{"Laptop", "laptop"},
		{"a-b_c.example.", "a-b_c.example"},
		{"7up", "7up"},
		{"", NULL},
		{".", NULL},
		{"a..b", NULL},
		{".a", NULL},
		{"a..", NULL},
		{"192.0.2.1", NULL},
		{"2026", NULL},
		{"0x7f000001", NULL},
		{"127.0X1.", NULL},
		{"a.0x", NULL},
		{"0xyz", "0xyz"},
		{"-rf", NULL},
		{"a.-rf", NULL},
		{"rf-", NULL},
		{"a b", NULL},
		{"<script>", NULL},
		{"\033[31mred", NULL},
		{"=cmd", NULL},
		{"k\303\274che", NULL},
		{"a&#x2cb", NULL},
		{"123456789012345678901234567890123456789012345678901234567890abc",
		 "123456789012345678901234567890123456789012345678901234567890abc"},
		{"123456789012345678901234567890123456789012345678901234567890abcd", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[LEASE_NAME_MAX] = "as it was";

		assert_int_equal(lease_name(cases[i].given, name), cases[i].name != NULL);
		assert_string_equal(name, cases[i].name ? cases[i].name : "as it was");
	}
}

/* A lease says nothing of what was before it began, nor after it ended. */
static void test_of_another_machine_by_then(void **state)
{
	struct leases *l = made(kea, 0);

	(void)state;
	assert_string_equal(called(l, "192.0.2.9", 1789999999), "");
	assert_string_equal(called(l, "192.0.2.9", 1790000000), "printer.example");
	assert_string_equal(called(l, "192.0.2.9", 1790000599), "printer.example");
	assert_string_equal(called(l, "192.0.2.9", 1790000600), "other");
	assert_string_equal(called(l, "192.0.2.9", 1790004200), "other");
	assert_string_equal(called(l, "192.0.2.9", 1790004201), "");
	assert_string_equal(called(l, "192.0.2.12", UINT32_MAX), "forever");
	leases_free(l);
	l = made(isc, 0);
	assert_string_equal(called(l, "192.0.2.20", 1789999999), "");
	assert_string_equal(called(l, "192.0.2.20", 1790003601), "");
	assert_string_equal(called(l, "192.0.2.22", 1790000400), "before");
	assert_string_equal(called(l, "192.0.2.22", 1790000401), "");
	leases_free(l);
}

/* A file that has all leases, and not when they began (dnsmasq), as it is changed. */
static void test_what_was_before(void **state)
{
	struct leases *first = made("1790003600 00:11:22:33:44:55 192.0.2.7 laptop *\n"
				    "1790003600 00:11:22:33:44:66 192.0.2.8 leaves *\n"
				    "1790000500 00:11:22:33:44:77 192.0.2.9 ends *\n",
				    1790000000);
	struct leases *second = made("1790005400 00:11:22:33:44:55 192.0.2.7 laptop *\n"
				     "1790005400 00:11:22:33:44:88 192.0.2.8 comes *\n",
				     1790001800);

	(void)state;
	assert_string_equal(called(first, "192.0.2.7", 1789999999), "");
	assert_int_equal(leases_follow(second, first, 1790001800, 1789000000), ERR_OK);
	leases_free(first);
	assert_string_equal(called(second, "192.0.2.7", 1790000000), "laptop");
	assert_string_equal(called(second, "192.0.2.7", 1790005400), "laptop");
	assert_string_equal(called(second, "192.0.2.8", 1790001799), "leaves");
	assert_string_equal(called(second, "192.0.2.8", 1790001800), "comes");
	assert_string_equal(called(second, "192.0.2.9", 1790000100), "ends");
	assert_int_equal(leases_count(second), 4);
	leases_free(second);
}

/* One in which lines are added (Kea), and taken away of what has not ended. */
static void test_what_was_before_of_a_log(void **state)
{
	struct leases *first = made(kea, 1790000000);
	struct leases *second =
		made(KEA_HEAD "192.0.2.12,,,4294967295,6084967295,1,0,0,forever,0,,0\n"
			      "192.0.2.9,66:11:22:33:44:55,,3600,1790006000,1,0,0,other,0,,0\n",
		     1790002400);

	(void)state;
	assert_int_equal(leases_follow(second, first, 1790002400, 1789000000), ERR_OK);
	leases_free(first);
	assert_string_equal(called(second, "192.0.2.9", 1790000599), "printer.example");
	assert_string_equal(called(second, "192.0.2.9", 1790000600), "other");
	assert_string_equal(called(second, "192.0.2.9", 1790006000), "other");
	assert_string_equal(called(second, "192.0.2.9", 1790006001), "");
	assert_string_equal(called(second, "192.0.2.13", HELD), "");
	leases_free(second);
}

/* The same lease is not as it was read first. */
static void test_released_before_its_end(void **state)
{
#define ISC_LEASE(end, state)                                                                      \
	"lease 192.0.2.20 {\n  starts 1 2026/09/21 14:13:20;\n  ends 1 2026/09/21 " end ";\n"      \
	"  binding state " state ";\n  client-hostname \"tablet\";\n}\n"
	struct leases *first = made(ISC_LEASE("15:13:20", "active"), 1790000000);
	struct leases *second = made(ISC_LEASE("14:20:00", "released"), 1790000400);

	(void)state;
	assert_string_equal(called(first, "192.0.2.20", HELD), "tablet");
	assert_int_equal(leases_follow(second, first, 1790000400, 1789000000), ERR_OK);
	assert_string_equal(called(second, "192.0.2.20", 1790000400), "tablet");
	assert_string_equal(called(second, "192.0.2.20", HELD), "");
	leases_free(first);
	leases_free(second);
}

/* ---- files that were cut, and written over */

/* What is behind a cut is of another address, and not to be taken for a part of this one. */
static void test_cut(void **state)
{
	static const struct {
		const char *text;
		const char *address;
		const char *name; /* "": nobody's */
	} cases[] = {
		/* dhcpd ended amid a block, and went on behind it */
		{"lease 192.0.2.1 {\n  starts 1 2026/09/21 14:13:20;\n"
		 "lease 192.0.2.2 {\n  starts 1 2026/09/21 14:13:20;\n  client-hostname "
		 "\"b\";\n}\n",
		 "192.0.2.1", ""},
		{"lease 192.0.2.1 {\n  starts 1 2026/09/21 14:13:20;\n"
		 "lease 192.0.2.2 {\n  starts 1 2026/09/21 14:13:20;\n  client-hostname "
		 "\"b\";\n}\n",
		 "192.0.2.2", "b"},
		{"lease 192.0.2.1 {\n  binding state abandoned;\n  starts 1 2026/09/21 14:13:20;\n"
		 "lease x {\n  client-hostname \"x\";\n}\n"
		 "lease 192.0.2.2 {\n  starts 1 2026/09/21 14:13:20;\n  client-hostname "
		 "\"b\";\n}\n",
		 "192.0.2.2", "b"},
		/* Kea, the same */
		{KEA_HEAD "192.0.2.1,00:11:22:33:44:55,,3600,1790003600,1,0,0,a,0,,0\n"
			  "192.0.2.1,00:11:22:33:44:55,,3600,1790003700,1,0,0,"
			  "192.0.2.2,00:11:22:33:44:56,,3600,1790003600,1,0,0,b,0,,0\n",
		 "192.0.2.1", "a"},
		/* the end of a longer file stands behind the leases that were written over it */
		{"1790003600 00:11:22:33:44:55 192.0.2.1 a *\n192.0.2.1 bank.example 01:02\n",
		 "192.0.2.1", "a"},
		{"duid 00:01\n192.0.2.1 bank.example 01:02\n", "192.0.2.1", ""},
		{"lease 192.0.2.1 {\n  starts 1 2026/09/21 14:13:20;\n  client-hostname \"a\";\n}\n"
		 "192.0.2.1 bank.example\n1790003600 00:11:22:33:44:55 192.0.2.1 c *\n",
		 "192.0.2.1", "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct leases *l = made(cases[i].text, 1790000000);

		if (strcmp(called(l, cases[i].address, HELD), cases[i].name) != 0)
			fail_msg("%zu: %s: %s", i, cases[i].address,
				 called(l, cases[i].address, HELD));
		leases_free(l);
	}
}

/* ---- what an operator's dhcpd does with leases, and who else has an address */

#define ISC_OF(address, rest) "lease " address " {\n  starts 1 2026/09/21 14:13:20;\n" rest "}\n"
#define ISC_HELD                                                                                   \
	"  ends 1 2026/09/21 15:13:20;\n  binding state active;\n  client-hostname \"a\";\n"

static void test_statements_in_a_lease(void **state)
{
	struct leases *l =
		made(ISC_OF("192.0.2.1", "  on expiry or release {\n    if (1 = 1) {\n"
					 "      set x = \"1\";\n    } else {\n      set x =\n"
					 "        \"}\";\n    }\n"
					 "    client-hostname \"not-this\";\n  }\n" ISC_HELD)
			     ISC_OF("192.0.2.2", "  set x = \"{\";\n" ISC_HELD),
		     1790000000);

	(void)state;
	assert_string_equal(called(l, "192.0.2.1", HELD), "a");
	assert_string_equal(called(l, "192.0.2.2", HELD), "a");
	assert_int_equal(leases_count(l), 2);
	leases_free(l);
}

static void test_states_of_isc(void **state)
{
	static const struct {
		const char *state;
		const char *name; /* of who had the lease before, when this is written */
	} cases[] = {
		{"active", "a"},   {"free", "a"},     {"backup", "a"}, {"expired", "a"},
		{"released", "a"}, {"abandoned", ""}, {"reset", ""},   {"what", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct leases *l;

		snprintf(text, sizeof(text),
			 ISC_OF("192.0.2.1", ISC_HELD) ISC_OF(
				 "192.0.2.1", "  ends 1 2026/09/21 15:13:20;\n"
					      "  binding state %s;\n  client-hostname \"a\";\n"),
			 cases[i].state);
		l = made(text, 1790000000);
		if (strcmp(called(l, "192.0.2.1", HELD), cases[i].name) != 0)
			fail_msg("%s: %s", cases[i].state, called(l, "192.0.2.1", HELD));
		assert_string_equal(called(l, "192.0.2.1", 1790003601), "");
		leases_free(l);
	}
}

static void test_states_of_kea(void **state)
{
	static const struct {
		unsigned int state;
		const char *name;
	} cases[] = {{0, "b"}, {1, ""}, {2, ""}, {3, ""}, {4, "b"}, {5, ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct leases *l;

		snprintf(text, sizeof(text),
			 KEA_HEAD "::ffff:192.0.2.1,,,3600,1790003600,1,0,0,a,0,,0\n"
				  "192.0.2.1,,,3600,1790004000,1,0,0,b,%u,,0\n",
			 cases[i].state);
		l = made(text, 0);
		assert_string_equal(called(l, "192.0.2.1", 1790000399), "a");
		assert_string_equal(called(l, "192.0.2.1", HELD), cases[i].name);
		leases_free(l);
	}
}

/* ---- how many */

static struct leases *many(size_t count, uint32_t until_s)
{
	struct leases *l;

	assert_int_equal(leases_create(4, &l), ERR_OK);
	for (size_t i = 0; i < count; i++) {
		char line[128];

		snprintf(line, sizeof(line), "%u 00:11:22:33:44:%02zx 192.0.2.%zu x *\n",
			 until_s + (uint32_t)i, i, i);
		assert_int_equal(leases_add(l, line, strlen(line), 1790000000),
				 i < 4 ? ERR_OK : ERR_RANGE);
	}
	leases_settle(l);
	return l;
}

/* There are bounds to what a file has, and to what it had: the oldest gives way. */
static void test_bounds(void **state)
{
	struct leases *before = many(5, 1790000100);
	struct leases *now;

	(void)state;
	assert_int_equal(leases_count(before), 4);
	for (uint32_t round = 1; round < 20; round++) {
		uint32_t at_s = 1790000100 + round * 1000;

		now = many(4, at_s + 500);
		assert_int_equal(leases_follow(now, before, at_s, 1780000000), ERR_OK);
		assert_in_range(leases_count(now), 4, 8);
		assert_string_equal(called(now, "192.0.2.3", at_s + 500), "x");
		leases_free(before);
		before = now;
	}
	now = made("", 0);
	assert_int_equal(leases_follow(now, before, 1800000000, 1799000000), ERR_OK);
	assert_int_equal(leases_count(now), 0); /* they have ended too long ago */
	leases_free(now);
	leases_free(before);
}

/* A log has a line each time that a lease is renewed. */
static void test_renewed_more_often_than_there_is_room(void **state)
{
	struct leases *l;

	(void)state;
	assert_int_equal(leases_create(8, &l), ERR_OK);
	assert_int_equal(leases_add(l, KEA_HEAD, strlen(KEA_HEAD), 0), ERR_OK);
	for (unsigned int i = 0; i < 1000; i++) {
		char text[512];

		snprintf(text, sizeof(text), KEA_HEAD "192.0.2.%u,,,3600,%u,1,0,0,name-%u,0,,0\n",
			 i % 3, 1790000000 + i * 60, i % 3);
		assert_int_equal(leases_add(l, text, strlen(text), 0), ERR_OK);
	}
	leases_settle(l);
	assert_int_equal(leases_count(l), 3);
	assert_string_equal(called(l, "192.0.2.2", 1790000000), "name-2");
	assert_string_equal(called(l, "192.0.2.2", 1790000000 + 998 * 60), "name-2");
	assert_string_equal(called(l, "192.0.2.2", 1790000001 + 998 * 60), "");
	leases_free(l);
}

/* One who has his lease changed all the time has nobody else's be forgotten. */
static void test_an_address_of_many(void **state)
{
	struct leases *before = made("0 00:11:22:33:44:55 192.0.2.7 once *\n", 1790000000);
	struct leases *now;

	(void)state;
	for (uint32_t round = 1; round <= 1000; round++) {
		char line[128];

		snprintf(line, sizeof(line), "0 00:11:22:33:44:66 192.0.2.8 x%u *\n", round);
		now = made(line, 1790000000 + round * 10);
		assert_int_equal(leases_follow(now, before, 1790000000 + round * 10, 1780000000),
				 ERR_OK);
		leases_free(before);
		before = now;
	}
	assert_in_range(leases_count(now), 2, 65);
	assert_string_equal(called(now, "192.0.2.7", 1790000005), "once");
	assert_string_equal(called(now, "192.0.2.8", 1790010000), "x1000");
	assert_string_equal(called(now, "192.0.2.8", 1790009999), "x999");
	leases_free(now);
}

/* Hosts files are the operator's word; of several files the last, of leases the newest. */
static void test_several_files(void **state)
{
	struct leases *named = made("192.0.2.7 mine.example\n", 0);
	struct leases *older = made("1790003600 00:11:22:33:44:55 192.0.2.7 laptop *\n"
				    "1790003600 00:11:22:33:44:56 192.0.2.8 first *\n",
				    1790000000);
	struct leases *newer =
		made("1790003600 00:11:22:33:44:57 192.0.2.8 second *\n", 1790000500);
	const struct leases *files[] = {named, newer, older};
	struct lease lease;
	struct ip ip;

	(void)state;
	assert_int_equal(ip_parse("192.0.2.7", &ip), ERR_OK);
	assert_true(leases_find(files, 3, &ip, HELD, &lease));
	assert_true(lease.hosts);
	assert_string_equal(lease.name, "mine.example");
	assert_string_equal(lease.mac, "00:11:22:33:44:55");
	assert_true(leases_find(files, 3, &ip, 1, &lease));
	assert_string_equal(lease.mac, "");
	assert_int_equal(ip_parse("192.0.2.8", &ip), ERR_OK);
	assert_true(leases_find(files, 3, &ip, HELD, &lease));
	assert_string_equal(lease.name, "second");
	assert_true(leases_find(files, 3, &ip, 1790000400, &lease));
	assert_string_equal(lease.name, "first");
	assert_false(leases_find(files, 0, &ip, HELD, &lease));
	leases_free(named);
	leases_free(older);
	leases_free(newer);
}

static void test_files(void **state)
{
	struct scratch scratch;
	struct err_text text;
	struct leases *l;
	char paths[8192];

	(void)state;
	scratch_make(&scratch);
	scratch_write(&scratch, "hosts", hosts);
	scratch_write(&scratch, "kea.csv", kea);
	snprintf(paths, sizeof(paths), "%s,", scratch_path(&scratch, "hosts"));
	snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), "%s,",
		 scratch_path(&scratch, "kea.csv"));
	assert_int_equal(leases_create(LEASES_MAX, &l), ERR_OK);
	assert_int_equal(leases_read(l, paths, &text), ERR_OK);
	assert_non_null(find(l, "192.0.2.1", HELD));
	assert_non_null(find(l, "192.0.2.9", HELD));
	assert_int_equal(leases_read(l, scratch_path(&scratch, "none"), &text), ERR_SYS);
	assert_non_null(strstr(text.text, "none"));
	leases_free(l);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_of_another_machine_by_then),
		cmocka_unit_test(test_what_was_before),
		cmocka_unit_test(test_what_was_before_of_a_log),
		cmocka_unit_test(test_released_before_its_end),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_statements_in_a_lease),
		cmocka_unit_test(test_states_of_isc),
		cmocka_unit_test(test_states_of_kea),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_renewed_more_often_than_there_is_room),
		cmocka_unit_test(test_an_address_of_many),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
