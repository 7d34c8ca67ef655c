/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder kept within its days and its size. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "hunt/hunter.h"

#define KEEP_EACH_MS 10000U
#define SET_ON_S 3600	     /* by so much the calendar does not run on by itself */
#define TRUSTED_MS 86400000U /* after that */

/* A clock that is wrong must not end what is kept for weeks. */
static void watch_clock(struct hunt *h, uint64_t now_ms, uint64_t unix_s)
{
	int64_t before_s = h->ahead_s;

	h->ahead_s = (int64_t)unix_s - (int64_t)(now_ms / 1000);
	if (before_s == 0 || h->ahead_s - before_s < SET_ON_S)
		return;
	h->trust_ms = now_ms + TRUSTED_MS;
	log_warning("hunt: the clock was set on by %lld seconds: for a day none is removed for its "
		    "age",
		    (long long)(h->ahead_s - before_s));
}

static bool drop(struct hunt *h, uint32_t day, const char *why)
{
	char text[DAYS_TEXT_MAX];

	if (days_remove(h->folder, day) != ERR_OK) {
		log_limited(LOG_LEVEL_ERROR, "hunt: %s cannot be removed: %s", days_text(day, text),
			    strerror(errno));
		return false;
	}
	log_info("hunt: %s is forgotten: %s", days_text(day, text), why);
	return true;
}

/* Today's store is never removed: then nothing would be known at all. */
static void keep_size(struct hunt *h, const uint32_t *days, size_t count, uint32_t today)
{
	uint64_t most = h->size_bytes;
	bool was_over = h->over;
	size_t i = 0;

	while (days_size(h->folder) > most && i < count && days[i] < today &&
	       drop(h, days[i], "the stores are over evidence.hunt-size"))
		i++;
	h->over = days_size(h->folder) > most;
	if (h->over && !was_over)
		log_warning("hunt: today's store is as large as evidence.hunt-size lets it be: "
			    "nothing is added until there is room");
}

void hunt_keep(struct hunt *h, uint64_t now_ms, uint64_t unix_s)
{
	uint32_t today = (uint32_t)(unix_s / DAY_SECONDS);
	uint32_t days[DAYS_MAX];
	size_t count;
	size_t old = 0;

	if (now_ms < h->next_keep_ms)
		return;
	h->next_keep_ms = now_ms + KEEP_EACH_MS;
	watch_clock(h, now_ms, unix_s);
	count = days_list(h->folder, days);
	while (now_ms >= h->trust_ms && old < count && days[old] + h->days <= today &&
	       drop(h, days[old], "it is older than evidence.hunt-days"))
		old++;
	keep_size(h, days + old, count - old, today);
}
