/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists that are fetched, and whom their hosts are asked of, as a configuration has them.  The
 * lock of the fetches is held by whoever calls, unless the function says otherwise. */
#ifndef FETCH_PLAN_H
#define FETCH_PLAN_H

#include "base/random.h"
#include "fetch/lookup.h"
#include "fetch/source.h"
#include "fetch/unused.h"

struct plan {
	struct lookup *lookup; /* NULL: there is no list to be fetched */
	struct unused *unused; /* by which copies of other lists are known */
	size_t count;
	struct source *sources[CONF_LISTS_MAX];
};

/* What is needed of `snapshot` is copied.  Without a lock.  ERR_NOMEM. */
enum err plan_create(const struct snapshot *snapshot, struct plan **ret_plan) MUST_CHECK;

/* NULL is fine. */
void plan_free(struct plan *plan);

/* Where the list of that name is; NULL: it is not in the plan, or the plan is NULL. */
struct source **plan_find(struct plan *plan, const char *name);

/* What was asked for of `former` (NULL: nothing), which was never taken on, is asked for of `plan`.
 */
void plan_want_also(struct plan *plan, struct plan *former);

/* Has the list, or all (NULL), fetched at once; returns how many that are.  NULL is fine. */
size_t plan_want(struct plan *plan, const char *list);

/* `plan` takes the place of `former` (NULL: there was none): a list that is as it was goes on as it
 * is, the others begin.  What is left in `former` is to be freed. */
void plan_take_over(struct plan *plan, struct plan *former, struct random_pool *random);

#endif
