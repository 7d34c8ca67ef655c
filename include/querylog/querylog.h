/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The query log: what became of each query, as a line of JSON a query in a file, and live for
 * whoever looks.  One thread reads what the workers tell (feed/feed.h); they never wait for it, nor
 * for the disk.  It is off by default, and while neither a file is wanted nor anybody looks nothing
 * is told.
 */
#ifndef QUERYLOG_QUERYLOG_H
#define QUERYLOG_QUERYLOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "evidence/client.h"
#include "feed/feed.h"

#define QUERYLOG_RECENT 512U /* of the last queries that can be seen */
#define QUERYLOG_TOP_MAX 20U

struct querylog;

/* For so many workers.  How clients are written down is as the ledger has it: see evidence.  Main
 * thread, as all below but what says otherwise.  ERR_NOMEM; ERR_SYS, ERR_SYNTAX: the key file
 * cannot be used, as `text` says. */
enum err querylog_create(const struct conf *conf, size_t workers, struct querylog **ret_log,
			 struct err_text *text) MUST_CHECK;

/* What each worker tells, until querylog_free. */
struct feed *const *querylog_feeds(const struct querylog *log);

/* Starts the thread, with all signals blocked.  ERR_SYS. */
enum err querylog_start(struct querylog *log) MUST_CHECK;

/* Takes on the file and its bounds of a reload.  NULL is fine. */
void querylog_configure(struct querylog *log, const struct conf *conf);

/* Writes what is there, ends the thread, and frees all; the workers have stopped.  NULL is fine. */
void querylog_free(struct querylog *log);

/* Lines that were written, and those lost: the disk was full, or the thread too slow.  Any thread.
 */
struct querylog_counts {
	uint64_t written;
	uint64_t lost;
};
struct querylog_counts querylog_counts(const struct querylog *log);

/* ---- live; any thread */

struct querylog_seen {
	uint64_t number; /* counted from 1 */
	uint64_t unix_ms;
	struct feed_event event;
	char client[CLIENT_TEXT_MAX];
};

/* Copies to `seen` at most `max` of the last queries, those of a number over `after`, the newest
 * when there are more; returns how many.  From the first call on, until nobody has called for half
 * a minute, queries are told. */
size_t querylog_watch(struct querylog *log, uint64_t after, struct querylog_seen *seen, size_t max);

/* X(table, key): what is counted. */
#define QUERYLOG_TOPS(X)                                                                           \
	X(QUERYLOG_NAMES, "names")                                                                 \
	X(QUERYLOG_BLOCKED, "blocked")                                                             \
	X(QUERYLOG_CLIENTS, "clients")

#define QUERYLOG_ENUM(table, key) table,
enum querylog_top { QUERYLOG_TOPS(QUERYLOG_ENUM) QUERYLOG_TOP_COUNT };
#undef QUERYLOG_ENUM

struct querylog_row {
	uint64_t count; /* of about the last half minute; more than there were where many names go
			   by */
	char text[NAME_TEXT_MAX];
};

/* The most frequent of a table, the first first; returns how many.  Has queries told as
 * querylog_watch does. */
size_t querylog_top(struct querylog *log, enum querylog_top table,
		    struct querylog_row rows[QUERYLOG_TOP_MAX]);

const char *querylog_top_word(enum querylog_top table);

#endif
