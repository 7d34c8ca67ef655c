/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/report.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_MAX 80

void report_init(struct list_report *report, enum list_format format)
{
	memset(report, 0, sizeof(*report));
	report->format = format;
}

void report_listen(struct list_report *report, const struct report_ear *ear)
{
	report->ear = ear;
	if (ear)
		ear->begin(ear->arg);
}

/* Copies at most EXCERPT_MAX octets, printable ones as they are, others as '?'. */
static void excerpt(char out[EXCERPT_MAX + 1], const char *text, size_t len)
{
	size_t octets = len < EXCERPT_MAX ? len : EXCERPT_MAX;

	for (size_t i = 0; i < octets; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[octets] = '\0';
}

static void write_note(struct report_note *note, uint32_t line, enum list_reason reason,
		       const char *text, size_t len)
{
	char cut[EXCERPT_MAX + 1];

	note->line = line;
	if (!text) {
		snprintf(note->text, sizeof(note->text), "%s", list_reason_str(reason));
		return;
	}
	excerpt(cut, text, len);
	snprintf(note->text, sizeof(note->text), "%s: \"%s\"%s", list_reason_str(reason), cut,
		 len > EXCERPT_MAX ? "..." : "");
}

static void tell(const struct list_report *report, enum report_fate fate, uint32_t line,
		 const char *reason, const char *text, size_t len)
{
	if (report->ear)
		report->ear->hear(report->ear->arg, fate, line, reason, text, text ? len : 0);
}

void report_not_taken(struct list_report *report, uint32_t line, enum list_reason reason,
		      const char *text, size_t len)
{
	tell(report, reason < LIST_REASON_SKIP ? REPORT_MALFORMED : REPORT_SKIPPED, line,
	     list_reason_str(reason), text, len);
	report->reasons[reason]++;
	if (reason < LIST_REASON_SKIP) {
		if (report->bad++ < REPORT_BAD_MAX)
			write_note(&report->bad_notes[report->bad - 1], line, reason, text, len);
		return;
	}
	report->skipped++;
	if (reason != LINE_OWN_NAME && report->skipped_noted < REPORT_SKIPPED_MAX)
		write_note(&report->skipped_notes[report->skipped_noted++], line, reason, text,
			   len);
}

char *report_reasons(const struct list_report *report, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < LIST_REASON_COUNT && used < size; i++) {
		if (report->reasons[i] > 0)
			used += (size_t)snprintf(buf + used, size - used, "%s%u %s",
						 used > 0 ? "; " : "", report->reasons[i],
						 list_reason_str((enum list_reason)i));
	}
	return buf;
}

void report_held_text(struct list_report *report, uint32_t line, const char *reason,
		      const char *text, size_t len)
{
	uint32_t at = report->held++;
	char cut[EXCERPT_MAX + 1];

	tell(report, REPORT_HELD, line, reason, text, len);
	if (at >= REPORT_HELD_MAX)
		return;
	excerpt(cut, text, len);
	report->held_notes[at].line = line;
	snprintf(report->held_notes[at].text, sizeof(report->held_notes[at].text), "%s%s %s", cut,
		 len > EXCERPT_MAX ? "..." : "", reason);
}

void report_held(struct list_report *report, uint32_t line, const char *reason,
		 const struct name *owner)
{
	char text[NAME_TEXT_MAX];

	(void)name_to_text(owner->wire, text, sizeof(text));
	report_held_text(report, line, reason, text, strlen(text));
}
