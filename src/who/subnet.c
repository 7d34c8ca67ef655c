/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/subnet.h"

#include <string.h>

#define FIXED 4U /* FAMILY, SOURCE PREFIX-LENGTH, SCOPE PREFIX-LENGTH */
#define FAMILY_INET 1U
#define FAMILY_INET6 2U
#define SOURCE 2U
#define SCOPE 3U

/* The bits of an address of the family; 0: it has none, as where nothing is said; or it is unknown.
 */
static unsigned int bits_of(unsigned int family)
{
	return family == FAMILY_INET ? 32U : family == FAMILY_INET6 ? 128U : 0U;
}

static bool is_sound(const uint8_t *data, size_t len)
{
	unsigned int family;
	unsigned int source;

	if (len < FIXED || len > SUBNET_MAX || data[SCOPE] != 0)
		return false;
	family = (unsigned int)data[0] << 8 | data[1];
	source = data[SOURCE];
	if (family > FAMILY_INET6 || source > bits_of(family) || len - FIXED != (source + 7) / 8)
		return false;
	return source % 8 == 0 || (uint8_t)(data[len - 1] << source % 8) == 0;
}

enum err subnet_read(const uint8_t *data, size_t len, struct subnet *ret_subnet,
		     struct ip *ret_client)
{
	uint8_t address[16] = {0};

	if (!is_sound(data, len))
		return ERR_SYNTAX;
	*ret_subnet = (struct subnet){.len = (uint8_t)len};
	memcpy(ret_subnet->octets, data, len);
	*ret_client = (struct ip){.family = 0};
	if (data[SOURCE] == 0)
		return ERR_OK;
	memcpy(address, data + FIXED, len - FIXED);
	*ret_client = ip_from_octets(address, data[1] == FAMILY_INET6);
	ret_client->unknown = (uint8_t)(bits_of(data[1]) - data[SOURCE]);
	if (ret_client->family == AF_INET && ret_client->unknown >= bits_of(FAMILY_INET))
		*ret_client = (struct ip){.family = 0}; /* ::ffff:0:0/96 is all of IPv4 */
	return ERR_OK;
}

void subnet_set_scope(struct subnet *subnet, bool depends)
{
	subnet->octets[SCOPE] = depends ? subnet->octets[SOURCE] : 0;
}
