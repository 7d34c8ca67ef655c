/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY header: what is taken ends within the octets, and whatever is cut off from it is not
 * taken. */
#include "fuzz.h"
#include "who/proxy.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void require_client(const struct proxy_header *header)
{
	struct ip ip = ip_from_sockaddr(&header->client.u.sa);

	require(header->client.len == sizeof(header->client.u.in) ||
		header->client.len == sizeof(header->client.u.in6));
	require(ip.family == AF_INET || ip.family == AF_INET6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header header;
	struct proxy_header cut;
	enum proxy_verdict verdict = proxy_read(data, size, &header);

	if (verdict == PROXY_BAD || verdict == PROXY_PARTIAL)
		return 0;
	require(header.len >= PROXY_FIXED && header.len <= size && header.len <= PROXY_MAX);
	require(proxy_is_signed(data));
	if (verdict == PROXY_CLIENT)
		require_client(&header);
	require(proxy_read(data, header.len - 1, &cut) == PROXY_PARTIAL);
	require(proxy_read(data, header.len, &cut) == verdict && cut.len == header.len);
	return 0;
}
