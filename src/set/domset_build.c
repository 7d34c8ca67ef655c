/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/chunk.h"

#include <string.h>

#define ARENA_MAX PATTERN_RECORD
/* Behind the last record, so that records may be written and read by words. */
#define ARENA_PAD (RECORD_MAX + RECORD_PAD)
#define CLASS_NONE UINT16_MAX
#define KINDS 256 /* of scope, exception, important and answer */
_Static_assert(DOMSET_ANSWER_COUNT <= KINDS / 16, "each kind has its place");
#define CHECKPOINTS_MAX ((size_t)UINT32_MAX * sizeof(struct checkpoint))

struct domset_builder {
	struct pages self; /* this structure's own */
	struct hash_key key;
	struct pages arena;
	struct pages checkpoints;
	size_t arena_bytes;
	uint32_t records;
	uint32_t checkpoint_count;
	uint32_t last_line;
	bool at_list_start;
	bool compact;
	uint16_t class_count;
	uint16_t class_first; /* of the list begun last, whose classes lie together */
	uint16_t list_count;
	uint16_t lists[DOMSET_LISTS_MAX]; /* in the order they were begun */
	bool begun[DOMSET_LISTS_MAX];
	uint16_t class_of[KINDS]; /* of the list begun last, for all types */
	struct pages classes;
	struct dict dict;
	struct patternset_draft patterns;
	domset_again_fn *again; /* NULL: nobody is told */
	void *again_arg;
};

enum err domset_builder_create(const struct hash_key *key, struct domset_builder **ret_builder)
{
	struct domset_builder *builder;
	struct pages self;
	enum err err = pages_map(&self, sizeof(*builder));

	if (err != ERR_OK)
		return err;
	builder = (void *)self.base;
	builder->self = self;
	builder->key = *key;
	*ret_builder = builder;
	return ERR_OK;
}

void domset_builder_free(struct domset_builder *builder)
{
	struct pages self;

	if (!builder)
		return;
	patternset_truncate(&builder->patterns, 0);
	pages_free(&builder->arena);
	pages_free(&builder->checkpoints);
	pages_free(&builder->classes);
	pages_free(&builder->dict.pages);
	self = builder->self;
	pages_free(&self);
}

static uint32_t kind_index(const struct domset_kind *kind)
{
	return (kind->scope & 3U) | (uint32_t)kind->exception << 2 |
	       (uint32_t)kind->important << 3 | (uint32_t)kind->answer << 4;
}

static struct rule_class *classes_of(const struct domset_builder *builder)
{
	return (void *)builder->classes.base;
}

/* Makes class_of what the classes say of the list begun last. */
static void find_classes(struct domset_builder *builder)
{
	const struct rule_class *classes = classes_of(builder);
	uint16_t first = builder->class_count;

	memset(builder->class_of, 0xff, sizeof(builder->class_of));
	while (builder->list_count > 0 && first > 0 &&
	       classes[first - 1].list == builder->lists[builder->list_count - 1]) {
		first--;
		if (classes[first].kind.types == 0)
			builder->class_of[kind_index(&classes[first].kind)] = first;
	}
	builder->class_first = first;
}

enum err domset_builder_begin(struct domset_builder *builder, unsigned int list)
{
	if (list >= DOMSET_LISTS_MAX)
		return ERR_RANGE;
	if (builder->begun[list])
		return ERR_EXISTS;
	builder->begun[list] = true;
	builder->lists[builder->list_count++] = (uint16_t)list;
	builder->last_line = 0;
	builder->at_list_start = true;
	find_classes(builder);
	return ERR_OK;
}

/* The class of a kind that is not for all types; CLASS_NONE: there is none. */
static uint16_t find_typed(const struct domset_builder *builder, const struct domset_kind *kind)
{
	const struct rule_class *classes = classes_of(builder);

	for (uint16_t i = builder->class_first; i < builder->class_count; i++)
		if (classes[i].kind.types == kind->types &&
		    kind_index(&classes[i].kind) == kind_index(kind))
			return i;
	return CLASS_NONE;
}

