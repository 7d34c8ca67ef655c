/* SPDX-License-Identifier: BSD-2-Clause */
#include "order/past.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/find.h"
#include "base/clock.h"
#include "base/moment.h"
#include "dns/name.h"
#include "line/host.h"
#include "receipt/receipt.h"

/* An answer on its way. */
struct past {
	const struct conf *conf;
	FILE *out;
	struct name name;
	char text[NAME_TEXT_MAX];
	uint64_t at_s;
	bool in_force;
};

static enum err read_question(const struct past_question *question, struct past *past,
			      struct err_text *text)
{
	struct name written;

	if (host_from_written(question->name, &written) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "%s is no name", question->name);
	name_copy_lower(&past->name, written.wire, written.len);
	name_to_text(past->name.wire, past->text, sizeof(past->text));
	past->at_s = clock_unix_s();
	if (question->at && moment_parse(question->at, &past->at_s) != ERR_OK)
		return err_set(text, ERR_SYNTAX,
			       "--at: expected a time with its zone, such as "
			       "2026-11-28T08:00:00+01:00, got \"%s\"",
			       question->at);
	return ERR_OK;
}

/* The entries that cover the name: it, and each name above it, for itself or for what is below. */
static json_t *covering(const struct name *name)
{
	json_t *entries = json_array();
	char text[NAME_TEXT_MAX + 2] = "*.";

	for (size_t at = 0; name->wire[at] != 0; at += name->wire[at] + 1U) {
		name_to_text(name->wire + at, text + 2, NAME_TEXT_MAX);
		json_array_append_new(entries, json_string(text + 2));
		if (at > 0)
			json_array_append_new(entries, json_string(text));
	}
	return entries;
}

/* ---- what is told */

/* By what is configured now: a receipt does not say whether its list was exact. */
static bool is_exact(const struct past *past, const char *list)
{
	for (size_t i = 0; i < past->conf->lists_count; i++)
		if (strcmp(past->conf->lists[i].name, list) == 0)
			return past->conf->lists[i].match == CONF_MATCH_EXACT;
	return false;
}

static void tell_entry(void *arg, const struct receipt *receipt)
{
	struct past *past = arg;
	char since[MOMENT_TEXT_MAX];
	char until[MOMENT_TEXT_MAX];
	bool above = strcmp(receipt->entry, past->text) != 0;

	if (above && strncmp(receipt->entry, "*.", 2) != 0 && is_exact(past, receipt->list))
		return;
	past->in_force = true;
	fprintf(past->out, "list %s%s%s%s: %s, line %u, in force since %s", receipt->list,
		*receipt->case_id ? " (case " : "", receipt->case_id, *receipt->case_id ? ")" : "",
		receipt->entry, receipt->line, moment_text(receipt->in_force_s, since));
	if (receipt->left_s > 0)
		fprintf(past->out, " until %s%s%s", moment_text(receipt->left_s, until),
			*receipt->reason ? ": " : "", receipt->reason);
	fputs("\n", past->out);
}

/* A list as a whole, whose entries have no receipts. */
static void tell_long(void *arg, const struct receipt *receipt)
{
	const struct past *past = arg;

	if (receipt->entries > RECEIPT_ENTRIES_MAX)
		fprintf(past->out,
			"list %s: it had %llu entries then, too many for a receipt of each: what "
			"it "
			"had cannot be told\n",
			receipt->list, (unsigned long long)receipt->entries);
}

static void tell_audit(const struct past *past)
{
	struct audit_place place;
	struct err_text text;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" AUDIT_LOG, past->conf->state.directory);
	if (audit_find_load(path, past->at_s, &place, &text) == ERR_OK)
		fprintf(past->out, "the last load before: line %llu of %s, of %s, hash %s\n",
			(unsigned long long)place.seq, path, place.time, place.hash);
	else
		fprintf(past->out, "the load before is not proved: %s\n", text.text);
}

/* ---- what is asked */

static enum err ask_receipts(struct past *past, struct receipts *receipts, struct err_text *text)
{
	json_t *entries = covering(&past->name);
	char *covers = json_dumps(entries, JSON_COMPACT);
	uint64_t began_s = 0;
	char when[MOMENT_TEXT_MAX];
	enum err err = covers ? receipts_began(receipts, &began_s, text)
			      : err_set(text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));

	if (err == ERR_OK && (began_s == 0 || past->at_s < began_s))
		err = err_set(text, ERR_NOTFOUND, "nothing is kept of that time%s%s",
			      began_s ? ": what is kept begins at " : "",
			      moment_text(began_s, when));
	if (err == ERR_OK)
		err = receipts_at(receipts, covers, past->at_s, tell_entry, past, text);
	if (err == ERR_OK)
		err = receipts_at(receipts, "[\"\"]", past->at_s, tell_long, past, text);
	free(covers);
	json_decref(entries);
	return err;
}

enum err past_answer(const struct conf *conf, const struct past_question *question, FILE *out,
		     bool *ret_in_force, struct err_text *text)
{
	struct past past = {.conf = conf, .out = out};
	char when[MOMENT_TEXT_MAX];
	struct receipts *receipts;
	enum err err = read_question(question, &past, text);

	if (err == ERR_OK && !*conf->state.directory)
		err = err_set(text, ERR_NOTFOUND,
			      "no state.directory is configured: nothing is kept");
	if (err == ERR_OK)
		err = receipts_open(conf->state.directory, false, &receipts, text);
	if (err != ERR_OK)
		return err;
	err = ask_receipts(&past, receipts, text);
	receipts_close(receipts);
	if (err != ERR_OK)
		return err;
	fprintf(out, "%s at %s: %s\n", past.text, moment_text(past.at_s, when),
		past.in_force ? "in force" : "no entry of a list with receipts was in force");
	tell_audit(&past);
	if (fflush(out) != 0)
		return err_set(text, ERR_SYS, "it cannot be written: %s", strerror(errno));
	*ret_in_force = past.in_force;
	return ERR_OK;
}
