/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load without a service: the lists are read as a start would read them, with the rights of the
 * user that it would become, and nothing is put in force.  Main thread, without workers.  `conf` is
 * taken over; what went wrong is logged, and the process's exit status is returned.
 */
#ifndef TRIAL_TRIAL_H
#define TRIAL_TRIAL_H

#include "conf/conf.h"
#include "explain/explain.h"
#include "trial/compare.h"

#define TRIAL_FREES 2	     /* the exit status of trial_compare where something becomes free */
#define TRIAL_LETS_THROUGH 2 /* of trial_explain where what is asked is not blocked */

/* Becomes the user that a start would become: the lists are read with the rights of that user.
 * `conf` stays the caller's.  ERR_CONFIG, ERR_SYS. */
enum err trial_become_user(const char *conf_path, const struct conf *conf,
			   struct err_text *text) MUST_CHECK;

/* Writes down in the state directory that `list` is meant as it is now, if that needs saying. */
int trial_accept(struct conf *conf, const char *conf_path, const char *list);

/* Prints what a query would be answered, and why.  The exit status: 0 for one that is blocked. */
int trial_explain(struct conf *conf, const char *conf_path, const struct explain_text *question);

/* Prints what changes between two configurations, or two versions of a list of the one at
 * `conf_path`; becomes the user of the later one, or of that. */
int trial_compare(const char *conf_path, const struct compare_question *question);

#endif
