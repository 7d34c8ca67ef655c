/* SPDX-License-Identifier: BSD-2-Clause */
#include "receipt/store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/database.h"

#define BUSY_WRITE_MS 5000 /* another process writes, which takes over or is taken over from */
#define BUSY_READ_MS 400   /* others wait meanwhile */

static const char pragmas[] = "PRAGMA journal_mode=WAL;"
			      "PRAGMA synchronous=NORMAL;"
			      "PRAGMA journal_size_limit=16777216;"
			      "PRAGMA trusted_schema=OFF;";

#define VERSION 2

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS list(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" case_id TEXT NOT NULL DEFAULT '');"
	"CREATE TABLE IF NOT EXISTS receipt(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" list INTEGER NOT NULL, entry TEXT NOT NULL, line INTEGER NOT NULL,"
	" entries INTEGER NOT NULL, state INTEGER NOT NULL, came_s INTEGER NOT NULL,"
	" in_force_s INTEGER NOT NULL, left_s INTEGER NOT NULL, reason TEXT NOT NULL,"
	" answered TEXT NOT NULL);"
	"CREATE UNIQUE INDEX IF NOT EXISTS receipt_now ON receipt(list, entry, state)"
	" WHERE left_s = 0;"
	"CREATE INDEX IF NOT EXISTS receipt_past ON receipt(list, left_s) WHERE left_s > 0;";

/* What came with version 2; and how a store of before is read that nobody has written to since. */
static const char version_2[] = "ALTER TABLE receipt ADD COLUMN ticket TEXT NOT NULL DEFAULT '';";
static const char as_version_2[] =
	"CREATE TEMP VIEW receipt AS SELECT *, '' AS ticket FROM main.receipt;";

enum err store_fail(const struct receipts *receipts, struct err_text *text)
{
	return err_set(text, ERR_SYS, RECEIPT_FILE ": %s", sqlite3_errmsg(receipts->db));
}

enum err store_run(const struct receipts *receipts, const char *statements, struct err_text *text)
{
	return sqlite3_exec(receipts->db, statements, NULL, NULL, NULL) == SQLITE_OK
		       ? ERR_OK
		       : store_fail(receipts, text);
}

sqlite3_stmt *store_prepare(const struct receipts *receipts, const char *statement)
{
	sqlite3_stmt *prepared;

	if (sqlite3_prepare_v2(receipts->db, statement, -1, &prepared, NULL) != SQLITE_OK)
		return NULL;
	return prepared;
}

bool store_step(sqlite3_stmt *statement)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE;

	return sqlite3_reset(statement) == SQLITE_OK && done;
}

/* ---- opening */

/* Made by us, so that nobody else may read it: SQLite gives its other files the same mode. */
static enum err make_file(const char *path, bool write, struct err_text *text)
{
	if (write ? database_make(path) : database_is_there(path))
		return ERR_OK;
	return err_set(text, errno == ENOENT ? ERR_NOTFOUND : ERR_SYS, "%s: %s", path,
		       strerror(errno));
}

/* Makes the tables, or brings those of an earlier version on. */
static enum err bring_on(const struct receipts *receipts, struct err_text *text)
{
	enum err err = store_run(receipts, "BEGIN IMMEDIATE", text);

	if (err == ERR_OK)
		err = store_run(receipts, schema, text);
	if (err == ERR_OK && database_version(receipts->db) < VERSION)
		err = store_run(receipts, version_2, text);
	return err == ERR_OK ? store_run(receipts, "PRAGMA user_version=2; COMMIT;", text) : err;
}

static enum err set_up(const struct receipts *receipts, bool write, struct err_text *text)
{
	enum err err;

	sqlite3_busy_timeout(receipts->db, write ? BUSY_WRITE_MS : BUSY_READ_MS);
	if (!write)
		return database_version(receipts->db) == 1 ? store_run(receipts, as_version_2, text)
							   : ERR_OK;
	err = store_run(receipts, pragmas, text);
	return err == ERR_OK ? bring_on(receipts, text) : err;
}

enum err receipts_open(const char *directory, bool write, struct receipts **ret_receipts,
		       struct err_text *text)
{
	struct receipts *receipts;
	char path[PATH_MAX];
	enum err err;

