/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RANDOM_LINES 200000U

/* The line, with a newline and then what may stand behind it, is read from memory that ends there.
 */
static size_t read_plain(const char *line, enum list_format format, bool exact,
			 struct listline_rule *ret_rule)
{
	static const char next[] = "\nnext.example\n.x..";
	size_t len = strlen(line);
	char *text = malloc(PLAIN_ROOM);
	size_t taken;

	assert_non_null(text);
	assert_true(len < PLAIN_ROOM);
	for (size_t i = 0; i < PLAIN_ROOM; i++)
		text[i] = i < len ? line[i] : next[(i - len) % (sizeof(next) - 1)];
	taken = plain_line(text, format, exact, ret_rule);
	free(text);
	return taken;
}

static void assert_same_rule(const struct listline_rule *a, const struct listline_rule *b)
{
	assert_true(name_equal(&a->owner, &b->owner));
	assert_memory_equal(&a->kind, &b->kind, sizeof(a->kind));
	assert_int_equal(a->pattern.len, b->pattern.len);
	assert_int_equal(a->gives.type, b->gives.type);
	assert_int_equal(a->denyallow, b->denyallow);
	assert_int_equal(a->badfilter, b->badfilter);
}

/* What is taken is the line as listline reads it; returns whether it was. */
static bool compare(const char *text, enum list_format format, bool exact)
{
	struct listline_rule plain;
	struct listline_rule rule;
	struct listline line;
	size_t len;

	memset(&plain, 0, sizeof(plain));
	memset(&rule, 0, sizeof(rule));
	len = read_plain(text, format, exact, &plain);
	if (len == 0)
		return false;
	assert_int_equal(len, strlen(text));
	listline_init(&line, format, exact, text, len);
	if (listline_next(&line, &rule) != LISTLINE_RULE)
		fail_msg("\"%s\" is no rule", text);
	assert_same_rule(&plain, &rule);
	assert_int_equal(listline_next(&line, &rule), LISTLINE_END);
	assert_false(line.comment);
	return true;
}

static void test_forms(void **state)
{
	static const struct {
		const char *line;
		bool taken; /* the rest is as right, and slower */
	} rows[] = {
		{"example.com", true},
		{"EXAMPLE.Com", true},
		{"a-b_c.example", true},
		{"xn--mnchen-3ya.example\r", true},
		{"example", true},
		{"0.0.0.0 example.com", true},
		{"127.0.0.1 ads\r", true},
		{"||example.com^", true},
		{"||ads-^", true},
		{A63 "." A63 "." A63 "." A61, true},
		{A63 "." A63 "." A63 "." A61 "a", false},
		{A63 "a.example", false},
		{"", false},
		{"\r", false},
		{".", false},
		{".example.com", false},
		{"example.com.", false},
		{"a..example", false},
		{" example.com", false},
		{"example.com ", false},
		{"example.com\r\r", false},
		{"example.com # not", false},
		{"example.com other.example", false},
		{"*.example.com", false},
		{"ads*.example.com", false},
		{"example.com/path", false},
		{"example.com##.banner", false},
		{"192.0.2.1", false},
		{"192.0.2.1-9", false},
		{"example.123", false},
		{"dead:beef::1", false},
		{"m\xc3\xbcnchen.example", false},
		{"0.0.0.0 a.example b.example", false},
		{"0.0.0.0 localhost", false},
		{"127.0.0.1 localhost.localdomain", false},
		{"127.0.0.1 Broadcasthost", false},
		{"0.0.0.0 ip6-loopback", false},
		{"0.0.0.0 0.0.0.0", false},
		{"0.0.0.0  example.com", false},
		{"||example.com", false},
		{"||example.com^$important", false},
		{"||example.com^|", false},
		{"||192.0.2.1^", false},
		{"||^", false},
		{"example.com^", false},
		{"0.0.0.0 example.com^", false},
		{"address=/example.com/", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (compare(rows[i].line, LIST_FORMAT_NAMES, i % 2) != rows[i].taken)
			fail_msg("\"%s\"", rows[i].line);
}

/* Among the rules of a filter list a word without a dot is a part of an address. */
static void test_filter_list(void **state)
{
	assert_true(compare("example.com", LIST_FORMAT_ADBLOCK, false));
	assert_false(compare("example", LIST_FORMAT_ADBLOCK, false));
	assert_true(compare("||example^", LIST_FORMAT_ADBLOCK, true));
	assert_true(compare("0.0.0.0 example", LIST_FORMAT_ADBLOCK, true));
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* Lines of what lines are made of, in any order. */
static void test_random(void **state)
{
	static const char *const parts[] = {
		"a",	"example",    "com",	   "local",
		"zone", "address",    "server",	   "0",
		"1",	"127.0.0.1 ", "0.0.0.0 ",  ".",
		".",	".",	      ".",	   "-",
		"_",	"||",	      "^",	   "*",
		"#",	"=",	      ":",	   " ",
		"\t",	"/",	      "$",	   "@@",
		"xn--", A63,	      "localhost", "broadcasthost",
		"ip6-", "Z",	      "@",	   "[",
		"`",	"{",	      "\r",	   "\x7f",
		"\x80", "\xff",	      "!",	   ";",
		"|",	",",	      "b.example",
	};
	uint32_t seed = 1;
	uint32_t taken = 0;

	for (uint32_t i = 0; i < RANDOM_LINES; i++) {
		uint32_t count = next_random(&seed) % 7;
		char line[512] = "";

		for (uint32_t k = 0; k < count; k++)
			strcat(line,
			       parts[next_random(&seed) % (sizeof(parts) / sizeof(parts[0]))]);
		if (strlen(line) < PLAIN_ROOM)
			taken += compare(line, (enum list_format)(1 + i % 3), i % 2);
	}
	assert_true(taken > RANDOM_LINES / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_filter_list),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
