/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/web.h"

#include <event2/event.h>
#include <event2/http.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/door.h"
#include "web/history.h"
#include "web/page.h"

#define DOORS_MAX (1 + 2 * CONF_DOORS_MAX)
#define TOKEN_LEN 64 /* hexadecimal digits */
#define BEARER "Bearer "

struct web {
	const struct web_view *view;
	struct event_base *base;
	struct event *end;
	int end_fd;
	pthread_t thread;
	bool running;
	char token[TOKEN_LEN + 1];
	struct history history;
	char page[ADDR_TEXT_MAX + TOKEN_LEN + 16]; /* its address with the token; "": none */
	size_t count;
	struct door doors[DOORS_MAX];
};

/* ---- who may come in */

/* Takes as long whatever is wrong. */
static bool is_token(const char *given, const char *token)
{
	unsigned int differ = 0;

	if (strlen(given) != TOKEN_LEN)
		return false;
	for (size_t i = 0; i < TOKEN_LEN; i++)
		differ |= (unsigned int)(given[i] ^ token[i]);
	return differ == 0;
}

static bool has_token(const struct web *web, struct evhttp_request *req)
{
	const char *given =
		evhttp_find_header(evhttp_request_get_input_headers(req), "Authorization");

	return given && strncmp(given, BEARER, strlen(BEARER)) == 0 &&
	       is_token(given + strlen(BEARER), web->token);
}

static void on_request(struct door *door, struct evhttp_request *req, void *arg)
{
	const struct web *web = arg;

	if (door->kind == DOOR_METRICS)
		api_metrics(req, web->view);
	else if (door->kind == DOOR_TOKEN && page_answer(req))
		return;
	else if (door->kind == DOOR_TOKEN && !has_token(web, req))
		answer_refuse(
			req, 401,
			"the token is missing or wrong: Authorization: Bearer, and what stands "
			"in control.token of state.directory");
	else
		api_answer(req, web->view, &web->history, web->page);
}

/* ---- the token */

static void draw_token(char token[TOKEN_LEN + 1])
{
	struct random_pool pool = {.left = 0};

	for (size_t i = 0; i < TOKEN_LEN; i += 8)
		snprintf(token + i, 9, "%08x", random_u32(&pool));
}

static bool read_token(const char *path, char token[TOKEN_LEN + 1])
{
	size_t len;
	char *text;

	if (file_read(path, TOKEN_LEN + 1, &text, &len) != ERR_OK)
		return false;
	if (len >= TOKEN_LEN) {
		memcpy(token, text, TOKEN_LEN);
		token[TOKEN_LEN] = '\0';
	}
	free(text);
	return len >= TOKEN_LEN && strspn(token, "0123456789abcdef") == TOKEN_LEN;
}

/* The token of a start before stays good. */
static enum err find_token(struct web *web, const char *directory, struct err_text *text)
{
	char path[PATH_MAX];
	char line[TOKEN_LEN + 2];

	if (!*directory)
		return err_set(text, ERR_CONFIG,
			       "control.listen needs a state.directory to keep the token in");
	snprintf(path, sizeof(path), "%s/control.token", directory);
	if (read_token(path, web->token))
		return ERR_OK;
	draw_token(web->token);
	snprintf(line, sizeof(line), "%s\n", web->token);
	return err_set(text, file_replace(path, line, TOKEN_LEN + 1),
		       "%s: the token cannot be written", path);
}

/* ---- the doors */

static struct door *new_door(struct web *web, enum door_kind kind)
{
	struct door *door = &web->doors[web->count];

	memset(door, 0, sizeof(*door));
	door->kind = kind;
	door->fn = on_request;
	door->arg = web;
	return door;
}

static void opened(struct web *web, enum err err, const char *what, const struct err_text *text)
{
	if (err == ERR_OK)
		web->count++;
	else
		log_error("%s: not served: %s", what, text->text);
}

/* Where systemd has made a directory for the unit, the socket has its place there. */
static void open_socket(struct web *web, const struct conf_control *conf)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");
	char path[PATH_MAX] = "";
	struct err_text text;
	enum err err;

	if (*conf->socket)
		snprintf(path, sizeof(path), "%s", conf->socket);
	else if (directory && *directory == '/')
		snprintf(path, sizeof(path), "%s/control.sock", directory);
	if (!*path)
		return;
	err = door_open_socket(new_door(web, DOOR_SOCKET), web->base, path, conf->group, &text);
	opened(web, err, "control.socket", &text);
	if (err == ERR_OK)
		log_info("control: %s", path);
}

