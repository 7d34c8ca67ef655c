/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/rates.h"

#include <stdlib.h>

#define PAUSE_S 2U /* whose queries may come at once where no burst is given */

struct network {
	struct prefix_set *prefixes;
	struct rate rate;
};

struct rates {
	struct prefix_set *exempt;
	struct rate others; /* 0 a second: they are not limited */
	size_t count;
	struct network networks[];
};

static struct rate rate_of(uint32_t per_second, uint32_t burst)
{
	return (struct rate){
		.per_second = per_second,
		.burst = burst ? burst : PAUSE_S * per_second,
	};
}

static enum err fill(struct rates *rates, const struct conf_ratelimit *conf)
{
	enum err err = prefix_set_create(conf->exempt, conf->exempt_count, &rates->exempt);

	for (size_t i = 0; err == ERR_OK && i < conf->networks_count; i++) {
		const struct conf_ratenetwork *from = &conf->networks[i];
		struct network *to = &rates->networks[rates->count++];

		to->rate = rate_of(from->rate, from->burst);
		err = prefix_set_create(from->prefixes, from->prefixes_count, &to->prefixes);
	}
	return err;
}

enum err rates_create(const struct conf_ratelimit *conf, struct rates **ret_rates)
{
	struct rates *rates;
	enum err err;

	if (conf->rate == 0 && conf->networks_count == 0) {
		*ret_rates = NULL;
		return ERR_OK;
	}
	rates = calloc(1, sizeof(*rates) + conf->networks_count * sizeof(rates->networks[0]));
	if (!rates)
		return ERR_NOMEM;
	rates->others = rate_of(conf->rate, conf->burst);
	err = fill(rates, conf);
	if (err == ERR_OK)
		*ret_rates = rates;
	else
		rates_free(rates);
	return err;
}

void rates_free(struct rates *rates)
{
	if (!rates)
		return;
	for (size_t i = 0; i < rates->count; i++)
		prefix_set_free(rates->networks[i].prefixes);
	prefix_set_free(rates->exempt);
	free(rates);
}

const struct rate *rates_find(const struct rates *rates, const struct ip *address)
{
	if (prefix_set_contains(rates->exempt, address))
		return NULL;
	for (size_t i = 0; i < rates->count; i++)
		if (prefix_set_contains(rates->networks[i].prefixes, address))
			return &rates->networks[i].rate;
	return rates->others.per_second ? &rates->others : NULL;
}
