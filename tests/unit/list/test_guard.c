/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/suffixes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fail.h"
#include "support/map_fail.h"

#define SUFFIX_LIST "/usr/share/publicsuffix/public_suffix_list.dat"
#define ITSELF DOMSET_SCOPE_ITSELF
#define BELOW DOMSET_SCOPE_BELOW
#define BOTH DOMSET_SCOPE_BOTH

static const char *const protected_names[] = {
	"dns.upstream.example",
	"lists.example",
	"a.deep.one.sub.example",
};

static struct name name_of(const char *text)
{
	struct name name;

	memset(&name, 0xa5, sizeof(name));
	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static struct guard *new_guard(const char *path)
{
	struct name names[3];
	struct name zones[2] = {name_of("zen.dnsbl.example"), name_of("multi.uribl.example")};
	const struct guard_config config = {
		.names = names,
		.name_count = 3,
		.zones = zones,
		.zone_count = 2,
		.hold_suffixes = true,
	};
	struct guard *guard;

	for (size_t i = 0; i < 3; i++)
		names[i] = name_of(protected_names[i]);
	assert_int_equal(guard_create_from(path, &config, &guard), ERR_OK);
	return guard;
}

static const struct {
	const char *owner;
	struct domset_kind kind;
	const char *held; /* NULL: it may come into force */
} entries[] = {
	{".", {BOTH, false, false, 0, 0}, "is the root"},
	{".", {BELOW, false, true, 0, 0}, "is the root"},
	{".", {BOTH, true, false, 0, 0}, NULL},
	{".", {ITSELF, false, false, 0, 0}, NULL},
	{"com", {BOTH, false, false, 0, 0}, "is a top-level domain"},
	{"com", {BELOW, false, false, 0, 0}, "is a top-level domain"},
	{"com", {ITSELF, false, false, 0, 0}, NULL},
	{"com", {BOTH, true, false, 0, 0}, NULL},
	{"nosuchtld", {BOTH, false, false, 0, 0}, "is a name of one label"},
	{"co.uk", {BOTH, false, false, 0, 0}, "is a public suffix"},
	{"co.uk", {BELOW, false, false, 0, 0}, "is a public suffix"},
	{"co.uk", {ITSELF, false, false, 0, 0}, NULL},
	{"co.uk", {BOTH, true, false, 0, 0}, NULL},
	{"example.co.uk", {BOTH, false, false, 0, 0}, NULL},
	{"example.com", {BOTH, false, false, 0, 0}, NULL},
	{"github.io", {BOTH, false, false, 0, 0}, NULL}, /* of the private section */
	{"any.ck", {BOTH, false, false, 0, 0}, "is a public suffix"},
	{"www.ck", {BOTH, false, false, 0, 0}, NULL},
	{"x.any.ck", {BOTH, false, false, 0, 0}, NULL},
	{"kawasaki.jp", {BOTH, false, false, 0, 0}, "is a public suffix"},
	{"x.kawasaki.jp", {BOTH, false, false, 0, 0}, "is a public suffix"},
	{"city.kawasaki.jp", {BOTH, false, false, 0, 0}, NULL},
	{"pvt.k12.ma.us", {BOTH, false, false, 0, 0}, "is a public suffix"},
	{"xn--55qx5d.cn", {BOTH, false, false, 0, 0}, "is a public suffix"},
	{"dns.upstream.example", {BOTH, false, false, 0, 0}, "is a protected name"},
	{"dns.upstream.example", {ITSELF, false, false, 0, 0}, "is a protected name"},
	{"dns.upstream.example", {BELOW, false, false, 0, 0}, "is a protected name"},
	{"dns.upstream.example", {BOTH, true, false, 0, 0}, NULL},
	{"upstream.example", {BOTH, false, false, 0, 0}, "is above a protected name"},
	{"upstream.example", {BELOW, false, false, 0, 0}, "is above a protected name"},
	{"upstream.example", {ITSELF, false, false, 0, 0}, NULL},
	{"x.dns.upstream.example", {BOTH, false, false, 0, 0}, NULL},
	{"xdns.upstream.example", {BOTH, false, false, 0, 0}, NULL},
	{"lists.example", {BOTH, false, false, 0, 0}, "is a protected name"},
	{"sub.example", {BOTH, false, false, 0, 0}, "is above a protected name"},
	{"one.sub.example", {BOTH, false, false, 0, 0}, "is above a protected name"},
	{"deep.one.sub.example", {BOTH, false, true, 0, 0}, "is above a protected name"},
	{"b.deep.one.sub.example", {BOTH, false, false, 0, 0}, NULL},
	{"zen.dnsbl.example", {BOTH, false, false, 0, 0}, "is a zone of guard.dnsbl-zones"},
	{"zen.dnsbl.example", {ITSELF, false, false, 0, 0}, "is a zone of guard.dnsbl-zones"},
	{"zen.dnsbl.example", {BOTH, true, false, 0, 0}, NULL},
	{"2.0.0.127.zen.dnsbl.example",
	 {ITSELF, false, false, 0, 0},
	 "is in a zone of guard.dnsbl-zones"},
	{"x.zen.dnsbl.example", {BELOW, false, true, 0, 0}, "is in a zone of guard.dnsbl-zones"},
	{"dnsbl.example", {BOTH, false, false, 0, 0}, "is above a zone of guard.dnsbl-zones"},
	{"dnsbl.example", {ITSELF, false, false, 0, 0}, NULL},
	{"sbl.dnsbl.example", {BOTH, false, false, 0, 0}, NULL},
	{"xzen.dnsbl.example", {BOTH, false, false, 0, 0}, NULL},
	{"evil.test.multi.uribl.example",
	 {BOTH, false, false, 0, 0},
	 "is in a zone of guard.dnsbl-zones"},
};

static void expect_entries(const char *path)
{
	struct guard *guard = new_guard(path);

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct name owner = name_of(entries[i].owner);
		const char *held = guard_entry(guard, &owner, &entries[i].kind, 0);

		if (!held != !entries[i].held || (held && strcmp(held, entries[i].held) != 0))
			fail_msg("%s, scope %u: %s", entries[i].owner, entries[i].kind.scope,
				 held ? held : "not held");
	}
	guard_free(guard);
}

