/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/image.h"

#include "set/chunk.h"

#define ARENA_PAD (RECORD_MAX + RECORD_PAD) /* records are read by words */
#define SCOPES 3U

/* What comes first; the parts follow in this order. */
struct image_head {
	uint64_t chunk_count;
	uint64_t depths[2];
	uint32_t arena_bytes;
	uint32_t checkpoint_count;
	uint32_t dict_count;
	uint32_t class_count;
	uint32_t list_count;
	uint32_t compact; /* 0, 1: it has a book of phrases */
};

/* A class without what the compiler puts between its fields. */
struct image_class {
	uint32_t types;
	uint16_t list;
	uint8_t scope;
	uint8_t answer;
	uint8_t exception;
	uint8_t important;
	uint16_t unused;
};

struct image_list {
	uint32_t rules;
	uint32_t duplicates;
	uint32_t start;
};

/* ---- writing */

static bool is_empty_list(const struct domset *set, uint32_t list)
{
	return set->counts[list].rules == 0 && set->counts[list].duplicates == 0 &&
	       set->starts[list] == 0;
}

static uint32_t lists_of(const struct domset *set)
{
	uint32_t count = DOMSET_LISTS_MAX;

	while (count > 0 && is_empty_list(set, count - 1))
		count--;
	return count;
}

bool domset_image_fits(const struct domset *set)
{
	for (uint32_t i = 0; i < set->class_count; i++)
		if (set->classes[i].kind.answer == DOMSET_ANSWER_DATA)
			return false;
	return patternset_count(set->patterns) == 0;
}

static bool put_lists(const struct domset *set, uint32_t count, domset_image_put_fn *put, void *arg)
{
	bool goes_on = true;

	for (uint32_t i = 0; i < count && goes_on; i++)
		goes_on = put(arg,
			      &(struct image_list){set->counts[i].rules, set->counts[i].duplicates,
						   set->starts[i]},
			      sizeof(struct image_list));
	return goes_on;
}

static bool put_classes(const struct domset *set, domset_image_put_fn *put, void *arg)
{
	bool goes_on = true;

	for (uint32_t i = 0; i < set->class_count && goes_on; i++) {
		const struct rule_class *class = &set->classes[i];
		struct image_class image = {
			.types = class->kind.types,
			.list = class->list,
			.scope = class->kind.scope,
			.answer = class->kind.answer,
			.exception = class->kind.exception,
			.important = class->kind.important,
		};

		goes_on = put(arg, &image, sizeof(image));
	}
	return goes_on;
}

/* Nothing is put of a part that is empty, which may have no memory. */
static bool put_part(const void *data, size_t len, domset_image_put_fn *put, void *arg)
{
	return len == 0 || put(arg, data, len);
}

enum err domset_image_write(const struct domset *set, domset_image_put_fn *put, void *arg)
{
	const struct image_head head = {
		.chunk_count = set->chunk_count,
		.depths = {set->depths[0], set->depths[1]},
		.arena_bytes = set->arena_bytes,
		.checkpoint_count = set->checkpoint_count,
		.dict_count = set->ends.dict.count,
		.class_count = set->class_count,
		.list_count = lists_of(set),
		.compact = set->ends.phrases != NULL,
	};
	bool whole = put(arg, &head, sizeof(head)) && put_lists(set, head.list_count, put, arg) &&
		     put_classes(set, put, arg) &&
		     put_part(set->ends.dict.entries,
			      set->ends.dict.count * sizeof(struct dict_entry), put, arg) &&
		     (!set->ends.phrases ||
		      put_part(&set->ends.phrases->book, sizeof(struct phrase_book), put, arg)) &&
		     put_part(set->checkpoint_pages.base,
			      set->checkpoint_count * sizeof(struct checkpoint), put, arg) &&
		     put_part(set->arena, set->arena_bytes, put, arg) &&
		     put_part(set->chunks, set->chunk_count * sizeof(struct chunk), put, arg);

	return whole ? ERR_OK : ERR_CANCELLED;
}

/* ---- reading */

struct reading {
	domset_image_get_fn *get;
	void *arg;
	uint64_t left;
};

static enum err read_octets(struct reading *r, void *data, size_t len)
{
	if (len > r->left || !r->get(r->arg, data, len))
		return ERR_SYNTAX;
	r->left -= len;
	return ERR_OK;
}

/* Nothing is mapped for what cannot come. */
static enum err read_pages(struct reading *r, struct pages *pages, size_t len, size_t pad,
			   bool huge)
{
	enum err err;

	if (len > r->left)
		return ERR_SYNTAX;
	if (len + pad == 0)
		return ERR_OK;
	err = huge ? pages_map_huge(pages, len + pad) : pages_map(pages, len + pad);
	return err == ERR_OK && len > 0 ? read_octets(r, pages->base, len) : err;
}

static enum err read_lists(struct reading *r, struct domset *set, uint32_t count)
{
	enum err err = count <= DOMSET_LISTS_MAX ? ERR_OK : ERR_SYNTAX;

