/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/moment.h"
#include "group/hours.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE_S 60
#define WEEK_S (7 * 86400)

#define MON 2U
#define SUN 1U
#define FRI 32U
#define SAT 64U
#define WORKDAYS 62U
#define ALL 127U

static uint64_t time_of(const char *text)
{
	uint64_t s;

	assert_int_equal(moment_parse(text, &s), ERR_OK);
	return s;
}

static uint16_t minute_of(const char *text)
{
	return (uint16_t)(strtol(text, NULL, 10) * 60 + strtol(text + 3, NULL, 10));
}

static struct hours hours_of(uint8_t days, const char *from, const char *to, struct zone *zone)
{
	return (struct hours){days, minute_of(from), minute_of(to), zone};
}

static struct zone *zone_of(const char *name)
{
	struct err_text text = {""};
	struct zone *zone = NULL;

	if (zone_read(name, &zone, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return zone;
}

/* Whether the hours hold at a time, and when that changes. */
static const struct {
	const char *zone;
	uint8_t days;
	const char *from;
	const char *to;
	const char *at;
	bool holds;
	const char *change; /* NULL: never */
} rows[] = {
	/* a day in UTC: 2026-11-30 is a Monday */
	{"UTC", MON, "08:00", "16:00", "2026-11-30T07:59:59Z", false, "2026-11-30T08:00:00Z"},
	{"UTC", MON, "08:00", "16:00", "2026-11-30T08:00:00Z", true, "2026-11-30T16:00:00Z"},
	{"UTC", MON, "08:00", "16:00", "2026-11-30T15:59:59Z", true, "2026-11-30T16:00:00Z"},
	{"UTC", MON, "08:00", "16:00", "2026-11-30T16:00:00Z", false, "2026-12-07T08:00:00Z"},
	/* past midnight, of the day that it begins on */
	{"UTC", MON, "21:00", "07:00", "2026-11-30T06:00:00Z", false, "2026-11-30T21:00:00Z"},
	{"UTC", MON, "21:00", "07:00", "2026-11-30T23:59:59Z", true, "2026-12-01T07:00:00Z"},
	{"UTC", MON, "21:00", "07:00", "2026-12-01T06:59:59Z", true, "2026-12-01T07:00:00Z"},
	{"UTC", MON, "21:00", "07:00", "2026-12-01T21:00:00Z", false, "2026-12-07T21:00:00Z"},
	{"UTC", SUN | SAT, "21:00", "07:00", "2026-11-30T03:00:00Z", true, "2026-11-30T07:00:00Z"},
	{"UTC", ALL, "21:00", "07:00", "2026-11-30T12:00:00Z", false, "2026-11-30T21:00:00Z"},
	/* whole days */
	{"UTC", MON, "00:00", "00:00", "2026-11-29T23:59:59Z", false, "2026-11-30T00:00:00Z"},
	{"UTC", MON, "00:00", "24:00", "2026-11-30T00:00:00Z", true, "2026-12-01T00:00:00Z"},
	{"UTC", MON, "00:00", "00:00", "2026-11-30T00:00:00Z", true, "2026-12-01T00:00:00Z"},
	{"UTC", WORKDAYS, "00:00", "00:00", "2026-11-30T12:00:00Z", true, "2026-12-05T00:00:00Z"},
	{"UTC", ALL, "00:00", "24:00", "2026-11-30T12:00:00Z", true, NULL},
	{"UTC", ALL, "09:00", "09:00", "2026-11-30T12:00:00Z", true, NULL},
	{"UTC", 0, "09:00", "10:00", "2026-11-30T09:30:00Z", false, NULL},
	/* by the clocks of elsewhere */
	{"Europe/Berlin", MON, "21:00", "07:00", "2026-11-30T19:59:59Z", false,
	 "2026-11-30T20:00:00Z"},
	{"Europe/Berlin", MON, "21:00", "07:00", "2026-11-30T20:00:00Z", true,
	 "2026-12-01T06:00:00Z"},
	{"America/New_York", SAT, "00:00", "24:00", "2026-11-28T04:59:59Z", false,
	 "2026-11-28T05:00:00Z"},
	{"Asia/Kathmandu", ALL, "12:00", "13:00", "2026-11-30T06:15:00Z", true,
	 "2026-11-30T07:15:00Z"},
	{"Pacific/Kiritimati", MON, "00:00", "24:00", "2026-11-29T10:00:00Z", true,
	 "2026-11-30T10:00:00Z"},
	/* summer time begins on 2026-03-29: 02:00 to 03:00 is left out */
	{"Europe/Berlin", ALL, "21:00", "07:00", "2026-03-28T22:00:00Z", true,
	 "2026-03-29T05:00:00Z"},
	{"Europe/Berlin", ALL, "02:30", "05:00", "2026-03-29T00:59:59Z", false,
	 "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", ALL, "01:00", "02:30", "2026-03-29T00:30:00Z", true,
	 "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", ALL, "02:00", "03:00", "2026-03-29T00:30:00Z", false,
	 "2026-03-30T00:00:00Z"},
	/* it ends on 2026-10-25: 02:00 to 03:00 is shown twice */
	{"Europe/Berlin", ALL, "21:00", "07:00", "2026-10-24T20:00:00Z", true,
	 "2026-10-25T06:00:00Z"},
	{"Europe/Berlin", ALL, "02:15", "02:45", "2026-10-25T00:20:00Z", true,
	 "2026-10-25T00:45:00Z"},
	{"Europe/Berlin", ALL, "02:15", "02:45", "2026-10-25T00:50:00Z", false,
	 "2026-10-25T01:15:00Z"},
	{"Europe/Berlin", ALL, "01:00", "02:30", "2026-10-25T00:45:00Z", false,
	 "2026-10-25T01:00:00Z"},
	/* hours that are left out once: the next ones are those of the week after */
	{"Europe/Berlin", SUN, "02:00", "03:00", "2026-03-22T12:00:00Z", false,
	 "2026-04-05T00:00:00Z"},
	{"America/Sao_Paulo", SUN, "00:00", "01:00", "2018-10-28T12:00:00Z", false,
	 "2018-11-11T02:00:00Z"},
	{"Pacific/Apia", FRI, "10:00", "11:00", "2011-12-24T12:00:00Z", false,
	 "2012-01-05T20:00:00Z"},
	/* midnight that is left out, or is shown twice */
	{"Africa/Cairo", FRI, "00:00", "24:00", "2026-04-23T21:59:59Z", false,
	 "2026-04-23T22:00:00Z"},
	{"Asia/Beirut", ALL, "21:00", "00:00", "2026-03-28T20:00:00Z", true,
	 "2026-03-28T22:00:00Z"},
	{"Asia/Beirut", SUN, "00:00", "24:00", "2026-10-24T21:30:00Z", false,
	 "2026-10-24T22:00:00Z"},
	/* by the rule behind the file's last change */
	{"Europe/Berlin", ALL, "21:00", "07:00", "2091-07-01T12:00:00Z", false,
	 "2091-07-01T19:00:00Z"},
	{"Australia/Sydney", ALL, "21:00", "07:00", "2091-01-01T12:00:00Z", true,
	 "2091-01-01T20:00:00Z"},
};

static void hours_hold_and_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zone *zone = zone_of(rows[i].zone);
		struct hours h = hours_of(rows[i].days, rows[i].from, rows[i].to, zone);
		uint64_t at = time_of(rows[i].at);
		uint64_t change = hours_change(&h, at);
		char text[MOMENT_TEXT_MAX];

		if (hours_hold(&h, at) != rows[i].holds)
			fail_msg("row %zu, %s %s to %s at %s", i, rows[i].zone, rows[i].from,
				 rows[i].to, rows[i].at);
		if (change != (rows[i].change ? time_of(rows[i].change) : HOURS_NEVER))
			fail_msg("row %zu, %s %s to %s at %s: changes at %s", i, rows[i].zone,
				 rows[i].from, rows[i].to, rows[i].at,
				 change == HOURS_NEVER ? "never" : moment_text(change, text));
		zone_free(zone);
	}
}

