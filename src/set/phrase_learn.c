/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Learns which runs of octets are worth a code, and writes by them.  A round writes the sample with
 * the phrases that there are, counts these and their neighbours, and keeps of the phrases and of
 * the neighbours joined those that save most bits; Huffman's codes are made at the end.  Of the
 * phrases that may stand at a place the longest is taken.
 */
#include <stdlib.h>
#include <string.h>

#include "base/priority.h"
#include "set/phrase_coder.h"

#define ROUNDS 6U
#define CANDIDATES_MAX 16384U
#define SHARE_OF_OCTET 1000U /* an octet in one name of so many has a code of its own */
#define OCTETS_OWN_MAX 160U
#define LOG_OF_2 32U /* the unit of bits, while they are weighed */

struct candidate {
	uint64_t phrase;
	uint64_t saved;
};

struct learner {
	struct pages self;
	const struct phrase_sample *sample;
	struct phrase_coder *coder;
	uint64_t octets; /* of the sample */
	uint32_t octet[256];
	uint32_t seen[PHRASE_SYMBOLS];
	uint32_t pair[PHRASES_MAX][PHRASES_MAX];
	uint32_t own_count;
	uint8_t own[OCTETS_OWN_MAX]; /* octets that have a code */
	uint32_t candidates;
	struct candidate candidate[CANDIDATES_MAX];
};

static uint64_t phrase_of(uint64_t octets, uint32_t len)
{
	return (octets & (((uint64_t)1 << 8 * len) - 1)) | (uint64_t)len << 56;
}

/* ---- the phrases of a coder */

static void forget_phrases(struct phrase_coder *coder)
{
	coder->count = 0;
	memset(coder->slot, 0, sizeof(coder->slot));
	memset(coder->two, 0xff, sizeof(coder->two));
}

/* One that has its place taken is left out. */
static void add_phrase(struct phrase_coder *coder, uint64_t phrase)
{
	uint32_t len = phrase_octets(phrase);
	uint64_t mask = ((uint64_t)1 << 8 * len) - 1;
	uint16_t symbol = (uint16_t)coder->count;

	if (coder->count == PHRASES_MAX)
		return;
	if (len > 2) {
		struct phrase_slot *slot = &coder->slot[phrase_slot_of(phrase)];

		if (slot->len > 0)
			return;
		*slot = (struct phrase_slot){phrase & mask, mask, len, symbol};
	} else if (len == 2) {
		coder->two[phrase & mask] = symbol;
	}
	coder->phrase[coder->count++] = phrase;
}

/* Octets alone where two are no phrase. */
static void add_octets(struct phrase_coder *coder, const struct learner *learner)
{
	for (uint32_t i = 0; i < learner->own_count; i++)
		for (uint32_t second = 0; second < 256; second++) {
			uint16_t *symbol = &coder->two[learner->own[i] | second << 8];

			if (*symbol == PHRASE_NONE)
				*symbol = (uint16_t)i;
		}
}

/* ---- a round */

static void count_name(struct learner *learner, const uint8_t *at, const uint8_t *end)
{
	uint32_t before = PHRASE_LITERAL;

	while (at < end) {
		uint32_t len;
		uint32_t symbol = phrase_find(learner->coder, octets_le64(at), &len);

		learner->seen[symbol]++;
		if (symbol < PHRASES_MAX && before < PHRASES_MAX)
			learner->pair[before][symbol]++;
		before = symbol;
		at += len;
	}
}

static void count_sample(struct learner *learner)
{
	const struct phrase_sample *sample = learner->sample;

	memset(learner->seen, 0, sizeof(learner->seen));
	memset(learner->pair, 0, sizeof(learner->pair));
	for (uint32_t i = 0; i < sample->count; i++) {
		count_name(learner, sample->octets + sample->start[i],
			   sample->octets + sample->start[i + 1] - NAME_PAD);
		if (i % 1024 == 0)
			priority_give_way();
	}
}

/* In LOG_OF_2ths of a bit, nearly. */
static uint32_t log_of(uint64_t number)
{
	uint32_t whole = 63U - (uint32_t)__builtin_clzll(number | 1);

	return whole * LOG_OF_2 + (uint32_t)((number << (63 - whole)) >> 58 & (LOG_OF_2 - 1));
}

