/* SPDX-License-Identifier: BSD-2-Clause */
/* The course of a question: which server is asked, when a second one is, and who is measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/world.h"

#define LONG_MS 60000U
#define SHORT_MS 30U
#define USUAL_US 10000U /* that nearly all answers take */
#define HEDGE_MS 16U	/* by when a second one is asked then, at most */
#define PLACES 16U	/* of questions in flight, in the tests of their bound */

static void ask_well(struct world *w, const char *name, uint8_t mark)
{
	struct asker a = {0};

	asker_ask(w, &a, name);
	expect_answer(w, &a, mark);
}

/* Nearly all answers of the server took the usual time, but it would be waited for long. */
static void make_known(struct world *w, size_t place)
{
	struct rtt *rtt = &world_server(w, place)->health.rtt;

	memset(rtt, 0, sizeof(*rtt));
	for (int i = 0; i < 100; i++)
		rtt_sample(rtt, USUAL_US);
	rtt->smoothed_us = 10000000;
	assert_int_equal(rtt_timeout_ms(rtt, 1), RTT_TIMEOUT_MAX_MS);
	assert_in_range(rtt_p95_us(rtt), USUAL_US, (HEDGE_MS - 1) * 1000);
}

/* What its answers are held to take, by which it is waited for long enough on a busy machine. */
static void make_slow(struct world *w, size_t place, uint32_t ms)
{
	world_server(w, place)->health.rtt.smoothed_us = 1000 * ms;
	world_server(w, place)->health.rtt.spread_us = 0;
}

/* Turns the loop for so long: what was to come by then has. */
static void pass(struct world *w, uint64_t ms)
{
	uint64_t end_ms = await_clock_ms() + ms;

	RIG_AWAIT(&w->rig, await_clock_ms() > end_ms);
}

static void set_aside(struct world *w, size_t place)
{
	world_server(w, place)->health.strikes = STRIKES_OUT;
	world_server(w, place)->health.state = STATE_ASIDE;
}

static void let_measure(struct world *w, size_t place, bool due)
{
	world_server(w, place)->health.measure_at_ms = due ? 0 : UINT64_MAX;
}

/* ---- hedges */

/* There is budget enough to ask a second one when the first is late. */
static void let_hedge(struct world *w)
{
	world_outgoing(w)->hedge_percent = 50;
	w->up->extra_budget = 10000000;
	make_known(w, 0);
}

/* The first takes longer than it nearly always does: the second is asked as well. */
static void test_hedge(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms;

	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	let_hedge(w);
	begun_ms = await_clock_ms();
	ask_well(w, "www.example", 2);
	assert_true(await_clock_ms() - begun_ms >= USUAL_US / 1000);
	assert_int_equal(RIG_STAT(&w->rig, upstream_hedges), 1);
	assert_int_equal(RIG_STAT(&w->rig, upstream_timeouts), 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_retries), 0);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(world_server(w, 0)->health.strikes, 0); /* it is not blamed */
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);			 /* late, and of no use */
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 1);
}

/* Or the first answers after all. */
static void test_hedge_in_vain(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	let_hedge(w);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[1].udp_count == 1);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
	mockns_do(&w->ns[1], 0, MOCKNS_ANSWER);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 1);
	assert_int_equal(a.told, 1);
	assert_int_equal(upstreams_in_flight(w->up), 0);
}

/* A question asks a second one once, and the budget allows one in two. */
static void test_hedge_budget(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	world_outgoing(w)->hedge_percent = 50;
	for (size_t i = 0; i < 6; i++) {
		struct asker a = {0};

		make_known(w, 0);
		asker_ask(w, &a, "www.example");
		RIG_AWAIT(&w->rig, w->ns[1].udp_count == (i + 1) / 2);
		pass(w, 3 * HEDGE_MS);
		assert_int_equal(w->ns[1].udp_count, (i + 1) / 2);
		mockns_do(&w->ns[0], i, MOCKNS_ANSWER);
		expect_answer(w, &a, 1);
	}
	assert_int_equal(RIG_STAT(&w->rig, upstream_hedges), 3);
}

