/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/moment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

enum err moment_parse(const char *text, uint64_t *ret_s)
{
	struct tm tm = {.tm_mday = 1};
	int64_t offset_s;
	const char *end;
	int64_t s;
	int mday;

	if (!has_form(text, "0000-00-00T00:00:00"))
		return ERR_SYNTAX;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end || !parse_offset(end, &offset_s))
		return ERR_SYNTAX;
	mday = tm.tm_mday;
	s = (int64_t)timegm(&tm) - offset_s;
	if (tm.tm_mday != mday) /* 31 February is none */
		return ERR_SYNTAX;
	if (s < 0 || s > (int64_t)MOMENT_MAX_S)
		return ERR_RANGE;
	*ret_s = (uint64_t)s;
	return ERR_OK;
}

const char *moment_text(uint64_t s, char buf[MOMENT_TEXT_MAX])
{
	time_t t = (time_t)s;
	struct tm tm;

	buf[0] = '\0';
	if (s > 0 && s <= MOMENT_MAX_S && gmtime_r(&t, &tm))
		strftime(buf, MOMENT_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}
