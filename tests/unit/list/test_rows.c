/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables as files of lists: which rows become rules, and why the others do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "list/listfile.h"
#include "support/scratch.h"

#define NOW_S 1795849200U /* 2026-11-28T07:00:00Z */
#define NO_REASON LIST_REASON_COUNT

static const struct hash_key key = {5, 6};
static struct scratch folder;
static const char *path; /* of the list */

static const struct listfile_rows all_columns = {
	.map = {.columns = {[TABLE_NAME] = "name",
			    [TABLE_ADDRESS] = "address",
			    [TABLE_INSERT] = "insert",
			    [TABLE_DELETE] = "delete",
			    [TABLE_SCORE] = "score",
			    [TABLE_SINKHOLE] = "sinkhole"}},
	.urls = true,
	.least_score = 50,
	.below_score = 90,
	.now_s = NOW_S,
};

#define HEADER "name,address,insert,delete,score,sinkhole\n"

static enum err load(const struct listfile_rows *rows, const char *text, bool addresses,
		     struct domset **ret_set, struct list_report *report, struct err_text *why)
{
	struct listfile_options options = {.format = LIST_FORMAT_CSV, .rows = *rows};
	struct domset_builder *builder;
	enum err err;

	path = scratch_write(&folder, "rows", text);
	options.path = path;
	if (*text == '[' || *text == '{')
		options.format = LIST_FORMAT_JSON;
	if (addresses)
		assert_int_equal(addrset_builder_create(&options.addresses), ERR_OK);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	err = listfile_load(&options, builder, report, why);
	if (err == ERR_OK)
		assert_int_equal(domset_builder_freeze(builder, ret_set), ERR_OK);
	domset_builder_free(builder);
	addrset_builder_free(options.addresses);
	return err;
}

/* The owners of the rules, as text, each with a blank behind it. */
static void owners(const struct domset *set, char buf[1024])
{
	struct domset_iter iter;
	struct domset_rule rule;
	char text[NAME_TEXT_MAX];

	buf[0] = '\0';
	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		strcat(buf, domset_rule_text(&rule.owner, NULL, text));
		strcat(buf, " ");
	}
}

static void test_row(void **state)
{
	static const struct {
		const char *row;
		enum list_reason reason; /* NO_REASON: it becomes a rule of `owner`, or a range */
		const char *owner;
		bool addresses;
	} cases[] = {
		{"a.test,,,,60,", NO_REASON, "a.test ", false},
		{"*.a.test,,,,60,", NO_REASON, "a.test ", false},
		{"http://a.test/x,,,,60,", NO_REASON, "a.test ", false},
		{"a.test:443,,,,60,", NO_REASON, "a.test ", false},
		{"b\xc3\xbc.test,,,,60,", NO_REASON, "xn--b-eha.test ", false},
		{"192.0.2.1:443,,,,60,", LINE_ADDRESS, "", false},
		{"192.0.2.1:443,,,,60,", NO_REASON, "", true},
		{",192.0.2.0/24,,,60,", NO_REASON, "", true},
		{"a.test,192.0.2.1,,,60,", NO_REASON, "a.test ", true},
		{"a.test,192.0.2.1,,,60,", LINE_ADDRESS, "a.test ", false},
		{"d41d8cd98f00b204e9800998ecf8427e,,,,60,", LINE_HASH, "", false},
		{"a b.test,,,,60,", LINE_CHAR, "", false},
		{"||a.test^,,,,60,", LINE_CHAR, "", false},
		{"a*.test,,,,60,", LINE_CHAR, "", false},
		{"a..test,,,,60,", LINE_LABEL, "", false},
		{"1.2.3.4.5,,,,60,", LINE_NUMBER, "", false},
		{",,,,60,", LINE_NO_CELL, "", false},
		{"a.test,,,,49,", LINE_SCORE, "", false},
		{"a.test,,,,50,", NO_REASON, "a.test ", false},
		{"a.test,,,,90,", LINE_SCORE, "", false},
		{"a.test,,,,much,", LINE_SCORE_INVALID, "", false},
		{"a.test,,,,,", LINE_SCORE_INVALID, "", false},
		{"a.test,,2026-11-28T07:00:00Z,,60,", NO_REASON, "a.test ", false},
		{"a.test,,2026-11-28T07:00:01Z,,60,", LINE_EARLY, "", false},
		{"a.test,,,2026-11-28T07:00:00Z,60,", LINE_OVER, "", false},
		{"a.test,,,2026-11-28T07:00:01Z,60,", NO_REASON, "a.test ", false},
		{"192.0.2.1,,,2026-11-28T07:00:00Z,60,", LINE_OVER, "", true},
		{"a.test,,,later,60,", LINE_DATE, "", false},
		{"a.test,,soon,,60,", LINE_DATE, "", false},
		{"a.test,,,,60,nowhere", LINE_SINKHOLE, "", false},
		{"a.test,,,,60,192.0.2.9", LINE_ANSWER, "", false}, /* answers are not taken here */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_text why = {""};
		struct list_report report;
		struct domset *set = NULL;
		char text[512];
		char found[1024];

		snprintf(text, sizeof(text), HEADER "%s\n", cases[i].row);
		assert_int_equal(load(&all_columns, text, cases[i].addresses, &set, &report, &why),
				 ERR_OK);
		owners(set, found);
		if (strcmp(found, cases[i].owner) != 0)
			fail_msg("%s: %s", cases[i].row, found);
		assert_int_equal(report.told, 1);
		assert_int_equal(report.lines, 2);
		assert_int_equal(report.bad + report.skipped, cases[i].reason != NO_REASON);
		if (cases[i].reason != NO_REASON && report.reasons[cases[i].reason] != 1)
			fail_msg("%s: not \"%s\"", cases[i].row, list_reason_str(cases[i].reason));
		if (cases[i].reason != NO_REASON)
			assert_int_equal(cases[i].reason < LIST_REASON_SKIP
						 ? report.bad_notes[0].line
						 : report.skipped_notes[0].line,
					 2);
		domset_free(set);
	}
}

