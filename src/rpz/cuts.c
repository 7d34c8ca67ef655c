/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/cuts.h"

#include <string.h>

#include "base/priority.h"

#define RULES_A_TURN 1024U /* some quarter of a millisecond's work */

/* One zone being looked through. */
struct cuts {
	struct domset_builder *builder;
	const struct owners *owners;
	uint32_t line;
	uint64_t depths[2]; /* a bit for each number of labels that the parent of a wildcard has */
	struct owners made; /* the exceptions; their owners' scope is taken for BELOW */
	struct rpz_summary *summary;
};

/* The end of a rule's name that begins with a label, or the root. */
static void end_of(const struct cuts *cuts, const struct name *name,
		   const struct name_suffixes *suffixes, uint32_t label, struct name *ret_end,
		   uint64_t *ret_hash)
{
	size_t at = label < suffixes->labels ? suffixes->offset[label] : name->len - 1UL;

	ret_end->len = (uint8_t)(name->len - at);
	memcpy(ret_end->wire, name->wire + at, ret_end->len);
	*ret_hash = label < suffixes->labels ? suffixes->hash[label]
					     : name_hash_root(cuts->owners->key);
}

static bool has_rule(const struct cuts *cuts, uint64_t hash, const struct name *name, uint8_t scope)
{
	return owners_find(cuts->owners, owners_hash(hash, scope), name, scope) != OWNERS_NONE;
}

static bool may_be_wildcard(const struct cuts *cuts, uint32_t labels)
{
	return cuts->depths[labels / 64] >> labels % 64 & 1;
}

static void tell(struct cuts *cuts, const struct name *owner, const struct name *wildcard)
{
	struct rpz_summary *summary = cuts->summary;

	if (summary->cuts < RPZ_CUTS_TOLD) {
		summary->told[summary->cuts].owner = *owner;
		summary->told[summary->cuts].wildcard = *wildcard;
	}
	summary->cuts++;
}

/* What of a name and those below it no rule of its own is for. */
static uint8_t open_scope(const struct cuts *cuts, const struct name *owner, uint64_t hash)
{
	uint8_t scope = DOMSET_SCOPE_BOTH;

	if (has_rule(cuts, hash, owner, DOMSET_SCOPE_ITSELF))
		scope &= (uint8_t)~DOMSET_SCOPE_ITSELF;
	if (has_rule(cuts, hash, owner, DOMSET_SCOPE_BELOW))
		scope &= (uint8_t)~DOMSET_SCOPE_BELOW;
	return scope;
}

/* The wildcard at `wildcard` holds neither for `owner` nor below. */
static enum err cut(struct cuts *cuts, const struct name *owner, uint64_t hash,
		    const struct name *wildcard)
{
	const struct domset_kind kind = {
		.scope = open_scope(cuts, owner, hash),
		.exception = true,
		.answer = DOMSET_ANSWER_NOTHING,
	};
	uint32_t record = domset_builder_next(cuts->builder);
	enum err err;

	if (kind.scope == 0 || owners_find(&cuts->made, hash, owner, kind.scope) != OWNERS_NONE)
		return ERR_OK;
	err = domset_builder_add(cuts->builder, owner, &kind, cuts->line);
	if (err == ERR_OK)
		err = owners_put(&cuts->made, hash, owner, kind.scope, record);
	if (err == ERR_OK)
		tell(cuts, owner, wildcard);
	return err;
}

/* The names on the way up from a rule's owner, from label `begin` on, to that of the wildcard. */
static enum err cut_between(struct cuts *cuts, const struct name *owner,
			    const struct name_suffixes *suffixes, uint32_t begin, uint32_t end)
{
	enum err err = ERR_OK;
	struct name wildcard;
	struct name between;
	uint64_t hash;

	end_of(cuts, owner, suffixes, end, &wildcard, &hash);
	for (; begin < end && err == ERR_OK; begin++) {
		end_of(cuts, owner, suffixes, begin, &between, &hash);
		err = cut(cuts, &between, hash, &wildcard);
	}
	return err;
}

/* Goes up from a rule's owner: the names on the way are in the way of the next wildcard above. */
static enum err look_at(struct cuts *cuts, const struct domset_rule *rule)
{
	struct name_suffixes suffixes;
	uint32_t begin = 0; /* the first label since the last wildcard */
	enum err err = ERR_OK;
	struct name wildcard;
	uint64_t hash;

	name_hash_suffixes(cuts->owners->key, &rule->owner, &suffixes);
	for (uint32_t label = 0; label <= suffixes.labels && err == ERR_OK; label++) {
		if (!may_be_wildcard(cuts, suffixes.labels - label))
			continue;
		end_of(cuts, &rule->owner, &suffixes, label, &wildcard, &hash);
		if (!has_rule(cuts, hash, &wildcard, DOMSET_SCOPE_BELOW))
			continue;
		err = cut_between(cuts, &rule->owner, &suffixes, begin, label);
		begin = label;
	}
	return err;
}

static uint32_t labels_of(const struct name *name)
{
	uint32_t labels = 0;

	for (const uint8_t *label = name->wire; *label; label += *label + 1)
		labels++;
	return labels;
}

/* Notes how deep wildcards are; false: there are none. */
static bool find_depths(struct cuts *cuts, uint32_t first, uint32_t end)
{
	struct domset_rule rule;

	for (uint32_t record = first; record < end;) {
		record = domset_builder_rule(cuts->builder, record, &rule);
		if (rule.kind.scope == DOMSET_SCOPE_BELOW) {
			uint32_t labels = labels_of(&rule.owner);

			cuts->depths[labels / 64] |= 1ULL << labels % 64;
		}
	}
	return cuts->depths[0] | cuts->depths[1];
}

enum err cuts_add(struct domset_builder *builder, const struct owners *owners, uint32_t first,
		  uint32_t line, struct rpz_summary *summary)
{
	struct cuts cuts = {
		.builder = builder,
		.owners = owners,
		.line = line,
		.made = {.key = owners->key, .builder = builder, .exceptions = true},
		.summary = summary,
	};
	uint32_t end = domset_builder_next(builder);
	struct domset_rule rule;
	enum err err = ERR_OK;
	uint32_t rules = 0;

	if (!find_depths(&cuts, first, end))
		return ERR_OK;
	for (uint32_t record = first; record < end && err == ERR_OK;) {
		record = domset_builder_rule(builder, record, &rule);
		err = look_at(&cuts, &rule);
		if (++rules % RULES_A_TURN == 0)
			priority_give_way();
	}
	owners_fini(&cuts.made);
	return err;
}
