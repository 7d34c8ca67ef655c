/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explain/explain.h"
#include "load/loader.h"
#include "support/rig.h"
#include "support/scratch.h"

static struct snapshot *loaded(const struct scratch *s)
{
	struct load_result result;
	struct snapshot *snapshot = NULL;
	struct conf *conf = NULL;
	struct err_text text = {""};
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "upstreams: [{address: 192.0.2.53}]\nguard: {public-suffixes: false}\n"
		 "local: {names: [{name: own.example, ipv4: [192.0.2.7]}]}\nlists:\n"
		 "  - {name: pass, file: %s, action: pass}\n"
		 "  - {name: sink, file: %s, sinkhole: {ipv4: 192.0.2.1}}\n"
		 "  - {name: nets, file: %s, format: addresses, action: nodata}\n",
		 scratch_write(s, "pass", "good.bad.example\n"),
		 scratch_write(s, "sink", "bad.example\n"),
		 scratch_write(s, "nets", "203.0.113.0/24\n"));
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK ||
	    loader_load(conf, &rig_key, NULL, NULL, &snapshot, &result, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return snapshot;
}

static const struct {
	struct explain_text asked;
	const char *verdict;
	const char *answer;
	const char *decides; /* the list; NULL: none does */
	size_t rules;
} rows[] = {
	{{"www.BAD.example", NULL, NULL}, "blocked-name", "192.0.2.1", "sink", 1},
	{{"bad.example", "TXT", NULL}, "blocked-name", "no data", "sink", 1},
	{{"good.bad.example", NULL, NULL}, "forwarded", NULL, "pass", 2},
	{{"own.example", NULL, NULL}, "local", "192.0.2.7", NULL, 0},
	{{"free.example", NULL, NULL}, "forwarded", NULL, NULL, 0},
	{{"203.0.113.9", NULL, NULL}, "blocked-address", "no data", "nets", 1},
	{{"192.0.2.99", NULL, NULL}, "not-listed", NULL, NULL, 0},
	{{"bad.example", NULL, "198.51.100.1"}, "not-allowed", NULL, NULL, 1},
};

static void test_rows(void **state)
{
	struct snapshot *snapshot = loaded(*state);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct explain_question question;
		const char *decides = NULL;
		struct explanation e;
		struct err_text text;
		char answer[256];

		assert_int_equal(explain_read(&rows[i].asked, &question, &text), ERR_OK);
		assert_int_equal(explain(snapshot, &question, &e), ERR_OK);
		for (size_t k = 0; k < e.rule_count; k++)
			if (e.rules[k].decides)
				decides = snapshot->policy->lists[e.rules[k].list].name;
		explain_answer(&e, answer, sizeof(answer));
		assert_string_equal(e.verdict, rows[i].verdict);
		if (rows[i].answer)
			assert_string_equal(answer, rows[i].answer);
		assert_int_equal(decides != NULL, rows[i].decides != NULL);
		if (decides)
			assert_string_equal(decides, rows[i].decides);
		assert_int_equal(e.rule_count, rows[i].rules);
	}
	snapshot_free(snapshot);
}

static void test_what_cannot_be_read(void **state)
{
	static const struct explain_text bad[] = {
		{NULL, NULL, NULL},
		{"a..example", NULL, NULL},
		{"a.example", "NOTYPE", NULL},
		{"a.example", NULL, "nowhere"},
	};
	struct explain_question question;
	struct err_text text;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(explain_read(&bad[i], &question, &text), ERR_SYNTAX);
}

static void test_written(void **state)
{
	struct snapshot *snapshot = loaded(*state);
	const struct explain_text asked = {"x.bad.example", NULL, NULL};
	struct explain_question question;
	struct explanation e;
	struct err_text text;
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	assert_int_equal(explain_read(&asked, &question, &text), ERR_OK);
	assert_int_equal(explain(snapshot, &question, &e), ERR_OK);
	assert_int_equal(explain_write(snapshot, &e, out), ERR_OK);
	fclose(out);
	assert_non_null(strstr(written, "x.bad.example A: blocked-name"));
	assert_non_null(strstr(written, "list sink: bad.example, line 1"));
	assert_non_null(strstr(written, "this decides"));
	free(written);
	assert_string_equal(explain_file(snapshot, 99), "");
	snapshot_free(snapshot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		cmocka_unit_test(test_what_cannot_be_read),
		TEST(test_written),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
