/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to scripted upstreams over loopback sockets, in one event loop with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upstream/upstream.h"
#include "upstream/engine.h"
#include "support/alloc_fail.h"
#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/mockns.h"
#include "support/rig.h"
#include "support/world.h"

#define LONG_MS 60000 /* does not come while a test runs */
#define SHORT_MS 30
#define USES_OF_A_PORT 128U
#define MANY 500U
#define ATTEMPTS 10U
#define TICK_MS 10 /* two of the coarse clock's */

/* ---- asked and answered */

static void test_answered(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start_one(w, MOCKNS_ANSWER);
	asker_ask(w, &a, "www.example");
	assert_int_equal(upstreams_in_flight(w->up), 1);
	expect_answer(w, &a, 1);
	assert_false(a.verdict.matched);
	assert_int_equal(upstreams_in_flight(w->up), 0);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(RIG_STAT(&w->rig, forwarded), 1);
	assert_int_equal(RIG_STAT(&w->rig, joined), 0);
	world_settle(w);
	assert_int_equal(a.told, 1);
}

/* What an upstream is sent: RD and AD, the client's CD and DO, our size, and nothing of its ID. */
static void test_message(void **state)
{
	static const struct {
		unsigned int options;
		uint16_t flags;
		bool dnssec_ok;
	} rows[] = {
		{0, FLAG_RD | FLAG_AD, true},
		{DNSMSG_EDNS, FLAG_RD | FLAG_AD, true},
		{DNSMSG_DO, FLAG_RD | FLAG_AD, true},
		{DNSMSG_CD, FLAG_RD | FLAG_AD, true},
		{DNSMSG_DO | DNSMSG_CD, FLAG_RD | FLAG_AD, true},
	};
	struct world *w = *state;

	world_start_one(w, MOCKNS_ANSWER);
	world_outgoing(w)->udp_size = 1400;
	world_outgoing(w)->case_randomization = false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mockns_query *got = &w->ns[0].queries[i];
		struct asker a = {0};
		struct wire_query wire;

		assert_int_equal(asker_try(w, &a, "WwW.eXaMpLe", TYPE_ANY, rows[i].options),
				 ERR_OK);
		asker_await(w, &a);
		assert_int_equal(wire_parse_query(got->msg, got->len, &wire), WIRE_QUERY);
		assert_int_equal(wire.flags, rows[i].flags);
		assert_int_equal(wire.qtype, TYPE_ANY);
		assert_true(wire.edns.present);
		assert_int_equal(wire.edns.dnssec_ok, rows[i].dnssec_ok);
		assert_int_equal(wire.edns.udp_size, 1400);
		assert_memory_equal(got->msg + WIRE_HEADER, "\3www\7example", 13);
	}
}

static void test_joined(void **state)
{
	struct world *w = *state;
	struct asker a[3] = {0};

	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a[0], "www.example");
	asker_ask(w, &a[1], "WWW.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	asker_ask(w, &a[2], "www.EXAMPLE");
	world_settle(w);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(upstreams_in_flight(w->up), 1);
	assert_int_equal(RIG_STAT(&w->rig, forwarded), 1);
	assert_int_equal(RIG_STAT(&w->rig, joined), 2);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	for (size_t i = 0; i < 3; i++)
		expect_answer(w, &a[i], 1);
}

static void make_passed(struct world *w, struct query_key *key)
{
	key->leave.passed = true;
}

static void make_later(struct world *w, struct query_key *key)
{
	key->generation++;
}

static void make_unchecked(struct world *w, struct query_key *key)
{
	key->flags = CACHE_FLAG_CD;
}

/* A query that waits is sent again and asked with CD at once, since another worker knows by then
 * that the upstream refuses: it is answered once when its first question ends. */
static void test_sent_again_unchecked(void **state)
{
	struct world *w = *state;
	struct asker first = {.base.origin = 7};
	struct asker again = {.base.origin = 7};
	struct query_key key;

	world_start_one(w, MOCKNS_SILENCE);
	w->ns[0].ede = "bogus";
	key = asker_key(w, &first, "www.example", TYPE_A, DNSMSG_EDNS | DNSMSG_CD);
	assert_int_equal(upstream_ask(w->up, &key, &first.base), ERR_OK);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	key = asker_key(w, &again, "www.example", TYPE_A, DNSMSG_EDNS | DNSMSG_CD);
	make_unchecked(w, &key);
	assert_int_equal(upstream_ask(w->up, &key, &again.base), ERR_OK);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2);
	mockns_do(&w->ns[0], 0, MOCKNS_SERVFAIL);
	asker_await(w, &first);
	assert_true(first.elsewhere);
	assert_int_equal(again.told, 0);
	mockns_do(&w->ns[0], 1, MOCKNS_ANSWER);
	expect_answer(w, &again, 1);
	assert_false(again.elsewhere);
	assert_int_equal(first.told, 1);
}

static void make_plain(struct world *w, struct query_key *key)
{
	key->flags = CACHE_FLAG_PLAIN;
}

/* What has another answer, or another inspection, is another question. */
static void test_not_joined(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		unsigned int options;
		void (*change)(struct world *w, struct query_key *key);
	} rows[] = {
		{"www.example", TYPE_A, DNSMSG_EDNS, NULL},
		{"www.example", TYPE_A, DNSMSG_EDNS, make_unchecked},
		{"www.example", TYPE_A, DNSMSG_EDNS, make_plain},
		{"www.example", TYPE_ANY, DNSMSG_EDNS, NULL},
		{"w.ww.example", TYPE_A, DNSMSG_EDNS, NULL},
		{"www.example", TYPE_A, DNSMSG_EDNS, make_passed},
		{"www.example", TYPE_A, DNSMSG_EDNS, make_later},
	};
	struct asker a[sizeof(rows) / sizeof(rows[0])] = {0};
	struct world *w = *state;
	size_t count = sizeof(rows) / sizeof(rows[0]);

	world_start_one(w, MOCKNS_ANSWER);
	for (size_t i = 0; i < count; i++) {
		struct query_key key =
			asker_key(w, &a[i], rows[i].name, rows[i].type, rows[i].options);

		if (rows[i].change)
			rows[i].change(w, &key);
		assert_int_equal(upstream_ask(w->up, &key, &a[i].base), ERR_OK);
	}
	assert_int_equal(upstreams_in_flight(w->up), count);
	for (size_t i = 0; i < count; i++)
		expect_answer(w, &a[i], 1);
	assert_int_equal(w->ns[0].udp_count, count);
	assert_int_equal(RIG_STAT(&w->rig, joined), 0);
}

/* The lists are asked about where a reply leads. */
static void test_verdict(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	struct asker b = {0};

	world_start_one(w, MOCKNS_CNAME);
	w->ns[0].target = "x.blocked.example";
	asker_ask(w, &a, "www.example");
	asker_await(w, &a);
	assert_true(a.has_reply);
	assert_true(a.verdict.matched);
	assert_int_equal(a.verdict.action, ACTION_NXDOMAIN);
	w->ns[0].target = "unblocked.example";
	asker_ask(w, &b, "www.example");
	asker_await(w, &b);
	assert_true(b.has_reply);
	assert_false(b.verdict.matched);
	assert_int_equal(b.reply.ancount, 2);
}

