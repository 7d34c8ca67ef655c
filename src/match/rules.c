/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/rules.h"

enum err rules_init(const struct hash_key *key, struct rules *ret_rules)
{
	struct rules rules = {.names = NULL};
	enum err err = domset_builder_create(key, &rules.names);

	if (err == ERR_OK)
		err = addrset_builder_create(&rules.addresses);
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
	*rules = (struct rules){.names = NULL};
}

struct rules_mark rules_mark(const struct rules *rules)
{
	return (struct rules_mark){
		.names = domset_builder_mark(rules->names),
		.addresses = addrset_builder_mark(rules->addresses),
	};
}

void rules_rollback(struct rules *rules, const struct rules_mark *mark)
{
	domset_builder_rollback(rules->names, &mark->names);
	addrset_builder_rollback(rules->addresses, mark->addresses);
}

enum err rules_copy_list(struct rules *rules, const struct policy *old, unsigned int old_list,
			 unsigned int list, const struct rules_filter *filter)
{
	struct rules_mark mark = rules_mark(rules);
	enum err err = domset_builder_copy_list(rules->names, old->set, old_list, list,
						filter ? &filter->names : NULL);

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
	return err;
}
