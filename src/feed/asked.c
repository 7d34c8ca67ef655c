/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/asked.h"

#include <stdlib.h>

#include "base/octets.h"

#define DAY_S 86400U

struct asked {
	struct hash_key key;
	struct feed *feed;
	uint64_t told[ASKED_TABLE];
};

enum err asked_create(const struct hash_key *key, struct asked **ret_asked)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	if (!asked || feed_create(&asked->feed) != ERR_OK) {
		free(asked);
		return ERR_NOMEM;
	}
	asked->key = *key;
	*ret_asked = asked;
	return ERR_OK;
}

void asked_free(struct asked *asked)
{
	if (!asked)
		return;
	feed_free(asked->feed);
	free(asked);
}

struct feed *asked_feed(const struct asked *asked)
{
	return asked->feed;
}

/* Never 0, which is an empty place. */
static uint64_t mark_of(const struct hash_key *key, const struct ip *client, uint64_t name_hash,
			uint32_t day)
{
	uint64_t high = octets_le64(client->bytes) ^ key->k0;
	uint64_t low =
		octets_le64(client->bytes + 8) ^ key->k1 ^ (uint64_t)day << 8 ^ client->family;
	unsigned __int128 product = (unsigned __int128)high * low;

	return (name_hash ^ (uint64_t)product ^ (uint64_t)(product >> 64)) | 1;
}

void asked_tell(struct asked *asked, const struct ip *client, const struct name *name,
		uint64_t name_hash, uint64_t now_ms, uint32_t now_s)
{
	uint64_t mark = mark_of(&asked->key, client, name_hash, now_s / DAY_S);
	uint64_t *place = &asked->told[mark >> 32 & (ASKED_TABLE - 1)];
	const struct feed_event event = {.now_ms = now_ms, .client = *client};

	if (*place == mark)
		return;
	if (feed_tell(asked->feed, &event, name->wire, name->len, ""))
		*place = mark;
}