static void test_ipv6(void **state)
{
	struct endpoint any = {
		.u.in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
		.len = sizeof(any.u.in6)};
	int fd = loopback_bind(&any, SOCK_DGRAM, false);
	struct endpoint server = any;
	struct endpoint from = {.len = sizeof(from.u)};
	struct world *w = *state;
	struct asker a = {0};
	struct dnsmsg reply;
	uint8_t msg[512];
	ssize_t n;

	if (fd < 0)
		skip(); /* this machine has none */
	server = loopback_bound(fd);
	assert_int_equal(upstreams_create(&w->rig.loop, rig_pool(&(struct rig_pool){0}, &server, 1),
					  1, WORLD_IN_FLIGHT, WORLD_PORTS, &w->up),
			 ERR_OK);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, (n = recvfrom(fd, msg, sizeof(msg), 0, &from.u.sa, &from.len)) > 0);
	dnsmsg_reply(&reply, msg, (size_t)n, 0);
	dnsmsg_add_a(&reply, 6, 60);
	assert_int_equal(sendto(fd, reply.octets, reply.len, 0, &from.u.sa, from.len), reply.len);
	expect_answer(w, &a, 6);
	close(fd);
}

/* ---- asked again */

static void test_next_after_retransmit(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	uint64_t begin_ms = await_clock_ms();

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	asker_ask(w, &a, "www.example");
	expect_answer(w, &a, 2);
	assert_true(await_clock_ms() - begin_ms >= SHORT_MS - TICK_MS);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_true(RIG_STAT(&w->rig, upstream_retries) >= 1);
	assert_true(RIG_STAT(&w->rig, upstream_timeouts) >= 1);
	assert_int_equal(RIG_STAT(&w->rig, forwarded), 1);
}

/* A server that is alone is asked again itself, with another ID, after a longer time. */
static void test_same_after_retransmit(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	uint64_t begin_ms = await_clock_ms();

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 4);
	assert_true(await_clock_ms() - begin_ms >= SHORT_MS * (1 + 2 + 3) - TICK_MS);
	assert_false(mockns_id(&w->ns[0], 0) == mockns_id(&w->ns[0], 1) &&
		     mockns_id(&w->ns[0], 1) == mockns_id(&w->ns[0], 2));
	mockns_do(&w->ns[0], 2, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
}

/* The answer that comes late is as good, though another was asked by then. */
static void test_late_answer(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[1].udp_count == 1);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
	mockns_do(&w->ns[1], 0, MOCKNS_ANSWER); /* fits no question any more */
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 1);
	assert_int_equal(a.told, 1);
}

/* However long there is no answer, a question is sent a few times only. */
static void test_attempts_are_bounded(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = 1;
	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_timeouts) >= ATTEMPTS + 1);
	assert_int_equal(w->ns[0].udp_count, ATTEMPTS);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
}

/* The last attempts fail: that is the end, though the time is not. */
static void test_last_attempts_fail(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = 1;
	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == ATTEMPTS);
	for (size_t i = 0; i + 1 < ATTEMPTS; i++)
		mockns_do(&w->ns[0], i, MOCKNS_SERVFAIL);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_failures) == ATTEMPTS - 1);
	assert_int_equal(a.told, 0); /* one is still under way */
	mockns_do(&w->ns[0], ATTEMPTS - 1, MOCKNS_SERVFAIL);
	expect_failure(w, &a, QUERY_FAIL_NETWORK);
}

/* A server failed one attempt, but may still answer the other. */
static void test_one_of_two_attempts_fails(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2);
	mockns_do(&w->ns[0], 0, MOCKNS_SERVFAIL);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_failures) == 1);
	assert_int_equal(a.told, 0);
	mockns_do(&w->ns[0], 1, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
}

/* The attempts are used up, and the server that was asked last is gone when the timer fires. */
static void test_last_server_is_gone(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	uint64_t timeouts;

	world_outgoing(w)->retransmit_ms = 1;
	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	world_add(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count + w->ns[1].udp_count == ATTEMPTS);
	world_use_only(w, 2);
	for (size_t i = 0; i < w->ns[1].udp_count; i++)
		mockns_do(&w->ns[1], i, MOCKNS_SERVFAIL);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_failures) == w->ns[1].udp_count);
	timeouts = RIG_STAT(&w->rig, upstream_timeouts);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_timeouts) > timeouts);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
}

/* ---- failures */

static void close_udp(struct mockns *ns)
{
	mockns_close_udp(ns);
}

/* What is broken over UDP may be forged; over TCP it is the server's. */
static void break_tcp(struct mockns *ns)
{
	ns->tcp = MOCKNS_MALFORMED;
}

/* A server that says no, or cannot be reached, costs no waiting. */
static void test_next_at_once(void **state)
{
	static const struct {
		enum mockns_deed deed;
		void (*prepare)(struct mockns *ns);
		size_t seen;
		uint64_t failures;
		uint64_t bad;
	} rows[] = {
		{MOCKNS_SERVFAIL, NULL, 1, 1, 0},
		{MOCKNS_REFUSED, NULL, 1, 1, 0},
		{MOCKNS_MALFORMED, break_tcp, 1, 0, 2},
		{MOCKNS_SILENCE, close_udp, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a = {0};
		struct world *w = world_open();

		world_start(w, rows[i].deed, MOCKNS_ANSWER);
		if (rows[i].prepare)
			rows[i].prepare(&w->ns[0]);
		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 2);
		assert_int_equal(w->ns[0].udp_count, rows[i].seen);
		assert_int_equal(w->ns[1].udp_count, 1);
		assert_int_equal(RIG_STAT(&w->rig, upstream_timeouts), 0);
		assert_int_equal(RIG_STAT(&w->rig, upstream_retries), 1);
		assert_int_equal(RIG_STAT(&w->rig, upstream_failures), rows[i].failures);
		assert_int_equal(RIG_STAT(&w->rig, upstream_bad), rows[i].bad);
		world_close(w);
	}
}

