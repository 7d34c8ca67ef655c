/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/domset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/bybuild.h"
#include "support/map_fail.h"

#define ITSELF DOMSET_SCOPE_ITSELF
#define BELOW DOMSET_SCOPE_BELOW
#define BOTH DOMSET_SCOPE_BOTH

static const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static struct name name_of(const char *text)
{
	struct name name;

	memset(&name, 0xa5, sizeof(name)); /* what lies behind a name must not matter */
	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static struct domset_builder *new_builder(void)
{
	struct domset_builder *builder = NULL;

	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	return builder;
}

static enum err add(struct domset_builder *builder, const char *owner, struct domset_kind kind,
		    uint32_t line)
{
	struct name name = name_of(owner);

	return domset_builder_add(builder, &name, &kind, line);
}

static struct domset *freeze(struct domset_builder *builder)
{
	struct domset *set = NULL;

	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

static void look_up_name(const struct domset *set, const struct name *name,
			 struct domset_hits *hits)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(domset_key(set), name, &suffixes);
	domset_prefetch(set, &suffixes);
	domset_prefetch_rules(set, &suffixes);
	domset_lookup(set, name, &suffixes, TYPESET_ALL, hits);
}

static void look_up(const struct domset *set, const char *text, struct domset_hits *hits)
{
	struct name name = name_of(text);

	look_up_name(set, &name, hits);
}

/* "0:block@12 3:except@1": each hit's list, what it says, and the line of its rule. */
static const char *hits_text(const struct domset *set, const struct domset_hits *hits, char *buf,
			     size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < hits->count; i++) {
		const struct domset_hit *hit = &hits->hit[i];
		struct domset_rule rule;

		domset_rule(set, hit->record, &rule);
		assert_int_equal(rule.list, hit->list);
		assert_int_equal(rule.kind.exception, hit->exception);
		assert_int_equal(rule.kind.important, hit->important);
		used += (size_t)snprintf(buf + used, size - used, "%s%u:%s@%u", i ? " " : "",
					 hit->list, hit->exception ? "except" : "block", rule.line);
	}
	return buf;
}

static void expect_hits(const struct domset *set, const char *name, const char *expected)
{
	struct domset_hit hit[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = hit};
	char text[256];

	look_up(set, name, &hits);
	if (strcmp(hits_text(set, &hits, text, sizeof(text)), expected) != 0)
		fail_msg("%s: \"%s\" instead of \"%s\"", name, text, expected);
}

/* ---- which rule speaks */

struct rule_row {
	unsigned int list;
	const char *owner;
	struct domset_kind kind;
	uint32_t line;
};

static const struct rule_row rules[] = {
	{0, "exact.example", {ITSELF, false, false, 0, 0}, 1},
	{0, "below.example", {BELOW, false, false, 0, 0}, 2},
	{0, "both.example", {BOTH, false, false, 0, 0}, 5},
	{0, "good.both.example", {BOTH, true, false, 0, 0}, 5},
	{0, "bad.good.both.example", {ITSELF, false, false, 0, 0}, 900},
	{0, "tie.example", {BOTH, false, false, 0, 0}, 901},
	{0, "tie.example", {BOTH, true, false, 0, 0}, 902},
	{2, "both.example", {BOTH, false, true, 0, 0}, 1},
	{2, "good.both.example", {BOTH, true, false, 0, 0}, 2},
	{2, "force.example", {BOTH, false, true, 0, 0}, 3},
	{2, "ok.force.example", {BOTH, true, true, 0, 0}, 4},
	{2, "no.ok.force.example", {BOTH, false, true, 0, 0}, 5},
	{1, "both.example", {ITSELF, false, false, 0, 0}, 7},
	{1, "twice.example", {BELOW, false, false, 0, 0}, 8},
	{1, "twice.example", {BOTH, false, false, 0, 0}, 9},
	{3, "tld", {BOTH, false, false, 0, 0}, 1},
	{3, "_srv._tcp.example", {BOTH, false, false, 0, 0}, 200000},
};

