/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STIX 2.1: a bundle, with a sighting for each finding, the indicator that was seen (the listed
 * name), and the data that were observed (the client and the name).  IDs are made of what they
 * stand for: the same finding has the same in the next report.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "report/sink.h"

#define COUNT_MAX 999999999U
#define ID_MAX 64
#define TEXT_MAX_STIX 2600

struct stix {
	char identity[ID_MAX];
	char first[REPORT_TIME_MAX]; /* of the finding */
	char last[REPORT_TIME_MAX];
	char now[REPORT_TIME_MAX];
	bool is_open;	/* the bundle has an object */
	uint64_t *seen; /* of objects that stand in the bundle, by their IDs; 0: a free place */
	size_t seen_size;
	size_t seen_count;
};

/* With the milliseconds that created and modified must have. */
static void stix_time(uint64_t time_s, char buf[REPORT_TIME_MAX])
{
	report_time(time_s, buf);
	memcpy(buf + 19, ".000Z", sizeof(".000Z"));
}

static const char *id_of(const char *type, const char *text, char id[ID_MAX])
{
	char whole[TEXT_MAX_STIX];
	char uuid[REPORT_UUID_MAX];

	snprintf(whole, sizeof(whole), "%s|%s", type, text);
	snprintf(id, ID_MAX, "%s--%s", type, report_uuid(whole, uuid));
	return id;
}

static uint64_t *place_of(uint64_t *seen, size_t size, uint64_t key)
{
	size_t i = key & (size - 1);

	while (seen[i] && seen[i] != key)
		i = (i + 1) & (size - 1);
	return &seen[i];
}

static bool grow(struct stix *s)
{
	size_t size = s->seen_size ? 2 * s->seen_size : 1024;
	uint64_t *seen = calloc(size, sizeof(*seen));

	if (!seen)
		return false;
	for (size_t i = 0; i < s->seen_size; i++)
		if (s->seen[i])
			*place_of(seen, size, s->seen[i]) = s->seen[i];
	free(s->seen);
	s->seen = seen;
	s->seen_size = size;
	return true;
}

/* True when no object with this ID stands in the bundle yet; one is taken to from now on. */
static bool is_new(struct sink *sink, const char *id)
{
	struct stix *s = sink->own;
	uint64_t *place;
	uint64_t key;

	if (2 * s->seen_count >= s->seen_size && !grow(s)) {
		sink->err = err_set(sink->text, ERR_NOMEM, "out of memory");
		return false;
	}
	/* of the last 48 bits and the 12 before: random enough, as they are a digest's */
	key = strtoull(strrchr(id, '-') + 1, NULL, 16) << 16 |
	      strtoull(strstr(id, "--") + 2, NULL, 16) % 65521;
	key += key == 0;
	place = place_of(s->seen, s->seen_size, key);
	if (*place)
		return false;
	*place = key;
	s->seen_count++;
	return true;
}

static void put(struct sink *sink, json_t *object)
{
	struct stix *s = sink->own;

	fputs(s->is_open ? ",\n" : "[\n", sink->out);
	s->is_open = true;
	report_line(sink, object);
}

static enum err begin(struct sink *sink)
{
	struct stix *s = calloc(1, sizeof(*s));
	struct hash_key key; /* two bundles are never the same */
	char text[64];
	char uuid[REPORT_UUID_MAX];

	if (!s || hash_key_random(&key) != ERR_OK) {
		free(s);
		return err_set(sink->text, ERR_NOMEM, "out of memory");
	}
	sink->own = s;
	stix_time(sink->query->now_s, s->now);
	id_of("identity", sink->query->org ? sink->query->org : "sinkholed", s->identity);
	snprintf(text, sizeof(text), "bundle|%llx|%u", (unsigned long long)key.k0,
		 sink->query->now_s);
	fprintf(sink->out, "{\"type\":\"bundle\",\"id\":\"bundle--%s\"", report_uuid(text, uuid));
	return ERR_OK;
}

static void put_identity(struct sink *sink)
{
	const char *org = sink->query->org ? sink->query->org : "sinkholed";
	struct stix *s = sink->own;

	if (is_new(sink, s->identity))
		put(sink, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "type", "identity",
				    "spec_version", "2.1", "id", s->identity, "created", s->now,
				    "modified", s->now, "name", report_string(org),
				    "identity_class", "organization"));
}

/* The order, where its case or its pages are known. */
static void set_references(json_t *indicator, const struct archive_row *row)
{
	json_t *references = json_array();
	json_t *order = json_object();

	report_set(order, "source_name", *row->list.court ? row->list.court : row->list.name);
	report_set(order, "external_id", row->list.case_id);
	report_set(order, "url", row->list.url);
	report_set(order, "description", row->list.contact);
	if (json_object_size(order) > 1) /* a name alone refers to nothing */
		json_array_append_new(references, order);
	else
		json_decref(order);
	if (*report_ticket(row))
		json_array_append_new(references,
				      json_pack("{s:o, s:o}", "source_name",
						report_string(row->list.name), "external_id",
						report_string(report_ticket(row))));
	if (*row->list.remedy)
		json_array_append_new(references,
				      json_pack("{s:s, s:o}", "source_name", "remedy", "url",
						report_string(row->list.remedy)));
	if (json_array_size(references) > 0)
		json_object_set_new(indicator, "external_references", references);
	else
		json_decref(references);
}

