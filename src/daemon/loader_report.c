/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"
#include "daemon/load.h"

void loader_log_report(const char *file, const struct list_report *r)
{
	for (uint32_t i = 0; i < r->bad && i < REPORT_BAD_MAX; i++)
		log_warning("%s:%u: skipped: %s", file, r->bad_notes[i].line, r->bad_notes[i].text);
	if (r->bad > REPORT_BAD_MAX)
		log_warning("%s: %u more bad lines skipped", file, r->bad - REPORT_BAD_MAX);
	for (uint32_t i = 0; i < r->held && i < REPORT_HELD_MAX; i++)
		log_warning("%s:%u: held back, it would block too much: %s", file,
			    r->held_notes[i].line, r->held_notes[i].text);
	if (r->held > REPORT_HELD_MAX)
		log_warning("%s: %u more entries held back", file, r->held - REPORT_HELD_MAX);
}
