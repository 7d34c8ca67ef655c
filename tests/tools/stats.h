/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run of load counts, and how it is printed. */
#ifndef TESTS_TOOLS_STATS_H
#define TESTS_TOOLS_STATS_H

#include <stdint.h>
#include <stdio.h>

#include "hist.h"

enum {
	STATS_PHASES = 16,
	STATS_RCODES = 16,
};

/* A part of the run; a query belongs to the one it was sent in. */
struct phase {
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t sent;
	uint64_t lost;
	uint64_t mismatched; /* not the address of --expect */
	struct hist latency;
};

struct interval {
	uint32_t sent;
	uint32_t lost;
	uint64_t max_ns;
};

struct stats {
	uint64_t begin_ns;
	uint64_t end_ns; /* of sending */
	uint64_t answered;
	uint64_t late;		/* answered after the timeout: lost, too */
	uint64_t duplicate;	/* an answer to what was answered already */
	uint64_t stray;		/* an answer to nothing that was asked, or to another question */
	uint64_t malformed;	/* too short, or not a response */
	uint64_t truncated;	/* TC */
	uint64_t refused_sends; /* nothing listened: ICMP came back */
	uint64_t client_drops;	/* the kernel dropped answers because this program was too slow */
	uint64_t longest_silence_ns;
	uint64_t last_answer_ns;
	uint64_t rcode[STATS_RCODES];
	struct phase phase[STATS_PHASES];
	unsigned phases;
	struct interval *interval;
	size_t intervals;
	uint64_t interval_ns; /* 0: none are kept */
};

static inline double stats_seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0.0;
}

static inline double stats_us(uint64_t ns)
{
	return (double)ns / 1e3;
}

/* Adds all phases up. */
static inline void stats_total(const struct stats *stats, struct phase *ret_total)
{
	*ret_total = (struct phase){.begin_ns = stats->begin_ns, .end_ns = stats->end_ns};
	for (unsigned i = 0; i < stats->phases; i++) {
		ret_total->sent += stats->phase[i].sent;
		ret_total->lost += stats->phase[i].lost;
		ret_total->mismatched += stats->phase[i].mismatched;
		hist_merge(&ret_total->latency, &stats->phase[i].latency);
	}
}

static inline void stats_print_phase_json(const struct phase *phase, FILE *out)
{
	const struct hist *latency = &phase->latency;

	fprintf(out, "\"seconds\": %.3f, \"sent\": %llu, \"lost\": %llu, \"mismatched\": %llu",
		stats_seconds(phase->begin_ns, phase->end_ns), (unsigned long long)phase->sent,
		(unsigned long long)phase->lost, (unsigned long long)phase->mismatched);
	fprintf(out,
		", \"latency_us\": {\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
		"\"p99.9\": %.1f, \"max\": %.1f}",
		stats_us(hist_quantile_ns(latency, 0.5)), stats_us(hist_quantile_ns(latency, 0.9)),
		stats_us(hist_quantile_ns(latency, 0.99)),
		stats_us(hist_quantile_ns(latency, 0.999)), stats_us(latency->max_ns));
}

static inline void stats_print_rcodes(const struct stats *stats, const char *quote, FILE *out)
{
	static const char *const names[STATS_RCODES] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	};
	const char *separator = "";

	for (unsigned i = 0; i < STATS_RCODES; i++) {
		char number[12];

		if (stats->rcode[i] == 0)
			continue;
		snprintf(number, sizeof number, "RCODE%u", i);
		fprintf(out, "%s%s%s%s: %llu", separator, quote, names[i] ? names[i] : number,
			quote, (unsigned long long)stats->rcode[i]);
		separator = ", ";
	}
}

static inline void stats_print_parts_json(const struct stats *stats, FILE *out)
{
	fputs(", \"phases\": [", out);
	for (unsigned i = 0; i < stats->phases; i++) {
		fputs(i ? ", {" : "{", out);
		stats_print_phase_json(&stats->phase[i], out);
		fputc('}', out);
	}
	fprintf(out, "], \"interval_ms\": %llu, \"intervals\": [",
		(unsigned long long)(stats->interval_ns / 1000000));
	for (size_t i = 0; i < stats->intervals; i++) {
		const struct interval *interval = &stats->interval[i];

		if (interval->sent > 0)
			fprintf(out,
				"%s{\"at\": %.3f, \"sent\": %u, \"lost\": %u, \"max_us\": %.1f}",
				i ? ", " : "", (double)(i * stats->interval_ns) / 1e9,
				interval->sent, interval->lost, stats_us(interval->max_ns));
	}
	fputc(']', out);
}

