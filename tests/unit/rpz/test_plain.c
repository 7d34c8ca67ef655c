/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that are looked at ahead, by whatever threads, come to what they come to one after the
 * other. */
#include "rpz/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "list/listfile.h"
#include "support/bybuild.h"
#include "support/gate.h"
#include "support/onecore.h"
#include "support/scratch.h"

#define FILE_OCTETS ((size_t)3 << 19)
#define SEEDS BY_BUILD(6U, 1U, 1U)
#define NOT_PLAIN DOMSET_ANSWER_COUNT

static const struct hash_key key = {5, 6};
static const char *path;

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* ---- one line */

static const struct {
	const char *line;
	const char *name; /* as text */
	uint8_t scope;
	uint8_t answer; /* NOT_PLAIN: it is left to others */
} lines[] = {
	{"x.test CNAME .", "x.test", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_NXDOMAIN},
	{"X.Test\tcname\t.\r", "x.test", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_NXDOMAIN},
	{"*.x.test CNAME *.", "x.test", DOMSET_SCOPE_BELOW, DOMSET_ANSWER_NODATA},
	{"x.test 300 IN CNAME rpz-passthru.", "x.test", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_PASS},
	{"x.test 300 CNAME rpz-DROP. ", "x.test", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_DROP},
	{"x.test IN CNAME rpz-tcp-only.", "x.test", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_TCP_ONLY},
	{"x.test.rpz.zone. CNAME .", "x.test", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_NXDOMAIN},
	{"*.x.test.RPZ.zone. 5 CNAME .", "x.test", DOMSET_SCOPE_BELOW, DOMSET_ANSWER_NXDOMAIN},
	{"192.0.2.1 CNAME .", "192.0.2.1", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_NXDOMAIN},
	{"in in cname .", "in", DOMSET_SCOPE_ITSELF, DOMSET_ANSWER_NXDOMAIN},
	{"x.test CNAME . ; why", "", 0, NOT_PLAIN},
	{"x.test CNAME rpz-other.", "", 0, NOT_PLAIN},
	{"x.test CNAME rpz-drop", "", 0, NOT_PLAIN},
	{"x.test CNAME y.test.", "", 0, NOT_PLAIN},
	{"x.test CNAME ..", "", 0, NOT_PLAIN},
	{"x.test CNAME . y", "", 0, NOT_PLAIN},
	{"x.test CNAME .\r\r", "", 0, NOT_PLAIN},
	{"x.test\vCNAME .", "", 0, NOT_PLAIN},
	{"x.test CNAME .\v", "", 0, NOT_PLAIN},
	{"x.test CNAME\v.", "", 0, NOT_PLAIN},
	{"x.test CH CNAME .", "", 0, NOT_PLAIN},
	{"x.test 9999999999 CNAME .", "", 0, NOT_PLAIN},
	{"x.test 1h CNAME .", "", 0, NOT_PLAIN},
	{"x.test CNAME.", "", 0, NOT_PLAIN},
	{"x.test A 192.0.2.1", "", 0, NOT_PLAIN},
	{"x.test", "", 0, NOT_PLAIN},
	{" CNAME .", "", 0, NOT_PLAIN},
	{"", "", 0, NOT_PLAIN},
	{"\r", "", 0, NOT_PLAIN},
	{"$ORIGIN x.", "", 0, NOT_PLAIN},
	{"@ CNAME .", "", 0, NOT_PLAIN},
	{"* CNAME .", "", 0, NOT_PLAIN},
	{"*.rpz.zone. CNAME .", "", 0, NOT_PLAIN},
	{"rpz.zone. CNAME .", "", 0, NOT_PLAIN},
	{"x.test. CNAME .", "", 0, NOT_PLAIN},
	{"x.yrpz.zone. CNAME .", "", 0, NOT_PLAIN},
	{"x..test CNAME .", "", 0, NOT_PLAIN},
	{".x.test CNAME .", "", 0, NOT_PLAIN},
	{"x\\.test CNAME .", "", 0, NOT_PLAIN},
	{"a.*.test CNAME .", "", 0, NOT_PLAIN},
	{"32.1.2.0.192.rpz-ip CNAME .", "", 0, NOT_PLAIN},
	{"ns.test.rpz-nsdname CNAME .", "", 0, NOT_PLAIN},
	{"ns.test.RPZ-nsdname.rpz.zone. CNAME .", "", 0, NOT_PLAIN},
	{"x.test CNAME (.)", "", 0, NOT_PLAIN},
};

static uint8_t notes[4096 * LISTFILE_NOTES_OCTETS + LISTFILE_NOTES_ROOM];

