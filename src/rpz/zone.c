/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/priority.h"
#include "dns/wire.h"
#include "rpz/lines.h"
#include "rpz/master.h"
#include "rpz/plain.h"
#include "rpz/taking.h"

#define ORIGIN "\3rpz"	/* of a file that does not say where it begins */
#define SOA_NUMBERS 20U /* octets of serial, refresh, retry, expire and minimum */
#define SOA_MAX (2U * NAME_WIRE_MAX + SOA_NUMBERS)

struct rpz_zone {
	struct rpz_options options;
	struct list_report *report;
	struct rpz_summary summary;
	struct name apex; /* len 0: not known yet */
	struct lines lines;
	struct lines_record line; /* that is being taken */
	struct master master;
	struct taking taking;
	struct master_record record;
	struct zone_trigger trigger; /* of lines that were looked at ahead */
	struct lines_record noted;   /* the last such line; text NULL: `master` knows of it */
	struct lines_record timed;   /* the last such line with a TTL; likewise */
};

enum err rpz_zone_create(const struct rpz_options *options, struct list_report *report,
			 struct rpz_zone **ret_zone)
{
	struct rpz_zone *zone = calloc(1, sizeof(*zone));
	enum err err;

	if (!zone)
		return ERR_NOMEM;
	zone->options = *options;
	zone->report = report;
	zone->master.ttl_s = options->ttl_s;
	zone->master.origin.len = sizeof(ORIGIN);
	memcpy(zone->master.origin.wire, ORIGIN, sizeof(ORIGIN));
	err = taking_init(&zone->taking, &zone->options, report);
	if (err == ERR_OK)
		*ret_zone = zone;
	else
		rpz_zone_free(zone);
	return err;
}

