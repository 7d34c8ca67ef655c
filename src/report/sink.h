/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the formats of reports share.
 *
 *   report.c       chosen, and led through the findings
 *   text.c         what all write: times, types, addresses, JSON
 *   format_csv.c   table, csv, json, shadowserver
 *   format_event.c   events of others: intelmq, misp, cef, ocsf, ecs
 *   format_xarf.c, format_stix.c
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include <jansson.h>

#include "conf/conf.h"
#include "report/report.h"

#define REPORT_TIME_MAX 40U
#define REPORT_WORDS_MAX 160U
#define REPORT_UUID_MAX 37U

/* A report that is being written. */
struct sink {
	const struct report_query *query;
	FILE *out;
	uint64_t rows;
	enum err err;
	struct err_text *text;
	void *own; /* of the format */
};

/* A format.  Where begin and end are NULL there is nothing to be done. */
struct format {
	bool whole;    /* only the addresses of clients as they are */
	bool prefixes; /* but prefixes as well */
	enum err (*begin)(struct sink *sink);
	void (*row)(struct sink *sink, const struct archive_row *row);
	void (*end)(struct sink *sink);
};

/* format_csv.c */
extern const struct format format_table, format_csv, format_json, format_shadowserver;
extern const struct format format_clients_table, format_clients_csv, format_clients_json;
extern const struct format format_visits_table, format_visits_csv, format_visits_json;
/* format_event.c */
extern const struct format format_intelmq, format_misp, format_cef, format_ocsf, format_ecs;
/* format_xarf.c, format_stix.c */
extern const struct format format_xarf, format_stix;

/* The client's address, and the part of the name that the list has ("": another's). */
const char *report_client(const struct archive_row *row);
const char *report_listed(const struct archive_row *row);

/* What the list's row is known by to whoever has the name blocked; "": nothing. */
const char *report_ticket(const struct archive_row *row);

/* What the client is called, for formats that do not say who has it so; "": nobody knows, or the
 * name may be anybody's. */
const char *report_host(const struct archive_row *row);

/* "2026-11-28T07:00:00Z"; returns `buf`. */
const char *report_time(uint64_t time_s, char buf[REPORT_TIME_MAX]);

/* "A AAAA", "udp tcp"; return `buf`. */
const char *report_types(uint16_t types, char buf[REPORT_WORDS_MAX]);
const char *report_ways(uint8_t ways, char buf[REPORT_WORDS_MAX]);

/* "tcp" or "udp": how it came at least once, the better proof first. */
const char *report_transport(uint8_t ways);

/* The UUID (RFC 9562, version 5) of a text in the name space of STIX's own; returns `buf`. */
const char *report_uuid(const char *text, char buf[REPORT_UUID_MAX]);

/* A text as JSON, whatever its octets. */
json_t *report_string(const char *text);

/* Sets `key` to `text`, unless that is empty. */
void report_set(json_t *object, const char *key, const char *text);

/* Writes the object as one line, and lets it go. */
void report_line(struct sink *sink, json_t *object);

#endif
