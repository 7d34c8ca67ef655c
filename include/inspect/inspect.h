/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An upstream's reply, judged by what it leads to: names, by CNAMEs, by what DNAMEs make, and of
 * services, mail exchangers and name servers; and addresses, which may stand as hints beside a
 * service (RFC 9460, 7.3).  Pure: no I/O, no clock, no allocation.
 */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "dns/reply.h"
#include "inspect/rebind.h"
#include "match/policy.h"

/* What is known of a question about the name servers of a zone, or their addresses. */
enum inspect_known {
	INSPECT_KNOWN,
	INSPECT_MISSING, /* it has to be asked */
	INSPECT_FAILED,	 /* it was, a short while ago, in vain */
	INSPECT_NOBODY,	 /* nobody is asked: the name is the operator's own, say */
};

#define INSPECT_WANTED_MAX 16U

struct inspect_wanted {
	struct name name;
	uint16_t type;
};

/* By what is known the servers of the zones that names lie in are judged; what is missing is told.
 */
struct inspect_lookup {
	/*
	 * The reply to the question for `name` and `type`, of which `of` is the name that it is all
	 * about.  What is found holds till the next question for NS, or the next for something
	 * else.
	 */
	enum inspect_known (*find)(struct inspect_lookup *lookup, const struct name *of,
				   const struct name *name, uint16_t type, const uint8_t **ret_msg,
				   struct reply *ret_reply);
	bool unknown; /* something that may matter cannot be known, or is too much to be looked at
		       */
	bool more;    /* more is missing than is told of */
	bool last;    /* what is missing is not asked for: the verdict is the last one */
	unsigned int wanted_count;
	struct inspect_wanted wanted[INSPECT_WANTED_MAX];
};

/* By what replies are judged. */
struct inspect_rules {
	const struct policy *policy;
	const struct hash_key *name_key; /* of the policy's names */
	const struct rebind *rebind;	 /* NULL: any name may have any address */
	struct inspect_lookup *lookup;	 /* NULL: of servers, what replies have beside is enough */
};

/*
 * The verdict on a reply that reply_parse has taken from `msg`; `leave` is that of the question's
 * own name, and what is let be of a name holds for those behind it, and for its addresses.  Of
 * several matches one of a mandatory list decides, else the first that blocks, names before
 * addresses; a reply that no list blocks may still be one of rebinding, which has the list
 * POLICY_REBINDING.  `logged` has all lists that log any of what was found.  A pass is told where
 * the leave is for a name that waits (policy_leave_waiting), of a zone that goes before it.
 *
 * Where nothing matches, additional records of names or with addresses that are listed are taken
 * from the reply; so are those by which a name of the question's would be rebound.  But where
 * `lookup` misses something that may matter and yet comes, the verdict is not the last one, and
 * nothing is taken away.  Any thread.
 */
struct verdict inspect_reply(const struct inspect_rules *rules, uint8_t *msg, size_t len,
			     struct reply *reply, struct policy_leave leave);

/* The verdict on an answer that gives a name of which nothing else is known this address.  The
 * rules need no `name_key`.  Any thread. */
struct verdict inspect_address(const struct inspect_rules *rules, const struct ip *ip);

#endif
