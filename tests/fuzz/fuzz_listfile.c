/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as the file of a list, compressed or not: it is refused or taken, and what was taken
 * can be asked for.  The counts agree: each line that says something is a rule's, bad or skipped,
 * and a list read twice, for what it takes back, is told of once.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "list/listfile.h"
#include "memfile.h"

#define FILE_MAX ((size_t)64 << 10) /* what is compressed may become much more */

static void check_set(struct domset_builder *builder, const struct list_report *report)
{
	struct domset_count count;
	struct domset_iter iter;
	struct domset_rule rule;
	struct domset *set;
	uint32_t rules = 0;

	require(domset_builder_freeze(builder, &set) == ERR_OK);
	count = domset_count(set, 0);
	require(count.rules + count.duplicates == report->entries);
	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		require(rule.line >= 1 && rule.line <= report->lines);
		require(rule.kind.answer < DOMSET_ANSWER_COUNT);
		rules++;
	}
	require(rules + domset_patterns(set) == count.rules);
	domset_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hash_key key = {1, 2};
	struct listfile_options options = {.format = LIST_FORMAT_AUTO};
	struct domset_builder *builder;
	struct list_report report;
	struct err_text text;
	enum err err;

	if (size > FILE_MAX)
		return 0;
	options.path = memfile(data, size);
	require(domset_builder_create(&key, &builder) == ERR_OK);
	require(domset_builder_begin(builder, 0) == ERR_OK);
	err = listfile_load(&options, builder, &report, &text);
	if (err == ERR_OK) {
		require(report.told <= report.lines && report.bad <= report.told);
		require(report.skipped <= report.told && report.exceptions <= report.entries);
		check_set(builder, &report);
	} else {
		require(err == ERR_REFUSED &&
			strncmp(text.text, options.path, strlen(options.path)) == 0);
	}
	domset_builder_free(builder);
	return 0;
}
