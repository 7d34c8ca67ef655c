/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups of clients: which lists hold for whom, and what those are answered with.
 *
 * A client is in the group that has the longest prefix of its address, or in none.  Each group, and
 * all clients that are in none together, have a view of the policy (match/policy.h), by whose
 * number they are known on the way of a query.  Numbers are good with the snapshot they came from:
 * the next one may have other groups.
 *
 * What else than its address makes a client one of a group (its MAC, its name) would be told by
 * groups_view: nothing else knows how a client is found.
 */
#ifndef GROUP_GROUPS_H
#define GROUP_GROUPS_H

#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "conf/conf.h"
#include "group/members.h"
#include "match/policy.h"

#define GROUPS_OF_NONE 1U /* the view of clients that are in no group */
#define GROUPS_FIRST 2U	  /* that of the first group; those of the others follow */

_Static_assert(GROUPS_FIRST + CONF_GROUPS_MAX <= POLICY_VIEWS_MAX, "each group has its view");
_Static_assert(CONF_GROUPS_MAX <= MEMBERS_GROUPS_MAX, "each group is found");

struct group_hours;

/* Of one configuration, which has to live as long.  Never changed: any thread. */
struct groups {
	const struct conf *conf;
	struct members *members; /* owned */
	size_t hours_count;
	struct group_hours *hours; /* owned: of the groups' schedules, in their order */
	uint16_t pools[]; /* who is asked for the clients of each view: of the snapshot's pools, 0
			   * as for all; whoever makes those fills it in */
};

/* `*ret_groups` is NULL where no group is configured, and no list is for groups only: then all
 * lists hold for all.  ERR_SYNTAX, ERR_SYS, with text: a time zone cannot be read.  ERR_NOMEM. */
enum err groups_create(const struct conf *conf, struct groups **ret_groups,
		       struct err_text *text) MUST_CHECK;

/* NULL is fine. */
void groups_free(struct groups *groups);

/* The client's view.  `groups` may be NULL. */
static inline uint16_t groups_view(const struct groups *groups, const struct ip *client)
{
	if (!groups)
		return POLICY_ALL_LISTS;
	return (uint16_t)(GROUPS_OF_NONE + members_group(groups->members, client));
}

/* The pool that is asked for the clients of a view what is in no zone with its own: 0 for all that
 * are in no group. */
static inline uint16_t groups_pool(const struct groups *groups, uint16_t view)
{
	return groups ? groups->pools[view] : 0;
}

/* The group of a view; NULL: of all clients that are in none. */
static inline const struct conf_group *groups_of_view(const struct groups *groups, uint16_t view)
{
	return groups && view >= GROUPS_FIRST ? &groups->conf->groups[view - GROUPS_FIRST] : NULL;
}

/* Gives the policy, which nobody else reads yet and whose lists are known, its views as they are at
 * Unix time `now_s`.  `groups` may be NULL: then it has none.  ERR_NOMEM: it has those that it had.
 */
enum err groups_apply(const struct groups *groups, uint64_t now_s,
		      struct policy *policy) MUST_CHECK;

/* True when groups_apply would make other views at `now_s`, or may, as the clock was put back. */
bool groups_are_due(const struct policy *policy, uint64_t now_s);

/* Logs for which groups other lists hold in `after`, of the same configuration as `before`. */
void groups_tell(const struct groups *groups, const struct policy *before,
		 const struct policy *after);

#endif
