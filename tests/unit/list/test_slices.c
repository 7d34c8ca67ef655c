/* SPDX-License-Identifier: BSD-2-Clause */
/* A large file is read by several threads just as by one. */
#include "list/listfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "support/bybuild.h"
#include "support/gate.h"
#include "support/onecore.h"
#include "support/scratch.h"

#define FILE_OCTETS ((size_t)3 << 19)
#define LONG_FILE_OCTETS ((size_t)9 << 18) /* more slices than there are places for them */
#define LONG_LINE 300000U
#define SEEDS BY_BUILD(4U, 1U, 1U)

static const struct hash_key key = {5, 6};
static const char *path;

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* ---- files */

static void write_long(FILE *file, uint32_t *seed)
{
	static const char *const begins[] = {"# ", "0.0.0.0", "", "! "};

	fputs(begins[next_random(seed) % 4], file);
	for (uint32_t i = 0; i < LONG_LINE / 12; i++)
		fprintf(file, " n%u.example", next_random(seed) % 100000);
	fputc('\n', file);
}

/* About as long as a name, its labels or their number may be. */
static void write_largest(FILE *file, uint32_t *seed)
{
	const uint32_t label = next_random(seed) % 2 ? 1 : 60 + next_random(seed) % 5;
	const uint32_t octets = 252 + next_random(seed) % 4;

	for (uint32_t i = 1; i < octets; i++)
		fputc(i % (label + 1) == 0 ? '.' : 'a' + (int)(next_random(seed) % 3), file);
	fputs("z\n", file);
}

static void write_line(FILE *file, uint32_t *seed)
{
	static const char *const lines[] = {
		"",
		"\r",
		"# comment",
		"! comment",
		"com",
		"co.uk",
		"||co.uk^",
		"keep.example",
		"*.wild.example",
		".dot.example",
		"192.0.2.1",
		"a..b",
		"bad_!.example",
		"x##.ad",
		"0.0.0.0 localhost",
		"0.0.0.0 a.example b.example",
		"@@||pass.example^",
		"||once.example^$badfilter",
		"||once.example^",
		"||part.example/path",
		"/ads[0-9]/",
		"||b.example^$important",
		"m\xc3\xbcnchen.example",
		"address=/x.example/",
		"  y.example",
		"||ads*.example^",
		"two words",
		"127.0.0.1 one.example # why",
	};
	uint32_t number = next_random(seed) % 60000;

	switch (next_random(seed) % 8) {
	case 7:
		if (number % 64 == 0)
			fwrite("nul\0.example\n\0\n", 1, 15, file);
		if (number % 64 == 1)
			write_largest(file, seed);
		if (number % 64 == 2)
			fprintf(file, "%c\n", 'a' + (int)(next_random(seed) % 26));
		break;
	case 0:
		fprintf(file, "%s\n",
			lines[next_random(seed) % (sizeof(lines) / sizeof(lines[0]))]);
		break;
	case 1:
		fprintf(file, "0.0.0.0 h%u.Example.NET\r\n", number);
		break;
	case 2:
		fprintf(file, "||ads%u.example.org^\n", number);
		break;
	default:
		fprintf(file, "www.n%u.example.com\n", number);
		break;
	}
}

/* Puts the file compressed in its own place, in two members. */
static void compress_file(void)
{
	static char octets[LONG_FILE_OCTETS + (size_t)LONG_LINE * 2];
	FILE *file = fopen(path, "r");
	size_t len;
	gzFile out;

	assert_non_null(file);
	len = fread(octets, 1, sizeof(octets), file);
	assert_int_equal(fclose(file), 0);
	for (int i = 0; i < 2; i++) {
		size_t half = i == 0 ? len / 2 : len - len / 2;

		out = gzopen(path, i == 0 ? "w0" : "a0"); /* as large as before */
		assert_non_null(out);
		assert_int_equal(gzwrite(out, octets + (i == 0 ? 0 : len / 2), (unsigned)half),
				 half);
		assert_int_equal(gzclose(out), Z_OK);
	}
}

static void write_file(uint32_t seed)
{
	const long octets = seed == 1 && !getenv("ALLOCATIONS") ? LONG_FILE_OCTETS : FILE_OCTETS;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	if (seed % 3 == 0)
		fputs("\xef\xbb\xbf", file);
	while (ftell(file) < octets) {
		if ((SEEDS == 1 || seed % 2 == 0) && next_random(&seed) % 20000 == 0)
			write_long(file, &seed);
		else
			write_line(file, &seed);
	}
	if (next_random(&seed) % 2)
		fputs("last.example", file);
	assert_int_equal(fclose(file), 0);
}