/* What is saved up is not without end. */
static void test_budget_is_bounded(void **state)
{
	struct world *w = *state;
	uint64_t most = 0;
	uint64_t full = 0;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	world_outgoing(w)->hedge_percent = 50;
	for (size_t i = 0; i < 60; i++) {
		/* on a machine that is slow for a moment some is spent */
		if (w->up->extra_budget > most)
			most = w->up->extra_budget;
		if (i == 50)
			full = most;
		ask_well(w, "www.example", 1);
	}
	assert_true(full > 0);
	assert_int_equal(most, full);
}

static void no_percent(struct world *w)
{
	world_outgoing(w)->hedge_percent = 0;
}

static void second_aside(struct world *w)
{
	set_aside(w, 1);
	let_measure(w, 1, false);
}

static void second_dead(struct world *w)
{
	second_aside(w);
	world_server(w, 1)->health.state = STATE_DEAD;
}

static void first_unknown(struct world *w)
{
	memset(&world_server(w, 0)->health.rtt, 0, sizeof(struct rtt));
}

static void test_no_hedge(void **state)
{
	static void (*const rows[])(struct world * w) = {no_percent, second_aside, second_dead,
							 first_unknown};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asker a = {0};
		struct world *w = world_open();

		world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
		let_hedge(w);
		rows[i](w);
		asker_ask(w, &a, "www.example");
		pass(w, 3 * HEDGE_MS);
		assert_int_equal(w->ns[1].udp_count, 0);
		assert_int_equal(RIG_STAT(&w->rig, upstream_hedges), 0);
		mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
		expect_answer(w, &a, 1);
		world_close(w);
	}
}

/* The second one is of the upstreams in force by then, and not the one that is asked already. */
static void test_hedge_after_reload(void **state)
{
	struct world *w = *state;
	struct endpoint then[2];
	struct asker a = {0};

	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	world_add(w, MOCKNS_ANSWER);
	let_hedge(w);
	asker_ask(w, &a, "www.example");
	then[0] = w->ns[0].address;
	then[1] = w->ns[2].address;
	assert_int_equal(upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, then, 2), 1), ERR_OK);
	expect_answer(w, &a, 3);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(w->ns[1].udp_count, 0);
}

/* A failure of the first is no reason to ask the second twice. */
static void test_failure_after_hedge(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	let_hedge(w);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[1].udp_count == 1);
	mockns_do(&w->ns[0], 0, MOCKNS_SERVFAIL);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_failures) == 1);
	world_settle(w);
	assert_int_equal(w->ns[1].udp_count, 1);
	assert_int_equal(a.told, 0);
	mockns_do(&w->ns[1], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 2);
}

/* ---- how long is waited */

static uint64_t wait_of(struct world *w, enum conf_transport transport, uint32_t smoothed_us)
{
	struct rig_pool p;
	struct asker a = {0};
	const struct question *q;

	rig_pool(&p, &w->ns[0].address, 1);
	p.servers[0].transport = transport;
	assert_int_equal(upstreams_set(w->up, &p.pool, 1), ERR_OK);
	world_server(w, 0)->health.rtt =
		(struct rtt){.smoothed_us = smoothed_us, .spread_us = smoothed_us / 8};
	asker_ask(w, &a, "www.example");
	q = question_oldest(w->up);
	assert_non_null(q);
	expect_answer(w, &a, 1);
	return q->retry_ms - q->begun_ms; /* of an unused one by now, as it was left */
}

