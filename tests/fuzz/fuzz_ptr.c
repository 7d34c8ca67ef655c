/* SPDX-License-Identifier: BSD-2-Clause */
/* Any octets as a reply to a question for the name of an address: a name that is taken can be one
 * of a host, and ends. */
#include <string.h>
#include <sys/socket.h>

#include "called/ptr.h"
#include "fuzz.h"

#define OWNER "7.2.0.192.in-addr.arpa"

static struct name owner;
static const struct ip address = {.family = AF_INET, .bytes = {192, 0, 2, 7}};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	require(name_from_text(OWNER, strlen(OWNER), &owner) == ERR_OK);
	return 0;
}

static void require_host(const char *name)
{
	const char *last = strrchr(name, '.');
	size_t len = strlen(name);

	require(len < LEASE_NAME_MAX);
	require(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len);
	require(name[0] != '-' && name[0] != '.' && name[len - 1] != '-' && name[len - 1] != '.');
	require(!strstr(name, "..") && !strstr(name, ".-") && !strstr(name, "-."));
	last = last ? last + 1 : name;
	require(last[strspn(last, "0123456789")] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ptr next;
	struct ptr ptr;
	bool leads;

	if (ptr_read(data, size, &owner, "", &ptr) == ERR_OK && *ptr.name) {
		require_host(ptr.name);
		require(ptr_read(data, size, &owner, ptr.name, &next) == ERR_OK);
		require(!*next.name || strcmp(next.name, ptr.name) > 0);
	}
	if (ptr_leads_to(data, size, &owner, &address, &leads, &ptr) == ERR_OK && leads)
		require(memmem(data, size, address.bytes, 4) != NULL);
	return 0;
}