static void test_all_failed(void **state)
{
	static const enum mockns_deed rows[][2] = {
		{MOCKNS_SERVFAIL, MOCKNS_SERVFAIL},
		{MOCKNS_REFUSED, MOCKNS_MALFORMED},
		{MOCKNS_MALFORMED, MOCKNS_SILENCE}, /* silence: its port is closed */
		{MOCKNS_SILENCE, MOCKNS_SILENCE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a = {0};
		struct world *w = world_open();

		world_start(w, rows[i][0], rows[i][1]);
		for (size_t j = 0; j < 2; j++) {
			w->ns[j].tcp = rows[i][j];
			if (rows[i][j] == MOCKNS_SILENCE)
				mockns_close_udp(&w->ns[j]);
		}
		asker_ask(w, &a, "www.example");
		expect_failure(w, &a, QUERY_FAIL_NETWORK);
		assert_int_equal(upstreams_in_flight(w->up), 0);
		world_close(w);
	}
}

static void test_all_silent(void **state)
{
	struct world *w = *state;
	struct asker a[2] = {0};
	uint64_t begin_ms = await_clock_ms();

	world_outgoing(w)->timeout_ms = 4 * SHORT_MS;
	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	asker_ask(w, &a[0], "www.example");
	asker_ask(w, &a[1], "www.example");
	expect_failure(w, &a[0], QUERY_FAIL_NO_REPLY);
	expect_failure(w, &a[1], QUERY_FAIL_NO_REPLY);
	assert_true(await_clock_ms() - begin_ms >= 4 * SHORT_MS - TICK_MS);
	assert_int_equal(upstreams_in_flight(w->up), 0);
	assert_true(w->ns[0].udp_count >= 1 && w->ns[1].udp_count >= 1);
}

/* One server said no, the other nothing: the question ends with the time. */
static void test_failed_and_silent(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->timeout_ms = 4 * SHORT_MS;
	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_REFUSED, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	expect_failure(w, &a, QUERY_FAIL_NO_REPLY);
	assert_int_equal(w->ns[0].udp_count, 1); /* it is not asked again */
	assert_true(w->ns[1].udp_count >= 2);
}

/* What an upstream says of its failure is worth more than that it failed. */
static void test_ede_is_handed_on(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start(w, MOCKNS_SERVFAIL, MOCKNS_SERVFAIL);
	w->ns[0].ede = "not this";
	w->ns[1].ede = "no keys";
	asker_ask(w, &a, "www.example");
	asker_await(w, &a);
	assert_int_equal(a.told, 1);
	assert_true(a.has_reply);
	assert_int_equal(a.reply.kind, REPLY_FAILURE);
	assert_int_equal(a.reply.rcode, RCODE_SERVFAIL);
	assert_int_equal(a.reply.body_len, 0);
	assert_int_equal(a.reply.ede.len, 13);
	assert_int_equal(wire_get16(a.reply.ede.data + 4), MOCKNS_EDE);
	assert_memory_equal(a.reply.ede.data + 6, "no keys", 7);
}

static bool has_opt(const struct mockns *ns, size_t query)
{
	return wire_get16(ns->queries[query].msg + 10) == 1;
}

/* A server that does not know EDNS is asked without (RFC 6891, 7), over TCP as well. */
static void test_without_edns(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	struct asker b = {0};

	world_start_one(w, MOCKNS_NO_EDNS);
	asker_ask(w, &a, "www.example");
	expect_answer(w, &a, 1);
	assert_int_equal(w->ns[0].udp_count, 2);
	assert_true(has_opt(&w->ns[0], 0));
	assert_false(has_opt(&w->ns[0], 1));
	assert_int_equal(RIG_STAT(&w->rig, upstream_failures), 0);
	w->ns[0].udp = MOCKNS_SILENCE;
	w->ns[0].tcp = MOCKNS_NO_EDNS;
	asker_ask(w, &b, "other.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 3);
	mockns_do(&w->ns[0], 2, MOCKNS_NO_EDNS);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 4);
	mockns_do(&w->ns[0], 3, MOCKNS_TRUNCATED);
	expect_answer(w, &b, 1);
	assert_int_equal(w->ns[0].tcp_count, 1);
}

/* It is asked so once, and the next server is asked with EDNS. */
static void test_without_edns_in_vain(void **state)
{
	static const struct {
		enum mockns_deed deed;
		size_t seen;
	} rows[] = {
		{MOCKNS_FORMERR, 2}, {MOCKNS_FORMERR_EDNS, 2}, /* and then without a cookie */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a = {0};
		struct world *w = world_open();

		world_start(w, rows[i].deed, MOCKNS_ANSWER);
		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 2);
		assert_int_equal(w->ns[0].udp_count, rows[i].seen);
		assert_int_equal(w->ns[1].udp_count, 1);
		assert_true(has_opt(&w->ns[1], 0));
		world_close(w);
	}
}

/* A send that fails at once is a failure of the server alone. */
static void test_cannot_send(void **state)
{
	struct endpoint addresses[2] = {loopback_endpoint(1, 53)};
	struct world *w = *state;
	struct asker a = {0};
	struct asker b = {0};

	addresses[0].u.in.sin_addr.s_addr = htonl(INADDR_BROADCAST); /* connect() says EACCES */
	world_add(w, MOCKNS_ANSWER);
	addresses[1] = w->ns[0].address;
	assert_int_equal(upstreams_create(&w->rig.loop,
					  rig_pool(&(struct rig_pool){0}, addresses, 2), 1,
					  WORLD_IN_FLIGHT, WORLD_PORTS, &w->up),
			 ERR_OK);
	asker_ask(w, &a, "www.example");
	expect_answer(w, &a, 1);
	assert_int_equal(upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, addresses, 1), 1),
			 ERR_OK);
	asker_ask(w, &b, "other.example");
	expect_failure(w, &b, QUERY_FAIL_NETWORK);
	assert_int_equal(upstreams_in_flight(w->up), 0);
}

static void test_no_upstreams(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	assert_int_equal(upstreams_create(&w->rig.loop, rig_pool(&(struct rig_pool){0}, NULL, 0), 1,
					  WORLD_IN_FLIGHT, WORLD_PORTS, &w->up),
			 ERR_OK);
	asker_ask(w, &a, "www.example");
	expect_failure(w, &a, QUERY_FAIL_NETWORK);
}

/* ---- bounds */

static void test_in_flight_bound(void **state)
{
	struct world *w = *state;
	struct asker a[4] = {0};

	world_add(w, MOCKNS_SILENCE);
	world_create(w, 2, WORLD_PORTS);
	asker_ask(w, &a[0], "a.example");
	asker_ask(w, &a[1], "b.example");
	assert_int_equal(asker_try(w, &a[2], "c.example", TYPE_A, DNSMSG_EDNS), ERR_REFUSED);
	asker_ask(w, &a[3], "a.example"); /* joins, so needs no place */
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2);
	mockns_do(&w->ns[0], 1, MOCKNS_ANSWER);
	expect_answer(w, &a[1], 1);
	asker_ask(w, &a[2], "c.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 3);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	mockns_do(&w->ns[0], 2, MOCKNS_ANSWER);
	expect_answer(w, &a[0], 1);
	expect_answer(w, &a[2], 1);
	expect_answer(w, &a[3], 1);
	assert_int_equal(upstreams_in_flight(w->up), 0);
}

/* Who is told may ask at once: his question's place is free by then. */
static void test_ask_when_told(void **state)
{
	struct world *w = *state;
	struct asker second = {0};
	struct asker first = {.then = &second};
	struct asker fails = {0};
	struct asker before = {.then = &fails};

	world_add(w, MOCKNS_ANSWER);
	world_create(w, 1, 1);
	asker_ask(w, &first, "www.example");
	expect_answer(w, &second, 1);
	mockns_close_udp(&w->ns[0]);
	asker_ask(w, &before, "other.example");
	expect_failure(w, &fails, QUERY_FAIL_NETWORK);
	assert_int_equal(first.told, 1);
	assert_int_equal(before.told, 1);
}

/* ---- time */

struct slow_ask {
	struct world *world;
	struct asker asker;
};

/* Asks at the end of a long turn of the loop: the loop's idea of the time is behind by then. */
static void on_slow_turn(evutil_socket_t fd, short what, void *arg)
{
	struct slow_ask *slow = arg;
	uint64_t end_ms = await_clock_ms() + 3 * TICK_MS;

	while (await_clock_ms() < end_ms)
		await_nap();
	asker_ask(slow->world, &slow->asker, "www.example");
}