/* As long as the round trips say; over a connection that is not less than one that is opened. */
static void test_waits(void **state)
{
	static const struct {
		enum conf_transport transport;
		uint32_t smoothed_us;
		uint64_t wait_ms;
	} rows[] = {
		{CONF_TRANSPORT_UDP, 0, 400},	     {CONF_TRANSPORT_TCP, 0, 400},
		{CONF_TRANSPORT_UDP, 1000, 100},     {CONF_TRANSPORT_TCP, 1000, 400},
		{CONF_TRANSPORT_UDP, 600000, 900},   {CONF_TRANSPORT_TCP, 600000, 900},
		{CONF_TRANSPORT_UDP, 3000000, 1500}, {CONF_TRANSPORT_TCP, 3000000, 1500},
	};
	struct world *w = *state;

	world_start_one(w, MOCKNS_ANSWER);
	world_outgoing(w)->retransmit_ms = 400;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(wait_of(w, rows[i].transport, rows[i].smoothed_us),
				 rows[i].wait_ms);
}

/* ---- who is measured */

static void expect_no_probes(struct world *w)
{
	RIG_AWAIT(&w->rig, LIST_EMPTY(&w->up->measures));
	assert_int_equal(upstreams_in_flight(w->up), 0);
}

/* One set aside comes back by itself: a question is doubled, for which nobody waits. */
static void test_aside_comes_back(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	set_aside(w, 0);
	let_measure(w, 0, true);
	ask_well(w, "www.example", 2);
	RIG_AWAIT(&w->rig, world_server(w, 0)->health.strikes == 0);
	expect_no_probes(w);
	assert_int_equal(w->ns[0].udp_count, 1);
	assert_int_equal(RIG_STAT(&w->rig, upstream_probes), 1);
	assert_int_equal(RIG_STAT(&w->rig, forwarded),
			 1); /* the other is no question of a client */
	ask_well(w, "www.example", 1);
}

/* One that is not well yet stays aside, whatever it does; the probe is gone in any case. */
static void test_aside_stays(void **state)
{
	static const enum mockns_deed rows[] = {MOCKNS_SERVFAIL, MOCKNS_REFUSED, MOCKNS_MALFORMED,
						MOCKNS_SILENCE};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct question *probe;
		struct world *w = world_open();

		world_start(w, rows[i], MOCKNS_ANSWER);
		set_aside(w, 0);
		let_measure(w, 0, true);
		ask_well(w, "www.example", 2);
		RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
		probe = LIST_FIRST(&w->up->measures);
		if (rows[i] == MOCKNS_SILENCE) {
			assert_non_null(probe);
			assert_in_range(probe->deadline_ms, 1, probe->begun_ms + 4000);
			probe->deadline_ms = 1; /* it has come */
			event_active(&probe->timer, EV_TIMEOUT, 0);
		}
		expect_no_probes(w);
		assert_true(health_is_aside(&world_server(w, 0)->health));
		ask_well(w, "www.example", 2); /* and it is not its time again yet */
		world_settle(w);
		assert_int_equal(w->ns[0].udp_count, 1);
		world_close(w);
	}
}

/* That an answer does not fit shows as well that the server is well. */
static void test_probe_is_truncated(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_TRUNCATED, MOCKNS_ANSWER);
	set_aside(w, 0);
	let_measure(w, 0, true);
	ask_well(w, "www.example", 2);
	RIG_AWAIT(&w->rig, world_server(w, 0)->health.strikes == 0);
	expect_no_probes(w);
	assert_int_equal(w->ns[0].accepted, 0);
}

/* A client's question is his own: it does not wait for what is being measured. */
static void test_probe_is_not_joined(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	set_aside(w, 0);
	let_measure(w, 0, true);
	ask_well(w, "www.example", 2);
	assert_int_equal(upstreams_in_flight(w->up), 1);
	ask_well(w, "www.example", 2);
	assert_int_equal(RIG_STAT(&w->rig, joined), 0);
	assert_int_equal(RIG_STAT(&w->rig, forwarded), 2);
	assert_int_equal(RIG_STAT(&w->rig, upstream_probes), 1);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_no_probes(w);
}

/* What was lost on the way is no round trip of a server that has answered since. */
static void test_lost_is_not_slow(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 3);
	mockns_do(&w->ns[0], 2, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
	assert_int_equal(world_server(w, 0)->health.rtt.samples, 1);
}

