/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/value.h"

#include <stdbool.h>
#include <string.h>

union number {
	bool flag;
	uint32_t narrow;
	uint64_t wide;
};

void conf_number_set(const struct conf_row *row, uint64_t number, void *value)
{
	union number kept = {.wide = number};

	if (row->size == sizeof(kept.flag))
		kept.flag = number != 0;
	else if (row->size == sizeof(kept.narrow))
		kept.narrow = (uint32_t)number;
	memcpy(value, &kept, row->size);
}

uint64_t conf_number_get(const struct conf_row *row, const void *value)
{
	union number kept = {.wide = 0};

	memcpy(&kept, value, row->size);
	if (row->size == sizeof(kept.flag))
		return kept.flag;
	return row->size == sizeof(kept.narrow) ? kept.narrow : kept.wide;
}
