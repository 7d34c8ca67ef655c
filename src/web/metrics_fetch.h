/* SPDX-License-Identifier: BSD-2-Clause */
/* The metrics of lists that are fetched. */
#ifndef WEB_METRICS_FETCH_H
#define WEB_METRICS_FETCH_H

#include <event2/buffer.h>

#include "web/view.h"

/* As metrics_write; without a list that is fetched nothing. */
void metrics_fetch_write(struct evbuffer *out, const struct web_now *now, bool openmetrics);

#endif
