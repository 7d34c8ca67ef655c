/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/wire.h"

#define HEAD "$TTL 300\n@ SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n@ NS localhost.\n"

static const struct hash_key key = {5, 6};

/* What a zone came to. */
struct outcome {
	enum err err;
	struct list_report report;
	struct rpz_summary summary;
	struct err_text text;
	struct policy *policy; /* NULL when it failed */
	struct domset *set;    /* its names */
	struct localdata *data;
};

static enum err feed(struct rpz_zone *zone, const char *text, struct outcome *outcome)
{
	enum err err = ERR_OK;

	while (*text && err == ERR_OK) {
		size_t len = strcspn(text, "\n");

		outcome->report.lines++;
		err = rpz_zone_line(zone, text, len, &outcome->text);
		text += len + (text[len] == '\n');
	}
	return err == ERR_OK ? rpz_zone_end(zone, &outcome->text) : err;
}

static struct outcome *load_with(const struct rpz_options *options, const char *text)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	struct rpz_options with = *options;
	struct rpz_zone *zone;
	struct rules rules;

	assert_non_null(outcome);
	report_init(&outcome->report, LIST_FORMAT_RPZ);
	assert_int_equal(rules_init(&key, &rules), ERR_OK);
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	with.rules = &rules;
	assert_int_equal(rpz_zone_create(&with, &outcome->report, &zone), ERR_OK);
	outcome->err = feed(zone, text, outcome);
	outcome->summary = *rpz_zone_summary(zone);
	rpz_zone_free(zone);
	if (outcome->err == ERR_OK) {
		outcome->policy = calloc(1, sizeof(*outcome->policy));
		assert_non_null(outcome->policy);
		outcome->policy->list_count = 1;
		outcome->policy->lists[0].zone = true;
		assert_int_equal(rules_freeze(&rules, outcome->policy), ERR_OK);
		outcome->set = outcome->policy->set;
		outcome->data = outcome->policy->data;
	}
	rules_fini(&rules);
	return outcome;
}

static struct outcome *load(const char *text)
{
	const struct rpz_options options = {.path = "zone", .key = &key};

	return load_with(&options, text);
}

static void drop(struct outcome *outcome)
{
	policy_free(outcome->policy);
	free(outcome);
}

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

/* The list's word on a name; false: it says nothing. */
static bool ask(const struct outcome *outcome, const char *text, struct domset_hit *ret_hit)
{
	struct name name = name_of(text);
	struct name_suffixes suffixes;
	struct domset_hit hit[64];
	struct domset_hits hits = {.room = 64, .hit = hit};

	name_hash_suffixes(&key, &name, &suffixes);
	domset_lookup(outcome->set, &name, &suffixes, TYPESET_ALL, &hits);
	if (hits.count == 0 || hits.hit[0].exception)
		return false;
	*ret_hit = hits.hit[0];
	return true;
}

#define NO_ANSWER DOMSET_ANSWER_COUNT

static uint8_t answer_to(const struct outcome *outcome, const char *text)
{
	struct domset_hit hit;

	return ask(outcome, text, &hit) ? hit.answer : NO_ANSWER;
}

static uint32_t line_of(const struct outcome *outcome, const char *text)
{
	struct domset_rule rule;
	struct domset_hit hit;

	assert_true(ask(outcome, text, &hit));
	domset_rule(outcome->set, hit.record, &rule);
	return rule.line;
}

/* ---- one rule a line */

