/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/rules.h"

enum err rules_init(const struct hash_key *key, struct rules *ret_rules)
{
	struct rules rules = {.names = NULL};
	enum err err = domset_builder_create(key, &rules.names);

	if (err == ERR_OK)
		err = domset_builder_create(key, &rules.servers);
	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT && err == ERR_OK; i++)
		err = addrset_builder_create(&rules.addresses[i]);
	if (err == ERR_OK)
		err = localdata_create(&rules.data);
	if (err == ERR_OK)
		*ret_rules = rules;
	else
		rules_fini(&rules);
	return err;
}

void rules_fini(struct rules *rules)
{
	domset_builder_free(rules->names);
	domset_builder_free(rules->servers);
	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT; i++)
		addrset_builder_free(rules->addresses[i]);
	localdata_free(rules->data);
	*rules = (struct rules){.names = NULL};
}

enum err rules_begin(struct rules *rules, unsigned int list)
{
	enum err err = domset_builder_begin(rules->names, list);

	return err == ERR_OK ? domset_builder_begin(rules->servers, list) : err;
}

struct rules_mark rules_mark(const struct rules *rules)
{
	struct rules_mark mark = {
		.names = domset_builder_mark(rules->names),
		.servers = domset_builder_mark(rules->servers),
		.data = localdata_mark(rules->data),
	};

	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT; i++)
		mark.addresses[i] = addrset_builder_mark(rules->addresses[i]);
	return mark;
}

void rules_rollback(struct rules *rules, const struct rules_mark *mark)
{
	domset_builder_rollback(rules->names, &mark->names);
	domset_builder_rollback(rules->servers, &mark->servers);
	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT; i++)
		addrset_builder_rollback(rules->addresses[i], mark->addresses[i]);
	localdata_rollback(rules->data, mark->data);
}

/* Rules on their way from one policy to the next. */
struct carrying {
	/* of the set that is copied; NULL: takes all */
	const struct domset_filter *names;
	const struct addrset_filter *addresses;
	struct localdata *data;
	const struct localdata *old;
	enum err err;
};

/* What a rule gives goes with it. */
static void carry_data(struct carrying *c, uint32_t *data)
{
	if (*data > 0)
		c->err = localdata_copy(c->data, c->old, *data, data);
}

static bool carry_name(void *arg, struct domset_rule *rule)
{
	struct carrying *c = arg;

	if (c->err != ERR_OK || (c->names && !c->names->takes(c->names->arg, rule)))
		return false;
	carry_data(c, &rule->data);
	return c->err == ERR_OK;
}

static bool carry_address(void *arg, struct addrset_rule *rule)
{
	struct carrying *c = arg;

	if (c->err != ERR_OK || (c->addresses && !c->addresses->takes(c->addresses->arg, rule)))
		return false;
	carry_data(c, &rule->data);
	return c->err == ERR_OK;
}

static enum err copy_names(struct domset_builder *builder, const struct domset *old,
			   unsigned int old_list, unsigned int list, struct carrying *carrying)
{
	const struct domset_filter carried = {carry_name, carrying};
	enum err err = old ? domset_builder_copy_list(builder, old, old_list, list, &carried)
			   : domset_builder_begin(builder, list);

	return err == ERR_OK ? carrying->err : err;
}

static enum err copy_addresses(struct rules *rules, const struct policy *old, unsigned int old_list,
			       unsigned int list, const struct rules_filter *filter,
			       struct carrying *carrying)
{
	const struct addrset_filter carried = {carry_address, carrying};
	enum err err = ERR_OK;

	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT && err == ERR_OK; i++) {
		if (filter)
			carrying->addresses =
				i == TRIGGER_CLIENT ? &filter->clients : &filter->addresses;
		err = addrset_builder_copy_list(rules->addresses[i], old->prefixes[i], old_list,
						list, &carried);
		if (err == ERR_OK)
			err = carrying->err;
	}
	return err;
}

enum err rules_copy_list(struct rules *rules, const struct policy *old, unsigned int old_list,
			 unsigned int list, const struct rules_filter *filter)
{
	struct rules_mark mark = rules_mark(rules);
	struct carrying carrying = {
		.names = filter ? &filter->names : NULL,
		.data = rules->data,
		.old = old->data,
	};
	enum err err = copy_names(rules->names, old->set, old_list, list, &carrying);

	carrying.names = filter ? &filter->servers : NULL;
	if (err == ERR_OK)
		err = copy_names(rules->servers, old->servers, old_list, list, &carrying);
	if (err == ERR_OK)
		err = copy_addresses(rules, old, old_list, list, filter, &carrying);
	if (err != ERR_OK)
		rules_rollback(rules, &mark);
	return err;
}

static enum err freeze_addresses(struct rules *rules, struct policy *policy)
{
	enum err err = ERR_OK;

	for (unsigned int i = TRIGGER_ADDRESS; i < TRIGGER_COUNT && err == ERR_OK; i++)
		if (addrset_builder_mark(rules->addresses[i]) > 0)
			err = addrset_builder_freeze(rules->addresses[i], &policy->prefixes[i]);
	return err;
}

enum err rules_freeze(struct rules *rules, struct policy *policy)
{
	enum err err = domset_builder_freeze(rules->names, &policy->set);

	if (err == ERR_OK && domset_builder_mark(rules->servers).records > 0)
		err = domset_builder_freeze(rules->servers, &policy->servers);
	if (err == ERR_OK)
		err = freeze_addresses(rules, policy);
	if (err != ERR_OK)
		return err;
	localdata_settle(rules->data);
	policy->data = rules->data;
	rules->data = NULL;
	policy->without_bit = policy_give_bits(policy);
	policy_note_zones(policy);
	return ERR_OK;
}
