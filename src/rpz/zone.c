/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/zone.h"

#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"
#include "rpz/cuts.h"
#include "rpz/lines.h"
#include "rpz/master.h"
#include "rpz/owners.h"
#include "rpz/trigger.h"

#define ORIGIN "\3rpz"	/* of a file that does not say where it begins */
#define SOA_NUMBERS 20U /* octets of serial, refresh, retry, expire and minimum */
#define TYPE_SIG 24U
#define TYPE_NXT 30U
#define TYPE_DNSKEY 48U
#define TYPE_NSEC3PARAM 51U
#define TYPE_CDS 59U
#define TYPE_CDNSKEY 60U
#define TYPE_ZONEMD 63U

/* An owner's records, which stand one behind the other, before they are a rule. */
struct pending {
	struct name owner; /* len 0: there is none */
	uint64_t hash;
	uint32_t line;
	uint8_t scope;
	bool late; /* the owner has a rule, which had some of the records */
	struct localdata_draft draft;
};

struct rpz_zone {
	struct rpz_options options;
	struct domset_builder *builder;
	struct localdata *data;
	struct list_report *report;
	struct rpz_summary summary;
	struct name apex; /* len 0: not known yet */
	uint32_t first;	  /* record of the zone's first rule */
	struct owners owners;
	struct lines lines;
	struct lines_record line; /* that is being taken */
	struct master master;
	struct pending pending;
	struct master_record record;
};

enum err rpz_zone_create(const struct rpz_options *options, struct domset_builder *builder,
			 struct localdata *data, struct list_report *report,
			 struct rpz_zone **ret_zone)
{
	struct rpz_zone *zone = calloc(1, sizeof(*zone));

	if (!zone)
		return ERR_NOMEM;
	zone->options = *options;
	zone->builder = builder;
	zone->data = data;
	zone->report = report;
	zone->first = domset_builder_next(builder);
	zone->owners.key = options->key;
	zone->owners.builder = builder;
	zone->master.ttl_s = options->ttl_s;
	zone->master.origin.len = sizeof(ORIGIN);
	memcpy(zone->master.origin.wire, ORIGIN, sizeof(ORIGIN));
	*ret_zone = zone;
	return ERR_OK;
}

void rpz_zone_free(struct rpz_zone *zone)
{
	if (!zone)
		return;
	owners_fini(&zone->owners);
	lines_fini(&zone->lines);
	free(zone);
}

const struct rpz_summary *rpz_zone_summary(const struct rpz_zone *zone)
{
	return &zone->summary;
}

static void complain(struct rpz_zone *zone, enum list_reason reason)
{
	report_not_taken(zone->report, zone->line.number, reason, zone->line.text, zone->line.len);
}

static enum err failed(const struct rpz_zone *zone, enum err err, const char *what,
		       struct err_text *text)
{
	return err_set(text, err, "%s: line %u: %s", zone->options.path, zone->line.number, what);
}

/* ---- rules */

static enum err add_rule(struct rpz_zone *zone, const struct name *owner, uint64_t hash,
			 const struct domset_kind *kind, uint32_t data, uint32_t line)
{
	uint32_t record = domset_builder_next(zone->builder);
	enum err err = domset_builder_add_data(zone->builder, owner, kind, data, line);

	return err == ERR_OK ? owners_put(&zone->owners, hash, owner, kind->scope, record) : err;
}

/* True when the gate holds the rule. */
static bool is_held(struct rpz_zone *zone, const struct name *owner, const struct domset_kind *kind,
		    uint32_t line)
{
	const char *held;

	if (!zone->options.guard)
		return false;
	held = guard_entry(zone->options.guard, owner, kind,
			   zone->options.allowed | GUARD_ALLOW_ROOT);
	if (held)
		report_held(zone->report, line, held, owner);
	return held != NULL;
}

/* The pending records become a rule. */
static enum err flush(struct rpz_zone *zone)
{
	struct pending *p = &zone->pending;
	const struct domset_kind kind = {.scope = p->scope, .answer = DOMSET_ANSWER_DATA};
	uint32_t data;
	enum err err;

	if (p->owner.len == 0)
		return ERR_OK;
	if (p->draft.count == 0 || is_held(zone, &p->owner, &kind, p->line)) {
		p->owner.len = 0;
		return ERR_OK;
	}
	zone->report->entries += !p->late;
	err = localdata_put(zone->data, &p->draft, &data);
	if (err == ERR_OK)
		err = add_rule(zone, &p->owner, p->hash, &kind, data, p->line);
	p->owner.len = 0;
	return err;
}