/* Minute by minute as the C library says, which knows one zone a process. */
static void clocks_are_the_c_librarys(void **state)
{
	static const char *const zones[] = {
		"Europe/Berlin",
		"America/New_York",
		"America/St_Johns",
		"Australia/Lord_Howe",
		"Africa/Casablanca",
		"Asia/Kathmandu",
		"America/Sao_Paulo",
		"Europe/Dublin",
		"Asia/Gaza",
		"Pacific/Chatham",
		"UTC",
		"Etc/GMT+12",
		"America/Nuuk",
	};
	static const int64_t times[] = {0, 1000000000, 1767225600, 2145916800, 4102444800};

	(void)state;
	for (size_t i = 0; i < COUNT(zones); i++) {
		struct zone *zone = zone_of(zones[i]);

		setenv("TZ", zones[i], 1);
		tzset();
		for (size_t k = 0; k < COUNT(times); k++)
			for (int64_t day = 0; day < 400; day++) {
				time_t at = (time_t)(times[k] + day * 86400 + day * 613);
				struct tm tm;

				assert_non_null(localtime_r(&at, &tm));
				if (zone_offset_s(zone, at) != tm.tm_gmtoff)
					fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)at,
						 zone_offset_s(zone, at), tm.tm_gmtoff);
			}
		zone_free(zone);
	}
	unsetenv("TZ");
	tzset();
}

/* Nothing changes before the change, minute by minute, around the changes of the clocks. */
static void no_change_is_missed(void **state)
{
	static const char *const zones[] = {"Europe/Berlin", "Australia/Lord_Howe",
					    "America/Havana"};
	static const char *const begins[] = {"2026-03-06T00:00:00Z", "2026-10-23T00:00:00Z",
					     "2026-03-28T00:00:00Z", "2026-10-30T00:00:00Z"};
	static const struct {
		uint8_t days;
		const char *from;
		const char *to;
	} spans[] = {
		{ALL, "21:00", "07:00"},      {SUN, "00:30", "02:10"},
		{SAT, "23:30", "02:30"},      {SUN, "02:30", "02:00"},
		{WORKDAYS, "00:00", "24:00"}, {SUN | MON, "23:59", "00:01"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(zones) * COUNT(begins) * COUNT(spans); i++) {
		struct zone *zone = zone_of(zones[i % COUNT(zones)]);
		size_t span = i / COUNT(zones) % COUNT(spans);
		uint64_t begin = time_of(begins[i / COUNT(zones) / COUNT(spans)]);
		struct hours h = hours_of(spans[span].days, spans[span].from, spans[span].to, zone);
		uint64_t change = hours_change(&h, begin);

		for (uint64_t at = begin + MINUTE_S; at < begin + WEEK_S; at += MINUTE_S) {
			bool changed = hours_hold(&h, at) != hours_hold(&h, at - MINUTE_S);

			assert_int_equal(changed, at == change);
			if (changed)
				change = hours_change(&h, at);
		}
		zone_free(zone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_hold_and_change),
		cmocka_unit_test(clocks_are_the_c_librarys),
		cmocka_unit_test(no_change_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
