/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that might be forged (RFC 5452): letters' case, cookies (RFC 7873), and guesses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "support/dnsmsg.h"
#include "support/world.h"

/* Enough letters that all being drawn small is not to be expected. */
#define NAME "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.example"
#define QNAME_LEN (sizeof(NAME) + 1)
#define SHORT_MS 30
#define GUESSES 16U /* beside the answers that may come */
#define SERVER_PART (EDNS_COOKIE_CLIENT + MOCKNS_COOKIE_LEN)

static const struct mockns_query *last(const struct mockns *ns)
{
	return &ns->queries[ns->udp_count - 1];
}

/* Asks and is answered by the server `mark`, in the end. */
static void ask_well(struct world *w, uint8_t mark)
{
	struct asker a = {0};

	asker_ask(w, &a, NAME);
	expect_answer(w, &a, mark);
}

/* ---- the letters' case */

static bool has_capitals(const uint8_t *msg)
{
	for (size_t i = WIRE_HEADER; i < WIRE_HEADER + QNAME_LEN; i++)
		if (msg[i] >= 'A' && msg[i] <= 'Z')
			return true;
	return false;
}

static void test_case_is_drawn(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_ANSWER);
	for (size_t i = 0; i < 20; i++) {
		ask_well(w, 1);
		assert_true(has_capitals(last(&w->ns[0])->msg));
		if (i > 0)
			assert_memory_not_equal(w->ns[0].queries[i].msg + WIRE_HEADER,
						w->ns[0].queries[i - 1].msg + WIRE_HEADER,
						QNAME_LEN);
	}
	assert_int_equal(w->ns[0].tcp_count, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_unbelieved), 0);
	world_outgoing(w)->case_randomization = false;
	ask_well(w, 1);
	assert_false(has_capitals(last(&w->ns[0])->msg));
}

/* What has not the case is asked again over TCP, in small letters; after three in a row the server
 * is asked so over UDP as well, and believed. */
static void test_case_is_changed(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_LOWER);
	for (size_t i = 1; i <= MISSES_MAX; i++) {
		ask_well(w, 1);
		assert_true(has_capitals(last(&w->ns[0])->msg));
		assert_int_equal(w->ns[0].tcp_count, i);
		assert_false(has_capitals(w->ns[0].tcp_last.msg));
		assert_int_equal(RIG_STAT(&w->rig, upstream_unbelieved), i);
		assert_int_equal(RIG_STAT(&w->rig, upstream_tcp), i);
	}
	for (size_t i = 0; i < 3; i++) {
		ask_well(w, 1);
		assert_false(has_capitals(last(&w->ns[0])->msg));
	}
	assert_int_equal(w->ns[0].tcp_count, MISSES_MAX);
	assert_int_equal(RIG_STAT(&w->rig, upstream_failures), 0);
}

/* A good answer in between, and nothing is given up. */
static void test_case_is_changed_now_and_then(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_ANSWER);
	for (size_t i = 0; i < 4 * MISSES_MAX; i++) {
		w->ns[0].udp = i % MISSES_MAX == 0 ? MOCKNS_ANSWER : MOCKNS_LOWER;
		ask_well(w, 1);
		assert_true(has_capitals(last(&w->ns[0])->msg));
	}
}

/* However often a forger repeats himself, it is one question's miss; the true answer, which may
 * still come, is taken. */
static void test_case_is_changed_often(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start_one(w, MOCKNS_SILENCE);
	w->ns[0].tcp = MOCKNS_SILENCE;
	asker_ask(w, &a, NAME);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	for (size_t i = 1; i <= 3 * MISSES_MAX; i++) {
		mockns_do(&w->ns[0], 0, MOCKNS_LOWER);
		RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unbelieved) == i);
	}
	RIG_AWAIT(&w->rig, w->ns[0].tcp_count == 1);
	assert_int_equal(RIG_STAT(&w->rig, upstream_tcp), 1); /* and it is asked once */
	assert_int_equal(a.told, 0);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
	w->ns[0].udp = MOCKNS_ANSWER;
	ask_well(w, 1);
	assert_true(has_capitals(last(&w->ns[0])->msg));
}

/* Where there is no TCP, the next server is asked. */
static void test_case_is_changed_without_tcp(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_LOWER, MOCKNS_ANSWER);
	mockns_close_tcp(&w->ns[0]);
	ask_well(w, 2);
	assert_int_equal(w->ns[0].udp_count, 1);
}

