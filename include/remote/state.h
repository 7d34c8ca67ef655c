/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states of an upstream server: what each does to questions, what leads from one to another.
 * The code is driven by these rows, and docs/architecture.md shows them; a test compares the two.
 */
#ifndef REMOTE_STATE_H
#define REMOTE_STATE_H

/* When a question is sent to a server in this state. */
#define SERVER_ASKED(X)                                                                            \
	X(FIRST, "sent")                                                                           \
	X(LAST, "sent when no other server is well")                                               \
	X(NOT, "wait, unsent, until the server is heard of")

/* How long a question has when no server of its pool is in a better state. */
#define SERVER_TIME(X)                                                                             \
	X(WHOLE, "`outgoing.timeout`")                                                             \
	X(SECOND, "a second from now on")                                                          \
	X(BACK, "`outgoing.timeout`; 0.8 s once it was silent for 10 s")

/* When its clients are given an expired answer that is still there. */
#define SERVER_STALE(X)                                                                            \
	X(LATER, "after `stale-timeout`")                                                          \
	X(NOW, "at once")

/* When we ask the server a question of our own. */
#define SERVER_PROBES(X)                                                                           \
	X(NONE, "none")                                                                            \
	X(OFTEN, "each 100 ms")                                                                    \
	X(WANTED, "each 100 ms while a question waits for it, else up to 5 s apart")               \
	X(SELDOM, "each second")

/*
 * The states, from the best to the worst: a question is treated by the best that a server of its
 * pool has.  X(state, name, what it means, new questions, time of all, stale answers, probes, what
 * the log says of it)
 */
#define SERVER_STATES(X)                                                                           \
	X(WELL, "well", "answers, or nothing is known of it", FIRST, WHOLE, LATER, NONE, NULL)     \
	X(ASIDE, "aside", "has failed or was silent, and was heard of since", LAST, WHOLE, LATER,  \
	  NONE, NULL)                                                                              \
	X(SILENT, "silent", "looks dead", LAST, WHOLE, LATER, OFTEN, NULL)                         \
	X(CUT, "cut", "is heard of, but answers no question of clients: its own line is cut",      \
	  LAST, SECOND, NOW, SELDOM, "is there, but answers no question")                          \
	X(DEAD, "dead", "does not answer our own questions either", NOT, BACK, NOW, WANTED,        \
	  "does not answer")

/* X(event, what has happened) */
#define SERVER_EVENTS(X)                                                                           \
	X(GOOD, "a good answer to a question of a client")                                         \
	X(ANSWERED, "another answer to one, in time: an error, truncated")                         \
	X(HEARD, "anything else from its port: a late answer, any reply to a probe")               \
	X(STRUCK, "the third failure without a good answer")                                       \
	X(UNREACHED, "the same, and it cannot be reached (ICMP, RST)")                             \
	X(QUIET, "nothing was heard for 1 s while 3 questions or more were owed")                  \
	X(UNANSWERED, "no question was answered for 2 s while 3 or more were owed")                \
	X(PROBE_LOST, "no reply to our probes in their time")                                      \
	X(REST, "no question came for 10 s")

/* X(state, then the state after each of the events, in their order) */
#define SERVER_MOVES(X)                                                                            \
	X(WELL, WELL, WELL, WELL, ASIDE, SILENT, SILENT, CUT, WELL, WELL)                          \
	X(ASIDE, WELL, ASIDE, ASIDE, ASIDE, SILENT, SILENT, CUT, ASIDE, ASIDE)                     \
	X(SILENT, WELL, ASIDE, ASIDE, SILENT, SILENT, SILENT, SILENT, DEAD, SILENT)                \
	X(CUT, WELL, ASIDE, CUT, CUT, SILENT, CUT, CUT, DEAD, ASIDE)                               \
	X(DEAD, WELL, ASIDE, ASIDE, DEAD, DEAD, DEAD, DEAD, DEAD, DEAD)

#define ASKED_ENUM(name, text) ASKED_##name,
#define TIME_ENUM(name, text) TIME_##name,
#define STALE_ENUM(name, text) STALE_##name,
#define PROBES_ENUM(name, text) PROBES_##name,
#define EVENT_ENUM(name, text) SERVER_EVENT_##name,
#define SERVER_ENUM(name, ...) STATE_##name,

enum server_asked { SERVER_ASKED(ASKED_ENUM) };
enum server_time { SERVER_TIME(TIME_ENUM) };
enum server_stale { SERVER_STALE(STALE_ENUM) };
enum server_probes { SERVER_PROBES(PROBES_ENUM) };
enum server_event { SERVER_EVENTS(EVENT_ENUM) SERVER_EVENT_COUNT };
enum server_state { SERVER_STATES(SERVER_ENUM) SERVER_STATE_COUNT };

#undef ASKED_ENUM
#undef TIME_ENUM
#undef STALE_ENUM
#undef PROBES_ENUM
#undef EVENT_ENUM
#undef SERVER_ENUM

struct server_state_row {
	const char *name;
	enum server_asked asked;
	enum server_time time;
	enum server_stale stale;
	enum server_probes probes;
	const char *log; /* on entering it; NULL: nothing */
};

extern const struct server_state_row server_states[SERVER_STATE_COUNT];

/* The state that `event` leads to. */
enum server_state server_state_after(enum server_state state, enum server_event event);

#endif
