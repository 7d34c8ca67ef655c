/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "match/policy.h"
#include "support/lists.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The list that decides, by its number; none, or one that lets pass. */
#define NONE (-1)

static const struct list_row lists[] = {
	{.name = "zero",
	 .action = ACTION_SINKHOLE,
	 .rules = "bad.example =exact.example <below.example both.example let.example order.example"
		  " @fine.order.example !first.order.example"},
	{.name = "one",
	 .action = ACTION_NXDOMAIN,
	 .rules = "order.example both.example =only.one.example deep.both.example late.example"},
	{.name = "two",
	 .action = ACTION_PASS,
	 .rules = "let.example bound.example @not.let.example =passed.late.example"},
	{.name = "three",
	 .action = ACTION_REFUSED,
	 .rules = "bound.example both.example order.example @fine.bound.example let.both.example",
	 .mandatory = true},
	{.name = "four",
	 .action = ACTION_PASS,
	 .rules = "let.both.example twice.let.example let.example"},
	{.name = "five", .action = ACTION_DROP, .rules = "late.bound.example", .mandatory = true},
};

static const struct {
	const char *name;
	int list;      /* of all lists */
	int mandatory; /* of the mandatory ones alone */
	int owner_labels;
} rows[] = {
	{"example", NONE, NONE, 0},
	{".", NONE, NONE, 0},
	{"good.example", NONE, NONE, 0},
	{"bad.example", 0, NONE, 2},
	{"www.bad.example", 0, NONE, 2},
	{"notbad.example", NONE, NONE, 0},
	{"exact.example", 0, NONE, 2},
	{"www.exact.example", NONE, NONE, 0},
	{"below.example", NONE, NONE, 0},
	{"www.below.example", 0, NONE, 2},
	{"only.one.example", 1, NONE, 3},
	/* the first list decides, not the most specific rule */
	{"both.example", 3, 3, 2}, /* unless one is mandatory */
	{"deep.both.example", 3, 3, 2},
	{"late.example", 1, NONE, 2},
	/* an exception silences its own list: the next one speaks */
	{"fine.order.example", 3, 3, 2},
	{"x.fine.order.example", 3, 3, 2},
	/* let pass, wherever the list stands; an exception of a list that lets pass does not */
	{"let.example", 2, NONE, 2},
	{"www.let.example", 2, NONE, 2},
	{"not.let.example", 4, NONE, 2},
	{"twice.let.example", 2, NONE, 2},
	{"passed.late.example", 2, NONE, 3},
	{"other.late.example", 1, NONE, 2},
	/* but a mandatory list holds; of two, the first */
	{"bound.example", 3, 3, 2},
	{"www.bound.example", 3, 3, 2},
	{"fine.bound.example", 2, NONE, 2},
	{"late.bound.example", 3, 3, 2},
	{"let.both.example", 3, 3, 3},
};

/* The lists whose bits these are, as bits by their index. */
static uint64_t lists_of(const struct policy *policy, uint64_t bits)
{
	uint64_t found = 0;

	for (; bits; bits &= bits - 1)
		found |= 1ULL << policy->bit_list[__builtin_ctzll(bits)];
	return found;
}

static struct verdict match(const struct policy *policy, const char *text, bool mandatory_only)
{
	const struct hash_key key = LISTS_KEY;
	struct name_suffixes suffixes;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(&key, &name, &suffixes);
	return policy_match(policy, &name, &suffixes, TYPE_A,
			    (struct policy_leave){.passed = mandatory_only});
}

static void test_match(void **state)
{
	struct policy *policy = lists_policy(lists, COUNT(lists));

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict v = match(policy, rows[i].name, false);
		struct domset_rule rule;

		assert_int_equal(v.matched ? v.list : NONE, rows[i].list);
		if (v.matched) {
			assert_int_equal(v.action, lists[v.list].action);
			assert_int_equal(v.owner_labels, rows[i].owner_labels);
			domset_rule(policy->set, v.record, &rule);
			assert_int_equal(rule.list, v.list);
			assert_false(rule.kind.exception);
		}
		v = match(policy, rows[i].name, true);
		assert_int_equal(v.matched ? v.list : NONE, rows[i].mandatory);
	}
	policy_free(policy);
	policy_free(NULL);
}

static void test_without_lists(void **state)
{
	struct policy *policy = lists_policy(NULL, 0);

	assert_false(match(policy, "www.example", false).matched);
	assert_false(match(policy, ".", false).matched);
	policy_free(policy);
}

