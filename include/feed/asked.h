/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who asks for what, each client and name once a day, told by a worker to one reader.  The worker
 * has a table of what it has told last, of bounded size; what it meets there is not told again.
 * What falls out of the table is told once more, which the reader has to bear.  No lock, no
 * allocation, no system call.
 */
#ifndef FEED_ASKED_H
#define FEED_ASKED_H

#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"
#include "feed/feed.h"

#define ASKED_TABLE (1U << 15) /* clients with names that are remembered as told */

struct asked;

/* `key` is secret.  ERR_NOMEM. */
enum err asked_create(const struct hash_key *key, struct asked **ret_asked) MUST_CHECK;

/* NULL is fine. */
void asked_free(struct asked *asked);

/*
 * Tells that `client` asks for `name`, of which `name_hash` is a keyed hash.  Two that differ are
 * taken for one, and the later is not told, once in 2^63.  What does not fit, because the reader is
 * slow, is lost and counted, and told when it is met again.  The worker's thread.
 */
void asked_tell(struct asked *asked, const struct ip *client, const struct name *name,
		uint64_t name_hash, uint64_t now_ms, uint32_t now_s);

/* Where the reader takes them: of an event there are the client, the name and the time. */
struct feed *asked_feed(const struct asked *asked);

#endif
