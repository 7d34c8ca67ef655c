/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports: the findings of a store, in the formats that others read.
 *
 * Any thread may make one, with a store that it has opened by itself for reading; the ledger's
 * thread is not stopped by it.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/ipcrypt.h"
#include "evidence/archive.h"
#include "report/leases.h"

/* The formats, X(enumerator, word, what it is). */
#define REPORT_FORMATS(X)                                                                          \
	X(REPORT_TABLE, "table", "columns for a person to read")                                   \
	X(REPORT_CSV, "csv", "all columns, comma-separated (RFC 4180), safe for spreadsheets")     \
	X(REPORT_JSON, "json", "all columns, an object a line")                                    \
	X(REPORT_SHADOWSERVER, "shadowserver", "CSV of the columns of event4_sinkhole_dns")        \
	X(REPORT_XARF, "xarf", "XARF 4.2 reports, one a client and line")                          \
	X(REPORT_INTELMQ, "intelmq", "IntelMQ events, one a line")                                 \
	X(REPORT_STIX, "stix", "a STIX 2.1 bundle of sightings and what they refer to")            \
	X(REPORT_MISP, "misp", "MISP sightings, one a line")                                       \
	X(REPORT_CEF, "cef", "CEF, an event a line")                                               \
	X(REPORT_OCSF, "ocsf", "OCSF DNS activity (4003), an event a line")                        \
	X(REPORT_ECS, "ecs", "Elastic Common Schema, an event a line")

#define REPORT_ENUMERATOR(enumerator, word, help) enumerator,
enum report_format { REPORT_FORMATS(REPORT_ENUMERATOR) REPORT_FORMAT_COUNT };
#undef REPORT_ENUMERATOR

/* The columns of csv and json, and what each is: X(key, kind, expression of `row`). */
#define REPORT_COLUMNS(X)                                                                          \
	X(client, TEXT, report_client(row))                                                        \
	X(list, TEXT, row->list.name)                                                              \
	X(family, TEXT, row->list.family)                                                          \
	X(name, TEXT, row->finding.name)                                                           \
	X(listed, TEXT, report_listed(row))                                                        \
	X(first_seen, TIME, row->finding.first_s)                                                  \
	X(last_seen, TIME, row->finding.last_s)                                                    \
	X(count, NUMBER, row->finding.count)                                                       \
	X(merged, NUMBER, row->finding.merged)                                                     \
	X(proven, NUMBER, row->finding.proven)                                                     \
	X(types, TYPES, row->finding.types)                                                        \
	X(transports, WAYS, row->finding.ways)                                                     \
	X(reason, TEXT, row->list.reason)                                                          \
	X(action, TEXT, row->list.action)                                                          \
	X(court, TEXT, row->list.court)                                                            \
	X(case_number, TEXT, row->list.case_id)                                                    \
	X(order_date, TEXT, row->list.date)                                                        \
	X(contact, TEXT, row->list.contact)                                                        \
	X(url, TEXT, row->list.url)                                                                \
	X(remedy, TEXT, row->list.remedy)                                                          \
	X(visits, NUMBER, row->visit.visits)                                                       \
	X(visit_method, TEXT, row->visit.method)                                                   \
	X(visit_path, TEXT, row->visit.path)                                                       \
	X(visit_agent, TEXT, row->visit.agent)                                                     \
	X(visit_ja4, TEXT, row->visit.ja4)                                                         \
	X(hostname, TEXT, row->hostname)                                                           \
	X(mac, TEXT, row->mac)                                                                     \
	X(hostname_from, TEXT, row->hostname_from)                                                 \
	X(ticket, TEXT, report_ticket(row))

/* Who says what a client is called, X(enumerator, word), the first of these that knows. */
#define REPORT_SOURCES(X)                                                                          \
	X(REPORT_SOURCE_NONE, "")	/* nobody */                                               \
	X(REPORT_SOURCE_HOSTS, "hosts") /* a hosts file */                                         \
	X(REPORT_SOURCE_LOCAL, "local") /* the operator's own names */                             \
	X(REPORT_SOURCE_LEASE, "lease") /* the client itself, to a DHCP server */                  \
	X(REPORT_SOURCE_PTR, "ptr")	/* the reverse zone of the address, and the name's own */  \
	X(REPORT_SOURCE_UNCONFIRMED, "ptr-unconfirmed") /* the reverse zone alone: anybody */

#define REPORT_ENUMERATOR(enumerator, word) enumerator,
enum report_source { REPORT_SOURCES(REPORT_ENUMERATOR) REPORT_SOURCE_COUNT };
#undef REPORT_ENUMERATOR

/* Who says what a client, whose address is known, was called then, if anybody does; `ret_lease` has
 * the name, and the hardware address if that is known, and is set in any case. */
typedef enum report_source report_called_fn(void *arg, const struct ip *client, uint32_t at_s,
					    struct lease *ret_lease);

/* What a line of a report is of. */
enum report_by {
	REPORT_BY_FINDING,
	REPORT_BY_CLIENT, /* over all names */
	REPORT_BY_VISIT,  /* to the landing */
	REPORT_BY_COUNT
};

/* What is wanted. */
struct report_query {
	struct archive_filter filter;
	enum report_format format;
	enum report_by by; /* all but REPORT_BY_FINDING: table, csv and json alone */
	struct ipcrypt
		*ipcrypt;      /* with it encrypted addresses are given as they were; NULL: none */
	struct leases *leases; /* what clients are called, settled; NULL: nothing is known */
	report_called_fn *called; /* is asked what these do not know; NULL: nobody is */
	void *called_arg;
	const char *org;     /* who reports; NULL: "sinkholed" */
	const char *contact; /* mail address of the same, which XARF needs */
	const char *domain;  /* domain of the same, which XARF needs */
	uint32_t now_s;	     /* Unix time */
};

/* "finding", "client", "visit"; REPORT_BY_COUNT: another word. */
enum report_by report_by_of(const char *word);

/* What reports call a source. */
const char *report_source_word(enum report_source source);

/* The format of that word; REPORT_FORMAT_COUNT: there is none. */
enum report_format report_format_of(const char *word);

/*
 * Writes the report to `out`.  ERR_REFUSED: the format needs more than the query has, or cannot
 * have what the store has (an encrypted address would be taken for a client's), as `text` says;
 * what was written by then is cut off.  ERR_SYS: the store cannot be read, or `out` not be written.
 */
enum err report_write(struct archive *archive, const struct report_query *query, FILE *out,
		      struct err_text *text) MUST_CHECK;

/* Forms of addresses that a store has, in which a client is not looked for. */
struct report_hidden {
	bool plain;	/* whole or a prefix, where there is a key */
	bool encrypted; /* by another key, or where there is none */
};

/* Tells which the store has; `key` is the one that there is, or NULL.  ERR_SYS. */
enum err report_hides(struct archive *archive, struct ipcrypt *key,
		      struct report_hidden *ret_hidden, struct err_text *text) MUST_CHECK;

#endif
