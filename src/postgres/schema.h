/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables, and how an earlier version of them is brought on: by migrations, forward only, each
 * in its place in a table.  `sinkholed.version` has those that were done.
 */
#ifndef POSTGRES_SCHEMA_H
#define POSTGRES_SCHEMA_H

#include <stdio.h>

#include "postgres/link.h"

/* Has names be looked for in our schema, and sets the limits of time.  ERR_SYS. */
enum err schema_use(struct link *link, bool read_only, struct err_text *text) MUST_CHECK;

/* Looks whether the database has our version of the schema.  With `migrates` an earlier one is
 * brought on, and one is made where there is none.  ERR_REFUSED: it is of another version, or not
 * there, and cannot be made; ERR_SYS. */
enum err schema_ready(struct link *link, bool migrates, struct err_text *text) MUST_CHECK;

/* Writes the SQL of all that, and of the roles. */
void schema_print(FILE *out);

#endif