/* The last timer is the end: nothing is sent then that nobody waits for. */
static void test_nothing_sent_at_the_end(void **state)
{
	static const struct timeval at_once = {0};
	struct world *w = *state;
	struct slow_ask slow = {.world = w};

	world_outgoing(w)->timeout_ms = 100;
	world_outgoing(w)->retransmit_ms = 100;
	world_start_one(w, MOCKNS_SILENCE);
	assert_int_equal(
		event_base_once(w->rig.loop.base, -1, EV_TIMEOUT, on_slow_turn, &slow, &at_once),
		0);
	expect_failure(w, &slow.asker, QUERY_FAIL_NO_REPLY);
	world_settle(w);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(RIG_STAT(&w->rig, upstream_retries), 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_timeouts), 1);
}

/* ---- which server */

/* Servers that are not in force any more, and that still have something under way. */
static size_t retired(const struct world *w)
{
	const struct server *server;
	size_t count = 0;

	TAILQ_FOREACH(server, &w->up->servers, entry) {
		count++;
	}
	return count - w->up->pools[0]->count;
}

static struct question *new_question(struct world *w, struct question *q)
{
	memset(q, 0, sizeof(*q));
	q->upstreams = w->up;
	q->pool = w->up->pools[0];
	return q;
}

static const struct server *first_choice(struct world *w)
{
	struct question q;

	return pick_next(new_question(w, &q));
}

/* By the clock's hand: three failures set a server aside until it answers; it is measured each
 * time later. */
static void test_set_aside(void **state)
{
	struct world *w = *state;
	uint64_t *now_ms = &w->rig.loop.env.now_ms;
	struct server *first;
	struct question q;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	first = world_server(w, 0);
	*now_ms = 1000000;
	health_good(first);
	health_good(world_server(w, 1));
	new_question(w, &q)->last = world_server(w, 1);
	health_bad(first, FAILURE_ANSWER);
	health_bad(first, FAILURE_ANSWER);
	assert_ptr_equal(first_choice(w), first);
	health_bad(first, FAILURE_ANSWER);
	for (uint64_t s = 1; s <= 32; s *= 2) {
		assert_ptr_equal(first_choice(w), world_server(w, 1));
		*now_ms += s * 1000 - 1;
		assert_null(pick_to_measure(&q, true));
		*now_ms += 1;
		assert_ptr_equal(pick_to_measure(&q, true), first);
		assert_ptr_equal(first_choice(w), world_server(w, 1));
		health_bad(first, FAILURE_ANSWER);
	}
	*now_ms += 32 * 1000; /* it grows no longer */
	assert_ptr_equal(pick_to_measure(&q, true), first);
	health_good(first);
	assert_ptr_equal(first_choice(w), first);
	health_bad(first, FAILURE_ANSWER);
	health_bad(first, FAILURE_ANSWER);
	assert_ptr_equal(first_choice(w), first);
}

/* All that wait for one failure are one failure: the server is measured as soon. */
static void test_set_aside_by_many(void **state)
{
	struct world *w = *state;
	uint64_t *now_ms = &w->rig.loop.env.now_ms;
	struct server *first;
	struct question q;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	first = world_server(w, 0);
	*now_ms = 1000000;
	for (int i = 0; i < 100; i++)
		health_bad(first, FAILURE_ANSWER);
	*now_ms += 1000;
	new_question(w, &q)->last = world_server(w, 1);
	assert_ptr_equal(pick_to_measure(&q, true), first);
	health_bad(first, FAILURE_ANSWER);
	*now_ms += 2000;
	assert_ptr_equal(pick_to_measure(&q, true), first);
}

/* Fresh ones first, then those set aside, then those asked before, the last one last. */
static void test_order_of_choice(void **state)
{
	struct world *w = *state;
	struct server *s[WORLD_SERVERS];
	struct question q;

	world_add(w, MOCKNS_ANSWER);
	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	for (size_t i = 0; i < WORLD_SERVERS; i++)
		s[i] = world_server(w, i);
	new_question(w, &q);
	s[0]->health.state = STATE_ASIDE;
	assert_ptr_equal(pick_next(&q), s[1]);
	q.tried = 1U << 1;
	q.last = s[1];
	assert_ptr_equal(pick_second(&q), s[2]);
	assert_ptr_equal(pick_next(&q), s[2]);
	q.tried |= 1U << 2;
	q.last = s[2];
	assert_null(pick_second(&q)); /* the other is not well */
	assert_ptr_equal(pick_next(&q), s[0]);
	q.tried |= 1U << 0;
	q.last = s[0];
	assert_ptr_equal(pick_next(&q), s[1]);
	q.failed = 1U << 1 | 1U << 2;
	assert_ptr_equal(pick_next(&q), s[0]);
	q.failed = 1U << 0 | 1U << 1 | 1U << 2;
	assert_null(pick_next(&q));
	s[0]->health.state = STATE_WELL;
	q.failed = 0;
	assert_ptr_equal(pick_next(&q), s[1]);
}

/* The one that answers soonest; in their order; each in turn. */
static void test_policies(void **state)
{
	struct world *w = *state;
	struct server *s[WORLD_SERVERS];

	world_add(w, MOCKNS_ANSWER);
	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	for (size_t i = 0; i < WORLD_SERVERS; i++)
		s[i] = world_server(w, i);
	rtt_sample(&s[0]->health.rtt, 3000);
	rtt_sample(&s[1]->health.rtt, 2000);
	assert_ptr_equal(first_choice(w), s[0]);
	world_outgoing(w)->policy = CONF_POLICY_FASTEST;
	assert_ptr_equal(first_choice(w),
			 s[2]); /* nothing is known of it, and it may cost nothing */
	world_outgoing(w)->hedge_percent = 5;
	assert_ptr_equal(first_choice(w), s[1]);
	world_outgoing(w)->policy = CONF_POLICY_ROUND_ROBIN;
	w->up->pools[0]->turn = 2;
	assert_ptr_equal(first_choice(w), s[0]);
	assert_ptr_equal(first_choice(w), s[1]);
	assert_ptr_equal(first_choice(w), s[2]);
	assert_ptr_equal(first_choice(w), s[0]);
}

/* The same by real questions and real time. */
static void test_aside_and_back(void **state)
{
	struct world *w = *state;
	size_t asked;

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	for (int i = 0; i < 3; i++) {
		struct asker a = {0};

		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 2);
	}
	asked = w->ns[0].udp_count;
	world_outgoing(w)->retransmit_ms = LONG_MS;
	for (int i = 0; i < 3; i++) {
		struct asker a = {0};

		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 2);
	}
	assert_int_equal(w->ns[0].udp_count, asked);
	w->ns[0].udp = MOCKNS_ANSWER;
	AWAIT(w->ns[0].udp_count > asked, {
		struct asker a = {0};

		asker_ask(w, &a, "www.example");
		asker_await(w, &a);
		rig_turn(&w->rig);
	});
}

/* An answer clears what a server has failed before. */
static void test_answer_clears(void **state)
{
	static const enum mockns_deed deeds[] = {MOCKNS_SERVFAIL, MOCKNS_SERVFAIL, MOCKNS_ANSWER,
						 MOCKNS_SERVFAIL, MOCKNS_SERVFAIL, MOCKNS_ANSWER};
	struct world *w = *state;

	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		struct asker a = {0};

		w->ns[0].udp = deeds[i];
		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, deeds[i] == MOCKNS_ANSWER ? 1 : 2);
		assert_int_equal(w->ns[0].udp_count, i + 1);
	}
}