/* An error that does not repeat the question says nothing of its case (RFC 6891, 7: old servers).
 * It is asked without EDNS beside; after three that were answered so, at once; and with it again
 * later. */
static void test_case_of_no_question(void **state)
{
	struct world *w = *state;
	size_t asked = 2 * MISSES_MAX;

	world_start_one(w, MOCKNS_FORMERR_BARE);
	for (size_t i = 1; i <= MISSES_MAX; i++) {
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, 2 * i);
		assert_true(has_capitals(last(&w->ns[0])->msg));
	}
	for (size_t i = 1; i <= 5; i++) {
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, asked + i);
	}
	for (size_t i = 1; i <= 3; i++) { /* once each time, and ever later */
		uint64_t again_ms = world_server(w, 0)->edns.again_ms;

		world_server(w, 0)->edns.again_ms = 0;
		asked = w->ns[0].udp_count;
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, asked + 2);
		assert_true(world_server(w, 0)->edns.again_ms > again_ms);
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, asked + 3);
	}
	assert_int_equal(w->ns[0].tcp_count, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_unbelieved), 0);
	w->ns[0].udp = MOCKNS_COOKIE; /* it has learned EDNS */
	world_server(w, 0)->edns.again_ms = 0;
	for (size_t i = 1; i <= 3; i++) {
		ask_well(w, 1);
		assert_int_equal(wire_get16(last(&w->ns[0])->msg + 10), 1);
	}
}

/* What was given up is tried again, with one question, after twice as long each time. */
static void test_case_is_tried_again(void **state)
{
	struct world *w = *state;
	struct trait *trait;
	uint64_t wait_ms = 60000;

	world_start_one(w, MOCKNS_LOWER);
	trait = &world_server(w, 0)->spells;
	for (size_t i = 0; i < MISSES_MAX; i++)
		ask_well(w, 1);
	for (size_t i = 0; i < 3; i++) {
		ask_well(w, 1);
		assert_false(has_capitals(last(&w->ns[0])->msg));
		assert_in_range(trait->again_ms - w->rig.loop.env.now_ms, wait_ms / 2, wait_ms);
		trait->again_ms = w->rig.loop.env.now_ms;
		ask_well(w, 1);
		assert_true(has_capitals(last(&w->ns[0])->msg));
		wait_ms *= 2;
	}
	w->ns[0].udp = MOCKNS_ANSWER;
	trait->again_ms = w->rig.loop.env.now_ms;
	for (size_t i = 0; i < 3; i++) {
		ask_well(w, 1);
		assert_true(has_capitals(last(&w->ns[0])->msg));
	}
}

/* ---- cookies */

/* Octets of the cookie in the query that came last over UDP; 0: it has none. */
static uint8_t cookie_len(const struct mockns *ns)
{
	uint8_t len = 0;

	return mockns_cookie(last(ns), &len) ? len : 0;
}

/* The cookie sent last has the server's part as it is now, behind the client's. */
static void expect_whole_cookie(const struct mockns *ns, const uint8_t *client)
{
	uint8_t len;
	const uint8_t *cookie = mockns_cookie(last(ns), &len);

	assert_non_null(cookie);
	assert_int_equal(len, SERVER_PART);
	assert_memory_equal(cookie, client, EDNS_COOKIE_CLIENT);
	assert_memory_equal(cookie + EDNS_COOKIE_CLIENT, ns->cookie, MOCKNS_COOKIE_LEN);
}

static void test_cookie_is_learned(void **state)
{
	struct world *w = *state;
	uint8_t client[EDNS_COOKIE_CLIENT];

	world_start_one(w, MOCKNS_COOKIE);
	ask_well(w, 1);
	assert_int_equal(cookie_len(&w->ns[0]), EDNS_COOKIE_CLIENT);
	memcpy(client, mockns_cookie(last(&w->ns[0]), &(uint8_t){0}), sizeof(client));
	for (uint8_t i = 1; i < 4; i++) {
		ask_well(w, 1);
		expect_whole_cookie(&w->ns[0], client);
		w->ns[0].cookie[0] = i; /* with the next answer it is told */
		ask_well(w, 1);
	}
	assert_int_equal(w->ns[0].tcp_count, 0);
	world_outgoing(w)->cookies = false;
	w->ns[0].udp = MOCKNS_ANSWER;
	ask_well(w, 1);
	assert_int_equal(cookie_len(&w->ns[0]), 0);
	assert_int_equal(w->ns[0].tcp_count, 0);
}

