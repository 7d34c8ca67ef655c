/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take a record type. */
#include "conf/type.h"

#include <ldns/ldns.h> /* behind stdbool.h: it has a bool of its own otherwise */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/wire.h"

/* The number in "TYPE65280" (RFC 3597, 5); 0 when it is not of that form. */
static unsigned long generic_type(const char *text)
{
	const char *digits = text + 4;
	size_t count = strspn(digits, "0123456789");

	return count > 0 && count <= 5 && digits[count] == '\0' ? strtoul(digits, NULL, 10) : 0;
}

/* Types that a question can be for and that are cached: no meta types but ANY. */
static enum err parse(const struct conf_row *row, const char *text, void *value)
{
	uint16_t *ret = value;
	unsigned long type;

	(void)row;
	if (strncasecmp(text, "TYPE", 4) == 0)
		type = generic_type(text);
	else
		type = (unsigned long)ldns_get_rr_type_by_name(text);
	if (type == 0 || type > UINT16_MAX || type == TYPE_OPT ||
	    (type >= TYPE_TKEY && type <= TYPE_MAILA))
		return ERR_SYNTAX;
	*ret = (uint16_t)type;
	return ERR_OK;
}

static void print(const struct conf_row *row, const void *value, FILE *out)
{
	const uint16_t *type = value;
	char *name = ldns_rr_type2str((ldns_rr_type)*type);

	(void)row;
	if (name && ldns_get_rr_type_by_name(name) == *type)
		fputs(name, out);
	else
		fprintf(out, "TYPE%u", *type);
	free(name);
}

const struct conf_type conf_type_rrtype = {
	.expected = "a record type such as TXT or TYPE65280",
	.parse = parse,
	.print = print,
};
