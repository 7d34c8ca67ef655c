/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dns/answer.h"
#include "support/message.h"
#include "support/render.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t ipv4[] = {192, 0, 2, 1};
static const uint8_t ipv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t cookie[EDNS_COOKIE_FULL] = "a server cookie and more";
static const struct answer_opt plain_opt = {.udp_size = 1232};

/* What an answer is to hold beside header, question and OPT. */
struct content {
	unsigned int a_records;
	bool aaaa;
	bool soa;
	uint8_t apex;
	uint16_t rcode;
	uint16_t extra_flags;
};

/* Builds the answer to `m` into `buf`, which may be its own octets. */
static size_t build(const struct message *m, const struct content *c, const struct answer_opt *opt,
		    uint8_t *buf, size_t cap)
{
	struct wire_query q;
	struct answer a;

	assert_int_not_equal(wire_parse_query(m->octets, m->len, &q), WIRE_DROP);
	answer_begin(&a, buf, cap, m->octets, &q, opt);
	for (unsigned int i = 0; i < c->a_records; i++)
		answer_add(&a, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_A, CLASS_IN, 60, ipv4,
			   sizeof(ipv4));
	if (c->aaaa)
		answer_add(&a, SECTION_ADDITIONAL, ANSWER_QNAME_POINTER, TYPE_AAAA, CLASS_IN, 300,
			   ipv6, sizeof(ipv6));
	if (c->soa)
		answer_add_soa(&a, SECTION_AUTHORITY, (uint16_t)(ANSWER_QNAME_POINTER + c->apex),
			       30);
	return answer_end(&a, c->rcode, c->extra_flags);
}

static void make_plain(struct message *m)
{
	message_query(m, "WWW.Example.com", TYPE_A);
}

static void make_edns(struct message *m)
{
	make_plain(m);
	message_opt(m, 4096, 0);
}

static void make_flags(struct message *m)
{
	message_begin(m, 0xabcd, FLAG_RD | FLAG_CD | FLAG_AD | FLAG_TC | FLAG_AA | FLAG_RA | 0x4f);
	message_question(m, "www.example.com", TYPE_AAAA, CLASS_IN);
	message_opt(m, 4096, MESSAGE_DO | 0x7fff);
}

static void make_no_recursion(struct message *m)
{
	message_begin(m, 1, 0);
	message_question(m, ".", TYPE_NS, CLASS_CH);
}

static void make_update(struct message *m)
{
	message_begin(m, 2, 5U << 11 | FLAG_RD);
	message_question(m, "example.com", TYPE_SOA, CLASS_IN);
}

static void make_broken(struct message *m)
{
	make_edns(m);
	message_opt(m, 4096, 0);
}

static void make_badvers(struct message *m)
{
	make_plain(m);
	message_opt(m, 4096, 0x00010000);
}

#define SOA "3600 1200 604800 30"

