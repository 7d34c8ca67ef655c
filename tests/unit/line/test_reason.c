/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line/reason.h"

/* A report tells lists' lines apart by these words alone. */
static void test_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LIST_REASON_COUNT; i++) {
		const char *words = list_reason_str((enum list_reason)i);

		assert_true(*words != '\0' && strcmp(words, "unknown") != 0);
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(words, list_reason_str((enum list_reason)k));
	}
	for (unsigned int i = 0; i < LIST_FORMAT_COUNT; i++) {
		const char *word = list_format_str((enum list_format)i);

		assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), strlen(word));
		assert_string_not_equal(word, "unknown");
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(word, list_format_str((enum list_format)k));
	}
	assert_string_equal(list_format_str(LIST_FORMAT_AUTO), "auto");
	assert_string_equal(list_format_str(LIST_FORMAT_COUNT), "unknown");
	assert_string_equal(list_reason_str(LINE_ADDRESS), "an address, not a name");
	assert_string_equal(list_reason_str(LIST_REASON_COUNT), "unknown");
}

/* What is no rule about hosts is skipped, and what cannot be read is bad: a list is refused for it.
 */
static void test_bad_or_skipped(void **state)
{
	static const struct {
		enum list_reason reason;
		bool bad;
	} rows[] = {
		{LINE_LABEL, true},    {LINE_CHAR, true},      {LINE_PATTERN_INVALID, true},
		{LINE_BROKEN, true},   {LINE_NO_ROW, true},    {LINE_NO_MEMORY, true},
		{LINE_ADDRESS, false}, {LINE_COSMETIC, false}, {LINE_TAKEN_BACK, false},
		{LINE_OVER, false},    {LINE_LIFTS, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rows[i].reason < LIST_REASON_SKIP, rows[i].bad);
}

static void test_kinds_of_formats(void **state)
{
	static const struct {
		enum list_format format;
		bool names;
		bool table;
	} rows[] = {
		{LIST_FORMAT_AUTO, true, false},  {LIST_FORMAT_NAMES, true, false},
		{LIST_FORMAT_HOSTS, true, false}, {LIST_FORMAT_ADBLOCK, true, false},
		{LIST_FORMAT_RPZ, false, false},  {LIST_FORMAT_ADDRESSES, false, false},
		{LIST_FORMAT_CSV, false, true},	  {LIST_FORMAT_JSON, false, true},
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), LIST_FORMAT_COUNT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(list_format_has_names(rows[i].format), rows[i].names);
		assert_int_equal(list_format_is_table(rows[i].format), rows[i].table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bad_or_skipped),
		cmocka_unit_test(test_kinds_of_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
