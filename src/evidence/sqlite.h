/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the store share.
 *
 *   archive.c        opened, and its batches
 *   archive_find.c   read
 *   archive_visit.c  visits, and what lists are
 *   archive_prune.c  what is too old, or too much
 *   archive_act.c    erasure, holds, and the audit
 */
#ifndef EVIDENCE_SQLITE_H
#define EVIDENCE_SQLITE_H

#include <sqlite3.h>

#include "evidence/archive.h"
#include "evidence/client.h"
#include "evidence/database.h"

#define ARCHIVE_LISTS_MAX 256U

enum archive_statement {
	STATEMENT_PUT,
	STATEMENT_CLIENT,
	STATEMENT_LIST,
	STATEMENT_VISIT,
	STATEMENT_TOTAL,
	STATEMENT_COUNT
};

struct archive {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	archive_also_fn *also; /* NULL: nothing is */
	const void *also_arg;
	char client[CLIENT_TEXT_MAX]; /* whose number is known */
	int client_form;
	int64_t client_id;	      /* 0: none */
	struct archive_finding total; /* what the batch adds to the sums of `total_client` */
	uint64_t total_names;
	int64_t total_client;
	size_t list_count;
	struct {
		char name[64];
		int64_t id;
	} lists[ARCHIVE_LISTS_MAX];
};

/* Fills `text` with what SQLite says.  ERR_SYS. */
enum err archive_fail(struct archive *archive, struct err_text *text) MUST_CHECK;

/* Runs statements that give nothing.  ERR_SYS. */
enum err archive_run(struct archive *archive, const char *statements,
		     struct err_text *text) MUST_CHECK;

/* Prepares one; NULL: failed. */
sqlite3_stmt *archive_prepare(struct archive *archive, const char *statement);

/* The number of the client of a finding, which is made if need be; 0: failed. */
int64_t archive_client_number(struct archive *archive, const struct archive_finding *finding);

/* SQLite's integers have a sign. */
int64_t archive_whole(uint64_t n);

/* The failure of a batch, which ends it.  ERR_SYS, ERR_SYNTAX. */
enum err archive_abandon(struct archive *archive, struct err_text *text) MUST_CHECK;

/* Ends the batch, of which nothing is stored. */
void archive_rollback(struct archive *archive);

#endif
