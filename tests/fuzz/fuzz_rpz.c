/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A zone of any octets comes to rules with proper names, whose records are whole, and to a report
 * that adds up; a line that is read here says what ldns says of it; and pieces that are looked at
 * ahead come to the same as line after line.  The first octet chooses how the zone is read; the
 * rest is its file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"
#include "list/listfile.h"
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

/* ---- line after line */

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

/* ---- in pieces */

#define PIECE_LINES 3U

/* Lines from `text` on, and a last one. */
static const char *end_of_piece(const char *text, const char *end)
{
	for (unsigned int i = 0; i < PIECE_LINES && text < end; i++)
		text = (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
	return text;
}

/* A piece, with lines behind it that say nothing: near the end nothing is looked at. */
struct piece {
	char *text;
	size_t size;
	uint8_t *notes;
};

static void put(struct piece *piece, struct rpz_zone *zone, const char *text, size_t len)
{
	static const char comment[] = ";\n";
	const size_t filler = 400;

	piece->size = len + filler;
	piece->text = malloc(piece->size);
	piece->notes = malloc(piece->size * LISTFILE_NOTES_OCTETS + LISTFILE_NOTES_ROOM);
	require(piece->text && piece->notes);
	memcpy(piece->text, text, len);
	for (size_t i = 0; i < filler; i += 2)
		memcpy(piece->text + len + i, comment, 2);
	rpz_zone_put(zone, piece->notes);
	rpz_zone_look(piece->notes, piece->text, piece->text + piece->size);
}

static enum err take(struct piece *piece, struct rpz_zone *zone)
{
	enum err err =
		rpz_zone_take(zone, piece->notes, piece->text, piece->text + piece->size, NULL);

	free(piece->text);
	free(piece->notes);
	*piece = (struct piece){.text = NULL};
	return err;
}

static void drop(struct piece *piece)
{
	free(piece->text);
	free(piece->notes);
}

/* Each piece is put before the one before it is taken. */
static enum err feed_pieces(struct rpz_zone *zone, const char *text, const char *end)
{
	struct piece pieces[2] = {{.text = NULL}};
	enum err err = ERR_OK;

	for (unsigned int i = 0; err == ERR_OK && (text < end || pieces[!(i % 2)].text); i++) {
		const char *to = end_of_piece(text, end);

		if (text < end)
			put(&pieces[i % 2], zone, text, (size_t)(to - text));
		if (pieces[!(i % 2)].text)
			err = take(&pieces[!(i % 2)], zone);
		text = to;
	}
	drop(&pieces[0]);
	drop(&pieces[1]);
	return err == ERR_OK ? rpz_zone_end(zone, NULL) : err;
}

/* The same lines one after the other. */
static enum err feed_lines(struct rpz_zone *zone, const char *text, const char *end,
			   struct list_report *report)
{
	enum err err = ERR_OK;

	while (text < end && err == ERR_OK) {
		const char *to = end_of_piece(text, end);
		size_t count = 0;

		for (; text < to && err == ERR_OK; count++) {
			size_t len =
				(size_t)((const char *)memchr(text, '\n', (size_t)(end - text)) -
					 text);

			report->lines++;
			err = rpz_zone_line(zone, text, len, NULL);
			text += len + 1;
		}
		for (unsigned int i = 0; i < 200 && err == ERR_OK; i++) {
			report->lines++;
			err = rpz_zone_line(zone, ";", 1, NULL);
		}
	}
	return err == ERR_OK ? rpz_zone_end(zone, NULL) : err;
}

/* ---- */

/* A zone as it was read. */
struct outcome {
	enum err err;
	struct list_report report;
	struct rpz_summary summary;
	struct policy *policy;
	struct rules rules;
	struct rpz_zone *zone;
};

static void begin(struct outcome *outcome, struct rpz_options options)
{
	outcome->policy = calloc(1, sizeof(*outcome->policy));
	require(outcome->policy != NULL);
	report_init(&outcome->report, LIST_FORMAT_RPZ);
	require(rules_init(&key, &outcome->rules) == ERR_OK);
	require(rules_begin(&outcome->rules, 0) == ERR_OK);
	options.rules = &outcome->rules;
	require(rpz_zone_create(&options, &outcome->report, &outcome->zone) == ERR_OK);
}

static void end(struct outcome *outcome)
{
	outcome->summary = *rpz_zone_summary(outcome->zone);
	rpz_zone_free(outcome->zone);
	require(rules_freeze(&outcome->rules, outcome->policy) == ERR_OK);
	check_rules(outcome->policy, &outcome->report);
}

static void drop_outcome(struct outcome *outcome)
{
	rules_fini(&outcome->rules);
	policy_free(outcome->policy);
}

static void require_same_names(const struct domset *a, const struct domset *b)
{
	struct domset_rule rule_a;
	struct domset_rule rule_b;
	struct domset_iter iter_a;
	struct domset_iter iter_b;

	require((a == NULL) == (b == NULL));
	if (!a)
		return;
	domset_iter_init(&iter_a, a);
	domset_iter_init(&iter_b, b);
	while (domset_iter_next(&iter_a, &rule_a)) {
		require(domset_iter_next(&iter_b, &rule_b));
		require(name_equal(&rule_a.owner, &rule_b.owner));
		require(memcmp(&rule_a.kind, &rule_b.kind, sizeof(rule_a.kind)) == 0);
		require(rule_a.line == rule_b.line && rule_a.data == rule_b.data);
	}
	require(!domset_iter_next(&iter_b, &rule_b));
}

static void require_same_outcome(const struct outcome *a, const struct outcome *b)
{
	require(a->err == b->err);
	require(memcmp(&a->report, &b->report, sizeof(a->report)) == 0);
	require(a->summary.serial == b->summary.serial && a->summary.cuts == b->summary.cuts);
	require(a->summary.loose == b->summary.loose && a->summary.soa == b->summary.soa);
	require_same_names(a->policy->set, b->policy->set);
	require_same_names(a->policy->servers, b->policy->servers);
	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT; i++)
		require(addrset_records(a->policy->prefixes[i]) ==
			addrset_records(b->policy->prefixes[i]));
}

static void check_pieces(const struct rpz_options *options, const char *text, const char *text_end)
{
	static struct outcome lines;
	static struct outcome pieces;

	memset(&lines, 0, sizeof(lines));
	memset(&pieces, 0, sizeof(pieces));
	begin(&lines, *options);
	begin(&pieces, *options);
	lines.err = feed_lines(lines.zone, text, text_end, &lines.report);
	pieces.err = feed_pieces(pieces.zone, text, text_end);
	end(&lines);
	end(&pieces);
	require_same_outcome(&lines, &pieces);
	drop_outcome(&lines);
	drop_outcome(&pieces);
}

static void check_zone(const char *text, size_t size, uint8_t how)
{
	static const struct name garden = {.len = 8, .wire = "\6garden"};
	static struct outcome outcome;
	const struct rpz_options options = {
		.path = "zone",
		.key = &key,
		.overridden = how & 1,
		.nearest = how & 2,
		.cname = how & 4 ? &garden : NULL,
		.max_ttl_s = how & 8 ? 5 : 0,
	};
	const char *last = memrchr(text, '\n', size);

	memset(&outcome, 0, sizeof(outcome));
	begin(&outcome, options);
	feed(outcome.zone, text, size, &outcome.report);
	end(&outcome);
	drop_outcome(&outcome);
	if (last)
		check_pieces(&options, text, last + 1);
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
