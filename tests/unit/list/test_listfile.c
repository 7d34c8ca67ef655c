/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/alloc_fail.h"
#include "support/map_fail.h"
#include "support/scratch.h"

#define AUTO LIST_FORMAT_AUTO
#define NAMES LIST_FORMAT_NAMES
#define HOSTS LIST_FORMAT_HOSTS
#define ADBLOCK LIST_FORMAT_ADBLOCK
#define RPZ LIST_FORMAT_RPZ

static const struct hash_key key = {5, 6};
static const char *directory;
static const char *path;

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* What a load came to. */
struct outcome {
	enum err err;
	struct list_report report;
	struct err_text text;
	struct domset *set; /* NULL when it failed */
};

static struct outcome *load(const struct listfile_options *options)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	struct domset_builder *builder;

	assert_non_null(outcome);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	outcome->err = listfile_load(options, builder, &outcome->report, &outcome->text);
	if (outcome->err == ERR_OK)
		assert_int_equal(domset_builder_freeze(builder, &outcome->set), ERR_OK);
	domset_builder_free(builder);
	return outcome;
}

static struct outcome *load_text(const char *text, size_t len, enum list_format format)
{
	struct listfile_options options = {.path = path, .format = format};

	write_file(text, len);
	return load(&options);
}

static void free_outcome(struct outcome *outcome)
{
	domset_free(outcome->set);
	free(outcome);
}

/* The line of the list's rule for a name, 0 when there is none. */
static uint32_t line_of(const struct domset *set, const char *text)
{
	struct name_suffixes suffixes;
	struct domset_hit hit[64];
	struct domset_hits hits = {.room = 64, .hit = hit};
	struct domset_rule rule;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(set), &name, &suffixes);
	domset_lookup(set, &name, &suffixes, TYPESET_ALL, &hits);
	if (hits.count == 0)
		return 0;
	domset_rule(set, hits.hit[0].record, &rule);
	return rule.line;
}

/* ---- formats and counts */

static const struct {
	const char *text;
	enum list_format asked;
	enum list_format decided;
	uint32_t lines;
	uint32_t entries;
	uint32_t skipped;
	uint32_t bad;
	uint32_t line_of_x; /* of the rule for x.example */
} files[] = {
	{"", AUTO, NAMES, 0, 0, 0, 0, 0},
	{"\n", AUTO, NAMES, 1, 0, 0, 0, 0},
	{"# nothing\n\n", AUTO, NAMES, 2, 0, 0, 0, 0},
	{"! nothing\n", AUTO, ADBLOCK, 1, 0, 0, 0, 0},
	{"x.example", AUTO, NAMES, 1, 1, 0, 0, 1},
	{"x.example\n", AUTO, NAMES, 1, 1, 0, 0, 1},
	{"# a list\r\n\r\nx.example\r\n*.y.example\r\n", AUTO, NAMES, 4, 2, 0, 0, 3},
	{"\xef\xbb\xbfx.example\n", AUTO, NAMES, 1, 1, 0, 0, 1},
	{"\xef\xbb\xbf# list\nx.example\n", NAMES, NAMES, 2, 1, 0, 0, 2},
	{"a.example\na..b\nx.example\na b\n", AUTO, NAMES, 4, 2, 0, 2, 3},
	{"0.0.0.0 localhost\n0.0.0.0 x.example y.example\n", AUTO, HOSTS, 2, 2, 1, 0, 2},
	{"# hosts\n::1 localhost\n::1 ip6-localhost\n", AUTO, HOSTS, 3, 0, 2, 0, 0},
	{"0.0.0.0 x.example\n", NAMES, NAMES, 1, 1, 0, 0, 1},
	{"x.example\n", HOSTS, HOSTS, 1, 1, 0, 0, 1},
	{"[Adblock Plus 2.0]\n! t\nx.example\n", AUTO, ADBLOCK, 3, 1, 0, 0, 3},
	{"! t\n\n||x.example^\n@@||y.example^\n||z.example/ad\n", AUTO, ADBLOCK, 5, 2, 1, 0, 3},
	{"##.ad\n||x.example^\n", AUTO, ADBLOCK, 2, 1, 1, 0, 2},
	{"a.example\nb.example\n||x.example^\n", AUTO, NAMES, 3, 3, 0, 0, 3},
	{"127.0.0.1 a..b c..d x.example e..f localhost\n", AUTO, HOSTS, 1, 1, 1, 1, 1},
	{"a b c\nd e f\nx.example\n", AUTO, NAMES, 3, 1, 0, 2, 3},
	{"x.example # was a CNAME of b\n", AUTO, NAMES, 1, 1, 0, 0, 1},
	{"x.example\nx.example\nx.example\n", AUTO, NAMES, 3, 3, 0, 0, 1},
};

