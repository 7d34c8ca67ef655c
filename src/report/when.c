/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/moment.h"

#define UNIX_LEAST 100000000UL /* nine digits */

/* A day, which begins in UTC, or a time, which is in UTC where no zone is said. */
static bool parse_date(const char *text, time_t *ret_time)
{
	const char *rest = strlen(text) == sizeof("2026-11-28") - 1	       ? "T00:00:00Z"
			   : strlen(text) == sizeof("2026-11-28T07:00:00") - 1 ? "Z"
									       : "";
	char whole[64];
	uint64_t s;
	enum err err;

	if (snprintf(whole, sizeof(whole), "%s%s", text, rest) >= (int)sizeof(whole))
		return false;
	err = moment_parse(whole, &s);
	if (err == ERR_OK)
		*ret_time = (time_t)s;
	else if (err == ERR_RANGE)
		*ret_time = strcmp(text, "1971") < 0 ? 0 : (time_t)MOMENT_MAX_S;
	return err == ERR_OK || err == ERR_RANGE;
}

/* A number with a unit is an age, one without a Unix time. */
static bool parse_number(const char *text, uint32_t now_s, time_t *ret_time)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char *end;
	unsigned long number;

	if (*text < '0' || *text > '9')
		return false;
	number = strtoul(text, &end, 10);
	if (number > UINT32_MAX)
		return false;
	*ret_time = (time_t)number;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end[0] == units[i].unit && end[1] == '\0') {
			*ret_time = (time_t)now_s - (time_t)number * (time_t)units[i].seconds;
			return true;
		}
	/* 2026 is a year, and 20261128 a day, before they are times of the seventies */
	return *end == '\0' && (number == 0 || number >= UNIX_LEAST);
}

enum err when_parse(const char *given, uint32_t now_s, uint32_t *ret_s, struct err_text *text)
{
	time_t t;

	if ((!parse_date(given, &t) && !parse_number(given, now_s, &t)) || t > UINT32_MAX)
		return err_set(
			text, ERR_SYNTAX,
			"%s: expected a time, such as 2026-11-28, 2026-11-28T07:00:00Z or 3d",
			given);
	*ret_s = t > 1 ? (uint32_t)t : 1; /* 0 would be all */
	return ERR_OK;
}
