/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store has, read. */
#include <stdio.h>
#include <string.h>

#include "evidence/sqlite.h"

#define SQL_MAX 2048

/* The findings are walked in the order they lie in, so that nothing has to be sorted. */
#define FAMILY "CASE f.rule_family WHEN '' THEN l.family ELSE f.rule_family END"
#define EACH                                                                                       \
	"SELECT c.address, c.form, l.name, f.name, f.owner_labels, f.first_s, f.last_s, f.count,"  \
	" f.proven, f.merged, f.types, f.ways, " FAMILY                                            \
	", l.reason, l.action, l.court, l.case_id,"                                                \
	" l.date, l.contact, l.url, l.remedy, 1, f.rule_ticket, f.client FROM finding f"           \
	" CROSS JOIN client c ON c.id = f.client CROSS JOIN list l ON l.id = f.list WHERE 1"
#define EACH_END " ORDER BY f.client, f.list, f.name"

/* Summed up first: what a client is called is looked up once. */
#define CLIENTS                                                                                    \
	"SELECT c.address, c.form, '', '', 0, g.first, g.last, g.count, g.proven, g.merged, 0, 0," \
	" '', '', '', '', '', '', '', '', '', g.names, '' FROM (SELECT f.client AS client,"        \
	" count(*) AS names, min(f.first_s) AS first, max(f.last_s) AS last, sum(f.count) AS"      \
	" count, sum(f.proven) AS proven, sum(f.merged) AS merged FROM finding f"
#define CLIENTS_END " GROUP BY f.client) g JOIN client c ON c.id = g.client ORDER BY g.client"

/* The conditions, by whether the filter has them: only what is asked for costs time. */
static void add_conditions(char sql[SQL_MAX], const struct archive_filter *filter)
{
	const struct {
		bool wanted;
		const char *sql;
	} conditions[] = {
		{filter->client != NULL,
		 " AND f.client IN (SELECT id FROM client WHERE covers(:client, address))"},
		{filter->list != NULL, " AND l.name = :list"},
		{filter->family != NULL, " AND " FAMILY " = :family"},
		{filter->name != NULL,
		 " AND (f.name = :name OR substr(f.name, -length(:name) - 1) = '.' || :name)"},
		{filter->since_s > 0, " AND f.last_s >= :since"},
		{filter->until_s > 0, " AND f.first_s <= :until"},
		{filter->proven, " AND f.proven > 0"},
	};
	size_t len = strlen(sql);

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (conditions[i].wanted)
			len += (size_t)snprintf(sql + len, SQL_MAX - len, "%s", conditions[i].sql);
}

static void bind_text(sqlite3_stmt *q, const char *parameter, const char *text)
{
	int at = sqlite3_bind_parameter_index(q, parameter);

	if (at > 0)
		sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

static void bind_time(sqlite3_stmt *q, const char *parameter, uint32_t time_s)
{
	int at = sqlite3_bind_parameter_index(q, parameter);

	if (at > 0)
		sqlite3_bind_int64(q, at, time_s);
}

static sqlite3_stmt *question(struct sqlite *archive, const char *begin, const char *end,
			      const struct archive_filter *filter)
{
	char sql[SQL_MAX];
	sqlite3_stmt *q;

	snprintf(sql, sizeof(sql), "%s", begin);
	add_conditions(sql, filter);
	snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), "%s", end);
	q = archive_prepare(archive, sql);
	if (!q)
		return NULL;
	bind_text(q, ":client", filter->client);
	bind_text(q, ":list", filter->list);
	bind_text(q, ":family", filter->family);
	bind_text(q, ":name", filter->name);
	bind_time(q, ":since", filter->since_s);
	bind_time(q, ":until", filter->until_s);
	return q;
}

static const char *text_at(sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);

	return text ? text : "";
}

static uint64_t number_at(sqlite3_stmt *q, int column)
{
	int64_t number = sqlite3_column_int64(q, column);

	return number > 0 ? (uint64_t)number : 0;
}

