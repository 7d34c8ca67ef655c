/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/chunk.h"

#include <string.h>

#include "base/priority.h"

#define ARENA_MAX PATTERN_RECORD
/* Behind the last record, so that records may be written and read by words. */
#define ARENA_PAD (RECORD_MAX + RECORD_PAD)
#define CLASS_NONE 255
#define RECORDS_A_TURN 1024U /* a quarter of a millisecond's work */
#define KINDS 256	     /* of scope, exception, important and answer */
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
	uint8_t class_count;
	uint8_t list_count;
	uint8_t lists[DOMSET_LISTS_MAX]; /* in the order they were begun */
	uint8_t class_of[KINDS];	 /* of the list begun last */
	struct rule_class classes[DOMSET_CLASSES_MAX];
	struct dict dict;
	struct patternset_draft patterns;
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
	pages_free(&builder->dict.pages);
	self = builder->self;
	pages_free(&self);
}

static uint32_t kind_index(const struct domset_kind *kind)
{
	return (kind->scope & 3U) | (uint32_t)kind->exception << 2 |
	       (uint32_t)kind->important << 3 | (uint32_t)kind->answer << 4;
}

/* Makes class_of what the classes say of the list begun last. */
static void find_classes(struct domset_builder *builder)
{
	memset(builder->class_of, CLASS_NONE, sizeof(builder->class_of));
	for (uint8_t i = 0; builder->list_count > 0 && i < builder->class_count; i++) {
		const struct rule_class *class = &builder->classes[i];

		if (class->list == builder->lists[builder->list_count - 1])
			builder->class_of[kind_index(&class->kind)] = i;
	}
}

enum err domset_builder_begin(struct domset_builder *builder, unsigned int list)
{
	if (list >= DOMSET_LISTS_MAX)
		return ERR_RANGE;
	if (memchr(builder->lists, (int)list, builder->list_count))
		return ERR_EXISTS;
	builder->lists[builder->list_count++] = (uint8_t)list;
	builder->last_line = 0;
	builder->at_list_start = true;
	find_classes(builder);
	return ERR_OK;
}

static enum err intern_class(struct domset_builder *builder, const struct domset_kind *kind,
			     uint32_t *ret_class)
{
	uint8_t *class = &builder->class_of[kind_index(kind)];

	if (*class == CLASS_NONE) {
		if (builder->class_count == DOMSET_CLASSES_MAX)
			return ERR_REFUSED;
		*class = builder->class_count++;
		builder->classes[*class] = (struct rule_class){
			.kind = *kind,
			.list = builder->lists[builder->list_count - 1],
		};
	}
	*ret_class = *class;
	return ERR_OK;
}

static bool is_checkpoint(const struct domset_builder *builder)
{
	return builder->at_list_start || builder->records % CHECKPOINT_RECORDS == 0;
}

/* Room for one more record, and for its checkpoint. */
static enum err reserve(struct domset_builder *builder)
{
	size_t checkpoints = (builder->checkpoint_count + 1UL) * sizeof(struct checkpoint);
	enum err err = pages_grow(&builder->arena, builder->arena_bytes + ARENA_PAD, ARENA_MAX);

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

enum err domset_builder_add(struct domset_builder *builder, const struct name *owner,
			    const struct domset_kind *kind, uint32_t line)
{
	return domset_builder_add_data(builder, owner, kind, 0, line);
}

enum err domset_builder_add_data(struct domset_builder *builder, const struct name *owner,
				 const struct domset_kind *kind, uint32_t data, uint32_t line)
{
	struct record_head head = {.delta = line - builder->last_line, .data = data};
	struct dict_match match;
	bool matched;
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
	matched = dict_match(&builder->dict, owner, &match);
	builder->arena_bytes += record_write(builder->arena.base + builder->arena_bytes, &head,
					     owner, matched ? &match : NULL);
	builder->last_line = line;
	builder->records++;
	return ERR_OK;
}

uint32_t domset_builder_next(const struct domset_builder *builder)
{
	return (uint32_t)builder->arena_bytes;
}

uint32_t domset_builder_rule(const struct domset_builder *builder, uint32_t record,
			     struct domset_rule *ret_rule)
{
	const struct dict_view dict = {
		.entries = (const void *)builder->dict.pages.base,
		.count = builder->dict.count,
	};
	const uint8_t *owner;
	struct record_head head;

