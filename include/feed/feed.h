/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of each query, told by the worker to one reader as it happens: a ring of octets
 * between the two, without a lock, an allocation or a system call.  While nobody listens a worker
 * pays for one comparison.  What does not fit, because the reader is slow, is lost and counted.
 */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "dns/name.h"

#define FEED_OCTETS (1U << 20) /* of one worker's ring */
#define FEED_LIST_MAX 64U

/* X(outcome, word): what became of the query. */
#define FEED_OUTCOMES(X)                                                                           \
	X(FEED_BLOCKED, "blocked")     /* by the list that is named */                             \
	X(FEED_ANSWERED, "answered")   /* here: from the cache, from names of our own, refused */  \
	X(FEED_FORWARDED, "forwarded") /* an upstream was asked, and has answered */               \
	X(FEED_FAILED, "failed")       /* no upstream has */                                       \
	X(FEED_DROPPED, "dropped")     /* nothing was sent, as a list wants it */

#define FEED_ENUM(outcome, word) outcome,
enum feed_outcome { FEED_OUTCOMES(FEED_ENUM) FEED_OUTCOME_COUNT };
#undef FEED_ENUM

struct feed_event {
	uint64_t now_ms; /* monotonic */
	struct ip client;
	uint16_t qtype;
	uint8_t rcode;
	bool tcp;
	enum feed_outcome outcome;
	uint8_t name_len;
	uint8_t name[NAME_WIRE_MAX + NAME_PAD]; /* wire form, lower case */
	char list[FEED_LIST_MAX];		/* that has blocked it; else "" */
};

struct feed;

/* ERR_NOMEM. */
enum err feed_create(struct feed **ret_feed) MUST_CHECK;
void feed_free(struct feed *feed);

/* Whether somebody listens.  The reader sets it, any thread asks; NULL is fine, and nobody does. */
void feed_listen(struct feed *feed, bool listen);
bool feed_is_heard(const struct feed *feed);

/* Tells of a query: of `event` all but what follows, the name, and the list that has blocked it (""
 * else).  False: it is lost.  The worker's thread. */
bool feed_tell(struct feed *feed, const struct feed_event *event, const uint8_t *name,
	       uint8_t name_len, const char *list);

/* The oldest that is there; false: there is none.  The reader's thread. */
bool feed_take(struct feed *feed, struct feed_event *ret_event);

/* How many were lost.  Any thread. */
uint64_t feed_lost(const struct feed *feed);

const char *feed_word(enum feed_outcome outcome);

#endif
