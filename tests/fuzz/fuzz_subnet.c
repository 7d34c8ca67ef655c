/* SPDX-License-Identifier: BSD-2-Clause */
/* EDNS client subnet: what is taken is a prefix whose unknown bits are zero. */
#include "fuzz.h"
#include "who/subnet.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subnet subnet;
	struct ip client;
	struct ip masked;
	unsigned int bits;

	if (subnet_read(data, size, &subnet, &client) != ERR_OK)
		return 0;
	require(subnet.len == size && size <= SUBNET_MAX);
	if (!client.family)
		return 0;
	bits = client.family == AF_INET ? 32 : 128;
	require(client.unknown < bits);
	masked = ip_masked(&client, bits - client.unknown);
	require(ip_equal(&masked, &client));
	subnet_set_scope(&subnet, true);
	require(subnet.octets[3] == subnet.octets[2]);
	return 0;
}
