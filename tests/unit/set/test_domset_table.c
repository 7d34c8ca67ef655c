/* SPDX-License-Identifier: BSD-2-Clause */
/* A large set is filled by several threads just as by one. */
#include "set/domset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "set/chunk.h"
#include "support/bybuild.h"
#include "support/onecore.h"

#define RULES 120000U /* of each of two lists: enough for several threads */

static const struct hash_key key = {5, 6};

static void tell(void *arg, unsigned int list, uint32_t line, const struct name *owner)
{
	uint64_t *told = arg;

	*told = *told * 31 + list * 7 + line + name_hash(&key, owner);
}

/* One in three is there already, and `twice` all of the second half. */
static struct domset *make(bool twice, bool compact, uint64_t *told)
{
	const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	const struct domset_kind gives = {.scope = DOMSET_SCOPE_BOTH, .answer = DOMSET_ANSWER_DATA};
	struct domset_builder *builder;
	struct domset *set;

	*told = 0;
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	domset_builder_compact(builder, compact);
	domset_builder_tell_again(builder, tell, told);
	for (uint32_t i = 0; i < 2 * RULES; i++) {
		uint32_t number = i % 3 == 0 ? i / 2 : i;
		struct name owner;
		char text[64];

		if (i % RULES == 0)
			assert_int_equal(domset_builder_begin(builder, i / RULES), ERR_OK);
		if (twice && i >= RULES)
			number = 7;
		snprintf(text, sizeof(text), "www.n%u.example%u.com", number, number % 50);
		assert_int_equal(name_from_host(text, strlen(text), &owner), ERR_OK);
		assert_int_equal(domset_builder_add_data(builder, &owner, i % 100 ? &kind : &gives,
							 i % 100 ? 0 : i + 1, 1 + i * 3),
				 ERR_OK);
	}
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

static void assert_same(const struct domset *a, const struct domset *b)
{
	assert_int_equal(a->arena_bytes, b->arena_bytes);
	assert_memory_equal(a->arena, b->arena, a->arena_bytes);
	assert_int_equal(a->chunk_count, b->chunk_count);
	assert_memory_equal(a->chunks, b->chunks, a->chunk_count * sizeof(struct chunk));
	assert_int_equal(a->checkpoint_count, b->checkpoint_count);
	assert_memory_equal(a->checkpoint_pages.base, b->checkpoint_pages.base,
			    a->checkpoint_count * sizeof(struct checkpoint));
	assert_memory_equal(a->counts, b->counts, sizeof(a->counts));
	assert_memory_equal(a->starts, b->starts, sizeof(a->starts));
	assert_memory_equal(a->depths, b->depths, sizeof(a->depths));
}

static void test_same(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i += BY_BUILD(1, 3, 3)) {
		bool twice = i % 2;
		bool compact = i / 2;
		uint64_t told_several;
		uint64_t told_one;
		struct domset *several = make(twice, compact, &told_several);

		assert_true(domset_count_all(several).duplicates > 0);
		if (!FOR_RACES) {
			cpu_set_t cores = onecore_begin();
			struct domset *one = make(twice, compact, &told_one);

			onecore_end(&cores);
			assert_same(several, one);
			assert_true(told_several == told_one);
			domset_free(one);
		}
		domset_free(several);
	}
}

/* The rules of a compact set are those that it would have if it were none. */
static void test_compact(void **state)
{
	(void)state;
	if (FOR_RACES)
		skip();
	for (int twice = 0; twice < 2; twice++) {
		uint64_t told_plain;
		uint64_t told_compact;
		struct domset *plain = make(twice, false, &told_plain);
		struct domset *compact = make(twice, true, &told_compact);
		struct domset_iter was;
		struct domset_iter is;
		struct domset_rule rule;
		struct domset_rule other;

		assert_true(told_plain == told_compact);
		assert_memory_equal(plain->counts, compact->counts, sizeof(plain->counts));
		assert_true(compact->arena_bytes < plain->arena_bytes * 2 / 3);
		domset_iter_init(&was, plain);
		domset_iter_init(&is, compact);
		while (domset_iter_next(&was, &rule)) {
			assert_true(domset_iter_next(&is, &other));
			assert_int_equal(rule.line, other.line);
			assert_int_equal(rule.list, other.list);
			assert_int_equal(rule.data, other.data);
			assert_true(name_equal(&rule.owner, &other.owner));
			if (is.record % 1000 != 0)
				continue;
			domset_rule(compact, is.record, &other);
			assert_int_equal(rule.line, other.line);
			assert_true(name_equal(&rule.owner, &other.owner));
		}
		assert_false(domset_iter_next(&is, &other));
		domset_free(plain);
		domset_free(compact);
	}
}

