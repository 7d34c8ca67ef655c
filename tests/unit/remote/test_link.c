/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to a server, over TCP and TLS alike, with a scripted server in the same loop, and the
 * tests in the place of those who have the questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote/tls.h"
#include "remote/link.h"
#include "support/alloc_fail.h"
#include "support/certs.h"
#include "support/mockstream.h"
#include "support/rig.h"
#include "support/scratch.h"

#define QUESTIONS 420U
#define PIPELINE 100U /* questions in flight on one connection */
#define SPREAD 64U    /* so many, and another is opened */
#define LINKS 4U
#define PADDING 128U
#define OPENING_MS 1500U
#define UNACKNOWLEDGED_MS 1000U
#define SILENT_MS 1500U
#define ALLOCATIONS_MAX 20000UL

struct world;

/* What is done when an answer or a failure is told, beside counting. */
typedef void then_fn(struct world *w, size_t number);

struct world {
	struct upstreams up; /* the first: what is told finds the world by it */
	struct rig rig;
	struct scratch scratch;
	struct mockstream ns;
	struct cert root;
	struct cert cert;
	SSL_CTX *ctx; /* the server's; NULL: TCP */
	struct tls_client *client;
	struct server *server;
	struct question questions[QUESTIONS];
	size_t answered;
	size_t failed;
	enum failure failure;	 /* the last */
	uint64_t sent_us;	 /* of the last that was answered */
	size_t order[QUESTIONS]; /* in which they were answered */
	then_fn *then;
};

/* ---- what the link tells */

static size_t number_of(const struct world *w, const struct question *q)
{
	return (size_t)(q - w->questions);
}

static void on_answered(struct attempt *a, size_t len)
{
	struct world *w = (struct world *)a->server->upstreams;
	size_t number = number_of(w, a->question);

	assert_true(attempt_matches(a, w->up.message, len));
	assert_true(a->sent_us > 0 && a->sent_us <= w->rig.loop.now_us);
	w->sent_us = a->sent_us;
	w->order[w->answered++] = number;
	attempt_end(a);
	if (w->then)
		w->then(w, number);
}

static void on_failed(struct attempt *a)
{
	struct world *w = (struct world *)a->server->upstreams;
	size_t number = number_of(w, a->question);

	assert_ptr_equal(a->server, w->server);
	w->failed++;
	w->failure = a->failure;
	attempt_end(a);
	if (w->then)
		w->then(w, number);
}

static void read_link(struct uplink *link)
{
	struct server *server = uplink_server(link);
	enum received received;
	struct attempt *a;
	size_t len;

	server_busy(server);
	do {
		received = uplink_receive(link, &a, &len);
		if (received == RECEIVED_ANSWER)
			on_answered(a, len);
	} while (received == RECEIVED_ANSWER || received == RECEIVED_OTHER);
	server_done(server);
}

/* As turn.c does. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct upstreams *up = arg;
	struct uplink *link;

	loop_tick(up->loop);
	while ((link = uplink_readable(up)))
		read_link(link);
	while (!LIST_EMPTY(&up->failed))
		on_failed(LIST_FIRST(&up->failed));
}

/* ---- the world */

static void make_server_certs(struct world *w)
{
	const struct cert *const roots[] = {&w->root};
	const char *path = scratch_path(&w->scratch, "ca.pem");
	struct err_text text;

	cert_make(&w->root, &(struct cert_spec){.subject = "root", .ca = true});
	cert_make(&w->cert, &(struct cert_spec){.subject = "dns",
						.names = "DNS:dns.example",
						.issuer = &w->root});
	cert_write(path, roots, 1);
	assert_int_equal(tls_client_create(path, &w->client, &text), ERR_OK);
}

static void make_questions(struct world *w)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		struct query_key *key = &w->questions[i].key;

		memcpy(key->question, "\4n000\7example\0\0\1\0\1", 18);
		key->question[2] = (uint8_t)('0' + i / 100);
		key->question[3] = (uint8_t)('0' + i / 10 % 10);
		key->question[4] = (uint8_t)('0' + i % 10);
		key->question_len = 18;
		key->qtype = 1;
		w->questions[i].upstreams = &w->up;
		w->questions[i].kind = QUESTION_MEASURE; /* of no client */
	}
}

