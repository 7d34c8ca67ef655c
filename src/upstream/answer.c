/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes back.  An answer whose ID and question are right may still be forged: over UDP it
 * must have the letters' case and the cookie that were sent.  What lacks them is not taken; the
 * question is asked again over a connection, which cannot be forged from afar, and the attempt
 * stays, since the true answer may be on its way.
 */
#include <string.h>

#include "base/log.h"
#include "upstream/engine.h"

static void log_trait(const struct server *server, const char *text)
{
	char name[ADDR_TEXT_MAX];

	log_limited(LOG_LEVEL_NOTICE, "upstream %s %s",
		    endpoint_text(&server->address, name, sizeof(name)), text);
}

/* Once a server has sent back what it should not to several questions in a row, it is known not to
 * be able to; a forger would have to guess ID and port of each.  True when that is known now. */
static bool miss(struct attempt *a, uint32_t *misses)
{
	if (a->missed)
		return false;
	a->missed = true;
	return ++*misses == MISSES_MAX;
}

static void ask_over_connection(struct question *q, struct server *server)
{
	if (!try_again(q, server, true))
		try_failed(q, server, FAILURE_NETWORK);
}

static bool believe_case(struct attempt *a, const uint8_t *msg)
{
	struct server *server = a->server;

	if (!attempt_case_kept(a, msg)) {
		if (miss(a, &server->case_misses))
			log_trait(server, "changes the case of letters: it is no longer drawn at "
					  "random for it");
		return false;
	}
	if (a->with_case && server->case_misses < MISSES_MAX)
		server->case_misses = 0;
	return true;
}

/* The server's part is kept, to be sent with the next question (RFC 7873, 5.3). */
static void keep_cookie(struct server *server, const struct reply *reply)
{
	memcpy(server->cookie, reply->cookie, reply->cookie_len);
	server->cookie_len = reply->cookie_len;
	server->cookie_misses = 0;
}

static void give_up_cookies(struct server *server, const char *text)
{
	if (!server->no_cookies)
		log_trait(server, text);
	server->no_cookies = true;
	server->cookie_len = EDNS_COOKIE_CLIENT;
}

/* A server that has given a cookie before does so always.  Of a truncated answer no more is taken
 * than that it is to be asked for over TCP, which needs no belief. */
static bool believe_cookie(struct attempt *a, const struct reply *reply)
{
	struct server *server = a->server;

	if (!a->with_cookie || reply->tc)
		return true;
	if (reply->cookie_len == 0) {
		if (server->cookie_len <= EDNS_COOKIE_CLIENT)
			return true;
		if (miss(a, &server->cookie_misses))
			give_up_cookies(server, "no longer answers with cookies: it is sent none");
		return false;
	}
	if (memcmp(reply->cookie, server->cookie, EDNS_COOKIE_CLIENT) != 0)
		return false;
	keep_cookie(server, reply);
	return true;
}

/* Keeps what an unusable answer says of its cause. */
static void keep_ede(struct question *q, const struct reply *reply)
{
	q->ede.len = (uint8_t)reply->ede_len;
	memcpy(q->ede.data, reply->ede, reply->ede_len);
}

/* A server that does not know EDNS, or stumbles over the cookie in it, says FORMERR (RFC 6891, 7;
 * RFC 7873, 5.3 wants BADCOOKIE asked again): it is asked once more, as it may like it better. */
static bool ask_otherwise(struct question *q, const struct attempt *a, const struct reply *reply)
{
	struct server *server = a->server;

	if (reply->rcode == RCODE_BADCOOKIE && a->with_cookie)
		return try_again(q, server, q->bad_cookies++ > 0);
	if (reply->rcode != RCODE_FORMERR || a->edns == EDNS_NONE)
		return false;
	if (reply->has_opt && (!a->with_cookie || reply->cookie_len))
		return false;
	q->stumbled = server;
	q->edns = reply->has_opt ? EDNS_NO_COOKIE : EDNS_NONE;
	return try_again(q, server, a->link != NULL);
}

/* It was the cookie that the server stumbled over, and not the question. */
static void learn_of_cookies(const struct attempt *a, const struct reply *reply)
{
	if (a->edns == EDNS_NO_COOKIE && reply->rcode != RCODE_FORMERR)
		give_up_cookies(a->server, "stumbles over cookies: it is sent none");
}

/* The server is well, but its answer did not fit.  Where it fails to give such answers over
 * connections, it is not well in this, and has failed at once if another may know. */
static void take_truncated(struct question *q, struct server *server)
{
	struct upstream_result nothing = {.failure = QUERY_FAIL_NO_REPLY};
	bool known_to_fail = server->link_misses >= MISSES_MAX;

	q->truncated = server;
	if (!known_to_fail)
		health_good(server);
	if (q->kind == QUESTION_MEASURE && !known_to_fail)
		finish(q, &nothing);
	else if (uplink_is_worth_it(server))
		ask_over_connection(q, server);
	else if (pick_second(q))
		try_failed(q, server, FAILURE_ANSWER);
	else if (!try_plain(q, server))
		ask_over_connection(q, server);
}

/* The answer is the server's; `a` is over. */
static void take_reply(struct question *q, const struct attempt *a, size_t len, struct reply *reply)
{
	const struct query_env *env = &q->upstreams->loop->env;
	struct upstream_result result = {.reply = reply};

	if (reply->tc && a->source) {
		take_truncated(q, a->server);
		return;
	}
	learn_of_cookies(a, reply);
	if (ask_otherwise(q, a, reply)) {
		stats_inc(env->stats, upstream_retries);
		return;
	}
	if (reply->kind == REPLY_FAILURE || reply->tc) {
		stats_inc(env->stats, upstream_failures);
		a->server->link_misses += reply->tc;
		keep_ede(q, reply);
		try_failed(q, a->server, FAILURE_ANSWER);
		return;
	}
	health_good(a->server);
	silence_end(q->upstreams, &q->key);
	if (a->link)
		a->server->link_misses = 0;
	if (q->kind == QUESTION_MEASURE) {
		finish(q, &result);
		return;
	}
	result.verdict = query_resolve(env, &q->key, q->upstreams->message, len, reply);
	finish(q, &result);
}

/* Ends the attempt, with its server kept till what follows from it is done. */
static void conclude(struct attempt *a, size_t len, struct reply *reply)
{
	struct attempt was = *a;
	struct question *q = a->question;

	server_busy(was.server);
	attempt_end(a);
	if (reply)
		take_reply(q, &was, len, reply);
	else
		try_failed(q, was.server, FAILURE_ANSWER);
	server_done(was.server);
}

void answer_take(struct attempt *a, size_t len)
{
	struct question *q = a->question;
	struct upstreams *up = q->upstreams;
	const struct query_env *env = &up->loop->env;
	struct reply reply;

	if (q->kind == QUESTION_PROBE) {
		health_heard(a->server); /* whatever it says */
		attempt_end(a);
		return;
	}
	if (!believe_case(a, up->message)) {
		stats_inc(env->stats, upstream_unbelieved);
		ask_over_connection(q, a->server);
		return;
	}
	if (reply_parse(up->message, len, q->key.question_len, &env->snapshot->ttl, &reply) !=
	    ERR_OK) {
		stats_inc(env->stats, upstream_bad);
		health_answered(a->server, a);
		conclude(a, len, NULL);
		return;
	}
	if (!believe_cookie(a, &reply)) {
		stats_inc(env->stats, upstream_unbelieved);
		ask_over_connection(q, a->server);
		return;
	}
	health_answered(a->server, a);
	conclude(a, len, &reply);
}
