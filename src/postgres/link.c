/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/link.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "postgres/locate.h"

#define LOOK_MS 100U /* so often it is seen that the thread is to end */
#define GRACE_MAX_MS 5000U
#define PASSWORD_MAX 4096U

/* ---- failures */

/* The first line of what libpq or the server says. */
static enum err say(struct err_text *text, const char *what)
{
	int len = (int)strcspn(what, "\n");

	return err_set(text, ERR_SYS, "%.*s", len, len > 0 ? what : "the connection is lost");
}

static enum err lost(struct link *link, struct err_text *text)
{
	link->state[0] = '\0';
	return say(text, link->conn ? PQerrorMessage(link->conn) : "no connection");
}

static enum err failed(struct link *link, const PGresult *result, struct err_text *text)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	/* a connection that broke has no state, or one of class 57: the server goes down */
	if (!state || PQstatus(link->conn) != CONNECTION_OK)
		return lost(link, text);
	snprintf(link->state, sizeof(link->state), "%s", state);
	return say(text, message ? message : "refused");
}

/* ---- waiting */

static bool is_ending(const struct link *link)
{
	return link->ending && atomic_load(link->ending);
}

/* Waits for the socket.  False: too long, or nobody waits any more. */
static bool wait_for(const struct link *link, short events, uint64_t until_ms)
{
	struct pollfd fd = {.fd = PQsocket(link->conn), .events = events};

	for (;;) {
		uint64_t now_ms = clock_ms();
		uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;

		if (left_ms == 0 || is_ending(link))
			return false;
		if (poll(&fd, 1, (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS)) > 0)
			return true;
	}
}

static enum err too_long(struct link *link, struct err_text *text)
{
	link->state[0] = '\0';
	link->late = true;
	return err_set(text, ERR_SYS, "the database does not answer");
}

/* Sends what waits, and reads until a result is there. */
static enum err settle(struct link *link, uint64_t until_ms, struct err_text *text)
{
	for (;;) {
		int unsent = PQflush(link->conn);

		if (unsent < 0)
			return lost(link, text);
		if (unsent == 0 && !PQisBusy(link->conn))
			return ERR_OK;
		if (!wait_for(link, (short)(POLLIN | (unsent ? POLLOUT : 0)), until_ms))
			return too_long(link, text);
		if (!PQconsumeInput(link->conn))
			return lost(link, text);
	}
}

/* So much longer than the server lets a statement take: it is to say itself that it has ended one.
 */
static uint64_t with_grace(uint32_t limit_ms)
{
	uint32_t grace_ms = limit_ms / 8;

	return (uint64_t)limit_ms + (grace_ms < GRACE_MAX_MS ? grace_ms : GRACE_MAX_MS);
}

/* The next result; NULL: there is no more of this statement. */
static enum err next(struct link *link, PGresult **ret_result, struct err_text *text)
{
	enum err err = settle(link, clock_ms() + with_grace(link->limit_ms), text);

	if (err == ERR_OK)
		*ret_result = PQgetResult(link->conn);
	return err;
}

/* ---- connecting */

