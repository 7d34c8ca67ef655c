/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define VERSION 1
#define BUSY_MS 5000 /* another process erases */

static const char pragmas[] = "PRAGMA journal_mode=WAL;"
			      "PRAGMA synchronous=NORMAL;"
			      "PRAGMA secure_delete=ON;"
			      "PRAGMA journal_size_limit=16777216;";

/* ---- opened */

/* A view of the table's name could be made to run for ever. */
static bool has_table(sqlite3 *db, const char *table)
{
	sqlite3_stmt *q = database_prepare(db, "SELECT 1 FROM sqlite_schema WHERE name = ?1"
					       " AND type = 'table' AND sql LIKE 'CREATE TABLE%'");
	bool found;

	if (!q)
		return false;
	sqlite3_bind_text(q, 1, table, -1, SQLITE_STATIC);
	found = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_finalize(q);
	return found;
}

static enum err check(sqlite3 *db, const struct store_kind *kind, struct err_text *text)
{
	int version = database_version(db);

	if (version < 0)
		return database_fail(db, text);
	if (version == 0)
		return err_set(text, ERR_NOTFOUND, "nothing is in it yet");
	if (version != VERSION || !has_table(db, kind->table))
		return err_set(text, ERR_REFUSED, "no store of its kind, or of a later version");
	return ERR_OK;
}

static enum err prepare_writing(struct store *store, const struct store_kind *kind,
				struct err_text *text)
{
	enum err err = database_run(store->db, kind->schema, text);

	if (err == ERR_OK)
		err = check(store->db, kind, text);
	if (err != ERR_OK)
		return err;
	store->put = database_prepare(store->db, kind->put);
	return store->put ? ERR_OK : database_fail(store->db, text);
}

static enum err prepare(struct store *store, const struct store_kind *kind, enum day_mode mode,
			struct err_text *text)
{
	enum err err = ERR_OK;

	sqlite3_busy_timeout(store->db, BUSY_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (mode != DAY_WRITE || database_version(store->db) != 0)
		err = check(store->db, kind, text);
	if (err == ERR_OK && mode != DAY_READ)
		err = database_run(store->db, pragmas, text);
	if (err == ERR_OK && mode == DAY_WRITE)
		err = prepare_writing(store, kind, text);
	return err;
}

enum err store_open(struct store *store, const struct store_kind *kind, const char *path,
		    enum day_mode mode, struct err_text *text)
{
	struct err_text reason = {"out of memory"};
	enum err err;

	*store = (struct store){.db = NULL};
	if (mode == DAY_WRITE && !database_make(path))
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return err_set(text, ERR_NOTFOUND, "%s: not there", path);
	if (database_open(path, mode == DAY_READ, &store->db) != SQLITE_OK)
		err = store->db ? database_fail(store->db, &reason) : ERR_NOMEM;
	else
		err = prepare(store, kind, mode, &reason);
	if (err == ERR_OK)
		return ERR_OK;
	store_close(store);
	return err_set(text, err, "%s: %s", path, reason.text);
}

static bool copy_octets(sqlite3 *db, const void *octets, size_t len)
{
	unsigned char *copy = sqlite3_malloc64(len + 1);

	if (!copy)
		return false;
	memcpy(copy, octets, len);
	return sqlite3_deserialize(db, "main", copy, (sqlite3_int64)len, (sqlite3_int64)len,
				   SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY) ==
	       SQLITE_OK;
}

enum err store_open_octets(struct store *store, const struct store_kind *kind, const void *octets,
			   size_t len, struct err_text *text)
{
	enum err err;

	*store = (struct store){.db = NULL};
	if (sqlite3_open(":memory:", &store->db) == SQLITE_OK &&
	    copy_octets(store->db, octets, len))
		err = prepare(store, kind, DAY_READ, text);
	else
		err = err_set(text, ERR_NOMEM, "out of memory");
	if (err != ERR_OK)
		store_close(store);
	return err;
}

void store_close(struct store *store)
{
	sqlite3_finalize(store->put);
	sqlite3_close(store->db);
	*store = (struct store){.db = NULL};
}

/* ---- changed */

enum err store_give_up(struct store *store, struct err_text *text)
{
	enum err err = database_fail(store->db, text);

	/* a full disk may have ended the transaction already */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* SQL: is_of(client), whether the client is the subject, or lies in it. */
static void sql_is_of(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	const uint8_t *octets = sqlite3_value_blob(values[0]);
	size_t len = (size_t)sqlite3_value_bytes(values[0]);
	struct day_client client;
	char text[CLIENT_TEXT_MAX];

	(void)count;
	sqlite3_result_int(
		ctx, octets && day_client_read(octets, len, &client) == ERR_OK &&
			     client_covers(sqlite3_user_data(ctx), day_client_text(&client, text)));
}

enum err store_erase(struct store *store, const struct store_kind *kind, const char *subject,
		     uint64_t *ret_rows, struct err_text *text)
{
	char *of = sqlite3_mprintf("%s", subject);
	char statement[64];
	enum err err;

	if (!of)
		return err_set(text, ERR_NOMEM, "out of memory");
	if (sqlite3_create_function_v2(store->db, "is_of", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, of,
				       sql_is_of, NULL, NULL, sqlite3_free) != SQLITE_OK)
		return database_fail(store->db, text);
	sqlite3_snprintf(sizeof(statement), statement, "DELETE FROM %s WHERE is_of(client)",
			 kind->table);
	err = database_run(store->db, statement, text);
	if (err != ERR_OK)
		return err;
	*ret_rows = (uint64_t)sqlite3_changes64(store->db);
	/* what was erased is in the log still, until it is begun anew */
	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return ERR_OK;
}
