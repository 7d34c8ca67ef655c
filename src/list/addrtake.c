/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/addrtake.h"

enum err addrtake_range(const struct listfile_options *options, struct list_report *report,
			const struct addrline_range *range, uint32_t data, struct word line)
{
	const char *held = options->addrguard ? addrguard_entry(options->addrguard, range) : NULL;
	struct addrset_rule rule = {.list = options->list, .line = report->lines, .data = data};
	struct addrline_range rest = *range;
	enum err err = ERR_OK;

	if (held) {
		report_held_text(report, report->lines, held, line.text, line.len);
		return ERR_OK;
	}
	report->entries++;
	while (err == ERR_OK && addrline_next_prefix(&rest, &rule.prefix))
		err = addrset_builder_add(options->addresses, &rule);
	return err;
}

bool addrtake_is_range(const struct listfile_options *options, struct word line,
		       struct addrline_range *ret_range)
{
	enum list_reason reason;

	line = word_trim(line);
	if (!options->addresses)
		return false;
	if (word_begins(line, "||") && line.text[line.len - 1] == '^')
		line = (struct word){line.text + 2, line.len - 3};
	return addrline_parse(line.text, line.len, ret_range, &reason) == LISTLINE_RULE;
}
