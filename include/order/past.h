/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was in force at some time, from the receipts: each says since when and until when an entry
 * of a list was in force, so that together they are what the lists' versions differ by.
 */
#ifndef ORDER_PAST_H
#define ORDER_PAST_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "conf/conf.h"

struct past_question {
	const char *name;
	const char *at; /* RFC 3339; NULL: now */
};

/*
 * Writes to `out` which entries that cover the name were in force then, in which list, since when
 * and until when, and the line of the audit log that tells of the load; or that none was.  What
 * cannot be told is said: lists too long for a receipt of each entry.  Entries alone are looked at,
 * not exceptions, patterns, addresses, or lists that come first.
 * ERR_SYNTAX: there is no such name or time; ERR_NOTFOUND: nothing is kept of that time;
 * ERR_SYS, ERR_NOMEM; with `text`.  Any thread; blocks.
 */
enum err past_answer(const struct conf *conf, const struct past_question *question, FILE *out,
		     bool *ret_in_force, struct err_text *text) MUST_CHECK;

#endif
