/* SPDX-License-Identifier: BSD-2-Clause */
/* The answers to requests: JSON, but for the metrics. */
#ifndef WEB_API_H
#define WEB_API_H

#include <event2/http.h>

#include "web/view.h"

/* Answers a request that was let in. */
void api_answer(struct evhttp_request *req, const struct web_view *view);

/* Answers what a query would be answered. */
void api_explain(struct evhttp_request *req, const struct web_view *view);

/* Says by command what the request asks for, or takes it back. */
void api_block(struct evhttp_request *req, const struct web_view *view);
void api_unblock(struct evhttp_request *req, const struct web_view *view);
void api_list_off(struct evhttp_request *req, const struct web_view *view);
void api_list_on(struct evhttp_request *req, const struct web_view *view);
void api_withdraw(struct evhttp_request *req, const struct web_view *view);

/* Answers with the metrics. */
void api_metrics(struct evhttp_request *req, const struct web_view *view);

#endif
