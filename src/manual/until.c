/* SPDX-License-Identifier: BSD-2-Clause */
#include "manual/until.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FAR_S 253402300799ULL /* the last second of the year 9999 */
#define DIGITS "0123456789"

/* "Z", or "+01:30": seconds to be taken off.  False: neither. */
static bool parse_offset(const char *text, int64_t *ret_offset_s)
{
	int64_t sign = *text == '-' ? -1 : 1;
	long hours;
	long minutes;

	*ret_offset_s = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || strlen(text) != 6 || text[3] != ':' ||
	    strspn(text + 1, DIGITS) != 2 || strspn(text + 4, DIGITS) != 2)
		return false;
	hours = strtol(text + 1, NULL, 10);
	minutes = strtol(text + 4, NULL, 10);
	*ret_offset_s = sign * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

/* The digits, and what stands between them: strptime would take blanks and fewer digits. */
static bool has_form(const char *text, const char *form)
{
	size_t i;

	for (i = 0; form[i]; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == '0' ? !digit : text[i] != form[i])
			return false;
	}
	return true;
}

static bool parse_time(const char *text, int64_t *ret_s)
{
	bool day = has_form(text, "0000-00-00") && text[10] == '\0';
	struct tm tm = {.tm_mday = 1};
	int64_t offset_s = 0;
	int mday;
	const char *end;

	if (!day && !has_form(text, "0000-00-00T00:00:00"))
		return false;
	end = strptime(text, day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end || (!day && !parse_offset(end, &offset_s)))
		return false;
	mday = tm.tm_mday;
	*ret_s = (int64_t)timegm(&tm) - offset_s;
	return tm.tm_mday == mday; /* 31 February is none */
}

static bool parse_span(const char *text, uint64_t now_s, int64_t *ret_s)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	size_t digits = strspn(text, DIGITS);

	if (digits == 0 || digits > 9 || !text[digits] || text[digits + 1])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != text[digits])
			continue;
		*ret_s = (int64_t)now_s + (int64_t)strtoul(text, NULL, 10) * units[i].seconds;
		return true;
	}
	return false;
}

enum err until_parse(const char *given, uint64_t now_s, uint64_t *ret_until_s,
		     struct err_text *text)
{
	int64_t until_s;

	if (!parse_time(given, &until_s) && !parse_span(given, now_s, &until_s))
		return err_set(text, ERR_SYNTAX,
			       "expected a time, such as 2026-11-28T07:00:00Z, or how long, such "
			       "as 10m, 12h or 3d");
	if (until_s <= (int64_t)now_s)
		return err_set(text, ERR_RANGE, "that time has passed");
	if (until_s > (int64_t)FAR_S)
		return err_set(text, ERR_RANGE,
			       "that is too far away; without a time it is for ever");
	*ret_until_s = (uint64_t)until_s;
	return ERR_OK;
}

const char *until_text(uint64_t s, char buf[UNTIL_TEXT_MAX])
{
	time_t t = (time_t)s;
	struct tm tm;

	buf[0] = '\0';
	if (s > 0 && s <= FAR_S && gmtime_r(&t, &tm))
		strftime(buf, UNTIL_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}
