/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/filter.h"

#include <stdlib.h>
#include <string.h>

#include "pattern/matcher.h"

#define BITS_A_TEXT 32U
#define BITS_MIN 12U /* as powers of two */
#define BITS_MAX 20U
#define BUCKETS 4096U
#define BUCKET_SHIFT 20U
#define SHORT_MASK 0xffffffU

struct filter_text {
	uint32_t gram;
	uint32_t pattern;
	uint8_t len;
	uint8_t at; /* where in it the octets stand */
	bool is_short;
	char octets[LITERAL_OCTETS_MAX];
};

static uint32_t gram_at(const char *text)
{
	uint32_t gram;

	memcpy(&gram, text, sizeof(gram));
	return gram;
}

static uint32_t hash(uint32_t gram)
{
	return gram * 0x9e3779b1U;
}

static bool has_bit(const struct filter *f, uint32_t gram)
{
	uint32_t bit = hash(gram) >> f->shift;

	return f->bits[bit / 64] >> bit % 64 & 1;
}

/* ---- made */

/* How seldom an octet is in names. */
static uint32_t rarity(char c)
{
	static const char often[] = ".eaoinrstlcdmuphgbfywvkxjqz";
	const char *at = c ? strchr(often, c) : NULL;

	return at ? (uint32_t)(at - often) : sizeof(often);
}

/* Which octets of a text are the rarest. */
static uint8_t best_place(const struct literal *l, uint32_t width)
{
	uint32_t best = 0;
	uint8_t place = 0;

	for (uint8_t i = 0; i + width <= l->len; i++) {
		uint32_t sum = 1;

		for (uint32_t k = 0; k < width; k++)
			sum += rarity(l->octets[i + k]);
		if (sum > best) {
			best = sum;
			place = i;
		}
	}
	return place;
}

static struct filter_text text_of(const struct literal *l, uint32_t pattern)
{
	struct filter_text t = {.pattern = pattern, .len = l->len, .is_short = l->len < 4};
	char gram[4] = {0};

	t.at = best_place(l, t.is_short ? 3 : 4);
	memcpy(t.octets, l->octets, sizeof(t.octets));
	memcpy(gram, l->octets + t.at, t.is_short ? 3 : 4);
	t.gram = gram_at(gram);
	return t;
}

static uint32_t bucket_of(const struct filter_text *t)
{
	return hash(t->gram) >> BUCKET_SHIFT;
}

static int compare(const void *x, const void *y)
{
	uint32_t a = bucket_of(x);
	uint32_t b = bucket_of(y);

	return a < b ? -1 : a > b;
}

static uint32_t count_texts(const struct patternset_entry *entries, uint32_t count)
{
	uint32_t texts = 0;

	for (uint32_t i = 0; i < count; i++)
		texts += entries[i].pattern->literals.count;
	return texts;
}

static unsigned int bits_for(uint32_t texts)
{
	unsigned int bits = BITS_MIN;

	while (bits < BITS_MAX && 1U << bits < texts * BITS_A_TEXT)
		bits++;
	return bits;
}

static enum err make_room(struct filter *f)
{
	unsigned int bits = bits_for(f->text_count);

	f->shift = 32 - bits;
	f->bits = calloc((1U << bits) / 64, sizeof(*f->bits));
	f->first = calloc(BUCKETS + 1, sizeof(*f->first));
	f->texts = calloc(f->text_count + 1UL, sizeof(*f->texts));
	return f->bits && f->first && f->texts ? ERR_OK : ERR_NOMEM;
}

static void index_texts(struct filter *f)
{
	qsort(f->texts, f->text_count, sizeof(*f->texts), compare);
	for (uint32_t i = 0; i < f->text_count; i++) {
		uint32_t bit = hash(f->texts[i].gram) >> f->shift;

		f->bits[bit / 64] |= 1ULL << bit % 64;
		f->first[bucket_of(&f->texts[i]) + 1] = i + 1;
		f->has_short = f->has_short || f->texts[i].is_short;
	}
	for (uint32_t i = 0; i < BUCKETS; i++)
		if (f->first[i + 1] < f->first[i])
			f->first[i + 1] = f->first[i];
}

enum err filter_create(const struct patternset_entry *entries, uint32_t count,
		       struct filter *ret_filter)
{
	struct filter f = {.text_count = count_texts(entries, count)};
	uint32_t texts = 0;

	if (make_room(&f) != ERR_OK) {
		filter_free(&f);
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct literals *literals = &entries[i].pattern->literals;

		for (uint32_t k = 0; k < literals->count; k++)
			f.texts[texts++] = text_of(&literals->at[k], i);
	}
	index_texts(&f);
	*ret_filter = f;
	return ERR_OK;
}

void filter_free(struct filter *filter)
{
	free(filter->bits);
	free(filter->first);
	free(filter->texts);
}

/* ---- asked */

static bool stands_at(const struct filter_text *t, const char *text, size_t len, size_t place)
{
	return place >= t->at && place - t->at + t->len <= len &&
	       memcmp(text + place - t->at, t->octets, t->len) == 0;
}

/* The next text of the place's bucket that stands there; else `place->next` becomes 0. */
static bool next_of_bucket(const struct filter *f, uint32_t gram, const char *text, size_t len,
			   struct filter_place *place, uint32_t *ret_pattern)
{
	uint32_t bucket = hash(gram) >> BUCKET_SHIFT;

	for (uint32_t i = place->next > 0 ? place->next : f->first[bucket];
	     i < f->first[bucket + 1]; i++) {
		if (f->texts[i].gram != gram || !stands_at(&f->texts[i], text, len, place->pos))
			continue;
		place->next = i + 1;
		*ret_pattern = f->texts[i].pattern;
		return true;
	}
	place->next = 0;
	return false;
}

/* The first place from `pos` on whose octets a text may have; `len` when there is none. */
static size_t next_likely(const struct filter *f, const char *text, size_t len, size_t pos)
{
	for (; pos < len; pos++) {
		uint32_t gram = gram_at(text + pos);

		if (has_bit(f, gram) || (f->has_short && has_bit(f, gram & SHORT_MASK)))
			break;
	}
	return pos;
}

bool filter_next(const struct filter *filter, const char *text, size_t len,
		 struct filter_place *place, uint32_t *ret_pattern)
{
	for (; place->pos < len; place->pos++, place->is_short = false) {
		uint32_t gram;

		if (place->next == 0 && !place->is_short)
			place->pos = next_likely(filter, text, len, place->pos);
		if (place->pos == len)
			return false;
		gram = gram_at(text + place->pos);
		if (!place->is_short && has_bit(filter, gram) &&
		    next_of_bucket(filter, gram, text, len, place, ret_pattern))
			return true;
		place->is_short = filter->has_short;
		gram &= SHORT_MASK;
		if (place->is_short && has_bit(filter, gram) &&
		    next_of_bucket(filter, gram, text, len, place, ret_pattern))
			return true;
	}
	return false;
}
