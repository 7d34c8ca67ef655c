/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/moment.h"
#include "manual/until.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/* A time, or a day, which begins in UTC. */
static bool parse_time(const char *text, uint64_t *ret_s)
{
	char begin[sizeof("2026-11-28T00:00:00Z")];

	if (strlen(text) != sizeof("2026-11-28") - 1)
		return moment_parse(text, ret_s) == ERR_OK;
	snprintf(begin, sizeof(begin), "%sT00:00:00Z", text);
	return moment_parse(begin, ret_s) == ERR_OK;
}

static bool parse_span(const char *text, uint64_t now_s, uint64_t *ret_s)
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
		*ret_s = now_s + (uint64_t)strtoul(text, NULL, 10) * units[i].seconds;
		return true;
	}
	return false;
}

enum err until_parse(const char *given, uint64_t now_s, uint64_t *ret_until_s,
		     struct err_text *text)
{
	uint64_t until_s;

	if (!parse_time(given, &until_s) && !parse_span(given, now_s, &until_s))
		return err_set(text, ERR_SYNTAX,
			       "expected a time, such as 2026-11-28T07:00:00Z, or how long, such "
			       "as 10m, 12h or 3d");
	if (until_s <= now_s)
		return err_set(text, ERR_RANGE, "that time has passed");
	if (until_s > MOMENT_MAX_S)
		return err_set(text, ERR_RANGE,
			       "that is too far away; without a time it is for ever");
	*ret_until_s = until_s;
	return ERR_OK;
}
