/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, whatever they are for, and the page that they are answered with. */
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

#include "landing/host.h"
#include "landing/parts.h"

#define SILENCE_S 5
#define HEADERS_MAX 8192
#define BODY_MAX 16384
#define TOO_MUCH 429
#define FORBIDDEN 403
#define LEGAL_REASONS 451 /* RFC 7725 */

static const struct {
	enum evhttp_cmd_type type;
	const char *word;
} methods[] = {
	{EVHTTP_REQ_GET, "GET"},       {EVHTTP_REQ_POST, "POST"},
	{EVHTTP_REQ_HEAD, "HEAD"},     {EVHTTP_REQ_PUT, "PUT"},
	{EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_OPTIONS, "OPTIONS"},
	{EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_CONNECT, "CONNECT"},
	{EVHTTP_REQ_PATCH, "PATCH"},
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

static const char *method_of(struct evhttp_request *req)
{
	enum evhttp_cmd_type type = evhttp_request_get_command(req);

	for (size_t i = 0; i < METHODS; i++)
		if (methods[i].type == type)
			return methods[i].word;
	return "";
}

static const char *field(struct evhttp_request *req, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(req), name);
}

/* ---- the answer */

static void answer(const struct landing *l, struct evhttp_request *req, int code,
		   const char *reason, struct evbuffer *body)
{
	struct evkeyvalq *fields = evhttp_request_get_output_headers(req);
	char length[24];

	snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
	evhttp_add_header(fields, "Content-Type", "text/html; charset=utf-8");
	evhttp_add_header(fields, "Content-Length", length);
	evhttp_add_header(fields, "Vary", "Accept-Language, Host");
	evhttp_add_header(fields, "Cache-Control", "no-store");
	evhttp_add_header(fields, "Connection", "close");
	evhttp_add_header(fields, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(fields, "Referrer-Policy", "no-referrer");
	evhttp_add_header(fields, "Content-Security-Policy", l->policy);
	/* evhttp would send the body of an answer to HEAD */
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
		evbuffer_drain(body, evbuffer_get_length(body));
	evhttp_send_reply(req, code, reason, body);
}

static void show_page(struct landing *l, struct evhttp_request *req, const struct name *host)
{
	enum language language = language_choose(field(req, "Accept-Language"));
	struct evbuffer *body = evbuffer_new();
	struct order order = {.listed = false};
	char text[NAME_TEXT_MAX] = "";

	l->order(l->arg, host, &order);
	if (host)
		name_to_text(host->wire, text, sizeof(text));
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Language",
			  language_tag(language));
	if (body && page_write(body, language, text, &order) == ERR_OK)
		answer(l, req, order.ordered ? LEGAL_REASONS : FORBIDDEN,
		       order.ordered ? "Unavailable For Legal Reasons" : "Forbidden", body);
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	if (body)
		evbuffer_free(body);
}

/* ---- requests */

/* Both ends of the connection; false: it is gone. */
static bool look_at_ends(struct evhttp_request *req, struct ip *ret_client, uint16_t *ret_port)
{
	struct bufferevent *bev =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
	struct endpoint peer = {.len = sizeof(peer.u)};
	struct endpoint own = {.len = sizeof(own.u)};

	if (getpeername(bufferevent_getfd(bev), &peer.u.sa, &peer.len) != 0 ||
	    getsockname(bufferevent_getfd(bev), &own.u.sa, &own.len) != 0)
		return false;
	*ret_client = ip_from_sockaddr(&peer.u.sa);
	*ret_port = addr_port(&own.u.sa);
	return true;
}

static void note(struct landing *l, struct evhttp_request *req, const struct name *host,
		 const struct ip *client, uint16_t port)
{
	struct visit_key key;
	char text[NAME_TEXT_MAX] = "";

	memset(&key, 0, sizeof(key));
	key.client = *client;
	key.port = port;
	if (host)
		name_to_text(host->wire, text, sizeof(text));
	snprintf(key.host, sizeof(key.host), "%.*s", (int)sizeof(key.host) - 1, text);
	snprintf(key.method, sizeof(key.method), "%s", method_of(req));
	host_path(evhttp_request_get_uri(req), key.path, sizeof(key.path));
	host_clean(field(req, "User-Agent"), key.agent, sizeof(key.agent));
	landing_note(l, &key);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct landing *l = arg;
	struct name name;
	const struct name *host = NULL;
	struct ip client;
	uint16_t port = 0;

	if (!look_at_ends(req, &client, &port)) {
		evhttp_send_error(req, HTTP_BADREQUEST, NULL);
		return;
	}
	if (landing_is_too_much(l, &client)) {
		evhttp_send_error(req, TOO_MUCH, "Too Many Requests");
		return;
	}
	if (host_of_request(evhttp_request_get_uri(req), field(req, "Host"), &name) == ERR_OK)
		host = &name;
	stats_inc(&l->stats, landing_requests);
	note(l, req, host, &client, port);
	show_page(l, req, host);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct landing *l = arg;
	struct bufferevent *bev = guests_expect(&l->guests);

	return bev ? bev : bufferevent_socket_new(base, -1, 0);
}

static enum err bind_all(struct landing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct landing_socket *s = &l->sockets[i];

		if (s->kind != LANDING_HTTP)
			continue;
		if (!evhttp_bind_listener(l->http, s->listener))
			return ERR_NOMEM;
		s->given = true;
	}
	return ERR_OK;
}

enum err landing_http_begin(struct landing *l)
{
	uint16_t allowed = 0;

	l->http = evhttp_new(l->base);
	if (!l->http)
		return ERR_NOMEM;
	for (size_t i = 0; i < METHODS; i++)
		allowed |= (uint16_t)methods[i].type;
	evhttp_set_bevcb(l->http, on_connection, l);
	evhttp_set_gencb(l->http, on_request, l);
	evhttp_set_timeout(l->http, SILENCE_S);
	evhttp_set_max_headers_size(l->http, HEADERS_MAX);
	evhttp_set_max_body_size(l->http, BODY_MAX);
	evhttp_set_allowed_methods(l->http, allowed);
	return bind_all(l);
}