static const struct {
	const char *line;
	const char *name;
	uint8_t answer;
} rules[] = {
	{"x.test CNAME .", "x.test", DOMSET_ANSWER_NXDOMAIN},
	{"x.test CNAME .", "a.x.test", NO_ANSWER},
	{"*.x.test CNAME .", "a.x.test", DOMSET_ANSWER_NXDOMAIN},
	{"*.x.test CNAME .", "b.a.x.test", DOMSET_ANSWER_NXDOMAIN},
	{"*.x.test CNAME .", "x.test", NO_ANSWER},
	{"* CNAME .", "anything.test", DOMSET_ANSWER_NXDOMAIN},
	{"* CNAME .", ".", NO_ANSWER},
	{"x.test CNAME *.", "x.test", DOMSET_ANSWER_NODATA},
	{"x.test CNAME rpz-passthru.", "x.test", DOMSET_ANSWER_PASS},
	{"x.test CNAME x.test.", "x.test", DOMSET_ANSWER_PASS},
	{"x.test CNAME rpz-drop.", "x.test", DOMSET_ANSWER_DROP},
	{"x.test CNAME RPZ-TCP-Only.", "x.test", DOMSET_ANSWER_TCP_ONLY},
	{"x.test CNAME y.test.", "x.test", DOMSET_ANSWER_DATA},
	{"x.test CNAME *.y.test.", "x.test", DOMSET_ANSWER_DATA},
	{"*.x.test CNAME *.x.test.", "a.x.test", DOMSET_ANSWER_DATA},
	{"*.x.test CNAME x.test.", "a.x.test", DOMSET_ANSWER_DATA},
	{"x.test A 192.0.2.1", "x.test", DOMSET_ANSWER_DATA},
	{"x.test AAAA 2001:db8::1", "x.test", DOMSET_ANSWER_DATA},
	{"x.test 60 IN A 192.0.2.1", "x.test", DOMSET_ANSWER_DATA},
	{"x.test IN 1h A 192.0.2.1", "x.test", DOMSET_ANSWER_DATA},
	{"x.test MX 10 mail", "x.test", DOMSET_ANSWER_DATA},
	{"x.test TXT \"a;b\" c ; comment", "x.test", DOMSET_ANSWER_DATA},
	{"x.test TYPE65280 \\# 2 abcd", "x.test", DOMSET_ANSWER_DATA},
	{"X.Test CNAME .", "x.test", DOMSET_ANSWER_NXDOMAIN},
	{"x.test.rpz. CNAME .", "x.test", DOMSET_ANSWER_NXDOMAIN},
	{"x\\046y.test CNAME .", "x\\.y.test", DOMSET_ANSWER_NXDOMAIN},
	{"_dmarc.x.test\tCNAME\t.\r", "_dmarc.x.test", DOMSET_ANSWER_NXDOMAIN},
	{"x.test ( CNAME\n . )", "x.test", DOMSET_ANSWER_NXDOMAIN},
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char text[512];
		struct outcome *outcome;
		uint8_t got;

		snprintf(text, sizeof(text), HEAD "%s\n", rules[i].line);
		outcome = load(text);
		assert_int_equal(outcome->err, ERR_OK);
		got = answer_to(outcome, rules[i].name);
		if (got != rules[i].answer || outcome->report.bad || outcome->report.entries != 1)
			fail_msg("%s: %s: %u", rules[i].line, rules[i].name, got);
		drop(outcome);
	}
}

/* ---- what is not taken */

static const struct {
	const char *line;
	enum list_reason reason;
} wrong[] = {
	{"x.test CNAME rpz-passthru", LINE_UNKNOWN_ACTION},
	{"x.test CNAME rpz-log.", LINE_UNKNOWN_ACTION},
	{"x.test CNAME a.rpz-log.", LINE_UNKNOWN_ACTION},
	{"x.test. CNAME .", LINE_OUTSIDE},
	{"x.test A 192.0.2", LINE_RECORD},
	{"x.test A 192.0.2.1 192.0.2.2", LINE_RECORD},
	{"x.test AAAA 192.0.2.1", LINE_RECORD},
	{"x.test CNAME", LINE_RECORD},
	{"x.test", LINE_RECORD},
	{"x.test CH A 192.0.2.1", LINE_RECORD},
	{"x..test CNAME .", LINE_RECORD},
	{"x.test CNAME ( .", LINE_RECORD},
	{"x.test CNAME . )", LINE_RECORD},
	{"x.test TXT \"abc", LINE_RECORD},
	{"x.test NOTYPE abc", LINE_RECORD},
	{"$GENERATE 1-3 a$ CNAME .", LINE_RECORD},
	{"$TTL soon", LINE_RECORD},
	{"$ORIGIN", LINE_RECORD},
	{"x.test DNAME y.test.", LINE_TYPE},
	{"x.test NS y.test.", LINE_TYPE},
	{"x.test DS 1 8 2 00", LINE_TYPE},
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[512];
		struct outcome *outcome;

		snprintf(text, sizeof(text), HEAD "%s\ngood.test CNAME .\n", wrong[i].line);
		outcome = load(text);
		assert_int_equal(outcome->err, ERR_OK);
		if (outcome->report.reasons[wrong[i].reason] != 1 || outcome->report.entries != 1)
			fail_msg("%s: %u bad, %u skipped: %s", wrong[i].line, outcome->report.bad,
				 outcome->report.skipped, outcome->report.bad_notes[0].text);
		if (wrong[i].reason < LIST_REASON_SKIP)
			assert_int_equal(outcome->report.bad_notes[0].line, 4);
		else
			assert_int_equal(outcome->report.skipped_notes[0].line, 4);
		assert_int_equal(answer_to(outcome, "good.test"), DOMSET_ANSWER_NXDOMAIN);
		assert_int_equal(line_of(outcome, "good.test"), 5);
		drop(outcome);
	}
}

