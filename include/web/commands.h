/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the running daemon can be asked: each a command of sinkholectl(8) and a route of the API.
 * The daemon's routes, the command line, its help, the completions, the manual page and the OpenAPI
 * file come from these rows.  Nothing here is of a room: sinkholectl reads it as well.
 */
#ifndef WEB_COMMANDS_H
#define WEB_COMMANDS_H

/*
 * X(id, command, method, route, parameters, help)
 *
 * A GET has its parameters in the query, what changes something in a JSON object.  A parameter is
 * written as on the command line: NAME comes as the first word, [--type TYPE] as an option.
 */
#define WEB_COMMANDS(X)                                                                            \
	X(STATUS, "status", "GET", "/v1/status", "",                                               \
	  "what runs, what is in force, and how the last load went")                               \
	X(STATS, "stats", "GET", "/v1/stats", "", "the counters")                                  \
	X(LISTS, "lists", "GET", "/v1/lists", "",                                                  \
	  "the lists: what is in force of each, from when, how often it has decided")              \
	X(UPSTREAMS, "upstreams", "GET", "/v1/upstreams", "",                                      \
	  "the servers that are asked: how each is, and its round trip")                           \
	X(EXPLAIN, "explain", "GET", "/v1/explain", "NAME [--type TYPE] [--client ADDRESS]",       \
	  "what a query for the name would be answered, and which rule of which list says so")     \
	X(RELOAD, "reload", "POST", "/v1/reload", "",                                              \
	  "read configuration and lists anew, wait for the end, tell what became of each list; "   \
	  "fails when one was refused")                                                            \
	X(FLUSH, "flush", "POST", "/v1/flush", "NAME",                                             \
	  "forget what the cache has of the name and of all below it; all: of everything")         \
	X(LOG_LEVEL, "log-level", "PUT", "/v1/log-level", "LEVEL",                                 \
	  "log from this level on, until the next reload: error, warning, notice, info, debug")    \
	X(METRICS, "metrics", "GET", "/metrics", "", "the counters as Prometheus reads them")

#define WEB_COMMANDS_ENUM(id, ...) WEB_##id,
enum web_command { WEB_COMMANDS(WEB_COMMANDS_ENUM) WEB_COMMAND_COUNT };
#undef WEB_COMMANDS_ENUM

#endif
