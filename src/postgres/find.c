/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/find.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/addr.h"
#include "postgres/columns.h"

#define GATHERED(c, type, rule, value, field) "," GATHER_##rule("f", #c) " AS " #c
#define TEXT_GATHERED(c) "," GATHER_TEXT("f", c) " AS " c
#define OF_G(c, type, rule, value, field) ",g." #c

/* Parameters: 1 client, 2 list, 3 family, 4 name, 5 since, 6 until, 7 proven. */
#define OF_CLIENT(c)                                                                               \
	"($1::inet IS NULL OR " c " IN (SELECT id FROM client WHERE network <<= $1::inet))"
#define OF_NAME(c)                                                                                 \
	"($4::text IS NULL OR " c " = $4::text OR right(" c ", length($4::text) + 1) = '.' ||"     \
	" $4::text)"

/* All findings that are wanted, each of all its days. */
/* clang-format off */
#define FINDINGS                                                                                   \
	"(SELECT f.client, f.list, f.name" FINDING_TEXTS(TEXT_GATHERED) FINDING_COLUMNS(GATHERED)  \
	" FROM finding f WHERE " OF_CLIENT("f.client")                                             \
	" AND ($2::text IS NULL OR f.list IN (SELECT id FROM list WHERE name = $2::text))"         \
	" AND " OF_NAME("f.name")                                                                  \
	" GROUP BY f.client, f.list, f.name"                                                       \
	" HAVING ($5::bigint IS NULL OR max(f.last_s) >= $5)"                                      \
	" AND ($6::bigint IS NULL OR min(f.first_s) <= $6)"                                        \
	" AND ($3::text IS NULL OR CASE " GATHER_TEXT("f", "rule_family")                               \
	" WHEN '' THEN f.list IN (SELECT id FROM list WHERE family = $3::text)"                    \
	" ELSE " GATHER_TEXT("f", "rule_family") " = $3::text END)"                                     \
	" AND ($7::boolean IS NULL OR sum(f.proven) > 0)) g"
/* clang-format on */

/* the columns in the order of their table, behind what all rows have */
enum { AT_ADDRESS, AT_FORM, AT_LIST, AT_NAME, AT_COLUMNS };
#define PLACE(c, type, rule, value, field) AT_##c,
enum { AT_BEFORE = AT_COLUMNS - 1, FINDING_COLUMNS(PLACE) AT_FAMILY };
#undef PLACE
enum {
	AT_NAMES = AT_FAMILY + 9,
	AT_TICKET,
	AT_VISIT,
};

/* clang-format off */
static const char each_sql[] =
	"SELECT c.address, c.form, l.name, g.name" FINDING_COLUMNS(OF_G) ","
	" CASE g.rule_family WHEN '' THEN l.family ELSE g.rule_family END, l.reason, l.action, l.court, l.case_id, l.date, l.contact, l.url, l.remedy,"
	" 1, g.rule_ticket, v.* FROM " FINDINGS " JOIN client c ON c.id = g.client JOIN list l ON l.id = g.list"
	" LEFT JOIN LATERAL (SELECT w.port, w.host, w.method, w.path, w.agent, w.ja4, w.first_s,"
	" w.last_s, sum(w.count) OVER (), sum(w.visits) OVER () FROM visit w"
	" WHERE w.client = g.client AND w.host = g.name ORDER BY w.last_s DESC LIMIT 1) v ON true"
	" ORDER BY c.network, c.address, c.form, l.name, g.name";
/* clang-format on */

#define NOTHING(c, type, rule, value, field) ",0"
static const char clients_sql[] =
	"SELECT c.address, c.form, '', '', 0, t.first, t.last, t.count, t.proven, t.merged, 0, 0,"
	" '', '', '', '', '', '', '', '', '', t.names, '' FROM (SELECT g.client, count(*) AS names,"
	" min(g.first_s) AS first, max(g.last_s) AS last, sum(g.count) AS count,"
	" sum(g.proven) AS proven, sum(g.merged) AS merged FROM " FINDINGS
	" GROUP BY g.client) t JOIN client c ON c.id = t.client"
	" ORDER BY c.network, c.address, c.form";

/* clang-format off */
static const char visits_sql[] =
	"SELECT c.address, c.form, v.port, v.host, v.method, v.path, v.agent, v.ja4, v.first_s,"
	" v.last_s, v.count, v.visits FROM visit v JOIN client c ON c.id = v.client"
	" WHERE ($2::text IS NULL AND $3::text IS NULL AND $7::boolean IS NULL)"
	" AND " OF_CLIENT("v.client") " AND " OF_NAME("v.host")
	" AND ($5::bigint IS NULL OR v.last_s >= $5) AND ($6::bigint IS NULL OR v.first_s <= $6)"
	" ORDER BY c.network, c.address, c.form, v.host";
/* clang-format on */

/* ---- a row */

static const char *text_at(const PGresult *r, int column)
{
	return PQgetvalue(r, 0, column);
}

