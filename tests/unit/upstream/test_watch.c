/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a server is there: silent names, silent servers, and what their questions wait for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/dnsmsg.h"
#include "support/world.h"

#define LONG_MS 60000U
#define SHORT_MS 30U
#define PROBE_MS 100U
#define MANY 40U

static void ask_well(struct world *w, const char *name, uint8_t mark)
{
	struct asker a = {0};

	asker_ask(w, &a, name);
	expect_answer(w, &a, mark);
}

static void pass(struct world *w, uint64_t ms)
{
	uint64_t end_ms = await_clock_ms() + ms;

	RIG_AWAIT(&w->rig, await_clock_ms() > end_ms);
}

static enum server_state state_of(const struct world *w, size_t place)
{
	return world_server(w, place)->health.state;
}

/* It was silent, and then to our own questions too. */
static void make_dead(struct world *w, size_t place, uint64_t silent_ms)
{
	struct server *server = world_server(w, place);

	loop_tick(&w->rig.loop);
	health_event(server, SERVER_EVENT_QUIET);
	health_event(server, SERVER_EVENT_PROBE_LOST);
	server->health.silent_since_us = w->rig.loop.now_us - silent_ms * 1000;
	assert_int_equal(state_of(w, place), STATE_DEAD);
}

static void ask_many(struct world *w, struct asker *askers, size_t count, const char *what)
{
	char name[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s%zu.example", what, i);
		asker_ask(w, &askers[i], name);
	}
}

/* ---- silent names */

/* However many names nobody answers: the server answers us, and so it is asked for others. */
static void test_silent_names_are_no_dead_server(void **state)
{
	struct world *w = *state;
	struct asker silent[MANY] = {0};
	size_t asked;

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_start_one(w, MOCKNS_ANSWER);
	w->ns[0].silent_to = 's';
	w->ns[0].answers_probes = true;
	ask_many(w, silent, MANY, "silent");
	RIG_AWAIT(&w->rig, w->ns[0].probe_count > 0);
	world_settle(w);
	assert_int_not_equal(state_of(w, 0), STATE_DEAD);
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_CUT);
	asked = w->ns[0].udp_count;
	ask_well(w, "good.example", 1);
	assert_int_equal(state_of(w, 0), STATE_WELL);
	assert_true(w->ns[0].udp_count > asked);
	assert_int_equal(RIG_STAT(&w->rig, stale_answers), 0);
}

/* That it owes fewer than three is no reason to look. */
static void test_few_silent_names(void **state)
{
	struct world *w = *state;
	struct asker silent[2] = {0};

	world_start_one(w, MOCKNS_SILENCE);
	ask_many(w, silent, 2, "silent");
	pass(w, 1500);
	assert_int_equal(w->ns[0].probe_count, 0);
	assert_int_equal(state_of(w, 0), STATE_WELL);
}

/* It is the name's silence where the server has answered others since: no strike. */
static void test_silent_name_is_not_held_against_it(void **state)
{
	struct world *w = *state;
	struct asker silent[2 * STRIKES_OUT] = {0};

	world_outgoing(w)->timeout_ms = 10 * SHORT_MS;
	world_start(w, MOCKNS_ANSWER, MOCKNS_SILENCE);
	w->ns[0].silent_to = 's';
	for (size_t i = 0; i < 2 * STRIKES_OUT; i++) {
		asker_ask(w, &silent[i], "silent.example");
		ask_well(w, "good.example", 1);
		expect_failure(w, &silent[i], QUERY_FAIL_NO_REPLY);
		assert_int_equal(world_server(w, 0)->health.strikes, 0);
	}
}

/* What comes when its question is over still shows that somebody is there. */
static void test_late_answer_is_heard(void **state)
{
	struct world *w = *state;
	struct asker a[4] = {0};

	world_outgoing(w)->timeout_ms = 1300;
	world_start_one(w, MOCKNS_SILENCE);
	ask_many(w, a, 4, "late");
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_SILENT);
	asker_await(w, &a[0]);
	mockns_do(&w->ns[0], 0, MOCKNS_ANSWER);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 1);
	world_settle(w);
	assert_int_equal(state_of(w, 0), STATE_ASIDE);
	for (size_t i = 0; i < 4; i++)
		expect_failure(w, &a[i], QUERY_FAIL_NO_REPLY);
}

/* ---- a silent server */

/* What was given up is still owed: one question at a time is enough. */
static void test_silent_server_is_seldom_asked(void **state)
{
	struct world *w = *state;

	world_outgoing(w)->timeout_ms = 10 * SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	for (size_t i = 0; i < 3; i++)
		world_ask(w, "www.example");
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_DEAD);
}

