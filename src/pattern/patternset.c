/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/patternset.h"

#include <stdlib.h>
#include <string.h>

#include "pattern/filter.h"
#include "pattern/matcher.h"

#define ROOM_FIRST 16U

struct patternset {
	struct filter filter;
	uint32_t count;
	uint32_t loose_count;
	uint32_t loose[PATTERNSET_LOOSE_MAX];
	struct patternset_entry *entries;
};

/* A name being asked about. */
struct search {
	const struct patternset *set;
	patternset_fn *fn;
	void *arg;
	struct matcher *matcher;
	uint64_t tried[PATTERNSET_MAX / 64];
};

static enum err make_room(struct patternset_draft *draft)
{
	uint32_t room = draft->room > 0 ? 2 * draft->room : ROOM_FIRST;
	struct patternset_entry *entries;

	if (draft->count < draft->room)
		return ERR_OK;
	entries = realloc(draft->entries, room * sizeof(*entries));
	if (!entries)
		return ERR_NOMEM;
	draft->entries = entries;
	draft->room = room;
	return ERR_OK;
}

enum err patternset_add(struct patternset_draft *draft, const struct patternset_entry *entry)
{
	bool loose = pattern_is_loose(entry->pattern);
	enum err err;

	if (draft->count == PATTERNSET_MAX)
		return ERR_RANGE;
	if (loose && draft->loose == PATTERNSET_LOOSE_MAX)
		return ERR_REFUSED;
	err = make_room(draft);
	if (err != ERR_OK)
		return err;
	draft->entries[draft->count] = *entry;
	draft->entries[draft->count++].pattern = pattern_ref(entry->pattern);
	draft->loose += loose;
	return ERR_OK;
}

void patternset_truncate(struct patternset_draft *draft, uint32_t count)
{
	while (draft->count > count) {
		struct pattern *pattern = draft->entries[--draft->count].pattern;

		draft->loose -= pattern_is_loose(pattern);
		pattern_unref(pattern);
	}
	if (count > 0)
		return;
	free(draft->entries);
	*draft = (struct patternset_draft){.count = 0};
}

static enum err fill(struct patternset *set, const struct patternset_draft *draft)
{
	enum err err = filter_create(draft->entries, draft->count, &set->filter);

	for (uint32_t i = 0; i < draft->count && err == ERR_OK; i++)
		if (pattern_is_loose(draft->entries[i].pattern))
			set->loose[set->loose_count++] = i;
	return err;
}

enum err patternset_freeze(struct patternset_draft *draft, struct patternset **ret_set)
{
	struct patternset *set = NULL;
	enum err err = ERR_OK;

	if (draft->count > 0) {
		set = calloc(1, sizeof(*set));
		err = set ? fill(set, draft) : ERR_NOMEM;
	}
	if (err != ERR_OK) {
		free(set);
		return err;
	}
	if (set) {
		set->entries = draft->entries;
		set->count = draft->count;
	}
	*draft = (struct patternset_draft){.count = 0};
	*ret_set = set;
	return ERR_OK;
}

void patternset_free(struct patternset *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->count; i++)
		pattern_unref(set->entries[i].pattern);
	filter_free(&set->filter);
	free(set->entries);
	free(set);
}

uint32_t patternset_count(const struct patternset *set)
{
	return set ? set->count : 0;
}

const struct patternset_entry *patternset_entry(const struct patternset *set, uint32_t index)
{
	return &set->entries[index];
}

static void try_pattern(struct search *search, uint32_t index)
{
	uint64_t *word = &search->tried[index / 64];
	enum pattern_outcome outcome;

	if (*word >> index % 64 & 1)
		return;
	*word |= 1ULL << index % 64;
	outcome = matcher_try(search->matcher, search->set->entries[index].pattern);
	if (outcome != PATTERN_MATCHES_NOT)
		search->fn(search->arg, index, outcome == PATTERN_UNDECIDED);
}

/* Something of the name is a pattern's, number `first`, or some have to be tried anyway. */
static __attribute__((noinline)) void search(const struct patternset *set,
					     const struct subject *subject,
					     struct filter_place place, uint32_t first,
					     const struct name *name, patternset_fn *fn, void *arg)
{
	struct matcher matcher;
	struct search s = {.set = set, .fn = fn, .arg = arg, .matcher = &matcher};

	matcher.subject = *subject;
	matcher_begin(&matcher, name);
	for (uint32_t i = 0; i < set->loose_count; i++)
		try_pattern(&s, set->loose[i]);
	while (first < set->count) {
		try_pattern(&s, first);
		if (!filter_next(&set->filter, subject->text, subject->len, &place, &first))
			first = set->count;
	}
}

void patternset_find(const struct patternset *set, const struct name *name, patternset_fn *fn,
		     void *arg)
{
	struct filter_place place = {.pos = 0};
	struct subject subject;
	uint32_t first;

	if (!set)
		return;
	first = set->count;
	subject_set(&subject, name);
	(void)filter_next(&set->filter, subject.text, subject.len, &place, &first);
	if (first < set->count || set->loose_count > 0)
		search(set, &subject, place, first, name, fn, arg);
}
