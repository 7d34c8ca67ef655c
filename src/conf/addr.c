/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take addresses, networks and ports. */
#include <arpa/inet.h>
#include <string.h>

#include "base/addr.h"
#include "base/ports.h"
#include "conf/type.h"
#include "who/mac.h"

#define DNS_PORT 53

static enum err parse_ip(const struct conf_form *form, const char *text, void *value)
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

static const char *text_of_ip(const struct conf_form *form, const void *value,
			      char buf[CONF_VALUE_TEXT_MAX])
{
	const struct ip *ip = value;

	(void)form;
	return ip->family ? ip_text(ip, buf, CONF_VALUE_TEXT_MAX) : "";
}

static enum err parse_endpoint(const struct conf_form *form, const char *text, void *value)
{
	(void)form;
	return endpoint_parse(text, DNS_PORT, value);
}

static const char *text_of_endpoint(const struct conf_form *form, const void *value,
				    char buf[CONF_VALUE_TEXT_MAX])
{
	(void)form;
	return endpoint_text(value, buf, CONF_VALUE_TEXT_MAX);
}

static enum err parse_prefix(const struct conf_form *form, const char *text, void *value)
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

static const char *text_of_prefix(const struct conf_form *form, const void *value,
				  char buf[CONF_VALUE_TEXT_MAX])
{
	const struct prefix *prefix = value;
	char address[INET6_ADDRSTRLEN];

	(void)form;
	snprintf(buf, CONF_VALUE_TEXT_MAX, "%s/%u", ip_text(&prefix->ip, address, sizeof(address)),
		 prefix->len);
	return buf;
}

static enum err parse_portrange(const struct conf_form *form, const char *text, void *value)
{
	(void)form;
	return port_range_parse(text, value);
}

static const char *text_of_portrange(const struct conf_form *form, const void *value,
				     char buf[CONF_VALUE_TEXT_MAX])
{
	const struct port_range *range = value;
	bool one = range->first == range->last;

	(void)form;
	snprintf(buf, CONF_VALUE_TEXT_MAX, one ? "%u" : "%u-%u", range->first, range->last);
	return buf;
}

#define IP_TYPE(version, what)                                                                     \
	{                                                                                          \
		.expected = (what), .family = (version), .parse = parse_ip, .text = text_of_ip,    \
		.quoted = true,                                                                    \
	}

const struct conf_type conf_type_ipv4 = IP_TYPE(AF_INET, "an IPv4 address such as 192.0.2.1");
const struct conf_type conf_type_ipv6 = IP_TYPE(AF_INET6, "an IPv6 address such as 2001:db8::1");
const struct conf_type conf_type_address =
	IP_TYPE(AF_UNSPEC, "an address such as 192.0.2.1 or 2001:db8::1");

const struct conf_type conf_type_endpoint = {
	.expected = "an address and port such as 192.0.2.10@53",
	.parse = parse_endpoint,
	.text = text_of_endpoint,
	.quoted = true,
};

const struct conf_type conf_type_prefix = {
	.expected = "a network such as 192.0.2.0/24, with no bits set behind its length",
	.parse = parse_prefix,
	.text = text_of_prefix,
	.quoted = true,
};

const struct conf_type conf_type_portrange = {
	.expected = "a port such as 8053, or several such as 8000-8100",
	.parse = parse_portrange,
	.text = text_of_portrange,
};
