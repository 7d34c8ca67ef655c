/* SPDX-License-Identifier: BSD-2-Clause */
/* What both kinds of stores are: an SQLite database with one table, which has a column client. */
#ifndef HUNT_STORE_H
#define HUNT_STORE_H

#include "evidence/database.h"
#include "hunt/day.h"

struct store_kind {
	const char *table;
	const char *schema; /* makes the table, if it is not there, and sets user_version to 1 */
	const char *put;    /* adds a row */
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *put; /* of DAY_WRITE */
};

/* As day_open and day_open_octets. */
enum err store_open(struct store *store, const struct store_kind *kind, const char *path,
		    enum day_mode mode, struct err_text *text) MUST_CHECK;
enum err store_open_octets(struct store *store, const struct store_kind *kind, const void *octets,
			   size_t len, struct err_text *text) MUST_CHECK;

void store_close(struct store *store);

/* Fails with what SQLite says, and ends what was begun, of which nothing is stored. */
enum err store_give_up(struct store *store, struct err_text *text) MUST_CHECK;

/* As day_erase. */
enum err store_erase(struct store *store, const struct store_kind *kind, const char *subject,
		     uint64_t *ret_rows, struct err_text *text) MUST_CHECK;

#endif
