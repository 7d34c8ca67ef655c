/* SPDX-License-Identifier: BSD-2-Clause */
/* White space between the words of a list; an end of line counts as well. */
#ifndef LIST_BLANK_H
#define LIST_BLANK_H

#include <stdbool.h>

static inline bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
