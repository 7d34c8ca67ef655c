/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables: CSV (RFC 4180) and JSON, read row by row, of which some columns are wanted.
 *
 * CSV      Rows of cells, parted by a separator.  Blank lines, and lines that begin with '#' where
 * a row may begin, are comments; the names of the columns stand in the first row, or in a comment
 * before it. JSON     An array of objects; an object whose members are arrays of objects, or
 * objects; or objects one after the other (JSON lines).  A text in an array is a row of its own,
 * with a name alone.
 *
 * No more than a row is held in memory.  What is broken so that the rows behind cannot be told ends
 * the reading: nothing of such a file is to be used.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "line/word.h"

/* What a column is wanted for. */
enum table_cell {
	TABLE_NAME,
	TABLE_ADDRESS,
	TABLE_INSERT,
	TABLE_DELETE,
	TABLE_SCORE,
	TABLE_SINKHOLE,
	TABLE_FAMILY,
	TABLE_TICKET,
	TABLE_CELL_COUNT
};

/* Tables whose columns are known. */
enum table_preset {
	TABLE_PRESET_NONE,
	TABLE_PRESET_CERT_PL,
	TABLE_PRESET_THREATFOX,
	TABLE_PRESET_COUNT
};

/*
 * By what each column is found: its name, or several parted by '|', the first that is there; for
 * CSV also its number from 1 on.  Letters' case does not matter.  "" or NULL: what the preset says,
 * or it is not wanted.  The texts are the caller's.
 */
struct table_map {
	enum table_preset preset;
	const char *columns[TABLE_CELL_COUNT];
	char separator; /* of CSV; 0: found out from the first row */
};

/* The text that column `cell` is found by; NULL: it is not wanted.  `ret_given` (may be NULL): it
 * was not the preset that said so. */
const char *table_column(const struct table_map *map, enum table_cell cell, bool *ret_given);

/* Tells maps apart by which names rows have and by what dates these end; the same in each process.
 */
uint64_t table_map_mark(const struct table_map *map);

#define TABLE_ROW_BYTES_MAX ((size_t)256 << 10) /* a file with a longer row is refused */
#define TABLE_CELL_BYTES_MAX 4096U		/* what is longer is cut */

/* A row; the texts are valid during the call that is handed it. */
struct table_row {
	uint32_t line; /* of CSV: of the file, in which it begins; of JSON: which element it is */
	struct word cells[TABLE_CELL_COUNT]; /* text NULL: the row has none */
	bool odd;	    /* CSV: quotes out of place; JSON: no object, nor a text */
	const char *broken; /* why it cannot be read at all; NULL: it can */
};

/* What the rows come from and go to. */
struct table_ends {
	/* Octets of the file, at most `size`; 0 of them at its end.  What fails ends the reading.
	 */
	enum err (*read)(void *arg, char *buf, size_t size, size_t *ret_len);
	enum err (*row)(void *arg, const struct table_row *row);
	void *arg;
};

struct table_outcome {
	uint32_t lines; /* CSV: lines of the file; JSON: elements */
	bool open_end; /* the last line has no newline, where that may mean that some are missing */
};

/*
 * Reads all rows.  ERR_REFUSED with `text`, which names the line or element but not the file: a
 * column is not there, it is cut off, a row is too long, it is no JSON.  ERR_NOMEM, with `text`;
 * and what `ends` fail with, without.
 */
enum err table_read_csv(const struct table_map *map, const struct table_ends *ends,
			struct table_outcome *ret_outcome, struct err_text *text) MUST_CHECK;
enum err table_read_json(const struct table_map *map, const struct table_ends *ends,
			 struct table_outcome *ret_outcome, struct err_text *text) MUST_CHECK;

#endif
