/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts files and leases: whatever they have, a name that is taken is one, and ends. */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "report/leaseline.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void require_sound(const struct lease *lease)
{
	const char *end = memchr(lease->name, '\0', sizeof(lease->name));

	require(end != NULL);
	for (const char *c = lease->name; c < end; c++)
		require(isalnum((unsigned char)*c) || strchr("-_.", *c));
	require(*lease->mac == '\0' || strlen(lease->mac) == LEASE_MAC_MAX - 1);
	require(lease->ip.family == AF_INET || lease->ip.family == AF_INET6);
	require(*lease->name || *lease->mac);
}

static void read_lines(const char *at, const char *end)
{
	struct leaseline reader = {.form = LEASELINE_UNKNOWN};

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		struct lease lease;

		if (leaseline_read(&reader, at, len, &lease))
			require_sound(&lease);
		at += len + (newline != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leases *leases;

	read_lines((const char *)data, (const char *)data + size);
	require(leases_create(&leases) == ERR_OK);
	require(leases_add(leases, (const char *)data, size) == ERR_OK);
	leases_free(leases);
	return 0;
}
