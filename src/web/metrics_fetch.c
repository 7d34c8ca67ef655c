/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/metrics_fetch.h"

#include <inttypes.h>

#include "base/clock.h"
#include "web/label.h"

static uint64_t age_s(const struct fetch_view *view)
{
	uint64_t now_s = clock_unix_s();

	return now_s > view->fetched_s ? now_s - view->fetched_s : 0;
}

static uint64_t fetched_s(const struct fetch_view *view)
{
	return view->fetched_s;
}

static uint64_t changed_s(const struct fetch_view *view)
{
	return view->changed_s;
}

static uint64_t failures(const struct fetch_view *view)
{
	return view->failures;
}

static uint64_t failed(const struct fetch_view *view)
{
	return *view->reason != '\0';
}

static uint64_t stale(const struct fetch_view *view)
{
	return view->stale;
}

static const struct fetch_metric {
	const char *name;
	const char *help;
	uint64_t (*value)(const struct fetch_view *view);
	bool counter;
} rows[] = {
	{"list_fetch_age_seconds",
	 "how long ago the list's server last said what is current; since 1970 where it never has",
	 age_s, false},
	{"list_fetched_timestamp_seconds", "when that was, in Unix time; 0: never", fetched_s,
	 false},
	{"list_fetch_changed_timestamp_seconds",
	 "when something new was last fetched, in Unix time; 0: never", changed_s, false},
	{"list_fetch_failures", "fetches of the list that have failed", failures, true},
	{"list_fetch_failed", "1: the last fetch of the list has failed", failed, false},
	{"list_fetch_stale", "1: no fetch has succeeded for three times the list's refresh", stale,
	 false},
};

static void write_head(struct evbuffer *out, const struct fetch_metric *row, bool openmetrics)
{
	const char *end = row->counter && !openmetrics ? "_total" : "";

	evbuffer_add_printf(out, "# HELP sinkholed_%s%s %s\n# TYPE sinkholed_%s%s %s\n", row->name,
			    end, row->help, row->name, end, row->counter ? "counter" : "gauge");
}

static void write_row(struct evbuffer *out, const struct web_now *now,
		      const struct fetch_metric *row)
{
	const struct conf *conf = now->snapshot->conf;
	struct fetch_view view;

	for (size_t i = 0; i < conf->lists_count; i++) {
		if (!fetch_look(now->fetch, conf->lists[i].name, &view))
			continue;
		evbuffer_add_printf(out, "sinkholed_%s%s{list=\"", row->name,
				    row->counter ? "_total" : "");
		label_add(out, conf->lists[i].name);
		evbuffer_add_printf(out, "\"} %" PRIu64 "\n", row->value(&view));
	}
}

static bool has_any(const struct web_now *now)
{
	const struct conf *conf = now->snapshot->conf;
	struct fetch_view view;

	for (size_t i = 0; i < conf->lists_count; i++)
		if (fetch_look(now->fetch, conf->lists[i].name, &view))
			return true;
	return false;
}

void metrics_fetch_write(struct evbuffer *out, const struct web_now *now, bool openmetrics)
{
	if (!has_any(now))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_head(out, &rows[i], openmetrics);
		write_row(out, now, &rows[i]);
	}
}
