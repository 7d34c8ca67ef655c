/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/optioncase.h"

static void test_landing(void **state)
{
	static const struct option_case cases[] = {
		OPTION("listen", "[192.0.2.80]", "[192.0.2.80@80]"),
		OPTION("http-ports", "[8080]", "[0]"),
		OPTION("tls-ports", "[8443]", "[65536]"),
		OPTION("ports", "[25]", "[smtp]"),
		OPTION("contact", "\"abuse@example.net\"", "[a, b]"),
		OPTION("remedy", "\"https://example.net/clean\"", "\"javascript:alert(1)\""),
	};

	option_check(option_section(&conf_section_main, "landing"), "landing: {%s}\n", cases,
		     sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_landing)};

	return cmocka_run_group_tests_name("options_landing", tests, NULL, NULL);
}
