/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set of listed prefixes: frozen, asked by address, the longest prefix first.
 *
 * A builder takes rules, list after list, and is frozen into an `addrset` that never changes again
 * and may be read by any thread without a lock.  A rule is a prefix, a list, and the line of its
 * source.  A list is known by its index, which the caller gives.  A rule takes 16 octets for IPv4
 * and 28 for IPv6, with data 8 more, and large sets a quarter of a megabyte more.
 */
#ifndef ADDRS_ADDRSET_H
#define ADDRS_ADDRSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addrs/addrs.h"
#include "base/addr.h"
#include "base/err.h"

#define ADDRSET_LISTS_MAX 4096U
#define ADDRSET_RULES_MAX 100000000U
#define ADDRSET_NONE UINT32_MAX

struct addrset_builder;
struct addrset;

/* A rule as told to a person. */
struct addrset_rule {
	struct prefix prefix;
	uint32_t list;
	uint32_t line;	/* in the list's source, from 1 */
	uint32_t data;	/* a number of the caller's; 0: none */
	uint8_t answer; /* likewise, of what is done (enum domset_answer) */
};

/* An empty builder.  One thread at a time.  ERR_NOMEM. */
enum err addrset_builder_create(struct addrset_builder **ret_builder) MUST_CHECK;
void addrset_builder_free(struct addrset_builder *builder);

/* Adds a rule.  ERR_NOMEM (also beyond ADDRSET_RULES_MAX); ERR_RANGE when `list` is not below
 * ADDRSET_LISTS_MAX, or the prefix is none. */
enum err addrset_builder_add(struct addrset_builder *builder,
			     const struct addrset_rule *rule) MUST_CHECK;

/* How many rules were added; and takes back all but the first `count`. */
size_t addrset_builder_mark(const struct addrset_builder *builder);
void addrset_builder_rollback(struct addrset_builder *builder, size_t count);

/* Asked of each rule that is carried over: false leaves it out; its answer and its data may be
 * changed. */
struct addrset_filter {
	bool (*takes)(void *arg, struct addrset_rule *rule);
	void *arg;
};

/* Adds the rules of `old`'s list `old_list` as list `list`, those that `filter` (NULL: takes all)
 * takes.  On failure the caller rolls back.  Errors as of addrset_builder_add.  `old` may be NULL:
 * it has none. */
enum err addrset_builder_copy_list(struct addrset_builder *builder, const struct addrset *old,
				   uint32_t old_list, uint32_t list,
				   const struct addrset_filter *filter) MUST_CHECK;

/* Freezes the builder's rules.  The builder is empty afterwards when ERR_OK is returned, and
 * unchanged when not.  ERR_NOMEM. */
enum err addrset_builder_freeze(struct addrset_builder *builder,
				struct addrset **ret_set) MUST_CHECK;
void addrset_free(struct addrset *set);

/*
 * The rules that cover `ip`, all of it where it is a prefix: first the one with the longest prefix,
 * then the next shorter or equal one, of whichever list, until ADDRSET_NONE.  No allocation, no
 * lock, any thread.
 */
uint32_t addrset_first(const struct addrset *set, const struct ip *ip);
uint32_t addrset_next(const struct addrset *set, uint32_t record);

/* The list of a record. */
uint32_t addrset_list(const struct addrset *set, uint32_t record);

/* What is done by a record, and its number of the caller's. */
uint8_t addrset_answer(const struct addrset *set, uint32_t record);
uint32_t addrset_data(const struct addrset *set, uint32_t record);

/* The rule of a record. */
struct addrset_rule addrset_rule(const struct addrset *set, uint32_t record);

/* Records are numbers below this: all rules, IPv4's first, by address. */
uint32_t addrset_records(const struct addrset *set);

/* Any number; a list that the set does not have counts nothing. */
struct addrset_count addrset_count(const struct addrset *set, uint32_t list);

#endif
