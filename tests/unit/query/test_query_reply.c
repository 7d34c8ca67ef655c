/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of an upstream's reply: inspected, kept, given to each who waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query/query.h"
#include "support/asked.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct list_row lists[] = {
	{.name = "court",
	 .action = ACTION_SINKHOLE,
	 .rules = "sink.example",
	 .reason = REASON_ORDER,
	 .mandatory = true,
	 .ipv4 = "192.0.2.1"},
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "nx.example", .reason = REASON_OPERATOR},
	{.name = "refused",
	 .action = ACTION_REFUSED,
	 .rules = "refused.example",
	 .reason = REASON_REQUESTED},
	{.name = "drop", .action = ACTION_DROP, .rules = "drop.example"},
	{.name = "tcp", .action = ACTION_TCP_ONLY, .rules = "tcp.example"},
	{.name = "pass", .action = ACTION_PASS, .rules = "pass.example pass.nx.example"},
};

static int set_up(void **state)
{
	return asked_set_up(state, lists, COUNT(lists));
}

/* A reply that leads from `qname` over these names to an address. */
static void make_chain(struct message *m, const char *qname, const char *const *targets)
{
	const char *owner = NULL;

	message_reply(m, qname, TYPE_A, RCODE_NOERROR);
	for (; *targets; owner = *targets++)
		message_rr_name(m, MESSAGE_AN, owner, TYPE_CNAME, 300, *targets);
	message_rr(m, MESSAGE_AN, owner, TYPE_A, 300, ADDRESS, 4);
}

static const struct {
	const char *qname;
	const char *targets[4];
	const char *udp;
	const char *tcp; /* NULL: as over UDP; "": the reply itself */
} chains[] = {
	{"www.example", {NULL}, "", NULL},
	{"www.example", {"a.example", "b.example"}, "", NULL},
	{"Www.Example",
	 {"sink.example"},
	 HEAD("NOERROR", "Www.Example.",
	      "A") "; an Www.Example. 60 IN A 192.0.2.1; opt 1232 ede 4 court",
	 NULL},
	{"www.example",
	 {"a.example", "deep.nx.example"},
	 HEAD("NXDOMAIN", "www.example.", "A") SOA("example.") " ede 15 nx",
	 NULL},
	/* the first that matches decides, unless a mandatory list has another */
	{"www.example",
	 {"nx.example", "refused.example"},
	 HEAD("NXDOMAIN", "www.example.", "A") SOA("example.") " ede 15 nx",
	 NULL},
	{"www.example",
	 {"nx.example", "sink.example"},
	 HEAD("NOERROR", "www.example.",
	      "A") "; an www.example. 60 IN A 192.0.2.1; opt 1232 ede 4 court",
	 NULL},
	{"www.example",
	 {"refused.example"},
	 HEAD("REFUSED", "www.example.", "A") "; opt 1232 ede 17 refused",
	 NULL},
	{"www.example", {"drop.example"}, "drop", NULL},
	{"www.example", {"tcp.example"}, "NOERROR qr tc rd ra; www.example. IN A; opt 1232", ""},
	/* behind a name that is let pass only mandatory lists are asked */
	{"www.pass.example", {"nx.example"}, "", NULL},
	{"www.pass.example", {"nx.example", "drop.example"}, "", NULL},
	{"www.pass.example",
	 {"nx.example", "sink.example"},
	 HEAD("NOERROR", "www.pass.example.", "A") "; an www.pass.example. 60 IN A 192.0.2.1;"
						   " opt 1232 ede 4 court",
	 NULL},
	{"www.example", {"pass.example", "nx.example"}, "", NULL},
	{"www.example", {"pass.nx.example", "drop.example"}, "", NULL},
	{"www.example",
	 {"pass.example", "sink.example"},
	 HEAD("NOERROR", "www.example.",
	      "A") "; an www.example. 60 IN A 192.0.2.1; opt 1232 ede 4 court",
	 NULL},
	{"www.example",
	 {"nx.example", "pass.example"},
	 HEAD("NXDOMAIN", "www.example.", "A") SOA("example.") " ede 15 nx",
	 NULL},
};

