/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query/query.h"
#include "support/alloc_fail.h"
#include "support/asked.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define COURT " ede 16 court; case 1:10-cv-00156"

static const struct list_row lists[] = {
	{.name = "court",
	 .action = ACTION_SINKHOLE,
	 .rules = "sink.example =exact.example bound.example",
	 .reason = REASON_ORDER,
	 .mandatory = true,
	 .ipv4 = "192.0.2.1",
	 .ipv6 = "2001:db8::1",
	 .case_number = "1:10-cv-00156"},
	{.name = "four",
	 .action = ACTION_SINKHOLE,
	 .rules = "four.example",
	 .reason = REASON_OPERATOR,
	 .ipv4 = "192.0.2.4"},
	{.name = "six",
	 .action = ACTION_SINKHOLE,
	 .rules = "six.example",
	 .reason = REASON_REQUESTED,
	 .ipv6 = "2001:db8::6"},
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "nx.example", .reason = REASON_OPERATOR},
	{.name = "nodata",
	 .action = ACTION_NODATA,
	 .rules = "nodata.example",
	 .reason = REASON_REQUESTED},
	{.name = "refused",
	 .action = ACTION_REFUSED,
	 .rules = "refused.example",
	 .reason = REASON_ORDER},
	{.name = "drop", .action = ACTION_DROP, .rules = "drop.example"},
	{.name = "tcp", .action = ACTION_TCP_ONLY, .rules = "tcp.example"},
	{.name = "pass", .action = ACTION_PASS, .rules = "pass.nx.example pass.sink.example"},
};

static int set_up(void **state)
{
	return asked_set_up(state, lists, COUNT(lists));
}

/* The table of actions: what a match is answered. */
static const struct {
	const char *name;
	unsigned int type;
	const char *text;
} actions[] = {
	{"Sink.Example", TYPE_A,
	 HEAD("NOERROR", "Sink.Example.", "A") "; an Sink.Example. 60 IN A 192.0.2.1; opt 1232"
					       " ede 4 court; case 1:10-cv-00156"},
	{"www.sink.example", TYPE_AAAA,
	 HEAD("NOERROR", "www.sink.example.",
	      "AAAA") "; an www.sink.example. 60 IN AAAA 2001:db8::1;"
		      " opt 1232 ede 4 court; case 1:10-cv-00156"},
	{"sink.example", TYPE_ANY,
	 HEAD("NOERROR", "sink.example.", "ANY") "; an sink.example. 60 IN A 192.0.2.1,"
						 " sink.example. 60 IN AAAA 2001:db8::1; opt 1232"
						 " ede 4 court; case 1:10-cv-00156"},
	{"sink.example", TYPE_HTTPS,
	 HEAD("NOERROR", "sink.example.", "HTTPS") SOA("sink.example.") COURT},
	{"a.b.sink.example", TYPE_SVCB,
	 HEAD("NOERROR", "a.b.sink.example.", "SVCB") SOA("sink.example.") COURT},
	{"sink.example", TYPE_MX,
	 HEAD("NOERROR", "sink.example.", "MX") SOA("sink.example.") COURT},
	{"sink.example", TYPE_TXT,
	 HEAD("NOERROR", "sink.example.", "TXT") SOA("sink.example.") COURT},
	{"sink.example", TYPE_DS,
	 HEAD("NOERROR", "sink.example.", "DS") SOA("sink.example.") COURT},
	{"sink.example", TYPE_SOA,
	 HEAD("NOERROR", "sink.example.", "SOA") SOA("sink.example.") COURT},
	{"sink.example", 65280,
	 HEAD("NOERROR", "sink.example.", "TYPE65280") SOA("sink.example.") COURT},
	{"exact.example", TYPE_TXT,
	 HEAD("NOERROR", "exact.example.", "TXT") SOA("exact.example.") COURT},
	{"www.exact.example", TYPE_A, "forward"},
	{"notsink.example", TYPE_A, "forward"},
	{"example", TYPE_A, "forward"},

	{"four.example", TYPE_A,
	 HEAD("NOERROR", "four.example.",
	      "A") "; an four.example. 60 IN A 192.0.2.4; opt 1232 ede 4 four"},
	{"four.example", TYPE_AAAA,
	 HEAD("NOERROR", "four.example.", "AAAA") SOA("four.example.") " ede 15 four"},
	{"four.example", TYPE_ANY,
	 HEAD("NOERROR", "four.example.",
	      "ANY") "; an four.example. 60 IN A 192.0.2.4; opt 1232 ede 4 four"},
	{"six.example", TYPE_A,
	 HEAD("NOERROR", "six.example.", "A") SOA("six.example.") " ede 17 six"},
	{"six.example", TYPE_AAAA,
	 HEAD("NOERROR", "six.example.",
	      "AAAA") "; an six.example. 60 IN AAAA 2001:db8::6; opt 1232 ede 4 six"},
	{"six.example", TYPE_ANY,
	 HEAD("NOERROR", "six.example.",
	      "ANY") "; an six.example. 60 IN AAAA 2001:db8::6; opt 1232 ede 4 six"},

	{"nx.example", TYPE_A, HEAD("NXDOMAIN", "nx.example.", "A") SOA("example.") " ede 15 nx"},
	{"WWW.NX.example", TYPE_AAAA,
	 HEAD("NXDOMAIN", "WWW.NX.example.", "AAAA") SOA("example.") " ede 15 nx"},
	{"nx.example", TYPE_MX, HEAD("NXDOMAIN", "nx.example.", "MX") SOA("example.") " ede 15 nx"},
	{"nx.example", TYPE_ANY,
	 HEAD("NXDOMAIN", "nx.example.", "ANY") SOA("example.") " ede 15 nx"},

	{"nodata.example", TYPE_A,
	 HEAD("NOERROR", "nodata.example.", "A") SOA("nodata.example.") " ede 17 nodata"},
	{"nodata.example", TYPE_ANY,
	 HEAD("NOERROR", "nodata.example.", "ANY") SOA("nodata.example.") " ede 17 nodata"},

	{"refused.example", TYPE_A,
	 HEAD("REFUSED", "refused.example.", "A") "; opt 1232 ede 16 refused"},
	{"refused.example", TYPE_TXT,
	 HEAD("REFUSED", "refused.example.", "TXT") "; opt 1232 ede 16 refused"},

	{"drop.example", TYPE_A, "drop"},
	{"drop.example", TYPE_ANY, "drop"},

	{"tcp.example", TYPE_A, "NOERROR qr tc rd ra; tcp.example. IN A; opt 1232"},
	{"www.tcp.example", TYPE_TXT, "NOERROR qr tc rd ra; www.tcp.example. IN TXT; opt 1232"},

	{"pass.nx.example", TYPE_A, "forward"},
	{"www.pass.nx.example", TYPE_MX, "forward"},
	{"pass.sink.example", TYPE_A, /* mandatory */
	 HEAD("NOERROR", "pass.sink.example.", "A") "; an pass.sink.example. 60 IN A 192.0.2.1;"
						    " opt 1232 ede 4 court; case 1:10-cv-00156"},
};

