/* SPDX-License-Identifier: BSD-2-Clause */
/* The rule that each list has for a question, and what a row says of it. */
#include "match/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/wire.h"
#include "match/rules.h"

#define LISTS 5U
#define RULES 120U
#define QUESTIONS 400U
#define ROUNDS 20U
#define LABELS 5U

static const struct hash_key key = {1, 2};

/* ---- policies */

static struct policy *begin_policy(struct rules *rules, unsigned int lists)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	assert_int_equal(rules_init(&key, rules), ERR_OK);
	policy->list_count = lists;
	for (unsigned int i = 0; i < lists; i++) {
		snprintf(policy->lists[i].name, sizeof(policy->lists[i].name), "l%u", i);
		policy->lists[i].action = ACTION_NXDOMAIN;
	}
	return policy;
}

static void end_policy(struct rules *rules, struct policy *policy)
{
	assert_int_equal(rules_freeze(rules, policy), ERR_OK);
	rules_fini(rules);
}

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static uint32_t put_note(struct rules *rules, const char *family, const char *ticket)
{
	struct localdata_note note = {.family = ""};
	uint32_t number;

	snprintf(note.family, sizeof(note.family), "%s", family);
	snprintf(note.ticket, sizeof(note.ticket), "%s", ticket);
	assert_int_equal(localdata_put_note(rules->data, &note, &number), ERR_OK);
	return number;
}

static void add(struct rules *rules, const char *owner, const struct domset_kind *kind,
		uint32_t data)
{
	const struct name name = name_of(owner);

	assert_int_equal(domset_builder_add_data(rules->names, &name, kind, data, 1), ERR_OK);
}

static bool rule_of(const struct policy *policy, unsigned int list, const struct name *name,
		    uint16_t qtype, struct verdict *ret_verdict)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&key, name, &suffixes);
	return policy_rule_of(policy, list, name, &suffixes, qtype, ret_verdict);
}

static struct verdict match(const struct policy *policy, const struct name *name, uint16_t qtype)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&key, name, &suffixes);
	return policy_match(policy, name, &suffixes, qtype, POLICY_NO_LEAVE);
}

/* What is said of the rule, as one text; "-": it has no note, and then nothing was written. */
static const char *note_text(const struct policy *policy, const struct verdict *v)
{
	static char text[2 * LOCALDATA_NOTE_MAX + 4];
	struct localdata_note untouched;
	struct localdata_note note;

	memset(&note, 0x5a, sizeof(note));
	memset(&untouched, 0x5a, sizeof(untouched));
	if (!policy_note(policy, v, &note)) {
		assert_memory_equal(&note, &untouched, sizeof(note));
		return "-";
	}
	snprintf(text, sizeof(text), "%s/%s", note.family, note.ticket);
	return text;
}

static const struct domset_kind both = {.scope = DOMSET_SCOPE_BOTH};

/* ---- notes */

static void test_no_data_no_note(void **state)
{
	struct rules rules;
	struct policy *policy = begin_policy(&rules, 1);
	const struct name name = name_of("bad.example");
	struct verdict v;

	(void)state;
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	add(&rules, "bad.example", &both, 0);
	end_policy(&rules, policy);
	v = match(policy, &name, TYPE_A);
	assert_true(v.matched);
	assert_string_equal(note_text(policy, &v), "-"); /* there are no sets */
	localdata_free(policy->data);
	policy->data = NULL;
	assert_string_equal(note_text(policy, &v), "-");
	policy_free(policy);
}

