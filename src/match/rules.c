/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/rules.h"

enum err rules_init(const struct hash_key *key, struct rules *ret_rules)
{
	struct rules rules = {.names = NULL};
	enum err err = domset_builder_create(key, &rules.names);

	if (err == ERR_OK)
		err = addrset_builder_create(&rules.addresses);
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
	addrset_builder_free(rules->addresses);
	localdata_free(rules->data);
	*rules = (struct rules){.names = NULL};
}

struct rules_mark rules_mark(const struct rules *rules)
{
	return (struct rules_mark){
		.names = domset_builder_mark(rules->names),
		.addresses = addrset_builder_mark(rules->addresses),
		.data = localdata_mark(rules->data),
	};
}

void rules_rollback(struct rules *rules, const struct rules_mark *mark)
{
	domset_builder_rollback(rules->names, &mark->names);
	addrset_builder_rollback(rules->addresses, mark->addresses);
	localdata_rollback(rules->data, mark->data);
}

/* Rules on their way from one policy to the next. */
struct carrying {
	const struct domset_filter *filter;
	struct localdata *data;
	const struct localdata *old;
	enum err err;
};

/* What a rule gives goes with it. */
static bool carry(void *arg, struct domset_rule *rule)
{
	struct carrying *c = arg;

	if (c->err != ERR_OK || (c->filter && !c->filter->takes(c->filter->arg, rule)))
		return false;
	if (rule->data > 0)
		c->err = localdata_copy(c->data, c->old, rule->data, &rule->data);
	return c->err == ERR_OK;
}

static enum err copy_names(struct rules *rules, const struct policy *old, unsigned int old_list,
			   unsigned int list, const struct domset_filter *filter)
{
	struct carrying carrying = {.filter = filter, .data = rules->data, .old = old->data};
	const struct domset_filter carried = {carry, &carrying};
	enum err err = domset_builder_copy_list(rules->names, old->set, old_list, list, &carried);

	return err == ERR_OK ? carrying.err : err;
}

enum err rules_copy_list(struct rules *rules, const struct policy *old, unsigned int old_list,
			 unsigned int list, const struct rules_filter *filter)
{
	struct rules_mark mark = rules_mark(rules);
	enum err err = copy_names(rules, old, old_list, list, filter ? &filter->names : NULL);

	if (err == ERR_OK)
		err = addrset_builder_copy_list(rules->addresses, old->addrs, old_list, list,
						filter ? &filter->addresses : NULL);
	if (err != ERR_OK)
		rules_rollback(rules, &mark);
	return err;
}

enum err rules_freeze(struct rules *rules, struct policy *policy)
{
	enum err err = domset_builder_freeze(rules->names, &policy->set);

	if (err == ERR_OK && addrset_builder_mark(rules->addresses) > 0)
		err = addrset_builder_freeze(rules->addresses, &policy->addrs);
	if (err != ERR_OK)
		return err;
	policy->data = rules->data;
	rules->data = NULL;
	policy->without_bit = policy_give_bits(policy);
	return ERR_OK;
}
