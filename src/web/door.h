/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A way in: a listening socket, and what bounds those who come by it.  evhttp takes as many
 * connections as come, for as long as an octet comes now and then; a door has places for
 * DOOR_GUESTS, and shows each out when its time is up, and the oldest when the last place is taken:
 * who asks nothing keeps nobody out.
 */
#ifndef WEB_DOOR_H
#define WEB_DOOR_H

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/err.h"

#define DOOR_GUESTS 64U	 /* connections of one door at a time; for another one the oldest goes */
#define DOOR_STAY_S 15U	 /* a connection ends then, whatever it is at */
#define DOOR_SILENCE_S 5 /* or when nothing comes for so long */
#define DOOR_HEADERS_MAX 8192
#define DOOR_BODY_MAX 65536

enum door_kind { DOOR_SOCKET, DOOR_TOKEN, DOOR_METRICS };

struct door;

/* Answers a request by door_reply, before it returns. */
typedef void door_fn(struct door *door, struct evhttp_request *req, void *arg);

struct door_guest {
	struct bufferevent *bev; /* a reference of our own; NULL: the place is free */
	uint64_t until_s;
	uint64_t number; /* of those who came */
};

/* The caller's memory, zero-initialised. */
struct door {
	enum door_kind kind;
	bool loopback;	  /* who comes by a name of another site is turned away */
	char path[108];	  /* of a DOOR_SOCKET */
	struct stat made; /* its file, as we made it */
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *round; /* looks who is still there */
	bool shut;	     /* all places are taken */
	uint64_t came;
	struct door_guest guests[DOOR_GUESTS];
	door_fn *fn;
	void *arg;
};

/* Opens the Unix socket `path`, mode 0660, in the place of one that nobody serves any more.
 * `group` may be "".  ERR_SYS, ERR_NOMEM, ERR_RANGE, ERR_NOTFOUND with `text`. */
enum err door_open_socket(struct door *door, struct event_base *base, const char *path,
			  const char *group, struct err_text *text) MUST_CHECK;

/* Opens a TCP address; shared with another process of ours, which this one succeeds. */
enum err door_open_address(struct door *door, struct event_base *base,
			   const struct endpoint *address, struct err_text *text) MUST_CHECK;

/* Closes it, and removes the socket's file unless another one stands in its place by now. */
void door_close(struct door *door);

/* Sends `body` (emptied) of `type`, with the fields that forbid a browser to make anything of it.
 */
void door_reply(struct evhttp_request *req, int code, const char *type, struct evbuffer *body);

/* Sends a file of the page (`body`, emptied): it may load the others and ask the daemon, and
 * nothing else. */
void door_reply_page(struct evhttp_request *req, const char *type, struct evbuffer *body);

#endif