static const struct {
	const char *name;
	const char *hits;
} lookups[] = {
	{"exact.example", "0:block@1"},
	{"a.exact.example", ""},
	{"below.example", ""},
	{"a.below.example", "0:block@2"},
	{"a.b.c.below.example", "0:block@2"},
	{"both.example", "0:block@5 1:block@7 2:block@1"},
	{"x.both.example", "0:block@5 2:block@1"},
	{"good.both.example", "0:except@5 2:block@1"},
	{"a.good.both.example", "0:except@5 2:block@1"},
	{"bad.good.both.example", "0:block@900 2:block@1"},
	{"a.bad.good.both.example", "0:except@5 2:block@1"},
	{"tie.example", "0:except@902"},
	{"a.tie.example", "0:except@902"},
	{"ok.force.example", "2:except@4"},
	{"no.ok.force.example", "2:block@5"},
	{"twice.example", "1:block@9"},
	{"a.twice.example", "1:block@8"},
	{"tld", "3:block@1"},
	{"a.tld", "3:block@1"},
	{"x._srv._tcp.example", "3:block@200000"},
	{"example", ""},
	{"xboth.example", ""},
	{"both.example.com", ""},
	{".", ""},
};

static struct domset *set_of_rows(const struct rule_row *rows, size_t count)
{
	struct domset_builder *builder = new_builder();
	unsigned int list = DOMSET_LISTS_MAX;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].list != list)
			assert_int_equal(domset_builder_begin(builder, rows[i].list), ERR_OK);
		list = rows[i].list;
		assert_int_equal(add(builder, rows[i].owner, rows[i].kind, rows[i].line), ERR_OK);
	}
	assert_int_equal(domset_builder_mark(builder).records, count);
	return freeze(builder);
}

static void test_precedence(void **state)
{
	struct domset *set = set_of_rows(rules, sizeof(rules) / sizeof(rules[0]));

	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++)
		expect_hits(set, lookups[i].name, lookups[i].hits);
	assert_int_equal(domset_count(set, 0).rules, 7);
	assert_int_equal(domset_count(set, 3).rules, 2);
	assert_int_equal(domset_count(set, 77).rules, 0);
	assert_int_equal(domset_count(set, DOMSET_LISTS_MAX).rules, 0);
	assert_int_equal(domset_count_all(set).rules, sizeof(rules) / sizeof(rules[0]));
	assert_int_equal(domset_count_all(set).duplicates, 0);
	domset_free(set);
}

static void test_root(void **state)
{
	static const struct rule_row rows[] = {
		{0, ".", {BOTH, false, false, 0, 0}, 1},
		{1, ".", {BELOW, false, false, 0, 0}, 1},
		{2, ".", {ITSELF, false, false, 0, 0}, 1},
		{3, "com", {BOTH, false, false, 0, 0}, 1},
	};
	struct domset *set = set_of_rows(rows, 4);

	expect_hits(set, ".", "0:block@1 2:block@1");
	expect_hits(set, "com", "0:block@1 1:block@1 3:block@1");
	expect_hits(set, "a.b.org", "0:block@1 1:block@1");
	domset_free(set);
}

static void test_empty(void **state)
{
	struct domset *set = freeze(new_builder());
	struct domset_rule rule;
	struct domset_iter iter;

	expect_hits(set, "a.b.example", "");
	expect_hits(set, ".", "");
	domset_iter_init(&iter, set);
	assert_false(domset_iter_next(&iter, &rule));
	domset_iter_init_list(&iter, set, 0);
	assert_false(domset_iter_next(&iter, &rule));
	assert_int_equal(domset_count_all(set).rules, 0);
	domset_free(set);
	domset_free(NULL);
	domset_builder_free(NULL);
}

/* ---- names at the limits */

/* 255 octets: three labels of 63 octets and one of 61; `first` is the first octet. */
static struct name longest_name(char first)
{
	char text[256];

	memset(text, 'a', 253);
	text[0] = first;
	text[63] = text[127] = text[191] = '.';
	text[253] = '\0';
	return name_of(text);
}

/* 127 labels of one octet. */
static struct name deepest_name(void)
{
	char text[256];