static struct server *make_server(struct world *w, const char *tls_name)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	server->upstreams = &w->up;
	server->address = w->ns.address;
	server->transport = w->ctx ? SERVER_TLS : SERVER_TCP;
	server->tls_name = strdup(tls_name);
	server->tls_pins = calloc(1, sizeof(*server->tls_pins));
	server->pools = 1;
	if (w->ctx)
		assert_int_equal(tls_peer_create(w->client, tls_name, NULL, 0, &server->tls),
				 ERR_OK);
	TAILQ_INSERT_TAIL(&w->up.servers, server, entry);
	return server;
}

/* No pool names it any more: it is freed now, or when nothing is under way at it. */
static void retire_server(struct world *w)
{
	struct server *server = w->server;

	w->server = NULL;
	server_busy(server);
	server->pools = 0;
	server_done(server);
}

static void set_up_with(void **state, bool tls)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	*state = w;
	scratch_make(&w->scratch);
	make_server_certs(w);
	rig_open(&w->rig);
	if (tls)
		w->ctx = cert_server(&w->cert, NULL);
	mockstream_open(&w->ns, w->rig.loop.base, w->ctx);
	w->up.loop = &w->rig.loop;
	evtimer_assign(&w->up.turn, w->rig.loop.base, on_turn, &w->up);
	TAILQ_INIT(&w->up.readable_links);
	TAILQ_INIT(&w->up.servers);
	make_questions(w);
	w->server = make_server(w, "dns.example");
}

static int set_up_tcp(void **state)
{
	set_up_with(state, false);
	return 0;
}

static int set_up_tls(void **state)
{
	set_up_with(state, true);
	return 0;
}

static struct attempt *attempt_of(struct world *w, size_t number)
{
	return &w->questions[number].attempts[0];
}

static int tear_down(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < QUESTIONS; i++)
		attempt_end(attempt_of(w, i));
	if (w->server) {
		assert_int_equal(w->server->busy, 0);
		retire_server(w);
	}
	assert_true(TAILQ_EMPTY(&w->up.servers));
	mockstream_close(&w->ns);
	rig_close(&w->rig);
	SSL_CTX_free(w->ctx);
	tls_client_free(w->client);
	cert_free(&w->cert);
	cert_free(&w->root);
	scratch_remove(&w->scratch);
	free(w);
	return 0;
}

static enum err ask(struct world *w, size_t number)
{
	struct attempt *a = attempt_of(w, number);
	enum err err;

	*a = (struct attempt){.question = &w->questions[number], .server = w->server};
	err = uplink_send(&w->up, a);
	if (err == ERR_OK)
		server_busy(w->server);
	else
		a->server = NULL;
	return err;
}

static void ask_range(struct world *w, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		assert_int_equal(ask(w, i), ERR_OK);
}

/* Asks, and waits until the server has it all. */
static void ask_heard(struct world *w, size_t first, size_t count)
{
	size_t before = w->ns.query_count;

	ask_range(w, first, count);
	RIG_AWAIT(&w->rig, w->ns.query_count == before + count);
}

/* Opens a connection: the first question is answered. */
static void open_first(struct world *w)
{
	w->ns.answers = true;
	ask_range(w, 0, 1);
	RIG_AWAIT(&w->rig, w->answered == 1);
	w->ns.answers = false;
}

static void turn_for(struct world *w, uint64_t ms)
{
	uint64_t end_ms = await_clock_ms() + ms;

	while (await_clock_ms() < end_ms)
		rig_turn(&w->rig);
}

/* ---- asked and answered */

static void test_one(void **state)
{
	struct world *w = *state;

	ask_range(w, 0, 1);
	assert_int_equal(attempt_of(w, 0)->sent_us, 0);
	RIG_AWAIT(&w->rig, w->answered == 1);
	assert_int_equal(w->ns.accepted, 1);
	assert_int_equal(w->failed, 0);
}

static void test_reused(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 20; i++) {
		ask_range(w, i, 1);
		RIG_AWAIT(&w->rig, w->answered == i + 1);
	}
	assert_int_equal(w->ns.accepted, 1);
}

/* What is asked in one turn comes in one piece. */
static void test_together(void **state)
{
	struct world *w = *state;
	size_t before;

	open_first(w);
	before = w->ns.conns[0]->reads;
	ask_heard(w, 1, 8);
	assert_int_equal(w->ns.conns[0]->reads, before + 1);
	assert_int_equal(w->ns.accepted, 1);
}

