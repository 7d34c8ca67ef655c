/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of the ledger: a file of this machine's, which is an SQLite database in WAL mode, or a
 * PostgreSQL database of many resolvers (postgres/postgres.h).  Of a file one process is the
 * writer, others may read it at the same time, and erase.  A store is used by one thread; each
 * thread opens its own.
 */
#ifndef EVIDENCE_ARCHIVE_H
#define EVIDENCE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct archive;

/* Opens the store at `path`, a file's path or the URL of a database.  ERR_SYS: it cannot be,
 * ERR_SYNTAX: it is broken, or no database, ERR_REFUSED: no ledger, or of a later version; `text`
 * says why.  ERR_NOMEM. */
enum err archive_open(const char *path, enum archive_mode mode, struct archive **ret_archive,
		      struct err_text *text) MUST_CHECK;

/* The same of a store that may need more than its path: where findings wait, who writes. */
enum err archive_open_at(const struct archive_place *place, enum archive_mode mode,
			 struct archive **ret_archive, struct err_text *text) MUST_CHECK;

/* True when the store is a database elsewhere, and no file. */
bool archive_is_remote(const char *path);

/* NULL is fine. */
void archive_close(struct archive *archive);

/*
 * A batch: begun, filled, and committed, after which it is on the disk: in the store itself, or in
 * the spool of one that is a database elsewhere, which has it a moment later.  When any of these
 * fails nothing of the batch is stored, the batch has ended, and `text` says why.  ERR_SYS,
 * ERR_SYNTAX.
 */
enum err archive_begin(struct archive *archive, struct err_text *text) MUST_CHECK;
enum err archive_put_list(struct archive *archive, const struct archive_list *list,
			  struct err_text *text) MUST_CHECK;
/* Adds to what the store has of this client, list and name. */
enum err archive_put(struct archive *archive, const struct archive_finding *finding,
		     struct err_text *text) MUST_CHECK;
/* Adds to what the store has of such a visit; `visits` is not looked at. */
enum err archive_put_visit(struct archive *archive, const struct archive_visit *visit,
			   struct err_text *text) MUST_CHECK;
enum err archive_commit(struct archive *archive, struct err_text *text) MUST_CHECK;

/* Calls `fn` for each finding that is wanted, those of a client together.  ERR_SYS. */
enum err archive_each(struct archive *archive, const struct archive_filter *filter,
		      archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;

/* The same by clients: names and texts of the lists are empty, the rest is of all its findings. */
enum err archive_each_client(struct archive *archive, const struct archive_filter *filter,
			     archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;

/* Calls `fn` for each visit that is wanted, `list`, `family` and `proven` aside: a visit is known
 * by its host alone.  The texts of the row are valid during the call; of the rest there is the
 * client.  ERR_SYS. */
enum err archive_each_visit(struct archive *archive, const struct archive_filter *filter,
			    archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;

/* Octets that the findings take; what is free again inside the file is not counted. */
uint64_t archive_size(struct archive *archive);

/*
 * Removes what is over the limits and under no hold, of the next `clients` clients, from `*cursor`
 * on (0: the first), which it moves; 0 then: that was all.  Adds to `*removed`.  ERR_SYS.
 */
enum err archive_prune(struct archive *archive, const struct archive_limits *limits,
		       uint32_t clients, int64_t *cursor, uint64_t *removed,
		       struct err_text *text) MUST_CHECK;

/* From now on an erasure calls `also`, once there is nothing against it; where that fails nothing
 * is erased here. */
void archive_erases_also(struct archive *archive, archive_also_fn *also, const void *arg);

/*
 * Does so with the findings of `subject`, an address or a prefix as it is written in the store, for
 * the reason `why` that `who` gives.  The audit does not say whose findings were erased.
 * ERR_REFUSED: some of what is to be erased is under a hold.  ERR_NOTFOUND: there is no such
 * hold.  ERR_SYS.
 */
enum err archive_act(struct archive *archive, enum archive_act act, const char *subject,
		     const char *who, const char *why, uint64_t *ret_findings,
		     struct err_text *text) MUST_CHECK;

/* Waits until what was committed is in the store itself, for so long at most.  False: it is not. */
bool archive_settle(struct archive *archive, uint32_t most_ms);

/* How it is with the store. */
struct archive_state archive_state(struct archive *archive);

#endif
