/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/given.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "web/answer.h"

static const char *const parameters[WEB_COMMAND_COUNT] = {
#define X(id, command, method, route, taken, help) [WEB_##id] = (taken),
	WEB_COMMANDS(X)
#undef X
};

static bool is_called(const char *written, size_t len, const char *key)
{
	size_t i = 0;

	while (i < len && key[i] == (char)tolower((unsigned char)written[i]))
		i++;
	return i == len && key[i] == '\0';
}

/* True for one of the parameters of a command: NAME, --for TIME, [--dry-run]. */
static bool is_one(const char *taken, const char *key)
{
	for (const char *at = taken; *at; at += strspn(at, "] ")) {
		bool option;
		size_t len;

		at += *at == '[';
		option = strncmp(at, "--", 2) == 0;
		at += option ? 2 : 0;
		len = strcspn(at, " ]");
		if (is_called(at, len, key))
			return true;
		at += len;
		if (option && *at == ' ') /* the word for its value */
			at += 1 + strcspn(at + 1, " ]");
	}
	return false;
}

static bool refuse(struct evhttp_request *req, const char *what, const char *key)
{
	struct err_text text;

	(void)err_set(&text, ERR_SYNTAX, "%s: %s", what, key);
	answer_refuse(req, HTTP_BADREQUEST, text.text);
	return false;
}

/* ---- in the query */

static bool is_twice(const struct evkeyval *pair)
{
	const struct evkeyval *other = pair->next.tqe_next;

	while (other && strcmp(other->key, pair->key) != 0)
		other = other->next.tqe_next;
	return other != NULL;
}

static bool query_is_taken(struct evhttp_request *req, const char *taken)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	const struct evkeyval *pair;
	struct evkeyvalq query;
	bool good = true;

	if (!text || evhttp_parse_query_str(text, &query) != 0)
		return true;
	for (pair = query.tqh_first; pair && good; pair = pair->next.tqe_next) {
		if (!is_one(taken, pair->key))
			good = refuse(req, "there is no such parameter", pair->key);
		else if (is_twice(pair))
			good = refuse(req, "given twice", pair->key);
	}
	evhttp_clear_headers(&query);
	return good;
}

/* ---- in the body */

static bool body_is_taken(struct evhttp_request *req, const char *taken)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	json_t *root = NULL;
	bool good = true;
	json_t *value;
	const char *key;

	if (query && *query)
		return refuse(req, "what is given belongs into the body", query);
	if (len > 0)
		root = json_loadb((const char *)evbuffer_pullup(in, -1), len, 0, NULL);
	json_object_foreach(root, key, value)
	{
		if (good && !is_one(taken, key))
			good = refuse(req, "there is no such parameter", key);
	}
	json_decref(root);
	return good;
}

bool given_is_taken(struct evhttp_request *req, enum web_command command)
{
	enum evhttp_cmd_type type = evhttp_request_get_command(req);

	if (command == WEB_METRICS) /* scrapers have parameters of their own */
		return true;
	return type == EVHTTP_REQ_GET || type == EVHTTP_REQ_HEAD
		       ? query_is_taken(req, parameters[command])
		       : body_is_taken(req, parameters[command]);
}