static void test_files(void **state)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct outcome *got =
			load_text(files[i].text, strlen(files[i].text), files[i].asked);
		const struct list_report *report = &got->report;

		assert_int_equal(got->err, ERR_OK);
		if (report->format != files[i].decided || report->lines != files[i].lines ||
		    report->entries != files[i].entries || report->skipped != files[i].skipped ||
		    report->bad != files[i].bad ||
		    line_of(got->set, "x.example") != files[i].line_of_x)
			fail_msg("row %zu: %s, %u lines, %u entries, %u skipped, %u bad", i,
				 list_format_str(report->format), report->lines, report->entries,
				 report->skipped, report->bad);
		assert_int_equal(report->bytes, strlen(files[i].text));
		free_outcome(got);
	}
}

static void test_notes(void **state)
{
	static const char text[] = "good.example\n"
				   "b\xc3\xa4"
				   "d..example\n"
				   "two words\n"
				   "tab\there\x01\n"
				   "1.2.3.4\n";
	struct outcome *got = load_text(text, sizeof(text) - 1, NAMES);

	assert_int_equal(got->err, ERR_OK);
	assert_int_equal(got->report.bad, 3);
	assert_int_equal(got->report.bad_notes[0].line, 2);
	assert_string_equal(got->report.bad_notes[1].text, "more than one word: \"two words\"");
	assert_string_equal(got->report.bad_notes[2].text, "more than one word: \"tab?here?\"");
	assert_int_equal(got->report.skipped, 1);
	assert_int_equal(got->report.skipped_notes[0].line, 5);
	assert_string_equal(got->report.skipped_notes[0].text,
			    "an address, not a name: \"1.2.3.4\"");
	free_outcome(got);
}

static void test_many_bad(void **state)
{
	char text[20 * 6];
	struct outcome *got;

	for (size_t i = 0; i < 20; i++)
		memcpy(text + i * 6, "a..bc\n", 6);
	got = load_text(text, sizeof(text), NAMES);
	assert_int_equal(got->err, ERR_OK);
	assert_int_equal(got->report.bad, 20);
	assert_int_equal(got->report.bad_notes[REPORT_BAD_MAX - 1].line, REPORT_BAD_MAX);
	free_outcome(got);
}

/* ---- long lines, large files */

static void test_long_line(void **state)
{
	static const struct {
		size_t len;
		uint32_t entries; /* besides the two around it */
		uint32_t bad;
	} rows[] = {
		{4096, 1, 0},	   {(256 << 10) - 11, 1, 0}, {(256 << 10) - 1, 1, 0},
		{256 << 10, 0, 1}, {(256 << 10) + 1, 0, 1},  {1 << 20, 0, 1},
	};
	char *text = malloc((1 << 20) + 64);

	assert_non_null(text);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i / 2].len;
		bool last = i % 2;
		struct outcome *got;

		memset(text, ' ', len + 64);
		memcpy(text, "x.example\ny.example ", 20);
		memcpy(text + 10 + len, last ? "" : "\nz.example", last ? 0 : 10);
		got = load_text(text, 10 + len + (last ? 0 : 10), NAMES);
		assert_int_equal(got->err, ERR_OK);
		assert_int_equal(got->report.lines, last ? 2 : 3);
		assert_int_equal(got->report.bad, rows[i / 2].bad);
		assert_int_equal(got->report.entries, rows[i / 2].entries + (last ? 1 : 2));
		assert_int_equal(line_of(got->set, "z.example"), last ? 0 : 3);
		free_outcome(got);
	}
	free(text);
}

