/* SPDX-License-Identifier: BSD-2-Clause */
#include "value/value.h"

#include <string.h>

union number {
	bool flag;
	uint32_t narrow;
	uint64_t wide;
};

enum err value_parse(const struct value_form *form, const char *text, void *value)
{
	return form->type->parse(form, text, value);
}

const char *value_expected(const struct value_form *form, char buf[VALUE_DESCRIBED_MAX])
{
	if (form->type->describe)
		form->type->describe(form, buf);
	else
		snprintf(buf, VALUE_DESCRIBED_MAX, "%s", form->type->expected);
	return buf;
}

void value_print(const struct value_form *form, const void *value, FILE *out)
{
	const struct value_type *type = form->type;
	const char *quote = type->owned || type->quoted ? "\"" : "";
	char buf[VALUE_TEXT_MAX];
	const char *at = type->owned ? *(char *const *)value : type->text(form, value, buf);

	fputs(quote, out);
	for (; *at; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', out);
		putc(*at, out);
	}
	fputs(quote, out);
}

void value_number_set(const struct value_form *form, uint64_t number, void *value)
{
	union number kept = {.wide = number};

	if (form->size == sizeof(kept.flag))
		kept.flag = number != 0;
	else if (form->size == sizeof(kept.narrow))
		kept.narrow = (uint32_t)number;
	memcpy(value, &kept, form->size);
}

uint64_t value_number_get(const struct value_form *form, const void *value)
{
	union number kept = {.wide = 0};

	memcpy(&kept, value, form->size);
	if (form->size == sizeof(kept.flag))
		return kept.flag;
	return form->size == sizeof(kept.narrow) ? kept.narrow : kept.wide;
}
