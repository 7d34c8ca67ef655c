/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules of a list give as answers: where it goes, and what of several lines together. */
#include "list/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "dns/wire.h"
#include "list/listfile.h"
#include "list/rewrites.h"
#include "support/scratch.h"

#define TTL_S 321U
#define SHOWN_MAX 8192
#define TEXT_MAX 65536

static const struct hash_key set_key = {5, 6};
static const struct hash_key other_key = {7, 8};

struct kit {
	struct scratch scratch;
	struct localdata *data;
	struct list_report report;
	struct domset *set;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	*state = kit;
	return localdata_create(&kit->data) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	domset_free(kit->set);
	localdata_free(kit->data);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

/* Reads the lines in the place of those before. */
static void load_by(struct kit *kit, const char *text, struct localdata *data,
		    const struct hash_key *key)
{
	const struct listfile_options options = {
		.path = scratch_write(&kit->scratch, "list", text),
		.format = LIST_FORMAT_ADBLOCK,
		.answers = {.data = data, .key = key, .ttl_s = TTL_S},
	};
	struct domset_builder *builder;
	struct err_text why;

	domset_free(kit->set);
	assert_int_equal(domset_builder_create(&set_key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(listfile_load(&options, builder, &kit->report, &why), ERR_OK);
	assert_int_equal(domset_builder_freeze(builder, &kit->set), ERR_OK);
	domset_builder_free(builder);
}

static void load(struct kit *kit, const char *text)
{
	load_by(kit, text, kit->data, &set_key);
}

/* The strongest rule for the name and type; false: there is none. */
static bool find(const struct kit *kit, const char *text, uint16_t qtype, struct domset_hit *ret)
{
	struct domset_hits hits = {.room = 1, .hit = ret};
	struct name_suffixes suffixes;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(kit->set), &name, &suffixes);
	domset_lookup(kit->set, &name, &suffixes, typeset_of(qtype), &hits);
	return hits.count == 1 && !ret->exception;
}

static void show_record(const struct localdata_record *record, char *shown)
{
	char text[NAME_TEXT_MAX];

	assert_int_equal(record->ttl_s, TTL_S);
	if (record->type == TYPE_CNAME)
		name_to_text(record->rdata, text, sizeof(text));
	else
		inet_ntop(record->type == TYPE_A ? AF_INET : AF_INET6, record->rdata, text,
			  sizeof(text));
	snprintf(shown + strlen(shown), SHOWN_MAX - strlen(shown), "%s%s", *shown ? " " : "", text);
}

/* What is given for the name, with blanks between: "-" where no rule has it, "list" where the rule
 * gives nothing of its own. */
static const char *given(const struct kit *kit, const char *name, uint16_t qtype)
{
	static char shown[SHOWN_MAX];
	struct localdata_record record;
	struct localdata_iter iter;
	struct domset_hit hit;
	uint32_t number;

	if (!find(kit, name, qtype, &hit))
		return "-";
	number = domset_data(kit->set, hit.record);
	if (hit.answer != DOMSET_ANSWER_DATA) {
		assert_int_equal(number, 0);
		return "list";
	}
	assert_int_not_equal(number, 0);
	shown[0] = '\0';
	localdata_iter_init(&iter, kit->data, number);
	while (localdata_iter_next(&iter, &record))
		show_record(&record, shown);
	return shown;
}

/* Where answers go nowhere, rules that give some are skipped, and told so; others are not. */
static void test_nowhere(void **state)
{
	struct kit *kit = *state;

	load_by(kit,
		"||a.example^$dnsrewrite=192.0.2.1\n||b.example^$dnsrewrite=NXDOMAIN\n"
		"||ads-*.example^$dnsrewrite=192.0.2.1\n||c.example^\n"
		"||d.example^$dnsrewrite=e.example\n||f.example^$dnsrewrite=0.0.0.0\n",
		NULL, NULL);
	assert_int_equal(kit->report.entries, 3);
	assert_int_equal(kit->report.skipped, 3);
	assert_int_equal(kit->report.reasons[LINE_ANSWER], 3);
	assert_int_equal(kit->report.bad, 0);
	assert_string_equal(given(kit, "a.example", TYPE_A), "-");
	assert_string_equal(given(kit, "ads-1.example", TYPE_A), "-");
	assert_string_equal(given(kit, "d.example", TYPE_A), "-");
	assert_string_equal(given(kit, "b.example", TYPE_A), "list");
	assert_string_equal(given(kit, "c.example", TYPE_A), "list");
	assert_string_equal(given(kit, "f.example", TYPE_A), "list");
}

#define X "||x.example^$dnsrewrite="

static const struct {
	const char *lines;
	const char *name;
	const char *given;
} rows[] = {
	{X "192.0.2.1\n", "x.example", "192.0.2.1"},
	{X "192.0.2.1\n", "www.x.example", "192.0.2.1"},
	{X "192.0.2.1\n", "y.example", "-"},
	{X "192.0.2.1\n" X "192.0.2.2\n", "x.example", "192.0.2.1 192.0.2.2"},
	{X "192.0.2.2\n||y.example^\n" X "192.0.2.1\n", "x.example", "192.0.2.2 192.0.2.1"},
	{X "192.0.2.1\n" X "2001:db8::1\n", "x.example", "192.0.2.1 2001:db8::1"},
	{X "192.0.2.1\n" X "NOERROR;A;192.0.2.1\n", "x.example", "192.0.2.1"},
	/* a CNAME stands alone, and the first holds */
	{X "c.example\n", "x.example", "c.example"},
	{X "c.example\n" X "192.0.2.1\n", "x.example", "c.example"},
	{X "192.0.2.1\n" X "192.0.2.2\n" X "c.example\n" X "192.0.2.3\n", "x.example", "c.example"},
	{X "c.example\n" X "d.example\n", "x.example", "c.example"},
	{X "192.0.2.1\n" X "d.example\n" X "c.example\n", "x.example", "d.example"},
	/* rules that are not alike give what each says */
	{X "192.0.2.1\n" X "192.0.2.2,important\n", "x.example", "192.0.2.2"},
	{X "192.0.2.1,important\n" X "192.0.2.2\n" X "192.0.2.3,important\n", "x.example",
	 "192.0.2.1 192.0.2.3"},
	{X "192.0.2.1\n||www.x.example^$dnsrewrite=192.0.2.2\n", "www.x.example", "192.0.2.2"},
	{X "192.0.2.1\n||www.x.example^$dnsrewrite=192.0.2.2\n", "x.example", "192.0.2.1"},
	{X "192.0.2.1,dnstype=A\n" X "2001:db8::1,dnstype=AAAA\n", "x.example", "192.0.2.1"},
	{X "192.0.2.1\n@@||www.x.example^\n", "www.x.example", "-"},
	/* a pattern gives what its own line says */
	{"||ads-*.example^$dnsrewrite=192.0.2.1\n||ads-*.example^$dnsrewrite=192.0.2.2\n",
	 "ads-1.example", "192.0.2.1"},
	{"||ads-*.example^$dnsrewrite=192.0.2.1\n" X "192.0.2.2\n", "ads-1.example", "192.0.2.1"},
};

static void test_lines_together(void **state)
{
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		load(kit, rows[i].lines);
		assert_int_equal(kit->report.bad + kit->report.skipped, 0);
		assert_string_equal(given(kit, rows[i].name, TYPE_A), rows[i].given);
	}
}

/* What a rule cannot give besides is told, line by line, and costs nothing else. */
static void test_more_than_a_rule_can_give(void **state)
{
	struct kit *kit = *state;
	char *text = calloc(1, TEXT_MAX);
	struct localdata_iter iter;
	struct localdata_record record;
	struct domset_hit hit;
	size_t count = 0;
	size_t len = 0;

	for (unsigned int i = 0; i < LOCALDATA_RECORDS_MAX + 3; i++)
		len += (size_t)snprintf(text + len, TEXT_MAX - len, X "10.0.%u.%u\n", i / 256,
					i % 256);
	snprintf(text + len, TEXT_MAX - len, X "10.0.0.7\n||y.example^$dnsrewrite=192.0.2.1\n");
	load(kit, text);
	free(text);
	assert_int_equal(kit->report.reasons[LINE_CROWD], 3);
	assert_int_equal(kit->report.entries, LOCALDATA_RECORDS_MAX + 2);
	assert_true(find(kit, "x.example", TYPE_A, &hit));
	localdata_iter_init(&iter, kit->data, domset_data(kit->set, hit.record));
	while (localdata_iter_next(&iter, &record))
		count++;
	assert_int_equal(count, LOCALDATA_RECORDS_MAX);
	assert_string_equal(given(kit, "y.example", TYPE_A), "192.0.2.1");
}

/* ---- whatever lines there are */

#define OWNERS 6U
#define KINDS 2U /* important, and not */
#define VALUES 9U
#define LINES 60U
#define ROUNDS 300U

static const char *const values[VALUES] = {"192.0.2.1",	  "192.0.2.2",	 "192.0.2.3",
					   "2001:db8::1", "2001:db8::2", "2001:db8::3",
					   "c.example",	  "d.example",	 "e.example"};

static bool is_cname(unsigned int value)
{
	return value >= 6;
}

/* The values that a kind of an owner's rules gives, in order. */
struct model {
	unsigned int count;
	unsigned int value[VALUES];
};

static void model_add(struct model *m, unsigned int value)
{
	for (unsigned int i = 0; i < m->count; i++)
		if (m->value[i] == value || is_cname(m->value[i]))
			return;
	m->count = is_cname(value) ? 0 : m->count;
	m->value[m->count++] = value;
}

static const char *model_text(const struct model *m)
{
	static char text[SHOWN_MAX];

	text[0] = '\0';
	for (unsigned int i = 0; i < m->count; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, values[m->value[i]]);
	}
	return m->count > 0 ? text : "-";
}

