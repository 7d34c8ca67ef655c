/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of a zone on their way to the sets: records of one owner are one rule, and an owner has
 * one action.  Rules for addresses wait in a set of names of their own until the zone ends, since
 * they are found again and put together like those of names.
 */
#ifndef RPZ_TAKING_H
#define RPZ_TAKING_H

#include "base/err.h"
#include "rpz/owners.h"
#include "rpz/ruled.h"
#include "rpz/trigger.h"
#include "rpz/zone.h"

/* The rules of one kind of trigger. */
struct taking_set {
	struct domset_builder *builder; /* NULL: there is no rule yet */
	struct owners owners;
	struct ruled rules; /* of the zone */
};

/* An owner's records, which stand one behind the other, before they are a rule. */
struct taking_pending {
	struct taking_set *set; /* NULL: there are none */
	enum trigger kind;
	struct name owner;
	struct prefix prefix;
	uint64_t hash;
	uint32_t line;
	uint8_t scope;
	bool late; /* the owner has a rule, which had some of the records */
	struct localdata_draft draft;
};

struct taking {
	const struct rpz_options *options;
	struct list_report *report;
	uint32_t cname; /* data of every rule; 0: each has its own */
	struct taking_set sets[TRIGGER_COUNT];
	struct taking_pending pending;
};

/* What a line says: its trigger and answer (enum domset_answer), for DOMSET_ANSWER_DATA by
 * `record`. */
struct taking_line {
	const struct zone_trigger *trigger;
	const struct master_record *record;
	uint8_t answer;
	bool looked_at; /* ahead (rpz/plain.h): its hash is known, and whether it passes the gate */
	bool passes;	/* for sure */
	uint64_t hash;	/* owners_hash */
	uint32_t number; /* of the line */
};

/* Zero-filled memory begins.  What `options` points to lives as long.  ERR_NOMEM. */
enum err taking_init(struct taking *taking, const struct rpz_options *options,
		     struct list_report *report) MUST_CHECK;

/* Takes a rule, or a record of one; `ret_reason` is set when it is not taken, and the line is to be
 * told of.  ERR_NOMEM, ERR_REFUSED. */
enum err taking_add(struct taking *taking, const struct taking_line *line, bool *ret_taken,
		    enum list_reason *ret_reason) MUST_CHECK;

/* Has the processor bring in what a rule for a name with such an owners_hash will need. */
void taking_prefetch(const struct taking *taking, uint64_t hash);

/* Takes what is left, with where wildcards end.  Errors as of taking_add. */
enum err taking_end(struct taking *taking, struct rpz_summary *summary) MUST_CHECK;

void taking_fini(struct taking *taking);

#endif
