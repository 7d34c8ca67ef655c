/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "web/label.h"
#include "web/metrics_fetch.h"
#include "web/metrics_group.h"

struct writer {
	struct evbuffer *out;
	bool openmetrics;
};

enum kind { COUNTER, GAUGE, SECONDS /* a gauge, of milliseconds */, HISTOGRAM };

static void add(struct evbuffer *out, const char *text)
{
	evbuffer_add(out, text, strlen(text));
}

static const char *suffix(enum kind kind)
{
	return kind == COUNTER ? "_total" : "";
}

/* OpenMetrics names a family without the suffix of its samples, Prometheus with it. */
static void head(const struct writer *w, enum kind kind, const char *name, const char *help)
{
	static const char *const words[] = {"counter", "gauge", "gauge", "histogram"};
	const char *end = w->openmetrics ? "" : suffix(kind);

	evbuffer_add_printf(w->out, "# HELP sinkholed_%s%s %s\n# TYPE sinkholed_%s%s %s\n", name,
			    end, help, name, end, words[kind]);
}

static void end_sample(const struct writer *w, enum kind kind, uint64_t value)
{
	if (kind == SECONDS)
		evbuffer_add_printf(w->out, " %" PRIu64 ".%03" PRIu64 "\n", value / 1000,
				    value % 1000);
	else
		evbuffer_add_printf(w->out, " %" PRIu64 "\n", value);
}

static void sample_of(const struct writer *w, enum kind kind, const char *name, const char *label,
		      const char *of, uint64_t value)
{
	evbuffer_add_printf(w->out, "sinkholed_%s%s{%s=\"", name, suffix(kind), label);
	label_add(w->out, of);
	add(w->out, "\"}");
	end_sample(w, kind, value);
}

static void single(const struct writer *w, enum kind kind, const char *name, const char *help,
		   uint64_t value)
{
	head(w, kind, name, help);
	evbuffer_add_printf(w->out, "sinkholed_%s%s", name, suffix(kind));
	end_sample(w, kind, value);
}

/* ---- the counters */

static const struct grouped {
	const char *field;
	const char *group;
	const char *label;
	const char *of;
} grouped[] = {
#define X(field, group, label, of) {#field, group, label, of},
	STATS_GROUPED(X)
#undef X
};

#define GROUPED (sizeof(grouped) / sizeof(grouped[0]))

static const struct grouped *group_of(const char *field)
{
	for (size_t i = 0; i < GROUPED; i++)
		if (strcmp(grouped[i].field, field) == 0)
			return &grouped[i];
	return NULL;
}

static void write_group(const struct writer *w, const struct stats *stats, const char *group,
			const char *help)
{
	head(w, COUNTER, group, help);
	for (size_t i = 0; i < stats_row_count; i++) {
		const struct grouped *g = group_of(stats_rows[i].name);

		if (g && strcmp(g->group, group) == 0)
			sample_of(w, COUNTER, group, g->label, g->of,
				  stats_value(stats, &stats_rows[i]));
	}
}

static void write_counters(const struct writer *w, const struct stats *stats)
{
#define X(group, help) write_group(w, stats, group, help);
	STATS_GROUPS(X)
#undef X
	for (size_t i = 0; i < stats_row_count; i++)
		if (!group_of(stats_rows[i].name))
			single(w, COUNTER, stats_rows[i].name, stats_rows[i].help,
			       stats_value(stats, &stats_rows[i]));
}

static void write_types(const struct writer *w, const struct stats *stats)
{
	uint64_t others = 0;

	head(w, COUNTER, "questions", "questions of clients that may ask, by type");
	for (size_t i = 0; i < STATS_TYPE_COUNT; i++)
		others += stats->types[i];
#define X(type, name)                                                                              \
	sample_of(w, COUNTER, "questions", "type", name, stats->types[type]);                      \
	others -= stats->types[type];
	STATS_TYPES(X)
#undef X
	sample_of(w, COUNTER, "questions", "type", "other", others);
}

