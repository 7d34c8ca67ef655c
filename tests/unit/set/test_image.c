/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set/chunk.h"
#include "support/bybuild.h"

#define LISTS 3U
#define OCTETS_MAX (1U << 20)

static const struct hash_key key = {7, 9};

struct octets {
	size_t len;
	size_t at;
	uint8_t octet[OCTETS_MAX];
};

static struct octets written;
static struct octets again;
static bool compact;

static bool put(void *arg, const void *data, size_t len)
{
	struct octets *to = arg;

	if (len > sizeof(to->octet) - to->len)
		return false;
	memcpy(to->octet + to->len, data, len);
	to->len += len;
	return true;
}

static bool get(void *arg, void *data, size_t len)
{
	struct octets *from = arg;

	if (len > from->len - from->at)
		return false;
	memcpy(data, from->octet + from->at, len);
	from->at += len;
	return true;
}

static void add(struct domset_builder *builder, const char *text, struct domset_kind kind,
		uint32_t line)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	assert_int_equal(domset_builder_add(builder, &name, &kind, line), ERR_OK);
}

/* Three lists, of which one is empty, with the ends of names that the dictionary has. */
static struct domset *make_set(uint32_t names)
{
	struct domset_builder *builder;
	struct domset *set;
	char text[64];

	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	domset_builder_compact(builder, compact);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t i = 0; i < names; i++) {
		snprintf(text, sizeof(text), "a%u.host.example.com", i);
		add(builder, text, (struct domset_kind){.scope = DOMSET_SCOPE_BOTH}, 3 * i + 1);
	}
	assert_int_equal(domset_builder_begin(builder, 2), ERR_OK);
	add(builder, "b.example.net",
	    (struct domset_kind){.scope = DOMSET_SCOPE_BELOW, .exception = true}, 1);
	add(builder, "b.example.net",
	    (struct domset_kind){.scope = DOMSET_SCOPE_BOTH, .important = true, .types = 2}, 500);
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

static enum err read_back(struct octets *from, struct domset **ret_set)
{
	enum err err;

	from->at = 0;
	err = domset_image_read(&key, from->len, get, from, ret_set);
	if (err != ERR_OK || domset_image_check(*ret_set, LISTS))
		return err;
	domset_free(*ret_set);
	return ERR_REFUSED;
}

/* All that may be asked of a set; returns the number of rules. */
static uint32_t use(const struct domset *set)
{
	struct domset_hit hit[LISTS];
	struct domset_iter iter;
	struct domset_rule rule;
	uint32_t rules = 0;

	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		struct domset_hits hits = {.room = LISTS, .hit = hit};
		struct domset_rule same;
		struct name_suffixes suffixes;
		char text[NAME_TEXT_MAX];

		assert_true(rule.list < LISTS);
		(void)name_to_text(rule.owner.wire, text, sizeof(text));
		domset_rule(set, iter.record, &same);
		name_hash_suffixes(domset_key(set), &rule.owner, &suffixes);
		domset_lookup(set, &rule.owner, &suffixes, TYPESET_ALL, &hits);
		for (uint32_t i = 0; i < hits.count && i < LISTS; i++)
			domset_rule(set, hits.hit[i].record, &same);
		rules++;
	}
	for (unsigned int list = 0; list < LISTS; list++)
		domset_iter_init_list(&iter, set, list);
	return rules;
}

static int make_compact(void **state)
{
	(void)state;
	compact = true;
	return 0;
}

static int make_plain(void **state)
{
	(void)state;
	compact = false;
	return 0;
}

static void test_set_comes_back(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 130, 2000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct domset *set = make_set(sizes[i]);
		struct domset_rule rule;
		struct domset_rule other;
		struct domset_iter was;
		struct domset_iter is;
		struct domset *copy;

		assert_true(domset_image_fits(set));
		written.len = 0;
		again.len = 0;
		assert_int_equal(domset_image_write(set, put, &written), ERR_OK);
		assert_int_equal(read_back(&written, &copy), ERR_OK);
		assert_int_equal(domset_image_write(copy, put, &again), ERR_OK);
		assert_int_equal(written.len, again.len);
		assert_memory_equal(written.octet, again.octet, written.len);
		assert_int_equal(use(copy), sizes[i] + 2);
		assert_int_equal(domset_count(copy, 0).rules, sizes[i]);
		assert_int_equal(domset_types(copy), domset_types(set));
		domset_iter_init(&was, set);
		domset_iter_init(&is, copy);
		while (domset_iter_next(&was, &rule)) {
			assert_true(domset_iter_next(&is, &other));
			assert_int_equal(rule.line, other.line);
			assert_int_equal(rule.list, other.list);
			assert_memory_equal(&rule.kind, &other.kind, sizeof(rule.kind));
			assert_true(name_equal(&rule.owner, &other.owner));
		}
		domset_free(copy);
		domset_free(set);
	}
}