/* The slow one's round trips are learned though the fast one answers each question. */
static void test_slow_one_is_measured(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	world_outgoing(w)->policy = CONF_POLICY_FASTEST;
	world_outgoing(w)->hedge_percent = 50;
	w->ns[1].delay_ms = SHORT_MS;
	for (size_t i = 0; i < 6; i++)
		ask_well(w, "www.example", 1);
	RIG_AWAIT(&w->rig, world_server(w, 1)->health.rtt.smoothed_us > 0);
	assert_true(world_server(w, 1)->health.rtt.smoothed_us > SHORT_MS * 1000 / 2);
	expect_no_probes(w);
	assert_int_equal(RIG_STAT(&w->rig, upstream_probes), 1); /* not each time */
}

/* What may cost nothing is not done, but for those set aside. */
static void test_measured_without_budget(void **state)
{
	static const struct {
		enum conf_policy policy;
		uint32_t percent;
	} rows[] = {{CONF_POLICY_FASTEST, 0},
		    {CONF_POLICY_IN_ORDER, 50},
		    {CONF_POLICY_ROUND_ROBIN, 50}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_open();

		world_add(w, MOCKNS_ANSWER);
		world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
		for (size_t k = 0; k < 3; k++)
			make_known(w, k);
		world_outgoing(w)->policy = rows[i].policy;
		world_outgoing(w)->hedge_percent = rows[i].percent;
		w->up->pools[0]->turn = 2;
		let_measure(w, 1, true); /* its time has come, but it is not worth it */
		set_aside(w, 2);
		let_measure(w, 2, true);
		ask_well(w, "www.example", 1);
		RIG_AWAIT(&w->rig, world_server(w, 2)->health.strikes == 0);
		expect_no_probes(w);
		assert_int_equal(w->ns[1].udp_count, 0);
		assert_int_equal(RIG_STAT(&w->rig, upstream_probes), 1);
		world_close(w);
	}
}

/* ---- policies */

static void expect_counts(const struct world *w, size_t first, size_t second, size_t third)
{
	assert_int_equal(w->ns[0].udp_count, first);
	assert_int_equal(w->ns[1].udp_count, second);
	assert_int_equal(w->ns[2].udp_count, third);
}

static void start_three(struct world *w, enum conf_policy policy)
{
	world_add(w, MOCKNS_ANSWER);
	world_start(w, MOCKNS_ANSWER, MOCKNS_ANSWER);
	world_outgoing(w)->policy = policy;
}

static void test_in_order(void **state)
{
	struct world *w = *state;

	start_three(w, CONF_POLICY_IN_ORDER);
	make_slow(w, 0, 1000); /* however slow */
	for (size_t i = 0; i < 6; i++)
		world_ask(w, "www.example");
	expect_counts(w, 6, 0, 0);
	mockns_close_udp(&w->ns[0]);
	for (size_t i = 0; i < 6; i++)
		ask_well(w, "www.example", 2);
	expect_counts(w, 6, 6, 0);
}

static void test_round_robin(void **state)
{
	struct world *w = *state;

	start_three(w, CONF_POLICY_ROUND_ROBIN);
	for (size_t i = 1; i <= 4; i++) {
		for (size_t k = 0; k < 3; k++)
			world_ask(w, "www.example");
		expect_counts(w, i, i, i);
	}
}

/* Each is asked once, as nothing is known of it; then the fastest, until it is not. */
static void test_fastest(void **state)
{
	struct world *w = *state;
	size_t asked;

	start_three(w, CONF_POLICY_FASTEST);
	for (size_t i = 0; i < 3; i++)
		world_ask(w, "www.example");
	expect_counts(w, 1, 1, 1);
	make_slow(w, 0, 800);
	make_slow(w, 1, 400);
	make_slow(w, 2, 1200);
	for (size_t i = 0; i < 5; i++)
		ask_well(w, "www.example", 2);
	expect_counts(w, 1, 6, 1);
	make_slow(w, 0, 200);
	make_slow(w, 1, 150);
	w->ns[1].delay_ms = 20 * SHORT_MS;
	for (size_t i = 0; i < 6; i++) /* it is not waited for to the end, which counts too */
		ask_well(w, "www.example", 1);
	asked = w->ns[1].udp_count;
	for (size_t i = 0; i < 3; i++)
		ask_well(w, "www.example", 1);
	expect_counts(w, 10, asked, 1);
	assert_true(world_server(w, 1)->health.rtt.smoothed_us > 150000);
}

