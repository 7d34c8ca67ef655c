/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/takenback.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *x, const void *y)
{
	const struct takenback_rule *a = x;
	const struct takenback_rule *b = y;

	if (a->owner.len != b->owner.len)
		return a->owner.len < b->owner.len ? -1 : 1;
	if (memcmp(a->owner.wire, b->owner.wire, a->owner.len) != 0)
		return memcmp(a->owner.wire, b->owner.wire, a->owner.len);
	return memcmp(&a->kind, &b->kind, sizeof(a->kind));
}

_Static_assert(sizeof(struct domset_kind) == 8, "a kind has no octets between its members");

enum err takenback_add(struct takenback *t, const struct name *owner,
		       const struct domset_kind *kind)
{
	struct takenback_rule *rules;
	enum err err;

	if (t->count == TAKENBACK_MAX)
		return ERR_REFUSED;
	err = pages_grow(&t->pages, (t->count + 1) * sizeof(*rules),
			 TAKENBACK_MAX * sizeof(*rules));
	if (err != ERR_OK)
		return err;
	rules = (void *)t->pages.base;
	rules[t->count++] = (struct takenback_rule){.owner = *owner, .kind = *kind};
	return ERR_OK;
}

void takenback_sort(struct takenback *t)
{
	if (t->count > 1)
		qsort(t->pages.base, t->count, sizeof(struct takenback_rule), compare);
}

bool takenback_has(const struct takenback *t, const struct name *owner,
		   const struct domset_kind *kind)
{
	struct takenback_rule rule;

	if (t->count == 0)
		return false;
	rule.owner = *owner;
	rule.kind = *kind;
	return bsearch(&rule, t->pages.base, t->count, sizeof(rule), compare) != NULL;
}

void takenback_fini(struct takenback *t)
{
	pages_free(&t->pages);
	t->count = 0;
}
