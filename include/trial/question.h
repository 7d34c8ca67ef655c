/* SPDX-License-Identifier: BSD-2-Clause */
/* What a query would be answered, asked without a daemon that serves. */
#ifndef TRIAL_QUESTION_H
#define TRIAL_QUESTION_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "conf/conf.h"
#include "explain/explain.h"

/* Loads the lists of `conf` (taken over) as a start would, and writes to `out` what they say, and
 * whether that is a block.  ERR_SYNTAX: there is no such name, type or address; else as
 * loader_load; with `text`. */
enum err question_answer(struct conf *conf, const struct explain_text *question, FILE *out,
			 bool *ret_blocked, struct err_text *text) MUST_CHECK;

#endif