static void test_out_of_order(void **state)
{
	struct world *w = *state;

	w->ns.answers = false;
	ask_heard(w, 0, 30);
	for (size_t i = 30; i-- > 0;)
		mockstream_answer(&w->ns, i);
	RIG_AWAIT(&w->rig, w->answered == 30);
	for (size_t i = 0; i < 30; i++)
		assert_memory_equal(w->ns.queries[i].msg + WIRE_HEADER,
				    w->questions[w->order[29 - i]].key.question, 18);
}

/* A new connection for those beyond SPREAD, until there are LINKS, and all are full. */
static void test_spread(void **state)
{
	static const struct {
		size_t questions;
		size_t connections;
	} rows[] = {{SPREAD, 1},	 {SPREAD + 1, 2},	  {2 * SPREAD, 2},
		    {2 * SPREAD + 1, 3}, {LINKS * SPREAD, LINKS}, {LINKS * PIPELINE, LINKS}};
	struct world *w = *state;
	size_t asked = 0;

	w->ns.answers = false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask_heard(w, asked, rows[i].questions - asked);
		asked = rows[i].questions;
		RIG_AWAIT(&w->rig, w->ns.accepted >= rows[i].connections);
		assert_int_equal(w->ns.accepted, rows[i].connections);
	}
	assert_int_equal(ask(w, asked), ERR_REFUSED);
	for (size_t i = 0; i < asked; i++)
		mockstream_answer(&w->ns, i);
	RIG_AWAIT(&w->rig, w->answered == asked);
	assert_int_equal(ask(w, asked), ERR_OK);
}

/* While none is open yet they are all given as many as they can take. */
static void test_burst(void **state)
{
	struct world *w = *state;

	ask_range(w, 0, LINKS * PIPELINE);
	assert_int_equal(ask(w, LINKS * PIPELINE), ERR_REFUSED);
	RIG_AWAIT(&w->rig, w->answered == LINKS * PIPELINE);
	assert_int_equal(w->ns.accepted, LINKS);
}

static void test_ids(void **state)
{
	struct world *w = *state;
	size_t steps = 0;

	w->ns.answers = false;
	ask_heard(w, 0, PIPELINE / 2);
	for (size_t i = 0; i < PIPELINE / 2; i++) {
		uint16_t id = wire_get16(w->ns.queries[i].msg);

		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(wire_get16(w->ns.queries[j].msg), id);
		steps += i > 0 && (uint16_t)(id - wire_get16(w->ns.queries[i - 1].msg)) < 16;
	}
	assert_true(steps < 10);
}

static void test_padding(void **state)
{
	struct world *w = *state;

	ask_heard(w, 0, 1);
	assert_int_equal(w->ns.queries[0].len % PADDING == 0, w->ctx != NULL);
}

/* The answer's octets one by one, and then two answers at once. */
static void test_pieces(void **state)
{
	struct world *w = *state;
	uint8_t frames[2 * (FRAME_PREFIX + MOCKSTREAM_QUERY_MAX)];
	size_t len = 0;

	w->ns.answers = false;
	ask_heard(w, 0, 3);
	for (size_t i = 0; i < 2; i++) {
		const struct mockstream_query *q = &w->ns.queries[i];

		wire_put16(frames + len, (uint16_t)q->len);
		memcpy(frames + len + FRAME_PREFIX, q->msg, q->len);
		frames[len + FRAME_PREFIX + 2] |= FLAG_QR >> 8;
		len += FRAME_PREFIX + q->len;
		if (i > 0)
			continue;
		for (size_t at = 0; at < len; at++) {
			assert_int_equal(w->answered, 0);
			mockstream_send(&w->ns, 0, frames + at, 1);
			turn_for(w, 1);
		}
		RIG_AWAIT(&w->rig, w->answered == 1);
		len = 0;
	}
	memcpy(frames + len, frames, len);
	mockstream_send(&w->ns, 0, frames, len);
	mockstream_answer(&w->ns, 2);
	RIG_AWAIT(&w->rig, w->answered == 3);
	assert_int_equal(w->ns.accepted, 1);
}