/* What a phrase saves against its octets, each with a code as they are frequent. */
static uint64_t saved_by(const struct learner *learner, uint64_t phrase, uint32_t seen)
{
	uint32_t all = log_of(learner->octets);
	uint32_t code = all - log_of(seen);
	uint32_t octets = 0;

	for (uint32_t i = 0; i < phrase_octets(phrase); i++)
		octets += all - log_of(learner->octet[phrase >> 8 * i & 0xff]);
	return octets > code ? (uint64_t)seen * (octets - code) : 0;
}

static void add_candidate(struct learner *learner, uint64_t phrase, uint32_t seen)
{
	uint64_t saved = saved_by(learner, phrase, seen);

	if (saved > 0 && learner->candidates < CANDIDATES_MAX)
		learner->candidate[learner->candidates++] = (struct candidate){phrase, saved};
}

static int compare_saved(const void *a, const void *b)
{
	const struct candidate *one = a;
	const struct candidate *other = b;

	if (one->saved != other->saved)
		return one->saved < other->saved ? 1 : -1;
	return one->phrase < other->phrase ? -1 : one->phrase > other->phrase;
}

static void add_joined(struct learner *learner, uint32_t first)
{
	uint64_t head = learner->coder->phrase[first];
	uint32_t len = phrase_octets(head);

	for (uint32_t i = 0; i < learner->coder->count; i++) {
		uint64_t tail = learner->coder->phrase[i];
		uint32_t seen = learner->pair[first][i];
		uint32_t all = len + phrase_octets(tail);
		uint64_t octets = (head & ~0ULL >> 8) | (tail & ~0ULL >> 8) << 8 * len;

		if (seen > 1 + learner->sample->count / 4096 && all <= PHRASE_OCTETS_MAX)
			add_candidate(learner, phrase_of(octets, all), seen);
	}
}

static void take_round(struct learner *learner)
{
	struct phrase_coder *coder = learner->coder;

	count_sample(learner);
	learner->candidates = 0;
	for (uint32_t i = learner->own_count; i < coder->count; i++)
		add_candidate(learner, coder->phrase[i], learner->seen[i]);
	for (uint32_t i = 0; i < coder->count; i++)
		add_joined(learner, i);
	qsort(learner->candidate, learner->candidates, sizeof(struct candidate), compare_saved);
	forget_phrases(coder);
	for (uint32_t i = 0; i < learner->own_count; i++)
		add_phrase(coder, phrase_of(learner->own[i], 1));
	for (uint32_t i = 0; i < learner->candidates; i++)
		if (i == 0 || learner->candidate[i].phrase != learner->candidate[i - 1].phrase)
			add_phrase(coder, learner->candidate[i].phrase);
	add_octets(coder, learner);
}

static void begin_learning(struct learner *learner)
{
	const struct phrase_sample *sample = learner->sample;

	for (uint32_t i = 0; i < sample->count; i++)
		for (uint32_t at = sample->start[i]; at < sample->start[i + 1] - NAME_PAD; at++)
			learner->octet[sample->octets[at]]++;
	for (uint32_t i = 0; i < 256; i++)
		learner->octets += learner->octet[i];
	for (uint32_t i = 1; i < 256 && learner->own_count < OCTETS_OWN_MAX; i++)
		if (learner->octet[i] > sample->count / SHARE_OF_OCTET)
			learner->own[learner->own_count++] = (uint8_t)i;
	forget_phrases(learner->coder);
	for (uint32_t i = 0; i < learner->own_count; i++)
		add_phrase(learner->coder, phrase_of(learner->own[i], 1));
	add_octets(learner->coder, learner);
}

/* ---- the ends, and the codes */

/* The most frequent ends first; of as many of these as there is room for. */
static void choose_ends(struct learner *learner, struct phrase_book *book)
{
	const struct phrase_sample *sample = learner->sample;
	struct phrase_coder *coder = learner->coder;

	for (uint32_t i = 0; i < sample->ends; i++) {
		coder->near[i] = PHRASE_FAR;
		learner->seen[PHRASE_FAR] += sample->end_seen[i];
	}
	for (uint32_t near = 0; near < PHRASE_NEAR_ENDS; near++) {
		uint32_t best = 0;

		for (uint32_t i = 1; i < sample->ends; i++)
			if (coder->near[i] == PHRASE_FAR &&
			    (coder->near[best] != PHRASE_FAR ||
			     sample->end_seen[i] > sample->end_seen[best]))
				best = i;
		if (best >= sample->ends || coder->near[best] != PHRASE_FAR ||
		    sample->end_seen[best] == 0)
			break;
		coder->near[best] = (uint16_t)(PHRASE_NEAR + near);
		book->near[near] = (uint16_t)best;
		learner->seen[PHRASE_NEAR + near] = sample->end_seen[best];
		learner->seen[PHRASE_FAR] -= sample->end_seen[best];
	}
}

