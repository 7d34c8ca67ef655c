/* SPDX-License-Identifier: BSD-2-Clause */
/* Any octets as the file of a time zone: it is refused, or tells an offset of each time. */
#include <stdint.h>

#include "fuzz.h"
#include "group/hours.h"

#define OFFSET_MAX_S 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = {INT32_MIN, -1, 0, 951782400, 1774749600, 4102444800};
	struct zone *zone;

	if (zone_parse(data, size, &zone) != ERR_OK)
		return 0;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int32_t offset_s = zone_offset_s(zone, times[i]);

		require(offset_s > -OFFSET_MAX_S && offset_s < OFFSET_MAX_S);
	}
	for (uint16_t to_min = 0; to_min <= 1440; to_min = (uint16_t)(to_min + 720)) {
		const struct hours hours = {
			.days = 5, .from_min = 1260, .to_min = to_min, .zone = zone};
		uint64_t change_s = hours_change(&hours, 1774749600);

		require(change_s > 1774749600);
		require(change_s == HOURS_NEVER ||
			hours_hold(&hours, change_s) != hours_hold(&hours, 1774749600));
	}
	zone_free(zone);
	return 0;
}
