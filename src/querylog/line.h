/* SPDX-License-Identifier: BSD-2-Clause */
/* A query as a line of JSON, by the names of the Elastic Common Schema. */
#ifndef QUERYLOG_LINE_H
#define QUERYLOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "feed/feed.h"

#define LINE_OCTETS 4096U /* as long as a line may be, with its newline */

/* Writes the line into `buf`; returns its length. */
size_t line_write(const struct feed_event *event, uint64_t unix_ms, const char *client,
		  char buf[LINE_OCTETS]);

#endif
