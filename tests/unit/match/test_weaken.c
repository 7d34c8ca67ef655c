/* SPDX-License-Identifier: BSD-2-Clause */
/* Two policies held against each other, and against what all names of a small world say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "match/weaken.h"
#include "support/bybuild.h"
#include "support/lists.h"

#define ROUNDS 4000UL /* ROUNDS in the environment: as many as are wanted */
#define RULES_MAX 256

static struct weakening compare(const struct list_row *before, size_t before_count,
				unsigned int list, const struct list_row *after, size_t after_count)
{
	struct policy *a = lists_policy(before, before_count);
	struct policy *b = lists_policy(after, after_count);
	struct weakening w;

	weaken_compare(a, list, b, NULL, NULL, &w);
	policy_free(a);
	policy_free(b);
	return w;
}

/* ---- what is a weakening, and what is none */

static const struct {
	const char *before;
	struct list_row after[2];
	uint64_t count;
	const char *first; /* "*." before what is meant for all below it */
} rows[] = {
	{"a.example b.example", {{.rules = "b.example a.example", .mandatory = true}}, 0, NULL},
	{"a.example b.example", {{.rules = "example", .mandatory = true}}, 0, NULL},
	{"a.example b.example", {{.rules = "a.example", .mandatory = true}}, 1, "b.example"},
	{"a.example b.example", {{.rules = "c.example", .mandatory = true}}, 2, "a.example"},
	{"a.example b.example", {{.rules = "a.example b.example"}}, 2, "a.example"},
	{"a.example", {{.rules = "=a.example", .mandatory = true}}, 1, "*.a.example"},
	{"a.example", {{.rules = "<a.example", .mandatory = true}}, 1, "a.example"},
	{"=a.example", {{.rules = "a.example", .mandatory = true}}, 0, NULL},
	{"=a.example", {{.rules = "=a.example", .mandatory = true}}, 0, NULL},
	{"a.example",
	 {{.rules = "a.example @www.a.example", .mandatory = true}},
	 1,
	 "www.a.example"},
	{"a.example",
	 {{.rules = "a.example @<www.a.example", .mandatory = true}},
	 1,
	 "*.www.a.example"},
	{"a.example", {{.rules = "!a.example @www.a.example", .mandatory = true}}, 0, NULL},
	{"a.example", {{.rules = "a.example @a.example", .mandatory = true}}, 1, "a.example"},
	{"a.example @www.a.example",
	 {{.rules = "a.example @www.a.example", .mandatory = true}},
	 0,
	 NULL},
	{"a.example @a.example", {{.rules = "c.example", .mandatory = true}}, 0, NULL},
	{"=a.example",
	 {{.rules = "a.example @www.a.example", .mandatory = true}},
	 1,
	 "www.a.example"},
	/* an exception that is new lets its name lead to what is blocked, whatever the name is */
	{"a.example", {{.rules = "a.example @c.example", .mandatory = true}}, 1, "c.example"},
	{"a.example", {{.rules = "a.example @<c.example", .mandatory = true}}, 1, "*.c.example"},
	{"a.example",
	 {{.rules = "a.example @c.example @d.example", .mandatory = true}},
	 2,
	 "c.example"},
	{"#192.0.2.0/24",
	 {{.rules = "#192.0.2.0/24 @c.example", .mandatory = true}},
	 1,
	 "c.example"},
	{"/ads1/", {{.rules = "/ads1/ @c.example", .mandatory = true}}, 1, "c.example"},
	{"a.example @c.example", {{.rules = "a.example @c.example", .mandatory = true}}, 0, NULL},
	{"a.example @c.example", {{.rules = "a.example", .mandatory = true}}, 0, NULL},
	{"a.example @c.example", {{.rules = "a.example @x.c.example", .mandatory = true}}, 0, NULL},
	{"a.example @=c.example",
	 {{.rules = "a.example @c.example", .mandatory = true}},
	 1,
	 "*.c.example"},
	{"a.example @example", {{.rules = "a.example @c.example", .mandatory = true}}, 0, NULL},
	/* of another list where that is to block instead, and only there */
	{"a.example",
	 {{.rules = "a.example", .mandatory = true},
	  {.rules = "a.example @c.example", .mandatory = true}},
	 0,
	 NULL},
	{"a.example b.example",
	 {{.rules = "a.example", .mandatory = true},
	  {.rules = "b.example @c.example", .mandatory = true}},
	 1,
	 "c.example"},
	{"#192.0.2.0/24 b.example",
	 {{.rules = "b.example", .mandatory = true},
	  {.rules = "#192.0.2.0/24 @c.example", .mandatory = true}},
	 1,
	 "c.example"},
	{"/ads1/",
	 {{.rules = "", .mandatory = true}, {.rules = "/ads1/ @c.example", .mandatory = true}},
	 1,
	 "c.example"},
	{"a.example",
	 {{.rules = "a.example"}, {.rules = "a.example @c.example", .mandatory = true}},
	 1,
	 "c.example"},
	{"a.example @www.a.example",
	 {{.rules = "a.example @x.a.example", .mandatory = true},
	  {.rules = "x.a.example @c.example", .mandatory = true}},
	 2,
	 "x.a.example"},
	/* by two lists together; an exception is one's own alone, and holds for what is led to */
	{"a.example b.example",
	 {{.rules = "a.example", .mandatory = true}, {.rules = "b.example", .mandatory = true}},
	 0,
	 NULL},
	{"a.example",
	 {{.rules = "a.example @www.a.example", .mandatory = true},
	  {.rules = "www.a.example", .mandatory = true}},
	 1,
	 "www.a.example"},
	{"a.example b.example",
	 {{.rules = "a.example", .mandatory = true}, {.rules = "b.example"}},
	 1,
	 "b.example"},
	{"a.example",
	 {{.rules = "a.example", .mandatory = true}, {.rules = "a.example", .action = ACTION_PASS}},
	 0,
	 NULL},
	{"a.example",
	 {{.rules = "a.example", .mandatory = true, .action = ACTION_TCP_ONLY}},
	 1,
	 "a.example"},
	{"a.example",
	 {{.rules = "a.example", .mandatory = true, .action = ACTION_REFUSED}},
	 0,
	 NULL},
	/* patterns, by their words; a name may be blocked by one, and lifted by one */
	{"/ads1/", {{.rules = "/ads1/", .mandatory = true}}, 0, NULL},
	{"/ads1/", {{.rules = "b.example /ads1/", .mandatory = true}}, 0, NULL},
	{"/ads1/", {{.rules = "/ads2/", .mandatory = true}}, 1, "."},
	{"/ads1/ /ads3/", {{.rules = "b.example", .mandatory = true}}, 2, "."},
	{"/ads1/", {{.rules = "/ads1/"}}, 1, "."},
	{"/ads1/", {{.rules = "!/ads1/", .mandatory = true}}, 0, NULL},
	{"!/ads1/", {{.rules = "/ads1/", .mandatory = true}}, 1, "."},
	{"@/ads1/ b.example", {{.rules = "b.example", .mandatory = true}}, 0, NULL},
	{"b.example", {{.rules = "b.example @/ads1/", .mandatory = true}}, 1, "."},
	{"b.example", {{.rules = "b.example @/ads1/"}}, 1, "b.example"},
	{"b.example @/ads1/", {{.rules = "b.example @/ads1/", .mandatory = true}}, 0, NULL},
	/* of what lies below a name, nobody can say that a pattern has it all */
	{"=ads1.example", {{.rules = "/ads1/", .mandatory = true}}, 0, NULL},
	{"ads1.example", {{.rules = "/ads1/", .mandatory = true}}, 1, "*.ads1.example"},
	{"ads1.example",
	 {{.rules = "/(^|^.{12}[.])ads1[.]example$/", .mandatory = true}},
	 1,
	 "*.ads1.example"},
	{"ads1.example",
	 {{.rules = "=ads1.example /^[^a-z]+[.]ads1[.]example$/", .mandatory = true}},
	 1,
	 "*.ads1.example"},
	{"ads1.example /^x.*ads1/",
	 {{.rules = "=ads1.example /^x.*ads1/", .mandatory = true}},
	 1,
	 "*.ads1.example"},
	/* a rule that is not important any more gives way to patterns that were there */
	{"!a.example @/ads1/",
	 {{.rules = "a.example @/ads1/", .mandatory = true}},
	 1,
	 "*.a.example"},
	{"!a.example @/ads1/", {{.rules = "!a.example @/ads1/", .mandatory = true}}, 0, NULL},
	{"!a.example @/ads1/", {{.rules = "a.example", .mandatory = true}}, 0, NULL},
	{"a.example @/ads1/", {{.rules = "a.example @/ads1/", .mandatory = true}}, 0, NULL},
	/* questions of some types */
	{"a.example", {{.rules = "$a.example", .mandatory = true}}, 1, "a.example"},
	{"a.example", {{.rules = "~a.example", .mandatory = true}}, 1, "a.example"},
	{"a.example", {{.rules = "$a.example ~a.example", .mandatory = true}}, 0, NULL},
	{"$a.example", {{.rules = "~a.example", .mandatory = true}}, 1, "a.example"},
	{"$a.example", {{.rules = "a.example", .mandatory = true}}, 0, NULL},
	{"~a.example", {{.rules = "$a.example b.example", .mandatory = true}}, 1, "a.example"},
	{"a.example", {{.rules = "a.example @~x.a.example", .mandatory = true}}, 1, "x.a.example"},
	{"a.example", {{.rules = "a.example @$x.a.example", .mandatory = true}}, 1, "x.a.example"},
	{"ads1.example", {{.rules = "/^ads1/", .mandatory = true}}, 1, "*.ads1.example"},
	{"ads1.example", {{.rules = "ads1.example @/ads1/", .mandatory = true}}, 2, "ads1.example"},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct list_row before = {.name = "x", .rules = rows[i].before, .mandatory = true};
		struct list_row after[2] = {rows[i].after[0], rows[i].after[1]};
		char text[NAME_TEXT_MAX + 2] = "*.";
		struct weakening w;

		after[0].name = "x";
		after[1].name = "y";
		w = compare(&before, 1, 0, after, after[1].rules ? 2 : 1);
		if (w.count != rows[i].count)
			fail_msg("row %zu: %llu", i, (unsigned long long)w.count);
		if (w.count == 0)
			continue;
		name_to_text(w.names[0].owner.wire, text + 2, NAME_TEXT_MAX);
		assert_string_equal(w.names[0].below ? text : text + 2, rows[i].first);
	}
}

