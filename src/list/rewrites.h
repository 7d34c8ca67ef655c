/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rules of a list give as answers: the records of all rules that are alike but for these
 * are one answer, as filter lists have it.  A CNAME stands alone: the first holds.
 */
#ifndef LIST_REWRITES_H
#define LIST_REWRITES_H

#include "base/pages.h"
#include "line/listline.h"
#include "list/answers.h"
#include "map/namemap.h"

struct rewrites {
	struct namemap *owners; /* each with the number of its last entry */
	struct pages entries;
	uint32_t count;
};

/*
 * Puts what the rule gives, with what those before it do, among the local data, and with the first
 * of their notes (NULL: it has none).  ERR_NOMEM;
 * ERR_RANGE: a rule cannot give more.
 */
enum err rewrites_take(struct rewrites *rewrites, const struct list_answers *options,
		       const struct listline_rule *rule, const struct localdata_note *note,
		       uint32_t *ret_number) MUST_CHECK;

void rewrites_fini(struct rewrites *rewrites);

#endif
