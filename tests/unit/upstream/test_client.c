/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients share places and turns; zones that are silent are remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/dnsmsg.h"
#include "support/world.h"

#define PLACES 32U
#define SHORT_MS 5U

/* A client is a prefix. */
static struct ip prefix(uint8_t number)
{
	return (struct ip){.family = AF_INET, .bytes = {192, 0, 2, number}};
}

static enum err ask_as(struct world *w, struct asker *a, uint8_t client, const char *name)
{
	struct query_key key = asker_key(w, a, name, TYPE_A, DNSMSG_EDNS);

	a->base.client = prefix(client);
	a->base.client_hash = client;
	return upstream_ask(w->up, &key, &a->base);
}

static void ask_range(struct world *w, struct asker *a, size_t count, uint8_t client)
{
	char name[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "n%zu.c%u.example", i, client);
		assert_int_equal(ask_as(w, &a[i], client, name), ERR_OK);
	}
}

/* ---- turns */

static void expect_next(struct world *w, const char *label)
{
	struct question *q = client_next(&w->up->clients);

	assert_non_null(q);
	assert_memory_equal(q->key.question + 1, label, 2);
	assert_int_equal(q->key.question[5], label[3]); /* of "n0.cN" */
}

/* What was not sent goes first, one of each client in turn; then what was. */
static void test_turns(void **state)
{
	static const char *const order[] = {"n0 1", "n0 2", "n0 3", "n1 1", "n1 3", "n2 1", "n3 1"};
	struct world *w = *state;
	struct asker sent = {0};
	struct asker a[7] = {0};
	struct question *q;

	world_start_one(w, MOCKNS_SILENCE);
	assert_int_equal(ask_as(w, &sent, 9, "n9.c9.example"), ERR_OK);
	loop_tick(&w->rig.loop);
	health_event(world_server(w, 0), SERVER_EVENT_QUIET);
	health_event(world_server(w, 0), SERVER_EVENT_PROBE_LOST);
	client_wait(question_oldest(w->up));
	ask_range(w, a, 4, 1);
	ask_range(w, a + 4, 1, 2);
	ask_range(w, a + 5, 2, 3);
	assert_int_equal(w->up->clients.waiting, 8);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		expect_next(w, order[i]);
	q = client_next(&w->up->clients);
	assert_ptr_equal(q, question_oldest(w->up));
	assert_null(client_next(&w->up->clients));
	assert_int_equal(w->up->clients.waiting, 0);
}

/* ---- places */

/* Where places run out, those of the one who has nearly all of them go. */
static void test_heaviest_makes_room(void **state)
{
	struct world *w = *state;
	struct asker heavy[PLACES] = {0};
	struct asker light[4] = {0};
	size_t told = 0;

	world_add(w, MOCKNS_SILENCE);
	world_create(w, PLACES, WORLD_PORTS);
	ask_range(w, light, 2, 2);
	ask_range(w, heavy, PLACES - 3, 1);
	assert_int_equal(
		client_load(w->up, &(struct ip){.family = AF_INET, .bytes = {192, 0, 2, 1}}, 1),
		PLACES - 3);
	assert_int_equal(ask_as(w, &light[2], 3, "fresh.c3.example"), ERR_OK);
	RIG_AWAIT(&w->rig, heavy[0].told == 1);
	expect_failure(w, &heavy[0], QUERY_FAIL_OVERLOAD);
	assert_int_equal(ask_as(w, &light[3], 4, "fresh.c4.example"), ERR_OK);
	world_settle(w);
	for (size_t i = 0; i < PLACES - 3; i++)
		told += heavy[i].told;
	assert_int_equal(told, 2);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(light[i].told, 0);
}

/* ---- silent zones */

static size_t tries_of(struct world *w, const char *name)
{
	size_t before = w->ns[0].udp_count;
	struct asker a = {0};

	world_server(w, 0)->health.rtt = (struct rtt){0}; /* as fast as it was thought to be */
	asker_ask(w, &a, name);
	asker_await(w, &a);
	return w->ns[0].udp_count - before;
}

/* All tries that there is time for, ten on a machine that is not loaded. */
static void expect_whole(size_t tries)
{
	assert_in_range(tries, 5, ATTEMPTS_MAX);
}

/* One name costs ten tries; those below the same zone two each, until one is answered. */
static void test_silent_zone(void **state)
{
	struct world *w = *state;

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_outgoing(w)->timeout_ms = 60 * SHORT_MS;
	world_start_one(w, MOCKNS_ANSWER);
	w->ns[0].silent_to = 's';
	expect_whole(tries_of(w, "s1.zone.example"));
	assert_int_equal(tries_of(w, "s2.zone.example"), 2);
	assert_int_equal(tries_of(w, "s3.deep.down.zone.example"), 2);
	expect_whole(tries_of(w, "s4.other.example"));
	assert_int_equal(tries_of(w, "good.zone.example"), 1);
	expect_whole(tries_of(w, "s5.zone.example"));
}

/* A top-level domain is never taken for silent. */
static void test_silent_name_below_top(void **state)
{
	struct world *w = *state;

	world_outgoing(w)->retransmit_ms = SHORT_MS;
	world_outgoing(w)->timeout_ms = 60 * SHORT_MS;
	world_start_one(w, MOCKNS_SILENCE);
	expect_whole(tries_of(w, "s1.example"));
	expect_whole(tries_of(w, "s2.example"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_turns),
		TEST(test_heaviest_makes_room),
		TEST(test_silent_zone),
		TEST(test_silent_name_below_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
