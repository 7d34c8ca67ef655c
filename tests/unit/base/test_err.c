/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void test_every_reason_has_its_own_phrase(void **state)
{
	for (int a = 0; a < ERR_COUNT; a++) {
		const char *phrase = err_str((enum err)a);

		assert_non_null(phrase);
		assert_true(strlen(phrase) > 0);
		assert_null(strchr(phrase, '\n'));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(phrase, err_str((enum err)b));
	}
}

static void test_unknown_reason(void **state)
{
	assert_string_equal(err_str(ERR_COUNT), "unknown error");
	assert_string_equal(err_str((enum err)9999), "unknown error");
}

static void test_set(void **state)
{
	struct err_text text;

	assert_int_equal(err_set(&text, ERR_CONFIG, "%s:%d: %s", "file", 7, "reason"), ERR_CONFIG);
	assert_string_equal(text.text, "file:7: reason");
	assert_int_equal(err_set(NULL, ERR_SYS, "%s", "nobody reads this"), ERR_SYS);
}

static void test_set_cuts(void **state)
{
	char longer[2 * sizeof(struct err_text)];
	struct err_text text;

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	memset(&text, 0xff, sizeof(text));
	assert_int_equal(err_set(&text, ERR_SYNTAX, "%s", longer), ERR_SYNTAX);
	assert_int_equal(strlen(text.text), sizeof(text.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason_has_its_own_phrase),
		cmocka_unit_test(test_unknown_reason),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_cuts),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
