/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file is given to the library line by line, so that each row is known by the line in which it
 * begins: one goes on behind a newline that stands in quotes.
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/columns.h"

#define NAMES_SHOWN_MAX 160

struct csv {
	const struct table_map *map;
	const struct table_ends *ends;
	struct table_outcome *outcome;
	struct err_text *text;
	struct csv_parser parser;
	int places[TABLE_CELL_COUNT]; /* of the columns; -1: not there */
	char separator;
	bool by_number;	  /* the columns are */
	bool knows;	  /* where the columns are */
	bool names;	  /* the row at hand has the columns' names */
	bool first;	  /* it is the first row */
	bool open;	  /* a row goes on in the next line */
	uint32_t begun;	  /* the line in which the row at hand begins */
	int field;	  /* fields of it so far */
	size_t row_bytes; /* octets of its lines */
	enum err err;
	struct word cells[TABLE_CELL_COUNT];
	char shown[NAMES_SHOWN_MAX]; /* the names of the columns that are there */
	char texts[TABLE_CELL_COUNT][TABLE_CELL_BYTES_MAX];
	size_t have; /* octets in the block */
	char block[TABLE_ROW_BYTES_MAX];
};

static enum err refused(const struct csv *csv, const char *what)
{
	return err_set(csv->text, ERR_REFUSED, "line %u: %s", csv->begun, what);
}

/* ---- what the library tells */

static void note_name(struct csv *csv, struct word name)
{
	size_t len = strlen(csv->shown);

	for (int cell = 0; cell < TABLE_CELL_COUNT; cell++)
		if (csv->places[cell] < 0 && columns_is_name(csv->map, (enum table_cell)cell, name))
			csv->places[cell] = csv->field;
	snprintf(csv->shown + len, sizeof(csv->shown) - len, "%s%.*s", len > 0 ? ", " : "",
		 (int)name.len, name.text);
}

static void on_field(void *field, size_t len, void *arg)
{
	struct csv *csv = arg;
	struct word word = {field ? field : "", field ? len : 0};

	if (csv->names)
		note_name(csv, word_trim(word));
	for (int cell = 0; !csv->names && cell < TABLE_CELL_COUNT; cell++) {
		if (csv->places[cell] != csv->field)
			continue;
		word.len = word.len < TABLE_CELL_BYTES_MAX ? word.len : TABLE_CELL_BYTES_MAX;
		memcpy(csv->texts[cell], word.text, word.len);
		csv->cells[cell] = word_trim((struct word){csv->texts[cell], word.len});
	}
	csv->field++;
}

/* Whatever the octets: the text is shown to people. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static enum err check_columns(struct csv *csv)
{
	for (int cell = 0; cell < TABLE_CELL_COUNT; cell++) {
		if (csv->places[cell] >= 0 || !columns_is_needed(csv->map, (enum table_cell)cell))
			continue;
		make_printable(csv->shown);
		return err_set(csv->text, ERR_REFUSED,
			       "line %u: has no column \"%s\"; those that are there: %s",
			       csv->begun, table_column(csv->map, (enum table_cell)cell, NULL),
			       csv->shown);
	}
	return ERR_OK;
}

/* Where columns are found by number, the first row may have their names: none of a host, which has
 * a dot. */
static bool is_header(const struct csv *csv)
{
	struct word name =
		csv->cells[TABLE_NAME].text ? csv->cells[TABLE_NAME] : csv->cells[TABLE_ADDRESS];

	return csv->first && csv->by_number && !word_has(name, '.') && !word_has(name, ':');
}

static void give_row(struct csv *csv)
{
	struct table_row row = {.line = csv->begun};

	memcpy(row.cells, csv->cells, sizeof(row.cells));
	if (csv->places[TABLE_ADDRESS] == csv->places[TABLE_NAME])
		row.cells[TABLE_ADDRESS] = row.cells[TABLE_NAME];
	csv->err = csv->ends->row(csv->ends->arg, &row);
}

static void begin_row(struct csv *csv)
{
	csv->field = 0;
	memset(csv->cells, 0, sizeof(csv->cells));
}

static void on_row(int end, void *arg)
{
	struct csv *csv = arg;

	(void)end;
	csv->open = false;
	if (csv->err != ERR_OK)
		return;
	if (csv->names)
		csv->err = check_columns(csv);
	else if (!is_header(csv))
		give_row(csv);
	csv->knows = csv->knows || csv->err == ERR_OK;
	csv->names = false;
	csv->first = false;
	begin_row(csv);
}

/* ---- lines */

static bool is_empty(const char *line, size_t len)
{
	return word_trim((struct word){line, len}).len == 0;
}

/* The one that parts most of the first row. */
static void choose_separator(struct csv *csv, struct word line)
{
	static const char separators[] = ",\t;|";
	size_t most = 0;
	char separator = csv->map->separator ? csv->map->separator : ',';

	for (const char *s = separators; *s && !csv->map->separator; s++) {
		size_t count = 0;

		for (size_t i = 0; i < line.len; i++)
			count += line.text[i] == *s;
		if (count > most)
			separator = *s;
		most = count > most ? count : most;
	}
	csv->separator = separator;
	csv_set_delim(&csv->parser, (unsigned char)separator);
}

/* Begins the library anew, at the beginning of a row. */
static enum err begin_parser(struct csv *csv)
{
	csv_free(&csv->parser);
	csv->open = false;
	csv->names = false;
	begin_row(csv);
	/* quotes out of place would else have the rows behind be part of one cell */
	if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return err_set(csv->text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	csv_set_delim(&csv->parser, (unsigned char)csv->separator);
	return ERR_OK;
}

/* A row with quotes out of place is told, if it is known where the next one begins. */
static enum err give_odd_row(struct csv *csv)
{
	const struct table_row row = {.line = csv->begun, .odd = true};
	enum err err;

