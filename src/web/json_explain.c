/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/rrtype.h"
#include "explain/explain.h"
#include "web/json.h"

static json_t *rule(const struct snapshot *s, const struct explain_rule *r)
{
	const struct policy_list *list = &s->policy->lists[r->list];
	char owner[NAME_TEXT_MAX];
	struct localdata_note note = explain_note(s, r);

	return json_pack("{s:s, s:o, s:i, s:s, s:b, s:b, s:b, s:b, s:b, s:s, s:o, s:o}", "list",
			 list->name, "file", json_text(explain_file(s, r->list)), "line",
			 (int)r->line, "owner", explain_owner(r, owner), "mandatory",
			 list->mandatory, "exception", r->exception, "important", r->important,
			 "decides", r->decides, "holds", !r->off, "state", explain_state(list),
			 "family", json_text(note.family), "ticket", json_text(note.ticket));
}

json_t *json_explain(const struct snapshot *s, const struct explanation *e)
{
	json_t *rules = json_array();
	json_t *open = json_array();
	char name[NAME_TEXT_MAX];
	char type[RRTYPE_TEXT_MAX];
	char answer[64];

	for (size_t i = 0; i < e->rule_count; i++)
		json_array_append_new(rules, rule(s, &e->rules[i]));
	for (unsigned int i = 0; i < s->policy->list_count; i++)
		if (explain_is_open(s, e, i))
			json_array_append_new(open, json_string(s->policy->lists[i].name));
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s?, s:I, s:o, s:o}", "name", explain_subject(e, name),
		"type", rrtype_text(e->qtype, type, sizeof(type)), "verdict", e->verdict, "answer",
		explain_answer(e, answer, sizeof(answer)), "group", explain_group(s, e),
		"generation", (json_int_t)s->generation, "rules", rules, "servers-unknown", open);
}
