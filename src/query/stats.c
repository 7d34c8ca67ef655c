/* SPDX-License-Identifier: BSD-2-Clause */
#include "query/stats.h"

const struct stats_row stats_rows[] = {
#define X(field, help) {#field, help, offsetof(struct stats, field)},
	STATS_ROWS(X)
#undef X
};

const size_t stats_row_count = sizeof(stats_rows) / sizeof(stats_rows[0]);

uint64_t stats_value(const struct stats *stats, const struct stats_row *row)
{
	const char *base = (const char *)stats;

	return atomic_load_explicit((const _Atomic uint64_t *)(const void *)(base + row->offset),
				    memory_order_relaxed);
}