/* No server can tell by its cookie what another is asked. */
static void test_cookie_is_of_one_server(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_SERVFAIL, MOCKNS_COOKIE);
	ask_well(w, 2);
	assert_memory_not_equal(mockns_cookie(last(&w->ns[0]), &(uint8_t){0}),
				mockns_cookie(last(&w->ns[1]), &(uint8_t){0}), EDNS_COOKIE_CLIENT);
}

/* Nobody but the server has seen our part: what has another is not its answer. */
static void test_cookie_of_another(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_COOKIE_CHANGED);
	for (size_t i = 1; i <= 2 * MISSES_MAX; i++) {
		ask_well(w, 1);
		assert_int_equal(cookie_len(&w->ns[0]), EDNS_COOKIE_CLIENT); /* it is not kept */
		assert_int_equal(w->ns[0].tcp_count, i);
		assert_int_equal(RIG_STAT(&w->rig, upstream_unbelieved), i);
	}
}

static void learn(struct world *w)
{
	w->ns[0].udp = MOCKNS_COOKIE;
	ask_well(w, 1);
}

/* Who has given cookies does so always; if not, he is not believed, thrice in a row. */
static void test_cookie_is_missing(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_COOKIE);
	learn(w);
	for (size_t i = 1; i < MISSES_MAX; i++) {
		w->ns[0].udp = MOCKNS_ANSWER;
		ask_well(w, 1);
		assert_int_equal(w->ns[0].tcp_count, i);
		assert_int_equal(cookie_len(&w->ns[0]), SERVER_PART);
	}
	learn(w);
	w->ns[0].udp = MOCKNS_ANSWER;
	for (size_t i = 0; i < MISSES_MAX; i++) {
		ask_well(w, 1);
		assert_int_equal(w->ns[0].tcp_count, MISSES_MAX + i);
		assert_int_equal(cookie_len(&w->ns[0]), SERVER_PART);
	}
	for (size_t i = 0; i < 3; i++) {
		ask_well(w, 1);
		assert_int_equal(cookie_len(&w->ns[0]), 0);
	}
	assert_int_equal(w->ns[0].tcp_count, 2 * MISSES_MAX - 1);
	assert_false(mockns_cookie(&w->ns[0].tcp_last, &(uint8_t){0}));
}

/* One question's forged answers give up nothing, whatever they say. */
static void test_cookie_is_missing_often(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_ANSWER,	MOCKNS_SERVFAIL,
						MOCKNS_FORMERR, MOCKNS_FORMERR_EDNS,
						MOCKNS_REFUSED, MOCKNS_COOKIE_CHANGED};
	struct world *w = *state;
	struct asker a = {0};

	world_start_one(w, MOCKNS_COOKIE);
	learn(w);
	w->ns[0].udp = MOCKNS_SILENCE;
	w->ns[0].tcp = MOCKNS_SILENCE;
	asker_ask(w, &a, NAME);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mockns_do(&w->ns[0], 1, rows[i]);
		RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unbelieved) == i + 1);
	}
	RIG_AWAIT(&w->rig, w->ns[0].tcp_count == 1);
	assert_int_equal(a.told, 0);
	assert_int_equal(w->ns[0].udp_count, 2); /* nothing was asked without */
	mockns_do(&w->ns[0], 1, MOCKNS_COOKIE);
	expect_answer(w, &a, 1);
	learn(w);
	assert_int_equal(cookie_len(&w->ns[0]), SERVER_PART);
}

/* A truncated answer may lack it: all it can do is to have us ask over TCP. */
static void test_cookie_and_truncation(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_TRUNCATED, MOCKNS_TRUNCATED_FORMERR};
	struct world *w = *state;
	size_t asked = 1;

	world_start_one(w, MOCKNS_COOKIE);
	learn(w);
	for (size_t i = 0; i < 4 * MISSES_MAX; i++) {
		w->ns[0].udp = rows[i % 2];
		ask_well(w, 1);
		assert_int_equal(w->ns[0].tcp_count, i + 1);
		assert_int_equal(w->ns[0].udp_count, ++asked);
		assert_int_equal(cookie_len(&w->ns[0]), SERVER_PART);
	}
	assert_int_equal(RIG_STAT(&w->rig, upstream_unbelieved), 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_failures), 0);
}