static void test_refused(void **state)
{
	struct outcome *outcome = load(HEAD "$INCLUDE other\n");

	assert_int_equal(outcome->err, ERR_REFUSED);
	assert_string_equal(outcome->text.text, "zone: line 4: $INCLUDE: a list is one file");
	drop(outcome);
}

/* ---- the zone */

static void test_apex(void **state)
{
	static const char *const zones[] = {
		"$ORIGIN a.feed.\n@ 60 SOA . . 9 1 1 1 30\nx.test CNAME .\n",
		"a.feed. 60 IN SOA . . 9 1 1 1 30\na.feed. NS .\nx.test.a.feed. CNAME .\n",
		"$ORIGIN feed.\na 60 SOA . . 9 1 1 1 30\nx.test.a CNAME .\n$ORIGIN b.\nx NS .\n",
		"$ORIGIN .\n@ 60 SOA . . 9 1 1 1 30\nx.test. CNAME .\n",
		"a.feed. 60 SOA . . 9 1 1 1 30\n NS .\nx.test CNAME .\n",
		"a.feed. 60 SOA . . 9 1 1 1 30\n@ NS .\nx.test.a.feed. CNAME .\n",
	};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct outcome *outcome = load(zones[i]);

		assert_int_equal(outcome->err, ERR_OK);
		assert_int_equal(answer_to(outcome, "x.test"), DOMSET_ANSWER_NXDOMAIN);
		assert_true(outcome->summary.has_soa);
		assert_int_equal(outcome->summary.serial, 9);
		assert_int_equal(outcome->summary.negative_ttl_s, 30);
		assert_int_equal(outcome->report.bad, i == 2);
		drop(outcome);
	}
}

static uint32_t ttl_of(const struct outcome *outcome, const char *name)
{
	struct localdata_record record;
	struct domset_hit hit;

	assert_true(ask(outcome, name, &hit));
	assert_true(localdata_find(outcome->data, domset_data(outcome->set, hit.record), TYPE_A,
				   &record));
	return record.ttl_s;
}

static void test_ttls(void **state)
{
	struct outcome *outcome = load("a A 1.1.1.1\n"
				       "@ SOA . . 9 1 1 1 30\n"
				       "b A 1.1.1.1\n"
				       "c 7 A 1.1.1.1\n"
				       "d A 1.1.1.1\n"
				       "$TTL 1h\n"
				       "e A 1.1.1.1\n"
				       "f 1d IN A 1.1.1.1\n");

	assert_int_equal(ttl_of(outcome, "a"), 0);
	assert_int_equal(ttl_of(outcome, "b"), 30);
	assert_int_equal(ttl_of(outcome, "c"), 7);
	assert_int_equal(ttl_of(outcome, "d"), 30);
	assert_int_equal(ttl_of(outcome, "e"), 3600);
	assert_int_equal(ttl_of(outcome, "f"), 86400);
	drop(outcome);
}

