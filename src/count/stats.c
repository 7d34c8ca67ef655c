/* SPDX-License-Identifier: BSD-2-Clause */
#include "count/stats.h"

#include <stdio.h>
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

/* Where the name was; looked for from `from` on, since most keep their order. */
static size_t find_name(const char (*names)[POLICY_LIST_NAME_MAX], size_t count, size_t from,
			const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = (from + i) % count;

		if (strcmp(names[at], name) == 0)
			return at;
	}
	return count;
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
			at = find_name(before->names, before->count, from, now->lists[i].name);
		if (at < before->count)
			from = at + 1;
		atomic_store_explicit(&stats->list_hits[i], hits[at], memory_order_relaxed);
	}
}

/* The name of the group whose view has the number; "": it is no group's, or there is none. */
static const char *group_name(const struct policy *policy, size_t view)
{
	const struct policy_views *views = policy->views;

	return views && view > 0 && view <= views->count && views->view[view - 1].group
		       ? views->view[view - 1].group
		       : "";
}

static void put_view(struct stats_view *to, const struct stats_view *from)
{
#define X(field, help)                                                                             \
	atomic_store_explicit(&to->field,                                                          \
			      atomic_load_explicit(&from->field, memory_order_relaxed),            \
			      memory_order_relaxed);
	STATS_VIEW_ROWS(X)
#undef X
}

void stats_note_groups(const struct policy *policy, struct stats_groups *ret_groups)
{
	ret_groups->count = policy->views ? policy->views->count + 1 : 0;
	for (size_t i = 0; i < ret_groups->count; i++)
		snprintf(ret_groups->names[i], sizeof(ret_groups->names[i]), "%s",
			 group_name(policy, i));
}

void stats_move_groups(struct stats *stats, const struct stats_groups *before,
		       const struct policy *now)
{
	static const struct stats_view none;
	struct stats_view was[STATS_VIEWS_MAX];
	size_t from = 0;

	for (size_t i = 0; i < before->count; i++)
		put_view(&was[i], &stats->views[i]);
	for (size_t i = 0; i < STATS_VIEWS_MAX; i++) {
		const char *name = group_name(now, i);
		size_t at = before->count;

		if (*name)
			at = find_name(before->names, before->count, from, name);
		from = at < before->count ? at + 1 : from;
		put_view(&stats->views[i], at < before->count ? &was[at] : &none);
	}
}
