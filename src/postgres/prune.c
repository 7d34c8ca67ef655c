/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/clock.h"

/* What the database counts of the rows that live times what one takes, its two indexes counted:
 * what was removed has its room until it is used again. */
#define ROW_OCTETS "240"
#define PRUNE_MS 600000U /* so long a removal may take, while batches wait in the spool */

/* By how much a clock may be wrong and be trusted all the same. */
#define APART_S 3600

static uint32_t shift(uint32_t at_s, int64_t by_s)
{
	int64_t shifted_s = (int64_t)at_s + by_s;

	if (at_s == 0 || shifted_s < 0)
		return 0;
	return shifted_s < UINT32_MAX ? (uint32_t)shifted_s : UINT32_MAX;
}

struct archive_limits prune_judge(const struct archive_limits *limits, int64_t ours_s,
				  int64_t theirs_s)
{
	int64_t by_s = theirs_s - ours_s;

	if (by_s > -APART_S && by_s < APART_S)
		return *limits;
	return (struct archive_limits){
		.before_s = shift(limits->before_s, by_s),
		.unproven_before_s = shift(limits->unproven_before_s, by_s),
	};
}

static enum err remove_before(struct link *link, const struct archive_limits *wanted,
			      int64_t *removed, struct err_text *text)
{
	char numbers[2][16];
	const char *const values[] = {numbers[0], numbers[1]};
	int64_t theirs_s = 0;
	struct archive_limits limits;
	enum err err = link_number(link, "SELECT extract(epoch FROM now())::bigint", NULL, 0, 0,
				   &theirs_s, text);

	if (err != ERR_OK)
		return err;
	limits = prune_judge(wanted, (int64_t)clock_unix_s(), theirs_s);
	snprintf(numbers[0], sizeof(numbers[0]), "%u", limits.before_s);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", limits.unproven_before_s);
	return link_number(link, "SELECT prune($1::bigint, $2::bigint)", values, 2, 0, removed,
			   text);
}

enum err prune_now(struct link *link, const struct archive_limits *limits, uint64_t *ret_removed,
		   struct err_text *text)
{
	uint32_t usual_ms = link->limit_ms;
	struct err_text later;
	int64_t removed = 0;
	enum err err = link_limit(link, PRUNE_MS, text);

	if (err == ERR_OK)
		err = remove_before(link, limits, &removed, text);
	if (link_limit(link, usual_ms, &later) != ERR_OK && err == ERR_OK)
		err = err_set(text, ERR_SYS, "%s", later.text);
	if (err == ERR_OK)
		*ret_removed = (uint64_t)removed;
	return err;
}

enum err prune_size(struct link *link, uint64_t *ret_size, struct err_text *text)
{
	int64_t size = 0;
	enum err err = link_number(link,
				   "SELECT (" ROW_OCTETS
				   " * sum(n_live_tup))::bigint FROM pg_stat_user_tables"
				   " WHERE schemaname = 'sinkholed'",
				   NULL, 0, 0, &size, text);

	if (err == ERR_OK)
		*ret_size = (uint64_t)size;
	return err;
}

/* ---- by a person */

static const char *const act_names[] = {
	[ARCHIVE_ERASE] = "erase",
	[ARCHIVE_HOLD] = "hold",
	[ARCHIVE_RELEASE] = "release",
};

#define SUBJECTS "(SELECT id FROM client WHERE network <<= $1::inet)"

/* Runs a statement about the subject, and gives the rows it has changed. */
static enum err change(struct link *link, const char *sql, const char *subject, uint64_t *changed,
		       struct err_text *text)
{
	PGresult *result = NULL;
	enum err err = link_ask(link, sql, &subject, 1, &result, text);

	if (err == ERR_OK)
		*changed = strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return err;
}

static enum err erase(struct link *link, const char *subject, uint64_t *findings,
		      struct err_text *text)
{
	static const char *const steps[] = {
		"DELETE FROM finding WHERE client IN " SUBJECTS,
		"DELETE FROM visit WHERE client IN " SUBJECTS,
		"DELETE FROM client WHERE network <<= $1::inet",
	};
	uint64_t changed[3] = {0};
	int64_t held = 0;
	enum err err;

