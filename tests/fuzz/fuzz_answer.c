/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile upstreams: any course of questions, answers, failures and times that are up, through all
 * of upstream but its sockets, which this file stands in for.
 *
 * Each client is told once.  It is told a good answer only while a message is being taken that has
 * the ID and the question of something that is in flight to the server it comes from, for what this
 * client asked; over UDP, with the letters' case and the cookie that were sent.  What it is given
 * is exactly the records it counts.  In the end nothing is left behind.
 *
 * Input: an octet that says how servers are asked (HOW_), then steps: an octet, of which the lower
 * three bits say what is done (STEP_) and the others to whom, and what the step needs.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "upstream/engine.h"
#include "support/pipeline.h"
#include "fuzz.h"

#define HOW_CASE 1U
#define HOW_COOKIES 2U
#define HOW_SECOND 4U /* there is a second server */
#define HOW_TCP 8U    /* the first is asked over TCP alone */
#define HOW_SEEK 16U  /* a zone has rules for name servers, which are asked for */
#define HOW_EARLY 32U /* and clients do not wait for that */

enum step {
	STEP_ASK,    /* to: which name, and whether another is asked when this is told */
	STEP_ANSWER, /* CHANGE_ bits, a length of 16 bits, what follows the ID */
	STEP_RAW,    /* a length of 16 bits, a message */
	STEP_FAIL,   /* how */
	STEP_RETRY,
	STEP_GIVE_UP,
	STEP_TURN, /* to: bit 0: nothing can be sent from here on */
	STEP_KNOW, /* to: bit 0: all are set aside, and to be measured; bit 1: other servers (bit 2:
		      which); bits 3 and 4: an event of struct health */
};

/* Of an answer that has the ID and the question as they were sent. */
#define CHANGE_ID 1U
#define CHANGE_CASE 2U	 /* the question in lower case */
#define CHANGE_COOKIE 4U /* with the cookie at its end, in an OPT */
#define CHANGE_LIAR 8U	 /* which is another's */
#define CHANGE_NO_QUESTION 16U
#define CHANGE_TRANSPORT 32U /* over the other one */

#define ASKERS 24U
#define IN_FLIGHT 6U
#define QUESTIONS (2 * IN_FLIGHT) /* with those that are ending */
#define CACHE_BYTES (1U << 18)
#define SERVER_PART 8U

struct asker {
	struct upstream_waiter base;
	struct query_key key;
	bool asked;
	bool asks_again;
	unsigned int told;
};

/* What was sent for an attempt. */
struct sent {
	uint8_t msg[QUERY_UPSTREAM_MAX];
	size_t len;
};

/* A message while it is taken. */
struct delivery {
	const uint8_t *msg; /* NULL: there is none */
	struct sent sent;
	bool over_link;
	bool with_cookie;
	bool knows_cookie; /* the server has given its part before */
	uint8_t cookie[EDNS_COOKIE_CLIENT];
};

static struct pipeline pipeline;
static const struct list_row lists[] = {
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "blocked.example"},
	{.name = "feed",
	 .action = ACTION_NODATA,
	 .rules = "^evil.example %192.0.2.0/28",
	 .zone = true}};
static const char *const names[] = {"www.example", "abcdefghij.klmnopqrst.example", "example", "."};

static struct world {
	struct loop loop;
	struct upstreams *up;
	struct asker askers[ASKERS];
	unsigned int asker_count;
	struct sent sent[QUESTIONS * ATTEMPTS_MAX];
	struct sent probe; /* the last */
	struct delivery delivery;
	LIST_HEAD(, attempt) linked; /* attempts over connections */
	bool cannot_send;
	bool seeks; /* servers are asked for before clients are told */
} world;

/* ---- in the place of remote/udp.c and remote/link.c, and of chance */

static uint64_t chance;

uint32_t random_u32(struct random_pool *pool)
{
	(void)pool;
	chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(chance >> 32);
}

static struct sent *sent_of(const struct attempt *a)
{
	size_t question = places_number(&world.up->questions, a->question);
	size_t place = (size_t)(a - a->question->attempts);

