/* SPDX-License-Identifier: BSD-2-Clause */
#include "querylog/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"

#define PLACES 2048U /* of a table */
#define NEAR 8U	     /* places that a key may stand at */

/* The key is a name in wire form, or a client as text. */
struct counted {
	uint64_t count;
	uint64_t hash;
	uint8_t len;
	uint8_t key[NAME_WIRE_MAX];
};

struct live {
	struct hash_key key;
	uint64_t last; /* number of the last query */
	struct querylog_seen recent[QUERYLOG_RECENT];
	struct counted tables[QUERYLOG_TOP_COUNT][PLACES];
};

static const char *const words[] = {QUERYLOG_TOPS(TABLE_ROW)};
TABLE_COMPLETE(QUERYLOG_TOPS, QUERYLOG_TOP_COUNT);

const char *querylog_top_word(enum querylog_top table)
{
	return words[table];
}

struct live *live_create(void)
{
	struct live *live = calloc(1, sizeof(*live));

	if (live && hash_key_random(&live->key) != ERR_OK) {
		free(live);
		live = NULL;
	}
	return live;
}

void live_free(struct live *live)
{
	free(live);
}

/* Where there is no place, the least frequent near by gives way, and its count is taken over: what
 * is frequent is never counted too low (Metwally, Agrawal and El Abbadi, 2005). */
static void count(struct live *live, enum querylog_top table, const uint8_t *key, uint8_t len)
{
	uint64_t hash = hash_siphash24(&live->key, key, len);
	struct counted *least = NULL;

	for (uint64_t i = 0; i < NEAR; i++) {
		struct counted *c = &live->tables[table][(hash + i) % PLACES];

		if (c->count > 0 && c->hash == hash && c->len == len &&
		    memcmp(c->key, key, len) == 0) {
			c->count++;
			return;
		}
		if (!least || c->count < least->count)
			least = c;
	}
	least->count++;
	least->hash = hash;
	least->len = len;
	memcpy(least->key, key, len);
}

void live_add(struct live *live, const struct querylog_seen *seen)
{
	struct querylog_seen *place = &live->recent[++live->last % QUERYLOG_RECENT];
	const struct feed_event *event = &seen->event;

	*place = *seen;
	place->number = live->last;
	count(live, QUERYLOG_NAMES, event->name, event->name_len);
	if (event->outcome == FEED_BLOCKED || event->outcome == FEED_DROPPED)
		count(live, QUERYLOG_BLOCKED, event->name, event->name_len);
	count(live, QUERYLOG_CLIENTS, (const uint8_t *)seen->client, (uint8_t)strlen(seen->client));
}

void live_fade(struct live *live)
{
	for (size_t t = 0; t < QUERYLOG_TOP_COUNT; t++)
		for (size_t i = 0; i < PLACES; i++)
			live->tables[t][i].count /= 2;
}

size_t live_recent(const struct live *live, uint64_t after, struct querylog_seen *seen, size_t max)
{
	uint64_t kept = live->last < QUERYLOG_RECENT ? live->last : QUERYLOG_RECENT;
	uint64_t first = live->last - kept + 1;
	size_t count = 0;

	if (after > live->last) /* of a process before */
		after = 0;
	if (first <= after)
		first = after + 1;
	if (live->last + 1 - first > max)
		first = live->last + 1 - max;
	for (uint64_t n = first; n <= live->last; n++)
		seen[count++] = live->recent[n % QUERYLOG_RECENT];
	return count;
}

/* Puts `c` in its place among the `n` that are the most frequent until now; returns how many. */
static size_t insert(const struct counted *best[QUERYLOG_TOP_MAX], size_t n,
		     const struct counted *c)
{
	size_t at = n;

	while (at > 0 && best[at - 1]->count < c->count)
		at--;
	if (at == QUERYLOG_TOP_MAX)
		return n;
	n += n < QUERYLOG_TOP_MAX;
	for (size_t i = n - 1; i > at; i--)
		best[i] = best[i - 1];
	best[at] = c;
	return n;
}

size_t live_top(const struct live *live, enum querylog_top table,
		struct querylog_row rows[QUERYLOG_TOP_MAX])
{
	const struct counted *best[QUERYLOG_TOP_MAX];
	size_t n = 0;

	for (size_t i = 0; i < PLACES; i++)
		if (live->tables[table][i].count > 0)
			n = insert(best, n, &live->tables[table][i]);
	for (size_t i = 0; i < n; i++) {
		rows[i].count = best[i]->count;
		if (table == QUERYLOG_CLIENTS)
			snprintf(rows[i].text, sizeof(rows[i].text), "%.*s", (int)best[i]->len,
				 (const char *)best[i]->key);
		else
			name_to_text(best[i]->key, rows[i].text, sizeof(rows[i].text));
	}
	return n;
}