	owner = record_head(builder->arena.base + record, &head);
	ret_rule->kind = builder->classes[head.class].kind;
	ret_rule->list = builder->classes[head.class].list;
	ret_rule->line = 0;
	ret_rule->data = head.data;
	ret_rule->pattern = NULL;
	return (uint32_t)(record_owner(owner, &dict, &ret_rule->owner) - builder->arena.base);
}

enum err domset_builder_add_pattern(struct domset_builder *builder, struct pattern *pattern,
				    const struct domset_kind *kind, uint32_t line)
{
	struct domset_kind whole = *kind;
	uint32_t class;

	whole.scope = DOMSET_SCOPE_ITSELF;
	if (builder->list_count == 0 || kind->answer >= DOMSET_ANSWER_COUNT ||
	    kind->answer == DOMSET_ANSWER_DATA)
		return ERR_RANGE;
	if (intern_class(builder, &whole, &class) != ERR_OK)
		return ERR_EXISTS;
	return patternset_add(&builder->patterns, pattern, class, line);
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
	builder->list_count = mark->lists;
	builder->at_list_start = mark->at_list_start;
	dict_truncate(&builder->dict, mark->suffixes);
	patternset_truncate(&builder->patterns, mark->patterns);
	find_classes(builder);
}

static enum err copy_patterns(struct domset_builder *builder, const struct domset *old,
			      unsigned int old_list, const struct domset_filter *filter)
{
	struct domset_rule rule;
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < domset_patterns(old) && err == ERR_OK; i++) {
		domset_pattern(old, i, &rule);
		if (rule.list == old_list && (!filter || filter->takes(filter->arg, &rule)))
			err = domset_builder_add_pattern(
				builder, patternset_entry(old->patterns, i)->pattern, &rule.kind,
				rule.line);
	}
	return err;
}

enum err domset_builder_copy_list(struct domset_builder *builder, const struct domset *old,
				  unsigned int old_list, unsigned int list,
				  const struct domset_filter *filter)
{
	enum err err = domset_builder_begin(builder, list);
	struct domset_rule rule;
	struct domset_iter iter;
	uint32_t walked = 0;

	domset_iter_init_list(&iter, old, old_list);
	while (err == ERR_OK && domset_iter_next(&iter, &rule) && rule.list == old_list) {
		if (!filter || filter->takes(filter->arg, &rule))
			err = domset_builder_add_data(builder, &rule.owner, &rule.kind, rule.data,
						      rule.line);
		if (++walked % RECORDS_A_TURN == 0)
			priority_give_way();
	}
	return err == ERR_OK ? copy_patterns(builder, old, old_list, filter) : err;
}

/* Moves what was built into `set`, and leaves the builder empty. */
static void hand_over(struct domset_builder *builder, struct domset *set)
{
	struct pages self = builder->self;

	set->key = builder->key;
	set->root_hash = name_hash_root(&set->key);
	set->arena_bytes = (uint32_t)builder->arena_bytes;
	set->checkpoint_count = builder->checkpoint_count;
	memcpy(set->classes, builder->classes, sizeof(set->classes));
	set->arena_pages = builder->arena;
	set->dict_pages = builder->dict.pages;
	set->checkpoint_pages = builder->checkpoints;
	set->arena = set->arena_pages.base;
	set->dict.entries = (const void *)set->dict_pages.base;
	set->dict.count = builder->dict.count;
	memset(builder, 0, sizeof(*builder));
	builder->self = self;
	builder->key = set->key;
}

static void trim(struct domset *set)
{
	pages_trim(&set->arena_pages, set->arena_bytes + ARENA_PAD);
	pages_trim(&set->dict_pages, set->dict.count * sizeof(struct dict_entry));
	pages_trim(&set->checkpoint_pages, set->checkpoint_count * sizeof(struct checkpoint));
}

enum err domset_builder_freeze(struct domset_builder *builder, struct domset **ret_set)
{
	struct domset *set;
	struct pages table = {.base = NULL};
	uint32_t records = builder->records;
	struct pages self;
	enum err err = pages_map(&self, sizeof(*set));

	if (err != ERR_OK)
		return err;
	set = (void *)self.base;
	err = domset_table_map(records, &table);
	if (err == ERR_OK)
		err = patternset_freeze(&builder->patterns, &set->patterns);
	if (err != ERR_OK) {
		pages_free(&table);
		pages_free(&self);
		return err;
	}
	set->self = self;
	hand_over(builder, set);
	domset_table_fill(set, records, &table);
	domset_count_patterns(set);
	trim(set);
	*ret_set = set;
	return ERR_OK;
}