static void write_rcodes(const struct writer *w, const struct stats *stats)
{
	uint64_t others = 0;

	head(w, COUNTER, "responses", "answers sent, by rcode");
	for (size_t i = 0; i < STATS_RCODE_COUNT; i++)
		others += stats->rcodes[i];
#define X(rcode, name)                                                                             \
	sample_of(w, COUNTER, "responses", "rcode", name,                                          \
		  stats->rcodes[rcode] - ((rcode) == 0 ? stats->badvers : 0));                     \
	others -= stats->rcodes[rcode];
	STATS_RCODES(X)
#undef X
	sample_of(w, COUNTER, "responses", "rcode", "BADVERS", stats->badvers);
	sample_of(w, COUNTER, "responses", "rcode", "other", others);
}

/* ---- latencies */

static void write_latency(const struct writer *w, const char *path, const struct stats_latency *l)
{
	const char *name = "sinkholed_answer_seconds";
	uint64_t count = 0;

	for (unsigned int i = 0; i < STATS_BUCKETS; i++) {
		uint64_t bound_us = 1ULL << i;

		count += l->buckets[i];
		evbuffer_add_printf(w->out,
				    "%s_bucket{path=\"%s\",le=\"%" PRIu64 ".%06" PRIu64
				    "\"} %" PRIu64 "\n",
				    name, path, bound_us / 1000000, bound_us % 1000000, count);
	}
	count += l->buckets[STATS_BUCKETS];
	evbuffer_add_printf(w->out, "%s_bucket{path=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, path,
			    count);
	evbuffer_add_printf(w->out, "%s_sum{path=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n", name, path,
			    l->sum_us / 1000000, l->sum_us % 1000000);
	evbuffer_add_printf(w->out, "%s_count{path=\"%s\"} %" PRIu64 "\n", name, path, count);
}

static void write_latencies(const struct writer *w, const struct stats *stats)
{
	head(w, HISTOGRAM, "answer_seconds",
	     "how long answers took: direct, over UDP, those that no upstream had to be asked for, "
	     "of 250 batches a second and worker at most; "
	     "forwarded, from the query to the upstream's answer");
	write_latency(w, "direct", &stats->took_direct);
	write_latency(w, "forwarded", &stats->took_forwarded);
}

/* ---- lists */

/* One metric of each list. */
struct list_metric {
	enum kind kind;
	const char *name;
	const char *help;
	uint64_t (*value)(const struct web_now *now, size_t i);
};

static uint64_t list_names(const struct web_now *now, size_t i)
{
	return policy_count(now->snapshot->policy, (unsigned int)i).rules;
}

static uint64_t list_entries(const struct web_now *now, size_t i)
{
	if (i >= POLICY_LISTS_MAX)
		return list_names(now, i);
	return now->snapshot->policy->lists[i].entries;
}

static uint64_t list_prefixes(const struct web_now *now, size_t i)
{
	return addrset_count(now->snapshot->policy->prefixes[TRIGGER_ADDRESS], (uint32_t)i).rules;
}

static uint64_t list_in_force(const struct web_now *now, size_t i)
{
	return i >= POLICY_LISTS_MAX || !policy_is_silent(now->snapshot->policy, (unsigned int)i);
}

static uint64_t list_expires(const struct web_now *now, size_t i)
{
	return now->snapshot->policy->lists[i].term.expires_s;
}

static uint64_t list_hits(const struct web_now *now, size_t i)
{
	return now->stats.list_hits[i];
}

static uint64_t list_held(const struct web_now *now, size_t i)
{
	return now->loads->lists[i].held;
}

static uint64_t list_bad(const struct web_now *now, size_t i)
{
	return now->loads->lists[i].bad;
}

static uint64_t list_refusals(const struct web_now *now, size_t i)
{
	return now->loads->lists[i].refusals;
}

static uint64_t list_own(const struct web_now *now, size_t i)
{
	return now->loads->lists[i].own;
}

static uint64_t list_loaded(const struct web_now *now, size_t i)
{
	return now->loads->lists[i].loaded_s;
}

static uint64_t list_took_ms(const struct web_now *now, size_t i)
{
	return now->loads->lists[i].took_ms;
}

