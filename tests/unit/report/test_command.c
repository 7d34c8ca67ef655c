/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/command.h"
#include "support/scratch.h"

#define WORDS 8

static void test_words(void **state)
{
	static const struct {
		const char *word;
		bool is_one;
	} rows[] = {
		{"--report", true}, {"--erase", true},	  {"--hold", true}, {"--release", true},
		{"--check", false}, {"--reports", false}, {"--rep", false}, {"report", false},
		{"--store", false}, {"", false},	  {"-", false},	    {"--", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (command_is_one(rows[i].word) != rows[i].is_one)
			fail_msg("%s: not %d", rows[i].word, rows[i].is_one);
}

/* What is wrong is told, and nothing is made where a ledger is missing. */
static void test_refused(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *said;
	} rows[] = {
		{{"--report"}, "--store is missing: the path of ledger.db"},
		{{"--report", "--store", "none.db", "more"}, "there is an argument too many"},
		{{"--report", "--store", "none.db", "--by", "list"},
		 "--by can be: finding, client, visit"},
		{{"--report", "--store", "none.db", "--since", "soon"}, "soon: expected a time"},
		{{"--report", "--store", "none.db", "--format", "xml"}, "xml"},
		{{"--report", "--store", "none.db", "--client", "nobody"}, "nobody"},
		{{"--erase", "nobody", "--store", "none.db"}, "nobody"},
		{{"--report", "--store", "none.db"}, "none.db"},
		{{"--hold", "192.0.2.1", "--store", "none.db", "--because", "x"}, "none.db"},
	};
	struct scratch *s = *state;

	scratch_take_stderr(s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char words[WORDS + 1][128] = {"sinkholed"};
		char *argv[WORDS + 2] = {words[0]};
		int argc = 1;

		for (; rows[i].words[argc - 1]; argc++) {
			const char *word = rows[i].words[argc - 1];

			snprintf(words[argc], sizeof(words[argc]), "%s",
				 strcmp(word, "none.db") == 0 ? scratch_path(s, word) : word);
			argv[argc] = words[argc];
		}
		optind = 0; /* getopt begins anew */
		assert_int_equal(command_run(argc, argv), EXIT_FAILURE);
		if (!scratch_logged(s, rows[i].said)) {
			scratch_give_stderr(s);
			fail_msg("row %zu: nothing was said of \"%s\"", i, rows[i].said);
		}
	}
	scratch_give_stderr(s);
	assert_int_equal(scratch_count(s->path), 1); /* what stderr went to */
}

/* Each command and each format is told of. */
static void test_help(void **state)
{
	static const char *const parts[] = {"--report",	    "--erase ADDRESS", "--hold ADDRESS",
					    "--store PATH", "--since TIME",    "  xarf\n"};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	command_help(out);
	fclose(out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text, parts[i]))
			fail_msg("%s is not told of", parts[i]);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test_setup_teardown(test_refused, scratch_set_up, scratch_tear_down),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
