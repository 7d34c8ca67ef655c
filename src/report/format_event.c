/* SPDX-License-Identifier: BSD-2-Clause */
/* A finding as an event of others, one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "report/sink.h"

static void set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

static bool is_prefix(const struct archive_row *row)
{
	return row->finding.form == CONF_CLIENTS_PREFIX;
}

/* What has been done to the queries. */
static bool is_denied(const struct archive_row *row)
{
	return strcmp(row->list.action, "sinkhole") != 0;
}

/* ---- IntelMQ: classified as what it is, which the Shadowserver columns are not */

static bool is_fqdn(const char *name)
{
	struct name parsed;

	return name_from_host(name, strlen(name), &parsed) == ERR_OK && strchr(name, '.') != NULL;
}

/* The name of the client: of its reverse zone, or what its own network calls it. */
static void set_intelmq_host(json_t *event, const struct archive_row *row)
{
	bool reverse = strcmp(row->hostname_from, report_source_word(REPORT_SOURCE_PTR)) == 0;

	if (!reverse)
		report_set(event, "source.local_hostname", report_host(row));
	else if (is_fqdn(report_host(row)))
		report_set(event, "source.reverse_dns", report_host(row));
}

static void row_intelmq(struct sink *sink, const struct archive_row *row)
{
	json_t *event = json_object();
	char time[REPORT_TIME_MAX];
	char types[REPORT_WORDS_MAX];

	report_set(event, "classification.taxonomy", "malicious-code");
	report_set(event, "classification.type", "infected-system");
	report_set(event, "classification.identifier",
		   *row->list.family ? row->list.family : row->list.name);
	report_set(event, "feed.name", "sinkholed");
	report_set(event, "time.source", report_time(row->finding.last_s, time));
	report_set(event, "time.observation", report_time(sink->query->now_s, time));
	report_set(event, is_prefix(row) ? "source.network" : "source.ip", report_client(row));
	set_intelmq_host(event, row);
	report_set(event, is_fqdn(row->finding.name) ? "destination.fqdn" : "extra.name",
		   row->finding.name);
	report_set(event, "malware.name", row->list.family);
	report_set(event, "protocol.application", "dns");
	report_set(event, "protocol.transport", report_transport(row->finding.ways));
	report_set(event, "event_description.text", "asked for a name that is cut off");
	report_set(event, "event_description.url", row->list.remedy);
	report_set(event, "extra.first_seen", report_time(row->finding.first_s, time));
	report_set(event, "extra.query_types", report_types(row->finding.types, types));
	set_number(event, "extra.count", row->finding.count);
	set_number(event, "extra.merged", row->finding.merged);
	set_number(event, "extra.proven", row->finding.proven);
	report_set(event, "extra.list", row->list.name);
	report_set(event, "extra.court", row->list.court);
	report_set(event, "extra.case_number", row->list.case_id);
	report_set(event, "extra.contact", row->list.contact);
	report_set(event, "extra.order_url", row->list.url);
	report_set(event, "extra.ticket", report_ticket(row));
	report_line(sink, event);
}

/* ---- MISP: what POST /sightings/add takes */

/* Who saw it, and for what: the texts are the operator's, and of any length. */
static char *misp_source(const struct archive_row *row)
{
	const char *host = report_host(row);
	const struct archive_list *list = &row->list;
	char *source = NULL;
	int len = asprintf(&source, "sinkholed; client %s%s%s%s; list %s%s%s%s%s%s%s%s%s",
			   report_client(row), *host ? " (" : "", host, *host ? ")" : "",
			   list->name, *report_ticket(row) ? "; ticket " : "", report_ticket(row),
			   *list->case_id ? "; case " : "", list->case_id,
			   *list->contact ? "; contact " : "", list->contact,
			   *list->remedy ? "; remedy " : "", list->remedy);

	return len < 0 ? NULL : source;
}

static void row_misp(struct sink *sink, const struct archive_row *row)
{
	json_t *sighting = json_object();
	char *source = misp_source(row);

	if (!source) {
		sink->err = err_set(sink->text, ERR_NOMEM, "out of memory");
		json_decref(sighting);
		return;
	}
	report_set(sighting, "value", row->finding.name);
	report_set(sighting, "type", "0");
	report_set(sighting, "source", source);
	set_number(sighting, "timestamp", row->finding.last_s);
	report_line(sink, sighting);
	free(source);
}

