/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts files and leases: whatever they have, a name that is taken is one, and ends. */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "report/leaseline.h"

#define FIRST_S 1790000000U

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void require_sound(const struct lease *lease)
{
	const char *end = memchr(lease->name, '\0', sizeof(lease->name));
	char name[LEASE_NAME_MAX];

	require(end != NULL);
	for (const char *c = lease->name; c < end; c++)
		require(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
			strchr("-_.", *c));
	require(!*lease->name || (lease_name(lease->name, name) && strcmp(name, lease->name) == 0));
	require(*lease->mac == '\0' || strlen(lease->mac) == LEASE_MAC_MAX - 1);
	require(lease->ip.family == AF_INET || lease->ip.family == AF_INET6);
	require(!lease->hosts || (*lease->name && lease->since_s == 0 && lease->until_s == 0));
	require(lease->until_s == 0 || lease->since_s <= lease->until_s);
}

static void read_lines(const char *at, const char *end)
{
	struct leaseline reader = {.form = LEASELINE_UNKNOWN};

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		struct lease lease;

		if (leaseline_read(&reader, at, len, newline != NULL, &lease))
			require_sound(&lease);
		at += len + (newline != NULL);
	}
}

/* A file that was `former` octets long when it was read for the first time. */
static void read_twice(const char *text, size_t former, size_t size)
{
	struct leases *before;
	struct leases *leases;
	const struct leases *known;
	struct lease found;
	struct ip ip;
	size_t count;

	require(leases_create(64, &before) == ERR_OK && leases_create(64, &leases) == ERR_OK);
	require(leases_add(before, text, former, FIRST_S) != ERR_NOMEM);
	require(leases_add(leases, text, size, FIRST_S + 600) != ERR_NOMEM);
	leases_settle(before);
	require(leases_follow(leases, before, FIRST_S + 600, FIRST_S - 86400) == ERR_OK);
	count = leases_count(leases);
	leases_settle(leases);
	require(leases_count(leases) == count && count <= 128);
	require(ip_parse("192.0.2.9", &ip) == ERR_OK);
	known = leases;
	if (leases_find(&known, 1, &ip, FIRST_S + 300, &found))
		require(*found.name || *found.mac);
	leases_free(before);
	leases_free(leases);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_lines((const char *)data, (const char *)data + size);
	read_twice((const char *)data, size > 0 ? data[0] % size : 0, size);
	return 0;
}
