/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PIECES 10000U

struct piece {
	uint32_t number;
	uint32_t prepared; /* times */
	uint64_t sum;
};

static struct piece pieces[PIECES];

static void prepare(void *arg)
{
	struct piece *piece = arg;

	piece->prepared++;
	for (uint32_t i = 0; i < piece->number % 97; i++)
		piece->sum += i * piece->number;
}

static uint64_t sum_of(uint32_t number)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < number % 97; i++)
		sum += i * number;
	return sum;
}

/* Where there is one core alone there is nothing to test. */
static struct ahead *create(void)
{
	struct ahead *ahead = NULL;
	enum err err = ahead_create("test", prepare, &ahead);

	if (err == ERR_NOTFOUND)
		skip();
	assert_int_equal(err, ERR_OK);
	for (uint32_t i = 0; i < PIECES; i++)
		pieces[i] = (struct piece){.number = i};
	return ahead;
}

/* Each piece comes once, in order, and prepared, however many are on their way. */
static void test_order(void **state)
{
	struct ahead *ahead = create();
	uint32_t put = 0;

	for (uint32_t i = 0; i < PIECES; i++) {
		while (put < PIECES && ahead_count(ahead) < 1 + i % AHEAD_PIECES)
			ahead_put(ahead, &pieces[put++]);
		assert_ptr_equal(ahead_take(ahead), &pieces[i]);
		assert_int_equal(pieces[i].prepared, 1);
		assert_int_equal(pieces[i].sum, sum_of(i));
	}
	assert_int_equal(ahead_count(ahead), 0);
	ahead_free(ahead);
}

/* What is not taken is dropped; nobody is at it afterwards. */
static void test_dropped(void **state)
{
	for (uint32_t round = 0; round < 50; round++) {
		struct ahead *ahead = create();

		for (uint32_t i = 0; i < round % (AHEAD_PIECES + 1); i++)
			ahead_put(ahead, &pieces[i]);
		ahead_free(ahead);
		for (uint32_t i = 0; i < AHEAD_PIECES; i++)
			assert_true(pieces[i].prepared <= 1);
	}
	ahead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
