/* SPDX-License-Identifier: BSD-2-Clause */
/* What was said by command, shown. */
#include "base/moment.h"
#include "web/json.h"

json_t *json_manual_entry(const struct manual_entry *entry)
{
	char subject[NAME_TEXT_MAX];
	char since[MOMENT_TEXT_MAX];
	char until[MOMENT_TEXT_MAX];

	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:b}", "kind", manual_word(entry->kind),
			 "of", json_text(manual_subject(entry, subject)), "since",
			 moment_text(entry->since_s, since), "until",
			 moment_text(entry->until_s, until), "ticket", json_text(entry->ticket),
			 "by", json_text(entry->by), "held", entry->held);
}

json_t *json_manual(const struct web_now *now)
{
	json_t *entries = json_array();

	for (size_t i = 0; i < now->manual->count; i++)
		json_array_append_new(entries, json_manual_entry(&now->manual->entries[i]));
	return json_pack("{s:o}", "entries", entries);
}