/* A name that is there already moves all behind it, so that a list that began with the checkpoint
 * that was due anyway begins between two: there is one more than before, for which there has to be
 * room where the others fill all that there was. */
static void test_one_more_checkpoint(void **state)
{
	const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	const uint32_t first = ((64U << 10) / sizeof(struct checkpoint) - 1) * CHECKPOINT_RECORDS;
	struct name owner = {.wire = "\4....", .len = 6};
	struct domset_builder *builder;
	struct domset *set;

	(void)state;
	if (FOR_RACES)
		skip();
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t i = 0; i < first + CHECKPOINT_RECORDS; i++) {
		const uint32_t number = i == 1 ? 0 : i;

		if (i == first)
			assert_int_equal(domset_builder_begin(builder, 1), ERR_OK);
		memcpy(owner.wire + 1, &number, sizeof(number));
		assert_int_equal(domset_builder_add(builder, &owner, &kind, i), ERR_OK);
	}
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	assert_int_equal(domset_count_all(set).duplicates, 1);
	assert_int_equal(set->checkpoint_count, first / CHECKPOINT_RECORDS + 2);
	assert_true(set->checkpoint_pages.size >=
		    set->checkpoint_count * sizeof(struct checkpoint));
	domset_free(set);
}

#define AHEAD 500U

static struct domset_builder *begin(void)
{
	struct domset_builder *builder;

	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	return builder;
}

static struct domset *freeze(struct domset_builder *builder)
{
	struct domset *set;

	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

/* Owners that are spelt before other rules are added come to the same. */
static void test_spelt(void **state)
{
	static uint8_t spelt[AHEAD][DOMSET_SPELT_MAX + DOMSET_SPELT_PAD];
	static size_t len[AHEAD];
	static struct name owners[AHEAD];
	const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	struct domset_builder *whole = begin();
	struct domset_builder *ahead = begin();
	struct domset *sets[2];

	(void)state;
	for (uint32_t i = 0; i < 20 * AHEAD; i++) {
		uint32_t at = i % AHEAD;
		struct name read;
		char text[NAME_TEXT_MAX];

		if (i >= AHEAD) {
			assert_int_equal(domset_builder_add(whole, &owners[at], &kind, i), ERR_OK);
			assert_int_equal(
				domset_builder_add_spelt(ahead, spelt[at], len[at], &kind, i),
				ERR_OK);
		}
		snprintf(text, sizeof(text), "%.*s%u.example%u.t%u", (int)(i % 50),
			 "a-label-that-is-up-to-fifty-octets-long-or-a-little-less", i % 7000,
			 i / 3 % (i % 2 ? 30 : 300), i / 3 % 30 % 7);
		assert_int_equal(name_from_host(text, strlen(text), &owners[at]), ERR_OK);
		len[at] = domset_builder_spell(ahead, &owners[at], spelt[at]);
		assert_true(len[at] <= DOMSET_SPELT_MAX);
		domset_builder_read(ahead, spelt[at], &read);
		assert_true(name_equal(&read, &owners[at]));
	}
	sets[0] = freeze(whole);
	sets[1] = freeze(ahead);
	assert_same(sets[0], sets[1]);
	assert_int_equal(sets[0]->ends.dict.count, sets[1]->ends.dict.count);
	assert_true(sets[0]->ends.dict.count > 30);
	domset_free(sets[0]);
	domset_free(sets[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spelt),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_one_more_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