static inline void stats_print_json(const struct stats *stats, FILE *out)
{
	struct phase total;
	double seconds = stats_seconds(stats->begin_ns, stats->end_ns);

	stats_total(stats, &total);
	fputc('{', out);
	stats_print_phase_json(&total, out);
	fprintf(out, ", \"answered\": %llu, \"qps\": %.0f", (unsigned long long)stats->answered,
		seconds > 0 ? (double)stats->answered / seconds : 0.0);
	fprintf(out,
		", \"late\": %llu, \"duplicate\": %llu, \"stray\": %llu, \"malformed\": %llu, "
		"\"truncated\": %llu, \"refused_sends\": %llu, \"client_drops\": %llu",
		(unsigned long long)stats->late, (unsigned long long)stats->duplicate,
		(unsigned long long)stats->stray, (unsigned long long)stats->malformed,
		(unsigned long long)stats->truncated, (unsigned long long)stats->refused_sends,
		(unsigned long long)stats->client_drops);
	fprintf(out, ", \"silent_ms\": %.3f, \"rcodes\": {",
		(double)stats->longest_silence_ns / 1e6);
	stats_print_rcodes(stats, "\"", out);
	fputc('}', out);
	stats_print_parts_json(stats, out);
	fputs("}\n", out);
}

static inline void stats_print_phase_text(const char *name, const struct phase *phase, FILE *out)
{
	const struct hist *latency = &phase->latency;

	fprintf(out, "%s: %.2f s, sent %llu, lost %llu, not as expected %llu\n", name,
		stats_seconds(phase->begin_ns, phase->end_ns), (unsigned long long)phase->sent,
		(unsigned long long)phase->lost, (unsigned long long)phase->mismatched);
	fprintf(out, "  latency us: p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f\n",
		stats_us(hist_quantile_ns(latency, 0.5)), stats_us(hist_quantile_ns(latency, 0.9)),
		stats_us(hist_quantile_ns(latency, 0.99)),
		stats_us(hist_quantile_ns(latency, 0.999)), stats_us(latency->max_ns));
}

static inline void stats_print_intervals_text(const struct stats *stats, FILE *out)
{
	for (size_t i = 0; i < stats->intervals; i++) {
		const struct interval *interval = &stats->interval[i];

		if (interval->sent > 0)
			fprintf(out, "  at %8.3f s: sent %u, lost %u, slowest %.1f us\n",
				(double)(i * stats->interval_ns) / 1e9, interval->sent,
				interval->lost, stats_us(interval->max_ns));
	}
}

static inline void stats_print_text(const struct stats *stats, FILE *out)
{
	struct phase total;
	double seconds = stats_seconds(stats->begin_ns, stats->end_ns);

	stats_total(stats, &total);
	stats_print_phase_text("run", &total, out);
	fprintf(out, "answered %llu, %.0f a second; ", (unsigned long long)stats->answered,
		seconds > 0 ? (double)stats->answered / seconds : 0.0);
	stats_print_rcodes(stats, "", out);
	fprintf(out, "\nlate %llu, duplicate %llu, stray %llu, malformed %llu, truncated %llu\n",
		(unsigned long long)stats->late, (unsigned long long)stats->duplicate,
		(unsigned long long)stats->stray, (unsigned long long)stats->malformed,
		(unsigned long long)stats->truncated);
	fprintf(out, "refused sends %llu, dropped by this client %llu, longest silence %.1f ms\n",
		(unsigned long long)stats->refused_sends, (unsigned long long)stats->client_drops,
		(double)stats->longest_silence_ns / 1e6);
	for (unsigned i = 0; stats->phases > 1 && i < stats->phases; i++) {
		char name[24];

		snprintf(name, sizeof name, "phase %u", i);
		stats_print_phase_text(name, &stats->phase[i], out);
	}
	stats_print_intervals_text(stats, out);
}

#endif