/* All lists there may be, all with the same name: the first, and none is left out. */
static void test_many_lists(void **state)
{
	struct list_row many[POLICY_LISTS_MAX];
	struct policy *policy;

	for (size_t i = 0; i < POLICY_LISTS_MAX; i++)
		many[i] = (struct list_row){
			.name = "one of many", .action = ACTION_NODATA, .rules = "bad.example"};
	policy = lists_policy(many, POLICY_LISTS_MAX);
	assert_int_equal(match(policy, "bad.example", false).list, 0);
	policy_free(policy);
	many[POLICY_LISTS_MAX - 1].action = ACTION_PASS;
	policy = lists_policy(many, POLICY_LISTS_MAX);
	assert_int_equal(match(policy, "bad.example", false).list, POLICY_LISTS_MAX - 1);
	policy_free(policy);
	many[POLICY_LISTS_MAX - 2].mandatory = true;
	policy = lists_policy(many, POLICY_LISTS_MAX);
	assert_int_equal(match(policy, "bad.example", false).list, POLICY_LISTS_MAX - 2);
	policy_free(policy);
}

/* ---- addresses, and lists that log */

static const struct list_row nets[] = {
	{.name = "zero",
	 .action = ACTION_NXDOMAIN,
	 .rules = "#192.0.0.0/16 #192.0.2.0/24 both.example"},
	{.name = "one", .action = ACTION_LOG, .rules = "#192.0.2.7 both.example only.example"},
	{.name = "two", .action = ACTION_PASS, .rules = "#192.0.2.128/25 =let.only.example"},
	{.name = "three",
	 .action = ACTION_NODATA,
	 .rules = "#192.0.2.129 #2001:db8::/32",
	 .mandatory = true},
	{.name = "four", .action = ACTION_LOG, .rules = "#192.0.2.0/25 #2001:db8::1"},
};

static const struct {
	const char *ip;
	int list;
	int mandatory;
	unsigned int len;
	unsigned int logged;
} addresses[] = {
	{"192.0.1.1", 0, NONE, 16, 0},	   {"192.0.2.1", 0, NONE, 24, 1 << 4},
	{"192.0.2.7", 0, NONE, 24, 0x12},  {"192.0.2.128", 2, NONE, 25, 0},
	{"192.0.2.129", 3, 3, 32, 0},	   {"192.1.0.0", NONE, NONE, 0, 0},
	{"2001:db8::1", 3, 3, 32, 1 << 4}, {"2001:db9::1", NONE, NONE, 0, 0},
	{"c000:207::", NONE, NONE, 0, 0},
};

static void test_addresses(void **state)
{
	struct policy *policy = lists_policy(nets, COUNT(nets));

	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct verdict v;
		struct ip ip;

		assert_int_equal(ip_parse(addresses[i].ip, &ip), ERR_OK);
		v = policy_match_address(policy, &ip, POLICY_NO_LEAVE);
		assert_int_equal(v.matched ? v.list : NONE, addresses[i].list);
		assert_int_equal(lists_of(policy, v.logged), addresses[i].logged);
		if (v.matched) {
			assert_true(v.trigger == TRIGGER_ADDRESS);
			assert_int_equal(addrset_rule(policy->prefixes[TRIGGER_ADDRESS], v.record)
						 .prefix.len,
					 addresses[i].len);
		}
		v = policy_match_address(policy, &ip, POLICY_MANDATORY_ONLY);
		assert_int_equal(v.matched ? v.list : NONE, addresses[i].mandatory);
		assert_int_equal(v.logged, 0);
	}
	policy_free(policy);
}

static void test_no_addresses(void **state)
{
	struct policy *policy = lists_policy(lists, COUNT(lists));
	struct ip ip = {.family = AF_INET};

	assert_null(policy->prefixes[TRIGGER_ADDRESS]);
	assert_false(policy_match_address(policy, &ip, POLICY_NO_LEAVE).matched);
	policy_free(policy);
}

/* What logs stands beside the verdict, and is not asked for what passes; what is silent says
 * nothing. */
static void test_log(void **state)
{
	struct policy *policy = lists_policy(nets, COUNT(nets));
	struct verdict v = match(policy, "both.example", false);

	assert_true(v.matched && v.list == 0 && lists_of(policy, v.logged) == 1 << 1);
	v = match(policy, "only.example", false);
	assert_true(!v.matched && lists_of(policy, v.logged) == 1 << 1);
	v = match(policy, "let.only.example", false);
	assert_true(v.matched && v.action == ACTION_PASS && v.logged == 0);
	policy->lists[1].silent = true;
	v = match(policy, "only.example", false);
	assert_true(!v.matched && v.logged == 0);
	policy->lists[0].silent = true;
	policy->lists[1].silent = false;
	v = match(policy, "both.example", false);
	assert_true(!v.matched && lists_of(policy, v.logged) == 1 << 1);
	policy_free(policy);
}

