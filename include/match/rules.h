/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of all lists on their way into the sets of a policy: names and addresses, list after
 * list, marked and taken back together.
 */
#ifndef MATCH_RULES_H
#define MATCH_RULES_H

#include <stddef.h>

#include "base/err.h"
#include "base/hash.h"
#include "addrs/addrset.h"
#include "set/domset.h"
#include "given/localdata.h"
#include "match/policy.h"

/* The caller's memory; zero-filled, it is none.  Rules are added to the builders as these have it;
 * to the addresses' with the index of the list that was begun last. */
struct rules {
	struct domset_builder *names;
	struct domset_builder *servers;
	struct addrset_builder *addresses[TRIGGER_COUNT]; /* from TRIGGER_ADDRESS on */
	struct localdata *data;				  /* what rules give */
};

/* Where the rules stood; plain data. */
struct rules_mark {
	struct domset_mark names;
	struct domset_mark servers;
	size_t addresses[TRIGGER_COUNT];
	uint32_t data;
};

/* Empty ones, whose set of names will hash with `key`.  One thread at a time.  ERR_NOMEM. */
enum err rules_init(const struct hash_key *key, struct rules *ret_rules) MUST_CHECK;
void rules_fini(struct rules *rules);

/* Begins list `list`.  Errors as of domset_builder_begin. */
enum err rules_begin(struct rules *rules, unsigned int list) MUST_CHECK;

struct rules_mark rules_mark(const struct rules *rules);
void rules_rollback(struct rules *rules, const struct rules_mark *mark);

/* Asked of each rule that is carried over, as those of the sets are. */
struct rules_filter {
	struct domset_filter names;
	struct domset_filter servers;
	struct addrset_filter addresses; /* that answers and servers have */
	struct addrset_filter clients;
};

/* Begins list `list`, with the rules of `old`'s list `old_list` that `filter` (NULL: takes all)
 * takes.  On failure all is as it was.  Errors as of domset_builder_copy_list. */
enum err rules_copy_list(struct rules *rules, const struct policy *old, unsigned int old_list,
			 unsigned int list, const struct rules_filter *filter) MUST_CHECK;

/* Freezes the rules into the sets of `policy`, which has none yet, and notes what zones there are
 * among its lists.  ERR_NOMEM. */
enum err rules_freeze(struct rules *rules, struct policy *policy) MUST_CHECK;

#endif