/* ---- what is held against whom */

/* What all say is the name's fault; what one says alone is its own. */
static void test_blamed_for_servfail(void **state)
{
	static const struct {
		enum mockns_deed first;
		enum mockns_deed second;
		uint32_t strikes;
	} rows[] = {
		{MOCKNS_SERVFAIL, MOCKNS_SERVFAIL, 0},	{MOCKNS_SERVFAIL, MOCKNS_ANSWER, 1},
		{MOCKNS_REFUSED, MOCKNS_REFUSED, 0},	{MOCKNS_REFUSED, MOCKNS_ANSWER, 1},
		{MOCKNS_MALFORMED, MOCKNS_SERVFAIL, 0}, {MOCKNS_MALFORMED, MOCKNS_ANSWER, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_open();

		world_start(w, rows[i].first, rows[i].second);
		w->ns[0].tcp = rows[i].first;
		world_ask(w, "www.example");
		assert_int_equal(w->ns[0].udp_count, 1);
		assert_int_equal(w->ns[1].udp_count, 1);
		assert_int_equal(world_server(w, 0)->health.strikes, rows[i].strikes);
		assert_int_equal(world_server(w, 1)->health.strikes, 0);
		world_close(w);
	}
}

/* One name that nobody can answer in time does not set a server aside. */
static void test_blamed_once_for_silence(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	world_outgoing(w)->retransmit_ms = 1;
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count + w->ns[1].udp_count == ATTEMPTS_MAX);
	question_oldest(w->up)->deadline_ms = 1; /* it has come */
	expect_failure(w, &a, QUERY_FAIL_NO_REPLY);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(world_server(w, i)->health.strikes, 1);
}

/* ---- room */

/* Fills the places but for two; the questions are as old as said. */
static void fill(struct world *w, struct asker *a, uint64_t age_ms)
{
	struct question *q;
	char name[16];

	for (size_t i = 0; i < PLACES - 2; i++) {
		snprintf(name, sizeof(name), "n%zu.example", i);
		asker_ask(w, &a[i], name);
	}
	TAILQ_FOREACH(q, &w->up->queue, age) {
		q->begun_ms -= age_ms;
	}
}

/* When nearly all places are taken, each newer question has the oldest make room, from the loop. */
static void test_oldest_make_room(void **state)
{
	struct asker a[PLACES] = {0};
	struct asker fresh[6] = {0};
	struct world *w = *state;
	char name[16];

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	fill(w, a, 1000);
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "f%zu.example", i);
		asker_ask(w, &fresh[i], name);
	}
	for (size_t i = 0; i < 2; i++)
		expect_failure(w, &a[i], QUERY_FAIL_OVERLOAD);
	assert_int_equal(a[2].told, 0);
	assert_int_equal(RIG_STAT(&w->rig, upstream_crowded_out), 2);
	for (size_t i = 2; i < 6; i++) {
		snprintf(name, sizeof(name), "f%zu.example", i);
		asker_ask(w, &fresh[i], name);
		expect_failure(w, &a[i], QUERY_FAIL_OVERLOAD);
	}
	assert_int_equal(RIG_STAT(&w->rig, upstream_crowded_out), 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(fresh[i].told, 0);
}

/* However many come in one turn, each of the old makes room once, and at once: who comes then is
 * refused. */