/* Lines of many lengths, so that blocks end anywhere in them. */
static void test_large(void **state)
{
	enum { LINES = 60000 };
	FILE *file = fopen(path, "w");
	struct listfile_options options = {.path = path, .format = AUTO};
	struct outcome *got;
	char text[64];

	assert_non_null(file);
	for (uint32_t i = 0; i < LINES; i++)
		fprintf(file, "n%u.%.*s.example\n", i, 1 + (int)(i * 7 % 23),
			"abcdefghijklmnopqrstuvwxyz");
	assert_int_equal(fclose(file), 0);
	got = load(&options);
	assert_int_equal(got->err, ERR_OK);
	assert_int_equal(got->report.lines, LINES);
	assert_int_equal(got->report.entries, LINES);
	assert_int_equal(domset_count(got->set, 0).rules, LINES);
	for (uint32_t i = 0; i < LINES; i += 7) {
		snprintf(text, sizeof(text), "n%u.%.*s.example", i, 1 + (int)(i * 7 % 23),
			 "abcdefghijklmnopqrstuvwxyz");
		assert_int_equal(line_of(got->set, text), i + 1);
	}
	free_outcome(got);
}

/* Given up at the next block: here the first. */
static void test_cancelled(void **state)
{
	const char list[] = "a.example\n";
	atomic_bool cancelled = false;
	struct listfile_options options = {.path = path, .format = AUTO, .cancelled = &cancelled};
	struct outcome *got;

	write_file(list, sizeof(list) - 1);
	got = load(&options);
	assert_int_equal(got->err, ERR_OK);
	free_outcome(got);
	cancelled = true;
	got = load(&options);
	assert_int_equal(got->err, ERR_CANCELLED);
	assert_non_null(strstr(got->text.text, path));
	free_outcome(got);
}

/* ---- what is refused */

static void expect_refused(enum err err, const char *file, enum list_format format,
			   const char *words)
{
	struct listfile_options options = {.path = file, .format = format};
	struct outcome *got = load(&options);

	assert_int_equal(got->err, err);
	if (!strstr(got->text.text, words) || !strstr(got->text.text, file))
		fail_msg("\"%s\" does not say \"%s\"", got->text.text, words);
	free_outcome(got);
}

static void test_refused_text(void **state)
{
	static const char *const pages[] = {
		"<html><body>Moved</body></html>\n",
		"\xef\xbb\xbf\r\n  <!DOCTYPE html>\nx.example\n",
		"\n\n<HEAD>",
		"<?xml version=\"1.0\"?>",
	};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		write_file(pages[i], strlen(pages[i]));
		expect_refused(ERR_REFUSED, path, AUTO, "HTML");
		expect_refused(ERR_REFUSED, path, NAMES, "HTML");
	}
	write_file("$TTL 60\n", 8);
	expect_refused(ERR_REFUSED, path, AUTO, "zone");
	write_file("x.example\n", 10);
	expect_refused(ERR_REFUSED, path, RPZ, "zone");
}

static void test_refused_files(void **state)
{
	expect_refused(ERR_SYS, directory, AUTO, "directory");
	expect_refused(ERR_SYS, "/dev/null", AUTO, "not a regular file");
	unlink(path);
	expect_refused(ERR_SYS, path, AUTO, "No such file");
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused(ERR_SYS, path, AUTO, "not a regular file");
	unlink(path);
}

static void test_too_many_kinds(void **state)
{
	struct listfile_options options = {.path = path, .format = ADBLOCK};
	struct domset_builder *builder;
	struct list_report report;
	struct err_text text;

	write_file("||a.b^\n@@||a.b^\n||a.b^$important\n", 32);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t types = 1; types < DOMSET_KINDS_MAX - 1; types++)
		assert_int_equal(
			domset_builder_add(builder, &(struct name){.wire = {0}, .len = 1},
					   &(struct domset_kind){.scope = 3, .types = types}, 0),
			ERR_OK);
	assert_int_equal(listfile_load(&options, builder, &report, &text), ERR_REFUSED);
	assert_non_null(strstr(text.text, "line 3: the list has too many kinds of rules"));
	domset_builder_free(builder);
}

static void test_no_memory(void **state)
{
	struct listfile_options options = {.path = path, .format = AUTO};
	struct domset_builder *builder;
	struct list_report report;
	bool failed = true;
	unsigned int refused = 0;

	write_file("x.example\n", 10);
	for (unsigned long nth = 0; failed; nth++) {
		enum err err;

		assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
		assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
		map_fail_start(nth);
		err = listfile_load(&options, builder, &report, NULL);
		failed = map_fail_stop();
		/* a lack of memory for the dictionary costs nothing but its saving */
		assert_true(err == ERR_OK || (failed && err == ERR_NOMEM));
		refused += err == ERR_NOMEM;
		domset_builder_free(builder);
		assert_true(nth < 20);
	}
	assert_int_equal(refused, 4); /* the block, the arena, the checkpoints, the kinds */
}

