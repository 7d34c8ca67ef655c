/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/subject.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "line/host.h"
#include "who/mac.h"

/* "192.0.2.1", "2001:db8::/32": the only form of each. */
static void write_prefix(const struct prefix *prefix, char ret_client[CLIENT_TEXT_MAX])
{
	unsigned int width = prefix->ip.family == AF_INET ? 32U : 128U;
	size_t len = strlen(ip_text(&prefix->ip, ret_client, CLIENT_TEXT_MAX));

	if (prefix->len < width)
		snprintf(ret_client + len, CLIENT_TEXT_MAX - len, "/%u", prefix->len);
}

enum err subject_client(const char *given, struct ipcrypt *key, char ret_client[CLIENT_TEXT_MAX],
			struct err_text *text)
{
	size_t word = sizeof(MAC_WORD) - 1;
	char address[INET6_ADDRSTRLEN];
	struct prefix prefix;
	struct ip ip;

	if (strncmp(given, MAC_WORD, word) == 0 &&
	    mac_read_text((const uint8_t *)given + word, strlen(given + word), &ip) == ERR_OK)
		given = ip_text(&ip, address, sizeof(address));
	if (prefix_parse(given, &prefix) != ERR_OK)
		return err_set(text, ERR_SYNTAX,
			       "%s: expected an address, or a prefix whose other "
			       "bits are zero",
			       given);
	if (!key) {
		write_prefix(&prefix, ret_client);
		return ERR_OK;
	}
	if (ip_parse(given, &ip) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "%s: of encrypted addresses there are no prefixes",
			       given);
	ip = ipcrypt_encrypt(key, &ip);
	ip_text(&ip, ret_client, CLIENT_TEXT_MAX);
	return ERR_OK;
}

enum err subject_name(const char *given, char ret_name[NAME_TEXT_MAX], struct err_text *text)
{
	struct name name;

	if (host_from_written(given, &name) != ERR_OK || name.len == 1)
		return err_set(text, ERR_SYNTAX, "this is no name: %s", given);
	name_to_text(name.wire, ret_name, NAME_TEXT_MAX);
	return ERR_OK;
}
