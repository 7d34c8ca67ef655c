/* SPDX-License-Identifier: BSD-2-Clause */
#include "order/lapse.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/table.h"
#include "match/term.h"

#define DAY_S 86400U

static void tell(const struct policy_list *list)
{
	const char *name = list->name;
	char from[MOMENT_TEXT_MAX];
	char to[MOMENT_TEXT_MAX];

	moment_text(list->term.valid_from_s, from);
	moment_text(list->term.expires_s, to);
	switch (term_state(list)) {
	case TERM_WAITS:
		log_notice("list %s: not in force yet: its order is valid from %s on, and by our "
			   "clock it is %s",
			   name, from, moment_text(clock_unix_s(), to));
		break;
	case TERM_HOLDS:
		log_notice("list %s: its order is in force%s%s%s%s", name, *from ? ", from " : "",
			   from, *to ? ", until " : "", to);
		break;
	case TERM_KEPT:
		log_warning("list %s: its order lapsed at %s; it stays in force (lapse: keep)",
			    name, to);
		break;
	case TERM_LOGS:
		log_warning("list %s: its order lapsed at %s; it only logs (lapse: log)", name, to);
		break;
	case TERM_LIFTED:
		log_warning("list %s: its order lapsed at %s; it is lifted, and blocks nothing "
			    "any more (lapse: lift)",
			    name, to);
		break;
	default:
		break;
	}
}

void lapse_tell(const struct policy *before, const struct policy *after)
{
	for (size_t i = 0; i < after->list_count; i++)
		if (term_state(&after->lists[i]) != term_state_before(before, &after->lists[i]))
			tell(&after->lists[i]);
}

#define LAPSE_THEN(X)                                                                              \
	X(LAPSE_KEEP, "stays in force")                                                            \
	X(LAPSE_LOG, "only logs")                                                                  \
	X(LAPSE_LIFT, "is lifted")

static void warn(const struct policy_list *list, uint64_t now_s)
{
	static const char *const then[] = {LAPSE_THEN(TABLE_ROW)};
	uint64_t days = (list->term.expires_s - now_s) / DAY_S;
	char to[MOMENT_TEXT_MAX];

	TABLE_COMPLETE(LAPSE_THEN, LAPSE_COUNT);
	log_warning("list %s: its order lapses at %s, in %llu %s; then it %s", list->name,
		    moment_text(list->term.expires_s, to), (unsigned long long)days,
		    days == 1 ? "day" : "days", then[list->term.lapse]);
}

void lapse_warn(const struct snapshot *s, uint64_t now_s)
{
	for (size_t i = 0; i < s->policy->list_count; i++)
		if (term_lapses_soon(&s->policy->lists[i], now_s))
			warn(&s->policy->lists[i], now_s);
}
