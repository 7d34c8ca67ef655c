/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What upstream keeps: questions and the attempts to have them answered, whose they are, servers
 * and the pools that they are in.  All of it is one worker's.
 */
#ifndef REMOTE_MODEL_H
#define REMOTE_MODEL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/places.h"
#include "base/random.h"
#include "loop/loop.h"
#include "query/query.h"
#include "remote/tls.h"
#include "remote/waiter.h"
#include "remote/rtt.h"
#include "remote/state.h"
#include "remote/trait.h"

#define SERVERS_MAX 64U	 /* of a pool: bits of a mask */
#define ATTEMPTS_MAX 10U /* of one question, in the time that an answer may take */
#define STRIKES_OUT 3U	 /* failures in a row until a server is set aside */
#define MISSES_MAX 3U	 /* without what it should have, in a row, until it is not expected */

struct chase;
struct seek;
struct client;
struct upstreams;
struct upstream_waiter;
struct uplink;
struct uplinks;
struct question;
struct server;

/* What came of a server's answer or silence. */
enum failure {
	FAILURE_TIMEOUT, /* nothing came */
	FAILURE_NETWORK, /* it cannot be reached, or closed the connection */
	FAILURE_ANSWER,	 /* SERVFAIL, REFUSED, malformed */
};

/* How much of EDNS a server is asked with. */
enum edns_use {
	EDNS_WHOLE,
	EDNS_NO_COOKIE,
	EDNS_NONE,
};

/* A UDP socket, connected to its server, on a port of its own. */
struct source {
	struct server *server;
	LIST_HEAD(, attempt) attempts; /* what waits for an answer at it */
	TAILQ_ENTRY(source) ready;     /* while `is_ready`: it can be read */
	struct event event;
	int fd; /* -1: not open */
	bool is_ready;
	bool is_guessed_at; /* more strays came than there may be late answers */
	uint64_t used_ms;   /* last */
	uint32_t uses;
	uint32_t unanswered; /* of its uses: that many answers may come late */
	uint32_t strays;     /* datagrams that answered nothing, since one that did */
};

/* One question sent once, over UDP or over a connection. */
struct attempt {
	LIST_ENTRY(attempt) entry; /* at its source or connection, or among those that failed */
	struct question *question;
	struct server *server; /* NULL: over */
	struct source *source; /* NULL: not over UDP, or failed */
	struct uplink *link;   /* NULL: not over a connection, or failed */
	enum failure failure;  /* when it is at neither */
	uint64_t sent_us;      /* 0: not sent yet, its connection is being opened */
	uint64_t case_bits;    /* of the qname's letters, as sent */
	uint16_t id;
	bool with_case; /* they were drawn at random: the answer must have the same */
	bool with_cookie;
	bool missed;	/* an answer without what it must have has come */
	bool answered;	/* over its connection: nothing is owed */
	uint8_t resent; /* times that its connection was closed under it, and it went over another
			 */
	enum edns_use edns;
};

enum server_transport { SERVER_UDP, SERVER_TCP, SERVER_TLS, SERVER_TRANSPORT_COUNT };

LIST_HEAD(attempt_list, attempt);
TAILQ_HEAD(source_queue, source);
TAILQ_HEAD(link_queue, uplink);
TAILQ_HEAD(server_list, server);
LIST_HEAD(question_list, question);
TAILQ_HEAD(question_queue, question);

/* Whose a question is. */
enum question_kind {
	QUESTION_CLIENT,  /* of clients, or to be cached */
	QUESTION_MEASURE, /* one of those doubled, to one server */
	QUESTION_PROBE,	  /* our own: struct server has it, and no table */
};

