/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker lends to its queries, without a worker: lists, a cache, a clock that a test sets.
 * For tests and fuzzers; needs "support/lists.h" and "support/message.h".
 */
#ifndef SUPPORT_PIPELINE_H
#define SUPPORT_PIPELINE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "query/query.h"
#include "support/lists.h"
#include "support/message.h"

#define PIPELINE_NOW_MS 1000000U
#define PIPELINE_NOW_S 1559731985U

struct pipeline {
	struct query_env env;
	struct stats stats;
	struct snapshot *snapshot;
};

static inline void pipeline_open(struct pipeline *p, const struct list_row *rows, size_t count,
				 size_t cache_bytes)
{
	*p = (struct pipeline){
		.env = {.name_key = LISTS_KEY,
			.cookie_secrets = {.now = {0x3fa4b2a6e573e9e5ULL, 0xcfbf379e84dce748ULL}},
			.now_ms = PIPELINE_NOW_MS,
			.now_s = PIPELINE_NOW_S},
	};
	p->snapshot = lists_snapshot(1, rows, count);
	p->env.snapshot = p->snapshot;
	p->env.stats = &p->stats;
	lists_require(cache_create(cache_bytes, &p->env.cache) == ERR_OK);
}

static inline void pipeline_close(struct pipeline *p)
{
	snapshot_free(p->snapshot);
	cache_free(p->env.cache);
}

/* Other lists from here on, as after a reload; the configuration is the default's again. */
static inline void pipeline_reload(struct pipeline *p, const struct list_row *rows, size_t count)
{
	struct snapshot *old = p->snapshot;

	p->snapshot = lists_snapshot(old->generation + 1, rows, count);
	p->env.snapshot = p->snapshot;
	snapshot_free(old);
}

static inline struct sockaddr_in pipeline_client(const char *address)
{
	struct sockaddr_in client = {.sin_family = AF_INET, .sin_port = htons(40000)};

	lists_require(inet_pton(AF_INET, address, &client.sin_addr) == 1);
	return client;
}

/* A question as its upstream is asked it, and the client that waits. */
struct pipeline_question {
	struct query_key key;
	struct query_wait wait;
};

/* Asks `m` from `client`; the answer takes the place of its octets. */
static inline enum query_outcome pipeline_ask_from(struct pipeline *p, const char *client,
						   enum transport transport, struct message *m,
						   struct pipeline_question *ret_question)
{
	struct sockaddr_in from = pipeline_client(client);
	enum query_outcome outcome;
	size_t len = 0;
	struct query q;

	memset(&q, 0xa5, sizeof(q));
	query_begin(&q, &p->env, m->octets, m->len, (const struct sockaddr *)&from, transport);
	outcome = query_decide(&q, &p->env, m->octets, m->octets, sizeof(m->octets), &len);
	if (outcome == QUERY_FORWARD && ret_question)
		query_suspend(&q, &p->env, m->octets, &ret_question->key, &ret_question->wait);
	if (outcome == QUERY_ANSWERED)
		m->len = len;
	return outcome;
}

static inline enum query_outcome pipeline_ask(struct pipeline *p, enum transport transport,
					      struct message *m,
					      struct pipeline_question *ret_question)
{
	return pipeline_ask_from(p, "127.0.0.1", transport, m, ret_question);
}

/* Takes the upstream's reply to a question (its octets are changed), and answers the client into
 * `answer`.  The reply must be a good one. */
static inline enum query_outcome pipeline_reply(struct pipeline *p,
						const struct pipeline_question *question,
						struct message *reply_msg, struct message *answer)
{
	struct query_wait wait = question->wait;
	enum query_outcome outcome;
	struct verdict verdict;
	struct query_key key;
	struct reply reply;
	size_t len = 0;

	lists_require(reply_matches(reply_msg->octets, reply_msg->len, question->key.question,
				    question->key.question_len));
	lists_require(reply_parse(reply_msg->octets, reply_msg->len, question->key.question_len,
				  &p->env.snapshot->ttl, &reply) == ERR_OK);
	verdict = query_resolve(&p->env, &question->key, reply_msg->octets, reply_msg->len, &reply);
	memset(answer->octets, 0xa5, sizeof(answer->octets));
	outcome = query_resume(&p->env, &wait, &reply, &verdict, &key, answer->octets,
			       sizeof(answer->octets), &len);
	answer->len = len;
	return outcome;
}

#endif
