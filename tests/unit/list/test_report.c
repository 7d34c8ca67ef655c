/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "list/report.h"

static struct list_report begun(void)
{
	struct list_report report;

	memset(&report, 0xa5, sizeof(report));
	report_init(&report, LIST_FORMAT_HOSTS);
	return report;
}

static void not_taken(struct list_report *report, uint32_t line, enum list_reason reason,
		      const char *text)
{
	report_not_taken(report, line, reason, text, text ? strlen(text) : 0);
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i < LIST_FORMAT_COUNT; i++)
		assert_true(strlen(list_format_str((enum list_format)i)) > 0);
	for (int i = 0; i < LIST_REASON_COUNT; i++)
		assert_true(strlen(list_reason_str((enum list_reason)i)) > 0);
	assert_string_equal(list_format_str(LIST_FORMAT_COUNT), "unknown");
	assert_string_equal(list_reason_str(LIST_REASON_COUNT), "unknown");
}

/* Bad and skipped lines are counted apart; of each the first few are kept. */
static void test_first_few_are_kept(void **state)
{
	struct list_report report = begun();
	const uint32_t many = REPORT_BAD_MAX + REPORT_SKIPPED_MAX;

	(void)state;
	assert_int_equal(report.format, LIST_FORMAT_HOSTS);
	for (uint32_t line = 1; line <= many; line++) {
		not_taken(&report, line, LINE_CHAR, "a b!");
		not_taken(&report, line, LINE_PATTERN, "||a*b^");
	}
	assert_int_equal(report.bad, many);
	assert_int_equal(report.skipped, many);
	assert_int_equal(report.skipped_noted, REPORT_SKIPPED_MAX);
	assert_int_equal(report.reasons[LINE_CHAR], many);
	for (uint32_t i = 0; i < REPORT_BAD_MAX; i++)
		assert_int_equal(report.bad_notes[i].line, i + 1);
	assert_string_equal(report.bad_notes[0].text,
			    "a character that a host name cannot have: \"a b!\"");
	assert_string_equal(report.skipped_notes[0].text, "a pattern, not a name: \"||a*b^\"");
}

/* Names of the machine itself are counted, but nobody has to look at them. */
static void test_own_names_are_not_noted(void **state)
{
	struct list_report report = begun();

	(void)state;
	not_taken(&report, 1, LINE_OWN_NAME, "localhost");
	assert_int_equal(report.skipped, 1);
	assert_int_equal(report.skipped_noted, 0);
}

/* What a list says is shown as printable ASCII, and no longer than it may be. */
static void test_excerpt(void **state)
{
	struct list_report report = begun();
	char line[300];

	(void)state;
	not_taken(&report, 1, LINE_CHAR, "a\033[31m\n\xc3\xa9");
	assert_non_null(strstr(report.bad_notes[0].text, "\"a?[31m???\""));
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	not_taken(&report, 2, LINE_CHAR, line);
	assert_non_null(strstr(report.bad_notes[1].text, "x\"..."));
	assert_true(strlen(report.bad_notes[1].text) < REPORT_NOTE_MAX);
	not_taken(&report, 3, LINE_NO_MEMORY, NULL);
	assert_string_equal(report.bad_notes[2].text, "out of memory");
}

static void test_reasons(void **state)
{
	struct list_report report = begun();
	char buf[200];
	char small[10];

	(void)state;
	assert_string_equal(report_reasons(&report, buf, sizeof(buf)), "");
	for (uint32_t line = 1; line <= 3; line++)
		not_taken(&report, line, LINE_ADDRESS, "192.0.2.1");
	not_taken(&report, 4, LINE_LABEL, "a..b");
	assert_string_equal(report_reasons(&report, buf, sizeof(buf)),
			    "1 a label is empty or over 63 octets; 3 an address, not a name");
	assert_string_equal(report_reasons(&report, small, sizeof(small)), "1 a label");
}

static void test_held(void **state)
{
	struct list_report report = begun();
	struct name name;

	(void)state;
	assert_int_equal(name_from_text("co.uk", 5, &name), ERR_OK);
	for (uint32_t line = 1; line <= REPORT_HELD_MAX + 1; line++)
		report_held(&report, line, "is a public suffix", &name);
	assert_int_equal(report.held, REPORT_HELD_MAX + 1);
	assert_int_equal(report.held_notes[REPORT_HELD_MAX - 1].line, REPORT_HELD_MAX);
	assert_string_equal(report.held_notes[0].text, "co.uk is a public suffix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_first_few_are_kept),
		cmocka_unit_test(test_own_names_are_not_noted),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
