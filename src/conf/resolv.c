/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf/error.h"
#include "conf/file.h"

#define DNS_PORT 53
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

/* Fills `endpoints`, CONF_UPSTREAMS_MAX of them; returns how many there are. */
static size_t nameservers(char *text, struct endpoint *endpoints)
{
	size_t count = 0;
	char *line;

	while (count < CONF_UPSTREAMS_MAX && (line = strsep(&text, "\n"))) {
		const char *address = nameserver_of(line);

		if (address && !strchr(address, '@') &&
		    endpoint_parse(address, DNS_PORT, &endpoints[count]) == ERR_OK)
			count++;
	}
	return count;
}

enum err conf_read_resolv(const char *path, struct endpoint **ret_endpoints, size_t *ret_count,
			  struct err_text *text)
{
	struct endpoint *endpoints;
	char *content;
	size_t len;
	size_t count;
	enum err err = conf_file_read(path, &content, &len, text);

	if (err)
		return err;
	endpoints = calloc(CONF_UPSTREAMS_MAX, sizeof(*endpoints));
	count = endpoints ? nameservers(content, endpoints) : 0;
	free(content);
	if (count > 0) {
		*ret_endpoints = endpoints;
		*ret_count = count;
		return ERR_OK;
	}
	if (!endpoints)
		return conf_fail_file(path, text, ERR_NOMEM, err_str(ERR_NOMEM));
	free(endpoints);
	return conf_fail_file(path, text, ERR_CONFIG, "no nameserver line with an address");
}