/* Over TCP the same, but where the list wants just that. */
static void test_actions(void **state)
{
	struct pipeline *p = *state;
	struct message m;

	for (size_t i = 0; i < COUNT(actions); i++) {
		message_query(&m, actions[i].name, actions[i].type);
		message_opt(&m, 4096, 0);
		assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL), actions[i].text);
		message_query(&m, actions[i].name, actions[i].type);
		message_opt(&m, 4096, 0);
		assert_string_equal(asked(p, TRANSPORT_TCP, &m, NULL),
				    strstr(actions[i].name, "tcp.") ? "forward" : actions[i].text);
	}
	assert_int_equal(asked_counter(p, "queries_udp"), COUNT(actions));
	assert_int_equal(asked_counter(p, "queries_tcp"), COUNT(actions));
	assert_int_equal(asked_counter(p, "dropped"), 4);
	assert_int_equal(asked_counter(p, "passed"), 4);
	assert_int_equal(asked_counter(p, "cache_misses"), 2 * 5 + 2);
	assert_int_equal(asked_counter(p, "blocked_name"), 2 * (COUNT(actions) - 5) - 2);
}

/* Without EDNS in the query there is none in the answer. */
static void test_actions_without_edns(void **state)
{
	struct pipeline *p = *state;
	struct message m;

	for (size_t i = 0; i < COUNT(actions); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s", actions[i].text);
		if (strstr(text, "; opt"))
			*strstr(text, "; opt") = '\0';
		message_query(&m, actions[i].name, actions[i].type);
		assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL), text);
	}
}

static void make_plain(struct message *m)
{
	message_query_edns(m, "www.example", TYPE_A);
}

static void make_version(struct message *m)
{
	message_begin(m, 1, 0);
	message_question(m, "Version.Bind", TYPE_TXT, CLASS_CH);
}

/* Not to be taken for what it begins like. */
static void make_chaos_with_nul(struct message *m)
{
	message_begin(m, 1, 0);
	message_add(m, "\7version\4bind\0", 14);
	message_add32(m, 0x00100003);
	message_set16(m, MESSAGE_QD, 1);
	m->octets[WIRE_HEADER + 7] = '\0';
}

static void make_response(struct message *m)
{
	message_reply(m, "sink.example", TYPE_A, 0);
}

static void make_short(struct message *m)
{
	message_begin(m, 1, FLAG_RD);
	m->len = 11;
}

static void make_two_questions(struct message *m)
{
	message_query(m, "sink.example", TYPE_A);
	message_question(m, "sink.example", TYPE_A, CLASS_IN);
}

static void make_cut(struct message *m)
{
	message_query(m, "sink.example", TYPE_A);
	m->len -= 3;
}

static void make_two_opts(struct message *m)
{
	make_plain(m);
	message_opt(m, 1232, 0);
}

static void make_badvers(struct message *m)
{
	message_query(m, "sink.example", TYPE_A);
	message_opt(m, 1232, 0x00010000 | MESSAGE_DO);
}

static void make_cookie(struct message *m)
{
	message_query(m, "nx.example", TYPE_A);
	message_opt_cookie(m, 1232, 0, "abcdefgh", 8);
}

static void make_cookie_old(struct message *m)
{
	message_query(m, "nx.example", TYPE_A);
	message_opt_cookie(m, 1232, MESSAGE_DO, "abcdefghABCDEFGH01234567", 24);
}

static void make_cookie_short(struct message *m)
{
	message_query(m, "nx.example", TYPE_A);
	message_opt_cookie(m, 1232, 0, "abcdefg", 7);
}

static void make_cookie_alone(struct message *m)
{
	message_begin(m, 1, FLAG_RD);
	message_opt_cookie(m, 1232, 0, "abcdefgh", 8);
}

static void make_nothing(struct message *m)
{
	message_begin(m, 1, FLAG_RD);
}

