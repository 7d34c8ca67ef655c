/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/cell.h"

#include <stdlib.h>
#include <strings.h>

#include "base/moment.h"

#define TIME_TEXT_MAX 40U

/* ---- hosts */

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Octets in hexadecimal, as many as MD5, SHA-1, SHA-256 or SHA-512 have. */
static bool is_hash(struct word text)
{
	if (text.len != 32 && text.len != 40 && text.len != 64 && text.len != 128)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_hex(text.text[i]))
			return false;
	return true;
}

static bool is_number(struct word text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.text[i]))
			return false;
	return text.len > 0;
}

/* What comes behind "://", if that is there. */
static bool cut_scheme(struct word *text)
{
	const char *mark = text->len > 3 ? memmem(text->text, text->len, "://", 3) : NULL;

	if (!mark)
		return false;
	*text = word_from(*text, (size_t)(mark + 3 - text->text));
	return true;
}

/* The host, the port and who asks, of a URL. */
static struct word authority_of(struct word text)
{
	size_t len = 0;

	while (len < text.len && !memchr("/?#\\", text.text[len], 4))
		len++;
	text.len = len;
	while (word_has(text, '@'))
		(void)word_cut(&text, '@');
	return text;
}

/* True for a path behind a host, which the length of a prefix is not. */
static bool has_path(struct word text)
{
	struct word rest = text;

	(void)word_cut(&rest, '/');
	return word_has(text, '/') && !is_number(rest);
}

static struct word without_port(struct word text)
{
	struct word port = text;
	struct word host;

	if (text.len > 0 && text.text[0] == '[') {
		port = word_from(text, 1);
		return word_cut(&port, ']');
	}
	host = word_cut(&port, ':');
	return is_number(port) && port.len <= 5 ? host : text;
}

struct cell_host cell_host_of(struct word cell)
{
	struct cell_host host = {.text = word_trim(cell)};

	host.is_url = cut_scheme(&host.text) || has_path(host.text);
	if (host.is_url)
		host.text = authority_of(host.text);
	host.is_hash = is_hash(host.text);
	host.text = without_port(host.text);
	return host;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

bool cell_is_plain(struct word text)
{
	if (word_begins(text, "*."))
		text = word_from(text, 2);
	for (size_t i = 0; i < text.len; i++)
		if (!is_letter(text.text[i]) && !is_digit(text.text[i]) &&
		    !memchr("-_.:/", text.text[i], 5))
			return false;
	return text.len > 0 && text.text[0] != '/';
}

/* ---- times */

static bool is_none(struct word cell)
{
	static const char *const words[] = {"null",
					    "none",
					    "-",
					    "0",
					    "0000-00-00",
					    "0000-00-00 00:00:00",
					    "0000-00-00T00:00:00"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (cell.len == strlen(words[i]) && strncasecmp(cell.text, words[i], cell.len) == 0)
			return true;
	return cell.len == 0;
}

/* What stands behind the seconds, as RFC 3339 has it; false: something else. */
static bool zone_of(struct word rest, char zone[8])
{
	if (rest.len > 0 && rest.text[0] == '.')
		for (rest = word_from(rest, 1); rest.len > 0 && is_digit(rest.text[0]);)
			rest = word_from(rest, 1);
	rest = word_trim(rest);
	memcpy(zone, "Z", 2);
	if (rest.len == 0 || word_is(rest, "UTC") || word_is(rest, "Z"))
		return true;
	if (rest.len == 5 && is_number(word_from(rest, 1))) {
		memcpy(zone,
		       (char[]){rest.text[0], rest.text[1], rest.text[2], ':', rest.text[3],
				rest.text[4], '\0'},
		       7);
		return true;
	}
	if (rest.len != 6)
		return false;
	memcpy(zone, rest.text, 6);
	zone[6] = '\0';
	return true;
}

#define DAY_LEN 10     /* of 2026-11-28 */
#define SECONDS_LEN 19 /* of 2026-11-28T07:00:00 */

static enum err read_calendar(struct word cell, uint64_t *ret_s)
{
	char text[TIME_TEXT_MAX + 8] = "";

	memcpy(text, cell.text, cell.len < SECONDS_LEN ? cell.len : SECONDS_LEN);
	if (cell.len == DAY_LEN)
		memcpy(text + DAY_LEN, "T00:00:00Z", 11);
	else if (cell.len < SECONDS_LEN ||
		 !zone_of(word_from(cell, SECONDS_LEN), text + SECONDS_LEN))
		return ERR_SYNTAX;
	if (text[DAY_LEN] == ' ')
		text[DAY_LEN] = 'T';
	return moment_parse(text, ret_s);
}

enum err cell_time(struct word cell, uint64_t *ret_s)
{
	char text[TIME_TEXT_MAX + 1] = "";

	cell = word_trim(cell);
	if (is_none(cell)) {
		*ret_s = 0;
		return ERR_OK;
	}
	if (cell.len > TIME_TEXT_MAX)
		return ERR_SYNTAX;
	if (!is_number(cell))
		return read_calendar(cell, ret_s);
	if (cell.len > 12)
		return ERR_RANGE;
	memcpy(text, cell.text, cell.len);
	*ret_s = strtoull(text, NULL, 10);
	return ERR_OK;
}

enum err cell_score(struct word cell, uint32_t *ret_score)
{
	struct word fraction = word_trim(cell);
	struct word whole = word_cut(&fraction, '.');
	char text[11] = "";
	unsigned long long score;

	if (!is_number(whole) || whole.len > 10 || (fraction.len > 0 && !is_number(fraction)))
		return ERR_SYNTAX;
	memcpy(text, whole.text, whole.len);
	score = strtoull(text, NULL, 10);
	if (score > UINT32_MAX)
		return ERR_SYNTAX;
	*ret_score = (uint32_t)score;
	return ERR_OK;
}
