/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/history.h"

#include <jansson.h>

#include "base/clock.h"
#include "web/answer.h"

static void look(const struct web_now *now, void *arg)
{
	struct history *history = arg;
	const struct stats *stats = &now->stats;

	history->samples[history->count++ % HISTORY_MAX] = (struct history_sample){
		.at_s = clock_unix_s(),
		.queries = stats->queries_udp + stats->queries_tcp,
		.blocked = stats->blocked_name + stats->blocked_cname + stats->blocked_address +
			   stats->rebinding,
		.forwarded = stats->forwarded,
		.failed = stats->servfail,
	};
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct history *history = arg;

	(void)fd;
	(void)what;
	history->view->look(history->view->daemon, look, history);
}

enum err history_begin(struct history *history, struct event_base *base,
		       const struct web_view *view)
{
	static const struct timeval step = {.tv_sec = HISTORY_STEP_S};

	history->view = view;
	history->timer = event_new(base, -1, EV_PERSIST, on_step, history);
	return history->timer && event_add(history->timer, &step) == 0 ? ERR_OK : ERR_NOMEM;
}

void history_end(struct history *history)
{
	if (history->timer)
		event_free(history->timer);
}

void history_answer(struct evhttp_request *req, const struct history *history)
{
	uint64_t first = history->count > HISTORY_MAX ? history->count - HISTORY_MAX : 0;
	json_t *samples = json_array();

	for (uint64_t i = first; i < history->count; i++) {
		const struct history_sample *s = &history->samples[i % HISTORY_MAX];

		json_array_append_new(samples, json_pack("{s:I, s:I, s:I, s:I, s:I}", "at",
							 (json_int_t)s->at_s, "queries",
							 (json_int_t)s->queries, "blocked",
							 (json_int_t)s->blocked, "forwarded",
							 (json_int_t)s->forwarded, "failed",
							 (json_int_t)s->failed));
	}
	answer_json(req, HTTP_OK,
		    json_pack("{s:i, s:o}", "step", HISTORY_STEP_S, "samples", samples));
}