/* The same text as a file of each kind. */
static const struct {
	const char *kind;
	const char *command;
} packings[] = {
	{"plain", "cat"},
	{"gzip", "gzip -c"},
	{"xz", "xz -c"},
	{"zstd", "zstd -q -c"},
};

/* Whatever allocation fails: the file is refused, or all of it is taken, also what has to be made
 * of an internationalized name. */
static void test_each_allocation_fails(void **state)
{
	const struct listfile_options options = {.path = path, .format = AUTO};

	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		char command[512];
		bool failed = true;

		snprintf(command, sizeof(command), "printf '%s' | %s >'%s'",
			 "x.example\\nb\\303\\274cher.example\\ny.example\\n", packings[i].command,
			 path);
		assert_int_equal(system(command), 0);
		for (unsigned long nth = 0; failed; nth++) {
			struct list_report report = {.entries = 0};
			struct domset_builder *builder;
			enum err err;

			assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
			assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
			alloc_fail_start(nth, false);
			err = listfile_load(&options, builder, &report, NULL);
			failed = alloc_fail_stop();
			if (err == ERR_OK && (report.entries != 3 || report.bad != 0))
				fail_msg("%s, %lu: %u entries, %u bad", packings[i].kind, nth,
					 report.entries, report.bad);
			assert_true(err == ERR_OK || failed);
			domset_builder_free(builder);
			assert_true(nth < 1000);
		}
	}
}

/* ---- deciding, holding */

static void test_detect(void **state)
{
	static const struct {
		const char *text;
		enum list_format format;
	} rows[] = {
		{"x.example\n", NAMES},
		{"127.0.0.1 x.example\n", HOSTS},
		{"||x.example^\n", ADBLOCK},
		{"$TTL 60\n", RPZ},
		{"; zone\n@ IN SOA a. b. 1 2 3 4 5\n", RPZ},
		{"x.example CNAME .\n", RPZ},
		{"; c\nx.example\n", NAMES},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct listfile_options options = {.path = path, .format = AUTO};
		struct outcome *got;

		write_file(rows[i].text, strlen(rows[i].text));
		got = load(&options);
		assert_int_equal(got->report.format, rows[i].format);
		free_outcome(got);
	}
}

static void test_held(void **state)
{
	static const char text[] = "x.example\ncom\nco.uk\n*.org\nkeep.example\n";
	struct listfile_options options = {.path = path, .format = NAMES};
	struct name protected_name;
	const struct guard_config config = {
		.names = &protected_name, .name_count = 1, .hold_suffixes = true};
	struct guard *guard;
	struct outcome *got;

	assert_int_equal(name_from_host("dns.keep.example", 16, &protected_name), ERR_OK);
	assert_int_equal(guard_create(&config, &guard), ERR_OK);
	options.guard = guard;
	write_file(text, sizeof(text) - 1);
	got = load(&options);
	assert_int_equal(got->err, ERR_OK);
	assert_int_equal(got->report.entries, 1); /* what is held is none */
	assert_int_equal(got->report.held, 4);
	assert_int_equal(domset_count(got->set, 0).rules, 1);
	assert_int_equal(got->report.held_notes[0].line, 2);
	assert_string_equal(got->report.held_notes[0].text, "com is a top-level domain");
	assert_string_equal(got->report.held_notes[1].text, "co.uk is a public suffix");
	assert_string_equal(got->report.held_notes[3].text,
			    "keep.example is above a protected name");
	free_outcome(got);
	guard_free(guard);
}

static int make_directory(void **state)
{
	if (scratch_set_up(state) != 0)
		return -1;
	directory = ((const struct scratch *)*state)->path;
	path = scratch_path(*state, "list");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_many_bad),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_refused_text),
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_too_many_kinds),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_each_allocation_fails),
		cmocka_unit_test(test_detect),
		cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests(tests, make_directory, scratch_tear_down);
}
