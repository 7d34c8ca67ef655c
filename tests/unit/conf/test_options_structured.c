/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/optioncase.h"

static void test_structured(void **state)
{
	static const struct option_case cases[] = {
		OPTION("option", "0", "65535"),
		OPTION("contact", "[\"tel:+41440000000\"]", "[\"https://example.net/\"]"),
		OPTION("organization", "\"An ISP\"", "[a, b]"),
		OPTION("language", "\"de\"", "[de, fr]"),
	};

	option_check(option_section(&conf_section_main, "structured-errors"),
		     "structured-errors: {%s}\n", cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_structured)};

	return cmocka_run_group_tests_name("options_structured", tests, NULL, NULL);
}