/* Asked again with the cookie that it gave; then over TCP, which needs none (RFC 7873, 5.3). */
static void test_bad_cookie(void **state)
{
	static const struct {
		enum mockns_deed deed;
		size_t udp;
		size_t tcp;
	} rows[] = {{MOCKNS_BADCOOKIE, 2, 0}, {MOCKNS_BADCOOKIE_EVER, 2, 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t client[EDNS_COOKIE_CLIENT];
		struct world *w = world_open();

		world_start_one(w, rows[i].deed);
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, rows[i].udp);
		assert_int_equal(w->ns[0].tcp_count, rows[i].tcp);
		memcpy(client, mockns_cookie(&w->ns[0].queries[0], &(uint8_t){0}), sizeof(client));
		expect_whole_cookie(&w->ns[0], client);
		assert_int_equal(RIG_STAT(&w->rig, upstream_failures), 0);
		w->ns[0].cookie[3]++; /* its secret is a new one */
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, 2 * rows[i].udp);
		expect_whole_cookie(&w->ns[0], client);
		world_close(w);
	}
}

static bool has_opt(const struct mockns *ns)
{
	return wire_get16(last(ns)->msg + 10) == 1;
}

/* Some stumble over them: asked without at once, and from then on. */
static void test_stumbles_over_cookies(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_NO_COOKIES);
	ask_well(w, 1);
	assert_int_equal(w->ns[0].udp_count, 2);
	assert_int_equal(cookie_len(&w->ns[0]), 0);
	assert_true(has_opt(&w->ns[0]));
	for (size_t i = 1; i < 4; i++) {
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, 2 + i);
		assert_int_equal(cookie_len(&w->ns[0]), 0);
	}
	assert_int_equal(w->ns[0].tcp_count, 0);
}

/* They are sent again later, after twice as long each time, and for good once it takes them. */
static void test_cookies_are_tried_again(void **state)
{
	struct world *w = *state;
	struct trait *trait;
	uint64_t wait_ms = 60000;

	world_start_one(w, MOCKNS_NO_COOKIES);
	trait = &world_server(w, 0)->cookies;
	ask_well(w, 1);
	for (size_t i = 0; i < 3; i++) {
		size_t asked = w->ns[0].udp_count;

		assert_in_range(trait->again_ms - w->rig.loop.env.now_ms, wait_ms / 2, wait_ms);
		trait->again_ms = w->rig.loop.env.now_ms;
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, asked + 2); /* with one, and without */
		ask_well(w, 1);
		assert_int_equal(w->ns[0].udp_count, asked + 3);
		wait_ms *= 2;
	}
	w->ns[0].udp = MOCKNS_COOKIE;
	trait->again_ms = w->rig.loop.env.now_ms;
	ask_well(w, 1);
	assert_int_equal(cookie_len(&w->ns[0]), EDNS_COOKIE_CLIENT);
	ask_well(w, 1);
	assert_int_equal(cookie_len(&w->ns[0]), SERVER_PART);
}

/* Others stumble over the question: that takes no protection from the next. */
static void test_stumbles_over_the_question(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_FORMERR_EDNS, MOCKNS_FORMERR, MOCKNS_NO_EDNS,
						MOCKNS_FORMERR_BARE};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_open();

		world_start_one(w, rows[i]);
		world_ask(w, NAME);
		assert_int_equal(w->ns[0].udp_count, 2);
		assert_int_equal(cookie_len(&w->ns[0]), 0);
		w->ns[0].udp = MOCKNS_ANSWER;
		ask_well(w, 1);
		assert_int_equal(cookie_len(&w->ns[0]), EDNS_COOKIE_CLIENT);
		world_close(w);
	}
}

/* What one server stumbles over is no reason to ask another without. */
static void test_other_server_is_asked_with_all(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_FORMERR, MOCKNS_ANSWER);
	ask_well(w, 2);
	assert_int_equal(w->ns[0].udp_count, 2);
	assert_false(has_opt(&w->ns[0]));
	assert_int_equal(cookie_len(&w->ns[1]), EDNS_COOKIE_CLIENT);
}

