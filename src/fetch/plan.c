/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/plan.h"

#include <stdlib.h>
#include <string.h>

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		source_free(plan->sources[i]);
	lookup_free(plan->lookup);
	unused_free(plan->unused);
	free(plan);
}

enum err plan_create(const struct snapshot *snapshot, struct plan **ret_plan)
{
	const struct conf *conf = snapshot->conf;
	struct plan *plan = calloc(1, sizeof(*plan));
	enum err err = plan ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; err == ERR_OK && i < conf->lists_count; i++) {
		if (!*conf->lists[i].url)
			continue;
		err = source_create(&conf->lists[i], &plan->sources[plan->count]);
		plan->count += err == ERR_OK;
	}
	if (err == ERR_OK && plan->count > 0)
		err = lookup_create(snapshot, &plan->lookup);
	if (err == ERR_OK)
		err = unused_create(conf, &plan->unused);
	if (err == ERR_OK)
		*ret_plan = plan;
	else
		plan_free(plan);
	return err;
}

struct source **plan_find(struct plan *plan, const char *name)
{
	for (size_t i = 0; plan && i < plan->count; i++)
		if (strcmp(plan->sources[i]->conf.name, name) == 0)
			return &plan->sources[i];
	return NULL;
}

void plan_want_also(struct plan *plan, struct plan *former)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct source **asked = plan_find(former, plan->sources[i]->conf.name);

		plan->sources[i]->wanted = asked && (*asked)->wanted;
	}
}

size_t plan_want(struct plan *plan, const char *list)
{
	size_t count = 0;

	for (size_t i = 0; plan && i < plan->count; i++) {
		struct source *source = plan->sources[i];

		if (list && strcmp(source->conf.name, list) != 0)
			continue;
		source->wanted = true;
		count++;
	}
	return count;
}

/* Of `plan`, that was before. */
static void take_on(struct plan *plan, struct source **source, struct random_pool *random)
{
	struct source **former = plan_find(plan, (*source)->conf.name);
	struct source *fresh = *source;

	if (former && source_is_same(*former, fresh)) {
		(*former)->wanted = (*former)->wanted || fresh->wanted;
		*source = *former;
		*former = fresh;
	} else {
		/* what was asked for is still owed, by its new ways */
		fresh->wanted =
			fresh->wanted || (former && ((*former)->wanted || (*former)->under_way));
		source_begin(fresh, random_u32(random));
	}
}

void plan_take_over(struct plan *plan, struct plan *former, struct random_pool *random)
{
	if (former)
		unused_follow(plan->unused, former->unused);
	for (size_t i = 0; i < plan->count; i++)
		take_on(former, &plan->sources[i], random);
}