static void look(const struct plain_head *head, const char *line, struct plain_note *ret_note)
{
	char text[4096];
	int len = snprintf(text, sizeof(text), "%s\n", line);

	memset(text + len, '\n', sizeof(text) - (size_t)len);
	memcpy(notes, head, sizeof(*head));
	plain_look(notes, text, text + sizeof(text));
	(void)plain_next(plain_first(notes), ret_note);
	if (ret_note->line_len > 0)
		assert_int_equal(ret_note->line_len, len - 1);
}

static void test_lines(void **state)
{
	const struct rpz_options options = {.path = "zone", .key = &key};
	struct plain_head head = {.options = &options};
	struct plain_note note;
	struct name name;

	assert_int_equal(name_from_text("rpz.zone", 8, &head.apex), ERR_OK);
	head.origin = head.apex;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		look(&head, lines[i].line, &note);
		if (note.line_len == 0 && lines[i].answer == NOT_PLAIN)
			continue;
		if (note.line_len == 0 || note.answer != lines[i].answer)
			fail_msg("%s", lines[i].line);
		assert_int_equal(name_from_text(lines[i].name, strlen(lines[i].name), &name), 0);
		assert_int_equal(note.name_len, name.len);
		assert_memory_equal(note.name, name.wire, name.len);
		assert_int_equal(note.scope, lines[i].scope);
		assert_true(note.passes);
	}
}

/* Without the zone's name nothing is plain; with another origin no name that it stands behind. */
static void test_heads(void **state)
{
	const struct rpz_options options = {.path = "zone", .key = &key};
	struct plain_head head = {.options = &options};
	struct plain_note note;

	look(&head, "x.test CNAME .", &note);
	assert_int_equal(note.line_len, 0);
	assert_int_equal(name_from_text("rpz.zone", 8, &head.apex), ERR_OK);
	assert_int_equal(name_from_text("com.rpz.zone", 12, &head.origin), ERR_OK);
	look(&head, "x.test CNAME .", &note);
	assert_int_equal(note.line_len, 0);
	look(&head, "x.test.rpz.zone. CNAME .", &note);
	assert_int_not_equal(note.line_len, 0);
}

/* Owners of all lengths, around what a name may have. */
static void test_lengths(void **state)
{
	const struct rpz_options options = {.path = "zone", .key = &key};
	struct plain_head head = {.options = &options};
	struct plain_note note;
	char line[400];

	assert_int_equal(name_from_text("rpz.zone", 8, &head.apex), ERR_OK);
	head.origin = head.apex;
	for (size_t len = 1; len < 300; len++) {
		for (size_t i = 0; i < len; i++)
			line[i] = i % 50 == 49 && i + 1 < len ? '.' : 'a';
		strcpy(line + len, " CNAME .");
		look(&head, line, &note);
		assert_int_equal(note.line_len > 0, len + 1 + head.origin.len <= NAME_WIRE_MAX);
		memmove(line + 2, line, len + 9);
		memcpy(line, "*.", 2);
		look(&head, line, &note);
		assert_int_equal(note.line_len > 0, len + 3 + head.origin.len <= NAME_WIRE_MAX);
	}
}

/* ---- files */

static void write_line(FILE *file, uint32_t *seed)
{
	static const char *const others[] = {
		"",
		"\r",
		"; comment",
		" CNAME .",
		"\tA 192.0.2.9",
		" TXT \"a ; b\"",
		"x.example TXT ( \"a\"",
		"\"b\" )",
		"y.example TXT ( \"never closed",
		"keep.example CNAME .",
		"com CNAME .",
		"*.co.uk CNAME .",
		"* CNAME .",
		"a..b CNAME .",
		"two CNAME . .",
		"three",
		"garden.example CNAME walled.example.",
		"garden.example A 192.0.2.2",
		"32.1.2.0.192.rpz-ip CNAME .",
		"24.1.2.0.192.rpz-client-ip CNAME rpz-drop.",
		"ns.example.rpz-nsdname CNAME .",
		"outside.example. CNAME .",
		"a\\.b.example CNAME .",
		"mistaken.example CNAME rpz-nothing.",
		"rpz-drop CNAME rpz-drop.",
		"www.n7.example.com CNAME rpz-drop.",
		"long.example IN 5 CNAME .",
		"( first.example CNAME . )",
		"blank\\ ed.example CNAME .",
		"over.example (\r",
		" CNAME .\r",
		" ) ; its end\r",
		"x\\046y.example CNAME .",
		"\"quoted.example\" CNAME .",
		"class.example CLASS1 CNAME .",
		"*.\\*.example CNAME .",
		"soa.example SOA a. b. 1 2 3 4 5",
		"@ SOA a. b. 1 2 3 4 5",
		"@ NS a.",
		"@ CNAME .",
	};
	static const char *const directives[] = {
		"$ORIGIN example.rpz.zone.", "$ORIGIN rpz.zone.", "$ORIGIN rpz.zone.",
		"$ORIGIN elsewhere.",	     "$TTL 77",
	};
	static const char *const targets[] = {".",
					      ".",
					      ".",
					      "*.",
					      "rpz-passthru.",
					      "rpz-drop.",
					      "RPZ-Drop.",
					      "rpz-tcp-only.",
					      "other.example."};
	const char *target = targets[next_random(seed) % 9];
	uint32_t number = next_random(seed) % 30000;

	switch (next_random(seed) % 8) {
	case 0:
		fprintf(file, "%s\n",
			others[next_random(seed) % (sizeof(others) / sizeof(*others))]);
		break;
	case 1:
		fprintf(file, "h%u.Example.NET.rpz.zone. %u IN CNAME %s\r\n", number, number % 77,
			target);
		break;
	case 2:
		fprintf(file, "*.n%u.example.com\tCNAME %s\n", number, target);
		break;
	case 3:
		if (number % 512 == 0)
			fprintf(file, "%s\n", directives[next_random(seed) % 5]);
		if (number % 512 == 1)
			fwrite("nul\0.example\n\0 CNAME .\n", 1, 24, file);
		if (number % 512 == 2)
			fprintf(file, "%0300u CNAME .\n", number);
		if (number % 8 == 3)
			fprintf(file, "a%u.example.com A 192.0.2.3\n", number);
		break;
	default:
		fprintf(file, "www.n%u.example.com CNAME %s\n", number, target);
		break;
	}
}