/* Questions that are well formed. */
static const struct {
	unsigned int flags;
	const char *name;
	unsigned int type;
	unsigned int rrclass;
	bool edns;
	const char *text;
	const char *counter;
} questions[] = {
	{FLAG_RD, "www.example", TYPE_A, CLASS_IN, true, "forward", "cache_misses"},
	{FLAG_RD, ".", TYPE_NS, CLASS_IN, false, "forward", "cache_misses"},
	{FLAG_RD, "sink.example", TYPE_A, 255, true,
	 "REFUSED qr rd ra; sink.example. ANY A; opt 1232 ede 21", "refused"},
	{FLAG_RD, "www.example", TYPE_A, 254, true,
	 "REFUSED qr rd ra; www.example. NONE A; opt 1232 ede 21", "refused"},
	{FLAG_RD, "sink.example", TYPE_AXFR, CLASS_IN, true,
	 "REFUSED qr rd ra; sink.example. IN AXFR; opt 1232 ede 21", "refused"},
	{FLAG_RD, "www.example", TYPE_OPT, CLASS_IN, false, "NOTIMP qr rd ra; www.example. IN OPT",
	 "notimp"},
	{FLAG_RD, "www.example", 0, CLASS_IN, false, "NOTIMP qr rd ra; www.example. IN TYPE0",
	 "notimp"},
	{FLAG_RD, "www.example", TYPE_TKEY, CLASS_IN, false,
	 "NOTIMP qr rd ra; www.example. IN TKEY", "notimp"},
	{0, "www.example", TYPE_A, CLASS_IN, true,
	 "REFUSED qr ra; www.example. IN A; opt 1232 ede 20", "refused"},
	{0, "nx.example", TYPE_A, CLASS_IN, true,
	 "NXDOMAIN qr ra; nx.example. IN A" SOA("example.") " ede 15 nx", "blocked_name"},
	{4U << 11 | FLAG_AA, "sink.example", TYPE_SOA, CLASS_IN, false,
	 "NOTIMP qr opcode 4; sink.example. IN SOA", "notimp"},
};

/* What the server says of itself. */
static const struct {
	const char *name;
	unsigned int type;
	const char *text;
} chaos[] = {
	{"Version.Bind", TYPE_TXT,
	 "NOERROR qr ra; Version.Bind. CH TXT; an Version.Bind. 0 CH TXT \"1.2 of ours\""},
	{"version.server", TYPE_ANY,
	 "NOERROR qr ra; version.server. CH ANY; an version.server. 0 CH TXT \"1.2 of ours\""},
	{"version.bind", TYPE_A, "NOERROR qr ra; version.bind. CH A"},
	{"id.server", TYPE_TXT,
	 "NOERROR qr ra; id.server. CH TXT; an id.server. 0 CH TXT \"host7\""},
	{"HOSTNAME.bind", TYPE_TXT,
	 "NOERROR qr ra; HOSTNAME.bind. CH TXT; an HOSTNAME.bind. 0 CH TXT \"host7\""},
	{"authors.bind", TYPE_TXT, "REFUSED qr ra; authors.bind. CH TXT"},
	{"x.version.bind", TYPE_TXT, "REFUSED qr ra; x.version.bind. CH TXT"},
	{"sink.example", TYPE_A, "REFUSED qr ra; sink.example. CH A"},
};

static const struct {
	void (*make)(struct message *m);
	const char *text;
	const char *counter;
} specials[] = {
	{make_chaos_with_nul, "REFUSED qr ra; versio\\000.bind. CH TXT", "chaos"},
	{make_response, "drop", "dropped"},
	{make_short, "drop", "dropped"},
	{make_two_questions, "FORMERR qr rd ra", "formerr"},
	{make_cut, "FORMERR qr rd ra", "formerr"},
	{make_nothing, "FORMERR qr rd ra", "formerr"},
	{make_two_opts, "FORMERR qr rd ra; www.example. IN A; opt 1232", "formerr"},
	{make_badvers, "BADVERS qr rd ra; sink.example. IN A; opt 1232 do", "badvers"},
	{make_cookie, HEAD("NXDOMAIN", "nx.example.", "A") SOA("example.") " cookie 24 ede 15 nx",
	 "blocked_name"},
	{make_cookie_old,
	 HEAD("NXDOMAIN", "nx.example.", "A") SOA("example.") " do cookie 24 ede 15 nx",
	 "blocked_name"},
	{make_cookie_short, "FORMERR qr rd ra; nx.example. IN A; opt 1232", "formerr"},
	{make_cookie_alone, "NOERROR qr rd ra; opt 1232 cookie 24", "queries_udp"},
};

static void set_text(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	assert_non_null(*field);
}

/* Asks `m`; the answer is `text`, and is counted once. */
static void expect_counted(struct pipeline *p, struct message *m, const char *text,
			   const char *counter)
{
	uint64_t before = asked_counter(p, counter);

	assert_string_equal(asked(p, TRANSPORT_UDP, m, NULL), text);
	assert_int_equal(asked_counter(p, counter), before + 1);
}

static void test_specials(void **state)
{
	struct pipeline *p = *state;
	struct message m;

	set_text(&p->snapshot->conf->server.version, "1.2 of ours");
	for (size_t i = 0; i < COUNT(specials); i++) {
		specials[i].make(&m);
		expect_counted(p, &m, specials[i].text, specials[i].counter);
	}
}

static void make_question(struct message *m, size_t i)
{
	message_begin(m, 1, questions[i].flags);
	message_question(m, questions[i].name, questions[i].type, questions[i].rrclass);
	if (questions[i].edns)
		message_opt(m, 1232, 0);
}

