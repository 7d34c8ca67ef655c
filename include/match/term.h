/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terms of lists: an order is in force from a time on, and until one.  The time is an argument;
 * who publishes a policy applies its terms before, and again when one is due.
 */
#ifndef MATCH_TERM_H
#define MATCH_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "match/policy.h"

/* What a list is by its term. */
enum term_state {
	TERM_NONE,   /* it has none */
	TERM_WAITS,  /* it is not in force yet */
	TERM_HOLDS,  /* it is in force */
	TERM_KEPT,   /* it has lapsed, and is in force all the same */
	TERM_LOGS,   /* it has lapsed, and only logs */
	TERM_LIFTED, /* it has lapsed, and says nothing any more */
	TERM_COUNT
};

/* Has each list of the policy, which nobody else reads yet, be what it is at Unix time `now_s`.
 * What has begun once stays so when a clock goes back. */
void term_apply(struct policy *policy, uint64_t now_s);

/* True when term_apply would change something. */
bool term_is_due(const struct policy *policy, uint64_t now_s);

/* What the list has been made. */
enum term_state term_state(const struct policy_list *list);

/* What the list of that name in `before` is; TERM_NONE when there is none (`before` may be NULL).
 */
enum term_state term_state_before(const struct policy *before, const struct policy_list *list);

/* True when the list lapses within `warning_s` of its term from `now_s` on. */
bool term_lapses_soon(const struct policy_list *list, uint64_t now_s);

/* True when the list is over at `now_s`, by its own end and as its order says. */
bool term_is_over(const struct policy_list *list, uint64_t now_s);

#endif