/* As what is typed into a browser.  The token is for who has started the daemon by hand; others are
 * told it by sinkholectl. */
static void announce(struct web *web, enum door_kind kind, const struct endpoint *endpoint)
{
	bool v6 = endpoint->u.sa.sa_family == AF_INET6;
	char where[ADDR_TEXT_MAX];

	endpoint_text(endpoint, where, sizeof(where));
	where[strcspn(where, "@")] = '\0';
	log_info("%s: http://%s%s%s:%u%s", kind == DOOR_TOKEN ? "control" : "metrics",
		 v6 ? "[" : "", where, v6 ? "]" : "", (unsigned int)addr_port(&endpoint->u.sa),
		 kind == DOOR_TOKEN ? "" : "/metrics");
	if (kind != DOOR_TOKEN || *web->page)
		return;
	snprintf(web->page, sizeof(web->page), "http://%s%s%s:%u/#%s", v6 ? "[" : "", where,
		 v6 ? "]" : "", (unsigned int)addr_port(&endpoint->u.sa), web->token);
	if (isatty(STDERR_FILENO) == 1)
		log_info("page: %s", web->page);
}

static void open_addresses(struct web *web, enum door_kind kind, const struct endpoint *listen,
			   size_t count)
{
	const char *what = kind == DOOR_TOKEN ? "control.listen" : "metrics.listen";
	struct err_text text;

	for (size_t i = 0; i < count; i++) {
		enum err err = door_open_address(new_door(web, kind), web->base, &listen[i], &text);

		opened(web, err, what, &text);
		if (err == ERR_OK)
			announce(web, kind, &listen[i]);
	}
}

static void open_doors(struct web *web, const struct conf *conf)
{
	struct err_text text;

	open_socket(web, &conf->control);
	if (conf->control.listen_count > 0) {
		if (find_token(web, conf->state.directory, &text) == ERR_OK)
			open_addresses(web, DOOR_TOKEN, conf->control.listen,
				       conf->control.listen_count);
		else
			log_error("control.listen: not served: %s", text.text);
	}
	open_addresses(web, DOOR_METRICS, conf->metrics.listen, conf->metrics.listen_count);
}

/* ---- the thread */

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct web *web = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(web->base);
}

static void *run(void *arg)
{
	struct web *web = arg;

	event_base_dispatch(web->base);
	return NULL;
}

static enum err prepare(struct web *web)
{
	struct event_config *config = event_config_new();

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		web->base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	web->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!web->base || web->end_fd < 0)
		return ERR_NOMEM;
	web->end = event_new(web->base, web->end_fd, EV_READ, on_end, web);
	return web->end && event_add(web->end, NULL) == 0 ? ERR_OK : ERR_NOMEM;
}

static enum err start_thread(struct web *web)
{
	if (web->count == 0)
		return ERR_OK;
	if (thread_start("web", run, web, &web->thread) != 0)
		return ERR_SYS;
	web->running = true;
	return ERR_OK;
}

enum err web_start(const struct conf *conf, const struct web_view *view, struct web **ret_web)
{
	struct web *web = calloc(1, sizeof(*web));
	enum err err;

	if (!web)
		return ERR_NOMEM;
	web->view = view;
	err = prepare(web);
	if (err == ERR_OK) {
		open_doors(web, conf);
		err = history_begin(&web->history, web->base, view);
	}
	if (err == ERR_OK) {
		err = start_thread(web);
	}
	if (err == ERR_OK)
		*ret_web = web;
	else
		web_stop(web);
	return err;
}

void web_stop(struct web *web)
{
	uint64_t one = 1;

	if (!web)
		return;
	if (web->running && write(web->end_fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(web->thread, NULL);
	for (size_t i = 0; i < web->count; i++)
		door_close(&web->doors[i]);
	history_end(&web->history);
	if (web->end)
		event_free(web->end);
	if (web->base)
		event_base_free(web->base);
	if (web->end_fd >= 0)
		close(web->end_fd);
	free(web);
}