static void test_what_does_not_fit(void **state)
{
	struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH, .answer = DOMSET_ANSWER_DATA};
	struct domset_builder *builder;
	struct domset *set;
	struct name name;

	(void)state;
	assert_int_equal(name_from_text("a.test", 6, &name), ERR_OK);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(domset_builder_add_data(builder, &name, &kind, 5, 1), ERR_OK);
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	assert_false(domset_image_fits(set));
	domset_free(set);
	domset_builder_free(builder);
}

/* Whatever octet is another: the set is refused, or can be used. */
static void test_each_octet_changed(void **state)
{
	static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x40};
	struct domset *set = make_set(20);
	size_t refused = 0;

	(void)state;
	written.len = 0;
	assert_int_equal(domset_image_write(set, put, &written), ERR_OK);
	domset_free(set);
	for (size_t at = 0; at < written.len; at++) {
		for (size_t i = 0; i < sizeof(changes); i += BY_BUILD(1, 3, 3)) {
			written.octet[at] ^= changes[i];
			if (read_back(&written, &set) == ERR_OK) {
				(void)use(set);
				domset_free(set);
			} else {
				refused++;
			}
			written.octet[at] ^= changes[i];
		}
	}
	assert_true(refused > 200);
}

static void test_each_length(void **state)
{
	struct domset *set = make_set(20);
	size_t len;

	(void)state;
	written.len = 0;
	assert_int_equal(domset_image_write(set, put, &written), ERR_OK);
	domset_free(set);
	len = written.len;
	for (written.len = 0; written.len < len; written.len++)
		assert_int_equal(read_back(&written, &set), ERR_SYNTAX);
}

static void test_rules_of_lists_that_are_not_there(void **state)
{
	struct domset *set = make_set(3);

	(void)state;
	assert_true(domset_image_check(set, LISTS));
	assert_false(domset_image_check(set, LISTS - 1));
	domset_free(set);
}

/* The first two records that the table leads to. */
static uint32_t *find_two(const struct domset *set, uint32_t **ret_other)
{
	struct chunk *chunks = (void *)set->table_pages.base;
	uint32_t *first = NULL;

	for (uint64_t i = 0; i < set->chunk_count; i++)
		for (uint32_t j = 0; j < CHUNK_RECORDS; j++) {
			if (chunks[i].tag[j] == 0)
				continue;
			*ret_other = &chunks[i].record[j];
			if (first)
				return first;
			first = *ret_other;
		}
	return NULL;
}

/* Each record is led to once, wherever from: that two have changed places makes look-ups miss. */
static void test_table_that_leads_elsewhere(void **state)
{
	struct domset *set = make_set(2000);
	uint32_t *other = NULL;
	uint32_t *one = find_two(set, &other);
	uint32_t was = *one;

	(void)state;
	assert_true(domset_image_check(set, LISTS));
	*one = *other;
	assert_false(domset_image_check(set, LISTS));
	*one = was + 1;
	assert_false(domset_image_check(set, LISTS));
	*one = UINT32_MAX;
	assert_false(domset_image_check(set, LISTS));
	*one = *other;
	*other = was;
	assert_true(domset_image_check(set, LISTS));
	domset_free(set);
}

/* A name's suffixes do not say where one would begin that has no label. */
static void test_end_without_a_label(void **state)
{
	struct domset *set = make_set(20);

	(void)state;
	assert_true(set->ends.dict.count > 0);
	assert_true(domset_image_check(set, LISTS));
	*(struct dict_entry *)(void *)set->dict_pages.base = (struct dict_entry){.len = 1};
	assert_false(domset_image_check(set, LISTS));
	domset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_comes_back),
		cmocka_unit_test_setup_teardown(test_set_comes_back, make_compact, make_plain),
		cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_each_octet_changed),
		cmocka_unit_test_setup_teardown(test_each_octet_changed, make_compact, make_plain),
		cmocka_unit_test(test_each_length),
		cmocka_unit_test_setup_teardown(test_each_length, make_compact, make_plain),
		cmocka_unit_test(test_table_that_leads_elsewhere),
		cmocka_unit_test_setup_teardown(test_table_that_leads_elsewhere, make_compact,
						make_plain),
		cmocka_unit_test(test_rules_of_lists_that_are_not_there),
		cmocka_unit_test(test_end_without_a_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