/* A row that is over stays where nothing says that dates end anything; the next date is told. */
static void test_dates(void **state)
{
	static const char text[] = HEADER "a.test,,,2026-11-01,60,\n"
					  "b.test,,,2026-12-01,60,\n"
					  "c.test,,2026-11-29,,60,\n";
	struct listfile_rows rows = all_columns;
	struct err_text why = {""};
	struct list_report report;
	struct domset *set = NULL;
	char found[1024];

	(void)state;
	assert_int_equal(load(&rows, text, false, &set, &report, &why), ERR_OK);
	owners(set, found);
	assert_string_equal(found, "b.test ");
	assert_int_equal(report.due_s, 1795910400);  /* 2026-11-29 */
	assert_int_equal(report.over_s, 1793491200); /* 2026-11-01 */
	domset_free(set);
	rows.keeps = true;
	rows.now_s = 1795910400;
	assert_int_equal(load(&rows, text, false, &set, &report, &why), ERR_OK);
	owners(set, found);
	assert_string_equal(found, "a.test b.test c.test ");
	assert_int_equal(report.due_s, 0);
	assert_int_equal(report.over_s, 0);
	domset_free(set);
}

/* Who compares lists is told of names that are over. */
static void test_names_that_are_over(void **state)
{
	static const char text[] = HEADER "a.test,,,2026-11-01,60,\nb.test,192.0.2.1,,,60,\n"
					  ",192.0.2.2,,2026-11-01,60,\n";
	struct listfile_rows rows = all_columns;
	struct err_text why = {""};
	struct list_report report;
	struct domset *over = NULL;
	struct domset *set = NULL;
	char found[1024];

	(void)state;
	assert_int_equal(domset_builder_create(&key, &rows.over), ERR_OK);
	assert_int_equal(domset_builder_begin(rows.over, 0), ERR_OK);
	assert_int_equal(load(&rows, text, true, &set, &report, &why), ERR_OK);
	assert_int_equal(domset_builder_freeze(rows.over, &over), ERR_OK);
	owners(set, found);
	assert_string_equal(found, "b.test ");
	owners(over, found);
	assert_string_equal(found, "a.test ");
	assert_int_equal(report.entries, 3); /* both addresses stay */
	domset_builder_free(rows.over);
	domset_free(over);
	domset_free(set);
}

