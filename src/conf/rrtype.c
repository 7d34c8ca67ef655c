/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take a record type. */
#include "conf/type.h"
#include "dns/rrtype.h"

static enum err parse(const struct conf_form *form, const char *text, void *value)
{
	(void)form;
	return rrtype_parse(text, value);
}

static const char *text_of(const struct conf_form *form, const void *value,
			   char buf[CONF_VALUE_TEXT_MAX])
{
	const uint16_t *type = value;

	(void)form;
	return rrtype_text(*type, buf, CONF_VALUE_TEXT_MAX);
}

const struct conf_type conf_type_rrtype = {
	.expected = "a record type such as TXT or TYPE65280",
	.parse = parse,
	.text = text_of,
};
