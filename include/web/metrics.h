/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counters as Prometheus reads them: its text format, version 0.0.4, or OpenMetrics 1.0.0.
 * Labels are words of our own, names of lists, and addresses of upstreams; never a name from a
 * query.
 */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include <event2/buffer.h>
#include <stdbool.h>

#include "web/view.h"

/* Appends all metrics to `out`. */
void metrics_write(struct evbuffer *out, const struct web_now *now, bool openmetrics);

/* True when the field Accept of a request (NULL: it has none) prefers OpenMetrics. */
bool metrics_wants_openmetrics(const char *accept);

#endif
