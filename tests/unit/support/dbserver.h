/* SPDX-License-Identifier: BSD-2-Clause */
/* A PostgreSQL server of the test's own (tests/postgres.sh). */
#ifndef SUPPORT_DBSERVER_H
#define SUPPORT_DBSERVER_H

#include <stdbool.h>

/* Starts it.  False: there is none on this machine. */
bool dbserver_start(void);
/* Kills it, as by a power cut; starts it again; ends it and removes what it has. */
void dbserver_kill(void);
void dbserver_again(void);
void dbserver_stop(void);

/* Makes an empty database, and gives its URL, in `buf`. */
const char *dbserver_fresh(char *buf, unsigned int size);

/* Runs statements in the database of that URL, and gives what the last one says; "" for nothing.
 * Static memory. */
const char *dbserver_ask(const char *url, const char *sql);

#endif