/* ---- readings */

/* All that a reading tells, as one text. */
struct outcome {
	enum err err;
	struct list_report report;
	struct err_text text;
	char *told;
	size_t told_len;
	FILE *out;
	struct domset *set;
	uint64_t octets; /* given to whoever keeps them */
};

static void begin(void *arg)
{
	fputs("begin\n", ((struct outcome *)arg)->out);
}

static void hear(void *arg, enum report_fate fate, uint32_t line, const char *reason,
		 const char *text, size_t len)
{
	fprintf(((struct outcome *)arg)->out, "%d %u %s: %.*s\n", (int)fate, line, reason, (int)len,
		text ? text : "");
}

static void take(void *arg, const void *data, size_t len)
{
	struct outcome *outcome = arg;

	for (size_t i = 0; i < len; i++)
		outcome->octets = outcome->octets * 31 + ((const uint8_t *)data)[i];
}

static void again(void *arg, unsigned int list, uint32_t line, const struct name *owner)
{
	char text[NAME_TEXT_MAX];

	fprintf(((struct outcome *)arg)->out, "again %u %u %s\n", list, line,
		name_to_text(owner->wire, text, sizeof(text)));
}

static struct outcome *load(struct listfile_options options)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	const struct report_ear ear = {begin, hear, outcome};
	struct domset_builder *builder;

	assert_non_null(outcome);
	outcome->out = open_memstream(&outcome->told, &outcome->told_len);
	assert_non_null(outcome->out);
	options.ear = &ear;
	options.taken = take;
	options.taken_arg = outcome;
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	domset_builder_tell_again(builder, again, outcome);
	outcome->err = listfile_load(&options, builder, &outcome->report, &outcome->text);
	if (outcome->err == ERR_OK)
		assert_int_equal(domset_builder_freeze(builder, &outcome->set), ERR_OK);
	domset_builder_free(builder);
	fclose(outcome->out);
	outcome->report.ear = NULL;
	if (outcome->err != ERR_OK)
		outcome->report.open_end = false; /* the end was not come to */
	memset(&outcome->report.version, 0, sizeof(outcome->report.version)); /* reading it tells */
	return outcome;
}

static void free_outcome(struct outcome *outcome)
{
	domset_free(outcome->set);
	free(outcome->told);
	free(outcome);
}

static void assert_same_rules(const struct domset *a, const struct domset *b)
{
	struct domset_rule rule_a;
	struct domset_rule rule_b;
	struct domset_iter iter_a;
	struct domset_iter iter_b;

	domset_iter_init(&iter_a, a);
	domset_iter_init(&iter_b, b);
	while (domset_iter_next(&iter_a, &rule_a)) {
		assert_true(domset_iter_next(&iter_b, &rule_b));
		assert_true(name_equal(&rule_a.owner, &rule_b.owner));
		assert_int_equal(rule_a.line, rule_b.line);
		assert_memory_equal(&rule_a.kind, &rule_b.kind, sizeof(rule_a.kind));
	}
	assert_false(domset_iter_next(&iter_b, &rule_b));
	assert_int_equal(domset_patterns(a), domset_patterns(b));
}

static void assert_equal(const struct outcome *several, const struct outcome *one)
{
	assert_int_equal(several->err, one->err);
	assert_memory_equal(&several->report, &one->report, sizeof(one->report));
	assert_int_equal(several->told_len, one->told_len);
	assert_memory_equal(several->told, one->told, one->told_len);
	if (one->err == ERR_OK) {
		assert_int_equal(several->octets, one->octets);
		assert_same_rules(several->set, one->set);
	} else {
		assert_string_equal(several->text.text, one->text.text);
	}
}

/* Where races are looked for, nothing is read by one thread. */
static void assert_same(const struct listfile_options *options)
{
	struct outcome *several = load(*options);

	if (!FOR_RACES) {
		cpu_set_t cores = onecore_begin();
		struct outcome *one = load(*options);

		onecore_end(&cores);
		assert_equal(several, one);
		free_outcome(one);
	}
	free_outcome(several);
}

/* ---- tests */

typedef void prepare_fn(struct listfile_options *options);

/* Of files at random, as many as $ROUNDS says. */
static void assert_same_for_seeds(prepare_fn *prepare)
{
	const char *rounds = getenv("ROUNDS");
	const uint32_t seeds = rounds ? (uint32_t)strtoul(rounds, NULL, 10) : SEEDS;
	struct guard *guard = make_guard();

	for (uint32_t seed = 1; seed <= seeds && seed <= SEEDS; seed++) {
		struct listfile_options options = {
			.path = path,
			.format = (enum list_format)(seed % 4),
			.exact = seed % 2,
			.guard = guard,
		};

		write_file(seed);
		prepare(&options);
		assert_same(&options);
	}
	guard_free(guard);
}