static void test_chains(void **state)
{
	for (size_t i = 0; i < COUNT(chains); i++) {
		for (int tcp = 0; tcp < 2; tcp++) {
			const char *expected = tcp && chains[i].tcp ? chains[i].tcp : chains[i].udp;
			enum transport transport = tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
			struct pipeline p;
			struct pipeline_question question;
			struct message reply;
			struct message m;
			const char *text;

			pipeline_open(&p, lists, COUNT(lists), 1U << 20);
			message_query_edns(&m, chains[i].qname, TYPE_A);
			question = asked_upstream(&p, transport, &m);
			make_chain(&reply, chains[i].qname, chains[i].targets);
			/* an upstream is asked, and answers, in lower case */
			memcpy(reply.octets + WIRE_HEADER, question.key.question,
			       question.key.question_len);
			text = asked_reply(&p, &question, &reply);
			if (*expected)
				assert_string_equal(text, expected);
			else
				assert_non_null(strstr(text, "192.0.2.80; opt 1232"));
			/* what a list had a say in is kept as well, and so is its say */
			message_query_edns(&m, chains[i].qname, TYPE_A);
			text = asked(&p, transport, &m, NULL);
			if (*expected)
				assert_string_equal(text, expected);
			else
				assert_non_null(strstr(text, "192.0.2.80; opt 1232"));
			pipeline_close(&p);
		}
	}
}

/* A DNAME leads on as a CNAME does. */
static void test_dname(void **state)
{
	struct pipeline *p = *state;
	struct pipeline_question question;
	struct message reply;
	struct message m;

	message_query_edns(&m, "www.example", TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	message_reply(&reply, "www.example", TYPE_A, RCODE_NOERROR);
	message_rr_name(&reply, MESSAGE_AN, "example", TYPE_DNAME, 300, "nx.example");
	message_rr_name(&reply, MESSAGE_AN, NULL, TYPE_CNAME, 300, "unrelated.example");
	assert_memory_equal(asked_reply(p, &question, &reply), "NXDOMAIN", 8);
}

/* Names elsewhere than in the answer section lead nowhere. */
static void test_other_sections_do_not_lead(void **state)
{
	struct pipeline *p = *state;
	struct pipeline_question question;
	struct message reply;
	struct message m;

	message_query_edns(&m, "www.example", TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	message_reply(&reply, "www.example", TYPE_A, RCODE_NOERROR);
	message_rr(&reply, MESSAGE_AN, NULL, TYPE_A, 300, ADDRESS, 4);
	message_rr_name(&reply, MESSAGE_NS, "example", TYPE_NS, 300, "ns.nx.example");
	message_rr_name(&reply, MESSAGE_AR, "x.example", TYPE_CNAME, 300, "nx.example");
	assert_memory_equal(asked_reply(p, &question, &reply),
			    "NOERROR qr rd ra; www.example. IN A; an", 39);
}

static void make_empty(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
}

static void make_nodata(struct message *m)
{
	make_empty(m);
	message_soa(m, "example", 300, 40);
}

static void make_nxdomain(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NXDOMAIN);
	message_soa(m, "example", 300, 40);
}

static void make_nxdomain_without_soa(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NXDOMAIN);
}

static void make_servfail(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_SERVFAIL);
	message_soa(m, "example", 300, 40);
}

static void make_refused(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_REFUSED);
}

static void make_badcookie(struct message *m)
{
	make_empty(m);
	message_set16(m, 2, message_get16(m, 2) | 7);
	message_opt(m, 1232, 0x01000000);
}

static void make_no_time(struct message *m)
{
	make_empty(m);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 0, ADDRESS, 4);
}

static void make_stale_ede(struct message *m)
{
	make_empty(m);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 30, ADDRESS, 4);
	message_opt_begin(m, 4096, MESSAGE_DO);
	message_option(m, OPTION_COOKIE, "abcdefgh12345678", 16);
	message_option(m, OPTION_EDE, "\0\3old", 5);
	message_end(m);
}

#define UPSTREAM_SOA "; ns example. 40 IN SOA ns.example. admin.example. 1 3600 600 86400 40"

