/* SPDX-License-Identifier: BSD-2-Clause */
/* What is frequent, and what comes. */
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

#include "dns/rrtype.h"
#include "count/stats.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/json.h"
#include "web/parameter.h"

#define WATCH_MAX 256U /* queries of one answer */

static bool is_there(struct evhttp_request *req, const struct web_view *view)
{
	if (!view->querylog)
		answer_refuse(req, HTTP_SERVUNAVAIL, "queries are not told, as the log says");
	return view->querylog != NULL;
}

/* ---- top */

static json_t *json_top(struct querylog *log, enum querylog_top table)
{
	struct querylog_row rows[QUERYLOG_TOP_MAX];
	size_t count = querylog_top(log, table, rows);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:o, s:I}", "of", json_text(rows[i].text),
						       "count", (json_int_t)rows[i].count));
	return array;
}

void api_top(struct evhttp_request *req, const struct web_view *view)
{
	json_t *root;

	if (!is_there(req, view))
		return;
	root = json_object();
	for (unsigned int table = 0; table < QUERYLOG_TOP_COUNT; table++)
		json_object_set_new(root, querylog_top_word((enum querylog_top)table),
				    json_top(view->querylog, (enum querylog_top)table));
	answer_json(req, HTTP_OK, root);
}

/* ---- watch */

static json_t *json_seen(const struct querylog_seen *seen)
{
	const struct feed_event *event = &seen->event;
	char name[NAME_TEXT_MAX];
	char type[RRTYPE_TEXT_MAX];

	return json_pack(
		"{s:I, s:I, s:o, s:o, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t)seen->number,
		"at_ms", (json_int_t)seen->unix_ms, "client", json_text(seen->client), "name",
		json_text(name_to_text(event->name, name, sizeof(name))), "type",
		rrtype_text(event->qtype, type, sizeof(type)), "outcome", feed_word(event->outcome),
		"rcode", event->outcome == FEED_DROPPED ? "" : stats_rcode_word(event->rcode),
		"list", event->list, "transport", event->tcp ? "tcp" : "udp");
}

static json_t *json_watch(struct querylog *log, uint64_t after)
{
	struct querylog_seen *seen = calloc(WATCH_MAX, sizeof(*seen));
	size_t count = seen ? querylog_watch(log, after, seen, WATCH_MAX) : 0;
	json_t *array = seen ? json_array() : NULL;
	uint64_t last = count > 0 ? seen[count - 1].number : after;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_seen(&seen[i]));
	free(seen);
	return json_pack("{s:I, s:o}", "last", (json_int_t)last, "queries", array);
}

void api_watch(struct evhttp_request *req, const struct web_view *view)
{
	struct evkeyvalq query;
	uint64_t after;

	if (!is_there(req, view) || !api_query(req, &query))
		return;
	if (parameter_number(req, &query, "after", 0, &after))
		answer_json(req, HTTP_OK, json_watch(view->querylog, after));
	evhttp_clear_headers(&query);
}
