/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/api.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/table.h"
#include "line/host.h"
#include "web/answer.h"
#include "web/body.h"
#include "web/commands.h"
#include "web/door.h"
#include "web/given.h"
#include "web/json.h"
#include "web/metrics.h"

/* ---- metrics */

struct page {
	struct evbuffer *body;
	bool openmetrics;
};

static void write_metrics(const struct web_now *now, void *arg)
{
	struct page *page = arg;

	metrics_write(page->body, now, page->openmetrics);
}

static void send_metrics(struct evhttp_request *req, const struct web_view *view)
{
	const char *accept = evhttp_find_header(evhttp_request_get_input_headers(req), "Accept");
	struct page page = {
		.body = evbuffer_new(),
		.openmetrics = metrics_wants_openmetrics(accept),
	};

	if (!page.body) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	view->look(view->daemon, write_metrics, &page);
	door_reply(req, HTTP_OK,
		   page.openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				    : "text/plain; version=0.0.4; charset=utf-8",
		   page.body);
	evbuffer_free(page.body);
}

/* ---- routes */

static const char *method_of(struct evhttp_request *req)
{
	switch (evhttp_request_get_command(req)) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	default:
		return "DELETE";
	}
}

static const struct route {
	const char *method;
	const char *path;
} routes[WEB_COMMAND_COUNT] = {
#define X(id, command, method, route, parameters, help) [WEB_##id] = {method, route},
	WEB_COMMANDS(X)
#undef X
};

/* WEB_COMMAND_COUNT: there is none; `ret_other`: but one of another method. */
static enum web_command find_route(struct evhttp_request *req, bool *ret_other)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	const char *method = method_of(req);

	*ret_other = false;
	for (int i = 0; path && i < WEB_COMMAND_COUNT; i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		if (strcmp(routes[i].method, method) == 0)
			return (enum web_command)i;
		*ret_other = true;
	}
	return WEB_COMMAND_COUNT;
}

static void refuse_route(struct evhttp_request *req, bool other)
{
	if (other)
		answer_refuse(req, HTTP_BADMETHOD, "this is asked by another method");
	else
		answer_refuse(req, HTTP_NOTFOUND, "there is nothing here");
}

/* ---- what is shown */

struct shown {
	json_t *(*make)(const struct web_now *now);
	json_t *made;
};

static void show(const struct web_now *now, void *arg)
{
	struct shown *shown = arg;

	shown->made = shown->make(now);
}

static void answer_shown(struct evhttp_request *req, const struct web_view *view,
			 json_t *(*make)(const struct web_now *now))
{
	struct shown shown = {.make = make};

	view->look(view->daemon, show, &shown);
	answer_json(req, HTTP_OK, shown.made);
}

/* ---- what is done */

/* The text `key` of the body; false: it was answered that there is none. */
static bool read_text(struct evhttp_request *req, const char *key, char *buf, size_t size)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	enum err err = body_text((const char *)evbuffer_pullup(in, -1), len, key, buf, size);

	if (err != ERR_OK)
		answer_refuse(req, HTTP_BADREQUEST,
			      err == ERR_NOTFOUND ? "the body lacks a parameter"
						  : "the body is not a JSON object of short texts");
	return err == ERR_OK;
}

static void do_flush(struct evhttp_request *req, const struct web_view *view)
{
	char text[NAME_TEXT_MAX];
	struct name name;
	size_t count;

	if (!read_text(req, "name", text, sizeof(text)))
		return;
	if (strcmp(text, "all") == 0) {
		count = view->flush(view->daemon, NULL);
	} else if (host_from_written(text, &name) == ERR_OK) {
		count = view->flush(view->daemon, &name);
	} else {
		answer_refuse(req, HTTP_BADREQUEST, "this is no name");
		return;
	}
	log_notice("control: %zu answers flushed from the cache", count);
	answer_json(req, HTTP_OK, json_pack("{s:I}", "flushed", (json_int_t)count));
}

static void do_log_level(struct evhttp_request *req, const struct web_view *view)
{
	static const struct {
		enum log_level level;
		const char *word;
	} levels[] = {
#define W(level, word) {level, word},
		CONF_WORDS_LOGLEVEL(W)
#undef W
	};
	char text[32];

	(void)view;
	if (!read_text(req, "level", text, sizeof(text)))
		return;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].word, text) != 0)
			continue;
		log_set_level(levels[i].level);
		answer_json(req, HTTP_OK, json_pack("{s:s}", "level", text));
		return;
	}
#define W(level, word) " " word
	answer_refuse(req, HTTP_BADREQUEST, "there is no such level, but:" CONF_WORDS_LOGLEVEL(W));
#undef W
}

/* What kind is asked for; false: it was answered that this is no request. */
static bool read_reload(struct evhttp_request *req, enum web_reload *ret_kind)
{
	static const char *const words[] = {WEB_RELOADS(TABLE_ROW)};
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	const char *data = (const char *)evbuffer_pullup(in, -1);
	unsigned int kinds = 0;
	bool flag = false;

	*ret_kind = WEB_RELOAD_NEW;
	for (unsigned int kind = WEB_RELOAD_DRY; kind < WEB_RELOAD_COUNT; kind++) {
		if (body_flag(data, len, words[kind], &flag) != ERR_OK)
			kinds = WEB_RELOAD_COUNT;
		else if (flag)
			*ret_kind = (enum web_reload)kind;
		kinds += flag;
	}
	if (kinds > 1)
		answer_refuse(req, HTTP_BADREQUEST,
			      "the body is no JSON object with one of dry-run and back true");
	return kinds <= 1;
}

