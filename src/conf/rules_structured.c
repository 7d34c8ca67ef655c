/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with what clients are told as JSON. */
#include <string.h>

#include "conf/rules.h"

#define KNOWN_CODES 20U /* EDNS options up to this one have a meaning (IANA's registry) */

static bool is_contact(const char *text)
{
	static const char *const schemes[] = {"tel:", "sips:", "mailto:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(text, schemes[i], len) == 0)
			return text[len] != '\0' && strpbrk(text, " \t\r\n") == NULL;
	}
	return false;
}

void conf_rules_structured(struct conf_place *place, const struct conf_node *node,
			   const struct conf *conf)
{
	const struct conf_structured *s = &conf->structured;

	if (s->option > 0 && s->option <= KNOWN_CODES)
		fail_key(place, node, "option",
			 "expected 0 or a code over %u: EDNS option %u is another", KNOWN_CODES,
			 s->option);
	for (size_t i = 0; i < s->contact_count; i++)
		if (!is_contact(s->contact[i]))
			fail_key(place, node, "contact",
				 "expected a URI of tel, sips or mailto, got \"%s\"",
				 s->contact[i]);
}

void conf_rule_public_record(const struct items *items, const struct conf_node *node,
			     const struct conf_list *list)
{
	const struct conf_node *authority = conf_node_find(node, "authority");
	size_t before = conf_place_enter(items->place, "authority");

	for (size_t i = 0; i < list->authority.public_record_count; i++) {
		const char *record = list->authority.public_record[i];
		const char *colon = strchr(record, ':');

		if (!colon || colon == record || colon[1] == '\0')
			fail_key(items->place, authority, "public-record",
				 "expected a database and a record as DATABASE:ID, got \"%s\"",
				 record);
	}
	conf_place_leave(items->place, before);
}
