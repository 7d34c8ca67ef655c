/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate for a list as a whole. */
#include "list/guard.h"

static const char *entries_word(uint32_t count)
{
	return count == 1 ? "entry" : "entries";
}

static enum err check_size(const struct guard_limits *limits, uint32_t entries,
			   struct err_text *text)
{
	if (limits->expect_entries > 0 && entries != limits->expect_entries)
		return err_set(text, ERR_REFUSED, "has %u %s, %u %s expected", entries,
			       entries_word(entries), limits->expect_entries,
			       limits->expect_entries == 1 ? "is" : "are");
	if (entries < limits->min_entries)
		return err_set(text, ERR_REFUSED, "has %u %s, at least %u %s required", entries,
			       entries_word(entries), limits->min_entries,
			       limits->min_entries == 1 ? "is" : "are");
	return ERR_OK;
}

static enum err check_held(const struct guard_limits *limits, const struct list_report *report,
			   struct err_text *text)
{
	if (!limits->refuse_held || report->held == 0)
		return ERR_OK;
	return err_set(text, ERR_REFUSED, "has %u %s held back, the first in line %u: %s",
		       report->held, entries_word(report->held), report->held_notes[0].line,
		       report->held_notes[0].text);
}

/* An error page of one word is a name to whoever reads it, but a top-level domain to the gate. */
static enum err check_left(const struct guard_limits *limits, const struct list_report *report,
			   struct err_text *text)
{
	bool empty = report->entries == 0 && report->held == 0 && report->bad == 0;

	if (!limits->has_to_block || report->entries > report->exceptions)
		return ERR_OK;
	if (empty && limits->may_be_empty)
		return ERR_OK;
	return err_set(text, ERR_REFUSED,
		       "would block nothing: %u %s, %u of them exceptions; %u held back, %u bad",
		       report->entries, entries_word(report->entries), report->exceptions,
		       report->held, report->bad);
}

static enum err check_bad(const struct guard_limits *limits, const struct list_report *report,
			  struct err_text *text)
{
	if (limits->max_bad_lines > 0 && report->bad > limits->max_bad_lines)
		return err_set(text, ERR_REFUSED, "has %u bad lines, at most %u %s allowed",
			       report->bad, limits->max_bad_lines,
			       limits->max_bad_lines == 1 ? "is" : "are");
	if (limits->max_bad_percent > 0 &&
	    report->bad * 100ULL > (uint64_t)limits->max_bad_percent * report->told)
		return err_set(text, ERR_REFUSED,
			       "has %u bad lines of %u, at most %u percent are allowed",
			       report->bad, report->told, limits->max_bad_percent);
	return ERR_OK;
}

static enum err check_skipped(const struct guard_limits *limits, const struct list_report *report,
			      struct err_text *text)
{
	if (limits->max_skipped_percent > 0 &&
	    report->skipped * 100ULL > (uint64_t)limits->max_skipped_percent * report->told)
		return err_set(text, ERR_REFUSED,
			       "has %u skipped lines of %u, at most %u percent are allowed",
			       report->skipped, report->told, limits->max_skipped_percent);
	return ERR_OK;
}

/* True when the change is over its limit in percent, and not too small to be measured so. */
static bool is_over(uint64_t change, uint32_t percent, uint32_t previous)
{
	return percent > 0 && change > GUARD_CHANGE_FLOOR &&
	       change * 100 > (uint64_t)percent * previous;
}

enum err guard_change(const struct guard_limits *limits, uint32_t previous, uint32_t entries,
		      struct err_text *text)
{
	uint64_t shrunk = previous > entries ? previous - entries : 0;
	uint64_t grown = entries > previous ? entries - previous : 0;

	if (previous == 0)
		return ERR_OK;
	if (is_over(shrunk, limits->max_shrink_percent, previous))
		return err_set(text, ERR_REFUSED,
			       "shrank from %u to %u %s, at most %u percent are allowed", previous,
			       entries, entries_word(entries), limits->max_shrink_percent);
	if (is_over(grown, limits->max_grow_percent, previous))
		return err_set(text, ERR_REFUSED,
			       "grew from %u to %u entries, at most %u percent are allowed",
			       previous, entries, limits->max_grow_percent);
	return ERR_OK;
}

enum err guard_list(const struct guard_limits *limits, const struct list_report *report,
		    struct err_text *text)
{
	enum err err = check_held(limits, report, text);

	if (err == ERR_OK)
		err = check_size(limits, report->entries, text);
	if (err == ERR_OK)
		err = check_left(limits, report, text);
	if (err == ERR_OK)
		err = check_bad(limits, report, text);
	if (err == ERR_OK)
		err = check_skipped(limits, report, text);
	return err;
}
