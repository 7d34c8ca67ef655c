/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/jsoncell.h"

#include <stdio.h>

#include "table/table.h"

static struct word number_text(double number, char buf[JSONCELL_NUMBER_MAX])
{
	int len = snprintf(buf, JSONCELL_NUMBER_MAX, "%.15g", number);

	return (struct word){buf, (size_t)len};
}

struct word jsoncell_text(const json_t *value, char buf[JSONCELL_NUMBER_MAX])
{
	struct word text = {NULL, 0};

	if (json_is_string(value))
		text = word_trim(
			(struct word){json_string_value(value), json_string_length(value)});
	else if (json_is_real(value))
		text = number_text(json_real_value(value), buf);
	if (text.len > TABLE_CELL_BYTES_MAX)
		text.len = TABLE_CELL_BYTES_MAX;
	return text;
}
