/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 32U
#define V6_BITS 128U
#define MAPPED_BITS 96U /* of ::ffff:0:0/96, which holds the IPv4 addresses */

enum err ip_parse(const char *text, struct ip *ret_ip)
{
	struct in_addr in;
	struct in6_addr in6;

	if (inet_pton(AF_INET, text, &in) == 1)
		*ret_ip = ip_from_octets((const uint8_t *)&in, false);
	else if (inet_pton(AF_INET6, text, &in6) == 1)
		*ret_ip = ip_from_octets(in6.s6_addr, true);
	else
		return ERR_SYNTAX;
	return ERR_OK;
}

struct ip ip_from_sockaddr(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		return ip_from_octets((const uint8_t *)&in.sin_addr, false);
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		return ip_from_octets(in6.sin6_addr.s6_addr, true);
	default:
		return (struct ip){0};
	}
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && a->unknown == b->unknown &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

struct ip ip_masked(const struct ip *ip, unsigned int bits)
{
	struct ip masked = *ip;
	unsigned int whole = bits / 8; /* octets that stay as they are */

	if (whole >= sizeof(masked.bytes))
		return masked;
	masked.bytes[whole] &= (uint8_t)(0xff00U >> bits % 8);
	memset(masked.bytes + whole + 1, 0, sizeof(masked.bytes) - whole - 1);
	return masked;
}

const char *ip_text(const struct ip *ip, char *buf, size_t size)
{
	if (!inet_ntop(ip->family, ip->bytes, buf, (socklen_t)size) && size > 0)
		buf[0] = '\0';
	if (ip->unknown > 0) {
		size_t len = strlen(buf);

		snprintf(buf + len, size - len, "/%u",
			 (ip->family == AF_INET ? V4_BITS : V6_BITS) - ip->unknown);
	}
	return buf;
}

/* A number of at most `digits` digits and nothing else. */
static enum err number_parse(const char *text, size_t digits, unsigned long *ret_number)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || text[len] != '\0')
		return ERR_SYNTAX;
	if (len > digits)
		return ERR_RANGE;
	*ret_number = strtoul(text, NULL, 10);
	return ERR_OK;
}

/* Copies `len` octets and ends the copy by NUL; ERR_SYNTAX when the octets are too many. */
static enum err text_copy(char *buf, size_t size, const char *text, size_t len)
{
	if (len >= size)
		return ERR_SYNTAX;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return ERR_OK;
}

static bool host_bits_zero(const struct ip *ip, unsigned int len)
{
	unsigned int bits = ip->family == AF_INET ? V4_BITS : V6_BITS;

	for (unsigned int bit = len; bit < bits; bit++) {
		if (ip->bytes[bit / 8] & (0x80U >> (bit % 8)))
			return false;
	}
	return true;
}

/* A length written with an IPv6 address that maps an IPv4 one counts the 96 bits before it. */
static enum err prefix_len_parse(const char *text, bool colons, const struct ip *ip,
				 unsigned int *ret_len)
{
	bool mapped = colons && ip->family == AF_INET;
	unsigned long len;
	enum err err = number_parse(text, 3, &len);

	if (err)
		return err;
	if (len > (colons ? V6_BITS : V4_BITS) || (mapped && len < MAPPED_BITS))
		return ERR_RANGE;
	*ret_len = (unsigned int)len - (mapped ? MAPPED_BITS : 0);
	return ERR_OK;
}

enum err prefix_parse(const char *text, struct prefix *ret_prefix)
{
	char buf[INET6_ADDRSTRLEN];
	size_t ip_len = strcspn(text, "/");
	unsigned int len;
	struct ip ip;
	enum err err = text_copy(buf, sizeof(buf), text, ip_len);

	if (!err)
		err = ip_parse(buf, &ip);
	if (err)
		return err;
	len = ip.family == AF_INET ? V4_BITS : V6_BITS;
	if (text[ip_len] == '/')
		err = prefix_len_parse(text + ip_len + 1, strchr(buf, ':') != NULL, &ip, &len);
	if (err)
		return err;
	if (!host_bits_zero(&ip, len))
		return ERR_RANGE;
	*ret_prefix = (struct prefix){.ip = ip, .len = (uint8_t)len};
	return ERR_OK;
}

/* A scope is the name of an interface or its number. */
static enum err scope_parse(const char *text, uint32_t *ret_scope)
{
	unsigned long number;

	if (strspn(text, "0123456789") == strlen(text)) {
		if (number_parse(text, 10, &number) || number == 0 || number > UINT32_MAX)
			return ERR_RANGE;
		*ret_scope = (uint32_t)number;
		return ERR_OK;
	}
	number = if_nametoindex(text);
	if (number == 0)
		return ERR_SYNTAX;
	*ret_scope = (uint32_t)number;
	return ERR_OK;
}

