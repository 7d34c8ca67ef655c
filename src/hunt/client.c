/* SPDX-License-Identifier: BSD-2-Clause */
/* How a client stands in a store. */
#include <stdio.h>
#include <string.h>

#include "hunt/day.h"

size_t day_client_write(const struct day_client *client, uint8_t ret_octets[DAY_CLIENT_MAX])
{
	size_t len = client->ip.family == AF_INET ? 4 : 16;
	size_t at = 0;

	if (client->bits != DAY_WHOLE)
		ret_octets[at++] = client->bits;
	memcpy(ret_octets + at, client->ip.bytes, len);
	return at + len;
}

enum err day_client_read(const uint8_t *octets, size_t len, struct day_client *ret_client)
{
	struct day_client client = {.bits = DAY_WHOLE};
	bool prefix = len % 4 == 1;

	if (len != 4 && len != 5 && len != 16 && len != 17)
		return ERR_SYNTAX;
	client.ip.family = len < 16 ? AF_INET : AF_INET6;
	memcpy(client.ip.bytes, octets + prefix, len - prefix);
	if (prefix)
		client.bits = octets[0];
	if (prefix && client.bits > 8 * (len - prefix))
		return ERR_SYNTAX;
	*ret_client = client;
	return ERR_OK;
}

const char *day_client_text(const struct day_client *client, char buf[CLIENT_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN];

	ip_text(&client->ip, address, sizeof(address));
	if (client->bits == DAY_WHOLE)
		snprintf(buf, CLIENT_TEXT_MAX, "%s", address);
	else
		snprintf(buf, CLIENT_TEXT_MAX, "%s/%u", address, client->bits);
	return buf;
}
