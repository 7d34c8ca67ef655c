/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of labels in the text formats of Prometheus. */
#ifndef WEB_LABEL_H
#define WEB_LABEL_H

#include <event2/buffer.h>

/* Appends `text` as a label's value: backslash, quote and newline escaped, what is not UTF-8
 * replaced. */
void label_add(struct evbuffer *out, const char *text);

#endif
