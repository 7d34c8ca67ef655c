/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/line.h"

#include <strings.h>

#include "base/addr.h"
#include "line/host.h"

bool line_is_address(struct word word)
{
	char text[INET6_ADDRSTRLEN];
	struct ip ip;

	if (word_is(word, "0.0.0.0") || word_is(word, "127.0.0.1"))
		return true;
	word = word_cut(&word, '%');
	if (word.len > 0 && word.text[word.len - 1] == '.')
		word.len--;
	if (word.len >= sizeof(text) || word_has(word, '\0'))
		return false;
	memcpy(text, word.text, word.len);
	text[word.len] = '\0';
	return ip_parse(text, &ip) == ERR_OK;
}

/* A rule that says nothing but what its line is for. */
static void begin_rule(struct listline_rule *rule, uint8_t scope)
{
	rule->kind = (struct domset_kind){.scope = scope};
	rule->pattern.len = 0;
	rule->gives.type = 0;
	rule->denyallow = false;
	rule->badfilter = false;
}

enum listline_verdict line_host(struct word word, uint8_t scope, struct listline_rule *rule)
{
	enum err err;

	if (line_is_address_like(word))
		return line_not_taken(rule, line_is_address(word) ? LINE_ADDRESS : LINE_NUMBER);
	err = host_from_text(word.text, word.len, &rule->owner);
	if (err != ERR_OK)
		return line_not_taken(rule, host_reason(err));
	begin_rule(rule, scope);
	return LISTLINE_RULE;
}

enum listline_verdict line_pattern(struct word text, uint8_t form, struct listline_rule *rule)
{
	begin_rule(rule, DOMSET_SCOPE_ITSELF);
	rule->pattern = (struct pattern_source){text.text, text.len, form};
	return LISTLINE_RULE;
}

/* True when the text `host` is that of a name below the one of `above`. */
static bool lies_below(struct word host, struct word above)
{
	size_t before = host.len - above.len;

	return host.len > above.len + 1 && host.text[before - 1] == '.' &&
	       strncasecmp(host.text + before, above.text, above.len) == 0;
}

enum listline_verdict line_next_more(struct listline *line, struct listline_rule *rule)
{
	struct word more = {line->more, line->more_len};
	struct word above = {line->more_above, line->more_above_len};
	enum listline_verdict verdict = LISTLINE_END;

	while (more.len > 0 && verdict == LISTLINE_END) {
		struct word host = word_cut(&more, line->more_parted);

		if (!above.text || lies_below(host, above))
			verdict = line_host(host, line->more_kind.scope, rule);
	}
	line->more = more.text;
	line->more_len = more.len;
	rule->kind = line->more_kind;
	rule->denyallow = line->more_kind.exception;
	return verdict;
}
