/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of a table by what they are found by. */
#ifndef TABLE_COLUMNS_H
#define TABLE_COLUMNS_H

#include "table/table.h"

/* True when the column of `cell` may be called `name`. */
bool columns_is_name(const struct table_map *map, enum table_cell cell, struct word name);

/* The number that the column is found by, from 0 on; -1: it is found by name, or not wanted. */
int columns_number(const struct table_map *map, enum table_cell cell);

/* True when a file without the column is refused: it was asked for, or rows are nothing without. */
bool columns_is_needed(const struct table_map *map, enum table_cell cell);

static inline struct word word_of(const char *text)
{
	return (struct word){text, strlen(text)};
}

#endif
