/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was kept of mandatory lists before a load, beside what is kept of it now, until all of the
 * load is kept: a name that went from one list to another stands in the record of neither while the
 * one has been written and the other has not.  A load that did not come to its end leaves "NAME~1",
 * which a start holds against what it loads as it does any mandatory list that is no longer
 * configured.  No list of a configuration can have such a name.
 */
#ifndef KEEP_BEFORE_H
#define KEEP_BEFORE_H

#include <stdbool.h>

/* How many more records the directory may have, so that no start finds more than it takes: `most`
 * less those that are there.  Never below 0; 0 as well when the directory cannot be read. */
unsigned int before_room(const char *directory, unsigned int most);

/* Keeps what is kept of list `name` as "NAME~1" too, or as the next number that is free.  Nothing
 * when there is no record of it.  Logs a failure: the load goes on as if it could not be cut short.
 */
void before_keep(const char *directory, const char *name);

/* True when `name` is one that before_keep has made. */
bool before_is_name(const char *name);

/* Removes what else is kept under such a name, once its record was removed. */
void before_forget(const char *directory, const char *name);

#endif
