/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/rows.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dns/ede.h"
#include "list/addrtake.h"
#include "list/listguess.h"
#include "table/cell.h"
#include "table/table.h"

#define TYPE_A 1
#define TYPE_AAAA 28

/* ---- what a row is not taken for */

/* When the row is not in force, it is told when it will be otherwise. */
static void note_due(struct reader *reader, uint64_t s)
{
	uint64_t *due_s = &reader->report->due_s;

	if (s > reader->options->rows.now_s && (*due_s == 0 || s < *due_s))
		*due_s = s;
}

/* The row is over by this clock, which may be put back. */
static void note_over_since(struct reader *reader, uint64_t s)
{
	if (s > reader->report->over_s)
		reader->report->over_s = s;
}

/* Whether the row is in force by its dates; `ret_over`: it was until its delete date. */
static enum list_reason judge_dates(struct reader *reader, const struct table_row *row,
				    bool *ret_over)
{
	const struct listfile_rows *rows = &reader->options->rows;
	uint64_t insert_s = 0;
	uint64_t delete_s = 0;

	if (cell_time(row->cells[TABLE_INSERT], &insert_s) != ERR_OK ||
	    cell_time(row->cells[TABLE_DELETE], &delete_s) != ERR_OK)
		return LINE_DATE;
	*ret_over = delete_s > 0 && delete_s <= rows->now_s && !rows->keeps;
	if (*ret_over) {
		note_over_since(reader, delete_s);
		return LINE_OVER;
	}
	note_due(reader, insert_s);
	if (!rows->keeps)
		note_due(reader, delete_s);
	return insert_s > rows->now_s ? LINE_EARLY : LIST_REASON_COUNT;
}

static enum list_reason judge_score(const struct reader *reader, const struct table_row *row)
{
	const struct listfile_rows *rows = &reader->options->rows;
	struct word cell = row->cells[TABLE_SCORE];
	uint32_t score = 0;

	if (!table_column(&rows->map, TABLE_SCORE, NULL))
		return LIST_REASON_COUNT;
	if (cell_score(cell, &score) != ERR_OK)
		return LINE_SCORE_INVALID;
	return score < rows->least_score || (rows->below_score > 0 && score >= rows->below_score)
		       ? LINE_SCORE
		       : LIST_REASON_COUNT;
}

static enum list_reason judge_row(struct reader *reader, const struct table_row *row,
				  bool *ret_over)
{
	enum list_reason reason;

	if (row->odd)
		return LINE_NO_ROW;
	if (row->cells[TABLE_NAME].len == 0 && row->cells[TABLE_ADDRESS].len == 0)
		return LINE_NO_CELL;
	reason = judge_score(reader, row);
	return reason == LIST_REASON_COUNT ? judge_dates(reader, row, ret_over) : reason;
}

static enum err not_taken(struct reader *reader, enum list_reason reason, struct word text)
{
	reader->rule.reason = reason;
	return reader_not_taken(reader, reason < LIST_REASON_SKIP ? LISTLINE_BAD : LISTLINE_SKIPPED,
				text.text ? text.text : "", text.len);
}

/* ---- what a row gives */

/* The address that the row has answered. */
static bool set_answer(struct word cell, struct listline_rule *rule)
{
	char text[64] = "";
	struct ip ip;

	if (cell.len >= sizeof(text) || memchr(cell.text, '\0', cell.len))
		return false;
	memcpy(text, cell.text, cell.len);
	if (ip_parse(text, &ip) != ERR_OK)
		return false;
	rule->kind.answer = DOMSET_ANSWER_DATA;
	rule->gives.type = ip.family == AF_INET ? TYPE_A : TYPE_AAAA;
	rule->gives.rdlen = ip.family == AF_INET ? 4 : 16;
	memcpy(rule->gives.rdata, ip.bytes, rule->gives.rdlen);
	return true;
}

/* A name whose date has come: who compares is told that it was not lifted by accident. */
static enum err note_over(struct reader *reader)
{
	struct domset_builder *over = reader->options->rows.over;
	const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	enum err err = ERR_OK;

	if (over)
		err = domset_builder_add(over, &reader->rule.owner, &kind, 1);
	return err == ERR_OK ? ERR_OK : reader_failed(reader, err);
}

static enum err take_name(struct reader *reader, const struct table_row *row, struct word host,
			  bool over)
{
	struct word sinkhole = row->cells[TABLE_SINKHOLE];
	struct listline line;
	enum listline_verdict verdict;

	listline_init(&line, LIST_FORMAT_NAMES, reader->options->exact, host.text, host.len);
	verdict = listline_next(&line, &reader->rule);
	if (verdict == LISTLINE_END || (verdict == LISTLINE_RULE && reader->rule.pattern.len > 0))
		return not_taken(reader, LINE_CHAR, host);
	if (verdict != LISTLINE_RULE)
		return reader_not_taken(reader, verdict, host.text, host.len);
	if (over) {
		enum err err = note_over(reader);

		return err == ERR_OK ? not_taken(reader, LINE_OVER, host) : err;
	}
	if (sinkhole.len > 0 && !set_answer(sinkhole, &reader->rule))
		return not_taken(reader, LINE_SINKHOLE, sinkhole);
	return reader_take_rule(reader, host.text, host.len);
}