static void test_nothing_blocked_before(void **state)
{
	const struct list_row before = {
		.name = "x", .rules = "a.example", .action = ACTION_TCP_ONLY};
	const struct list_row after = {.name = "x", .rules = "b.example"};

	assert_int_equal(compare(&before, 1, 0, &after, 1).count, 0);
}

/* The first ten are told, in the order of the list, and all are counted. */
static void test_ten_are_told(void **state)
{
	char rules[2048] = "";
	struct list_row before = {.name = "x", .rules = rules, .mandatory = true};
	const struct list_row after = {.name = "x", .rules = "b.example", .mandatory = true};
	struct weakening w;

	for (unsigned int i = 0; i < 100; i++)
		sprintf(rules + strlen(rules), "%sn%02u.example", i ? " " : "", i);
	w = compare(&before, 1, 0, &after, 1);
	assert_int_equal(w.count, 100);
	for (unsigned int i = 0; i < WEAKEN_NAMES_MAX; i++) {
		char text[NAME_TEXT_MAX];
		char expected[16];

		sprintf(expected, "n%02u.example", i);
		assert_string_equal(name_to_text(w.names[i].owner.wire, text, sizeof(text)),
				    expected);
		assert_false(w.names[i].below);
	}
}

/* Nothing fits below it. */
static void test_longest_name(void **state)
{
	char rules[2 * NAME_WIRE_MAX] = "";
	struct list_row before = {.name = "x", .rules = rules, .mandatory = true};
	struct list_row after = {.name = "x", .rules = rules, .mandatory = true};

	for (size_t last = 57; last <= 61; last++) {
		char label[NAME_LABEL_MAX + 2];

		rules[0] = '\0';
		for (unsigned int i = 0; i < 3; i++) {
			memset(label, (int)('a' + i), NAME_LABEL_MAX);
			strcpy(label + NAME_LABEL_MAX, ".");
			strcat(rules, label);
		}
		memset(label, 'd', last);
		label[last] = '\0';
		strcat(rules, label);
		assert_int_equal(compare(&before, 1, 0, &after, 1).count, 0);
		after.rules = "b.example";
		assert_int_equal(compare(&before, 1, 0, &after, 1).count, 1);
		after.rules = rules;
	}
}