	memset(text, 'b', 253);
	for (size_t i = 1; i < 253; i += 2)
		text[i] = '.';
	text[253] = '\0';
	return name_of(text);
}

static void test_long_names(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct name names[] = {longest_name('x'), longest_name('y'), deepest_name()};
	struct domset_builder *builder = new_builder();
	struct name other = longest_name('z');
	struct domset_hit hit[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = hit};
	struct domset_rule rule;
	struct domset *set;

	assert_int_equal(domset_builder_begin(builder, 9), ERR_OK);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(names[i].len, NAME_WIRE_MAX);
		assert_int_equal(domset_builder_add(builder, &names[i], &both, i + 1), ERR_OK);
	}
	set = freeze(builder);
	for (uint32_t i = 0; i < 3; i++) {
		look_up_name(set, &names[i], &hits);
		assert_int_equal(hits.count, 1);
		domset_rule(set, hits.hit[0].record, &rule);
		assert_int_equal(rule.line, i + 1);
		assert_true(name_equal(&rule.owner, &names[i]));
	}
	assert_int_equal(hits.hit[0].owner_labels, NAME_LABELS_MAX);
	look_up_name(set, &other, &hits);
	assert_int_equal(hits.count, 0);
	domset_free(set);
}

/* Octets inside a label that look like what the set makes of names within itself. */
static void test_odd_octets(void **state)
{
	static const struct rule_row rows[] = {
		{0, "a.com", {BOTH, false, false, 0, 0}, 1},
		{0, "x@cd.com", {BOTH, false, false, 0, 0}, 2},
		{0, "\\255\\192\\000.com", {BOTH, false, false, 0, 0}, 3},
	};
	struct domset *set = set_of_rows(rows, 3);

	expect_hits(set, "x@cd.com", "0:block@2");
	expect_hits(set, "\\255\\192\\000.com", "0:block@3");
	expect_hits(set, "x\\003com\\000", "");
	expect_hits(set, "x\\003com.com", "");
	expect_hits(set, "a\\003com", "");
	domset_free(set);
}

/* More endings than there are codes for, of one octet and of two. */
static void test_many_tlds(void **state)
{
	enum { TLDS = 17000 };
	struct domset_builder *builder = new_builder();
	struct domset *set;
	char text[64];
	char expected[32];

	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t i = 0; i < TLDS; i++) {
		snprintf(text, sizeof(text), "host%u.tld%u", i, i);
		assert_int_equal(
			add(builder, text, (struct domset_kind){BOTH, false, false, 0, 0}, i + 1),
			ERR_OK);
	}
	set = freeze(builder);
	assert_int_equal(domset_count(set, 0).rules, TLDS);
	for (uint32_t i = 0; i < TLDS; i++) {
		snprintf(text, sizeof(text), "a.host%u.tld%u", i, i);
		snprintf(expected, sizeof(expected), "0:block@%u", i + 1);
		expect_hits(set, text, expected);
		snprintf(text, sizeof(text), "host%u.tld%u", i, i + 1);
		expect_hits(set, text, "");
	}
	domset_free(set);
}

/* ---- lines, duplicates, iteration */

static uint32_t line_of(uint32_t i)
{
	return i / 3 * 4 + 1 + i / 500 * 100000; /* some lines have three names, some none */
}

static void add_numbered(struct domset_builder *builder, uint32_t count, bool twice)
{
	const struct domset_kind kinds[] = {{BOTH, false, false, 0, 0}, {BELOW, true, false, 0, 0}};
	char text[64];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "n%u.shared.example", i);
		assert_int_equal(add(builder, text, kinds[i % 2], line_of(i)), ERR_OK);
		if (twice)
			assert_int_equal(add(builder, text, kinds[i % 2], line_of(i)), ERR_OK);
	}
}

