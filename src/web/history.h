/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of the last hour. */
#ifndef WEB_HISTORY_H
#define WEB_HISTORY_H

#include <event2/event.h>
#include <event2/http.h>

#include "base/err.h"
#include "web/view.h"

#define HISTORY_STEP_S 10
#define HISTORY_MAX 360U /* an hour */

struct history_sample {
	uint64_t at_s; /* Unix time */
	uint64_t queries;
	uint64_t blocked;
	uint64_t forwarded;
	uint64_t failed;
};

/* Zero-initialised.  The room's thread's. */
struct history {
	const struct web_view *view;
	struct event *timer;
	uint64_t count; /* of all samples that were ever taken */
	struct history_sample samples[HISTORY_MAX];
};

/* Takes a sample each HISTORY_STEP_S from now on.  ERR_NOMEM. */
enum err history_begin(struct history *history, struct event_base *base,
		       const struct web_view *view) MUST_CHECK;
void history_end(struct history *history);

/* Answers with the samples, the oldest first. */
void history_answer(struct evhttp_request *req, const struct history *history);

#endif
