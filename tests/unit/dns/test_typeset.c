/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/typeset.h"
#include "dns/wire.h"

/* Each type that is told apart has one bit, which no other has; all others share one. */
static void test_bits(void **state)
{
	uint32_t seen = TYPESET_OTHER;
	unsigned int own = 0;

	for (uint32_t type = 1; type <= UINT16_MAX; type++) {
		uint32_t bit = typeset_of((uint16_t)type);

		assert_int_equal(bit & (bit - 1), 0);
		assert_int_not_equal(bit, 0);
		if (bit == TYPESET_OTHER)
			continue;
		assert_int_equal(seen & bit, 0);
		seen |= bit;
		own++;
	}
	assert_int_equal(own, 31);
	assert_int_equal(seen, TYPESET_ALL);
}

static void test_known(void **state)
{
	assert_int_equal(typeset_of(0), TYPESET_ALL);
	assert_int_not_equal(typeset_of(TYPE_A), TYPESET_OTHER);
	assert_int_not_equal(typeset_of(TYPE_A), typeset_of(TYPE_AAAA));
	assert_int_equal(typeset_of(65280), TYPESET_OTHER);
}

/* Whatever they are divided by, the parts are all types, each once. */
static void test_parts(void **state)
{
	struct typeset_parts parts = TYPESET_UNDIVIDED;

	assert_int_equal(typeset_of_each(&parts), TYPESET_OTHER);
	typeset_divide(&parts, TYPESET_ALL);
	assert_int_equal(parts.count, 1);
	typeset_divide(&parts, ~typeset_of(TYPE_A));
	assert_int_equal(parts.count, 2);
	assert_true(typeset_of_each(&parts) & typeset_of(TYPE_A));
	typeset_divide(&parts, typeset_of(TYPE_A) | typeset_of(TYPE_AAAA));
	assert_int_equal(parts.count, 3);
	assert_true(typeset_of_each(&parts) & typeset_of(TYPE_AAAA));
	for (unsigned int i = 0; i < TYPESET_BITS; i++)
		typeset_divide(&parts, 1U << i);
	assert_int_equal(parts.count, TYPESET_BITS);
	assert_int_equal(typeset_of_each(&parts), TYPESET_ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests_name("typeset", tests, NULL, NULL);
}