static void expect_numbered(struct domset_iter *iter, unsigned int list, uint32_t count)
{
	struct domset_rule rule;
	struct domset_rule same;
	struct name name;
	char text[64];

	for (uint32_t i = 0; i < count; i++) {
		assert_true(domset_iter_next(iter, &rule));
		snprintf(text, sizeof(text), "n%u.shared.example", i);
		name = name_of(text);
		assert_true(name_equal(&rule.owner, &name));
		assert_int_equal(rule.list, list);
		assert_int_equal(rule.line, line_of(i));
		assert_int_equal(rule.kind.exception, i % 2);
		assert_int_equal(rule.kind.scope, i % 2 ? BELOW : BOTH);
		domset_rule(iter->set, iter->record, &same);
		assert_int_equal(same.line, rule.line);
		assert_true(name_equal(&same.owner, &name));
	}
}

static void test_lines(void **state)
{
	enum { COUNT = 2000 };
	struct domset_builder *builder = new_builder();
	struct domset_iter iter;
	struct domset_rule rule;
	struct domset *set;

	for (unsigned int list = 0; list < 3; list++) {
		assert_int_equal(domset_builder_begin(builder, list), ERR_OK);
		add_numbered(builder, COUNT + list, list == 1);
	}
	set = freeze(builder);
	assert_int_equal(domset_count(set, 0).rules, COUNT);
	assert_int_equal(domset_count(set, 0).duplicates, 0);
	assert_int_equal(domset_count(set, 1).rules, COUNT + 1);
	assert_int_equal(domset_count(set, 1).duplicates, COUNT + 1);
	assert_int_equal(domset_count_all(set).rules, 3 * COUNT + 3);
	domset_iter_init(&iter, set);
	for (unsigned int list = 0; list < 3; list++)
		expect_numbered(&iter, list, COUNT + list);
	assert_false(domset_iter_next(&iter, &rule));
	domset_iter_init_list(&iter, set, 1);
	expect_numbered(&iter, 1, COUNT + 1);
	domset_free(set);
}

/* Lines between two rules that take more and more octets to tell, and duplicates among them. */
static void test_far_lines(void **state)
{
	static const uint32_t lines[] = {0,	1,     1,	   128,	      300,
					 17000, 17001, 2200000,	   270000000, 270000001,
					 1,	1,     4000000000, 4294967295};
	struct domset_builder *builder = new_builder();
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct domset *set;
	char text[32];
	char expected[32];

	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "r%u", i);
		assert_int_equal(add(builder, text, both, lines[i]),
				 lines[i] == 1 && i > 2 ? ERR_RANGE : ERR_OK);
		if (lines[i] > 1)
			assert_int_equal(add(builder, "r0", both, lines[i]), ERR_OK);
	}
	set = freeze(builder);
	for (uint32_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "r%u", i);
		snprintf(expected, sizeof(expected), "0:block@%u", lines[i]);
		expect_hits(set, text, lines[i] == 1 && i > 2 ? "" : expected);
	}
	domset_free(set);
}

/* ---- building */

static void test_limits(void **state)
{
	struct domset_builder *builder = new_builder();
	struct domset_hit hit[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = hit};
	struct domset *set;
	char text[32];

	assert_int_equal(add(builder, "a", (struct domset_kind){BOTH, false, false, 0, 0}, 1),
			 ERR_RANGE);
	assert_int_equal(domset_builder_begin(builder, DOMSET_LISTS_MAX), ERR_RANGE);
	for (unsigned int list = 0; list < DOMSET_LISTS_MAX; list++) {
		assert_int_equal(domset_builder_begin(builder, list), ERR_OK);
		assert_int_equal(domset_builder_begin(builder, list), ERR_EXISTS);
		assert_int_equal(add(builder, "a", (struct domset_kind){0, false, false, 0, 0}, 1),
				 ERR_RANGE);
		assert_int_equal(add(builder, "all.example",
				     (struct domset_kind){BOTH, false, false, 0, 0}, list),
				 ERR_OK);
	}
	for (uint32_t types = 1; types < DOMSET_KINDS_MAX; types++)
		assert_int_equal(
			add(builder, "a", (struct domset_kind){BOTH, true, false, 0, types}, 5000),
			ERR_OK);
	assert_int_equal(add(builder, "a", (struct domset_kind){BOTH, true, true, 0, 0}, 5000),
			 ERR_REFUSED);
	assert_int_equal(domset_builder_mark(builder).records,
			 DOMSET_LISTS_MAX + DOMSET_KINDS_MAX - 1);
	set = freeze(builder);
	look_up(set, "x.all.example", &hits);
	assert_int_equal(hits.count, DOMSET_LISTS_MAX);
	for (unsigned int list = 0; list < DOMSET_LISTS_MAX; list++)
		assert_int_equal(hits.hit[list].list, list);
	snprintf(text, sizeof(text), "all.example");
	look_up(set, text, &hits);
	assert_int_equal(hits.count, DOMSET_LISTS_MAX);
	domset_free(set);
}

