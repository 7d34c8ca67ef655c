/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of lists that are fetched no more: each is told when it is first seen, kept for a month in
 * case the list comes back, and removed.  Nothing goes but the very files that the fetches have
 * written, as what is known of them (fetch/kept.h) says.
 */
#ifndef FETCH_UNUSED_H
#define FETCH_UNUSED_H

#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"

#define UNUSED_KEPT_S (30U * 86400U)

struct unused;

/* By the lists and the other files of `conf`, of which what is needed is copied.  ERR_NOMEM. */
enum err unused_create(const struct conf *conf, struct unused **ret_unused) MUST_CHECK;

/* NULL is fine. */
void unused_free(struct unused *unused);

/* What comes behind `former`, in a daemon that runs: where its state.directory is another one,
 * which takes effect at a restart and may be another daemon's until then, all in there stays. */
void unused_follow(struct unused *unused, const struct unused *former);

/*
 * Looks through the directory of the copies at Unix time `now_s`, and removes what has not been
 * any list's for UNUSED_KEPT_S.  Stays: what a list has, by its name or its file; what hosts-file,
 * protected-file or client-names name; what a record of a mandatory list is kept of (keep/keep.h);
 * what somebody else has written; links; and all, where the directory is a link.  Waits for the
 * disk; no other thread at the same time.
 */
void unused_sweep(const struct unused *unused, uint64_t now_s);

#endif