static enum err add_class(struct domset_builder *builder, const struct domset_kind *kind,
			  uint16_t *ret_class)
{
	size_t count = builder->class_count + 1UL;
	enum err err;

	if (count > DOMSET_CLASSES_MAX || count - builder->class_first > DOMSET_KINDS_MAX)
		return ERR_REFUSED;
	err = pages_grow(&builder->classes, count * sizeof(struct rule_class),
			 DOMSET_CLASSES_MAX * sizeof(struct rule_class));
	if (err != ERR_OK)
		return err;
	classes_of(builder)[builder->class_count] = (struct rule_class){
		.kind = *kind,
		.list = builder->lists[builder->list_count - 1],
	};
	*ret_class = builder->class_count++;
	return ERR_OK;
}

static enum err intern_class(struct domset_builder *builder, const struct domset_kind *kind,
			     uint32_t *ret_class)
{
	uint16_t *known = &builder->class_of[kind_index(kind)];
	uint16_t class = kind->types == 0 ? *known : find_typed(builder, kind);
	enum err err = ERR_OK;

	if (class == CLASS_NONE)
		err = add_class(builder, kind, &class);
	if (err != ERR_OK)
		return err;
	if (kind->types == 0)
		*known = class;
	*ret_class = class;
	return ERR_OK;
}

static bool is_checkpoint(const struct domset_builder *builder)
{
	return builder->at_list_start || builder->records % CHECKPOINT_RECORDS == 0;
}

/* Room for one more record, and for its checkpoint.  Without the rules that are there twice each
 * list may begin between two checkpoints, and so have one more. */
static enum err reserve(struct domset_builder *builder)
{
	size_t checkpoints =
		(builder->checkpoint_count + 1UL + builder->list_count) * sizeof(struct checkpoint);
	size_t arena = builder->arena_bytes + ARENA_PAD;
	enum err err = ERR_OK;

	if (arena > builder->arena.size) /* mostly there is room */
		err = pages_grow(&builder->arena, arena, ARENA_MAX);
	if (err == ERR_OK && is_checkpoint(builder))
		err = pages_grow(&builder->checkpoints, checkpoints, CHECKPOINTS_MAX);
	return err;
}

static void set_checkpoint(struct domset_builder *builder)
{
	struct checkpoint *checkpoints = (void *)builder->checkpoints.base;

	checkpoints[builder->checkpoint_count++] = (struct checkpoint){
		.record = (uint32_t)builder->arena_bytes,
		.line = builder->last_line,
	};
	builder->at_list_start = false;
}

static struct record_ends ends_of(const struct domset_builder *builder)
{
	return (struct record_ends){
		.dict =
			{
				.entries = (const void *)builder->dict.pages.base,
				.count = builder->dict.count,
			},
	};
}

enum err domset_builder_add(struct domset_builder *builder, const struct name *owner,
			    const struct domset_kind *kind, uint32_t line)
{
	return domset_builder_add_data(builder, owner, kind, 0, line);
}

/* Begins a record with its head, which is to be followed by its owner. */
static enum err begin_record(struct domset_builder *builder, const struct domset_kind *kind,
			     uint32_t data, uint32_t line)
{
	struct record_head head = {.delta = line - builder->last_line, .data = data};
	enum err err;

	if (builder->list_count == 0 || line < builder->last_line || (kind->scope & 3U) == 0 ||
	    kind->answer >= DOMSET_ANSWER_COUNT)
		return ERR_RANGE;
	err = reserve(builder);
	if (err == ERR_OK)
		err = intern_class(builder, kind, &head.class);
	if (err != ERR_OK)
		return err;
	if (is_checkpoint(builder))
		set_checkpoint(builder);
	builder->arena_bytes +=
		record_write_head(builder->arena.base + builder->arena_bytes, &head);
	builder->last_line = line;
	builder->records++;
	return ERR_OK;
}

