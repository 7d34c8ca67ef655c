/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/rewrites.h"

#include <string.h>

#include "dns/wire.h"

#define ENTRIES_MAX NAMEMAP_ENTRIES_MAX
#define NO_ENTRY UINT32_MAX

/* An owner's rules of a kind. */
struct entry {
	struct domset_kind kind;
	uint32_t number; /* of what they give; 0: nothing yet */
	uint32_t next;	 /* of the owner */
};

static struct entry *entries_of(const struct rewrites *rewrites)
{
	return (void *)rewrites->entries.base;
}

/* The entry of the kind from `first` on; NULL: there is none, and the last of the owner is told. */
static struct entry *known(const struct rewrites *r, uint32_t first, const struct domset_kind *kind,
			   uint32_t *ret_last)
{
	for (uint32_t i = first; i != NO_ENTRY; i = entries_of(r)[i].next) {
		if (memcmp(&entries_of(r)[i].kind, kind, sizeof(*kind)) == 0)
			return &entries_of(r)[i];
		*ret_last = i;
	}
	return NULL;
}

/* A new entry of the owner, behind its `last`. */
static enum err add(struct rewrites *r, const struct listline_rule *rule, uint32_t last,
		    struct entry **ret_entry)
{
	enum err err = pages_grow(&r->entries, (r->count + 1UL) * sizeof(struct entry),
				  ENTRIES_MAX * sizeof(struct entry));

	if (err == ERR_OK && last == NO_ENTRY)
		err = namemap_add(r->owners, &rule->owner, r->count);
	if (err != ERR_OK)
		return err;
	if (last != NO_ENTRY)
		entries_of(r)[last].next = r->count;
	*ret_entry = &entries_of(r)[r->count++];
	**ret_entry = (struct entry){.kind = rule->kind, .next = NO_ENTRY};
	return ERR_OK;
}

/* The entry of the owner and kind, or a new one. */
static enum err find(struct rewrites *r, const struct hash_key *key,
		     const struct listline_rule *rule, struct entry **ret_entry)
{
	struct name_suffixes suffixes;
	struct namemap_hit hit;
	uint32_t last = NO_ENTRY;
	enum err err = ERR_OK;

	if (!r->owners)
		err = namemap_create(key, &r->owners);
	if (err != ERR_OK)
		return err;
	name_hash_suffixes(key, &rule->owner, &suffixes);
	hit = namemap_get(r->owners, &rule->owner, &suffixes);
	*ret_entry = known(r, hit.found ? hit.value : NO_ENTRY, &rule->kind, &last);
	return *ret_entry ? ERR_OK : add(r, rule, last, ret_entry);
}

/* Adds the record, unless a CNAME stands there, or it takes the place of what does. */
static enum err merge(struct localdata_draft *draft, const struct localdata_record *record)
{
	if (localdata_holds(draft, record) || localdata_has(draft, TYPE_CNAME))
		return ERR_OK;
	if (record->type == TYPE_CNAME) { /* the note is of the rule, whatever that gives */
		const struct localdata_note note = draft->note;

		localdata_begin(draft);
		draft->note = note;
	}
	return localdata_add(draft, record);
}

static enum err put(struct entry *entry, const struct list_answers *options,
		    const struct listline_record *gives, const struct localdata_note *note,
		    uint32_t *ret_number)
{
	const struct localdata_record record = {
		.type = gives->type,
		.rdlen = gives->rdlen,
		.ttl_s = options->ttl_s,
		.rdata = gives->rdata,
	};
	struct localdata_draft draft;
	enum err err;

	if (entry->number > 0)
		localdata_reopen(options->data, entry->number, &draft);
	else
		localdata_begin(&draft);
	if (note && !*draft.note.family && !*draft.note.ticket)
		draft.note = *note;
	err = merge(&draft, &record);
	if (err == ERR_OK)
		err = localdata_put(options->data, &draft, &entry->number);
	if (err == ERR_OK)
		*ret_number = entry->number;
	return err;
}

enum err rewrites_take(struct rewrites *rewrites, const struct list_answers *options,
		       const struct listline_rule *rule, const struct localdata_note *note,
		       uint32_t *ret_number)
{
	struct entry alone = {.number = 0};
	struct entry *entry = &alone;
	enum err err = ERR_OK;

	/* a pattern gives what its own line says */
	if (rule->pattern.len == 0)
		err = find(rewrites, options->key, rule, &entry);
	return err == ERR_OK ? put(entry, options, &rule->gives, note, ret_number) : err;
}

void rewrites_fini(struct rewrites *rewrites)
{
	namemap_free(rewrites->owners);
	pages_free(&rewrites->entries);
	*rewrites = (struct rewrites){.count = 0};
}
