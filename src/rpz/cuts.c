/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/cuts.h"

#include <string.h>

#include "base/ahead.h"
#include "base/priority.h"

#define RULES_A_TURN 1024U /* some quarter of a millisecond's work */
#define BATCH 16U	   /* rules whose owners' places are brought in together */

/* One zone being looked through. */
struct cuts {
	struct domset_builder *builder;
	const struct owners *owners;
	const struct ruled *rules;
	uint32_t line;
	struct owners made; /* the exceptions; their owners' scope is taken for BELOW */
	struct pages found; /* uint32_t: records of rules that may lie below a wildcard */
	uint32_t found_count;
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
	return cuts->rules->depths[labels / 64] >> labels % 64 & 1;
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

/* ---- which rules lie below a wildcard at all: few, mostly */

/* Rules that are being looked at. */
struct look {
	uint32_t record;
	bool again; /* the name is that of the rule before */
	struct name name;
	struct name_suffixes suffixes;
};

/* The zone's rules from one on, and which of them are found, in their order. */
struct piece {
	const struct cuts *cuts;
	uint32_t record;
	uint32_t end;
	uint32_t found_count;
	uint32_t found[RULED_PIECE];
	struct look looks[BATCH];
	bool found_last;
};

/* Reads the next rules, and has the places of the wildcards above them brought in. */
static uint32_t read_batch(struct piece *piece)
{
	const struct cuts *cuts = piece->cuts;
	struct domset_rule rule;
	uint32_t count;

	for (count = 0; count < BATCH && piece->record < piece->end; count++) {
		struct look *look = &piece->looks[count];

		look->record = piece->record;
		piece->record = domset_builder_rule(cuts->builder, piece->record, &rule);
		look->again = count > 0 && name_equal(&rule.owner, &look[-1].name);
		name_copy(&look->name, rule.owner.wire, rule.owner.len);
		if (look->again)
			continue;
		name_hash_suffixes(cuts->owners->key, &look->name, &look->suffixes);
		for (uint32_t label = 1; label < look->suffixes.labels; label++)
			if (may_be_wildcard(cuts, look->suffixes.labels - label))
				owners_prefetch(cuts->owners,
						owners_hash(look->suffixes.hash[label],
							    DOMSET_SCOPE_BELOW));
	}
	return count;
}

/* True when the name may lie below a wildcard's parent. */
static bool may_be_below(const struct cuts *cuts, const struct name_suffixes *suffixes)
{
	for (uint32_t label = 1; label <= suffixes->labels; label++) {
		uint64_t hash = label < suffixes->labels ? suffixes->hash[label]
							 : name_hash_root(cuts->owners->key);

		if (may_be_wildcard(cuts, suffixes->labels - label) &&
		    owners_may_have(cuts->owners, owners_hash(hash, DOMSET_SCOPE_BELOW)))
			return true;
	}
	return false;
}

/* By any thread: nobody writes where it reads. */
static void look_at_piece(void *arg)
{
	struct piece *piece = arg;
	uint32_t rules = 0;
	uint32_t count;

	piece->found_count = 0;
	while ((count = read_batch(piece)) > 0) {
		for (uint32_t i = 0; i < count; i++) {
			const struct look *look = &piece->looks[i];

			if (!look->again)
				piece->found_last = may_be_below(piece->cuts, &look->suffixes);
			if (piece->found_last)
				piece->found[piece->found_count++] = look->record;
		}
		rules += count;
		if (rules % RULES_A_TURN == 0)
			priority_give_way();
	}
}

static enum err keep_found(struct cuts *cuts, const struct piece *piece)
{
	size_t octets = piece->found_count * sizeof(*piece->found);
	size_t have = cuts->found_count * sizeof(*piece->found);
	enum err err = ERR_OK;

	if (octets > 0)
		err = pages_grow(&cuts->found, have + octets, SIZE_MAX);
	if (err != ERR_OK || octets == 0)
		return err;
	memcpy(cuts->found.base + have, piece->found, octets);
	cuts->found_count += piece->found_count;
	return ERR_OK;
}

/* ---- all pieces, with threads where there are */

struct pieces {
	struct cuts *cuts;
	struct ahead *ahead; /* NULL: no threads */
	struct pages memory; /* of AHEAD_PIECES */
	uint32_t count;
	uint32_t next; /* to be looked at */
};

static struct piece *next_piece(struct pieces *pieces)
{
	const struct ruled *rules = pieces->cuts->rules;
	struct piece *piece =
		(struct piece *)(void *)pieces->memory.base + pieces->next % AHEAD_PIECES;

	piece->cuts = pieces->cuts;
	piece->record = ruled_start(rules, pieces->next++);
	piece->end = pieces->next < pieces->count ? ruled_start(rules, pieces->next)
						  : domset_builder_next(pieces->cuts->builder);
	return piece;
}

/* The next piece, looked at. */
static const struct piece *take_piece(struct pieces *pieces)
{
	struct piece *piece;

	if (!pieces->ahead) {
		piece = next_piece(pieces);
		look_at_piece(piece);
		return piece;
	}
	while (pieces->next < pieces->count && ahead_count(pieces->ahead) < AHEAD_PIECES)
		ahead_put(pieces->ahead, next_piece(pieces));
	return ahead_take(pieces->ahead);
}

static enum err find(struct cuts *cuts)
{
	struct pieces pieces = {.cuts = cuts,
				.count = (cuts->rules->count + RULED_PIECE - 1) / RULED_PIECE};
	const size_t places = pieces.count < AHEAD_PIECES ? pieces.count : AHEAD_PIECES;
	enum err err = pages_map(&pieces.memory, places * sizeof(struct piece));

	if (err != ERR_OK)
		return err;
	if (pieces.count > 1 && ahead_create("cuts", look_at_piece, &pieces.ahead) != ERR_OK)
		pieces.ahead = NULL;
	for (uint32_t i = 0; i < pieces.count && err == ERR_OK; i++)
		err = keep_found(cuts, take_piece(&pieces));
	ahead_free(pieces.ahead);
	pages_free(&pieces.memory);
	return err;
}

/* ---- */

static enum err cut_found(struct cuts *cuts)
{
	const uint32_t *found = (const void *)cuts->found.base;
	struct domset_rule rule;
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < cuts->found_count && err == ERR_OK; i++) {
		(void)domset_builder_rule(cuts->builder, found[i], &rule);
		err = look_at(cuts, &rule);
		if (i % RULES_A_TURN == 0)
			priority_give_way();
	}
	return err;
}

enum err cuts_add(struct domset_builder *builder, const struct owners *owners,
		  const struct ruled *rules, uint32_t line, struct rpz_summary *summary)
{
	struct cuts cuts = {
		.builder = builder,
		.owners = owners,
		.rules = rules,
		.line = line,
		.made = {.key = owners->key, .builder = builder, .exceptions = true},
		.summary = summary,
	};
	enum err err;

	if (!(rules->depths[0] | rules->depths[1]))
		return ERR_OK;
	err = find(&cuts);
	if (err == ERR_OK)
		err = cut_found(&cuts);
	pages_free(&cuts.found);
	owners_fini(&cuts.made);
	return err;
}
