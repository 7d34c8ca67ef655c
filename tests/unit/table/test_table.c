/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 4096

/* A file at hand, given in parts of `part` octets, and its rows as text:
 * "LINE:name,address,insert,delete,score,sinkhole;", '-' for what a row does not have. */
struct file {
	const char *text;
	size_t len;
	size_t part;
	size_t pos;
	enum err fails; /* instead of its end */
	char rows[ROOM];
	size_t rows_len;
};

static enum err read_part(void *arg, char *buf, size_t size, size_t *ret_len)
{
	struct file *file = arg;
	size_t left = file->len - file->pos;
	size_t len = left < file->part ? left : file->part;

	if (len == 0 && file->fails != ERR_OK)
		return file->fails;
	len = len < size ? len : size;
	memcpy(buf, file->text + file->pos, len);
	file->pos += len;
	*ret_len = len;
	return ERR_OK;
}

static enum err note_row(void *arg, const struct table_row *row)
{
	struct file *file = arg;
	char *rows = file->rows;
	size_t len = file->rows_len;

	len += (size_t)snprintf(rows + len, ROOM - len, "%u:%s", row->line,
				row->odd      ? "odd"
				: row->broken ? "broken"
					      : "");
	for (int i = 0; i < TABLE_CELL_COUNT && !row->odd && !row->broken; i++) {
		const struct word *cell = &row->cells[i];

		if (i > TABLE_SINKHOLE && !cell->text)
			continue;
		len += (size_t)snprintf(rows + len, ROOM - len, "%s%.*s", i > 0 ? "," : "",
					cell->text ? (int)cell->len : 1,
					cell->text ? cell->text : "-");
	}
	len += (size_t)snprintf(rows + len, ROOM - len, ";");
	assert_true(len < ROOM);
	file->rows_len = len;
	return ERR_OK;
}

#define CERT_PL                                                                                    \
	{                                                                                          \
		.preset = TABLE_PRESET_CERT_PL                                                     \
	}
#define THREATFOX                                                                                  \
	{                                                                                          \
		.preset = TABLE_PRESET_THREATFOX                                                   \
	}
#define NAME(column)                                                                               \
	{                                                                                          \
		.columns = { [TABLE_NAME] = (column) }                                             \
	}

struct table_case {
	const char *text;
	struct table_map map;
	const char *rows;  /* as note_row has them */
	const char *fails; /* a part of why it is refused; NULL: it is not */
	bool open_end;
	uint32_t lines;
};

