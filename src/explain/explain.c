/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain/explained.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "base/table.h"
#include "dns/rrtype.h"
#include "group/groups.h"
#include "line/host.h"
#include "match/term.h"
#include "explain/zone.h"

#define EXPLAIN_MANUAL_FILE "what was said by command (sinkholectl manual)"
#define CLIENT_PORT 53000 /* none of those that are never answered */

/* ---- the query */

enum err explain_read(const struct explain_text *written, struct explain_question *ret_question,
		      struct err_text *text)
{
	struct explain_question q = {.qtype = TYPE_A};

	if (!written->name)
		return err_set(text, ERR_SYNTAX, "the name is missing");
	if (ip_parse(written->name, &q.address) != ERR_OK &&
	    host_from_written(written->name, &q.name) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "this is no name: %s", written->name);
	if (written->type && rrtype_parse(written->type, &q.qtype) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "there is no such type: %s", written->type);
	if (written->client && ip_parse(written->client, &q.client) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "this is no address: %s", written->client);
	*ret_question = q;
	return ERR_OK;
}

static void put_client(const struct snapshot *s, const struct ip *client, struct endpoint *ret)
{
	struct ip ip = {.family = AF_INET, .bytes = {127, 0, 0, 1}};

	if (client->family)
		ip = *client;
	else if (s->conf->server.allow_count > 0)
		ip = s->conf->server.allow[0].ip;
	memset(ret, 0, sizeof(*ret));
	ret->u.sa.sa_family = ip.family;
	if (ip.family == AF_INET) {
		ret->len = sizeof(ret->u.in);
		ret->u.in.sin_port = htons(CLIENT_PORT);
		memcpy(&ret->u.in.sin_addr, ip.bytes, sizeof(ret->u.in.sin_addr));
	} else {
		ret->len = sizeof(ret->u.in6);
		ret->u.in6.sin6_port = htons(CLIENT_PORT);
		memcpy(&ret->u.in6.sin6_addr, ip.bytes, sizeof(ret->u.in6.sin6_addr));
	}
}

static size_t put_query(const struct name *name, uint16_t qtype, uint8_t *msg)
{
	memset(msg, 0, WIRE_HEADER);
	wire_put16(msg + 2, FLAG_RD);
	wire_put16(msg + 4, 1);
	memcpy(msg + WIRE_HEADER, name->wire, name->len);
	wire_put16(msg + WIRE_HEADER + name->len, qtype);
	wire_put16(msg + WIRE_HEADER + name->len + 2, CLASS_IN);
	return WIRE_HEADER + (size_t)name->len + 4;
}

/* ---- its answer */

/* By the counter that has counted it. */
static const char *verdict_of(const struct stats *stats, enum query_outcome outcome)
{
#define X(field, group, label, of)                                                                 \
	if (strcmp(group, "answers") == 0 && stats->field > 0)                                     \
		return of;
	STATS_GROUPED(X)
#undef X
	return outcome == QUERY_FORWARD ? "forwarded" : "dropped";
}

static void read_answer(const uint8_t *msg, size_t len, struct explanation *e)
{
	size_t pos = WIRE_HEADER + (size_t)e->name.len + 4;
	struct wire_rr rr;

	e->rcode = msg[3] & 15U;
	e->truncated = msg[2] & 2U;
	e->has_records = wire_get16(msg + 6) > 0; /* ANCOUNT */
	while (pos < len && wire_next_rr(msg, len, &pos, &rr) == ERR_OK) {
		if (e->has_address || (rr.type != TYPE_A && rr.type != TYPE_AAAA))
			continue;
		e->has_address = true;
		e->address.family = rr.type == TYPE_A ? AF_INET : AF_INET6;
		memcpy(e->address.bytes, msg + rr.rdata, rr.type == TYPE_A ? 4 : 16);
	}
}

/* ---- the rules */

bool explain_is_blocked(const struct explanation *e)
{
	return strncmp(e->verdict, "blocked", strlen("blocked")) == 0;
}

