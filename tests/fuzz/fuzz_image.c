/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as a compiled set, without the seal that no mutation would find: what is taken for a
 * set is written again as it was, can be walked, and asked for the owner of each of its rules.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "set/image.h"
#include "fuzz.h"

#define LISTS 4U

struct octets {
	const uint8_t *at;
	size_t left;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static bool get(void *arg, void *data, size_t len)
{
	struct octets *from = arg;

	if (len > from->left)
		return false;
	memcpy(data, from->at, len);
	from->at += len;
	from->left -= len;
	return true;
}

static bool compare(void *arg, const void *data, size_t len)
{
	struct octets *with = arg;

	require(len <= with->left && memcmp(with->at, data, len) == 0);
	with->at += len;
	with->left -= len;
	return true;
}

static void use(const struct domset *set)
{
	struct domset_hit hit[LISTS];
	struct domset_iter iter;
	struct domset_rule rule;

	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		struct domset_hits hits = {.room = LISTS, .hit = hit};
		struct name_suffixes suffixes;
		struct domset_rule found;

		require(rule.list < LISTS);
		domset_rule(set, iter.record, &found);
		name_hash_suffixes(domset_key(set), &rule.owner, &suffixes);
		domset_prefetch(set, &suffixes);
		domset_prefetch_rules(set, &suffixes);
		domset_lookup(set, &rule.owner, &suffixes, TYPESET_ALL, &hits);
		require(hits.count <= LISTS);
		for (uint32_t i = 0; i < hits.count; i++)
			domset_rule(set, hits.hit[i].record, &found);
	}
	for (unsigned int list = 0; list <= LISTS; list++) {
		domset_iter_init_list(&iter, set, list);
		(void)domset_iter_next(&iter, &rule);
		(void)domset_has_exceptions(set, list);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = {7, 9};
	struct octets from = {data, size};
	struct octets with = {data, size};
	struct domset *set;

	if (domset_image_read(&key, size, get, &from, &set) != ERR_OK)
		return 0;
	if (domset_image_check(set, LISTS)) {
		use(set);
		if (with.left > from.left)
			require(domset_image_write(set, compare, &with) == ERR_OK);
	}
	domset_free(set);
	return 0;
}