static const struct table_case csv_cases[] = {
	{"name\na.test\nb.test\n", NAME("name"), "2:a.test,-,-,-,-,-;3:b.test,-,-,-,-,-;", NULL,
	 false, 3},
	/* CRLF, blank lines, comments, white space, letters' case; a last row without newline */
	{"\r\n# of us\r\n Name , x\r\n\r\n a.test ,1\r\n#b.test,2\r\nc.test,3", NAME("name"),
	 "5:a.test,-,-,-,-,-;7:c.test,-,-,-,-,-;", NULL, true, 7},
	/* quotes, a quoted quote, and a newline within: the line is where the row begins */
	{"x;name\n\"a \"\"b\"\"\n\n;c\";one.test\n2;two.test\n", NAME("name"),
	 "2:one.test,-,-,-,-,-;5:two.test,-,-,-,-,-;", NULL, false, 5},
	{"x,name\n\"a\n#b\",one.test\n", NAME("name"), "2:one.test,-,-,-,-,-;", NULL, false, 3},
	/* what CERT.PL publishes */
	{"PozycjaRejestru\tAdresDomeny\tDataWpisu\tDataWykreslenia\n"
	 "1\ta.test\t2026-08-12T12:22:21+00:00\t\n"
	 "2\tb.test\t2026-05-29T16:26:59+00:00\t2026-06-01T00:00:00+00:00\n",
	 CERT_PL,
	 "2:a.test,-,2026-08-12T12:22:21+00:00,,-,-;"
	 "3:b.test,-,2026-05-29T16:26:59+00:00,2026-06-01T00:00:00+00:00,-,-;",
	 NULL, false, 3},
	/* what ThreatFox does: the columns' names in a comment, a blank before each quote */
	{"################\n# ThreatFox, \"recent\" #\n#\n"
	 "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"confidence_level\"\n"
	 "\"2026-09-01 10:00:00\", \"1\", \"203.0.113.10:443\", \"ip:port\", \"75\"\n"
	 "\"2026-09-01 10:00:00\", \"2\", \"evil.test\", \"domain\", \"50\"\n# Number of entries: "
	 "2\n",
	 THREATFOX, "5:203.0.113.10:443,203.0.113.10:443,-,-,75,-;6:evil.test,evil.test,-,-,50,-;",
	 NULL, false, 7},
	/* columns by number, with a first row of names and without */
	{"domain|score\na.test|1\n", NAME("1"), "2:a.test,-,-,-,-,-;", NULL, false, 2},
	{"1,a.test\n2,b.test\n", NAME("2"), "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;", NULL, false,
	 2},
	{"a;b,x.test\n",
	 {.columns = {[TABLE_NAME] = "2"}, .separator = ','},
	 "1:x.test,-,-,-,-,-;",
	 NULL,
	 false,
	 1},
	/* several names for a column */
	{"host,address\na.test,192.0.2.1\n",
	 {.columns = {[TABLE_NAME] = "domain | host", [TABLE_ADDRESS] = "ADDRESS"}},
	 "2:a.test,192.0.2.1,-,-,-,-;",
	 NULL,
	 false,
	 2},
	/* a row that is too short, one that is too long */
	{"x,name\n1\n2,b.test,3,4\n", NAME("name"), "2:-,-,-,-,-,-;3:b.test,-,-,-,-,-;", NULL,
	 false, 3},
	/* quotes out of place: such a row is none */
	{"x,name\n\"a\"b,one.test\n2,two.test\n", NAME("name"), "2:odd;3:two.test,-,-,-,-,-;", NULL,
	 false, 3},
	{"x,name\na\"b,one.test\n2,two.test\n", NAME("name"), "2:odd;3:two.test,-,-,-,-,-;", NULL,
	 false, 3},
	{"x,name\n\"a\n\"b,one.test\n", NAME("name"), "",
	 "line 2: the row that begins here has quotes out of place", false, 0},
	/* refused */
	{"host,x\na.test,1\n", NAME("domain"), "",
	 "line 1: has no column \"domain\"; those that are there: host, x", false, 0},
	{"name\na.test\n",
	 {.columns = {[TABLE_NAME] = "name", [TABLE_DELETE] = "ends"}},
	 "",
	 "has no column \"ends\"",
	 false,
	 0},
	{"a.test\n",
	 {.columns = {[TABLE_NAME] = "1", [TABLE_SCORE] = "score"}},
	 "",
	 "has no column \"score\"",
	 false,
	 0},
	{"x,name\n\"a,one.test\nb,two.test\n", NAME("name"), "",
	 "line 2: is cut off: the row that begins here ends within quotes", false, 0},
	{"Forbidden", NAME("name"), "", "has no column", false, 0},
	{"", NAME("name"), "", NULL, false, 0},
};