struct question {
	void *unused; /* of the places */
	LIST_ENTRY(question) chain;
	TAILQ_ENTRY(question) age;   /* the oldest first */
	TAILQ_ENTRY(question) owned; /* by its client, the oldest first */
	TAILQ_ENTRY(question) turn;  /* while `waits`: until it can be sent */
	TAILQ_ENTRY(question) due;   /* while `is_due` */
	TAILQ_ENTRY(question) hush;  /* while `in_silence`, of those the oldest first */
	enum question_kind kind;
	struct query_key key;
	struct upstreams *upstreams;
	struct client *client; /* who asked it first */
	struct pool *pool;
	LIST_HEAD(, party) parties; /* of waiters: each client's */
	LIST_ENTRY(question) weight;
	uint32_t waiting; /* all waiters together */
	struct event timer;
	uint64_t begun_ms;
	uint64_t deadline_ms; /* given up */
	uint64_t retry_ms;    /* asked again */
	uint64_t hedge_ms;    /* asked of a second server; UINT64_MAX: not */
	uint64_t stale_ms;    /* those who wait get what is stale; UINT64_MAX: not, or they have */
	uint64_t tried;	      /* servers of the pool that were asked, by place */
	uint64_t failed;      /* servers that gave no usable answer */
	uint64_t unhelpful;   /* those that said so: it may be the name's fault */
	uint64_t suspected;   /* those of which came what may be forged */
	uint64_t renewed;     /* those asked again from a new port for that */
	uint64_t overdue;     /* those that it has been held against that they did not answer */
	struct server *last;  /* asked last; NULL when none */
	struct server *only;  /* the one that is to be measured by it */
	uint32_t retries;
	uint32_t bad_cookies;	 /* answers that wanted another cookie */
	struct server *stumbled; /* the one that said FORMERR; NULL: none */
	enum edns_use edns;	 /* what it is asked with instead */
	enum server_time time;	 /* what its deadline was set by */
	bool answered_badly;	 /* some server answered, but not well */
	bool in_silence;	 /* nobody answered in its zone lately */
	bool waits;
	uint8_t row; /* in which it does: of what was not sent, or of what was */
	bool is_due;
	bool unsent;		  /* it is sent from the loop */
	bool crowded_out;	  /* given up for newer ones */
	struct chase *chase;	  /* what its CNAMEs lead to is asked for; NULL: it is not */
	struct seek *seek;	  /* servers are asked for that it is judged by; NULL: none are */
	uint32_t depth;		  /* how many questions it was asked for so, one for the next */
	struct server *truncated; /* its answer over UDP did not fit; NULL: none */
	struct edes ede;	  /* what the last of them said why */
	uint32_t attempt_count;
	struct attempt attempts[ATTEMPTS_MAX];
};

/* Who asks: a prefix, which has questions in flight.  Those who ask for nobody are one, too. */
struct client {
	void *unused; /* of the places */
	LIST_ENTRY(client) chain;
	LIST_ENTRY(client) weight;   /* among those that have about as many */
	TAILQ_ENTRY(client) turn[2]; /* while it has questions that wait */
	struct ip prefix;
	uint64_t hash; /* ip_hash of the prefix */
	uint32_t count;
	struct question_queue questions;
	struct question_queue waiting[2]; /* not sent yet; to be sent again */
};

LIST_HEAD(client_list, client);
TAILQ_HEAD(client_queue, client);

#define CLIENT_WEIGHTS 17U /* the numbers of questions by their powers of two */

/* Everybody who has questions in flight. */
struct clients {
	struct places places; /* one a question that may be in flight */
	struct client_list *buckets;
	struct client_list weights[CLIENT_WEIGHTS];
	struct client_queue turns[2];
	uint32_t waiting; /* questions */
};

/* What is known of how a server is. */
struct health {
	enum server_state state;
	struct rtt rtt;
	uint32_t strikes;	   /* timeouts and failures since it last answered well */
	uint64_t asked_ms;	   /* when it was sent a question last */
	uint64_t heard_us;	   /* when anything came from it last */
	uint64_t answered_us;	   /* when an answer to a question of a client did */
	uint32_t unheard;	   /* questions of clients sent since it was heard of */
	uint32_t unanswered;	   /* the same since it answered one */
	uint64_t silent_since_us;  /* the first question sent since it was heard of; 0: none */
	uint64_t aside_until_ms;   /* further failures before count as one with the last */
	uint64_t measure_at_ms;	   /* when a question may be doubled to learn how it is */
	uint64_t wanted_ms;	   /* when a question waited for it to be heard of */
	uint64_t unheard_since_us; /* since when three are */
	uint64_t unanswered_since_us;
	uint64_t probed_ms;	   /* when a probe was sent last */
	uint64_t probing_since_us; /* the first one since it was heard of; 0: none */
	uint32_t probe_wait_ms;	   /* till the next one, when nobody waits for it */
	bool unreached;		   /* so it failed last */
	bool back;		   /* heard of after a silence; try.c has not looked yet */
};

