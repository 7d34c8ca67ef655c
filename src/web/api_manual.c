/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said by command: block, unblock, list off, and taken back. */
#include <event2/bufferevent.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "line/host.h"
#include "manual/until.h"
#include "explain/explain.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/body.h"
#include "web/json.h"

/* ---- what is asked */

/* Who asks: the user behind the Unix socket, or who has the token. */
static void name_asker(struct evhttp_request *req, char by[MANUAL_BY_MAX])
{
	struct evhttp_connection *connection = evhttp_request_get_connection(req);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	struct ucred user = {.pid = 0};
	socklen_t len = sizeof(user);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len) == 0 && user.pid > 0)
		snprintf(by, MANUAL_BY_MAX, "user %u", (unsigned int)user.uid);
	else
		snprintf(by, MANUAL_BY_MAX, "the token");
}

/* A text that may be missing, which leaves `buf` as it is. */
static enum err read_optional(const char *data, size_t len, const char *key, char *buf, size_t size)
{
	enum err err = body_text(data, len, key, buf, size);

	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err read_until(const char *data, size_t len, struct manual_entry *entry,
			   struct err_text *text)
{
	const char *key = entry->kind == MANUAL_LIST_OFF ? "for" : "until";
	char until[64] = "";
	enum err err = read_optional(data, len, key, until, sizeof(until));

	if (err != ERR_OK)
		return err_set(text, err, "%s is no short text", key);
	if (!*until && entry->kind == MANUAL_LIST_OFF)
		return err_set(text, ERR_SYNTAX, "for is missing: how long");
	return *until ? until_parse(until, entry->since_s, &entry->until_s, text) : ERR_OK;
}

/*
 * What a person takes for a name and no client asks for: an address, a URL, a pattern.  It would be
 * said to be blocked, and nothing would be.  Who means such octets in a label writes an escape.
 */
static enum err check_written(const char *written, struct err_text *text)
{
	struct name host;
	struct ip ip;

	if (ip_parse(written, &ip) == ERR_OK)
		return err_set(text, ERR_SYNTAX,
			       "this is an address: a list of format: addresses blocks those");
	if (strchr(written, '\\') || host_from_text(written, strlen(written), &host) == ERR_OK)
		return ERR_OK;
	return err_set(text, ERR_SYNTAX,
		       "this is no name of a host; what is said holds for a name and all below it");
}

static enum err read_subject(const char *data, size_t len, bool take_back,
			     struct manual_entry *entry, struct err_text *text)
{
	char name[NAME_TEXT_MAX];

	if (entry->kind == MANUAL_LIST_OFF)
		return err_set(text, body_text(data, len, "list", entry->list, sizeof(entry->list)),
			       "the name of a list is missing");
	if (body_text(data, len, "name", name, sizeof(name)) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "the name is missing");
	if (host_from_written(name, &entry->name) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "this is no name");
	return take_back ? ERR_OK : check_written(name, text);
}

/* Reads all of `entry` but its kind. */
static enum err read_entry(struct evhttp_request *req, bool take_back, struct manual_entry *entry,
			   struct err_text *text)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	const char *data = (const char *)evbuffer_pullup(in, -1);
	enum err err;

	entry->since_s = clock_unix_s();
	name_asker(req, entry->by);
	err = read_subject(data, len, take_back, entry, text);
	if (err != ERR_OK)
		return err;
	err = read_optional(data, len, "ticket", entry->ticket, sizeof(entry->ticket));
	if (err != ERR_OK || !manual_is_ticket(entry->ticket))
		return err_set(text, ERR_SYNTAX,
			       "the ticket is no text of at most %u octets without control "
			       "characters",
			       MANUAL_TICKET_MAX - 1);
	return ERR_OK;
}

/* ---- the answer */

/* What a query for the entry's name is answered now. */
struct outcome {
	const struct manual_entry *entry;
	json_t *made;
};

static void look(const struct web_now *now, void *arg)
{
	struct outcome *outcome = arg;
	struct explain_question question = {.qtype = TYPE_A, .name = outcome->entry->name};
	struct explanation e;

	if (explain(now->snapshot, &question, &e) == ERR_OK)
		outcome->made = json_explain(now->snapshot, &e);
}

static void answer_said(struct evhttp_request *req, const struct web_view *view,
			const struct manual_entry *entry, bool kept)
{
	struct outcome outcome = {.entry = entry};
	json_t *said = json_manual_entry(entry);

	json_object_set_new(said, "kept", json_boolean(kept));
	if (entry->kind != MANUAL_LIST_OFF)
		view->look(view->daemon, look, &outcome);
	if (outcome.made)
		json_object_set_new(said, "now", outcome.made);
	answer_json(req, HTTP_OK, said);
}

static void refuse(struct evhttp_request *req, enum err err, const struct err_text *text)
{
	switch (err) {
	case ERR_REFUSED:
		answer_refuse(req, 409, text->text);
		break;
	case ERR_NOTFOUND:
		answer_refuse(req, HTTP_NOTFOUND, text->text);
		break;
	case ERR_CANCELLED:
	case ERR_NOMEM:
		answer_refuse(req, HTTP_SERVUNAVAIL, text->text);
		break;
	default:
		answer_refuse(req, HTTP_BADREQUEST, text->text);
	}
}

/* ---- requests */

static void say(struct evhttp_request *req, const struct web_view *view, enum manual_kind kind)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	struct manual_entry entry = {.kind = kind};
	struct err_text text;
	bool kept = false;
	enum err err = read_entry(req, false, &entry, &text);

	if (err == ERR_OK)
		err = read_until((const char *)evbuffer_pullup(in, -1), evbuffer_get_length(in),
				 &entry, &text);
	if (err == ERR_OK)
		err = view->say(view->daemon, &entry, false, &kept, &text);
	if (err == ERR_OK)
		answer_said(req, view, &entry, kept);
	else
		refuse(req, err, &text);
}

void api_block(struct evhttp_request *req, const struct web_view *view)
{
	say(req, view, MANUAL_BLOCK);
}

void api_unblock(struct evhttp_request *req, const struct web_view *view)
{
	say(req, view, MANUAL_PASS);
}

void api_list_off(struct evhttp_request *req, const struct web_view *view)
{
	say(req, view, MANUAL_LIST_OFF);
}

void api_list_on(struct evhttp_request *req, const struct web_view *view)
{
	struct manual_entry entry = {.kind = MANUAL_LIST_OFF};
	struct err_text text;
	bool kept = false;
	enum err err = read_entry(req, true, &entry, &text);

	if (err == ERR_OK)
		err = view->say(view->daemon, &entry, true, &kept, &text);
	if (err == ERR_OK)
		answer_said(req, view, &entry, kept);
	else
		refuse(req, err, &text);
}

/* A name may be in both kinds. */
void api_withdraw(struct evhttp_request *req, const struct web_view *view)
{
	struct manual_entry entry = {.kind = MANUAL_BLOCK};
	struct err_text text;
	bool kept = false;
	enum err err = read_entry(req, true, &entry, &text);
	enum err other = ERR_NOTFOUND;

	if (err == ERR_OK) {
		err = view->say(view->daemon, &entry, true, &kept, &text);
		if (err == ERR_OK || err == ERR_NOTFOUND) {
			entry.kind = MANUAL_PASS;
			other = view->say(view->daemon, &entry, true, &kept, &text);
		}
	}
	if (err == ERR_OK || other == ERR_OK)
		answer_said(req, view, &entry, kept);
	else
		refuse(req, err, &text);
}
