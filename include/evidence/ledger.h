/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger: who has asked for names of the lists.  One thread takes what the workers have counted
 * (feed/findings.h) and writes it to the store, twice a second at least.  What cannot be written,
 * because the disk is full or the store cannot be opened, is kept and tried again; beyond a bound
 * it is lost and counted.  A store that is a database elsewhere is written to by its spool.  Nobody
 * ever waits for the store but that thread.
 */
#ifndef EVIDENCE_LEDGER_H
#define EVIDENCE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"
#include "evidence/place.h"
#include "evidence/visits.h"
#include "feed/findings.h"
#include "count/stats.h"

struct ledger;

/* True when the configuration wants a ledger, and has a place for it. */
bool ledger_is_wanted(const struct conf *conf);

/*
 * A ledger for so many workers; nothing is written before ledger_start.  Main thread, as all below
 * but what says otherwise.
 * ERR_SYS, ERR_SYNTAX: the key file is not to be used, as `text` says.  ERR_NOMEM.
 */
enum err ledger_create(const struct conf *conf, size_t workers, struct ledger **ret_ledger,
		       struct err_text *text) MUST_CHECK;

/* Who is asked where the host of a database is; before ledger_start. */
void ledger_find_host(struct ledger *ledger, archive_host_fn *find, void *arg);

/* Is called with each client that is written down, whose address is whole.  The ledger's thread. */
typedef void ledger_met_fn(void *arg, const struct ip *client);

/* Who is told of them; before ledger_start. */
void ledger_tell_clients(struct ledger *ledger, ledger_met_fn *met, void *arg);

/* Where each worker counts: one for each, until ledger_free. */
struct findings *const *ledger_findings(const struct ledger *ledger);

/* Where visits are added, until ledger_free. */
struct visits *ledger_visits(const struct ledger *ledger);

/* The ledger's own counters.  Any thread may read them. */
const struct stats *ledger_stats(const struct ledger *ledger);

/* How it is with the store, half a second ago at most.  Any thread; of NULL all is 0. */
struct archive_state ledger_state(struct ledger *ledger);

/* Findings that wait to be written to the store, or to its spool, half a second ago at most.  Any
 * thread; of NULL 0. */
uint64_t ledger_pending(const struct ledger *ledger);

/* Starts the thread, with all signals blocked.  ERR_SYS. */
enum err ledger_start(struct ledger *ledger) MUST_CHECK;

/* Takes on what a reload may change, and what the lists are.  Any thread; NULL is fine. */
void ledger_configure(struct ledger *ledger, const struct conf *conf);

/* Writes what is there and ends the thread.  The workers have stopped; NULL is fine. */
void ledger_stop(struct ledger *ledger);

/* Stops it, if need be, and frees it; no worker counts any more.  NULL is fine. */
void ledger_free(struct ledger *ledger);

#endif