/* A list that may block public suffixes still may not block what is protected. */
static void test_allowed_suffixes(void **state)
{
	static const struct {
		const char *owner;
		const char *held;
	} rows[] = {
		{".", "is the root"},
		{"zip", NULL},
		{"co.uk", NULL},
		{"upstream.example", "is above a protected name"},
		{"example", "is above a protected name"},
	};
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct guard *guard = new_guard(SUFFIX_LIST);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct name owner = name_of(rows[i].owner);
		const char *held = guard_entry(guard, &owner, &both, GUARD_ALLOW_SUFFIXES);

		if (!held != !rows[i].held || (held && strcmp(held, rows[i].held) != 0))
			fail_msg("%s: %s", rows[i].owner, held ? held : "not held");
	}
	guard_free(guard);
}

/* A list that answers as if nothing were listed may have such a zone; no other is let pass. */
static void test_allowed_zones(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct guard *guard = new_guard(SUFFIX_LIST);
	struct name zone = name_of("x.zen.dnsbl.example");
	struct name above = name_of("dnsbl.example");
	struct name protected_name = name_of("lists.example");

	assert_null(guard_entry(guard, &zone, &both, GUARD_ALLOW_ZONES));
	assert_null(guard_entry(guard, &above, &both, GUARD_ALLOW_ZONES));
	assert_non_null(guard_entry(guard, &protected_name, &both, GUARD_ALLOW_ZONES));
	assert_non_null(guard_entry(guard, &zone, &both, GUARD_ALLOW_SUFFIXES));
	for (uint8_t answer = DOMSET_ANSWER_NXDOMAIN; answer < DOMSET_ANSWER_COUNT; answer++) {
		const struct domset_kind own = {BOTH, false, false, answer, 0};
		bool none = answer == DOMSET_ANSWER_NXDOMAIN || answer == DOMSET_ANSWER_NODATA ||
			    domset_kind_lifts(&own);

		/* what the rule says itself counts, whatever the list's action is */
		assert_int_equal(guard_entry(guard, &zone, &own, 0) == NULL, none);
		assert_int_equal(guard_entry(guard, &zone, &own, GUARD_ALLOW_ZONES) == NULL, none);
	}
	guard_free(guard);
}

