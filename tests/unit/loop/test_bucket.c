/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loop/bucket.h"

#define SECOND 1000000ULL
#define DAY (86400 * SECOND)
#define THREADS 4
#define EACH 20000U

static const struct hash_key key = {.k0 = 7, .k1 = 11};

static struct ip client(uint32_t number)
{
	struct ip ip = {.family = AF_INET};

	memcpy(ip.bytes, &number, sizeof(number));
	return ip;
}

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct buckets));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* How many of `count` are taken out, all at one time. */
static uint32_t taken(struct buckets *b, uint32_t number, const struct rate *rate, uint64_t now_us,
		      uint32_t count)
{
	struct ip ip = client(number);
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++)
		found += bucket_take(b, &key, &ip, rate, now_us) != BUCKET_OVER;
	return found;
}

/* The burst at once, and then what the rate gives. */
static void test_rate(void **state)
{
	static const struct rate rates[] = {{1, 1},	 {1, 5},      {1, 100000},  {3, 7},
					    {20, 40},	 {1000, 10},  {999, 2000},  {100000, 1},
					    {99999, 50}, {70000, 70}, {100000, 200}};

	for (uint32_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct rate *r = &rates[i];
		uint32_t most = 2 * r->burst + 10;
		uint32_t second = r->per_second < r->burst ? r->per_second : r->burst;
		uint32_t more;

		assert_int_equal(taken(*state, i, r, DAY, most), r->burst);
		more = taken(*state, i, r, DAY + SECOND, most);
		assert_in_range(more, second, second + 1 + second / 50);
		assert_int_equal(taken(*state, i, r, DAY + SECOND, most), 0);
	}
}

/* Asked at twice the rate for a while, half is given, in step. */
static void test_steady(void **state)
{
	const struct rate rate = {.per_second = 100, .burst = 1};
	uint32_t found = 0;

	for (uint64_t i = 0; i < 2000; i++)
		found += taken(*state, 1, &rate, DAY + i * SECOND / 200, 1);
	assert_int_equal(found, 1000);
}

static void test_near(void **state)
{
	const struct rate rate = {.per_second = 1, .burst = 10};
	const struct rate one = {.per_second = 1, .burst = 1};
	struct ip ip = client(1);
	struct ip other = client(2);

	for (int i = 0; i < 8; i++)
		assert_int_equal(bucket_take(*state, &key, &ip, &rate, DAY), BUCKET_WELL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(bucket_take(*state, &key, &ip, &rate, DAY), BUCKET_NEAR);
	assert_int_equal(bucket_take(*state, &key, &ip, &rate, DAY), BUCKET_OVER);
	assert_int_equal(bucket_take(*state, &key, &other, &one, DAY), BUCKET_WELL);
}

/* A worker whose clock was read a while ago fills no bucket. */
static void test_clock_behind(void **state)
{
	const struct rate rate = {.per_second = 1, .burst = 5};

	assert_int_equal(taken(*state, 1, &rate, DAY, 9), 5);
	assert_int_equal(taken(*state, 1, &rate, DAY - SECOND / 2, 9), 0);
	assert_int_equal(taken(*state, 1, &rate, DAY, 9), 0);
}

/* After a reload with a smaller bucket, what was owed by the larger is forgotten. */
static void test_smaller_bucket(void **state)
{
	const struct rate large = {.per_second = 1, .burst = 1000};
	const struct rate small = {.per_second = 10, .burst = 5};

	assert_int_equal(taken(*state, 1, &large, DAY, 2000), 1000);
	assert_int_equal(taken(*state, 1, &small, DAY, 100), 5);
	assert_int_equal(taken(*state, 1, &small, DAY, 100), 0);
}

/* A million addresses, each once, leave who floods limited, and are all answered themselves. */
static void test_rotating_clients(void **state)
{
	const struct rate rate = {.per_second = 10, .burst = 20};
	uint64_t now_us = DAY;

	(void)taken(*state, 0, &rate, now_us, 100);
	for (uint32_t i = 1; i < 1000000; i++) {
		assert_int_equal(taken(*state, i, &rate, now_us, 1), 1);
		if (i % 100000 == 0)
			assert_int_equal(taken(*state, 0, &rate, now_us, 100), 0);
	}
	assert_int_equal(taken(*state, 0, &rate, now_us + 2 * SECOND, 100), 20);
}

/* All places are taken by those who have emptied theirs: the next is answered all the same, but for
 * the few that are taken for another. */
static void test_full_table(void **state)
{
	const struct rate rate = {.per_second = 1, .burst = 2};
	uint32_t clients = 4 * BUCKET_SETS * BUCKET_WAYS;
	uint32_t refused = 0;

	for (uint32_t i = 0; i < clients; i++)
		refused += taken(*state, i, &rate, DAY, 2) < 2;
	assert_in_range(refused, 0, clients / 50000);
}

/* Bucket times come round after 12.7 days: a bucket of then is not taken for one of now, once it
 * was swept. */
static void test_sweep(void **state)
{
	const struct rate rate = {.per_second = 1, .burst = 100000};
	uint64_t round_us = (1ULL << 42) / 4;
	struct buckets *b = *state;

	assert_int_equal(taken(b, 1, &rate, DAY, 200000), 100000);
	for (uint32_t turn = 0; turn < 256; turn++)
		bucket_sweep(b, turn, DAY);
	assert_int_equal(taken(b, 1, &rate, DAY, 1), 0); /* still owed */
	for (uint32_t turn = 256; turn < 512; turn++)
		bucket_sweep(b, turn, DAY + 3 * DAY);
	for (size_t i = 0; i < BUCKET_SETS; i++)
		for (size_t j = 0; j < BUCKET_WAYS; j++)
			assert_true(b->slots[i][j] == 0);
	assert_int_equal(taken(b, 1, &rate, DAY + round_us, 200000), 100000);
}

struct taker {
	struct buckets *buckets;
	uint32_t found;
	pthread_t thread;
};

static void *take_many(void *arg)
{
	static const struct rate rate = {.per_second = 1, .burst = 1000};
	struct taker *t = arg;

	t->found = taken(t->buckets, 1, &rate, DAY, EACH);
	return NULL;
}

/* Threads have no more of it together than one. */
static void test_threads(void **state)
{
	struct taker takers[THREADS];
	uint32_t found = 0;

	for (int i = 0; i < THREADS; i++) {
		takers[i] = (struct taker){.buckets = *state};
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_many, &takers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(takers[i].thread, NULL);
		found += takers[i].found;
	}
	assert_in_range(found, 1000, 1010); /* who meets others too often is let by */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_steady, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_near, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clock_behind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_smaller_bucket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotating_clients, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sweep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
