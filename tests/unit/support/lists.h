/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies and snapshots from tables of lists and rules, for tests and fuzzers. */
#ifndef SUPPORT_LISTS_H
#define SUPPORT_LISTS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/rules.h"
#include "query/snapshot.h"

/* A list, and its rules with blanks between them: "x" and below, "=x" alone, "<x" only below,
 * "@" before it for an exception, "!" for an important rule, "$" for questions of type A alone, "~"
 * for all others; "#192.0.2.0/24" is a prefix, "/x/" a regular expression.  Of a zone "^x" is a
 * name server, and below, and "%192.0.2.0/24" the addresses of some. */
struct list_row {
	const char *name;
	enum action action;
	const char *rules;
	enum reason reason;
	bool mandatory;
	const char *ipv4;
	const char *ipv6;
	const char *case_number;
	bool zone;
};

#define LISTS_KEY ((struct hash_key){0x1122334455667788ULL, 0x99aabbccddeeff00ULL})
#define LISTS_TTL_S 60U

/* What must not fail where there is no test to fail. */
#define lists_require(condition)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static inline void lists_add_pattern(struct domset_builder *builder, const char *text, size_t len,
				     const struct domset_kind *kind, uint32_t line)
{
	struct pattern_source source = {text, len, PATTERN_REGEX};
	struct pattern *pattern;

	lists_require(pattern_create(&source, &pattern) == ERR_OK);
	lists_require(domset_builder_add_pattern(
			      builder, &(struct domset_rule){.kind = *kind,
							     .line = line,
							     .pattern = pattern}) == ERR_OK);
	pattern_unref(pattern);
}

static inline void lists_add_prefix(struct addrset_builder *builder, const char *text, size_t len,
				    struct addrset_rule rule)
{
	char prefix[64];

	lists_require(len < sizeof(prefix));
	memcpy(prefix, text, len);
	prefix[len] = '\0';
	lists_require(prefix_parse(prefix, &rule.prefix) == ERR_OK);
	lists_require(addrset_builder_add(builder, &rule) == ERR_OK);
}

static inline void lists_add_rule(struct rules *rules, const char *text, size_t len, uint32_t list,
				  uint32_t line)
{
	struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	struct name owner;

	if (*text == '#' || *text == '%') {
		lists_add_prefix(
			rules->addresses[*text == '#' ? TRIGGER_ADDRESS : TRIGGER_SERVER_ADDRESS],
			text + 1, len - 1, (struct addrset_rule){.list = list, .line = line});
		return;
	}
	if (*text == '^') {
		lists_require(name_from_text(text + 1, len - 1, &owner) == ERR_OK);
		lists_require(domset_builder_add(rules->servers, &owner, &kind, line) == ERR_OK);
		return;
	}
	for (; len > 0 && strchr("=<@!$~", *text); text++, len--) {
		kind.scope = *text == '=' ? DOMSET_SCOPE_ITSELF : kind.scope;
		kind.scope = *text == '<' ? DOMSET_SCOPE_BELOW : kind.scope;
		kind.exception = kind.exception || *text == '@';
		kind.important = kind.important || *text == '!';
		kind.types = *text == '$' ? typeset_of(1) : kind.types;
		kind.types = *text == '~' ? ~typeset_of(1) : kind.types;
	}
	if (*text == '/') {
		lists_add_pattern(rules->names, text + 1, len - 2, &kind, line);
		return;
	}
	lists_require(name_from_text(text, len, &owner) == ERR_OK);
	lists_require(domset_builder_add(rules->names, &owner, &kind, line) == ERR_OK);
}

static inline void lists_fill(struct policy_list *list, const struct list_row *row)
{
	struct ip ip;

	*list = (struct policy_list){
		.action = row->action,
		.mandatory = row->mandatory,
		.zone = row->zone,
		.has_ipv4 = row->ipv4 != NULL,
		.has_ipv6 = row->ipv6 != NULL,
		.ttl_s = LISTS_TTL_S,
	};
	snprintf(list->name, sizeof(list->name), "%s", row->name);
	if (row->ipv4) {
		lists_require(ip_parse(row->ipv4, &ip) == ERR_OK);
		memcpy(list->ipv4, ip.bytes, sizeof(list->ipv4));
	}
	if (row->ipv6) {
		lists_require(ip_parse(row->ipv6, &ip) == ERR_OK);
		memcpy(list->ipv6, ip.bytes, sizeof(list->ipv6));
	}
	policy_list_describe(list, row->reason, row->case_number ? row->case_number : "");
}

static inline struct policy *lists_policy(const struct list_row *rows, size_t count)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	const struct hash_key key = LISTS_KEY;
	struct rules all;

	lists_require(policy && count <= POLICY_LISTS_MAX);
	lists_require(rules_init(&key, &all) == ERR_OK);
	for (size_t i = 0; i < count; i++) {
		const char *rules = rows[i].rules;

		lists_require(rules_begin(&all, (unsigned int)i) == ERR_OK);
		for (uint32_t line = 1; *rules; line++) {
			size_t len = strcspn(rules, " ");

			lists_add_rule(&all, rules, len, (uint32_t)i, line);
			rules += len + (rules[len] == ' ');
		}
		lists_fill(&policy->lists[i], &rows[i]);
	}
	policy->list_count = count;
	lists_require(rules_freeze(&all, policy) == ERR_OK);
	rules_fini(&all);
	policy_describe_rebinding(policy);
	return policy;
}

/* A snapshot of these lists and the default configuration, freed by snapshot_free. */
static inline struct snapshot *lists_snapshot(uint64_t generation, const struct list_row *rows,
					      size_t count)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	lists_require(s && conf_default(&s->conf) == ERR_OK);
	s->generation = generation;
	s->policy = lists_policy(rows, count);
	lists_require(prefix_set_create(s->conf->server.allow, s->conf->server.allow_count,
					&s->allow) == ERR_OK);
	s->ttl = snapshot_ttl_limits(&s->conf->cache);
	return s;
}

#endif