static bool ends(const struct explanation *e)
{
	return explain_is_blocked(e) || e->outcome != QUERY_ANSWERED;
}

/* Adds those of a set; `decides`: the place of the list that does. */
static void add_rules(const struct policy *policy, const struct domset *set, const struct query *q,
		      unsigned int decides, struct explanation *e)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	domset_lookup(set, &e->name, &q->suffixes, typeset_of(e->qtype), &hits);
	for (uint32_t i = 0; i < hits.count; i++) {
		const struct domset_hit *hit = &hits.hit[i];
		struct domset_rule rule;

		if (e->rule_count == EXPLAIN_RULES_MAX && hit->list != decides)
			continue;
		domset_rule(set, hit->record, &rule);
		e->rule_count -= e->rule_count == EXPLAIN_RULES_MAX;
		e->rules[e->rule_count++] = (struct explain_rule){
			.list = hit->list,
			.decides = hit->list == decides,
			.off = !policy_holds(policy, q->view, hit->list),
			.exception = hit->exception,
			.important = hit->important,
			.scope = rule.kind.scope,
			.answer = rule.kind.answer,
			.data = rule.data,
			.line = rule.line,
			.owner = rule.owner,
			.pattern = rule.pattern,
		};
	}
}

static void find_rules(const struct snapshot *s, const struct query *q, struct explanation *e)
{
	const struct policy *policy = s->policy;
	struct verdict v = policy_match_query(policy, &e->name, &q->suffixes, e->qtype, &q->client,
					      POLICY_NO_LEAVE_IN(q->view));
	bool by_client = v.matched && v.trigger == TRIGGER_CLIENT;
	unsigned int decides = ends(e) && v.matched && !by_client ? v.list : POLICY_PLACES;

	if (policy->manual)
		add_rules(policy, policy->manual->set, q, decides, e);
	add_rules(policy, policy->set, q, decides, e);
	explain_prefixes(s, TRIGGER_CLIENT, &q->client, ends(e) ? &v : NULL, e);
}

enum err explain(const struct snapshot *snapshot, const struct explain_question *question,
		 struct explanation *ret_explanation)
{
	struct explanation e = {.name = question->name, .qtype = question->qtype};
	struct stats stats = {.dropped = 0};
	struct query_env env = {
		.snapshot = snapshot,
		.stats = &stats,
		.name_key = *domset_key(snapshot->policy->set),
		.now_ms = clock_ms(),
		.now_s = (uint32_t)clock_unix_s(),
	};
	uint8_t msg[WIRE_HEADER + QUERY_QUESTION_MAX];
	uint8_t answer[4096];
	struct endpoint from;
	struct query q;
	size_t len = put_query(&e.name, e.qtype, msg);
	enum err err;

	if (question->address.family != 0) {
		explain_address(snapshot, &question->address, ret_explanation);
		return ERR_OK;
	}
	err = cache_create(0, &env.cache);
	if (err != ERR_OK)
		return err;
	put_client(snapshot, &question->client, &from);
	query_begin(&q, &env, msg, len, &from.u.sa, TRANSPORT_UDP);
	e.outcome = query_decide(&q, &env, msg, answer, sizeof(answer), &len);
	e.verdict = verdict_of(&stats, e.outcome);
	e.pool = q.pool;
	e.view = q.view;
	e.client = q.client;
	e.asked = q.qname;
	if (e.outcome == QUERY_ANSWERED)
		read_answer(answer, len, &e);
	name_hash_suffixes(&env.name_key, &e.name, &q.suffixes); /* an alias has others */
	find_rules(snapshot, &q, &e);
	cache_free(env.cache);
	*ret_explanation = e;
	return ERR_OK;
}

/* ---- told */

static void answer_forwarded(const struct explanation *e, char *buf, size_t size)
{
	char asked[NAME_TEXT_MAX];

	if (name_equal(&e->asked, &e->name))
		snprintf(buf, size, "what the upstreams say");
	else
		snprintf(buf, size, "what the upstreams say of %s",
			 name_to_text(e->asked.wire, asked, sizeof(asked)));
}

