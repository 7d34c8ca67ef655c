/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is too old or too much.  A pass goes over the clients in slices, so that no batch waits for
 * long.  One for the age begins each hour.  When the store is over its size, one after the other
 * removes what no client was shown to have asked for, half as old each time; what is left may be
 * removed only when that has not been enough.
 */
#include "base/clock.h"
#include "base/log.h"
#include "evidence/writer.h"

#define AGE_EACH_MS 3600000U
#define SIZE_EACH_MS 2000U
#define REMOTE_EACH_MS                                                                             \
	120000U		       /* a database elsewhere removes, and counts, in a time of its own   \
				*/
#define SET_ON_S 3600	       /* by so much the calendar does not run on by itself */
#define TRUSTED_MS 86400000U   /* after that */
#define UNUSED_S (30U * 86400) /* so long a store is seldom left alone */
#define SLICE 512U	       /* clients */
#define STEP_MS 100U	       /* of slices, one after the other */
#define SPAN_S (128U * 86400)  /* what the first pass for the size leaves */
#define PRESSURE_PROVEN 12U    /* from then on proven findings go as well */
#define PRESSURE_MAX 22U

static uint32_t before(uint64_t now_s, uint64_t span_s)
{
	return now_s > span_s ? (uint32_t)(now_s - span_s) : 0;
}

/* Begins a pass, if one is due. */
static bool begin_pass(struct ledger *l, bool full)
{
	uint64_t now_ms = clock_ms();
	uint64_t now_s = clock_unix_s();
	uint32_t retention_s = l->retention_s;

	if (!full && now_ms < l->next_age_ms)
		return false;
	l->next_age_ms = now_ms + AGE_EACH_MS;
	l->limits.before_s = retention_s ? before(now_s, retention_s) : 0;
	l->limits.unproven_before_s = l->limits.before_s;
	if (full) {
		uint32_t unproven = before(now_s, SPAN_S >> l->pressure);

		if (unproven > l->limits.unproven_before_s)
			l->limits.unproven_before_s = unproven;
		if (l->pressure > PRESSURE_PROVEN &&
		    before(now_s, SPAN_S >> (l->pressure - PRESSURE_PROVEN)) > l->limits.before_s)
			l->limits.before_s =
				before(now_s, SPAN_S >> (l->pressure - PRESSURE_PROVEN));
		l->pressure += l->pressure < PRESSURE_MAX;
	}
	return l->limits.before_s > 0 || l->limits.unproven_before_s > 0;
}

void ledger_watch_clock(struct ledger *l, uint64_t unix_s, uint64_t now_ms)
{
	int64_t before_s = l->ahead_s;
	int64_t set_on_s;

	l->ahead_s = (int64_t)unix_s - (int64_t)(now_ms / 1000);
	set_on_s = l->ahead_s - before_s;
	if (before_s == 0 || set_on_s < SET_ON_S)
		return;
	l->next_age_ms = now_ms + TRUSTED_MS;
	log_warning("ledger: the clock was set on by %lld seconds: for a day no findings are "
		    "removed for their age",
		    (long long)set_on_s);
}

void ledger_judge_start(struct ledger *l, uint64_t written_s, uint64_t unix_s, uint64_t now_ms)
{
	if (unix_s < written_s + UNUSED_S)
		return;
	l->next_age_ms = now_ms + TRUSTED_MS;
	log_warning("ledger: by our clock nothing was written for %llu days: for a day no findings "
		    "are removed for their age",
		    (unsigned long long)((unix_s - written_s) / 86400));
}

/* True when the store is over its size. */
static bool look_at_size(struct ledger *l)
{
	uint64_t most = l->size_bytes;
	uint64_t size;

	if (clock_ms() < l->next_size_ms)
		return l->pressure > 0 && !l->remote;
	l->next_size_ms = clock_ms() + (l->remote ? REMOTE_EACH_MS : SIZE_EACH_MS);
	size = archive_size(l->archive);
	l->over = size > most + most / 8;
	if (size > most && l->pressure == 0)
		log_limited(LOG_LEVEL_WARNING,
			    "ledger: the findings are over evidence.size: the oldest go");
	if (size <= most)
		l->pressure = 0;
	return size > most;
}

bool ledger_prune(struct ledger *l)
{
	uint64_t end_ms = clock_ms() + STEP_MS;
	struct err_text text;
	uint64_t removed = 0;
	enum err err;
	bool full;

	if (!l->archive || l->failing)
		return false;
	ledger_watch_clock(l, clock_unix_s(), clock_ms());
	full = look_at_size(l);
	if (l->cursor == 0 && !begin_pass(l, full))
		return full;
	do
		err = archive_prune(l->archive, &l->limits, SLICE, &l->cursor, &removed, &text);
	while (err == ERR_OK && l->cursor != 0 && clock_ms() < end_ms);
	if (err != ERR_OK) {
		log_limited(LOG_LEVEL_ERROR, "ledger: %s", text.text);
		l->cursor = 0;
	}
	stats_add(&l->stats, ledger_removed, removed);
	return full || l->cursor != 0;
}
