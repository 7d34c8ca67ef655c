/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_table(table_read_csv, data, size);
}
