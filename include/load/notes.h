/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of orders have that is not in force, line by line, as a load has found it: for
 * receipts.  Of a list so much is kept, the first lines; what comes beyond is counted.
 */
#ifndef LOAD_NOTES_H
#define LOAD_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "list/report.h"
#include "set/domset.h"

#define NOTES_OF_LIST_MAX 10000U

struct notes_line {
	enum report_fate fate;
	uint32_t line;
	const char *reason; /* static */
	char *text;	    /* owned: printable ASCII, cut */
};

/* Of one list. */
struct notes_list {
	bool wanted;
	size_t count;
	size_t more; /* that are not kept */
	struct notes_line *lines;
};

struct notes;

/* True for a list that receipts are kept of: a mandatory one, or one with an authority. */
bool notes_are_wanted(const struct conf_list *list);

/* ERR_NOMEM.  One thread at a time. */
enum err notes_create(struct notes **ret_notes) MUST_CHECK;
void notes_free(struct notes *notes);

/* Forgets all, and wants what is to be told of the lists of `conf`, by their places in it. */
void notes_begin(struct notes *notes, const struct conf *conf);

/* Who is to be told while list `index` is read, until the next call; NULL: nobody. */
const struct report_ear *notes_ear(struct notes *notes, unsigned int index);

/* Has the notes told of rules of `builder` that are there twice. */
void notes_listen(struct notes *notes, struct domset_builder *builder);

/* What is known of list `index`; as long as nothing is told. */
const struct notes_list *notes_of(const struct notes *notes, unsigned int index);

#endif
