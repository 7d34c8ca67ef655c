/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/rrtype.h"

#include <stdbool.h>

#include <ldns/ldns.h> /* behind stdbool.h: it has a bool of its own otherwise */
#include <stdio.h>
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

enum err rrtype_parse(const char *text, uint16_t *ret_type)
{
	unsigned long type;

	if (strncasecmp(text, "TYPE", 4) == 0)
		type = generic_type(text);
	else
		type = (unsigned long)ldns_get_rr_type_by_name(text);
	if (type == 0 || type > UINT16_MAX || type == TYPE_OPT ||
	    (type >= TYPE_TKEY && type <= TYPE_MAILA))
		return ERR_SYNTAX;
	*ret_type = (uint16_t)type;
	return ERR_OK;
}

const char *rrtype_text(uint16_t type, char *buf, size_t size)
{
	/* no record can have the type ANY: ldns does not describe it */
	const char *name = type == TYPE_ANY ? "ANY" : ldns_rr_descript(type)->_name;

	if (name && ldns_get_rr_type_by_name(name) == type)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "TYPE%u", type);
	return buf;
}
