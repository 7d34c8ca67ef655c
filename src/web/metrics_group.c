/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/metrics_group.h"

#include <inttypes.h>

#include "web/label.h"

static uint64_t value(const struct web_now *now, size_t view, size_t offset)
{
	const char *base = (const char *)&now->stats.views[view];

	return atomic_load_explicit((const _Atomic uint64_t *)(const void *)(base + offset),
				    memory_order_relaxed);
}

static void write_row(struct evbuffer *out, const struct web_now *now, const char *name,
		      size_t offset)
{
	const struct policy_views *views = now->snapshot->policy->views;

	for (size_t i = 0; i < views->count; i++) {
		if (!views->view[i].group)
			continue;
		evbuffer_add_printf(out, "sinkholed_group_%s_total{group=\"", name);
		label_add(out, views->view[i].group);
		evbuffer_add_printf(out, "\"} %" PRIu64 "\n", value(now, i + 1, offset));
	}
}

static void write_head(struct evbuffer *out, const char *name, const char *help, bool openmetrics)
{
	const char *end = openmetrics ? "" : "_total";

	evbuffer_add_printf(out,
			    "# HELP sinkholed_group_%s%s %s\n# TYPE sinkholed_group_%s%s counter\n",
			    name, end, help, name, end);
}

void metrics_group_write(struct evbuffer *out, const struct web_now *now, bool openmetrics)
{
	if (now->snapshot->conf->groups_count == 0)
		return;
#define X(field, help)                                                                             \
	write_head(out, #field, help, openmetrics);                                                \
	write_row(out, now, #field, offsetof(struct stats_view, field));
	STATS_VIEW_ROWS(X)
#undef X
}