/* A server that reads nothing for a while: what does not fit the socket is written later. */
static void test_deaf(void **state)
{
	struct world *w = *state;

	for (size_t i = 1; i < SPREAD; i++) { /* long names */
		struct query_key *key = &w->questions[i].key;
		uint8_t *at = key->question;

		for (size_t label = 0; label < 3; label++, at += 64) {
			*at = 63;
			memset(at + 1, 'a', 63);
		}
		memcpy(w->questions[i].key.question + 1,
		       (const char[]){(char)('a' + i % 26), (char)('a' + i / 26)}, 2);
		memcpy(at, "\0\0\1\0\1", 5);
		key->question_len = 3 * 64 + 5;
	}
	open_first(w);
	event_del(w->ns.conns[0]->event);
	ask_range(w, 1, SPREAD - 1);
	turn_for(w, 50);
	assert_int_equal(w->ns.query_count, 1);
	w->ns.answers = true;
	mockstream_listen(&w->ns, 0);
	RIG_AWAIT(&w->rig, w->answered == SPREAD);
	assert_int_equal(w->ns.accepted, 1);
	assert_int_equal(w->failed, 0);
}

/* ---- what a server should not say */

/* The connection is closed, and the question goes over another. */
static void test_nonsense(void **state)
{
	static const struct {
		uint8_t octets[FRAME_PREFIX + WIRE_HEADER];
		uint16_t id_change;
	} rows[] = {
		{{0, 3, 1, 2, 3}, 0},		/* too short */
		{{0, 11, 0, 0, 0x81, 0x80}, 0}, /* nearly a header */
		{{0, 12, 0, 0, 0x01, 0x00}, 0}, /* a query */
		{{0, 12, 0, 0, 0x81, 0x80}, 1}, /* an answer to nothing */
	};
	struct world *w = *state;

	w->ns.answers = false;
	for (size_t i = 0; i < 4; i++) {
		uint8_t octets[FRAME_PREFIX + WIRE_HEADER];

		memcpy(octets, rows[i].octets, sizeof(octets));
		ask_heard(w, i, 1);
		if (i >= 2)
			wire_put16(octets + FRAME_PREFIX,
				   wire_get16(w->ns.queries[2 * i].msg) ^ rows[i].id_change);
		mockstream_send(&w->ns, 2 * i, octets, sizeof(octets));
		RIG_AWAIT(&w->rig, w->ns.query_count == 2 * i + 2);
		assert_int_equal(w->ns.queries[2 * i + 1].conn, 2 * i + 1);
		mockstream_answer(&w->ns, 2 * i + 1);
		RIG_AWAIT(&w->rig, w->answered == i + 1);
		assert_int_equal(RIG_STAT(&w->rig, upstream_unsolicited), i + 1);
		mockstream_drop(&w->ns, 2 * i + 1, false);
		RIG_AWAIT(&w->rig, mockstream_connections(&w->ns) == 0);
		turn_for(w, 10);
	}
	assert_int_equal(w->failed, 0);
}

/* The question in the answer is another: it is dropped, and that one waits on. */
static void test_wrong_question(void **state)
{
	struct world *w = *state;

	w->ns.answers = false;
	ask_heard(w, 0, 2);
	w->ns.queries[0].msg[WIRE_HEADER + 1] ^= 1;
	mockstream_answer(&w->ns, 0);
	mockstream_answer(&w->ns, 1);
	RIG_AWAIT(&w->rig, w->answered == 1);
	assert_int_equal(RIG_STAT(&w->rig, upstream_unsolicited), 1);
	w->ns.queries[0].msg[WIRE_HEADER + 1] ^= 1;
	mockstream_answer(&w->ns, 0);
	RIG_AWAIT(&w->rig, w->answered == 2);
	assert_int_equal(w->failed, 0);
	assert_int_equal(mockstream_connections(&w->ns), 1);
}

/* The ID of an answer that is owed to nobody is no other question's. */
static void test_owed_ids_are_not_drawn(void **state)
{
	static const uint16_t left[] = {0x1234, 0x4321};
	struct world *w = *state;
	struct uplink *link;
	uint16_t first;

	open_first(w);
	ask_heard(w, 1, 1);
	link = attempt_of(w, 1)->link;
	first = attempt_of(w, 1)->id;
	attempt_end(attempt_of(w, 1)); /* nobody waits any more */
	assert_int_equal(link->late, 1);
	assert_true(link->late_ids[first / 64] >> (first % 64) & 1);
	memset(link->late_ids, 0xff, sizeof(link->late_ids));
	for (size_t i = 0; i < 2; i++)
		link->late_ids[left[i] / 64] &= ~(1ULL << (left[i] % 64));
	ask_heard(w, 2, 2);
	assert_int_equal(attempt_of(w, 2)->id ^ attempt_of(w, 3)->id, left[0] ^ left[1]);
	assert_true(attempt_of(w, 2)->id == left[0] || attempt_of(w, 2)->id == left[1]);
	mockstream_answer(&w->ns, 1); /* late, and of no harm */
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 1);
	assert_int_equal(link->late, 0);
	mockstream_answer(&w->ns, 2);
	mockstream_answer(&w->ns, 3);
	RIG_AWAIT(&w->rig, w->answered == 3);
	assert_int_equal(mockstream_connections(&w->ns), 1);
}

