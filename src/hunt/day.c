/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/day.h"

#include <stdlib.h>
#include <string.h>

#include "hunt/store.h"

#define ROW_LEAST 12U

static const struct store_kind kind = {
	.table = "asked",
	.schema = "BEGIN IMMEDIATE;"
		  "CREATE TABLE IF NOT EXISTS asked(hash INTEGER NOT NULL, client BLOB NOT NULL,"
		  " at_s INTEGER NOT NULL, how INTEGER NOT NULL, PRIMARY KEY(hash, client))"
		  " WITHOUT ROWID;"
		  "PRAGMA user_version=1;"
		  "COMMIT;",
	/* what comes a second time and says nothing new is no change */
	.put = "INSERT INTO asked VALUES(?1, ?2, ?3, ?4) ON CONFLICT(hash, client)"
	       " DO UPDATE SET how = how | ?4 WHERE how | ?4 <> how",
};

struct day {
	struct store store;
};

/* ---- opened */

enum err day_open(const char *path, enum day_mode mode, struct day **ret_day, struct err_text *text)
{
	struct day *day = calloc(1, sizeof(*day));
	enum err err;

	if (!day)
		return err_set(text, ERR_NOMEM, "%s: out of memory", path);
	err = store_open(&day->store, &kind, path, mode, text);
	if (err == ERR_OK)
		*ret_day = day;
	else
		free(day);
	return err;
}

enum err day_open_octets(const void *octets, size_t len, struct day **ret_day,
			 struct err_text *text)
{
	struct day *day = calloc(1, sizeof(*day));
	enum err err;

	if (!day)
		return err_set(text, ERR_NOMEM, "out of memory");
	err = store_open_octets(&day->store, &kind, octets, len, text);
	if (err == ERR_OK)
		*ret_day = day;
	else
		free(day);
	return err;
}

void day_close(struct day *day)
{
	if (day)
		store_close(&day->store);
	free(day);
}

/* ---- written */

static bool put(struct day *day, const struct day_row *row)
{
	uint8_t octets[DAY_CLIENT_MAX];
	size_t len = day_client_write(&row->client, octets);

	sqlite3_bind_int64(day->store.put, 1, (int64_t)row->hash);
	sqlite3_bind_blob(day->store.put, 2, octets, (int)len, SQLITE_STATIC);
	sqlite3_bind_int64(day->store.put, 3, row->at_s);
	sqlite3_bind_int(day->store.put, 4, row->how);
	return database_step(day->store.put);
}

enum err day_put(struct day *day, const struct day_row *rows, size_t count, uint64_t *ret_new,
		 struct err_text *text)
{
	sqlite3_int64 before = sqlite3_total_changes64(day->store.db);
	enum err err = database_run(day->store.db, "BEGIN IMMEDIATE", text);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < count; i++)
		if (!put(day, &rows[i]))
			return store_give_up(&day->store, text);
	if (sqlite3_exec(day->store.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return store_give_up(&day->store, text);
	*ret_new = (uint64_t)(sqlite3_total_changes64(day->store.db) - before);
	return ERR_OK;
}

/* ---- read */

/* The row that a statement is at: client, at_s, how.  False: it is none of ours. */
static bool read_row(sqlite3_stmt *q, uint64_t hash, struct day_row *ret_row)
{
	const uint8_t *octets = sqlite3_column_blob(q, 0);
	sqlite3_int64 at_s = sqlite3_column_int64(q, 1);
	sqlite3_int64 how = sqlite3_column_int64(q, 2);

	if (!octets || at_s < 0 || at_s >= DAY_SECONDS || how < DAY_ITSELF ||
	    how > (DAY_ITSELF | DAY_BELOW) ||
	    day_client_read(octets, (size_t)sqlite3_column_bytes(q, 0), &ret_row->client) != ERR_OK)
		return false;
	ret_row->hash = hash;
	ret_row->at_s = (uint32_t)at_s;
	ret_row->how = (uint8_t)how;
	return true;
}

/* The end of a reading that `rc` has ended. */
static enum err end_reading(struct day *day, sqlite3_stmt *q, int rc, bool sound,
			    struct err_text *text)
{
	enum err err = ERR_OK;

	if (!sound)
		err = err_set(text, ERR_SYNTAX, "what is stored is no client, or no time");
	else if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = database_fail(day->store.db, text);
	sqlite3_finalize(q);
	return err;
}

enum err day_each_client(struct day *day, uint64_t hash, day_row_fn *fn, void *arg,
			 struct err_text *text)
{
	sqlite3_stmt *q = database_prepare(
		day->store.db,
		"SELECT client, at_s, how FROM asked WHERE hash = ?1 ORDER BY client");
	struct day_row row;
	bool sound = true;
	int rc = SQLITE_ERROR;

	if (!q)
		return database_fail(day->store.db, text);
	sqlite3_bind_int64(q, 1, (int64_t)hash);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		sound = read_row(q, hash, &row);
		if (!sound || !fn(arg, &row))
			break;
	}
	return end_reading(day, q, rc, sound, text);
}

enum err day_each_hash(struct day *day, int64_t from, day_hash_fn *fn, void *arg,
		       struct err_text *text)
{
	sqlite3_stmt *q = database_prepare(
		day->store.db, "SELECT DISTINCT hash FROM asked WHERE hash >= ?1 ORDER BY hash");
	int rc = SQLITE_ERROR;

	if (!q)
		return database_fail(day->store.db, text);
	sqlite3_bind_int64(q, 1, from);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		if (!fn(arg, (uint64_t)sqlite3_column_int64(q, 0)))
			break;
	return end_reading(day, q, rc, true, text);
}

/* A row takes so many octets at least: its place in the page 2, its length 1, its header 5, a
 * client 4. */
enum err day_rows_at_most(struct day *day, uint64_t *rows, struct err_text *text)
{
	sqlite3_stmt *q = database_prepare(day->store.db,
					   "SELECT page_count * page_size FROM pragma_page_count,"
					   " pragma_page_size");
	enum err err = ERR_OK;

	if (q && sqlite3_step(q) == SQLITE_ROW)
		*rows += (uint64_t)sqlite3_column_int64(q, 0) / ROW_LEAST;
	else
		err = database_fail(day->store.db, text);
	sqlite3_finalize(q);
	return err;
}

/* ---- erased */

enum err day_erase(struct day *day, const char *subject, uint64_t *ret_rows, struct err_text *text)
{
	return store_erase(&day->store, &kind, subject, ret_rows, text);
}