/* Silent to all, it is dead in two or three seconds; its questions wait then, and only ours come.
 */
static void test_silent_server_is_dead(void **state)
{
	struct world *w = *state;
	struct asker a[3] = {0};
	struct asker late[MANY] = {0};
	size_t asked;

	world_outgoing(w)->retransmit_ms = 10 * SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	ask_many(w, a, 3, "n");
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_DEAD);
	world_settle(w);
	asked = w->ns[0].udp_count;
	ask_many(w, late, MANY, "late");
	pass(w, 5 * PROBE_MS);
	assert_int_equal(w->ns[0].udp_count, asked);
	assert_in_range(w->ns[0].probe_count, 4, 100);
	w->ns[0].udp = MOCKNS_ANSWER;
	for (size_t i = 0; i < MANY; i++)
		expect_answer(w, &late[i], 1);
	for (size_t i = 0; i < 3; i++)
		expect_answer(w, &a[i], 1);
	assert_int_equal(state_of(w, 0), STATE_WELL);
}

/* What was waited for in vain is no round trip. */
static void test_dead_one_is_back(void **state)
{
	struct world *w = *state;
	struct asker a[10] = {0};

	world_start_one(w, MOCKNS_ANSWER);
	world_server(w, 0)->health.rtt = (struct rtt){.smoothed_us = 4000000};
	make_dead(w, 0, 0);
	ask_many(w, a, 10, "n");
	assert_int_equal(w->up->clients.waiting, 10);
	for (size_t i = 0; i < 10; i++)
		expect_answer(w, &a[i], 1);
	assert_int_equal(w->ns[0].udp_count, 10);
	assert_int_equal(RIG_STAT(&w->rig, upstream_timeouts), 0);
	assert_true(world_server(w, 0)->health.rtt.smoothed_us < 1000000);
}

/* Once it is asked there is the time that any question has. */
static void test_dead_one_answers_slowly(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start_one(w, MOCKNS_ANSWER);
	make_dead(w, 0, 0);
	w->ns[0].delay_ms = 5 * PROBE_MS;
	asker_ask(w, &a, "www.example");
	expect_answer(w, &a, 1);
	assert_int_equal(w->ns[0].udp_count, 1);
}

/* It costs nobody anything where another is well, and comes back by our questions alone. */
static void test_dead_one_beside_another(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	make_dead(w, 0, 0);
	for (size_t i = 0; i < 5; i++)
		ask_well(w, "www.example", 2);
	assert_int_equal(w->ns[0].udp_count, 0);
	w->ns[0].udp = MOCKNS_ANSWER;
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_ASIDE);
	ask_well(w, "www.example", 2); /* which is doubled */
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_WELL);
	ask_well(w, "www.example", 1);
}

/* A port that nobody listens at is known to be dead by the first probe. */
static void test_closed_server(void **state)
{
	struct world *w = *state;
	struct asker a = {0};

	world_start_one(w, MOCKNS_ANSWER);
	mockns_close_udp(&w->ns[0]);
	for (size_t i = 0; i < STRIKES_OUT; i++)
		world_ask(w, "www.example");
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_DEAD);
	asker_ask(w, &a, "www.example");
	pass(w, 3 * PROBE_MS);
	assert_int_equal(a.told, 0);
}

/* As long as for any answer while it may be back at any time; not when it is gone for long. */
static void test_dead_ones_are_waited_for(void **state)
{
	static const struct {
		uint64_t silent_ms;
		uint64_t least_ms;
		uint64_t most_ms;
	} rows[] = {{2000, LONG_MS, LONG_MS},
		    {9000, LONG_MS, LONG_MS},
		    {11000, PROBE_MS, 1000},
		    {30000, PROBE_MS, 1000}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_open();
		const struct question *q;
		struct asker a = {0};

		world_start_one(w, MOCKNS_SILENCE);
		make_dead(w, 0, rows[i].silent_ms);
		asker_ask(w, &a, "www.example");
		q = question_oldest(w->up);
		assert_in_range(q->deadline_ms - q->begun_ms, rows[i].least_ms, rows[i].most_ms);
		assert_true(q->stale_ms <= q->begun_ms); /* at once */
		world_close(w);
	}
}

/* ---- a server whose own line is cut */

