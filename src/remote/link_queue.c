/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The questions at a connection.  What is asked in one turn of the loop is only listed then, and
 * written at its end: together, by one system call.
 */
#include <string.h>

#include "remote/link.h"

static struct upstreams *upstreams_of(const struct uplink *link)
{
	return link->server->upstreams;
}

bool uplink_arm(struct uplink *link, uint64_t ms)
{
	struct timeval t = {.tv_sec = (time_t)(ms / 1000),
			    .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	return evtimer_add(&link->timer, &t) == 0;
}

bool uplink_is_silent(const struct uplink *link)
{
	return link->owed > 0 &&
	       upstreams_of(link)->loop->env.now_ms - link->heard_ms >= UPLINK_SILENT_MS;
}

void uplink_heard(struct uplink *link)
{
	link->heard_ms = upstreams_of(link)->loop->env.now_ms;
	link->part = 0;
}

void uplink_put(struct uplink *link, struct attempt *a)
{
	if (link->state == UPLINK_OPEN && LIST_EMPTY(&link->unsent))
		event_active(&link->writable, EV_WRITE, 0);
	LIST_INSERT_HEAD(&link->unsent, a, entry);
	link->load++;
	a->link = link;
	a->sent_us = 0;
}

/* ---- IDs of answers that are owed to nobody: no other question may have them till then */

static bool is_late(const struct uplink *link, uint16_t id)
{
	return link->late_ids[id / 64] >> (id % 64) & 1U;
}

static void set_late(struct uplink *link, uint16_t id, bool late)
{
	uint64_t bit = 1ULL << (id % 64);

	link->late = late ? link->late + 1 : link->late - 1;
	link->late_ids[id / 64] = (link->late_ids[id / 64] & ~bit) | (late ? bit : 0);
}

/* ---- listed */

void uplink_forget(struct attempt *a)
{
	if (a->sent_us && !a->answered)
		set_late(a->link, a->id, true);
	LIST_REMOVE(a, entry);
	a->link->load--;
	a->link->used_ms = upstreams_of(a->link)->loop->env.now_ms;
	a->link = NULL;
}

struct attempt *uplink_any(const struct uplink *link)
{
	struct attempt *a = LIST_FIRST(&link->unsent);

	for (size_t i = 0; !a && i < UPLINK_BUCKETS; i++)
		a = LIST_FIRST(&link->sent[i]);
	return a;
}

/* ---- questions out */

/* The timer, from when answers are owed: it is the same one until they are not. */
static void watch(struct uplink *link)
{
	uplink_heard(link);
	if (link->watched)
		return;
	link->watched = true;
	uplink_arm(link, UPLINK_WATCH_MS);
}

static struct attempt *find_sent(const struct uplink *link, uint16_t id)
{
	struct attempt *a;

	LIST_FOREACH(a, &link->sent[id % UPLINK_BUCKETS], entry) {
		if (a->id == id)
			break;
	}
	return a;
}

/* Moves listed questions into the buffer while there is room for them. */
static void fill(struct uplink *link)
{
	struct upstreams *up = upstreams_of(link);
	uint8_t *out = link->buffers->out;
	struct attempt *a;

	memmove(out, out + link->out_begin, link->out_end - link->out_begin);
	link->out_end -= link->out_begin;
	link->out_begin = 0;
	while ((a = LIST_FIRST(&link->unsent)) &&
	       UPLINK_OUT_MAX - link->out_end >= FRAME_PREFIX + QUERY_UPSTREAM_MAX) {
		size_t len;

		do
			a->id = (uint16_t)random_u32(&up->random);
		while (find_sent(link, a->id) || is_late(link, a->id));
		len = attempt_message(a, out + link->out_end + FRAME_PREFIX);
		wire_put16(out + link->out_end, (uint16_t)len);
		link->out_end += FRAME_PREFIX + len;
		a->sent_us = up->loop->now_us;
		if (link->owed++ == 0)
			watch(link);
		LIST_REMOVE(a, entry);
		LIST_INSERT_HEAD(&link->sent[a->id % UPLINK_BUCKETS], a, entry);
	}
}

bool uplink_flush(struct uplink *link)
{
	enum uplink_io io;

	do {
		fill(link);
		io = uplink_write(link);
	} while (io == UPLINK_IO_DONE && !LIST_EMPTY(&link->unsent));
	return io == UPLINK_IO_DONE ||
	       (io == UPLINK_IO_WRITABLE && event_add(&link->writable, NULL) == 0);
}

/* ---- answers in */

enum received uplink_take(struct uplink *link, const uint8_t *msg, size_t len,
			  struct attempt **ret_a)
{
	struct upstreams *up = upstreams_of(link);
	uint16_t id = wire_get16(msg);
	struct attempt *a = find_sent(link, id);

	uplink_heard(link);
	if (a && attempt_matches(a, msg, len)) {
		link->owed--;
		link->answered = true;
		a->answered = true;
		memcpy(up->message, msg, len);
		*ret_a = a;
		return RECEIVED_ANSWER;
	}
	stats_inc(up->loop->env.stats, upstream_unsolicited);
	if (!(wire_get16(msg + 2) & FLAG_QR) || (!a && !is_late(link, id)))
		return RECEIVED_END;
	if (a)
		return RECEIVED_OTHER; /* to another question: this one waits on */
	set_late(link, id, false);
	link->owed--;
	link->answered = true;
	return RECEIVED_OTHER;
}