/* ---- CEF */

/* A value of the extension: readers end it at a '=', escaped or not, so that it is written as in a
 * URL. */
static void put_cef(FILE *out, const char *key, const char *text)
{
	if (!*text)
		return;
	fprintf(out, " %s=", key);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '=')
			fputs("%3D", out);
		else if (c == '\\')
			fputs("\\\\", out);
		else
			fputc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
}

static void put_cef_custom(FILE *out, unsigned int number, const char *label, const char *text)
{
	char key[16];

	if (!*text)
		return;
	snprintf(key, sizeof(key), "cs%uLabel", number);
	put_cef(out, key, label);
	snprintf(key, sizeof(key), "cs%u", number);
	put_cef(out, key, text);
}

static void row_cef(struct sink *sink, const struct archive_row *row)
{
	char types[REPORT_WORDS_MAX];
	FILE *out = sink->out;

	fprintf(out,
		"CEF:0|sinkholed|sinkholed|" SINKHOLED_VERSION
		"|finding|Asked for a name that is cut off|8|start=%llu end=%llu cnt=%llu",
		(unsigned long long)row->finding.first_s * 1000,
		(unsigned long long)row->finding.last_s * 1000,
		(unsigned long long)row->finding.count);
	put_cef(out, "app", "DNS");
	put_cef(out, "act", row->list.action);
	put_cef(out, "proto", report_transport(row->finding.ways));
	put_cef(out, "src", report_client(row));
	put_cef(out, "shost", report_host(row));
	put_cef(out, "dhost", row->finding.name);
	put_cef(out, "reason", row->list.reason);
	put_cef_custom(out, 1, "list", row->list.name);
	put_cef_custom(out, 2, "family", row->list.family);
	put_cef_custom(out, 3, "case", row->list.case_id);
	put_cef_custom(out, 4, "contact", row->list.contact);
	put_cef_custom(out, 5, "remedy", row->list.remedy);
	put_cef_custom(out, 6, "queryTypes", report_types(row->finding.types, types));
	fprintf(out, " cn1Label=proven cn1=%llu\n", (unsigned long long)row->finding.proven);
}

/* ---- OCSF 4003, DNS activity, with the profile security_control */

enum { OCSF_CLASS = 4003, OCSF_CATEGORY = 4, OCSF_TRAFFIC = 6, OCSF_HIGH = 4 };
enum { OCSF_DENIED = 2, OCSF_MODIFIED = 4, OCSF_BLOCKED = 2, OCSF_CORRECTED = 11 };

/* The first of the types; the field has one. */
static const char *one_type(const struct archive_row *row, char types[REPORT_WORDS_MAX])
{
	report_types(row->finding.types, types);
	types[strcspn(types, " ")] = '\0';
	return types;
}

static json_t *order_of(const struct archive_row *row)
{
	json_t *order = json_object();

	report_set(order, "list", row->list.name);
	report_set(order, "family", row->list.family);
	report_set(order, "reason", row->list.reason);
	report_set(order, "court", row->list.court);
	report_set(order, "case_number", row->list.case_id);
	report_set(order, "order_date", row->list.date);
	report_set(order, "contact", row->list.contact);
	report_set(order, "order_url", row->list.url);
	report_set(order, "remedy", row->list.remedy);
	report_set(order, "ticket", report_ticket(row));
	return order;
}

/* OCSF has names of hosts without underscores. */
static json_t *ocsf_endpoint(const struct archive_row *row)
{
	json_t *endpoint = json_object();

	report_set(endpoint, "ip", report_client(row));
	if (!strchr(report_host(row), '_'))
		report_set(endpoint, "hostname", report_host(row));
	return endpoint;
}