static void test_rules_with_and_without(void **state)
{
	struct domset_kind data_kind = {.scope = DOMSET_SCOPE_BOTH, .answer = DOMSET_ANSWER_DATA};
	const uint8_t address[4] = {192, 0, 2, 1};
	const struct localdata_record record = {TYPE_A, 4, 60, address};
	static const struct {
		const char *name;
		const char *note;
	} rows[] = {
		{"full.example", "Fox/T-1"},	{"www.full.example", "Fox/T-1"},
		{"family.example", "Hen/"},	{"ticket.example", "/T-2"},
		{"plain.example", "-"},		{"records.example", "-"},
		{"of.records.example", "Owl/"}, {"sub.full.example", "-"},
	};
	struct localdata_draft draft;
	struct rules rules;
	struct policy *policy = begin_policy(&rules, 1);
	uint32_t records;
	uint32_t noted;

	(void)state;
	localdata_begin(&draft);
	assert_int_equal(localdata_add(&draft, &record), ERR_OK);
	assert_int_equal(localdata_put(rules.data, &draft, &records), ERR_OK);
	strcpy(draft.note.family, "Owl");
	assert_int_equal(localdata_put(rules.data, &draft, &noted), ERR_OK);
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	add(&rules, "full.example", &both, put_note(&rules, "Fox", "T-1"));
	add(&rules, "family.example", &both, put_note(&rules, "Hen", ""));
	add(&rules, "ticket.example", &both, put_note(&rules, "", "T-2"));
	add(&rules, "plain.example", &both, 0);
	add(&rules, "records.example", &data_kind, records);
	add(&rules, "of.records.example", &data_kind, noted);
	add(&rules, "sub.full.example", &both, 0);
	end_policy(&rules, policy);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct name name = name_of(rows[i].name);
		struct verdict v = match(policy, &name, TYPE_A);

		assert_true(v.matched);
		assert_string_equal(note_text(policy, &v), rows[i].note);
	}
	policy_free(policy);
}

/* What was said by command, and what no list says, has no rule among the lists': its record, which
 * is of another set, is looked for nowhere. */
static void test_what_no_list_says(void **state)
{
	static const uint16_t places[] = {POLICY_MANUAL_BLOCK, POLICY_MANUAL_PASS, POLICY_REBINDING,
					  POLICY_NO_PLACE, UINT16_MAX};
	struct rules rules;
	struct policy *policy = begin_policy(&rules, 1);
	const struct name name = name_of("bad.example");
	struct verdict v;

	(void)state;
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	add(&rules, "bad.example", &both, put_note(&rules, "Fox", "T-1"));
	end_policy(&rules, policy);
	v = match(policy, &name, TYPE_A);
	assert_string_equal(note_text(policy, &v), "Fox/T-1");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		v.list = places[i];
		v.record = UINT32_MAX;
		assert_string_equal(note_text(policy, &v), "-");
	}
	policy_free(policy);
}

/* Rules for addresses and for name servers stand in sets of their own. */
static void test_of_other_triggers(void **state)
{
	static const unsigned int triggers[] = {TRIGGER_ADDRESS, TRIGGER_SERVER_ADDRESS};
	const struct name server = name_of("ns.bad.example");
	const struct name zone = name_of("bad.example");
	struct rules rules;
	struct policy *policy = begin_policy(&rules, 2);
	struct addrset_rule address = {.list = 1, .line = 1};
	struct verdict v;
	struct ip ip;

	(void)state;
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	add(&rules, "bad.example", &both, put_note(&rules, "name", ""));
	assert_int_equal(rules_begin(&rules, 1), ERR_OK);
	assert_int_equal(domset_builder_add_data(rules.servers, &zone, &both,
						 put_note(&rules, "server", ""), 1),
			 ERR_OK);
	assert_int_equal(prefix_parse("192.0.2.0/24", &address.prefix), ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		address.data = put_note(&rules, i ? "server's address" : "address", "");
		assert_int_equal(addrset_builder_add(rules.addresses[triggers[i]], &address),
				 ERR_OK);
	}
	end_policy(&rules, policy);
	assert_int_equal(ip_parse("192.0.2.7", &ip), ERR_OK);
	v = policy_match_prefix(policy, TRIGGER_ADDRESS, &ip, POLICY_NO_LEAVE);
	assert_string_equal(note_text(policy, &v), "address/");
	v = policy_match_prefix(policy, TRIGGER_SERVER_ADDRESS, &ip, POLICY_NO_LEAVE);
	assert_string_equal(note_text(policy, &v), "server's address/");
	v = policy_match_server(policy, &server, POLICY_NO_LEAVE);
	assert_string_equal(note_text(policy, &v), "server/");
	v = match(policy, &server, TYPE_A);
	assert_string_equal(note_text(policy, &v), "name/");
	policy_free(policy);
}

