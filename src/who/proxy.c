/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/proxy.h"

#define VERSION 2U
#define COMMAND_LOCAL 0U
#define COMMAND_PROXY 1U
#define FAMILY_UNSPEC 0U
#define FAMILY_INET 1U
#define FAMILY_INET6 2U
#define PROTOCOL_STREAM 1U
#define PROTOCOL_DGRAM 2U
#define INET_OCTETS 12U	 /* two addresses and two ports */
#define INET6_OCTETS 36U /* likewise */
#define TLV_FIXED 3U	 /* type and length */

static size_t get16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* True when the `len` octets are whole TLVs. */
static bool are_tlvs(const uint8_t *octets, size_t len)
{
	while (len > 0) {
		size_t tlv;

		if (len < TLV_FIXED)
			return false;
		tlv = TLV_FIXED + get16(octets + 1);
		if (tlv > len)
			return false;
		octets += tlv;
		len -= tlv;
	}
	return true;
}

/* What stands behind the fixed part: the client's address, the proxy's, their ports. */
static struct endpoint client_of(const uint8_t *addresses, bool ipv6)
{
	struct endpoint e = {.len = 0};

	if (ipv6) {
		e.len = sizeof(e.u.in6);
		e.u.in6.sin6_family = AF_INET6;
		memcpy(&e.u.in6.sin6_addr, addresses, 16);
		memcpy(&e.u.in6.sin6_port, addresses + 32, 2);
	} else {
		e.len = sizeof(e.u.in);
		e.u.in.sin_family = AF_INET;
		memcpy(&e.u.in.sin_addr, addresses, 4);
		memcpy(&e.u.in.sin_port, addresses + 8, 2);
	}
	return e;
}

static enum proxy_verdict read_client(const uint8_t *octets, size_t len, uint8_t family,
				      struct proxy_header *ret_header)
{
	size_t addresses = family == FAMILY_INET6 ? INET6_OCTETS : INET_OCTETS;
	uint8_t protocol = octets[13] & 15U;

	if (family > FAMILY_INET6 || protocol < PROTOCOL_STREAM || protocol > PROTOCOL_DGRAM ||
	    len < PROXY_FIXED + addresses ||
	    !are_tlvs(octets + PROXY_FIXED + addresses, len - PROXY_FIXED - addresses))
		return PROXY_BAD;
	*ret_header = (struct proxy_header){
		.len = len,
		.client = client_of(octets + PROXY_FIXED, family == FAMILY_INET6),
		.stream = protocol == PROTOCOL_STREAM,
	};
	return PROXY_CLIENT;
}

enum proxy_verdict proxy_read(const uint8_t *octets, size_t len, struct proxy_header *ret_header)
{
	size_t compared = len < PROXY_SIGNATURE_LEN ? len : PROXY_SIGNATURE_LEN;
	uint8_t command;
	uint8_t family;
	size_t whole;

	if (memcmp(octets, PROXY_SIGNATURE, compared) != 0)
		return PROXY_BAD;
	if (len < PROXY_FIXED)
		return PROXY_PARTIAL;
	command = octets[12] & 15U;
	family = octets[13] >> 4;
	whole = PROXY_FIXED + get16(octets + 14);
	if (octets[12] >> 4 != VERSION || command > COMMAND_PROXY || whole > PROXY_MAX)
		return PROXY_BAD;
	if (len < whole)
		return PROXY_PARTIAL;
	if (command == COMMAND_PROXY && family != FAMILY_UNSPEC)
		return read_client(octets, whole, family, ret_header);
	*ret_header = (struct proxy_header){.len = whole}; /* what else it has does not count */
	return PROXY_ITSELF;
}
