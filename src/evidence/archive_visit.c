/* SPDX-License-Identifier: BSD-2-Clause */
/* Visits, written and read. */
#include "evidence/sqlite.h"

enum err archive_put_visit(struct archive *archive, const struct archive_visit *visit,
			   struct err_text *text)
{
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
	return archive_step(q) ? ERR_OK : archive_abandon(archive, text);
}