/* Types of the records that are given for the name, in their order. */
static const char *types_of(const struct outcome *outcome, const char *name)
{
	static char types[256];
	struct localdata_record record;
	struct localdata_iter iter;
	struct domset_hit hit;
	size_t len = 0;

	assert_true(ask(outcome, name, &hit));
	assert_int_equal(hit.answer, DOMSET_ANSWER_DATA);
	localdata_iter_init(&iter, outcome->data, domset_data(outcome->set, hit.record));
	types[0] = '\0';
	while (localdata_iter_next(&iter, &record))
		len += (size_t)snprintf(types + len, sizeof(types) - len, "%u ", record.type);
	return types;
}

/* The SOA is kept as answers have it, the first one alone. */
static void test_soa(void **state)
{
	static const uint8_t wire[] = "\3Rpz\0\0\6\0\1\0\0\0\36\0\32\1n\0\1h\0\0\0\0\11\0\0\0\1"
				      "\0\0\0\2\0\0\0\3\0\0\0\36";
	struct outcome *outcome = load("$ORIGIN Rpz.\na A 1.1.1.1\n@ 60 SOA n. h. 9 1 2 3 30\n"
				       "@ 5 SOA n. h. 10 1 2 3 4\na AAAA ::1\n");
	struct localdata_record soa;

	(void)state;
	assert_int_equal(outcome->err, ERR_OK);
	assert_true(localdata_find(outcome->data, outcome->summary.soa, TYPE_SOA, &soa));
	assert_int_equal(soa.rdlen, sizeof(wire) - 1);
	assert_memory_equal(soa.rdata + 5, wire + 5, sizeof(wire) - 6);
	assert_string_equal(types_of(outcome, "a"), "1 28 ");
	drop(outcome);
	outcome = load("a A 1.1.1.1\n");
	assert_int_equal(outcome->summary.soa, 0);
	drop(outcome);
}

static void test_records_of_a_name(void **state)
{
	struct outcome *outcome = load(HEAD "a A 1.1.1.1\n"
					    "  A 1.1.1.2\n"
					    "  MX 1 b\n"
					    "b AAAA ::1\n"
					    "a A 1.1.1.1\n"
					    "A TXT late\n"
					    "b A 1.1.1.3\n"
					    "*.a A 1.1.1.4\n");

	assert_int_equal(outcome->report.bad, 0);
	assert_int_equal(outcome->report.entries, 3);
	assert_string_equal(types_of(outcome, "a"), "1 1 15 16 ");
	assert_string_equal(types_of(outcome, "b"), "28 1 ");
	assert_string_equal(types_of(outcome, "c.a"), "1 ");
	assert_int_equal(domset_count(outcome->set, 0).rules, 3);
	drop(outcome);
}

static void test_clashes(void **state)
{
	struct outcome *outcome = load(HEAD "a CNAME .\n"
					    "a CNAME .\n"
					    "a CNAME rpz-drop.\n"
					    "a A 1.1.1.1\n"
					    "b A 1.1.1.1\n"
					    "b CNAME c.\n"
					    "b CNAME .\n"
					    "c CNAME d.\n"
					    "c CNAME d.\n"
					    "c CNAME e.\n"
					    "c A 1.1.1.1\n"
					    "*.a A 1.1.1.1\n");

	assert_int_equal(outcome->report.reasons[LINE_CLASH], 6);
	assert_int_equal(outcome->report.bad, 6);
	assert_int_equal(outcome->report.entries, 4);
	assert_int_equal(answer_to(outcome, "a"), DOMSET_ANSWER_NXDOMAIN);
	assert_string_equal(types_of(outcome, "b"), "1 ");
	assert_string_equal(types_of(outcome, "c"), "5 ");
	drop(outcome);
}

static void test_broken_records_cost_themselves(void **state)
{
	struct outcome *outcome = load(HEAD "a ( CNAME .\n"
					    "b CNAME .\n"
					    "c ( CNAME .\n"
					    ") \n"
					    "d CNAME ( .\n"
					    "e TXT \"\n"
					    "f CNAME .\n");

	assert_int_equal(answer_to(outcome, "b"), DOMSET_ANSWER_NXDOMAIN);
	assert_int_equal(answer_to(outcome, "c"), DOMSET_ANSWER_NXDOMAIN);
	assert_int_equal(answer_to(outcome, "f"), DOMSET_ANSWER_NXDOMAIN);
	assert_int_equal(line_of(outcome, "f"), 10);
	assert_int_equal(outcome->report.entries, 3);
	assert_int_equal(outcome->report.bad, 3);
	drop(outcome);
}

