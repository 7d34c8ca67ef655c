/* SPDX-License-Identifier: BSD-2-Clause */
/* What was said by command, as it stands in the state directory: whatever is read has entries that
 * hold together. */
#include <string.h>

#include "fuzz.h"
#include "manual/store.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char subject[NAME_TEXT_MAX];
	struct err_text text;
	struct manual manual;

	if (manual_parse((const char *)data, size, &manual, &text) != ERR_OK)
		return 0;
	require(manual.count <= MANUAL_MAX);
	for (size_t i = 0; i < manual.count; i++) {
		const struct manual_entry *entry = &manual.entries[i];

		require(entry->kind < MANUAL_KIND_COUNT);
		require(*manual_subject(entry, subject) != '\0');
		require(manual_is_ticket(entry->ticket) && manual_is_ticket(entry->by));
		if (entry->kind != MANUAL_LIST_OFF)
			require(name_check(entry->name.wire, entry->name.len) == entry->name.len);
	}
	(void)manual_expire(&manual, UINT64_MAX, NULL, NULL);
	require(manual_next_s(&manual) == UINT64_MAX);
	manual_free(&manual);
	return 0;
}
