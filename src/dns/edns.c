/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/edns.h"

#include <endian.h>
#include <string.h>

#include "base/apart.h"
#include "dns/wire.h"

#define SECRET_LIFE_S 86400U /* a secret makes cookies */
#define COOKIE_FRESH_S 1800  /* old, a cookie is given again */
#define COOKIE_LIFE_S 3600   /* old, it is good */
#define COOKIE_AHEAD_S 300   /* in the future, likewise: clocks differ */

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

static struct hash_key secret_of(const struct hash_key *master, uint64_t day)
{
	uint64_t input[2] = {htole64(day), 0};
	struct hash_key key;

	key.k0 = hash_siphash24(master, input, sizeof(input));
	input[1] = htole64(1);
	key.k1 = hash_siphash24(master, input, sizeof(input));
	return key;
}

void edns_secrets_renew(struct edns_secrets *secrets, const struct hash_key *master, uint32_t now_s)
{
	uint32_t day = now_s / SECRET_LIFE_S;

	if (secrets->since_s && day == secrets->since_s / SECRET_LIFE_S)
		return;
	secrets->now = secret_of(master, day);
	secrets->before = secret_of(master, day - 1U);
	secrets->since_s = day * SECRET_LIFE_S;
}

/* In constant time: how far a guess is right must not show. */
static bool same_hash(const uint8_t *a, const uint8_t *b)
{
	uint64_t x;
	uint64_t y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x ^ y) == 0;
}

APART bool edns_answer_cookie(const struct edns_secrets *secrets, const uint8_t *option,
			      uint8_t len, const struct ip *client, uint32_t now_s,
			      uint8_t ret_cookie[EDNS_COOKIE_FULL])
{
	bool good = false;

	if (len == EDNS_COOKIE_FULL && wire_get32(option + 8) == 0x01000000U) {
		uint32_t made_s = wire_get32(option + 12);
		int32_t age_s = (int32_t)(now_s - made_s); /* serial numbers, RFC 1982 */
		bool old = (int32_t)(made_s - secrets->since_s) < 0;

		if (age_s <= COOKIE_LIFE_S && age_s >= -COOKIE_AHEAD_S) {
			edns_make_cookie(old ? &secrets->before : &secrets->now, option, client,
					 made_s, ret_cookie);
			good = same_hash(ret_cookie + 16, option + 16);
			if (good && age_s < COOKIE_FRESH_S)
				return true;
		}
	}
	edns_make_cookie(&secrets->now, option, client, now_s, ret_cookie);
	return good;
}
