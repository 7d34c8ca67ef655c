/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "loop/tally.h"

static const struct hash_key key = {.k0 = 7, .k1 = 11};

static struct ip client(uint32_t number)
{
	struct ip ip = {.family = AF_INET};

	memcpy(ip.bytes, &number, sizeof(number));
	return ip;
}

static uint64_t hash_of(const struct ip *ip)
{
	return ip_hash(&key, ip);
}

static bool is_empty(struct tally *t)
{
	for (unsigned int set = 0; set < TALLY_SETS; set++)
		for (unsigned int way = 0; way < TALLY_WAYS; way++)
			if (t->slots[set][way] != 0 || t->strayed[set] != 0)
				return false;
	return true;
}

static void test_limit(void **state)
{
	static struct tally t;
	struct ip one = client(1);
	struct ip other = client(2);

	for (int i = 0; i < 3; i++)
		assert_true(tally_take(&t, hash_of(&one), 3));
	assert_false(tally_take(&t, hash_of(&one), 3));
	assert_true(tally_take(&t, hash_of(&other), 3));
	tally_give(&t, hash_of(&one));
	assert_true(tally_take(&t, hash_of(&one), 3));
	assert_false(tally_take(&t, hash_of(&one), 3));
	assert_false(tally_take(&t, hash_of(&one), 2)); /* a limit that was lowered meanwhile */
	for (int i = 0; i < 3; i++)
		tally_give(&t, hash_of(&one));
	tally_give(&t, hash_of(&other));
	assert_true(is_empty(&t));
}

/* Nobody is taken for another: so many clients have what they may have, and no more. */
static void test_many_clients(void **state)
{
	static const struct {
		uint32_t clients;
		uint32_t limit;
	} rows[] = {{8000, 4}, {65535, 1}};
	static struct tally t;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		for (uint32_t i = 0; i < rows[row].clients * rows[row].limit; i++) {
			struct ip ip = client(i % rows[row].clients);

			assert_int_equal(tally_count(&t, hash_of(&ip)), i / rows[row].clients);
			assert_true(tally_take(&t, hash_of(&ip), rows[row].limit));
		}
		for (uint32_t i = 0; i < rows[row].clients; i++) {
			struct ip ip = client(i);

			assert_int_equal(tally_count(&t, hash_of(&ip)), rows[row].limit);
			assert_false(tally_take(&t, hash_of(&ip), rows[row].limit));
			for (uint32_t taken = 0; taken < rows[row].limit; taken++)
				tally_give(&t, hash_of(&ip));
		}
		assert_true(is_empty(&t));
	}
}

/* Where there is no place left, a client is not counted, and not refused. */
static void test_full(void **state)
{
	static struct tally t;
	struct ip ip = client(7);

	for (unsigned int set = 0; set < TALLY_SETS; set++)
		for (unsigned int way = 0; way < TALLY_WAYS; way++)
			t.slots[set][way] = UINT64_MAX;
	for (int i = 0; i < 3; i++)
		assert_true(tally_take(&t, hash_of(&ip), 1));
	tally_give(&t, hash_of(&ip));
	for (unsigned int set = 0; set < TALLY_SETS; set++)
		for (unsigned int way = 0; way < TALLY_WAYS; way++)
			assert_int_equal(t.slots[set][way], UINT64_MAX);
}

static struct tally shared_tally;

static void *take_and_give(void *arg)
{
	struct ip ip = client(*(uint32_t *)arg);

	for (int i = 0; i < 20000; i++)
		if (tally_take(&shared_tally, hash_of(&ip), 2))
			tally_give(&shared_tally, hash_of(&ip));
	return NULL;
}

static void test_threads(void **state)
{
	uint32_t numbers[4] = {1, 1, 2, 3};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &numbers[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_true(is_empty(&shared_tally));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_many_clients),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