static uint64_t list_off(const struct web_now *now, size_t i)
{
	const struct policy_manual *manual = now->snapshot->policy->manual;

	return manual && i < POLICY_LISTS_MAX && manual->off[i];
}

static const struct list_metric list_metrics[] = {
	{GAUGE, "list_entries", "entries of the list's file that are in force", list_entries},
	{GAUGE, "list_names", "distinct names of the list that are in force", list_names},
	{GAUGE, "list_prefixes", "distinct prefixes of the list that are in force", list_prefixes},
	{GAUGE, "list_in_force",
	 "0: the order of the list has not begun, or has lapsed and is lifted", list_in_force},
	{GAUGE, "list_expires_timestamp_seconds", "when the order of the list lapses; 0: never",
	 list_expires},
	{COUNTER, "list_hits", "answers that the list decided", list_hits},
	{GAUGE, "list_held_entries", "entries held back, as they would block too much", list_held},
	{GAUGE, "list_bad_lines", "lines of the list's file that are bad", list_bad},
	{COUNTER, "list_refused", "loads that refused the list's file", list_refusals},
	{GAUGE, "list_current",
	 "1: in force is what the last load found in the list's file; 0: an "
	 "earlier version, or nothing",
	 list_own},
	{GAUGE, "list_loaded_timestamp_seconds",
	 "when what is in force was read, in Unix time; 0: "
	 "before this start",
	 list_loaded},
	{GAUGE, "list_off", "1: the list is not asked for now, as was said by command", list_off},
	{SECONDS, "list_load_seconds", "how long reading the list took", list_took_ms},
};

static void write_lists(const struct writer *w, const struct web_now *now)
{
	const struct policy *policy = now->snapshot->policy;

	for (size_t m = 0; m < sizeof(list_metrics) / sizeof(list_metrics[0]); m++) {
		const struct list_metric *metric = &list_metrics[m];

		head(w, metric->kind, metric->name, metric->help);
		for (unsigned int i = policy_first_place(policy); i < POLICY_PLACES;
		     i = policy_next_place(policy, i))
			sample_of(w, metric->kind, metric->name, "list", policy->lists[i].name,
				  metric->value(now, i));
	}
}

/* ---- the rest */

static void write_manual(const struct writer *w, const struct web_now *now)
{
	head(w, GAUGE, "manual_entries", "what was said by command and has not ended, by its kind");
	for (unsigned int kind = 0; kind < MANUAL_KIND_COUNT; kind++)
		sample_of(w, GAUGE, "manual_entries", "kind", manual_word((enum manual_kind)kind),
			  manual_count(now->manual, (enum manual_kind)kind));
}

static void write_loads(const struct writer *w, const struct web_now *now)
{
	const struct web_loads *loads = now->loads;

	single(w, COUNTER, "loads", "loads that put lists in force, that of the start too",
	       loads->good);
	single(w, COUNTER, "failed_loads", "reloads that failed and changed nothing",
	       loads->failed);
	single(w, GAUGE, "last_load_failed", "1: the last reload failed and changed nothing",
	       loads->last_failed);
	single(w, GAUGE, "last_load_timestamp_seconds", "when the last load ended, in Unix time",
	       loads->last_s);
	single(w, SECONDS, "last_load_seconds", "how long the last good load took", loads->took_ms);
	single(w, GAUGE, "refused_lists", "lists that the last good load refused", loads->refused);
	single(w, GAUGE, "names", "names in force, of all lists", loads->names);
	single(w, GAUGE, "generation", "of the lists and the configuration in force",
	       now->snapshot->generation);
}

static void write_cache(const struct writer *w, const struct cache_stats *cache)
{
	single(w, GAUGE, "cache_entries", "answers remembered", cache->entries);
	single(w, GAUGE, "cache_bytes", "memory that they take", cache->bytes_used);
	single(w, GAUGE, "cache_max_bytes", "memory that they may take", cache->bytes_max);
	single(w, COUNTER, "cache_evicted", "answers that made room for others", cache->evicted);
	single(w, COUNTER, "cache_expired", "answers removed after their TTL", cache->expired);
}