static unsigned int draw(unsigned int below)
{
	return (unsigned int)rand() % below;
}

static void test_any_lines(void **state)
{
	struct kit *kit = *state;

	srand(11);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct model models[OWNERS][KINDS] = {{{.count = 0}}};
		char text[LINES * 80] = "";
		char name[32];

		for (unsigned int lines = 1 + draw(LINES); lines > 0; lines--) {
			unsigned int owner = draw(OWNERS);
			unsigned int important = draw(4) == 0;
			unsigned int value = draw(8) ? draw(6) : draw(VALUES);
			size_t len = strlen(text);

			snprintf(text + len, sizeof(text) - len, "||n%u.example^$dnsrewrite=%s%s\n",
				 owner, values[value], important ? ",important" : "");
			model_add(&models[owner][important], value);
		}
		/* the key is any, and need not be that of the set */
		load_by(kit, text, kit->data, round % 2 ? &set_key : &other_key);
		for (unsigned int owner = 0; owner < OWNERS; owner++) {
			unsigned int kind = models[owner][1].count > 0;

			snprintf(name, sizeof(name), "n%u.example", owner);
			assert_string_equal(given(kit, name, TYPE_A),
					    model_text(&models[owner][kind]));
		}
	}
}

/* ---- notes */

static uint32_t take(struct kit *kit, struct rewrites *rewrites, const char *line,
		     const struct localdata_note *note)
{
	const struct list_answers answers = {kit->data, &set_key, TTL_S};
	struct listline_rule rule;
	struct listline reading;
	uint32_t number = 0;

	listline_init(&reading, LIST_FORMAT_ADBLOCK, false, line, strlen(line));
	assert_int_equal(listline_next(&reading, &rule), LISTLINE_RULE);
	assert_int_equal(rewrites_take(rewrites, &answers, &rule, note, &number), ERR_OK);
	return number;
}

