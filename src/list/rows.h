/* SPDX-License-Identifier: BSD-2-Clause */
/* From the rows of a table to rules. */
#ifndef LIST_ROWS_H
#define LIST_ROWS_H

#include "list/listfile.h"
#include "list/reader.h"

/* Takes the file, a table, whose first block has been read.  Errors as listfile_load. */
enum err rows_take_file(struct reader *reader) MUST_CHECK;

#endif
