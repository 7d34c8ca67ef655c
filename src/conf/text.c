/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take text: free, paths, names, dates, URLs. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf/options.h"
#include "conf/type.h"
#include "dns/name.h"

#define PIN_DIGITS 43U /* of Base64, before the one that fills up */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define QUOTE(number) QUOTE_(number)
#define QUOTE_(number) #number

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

/* `text` is UTF-8, which libyaml has seen to. */
static bool has_control(const char *text)
{
	for (; *text; text++) {
		unsigned char octet = (unsigned char)*text;

		if (octet < 0x20 || octet == 0x7f || is_control_utf8((const unsigned char *)text))
			return true;
	}
	return false;
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

static enum err parse_string(const struct conf_row *row, const char *text, void *value)
{
	size_t len = strlen(text);

	if (len < row->least || len > row->most)
		return ERR_RANGE;
	return has_control(text) ? ERR_SYNTAX : text_keep(text, value);
}

static void describe_string(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	snprintf(buf, CONF_DESCRIBED_MAX, "%s of %s%llu octets, without control characters",
		 row->type->expected, row->least > 0 ? "1 to " : "at most ",
		 (unsigned long long)row->most);
}

static enum err parse_listname(const struct conf_row *row, const char *text, void *value)
{
	size_t len = strlen(text);

	if (len < row->least || len > row->most)
		return ERR_RANGE;
	return strspn(text, LETTERS DIGITS "._-") == len ? text_keep(text, value) : ERR_SYNTAX;
}

static void describe_listname(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	snprintf(buf, CONF_DESCRIBED_MAX,
		 "a name of 1 to %llu letters, digits, dots, hyphens and underscores",
		 (unsigned long long)row->most);
}

/* A day that the calendar has comes back as it was. */
static bool is_date(const char *text)
{
	struct tm day = {0};
	char again[sizeof("YYYY-MM-DD")];

	if (strlen(text) != sizeof(again) - 1 || strptime(text, "%Y-%m-%d", &day) == NULL)
		return false;
	(void)timegm(&day);
	return strftime(again, sizeof(again), "%Y-%m-%d", &day) > 0 && strcmp(again, text) == 0;
}

static enum err parse_date(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return text[0] == '\0' || is_date(text) ? text_keep(text, value) : ERR_SYNTAX;
}

/* Only what a link on a page may hold: no blank, quote or angle bracket. */
static bool is_url(const char *text)
{
	const char *host = strstr(text, "://");

	if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
		return false;
	return host && host[3] != '\0' &&
	       strspn(text, LETTERS DIGITS "-._~:/?#[]@!$&()*+,;=%") == strlen(text);
}

static enum err parse_url(const struct conf_row *row, const char *text, void *value)
{
	if (strlen(text) > row->most)
		return ERR_RANGE;
	return text[0] == '\0' || is_url(text) ? text_keep(text, value) : ERR_SYNTAX;
}

/* Kept in lower case and without a final dot, so that equal names are equal texts. */
static enum err parse_host(const struct conf_row *row, const char *text, void *value)
{
	struct name name;
	char buf[NAME_TEXT_MAX];
	enum err err;

	if (text[0] == '\0' && row->kind == CONF_KIND_VALUE && row->def)
		return text_keep(text, value);
	err = name_from_host(text, strlen(text), &name);
	if (err)
		return err;
	if (name.len <= 1)
		return ERR_SYNTAX;
	return text_keep(name_to_text(name.wire, buf, sizeof(buf)), value);
}

/* A host name, or "*." and one: all that is below it. */
static enum err parse_owner(const struct conf_row *row, const char *text, void *value)
{
	bool wild = strncmp(text, "*.", 2) == 0;
	char buf[NAME_TEXT_MAX + 2] = "*.";
	char **ret = value;
	char *host;
	enum err err = parse_host(row, text + (wild ? 2 : 0), &host);

	if (err || !wild) {
		if (!err)
			*ret = host;
		return err;
	}
	strncat(buf, host, sizeof(buf) - 3);
	free(host);
	return text_keep(buf, value);
}

static enum err parse_text(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	if (strlen(text) > CONF_TEXT_MAX)
		return ERR_RANGE;
	return has_control(text) ? ERR_SYNTAX : text_keep(text, value);
}

/* As RFC 7469 writes a pin: the Base64 of the 32 octets of a SHA-256 digest. */
static enum err parse_pin(const struct conf_row *row, const char *text, void *value)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *base64 = text + sizeof("sha256/") - 1;

	(void)row;
	if (strncmp(text, "sha256/", sizeof("sha256/") - 1) != 0 ||
	    strspn(base64, digits) != PIN_DIGITS || strcmp(base64 + PIN_DIGITS, "=") != 0)
		return ERR_SYNTAX;
	return text_keep(text, value);
}

static void print(const struct conf_row *row, const void *value, FILE *out)
{
	char *const *text = value;

	(void)row;
	putc('"', out);
	for (const char *at = *text; *at; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', out);
		putc(*at, out);
	}
	putc('"', out);
}

#define TEXT_TYPE(parser, ...)                                                                     \
	{                                                                                          \
		.owned = true, .parse = (parser), .print = print, __VA_ARGS__                      \
	}

const struct conf_type conf_type_string =
	TEXT_TYPE(parse_string, .expected = "text", .describe = describe_string);
const struct conf_type conf_type_path =
	TEXT_TYPE(parse_string, .expected = "a path", .describe = describe_string);
const struct conf_type conf_type_text = TEXT_TYPE(
	parse_text, .expected = "text of at most " QUOTE(CONF_TEXT_MAX) " octets, without control "
									"characters");
const struct conf_type conf_type_listname =
	TEXT_TYPE(parse_listname, .describe = describe_listname);
const struct conf_type conf_type_date = TEXT_TYPE(parse_date, .expected = "a date as YYYY-MM-DD");
const struct conf_type conf_type_url =
	TEXT_TYPE(parse_url, .expected = "a URL that begins with http:// or https://");
const struct conf_type conf_type_host =
	TEXT_TYPE(parse_host, .expected = "a host name such as example.com");
const struct conf_type conf_type_owner =
	TEXT_TYPE(parse_owner, .expected = "a host name such as example.com, or \"*.example.com\" "
					   "for all names below it");
const struct conf_type conf_type_pin =
	TEXT_TYPE(parse_pin, .expected = "sha256/ and the Base64 of a SHA-256 digest");