static void row_ocsf(struct sink *sink, const struct archive_row *row)
{
	char types[REPORT_WORDS_MAX];
	json_t *other = order_of(row);
	bool denied = is_denied(row);

	set_number(other, "proven", row->finding.proven);
	set_number(other, "merged", row->finding.merged);
	report_line(
		sink,
		json_pack("{s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I,"
			  " s:{s:s, s:{s:s, s:s, s:s}, s:[s]},"
			  " s:{s:o, s:s, s:s}, s:o, s:{s:s},"
			  " s:i, s:i, s:s, s:o}",
			  "category_uid", OCSF_CATEGORY, "class_uid", OCSF_CLASS, "activity_id",
			  OCSF_TRAFFIC, "type_uid", OCSF_CLASS * 100 + OCSF_TRAFFIC, "severity_id",
			  OCSF_HIGH, "time", (json_int_t)row->finding.last_s * 1000, "start_time",
			  (json_int_t)row->finding.first_s * 1000, "end_time",
			  (json_int_t)row->finding.last_s * 1000, "count",
			  (json_int_t)row->finding.count, "metadata", "version", "1.9.0-dev",
			  "product", "name", "sinkholed", "vendor_name", "sinkholed", "version",
			  SINKHOLED_VERSION, "profiles", "security_control", "query", "hostname",
			  report_string(row->finding.name), "type", one_type(row, types), "class",
			  "IN", "src_endpoint", ocsf_endpoint(row), "connection_info",
			  "protocol_name", report_transport(row->finding.ways), "action_id",
			  denied ? OCSF_DENIED : OCSF_MODIFIED, "disposition_id",
			  denied ? OCSF_BLOCKED : OCSF_CORRECTED, "message",
			  "asked for a name that is cut off", "unmapped", other));
}

/* ---- ECS */

/* Keywords alone: a label has no number. */
static json_t *labels_of(const struct archive_row *row)
{
	json_t *labels = order_of(row);
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)row->finding.count);
	report_set(labels, "count", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)row->finding.merged);
	report_set(labels, "merged", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)row->finding.proven);
	report_set(labels, "proven", number);
	return labels;
}

static json_t *ecs_client(const struct archive_row *row)
{
	json_t *client = json_object();

	report_set(client, "ip", report_client(row));
	report_set(client, "domain", report_host(row));
	return client;
}

static void row_ecs(struct sink *sink, const struct archive_row *row)
{
	char first[REPORT_TIME_MAX];
	char last[REPORT_TIME_MAX];
	char types[REPORT_WORDS_MAX];
	json_t *event;

	report_time(row->finding.first_s, first);
	report_time(row->finding.last_s, last);
	event = json_pack(
		"{s:s, s:{s:s}, s:{s:s, s:[s, s], s:[s, s], s:s, s:s, s:s, s:s, s:s},"
		" s:o, s:o, s:{s:s, s:{s:o, s:s, s:s}},"
		" s:{s:s, s:s}, s:{s:o, s:s}, s:{s:s, s:s}, s:o}",
		"@timestamp", last, "ecs", "version", "9.4.0", "event", "kind", "alert", "category",
		"network", "malware", "type", "protocol", is_denied(row) ? "denied" : "info",
		"action", row->list.action, "start", first, "end", last, "provider", "sinkholed",
		"reason", "asked for a name that is cut off", "client", ecs_client(row), "source",
		ecs_client(row), "dns", "type", "query", "question", "name",
		report_string(row->finding.name), "type", one_type(row, types), "class", "IN",
		"network", "protocol", "dns", "transport", report_transport(row->finding.ways),
		"rule", "name", report_string(row->list.name), "category", row->list.reason,
		"observer", "product", "sinkholed", "version", SINKHOLED_VERSION, "labels",
		labels_of(row));
	if (*row->list.family)
		json_object_set_new(event, "threat",
				    json_pack("{s:{s:o}}", "software", "name",
					      report_string(row->list.family)));
	report_line(sink, event);
}

const struct format format_intelmq = {.whole = true, .prefixes = true, .row = row_intelmq};
const struct format format_misp = {.row = row_misp};
const struct format format_cef = {.whole = true, .row = row_cef};
const struct format format_ocsf = {.whole = true, .row = row_ocsf};
const struct format format_ecs = {.whole = true, .row = row_ecs};
