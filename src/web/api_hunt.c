/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for names before they were listed: what the stores of hunts have. */
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/moment.h"
#include "hunt/ask.h"
#include "hunt/hunt.h"
#include "line/host.h"
#include "report/when.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/json.h"

#define MOMENT_MS 1000U /* others wait meanwhile */
#define ROWS_MAX 1000U

/* What is asked, and where. */
struct hunting {
	const char *given; /* a name, or a list's */
	bool is_list;
	char state[PATH_MAX]; /* "": nothing is kept */
	struct hunt_question question;
	json_t *rows;
	bool cut;
};

static void find_place(const struct web_now *now, void *arg)
{
	const struct conf *conf = now->snapshot->conf;
	struct hunting *h = arg;

	if (hunt_is_wanted(conf))
		snprintf(h->state, sizeof(h->state), "%s", conf->state.directory);
	h->is_list = strcmp(h->given, POLICY_MANUAL_BLOCK_NAME) == 0;
	for (size_t i = 0; i < conf->lists_count; i++)
		h->is_list = h->is_list || strcmp(h->given, conf->lists[i].name) == 0;
}

static const char *word_of(uint8_t how)
{
	if (how & DAY_ITSELF)
		return how & DAY_BELOW ? "the name, and names below it" : "the name";
	return "names below it";
}

static bool add_row(void *arg, const struct found_row *row)
{
	struct hunting *h = arg;
	char client[CLIENT_TEXT_MAX];
	char at[MOMENT_TEXT_MAX];

	h->cut = json_array_size(h->rows) == ROWS_MAX;
	if (h->cut)
		return false;
	json_array_append_new(h->rows,
			      json_pack("{s:s, s:o, s:s, s:s, s:s}", "client",
					day_client_text(&row->client, client), "name",
					json_text(row->name), "at", moment_text(row->at_s, at),
					"asked", word_of(row->how), "list", row->list));
	return true;
}

static void end(struct evhttp_request *req, struct hunting *h, enum err err,
		const struct hunt_seen *seen, const struct err_text *text)
{
	if (err != ERR_OK)
		answer_refuse(req, HTTP_SERVUNAVAIL, text->text);
	else
		answer_json(req, HTTP_OK,
			    json_pack("{s:b, s:I, s:I, s:f, s:O}", "whole", seen->whole && !h->cut,
				      "days", (json_int_t)seen->days, "broken",
				      (json_int_t)seen->broken, "false_at_most", seen->false_a_name,
				      "found", h->rows));
}

static void hunt_name(struct evhttp_request *req, struct hunting *h)
{
	struct hunt_seen seen = {.days = 0};
	struct err_text text;
	struct name name;

	if (host_from_written(h->given, &name) != ERR_OK || name.len == 1)
		answer_refuse(req, HTTP_BADREQUEST, "this is no name, and no list");
	else
		end(req, h, hunt_ask_name(&h->question, &name, add_row, h, &seen, &text), &seen,
		    &text);
}

static void hunt_list(struct evhttp_request *req, struct hunting *h)
{
	const struct hunt_seen seen = {.whole = true};
	struct err_text text;

	end(req, h, hunt_ask_list(&h->question, h->given, add_row, h, &text), &seen, &text);
}

static void answer(struct evhttp_request *req, const struct web_view *view, struct hunting *h,
		   const char *since)
{
	struct err_text text;
	uint32_t since_s = 0;

	view->look(view->daemon, find_place, h);
	if (!*h->state) {
		answer_refuse(req, HTTP_NOTFOUND,
			      "nothing is kept of who asks: see evidence.hunt-days");
		return;
	}
	if (since && when_parse(since, (uint32_t)clock_unix_s(), &since_s, &text) != ERR_OK) {
		answer_refuse(req, HTTP_BADREQUEST, text.text);
		return;
	}
	h->question = (struct hunt_question){
		.state = h->state, .since_s = since_s, .until_ms = clock_ms() + MOMENT_MS};
	if (h->is_list)
		hunt_list(req, h);
	else
		hunt_name(req, h);
}

void api_hunt(struct evhttp_request *req, const struct web_view *view)
{
	struct evkeyvalq query;
	struct hunting h;

	if (!api_query(req, &query))
		return;
	h = (struct hunting){.given = evhttp_find_header(&query, "name"), .rows = json_array()};
	if (h.given && h.rows)
		answer(req, view, &h, evhttp_find_header(&query, "since"));
	else
		answer_refuse(req, HTTP_BADREQUEST, "the name is missing");
	json_decref(h.rows);
	evhttp_clear_headers(&query);
}
