/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/modifier.h"

#include <strings.h>

#include "base/addr.h"
#include "dns/rrtype.h"
#include "dns/wire.h"
#include "line/host.h"

#define TAKEN LIST_REASON_COUNT

/* ---- $dnstype */

/* The bit of the type; 0: it is none.  TYPESET_OTHER stands for many types. */
static uint32_t type_of(struct word word)
{
	char text[RRTYPE_TEXT_MAX];
	uint16_t type;

	if (word.len >= sizeof(text) || word_has(word, '\0'))
		return 0;
	memcpy(text, word.text, word.len);
	text[word.len] = '\0';
	return rrtype_parse(text, &type) == ERR_OK ? typeset_of(type) : 0;
}

/* "A|AAAA", "~A|~TXT".  What a rule blocks is not given to who asks for ANY either. */
static enum list_reason take_types(struct word value, struct modifiers *m)
{
	uint32_t wanted = 0;
	uint32_t unwanted = 0;

	while (value.len > 0) {
		struct word word = word_cut(&value, '|');
		bool negated = word_begins(word, "~");
		uint32_t type = type_of(word_from(word, negated));

		if (type == 0)
			return LINE_TYPE_INVALID;
		if (type == TYPESET_OTHER)
			return LINE_TYPES;
		if (negated)
			unwanted |= type;
		else
			wanted |= type;
	}
	if (wanted == 0 && unwanted == 0)
		return LINE_TYPE_INVALID;
	m->kind.types = (wanted ? wanted : TYPESET_ALL) & ~unwanted;
	if (m->kind.types == 0)
		return LINE_TYPES;
	if (!m->kind.exception)
		m->kind.types |= typeset_of(TYPE_ANY) & ~unwanted;
	return TAKEN;
}

/* ---- $dnsrewrite */

/* The addresses by which a filter list says that a name is blocked, as a hosts file does. */
static bool is_null_address(struct word word)
{
	static const char *const nulls[] = {"0.0.0.0", "::", "127.0.0.1", "::1"};

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (word_is(word, nulls[i]))
			return true;
	return false;
}

static bool is_in_either_case(struct word word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.text, text, word.len) == 0;
}

/* What is answered instead of records: NXDOMAIN and such.  False: the word is none of these. */
static bool take_keyword(struct word word, struct modifiers *m, enum list_reason *ret_reason)
{
	static const struct {
		const char *word;
		uint8_t answer; /* DOMSET_ANSWER_LIST: it is not given */
	} keywords[] = {
		{"NOERROR", DOMSET_ANSWER_NODATA},  {"NXDOMAIN", DOMSET_ANSWER_NXDOMAIN},
		{"REFUSED", DOMSET_ANSWER_REFUSED}, {"SERVFAIL", DOMSET_ANSWER_LIST},
		{"FORMERR", DOMSET_ANSWER_LIST},    {"NOTIMP", DOMSET_ANSWER_LIST},
		{"NOTIMPL", DOMSET_ANSWER_LIST},    {"YXDOMAIN", DOMSET_ANSWER_LIST},
		{"NOTAUTH", DOMSET_ANSWER_LIST},    {"NOTZONE", DOMSET_ANSWER_LIST},
	};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!is_in_either_case(word, keywords[i].word))
			continue;
		m->kind.answer = keywords[i].answer;
		*ret_reason = keywords[i].answer == DOMSET_ANSWER_LIST ? LINE_ANSWER : TAKEN;
		return true;
	}
	return false;
}

static enum list_reason give(struct modifiers *m, uint16_t type, const uint8_t *rdata, size_t rdlen)
{
	m->kind.answer = DOMSET_ANSWER_DATA;
	m->gives.type = type;
	m->gives.rdlen = (uint8_t)rdlen;
	memcpy(m->gives.rdata, rdata, rdlen);
	return TAKEN;
}

/* An address of the type, or of either for 0.  False: the word is no address. */
static bool take_address(struct word word, uint16_t type, struct modifiers *m,
			 enum list_reason *ret_reason)
{
	char text[INET6_ADDRSTRLEN];
	uint16_t found;
	struct ip ip;

	if (word.len >= sizeof(text) || word_has(word, '\0'))
		return false;
	memcpy(text, word.text, word.len);
	text[word.len] = '\0';
	if (ip_parse(text, &ip) != ERR_OK)
		return false;
	found = ip.family == AF_INET ? TYPE_A : TYPE_AAAA;
	if (type != 0 && type != found)
		*ret_reason = LINE_ANSWER_INVALID;
	else if (is_null_address(word))
		*ret_reason = TAKEN; /* what the list says for any name */
	else
		*ret_reason = give(m, found, ip.bytes, found == TYPE_A ? 4 : 16);
	return true;
}

static enum list_reason take_cname(struct word word, struct modifiers *m)
{
	struct name target;

	if (word.len == 0 || line_is_address_like(word) ||
	    host_from_text(word.text, word.len, &target) != ERR_OK)
		return LINE_ANSWER_INVALID;
	return give(m, TYPE_CNAME, target.wire, target.len);
}

/* "A;192.0.2.1", the type and the value. */
static enum list_reason take_record(struct word value, struct modifiers *m)
{
	struct word type = word_cut(&value, ';');
	enum list_reason reason;
	bool ipv4 = is_in_either_case(type, "A");

	if (type.len == 0 && value.len == 0)
		m->kind.answer = DOMSET_ANSWER_NODATA;
	else if (is_in_either_case(type, "CNAME"))
		return take_cname(value, m);
	else if (!ipv4 && !is_in_either_case(type, "AAAA"))
		return type_of(type) == 0 ? LINE_ANSWER_INVALID : LINE_ANSWER;
	else
		return take_address(value, ipv4 ? TYPE_A : TYPE_AAAA, m, &reason)
			       ? reason
			       : LINE_ANSWER_INVALID;
	return TAKEN;
}

/* "NXDOMAIN", "192.0.2.1", "host.example", and "NOERROR;A;192.0.2.1": the rcode, the type, the
 * value. */
static enum list_reason take_rewrite(struct word value, struct modifiers *m)
{
	struct word first = word_cut(&value, ';');
	bool whole = value.text > first.text + first.len;
	enum list_reason reason;

	if (m->kind.exception)
		return LINE_MODIFIER; /* it lifts such answers, not the block */
	if (first.len == 0 && !whole)
		return LINE_ANSWER;
	if (whole && word_is(first, "NOERROR"))
		return take_record(value, m);
	if (take_keyword(first, m, &reason))
		return reason;
	if (whole)
		return LINE_ANSWER_INVALID;
	return take_address(first, 0, m, &reason) ? reason : take_cname(first, m);
}

/* ---- all */

/*
 * $document and $all block the whole page, so they are as good as none; of an exception they mean
 * another thing (no blocking inside the page), and it is not about the host.
 */
static enum list_reason take_modifier(struct word modifier, struct modifiers *m)
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
	else if (word_is(key, "dnstype"))
		return take_types(value, m);
	else if (word_is(key, "client") || word_is(key, "ctag"))
		return LINE_CLIENT;
	else if (m->kind.exception || (!word_is(modifier, "all") &&
				       !word_is(modifier, "document") && !word_is(modifier, "doc")))
		return LINE_MODIFIER;
	return TAKEN;
}

enum list_reason modifiers_take(struct word text, struct modifiers *m)
{
	enum list_reason reason = TAKEN;

	while (text.len > 0 && reason == TAKEN)
		reason = take_modifier(word_cut(&text, ','), m);
	return reason;
}