/* A rule that says all by its kind. */
static enum err take_plain(struct rpz_zone *zone, const struct trigger *trigger, uint64_t hash,
			   const struct domset_kind *kind)
{
	uint32_t record = owners_find(&zone->owners, hash, &trigger->name, kind->scope);
	struct domset_rule rule;

	if (record != OWNERS_NONE) {
		(void)domset_builder_rule(zone->builder, record, &rule);
		if (rule.kind.answer != kind->answer)
			complain(zone, LINE_CLASH);
		return ERR_OK;
	}
	if (is_held(zone, &trigger->name, kind, zone->line.number))
		return ERR_OK;
	zone->report->entries++;
	return add_rule(zone, &trigger->name, hash, kind, 0, zone->line.number);
}

/* Has the pending records be those of the owner.  False: it has a rule of another kind. */
static bool begin_pending(struct rpz_zone *zone, const struct trigger *trigger, uint64_t hash,
			  uint8_t scope)
{
	uint32_t record = owners_find(&zone->owners, hash, &trigger->name, scope);
	struct pending *p = &zone->pending;
	struct domset_rule rule;

	localdata_begin(&p->draft);
	if (record != OWNERS_NONE) {
		(void)domset_builder_rule(zone->builder, record, &rule);
		if (rule.kind.answer != DOMSET_ANSWER_DATA)
			return false;
		localdata_reopen(zone->data, rule.data, &p->draft);
	}
	p->owner = trigger->name;
	p->hash = hash;
	p->scope = scope;
	p->line = zone->line.number;
	p->late = record != OWNERS_NONE;
	return true;
}

/* Beside a CNAME nothing stands (RFC 2181, 10.1). */
static bool clashes(const struct localdata_draft *draft, uint16_t type)
{
	return draft->count > 0 && (type == TYPE_CNAME || localdata_has(draft, TYPE_CNAME));
}

/* A record that is given. */
static enum err take_data(struct rpz_zone *zone, const struct trigger *trigger, uint64_t hash,
			  uint8_t scope)
{
	const struct master_record *r = &zone->record;
	const struct localdata_record record = {r->type, r->rdlen, r->ttl_s, r->rdata};
	struct pending *p = &zone->pending;
	enum err err = ERR_OK;

	if (p->owner.len == 0 || p->scope != scope || !name_equal(&p->owner, &trigger->name)) {
		err = flush(zone);
		if (err != ERR_OK)
			return err;
		if (!begin_pending(zone, trigger, hash, scope)) {
			complain(zone, LINE_CLASH);
			return ERR_OK;
		}
	}
	if (localdata_holds(&p->draft, &record))
		return ERR_OK;
	if (clashes(&p->draft, r->type))
		complain(zone, LINE_CLASH);
	else if (localdata_add(&p->draft, &record) != ERR_OK)
		complain(zone, LINE_CROWD);
	return ERR_OK;
}

static enum err take_name(struct rpz_zone *zone, const struct trigger *trigger, uint8_t answer)
{
	const struct domset_kind kind = {
		.scope = trigger->wildcard ? DOMSET_SCOPE_BELOW : DOMSET_SCOPE_ITSELF,
		.answer = zone->options.overridden ? DOMSET_ANSWER_LIST : answer,
	};
	uint64_t hash = owners_hash(name_hash(zone->options.key, &trigger->name), kind.scope);
	enum err err;

	if (kind.answer == DOMSET_ANSWER_DATA)
		return take_data(zone, trigger, hash, kind.scope);
	err = flush(zone);
	return err == ERR_OK ? take_plain(zone, trigger, hash, &kind) : err;
}

/* ---- records */

static void take_soa(struct rpz_zone *zone)
{
	const struct master_record *r = &zone->record;
	const uint8_t *numbers = r->rdata + r->rdlen - SOA_NUMBERS;
	uint32_t minimum_s = wire_get32(numbers + 16);

	if (r->rdlen < SOA_NUMBERS)
		return;
	zone->summary.has_soa = true;
	zone->summary.serial = wire_get32(numbers);
	zone->summary.negative_ttl_s = minimum_s < r->ttl_s ? minimum_s : r->ttl_s;
	if (!zone->master.has_ttl)
		zone->master.ttl_s = minimum_s;
}

/* Finds the zone's name; true for what stands there, which is no rule. */
static bool is_at_apex(struct rpz_zone *zone)
{
	const struct master_record *r = &zone->record;

	if (zone->apex.len == 0)
		zone->apex = r->type == TYPE_SOA ? r->owner : zone->master.origin;
	if (!name_equal(&r->owner, &zone->apex))
		return false;
	if (r->type == TYPE_SOA && !zone->summary.has_soa)
		take_soa(zone);
	return true;
}

