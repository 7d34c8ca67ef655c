/* SPDX-License-Identifier: BSD-2-Clause */
/* What the pipeline makes of queries and replies, as text for a test's tables; and its counters. */
#ifndef SUPPORT_ASKED_H
#define SUPPORT_ASKED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pipeline.h"
#include "support/render.h"

/* How answers begin, and how those end that give nothing but the SOA of a list's zone. */
#define HEAD(rcode, name, type) rcode " qr rd ra; " name " IN " type
#define SOA(owner)                                                                                 \
	"; ns " owner " 60 IN SOA " owner " nobody.invalid. 1 3600 1200 604800 60; opt 1232"

#define ADDRESS "\300\0\2\x50" /* 192.0.2.80 */

/* The answer, which stands until the next call; "forward", or "drop". */
static inline const char *asked_text(enum query_outcome outcome, const uint8_t *msg, size_t len)
{
	switch (outcome) {
	case QUERY_ANSWERED:
		return render(msg, len);
	case QUERY_FORWARD:
		return "forward";
	default:
		return "drop";
	}
}

/* What becomes of a query. */
static inline const char *asked(struct pipeline *p, enum transport transport, struct message *m,
				struct pipeline_question *ret_question)
{
	enum query_outcome outcome = pipeline_ask(p, transport, m, ret_question);

	return asked_text(outcome, m->octets, m->len);
}

/* A query that an upstream is to be asked. */
static inline struct pipeline_question asked_upstream(struct pipeline *p, enum transport transport,
						      struct message *m)
{
	struct pipeline_question question;

	assert_int_equal(pipeline_ask(p, transport, m, &question), QUERY_FORWARD);
	return question;
}

/* What a client that waits is given of `reply`. */
static inline const char *asked_reply(struct pipeline *p, const struct pipeline_question *question,
				      struct message *reply)
{
	static struct message answer;
	enum query_outcome outcome = pipeline_reply(p, question, reply, &answer);

	return asked_text(outcome, answer.octets, answer.len);
}

static inline uint64_t asked_counter(const struct pipeline *p, const char *name)
{
	for (size_t i = 0; i < stats_row_count; i++)
		if (strcmp(stats_rows[i].name, name) == 0)
			return stats_value(&p->stats, &stats_rows[i]);
	fail_msg("no counter is called %s", name);
	return 0;
}

/* A test's state: the pipeline with the lists `rows`. */
static inline int asked_set_up(void **state, const struct list_row *rows, size_t count)
{
	static struct pipeline p;

	pipeline_open(&p, rows, count, 1U << 20);
	*state = &p;
	return 0;
}

static inline int asked_tear_down(void **state)
{
	pipeline_close(*state);
	return 0;
}

#endif
