/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of requests: what names nothing, or says nothing, is no empty answer. */
#ifndef WEB_PARAMETER_H
#define WEB_PARAMETER_H

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "web/view.h"

/* The number that the query has; `otherwise` where it has none.  False: it was answered that this
 * is no number. */
bool parameter_number(struct evhttp_request *req, const struct evkeyvalq *query, const char *key,
		      uint64_t otherwise, uint64_t *ret_number);

/* True for a list that is configured, or made by command, or that stands for what upstreams block.
 */
bool parameter_is_list(const struct web_view *view, const char *name);

/* Answers that there is no such list. */
void parameter_refuse_list(struct evhttp_request *req, const char *name);

#endif
