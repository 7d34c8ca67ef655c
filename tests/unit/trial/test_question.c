/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trial/question.h"
#include "support/scratch.h"

#define YAML_MAX 512

static struct conf *configured(const struct scratch *s, const char *names)
{
	char yaml[YAML_MAX];
	struct conf *conf = NULL;
	struct err_text text = {""};

	snprintf(yaml, sizeof(yaml),
		 "upstreams: [{address: 192.0.2.53}]\n"
		 "guard: {public-suffixes: false}\n"
		 "lists: [{name: a, file: %s, action: nxdomain}]\n",
		 scratch_write(s, "names", names));
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return conf;
}

/* What is written for a question, or why nothing is; the caller frees it. */
static char *answered(const struct scratch *s, const struct explain_text *question, enum err *err)
{
	struct err_text text = {""};
	char *written = NULL;
	size_t size;
	bool blocked;
	FILE *out = open_memstream(&written, &size);

	assert_non_null(out);
	*err = question_answer(configured(s, "listed.example\n"), question, out, &blocked, &text);
	fclose(out);
	if (*err == ERR_OK) {
		assert_int_equal(blocked, strstr(written, ": blocked-name;") != NULL);
		return written;
	}
	assert_int_equal(size, 0);
	free(written);
	return strdup(text.text);
}

static void test_rows(void **state)
{
	static const struct {
		struct explain_text question;
		enum err err;
		const char *said;
	} rows[] = {
		{{"listed.example", NULL, NULL}, ERR_OK, "listed.example A: "},
		{{"listed.example", NULL, NULL}, ERR_OK, "answered: NXDOMAIN"},
		{{"Below.Listed.Example.", "aaaa", NULL}, ERR_OK, "list a: listed.example, line 1"},
		{{"other.example", "TYPE65280", NULL},
		 ERR_OK,
		 "other.example TYPE65280: forwarded"},
		{{"other.example", NULL, NULL}, ERR_OK, "no list has it"},
		{{"listed.example", NULL, "203.0.113.9"}, ERR_OK, "REFUSED"},
		{{"listed.example", NULL, "127.0.0.1"}, ERR_OK, "NXDOMAIN"},
		{{NULL, NULL, NULL}, ERR_SYNTAX, "the name is missing"},
		{{"a..b", NULL, NULL}, ERR_SYNTAX, "a..b"},
		{{"a.example", "AXFR", NULL}, ERR_SYNTAX, "AXFR"},
		{{"a.example", NULL, "192.0.2"}, ERR_SYNTAX, "192.0.2"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum err err;
		char *said = answered(*state, &rows[i].question, &err);

		if (err != rows[i].err || !strstr(said, rows[i].said))
			fail_msg("row %zu: %s", i, said);
		free(said);
	}
}

/* Where a list is refused that is told, and the answer is what clients would get. */
static void test_refused_list(void **state)
{
	struct scratch *s = *state;
	struct conf *conf = configured(s, "");
	struct explain_text question = {.name = "listed.example"};
	struct err_text text = {""};
	char written[256] = "";
	FILE *out = fmemopen(written, sizeof(written), "w");
	enum err err;
	bool blocked;
	bool told;

	assert_non_null(out);
	scratch_take_stderr(s);
	err = question_answer(conf, &question, out, &blocked, &text);
	told = scratch_logged(s, "list a: REFUSED");
	scratch_give_stderr(s);
	fclose(out);
	assert_int_equal(err, ERR_OK);
	assert_false(blocked);
	assert_true(told);
	assert_non_null(strstr(written, "no list has it"));
}

/* What cannot be written is a failure. */
static void test_full(void **state)
{
	struct explain_text question = {.name = "listed.example"};
	struct err_text text = {""};
	FILE *out = fopen("/dev/full", "w");
	bool blocked;

	assert_non_null(out);
	assert_int_equal(question_answer(configured(*state, "listed.example\n"), &question, out,
					 &blocked, &text),
			 ERR_SYS);
	assert_non_null(strstr(text.text, "cannot be written"));
	fclose(out);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_refused_list),
		TEST(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