/* ---- all names of a small world */

#define LABELS 3U /* "a", "b", and "z", which no rule has */
#define NAMES_ALL (LABELS + LABELS * LABELS + LABELS * LABELS * LABELS)

/* The `n`th name of one to three labels. */
static void world_name(unsigned int n, char *text)
{
	static const char label[] = "abz";
	unsigned int length = n < LABELS ? 1 : n < LABELS + LABELS * LABELS ? 2 : 3;

	n -= length == 1 ? 0 : length == 2 ? LABELS : LABELS + LABELS * LABELS;
	for (unsigned int i = 0; i < length; i++) {
		*text++ = label[n % LABELS];
		*text++ = '.';
		n /= LABELS;
	}
	text[-1] = '\0';
}

static void random_rules(char *rules)
{
	unsigned int count = (unsigned int)rand() % 6;

	rules[0] = '\0';
	for (unsigned int i = 0; i < count; i++) {
		static const char *const kinds[] = {"", "", "=", "<", "@", "@=", "@<", "!"};
		char text[16];

		do
			world_name((unsigned int)rand() % NAMES_ALL, text);
		while (strchr(text, 'z'));
		sprintf(rules + strlen(rules), "%s%s%s", *rules ? " " : "", kinds[rand() % 8],
			text);
	}
}