	if (a->question->kind == QUESTION_PROBE)
		return &world.probe;
	require(question < QUESTIONS && place < ATTEMPTS_MAX);
	return &world.sent[question * ATTEMPTS_MAX + place];
}

static void write_message(struct attempt *a)
{
	struct sent *sent = sent_of(a);

	a->id = (uint16_t)random_u32(NULL);
	a->sent_us = world.loop.now_us;
	sent->len = attempt_message(a, sent->msg);
	require(sent->len <= sizeof(sent->msg) && wire_get16(sent->msg) == a->id);
}

enum err udp_send(struct upstreams *up, struct attempt *a)
{
	require(up == world.up && a->server->transport == SERVER_UDP);
	if (world.cannot_send)
		return ERR_SYS;
	a->source = &a->server->sources[0];
	write_message(a);
	LIST_INSERT_HEAD(&a->source->attempts, a, entry);
	return ERR_OK;
}

enum received udp_receive(struct source *s, struct attempt **ret_a, size_t *ret_len)
{
	(void)s;
	(void)ret_a;
	(void)ret_len;
	require_failed(__LINE__, "a socket is open");
	return RECEIVED_NOTHING;
}

enum received uplink_receive(struct uplink *link, struct attempt **ret_a, size_t *ret_len)
{
	(void)link;
	(void)ret_a;
	(void)ret_len;
	require_failed(__LINE__, "a connection is open");
	return RECEIVED_NOTHING;
}

struct uplink *uplink_readable(struct upstreams *up)
{
	(void)up;
	return NULL;
}

struct server *uplink_server(const struct uplink *link)
{
	(void)link;
	require_failed(__LINE__, "a connection is open");
	return NULL;
}

enum err uplink_send(struct upstreams *up, struct attempt *a)
{
	static union {
		void *align;
		char octet;
	} link;

	require(up == world.up);
	if (world.cannot_send)
		return ERR_SYS;
	a->link = (struct uplink *)(void *)&link;
	write_message(a);
	LIST_INSERT_HEAD(&world.linked, a, entry);
	return ERR_OK;
}

void uplink_forget(struct attempt *a)
{
	LIST_REMOVE(a, entry);
	a->link = NULL;
}

bool uplink_is_worth_it(struct server *server)
{
	return server->link_misses < MISSES_MAX;
}

void uplinks_free(struct uplinks *links)
{
	require(!links);
}

/* ---- what is told */

/* The octets of the question, compared without regard to case or with it. */
static bool same_question(const uint8_t *a, const uint8_t *b, size_t len, bool with_case)
{
	for (size_t i = 0; i < len; i++) {
		bool letter = (a[i] | 0x20) >= 'a' && (a[i] | 0x20) <= 'z';

		if (a[i] != b[i] && (with_case || !letter || (a[i] ^ b[i]) != 0x20))
			return false;
	}
	return true;
}

static bool has_capitals(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i] >= 'A' && octets[i] <= 'Z')
			return true;
	return false;
}

/* The body is what its counts say. */
static void require_whole(const struct query_key *key, const struct reply *reply)
{
	unsigned int records = (unsigned int)reply->ancount + reply->nscount + reply->arcount;
	size_t len = WIRE_HEADER + (size_t)key->question_len + reply->body_len;
	uint8_t *msg = calloc(1, len);
	size_t pos = WIRE_HEADER + (size_t)key->question_len;
	struct wire_rr rr;

	require(msg && !reply->tc);
	memcpy(msg + WIRE_HEADER, key->question, key->question_len);
	if (reply->body_len)
		memcpy(msg + pos, reply->body, reply->body_len);
	while (records-- > 0)
		require(wire_next_rr(msg, len, &pos, &rr) == ERR_OK && rr.type != TYPE_OPT);
	require(pos == len);
	free(msg);
}

