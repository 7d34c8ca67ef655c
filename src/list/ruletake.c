/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/ruletake.h"

#include <string.h>

static void count(struct list_report *report, const struct listline_rule *rule)
{
	report->entries++;
	report->exceptions += rule->kind.exception;
}

/* The number of what the rule gives, and of its note; 0: it has neither.  ERR_RANGE: it cannot give
 * as much. */
static enum err data_of(struct ruletake *take, const struct listline_rule *rule, uint32_t *ret_data)
{
	*ret_data = take->note_number;
	if (rule->kind.answer != DOMSET_ANSWER_DATA)
		return ERR_OK;
	return rewrites_take(&take->rewrites, &take->options->answers, rule,
			     take->note_number > 0 ? &take->note : NULL, ret_data);
}

/* Adds a pattern unless the gate holds it. */
static enum err add_pattern(struct ruletake *take, const struct listline_rule *rule,
			    struct pattern *pattern)
{
	const struct listfile_options *options = take->options;
	struct domset_rule whole = {
		.kind = rule->kind, .line = take->report->lines, .pattern = pattern};
	const char *text = pattern_text(pattern);
	const char *held = NULL;
	enum err err;

	if (options->guard)
		held = guard_pattern(options->guard, pattern, &rule->kind, options->allowed);
	if (held) {
		report_held_text(take->report, take->report->lines, held, text, strlen(text));
		return ERR_OK;
	}
	err = data_of(take, rule, &whole.data);
	if (err == ERR_OK)
		err = domset_builder_add_pattern(take->builder, &whole);
	if (err == ERR_OK)
		count(take->report, rule);
	return err;
}

/* Why a pattern is not taken; LIST_REASON_COUNT: that is nothing that it could help. */
static enum list_reason reason_of(enum err err, bool compiled)
{
	switch (err) {
	case ERR_SYNTAX:
		return LINE_PATTERN_INVALID;
	case ERR_RANGE:
		return compiled ? LINE_PATTERN_MANY : LINE_PATTERN_LONG;
	case ERR_REFUSED:
		return compiled ? LINE_PATTERN_LOOSE : LINE_PATTERN_COSTLY;
	default:
		return LIST_REASON_COUNT;
	}
}

static enum err take_pattern(struct ruletake *take, const struct listline_rule *rule,
			     enum list_reason *ret_reason)
{
	struct pattern *pattern = NULL;
	enum err err = pattern_create(&rule->pattern, &pattern);
	bool compiled = err == ERR_OK;

	if (compiled)
		err = add_pattern(take, rule, pattern);
	pattern_unref(pattern);
	*ret_reason = reason_of(err, compiled);
	if (*ret_reason != LIST_REASON_COUNT)
		return ERR_OK;
	return err == ERR_EXISTS ? ERR_REFUSED : err;
}

/* Adds a rule that has an owner. */
static enum err take_owner(struct ruletake *take, const struct listline_rule *rule,
			   enum list_reason *ret_reason)
{
	uint32_t data;
	enum err err = data_of(take, rule, &data);

	*ret_reason = err == ERR_RANGE ? LINE_CROWD : LIST_REASON_COUNT;
	if (err != ERR_OK)
		return err == ERR_RANGE ? ERR_OK : err;
	count(take->report, rule);
	return domset_builder_add_data(take->builder, &rule->owner, &rule->kind, data,
				       take->report->lines);
}

enum err ruletake_add(struct ruletake *take, struct listline_rule *rule,
		      enum list_reason *ret_reason)
{
	const struct listfile_options *options = take->options;
	const char *held = NULL;

	/* a list that lets pass has rules of one kind */
	if (options->pass && !rule->denyallow)
		rule->kind = (struct domset_kind){.scope = rule->kind.scope,
						  .important = rule->kind.important,
						  .types = rule->kind.types};
	*ret_reason = LINE_ANSWER;
	if (rule->kind.answer == DOMSET_ANSWER_DATA && !options->answers.data)
		return ERR_OK;
	if (rule->pattern.len > 0)
		return take_pattern(take, rule, ret_reason);
	*ret_reason = LIST_REASON_COUNT;
	if (options->guard && !take->passes)
		held = guard_entry(options->guard, &rule->owner, &rule->kind, options->allowed);
	if (!held)
		return take_owner(take, rule, ret_reason);
	report_held(take->report, take->report->lines, held, &rule->owner);
	return ERR_OK;
}

enum err ruletake_add_spelt(struct ruletake *take, const uint8_t *spelt, size_t len,
			    const struct domset_kind *kind)
{
	take->report->entries++;
	return domset_builder_add_spelt(take->builder, spelt, len, kind, take->report->lines);
}
