/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loop/tally.h"

static const struct hash_key key = {.k0 = 7, .k1 = 11};

static struct ip client(uint32_t number)
{
	struct ip ip = {.family = AF_INET};

	memcpy(ip.bytes, &number, sizeof(number));
	return ip;
}

static bool is_empty(struct tally *t)
{
	for (unsigned int row = 0; row < TALLY_ROWS; row++)
		for (unsigned int column = 0; column < TALLY_COLUMNS; column++)
			if (t->cells[row][column] != 0)
				return false;
	return true;
}

static void test_limit(void **state)
{
	static struct tally t;
	struct ip one = client(1);
	struct ip other = client(2);

	for (int i = 0; i < 3; i++)
		assert_true(tally_take(&t, &key, &one, 3));
	assert_false(tally_take(&t, &key, &one, 3));
	assert_true(tally_take(&t, &key, &other, 3));
	tally_give(&t, &key, &one);
	assert_true(tally_take(&t, &key, &one, 3));
	assert_false(tally_take(&t, &key, &one, 3));
	assert_false(tally_take(&t, &key, &one, 2)); /* a limit that was lowered meanwhile */
	for (int i = 0; i < 3; i++)
		tally_give(&t, &key, &one);
	tally_give(&t, &key, &other);
	assert_true(is_empty(&t));
}

/* With 100 clients at their limit, of 10,000 others hardly any is taken for one of them. */
static void test_mistaken(void **state)
{
	static struct tally t;
	unsigned int mistaken = 0;

	for (uint32_t i = 0; i < 100; i++) {
		struct ip ip = client(i);

		assert_true(tally_take(&t, &key, &ip, 1));
	}
	for (uint32_t i = 100; i < 10100; i++) {
		struct ip ip = client(i);

		if (tally_take(&t, &key, &ip, 1))
			tally_give(&t, &key, &ip);
		else
			mistaken++;
	}
	assert_true(mistaken <= 20);
}

static struct tally shared_tally;

static void *take_and_give(void *arg)
{
	struct ip ip = client(*(uint32_t *)arg);

	for (int i = 0; i < 20000; i++)
		if (tally_take(&shared_tally, &key, &ip, 2))
			tally_give(&shared_tally, &key, &ip);
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
		cmocka_unit_test(test_mistaken),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
