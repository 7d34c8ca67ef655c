/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of the columns of lists that are tables. */
#include <string.h>

#include "conf/rules.h"

static bool is_separator(const char *text)
{
	return !*text || strcmp(text, "tab") == 0 || (strchr(",;|", *text) && !text[1]);
}

void conf_rule_columns(struct conf_place *place, const struct conf_node *node,
		       const struct conf_list *list)
{
	const struct conf_columns *columns = &list->columns;
	const struct conf_node *own = conf_node_find(node, "columns");
	bool table = list_format_is_table(list->format);

	if (table && columns->preset == TABLE_PRESET_NONE && !*columns->name && !*columns->address)
		fail_key(place, node, "columns",
			 "expected a preset, a name or an address, as format is %s",
			 list_format_str(list->format));
	if (!table && (columns->preset != TABLE_PRESET_NONE || *columns->name || *columns->address))
		fail_key(place, node, "columns", "expected format csv or json, whose they are");
	if (!is_separator(columns->separator))
		fail_key(place, own, "separator", "expected one of , ; | or tab, got \"%s\"",
			 columns->separator);
	if (columns->below_score > 0 && columns->below_score <= columns->least_score)
		fail_key(place, own, "below-score", "expected more than least-score, %u, got %u",
			 columns->least_score, columns->below_score);
}