static void test_urls_are_skipped(void **state)
{
	struct listfile_rows rows = {.map = {.columns = {[TABLE_NAME] = "name"}}};
	struct err_text why = {""};
	struct list_report report;
	struct domset *set = NULL;

	(void)state;
	assert_int_equal(
		load(&rows, "[\"http://a.test/x\", \"b.test\", 7]", false, &set, &report, &why),
		ERR_OK);
	assert_int_equal(report.entries, 1);
	assert_int_equal(report.reasons[LINE_PART], 1);
	assert_int_equal(report.reasons[LINE_NO_ROW], 1);
	assert_int_equal(report.format, LIST_FORMAT_JSON);
	domset_free(set);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"Forbidden\n", "has no column \"name\""},
		{"<!DOCTYPE html>\n", "is an HTML or XML page"},
		{"[{\"name\": \"a.test\"}", "is cut off"},
		{HEADER "\"a.test,,,,60,\n", "is cut off"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list_report report;
		struct err_text why = {""};
		struct domset *set;

		assert_int_equal(load(&all_columns, cases[i].text, false, &set, &report, &why),
				 ERR_REFUSED);
		assert_non_null(strstr(why.text, path));
		if (!strstr(why.text, cases[i].why))
			fail_msg("%s", why.text);
	}
}

/* A byte order mark; a last row without a newline may be cut off. */
static void test_ends(void **state)
{
	struct listfile_rows rows = {.map = {.columns = {[TABLE_NAME] = "name"}}};
	struct err_text why = {""};
	struct list_report report;
	struct domset *set = NULL;

	(void)state;
	assert_int_equal(load(&rows, "\xef\xbb\xbfname\na.test", false, &set, &report, &why),
			 ERR_OK);
	assert_int_equal(report.entries, 1);
	assert_true(report.open_end);
	domset_free(set);
}

/* ---- what a row says of its rule */

#define NOTED_HEADER "name,family,ticket,sinkhole\n"

static struct localdata *notes;

static struct domset *load_noted(const char *text, struct addrset **ret_addresses)
{
	struct listfile_options options = {
		.format = *text == '[' ? LIST_FORMAT_JSON : LIST_FORMAT_CSV,
		.rows = {.map = {.columns = {[TABLE_NAME] = "name",
					     [TABLE_SINKHOLE] = "sinkhole",
					     [TABLE_FAMILY] = "family",
					     [TABLE_TICKET] = "ticket"}},
			 .notes = notes},
		.answers = {.data = notes, .key = &key, .ttl_s = 60},
	};
	struct domset_builder *builder;
	struct list_report report;
	struct err_text why = {""};
	struct domset *set;

	path = options.path = scratch_write(&folder, "rows", text);
	assert_int_equal(addrset_builder_create(&options.addresses), ERR_OK);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(listfile_load(&options, builder, &report, &why), ERR_OK);
	assert_int_equal(report.bad, 0);
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	if (ret_addresses)
		assert_int_equal(addrset_builder_freeze(options.addresses, ret_addresses), ERR_OK);
	domset_builder_free(builder);
	addrset_builder_free(options.addresses);
	return set;
}

static int make_notes(void **state)
{
	(void)state;
	return localdata_create(&notes) != ERR_OK;
}

static int free_notes(void **state)
{
	(void)state;
	localdata_free(notes);
	return 0;
}

/* "family|ticket" of a number. */
static const char *note_text(uint32_t number, char buf[160])
{
	struct localdata_note note = {.family = ""};

	(void)localdata_note_of(notes, number, &note);
	snprintf(buf, 160, "%s|%s", note.family, note.ticket);
	return buf;
}

#define A16 "aaaaaaaaaaaaaaaa"
#define A63 A16 A16 A16 "aaaaaaaaaaaaaaa"