/* It is what came just now, and that may be believed. */
static void require_due(const struct asker *a, const struct reply *reply)
{
	const struct delivery *d = &world.delivery;
	size_t len = a->key.question_len;
	const uint8_t *question;
	bool drawn;

	if (world.seeks) { /* it came before those of others */
		require_whole(&a->key, reply);
		return;
	}
	require(d->msg);
	question = d->msg + WIRE_HEADER;
	require(memcmp(d->msg, d->sent.msg, 2) == 0);
	require(same_question(question, a->key.question, len, false));
	require(same_question(d->sent.msg + WIRE_HEADER, a->key.question, len, false));
	require_whole(&a->key, reply);
	if (d->over_link)
		return;
	drawn = has_capitals(d->sent.msg + WIRE_HEADER, len - 4);
	require(!drawn || same_question(question, d->sent.msg + WIRE_HEADER, len, true));
	require(!d->with_cookie || !d->knows_cookie || reply->cookie_len > 0);
	require(!d->with_cookie || reply->cookie_len == 0 ||
		memcmp(reply->cookie, d->cookie, sizeof(d->cookie)) == 0);
}

static void ask(unsigned int which);

static void on_told(struct upstream_waiter *base, const struct upstream_result *result)
{
	struct asker *a = (struct asker *)base;

	require(a->asked && ++a->told == 1);
	if (result->reply && result->reply->kind != REPLY_FAILURE)
		require_due(a, result->reply);
	if (a->asks_again)
		ask((unsigned int)(a - world.askers) % 4);
}

/* ---- steps */

static void ask(unsigned int which)
{
	struct asker *a = &world.askers[world.asker_count];
	struct pipeline_question question;
	struct message m;

	if (world.asker_count == ASKERS)
		return;
	world.asker_count++;
	message_query(&m, names[which % 4], which & 4 ? TYPE_TXT : TYPE_A);
	require(pipeline_ask(&pipeline, TRANSPORT_UDP, &m, &question) == QUERY_FORWARD);
	a->key = question.key;
	a->base.wait = question.wait;
	a->base.done = on_told;
	a->asks_again = which & 8;
	a->asked = upstream_ask(world.up, &a->key, &a->base) == ERR_OK;
	require(a->told == 0);
}

/* One of the attempts under way; NULL: there is none. */
static struct attempt *attempt_at(unsigned int which)
{
	struct question *q;
	unsigned int count = 0;

	for (int round = 0; round < 2; round++) {
		unsigned int left = count ? which % count : UINT32_MAX;

		TAILQ_FOREACH(q, &world.up->queue, age) {
			for (uint32_t i = 0; i < q->attempt_count; i++) {
				if (!q->attempts[i].server)
					continue;
				if (round && left-- == 0)
					return &q->attempts[i];
				count += !round;
			}
		}
	}
	return NULL;
}

static struct attempt *find(const struct server *server, bool over_link, const uint8_t *msg,
			    size_t len)
{
	struct attempt *a =
		over_link ? LIST_FIRST(&world.linked) : LIST_FIRST(&server->sources[0].attempts);

	for (; a; a = LIST_NEXT(a, entry))
		if (a->server == server && attempt_matches(a, msg, len))
			return a;
	return NULL;
}

/* The server says this. */
static void deliver(struct server *server, bool over_link, const uint8_t *msg, size_t len)
{
	struct attempt *a = find(server, over_link, msg, len);

	if (!a)
		return;
	world.delivery = (struct delivery){
		.msg = msg,
		.sent = *sent_of(a),
		.over_link = over_link,
		.with_cookie = a->with_cookie,
		.knows_cookie = server->cookie_len > EDNS_COOKIE_CLIENT,
	};
	memcpy(world.delivery.cookie, server->cookie, EDNS_COOKIE_CLIENT);
	require(len <= sizeof(world.up->message));
	memcpy(world.up->message, msg, len);
	answer_take(a, len);
	world.delivery.msg = NULL;
}

struct input {
	const uint8_t *data;
	size_t left;
};