/* Nobody waits for them any more; they are dropped, but no reason to close the connection. */
static void test_late(void **state)
{
	struct world *w = *state;

	w->ns.answers = false;
	ask_heard(w, 0, 2);
	attempt_end(attempt_of(w, 0));
	attempt_end(attempt_of(w, 1));
	mockstream_answer(&w->ns, 0);
	mockstream_answer(&w->ns, 1);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 2);
	assert_int_equal(w->answered, 0);
	assert_int_equal(w->server->busy, 0);
	assert_int_equal(mockstream_connections(&w->ns), 1);
	mockstream_answer(&w->ns, 0); /* once more: nothing is owed */
	RIG_AWAIT(&w->rig, mockstream_connections(&w->ns) == 0);
}

/* What nobody wants any more before the connection is open is not sent. */
static void test_forgotten_early(void **state)
{
	struct world *w = *state;

	ask_range(w, 0, 3);
	attempt_end(attempt_of(w, 1));
	RIG_AWAIT(&w->rig, w->answered == 2);
	turn_for(w, 10);
	assert_int_equal(w->ns.query_count, 2);
}

/* ---- closed */

enum end { END_CLOSED, END_RESET, END_CUT, END_COUNT };

static void end_connection(struct world *w, size_t conn, enum end end)
{
	static const uint8_t half[] = {0, 40, 1, 2, 3, 4};

	if (end == END_CUT)
		mockstream_send(&w->ns, conn, half, sizeof(half));
	mockstream_drop(&w->ns, conn, end == END_RESET);
}

/* Nothing is lost when an open connection is closed; a second time, the questions fail. */
static void test_closed(void **state)
{
	struct world *w = *state;

	w->ns.answers = false;
	for (enum end end = 0; end < END_COUNT; end++) {
		size_t queries = w->ns.query_count;
		size_t conns = w->ns.accepted;

		ask_heard(w, end * 10, 10);
		mockstream_answer(&w->ns, queries);
		RIG_AWAIT(&w->rig, w->answered == end * 4 + 1);
		end_connection(w, conns, end);
		RIG_AWAIT(&w->rig, w->ns.query_count == queries + 19);
		assert_int_equal(w->failed, end * 6);
		assert_int_equal(w->ns.accepted, conns + 2);
		for (size_t i = 10; i < 13; i++)
			mockstream_answer(&w->ns, queries + i);
		RIG_AWAIT(&w->rig, w->answered == (end + 1) * 4);
		end_connection(w, conns + 1, end);
		RIG_AWAIT(&w->rig, w->failed == (end + 1) * 6);
		assert_int_equal(w->failure, FAILURE_NETWORK);
	}
	assert_int_equal(w->ns.accepted, 2 * END_COUNT);
}

/* Nothing was in flight: nobody notices. */
static void test_closed_idle(void **state)
{
	struct world *w = *state;

	open_first(w);
	mockstream_drop(&w->ns, 0, false);
	turn_for(w, 20);
	w->ns.answers = true;
	ask_range(w, 1, 1);
	RIG_AWAIT(&w->rig, w->answered == 2);
	assert_int_equal(w->ns.accepted, 2);
	assert_int_equal(w->ns.resumed, w->ctx ? 1 : 0);
	assert_int_equal(w->failed, 0);
}

/* In the same moment as the question is sent. */
static void test_closed_unnoticed(void **state)
{
	struct world *w = *state;

	open_first(w);
	w->ns.answers = true;
	mockstream_drop(&w->ns, 0, true);
	ask_range(w, 1, 1);
	RIG_AWAIT(&w->rig, w->answered == 2);
	assert_int_equal(w->failed, 0);
}

