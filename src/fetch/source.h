/* SPDX-License-Identifier: BSD-2-Clause */
/* A list that is fetched: how, when next, and how it went.  The lock of the fetches is held by
 * whoever calls, unless the function says otherwise. */
#ifndef FETCH_SOURCE_H
#define FETCH_SOURCE_H

#include "conf/conf.h"
#include "fetch/place.h"
#include "fetch/transfer.h"
#include "fetch/view.h"

/* Owned copies of what is configured. */
#define SOURCE_TEXTS(X)                                                                            \
	X(name)                                                                                    \
	X(url)                                                                                     \
	X(file)                                                                                    \
	X(header)                                                                                  \
	X(client_certificate)                                                                      \
	X(client_key)                                                                              \
	X(tls_ca)                                                                                  \
	X(proxy)

#define SOURCE_MEMBER(field) char *field;
struct source_conf {
	SOURCE_TEXTS(SOURCE_MEMBER)
	uint32_t refresh_s;
	uint32_t timeout_ms;
	uint32_t stale_warning_s;
	uint64_t max_size_bytes;
};
#undef SOURCE_MEMBER

struct source {
	struct source_conf conf;
	struct place place; /* of its url */
	struct kept kept;
	uint64_t due_ms;   /* monotonic */
	uint64_t begun_s;  /* Unix time: since when it is fetched */
	uint64_t warned_s; /* when it was last warned that nothing comes */
	uint32_t failed_in_a_row;
	uint64_t failures;
	bool wanted; /* at once */
	bool under_way;
	struct transfer *transfer;   /* the thread's; NULL: none */
	struct transfer_order order; /* of that */
	char shown[FETCH_SHOWN_MAX];
	char reason[FETCH_REASON_MAX];
};

/* Without a lock.  ERR_NOMEM. */
enum err source_create(const struct conf_list *list, struct source **ret_source) MUST_CHECK;
void source_free(struct source *source);

/* True when both are fetched in one way. */
bool source_is_same(const struct source *a, const struct source *b);

/* The source is fetched from now on: reads what is known of its copy. */
void source_begin(struct source *source, uint32_t random);

/* The source's transfer begins: fills in `order`. */
void source_order(struct source *source);

/* What became of a transfer; each is logged. */
void source_succeeded(struct source *source, const struct kept *kept, bool new, uint32_t random);
void source_failed(struct source *source, const char *reason, uint64_t retry_after_s,
		   uint32_t random);

bool source_is_stale(const struct source *source, uint64_t now_s);

void source_view(const struct source *source, uint64_t now_s, struct fetch_view *ret_view);

/* Warns, once a day, that nothing comes, or nothing new. */
void source_warn(struct source *source, uint64_t now_s);

#endif