/* ---- other servers while questions are in flight */

/* They finish where they were asked; then the old servers are gone. */
static void test_set_in_flight(void **state)
{
	struct world *w = *state;
	struct asker old[3] = {0};
	struct asker new = {0};

	world_start_one(w, MOCKNS_SILENCE);
	world_add(w, MOCKNS_ANSWER);
	for (size_t i = 0; i < 3; i++)
		asker_ask(w, &old[i], i == 0 ? "a.example" : i == 1 ? "b.example" : "c.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 3);
	world_use_only(w, 1);
	asker_ask(w, &new, "new.example");
	expect_answer(w, &new, 2);
	assert_int_equal(retired(w), 1);
	for (size_t i = 0; i < 3; i++)
		mockns_do(&w->ns[0], i, MOCKNS_ANSWER);
	for (size_t i = 0; i < 3; i++)
		expect_answer(w, &old[i], 1);
	assert_int_equal(retired(w), 0);
	assert_int_equal(w->ns[1].udp_count, 1);
}

/* What the old servers do not answer, or fail, is asked of the new ones. */
static void test_set_then_next(void **state)
{
	static const struct {
		enum mockns_deed deed;
		uint32_t retransmit_ms;
	} rows[] = {
		{MOCKNS_SILENCE, SHORT_MS},
		{MOCKNS_SERVFAIL, LONG_MS},
		{MOCKNS_MALFORMED, LONG_MS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a = {0};
		struct world *w = world_open();

		world_outgoing(w)->retransmit_ms = rows[i].retransmit_ms;
		world_start_one(w, MOCKNS_SILENCE);
		world_add(w, MOCKNS_ANSWER);
		asker_ask(w, &a, "www.example");
		world_use_only(w, 1);
		RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
		mockns_do(&w->ns[0], 0, rows[i].deed);
		expect_answer(w, &a, 2);
		assert_int_equal(retired(w), 0);
		world_close(w);
	}
}

/* What an old server says late is not held against the new one in its place. */
static void test_set_then_late_failure(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	world_add(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	world_use_only(w, 1);
	RIG_AWAIT(&w->rig, w->ns[1].udp_count == 1);
	world_outgoing(w)->retransmit_ms = LONG_MS;
	mockns_do(&w->ns[0], 0, MOCKNS_SERVFAIL);
	RIG_AWAIT(&w->rig, w->ns[1].udp_count >= 2);
	mockns_do(&w->ns[1], 1, MOCKNS_ANSWER);
	expect_answer(w, &a, 2);
}

/* A retired server whose port is closed: the failure of all that wait there frees it. */
static void test_set_then_refused(void **state)
{
	struct world *w = *state;
	struct asker a[8] = {0};
	static const char *const names[] = {"a.example", "b.example", "c.example", "d.example",
					    "e.example", "f.example", "g.example", "h.example"};

	world_add(w, MOCKNS_SILENCE);
	world_create(w, WORLD_IN_FLIGHT, 1);
	world_add(w, MOCKNS_ANSWER);
	mockns_close_udp(&w->ns[0]);
	for (size_t i = 0; i < 8; i++)
		asker_ask(w, &a[i], names[i]);
	world_use_only(w, 1);
	for (size_t i = 0; i < 8; i++)
		expect_answer(w, &a[i], 2);
	assert_int_equal(retired(w), 0);
}

static void test_set_during_tcp(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_ANSWER, MOCKNS_CLOSE, MOCKNS_WRONG_ID};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a = {0};
		struct world *w = world_open();

		world_start_one(w, MOCKNS_TRUNCATED);
		w->ns[0].tcp = rows[i];
		world_add(w, MOCKNS_ANSWER);
		asker_ask(w, &a, "www.example");
		RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_tcp) == 1);
		world_use_only(w, 1);
		expect_answer(w, &a, rows[i] == MOCKNS_ANSWER ? 1 : 2);
		assert_int_equal(retired(w), 0);
		world_close(w);
	}
}

/* Back and forth, with a question at each of the sets. */
static void test_set_again_and_again(void **state)
{
	struct world *w = *state;
	struct asker a[6] = {0};
	static const char *const names[] = {"a.example", "b.example", "c.example",
					    "d.example", "e.example", "f.example"};

	world_start_one(w, MOCKNS_SILENCE);
	world_add(w, MOCKNS_SILENCE);
	for (size_t i = 0; i < 6; i++) {
		world_use_only(w, i % 2);
		asker_ask(w, &a[i], names[i]);
	}
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 3 && w->ns[1].udp_count == 3);
	for (size_t i = 0; i < 6; i++)
		mockns_do(&w->ns[i % 2], i / 2, MOCKNS_ANSWER);
	for (size_t i = 0; i < 6; i++)
		expect_answer(w, &a[i], (uint8_t)(i % 2 + 1));
	assert_int_equal(retired(w), 0);
}

/* What is known of a server lasts as long as it is named, in whatever pool. */
static void test_set_the_same(void **state)
{
	struct world *w = *state;
	struct endpoint same[2];
	struct server *second;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	same[0] = w->ns[0].address;
	same[1] = w->ns[1].address;
	second = world_server(w, 1);
	assert_int_equal(upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, same, 2), 1), ERR_OK);
	assert_ptr_equal(world_server(w, 1), second);
	assert_int_equal(upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, same + 1, 1), 1),
			 ERR_OK);
	assert_ptr_equal(world_server(w, 0), second);
	assert_int_equal(retired(w), 0); /* nothing kept the other */
	assert_int_equal(upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, same, 0), 1), ERR_OK);
	assert_true(TAILQ_EMPTY(&w->up->servers));
}

/* There is a bit for each server; those beyond are left out. */
static void test_too_many_servers(void **state)
{
	struct endpoint addresses[SERVERS_MAX + 6];
	struct world *w = *state;
	struct asker a = {0};

	for (uint8_t i = 0; i < SERVERS_MAX + 6; i++)
		addresses[i] = loopback_endpoint((uint8_t)(i + 1), loopback_free_port());
	assert_int_equal(
		upstreams_create(&w->rig.loop,
				 rig_pool(&(struct rig_pool){0}, addresses, SERVERS_MAX + 6), 1,
				 WORLD_IN_FLIGHT, WORLD_PORTS, &w->up),
		ERR_OK);
	assert_int_equal(w->up->pools[0]->count, SERVERS_MAX);
	asker_ask(w, &a, "www.example");
	expect_failure(w, &a, QUERY_FAIL_NETWORK); /* not before all attempts are used up */
	assert_int_equal(RIG_STAT(&w->rig, upstream_retries), ATTEMPTS);
}

/* ---- the end */

static void test_free_in_flight(void **state)
{
	struct world *w = *state;
	struct asker a[4] = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_TRUNCATED, MOCKNS_SILENCE);
	w->ns[0].tcp = MOCKNS_SILENCE;
	asker_ask(w, &a[0], "a.example");
	asker_ask(w, &a[1], "b.example");
	asker_ask(w, &a[2], "b.example");
	RIG_AWAIT(&w->rig, w->ns[0].tcp_count == 2 && w->ns[1].udp_count == 2);
	world_use_only(w, 1);
	asker_ask(w, &a[3], "c.example");
	upstreams_free(w->up);
	w->up = NULL;
	world_settle(w);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(a[i].told, 0);
	assert_int_equal(mockns_connections(&w->ns[0]), 0);
	upstreams_free(NULL);
}