static const struct table_case json_cases[] = {
	{"[{\"name\": \"a.test\"}, {\"name\": \"b.test\"}]", NAME("name"),
	 "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;", NULL, false, 2},
	{" [ ] \n", NAME("name"), "", NULL, false, 0},
	{"{}", NAME("name"), "", NULL, false, 0},
	/* names alone */
	{"[\"a.test\",\n\"b.test\"]\n", NAME("name"), "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;",
	 NULL, false, 2},
	/* what CERT.PL publishes */
	{"[{\"RegisterPositionId\": 1, \"DomainAddress\": \"a.test\", \"InsertDate\": "
	 "\"2026-09-20T00:00:00+00:00\", \"DeleteDate\": null}]",
	 CERT_PL, "1:a.test,-,2026-09-20T00:00:00+00:00,-,-,-;", NULL, false, 1},
	/* what ThreatFox does: its export, and its API */
	{"{\"1672089\": [{\"ioc_value\": \"a.test\", \"confidence_level\": 75, \"tags\": null}],\n"
	 " \"1672088\": [{\"ioc_value\": \"http://b.test/x\", \"confidence_level\": 100}]}",
	 THREATFOX, "1:a.test,a.test,-,-,75,-;2:http://b.test/x,http://b.test/x,-,-,100,-;", NULL,
	 false, 2},
	{"{\"query_status\": \"ok\", \"n\": -1.5e3, \"data\": [{\"ioc\": \"a.test\", "
	 "\"confidence_level\": 50, "
	 "\"tags\": [\"x\"]}]}",
	 THREATFOX, "1:a.test,a.test,-,-,50,-;", NULL, false, 1},
	{"{\"1\": {\"name\": \"a.test\"}, \"2\": {\"name\": \"b.test\"}}", NAME("name"),
	 "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;", NULL, false, 2},
	/* JSON lines */
	{"{\"name\": \"a.test\", \"x\": [1]}\n\n{\"name\": \"b.test\"}\n", NAME("name"),
	 "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;", NULL, false, 2},
	{"{\"name\": \"a.test\"}\n{\"name\": \"b.test\"}", NAME("name"),
	 "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;", NULL, true, 2},
	/* what is no row; numbers over all integers, a zero in a text */
	{"[1, null, [\"x\"], {\"name\": \"a.test\", \"n\": 99999999999999999999, \"z\": "
	 "\"\\u0000\"}]",
	 NAME("name"), "1:odd;2:odd;3:odd;4:a.test,-,-,-,-,-;", NULL, false, 4},
	/* what is broken costs itself: a word, an octet that is no UTF-8, a comma too much */
	{"[{\"name\": nul}, {\"name\": \"b.test\"}, {\"name\": \"c\xff.test\"}, {\"name\": "
	 "\"d.test\",},\n 0x1, {\"name\": \"e\\q]\\\"}.test\"}, {\"name\": \"f.test\"}]",
	 NAME("name"),
	 "1:broken;2:b.test,-,-,-,-,-;3:broken;4:broken;5:broken;6:broken;7:f.test,-,-,-,-,-;",
	 NULL, false, 7},
	/* brackets without an end of their own, and one that ends nothing */
	{"[{\"name\": \"a.test\", \"x\": [1}, {\"name\": \"b.test\"}, {\"name\": \"c.test\"]}, "
	 "{\"name\": \"d.test\"}]",
	 NAME("name"), "1:broken;2:b.test,-,-,-,-,-;3:broken;4:d.test,-,-,-,-,-;", NULL, false, 4},
	/* a text without its end ends with the line, and the comma with it */
	{"[{\"name\": \"a.test},\n{\"name\": \"b.test\"},\n{\"name\": \"c.test\n]", NAME("name"),
	 "1:broken;2:b.test,-,-,-,-,-;3:broken;", NULL, false, 3},
	/* lines, of which the first is broken, one has no end, and the last */
	{"{\"name\": 'a.test'}\n{\"name\": \"b.test\"}\n{\"name\": \"c.test\"\n{\"name\": "
	 "\"d.test\"}\n{\"name\": [\n{\"name\": \"f.test\"}\n{\"name\": \"g.test\",}\n",
	 NAME("name"), "1:broken;2:b.test,-,-,-,-,-;3:broken;4:d.test,-,-,-,-,-;5:broken;6:broken;",
	 NULL, false, 6},
	/* refused */
	{"[{\"name\": \"a.test\"}, {\"name\": \"b.te", NAME("name"), "1:a.test,-,-,-,-,-;",
	 "element 2, in line 1: is no JSON", false, 0},
	{"[{\"name\": \"a.test\"},\n{\"name\": \"b.test\"}", NAME("name"),
	 "1:a.test,-,-,-,-,-;2:b.test,-,-,-,-,-;", "element 2, in line 2: is cut off", false, 0},
	{"{\"1\": [{\"name\": \"a.test\"}]", NAME("name"), "1:a.test,-,-,-,-,-;", "is cut off",
	 false, 0},
	{"[{\"name\": \"a.test\"}] x", NAME("name"), "1:a.test,-,-,-,-,-;",
	 "something stands behind its end", false, 0},
	{"[{\"name\": \"a.test\"} {}]", NAME("name"), "1:a.test,-,-,-,-,-;", "',' expected", false,
	 0},
	{"[{\"name\": \"a.test\"}, ]", NAME("name"), "1:a.test,-,-,-,-,-;", "is no JSON", false, 0},
	{"[nonsense]", NAME("name"), "1:broken;", "no element has a \"name\"", false, 0},
	{"[nonsense", NAME("name"), "", "is no JSON", false, 0},
	{"{\"name\": \"a.test\"}\n{", NAME("name"), "1:a.test,-,-,-,-,-;", "is no JSON", false, 0},
	{"[{\"name\": \"a.test,\n\"score\": 5}]", NAME("name"), "1:broken;", "',' expected", false,
	 0},
	{"{\"name\": \"a.test\"}\n{\"name\": \"b.te", NAME("name"), "1:a.test,-,-,-,-,-;",
	 "element 2, in line 2: is no JSON", false, 0},
	{"{1: 2}", NAME("name"), "", "the name of a member expected", false, 0},
	{"{\"a\" 2}", NAME("name"), "", "':' expected", false, 0},
	{"[{\"host\": \"a.test\"}]", NAME("name"), "1:-,-,-,-,-,-;", "no element has a \"name\"",
	 false, 0},
	{"Forbidden", NAME("name"), "", "'[' or '{' expected", false, 0},
	{"", NAME("name"), "", "'[' or '{' expected", false, 0},
};

typedef enum err read_fn(const struct table_map *map, const struct table_ends *ends,
			 struct table_outcome *ret_outcome, struct err_text *text);

