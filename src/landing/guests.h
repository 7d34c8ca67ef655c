/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is there: connections, each with its place, its client, and an end to its time.  A client
 * has some places of all; who comes when all are taken has the one that was there for longest shown
 * out.  The landing's thread.
 */
#ifndef LANDING_GUESTS_H
#define LANDING_GUESTS_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "count/stats.h"

#define GUESTS_MAX 256U
#define GUESTS_PER_CLIENT 16U
#define GUESTS_STAY_S 10U

struct guest {
	struct bufferevent *bev; /* NULL: the place is free */
	bool known;		 /* who it is */
	struct ip client;
	uint64_t until_ms;
	uint64_t number; /* of those who came */
};

/* No place is free: nobody may be let in until `open`. */
typedef void guests_door_fn(void *arg, bool open);

struct guests {
	struct event_base *base;
	struct event *round;
	guests_door_fn *door;
	void *arg;
	bool shut;
	uint8_t prefix_ipv4;
	uint8_t prefix_ipv6;
	uint64_t came;
	struct stats *stats;
	struct guest places[GUESTS_MAX];
};

/* `guests` is zero but for its prefixes, its door and arg, and stats.  ERR_NOMEM. */
enum err guests_begin(struct guests *guests, struct event_base *base) MUST_CHECK;
/* evhttp has freed its own. */
void guests_end(struct guests *guests);

/* Who counts as one. */
struct ip guests_client(const struct guests *guests, const struct ip *address);

/* A bufferevent for a connection that evhttp is about to fill in; it is asked who it is as soon as
 * it can be.  NULL: out of memory. */
struct bufferevent *guests_expect(struct guests *guests);

/* Takes a connection on, and closes it when `bev` is freed.  NULL: the client has its places, or
 * out of memory; then it is closed. */
struct bufferevent *guests_welcome(struct guests *guests, int fd, const struct ip *address);

/* Closes one that guests_welcome gave. */
void guests_dismiss(struct guests *guests, struct bufferevent *bev);

#endif
