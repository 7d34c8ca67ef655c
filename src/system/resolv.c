/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/resolv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define DNS_PORT 53
#define FILE_MAX (1024U * 1024U)
#define BLANKS " \t\r"

/* The address of a "nameserver" line, ended by NUL in place; NULL for any other line. */
static char *nameserver_of(char *line)
{
	char *rest = line;
	char *word = strsep(&rest, BLANKS);

	if (strcmp(word, "nameserver") != 0 || !rest)
		return NULL;
	rest += strspn(rest, BLANKS);
	rest[strcspn(rest, BLANKS "#;")] = '\0';
	return rest;
}

/* Fills `servers`; returns how many there are. */
static size_t nameservers(char *text, struct endpoint servers[RESOLV_SERVERS_MAX])
{
	size_t count = 0;
	char *line;

	while (count < RESOLV_SERVERS_MAX && (line = strsep(&text, "\n"))) {
		const char *address = nameserver_of(line);

		if (address && !strchr(address, '@') &&
		    endpoint_parse(address, DNS_PORT, &servers[count]) == ERR_OK)
			count++;
	}
	return count;
}

enum err resolv_read(const char *path, struct endpoint ret_servers[RESOLV_SERVERS_MAX],
		     size_t *ret_count, struct err_text *text)
{
	struct endpoint servers[RESOLV_SERVERS_MAX];
	char *content;
	size_t len;
	size_t count;
	enum err err = file_read(path, FILE_MAX, &content, &len);

	if (err == ERR_SYS)
		return err_set(text, err, "%s: %s", path, file_reason(errno));
	if (err == ERR_RANGE)
		return err_set(text, ERR_CONFIG, "%s: larger than 1024 KiB", path);
	if (err)
		return err_set(text, err, "%s: %s", path, err_str(err));
	count = nameservers(content, servers);
	free(content);
	if (count == 0)
		return err_set(text, ERR_CONFIG, "%s: no nameserver line with an address", path);
	memcpy(ret_servers, servers, sizeof(servers));
	*ret_count = count;
	return ERR_OK;
}