static void endpoint_set(struct endpoint *endpoint, const struct ip *ip, uint32_t scope,
			 uint16_t port)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (ip->family == AF_INET) {
		endpoint->u.in.sin_family = AF_INET;
		endpoint->u.in.sin_port = htons(port);
		memcpy(&endpoint->u.in.sin_addr, ip->bytes, 4);
		endpoint->len = sizeof(endpoint->u.in);
	} else {
		endpoint->u.in6.sin6_family = AF_INET6;
		endpoint->u.in6.sin6_port = htons(port);
		endpoint->u.in6.sin6_scope_id = scope;
		memcpy(&endpoint->u.in6.sin6_addr, ip->bytes, 16);
		endpoint->len = sizeof(endpoint->u.in6);
	}
}

static bool ip_takes_scope(const struct ip *ip)
{
	struct in6_addr in6;

	memcpy(&in6, ip->bytes, sizeof(in6));
	return ip->family == AF_INET6 &&
	       (IN6_IS_ADDR_LINKLOCAL(&in6) || IN6_IS_ADDR_MC_LINKLOCAL(&in6));
}

/* Parses `address`, an address with or without "%scope", which is cut off in place. */
static enum err scoped_parse(char *address, struct ip *ret_ip, uint32_t *ret_scope)
{
	char *percent = strchr(address, '%');
	uint32_t scope = 0;
	struct ip ip;
	enum err err;

	if (percent)
		*percent = '\0';
	err = ip_parse(address, &ip);
	if (!err && percent)
		err = ip_takes_scope(&ip) ? scope_parse(percent + 1, &scope) : ERR_SYNTAX;
	if (err)
		return err;
	*ret_ip = ip;
	*ret_scope = scope;
	return ERR_OK;
}

/* Takes the brackets off an IPv6 address that stands in them. */
static enum err unbracket(char **address)
{
	char *text = *address;
	size_t len = strlen(text);

	if (text[0] != '[')
		return ERR_OK;
	if (text[len - 1] != ']' || !strchr(text, ':'))
		return ERR_SYNTAX;
	text[len - 1] = '\0';
	*address = text + 1;
	return ERR_OK;
}

enum err endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret_endpoint)
{
	char buf[ADDR_TEXT_MAX];
	char *address = buf;
	const char *at = strrchr(text, '@');
	unsigned long port = default_port;
	uint32_t scope = 0;
	struct ip ip;
	enum err err = text_copy(buf, sizeof(buf), text, at ? (size_t)(at - text) : strlen(text));

	if (!err)
		err = unbracket(&address);
	if (!err)
		err = scoped_parse(address, &ip, &scope);
	if (!err && at)
		err = number_parse(at + 1, 5, &port);
	if (err)
		return err;
	if (port == 0 || port > UINT16_MAX)
		return ERR_RANGE;
	endpoint_set(ret_endpoint, &ip, scope, (uint16_t)port);
	return ERR_OK;
}

static void scope_text(uint32_t scope, char *buf, size_t size)
{
	char name[IF_NAMESIZE];

	if (scope == 0)
		buf[0] = '\0';
	else if (if_indextoname(scope, name))
		snprintf(buf, size, "%%%s", name);
	else
		snprintf(buf, size, "%%%u", (unsigned int)scope);
}

const char *endpoint_text(const struct endpoint *endpoint, char *buf, size_t size)
{
	bool v6 = endpoint->u.sa.sa_family == AF_INET6;
	in_port_t port = v6 ? endpoint->u.in6.sin6_port : endpoint->u.in.sin_port;
	struct ip ip = ip_from_sockaddr(&endpoint->u.sa);
	char address[INET6_ADDRSTRLEN];
	char scope[IF_NAMESIZE + 1];

	scope_text(v6 ? endpoint->u.in6.sin6_scope_id : 0, scope, sizeof(scope));
	snprintf(buf, size, "%s%s@%u", ip_text(&ip, address, sizeof(address)), scope, ntohs(port));
	return buf;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	struct ip a_ip = ip_from_sockaddr(&a->u.sa);
	struct ip b_ip = ip_from_sockaddr(&b->u.sa);

	if (a->u.sa.sa_family != b->u.sa.sa_family || !ip_equal(&a_ip, &b_ip))
		return false;
	if (a->u.sa.sa_family != AF_INET6)
		return a->u.in.sin_port == b->u.in.sin_port;
	return a->u.in6.sin6_port == b->u.in6.sin6_port &&
	       a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id;
}

bool endpoint_is_wildcard(const struct endpoint *endpoint)
{
	if (endpoint->u.sa.sa_family == AF_INET)
		return endpoint->u.in.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&endpoint->u.in6.sin6_addr);
}