/* ---- rules */

/* A list that has nothing for the name has no rule, whatever others have, and nothing is told. */
static void test_no_rule(void **state)
{
	struct verdict v;
	struct verdict untouched;
	struct rules rules;
	struct policy *policy = begin_policy(&rules, 3);
	const struct name good = name_of("good.example");
	const struct name bad = name_of("bad.example");

	(void)state;
	assert_int_equal(rules_begin(&rules, 1), ERR_OK);
	add(&rules, "bad.example", &both, 0);
	end_policy(&rules, policy);
	memset(&v, 0x5a, sizeof(v));
	untouched = v;
	assert_false(rule_of(policy, 0, &bad, TYPE_A, &v));
	assert_false(rule_of(policy, 2, &bad, TYPE_A, &v));
	assert_false(rule_of(policy, 1, &good, TYPE_A, &v));
	assert_false(rule_of(policy, POLICY_MANUAL_BLOCK, &bad, TYPE_A, &v));
	assert_memory_equal(&v, &untouched, sizeof(v));
	assert_true(rule_of(policy, 1, &bad, TYPE_A, &v));
	policy_free(policy);
}

/* A pattern's rule has no owner: it covers what the whole name is. */
static void test_a_pattern(void **state)
{
	const struct pattern_source source = {"ads-*.example", 13,
					      PATTERN_AT_LABEL | PATTERN_TO_END};
	const struct name name = name_of("x.ads-1.example");
	struct rules rules;
	struct policy *policy = begin_policy(&rules, 1);
	struct domset_rule rule = {.kind = both, .line = 1};
	struct verdict v;

	(void)state;
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	rule.data = put_note(&rules, "pattern", "");
	assert_int_equal(pattern_create(&source, &rule.pattern), ERR_OK);
	assert_int_equal(domset_builder_add_pattern(rules.names, &rule), ERR_OK);
	pattern_unref(rule.pattern);
	end_policy(&rules, policy);
	assert_true(rule_of(policy, 0, &name, TYPE_A, &v));
	assert_int_equal(v.owner_labels, 3);
	assert_string_equal(note_text(policy, &v), "pattern/");
	policy_free(policy);
}

/* ---- whatever rules and questions there are */

struct model_rule {
	struct name owner;
	struct domset_kind kind;
	unsigned int list;
	unsigned int labels;
	unsigned int note; /* 0: none */
};

static unsigned int draw(unsigned int below)
{
	return (unsigned int)rand() % below;
}

static struct name draw_name(unsigned int *ret_labels)
{
	struct name name = {.len = 0};

	*ret_labels = draw(LABELS);
	for (unsigned int i = 0; i < *ret_labels; i++) {
		name.wire[name.len++] = 1;
		name.wire[name.len++] = (uint8_t)('a' + draw(2));
	}
	name.wire[name.len++] = 0;
	return name;
}

static bool is_there(const struct model_rule *rules, size_t count, const struct model_rule *rule)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].list == rule->list && name_equal(&rules[i].owner, &rule->owner) &&
		    memcmp(&rules[i].kind, &rule->kind, sizeof(rule->kind)) == 0)
			return true;
	return false;
}

/* Rules by their lists, no two alike. */
static size_t draw_rules(struct model_rule rules[RULES])
{
	size_t count = 0;

	for (unsigned int i = 0; i < RULES; i++) {
		struct model_rule *rule = &rules[count];

		memset(rule, 0, sizeof(*rule));
		rule->owner = draw_name(&rule->labels);
		rule->kind.scope = (uint8_t)(1 + draw(3));
		rule->kind.exception = draw(4) == 0;
		rule->kind.important = draw(6) == 0;
		rule->kind.types = draw(4) ? 0 : draw(2) ? typeset_of(TYPE_A) : ~typeset_of(TYPE_A);
		rule->list = i * LISTS / RULES;
		rule->note = draw(3);
		count += !is_there(rules, count, rule);
	}
	return count;
}

static struct policy *make(const struct model_rule *model, size_t count)
{
	struct rules rules;
	struct policy *policy = begin_policy(&rules, LISTS);

