/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h as data. */
#ifndef CONF_ROW_H
#define CONF_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"

enum conf_kind { CONF_KIND_VALUE, CONF_KIND_VALUES, CONF_KIND_SECTION, CONF_KIND_SECTIONS };

/* A row; what it stands for is in struct conf_<section>, `offset` octets behind its begin. */
struct conf_row {
	const char *key;
	const char *def;
	const char *help;
	uint64_t least; /* bounds of the items of a list */
	uint64_t most;
	struct value_form form;		    /* of the kinds VALUE and VALUES */
	const struct conf_section *section; /* of the kinds SECTION and SECTIONS */
	size_t offset;
	size_t size; /* octets of one value, or of one section's struct */
	enum conf_kind kind;
	bool restart;
};

struct conf_section {
	const struct conf_row *rows;
	size_t count;
};

/* The rows of the whole file. */
extern const struct conf_section conf_section_main;

/* The row of a section by its key; NULL when there is none. */
const struct conf_row *conf_row_find(const struct conf_section *section, const char *key);

/* True for the kinds of which there can be several. */
bool conf_row_is_list(const struct conf_row *row);

/* What a row stands for: `count` values or sections of row->size octets each.  A list's pointer
 * and count are laid out the same in struct conf_<section>. */
struct conf_values {
	const char *items;
	size_t count;
};

/* Those in `base`, a struct conf_<section>: one, unless the row is a list. */
struct conf_values conf_row_values(const struct conf_row *row, const void *base);

#endif