/* ---- guesses */

/* So many answers come to the question `query` with wrong IDs. */
static void guess(struct world *w, size_t query, size_t count)
{
	uint64_t before = RIG_STAT(&w->rig, upstream_unsolicited);

	for (size_t i = 1; i <= count; i++) {
		mockns_do(&w->ns[0], query, i % 2 ? MOCKNS_WRONG_ID : MOCKNS_WRONG_NAME);
		RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == before + i);
	}
}

/* Many wrong guesses at a port: what waits there is asked over TCP, and the port is another. */
static void test_guesses(void **state)
{
	struct world *w = *state;
	struct asker a[2] = {0};

	world_add(w, MOCKNS_SILENCE);
	world_create(w, WORLD_IN_FLIGHT, 1);
	asker_ask(w, &a[0], "a.example");
	asker_ask(w, &a[1], "b.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2);
	guess(w, 0, GUESSES + 1);
	assert_int_equal(w->ns[0].tcp_count, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_forged), 0);
	guess(w, 1, 1);
	for (size_t i = 0; i < 2; i++)
		expect_answer(w, &a[i], 1);
	assert_int_equal(w->ns[0].tcp_count, 2);
	assert_int_equal(w->ns[0].udp_count, 2);
	assert_int_equal(RIG_STAT(&w->rig, upstream_forged), 2);
	assert_int_equal(world_server(w, 0)->health.strikes, 0); /* it has done nothing */
	w->ns[0].udp = MOCKNS_ANSWER;
	ask_well(w, 1);
	assert_int_not_equal(mockns_source_port(&w->ns[0], 2), mockns_source_port(&w->ns[0], 1));
}

/* An answer in between shows that they are few. */
static void test_few_guesses(void **state)
{
	struct world *w = *state;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, WORLD_IN_FLIGHT, 1);
	for (size_t i = 0; i < 4; i++) {
		struct asker a = {0};

		asker_ask(w, &a, NAME);
		RIG_AWAIT(&w->rig, w->ns[0].udp_count == i + 1);
		guess(w, i, GUESSES);
		mockns_do(&w->ns[0], i, MOCKNS_ANSWER);
		expect_answer(w, &a, 1);
	}
	assert_int_equal(w->ns[0].tcp_count, 0);
}

/* What answers a question that was given up is late, and no guess. */
static void test_late_answers_are_no_guesses(void **state)
{
	struct world *w = *state;
	struct asker waits = {0};
	size_t late = 2 * GUESSES;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, WORLD_IN_FLIGHT, 1);
	world_outgoing(w)->timeout_ms = SHORT_MS;
	for (size_t i = 0; i < late; i++) {
		struct asker a = {0};

		asker_ask(w, &a, NAME);
		expect_failure(w, &a, QUERY_FAIL_NO_REPLY);
		world_server(w, 0)->health = (struct health){0}; /* it stays well */
	}
	world_outgoing(w)->timeout_ms = 60000;
	asker_ask(w, &waits, "waits.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == late + 1);
	for (size_t i = 0; i < late; i++)
		mockns_do(&w->ns[0], i, MOCKNS_ANSWER);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == late);
	assert_int_equal(w->ns[0].tcp_count, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_forged), 0);
	mockns_do(&w->ns[0], late, MOCKNS_ANSWER);
	expect_answer(w, &waits, 1);
}

/* ---- an attempt lives until its time is up */

/* What a forger can send that has the port and the ID, and does not end the question. */
static const enum mockns_deed suspicions[] = {MOCKNS_MALFORMED, MOCKNS_LOWER, MOCKNS_BARE_SERVFAIL};

/* The truth comes late, and there is no TCP: it is taken; the server is not blamed. */
static void test_late_truth(void **state)
{
	for (size_t i = 0; i < sizeof(suspicions) / sizeof(suspicions[0]); i++) {
		struct world *w = world_open();
		struct asker a = {0};

		world_start_one(w, MOCKNS_SILENCE);
		mockns_close_tcp(&w->ns[0]);
		asker_ask(w, &a, NAME);
		RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
		mockns_do(&w->ns[0], 0, suspicions[i]);
		RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2); /* TCP failed: from another port */
		assert_int_not_equal(mockns_source_port(&w->ns[0], 0),
				     mockns_source_port(&w->ns[0], 1));
		for (size_t k = 0; k < 5; k++)
			mockns_do(&w->ns[0], 0, suspicions[i]);
		world_settle(w);
		assert_int_equal(a.told, 0);
		assert_int_equal(w->ns[0].udp_count, 2); /* once */
		mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
		expect_answer(w, &a, 1);
		assert_int_equal(world_server(w, 0)->health.strikes, 0);
		world_close(w);
	}
}

