/* SPDX-License-Identifier: BSD-2-Clause */
/* The answers to requests: JSON, but for the metrics. */
#ifndef WEB_API_H
#define WEB_API_H

#include <event2/http.h>

#include "web/history.h"
#include "web/view.h"

/* Answers a request that was let in. */
void api_answer(struct evhttp_request *req, const struct web_view *view,
		const struct history *history, const char *page);

/* Answers what a query would be answered. */
void api_explain(struct evhttp_request *req, const struct web_view *view);

/* Says by command what the request asks for, or takes it back. */
void api_block(struct evhttp_request *req, const struct web_view *view);
void api_unblock(struct evhttp_request *req, const struct web_view *view);
void api_list_off(struct evhttp_request *req, const struct web_view *view);
void api_list_on(struct evhttp_request *req, const struct web_view *view);
void api_withdraw(struct evhttp_request *req, const struct web_view *view);

/* Reads the query of the request, to be cleared by evhttp_clear_headers; false: it was answered
 * that this cannot be done. */
bool api_query(struct evhttp_request *req, struct evkeyvalq *ret_query);

/* What is frequent, and what comes. */
void api_top(struct evhttp_request *req, const struct web_view *view);
void api_watch(struct evhttp_request *req, const struct web_view *view);

/* Who has asked for listed names. */
void api_clients(struct evhttp_request *req, const struct web_view *view);
void api_report(struct evhttp_request *req, const struct web_view *view);

/* What is kept of what was ordered and done. */
void api_receipts(struct evhttp_request *req, const struct web_view *view);
void api_audit(struct evhttp_request *req, const struct web_view *view);

/* Who asked for names before they were listed. */
void api_hunt(struct evhttp_request *req, const struct web_view *view);

/* Answers with the metrics. */
void api_metrics(struct evhttp_request *req, const struct web_view *view);

#endif
