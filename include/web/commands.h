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
 * written as on the command line: NAME comes as a word, --for TIME behind its option, and what may
 * be left out in brackets.  The API calls it name, or as the option is called.
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
	X(RELOAD, "reload", "POST", "/v1/reload", "[--dry-run] [--back]",                          \
	  "read configuration and lists anew, wait for the end, tell what became of each list; "   \
	  "fails when one was refused; --dry-run changes nothing and tells which names would "     \
	  "change; --back returns to the configuration before")                                    \
	X(FETCH, "fetch", "POST", "/v1/fetch", "[NAME]",                                           \
	  "fetch the list of that name at once, or all that have a url; wait for the end, and "    \
	  "for "                                                                                   \
	  "the reload where something new has come")                                               \
	X(DIFFERENCE, "difference", "GET", "/v1/difference", "",                                   \
	  "what the last dry run has found")                                                       \
	X(BLOCK, "block", "POST", "/v1/block", "NAME [--until TIME] [--ticket TICKET]",            \
	  "block the name and all below it, at once, before all lists, and over restarts, until "  \
	  "the time (2026-11-28T07:00:00Z, or 12h from now on) or for ever")                       \
	X(UNBLOCK, "unblock", "POST", "/v1/unblock", "NAME [--until TIME] [--ticket TICKET]",      \
	  "let the name and all below it pass likewise, whatever lists say that are not "          \
	  "mandatory")                                                                             \
	X(WITHDRAW, "withdraw", "POST", "/v1/withdraw", "NAME [--ticket TICKET]",                  \
	  "take back what block or unblock has said of the name")                                  \
	X(LIST_OFF, "list off", "POST", "/v1/list-off", "LIST --for TIME [--ticket TICKET]",       \
	  "do not ask the list for so long (10m); a mandatory one is asked always")                \
	X(LIST_ON, "list on", "POST", "/v1/list-on", "LIST [--ticket TICKET]",                     \
	  "ask the list again before that")                                                        \
	X(MANUAL, "manual", "GET", "/v1/manual", "",                                               \
	  "what block, unblock and list off have said, until when, under which ticket")            \
	X(TOP, "top", "GET", "/v1/top", "",                                                        \
	  "which names and clients are the most frequent just now")                                \
	X(WATCH, "watch", "GET", "/v1/watch", "[--after NUMBER]",                                  \
	  "each query as it comes, and what becomes of it")                                        \
	X(CLIENTS, "clients", "GET", "/v1/clients", "[--since TIME]",                              \
	  "the clients that have asked for names of the lists, by the last time")                  \
	X(REPORT, "report", "GET", "/v1/report",                                                   \
	  "[--format FORMAT] [--client ADDRESS] [--list LIST] [--name NAME] [--since TIME]",       \
	  "what they have asked for, as sinkholed --report has it; only so much as takes a "       \
	  "moment")                                                                                \
	X(RECEIPTS, "receipts", "GET", "/v1/receipts",                                             \
	  "[LIST] [--format FORMAT] [--after NUMBER]",                                             \
	  "of each entry of an order, of a mandatory list and of what was blocked by command: "    \
	  "when it came, since when every worker has it, when it left, or why it is not in "       \
	  "force, as csv or json; a request to the API is answered with 5,000 at most, the next "  \
	  "ones come after the last number, until there are none")                                 \
	X(AUDIT, "audit", "GET", "/v1/audit", "[--list LIST] [--last NUMBER]",                     \
	  "the last lines of the audit log (20, or as many as asked for up to 1000), those about " \
	  "one list alone, and whether the log is as it was written; fails when it is not")        \
	X(HUNT, "hunt", "GET", "/v1/hunt", "NAME [--since TIME]",                                  \
	  "who asked for the name, or one below it, while no list had it; of a list, who asked "   \
	  "for its names, as was found when they came to be listed; see evidence.hunt-days")       \
	X(HISTORY, "history", "GET", "/v1/history", "",                                            \
	  "the counters of the last hour, each ten seconds")                                       \
	X(PAGE, "page", "GET", "/v1/page", "", "the address of the dashboard, with the token")     \
	X(FLUSH, "flush", "POST", "/v1/flush", "NAME",                                             \
	  "forget what the cache has of the name and of all below it; all: of everything")         \
	X(LOG_LEVEL, "log-level", "PUT", "/v1/log-level", "LEVEL",                                 \
	  "log from this level on, until the next reload: error, warning, notice, info, debug")    \
	X(METRICS, "metrics", "GET", "/metrics", "", "the counters as Prometheus reads them")

#define WEB_COMMANDS_ENUM(id, ...) WEB_##id,
enum web_command { WEB_COMMANDS(WEB_COMMANDS_ENUM) WEB_COMMAND_COUNT };
#undef WEB_COMMANDS_ENUM

#endif
