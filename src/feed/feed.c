/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/feed.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define LINE 64
#define MASK (FEED_OCTETS - 1U)
#define SKIP 0U /* a length: the rest up to the ring's end is not used */

static const char *const words[] = {FEED_OUTCOMES(TABLE_ROW)};
TABLE_COMPLETE(FEED_OUTCOMES, FEED_OUTCOME_COUNT);

/* How an event stands in the ring, before its name and its list's. */
struct record {
	uint32_t len; /* of all of it, a multiple of eight; SKIP */
	uint16_t qtype;
	uint8_t rcode;
	uint8_t tcp;
	uint64_t now_ms;
	uint8_t outcome;
	uint8_t name_len;
	uint8_t list_len;
	struct ip client;
};

/* Each end counts the octets that went by; the ring holds those in between. */
struct feed {
	atomic_bool heard;
	alignas(LINE) _Atomic uint64_t head; /* the worker's */
	_Atomic uint64_t lost;
	uint64_t known_tail;
	alignas(LINE) _Atomic uint64_t tail; /* the reader's */
	alignas(LINE) uint8_t ring[FEED_OCTETS];
};

const char *feed_word(enum feed_outcome outcome)
{
	return words[outcome];
}

enum err feed_create(struct feed **ret_feed)
{
	struct feed *feed = aligned_alloc(LINE, sizeof(*feed));

	if (!feed)
		return ERR_NOMEM;
	memset(feed, 0, offsetof(struct feed, ring)); /* the ring takes memory when it is used */
	*ret_feed = feed;
	return ERR_OK;
}

void feed_free(struct feed *feed)
{
	free(feed);
}

void feed_listen(struct feed *feed, bool listen)
{
	atomic_store_explicit(&feed->heard, listen, memory_order_relaxed);
}

bool feed_is_heard(const struct feed *feed)
{
	return feed && atomic_load_explicit(&feed->heard, memory_order_relaxed);
}

uint64_t feed_lost(const struct feed *feed)
{
	return atomic_load_explicit(&feed->lost, memory_order_relaxed);
}

/* True when `len` octets more fit between the ends. */
static bool has_room(struct feed *feed, uint64_t head, uint32_t len)
{
	if (head + len - feed->known_tail <= FEED_OCTETS)
		return true;
	feed->known_tail = atomic_load_explicit(&feed->tail, memory_order_acquire);
	return head + len - feed->known_tail <= FEED_OCTETS;
}

/* Where `len` octets in one piece begin; what is left before the ring's end is skipped.  False:
 * there is no room. */
static bool find_place(struct feed *feed, uint32_t len, uint64_t *ret_head)
{
	uint64_t head = atomic_load_explicit(&feed->head, memory_order_relaxed);
	uint32_t rest = FEED_OCTETS - (uint32_t)(head & MASK);
	const uint32_t skip = SKIP;

	if (len > rest) {
		if (!has_room(feed, head, rest + len))
			return false;
		memcpy(feed->ring + (head & MASK), &skip, sizeof(skip));
		head += rest;
	}
	*ret_head = head;
	return has_room(feed, head, len);
}

bool feed_tell(struct feed *feed, const struct feed_event *event, const uint8_t *name,
	       uint8_t name_len, const char *list)
{
	struct record record = {
		.qtype = event->qtype,
		.rcode = event->rcode,
		.tcp = event->tcp,
		.now_ms = event->now_ms,
		.outcome = (uint8_t)event->outcome,
		.name_len = name_len,
		.list_len = (uint8_t)strnlen(list, FEED_LIST_MAX - 1),
		.client = event->client,
	};
	uint32_t len = (uint32_t)sizeof(record) + record.name_len + record.list_len;
	uint64_t head;
	uint8_t *at;

	record.len = (len + 7U) & ~7U;
	if (!find_place(feed, record.len, &head)) {
		atomic_store_explicit(&feed->lost, feed_lost(feed) + 1, memory_order_relaxed);
		return false;
	}
	at = feed->ring + (head & MASK);
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), name, name_len);
	memcpy(at + sizeof(record) + name_len, list, record.list_len);
	atomic_store_explicit(&feed->head, head + record.len, memory_order_release);
	return true;
}

static void read_record(const uint8_t *at, const struct record *record, struct feed_event *event)
{
	event->now_ms = record->now_ms;
	event->client = record->client;
	event->qtype = record->qtype;
	event->rcode = record->rcode;
	event->tcp = record->tcp;
	event->outcome = (enum feed_outcome)record->outcome;
	event->name_len = record->name_len;
	memcpy(event->name, at + sizeof(*record), record->name_len);
	memcpy(event->list, at + sizeof(*record) + record->name_len, record->list_len);
	event->list[record->list_len] = '\0';
}

bool feed_take(struct feed *feed, struct feed_event *ret_event)
{
	uint64_t head = atomic_load_explicit(&feed->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&feed->tail, memory_order_relaxed);
	struct record record;

	if (tail == head)
		return false;
	memcpy(&record.len, feed->ring + (tail & MASK), sizeof(record.len));
	if (record.len == SKIP)
		tail += FEED_OCTETS - (uint32_t)(tail & MASK);
	memcpy(&record, feed->ring + (tail & MASK), sizeof(record));
	read_record(feed->ring + (tail & MASK), &record, ret_event);
	atomic_store_explicit(&feed->tail, tail + record.len, memory_order_release);
	return true;
}
