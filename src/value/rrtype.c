/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take a record type. */
#include "dns/rrtype.h"
#include "value/value.h"

static enum err parse(const struct value_form *form, const char *text, void *value)
{
	(void)form;
	return rrtype_parse(text, value);
}

static const char *text_of(const struct value_form *form, const void *value,
			   char buf[VALUE_TEXT_MAX])
{
	const uint16_t *type = value;

	(void)form;
	return rrtype_text(*type, buf, VALUE_TEXT_MAX);
}

const struct value_type value_type_rrtype = {
	.expected = "a record type such as TXT or TYPE65280",
	.parse = parse,
	.text = text_of,
};
