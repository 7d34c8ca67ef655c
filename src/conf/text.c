/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take text: free, paths, names, dates, URLs. */
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "conf/type.h"
#include "dns/name.h"

#define PIN_DIGITS 43U /* of Base64, before the one that fills up */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

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
		 row->type == CONF_T_PATH ? "a path" : "text",
		 row->least > 0 ? "1 to " : "at most ", (unsigned long long)row->most);
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

static unsigned int days_in_month(unsigned int year, unsigned int month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* The number of `len` digits at `text`. */
static unsigned int digits_value(const char *text, size_t len)
{
	unsigned int value = 0;

	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned int)(text[i] - '0');
	return value;
}

static bool is_date(const char *text)
{
	unsigned int month;
	unsigned int day;

	if (strlen(text) != 10 || strspn(text, DIGITS) != 4 || text[4] != '-' ||
	    strspn(text + 5, DIGITS) != 2 || text[7] != '-' || strspn(text + 8, DIGITS) != 2)
		return false;
	month = digits_value(text + 5, 2);
	day = digits_value(text + 8, 2);
	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_in_month(digits_value(text, 4), month);
}

static enum err parse_date(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	return text[0] == '\0' || is_date(text) ? text_keep(text, value) : ERR_SYNTAX;
}

static void describe_date(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX, "a date as YYYY-MM-DD");
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

static void describe_url(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX, "a URL that begins with http:// or https://");
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

static void describe_owner(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX,
		 "a host name such as example.com, or \"*.example.com\" for all names below it");
}

static enum err parse_text(const struct conf_row *row, const char *text, void *value)
{
	(void)row;
	if (strlen(text) > CONF_TEXT_MAX)
		return ERR_RANGE;
	return has_control(text) ? ERR_SYNTAX : text_keep(text, value);
}

static void describe_text(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX, "text of at most %d octets, without control characters",
		 CONF_TEXT_MAX);
}

static void describe_host(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX, "a host name such as example.com");
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

static void describe_pin(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	(void)row;
	snprintf(buf, CONF_DESCRIBED_MAX, "sha256/ and the Base64 of a SHA-256 digest");
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

static bool equal(const void *a, const void *b)
{
	char *const *x = a;
	char *const *y = b;

	return strcmp(*x, *y) == 0;
}

#define TEXT_TYPE(parser, describer)                                                               \
	{                                                                                          \
		.size = sizeof(char *), .owned = true, .parse = (parser), .describe = (describer), \
		.print = print, .equal = equal,                                                    \
	}

const struct conf_type conf_type_string = TEXT_TYPE(parse_string, describe_string);
const struct conf_type conf_type_listname = TEXT_TYPE(parse_listname, describe_listname);
const struct conf_type conf_type_date = TEXT_TYPE(parse_date, describe_date);
const struct conf_type conf_type_url = TEXT_TYPE(parse_url, describe_url);
const struct conf_type conf_type_host = TEXT_TYPE(parse_host, describe_host);
const struct conf_type conf_type_owner = TEXT_TYPE(parse_owner, describe_owner);
const struct conf_type conf_type_text = TEXT_TYPE(parse_text, describe_text);
const struct conf_type conf_type_pin = TEXT_TYPE(parse_pin, describe_pin);
