/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take addresses and networks. */
#include "base/addr.h"
#include "conf/type.h"

#define DNS_PORT 53

static bool wants_ipv4(const struct conf_row *row)
{
	return row->type == CONF_T_IPV4 || row->type == CONF_T_IPV4S;
}

/* Where the default is to give none, "" stands for none in the file as well. */
static enum err parse_ip(const struct conf_row *row, const char *text, void *value)
{
	uint8_t family = wants_ipv4(row) ? AF_INET : AF_INET6;
	struct ip ip = {0};
	struct ip *ret = value;

	if (text[0] != '\0' || row->kind == CONF_KIND_VALUES) {
		enum err err = ip_parse(text, &ip);

		if (err)
			return err;
		if (ip.family != family)
			return ERR_SYNTAX;
	}
	*ret = ip;
	return ERR_OK;
}

static void describe_ip(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	bool v4 = wants_ipv4(row);

	snprintf(buf, CONF_DESCRIBED_MAX, "an %s address such as %s", v4 ? "IPv4" : "IPv6",
		 v4 ? "192.0.2.1" : "2001:db8::1");
}

static void print_ip(const struct conf_row *row, const void *value, FILE *out)
{
	const struct ip *ip = value;
	char buf[INET6_ADDRSTRLEN];

	(void)row;
	fprintf(out, "\"%s\"", ip->family ? ip_text(ip, buf, sizeof(buf)) : "");
}

static bool equal_ip(const void *a, const void *b)
{
	return ip_equal(a, b);
}

static enum err parse_endpoint(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return endpoint_parse(text, DNS_PORT, value);
}

static void describe_endpoint(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX, "an address and port such as 192.0.2.10@53");
}

static void print_endpoint(const struct conf_row *row, const void *value, FILE *out)
{
	char buf[ADDR_TEXT_MAX];

	(void)row;
	fprintf(out, "\"%s\"", endpoint_text(value, buf, sizeof(buf)));
}

static bool equal_endpoint(const void *a, const void *b)
{
	return endpoint_equal(a, b);
}

static enum err parse_prefix(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return prefix_parse(text, value);
}

static void describe_prefix(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX,
		 "a network such as 192.0.2.0/24, with no bits set behind its length");
}

static void print_prefix(const struct conf_row *row, const void *value, FILE *out)
{
	const struct prefix *prefix = value;
	char buf[INET6_ADDRSTRLEN];

	(void)row;
	fprintf(out, "\"%s/%u\"", ip_text(&prefix->ip, buf, sizeof(buf)), prefix->len);
}

static bool equal_prefix(const void *a, const void *b)
{
	const struct prefix *x = a;
	const struct prefix *y = b;

	return x->len == y->len && ip_equal(&x->ip, &y->ip);
}

const struct conf_type conf_type_ip = {
	.size = sizeof(struct ip),
	.parse = parse_ip,
	.describe = describe_ip,
	.print = print_ip,
	.equal = equal_ip,
};

const struct conf_type conf_type_endpoint = {
	.size = sizeof(struct endpoint),
	.parse = parse_endpoint,
	.describe = describe_endpoint,
	.print = print_endpoint,
	.equal = equal_endpoint,
};

const struct conf_type conf_type_prefix = {
	.size = sizeof(struct prefix),
	.parse = parse_prefix,
	.describe = describe_prefix,
	.print = print_prefix,
	.equal = equal_prefix,
};