void rpz_zone_free(struct rpz_zone *zone)
{
	if (!zone)
		return;
	taking_fini(&zone->taking);
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

/* ---- records */

/* As it stands in answers, with the TTL that negative ones have. */
static enum err put_soa(struct rpz_zone *zone, struct localdata_draft *draft)
{
	const struct master_record *r = &zone->record;
	uint8_t octets[NAME_WIRE_MAX + WIRE_RR_FIXED + SOA_MAX];
	uint8_t *p = octets + r->owner.len;
	const struct localdata_record soa = {
		.type = TYPE_SOA,
		.rdlen = (uint16_t)(r->owner.len + WIRE_RR_FIXED + r->rdlen),
		.rdata = octets,
	};
	enum err err;

	memcpy(octets, r->owner.wire, r->owner.len);
	wire_put16(p, TYPE_SOA);
	wire_put16(p + 2, CLASS_IN);
	wire_put32(p + 4, zone->summary.negative_ttl_s);
	wire_put16(p + 8, r->rdlen);
	memcpy(p + WIRE_RR_FIXED, r->rdata, r->rdlen);
	localdata_begin(draft);
	err = localdata_add(draft, &soa);
	return err == ERR_OK ? localdata_put(zone->options.rules->data, draft, &zone->summary.soa)
			     : err;
}

static enum err keep_soa(struct rpz_zone *zone)
{
	struct localdata_draft *draft = malloc(sizeof(*draft));
	enum err err = draft ? put_soa(zone, draft) : ERR_NOMEM;

	free(draft);
	return err;
}

static enum err take_soa(struct rpz_zone *zone)
{
	const struct master_record *r = &zone->record;
	const uint8_t *numbers = r->rdata + r->rdlen - SOA_NUMBERS;
	uint32_t minimum_s;

	if (r->rdlen < SOA_NUMBERS || r->rdlen > SOA_MAX)
		return ERR_OK;
	minimum_s = wire_get32(numbers + 16);
	zone->summary.has_soa = true;
	zone->summary.serial = wire_get32(numbers);
	zone->summary.negative_ttl_s = minimum_s < r->ttl_s ? minimum_s : r->ttl_s;
	if (zone->options.max_ttl_s > 0 && zone->summary.negative_ttl_s > zone->options.max_ttl_s)
		zone->summary.negative_ttl_s = zone->options.max_ttl_s;
	return keep_soa(zone);
}

/* Finds the zone's name; true for what stands there, which is no rule. */
static bool is_at_apex(struct rpz_zone *zone)
{
	const struct master_record *r = &zone->record;

	if (zone->apex.len == 0) {
		zone->apex = r->type == TYPE_SOA ? r->owner : zone->master.origin;
		if (!zone->master.has_origin) /* what BIND is told beside the file */
			zone->master.origin = zone->apex;
	}
	return name_equal(&r->owner, &zone->apex);
}

static enum err take_apex(struct rpz_zone *zone)
{
	bool first = zone->record.type == TYPE_SOA && !zone->summary.has_soa;

	return first ? take_soa(zone) : ERR_OK;
}

/* Why a record is no rule; LIST_REASON_COUNT: it is one. */
static enum list_reason read_rule(const struct rpz_zone *zone, struct zone_trigger *trigger,
				  uint8_t *answer)
{
	const struct master_record *r = &zone->record;

	if (!trigger_read(&r->owner, &zone->apex, trigger))
		return LINE_PREFIX;
	if (!trigger_gives(r->type))
		return LINE_TYPE;
	*answer = DOMSET_ANSWER_DATA;
	if (r->type == TYPE_CNAME && !trigger_action(r, trigger, &zone->apex, answer))
		return LINE_UNKNOWN_ACTION;
	return LIST_REASON_COUNT;
}

static enum err take_rule(struct rpz_zone *zone)
{
	struct zone_trigger trigger;
	struct taking_line line = {
		.trigger = &trigger, .record = &zone->record, .number = zone->line.number};
	enum list_reason reason = read_rule(zone, &trigger, &line.answer);
	bool taken = false;
	enum err err = ERR_OK;

	if (reason == LIST_REASON_COUNT) {
		err = taking_add(&zone->taking, &line, &taken, &reason);
		if (trigger.loose && zone->summary.loose++ == 0)
			zone->summary.loose_line = line.number;
	}
	if (err == ERR_OK && !taken)
		complain(zone, reason);
	return err;
}

/* What a record has failed with, if it has. */
static enum err told(const struct rpz_zone *zone, enum err err, struct err_text *text)
{
	if (err == ERR_REFUSED)
		return failed(zone, err, "the lists have too many kinds of rules", text);
	return err == ERR_OK ? ERR_OK : failed(zone, err, err_str(err), text);
}

static enum err take_record(struct rpz_zone *zone, struct err_text *text)
{
	enum err err = ERR_OK;

	if (is_at_apex(zone))
		return told(zone, take_apex(zone), text);
	zone->report->told++;
	if (name_is_below(&zone->record.owner, &zone->apex))
		err = take_rule(zone);
	else
		complain(zone, LINE_OUTSIDE);
	return told(zone, err, text);
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
	err = taking_end(&zone->taking, &zone->summary);
	return err == ERR_OK ? ERR_OK : failed(zone, err, err_str(err), text);
}

/* ---- lines that were looked at ahead */

#define LINES_A_TURN 1024U /* a quarter of a millisecond's work */
#define NOTES_AHEAD 16U	   /* of lines whose owners' places are brought in */
#define COPY_OCTETS 32U	   /* of most names: copied without a loop */

void rpz_zone_put(void *zone_arg, uint8_t *notes)
{
	const struct rpz_zone *zone = zone_arg;
	const struct plain_head head = {&zone->options, zone->apex, zone->master.origin, 0};

	memcpy(notes, &head, sizeof(head));
}

void rpz_zone_look(uint8_t *notes, const char *piece, const char *end)
{
	plain_look(notes, piece, end);
}

/* True when what is noted is what the lines say. */
static bool holds(const struct rpz_zone *zone, const uint8_t *notes)
{
	struct plain_head head;

	memcpy(&head, notes, sizeof(head));
	return !lines_wait(&zone->lines) && head.apex.len > 0 &&
	       name_equal(&head.apex, &zone->apex) &&
	       name_equal(&head.origin, &zone->master.origin);
}

static void settle_line(struct rpz_zone *zone, struct lines_record *line)
{
	if (line->text)
		(void)master_read(&zone->master, line->text, line->len, &zone->record);
	line->text = NULL;
}

/* Has `master` as the noted lines left it: the last one's owner, and the last TTL. */
static void settle(struct rpz_zone *zone)
{
	settle_line(zone, &zone->timed);
	settle_line(zone, &zone->noted);
}

static enum err take_noted(struct rpz_zone *zone, const char *text, const struct plain_note *note,
			   struct err_text *err_text)
{
	struct name *name = &zone->trigger.name;
	const struct taking_line line = {
		.trigger = &zone->trigger,
		.answer = note->answer,
		.looked_at = true,
		.passes = note->passes,
		.hash = note->hash,
		.number = zone->report->lines,
	};
	enum list_reason reason;
	bool taken;
	enum err err;

	zone->line = (struct lines_record){text, note->line_len, line.number};
	zone->noted = zone->line;
	if (note->has_ttl)
		zone->timed = zone->line;
	zone->report->told++;
	zone->trigger.wildcard = note->scope == DOMSET_SCOPE_BELOW;
	memcpy(name->wire, note->name, COPY_OCTETS);
	if (note->name_len > COPY_OCTETS)
		memcpy(name->wire, note->name, note->name_len);
	name->len = note->name_len;
	err = taking_add(&zone->taking, &line, &taken, &reason);
	if (err == ERR_OK && !taken)
		complain(zone, reason);
	return told(zone, err, err_text);
}

/* Notes that are not taken yet, of which owners' places are brought in. */
struct forward {
	const uint8_t *at;
	uint32_t left;
};

static void look_forward(const struct rpz_zone *zone, struct forward *forward)
{
	struct plain_note note;

	if (forward->left == 0)
		return;
	forward->left--;
	forward->at = plain_next(forward->at, &note);
	if (note.line_len > 0)
		taking_prefetch(&zone->taking, note.hash);
}

static struct forward begin_forward(const struct rpz_zone *zone, const uint8_t *notes)
{
	struct forward forward = {.at = plain_first(notes)};
	struct plain_head head;

	memcpy(&head, notes, sizeof(head));
	forward.left = head.lines;
	for (unsigned int i = 0; i < NOTES_AHEAD; i++)
		look_forward(zone, &forward);
	return forward;
}

enum err rpz_zone_take(void *zone_arg, const uint8_t *notes, const char *piece, const char *end,
		       struct err_text *text)
{
	struct rpz_zone *zone = zone_arg;
	struct forward forward = begin_forward(zone, notes);
	const uint8_t *at = plain_first(notes);
	bool good = holds(zone, notes);
	struct plain_note note;
	enum err err = ERR_OK;

	while (err == ERR_OK && piece < end) {
		const char *newline = piece;

		at = plain_next(at, &note);
		look_forward(zone, &forward);
		if (++zone->report->lines % LINES_A_TURN == 0)
			priority_give_way();
		if (good && note.line_len > 0) {
			newline += note.line_len;
			err = take_noted(zone, piece, &note, text);
		} else {
			newline = memchr(piece, '\n', (size_t)(end - piece));
			settle(zone);
			err = rpz_zone_line(zone, piece, (size_t)(newline - piece), text);
			good = holds(zone, notes);
		}
		piece = newline + 1;
	}
	settle(zone);
	return err;
}
