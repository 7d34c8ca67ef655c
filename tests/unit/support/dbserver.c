/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/dbserver.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[128];

static bool run(const char *what)
{
	char command[256];
	FILE *out;

	snprintf(command, sizeof(command), "tests/postgres.sh %s %s", what, folder);
	out = popen(command, "r");
	if (!out)
		return false;
	if (strcmp(what, "start") == 0 && !fgets(folder, sizeof(folder), out))
		folder[0] = '\0';
	folder[strcspn(folder, "\n")] = '\0';
	return pclose(out) == 0;
}

bool dbserver_start(void)
{
	folder[0] = '\0';
	return run("start") && *folder;
}

void dbserver_kill(void)
{
	if (!run("kill"))
		abort();
}

void dbserver_again(void)
{
	if (!run("again"))
		abort();
}

void dbserver_stop(void)
{
	if (*folder && !run("stop"))
		abort();
}

static void url_of(const char *database, char *buf, unsigned int size)
{
	snprintf(buf, size, "postgresql://owner@/%s?host=%s", database, folder);
}

const char *dbserver_ask(const char *url, const char *sql)
{
	static char said[4096];
	PGconn *conn = PQconnectdb(url);
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);

	said[0] = '\0';
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		snprintf(said, sizeof(said), "%s", PQerrorMessage(conn));
	else if (PQntuples(result) > 0)
		snprintf(said, sizeof(said), "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(conn);
	return said;
}

const char *dbserver_fresh(char *buf, unsigned int size)
{
	static unsigned int number;
	char sql[64];
	char name[32];
	char base[256];

	snprintf(name, sizeof(name), "t%u", ++number);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE template0", name);
	url_of("postgres", base, sizeof(base));
	if (*dbserver_ask(base, sql))
		abort();
	url_of(name, buf, size);
	return buf;
}
