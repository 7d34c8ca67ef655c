/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long findings take into PostgreSQL: by the store, and by prepared statements one by one.
 *   pgload store URL FOLDER COUNT       by the store, its spool in FOLDER, until the database has
 * all pgload single URL COUNT             upserts, each a transaction pgload transaction URL COUNT
 * upserts, a thousand in a transaction Each finding is another one.  Prints seconds.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "postgres/postgres.h"

#define BATCH 20000U
#define NOW_S 1796000000U

static int fail(const char *what)
{
	fprintf(stderr, "pgload: %s\n", what);
	return EXIT_FAILURE;
}

static void fill(unsigned long i, char client[32], char name[64])
{
	snprintf(client, 32, "10.0.%lu.%lu", i % 50000 / 256, i % 50000 % 256);
	snprintf(name, 64, "n%lu.c2.example", i / 50000);
}

static int by_store(const char *url, const char *folder, unsigned long count)
{
	const struct archive_place place = {.store = url,
					    .password_file = "",
					    .resolver = "load",
					    .spool = folder,
					    .spool_bytes = 1ULL << 32};
	struct archive_finding f = {.list = "bots", .owner_labels = 2, .types = 1, .ways = 1};
	struct err_text text = {""};
	char client[32];
	char name[64];
	void *store;

	if (postgres_open(&place, ARCHIVE_WRITE, &store, &text) != ERR_OK)
		return fail(text.text);
	f.client = client;
	f.name = name;
	f.first_s = f.last_s = NOW_S;
	f.count = 1;
	for (unsigned long i = 0; i < count; i++) {
		fill(i, client, name);
		if ((i % BATCH == 0 && postgres_ops.begin(store, &text) != ERR_OK) ||
		    postgres_ops.put(store, &f, &text) != ERR_OK ||
		    ((i % BATCH == BATCH - 1 || i == count - 1) &&
		     postgres_ops.commit(store, &text) != ERR_OK))
			return fail(text.text);
	}
	if (!postgres_ops.settle(store, 3600000))
		return fail("not in an hour");
	postgres_ops.close(store);
	return EXIT_SUCCESS;
}

static const char upsert[] =
	"INSERT INTO sinkholed.finding AS f VALUES(date '2026-11-29', $1::bigint, 1, $2::text, 2,"
	" $3::bigint, $3::bigint, 1, 0, 0, 1, 1) ON CONFLICT (client, list, name, day) DO UPDATE "
	"SET"
	" count = f.count + excluded.count, last_s = greatest(f.last_s, excluded.last_s)";

static int one_by_one(const char *url, unsigned long count, unsigned long each)
{
	PGconn *conn = PQconnectdb(url);

	PQclear(PQexec(conn, "SET synchronous_commit = on")); /* as the store has it */
	PQclear(PQprepare(conn, "put", upsert, 0, NULL));
	for (unsigned long i = 0; i < count; i++) {
		char client[32];
		char name[64];
		char number[24];
		const char *const values[] = {number, name, "1796000000"};
		PGresult *result;

		fill(i, client, name);
		snprintf(number, sizeof(number), "%lu",
			 i % 50000); /* it has looked up its client */
		if (each > 1 && i % each == 0)
			PQclear(PQexec(conn, "BEGIN"));
		result = PQexecPrepared(conn, "put", 3, values, NULL, NULL, 0);
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			return fail(PQerrorMessage(conn));
		PQclear(result);
		if (each > 1 && (i % each == each - 1 || i == count - 1))
			PQclear(PQexec(conn, "COMMIT"));
	}
	PQfinish(conn);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	uint64_t begun_ms = clock_ms();
	int status;

	if (argc == 5 && strcmp(argv[1], "store") == 0)
		status = by_store(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "single") == 0)
		status = one_by_one(argv[2], strtoul(argv[3], NULL, 10), 1);
	else if (argc == 4 && strcmp(argv[1], "transaction") == 0)
		status = one_by_one(argv[2], strtoul(argv[3], NULL, 10), 1000);
	else
		return fail("see the head of pgload.c");
	if (status == EXIT_SUCCESS)
		printf("%.3f\n", (double)(clock_ms() - begun_ms) / 1000);
	return status;
}
