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

static void check_data(const struct localdata *data, uint8_t answer, uint32_t number)
{
	struct localdata_record record;
	struct localdata_iter records;

	require(number == 0 || answer == DOMSET_ANSWER_DATA);
	if (number == 0)
		return;
	localdata_iter_init(&records, data, number);
	require(records.left > 0);
	while (localdata_iter_next(&records, &record))
		require(record.type != 0);
}

/* Returns how many rules are no exceptions. */
static uint32_t check_names(const struct domset *set, const struct localdata *data,
			    const struct list_report *report)
{
	struct domset_rule rule;
	struct domset_iter iter;
	uint32_t rules = 0;

	if (!set)
		return 0;
	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		require(name_check(rule.owner.wire, sizeof(rule.owner.wire)) == rule.owner.len);
		require(rule.line > 0 && rule.line <= report->lines);
		check_data(data, rule.kind.answer, rule.data);
		rules += !rule.kind.exception;
	}
	return rules;
}

static uint32_t check_prefixes(const struct addrset *set, const struct localdata *data,
			       const struct list_report *report)
{
	uint32_t count = addrset_records(set);

	for (uint32_t i = 0; i < count; i++) {
		struct addrset_rule rule = addrset_rule(set, i);
		struct ip masked = ip_masked(&rule.prefix.ip, rule.prefix.len);

		require(ip_equal(&masked, &rule.prefix.ip));
		require(addrset_first(set, &rule.prefix.ip) != ADDRSET_NONE);
		require(rule.line > 0 && rule.line <= report->lines);
		check_data(data, rule.answer, rule.data);
	}
	return count;
}

static void check_rules(const struct policy *policy, const struct list_report *report)
{
	uint32_t rules = check_names(policy->set, policy->data, report) +
			 check_names(policy->servers, policy->data, report);

	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT; i++)
		rules += check_prefixes(policy->prefixes[i], policy->data, report);
	require(rules >= report->entries);
	require(report->bad + report->skipped + report->entries + report->held <= 2 * report->told);
}

static void feed(struct rpz_zone *zone, const char *text, size_t size, struct list_report *report)
{
	struct master master = {.origin = {.len = 5, .wire = "\3rpz"}};
	enum err err = ERR_OK;

	while (size > 0 && err == ERR_OK) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size;

		report->lines++;
		err = rpz_zone_line(zone, text, len, NULL);
		if (lines_is_plain(text, len))
			check_line(&master, text, len);
		text += len + (end != NULL);
		size -= len + (end != NULL);
	}
	if (err == ERR_OK)
		err = rpz_zone_end(zone, NULL);
	require(err == ERR_OK || err == ERR_REFUSED);
}

static void check_zone(const char *text, size_t size, uint8_t how)
{
	static const struct name garden = {.len = 8, .wire = "\6garden"};
	struct policy *policy = calloc(1, sizeof(*policy));
	struct list_report report;
	struct rpz_zone *zone;
	struct rules rules;
	const struct rpz_options options = {
		.path = "zone",
		.key = &key,
		.rules = &rules,
		.overridden = how & 1,
		.nearest = how & 2,
		.cname = how & 4 ? &garden : NULL,
		.max_ttl_s = how & 8 ? 5 : 0,
	};

	require(policy != NULL);
	report_init(&report, LIST_FORMAT_RPZ);
	require(rules_init(&key, &rules) == ERR_OK);
	require(rules_begin(&rules, 0) == ERR_OK);
	require(rpz_zone_create(&options, &report, &zone) == ERR_OK);
	feed(zone, text, size, &report);
	rpz_zone_free(zone);
	require(rules_freeze(&rules, policy) == ERR_OK);
	check_rules(policy, &report);
	rules_fini(&rules);
	policy_free(policy);
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
