/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of many resolvers' findings: a PostgreSQL database, by libpq.
 *
 * Who writes (ARCHIVE_WRITE) never waits for the database: a batch that is committed stands in the
 * spool, a file of this machine's, and a thread of the store's own brings it to the database.
 * Only that thread connects and asks.  Each batch has the number of its spool, so that one that is
 * sent twice, as the answer was lost, is counted once.  Without a database the spool grows up to
 * its bound; beyond it a commit fails, and whoever has the batch keeps it.
 *
 * Who reads or edits has a connection of the caller's thread, with limits of time.
 *
 * Passwords come from a file: `password_file` of the place, or libpq's own (PGPASSFILE, a service).
 */
#ifndef POSTGRES_POSTGRES_H
#define POSTGRES_POSTGRES_H

#include <stdio.h>

#include "store/store.h"

/* True for postgresql:// and postgres://. */
bool postgres_is_url(const char *text);

/* Judges a URL by itself.  ERR_SYNTAX: libpq takes it for none, ERR_REFUSED: a password stands in
 * it, which would be shown wherever the configuration is; `text` says so, and has none of it. */
enum err postgres_check_url(const char *url, struct err_text *text) MUST_CHECK;

/* Opens one; with ARCHIVE_WRITE nothing is connected yet, and only the URL, the spool's folder or
 * a thread can fail.  As archive_open. */
enum err postgres_open(const struct archive_place *place, enum archive_mode mode, void **ret_store,
		       struct err_text *text) MUST_CHECK;

/* What is done with what that gave. */
extern const struct archive_ops postgres_ops;

/* Writes the SQL that makes the schema or brings an earlier one on, and the roles that writers,
 * readers and editors need, for psql(1) and the database's owner. */
void postgres_print_schema(FILE *out);

#endif
