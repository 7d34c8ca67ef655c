/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the landing share.
 *
 *   landing.c     made, started, ended
 *   sockets.c     what is listened on
 *   http.c        requests, and the page
 *   silent.c      TLS, and other ports
 *   bounds.c      how often a client may come, and notes
 *   guests.c      who is there
 *   page.c, words.c   the page
 *   host.c, language.c, hello.c, fingerprint.c   what is read of others
 */
#ifndef LANDING_PARTS_H
#define LANDING_PARTS_H

#include <event2/http.h>
#include <event2/listener.h>
#include <pthread.h>

#include "landing/guests.h"
#include "landing/landing.h"
#include "landing/page.h"
#include "loop/bucket.h"

#define LANDING_SOCKETS_MAX 256U

enum landing_kind { LANDING_HTTP, LANDING_TLS, LANDING_OTHER };

struct landing_socket {
	struct landing *landing;
	enum landing_kind kind;
	struct endpoint address;
	struct evconnlistener *listener; /* NULL: it is not listened on yet */
	bool given;			 /* to evhttp, which frees it */
};

struct landing {
	size_t count;
	int fds[LANDING_SOCKETS_MAX]; /* of the sockets */
	struct landing_socket sockets[LANDING_SOCKETS_MAX];

	struct event_base *base;
	struct event *end;
	struct event *sweep;
	uint32_t sweeps;
	int end_fd;
	pthread_t thread;
	bool running;

	struct evhttp *http;
	struct guests guests;
	struct hash_key key;
	struct buckets *buckets;
	char policy[PAGE_POLICY_MAX];
	struct stats stats; /* the thread's */
	struct visits *visits;
	order_fn *order;
	void *arg;
};

/* Opens what `conf` names. */
void landing_sockets_open(struct landing *landing, const struct conf_landing *conf,
			  landing_take_fn *take, void *arg);

/* Has the kind of service begin at each socket.  ERR_NOMEM. */
enum err landing_http_begin(struct landing *landing) MUST_CHECK;
void landing_silent_begin(struct landing_socket *socket);

/* True when the client has come too often of late, which is counted. */
bool landing_is_too_much(struct landing *landing, const struct ip *client);

/* Notes what came down. */
void landing_note(struct landing *landing, const struct visit_key *key);

#endif