static void test_all_make_room_once(void **state)
{
	struct asker a[PLACES] = {0};
	struct asker fresh[PLACES] = {0};
	struct asker refused = {0};
	struct world *w = *state;
	char name[16];

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	asker_ask(w, &a[PLACES - 2], "y.example");
	asker_ask(w, &a[PLACES - 1], "z.example");
	fill(w, a, 1000);
	for (size_t i = 0; i < PLACES; i++) {
		snprintf(name, sizeof(name), "f%zu.example", i);
		asker_ask(w, &fresh[i], name);
	}
	for (size_t i = 0; i < PLACES; i++)
		assert_int_equal(asker_try(w, &refused, "r.example", TYPE_A, DNSMSG_EDNS),
				 ERR_REFUSED);
	for (size_t i = 0; i < PLACES; i++)
		expect_failure(w, &a[i], QUERY_FAIL_OVERLOAD);
	assert_int_equal(RIG_STAT(&w->rig, upstream_crowded_out), PLACES);
	for (size_t i = 0; i < PLACES; i++)
		assert_int_equal(fresh[i].told, 0);
}

/* They have to have had some time. */
static void test_young_ones_stay(void **state)
{
	struct asker a[PLACES] = {0};
	struct asker fresh[3] = {0};
	struct world *w = *state;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	fill(w, a, 0);
	asker_ask(w, &fresh[0], "f0.example");
	asker_ask(w, &fresh[1], "f1.example");
	assert_int_equal(asker_try(w, &fresh[2], "f2.example", TYPE_A, DNSMSG_EDNS), ERR_REFUSED);
	assert_int_equal(RIG_STAT(&w->rig, upstream_crowded_out), 0);
	for (size_t i = 0; i + 2 < PLACES; i++)
		assert_int_equal(a[i].told, 0);
}

/* However many ask for names in a silent zone, others have half of the places; and where all are
 * taken, those names go first, however young they are. */
static void test_silent_zone_has_half(void **state)
{
	struct asker silent[PLACES / 2 + 1] = {0};
	struct asker good[PLACES / 2] = {0};
	struct world *w = *state;
	struct query_key key;
	char name[24];

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	key = asker_key(w, &silent[0], "x.quiet.example", TYPE_A, DNSMSG_EDNS);
	silence_note(w->up, &key);
	for (size_t i = 0; i < PLACES / 2; i++) {
		snprintf(name, sizeof(name), "s%zu.quiet.example", i);
		asker_ask(w, &silent[i], name);
	}
	assert_int_equal(
		asker_try(w, &silent[PLACES / 2], "more.quiet.example", TYPE_A, DNSMSG_EDNS),
		ERR_REFUSED);
	for (size_t i = 0; i < PLACES / 2; i++) {
		snprintf(name, sizeof(name), "g%zu.example", i);
		asker_ask(w, &good[i], name);
	}
	expect_failure(w, &silent[0], QUERY_FAIL_OVERLOAD);
	assert_int_equal(silent[PLACES / 2 - 1].told, 0);
	for (size_t i = 0; i < PLACES / 2; i++)
		assert_int_equal(good[i].told, 0);
	asker_ask(w, &silent[0], "again.quiet.example"); /* there is room for it again */
}

/* One that gives way after half a second tells of its zone as one does that is given up. */
static void test_crowded_out_tells_of_silence(void **state)
{
	struct asker a[PLACES] = {0};
	struct asker fresh = {0};
	struct world *w = *state;
	struct query_key key;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	key = asker_key(w, &fresh, "x.quiet.example", TYPE_A, DNSMSG_EDNS);
	asker_ask(w, &a[PLACES - 1], "first.quiet.example");
	fill(w, a, 1000);
	asker_ask(w, &fresh, "f.example");
	assert_false(silence_covers(w->up, &key));
	expect_failure(w, &a[PLACES - 1], QUERY_FAIL_OVERLOAD);
	assert_true(silence_covers(w->up, &key));
}

