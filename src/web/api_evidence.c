/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has asked for listed names: what the ledger has, as much of it as can be read in a moment. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "evidence/archive.h"
#include "evidence/ledger.h"
#include "report/report.h"
#include "report/subject.h"
#include "report/when.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/door.h"
#include "web/json.h"
#include "web/parameter.h"

#define MOMENT_MS 400U /* others wait meanwhile */
#define CLIENTS_MAX 200U
#define REPORT_MAX (32U * 1024 * 1024) /* octets */

/* ---- the ledger */

static void find_ledger(const struct web_now *now, void *arg)
{
	const struct conf *conf = now->snapshot->conf;
	struct place *place = arg;

	if (ledger_is_wanted(conf))
		place_make(conf, place);
}

/* NULL: it was answered why not. */
static struct archive *open_ledger(struct evhttp_request *req, const struct web_view *view)
{
	struct place ledger = {.store = ""};
	struct archive_place place = place_of(&ledger);
	struct archive *archive;
	struct err_text text;

	place.find_host = view->find_host;
	place.find_arg = view->find_arg;
	view->look(view->daemon, find_ledger, &ledger);
	if (!*ledger.store)
		answer_refuse(req, HTTP_NOTFOUND, "no ledger is kept: see evidence.ledger");
	else if (archive_open_at(&place, ARCHIVE_GLANCE, &archive, &text) == ERR_OK)
		return archive;
	else
		answer_refuse(req, HTTP_SERVUNAVAIL, text.text);
	return NULL;
}

/* False: it was answered that this is no time. */
static bool read_since(struct evhttp_request *req, const struct evkeyvalq *query,
		       struct archive_filter *filter)
{
	const char *since = evhttp_find_header(query, "since");
	struct err_text text;

	if (!since ||
	    when_parse(since, (uint32_t)clock_unix_s(), &filter->since_s, &text) == ERR_OK)
		return true;
	answer_refuse(req, HTTP_BADREQUEST, text.text);
	return false;
}

/* ---- clients */

struct client_row {
	char address[CLIENT_TEXT_MAX];
	int form; /* enum conf_clients */
	uint32_t first_s;
	uint32_t last_s;
	uint64_t count;
	uint64_t proven;
	uint64_t names;
};

/* The last ones that were met until now, the last first. */
struct gathered {
	uint64_t until_ms;
	bool whole;
	size_t count;
	struct client_row rows[CLIENTS_MAX];
};

static bool gather(void *arg, const struct archive_row *row)
{
	struct gathered *g = arg;
	size_t at = g->count;

	while (at > 0 && g->rows[at - 1].last_s < row->finding.last_s)
		at--;
	if (at < CLIENTS_MAX) {
		struct client_row *place = &g->rows[at];

		g->count += g->count < CLIENTS_MAX;
		memmove(place + 1, place, (g->count - 1 - at) * sizeof(*place));
		snprintf(place->address, sizeof(place->address), "%s", row->finding.client);
		place->form = row->finding.form;
		place->first_s = row->finding.first_s;
		place->last_s = row->finding.last_s;
		place->count = row->finding.count;
		place->proven = row->finding.proven;
		place->names = row->names;
	}
	g->whole = clock_ms() < g->until_ms;
	return g->whole;
}

static json_t *json_client(const struct client_row *row, const struct web_view *view)
{
	enum report_source source = REPORT_SOURCE_NONE;
	struct lease lease = {.since_s = 0};
	struct ip ip;

	if (view->called && row->form == CONF_CLIENTS_WHOLE &&
	    ip_parse(row->address, &ip) == ERR_OK)
		source = view->called(view->called_arg, &ip, row->last_s, &lease);
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "client",
			 json_text(row->address), "first", (json_int_t)row->first_s, "last",
			 (json_int_t)row->last_s, "count", (json_int_t)row->count, "proven",
			 (json_int_t)row->proven, "names", (json_int_t)row->names, "hostname",
			 json_text(source == REPORT_SOURCE_NONE ? "" : lease.name), "hostname_from",
			 report_source_word(source));
}

static void answer_clients(struct evhttp_request *req, const struct web_view *view,
			   struct archive *archive, const struct archive_filter *filter)
{
	struct gathered *g = calloc(1, sizeof(*g));
	json_t *clients = json_array();
	struct err_text text = {"out of memory"};
	enum err err = g ? ERR_OK : ERR_NOMEM;

	if (err == ERR_OK) {
		g->whole = true;
		g->until_ms = clock_ms() + MOMENT_MS;
		err = archive_each_client(archive, filter, gather, g, &text);
	}
	for (size_t i = 0; err == ERR_OK && i < g->count; i++)
		json_array_append_new(clients, json_client(&g->rows[i], view));
	if (err == ERR_OK)
		answer_json(req, HTTP_OK,
			    json_pack("{s:b, s:O}", "whole", g->whole, "clients", clients));
	else
		answer_refuse(req, HTTP_SERVUNAVAIL, text.text);
	json_decref(clients);
	free(g);
}

