/* SPDX-License-Identifier: BSD-2-Clause */
/* All patterns asked at once tell what each of them would, asked alone. */
#include "pattern/patternset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fail.h"

#define PATTERNS 300U
#define NAMES 20000U

static struct pattern *make(const char *text, uint8_t form)
{
	struct pattern_source source = {text, strlen(text), form};
	struct pattern *pattern = NULL;

	if (pattern_create(&source, &pattern) != ERR_OK)
		fail_msg("%s", text);
	return pattern;
}

static enum err add(struct patternset_draft *draft, const char *text, uint8_t form)
{
	struct pattern *pattern = make(text, form);
	enum err err =
		patternset_add(draft, &(struct patternset_entry){pattern, 7, draft->count + 1, 0});

	pattern_unref(pattern);
	return err;
}

struct told {
	uint32_t times[PATTERNS];
	uint32_t undecided;
};

static void tell(void *arg, uint32_t index, bool undecided)
{
	struct told *told = arg;

	told->times[index]++;
	told->undecided += undecided;
}

static uint32_t rand_state = 1;

static uint32_t draw(uint32_t below)
{
	rand_state = rand_state * 1664525U + 1013904223U;
	return (rand_state >> 8) % below;
}

static const char *const parts[] = {"ads", "ad",   "-",	  "track",    "x",    "1", "22",
				    ".",   ".com", "cdn", ".example", "www.", "a", "banner"};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void draw_pattern(struct patternset_draft *draft)
{
	static const char *const between[] = {"", "", "*", "[0-9]+", ".*", "x?", "(a|cdn)", "[ab]"};
	static const char *const fronts[] = {"", "^", "(^|\\.)"};
	bool regex = draw(2);
	char text[128] = "";

	if (regex)
		strcat(text, fronts[draw(3)]);
	for (uint32_t i = 0, count = 1 + draw(3); i < count; i++) {
		const char *part = parts[draw(PARTS)];

		if (regex && *part == '.')
			strcat(text, "\\");
		strcat(text, part);
		strcat(text, regex ? between[3 * draw(2) + draw(5)] : draw(2) ? "*" : "");
	}
	if (strpbrk(text, "abcdefghijklmnopqrstuvwxyz0123456789-") && !strstr(text, "**"))
		(void)add(draft, text,
			  regex ? PATTERN_REGEX : (uint8_t)(draw(2) * 2 + draw(2) * 8));
}

static struct name draw_name(void)
{
	char text[256] = "";
	struct name name;

	do {
		text[0] = '\0';
		for (uint32_t i = 0, count = 1 + draw(6); i < count; i++)
			strcat(text, parts[draw(PARTS)]);
	} while (name_from_text(text, strlen(text), &name) != ERR_OK);
	return name;
}

static void test_model(void **state)
{
	struct patternset_draft draft = {.count = 0};
	struct patternset *set = NULL;
	uint32_t found = 0;

	while (draft.count < PATTERNS)
		draw_pattern(&draft);
	assert_int_equal(patternset_freeze(&draft, &set), ERR_OK);
	assert_int_equal(patternset_count(set), PATTERNS);
	for (uint32_t i = 0; i < NAMES; i++) {
		struct name name = draw_name();
		struct told told = {.undecided = 0};
		char text[NAME_TEXT_MAX];

		patternset_find(set, &name, tell, &told);
		for (uint32_t k = 0; k < PATTERNS; k++) {
			const struct pattern *p = patternset_entry(set, k)->pattern;
			bool matches = pattern_match(p, &name) == PATTERN_MATCHES;

			if (told.times[k] != matches)
				fail_msg("%s and %s: %u", pattern_text(p),
					 name_to_text(name.wire, text, sizeof(text)),
					 told.times[k]);
			found += matches;
		}
	}
	assert_true(found > NAMES);
	patternset_free(set);
}

static void test_loose(void **state)
{
	struct patternset_draft draft = {.count = 0};
	struct patternset *set = NULL;
	struct told told = {.undecided = 0};
	char text[32];
	struct name name;

	for (uint32_t i = 0; i < PATTERNSET_LOOSE_MAX; i++) {
		snprintf(text, sizeof(text), "^[a-z]{%u}\\.", i + 1);
		assert_int_equal(add(&draft, text, PATTERN_REGEX), ERR_OK);
	}
	assert_int_equal(add(&draft, "^[0-9]+\\.", PATTERN_REGEX), ERR_REFUSED);
	assert_int_equal(add(&draft, "^ads[0-9]+\\.", PATTERN_REGEX), ERR_OK);
	patternset_truncate(&draft, PATTERNSET_LOOSE_MAX - 1);
	assert_int_equal(add(&draft, "^[0-9]+\\.", PATTERN_REGEX), ERR_OK);
	assert_int_equal(patternset_freeze(&draft, &set), ERR_OK);
	assert_int_equal(name_from_text("abc.example", 11, &name), ERR_OK);
	patternset_find(set, &name, tell, &told);
	for (uint32_t i = 0; i < PATTERNSET_LOOSE_MAX; i++)
		assert_int_equal(told.times[i], i == 2);
	patternset_free(set);
}

static void test_empty(void **state)
{
	struct patternset_draft draft = {.count = 0};
	struct patternset *set = (void *)&draft;
	struct name name = {.len = 1};

	assert_int_equal(patternset_freeze(&draft, &set), ERR_OK);
	assert_null(set);
	assert_int_equal(patternset_count(NULL), 0);
	patternset_find(NULL, &name, tell, NULL);
	patternset_free(NULL);
	assert_int_equal(add(&draft, "ads", PATTERN_REGEX), ERR_OK);
	patternset_truncate(&draft, 0);
	assert_null(draft.entries);
}

/* A name that has the text of many patterns, each of which goes back as often as it may. */
static void test_bound(void **state)
{
	struct patternset_draft draft = {.count = 0};
	struct patternset *set = NULL;
	struct told told = {.undecided = 0};
	char text[64];
	struct name name = {.len = 0};

	for (uint32_t i = 0; i < PATTERNS; i++) {
		snprintf(text, sizeof(text), "ads(.*c)(.*%c)(.*d){%u}q$", (int)('e' + i % 20),
			 1 + i % 3);
		assert_int_equal(add(&draft, text, PATTERN_REGEX), ERR_OK);
	}
	assert_int_equal(patternset_freeze(&draft, &set), ERR_OK);
	for (uint8_t pos = 0; pos < 189; pos += 63) {
		name.wire[pos] = 62;
		for (uint8_t i = 1; i <= 62; i++)
			name.wire[pos + i] = (uint8_t) "adscdefghijklmnopqrstuvwx"[i % 25];
	}
	name.len = 190;
	patternset_find(set, &name, tell, &told);
	for (uint32_t i = 0; i < PATTERNS; i++)
		assert_in_range(told.times[i], 0, 1);
	patternset_free(set);
}

static void test_without_memory(void **state)
{
	struct pattern *pattern = make("ads[0-9]+", PATTERN_REGEX);
	struct patternset *set = NULL;
	enum err err = ERR_NOMEM;

	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		struct patternset_draft draft = {.count = 0};

		alloc_fail_start(nth, false);
		err = patternset_add(&draft, &(struct patternset_entry){pattern, 0, 1, 0});
		if (err == ERR_OK)
			err = patternset_freeze(&draft, &set);
		alloc_fail_stop();
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		patternset_truncate(&draft, 0);
	}
	patternset_free(set);
	pattern_unref(pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),	       cmocka_unit_test(test_loose),
		cmocka_unit_test(test_empty),	       cmocka_unit_test(test_bound),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
