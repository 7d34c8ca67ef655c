/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/prefetch.h"
#include "set/chunk.h"

#define TYPICAL_RECORD 20 /* octets */

/* The name being looked up, and the end of it that is at hand. */
struct probe {
	const struct name *name;
	const struct name_suffixes *suffixes;
	uint64_t hash;
	uint32_t label; /* the first one of the end */
	uint32_t types; /* of the question */
	uint8_t scope;	/* what a rule must cover to count */
};

void domset_free(struct domset *set)
{
	struct pages self;

	if (!set)
		return;
	patternset_free(set->patterns);
	pages_free(&set->table_pages);
	pages_free(&set->arena_pages);
	pages_free(&set->dict_pages);
	pages_free(&set->phrase_pages);
	pages_free(&set->checkpoint_pages);
	pages_free(&set->class_pages);
	self = set->self;
	pages_free(&self);
}

const struct hash_key *domset_key(const struct domset *set)
{
	return &set->key;
}

static const struct chunk *chunk_of(const struct domset *set, uint64_t hash)
{
	return &set->chunks[chunk_index(hash, set->chunk_count)];
}

/* The hash of the end that has `depth` labels. */
static inline uint64_t hash_at(const struct domset *set, const struct name_suffixes *suffixes,
			       uint32_t depth)
{
	return depth > 0 ? suffixes->hash[suffixes->labels - depth] : set->root_hash;
}

/* For each `depth`, in labels, of the name's ends that the set has owners of. */
#define FOR_EACH_DEPTH(set, labels, depth)                                                         \
	for (uint32_t from = 0, depth; from <= (labels); from += 64)                               \
		for (uint64_t left = depths_from(set, from, labels);                               \
		     left && (depth = from + (uint32_t)__builtin_ctzll(left), true);               \
		     left &= left - 1)

void domset_prefetch(const struct domset *set, const struct name_suffixes *suffixes)
{
	FOR_EACH_DEPTH(set, suffixes->labels, depth)
	prefetch(chunk_of(set, hash_at(set, suffixes, depth)));
}

static inline void prefetch_rules(const struct domset *set, uint64_t hash)
{
	const struct chunk *chunk = chunk_of(set, hash);

	for (uint32_t found = chunk_find(chunk, chunk_tag(hash)); found; found &= found - 1) {
		const uint8_t *record = set->arena + chunk->record[__builtin_ctz(found)];

		prefetch(record);
		prefetch(record + TYPICAL_RECORD);
	}
}

void domset_prefetch_rules(const struct domset *set, const struct name_suffixes *suffixes)
{
	FOR_EACH_DEPTH(set, suffixes->labels, depth)
	prefetch_rules(set, hash_at(set, suffixes, depth));
}

/* What decides between rules of one list, in one number: the larger is the stronger. */
static uint32_t strength(const struct domset_hit *hit)
{
	return (uint32_t)hit->important << 10 | (uint32_t)hit->owner_labels << 2 |
	       (uint32_t)hit->exception << 1 | (hit->answer != DOMSET_ANSWER_LIST);
}

/* Takes a rule in, if it is the strongest so far of its list. */
static void add_hit(struct domset_hits *hits, const struct domset_hit *hit)
{
	uint32_t at = hits->count < hits->room ? hits->count : hits->room;
	struct domset_hit *other;

	while (at > 0 && hits->hit[at - 1].list > hit->list)
		at--;
	other = &hits->hit[at > 0 ? at - 1 : 0];
	if (at > 0 && other->list == hit->list) {
		if (strength(hit) > strength(other) ||
		    (strength(hit) == strength(other) && hit->record < other->record))
			*other = *hit;
		return;
	}
	if (hits->count++ >= hits->room)
		return;
	for (uint32_t i = hits->count - 1; i > at; i--)
		hits->hit[i] = hits->hit[i - 1];
	hits->hit[at] = *hit;
}

static void check_record(const struct domset *set, const struct probe *probe, uint32_t record,
			 struct domset_hits *hits)
{
	struct record_head head;
	const uint8_t *owner = record_head(set->arena + record, &head);
	const struct rule_class *class = &set->classes[head.class];

