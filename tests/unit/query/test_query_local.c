/* SPDX-License-Identifier: BSD-2-Clause */
/* The operator's own names, special-use names, and zones with upstreams of their own, in the path
 * of a query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names/local.h"
#include "map/namemap.h"
#include "query/query.h"
#include "names/special.h"
#include "support/alloc_fail.h"
#include "support/asked.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TYPE_HTTPS 65U

#define ITS_SOA(owner, ttl)                                                                        \
	"; ns " owner " " ttl " IN SOA " owner " nobody.invalid. 1 3600 1200 604800 " ttl
#define OPT "; opt 1232"
#define NOT_HERE "; opt 1232 ede 0 special-use name"

static const struct list_row lists[] = {
	{.name = "court",
	 .action = ACTION_NXDOMAIN,
	 .rules = "ordered.lan target.lan quiet.lan",
	 .mandatory = true},
	{.name = "nx",
	 .action = ACTION_NXDOMAIN,
	 .rules = "printer.lan blocked.home.arpa web.lan sunk.example",
	 .reason = REASON_OPERATOR},
};

static const char *const yaml =
	"local:\n"
	"  ttl: 60\n"
	"  names:\n"
	"  - {name: printer.lan, ipv4: [192.168.1.9, 192.168.1.10], ipv6: ['fd00::9'],"
	" txt: ['a b']}\n"
	"  - {name: www.lan, cname: web.lan}\n"
	"  - {name: web.lan, cname: printer.lan, ttl: 5}\n"
	"  - {name: ordered.lan, ipv4: [192.168.1.1]}\n"
	"  - {name: to.target.lan.example, cname: target.lan}\n"
	"  - {name: target.lan, ipv4: [192.168.1.2]}\n"
	"  - {name: '*.dev.lan', ipv4: [192.168.1.50]}\n"
	"  - {name: alias.lan, cname: x.dev.lan}\n"
	"  - {name: out.lan, cname: www.target.example}\n"
	"  - {name: further.lan, cname: out.lan}\n"
	"  - {name: zone.lan, cname: www.corp.example}\n"
	"  - {name: loop.lan, cname: x.localhost}\n"
	"  - {name: gone.lan, cname: x.home.arpa}\n"
	"  - {name: sunk.lan, cname: www.sunk.example}\n"
	"  - {name: nas.home.arpa, ipv4: [192.168.7.1]}\n"
	"  - {name: a.b.home.arpa, ipv4: [192.168.7.2]}\n"
	"  - {name: big.lan, txt: [" /* set_up goes on with it */;

static const char *const zones[] = {
	".",	"corp.example", "eu.corp.example", "10.in-addr.arpa", "5.6.168.192.in-addr.arpa",
	"onion"};

struct bench {
	struct pipeline p;
	struct conf *conf;
};

static void add_pools(struct bench *b, size_t count)
{
	struct snapshot *s = b->p.snapshot;
	const struct hash_key key = LISTS_KEY;

	s->pools = calloc(count, sizeof(*s->pools));
	lists_require(s->pools && namemap_create(&key, &s->zones) == ERR_OK);
	s->pool_count = count;
	for (size_t i = 1; i < count; i++) {
		struct upstream_pool *pool = &s->pools[i];

		lists_require(name_from_text(zones[i], strlen(zones[i]), &pool->zone) == ERR_OK);
		pool->salt = name_hash(&key, &pool->zone) * 3;
		lists_require(namemap_add(s->zones, &pool->zone, (uint32_t)i) == ERR_OK);
	}
}