/* Guesses at a port, and no TCP: the true answer is waited for all the same. */
static void test_guesses_without_tcp(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start_one(w, MOCKNS_SILENCE);
	mockns_close_tcp(&w->ns[0]);
	asker_ask(w, &a, NAME);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	guess(w, 0, 40);
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 2);
	assert_int_equal(a.told, 0);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
	assert_int_equal(world_server(w, 0)->health.strikes, 0);
}

/* When nothing true comes in its time, that is silence; no word of it is remembered. */
static void test_lies_are_silence(void **state)
{
	for (size_t i = 0; i < sizeof(suspicions) / sizeof(suspicions[0]); i++) {
		struct world *w = world_open();
		struct asker a = {0};

		world_outgoing(w)->timeout_ms = 10 * SHORT_MS;
		world_start_one(w, suspicions[i]);
		mockns_close_tcp(&w->ns[0]);
		asker_ask(w, &a, NAME);
		expect_failure(w, &a, QUERY_FAIL_NO_REPLY);
		assert_int_equal(world_server(w, 0)->health.strikes, 1);
		world_close(w);
	}
}

/* With TCP the truth is had at once. */
static void test_suspicion_with_tcp(void **state)
{
	for (size_t i = 0; i < sizeof(suspicions) / sizeof(suspicions[0]); i++) {
		struct world *w = world_open();

		world_start_one(w, suspicions[i]);
		ask_well(w, 1);
		assert_int_equal(w->ns[0].tcp_count, 1);
		assert_int_equal(w->ns[0].udp_count, 1);
		world_close(w);
	}
}

/* ---- over a connection nothing of this is needed */

static void test_nothing_over_tcp(void **state)
{
	struct world *w = *state;
	struct rig_pool p;
	struct asker a = {0};

	world_add(w, MOCKNS_SILENCE);
	w->ns[0].tcp = MOCKNS_LOWER;
	rig_pool(&p, &w->ns[0].address, 1);
	p.servers[0].transport = CONF_TRANSPORT_TCP;
	assert_int_equal(
		upstreams_create(&w->rig.loop, &p.pool, 1, WORLD_IN_FLIGHT, WORLD_PORTS, &w->up),
		ERR_OK);
	asker_ask(w, &a, NAME);
	expect_answer(w, &a, 1);
	assert_false(has_capitals(w->ns[0].tcp_last.msg));
	assert_false(mockns_cookie(&w->ns[0].tcp_last, &(uint8_t){0}));
	assert_int_equal(wire_get16(w->ns[0].tcp_last.msg + 10), 1);
	assert_int_equal(w->ns[0].udp_count, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_tcp), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_case_is_drawn),
		TEST(test_case_is_changed),
		TEST(test_case_is_changed_now_and_then),
		TEST(test_case_is_changed_often),
		TEST(test_case_is_changed_without_tcp),
		TEST(test_case_of_no_question),
		TEST(test_case_is_tried_again),
		TEST(test_cookie_is_learned),
		TEST(test_cookie_is_of_one_server),
		TEST(test_cookie_of_another),
		TEST(test_cookie_is_missing),
		TEST(test_cookie_is_missing_often),
		TEST(test_cookie_and_truncation),
		cmocka_unit_test(test_bad_cookie),
		TEST(test_stumbles_over_cookies),
		TEST(test_cookies_are_tried_again),
		cmocka_unit_test(test_stumbles_over_the_question),
		TEST(test_other_server_is_asked_with_all),
		TEST(test_guesses),
		TEST(test_few_guesses),
		TEST(test_late_answers_are_no_guesses),
		cmocka_unit_test(test_late_truth),
		TEST(test_guesses_without_tcp),
		cmocka_unit_test(test_lies_are_silence),
		cmocka_unit_test(test_suspicion_with_tcp),
		TEST(test_nothing_over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
