/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pattern/literal.h"
#include "support/alloc_fail.h"

#define REGEX PATTERN_REGEX
#define LABEL PATTERN_AT_LABEL
#define START PATTERN_AT_START
#define END PATTERN_TO_END

static enum err make(const char *text, uint8_t form, struct pattern **ret)
{
	struct pattern_source source = {text, strlen(text), form};

	return pattern_create(&source, ret);
}

static struct name name_of(const char *text)
{
	struct name name;

	memset(&name, 0xa5, sizeof(name)); /* what lies behind a name must not matter */
	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

/* ---- what matches what */

static const struct {
	const char *text;
	uint8_t form;
	const char *matches; /* names with blanks between them */
	const char *others;
} rows[] = {
	{"ads-*.example", LABEL | END, "ads-1.example x.ads-1.example ads-.example ads-a.b.example",
	 "xads-1.example ads-1.example.org ads-1example example"},
	{"ads-*.example", START | END, "ads-1.example", "x.ads-1.example"},
	{"ads-*.example", END, "ads-1.example xads-1.example", "ads-1.example.org"},
	{"ads-*.example", 0, "ads-1.example xads-1.examples.org", "ads1.example"},
	{"ads.", LABEL, "ads.example x.ads.example", "ads xads.example"},
	{"ads", LABEL, "ads ads.example adsx.example x.adsx", "xads.example"},
	{"*.ads*", START | END, "x.ads x.adsx.example", "ads.example x.y"},
	{"*ads*", 0, "ads xadsx", "ad"},
	{"a*b*a", START | END, "aba axbxa abbba ab.a", "aa ab a.a xaba"},
	{"ab*ab", START | END, "abab abxab ab.ab", "ab aba"},
	{"*ab", START | END, "ab xab ab.ab", "abx"},
	{"ab*", START | END, "ab abx", "xab"},
	{"AdS*", START | END, "adsx", "x"},
	{"a.b-c_d*", START, "a.b-c_dx", "axb-c_d"},
	{"(^|\\.)ads[0-9]+\\.example$", REGEX, "ads1.example x.ads12.example",
	 "xads1.example ads.example ads1.example.org"},
	{"^track\\.", REGEX, "track.example", "x.track.example tracks.example"},
	{"ADS", REGEX, "xadsx", "ad"},
	{"^[[:alnum:]]{4}$", REGEX, "ab12", "ab-1 abc"},
	{"(\\w+)\\.\\1$", REGEX, "ab.ab x.ab.ab", "ab.ac"},
	{"^(?!www).*\\.example$", REGEX, "ads.example", "www.example"},
	{"^a\\.b$", REGEX, "a.b", "a\\.b axb"},
	{"a.b", REGEX, "a.b axb a\\.b", "ab"},
	{".", REGEX, "a", "."},
	{"^$", REGEX, ".", "a"},
};

static void expect(const struct pattern *pattern, const char *names, enum pattern_outcome outcome)
{
	char copy[256];
	char *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
		struct name name = name_of(at);

		if (pattern_match(pattern, &name) != outcome)
			fail_msg("%s and %s", pattern_text(pattern), at);
	}
}

static void test_matching(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern *pattern = NULL;

		if (make(rows[i].text, rows[i].form, &pattern) != ERR_OK)
			fail_msg("%s", rows[i].text);
		expect(pattern, rows[i].matches, PATTERN_MATCHES);
		expect(pattern, rows[i].others, PATTERN_MATCHES_NOT);
		pattern_unref(pattern);
	}
}

/* ---- what is no pattern, and what costs too much */

static const struct {
	const char *text;
	uint8_t form;
	enum err err;
} refused[] = {
	{"(", REGEX, ERR_SYNTAX},
	{"[a", REGEX, ERR_SYNTAX},
	{"", REGEX, ERR_SYNTAX},
	{"a\tb", REGEX, ERR_SYNTAX},
	{"\xc3\xa4", REGEX, ERR_SYNTAX},
	{"(*UTF)a", REGEX, ERR_SYNTAX},
	{"a\\Cb", REGEX, ERR_SYNTAX},
	{"*", LABEL, ERR_SYNTAX},
	{"**.*", 0, ERR_SYNTAX},
	{"a/*", 0, ERR_SYNTAX},
	{"^(a+)+$", REGEX, ERR_REFUSED},
	{"^(a|a)*$", REGEX, ERR_REFUSED},
	{"^(.*)*(.*)*(.*)*x$", REGEX, ERR_REFUSED},
	{"([a-z0-9]+)*\\.ads$", REGEX, ERR_REFUSED},
	{"(.+)+ads-tracker", REGEX, ERR_REFUSED},
	{"((((((a{50}){50}){50}))))", REGEX, ERR_REFUSED},
	{"(?R)a", REGEX, ERR_REFUSED},
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct pattern *pattern = NULL;
		enum err err = make(refused[i].text, refused[i].form, &pattern);

		if (err != refused[i].err)
			fail_msg("%s: %s", refused[i].text, err_str(err));
		assert_null(pattern);
	}
}