static const struct {
	void (*make)(struct message *m);
	struct content content;
	const char *text;
} rows[] = {
	{make_plain, {.rcode = RCODE_NOERROR}, "NOERROR qr rd ra; WWW.Example.com. IN A"},
	{make_plain,
	 {.a_records = 1},
	 "NOERROR qr rd ra; WWW.Example.com. IN A; an WWW.Example.com. 60 IN A 192.0.2.1"},
	{make_edns,
	 {.a_records = 2, .aaaa = true},
	 "NOERROR qr rd ra; WWW.Example.com. IN A; an WWW.Example.com. 60 IN A 192.0.2.1,"
	 " WWW.Example.com. 60 IN A 192.0.2.1; ar WWW.Example.com. 300 IN AAAA 2001:db8::1;"
	 " opt 1232"},
	{make_plain,
	 {.soa = true, .rcode = RCODE_NXDOMAIN},
	 "NXDOMAIN qr rd ra; WWW.Example.com. IN A; ns WWW.Example.com. 30 IN SOA"
	 " WWW.Example.com. nobody.invalid. 1 " SOA},
	{make_edns,
	 {.soa = true, .apex = 4},
	 "NOERROR qr rd ra; WWW.Example.com. IN A; ns Example.com. 30 IN SOA"
	 " Example.com. nobody.invalid. 1 " SOA "; opt 1232"},
	{make_edns,
	 {.soa = true, .apex = 16},
	 "NOERROR qr rd ra; WWW.Example.com. IN A; ns . 30 IN SOA . nobody.invalid. 1 " SOA
	 "; opt 1232"},
	/* RD and CD are the query's; AD, TC, AA, RA and Z are not */
	{make_flags,
	 {.rcode = RCODE_REFUSED},
	 "REFUSED qr rd ra cd; www.example.com. IN AAAA; opt 1232 do"},
	{make_flags,
	 {.extra_flags = FLAG_AD},
	 "NOERROR qr rd ra ad cd; www.example.com. IN AAAA; opt 1232 do"},
	{make_no_recursion, {.rcode = RCODE_REFUSED}, "REFUSED qr ra; . CH NS"},
	{make_update, {.rcode = RCODE_NOTIMP}, "NOTIMP qr rd opcode 5; example.com. IN SOA"},
	{make_broken,
	 {.rcode = RCODE_FORMERR},
	 "FORMERR qr rd ra; WWW.Example.com. IN A; opt 1232"},
	{make_badvers,
	 {.rcode = RCODE_BADVERS},
	 "BADVERS qr rd ra; WWW.Example.com. IN A; opt 1232"},
	{make_edns,
	 {.rcode = RCODE_BADCOOKIE},
	 "RCODE23 qr rd ra; WWW.Example.com. IN A; opt 1232"},
	/* an rcode of more than four bits needs an OPT to be told: without one, not NOERROR */
	{make_plain, {.rcode = RCODE_BADVERS}, "SERVFAIL qr rd ra; WWW.Example.com. IN A"},
	{make_plain, {.rcode = RCODE_BADCOOKIE}, "SERVFAIL qr rd ra; WWW.Example.com. IN A"},
};

/* Built in the query's own buffer, and beside it, an answer is the same. */
static void test_rows(void **state)
{
	struct message m;
	uint8_t buf[512];

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len;

		rows[i].make(&m);
		memset(buf, 0xa5, sizeof(buf));
		len = build(&m, &rows[i].content, &plain_opt, buf, sizeof(buf));
		assert_string_equal(render(buf, len), rows[i].text);
		assert_memory_equal(buf, m.octets, 2);
		assert_int_equal(build(&m, &rows[i].content, &plain_opt, m.octets, sizeof(buf)),
				 len);
		assert_memory_equal(m.octets, buf, len);
	}
}

static const struct {
	bool ede;
	bool cookie;
	const char *text;
} opts[] = {
	{false, false, "NOERROR qr rd ra; WWW.Example.com. IN A; opt 1400"},
	{true, false, "NOERROR qr rd ra; WWW.Example.com. IN A; opt 1400 ede 15 a list"},
	{false, true, "NOERROR qr rd ra; WWW.Example.com. IN A; opt 1400 cookie 24"},
	{true, true, "NOERROR qr rd ra; WWW.Example.com. IN A; opt 1400 cookie 24 ede 15 a list"},
};

static void test_opt(void **state)
{
	static const struct content nothing = {.rcode = RCODE_NOERROR};
	static const struct edes none = {.len = 0};
	struct message m;
	struct edes ede;
	uint8_t buf[512];

	edes_set(&ede, EDE_BLOCKED, "a list");
	for (size_t i = 0; i < COUNT(opts); i++) {
		struct answer_opt opt = {
			.udp_size = 1400,
			.ede = opts[i].ede ? &ede : &none,
			.cookie = opts[i].cookie ? cookie : NULL,
		};
		size_t len;

		make_edns(&m);
		len = build(&m, &nothing, &opt, buf, sizeof(buf));
		assert_string_equal(render(buf, len), opts[i].text);
		/* without EDNS in the query there is none in the answer (RFC 6891, 7) */
		make_plain(&m);
		len = build(&m, &nothing, &opt, buf, sizeof(buf));
		assert_string_equal(render(buf, len), "NOERROR qr rd ra; WWW.Example.com. IN A");
	}
}

/* What ends the additional section has to fit, beside the OPT but for its texts; it is never what
 * has an answer truncated. */
