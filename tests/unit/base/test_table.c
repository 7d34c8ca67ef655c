/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/table.h"

enum fruit { APPLE, PEAR, PLUM, FRUIT_COUNT };

/* In another order than the enumerators. */
#define FRUIT_NAMES(X)                                                                             \
	X(PLUM, "plum")                                                                            \
	X(APPLE, "apple")                                                                          \
	X(PEAR, "pear")

struct trade {
	const char *name;
	unsigned int price;
};

/* Values with commas. */
#define FRUIT_TRADES(X)                                                                            \
	X(APPLE, {"apple", 3})                                                                     \
	X(PEAR, {.name = "pear", .price = 5})                                                      \
	X(PLUM, {"plum", 8})

#define FRUIT_WITHOUT_PEAR(X)                                                                      \
	X(APPLE, "apple")                                                                          \
	X(PLUM, "plum")

TABLE_COMPLETE(FRUIT_NAMES, FRUIT_COUNT);
TABLE_COMPLETE(FRUIT_TRADES, FRUIT_COUNT);

static void test_found(void **state)
{
	static const char *const names[] = {FRUIT_NAMES(TABLE_ROW)};
	static const struct trade trades[] = {FRUIT_TRADES(TABLE_ROW)};

	assert_int_equal(sizeof(names) / sizeof(names[0]), FRUIT_COUNT);
	assert_string_equal(names[APPLE], "apple");
	assert_string_equal(names[PEAR], "pear");
	assert_string_equal(names[PLUM], "plum");
	assert_int_equal(sizeof(trades) / sizeof(trades[0]), FRUIT_COUNT);
	for (size_t i = 0; i < FRUIT_COUNT; i++)
		assert_string_equal(trades[i].name, names[i]);
	assert_int_equal(trades[PEAR].price, 5);
}

/* What TABLE_COMPLETE compares: a row that is missing leaves a hole, and is one too few. */
static void test_counted(void **state)
{
	static const char *const names[] = {FRUIT_WITHOUT_PEAR(TABLE_ROW)};

	assert_int_equal(0 FRUIT_NAMES(TABLE_ONE), FRUIT_COUNT);
	assert_int_equal(0 FRUIT_TRADES(TABLE_ONE), FRUIT_COUNT);
	assert_int_equal(0 FRUIT_WITHOUT_PEAR(TABLE_ONE), FRUIT_COUNT - 1);
	assert_int_equal(sizeof(names) / sizeof(names[0]), FRUIT_COUNT);
	assert_null(names[PEAR]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