/* What lists say of a name, by their indices as bits. */
struct said {
	unsigned int blocks;
	unsigned int excepts;
};

static struct said said_of(const struct policy *policy, const char *text)
{
	struct name_suffixes suffixes;
	struct domset_hit hit[64];
	struct domset_hits hits = {.room = 64, .hit = hit};
	struct said said = {.blocks = 0};
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(policy->set), &name, &suffixes);
	domset_lookup(policy->set, &name, &suffixes, TYPESET_ALL, &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		*(hits.hit[i].exception ? &said.excepts : &said.blocks) |= 1U << hits.hit[i].list;
	return said;
}

/* What may be lifted: names by themselves, and what names lead to. */
struct lifts {
	bool itself;
	bool led;
};

/* Held name against name, each of which may lead to each. */
static struct lifts lifts_of_world(struct policy *const policy[2])
{
	unsigned int enforced = 0;
	bool free[4] = {
		false}; /* by what it is excepted from afterwards: a name not excepted before */
	bool met[4] = {false}; /* by who blocks it afterwards: a name blocked before */
	struct lifts lifts = {false, false};

	for (unsigned int i = 0; i < 2; i++)
		enforced |= policy[1]->lists[i].mandatory ? 1U << i : 0;
	for (unsigned int n = 0; n < 2 * NAMES_ALL; n++) {
		char text[32] = "z.";
		struct said before;
		struct said after;

		world_name(n % NAMES_ALL, text + 2);
		before = said_of(policy[0], n < NAMES_ALL ? text + 2 : text);
		after = said_of(policy[1], n < NAMES_ALL ? text + 2 : text);
		free[after.excepts] |= !(before.excepts & 1);
		met[after.blocks & enforced] |= before.blocks & 1;
	}
	lifts.itself = met[0];
	for (unsigned int n = 0; n < 16; n++)
		lifts.led |= free[n % 4] && met[n / 4] && !(n / 4 & ~(n % 4));
	return lifts;
}