static void test_questions(void **state)
{
	struct message m;

	for (size_t i = 0; i < COUNT(questions); i++) {
		make_question(&m, i);
		expect_counted(*state, &m, questions[i].text, questions[i].counter);
	}
}

static void make_chaos(struct message *m, size_t i)
{
	message_begin(m, 1, 0);
	message_question(m, chaos[i].name, chaos[i].type, CLASS_CH);
}

static void test_chaos(void **state)
{
	struct pipeline *p = *state;
	struct message m;

	set_text(&p->snapshot->conf->server.version, "1.2 of ours");
	set_text(&p->snapshot->conf->server.identity, "host7");
	for (size_t i = 0; i < COUNT(chaos); i++) {
		make_chaos(&m, i);
		expect_counted(p, &m, chaos[i].text, "chaos");
	}
}

/* Hidden unless configured. */
static void test_chaos_hidden(void **state)
{
	struct message m;

	for (size_t i = 0; i < COUNT(chaos); i++) {
		make_chaos(&m, i);
		assert_memory_equal(asked(*state, TRANSPORT_UDP, &m, NULL), "REFUSED qr ra; ", 15);
	}
}

/* The longest text there is makes the longest string there is. */
static void test_chaos_longest(void **state)
{
	struct pipeline *p = *state;
	char text[300];
	struct message m;

	memset(text, 'v', sizeof(text));
	text[255] = '\0';
	set_text(&p->snapshot->conf->server.version, text);
	make_version(&m);
	assert_non_null(strstr(asked(p, TRANSPORT_UDP, &m, NULL), text));
	text[255] = 'v';
	text[299] = '\0';
	set_text(&p->snapshot->conf->server.version, text);
	make_version(&m);
	assert_null(strstr(asked(p, TRANSPORT_UDP, &m, NULL), text));
	assert_int_equal(m.octets[m.len - 256], 255);
}

static const struct {
	const char *address;
	bool allowed; /* by what the default configuration says */
} clients[] = {
	{"127.0.0.1", true},	   {"127.255.0.1", true}, {"10.0.0.1", true},
	{"192.168.255.255", true}, {"172.31.0.1", true},  {"172.32.0.1", false},
	{"198.51.100.100", false}, {"8.8.8.8", false},	  {"0.0.0.0", false},
	{"11.0.0.0", false},
};

static void expect_access(struct pipeline *p, const char *client, struct message *m, bool allowed)
{
	enum query_outcome outcome = pipeline_ask_from(p, client, TRANSPORT_UDP, m, NULL);
	const char *text = asked_text(outcome, m->octets, m->len);

	assert_int_equal(strncmp(text, "REFUSED", 7) == 0 && strstr(text, "ede 18"), !allowed);
}

/* Who may not ask is told so, whatever is asked: nothing of lists, cache or configuration. */
/* Over UDP, nobody who would send something back to whatever comes is answered. */
static void test_loop_ports(void **state)
{
	struct pipeline *p = *state;

	for (unsigned int port = 0; port < 1024; port++) {
		bool loops = port == 7 || port == 13 || port == 17 || port == 19 || port == 37;
		struct sockaddr_in from = pipeline_client("127.0.0.1");
		struct message m;
		struct query q;

		from.sin_port = htons((in_port_t)port);
		make_plain(&m);
		query_begin(&q, &p->env, m.octets, m.len, (const struct sockaddr *)&from,
			    TRANSPORT_UDP);
		assert_int_equal(q.parsed, loops ? WIRE_DROP : WIRE_QUERY);
		query_begin(&q, &p->env, m.octets, m.len, (const struct sockaddr *)&from,
			    TRANSPORT_TCP);
		assert_int_equal(q.parsed, WIRE_QUERY);
	}
}

static void test_access(void **state)
{
	static void (*const makes[])(struct message *) = {make_cookie, make_two_opts, make_badvers};
	struct pipeline *p = *state;
	size_t told = 0;
	struct message m;

	set_text(&p->snapshot->conf->server.version, "1.2 of ours");
	for (size_t i = 0; i < COUNT(clients); i++) {
		const char *address = clients[i].address;
		bool allowed = clients[i].allowed;

		for (size_t j = 0; j < COUNT(questions); j++) {
			make_question(&m, j);
			if (!questions[j].edns)
				message_opt(&m, 1232, 0);
			expect_access(p, address, &m, allowed);
		}
		for (size_t j = 0; j < COUNT(makes); j++) {
			makes[j](&m);
			expect_access(p, address, &m, allowed);
		}
		make_version(&m);
		assert_int_equal(pipeline_ask_from(p, address, TRANSPORT_UDP, &m, NULL),
				 QUERY_ANSWERED);
		assert_int_equal(strstr(render(m.octets, m.len), "of ours") != NULL, allowed);
		make_response(&m);
		assert_int_equal(pipeline_ask_from(p, address, TRANSPORT_UDP, &m, NULL),
				 QUERY_DROPPED);
		told += allowed ? 0 : COUNT(questions) + COUNT(makes) + 1;
	}
	assert_int_equal(asked_counter(p, "not_allowed"), told);
}

