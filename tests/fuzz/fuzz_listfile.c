/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as the file of a list, compressed or not: it is refused or taken, and what was taken
 * can be asked for.  The counts agree: each line that says something is a rule's, bad or skipped,
 * and a list read twice, for what it takes back, is told of once.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "list/listfile.h"

#define FILE_MAX ((size_t)64 << 10) /* what is compressed may become much more */

static char path[] = "/tmp/sinkholed-fuzz.XXXXXX";

static void forget_file(void)
{
	unlink(path);
}

static void write_file(const uint8_t *data, size_t size)
{
	static bool made;
	FILE *file;

	if (!made) {
		int fd = mkstemp(path);

		require(fd >= 0 && atexit(forget_file) == 0);
		close(fd);
		made = true;
	}
	file = fopen(path, "we");
	require(file && (size == 0 || fwrite(data, 1, size, file) == size));
	require(fclose(file) == 0);
}

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
	struct listfile_options options = {.path = path};
	struct domset_builder *builder;
	struct list_report report;
	struct err_text text;
	enum err err;

	if (size > FILE_MAX)
		return 0;
	write_file(data, size);
	require(domset_builder_create(&key, &builder) == ERR_OK);
	require(domset_builder_begin(builder, 0) == ERR_OK);
	err = listfile_load(&options, builder, &report, &text);
	if (err == ERR_OK) {
		require(report.told <= report.lines && report.bad <= report.told);
		require(report.skipped <= report.told && report.exceptions <= report.entries);
		check_set(builder, &report);
	} else {
		require(err == ERR_REFUSED && strncmp(text.text, path, strlen(path)) == 0);
	}
	domset_builder_free(builder);
	return 0;
}
