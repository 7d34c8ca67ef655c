/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that name clients (server.client-names; report/leases.h has their forms), read by a
 * thread of its own when they have changed.
 *
 * Leases change often, and old findings are of who had an address then: what a file had before it
 * was changed is remembered, for so many days and so many leases (leasefiles.c), not over a
 * restart.  A lease of dnsmasq, which does not say when it began, is known from the time on at
 * which the file that has it was first seen to have been written.  Where a file cannot be read, is
 * too large or has too many leases, that is told once and counted, and what was known stays.
 */
#ifndef CALLED_LEASEFILES_H
#define CALLED_LEASEFILES_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "count/stats.h"
#include "report/leases.h"

#define LEASEFILES_MAX 16U

struct leasefiles;

/* What is read and fails is counted in `stats`, by its thread.  ERR_NOMEM.  Main thread, as all
 * below but what says otherwise. */
enum err leasefiles_create(struct stats *stats, struct leasefiles **ret_files) MUST_CHECK;

/* Starts the thread.  ERR_SYS. */
enum err leasefiles_start(struct leasefiles *files) MUST_CHECK;

/* Has it read these files, LEASEFILES_MAX at most.  What is known of those that it has read
 * already stays; of others it is forgotten.  ERR_NOMEM: it is as it was. */
enum err leasefiles_set(struct leasefiles *files, char *const *paths, size_t count) MUST_CHECK;

/* Ends the thread.  What is known stays. */
void leasefiles_stop(struct leasefiles *files);

/* NULL is fine. */
void leasefiles_free(struct leasefiles *files);

/* As leases_find.  Any thread; waits for nothing that is read. */
bool leasefiles_find(struct leasefiles *files, const struct ip *ip, uint32_t at_s,
		     struct lease *ret_lease);

#endif
