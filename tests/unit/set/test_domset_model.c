/* SPDX-License-Identifier: BSD-2-Clause */
/* The set against a model that walks all rules: random rules and names of few, short labels. */
#include "set/domset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LISTS 5
#define RULES_MAX 4000

struct model_rule {
	struct name owner;
	struct domset_kind kind;
	unsigned int list;
	unsigned int labels;
	uint32_t line;
};

struct model {
	size_t count;
	struct model_rule rules[RULES_MAX];
};

static const struct hash_key key = {1, 2};
static uint64_t random_state;
static bool compact;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % limit;
}

/* Labels of an alphabet of `letters`, most of one letter, so that names share many ends. */
static struct name random_name(uint32_t letters, uint32_t *ret_labels)
{
	uint32_t labels = random_below(7);
	struct name name = {.len = 0};

	for (uint32_t i = 0; i < labels; i++) {
		uint32_t octets = random_below(8) ? 1 : 1 + random_below(12);

		name.wire[name.len++] = (uint8_t)octets;
		for (uint32_t j = 0; j < octets; j++)
			name.wire[name.len++] = (uint8_t)('a' + random_below(letters));
	}
	name.wire[name.len++] = 0;
	*ret_labels = labels;
	return name;
}

static void random_model(struct model *model, size_t count, uint32_t letters)
{
	model->count = count;
	for (size_t i = 0; i < count; i++) {
		struct model_rule *rule = &model->rules[i];

		rule->owner = random_name(letters, &rule->labels);
		rule->kind.scope = (uint8_t)(1 + random_below(3));
		rule->kind.exception = random_below(4) == 0;
		rule->kind.important = random_below(6) == 0;
		rule->list = (unsigned int)(i * LISTS / count);
		rule->line = (uint32_t)i / 2 * (1 + rule->list);
		if (i > 0 && random_below(10) == 0 && model->rules[i - 1].list == rule->list) {
			rule->owner = model->rules[i - 1].owner;
			rule->labels = model->rules[i - 1].labels;
			if (random_below(2))
				rule->kind = model->rules[i - 1].kind;
		}
	}
}

static bool covers(const struct model_rule *rule, const struct name *name)
{
	if (name_equal(name, &rule->owner))
		return rule->kind.scope & DOMSET_SCOPE_ITSELF;
	return name_is_below(name, &rule->owner) && (rule->kind.scope & DOMSET_SCOPE_BELOW);
}

static bool is_stronger(const struct model_rule *a, const struct model_rule *b)
{
	if (a->kind.important != b->kind.important)
		return a->kind.important;
	if (a->labels != b->labels)
		return a->labels > b->labels;
	return a->kind.exception && !b->kind.exception;
}

static const struct model_rule *strongest(const struct model *model, unsigned int list,
					  const struct name *name)
{
	const struct model_rule *best = NULL;

	for (size_t i = 0; i < model->count; i++) {
		const struct model_rule *rule = &model->rules[i];

		if (rule->list == list && covers(rule, name) && (!best || is_stronger(rule, best)))
			best = rule;
	}
	return best;
}

static struct domset *set_of(const struct model *model)
{
	struct domset_builder *builder;
	struct domset *set;
	unsigned int list = LISTS;

	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	domset_builder_compact(builder, compact);
	for (size_t i = 0; i < model->count; i++) {
		const struct model_rule *rule = &model->rules[i];

		if (rule->list != list)
			assert_int_equal(domset_builder_begin(builder, rule->list), ERR_OK);
		list = rule->list;
		assert_int_equal(domset_builder_add(builder, &rule->owner, &rule->kind, rule->line),
				 ERR_OK);
	}
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

/* All lists of `old`, in another order. */
static struct domset *copy_of(const struct domset *old)
{
	struct domset_builder *builder;
	struct domset *set;

	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	domset_builder_compact(builder, compact);
	for (unsigned int list = LISTS; list-- > 0;)
		assert_int_equal(domset_builder_copy_list(builder, old, list, list, NULL), ERR_OK);
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

static void expect_rule(const struct domset *set, const struct domset_hit *hit,
			const struct model_rule *expected)
{
	struct domset_rule rule;

	assert_int_equal(hit->list, expected->list);
	assert_int_equal(hit->owner_labels, expected->labels);
	assert_int_equal(hit->exception, expected->kind.exception);
	assert_int_equal(hit->important, expected->kind.important);
	domset_rule(set, hit->record, &rule);
	assert_true(name_equal(&rule.owner, &expected->owner));
	assert_int_equal(rule.list, expected->list);
	assert_int_equal(rule.line, expected->line);
	assert_int_equal(rule.kind.scope, expected->kind.scope);
}

static void expect_as_model(const struct domset *set, const struct model *model,
			    const struct name *name)
{
	struct name_suffixes suffixes;
	struct domset_hit hit[64];
	struct domset_hits hits = {.room = 64, .hit = hit};
	uint32_t at = 0;

	name_hash_suffixes(domset_key(set), name, &suffixes);
	domset_lookup(set, name, &suffixes, TYPESET_ALL, &hits);
	for (unsigned int list = 0; list < LISTS; list++) {
		const struct model_rule *rule = strongest(model, list, name);

		if (!rule)
			continue;
		assert_true(at < hits.count);
		expect_rule(set, &hits.hit[at++], rule);
	}
	assert_int_equal(at, hits.count);
}

static void compare_with_model(void)
{
	static const size_t counts[] = {0, 1, 2, 12, 60, 400, RULES_MAX};
	static struct model model;
	uint32_t labels;

	for (uint32_t run = 0; run < 28; run++) {
		size_t count = counts[run % 7];
		uint32_t letters = 2 + run / 7;
		struct domset *set;
		struct domset *copy;

		random_state = 0x9e3779b97f4a7c15ULL * (run + 1);
		random_model(&model, count, letters);
		set = set_of(&model);
		copy = copy_of(set);
		for (uint32_t i = 0; i < (count > 1000 ? 300 : 2000); i++) {
			struct name name = random_name(letters, &labels);

			expect_as_model(set, &model, &name);
			expect_as_model(copy, &model, &name);
		}
		domset_free(set);
		domset_free(copy);
	}
}

static void test_model(void **state)
{
	(void)state;
	compact = false;
	compare_with_model();
}

static void test_model_compact(void **state)
{
	(void)state;
	compact = true;
	compare_with_model();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_model_compact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