static enum err run(read_fn *read, struct file *file, const struct table_map *map,
		    struct table_outcome *ret_outcome, struct err_text *text)
{
	const struct table_ends ends = {.read = read_part, .row = note_row, .arg = file};

	text->text[0] = '\0';
	return read(map, &ends, ret_outcome, text);
}

static void check_case(read_fn *read, const struct table_case *c, size_t part)
{
	struct file file = {.text = c->text, .len = strlen(c->text), .part = part};
	struct table_outcome outcome;
	struct err_text text;
	enum err err = run(read, &file, &c->map, &outcome, &text);

	assert_int_equal(err, c->fails ? ERR_REFUSED : ERR_OK);
	assert_string_equal(file.rows, c->rows);
	if (c->fails) {
		if (!strstr(text.text, c->fails))
			fail_msg("%s: \"%s\", not \"%s\"", c->text, text.text, c->fails);
		return;
	}
	assert_string_equal(text.text, "");
	assert_int_equal(outcome.open_end, c->open_end);
	assert_int_equal(outcome.lines, c->lines);
}

static void test_csv(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(csv_cases) / sizeof(csv_cases[0]); i++) {
		check_case(table_read_csv, &csv_cases[i], SIZE_MAX);
		check_case(table_read_csv, &csv_cases[i], 1);
	}
}

static void test_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(json_cases) / sizeof(json_cases[0]); i++) {
		check_case(table_read_json, &json_cases[i], SIZE_MAX);
		check_case(table_read_json, &json_cases[i], 1);
	}
}

/* A row that never ends is not held, whatever it is. */
static void test_long_row(void **state)
{
	static const struct {
		read_fn *read;
		const char *begin;
		const char *fails;
	} cases[] = {
		{table_read_csv, "name\n\"", "more than 256 KiB"},
		{table_read_csv, "name\n\"\n", "more than 256 KiB"},
		{table_read_json, "[{\"name\": \"",
		 "element 1, in line 1: a value of more than 256 KiB"},
		{table_read_json, "{\"", "a value of more than 256 KiB"},
	};
	const struct table_map map = NAME("name");
	size_t len = 3 * TABLE_ROW_BYTES_MAX;
	char *long_text = malloc(len);

	(void)state;
	assert_non_null(long_text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file file = {.text = long_text, .len = len, .part = 65536};
		struct table_outcome outcome;
		struct err_text text;

		memset(long_text, 'a', len);
		for (size_t at = 1000; at < len && i == 1; at += 1000)
			long_text[at] = '\n';
		memcpy(long_text, cases[i].begin, strlen(cases[i].begin));
		assert_int_equal(run(cases[i].read, &file, &map, &outcome, &text), ERR_REFUSED);
		assert_non_null(strstr(text.text, cases[i].fails));
	}
	free(long_text);
}

/* What the reading fails with is what the table does, without a text. */
static void test_reading_fails(void **state)
{
	const struct table_map map = NAME("name");
	static read_fn *const reads[] = {table_read_csv, table_read_json};
	static const char *const texts[] = {"name\na.test\n", "[{\"name\": \"a.test\"},"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct file file = {.text = texts[i],
				    .len = strlen(texts[i]),
				    .part = SIZE_MAX,
				    .fails = ERR_CANCELLED};
		struct table_outcome outcome;
		struct err_text text;

		assert_int_equal(run(reads[i], &file, &map, &outcome, &text), ERR_CANCELLED);
		assert_string_equal(text.text, "");
	}
}

/* Maps have one mark where rows have the same names and end by the same dates. */
static void test_marks(void **state)
{
	static const struct {
		struct table_map map;
		bool same;
	} cases[] = {
		{{.columns = {[TABLE_NAME] = "host", [TABLE_DELETE] = "end"}}, true},
		{{.columns = {[TABLE_NAME] = "host", [TABLE_DELETE] = "end", [TABLE_SCORE] = "x"}},
		 true},
		{{.columns = {[TABLE_NAME] = "host", [TABLE_DELETE] = "begin"}}, false},
		{{.columns = {[TABLE_NAME] = "host"}}, false},
		{{.columns = {[TABLE_NAME] = "hos", [TABLE_DELETE] = "tend"}}, false},
		{{.columns = {[TABLE_ADDRESS] = "host", [TABLE_DELETE] = "end"}}, false},
		{{.columns = {[TABLE_NAME] = "host", [TABLE_DELETE] = "end"}, .separator = ';'},
		 false},
		{{.preset = TABLE_PRESET_CERT_PL}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(table_map_mark(&cases[i].map) == table_map_mark(&cases[0].map),
				 cases[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),	 cmocka_unit_test(test_json),
		cmocka_unit_test(test_long_row), cmocka_unit_test(test_reading_fails),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