/* What stands in a column of names, or of addresses: either may be. */
static enum err take_cell(struct reader *reader, const struct table_row *row, struct word cell,
			  bool over)
{
	struct cell_host host = cell_host_of(cell);
	struct addrline_range range;

	if (host.is_hash)
		return not_taken(reader, LINE_HASH, cell);
	if (host.is_url && !reader->options->rows.urls)
		return not_taken(reader, LINE_PART, cell);
	if (!cell_is_plain(host.text))
		return not_taken(reader, LINE_CHAR, cell);
	if (!addrtake_is_range(reader->options, host.text, &range))
		return take_name(reader, row, host.text, over);
	/* what is compared are names: of a list that nobody may weaken addresses stay */
	return over && !reader->options->rows.over
		       ? not_taken(reader, LINE_OVER, cell)
		       : reader_take_range(reader, &range, cell.text, cell.len);
}

static enum err take_cells(struct reader *reader, const struct table_row *row, bool over)
{
	struct word name = row->cells[TABLE_NAME];
	struct word address = row->cells[TABLE_ADDRESS];
	enum err err = ERR_OK;

	if (name.len > 0)
		err = take_cell(reader, row, name, over);
	if (err == ERR_OK && address.len > 0 && address.text != name.text)
		err = take_cell(reader, row, address, over);
	return err;
}

/* ---- what a row says of its rule */

#define SAID_MAX 512U /* octets of a cell that are looked at */

/* What of the cell may be shown to people; "": it says that there is nothing. */
static void read_said(struct word cell, char ret_text[LOCALDATA_NOTE_MAX + 1])
{
	static const char *const nothing[] = {"null", "none", "-"};
	char text[SAID_MAX];

	ret_text[0] = '\0';
	if (!cell.text)
		return;
	cell = word_trim(cell);
	cell.len = cell.len < SAID_MAX ? cell.len : SAID_MAX - 1;
	for (size_t i = 0; i < cell.len; i++)
		text[i] = cell.text[i] ? cell.text[i] : '?';
	text[cell.len] = '\0';
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (strcasecmp(text, nothing[i]) == 0)
			text[0] = '\0';
	ede_clean_text(text, ret_text, LOCALDATA_NOTE_MAX + 1);
}

/* Rows behind one another mostly say the same. */
static enum err read_note(struct reader *reader, const struct table_row *row)
{
	struct localdata *notes = reader->options->rows.notes;
	struct localdata_note note = {.family = ""};

	read_said(row->cells[TABLE_FAMILY], note.family);
	read_said(row->cells[TABLE_TICKET], note.ticket);
	if (!notes || (strcmp(note.family, reader->take.note.family) == 0 &&
		       strcmp(note.ticket, reader->take.note.ticket) == 0))
		return ERR_OK;
	reader->take.note = note;
	return localdata_put_note(notes, &note, &reader->take.note_number);
}

/* ---- the ends of a table */

static enum err take_row(void *arg, const struct table_row *row)
{
	struct reader *reader = arg;
	bool over = false;
	enum list_reason reason;
	enum err err;
	struct word text = row->cells[TABLE_NAME];

	reader_begin_line(reader, row->line);
	reader->report->told++;
	if (row->broken)
		return not_taken(reader, LINE_BROKEN,
				 (struct word){row->broken, strlen(row->broken)});
	reason = judge_row(reader, row, &over);
	if (reason != LIST_REASON_COUNT && !over)
		return not_taken(reader, reason, text.text ? text : row->cells[TABLE_ADDRESS]);
	err = read_note(reader, row);
	return err == ERR_OK ? take_cells(reader, row, over) : reader_failed(reader, err);
}

static enum err read_block(void *arg, char *buf, size_t size, size_t *ret_len)
{
	struct reader *reader = arg;
	size_t len;
	enum err err = ERR_OK;

	if (reader->have == 0 && !reader->at_end)
		err = reader_fill(reader);
	if (err != ERR_OK)
		return err;
	len = reader->have < size ? reader->have : size;
	memcpy(buf, reader->block.base, len);
	memmove(reader->block.base, reader->block.base + len, reader->have - len);
	reader->have -= len;
	*ret_len = len;
	return ERR_OK;
}

static void pass_bom(struct reader *reader)
{
	size_t bom = listguess_bom((const char *)reader->block.base, reader->have);

	memmove(reader->block.base, reader->block.base + bom, reader->have - bom);
	reader->have -= bom;
}

enum err rows_take_file(struct reader *reader)
{
	const struct table_map *map = &reader->options->rows.map;
	const struct table_ends ends = {.read = read_block, .row = take_row, .arg = reader};
	struct table_outcome outcome;
	struct err_text what = {""};
	enum err err;

	pass_bom(reader);
	err = reader->report->format == LIST_FORMAT_CSV
		      ? table_read_csv(map, &ends, &outcome, &what)
		      : table_read_json(map, &ends, &outcome, &what);
	if (err != ERR_OK && *what.text)
		return err_set(reader->text, err, "%s: %s", reader->options->path, what.text);
	reader->report->lines = outcome.lines;
	reader->report->open_end = outcome.open_end;
	return err;
}
