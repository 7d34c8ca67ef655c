/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of the ledger: an SQLite database in WAL mode.  One process writes, others may read it
 * at the same time, and erase.  A store is used by one thread; each thread opens its own.
 */
#ifndef EVIDENCE_ARCHIVE_H
#define EVIDENCE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct archive;

enum archive_mode {
	ARCHIVE_READ,  /* what another process may be writing; nothing is changed */
	ARCHIVE_EDIT,  /* an existing one: erasures, holds */
	ARCHIVE_WRITE, /* made if it is not there, for its owner alone */
};

/* What the lists' options say of a list; none is NULL. */
struct archive_list {
	const char *name;
	const char *family;
	const char *reason;
	const char *action;
	const char *court;
	const char *case_id;
	const char *date;
	const char *contact;
	const char *url;
	const char *remedy;
};

/* One client that asked for one name. */
struct archive_finding {
	const char *client; /* address, or prefix */
	int form;	    /* enum conf_clients */
	const char *list;
	const char *name;     /* as asked for, presentation form without the final dot */
	uint8_t owner_labels; /* of the list's rule: so many labels of the name; 0: another name's
			       */
	uint16_t types;	      /* as in feed/findings.h */
	uint8_t ways;
	uint32_t first_s; /* Unix time */
	uint32_t last_s;
	uint64_t count;
	uint64_t proven;
	uint64_t merged;
};

/* One that came to an address that names are cut off by; texts are "" where nothing is known. */
struct archive_visit {
	const char *client;
	int form;
	uint16_t port;
	const char *host; /* as a finding's name */
	const char *method;
	const char *path;
	const char *agent;
	const char *ja4;
	uint32_t first_s; /* Unix time */
	uint32_t last_s;
	uint64_t count;	 /* connections, or requests */
	uint64_t visits; /* those that came more than five seconds after the one before */
};

/* Opens the store at `path`.  ERR_SYS: it cannot be, ERR_SYNTAX: it is broken, or no database,
 * ERR_REFUSED: no ledger, or of a later version; `text` says why.  ERR_NOMEM. */
enum err archive_open(const char *path, enum archive_mode mode, struct archive **ret_archive,
		      struct err_text *text) MUST_CHECK;

/* NULL is fine. */
void archive_close(struct archive *archive);

/*
 * A batch: begun, filled, and committed, after which it is on the disk.  When any of these fails
 * nothing of the batch is stored, the batch has ended, and `text` says why.  ERR_SYS, ERR_SYNTAX.
 */
enum err archive_begin(struct archive *archive, struct err_text *text) MUST_CHECK;
enum err archive_put_list(struct archive *archive, const struct archive_list *list,
			  struct err_text *text) MUST_CHECK;
/* Adds to what the store has of this client, list and name. */
enum err archive_put(struct archive *archive, const struct archive_finding *finding,
		     struct err_text *text) MUST_CHECK;
/* Adds to what the store has of such a visit; `visits` is not looked at. */
enum err archive_put_visit(struct archive *archive, const struct archive_visit *visit,
			   struct err_text *text) MUST_CHECK;
enum err archive_commit(struct archive *archive, struct err_text *text) MUST_CHECK;

/* What of the store is wanted; NULL and 0: all. */
struct archive_filter {
	const char *client; /* address or prefix, as it is written in the store */
	const char *list;
	const char *family;
	const char *name; /* itself, and all below it */
	uint32_t since_s; /* seen then or later */
	uint32_t until_s; /* seen then or earlier */
	bool proven;	  /* of clients that have shown that they have their address */
};

/* What the store has of a finding; its texts are valid during the call. */
struct archive_row {
	struct archive_finding finding;
	struct archive_list list;
	uint64_t names;	      /* of archive_each_client: how many findings are in it */
	const char *hostname; /* what the client is called, for reports; the store has "" */
	const char *mac;
	struct archive_visit visit; /* of archive_each: the client's last one to the name, and the
				     * counts of all; 0: there was none */
};

/* False: enough. */
typedef bool archive_row_fn(void *arg, const struct archive_row *row);

/* Calls `fn` for each finding that is wanted, those of a client together.  ERR_SYS. */
enum err archive_each(struct archive *archive, const struct archive_filter *filter,
		      archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;

/* The same by clients: names and texts of the lists are empty, the rest is of all its findings. */
enum err archive_each_client(struct archive *archive, const struct archive_filter *filter,
			     archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;

/* Calls `fn` for each visit that is wanted, `list`, `family` and `proven` aside: a visit is known
 * by its host alone.  The texts of the row are valid during the call; of the rest there is the
 * client.  ERR_SYS. */
enum err archive_each_visit(struct archive *archive, const struct archive_filter *filter,
			    archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;

/* Octets that the findings take; what is free again inside the file is not counted. */
uint64_t archive_size(struct archive *archive);

/* What is to be removed: findings last seen before. */
struct archive_limits {
	uint32_t before_s;
	uint32_t unproven_before_s; /* of clients that have not shown their address */
};

/*
 * Removes what is over the limits and under no hold, of the next `clients` clients, from `*cursor`
 * on (0: the first), which it moves; 0 then: that was all.  Adds to `*removed`.  ERR_SYS.
 */
enum err archive_prune(struct archive *archive, const struct archive_limits *limits,
		       uint32_t clients, int64_t *cursor, uint64_t *removed,
		       struct err_text *text) MUST_CHECK;

/* What is done to one subscriber's findings; all of it stands in the audit. */
enum archive_act {
	ARCHIVE_ERASE,	 /* all findings of an address or prefix are overwritten */
	ARCHIVE_HOLD,	 /* none is removed, by nobody, */
	ARCHIVE_RELEASE, /* until this */
};

/* What is erased along with findings: elsewhere, and counted among them.  Any error. */
typedef enum err archive_also_fn(const void *arg, const char *subject, uint64_t *ret_erased,
				 struct err_text *text);

/* From now on an erasure calls `also`, once there is nothing against it; where that fails nothing
 * is erased here. */
void archive_erases_also(struct archive *archive, archive_also_fn *also, const void *arg);

/*
 * Does so with the findings of `subject`, an address or a prefix as it is written in the store, for
 * the reason `why` that `who` gives.  The audit does not say whose findings were erased.
 * ERR_REFUSED: some of what is to be erased is under a hold.  ERR_NOTFOUND: there is no such
 * hold.  ERR_SYS.
 */
enum err archive_act(struct archive *archive, enum archive_act act, const char *subject,
		     const char *who, const char *why, uint64_t *ret_findings,
		     struct err_text *text) MUST_CHECK;

#endif