static void hear_nothing(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static enum err read_password(const char *path, char **ret_password, struct err_text *text)
{
	size_t len;
	enum err err = file_read(path, PASSWORD_MAX, ret_password, &len);

	if (err != ERR_OK)
		return err_set(text, ERR_SYS, "%s: the password cannot be read: %s", path,
			       err_str(err));
	(*ret_password)[len] = '\0';
	(*ret_password)[strcspn(*ret_password, "\r\n")] = '\0';
	return ERR_OK;
}

static PGconn *start(const struct archive_place *place, const struct located *hosts,
		     const char *password)
{
	/* what stands before the URL it may change, what stands behind it may not */
	const char *const keys[] = {"gssencmode",
				    "tcp_user_timeout",
				    "keepalives_idle",
				    "keepalives_interval",
				    "keepalives_count",
				    "fallback_application_name",
				    "dbname",
				    "client_encoding",
				    "password",
				    "host",
				    "hostaddr",
				    "port",
				    NULL};
	const char *const values[] = {"disable",       "10000",	     "10",   "5",      "3",
				      "sinkholed",     place->store, "UTF8", password, hosts->host,
				      hosts->hostaddr, hosts->port,  NULL};

	return PQconnectStartParams(keys, values, 1);
}

/* Why there is no connection.  Where an address is given libpq tells that alone. */
static enum err unconnected(struct link *link, struct err_text *text)
{
	const char *host = PQhost(link->conn);
	const char *what = PQerrorMessage(link->conn);

	link->state[0] = '\0';
	if (!host || !*host || strstr(what, host))
		return say(text, what);
	return err_set(text, ERR_SYS, "%s: %.*s", host, (int)strcspn(what, "\n"), what);
}

static enum err connect_within(struct link *link, uint64_t until_ms, struct err_text *text)
{
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;

	if (!link->conn)
		return err_set(text, ERR_NOMEM, "out of memory");
	if (PQstatus(link->conn) == CONNECTION_BAD)
		return unconnected(link, text);
	while (step != PGRES_POLLING_OK) {
		if (step == PGRES_POLLING_FAILED)
			return unconnected(link, text);
		if (!wait_for(link, step == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms))
			return too_long(link, text);
		step = PQconnectPoll(link->conn);
	}
	PQsetNoticeReceiver(link->conn, hear_nothing, NULL);
	return PQsetnonblocking(link->conn, 1) == 0 ? ERR_OK : lost(link, text);
}

enum err link_open(struct link *link, const struct archive_place *place, uint32_t most_ms,
		   struct err_text *text)
{
	char *password = NULL;
	struct located hosts;
	enum err err;

	err = locate_hosts(place, link->ending, &hosts, text);
	if (err == ERR_OK && *place->password_file)
		err = read_password(place->password_file, &password, text);
	if (err != ERR_OK)
		return err;
	link->conn = start(place, &hosts, password);
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	err = connect_within(link, clock_ms() + most_ms, text);
	if (err != ERR_OK)
		link_close(link);
	return err;
}

void link_close(struct link *link)
{
	PQfinish(link->conn);
	link->conn = NULL;
}

/* ---- statements */

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	       status == PGRES_SINGLE_TUPLE || status == PGRES_PIPELINE_SYNC;
}

/* Reads all results; the last one that is good is kept, of failures the first is told. */
static enum err finish(struct link *link, PGresult **ret_result, struct err_text *text)
{
	PGresult *result = NULL;
	PGresult *kept = NULL;
	enum err err = ERR_OK;

	for (;;) {
		enum err waited = next(link, &result, text);

		if (waited != ERR_OK || !result) {
			err = waited != ERR_OK ? waited : err;
			break;
		}
		if (err == ERR_OK && !is_good(result))
			err = failed(link, result, text);
		PQclear(kept);
		kept = result;
	}
	if (err == ERR_OK && ret_result)
		*ret_result = kept;
	else
		PQclear(kept);
	return err;
}

enum err link_run(struct link *link, const char *statements, struct err_text *text)
{
	if (!PQsendQuery(link->conn, statements))
		return lost(link, text);
	return finish(link, NULL, text);
}

enum err link_ask(struct link *link, const char *sql, const char *const *values, int count,
		  PGresult **ret_result, struct err_text *text)
{
	if (!PQsendQueryParams(link->conn, sql, count, NULL, values, NULL, NULL, 0))
		return lost(link, text);
	return finish(link, ret_result, text);
}

enum err link_limit(struct link *link, uint32_t limit_ms, struct err_text *text)
{
	char limit[16];
	const char *const values[] = {limit};

	snprintf(limit, sizeof(limit), "%u", limit_ms);
	link->limit_ms = limit_ms;
	return link_ask(link, "SELECT set_config('statement_timeout', $1, false)", values, 1, NULL,
			text);
}

enum err link_number(struct link *link, const char *sql, const char *const *values, int count,
		     int64_t none, int64_t *ret_number, struct err_text *text)
{
	PGresult *result = NULL;
	enum err err = link_ask(link, sql, values, count, &result, text);

	if (err != ERR_OK)
		return err;
	*ret_number = none;
	if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
		*ret_number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return ERR_OK;
}

