/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of filter lists: "||x^", "|x^", "@@||x^", and their modifiers. */
#include "list/line.h"

/*
 * Modifiers: true when the rule is still about the whole host.  $document and $all block the
 * whole page, so they are as good as none; of an exception they mean another thing (no blocking
 * inside the page), and it is not about the host.
 */
static bool take_modifiers(struct word modifiers, struct domset_kind *kind)
{
	while (modifiers.len > 0) {
		struct word modifier = word_cut(&modifiers, ',');

		if (word_is(modifier, "important"))
			kind->important = true;
		else if (kind->exception ||
			 (!word_is(modifier, "all") && !word_is(modifier, "document") &&
			  !word_is(modifier, "doc")))
			return false;
	}
	return true;
}

/* What stands behind a host: "^", "^|" and such, then modifiers.  False when anything else. */
static bool split_end(struct word end, bool *ret_ended, struct word *ret_modifiers)
{
	*ret_ended = false;
	for (const char *mark = "^|"; *mark; mark++) {
		if (end.len > 0 && end.text[0] == *mark) {
			end = word_from(end, 1);
			*ret_ended = true;
		}
	}
	if (end.len > 0 && end.text[0] != '$')
		return false;
	*ret_modifiers = word_from(end, end.len > 0 ? 1 : 0);
	return true;
}

static bool ends_host(char c)
{
	switch (c) {
	case '^':
	case '$':
	case '|':
	case '/':
	case '*':
	case ':':
	case '?':
	case ',':
	case '=':
	case '~':
		return true;
	default:
		return false;
	}
}

/* Splits "x^|$modifiers" behind its bars; what it is instead, when it is not of that form. */
static enum list_reason split(struct word rule, struct word *ret_host, struct word *ret_modifiers)
{
	size_t len = 0;
	bool ended;

	while (len < rule.len && !ends_host(rule.text[len]))
		len++;
	*ret_host = (struct word){rule.text, len};
	rule = word_from(rule, len);
	if (word_has(*ret_host, '*') || word_begins(rule, "*"))
		return LINE_PATTERN;
	if (!split_end(rule, &ended, ret_modifiers))
		return LINE_PART;
	/* "||ads." and "||ad-" are beginnings of many names. */
	if (len == 0 || ret_host->text[len - 1] == '.' ||
	    (!ended && (ret_host->text[len - 1] == '-' || !word_has(*ret_host, '.'))))
		return LINE_PATTERN;
	return LIST_REASON_COUNT;
}

/* Takes the bars off, and what they say of the scope; false when there are none. */
static bool take_bars(struct word *rule, uint8_t *ret_scope)
{
	if (word_begins(*rule, "||*.")) {
		*ret_scope = DOMSET_SCOPE_BELOW;
		*rule = word_from(*rule, 4);
	} else if (word_begins(*rule, "||")) {
		*ret_scope = DOMSET_SCOPE_BOTH;
		*rule = word_from(*rule, 2);
	} else if (word_begins(*rule, "|")) {
		*ret_scope = DOMSET_SCOPE_ITSELF;
		*rule = word_from(*rule, 1);
	} else {
		return false;
	}
	return true;
}

enum listline_verdict line_adblock(struct word word, struct listline_rule *rule)
{
	struct domset_kind kind = {.exception = word_begins(word, "@@")};
	enum listline_verdict verdict;
	enum list_reason reason;
	struct word modifiers;
	struct word host;

	if (kind.exception)
		word = word_from(word, 2);
	if (!take_bars(&word, &kind.scope))
		return line_not_taken(rule, word_begins(word, "/") ? LINE_PATTERN : LINE_PART);
	if (word_begins(word, "["))
		return line_not_taken(rule, LINE_ADDRESS);
	reason = split(word, &host, &modifiers);
	if (reason != LIST_REASON_COUNT)
		return line_not_taken(rule, reason);
	if (!take_modifiers(modifiers, &kind))
		return line_not_taken(rule, LINE_MODIFIER);
	verdict = line_host(host, kind.scope, rule);
	rule->kind = kind;
	return verdict;
}