static unsigned int take8(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static unsigned int take16(struct input *in)
{
	unsigned int high = take8(in);

	return high << 8 | take8(in);
}

static size_t take(struct input *in, const uint8_t **ret_octets)
{
	size_t len = take16(in);

	if (len > in->left)
		len = in->left;
	*ret_octets = in->data;
	in->data += len;
	in->left -= len;
	return len;
}

static void add_cookie(struct message *m, const struct server *server, bool liar)
{
	uint8_t cookie[EDNS_COOKIE_CLIENT + SERVER_PART] = {0};

	memcpy(cookie, server->cookie, EDNS_COOKIE_CLIENT);
	cookie[0] ^= liar;
	memset(cookie + EDNS_COOKIE_CLIENT, 0x5c, SERVER_PART);
	message_opt_begin(m, 1232, 0);
	message_option(m, OPTION_COOKIE, cookie, sizeof(cookie));
	message_end(m);
}

/* ID and question as they were sent to an attempt; the flags, the counts but for the question's,
 * and what follows are the input's. */
static void answer(struct attempt *a, struct input *in)
{
	static struct message m;
	const struct sent *sent = sent_of(a);
	const uint8_t *rest;
	unsigned int change = take8(in);
	size_t len = take(in, &rest);
	size_t question_len = change & CHANGE_NO_QUESTION ? 0 : a->question->key.question_len;

	if (len < 8 || len > 4096)
		return;
	m.len = 0;
	message_add16(&m, wire_get16(sent->msg) ^ (change & CHANGE_ID));
	message_add(&m, rest, 2);
	message_add16(&m, question_len > 0);
	message_add(&m, rest + 2, 6);
	message_add(&m, change & CHANGE_CASE ? a->question->key.question : sent->msg + WIRE_HEADER,
		    question_len);
	message_add(&m, rest + 8, len - 8);
	if (change & CHANGE_COOKIE)
		add_cookie(&m, a->server, change & CHANGE_LIAR);
	deliver(a->server, (a->link != NULL) ^ ((change & CHANGE_TRANSPORT) != 0), m.octets, m.len);
}

static void raw(struct attempt *a, struct input *in)
{
	const uint8_t *octets;
	size_t len = take(in, &octets);
	uint8_t *msg = malloc(len + 1);

	require(msg);
	if (len > 0)
		memcpy(msg, octets, len);
	deliver(a->server, a->link != NULL, msg, len);
	free(msg);
}

static void fail(struct attempt *a, unsigned int how)
{
	static const enum failure failures[] = {FAILURE_NETWORK, FAILURE_NETWORK, FAILURE_TIMEOUT,
						FAILURE_ANSWER};
	struct question *q = a->question;
	struct server *server = a->server;

	server_busy(server);
	if (how % 4 == 1 && !a->link) { /* somebody guesses */
		try_suspect(q, server);
	} else {
		attempt_end(a);
		try_failed(q, server, failures[how % 4]);
	}
	server_done(server);
}

static void set_servers(unsigned int how, bool others)
{
	static char none[] = "";
	struct conf_upstream servers[2] = {{.tls_name = none}, {.tls_name = none}};
	struct upstream_pool pool = {.zone = {.len = 1}, .servers = servers};
	uint16_t port = others ? 54 : 53;

	pool.count = how & HOW_SECOND ? 2 : 1;
	servers[0].transport = how & HOW_TCP ? CONF_TRANSPORT_TCP : CONF_TRANSPORT_UDP;
	for (size_t i = 0; i < 2; i++)
		servers[i].address =
			(struct endpoint){.len = sizeof(struct sockaddr_in),
					  .u.in = {.sin_family = AF_INET,
						   .sin_port = htons((uint16_t)(port + 2 * i))}};
	if (!world.up)
		require(upstreams_create(&world.loop, &pool, 1, IN_FLIGHT, 1, &world.up) == ERR_OK);
	else
		require(upstreams_set(world.up, &pool, 1) == ERR_OK);
}

static void know(unsigned int how, unsigned int what)
{
	static const enum server_event events[] = {[1] = SERVER_EVENT_QUIET,
						   [2] = SERVER_EVENT_PROBE_LOST,
						   [3] = SERVER_EVENT_UNANSWERED};
	struct server *server;

	if (what & 2)
		set_servers(how, what & 4);
	TAILQ_FOREACH(server, &world.up->servers, entry) {
		if (what & 1) {
			server->health.state = STATE_ASIDE;
			server->health.measure_at_ms = 0;
		}
		if (what & 24)
			health_event(server, events[what >> 3]);
	}
}

/* Its time has come, for another try or for the end. */
static void time_comes(struct question *q, bool end)
{
	if (end)
		q->deadline_ms = 1;
	else
		q->retry_ms = 1;
	try_on_time(q);
}

static void step(struct input *in, unsigned int how)
{
	unsigned int octet = take8(in);
	unsigned int to = octet >> 3;
	struct attempt *a = attempt_at(to);

	loop_tick(&world.loop);
	switch ((enum step)(octet & 7)) {
	case STEP_ASK:
		ask(to);
		return;
	case STEP_TURN:
		world.cannot_send = to & 1;
		event_base_loop(world.loop.base, EVLOOP_NONBLOCK);
		return;
	case STEP_KNOW:
		know(how, to);
		return;
	default:
		break;
	}
	if (!a)
		return;
	switch ((enum step)(octet & 7)) {
	case STEP_ANSWER:
		answer(a, in);
		return;
	case STEP_RAW:
		raw(a, in);
		return;
	case STEP_FAIL:
		fail(a, take8(in));
		return;
	default:
		time_comes(a->question, (octet & 7) == STEP_GIVE_UP);
	}
}

/* ---- the beginning and the end */

static void begin(unsigned int how)
{
	struct conf_outgoing *conf = &pipeline.snapshot->conf->outgoing;

	chance = 1;
	memset(&world.askers, 0, sizeof(world.askers));
	world.asker_count = 0;
	world.cannot_send = false;
	world.up = NULL;
	LIST_INIT(&world.linked);
	conf->case_randomization = how & HOW_CASE;
	conf->cookies = how & HOW_COOKIES;
	conf->ns_lookup = how & HOW_EARLY ? CONF_NSLOOKUP_BACKGROUND : CONF_NSLOOKUP_WAIT;
	if (!(how & HOW_SEEK))
		conf->ns_lookup = CONF_NSLOOKUP_OFF;
	world.seeks = how & HOW_SEEK;
	loop_tick(&world.loop);
	set_servers(how, false);
}

/* Our own questions are the server's. */
static bool only_probes(const struct attempt *a)
{
	for (; a; a = LIST_NEXT(a, entry))
		if (a->question->kind != QUESTION_PROBE)
			return false;
	return true;
}

static void end_time(void)
{
	struct question *q;

	TAILQ_FOREACH(q, &world.up->queue, age) {
		q->deadline_ms = 1;
	}
}

/* All who wait are told when their time is up. */
static void end(void)
{
	const struct server *server;
	struct question *q;

	for (unsigned int i = 0; i < ASKERS; i++)
		world.askers[i].asks_again = false;
	while ((q = question_oldest(world.up))) {
		end_time(); /* else one waits for another, which has time */
		time_comes(q, true);
	}
	require(upstreams_in_flight(world.up) == 0 && only_probes(LIST_FIRST(&world.linked)));
	require(world.up->clients.waiting == 0);
	require(LIST_EMPTY(&world.up->seeks) && world.up->kept_bytes == 0);
	for (unsigned int i = 0; i < world.asker_count; i++)
		require(world.askers[i].told == world.askers[i].asked);
	TAILQ_FOREACH(server, &world.up->servers, entry) {
		require(server->busy == 0 && server->pools == 1 && server->owed == 0 &&
			only_probes(LIST_FIRST(&server->sources[0].attempts)));
	}
	upstreams_free(world.up);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct conf *conf;

	pipeline_open(&pipeline, lists, sizeof(lists) / sizeof(lists[0]), CACHE_BYTES);
	conf = pipeline.snapshot->conf;
	conf->outgoing.timeout_ms = 3600000;
	conf->outgoing.retransmit_ms = 3600000; /* what time brings, the input brings */
	conf->outgoing.policy = CONF_POLICY_IN_ORDER;
	conf->outgoing.hedge_percent = 0;
	pipeline.snapshot->ttl = (struct reply_ttl_limits){0}; /* nothing is given of the cache */
	log_set_level(LOG_LEVEL_ERROR);
	world.loop.env = pipeline.env;
	require(cache_create(CACHE_BYTES, &world.loop.env.cache) == ERR_OK);
	world.loop.base = event_base_new();
	require(world.loop.base);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.data = data, .left = size};
	unsigned int how = take8(&in);

	begin(how);
	while (in.left > 0)
		step(&in, how);
	end();
	return 0;
}
