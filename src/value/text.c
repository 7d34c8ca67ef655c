/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take text: free, paths, names, dates, URLs. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/moment.h"
#include "dns/name.h"
#include "value/value.h"

#define PIN_DIGITS 43U /* of Base64, before the one that fills up */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define URL_OCTETS LETTERS DIGITS "-._~:/?#[]@!$&()*+,;=%"

/* Characters beyond ASCII that steer the line they stand in: C1 controls, line and paragraph
 * separators, what turns the direction of writing, byte order marks and noncharacters. */
static bool is_control_utf8(const unsigned char *at)
{
	if (at[0] == 0xc2)
		return at[1] < 0xa0;
	if (at[0] == 0xe2 && at[1] == 0x80)
		return at[2] >= 0xa8 && at[2] <= 0xae;
	if (at[0] == 0xe2 && at[1] == 0x81)
		return at[2] >= 0xa6 && at[2] <= 0xa9;
	if (at[0] == 0xef && at[1] == 0xbb)
		return at[2] == 0xbf;
	return at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe;
}

/* True when nothing in the text steers a line.  It is UTF-8, which libyaml has seen to. */
static bool is_shown(const char *text)
{
	for (; *text; text++) {
		unsigned char octet = (unsigned char)*text;

		if (octet < 0x20 || octet == 0x7f || is_control_utf8((const unsigned char *)text))
			return false;
	}
	return true;
}

static enum err text_keep(const char *text, void *value)
{
	char **ret = value;
	char *copy = strdup(text);

	if (!copy)
		return ERR_NOMEM;
	*ret = copy;
	return ERR_OK;
}

static enum err parse_text(const struct value_form *form, const char *text, void *value)
{
	size_t len = strlen(text);

	if (len < form->least || len > form->most)
		return ERR_RANGE;
	return form->type->allows(text) ? text_keep(text, value) : ERR_SYNTAX;
}

static void describe_text(const struct value_form *form, char buf[VALUE_DESCRIBED_MAX])
{
	snprintf(buf, VALUE_DESCRIBED_MAX, "%s of %s%zu %s", form->type->expected,
		 form->least > 0 ? "1 to " : "at most ", (size_t)form->most, form->type->made_of);
}

static bool is_listname(const char *text)
{
	return text[strspn(text, LETTERS DIGITS "._-")] == '\0';
}

/* A day that the calendar has comes back as it was; "": none. */
static bool is_date(const char *text)
{
	struct tm day = {0};
	char again[sizeof("YYYY-MM-DD")];

	if (text[0] == '\0')
		return true;
	if (strlen(text) != sizeof(again) - 1 || strptime(text, "%Y-%m-%d", &day) == NULL)
		return false;
	(void)timegm(&day);
	return strftime(again, sizeof(again), "%Y-%m-%d", &day) > 0 && strcmp(again, text) == 0;
}

/* With its zone; "": none. */
static bool is_time(const char *text)
{
	uint64_t s;

	return text[0] == '\0' || moment_parse(text, &s) == ERR_OK;
}

/* One of the schemes and something behind it, of what a link on a page may hold: no blank, quote or
 * angle bracket; "": none. */
static bool is_link(const char *text, const char *const *schemes)
{
	bool known = text[0] == '\0';

	for (; *schemes; schemes++) {
		size_t len = strlen(*schemes);

		known = known || (strncmp(text, *schemes, len) == 0 && text[len] != '\0');
	}
	return known && strspn(text, URL_OCTETS) == strlen(text);
}

static bool is_url(const char *text)
{
	static const char *const schemes[] = {"http://", "https://", NULL};

	return is_link(text, schemes);
}

/* A URL that libcurl takes for a proxy, perhaps with a name and a password. */
static bool is_proxy(const char *text)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://",
					      NULL};

	return is_link(text, schemes);
}

/* A field of a request (RFC 9110, 5.1 and 5.5), or "". */
static bool is_http_field(const char *text)
{
	size_t name = strspn(text, LETTERS DIGITS "!#$%&'*+-.^_`|~");

	return text[0] == '\0' || (name > 0 && text[name] == ':' && is_shown(text));
}

/* Kept in lower case and without a final dot, so that equal names are equal texts.  The first
 * `wild` octets, none or "*.", stand before the name. */
static enum err name_keep(const char *text, size_t wild, void *value)
{
	char buf[NAME_TEXT_MAX + 2] = "*.";
	struct name name;
	enum err err = name_from_host(text + wild, strlen(text + wild), &name);

	if (err)
		return err;
	if (name.len <= 1)
		return ERR_SYNTAX;
	name_to_text(name.wire, buf + wild, NAME_TEXT_MAX);
	return text_keep(buf, value);
}

static enum err parse_host(const struct value_form *form, const char *text, void *value)
{
	return *text || !form->optional ? name_keep(text, 0, value) : text_keep(text, value);
}

/* A host name, or "*." and one: all that is below it. */
static enum err parse_owner(const struct value_form *form, const char *text, void *value)
{
	(void)form;
	return name_keep(text, strncmp(text, "*.", 2) == 0 ? 2 : 0, value);
}

/* As RFC 7469 writes a pin: the Base64 of the 32 octets of a SHA-256 digest. */
static bool is_pin(const char *text)
{
	const char *base64 = text + sizeof("sha256/") - 1;

	return strncmp(text, "sha256/", sizeof("sha256/") - 1) == 0 &&
	       strspn(base64, LETTERS DIGITS "+/") == PIN_DIGITS &&
	       strcmp(base64 + PIN_DIGITS, "=") == 0;
}

/* A text that is kept as it is given, where all its octets are allowed. */
#define TEXT_TYPE(allowed, ...)                                                                    \
	{                                                                                          \
		.owned = true, .allows = (allowed), .parse = parse_text, __VA_ARGS__               \
	}
#define MADE_OF(octets) .made_of = (octets), .describe = describe_text

/* A name of the DNS. */
#define NAME_TYPE(parser, what)                                                                    \
	{                                                                                          \
		.owned = true, .expected = (what), .parse = (parser),                              \
	}

const struct value_type value_type_string =
	TEXT_TYPE(is_shown, .expected = "text", MADE_OF("octets, without control characters"));
const struct value_type value_type_path =
	TEXT_TYPE(is_shown, .expected = "a path", MADE_OF("octets, without control characters"));
const struct value_type value_type_listname =
	TEXT_TYPE(is_listname, .expected = "a name",
		  MADE_OF("letters, digits, dots, hyphens and underscores"));
const struct value_type value_type_date = TEXT_TYPE(is_date, .expected = "a date as YYYY-MM-DD");
const struct value_type value_type_time =
	TEXT_TYPE(is_time, .expected = "a time with its zone, such as 2026-11-28T08:00:00+01:00");
const struct value_type value_type_url =
	TEXT_TYPE(is_url, .expected = "a URL that begins with http:// or https://");
const struct value_type value_type_httpfield =
	TEXT_TYPE(is_http_field, .secret = true,
		  .expected = "a field of an HTTP request, as \"Name: value\"");
const struct value_type value_type_proxy =
	TEXT_TYPE(is_proxy, .secret = true,
		  .expected = "a URL that begins with http://, https:// or socks5h://");
const struct value_type value_type_pin =
	TEXT_TYPE(is_pin, .expected = "sha256/ and the Base64 of a SHA-256 digest");
const struct value_type value_type_host = NAME_TYPE(parse_host, "a host name such as example.com");
const struct value_type value_type_owner = NAME_TYPE(
	parse_owner, "a host name such as example.com, or \"*.example.com\" for all names "
		     "below it");