static struct lifts lifts_told(const struct weakening *w)
{
	struct lifts lifts = {false, false};

	for (uint64_t i = 0; i < w->count && i < WEAKEN_NAMES_MAX; i++)
		*(w->names[i].led ? &lifts.led : &lifts.itself) = true;
	return lifts;
}

static void random_round(unsigned int seed)
{
	char text[2][2][RULES_MAX];
	struct list_row lists[2][2];
	struct policy *policy[2];
	struct lifts lifts;
	struct lifts told;
	struct weakening w;

	srand(seed);
	for (unsigned int p = 0; p < 2; p++) {
		for (unsigned int i = 0; i < 2; i++) {
			random_rules(text[p][i]);
			lists[p][i] = (struct list_row){.name = i ? "y" : "x",
							.rules = text[p][i],
							.mandatory = p == 0 || rand() % 4 > 0};
		}
		policy[p] = lists_policy(lists[p], 2);
	}
	weaken_compare(policy[0], 0, policy[1], NULL, NULL, &w);
	lifts = lifts_of_world(policy);
	told = lifts_told(&w);
	if (lifts.itself != told.itself || (lifts.led && w.count == 0))
		fail_msg("seed %u: \"%s\" to \"%s\" and \"%s\": %d, %d", seed, text[0][0],
			 text[1][0], text[1][1], lifts.itself, lifts.led);
	weaken_compare(policy[0], 0, policy[0], NULL, NULL, &w);
	assert_int_equal(w.count, 0);
	policy_free(policy[0]);
	policy_free(policy[1]);
}

static void test_random(void **state)
{
	const char *given = getenv("SEED");
	const char *rounds = getenv("ROUNDS");
	unsigned int first = given ? (unsigned int)strtoul(given, NULL, 10) : 1;
	unsigned long count = given ? 1 : rounds ? strtoul(rounds, NULL, 10) : ROUNDS;

	print_message("seeds from %u\n", first);
	for (unsigned long i = 0; i < count; i++)
		random_round(first + (unsigned int)i);
}

static void test_cancelled(void **state)
{
	const struct list_row before = {.name = "x", .rules = "a.example", .mandatory = true};
	const atomic_bool cancelled = true;
	struct policy *policy = lists_policy(&before, 1);
	struct weakening w;

	weaken_compare(policy, 0, policy, NULL, &cancelled, &w);
	assert_int_equal(w.count, 0);
	policy_free(policy);
}

/* ---- addresses */

static const struct {
	const char *before;
	struct list_row after[2];
	const char *ranges; /* that are lifted */
} nets[] = {
	{"#192.0.2.0/24", {{.rules = "#192.0.2.0/24", .mandatory = true}}, ""},
	{"#192.0.2.0/24", {{.rules = "#192.0.2.0/25 #192.0.2.128/25", .mandatory = true}}, ""},
	{"#192.0.2.0/25 #192.0.2.128/25", {{.rules = "#192.0.0.0/16", .mandatory = true}}, ""},
	{"#192.0.2.0/24", {{.rules = "#192.0.2.0/24"}}, "192.0.2.0-192.0.2.255 "},
	{"#192.0.2.0/24", {{.rules = "a.example", .mandatory = true}}, "192.0.2.0-192.0.2.255 "},
	{"#192.0.2.0/24 #2001:db8::/32",
	 {{.rules = "#192.0.2.4/30", .mandatory = true},
	  {.rules = "#192.0.2.16/28 #2001:db8:8000::/33", .mandatory = true}},
	 "192.0.2.0-192.0.2.3 192.0.2.8-192.0.2.15 192.0.2.32-192.0.2.255 "
	 "2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff "},
	{"#0.0.0.0/0 #::/0",
	 {{.rules = "#128.0.0.0/1 #8000::/1", .mandatory = true}},
	 "0.0.0.0-127.255.255.255 ::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "},
	{"#0.0.0.0/0 #::/0",
	 {{.rules = "#0.0.0.0/1 #::/1", .mandatory = true}},
	 "128.0.0.0-255.255.255.255 8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "},
};

