/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/strings.h"

#include <string.h>

/* What nearly every name has is not worth to be looked for. */
static const char *const commons[] = {".com.", ".net.", ".org.", ".info.", ".www.", ".de.", ".uk.",
				      ".co.",  ".eu.",	".ru.",	 ".cn.",   ".io.",  ".fr.", ".nl."};

static uint32_t worth_of(const struct literal *l)
{
	uint32_t worth = l->len;

	for (size_t i = 0; i < sizeof(commons) / sizeof(commons[0]); i++) {
		size_t len = strlen(commons[i]);

		if (l->len >= len && memcmp(l->octets + l->len - len, commons[i], len) == 0)
			return worth - (uint32_t)len + 1;
		if (l->len >= len && memcmp(l->octets, commons[i], len) == 0)
			worth -= (uint32_t)len - 1;
	}
	return worth;
}

uint32_t strings_worth(const struct literals *set)
{
	uint32_t least = set->count > 0 ? UINT32_MAX : 0;

	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t of = worth_of(&set->at[i]);

		least = of < least ? of : least;
	}
	return least;
}

void strings_consider(struct literals *best, const struct literals *set)
{
	if (strings_worth(set) > strings_worth(best))
		*best = *set;
}

/* False when there is no room. */
static bool add(struct literals *set, const struct literal *l)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->at[i].len == l->len && memcmp(set->at[i].octets, l->octets, l->len) == 0)
			return true;
	if (set->count == LITERALS_MAX)
		return false;
	set->at[set->count++] = *l;
	return true;
}

bool strings_unite(struct literals *set, const struct literals *more)
{
	for (uint32_t i = 0; i < more->count; i++)
		if (!add(set, &more->at[i]))
			return false;
	return true;
}

/* Two dots are one: of an anchor and of the text. */
static bool join(const struct literal *a, const struct literal *b, struct literal *ret)
{
	bool dots = a->len > 0 && b->len > 0 && a->octets[a->len - 1] == '.' && b->octets[0] == '.';
	size_t len = (size_t)a->len + b->len - dots;

	if (len > LITERAL_OCTETS_MAX)
		return false;
	*ret = *a;
	memcpy(ret->octets + a->len, b->octets + dots, (size_t)b->len - dots);
	ret->len = (uint8_t)len;
	return true;
}

bool strings_multiply(const struct literals *a, const struct literals *b, struct literals *ret)
{
	struct literal joined;

	ret->count = 0;
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (!join(&a->at[i], &b->at[k], &joined) || !add(ret, &joined))
				return false;
	return true;
}
