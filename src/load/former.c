/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a load ask of it, and the gate that its lists go through. */
#include <stdlib.h>
#include <string.h>

#include "load/load.h"

static enum err read_names(char *const *texts, size_t count, struct name *names)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = name_from_text(texts[i], strlen(texts[i]), &names[i]);
	return err;
}

enum err loader_make_guard(const struct conf_guard *conf, struct guard **ret_guard)
{
	size_t count = conf->protected_count + conf->dnsbl_zones_count;
	struct name *names = calloc(count + 1, sizeof(*names));
	struct guard_config config = {
		.names = names,
		.name_count = conf->protected_count,
		.zone_count = conf->dnsbl_zones_count,
		.hold_suffixes = conf->public_suffixes,
	};
	enum err err;

	if (!names)
		return ERR_NOMEM;
	config.zones = names + config.name_count;
	err = read_names(conf->protected, config.name_count, names);
	if (err == ERR_OK)
		err = read_names(conf->dnsbl_zones, config.zone_count, names + config.name_count);
	if (err == ERR_OK)
		err = guard_create(&config, ret_guard);
	free(names);
	return err;
}

/* By which of a mail server's questions are answered as if nothing were listed, or truly. */
static bool lists_nothing(enum action action)
{
	return action == ACTION_NXDOMAIN || action == ACTION_NODATA || !action_blocks(action);
}

struct listfile_options loader_reading_of(const struct conf_list *conf, const struct guard *guard)
{
	return (struct listfile_options){
		.format = conf->format,
		.exact = conf->match == CONF_MATCH_EXACT,
		.pass = conf->action == ACTION_PASS,
		.guard = guard,
		.allowed = (conf->allow_public_suffixes ? GUARD_ALLOW_SUFFIXES : 0) |
			   (lists_nothing(conf->action) ? GUARD_ALLOW_ZONES : 0),
	};
}

const struct policy_list *loader_former_list(const struct load *load, const char *name,
					     unsigned int *ret_index)
{
	for (size_t i = 0; load->former && i < load->former->list_count; i++)
		if (strcmp(load->former->lists[i].name, name) == 0) {
			*ret_index = (unsigned int)i;
			return &load->former->lists[i];
		}
	return NULL;
}

bool loader_is_cancelled(const struct load *load)
{
	return load->options.cancelled && atomic_load(load->options.cancelled);
}