static int set_up(void **state)
{
	const struct hash_key key = LISTS_KEY;
	struct bench *b = calloc(1, sizeof(*b));
	struct list_report report;
	char text[8192];
	size_t len;

	assert_non_null(b);
	pipeline_open(&b->p, lists, COUNT(lists), 1U << 20);
	len = (size_t)snprintf(text, sizeof(text), "%s", yaml);
	for (unsigned int i = 0; i < 10; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s'%u%0200u'",
					i ? "," : "", i, 0);
	snprintf(text + len, sizeof(text) - len, "]}\n");
	assert_int_equal(conf_parse("f", text, strlen(text), &b->conf, NULL), ERR_OK);
	assert_int_equal(
		local_create(&b->conf->local, NULL, &key, &b->p.snapshot->local, &report, NULL),
		ERR_OK);
	assert_int_equal(special_create(&key, NULL, 0, true, &b->p.snapshot->special), ERR_OK);
	b->p.snapshot->conf->local.ttl_s = 60;
	add_pools(b, COUNT(zones));
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	pipeline_close(&b->p);
	conf_free(b->conf);
	free(b);
	return 0;
}

static const char *ask(struct bench *b, enum transport transport, const char *name,
		       unsigned int type, struct pipeline_question *ret_question)
{
	static struct message m;

	message_query_edns(&m, name, type);
	return asked(&b->p, transport, &m, ret_question);
}

struct row {
	const char *name;
	unsigned int type;
	const char *text;
};

static void expect_rows(struct bench *b, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(ask(b, TRANSPORT_UDP, rows[i].name, rows[i].type, NULL),
				    rows[i].text);
		assert_string_equal(ask(b, TRANSPORT_TCP, rows[i].name, rows[i].type, NULL),
				    rows[i].text);
	}
}

static const struct row own[] = {
	{"Printer.LAN", TYPE_A,
	 HEAD("NOERROR", "Printer.LAN.", "A") "; an Printer.LAN. 60 IN A 192.168.1.9,"
					      " Printer.LAN. 60 IN A 192.168.1.10" OPT},
	{"printer.lan", TYPE_AAAA,
	 HEAD("NOERROR", "printer.lan.", "AAAA") "; an printer.lan. 60 IN AAAA fd00::9" OPT},
	{"printer.lan", TYPE_TXT,
	 HEAD("NOERROR", "printer.lan.", "TXT") "; an printer.lan. 60 IN TXT \"a b\"" OPT},
	{"printer.lan", TYPE_ANY,
	 HEAD("NOERROR", "printer.lan.",
	      "ANY") "; an printer.lan. 60 IN A 192.168.1.9, printer.lan. 60 IN A 192.168.1.10,"
		     " printer.lan. 60 IN AAAA fd00::9, printer.lan. 60 IN TXT \"a b\"" OPT},
	{"printer.lan", TYPE_HTTPS,
	 HEAD("NOERROR", "printer.lan.", "HTTPS") ITS_SOA("printer.lan.", "60") OPT},
	{"printer.lan", TYPE_DS,
	 HEAD("NOERROR", "printer.lan.", "DS") ITS_SOA("printer.lan.", "60") OPT},
	{"x.printer.lan", TYPE_A,
	 "NXDOMAIN qr rd ra; x.printer.lan. IN A"
	 "; ns lan. 60 IN SOA lan. nobody.invalid. 1 3600"
	 " 1200 604800 60; opt 1232 ede 15 nx"}, /* by the list */
	{"www.lan", TYPE_AAAA,
	 HEAD("NOERROR", "www.lan.",
	      "AAAA") "; an www.lan. 60 IN CNAME web.lan., web.lan. 5 IN CNAME printer.lan.,"
		      " printer.lan. 60 IN AAAA fd00::9" OPT},
	{"www.lan", TYPE_CNAME,
	 HEAD("NOERROR", "www.lan.", "CNAME") "; an www.lan. 60 IN CNAME web.lan." OPT},
	{"www.lan", TYPE_ANY,
	 HEAD("NOERROR", "www.lan.", "ANY") "; an www.lan. 60 IN CNAME web.lan." OPT},
	{"web.lan", TYPE_MX,
	 HEAD("NOERROR", "web.lan.",
	      "MX") "; an web.lan. 5 IN CNAME printer.lan." ITS_SOA("printer.lan.", "60") OPT},
	{"alias.lan", TYPE_A,
	 HEAD("NOERROR", "alias.lan.",
	      "A") "; an alias.lan. 60 IN CNAME x.dev.lan., x.dev.lan. 60 IN A 192.168.1.50" OPT},
	{"q.dev.lan", TYPE_A,
	 HEAD("NOERROR", "q.dev.lan.", "A") "; an q.dev.lan. 60 IN A 192.168.1.50" OPT},
	{"9.1.168.192.in-addr.arpa", TYPE_PTR,
	 HEAD("NOERROR", "9.1.168.192.in-addr.arpa.",
	      "PTR") "; an 9.1.168.192.in-addr.arpa. 60 IN PTR printer.lan." OPT},
	{"nas.home.arpa", TYPE_A,
	 HEAD("NOERROR", "nas.home.arpa.", "A") "; an nas.home.arpa. 60 IN A 192.168.7.1" OPT},
	/* of a mandatory list */
	{"ordered.lan", TYPE_A,
	 HEAD("NXDOMAIN", "ordered.lan.", "A") ITS_SOA("lan.", "60") "; opt 1232 ede 16 court"},
	{"to.target.lan.example", TYPE_A,
	 HEAD("NXDOMAIN", "to.target.lan.example.", "A")
		 ITS_SOA("target.lan.example.", "60") "; opt 1232 ede 16 court"},
	{"sunk.lan", TYPE_A,
	 HEAD("NXDOMAIN", "sunk.lan.", "A") ITS_SOA("lan.", "60") "; opt 1232 ede 15 nx"},
	{"www.example", TYPE_A, "forward"},
	{"dev.lan", TYPE_A, "forward"},
	{"out.lan", TYPE_A, "forward"},
	{"out.lan", TYPE_CNAME,
	 HEAD("NOERROR", "out.lan.", "CNAME") "; an out.lan. 60 IN CNAME www.target.example." OPT},
};

