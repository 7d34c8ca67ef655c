/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule that a line gave: held against the gate, and added; one that is a pattern is compiled
 * before. */
#ifndef LIST_RULETAKE_H
#define LIST_RULETAKE_H

#include "list/listfile.h"
#include "line/listline.h"
#include "list/rewrites.h"

/* Where rules go. */
struct ruletake {
	const struct listfile_options *options;
	struct domset_builder *builder;
	struct list_report *report;
	struct rewrites rewrites;
	/* Of the row at hand, in rows.notes of the options; the number is that of a set with it
	 * alone. */
	struct localdata_note note;
	uint32_t note_number; /* 0: it has none */
	bool passes;	      /* the gate lets the rule at hand pass: that was found before */
};

/*
 * Adds the rule to the list that `builder` began last, and counts it in the report, whose last line
 * it is of; or else tells why it is not taken.  `ret_reason` is LIST_REASON_COUNT where the rule is
 * added or held.  ERR_NOMEM; ERR_REFUSED: the set has too many kinds of rules.
 */
enum err ruletake_add(struct ruletake *take, struct listline_rule *rule,
		      enum list_reason *ret_reason) MUST_CHECK;

/* The same of a plain line's rule that the gate lets pass, whose owner is spelt.  ERR_NOMEM,
 * ERR_REFUSED. */
enum err ruletake_add_spelt(struct ruletake *take, const uint8_t *spelt, size_t len,
			    const struct domset_kind *kind) MUST_CHECK;

#endif