/* Where there is no room to ask what a question needs, that is told once, and nobody's failure. */
static void test_no_room(void **state)
{
	struct asker a = {0};
	struct world *w = *state;
	struct cache_found found;
	struct reply reply;
	struct query_key key;
	struct name name;
	uint8_t buf[512];
	struct question *q;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	asker_ask(w, &a, "n.example");
	q = question_oldest(w->up);
	key = q->key;
	q->answered_badly = true;
	wait_no_room(q);
	wait_no_room(q);
	assert_int_equal(w->up->ending, 1);
	expect_failure(w, &a, QUERY_FAIL_OVERLOAD);
	assert_int_equal(w->up->ending, 0);
	name_copy(&name, key.question, key.question_len - 4U);
	assert_false(cache_get(w->rig.loop.env.cache, &w->rig.snapshot->conf->cache,
			       &(struct cache_key){&name, key.hash, key.qtype, 0},
			       w->rig.loop.env.now_ms, buf, sizeof(buf), &reply, &found));
}

/* One that is answered before the loop comes to it is answered. */
static void test_crowded_out_but_answered(void **state)
{
	struct asker a[PLACES] = {0};
	struct asker fresh = {0};
	struct world *w = *state;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	fill(w, a, 1000);
	asker_ask(w, &fresh, "f.example");
	upstreams_free(w->up); /* and one that is ended before is not told */
	w->up = NULL;
	world_settle(w);
	assert_int_equal(a[0].told, 0);
}

/* ---- who waits */

static void test_awaited(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	struct query_key key;

	world_start_one(w, MOCKNS_SILENCE);
	assert_false(upstreams_awaited(w->up));
	key = asker_key(w, &a, "www.example", TYPE_A, DNSMSG_EDNS);
	upstream_refresh(w->up, &key);
	upstream_refresh(w->up, &key);
	assert_int_equal(upstreams_in_flight(w->up), 1);
	assert_false(upstreams_awaited(w->up));
	asker_ask(w, &a, "www.example");
	assert_int_equal(upstreams_in_flight(w->up), 1);
	assert_true(upstreams_awaited(w->up));
	RIG_AWAIT(&w->rig, w->ns[0].udp_count == 1);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	expect_answer(w, &a, 1);
	assert_false(upstreams_awaited(w->up));
}

/* One that was asked as often as it may be is asked again, once that is long ago. */
static void test_asked_again_after_long(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	struct question *q;

	world_start(w, MOCKNS_SILENCE, MOCKNS_SILENCE);
	world_outgoing(w)->retransmit_ms = 1;
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].udp_count + w->ns[1].udp_count == ATTEMPTS_MAX);
	pass(w, SHORT_MS);
	assert_int_equal(w->ns[0].udp_count + w->ns[1].udp_count, ATTEMPTS_MAX);
	w->ns[0].udp = MOCKNS_ANSWER;
	w->ns[1].udp = MOCKNS_ANSWER;
	q = question_oldest(w->up);
	for (size_t i = 0; i < ATTEMPTS_MAX; i++)
		q->attempts[i].sent_us -= 1000 * RTT_TIMEOUT_MAX_MS;
	asker_await(w, &a);
	assert_int_equal(a.told, 1);
	assert_true(a.has_reply);
	assert_int_equal(w->ns[0].udp_count + w->ns[1].udp_count, ATTEMPTS_MAX + 1);
}

/* ---- truncated, and TCP that does not work */

static const enum mockns_deed no_tcp[] = {MOCKNS_CLOSE, MOCKNS_CUT, MOCKNS_SHORT, MOCKNS_TRUNCATED};

/* The first answers over UDP that there is more, which it never gives; the second one knows. */
static struct world *start_without_tcp(void **ret_fresh, enum mockns_deed tcp)
{
	struct world *w;

	world_set_up(ret_fresh);
	w = *ret_fresh;
	world_start(w, MOCKNS_TRUNCATED, MOCKNS_ANSWER);
	w->ns[0].tcp = tcp;
	return w;
}

