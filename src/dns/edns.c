/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/edns.h"

#include <endian.h>
#include <string.h>

#include "dns/wire.h"

void ede_set(struct ede *ede, enum ede_code code, const char *text)
{
	size_t octets = text ? strlen(text) : 0;

	if (octets > EDNS_EDE_MAX - 2) {
		octets = EDNS_EDE_MAX - 2;
		while (octets > 0 && ((unsigned char)text[octets] & 0xc0U) == 0x80U)
			octets--;
	}
	wire_put16(ede->data, (uint16_t)code);
	if (octets > 0)
		memcpy(ede->data + 2, text, octets);
	ede->len = (uint8_t)(octets + 2);
}

void edns_make_cookie(const struct hash_key *secret, const uint8_t *client_cookie,
		      const struct ip *client, uint32_t now_s, uint8_t ret_cookie[EDNS_COOKIE_FULL])
{
	size_t ip_len = client->family == AF_INET ? 4 : 16;
	uint8_t input[16 + 16];
	uint64_t hash;

	memcpy(ret_cookie, client_cookie, EDNS_COOKIE_CLIENT);
	ret_cookie[8] = 1; /* version; three reserved octets follow */
	memset(ret_cookie + 9, 0, 3);
	wire_put32(ret_cookie + 12, now_s);
	memcpy(input, ret_cookie, 16);
	memcpy(input + 16, client->bytes, ip_len);
	hash = htole64(hash_siphash24(secret, input, 16 + ip_len));
	memcpy(ret_cookie + 16, &hash, sizeof(hash));
}
