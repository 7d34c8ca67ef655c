/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the store share.
 *
 *   store.c  opened, and read
 *   put.c    what stands in a list, held against what is kept of it
 *   form.c   as CSV and as JSON
 */
#ifndef RECEIPT_STORE_H
#define RECEIPT_STORE_H

#include <sqlite3.h>

#include "receipt/receipt.h"

struct receipts {
	sqlite3 *db;
};

/* Fills `text` with what SQLite says.  ERR_SYS. */
enum err store_fail(const struct receipts *receipts, struct err_text *text) MUST_CHECK;

/* Runs statements that give nothing.  ERR_SYS. */
enum err store_run(const struct receipts *receipts, const char *statements,
		   struct err_text *text) MUST_CHECK;

/* Prepares one; NULL: failed. */
sqlite3_stmt *store_prepare(const struct receipts *receipts, const char *statement);

/* Steps a statement that gives nothing, and makes it ready again.  False: failed. */
bool store_step(sqlite3_stmt *statement);

#endif