	for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
		struct image_list list;

		err = read_octets(r, &list, sizeof(list));
		if (err != ERR_OK)
			break;
		set->counts[i] = (struct domset_count){list.rules, list.duplicates};
		set->starts[i] = list.start;
	}
	/* the last is never empty, or what was read would be written otherwise */
	if (err == ERR_OK && count > 0 && is_empty_list(set, count - 1))
		err = ERR_SYNTAX;
	return err;
}

static bool is_class(const struct image_class *image)
{
	return image->list < DOMSET_LISTS_MAX && image->scope > 0 && image->scope <= SCOPES &&
	       image->answer < DOMSET_ANSWER_COUNT && image->answer != DOMSET_ANSWER_DATA &&
	       image->exception <= 1 && image->important <= 1 && image->unused == 0;
}

static enum err read_class(struct reading *r, struct domset *set, struct rule_class *class)
{
	struct image_class image;
	enum err err = read_octets(r, &image, sizeof(image));

	if (err != ERR_OK || !is_class(&image))
		return ERR_SYNTAX;
	*class = (struct rule_class){
		.list = image.list,
		.kind =
			{
				.scope = image.scope,
				.exception = image.exception,
				.important = image.important,
				.answer = image.answer,
				.types = image.types,
			},
	};
	set->types |= image.types;
	return ERR_OK;
}

static enum err read_classes(struct reading *r, struct domset *set, uint32_t count)
{
	enum err err;

	if (count > DOMSET_CLASSES_MAX || count > r->left / sizeof(struct image_class))
		return ERR_SYNTAX;
	err = count > 0 ? pages_map(&set->class_pages, count * sizeof(struct rule_class)) : ERR_OK;
	for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
		err = read_class(r, set, (struct rule_class *)(void *)set->class_pages.base + i);
		set->class_count = err == ERR_OK ? i + 1 : i;
	}
	set->classes = (const void *)set->class_pages.base;
	return err;
}

/* As phrases.c makes it of its book. */
static enum err read_phrases(struct reading *r, struct domset *set, uint32_t ends)
{
	struct phrases *phrases;
	enum err err = pages_map(&set->phrase_pages, sizeof(*phrases));

	if (err != ERR_OK)
		return err;
	phrases = (void *)set->phrase_pages.base;
	err = read_octets(r, &phrases->book, sizeof(phrases->book));
	if (err == ERR_OK && !phrases_open(phrases, ends))
		err = ERR_SYNTAX;
	set->ends.phrases = phrases;
	return err;
}

static enum err read_parts(struct reading *r, struct domset *set, const struct image_head *head)
{
	enum err err = read_lists(r, set, head->list_count);

	if (err == ERR_OK)
		err = read_classes(r, set, head->class_count);
	if (err == ERR_OK)
		err = read_pages(r, &set->dict_pages, head->dict_count * sizeof(struct dict_entry),
				 0, false);
	if (err == ERR_OK && head->compact)
		err = read_phrases(r, set, head->dict_count);
	if (err == ERR_OK)
		err = read_pages(r, &set->checkpoint_pages,
				 head->checkpoint_count * sizeof(struct checkpoint), 0, false);
	if (err == ERR_OK)
		err = read_pages(r, &set->arena_pages, head->arena_bytes, ARENA_PAD, true);
	if (err == ERR_OK)
		err = read_pages(r, &set->table_pages, head->chunk_count * sizeof(struct chunk), 0,
				 true);
	set->arena = set->arena_pages.base;
	set->arena_bytes = head->arena_bytes;
	set->chunks = (const void *)set->table_pages.base;
	set->chunk_count = head->chunk_count;
	set->ends.dict.entries = (const void *)set->dict_pages.base;
	set->ends.dict.count = head->dict_count;
	set->checkpoint_count = head->checkpoint_count;
	return err;
}

static bool is_head(const struct image_head *head)
{
	return head->chunk_count > 0 && head->chunk_count <= UINT32_MAX &&
	       head->arena_bytes < PATTERN_RECORD && head->dict_count <= DICT_ENTRIES_MAX &&
	       head->compact <= 1;
}

enum err domset_image_read(const struct hash_key *key, uint64_t size, domset_image_get_fn *get,
			   void *arg, struct domset **ret_set)
{
	struct reading r = {get, arg, size};
	struct image_head head;
	struct domset *set;
	struct pages self;
	enum err err = read_octets(&r, &head, sizeof(head));

	if (err == ERR_OK && !is_head(&head))
		err = ERR_SYNTAX;
	if (err == ERR_OK)
		err = pages_map(&self, sizeof(*set));
	if (err != ERR_OK)
		return err;
	set = (void *)self.base;
	set->self = self;
	set->key = *key;
	set->root_hash = name_hash_root(key);
	set->depths[0] = head.depths[0];
	set->depths[1] = head.depths[1];
	err = read_parts(&r, set, &head);
	if (err == ERR_OK)
		*ret_set = set;
	else
		domset_free(set);
	return err;
}