enum err link_each(struct link *link, const char *sql, const char *const *values, int count,
		   link_row_fn *row, void *arg, struct err_text *text)
{
	PGresult *result = NULL;
	enum err err = ERR_OK;
	bool more = true;

	if (!PQsendQueryParams(link->conn, sql, count, NULL, values, NULL, NULL, 0) ||
	    !PQsetSingleRowMode(link->conn))
		return lost(link, text);
	while (more && err == ERR_OK) {
		err = next(link, &result, text);
		if (err != ERR_OK || !result)
			break;
		if (!is_good(result))
			err = failed(link, result, text);
		else if (PQntuples(result) > 0)
			more = row(arg, result);
		PQclear(result);
	}
	return err;
}

/* ---- pipelines */

/* Reads what a pipeline of so many statements gives, and the end of it. */
static enum err finish_many(struct link *link, size_t times, struct err_text *text)
{
	struct err_text later;
	enum err err = ERR_OK;

	for (size_t i = 0; i <= times; i++) {
		PGresult *result = NULL;
		enum err waited = next(link, &result, &later);

		if (waited == ERR_OK && !result)
			waited = lost(link, &later);
		if (waited != ERR_OK)
			return err_set(text, waited, "%s", later.text);
		if (err == ERR_OK && !is_good(result))
			err = failed(link, result, text);
		PQclear(result);
		result = NULL;
		/* each statement's results end with NULL, but not the end of the pipeline */
		if (i < times && next(link, &result, &later) != ERR_OK)
			return err_set(text, ERR_SYS, "%s", later.text);
		PQclear(result);
	}
	return err;
}

enum err link_many(struct link *link, const char *sql, size_t times, int count,
		   link_values_fn *values, void *arg, struct err_text *text)
{
	enum err err = ERR_OK;

	if (times == 0)
		return ERR_OK;
	if (!PQenterPipelineMode(link->conn))
		return lost(link, text);
	for (size_t i = 0; i < times; i++) {
		const char *v[LINK_VALUES_MAX] = {NULL};

		values(arg, i, v);
		if (!PQsendQueryParams(link->conn, sql, count, NULL, v, NULL, NULL, 0))
			return lost(link, text);
	}
	if (!PQpipelineSync(link->conn))
		return lost(link, text);
	err = finish_many(link, times, text);
	if (!PQexitPipelineMode(link->conn) && err == ERR_OK)
		err = lost(link, text);
	return err;
}

/* ---- COPY */

/* What else a failure brings: the first is told. */
static void drain(struct link *link)
{
	PGresult *result = NULL;
	struct err_text text;

	while (next(link, &result, &text) == ERR_OK && result)
		PQclear(result);
}

enum err link_copy_begin(struct link *link, const char *sql, struct err_text *text)
{
	PGresult *result = NULL;
	enum err err = ERR_OK;

	if (!PQsendQuery(link->conn, sql))
		return lost(link, text);
	err = next(link, &result, text);
	if (err == ERR_OK && PQresultStatus(result) == PGRES_COPY_IN) {
		PQclear(result);
		return ERR_OK;
	}
	if (err == ERR_OK)
		err = result ? failed(link, result, text) : lost(link, text);
	PQclear(result);
	drain(link);
	return err;
}

static enum err wait_to_send(struct link *link, struct err_text *text)
{
	uint64_t until_ms = clock_ms() + link->limit_ms;
	int unsent;

	while ((unsent = PQflush(link->conn)) > 0) {
		if (!wait_for(link, POLLIN | POLLOUT, until_ms))
			return too_long(link, text);
		if (!PQconsumeInput(link->conn))
			return lost(link, text);
	}
	return unsent < 0 ? lost(link, text) : ERR_OK;
}

enum err link_copy(struct link *link, const char *octets, size_t len, struct err_text *text)
{
	enum err err = ERR_OK;
	int taken = PQputCopyData(link->conn, octets, (int)len);

	while (taken == 0 && err == ERR_OK) {
		err = wait_to_send(link, text);
		taken = err == ERR_OK ? PQputCopyData(link->conn, octets, (int)len) : 0;
	}
	if (taken < 0)
		return lost(link, text);
	return err == ERR_OK ? wait_to_send(link, text) : err;
}

enum err link_copy_end(struct link *link, struct err_text *text)
{
	int taken;
	enum err err = ERR_OK;

	while ((taken = PQputCopyEnd(link->conn, NULL)) == 0 && err == ERR_OK)
		err = wait_to_send(link, text);
	if (taken < 0)
		return lost(link, text);
	return err == ERR_OK ? finish(link, NULL, text) : err;
}
