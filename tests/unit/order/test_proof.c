/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "order/proof.h"
#include "load/loader.h"
#include "match/term.h"
#include "support/rig.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define YAML_MAX 1024
#define LOG_MAX 16384

/* What the log has of the proof for the lists `before`, and behind them the list a of `names`. */
static const char *proved(struct scratch *s, const char *before, const char *names,
			  const char *options)
{
	static char log[LOG_MAX];
	struct load_result result;
	struct snapshot *snapshot = NULL;
	struct conf *conf = NULL;
	struct err_text text = {""};
	char yaml[YAML_MAX];

	scratch_write(s, "pass", "two.example\n");
	snprintf(yaml, sizeof(yaml),
		 "upstreams: [{address: 192.0.2.53}]\n"
		 "guard: {public-suffixes: false}\n"
		 "local: {names: [{name: own.example, ipv4: [192.0.2.1]}]}\n"
		 "lists:\n"
		 "  - {name: first, file: %s, %s}\n"
		 "  - {name: a, file: %s, %s}\n",
		 scratch_path(s, "pass"), before, scratch_write(s, "names", names), options);
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK ||
	    loader_load(conf, &rig_key, NULL, NULL, &snapshot, &result, &text) != ERR_OK)
		fail_msg("%s", text.text);
	scratch_take_stderr(s);
	proof_tell(snapshot, NULL);
	scratch_give_stderr(s);
	snapshot_free(snapshot);
	assert_true(scratch_read(scratch_path(s, ".log"), log, sizeof(log)) >= 0);
	assert_int_equal(remove(scratch_path(s, ".log")), 0);
	return log;
}

static size_t lines(const char *log)
{
	size_t count = 0;

	for (; *log; log++)
		count += *log == '\n';
	return count;
}

#define ORDER "action: nxdomain, reason: order"
#define PASS "action: pass"
#define OPERATOR "action: nxdomain"
#define NOT "list a: NOT in force here: "
#define IN_FORCE(figures) "list a: in force here: asked for, " figures " names are blocked\n"

static void test_rows(void **state)
{
	static const struct {
		const char *before;
		const char *names;
		const char *options;
		size_t lines;
		const char *told; /* all parts parted by '|' */
	} rows[] = {
		{OPERATOR, "one.example\ntwo.example\n", ORDER, 1, IN_FORCE("2 of 2")},
		{PASS, "one.example\ntwo.example\n", ORDER, 2,
		 NOT "two.example is answered: what the upstreams say|" IN_FORCE("1 of 2")},
		{PASS, "one.example\ntwo.example\n", ORDER ", mandatory: true", 1,
		 IN_FORCE("2 of 2")},
		{PASS, "one.example\nown.example\n", ORDER, 2,
		 NOT "own.example is answered: otherwise|" IN_FORCE("1 of 2")},
		{PASS, "two.example\n1.two.example\n3.two.example\n4.two.example\n5.two.example\n",
		 ORDER ", match: exact", 4, NOT "two.example|" NOT "1.two|" IN_FORCE("0 of 5")},
		{OPERATOR, "one.example\n", OPERATOR ", mandatory: true", 1, IN_FORCE("1 of 1")},
		{OPERATOR, "one.example\n", "action: drop, reason: order", 1, IN_FORCE("1 of 1")},
		{OPERATOR, "one.example\n", "action: refused, reason: order", 1,
		 IN_FORCE("1 of 1")},
		{OPERATOR, "*.one.example\n", ORDER, 1, IN_FORCE("1 of 1")},
		{OPERATOR, "||one.example^\n@@||x.one.example^\n", ORDER, 1, IN_FORCE("1 of 1")},
		{OPERATOR, "one.example\n", OPERATOR, 0, ""},
		{OPERATOR, "one.example\n", "action: nxdomain, reason: requested", 0, ""},
		{OPERATOR, "one.example\n", "action: pass, reason: order", 0, ""},
		{OPERATOR, "one.example\n", ORDER ", dry-run: true", 0, ""},
		{OPERATOR, "one.example\n", ORDER ", expires: 2020-01-01T00:00:00Z, lapse: lift", 0,
		 ""},
		{OPERATOR, "one.example\n", ORDER ", expires: 2020-01-01T00:00:00Z, lapse: keep", 1,
		 IN_FORCE("1 of 1")},
		{OPERATOR, "one.example\n", ORDER ", valid-from: 2999-01-01T00:00:00Z", 0, ""},
		{ORDER, "one.example\n", OPERATOR, 1,
		 "list first: in force here: asked for, 1 of 1 names are blocked\n"},
		{OPERATOR, "||one.example^\n/^two[0-9]/\n", ORDER, 1, IN_FORCE("1 of 1")},
		{OPERATOR, "/^two[0-9]/\n", ORDER, 0, ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *log = proved(*state, rows[i].before, rows[i].names, rows[i].options);
		char parts[512];
		char *rest = parts;
		const char *part;

		snprintf(parts, sizeof(parts), "%s", rows[i].told);
		if (lines(log) != rows[i].lines)
			fail_msg("row %zu: %s", i, log);
		while ((part = strtok_r(rest, "|", &rest)))
			if (!strstr(log, part))
				fail_msg("row %zu: %s", i, log);
	}
}

/* A long list is asked for in part, from all over it. */
static void test_sample(void **state)
{
	static const struct {
		unsigned int names;
		const char *told;
	} rows[] = {
		{PROOF_NAMES_MAX - 1, "asked for, 999 of 999 names are blocked\n"},
		{PROOF_NAMES_MAX, "asked for, 1000 of 1000 names are blocked\n"},
		{PROOF_NAMES_MAX + 1, "asked for, 1000 of 1000 names are blocked (a sample)\n"},
		{3 * PROOF_NAMES_MAX - 1, "asked for, 1000 of 1000 names are blocked (a sample)\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t size = rows[i].names * (size_t)20 + 1;
		char *names = malloc(size);
		size_t len = 0;
		const char *log;

		assert_non_null(names);
		for (unsigned int n = 0; n < rows[i].names; n++)
			len += (size_t)snprintf(names + len, size - len, "n%u.example\n", n);
		log = proved(*state, OPERATOR, names, ORDER);
		free(names);
		if (!strstr(log, rows[i].told) || lines(log) != 1)
			fail_msg("row %zu: %s", i, log);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