static void write_file(uint32_t seed)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	if (seed % 3 > 0)
		fprintf(file, "$ORIGIN rpz.zone.\n@ %s SOA a. b. 1 2 3 4 5\n",
			seed % 4 == 2 ? "" : "900");
	while (ftell(file) < (long)FILE_OCTETS)
		write_line(file, &seed);
	if (seed % 2)
		fputs("last.example CNAME .", file);
	assert_int_equal(fclose(file), 0);
}

/* All that a reading comes to, as text too. */
struct outcome {
	enum err err;
	struct list_report report;
	struct rpz_summary summary;
	struct err_text text;
	struct policy *policy;
	char *told;
	size_t told_len;
	FILE *out;
};

static void begin(void *arg)
{
}

static void hear(void *arg, enum report_fate fate, uint32_t line, const char *reason,
		 const char *text, size_t len)
{
	fprintf(((struct outcome *)arg)->out, "%d %u %s: %.*s\n", (int)fate, line, reason, (int)len,
		text ? text : "");
}

static void tell_data(struct outcome *outcome, uint32_t data)
{
	struct localdata_record record;
	struct localdata_iter iter;

	if (data == 0)
		return;
	localdata_iter_init(&iter, outcome->policy->data, data);
	while (localdata_iter_next(&iter, &record)) {
		fprintf(outcome->out, " %u %u ", record.type, record.ttl_s);
		for (unsigned int i = 0; i < record.rdlen; i++)
			fprintf(outcome->out, "%02x", record.rdata[i]);
	}
}

static void tell_names(struct outcome *outcome, const struct domset *set)
{
	char text[NAME_TEXT_MAX];
	struct domset_rule rule;
	struct domset_iter iter;

	if (!set)
		return;
	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		fprintf(outcome->out, "%u %s %u%u%u", rule.line,
			name_to_text(rule.owner.wire, text, sizeof(text)), rule.kind.scope,
			rule.kind.exception, rule.kind.answer);
		tell_data(outcome, rule.data);
		fputc('\n', outcome->out);
	}
}

static void tell(struct outcome *outcome)
{
	tell_names(outcome, outcome->policy->set);
	tell_names(outcome, outcome->policy->servers);
	for (unsigned int kind = TRIGGER_ADDRESS; kind < TRIGGER_COUNT; kind++)
		for (uint32_t i = 0; i < addrset_records(outcome->policy->prefixes[kind]); i++) {
			struct addrset_rule rule = addrset_rule(outcome->policy->prefixes[kind], i);

			fprintf(outcome->out, "%u %u/%u\n", rule.line, rule.prefix.ip.bytes[0],
				rule.prefix.len);
			tell_data(outcome, rule.data);
		}
}

static enum err load_file(struct outcome *outcome, struct rpz_options options)
{
	const struct report_ear ear = {begin, hear, outcome};
	struct listfile_zone zone = {NULL, rpz_zone_line, rpz_zone_put, rpz_zone_look,
				     rpz_zone_take};
	const struct listfile_options file = {
		.path = path, .format = LIST_FORMAT_RPZ, .ear = &ear, .zone = &zone};
	struct rpz_zone *reading;
	enum err err;