static void test_last(void **state)
{
	static const uint8_t last[] = "\3rpz\0\0\20\0\1\0\0\0\7\0\3a b";
	static const struct content content = {.a_records = 1, .aaaa = true};
	const struct answer_opt opt = {
		.udp_size = 1232, .last = last, .last_len = sizeof(last) - 1};
	const struct answer_opt without = {.udp_size = 1232};
	uint8_t buf[512];
	struct message m;
	size_t plain;

	(void)state;
	make_edns(&m);
	plain = build(&m, &content, &without, buf, sizeof(buf));
	assert_int_equal(build(&m, &content, &opt, buf, sizeof(buf)), plain + opt.last_len);
	assert_int_equal(buf[11], 3);
	assert_memory_equal(buf + plain - EDNS_OPT_FIXED, last, opt.last_len);
	assert_int_equal(build(&m, &content, &opt, buf, plain + opt.last_len - 1), plain);
	assert_int_equal(buf[11], 2);
	assert_false(buf[2] & 2);
	build(&m, &content, &opt, buf, plain - 1);
	assert_int_equal(buf[11], 1);
	assert_true(buf[2] & 2);
}

/* For every size of the buffer: whole, or without the EDE's text or all of it, or else truncated
 * and empty; never longer, always with what fits of the OPT. */
static void test_every_size(void **state)
{
	static const struct content c = {.a_records = 3, .soa = true, .apex = 4};
	struct answer_opt opt = {.udp_size = 1232, .cookie = cookie};
	struct message m;
	struct edes ede;
	uint8_t buf[512];
	size_t whole;
	size_t records; /* with an OPT, and no EDE in it */
	size_t question;

	edes_set(&ede, EDE_BLOCKED, "a list");
	opt.ede = &ede;
	make_edns(&m);
	question = m.len - EDNS_OPT_FIXED;
	whole = build(&m, &c, &opt, buf, sizeof(buf));
	assert_int_equal(whole, question + 3 * 16 + 12 + 38 + 11 + 28 + 12);
	records = whole - 12;
	for (size_t cap = question; cap <= whole; cap++) {
		const size_t before = cap < records ? question + EDNS_OPT_FIXED : records - 28;
		size_t len;

		memset(buf, 0xa5, sizeof(buf));
		len = build(&m, &c, &opt, buf, cap);
		assert_true(len <= cap);
		for (size_t i = cap; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xa5);
		assert_null(strstr(render(buf, len), "not a message"));
		assert_int_equal(buf[2] & 2, cap < records ? 2 : 0);
		assert_int_equal(wire_get16(buf + 6), cap < records ? 0 : 3);
		assert_int_equal(wire_get16(buf + 8), cap < records ? 0 : 1);
		assert_int_equal(wire_get16(buf + 10), cap >= question + EDNS_OPT_FIXED);
		assert_int_equal(strstr(render(buf, len), "cookie 24") != NULL, cap >= before + 28);
		assert_int_equal(strstr(render(buf, len), "ede 15") != NULL,
				 cap >= before + 28 + 6 ||
					 (cap >= before + 6 && cap < before + 28));
		assert_int_equal(strstr(render(buf, len), "ede 15 a list") != NULL,
				 cap >= before + 28 + 12 ||
					 (cap >= before + 12 && cap < before + 28));
	}
}

/* After one part did not fit, a smaller one that would does not slip in. */
static void test_full_stays_full(void **state)
{
	static uint8_t large[600];
	struct message m;
	struct wire_query q;
	struct answer a;
	uint8_t buf[512];
	size_t len;

	make_plain(&m);
	assert_int_equal(wire_parse_query(m.octets, m.len, &q), WIRE_QUERY);
	answer_begin(&a, buf, sizeof(buf), m.octets, &q, &plain_opt);
	answer_add(&a, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_TXT, CLASS_IN, 60, large,
		   sizeof(large));
	assert_true(a.full);
	answer_add(&a, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_A, CLASS_IN, 60, ipv4, 4);
	len = answer_end(&a, RCODE_NXDOMAIN, 0);
	assert_string_equal(render(buf, len), "NXDOMAIN qr tc rd ra; WWW.Example.com. IN A");
}

