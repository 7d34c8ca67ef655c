/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library reads one value at a time, each from where the one before has ended: it is given
 * octet by octet, and asks for none behind an object or a text.  What lies between the values is
 * read here, so that no more than one of them is held.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/columns.h"
#include "table/jsoncell.h"
#include "table/scan.h"

#define END (-1)

/* One value; what follows it is not looked at.  Integers that fit into no integer are no failure,
 * nor is a zero in a text. */
#define FLAGS (JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

struct json {
	const struct table_map *map;
	const struct table_ends *ends;
	struct table_outcome *outcome;
	struct err_text *text;
	uint32_t line;
	size_t value_bytes; /* of the value at hand */
	bool too_long;
	struct scan scan; /* of the value at hand */
	bool lines;	  /* values stand behind one another, each at the beginning of a line */
	char fault[JSON_ERROR_TEXT_LENGTH + 32];
	bool seen[TABLE_CELL_COUNT]; /* some element had it */
	enum err err;		     /* of reading */
	char numbers[TABLE_CELL_COUNT][JSONCELL_NUMBER_MAX];
	bool at_end;
	size_t pos;
	size_t have;
	char block[TABLE_ROW_BYTES_MAX];
};

static enum err refused(const struct json *json, const char *what)
{
	return err_set(json->text, ERR_REFUSED, "element %u, in line %u: %s", json->outcome->lines,
		       json->line, what);
}

/* ---- octets */

/* Reads on behind what is there, as far as there is room. */
static void fill(struct json *json)
{
	size_t len;

	memmove(json->block, json->block + json->pos, json->have - json->pos);
	json->have -= json->pos;
	json->pos = 0;
	while (!json->at_end && json->err == ERR_OK && json->have < sizeof(json->block)) {
		json->err = json->ends->read(json->ends->arg, json->block + json->have,
					     sizeof(json->block) - json->have, &len);
		if (json->err == ERR_OK) {
			json->at_end = len == 0;
			json->have += len;
		}
	}
}

/* The next octet, which stays; END: there is none, or it cannot be read. */
static int peek(struct json *json)
{
	if (json->pos == json->have && !json->at_end)
		fill(json);
	if (json->pos == json->have || json->err != ERR_OK)
		return END;
	return (unsigned char)json->block[json->pos];
}

static int next(struct json *json)
{
	int c = peek(json);

	if (c == END)
		return END;
	json->pos++;
	json->line += c == '\n';
	json->outcome->open_end = c != '\n';
	return c;
}

/* The first octet that is no white space, which stays. */
static int peek_token(struct json *json)
{
	int c = peek(json);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		(void)next(json);
		c = peek(json);
	}
	return c;
}

/* ---- where a value ends */

/* Moves behind a value that the library has given up.  False: it does not end. */
static bool skip_broken(struct json *json)
{
	const char *at = json->block + json->pos;
	char last = json->pos > 0 ? at[-1] : '\0';

	if (json->lines && json->scan.depth > 1 && json->pos > 1 && last == '{' && at[-2] == '\n') {
		json->pos--; /* the next one has begun */
		return true;
	}
	while (!scan_is_over(&json->scan) && !(json->lines && last == '\n' && peek(json) == '{')) {
		int c = next(json);

		if (c == END)
			return false;
		last = (char)c;
		scan_octet(&json->scan, last);
	}
	return json->err == ERR_OK;
}

/* ---- values */

static size_t give_octet(void *buffer, size_t size, void *arg)
{
	struct json *json = arg;
	int c;

	json->too_long = ++json->value_bytes > TABLE_ROW_BYTES_MAX;
	if (json->too_long || size == 0)
		return (size_t)-1;
	c = next(json);
	if (c == END)
		return json->err == ERR_OK ? 0 : (size_t)-1;
	*(char *)buffer = (char)c;
	scan_octet(&json->scan, (char)c);
	return 1;
}