/* The first note stays, whatever records come, and go when a CNAME takes their place. */
static void test_the_first_note_stays(void **state)
{
	static const struct localdata_note first = {.family = "Fox", .ticket = "T-1"};
	static const struct localdata_note second = {.family = "Hen", .ticket = "T-2"};
	static const char *const lines[] = {X "192.0.2.1", X "192.0.2.2", X "c.example",
					    X "192.0.2.3"};
	struct kit *kit = *state;
	struct rewrites rewrites = {.count = 0};
	struct localdata_note note;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint32_t number = take(kit, &rewrites, lines[i], i == 0 ? &first : &second);

		assert_true(localdata_note_of(kit->data, number, &note));
		assert_string_equal(note.family, first.family);
		assert_string_equal(note.ticket, first.ticket);
	}
	rewrites_fini(&rewrites);
}

/* One that comes with a later line, of what has none, is taken. */
static void test_a_note_that_comes_later(void **state)
{
	static const struct localdata_note later = {.family = "Fox", .ticket = ""};
	struct kit *kit = *state;
	struct rewrites rewrites = {.count = 0};
	struct localdata_note note;
	uint32_t number = take(kit, &rewrites, X "192.0.2.1", NULL);

	assert_false(localdata_note_of(kit->data, number, &note));
	number = take(kit, &rewrites, X "c.example", &later);
	assert_true(localdata_note_of(kit->data, number, &note));
	assert_string_equal(note.family, "Fox");
	assert_string_equal(note.ticket, "");
	rewrites_fini(&rewrites);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nowhere),
		TEST(test_lines_together),
		TEST(test_more_than_a_rule_can_give),
		TEST(test_any_lines),
		TEST(test_the_first_note_stays),
		TEST(test_a_note_that_comes_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