static void do_reload(struct evhttp_request *req, const struct web_view *view)
{
	enum web_reload kind;

	if (read_reload(req, &kind))
		answer_json(
			req, 202,
			json_pack("{s:I}", "reload", (json_int_t)view->reload(view->daemon, kind)));
}

/* No name: all lists. */
static void do_fetch(struct evhttp_request *req, const struct web_view *view)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	char name[64];
	enum err err = len == 0 ? ERR_NOTFOUND
				: body_text((const char *)evbuffer_pullup(in, -1), len, "name",
					    name, sizeof(name));
	size_t count = 0;

	if (err != ERR_OK && err != ERR_NOTFOUND) {
		answer_refuse(req, HTTP_BADREQUEST, "the body is no JSON object with a name");
		return;
	}
	if (view->fetch)
		count = fetch_now(view->fetch, err == ERR_OK ? name : NULL);
	if (count == 0)
		answer_refuse(req, HTTP_NOTFOUND,
			      err == ERR_OK ? "no list of that name has a url"
					    : "no list has a url");
	else
		answer_json(req, 202, json_pack("{s:I}", "fetch", (json_int_t)count));
}

void api_metrics(struct evhttp_request *req, const struct web_view *view)
{
	bool other;
	enum web_command command = find_route(req, &other);

	if (command == WEB_METRICS)
		send_metrics(req, view);
	else
		refuse_route(req, other && command == WEB_COMMAND_COUNT);
}

static void answer_page(struct evhttp_request *req, const char *page)
{
	if (*page)
		answer_json(req, HTTP_OK, json_pack("{s:s}", "page", page));
	else
		answer_refuse(req, HTTP_NOTFOUND, "there is no page without control.listen");
}

/* clang-format off */

/* X(command, how it is answered: by what is shown, or by what is done).  History and page are
 * answered by what api_answer is handed. */
#define ANSWERS(X) \
	X(WEB_STATUS, {.show = json_status}) \
	X(WEB_STATS, {.show = json_stats}) \
	X(WEB_LISTS, {.show = json_lists}) \
	X(WEB_UPSTREAMS, {.show = json_upstreams}) \
	X(WEB_EXPLAIN, {.act = api_explain}) \
	X(WEB_RELOAD, {.act = do_reload}) \
	X(WEB_FETCH, {.act = do_fetch}) \
	X(WEB_DIFFERENCE, {.show = json_difference}) \
	X(WEB_BLOCK, {.act = api_block}) \
	X(WEB_UNBLOCK, {.act = api_unblock}) \
	X(WEB_WITHDRAW, {.act = api_withdraw}) \
	X(WEB_LIST_OFF, {.act = api_list_off}) \
	X(WEB_LIST_ON, {.act = api_list_on}) \
	X(WEB_MANUAL, {.show = json_manual}) \
	X(WEB_TOP, {.act = api_top}) \
	X(WEB_WATCH, {.act = api_watch}) \
	X(WEB_CLIENTS, {.act = api_clients}) \
	X(WEB_REPORT, {.act = api_report}) \
	X(WEB_RECEIPTS, {.act = api_receipts}) \
	X(WEB_AUDIT, {.act = api_audit}) \
	X(WEB_HUNT, {.act = api_hunt}) \
	X(WEB_HISTORY, {.act = NULL}) \
	X(WEB_PAGE, {.act = NULL}) \
	X(WEB_FLUSH, {.act = do_flush}) \
	X(WEB_LOG_LEVEL, {.act = do_log_level}) \
	X(WEB_METRICS, {.act = send_metrics})

/* clang-format on */

static const struct action_row {
	json_t *(*show)(const struct web_now *now);
	void (*act)(struct evhttp_request *req, const struct web_view *view);
} answers[] = {ANSWERS(TABLE_ROW)};
TABLE_COMPLETE(ANSWERS, WEB_COMMAND_COUNT);

static bool changes(enum web_command command)
{
	return strcmp(routes[command].method, "GET") != 0;
}

void api_answer(struct evhttp_request *req, const struct web_view *view,
		const struct history *history, const char *page)
{
	bool other;
	enum web_command command = find_route(req, &other);

	if (command == WEB_COMMAND_COUNT)
		refuse_route(req, other);
	else if (!given_is_taken(req, command))
		return; /* which was answered */
	else if (changes(command) && view->is_leaving(view->daemon))
		answer_refuse(req, HTTP_SERVUNAVAIL, WEB_LEAVING);
	else if (command == WEB_HISTORY)
		history_answer(req, history);
	else if (command == WEB_PAGE)
		answer_page(req, page);
	else if (answers[command].show)
		answer_shown(req, view, answers[command].show);
	else
		answers[command].act(req, view);
}