static void test_access_ipv6(void **state)
{
	static const struct {
		const char *address;
		bool allowed;
	} rows[] = {
		{"::1", true},
		{"::2", false},
		{"fe80::1", true},
		{"fd00::1", true},
		{"2001:db8::1", false},
		{"::ffff:127.0.0.1", true},
		{"::ffff:8.8.8.8", false},
		{"::127.0.0.1", false},
	};
	struct pipeline *p = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sockaddr_in6 client = {.sin6_family = AF_INET6};
		struct message m;
		struct query q;
		size_t len;

		assert_int_equal(inet_pton(AF_INET6, rows[i].address, &client.sin6_addr), 1);
		make_plain(&m);
		query_begin(&q, &p->env, m.octets, m.len, (const struct sockaddr *)&client,
			    TRANSPORT_UDP);
		assert_int_equal(query_decide(&q, &p->env, m.octets, m.octets, 512, &len),
				 rows[i].allowed ? QUERY_FORWARD : QUERY_ANSWERED);
	}
}

/* The very cookie of RFC 9018, appendix A.1, where it stands in the answer. */
static void test_cookie_octets(void **state)
{
	static const uint8_t expected[] = {
		0x00, 0x0a, 0x00, 0x18, 0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57, 0x01, 0x00,
		0x00, 0x00, 0x5c, 0xf7, 0x9f, 0x11, 0x1f, 0x81, 0x30, 0xc3, 0xee, 0xe2, 0x94, 0x80,
	};
	struct pipeline *p = *state;
	struct message m;

	message_query(&m, "example.com", TYPE_A);
	message_opt_cookie(&m, 4096, 0, expected + 4, 8);
	assert_int_equal(pipeline_ask_from(p, "198.51.100.100", TRANSPORT_UDP, &m, NULL),
			 QUERY_ANSWERED);
	assert_string_equal(render(m.octets, m.len),
			    "REFUSED qr rd ra; example.com. IN A; opt 1232 cookie 24 ede 18");
	assert_memory_equal(m.octets + 12 + 17 + 11, expected, sizeof(expected));
}

static void test_cookies_off(void **state)
{
	struct pipeline *p = *state;
	struct message m;

	p->snapshot->conf->server.cookies = false;
	make_cookie(&m);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL),
			    HEAD("NXDOMAIN", "nx.example.", "A") SOA("example.") " ede 15 nx");
	make_cookie_alone(&m);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL), "NOERROR qr rd ra; opt 1232");
}

/* Begun all together and decided in another order, each has its own answer. */
static void test_batch(void **state)
{
	static const size_t order[] = {2, 0, 3, 1};
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	struct pipeline *p = *state;
	struct message m[5];
	struct query q[5];

	message_query(&m[0], "nx.example", TYPE_A);
	make_cookie(&m[1]);
	make_badvers(&m[2]);
	message_query(&m[3], "four.example", TYPE_A);
	make_response(&m[4]);
	for (size_t i = 0; i < 5; i++)
		query_begin(&q[i], &p->env, m[i].octets, m[i].len, (const struct sockaddr *)&client,
			    TRANSPORT_UDP);
	for (size_t i = 0; i < 5; i++)
		query_prefetch(&q[i], &p->env);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(query_decide(&q[order[i]], &p->env, m[order[i]].octets,
					      m[order[i]].octets, 512, &m[order[i]].len),
				 QUERY_ANSWERED);
	assert_memory_equal(render(m[0].octets, m[0].len), "NXDOMAIN qr rd ra; nx.", 22);
	assert_non_null(strstr(render(m[1].octets, m[1].len), "cookie 24"));
	assert_memory_equal(render(m[2].octets, m[2].len), "BADVERS", 7);
	assert_non_null(strstr(render(m[3].octets, m[3].len), "192.0.2.4"));
}

/* A rule for the root: its zone begins where the name ends. */
static void test_root_rule(void **state)
{
	static const struct list_row all = {.name = "all",
					    .action = ACTION_NXDOMAIN,
					    .rules = ". @good.example",
					    .reason = REASON_REQUESTED};
	struct pipeline *p = *state;
	struct message m;

	pipeline_reload(p, &all, 1);
	message_query_edns(&m, "www.bad.example", TYPE_A);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL),
			    HEAD("NXDOMAIN", "www.bad.example.", "A") SOA(".") " ede 17 all");
	message_query_edns(&m, ".", TYPE_NS);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL),
			    HEAD("NXDOMAIN", ".", "NS") SOA(".") " ede 17 all");
	message_query(&m, "www.good.example", TYPE_A);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL), "forward");
}

/* Asks, has the question answered by `reply`, and returns what the client is given. */
static const char *resolve(struct pipeline *p, enum transport transport, struct message *m,
			   struct message *reply)
{
	struct pipeline_question question = asked_upstream(p, transport, m);

	return asked_reply(p, &question, reply);
}

static void make_reply(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 300, ADDRESS, 4);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 20, "\300\0\2\x51", 4);
	message_opt(m, 4096, 0);
}

#define RECORDS(name, ttl1, ttl2)                                                                  \
	"; an " name " " ttl1 " IN A 192.0.2.80, " name " " ttl2 " IN A 192.0.2.81"

/* From the cache: the letters as asked, the client's own OPT, TTLs that have run. */
static void test_cached(void **state)
{
	struct pipeline *p = *state;
	struct message reply;
	struct message m;

	make_plain(&m);
	make_reply(&reply);
	assert_string_equal(resolve(p, TRANSPORT_UDP, &m, &reply),
			    HEAD("NOERROR", "www.example.", "A")
				    RECORDS("www.example.", "300", "20") "; opt 1232");
	p->env.now_ms += 7999;
	message_query(&m, "WWW.eXample", TYPE_A);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL),
			    HEAD("NOERROR", "WWW.eXample.", "A")
				    RECORDS("WWW.eXample.", "293", "13"));
	p->env.now_ms += 12000;
	make_plain(&m);
	assert_string_equal(asked(p, TRANSPORT_TCP, &m, NULL),
			    HEAD("NOERROR", "www.example.", "A")
				    RECORDS("www.example.", "281", "1") "; opt 1232");
	assert_int_equal(asked_counter(p, "cache_hits"), 2);
	p->env.now_ms += 1;
	make_plain(&m);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL), "forward");
}

