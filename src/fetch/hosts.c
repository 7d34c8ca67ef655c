/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/hosts.h"

#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

static bool is_address(const char *host)
{
	struct ip ip;

	return host[0] == '[' || ip_parse(host, &ip) == ERR_OK;
}

/* "host:port:address,address"; without any, that the system is to be asked, whatever was told
 * before. */
static enum err tell(const struct place *place, const struct ip *ips, size_t count,
		     struct curl_slist **list)
{
	char line[PLACE_HOST_MAX + 32 + LOOKUP_ADDRESSES_MAX * ADDR_TEXT_MAX];
	char text[ADDR_TEXT_MAX];
	struct curl_slist *longer;
	int len = snprintf(line, sizeof(line), "%s%s:%s", count == 0 ? "-" : "", place->host,
			   place->port);

	for (size_t i = 0; i < count; i++)
		len += snprintf(line + len, sizeof(line) - (size_t)len,
				ips[i].family == AF_INET6 ? "%s[%s]" : "%s%s", i == 0 ? ":" : ",",
				ip_text(&ips[i], text, sizeof(text)));
	longer = curl_slist_append(*list, line);
	if (!longer)
		return ERR_NOMEM;
	*list = longer;
	return ERR_OK;
}

static enum err find(struct lookup *lookup, const struct place *place, const atomic_bool *ending,
		     struct curl_slist **list, struct err_text *text)
{
	struct ip ips[LOOKUP_ADDRESSES_MAX];
	size_t count = 0;
	enum err err;

	if (is_address(place->host))
		return ERR_OK;
	err = lookup_host(lookup, place->host, ending, ips, &count);
	if (err == ERR_SYS)
		return err_set(text, err, "%s: no upstream tells its address", place->host);
	if (err == ERR_CANCELLED || err == ERR_NOMEM)
		return err_set(text, err, "%s", err_str(err));
	return err_set(text, tell(place, ips, count, list), "out of memory");
}

enum err hosts_find(struct lookup *lookup, const struct place *place, const char *proxy,
		    const atomic_bool *ending, struct curl_slist **ret_resolve,
		    struct err_text *text)
{
	struct curl_slist *list = NULL;
	struct place through;
	enum err err = ERR_OK;

	if (*proxy && place_parse(proxy, &through) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "proxy is no URL");
	if (*proxy)
		err = find(lookup, &through, ending, &list, text);
	if (err == ERR_OK && (!*proxy || strcasecmp(through.scheme, "socks5") == 0))
		err = find(lookup, place, ending, &list, text);
	if (err == ERR_OK)
		*ret_resolve = list;
	else
		curl_slist_free_all(list);
	return err;
}
