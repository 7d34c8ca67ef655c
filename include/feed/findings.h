/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings: who asked for which name that a list has, counted by the worker that answered.
 *
 * Each worker counts into a table of its own, by client, list and name.  A reader, one thread,
 * takes the tables away and leaves empty ones.  The worker never waits and makes no system call,
 * but for one that wakes the reader when a table is full, which is then handed over whole: so no
 * finding is lost while the reader keeps up, only merged.  Where the reader does not, and all
 * tables are full, findings of new clients and names are lost and counted, while those that the
 * table in use has go on being counted.
 */
#ifndef FEED_FINDINGS_H
#define FEED_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "dns/name.h"
#include "match/policy.h"

#define FINDINGS_TABLE_MAX 16384U	 /* findings of one table */
#define FINDINGS_NAMES_MAX (640U * 1024) /* octets of their names */
#define FINDINGS_SPELL_MS 1000U		 /* see `merged` */

/* What is no list of the operator's, but a reason to write down a client: the upstream blocks the
 * name.  A number behind all places of a policy. */
#define FINDINGS_UPSTREAM (POLICY_NO_PLACE + 1U)
#define FINDINGS_UPSTREAM_NAME ":blocked-upstream" /* as reports call it; no list can */

/* The query types told apart, X(bit, type, mnemonic); all others are the last. */
#define FINDINGS_TYPES(X)                                                                          \
	X(0, 1, "A")                                                                               \
	X(1, 28, "AAAA")                                                                           \
	X(2, 65, "HTTPS")                                                                          \
	X(3, 16, "TXT")                                                                            \
	X(4, 15, "MX")                                                                             \
	X(5, 2, "NS")                                                                              \
	X(6, 5, "CNAME")                                                                           \
	X(7, 6, "SOA")                                                                             \
	X(8, 12, "PTR")                                                                            \
	X(9, 33, "SRV")                                                                            \
	X(10, 64, "SVCB")                                                                          \
	X(11, 43, "DS")                                                                            \
	X(12, 48, "DNSKEY")                                                                        \
	X(13, 255, "ANY")
#define FINDINGS_TYPE_MAX 255U	/* the greatest of them */
#define FINDINGS_TYPE_OTHER 15U /* the bit of all other types */

/* How a query came.  All but the first show that the client has the address it came from: a
 * UDP datagram may have been sent by anybody. */
enum findings_way {
	FINDINGS_WAY_UDP,
	FINDINGS_WAY_COOKIE, /* over UDP with a good server cookie (RFC 7873) */
	FINDINGS_WAY_TCP,
	FINDINGS_WAY_TLS,
	FINDINGS_WAY_COUNT
};

/* One client that asked for one name, since the reader took the table before; `count` is 0 where it
 * has not asked again, and then most of the rest means nothing. */
struct finding {
	uint64_t hash; /* of client, list and name, by which their equals are found */
	struct ip client;
	uint16_t list;	      /* index of the list, or FINDINGS_UPSTREAM */
	uint8_t ways;	      /* a bit for each enum findings_way */
	uint8_t owner_labels; /* of the rule: so many of the name's labels, from the right; 0: the
			       * list has another name, which the answer leads to */
	uint8_t name_len;     /* octets, wire form, lower case */
	uint8_t note_len;     /* octets behind these, see findings_note; 0: there is no note */
	uint16_t types;	      /* a bit for each of FINDINGS_TYPES */
	uint16_t first_types; /* those of the first spell, see `merged` */
	uint32_t spell_lacks; /* those that the last spell has not; from bit 16 on its ways */
	uint32_t name;	      /* where its name stands in the table's names */
	uint32_t first_s;     /* Unix time */
	uint32_t last_s;
	uint64_t first_ms; /* when the first spell began, and the last one ends, monotonic */
	uint64_t spell_end_ms;
	uint64_t count;	 /* queries */
	uint64_t proven; /* those that showed that the client has its address */
	uint64_t merged; /* queries, but those of one type within a second (a spell) are one */
};

