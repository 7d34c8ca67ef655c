/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of inspect share: a reply being judged. */
#ifndef INSPECT_JUDGEMENT_H
#define INSPECT_JUDGEMENT_H

#include "dns/bailiwick.h"
#include "inspect/inspect.h"

#define KEPT_MAX 16U /* records with addresses that are kept */

/* What was said so far. */
struct judgement {
	const struct inspect_rules *rules;
	struct verdict verdict;
	uint16_t qtype;
	bool rebound; /* an address is private */
};

/* What a reply leads to, and what was let be of each name. */
struct inspection {
	struct judgement judgement;
	const uint8_t *msg;
	size_t len;
	bool targets;	/* the answer section has records that name another host */
	bool addresses; /* and such as have addresses, which somebody asks about */
	unsigned int kept_count;
	unsigned int kept_until; /* of the answer's records, those that were looked at for them */
	size_t behind_kept;	 /* where the next one begins */
	struct wire_rr kept[KEPT_MAX];
	unsigned int link_count;
	struct bailiwick_link links[BAILIWICK_LINKS_MAX + 1]; /* one is tried before */
	struct bailiwick bailiwick;
	struct policy_leave leave[BAILIWICK_NAMES_MAX];
	bool done;   /* zones were asked of its addresses */
	bool passed; /* a zone lets all of the reply pass for what it has */
	struct verdict pass;
};

/* One name that a reply leads to. */
struct link {
	struct inspection *in;
	const struct reply *reply;
	const struct name *name;
	struct policy_leave leave; /* of zones that may say something here */
	struct verdict best;
};

/* Takes in a verdict: one that blocks, where it goes before what was said so far; what is logged
 * always. */
void judgement_note(struct judgement *j, const struct verdict *v);

/* The verdict on a name. */
struct verdict judgement_name(const struct inspect_rules *rules, const struct name *name,
			      uint16_t qtype, struct policy_leave leave);

/* The verdict of rules of TRIGGER_ADDRESS or TRIGGER_SERVER_ADDRESS on an address, or on one that
 * lies in it. */
struct verdict judgement_address(const struct policy *policy, enum trigger trigger,
				 const struct ip *ip, struct policy_leave leave);

/* True for records that are an address, or may have hints. */
bool judgement_has_address(uint16_t type);

/* True for A and AAAA as they should be. */
static inline bool judgement_is_address(const struct wire_rr *rr)
{
	return (rr->type == TYPE_A && rr->rdlen == 4) || (rr->type == TYPE_AAAA && rr->rdlen == 16);
}

/* True where the servers of a zone are looked at: those of a top-level domain say nothing of its
 * names. */
static inline bool judgement_has_servers(const struct name *zone)
{
	return zone->len > 1 && zone->wire[zone->wire[0] + 1] != 0;
}

/* Takes in what was said at the link, where it goes before what was said there so far. */
void link_take(struct link *l, const struct verdict *v);

/* The same of an address of its name's, or of a server's. */
void link_take_address(struct link *l, enum trigger trigger, const struct ip *ip);

/* The same of the servers of the zones that its name lies in, by rules->lookup. */
void link_seek_servers(struct link *l);

/*
 * Judges the names that the reply leads to, each with the leave of the one that led to it, and at
 * each what zones say of its addresses and its servers: the first of these names that a zone has
 * anything for decides, and of the zones the first.
 */
void inspect_links(struct inspection *in, const struct reply *reply);

#endif