static void as_it_is(struct listfile_options *options)
{
}

static void test_same(void **state)
{
	assert_same_for_seeds(as_it_is);
}

static void lets_pass(struct listfile_options *options)
{
	options->pass = true;
	options->guard = NULL;
}

static void test_same_that_lets_pass(void **state)
{
	assert_same_for_seeds(lets_pass);
}

static void compress_it(struct listfile_options *options)
{
	compress_file();
}

static void test_same_compressed(void **state)
{
	assert_same_for_seeds(compress_it);
}

/* What was read before the end is told all the same. */
static void cut_it(struct listfile_options *options)
{
	compress_file();
	assert_int_equal(truncate(path, FILE_OCTETS * 3 / 4), 0);
}

static void test_same_cut_off(void **state)
{
	assert_same_for_seeds(cut_it);
}

/* Of no line is there more to be noted for each octet. */
static void test_shortest_lines(void **state)
{
	static const char *const lines[] = {"a", "z\r"};
	struct listfile_options options = {.path = path, .format = LIST_FORMAT_NAMES};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		while (ftell(file) < (long)FILE_OCTETS)
			fprintf(file, "%s\n", lines[i]);
		assert_int_equal(fclose(file), 0);
		assert_same(&options);
	}
}

/* More ends than there is room for in the dictionary, each new to the threads that look ahead. */
static void test_many_ends(void **state)
{
	struct listfile_options options = {.path = path, .format = LIST_FORMAT_NAMES};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (uint32_t i = 0; ftell(file) < (long)FILE_OCTETS; i++)
		fprintf(file, "n%u.x%u\n", i % 7, i / 3);
	assert_int_equal(fclose(file), 0);
	assert_same(&options);
}

/* More kinds of rules than a list may have end the reading in its midst. */
static void test_refused(void **state)
{
	struct listfile_options options = {.path = path, .format = LIST_FORMAT_NAMES};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (uint32_t i = 0; i < 100000; i++) {
		fprintf(file, "n%u.example.com\n", i);
		if (i > 40000 && i % 16 == 0)
			fprintf(file, "||t%u.example^$dnstype=%s%s%s%s%s\n", i, "A",
				i & 16 ? "|AAAA" : "", i & 32 ? "|MX" : "", i & 64 ? "|TXT" : "",
				i & 128 ? "|HTTPS" : "");
		if (i > 40000 && i % 16 == 1)
			fprintf(file, "%s||u%u.example^$dnstype=%s%s%s%s%s%s%s\n",
				i & 2048 ? "@@" : "", i, "NS", i & 16 ? "|AAAA" : "",
				i & 32 ? "|MX" : "", i & 64 ? "|TXT" : "", i & 128 ? "|HTTPS" : "",
				i & 256 ? "|SRV" : "", i & 512 ? ",important" : "");
	}
	assert_int_equal(fclose(file), 0);
	assert_same(&options);
}

static void test_cancelled(void **state)
{
	atomic_bool cancelled = true;
	struct listfile_options options = {
		.path = path, .format = LIST_FORMAT_NAMES, .cancelled = &cancelled};
	struct outcome *got;

	write_file(1);
	got = load(options);
	assert_int_equal(got->err, ERR_CANCELLED);
	free_outcome(got);
}

/* Cancelled while slices are on their way. */
static void cancel(void *arg, const void *data, size_t len)
{
	static size_t taken;

	taken += len;
	if (taken > FILE_OCTETS / 2)
		atomic_store((atomic_bool *)arg, true);
}

static void test_cancelled_midway(void **state)
{
	atomic_bool cancelled = false;
	struct listfile_options options = {
		.path = path,
		.format = LIST_FORMAT_NAMES,
		.cancelled = &cancelled,
		.taken = cancel,
		.taken_arg = &cancelled,
	};
	struct domset_builder *builder;
	struct list_report report;

	write_file(1);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(listfile_load(&options, builder, &report, NULL), ERR_CANCELLED);
	domset_builder_free(builder);
}

static int make_directory(void **state)
{
	if (scratch_set_up(state) != 0)
		return -1;
	path = scratch_path(*state, "list");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_same_that_lets_pass),
		cmocka_unit_test(test_same_compressed),
		cmocka_unit_test(test_same_cut_off),
		cmocka_unit_test(test_shortest_lines),
		cmocka_unit_test(test_many_ends),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_cancelled_midway),
	};

	return cmocka_run_group_tests(tests, make_directory, scratch_tear_down);
}