const char *explain_answer(const struct explanation *e, char *buf, size_t size)
{
	char address[INET6_ADDRSTRLEN];

	if (e->outcome == QUERY_DROPPED)
		snprintf(buf, size, "nothing");
	else if (e->outcome == QUERY_FORWARD)
		answer_forwarded(e, buf, size);
	else if (e->truncated)
		snprintf(buf, size, "truncated, and over TCP what the upstreams say");
	else if (e->has_address)
		snprintf(buf, size, "%s", ip_text(&e->address, address, sizeof(address)));
	else if (e->has_records)
		snprintf(buf, size, "what the rule gives");
	else
		snprintf(buf, size, "%s", e->rcode == 0 ? "no data" : stats_rcode_word(e->rcode));
	return buf;
}

/* NULL: the configuration names it no more, or it is no list of the configuration's. */
static const struct conf_list *conf_of(const struct snapshot *snapshot, size_t index)
{
	const struct conf *conf = snapshot->conf;

	for (size_t i = 0; index < POLICY_LISTS_MAX && i < conf->lists_count; i++)
		if (strcmp(conf->lists[i].name, snapshot->policy->lists[index].name) == 0)
			return &conf->lists[i];
	return NULL;
}

const char *explain_file(const struct snapshot *snapshot, size_t index)
{
	const struct conf_list *list = conf_of(snapshot, index);

	if (index >= POLICY_LISTS_MAX)
		return EXPLAIN_MANUAL_FILE;
	return list ? list->file : "";
}

struct localdata_note explain_note(const struct snapshot *snapshot, const struct explain_rule *rule)
{
	const struct conf_list *list = conf_of(snapshot, rule->list);
	struct localdata_note note = {.family = ""};

	(void)localdata_note_of(snapshot->policy->data, rule->data, &note);
	if (list && !*note.family)
		snprintf(note.family, sizeof(note.family), "%s", list->family);
	return note;
}

const char *explain_subject(const struct explanation *e, char buf[NAME_TEXT_MAX])
{
	return e->of_address.family != 0 ? ip_text(&e->of_address, buf, NAME_TEXT_MAX)
					 : name_to_text(e->name.wire, buf, NAME_TEXT_MAX);
}

const char *explain_owner(const struct explain_rule *rule, char buf[NAME_TEXT_MAX])
{
	size_t len;

	if (rule->prefix.ip.family == 0)
		return domset_rule_text(&rule->owner, rule->pattern, buf);
	len = strlen(ip_text(&rule->prefix.ip, buf, NAME_TEXT_MAX));
	snprintf(buf + len, NAME_TEXT_MAX - len, "/%u", rule->prefix.len);
	return buf;
}

#define STATES(X)                                                                                  \
	X(TERM_NONE, "in force")                                                                   \
	X(TERM_WAITS, "not in force yet")                                                          \
	X(TERM_HOLDS, "in force")                                                                  \
	X(TERM_KEPT, "lapsed, and kept")                                                           \
	X(TERM_LOGS, "lapsed, and only logs")                                                      \
	X(TERM_LIFTED, "lapsed, and lifted")

const char *explain_state(const struct policy_list *list)
{
	static const char *const words[] = {STATES(TABLE_ROW)};
	enum term_state state = term_state(list);

	TABLE_COMPLETE(STATES, TERM_COUNT);
	if ((state == TERM_NONE || state == TERM_HOLDS) && list->action == ACTION_LOG)
		return "only logs";
	return words[state];
}

const char *explain_group(const struct snapshot *snapshot, const struct explanation *e)
{
	const struct conf_group *group = groups_of_view(snapshot->groups, e->view);

	return group ? group->name : NULL;
}

