/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "conf/conf.h"
#include "conf/row.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The macros make declarations and designators, in which parentheses cannot stand. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
/* clang-format off */

#define RESTART_RELOAD  false
#define RESTART_RESTART true

#define ROW(part, field, key, type, ...) ROW_EXPAND(CONF_TYPE_##type, part, field, key, __VA_ARGS__)
#define ROW_EXPAND(...)                  ROW_OF(__VA_ARGS__)
#define ROW_OF(sort, ctype, known, part, field, name, fallback, low, high, units, apply, text)     \
	{                                                                                          \
		.key = name, .def = fallback, .help = text, .least = low, .most = high,            \
		.restart = RESTART_##apply, .kind = CONF_KIND_##sort,                              \
		.offset = offsetof(struct conf_##part, field), .size = sizeof(ctype),              \
		KNOWN_##sort(known, ctype, units, low, high, fallback)                             \
	},
#define KNOWN_VALUE(known, ctype, units, low, high, fallback)                                      \
	.form = {&value_type_##known, units, low, high, sizeof(ctype), (fallback) != NULL}
#define KNOWN_VALUES(known, ctype, ...)                                                            \
	.form = {&value_type_##known, "", 0, CONF_TEXT_MAX, sizeof(ctype), false}
#define KNOWN_SECTION(known, ...)  .section = &conf_section_##known
#define KNOWN_SECTIONS(known, ...) .section = &conf_section_##known

#define conf_main conf /* the struct of the whole file */

/* clang-format on */

#define TABLE(linkage, part, ROWS)                                                                 \
	static const struct conf_row rows_##part[] = {ROWS(ROW)};                                  \
	linkage const struct conf_section conf_section_##part = {                                  \
		.rows = rows_##part,                                                               \
		.count = COUNT(rows_##part),                                                       \
	};
#define PART(part, ROWS) TABLE(static, part, ROWS)

CONF_SECTIONS(PART)
TABLE(, main, CONF_ROWS_MAIN)
/* NOLINTEND(bugprone-macro-parentheses) */

const struct conf_row *conf_row_find(const struct conf_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->rows[i].key, key) == 0)
			return &section->rows[i];
	return NULL;
}

bool conf_row_is_list(const struct conf_row *row)
{
	return row->kind == CONF_KIND_VALUES || row->kind == CONF_KIND_SECTIONS;
}

_Static_assert(sizeof(struct conf_values) == sizeof(void *) + sizeof(size_t),
	       "a pointer and the count behind it have no gap between them");

struct conf_values conf_row_values(const struct conf_row *row, const void *base)
{
	struct conf_values values = {.items = (const char *)base + row->offset, .count = 1};

	if (conf_row_is_list(row))
		memcpy(&values, values.items, sizeof(values));
	return values;
}
