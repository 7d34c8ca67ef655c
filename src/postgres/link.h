/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to the database, on which nothing waits for longer than it may.  Statements are
 * constant texts; what comes from clients or the configuration is a parameter.  One thread.
 */
#ifndef POSTGRES_LINK_H
#define POSTGRES_LINK_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stddef.h>

#include "store/store.h"

#define LINK_VALUES_MAX 16U

struct link {
	PGconn *conn;		   /* NULL: none */
	uint32_t limit_ms;	   /* of a statement */
	const atomic_bool *ending; /* when it is set nothing is waited for; NULL: it never is */
	char state[6];		   /* SQLSTATE of the last failure; "": it was the connection's */
	bool late;		   /* set when an answer did not come in time */
};

/* Connects within so much time.  ERR_SYS, with `text`, which has no password. */
enum err link_open(struct link *link, const struct archive_place *place, uint32_t most_ms,
		   struct err_text *text) MUST_CHECK;

/* Without a connection it does nothing. */
void link_close(struct link *link);

/* Has statements take so much time at most from now on; the link has it, whatever the server says.
 * ERR_SYS. */
enum err link_limit(struct link *link, uint32_t limit_ms, struct err_text *text) MUST_CHECK;

/* Runs statements without parameters, whose rows are not wanted.  ERR_SYS: one has failed; the
 * connection is as good as before, unless `state` is "". */
enum err link_run(struct link *link, const char *statements, struct err_text *text) MUST_CHECK;

/* Asks with `count` parameters as texts, NULL is SQL's.  `*ret_result` is to be cleared; it may be
 * NULL where the rows are not wanted.  ERR_SYS. */
enum err link_ask(struct link *link, const char *sql, const char *const *values, int count,
		  PGresult **ret_result, struct err_text *text) MUST_CHECK;

/* The same for one number; `none` where there is no row or it is NULL. */
enum err link_number(struct link *link, const char *sql, const char *const *values, int count,
		     int64_t none, int64_t *ret_number, struct err_text *text) MUST_CHECK;

/* Calls `row` for each row, which comes one by one; when it returns false no more are asked for,
 * and the connection is not to be used again. */
typedef bool link_row_fn(void *arg, const PGresult *row);
enum err link_each(struct link *link, const char *sql, const char *const *values, int count,
		   link_row_fn *row, void *arg, struct err_text *text) MUST_CHECK;

/* Sends the same statement `times` times in one pipeline; `values` fills in what differs. */
typedef void link_values_fn(void *arg, size_t index, const char *values[LINK_VALUES_MAX]);
enum err link_many(struct link *link, const char *sql, size_t times, int count,
		   link_values_fn *values, void *arg, struct err_text *text) MUST_CHECK;

/* COPY ... FROM STDIN: begun, octets of its text format, ended.  After a failure the connection
 * is to be closed. */
enum err link_copy_begin(struct link *link, const char *sql, struct err_text *text) MUST_CHECK;
enum err link_copy(struct link *link, const char *octets, size_t len,
		   struct err_text *text) MUST_CHECK;
enum err link_copy_end(struct link *link, struct err_text *text) MUST_CHECK;

#endif
