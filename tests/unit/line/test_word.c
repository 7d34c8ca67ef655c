/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "line/word.h"

static struct word of(const char *text)
{
	return (struct word){text, strlen(text)};
}

/* A word without octets may be no text at all. */
static void test_no_text(void **state)
{
	struct word none = {NULL, 0};

	assert_true(word_is(none, ""));
	assert_false(word_is(none, "a"));
	assert_true(word_begins(none, ""));
	assert_false(word_begins(none, "a"));
	assert_false(word_has(none, 'a'));
	assert_int_equal(word_trim(none).len, 0);
	assert_int_equal(word_cut(&none, ',').len, 0);
	assert_null(none.text);
	assert_int_equal(none.len, 0);
}

static void test_cut(void **state)
{
	struct word rest = of("a,,b");

	assert_true(word_is(word_cut(&rest, ','), "a"));
	assert_true(word_is(word_cut(&rest, ','), ""));
	assert_true(word_is(word_cut(&rest, ','), "b"));
	assert_int_equal(rest.len, 0);
	assert_int_equal(word_cut(&rest, ',').len, 0);
}

static void test_compared(void **state)
{
	assert_true(word_is(of("x.test"), "x.test"));
	assert_false(word_is(of("x.test"), "x.tes"));
	assert_true(word_begins(of("x.test"), "x."));
	assert_false(word_begins(of("x"), "x."));
	assert_true(word_has(of("x.test"), '.'));
	assert_false(word_has(of("x.test"), '/'));
	assert_true(word_is(word_trim(of(" \t x y\r\n")), "x y"));
	assert_int_equal(word_trim(of(" \t ")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_compared),
	};

	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