/* What a zone has for servers and validators, and what an answer has no place for. */
static bool is_given(uint16_t type)
{
	switch (type) {
	case 0:
	case TYPE_NS:
	case TYPE_SOA:
	case TYPE_SIG:
	case TYPE_NXT:
	case TYPE_DNAME:
	case TYPE_OPT:
	case TYPE_DS:
	case TYPE_RRSIG:
	case TYPE_NSEC:
	case TYPE_DNSKEY:
	case TYPE_NSEC3:
	case TYPE_NSEC3PARAM:
	case TYPE_CDS:
	case TYPE_CDNSKEY:
	case TYPE_ZONEMD:
		return false;
	default:
		return type < TYPE_TKEY || type > TYPE_ANY;
	}
}

static enum err take_rule(struct rpz_zone *zone)
{
	const struct master_record *r = &zone->record;
	uint8_t answer = DOMSET_ANSWER_DATA;
	struct trigger trigger;

	trigger_read(&r->owner, &zone->apex, &trigger);
	if (trigger.kind != TRIGGER_QNAME) {
		complain(zone, LINE_TRIGGER);
		return ERR_OK;
	}
	if (!is_given(r->type)) {
		complain(zone, LINE_TYPE);
		return ERR_OK;
	}
	if (r->type == TYPE_CNAME && !trigger_action(r, &trigger, &zone->apex, &answer)) {
		complain(zone, LINE_UNKNOWN_ACTION);
		return ERR_OK;
	}
	return take_name(zone, &trigger, answer);
}

static enum err take_record(struct rpz_zone *zone, struct err_text *text)
{
	enum err err = ERR_OK;

	if (is_at_apex(zone))
		return ERR_OK;
	zone->report->told++;
	if (name_is_below(&zone->record.owner, &zone->apex))
		err = take_rule(zone);
	else
		complain(zone, LINE_OUTSIDE);
	if (err == ERR_REFUSED)
		return failed(zone, err, "the lists have too many kinds of rules", text);
	return err == ERR_OK ? ERR_OK : failed(zone, err, err_str(err), text);
}

/* ---- lines */

static enum err take_line(struct rpz_zone *zone, struct err_text *text, bool *ret_bad)
{
	*ret_bad = false;
	switch (master_read(&zone->master, zone->line.text, zone->line.len, &zone->record)) {
	case MASTER_NOTHING:
		return ERR_OK;
	case MASTER_RECORD:
		return take_record(zone, text);
	case MASTER_INCLUDE:
		return failed(zone, ERR_REFUSED, "$INCLUDE: a list is one file", text);
	case MASTER_NOMEM:
		return failed(zone, ERR_NOMEM, err_str(ERR_NOMEM), text);
	default:
		zone->report->told++;
		complain(zone, LINE_RECORD);
		*ret_bad = true;
		return ERR_OK;
	}
}

/* Takes what the lines that wait have come to. */
static enum err take_lines(struct rpz_zone *zone, bool at_end, struct err_text *text)
{
	enum err err = ERR_OK;
	bool bad;

	while (err == ERR_OK) {
		enum lines_found found = lines_next(&zone->lines, at_end, &zone->line);

		if (found == LINES_NONE)
			break;
		if (found == LINES_BROKEN) {
			zone->report->told++;
			complain(zone, LINE_RECORD);
			continue;
		}
		err = take_line(zone, text, &bad);
		if (bad)
			lines_reject(&zone->lines);
	}
	return err;
}

enum err rpz_zone_line(void *zone_arg, const char *line, size_t len, struct err_text *text)
{
	struct rpz_zone *zone = zone_arg;
	uint32_t number = zone->report->lines;
	bool bad;
	enum err err;

	if (!lines_wait(&zone->lines) && (len == 0 || *line == ';'))
		return ERR_OK;
	zone->line = (struct lines_record){line, len, number};
	if (!lines_wait(&zone->lines) && lines_is_plain(line, len))
		return take_line(zone, text, &bad);
	err = lines_add(&zone->lines, line, len, number);
	if (err != ERR_OK)
		return failed(zone, err, err_str(err), text);
	return take_lines(zone, false, text);
}

enum err rpz_zone_end(struct rpz_zone *zone, struct err_text *text)
{
	enum err err = take_lines(zone, true, text);

	if (err != ERR_OK)
		return err;
	zone->line.number = zone->report->lines;
	err = flush(zone);
	if (err == ERR_OK && !zone->options.nearest)
		err = cuts_add(zone->builder, &zone->owners, zone->first, zone->report->lines,
			       &zone->summary);
	return err == ERR_OK ? ERR_OK : failed(zone, err, err_str(err), text);
}
