/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain/zone.h"

#include "dns/rrtype.h"

static void write_data(const struct localdata *data, uint32_t number, FILE *out)
{
	char name[NAME_TEXT_MAX];
	char type[RRTYPE_TEXT_MAX];
	struct localdata_record record;
	struct localdata_iter iter;

	if (number == 0)
		return;
	localdata_iter_init(&iter, data, number);
	while (localdata_iter_next(&iter, &record)) {
		fprintf(out, " %s", rrtype_text(record.type, type, sizeof(type)));
		if (record.type == TYPE_CNAME)
			fprintf(out, " %s.", name_to_text(record.rdata, name, sizeof(name)));
	}
}

void explain_zone_rule(const struct snapshot *snapshot, const struct explain_rule *rule,
		       const char *owner, FILE *out)
{
	static const char *const targets[DOMSET_ANSWER_COUNT] = {
		[DOMSET_ANSWER_NXDOMAIN] = " CNAME .",
		[DOMSET_ANSWER_NODATA] = " CNAME *.",
		[DOMSET_ANSWER_DROP] = " CNAME rpz-drop.",
		[DOMSET_ANSWER_PASS] = " CNAME rpz-passthru.",
		[DOMSET_ANSWER_TCP_ONLY] = " CNAME rpz-tcp-only.",
	};
	const char *target = targets[rule->answer];

	fprintf(out, "%s%s%s", rule->scope == DOMSET_SCOPE_BELOW ? "*." : "", owner,
		target ? target : "");
	if (rule->answer == DOMSET_ANSWER_DATA)
		write_data(snapshot->policy->data, rule->data, out);
}

uint32_t explain_zone_cut_line(const struct snapshot *snapshot, const struct explain_rule *cut)
{
	struct domset_iter iter;
	struct domset_rule rule;

	domset_iter_init_list(&iter, snapshot->policy->set, cut->list);
	while (domset_iter_next(&iter, &rule) && rule.list == cut->list)
		if (!rule.kind.exception && name_is_below(&rule.owner, &cut->owner))
			return rule.line;
	return cut->line;
}
