/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one configuration, or one version of a list, would do otherwise than another: which names
 * become blocked, which free, by which list.
 */
#ifndef TRIAL_COMPARE_H
#define TRIAL_COMPARE_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define COMPARE_LIMIT 20U /* changes of each kind that are told, where nothing else is said */

struct compare_question {
	const char *before; /* a configuration; with `list` a file that the list would have */
	const char *after;  /* likewise */
	const char *list;   /* NULL: configurations are compared */
	const char *limit;  /* a number; NULL: COMPARE_LIMIT */
};

/* How many there are of each. */
struct compare_counts {
	uint64_t blocked;
	uint64_t lifted;
	uint64_t changed; /* that are blocked in another way */
	uint64_t ranges_blocked;
	uint64_t ranges_lifted;
};

/*
 * Loads both, of `conf_path` where the question has a list, as a check would, and writes to `out`
 * what changes: a line each, and the counts.  Nothing is kept, and what is kept is not asked: lists
 * stand for themselves, and what was said by command is left out.  Errors as of conf_load and
 * loader_load, ERR_NOTFOUND (there is no such list), ERR_SYNTAX (the limit is no number), ERR_SYS
 * (it cannot be written), with `text`.
 */
enum err compare_answer(const struct compare_question *question, const char *conf_path, FILE *out,
			struct compare_counts *ret_counts, struct err_text *text) MUST_CHECK;

#endif