static void test_unused(void **state)
{
	struct world *w = *state;

	w->rig.snapshot->conf->outgoing.connection_idle_ms = 100;
	for (size_t i = 0; i < 3; i++) {
		uint64_t begun_ms = await_clock_ms();

		w->ns.answers = false;
		ask_heard(w, i, 1);
		turn_for(w, 150); /* it is waited for an answer: that is no idleness */
		assert_int_equal(mockstream_connections(&w->ns), 1);
		mockstream_answer(&w->ns, i);
		RIG_AWAIT(&w->rig, w->answered == i + 1);
		RIG_AWAIT(&w->rig, mockstream_connections(&w->ns) == 0);
		assert_true(w->ns.conns[i]->ended);
		assert_true(await_clock_ms() - begun_ms >= 240);
	}
	assert_int_equal(w->ns.accepted, 3);
	assert_int_equal(w->ns.resumed, w->ctx ? 2 : 0);
}

/* The way to the server is cut, and nobody says so. */
static void test_unplugged(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms;

	open_first(w);
	w->ns.answers = true;
	if (!mockstream_unplug(&w->ns, 0))
		skip();
	begun_ms = await_clock_ms();
	ask_range(w, 1, 5);
	RIG_AWAIT(&w->rig, w->answered == 6);
	assert_int_equal(w->ns.accepted, 2);
	assert_true(await_clock_ms() - begun_ms >= UNACKNOWLEDGED_MS);
	assert_int_equal(w->failed, 0);
}

/* The server takes what it is sent, and says nothing: it is asked over another connection, and the
 * one that is deaf is given up. */
static void test_silent(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms;

	open_first(w);
	begun_ms = await_clock_ms();
	ask_heard(w, 1, 3);
	RIG_AWAIT(&w->rig, w->ns.query_count == 1 + 2 * 3);
	assert_true(await_clock_ms() - begun_ms >= SILENT_MS);
	ask_heard(w, 4, 1);
	for (size_t i = 4; i < 8; i++) {
		assert_int_equal(w->ns.queries[i].conn, 1);
		mockstream_answer(&w->ns, i);
	}
	RIG_AWAIT(&w->rig, w->answered == 5);
	RIG_AWAIT(&w->rig, w->ns.conns[0]->ended);
	assert_int_equal(mockstream_connections(&w->ns), 1);
	assert_int_equal(w->failed, 0);
}

/* The server is no more than slow: its answer is taken, whenever it comes. */
static void test_slow(void **state)
{
	struct world *w = *state;

	open_first(w);
	ask_heard(w, 1, 1);
	turn_for(w, 2 * SILENT_MS + 1000);
	assert_int_equal(w->ns.query_count, 3);
	assert_int_equal(w->ns.accepted, 2);
	mockstream_answer(&w->ns, 2);
	RIG_AWAIT(&w->rig, w->answered == 2);
	assert_int_equal(w->failed, 0);
}

/* ---- never open */

static void test_refused(void **state)
{
	struct world *w = *state;
	size_t told = 0;

	mockstream_refuse(&w->ns);
	for (size_t i = 0; i < 3; i++)
		told += ask(w, i) != ERR_OK; /* the kernel may know at once */
	RIG_AWAIT(&w->rig, w->failed + told == 3);
	if (w->failed > 0)
		assert_int_equal(w->failure, FAILURE_NETWORK);
}

/* A question that was sent over again finds the server gone. */
static void test_refused_again(void **state)
{
	struct world *w = *state;

	open_first(w);
	ask_heard(w, 1, 3);
	mockstream_refuse(&w->ns);
	mockstream_drop(&w->ns, 0, false);
	RIG_AWAIT(&w->rig, w->failed == 3);
	assert_int_equal(w->failure, FAILURE_NETWORK);
}

/* TLS alone: a server that accepts and says nothing. */
static void test_no_handshake(void **state)
{
	struct world *w = *state;
	uint64_t begun_ms = await_clock_ms();

	w->ns.deaf = true;
	scratch_take_stderr(&w->scratch);
	ask_range(w, 0, 2);
	RIG_AWAIT(&w->rig, w->failed == 2);
	scratch_give_stderr(&w->scratch);
	assert_int_equal(w->failure, FAILURE_NETWORK);
	assert_true(await_clock_ms() - begun_ms >= OPENING_MS - 10);
	assert_true(scratch_logged(&w->scratch, "no TLS connection: it takes too long"));
}

static void fail_to_open(struct world *w, size_t number)
{
	scratch_take_stderr(&w->scratch);
	assert_int_equal(ftruncate(w->scratch.log_fd, 0), 0);
	ask_range(w, number, 1);
	RIG_AWAIT(&w->rig, w->failed == number + 1);
	scratch_give_stderr(&w->scratch);
}

