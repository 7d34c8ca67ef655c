/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/trait.h"

static void miss(struct trait *t, unsigned int times, uint64_t now_ms)
{
	for (unsigned int i = 0; i < times; i++)
		(void)trait_missed(t, now_ms);
}

/* Three misses in a row, and not two with one that was there between them. */
static void test_given_up(void **state)
{
	struct trait t = {0};

	(void)state;
	miss(&t, TRAIT_MISSES_MAX - 1, 0);
	assert_false(trait_is_given_up(&t));
	trait_kept(&t);
	miss(&t, TRAIT_MISSES_MAX - 1, 0);
	assert_true(trait_try(&t, 0));
	assert_true(trait_missed(&t, 0)); /* told once */
	assert_true(trait_is_given_up(&t));
	assert_false(trait_missed(&t, 0)); /* of a question sent before */
	assert_int_equal(t.given_up, 1);
}

/* One question tries it again, after 1, 2, 4 … 64 minutes. */
static void test_tried_again(void **state)
{
	struct trait t = {0};
	uint64_t now_ms = 1000;

	(void)state;
	miss(&t, TRAIT_MISSES_MAX, now_ms);
	for (unsigned int round = 0; round < 9; round++) {
		unsigned int shift = round < TRAIT_AGAIN_SHIFT ? round : TRAIT_AGAIN_SHIFT;
		uint64_t wait_ms = (uint64_t)TRAIT_AGAIN_MS << shift;

		assert_false(trait_try(&t, now_ms + wait_ms - 1));
		now_ms += wait_ms;
		assert_true(trait_try(&t, now_ms));
		assert_false(trait_try(&t, now_ms + TRAIT_TRY_MS - 1));
		assert_false(trait_missed(&t, now_ms)); /* no news */
	}
}

/* A try of which nothing is heard is followed by another soon. */
static void test_a_try_that_is_lost(void **state)
{
	struct trait t = {0};

	(void)state;
	miss(&t, TRAIT_MISSES_MAX, 0);
	assert_true(trait_try(&t, TRAIT_AGAIN_MS));
	assert_true(trait_try(&t, TRAIT_AGAIN_MS + TRAIT_TRY_MS));
	trait_kept(&t);
	assert_true(trait_try(&t, TRAIT_AGAIN_MS + TRAIT_TRY_MS));
	assert_false(trait_is_given_up(&t));
}

static void test_known_at_once(void **state)
{
	struct trait t = {0};

	(void)state;
	assert_true(trait_lacks(&t, 0));
	assert_true(trait_is_given_up(&t));
	assert_false(trait_try(&t, TRAIT_AGAIN_MS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_tried_again),
		cmocka_unit_test(test_a_try_that_is_lost),
		cmocka_unit_test(test_known_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