static struct archive_finding finding_at(sqlite3_stmt *q)
{
	return (struct archive_finding){
		.client = text_at(q, 0),
		.form = sqlite3_column_int(q, 1),
		.list = text_at(q, 2),
		.name = text_at(q, 3),
		.ticket = text_at(q, 22),
		.owner_labels = (uint8_t)number_at(q, 4),
		.first_s = (uint32_t)number_at(q, 5),
		.last_s = (uint32_t)number_at(q, 6),
		.count = number_at(q, 7),
		.proven = number_at(q, 8),
		.merged = number_at(q, 9),
		.types = (uint16_t)number_at(q, 10),
		.ways = (uint8_t)number_at(q, 11),
	};
}

static struct archive_row row_at(sqlite3_stmt *q)
{
	return (struct archive_row){
		.finding = finding_at(q),
		.list =
			{
				.name = text_at(q, 2),
				.family = text_at(q, 12),
				.reason = text_at(q, 13),
				.action = text_at(q, 14),
				.court = text_at(q, 15),
				.case_id = text_at(q, 16),
				.date = text_at(q, 17),
				.contact = text_at(q, 18),
				.url = text_at(q, 19),
				.remedy = text_at(q, 20),
			},
		.hostname = "",
		.hostname_from = "",
		.mac = "",
		.visit = {.host = "", .method = "", .path = "", .agent = "", .ja4 = ""},
		.names = number_at(q, 21),
	};
}

/* What is done with a row of `q`: the next one is wanted, or not. */
typedef bool step_fn(sqlite3_stmt *q, sqlite3_stmt *beside, archive_row_fn *fn, void *arg);

static bool tell(sqlite3_stmt *q, sqlite3_stmt *beside, archive_row_fn *fn, void *arg)
{
	struct archive_row row = row_at(q);

	(void)beside;
	return fn(arg, &row);
}

static enum err walk(struct sqlite *archive, sqlite3_stmt *q, sqlite3_stmt *beside, step_fn *step,
		     archive_row_fn *fn, void *arg, struct err_text *text)
{
	bool more = true;
	int rc = SQLITE_DONE;

	if (!q)
		return archive_fail(archive, text);
	while (more && (rc = sqlite3_step(q)) == SQLITE_ROW)
		more = step(q, beside, fn, arg);
	sqlite3_finalize(q);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? ERR_OK : archive_fail(archive, text);
}

/* ---- visits */

#define VISIT_COLUMNS(v)                                                                           \
	v ".port, " v ".host, " v ".method, " v ".path, " v ".agent, " v ".ja4, " v ".first_s, " v \
	  ".last_s"
/* The last one, with the counts of all. */
#define VISITS_OF                                                                                  \
	"SELECT " VISIT_COLUMNS("v") ", sum(v.count) OVER (), sum(v.visits) OVER () FROM visit v"  \
				     " WHERE v.client = ?1 AND v.host = ?2"                        \
				     " ORDER BY v.last_s DESC LIMIT 1"

static struct archive_visit visit_at(sqlite3_stmt *q)
{
	return (struct archive_visit){
		.port = (uint16_t)number_at(q, 0),
		.host = text_at(q, 1),
		.method = text_at(q, 2),
		.path = text_at(q, 3),
		.agent = text_at(q, 4),
		.ja4 = text_at(q, 5),
		.first_s = (uint32_t)number_at(q, 6),
		.last_s = (uint32_t)number_at(q, 7),
		.count = number_at(q, 8),
		.visits = number_at(q, 9),
	};
}

/* True when the store has visits: one that was only ever read by an earlier version has no table.
 */
static bool has_visits(struct sqlite *archive)
{
	sqlite3_stmt *q = archive_prepare(archive, "SELECT 1 FROM visit LIMIT 1");
	bool has = q && sqlite3_step(q) == SQLITE_ROW;

	sqlite3_finalize(q);
	return has;
}