void api_clients(struct evhttp_request *req, const struct web_view *view)
{
	struct archive_filter filter = {.since_s = 0};
	struct evkeyvalq query;
	struct archive *archive;

	if (!api_query(req, &query))
		return;
	if (read_since(req, &query, &filter)) {
		archive = open_ledger(req, view);
		if (archive)
			answer_clients(req, view, archive, &filter);
		archive_close(archive);
	}
	evhttp_clear_headers(&query);
}

/* ---- reports */

/* Where a report goes; it fails when it is too large, or takes too long. */
struct sheet {
	struct evbuffer *body;
	uint64_t until_ms;
	bool over;
};

static ssize_t write_sheet(void *arg, const char *data, size_t len)
{
	struct sheet *sheet = arg;

	sheet->over = sheet->over || clock_ms() > sheet->until_ms ||
		      evbuffer_get_length(sheet->body) + len > REPORT_MAX;
	if (sheet->over || evbuffer_add(sheet->body, data, len) != 0)
		return 0;
	return (ssize_t)len;
}

static const char *type_of(enum report_format format)
{
	switch (format) {
	case REPORT_CSV:
	case REPORT_SHADOWSERVER:
		return "text/csv; charset=utf-8";
	case REPORT_TABLE:
	case REPORT_CEF:
		return "text/plain; charset=utf-8";
	case REPORT_STIX:
		return "application/json";
	default:
		return "application/x-ndjson";
	}
}

static void answer_report(struct evhttp_request *req, struct archive *archive,
			  const struct report_query *query)
{
	static const cookie_io_functions_t functions = {.write = write_sheet};
	struct sheet sheet = {.body = evbuffer_new(), .until_ms = clock_ms() + 4 * MOMENT_MS};
	FILE *out = sheet.body ? fopencookie(&sheet, "w", functions) : NULL;
	struct err_text text = {"out of memory"};
	enum err err = out ? report_write(archive, query, out, &text) : ERR_NOMEM;

	if (out && fclose(out) != 0 && err == ERR_OK)
		err = ERR_SYS;
	if (sheet.over)
		answer_refuse(
			req, HTTP_ENTITYTOOLARGE,
			"the report is too long to be made here: sinkholed --report, or since, "
			"client, list or name");
	else if (err != ERR_OK)
		answer_refuse(req, err == ERR_REFUSED ? 409 : HTTP_SERVUNAVAIL, text.text);
	else
		door_reply(req, HTTP_OK, type_of(query->format), sheet.body);
	if (sheet.body)
		evbuffer_free(sheet.body);
}

/* What is asked, with the texts that the store is asked by. */
struct asked {
	struct report_query report;
	char client[CLIENT_TEXT_MAX];
	char name[NAME_TEXT_MAX];
};

/* False: it was answered that this is no client, or no name. */
static bool read_subject(struct evhttp_request *req, const struct evkeyvalq *query,
			 struct asked *asked)
{
	const char *client = evhttp_find_header(query, "client");
	const char *name = evhttp_find_header(query, "name");
	struct err_text text;
	enum err err = ERR_OK;

	if (client) {
		err = subject_client(client, NULL, asked->client, &text);
		asked->report.filter.client = asked->client;
	}
	if (err == ERR_OK && name) {
		err = subject_name(name, asked->name, &text);
		asked->report.filter.name = asked->name;
	}
	if (err != ERR_OK)
		answer_refuse(req, HTTP_BADREQUEST, text.text);
	return err == ERR_OK;
}

static bool read_report(struct evhttp_request *req, const struct evkeyvalq *query,
			struct asked *asked)
{
	const char *format = evhttp_find_header(query, "format");
	struct report_query *report = &asked->report;

	report->now_s = (uint32_t)clock_unix_s();
	report->format = report_format_of(format ? format : "csv");
	report->filter.list = evhttp_find_header(query, "list");
	if (report->format != REPORT_FORMAT_COUNT)
		return read_subject(req, query, asked) && read_since(req, query, &report->filter);
	answer_refuse(req, HTTP_BADREQUEST, "there is no such format");
	return false;
}

static bool find_one(void *arg, const struct archive_row *row)
{
	bool *found = arg;

	(void)row;
	*found = true;
	return false;
}

/* True for a list that is known, or was: there are findings of it.  False: it was answered that
 * there is none. */
static bool is_list(struct evhttp_request *req, const struct web_view *view,
		    struct archive *archive, const char *list)
{
	const struct archive_filter filter = {.list = list};
	struct err_text text;
	bool found = false;

	if (!list || parameter_is_list(view, list) ||
	    archive_each(archive, &filter, find_one, &found, &text) != ERR_OK || found)
		return true;
	parameter_refuse_list(req, list);
	return false;
}

void api_report(struct evhttp_request *req, const struct web_view *view)
{
	struct asked asked = {.report = {.called = view->called, .called_arg = view->called_arg}};
	struct evkeyvalq query;
	struct archive *archive;

	if (!api_query(req, &query))
		return;
	if (read_report(req, &query, &asked)) {
		archive = open_ledger(req, view);
		if (archive && is_list(req, view, archive, asked.report.filter.list))
			answer_report(req, archive, &asked.report);
		archive_close(archive);
	}
	evhttp_clear_headers(&query);
}
