/* SPDX-License-Identifier: BSD-2-Clause */
/* What a JSON value is as the cell of a row. */
#ifndef TABLE_JSONCELL_H
#define TABLE_JSONCELL_H

#include <jansson.h>

#include "table/cell.h"

#define JSONCELL_NUMBER_MAX 32

/* A text without the white space around it, a number written into `buf`; of all else, and of NULL,
 * there is no text.  It is good as long as the value and `buf` are. */
struct word jsoncell_text(const json_t *value, char buf[JSONCELL_NUMBER_MAX]);

#endif
