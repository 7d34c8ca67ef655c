/* SPDX-License-Identifier: BSD-2-Clause */
/* The rule by which a zone's clocks go on when its file ends: a TZ string (POSIX, RFC 9636, 3.3).
 */
#ifndef GROUP_RULE_H
#define GROUP_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The day of a year on which clocks change, and when. */
struct rule_day {
	enum { RULE_MONTH_DAY, RULE_JULIAN_DAY, RULE_YEAR_DAY } kind;
	int32_t month; /* 1 to 12 */
	int32_t week;  /* 1 to 5; 5 is the last of the month */
	int32_t day; /* of the week, from Sunday, 0; of the year, from 1 without 29 February; from 0
		      */
	int32_t at_s; /* after its midnight, by the clocks as they are before */
};

struct rule {
	int32_t offset_s; /* ahead of UTC */
	bool changes;	  /* what follows is given */
	int32_t summer_offset_s;
	struct rule_day begin; /* of summer time */
	struct rule_day end;
};

/* ERR_SYNTAX: it is none, or says no days. */
enum err rule_parse(const char *text, struct rule *ret_rule) MUST_CHECK;

int32_t rule_offset_s(const struct rule *rule, int64_t at_s);

#endif
