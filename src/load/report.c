/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "base/log.h"
#include "load/load.h"

void loader_warn_of_action(const struct conf_list *list)
{
	if (!list->mandatory || (list->action != ACTION_REFUSED && list->action != ACTION_DROP))
		return;
	log_warning("list %s: mandatory with action %s: a client that has a second resolver takes "
		    "that one's answer; nxdomain, nodata and sinkhole hold",
		    list->name, list->action == ACTION_DROP ? "drop" : "refused");
}

const char *loader_held_text(const struct load_result *result, char buf[LOADER_HELD_MAX])
{
	size_t len = 0;

	buf[0] = '\0';
	if (result->prefixes > 0)
		len = (size_t)snprintf(buf, LOADER_HELD_MAX, ", %llu %s",
				       (unsigned long long)result->prefixes,
				       result->prefixes == 1 ? "prefix" : "prefixes");
	if (result->lapsing > 0)
		len += (size_t)snprintf(buf + len, LOADER_HELD_MAX - len, ", %zu %s soon",
					result->lapsing,
					result->lapsing == 1 ? "order lapses" : "orders lapse");
	if (result->held > 0)
		snprintf(buf + len, LOADER_HELD_MAX - len, ", %llu %s held back",
			 (unsigned long long)result->held, result->held == 1 ? "entry" : "entries");
	return buf;
}

void loader_tell_refusal(const struct load *load)
{
	struct load_refusals *kept = load->options.refusals;

	if (load->refusals == 0)
		return;
	if (!kept)
		log_error("%s", load->refusal.text.text);
	else if (kept->count < LOAD_REFUSALS_MAX)
		kept->rows[kept->count++] = load->refusal;
}

struct err_text *loader_next_refusal(struct load *load, unsigned int list)
{
	loader_tell_refusal(load);
	load->refusals++;
	load->refusal.list = list;
	return &load->refusal.text;
}

static void log_bad(const char *file, const struct list_report *r)
{
	for (uint32_t i = 0; i < r->bad && i < REPORT_BAD_MAX; i++)
		log_warning("%s:%u: skipped: %s", file, r->bad_notes[i].line, r->bad_notes[i].text);
	if (r->bad > REPORT_BAD_MAX)
		log_warning("%s: %u more bad lines skipped", file, r->bad - REPORT_BAD_MAX);
}

/* What is skipped is valid, and as the list's author means it: no warning. */
static void log_skipped(const char *file, const struct list_report *r)
{
	uint32_t noteworthy = r->skipped - r->reasons[LINE_OWN_NAME];

	for (uint32_t i = 0; i < r->skipped_noted; i++)
		log_info("%s:%u: skipped: %s", file, r->skipped_notes[i].line,
			 r->skipped_notes[i].text);
	if (noteworthy > r->skipped_noted)
		log_info("%s: %u more lines skipped", file, noteworthy - r->skipped_noted);
}

static void log_held(const char *file, const struct list_report *r)
{
	for (uint32_t i = 0; i < r->held && i < REPORT_HELD_MAX; i++)
		log_warning("%s:%u: held back, it would block too much: %s", file,
			    r->held_notes[i].line, r->held_notes[i].text);
	if (r->held > REPORT_HELD_MAX)
		log_warning("%s: %u more entries held back", file, r->held - REPORT_HELD_MAX);
}

void loader_log_report(const char *file, const struct list_report *r)
{
	char reasons[2048];

	log_bad(file, r);
	log_skipped(file, r);
	log_held(file, r);
	if (r->bad > 0 || r->skipped > 0)
		log_info("%s: %u of %u lines not taken: %s", file, r->bad + r->skipped, r->told,
			 report_reasons(r, reasons, sizeof(reasons)));
}

/* "273 names", "273 names and 12 prefixes", "12 prefixes". */
static void describe_count(uint32_t names, uint32_t prefixes, char *buf, size_t size)
{
	if (prefixes == 0)
		snprintf(buf, size, "%u names", names);
	else if (names == 0)
		snprintf(buf, size, "%u prefixes", prefixes);
	else
		snprintf(buf, size, "%u names and %u prefixes", names, prefixes);
}

/* What is known of each list once the set is frozen. */
void loader_log_lists(const struct load *load)
{
	const struct policy *policy = load->policy;

	for (unsigned int i = 0; i < policy->list_count; i++) {
		const struct load_source *source = &load->result.sources[i];
		struct domset_count count = domset_count(policy->set, i);
		struct addrset_count addresses =
			addrset_count(policy->prefixes[TRIGGER_ADDRESS], i);
		char what[64];

		describe_count(count.rules, addresses.rules, what, sizeof(what));
		if (source->own)
			log_info("list %s: %s in force from %s (%s): %u entries, "
				 "%u duplicates, %u skipped, %u bad, %u held back; %u ms",
				 policy->lists[i].name, what, load->conf->lists[i].file,
				 list_format_str(source->format), policy->lists[i].entries,
				 count.duplicates + addresses.duplicates, source->skipped,
				 source->bad, source->held, source->took_ms);
		else if (i >= load->conf->lists_count || *load->conf->lists[i].file)
			log_info("list %s: %s in force, not from its file", policy->lists[i].name,
				 what);
	}
}

void loader_log_cuts(const char *list, const struct rpz_summary *summary)
{
	char owner[NAME_TEXT_MAX];
	char wildcard[NAME_TEXT_MAX];

	if (summary->loose > 0)
		log_warning("list %s: %llu prefixes have bits behind them, which BIND would not "
			    "take: the first is in line %u",
			    list, (unsigned long long)summary->loose, summary->loose_line);

	for (uint64_t i = 0; i < summary->cuts && i < RPZ_CUTS_TOLD; i++)
		log_notice("list %s: *.%s does not hold for names below %s, which the zone has",
			   list,
			   name_to_text(summary->told[i].wildcard.wire, wildcard, sizeof(wildcard)),
			   name_to_text(summary->told[i].owner.wire, owner, sizeof(owner)));
	if (summary->cuts > RPZ_CUTS_TOLD)
		log_notice("list %s: and so on, %llu names in all end a wildcard (RFC 4592); with "
			   "wildcards: nearest none does",
			   list, (unsigned long long)summary->cuts);
}
