/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of the spool: what is read of it are texts that end, and numbers the database can have.
 */
#include <string.h>

#include "fuzz.h"
#include "postgres/parcel.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = data;
	const uint8_t *end = data + size;
	struct parcel_entry e = {.kind = PARCEL_KIND_COUNT};

	while (parcel_next(&at, end, &e)) {
		require(e.kind < PARCEL_KIND_COUNT && at <= end);
		require(memchr(e.texts[0], '\0', (size_t)(end - (const uint8_t *)e.texts[0])) !=
			NULL);
		if (e.kind == PARCEL_FINDING || e.kind == PARCEL_NOTED)
			require(e.numbers[FINDING_COLUMN_COUNT] <= 1ULL << 53);
	}
	return 0;
}
