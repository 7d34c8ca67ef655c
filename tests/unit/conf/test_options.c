/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What is to be true of each row of option/options.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "conf/row.h"

typedef void row_check(const struct conf_section *section, const struct conf_row *row);

static void each_row(const struct conf_section *section, row_check *check)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];

		check(section, row);
		if (row->section)
			each_row(row->section, check);
	}
}

/* A key is lower-case words and digits by hyphens, and of its section alone. */
static void check_key(const struct conf_section *section, const struct conf_row *row)
{
	size_t len = strlen(row->key);
	size_t same = 0;

	assert_int_equal(strspn(row->key, "abcdefghijklmnopqrstuvwxyz0123456789-"), len);
	assert_true(len > 0 && row->key[0] != '-' && row->key[len - 1] != '-');
	for (size_t i = 0; i < section->count; i++)
		same += strcmp(section->rows[i].key, row->key) == 0;
	if (same != 1)
		fail_msg("%s stands there %zu times", row->key, same);
}

static void test_keys(void **state)
{
	(void)state;
	each_row(&conf_section_main, check_key);
}

/* What sinkholed.yaml(5) says of an option is sentences. */
static void check_help(const struct conf_section *section, const struct conf_row *row)
{
	size_t len = strlen(row->help);

	(void)section;
	if (len == 0 || row->help[len - 1] != '.')
		fail_msg("%s: \"%s\"", row->key, row->help);
}

static void test_help(void **state)
{
	(void)state;
	each_row(&conf_section_main, check_help);
}

/* A default is read as the file's value would be, and is one that the file may have. */
static void check_default(const struct conf_section *section, const struct conf_row *row)
{
	union {
		uint64_t number;
		char *text;
		struct endpoint endpoint;
		struct prefix prefix;
		char room[256];
	} value = {0};

	(void)section;
	if (row->kind != CONF_KIND_VALUE || !row->def)
		return;
	assert_true(row->size <= sizeof(value));
	if (value_parse(&row->form, row->def, &value) != ERR_OK)
		fail_msg("%s: default \"%s\"", row->key, row->def);
	if (row->form.type->owned)
		free(value.text);
}

static void test_defaults(void **state)
{
	(void)state;
	each_row(&conf_section_main, check_default);
}

/* Bounds are bounds, and what is expected can be said in the room that there is. */
static void check_bounds(const struct conf_section *section, const struct conf_row *row)
{
	char expected[VALUE_DESCRIBED_MAX];

	(void)section;
	if (row->least > row->most)
		fail_msg("%s: from %llu to %llu", row->key, (unsigned long long)row->least,
			 (unsigned long long)row->most);
	if (!row->form.type)
		return;
	value_expected(&row->form, expected);
	if (strlen(expected) == 0 || strlen(expected) >= sizeof(expected) - 1)
		fail_msg("%s: \"%s\"", row->key, expected);
}

static void test_bounds(void **state)
{
	(void)state;
	each_row(&conf_section_main, check_bounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