	if (!(class->kind.scope & probe->scope) ||
	    (class->kind.types && !(class->kind.types & probe->types)) ||
	    !record_owner_is(owner, &head, &set->ends, probe->name, probe->suffixes, probe->label))
		return;
	add_hit(hits, &(struct domset_hit){
			      .record = record,
			      .list = class->list,
			      .owner_labels = (uint8_t)(probe->suffixes->labels - probe->label),
			      .scope = class->kind.scope,
			      .exception = class->kind.exception,
			      .important = class->kind.important,
			      .answer = class->kind.answer,
		      });
}

/* Finds all rules whose owner is the probe's name, from the chunk on that its hash leads to. */
static void look_up(const struct domset *set, const struct probe *probe, const struct chunk *chunk,
		    struct domset_hits *hits)
{
	uint32_t overflow = chunk_overflow_bit(probe->hash);
	uint8_t tag = chunk_tag(probe->hash);

	for (;;) {
		for (uint32_t found = chunk_find(chunk, tag); found; found &= found - 1)
			check_record(set, probe, chunk->record[__builtin_ctz(found)], hits);
		if (!(chunk->overflow & overflow))
			return;
		if (++chunk == set->chunks + set->chunk_count)
			chunk = set->chunks;
	}
}

/* True when no rule of this hash is there, as for nearly all ends of all names. */
static inline bool is_absent(const struct chunk *chunk, uint64_t hash)
{
	return !chunk_find(chunk, chunk_tag(hash)) && !(chunk->overflow & chunk_overflow_bit(hash));
}

/* Finds the rules for a name whose own must cover `itself`. */
static inline void look_up_all(const struct domset *set, struct probe probe, uint8_t itself,
			       struct domset_hits *hits)
{
	const struct name_suffixes *suffixes = probe.suffixes;
	uint32_t labels = suffixes->labels;

	hits->count = 0;
	FOR_EACH_DEPTH(set, labels, depth)
	{
		const struct chunk *chunk;

		probe.hash = hash_at(set, suffixes, depth);
		chunk = chunk_of(set, probe.hash);
		if (is_absent(chunk, probe.hash))
			continue;
		probe.label = labels - depth;
		probe.scope = depth < labels ? DOMSET_SCOPE_BELOW : itself;
		look_up(set, &probe, chunk, hits);
	}
}

void domset_lookup(const struct domset *set, const struct name *name,
		   const struct name_suffixes *suffixes, uint32_t types, struct domset_hits *hits)
{
	struct probe probe = {.name = name, .suffixes = suffixes, .types = types};

	look_up_all(set, probe, DOMSET_SCOPE_ITSELF, hits);
	if (set->patterns)
		domset_match_patterns(set, &(struct domset_asked){name, suffixes->labels, types},
				      hits);
}

void domset_lookup_below(const struct domset *set, const struct name *name,
			 const struct name_suffixes *suffixes, uint32_t types,
			 struct domset_hits *hits)
{
	struct probe probe = {.name = name, .suffixes = suffixes, .types = types};

	look_up_all(set, probe, DOMSET_SCOPE_BELOW, hits);
}

uint32_t domset_types(const struct domset *set)
{
	return set->types;
}

void domset_divide_types(const struct domset *set, struct typeset_parts *parts)
{
	for (uint32_t i = 0; i < set->class_count; i++)
		if (set->classes[i].kind.types != 0)
			typeset_divide(parts, set->classes[i].kind.types);
}

/* The last checkpoint that is not behind `record`. */
static struct checkpoint checkpoint_before(const struct domset *set, uint32_t record)
{
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;
	uint32_t low = 0;
	uint32_t high = set->checkpoint_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (checkpoints[middle].record <= record)
			low = middle;
		else
			high = middle;
	}
	return checkpoints[low];
}

