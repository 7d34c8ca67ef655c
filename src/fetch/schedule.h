/* SPDX-License-Identifier: BSD-2-Clause */
/* When a list is fetched again: pure functions.  `random` is any number, that many who have the
 * same list do not ask for it at one moment. */
#ifndef FETCH_SCHEDULE_H
#define FETCH_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_RETRY_S 60U /* the first time after a failure, at most */

/* Seconds from a fetch that has succeeded: `refresh_s`, and up to a tenth of it, or an hour, more.
 */
uint64_t schedule_after_success_s(uint32_t refresh_s, uint32_t random);

/*
 * Seconds from the last of so many failures in a row (from 1): between half of a minute and a
 * minute, with each failure twice that, up to `refresh_s`.  The server may ask to wait for
 * `asked_s` (Retry-After, RFC 9110, 10.2.3; 0: it does not), which holds up to `refresh_s`.
 */
uint64_t schedule_after_failure_s(uint32_t refresh_s, uint32_t failures, uint64_t asked_s,
				  uint32_t random);

/* Seconds from a start, at `now_s`, where the copy was last known to be current at `checked_s`
 * (Unix times; 0: there is none).  What is due is fetched within ten seconds, what was never
 * fetched and what comes from the future at once. */
uint64_t schedule_first_s(uint32_t refresh_s, uint64_t checked_s, uint64_t now_s, uint32_t random);

#endif