/* The loop is left just when the answer over TCP has been read: nothing is left behind. */
static void test_free_between_read_and_answer(void **state)
{
	size_t files = loopback_open_files();
	struct asker a = {0};
	struct world *w = world_open();

	world_start_one(w, MOCKNS_TRUNCATED);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].tcp_count == 1);
	rig_break_next(&w->rig);
	rig_turn(&w->rig);
	world_close(w);
	assert_int_equal(loopback_open_files(), files);
}

/* ---- ports and IDs (RFC 5452) */

struct draw {
	uint16_t id;
	uint16_t port;
};

static int compare_u16(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static size_t distinct(uint16_t *values, size_t count)
{
	size_t n = count > 0;

	qsort(values, count, sizeof(*values), compare_u16);
	for (size_t i = 1; i < count; i++)
		n += values[i] != values[i - 1];
	return n;
}

/* How many values are what they were `lag` places before. */
static size_t repeated(const uint16_t *values, size_t count, size_t lag)
{
	size_t n = 0;

	for (size_t i = lag; i < count; i++)
		n += values[i] == values[i - lag];
	return n;
}

/* Asks MANY questions of a server of its own, and notes where each came from. */
static void draw_many(struct draw *draws)
{
	struct asker *a = calloc(MANY, sizeof(*a));
	struct world *w;
	char name[32];

	assert_non_null(a);
	w = world_open();
	world_add(w, MOCKNS_SILENCE);
	world_create(w, MANY, 64);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%zu.example", i);
		asker_ask(w, &a[i], name);
		RIG_AWAIT(&w->rig, w->ns[0].udp_count == i + 1);
		draws[i] = (struct draw){mockns_id(&w->ns[0], i), mockns_source_port(&w->ns[0], i)};
	}
	world_close(w);
	free(a);
}

static void test_spread(void **state)
{
	static struct draw draws[2][MANY];
	uint16_t ids[MANY];
	uint16_t ports[MANY];
	size_t same = 0;
	size_t next_id = 0;

	draw_many(draws[0]);
	draw_many(draws[1]);
	for (size_t i = 0; i < MANY; i++) {
		ids[i] = draws[0][i].id;
		ports[i] = draws[0][i].port;
		assert_true(ports[i] >= 1024);
		same += draws[0][i].id == draws[1][i].id;
		if (i > 0)
			next_id += (uint16_t)(ids[i] - ids[i - 1]) <= 16;
	}
	for (size_t lag = 1; lag < MANY / 2; lag++)
		assert_true(repeated(ports, MANY, lag) <= 40); /* 7.8 */
	/* each bound is some ten standard deviations from what is to be expected */
	assert_true(distinct(ids, MANY) >= MANY - 25); /* 2 repeated */
	assert_true(distinct(ports, MANY) >= 56);      /* 63.97 of 64 */
	assert_true(ports[MANY - 1] - ports[0] > 32768);
	assert_true(next_id <= 6); /* 0.13 */
	assert_true(same <= 3);	   /* 0.008 */
}

static void test_ports_are_renewed(void **state)
{
	struct world *w = *state;

	world_add(w, MOCKNS_ANSWER);
	world_create(w, WORLD_IN_FLIGHT, 1);
	for (size_t i = 0; i < 2 * USES_OF_A_PORT + 1; i++) {
		struct asker a = {0};

		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 1);
	}
	for (size_t i = 1; i < 2 * USES_OF_A_PORT + 1; i++) {
		bool renewed = i % USES_OF_A_PORT == 0;

		assert_int_equal(mockns_source_port(&w->ns[0], i) ==
					 mockns_source_port(&w->ns[0], i - 1),
				 !renewed);
	}
}

/* Where questions are few each has a fresh port: none that was idle for a second is used again. */
static void test_idle_ports_are_renewed(void **state)
{
	struct world *w = *state;
	struct server *server;
	size_t twice = 0;

	world_add(w, MOCKNS_ANSWER);
	world_create(w, WORLD_IN_FLIGHT, WORLD_PORTS);
	server = world_server(w, 0);
	for (size_t i = 0; i < 30; i++) {
		world_ask(w, "www.example");
		for (size_t k = 0; k < i; k++)
			twice += mockns_source_port(&w->ns[0], k) ==
				 mockns_source_port(&w->ns[0], i);
		for (size_t k = 0; k < WORLD_PORTS; k++)
			server->sources[k].used_ms -= 1000;
	}
	assert_in_range(twice, 0, 2); /* of 435 pairs, by chance */
}

/* A port at which an answer is waited for stays, however much it was used. */
static void test_waited_for_port_stays(void **state)
{
	struct world *w = *state;
	struct asker waits = {0};

	world_add(w, MOCKNS_SILENCE);
	world_create(w, WORLD_IN_FLIGHT, 1);
	asker_ask(w, &waits, "waits.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	w->ns[0].udp = MOCKNS_ANSWER;
	for (size_t i = 0; i < USES_OF_A_PORT + 10; i++) {
		struct asker a = {0};

		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 1);
	}
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &waits, 1);
}

/* The kernel does not even show us what comes from elsewhere. */
static void test_spoofed_address(void **state)
{
	struct world *w = *state;
	struct endpoint other_address;
	struct endpoint other_port = loopback_endpoint(1, 0);
	struct asker a = {0};
	struct dnsmsg m;
	int fds[2];

	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	other_address = loopback_endpoint(9, loopback_port(&w->ns[0].address));
	fds[0] = loopback_bind(&other_address, SOCK_DGRAM, false);
	fds[1] = loopback_bind(&other_port, SOCK_DGRAM, false);
	dnsmsg_reply(&m, w->ns[0].queries[0].msg, w->ns[0].queries[0].len, 0);
	dnsmsg_add_a(&m, 66, 60);
	for (size_t i = 0; i < 2; i++) {
		assert_true(fds[i] >= 0);
		assert_int_equal(sendto(fds[i], m.octets, m.len, 0, &w->ns[0].queries[0].from.u.sa,
					w->ns[0].queries[0].from.len),
				 m.len);
		close(fds[i]);
	}
	world_settle(w);
	assert_int_equal(a.told, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_unsolicited), 0);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
}

/* The right address alone is not enough; the true answer is still waited for. */
static void test_spoofed_content(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_WRONG_ID, MOCKNS_WRONG_NAME, MOCKNS_QUERY};
	struct world *w = *state;
	struct asker a = {0};
	struct mockns_query *q;

	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mockns_do(&w->ns[0], 0, rows[i]);
		RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == i + 1);
	}
	q = &w->ns[0].queries[0];
	assert_int_equal(sendto(w->ns[0].udp_fd, q->msg, 11, 0, &q->from.u.sa, q->from.len), 11);
	assert_int_equal(sendto(w->ns[0].udp_fd, NULL, 0, 0, &q->from.u.sa, q->from.len), 0);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 5);
	assert_int_equal(a.told, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_bad), 0);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
}

