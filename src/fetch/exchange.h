/* SPDX-License-Identifier: BSD-2-Clause */
/* One question, asked of one server by a thread that waits: over UDP, and over TCP when the answer
 * does not fit; over TCP or TLS (RFC 7766, 7858) where the server is asked by these. */
#ifndef FETCH_EXCHANGE_H
#define FETCH_EXCHANGE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "remote/tls.h"

#define EXCHANGE_OCTETS_MAX 65535U

struct exchange_server {
	struct endpoint address;
	bool tcp;
	struct tls_peer *tls; /* NULL: plain DNS */
};

/*
 * The server's reply to `query`, a whole message with one question: from the server, with its ID
 * and its question.  Nothing else of it is looked at.  ERR_SYS: none comes within seconds.
 * ERR_CANCELLED: `ending` was set.  ERR_NOMEM.
 */
enum err exchange(const struct exchange_server *server, const uint8_t *query, size_t query_len,
		  const atomic_bool *ending, uint8_t ret_reply[EXCHANGE_OCTETS_MAX],
		  size_t *ret_len) MUST_CHECK;

#endif
