/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules in force that stay in force. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "list/addrguard.h"
#include "list/guard.h"
#include "list/listfile.h"
#include "load/load.h"

/* What becomes of rules that are held against another configuration than they were read by. */
struct gate {
	struct listfile_options reading;
	bool overridden; /* of a zone: every rule does what the list does */
	bool bound; /* a mandatory zone, where no rule for clients, addresses or servers lifts */
	struct list_report report;
	bool left; /* a rule that is no exception */
};

/* As if the rule had been read now. */
static bool take(void *arg, struct domset_rule *rule)
{
	struct gate *gate = arg;
	char text[NAME_TEXT_MAX];
	const char *held;
	const char *what;

	if (gate->reading.pass)
		rule->kind = (struct domset_kind){.scope = rule->kind.scope,
						  .important = rule->kind.important};
	if (gate->overridden && !rule->kind.exception) {
		rule->kind.answer = DOMSET_ANSWER_LIST;
		rule->data = 0;
	}
	if (rule->pattern)
		held = guard_pattern(gate->reading.guard, rule->pattern, &rule->kind,
				     gate->reading.allowed);
	else
		held = guard_entry(gate->reading.guard, &rule->owner, &rule->kind,
				   gate->reading.allowed);
	what = domset_rule_text(&rule->owner, rule->pattern, text);
	if (held)
		report_held_text(&gate->report, rule->line, held, what, strlen(what));
	else
		gate->left |= !rule->kind.exception;
	return !held;
}

static bool take_server(void *arg, struct domset_rule *rule)
{
	const struct gate *gate = arg;

	return take(arg, rule) && !(gate->bound && domset_kind_lifts(&rule->kind));
}

static bool lifts(const struct addrset_rule *rule)
{
	return domset_kind_lifts(&(struct domset_kind){.answer = rule->answer});
}

/* Clients are whom the operator means. */
static bool take_client(void *arg, struct addrset_rule *rule)
{
	struct gate *gate = arg;

	if (gate->overridden) {
		rule->answer = DOMSET_ANSWER_LIST;
		rule->data = 0;
	}
	if (gate->bound && lifts(rule))
		return false;
	gate->left |= !lifts(rule);
	return true;
}

static bool take_address(void *arg, struct addrset_rule *rule)
{
	const struct addrline_range range = addrline_range_of(&rule->prefix);
	struct gate *gate = arg;
	const char *held = addrguard_entry(gate->reading.addrguard, &range);
	char text[INET6_ADDRSTRLEN];

	if (!held || (lifts(rule) && !gate->overridden))
		return take_client(arg, rule);
	ip_text(&rule->prefix.ip, text, sizeof(text));
	report_held_text(&gate->report, rule->line, held, text, strlen(text));
	return false;
}

/* True when the rules do not say any more what they are wanted for. */
static bool is_of_no_use(const struct conf_list *conf, const struct policy_list *former)
{
	/* an exception was as good as a rule, and must not become one that blocks */
	if (former->action == ACTION_PASS && conf->action != ACTION_PASS)
		return true;
	return former->zone && !former->given && conf->action == ACTION_GIVEN;
}

/* How the rules of a zone, asked in its turn, are read. */
static void read_as_zone(const struct conf_list *conf, struct gate *gate)
{
	gate->reading.pass = false;
	gate->overridden = conf->action != ACTION_GIVEN;
	gate->bound = conf->mandatory;
	gate->reading.allowed |= GUARD_ALLOW_ROOT;
}

/* Of a list in force that is mandatory it is compared name by name what is left. */
static bool may_be_left_empty(const struct policy_list *former)
{
	return former->mandatory && action_blocks(former->action);
}

/* The zone's SOA. */
static enum err carry_soa(struct load *load, unsigned int index, const struct policy_list *before)
{
	uint32_t *soa = &load->policy->lists[index].soa;

	*soa = 0;
	if (before->soa == 0)
		return ERR_OK;
	return localdata_copy(load->rules.data, load->former->data, before->soa, soa);
}

enum err loader_carry_over(struct load *load, unsigned int index, unsigned int former)
{
	const struct conf_list *conf = &load->conf->lists[index];
	const struct policy_list *before = &load->former->lists[former];
	struct policy_list *list = &load->policy->lists[index];
	struct rules_mark mark = rules_mark(&load->rules);
	struct gate gate = {.reading = loader_reading_of(conf, &load->gates, &load->rules, index)};
	const struct rules_filter filter = {
		{take, &gate}, {take_server, &gate}, {take_address, &gate}, {take_client, &gate}};
	enum err err;

	if (is_of_no_use(conf, before))
		return ERR_REFUSED;
	if (before->zone)
		read_as_zone(conf, &gate);
	report_init(&gate.report, conf->format);
	err = rules_copy_list(&load->rules, load->former, former, index, &filter);
	if (load->pass == 0)
		loader_log_report(conf->file, &gate.report);
	if (err == ERR_OK)
		err = carry_soa(load, index, before);
	if (err == ERR_OK && gate.report.held > 0 && !gate.left && !may_be_left_empty(before)) {
		rules_rollback(&load->rules, &mark);
		err = ERR_REFUSED;
	}
	if (err != ERR_OK)
		return err;
	/* of a range, an entry, several prefixes may be held; what is left is not nothing */
	list->entries =
		gate.report.held < before->entries ? before->entries - gate.report.held : gate.left;
	list->held = before->held + gate.report.held;
	list->open_end = before->open_end;
	list->unkept = before->unkept;
	list->reading = before->reading;
	list->zone = before->zone;
	list->given = before->given && !gate.overridden;
	list->ttl_s = before->zone ? before->ttl_s : list->ttl_s;
	return ERR_OK;
}

enum err loader_restore_list(struct load *load, unsigned int index, unsigned int former)
{
	load->policy->lists[index] = load->former->lists[former];
	load->result.sources[index].former = true;
	snprintf(load->result.sources[index].reason, sizeof(load->result.sources[index].reason),
		 "it would lift what is in force; if it is meant: sinkholed --accept %s",
		 load->former->lists[former].name);
	load->result.refused++;
	load->result.lists++;
	if (rules_copy_list(&load->rules, load->former, former, index, NULL) == ERR_OK &&
	    carry_soa(load, index, &load->former->lists[former]) == ERR_OK)
		return ERR_OK;
	return err_set(load->text, ERR_NOMEM, "list %s: its former entries cannot be kept: %s",
		       load->former->lists[former].name, err_str(ERR_NOMEM));
}
