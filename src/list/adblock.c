/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of filter lists: "||x^", "|x^", "@@||x^", and their modifiers. */
#include "list/line.h"

/* What the modifiers of a rule say. */
struct modified {
	struct domset_kind kind;
	bool badfilter;
	struct word denyallow;
};

/* The addresses by which a filter list says that a name is blocked, as a hosts file does. */
static bool is_null_address(struct word word)
{
	static const char *const nulls[] = {"0.0.0.0", "::", "127.0.0.1", "::1"};

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (word_is(word, nulls[i]))
			return true;
	return false;
}

/* "NXDOMAIN", "NOERROR;;", "0.0.0.0", "NOERROR;A;0.0.0.0": the rcode, the type, the value. */
static enum list_reason take_rewrite(struct word value, struct modified *m)
{
	struct word rcode = word_cut(&value, ';');
	struct word type = word_cut(&value, ';');

	if (m->kind.exception)
		return LINE_MODIFIER; /* it lifts such answers, not the block */
	if (word_is(rcode, "NXDOMAIN"))
		m->kind.answer = DOMSET_ANSWER_NXDOMAIN;
	else if (word_is(rcode, "REFUSED"))
		m->kind.answer = DOMSET_ANSWER_REFUSED;
	else if (word_is(rcode, "NOERROR") && type.len == 0 && value.len == 0)
		m->kind.answer = DOMSET_ANSWER_NODATA;
	else if (!is_null_address(rcode) && !is_null_address(value))
		return LINE_ANSWER;
	return LIST_REASON_COUNT;
}

/*
 * Why the rule is not taken for the modifier's sake; LIST_REASON_COUNT: it is still about the whole
 * host.  $document and $all block the whole page, so they are as good as none; of an exception they
 * mean another thing (no blocking inside the page), and it is not about the host.
 */
static enum list_reason take_modifier(struct word modifier, struct modified *m)
{
	struct word value = modifier;
	struct word key = word_cut(&value, '=');

	if (word_is(modifier, "important"))
		m->kind.important = true;
	else if (word_is(modifier, "badfilter"))
		m->badfilter = true;
	else if (word_is(key, "denyallow") && value.len > 0 && !m->kind.exception)
		m->denyallow = value;
	else if (word_is(key, "dnsrewrite"))
		return take_rewrite(value, m);
	else if (word_is(key, "client") || word_is(key, "ctag"))
		return LINE_CLIENT;
	else if (m->kind.exception || (!word_is(modifier, "all") &&
				       !word_is(modifier, "document") && !word_is(modifier, "doc")))
		return LINE_MODIFIER;
	return LIST_REASON_COUNT;
}

static enum list_reason take_modifiers(struct word modifiers, struct modified *m)
{
	enum list_reason reason = LIST_REASON_COUNT;

	while (modifiers.len > 0 && reason == LIST_REASON_COUNT)
		reason = take_modifier(word_cut(&modifiers, ','), m);
	return reason;
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

/* The rule itself, and the exceptions that its line goes on with. */
static enum listline_verdict take_host(struct listline *line, struct word host,
				       const struct modified *m, struct listline_rule *rule)
{
	enum listline_verdict verdict = line_host(host, m->kind.scope, rule);
	struct domset_kind allowed = {.scope = DOMSET_SCOPE_BOTH, .exception = true};

	rule->kind = m->kind;
	rule->badfilter = m->badfilter;
	allowed.important = m->kind.important;
	if (verdict == LISTLINE_RULE && !m->badfilter && m->denyallow.len > 0)
		line_go_on(line, m->denyallow, '|', allowed, host);
	return verdict;
}

enum listline_verdict line_adblock(struct listline *line, struct word word,
				   struct listline_rule *rule)
{
	struct modified m = {.kind = {.exception = word_begins(word, "@@")}};
	enum list_reason reason;
	struct word modifiers;
	struct word host;

	if (m.kind.exception)
		word = word_from(word, 2);
	if (!take_bars(&word, &m.kind.scope))
		return line_not_taken(rule, word_begins(word, "/") ? LINE_PATTERN : LINE_PART);
	if (word_begins(word, "["))
		return line_not_taken(rule, LINE_ADDRESS);
	reason = split(word, &host, &modifiers);
	if (reason == LIST_REASON_COUNT)
		reason = take_modifiers(modifiers, &m);
	if (reason != LIST_REASON_COUNT)
		return line_not_taken(rule, reason);
	return take_host(line, host, &m, rule);
}
