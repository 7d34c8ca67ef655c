/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as a table, in parts of any size: it is refused with a text, or read to its end, and
 * each row tells what lies in it, line after line.  The first octet chooses the columns and the
 * size of the parts; the rest is the table.
 */
#ifndef FUZZ_TABLE_H
#define FUZZ_TABLE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "table/cell.h"
#include "table/table.h"

struct octets {
	const uint8_t *data;
	size_t len;
	size_t part;
	uint32_t line; /* of the row before */
};

static enum err read_octets(void *arg, char *buf, size_t size, size_t *ret_len)
{
	struct octets *octets = arg;
	size_t len = octets->len < octets->part ? octets->len : octets->part;

	require(size > 0);
	len = len < size ? len : size;
	if (len > 0)
		memcpy(buf, octets->data, len);
	octets->data += len;
	octets->len -= len;
	*ret_len = len;
	return ERR_OK;
}

static void check_cell(struct word cell)
{
	struct cell_host host = cell_host_of(cell);
	uint32_t score;
	uint64_t s;

	require(host.text.len <= cell.len);
	require(host.text.len == 0 || (host.text.text >= cell.text &&
				       host.text.text + host.text.len <= cell.text + cell.len));
	(void)cell_is_plain(host.text);
	if (cell_time(cell, &s) == ERR_OK)
		require(s < 1000000000000ULL);
	if (cell_score(cell, &score) != ERR_OK)
		return;
	require(cell.len > 0);
}

static enum err check_row(void *arg, const struct table_row *row)
{
	struct octets *octets = arg;

	require(row->line >= octets->line && row->line >= 1);
	octets->line = row->line;
	for (int i = 0; i < TABLE_CELL_COUNT; i++) {
		require(row->cells[i].len <= TABLE_CELL_BYTES_MAX);
		require(row->cells[i].text || row->cells[i].len == 0);
		if (row->cells[i].text)
			check_cell(row->cells[i]);
	}
	return ERR_OK;
}

typedef enum err table_fn(const struct table_map *map, const struct table_ends *ends,
			  struct table_outcome *ret_outcome, struct err_text *text);

static const struct table_map table_maps[] = {
	{.preset = TABLE_PRESET_CERT_PL},
	{.preset = TABLE_PRESET_THREATFOX},
	{.columns = {[TABLE_NAME] = "1", [TABLE_DELETE] = "2", [TABLE_SINKHOLE] = "1"}},
	{.columns = {[TABLE_NAME] = "name|x", [TABLE_SCORE] = "score"}, .separator = '\t'},
};

static int fuzz_table(table_fn *read, const uint8_t *data, size_t size)
{
	struct octets octets = {.len = size - 1};
	const struct table_ends ends = {.read = read_octets, .row = check_row, .arg = &octets};
	struct table_outcome outcome;
	struct err_text text = {""};
	enum err err;

	if (size == 0)
		return 0;
	octets.data = data + 1;
	octets.part = data[0] & 4 ? 1 + data[0] / 8U : SIZE_MAX;
	err = read(&table_maps[data[0] % 4], &ends, &outcome, &text);
	require(err == ERR_OK || err == ERR_REFUSED);
	require((err == ERR_OK) == (text.text[0] == '\0'));
	for (const char *c = text.text; *c; c++)
		require(*c >= ' ' && *c <= '~');
	require(err != ERR_OK || octets.line <= outcome.lines);
	return 0;
}

#endif