/* Of patterns too, what the rule says itself counts before what its list does. */
static void test_patterns(void **state)
{
	static const struct {
		const char *regex;
		struct domset_kind kind;
		unsigned int allowed;
		bool held;
	} patterns[] = {
		{"^ads[0-9]+\\.tracker\\.example$", {BOTH, false, false, 0, 0}, 0, false},
		{"lists\\.example$", {BOTH, false, false, 0, 0}, 0, true},
		{"lists\\.example$", {BOTH, true, false, 0, 0}, 0, false},
		{"lists\\.example$", {BOTH, false, false, DOMSET_ANSWER_PASS, 0}, 0, false},
		{"lists\\.example$", {BOTH, false, false, 0, 0}, GUARD_ALLOW_ZONES, true},
		{"\\.com$", {BOTH, false, false, 0, 0}, 0, true},
		{"\\.com$", {BOTH, false, false, 0, 0}, GUARD_ALLOW_SUFFIXES, false},
		{"zen\\.dnsbl\\.example$", {BOTH, false, false, 0, 0}, 0, true},
		{"zen\\.dnsbl\\.example$", {BOTH, false, false, 0, 0}, GUARD_ALLOW_ZONES, false},
		{"zen\\.dnsbl\\.example$",
		 {BOTH, false, false, DOMSET_ANSWER_NXDOMAIN, 0},
		 0,
		 false},
		{"zen\\.dnsbl\\.example$",
		 {BOTH, false, false, DOMSET_ANSWER_REFUSED, 0},
		 GUARD_ALLOW_ZONES,
		 true},
	};
	struct guard *guard = new_guard(SUFFIX_LIST);

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *regex = patterns[i].regex;
		const struct pattern_source source = {regex, strlen(regex), PATTERN_REGEX};
		struct pattern *pattern;
		const char *reason;

		assert_int_equal(pattern_create(&source, &pattern), ERR_OK);
		reason = guard_pattern(guard, pattern, &patterns[i].kind, patterns[i].allowed);
		if ((reason != NULL) != patterns[i].held)
			fail_msg("%zu, %s: %s", i, regex, reason ? reason : "not held");
		pattern_unref(pattern);
	}
	guard_free(guard);
}

/* A zone of one label has no place in the filter. */
static void test_zone_of_one_label(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct name zone = name_of("rbl");
	struct name inside = name_of("2.0.0.127.rbl");
	struct name other = name_of("rbl.example");
	const struct guard_config config = {.zones = &zone, .zone_count = 1};
	struct guard *guard;

	assert_int_equal(guard_create(&config, &guard), ERR_OK);
	assert_non_null(guard_entry(guard, &zone, &both, 0));
	assert_non_null(guard_entry(guard, &inside, &both, 0));
	assert_null(guard_entry(guard, &other, &both, 0));
	guard_free(guard);
}

static void test_entries(void **state)
{
	expect_entries(SUFFIX_LIST);
}

/* The list that is built into libpsl. */
static void test_builtin(void **state)
{
	expect_entries("/nonexistent");
	expect_entries("/dev/null");
}

/* Each line of the list's ICANN section is held, or a child of its if it is a wildcard. */
static void test_all_suffixes(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct guard *guard = new_guard(SUFFIX_LIST);
	FILE *file = fopen(SUFFIX_LIST, "r");
	unsigned int held = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file) && !strstr(line, "===END ICANN")) {
		struct name owner;

		line[strcspn(line, " \t\n")] = '\0';
		if (line[0] == '*')
			line[0] = 'x';
		if (!line[0] || strchr("/!", line[0]) ||
		    name_from_host(line, strlen(line), &owner) != ERR_OK)
			continue;
		if (!guard_entry(guard, &owner, &both, 0))
			fail_msg("%s is not held", line);
		held++;
	}
	if (file)
		assert_true(held > 5000);
	else
		print_message("there is no %s\n", SUFFIX_LIST);
	if (file)
		fclose(file);
	guard_free(guard);
}