static void test_own_names(void **state)
{
	struct bench *b = *state;

	expect_rows(b, own, COUNT(own));
	assert_int_equal(b->p.stats.local_answers, 2 * (COUNT(own) - 7));
	assert_int_equal(b->p.stats.blocked_name, 2 * 2);
	assert_int_equal(b->p.stats.blocked_cname, 2 * 2);
}

/* More than a client takes over UDP. */
static void test_truncated(void **state)
{
	struct bench *b = *state;

	assert_string_equal(ask(b, TRANSPORT_UDP, "big.lan", TYPE_TXT, NULL),
			    "NOERROR qr tc rd ra; big.lan. IN TXT; opt 1232");
	assert_int_equal(b->p.stats.truncated, 1);
	assert_null(strstr(ask(b, TRANSPORT_TCP, "big.lan", TYPE_TXT, NULL), " tc "));
}

static const struct row special[] = {
	{"localhost", TYPE_A,
	 HEAD("NOERROR", "localhost.", "A") "; an localhost. 10800 IN A 127.0.0.1" OPT},
	{"x.Localhost", TYPE_AAAA,
	 HEAD("NOERROR", "x.Localhost.", "AAAA") "; an x.Localhost. 10800 IN AAAA ::1" OPT},
	{"localhost", TYPE_ANY,
	 HEAD("NOERROR", "localhost.", "ANY") "; an localhost. 10800 IN A 127.0.0.1,"
					      " localhost. 10800 IN AAAA ::1" OPT},
	{"x.localhost", TYPE_MX,
	 HEAD("NOERROR", "x.localhost.", "MX") ITS_SOA("localhost.", "10800") OPT},
	{"www.Test", TYPE_A, HEAD("NXDOMAIN", "www.Test.", "A") ITS_SOA("Test.", "10800") NOT_HERE},
	{"test", TYPE_DS, HEAD("NXDOMAIN", "test.", "DS") ITS_SOA("test.", "10800") NOT_HERE},
	{"local", TYPE_SOA, HEAD("NXDOMAIN", "local.", "SOA") ITS_SOA("local.", "10800") NOT_HERE},
	{"home.arpa", TYPE_SOA,
	 HEAD("NOERROR", "home.arpa.", "SOA") "; an home.arpa. 10800 IN SOA home.arpa."
					      " nobody.invalid. 1 3600 1200 604800 10800" OPT},
	{"home.arpa", TYPE_NS,
	 HEAD("NOERROR", "home.arpa.", "NS") "; an home.arpa. 10800 IN NS home.arpa." OPT},
	{"home.arpa", TYPE_A,
	 HEAD("NOERROR", "home.arpa.", "A") ITS_SOA("home.arpa.", "10800") OPT},
	{"home.arpa", TYPE_DS, "forward"},
	{"x.home.arpa", TYPE_A,
	 HEAD("NXDOMAIN", "x.home.arpa.", "A") ITS_SOA("home.arpa.", "10800") NOT_HERE},
	{"x.home.arpa", TYPE_DS,
	 HEAD("NXDOMAIN", "x.home.arpa.", "DS") ITS_SOA("home.arpa.", "10800") NOT_HERE},
	/* what lies above names of ours is there */
	{"b.home.arpa", TYPE_A,
	 HEAD("NOERROR", "b.home.arpa.", "A") ITS_SOA("home.arpa.", "10800") OPT},
	{"1.168.192.in-addr.arpa", TYPE_PTR,
	 HEAD("NOERROR", "1.168.192.in-addr.arpa.", "PTR") ITS_SOA("168.192.in-addr.arpa.", "10800")
		 OPT},
	{"6.168.192.in-addr.arpa", TYPE_PTR,
	 HEAD("NOERROR", "6.168.192.in-addr.arpa.", "PTR") ITS_SOA("168.192.in-addr.arpa.", "10800")
		 OPT},
	{"0.0.127.in-addr.arpa", TYPE_PTR,
	 HEAD("NOERROR", "0.0.127.in-addr.arpa.", "PTR") ITS_SOA("127.in-addr.arpa.", "10800") OPT},
	{"1.0.0.127.in-addr.arpa", TYPE_PTR,
	 HEAD("NOERROR", "1.0.0.127.in-addr.arpa.",
	      "PTR") "; an 1.0.0.127.in-addr.arpa. 10800 IN PTR localhost." OPT},
	{"1.9.168.192.in-addr.arpa", TYPE_PTR,
	 HEAD("NXDOMAIN", "1.9.168.192.in-addr.arpa.", "PTR")
		 ITS_SOA("168.192.in-addr.arpa.", "10800") NOT_HERE},
	/* a list comes first */
	{"blocked.home.arpa", TYPE_A,
	 HEAD("NXDOMAIN", "blocked.home.arpa.", "A")
		 ITS_SOA("home.arpa.", "60") "; opt 1232 ede 15 nx"},
	/* zones of their own are excepted */
	{"1.2.3.10.in-addr.arpa", TYPE_PTR, "forward"},
	{"1.5.6.168.192.in-addr.arpa", TYPE_PTR, "forward"},
	{"x.onion", TYPE_A, "forward"},
	{"onion", TYPE_DS, "forward"},
	{"arpa", TYPE_NS, "forward"},
	{"ipv4only.arpa", TYPE_AAAA, "forward"},
};

