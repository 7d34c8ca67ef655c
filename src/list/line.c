/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/line.h"

#include "base/addr.h"
#include "list/host.h"

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

enum listline_verdict line_host(struct word word, uint8_t scope, struct listline_rule *rule)
{
	enum err err;

	if (line_is_address_like(word))
		return line_not_taken(rule, line_is_address(word) ? LINE_ADDRESS : LINE_NUMBER);
	err = host_from_text(word.text, word.len, &rule->owner);
	if (err != ERR_OK)
		return line_not_taken(rule, host_reason(err));
	rule->kind = (struct domset_kind){.scope = scope};
	return LISTLINE_RULE;
}
