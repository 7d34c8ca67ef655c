/* SPDX-License-Identifier: BSD-2-Clause */
#include "count/stats.h"

#include <string.h>

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

_Static_assert(sizeof(struct stats) % sizeof(_Atomic uint64_t) == 0 &&
		       sizeof(_Atomic uint64_t) == sizeof(uint64_t),
	       "a struct stats is an array of counters");

void stats_sum(const struct stats *stats, struct stats *sum)
{
	const _Atomic uint64_t *from = (const void *)stats;
	_Atomic uint64_t *to = (void *)sum;

	for (size_t i = 0; i < sizeof(*stats) / sizeof(*from); i++)
		atomic_store_explicit(&to[i],
				      atomic_load_explicit(&to[i], memory_order_relaxed) +
					      atomic_load_explicit(&from[i], memory_order_relaxed),
				      memory_order_relaxed);
}

const char *stats_rcode_word(uint8_t rcode)
{
#define X(value, word)                                                                             \
	if (rcode == (value))                                                                      \
		return word;
	STATS_RCODES(X)
#undef X
	return "OTHER";
}

void stats_note_lists(const struct policy *policy, struct stats_lists *ret_lists)
{
	ret_lists->count = policy->list_count;
	for (size_t i = 0; i < policy->list_count; i++)
		memcpy(ret_lists->names[i], policy->lists[i].name, POLICY_LIST_NAME_MAX);
}

/* Where the list was; looked for from `from` on, since most lists keep their order. */
static size_t find_list(const struct stats_lists *lists, size_t from, const char *name)
{
	for (size_t i = 0; i < lists->count; i++) {
		size_t at = (from + i) % lists->count;

		if (strcmp(lists->names[at], name) == 0)
			return at;
	}
	return lists->count;
}

void stats_move_lists(struct stats *stats, const struct stats_lists *before,
		      const struct policy *now)
{
	uint64_t hits[POLICY_LISTS_MAX + 1] = {0}; /* the last is of new lists */
	size_t from = 0;

	for (size_t i = 0; i < before->count; i++)
		hits[i] = atomic_load_explicit(&stats->list_hits[i], memory_order_relaxed);
	hits[before->count] = 0;
	for (size_t i = 0; i < POLICY_LISTS_MAX; i++) {
		size_t at = before->count;

		if (i < now->list_count)
			at = find_list(before, from, now->lists[i].name);
		if (at < before->count)
			from = at + 1;
		atomic_store_explicit(&stats->list_hits[i], hits[at], memory_order_relaxed);
	}
}