enum err domset_builder_add_data(struct domset_builder *builder, const struct name *owner,
				 const struct domset_kind *kind, uint32_t data, uint32_t line)
{
	enum err err = begin_record(builder, kind, data, line);
	struct dict_match match;
	bool matched;

	if (err != ERR_OK)
		return err;
	matched = dict_match(&builder->dict, owner, &match);
	builder->arena_bytes += record_write_owner(builder->arena.base + builder->arena_bytes,
						   owner, matched ? &match : NULL);
	return ERR_OK;
}

/* ---- owners that were spelt before: what there was to be learned of them, then as in records */

size_t domset_builder_spell(const struct domset_builder *builder, const struct name *owner,
			    uint8_t *out)
{
	struct dict_match match;
	uint64_t next;
	bool matched = dict_look(&builder->dict, owner, &match, &next);

	memcpy(out, &next, sizeof(next));
	return sizeof(next) +
	       record_write_owner(out + sizeof(next), owner, matched ? &match : NULL);
}

void domset_builder_read(const struct domset_builder *builder, const uint8_t *spelt,
			 struct name *ret_owner)
{
	const struct record_head head = {.stream = false};
	const struct record_ends ends = ends_of(builder);

	(void)record_owner(spelt + sizeof(uint64_t), &head, &ends, ret_owner);
}

enum err domset_builder_add_spelt(struct domset_builder *builder, const uint8_t *spelt, size_t len,
				  const struct domset_kind *kind, uint32_t line)
{
	struct name owner;
	uint64_t next;
	uint8_t *out;
	enum err err;

	memcpy(&next, spelt, sizeof(next));
	if (!dict_pass(&builder->dict, next)) {
		domset_builder_read(builder, spelt, &owner);
		return domset_builder_add(builder, &owner, kind, line);
	}
	err = begin_record(builder, kind, 0, line);
	if (err != ERR_OK)
		return err;
	out = builder->arena.base + builder->arena_bytes;
	len -= sizeof(next);
	memcpy(out, spelt + sizeof(next), DOMSET_SPELT_PAD); /* most are no longer */
	if (len > DOMSET_SPELT_PAD)
		memcpy(out, spelt + sizeof(next), len);
	builder->arena_bytes += len;
	return ERR_OK;
}

uint32_t domset_builder_next(const struct domset_builder *builder)
{
	return (uint32_t)builder->arena_bytes;
}

uint32_t domset_builder_rule(const struct domset_builder *builder, uint32_t record,
			     struct domset_rule *ret_rule)
{
	const struct record_ends ends = ends_of(builder);
	const uint8_t *owner;
	struct record_head head;

	owner = record_head(builder->arena.base + record, &head);
	ret_rule->kind = classes_of(builder)[head.class].kind;
	ret_rule->list = classes_of(builder)[head.class].list;
	ret_rule->line = 0;
	ret_rule->data = head.data;
	ret_rule->pattern = NULL;
	return (uint32_t)(record_owner(owner, &head, &ends, &ret_rule->owner) -
			  builder->arena.base);
}

enum err domset_builder_add_pattern(struct domset_builder *builder, const struct domset_rule *rule)
{
	struct domset_kind whole = rule->kind;
	struct patternset_entry entry = {
		.pattern = rule->pattern, .line = rule->line, .data = rule->data};
	enum err err;

	whole.scope = DOMSET_SCOPE_ITSELF;
	if (builder->list_count == 0 || whole.answer >= DOMSET_ANSWER_COUNT)
		return ERR_RANGE;
	err = intern_class(builder, &whole, &entry.class);
	if (err != ERR_OK)
		return err == ERR_REFUSED ? ERR_EXISTS : err;
	return patternset_add(&builder->patterns, &entry);
}