static void write_ledger(const struct writer *w, const struct archive_state *ledger,
			 uint64_t pending)
{
	single(w, GAUGE, "ledger_pending", "findings in memory that wait to be written", pending);
	if (!ledger->remote)
		return;
	single(w, GAUGE, "ledger_connected", "1: the database takes findings", ledger->connected);
	single(w, GAUGE, "ledger_waiting", "findings that the database has not taken yet",
	       ledger->waiting);
	single(w, GAUGE, "ledger_spool_bytes", "octets of the disk that they take",
	       ledger->spooled);
}

static void write_build(const struct writer *w)
{
	if (w->openmetrics)
		add(w->out, "# HELP sinkholed_build the version that runs\n"
			    "# TYPE sinkholed_build info\n");
	else
		head(w, GAUGE, "build_info", "the version that runs");
	add(w->out, "sinkholed_build_info{version=\"");
	label_add(w->out, SINKHOLED_VERSION);
	add(w->out, "\"} 1\n");
}

static void write_upstream(const struct writer *w, const char *name,
			   const struct web_upstream *upstream)
{
	evbuffer_add_printf(w->out, "sinkholed_%s{upstream=\"", name);
	label_add(w->out, upstream->address);
	evbuffer_add_printf(w->out, "\",transport=\"%s\"} ", upstream->transport);
}

static void write_upstreams(const struct writer *w, const struct web_now *now)
{
	head(w, GAUGE, "upstream_state",
	     "how the worker finds the server that thinks worst of it: 0 well, 1 aside, 2 silent, "
	     "3 cut, 4 dead");
	for (size_t i = 0; i < now->upstream_count; i++) {
		write_upstream(w, "upstream_state", &now->upstreams[i]);
		evbuffer_add_printf(w->out, "%u\n", now->upstreams[i].rank);
	}
	head(w, GAUGE, "upstream_rtt_seconds", "the smoothed round trip; 0: not known");
	for (size_t i = 0; i < now->upstream_count; i++) {
		uint32_t rtt_us = now->upstreams[i].rtt_us;

		write_upstream(w, "upstream_rtt_seconds", &now->upstreams[i]);
		evbuffer_add_printf(w->out, "%u.%06u\n", rtt_us / 1000000, rtt_us % 1000000);
	}
}

void metrics_write(struct evbuffer *out, const struct web_now *now, bool openmetrics)
{
	const struct writer w = {.out = out, .openmetrics = openmetrics};

	write_build(&w);
	single(&w, GAUGE, "start_timestamp_seconds", "when it was started, in Unix time",
	       now->started_s);
	single(&w, GAUGE, "workers", "threads that serve queries", now->workers);
	write_counters(&w, &now->stats);
	write_types(&w, &now->stats);
	write_rcodes(&w, &now->stats);
	write_latencies(&w, &now->stats);
	write_lists(&w, now);
	metrics_fetch_write(out, now, openmetrics);
	metrics_group_write(out, now, openmetrics);
	write_upstreams(&w, now);
	write_loads(&w, now);
	write_manual(&w, now);
	write_cache(&w, &now->cache);
	write_ledger(&w, &now->ledger, now->ledger_pending);
	single(&w, GAUGE, "receive_buffer_bytes",
	       "what the kernel granted a UDP socket to queue queries in, the least of all",
	       now->receive_buffer_bytes);
	single(&w, COUNTER, "log_lost_lines",
	       "lines of the log that were lost, as nobody read them", now->log_lost);
	single(&w, COUNTER, "querylog_lines", "lines of the query log that were written",
	       now->querylog.written);
	single(&w, COUNTER, "querylog_lost_lines",
	       "queries that the query log has lost: the disk was full, or nobody read fast enough",
	       now->querylog.lost);
	if (openmetrics)
		add(out, "# EOF\n");
}

bool metrics_wants_openmetrics(const char *accept)
{
	return accept && strstr(accept, "application/openmetrics-text");
}