static void test_special_names(void **state)
{
	struct bench *b = *state;

	expect_rows(b, special, COUNT(special));
	assert_int_equal(b->p.stats.special_use, 2 * (COUNT(special) - 8));
}

/* Without RD there is an answer as well: none of it needs recursion. */
static void test_no_recursion_desired(void **state)
{
	static const char *const names[] = {"printer.lan", "localhost", "x.home.arpa"};
	struct bench *b = *state;
	struct message m;

	for (size_t i = 0; i < COUNT(names); i++) {
		message_query(&m, names[i], TYPE_A);
		message_set16(&m, 2, 0);
		assert_int_equal(pipeline_ask(&b->p, TRANSPORT_UDP, &m, NULL), QUERY_ANSWERED);
		assert_int_not_equal(m.octets[3] & 15, RCODE_REFUSED);
	}
	message_query(&m, "home.arpa", TYPE_DS);
	message_set16(&m, 2, 0);
	assert_int_equal(pipeline_ask(&b->p, TRANSPORT_UDP, &m, NULL), QUERY_ANSWERED);
	assert_int_equal(m.octets[3] & 15, RCODE_REFUSED);
}

static void test_special_names_off(void **state)
{
	struct bench *b = *state;

	namemap_free(b->p.snapshot->special);
	b->p.snapshot->special = NULL;
	assert_string_equal(ask(b, TRANSPORT_UDP, "localhost", TYPE_A, NULL), "forward");
	assert_string_equal(ask(b, TRANSPORT_UDP, "x.home.arpa", TYPE_A, NULL), "forward");
	assert_int_equal(b->p.stats.special_use, 0);
}

