/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/optioncase.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_control(void **state)
{
	static const struct option_case cases[] = {
		OPTION("socket", "\"/run/x/control\"", "[a, b]"),
		OPTION("group", "\"adm\"", "\"012345678901234567890123456789012\""),
		OPTION("listen", "[127.0.0.1@8053]", "[192.0.2.1@8053]"), /* no loopback address */
	};

	option_check(option_section(&conf_section_main, "control"),
		     "state: {directory: /s}\ncontrol: {%s}\n", cases, COUNT(cases));
}

static void test_manual(void **state)
{
	static const struct option_case cases[] = {
		OPTION("action", "nodata", "block"),
		OPTION("sinkhole", "{ipv4: 192.0.2.80}", "192.0.2.80"),
	};

	option_check(option_section(&conf_section_main, "manual"), "manual: {%s}\n", cases,
		     COUNT(cases));
}

static void test_querylog(void **state)
{
	static const struct option_case cases[] = {
		OPTION("file", "\"/var/log/x\"", "{a: b}"),
		OPTION("size", "64KiB", "65535"),
		OPTION("keep", "1000", "1001"),
		OPTION("blocked-only", "true", "some"),
	};

	option_check(option_section(&conf_section_main, "query-log"), "query-log: {%s}\n", cases,
		     COUNT(cases));
}

static void test_metrics(void **state)
{
	static const struct option_case cases[] = {
		OPTION("listen", "[192.0.2.1@9153]", "[192.0.2.1@65536]"),
	};

	option_check(option_section(&conf_section_main, "metrics"), "metrics: {%s}\n", cases,
		     COUNT(cases));
}

/* What a reload changes and what not: doors stay as they were opened at the start. */
static void test_restart(void **state)
{
	static const struct {
		const char *yaml;
		size_t needed;
	} rows[] = {
		{"control: {socket: /other}", 1},
		{"control: {group: adm}", 1},
		{"metrics: {listen: [127.0.0.1@9]}", 1},
		{"manual: {action: nodata}", 0},
		{"query-log: {file: /other, size: 1MiB, keep: 1, blocked-only: true}", 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf *before = NULL;
		struct conf *after = NULL;
		struct err_text text = {""};

		assert_int_equal(conf_default(&before), ERR_OK);
		assert_int_equal(conf_parse("f", rows[i].yaml, strlen(rows[i].yaml), &after, &text),
				 ERR_OK);
		assert_int_equal(conf_restart_needed(before, after, NULL, NULL), rows[i].needed);
		conf_free(before);
		conf_free(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),	 cmocka_unit_test(test_manual),
		cmocka_unit_test(test_querylog), cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
