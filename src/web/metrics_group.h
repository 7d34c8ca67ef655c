/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted of each group of clients, for metrics.c. */
#ifndef WEB_METRICS_GROUP_H
#define WEB_METRICS_GROUP_H

#include <stdbool.h>

#include <event2/buffer.h>

#include "web/view.h"

/* Adds a metric for each row of STATS_VIEW_ROWS, with a sample a group; nothing where there is
 * none. */
void metrics_group_write(struct evbuffer *out, const struct web_now *now, bool openmetrics);

#endif
