/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stores, each an SQLite database, have in common: how it is opened and spoken to.  A
 * database is used by one thread; each thread opens its own. */
#ifndef EVIDENCE_DATABASE_H
#define EVIDENCE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/err.h"

/* Makes the file, if it is not there, so that nobody but its owner may read it: SQLite gives its
 * other files the same mode.  False: errno says why not. */
bool database_make(const char *path);

/* Whether a file is there that may be read and written, and no link.  False: errno says why not.
 * Neither opens one that is there: to close it would take away the locks on it that another thread
 * has (fcntl(2)), and another process could remove the log that this one writes. */
bool database_is_there(const char *path);

/* Opens an existing one; returns SQLite's code.  `*ret_db` is to be closed also after a failure,
 * where it is not NULL.  One that is only read is read beside its writer, whenever that comes and
 * goes, and where nothing may be written beside it as well. */
int database_open(const char *path, bool read_only, sqlite3 **ret_db);

/* Fills `text` with what SQLite says.  ERR_SYNTAX: the database is broken; else ERR_SYS. */
enum err database_fail(sqlite3 *db, struct err_text *text) MUST_CHECK;

/* Runs statements that give nothing.  As database_fail. */
enum err database_run(sqlite3 *db, const char *statements, struct err_text *text) MUST_CHECK;

/* Prepares one; NULL: failed. */
sqlite3_stmt *database_prepare(sqlite3 *db, const char *statement);

/* Steps a statement that gives nothing, and makes it ready again.  False: failed. */
bool database_step(sqlite3_stmt *statement);

/* The version that whoever made it has written; -1: it cannot be read. */
int database_version(sqlite3 *db);

/* Keeps a broken one for who can read it, under another name, and tells so; never a second one in
 * the place of the first: what breaks one after the other is the disk. */
void database_set_aside(const char *path);

#endif
