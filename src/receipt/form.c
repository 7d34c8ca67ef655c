/* SPDX-License-Identifier: BSD-2-Clause */
/* Receipts as CSV and as JSON. */
#include <jansson.h>
#include <string.h>

#include "base/moment.h"
#include "base/table.h"
#include "receipt/receipt.h"

#define NUMBER_MAX 24

/* "in force", "held back". */
static const char *state_word(enum receipt_state state)
{
	static const char *const words[] = {RECEIPT_STATES(TABLE_ROW)};

	TABLE_COMPLETE(RECEIPT_STATES, RECEIPT_STATE_COUNT);
	return words[state];
}

/* A receipt in columns. */
enum kind { TEXT, NUMBER, TIME };

struct column {
	const char *key;
	enum kind kind;
	const char *text;
	uint64_t number;
};

#define COLUMNS 13

/* What is over is not in force any more, whatever it was. */
static const char *state_of(const struct receipt *r)
{
	return r->left_s > 0 ? "left" : state_word(r->state);
}

static void columns_of(const struct receipt *r, struct column ret_columns[COLUMNS])
{
	const struct column columns[COLUMNS] = {
		{"number", NUMBER, NULL, r->number},	 {"list", TEXT, r->list, 0},
		{"case", TEXT, r->case_id, 0},		 {"entry", TEXT, r->entry, 0},
		{"line", NUMBER, NULL, r->line},	 {"entries", NUMBER, NULL, r->entries},
		{"state", TEXT, state_of(r), 0},	 {"came", TIME, NULL, r->came_s},
		{"in_force", TIME, NULL, r->in_force_s}, {"left", TIME, NULL, r->left_s},
		{"reason", TEXT, r->reason, 0},		 {"answered", TEXT, r->answered, 0},
		{"ticket", TEXT, r->ticket, 0},
	};

	memcpy(ret_columns, columns, sizeof(columns));
}

/* ---- CSV */

/* A spreadsheet takes what begins like a formula for one, and runs it: such text gets an apostrophe
 * before it. */
static void put_field(FILE *out, const char *text)
{
	fputs(*text && strchr("=+-@\t\r", *text) ? "\"'" : "\"", out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"')
			fputc('"', out);
		fputc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
	fputc('"', out);
}

void receipt_csv_head(FILE *out)
{
	const struct receipt none = {
		.list = "", .case_id = "", .entry = "", .reason = "", .answered = "", .ticket = ""};
	struct column columns[COLUMNS];

	columns_of(&none, columns);
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "%s%s", i > 0 ? "," : "", columns[i].key);
	fputs("\r\n", out);
}

void receipt_csv(FILE *out, const struct receipt *receipt)
{
	struct column columns[COLUMNS];
	char when[MOMENT_TEXT_MAX];

	columns_of(receipt, columns);
	for (size_t i = 0; i < COLUMNS; i++) {
		fputs(i > 0 ? "," : "", out);
		if (columns[i].kind == NUMBER)
			fprintf(out, "%llu", (unsigned long long)columns[i].number);
		else if (columns[i].kind == TIME)
			fputs(moment_text(columns[i].number, when), out);
		else
			put_field(out, columns[i].text);
	}
	fputs("\r\n", out);
}

/* ---- JSON */

static json_t *time_of(uint64_t s)
{
	char when[MOMENT_TEXT_MAX];

	return s > 0 ? json_string(moment_text(s, when)) : json_null();
}

static json_t *text_of(const char *text)
{
	json_t *made = json_string(text);

	return made ? made : json_string("?");
}

json_t *receipt_json(const struct receipt *receipt)
{
	struct column columns[COLUMNS];
	json_t *root = json_object();

	columns_of(receipt, columns);
	for (size_t i = 0; i < COLUMNS; i++)
		json_object_set_new(root, columns[i].key,
				    columns[i].kind == NUMBER
					    ? json_integer((json_int_t)columns[i].number)
				    : columns[i].kind == TIME ? time_of(columns[i].number)
							      : text_of(columns[i].text));
	return root;
}
