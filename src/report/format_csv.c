/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables: for a person, for a spreadsheet, as JSON, and as Shadowserver's. */
#include <string.h>

#include "report/sink.h"

/* ---- the columns */

enum kind { TEXT, NUMBER, TIME, TYPES, WAYS };

struct value {
	const char *key;
	enum kind kind;
	const char *text; /* valid as long as the row, or the value's own */
	uint64_t number;
	char own[REPORT_WORDS_MAX];
};

static void value_text(struct value *v, const char *text)
{
	v->text = text;
}

static void value_number(struct value *v, uint64_t number)
{
	v->number = number;
	if (v->kind == TIME)
		v->text = report_time(number, v->own);
	else if (v->kind == TYPES)
		v->text = report_types((uint16_t)number, v->own);
	else if (v->kind == WAYS)
		v->text = report_ways((uint8_t)number, v->own);
	else
		snprintf(v->own, sizeof(v->own), "%llu", (unsigned long long)number);
	if (v->kind == NUMBER)
		v->text = v->own;
}

#define VALUE_TEXT value_text
#define VALUE_NUMBER value_number
#define VALUE_TIME value_number
#define VALUE_TYPES value_number
#define VALUE_WAYS value_number

typedef void value_fn(struct sink *sink, const struct value *value, bool first);

/* The columns of a client's sum. */
#define CLIENT_COLUMNS(X)                                                                          \
	X(client, TEXT, report_client(row))                                                        \
	X(names, NUMBER, row->names)                                                               \
	X(first_seen, TIME, row->finding.first_s)                                                  \
	X(last_seen, TIME, row->finding.last_s)                                                    \
	X(count, NUMBER, row->finding.count)                                                       \
	X(merged, NUMBER, row->finding.merged)                                                     \
	X(proven, NUMBER, row->finding.proven)                                                     \
	X(hostname, TEXT, row->hostname)                                                           \
	X(mac, TEXT, row->mac)                                                                     \
	X(hostname_from, TEXT, row->hostname_from)

/* The columns of a visit. */
#define VISIT_COLUMNS(X)                                                                           \
	X(client, TEXT, report_client(row))                                                        \
	X(host, TEXT, row->visit.host)                                                             \
	X(port, NUMBER, row->visit.port)                                                           \
	X(method, TEXT, row->visit.method)                                                         \
	X(path, TEXT, row->visit.path)                                                             \
	X(agent, TEXT, row->visit.agent)                                                           \
	X(ja4, TEXT, row->visit.ja4)                                                               \
	X(first_seen, TIME, row->visit.first_s)                                                    \
	X(last_seen, TIME, row->visit.last_s)                                                      \
	X(count, NUMBER, row->visit.count)                                                         \
	X(visits, NUMBER, row->visit.visits)                                                       \
	X(hostname, TEXT, row->hostname)                                                           \
	X(mac, TEXT, row->mac)                                                                     \
	X(hostname_from, TEXT, row->hostname_from)

/* Functions that call `fn` for each column: of a finding, of a client, and of a visit. */
#define EACH(name, is, expression)                                                                 \
	v.key = #name;                                                                             \
	v.kind = is;                                                                               \
	VALUE_##is(&v, expression);                                                                \
	fn(sink, &v, first);                                                                       \
	first = false;

static void each_value(struct sink *sink, const struct archive_row *row, value_fn *fn)
{
	struct value v;
	bool first = true;

	REPORT_COLUMNS(EACH)
}

static void each_client_value(struct sink *sink, const struct archive_row *row, value_fn *fn)
{
	struct value v;
	bool first = true;

	CLIENT_COLUMNS(EACH)
}

static void each_visit_value(struct sink *sink, const struct archive_row *row, value_fn *fn)
{
	struct value v;
	bool first = true;

	VISIT_COLUMNS(EACH)
}

/* ---- CSV */

/*
 * A field as RFC 4180 has it.  A spreadsheet takes what begins like a formula for one, and runs it:
 * such text gets an apostrophe before it.
 */
