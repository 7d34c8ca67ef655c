/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <string.h>

#include "conf/error.h"
#include "conf/row.h"

struct change {
	struct conf_place place; /* only its option is used */
	conf_option_fn *fn;
	void *arg;
	size_t count;
};

static bool value_equal(const struct conf_row *row, const void *a, const void *b)
{
	return row->form.type->owned ? strcmp(*(char *const *)a, *(char *const *)b) == 0
				     : memcmp(a, b, row->size) == 0;
}

/* True when a row of values holds the same in both. */
static bool row_equal(const struct conf_row *row, const void *running, const void *wanted)
{
	struct conf_values a = conf_row_values(row, running);
	struct conf_values b = conf_row_values(row, wanted);

	for (size_t i = 0; i < a.count && a.count == b.count; i++) {
		if (!value_equal(row, a.items + i * row->size, b.items + i * row->size))
			return false;
	}
	return a.count == b.count;
}

/* Items of lists of sections have no options that need a restart. */
static void compare_section(struct change *change, const struct conf_section *section,
			    const void *running, const void *wanted)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		size_t before = conf_place_enter(&change->place, row->key);

		if (row->kind == CONF_KIND_SECTION) {
			compare_section(change, row->section, conf_row_values(row, running).items,
					conf_row_values(row, wanted).items);
		} else if (row->restart && !row_equal(row, running, wanted)) {
			change->count++;
			if (change->fn)
				change->fn(change->arg, change->place.option);
		}
		conf_place_leave(&change->place, before);
	}
}

size_t conf_restart_needed(const struct conf *running, const struct conf *wanted,
			   conf_option_fn *fn, void *arg)
{
	struct change change = {.fn = fn, .arg = arg};

	compare_section(&change, &conf_section_main, running, wanted);
	return change.count;
}