static void test_addresses(void **state)
{
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		const struct list_row before = {
			.name = "a", .rules = nets[i].before, .mandatory = true};
		struct list_row after[2] = {nets[i].after[0], nets[i].after[1]};
		char text[512] = "";
		struct weakening w;

		after[0].name = after[1].name = "b";
		after[1].rules = after[1].rules ? after[1].rules : "";
		w = compare(&before, 1, 0, after, 2);
		for (uint64_t k = 0; k < w.range_count; k++) {
			char first[64];
			char last[64];
			size_t used = strlen(text);

			snprintf(text + used, sizeof(text) - used, "%s-%s ",
				 ip_text(&w.ranges[k].first, first, sizeof(first)),
				 ip_text(&w.ranges[k].last, last, sizeof(last)));
		}
		assert_string_equal(text, nets[i].ranges);
		assert_int_equal(w.count, 0);
	}
}

static void draw_prefixes(char *rules, size_t size)
{
	size_t used = 0;

	rules[0] = '\0';
	for (int count = rand() % 12; count > 0; count--) {
		unsigned int len = 26U + (unsigned int)rand() % 7;
		unsigned int at = (unsigned int)rand() % 64 & ~((1U << (32 - len)) - 1);

		used += (size_t)snprintf(rules + used, size - used, "%s#192.0.2.%u/%u",
					 used ? " " : "", at, len);
	}
}

/* What is told is what all addresses say of themselves. */
static void test_random_addresses(void **state)
{
	srand(20100222);
	for (unsigned int round = 0; round < BY_BUILD(2000, 200, 200); round++) {
		char rules[3][512];
		struct list_row old = {.name = "a", .rules = rules[0], .mandatory = true};
		struct list_row new[2] = {{.name = "b", .rules = rules[1], .mandatory = true},
					  {.name = "c", .rules = rules[2], .mandatory = round & 1}};
		unsigned int lifted = 0;
		unsigned int told = 0;
		struct policy *a;
		struct policy *b;
		struct weakening w;

		for (size_t i = 0; i < 3; i++)
			draw_prefixes(rules[i], sizeof(rules[i]));
		a = lists_policy(&old, 1);
		b = lists_policy(new, 2);
		for (unsigned int i = 0; i < 64; i++) {
			const struct ip ip = {.family = AF_INET, .bytes = {192, 0, 2, (uint8_t)i}};

			lifted += policy_match_address(a, &ip, POLICY_NO_LEAVE).matched &&
				  !policy_match_address(b, &ip, POLICY_MANDATORY_ONLY).matched;
		}
		weaken_compare(a, 0, b, NULL, NULL, &w);
		for (uint64_t i = 0; i < w.range_count && i < WEAKEN_NAMES_MAX; i++)
			told += w.ranges[i].last.bytes[3] - w.ranges[i].first.bytes[3] + 1U;
		if (w.range_count <= WEAKEN_NAMES_MAX)
			assert_int_equal(told, lifted);
		policy_free(a);
		policy_free(b);
	}
}

/* A list that says nothing now is not lifted, and does not keep another's. */
static void test_silent(void **state)
{
	const struct list_row row = {
		.name = "a", .rules = "a.example #192.0.2.0/24", .mandatory = true};
	struct policy *a = lists_policy(&row, 1);
	struct policy *b = lists_policy(&row, 1);
	struct weakening w;

	b->lists[0].silent = true;
	weaken_compare(a, 0, b, NULL, NULL, &w);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.range_count, 1);
	weaken_compare(b, 0, a, NULL, NULL, &w);
	assert_int_equal(w.count + w.range_count, 0);
	policy_free(a);
	policy_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	     cmocka_unit_test(test_nothing_blocked_before),
		cmocka_unit_test(test_ten_are_told), cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_addresses),    cmocka_unit_test(test_random_addresses),
		cmocka_unit_test(test_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