/* TLS alone: it is not who it should be.  That is logged, not every time, and nothing is asked. */
static void test_impostor(void **state)
{
	struct world *w = *state;
	char line[ADDR_TEXT_MAX + 128];
	char address[ADDR_TEXT_MAX];

	retire_server(w);
	w->server = make_server(w, "other.example");
	snprintf(line, sizeof(line),
		 "upstream %s: no TLS connection: its certificate is not for other.example\n",
		 endpoint_text(&w->ns.address, address, sizeof(address)));
	fail_to_open(w, 0);
	assert_true(scratch_logged(&w->scratch, line));
	fail_to_open(w, 1);
	fail_to_open(w, 2);
	assert_false(scratch_logged(&w->scratch, "TLS"));
	assert_int_equal(w->failure, FAILURE_NETWORK);
	assert_int_equal(w->ns.query_count, 0);
	assert_int_equal(w->ns.accepted, 3);
}

/* TLS alone: a server that speaks in clear text is not spoken to so. */
static void test_clear_text(void **state)
{
	struct world *w = *state;

	w->ns.ctx = NULL;
	ask_range(w, 0, 1);
	RIG_AWAIT(&w->rig, w->ns.accepted == 1 && w->ns.conns[0]->reads > 0);
	assert_int_equal(w->ns.conns[0]->octets[0], 0x16); /* a handshake record */
	mockstream_send(&w->ns, 0, "\0\14\0\0\200\0\0\0\0\0\0\0\0\0", 14);
	RIG_AWAIT(&w->rig, w->failed == 1);
	assert_int_equal(w->ns.query_count, 0);
}

/* ---- callbacks that come back */

/* Asks on, from within what is told. */
static void ask_next(struct world *w, size_t number)
{
	if (number + 10 < 60)
		assert_int_equal(ask(w, number + 10), ERR_OK);
}

static void test_asks_on(void **state)
{
	struct world *w = *state;

	w->then = ask_next;
	ask_range(w, 0, 10);
	RIG_AWAIT(&w->rig, w->answered == 60);
	assert_int_equal(w->ns.accepted, 1);
}

static void end_others(struct world *w, size_t number)
{
	for (size_t i = 0; i < 20; i++)
		attempt_end(attempt_of(w, i));
}

/* The first that is told of ends all others, which were answered or failed with it. */
static void test_ends_others(void **state)
{
	struct world *w = *state;

	w->then = end_others;
	ask_range(w, 0, 20);
	RIG_AWAIT(&w->rig, w->answered == 1);
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, upstream_unsolicited) == 19);
	w->ns.answers = false;
	for (size_t i = 0; i < 2; i++) {
		ask_heard(w, 0, 20);
		for (size_t j = 0; j < 20; j++)
			attempt_of(w, j)->resent = true;
		mockstream_drop(&w->ns, i, false);
		RIG_AWAIT(&w->rig, w->failed == i + 1);
		turn_for(w, 10);
		assert_int_equal(w->failed, i + 1);
	}
}

static void ask_again(struct world *w, size_t number)
{
	if (w->failed < 3)
		assert_int_equal(ask(w, number), ERR_OK);
}

static void test_asks_after_failure(void **state)
{
	struct world *w = *state;

	w->ns.answers = false;
	w->then = ask_again;
	ask_heard(w, 0, 1);
	for (size_t i = 0; i < 6; i++) {
		RIG_AWAIT(&w->rig, w->ns.query_count == i + 1);
		mockstream_drop(&w->ns, i, false);
	}
	RIG_AWAIT(&w->rig, w->failed == 3);
}

/* A server that answers others all the while: that its connections end is not held against a
 * question before the fourth. */
static void test_moved_while_well(void **state)
{
	struct world *w = *state;

	w->ns.answers = false;
	ask_heard(w, 0, 1);
	for (size_t i = 0; i < 4; i++) {
		RIG_AWAIT(&w->rig, w->ns.query_count == i + 1);
		assert_int_equal(w->failed, 0);
		w->server->health.answered_us = w->rig.loop.now_us;
		mockstream_drop(&w->ns, i, false);
	}
	RIG_AWAIT(&w->rig, w->failed == 1);
}

static void retire(struct world *w, size_t number)
{
	if (w->server && w->answered + w->failed == 1)
		retire_server(w);
}

/* A server that no pool names is gone with its last question, even if that is being told of. */
static void test_retired(void **state)
{
	struct world *w = *state;

	w->then = retire;
	ask_range(w, 0, 3);
	RIG_AWAIT(&w->rig, w->answered == 3);
	RIG_AWAIT(&w->rig, TAILQ_EMPTY(&w->up.servers));
	RIG_AWAIT(&w->rig, mockstream_connections(&w->ns) == 0);
}