static enum err value_failed(struct json *json, const json_error_t *error)
{
	if (json->err != ERR_OK)
		return json->err;
	if (json_error_code(error) == json_error_out_of_memory)
		return err_set(json->text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	if (json->too_long)
		return refused(json, "a value of more than 256 KiB");
	snprintf(json->fault, sizeof(json->fault), "is no JSON: %s", error->text);
	for (char *c = json->fault; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return refused(json, json->fault);
}

/* A value that begins with '{', '[' or '"'.  ERR_REFUSED with `fault` set: it is no JSON. */
static enum err read_value(struct json *json, json_t **ret_value)
{
	json_error_t error;

	json->value_bytes = 0;
	json->scan = (struct scan){.depth = 0};
	json->fault[0] = '\0';
	*ret_value = json_load_callback(give_octet, json, FLAGS, &error);
	return *ret_value ? ERR_OK : value_failed(json, &error);
}

static bool ends_word(int c)
{
	return c == END || strchr(" \t\r\n,]}", c);
}

/* A number, or a word such as null.  ERR_REFUSED with `fault` set: it is none. */
static enum err skip_word(struct json *json)
{
	bool word = true;
	size_t len = 0;

	for (; !ends_word(peek(json)); (void)next(json)) {
		word = word && strchr("+-.0123456789Eaeflnrstu", peek(json));
		len++;
	}
	json->fault[0] = '\0';
	if (word && len > 0 && len <= JSONCELL_NUMBER_MAX)
		return json->err;
	if (len > 0)
		snprintf(json->fault, sizeof(json->fault), "is no JSON: a word");
	return json->err == ERR_OK ? refused(json, "is no JSON") : json->err;
}

/* ---- rows */

/* The member that the column is found by; NULL: the object has none. */
static json_t *member_of(const struct table_map *map, enum table_cell cell, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (columns_is_name(map, cell, word_of(key)))
			return value;
	}
	return NULL;
}

static void read_cells(struct json *json, json_t *object, struct table_row *row)
{
	for (int i = 0; i < TABLE_CELL_COUNT; i++) {
		json_t *value = table_column(json->map, (enum table_cell)i, NULL)
					? member_of(json->map, (enum table_cell)i, object)
					: NULL;

		json->seen[i] = json->seen[i] || value;
		row->cells[i] = jsoncell_text(value, json->numbers[i]);
	}
}

/* Of an object a row, of a text one with a name alone. */
static enum err give_row(struct json *json, json_t *value)
{
	struct table_row row = {.line = json->outcome->lines};

	json->seen[TABLE_NAME] = json->seen[TABLE_NAME] || json_is_string(value);
	if (json_is_object(value))
		read_cells(json, value, &row);
	else if (json_is_string(value))
		row.cells[TABLE_NAME] = jsoncell_text(value, NULL);
	else
		row.odd = true;
	return json->ends->row(json->ends->arg, &row);
}

/* A row that is broken costs itself, if one can tell where it ends; so what is cut off is refused.
 */
static enum err give_broken(struct json *json, enum err err, bool ends)
{
	const struct table_row broken = {.line = json->outcome->lines, .broken = json->fault};

	if (err != ERR_REFUSED || !json->fault[0] || !ends)
		return err;
	if (json->text)
		json->text->text[0] = '\0';
	return json->ends->row(json->ends->arg, &broken);
}

static enum err read_odd(struct json *json)
{
	const struct table_row odd = {.line = json->outcome->lines, .odd = true};
	enum err err = skip_word(json);

	json->scan.cut = false;
	return err == ERR_OK ? json->ends->row(json->ends->arg, &odd)
			     : give_broken(json, err, peek(json) != END);
}

static enum err read_row(struct json *json)
{
	int c = peek_token(json);
	json_t *value = NULL;
	enum err err;

	json->outcome->lines++;
	if (c != '{' && c != '[' && c != '"')
		return read_odd(json);
	err = read_value(json, &value);
	if (err == ERR_OK)
		err = give_row(json, value);
	else
		err = give_broken(json, err, json->fault[0] && skip_broken(json));
	json_decref(value);
	return err;
}

/* ---- what rows stand in */

/* Behind a member of what ends with `end`: is there another?  A comma may have been in the text
 * that has ended with its line. */
static enum err read_comma(struct json *json, int end, bool *ret_more)
{
	int c = peek_token(json);

