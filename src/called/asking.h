/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The upstreams asked for the name of an address, and that name for its addresses in turn: whoever
 * has the reverse zone of an address may have it called as he likes, but not have that name lead
 * back to it.  One question after the other, each in its turn of so many a second.
 */
#ifndef CALLED_ASKING_H
#define CALLED_ASKING_H

#include <stdatomic.h>

#include "called/called.h"
#include "called/patience.h"
#include "called/ptr.h"
#include "fetch/lookup.h"
#include "map/namemap.h"

#define RATE 50U /* questions a second */

/* The name by which an address is asked for. */
struct reverse {
	struct name name;
	struct name_suffixes suffixes;
};

/* What is asked with: the thread's that asks, but what others set, as `enabled` and `ending`. */
struct asking {
	struct hash_key name_key;
	struct namemap *special; /* the reverse zones of private addresses among them */
	called_show_fn *show;
	void *daemon;
	struct stats *stats;
	atomic_bool enabled; /* no further question is asked without it */
	atomic_bool ending;
	struct lookup *lookup;
	uint64_t generation; /* whose lookup it is */
	struct patience patience;
	uint8_t reply[LOOKUP_REPLY_MAX];
	uint8_t back[LOOKUP_REPLY_MAX]; /* for what a name in `reply` has */
};

/* What became of an address that was asked for. */
struct asked {
	struct ptr ptr;
	bool confirmed; /* the name leads back to the address */
	bool local;	/* it has a name of the operator's own, or nobody is to be asked */
};

/* ERR_NOMEM. */
enum err asking_init(struct asking *asking, const struct hash_key *name_key,
		     struct stats *stats) MUST_CHECK;

void asking_fini(struct asking *asking);

/* Waits for the turn of a question. */
void asking_take_turn(void);

/* Of a whole address.  Any thread. */
enum err asking_reverse(const struct hash_key *name_key, const struct ip *ip,
			struct reverse *ret_reverse) MUST_CHECK;

/* Asks for the address.  ERR_CANCELLED: it is not `enabled`, or `ending`.  ERR_RANGE: it is not
 * asked for, as others of its network were slow.  ERR_SYS, ERR_SYNTAX, ERR_NOTFOUND, ERR_NOMEM: it
 * could not be learnt.  Blocks for seconds. */
enum err asking_ask(struct asking *asking, const struct ip *ip, struct asked *ret_asked) MUST_CHECK;

#endif
