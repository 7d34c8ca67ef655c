/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/answer.h"

#include <event2/buffer.h>
#include <stdlib.h>

#include "web/door.h"

#define JSON_TYPE "application/json"

void answer_json(struct evhttp_request *req, int code, json_t *root)
{
	struct evbuffer *body = evbuffer_new();
	char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

	if (body && text && evbuffer_add_printf(body, "%s\n", text) > 0)
		door_reply(req, code, JSON_TYPE, body);
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	free(text);
	json_decref(root);
	if (body)
		evbuffer_free(body);
}

void answer_refuse(struct evhttp_request *req, int code, const char *why)
{
	json_t *text = json_string(why); /* NULL: it quotes what is no UTF-8 */

	answer_json(req, code, json_pack("{s:o}", "error", text ? text : json_string("refused")));
}