	*ret_more = c == '{' && json->scan.cut;
	if (*ret_more)
		return ERR_OK;
	if (c != ',' && c != end)
		return json->err != ERR_OK ? json->err
		       : c == END	   ? refused(json, "is cut off")
					   : refused(json, "is no JSON: ',' expected");
	(void)next(json);
	*ret_more = c == ',';
	return ERR_OK;
}

static enum err read_array(struct json *json)
{
	enum err err = ERR_OK;
	bool more;

	(void)next(json);
	more = peek_token(json) != ']';
	if (!more)
		(void)next(json);
	while (err == ERR_OK && more) {
		err = read_row(json);
		if (err == ERR_OK)
			err = read_comma(json, ']', &more);
	}
	return err;
}

/* "id": [...], "id": {...}, or what is no row. */
static enum err read_member(struct json *json)
{
	json_t *value = NULL;
	enum err err;

	if (peek_token(json) != '"')
		return refused(json, "is no JSON: the name of a member expected");
	err = read_value(json, &value);
	json_decref(value);
	value = NULL;
	if (err == ERR_OK && peek_token(json) != ':')
		err = refused(json, "is no JSON: ':' expected");
	if (err != ERR_OK)
		return err;
	(void)next(json);
	switch (peek_token(json)) {
	case '[':
		return read_array(json);
	case '{':
		return read_row(json);
	case '"':
		err = read_value(json, &value);
		json_decref(value);
		return err;
	default:
		return skip_word(json);
	}
}

static enum err read_object(struct json *json)
{
	enum err err = ERR_OK;
	bool more;

	(void)next(json);
	more = peek_token(json) != '}';
	if (!more)
		(void)next(json);
	while (err == ERR_OK && more) {
		err = read_member(json);
		if (err == ERR_OK)
			err = read_comma(json, '}', &more);
	}
	return err;
}

/* True when the object at hand is a row: it is all there, and has a name or an address. */
static bool is_row(struct json *json)
{
	json_t *value;
	bool row;

	fill(json);
	value = json_loadb(json->block + json->pos, json->have - json->pos, FLAGS, NULL);
	row = json_is_object(value) && (member_of(json->map, TABLE_NAME, value) ||
					member_of(json->map, TABLE_ADDRESS, value));
	if (!value)
		row = scan_is_before_another(json->block + json->pos, json->have - json->pos);
	json_decref(value);
	return row;
}

static enum err read_lines(struct json *json)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && peek_token(json) == '{')
		err = read_row(json);
	return err;
}

static enum err read_document(struct json *json)
{
	enum err err;

	switch (peek_token(json)) {
	case '[':
		err = read_array(json);
		break;
	case '{':
		json->lines = is_row(json);
		err = json->lines ? read_lines(json) : read_object(json);
		break;
	default:
		return json->err == ERR_OK ? refused(json, "is no JSON: '[' or '{' expected")
					   : json->err;
	}
	if (err == ERR_OK && peek_token(json) != END)
		err = refused(json, "is no JSON: something stands behind its end");
	json->outcome->open_end = json->outcome->open_end && json->lines;
	return err == ERR_OK ? json->err : err;
}

/* Of a file without elements nothing can be said. */
static enum err check_columns(const struct json *json)
{
	for (int i = 0; i < TABLE_CELL_COUNT && json->outcome->lines > 0; i++)
		if (columns_is_needed(json->map, (enum table_cell)i) && !json->seen[i])
			return err_set(json->text, ERR_REFUSED, "no element has a \"%s\"",
				       table_column(json->map, (enum table_cell)i, NULL));
	return ERR_OK;
}

enum err table_read_json(const struct table_map *map, const struct table_ends *ends,
			 struct table_outcome *ret_outcome, struct err_text *text)
{
	struct json *json = calloc(1, sizeof(*json));
	enum err err;

	if (!json)
		return err_set(text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	*ret_outcome = (struct table_outcome){.lines = 0};
	json->map = map;
	json->ends = ends;
	json->outcome = ret_outcome;
	json->text = text;
	json->line = 1;
	err = read_document(json);
	if (err == ERR_OK)
		err = check_columns(json);
	free(json);
	return err;
}
