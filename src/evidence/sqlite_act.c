/* SPDX-License-Identifier: BSD-2-Clause */
/* Erasure of a subscriber's findings, the hold against it, and the audit of both. */
#include <string.h>

#include "base/clock.h"
#include "evidence/sqlite.h"

static const char *const act_names[] = {
	[ARCHIVE_ERASE] = "erase",
	[ARCHIVE_HOLD] = "hold",
	[ARCHIVE_RELEASE] = "release",
};

/* Prepares and binds `text1` to ?1, and so on; NULL ends them. */
static sqlite3_stmt *bound(struct sqlite *archive, const char *sql, const char *text1,
			   const char *text2, const char *text3)
{
	sqlite3_stmt *q = archive_prepare(archive, sql);

	if (!q)
		return NULL;
	sqlite3_bind_text(q, 1, text1, -1, SQLITE_STATIC);
	if (text2)
		sqlite3_bind_text(q, 2, text2, -1, SQLITE_STATIC);
	if (text3)
		sqlite3_bind_text(q, 3, text3, -1, SQLITE_STATIC);
	return q;
}

/* Runs a statement that changes something.  False: failed. */
static bool change(struct sqlite *archive, sqlite3_stmt *q, uint64_t *changed)
{
	bool done = q && database_step(q);

	if (done && changed)
		*changed = (uint64_t)sqlite3_changes(archive->db);
	sqlite3_finalize(q);
	return done;
}

/* A number that a question of the subject gives.  False: failed. */
static bool ask(struct sqlite *archive, const char *sql, const char *subject, uint64_t *ret_number)
{
	sqlite3_stmt *q = bound(archive, sql, subject, NULL, NULL);
	bool found = q && sqlite3_step(q) == SQLITE_ROW;

	if (found)
		*ret_number = (uint64_t)sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return found;
}

#define SUBJECTS "(SELECT id FROM client WHERE covers(?1, address))"

void sqlite_erases_also(void *store, archive_also_fn *also, const void *arg)
{
	struct sqlite *archive = store;
	archive->also = also;
	archive->also_arg = arg;
}

static enum err erase_also(struct sqlite *archive, const char *subject, uint64_t *findings,
			   struct err_text *text)
{
	uint64_t erased = 0;
	enum err err =
		archive->also ? archive->also(archive->also_arg, subject, &erased, text) : ERR_OK;

	*findings += erased;
	return err;
}

static enum err erase(struct sqlite *archive, const char *subject, uint64_t *findings,
		      struct err_text *text)
{
	uint64_t held;

	if (!ask(archive,
		 "SELECT count(*) FROM client c, hold h WHERE covers(?1, c.address)"
		 " AND covers(h.subject, c.address)",
		 subject, &held))
		return archive_fail(archive, text);
	if (held > 0)
		return err_set(text, ERR_REFUSED, "there is a hold on findings of %s", subject);
	if (!change(archive,
		    bound(archive, "DELETE FROM finding WHERE client IN " SUBJECTS, subject, NULL,
			  NULL),
		    findings) ||
	    !change(archive,
		    bound(archive, "DELETE FROM total WHERE client IN " SUBJECTS, subject, NULL,
			  NULL),
		    NULL) ||
	    !change(archive,
		    bound(archive, "DELETE FROM visit WHERE client IN " SUBJECTS, subject, NULL,
			  NULL),
		    NULL) ||
	    !change(archive,
		    bound(archive, "DELETE FROM client WHERE covers(?1, address)", subject, NULL,
			  NULL),
		    NULL))
		return archive_fail(archive, text);
	return erase_also(archive, subject, findings, text);
}

static bool count_findings(struct sqlite *archive, const char *subject, uint64_t *findings)
{
	return ask(archive, "SELECT count(*) FROM finding WHERE client IN " SUBJECTS, subject,
		   findings);
}

static enum err hold(struct sqlite *archive, const char *subject, const char *who, const char *why,
		     uint64_t *findings, struct err_text *text)
{
	if (!count_findings(archive, subject, findings) ||
	    !change(archive,
		    bound(archive,
			  "INSERT INTO hold VALUES(?1, unixepoch(), ?2, ?3)"
			  " ON CONFLICT(subject) DO UPDATE SET at_s=unixepoch(), who=?2, why=?3",
			  subject, who, why),
		    NULL))
		return archive_fail(archive, text);
	return ERR_OK;
}

static enum err release(struct sqlite *archive, const char *subject, uint64_t *findings,
			struct err_text *text)
{
	uint64_t released = 0;

	if (!count_findings(archive, subject, findings) ||
	    !change(archive,
		    bound(archive, "DELETE FROM hold WHERE subject = ?1", subject, NULL, NULL),
		    &released))
		return archive_fail(archive, text);
	return released > 0 ? ERR_OK : err_set(text, ERR_NOTFOUND, "no hold on %s", subject);
}

static bool audit(struct sqlite *archive, enum archive_act act, const char *subject,
		  const char *who, const char *why, uint64_t findings)
{
	sqlite3_stmt *q = bound(archive,
				"INSERT INTO audit(at_s, subject, who, why, act, findings)"
				" VALUES(unixepoch(), ?1, ?2, ?3, ?4, ?5)",
				act == ARCHIVE_ERASE ? "" : subject, who, why);

	if (!q)
		return false;
	sqlite3_bind_text(q, 4, act_names[act], -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 5, (int64_t)findings);
	return change(archive, q, NULL);
}

static enum err act_on(struct sqlite *archive, enum archive_act act, const char *subject,
		       const char *who, const char *why, uint64_t *findings, struct err_text *text)
{
	enum err err;

	switch (act) {
	case ARCHIVE_ERASE:
		err = erase(archive, subject, findings, text);
		break;
	case ARCHIVE_HOLD:
		err = hold(archive, subject, who, why, findings, text);
		break;
	default:
		err = release(archive, subject, findings, text);
	}
	if (err == ERR_OK && !audit(archive, act, subject, who, why, *findings))
		err = archive_fail(archive, text);
	return err;
}

enum err sqlite_act(void *store, enum archive_act act, const char *subject, const char *who,
		    const char *why, uint64_t *ret_findings, struct err_text *text)
{
	struct sqlite *archive = store;
	uint64_t findings = 0;
	enum err err = sqlite_begin(archive, text);

	if (err != ERR_OK)
		return err;
	err = act_on(archive, act, subject, who, why, &findings, text);
	if (err != ERR_OK) {
		archive_rollback(archive);
		return err;
	}
	err = sqlite_commit(archive, text);
	if (err != ERR_OK)
		return err;
	/* what was erased is in the log still, until it is begun anew */
	if (act == ARCHIVE_ERASE)
		sqlite3_wal_checkpoint_v2(archive->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
					  NULL);
	*ret_findings = findings;
	return ERR_OK;
}
