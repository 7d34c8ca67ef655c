/* SPDX-License-Identifier: BSD-2-Clause */
/* What is written beside findings: visits, and what lists are. */
#include "evidence/sqlite.h"

enum err sqlite_put_visit(void *store, const struct archive_visit *visit, struct err_text *text)
{
	struct sqlite *archive = store;
	const struct archive_finding whose = {.client = visit->client, .form = visit->form};
	int64_t client = archive_client_number(archive, &whose);
	sqlite3_stmt *q = archive->statements[STATEMENT_VISIT];
	const char *const texts[] = {visit->host, visit->method, visit->path, visit->agent,
				     visit->ja4};

	if (client == 0)
		return archive_abandon(archive, text);
	sqlite3_bind_int64(q, 1, client);
	sqlite3_bind_int(q, 2, visit->port);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		sqlite3_bind_text(q, (int)i + 3, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 8, visit->first_s);
	sqlite3_bind_int64(q, 9, visit->last_s);
	sqlite3_bind_int64(q, 10, archive_whole(visit->count));
	return database_step(q) ? ERR_OK : archive_abandon(archive, text);
}

enum err sqlite_put_list(void *store, const struct archive_list *list, struct err_text *text)
{
	struct sqlite *archive = store;
	const char *const values[] = {list->name,  list->family,  list->reason, list->action,
				      list->court, list->case_id, list->date,	list->contact,
				      list->url,   list->remedy};
	sqlite3_stmt *q = archive_prepare(
		archive,
		"INSERT INTO list(name, family, reason, action, court, case_id, date, contact,"
		" url, remedy) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"
		" ON CONFLICT(name) DO UPDATE SET family=?2, reason=?3, action=?4, court=?5,"
		" case_id=?6, date=?7, contact=?8, url=?9, remedy=?10");
	bool done;

	if (!q)
		return archive_abandon(archive, text);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sqlite3_bind_text(q, (int)i + 1, values[i], -1, SQLITE_STATIC);
	done = database_step(q);
	sqlite3_finalize(q);
	return done ? ERR_OK : archive_abandon(archive, text);
}
