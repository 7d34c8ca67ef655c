/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/ruletake.h"

#include <string.h>

static void count(struct list_report *report, const struct listline_rule *rule)
{
	report->entries++;
	report->exceptions += rule->kind.exception;
}

/* Adds a pattern unless the gate holds it. */
static enum err add_pattern(const struct listfile_options *options,
			    const struct listline_rule *rule, struct pattern *pattern,
			    struct domset_builder *builder, struct list_report *report)
{
	const char *text = pattern_text(pattern);
	const char *held = NULL;
	enum err err;

	if (options->guard)
		held = guard_pattern(options->guard, pattern, &rule->kind, options->allowed);
	if (held) {
		report_held_text(report, report->lines, held, text, strlen(text));
		return ERR_OK;
	}
	err = domset_builder_add_pattern(builder, pattern, &rule->kind, report->lines);
	if (err == ERR_OK)
		count(report, rule);
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

static enum err take_pattern(const struct listfile_options *options,
			     const struct listline_rule *rule, struct domset_builder *builder,
			     struct list_report *report, enum list_reason *ret_reason)
{
	struct pattern *pattern = NULL;
	enum err err = pattern_create(&rule->pattern, &pattern);
	bool compiled = err == ERR_OK;

	if (compiled)
		err = add_pattern(options, rule, pattern, builder, report);
	pattern_unref(pattern);
	*ret_reason = reason_of(err, compiled);
	if (*ret_reason != LIST_REASON_COUNT)
		return ERR_OK;
	return err == ERR_EXISTS ? ERR_REFUSED : err;
}

enum err ruletake_add(const struct listfile_options *options, struct listline_rule *rule,
		      struct domset_builder *builder, struct list_report *report,
		      enum list_reason *ret_reason)
{
	const char *held = NULL;

	/* a list that lets pass has rules of one kind */
	if (options->pass && !rule->denyallow)
		rule->kind = (struct domset_kind){.scope = rule->kind.scope,
						  .important = rule->kind.important};
	if (rule->pattern.len > 0)
		return take_pattern(options, rule, builder, report, ret_reason);
	*ret_reason = LIST_REASON_COUNT;
	if (options->guard)
		held = guard_entry(options->guard, &rule->owner, &rule->kind, options->allowed);
	if (held) {
		report_held(report, report->lines, held, &rule->owner);
		return ERR_OK;
	}
	count(report, rule);
	return domset_builder_add(builder, &rule->owner, &rule->kind, report->lines);
}
