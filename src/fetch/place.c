/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/place.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

static bool take_part(CURLU *url, CURLUPart part, char *buf, size_t size)
{
	char *text;
	bool fits;

	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return false;
	fits = strlen(text) < size;
	if (fits)
		memcpy(buf, text, strlen(text) + 1);
	curl_free(text);
	return fits;
}

enum err place_parse(const char *url, struct place *ret_place)
{
	CURLU *parsed = curl_url();
	struct place place;
	bool good;

	if (!parsed)
		return ERR_NOMEM;
	good = curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	       take_part(parsed, CURLUPART_SCHEME, place.scheme, sizeof(place.scheme));
	if (good && !take_part(parsed, CURLUPART_HOST, place.host, sizeof(place.host)))
		place.host[0] = '\0'; /* of file: there is none */
	if (good && !take_part(parsed, CURLUPART_PORT, place.port, sizeof(place.port)))
		place.port[0] = '\0'; /* a scheme that is not known has none */
	curl_url_cleanup(parsed);
	if (!good)
		return ERR_SYNTAX;
	*ret_place = place;
	return ERR_OK;
}

bool place_is_same(const struct place *a, const struct place *b)
{
	return strcasecmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
	       strcmp(a->port, b->port) == 0;
}

const char *place_forbids(const struct place *from, const struct place *to)
{
	bool plain = strcasecmp(to->scheme, "http") == 0;

	if (!plain && strcasecmp(to->scheme, "https") != 0)
		return "another protocol than HTTP";
	if (plain && strcasecmp(from->scheme, "http") != 0)
		return "http, where nobody proves who answers";
	return NULL;
}
