/* SPDX-License-Identifier: BSD-2-Clause */
/* The question what a query would be answered. */
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "explain/explain.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/json.h"

/* What is asked, and the answer. */
struct asked {
	struct explain_question question;
	json_t *made;
};

static void look(const struct web_now *now, void *arg)
{
	struct asked *asked = arg;
	struct explanation e;

	if (explain(now->snapshot, &asked->question, &e) == ERR_OK)
		asked->made = json_explain(now->snapshot, &e);
}

static enum err read_query(const struct evkeyvalq *query, struct explain_question *question,
			   struct err_text *text)
{
	const struct explain_text written = {
		.name = evhttp_find_header(query, "name"),
		.type = evhttp_find_header(query, "type"),
		.client = evhttp_find_header(query, "client"),
	};

	return explain_read(&written, question, text);
}

bool api_query(struct evhttp_request *req, struct evkeyvalq *ret_query)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));

	/* what is behind a NUL would be lost */
	if ((!text || !strstr(text, "%00")) &&
	    evhttp_parse_query_str(text ? text : "", ret_query) == 0)
		return true;
	answer_refuse(req, HTTP_BADREQUEST, "the query cannot be read");
	return false;
}

void api_explain(struct evhttp_request *req, const struct web_view *view)
{
	struct evkeyvalq query;
	struct asked asked = {.made = NULL};
	struct err_text wrong;
	enum err err;

	if (!api_query(req, &query))
		return;
	err = read_query(&query, &asked.question, &wrong);
	evhttp_clear_headers(&query);
	if (err != ERR_OK) {
		answer_refuse(req, HTTP_BADREQUEST, wrong.text);
		return;
	}
	view->look(view->daemon, look, &asked);
	answer_json(req, HTTP_OK, asked.made);
}
