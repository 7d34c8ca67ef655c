/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns that stand where names do: "ads*.x", and regular expressions as Pi-hole has them. */
#include "line/line.h"

static bool is_of(struct word word, const char *octets)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.text[i];
		char lower = (char)(c | 0x20);

		if (!(lower >= 'a' && lower <= 'z') && !is_digit(c) &&
		    (c == '\0' || !strchr(octets, c)))
			return false;
	}
	return true;
}

static bool has_letter_or_digit(struct word word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!strchr("-_.*^", word.text[i]))
			return true;
	return false;
}

/* In a filter list such a word is a part of what is asked for, and '^' its end. */
static enum listline_verdict glob(struct word word, enum list_format format,
				  struct listline_rule *rule)
{
	uint8_t form = PATTERN_AT_START | PATTERN_TO_END;

	if (format == LIST_FORMAT_ADBLOCK) {
		form = word.text[word.len - 1] == '^' ? PATTERN_TO_END : 0;
		word.len -= form ? 1 : 0;
	}
	return line_pattern(word, form, rule);
}

/* Text that is none is seldom of such octets alone, and has hardly one of these marks. */
static bool is_regex(struct word word)
{
	if (!is_of(word, "-_.^$|()[]{}*+?\\,:=!<>"))
		return false;
	if (word_begins(word, "^") || word_begins(word, "(^") || word_begins(word, ".*") ||
	    word.text[word.len - 1] == '$')
		return true;
	for (size_t i = 0; i + 1 < word.len; i++)
		if (word.text[i] == '\\' && word.text[i + 1] == '.')
			return true;
	return false;
}

/* "reply=NXDOMAIN" and others that Pi-hole knows; LIST_REASON_COUNT: it was taken. */
static enum list_reason take_option(struct word option, struct domset_kind *kind)
{
	static const struct {
		const char *reply;
		enum domset_answer answer;
	} replies[] = {
		{"NXDOMAIN", DOMSET_ANSWER_NXDOMAIN}, {"NODATA", DOMSET_ANSWER_NODATA},
		{"REFUSED", DOMSET_ANSWER_REFUSED},   {"NONE", DOMSET_ANSWER_DROP},
		{"IP", DOMSET_ANSWER_LIST},	      {"NULL", DOMSET_ANSWER_LIST},
	};

	if (!word_begins(option, "reply="))
		return LINE_MODIFIER;
	option = word_from(option, strlen("reply="));
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (!word_is(option, replies[i].reply))
			continue;
		kind->answer = (uint8_t)replies[i].answer;
		return LIST_REASON_COUNT;
	}
	return LINE_ANSWER;
}

static enum listline_verdict regex(struct word text, struct word options,
				   struct listline_rule *rule)
{
	enum listline_verdict verdict = line_pattern(text, PATTERN_REGEX, rule);
	enum list_reason reason = LIST_REASON_COUNT;

	while (options.len > 0 && reason == LIST_REASON_COUNT)
		reason = take_option(word_cut(&options, ';'), &rule->kind);
	return reason == LIST_REASON_COUNT ? verdict : line_not_taken(rule, reason);
}

bool line_wildcard(struct word word, enum list_format format, struct listline_rule *rule,
		   enum listline_verdict *ret_verdict)
{
	const char *octets = format == LIST_FORMAT_ADBLOCK ? "-_.*^" : "-_.*";
	struct word options = word;
	struct word text = word_cut(&options, ';');

	if (word_has(word, '*') && !word_begins(word, ".*") && is_of(word, octets) &&
	    has_letter_or_digit(word))
		*ret_verdict = glob(word, format, rule);
	else if (format != LIST_FORMAT_ADBLOCK && text.len > 0 && is_regex(text))
		*ret_verdict = regex(text, options, rule);
	else
		return false;
	return true;
}
