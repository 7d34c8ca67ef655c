/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/owners.h"

#include <stddef.h>

#define BITS_MIN 10U
#define BITS_MAX 31U

struct owners_slot {
	uint32_t tag;	 /* the upper half of the hash, whose first bits have led here */
	uint32_t record; /* and 1; 0: the slot is free */
};

static struct owners_slot *slots_of(const struct owners *owners)
{
	return (void *)owners->slots.base;
}

static uint32_t first_slot(uint32_t tag, uint32_t bits)
{
	return tag >> (32 - bits);
}

static bool is_rule_of(const struct owners *owners, uint32_t record, const struct name *owner,
		       uint8_t scope)
{
	struct domset_rule rule;

	(void)domset_builder_rule(owners->builder, record, &rule);
	return rule.kind.scope == scope && rule.kind.exception == owners->exceptions &&
	       name_equal(&rule.owner, owner);
}

/* The slot of the owner, or the free one that would be its own. */
static struct owners_slot *find(const struct owners *owners, uint32_t tag, const struct name *owner,
				uint8_t scope)
{
	struct owners_slot *slots = slots_of(owners);
	uint32_t mask = (1U << owners->bits) - 1;
	uint32_t i = first_slot(tag, owners->bits);

	while (slots[i].record > 0 &&
	       (slots[i].tag != tag || !is_rule_of(owners, slots[i].record - 1, owner, scope)))
		i = (i + 1) & mask;
	return &slots[i];
}

uint32_t owners_find(const struct owners *owners, uint64_t hash, const struct name *owner,
		     uint8_t scope)
{
	const struct owners_slot *slot;

	if (owners->bits == 0)
		return OWNERS_NONE;
	slot = find(owners, (uint32_t)(hash >> 32), owner, scope);
	return slot->record > 0 ? slot->record - 1 : OWNERS_NONE;
}

void owners_prefetch(const struct owners *owners, uint64_t hash)
{
	if (owners->bits > 0)
		__builtin_prefetch(
			&slots_of(owners)[first_slot((uint32_t)(hash >> 32), owners->bits)]);
}

bool owners_may_have(const struct owners *owners, uint64_t hash)
{
	const struct owners_slot *slots = slots_of(owners);
	uint32_t mask = (1U << owners->bits) - 1;
	uint32_t tag = (uint32_t)(hash >> 32);
	uint32_t i;

	if (owners->bits == 0)
		return false;
	i = first_slot(tag, owners->bits);
	while (slots[i].record > 0 && slots[i].tag != tag)
		i = (i + 1) & mask;
	return slots[i].record > 0;
}

static enum err grow(struct owners *owners)
{
	uint32_t bits = owners->bits ? owners->bits + 1 : BITS_MIN;
	const struct owners_slot *old = slots_of(owners);
	size_t old_count = owners->bits ? (size_t)1 << owners->bits : 0;
	uint32_t mask = (1U << bits) - 1;
	struct owners_slot *slots;
	struct pages pages;

	if (bits > BITS_MAX || pages_map_huge(&pages, sizeof(*slots) << bits) != ERR_OK)
		return ERR_NOMEM;
	slots = (void *)pages.base;
	for (size_t i = 0; i < old_count; i++) {
		uint32_t at = first_slot(old[i].tag, bits);

		if (old[i].record == 0)
			continue;
		while (slots[at].record > 0)
			at = (at + 1) & mask;
		slots[at] = old[i];
	}
	pages_free(&owners->slots);
	owners->slots = pages;
	owners->bits = bits;
	return ERR_OK;
}

enum err owners_put(struct owners *owners, uint64_t hash, const struct name *owner, uint8_t scope,
		    uint32_t record)
{
	struct owners_slot *slot;
	enum err err = ERR_OK;

	if (owners->bits == 0 || owners->count >= (1U << owners->bits) / 2)
		err = grow(owners);
	if (err != ERR_OK)
		return err;
	slot = find(owners, (uint32_t)(hash >> 32), owner, scope);
	owners->count += slot->record == 0;
	*slot = (struct owners_slot){.tag = (uint32_t)(hash >> 32), .record = record + 1};
	return ERR_OK;
}

void owners_fini(struct owners *owners)
{
	pages_free(&owners->slots);
}