	for (size_t i = 0; i < count; i++) {
		char family[16];

		snprintf(family, sizeof(family), "n%u", model[i].note);
		if (i == 0 || model[i].list != model[i - 1].list)
			assert_int_equal(rules_begin(&rules, model[i].list), ERR_OK);
		assert_int_equal(
			domset_builder_add_data(rules.names, &model[i].owner, &model[i].kind,
						model[i].note ? put_note(&rules, family, "t") : 0,
						(uint32_t)i + 1),
			ERR_OK);
	}
	end_policy(&rules, policy);
	return policy;
}

static bool covers(const struct model_rule *rule, const struct name *name, uint16_t qtype)
{
	if (rule->kind.types && !(rule->kind.types & typeset_of(qtype)))
		return false;
	if (name_equal(name, &rule->owner))
		return rule->kind.scope & DOMSET_SCOPE_ITSELF;
	return name_is_below(name, &rule->owner) && (rule->kind.scope & DOMSET_SCOPE_BELOW);
}

static int strength(const struct model_rule *rule)
{
	return (int)(rule->kind.important * 100 + rule->labels * 2 + rule->kind.exception);
}

/* True when `rule` is one of the strongest that its list has for the question. */
static void check_strongest(const struct model_rule *model, size_t count,
			    const struct model_rule *rule, const struct name *name, uint16_t qtype)
{
	assert_true(covers(rule, name, qtype));
	for (size_t i = 0; i < count; i++)
		if (model[i].list == rule->list && covers(&model[i], name, qtype))
			assert_true(strength(&model[i]) <= strength(rule));
}

static bool has_any(const struct model_rule *model, size_t count, unsigned int list,
		    const struct name *name, uint16_t qtype)
{
	for (size_t i = 0; i < count; i++)
		if (model[i].list == list && covers(&model[i], name, qtype))
			return true;
	return false;
}

static void check_note(const struct policy *policy, const struct verdict *v,
		       const struct model_rule *rule)
{
	char expected[16] = "-";

	if (rule->note)
		snprintf(expected, sizeof(expected), "n%u/t", rule->note);
	assert_string_equal(note_text(policy, v), expected);
}

static void check_list(const struct policy *policy, const struct model_rule *model, size_t count,
		       unsigned int list, const struct name *name, uint16_t qtype)
{
	struct domset_rule found;
	struct verdict v;

	if (!rule_of(policy, list, name, qtype, &v)) {
		assert_false(has_any(model, count, list, name, qtype));
		return;
	}
	assert_true(v.matched);
	assert_int_equal(v.list, list);
	domset_rule(policy->set, v.record, &found);
	assert_int_equal(found.list, list);
	assert_in_range(found.line, 1, count);
	assert_int_equal(v.owner_labels, model[found.line - 1].labels);
	check_strongest(model, count, &model[found.line - 1], name, qtype);
	check_note(policy, &v, &model[found.line - 1]);
}

static void test_any_rules(void **state)
{
	static const uint16_t qtypes[] = {TYPE_A, TYPE_AAAA, TYPE_CNAME, 999};
	struct model_rule *model = calloc(RULES, sizeof(*model));

	(void)state;
	srand(5);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		size_t count = draw_rules(model);
		struct policy *policy = make(model, count);

		for (unsigned int i = 0; i < QUESTIONS; i++) {
			unsigned int labels;
			const struct name name = draw_name(&labels);
			uint16_t qtype = qtypes[draw(4)];
			const struct verdict v = match(policy, &name, qtype);
			struct domset_rule found;

			for (unsigned int list = 0; list < LISTS; list++)
				check_list(policy, model, count, list, &name, qtype);
			if (!v.matched)
				continue;
			domset_rule(policy->set, v.record, &found);
			check_note(policy, &v, &model[found.line - 1]);
		}
		policy_free(policy);
	}
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_data_no_note),
		cmocka_unit_test(test_rules_with_and_without),
		cmocka_unit_test(test_what_no_list_says),
		cmocka_unit_test(test_of_other_triggers),
		cmocka_unit_test(test_no_rule),
		cmocka_unit_test(test_a_pattern),
		cmocka_unit_test(test_any_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