/* What changes an answer has an entry of its own, DO and CD have not; RD is asked for before the
 * cache is. */
static void test_cached_apart(void **state)
{
	struct pipeline *p = *state;
	struct message reply;
	struct message m;

	make_plain(&m);
	make_reply(&reply);
	(void)resolve(p, TRANSPORT_UDP, &m, &reply);
	message_query(&m, "www.example", TYPE_AAAA);
	assert_string_equal(asked(p, TRANSPORT_UDP, &m, NULL), "forward");
	message_query(&m, "www.example", TYPE_A);
	message_opt(&m, 1232, MESSAGE_DO);
	assert_memory_equal(asked(p, TRANSPORT_UDP, &m, NULL), "NOERROR", 7);
	message_begin(&m, 1, FLAG_RD | FLAG_CD);
	message_question(&m, "www.example", TYPE_A, CLASS_IN);
	assert_memory_equal(asked(p, TRANSPORT_UDP, &m, NULL), "NOERROR", 7);
	message_begin(&m, 1, 0);
	message_question(&m, "www.example", TYPE_A, CLASS_IN);
	assert_memory_equal(asked(p, TRANSPORT_UDP, &m, NULL), "REFUSED", 7);
	make_plain(&m);
	assert_memory_equal(asked(p, TRANSPORT_UDP, &m, NULL), "NOERROR", 7);
}

/* AD is given to those who know it (RFC 6840, 5.7 and 5.8). */
static void test_cached_ad(void **state)
{
	struct pipeline *p = *state;
	struct message reply;
	struct message m;

	make_plain(&m);
	make_reply(&reply);
	reply.octets[3] |= FLAG_AD;
	assert_memory_equal(resolve(p, TRANSPORT_UDP, &m, &reply), "NOERROR qr rd ra;", 17);
	message_begin(&m, 1, FLAG_RD | FLAG_AD);
	message_question(&m, "www.example", TYPE_A, CLASS_IN);
	assert_memory_equal(asked(p, TRANSPORT_UDP, &m, NULL), "NOERROR qr rd ra ad;", 20);
	make_plain(&m);
	assert_memory_equal(asked(p, TRANSPORT_UDP, &m, NULL), "NOERROR qr rd ra;", 17);
}

static void make_large_reply(struct message *m, unsigned int records)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
	for (unsigned int i = 0; i < records; i++)
		message_rr(m, MESSAGE_AN, NULL, TYPE_A, 300, ADDRESS, 4);
}

static const struct {
	enum transport transport;
	unsigned int client; /* its UDP size; 0: no EDNS */
	unsigned int records;
	bool truncated;
} sizes[] = {
	{TRANSPORT_UDP, 0, 30, false}, /* 29 + 480 */
	{TRANSPORT_UDP, 0, 31, true},
	{TRANSPORT_UDP, 100, 29, false}, /* with an OPT */
	{TRANSPORT_UDP, 100, 30, true},
	{TRANSPORT_UDP, 512, 30, true},
	{TRANSPORT_UDP, 600, 35, false}, /* 29 + 560 + 11 */
	{TRANSPORT_UDP, 599, 35, true},
	{TRANSPORT_UDP, 1232, 74, false}, /* 29 + 1184 + 11 = 1224 */
	{TRANSPORT_UDP, 1232, 75, true},
	{TRANSPORT_UDP, 4096, 75, true}, /* ours counts too */
	{TRANSPORT_TCP, 0, 75, false},
	{TRANSPORT_TCP, 512, 900, false},
};

/* To the client's size and ours, when it comes and from the cache. */
static void test_truncation(void **state)
{
	struct pipeline *p = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (int cached = 0; cached < 2; cached++) {
			struct message reply;
			struct message m;
			const char *text;

			message_query(&m, "www.example", TYPE_A);
			if (sizes[i].client)
				message_opt(&m, sizes[i].client, 0);
			make_large_reply(&reply, sizes[i].records);
			text = cached ? asked(p, sizes[i].transport, &m, NULL)
				      : resolve(p, sizes[i].transport, &m, &reply);
			if (sizes[i].truncated)
				assert_string_equal(
					text,
					sizes[i].client
						? "NOERROR qr tc rd ra; www.example. IN A; opt 1232"
						: "NOERROR qr tc rd ra; www.example. IN A");
			else
				assert_memory_equal(text,
						    "NOERROR qr rd ra; www.example. IN A; an ", 40);
		}
		p->env.now_ms += 400000; /* gone */
	}
	assert_int_equal(asked_counter(p, "truncated"), 2 * 6);
}

/* A buffer that a cached reply has no room in, whatever the client takes. */
static void test_small_buffer(void **state)
{
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	struct pipeline *p = *state;
	struct message reply;
	struct message m;
	struct query q;
	uint8_t buf[512];
	size_t len;

	make_plain(&m);
	make_large_reply(&reply, 60);
	(void)resolve(p, TRANSPORT_UDP, &m, &reply);
	make_plain(&m);
	query_begin(&q, &p->env, m.octets, m.len, (const struct sockaddr *)&client, TRANSPORT_TCP);
	assert_int_equal(query_decide(&q, &p->env, m.octets, buf, sizeof(buf), &len),
			 QUERY_ANSWERED);
	assert_string_equal(render(buf, len), "NOERROR qr tc rd ra; www.example. IN A; opt 1232");
}