	assert_int_equal(rpz_zone_create(&options, &outcome->report, &reading), ERR_OK);
	zone.zone = reading;
	err = listfile_load(&file, options.rules->names, &outcome->report, &outcome->text);
	if (err == ERR_OK)
		err = rpz_zone_end(reading, &outcome->text);
	outcome->summary = *rpz_zone_summary(reading);
	rpz_zone_free(reading);
	outcome->report.ear = NULL;
	memset(&outcome->report.version, 0, sizeof(outcome->report.version)); /* reading it tells */
	return err;
}

static struct outcome *load(struct rpz_options options)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	struct rules rules;

	assert_non_null(outcome);
	outcome->out = open_memstream(&outcome->told, &outcome->told_len);
	outcome->policy = calloc(1, sizeof(*outcome->policy));
	assert_true(outcome->out && outcome->policy);
	assert_int_equal(rules_init(&key, &rules), ERR_OK);
	assert_int_equal(rules_begin(&rules, 0), ERR_OK);
	options.rules = &rules;
	outcome->err = load_file(outcome, options);
	assert_int_equal(rules_freeze(&rules, outcome->policy), ERR_OK);
	tell(outcome);
	rules_fini(&rules);
	fclose(outcome->out);
	return outcome;
}

static void drop(struct outcome *outcome)
{
	policy_free(outcome->policy);
	free(outcome->told);
	free(outcome);
}

static void assert_equal(const struct outcome *several, const struct outcome *one)
{
	assert_int_equal(several->err, one->err);
	assert_memory_equal(&several->report, &one->report, sizeof(one->report));
	assert_int_equal(several->told_len, one->told_len);
	assert_memory_equal(several->told, one->told, one->told_len);
	assert_int_equal(several->summary.cuts, one->summary.cuts);
	assert_int_equal(several->summary.soa, one->summary.soa);
	assert_string_equal(several->text.text, one->text.text);
	if (one->err == ERR_OK)
		assert_true(one->report.entries > 1000);
}

/* Where races are looked for, nothing is read by one thread. */
static void assert_same(const struct rpz_options *options)
{
	struct outcome *several = load(*options);

	if (!FOR_RACES) {
		cpu_set_t cores = onecore_begin();
		struct outcome *one = load(*options);

		onecore_end(&cores);
		assert_equal(several, one);
		drop(one);
	}
	drop(several);
}

/* Files at random, as many as $ROUNDS says. */
static void test_files(void **state)
{
	static const struct name garden = {.len = 8, .wire = "\6garden"};
	const char *rounds = getenv("ROUNDS");
	const uint32_t seeds = rounds ? (uint32_t)strtoul(rounds, NULL, 10) : SEEDS;
	struct guard *guard = make_guard();

	for (uint32_t seed = 1; seed <= seeds && seed <= SEEDS; seed++) {
		const struct rpz_options options = {
			.path = path,
			.key = &key,
			.guard = seed % 3 ? guard : NULL,
			.ttl_s = 5,
			.mandatory = seed % 2,
			.overridden = seed == 3,
			.nearest = seed == 4,
			.cname = seed == 5 ? &garden : NULL,
		};

		write_file(seed);
		assert_same(&options);
	}
	guard_free(guard);
}

/* What ends the reading does so at the same line. */
static void test_include(void **state)
{
	const struct rpz_options options = {.path = path, .key = &key};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("@ SOA a. b. 1 2 3 4 5\n", file);
	for (uint32_t i = 0; i < 100000; i++)
		fprintf(file, i == 70000 ? "$INCLUDE x%u\n" : "n%u.example.com CNAME .\n", i);
	assert_int_equal(fclose(file), 0);
	assert_same(&options);
}

/* What has no TTL has the last that was said, by lines that were looked at ahead as well. */
static void test_ttls(void **state)
{
	const struct rpz_options options = {.path = path, .key = &key};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("@ 900 SOA a. b. 1 2 3 4 5\n", file);
	for (uint32_t i = 0; i < 50000; i++)
		fprintf(file,
			i % 5 == 0   ? "n%u.example.com %u CNAME .\n"
			: i % 7 == 0 ? "n%u.example.com A 192.0.2.1\n"
				     : "n%u.example.com CNAME .\n",
			i, i);
	assert_int_equal(fclose(file), 0);
	assert_same(&options);
}

static int make_directory(void **state)
{
	if (scratch_set_up(state) != 0)
		return -1;
	path = scratch_path(*state, "zone");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	cmocka_unit_test(test_heads),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_files),
		cmocka_unit_test(test_include), cmocka_unit_test(test_ttls),
	};

	return cmocka_run_group_tests(tests, make_directory, scratch_tear_down);
}
