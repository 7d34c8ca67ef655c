/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/hours.h"

#define MINUTE_S 60
#define DAY_S 86400
#define LOOK_S (16 * DAY_S) /* hours of a week may be left out once, and the day before them */

/* What the clocks show: seconds since the day began, and the day of the week. */
struct shown {
	int64_t second;
	unsigned int weekday;
};

static struct shown shown_at(const struct hours *h, int64_t at_s)
{
	int64_t local_s = at_s + zone_offset_s(h->zone, at_s);
	int64_t second = (local_s % DAY_S + DAY_S) % DAY_S;
	int64_t day = (local_s - second) / DAY_S;

	return (struct shown){second, (unsigned int)((day % 7 + 11) % 7)}; /* day 0: a Thursday */
}

static bool has_day(const struct hours *h, unsigned int weekday)
{
	return h->days >> weekday & 1;
}

static bool holds(const struct hours *h, int64_t at_s)
{
	const struct shown now = shown_at(h, at_s);
	const bool begun = now.second >= h->from_min * MINUTE_S;
	const bool ended = now.second >= h->to_min * MINUTE_S;

	if (h->from_min < h->to_min)
		return has_day(h, now.weekday) && begun && !ended;
	return (has_day(h, now.weekday) && begun) || (has_day(h, (now.weekday + 6) % 7) && !ended);
}

bool hours_hold(const struct hours *hours, uint64_t at_s)
{
	return holds(hours, (int64_t)at_s);
}

/* The next of the times that the clocks show at which something may begin or end, if they go on as
 * they do. */
static int64_t next_mark(const struct hours *h, int64_t at_s)
{
	const int64_t marks[] = {h->from_min * MINUTE_S, h->to_min * MINUTE_S, DAY_S};
	const int64_t second = shown_at(h, at_s).second;
	int64_t next = DAY_S;

	for (unsigned int i = 0; i < 3; i++)
		if (marks[i] > second && marks[i] < next)
			next = marks[i];
	return at_s + next - second;
}

/* The first second in (low, high] from which on the clocks go otherwise than at `low`. */
static int64_t find_shift(const struct hours *h, int64_t low, int64_t high)
{
	const int32_t before = zone_offset_s(h->zone, low);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset_s(h->zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

uint64_t hours_change(const struct hours *hours, uint64_t at_s)
{
	const int64_t begin = (int64_t)at_s;
	const bool now = holds(hours, begin);

	for (int64_t at = begin; at < begin + LOOK_S;) {
		int64_t next = next_mark(hours, at);

		if (zone_offset_s(hours->zone, next) != zone_offset_s(hours->zone, at))
			next = find_shift(hours, at, next);
		if (holds(hours, next) != now)
			return (uint64_t)next;
		at = next;
	}
	return HOURS_NEVER;
}
