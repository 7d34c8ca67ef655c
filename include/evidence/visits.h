/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Visits: who has come to an address that names are cut off by, and what for.  Whoever serves these
 * addresses adds them, one thread; the ledger's thread takes them away.  A visit is proven: TCP
 * has shown that the client has its address.
 */
#ifndef EVIDENCE_VISITS_H
#define EVIDENCE_VISITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define VISITS_MAX 1024U /* of a batch that differ */
#define VISITS_TEXT_MAX 256U

/* What of a visit tells it from others.  Texts are printable ASCII, or "". */
struct visit_key {
	struct ip client;
	uint16_t port;
	char host[VISITS_TEXT_MAX]; /* as a finding's name is written; "": none was asked for */
	char method[12];
	char path[VISITS_TEXT_MAX];
	char agent[VISITS_TEXT_MAX];
	char ja4[40]; /* of a ClientHello */
};

struct visit {
	struct visit_key key;
	uint64_t hash;
	uint32_t first_s; /* Unix time */
	uint32_t last_s;
	uint64_t count;
};

struct visits;

/* ERR_NOMEM. */
enum err visits_create(struct visits **ret_visits) MUST_CHECK;

/* NULL is fine. */
void visits_free(struct visits *visits);

/* Counts a visit; `key` is zero where it says nothing.  False: there is no room, and it is lost.
 * Any thread. */
bool visits_add(struct visits *visits, const struct visit_key *key, uint32_t now_s);

/* The batch that is to be written: stays so until visits_written.  The ledger's thread, as below.
 */
const struct visit *visits_batch(struct visits *visits, size_t *ret_count);
void visits_written(struct visits *visits);

#endif
