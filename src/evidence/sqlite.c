/* SPDX-License-Identifier: BSD-2-Clause */

#include "evidence/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 3
#define BUSY_MS 5000 /* another process erases */

static const char pragmas[] = "PRAGMA journal_mode=WAL;"
			      "PRAGMA synchronous=NORMAL;"
			      "PRAGMA secure_delete=ON;"
			      "PRAGMA journal_size_limit=16777216;"
			      "PRAGMA trusted_schema=OFF;";

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS client(id INTEGER PRIMARY KEY, address TEXT NOT NULL,"
	" form INTEGER NOT NULL, UNIQUE(address, form));"
	"CREATE TABLE IF NOT EXISTS list(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" family TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',"
	" action TEXT NOT NULL DEFAULT '', court TEXT NOT NULL DEFAULT '',"
	" case_id TEXT NOT NULL DEFAULT '', date TEXT NOT NULL DEFAULT '',"
	" contact TEXT NOT NULL DEFAULT '', url TEXT NOT NULL DEFAULT '',"
	" remedy TEXT NOT NULL DEFAULT '');"
	"CREATE TABLE IF NOT EXISTS finding(client INTEGER NOT NULL, list INTEGER NOT NULL,"
	" name TEXT NOT NULL, owner_labels INTEGER NOT NULL, first_s INTEGER NOT NULL,"
	" last_s INTEGER NOT NULL, count INTEGER NOT NULL, proven INTEGER NOT NULL,"
	" merged INTEGER NOT NULL, types INTEGER NOT NULL, ways INTEGER NOT NULL,"
	" PRIMARY KEY(client, list, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS visit(client INTEGER NOT NULL, host TEXT NOT NULL,"
	" port INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, agent TEXT NOT NULL,"
	" ja4 TEXT NOT NULL, first_s INTEGER NOT NULL, last_s INTEGER NOT NULL,"
	" count INTEGER NOT NULL, visits INTEGER NOT NULL,"
	" PRIMARY KEY(client, host, port, method, path, agent, ja4)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS total(client INTEGER PRIMARY KEY, names INTEGER NOT NULL,"
	" first_s INTEGER NOT NULL, last_s INTEGER NOT NULL, count INTEGER NOT NULL,"
	" proven INTEGER NOT NULL, merged INTEGER NOT NULL);"
	"INSERT INTO total SELECT client, count(*), min(first_s), max(last_s), sum(count),"
	" sum(proven), sum(merged) FROM finding WHERE NOT EXISTS (SELECT 1 FROM total)"
	" GROUP BY client;"
	"CREATE TABLE IF NOT EXISTS hold(subject TEXT PRIMARY KEY, at_s INTEGER NOT NULL,"
	" who TEXT NOT NULL, why TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS audit(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at_s INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, subject TEXT NOT NULL,"
	" why TEXT NOT NULL, findings INTEGER NOT NULL);";

/* What came with version 3: what the rule's row says of it. */
static const char version_3[] =
	"ALTER TABLE finding ADD COLUMN rule_family TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE finding ADD COLUMN rule_ticket TEXT NOT NULL DEFAULT '';";

/* Whoever only reads a store of an earlier version sees findings as they would be.  A view is
 * written, if only for this connection. */
static const char as_version_3[] = "PRAGMA query_only=0;"
				   "CREATE TEMP VIEW finding AS SELECT *, '' AS rule_family, '' AS "
				   "rule_ticket FROM main.finding;"
				   "PRAGMA query_only=1;";

static const char *const sql[STATEMENT_COUNT] = {
	[STATEMENT_PUT] =
		"INSERT INTO finding VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"
		" ON CONFLICT(client, list, name) DO UPDATE SET owner_labels=?4,"
		" first_s=min(first_s,?5), last_s=max(last_s,?6), count=count+?7, proven=proven+?8,"
		" merged=merged+?9, types=types|?10, ways=ways|?11,"
		" rule_family=?12, rule_ticket=?13"
		" RETURNING count",
	[STATEMENT_TOTAL] =
		"INSERT INTO total VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(client) DO UPDATE SET"
		" names=names+?2, first_s=min(first_s,?3), last_s=max(last_s,?4), count=count+?5,"
		" proven=proven+?6, merged=merged+?7",
	/* a browser opens several connections for one visit */
	[STATEMENT_VISIT] =
		"INSERT INTO visit(client, port, host, method, path, agent, ja4, first_s, last_s,"
		" count, visits) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,1)"
		" ON CONFLICT(client, host, port, method, path, agent, ja4) DO UPDATE SET"
		" visits=visits+(?8 > last_s+5), last_s=max(last_s,?9), count=count+?10",
	[STATEMENT_CLIENT] = "INSERT INTO client(address, form) VALUES(?1,?2)"
			     " ON CONFLICT(address, form) DO UPDATE SET form=form RETURNING id",
	[STATEMENT_LIST] = "INSERT INTO list(name) VALUES(?1)"
			   " ON CONFLICT(name) DO UPDATE SET name=name RETURNING id",
};

enum err archive_fail(struct sqlite *archive, struct err_text *text)
{
	return database_fail(archive->db, text);
}

/* Runs statements that give nothing.  ERR_SYS. */
static enum err run(struct sqlite *archive, const char *statements, struct err_text *text)
{
	return database_run(archive->db, statements, text);
}

sqlite3_stmt *archive_prepare(struct sqlite *archive, const char *statement)
{
	return database_prepare(archive->db, statement);
}

/* ---- opening */

/* SQL: covers(wide, narrow), see client_covers. */
static void sql_covers(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	const char *wide = (const char *)sqlite3_value_text(values[0]);
	const char *narrow = (const char *)sqlite3_value_text(values[1]);

	(void)count;
	sqlite3_result_int(ctx, wide && narrow && client_covers(wide, narrow));
}

/* Makes the tables, or brings those of an earlier version on. */
static enum err bring_on(struct sqlite *archive, struct err_text *text)
{
	enum err err = run(archive, "BEGIN IMMEDIATE", text);

	if (err == ERR_OK)
		err = run(archive, schema, text);
	/* by now nobody else does */
	if (err == ERR_OK && database_version(archive->db) < VERSION)
		err = run(archive, version_3, text);
	if (err == ERR_OK)
		err = run(archive, "PRAGMA user_version=3; COMMIT;", text);
	return err;
}

static enum err prepare_writing(struct sqlite *archive, struct err_text *text)
{
	enum err err = run(archive, pragmas, text);
	int keep = 1;

	/* the log stays when the daemon ends, or a reader of its group could read nothing */
	sqlite3_file_control(archive->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
	if (err == ERR_OK)
		err = bring_on(archive, text);
	for (size_t i = 0; err == ERR_OK && i < STATEMENT_COUNT; i++) {
		archive->statements[i] = archive_prepare(archive, sql[i]);
		if (!archive->statements[i])
			err = archive_fail(archive, text);
	}
	return err;
}

static enum err prepare(struct sqlite *archive, enum archive_mode mode, struct err_text *text)
{
	int version;

	sqlite3_busy_timeout(archive->db, BUSY_MS);
	if (sqlite3_create_function(archive->db, "covers", 2,
				    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
				    sql_covers, NULL, NULL) != SQLITE_OK)
		return archive_fail(archive, text);
	version = database_version(archive->db);
	if (version < 0)
		return archive_fail(archive, text);
	if (version > VERSION || (version == 0 && mode != ARCHIVE_WRITE))
		return err_set(text, ERR_REFUSED, "no ledger, or one of a later version");
	if (mode != ARCHIVE_READ)
		return prepare_writing(archive, text);
	return version < VERSION ? run(archive, as_version_3, text) : ERR_OK;
}

enum err sqlite_open(const char *path, enum archive_mode mode, void **ret_store,
		     struct err_text *text)
{
	struct err_text reason = {"out of memory"};
	struct sqlite *archive;
	enum err err = ERR_OK;

	if (mode == ARCHIVE_WRITE && !database_make(path))
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	archive = calloc(1, sizeof(*archive));
	if (!archive)
		return err_set(text, ERR_NOMEM, "%s: out of memory", path);
	if (database_open(path, mode == ARCHIVE_READ, &archive->db) != SQLITE_OK)
		err = archive->db ? archive_fail(archive, &reason) : ERR_NOMEM;
	else
		err = prepare(archive, mode, &reason);
	if (err != ERR_OK) {
		sqlite_close(archive);
		return err_set(text, err, "%s: %s", path, reason.text);
	}
	*ret_store = archive;
	return ERR_OK;
}

void sqlite_close(void *store)
{
	struct sqlite *archive = store;
	if (!archive)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(archive->statements[i]);
	sqlite3_close(archive->db);
	free(archive);
}

/* ---- batches */

void archive_rollback(struct sqlite *archive)
{
	/* a full disk may have ended the transaction already */
	if (!sqlite3_get_autocommit(archive->db))
		sqlite3_exec(archive->db, "ROLLBACK", NULL, NULL, NULL);
	archive->client_id = 0;
	archive->list_count = 0;
	archive->total_names = 0;
	archive->total.count = 0;
}

enum err archive_abandon(struct sqlite *archive, struct err_text *text)
{
	enum err err = archive_fail(archive, text);

	archive_rollback(archive);
	return err;
}

enum err sqlite_begin(void *store, struct err_text *text)
{
	struct sqlite *archive = store;
	archive->client_id = 0; /* another process may have erased it */
	archive->list_count = 0;
	return run(archive, "BEGIN IMMEDIATE", text);
}

/* ---- the sums of each client, beside its findings */

int64_t archive_whole(uint64_t n)
{
	return n > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)n;
}

/* Writes what the batch adds to a client's sums.  False: failed. */
static bool write_total(struct sqlite *archive)
{
	const struct archive_finding *t = &archive->total;
	sqlite3_stmt *q = archive->statements[STATEMENT_TOTAL];
	const int64_t numbers[] = {
		archive->total_client,
		archive_whole(archive->total_names),
		t->first_s,
		t->last_s,
		archive_whole(t->count),
		archive_whole(t->proven),
		archive_whole(t->merged),
	};

	if (t->count == 0)
		return true;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sqlite3_bind_int64(q, (int)i + 1, numbers[i]);
	archive->total = (struct archive_finding){.count = 0};
	archive->total_names = 0;
	return database_step(q);
}

/* Adds a finding to what the batch adds; of another client than before, what was added is written
 * first.  False: failed. */
static bool add_total(struct sqlite *archive, int64_t client, const struct archive_finding *f,
		      bool is_new)
{
	struct archive_finding *t = &archive->total;

	if (archive->total_client != client && !write_total(archive))
		return false;
	archive->total_client = client;
	t->first_s = t->count == 0 || f->first_s < t->first_s ? f->first_s : t->first_s;
	t->last_s = f->last_s > t->last_s ? f->last_s : t->last_s;
	t->count += f->count;
	t->proven += f->proven;
	t->merged += f->merged;
	archive->total_names += is_new;
	return true;
}

/* ---- batches, on */

enum err sqlite_commit(void *store, struct err_text *text)
{
	struct sqlite *archive = store;
	if (!write_total(archive) ||
	    sqlite3_exec(archive->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return archive_abandon(archive, text);
	return ERR_OK;
}

/* The number that an upsert gives back; 0: failed.  The statement is read to its end, or else what
 * it has done would be undone. */
static int64_t number_of(sqlite3_stmt *upsert)
{
	int64_t id = sqlite3_step(upsert) == SQLITE_ROW ? sqlite3_column_int64(upsert, 0) : 0;

	if (id > 0 && sqlite3_step(upsert) != SQLITE_DONE)
		id = 0;
	return sqlite3_reset(upsert) == SQLITE_OK ? id : 0;
}

int64_t archive_client_number(struct sqlite *archive, const struct archive_finding *f)
{
	sqlite3_stmt *q = archive->statements[STATEMENT_CLIENT];

	if (archive->client_id && archive->client_form == f->form &&
	    strcmp(archive->client, f->client) == 0)
		return archive->client_id;
	sqlite3_bind_text(q, 1, f->client, -1, SQLITE_STATIC);
	sqlite3_bind_int(q, 2, f->form);
	archive->client_id = number_of(q);
	archive->client_form = f->form;
	snprintf(archive->client, sizeof(archive->client), "%s", f->client);
	return archive->client_id;
}

static int64_t list_number(struct sqlite *archive, const char *name)
{
	sqlite3_stmt *q = archive->statements[STATEMENT_LIST];
	int64_t id;

	for (size_t i = 0; i < archive->list_count; i++)
		if (strcmp(archive->lists[i].name, name) == 0)
			return archive->lists[i].id;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	id = number_of(q);
	if (id > 0 && archive->list_count < ARCHIVE_LISTS_MAX) {
		snprintf(archive->lists[archive->list_count].name, sizeof(archive->lists[0].name),
			 "%s", name);
		archive->lists[archive->list_count++].id = id;
	}
	return id;
}

enum err sqlite_put(void *store, const struct archive_finding *finding, struct err_text *text)
{
	struct sqlite *archive = store;
	int64_t list = list_number(archive, finding->list);
	int64_t client = archive_client_number(archive, finding);
	sqlite3_stmt *q = archive->statements[STATEMENT_PUT];
	const int64_t numbers[] = {
		finding->owner_labels,
		finding->first_s,
		finding->last_s,
		archive_whole(finding->count),
		archive_whole(finding->proven),
		archive_whole(finding->merged),
		finding->types,
		finding->ways,
	};

	int64_t count;

	if (list == 0 || client == 0)
		return archive_abandon(archive, text);
	sqlite3_bind_int64(q, 1, client);
	sqlite3_bind_int64(q, 2, list);
	sqlite3_bind_text(q, 3, finding->name, -1, SQLITE_STATIC);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sqlite3_bind_int64(q, (int)i + 4, numbers[i]);
	sqlite3_bind_text(q, 12, finding->family ? finding->family : "", -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 13, finding->ticket ? finding->ticket : "", -1, SQLITE_STATIC);
	count = number_of(q);
	return count > 0 && add_total(archive, client, finding,
				      count == archive_whole(finding->count))
		       ? ERR_OK
		       : archive_abandon(archive, text);
}
