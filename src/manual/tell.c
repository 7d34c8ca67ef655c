/* SPDX-License-Identifier: BSD-2-Clause */
#include "manual/tell.h"

#include "base/log.h"
#include "base/moment.h"

void manual_log(const char *what, const struct manual_entry *entry)
{
	char subject[NAME_TEXT_MAX];
	char until[MOMENT_TEXT_MAX];
	bool ends = entry->until_s > 0;

	log_notice("command: %s%s %s%s%s%s%s, by %s", what, manual_word(entry->kind),
		   manual_subject(entry, subject), ends ? ", until " : "",
		   moment_text(entry->until_s, until), *entry->ticket ? ", ticket " : "",
		   entry->ticket, entry->by);
}

void manual_log_held(const struct manual *manual)
{
	char subject[NAME_TEXT_MAX];

	for (size_t i = 0; i < manual->count; i++)
		if (manual->entries[i].held)
			log_warning("command: %s %s is not in force: the guard or the "
				    "configuration does not let it be",
				    manual_word(manual->entries[i].kind),
				    manual_subject(&manual->entries[i], subject));
}