	if ((unsigned int)snprintf(path, sizeof(path), "%s/" RECEIPT_FILE, directory) >=
	    sizeof(path))
		return err_set(text, ERR_SYS, "%s: the path is too long", directory);
	err = make_file(path, write, text);
	if (err != ERR_OK)
		return err;
	receipts = calloc(1, sizeof(*receipts));
	if (!receipts)
		return err_set(text, ERR_NOMEM, "out of memory");
	err = database_open(path, false, &receipts->db) == SQLITE_OK ? set_up(receipts, write, text)
								     : store_fail(receipts, text);
	if (err == ERR_OK)
		*ret_receipts = receipts;
	else
		receipts_close(receipts);
	return err;
}

void receipts_close(struct receipts *receipts)
{
	if (!receipts)
		return;
	sqlite3_close(receipts->db);
	free(receipts);
}

/* ---- reading */

static const char *column(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);

	return text ? text : "";
}

/* What an edited file has for a state may be anything. */
static enum receipt_state state_of(int64_t number)
{
	return number >= 0 && number < RECEIPT_STATE_COUNT ? (enum receipt_state)number
							   : RECEIPT_REFUSED;
}

static struct receipt row_of(sqlite3_stmt *s)
{
	return (struct receipt){
		.number = (uint64_t)sqlite3_column_int64(s, 0),
		.list = column(s, 1),
		.case_id = column(s, 2),
		.entry = column(s, 3),
		.line = (uint32_t)sqlite3_column_int64(s, 4),
		.entries = (uint64_t)sqlite3_column_int64(s, 5),
		.state = state_of(sqlite3_column_int64(s, 6)),
		.came_s = (uint64_t)sqlite3_column_int64(s, 7),
		.in_force_s = (uint64_t)sqlite3_column_int64(s, 8),
		.left_s = (uint64_t)sqlite3_column_int64(s, 9),
		.reason = column(s, 10),
		.answered = column(s, 11),
		.ticket = column(s, 12),
	};
}

#define ROWS                                                                                       \
	"SELECT r.id, l.name, l.case_id, r.entry, r.line, r.entries, r.state, r.came_s,"           \
	" r.in_force_s, r.left_s, r.reason, r.answered, r.ticket"                                  \
	" FROM receipt AS r JOIN list AS l ON l.id = r.list "

/* Hands over what a statement gives, and ends it. */
static enum err each_row(const struct receipts *receipts, sqlite3_stmt *s, receipt_fn *each,
			 void *arg, struct err_text *text)
{
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct receipt row = row_of(s);

		each(arg, &row);
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? ERR_OK : store_fail(receipts, text);
}

enum err receipts_each(struct receipts *receipts, const char *list, uint64_t after,
		       receipt_fn *each, void *arg, struct err_text *text)
{
	sqlite3_stmt *s = store_prepare(
		receipts, ROWS "WHERE r.id > ?1 AND (?2 IS NULL OR r.list ="
			       " (SELECT id FROM list WHERE name = ?2)) ORDER BY r.id LIMIT ?3");

	if (!s)
		return store_fail(receipts, text);
	sqlite3_bind_int64(s, 1, (int64_t)(after & INT64_MAX));
	sqlite3_bind_text(s, 2, list, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, RECEIPT_PAGE);
	return each_row(receipts, s, each, arg, text);
}

enum err receipts_at(struct receipts *receipts, const char *entries, uint64_t at_s,
		     receipt_fn *each, void *arg, struct err_text *text)
{
	sqlite3_stmt *s = store_prepare(
		receipts, ROWS "WHERE r.in_force_s > 0 AND r.in_force_s <= ?2"
			       " AND (r.left_s = 0 OR r.left_s > ?2)"
			       " AND r.entry IN (SELECT value FROM json_each(?1)) ORDER BY r.id");

	if (!s)
		return store_fail(receipts, text);
	sqlite3_bind_text(s, 1, entries, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (int64_t)(at_s & INT64_MAX));
	return each_row(receipts, s, each, arg, text);
}

enum err receipts_began(struct receipts *receipts, uint64_t *ret_s, struct err_text *text)
{
	sqlite3_stmt *s = store_prepare(receipts, "SELECT coalesce(min(came_s), 0) FROM receipt");
	int rc = s ? sqlite3_step(s) : SQLITE_ERROR;

	if (rc == SQLITE_ROW)
		*ret_s = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW ? ERR_OK : store_fail(receipts, text);
}
