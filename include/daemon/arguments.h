/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's command line: what was asked for, and its help. */
#ifndef DAEMON_ARGUMENTS_H
#define DAEMON_ARGUMENTS_H

#include <stdbool.h>

#include "explain/explain.h"
#include "order/past.h"
#include "trial/compare.h"

struct arguments {
	char *const *argv; /* as they came */
	const char *conf_path;
	bool json;			 /* of --check */
	const char *accept;		 /* the list of --accept */
	struct explain_text question;	 /* of --explain */
	struct compare_question compare; /* of --explain-diff */
	struct past_question past;	 /* of --in-force */
	struct {
		const char *log;
		const char *checkpoint; /* NULL: none */
		const char *key;	/* NULL: the one beside the log */
	} audit;			/* of --audit-verify */
	int mode;			/* the letter of what to do; 0: run */
};

/*
 * Reads a command line; what is wrong with it is told on standard error, and false is returned.
 * What `args` then points to is of `argv`.  Main thread.
 */
bool arguments_read(int argc, char **argv, struct arguments *args);

/* Tells how to get help, after a command line that is wrong; returns EXIT_FAILURE. */
int arguments_hint(void);

/* Prints the help; returns EXIT_SUCCESS. */
int arguments_usage(void);

#endif