/* The names of chains: the target stands there whole, or ends in a pointer into the question. */
static void make_chain(struct message *m, const char *qname, const char *target)
{
	message_reply(m, qname, TYPE_A, RCODE_NOERROR);
	message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 300, target);
	message_rr(m, MESSAGE_AN, target, TYPE_A, 300, ADDRESS, 4);
}

static void make_chain_of_pointers(struct message *m)
{
	message_reply(m, "www.sub.chain.example", TYPE_A, RCODE_NOERROR);
	message_rr_begin(m, MESSAGE_AN, NULL, TYPE_CNAME, 300);
	message_add(m, "\3cdn\xc0\x10", 6); /* cdn.sub.chain.example */
	message_end(m);
	message_rr(m, MESSAGE_AN, "cdn.sub.chain.example", TYPE_A, 300, ADDRESS, 4);
}

/* Asked with the answer's buffer beside the message's, as over TCP; or in the same. */
static const char *ask_beside(struct pipeline *p, enum transport transport, const char *name)
{
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	static uint8_t buf[4096];
	enum query_outcome outcome;
	struct message m;
	struct query q;
	size_t len = 0;

	message_query_edns(&m, name, TYPE_A);
	memset(buf, 0xa5, sizeof(buf));
	query_begin(&q, &p->env, m.octets, m.len, (const struct sockaddr *)&client, transport);
	outcome = query_decide(&q, &p->env, m.octets, buf, sizeof(buf), &len);
	return asked_text(outcome, buf, len);
}

#define BLOCKED_BY_NX(label, above) HEAD("NXDOMAIN", label "." above, "A") SOA(above) " ede 15 nx"

static const struct list_row none[] = {
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "unrelated.example"},
};
static const struct list_row newly[] = {
	{.name = "nx",
	 .action = ACTION_NXDOMAIN,
	 .rules = "nx.example cdn.sub.chain.example",
	 .reason = REASON_OPERATOR},
	{.name = "tcp", .action = ACTION_TCP_ONLY, .rules = "tcp.example"},
};

/* A new list acts on what is cached already, over UDP and TCP, in one buffer and in two. */
static void test_reload_blocks_cached_chain(void **state)
{
	struct pipeline *p = *state;
	struct message reply;
	struct message m;

	for (int beside = 0; beside < 2; beside++) {
		pipeline_reload(p, none, COUNT(none));
		message_query(&m, "www.chain.example", TYPE_A);
		make_chain(&reply, "www.chain.example", "host.nx.example");
		assert_memory_equal(resolve(p, TRANSPORT_UDP, &m, &reply), "NOERROR", 7);
		message_query(&m, "www.sub.chain.example", TYPE_A);
		make_chain_of_pointers(&reply);
		assert_non_null(strstr(resolve(p, TRANSPORT_UDP, &m, &reply),
				       "CNAME cdn.sub.chain.example."));

		pipeline_reload(p, newly, COUNT(newly));
		message_query_edns(&m, "www.chain.example", TYPE_A);
		assert_string_equal(beside ? ask_beside(p, TRANSPORT_TCP, "www.chain.example")
					   : asked(p, TRANSPORT_UDP, &m, NULL),
				    BLOCKED_BY_NX("www", "chain.example."));
		message_query_edns(&m, "www.sub.chain.example", TYPE_A);
		assert_string_equal(beside ? ask_beside(p, TRANSPORT_TCP, "www.sub.chain.example")
					   : asked(p, TRANSPORT_UDP, &m, NULL),
				    BLOCKED_BY_NX("www", "sub.chain.example."));
		/* again and again, without a question; and not once it is lifted */
		assert_string_equal(ask_beside(p, TRANSPORT_UDP, "www.chain.example"),
				    BLOCKED_BY_NX("www", "chain.example."));
		pipeline_reload(p, none, COUNT(none));
		assert_memory_equal(ask_beside(p, TRANSPORT_UDP, "www.chain.example"), "NOERROR",
				    7);
		p->env.now_ms += 1000000;
	}
	assert_int_equal(asked_counter(p, "blocked_cname"), 6);
	assert_int_equal(asked_counter(p, "cache_hits"), 2);
}

static uint64_t cached_generation(struct pipeline *p, const char *qname)
{
	struct cache_key key = {.qtype = TYPE_A};
	struct cache_found found;
	struct reply reply;
	struct name name;
	uint8_t buf[512];

	assert_int_equal(name_from_text(qname, strlen(qname), &name), ERR_OK);
	key.qname = &name;
	key.hash = cache_hash(name_hash(&p->env.name_key, &name), TYPE_A);
	assert_true(cache_get(p->env.cache, &p->snapshot->conf->cache, &key, p->env.now_ms, buf,
			      sizeof(buf), &reply, &found));
	return found.generation;
}

/* What is clean stays, and is not inspected again until the next reload. */
static void test_reload_keeps_clean(void **state)
{
	struct pipeline *p = *state;
	struct message reply;
	struct message m;

	message_query(&m, "www.chain.example", TYPE_A);
	make_chain(&reply, "www.chain.example", "host.example");
	assert_memory_equal(resolve(p, TRANSPORT_UDP, &m, &reply), "NOERROR", 7);
	assert_int_equal(cached_generation(p, "www.chain.example"), 1);
	pipeline_reload(p, newly, COUNT(newly));
	assert_int_equal(cached_generation(p, "www.chain.example"), 1);
	assert_string_equal(
		ask_beside(p, TRANSPORT_UDP, "www.chain.example"),
		HEAD("NOERROR", "www.chain.example.",
		     "A") "; an www.chain.example. 300 IN CNAME"
			  " host.example., host.example. 300 IN A 192.0.2.80; opt 1232");
	assert_int_equal(cached_generation(p, "www.chain.example"), 2);
	assert_int_equal(asked_counter(p, "cache_hits"), 1);
}