static const struct {
	void (*make)(struct message *m);
	const char *edns;    /* what a client with EDNS is given */
	const char *without; /* and one without */
	bool kept;
} replies[] = {
	{make_empty, HEAD("NOERROR", "www.example.", "A") "; opt 1232",
	 HEAD("NOERROR", "www.example.", "A"), false},
	{make_nodata, HEAD("NOERROR", "www.example.", "A") UPSTREAM_SOA "; opt 1232",
	 HEAD("NOERROR", "www.example.", "A") UPSTREAM_SOA, true},
	{make_nxdomain, HEAD("NXDOMAIN", "www.example.", "A") UPSTREAM_SOA "; opt 1232",
	 HEAD("NXDOMAIN", "www.example.", "A") UPSTREAM_SOA, true},
	{make_nxdomain_without_soa, HEAD("NXDOMAIN", "www.example.", "A") "; opt 1232",
	 HEAD("NXDOMAIN", "www.example.", "A"), false},
	{make_servfail, HEAD("SERVFAIL", "www.example.", "A") UPSTREAM_SOA "; opt 1232",
	 HEAD("SERVFAIL", "www.example.", "A") UPSTREAM_SOA, false},
	{make_refused, HEAD("REFUSED", "www.example.", "A") "; opt 1232",
	 HEAD("REFUSED", "www.example.", "A"), false},
	{make_badcookie, HEAD("RCODE23", "www.example.", "A") "; opt 1232",
	 HEAD("SERVFAIL", "www.example.", "A"), false},
	{make_no_time,
	 HEAD("NOERROR", "www.example.", "A") "; an www.example. 0 IN A 192.0.2.80; opt 1232",
	 HEAD("NOERROR", "www.example.", "A") "; an www.example. 0 IN A 192.0.2.80", false},
	{make_stale_ede,
	 HEAD("NOERROR", "www.example.",
	      "A") "; an www.example. 30 IN A 192.0.2.80; opt 1232 ede 3 old",
	 HEAD("NOERROR", "www.example.", "A") "; an www.example. 30 IN A 192.0.2.80", true},
};

/* Handed on without the upstream's OPT; kept, the reply is handed on the same. */
static void test_replies(void **state)
{
	for (size_t i = 0; i < COUNT(replies); i++) {
		for (int edns = 0; edns < 2; edns++) {
			const char *expected = edns ? replies[i].edns : replies[i].without;
			struct pipeline_question question;
			struct pipeline p;
			struct message reply;
			struct message m;

			pipeline_open(&p, lists, COUNT(lists), 1U << 20);
			message_query(&m, "www.example", TYPE_A);
			if (edns)
				message_opt(&m, 1232, 0);
			question = asked_upstream(&p, TRANSPORT_UDP, &m);
			replies[i].make(&reply);
			assert_string_equal(asked_reply(&p, &question, &reply), expected);
			message_query(&m, "www.example", TYPE_A);
			if (edns)
				message_opt(&m, 1232, 0);
			assert_int_equal(pipeline_ask(&p, TRANSPORT_UDP, &m, NULL),
					 replies[i].kept ? QUERY_ANSWERED : QUERY_FORWARD);
			if (replies[i].kept)
				assert_string_equal(render(m.octets, m.len), expected);
			pipeline_close(&p);
		}
	}
}

/* Clients that wait for one question have each their own: letters, ID, OPT, cookie, size. */
static void test_joined(void **state)
{
	struct pipeline *p = *state;
	struct pipeline_question a;
	struct pipeline_question b;
	struct message reply;
	struct message m;

	message_begin(&m, 0xaaaa, FLAG_RD);
	message_question(&m, "www.EXAMPLE", TYPE_A, CLASS_IN);
	a = asked_upstream(p, TRANSPORT_UDP, &m);
	message_begin(&m, 0xbbbb, FLAG_RD | FLAG_AD);
	message_question(&m, "WWW.example", TYPE_A, CLASS_IN);
	message_opt_cookie(&m, 1232, 0, "abcdefgh", 8);
	b = asked_upstream(p, TRANSPORT_UDP, &m);
	assert_true(query_key_equal(&a.key, &b.key));

	make_empty(&reply);
	reply.octets[3] |= FLAG_AD;
	for (int i = 0; i < 40; i++)
		message_rr(&reply, MESSAGE_AN, NULL, TYPE_A, 30, ADDRESS, 4);
	assert_string_equal(asked_reply(p, &a, &reply), "NOERROR qr tc rd ra; www.EXAMPLE. IN A");
	assert_memory_equal(asked_reply(p, &b, &reply),
			    "NOERROR qr rd ra ad; WWW.example. IN A; an WWW.example. 30", 58);
	assert_int_equal(b.wait.wire.id, 0xbbbb);
	assert_int_equal(atomic_load(&p->stats.resolved), 2);
}

