/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take addresses, networks and ports. */
#include <arpa/inet.h>
#include <string.h>

#include "base/addr.h"
#include "base/ports.h"
#include "conf/type.h"
#include "who/mac.h"

#define DNS_PORT 53

/* Where the default is to give none, "" stands for none in the file as well. */
static enum err parse_ip(const struct conf_row *row, uint8_t family, const char *text, void *value)
{
	struct ip ip = {0};
	struct ip *ret = value;

	if (text[0] != '\0' || row->kind == CONF_KIND_VALUES) {
		enum err err = ip_parse(text, &ip);

		if (err)
			return err;
		if (family != AF_UNSPEC && ip.family != family)
			return ERR_SYNTAX;
	}
	*ret = ip;
	return ERR_OK;
}

static enum err parse_ipv4(const struct conf_row *row, const char *text, void *value)
{
	return parse_ip(row, AF_INET, text, value);
}

static enum err parse_ipv6(const struct conf_row *row, const char *text, void *value)
{
	return parse_ip(row, AF_INET6, text, value);
}

static enum err parse_address(const struct conf_row *row, const char *text, void *value)
{
	return parse_ip(row, AF_UNSPEC, text, value);
}

static void print_ip(const struct conf_row *row, const void *value, FILE *out)
{
	const struct ip *ip = value;
	char buf[INET6_ADDRSTRLEN];

	(void)row;
	fprintf(out, "\"%s\"", ip->family ? ip_text(ip, buf, sizeof(buf)) : "");
}

static enum err parse_endpoint(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return endpoint_parse(text, DNS_PORT, value);
}

static void print_endpoint(const struct conf_row *row, const void *value, FILE *out)
{
	char buf[ADDR_TEXT_MAX];

	(void)row;
	fprintf(out, "\"%s\"", endpoint_text(value, buf, sizeof(buf)));
}

static enum err parse_prefix(const struct conf_row *row, const char *text, void *value)
{
	char address[INET6_ADDRSTRLEN];
	struct ip ip;

	(void)row;
	if (strncmp(text, MAC_WORD, sizeof(MAC_WORD) - 1) != 0)
		return prefix_parse(text, value);
	text += sizeof(MAC_WORD) - 1;
	if (mac_read_text((const uint8_t *)text, strlen(text), &ip) != ERR_OK)
		return ERR_SYNTAX;
	return prefix_parse(ip_text(&ip, address, sizeof(address)), value);
}

static void print_prefix(const struct conf_row *row, const void *value, FILE *out)
{
	const struct prefix *prefix = value;
	char buf[INET6_ADDRSTRLEN];

	(void)row;
	fprintf(out, "\"%s/%u\"", ip_text(&prefix->ip, buf, sizeof(buf)), prefix->len);
}

static enum err parse_portrange(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return port_range_parse(text, value);
}

static void print_portrange(const struct conf_row *row, const void *value, FILE *out)
{
	const struct port_range *range = value;

	(void)row;
	if (range->first == range->last)
		fprintf(out, "%u", range->first);
	else
		fprintf(out, "%u-%u", range->first, range->last);
}

const struct conf_type conf_type_ipv4 = {
	.expected = "an IPv4 address such as 192.0.2.1",
	.parse = parse_ipv4,
	.print = print_ip,
};

const struct conf_type conf_type_ipv6 = {
	.expected = "an IPv6 address such as 2001:db8::1",
	.parse = parse_ipv6,
	.print = print_ip,
};

const struct conf_type conf_type_address = {
	.expected = "an address such as 192.0.2.1 or 2001:db8::1",
	.parse = parse_address,
	.print = print_ip,
};

const struct conf_type conf_type_endpoint = {
	.expected = "an address and port such as 192.0.2.10@53",
	.parse = parse_endpoint,
	.print = print_endpoint,
};

const struct conf_type conf_type_prefix = {
	.expected = "a network such as 192.0.2.0/24, with no bits set behind its length",
	.parse = parse_prefix,
	.print = print_prefix,
};

const struct conf_type conf_type_portrange = {
	.expected = "a port such as 8053, or several such as 8000-8100",
	.parse = parse_portrange,
	.print = print_portrange,
};
