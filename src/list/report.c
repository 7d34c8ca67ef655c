/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/report.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_MAX 80

static const char *const format_names[LIST_FORMAT_COUNT] = {
	[LIST_FORMAT_AUTO] = "auto",   [LIST_FORMAT_NAMES] = "names",
	[LIST_FORMAT_HOSTS] = "hosts", [LIST_FORMAT_ADBLOCK] = "adblock",
	[LIST_FORMAT_RPZ] = "rpz",
};

const char *list_format_str(enum list_format format)
{
	return (unsigned int)format < LIST_FORMAT_COUNT ? format_names[format] : "unknown";
}

void report_init(struct list_report *report, enum list_format format)
{
	memset(report, 0, sizeof(*report));
	report->format = format;
}

/* Copies at most EXCERPT_MAX octets, printable ones as they are, others as '?'. */
static void excerpt(char out[EXCERPT_MAX + 1], const char *text, size_t len)
{
	size_t octets = len < EXCERPT_MAX ? len : EXCERPT_MAX;

	for (size_t i = 0; i < octets; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[octets] = '\0';
}

void report_bad(struct list_report *report, uint32_t line, const char *reason, const char *text,
		size_t len)
{
	uint32_t at = report->bad++;
	struct report_note *note;
	char cut[EXCERPT_MAX + 1];

	if (at >= REPORT_BAD_MAX)
		return;
	note = &report->bad_notes[at];
	note->line = line;
	if (text) {
		excerpt(cut, text, len);
		snprintf(note->text, sizeof(note->text), "%s: \"%s\"%s", reason, cut,
			 len > EXCERPT_MAX ? "..." : "");
	} else {
		snprintf(note->text, sizeof(note->text), "%s", reason);
	}
}

void report_held(struct list_report *report, uint32_t line, const char *reason,
		 const struct name *owner)
{
	uint32_t at = report->held++;
	struct report_note *note;
	char text[NAME_TEXT_MAX];

	if (at >= REPORT_HELD_MAX)
		return;
	note = &report->held_notes[at];
	note->line = line;
	(void)name_to_text(owner->wire, text, sizeof(text));
	snprintf(note->text, sizeof(note->text), "%.*s%s %s", EXCERPT_MAX, text,
		 strlen(text) > EXCERPT_MAX ? "..." : "", reason);
}