/* [domain-name:value = 'a\'b'] */
static json_t *pattern_of(const char *name)
{
	char pattern[TEXT_MAX_STIX];
	size_t len = (size_t)snprintf(pattern, sizeof(pattern), "[domain-name:value = '");

	for (; *name && len < sizeof(pattern) - 8; name++) {
		if (*name == '\'' || *name == '\\')
			pattern[len++] = '\\';
		pattern[len++] = *name;
	}
	snprintf(pattern + len, sizeof(pattern) - len, "']");
	return report_string(pattern);
}

static void put_indicator(struct sink *sink, const struct archive_row *row, char id[ID_MAX])
{
	const char *listed = report_listed(row);
	struct stix *s = sink->own;
	char text[TEXT_MAX_STIX];
	json_t *indicator;

	if (!*listed)
		listed = row->finding.name;
	snprintf(text, sizeof(text), "%s|%s", row->list.name, listed);
	if (!is_new(sink, id_of("indicator", text, id)))
		return;
	indicator =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:[s], s:o, s:s, s:s}", "type",
			  "indicator", "spec_version", "2.1", "id", id, "created", s->now,
			  "modified", s->now, "created_by_ref", s->identity, "name",
			  report_string(listed), "indicator_types", "malicious-activity", "pattern",
			  pattern_of(listed), "pattern_type", "stix", "valid_from", s->first);
	set_references(indicator, row);
	if (*row->list.family)
		json_object_set_new(indicator, "labels",
				    json_pack("[o]", report_string(row->list.family)));
	put(sink, indicator);
}

static void put_observable(struct sink *sink, const char *type, const char *value, char id[ID_MAX])
{
	if (is_new(sink, id_of(type, value, id)))
		put(sink, json_pack("{s:s, s:s, s:s, s:o}", "type", type, "spec_version", "2.1",
				    "id", id, "value", report_string(value)));
}

/* The client's name as one that leads to its address; false: there is none.  What a client calls
 * itself is no such name: it may be anybody's. */
static bool put_host(struct sink *sink, const struct archive_row *row, const char *client,
		     char id[ID_MAX])
{
	if (!strchr(report_host(row), '.') ||
	    strcmp(row->hostname_from, report_source_word(REPORT_SOURCE_LEASE)) == 0)
		return false;
	if (is_new(sink, id_of("domain-name", report_host(row), id)))
		put(sink, json_pack("{s:s, s:s, s:s, s:o, s:[s]}", "type", "domain-name",
				    "spec_version", "2.1", "id", id, "value",
				    report_string(report_host(row)), "resolves_to_refs", client));
	return true;
}

static json_int_t count_of(const struct archive_row *row)
{
	uint64_t count = row->finding.count;

	return (json_int_t)(count > COUNT_MAX ? COUNT_MAX : count < 1 ? 1 : count);
}

static void put_data(struct sink *sink, const struct archive_row *row, json_t *refs,
		     const char *text, char id[ID_MAX])
{
	struct stix *s = sink->own;

	id_of("observed-data", text, id);
	put(sink,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "type", "observed-data",
		      "spec_version", "2.1", "id", id, "created", s->now, "modified", s->now,
		      "created_by_ref", s->identity, "first_observed", s->first, "last_observed",
		      s->last, "number_observed", count_of(row), "object_refs", refs));
}

/* `refs` is taken. */
static void put_sighting(struct sink *sink, const struct archive_row *row, const char *indicator,
			 json_t *refs)
{
	struct stix *s = sink->own;
	char text[TEXT_MAX_STIX];
	char types[REPORT_WORDS_MAX];
	char id[ID_MAX];
	char data[ID_MAX];

	snprintf(text, sizeof(text), "%s|%s|%s", report_client(row), row->list.name,
		 row->finding.name);
	put_data(sink, row, refs, text, data);
	id_of("sighting", text, id);
	snprintf(text, sizeof(text), "%s; %llu queries with the address verified",
		 report_types(row->finding.types, types), (unsigned long long)row->finding.proven);
	put(sink, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:[s], s:[s]}",
			    "type", "sighting", "spec_version", "2.1", "id", id, "created", s->now,
			    "modified", s->now, "created_by_ref", s->identity, "first_seen",
			    s->first, "last_seen", s->last, "count", count_of(row), "description",
			    text, "sighting_of_ref", indicator, "observed_data_refs", data,
			    "where_sighted_refs", s->identity));
}

static void row_stix(struct sink *sink, const struct archive_row *row)
{
	bool is_ipv6 = strchr(report_client(row), ':') != NULL;
	struct stix *s = sink->own;
	char indicator[ID_MAX];
	char client[ID_MAX];
	char name[ID_MAX];
	char host[ID_MAX];
	json_t *refs;

	stix_time(row->finding.first_s, s->first);
	stix_time(row->finding.last_s, s->last);
	if (!s->is_open)
		fputs(",\"objects\":", sink->out);
	put_identity(sink);
	put_indicator(sink, row, indicator);
	put_observable(sink, is_ipv6 ? "ipv6-addr" : "ipv4-addr", report_client(row), client);
	put_observable(sink, "domain-name", row->finding.name, name);
	refs = json_pack("[s, s]", client, name);
	if (put_host(sink, row, client, host))
		json_array_append_new(refs, json_string(host));
	put_sighting(sink, row, indicator, refs);
}

static void end(struct sink *sink)
{
	struct stix *s = sink->own;

	fputs(s->is_open ? "]}\n" : "}\n", sink->out);
	free(s->seen);
	free(s);
}

const struct format format_stix = {
	.whole = true, .prefixes = true, .begin = begin, .row = row_stix, .end = end};
