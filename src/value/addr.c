/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take addresses, networks and ports. */
#include <arpa/inet.h>
#include <string.h>

#include "base/addr.h"
#include "base/ports.h"
#include "value/value.h"
#include "who/mac.h"

#define DNS_PORT 53

static enum err parse_ip(const struct value_form *form, const char *text, void *value)
{
	struct ip *ret = value;
	struct ip ip = {0};

	if (*text || !form->optional) {
		enum err err = ip_parse(text, &ip);

		if (err)
			return err;
		if (form->type->family != AF_UNSPEC && ip.family != form->type->family)
			return ERR_SYNTAX;
	}
	*ret = ip;
	return ERR_OK;
}

static const char *text_of_ip(const struct value_form *form, const void *value,
			      char buf[VALUE_TEXT_MAX])
{
	const struct ip *ip = value;

	(void)form;
	return ip->family ? ip_text(ip, buf, VALUE_TEXT_MAX) : "";
}

static enum err parse_endpoint(const struct value_form *form, const char *text, void *value)
{
	(void)form;
	return endpoint_parse(text, DNS_PORT, value);
}

static const char *text_of_endpoint(const struct value_form *form, const void *value,
				    char buf[VALUE_TEXT_MAX])
{
	(void)form;
	return endpoint_text(value, buf, VALUE_TEXT_MAX);
}

static enum err parse_prefix(const struct value_form *form, const char *text, void *value)
{
	char address[INET6_ADDRSTRLEN];
	struct ip ip;

	(void)form;
	if (strncmp(text, MAC_WORD, sizeof(MAC_WORD) - 1) != 0)
		return prefix_parse(text, value);
	text += sizeof(MAC_WORD) - 1;
	if (mac_read_text((const uint8_t *)text, strlen(text), &ip) != ERR_OK)
		return ERR_SYNTAX;
	return prefix_parse(ip_text(&ip, address, sizeof(address)), value);
}

static const char *text_of_prefix(const struct value_form *form, const void *value,
				  char buf[VALUE_TEXT_MAX])
{
	const struct prefix *prefix = value;
	char address[INET6_ADDRSTRLEN];

	(void)form;
	snprintf(buf, VALUE_TEXT_MAX, "%s/%u", ip_text(&prefix->ip, address, sizeof(address)),
		 prefix->len);
	return buf;
}

static enum err parse_portrange(const struct value_form *form, const char *text, void *value)
{
	(void)form;
	return port_range_parse(text, value);
}

static const char *text_of_portrange(const struct value_form *form, const void *value,
				     char buf[VALUE_TEXT_MAX])
{
	const struct port_range *range = value;
	bool one = range->first == range->last;

	(void)form;
	snprintf(buf, VALUE_TEXT_MAX, one ? "%u" : "%u-%u", range->first, range->last);
	return buf;
}

#define ADDR_TYPE(version, parser, writer, what)                                                   \
	{                                                                                          \
		.expected = (what), .family = (version), .parse = (parser), .text = (writer),      \
		.quoted = true,                                                                    \
	}

const struct value_type value_type_ipv4 =
	ADDR_TYPE(AF_INET, parse_ip, text_of_ip, "an IPv4 address such as 192.0.2.1");
const struct value_type value_type_ipv6 =
	ADDR_TYPE(AF_INET6, parse_ip, text_of_ip, "an IPv6 address such as 2001:db8::1");
const struct value_type value_type_address =
	ADDR_TYPE(AF_UNSPEC, parse_ip, text_of_ip, "an address such as 192.0.2.1 or 2001:db8::1");
const struct value_type value_type_endpoint = ADDR_TYPE(
	AF_UNSPEC, parse_endpoint, text_of_endpoint, "an address and port such as 192.0.2.10@53");
const struct value_type value_type_prefix =
	ADDR_TYPE(AF_UNSPEC, parse_prefix, text_of_prefix,
		  "a network such as 192.0.2.0/24, with no bits set behind its length");

const struct value_type value_type_portrange = {
	.expected = "a port such as 8053, or several such as 8000-8100",
	.parse = parse_portrange,
	.text = text_of_portrange,
};