/* A finding, with the client's visits to the name. */
static bool tell_visited(sqlite3_stmt *q, sqlite3_stmt *visits, archive_row_fn *fn, void *arg)
{
	struct archive_row row = row_at(q);
	bool more;

	sqlite3_bind_int64(visits, 1, sqlite3_column_int64(q, 23));
	sqlite3_bind_text(visits, 2, row.finding.name, -1, SQLITE_STATIC);
	if (sqlite3_step(visits) == SQLITE_ROW)
		row.visit = visit_at(visits);
	more = fn(arg, &row);
	sqlite3_reset(visits);
	return more;
}

static bool tell_visit(sqlite3_stmt *q, sqlite3_stmt *beside, archive_row_fn *fn, void *arg)
{
	struct archive_row row = {
		.visit = visit_at(q), .hostname = "", .hostname_from = "", .mac = ""};

	(void)beside;
	row.finding.client = row.visit.client = text_at(q, 10);
	row.finding.form = row.visit.form = sqlite3_column_int(q, 11);
	row.finding.name = row.visit.host;
	return fn(arg, &row);
}

enum err sqlite_each_visit(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			   void *arg, struct err_text *text)
{
	struct sqlite *archive = store;
	struct archive_filter wanted = *filter;

	wanted.list = wanted.family = NULL;
	wanted.proven = false;
	if (!has_visits(archive))
		return ERR_OK;
	/* called as findings are, for the conditions */
	return walk(
		archive,
		question(archive,
			 "SELECT " VISIT_COLUMNS("f") ", f.count, f.visits, c.address, c.form"
						      " FROM (SELECT *, host AS name FROM visit) f"
						      " JOIN client c ON c.id = f.client WHERE 1",
			 " ORDER BY f.client, f.host", &wanted),
		NULL, tell_visit, fn, arg, text);
}

/* ---- findings */

enum err sqlite_each(void *store, const struct archive_filter *filter, archive_row_fn *fn,
		     void *arg, struct err_text *text)
{
	struct sqlite *archive = store;
	sqlite3_stmt *visits = NULL;
	enum err err;

	if (has_visits(archive))
		visits = archive_prepare(archive, VISITS_OF);
	err = walk(archive, question(archive, EACH, EACH_END, filter), visits,
		   visits ? tell_visited : tell, fn, arg, text);
	sqlite3_finalize(visits);
	return err;
}

/* True when the store has the sums of each client: one of an earlier version has not. */
static bool has_totals(struct sqlite *archive)
{
	sqlite3_stmt *q = archive_prepare(archive, "SELECT 1 FROM total LIMIT 1");

	sqlite3_finalize(q);
	return q != NULL;
}

/* True when all of each client is wanted. */
static bool is_whole(const struct archive_filter *filter)
{
	return !filter->list && !filter->family && !filter->name && !filter->proven &&
	       filter->since_s == 0 && filter->until_s == 0;
}

/* All sums, read where they are kept. */
#define TOTALS                                                                                     \
	"SELECT c.address, c.form, '', '', 0, f.first_s, f.last_s, f.count, f.proven, f.merged,"   \
	" 0, 0, '', '', '', '', '', '', '', '', '', f.names, '' FROM total f"                      \
	" CROSS JOIN client c ON c.id = f.client WHERE 1"
#define TOTALS_END " ORDER BY f.client"

enum err sqlite_each_client(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			    void *arg, struct err_text *text)
{
	struct sqlite *archive = store;
	bool by_list = filter->list || filter->family;
	bool whole = is_whole(filter) && has_totals(archive);
	const char *begin = whole     ? TOTALS
			    : by_list ? CLIENTS " CROSS JOIN list l ON l.id = f.list WHERE 1"
				      : CLIENTS " WHERE 1";

	return walk(archive, question(archive, begin, whole ? TOTALS_END : CLIENTS_END, filter),
		    NULL, tell, fn, arg, text);
}