/* ---- TCP, after a truncated answer */

static void test_truncated(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_ANSWER, MOCKNS_IN_PIECES};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a[2] = {0};
		struct world *w = world_open();

		world_start_one(w, MOCKNS_TRUNCATED);
		w->ns[0].tcp = rows[i];
		asker_ask(w, &a[0], "www.example");
		asker_ask(w, &a[1], "www.example");
		expect_answer(w, &a[0], 1);
		expect_answer(w, &a[1], 1);
		assert_int_equal(w->ns[0].tcp_count, 1);
		assert_int_equal(RIG_STAT(&w->rig, upstream_tcp), 1);
		assert_int_equal(w->ns[0].accepted, 1);
		world_close(w);
	}
}

static void close_tcp(struct mockns *ns)
{
	mockns_close_tcp(ns);
}

static const struct {
	enum mockns_deed deed;
	void (*prepare)(struct mockns *ns);
} tcp_failures[] = {
	{MOCKNS_SILENCE, close_tcp}, {MOCKNS_CLOSE, NULL},     {MOCKNS_CUT, NULL},
	{MOCKNS_SHORT, NULL},	     {MOCKNS_WRONG_ID, NULL},  {MOCKNS_MALFORMED, NULL},
	{MOCKNS_SERVFAIL, NULL},     {MOCKNS_TRUNCATED, NULL}, {MOCKNS_QUERY, NULL},
};

static void test_tcp_fails(void **state)
{
	for (size_t i = 0; i < sizeof(tcp_failures) / sizeof(tcp_failures[0]); i++) {
		struct asker a = {0};
		struct asker b = {0};
		struct world *w = world_open();

		world_start(w, MOCKNS_TRUNCATED, MOCKNS_ANSWER);
		w->ns[0].tcp = tcp_failures[i].deed;
		if (tcp_failures[i].prepare)
			tcp_failures[i].prepare(&w->ns[0]);
		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 2);
		assert_int_equal(w->ns[0].udp_count, 1);
		assert_int_equal(RIG_STAT(&w->rig, upstream_tcp), 1);
		world_use_only(w, 0); /* and with no other to go on to */
		asker_ask(w, &b, "other.example");
		expect_failure(w, &b, QUERY_FAIL_NETWORK);
		RIG_AWAIT(&w->rig, mockns_connections(&w->ns[0]) == 0);
		world_close(w);
	}
}

/* A server that is silent over TCP is not waited for longer than one over UDP. */
static void test_tcp_is_silent(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_TRUNCATED, MOCKNS_SILENCE);
	w->ns[0].tcp = MOCKNS_SILENCE;
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].tcp_count == 1 && w->ns[1].udp_count == 1);
	mockns_do(&w->ns[1], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 2);
	RIG_AWAIT(&w->rig, mockns_connections(&w->ns[0]) == 0);
}

static void test_tcp_is_silent_to_the_end(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->timeout_ms = 8 * SHORT_MS;
	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start_one(w, MOCKNS_TRUNCATED);
	w->ns[0].tcp = MOCKNS_SILENCE;
	asker_ask(w, &a, "www.example");
	expect_failure(w, &a, QUERY_FAIL_NO_REPLY);
	assert_int_equal(w->ns[0].accepted, 1); /* asked again over UDP, but once over TCP */
	RIG_AWAIT(&w->rig, mockns_connections(&w->ns[0]) == 0);
}

/* Two servers truncate, and one says nothing over TCP: the other one does. */
static void test_both_truncate(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_TRUNCATED, MOCKNS_TRUNCATED);
	w->ns[0].tcp = MOCKNS_SILENCE;
	asker_ask(w, &a, "www.example");
	expect_answer(w, &a, 2);
	assert_int_equal(w->ns[0].accepted, 1);
	assert_int_equal(w->ns[1].accepted, 1);
}

static void set_files(rlim_t files)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = files;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static rlim_t files_now(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit.rlim_cur;
}

/* There is no socket to be had for the connection, as there was none for the datagram. */
static void test_no_files_left(void **state)
{
	struct world *w = *state;
	rlim_t before = files_now();
	struct asker a[3] = {0};

	world_start_one(w, MOCKNS_ANSWER);
	set_files(0);
	asker_ask(w, &a[0], "www.example");
	asker_await(w, &a[0]);
	set_files(before);
	expect_failure(w, &a[0], QUERY_FAIL_NETWORK);
	asker_ask(w, &a[1], "www.example");
	expect_answer(w, &a[1], 1);
	w->ns[0].udp = MOCKNS_TRUNCATED;
	asker_ask(w, &a[2], "other.example");
	set_files(0);
	asker_await(w, &a[2]);
	set_files(before);
	expect_failure(w, &a[2], QUERY_FAIL_NETWORK);
}

/* ---- no memory */

static void test_create_without_memory(void **state)
{
	struct endpoint addresses[2] = {loopback_endpoint(1, 53), loopback_endpoint(2, 53)};
	struct world *w = *state;
	enum err err = ERR_NOMEM;

	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		assert_true(nth < 100);
		alloc_fail_start(nth, false);
		err = upstreams_create(&w->rig.loop, rig_pool(&(struct rig_pool){0}, addresses, 2),
				       1, WORLD_IN_FLIGHT, WORLD_PORTS, &w->up);
		assert_int_equal(alloc_fail_stop(), err != ERR_OK);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
}

/* The old ones stay in use. */
static void test_set_without_memory(void **state)
{
	struct endpoint addresses[2] = {loopback_endpoint(1, 53), loopback_endpoint(2, 53)};
	struct world *w = *state;
	enum err err = ERR_NOMEM;

	world_start_one(w, MOCKNS_ANSWER);
	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		struct asker a = {0};

		assert_true(nth < 100);
		asker_ask(w, &a, "www.example");
		expect_answer(w, &a, 1);
		alloc_fail_start(nth, false);
		err = upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, addresses, 2), 1);
		assert_int_equal(alloc_fail_stop(), err != ERR_OK);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
}

#define SALT_A 11U
#define SALT_B 22U

/* Fills in a pool for all names, of server 0, and one for a zone that `salt` stands for. */
static void two_pools(const struct world *w, struct upstream_pool pools[2], struct rig_pool rigs[2],
		      uint64_t salt, size_t server)
{
	pools[0] = *rig_pool(&rigs[0], &w->ns[0].address, 1);
	pools[1] = *rig_pool(&rigs[1], &w->ns[server].address, 1);
	pools[1].salt = salt;
}

static enum err ask_pool(struct world *w, struct asker *a, const char *name, uint16_t pool,
			 uint64_t salt)
{
	struct query_key key = asker_key(w, a, name, TYPE_A, DNSMSG_EDNS);

	key.pool = pool;
	key.pool_salt = salt;
	return upstream_ask(w->up, &key, &a->base);
}

/* New pools that could not be put in force: what is for one of them is asked of no other, whatever
 * its number; what is for one that was there before is asked of that. */