static void test_what_a_row_says(void **state)
{
	static const struct {
		const char *row;
		const char *note;
	} cases[] = {
		{"a.test,Cobalt Strike,T-1,", "Cobalt Strike|T-1"},
		{"a.test, Waledac ,,", "Waledac|"},
		{"a.test,,,", "|"},
		{"a.test,null,None,", "|"},
		{"a.test,-,-,", "|"},
		{"a.test,=cmd|x,\"say \"\"hi\"\", then\",", "=cmd|x|say \"hi\", then"},
		{"a.test,\"a\nb\",\x1b[31mred\x07,", "a?b|?[31mred?"},
		{"a.test,\xff\xc0\xaf,b\xc3\xbc,", "???|b\xc3\xbc"},
		{"a.test,\xe2\x80\xae"
		 "evil,\xc2\x85,",
		 "?evil|?"},
		{"a.test," A63 "aa," A63 "\xc3\xbc,", A63 "a|" A63},
		{"a.test,<script>,%s%n,", "<script>|%s%n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct domset_iter iter;
		struct domset_rule rule;
		struct domset *set;
		char text[512];
		char note[160];

		snprintf(text, sizeof(text), NOTED_HEADER "%s\n", cases[i].row);
		set = load_noted(text, NULL);
		domset_iter_init(&iter, set);
		assert_true(domset_iter_next(&iter, &rule));
		assert_string_equal(note_text(rule.data, note), cases[i].note);
		assert_false(domset_iter_next(&iter, &rule));
		domset_free(set);
	}
}

/* With an address of its own beside it, of a range, of JSON; what stands twice is as it was first.
 */
static void test_notes_of_all_rules(void **state)
{
	static const char csv[] = NOTED_HEADER "a.test,fox,1,192.0.2.9\na.test,other,2,192.0.2.10\n"
					       "b.test,fox,1,\nb.test,other,2,\nb.test,fox,1,\n"
					       "192.0.2.0/24,fox,3,\nc.test,,,\n";
	static const char json[] = "[{\"name\": \"a.test\", \"family\": null, \"ticket\": 7, "
				   "\"sinkhole\": null},"
				   "{\"name\": \"b.test\", \"family\": \"a\\u0007\"}, \"c.test\"]";
	static const char *const of_csv[] = {"fox|1", "fox|1", "|"};
	static const char *const of_json[] = {"|7", "a?|", "|"};
	struct localdata_record record;
	struct addrset *addresses;
	struct domset_iter iter;
	struct domset_rule rule;
	struct domset *set = load_noted(csv, &addresses);
	char note[160];
	size_t rules = 0;

	(void)state;
	for (domset_iter_init(&iter, set); domset_iter_next(&iter, &rule); rules++)
		assert_string_equal(note_text(rule.data, note), of_csv[rules]);
	assert_int_equal(rules, 3);
	assert_int_equal(domset_count(set, 0).duplicates, 2);
	domset_iter_init(&iter, set);
	assert_true(domset_iter_next(&iter, &rule));
	assert_int_equal(rule.kind.answer, DOMSET_ANSWER_DATA);
	assert_true(localdata_find(notes, rule.data, 1, &record));
	assert_int_equal(addrset_records(addresses), 1);
	assert_string_equal(note_text(addrset_data(addresses, 0), note), "fox|3");
	addrset_free(addresses);
	domset_free(set);
	set = load_noted(json, NULL);
	rules = 0;
	for (domset_iter_init(&iter, set); domset_iter_next(&iter, &rule); rules++)
		assert_string_equal(note_text(rule.data, note), of_json[rules]);
	assert_int_equal(rules, 3);
	domset_free(set);
}

/* As many tickets as names: a set of its own for each, and no more. */
static void test_many_tickets(void **state)
{
	enum { MANY = 100000 };
	char *text = malloc(sizeof(NOTED_HEADER) + MANY * 48UL);
	size_t len = 0;
	struct domset_iter iter;
	struct domset_rule rule;
	struct domset *set;
	char wanted[32];
	char note[160];

	(void)state;
	assert_non_null(text);
	len += (size_t)sprintf(text, NOTED_HEADER);
	for (unsigned int i = 0; i < MANY; i++)
		len += (size_t)sprintf(text + len, "n%u.test,fox,T-%06u,\n", i, i);
	set = load_noted(text, NULL);
	free(text);
	assert_int_equal(domset_count(set, 0).rules, MANY);
	assert_true(localdata_mark(notes) <= MANY * 15U + 1);
	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule))
		if (rule.line % 1000 == 0) {
			snprintf(wanted, sizeof(wanted), "fox|T-%06u", rule.line - 2);
			assert_string_equal(note_text(rule.data, note), wanted);
		}
	domset_free(set);
}

static int make_folder(void **state)
{
	(void)state;
	scratch_make(&folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	scratch_remove(&folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_names_that_are_over),
		cmocka_unit_test(test_urls_are_skipped),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ends),
		cmocka_unit_test_setup_teardown(test_what_a_row_says, make_notes, free_notes),
		cmocka_unit_test_setup_teardown(test_notes_of_all_rules, make_notes, free_notes),
		cmocka_unit_test_setup_teardown(test_many_tickets, make_notes, free_notes),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
