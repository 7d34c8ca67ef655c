/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store that is a file: what archive.h says, done by SQLite; and what its files share.
 *
 *   sqlite.c        opened, and its batches
 *   sqlite_find.c   read
 *   sqlite_visit.c  visits, and what lists are
 *   sqlite_prune.c  what is too old, or too much
 *   sqlite_act.c    erasure, holds, and the audit
 */
#ifndef EVIDENCE_SQLITE_H
#define EVIDENCE_SQLITE_H

#include <sqlite3.h>

#include "store/store.h"
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

struct sqlite {
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
enum err archive_fail(struct sqlite *archive, struct err_text *text) MUST_CHECK;

/* Prepares one; NULL: failed. */
sqlite3_stmt *archive_prepare(struct sqlite *archive, const char *statement);

/* The number of the client of a finding, which is made if need be; 0: failed. */
int64_t archive_client_number(struct sqlite *archive, const struct archive_finding *finding);

/* SQLite's integers have a sign. */
int64_t archive_whole(uint64_t n);

/* The failure of a batch, which ends it.  ERR_SYS, ERR_SYNTAX. */
enum err archive_abandon(struct sqlite *archive, struct err_text *text) MUST_CHECK;

/* Ends the batch, of which nothing is stored. */
void archive_rollback(struct sqlite *archive);

/* As archive_open; what a store of this kind does is in evidence/archive.h, by the same names. */
enum err sqlite_open(const char *path, enum archive_mode mode, void **ret_store,
		     struct err_text *text) MUST_CHECK;
void sqlite_close(void *store);
enum err sqlite_begin(void *store, struct err_text *text) MUST_CHECK;
enum err sqlite_put_list(void *store, const struct archive_list *list,
			 struct err_text *text) MUST_CHECK;
enum err sqlite_put(void *store, const struct archive_finding *finding,
		    struct err_text *text) MUST_CHECK;
enum err sqlite_put_visit(void *store, const struct archive_visit *visit,
			  struct err_text *text) MUST_CHECK;
enum err sqlite_commit(void *store, struct err_text *text) MUST_CHECK;
enum err sqlite_each(void *store, const struct archive_filter *filter, archive_row_fn *fn,
		     void *arg, struct err_text *text) MUST_CHECK;
enum err sqlite_each_client(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			    void *arg, struct err_text *text) MUST_CHECK;
enum err sqlite_each_visit(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			   void *arg, struct err_text *text) MUST_CHECK;
uint64_t sqlite_size(void *store);
enum err sqlite_prune(void *store, const struct archive_limits *limits, uint32_t clients,
		      int64_t *cursor, uint64_t *removed, struct err_text *text) MUST_CHECK;
void sqlite_erases_also(void *store, archive_also_fn *also, const void *arg);
enum err sqlite_act(void *store, enum archive_act act, const char *subject, const char *who,
		    const char *why, uint64_t *ret_findings, struct err_text *text) MUST_CHECK;

#endif