	if (csv_error(&csv->parser) == CSV_ENOMEM)
		return err_set(csv->text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	if (csv->names || csv->begun != csv->outcome->lines)
		return refused(csv, "the row that begins here has quotes out of place");
	err = begin_parser(csv);
	csv->first = false;
	return err == ERR_OK ? csv->ends->row(csv->ends->arg, &row) : err;
}

static enum err give_line(struct csv *csv, const char *line, size_t len)
{
	csv->row_bytes += len;
	if (csv->row_bytes > TABLE_ROW_BYTES_MAX)
		return refused(csv, "a row of more than 256 KiB: a quote may be missing");
	csv->open = true;
	if (csv_parse(&csv->parser, line, len, on_field, on_row, csv) != len)
		return give_odd_row(csv);
	return csv->err;
}

/* A comment may have the names of the columns: tried where each quote of it is closed. */
static enum err try_comment(struct csv *csv, struct word line)
{
	struct word comment = word_trim(line);
	enum err err = ERR_OK;
	size_t quotes = 0;

	while (comment.len > 0 && (comment.text[0] == '#' || is_blank(comment.text[0])))
		comment = word_from(comment, 1);
	for (size_t i = 0; i < comment.len; i++)
		quotes += comment.text[i] == '"';
	if (csv->knows || quotes % 2 != 0 || comment.len == 0)
		return ERR_OK;
	choose_separator(csv, comment);
	csv->names = true;
	csv->row_bytes = 0;
	err = give_line(csv, comment.text, comment.len);
	if (err == ERR_OK)
		err = give_line(csv, "\n", 1);
	csv->first = true;
	if (err != ERR_REFUSED && (err != ERR_OK || !csv->open))
		return err;
	for (int cell = 0; cell < TABLE_CELL_COUNT; cell++)
		csv->places[cell] = -1;
	csv->shown[0] = '\0';
	csv->err = ERR_OK;
	if (csv->text) /* that was tried, and is no failure */
		csv->text->text[0] = '\0';
	return begin_parser(csv);
}

static enum err take_line(struct csv *csv, const char *line, size_t len)
{
	csv->outcome->lines++;
	if (csv->open)
		return give_line(csv, line, len);
	csv->begun = csv->outcome->lines;
	if (is_empty(line, len))
		return ERR_OK;
	if (line[0] == '#')
		return try_comment(csv, (struct word){line, len});
	if (csv->first) {
		choose_separator(csv, (struct word){line, len});
		csv->names = !csv->knows && !csv->by_number;
	}
	csv->row_bytes = 0;
	return give_line(csv, line, len);
}

/* Takes the lines of the block, at the file's end the last one as well. */
static enum err take_block(struct csv *csv, bool at_end)
{
	size_t pos = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && pos < csv->have) {
		const char *line = csv->block + pos;
		const char *newline = memchr(line, '\n', csv->have - pos);
		size_t len = newline ? (size_t)(newline - line) + 1 : csv->have - pos;

		if (!newline && !at_end)
			break;
		csv->outcome->open_end = !newline;
		err = take_line(csv, line, len);
		pos += len;
	}
	csv->have -= pos;
	memmove(csv->block, csv->block + pos, csv->have);
	if (err == ERR_OK && csv->have == sizeof(csv->block)) {
		csv->begun = csv->outcome->lines + 1;
		return refused(csv, "a line of more than 256 KiB");
	}
	return err;
}

/* The rest of the last row. */
static enum err end_rows(struct csv *csv)
{
	if (csv_fini(&csv->parser, on_field, on_row, csv) != 0)
		return refused(csv, "is cut off: the row that begins here ends within quotes");
	return csv->err;
}

static enum err read_lines(struct csv *csv)
{
	enum err err = ERR_OK;
	size_t len = 1;

	while (err == ERR_OK && len > 0) {
		err = csv->ends->read(csv->ends->arg, csv->block + csv->have,
				      sizeof(csv->block) - csv->have, &len);
		if (err == ERR_OK) {
			csv->have += len;
			err = take_block(csv, len == 0);
		}
	}
	return err == ERR_OK ? end_rows(csv) : err;
}

static void find_numbers(struct csv *csv)
{
	for (int cell = 0; cell < TABLE_CELL_COUNT; cell++) {
		csv->places[cell] = columns_number(csv->map, (enum table_cell)cell);
		csv->by_number = csv->by_number || csv->places[cell] >= 0;
	}
	csv->knows = csv->by_number;
}

enum err table_read_csv(const struct table_map *map, const struct table_ends *ends,
			struct table_outcome *ret_outcome, struct err_text *text)
{
	struct csv *csv = calloc(1, sizeof(*csv));
	enum err err;

	if (!csv)
		return err_set(text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	*ret_outcome = (struct table_outcome){.lines = 0};
	csv->map = map;
	csv->ends = ends;
	csv->outcome = ret_outcome;
	csv->text = text;
	csv->first = true;
	csv->begun = 1;
	csv->separator = ',';
	find_numbers(csv);
	err = csv->by_number ? check_columns(csv) : ERR_OK;
	if (err == ERR_OK)
		err = begin_parser(csv);
	if (err == ERR_OK)
		err = read_lines(csv);
	csv_free(&csv->parser);
	free(csv);
	return err;
}
