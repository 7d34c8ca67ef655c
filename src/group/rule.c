/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/rule.h"

#include <ctype.h>
#include <time.h>

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define HOURS_MAX 167 /* of a time of day, which may lie days off */
#define OFFSET_HOURS_MAX 24
#define CHANGE_S (2 * HOUR_S) /* where no time is given */

/* ---- read */

/* A number of one to three digits, at most `most`; moves `at` behind it. */
static bool take_number(const char **at, int32_t least, int32_t most, int32_t *ret_number)
{
	int32_t number = 0;
	const char *p = *at;

	for (; isdigit((unsigned char)*p) && p - *at < 3; p++)
		number = 10 * number + (*p - '0');
	if (p == *at || number < least || number > most)
		return false;
	*at = p;
	*ret_number = number;
	return true;
}

static bool take(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	++*at;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, int32_t hours_max, int32_t *ret_s)
{
	bool minus = take(at, '-');
	int32_t hours;
	int32_t minutes = 0;
	int32_t seconds = 0;

	if (!minus)
		(void)take(at, '+');
	if (!take_number(at, 0, hours_max, &hours))
		return false;
	if (take(at, ':') && !take_number(at, 0, 59, &minutes))
		return false;
	if (**at == ':' && take(at, ':') && !take_number(at, 0, 59, &seconds))
		return false;
	*ret_s = hours * HOUR_S + minutes * MINUTE_S + seconds;
	if (minus)
		*ret_s = -*ret_s;
	return true;
}

/* The abbreviation, which nobody needs: letters, or whatever stands between < and >. */
static bool skip_name(const char **at)
{
	const char *begin = *at;

	if (take(at, '<')) {
		while (**at && **at != '>')
			++*at;
		return take(at, '>');
	}
	while (isalpha((unsigned char)**at))
		++*at;
	return *at - begin >= 3;
}

static bool take_day(const char **at, struct rule_day *ret_day)
{
	struct rule_day *d = ret_day;

	*d = (struct rule_day){.kind = RULE_YEAR_DAY, .at_s = CHANGE_S};
	if (!take(at, ','))
		return false;
	if (take(at, 'M')) {
		d->kind = RULE_MONTH_DAY;
		if (!take_number(at, 1, 12, &d->month) || !take(at, '.') ||
		    !take_number(at, 1, 5, &d->week) || !take(at, '.') ||
		    !take_number(at, 0, 6, &d->day))
			return false;
	} else if (take(at, 'J')) {
		d->kind = RULE_JULIAN_DAY;
		if (!take_number(at, 1, 365, &d->day))
			return false;
	} else if (!take_number(at, 0, 365, &d->day)) {
		return false;
	}
	return !take(at, '/') || take_time(at, HOURS_MAX, &d->at_s);
}

enum err rule_parse(const char *text, struct rule *ret_rule)
{
	struct rule r = {.changes = false};
	int32_t west_s;

	if (!skip_name(&text) || !take_time(&text, OFFSET_HOURS_MAX, &west_s))
		return ERR_SYNTAX;
	r.offset_s = -west_s;
	if (*text) {
		r.changes = true;
		r.summer_offset_s = r.offset_s + HOUR_S;
		if (!skip_name(&text))
			return ERR_SYNTAX;
		if (*text != ',') {
			if (!take_time(&text, OFFSET_HOURS_MAX, &west_s))
				return ERR_SYNTAX;
			r.summer_offset_s = -west_s;
		}
		if (!take_day(&text, &r.begin) || !take_day(&text, &r.end) || *text)
			return ERR_SYNTAX;
	}
	*ret_rule = r;
	return ERR_OK;
}

/* ---- used */

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Midnight of a day, as if the clocks went by UTC; the fields of struct tm may be out of range. */
static int64_t midnight_s(int year, int month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

	return (int64_t)timegm(&tm);
}

/* The day of a week of a month: the 5th is the last that there is. */
static int64_t month_day_s(int year, const struct rule_day *d)
{
	int64_t first = midnight_s(year, d->month, 1);
	int64_t next = midnight_s(year, d->month + 1, 1);
	int64_t weekday = ((first / DAY_S) % 7 + 11) % 7; /* 1 January 1970 was a Thursday, 4 */
	int64_t at = first + ((d->day - weekday + 7) % 7 + 7 * (d->week - 1)) * DAY_S;

	return at < next ? at : at - 7 * DAY_S;
}

/* When that day's change is, by the clocks as they are before. */
static int64_t change_s(int year, const struct rule_day *d)
{
	int64_t day = d->day;

	if (d->kind == RULE_MONTH_DAY)
		return month_day_s(year, d) + d->at_s;
	if (d->kind == RULE_JULIAN_DAY)
		day += is_leap(year) && day >= 60 ? 0 : -1; /* 60 is 1 March */
	return midnight_s(year, 1, 1) + day * DAY_S + d->at_s;
}

int32_t rule_offset_s(const struct rule *rule, int64_t at_s)
{
	time_t local = (time_t)(at_s + rule->offset_s);
	int64_t begin_s;
	int64_t end_s;
	struct tm tm;
	bool summer;

	if (!rule->changes || !gmtime_r(&local, &tm))
		return rule->offset_s;
	begin_s = change_s(tm.tm_year + 1900, &rule->begin) - rule->offset_s;
	end_s = change_s(tm.tm_year + 1900, &rule->end) - rule->summer_offset_s;
	summer = begin_s < end_s ? begin_s <= at_s && at_s < end_s
				 : !(end_s <= at_s && at_s < begin_s);
	return summer ? rule->summer_offset_s : rule->offset_s;
}