static void test_length(void **state)
{
	char text[PATTERN_TEXT_MAX + 2];
	struct pattern *pattern = NULL;

	memset(text, 'a', sizeof(text));
	text[PATTERN_TEXT_MAX + 1] = '\0';
	assert_int_equal(make(text, REGEX, &pattern), ERR_RANGE);
	text[PATTERN_TEXT_MAX] = '\0';
	assert_int_equal(make(text, REGEX, &pattern), ERR_OK);
	assert_int_equal(strlen(pattern_text(pattern)), PATTERN_TEXT_MAX + 2);
	pattern_unref(pattern);
	memset(text, '*', PATTERN_TEXT_MAX);
	for (size_t i = 0; i < PATTERN_TEXT_MAX; i += 2)
		text[i] = 'a';
	assert_int_equal(make(text, LABEL, &pattern), ERR_REFUSED);
}

/* A glob with many stars costs no more than its length for each, whatever the name. */
static void test_stars(void **state)
{
	struct pattern *pattern = NULL;
	char text[300] = "";
	struct name name;

	for (size_t i = 0; i < 60; i++)
		strcat(text, "a*");
	strcat(text, "x");
	assert_int_equal(make(text, LABEL | END, &pattern), ERR_OK);
	for (size_t i = 0; i < 4; i++) {
		memset(name.wire + 64 * i, 'a', 64);
		name.wire[64 * i] = i < 3 ? 63 : 61;
	}
	name.wire[254] = 0;
	name.len = 255;
	assert_int_equal(pattern_match(pattern, &name), PATTERN_MATCHES_NOT);
	name.wire[253] = 'x';
	assert_int_equal(pattern_match(pattern, &name), PATTERN_MATCHES);
	pattern_unref(pattern);
}

static void test_text(void **state)
{
	static const struct {
		uint8_t form;
		const char *text;
	} shown[] = {
		{REGEX, "/a*b/"},	{LABEL, "||a*b"}, {LABEL | END, "||a*b^"},
		{START | END, "|a*b^"}, {0, "a*b"},
	};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct pattern *pattern = NULL;

		assert_int_equal(make("a*b", shown[i].form, &pattern), ERR_OK);
		assert_string_equal(pattern_text(pattern), shown[i].text);
		assert_ptr_equal(pattern_ref(pattern), pattern);
		pattern_unref(pattern);
		pattern_unref(pattern);
	}
	pattern_unref(NULL);
}

static void test_without_memory(void **state)
{
	struct pattern *pattern = NULL;
	enum err err = ERR_NOMEM;

	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		alloc_fail_start(nth, false);
		err = make("ads[0-9]+", REGEX, &pattern);
		alloc_fail_stop();
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	pattern_unref(pattern);
}

/* ---- fixed text */

static const struct {
	const char *regex;
	const char *literals; /* with blanks between them */
} fixed[] = {
	{"ads", "ads"},
	{"^ads", ".ads"},
	{"(^|\\.)ads[0-9]+\\.example$", ".example."},
	{"^(^|\\.)ads-x", ".ads-x"},
	{"ads[0-9]*x?", "ads"},
	{"(ads|track)[0-9]", "ads track"},
	{"^(ads|track)\\.", ".ads. .track."},
	{"ads?-x", "ad-x ads-x"},
	{"[ab]ds-x", "ads-x bds-x"},
	{"[a-z]ds-x", "ds-x"},
	{"[^a]ds-x", "ds-x"},
	{"(?:ads|x[0-9])y", ""},
	{"(?:ads|[0-9]xyz)y", "ads xyz"},
	{"(ads-){2,3}x", "ads-"},
	{"(ads-)*xyz", "xyz"},
	{"(ads-)?xyz", "xyz ads-xyz"},
	{"(?!www)ads", "ads"},
	{"(?<=www)ads(?=x)", "ads"},
	{"(?<n>ads)", "ads"},
	{"(?P<n>ads)", "ads"},
	{"(?i)ADS", "ads"},
	{"\\bads\\b", "ads"},
	{"[[:alpha:]]ads", "ads"},
	{"[]ads]ads", "ads"},
	{"ads\\.com$", "ads.com."},
	{"^[a-z]{12}\\.com$", ""},
	{"^[a-f0-9]+\\.", ""},
	{"ad", ""},
	{".*", ""},
	{"ads|", ""},
	{"ads|.*", ""},
	/* what is not understood is taken for nothing */
	{"ads\\x41", ""},
	{"ads\\Qa|b\\E", ""},
	{"(?x)a d s", ""},
	{"ads(?1)(x)", ""},
	{"ads\\K", ""},
	{"ads{,3}", ""},
	{"(ads", ""},
	{"ads)", ""},
	{"((((((((((((((ads))))))))))))))", ""},
};

static void test_literals(void **state)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		struct literals l;
		char text[512] = "";
		size_t used = 0;

		literal_find(fixed[i].regex, strlen(fixed[i].regex), &l);
		for (uint32_t k = 0; k < l.count; k++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s",
						 k ? " " : "", l.at[k].len, l.at[k].octets);
		if (strcmp(text, fixed[i].literals) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", fixed[i].regex, text,
				 fixed[i].literals);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matching), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_length),	 cmocka_unit_test(test_stars),
		cmocka_unit_test(test_text),	 cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
