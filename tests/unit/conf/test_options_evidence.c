/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/optioncase.h"

static void test_evidence(void **state)
{
	static const struct option_case cases[] = {
		OPTION("ledger", "false", "maybe"),
		OPTION("store", "\"postgresql://db.example/ledger\"", "\"mysql://db.example\""),
		OPTION("password-file", "\"/etc/sinkholed/db\"", "[a, b]"),
		OPTION("resolver", "\"r1\"", "[a, b]"),
		OPTION("spool-size", "10MiB", "1KiB"),
		OPTION("clients", "encrypted", "none"),
		OPTION("prefix-ipv4", "16", "33"),
		OPTION("prefix-ipv6", "48", "129"),
		OPTION("key-file", "\"/etc/sinkholed/key\"", "[a, b]"),
		OPTION("blocked-upstream", "false", "maybe"),
		OPTION("retention", "30d", "3651d"),
		OPTION("size", "10MiB", "1KiB"),
		OPTION("hunt-days", "30", "367"),
		OPTION("hunt-size", "10MiB", "1KiB"),
	};

	option_check(option_section(&conf_section_main, "evidence"),
		     "state: {directory: /tmp}\nevidence: {%s}\n", cases,
		     sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_evidence)};

	return cmocka_run_group_tests_name("options_evidence", tests, NULL, NULL);
}
