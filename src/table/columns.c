/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/columns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"

/* As the publishers call them in their CSV and their JSON. */
static const char *const presets[TABLE_PRESET_COUNT][TABLE_CELL_COUNT] = {
	[TABLE_PRESET_CERT_PL] = {[TABLE_NAME] = "AdresDomeny|DomainAddress",
				  [TABLE_INSERT] = "DataWpisu|InsertDate",
				  [TABLE_DELETE] = "DataWykreslenia|DeleteDate"},
	[TABLE_PRESET_THREATFOX] = {[TABLE_NAME] = "ioc_value|ioc",
				    [TABLE_ADDRESS] = "ioc_value|ioc",
				    [TABLE_SCORE] = "confidence_level",
				    [TABLE_FAMILY] = "malware_printable|malware|fk_malware"},
};

const char *table_column(const struct table_map *map, enum table_cell cell, bool *ret_given)
{
	bool given = map->columns[cell] && *map->columns[cell];

	if (ret_given)
		*ret_given = given;
	return given ? map->columns[cell] : presets[map->preset][cell];
}

uint64_t table_map_mark(const struct table_map *map)
{
	static const enum table_cell cells[] = {TABLE_NAME, TABLE_ADDRESS, TABLE_DELETE};
	static const struct hash_key key = {0, 0};
	struct hash_state state = hash_begin(&key);

	hash_word(&state, (unsigned char)map->separator);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		const char *text = table_column(map, cells[i], NULL);
		const size_t len = text ? strlen(text) : 0;

		hash_word(&state, len);
		hash_octets(&state, text ? text : "", len);
	}
	return hash_end(state);
}

/* Walks the names of "a|b": the next one in `ret_name`; false: there is none.  `rest` begins as the
 * whole text. */
static bool next_name(struct word *rest, struct word *ret_name)
{
	if (rest->len == 0)
		return false;
	*ret_name = word_trim(word_cut(rest, '|'));
	return true;
}

bool columns_is_name(const struct table_map *map, enum table_cell cell, struct word name)
{
	const char *text = table_column(map, cell, NULL);
	struct word rest = text ? word_of(text) : (struct word){NULL, 0};
	struct word wanted;

	while (next_name(&rest, &wanted))
		if (wanted.len > 0 && wanted.len == name.len &&
		    strncasecmp(wanted.text, name.text, name.len) == 0)
			return true;
	return false;
}

int columns_number(const struct table_map *map, enum table_cell cell)
{
	const char *text = table_column(map, cell, NULL);

	if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 4)
		return -1;
	return (int)strtol(text, NULL, 10) - 1;
}

bool columns_is_needed(const struct table_map *map, enum table_cell cell)
{
	bool given;
	const char *text = table_column(map, cell, &given);

	return text && (given || cell == TABLE_NAME || cell == TABLE_SCORE);
}
