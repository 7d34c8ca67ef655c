/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that dnsmasq and Unbound are configured by, where they are used as lists. */
#include "line/line.h"

/* What a line begins with. */
static const struct {
	const char *begin;
	bool unbound;
	bool blocks; /* of dnsmasq: by an address; else it says where a name is asked for */
} settings[] = {
	{"address=/", false, true},	  {"server=/", false, false},
	{"local=/", false, false},	  {"server:", true, false},
	{"local-zone:", true, false},	  {"local-data:", true, false},
	{"local-data-ptr:", true, false},
};

/* What Unbound answers by the type of a zone; what is not here blocks nothing. */
static const struct {
	const char *type;
	enum domset_answer answer;
} zone_types[] = {
	{"always_nxdomain", DOMSET_ANSWER_NXDOMAIN},
	{"static", DOMSET_ANSWER_NXDOMAIN},
	{"always_nodata", DOMSET_ANSWER_NODATA},
	{"refuse", DOMSET_ANSWER_REFUSED},
	{"always_refuse", DOMSET_ANSWER_REFUSED},
	{"deny", DOMSET_ANSWER_DROP},
	{"always_deny", DOMSET_ANSWER_DROP},
	{"inform_deny", DOMSET_ANSWER_DROP},
	{"redirect", DOMSET_ANSWER_LIST},
	{"inform_redirect", DOMSET_ANSWER_LIST},
	{"always_null", DOMSET_ANSWER_LIST},
};

static size_t setting_of(struct word word)
{
	size_t i = 0;

	while (i < sizeof(settings) / sizeof(settings[0]) && !word_begins(word, settings[i].begin))
		i++;
	return i;
}

bool line_is_setting(struct word word)
{
	return setting_of(word) < sizeof(settings) / sizeof(settings[0]);
}

/* Cuts off what comes behind the last slash. */
static struct word cut_value(struct word *names)
{
	size_t len = names->len;
	struct word value;

	while (len > 0 && names->text[len - 1] != '/')
		len--;
	value = word_from(*names, len);
	names->len = len > 0 ? len - 1 : 0;
	return value;
}

/* "x/y/value", behind "address=/" and such. */
static enum listline_verdict dnsmasq_line(struct listline *line, struct word names, bool blocks,
					  struct listline_rule *rule)
{
	struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	struct word value = cut_value(&names);

	if (names.len == 0 || word_has(names, '#') || word_has(names, '*'))
		return line_not_taken(rule, LINE_PATTERN);
	if (blocks && value.len > 0 && !word_is(value, "#") && !line_is_address(value))
		return line_not_taken(rule, LINE_CHAR);
	if (!blocks && value.len > 0)
		return line_not_taken(rule, LINE_FORWARD);
	if (!blocks)
		kind.answer = DOMSET_ANSWER_NXDOMAIN;
	line_go_on(line, names, '/', kind, (struct word){NULL, 0});
	return line_next_more(line, rule);
}

/* The next word of the rest of a line; quotes, which may stand around several, are no part of it.
 */
static struct word next_part(struct word *rest)
{
	size_t len = 0;
	struct word part;

	while (rest->len > 0 && (is_blank(*rest->text) || strchr("\"'", *rest->text)))
		*rest = word_from(*rest, 1);
	while (len < rest->len && !is_blank(rest->text[len]) && !strchr("\"'", rest->text[len]))
		len++;
	part = (struct word){rest->text, len};
	*rest = word_from(*rest, len);
	return part;
}

static enum listline_verdict local_zone(struct word rest, struct listline_rule *rule)
{
	struct word name = next_part(&rest);
	struct word type = next_part(&rest);
	enum listline_verdict verdict;

	for (size_t i = 0; i < sizeof(zone_types) / sizeof(zone_types[0]); i++) {
		if (!word_is(type, zone_types[i].type))
			continue;
		verdict = line_host(name, DOMSET_SCOPE_BOTH, rule);
		rule->kind = (struct domset_kind){.scope = DOMSET_SCOPE_BOTH,
						  .answer = (uint8_t)zone_types[i].answer};
		return verdict;
	}
	return line_not_taken(rule, LINE_SETTING);
}

/* "x [TTL] [IN] A address": as a line of a hosts file. */
static enum listline_verdict local_data(struct word rest, struct listline_rule *rule)
{
	struct word name = next_part(&rest);
	struct word part = next_part(&rest);

	while (part.len > 0 && (is_digit(*part.text) || word_is(part, "IN")))
		part = next_part(&rest);
	if (!word_is(part, "A") && !word_is(part, "AAAA"))
		return line_not_taken(rule, LINE_SETTING);
	return line_host(name, DOMSET_SCOPE_ITSELF, rule);
}

enum listline_verdict line_setting(struct listline *line, struct word word,
				   struct listline_rule *rule)
{
	size_t setting = setting_of(word);
	struct word rest = word_from(word, strlen(settings[setting].begin));

	if (!settings[setting].unbound)
		return dnsmasq_line(line, rest, settings[setting].blocks, rule);
	if (word_begins(word, "server:")) /* heads the others */
		return word_trim(rest).len == 0 ? LISTLINE_END : line_not_taken(rule, LINE_SETTING);
	if (word_begins(word, "local-zone:"))
		return local_zone(rest, rule);
	if (word_begins(word, "local-data:"))
		return local_data(rest, rule);
	return line_not_taken(rule, LINE_SETTING);
}
