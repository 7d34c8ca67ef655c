/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A zone of any octets comes to rules with proper names, whose records are whole, and to a report
 * that adds up; and a line that is read here says what ldns says of it.  The first octet chooses
 * how the zone is read; the rest is its file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"
#include "rpz/lines.h"
#include "rpz/master.h"
#include "rpz/zone.h"
#include "fuzz.h"

static const struct hash_key key = {1, 2};

/* ---- one line, read twice */

/* Names in it may differ in the letters' case. */
static void require_same(const struct master_record *a, const struct master_record *b)
{
	require(name_equal(&a->owner, &b->owner));
	require(a->type == b->type && a->ttl_s == b->ttl_s && a->rdlen == b->rdlen);
	if (a->type == TYPE_CNAME)
		for (size_t i = 0; i < a->rdlen; i++)
			require(name_lower(a->rdata[i]) == name_lower(b->rdata[i]));
	else
		require(memcmp(a->rdata, b->rdata, a->rdlen) == 0);
}

static void check_line(struct master *master, const char *line, size_t len)
{
	static struct master_record quick;
	static struct master_record slow;
	struct master other = *master;
	enum master_found found = master_read(master, line, len, &quick);

	require(master_read_slowly(&other, line, len, &slow) == found);
	require(master->ttl_s == other.ttl_s && name_equal(&master->origin, &other.origin));
	require(master->origin.len > 0);
	if (found != MASTER_RECORD)
		return;
	require(name_check(quick.owner.wire, sizeof(quick.owner.wire)) == quick.owner.len);
	if (quick.type == TYPE_CNAME)
		require(name_check(quick.rdata, quick.rdlen) == quick.rdlen);
	require_same(&quick, &slow);
}

/* ---- a zone */

static void check_rules(const struct domset *set, const struct localdata *data,
			const struct list_report *report)
{
	struct localdata_record record;
	struct localdata_iter records;
	struct domset_rule rule;
	struct domset_iter iter;
	uint32_t rules = 0;

	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		require(name_check(rule.owner.wire, sizeof(rule.owner.wire)) == rule.owner.len);
		require(rule.line > 0 && rule.line <= report->lines);
		require(rule.data == 0 || rule.kind.answer == DOMSET_ANSWER_DATA);
		rules += !rule.kind.exception;
		if (rule.data == 0)
			continue;
		localdata_iter_init(&records, data, rule.data);
		require(records.left > 0);
		while (localdata_iter_next(&records, &record))
			require(record.type != 0);
	}
	require(domset_count(set, 0).rules == report->entries);
	require(rules >= report->entries);
	require(report->bad + report->skipped + report->entries + report->held <= 2 * report->told);
}

static void check_zone(const char *text, size_t size, uint8_t how)
{
	const struct rpz_options options = {
		.path = "zone",
		.key = &key,
		.overridden = how & 1,
		.nearest = how & 2,
	};
	struct list_report report;
	struct domset_builder *builder;
	struct localdata *data;
	struct rpz_zone *zone;
	struct domset *set;
	struct master master = {.origin = {.len = 5, .wire = "\3rpz"}};
	enum err err = ERR_OK;

	report_init(&report, LIST_FORMAT_RPZ);
	require(domset_builder_create(&key, &builder) == ERR_OK);
	require(domset_builder_begin(builder, 0) == ERR_OK);
	require(localdata_create(&data) == ERR_OK);
	require(rpz_zone_create(&options, builder, data, &report, &zone) == ERR_OK);
	while (size > 0 && err == ERR_OK) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size;

		report.lines++;
		err = rpz_zone_line(zone, text, len, NULL);
		if (lines_is_plain(text, len))
			check_line(&master, text, len);
		text += len + (end != NULL);
		size -= len + (end != NULL);
	}
	if (err == ERR_OK)
		err = rpz_zone_end(zone, NULL);
	rpz_zone_free(zone);
	require(err == ERR_OK || err == ERR_REFUSED);
	if (err == ERR_OK) {
		require(domset_builder_freeze(builder, &set) == ERR_OK);
		check_rules(set, data, &report);
		domset_free(set);
	}
	domset_builder_free(builder);
	localdata_free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size > 1 ? size - 1 : 1); /* so that reading behind it is noticed */
	require(text != NULL);
	memcpy(text, data + 1, size - 1);
	check_zone(text, size - 1, data[0]);
	free(text);
	return 0;
}