static void test_no_protected(void **state)
{
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct name owner = name_of("lists.example");
	struct guard *guard;

	assert_int_equal(guard_create(&(struct guard_config){.hold_suffixes = true}, &guard),
			 ERR_OK);
	assert_null(guard_entry(guard, &owner, &both, 0));
	guard_free(guard);
	guard_free(NULL);
}

/* Without suffixes only the root and what is protected are held. */
static void test_no_suffixes(void **state)
{
	static const struct {
		const char *owner;
		bool held;
	} rows[] = {{".", true}, {"com", false}, {"co.uk", false}, {"lists.example", true}};
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	struct name name = name_of("lists.example");
	struct guard *guard;

	assert_int_equal(
		guard_create(&(struct guard_config){.names = &name, .name_count = 1}, &guard),
		ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct name owner = name_of(rows[i].owner);

		assert_int_equal(guard_entry(guard, &owner, &both, 0) != NULL, rows[i].held);
	}
	guard_free(guard);
}

/* Whatever allocation fails: there is no guard, or one that holds what it should.  Some 60 suffixes
 * are internationalized, and their list has thousands of allocations: each of the first, and some.
 */
static void test_each_allocation_fails(void **state)
{
	static const char *const suffixes[] = {"com", "co.uk", "xn--55qx5d.cn", "xn--p1ai"};
	const struct domset_kind both = {BOTH, false, false, 0, 0};
	const struct guard_config config = {.hold_suffixes = true};
	bool failed = true;

	for (unsigned long nth = 0; failed; nth += nth < 400 ? 1 : 997) {
		struct guard *guard = NULL;
		enum err err;

		alloc_fail_start(nth, false);
		err = guard_create_from(SUFFIX_LIST, &config, &guard);
		failed = alloc_fail_stop();
		assert_true(err == ERR_OK || (failed && err == ERR_NOMEM && !guard));
		for (size_t i = 0; guard && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			struct name owner = name_of(suffixes[i]);

			if (!guard_entry(guard, &owner, &both, 0))
				fail_msg("%lu: %s is not held", nth, suffixes[i]);
		}
		guard_free(guard);
	}
}

static void test_no_memory(void **state)
{
	struct name name = name_of("lists.example");
	const struct guard_config config = {.zones = &name, .zone_count = 1, .hold_suffixes = true};
	struct guard *guard = NULL;

	for (unsigned long nth = 0; nth < 2; nth++) {
		map_fail_start(nth);
		assert_int_equal(guard_create(&config, &guard), ERR_NOMEM);
		assert_true(map_fail_stop());
		assert_null(guard);
	}
}

/* ---- the list as a whole */

static const struct {
	struct guard_limits limits;
	struct list_report report;
	const char *refused; /* NULL: it is accepted */
} lists[] = {
	{{.min_entries = 0}, {.entries = 0}, NULL},
	{{.min_entries = 0}, {.bad = 900}, NULL},
	{{.min_entries = 10}, {.entries = 10}, NULL},
	{{.min_entries = 10}, {.entries = 9}, "has 9 entries, at least 10 are required"},
	{{.min_entries = 10}, {.entries = 9, .held = 9}, "has 9 entries, at least 10 are required"},
	{{.min_entries = 1}, {.skipped = 5, .bad = 5}, "has 0 entries, at least 1 is required"},
	{{.expect_entries = 273}, {.entries = 273, .bad = 4, .held = 1}, NULL},
	{{.expect_entries = 273}, {.entries = 12}, "has 12 entries, 273 are expected"},
	{{.expect_entries = 273}, {.entries = 274}, "has 274 entries, 273 are expected"},
	{{.expect_entries = 2}, {.entries = 1}, "has 1 entry, 2 are expected"},
	{{.max_bad_lines = 3}, {.entries = 10, .bad = 3}, NULL},
	{{.max_bad_lines = 3}, {.entries = 10, .bad = 4}, "has 4 bad lines, at most 3 are allowed"},
	{{.max_bad_percent = 10}, {.entries = 80, .skipped = 10, .bad = 10}, NULL},
	{{.max_bad_percent = 10}, {.entries = 80, .held = 10, .bad = 10}, NULL},
	{{.max_bad_percent = 10},
	 {.entries = 80, .skipped = 9, .bad = 10},
	 "has 10 bad lines of 99, at most 10 percent are allowed"},
	{{.max_bad_percent = 10}, {.entries = 0}, NULL},
	{{.has_to_block = true}, {.entries = 1}, NULL},
	{{.has_to_block = true}, {.entries = 3, .exceptions = 2, .held = 4}, NULL},
	{{.has_to_block = true},
	 {.entries = 0},
	 "would block nothing: 0 entries, 0 of them exceptions; 0 held back, 0 bad"},
	{{.has_to_block = true},
	 {.entries = 2, .exceptions = 2},
	 "would block nothing: 2 entries, 2 of them exceptions; 0 held back, 0 bad"},
	{{.has_to_block = true, .may_be_empty = true}, {.entries = 0, .skipped = 3}, NULL},
	{{.has_to_block = true, .may_be_empty = true},
	 {.held = 1},
	 "would block nothing: 0 entries, 0 of them exceptions; 1 held back, 0 bad"},
	{{.has_to_block = true, .may_be_empty = true},
	 {.bad = 1},
	 "would block nothing: 0 entries, 0 of them exceptions; 0 held back, 1 bad"},
	{{.has_to_block = true, .may_be_empty = true},
	 {.entries = 1, .exceptions = 1},
	 "would block nothing: 1 entry, 1 of them exceptions; 0 held back, 0 bad"},
	{{.max_skipped_percent = 10}, {.entries = 90, .skipped = 10}, NULL},
	{{.max_skipped_percent = 10},
	 {.entries = 88, .skipped = 11},
	 "has 11 skipped lines of 99, at most 10 percent are allowed"},
};

