/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take a record type. */
#include "conf/type.h"
#include "dns/rrtype.h"

static enum err parse(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return rrtype_parse(text, value);
}

static void print(const struct conf_row *row, const void *value, FILE *out)
{
	const uint16_t *type = value;
	char buf[RRTYPE_TEXT_MAX];

	(void)row;
	fputs(rrtype_text(*type, buf, sizeof(buf)), out);
}

const struct conf_type conf_type_rrtype = {
	.expected = "a record type such as TXT or TYPE65280",
	.parse = parse,
	.print = print,
};
