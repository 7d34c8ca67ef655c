/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/octets.h"

/* From every offset: a word need not lie where one would be put. */
static void test_order(void **state)
{
	uint8_t octets[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

	(void)state;
	for (uint64_t at = 0; at <= 8; at++) {
		assert_int_equal(octets_le64(octets + at),
				 0x0706050403020100ULL + at * 0x0101010101010101ULL);
		assert_int_equal(octets_be64(octets + at),
				 0x0001020304050607ULL + at * 0x0101010101010101ULL);
	}
}

static void test_words_compare_as_octets(void **state)
{
	static const uint8_t rising[][8] = {
		{0, 0, 0, 0, 0, 0, 0, 1},
		{0, 0, 0, 0, 0, 0, 1, 0},
		{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{1, 0, 0, 0, 0, 0, 0, 0},
		{0xff, 0, 0, 0, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++)
		assert_true(octets_be64(rising[i - 1]) < octets_be64(rising[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_words_compare_as_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