static const struct {
	const char *name;
	unsigned int type;
	uint16_t pool;
} pools[] = {
	{"corp.example", TYPE_A, 1},
	{"WWW.Corp.Example", TYPE_A, 1},
	{"corp.example", TYPE_SOA, 1},
	{"eu.corp.example", TYPE_A, 2},
	{"www.eu.corp.example", TYPE_DS, 2},
	{"xeu.corp.example", TYPE_A, 1},
	{"example", TYPE_A, 0},
	{"www.example", TYPE_A, 0},
	/* the DS of a zone is its parent's */
	{"eu.corp.example", TYPE_DS, 1},
	{"corp.example", TYPE_DS, 0},
	{"onion", TYPE_DS, 0},
	{"onion", TYPE_A, 5},
	{"4.3.2.10.in-addr.arpa", TYPE_PTR, 3},
	{"home.arpa", TYPE_DS, 0},
};

static void test_pools(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT(pools); i++) {
		struct pipeline_question question;

		assert_string_equal(ask(b, TRANSPORT_UDP, pools[i].name, pools[i].type, &question),
				    "forward");
		assert_int_equal(question.key.pool, pools[i].pool);
		assert_true(question.key.pool_salt == b->p.snapshot->pools[pools[i].pool].salt);
	}
}

/* The upstream's answer to a question, which is cached. */
static void answer(struct bench *b, const char *name, const struct pipeline_question *question,
		   const char *address)
{
	static struct message reply;
	static struct message out;

	message_reply(&reply, name, TYPE_A, RCODE_NOERROR);
	message_rr(&reply, MESSAGE_AN, NULL, TYPE_A, 300, address, 4);
	assert_int_equal(pipeline_reply(&b->p, question, &reply, &out), QUERY_ANSWERED);
}

/* Takes the zones away, or gives them back, as a reload does. */
static void set_zones(struct bench *b, size_t count)
{
	free(b->p.snapshot->pools);
	namemap_free(b->p.snapshot->zones);
	b->p.snapshot->zones = NULL;
	add_pools(b, count);
	b->p.snapshot->generation++;
}

/* What one pool's upstreams said is never the answer for a name that is another's. */
static void test_cache_is_apart(void **state)
{
	static const char *const names[] = {"corp.example", "www.corp.example"};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct pipeline_question of_zone;
		struct pipeline_question of_root;

		assert_string_equal(ask(b, TRANSPORT_UDP, names[i], TYPE_A, &of_zone), "forward");
		answer(b, names[i], &of_zone, "\300\250\1\1");
		assert_non_null(
			strstr(ask(b, TRANSPORT_UDP, names[i], TYPE_A, NULL), "192.168.1.1"));
		set_zones(b, 1);
		assert_string_equal(ask(b, TRANSPORT_UDP, names[i], TYPE_A, &of_root), "forward");
		assert_false(query_key_equal(&of_zone.key, &of_root.key));
		answer(b, names[i], &of_root, "\300\0\2\1");
		assert_non_null(strstr(ask(b, TRANSPORT_UDP, names[i], TYPE_A, NULL), "192.0.2.1"));
		set_zones(b, COUNT(zones));
		assert_non_null(
			strstr(ask(b, TRANSPORT_UDP, names[i], TYPE_A, NULL), "192.168.1.1"));
	}
}

