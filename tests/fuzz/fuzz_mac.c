/* SPDX-License-Identifier: BSD-2-Clause */
/* A client told by its hardware address, as octets and as a text: what is taken comes back. */
#include <string.h>

#include "fuzz.h"
#include "who/mac.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void come_back(const struct ip *client)
{
	char text[MAC_TEXT_MAX];
	struct ip again;

	require(client->family == AF_INET6 && client->unknown == 0);
	require(mac_text(client, text) == text);
	require(mac_read_text((const uint8_t *)text, strlen(text), &again) == ERR_OK);
	require(ip_equal(client, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip client;

	if (mac_read(data, size, &client) == ERR_OK) {
		require(size == MAC_OCTETS);
		come_back(&client);
	}
	if (mac_read_text(data, size, &client) == ERR_OK)
		come_back(&client);
	return 0;
}