/* A list that wants TCP has it: the answer is given there, cached under older lists too. */
static void test_reload_tcp_only_chain(void **state)
{
	struct pipeline *p = *state;
	struct message reply;
	struct message m;

	for (int tcp = 0; tcp < 2; tcp++) {
		pipeline_reload(p, none, COUNT(none));
		p->env.now_ms += 1000000;
		message_query(&m, "www.chain.example", TYPE_A);
		make_chain(&reply, "www.chain.example", "host.tcp.example");
		assert_memory_equal(resolve(p, TRANSPORT_UDP, &m, &reply), "NOERROR", 7);
		pipeline_reload(p, newly, COUNT(newly));
		if (tcp)
			assert_string_equal(ask_beside(p, TRANSPORT_TCP, "www.chain.example"),
					    HEAD("NOERROR", "www.chain.example.",
						 "A") "; an www.chain.example. 300 IN CNAME"
						      " host.tcp.example., host.tcp.example. 300 "
						      "IN A 192.0.2.80; opt 1232");
		else
			assert_string_equal(
				ask_beside(p, TRANSPORT_UDP, "www.chain.example"),
				"NOERROR qr tc rd ra; www.chain.example. IN A; opt 1232");
	}
}

/* A cached reply that cannot be inspected for want of room is asked for again. */
static void test_reload_small_buffer(void **state)
{
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	struct pipeline *p = *state;
	struct message reply;
	struct message m;
	struct query q;
	uint8_t buf[512];
	size_t len;

	make_plain(&m);
	make_large_reply(&reply, 60);
	(void)resolve(p, TRANSPORT_UDP, &m, &reply);
	pipeline_reload(p, newly, COUNT(newly));
	make_plain(&m);
	query_begin(&q, &p->env, m.octets, m.len, (const struct sockaddr *)&client, TRANSPORT_TCP);
	assert_int_equal(query_decide(&q, &p->env, m.octets, buf, sizeof(buf), &len),
			 QUERY_FORWARD);
	assert_int_equal(asked_counter(p, "cache_misses"), 2);
}

#define NO_ALLOCATIONS 1000000UL

/* Blocked, refused, cached, inspected again, forwarded: nothing asks for memory. */
static void test_allocates_nothing(void **state)
{
	static const char *const names[] = {"sink.example",    "www.nx.example", "nodata.example",
					    "refused.example", "drop.example",	 "tcp.example",
					    "pass.nx.example", "cached.example", "new.example"};
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	struct pipeline *p = *state;
	static struct message m[COUNT(names)];
	struct pipeline_question question;
	unsigned int answered = 0;
	struct message reply;
	struct conf *conf;

	message_query(&m[0], "cached.example", TYPE_A);
	make_chain(&reply, "cached.example", "host.example");
	(void)resolve(p, TRANSPORT_UDP, &m[0], &reply);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(names); i++) {
			message_query(&m[i], names[i], TYPE_A);
			message_opt_cookie(&m[i], 1232, 0, "abcdefgh", 8);
		}
		alloc_fail_start(NO_ALLOCATIONS, false);
		for (size_t i = 0; i < COUNT(names); i++) {
			enum query_outcome outcome;
			struct query q;

			query_begin(&q, &p->env, m[i].octets, m[i].len,
				    (const struct sockaddr *)&client, TRANSPORT_UDP);
			outcome = query_decide(&q, &p->env, m[i].octets, m[i].octets,
					       sizeof(m[i].octets), &m[i].len);
			answered += outcome == QUERY_ANSWERED;
			if (outcome == QUERY_FORWARD)
				query_suspend(&q, &p->env, m[i].octets, &question.key,
					      &question.wait);
		}
		assert_false(alloc_fail_stop());
		assert_int_equal(alloc_fail.left, NO_ALLOCATIONS);
		pipeline_reload(p, lists, COUNT(lists));
	}
	assert_int_equal(answered, 3 * 6);
	assert_int_equal(asked_counter(p, "cache_hits"), 3);
	/* and the counting counts */
	alloc_fail_start(NO_ALLOCATIONS, false);
	assert_int_equal(conf_default(&conf), ERR_OK);
	assert_false(alloc_fail_stop());
	assert_true(alloc_fail.left < NO_ALLOCATIONS);
	conf_free(conf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, asked_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loop_ports),
		TEST(test_actions),
		TEST(test_actions_without_edns),
		TEST(test_specials),
		TEST(test_questions),
		TEST(test_chaos),
		TEST(test_chaos_hidden),
		TEST(test_chaos_longest),
		TEST(test_access),
		TEST(test_access_ipv6),
		TEST(test_cookie_octets),
		TEST(test_cookies_off),
		TEST(test_batch),
		TEST(test_root_rule),
		TEST(test_cached),
		TEST(test_cached_apart),
		TEST(test_cached_ad),
		TEST(test_truncation),
		TEST(test_small_buffer),
		TEST(test_reload_blocks_cached_chain),
		TEST(test_reload_keeps_clean),
		TEST(test_reload_tcp_only_chain),
		TEST(test_reload_small_buffer),
		TEST(test_allocates_nothing),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
