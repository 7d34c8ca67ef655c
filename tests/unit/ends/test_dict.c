/* SPDX-License-Identifier: BSD-2-Clause */
/* A name that was looked at before is learned from as one that comes whole. */
#include "ends/dict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAMES 20000U
#define AHEAD 300U /* names that are looked at before the first of them is learned from */

struct looked {
	struct name name;
	struct dict_match match;
	bool matched;
	uint64_t next;
};

static void make_name(uint32_t number, struct name *ret_name)
{
	char text[NAME_TEXT_MAX];
	uint32_t end = number / 3 % (number % 2 ? 40 : 600);
	int len = snprintf(text, sizeof(text), "n%u.a-label%u.e%u.t%u", number, end % 3, end,
			   end % 50);

	assert_int_equal(name_from_host(text, (size_t)len, ret_name), ERR_OK);
}

static void look(const struct dict *dict, uint32_t number, struct looked *ret_looked)
{
	make_name(number, &ret_looked->name);
	ret_looked->matched =
		dict_look(dict, &ret_looked->name, &ret_looked->match, &ret_looked->next);
}

static void learn(struct dict *dict, struct looked *looked)
{
	if (!dict_pass(dict, looked->next))
		looked->matched = dict_match(dict, &looked->name, &looked->match);
}

static void assert_same(const struct dict *a, const struct dict *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->pages.base, b->pages.base, a->count * sizeof(struct dict_entry));
	assert_memory_equal(a->slot, b->slot, sizeof(a->slot));
	assert_memory_equal(a->candidate, b->candidate, sizeof(a->candidate));
}

static void test_same(void **state)
{
	struct dict *whole = calloc(1, sizeof(*whole));
	struct dict *passed = calloc(1, sizeof(*passed));
	struct looked *looked = calloc(AHEAD, sizeof(*looked));
	uint32_t stored;

	(void)state;
	assert_non_null(whole);
	assert_non_null(passed);
	assert_non_null(looked);
	for (uint32_t i = 0; i < NAMES + AHEAD; i++) {
		struct looked *at = &looked[i % AHEAD];
		struct dict_match match;

		if (i >= AHEAD) {
			bool matched = dict_match(whole, &at->name, &match);

			learn(passed, at);
			assert_int_equal(at->matched, matched);
			assert_int_equal(at->match.index, match.index);
			assert_int_equal(at->match.offset, match.offset);
		}
		look(passed, i, at);
	}
	assert_same(whole, passed);
	assert_true(whole->count > 150);
	stored = whole->count / 2;
	dict_truncate(whole, stored);
	dict_truncate(passed, stored);
	assert_same(whole, passed);
	look(passed, 0, looked);
	learn(passed, looked);
	assert_true(looked->matched);
	pages_free(&whole->pages);
	pages_free(&passed->pages);
	free(whole);
	free(passed);
	free(looked);
}

/* Nothing is to be learned of a name whose next end is too long, or the whole name. */
static void test_next(void **state)
{
	static const char *const texts[] = {
		"com",
		"x.com",
		"a-label-of-more-than-thirty-octets.com",
		"www.a-label-of-more-than-thirty-octets.com",
	};
	struct dict *dict = calloc(1, sizeof(*dict));
	struct dict_match match;
	struct name name;
	uint64_t next;

	(void)state;
	assert_non_null(dict);
	assert_int_equal(name_from_host(texts[0], strlen(texts[0]), &name), ERR_OK);
	assert_false(dict_look(dict, &name, &match, &next));
	assert_false(dict_pass(dict, next)); /* it is stored at once, by dict_match */
	assert_int_equal(dict->count, 0);
	assert_true(dict_match(dict, &name, &match));
	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(name_from_host(texts[i], strlen(texts[i]), &name), ERR_OK);
		assert_true(dict_look(dict, &name, &match, &next));
		assert_int_equal(match.index, 0);
		assert_int_equal(match.offset, name.len - 5);
		assert_true(next == 0);
		assert_true(dict_pass(dict, next));
	}
	pages_free(&dict->pages);
	free(dict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