/* Nodes of the tree: the symbols, and behind them those that join two. */
struct tree {
	uint64_t weight[2 * PHRASE_SYMBOLS]; /* 0: none, or joined already */
	uint16_t parent[2 * PHRASE_SYMBOLS];
	uint32_t count;
};

/* The lightest that is left; the count: none. */
static uint32_t take_lightest(struct tree *tree, uint64_t *ret_weight)
{
	uint32_t best = tree->count;

	for (uint32_t i = 0; i < tree->count; i++)
		if (tree->weight[i] > 0 && (best == tree->count || tree->weight[i] < *ret_weight)) {
			best = i;
			*ret_weight = tree->weight[i];
		}
	if (best < tree->count)
		tree->weight[best] = 0;
	return best;
}

/* The lengths of Huffman's codes; returns the longest. */
static uint32_t make_tree(const uint32_t weight[PHRASE_SYMBOLS], uint8_t bits[PHRASE_SYMBOLS])
{
	struct tree tree = {.count = PHRASE_SYMBOLS};
	uint32_t longest = 0;
	uint64_t one = 0;
	uint64_t other = 0;

	for (uint32_t i = 0; i < PHRASE_SYMBOLS; i++)
		tree.weight[i] = weight[i];
	for (;;) {
		uint32_t a = take_lightest(&tree, &one);
		uint32_t b = take_lightest(&tree, &other);

		if (b == tree.count)
			break;
		tree.parent[a] = (uint16_t)tree.count;
		tree.parent[b] = (uint16_t)tree.count;
		tree.weight[tree.count++] = one + other;
	}
	for (uint32_t i = 0; i < PHRASE_SYMBOLS; i++) {
		bits[i] = 0;
		for (uint32_t at = i; weight[i] > 0 && at < tree.count - 1; at = tree.parent[at])
			bits[i]++;
		longest = bits[i] > longest ? bits[i] : longest;
	}
	return longest;
}

/* What the sample does not have may come yet.  Weights are made more alike until no code is too
 * long. */
static void make_codes(struct learner *learner, struct phrase_book *book)
{
	const struct phrase_coder *coder = learner->coder;

	for (uint32_t i = 0; i < PHRASE_SYMBOLS; i++)
		if (i < coder->count || i == PHRASE_LITERAL || i == PHRASE_ROOT || i == PHRASE_FAR)
			learner->seen[i]++;
	while (make_tree(learner->seen, book->bits) > PHRASE_CODE_MAX)
		for (uint32_t i = 0; i < PHRASE_SYMBOLS; i++)
			learner->seen[i] = (learner->seen[i] + 1) / 2;
}

static void learn(struct learner *learner, struct phrase_book *book)
{
	struct phrase_coder *coder = learner->coder;

	begin_learning(learner);
	for (uint32_t round = 0; round < ROUNDS; round++)
		take_round(learner);
	count_sample(learner);
	choose_ends(learner, book);
	make_codes(learner, book);
	for (uint32_t i = 0; i < coder->count; i++)
		book->phrase[i] = coder->phrase[i];
	memcpy(coder->bits, book->bits, sizeof(coder->bits));
	(void)phrase_codes(book, coder->code);
}

enum err phrase_coder_create(const struct phrase_sample *sample, struct phrases *phrases,
			     struct phrase_coder **ret_coder)
{
	struct pages learner;
	struct pages coder;
	enum err err = pages_map(&learner, sizeof(struct learner));

	if (err != ERR_OK)
		return err;
	err = pages_map(&coder, sizeof(struct phrase_coder));
	if (err == ERR_OK) {
		struct learner *l = (void *)learner.base;

		*ret_coder = (void *)coder.base;
		(*ret_coder)->self = coder;
		l->sample = sample;
		l->coder = *ret_coder;
		learn(l, &phrases->book);
		(void)phrases_open(phrases, sample->ends);
	}
	pages_free(&learner);
	return err;
}