/* A table that was taken away.  The reader's until it is given back. */
struct findings_table {
	struct finding none; /* that nothing is equal to */
	uint64_t generation; /* of the lists whose names these are */
	uint32_t count;
	uint32_t names_len;
	uint32_t list_count; /* of the configuration; their names, and those made by command */
	char lists[POLICY_PLACES][POLICY_LIST_NAME_MAX];
	uint32_t
		index[2 * FINDINGS_TABLE_MAX]; /* octets from the table to an entry; 0: to `none` */
	struct finding entries[FINDINGS_TABLE_MAX];
	uint8_t names[FINDINGS_NAMES_MAX +
		      NAME_WIRE_MAX]; /* that many octets may be read anywhere */
};

/* What a query was for, and whose: the finding that it belongs to. */
struct findings_hit {
	const struct ip *client;
	const struct name *name; /* as asked for, lower case */
	uint64_t name_hash;	 /* by the workers' key, see dns/name.h */
	uint16_t list;
	uint8_t owner_labels;
	const struct verdict *rule; /* of the list, by which it has the name; NULL: not known */
};

/* What the row of the rule says of it (given/localdata.h); "": nothing. */
struct findings_note {
	const char *family;
	const char *ticket;
};

/* How and when it came. */
struct findings_query {
	uint64_t now_ms;
	uint32_t now_s;
	uint16_t qtype;
	enum findings_way way;
};

/* The table that the worker has taken to count into, and what was looked for in it. */
struct findings_seat {
	struct findings_table *table;
	struct finding *finding; /* NULL: there is none */
};

struct findings;

/*
 * The tables of one worker.  `key` is secret, and `wake_fd`, an eventfd of the caller's, is written
 * to when a table is full; it stays open until findings_free.  ERR_NOMEM.
 */
enum err findings_create(const struct hash_key *key, int wake_fd,
			 struct findings **ret_findings) MUST_CHECK;

/* Frees the tables; whoever has one of them must have given it back.  NULL is fine. */
void findings_free(struct findings *findings);

/* Counts a query that a list of `policy`, which is the `generation`-th, has found, or
 * an upstream.  False: it is lost, for want of room.  The worker's thread. */
bool findings_add(struct findings *findings, const struct policy *policy, uint64_t generation,
		  const struct findings_hit *hit, const struct findings_query *query);

/* The same in two steps, for the path of a query: what there is most often is counted, and what
 * there is not begun, which fails as findings_add does.  The second step must follow at once: the
 * reader waits for it. */
struct findings_seat findings_find(struct findings *findings, uint64_t generation,
				   const struct findings_hit *hit);
void findings_count(struct findings *findings, struct findings_seat seat,
		    const struct findings_query *query);
bool findings_begin(struct findings *findings, struct findings_seat seat,
		    const struct policy *policy, uint64_t generation,
		    const struct findings_hit *hit, const struct findings_query *query);

/* A full table that waits, the oldest there is; NULL: there is none.  The reader's thread, as all
 * that follow. */
struct findings_table *findings_take_full(struct findings *findings);

/* The table that the worker counts into; NULL: it has no findings, or the reader has not given back
 * the one it took last. */
struct findings_table *findings_take_current(struct findings *findings);

/* How many full tables wait. */
size_t findings_waiting(const struct findings *findings);

/* Gives a table back, to be filled anew: empty, or with what was asked for in it, uncounted, since
 * most of that is asked for again; until it fills, or nothing of it is asked for any more. */
void findings_give(struct findings *findings, struct findings_table *table);

/* The note of a finding, which stands behind its name at `name`, and lives as long. */
static inline struct findings_note findings_note(const struct finding *finding, const uint8_t *name)
{
	const char *family = (const char *)name + finding->name_len;

	if (finding->note_len == 0)
		return (struct findings_note){"", ""};
	return (struct findings_note){family, family + strlen(family) + 1};
}

/* True when the ways, a bit each, have one that shows the client's address. */
static inline bool findings_way_proves(enum findings_way way)
{
	return way != FINDINGS_WAY_UDP;
}

#endif
