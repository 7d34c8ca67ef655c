/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/tally.h"

/* Each row takes its own 16 bits of the client's hash. */
static uint64_t hash_client(const struct hash_key *key, const struct ip *client)
{
	return hash_siphash24(key, client, sizeof(*client));
}

static atomic_uint *cell(struct tally *tally, uint64_t hash, unsigned int row)
{
	return &tally->cells[row][(hash >> (16 * row)) % TALLY_COLUMNS];
}

static void take_back(struct tally *tally, uint64_t hash)
{
	for (unsigned int row = 0; row < TALLY_ROWS; row++)
		atomic_fetch_sub_explicit(cell(tally, hash, row), 1, memory_order_relaxed);
}

bool tally_take(struct tally *tally, const struct hash_key *key, const struct ip *client,
		uint32_t limit)
{
	uint64_t hash = hash_client(key, client);
	unsigned int least = UINT32_MAX;

	for (unsigned int row = 0; row < TALLY_ROWS; row++) {
		unsigned int had =
			atomic_fetch_add_explicit(cell(tally, hash, row), 1, memory_order_relaxed);

		least = had < least ? had : least;
	}
	if (least < limit)
		return true;
	take_back(tally, hash);
	return false;
}

void tally_give(struct tally *tally, const struct hash_key *key, const struct ip *client)
{
	take_back(tally, hash_client(key, client));
}
