/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/when.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool parse_date(const char *text, time_t *ret_time)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {.tm_mday = 1};
		const char *end = strptime(text, forms[i], &tm);

		if (end && *end == '\0') {
			*ret_time = timegm(&tm);
			return true;
		}
	}
	return false;
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
	return *end == '\0';
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