/* Zones that change places keep their replies: these go by the zone's name. */
static void test_cache_goes_by_name(void **state)
{
	struct bench *b = *state;
	struct pipeline_question question;
	uint64_t hash;

	ask(b, TRANSPORT_UDP, "eu.corp.example", TYPE_A, &question);
	hash = question.key.hash;
	set_zones(b, 3);
	ask(b, TRANSPORT_UDP, "eu.corp.example", TYPE_A, &question);
	assert_true(question.key.hash == hash);
	set_zones(b, 2);
	ask(b, TRANSPORT_UDP, "eu.corp.example", TYPE_A, &question);
	assert_int_equal(question.key.pool, 1);
	assert_false(question.key.hash == hash);
}

/* ---- CNAMEs that lead out */

#define CHAIN                                                                                      \
	"further.lan. 60 IN CNAME out.lan., out.lan. 60 IN CNAME www.target.example.,"             \
	" www.target.example. 300 IN CNAME cdn.target.example.,"                                   \
	" cdn.target.example. 300 IN A 192.0.2.80"

/* A reply whose names point into each other, and into the question. */
static void make_target_reply(struct message *m, unsigned int records)
{
	message_reply(m, "WWW.Target.example", TYPE_A, RCODE_NOERROR);
	message_rr_begin(m, MESSAGE_AN, NULL, TYPE_CNAME, 300);
	message_add(m, "\3cdn\300\20", 6);
	message_end(m);
	for (unsigned int i = 0; i < records; i++) {
		message_add16(m, 0xc000U | (WIRE_HEADER + 24 + 12));
		message_record(m, MESSAGE_AN, TYPE_A, CLASS_IN, 300);
		message_add(m, "\300\0\2\120", 4);
		message_end(m);
	}
	message_add16(m, MESSAGE_QNAME + 4);
	message_record(m, MESSAGE_NS, TYPE_SOA, CLASS_IN, 200);
	message_add(m, "\2ns\300\20\5admin\300\20", 13);
	message_add(m, "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 20);
	message_end(m);
	message_set16(m, 2, FLAG_QR | FLAG_RD | FLAG_RA | FLAG_AD);
}

static const char *resume(struct bench *b, const struct pipeline_question *question,
			  unsigned int records)
{
	static struct message reply;

	make_target_reply(&reply, records);
	/* upstream is asked with the letters' case mixed, and answers so */
	memcpy(reply.octets + WIRE_HEADER, question->key.question, question->key.question_len);
	return asked_reply(&b->p, question, &reply);
}

static void test_alias(void **state)
{
	struct bench *b = *state;
	struct pipeline_question question;
	static const char expected[] =
		HEAD("NOERROR", "further.lan.",
		     "A") "; an " CHAIN "; ns target.example. 5 IN SOA ns.target.example."
			  " admin.target.example. 1 2 3 4 5; opt 1232";

	assert_string_equal(ask(b, TRANSPORT_UDP, "further.lan", TYPE_A, &question), "forward");
	assert_true(question.wait.alias);
	assert_int_equal(question.key.question_len, 24);
	assert_string_equal(resume(b, &question, 1), expected);
	/* and then from the cache, as if it had been asked for itself, and with its age */
	assert_string_equal(ask(b, TRANSPORT_UDP, "further.lan", TYPE_A, NULL), expected);
	assert_string_equal(ask(b, TRANSPORT_TCP, "further.lan", TYPE_A, NULL), expected);
	b->p.env.now_ms += 2000;
	assert_non_null(strstr(ask(b, TRANSPORT_UDP, "out.lan", TYPE_A, NULL),
			       "; an out.lan. 60 IN CNAME www.target.example., www.target.example."
			       " 298 IN CNAME cdn.target.example., cdn.target.example. 298"));
	assert_non_null(strstr(ask(b, TRANSPORT_UDP, "www.target.example", TYPE_A, NULL),
			       "; an www.target.example. 298 IN CNAME cdn.target.example."));
	assert_int_equal(b->p.stats.cache_hits, 4);
}

static void test_alias_is_truncated(void **state)
{
	struct bench *b = *state;
	struct pipeline_question question;

	ask(b, TRANSPORT_UDP, "further.lan", TYPE_A, &question);
	assert_string_equal(resume(b, &question, 100),
			    "NOERROR qr tc rd ra; further.lan. IN A; opt 1232");
	assert_string_equal(ask(b, TRANSPORT_UDP, "further.lan", TYPE_A, NULL),
			    "NOERROR qr tc rd ra; further.lan. IN A; opt 1232");
	assert_null(strstr(ask(b, TRANSPORT_TCP, "further.lan", TYPE_A, NULL), " tc "));
}

static void test_alias_has_a_pool(void **state)
{
	struct bench *b = *state;
	struct pipeline_question question;

	assert_string_equal(ask(b, TRANSPORT_UDP, "zone.lan", TYPE_A, &question), "forward");
	assert_int_equal(question.key.pool, 1);
}

static void test_alias_is_special(void **state)
{
	static const struct row rows[] = {
		{"loop.lan", TYPE_A,
		 HEAD("NOERROR", "loop.lan.", "A") "; an loop.lan. 60 IN CNAME x.localhost.,"
						   " x.localhost. 10800 IN A 127.0.0.1" OPT},
		{"loop.lan", TYPE_MX,
		 HEAD("NOERROR", "loop.lan.",
		      "MX") "; an loop.lan. 60 IN CNAME x.localhost." ITS_SOA("localhost.", "10800")
			 OPT},
		{"gone.lan", TYPE_A,
		 HEAD("NXDOMAIN", "gone.lan.",
		      "A") "; an gone.lan. 60 IN CNAME x.home.arpa." ITS_SOA("home.arpa.", "10800")
			 NOT_HERE},
	};

	expect_rows(*state, rows, COUNT(rows));
}

/* The operator's CNAME leads elsewhere when the reply comes. */
static void test_alias_has_changed(void **state)
{
	struct bench *b = *state;
	struct pipeline_question question;

	ask(b, TRANSPORT_UDP, "further.lan", TYPE_A, &question);
	local_free(b->p.snapshot->local);
	b->p.snapshot->local = NULL;
	assert_string_equal(resume(b, &question, 1),
			    "SERVFAIL qr rd ra; further.lan. IN A; opt 1232");
}

/* Nothing is allocated for any of these. */
static void test_no_allocation(void **state)
{
	static struct message m;
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT(own) + COUNT(special); i++) {
		const struct row *row = i < COUNT(own) ? &own[i] : &special[i - COUNT(own)];

		message_query(&m, row->name, row->type);
		alloc_fail_start(0, true);
		(void)pipeline_ask(&b->p, TRANSPORT_UDP, &m, NULL);
		assert_false(alloc_fail_stop());
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_own_names),
		TEST(test_truncated),
		TEST(test_special_names),
		TEST(test_no_recursion_desired),
		TEST(test_special_names_off),
		TEST(test_pools),
		TEST(test_cache_is_apart),
		TEST(test_cache_goes_by_name),
		TEST(test_alias),
		TEST(test_alias_is_truncated),
		TEST(test_alias_has_a_pool),
		TEST(test_alias_is_special),
		TEST(test_alias_has_changed),
		TEST(test_no_allocation),
	};

	return cmocka_run_group_tests_name("query_local", tests, NULL, NULL);
}