static void test_overridden(void **state)
{
	const struct rpz_options options = {.path = "zone", .key = &key, .overridden = true};
	struct outcome *outcome = load_with(&options, HEAD "a CNAME rpz-passthru.\n"
							   "b A 1.1.1.1\n"
							   "b AAAA ::1\n");

	assert_int_equal(answer_to(outcome, "a"), DOMSET_ANSWER_LIST);
	assert_int_equal(answer_to(outcome, "b"), DOMSET_ANSWER_LIST);
	assert_int_equal(outcome->report.entries, 2);
	drop(outcome);
}

/* ---- wildcards */

static const struct {
	const char *zone;
	const char *name;
	bool covered;
	bool covered_nearest;
} wildcards[] = {
	{"*.w CNAME .\ndeep.x.w CNAME *.", "a.w", true, true},
	{"*.w CNAME .\ndeep.x.w CNAME *.", "x.w", false, true},
	{"*.w CNAME .\ndeep.x.w CNAME *.", "a.x.w", false, true},
	{"*.w CNAME .\ndeep.x.w CNAME *.", "b.a.x.w", false, true},
	{"*.w CNAME .\ndeep.x.w CNAME *.", "a.deep.x.w", false, true},
	{"*.w CNAME .\ndeep.x.w CNAME *.", "y.w", true, true},
	{"*.w CNAME .\nx.w CNAME *.", "a.x.w", false, true},
	{"*.w CNAME .\nx.w CNAME *.", "x.w", true, true},
	{"*.w CNAME .\n*.x.w CNAME *.", "x.w", false, true},
	{"*.w CNAME .\n*.x.w CNAME *.", "a.x.w", true, true},
	{"*.w CNAME .\n*.b.a.w CNAME *.", "c.a.w", false, true},
	{"*.w CNAME .\n*.b.a.w CNAME *.", "c.b.a.w", true, true},
	{"* CNAME .\nwww.shop.test CNAME rpz-passthru.", "other.test", false, true},
	{"* CNAME .\nwww.shop.test CNAME rpz-passthru.", "test", false, true},
	{"* CNAME .\nwww.shop.test CNAME rpz-passthru.", "other", true, true},
	{"x.test CNAME .\n*.x.test CNAME .", "a.x.test", true, true},
};

static void test_wildcards(void **state)
{
	for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++) {
		struct rpz_options options = {.path = "zone", .key = &key};
		char text[512];

		snprintf(text, sizeof(text), HEAD "%s\n", wildcards[i].zone);
		for (int nearest = 0; nearest < 2; nearest++) {
			struct outcome *outcome;
			bool covered;

			options.nearest = nearest;
			outcome = load_with(&options, text);
			covered = answer_to(outcome, wildcards[i].name) != NO_ANSWER;
			if (covered !=
			    (nearest ? wildcards[i].covered_nearest : wildcards[i].covered))
				fail_msg("%s: %s, nearest %d: %d", wildcards[i].zone,
					 wildcards[i].name, nearest, covered);
			assert_int_equal(domset_count(outcome->set, 0).rules, 2);
			drop(outcome);
		}
	}
}

static void test_cuts_are_told(void **state)
{
	struct outcome *outcome = load(HEAD "*.w CNAME .\na.x.w CNAME .\nb.x.w CNAME .\n");
	struct name x = name_of("x.w");
	struct name w = name_of("w");

	assert_int_equal(outcome->summary.cuts, 3); /* below a.x.w, x.w, b.x.w */
	assert_true(name_equal(&outcome->summary.told[1].owner, &x));
	assert_true(name_equal(&outcome->summary.told[1].wildcard, &w));
	drop(outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_apex),
		cmocka_unit_test(test_ttls),
		cmocka_unit_test(test_soa),
		cmocka_unit_test(test_records_of_a_name),
		cmocka_unit_test(test_clashes),
		cmocka_unit_test(test_broken_records_cost_themselves),
		cmocka_unit_test(test_overridden),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_cuts_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
