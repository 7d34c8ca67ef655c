/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of the log on what is said by command.  Any thread. */
#ifndef MANUAL_TELL_H
#define MANUAL_TELL_H

#include "manual/manual.h"

/* Logs the entry behind `what` ("", "withdrawn: "). */
void manual_log(const char *what, const struct manual_entry *entry);

/* Warns of each entry that is held. */
void manual_log_held(const struct manual *manual);

#endif