struct domset_mark domset_builder_mark(const struct domset_builder *builder)
{
	return (struct domset_mark){
		.arena_bytes = builder->arena_bytes,
		.records = builder->records,
		.checkpoints = builder->checkpoint_count,
		.last_line = builder->last_line,
		.patterns = builder->patterns.count,
		.suffixes = (uint16_t)builder->dict.count,
		.classes = builder->class_count,
		.lists = builder->list_count,
		.at_list_start = builder->at_list_start,
	};
}

void domset_builder_rollback(struct domset_builder *builder, const struct domset_mark *mark)
{
	builder->arena_bytes = mark->arena_bytes;
	builder->records = mark->records;
	builder->checkpoint_count = mark->checkpoints;
	builder->last_line = mark->last_line;
	builder->class_count = mark->classes;
	while (builder->list_count > mark->lists)
		builder->begun[builder->lists[--builder->list_count]] = false;
	builder->at_list_start = mark->at_list_start;
	dict_truncate(&builder->dict, mark->suffixes);
	patternset_truncate(&builder->patterns, mark->patterns);
	find_classes(builder);
}

/* Moves what was built into `set`, and leaves the builder empty. */
static void hand_over(struct domset_builder *builder, struct domset *set)
{
	struct pages self = builder->self;
	bool compact = builder->compact;

	set->key = builder->key;
	set->root_hash = name_hash_root(&set->key);
	set->arena_bytes = (uint32_t)builder->arena_bytes;
	set->checkpoint_count = builder->checkpoint_count;
	set->class_pages = builder->classes;
	set->classes = (const void *)set->class_pages.base;
	set->class_count = builder->class_count;
	for (uint32_t i = 0; i < set->class_count; i++)
		set->types |= set->classes[i].kind.types;
	set->arena_pages = builder->arena;
	set->dict_pages = builder->dict.pages;
	set->checkpoint_pages = builder->checkpoints;
	set->arena = set->arena_pages.base;
	set->ends.dict.entries = (const void *)set->dict_pages.base;
	set->ends.dict.count = builder->dict.count;
	memset(builder, 0, sizeof(*builder));
	builder->self = self;
	builder->key = set->key;
	builder->compact = compact;
}

static void trim(struct domset *set)
{
	pages_trim(&set->arena_pages, set->arena_bytes + ARENA_PAD);
	pages_trim(&set->dict_pages, set->ends.dict.count * sizeof(struct dict_entry));
	pages_trim(&set->checkpoint_pages, set->checkpoint_count * sizeof(struct checkpoint));
}

void domset_builder_tell_again(struct domset_builder *builder, domset_again_fn *again, void *arg)
{
	builder->again = again;
	builder->again_arg = arg;
}

void domset_builder_compact(struct domset_builder *builder, bool compact)
{
	builder->compact = compact;
}

/* Without memory for the phrases the set is as right, and larger. */
static void fill(struct domset *set, uint32_t records, const struct pages *table,
		 const struct domset_again *again, bool compact)
{
	struct phrase_coder *coder = NULL;

	if (compact && records > 0 && domset_learn(set, &coder) != ERR_OK)
		coder = NULL;
	domset_table_fill(set, records, table, again, coder);
	phrase_coder_free(coder);
}

enum err domset_builder_freeze(struct domset_builder *builder, struct domset **ret_set)
{
	struct domset *set;
	struct pages table = {.base = NULL};
	const struct domset_again again = {builder->again, builder->again_arg};
	uint32_t records = builder->records;
	struct pages self;
	enum err err = pages_map(&self, sizeof(*set));

	if (err != ERR_OK)
		return err;
	set = (void *)self.base;
	err = domset_table_map(records, builder->compact, &table);
	if (err == ERR_OK)
		err = patternset_freeze(&builder->patterns, &set->patterns);
	if (err != ERR_OK) {
		pages_free(&table);
		pages_free(&self);
		return err;
	}
	set->self = self;
	hand_over(builder, set);
	fill(set, records, &table, &again, builder->compact);
	domset_count_patterns(set);
	trim(set);
	*ret_set = set;
	return ERR_OK;
}
