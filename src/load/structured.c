/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of a list's names to clients that read JSON (draft-ietf-dnsop-structured-dns-error;
 * "fdbs": draft-ietf-dnsop-filtering-transparency): made once a load, so that answers copy octets.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"

#define TEXT_MAX 192U /* octets of a text with its NUL: all of them have to fit into an OPT */

/* What is left out, the first first, while it does not fit. */
enum thrift {
	THRIFT_NONE,
	THRIFT_ORGANIZATION,
	THRIFT_CONTACTS, /* all but the first */
	THRIFT_RECORDS,
	THRIFT_AUTHORITY, /* the list's name is said, nothing of its order */
	THRIFT_COUNT,
};

static bool has(const char *text)
{
	return text && *text;
}

/* A string as I-JSON may have it (RFC 7493, 2.1). */
static json_t *string_of(const char *text)
{
	char clean[TEXT_MAX];

	ede_clean_text(text, clean, sizeof(clean));
	return json_string(clean);
}

static void add_contact(json_t *contacts, const char *text)
{
	bool uri = strncmp(text, "tel:", 4) == 0 || strncmp(text, "sips:", 5) == 0 ||
		   strncmp(text, "mailto:", 7) == 0;
	char mail[TEXT_MAX];

	if (strlen(text) + sizeof("mailto:") > TEXT_MAX || strpbrk(text, " \t\r\n<>\""))
		return;
	snprintf(mail, sizeof(mail), "%s%s", uri ? "" : "mailto:", text);
	if (uri || (strchr(text, '@') && !strchr(text, ':')))
		json_array_append_new(contacts, string_of(mail));
}

static json_t *contacts_of(const struct conf *conf, const struct conf_list *list, bool one)
{
	json_t *contacts = json_array();

	if (has(list->authority.contact))
		add_contact(contacts, list->authority.contact);
	for (size_t i = 0; i < conf->structured.contact_count; i++)
		if (!one || json_array_size(contacts) == 0)
			add_contact(contacts, conf->structured.contact[i]);
	return contacts;
}

static json_t *justification_of(const struct conf_list *list, bool brief)
{
	const struct conf_authority *a = &list->authority;
	char text[1024];

	if (brief)
		return string_of(list->name);
	snprintf(text, sizeof(text), "%s%s%s%s%s", list->name, has(a->court) ? "; " : "",
		 has(a->court) ? a->court : "", has(a->case_id) ? "; case " : "",
		 has(a->case_id) ? a->case_id : "");
	return string_of(text);
}

/* References to entries of public databases of what is filtered. */
static json_t *records_of(const struct conf_list *list)
{
	json_t *records = json_array();

	for (size_t i = 0; i < list->authority.public_record_count; i++) {
		const char *record = list->authority.public_record[i];
		const char *id = strchr(record, ':');
		char db[TEXT_MAX];

		if (!id || (size_t)(id - record) >= sizeof(db))
			continue;
		snprintf(db, sizeof(db), "%.*s", (int)(id - record), record);
		json_array_append_new(records, json_pack("{s:o,s:o}", "db", string_of(db), "id",
							 string_of(id + 1)));
	}
	return records;
}

/* NULL: no memory. */
static char *json_of(const struct conf *conf, const struct conf_list *list, enum thrift thrift)
{
	const struct conf_structured *s = &conf->structured;
	json_t *said =
		json_pack("{s:o,s:o}", "c", contacts_of(conf, list, thrift >= THRIFT_CONTACTS), "j",
			  justification_of(list, thrift >= THRIFT_AUTHORITY));
	char *text;

	if (has(s->organization) && thrift < THRIFT_ORGANIZATION)
		json_object_set_new(said, "o", string_of(s->organization));
	if (has(s->language))
		json_object_set_new(said, "l", string_of(s->language));
	if (list->authority.public_record_count > 0 && thrift < THRIFT_RECORDS)
		json_object_set_new(said, "fdbs", records_of(list));
	text = said ? json_dumps(said, JSON_COMPACT) : NULL;
	json_decref(said);
	return text;
}

static void describe(const struct conf *conf, const struct conf_list *list,
		     struct policy_list *ret_list)
{
	json_t *contacts = contacts_of(conf, list, true);
	bool fits = json_array_size(contacts) == 0; /* "c" has to say something */

	json_decref(contacts);
	for (enum thrift thrift = THRIFT_NONE; thrift < THRIFT_COUNT && !fits; thrift++) {
		char *text = json_of(conf, list, thrift);

		fits = text &&
		       policy_list_describe_json(ret_list, list->reason, text, strlen(text));
		free(text);
	}
}

void loader_describe_structured(const struct conf *conf, struct policy *policy)
{
	struct conf_list block = {
		.name = (char[]){POLICY_MANUAL_BLOCK_NAME},
		.reason = REASON_OPERATOR,
	};

	if (conf->structured.option == 0)
		return;
	for (size_t i = 0; i < policy->list_count; i++)
		describe(conf, &conf->lists[i], &policy->lists[i]);
	describe(conf, &block, &policy->lists[POLICY_MANUAL_BLOCK]);
	block.name = policy->lists[POLICY_REBINDING].name;
	describe(conf, &block, &policy->lists[POLICY_REBINDING]);
}