void domset_rule(const struct domset *set, uint32_t record, struct domset_rule *ret_rule)
{
	struct checkpoint from;
	const uint8_t *owner;
	struct record_head head;

	if (record >= PATTERN_RECORD) {
		domset_pattern(set, record - PATTERN_RECORD, ret_rule);
		return;
	}
	from = checkpoint_before(set, record);
	while (from.record < record) {
		owner = record_head(set->arena + from.record, &head);
		from.line += head.delta;
		from.record = (uint32_t)(record_skip_owner(owner, &head, &set->ends) - set->arena);
	}
	owner = record_head(set->arena + record, &head);
	ret_rule->kind = set->classes[head.class].kind;
	ret_rule->list = set->classes[head.class].list;
	ret_rule->line = from.line + head.delta;
	ret_rule->data = head.data;
	ret_rule->pattern = NULL;
	(void)record_owner(owner, &head, &set->ends, &ret_rule->owner);
}

uint32_t domset_data(const struct domset *set, uint32_t record)
{
	struct record_head head;

	if (record >= PATTERN_RECORD)
		return patternset_entry(set->patterns, record - PATTERN_RECORD)->data;
	(void)record_head(set->arena + record, &head);
	return head.data;
}

struct domset_count domset_count(const struct domset *set, unsigned int list)
{
	if (list >= DOMSET_LISTS_MAX)
		return (struct domset_count){.rules = 0};
	return set->counts[list];
}

bool domset_has_exceptions(const struct domset *set, unsigned int list)
{
	for (size_t i = 0; i < set->class_count; i++)
		if (domset_kind_lifts(&set->classes[i].kind) && set->classes[i].list == list)
			return true;
	return false;
}

struct domset_count domset_count_all(const struct domset *set)
{
	struct domset_count all = {.rules = 0};

	for (unsigned int list = 0; list < DOMSET_LISTS_MAX; list++) {
		all.rules += set->counts[list].rules;
		all.duplicates += set->counts[list].duplicates;
	}
	return all;
}

void domset_iter_init(struct domset_iter *iter, const struct domset *set)
{
	*iter = (struct domset_iter){.set = set, .list = -1};
}

void domset_iter_init_list(struct domset_iter *iter, const struct domset *set, unsigned int list)
{
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;

	domset_iter_init(iter, set);
	iter->next = set->arena_bytes;
	/* The first record of a list is always a checkpoint. */
	if (list < DOMSET_LISTS_MAX && set->starts[list] > 0)
		iter->next = checkpoints[set->starts[list] - 1].record;
}

/* False for a record whose place one with other data has taken. */
static bool is_in_table(const struct domset *set, uint32_t record, const struct name *owner)
{
	uint64_t hash = name_hash(&set->key, owner);
	const struct chunk *chunk = chunk_of(set, hash);

	for (;;) {
		uint32_t found = chunk_find(chunk, chunk_tag(hash));

		for (; found; found &= found - 1)
			if (chunk->record[__builtin_ctz(found)] == record)
				return true;
		if (!(chunk->overflow & chunk_overflow_bit(hash)))
			return false;
		if (++chunk == set->chunks + set->chunk_count)
			chunk = set->chunks;
	}
}

static bool read_next(struct domset_iter *iter, struct domset_rule *ret_rule)
{
	const struct domset *set = iter->set;
	const struct rule_class *class;
	struct record_head head;
	const uint8_t *owner;

	if (iter->next >= set->arena_bytes)
		return false;
	iter->record = iter->next;
	owner = record_head(set->arena + iter->record, &head);
	class = &set->classes[head.class];
	if (iter->list != class->list)
		iter->line = 0; /* each list counts from its own start */
	iter->list = class->list;
	iter->line += head.delta;
	ret_rule->kind = class->kind;
	ret_rule->list = class->list;
	ret_rule->line = iter->line;
	ret_rule->data = head.data;
	ret_rule->pattern = NULL;
	iter->next =
		(uint32_t)(record_owner(owner, &head, &set->ends, &ret_rule->owner) - set->arena);
	return true;
}

bool domset_iter_next(struct domset_iter *iter, struct domset_rule *ret_rule)
{
	while (read_next(iter, ret_rule))
		if (ret_rule->kind.answer != DOMSET_ANSWER_DATA ||
		    is_in_table(iter->set, iter->record, &ret_rule->owner))
			return true;
	return false;
}