/* Bits go to lists that log, and then to those with exceptions; what finds none has its exceptions
 * hold for a name itself, and not for what that leads to. */
static void test_bits(void **state)
{
	static struct list_row many[POLICY_LISTS_MAX];
	const size_t excepting = POLICY_BITS_MAX + 8;
	struct policy *policy;
	struct verdict v;

	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct list_row){
			.name = "n", .action = ACTION_NXDOMAIN, .rules = "x.example"};
	for (size_t i = 0; i < excepting; i++)
		many[i].rules = "x.example @www.x.example";
	many[COUNT(many) - 1].action = ACTION_LOG;
	policy = lists_policy(many, COUNT(many));
	assert_int_equal(policy->without_bit, 9);
	assert_int_equal(policy->bit_list[0], COUNT(many) - 1);
	assert_int_equal(policy->lists[COUNT(many) - 1].bit, 1);
	assert_int_equal(policy->lists[0].bit, 2);
	assert_int_equal(policy->lists[excepting - 1].bit, 0);
	assert_int_equal(policy->lists[excepting].bit, 0);
	v = match(policy, "www.x.example", false);
	assert_true(v.matched && v.list == excepting && v.logged == 1);
	assert_int_equal(v.excepted, ~1ULL);
	policy_free(policy);
}

/* The root may be listed as well: its rule's owner has no labels. */
static void test_root(void **state)
{
	static const struct list_row all[] = {
		{.name = "all", .action = ACTION_NXDOMAIN, .rules = ". @good.example"},
	};
	struct policy *policy = lists_policy(all, 1);

	assert_true(match(policy, ".", false).matched);
	assert_true(match(policy, "a.b.c", false).matched);
	assert_int_equal(match(policy, "a.b.c", false).owner_labels, 0);
	assert_false(match(policy, "www.good.example", false).matched);
	policy_free(policy);
}

static const struct {
	enum reason reason;
	const char *case_number;
	enum ede_code denied;
	const char *text;
} describes[] = {
	{REASON_ORDER, "", EDE_CENSORED, "a list"},
	{REASON_ORDER, "1:10-cv-00156", EDE_CENSORED, "a list; case 1:10-cv-00156"},
	{REASON_OPERATOR, "", EDE_BLOCKED, "a list"},
	{REASON_REQUESTED, "", EDE_FILTERED, "a list"},
};

static void test_describe(void **state)
{
	for (size_t i = 0; i < COUNT(describes); i++) {
		struct policy_list list = {.name = "a list"};
		size_t len = strlen(describes[i].text);
		uint8_t denied[2] = {0, (uint8_t)describes[i].denied};

		policy_list_describe(&list, describes[i].reason, describes[i].case_number);
		assert_int_equal(list.forged.len, len + 6);
		assert_memory_equal(list.forged.data + 4, "\0\4", 2);
		assert_memory_equal(list.forged.data + 6, describes[i].text, len);
		assert_int_equal(list.denied.len, len + 6);
		assert_memory_equal(list.denied.data + 4, denied, 2);
		assert_memory_equal(list.denied.data + 6, describes[i].text, len);
	}
}

/* The longest name and case there may be: cut, not overrun. */
static void test_describe_longest(void **state)
{
	struct policy_list list = {.name = ""};
	char case_number[128];

	memset(list.name, 'n', sizeof(list.name) - 1);
	memset(case_number, 'c', sizeof(case_number) - 1);
	case_number[sizeof(case_number) - 1] = '\0';
	policy_list_describe(&list, REASON_ORDER, case_number);
	assert_int_equal(list.denied.len, 6 + EDE_TEXT_MAX);
	assert_int_equal(list.forged.len, 6 + EDE_TEXT_MAX);
	assert_memory_equal(list.denied.data + 6 + 63, "; case ccc", 10);
}

/* Of a list no JSON was given for, the text; one that does not fit whole is not taken. */
static void test_describe_json(void **state)
{
	struct policy_list list = {.name = "one"};
	char json[EDES_OCTETS_MAX];

	policy_list_describe(&list, REASON_ORDER, "");
	assert_memory_equal(list.structured.data + 4, "\0\20one", 5);
	memset(json, 'x', sizeof(json));
	assert_false(policy_list_describe_json(&list, REASON_ORDER, json, EDES_OCTETS_MAX - 5));
	assert_memory_equal(list.structured.data + 4, "\0\20one", 5);
	assert_true(policy_list_describe_json(&list, REASON_REQUESTED, json, EDES_OCTETS_MAX - 6));
	assert_int_equal(list.structured.len, EDES_OCTETS_MAX);
	assert_memory_equal(list.structured.data + 4, "\0\21xx", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe_json),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_without_lists),
		cmocka_unit_test(test_many_lists),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_describe_longest),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
