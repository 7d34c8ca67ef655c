/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/arguments.h"

#define WORDS_MAX 8

/* Reads a command line of words that are divided by blanks. */
static bool read_line(const char *line, char copy[128], struct arguments *args)
{
	char *argv[WORDS_MAX + 1] = {NULL};
	int argc = 0;

	assert_true(strlen(line) < 128);
	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	optind = 0; /* getopt begins anew */
	return arguments_read(argc, argv, args);
}

static void test_modes(void **state)
{
	static const struct {
		const char *line;
		int mode;
		bool json;
	} cases[] = {
		{"sinkholed", 0, false},
		{"sinkholed --check", 'k', false},
		{"sinkholed -kj", 'k', true},
		{"sinkholed --json --check", 'k', true},
		{"sinkholed --version", 'V', false},
		{"sinkholed -c x --dump-config", 'd', false},
	};
	struct arguments args;
	char copy[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_line(cases[i].line, copy, &args));
		assert_int_equal(args.mode, cases[i].mode);
		assert_int_equal(args.json, cases[i].json);
	}
}

static void test_what_modes_are_given(void **state)
{
	struct arguments args;
	char copy[128];

	assert_true(read_line("sinkholed -c here -e a.test -t MX -C ::1", copy, &args));
	assert_string_equal(args.conf_path, "here");
	assert_string_equal(args.question.name, "a.test");
	assert_string_equal(args.question.type, "MX");
	assert_string_equal(args.question.client, "::1");
	assert_true(read_line("sinkholed --accept order", copy, &args));
	assert_string_equal(args.accept, "order");
	assert_string_equal(args.conf_path, "/etc/sinkholed/sinkholed.yaml");
}

static void test_wrong(void **state)
{
	static const char *const lines[] = {"sinkholed --chek-it", "sinkholed -c", "sinkholed more",
					    "sinkholed --check more"};
	struct arguments args;
	char copy[128];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(read_line(lines[i], copy, &args));
	assert_int_equal(arguments_hint(), EXIT_FAILURE);
	assert_int_equal(arguments_usage(), EXIT_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_what_modes_are_given),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