/* The buffer's size counts as the client's does. */
static void test_small_buffer(void **state)
{
	const struct verdict none = {.matched = false};
	struct pipeline *p = *state;
	uint8_t *buf = malloc(512);
	struct reply reply;
	struct message msg;
	struct message m;

	assert_non_null(buf);
	make_empty(&msg);
	for (int i = 0; i < 40; i++)
		message_rr(&msg, MESSAGE_AN, NULL, TYPE_A, 30, ADDRESS, 4);
	assert_int_equal(reply_parse(msg.octets, msg.len, 17, &p->env.snapshot->ttl, &reply),
			 ERR_OK);
	for (int tcp = 0; tcp < 2; tcp++) {
		struct pipeline_question question;
		struct query_key key;
		size_t len = 0;

		message_query_edns(&m, "www.example", TYPE_A);
		question = asked_upstream(p, tcp ? TRANSPORT_TCP : TRANSPORT_UDP, &m);
		assert_int_equal(
			query_resume(&p->env, &question.wait, &reply, &none, &key, buf, 512, &len),
			QUERY_ANSWERED);
		assert_string_equal(render(buf, len),
				    "NOERROR qr tc rd ra; www.example. IN A; opt 1232");
	}
	free(buf);
}

/* Whatever makes another question, or another judgement of it, keeps it apart. */
static void test_keys(void **state)
{
	struct pipeline *p = *state;
	struct query_key keys[6];
	struct query_key same[2];
	struct message m;

	message_query_edns(&m, "www.example", TYPE_A);
	keys[0] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	message_query_edns(&m, "www.other.example", TYPE_A);
	keys[1] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	message_query(&m, "www.example", TYPE_AAAA);
	keys[2] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	message_query(&m, "www.example", TYPE_A);
	message_opt(&m, 1232, MESSAGE_DO);
	same[0] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	message_begin(&m, 1, FLAG_RD | FLAG_CD);
	message_question(&m, "www.example", TYPE_A, CLASS_IN);
	same[1] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	message_query_edns(&m, "www.pass.example", TYPE_A);
	keys[3] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	pipeline_reload(p, NULL, 0);
	message_query_edns(&m, "www.example", TYPE_A);
	keys[4] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	message_query_edns(&m, "www.pass.example", TYPE_A);
	keys[5] = asked_upstream(p, TRANSPORT_UDP, &m).key;
	for (size_t i = 0; i < COUNT(keys); i++)
		for (size_t j = 0; j < COUNT(keys); j++)
			assert_int_equal(query_key_equal(&keys[i], &keys[j]), i == j);
	assert_true(query_key_equal(&keys[0], &same[0]));
	assert_true(query_key_equal(&keys[0], &same[1]));
	assert_true(query_ask_unchecked(&same[1]));
	assert_false(query_key_equal(&keys[0], &same[1]));
	assert_false(query_ask_unchecked(&same[1]));
	assert_true(keys[3].leave.passed);
	assert_false(keys[5].leave.passed);
}

/* Asked under one set of lists and answered under the next: the chain is judged by those in
 * force, and what is kept is inspected again, since its own name was not. */
