/* SPDX-License-Identifier: BSD-2-Clause */
/* What is too old or too much, erasure, and the hold against both.  One thread. */
#ifndef POSTGRES_PRUNE_H
#define POSTGRES_PRUNE_H

#include "postgres/link.h"

/* Removes what is over the limits and under no hold; when another resolver is doing so, nothing.
 * Days that are over go as a whole.  ERR_SYS. */
enum err prune_now(struct link *link, const struct archive_limits *limits, uint64_t *ret_removed,
		   struct err_text *text) MUST_CHECK;

/* The limits as the database's clock would have them, where ours is more than an hour off: one
 * resolver that thinks it is another year must not have removed what all have found. */
struct archive_limits prune_judge(const struct archive_limits *limits, int64_t ours_s,
				  int64_t theirs_s);

/* About how many octets the findings have.  ERR_SYS. */
enum err prune_size(struct link *link, uint64_t *ret_size, struct err_text *text) MUST_CHECK;

/* As archive_act, with what is erased along. */
enum err prune_act(struct link *link, enum archive_act act, const char *subject, const char *who,
		   const char *why, archive_also_fn *also, const void *also_arg,
		   uint64_t *ret_findings, struct err_text *text) MUST_CHECK;

#endif