static void test_rollback(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct domset_builder *builder = new_builder();
	struct domset_mark start = domset_builder_mark(builder);
	struct domset_mark mark;
	struct domset *set;

	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	add_numbered(builder, 1000, false);
	domset_builder_rollback(builder, &start);
	assert_int_equal(domset_builder_mark(builder).records, 0);
	assert_int_equal(domset_builder_begin(builder, 5), ERR_OK);
	assert_int_equal(add(builder, "kept.one.example", both, 3), ERR_OK);
	mark = domset_builder_mark(builder);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	add_numbered(builder, 1000, false);
	domset_builder_rollback(builder, &mark);
	assert_int_equal(add(builder, "kept.two.example", both, 4), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(add(builder, "kept.three.example", both, 1), ERR_OK);
	set = freeze(builder);
	expect_hits(set, "kept.one.example", "5:block@3");
	expect_hits(set, "kept.two.example", "5:block@4");
	expect_hits(set, "kept.three.example", "0:block@1");
	expect_hits(set, "n0.shared.example", "");
	assert_int_equal(domset_count_all(set).rules, 3);
	domset_free(set);
}

static void test_copy_list(void **state)
{
	enum { COUNT = 700 };
	struct domset_builder *builder = new_builder();
	struct domset *old;
	struct domset *set;
	struct domset_iter iter;

	for (unsigned int list = 0; list < 3; list++) {
		assert_int_equal(domset_builder_begin(builder, list), ERR_OK);
		add_numbered(builder, COUNT + list, true);
	}
	old = freeze(builder);
	builder = new_builder();
	assert_int_equal(domset_builder_copy_list(builder, old, 1, 7, NULL), ERR_OK);
	assert_int_equal(domset_builder_copy_list(builder, old, 1, 7, NULL), ERR_EXISTS);
	assert_int_equal(domset_builder_copy_list(builder, old, 9, 8, NULL), ERR_OK);
	assert_int_equal(domset_builder_copy_list(builder, old, 2, 1, NULL), ERR_OK);
	domset_free(old);
	set = freeze(builder);
	assert_int_equal(domset_count(set, 7).rules, COUNT + 1);
	assert_int_equal(domset_count(set, 8).rules, 0);
	assert_int_equal(domset_count(set, 1).rules, COUNT + 2);
	domset_iter_init(&iter, set);
	expect_numbered(&iter, 7, COUNT + 1);
	expect_numbered(&iter, 1, COUNT + 2);
	domset_free(set);
}

/* A builder that was frozen is empty, and can be used again. */
static void test_builder_again(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct domset_builder *builder = new_builder();
	struct domset *first = NULL;
	struct domset *second;

	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(add(builder, "a.example", both, 1), ERR_OK);
	assert_int_equal(domset_builder_freeze(builder, &first), ERR_OK);
	assert_int_equal(domset_builder_mark(builder).records, 0);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(add(builder, "b.example", both, 1), ERR_OK);
	second = freeze(builder);
	expect_hits(first, "a.example", "0:block@1");
	expect_hits(first, "b.example", "");
	expect_hits(second, "a.example", "");
	expect_hits(second, "b.example", "0:block@1");
	domset_free(first);
	domset_free(second);
}

/* ---- without memory */

/* Builds a set large enough for all that can grow to grow; false when memory ran out. */
static bool build_large(bool compact, struct domset **ret_set)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct domset_builder *builder;
	enum err err = domset_builder_create(&key, &builder);
	struct name name;
	char text[64];

	if (err != ERR_OK) {
		assert_int_equal(err, ERR_NOMEM);
		return false;
	}
	domset_builder_compact(builder, compact);
	err = domset_builder_begin(builder, 0);
	for (uint32_t i = 0; i < 200000 && err == ERR_OK; i++) {
		snprintf(text, sizeof(text), "n%u.a-label-that-takes-room.tld%u", i, i % 3000);
		assert_int_equal(name_from_host(text, strlen(text), &name), ERR_OK);
		err = domset_builder_add(builder, &name, &both, i + 1);
		if (err == ERR_OK) /* once more, so that the table is made smaller in the end */
			err = domset_builder_add(builder, &name, &both, i + 1);
	}
	if (err == ERR_OK)
		err = domset_builder_freeze(builder, ret_set);
	domset_builder_free(builder);
	if (err != ERR_OK)
		assert_int_equal(err, ERR_NOMEM);
	return err == ERR_OK;
}