/* One server, for all pools that name it in the same way. */
struct server {
	TAILQ_ENTRY(server) entry;
	struct upstreams *upstreams;
	struct endpoint address;
	enum server_transport transport;
	struct tls_peer *tls; /* owned; NULL unless SERVER_TLS */
	uint32_t tls_serial;  /* of the client that it was made of */
	char *tls_name;	      /* owned, as the pins: what it was configured with */
	char **tls_pins;
	size_t tls_pins_count;
	uint32_t pools; /* that name it; none: it is freed once it is not busy */
	uint32_t busy;	/* attempts under way, and callers that still need it */
	uint32_t owed;	/* questions of clients under way */
	struct health health;
	struct event timer; /* of watch.c */
	struct question probe;
	struct trait spells;		 /* the question with the letters' case as they were sent */
	struct trait cookies;		 /* sends them, and does not stumble over them */
	struct trait edns;		 /* knows it */
	uint32_t link_misses;		 /* connections that gave no answer, since one that did */
	uint8_t cookie[EDNS_COOKIE_MAX]; /* ours, and behind it what it gave us */
	uint8_t cookie_len;
	struct uplinks *uplinks; /* owned: its connections; NULL while it never had one */
	uint32_t source_count;
	uint32_t swept; /* sources that were looked at for idle ones, in turn */
	struct source sources[];
};

/* The servers that the names of a zone are asked of. */
struct pool {
	struct name zone;
	uint64_t salt;	/* by which questions name it */
	uint32_t users; /* questions, and struct upstreams while it is in force */
	uint32_t turn;	/* of round-robin */
	uint32_t count;
	struct server *servers[];
};

/* The waiters of one client for one question. */
struct party {
	void *unused; /* of the places */
	LIST_ENTRY(party) chain;
	LIST_ENTRY(party) entry; /* of the question's */
	struct question *question;
	struct ip prefix;
	uint32_t count;
	struct waiter_queue waiters; /* the oldest first */
};

LIST_HEAD(party_list, party);

/* All who wait. */
struct waiting {
	struct places parties; /* one a waiter */
	struct party_list *buckets;
	struct question_list weights[CLIENT_WEIGHTS];
	uint32_t taken;
	uint32_t places;
};

#define SILENCES 8192U /* zones; a power of two */

/* Zones in which nobody answered lately, by their hash, and the questions in flight that were asked
 * for names in them since. */
struct silences {
	uint64_t latest_ms; /* when the last of them is forgotten */
	struct question_queue questions;
	uint32_t count;
	struct {
		uint64_t hash;
		uint64_t until_ms;
	} zones[SILENCES];
};

struct upstreams {
	struct loop *loop;
	struct event turn; /* made active when there is any of this: */
	struct source_queue readable_sources;
	struct link_queue readable_links;
	struct attempt_list failed;
	struct question_queue due;
	bool changed;	       /* a server's state */
	struct event release;  /* of questions that waited */
	uint32_t release_left; /* that were not looked at since a state changed */
	struct random_pool random;
	uint32_t ports;
	uint32_t in_flight;
	uint32_t ending; /* of these: have given their places to others, and end from the loop */
	uint32_t in_flight_max;
	struct tls_client *tls; /* NULL: no server has needed it */
	uint32_t tls_serial;	/* of it: another one, another number */
	uint64_t extra_budget;	/* extra questions that may be asked, in millionths */
	struct server_list servers;
	uint32_t server_count;
	struct pool **pools; /* in force, as the snapshot's */
	size_t pool_count;
	struct places questions;       /* in_flight_max, and some more that are ending */
	struct question_list *buckets; /* by key hash */
	LIST_HEAD(, chase) chases;
	LIST_HEAD(, seek) seeks;
	size_t kept_bytes;	       /* of replies that these hold */
	struct question_list measures; /* that nobody may join */
	struct question_queue queue;   /* those in flight */
	uint32_t bucket_mask;
	struct clients clients;
	struct waiting waiting;
	struct silences silences;
	uint8_t message[WIRE_MESSAGE_MAX]; /* what is being received */
};

#endif
