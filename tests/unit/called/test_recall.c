/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "called/recall.h"

#define DAY_MS (24U * 3600 * 1000)

static int set_up(void **state)
{
	struct recall *r = NULL;

	if (recall_create(&r) != ERR_OK)
		return 1;
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	recall_free(*state);
	recall_free(NULL);
	return 0;
}

static struct ip address(uint32_t number)
{
	const uint8_t octets[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
				   (uint8_t)(number >> 8), (uint8_t)number};

	return ip_from_octets(octets, false);
}

static enum recall_want want(struct recall *r, uint32_t number, uint64_t now_ms,
			     enum recall_lane lane)
{
	const struct ip ip = address(number);

	return recall_want(r, &ip, now_ms, lane);
}

/* The number of the next address; 0: there is none. */
static uint32_t next(struct recall *r)
{
	struct ip ip;

	if (!recall_next(r, &ip))
		return 0;
	return (uint32_t)ip.bytes[0] << 24 | (uint32_t)ip.bytes[1] << 16 |
	       (uint32_t)ip.bytes[2] << 8 | ip.bytes[3];
}

static void learn(struct recall *r, uint32_t number, const char *name, uint64_t until_ms)
{
	const struct ip ip = address(number);

	recall_learn(r, &ip, name, number % 2 == 0, until_ms);
}

static const char *called(struct recall *r, uint32_t number, uint64_t now_ms)
{
	static char name[LEASE_NAME_MAX];
	const struct ip ip = address(number);
	bool confirmed;

	if (!recall_find(r, &ip, now_ms, name, &confirmed))
		return "";
	assert_int_equal(confirmed, number % 2 == 0);
	return name;
}

/* Once for the time that it is good, whoever wants to know how often. */
static void test_once(void **state)
{
	struct recall *r = *state;

	assert_int_equal(want(r, 1, 0, RECALL_FOUND), RECALL_QUEUED);
	assert_int_equal(want(r, 1, 0, RECALL_FOUND), RECALL_KNOWN);
	assert_int_equal(next(r), 1);
	assert_int_equal(want(r, 1, 0, RECALL_FOUND), RECALL_KNOWN); /* it is being asked for */
	assert_int_equal(next(r), 0);
	learn(r, 1, "a.example", 1000);
	assert_int_equal(want(r, 1, 999, RECALL_SHOWN), RECALL_KNOWN);
	assert_string_equal(called(r, 1, 999), "a.example");
	assert_int_equal(want(r, 1, 1000, RECALL_FOUND), RECALL_QUEUED);
	assert_string_equal(called(r, 1, 1000), "a.example");
	assert_int_equal(next(r), 1);
	learn(r, 1, "", 2000);
	assert_string_equal(called(r, 1, 1001), "");
	assert_int_equal(want(r, 1, 1999, RECALL_FOUND), RECALL_KNOWN);
}

/* What cannot be learnt leaves what was known, for a day. */
static void test_failures(void **state)
{
	struct recall *r = *state;

	want(r, 1, 0, RECALL_FOUND);
	next(r);
	learn(r, 1, "a.example", 1000);
	want(r, 1, 1000, RECALL_FOUND);
	next(r);
	learn(r, 1, NULL, 5000);
	assert_int_equal(want(r, 1, 4999, RECALL_FOUND), RECALL_KNOWN);
	assert_string_equal(called(r, 1, 5000), "a.example");
	assert_string_equal(called(r, 1, 1000 + DAY_MS), "a.example");
	assert_string_equal(called(r, 1, 1001 + DAY_MS), "");
	learn(r, 77, "never.example", 5000); /* nobody had wanted that */
	assert_string_equal(called(r, 77, 0), "");
}

/* Whom somebody looks at comes first, also when he was found before. */
static void test_order(void **state)
{
	struct recall *r = *state;

	want(r, 1, 0, RECALL_FOUND);
	want(r, 2, 0, RECALL_FOUND);
	want(r, 3, 0, RECALL_FOUND);
	assert_int_equal(want(r, 4, 0, RECALL_SHOWN), RECALL_QUEUED);
	assert_int_equal(want(r, 3, 0, RECALL_SHOWN), RECALL_QUEUED);
	assert_int_equal(want(r, 3, 0, RECALL_SHOWN), RECALL_KNOWN);
	assert_int_equal(want(r, 4, 0, RECALL_FOUND), RECALL_KNOWN);
	assert_int_equal(next(r), 4);
	learn(r, 4, "", 1000);
	assert_int_equal(next(r), 3);
	learn(r, 3, "", 1000);
	assert_int_equal(next(r), 1);
	assert_int_equal(next(r), 2);
	assert_int_equal(next(r), 0); /* not 3 once more */
}

/* A flood of addresses fills its queue, and nothing else. */
static void test_flood(void **state)
{
	struct recall *r = *state;
	uint32_t full = 0;

	for (uint32_t i = 1; i <= 100000; i++)
		full += want(r, i, 0, RECALL_FOUND) == RECALL_FULL;
	assert_int_equal(full, 100000 - RECALL_QUEUE_MAX);
	assert_int_equal(recall_count(r), RECALL_QUEUE_MAX);
	assert_int_equal(want(r, 0x7f000001, 0, RECALL_SHOWN), RECALL_QUEUED);
	assert_int_equal(next(r), 0x7f000001);
}

/* The table has a bound: what was not looked at gives way. */
static void test_bound(void **state)
{
	struct recall *r = *state;

	want(r, 1, 0, RECALL_FOUND);
	learn(r, next(r), "a.example", UINT64_MAX);
	for (uint32_t i = 2; i < 5 * RECALL_MAX; i++) {
		assert_int_equal(want(r, i, 0, RECALL_FOUND), RECALL_QUEUED);
		assert_int_equal(next(r), i);
		learn(r, i, "b.example", UINT64_MAX);
		assert_string_equal(called(r, 1, 0), "a.example");
	}
	assert_int_equal(recall_count(r), RECALL_MAX);
	assert_string_equal(called(r, 2, 0), "");
	assert_string_equal(called(r, 5 * RECALL_MAX - 1, 0), "b.example");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_once),  TEST(test_failures), TEST(test_order),
		TEST(test_flood), TEST(test_bound),
	};

	return cmocka_run_group_tests_name("recall", tests, NULL, NULL);
}
