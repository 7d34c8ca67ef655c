/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers in JSON. */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include <event2/http.h>
#include <jansson.h>

/* Answers with `root`, which is taken over; NULL: there was no memory. */
void answer_json(struct evhttp_request *req, int code, json_t *root);

/* Answers `code` and why. */
void answer_refuse(struct evhttp_request *req, int code, const char *why);

#endif