static uint64_t number_at(const PGresult *r, int column)
{
	long long number = strtoll(PQgetvalue(r, 0, column), NULL, 10);

	return number > 0 ? (uint64_t)number : 0;
}

static struct archive_finding finding_at(const PGresult *r)
{
#define FIELD(c, type, rule, value, field) .c = (field)number_at(r, AT_##c),
	return (struct archive_finding){.client = text_at(r, AT_ADDRESS),
					.form = (int)number_at(r, AT_FORM),
					.list = text_at(r, AT_LIST),
					.name = text_at(r, AT_NAME),
					.ticket = text_at(r, AT_TICKET),
					FINDING_COLUMNS(FIELD)};
#undef FIELD
}

/* What begins with the port, at column `at`. */
static struct archive_visit visit_at(const PGresult *r, int at)
{
	return (struct archive_visit){
		.port = (uint16_t)number_at(r, at),
		.host = text_at(r, at + 1),
		.method = text_at(r, at + 2),
		.path = text_at(r, at + 3),
		.agent = text_at(r, at + 4),
		.ja4 = text_at(r, at + 5),
		.first_s = (uint32_t)number_at(r, at + 6),
		.last_s = (uint32_t)number_at(r, at + 7),
		.count = number_at(r, at + 8),
		.visits = number_at(r, at + 9),
	};
}

struct telling {
	archive_row_fn *fn;
	void *arg;
	bool enough;
};

static bool tell(void *arg, const PGresult *r)
{
	struct telling *t = arg;
	struct archive_row row = {
		.finding = finding_at(r),
		.list =
			{
				.name = text_at(r, AT_LIST),
				.family = text_at(r, AT_FAMILY),
				.reason = text_at(r, AT_FAMILY + 1),
				.action = text_at(r, AT_FAMILY + 2),
				.court = text_at(r, AT_FAMILY + 3),
				.case_id = text_at(r, AT_FAMILY + 4),
				.date = text_at(r, AT_FAMILY + 5),
				.contact = text_at(r, AT_FAMILY + 6),
				.url = text_at(r, AT_FAMILY + 7),
				.remedy = text_at(r, AT_FAMILY + 8),
			},
		.hostname = "",
		.hostname_from = "",
		.mac = "",
		.visit = {.host = "", .method = "", .path = "", .agent = "", .ja4 = ""},
		.names = number_at(r, AT_NAMES),
	};

	if (PQnfields(r) > AT_VISIT && !PQgetisnull(r, 0, AT_VISIT))
		row.visit = visit_at(r, AT_VISIT);
	t->enough = !t->fn(t->arg, &row);
	return !t->enough;
}

static bool tell_visit(void *arg, const PGresult *r)
{
	struct telling *t = arg;
	struct archive_row row = {
		.visit = visit_at(r, 2), .hostname = "", .hostname_from = "", .mac = ""};

	row.finding.client = row.visit.client = text_at(r, 0);
	row.finding.form = row.visit.form = (int)number_at(r, 1);
	row.finding.name = row.visit.host;
	t->enough = !t->fn(t->arg, &row);
	return !t->enough;
}

/* ---- asked */

static enum err ask(struct link *link, const char *sql, const struct archive_filter *f,
		    link_row_fn *step, archive_row_fn *fn, void *arg, struct err_text *text)
{
	struct telling telling = {.fn = fn, .arg = arg};
	struct prefix prefix;
	char since[16];
	char until[16];
	const char *const values[] = {f->client,
				      f->list,
				      f->family,
				      f->name,
				      f->since_s ? since : NULL,
				      f->until_s ? until : NULL,
				      f->proven ? "true" : NULL};
	enum err err;

	if (f->client && prefix_parse(f->client, &prefix) != ERR_OK)
		return ERR_OK; /* it has no client */
	if (!link->conn)
		return err_set(text, ERR_SYS, "no connection");
	snprintf(since, sizeof(since), "%u", f->since_s);
	snprintf(until, sizeof(until), "%u", f->until_s);
	err = link_each(link, sql, values, 7, step, &telling, text);
	if (telling.enough)
		link_close(link);
	return err;
}

enum err find_each(struct link *link, const struct archive_filter *filter, archive_row_fn *fn,
		   void *arg, struct err_text *text)
{
	return ask(link, each_sql, filter, tell, fn, arg, text);
}

enum err find_each_client(struct link *link, const struct archive_filter *filter,
			  archive_row_fn *fn, void *arg, struct err_text *text)
{
	return ask(link, clients_sql, filter, tell, fn, arg, text);
}

enum err find_each_visit(struct link *link, const struct archive_filter *filter, archive_row_fn *fn,
			 void *arg, struct err_text *text)
{
	struct archive_filter wanted = *filter;

	wanted.list = wanted.family = NULL;
	wanted.proven = false;
	return ask(link, visits_sql, &wanted, tell_visit, fn, arg, text);
}
