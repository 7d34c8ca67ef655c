/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/found.h"

#include <stdlib.h>
#include <string.h>

#include "hunt/store.h"

static const struct store_kind kind = {
	.table = "found",
	.schema = "BEGIN IMMEDIATE;"
		  "CREATE TABLE IF NOT EXISTS found(list TEXT NOT NULL, name TEXT NOT NULL,"
		  " client BLOB NOT NULL, day INTEGER NOT NULL, at_s INTEGER NOT NULL,"
		  " how INTEGER NOT NULL, found_s INTEGER NOT NULL,"
		  " PRIMARY KEY(list, name, client, day)) WITHOUT ROWID;"
		  "PRAGMA user_version=1;"
		  "COMMIT;",
	.put = "INSERT OR IGNORE INTO found VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
};

struct found {
	struct store store;
};

enum err found_open(const char *path, enum day_mode mode, struct found **ret_found,
		    struct err_text *text)
{
	struct found *found = calloc(1, sizeof(*found));
	char bound[48];
	enum err err;

	if (!found)
		return err_set(text, ERR_NOMEM, "%s: out of memory", path);
	err = store_open(&found->store, &kind, path, mode, text);
	if (err != ERR_OK) {
		free(found);
		return err;
	}
	sqlite3_snprintf(sizeof(bound), bound, "PRAGMA max_page_count=%u", FOUND_PAGES_MAX);
	if (mode != DAY_READ)
		sqlite3_exec(found->store.db, bound, NULL, NULL, NULL);
	*ret_found = found;
	return ERR_OK;
}

void found_close(struct found *found)
{
	if (found)
		store_close(&found->store);
	free(found);
}

/* ---- written */

enum err found_begin(struct found *found, struct err_text *text)
{
	return database_run(found->store.db, "BEGIN IMMEDIATE", text);
}

enum err found_put(struct found *found, const struct found_row *row, bool *ret_new,
		   struct err_text *text)
{
	uint8_t octets[DAY_CLIENT_MAX];
	size_t len = day_client_write(&row->client, octets);
	sqlite3_stmt *q = found->store.put;

	sqlite3_bind_text(q, 1, row->list, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, row->name, -1, SQLITE_STATIC);
	sqlite3_bind_blob(q, 3, octets, (int)len, SQLITE_STATIC);
	sqlite3_bind_int64(q, 4, (sqlite3_int64)(row->at_s / DAY_SECONDS));
	sqlite3_bind_int64(q, 5, (sqlite3_int64)row->at_s);
	sqlite3_bind_int(q, 6, row->how);
	sqlite3_bind_int64(q, 7, (sqlite3_int64)row->found_s);
	if (!database_step(q))
		return store_give_up(&found->store, text);
	*ret_new = sqlite3_changes64(found->store.db) > 0;
	return ERR_OK;
}

enum err found_end(struct found *found, struct err_text *text)
{
	return sqlite3_exec(found->store.db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK
		       ? ERR_OK
		       : store_give_up(&found->store, text);
}

/* ---- read */

static bool read_row(sqlite3_stmt *q, struct found_row *ret_row)
{
	const uint8_t *octets = sqlite3_column_blob(q, 2);

	*ret_row = (struct found_row){
		.list = (const char *)sqlite3_column_text(q, 0),
		.name = (const char *)sqlite3_column_text(q, 1),
		.at_s = (uint64_t)sqlite3_column_int64(q, 3),
		.how = (uint8_t)(sqlite3_column_int(q, 4) & (DAY_ITSELF | DAY_BELOW)),
		.found_s = (uint64_t)sqlite3_column_int64(q, 5),
	};
	return ret_row->list && ret_row->name && octets &&
	       day_client_read(octets, (size_t)sqlite3_column_bytes(q, 2), &ret_row->client) ==
		       ERR_OK;
}

enum err found_each(struct found *found, const char *list, uint64_t since_s, found_row_fn *fn,
		    void *arg, struct err_text *text)
{
	sqlite3_stmt *q = database_prepare(
		found->store.db, "SELECT list, name, client, at_s, how, found_s FROM found"
				 " WHERE (?1 IS NULL OR list = ?1) AND at_s >= ?2"
				 " ORDER BY at_s DESC, name, client");
	struct found_row row;
	enum err err = ERR_OK;
	int rc = SQLITE_ERROR;

	if (!q)
		return database_fail(found->store.db, text);
	sqlite3_bind_text(q, 1, list, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, (sqlite3_int64)since_s);
	while (err == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		if (!read_row(q, &row))
			err = err_set(text, ERR_SYNTAX, "what is stored is nothing that was found");
		else if (!fn(arg, &row))
			break;
	}
	if (err == ERR_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = database_fail(found->store.db, text);
	sqlite3_finalize(q);
	return err;
}

/* ---- removed */

enum err found_prune(struct found *found, uint64_t before_s, struct err_text *text)
{
	char statement[64];

	sqlite3_snprintf(sizeof(statement), statement, "DELETE FROM found WHERE found_s < %lld",
			 (long long)before_s);
	return database_run(found->store.db, statement, text);
}

enum err found_erase(struct found *found, const char *subject, uint64_t *ret_rows,
		     struct err_text *text)
{
	return store_erase(&found->store, &kind, subject, ret_rows, text);
}