static void test_set_without_memory_leaks_nothing(void **state)
{
	struct upstream_pool pools[2];
	struct rig_pool rigs[2];
	struct asker a[4] = {0};
	struct world *w = *state;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	world_add(w, MOCKNS_ANSWER);
	two_pools(w, pools, rigs, SALT_A, 1);
	assert_int_equal(upstreams_set(w->up, pools, 2), ERR_OK);
	two_pools(w, pools, rigs, SALT_B, 2);
	alloc_fail_start(0, false);
	assert_int_equal(upstreams_set(w->up, pools, 2), ERR_NOMEM);
	assert_true(alloc_fail_stop());
	assert_int_equal(ask_pool(w, &a[0], "b.example", 1, SALT_B), ERR_REFUSED);
	assert_int_equal(ask_pool(w, &a[0], "b.example", 7, SALT_B), ERR_REFUSED);
	assert_int_equal(upstreams_in_flight(w->up), 0);
	assert_int_equal(ask_pool(w, &a[1], "www.example", 0, 0), ERR_OK);
	expect_answer(w, &a[1], 1);
	assert_int_equal(ask_pool(w, &a[2], "a.example", 2, SALT_A), ERR_OK);
	expect_answer(w, &a[2], 2);
	assert_int_equal(upstreams_set(w->up, pools, 2), ERR_OK);
	assert_int_equal(ask_pool(w, &a[3], "b.example", 1, SALT_B), ERR_OK);
	expect_answer(w, &a[3], 3);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(w->ns[1].udp_count, 1);
}

/* A question in flight for a zone that a reload takes away is asked again of that zone's own. */
static void test_set_takes_zone_away(void **state)
{
	struct upstream_pool pools[2];
	struct rig_pool rigs[2];
	struct asker a = {0};
	struct world *w = *state;

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start(w, MOCKNS_ANSWER, MOCKNS_SILENCE);
	two_pools(w, pools, rigs, SALT_A, 1);
	assert_int_equal(upstreams_set(w->up, pools, 2), ERR_OK);
	assert_int_equal(ask_pool(w, &a, "a.example", 1, SALT_A), ERR_OK);
	assert_int_equal(upstreams_set(w->up, pools, 1), ERR_OK);
	RIG_AWAIT(&w->rig, w->ns[1].udp_count >= 2);
	mockns_do(&w->ns[1], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 2);
	assert_int_equal(w->ns[0].udp_count, 0);
}

/* Whatever allocation fails when a question is begun, it ends: by an answer or by a failure. */
static void test_ask_without_memory(void **state)
{
	bool failed = true;

	for (unsigned long nth = 0; failed; nth++) {
		struct asker a = {0};
		struct world *w;

		assert_true(nth < 100);
		w = world_open();
		world_outgoing(w)->timeout_ms = 500;
		world_outgoing(w)->retransmit_ms = 100;
		world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
		alloc_fail_start(nth, false);
		asker_ask(w, &a, "www.example");
		failed = alloc_fail_stop();
		asker_await(w, &a);
		assert_int_equal(a.told, 1);
		assert_int_equal(upstreams_in_flight(w->up), 0);
		world_close(w);
	}
}

/* A question whose timer cannot be had ends all the same. */
static void test_timer_without_memory(void **state)
{
	static const char *const names[] = {
		"a.example", "b.example", "c.example", "d.example", "e.example", "f.example",
		"g.example", "h.example", "i.example", "j.example", "k.example", "l.example",
	};
	struct asker a[sizeof(names) / sizeof(names[0])] = {0};
	size_t count = sizeof(names) / sizeof(names[0]);
	struct world *w = *state;

	world_outgoing(w)->timeout_ms = 4 * SHORT_MS;
	world_add(w, MOCKNS_SILENCE);
	world_create(w, WORLD_IN_FLIGHT, 1);
	asker_ask(w, &a[0], names[0]); /* opens the source */
	alloc_fail_start(0, true);
	for (size_t i = 1; i < count; i++)
		asker_ask(w, &a[i], names[i]);
	assert_true(alloc_fail_stop());
	for (size_t i = 0; i < count; i++)
		expect_failure(w, &a[i], QUERY_FAIL_NO_REPLY);
	assert_int_equal(upstreams_in_flight(w->up), 0);
}

static void test_tcp_without_memory(void **state)
{
	struct world *w = *state;
	bool failed = true;

	world_outgoing(w)->timeout_ms = 500;
	world_outgoing(w)->retransmit_ms = 100;
	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	for (unsigned long nth = 0; failed; nth++) {
		size_t i = w->ns[0].udp_count;
		struct asker a = {0};
		struct server *first = world_server(w, 0);

		assert_true(nth < 100);
		health_good(first);
		asker_ask(w, &a, "www.example");
		RIG_AWAIT(&w->rig, w->ns[0].udp_count > i || a.told);
		mockns_do(&w->ns[0], i, MOCKNS_TRUNCATED);
		alloc_fail_start(nth, false);
		rig_turn(&w->rig);
		failed = alloc_fail_stop();
		asker_await(w, &a);
		assert_int_equal(a.told, 1);
		assert_int_equal(upstreams_in_flight(w->up), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answered),
		TEST(test_message),
		TEST(test_joined),
		TEST(test_not_joined),
		TEST(test_sent_again_unchecked),
		TEST(test_verdict),
		TEST(test_ipv6),
		TEST(test_next_after_retransmit),
		TEST(test_same_after_retransmit),
		TEST(test_late_answer),
		TEST(test_attempts_are_bounded),
		TEST(test_last_attempts_fail),
		TEST(test_one_of_two_attempts_fails),
		TEST(test_last_server_is_gone),
		cmocka_unit_test(test_next_at_once),
		cmocka_unit_test(test_all_failed),
		TEST(test_all_silent),
		TEST(test_failed_and_silent),
		TEST(test_ede_is_handed_on),
		TEST(test_without_edns),
		cmocka_unit_test(test_without_edns_in_vain),
		TEST(test_cannot_send),
		TEST(test_no_upstreams),
		TEST(test_in_flight_bound),
		TEST(test_ask_when_told),
		TEST(test_nothing_sent_at_the_end),
		TEST(test_set_aside),
		TEST(test_set_aside_by_many),
		TEST(test_policies),
		TEST(test_order_of_choice),
		TEST(test_aside_and_back),
		TEST(test_answer_clears),
		TEST(test_set_in_flight),
		cmocka_unit_test(test_set_then_next),
		TEST(test_set_then_late_failure),
		TEST(test_set_then_refused),
		cmocka_unit_test(test_set_during_tcp),
		TEST(test_set_again_and_again),
		TEST(test_set_the_same),
		TEST(test_too_many_servers),
		TEST(test_free_in_flight),
		cmocka_unit_test(test_free_between_read_and_answer),
		cmocka_unit_test(test_spread),
		TEST(test_ports_are_renewed),
		TEST(test_idle_ports_are_renewed),
		TEST(test_waited_for_port_stays),
		TEST(test_spoofed_address),
		TEST(test_spoofed_content),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_tcp_fails),
		TEST(test_tcp_is_silent),
		TEST(test_tcp_is_silent_to_the_end),
		TEST(test_both_truncate),
		TEST(test_no_files_left),
		TEST(test_create_without_memory),
		TEST(test_set_without_memory),
		cmocka_unit_test(test_ask_without_memory),
		TEST(test_timer_without_memory),
		TEST(test_tcp_without_memory),
		TEST(test_set_without_memory_leaks_nothing),
		TEST(test_set_takes_zone_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
