/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of filter lists: "||x^", "|x^", "@@||x^", and their modifiers. */
#include "line/line.h"
#include "line/modifier.h"

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

/* A rule without what says whether it blocks. */
struct body {
	struct word host;
	bool ended; /* nothing may stand behind the host */
	struct word modifiers;
};

/* Splits "x^|$modifiers" behind its bars; false when it is not of that form. */
static bool split(struct word rule, struct body *ret_body)
{
	size_t len = 0;

	while (len < rule.len && !ends_host(rule.text[len]))
		len++;
	ret_body->host = (struct word){rule.text, len};
	return len > 0 && split_end(word_from(rule, len), &ret_body->ended, &ret_body->modifiers);
}

/* "ads-*.x", and "ads." and "ad-", which are the beginnings of many names. */
static bool is_glob(const struct body *body)
{
	char last = body->host.text[body->host.len - 1];

	return word_has(body->host, '*') || last == '.' ||
	       (!body->ended && (last == '-' || !word_has(body->host, '.')));
}

/* Splits "/regex/$modifiers"; false where that is a path. */
static bool split_regex(struct word rule, struct body *ret_body)
{
	size_t end = rule.len - 1;

	while (end > 0 &&
	       !(rule.text[end] == '/' && (end == rule.len - 1 || rule.text[end + 1] == '$')))
		end--;
	if (end < 2)
		return false;
	ret_body->host = (struct word){rule.text + 1, end - 1};
	ret_body->modifiers = word_from(rule, end + 1);
	if (ret_body->modifiers.len > 0)
		ret_body->modifiers = word_from(ret_body->modifiers, 1);
	return !word_has(ret_body->host, '/');
}

/* Takes the bars off, and what they say of the scope; false when there are none. */
static bool take_bars(struct word *rule, uint8_t *ret_scope)
{
	if (word_begins(*rule, "||*.") && !word_has(word_from(*rule, 3), '*')) {
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

/* The rule itself, and the exceptions that its line goes on with. */
static enum listline_verdict take_host(struct listline *line, struct word host,
				       const struct modifiers *m, struct listline_rule *rule)
{
	enum listline_verdict verdict = line_host(host, m->kind.scope, rule);
	struct domset_kind allowed = {.scope = DOMSET_SCOPE_BOTH, .exception = true};

	rule->kind = m->kind;
	rule->badfilter = m->badfilter;
	rule->gives = m->gives;
	allowed.important = m->kind.important;
	allowed.types = m->kind.types;
	if (verdict == LISTLINE_RULE && !m->badfilter && m->denyallow.len > 0)
		line_go_on(line, m->denyallow, '|', allowed, host);
	return verdict;
}

/* A pattern and what its modifiers say. */
static enum listline_verdict take_pattern(const struct body *body, uint8_t form,
					  const struct modifiers *m, struct listline_rule *rule)
{
	enum listline_verdict verdict = line_pattern(body->host, form, rule);

	if (m->badfilter || m->denyallow.len > 0)
		return line_not_taken(rule, LINE_MODIFIER);
	rule->kind = m->kind;
	rule->gives = m->gives;
	rule->kind.scope = DOMSET_SCOPE_ITSELF;
	return verdict;
}

static enum listline_verdict regex_line(struct word word, struct modifiers *m,
					struct listline_rule *rule)
{
	enum list_reason reason;
	struct body body;

	if (!split_regex(word, &body))
		return line_not_taken(rule, LINE_PART);
	reason = modifiers_take(body.modifiers, m);
	if (reason != LIST_REASON_COUNT)
		return line_not_taken(rule, reason);
	return take_pattern(&body, PATTERN_REGEX, m, rule);
}

/* How a glob with such bars is meant. */
static uint8_t glob_form(const struct body *body, uint8_t scope)
{
	unsigned int form = scope == DOMSET_SCOPE_ITSELF ? PATTERN_AT_START : PATTERN_AT_LABEL;

	return (uint8_t)(body->ended ? form | PATTERN_TO_END : form);
}

enum listline_verdict line_adblock(struct listline *line, struct word word,
				   struct listline_rule *rule)
{
	struct modifiers m;
	enum list_reason reason;
	struct body body;

	modifiers_init(&m, word_begins(word, "@@"));
	if (m.kind.exception)
		word = word_from(word, 2);
	if (word_begins(word, "/"))
		return regex_line(word, &m, rule);
	if (!take_bars(&word, &m.kind.scope))
		return line_not_taken(rule, LINE_PART);
	if (word_begins(word, "["))
		return line_not_taken(rule, LINE_ADDRESS);
	if (!split(word, &body))
		return line_not_taken(rule, LINE_PART);
	reason = modifiers_take(body.modifiers, &m);
	if (reason != LIST_REASON_COUNT)
		return line_not_taken(rule, reason);
	if (is_glob(&body) && m.kind.scope == DOMSET_SCOPE_BELOW)
		return line_not_taken(rule, LINE_PATTERN);
	if (is_glob(&body))
		return take_pattern(&body, glob_form(&body, m.kind.scope), &m, rule);
	return take_host(line, body.host, &m, rule);
}