	err = link_number(link,
			  "SELECT count(*) FROM client c JOIN hold h ON c.network <<= h.network"
			  " WHERE c.network <<= $1::inet",
			  &subject, 1, 0, &held, text);
	if (err == ERR_OK && held > 0)
		return err_set(text, ERR_REFUSED, "there is a hold on findings of %s", subject);
	if (err == ERR_OK)
		err = link_number(link,
				  "SELECT count(*) FROM (SELECT DISTINCT client, list, name"
				  " FROM finding WHERE client IN " SUBJECTS ") f",
				  &subject, 1, 0, (int64_t *)findings, text);
	for (size_t i = 0; err == ERR_OK && i < 3; i++)
		err = change(link, steps[i], subject, &changed[i], text);
	return err;
}

static enum err hold(struct link *link, const char *subject, const char *who, const char *why,
		     struct err_text *text)
{
	const char *const values[] = {subject, who, why};

	return link_ask(
		link,
		"INSERT INTO hold(subject, network, who, why) VALUES($1::text, $1::inet, $2,"
		" $3) ON CONFLICT(subject) DO UPDATE SET at = now(), who = $2, why = $3",
		values, 3, NULL, text);
}

static enum err release(struct link *link, const char *subject, struct err_text *text)
{
	uint64_t released = 0;
	enum err err =
		change(link, "DELETE FROM hold WHERE subject = $1", subject, &released, text);

	return err == ERR_OK && released == 0
		       ? err_set(text, ERR_NOTFOUND, "no hold on %s", subject)
		       : err;
}

static enum err audit(struct link *link, enum archive_act act, const char *subject, const char *who,
		      const char *why, uint64_t findings, struct err_text *text)
{
	char number[24];
	const char *const values[] = {act == ARCHIVE_ERASE ? "" : subject, who, why, act_names[act],
				      number};

	snprintf(number, sizeof(number), "%" PRIu64, findings);
	return link_ask(link,
			"INSERT INTO audit(subject, who, why, act, findings)"
			" VALUES($1, $2, $3, $4, $5)",
			values, 5, NULL, text);
}

static enum err act_on(struct link *link, enum archive_act act, const char *subject,
		       const char *who, const char *why, uint64_t *findings, struct err_text *text)
{
	enum err err = ERR_OK;

	if (act == ARCHIVE_ERASE)
		return erase(link, subject, findings, text);
	err = link_number(link,
			  "SELECT count(*) FROM (SELECT DISTINCT client, list, name FROM finding"
			  " WHERE client IN " SUBJECTS ") f",
			  &subject, 1, 0, (int64_t *)findings, text);
	if (err != ERR_OK)
		return err;
	return act == ARCHIVE_HOLD ? hold(link, subject, who, why, text)
				   : release(link, subject, text);
}

enum err prune_act(struct link *link, enum archive_act act, const char *subject, const char *who,
		   const char *why, archive_also_fn *also, const void *also_arg,
		   uint64_t *ret_findings, struct err_text *text)
{
	uint64_t findings = 0;
	uint64_t beside = 0;
	struct prefix prefix;
	/* no resolver adds to a client that is just being removed: their transactions wait */
	enum err err = link_run(link,
				"BEGIN; LOCK TABLE hold IN ROW EXCLUSIVE MODE;"
				" LOCK TABLE client IN SHARE ROW EXCLUSIVE MODE",
				text);

	if (err == ERR_OK && prefix_parse(subject, &prefix) != ERR_OK)
		err = err_set(text, ERR_SYNTAX, "%s: no address or prefix", subject);
	if (err == ERR_OK)
		err = act_on(link, act, subject, who, why, &findings, text);
	if (err == ERR_OK && act == ARCHIVE_ERASE && also)
		err = also(also_arg, subject, &beside, text);
	findings += beside;
	if (err == ERR_OK)
		err = audit(link, act, subject, who, why, findings, text);
	if (err == ERR_OK)
		err = link_run(link, "COMMIT", text);
	else if (link->conn && link_run(link, "ROLLBACK", NULL) != ERR_OK)
		link_close(link);
	if (err == ERR_OK)
		*ret_findings = findings;
	return err;
}
