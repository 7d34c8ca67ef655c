/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes back.  An answer whose ID and question are right may still be forged: over UDP it
 * must have the letters' case and the cookie that were sent, be whole, and repeat the question.
 * What is not so is not taken, nor does it end the attempt, since the true answer may be on its
 * way; the question is asked over a connection beside it, which cannot be forged from afar.
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

static uint64_t now_of(const struct server *server)
{
	return server->upstreams->loop->env.now_ms;
}

/* Once a server has sent back what it should not to several questions in a row, it is known not to
 * be able to; a forger would have to guess ID and port of each.  True when that is known now. */
static bool miss(struct attempt *a, struct trait *trait)
{
	if (a->missed)
		return false;
	a->missed = true;
	return trait_missed(trait, now_of(a->server));
}

static bool believe_case(struct attempt *a, const uint8_t *msg)
{
	struct server *server = a->server;

	if (!attempt_case_kept(a, msg)) {
		if (miss(a, &server->spells))
			log_trait(server, "changes the case of letters: it is no longer drawn at "
					  "random for it");
		return false;
	}
	if (a->with_case && wire_get16(msg + 4) > 0)
		trait_kept(&server->spells);
	return true;
}

/* The server's part is kept, to be sent with the next question (RFC 7873, 5.3). */
static void keep_cookie(struct server *server, const struct reply *reply)
{
	memcpy(server->cookie, reply->cookie, reply->cookie_len);
	server->cookie_len = reply->cookie_len;
	trait_kept(&server->cookies);
}

/* A server that has given a cookie before does so always.  Of a truncated answer no more is taken
 * than that it is to be asked for over TCP, which needs no belief. */
static bool believe_cookie(struct attempt *a, const struct reply *reply)
{
	struct server *server = a->server;

	if (!a->with_cookie || reply->tc)
		return true;
	if (reply->cookie_len == 0) {
		bool expected = server->cookie_len > EDNS_COOKIE_CLIENT;

		if ((expected || trait_is_given_up(&server->cookies)) && miss(a, &server->cookies))
			log_trait(server, "no longer answers with cookies: it is sent none");
		if (trait_is_given_up(&server->cookies))
			server->cookie_len = EDNS_COOKIE_CLIENT;
		return !expected;
	}
	if (memcmp(reply->cookie, server->cookie, EDNS_COOKIE_CLIENT) != 0)
		return false;
	keep_cookie(server, reply);
	return true;
}

/* FORMERR or NOTIMP without an OPT, to a question with one: it may not know EDNS (RFC 6891, 7). */
static bool seems_without_edns(const struct attempt *a, const struct reply *reply)
{
	return (reply->rcode == RCODE_FORMERR || reply->rcode == RCODE_NOTIMP) &&
	       a->edns != EDNS_NONE && !reply->has_opt;
}

/* A server that does not know EDNS, or stumbles over the cookie in it, says FORMERR (RFC 7873, 5.3
 * wants BADCOOKIE asked again): it is asked once more, as it may like it better. */
static bool ask_otherwise(struct question *q, const struct attempt *a, const struct reply *reply)
{
	struct server *server = a->server;
	bool without_edns = seems_without_edns(a, reply);

	if (reply->rcode == RCODE_BADCOOKIE && a->with_cookie)
		return try_again(q, server, q->bad_cookies++ > 0);
	if (!without_edns && (reply->rcode != RCODE_FORMERR || a->edns == EDNS_NONE ||
			      !a->with_cookie || reply->cookie_len))
		return false;
	q->stumbled = server;
	q->edns = without_edns ? EDNS_NONE : EDNS_NO_COOKIE;
	return try_again(q, server, a->link != NULL);
}

/* The server stumbled over the cookie, or EDNS, and not over the question. */
static void learn(const struct question *q, const struct attempt *a, const struct reply *reply)
{
	struct server *server = a->server;

	if (reply->has_opt)
		trait_kept(&server->edns);
	if (a->edns == EDNS_NO_COOKIE && reply->rcode != RCODE_FORMERR) {
		if (trait_lacks(&server->cookies, now_of(server)))
			log_trait(server, "stumbles over cookies: it is sent none");
		server->cookie_len = EDNS_COOKIE_CLIENT;
	}
	if (a->edns == EDNS_NONE && q->stumbled == server && reply->kind != REPLY_FAILURE &&
	    trait_missed(&server->edns, now_of(server)))
		log_trait(server, "does not know EDNS: it is asked without");
}

static void ask_over_connection(struct question *q, struct server *server)
{
	if (!try_again(q, server, true))
		try_failed(q, server, FAILURE_NETWORK);
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

/* Over a connection it is the server's own word: what else it is asked comes to the same. */
static void end_others(struct question *q, const struct server *server)
{
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server == server)
			attempt_end(&q->attempts[i]);
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
	learn(q, a, reply);
	if (ask_otherwise(q, a, reply)) {
		stats_inc(env->stats, upstream_retries);
		return;
	}
	if (reply->kind == REPLY_FAILURE || reply->tc) {
		stats_inc(env->stats, upstream_failures);
		a->server->link_misses += reply->tc;
		edes_copy(&q->ede, &reply->ede); /* what it says of the cause */
		if (a->link)
			end_others(q, a->server);
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
	if (reply->kind == REPLY_CNAME) {
		chase_begin(q, reply);
		return;
	}
	if (query_seeks(env, &q->key)) {
		seek_settle(q, q->upstreams->message, reply);
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

	health_answered(was.server, a);
	server_busy(was.server);
	attempt_end(a);
	if (reply) {
		take_reply(q, &was, len, reply);
	} else { /* over a connection */
		end_others(q, was.server);
		try_failed(q, was.server, FAILURE_ANSWER);
	}
	server_done(was.server);
}

/* The message is from the server's address and port, which is all that is believed of it. */
static void suspect(struct attempt *a)
{
	stats_inc(a->server->upstreams->loop->env.stats, upstream_unbelieved);
	health_heard(a->server);
	try_suspect(a->question, a->server);
}

/* An error that does not repeat the question: a forger needs the port and the ID alone.  Where it
 * may be that the server does not know EDNS, it is asked without beside. */
static void take_bare(struct attempt *a, const struct reply *reply)
{
	struct question *q = a->question;
	struct server *server = a->server;

	if (reply->tc || q->stumbled == server || !seems_without_edns(a, reply)) {
		suspect(a);
		return;
	}
	health_heard(server);
	q->stumbled = server;
	q->edns = EDNS_NONE;
	if (try_again(q, server, false))
		stats_inc(q->upstreams->loop->env.stats, upstream_retries);
}

static void take_broken(struct attempt *a)
{
	stats_inc(a->server->upstreams->loop->env.stats, upstream_bad);
	if (a->source)
		suspect(a);
	else
		conclude(a, 0, NULL);
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
	} else if (!believe_case(a, up->message)) {
		suspect(a);
	} else if (reply_parse(up->message, len, q->key.question_len, &env->snapshot->ttl,
			       &reply) != ERR_OK) {
		take_broken(a);
	} else if (!believe_cookie(a, &reply)) {
		suspect(a);
	} else if (a->source && wire_get16(up->message + 4) == 0) {
		take_bare(a, &reply);
	} else {
		conclude(a, len, &reply);
	}
}