static void test_retired_by_failure(void **state)
{
	struct world *w = *state;
	struct server *server = w->server;

	w->ns.answers = false;
	ask_heard(w, 0, 3);
	for (size_t i = 0; i < 3; i++)
		attempt_of(w, i)->resent = true;
	server_busy(server);
	server->pools = 0;
	server_done(server);
	mockstream_drop(&w->ns, 0, false);
	RIG_AWAIT(&w->rig, w->failed == 3);
	assert_true(TAILQ_EMPTY(&w->up.servers));
	w->server = NULL;
}

/* Connections on their way, and open ones, are closed with their server. */
static void test_freed(void **state)
{
	struct world *w = *state;

	open_first(w);
	w->ns.deaf = true;
	ask_range(w, 1, SPREAD + 1);
	RIG_AWAIT(&w->rig, w->ns.accepted == 2);
	for (size_t i = 0; i <= SPREAD + 1; i++)
		attempt_end(attempt_of(w, i));
	retire_server(w);
	assert_true(TAILQ_EMPTY(&w->up.servers));
	RIG_AWAIT(&w->rig, w->ns.conns[0]->ended);
	uplinks_free(NULL);
}

/* ---- no memory */

static void shield(bool on)
{
	alloc_fail.on = !on && alloc_fail.left != ALLOCATIONS_MAX;
}

/* A question over a new connection, with the `nth` allocation failing: it fails, or is answered. */
static bool ask_without_memory(struct world *w, unsigned long nth)
{
	bool failed;
	enum err err;

	w->answered = 0;
	w->failed = 0;
	alloc_fail_start(nth, false);
	err = ask(w, 0);
	if (err == ERR_OK)
		RIG_AWAIT(&w->rig, w->answered + w->failed == 1);
	else
		assert_true(err == ERR_NOMEM);
	failed = alloc_fail_stop();
	alloc_fail.left = ALLOCATIONS_MAX;
	assert_true(failed || w->answered == 1);
	return failed;
}

static void test_no_memory(void **state)
{
	struct world *w = *state;
	unsigned long nth = 0;

	scratch_take_stderr(&w->scratch);
	w->ns.shield = shield;
	assert_false(ask_without_memory(w, ALLOCATIONS_MAX - 1)); /* the first time is special */
	do {
		mockstream_forget(&w->ns);
		retire_server(w);
		w->server = make_server(w, w->ctx ? "dns.example" : "");
		nth += 1 + nth / 128;
	} while (ask_without_memory(w, nth - 1));
	scratch_give_stderr(&w->scratch);
	assert_true(nth > 3);
}

#define BOTH(test)                                                                                 \
	{"tcp " #test, test, set_up_tcp, tear_down, NULL},                                         \
	{                                                                                          \
		"tls " #test, test, set_up_tls, tear_down, NULL                                    \
	}
#define TLS(test)                                                                                  \
	{                                                                                          \
		"tls " #test, test, set_up_tls, tear_down, NULL                                    \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_one),
		BOTH(test_reused),
		BOTH(test_together),
		BOTH(test_out_of_order),
		BOTH(test_spread),
		BOTH(test_burst),
		BOTH(test_ids),
		BOTH(test_padding),
		BOTH(test_pieces),
		BOTH(test_deaf),
		BOTH(test_nonsense),
		BOTH(test_wrong_question),
		BOTH(test_owed_ids_are_not_drawn),
		BOTH(test_late),
		BOTH(test_forgotten_early),
		BOTH(test_closed),
		BOTH(test_closed_idle),
		BOTH(test_closed_unnoticed),
		BOTH(test_unused),
		BOTH(test_unplugged),
		BOTH(test_silent),
		BOTH(test_slow),
		BOTH(test_refused),
		BOTH(test_refused_again),
		BOTH(test_moved_while_well),
		TLS(test_no_handshake),
		TLS(test_impostor),
		TLS(test_clear_text),
		BOTH(test_asks_on),
		BOTH(test_ends_others),
		BOTH(test_asks_after_failure),
		BOTH(test_retired),
		BOTH(test_retired_by_failure),
		BOTH(test_freed),
		BOTH(test_no_memory),
	};

	signal(SIGPIPE, SIG_IGN); /* the workers have it blocked */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