/* Where there are groups, which of them decides for whom. */
static void write_group(const struct snapshot *s, const struct explanation *e, FILE *out)
{
	const char *group = explain_group(s, e);
	char client[INET6_ADDRSTRLEN];

	if (s->groups && e->client.family != 0)
		fprintf(out, "the client %s is in %s%s\n",
			ip_text(&e->client, client, sizeof(client)),
			group ? "the group " : "no group", group ? group : "");
	if (e->outcome == QUERY_FORWARD && s->pools[e->pool].group)
		fprintf(out, "asked of the upstreams of the group %s\n", s->pools[e->pool].group);
}

/* Of whose family the rule is, and by which ticket it is known. */
static void write_note(const struct snapshot *s, const struct explain_rule *rule, FILE *out)
{
	const struct localdata_note note = explain_note(s, rule);

	if (*note.family)
		fprintf(out, ", family %s", note.family);
	if (*note.ticket)
		fprintf(out, ", ticket %s", note.ticket);
}

static void write_rule(const struct snapshot *s, const struct explain_rule *rule, FILE *out)
{
	const struct policy_list *list = &s->policy->lists[rule->list];
	const char *state = explain_state(list);
	bool plain = strcmp(state, "in force") == 0;
	uint32_t line = rule->line;
	char owner[NAME_TEXT_MAX];

	fprintf(out, "list %s%s%s%s%s: ", list->name, list->mandatory ? " (mandatory)" : "",
		plain ? "" : " (", plain ? "" : state, plain ? "" : ")");
	if (rule->answer == DOMSET_ANSWER_NOTHING) {
		line = explain_zone_cut_line(s, rule);
		fprintf(out, "no wildcard holds at or below %s, which the zone has",
			name_to_text(rule->owner.wire, owner, sizeof(owner)));
	} else if (list->zone) {
		explain_zone_rule(s, rule, explain_owner(rule, owner), out);
	} else {
		fprintf(out, "%s%s%s", rule->exception ? "exception for " : "",
			rule->important ? "important " : "", explain_owner(rule, owner));
	}
	fprintf(out, ", line %u of %s", line, explain_file(s, rule->list));
	write_note(s, rule, out);
	fprintf(out, "%s\n",
		rule->decides ? ": this decides"
		: rule->off   ? ": it does not hold for this client"
			      : "");
}

bool explain_is_open(const struct snapshot *snapshot, const struct explanation *e,
		     unsigned int list)
{
	const struct policy *policy = snapshot->policy;

	return e->outcome == QUERY_FORWARD && e->of_address.family == 0 &&
	       policy->lists[list].servers && !policy_is_silent(policy, list) &&
	       policy_holds(policy, e->view, list);
}

/* Whose rules for name servers are not asked. */
static void write_open(const struct snapshot *s, const struct explanation *e, FILE *out)
{
	for (unsigned int i = 0; i < s->policy->list_count; i++)
		if (explain_is_open(s, e, i))
			fprintf(out,
				"list %s: has rules for name servers; who serves the name is not "
				"asked here%s\n",
				s->policy->lists[i].name,
				query_seeks_servers(s)
					? ""
					: ", nor by the service (outgoing.ns-lookup: off)");
}

enum err explain_write(const struct snapshot *snapshot, const struct explanation *e, FILE *out)
{
	char text[NAME_TEXT_MAX];
	char type[RRTYPE_TEXT_MAX];

	fprintf(out, "%s %s: %s", explain_subject(e, text),
		rrtype_text(e->qtype, type, sizeof(type)), e->verdict);
	fprintf(out, "; answered: %s\n", explain_answer(e, text, sizeof(text)));
	write_group(snapshot, e, out);
	for (size_t i = 0; i < e->rule_count; i++)
		write_rule(snapshot, &e->rules[i], out);
	if (e->rule_count == 0)
		fputs("no list has it\n", out);
	if (e->outcome == QUERY_FORWARD && e->pool > 0 && !snapshot->pools[e->pool].group)
		fprintf(out, "asked of the upstreams of %s\n",
			name_to_text(snapshot->pools[e->pool].zone.wire, text, sizeof(text)));
	write_open(snapshot, e, out);
	return fflush(out) == 0 && !ferror(out) ? ERR_OK : ERR_SYS;
}