static void put_field(FILE *out, const char *text)
{
	if (*text && strchr("=+-@\t\r", *text))
		fputs("\"'", out);
	else
		fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"')
			fputc('"', out);
		fputc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
	fputc('"', out);
}

static void put_key(struct sink *sink, const struct value *v, bool first)
{
	fprintf(sink->out, "%s%s", first ? "" : ",", v->key);
}

static void put_csv(struct sink *sink, const struct value *v, bool first)
{
	if (!first)
		fputc(',', sink->out);
	if (v->kind == NUMBER)
		fputs(v->text, sink->out);
	else
		put_field(sink->out, v->text);
}

static const struct archive_row no_row = {
	.finding = {.client = "", .list = "", .name = ""},
	.list = {"", "", "", "", "", "", "", "", "", ""},
};

static enum err begin_csv(struct sink *sink)
{
	each_value(sink, &no_row, put_key);
	fputc('\n', sink->out);
	return ERR_OK;
}

static void row_csv(struct sink *sink, const struct archive_row *row)
{
	each_value(sink, row, put_csv);
	fputc('\n', sink->out);
}

static enum err begin_clients_csv(struct sink *sink)
{
	each_client_value(sink, &no_row, put_key);
	fputc('\n', sink->out);
	return ERR_OK;
}

static void row_clients_csv(struct sink *sink, const struct archive_row *row)
{
	each_client_value(sink, row, put_csv);
	fputc('\n', sink->out);
}

static enum err begin_visits_csv(struct sink *sink)
{
	each_visit_value(sink, &no_row, put_key);
	fputc('\n', sink->out);
	return ERR_OK;
}

static void row_visits_csv(struct sink *sink, const struct archive_row *row)
{
	each_visit_value(sink, row, put_csv);
	fputc('\n', sink->out);
}

/* ---- JSON */

static void put_json(struct sink *sink, const struct value *v, bool first)
{
	json_t *object = sink->own;

	(void)first;
	if (v->kind == NUMBER)
		json_object_set_new(object, v->key, json_integer((json_int_t)v->number));
	else
		json_object_set_new(object, v->key, report_string(v->text));
}

static void row_json(struct sink *sink, const struct archive_row *row)
{
	sink->own = json_object();
	each_value(sink, row, put_json);
	report_line(sink, sink->own);
}

static void row_clients_json(struct sink *sink, const struct archive_row *row)
{
	sink->own = json_object();
	each_client_value(sink, row, put_json);
	report_line(sink, sink->own);
}

static void row_visits_json(struct sink *sink, const struct archive_row *row)
{
	sink->own = json_object();
	each_visit_value(sink, row, put_json);
	report_line(sink, sink->own);
}

/* ---- for a person */

static enum err begin_table(struct sink *sink)
{
	fprintf(sink->out, "%-39s %-20s %-20s %8s %7s  %-16s %s\n", "CLIENT", "FIRST SEEN",
		"LAST SEEN", "QUERIES", "PROVEN", "LIST", "NAME");
	return ERR_OK;
}

/* Names and the names of lists have no control characters, which would speak to a terminal. */
static void row_table(struct sink *sink, const struct archive_row *row)
{
	char first[REPORT_TIME_MAX];
	char last[REPORT_TIME_MAX];

	fprintf(sink->out, "%-39s %-20s %-20s %8llu %7llu  %-16s %s\n", report_client(row),
		report_time(row->finding.first_s, first), report_time(row->finding.last_s, last),
		(unsigned long long)row->finding.count, (unsigned long long)row->finding.proven,
		row->list.name, row->finding.name);
}

static enum err begin_clients_table(struct sink *sink)
{
	fprintf(sink->out, "%-39s %-20s %-20s %8s %7s %6s\n", "CLIENT", "FIRST SEEN", "LAST SEEN",
		"QUERIES", "PROVEN", "NAMES");
	return ERR_OK;
}

static void row_clients_table(struct sink *sink, const struct archive_row *row)
{
	char first[REPORT_TIME_MAX];
	char last[REPORT_TIME_MAX];

	fprintf(sink->out, "%-39s %-20s %-20s %8llu %7llu %6llu\n", report_client(row),
		report_time(row->finding.first_s, first), report_time(row->finding.last_s, last),
		(unsigned long long)row->finding.count, (unsigned long long)row->finding.proven,
		(unsigned long long)row->names);
}

