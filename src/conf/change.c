/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "conf/error.h"
#include "conf/schema.h"
#include "conf/type.h"

struct change {
	struct conf_place place; /* only its option is used */
	conf_option_fn *fn;
	void *arg;
	size_t count;
};

/* True when a row of values holds the same in both. */
static bool row_equal(const struct conf_row *row, const void *running, const void *wanted)
{
	size_t count = conf_row_count(row, running);

	if (conf_row_count(row, wanted) != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!conf_type_of(row)->equal(conf_row_item(row, running, i),
					      conf_row_item(row, wanted, i)))
			return false;
	}
	return true;
}

/* Items of lists of sections have no options that need a restart. */
static void compare_section(struct change *change, const struct conf_section *section,
			    const void *running, const void *wanted)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		size_t before = conf_place_enter(&change->place, row->key);

		if (row->kind == CONF_KIND_SECTION) {
			compare_section(change, row->section, conf_row_item(row, running, 0),
					conf_row_item(row, wanted, 0));
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
