/* SPDX-License-Identifier: BSD-2-Clause */
/* Hours of the week by the clocks of a time zone.  Pure: the time is an argument. */
#ifndef GROUP_HOURS_H
#define GROUP_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "group/zone.h"

#define HOURS_NEVER UINT64_MAX /* of what does not end */

/*
 * From one minute of a day to another; where that is not later, of the next day: from 21:00 to
 * 07:00, and from 00:00 to 00:00 all day.  The days are those on which the hours begin.
 *
 * What counts is what the clocks show: hours that they leave out are not there, and what they show
 * a second time holds a second time.
 */
struct hours {
	uint8_t days;	   /* by bits: 1 is Sunday's, 64 Saturday's */
	uint16_t from_min; /* of the day, 0 to 1439 */
	uint16_t to_min;   /* 0 to 1440 */
	const struct zone *zone;
};

/* True when `at_s`, a Unix time, is one of these hours. */
bool hours_hold(const struct hours *hours, uint64_t at_s);

/* The first time after `at_s` for which hours_hold says another thing; HOURS_NEVER: none in the
 * next sixteen days, as clocks that are put forward leave out those of one week at most. */
uint64_t hours_change(const struct hours *hours, uint64_t at_s);

#endif
