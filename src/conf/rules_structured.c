/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with what clients are told as JSON. */
#include <string.h>

#include "conf/rules.h"

#define KNOWN_CODES 20U /* EDNS options up to this one have a meaning (IANA's registry) */
#define TAG_OCTETS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

/* Octets that a URI may have (RFC 3986, 2): none that JSON or a page would have to write otherwise.
 */
static bool is_uri_text(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}", text[i]))
			return false;
	return len > 0 && len <= CONF_CONTACT_OCTETS_MAX;
}

static bool is_contact(const char *text)
{
	static const char *const schemes[] = {"tel:", "sips:", "mailto:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(text, schemes[i], len) == 0)
			return text[len] != '\0' && is_uri_text(text);
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
				 "expected a URI of tel, sips or mailto, of at most %u octets, "
				 "got \"%s\"",
				 CONF_CONTACT_OCTETS_MAX, s->contact[i]);
	if (s->language && strspn(s->language, TAG_OCTETS) != strlen(s->language))
		fail_key(place, node, "language",
			 "expected a tag of BCP 47 such as pt-BR, got \"%s\"", s->language);
}

void conf_rule_public_record(const struct items *items, const struct conf_node *node,
			     const struct conf_list *list)
{
	const struct conf_node *authority = conf_node_find(node, "authority");
	size_t before = conf_place_enter(items->place, "authority");

	for (size_t i = 0; i < list->authority.public_record_count; i++) {
		const char *record = list->authority.public_record[i];
		const char *colon = strchr(record, ':');

		if (!colon || colon == record || colon[1] == '\0' ||
		    strlen(record) > CONF_PUBLIC_RECORD_OCTETS_MAX)
			fail_key(items->place, authority, "public-record",
				 "expected a database and a record as DATABASE:ID, of at most %u "
				 "octets, got \"%s\"",
				 CONF_PUBLIC_RECORD_OCTETS_MAX, record);
	}
	conf_place_leave(items->place, before);
}