static void test_reload_in_flight(void **state)
{
	static const struct list_row newly[] = {
		{.name = "nx",
		 .action = ACTION_NXDOMAIN,
		 .rules = "host.example",
		 .reason = REASON_OPERATOR},
	};
	static const char *const targets[] = {"host.example", NULL};
	struct pipeline *p = *state;
	struct pipeline_question question;
	struct message reply;
	struct message m;

	message_query_edns(&m, "www.example", TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	pipeline_reload(p, newly, COUNT(newly));
	make_chain(&reply, "www.example", targets);
	assert_string_equal(asked_reply(p, &question, &reply),
			    HEAD("NXDOMAIN", "www.example.", "A") SOA("example.") " ede 15 nx");

	/* the other way round: kept as of the old lists */
	p->env.now_ms += 1000000;
	message_query_edns(&m, "www.example", TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	pipeline_reload(p, NULL, 0);
	make_chain(&reply, "www.example", targets);
	assert_non_null(strstr(asked_reply(p, &question, &reply), "192.0.2.80"));
	pipeline_reload(p, newly, COUNT(newly));
	message_query_edns(&m, "www.example", TYPE_A);
	assert_int_equal(pipeline_ask(p, TRANSPORT_UDP, &m, NULL), QUERY_ANSWERED);
	assert_memory_equal(render(m.octets, m.len), "NXDOMAIN", 8);
}

/* What was let pass by a list that is gone when the reply comes is not, for who waits already. */
static void test_reload_takes_pass_away(void **state)
{
	static const char *const targets[] = {"host.nx.example", NULL};
	struct pipeline *p = *state;
	struct pipeline_question question;
	struct message reply;
	struct message m;

	message_query_edns(&m, "www.pass.example", TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	pipeline_reload(p, lists, COUNT(lists) - 1);
	make_chain(&reply, "www.pass.example", targets);
	assert_memory_equal(asked_reply(p, &question, &reply), "NXDOMAIN", 8);
}

static const struct {
	enum query_failure failure;
	const char *text;
} failures[] = {
	{QUERY_FAIL_NO_REPLY, "SERVFAIL qr rd ra; Www.example. IN A; opt 1232 cookie 24"
			      " ede 22 no upstream answered in time"},
	{QUERY_FAIL_NETWORK,
	 "SERVFAIL qr rd ra; Www.example. IN A; opt 1232 cookie 24 ede 23 every upstream failed"},
	{QUERY_FAIL_OVERLOAD, "SERVFAIL qr rd ra; Www.example. IN A; opt 1232 cookie 24 ede 0 too "
			      "many questions in flight"},
};

static void test_failures(void **state)
{
	struct pipeline *p = *state;
	struct pipeline_question question;
	uint8_t buf[512];
	struct message m;

	for (size_t i = 0; i < COUNT(failures); i++) {
		message_query(&m, "Www.example", TYPE_A);
		message_opt_cookie(&m, 1232, 0, "abcdefgh", 8);
		question = asked_upstream(p, TRANSPORT_UDP, &m);
		memset(buf, 0xa5, sizeof(buf));
		m.len = query_fail(&p->env, &question.wait, failures[i].failure, buf, sizeof(buf));
		assert_string_equal(render(buf, m.len), failures[i].text);
		assert_int_equal(wire_get16(buf), 0x1234);
	}
	assert_int_equal(atomic_load(&p->stats.servfail), COUNT(failures));
	message_query(&m, "www.example", TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	m.len = query_fail(&p->env, &question.wait, QUERY_FAIL_NETWORK, buf, sizeof(buf));
	assert_string_equal(render(buf, m.len), HEAD("SERVFAIL", "www.example.", "A"));
}

static const struct {
	unsigned int flags;
	bool edns;
	bool dnssec_ok;
	uint8_t key; /* of the question's key besides: CACHE_FLAG_ */
	const char *text;
} upstreams[] = {
	{FLAG_RD, false, false, 0, "NOERROR rd ad; www.example. IN A; opt 1400 do"},
	{FLAG_RD, true, false, 0, "NOERROR rd ad; www.example. IN A; opt 1400 do"},
	{FLAG_RD | FLAG_CD, true, false, 0, "NOERROR rd ad; www.example. IN A; opt 1400 do"},
	{FLAG_RD | FLAG_AD | FLAG_TC, true, true, 0,
	 "NOERROR rd ad; www.example. IN A; opt 1400 do"},
	{FLAG_RD, true, false, CACHE_FLAG_CD, "NOERROR rd ad cd; www.example. IN A; opt 1400 do"},
	{FLAG_RD, true, false, CACHE_FLAG_PLAIN, "NOERROR rd ad; www.example. IN A; opt 1400"},
};

static void test_upstream_message(void **state)
{
	struct pipeline *p = *state;
	struct pipeline_question question;
	uint8_t buf[512];
	struct message m;
	size_t len;

	for (size_t i = 0; i < COUNT(upstreams); i++) {
		message_begin(&m, 1, upstreams[i].flags);
		message_question(&m, "wWw.exAmple", TYPE_A, CLASS_IN);
		if (upstreams[i].edns)
			message_opt(&m, 1232, upstreams[i].dnssec_ok ? MESSAGE_DO : 0);
		question = asked_upstream(p, TRANSPORT_UDP, &m);
		question.key.flags |= upstreams[i].key;
		memset(buf, 0xa5, sizeof(buf));
		len = query_upstream_message(
			&question.key, &(struct query_form){.id = 0xfedc, .udp_size = 1400}, buf);
		assert_string_equal(render(buf, len), upstreams[i].text);
		assert_int_equal(wire_get16(buf), 0xfedc);
	}
}

/* The length of a name's labels together, of letters and dots. */
static void fill_name(char *name, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		name[i] = i % 32 == 31 && i + 1 < octets ? '.' : 'n';
	name[octets] = '\0';
}

/* The cookie and the padding that are asked for, and no more, whatever the name's length. */
static void test_upstream_options(void **state)
{
	static const uint8_t cookie[EDNS_COOKIE_MAX] = "0123456789abcdef0123456789abcdefghijklm";
	static const struct {
		uint16_t udp_size;
		uint8_t cookie_len;
		uint16_t block;
	} rows[] = {
		{1232, 0, 0},	 {1232, 8, 0},	 {1232, 24, 0}, {1232, 40, 0}, {1232, 0, 128},
		{1232, 40, 128}, {1232, 8, 468}, {0, 0, 0},	{0, 40, 128},
	};
	struct pipeline *p = *state;

	for (size_t octets = 1; octets <= 253; octets++) {
		struct pipeline_question question;
		char name[256];
		struct message m;

		fill_name(name, octets);
		message_query_edns(&m, name, TYPE_A);
		question = asked_upstream(p, TRANSPORT_UDP, &m);
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct query_form form = {.id = 7,
						  .udp_size = rows[i].udp_size,
						  .cookie = cookie,
						  .cookie_len = rows[i].cookie_len,
						  .block = rows[i].block};
			size_t bare = WIRE_HEADER + (size_t)question.key.question_len;
			size_t cookie_octets = rows[i].cookie_len ? 4U + rows[i].cookie_len : 0;
			uint8_t buf[QUERY_UPSTREAM_MAX + 1];
			struct wire_query wire;
			size_t len;

			memset(buf, 0xa5, sizeof(buf));
			len = query_upstream_message(&question.key, &form, buf);
			assert_true(len <= QUERY_UPSTREAM_MAX);
			assert_int_equal(buf[len], 0xa5);
			assert_int_equal(wire_parse_query(buf, len, &wire), WIRE_QUERY);
			assert_int_equal(wire.edns.present, rows[i].udp_size > 0);
			if (rows[i].udp_size == 0) {
				assert_int_equal(len, bare);
				continue;
			}
			assert_int_equal(wire.edns.cookie_len, rows[i].cookie_len);
			if (rows[i].cookie_len)
				assert_memory_equal(buf + wire.edns.cookie, cookie,
						    rows[i].cookie_len);
			bare += EDNS_OPT_FIXED + cookie_octets;
			if (rows[i].block == 0) {
				assert_int_equal(len, bare);
				continue;
			}
			assert_int_equal(len % rows[i].block, 0);
			assert_in_range(len, bare + WIRE_OPTION_FIXED,
					bare + WIRE_OPTION_FIXED + rows[i].block - 1U);
			assert_int_equal(wire_get16(buf + bare), OPTION_PADDING);
			for (size_t at = bare + WIRE_OPTION_FIXED; at < len; at++)
				assert_int_equal(buf[at], 0);
		}
	}
}

/* The longest name there is, all the way. */
static void test_longest_name(void **state)
{
	struct pipeline *p = *state;
	struct pipeline_question question;
	struct wire_query again;
	struct message reply;
	struct message m;
	char name[2 * 127 + 1];
	uint8_t buf[512];
	size_t len;

	for (size_t i = 0; i < 127; i++)
		memcpy(name + 2 * i, i == 126 ? "X" : "X.", 2);
	message_query_edns(&m, name, TYPE_A);
	question = asked_upstream(p, TRANSPORT_UDP, &m);
	len = query_upstream_message(&question.key, &(struct query_form){.id = 1, .udp_size = 1232},
				     buf);
	assert_int_equal(len, 12 + 259 + 11);
	assert_int_equal(wire_parse_query(buf, len, &again), WIRE_QUERY);
	assert_int_equal(again.qname_len, 255);
	message_reply(&reply, name, TYPE_A, RCODE_NOERROR);
	message_rr(&reply, MESSAGE_AN, NULL, TYPE_A, 30, ADDRESS, 4);
	memcpy(reply.octets + WIRE_HEADER, question.key.question, question.key.question_len);
	assert_non_null(
		strstr(asked_reply(p, &question, &reply), "X. 30 IN A 192.0.2.80; opt 1232"));
	message_query_edns(&m, name, TYPE_A);
	assert_int_equal(pipeline_ask(p, TRANSPORT_UDP, &m, NULL), QUERY_ANSWERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test_setup_teardown(test_dname, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_other_sections_do_not_lead, set_up,
						asked_tear_down),
		cmocka_unit_test(test_replies),
		cmocka_unit_test_setup_teardown(test_joined, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_small_buffer, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_keys, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_reload_in_flight, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_reload_takes_pass_away, set_up,
						asked_tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_upstream_message, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_upstream_options, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_longest_name, set_up, asked_tear_down),
	};

	return cmocka_run_group_tests_name("query_reply", tests, NULL, NULL);
}
