/* SPDX-License-Identifier: BSD-2-Clause */
/* The patterns of a set among its rules. */
#include "set/chunk.h"

/* A name that is asked about. */
struct asked {
	const struct domset *set;
	uint8_t labels;
	uint32_t types;
	struct domset_hits *hits;
};

/* True when the pattern's hit is the stronger of two of one list. */
static bool beats(const struct domset_hit *pattern, const struct domset_hit *other)
{
	bool before = other->record >= PATTERN_RECORD && pattern->record < other->record;

	if (pattern->important != other->important)
		return pattern->important;
	if (pattern->exception != other->exception)
		return pattern->exception;
	return before;
}

static void take_in(struct domset_hits *hits, const struct domset_hit *hit)
{
	uint32_t at = hits->count < hits->room ? hits->count : hits->room;

	while (at > 0 && hits->hit[at - 1].list > hit->list)
		at--;
	if (at > 0 && hits->hit[at - 1].list == hit->list) {
		if (beats(hit, &hits->hit[at - 1]))
			hits->hit[at - 1] = *hit;
		return;
	}
	if (hits->count++ >= hits->room)
		return;
	for (uint32_t i = hits->count - 1; i > at; i--)
		hits->hit[i] = hits->hit[i - 1];
	hits->hit[at] = *hit;
}

/* Where it is not decided, what blocks does, and what lifts does not: a name cannot be made up so
 * that a rule does not hold for it. */
static void take_pattern(void *arg, uint32_t index, bool undecided)
{
	const struct asked *asked = arg;
	const struct domset *set = asked->set;
	const struct rule_class *class =
		&set->classes[patternset_entry(set->patterns, index)->class];
	struct domset_hit hit = {
		.record = PATTERN_RECORD + index,
		.list = class->list,
		.owner_labels = asked->labels,
		.scope = class->kind.scope,
		.exception = class->kind.exception,
		.important = class->kind.important,
		.answer = class->kind.answer,
	};

	if (class->kind.types != 0 && !(class->kind.types & asked->types))
		return;
	if (!(undecided && class->kind.exception))
		take_in(asked->hits, &hit);
}

__attribute__((noinline, cold)) void domset_match_patterns(const struct domset *set,
							   const struct domset_asked *of,
							   struct domset_hits *hits)
{
	struct asked asked = {
		.set = set, .labels = (uint8_t)of->labels, .types = of->types, .hits = hits};

	patternset_find(set->patterns, of->name, take_pattern, &asked);
}

void domset_count_patterns(struct domset *set)
{
	for (uint32_t i = 0; i < patternset_count(set->patterns); i++)
		set->counts[set->classes[patternset_entry(set->patterns, i)->class].list].rules++;
}

const char *domset_rule_text(const struct name *owner, const struct pattern *pattern,
			     char buf[NAME_TEXT_MAX])
{
	return pattern ? pattern_text(pattern) : name_to_text(owner->wire, buf, NAME_TEXT_MAX);
}

uint32_t domset_patterns(const struct domset *set)
{
	return patternset_count(set->patterns);
}

void domset_pattern(const struct domset *set, uint32_t index, struct domset_rule *ret_rule)
{
	const struct patternset_entry *entry = patternset_entry(set->patterns, index);
	const struct rule_class *class = &set->classes[entry->class];

	*ret_rule = (struct domset_rule){
		.kind = class->kind,
		.list = class->list,
		.line = entry->line,
		.data = entry->data,
		.owner = {.len = 1},
		.pattern = entry->pattern,
	};
}
