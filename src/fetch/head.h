/* SPDX-License-Identifier: BSD-2-Clause */
/* What the head of a server's reply says that matters here (RFC 9110). */
#ifndef FETCH_HEAD_H
#define FETCH_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "fetch/kept.h"

struct head {
	unsigned int status; /* 0: none has come */
	bool measured;	     /* whoever reads it can tell whether the whole has come */
	char etag[KEPT_FIELD_MAX];
	char modified[KEPT_FIELD_MAX];
	char encoding[32]; /* Content-Encoding; "": none */
	char length[24];   /* Content-Length; "": none */
	bool disputed;	   /* there are two lengths */
};

/* Takes one line of the head, a status line among them, which begins a new one: what was before it
 * was an interim reply (15.2).  Any octets may come. */
void head_take_line(struct head *head, const char *line, size_t len);

/* True when the body is encoded as asked for, or not at all. */
bool head_can_be_decoded(const struct head *head);
bool head_is_gzip(const struct head *head);

#endif