static void test_lists(void **state)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct err_text text = {""};
		struct list_report report = lists[i].report;
		enum err err;

		report.told = report.entries + report.held + report.skipped + report.bad;
		err = guard_list(&lists[i].limits, &report, &text);

		assert_int_equal(err, lists[i].refused ? ERR_REFUSED : ERR_OK);
		assert_string_equal(text.text, lists[i].refused ? lists[i].refused : "");
	}
}

static const struct {
	struct guard_limits limits;
	uint32_t previous;
	uint32_t entries;
	const char *refused;
} changes[] = {
	{{.max_shrink_percent = 0}, 1000000, 0, NULL},
	{{.max_shrink_percent = 50}, 100, 50, NULL},
	{{.max_shrink_percent = 50},
	 100,
	 49,
	 "shrank from 100 to 49 entries, at most 50 percent are allowed"},
	{{.max_shrink_percent = 50}, 0, 0, NULL},
	{{.max_grow_percent = 200}, 100, 300, NULL},
	{{.max_grow_percent = 200},
	 100,
	 301,
	 "grew from 100 to 301 entries, at most 200 percent are allowed"},
	{{.max_grow_percent = 200},
	 1000000000,
	 4000000000,
	 "grew from 1000000000 to 4000000000 entries, at most 200 percent are allowed"},
	{{.max_grow_percent = 200}, 0, 5000, NULL},
	/* a short list may be edited */
	{{.max_shrink_percent = 20, .max_grow_percent = 20}, 3, 13, NULL},
	{{.max_shrink_percent = 20, .max_grow_percent = 20}, 13, 3, NULL},
	{{.max_shrink_percent = 20, .max_grow_percent = 20},
	 3,
	 14,
	 "grew from 3 to 14 entries, at most 20 percent are allowed"},
	{{.max_shrink_percent = 20, .max_grow_percent = 20},
	 14,
	 3,
	 "shrank from 14 to 3 entries, at most 20 percent are allowed"},
};

static void test_changes(void **state)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct err_text text = {""};
		enum err err = guard_change(&changes[i].limits, changes[i].previous,
					    changes[i].entries, &text);

		assert_int_equal(err, changes[i].refused ? ERR_REFUSED : ERR_OK);
		assert_string_equal(text.text, changes[i].refused ? changes[i].refused : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_all_suffixes),
		cmocka_unit_test(test_no_protected),
		cmocka_unit_test(test_no_suffixes),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_each_allocation_fails),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_allowed_suffixes),
		cmocka_unit_test(test_allowed_zones),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_zone_of_one_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