/* Records as they stand, copied or where they are already. */
static void test_body(void **state)
{
	static const char text[] = "NOERROR qr rd ra; WWW.Example.com. IN A;"
				   " an WWW.Example.com. 60 IN A 192.0.2.1;"
				   " ns WWW.Example.com. 60 IN NS ns.example.;"
				   " ar ns.example. 60 IN A 192.0.2.1; opt 1232";
	struct message m;
	struct message body;
	struct wire_query q;
	struct answer a;
	uint8_t buf[512];
	size_t begin;
	size_t octets;

	make_plain(&body);
	begin = body.len;
	message_rr(&body, MESSAGE_AN, NULL, TYPE_A, 60, ipv4, 4);
	message_rr_name(&body, MESSAGE_NS, NULL, TYPE_NS, 60, "ns.example");
	message_rr(&body, MESSAGE_AR, "ns.example", TYPE_A, 60, ipv4, 4);
	octets = body.len - begin;
	make_edns(&m);
	assert_int_equal(wire_parse_query(m.octets, m.len, &q), WIRE_QUERY);

	answer_begin(&a, buf, sizeof(buf), m.octets, &q, &plain_opt);
	answer_add_body(&a, body.octets + begin, octets, 1, 1, 1);
	assert_string_equal(render(buf, answer_end(&a, 0, 0)), text);

	memset(buf, 0, sizeof(buf));
	memcpy(buf + begin, body.octets + begin, octets);
	answer_begin(&a, buf, sizeof(buf), m.octets, &q, &plain_opt);
	answer_adopt_body(&a, octets, 1, 1, 1);
	assert_string_equal(render(buf, answer_end(&a, 0, 0)), text);

	answer_begin(&a, buf, begin + octets + EDNS_OPT_FIXED - 1, m.octets, &q, &plain_opt);
	answer_add_body(&a, body.octets + begin, octets, 1, 1, 1);
	assert_string_equal(render(buf, answer_end(&a, 0, 0)),
			    "NOERROR qr tc rd ra; WWW.Example.com. IN A; opt 1232");
}

static const struct {
	bool present;
	uint16_t client;
	uint16_t ours;
	size_t limit;
} limits[] = {
	{false, 0, 1232, 512},	   {false, 4096, 1232, 512}, {true, 0, 1232, 512},
	{true, 511, 1232, 512},	   {true, 512, 1232, 512},   {true, 513, 1232, 513},
	{true, 1231, 1232, 1231},  {true, 1232, 1232, 1232}, {true, 1233, 1232, 1232},
	{true, 65535, 1232, 1232}, {true, 65535, 512, 512},  {true, 1400, 4096, 1400},
};

static void test_udp_limit(void **state)
{
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct wire_query q = {
			.edns = {.present = limits[i].present, .udp_size = limits[i].client},
		};

		assert_int_equal(answer_udp_limit(&q, limits[i].ours), limits[i].limit);
	}
}

/* The longest question, cookie and EDE have room in the least buffer. */
static void test_longest_fits_512(void **state)
{
	struct answer_opt opt = {.udp_size = 1232, .cookie = cookie};
	static const struct content c = {.rcode = RCODE_REFUSED};
	char text[EDE_TEXT_MAX + 1];
	struct message m;
	struct edes ede;
	uint8_t buf[ANSWER_UDP_MIN];
	size_t len;

	message_begin(&m, 7, FLAG_RD);
	for (int i = 0; i < 127; i++)
		message_add(&m, "\1a", 2);
	message_add8(&m, 0);
	message_add32(&m, 0x00010001);
	message_set16(&m, MESSAGE_QD, 1);
	message_opt(&m, 512, 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	edes_set(&ede, EDE_PROHIBITED, text);
	opt.ede = &ede;
	len = build(&m, &c, &opt, buf, sizeof(buf));
	assert_int_equal(len, 12 + 259 + 11 + 28 + 6 + EDE_TEXT_MAX);
	assert_non_null(strstr(render(buf, len), "; opt 1232 cookie 24 ede 18 xxx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_opt),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_full_stays_full),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_udp_limit),
		cmocka_unit_test(test_longest_fits_512),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
