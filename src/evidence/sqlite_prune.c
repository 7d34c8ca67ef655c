/* SPDX-License-Identifier: BSD-2-Clause */
/* What is too old, or too much. */
#include "evidence/sqlite.h"

/* The number behind the name of a pragma. */
static uint64_t pragma(struct sqlite *archive, const char *sql)
{
	sqlite3_stmt *q = archive_prepare(archive, sql);
	uint64_t value = 0;

	if (q && sqlite3_step(q) == SQLITE_ROW)
		value = (uint64_t)sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return value;
}

uint64_t sqlite_size(void *store)
{
	struct sqlite *archive = store;
	uint64_t pages = pragma(archive, "PRAGMA page_count");
	uint64_t unused = pragma(archive, "PRAGMA freelist_count");

	return (pages > unused ? pages - unused : 0) * pragma(archive, "PRAGMA page_size");
}

/* The last client of a slice that begins behind `from`; 0: there is none. */
static int64_t slice_end(struct sqlite *archive, int64_t from, uint32_t clients)
{
	sqlite3_stmt *q = archive_prepare(archive, "SELECT max(id) FROM (SELECT id FROM client"
						   " WHERE id > ?1 ORDER BY id LIMIT ?2)");
	int64_t last = 0;

	if (!q)
		return 0;
	sqlite3_bind_int64(q, 1, from);
	sqlite3_bind_int64(q, 2, clients);
	if (sqlite3_step(q) == SQLITE_ROW)
		last = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return last;
}

/* Runs one statement over the slice. */
static bool remove_from(struct sqlite *archive, const char *sql, int64_t from, int64_t last,
			const struct archive_limits *limits)
{
	sqlite3_stmt *q = archive_prepare(archive, sql);
	bool done = false;

	if (!q)
		return false;
	sqlite3_bind_int64(q, 1, from);
	sqlite3_bind_int64(q, 2, last);
	if (sqlite3_bind_parameter_count(q) > 2) {
		sqlite3_bind_int64(q, 3, limits->before_s);
		sqlite3_bind_int64(q, 4, limits->unproven_before_s);
	}
	done = database_step(q);
	sqlite3_finalize(q);
	return done;
}

/* Sums up anew the clients behind `from` up to `last`.  False: failed. */
static bool renew_totals(struct sqlite *archive, int64_t from, int64_t last)
{
	static const char *const steps[] = {
		"DELETE FROM total WHERE client > ?1 AND client <= ?2",
		"INSERT INTO total SELECT client, count(*), min(first_s), max(last_s), sum(count),"
		" sum(proven), sum(merged) FROM finding WHERE client > ?1 AND client <= ?2"
		" GROUP BY client",
	};
	bool done = true;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && done; i++) {
		sqlite3_stmt *q = archive_prepare(archive, steps[i]);

		if (!q)
			return false;
		sqlite3_bind_int64(q, 1, from);
		sqlite3_bind_int64(q, 2, last);
		done = database_step(q);
		sqlite3_finalize(q);
	}
	return done;
}

enum err sqlite_prune(void *store, const struct archive_limits *limits, uint32_t clients,
		      int64_t *cursor, uint64_t *removed, struct err_text *text)
{
	struct sqlite *archive = store;
	int64_t last = slice_end(archive, *cursor, clients);
	enum err err;

	if (last == 0) {
		*cursor = 0;
		return ERR_OK;
	}
	err = sqlite_begin(archive, text);
	if (err != ERR_OK)
		return err;
	if (!remove_from(archive,
			 "DELETE FROM finding WHERE client > ?1 AND client <= ?2"
			 " AND (last_s < ?3 OR (proven = 0 AND last_s < ?4)) AND client NOT IN"
			 " (SELECT c.id FROM client c, hold h WHERE c.id > ?1 AND c.id <= ?2"
			 " AND covers(h.subject, c.address))",
			 *cursor, last, limits))
		goto fail;
	*removed += (uint64_t)sqlite3_changes(archive->db);
	if (sqlite3_changes(archive->db) > 0 && !renew_totals(archive, *cursor, last))
		goto fail;
	/* anybody may come for any name: they go with what is unproven */
	if (!remove_from(archive,
			 "DELETE FROM visit WHERE client > ?1 AND client <= ?2"
			 " AND last_s < max(?3, ?4) AND client NOT IN"
			 " (SELECT c.id FROM client c, hold h WHERE c.id > ?1 AND c.id <= ?2"
			 " AND covers(h.subject, c.address))",
			 *cursor, last, limits))
		goto fail;
	*removed += (uint64_t)sqlite3_changes(archive->db);
	if (!remove_from(archive,
			 "DELETE FROM client WHERE id > ?1 AND id <= ?2 AND NOT EXISTS"
			 " (SELECT 1 FROM finding WHERE finding.client = client.id) AND NOT EXISTS"
			 " (SELECT 1 FROM visit WHERE visit.client = client.id)",
			 *cursor, last, limits))
		goto fail;
	err = sqlite_commit(archive, text);
	if (err == ERR_OK)
		*cursor = last;
	return err;
fail:
	err = archive_fail(archive, text);
	archive_rollback(archive);
	return err;
}
