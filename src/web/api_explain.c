/* SPDX-License-Identifier: BSD-2-Clause */
/* The question what a query would be answered. */
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "conf/rrtype.h"
#include "query/explain.h"
#include "web/api.h"
#include "web/json.h"

/* What is asked, and the answer. */
struct asked {
	struct name name;
	uint16_t qtype;
	struct ip client; /* family 0: any that may ask */
	json_t *made;
};

static void look(const struct web_now *now, void *arg)
{
	struct asked *asked = arg;
	struct explanation e;

	if (explain(now->snapshot, &asked->name, asked->qtype,
		    asked->client.family ? &asked->client : NULL, &e) == ERR_OK)
		asked->made = json_explain(now->snapshot, &e);
}

/* NULL: it was read; else what is wrong. */
static const char *read_query(const struct evkeyvalq *query, struct asked *asked)
{
	const char *name = evhttp_find_header(query, "name");
	const char *type = evhttp_find_header(query, "type");
	const char *client = evhttp_find_header(query, "client");

	asked->qtype = TYPE_A;
	asked->client.family = 0;
	asked->made = NULL;
	if (!name)
		return "the query lacks name";
	if (name_from_text(name, strlen(name), &asked->name) != ERR_OK)
		return "this is no name";
	if (type && rrtype_parse(type, &asked->qtype) != ERR_OK)
		return "there is no such type";
	if (client && ip_parse(client, &asked->client) != ERR_OK)
		return "this is no address";
	return NULL;
}

void api_explain(struct evhttp_request *req, const struct web_view *view)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	struct evkeyvalq query;
	struct asked asked;
	const char *wrong;

	/* what is behind a NUL would be lost */
	if ((text && strstr(text, "%00")) ||
	    evhttp_parse_query_str(text ? text : "", &query) != 0) {
		api_refuse(req, HTTP_BADREQUEST, "the query cannot be read");
		return;
	}
	wrong = read_query(&query, &asked);
	evhttp_clear_headers(&query);
	if (wrong) {
		api_refuse(req, HTTP_BADREQUEST, wrong);
		return;
	}
	view->look(view->daemon, look, &asked);
	api_answer_json(req, HTTP_OK, asked.made);
}