/* It is learned: others are asked before it, until it gives what it owes. */
static void test_truncation_without_tcp(void **state)
{
	for (size_t i = 0; i < sizeof(no_tcp) / sizeof(no_tcp[0]); i++) {
		void *fresh = NULL;
		struct world *w = start_without_tcp(&fresh, no_tcp[i]);
		struct server *first = world_server(w, 0);

		for (size_t k = 0; k < 10; k++)
			ask_well(w, "www.example", 2);
		assert_true(health_is_aside(&first->health));
		assert_in_range(w->ns[0].udp_count, STRIKES_OUT, 2 * STRIKES_OUT);
		let_measure(w, 0, true);
		ask_well(w, "www.example", 2);
		expect_no_probes(w);
		assert_true(health_is_aside(&first->health));
		w->ns[0].tcp = MOCKNS_ANSWER;
		let_measure(w, 0, true);
		ask_well(w, "www.example", 2);
		expect_no_probes(w);
		ask_well(w, "www.example", 1);
		world_tear_down(&fresh);
	}
}

static void ask_small_and_large(struct world *w)
{
	w->ns[0].udp = MOCKNS_ANSWER;
	ask_well(w, "small.example", 1);
	w->ns[0].udp = MOCKNS_TRUNCATED;
	world_ask(w, "large.example");
}

/* What fits into a datagram is still asked of it; and of the rest so much that it is found out when
 * its TCP is well again. */
static void test_truncation_without_tcp_now_and_then(void **state)
{
	for (size_t i = 0; i < sizeof(no_tcp) / sizeof(no_tcp[0]); i++) {
		void *fresh = NULL;
		struct world *w = start_without_tcp(&fresh, no_tcp[i]);

		for (size_t k = 0; k < 20; k++)
			ask_small_and_large(w);
		assert_int_equal(w->ns[0].udp_count, 40);
		assert_in_range(RIG_STAT(&w->rig, upstream_tcp), 2, MISSES_MAX + 2);
		w->ns[0].tcp = MOCKNS_ANSWER;
		for (size_t k = 0; k < 20; k++)
			ask_small_and_large(w);
		w->ns[0].udp = MOCKNS_TRUNCATED;
		ask_well(w, "large.example", 1);
		world_tear_down(&fresh);
	}
}

/* Where no other is well, it is asked over TCP in any case. */
static void test_truncation_of_the_only_one(void **state)
{
	struct world *w = *state;

	world_start_one(w, MOCKNS_TRUNCATED);
	world_server(w, 0)->link_misses = MISSES_MAX;
	ask_well(w, "www.example", 1);
	assert_int_equal(world_server(w, 0)->link_misses, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hedge),
		TEST(test_hedge_in_vain),
		TEST(test_hedge_budget),
		TEST(test_budget_is_bounded),
		cmocka_unit_test(test_no_hedge),
		TEST(test_hedge_after_reload),
		TEST(test_failure_after_hedge),
		TEST(test_waits),
		TEST(test_aside_comes_back),
		cmocka_unit_test(test_aside_stays),
		TEST(test_probe_is_truncated),
		TEST(test_probe_is_not_joined),
		TEST(test_lost_is_not_slow),
		TEST(test_slow_one_is_measured),
		cmocka_unit_test(test_measured_without_budget),
		TEST(test_in_order),
		TEST(test_round_robin),
		TEST(test_fastest),
		cmocka_unit_test(test_blamed_for_servfail),
		TEST(test_blamed_once_for_silence),
		TEST(test_oldest_make_room),
		TEST(test_all_make_room_once),
		TEST(test_young_ones_stay),
		TEST(test_silent_zone_has_half),
		TEST(test_crowded_out_tells_of_silence),
		TEST(test_crowded_out_but_answered),
		TEST(test_no_room),
		TEST(test_awaited),
		TEST(test_asked_again_after_long),
		cmocka_unit_test(test_truncation_without_tcp),
		cmocka_unit_test(test_truncation_without_tcp_now_and_then),
		TEST(test_truncation_of_the_only_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
