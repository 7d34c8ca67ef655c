/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of filter lists: "||x^", "|x^", "@@||x^", and their modifiers. */
#include "line/line.h"

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

/* A pattern and what its modifiers say. */
static enum listline_verdict take_pattern(const struct body *body, uint8_t form,
					  const struct modified *m, struct listline_rule *rule)
{
	enum listline_verdict verdict = line_pattern(body->host, form, rule);

	if (m->badfilter || m->denyallow.len > 0)
		return line_not_taken(rule, LINE_MODIFIER);
	rule->kind = m->kind;
	rule->kind.scope = DOMSET_SCOPE_ITSELF;
	return verdict;
}

static enum listline_verdict regex_line(struct word word, struct modified *m,
					struct listline_rule *rule)
{
	enum list_reason reason;
	struct body body;

	if (!split_regex(word, &body))
		return line_not_taken(rule, LINE_PART);
	reason = take_modifiers(body.modifiers, m);
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
	struct modified m = {.kind = {.exception = word_begins(word, "@@")}};
	enum list_reason reason;
	struct body body;

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
	reason = take_modifiers(body.modifiers, &m);
	if (reason != LIST_REASON_COUNT)
		return line_not_taken(rule, reason);
	if (is_glob(&body) && m.kind.scope == DOMSET_SCOPE_BELOW)
		return line_not_taken(rule, LINE_PATTERN);
	if (is_glob(&body))
		return take_pattern(&body, glob_form(&body, m.kind.scope), &m, rule);
	return take_host(line, body.host, &m, rule);
}
