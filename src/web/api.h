/* SPDX-License-Identifier: BSD-2-Clause */
/* The answers to requests: JSON, but for the metrics. */
#ifndef WEB_API_H
#define WEB_API_H

#include <event2/http.h>
#include <jansson.h>

#include "web/view.h"

/* Answers a request that was let in. */
void api_answer(struct evhttp_request *req, const struct web_view *view);

/* Answers with `root`, which is taken over; NULL: there was no memory. */
void api_answer_json(struct evhttp_request *req, int code, json_t *root);

/* Answers what a query would be answered. */
void api_explain(struct evhttp_request *req, const struct web_view *view);

/* Answers `code` and why, as JSON. */
void api_refuse(struct evhttp_request *req, int code, const char *why);

/* Answers with the metrics. */
void api_metrics(struct evhttp_request *req, const struct web_view *view);

#endif
