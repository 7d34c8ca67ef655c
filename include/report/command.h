/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command line asks of a store, without a daemon: reports, erasure, holds. */
#ifndef REPORT_COMMAND_H
#define REPORT_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

/* True when the word, as "--report", is the first of such a command. */
bool command_is_one(const char *word);

/* Does what `argv` asks, which begins with the program's name and such a word; the exit status.
 * What goes wrong is said on stderr.  Main thread. */
int command_run(int argc, char **argv);

/* Writes what there is, for --help. */
void command_help(FILE *out);

#endif