static void test_cut_server(void **state)
{
	struct world *w = *state;
	struct asker a[5] = {0};
	struct asker late = {0};
	uint64_t begun_ms;

	world_start_one(w, MOCKNS_SILENCE);
	w->ns[0].answers_probes = true;
	ask_many(w, a, 5, "n");
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_CUT);
	begun_ms = await_clock_ms();
	asker_ask(w, &late, "late.example");
	assert_true(question_find(w->up, &question_oldest(w->up)->key) != NULL);
	expect_failure(w, &late, QUERY_FAIL_NO_REPLY);
	assert_in_range(await_clock_ms() - begun_ms, 900, 20000);
	for (size_t i = 0; i < 5; i++)
		expect_failure(w, &a[i], QUERY_FAIL_NO_REPLY);
	w->ns[0].udp = MOCKNS_ANSWER;
	ask_well(w, "back.example", 1);
	assert_int_equal(state_of(w, 0), STATE_WELL);
}

/* Nobody has asked for long: the next question has its time again. */
static void test_cut_server_at_rest(void **state)
{
	struct world *w = *state;
	struct asker a[3] = {0};

	world_outgoing(w)->timeout_ms = 10 * SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	w->ns[0].answers_probes = true;
	ask_many(w, a, 3, "n");
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_CUT);
	world_server(w, 0)->health.asked_ms -= 10000;
	RIG_AWAIT(&w->rig, state_of(w, 0) == STATE_ASIDE);
	pass(w, 10 * SHORT_MS);
	assert_int_equal(state_of(w, 0), STATE_ASIDE);
}

/* ---- our own questions */

/* The root's NS; of a server that is asked of a zone alone, the zone's SOA. */
static void test_probe(void **state)
{
	static const struct {
		const char *zone; /* wire form */
		size_t len;
		uint16_t type;
	} rows[] = {{"", 1, TYPE_NS}, {"\4corp\7example", 14, TYPE_SOA}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_open();
		const struct query_key *key;
		struct rig_pool p;

		world_add(w, MOCKNS_SILENCE);
		rig_pool(&p, &w->ns[0].address, 1);
		p.pool.zone.len = (uint8_t)rows[i].len;
		memcpy(p.pool.zone.wire, rows[i].zone, rows[i].len);
		assert_int_equal(upstreams_create(&w->rig.loop, &p.pool, 1, 16, 16, &w->up),
				 ERR_OK);
		key = &world_server(w, 0)->probe.key;
		assert_int_equal(key->question_len, rows[i].len + 4);
		assert_memory_equal(key->question, rows[i].zone, rows[i].len);
		assert_int_equal(wire_get16(key->question + rows[i].len), rows[i].type);
		make_dead(w, 0, 0);
		RIG_AWAIT(&w->rig, w->ns[0].probe_count + w->ns[0].udp_count > 2);
		assert_int_equal(upstreams_in_flight(w->up), 0);
		world_close(w);
	}
}

/* Nobody waits for it: we look ever less often; somebody does: at once. */
static void test_probes_of_one_that_nobody_needs(void **state)
{
	struct world *w = *state;
	struct asker a = {0};
	size_t count;

	world_start_one(w, MOCKNS_SILENCE);
	make_dead(w, 0, 0);
	pass(w, 2000);
	count = w->ns[0].probe_count;
	assert_in_range(count, 2, 6);
	asker_ask(w, &a, "www.example");
	RIG_AWAIT(&w->rig, w->ns[0].probe_count >= count + 5);
	w->ns[0].udp = MOCKNS_ANSWER;
	expect_answer(w, &a, 1);
}

/* A server that is taken away while it is probed. */
static void test_probed_server_is_taken_away(void **state)
{
	struct world *w = *state;

	world_start(w, MOCKNS_SILENCE, MOCKNS_ANSWER);
	make_dead(w, 0, 0);
	RIG_AWAIT(&w->rig, w->ns[0].probe_count > 1);
	world_use_only(w, 1);
	assert_int_equal(w->up->pools[0]->count, 1);
	assert_ptr_equal(TAILQ_FIRST(&w->up->servers), TAILQ_LAST(&w->up->servers, server_list));
	pass(w, 2 * PROBE_MS);
	ask_well(w, "www.example", 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_silent_names_are_no_dead_server),
		TEST(test_few_silent_names),
		TEST(test_silent_name_is_not_held_against_it),
		TEST(test_late_answer_is_heard),
		TEST(test_silent_server_is_seldom_asked),
		TEST(test_silent_server_is_dead),
		TEST(test_dead_one_is_back),
		TEST(test_dead_one_answers_slowly),
		TEST(test_dead_one_beside_another),
		TEST(test_closed_server),
		cmocka_unit_test(test_dead_ones_are_waited_for),
		TEST(test_cut_server),
		TEST(test_cut_server_at_rest),
		cmocka_unit_test(test_probe),
		TEST(test_probes_of_one_that_nobody_needs),
		TEST(test_probed_server_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
