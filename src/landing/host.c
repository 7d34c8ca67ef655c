/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/host.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"

#define FIELD_MAX 300U /* a name, a dot and a port fit */

static const char *const schemes[] = {"http://", "https://", "ws://", "wss://"};

/* What stands behind the scheme of a whole URL; NULL: the target is a path. */
static const char *behind_scheme(const char *target)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(target, schemes[i], strlen(schemes[i])) == 0)
			return target + strlen(schemes[i]);
	return NULL;
}

/* True for "192.0.2.1" and "[2001:db8::1]". */
static bool is_address(const char *text)
{
	struct ip ip;

	return *text == '[' || ip_parse(text, &ip) == ERR_OK;
}

static enum err name_of(const char *field, size_t len, struct name *ret_name)
{
	char text[FIELD_MAX];

	if (len == 0)
		return ERR_NOTFOUND;
	if (len >= sizeof(text))
		return ERR_SYNTAX;
	memcpy(text, field, len);
	text[len] = '\0';
	if (*text != '[')
		text[strcspn(text, ":")] = '\0';
	if (is_address(text))
		return ERR_NOTFOUND;
	len = strlen(text);
	if (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	if (len == 0)
		return ERR_NOTFOUND;
	return name_from_host(text, len, ret_name) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err host_name(const char *field, struct name *ret_name)
{
	return field ? name_of(field, strlen(field), ret_name) : ERR_NOTFOUND;
}

enum err host_of_request(const char *target, const char *field, struct name *ret_name)
{
	const char *authority = behind_scheme(target);
	const char *at;
	size_t len;

	if (!authority)
		return host_name(field, ret_name);
	len = strcspn(authority, "/?#");
	at = memchr(authority, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - authority);
		authority = at + 1;
	}
	return name_of(authority, len, ret_name);
}

static void copy_clean(const char *text, size_t len, char *ret_text, size_t size)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size; i++)
		ret_text[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	ret_text[i] = '\0';
}

void host_path(const char *target, char *ret_path, size_t size)
{
	const char *authority = behind_scheme(target);
	const char *path = authority ? authority + strcspn(authority, "/?#") : target;

	copy_clean(path, strcspn(path, "?#"), ret_path, size);
}

void host_clean(const char *text, char *ret_text, size_t size)
{
	copy_clean(text ? text : "", text ? strlen(text) : 0, ret_text, size);
}