static enum err begin_visits_table(struct sink *sink)
{
	fprintf(sink->out, "%-39s %-20s %8s %5s  %-32s %s\n", "CLIENT", "LAST SEEN", "VISITS",
		"PORT", "HOST", "REQUEST");
	return ERR_OK;
}

static void row_visits_table(struct sink *sink, const struct archive_row *row)
{
	const struct archive_visit *v = &row->visit;
	char last[REPORT_TIME_MAX];

	fprintf(sink->out, "%-39s %-20s %8llu %5u  %-32s %s %s %s%s\n", report_client(row),
		report_time(v->last_s, last), (unsigned long long)v->visits, v->port, v->host,
		v->method, v->path, v->agent, v->ja4);
}

/* ---- Shadowserver */

/* event4_sinkhole_dns, X(column, value); what is not known is empty. */
#define SHADOWSERVER(X)                                                                            \
	X(timestamp, when)                                                                         \
	X(severity, "critical")                                                                    \
	X(protocol, report_transport(row->finding.ways))                                           \
	X(src_ip, report_client(row))                                                              \
	X(src_port, "")                                                                            \
	X(src_asn, "")                                                                             \
	X(src_geo, "")                                                                             \
	X(src_region, "")                                                                          \
	X(src_city, "")                                                                            \
	X(src_hostname, report_host(row))                                                          \
	X(src_naics, "")                                                                           \
	X(src_sector, "")                                                                          \
	X(infection, *row->list.family ? row->list.family : row->list.name)                        \
	X(family, row->list.family)                                                                \
	X(tag, row->list.name)                                                                     \
	X(application, "dns")                                                                      \
	X(version, "")                                                                             \
	X(event_id, "")                                                                            \
	X(query_type, report_types(row->finding.types, types))                                     \
	X(query, row->finding.name)                                                                \
	X(count, count)                                                                            \
	X(list, row->list.name)                                                                    \
	X(ticket, report_ticket(row))                                                              \
	X(order_case, row->list.case_id)                                                           \
	X(order_court, row->list.court)                                                            \
	X(contact, row->list.contact)                                                              \
	X(remedy, row->list.remedy)

static enum err begin_shadowserver(struct sink *sink)
{
	const char *comma = "";

#define X(column, value)                                                                           \
	fprintf(sink->out, "%s\"" #column "\"", comma);                                            \
	comma = ",";
	SHADOWSERVER(X)
#undef X
	fputc('\n', sink->out);
	return ERR_OK;
}

static void row_shadowserver(struct sink *sink, const struct archive_row *row)
{
	char when[REPORT_TIME_MAX];
	char types[REPORT_WORDS_MAX];
	char count[24];
	const char *comma = "";

	report_time(row->finding.last_s, when);
	when[10] = ' ';
	when[19] = '\0';
	snprintf(count, sizeof(count), "%llu", (unsigned long long)row->finding.count);
#define X(column, value)                                                                           \
	fputs(comma, sink->out);                                                                   \
	put_field(sink->out, value);                                                               \
	comma = ",";
	SHADOWSERVER(X)
#undef X
	fputc('\n', sink->out);
}

const struct format format_table = {.begin = begin_table, .row = row_table};
const struct format format_csv = {.begin = begin_csv, .row = row_csv};
const struct format format_json = {.row = row_json};
const struct format format_clients_table = {.begin = begin_clients_table, .row = row_clients_table};
const struct format format_clients_csv = {.begin = begin_clients_csv, .row = row_clients_csv};
const struct format format_clients_json = {.row = row_clients_json};
const struct format format_visits_table = {.begin = begin_visits_table, .row = row_visits_table};
const struct format format_visits_csv = {.begin = begin_visits_csv, .row = row_visits_csv};
const struct format format_visits_json = {.row = row_visits_json};
const struct format format_shadowserver = {
	.whole = true, .begin = begin_shadowserver, .row = row_shadowserver};