static void fail_each_mapping(bool compact)
{
	size_t mapped = map_fail.mapped;
	bool failed = true;

	for (unsigned long nth = 0; failed; nth += BY_BUILD(1, 4, 4)) {
		struct domset *set = NULL;
		bool built;

		map_fail_start(nth);
		built = build_large(compact, &set);
		failed = map_fail_stop();
		if (built)
			expect_hits(set, "n199999.a-label-that-takes-room.tld1999",
				    "0:block@200000");
		domset_free(set);
		assert_int_equal(map_fail.mapped, mapped);
		assert_true(nth < 100);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	fail_each_mapping(false);
}

/* Without memory for its phrases a set is larger, and as right. */
static void test_no_memory_compact(void **state)
{
	(void)state;
	fail_each_mapping(true);
}

/* When freezing fails for want of memory, the builder is as it was. */
static void test_freeze_again(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct domset_builder *builder = new_builder();
	struct domset *set = NULL;

	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(add(builder, "a.example", both, 1), ERR_OK);
	for (unsigned long nth = 0; nth < 2; nth++) {
		map_fail_start(nth);
		assert_int_equal(domset_builder_freeze(builder, &set), ERR_NOMEM);
		assert_true(map_fail_stop());
		assert_null(set);
	}
	assert_int_equal(add(builder, "b.example", both, 2), ERR_OK);
	set = freeze(builder);
	expect_hits(set, "a.example", "0:block@1");
	expect_hits(set, "b.example", "0:block@2");
	domset_free(set);
}

/* Of rules of one owner and kind with data of their own the last holds, and is walked alone. */
static void test_last_data_is_walked(void **state)
{
	const struct domset_kind kind = {.scope = ITSELF, .answer = DOMSET_ANSWER_DATA};
	struct domset_builder *builder = new_builder();
	struct domset_rule rule;
	struct domset_iter iter;
	struct domset *set;
	struct name name;

	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t data = 1; data <= 3; data++) {
		assert_int_equal(name_from_host("a.example", 9, &name), ERR_OK);
		assert_int_equal(domset_builder_add_data(builder, &name, &kind, data, 2 * data),
				 ERR_OK);
		assert_int_equal(name_from_host("b.example", 9, &name), ERR_OK);
		assert_int_equal(domset_builder_add_data(builder, &name, &kind, 7, 2 * data + 1),
				 ERR_OK);
	}
	set = freeze(builder);
	domset_iter_init(&iter, set);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(domset_iter_next(&iter, &rule));
		assert_int_equal(rule.data, i == 0 ? 3 : 7);
		assert_int_equal(rule.line, i == 0 ? 6 : 7);
	}
	assert_false(domset_iter_next(&iter, &rule));
	domset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence),   cmocka_unit_test(test_root),
		cmocka_unit_test(test_empty),	     cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_odd_octets),   cmocka_unit_test(test_many_tlds),
		cmocka_unit_test(test_lines),	     cmocka_unit_test(test_far_lines),
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_copy_list),    cmocka_unit_test(test_builder_again),
		cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_no_memory_compact),
		cmocka_unit_test(test_freeze_again), cmocka_unit_test(test_last_data_is_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
